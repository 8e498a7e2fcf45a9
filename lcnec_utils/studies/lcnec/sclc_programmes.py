"""LCNEC and SCLC: transcription-factor clusters and subtypes, alterations, YAP1, types of George et al."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.omics.expression import (
    FACTORS,
    fold_change,
    log2_expression,
    median_interval,
    signature_score,
    z_scores,
)
from lcnec_utils.omics.genomics import (
    NO_GENOTYPE,
    SUBTYPES,
    altered,
    biomarkers,
    burden,
    by_patient,
    frequently_mutated,
    genomic_subtype,
    prevalence,
)
from lcnec_utils.omics.joint import SCLC, Tumours
from lcnec_utils.stats import ranks
from lcnec_utils.stats.embedding import composition
from lcnec_utils.stats.proportions import (
    COUNTS,
    benjamini_hochberg,
    chi_squared,
    compare_shares,
    share_difference,
    share_difference_interval,
    wilson,
)
from lcnec_utils.stats.ranks import mean_difference, stack_tables
from lcnec_utils.studies.words import differing_shares_sentence, pairwise_medians_sentence, shares_sentence

CLAIM_KEY = {name: name.lower().replace("-", "_") for name in (*SUBTYPES, SCLC)} | {NO_GENOTYPE: "lcnec"}
TYPE_I, TYPE_II = "type I", "type II"
LABEL = {"neuroendocrine": "Neuroendocrine", "inflamed": "Inflamed", "cd8": "CD8"}


def heatmap_rows(log2: pd.DataFrame) -> pd.DataFrame:
    """z-scores of the transcription factors and DLL3, as far as measured, and of the scores of signatures with two or
    more genes measured; samples × rows of a heatmap."""
    z = z_scores(log2)
    table = z[[name for name in (*FACTORS, "DLL3") if name in z]].copy()
    for name, label in LABEL.items():
        score, measured, _ = signature_score(log2, name=name)
        if measured >= 2:
            table[f"{label} score"] = z_scores(score.to_frame())[name]
    return table


def tumours_sentence(tumours: Tumours, factor: pd.Series) -> str:
    """A sentence on the number of tumours by group and by transcription-factor subtype."""
    groups = ", ".join(f"{name} {int(n):,}" for name, n in tumours.group.value_counts(sort=False).items())
    factors = ", ".join(f"{name} {int(n):,}" for name, n in factor.value_counts(sort=False).items() if n)
    left_out = (
        f"; {tumours.left_out} LCNEC with expression lack a genomic subtype and are left out"
        if tumours.left_out
        else ""
    )
    return f"{len(factor):,} tumours ({groups}{left_out}). Transcription-factor subtypes: {factors}."


@dataclasses.dataclass(frozen=True)
class FactorTree:
    """Tumours clustered by their transcription factors.

    tree: scipy's linkage matrix. order: the tumours as the tree has them. cluster: "1", "2", … from the left, by
    tumour (categorical). words: linkage and distance, as a sentence has them.
    """

    tree: np.ndarray
    order: list[str]
    cluster: pd.Series
    words: str


def factor_tree(z: pd.DataFrame, *, linkage: str, distance: str, clusters: int) -> FactorTree:
    """Hierarchical clustering of tumours on their transcription factors, the tree cut into so many clusters at most.

    z: tumours × factors. linkage, distance: as scipy names them. Raises UserError for Ward's linkage of another
    distance than Euclidean, MissingData below three tumours and where a distance is not defined (a correlation of equal
    values).
    """
    if linkage == "ward" and distance != "euclidean":
        raise UserError(
            f"tf_linkage: ward joins tumours by Euclidean distance alone, and tf_distance is {distance}; set "
            "tf_distance to euclidean, or tf_linkage to average or complete"
        )
    if len(z) < 3:
        raise MissingData(f"{formats.count(len(z), 'tumour')} with transcription factors: too few to cluster")
    apart = pdist(z.to_numpy(float), distance)
    if np.isnan(apart).any():
        raise MissingData(f"the {distance} distance is not defined: in a tumour all factors have one z-score")
    tree = hierarchy.linkage(apart, linkage)
    leaves = hierarchy.leaves_list(tree)
    label = hierarchy.fcluster(tree, clusters, "maxclust")
    number = {name: str(place) for place, name in enumerate(dict.fromkeys(label[leaves]), 1)}
    cluster = pd.Series(pd.Categorical([number[name] for name in label], list(number.values())), z.index)
    named = {"ward": "Ward", "euclidean": "Euclidean", "cityblock": "city-block"}
    method = f"{named.get(linkage, linkage)} linkage, {named.get(distance, distance)} distance"
    return FactorTree(tree, list(z.index[leaves]), cluster, method)


def cluster_agreement(cluster: pd.Series, rules: dict[str, pd.Series]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clusters held against other classes of the same tumours: the cross table of each (rule, cluster, group, n), and
    their adjusted Rand index (Hubert & Arabie 1985; 1 for the same classes, 0 for what chance gives): rule, n,
    adjusted_rand."""
    from sklearn.metrics import adjusted_rand_score

    crossed = stack_tables({rule: composition(cluster, label) for rule, label in rules.items()}, column="rule")
    rows = [
        {"rule": rule, "n": len(cluster), "adjusted_rand": adjusted_rand_score(label.reindex(cluster.index), cluster)}
        for rule, label in rules.items()
    ]
    return crossed, pd.DataFrame(rows)


