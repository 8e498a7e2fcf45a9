"""Tables as a cBioPortal study folder, moved in whole."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lcnec_utils.cohort import ncounter as panels_of_genes
from lcnec_utils.cohort.dictionary import (
    ALL_FILE,
    CNA_FILE,
    COLUMNS,
    DENSITY_FILE,
    EXPRESSION_FILE,
    MUTATION_FILE,
    PANEL_MATRIX_FILE,
    PATIENT_FILE,
    POSITIVITY_FILE,
    SAMPLE_FILE,
    SEQUENCED_FILE,
    STUDY_FILE,
    SV_FILE,
    TABLE_FILE,
    TARGETS_FILE,
)


def _cells(column: pd.Series) -> pd.Series:
    """A column as text: missing as nothing, whole numbers without a point, no tab or line end inside a cell."""
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        text = column.astype(object).where(column.notna(), "").astype(str)
        return text.str.replace(r"[\t\r\n]+", " ", regex=True)
    if pd.api.types.is_integer_dtype(column):
        return column.astype(object).where(column.notna(), "").astype(str)
    values = column.to_numpy(float, na_value=np.nan)
    whole = np.isfinite(values) & (np.mod(np.nan_to_num(values), 1) == 0) & (np.abs(values) < 2**53)
    text = np.array(["" if value != value else repr(value) for value in values.tolist()], dtype=object)
    text[whole] = values[whole].astype("int64").astype(str)
    return pd.Series(text, column.index)


def _attribute_lines(table: pd.DataFrame, known: dict[str, str]) -> list[str]:
    """cBioPortal's four lines above a clinical header: name, description (of the columns known), type, priority."""
    names = {name: name.replace("_", " ") for name in table.columns}
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    return [
        "#" + "\t".join(word.title() for word in names.values()),
        "#" + "\t".join(known.get(name, word.capitalize()) for name, word in names.items()),
        "#" + "\t".join("NUMBER" if is_number else "STRING" for is_number in numeric),
        "#" + "\t".join("1" for _ in table.columns),
    ]


def _write_table(path: Path, table: pd.DataFrame, above: list[str] | None = None) -> None:
    cells = [_cells(table[name]) for name in table.columns]
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in [*(above or []), "\t".join(table.columns)])
        file.writelines("\t".join(row) + "\n" for row in zip(*cells, strict=True))


def _meta(path: Path, **fields) -> None:
    path.write_text("".join(f"{key}: {value}\n" for key, value in fields.items()), encoding="utf-8")


