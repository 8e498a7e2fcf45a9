"""FGL1, SPINK1 and other genes that differ between subtypes: lists, clusters, gene sets, other cohorts and cancers."""

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Z90, Z95, Finding, of_count, of_parameter
from lcnec_utils.core.formats import listed
from lcnec_utils.omics import expression
from lcnec_utils.omics.expression import fold_change, log2_expression, median_interval
from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, burden, by_patient, genomic_subtype
from lcnec_utils.stats import differential, embedding, enrichment
from lcnec_utils.stats.embedding import SUBSAMPLES

FEWEST = 5  # tumours a side, where a run says nothing else (its min_group)
WHOLE = 5000  # genes from which on an expression matrix counts as a transcriptome
LETTERS = "ABCDEFGHIJ"


def transcriptome(cohort: Cohort) -> pd.DataFrame:
    """log2 expression of all genes, samples × genes; raises MissingData where the cohort measured only some."""
    if len(cohort.expression_genes) < WHOLE:
        measured = f"of {len(cohort.expression_genes)} genes only" if cohort.expression_genes else "none"
        raise MissingData(
            f"{cohort.name} has no transcriptome-wide expression ({measured}); {WHOLE:,} genes are needed"
        )
    return log2_expression(cohort)


def subtype_genes(cohort: Cohort, min_group: int = FEWEST) -> pd.DataFrame:
    """Every gene compared between NSCLC-like (1) and SCLC-like (2) tumours: the table of differential.compare_genes.

    Raises MissingData where a side has fewer than min_group tumours.
    """
    log2 = transcriptome(cohort)
    subtype = genomic_subtype(cohort).reindex(log2.index).astype(str)
    marked = subtype.map({NSCLC_LIKE: True, SCLC_LIKE: False}).astype("boolean")
    for side, name in ((True, NSCLC_LIKE), (False, SCLC_LIKE)):
        if (n := int((marked == side).sum())) < min_group:
            raise MissingData(f"{cohort.name} has {n} {name} tumours with expression; {min_group} are needed")
    return differential.compare_genes(log2, marked)


def differs(table: pd.DataFrame, p: str, level: float, fold: float) -> pd.Series:
    """Whether each gene differs: the column `p` is below a level, and the fold change at least `fold` either way."""
    return (table[p] < level) & (table["log2_fold_change"].abs() >= np.log2(fold))


def differing_genes_by_rule(table: pd.DataFrame, fdr: float, log10_fold: float, p: float, fold: float) -> pd.DataFrame:
    """How many genes differ by each test and printed rule: test, rule, n. The legend's rule: false discovery rate and
    log10 fold change; the text's: unadjusted p and fold change."""
    rows = []
    for test, name in (("ks", "Kolmogorov–Smirnov"), ("wilcoxon", "Wilcoxon"), ("moderated", "moderated t")):
        for rule, column, level, least in (
            ("legend", f"{test}_p_adjusted", fdr, 10**log10_fold),
            ("text", f"{test}_p", p, fold),
        ):
            rows.append({"test": name, "rule": rule, "n": int(differs(table, column, level, least).sum())})
    return pd.DataFrame(rows)


def volcano_sentence(table: pd.DataFrame, counts: pd.DataFrame, genes: list[str]) -> str:
    """Sentences on how many genes differ by each rule and test, on how many the tests disagree, and on named genes."""
    n = counts.set_index(["test", "rule"])["n"]
    parts = "; ".join(
        f"{test} {int(n[test, 'legend'])} by the legend's rule, {int(n[test, 'text'])} by the text's"
        for test in counts["test"].unique()
    )
    discordant = len(differential.discordant_genes(table))
    # the claims, and so the model of targets, are answered by geometric means; the printed rules by arithmetic ones
    named = "; ".join(
        f"{gene} {formats.number(2 ** table.at[gene, 'mean_log2_difference'], 1)}-fold by geometric means, "
        f"{formats.number(2 ** table.at[gene, 'log2_fold_change'], 1)}-fold by arithmetic means "
        f"({formats.p_value(table.at[gene, 'ks_p'])})"
        for gene in genes
        if gene in table.index
    )
    sizes = table.iloc[0]
    return (
        f"{len(table):,} genes were compared between {int(sizes['n_1'])} {NSCLC_LIKE} and {int(sizes['n_2'])} "
        f"{SCLC_LIKE} tumours. Genes that differ: {parts}. At a false discovery rate of 5% the three tests disagree on "
        f"{discordant:,} genes."
        f"{f' Expression + 1 in {NSCLC_LIKE} relative to {SCLC_LIKE}: {named}.' if named else ''}"
    )