def clusters_sentences(tumours: Tumours, factor: pd.Series, found: FactorTree, agreement: pd.DataFrame) -> str:
    """The numbers of tumours, how they were clustered, which transcription factor is highest most often in each
    cluster, and how the clusters agree with each rule."""
    parts = []
    for name in found.cluster.cat.categories:
        counts = factor[found.cluster == name].value_counts()
        n = int(counts.sum())
        parts.append(f"{name} (n = {n:,}), {counts.index[0]} highest in {formats.share(int(counts.iloc[0]), n)}")
    indices = "; ".join(f"{row.rule} {formats.number(row.adjusted_rand, 2)}" for row in agreement.itertuples())
    return (
        f"{tumours_sentence(tumours, factor)} Hierarchical clustering on the four factors ({found.words}), cut into "
        f"{formats.count(len(parts), 'cluster')}: {'; '.join(parts)}. Adjusted Rand index of the clusters with other "
        f"classes (1 for the same, 0 for chance): {indices}."
    )


def factor_shares(factor: pd.Series, group: pd.Series) -> pd.DataFrame:
    """The share of each transcription-factor subtype in each group: group, what, k, n, share, lower, upper."""
    kinds = [name for name in factor.cat.categories if (factor == name).any()]
    rows = []
    for name in group.cat.categories:
        in_group = factor[group == name]
        for kind in kinds:
            k, n = int((in_group == kind).sum()), len(in_group)
            lower, upper = wilson(k, n)
            rows.append({"group": name, "what": kind, "k": k, "n": n, "share": k / n, "lower": lower, "upper": upper})
    return pd.DataFrame(rows)


def share_tests(factor: pd.Series, group: pd.Series, kinds: list[str]) -> pd.DataFrame:
    """Shares of a kind compared between every two groups (chi-squared, or Fisher's where an expected count is under
    5): what, group, other, difference (fractions), p."""
    rows = []
    for kind in kinds:
        for one, other in itertools.combinations(group.cat.categories, 2):
            a, b = ((factor[group == name] == kind) for name in (one, other))
            rows.append({"what": kind, "group": one, "other": other, "k_1": a.sum(), "n_1": len(a), "k_2": b.sum(),
                         "n_2": len(b)})  # fmt: skip
    if not rows:
        return pd.DataFrame(columns=["what", "group", "other", "difference", "p"])
    table = pd.DataFrame(rows)
    tests = compare_shares(table)
    difference = tests["share_1"] - tests["share_2"]
    return table[["what", "group", "other"]].assign(difference=difference, p=tests["p"])


def tumour_counts(lcnec: Cohort, sclc: Cohort | None, tumours: Tumours) -> dict[str, list[Finding]]:
    """Numbers of tumours, by the tail of a claim's id."""
    n = [of_count(len(tumours.lcnec))]
    answers = {name: n for name in ("n.lcnec", "n.lcnec.legend", "n.lcnec.methods")}
    if sclc is not None:
        total, expressed = [of_count(len(sclc.patients))], [of_count(len(tumours.samples_of(SCLC)))]
        answers |= {"n.sclc_total": total, "n.sclc_total.methods": total}
        answers |= {"n.sclc_wts": expressed, "n.sclc.legend": expressed}
    return answers


