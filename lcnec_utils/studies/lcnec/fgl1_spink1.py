"""FGL1, SPINK1 and other genes that differ between subtypes: lists, clusters, gene sets, other cohorts and cancers."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding, of_count, of_parameter
from lcnec_utils.core.formats import listed
from lcnec_utils.omics import expression
from lcnec_utils.omics.expression import fold_change, log2_expression, median_interval
from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, burden, by_patient, genomic_subtype
from lcnec_utils.stats import differential, embedding, enrichment, paired
from lcnec_utils.stats.embedding import SUBSAMPLES, Clusters

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


def order_within_groups(z: pd.DataFrame, group: pd.Series) -> list[str]:
    """The samples in the order of the groups, and in each as a tree of its own has them (Ward's linkage).

    z: samples × genes. group: categorical by sample.
    """
    order: list[str] = []
    for name in group.cat.categories:
        part = z[(group.reindex(z.index) == name).to_numpy()]
        order += list(part.index[embedding.leaves(embedding.sample_tree(part))] if len(part) > 2 else part.index)
    return order


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


def clusters(log2: pd.DataFrame, most: int, number: int, seed: int, linkage: str, distance: str) -> Clusters:
    """Clusters of tumours by their most variable genes, as embedding.hierarchical_clusters, named by letters.

    log2: samples × genes. most: number of genes. number: of clusters into which the tree is cut. linkage, distance: as
    scipy names them. The label is categorical: A, B, … from the largest down. Raises MissingData for fewer than 12
    tumours.
    """
    numbered = embedding.hierarchical_clusters(
        log2, n_top_genes=most, number=number, seed=seed, linkage=linkage, distance=distance
    )
    letters = dict(enumerate(LETTERS[: numbered.label.max()], 1))
    label = pd.Categorical(numbered.label.map(letters), list(letters.values()))
    return dataclasses.replace(numbered, label=pd.Series(label, log2.index, name="cluster"))


def clusters_of_genes(z: pd.DataFrame, number: int, linkage: str, distance: str) -> tuple[np.ndarray, pd.Series]:
    """The tree of tumours by these genes, and the clusters it is cut into, numbered "1", "2", … from the largest down.

    z: samples × genes, standardised.
    """
    tree = embedding.sample_tree(z, linkage=linkage, distance=distance)
    cut = pd.Series(embedding.cut_tree(tree, number), z.index)
    rank = {old: str(new) for new, old in enumerate(cut.value_counts().index, 1)}
    return tree, pd.Series(pd.Categorical(cut.map(rank), list(rank.values())), z.index, name="cluster")


@dataclasses.dataclass(frozen=True)
class SecondClustering:
    """Tumours clustered by the genes that differ most between the two largest clusters of a first clustering.

    genes: those that the clustering is by. z: samples × genes, standardised, the genes shown. tree: scipy's linkage
    matrix. label: clusters "1", "2", … by sample.
    """

    genes: list[str]
    z: pd.DataFrame
    tree: np.ndarray
    label: pd.Series


def cluster_again(
    log2: pd.DataFrame, cluster: pd.Series, per_side: int, always: list[str], number: int, linkage: str, distance: str
) -> SecondClustering:
    """The tumours clustered by the `per_side` genes of the highest and as many of the lowest moderated t between the
    two largest clusters. always: genes shown besides, which have no say. Raises MissingData where one of the two has a
    single tumour."""
    between = differential.compare_genes(log2, largest_two(cluster))
    genes = top_genes(between, per_side, [])
    tree, label = clusters_of_genes(expression.z_scores(log2[genes]), number, linkage, distance)
    shown = top_genes(between, per_side, always)
    return SecondClustering(genes, expression.z_scores(log2[shown]), tree, label)


def cluster_findings(
    log2: pd.DataFrame, cluster: pd.Series, number: Finding, min_group: int = FEWEST
) -> dict[str, list[Finding]]:
    """Findings on clusters, by the tail of a claim's id. The source's cluster A is known only by the two genes it is
    said to express: for the claim on FGL1 it is taken to be the one with the most SPINK1, and the other way round; for
    the claim on its size the one with the most of both, however large."""
    answers = {"n.clusters": [number]}
    letters = list(cluster.cat.categories)
    genes = ["FGL1", "SPINK1"]
    if lacking := set(genes) - set(log2):
        reason = Finding(None, note=f"no expression of {min(lacking)}, by which the source's cluster A is known")
        answers |= {tail: [reason] for tail in ("fgl1.cluster_a", "spink1.cluster_a", "largest.b_vs_a")}
    else:
        z = expression.z_scores(log2[genes])

        def highest(*genes: str) -> str:
            return max(letters, key=lambda name: z.loc[cluster == name, list(genes)].mean().sum())

        for gene, by in (("FGL1", "SPINK1"), ("SPINK1", "FGL1")):
            rest = [name for name in letters if name != highest(by)]
            finding = _group_fold_change(log2[gene], cluster, [highest(by)], rest, min_group)
            answers[f"{gene.lower()}.cluster_a"] = [finding]
        answers["largest.b_vs_a"] = [_larger_clusters(cluster, highest(*genes))]
    # nothing but its size tells C from B and D
    by_size = "clusters B, C and D are known by their sizes alone, so that B and D are larger than C in any cohort"
    answers["largest.d_vs_c"] = [Finding(None, note=by_size)]
    return answers


def _larger_clusters(cluster: pd.Series, marked: str) -> Finding:
    """The share of the second largest of the other clusters less that of the marked one: below 0 where fewer than two
    are larger. Limits by Tango's score interval, which holds for two shares of one multinomial draw as for pairs."""
    sizes = cluster.value_counts()
    others = sizes.drop(marked).sort_values(ascending=False)
    if len(others) < 3:
        return Finding(None, note=f"there are {len(sizes)} clusters here, and the claim is on four")
    one, other, n = int(others.iloc[1]), int(sizes[marked]), len(cluster)
    limits = {}
    for name, level in (("", 0.95), ("_90", 0.90)):
        lower, upper = paired.paired_difference_interval(one, other, n, level=level)
        limits |= {f"lower{name}": lower, f"upper{name}": upper}
    return Finding((one - other) / n, **limits, n=n, scale="difference")


def largest_two(cluster: pd.Series) -> pd.Series:
    """Whether a tumour is of the largest cluster (True) or of the second largest (False); missing for all others."""
    first, second = cluster.cat.categories[:2]
    return cluster.astype(str).map({first: True, second: False}).astype("boolean")


def cluster_table(log2: pd.DataFrame, cluster: pd.Series, genes: list[str]) -> pd.DataFrame:
    """The size of each cluster and its mean log2 expression of genes: cluster, n, then the genes that were measured."""
    measured = [gene for gene in genes if gene in log2]
    means = log2[measured].groupby(cluster, observed=True).mean()
    return means.assign(n=cluster.value_counts()).rename_axis("cluster")[["n", *measured]]


def clusterings_table(log2: pd.DataFrame, cluster: pd.Series, again: pd.Series, genes: list[str]) -> pd.DataFrame:
    """`cluster_table` of both clusterings, one under the other: clustering, cluster, n, then the genes measured."""
    tables = {"most variable genes": cluster, "genes between the two largest": again}
    parts = {name: cluster_table(log2, label, genes).reset_index() for name, label in tables.items()}
    return pd.concat(parts, names=["clustering"]).reset_index(level=0).set_index(["clustering", "cluster"])


def cluster_tracks(cohort: Cohort, cluster: pd.Series) -> dict[str, pd.Series]:
    """What stands over a heatmap of clustered tumours: their cluster, and their genomic subtype where the cohort has
    genotypes."""
    try:
        subtype = genomic_subtype(cohort).reindex(cluster.index)
    except MissingData:
        return {"Cluster": cluster}
    return {"Cluster": cluster, "Genomic subtype": subtype}


def clusters_sentence(clusters: Clusters, second: SecondClustering) -> str:
    """Sentences on the clusters' sizes, on their number by silhouette, their stability and the second clustering."""
    cluster, again, (low, high) = clusters.label, second.label, clusters.middle_95
    sizes = ", ".join(f"{name} {int((cluster == name).sum())}" for name in cluster.cat.categories)
    sizes_again = [str(n) for n in again.value_counts()]
    agreement = embedding.rand_index(cluster, again)
    return (
        f"{len(cluster.cat.categories)} clusters of {len(cluster)} tumours: {sizes}. The silhouette is highest with "
        f"{clusters.number.value:.0f} clusters ({low:.0f} to {high:.0f} in the middle 95% of {SUBSAMPLES} "
        f"random samples of 80% of the tumours). The clusters of those samples agree with these at a mean adjusted "
        f"Rand index of {formats.number(clusters.rand_index, 2)}. Clustered again by the {len(second.genes)} genes "
        f"that differ most between the two largest, the tumours form {len(again.cat.categories)} clusters of "
        f"{listed(sizes_again)}; the adjusted Rand index with the first is {formats.number(agreement, 2)}."
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
    log2: pd.DataFrame,
    marked: pd.Series,
    sets: dict[str, list[str]],
    *,
    permutations: int,
    seeds: int,
    seed: int,
    resamples: int,
    limits_of: list[str],
) -> tuple[pd.DataFrame, pd.Series]:
    """Preranked enrichment by the moderated t of the marked against the others: the sets with NES, FDR and their range
    over seeds, and the ranked genes. The sets limits_of also have limits, from resamples of the tumours."""
    ranked = enrichment.rank_genes(differential.compare_genes(log2, marked)["moderated_t"])
    table = enrichment.enrichment_scores(ranked, sets, permutations=permutations, seed=seed)
    several = [seed + i for i in range(seeds)]
    ranges = enrichment.spread_over_seeds(ranked, sets, seeds=several, known={seed: table}, permutations=permutations)
    columns = ["set", "nes_min", "nes_median", "nes_max", "fdr_min", "fdr_median", "fdr_max"]
    named = {name: sets[name] for name in limits_of if name in sets}
    limits = enrichment.score_limits(log2, marked, named, table, resamples=resamples, seed=seed)
    return table.merge(ranges[columns], on="set").merge(limits, on="set", how="left"), ranked


def set_findings(table: pd.DataFrame, names: list[str], marked: pd.Series) -> list[Finding]:
    """The normalised enrichment score of each set as a finding, with its limits from resampled tumours; marked: the
    two groups of tumours, by which its size is known."""
    findings = []
    sides = [int((marked == side).sum()) for side in (True, False)]
    for name in names:
        rows = table[table["set"] == name]
        if rows.empty:
            findings.append(Finding(None, note=f"{name} is not among the sets tested"))
            continue
        row = rows.iloc[0]
        limits = {limit: float(row[f"nes_{limit}"]) for limit in ("lower", "upper", "lower_90", "upper_90")}
        size = {"n": sum(sides), "smallest": min(sides)}
        findings.append(Finding(float(row["nes"]), **limits, p=float(row["p"]), scale="difference", **size))
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
    low, high = (formats.number(row[limit], 2) for limit in ("nes_lower", "nes_upper"))
    return f"NES {formats.number(row['nes'], 2)}\n95% CI {low} to {high}\nFDR {rate}\n{row['size']} genes"


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
        f"{'. Highest: ' if named else ''}{named}.{_limits_sentence(table)}"
    )


