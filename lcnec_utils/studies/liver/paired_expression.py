"""Notebook 11: genes and gene sets of liver against lung lesions of the same patients, and what normal tissue does."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.omics import cell_markers, immune
from lcnec_utils.stats import enrichment
from lcnec_utils.stats.differential import bootstrap_moderated_paired_t, moderated_paired_t
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.stats.ranks import spearman
from lcnec_utils.studies.liver.organ_pairs import LIVER, LUNG, organ_pairs

ALL, ADJUSTED, WITHOUT, TOGETHER = "all pairs", "adjusted", "no tissue genes", "together"
WORDS = {ALL: ALL, ADJUSTED: "adjusted for normal tissue", WITHOUT: "without the genes of normal tissue",
         TOGETHER: "pairs taken together"}  # fmt: skip
EXPRESSED, AT_LEAST = 0.25, 1.0  # a gene is compared where this share of samples has this many TPM
FEWEST = 3  # pairs of a moderated t
GENES = {"cd8a": "CD8A", "lck": "LCK", "icos": "ICOS"}  # tail of a claim's id → gene
SETS = {
    "antigen_processing": "KEGG_ANTIGEN_PROCESSING_AND_PRESENTATION",
    "nk_cytotoxicity": "KEGG_NATURAL_KILLER_CELL_MEDIATED_CYTOTOXICITY",
    "tcr_signaling": "KEGG_T_CELL_RECEPTOR_SIGNALING_PATHWAY",
}
NAMES = {
    SETS["antigen_processing"]: "Antigen processing and presentation",
    SETS["nk_cytotoxicity"]: "Natural killer cell cytotoxicity",
    SETS["tcr_signaling"]: "T-cell receptor signalling",
}
SHORT = dict(zip(NAMES, ("Antigen", "NK", "TCR"), strict=True))


@dataclasses.dataclass(frozen=True)
class OrganGenes:
    """Genes of the liver against those of the lung, by analysis (ALL, ADJUSTED, WITHOUT, TOGETHER).

    tables: analysis → `moderated_paired_t` of liver less lung with p_adjusted. sides: analysis → log2 expression of the
    liver and the lung, pairs × genes. covariates: by pair, the liver's less the lung's share of transcripts of normal
    tissue (percent). pairs: of `organ_pairs`. absent: analysis → why it could not be made.
    """

    tables: dict[str, pd.DataFrame]
    sides: dict[str, tuple[pd.DataFrame, pd.DataFrame]]
    covariates: pd.DataFrame
    pairs: pd.DataFrame
    absent: dict[str, str]

    def covariates_of(self, analysis: str) -> pd.DataFrame | None:
        """The covariates of an analysis; None of one without."""
        return self.covariates if analysis == ADJUSTED else None


def _log2(tpm: pd.DataFrame) -> pd.DataFrame:
    """log2(TPM + 1) of the genes that are expressed."""
    return np.log2(tpm.loc[:, (tpm >= AT_LEAST).mean() >= EXPRESSED] + 1)


def organ_genes(cohort: Cohort, *, simultaneous_months: float = 1.0) -> OrganGenes:
    """Every expressed gene compared between liver and lung of the same patient, in four analyses.

    ADJUSTED has the differences of both tissues' shares as covariates, so that its difference is that of a pair of
    samples that hold equally much normal tissue; WITHOUT leaves out the tissues' genes and brings each sample to a
    million without them; TOGETHER has the pairs that were taken at once. Raises MissingData where there is no pair with
    TPM.
    """
    pairs = organ_pairs(cohort, simultaneous_months=simultaneous_months)
    tpm = immune.tpm(cohort, needs="the comparison of organs needs")
    pairs = pairs[pairs[[LUNG, LIVER]].isin(tpm.index).all(axis=1)]
    if len(pairs) < FEWEST:
        raise MissingData(f"{cohort.name}: {formats.count(len(pairs), 'pair')} with expression; {FEWEST} are needed")
    tpm = tpm.loc[pairs[[LUNG, LIVER]].to_numpy().ravel()]
    shares = cell_markers.tissue_shares(tpm)
    tissue = [gene for entry in cell_markers.cell_markers()["tissues"].values() for gene in entry["genes"]]
    rest = tpm.drop(columns=tissue, errors="ignore")
    values = {ALL: _log2(tpm), WITHOUT: _log2(rest.div(rest.sum(axis=1), axis=0) * 1e6)}
    covariates = _difference(shares, pairs)
    tables, sides, absent = {}, {}, {}
    chosen = {
        ALL: (ALL, pairs, None), ADJUSTED: (ALL, pairs, covariates), WITHOUT: (WITHOUT, pairs, None),
        TOGETHER: (ALL, pairs[pairs["together"].fillna(False).astype(bool)], None),
    }  # fmt: skip
    for name, (which, rows, terms) in chosen.items():
        sides[name] = tuple(values[which].loc[rows[organ]].set_axis(rows.index) for organ in (LIVER, LUNG))
        if len(rows) < FEWEST:
            absent[name] = f"{formats.count(len(rows), 'pair')} taken together"
            continue
        try:
            table = moderated_paired_t(*sides[name], terms)
        except MissingData as reason:
            absent[name] = str(reason)
            continue
        tables[name] = table.assign(p_adjusted=benjamini_hochberg(table["p"]), pairs=len(rows))
    return OrganGenes(tables, sides, covariates, pairs, absent)


def _difference(shares: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The liver's less the lung's value of each column, by pair."""
    return shares.loc[pairs[LIVER]].set_axis(pairs.index) - shares.loc[pairs[LUNG]].set_axis(pairs.index)


