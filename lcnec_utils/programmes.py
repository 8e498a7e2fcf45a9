"""Transcriptional programmes of LCNEC and SCLC: transcription-factor subtypes, signatures, types of George et al."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_count, of_share
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.expression import FACTORS, fold_change, log2_expression, median_interval, score, tf_subtype
from lcnec_utils.genomics import NO_GENOTYPE, SUBTYPES, altered, known_subtype
from lcnec_utils.proportions import compare_shares, mean_difference, rank_sum, share_difference, wilson

SCLC = "SCLC"
KEY = {name: name.lower().replace("-", "_") for name in (*SUBTYPES, SCLC)} | {NO_GENOTYPE: "lcnec"}
TYPE_I, TYPE_II = "type I", "type II"


@dataclasses.dataclass(frozen=True)
class Tumours:
    """LCNEC and, where the run has it, SCLC on one scale. log2: samples × genes; group: genomic subtype of LCNEC, or
    SCLC, by sample (categorical); scale: as in words; left_out: LCNEC with expression and no known subtype."""

    log2: pd.DataFrame
    group: pd.Series
    scale: str
    left_out: int

    def measuring(self, *genes: str) -> "Tumours":
        """These tumours, where all of the genes were measured; MissingData else."""
        if lacking := [gene for gene in genes if gene not in self.log2]:
            raise MissingData(f"no expression of {', '.join(lacking)}")
        return self

    def among(self, genes: list[str]) -> list[str]:
        """Those of the genes that all of these tumours were measured for; MissingData where there is none."""
        if held := [gene for gene in genes if gene in self.log2]:
            return held
        raise MissingData(f"none of {len(genes)} genes was measured in all of these tumours")

    @property
    def lcnec(self) -> pd.Index:
        """The samples that are LCNEC."""
        return self.of(*SUBTYPES, NO_GENOTYPE)

    def of(self, *names: str) -> pd.Index:
        """The samples of these groups."""
        return self.group.index[self.group.isin(names)]


def together(lcnec: Cohort, sclc: Cohort | None, genes: list[str]) -> Tumours:
    """Expression of these genes over LCNEC of known genomic subtype (where no genotype is known, over all as one group)
    and SCLC. Raises MissingData where LCNEC has no expression of them, or the two are on different scales."""
    mine = log2_expression(lcnec, genes)
    known = known_subtype(lcnec, mine.index)
    tables, groups = [mine.loc[known.index]], [known]
    if sclc is not None and sclc.expression_genes:
        theirs = log2_expression(sclc, genes)
        if theirs.attrs["scale"] != mine.attrs["scale"]:
            raise MissingData(
                f"{lcnec.name} is on the scale {mine.attrs['scale']} and {sclc.name} on {theirs.attrs['scale']}: "
                "they cannot be standardised together"
            )
        if len(theirs.index.intersection(mine.index)):
            raise MissingData(f"{lcnec.name} and {sclc.name} share samples and cannot be compared")
        tables.append(theirs)
        groups.append(pd.Series(SCLC, theirs.index))
    log2, group = pd.concat(tables, join="inner"), pd.concat(groups)
    names = [name for name in (*SUBTYPES, NO_GENOTYPE, SCLC) if (group == name).any()]
    return Tumours(
        log2, pd.Series(pd.Categorical(group, names), group.index), mine.attrs["scale"], len(mine) - len(known)
    )


def standardised(log2: pd.DataFrame) -> pd.DataFrame:
    """Each gene's z-score over the tumours (standard deviation of all); a gene that does not vary is 0."""
    spread = log2.std(ddof=0)
    return ((log2 - log2.mean()) / spread.where(spread > 0)).fillna(0.0)


LABEL = {"neuroendocrine": "Neuroendocrine", "inflamed": "Inflamed", "cd8": "CD8"}


def heat(log2: pd.DataFrame) -> pd.DataFrame:
    """z-scores of the transcription factors and DLL3, as far as measured, and the scores of signatures with two or more
    genes; samples × rows of a heatmap."""
    z = standardised(log2)
    table = z[[name for name in (*FACTORS, "DLL3") if name in z]].copy()
    for name in ("neuroendocrine", "inflamed", "cd8"):
        values, found, _ = score(log2, name)
        if found >= 2:
            table[f"{LABEL[name]} score"] = standardised(values.to_frame())[name]
    return table


