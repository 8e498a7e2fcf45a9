"""Transcriptional programmes of LCNEC and SCLC: transcription-factor subtypes, signatures, types of George et al."""

import itertools

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.omics.expression import (
    FACTORS,
    fold_change,
    log2_expression,
    median_interval,
    signature_score,
    z_scores,
)
from lcnec_utils.omics.genomics import NO_GENOTYPE, SUBTYPES, altered, burden, by_patient, genomic_subtype
from lcnec_utils.omics.joint import SCLC, Tumours
from lcnec_utils.stats.proportions import compare_shares, share_difference, wilson
from lcnec_utils.stats.ranks import mean_difference, rank_sum

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


def clustered_order(z: pd.DataFrame, factor: pd.Series) -> list[str]:
    """Tumours by transcription-factor subtype, and within each in the order of a hierarchical clustering (Ward)."""
    order: list[str] = []
    for name in factor.cat.categories:
        samples = factor.index[factor == name]
        if len(samples) > 2:
            samples = samples[hierarchy.leaves_list(hierarchy.ward(z.loc[samples].to_numpy()))]
        order += list(samples)
    return order


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
    NOTCH and immune genes that the cohort measured. `attrs["genes"]`: score → genes measured, of how many."""
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
        return f"{name.upper()}, log2"
    return f"{'NOTCH' if name == 'notch' else name.capitalize()} score ({genes[0]} of {genes[1]} genes)"


def george_table(values: pd.DataFrame, types: dict[str, pd.Series]) -> pd.DataFrame:
    """Type I (1) and type II (2) compared, by set of tumours and value: set, value, n_1, n_2, median_1, median_2, p."""
    rows = []
    for name, kinds in types.items():
        kinds = kinds.reindex(values.index)
        for value in values:
            one, two = (values.loc[kinds == kind, value].dropna() for kind in (TYPE_I, TYPE_II))
            p = rank_sum(one.to_numpy(), two.to_numpy())
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


def _groups(first: pd.Index, second: pd.Index, name: str, other: str) -> pd.Series:
    labels = [name] * len(first) + [other] * len(second)
    return pd.Series(pd.Categorical(labels, [name, other]), index=first.append(second))


def alterations_in_both(
    cohort: Cohort, subtype: str, other: Cohort, genes: list[str], name: str, other_name: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Altered genes of one subtype's tumours and of another cohort's, samples × genes, and the group of each sample.

    name, other_name: of the two groups. Raises MissingData where a sample is in both cohorts: they would not be
    independent.
    """
    hit = altered(cohort, genes=genes)[genomic_subtype(cohort) == subtype]
    other_hit = altered(other, genes=genes)
    if len(hit.index.intersection(other_hit.index)):
        raise MissingData(f"{cohort.name} and {other.name} share samples and cannot be compared")
    return pd.concat([hit, other_hit]), _groups(hit.index, other_hit.index, name, other_name)


def alteration_findings(hit: pd.DataFrame, groups: pd.Series, first: str) -> dict[str, list[Finding]]:
    """Findings on one subtype against another cohort, by the tail of a claim's id: the shares of STK11 and KEAP1
    carriers, and the number of tumours of which any gene was profiled.

    hit, groups: of `alterations_in_both`. first: the subtype's group.
    """
    answers = {gene.lower(): [share_difference(hit[gene], groups == first, what=gene)] for gene in ("STK11", "KEAP1")}
    profiled = hit.notna().any(axis=1)
    for tail, in_group in (("n.sclc_like", groups == first), ("n.sclc", groups != first)):
        answers[tail] = [of_count(int((profiled & in_group.to_numpy()).sum()))]
    return answers


def burden_in_both(
    cohort: Cohort, subtype: str, other: Cohort, name: str, other_name: str
) -> tuple[pd.Series, pd.Series]:
    """Tumour mutational burden (per Mb) of one subtype's patients and of another cohort's, and the group of each."""
    of_subtype = by_patient(cohort, genomic_subtype(cohort)) == subtype
    per_mb = by_patient(cohort, burden(cohort))
    per_mb = per_mb[of_subtype.reindex(per_mb.index, fill_value=False)].dropna()
    other_per_mb = by_patient(other, burden(other)).dropna()
    return pd.concat([per_mb, other_per_mb]), _groups(per_mb.index, other_per_mb.index, name, other_name)