def volcano_table(genes: OrganGenes, *, fdr: float) -> pd.DataFrame:
    """The genes of all pairs as `plots.volcano` takes them: log2_fold_change (liver over lung), p, p_adjusted,
    selected."""
    table = genes.tables[ALL]
    return pd.DataFrame(
        {
            "log2_fold_change": table["mean_log2_difference"], "p": table["p"], "p_adjusted": table["p_adjusted"],
            "selected": table["p_adjusted"] < fdr,
        }
    )  # fmt: skip


def named_genes(genes: OrganGenes, *, named: list[str]) -> pd.DataFrame:
    """The named genes in each analysis: what, gene, analysis, pairs, difference (log2, liver less lung), lower, upper,
    p, p_adjusted (over all genes of the analysis), note."""
    rows = []
    for gene in named:
        for analysis in (ALL, ADJUSTED, WITHOUT, TOGETHER):
            table, note = genes.tables.get(analysis), genes.absent.get(analysis, "")
            there = table is not None and gene in table.index
            row = table.loc[gene] if there else pd.Series(dtype=float)
            rows.append(
                {
                    "what": f"{gene}, {analysis}", "gene": gene, "analysis": analysis,
                    "pairs": int(row["pairs"]) if there else 0, "difference": row.get("mean_log2_difference", np.nan),
                    "lower": row.get("lower", np.nan), "upper": row.get("upper", np.nan), "p": row.get("p", np.nan),
                    "p_adjusted": row.get("p_adjusted", np.nan), "note": "" if there else note or "not expressed here",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _fold_change(genes: OrganGenes, gene: str, analysis: str) -> Finding:
    """The ratio of expression in the liver to that in the lung of the same patient, as a finding."""
    table = genes.tables.get(analysis)
    if table is None or gene not in table.index:
        return Finding(None, note=genes.absent.get(analysis, f"{gene} is not expressed here"))
    row = table.loc[gene]
    limits = {name: float(2 ** row[name]) for name in ("lower", "upper", "lower_90", "upper_90")}
    value = float(2 ** row["mean_log2_difference"])
    return Finding(value, **limits, p=float(row["p"]), n=int(row["pairs"]), scale="ratio")


def gene_findings(genes: OrganGenes) -> dict[str, list[Finding]]:
    """Findings on genes, by the tail of a claim's id: the fold change over all pairs, and that adjusted for normal
    tissue; a claim holds where both say so."""
    both = {
        id: [_fold_change(genes, gene, analysis) for analysis in (ALL, ADJUSTED)] for id, gene in GENES.items()
    }  # fmt: skip
    return both | {"immune_activation.discussion": [finding for each in both.values() for finding in each]}


def genes_sentence(genes: OrganGenes, *, fdr: float, named: list[str]) -> str:
    """How many genes differ in each analysis, and how the named genes' differences go with normal liver tissue."""
    parts = []
    for name in (ALL, ADJUSTED, WITHOUT, TOGETHER):
        if name in genes.tables:
            table = genes.tables[name]
            differ = int((table["p_adjusted"] < fdr).sum())
            parts.append(f"{WORDS[name]} (n = {int(table['pairs'].iloc[0])}) {differ:,} of {len(table):,}")
        else:
            parts.append(f"{WORDS[name]}: {genes.absent[name]}")
    liver, lung = genes.sides[ALL]
    tied = []
    for gene in [gene for gene in named if gene in liver]:
        for tissue, organ in (("hepatocyte", "liver"), ("pneumocyte", "lung")):
            rho, p, _ = spearman(liver[gene] - lung[gene], genes.covariates[tissue])
            tied.append(f"{gene} and {organ} tissue {formats.number(rho, 2)} ({formats.p_value(p)})")
    shares = genes.covariates.median()
    return (
        f"Genes that differ between liver and lung at a false discovery rate of {100 * fdr:g}%: {'; '.join(parts)}. "
        f"In the median pair liver genes give {formats.number(shares['hepatocyte'], 1)} points more, and lung genes "
        f"{formats.number(-shares['pneumocyte'], 1)} points less, of the liver sample's transcripts than of the lung "
        f"sample's. Spearman's correlation within pairs, of a gene's difference and the difference of tissue: "
        f"{'; '.join(tied)}."
    )


# --- gene sets


@dataclasses.dataclass(frozen=True)
class OrganSets:
    """Gene sets of the lung against the liver, by analysis.

    scores: analysis, pairs, set, name, size, nes, p, p_adjusted (over the three sets of SETS), and limits where pairs
    were resampled (nes_lower …). curves: set → `running_sum` of all pairs. fdr: set → its false discovery rate over all
    sets of the collection, all pairs. tested: how many these are.
    """

    scores: pd.DataFrame
    curves: dict[str, pd.DataFrame]
    fdr: dict[str, float]
    tested: int


def organ_sets(
    genes: OrganGenes, sets: dict[str, list[str]], *, permutations: int, resamples: int, seed: int
) -> OrganSets:
    """The three sets of SETS scored in each analysis, in the order of the moderated t of the lung over the liver, with
    limits from resampled pairs in ALL and ADJUSTED; and all sets of the collection over all pairs.

    Raises MissingData where the three are not among the sets or cannot be scored.
    """
    three = {name: sets[name] for name in NAMES if name in sets}
    if len(three) < len(NAMES):
        raise MissingData(f"the gene sets do not hold {next(name for name in NAMES if name not in sets)}")
    parts, options = [], {"permutations": permutations, "seed": seed}
    for name, table in genes.tables.items():
        ranked = -table["t"].dropna().sort_index()
        scored = enrichment.enrichment_scores(ranked, three, **options)
        if name in (ALL, ADJUSTED):
            liver, lung = (side[ranked.index] for side in genes.sides[name])
            terms = None if name == ALL else -genes.covariates
            drawn = bootstrap_moderated_paired_t(lung, liver, terms, resamples=resamples, seed=seed)
            limits = enrichment.limits_of_rankings(drawn, ranked, three, scored, seed=seed)
            scored = scored.join(limits, on="set")
        adjusted = benjamini_hochberg(scored["p"])
        parts.append(scored.assign(p_adjusted=adjusted, analysis=name, pairs=int(table["pairs"].iloc[0])))
    scores = pd.concat(parts, ignore_index=True).drop(columns=["fdr", "leading_edge", "es"])
    ranked = -genes.tables[ALL]["t"].dropna().sort_index()
    whole = enrichment.enrichment_scores(ranked, sets, **options).set_index("set")["fdr"]
    curves = {name: enrichment.running_sum(ranked, three[name]) for name in NAMES if name in set(scores["set"])}
    return OrganSets(scores.assign(name=scores["set"].map(NAMES)), curves, whole.to_dict(), len(whole))


def set_table(sets: OrganSets) -> pd.DataFrame:
    """The scores as `plots.difference_forest` takes them: what, difference (NES), lower, upper, p_adjusted, note; sets
    in their order, analyses within. An analysis whose pairs were not resampled has no limits."""
    table = sets.scores.assign(what=sets.scores["set"].map(SHORT) + ", " + sets.scores["analysis"])
    table = table.rename(columns={"nes": "difference", "nes_lower": "lower", "nes_upper": "upper"})
    order = [f"{name}, {analysis}" for name in SHORT.values() for analysis in (ALL, ADJUSTED, WITHOUT, TOGETHER)]
    table = table.set_index("what").reindex([what for what in order if what in set(table["what"])]).reset_index()
    return table.assign(note="")


def set_findings(sets: OrganSets) -> dict[str, list[Finding]]:
    """Findings on the three sets, by the tail of a claim's id: the normalised score over all pairs and the adjusted."""
    answers = {}
    for id, name in SETS.items():
        rows = sets.scores[sets.scores["set"] == name].set_index("analysis")
        answers[id] = [_score(rows, analysis) for analysis in (ALL, ADJUSTED)]
    return answers


def _score(rows: pd.DataFrame, analysis: str) -> Finding:
    if analysis not in rows.index:
        return Finding(None, note="too few genes of the set were measured")
    row = rows.loc[analysis]
    limits = {name: float(row[f"nes_{name}"]) for name in ("lower", "upper", "lower_90", "upper_90")}
    return Finding(float(row["nes"]), **limits, p=float(row["p"]), n=int(row["pairs"]), scale="difference")


def sets_sentence(sets: OrganSets, *, level: float = 0.05) -> str:
    """The three sets' scores over all pairs, and in which other analyses each stays enriched in the lung."""
    parts = []
    for name, rows in sets.scores.groupby("name", sort=False):
        rows = rows.set_index("analysis")
        kept = rows[(rows["nes"] > 0) & (rows["p_adjusted"] < level)].index
        holds = [each for each in (ADJUSTED, WITHOUT, TOGETHER) if each in kept]
        row = rows.loc[ALL]
        limits = f"{formats.number(row['nes_lower'], 2)} to {formats.number(row['nes_upper'], 2)}"
        value = f"{name} {formats.number(row['nes'], 2)} (95% CI {limits}; {row['size']} genes)"
        others = formats.listed([WORDS[each] for each in holds])
        parts.append(f"{value}, enriched too {others}" if holds else f"{value}, in no other analysis")
    return (
        f"Normalised enrichment score over all pairs, positive where the set is higher in the lung: {'; '.join(parts)} "
        f"(adjusted p below {level:g} over the three sets). Limits are of resampled pairs."
    )


def score_words(sets: OrganSets, name: str) -> str:
    """A set's score over all pairs and its false discovery rate over the whole collection, for a plot."""
    row = sets.scores[(sets.scores["set"] == name) & (sets.scores["analysis"] == ALL)].iloc[0]
    rate = sets.fdr.get(name, float("nan"))
    shown = "FDR < 0.001" if rate < 0.001 else f"FDR = {formats.number(rate, 3)}"
    return f"NES {formats.number(row['nes'], 2)}\n{shown} of {sets.tested} sets"
