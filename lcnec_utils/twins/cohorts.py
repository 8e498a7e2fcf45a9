"""Cohorts of patients with tumours: cohort 1, cohort 2, their serial biopsies, and SCLC to compare with."""

import numpy as np
import pandas as pd

from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, UNCLASSIFIED
from lcnec_utils.twins import clinical, genome, people, times
from lcnec_utils.twins.people import IMMUNOTHERAPY, MOST_REDRAWS
from lcnec_utils.twins.studies import PLACEHOLDERS, Study, blank, by_patient, described, identifiers, ordered, timelines
from lcnec_utils.twins.targets import Targets, stream

OUTCOME_GENES = ["EGFR", "KRAS", "KEAP1", "RB1", "SMARCA4", "STK11", "TP53"]


def _subtypes(targets: Targets, claims: str) -> dict[str, int]:
    names = {NSCLC_LIKE: "nsclc_like", SCLC_LIKE: "sclc_like", UNCLASSIFIED: "unclassified"}
    return {kind: targets.count(f"{claims}.{key}", f"{kind} tumours") for kind, key in names.items()}


def cohort_1(seed: int) -> Study:
    """Cohort 1: 217 patients with first-line treatment, 85 of them genotyped."""
    targets = Targets()
    drawn = clinical.cohort_1(seed, targets)
    patients, rng = drawn.patients, stream(seed, "genome", "cohort_1")
    n = len(patients)
    counts = _subtypes(targets, "fig2a.subtype")
    genotyped = sum(counts.values())
    kinds, altered = _genotypes_cohort_1(rng, targets, counts, n)
    assay, genes = _assays_cohort_1(rng, targets, genotyped, n)
    known = pd.DataFrame({gene: [gene in genes.get(name, []) for name in assay] for gene in altered})
    tumour = _deal_cohort_1(rng, targets, patients, kinds, altered, known, genotyped)

    ids = identifiers(rng, "TWIN1", n)
    mutated, lost = genome.drivers(rng, targets, altered & known, {})
    rows = mutated.assign(pathogenicity="Pathogenic", gnomad=np.nan).sort_values(["row", "gene"], ignore_index=True)
    owner = np.empty(n, int)
    owner[tumour] = np.arange(n)  # the patient of each tumour
    samples = np.array([f"{name}-T1" for name in ids[owner]], dtype=object)
    copies = genome.copy_number(rng, targets, kinds, lost, assay == genome.INSTITUTION)
    copies.columns = samples
    tested = rng.random(n) < targets.assume("genome", "pdl1_tested")["cohort_1"]
    positive = rng.random(n) < targets.assume("genome", "pdl1_positive")
    score = genome.pdl1(rng, tested, positive)
    assays = people.exactly(rng, targets.assume("genome", "pdl1_assays"), n)
    table = pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SAMPLE_ID": samples[tumour],
            "ONCOTREE_CODE": "LUNE",
            "CANCER_TYPE": "Lung Cancer",
            "CANCER_TYPE_DETAILED": "Lung Neuroendocrine Tumor",
            "SAMPLE_TYPE": np.where(rng.random(n) < targets.assume("genome", "primary"), "Primary", "Metastasis"),
            "GENE_PANEL": assay[tumour],
            "PDL1_SCORE": score,
            "PDL1_ASSAY": np.where(np.isnan(score), "", assays),
        }
    )
    patients.insert(0, "PATIENT_ID", ids)
    events = timelines(patients, drawn)
    targets.decline("twin_cohort_1")
    notes = [PLACEHOLDERS, "Mutations are those that institutions report as pathogenic.",
             "Time zero is the first anti-PD-(L)1 dose in the immunotherapy group (column TIME_ZERO)."]  # fmt: skip
    return Study(
        patients=by_patient(ordered(patients)),
        samples=by_patient(table),
        study=described("Cohort 1 twin", "first systemic treatment", notes),
        targets=targets,
        mutations=genome.maf(rng, samples, rows),
        copy_number=copies.loc[:, sorted(copies.columns[assay == genome.INSTITUTION])],
        panel_genes=genes,
        timelines=events,
    )