@contextlib.contextmanager
def moved_in_whole(folder: Path):
    """A scratch folder beside a folder, moved into its place when the block ends: a reader never sees half of one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield scratch
        if folder.exists():
            shutil.rmtree(folder)
        scratch.chmod(0o755)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_profile(folder: Path, identifier: str, kind: str, file: str, table: pd.DataFrame | None, **fields) -> None:
    """A data file with its meta file, both named as cBioPortal names them; nothing where there is no table."""
    if table is None:
        return
    _meta(
        folder / file.replace("data_", "meta_"),
        cancer_study_identifier=identifier,
        genetic_alteration_type=kind,
        **fields,
        data_filename=file,
    )
    clinical = fields.get("datatype", "").endswith("_ATTRIBUTES")
    _write_table(folder / file, table, above=_attribute_lines(table, COLUMNS[file]) if clinical else None)


def _write_case_list(folder: Path, identifier: str, file: str, what: str, samples: list[str]) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    _meta(
        path,
        cancer_study_identifier=identifier,
        stable_id=f"{identifier}_{path.stem.removeprefix('cases_')}",
        case_list_name=what,
        case_list_description=f"{what} ({len(samples)} samples)",
        case_list_ids="\t".join(samples),
    )


def write_study(
    folder: Path,
    *,
    patients: pd.DataFrame,
    samples: pd.DataFrame,
    study: dict,
    mutations: pd.DataFrame | None = None,
    copy_number: pd.DataFrame | None = None,
    structural_variants: pd.DataFrame | None = None,
    timelines: dict[str, pd.DataFrame] | None = None,
    panel_genes: dict[str, list[str]] | None = None,
    expression=None,
    densities: pd.DataFrame | None = None,
    positivity: pd.DataFrame | None = None,
    ncounter: dict | None = None,
    type_of_cancer: str = "lung",
    targets: pd.DataFrame | None = None,
    readme: str = "",
) -> Path:
    """Tables as a cBioPortal study folder, written beside and moved in whole: a reader never sees half of one.

    patients: with PATIENT_ID and any of COLUMNS; status columns as text (`0:LIVING`). samples: with SAMPLE_ID and
    PATIENT_ID. study: STUDY_FIELDS. mutations: MAF columns. copy_number: genes × samples. structural_variants and
    timelines: cBioPortal's columns. panel_genes: the genes of each panel in GENE_PANEL. expression: AnnData, samples ×
    genes. densities and positivity: as `Cohort` holds them, or under the columns of their files. ncounter: panel → its
    log2 normalised counts, AnnData (samples × genes, var["class"]) or genes × samples with a column CLASS.
    type_of_cancer: cBioPortal's word for the study. targets: what a simulated cohort was tuned to.
    """
    folder = Path(folder)
    identifier = folder.name
    on_panel = samples["GENE_PANEL"].fillna("") != "" if panel_genes else pd.Series(True, samples.index)
    sequenced = list(samples.loc[on_panel, "SAMPLE_ID"])
    profiles = {"mutations": mutations, "cna": copy_number, "structural_variants": structural_variants}
    with moved_in_whole(folder) as scratch:
        _meta(
            scratch / "meta_study.txt",
            type_of_cancer=type_of_cancer,
            cancer_study_identifier=identifier,
            name=study.get("name", identifier),
            description=study.get("source", identifier),
        )
        for file, kind, table in (
            (PATIENT_FILE, "PATIENT_ATTRIBUTES", patients),
            (SAMPLE_FILE, "SAMPLE_ATTRIBUTES", samples),
        ):
            _write_profile(scratch, identifier, "CLINICAL", file, table, datatype=kind)
        for name, table in (timelines or {}).items():
            file = f"data_timeline_{name}.txt"
            _write_profile(scratch, identifier, "CLINICAL", file, table, datatype="TIMELINE")
        _write_genomic_profiles(scratch, identifier, profiles)
        _write_case_lists(scratch, identifier, profiles, list(samples["SAMPLE_ID"]), sequenced)
        if panel_genes:
            matrix = _panel_matrix(samples, profiles)
            _write_profile(
                scratch, identifier, "GENE_PANEL_MATRIX", PANEL_MATRIX_FILE, matrix, datatype="GENE_PANEL_MATRIX"
            )
            _write_panels(scratch, panel_genes)
        (scratch / STUDY_FILE).write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if expression is not None:
            expression.write_h5ad(scratch / EXPRESSION_FILE)
        _write_assays(scratch, densities, positivity, ncounter or {})
        if targets is not None:
            targets.to_csv(scratch / TARGETS_FILE, index=False, lineterminator="\n")
        if readme:
            (scratch / "README.md").write_text(readme, encoding="utf-8")
    return folder


def _write_genomic_profiles(folder: Path, identifier: str, profiles: dict[str, pd.DataFrame | None]) -> None:
    """Mutations, copy number and structural variants with their meta files, those that there are."""
    shown = {"show_profile_in_analysis_tab": "true"}
    _write_profile(
        folder, identifier, "MUTATION_EXTENDED", MUTATION_FILE, profiles["mutations"], datatype="MAF",
        stable_id="mutations", **shown, profile_name="Mutations", profile_description="Mutations",
    )  # fmt: skip
    levels = profiles["cna"]
    levels = None if levels is None else levels.rename_axis("Hugo_Symbol").reset_index()
    _write_profile(
        folder, identifier, "COPY_NUMBER_ALTERATION", CNA_FILE, levels, datatype="DISCRETE", stable_id="cna",
        **shown, profile_name="Copy number", profile_description="Discrete copy number, -2 to 2",
    )  # fmt: skip
    _write_profile(
        folder, identifier, "STRUCTURAL_VARIANT", SV_FILE, profiles["structural_variants"], datatype="SV",
        stable_id="structural_variants", **shown, profile_name="Structural variants",
        profile_description="Structural variants",
    )  # fmt: skip


# columns of stained cells in memory → in their files; a marker's column is called as it is
_STAINED = {"sample": "SAMPLE_ID", "assay": "ASSAY", "population": "POPULATION", "per_mm2": "DENSITY_PER_MM2",
            "area_mm2": "AREA_MM2", "cells": "CELLS"}  # fmt: skip


def _write_assays(folder: Path, densities: pd.DataFrame | None, positivity: pd.DataFrame | None, panels: dict) -> None:
    """Stained cells and nCounter panels, those that there are."""
    for file, table in ((DENSITY_FILE, densities), (POSITIVITY_FILE, positivity)):
        if table is not None:
            _write_table(folder / file, table.rename(columns=_STAINED))
    for name, panel in panels.items():
        slug = panels_of_genes.slug_of(name)
        if not isinstance(panel, pd.DataFrame):
            genes = pd.DataFrame(np.asarray(panel.X).T, index=panel.var_names, columns=panel.obs_names)
            panel = genes.assign(CLASS=panel.var["class"].to_numpy())
        if "CLASS" not in panel:
            panel = panel.assign(CLASS=panels_of_genes.ENDOGENOUS)
        samples = [column for column in panel if column not in ("CLASS", "Hugo_Symbol")]
        symbols = panel["Hugo_Symbol"] if "Hugo_Symbol" in panel else panel.index.to_series()
        table = panel[["CLASS", *samples]].reset_index(drop=True)
        table.insert(0, "Hugo_Symbol", symbols.to_numpy())
        _write_table(folder / f"data_ncounter_{slug}.txt", table)
        _meta(folder / f"ncounter_{slug}.txt", gene_panel=name, scale=panels_of_genes.LOG2)


def _write_case_lists(
    folder: Path, identifier: str, profiles: dict[str, pd.DataFrame | None], samples: list[str], sequenced: list[str]
) -> None:
    """The lists of all samples and of those of each profile that there is."""
    if profiles["mutations"] is not None:
        _write_case_list(folder, identifier, SEQUENCED_FILE, "Sequenced samples", sequenced)
    _write_case_list(folder, identifier, ALL_FILE, "All samples", samples)
    if profiles["cna"] is not None:
        _write_case_list(folder, identifier, "case_lists/cases_cna.txt", "With copy number", list(profiles["cna"]))
    if profiles["structural_variants"] is not None:
        _write_case_list(folder, identifier, "case_lists/cases_sv.txt", "With structural variants", sequenced)


def _panel_matrix(samples: pd.DataFrame, profiles: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
    """The panel of each sample in each profile that there is, NA where it has none."""
    # a profile is read on a sample's panel where it has one of the sample at all
    panels = {name: samples["GENE_PANEL"] for name, table in profiles.items() if table is not None}
    if profiles["cna"] is not None:
        panels["cna"] = samples["GENE_PANEL"].where(samples["SAMPLE_ID"].isin(profiles["cna"].columns), "")
    return samples[["SAMPLE_ID"]].assign(**panels).replace("", np.nan).fillna("NA")


def _write_panels(folder: Path, panel_genes: dict[str, list[str]]) -> None:
    for panel, genes in panel_genes.items():
        _meta(
            folder / f"data_gene_panel_{panel}.txt",
            stable_id=panel,
            description=f"{len(genes)} genes",
            gene_list="\t".join(sorted(genes)),
        )


def write_table(
    folder: Path,
    table: pd.DataFrame,
    *,
    study: dict,
    targets: pd.DataFrame | None = None,
    readme: str = "",
    files: Iterable = (),
) -> Path:
    """A cohort that is one plain table (cell lines, pan-cancer values) as table.csv, moved in whole.

    targets: what a simulated cohort was tuned to. files: further files, as (path inside the folder, bytes).
    """
    folder = Path(folder)
    with moved_in_whole(folder) as scratch:
        table.to_csv(scratch / TABLE_FILE, index=False, float_format="%.6g", lineterminator="\n")
        (scratch / STUDY_FILE).write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if targets is not None:
            targets.to_csv(scratch / TARGETS_FILE, index=False, lineterminator="\n")
        if readme:
            (scratch / "README.md").write_text(readme, encoding="utf-8")
        for name, body in files:
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).write_bytes(body)
    return folder