def title(lcnec: Cohort, sclc: Cohort | None) -> str:
    """What a figure of one or both cohorts is called."""
    return lcnec.label if sclc is None else f"{lcnec.label} and {sclc.label}"


def with_factor(tumours: Tumours) -> pd.Series:
    """The group of each tumour, SCLC by transcription-factor subtype where all four factors were measured."""
    if SCLC not in tumours.group.cat.categories or not set(FACTORS) <= set(tumours.log2):
        return tumours.group
    factor = tf_subtype(tumours.log2).astype(str)
    words = tumours.group.astype(str).where(tumours.group != SCLC, "SCLC, " + factor)
    names = [*(name for name in SUBTYPES if (words == name).any()), *(f"SCLC, {name}" for name in FACTORS)]
    return pd.Series(pd.Categorical(words, [name for name in names if (words == name).any()]), words.index)


def sorted_sentence(tumours: Tumours, factor: pd.Series) -> str:
    """How many tumours there are, of which kind, and by which factor, in words."""
    groups = ", ".join(f"{name} {int(n):,}" for name, n in tumours.group.value_counts(sort=False).items())
    factors = ", ".join(f"{name} {int(n):,}" for name, n in factor.value_counts(sort=False).items() if n)
    left = (
        f"; {tumours.left_out} LCNEC with expression lack a genomic subtype and are left out"
        if tumours.left_out
        else ""
    )
    return f"{len(factor):,} tumours ({groups}{left}), by transcription factor: {factors}."


def clustered_order(z: pd.DataFrame, factor: pd.Series) -> list[str]:
    """Tumours by transcription-factor subtype, and within each in the order of a hierarchical clustering (Ward)."""
    order: list[str] = []
    for name in factor.cat.categories:
        mine = factor.index[factor == name]
        if len(mine) > 2:
            mine = mine[hierarchy.leaves_list(hierarchy.ward(z.loc[mine].to_numpy()))]
        order += list(mine)
    return order


def factor_shares(factor: pd.Series, group: pd.Series) -> pd.DataFrame:
    """The share of each transcription-factor subtype in each group: group, what, k, n, share, lower, upper."""
    kinds = [name for name in factor.cat.categories if (factor == name).any()]
    rows = []
    for name in group.cat.categories:
        mine = factor[group == name]
        for kind in kinds:
            k, n = int((mine == kind).sum()), len(mine)
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
    compared = compare_shares(table)
    difference = compared["share_1"] - compared["share_2"]
    return table[["what", "group", "other"]].assign(difference=difference, p=compared["p"])


def counts(lcnec: Cohort, sclc: Cohort | None, tumours: Tumours) -> dict[str, list[Finding]]:
    """Numbers of tumours, by the tail of a claim's id."""
    n = [of_count(len(tumours.lcnec))]
    answers = {name: n for name in ("n.lcnec", "n.lcnec.legend", "n.lcnec.methods")}
    if sclc is not None:
        total, expressed = [of_count(len(sclc.patients))], [of_count(len(tumours.of(SCLC)))]
        answers |= {"n.sclc_total": total, "n.sclc_total.methods": total}
        answers |= {"n.sclc_wts": expressed, "n.sclc.legend": expressed}
    return answers


def share_findings(factor: pd.Series, group: pd.Series) -> dict[str, list[Finding]]:
    """Findings on ASCL1 and YAP1 subtypes by genomic subtype, by the tail of a claim's id."""
    answers = {"n.lcnec": [of_count(int(group.isin(SUBTYPES).sum()))]}
    for kind in ("ASCL1", "YAP1"):
        for name in SUBTYPES:
            mine = factor[group == name] == kind
            if len(mine):
                k, n = int(mine.sum()), len(mine)
                share = [of_share(k, n, *wilson(k, n))]
                answers |= {f"{kind.lower()}.{KEY[name]}{tail}": share for tail in ("", ".discussion")}
        for one, other in itertools.permutations(SUBTYPES, 2):
            marked = group.astype(str).map({one: True, other: False}).astype("boolean")
            found = share_difference((factor == kind).astype("boolean"), marked, kind)
            answers[f"{kind.lower()}.{KEY[one]}_vs_{KEY[other]}"] = [found]
    return answers