def share_findings(factor: pd.Series, group: pd.Series) -> dict[str, list[Finding]]:
    """Findings on ASCL1 and YAP1 subtypes by genomic subtype, by the tail of a claim's id."""
    answers = {"n.lcnec": [of_count(int(group.isin(SUBTYPES).sum()))]}
    for kind in ("ASCL1", "YAP1"):
        for name in SUBTYPES:
            of_kind = factor[group == name] == kind
            if len(of_kind):
                k, n = int(of_kind.sum()), len(of_kind)
                share = [of_share(k, n, *wilson(k, n))]
                answers |= {f"{kind.lower()}.{CLAIM_KEY[name]}{tail}": share for tail in ("", ".discussion")}
        for one, other in itertools.permutations(SUBTYPES, 2):
            marked = group.astype(str).map({one: True, other: False}).astype("boolean")
            difference = share_difference((factor == kind).astype("boolean"), marked, what=kind)
            answers[f"{kind.lower()}.{CLAIM_KEY[one]}_vs_{CLAIM_KEY[other]}"] = [difference]
    return answers


def factor_shares_sentence(shares: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Sentences on the shares of the ASCL1 and YAP1 subtypes by group, and on the p of every two genomic subtypes."""
    sentences = []
    for kind in ("ASCL1", "YAP1"):
        rows = shares[shares["what"] == kind]
        if rows.empty:
            sentences.append(f"{kind}: no tumour.")
            continue
        parts = ", ".join(f"{row.group} {formats.share(row.k, row.n)}" for row in rows.itertuples())
        if tests.empty:
            sentences.append(f"{kind}: {parts}; one group, nothing to compare.")
            continue
        lcnec = tests[(tests["what"] == kind) & tests["group"].isin(SUBTYPES) & tests["other"].isin(SUBTYPES)]
        pairs = "; ".join(f"{row.group} against {row.other} {formats.p_value(row.p)}" for row in lcnec.itertuples())
        sentences.append(f"{kind}: {parts} ({pairs}).")
    return " ".join(sentences)


def expression_findings(tumours: Tumours, gene: str, scale: str) -> dict[str, list[Finding]]:
    """Findings on a gene by group, by the tail of a claim's id: medians on the linear scale (where the scale is a log
    of it), counts, and fold changes between every two groups."""
    log2, group = tumours.log2[gene], tumours.group
    answers: dict[str, list[Finding]] = {}
    for name in group.cat.categories:
        in_group = log2[group == name]
        answers[f"n.{CLAIM_KEY[name]}"] = [of_count(len(in_group))]
        other_scale = Finding(None, note=f"expression here is {tumours.scale}, not {scale}")
        median = median_interval(2**in_group - 1) if scale in tumours.scale else other_scale
        answers[f"median.{CLAIM_KEY[name]}"] = [median]
    for one, other in itertools.permutations(group.cat.categories, 2):
        marked = group.astype(str).map({one: True, other: False}).astype("boolean")
        answers[f"{CLAIM_KEY[one]}_vs_{CLAIM_KEY[other]}"] = [fold_change(log2, marked, what=gene)]
    return answers


def dll3_findings(tumours: Tumours) -> dict[str, list[Finding]]:
    """Findings on DLL3 between groups under the other names that its claims have, by the tail of a claim's id."""
    findings = expression_findings(tumours, "DLL3", "TPM")
    answers = {name: value for name, value in findings.items() if name.startswith("n.")}
    for name, value in findings.items():
        if "_vs_" in name:
            answers |= {f"dll3.{name}{tail}": value for tail in (".abstract", ".legend")}
    for name in ("sclc_like", "nsclc_like"):
        if f"{name}_vs_unclassified" in findings:
            answers[f"dll3.{name}.discussion"] = findings[f"{name}_vs_unclassified"]
    return answers


# ---- the types of George et al. ----


