"""Genes that may be targets: which genes part the subtypes, which clusters express them, what goes along with them."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.cluster import hierarchy

from lcnec_utils import differential, enrichment, formats
from lcnec_utils.claims import Z90, Z95, Finding, of_count, of_parameter
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData, UserError
from lcnec_utils.expression import fold_change, log2_expression, median_interval
from lcnec_utils.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, burden, by_patient, genomic_subtype
from lcnec_utils.proportions import listed

FEWEST = 5  # tumours a side, where a run says nothing else (its min_group)
WHOLE = 5000  # genes from which on an expression matrix counts as a transcriptome
LETTERS = "ABCDEFGHIJ"
SUBSAMPLES = 100


def transcriptome(cohort: Cohort) -> pd.DataFrame:
    """log2 expression of all genes; MissingData where the cohort measured only some."""
    if len(cohort.expression_genes) < WHOLE:
        held = f"of {len(cohort.expression_genes)} genes only" if cohort.expression_genes else "none"
        raise MissingData(f"{cohort.name} has no transcriptome-wide expression ({held}); {WHOLE:,} genes are needed")
    return log2_expression(cohort)


def subtype_genes(cohort: Cohort, min_group: int = FEWEST) -> pd.DataFrame:
    """Every gene compared between NSCLC-like (1) and SCLC-like (2) tumours, as differential.compare_genes has it.

    MissingData where a side has fewer than min_group tumours."""
    log2 = transcriptome(cohort)
    subtype = genomic_subtype(cohort).reindex(log2.index).astype(str)
    marked = subtype.map({NSCLC_LIKE: True, SCLC_LIKE: False}).astype("boolean")
    for side, name in ((True, NSCLC_LIKE), (False, SCLC_LIKE)):
        if (n := int((marked == side).sum())) < min_group:
            raise MissingData(f"{cohort.name} has {n} {name} tumours with expression; {min_group} are needed")
    return differential.compare_genes(log2, marked)


def chosen(table: pd.DataFrame, p: str, level: float, fold: float) -> pd.Series:
    """Which genes pass: the column `p` below a level, and a fold change of at least `fold` either way."""
    return (table[p] < level) & (table["log2_fold_change"].abs() >= np.log2(fold))


def cuts(table: pd.DataFrame, fdr: float, log10_fold: float, p: float, fold: float) -> pd.DataFrame:
    """How many genes each test chooses by either printed rule: test, rule, n. The legend's rule: false discovery rate
    and log10 fold change; the text's: unadjusted p and fold change."""
    rows = []
    for test, name in (("ks", "Kolmogorov–Smirnov"), ("wilcoxon", "Wilcoxon"), ("moderated", "moderated t")):
        for rule, column, level, least in (
            ("legend", f"{test}_p_adjusted", fdr, 10**log10_fold),
            ("text", f"{test}_p", p, fold),
        ):
            rows.append({"test": name, "rule": rule, "n": int(chosen(table, column, level, least).sum())})
    return pd.DataFrame(rows)


def volcano_sentence(table: pd.DataFrame, counted: pd.DataFrame, genes: list[str]) -> str:
    """How many genes differ by each rule and test, on how many the tests part, and what the named genes show."""
    parts = "; ".join(
        f"{test} {int(rows.loc[rows['rule'] == 'legend', 'n'].iloc[0])} by the legend's rule, "
        f"{int(rows.loc[rows['rule'] == 'text', 'n'].iloc[0])} by the text's"
        for test, rows in counted.groupby("test", sort=False)
    )
    apart = len(differential.parted(table))
    # the claims, and so the model of targets, are answered by geometric means; the printed rules by arithmetic ones
    named = "; ".join(
        f"{gene} {formats.number(2 ** table.at[gene, 'mean_log2_difference'], 1)}-fold by geometric means, "
        f"{formats.number(2 ** table.at[gene, 'log2_fold_change'], 1)}-fold by arithmetic means "
        f"({formats.p_value(table.at[gene, 'ks_p'])})"
        for gene in genes
        if gene in table.index
    )
    n = table.iloc[0]
    return (
        f"{len(table):,} genes, {int(n['n_1'])} {NSCLC_LIKE} against {int(n['n_2'])} {SCLC_LIKE} tumours. Genes that "
        f"differ: {parts}. At a false discovery rate of 5% the three tests part on {apart:,} genes."
        f"{f' {NSCLC_LIKE} over {SCLC_LIKE}, expression + 1: {named}.' if named else ''}"
    )