def volcano_findings(
    cohort: Cohort, table: pd.DataFrame, counts: pd.DataFrame, min_group: int = FEWEST
) -> dict[str, list[Finding]]:
    """Findings on single genes and on the number of genes that differ, by the tail of a claim's id."""
    text = counts[(counts["test"] == "Kolmogorov–Smirnov") & (counts["rule"] == "text")]["n"].iloc[0]
    sizes = table.iloc[0]
    answers = {
        "n.genes": [of_count(int(text))], "n.dataset_genes": [of_count(len(cohort.expression_genes))],
        "n.nsclc_like": [of_count(int(sizes["n_1"]))], "n.sclc_like": [of_count(int(sizes["n_2"]))],
    }  # fmt: skip
    log2 = log2_expression(cohort, genes=["FGL1", "SPINK1", "SFTPB"])
    subtype = genomic_subtype(cohort).reindex(log2.index).astype(str)
    for gene in log2:
        finding = [_group_fold_change(log2[gene], subtype, [NSCLC_LIKE], [SCLC_LIKE], min_group)]
        for tail in ("", ".abstract", ".discussion", ".nsclc_like"):
            answers[f"{gene.lower()}{tail}"] = finding
        rest = _group_fold_change(log2[gene], subtype, ["Unclassified"], [SCLC_LIKE], min_group)
        answers[f"{gene.lower()}.unclassified"] = [rest]
    return answers


def _group_fold_change(
    log2: pd.Series, group: pd.Series, ones: list[str], others: list[str], min_group: int
) -> Finding:
    """The ratio of geometric means of a gene between two sets of groups; the reason where one has too few tumours."""
    marked = group.astype(str).map(dict.fromkeys(ones, True) | dict.fromkeys(others, False)).astype("boolean")
    return _fold_change(log2, marked, f"of {listed(ones)} and of {listed(others)}", min_group)


def _fold_change(log2: pd.Series, marked: pd.Series, sides: str, min_group: int) -> Finding:
    """expression.fold_change of the marked to the others, where both have min_group tumours with a value."""
    known = marked[log2.notna().reindex(marked.index, fill_value=False)]
    one, other = int((known == True).sum()), int((known == False).sum())  # noqa: E712
    if min(one, other) < min_group:
        reason = (
            f"{log2.name} is known of {one} and {other} tumours {sides}, and a comparison needs {min_group} of each"
        )
        return Finding(None, note=reason)
    return fold_change(log2, marked, what=str(log2.name))


def top_genes(table: pd.DataFrame, per_side: int, always: list[str]) -> list[str]:
    """The genes `always`, then `per_side` genes of the highest and as many of the lowest moderated t, highest first."""
    order = table["moderated_t"].dropna().sort_values(ascending=False, kind="stable").index
    top = [*order[:per_side], *order[-per_side:]]
    return list(dict.fromkeys([*(gene for gene in always if gene in table.index), *top]))


def group_means(z: pd.DataFrame, group: pd.Series) -> tuple[pd.DataFrame, np.ndarray | None]:
    """The mean z of each gene in each group, genes × groups, with n in the group's name, and the groups' dendrogram.

    By scanpy, as expression.group_means.
    """
    means, tree = expression.group_means(z, group)
    sizes = group.value_counts()
    return means.rename(columns=lambda name: f"{name} (n = {sizes[name]})"), tree


