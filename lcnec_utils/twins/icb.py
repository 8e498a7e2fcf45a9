"""The twin of 240 NSCLC on checkpoint blockade: tumours, PD-L1, expression, and each patient's course.

Shares that the review prints are met by number of tumours; effects that it states without a size are put in by the
sizes of laws/icb.yaml and left to the draw. Everything else is assumed.
"""

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.cohort.histology import LUAD, LUSC, NSCLC
from lcnec_utils.twins import genome, icb_courses, people, transcriptome
from lcnec_utils.twins.people import CHEMOIMMUNOTHERAPY, IMMUNOTHERAPY
from lcnec_utils.twins.studies import PLACEHOLDERS, Study, blank, by_patient, described, identifiers
from lcnec_utils.twins.targets import Targets, stream

SOURCE = "icb_resistance"
KINDS = [LUAD, LUSC, NSCLC]
DETAILED = {LUAD: "Lung Adenocarcinoma", LUSC: "Lung Squamous Cell Carcinoma",
            NSCLC: "Poorly Differentiated Non-Small Cell Lung Cancer"}  # fmt: skip
CODE = {LUAD: "LUAD", LUSC: "LUSC", NSCLC: "NSCLCPD"}
EXON_19, L858R = "p.E746_A750del", "p.L858R"
LOCUS_9P21 = ["CDKN2A", "CDKN2B", "MTAP"]
HIGH_BURDEN, HIGH_PDL1 = 10.0, 50.0  # per Mb, as the runs' default has it; percent


def make(seed: int) -> dict[str, Study]:
    """The twin, by its name."""
    return {"twin_icb": patients_on_blockade(seed)}


def patients_on_blockade(seed: int) -> Study:
    """Tumours, expression and courses of the twin as a study."""
    targets = Targets(SOURCE)
    rng = stream(seed, "icb", "tumours")
    kinds = people.exactly(rng, targets.assume("icb", "histology"), sum(targets.assume("icb", "histology").values()))
    altered, changes = genotypes(rng, targets, kinds)
    lost = losses(rng, targets, kinds)
    marks = marks_of(altered, changes, lost)
    never = rng.random(len(kinds)) < np.where(altered["EGFR"], *targets.assume("icb", "never_smoker").values())
    ids = identifiers(rng, "TWINICB", len(kinds))
    mutated, deleted = genome.drivers(rng, targets, altered, changes)
    samples, mutations = _tumours(rng, targets, ids, kinds, altered, mutated, marks, never)
    marks["TMB high"] = samples["TMB_NONSYNONYMOUS"] >= HIGH_BURDEN
    marks["PD-L1 high"] = samples["PDL1_SCORE"] >= HIGH_PDL1
    patients = _patients(stream(seed, "icb", "course"), targets, ids, marks, never)
    marks["no durable benefit"] = patients["DURABLE_CLINICAL_BENEFIT"] == "NO"
    expression = expressed(stream(seed, "icb", "expression"), targets, marks, samples["SAMPLE_ID"])
    samples["TRANSCRIPTOME"] = np.where(samples["SAMPLE_ID"].isin(expression.obs_names), "YES", "NO")
    copies = copy_number(rng, lost, deleted, samples["SAMPLE_ID"])
    targets.decline("twin_icb")
    blank(patients)
    blank(samples)
    return Study(
        patients=by_patient(patients),
        samples=by_patient(samples),
        study=_described(),
        targets=targets,
        mutations=mutations,
        copy_number=copies.loc[:, sorted(copies.columns)],
        panel_genes={genome.PANEL: sorted({*genome.assays()[genome.PANEL], *altered, *copies.index})},
        expression=expression[sorted(expression.obs_names)],
    )


def _described() -> dict:
    study = described("Checkpoint blockade twin", "first dose of checkpoint blockade", [])
    return study | {
        "source": "Simulated patients: shares and effects as the review prints them (Dai et al. 2024)",
        "notes": [
            "Simulated patients: shares that the review prints are met by number, effects that it states were put in "
            "with sizes of our own, all else is assumed; none of it is evidence.",
            PLACEHOLDERS,
            "Days are counted from the first dose of blockade; in 5% of the patients a date is missing.",
        ],
    }


# --- tumours


def _choose(rng: np.random.Generator, flags: np.ndarray, count: int, within: np.ndarray) -> None:
    """Sets so many of the flags where `within` holds, at random."""
    flags[rng.permutation(np.flatnonzero(within))[:count]] = True