def volcano_findings(
    cohort: Cohort, table: pd.DataFrame, counted: pd.DataFrame, min_group: int = FEWEST
) -> dict[str, list[Finding]]:
    """Findings on single genes and their number, by the tail of a claim's id."""
    text = counted[(counted["test"] == "Kolmogorov–Smirnov") & (counted["rule"] == "text")]["n"].iloc[0]
    sizes = table.iloc[0]
    answers = {
        "n.genes": [of_count(int(text))], "n.dataset_genes": [of_count(len(cohort.expression_genes))],
        "n.nsclc_like": [of_count(int(sizes["n_1"]))], "n.sclc_like": [of_count(int(sizes["n_2"]))],
    }  # fmt: skip
    log2 = log2_expression(cohort, ["FGL1", "SPINK1", "SFTPB"])
    subtype = genomic_subtype(cohort).reindex(log2.index).astype(str)
    for gene in log2:
        found = [_between(log2[gene], subtype, [NSCLC_LIKE], [SCLC_LIKE], min_group)]
        for tail in ("", ".abstract", ".discussion", ".nsclc_like"):
            answers[f"{gene.lower()}{tail}"] = found
        rest = _between(log2[gene], subtype, ["Unclassified"], [SCLC_LIKE], min_group)
        answers[f"{gene.lower()}.unclassified"] = [rest]
    return answers


def _between(log2: pd.Series, group: pd.Series, ones: list[str], others: list[str], min_group: int) -> Finding:
    """The ratio of geometric means of a gene between two sets of groups; none, and why, where one has too few."""
    marked = group.astype(str).map(dict.fromkeys(ones, True) | dict.fromkeys(others, False)).astype("boolean")
    return _fold(log2, marked, f"of {listed(ones)} and of {listed(others)}", min_group)


def _fold(log2: pd.Series, marked: pd.Series, sides: str, min_group: int) -> Finding:
    """expression.fold_change of the marked to the others, where both have min_group tumours with a value."""
    known = marked[log2.notna().reindex(marked.index, fill_value=False)]
    one, other = int((known == True).sum()), int((known == False).sum())  # noqa: E712
    if min(one, other) < min_group:
        why = f"{log2.name} is known of {one} and {other} tumours {sides}, and a comparison needs {min_group} of each"
        return Finding(None, note=why)
    return fold_change(log2, marked, str(log2.name))


def top_genes(table: pd.DataFrame, each: int, always: list[str]) -> list[str]:
    """The genes that part the subtypes most (moderated t), `each` a side, highest in NSCLC-like first; and `always`."""
    order = table["moderated_t"].dropna().sort_values(ascending=False, kind="stable").index
    top = [*order[:each], *order[-each:]]
    return list(dict.fromkeys([*(gene for gene in always if gene in table.index), *top]))