def _genotypes_cohort_1(
    rng: np.random.Generator, targets: Targets, counts: dict[str, int], n: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """The subtype of n tumours and their altered genes (tumours × genes); the genotyped tumours come first.

    counts: subtype → genotyped tumours.
    """
    targets.take("fig2a.n.classified", "tumours with full genotype")
    targets.take("figs1.n.c1.unknown", "tumours without")
    shares = {gene: share for gene, share in genome.prevalence(targets).items()}
    shares["KEAP1"] = [shares["KEAP1"][0], targets.planted("genome", "keap1_sclc_like"), 0.0, 0.0]
    shares["EGFR"] = [0.0, 0.0, targets.assume("genome", "egfr_cohort_1") / counts[UNCLASSIFIED], 0.0]
    # what the tumours without full genotype are nobody sees but through a hotspot panel
    hidden = people.exactly(rng, {kind: float(number) for kind, number in counts.items()}, n - sum(counts.values()))
    kinds = np.concatenate([np.repeat(list(counts), list(counts.values())), hidden])
    return kinds, genome.genotypes(rng, kinds, shares, {})


def _assays_cohort_1(
    rng: np.random.Generator, targets: Targets, genotyped: int, n: int
) -> tuple[np.ndarray, dict[str, list[str]]]:
    """The panel of each tumour ("" where there is none) and the genes of each panel."""
    panels = targets.assume("genome", "cohort_1_panels")
    assay = np.where(
        np.arange(n) < genotyped, genome.INSTITUTION,
        np.where(rng.random(n) < panels["hotspot"], genome.HOTSPOT, ""),
    ).astype(object)  # fmt: skip
    genes = {genome.INSTITUTION: targets.assume("genome", "institution_genes"),
             genome.HOTSPOT: targets.assume("genome", "hotspot_genes")}  # fmt: skip
    return assay, genes


def _deal_cohort_1(
    rng: np.random.Generator, targets: Targets, patients: pd.DataFrame, kinds, altered, known, genotyped: int
) -> np.ndarray:
    """The tumour of each patient, and their backbones: what is printed of survival by gene and subtype holds.

    known: whether a tumour's panel has the gene. Raises CannotDraw.
    """
    n = len(patients)
    for gene in OUTCOME_GENES:
        what = "log-rank p below .05, to the worse" if gene in ("TP53", "STK11") else "log-rank p above .05"
        targets.take(f"figs8.os.{gene.lower()}.c1", what)
    targets.take("os_by_subtype.os", "log-rank p above .05")
    targets.take("os_by_subtype.rwpfs", "log-rank p above .05")
    effect = targets.planted("genome", "log_hazard")
    followed = np.flatnonzero(patients["OS_MONTHS"].notna())
    months = patients["OS_MONTHS"].to_numpy(float)[followed]
    died = (patients["OS_STATUS"] == people.DEAD).to_numpy()[followed]
    early = patients["RWPFS_MONTHS"].to_numpy(float)[followed]
    progressed = (patients["RWPFS_STATUS"] == people.PROGRESSION[1]).to_numpy()[followed]
    hazard = sum(size * altered[gene].to_numpy(float) for gene, size in effect.items())
    for _ in range(MOST_REDRAWS):
        # a few tumours, any, go to the patients whose survival is not known
        order = rng.permutation(n)
        place = order[genome.deal(rng, months, died, hazard[order[: len(followed)]])]
        subtype = np.where(place < genotyped, kinds[place], "")
        chosen = altered.iloc[place].reset_index(drop=True), known.iloc[place].reset_index(drop=True)
        if not genome.survival_fits(months, died, subtype, *chosen, effect, OUTCOME_GENES):
            continue
        typed = subtype != ""
        code = np.array([SUBTYPES.index(kind) if kind else 0 for kind in subtype])
        if times.log_rank_p(early[typed], progressed[typed], code[typed]) > 0.08:
            break
    else:
        raise times.CannotDraw("no way of dealing genotypes meets what is printed of survival by gene")
    tumour = np.empty(n, int)
    tumour[followed] = place
    tumour[np.setdiff1d(np.arange(n), followed)] = np.setdiff1d(np.arange(n), place)
    five = int(targets.number("figs2.n.per_group.c1", "patients on the chemotherapy of their subtype, per group"))
    patients["CHEMOTHERAPY_BACKBONE"] = genome.matched_backbones(
        rng, patients, np.where(tumour < genotyped, kinds[tumour], ""), (five, five), lambda first, second: True
    )
    return tumour


def _targetable(rng: np.random.Generator, targets: Targets, kinds: np.ndarray, altered: pd.DataFrame) -> dict:
    """KRAS G12C, activating EGFR and ERBB2 mutations in their printed numbers: gene → row → protein change.

    Sets the genes in `altered`. One tumour has both KRAS G12C and the ERBB2 mutation: 23 alterations in 22 tumours.
    """
    g12c = targets.count("fig2b.targetable.kras_g12c", "tumours with KRAS G12C")
    egfr = targets.count("fig2b.targetable.egfr", "tumours with an activating EGFR mutation")
    erbb2 = targets.count("fig2b.targetable.erbb2", "tumours with an ERBB2 mutation")
    mutant = rng.permutation(np.flatnonzero(altered["KRAS"].to_numpy() & (kinds == NSCLC_LIKE)))[:g12c]
    free = np.flatnonzero((kinds == UNCLASSIFIED) & ~altered["RB1"].to_numpy())
    other = rng.permutation(free)[:egfr]
    altered["EGFR"], altered["ERBB2"] = False, False
    altered.loc[other, "EGFR"] = True
    altered.loc[mutant[:erbb2], "ERBB2"] = True
    changes = ["p.L858R", "p.E746_A750del"]
    return {
        "KRAS": dict.fromkeys(mutant, "p.G12C"),
        "EGFR": {row: changes[place % 2] for place, row in enumerate(other)},
        "ERBB2": dict.fromkeys(mutant[:erbb2], "p.Y772_A775dup"),
    }


def _no_g12c(rng: np.random.Generator, mutated: pd.DataFrame, fixed: dict) -> None:
    """The other KRAS mutations are none of G12C, which has a printed number."""
    hits = mutated.index[(mutated["gene"] == "KRAS") & ~mutated["row"].isin(fixed["KRAS"])]
    mutated.loc[hits, "change"] = rng.choice(genome.ACTIVATING["KRAS"], len(hits))


def _high_unclassified(targets: Targets, high: dict[str, tuple[int, int]], n: int) -> int:
    """How many unclassified tumours are TMB-high, so that both printed p come as near as they can."""
    claims = {NSCLC_LIKE: "fig2e.p.unclassified_vs_nsclc_like", SCLC_LIKE: "fig2e.p.unclassified_vs_sclc_like"}
    knob = "TMB-high unclassified tumours, where the unnamed biomarker is taken for the tumour mutational burden"
    # the first is printed 000013, its leading point lost
    printed = [float(f".{text}") if text.isdigit() else float(text) for text in
               (targets.take(id, knob).p for id in claims.values())]  # fmt: skip
    best = [genome.count_for_p(p, n, *high[kind], upward=False) for p, kind in zip(printed, claims, strict=True)]
    return round(sum(best) / 2)


def cohort_2(seed: int) -> tuple[Study, pd.Series]:
    """Cohort 2: 373 patients with exome or panel, 146 of them treated and followed; and the subtype of each sample."""
    targets = Targets()
    drawn = clinical.cohort_2(seed, targets)
    patients, rng = drawn.patients, stream(seed, "genome", "cohort_2")
    n = len(patients)
    counts = _subtypes(targets, "fig2b.subtype")
    kinds = np.repeat(list(counts), list(counts.values())).astype(object)
    altered = _genotypes_cohort_2(rng, targets, kinds)
    fixed = _targetable(rng, targets, kinds, altered)
    fused = _fused(rng, targets, kinds, altered)
    assay, megabases = _assays_cohort_2(rng, targets, n)
    cut = targets.number("fig2e.cut.tmb_high", "cut-off of a high tumour mutational burden, per Mb")
    tested, is_high, deficient = _burden_classes(rng, targets, kinds)
    mutated, lost = genome.drivers(rng, targets, altered, fixed)
    _no_g12c(rng, mutated, fixed)
    counted = _counted_mutations(rng, targets, mutated, megabases, cut, is_high, deficient)
    burden = np.round(counted / megabases, 2)
    if (burden >= cut).tolist() != is_high.tolist():
        raise times.CannotDraw("tumours with few printed mutations cannot have so many altered genes")
    score = _pdl1_cohort_2(rng, targets, kinds)

    tumour = _deal_cohort_2(rng, targets, patients, kinds, altered, burden, tested, score)
    ids = identifiers(rng, "TWIN2", n)
    owner = np.empty(n, int)
    owner[tumour] = np.arange(n)
    samples = np.array([f"{name}-T1" for name in ids[owner]], dtype=object)
    barred = {*altered, "ALK", "NTRK2", "EML4", "ETV6"}
    rows = genome.calls(rng, targets, mutated, counted, assay, barred)
    copies = genome.copy_number(rng, targets, kinds, lost, np.ones(n, bool))
    copies.columns = samples
    expressed = _with_expression(rng, targets, kinds)
    table = pd.DataFrame(
        {
            "PATIENT_ID": ids[owner],
            "SAMPLE_ID": samples,
            "ONCOTREE_CODE": "LUNE",
            "CANCER_TYPE": "Lung Cancer",
            "CANCER_TYPE_DETAILED": "Lung Neuroendocrine Tumor",
            "SAMPLE_TYPE": np.where(rng.random(n) < targets.assume("genome", "primary"), "Primary", "Metastasis"),
            "GENE_PANEL": assay,
            "ASSAY_GENES": [targets.assume("genome", "assay_genes")[name] for name in assay],
            "COVERED_MEGABASES": megabases,
            "TMB_NONSYNONYMOUS": np.where(tested, burden, np.nan),
            "PDL1_SCORE": score,
            "PDL1_ASSAY": np.where(np.isnan(score), "", "22c3"),
            **genome.with_discordant_tests(
                stream(seed, "genome", "mismatch repair"), targets, genome.mismatch_repair(rng, targets, deficient)
            ),
            "TRANSCRIPTOME": np.where(expressed, "YES", "NO"),
        }
    )
    patients.insert(0, "PATIENT_ID", ids)
    events = timelines(patients, drawn)
    targets.decline("twin_cohort_2")
    notes = [PLACEHOLDERS, "Overall survival and time on treatment are known of the 146 treated patients only.",
             "TMB_NONSYNONYMOUS counts missense, nonsense, frameshift and in-frame changes that are neither in gnomAD "
             "(GNOMAD_AF) nor benign (PATHOGENICITY), per Mb of COVERED_MEGABASES."]  # fmt: skip
    study = Study(
        patients=by_patient(ordered(patients)),
        samples=by_patient(table),
        study=described("Cohort 2 twin", "first systemic treatment", notes),
        targets=targets,
        mutations=genome.maf(rng, samples, rows),
        copy_number=copies.loc[:, sorted(copies.columns)],
        structural_variants=pd.DataFrame(
            [genome.fusion(samples[row], *pair) for row, pair in fused.items()]
        ).sort_values("Sample_Id", ignore_index=True),
        panel_genes=genome.assays(),
        timelines=events,
    )
    return study, pd.Series(kinds, samples)


def _genotypes_cohort_2(rng: np.random.Generator, targets: Targets, kinds: np.ndarray) -> pd.DataFrame:
    """The altered genes of tumours of these subtypes (tumours × genes)."""
    shares = genome.prevalence(targets)
    targets.plant("fig2d.kmt2d", "more KMT2D in SCLC-like", shares["KMT2D"])
    targets.plant("fig2d.smarca4", "more SMARCA4 in NSCLC-like", shares["SMARCA4"])
    sclc_like = int((kinds == SCLC_LIKE).sum())
    sequenced = targets.count("fig4a.n.sclc_wts", "SCLC to compare with")
    stk11 = genome.count_for_p(
        targets.p("fig4d.stk11", "SCLC-like tumours with STK11, so that p against SCLC is the printed one"),
        sclc_like, round(shares["STK11"][3] * sequenced), sequenced, upward=True,
    )  # fmt: skip
    keap1 = round(targets.planted("genome", "keap1_sclc_like") * sclc_like)
    targets.take("fig4d.keap1", "SCLC-like tumours with KEAP1: p against SCLC below .0001")
    exact = {"STK11": {SCLC_LIKE: stk11}, "KEAP1": {SCLC_LIKE: keap1}}
    return genome.genotypes(rng, kinds, shares, exact)


def _fused(
    rng: np.random.Generator, targets: Targets, kinds: np.ndarray, altered: pd.DataFrame
) -> dict[int, tuple[str, str]]:
    """The gene fusions in their printed numbers, each in an unclassified tumour: row → the two genes."""
    pairs = [("EML4", "ALK")] * targets.count("fig2b.targetable.eml4_alk", "tumours with EML4::ALK")
    pairs += [("ETV6", "NTRK2")] * targets.count("fig2b.targetable.etv6_ntrk2", "tumours with ETV6::NTRK2")
    quiet = np.flatnonzero((kinds == UNCLASSIFIED) & ~altered[["EGFR", "RB1"]].any(axis=1).to_numpy())
    return dict(zip(rng.permutation(quiet)[: len(pairs)], pairs, strict=True))


def _assays_cohort_2(rng: np.random.Generator, targets: Targets, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The assay of each tumour, panel or exome, and the megabases that it covers."""
    panel = int(targets.number("figs1.n.panel", "tumours sequenced by panel"))
    targets.take("figs1.n.wes", "tumours sequenced by exome")
    targets.take("figs1.panel.genes", "genes of the panel")
    for id in ("deep_genes", "genes"):
        targets.take(f"figs1.exome.{id}", "a lower bound, assumed to be passed by little")
    assay = np.full(n, genome.EXOME, dtype=object)
    assay[rng.permutation(n)[:panel]] = genome.PANEL
    return assay, np.array([targets.assume("genome", "megabases")[name] for name in assay])


def _burden_classes(
    rng: np.random.Generator, targets: Targets, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which tumours have a known mutational burden, a high one, and mismatch repair deficiency."""
    high = {}
    for kind, key in ((NSCLC_LIKE, "nsclc_like"), (SCLC_LIKE, "sclc_like")):
        id = f"fig2e.tmb_high.{key}"
        k = targets.count(id, f"TMB-high {kind} tumours, of as many tested as the printed percentage needs")
        high[kind] = (k, round(k / (float(targets.take(id, "").value) / 100)))
    unclassified = int((kinds == UNCLASSIFIED).sum())
    high[UNCLASSIFIED] = (_high_unclassified(targets, high, unclassified), unclassified)
    tested, is_high, deficient = (np.zeros(len(kinds), bool) for _ in range(3))
    dmmr = targets.count("fig2e.dmmr.sclc_like", "SCLC-like tumours with mismatch repair deficiency")
    for kind in ("nsclc_like", "unclassified"):
        targets.take(f"fig2e.dmmr.{kind}", "no tumour with mismatch repair deficiency")
    for kind, (k, of) in high.items():
        rows = rng.permutation(np.flatnonzero(kinds == kind))
        tested[rows[:of]], is_high[rows[:k]] = True, True
        if kind == SCLC_LIKE:
            deficient[rows[:dmmr]] = True
    return tested, is_high, deficient


def _counted_mutations(
    rng: np.random.Generator, targets: Targets, mutated: pd.DataFrame, megabases, cut: float, is_high, deficient
) -> np.ndarray:
    """How many mutations count into the burden of each tumour: no fewer than its drivers; cut: per Mb."""
    drivers = mutated[mutated["class"] != "Splice_Site"]["row"].value_counts()
    least = drivers.reindex(range(len(megabases)), fill_value=0).to_numpy()
    law = targets.assume("genome", "tmb")
    counted = genome.mutational_burden(rng, is_high, megabases, law, cut, least)
    of_deficient = np.rint(targets.assume("genome", "tmb_dmmr_per_mb") * megabases)
    return np.where(deficient, of_deficient, counted).astype(int)


def _pdl1_cohort_2(rng: np.random.Generator, targets: Targets, kinds: np.ndarray) -> np.ndarray:
    """The PD-L1 score of each tumour, NaN where it was not tested: the same share positive in each subtype."""
    tested, positive = np.zeros(len(kinds), bool), np.zeros(len(kinds), bool)
    for kind in SUBTYPES:
        rows = rng.permutation(np.flatnonzero(kinds == kind))
        number = round(targets.assume("genome", "pdl1_tested")["cohort_2"] * len(rows))
        tested[rows[:number]] = True
        positive[rows[: round(targets.assume("genome", "pdl1_positive") * number)]] = True
    return genome.pdl1(rng, tested, positive)


def _with_expression(rng: np.random.Generator, targets: Targets, kinds: np.ndarray) -> np.ndarray:
    """Which tumours have a transcriptome: the printed number of each subtype."""
    expressed = np.zeros(len(kinds), bool)
    targets.take("fig4a.n.lcnec", "tumours with expression")
    for kind, key in ((NSCLC_LIKE, "nsclc_like"), (SCLC_LIKE, "sclc_like"), (UNCLASSIFIED, "unclassified")):
        number = targets.count(f"fig4e.n.{key}", f"{kind} tumours with expression")
        expressed[rng.permutation(np.flatnonzero(kinds == kind))[:number]] = True
    return expressed


def _deal_cohort_2(rng, targets: Targets, patients: pd.DataFrame, kinds, altered, burden, tested, score) -> np.ndarray:
    """The tumour of each patient, and their backbones: what is printed of survival by gene and marker holds."""
    n = len(patients)
    followed = np.flatnonzero(patients["OS_MONTHS"].notna())
    months = patients["OS_MONTHS"].to_numpy(float)[followed]
    died = (patients["OS_STATUS"] == people.DEAD).to_numpy()[followed]
    regimen = patients["FIRST_LINE_REGIMEN"].to_numpy()[followed]
    for gene in OUTCOME_GENES:
        targets.take(f"figs8.os.{gene.lower()}.c2", "log-rank p above .05")
    methods = targets.number("figs4.cut.tmb_high", "the cut-off, per Mb, of figures S3 and S4")
    targets.take("figs4.os_by_tmb", "log-rank p above .05 within chemoimmunotherapy")
    targets.take("figs4.os_by_pdl1", "log-rank p above .05 within chemoimmunotherapy")
    very_high = tested & (burden > methods)
    positive, known_pdl1 = score >= 1, ~np.isnan(score)
    long = np.flatnonzero((regimen == IMMUNOTHERAPY) & (months > targets.number("figs3.cut.rwos", "")))
    with_tmb = targets.count("figs3.tmb_high.long_rwos", "TMB-high among the six long survivors on immunotherapy")
    with_pdl1 = targets.count("figs3.pdl1.long_rwos", "PD-L1 positive among them")
    both = rng.permutation(np.flatnonzero(tested & known_pdl1))
    # the six: PD-L1 in half of either kind, as far as it goes
    six = []
    for wanted, flags in ((with_tmb, very_high), (len(long) - with_tmb, ~very_high)):
        bright = min(with_pdl1 - sum(positive[six]) if six else (with_pdl1 + 1) // 2, wanted)
        pool = both[flags[both]]
        six += [*pool[positive[pool]][:bright], *pool[~positive[pool]][: wanted - bright]]
    if len(six) != len(long):
        raise times.CannotDraw("too few tumours of high burden or PD-L1 for the long survivors")
    every = pd.DataFrame(True, index=range(len(followed)), columns=altered.columns)
    chemoimmunotherapy = regimen == people.CHEMOIMMUNOTHERAPY

    def fits(place: np.ndarray) -> bool:
        if not genome.survival_fits(months, died, kinds[place], altered.iloc[place], every, {}, OUTCOME_GENES):
            return False
        for flags, known in ((very_high, tested), (positive, known_pdl1)):
            p = genome.side(months, died, flags[place], known[place] & chemoimmunotherapy, least=3)
            if p is None or p < 0.08:
                return False
        return True

    rest = np.setdiff1d(np.arange(n), six)
    others = np.setdiff1d(np.arange(len(followed)), long)
    for _ in range(MOST_REDRAWS):
        place = np.empty(len(followed), int)
        place[long], place[others] = rng.permutation(six), rng.permutation(rest)[: len(others)]
        if fits(place):
            break
    else:
        raise times.CannotDraw("no way of dealing tumours meets what is printed of survival by gene and marker")
    tumour = np.empty(n, int)
    tumour[followed] = place
    tumour[np.setdiff1d(np.arange(n), followed)] = rng.permutation(np.setdiff1d(np.arange(n), place))

    id = "figs2.os_backbone.c2"
    knob = "hazard ratio of NSCLC-like on NSCLC-type to SCLC-like on SCLC-type chemotherapy"
    wanted = np.log(targets.number(id, knob))
    os_months = patients["OS_MONTHS"].to_numpy(float)
    dead = (patients["OS_STATUS"] == people.DEAD).to_numpy()

    def as_printed(first: np.ndarray, second: np.ndarray) -> bool:
        rows, group = np.concatenate([first, second]), np.repeat([1.0, 0.0], [len(first), len(second)])
        beta, se = times.cox(os_months[rows], dead[rows], group[:, None])
        return abs(beta[0] - wanted) < 0.03 and abs(beta[0] / se[0]) < 1.0

    numbers = tuple(targets.assume("genome", "backbone_matched_cohort_2"))
    patients["CHEMOTHERAPY_BACKBONE"] = genome.matched_backbones(rng, patients, kinds[tumour], numbers, as_printed)
    return tumour


def sclc(seed: int) -> Study:
    """SCLC for comparison: 1704 tumours, 1643 of them sequenced and with expression."""
    targets, rng = Targets(), stream(seed, "genome", "sclc")
    n = int(targets.number("fig4a.n.sclc_total", "tumours"))
    sequenced = int(targets.number("fig4a.n.sclc_wts", "tumours sequenced and with expression"))
    kinds = np.full(n, "SCLC", dtype=object)
    altered = genome.genotypes(rng, kinds[:sequenced], genome.prevalence(targets), {})
    mutated, lost = genome.drivers(rng, targets, altered, {})
    assay = np.full(sequenced, genome.EXOME, dtype=object)
    megabases = np.full(sequenced, targets.assume("genome", "megabases")[genome.EXOME])
    law = targets.assume("genome", "tmb_sclc")
    targets.take("fig4d.tmb", "tumour mutational burden lower in SCLC, p below .0001")
    least = mutated[mutated["class"] != "Splice_Site"]["row"].value_counts().reindex(range(sequenced), fill_value=0)
    per_mb = np.exp(rng.normal(np.log(law["median_per_mb"]), law["log_sd"], sequenced))
    counted = np.maximum(np.rint(per_mb * megabases).astype(int), least.to_numpy())
    rows = genome.calls(rng, targets, mutated, counted, assay, set(altered))
    ids = identifiers(rng, "TWINSCLC", n)
    samples = np.array([f"{name}-T1" for name in ids], dtype=object)
    copies = genome.copy_number(rng, targets, kinds[:sequenced], lost, np.ones(sequenced, bool))
    copies.columns = samples[:sequenced]
    lacking = n - sequenced
    table = pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SAMPLE_ID": samples,
            "ONCOTREE_CODE": "SCLC",
            "CANCER_TYPE": "Lung Cancer",
            "CANCER_TYPE_DETAILED": "Small Cell Lung Cancer",
            "GENE_PANEL": [*assay, *[""] * lacking],
            "COVERED_MEGABASES": [*megabases, *[np.nan] * lacking],
            "TMB_NONSYNONYMOUS": [*np.round(counted / megabases, 2), *[np.nan] * lacking],
            # from a stream of their own, so that no other draw moves with them
            **genome.sclc_biomarkers(stream(seed, "genome", "sclc biomarkers"), targets, counted / megabases, lacking),
            "TRANSCRIPTOME": ["YES"] * sequenced + ["NO"] * lacking,
        }
    )
    female = targets.assume("clinical", "female")
    patients = pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SEX": people.exactly(rng, {"Female": female, "Male": 1 - female}, n),
            "AGE": people.ages_with(rng, n, 67, 35, 90),
        }
    )
    targets.decline("twin_sclc")
    return Study(
        patients=by_patient(patients),
        samples=by_patient(table),
        study=described("SCLC twin", "unknown", [PLACEHOLDERS, "No outcome is simulated for SCLC."]),
        targets=targets,
        mutations=genome.maf(rng, samples, rows),
        copy_number=copies.loc[:, sorted(copies.columns)],
        panel_genes={genome.EXOME: genome.assays()[genome.EXOME]},
    )