def shares_sentence(shares: pd.DataFrame, tests: pd.DataFrame) -> str:
    """The shares of ASCL1 and YAP1 subtypes by group, and the pairs of groups that differ, in words."""
    said = []
    for kind in ("ASCL1", "YAP1"):
        rows = shares[shares["what"] == kind]
        if rows.empty:
            said.append(f"{kind}: no tumour.")
            continue
        parts = ", ".join(f"{row.group} {formats.share(row.k, row.n)}" for row in rows.itertuples())
        if tests.empty:
            said.append(f"{kind}: {parts}; one group, nothing to compare.")
            continue
        mine = tests[(tests["what"] == kind) & tests["group"].isin(SUBTYPES) & tests["other"].isin(SUBTYPES)]
        pairs = "; ".join(f"{row.group} against {row.other} {formats.p_value(row.p)}" for row in mine.itertuples())
        said.append(f"{kind}: {parts} ({pairs}).")
    return " ".join(said)


def expression_findings(tumours: Tumours, gene: str, scale: str) -> dict[str, list[Finding]]:
    """Findings on a gene by group, by the tail of a claim's id: medians on the linear scale (where the scale is a log
    of it), counts, and fold changes between every two groups."""
    log2, group = tumours.log2[gene], tumours.group
    answers: dict[str, list[Finding]] = {}
    for name in group.cat.categories:
        mine = log2[group == name]
        answers[f"n.{KEY[name]}"] = [of_count(len(mine))]
        if scale in tumours.scale:
            answers[f"median.{KEY[name]}"] = [median_interval(2**mine - 1)]
        else:
            answers[f"median.{KEY[name]}"] = [Finding(None, note=f"expression here is {tumours.scale}, not {scale}")]
    for one, other in itertools.permutations(group.cat.categories, 2):
        marked = group.astype(str).map({one: True, other: False}).astype("boolean")
        answers[f"{KEY[one]}_vs_{KEY[other]}"] = [fold_change(log2, marked, gene)]
    return answers


def pair_tests(values: pd.Series, group: pd.Series) -> pd.DataFrame:
    """Wilcoxon's p between every two groups, with their medians: group, other, median, other_median, p."""
    rows = []
    for one, other in itertools.combinations(group.cat.categories, 2):
        a, b = (values[group == name].dropna() for name in (one, other))
        rows.append(
            {"group": one, "other": other, "median": a.median(), "other_median": b.median(),
             "p": rank_sum(a.to_numpy(), b.to_numpy())}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["group", "other", "median", "other_median", "p"])


