"""What a study folder holds, file by file, column by column and gene by gene: what `lcnec cohort check` says."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import matrix, read
from lcnec_utils.cohort.dictionary import ENDPOINTS, EXPRESSION_FILE
from lcnec_utils.cohort.model import Cohort, Problem, Reading
from lcnec_utils.cohort.ncounter import HOUSEKEEPING
from lcnec_utils.core import params
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import genomics
from lcnec_utils.stats.lesions import check_lesions


def _of_known(values: pd.Series) -> list[int]:
    """How many are true, of how many known."""
    known = values.dropna()
    return [int(known.astype(bool).sum()), len(known)]


def _genes(cohort: Cohort) -> list[str]:
    """Every gene that the study's rows or panels name, sorted."""
    named: set[str] = set(genomics.SUBTYPE_GENES) | genomics.INACTIVATED_BY_LOSS | set(genomics.FUSED)
    if cohort.mutations is not None:
        named |= set(cohort.mutations["Hugo_Symbol"])
    if cohort.copy_number is not None:
        named |= set(cohort.copy_number.index)
    for genes in cohort.panel_genes.values():
        named |= genes
    return sorted(gene for gene in named if gene)


def _genome(cohort: Cohort) -> dict:
    """Genes, deletions, fusions, targetable alterations and subtypes, of tumours; empty without mutations."""
    parts: dict[str, dict] = {"genes": {}, "deletions": {}, "fusions": {}, "targetable": {}}
    if cohort.copy_number is not None:
        deep = (cohort.copy_number.reindex(columns=cohort.samples.index) <= -2).sum(axis=1)
        parts["deletions"] = {gene: int(count) for gene, count in deep.sort_index().items() if count}
    fused = genomics.fusions(cohort)
    parts["fusions"] = {name: int(fused[name].fillna(False).sum()) for name in sorted(fused)}
    if cohort.mutations is not None:
        hit = genomics.altered(cohort, genes=_genes(cohort))
        altered, profiled = hit.fillna(False).sum(), hit.notna().sum()
        parts["genes"] = {gene: [int(altered[gene]), int(profiled[gene])] for gene in hit}
        changes = genomics.protein_changes(cohort, alleles=genomics.TARGETS)
        parts["targetable"] = {name: _of_known(changes[name]) for name in changes}
    parts["subtypes"] = {genomics.UNKNOWN: len(cohort.patients)}
    if cohort.mutations is not None or genomics.given_subtype(cohort) is not None:
        subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).value_counts()
        parts["subtypes"] = {str(name): int(count) for name, count in subtype.items()}
    parts["subtypes_given"] = genomics.subtype_is_given(cohort)
    return parts


def _endpoints(cohort: Cohort) -> dict[str, list[int]]:
    endpoints = {}
    for key in ENDPOINTS:
        try:
            table = cohort.survival(key)
        except MissingData:
            continue
        endpoints[key] = [len(table), int(table["event"].sum())]
    return endpoints


def _histologies(cohort: Cohort) -> dict[str, int]:
    for name in ("ONCOTREE_CODE", "CANCER_TYPE_DETAILED", "CANCER_TYPE"):
        if name in cohort.samples and cohort.samples[name].notna().any():
            counts = cohort.samples[name].fillna("not stated").value_counts()
            return {str(word): int(count) for word, count in counts.items()}
    return {"not stated": len(cohort.samples)}


def _expression(cohort: Cohort) -> dict | None:
    if not cohort.expression_genes:
        return None
    data = cohort.expression([cohort.expression_genes[0]])
    return {"file": EXPRESSION_FILE if cohort.matrix is None else str(cohort.matrix.uns["file"]),
            "scale": str(data.uns.get("scale", "")), "samples": data.n_obs,
            "genes": len(cohort.expression_genes)}  # fmt: skip


def _assays(cohort: Cohort) -> dict:
    """What was measured on biopsies: stained assays, nCounter panels, and samples by time and fixation, counted."""
    found: dict = {}
    if cohort.densities is not None:
        grouped = cohort.densities.groupby("assay", sort=False)
        found["stained"] = {
            str(assay): {"samples": int(rows["sample"].nunique()), "populations": int(rows["population"].nunique())}
            for assay, rows in grouped
        }
    if cohort.ncounter:
        found["ncounter"] = {
            name: {"samples": data.n_obs, "genes": data.n_vars,
                   "housekeeping": int((data.var["class"] == HOUSEKEEPING).sum())}
            for name, data in cohort.ncounter.items()
        }  # fmt: skip
    if "BIOPSY_TIME" in cohort.samples and cohort.samples["BIOPSY_TIME"].notna().any():
        fixation = cohort.samples.get("FIXATION", pd.Series(np.nan, cohort.samples.index)).fillna("fixation not stated")
        counts = (cohort.samples["BIOPSY_TIME"].fillna("time not stated") + ", " + fixation).value_counts()
        found["biopsies"] = {str(name): int(n) for name, n in counts.items()}
    return found


def _columns(reading: Reading) -> dict[str, dict[str, str]]:
    files = dict.fromkeys([*reading.used, *reading.unused])
    return {
        file: {
            **dict.fromkeys(reading.used.get(file, []), "used"),
            **dict.fromkeys(reading.unused.get(file, []), "not used"),
        }
        for file in files
    }