def genotypes(rng: np.random.Generator, targets: Targets, kinds: np.ndarray) -> tuple[pd.DataFrame, dict]:
    """Which genes are altered in each tumour, and the protein changes of KRAS and EGFR: gene → tumour → change.

    The printed shares of KRAS, STK11 and KEAP1 by histology, of STK11 with KRAS, and of TP53, STK11 and AR in all are
    met by number; KRAS and EGFR exclude each other.
    """
    shares = targets.assume("icb", "prevalence")
    table = {gene: np.zeros(len(kinds), bool) for gene in shares}
    of, every = {kind: kinds == kind for kind in KINDS}, np.ones(len(kinds), bool)

    def printed(id: str, whole: np.ndarray, knob: str) -> int:
        return round(float(targets.take(f"rv_text_effects.{id}", knob).value) / 100 * whole.sum())

    def by_kind(values: list[float]) -> np.ndarray:
        return sum(of[kind] * value for kind, value in zip(KINDS, values, strict=True))

    for kind, id in ((LUAD, "kras.luad"), (LUSC, "kras.lscc")):
        _choose(rng, table["KRAS"], printed(id, of[kind], f"{kind} with KRAS"), of[kind])
    _choose(rng, table["KRAS"], round(shares["KRAS"][2] * of[NSCLC].sum()), of[NSCLC])
    for kind, share in zip(KINDS, shares["EGFR"], strict=True):
        _choose(rng, table["EGFR"], round(share * of[kind].sum()), of[kind] & ~table["KRAS"])
    kras, egfr, stk11 = table["KRAS"], table["EGFR"], table["STK11"]
    _choose(rng, stk11, printed("kras_stk11.share", kras, "KRAS-mutated NSCLC with STK11 too"), kras)
    more = printed("stk11.ricciuti", of[LUAD], "LUAD with STK11") - (stk11 & of[LUAD]).sum()
    _choose(rng, stk11, more, of[LUAD] & ~kras & ~egfr)
    everywhere = printed("mdacc.stk11", every, "tumours with STK11; what is left falls to the other histologies")
    _choose(rng, stk11, everywhere - stk11.sum(), ~of[LUAD] & ~kras & ~egfr)
    keap1 = printed("keap1.ricciuti", of[LUAD], "LUAD with KEAP1")
    both = round(targets.assume("icb", "keap1_with_stk11") * keap1)
    _choose(rng, table["KEAP1"], both, of[LUAD] & stk11)
    _choose(rng, table["KEAP1"], keap1 - both, of[LUAD] & ~stk11 & ~egfr)
    for kind, share in zip(KINDS[1:], shares["KEAP1"][1:], strict=True):
        _choose(rng, table["KEAP1"], round(share * of[kind].sum()), of[kind])
    weight = by_kind(shares["TP53"])
    tp53 = printed("mdacc.tp53", every, "tumours with TP53")
    table["TP53"][rng.choice(len(kinds), tp53, replace=False, p=weight / weight.sum())] = True
    _choose(rng, table["AR"], printed("mdacc.ar", every, "tumours with AR"), every)
    for gene in [gene for gene in shares if not table[gene].any()]:
        table[gene] = rng.random(len(kinds)) < by_kind(shares[gene])
    targets.plant("rv_text_effects.kras_g12c.most_prevalent", "the most frequent allele of KRAS")
    changes = {}
    for gene, alleles in targets.assume("icb", "alleles").items():
        rows = np.flatnonzero(table[gene])
        changes[gene] = dict(zip(rows, people.exactly(rng, alleles, len(rows)), strict=True))
    return pd.DataFrame(table), changes


def losses(rng: np.random.Generator, targets: Targets, kinds: np.ndarray) -> pd.DataFrame:
    """Which tumours lost both copies of 9p21 and of B2M."""
    share = dict(zip(KINDS, targets.assume("icb", "loss_9p21"), strict=True))
    table = pd.DataFrame({"9p21": False, "B2M": False}, index=range(len(kinds)))
    for kind in KINDS:
        flags = np.zeros(len(kinds), bool)
        _choose(rng, flags, round(share[kind] * (kinds == kind).sum()), kinds == kind)
        table["9p21"] |= flags
    flags = np.zeros(len(kinds), bool)
    _choose(rng, flags, round(targets.assume("icb", "loss_b2m") * len(kinds)), np.ones(len(kinds), bool))
    table["B2M"] = flags
    return table


def marks_of(altered: pd.DataFrame, changes: dict, lost: pd.DataFrame) -> pd.DataFrame:
    """What the laws' effects go by, by tumour: genes, alleles and losses, True or False."""
    egfr, kras = (pd.Series(changes[gene], dtype=object).reindex(altered.index) for gene in ("EGFR", "KRAS"))
    return pd.DataFrame(
        {
            "STK11": altered["STK11"],
            "KEAP1": altered["KEAP1"],
            "KRAS": altered["KRAS"],
            "EGFR": altered["EGFR"],
            "EGFR exon 19 deletion": egfr == EXON_19,
            "EGFR L858R": egfr == L858R,
            "EGFR rare": egfr.notna() & ~egfr.isin([EXON_19, L858R]),
            "KRAS G12D": kras == "p.G12D",
            "9p21 loss": lost["9p21"],
            "B2M loss": lost["B2M"] | altered["B2M"],
        }
    )


