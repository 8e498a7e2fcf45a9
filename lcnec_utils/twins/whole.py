"""The whole set of a seed: the cohorts with their transcriptomes, and what is expression alone."""

import numpy as np
import pandas as pd

from lcnec_utils.twins import cohorts, expression, genome, people, tables
from lcnec_utils.twins.studies import PLACEHOLDERS, Study, Table, by_patient, described
from lcnec_utils.twins.targets import Targets, stream


def make(seed: int) -> dict[str, Study | Table]:
    """Every twin of a seed, by name."""
    first, (second, kinds) = cohorts.cohort_1(seed), cohorts.cohort_2(seed)
    serial, sclc = cohorts.serial(seed, first, second), cohorts.sclc(seed)
    subtype, expressed = _transcriptomes(seed, second, kinds, sclc)
    _second_biopsies(seed, serial, second, sclc)
    pan_cancer, lines = Targets(), Targets()
    fgl1 = pd.Series(expressed, subtype.index)
    return {
        "twin_cohort_1": first,
        "twin_cohort_2": second,
        "twin_serial": serial,
        "twin_sclc": sclc,
        "twin_luad": luad(seed),
        "twin_george": george(seed),
        "twin_pan_cancer": Table(tables.pan_cancer(seed, fgl1, subtype, pan_cancer), pan_cancer,
                                 described("Pan-cancer twin", "", [])),
        "twin_cell_lines": Table(tables.cell_lines(seed, lines), lines,
                                 described("Cell lines twin", "", ["The names of the cell lines are real."])),
    }  # fmt: skip


def _transcriptomes(seed: int, second: Study, kinds: pd.Series, sclc: Study) -> tuple[pd.Series, np.ndarray]:
    """Gives cohort 2 and SCLC their expression; returns subtype and FGL1 (TPM) by sample of cohort 2."""
    has = second.samples[second.samples["TRANSCRIPTOME"] == "YES"]
    subtype = kinds[has["SAMPLE_ID"]].sort_index()
    treated = second.patients.set_index("PATIENT_ID")
    owner = has.set_index("SAMPLE_ID").loc[subtype.index, "PATIENT_ID"]
    cutoff = second.targets.number("figs3.cut.rwos", "months that part long survivors")
    on_blockade = treated["FIRST_LINE_REGIMEN"].isin([people.CHEMOIMMUNOTHERAPY, people.IMMUNOTHERAPY])
    long = (on_blockade & (treated["OS_MONTHS"] > cutoff)).reindex(owner).to_numpy()
    second.targets.plant("figs3.gsea_inflammatory", "inflammation of tumours whose patients live long on blockade")
    inflamed = pd.Series(long.astype(float), subtype.index)
    names = pd.Index(sorted(sclc.samples.loc[sclc.samples["TRANSCRIPTOME"] == "YES", "SAMPLE_ID"]))
    second.expression, sclc.expression = expression.lcnec_and_sclc(
        seed, subtype, names, inflamed, second.targets, sclc.targets
    )
    return subtype, second.expression[:, "FGL1"].X.ravel()


def _second_biopsies(seed: int, serial: Study, second: Study, sclc: Study) -> None:
    """Gives the pairs of cohort 2 their expression, first and second biopsy."""
    import anndata

    of_cohort_2 = serial.samples[serial.samples["SAMPLE_ID"].isin(second.expression.obs_names)]
    ids = [name.replace("-T1", "-T2") for name in of_cohort_2["SAMPLE_ID"]]
    first = second.expression[list(of_cohort_2["SAMPLE_ID"])].copy()
    again = expression.second_biopsies(seed, first, (second.expression, sclc.expression), ids, serial.targets)
    serial.expression = anndata.concat([first, again], uns_merge="same")
    serial.samples["TRANSCRIPTOME"] = np.where(
        serial.samples["SAMPLE_ID"].isin(serial.expression.obs_names), "YES", "NO"
    )


def george(seed: int) -> Study:
    """66 LCNEC as those of George et al.: genotype that makes the genomic subtype, and expression of named genes."""
    targets, rng = Targets(), stream(seed, "genome", "george")
    subtype, values = expression.george(seed, targets)
    targets.decline("twin_george")
    kinds = subtype.to_numpy(dtype=object)
    altered = genome.genotypes(rng, kinds, genome.prevalence(targets), {})
    mutated, lost = genome.drivers(rng, targets, altered, {})
    rows = mutated.assign(pathogenicity="Pathogenic", gnomad=np.nan).sort_values(["row", "gene"], ignore_index=True)
    names = subtype.index.to_numpy(dtype=object)
    copies = genome.copy_number(rng, targets, kinds, lost, np.ones(len(kinds), bool))
    copies.columns = names
    study = described("George et al. twin", "unknown", [PLACEHOLDERS, "Expression is of the genes that a panel names."])
    profiles = {
        "mutations": genome.maf(rng, names, rows),
        "copy_number": copies,
        "panel_genes": {genome.EXOME: genome.assays()[genome.EXOME]},
    }
    return _without_outcome(names, values, targets, study, profiles, GENE_PANEL=genome.EXOME, ONCOTREE_CODE="LUNE")


def luad(seed: int) -> Study:
    """503 lung adenocarcinomas and 6 NSCLC-like LCNEC, with expression of named genes."""
    targets = Targets()
    values = expression.luad(seed, targets)
    targets.decline("twin_luad")
    cohort = values.obs["cohort"].to_numpy(dtype=object)
    names = values.obs_names.to_numpy(dtype=object)
    study = described("TCGA-LUAD twin", "unknown", ["Expression is of the genes that a panel names."])
    codes = np.where(cohort == "LUAD", "LUAD", "LUNE")
    return _without_outcome(names, values, targets, study, {}, ONCOTREE_CODE=codes, COHORT=cohort)


def _without_outcome(names: np.ndarray, values, targets: Targets, study: dict, profiles: dict, **columns) -> Study:
    """A study of tumours alone: one sample per patient, no outcome."""
    values.obs = values.obs.drop(columns="cohort", errors="ignore")
    samples = pd.DataFrame({"PATIENT_ID": names, "SAMPLE_ID": names, "CANCER_TYPE": "Lung Cancer", **columns})
    return Study(
        patients=by_patient(pd.DataFrame({"PATIENT_ID": names})),
        samples=by_patient(samples),
        study=study,
        targets=targets,
        expression=values,
        **profiles,
    )