def _limits_sentence(table: pd.DataFrame) -> str:
    """A sentence on the sets whose scores have limits; none where no set has."""
    parts = ", ".join(
        f"{row.set.removeprefix('HALLMARK_').replace('_', ' ').lower()} {formats.number(row.nes, 2)} "
        f"({formats.number(row.nes_lower, 2)} to {formats.number(row.nes_upper, 2)})"
        for row in table.dropna(subset=["nes_lower"]).itertuples()
    )
    return f" NES with 95% limits from resampled tumours: {parts}." if parts else ""


@dataclasses.dataclass(frozen=True)
class LongSurvivors:
    """The patients on immunotherapy alone who lived longer than so many months.

    table: index PATIENT_ID, the longest first; columns months, event (bool), tmb_per_mb, pdl1_percent (missing where
    not tested). lacks: column → why the cohort has no such test. tmb_above, pdl1_from: what is high, what positive.
    """

    table: pd.DataFrame
    lacks: dict[str, str]
    months: float
    tmb_above: float
    pdl1_from: float

    def is_high(self, name: str) -> pd.Series:
        """Whether each patient tested is high (TMB) or positive (PD-L1); patients without the test are left out."""
        known = self.table[name].dropna()
        return known > self.tmb_above if name == "tmb_per_mb" else known >= self.pdl1_from