def p_of(tests: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Two groups → p, of `pair_tests`."""
    return {(row.group, row.other): row.p for row in tests.itertuples()}


def stacked(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Several tables as one with a leading column."""
    return pd.concat(tables, names=[name]).reset_index(level=0).reset_index(drop=True)


def dll3_answers(tumours: Tumours) -> dict[str, list[Finding]]:
    """DLL3 between groups under the other names that its claims have, by the tail of a claim's id."""
    found = expression_findings(tumours, "DLL3", "TPM")
    answers = {name: value for name, value in found.items() if name.startswith("n.")}
    for name, value in found.items():
        if "_vs_" in name:
            answers |= {f"dll3.{name}{tail}": value for tail in (".abstract", ".legend")}
    for name in ("sclc_like", "nsclc_like"):
        if f"{name}_vs_unclassified" in found:
            answers[f"dll3.{name}.discussion"] = found[f"{name}_vs_unclassified"]
    return answers


def pairs_sentence(tests: pd.DataFrame, what: str) -> str:
    """`pair_tests` in words."""
    if tests.empty:
        return f"{what[0].upper()}{what[1:]}: one group, nothing to compare."
    parts = "; ".join(
        f"{row.group} {formats.number(row.median, 2)} against {row.other} {formats.number(row.other_median, 2)} "
        f"({formats.p_value(row.p)})"
        for row in tests.itertuples()
    )
    return f"Median {what}: {parts} (Wilcoxon)."


# --- the types of George et al.


def george_types(cohort: Cohort, histologies: list[str]) -> pd.Series:
    """Type I or type II of each sample, categorical; missing for the rest.

    By the cohort's own clusters (EXPRESSION_CLUSTER, of expression: then no statement about genotype), else by
    genotype: type I has TP53 and STK11 or KEAP1 altered and RB1 not,
    type II TP53 and RB1. histologies: of HISTOLOGY, those kept;
    all where none is named or the cohort has no such column.
    """
    if "EXPRESSION_CLUSTER" in cohort.samples:
        words = cohort.samples["EXPRESSION_CLUSTER"].map({"LCNEC/TypeI": TYPE_I, "LCNEC/TypeII": TYPE_II})
    else:
        genes = altered(cohort, ["TP53", "STK11", "KEAP1", "RB1"])
        one = genes["TP53"] & (genes["STK11"] | genes["KEAP1"]) & ~genes["RB1"]
        two = genes["TP53"] & genes["RB1"]
        words = pd.Series(np.select([one.fillna(False), two.fillna(False)], [TYPE_I, TYPE_II], ""), genes.index)
        words = words.replace("", None)
    if "HISTOLOGY" in cohort.samples and histologies:
        words = words.where(cohort.samples["HISTOLOGY"].isin(histologies))
    if not {TYPE_I, TYPE_II} <= set(words.dropna()):
        raise MissingData(f"{cohort.name} has no tumours of both types")
    return pd.Series(pd.Categorical(words, [TYPE_I, TYPE_II]), words.index, name="type")


GEORGE = {"ascl1": "ASCL1", "dll3": "DLL3", "neuroendocrine": "neuroendocrine", "notch": "notch", "immune": "immune"}


def george_values(cohort: Cohort) -> pd.DataFrame:
    """What the types differ in, by sample: ASCL1, DLL3 (log2), and scores (mean z) of the neuroendocrine, NOTCH and
    immune genes that the cohort has. `attrs["genes"]` says how many of how many."""
    log2 = log2_expression(cohort)
    table, held = pd.DataFrame(index=log2.index), {}
    for label, name in GEORGE.items():
        if name in ("ASCL1", "DLL3"):
            if name in log2:
                table[label] = log2[name]
        else:
            values, found, of = score(log2, "checkpoints" if name == "immune" else name)
            if found >= 2:
                table[label], held[label] = values, (found, of)
    if table.empty:
        raise MissingData(f"{cohort.name} measured none of the genes that the types differ in")
    table.attrs["genes"] = held
    return table


def george_findings(values: pd.DataFrame, types: pd.Series) -> dict[str, list[Finding]]:
    """Type I less type II, by the tail of a claim's id: fold changes of genes, differences of scores."""
    marked = types.astype(object).map({TYPE_I: True, TYPE_II: False}).astype("boolean")
    answers = {f"n.george.{tail}": [of_count(len(values))] for tail in ("introduction", "text")}
    for name in values:
        each = fold_change if name in ("ascl1", "dll3") else mean_difference
        answers[name] = [each(values[name], marked.reindex(values.index), name)]
    return answers


def axis_label(values: pd.DataFrame, name: str) -> str:
    """What an axis says of one of `george_values`."""
    held = values.attrs["genes"].get(name)
    if held is None:
        return f"{name.upper()}, log2"
    return f"{'NOTCH' if name == 'notch' else name.capitalize()} score ({held[0]} of {held[1]} genes)"


def george_table(values: pd.DataFrame, types: dict[str, pd.Series]) -> pd.DataFrame:
    """Type I against type II, by set of tumours and by value: set, value, n_1, n_2, median_1, median_2, p."""
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
    """The two types compared, for the tumours kept and for all histologies, in words."""
    said = []
    for name, rows in table.groupby("set", sort=False):
        first = rows.iloc[0]
        parts = "; ".join(
            f"{row.value} {formats.number(row.median_1, 2)} against {formats.number(row.median_2, 2)} "
            f"({formats.p_value(row.p)})"
            for row in rows.itertuples()
        )
        said.append(f"{name.capitalize()} ({int(first['n_1'])} type I, {int(first['n_2'])} type II): {parts}.")
    by = "clusters of expression, not genotypes" if "EXPRESSION_CLUSTER" in cohort.samples else "called by genotype"
    return f"Medians of type I against type II, {by}. " + " ".join(said)