def inventory(folder: Path, strict: bool = False) -> dict:
    """What reading a study folder came to, as JSON holds it.

    patients, samples (of tumours), normals, mutations (rows that count); files: name → read, not needed, not
    understood; columns: file → column → used, not used (columns_unused: the latter, all files); words: column → word
    that is not understood → count; genes: symbol → [altered, profiled] over tumours; deletions, fusions, targetable,
    biomarkers; subtypes: name → patients; endpoints: name → [n, events]; histologies; expression; assays: stained
    cells, nCounter panels and biopsies by time and fixation; notes; refused: the lines that refuse the folder. Of a
    refused folder only what was read before is there.

    strict: every oddity refuses.
    """
    folder = Path(folder)
    cohort, reading = read.load(folder, strict)
    if cohort is not None and folder.is_dir() and (fault := matrix.check_values(folder)):
        reading.problems.append(Problem(EXPRESSION_FILE, fault))
    if cohort is not None and cohort.lesions is not None:
        try:
            check_lesions(cohort.lesions)
        except UserError as fault:
            reading.problems.append(Problem(folder.name, str(fault)))
    result: dict = {"name": Path(os.path.abspath(folder)).name if cohort is None else cohort.name}
    if cohort is not None:
        run = params.RunParameters()
        markers = genomics.biomarkers(
            cohort, tmb_high_per_mb=run.tmb_high_per_mb, pdl1_positive_percent=run.pdl1_positive_percent
        )
        result |= {
            "label": cohort.label,
            "patients": len(cohort.patients),
            "samples": len(cohort.samples),
            "normals": len(cohort.normals),
            "mutations": 0 if cohort.mutations is None else len(cohort.mutations),
            **_genome(cohort),
            "biomarkers": {name: _of_known(markers[name]) for name in markers},
            "endpoints": _endpoints(cohort),
            "histologies": _histologies(cohort),
            "expression": _expression(cohort),
            "assays": _assays(cohort),
            "time_zero": cohort.os_origin,
        }
    columns = _columns(reading)
    return result | {
        "files": dict(sorted(reading.files.items())),
        "columns": columns,
        "columns_unused": sorted(
            {name for names in columns.values() for name, use in names.items() if use == "not used"}
        ),
        "words": {column: dict(sorted(counts.items())) for column, counts in sorted(reading.words.items())},
        "columns_refused": dict(sorted(reading.refused.items())),
        "notes": [*reading.notes, *reading.form],
        "refused": [str(problem) for problem in reading.problems],
    }


MOST_LISTED = 12


def _listed(names: list[str]) -> str:
    more = f" … and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _assay_lines(assays: dict) -> list[str]:
    lines = [
        f"Stained cells ({assay}): {part['populations']} populations in {part['samples']} samples"
        for assay, part in assays.get("stained", {}).items()
    ]
    lines += [
        f"nCounter panel {name}: {part['genes']} genes ({part['housekeeping']} of housekeeping), "
        f"{part['samples']} samples"
        for name, part in assays.get("ncounter", {}).items()
    ]
    if biopsies := assays.get("biopsies"):
        lines.append(f"Biopsies: {_listed([f'{name} {n}' for name, n in biopsies.items()])}")
    return lines


def as_text(contents: dict, folder: Path) -> str:
    """An inventory as a person reads it."""
    lines = [
        f"{contents['label']}: {contents['patients']} patients, {contents['samples']} tumour samples"
        + (f", {contents['normals']} samples of normal tissue set aside" if contents["normals"] else "")
        + f", {contents['mutations']} mutations"
    ]
    by_state: dict[str, list[str]] = {}
    for name, state in contents["files"].items():
        by_state.setdefault(state, []).append(name)
    lines.append("Files")
    lines += [
        f"  {state + ':':<16} {_listed(by_state[state])}"
        for state in ("read", "not needed", "not understood")
        if state in by_state
    ]
    lines.append("Columns")
    for file, names in contents["columns"].items():
        for use in ("used", "not used"):
            if chosen := [name for name, how in names.items() if how == use]:
                lines.append(f"  {file} {use + ':':<10} {_listed(chosen)}")
    if contents["words"]:
        lines.append("Words that were not understood")
        lines += [
            f"  {column}: {_listed([f'{word} ({count})' for word, count in words.items()])}"
            for column, words in contents["words"].items()
        ]
    if contents["notes"]:
        lines.append("What reading made of it")
        lines += [f"  {note}" for note in contents["notes"]]
    lines.append(f"Histologies: {_listed([f'{name} {count}' for name, count in contents['histologies'].items()])}")
    own = ", as the study gives them (no genotype tells them here)" if contents["subtypes_given"] else ""
    lines.append(
        f"Genomic subtypes of patients{own}: "
        + _listed([f"{name} {count}" for name, count in contents["subtypes"].items()])
    )
    for key, name in ENDPOINTS.items():
        if key in contents["endpoints"]:
            n, events = contents["endpoints"][key]
            lines.append(f"{name.capitalize()}: {n} patients, {events} events")
    absent = [name for key, name in ENDPOINTS.items() if key not in contents["endpoints"]]
    lines.append(f"No {', no '.join(absent)}.")
    if "OS" in contents["endpoints"]:
        lines.append(f"Time zero of overall survival: {contents['time_zero']}")
    if contents["expression"]:
        part = contents["expression"]
        lines.append(
            f"Expression ({part['file']}): {part['genes']} genes of {part['samples']} samples, {part['scale']}"
        )
    lines += _assay_lines(contents["assays"])
    lines.append("No problem found. To run the notebooks on it, write params/NAME.yaml with the lines")
    lines.append(f"  run: NAME\n  cohort: {folder}\nand call: lcnec run --params params/NAME.yaml")
    return "\n".join(lines)