def george_types(cohort: Cohort, histologies: list[str]) -> pd.Series:
    """Type I or type II of each sample, categorical; missing for the rest.

    By the cohort's own clusters of expression (EXPRESSION_CLUSTER; they say nothing of genotype), else by genotype:
    type I has TP53 and STK11 or KEAP1 altered and RB1 not, type II TP53 and RB1. histologies: those kept, of the column
    HISTOLOGY; all where none is named or the cohort has no such column. Raises MissingData where a type has no tumour.
    """
    if "EXPRESSION_CLUSTER" in cohort.samples:
        types = cohort.samples["EXPRESSION_CLUSTER"].map({"LCNEC/TypeI": TYPE_I, "LCNEC/TypeII": TYPE_II})
    else:
        hit = altered(cohort, genes=["TP53", "STK11", "KEAP1", "RB1"])
        one = hit["TP53"] & (hit["STK11"] | hit["KEAP1"]) & ~hit["RB1"]
        two = hit["TP53"] & hit["RB1"]
        types = pd.Series(np.select([one.fillna(False), two.fillna(False)], [TYPE_I, TYPE_II], ""), hit.index)
        types = types.replace("", None)
    if "HISTOLOGY" in cohort.samples and histologies:
        types = types.where(cohort.samples["HISTOLOGY"].isin(histologies))
    if not {TYPE_I, TYPE_II} <= set(types.dropna()):
        raise MissingData(f"{cohort.name} has no tumours of both types")
    return pd.Series(pd.Categorical(types, [TYPE_I, TYPE_II]), types.index, name="type")


GEORGE = {"ascl1": "ASCL1", "dll3": "DLL3", "neuroendocrine": "neuroendocrine", "notch": "notch", "immune": "immune"}


def george_values(cohort: Cohort) -> pd.DataFrame:
    """What the types are said to differ in, by sample: ASCL1, DLL3 (log2), and scores (mean z) of the neuroendocrine,
    NOTCH and immune genes that the cohort measured; without expression, the immune score of ESTIMATE that its study
    gives (IMMUNE_SCORE). `attrs["genes"]`: score → genes measured, of how many."""
    if not cohort.expression_genes and "IMMUNE_SCORE" in cohort.samples:
        table = pd.to_numeric(cohort.samples["IMMUNE_SCORE"], errors="coerce").dropna().to_frame("immune")
        table.attrs["genes"] = {}
        return table
    log2 = log2_expression(cohort)
    table, genes = pd.DataFrame(index=log2.index), {}
    for label, name in GEORGE.items():
        if name in ("ASCL1", "DLL3"):
            if name in log2:
                table[label] = log2[name]
        else:
            score, measured, total = signature_score(log2, name="checkpoints" if name == "immune" else name)
            if measured >= 2:
                table[label], genes[label] = score, (measured, total)
    if table.empty:
        raise MissingData(f"{cohort.name} measured none of the genes that the types differ in")
    table.attrs["genes"] = genes
    return table


def george_findings(values: pd.DataFrame, types: pd.Series) -> dict[str, list[Finding]]:
    """Findings on type I against type II, by the tail of a claim's id: fold changes of genes, differences of scores."""
    marked = types.astype(object).map({TYPE_I: True, TYPE_II: False}).astype("boolean")
    answers = {f"n.george.{tail}": [of_count(len(values))] for tail in ("introduction", "text")}
    for name in values:
        effect = fold_change if name in ("ascl1", "dll3") else mean_difference
        answers[name] = [effect(values[name], marked.reindex(values.index), what=name)]
    return answers


def axis_label(values: pd.DataFrame, name: str) -> str:
    """The label of an axis of one of `george_values`."""
    genes = values.attrs["genes"].get(name)
    if genes is None:
        return "Immune score (ESTIMATE)" if name == "immune" else f"{name.upper()}, log2"
    return f"{'NOTCH' if name == 'notch' else name.capitalize()} score ({genes[0]} of {genes[1]} genes)"


def george_table(values: pd.DataFrame, types: dict[str, pd.Series]) -> pd.DataFrame:
    """Type I (1) and type II (2) compared, by set of tumours and value: set, value, n_1, n_2, median_1, median_2, p."""
    rows = []
    for name, kinds in types.items():
        kinds = kinds.reindex(values.index)
        for value in values:
            one, two = (values.loc[kinds == kind, value].dropna() for kind in (TYPE_I, TYPE_II))
            p = ranks.rank_sum(one.to_numpy(), two.to_numpy())
            rows.append({"set": name, "value": value, "n_1": len(one), "n_2": len(two), "median_1": one.median(),
                         "median_2": two.median(), "p": p})  # fmt: skip
    return pd.DataFrame(rows)