def _tumours(rng, targets: Targets, ids, kinds, altered, mutated, marks, never) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sample columns and MAF: burden lower with EGFR and in never-smokers, PD-L1 lower with STK11 and KEAP1."""
    n, law = len(kinds), targets.assume("icb", "tmb")
    megabases = np.full(n, targets.assume("icb", "megabases"))
    by_allele = targets.planted("icb", "tmb_log")
    targets.plant("rv_text_effects.tmb.exon19_l858r", "burden of the two alleles of EGFR", by_allele)
    middle = (
        np.log(law["median_per_mb"])
        + law["never_smoker"] * never
        + sum(size * marks[name].to_numpy(float) for name, size in by_allele.items())
    )
    least = mutated[mutated["class"] != "Splice_Site"]["row"].value_counts().reindex(range(n), fill_value=0).to_numpy()
    counted = np.maximum(np.rint(np.exp(rng.normal(middle, law["log_sd"])) * megabases).astype(int), least)
    names = np.array([f"{name}-T1" for name in ids], dtype=object)
    assay = np.full(n, genome.PANEL, dtype=object)
    rows = genome.calls(rng, targets, mutated, counted, assay, {*altered, *LOCUS_9P21})
    lower = targets.planted("icb", "pdl1_positive_log_odds")
    for id in targets.planted("icb", "pdl1_claims"):
        targets.plant(id, "log odds of a positive score", lower)
    positive = targets.assume("icb", "pdl1_positive")
    log_odds = np.log(positive / (1 - positive)) + sum(size * marks[name] for name, size in lower.items())
    tested = rng.random(n) < targets.assume("icb", "pdl1_tested")
    of_metastasis = rng.random(n) < targets.assume("icb", "metastasis_biopsied")
    score = genome.pdl1(rng, tested, rng.random(n) < 1 / (1 + np.exp(-log_odds)))
    return pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SAMPLE_ID": names,
            "ONCOTREE_CODE": [CODE[kind] for kind in kinds],
            "CANCER_TYPE": "Non-Small Cell Lung Cancer",
            "CANCER_TYPE_DETAILED": [DETAILED[kind] for kind in kinds],
            "SAMPLE_TYPE": np.where(of_metastasis, "Metastasis", "Primary"),
            "GENE_PANEL": genome.PANEL,
            "COVERED_MEGABASES": megabases,
            "TMB_NONSYNONYMOUS": np.round(counted / megabases, 2),
            "PDL1_SCORE": score,
            "PDL1_ASSAY": np.where(np.isnan(score), "", "22C3"),
        }
    ), genome.maf(rng, names, rows)  # fmt: skip


def copy_number(
    rng: np.random.Generator, lost: pd.DataFrame, deleted: pd.DataFrame, samples: pd.Series
) -> pd.DataFrame:
    """Discrete copy number, genes × tumours; the genes of 9p21 are lost together. deleted: other genes (row, gene)."""
    genes = [*LOCUS_9P21, "B2M", "MYC", "NKX2-1", "FGFR1", "SOX2", *sorted(deleted["gene"].unique())]
    table = pd.DataFrame(rng.choice([-1, 0, 0, 0, 0, 1], (len(genes), len(samples))), genes, list(samples))
    for gene in LOCUS_9P21:
        table.loc[gene, lost["9p21"].to_numpy()] = -2
    table.loc["B2M", lost["B2M"].to_numpy()] = -2
    for row, gene in deleted.itertuples(index=False):
        table.at[gene, samples.iloc[row]] = -2
    return table.sort_index().rename_axis("Hugo_Symbol").astype("Int64")


# --- patients


def _patients(rng: np.random.Generator, targets: Targets, ids, marks: pd.DataFrame, never) -> pd.DataFrame:
    """Who the patients are, how they were treated, and their courses."""
    n = len(ids)
    setting = people.exactly(rng, targets.assume("icb", "setting"), n)
    targets.plant("rv_resistance_by_line.line", "median progression-free survival shorter in later lines")
    for id in ("combination", "first_line_monotherapy"):
        targets.plant(f"rv_resistance_by_line.{id}", "median progression-free survival longer with chemotherapy")
    for id in ("first_line.lower", "first_line.upper", "second_line.lower", "second_line.upper"):
        knob = "medians of progression-free survival, so that the share of PD as best response lies in the range"
        targets.take(f"rv_resistance_by_line.{id}", knob)
    for mark, claims in targets.planted("icb", "outcome_claims").items():
        for id in claims:
            targets.plant(id, f"hazard of progression or death with {mark}")
    later = setting == icb_courses.LATER
    line = np.full(n, "1", dtype=object)
    line[later] = people.exactly(rng, targets.assume("icb", "later_lines"), int(later.sum()))
    age, ecog = targets.assume("icb", "age"), people.exactly(rng, targets.assume("icb", "ecog"), n)
    ecog[rng.permutation(n)[: round(targets.assume("icb", "ecog_missing") * n)]] = ""
    female = targets.assume("clinical", "female")
    table = pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SEX": people.exactly(rng, {"Female": female, "Male": 1 - female}, n),
            "AGE": np.clip(np.rint(rng.normal(age["median"], age["sd"], n)), *age["range"]),
            "SMOKING": np.where(never, "never", "ever"),
            "ECOG": ecog,
            "LINES_OF_TX": line.astype(float),
            "REGIMEN": np.where(setting == icb_courses.FIRST_COMBINATION, CHEMOIMMUNOTHERAPY, IMMUNOTHERAPY),
            "TIME_ZERO": "first anti-PD-(L)1 dose",
        }
    )
    return table.join(icb_courses.course(rng, targets, marks, setting))


# --- expression


def gene_model(targets: Targets) -> tuple[transcriptome.Genes, list[str]]:
    """Every gene's level, noise and loadings in this twin, and the genes that it shows.

    A gene of the twin's own programmes (those of the review's mechanisms) moves with these alone.
    """
    known = transcriptome.genes()
    own = targets.assume("icb", "programmes")
    loadings = known.loadings.loc[targets.assume("icb", "programmes_of_all_twins")].copy()
    loadings[sorted({gene for genes in own.values() for gene in genes})] = 0.0
    loadings = loadings.reindex(
        [*loadings.index, *(name for name in own if name not in loadings.index)], fill_value=0.0
    )
    for name, genes in own.items():
        loadings.loc[name, genes] = targets.assume("icb", "own_size")
    level = pd.Series(known.level, loadings.columns)
    named = {gene for genes in own.values() for gene in genes} | {*targets.assume("icb", "more_genes")}
    # a gene that the review names is seen in every tumour
    level[sorted(named)] = np.maximum(level[sorted(named)], 3.0)
    seen = level.index[level >= targets.assume("icb", "shown_from_log2_tpm")]
    shown = sorted({*named, *seen, *transcriptome.named_genes()})
    return transcriptome.Genes(level.to_numpy("f4"), known.noise, loadings), shown


def programmes(rng: np.random.Generator, targets: Targets, marks: pd.DataFrame) -> pd.DataFrame:
    """Tumours × programmes: correlated as the laws say, then moved by what each tumour carries."""
    n = len(marks)
    infiltration, ties = targets.assume("icb", "infiltration"), targets.planted("icb", "ties")
    common = rng.standard_normal(n)
    names = list(
        dict.fromkeys([*targets.assume("icb", "programmes_of_all_twins"), *targets.assume("icb", "programmes")])
    )
    parts = {name: {} for name in names}
    for tie in ties:
        child, parent = tie["pair"]
        parts[child][parent] = tie["by"]
        for id in tie["claims"]:
            targets.plant(id, f"{child} with {parent}", tie["by"])
    held = pd.DataFrame(index=range(n))
    while len(held.columns) < len(names):  # parents first
        for name in [name for name in names if name not in held and set(parts[name]) <= {*held}]:
            weights = parts[name]
            shared = infiltration.get(name, 0.0)
            own = np.sqrt(1 - shared**2 - sum(weight**2 for weight in weights.values()))
            held[name] = shared * common + own * rng.standard_normal(n)
            for parent, weight in weights.items():
                held[name] += weight * held[parent]
    moved = held.copy()
    for effect in targets.planted("icb", "expression"):
        for name, size in effect["adds"].items():
            moved[name] += size * marks[effect["mark"]].to_numpy(float)
        for id in effect["claims"]:
            targets.plant(id, f"expression with {effect['mark']}", effect["adds"])
    return moved


def expressed(rng: np.random.Generator, targets: Targets, marks: pd.DataFrame, samples: pd.Series) -> AnnData:
    """Expression (TPM) of the genes shown, of those tumours in which it was measured; obs: the programmes, truth_…"""
    known, shown = gene_model(targets)
    held = programmes(rng, targets, marks)
    tpm = transcriptome.matrix(rng, held, pd.DataFrame(index=held.index), known)
    truth = held.add_prefix("truth_").set_axis(pd.Index(samples))
    measured = np.sort(rng.permutation(len(held))[: round(targets.assume("icb", "expression_measured") * len(held))])
    return transcriptome.as_anndata(tpm[measured], truth.iloc[measured], shown)