def group_means(z: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """The mean z of each gene in each group, genes × groups, with n in the group's name."""
    names = [name for name in group.cat.categories if (group == name).any()]
    means = {f"{name} (n = {int((group == name).sum())})": z[(group == name).to_numpy()].mean() for name in names}
    return pd.DataFrame(means)


def marker_findings(log2: pd.DataFrame, group: pd.Series, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """FGL1 and SPINK1 in NSCLC-like LCNEC against the other LCNEC and against SCLC, by the tail of a claim's id."""
    answers = {}
    for gene in ("FGL1", "SPINK1"):
        if gene in log2:
            rest = [name for name in SUBTYPES if name != NSCLC_LIKE]
            for tail, others in (("other_lcnec", rest), ("sclc_subtypes", ["SCLC"])):
                answers[f"{gene.lower()}.{tail}"] = [_between(log2[gene], group, [NSCLC_LIKE], others, min_group)]
    return answers


def subtype_findings(log2: pd.DataFrame, group: pd.Series, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """FGL1 and SPINK1 between every two genomic subtypes, by the tail of a claim's id, and the groups' numbers."""
    key = {name: name.lower().replace("-", "_") for name in SUBTYPES}
    counts = {f"n.{key[name]}": [of_count(int((group == name).sum()))] for name in SUBTYPES}
    answers = counts | {f"{tail}.legend": found for tail, found in counts.items()}
    no_effect = Finding(None, note="a p value is no effect, and the sign is not printed")
    for gene in ("FGL1", "SPINK1"):
        for one, other in ((NSCLC_LIKE, SCLC_LIKE), (NSCLC_LIKE, "Unclassified"), ("Unclassified", SCLC_LIKE)):
            found = _between(log2[gene], group, [one], [other], min_group) if one == NSCLC_LIKE else no_effect
            for tail in ("", ".legend"):
                answers[f"{gene.lower()}.{key[one]}_vs_{key[other]}{tail}"] = [found]
    return answers


def heat_sentence(means: pd.DataFrame, genes: list[str]) -> str:
    """In which group each named gene is highest, in words."""
    parts = [
        f"{gene} is highest in {means.loc[gene].idxmax()}, mean z {formats.number(means.loc[gene].max(), 2)}"
        for gene in genes
        if gene in means.index
    ]
    return f"{len(means)} genes. {'; '.join(parts)}."


# --- clusters without labels


def _cut(values: np.ndarray, number: int) -> np.ndarray:
    return hierarchy.fcluster(hierarchy.ward(values), number, "maxclust")


def clusters(log2: pd.DataFrame, most: int, number: int, seed: int) -> tuple[pd.Series, Finding, float]:
    """Clusters of tumours by their most variable genes (hierarchical, Ward on 30 principal components).

    Returns the cluster of each tumour as A, B, … from the largest down (cut into `number`), the number of clusters
    that the highest silhouette asks for with the 2.5 and 97.5 percentiles over 100 random samples of 80%, and the mean
    adjusted Rand index of those samples' clusters with these: the stability.
    """
    from sklearn.decomposition import PCA
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    if int(0.8 * len(log2)) < 9:  # eight clusters are tried of every sample of 80%
        raise MissingData(f"the expression holds {len(log2)} tumours, too few to cluster; 12 are needed")
    kept = log2.var().sort_values(ascending=False, kind="stable").index[:most]
    parts = min(30, len(log2) - 1, len(kept))
    values = PCA(parts, svd_solver="full").fit_transform(log2[kept])

    def best(some: np.ndarray) -> int:
        tree = hierarchy.ward(some)
        tried = {k: hierarchy.fcluster(tree, k, "maxclust") for k in range(2, 9)}
        return max(tried, key=lambda k: silhouette_score(some, tried[k]) if len(set(tried[k])) > 1 else -1)

    found = _cut(values, number)
    rng, again, agree = np.random.default_rng(seed), [], []
    for _ in range(SUBSAMPLES):
        some = np.sort(rng.choice(len(values), size=int(0.8 * len(values)), replace=False))
        again.append(best(values[some]))
        agree.append(adjusted_rand_score(found[some], _cut(values[some], number)))
    low, high = np.percentile(again, [2.5, 97.5])
    order = pd.Series(found).value_counts().index
    names = pd.Series(found, log2.index).map({old: LETTERS[new] for new, old in enumerate(order)})
    labels = pd.Series(pd.Categorical(names, list(LETTERS[: len(order)])), log2.index, name="cluster")
    return labels, Finding(float(best(values)), float(low), float(high), n=len(values)), float(np.mean(agree))


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
        answers[f"{gene.lower()}.cluster_a"] = [_between(log2[gene], cluster, [highest(by)], rest, min_group)]
    # "B and D are the largest": the second largest against the one that expresses FGL1, and against the next
    second = letters[1]
    marker = highest("FGL1") if "FGL1" in log2 else None
    for tail, other in (("b_vs_a", marker), ("d_vs_c", letters[2] if len(letters) > 2 else None)):
        if other is None:
            answers[f"largest.{tail}"] = [Finding(None, note="there is no cluster here to hold it against")]
            continue
        if other in letters[:2]:
            answers[f"largest.{tail}"] = [Finding(None, note="here the cluster is itself one of the two largest")]
            continue
        n, one, two = len(cluster), float((cluster == second).mean()), float((cluster == other).mean())
        se = float(np.sqrt((one + two - (one - two) ** 2) / n))  # of two shares of one multinomial draw
        limits = [one - two + z * se for z in (-Z95, Z95, -Z90, Z90)]
        answers[f"largest.{tail}"] = [Finding(one - two, *limits, n=n, scale="difference")]
    return answers


def largest_two(cluster: pd.Series) -> pd.Series:
    """Whether a tumour is of the largest cluster, or of the second largest; missing elsewhere."""
    first, second = cluster.cat.categories[:2]
    return cluster.astype(str).map({first: True, second: False}).astype("boolean")


def cluster_table(log2: pd.DataFrame, cluster: pd.Series, genes: list[str]) -> pd.DataFrame:
    """Size of each cluster and its mean log2 expression of genes: cluster, n, then the genes."""
    held = [gene for gene in genes if gene in log2]
    means = log2[held].groupby(cluster, observed=True).mean()
    return means.assign(n=cluster.value_counts()).rename_axis("cluster")[["n", *held]]


def clusters_sentence(cluster: pd.Series, number: Finding, stability: float) -> str:
    """The clusters' sizes, how many there are and how stable they are, in words."""
    sizes = ", ".join(f"{name} {int((cluster == name).sum())}" for name in cluster.cat.categories)
    return (
        f"{len(cluster.cat.categories)} clusters of {len(cluster)} tumours: {sizes}. The highest silhouette asks for "
        f"{number.value:.0f} ({number.lower:.0f} to {number.upper:.0f} in the middle 95% of {SUBSAMPLES} random "
        f"samples of four fifths); those samples' clusters agree with these at a mean adjusted Rand index of "
        f"{formats.number(stability, 2)}."
    )


# --- gene sets


KRAS = "HALLMARK_KRAS_SIGNALING_UP"
INFLAMMATORY = ["HALLMARK_INFLAMMATORY_RESPONSE", "HALLMARK_INTERFERON_GAMMA_RESPONSE"]


def by_level(cohort: Cohort, gene: str, min_group: int = FEWEST) -> tuple[pd.DataFrame, pd.Series]:
    """Expression of the NSCLC-like tumours without a gene, and whether each is above the median of that gene."""
    log2 = transcriptome(cohort)
    subtype = genomic_subtype(cohort).reindex(log2.index)
    mine = log2[(subtype == NSCLC_LIKE).to_numpy()]
    if gene not in mine:
        raise MissingData(f"the expression of {cohort.name} does not hold {gene}")
    if len(mine) < 2 * min_group:
        raise MissingData(
            f"{cohort.name} has {len(mine)} {NSCLC_LIKE} tumours with expression; {2 * min_group} are needed"
        )
    return mine.drop(columns=gene), (mine[gene] > mine[gene].median()).astype("boolean")


def by_survival(cohort: Cohort, months: float, min_group: int = FEWEST) -> tuple[pd.DataFrame, pd.Series]:
    """Expression of the patients on checkpoint blockade by overall survival over or under so many months; who was
    censored earlier is not evaluable and missing."""
    log2 = transcriptome(cohort)
    regimen = cohort.column("FIRST_LINE_REGIMEN", "first-line regimen")
    treated = regimen.index[regimen.isin(["immunotherapy", "chemoimmunotherapy"])]
    times = cohort.survival("OS").reindex(treated).dropna()
    longer = pd.Series(pd.NA, times.index, dtype="boolean")
    longer[times["months"] > months] = True
    longer[(times["months"] <= months) & times["event"].astype(bool)] = False
    chosen_samples = cohort.one_sample_per_patient().reindex(longer.dropna().index)
    held = chosen_samples[chosen_samples.isin(log2.index)]
    sides = [int((longer[held.index] == side).sum()) for side in (True, False)]
    if min(sides) < min_group:
        raise MissingData(
            f"of the patients of {cohort.name} whose FIRST_LINE_REGIMEN is immunotherapy or chemoimmunotherapy "
            f"{sides[0]} with expression lived over {months:g} months (OS_MONTHS) and {sides[1]} died sooner; "
            f"{min_group} of each are needed"
        )
    return log2.loc[held.to_numpy()], longer[held.index].set_axis(held.to_numpy())


def gene_sets(
    log2: pd.DataFrame, marked: pd.Series, sets: dict[str, list[str]], *, permutations: int, seeds: int, seed: int
) -> tuple[pd.DataFrame, pd.Series]:
    """Preranked enrichment by moderated t of the marked against the others: the sets with NES, FDR and their spread
    over seeds, and the ranked genes."""
    ranked = enrichment.rank(differential.compare_genes(log2, marked)["moderated_t"])
    table = enrichment.enrichment_scores(ranked, sets, permutations, seed)
    more = enrichment.spread(ranked, sets, [seed + i for i in range(seeds)], permutations=permutations)
    columns = ["set", "nes_min", "nes_median", "nes_max", "fdr_min", "fdr_median", "fdr_max"]
    return table.merge(more[columns], on="set"), ranked


def set_findings(table: pd.DataFrame, names: list[str]) -> list[Finding]:
    """Whether sets are enriched, one finding each: the normalised score, with the limits that its permutation p gives
    were it normal, for a score has no interval of its own."""
    found = []
    for name in names:
        rows = table[table["set"] == name]
        if rows.empty:
            found.append(Finding(None, note=f"{name} is not among the sets tested"))
            continue
        row = rows.iloc[0]
        # the score's standard error, were it normal, from its p
        z = -float(stats.norm.ppf(row["p"] / 2))
        se = abs(row["nes"]) / z if z > 0 else float("inf")
        limits = [row["nes"] + q * se for q in (-Z95, Z95, -Z90, Z90)]
        found.append(Finding(float(row["nes"]), *limits, p=float(row["p"]), scale="difference"))
    return found


def strongest(table: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """The sets with the largest scores either way."""
    return table.reindex(table["nes"].abs().sort_values(ascending=False, kind="stable").index[:most])


def set_words(table: pd.DataFrame, name: str, permutations: int) -> str:
    """The score and false discovery rate of one set, for a figure."""
    rows = table[table["set"] == name]
    if rows.empty:
        return "not tested"
    row = rows.iloc[0]
    # a permuted rate of nothing says no more than that no permutation reached it
    rate = f"< {1 / permutations:g}" if row["fdr"] < 1 / permutations else formats.number(row["fdr"], 3)
    return f"NES {formats.number(row['nes'], 2)}\nFDR {rate}\n{row['size']} genes"


def sets_sentence(table: pd.DataFrame, fdr: float, what: str, marked: pd.Series, permutations: int) -> str:
    """The gene sets enriched at a false discovery rate, in words."""
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
        f"{100 * fdr:g}%, {len(down)} the other way ({permutations:,} permutations){': ' if named else ''}{named}."
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
            return Finding(None, note=f"{tested} who lived so long had the test, and a share needs {min_group}")
        return Finding(100 * float(high.mean()), n=len(known))

    for name, measure, is_high in (
        ("tmb_high", lambda: by_patient(cohort, burden(cohort)), lambda values: values > tmb_above),
        ("pdl1", lambda: cohort.column("PDL1_SCORE", "PD-L1 score"), lambda values: values >= pdl1_from),
    ):
        try:
            known = measure().reindex(longer).dropna().astype(float)  # who was not tested is not low
            answers[f"{name}.long_rwos"] = [share(known, is_high(known))]
        except MissingData as reason:
            answers[f"{name}.long_rwos"] = [Finding(None, note=str(reason))]
    return answers


# --- other tumours


def against_luad(cohort: Cohort) -> tuple[pd.Series, pd.Series]:
    """log2 FGL1 of NSCLC-like LCNEC (OncoTree LUNE) and of adenocarcinoma (LUAD) in one cohort, and which is which.

    Where the cohort has mutations only LCNEC of that genotype count; where it has none its LCNEC are taken to be so.
    """
    log2 = log2_expression(cohort, ["FGL1"])
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
    fgl1 = _between(log2, group, ["NSCLC-like LCNEC"], ["LUAD"], min_group)
    answers = {"fgl1": [fgl1], "n.tcga": [of_count(int(counts.sum()))]}
    return answers | {
        "n.nsclc_like": [of_count(int(counts["NSCLC-like LCNEC"]))], "n.luad": [of_count(int(counts["LUAD"]))],
    }  # fmt: skip


def cell_line_findings(table: pd.DataFrame, line: str) -> dict[str, list[Finding]]:
    """Number of cell lines and the rank of one, by the tail of a claim's id."""
    values = table.set_index("cell_line")["fgl1_protein_log2"].dropna()
    if values.index.has_duplicates:
        raise UserError(f"cell line {values.index[values.index.duplicated()][0]} stands twice; keep one row")
    n = [of_count(len(values))]
    rank = Finding(None, note=f"{line} is not among the lines")
    if line in values.index:
        rank = Finding(float((values > values[line]).sum() + 1), n=len(values))
    return {"n.lines": n, "n.lines.legend": n, "top_line": [rank]}


def cancer_types(table: pd.DataFrame) -> tuple[pd.Series, pd.Series, dict[str, float]]:
    """FGL1 over cancer types: log2(TPM + 1), the type of each tumour (categorical, highest median first), and the
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
    """Findings on FGL1 over cancer types, by the tail of a claim's id. The rank of NSCLC-like LCNEC takes its limits
    from its median's."""
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
        answers[tail] = [_fold(log2.rename("FGL1"), marked, f"of {kind} and of {NSCLC_LIKE}", min_group)]
    # "all LCNEC" holds the subtype it is held against: the rest of LCNEC stands for it
    inside = log2[group != ""]
    for tail, name, sign in (
        ("median_line.nsclc_like_vs_all", NSCLC_LIKE, True),
        ("median_line.all_vs_sclc_like", SCLC_LIKE, False),
    ):
        marked = pd.Series(group[inside.index] == name, dtype="boolean")
        sides = f"of {name} and of the other LCNEC" if sign else f"of the other LCNEC and of {name}"
        answers[tail] = [_fold(inside.rename("FGL1"), marked if sign else ~marked, sides, min_group)]
    return answers


def cell_line_sentence(table: pd.DataFrame, line: str) -> str:
    """The highest cell lines and the place of one, in words."""
    values = table.set_index("cell_line")["fgl1_protein_log2"].dropna().sort_values(ascending=False, kind="stable")
    place = f"; {line} stands at {list(values.index).index(line) + 1}" if line in values.index else ""
    top = ", ".join(f"{name} {formats.number(value, 2)}" for name, value in values.head(3).items())
    return f"Highest of {len(values)} lines: {top}{place}."


def cancer_type_sentence(answers: dict[str, list[Finding]], medians: dict[str, float]) -> str:
    """The rank of NSCLC-like LCNEC and the three medians, in words."""
    rank, n = answers["rank.nsclc_like"][0], answers["n.tumors"][0]
    lines = ", ".join(f"{name} {formats.number(value, 2)}" for name, value in medians.items() if value == value)
    place = f"NSCLC-like LCNEC (n = {rank.n}) is shown, not ranked: {rank.note}."
    if rank.value is not None:
        known = rank.lower == rank.lower
        limits = f" ({rank.lower:.0f} to {rank.upper:.0f} over its median's 95% interval)" if known else ""
        place = f"By its median NSCLC-like LCNEC (n = {rank.n}) stands at rank {rank.value:.0f}{limits}."
    return f"{n.n:,} tumours of {answers['n.types'][0].n} types. {place} Medians of LCNEC, log2(TPM + 1): {lines}."