def long_survivors(cohort: Cohort, months: float, tmb_above: float, pdl1_from: float) -> LongSurvivors:
    """The patients on immunotherapy alone who lived longer than so many months, and their biomarkers."""
    regimen = cohort.column("FIRST_LINE_REGIMEN", "first-line regimen")
    times = cohort.survival("OS").reindex(regimen.index[regimen == "immunotherapy"]).dropna()
    table = times.loc[times["months"] > months, ["months", "event"]]
    table = table.sort_values("months", ascending=False, kind="stable")
    lacks = {}
    for name, measure in (
        ("tmb_per_mb", lambda: by_patient(cohort, burden(cohort))),
        ("pdl1_percent", lambda: cohort.column("PDL1_SCORE", "PD-L1 score")),
    ):
        try:
            table[name] = measure().reindex(table.index).astype(float)
        except MissingData as reason:
            table[name], lacks[name] = np.nan, str(reason)
    return LongSurvivors(table, lacks, months, tmb_above, pdl1_from)


def long_survivor_values(survivors: LongSurvivors) -> dict[str, pd.DataFrame]:
    """What a figure says of each long survivor, by biomarker: columns words (the value) and level (high or low,
    positive or negative; missing where not tested)."""
    heads = {"tmb_per_mb": ("TMB, per Mb", "high", "low", 1), "pdl1_percent": ("PD-L1, %", "positive", "negative", 0)}
    tables = {}
    for name, (head, high, low, digits) in heads.items():
        level = survivors.is_high(name).map({True: high, False: low})
        text = [None if pd.isna(value) else formats.number(value, digits) for value in survivors.table[name]]
        columns = {"words": pd.Series(text, survivors.table.index, dtype=object), "level": level.astype(object)}
        tables[head] = pd.DataFrame(columns, index=survivors.table.index)
    return tables