def gaps(rng: np.random.Generator, median: float, shortest: float, longest: float, n: int) -> np.ndarray:
    """Months between two biopsies with the printed median and range."""
    low, high = rng.uniform(shortest, median, n), rng.uniform(median, longest, n)
    values = [shortest, *low[: (n - 1) // 2 - 1], *high[: (n - 1) // 2 - 1], longest]
    if n % 2:
        values.append(median)
    else:
        apart = rng.uniform(0, min(median - shortest, longest - median))
        values += [median - apart, median + apart]
    return rng.permutation(np.round(values, 1))


def serial(seed: int, first: Study, second: Study) -> Study:
    """Nine patients with two biopsies: four of cohort 1, five of cohort 2, drivers alike in both."""
    targets, rng = Targets(), stream(seed, "genome", "serial")
    numbers = [targets.word(f"fig2c.n.c{number}", f"{words} pairs of cohort {number}")
               for number, words in ((1, "four"), (2, "five"))]  # fmt: skip
    targets.take("fig2c.drivers_retained", "drivers are the same in both biopsies")
    parts = []
    for study, number, id, panels in (
        (first, numbers[0], "c1", [genome.INSTITUTION]),
        (second, numbers[1], "c2", list(genome.assays())),
    ):
        claim = targets.take(f"fig2c.gap.{id}", "median and range of the months between biopsies")
        apart = gaps(rng, float(claim.value), *map(float, claim.range), number)
        # a biopsy is dated from time zero, which is known of those who were followed
        followed = study.patients.loc[study.patients["OS_MONTHS"].notna(), "PATIENT_ID"]
        able = study.samples[study.samples["GENE_PANEL"].isin(panels) & study.samples["PATIENT_ID"].isin(followed)]
        if "TRANSCRIPTOME" in able:
            able = able[able["TRANSCRIPTOME"] == "YES"]
        chosen = able.iloc[np.sort(rng.permutation(len(able))[:number])]
        months = study.patients.set_index("PATIENT_ID")["OS_MONTHS"].reindex(chosen["PATIENT_ID"]).to_numpy(float)
        # the later biopsy lies before the patient's end; the earlier one may lie before treatment
        later = np.round(months * rng.uniform(0.3, 0.9, number), 1)
        parts.append((study, chosen, np.round(later - apart, 1), later))
    samples, patients, mutations, copies = [], [], [], []
    for study, chosen, earlier, later in parts:
        again = chosen.assign(SAMPLE_ID=chosen["SAMPLE_ID"].str.replace("-T1", "-T2"))
        patients.append(study.patients[study.patients["PATIENT_ID"].isin(chosen["PATIENT_ID"])])
        calls = study.mutations[study.mutations["Tumor_Sample_Barcode"].isin(chosen["SAMPLE_ID"])]
        # passengers of low frequency come and go; drivers stay
        stays = (calls["PATHOGENICITY"] == "Pathogenic") | (rng.random(len(calls)) < 0.85)
        kept = calls[stays.to_numpy()]
        if "TMB_NONSYNONYMOUS" in again:
            counted = kept.loc[genome.in_burden(kept), "Tumor_Sample_Barcode"].value_counts()
            burden = counted.reindex(chosen["SAMPLE_ID"], fill_value=0).to_numpy() / again["COVERED_MEGABASES"]
            again["TMB_NONSYNONYMOUS"] = burden.round(2).where(again["TMB_NONSYNONYMOUS"].notna())
        samples += [chosen.assign(BIOPSY_MONTHS=earlier), again.assign(BIOPSY_MONTHS=later)]
        mutations += [calls, kept.assign(Tumor_Sample_Barcode=kept["Tumor_Sample_Barcode"].str.replace("-T1", "-T2"))]
        levels = study.copy_number[[name for name in chosen["SAMPLE_ID"] if name in study.copy_number]]
        copies += [levels, levels.rename(columns=lambda name: name.replace("-T1", "-T2"))]
    table = pd.concat(samples, ignore_index=True).sort_values(["PATIENT_ID", "SAMPLE_ID"], ignore_index=True)
    blank(table)
    persons = pd.concat(patients, ignore_index=True)
    blank(persons)
    panel_genes = {**first.panel_genes, **second.panel_genes}
    return Study(
        patients=by_patient(persons[["PATIENT_ID", "SEX", "AGE", "FIRST_LINE_REGIMEN", "OS_MONTHS", "OS_STATUS"]]),
        samples=table,
        study=described(
            "Serial biopsies twin",
            "first systemic treatment",
            [
                PLACEHOLDERS,
                "These patients and their first biopsies are also in the twins of cohorts 1 and 2.",
                "BIOPSY_MONTHS counts from time zero; a first biopsy may lie before it.",
            ],
        ),  # fmt: skip
        targets=targets,
        mutations=pd.concat(mutations, ignore_index=True).sort_values(
            ["Tumor_Sample_Barcode", "Hugo_Symbol", "Start_Position"], ignore_index=True
        ),
        copy_number=pd.concat(copies, axis=1),
        panel_genes={name: panel_genes[name] for name in sorted(table["GENE_PANEL"].unique())},
    )