def marker_findings(log2: pd.DataFrame, group: pd.Series, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """FGL1 and SPINK1 in NSCLC-like LCNEC against the other LCNEC and against SCLC, by the tail of a claim's id."""
    answers = {}
    for gene in ("FGL1", "SPINK1"):
        if gene in log2:
            rest = [name for name in SUBTYPES if name != NSCLC_LIKE]
            for tail, others in (("other_lcnec", rest), ("sclc_subtypes", ["SCLC"])):
                finding = _group_fold_change(log2[gene], group, [NSCLC_LIKE], others, min_group)
                answers[f"{gene.lower()}.{tail}"] = [finding]
    return answers


def subtype_findings(log2: pd.DataFrame, group: pd.Series, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """FGL1 and SPINK1 between every two genomic subtypes, by the tail of a claim's id, and the groups' numbers."""
    key = {name: name.lower().replace("-", "_") for name in SUBTYPES}
    counts = {f"n.{key[name]}": [of_count(int((group == name).sum()))] for name in SUBTYPES}
    answers = counts | {f"{tail}.legend": findings for tail, findings in counts.items()}
    no_direction = Finding(None, note="only a p value is published; the direction is unknown")
    for gene in ("FGL1", "SPINK1"):
        for one, other in ((NSCLC_LIKE, SCLC_LIKE), (NSCLC_LIKE, "Unclassified"), ("Unclassified", SCLC_LIKE)):
            finding = no_direction
            if one == NSCLC_LIKE:
                finding = _group_fold_change(log2[gene], group, [one], [other], min_group)
            for tail in ("", ".legend"):
                answers[f"{gene.lower()}.{key[one]}_vs_{key[other]}{tail}"] = [finding]
    return answers


def group_means_sentence(means: pd.DataFrame, genes: list[str]) -> str:
    """A sentence on the group in which each named gene is highest."""
    parts = [
        f"{gene} is highest in {means.loc[gene].idxmax()}, mean z {formats.number(means.loc[gene].max(), 2)}"
        for gene in genes
        if gene in means.index
    ]
    return f"{len(means)} genes in {len(means.columns)} groups. {'; '.join(parts)}."


# ---- clusters without labels ----


def clusters(log2: pd.DataFrame, most: int, number: int, seed: int) -> tuple[pd.Series, Finding, float]:
    """Clusters of tumours by their most variable genes (embedding.ward_clusters), named by letters.

    log2: samples × genes. most: number of genes. number: of clusters into which the tree is cut. Returns the cluster of
    each tumour as A, B, … from the largest down; the number of clusters with the highest silhouette, with the 2.5 and
    97.5 percentiles over random samples of 80% of the tumours; and the stability, the mean adjusted Rand index of those
    samples' clusters with these. Raises MissingData for fewer than 12 tumours.
    """
    ward = embedding.ward_clusters(log2, n_top_genes=most, number=number, seed=seed)
    letters = dict(enumerate(LETTERS[: ward.label.max()], 1))
    cluster = pd.Categorical(ward.label.map(letters), list(letters.values()))
    return pd.Series(cluster, log2.index, name="cluster"), ward.number, ward.rand_index


def cluster_findings(
    log2: pd.DataFrame, cluster: pd.Series, number: Finding, min_group: int = FEWEST
) -> dict[str, list[Finding]]:
    """Findings on clusters, by the tail of a claim's id. The source's cluster A is known only by the two genes it is
    said to express: for the claim on FGL1 it is taken to be the one with the most SPINK1, and the other way round."""
    answers = {"n.clusters": [number]}
    letters = list(cluster.cat.categories)

    def highest(gene: str) -> str:
        return max(letters, key=lambda name: log2.loc[cluster == name, gene].mean())

    for gene, by in (("FGL1", "SPINK1"), ("SPINK1", "FGL1")):
        if lacking := {"FGL1", "SPINK1"} - set(log2):
            answers[f"{gene.lower()}.cluster_a"] = [Finding(None, note=f"no expression of {min(lacking)}")]
            continue
        rest = [name for name in letters if name != highest(by)]
        answers[f"{gene.lower()}.cluster_a"] = [_group_fold_change(log2[gene], cluster, [highest(by)], rest, min_group)]
    # "B and D are the largest": the second largest against the one that expresses FGL1, and against the next
    second = letters[1]
    marker = highest("FGL1") if "FGL1" in log2 else None
    for tail, other in (("b_vs_a", marker), ("d_vs_c", letters[2] if len(letters) > 2 else None)):
        if other is None:
            answers[f"largest.{tail}"] = [Finding(None, note="there is no cluster here to compare it with")]
            continue
        if other in letters[:2]:
            answers[f"largest.{tail}"] = [Finding(None, note="the cluster is itself one of the two largest here")]
            continue
        n, one, two = len(cluster), float((cluster == second).mean()), float((cluster == other).mean())
        se = float(np.sqrt((one + two - (one - two) ** 2) / n))  # of two shares of one multinomial draw
        limits = [one - two + z * se for z in (-Z95, Z95, -Z90, Z90)]
        answers[f"largest.{tail}"] = [Finding(one - two, *limits, n=n, scale="difference")]
    return answers


def largest_two(cluster: pd.Series) -> pd.Series:
    """Whether a tumour is of the largest cluster (True) or of the second largest (False); missing for all others."""
    first, second = cluster.cat.categories[:2]
    return cluster.astype(str).map({first: True, second: False}).astype("boolean")


def cluster_table(log2: pd.DataFrame, cluster: pd.Series, genes: list[str]) -> pd.DataFrame:
    """The size of each cluster and its mean log2 expression of genes: cluster, n, then the genes that were measured."""
    measured = [gene for gene in genes if gene in log2]
    means = log2[measured].groupby(cluster, observed=True).mean()
    return means.assign(n=cluster.value_counts()).rename_axis("cluster")[["n", *measured]]


def clusters_sentence(cluster: pd.Series, number: Finding, stability: float) -> str:
    """Sentences on the clusters' sizes, on their number by silhouette and on their stability."""
    sizes = ", ".join(f"{name} {int((cluster == name).sum())}" for name in cluster.cat.categories)
    return (
        f"{len(cluster.cat.categories)} clusters of {len(cluster)} tumours: {sizes}. The silhouette is highest with "
        f"{number.value:.0f} clusters ({number.lower:.0f} to {number.upper:.0f} in the middle 95% of {SUBSAMPLES} "
        f"random samples of 80% of the tumours). The clusters of those samples agree with these at a mean adjusted "
        f"Rand index of {formats.number(stability, 2)}."
    )


# ---- gene sets ----


KRAS = "HALLMARK_KRAS_SIGNALING_UP"
INFLAMMATORY = ["HALLMARK_INFLAMMATORY_RESPONSE", "HALLMARK_INTERFERON_GAMMA_RESPONSE"]


def split_by_expression(cohort: Cohort, gene: str, min_group: int = FEWEST) -> tuple[pd.DataFrame, pd.Series]:
    """Expression of the NSCLC-like tumours without a gene, and whether each is above the median of that gene.

    Raises MissingData where the gene was not measured, or in fewer than 2 × min_group tumours.
    """
    log2 = transcriptome(cohort)
    subtype = genomic_subtype(cohort).reindex(log2.index)
    nsclc_like = log2[(subtype == NSCLC_LIKE).to_numpy()]
    if gene not in nsclc_like:
        raise MissingData(f"the expression of {cohort.name} does not hold {gene}")
    if len(nsclc_like) < 2 * min_group:
        raise MissingData(
            f"{cohort.name} has {len(nsclc_like)} {NSCLC_LIKE} tumours with expression; {2 * min_group} are needed"
        )
    return nsclc_like.drop(columns=gene), (nsclc_like[gene] > nsclc_like[gene].median()).astype("boolean")


def split_by_survival(cohort: Cohort, months: float, min_group: int = FEWEST) -> tuple[pd.DataFrame, pd.Series]:
    """Expression of the patients on checkpoint blockade, and whether each lived longer than so many months.

    Patients censored earlier are not evaluable and left out. Raises MissingData where a side has fewer than min_group.
    """
    log2 = transcriptome(cohort)
    regimen = cohort.column("FIRST_LINE_REGIMEN", "first-line regimen")
    treated = regimen.index[regimen.isin(["immunotherapy", "chemoimmunotherapy"])]
    times = cohort.survival("OS").reindex(treated).dropna()
    longer = pd.Series(pd.NA, times.index, dtype="boolean")
    longer[times["months"] > months] = True
    longer[(times["months"] <= months) & times["event"].astype(bool)] = False
    samples = cohort.one_sample_per_patient().reindex(longer.dropna().index)
    samples = samples[samples.isin(log2.index)]
    sides = [int((longer[samples.index] == side).sum()) for side in (True, False)]
    if min(sides) < min_group:
        raise MissingData(
            f"of the patients of {cohort.name} whose FIRST_LINE_REGIMEN is immunotherapy or chemoimmunotherapy "
            f"{sides[0]} with expression lived over {months:g} months (OS_MONTHS) and {sides[1]} died sooner; "
            f"{min_group} of each are needed"
        )
    return log2.loc[samples.to_numpy()], longer[samples.index].set_axis(samples.to_numpy())


def gene_sets(
    log2: pd.DataFrame, marked: pd.Series, sets: dict[str, list[str]], *, permutations: int, seeds: int, seed: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Preranked enrichment by the moderated t of the marked against the others: the sets with NES, FDR and their range
    over seeds, and the ranked genes."""
    ranked = enrichment.rank_genes(differential.compare_genes(log2, marked)["moderated_t"])
    table = enrichment.enrichment_scores(ranked, sets, permutations=permutations, seed=seed)
    several = [seed + i for i in range(seeds)]
    ranges = enrichment.spread_over_seeds(ranked, sets, seeds=several, permutations=permutations)
    columns = ["set", "nes_min", "nes_median", "nes_max", "fdr_min", "fdr_median", "fdr_max"]
    return table.merge(ranges[columns], on="set"), ranked


def set_findings(table: pd.DataFrame, names: list[str]) -> list[Finding]:
    """The normalised enrichment score of each set as a finding. A score has no interval of its own: the limits are
    those of a normal estimate with its two-sided p."""
    findings = []
    for name in names:
        rows = table[table["set"] == name]
        if rows.empty:
            findings.append(Finding(None, note=f"{name} is not among the sets tested"))
            continue
        row = rows.iloc[0]
        # the score's standard error, were it normal, from its p
        z = -float(stats.norm.ppf(row["p"] / 2))
        se = abs(row["nes"]) / z if z > 0 else float("inf")
        limits = [row["nes"] + q * se for q in (-Z95, Z95, -Z90, Z90)]
        findings.append(Finding(float(row["nes"]), *limits, p=float(row["p"]), scale="difference"))
    return findings


def strongest_sets(table: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """The sets with the largest scores either way."""
    return table.reindex(table["nes"].abs().sort_values(ascending=False, kind="stable").index[:most])


def set_label(table: pd.DataFrame, name: str, permutations: int) -> str:
    """The score, false discovery rate and size of one set, as a figure shows them."""
    rows = table[table["set"] == name]
    if rows.empty:
        return "not tested"
    row = rows.iloc[0]
    # a permuted rate of 0 says only that no permutation reached the score
    rate = f"< {1 / permutations:g}" if row["fdr"] < 1 / permutations else formats.number(row["fdr"], 3)
    return f"NES {formats.number(row['nes'], 2)}\nFDR {rate}\n{row['size']} genes"


def sets_sentence(table: pd.DataFrame, fdr: float, what: str, marked: pd.Series, permutations: int) -> str:
    """A sentence on the gene sets that are enriched at a false discovery rate. what: the marked, as it names them."""
    sizes = f"{int(marked.sum())} against {int((~marked).sum())} tumours"
    up = table[(table["fdr"] < fdr) & (table["nes"] > 0)].sort_values("nes", ascending=False)
    down = table[(table["fdr"] < fdr) & (table["nes"] < 0)]
    named = ", ".join(
        f"{row.set.removeprefix('HALLMARK_').replace('_', ' ').lower()} (NES {formats.number(row.nes, 2)}, "
        f"{formats.number(row.nes_min, 2)} to {formats.number(row.nes_max, 2)} over seeds)"
        for row in up.head(5).itertuples()
    )
    return (
        f"{sizes}: {len(up)} of {len(table)} sets are enriched with {what} at a false discovery rate below "
        f"{100 * fdr:g}%, {len(down)} in the opposite direction ({permutations:,} permutations)"
        f"{'. Highest: ' if named else ''}{named}."
    )


def long_survivors(
    cohort: Cohort, months: float, tmb_above: float, pdl1_from: float, min_group: int = FEWEST
) -> dict[str, list[Finding]]:
    """The patients on immunotherapy alone who lived longer than so many months, and their biomarkers, by the tail of a
    claim's id."""
    regimen = cohort.column("FIRST_LINE_REGIMEN", "first-line regimen")
    times = cohort.survival("OS").reindex(regimen.index[regimen == "immunotherapy"]).dropna()
    longer = times.index[times["months"] > months]
    answers = {"n.long_rwos": [of_count(len(longer))], "cut.rwos": [of_parameter(months)]}

    def share(known: pd.Series, high: pd.Series) -> Finding:
        if len(known) < min_group:
            tested = formats.count(len(known), "patient")
            return Finding(None, note=f"{tested} who survived so long had the test, and a share needs {min_group}")
        return Finding(100 * float(high.mean()), n=len(known))

    for name, measure, is_high in (
        ("tmb_high", lambda: by_patient(cohort, burden(cohort)), lambda values: values > tmb_above),
        ("pdl1", lambda: cohort.column("PDL1_SCORE", "PD-L1 score"), lambda values: values >= pdl1_from),
    ):
        try:
            known = measure().reindex(longer).dropna().astype(float)  # patients without the test are not low
            answers[f"{name}.long_rwos"] = [share(known, is_high(known))]
        except MissingData as reason:
            answers[f"{name}.long_rwos"] = [Finding(None, note=str(reason))]
    return answers


# ---- other tumours ----


def fgl1_of_lcnec_and_luad(cohort: Cohort) -> tuple[pd.Series, pd.Series]:
    """log2 FGL1 of NSCLC-like LCNEC (OncoTree LUNE) and of adenocarcinoma (LUAD) in one cohort, and each one's group.

    Where the cohort has mutations only LCNEC of that genotype count; where it has none all its LCNEC count. Raises
    MissingData where the cohort does not say which tumours are which, or lacks one of the two.
    """
    log2 = log2_expression(cohort, genes=["FGL1"])
    if "ONCOTREE_CODE" not in cohort.samples:
        raise MissingData(
            f"{cohort.name} does not say which tumours are LCNEC: its clinical tables have no column ONCOTREE_CODE"
        )
    codes = cohort.samples["ONCOTREE_CODE"].reindex(log2.index).map({"LUNE": "NSCLC-like LCNEC", "LUAD": "LUAD"})
    if cohort.mutations is not None:
        other = (genomic_subtype(cohort).reindex(codes.index) != NSCLC_LIKE).to_numpy()
        codes = codes.mask(other & (codes == "NSCLC-like LCNEC"))
    if codes.nunique() < 2:
        raise MissingData(
            f"{cohort.name} does not hold both NSCLC-like LCNEC (LUNE) and LUAD with expression, by the column "
            "ONCOTREE_CODE of its clinical tables"
        )
    kept = codes.dropna()
    return log2.loc[kept.index, "FGL1"], pd.Series(pd.Categorical(kept, ["NSCLC-like LCNEC", "LUAD"]), kept.index)


def luad_findings(log2: pd.Series, group: pd.Series, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """FGL1 of LCNEC against LUAD, by the tail of a claim's id."""
    counts = group.value_counts()
    fgl1 = _group_fold_change(log2, group, ["NSCLC-like LCNEC"], ["LUAD"], min_group)
    answers = {"fgl1": [fgl1], "n.tcga": [of_count(int(counts.sum()))]}
    return answers | {
        "n.nsclc_like": [of_count(int(counts["NSCLC-like LCNEC"]))], "n.luad": [of_count(int(counts["LUAD"]))],
    }  # fmt: skip


def cell_line_findings(table: pd.DataFrame, line: str) -> dict[str, list[Finding]]:
    """Number of cell lines and the rank of one, by the tail of a claim's id."""
    values = table.set_index("cell_line")["fgl1_protein_log2"].dropna()
    if values.index.has_duplicates:
        raise UserError(f"cell line {values.index[values.index.duplicated()][0]} is in two rows; keep one")
    n = [of_count(len(values))]
    rank = Finding(None, note=f"{line} is not among the lines")
    if line in values.index:
        rank = Finding(float((values > values[line]).sum() + 1), n=len(values))
    return {"n.lines": n, "n.lines.legend": n, "top_line": [rank]}


def cancer_types(table: pd.DataFrame) -> tuple[pd.Series, pd.Series, dict[str, float]]:
    """FGL1 over cancer types: log2(TPM + 1) of each tumour, its type (categorical, highest median first), and the
    medians of NSCLC-like, all and SCLC-like LCNEC."""
    log2 = np.log2(table["fgl1_tpm"] + 1)
    order = log2.groupby(table["cancer_type"]).median().sort_values(ascending=False, kind="stable").index
    kinds = pd.Series(pd.Categorical(table["cancer_type"], order), table.index)
    lcnec = table["group"].notna() & (table["group"] != "")
    medians = {
        NSCLC_LIKE: float(log2[table["group"] == NSCLC_LIKE].median()),
        "All LCNEC": float(log2[lcnec].median()),
        SCLC_LIKE: float(log2[table["group"] == SCLC_LIKE].median()),
    }
    return log2, kinds, medians


IHCC, HCC = "Intrahepatic cholangiocarcinoma", "Hepatocellular carcinoma"


def cancer_type_findings(log2: pd.Series, table: pd.DataFrame, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """Findings on FGL1 over cancer types, by the tail of a claim's id. The limits of NSCLC-like LCNEC's rank are the
    ranks of its median's limits."""
    kinds, group = table["cancer_type"], table["group"].fillna("")
    medians = log2[group == ""].groupby(kinds[group == ""]).median()
    own = median_interval(log2[group == NSCLC_LIKE])

    if own.value is None:
        raise MissingData(f"table.csv: no tumour whose column group is {NSCLC_LIKE} has a value in fgl1_tpm")

    def rank(value: float) -> float:  # a median without limits gives a rank without
        return float((medians > value).sum() + 1) if np.isfinite(value) else float("nan")

    tumours, types = [of_count(len(table))], [of_count(kinds.nunique())]
    answers = {"n.tumors": tumours, "n.tumors.legend": tumours, "n.types": types, "n.types.legend": types}
    answers["rank.nsclc_like"] = [Finding(rank(own.value), rank(own.upper), rank(own.lower), n=own.n)]
    if own.n < min_group:
        few = f"FGL1 is known of {own.n} {NSCLC_LIKE} tumours, and a rank needs {min_group}"
        answers["rank.nsclc_like"] = [Finding(None, n=own.n, note=few)]
    lcnec = pd.Series(
        np.where(group == NSCLC_LIKE, NSCLC_LIKE, np.where(group == SCLC_LIKE, SCLC_LIKE, "")), log2.index
    )
    for tail, kind in (("ihcc_vs_nsclc_like", IHCC), ("hcc_vs_nsclc_like", HCC)):
        marked = (
            pd.Series(pd.NA, log2.index, dtype="boolean").mask(kinds == kind, True).mask(lcnec == NSCLC_LIKE, False)
        )
        answers[tail] = [_fold_change(log2.rename("FGL1"), marked, f"of {kind} and of {NSCLC_LIKE}", min_group)]
    # "all LCNEC" includes the subtype it is compared with: the rest of LCNEC stands for it
    lcnec_log2 = log2[group != ""]
    for tail, name, sign in (
        ("median_line.nsclc_like_vs_all", NSCLC_LIKE, True),
        ("median_line.all_vs_sclc_like", SCLC_LIKE, False),
    ):
        marked = pd.Series(group[lcnec_log2.index] == name, dtype="boolean")
        sides = f"of {name} and of the other LCNEC" if sign else f"of the other LCNEC and of {name}"
        answers[tail] = [_fold_change(lcnec_log2.rename("FGL1"), marked if sign else ~marked, sides, min_group)]
    return answers


def cell_line_sentence(table: pd.DataFrame, line: str) -> str:
    """A sentence on the cell lines with the most FGL1 protein and on the rank of one of them."""
    values = table.set_index("cell_line")["fgl1_protein_log2"].dropna().sort_values(ascending=False, kind="stable")
    place = f"; {line} is at rank {list(values.index).index(line) + 1}" if line in values.index else ""
    top = ", ".join(f"{name} {formats.number(value, 2)}" for name, value in values.head(3).items())
    return f"Highest FGL1 protein (log2) of {len(values)} lines: {top}{place}."


def cancer_type_sentence(answers: dict[str, list[Finding]], medians: dict[str, float]) -> str:
    """Sentences on the rank of NSCLC-like LCNEC among cancer types and on the three medians of LCNEC."""
    rank, n = answers["rank.nsclc_like"][0], answers["n.tumors"][0]
    lines = ", ".join(f"{name} {formats.number(value, 2)}" for name, value in medians.items() if value == value)
    place = f"NSCLC-like LCNEC (n = {rank.n}) is shown, not ranked: {rank.note}."
    if rank.value is not None:
        known = rank.lower == rank.lower
        limits = f" ({rank.lower:.0f} to {rank.upper:.0f} over the 95% interval of its median)" if known else ""
        place = f"By its median NSCLC-like LCNEC (n = {rank.n}) is at rank {rank.value:.0f}{limits}."
    return f"{n.n:,} tumours of {answers['n.types'][0].n} types. {place} Medians of LCNEC, log2(TPM + 1): {lines}."