def george_sentence(cohort: Cohort, table: pd.DataFrame) -> str:
    """Sentences on the medians of the two types, for the tumours kept and for all histologies."""
    sentences = []
    for name, rows in table.groupby("set", sort=False):
        first = rows.iloc[0]
        parts = "; ".join(
            f"{row.value} {formats.number(row.median_1, 2)} against {formats.number(row.median_2, 2)} "
            f"({formats.p_value(row.p)})"
            for row in rows.itertuples()
        )
        sentences.append(f"{name.capitalize()} ({int(first['n_1'])} type I, {int(first['n_2'])} type II): {parts}.")
    by = "clusters of expression, not genotypes" if "EXPRESSION_CLUSTER" in cohort.samples else "called by genotype"
    return f"Medians of type I against type II; the types are {by}. " + " ".join(sentences)


# ---- one subtype of LCNEC against SCLC ----

DEFINE_SCLC_LIKE = ["TP53", "RB1"]
NSCLC_DRIVERS = ["STK11", "KEAP1", "KRAS"]  # those that define NSCLC-like LCNEC


def patients_in_both(cohort: Cohort, subtype: str, other: Cohort, name: str, other_name: str) -> pd.Series:
    """The group of each patient: those with a tumour of one genomic subtype, and all of another cohort (categorical).

    name, other_name: of the two groups. Raises MissingData where a sample or patient is in both cohorts, which would
    not be independent, and where a group is empty.
    """
    of_subtype = by_patient(cohort, genomic_subtype(cohort)) == subtype
    first, second = of_subtype.index[of_subtype], other.one_sample_per_patient().index
    samples = cohort.samples.index.intersection(other.samples.index)
    if len(samples) or len(cohort.patients.index.intersection(other.patients.index)):
        raise MissingData(f"{cohort.name} and {other.name} share samples or patients and cannot be compared")
    for group, label in ((first, f"{cohort.name} has no {subtype} tumour"), (second, f"{other.name} has no sample")):
        if group.empty:
            raise MissingData(f"{label} to compare")
    labels = [name] * len(first) + [other_name] * len(second)
    return pd.Series(pd.Categorical(labels, [name, other_name]), index=first.append(second))


def genes_of_both(cohort: Cohort, other: Cohort, genes: list[str]) -> list[str]:
    """These genes, and those mutated in at least 5% of either cohort's samples."""
    return list(dict.fromkeys([*genes, *frequently_mutated(cohort), *frequently_mutated(other)]))


def altered_in_both(cohort: Cohort, other: Cohort, groups: pd.Series, genes: list[str]) -> pd.DataFrame:
    """Altered genes of two cohorts' patients, patients × genes (`altered`). groups: of `patients_in_both`."""
    tables = [by_patient(each, altered(each, genes=genes)) for each in (cohort, other)]
    return pd.concat(tables).reindex(groups.index)


def biomarkers_in_both(cohort: Cohort, other: Cohort, groups: pd.Series, **cut_offs: float) -> pd.DataFrame:
    """Biomarkers of checkpoint blockade of two cohorts' patients, patients × markers; missing where untested.

    groups: of `patients_in_both`. cut_offs: as `omics.genomics.biomarkers` takes them.
    """
    return pd.concat([biomarkers(each, **cut_offs) for each in (cohort, other)]).reindex(groups.index)


def burden_in_both(cohort: Cohort, other: Cohort, groups: pd.Series) -> pd.Series:
    """Tumour mutational burden (per Mb) of two cohorts' patients; missing where a cohort has none."""
    known = []
    for each in (cohort, other):
        try:
            known.append(by_patient(each, burden(each)))
        except MissingData:
            continue
    per_mb = pd.concat(known) if known else pd.Series(dtype=float)
    return per_mb.reindex(groups.index).astype(float).rename("mutations per Mb")