def long_survivors_sentence(survivors: LongSurvivors) -> str:
    """A sentence on how many patients on immunotherapy alone lived longer, and on their biomarkers."""
    parts = [
        f"{int(high.sum())} of {len(high)} tested {words}"
        for high, words in (
            (survivors.is_high("tmb_per_mb"), f"had a TMB over {survivors.tmb_above:g} per Mb"),
            (survivors.is_high("pdl1_percent"), f"had a PD-L1 score of {survivors.pdl1_from:g}% or more"),
        )
        if len(high)
    ]
    number = formats.count(len(survivors.table), "patient")
    end = f": {', '.join(parts)}" if parts else ""
    return f"{number} on immunotherapy alone lived over {survivors.months:g} months{end}."


def long_survivor_findings(survivors: LongSurvivors, min_group: int = FEWEST) -> dict[str, list[Finding]]:
    """Findings on the long survivors and their biomarkers, by the tail of a claim's id."""
    answers = {"n.long_rwos": [of_count(len(survivors.table))], "cut.rwos": [of_parameter(survivors.months)]}
    for tail, name in (("tmb_high", "tmb_per_mb"), ("pdl1", "pdl1_percent")):
        high = survivors.is_high(name)
        finding = Finding(100 * float(high.mean()), n=len(high)) if len(high) >= min_group else None
        if finding is None:
            tested = formats.count(len(high), "patient")
            few = f"{tested} who survived so long had the test, and a share needs {min_group}"
            finding = Finding(None, note=survivors.lacks.get(name, few))
        answers[f"{tail}.long_rwos"] = [finding]
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