def compare_flags(
    flags: pd.DataFrame,
    groups: pd.Series,
    *,
    untested: list[str] | None = None,
    min_group: int = 1,
    rank_sum: bool = False,
) -> pd.DataFrame:
    """The shares of True in two groups compared as `compare_shares` does; `note` says where a group was not tested.

    flags: patients × what, True, False or missing. groups: two, categorical. Counts are missing, not zero, where nobody
    was tested. p_chi_squared stands beside p also where the latter is Fisher's, for the source names the chi-squared
    test alone. rank_sum: whether p_rank_sum is added, of the rank-sum test of flags taken as 0 and 1, which one of the
    source's legends names for shares.
    """
    first, second = groups.cat.categories
    table = prevalence(flags, groups=groups, first=first, second=second)
    table = compare_shares(table, untested=untested, min_group=min_group)
    lacks = {name: table[f"n_{side}"] == 0 for side, name in ((1, first), (2, second))}
    words = {
        (True, True): "nobody tested",
        (True, False): f"not tested in {first}",
        (False, True): f"not tested in {second}",
    }
    table["note"] = [words.get(pair, "") for pair in zip(*lacks.values(), strict=True)]
    for side, lacking in zip((1, 2), lacks.values(), strict=True):
        table[f"k_{side}"] = table[f"k_{side}"].astype("Int64").mask(lacking)
    counts = {what: (k_1, n_1 - k_1, k_2, n_2 - k_2) for what, k_1, n_1, k_2, n_2 in table[COUNTS].itertuples()}
    table["p_chi_squared"] = [
        chi_squared(counts[row.Index][:2], counts[row.Index][2:]) if row.test else np.nan for row in table.itertuples()
    ]
    if rank_sum:
        sides = [flags[groups.reindex(flags.index) == name] for name in (first, second)]
        p = {what: ranks.rank_sum(*(side[what].dropna().to_numpy(float) for side in sides)) for what in flags}
        table["p_rank_sum"] = pd.Series(p).where(table["test"] != "")
    return table


def untested_sentence(table: pd.DataFrame) -> str:
    """What could not be compared because a group was not tested, of `compare_flags`; empty where there is nothing."""
    lacking = table.loc[table["note"] != "", "note"]
    parts = [f"{formats.listed(list(rows.index))} ({note})" for note, rows in lacking.groupby(lacking, sort=False)]
    return f" Not compared: {'; '.join(parts)}." if parts else ""


def differences_sentence(table: pd.DataFrame, groups: pd.Series) -> str:
    """Which rows of `compare_flags` differ, and which could not be compared."""
    return differing_shares_sentence(table, "share", *groups.cat.categories) + untested_sentence(table)


def drivers_sentences(shares: pd.DataFrame, tests: pd.DataFrame, by_rank: pd.DataFrame) -> str:
    """The shares in both groups, their tests, and the median mutational burden of either with its rank-sum test.

    shares: `proportions.shares`. tests: of `compare_flags`. by_rank: `ranks.pairwise_rank_sums` of the burden.
    """
    medians = pairwise_medians_sentence(by_rank, "mutations per Mb")
    return f"{shares_sentence(shares)}{tests_sentence(tests)} {medians}"


def tests_sentence(table: pd.DataFrame) -> str:
    """The p of each row of `compare_flags`, and what could not be compared."""
    parts = "; ".join(f"{row.Index} {_tests(row, ', ')}" for row in table.itertuples() if row.test)
    return (f" Shares compared: {parts}." if parts else "") + untested_sentence(table)


def _tests(row, joint: str) -> str:
    """The p of the chi-squared test of a row of `compare_flags`, and Fisher's where an expected count is under 5."""
    both = [f"χ² {formats.p_value(row.p_chi_squared)}"]
    return joint.join(both if row.test != "Fisher" else [*both, f"Fisher {formats.p_value(row.p)}"])


def shares_with_p(shares: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """`proportions.shares` with the p of `compare_flags` under the name of each thing counted, for a figure's axis."""
    words = {row.Index: _tests(row, "\n") for row in table.itertuples() if row.test}
    # a p that does not fit beside the test's name goes under it as a whole
    names = {what: f"{what}\n{text}".replace("p ", "p\xa0").replace("< ", "<\xa0").replace("= ", "=\xa0")
             for what, text in words.items()}  # fmt: skip
    return shares.assign(what=shares["what"].replace(names))


def disease_findings(hit: pd.DataFrame, per_mb: pd.Series, groups: pd.Series, first: str) -> dict[str, list[Finding]]:
    """Findings on one subtype against another cohort, by the tail of a claim's id: differences in the share of STK11
    and of KEAP1 carriers and in the mean mutational burden (its p is Wilcoxon's), and the patients with any gene
    profiled.

    hit, per_mb, groups: of `altered_in_both`, `burden_in_both` and `patients_in_both`. first: the subtype's group.
    """
    answers = {gene.lower(): [share_difference(hit[gene], groups == first, what=gene)] for gene in ("STK11", "KEAP1")}
    answers["tmb"] = [mean_difference(per_mb, groups == first, what="tumour mutational burden")]
    profiled = hit.notna().any(axis=1)
    for tail, in_group in (("n.sclc_like", groups == first), ("n.sclc", groups != first)):
        answers[tail] = [of_count(int((profiled & in_group.to_numpy()).sum()))]
    return answers


# ---- YAP1 ----

YAP1_SCORES = {
    "neuroendocrine": "Neuroendocrine", "notch": "NOTCH receptor", "inflamed": "Inflamed", "cd8": "CD8",
    "cytolytic": "Cytolytic", "interferon_gamma": "Interferon-gamma", "tertiary_lymphoid": "Tertiary lymphoid",
    "checkpoints": "Immune and checkpoint",
}  # fmt: skip
# neuroendocrine targets, and what the source's Discussion says of tumours high in YAP1: mesenchymal, open to AXL
YAP1_GENES = ["ASCL1", "DLL3", "NCAM1", "VIM", "ZEB1", "CDH1", "AXL"]
HIGH, LOW = "high", "low"


@dataclasses.dataclass(frozen=True)
class Yap1:
    """A cohort's tumours above and below a cut of YAP1.

    z: patients × scores and genes, standardised over these tumours. groups: high or low (categorical). genes: column of
    z → how many of its genes were measured. lacking: what was not measured. cut, kept: words on the cut and on the
    histologies kept.
    """

    z: pd.DataFrame
    groups: pd.Series
    genes: dict[str, str]
    lacking: list[str]
    cut: str
    kept: str

    @property
    def sizes(self) -> str:
        """The tumours in both groups, as a figure's title has them."""
        n = self.groups.value_counts()
        return f"YAP1 high n = {n[HIGH]:,}, low n = {n[LOW]:,}{self.kept}"


def yap1_tumours(cohort: Cohort, *, histologies: list[str], cut: float, genes: list[str]) -> Yap1:
    """The tumours of a cohort, one a patient, as high (above the quantile `cut` of YAP1) or low, and what they are
    compared in: scores of signatures, without YAP1 among their genes, and single genes.

    histologies: those kept, of the column HISTOLOGY where the cohort has it. genes: all that are read. Raises
    MissingData where YAP1 was not measured or does not vary, or nothing else was measured.
    """
    log2, kept = log2_expression(cohort, genes=["YAP1", *genes]), ""
    if "HISTOLOGY" in cohort.samples and histologies:
        kept = f" ({', '.join(histologies)} alone)"
        log2 = log2[cohort.samples["HISTOLOGY"].reindex(log2.index).isin(histologies)]
        if log2.empty:
            raise MissingData(f"{cohort.name} has no expression of a tumour that is {' or '.join(histologies)}")
    log2 = by_patient(cohort, log2).dropna(how="all")
    if "YAP1" not in log2 or log2["YAP1"].nunique() < 2:
        raise MissingData(f"{cohort.name} has no expression of YAP1 that differs between tumours")
    above = log2["YAP1"] > log2["YAP1"].quantile(cut)
    values, measured_of, lacking = {}, {}, []
    rest = log2.drop(columns="YAP1")  # no score of YAP1's own: it defines the groups
    for name, label in YAP1_SCORES.items():
        score, measured, total = signature_score(rest, name=name)
        if measured >= 2:
            values[f"{label} score"], measured_of[f"{label} score"] = score, f"{measured} of {total}"
        else:
            lacking.append(f"{label} score")
    for gene in YAP1_GENES:
        if gene in rest and rest[gene].nunique() > 1:
            values[gene], measured_of[gene] = rest[gene], "1 of 1"
        else:
            lacking.append(gene)
    if not values:
        raise MissingData(f"{cohort.name} measured nothing that tumours high and low in YAP1 are compared in")
    groups = pd.Series(pd.Categorical(np.where(above, HIGH, LOW), [HIGH, LOW]), log2.index, name="YAP1")
    words = "above the median" if cut == 0.5 else f"above the {100 * cut:g}th percentile"
    return Yap1(z_scores(pd.DataFrame(values)), groups, measured_of, lacking, words, kept)


def yap1_differences(tumours: Yap1, *, min_group: int) -> pd.DataFrame:
    """Tumours high in YAP1 less those low, in standard deviations of all: what, genes, n_high, n_low, difference,
    lower, upper (Welch), p (Wilcoxon), p_adjusted (Benjamini–Hochberg), note."""
    high, rows = tumours.groups == HIGH, []
    for what in tumours.z:
        found = mean_difference(tumours.z[what], high, what=what, min_group=min_group)
        rows.append({"what": what, "genes": tumours.genes[what], "n_high": int(high.sum()), "n_low": int((~high).sum()),
                     "difference": found.value, "lower": found.lower, "upper": found.upper, "p": found.p,
                     "note": found.note})  # fmt: skip
    table = pd.DataFrame(rows).astype(dict.fromkeys(["difference", "lower", "upper", "p"], float))
    table.insert(8, "p_adjusted", benjamini_hochberg(table["p"]))
    return table


def yap1_alterations(cohort: Cohort, groups: pd.Series) -> pd.DataFrame:
    """What the source's Discussion names in tumours high in YAP1 (SMARCA4, CDKN2A) and low (TP53 with RB1), patients ×
    alterations; all missing where the cohort has no mutations. CDKN2B, which is deleted along with CDKN2A, is not
    counted apart."""
    genes = ["SMARCA4", "CDKN2A", *DEFINE_SCLC_LIKE]
    try:
        hit = by_patient(cohort, altered(cohort, genes=genes)).reindex(groups.index)
    except MissingData:
        hit = pd.DataFrame(pd.NA, groups.index, genes, dtype="boolean")
    both = (hit["TP53"] & hit["RB1"]).where(hit[DEFINE_SCLC_LIKE].notna().all(axis=1))
    return hit[genes[:2]].assign(**{"TP53 with RB1": both})


def share_differences(table: pd.DataFrame) -> pd.DataFrame:
    """`compare_flags` as `difference_forest` shows it, in percentage points with Newcombe's interval: what, difference,
    lower, upper, p_adjusted, note."""
    rows = []
    for row in table.itertuples():
        row_of = {"what": row.Index, "p_adjusted": row.p_adjusted, "note": row.note}
        if not row.note:
            limits = share_difference_interval(row.k_1, row.n_1, row.k_2, row.n_2)
            values = (row.share_1 - row.share_2, *limits)
            row_of |= {name: 100 * x for name, x in zip(("difference", "lower", "upper"), values, strict=True)}
        rows.append(row_of)
    return pd.DataFrame(rows, columns=["what", "difference", "lower", "upper", "p_adjusted", "note"])


def yap1_sentence(tumours: Yap1, table: pd.DataFrame, alterations: pd.DataFrame) -> str:
    """What differs between tumours high and low in YAP1 at a false discovery rate of 5%, and what was not measured.

    table: of `yap1_differences`. alterations: of `compare_flags`.
    """
    differing = table[table["p_adjusted"] < 0.05]
    parts = "; ".join(
        f"{row.what} {formats.number(row.difference, 2)} ({formats.number(row.lower, 2)} to "
        f"{formats.number(row.upper, 2)})"
        for row in differing.itertuples()
    )
    lacking = f" Not measured here: {', '.join(tumours.lacking)}." if tumours.lacking else ""
    return (
        f"{tumours.sizes}; high is {tumours.cut} of YAP1. Differences, high less low, in standard deviations (95% CI): "
        f"{len(differing)} of {len(table)} scores and genes differ at a false discovery rate of 5%"
        f"{': ' if parts else ''}{parts}.{lacking}{tests_sentence(alterations)}"
    )
