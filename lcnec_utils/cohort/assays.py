"""Stained cells of a CAR T cohort: a table of densities and a table of cells by their combination of markers.

Both are read to one table of densities. A population is written as the signs of its markers, in the order of MARKERS,
joined by one space; markers that do not matter are left out: "CD3+ CD8- FOXP3+".
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.clinical import Identifiers, quoted
from lcnec_utils.cohort.dictionary import COLUMNS, DENSITY_FILE, POSITIVITY_FILE, column_names
from lcnec_utils.cohort.files import NOT_NEEDED, READ
from lcnec_utils.cohort.model import Cohort, Reading
from lcnec_utils.cohort.tables import read_tsv
from lcnec_utils.core.errors import MissingData, UserError

# The stained panels: the markers of each, in the order in which a population names them
PANELS = {
    "TL": ("CD3", "CD8"),
    "TCE": ("CD3", "CD8", "FOXP3", "PD1", "LAG3", "TIM3"),
    "TCE+": ("CD3", "CD8", "FOXP3", "PD1", "LAG3", "TIM3", "TOX", "EZH2"),
    "SC": ("CD11B", "CD14", "CD15", "CD68", "S100A9", "LOX1"),
}
MARKERS = (*PANELS["TCE+"], *PANELS["SC"])
# Populations whose density a table of marker positivity always gives
LINEAGES = (
    "CD3+", "CD8+", "CD3+ CD8+", "CD3+ CD8-", "CD3+ CD8- FOXP3-", "CD3+ CD8- FOXP3+",
    *(f"{marker}+" for marker in PANELS["SC"]), "CD11B+ CD14+ CD15-", "CD11B+ CD14- CD15+",
)  # fmt: skip
DENSITY_COLUMNS = ["sample", "assay", "population", "per_mm2"]
MOST_PER_MM2 = 100_000  # a cell of 3.5 µm across covers 10 µm²: more do not fit
MOST_AREA_MM2 = 2_000  # a slide of 75 by 26 mm has 1,950
SAME_WITHIN = 0.01  # densities of both tables are one where they differ by less, as a share
TISSUE = "FFPE"  # these antibodies stain fixed tissue

_TOKEN = re.compile(r"[\s,;/]*([A-Za-z][A-Za-z0-9]*(?:-\d+)?)\s*([+-])(?![+-])")
_SIGNS = str.maketrans({"−": "-", "–": "-", "＋": "+", "⁺": "+", "⁻": "-"})


def _marker(name: str) -> str | None:
    """The marker that a name means, whatever its capitals and hyphens (FoxP3, PD-1, LOX-1); None for an unknown one."""
    known = re.sub(r"[^A-Z0-9]", "", name.upper())
    return known if known in MARKERS else None


def signs(population: str) -> dict[str, str]:
    """The markers of a population with their signs (+ or -), in the order of MARKERS.

    Raises UserError for a marker that no panel stains, one without a sign or with two, and one that stands twice.

    >>> signs("CD8- CD3+ FoxP3+")
    {'CD3': '+', 'CD8': '-', 'FOXP3': '+'}
    """
    text, place, named = population.translate(_SIGNS).strip(), 0, {}
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise UserError(
                f"'{text[place:].strip()}' has no single + or -; write each marker with its sign: CD3+ CD8-"
            )
        marker = _marker(match[1])
        if marker is None:
            raise UserError(f"'{match[1]}' is no marker known here; known are {', '.join(MARKERS)}")
        if marker in named:
            raise UserError(f"marker {marker} stands twice; keep one")
        named[marker], place = match[2], match.end()
    if not named:
        raise UserError("names no marker; write each marker with its sign: CD3+ CD8-")
    return {marker: named[marker] for marker in MARKERS if marker in named}


def canonical(population: str, assay: str | None = None) -> str:
    """A population as this house writes it; with an assay, one whose markers that assay stains.

    Raises UserError as `signs`, and for a marker that the assay does not stain.

    >>> canonical("CD11b+ CD15- CD14+")
    'CD11B+ CD14+ CD15-'
    """
    named = signs(population)
    strange = [marker for marker in named if assay is not None and marker not in PANELS[assay]]
    if strange:
        raise UserError(f"{assay} does not stain {strange[0]}, but {', '.join(PANELS[assay])}")
    return " ".join(marker + sign for marker, sign in named.items())


# --- reading


def _columns(file: str, known: str, table: pd.DataFrame, reading: Reading) -> pd.DataFrame | None:
    """The table under the dictionary's names; None where one that it needs is missing."""
    names = column_names(list(table.columns), list(COLUMNS[known]))
    table = table.rename(columns=names)
    reading.used[file] = list(names)
    lacking = [name for name, what in COLUMNS[known].items() if "(required)" in what and name not in table]
    for name in lacking:
        reading.refuse(file, "is missing; add it", column=name)
    return None if lacking else table


def _assays(file: str, cells: pd.Series, reading: Reading) -> pd.Series:
    """The stained panel of each row; "" where its word is not understood, which is named and counted."""
    meaning = {cell: words.word("assay", cell) or "" for cell in cells.unique()}
    counts = cells[cells.map(meaning) == ""].value_counts()
    strange = {str(cell): int(n) for cell, n in counts.items()}
    reading.strange("ASSAY", {cell: n for cell, n in strange.items() if cell})
    if strange:
        said = quoted({cell or "nothing": n for cell, n in strange.items()})
        reading.odd(f"{file}, column ASSAY: {said}: not understood; write {', '.join(PANELS)}; these rows are left out")
    return cells.map(meaning)


def _numbers(
    file: str, table: pd.DataFrame, name: str, what: str, reading: Reading, *, least: float = 0.0, over: bool = False
) -> pd.Series:
    """A column of numbers of at least (over: more than) `least`; the first cell that is none refuses the table. An
    empty cell is missing."""
    values = pd.to_numeric(table[name], errors="coerce")
    wrong = (values.isna() & (table[name] != "")) | np.isinf(values) | (values <= least if over else values < least)
    for row in table.index[wrong][:1]:
        bound = f"more than {least:g}" if over else f"{least:g} or more"
        cell = table.at[row, name]
        comma = re.fullmatch(r"\d+,\d+", cell)
        remedy = "write a decimal point" if comma else "write what was measured, or leave the row out"
        reading.refuse(file, f"'{cell}' is no {what} of {bound}; {remedy}", int(row), name)
    return values.astype(float)


def _twice(file: str, table: pd.DataFrame, keys: list[str], what: str, reading: Reading) -> None:
    for row in table.index[table.duplicated(keys)][:1]:
        named = ", ".join(str(table.at[row, key]) for key in keys if table.at[row, key] == table.at[row, key])
        reading.refuse(file, f"{what} stands in an earlier row too ({named}); keep one", int(row))


def _samples_of_rows(file: str, table: pd.DataFrame, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """The table with the sample that each row is of; rows of normal tissue and of unknown assays are left out."""
    samples = identifiers.resolve(file, "SAMPLE_ID", table["SAMPLE_ID"], reading)
    if samples is None:
        return None
    table = table.assign(SAMPLE_ID=samples, ASSAY=_assays(file, table["ASSAY"], reading))
    return table[(table["SAMPLE_ID"] != "") & (table["ASSAY"] != "")]


def density_table(path: Path, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """Densities (DENSITY_COLUMNS) of data_densities.txt; None where it is refused."""
    file, before = path.name, len(reading.problems)
    table = read_tsv(path, reading)
    table = None if table is None else _columns(file, DENSITY_FILE, table, reading)
    table = None if table is None else _samples_of_rows(file, table, identifiers, reading)
    if table is None:
        return None
    named = {}
    for assay, text in table[["ASSAY", "POPULATION"]].drop_duplicates().itertuples(index=False):
        try:
            named[assay, text] = canonical(text, assay)
        except UserError as fault:
            row = table.index[(table["ASSAY"] == assay) & (table["POPULATION"] == text)][0]
            reading.refuse(file, str(fault), int(row), "POPULATION")
    values = _numbers(file, table, "DENSITY_PER_MM2", "density", reading)
    for row in table.index[(values > MOST_PER_MM2) & np.isfinite(values)][:1]:
        fault = f"'{values[row]:g}' is over {MOST_PER_MM2:,}, more cells than fit; give cells per mm²"
        reading.refuse(file, fault, int(row), "DENSITY_PER_MM2")
    if len(reading.problems) > before:
        return None
    pairs = zip(table["ASSAY"], table["POPULATION"], strict=True)
    result = pd.DataFrame(
        {"sample": table["SAMPLE_ID"], "assay": table["ASSAY"], "population": [named[pair] for pair in pairs],
         "per_mm2": values}
    )  # fmt: skip
    _twice(file, result, DENSITY_COLUMNS[:3], "the density of a population", reading)
    if empty := int(values.isna().sum()):
        reading.odd(f"{file}, column DENSITY_PER_MM2: {empty} of {len(values)} cells are empty; not measured")
    return result.dropna(subset="per_mm2").reset_index(drop=True)


def positivity_table(path: Path, identifiers: Identifiers, reading: Reading) -> pd.DataFrame | None:
    """Cells by their combination of markers, of data_marker_positivity.txt; None where it is refused.

    Columns: sample, assay, area_mm2, cells, and one per marker: "+", "-", or None where it was not stained.
    """
    file, before = path.name, len(reading.problems)
    table = read_tsv(path, reading, keep_nulls=True)
    table = None if table is None else _columns(file, POSITIVITY_FILE, table, reading)
    if table is None:
        return None
    fixed = ["SAMPLE_ID", "ASSAY", "AREA_MM2", "CELLS"]
    markers = {}
    for name in (name for name in table.columns if name not in fixed):
        marker = _marker(name)
        if marker is None:
            reading.refuse(file, f"is no marker known here; known are {', '.join(MARKERS)}", column=name)
        elif marker in markers.values():
            reading.refuse(file, f"is {marker}, which has a column already; keep one", column=name)
        markers[name] = marker
    reading.used[file] = list(table.columns)
    table = _samples_of_rows(file, table, identifiers, reading)
    if table is None or len(reading.problems) > before:
        return None
    table = table.rename(columns=markers)
    markers = [marker for marker in MARKERS if marker in table]
    for marker in markers:
        cells = table[marker].str.translate(_SIGNS)
        for row in table.index[~cells.isin(["+", "-", ""])][:1]:
            reading.refuse(file, f"'{table.at[row, marker]}' is no sign; write +, -, or nothing where it was not "
                           "stained", int(row), marker)  # fmt: skip
        table[marker] = cells.replace("", None)
    result = pd.DataFrame(
        {"sample": table["SAMPLE_ID"], "assay": table["ASSAY"],
         "area_mm2": _numbers(file, table, "AREA_MM2", "area in mm²", reading, over=True),
         "cells": _numbers(file, table, "CELLS", "number of cells", reading)}
    ).join(table[markers])  # fmt: skip
    if len(reading.problems) == before:
        _check_counted(file, result, markers, reading)
    return None if len(reading.problems) > before else result.reset_index(drop=True)


def _check_counted(file: str, table: pd.DataFrame, markers: list[str], reading: Reading) -> None:
    """Refuses what no count of stained cells can be: parts of cells, two areas, a marker stained in some rows only."""
    for name, what in (("area_mm2", "the area of the section"), ("cells", "the cells counted")):
        for row in table.index[table[name].isna()][:1]:
            reading.refuse(file, f"is empty; give {what}, or leave the sample's rows out", int(row), name.upper())
    for row in table.index[table["cells"] % 1 > 0][:1]:
        reading.refuse(file, f"'{table.at[row, 'cells']:g}' is no whole number of cells", int(row), "CELLS")
    groups = table.groupby(["sample", "assay"], sort=False)
    several = groups["area_mm2"].transform("nunique") > 1
    for row in table.index[several][:1]:
        sample, assay = table.loc[row, ["sample", "assay"]]
        reading.refuse(file, f"sample '{sample}' has two areas in {assay}; each row repeats one", int(row), "AREA_MM2")
    for row in table.index[table["area_mm2"] > MOST_AREA_MM2][:1]:
        fault = f"'{table.at[row, 'area_mm2']:.10g}' is more than a slide has ({MOST_AREA_MM2:,} mm²); give mm²"
        reading.refuse(file, fault, int(row), "AREA_MM2")
    density = table.groupby(["sample", "assay"])["cells"].transform("sum") / table["area_mm2"]
    for row in table.index[density > MOST_PER_MM2][:1]:
        sample, assay = table.loc[row, ["sample", "assay"]]
        fault = (
            f"sample '{sample}' has {density[row]:,.0f} cells per mm² in {assay}, more than fit; give the area in mm²"
        )
        reading.refuse(file, fault, int(row), "AREA_MM2")
    for marker in markers:
        stained = table[marker].notna()
        partly = stained.groupby([table["sample"], table["assay"]]).transform("nunique") > 1
        for row in table.index[partly & ~stained][:1]:
            sample = table.at[row, "sample"]
            reading.refuse(file, f"is empty here and filled in other rows of sample '{sample}'", int(row), marker)
        of_panel = table["assay"].map({name: marker in panel for name, panel in PANELS.items()}).astype(bool)
        for row in table.index[stained & ~of_panel][:1]:
            assay = table.at[row, "assay"]
            reading.refuse(file, f"{assay} does not stain it, but {', '.join(PANELS[assay])}", int(row), marker)
    _twice(file, table, ["sample", "assay", *markers], "a combination of markers", reading)


def densities_of_positivity(positivity: pd.DataFrame, populations: list[str]) -> pd.DataFrame:
    """Densities (DENSITY_COLUMNS) of populations: cells of the matching rows ÷ area, of every sample and assay in which
    all markers of the population were stained; 0 where no row matches.

    positivity: as `positivity_table` gives it. Raises UserError as `signs`.

    >>> cells = pd.DataFrame({"sample": "S", "assay": "TL", "area_mm2": 2.0, "cells": [30, 10],
    ...                       "CD3": ["+", "+"], "CD8": ["+", "-"]})
    >>> densities_of_positivity(cells, ["CD3+", "CD8+"])["per_mm2"].tolist()
    [20.0, 15.0]
    """
    place = positivity.groupby(["sample", "assay"], sort=False).ngroup().to_numpy()
    sections = positivity[["sample", "assay", "area_mm2"]].drop_duplicates(["sample", "assay"])
    areas, cells = sections["area_mm2"].to_numpy(float), positivity["cells"].to_numpy(float)
    parts = []
    for name in dict.fromkeys(canonical(population) for population in populations):
        named = signs(name)
        if not set(named) <= set(positivity):
            continue
        columns = {marker: positivity[marker].to_numpy(object) for marker in named}
        stained = np.logical_and.reduce([pd.notna(column) for column in columns.values()])
        matching = np.logical_and.reduce([columns[marker] == sign for marker, sign in named.items()]) & stained
        counted = np.bincount(place[matching], cells[matching], len(areas)) / areas
        there = np.unique(place[stained])
        if len(there):
            parts.append(sections.iloc[there, :2].assign(population=name, per_mm2=counted[there]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=DENSITY_COLUMNS)


def _joined(listed: pd.DataFrame | None, counted: pd.DataFrame | None, reading: Reading) -> pd.DataFrame | None:
    """The densities of both tables; where both give one, that of the table of densities, and a note on any other."""
    if counted is None:
        return listed
    named = [*LINEAGES, *([] if listed is None else listed["population"].unique())]
    computed = densities_of_positivity(counted, named)
    if listed is None:
        return computed
    keys = DENSITY_COLUMNS[:3]
    both = listed.merge(computed, on=keys, suffixes=("", "_counted"))
    apart = (both["per_mm2"] - both["per_mm2_counted"]).abs() > SAME_WITHIN * both[["per_mm2", "per_mm2_counted"]].max(
        axis=1
    )
    if apart.any():
        reading.odd(
            f"{int(apart.sum())} of {len(both)} densities of {DENSITY_FILE} differ by more than {SAME_WITHIN:.0%} from "
            f"the cells of {POSITIVITY_FILE}; {DENSITY_FILE} is read"
        )
    tables = [table for table in (listed, computed) if len(table)] or [listed]
    return pd.concat(tables).drop_duplicates(keys).reset_index(drop=True)


def _named(folder: Path, name: str, reading: Reading) -> Path | None:
    """A file of a folder, as it is or compressed; of the two the first, and the other is not needed."""
    there = [folder / other for other in (name, f"{name}.gz") if (folder / other).is_file()]
    for place, path in enumerate(there):
        reading.files[path.name] = NOT_NEEDED if place else READ
    return there[0] if there else None


def read_stained(folder: Path, samples: pd.DataFrame, identifiers: Identifiers, reading: Reading) -> dict:
    """What was counted in stained tissue, as fields of Cohort: densities and positivity, None where there is no file.

    samples: the table of samples, whose column FIXATION says which are frozen: rows of those are kept, and said.
    """
    paths = [_named(folder, name, reading) for name in (DENSITY_FILE, POSITIVITY_FILE)]
    listed = None if paths[0] is None else density_table(paths[0], identifiers, reading)
    counted = None if paths[1] is None else positivity_table(paths[1], identifiers, reading)
    densities = _joined(listed, counted, reading)
    if densities is not None and "FIXATION" in samples:
        fixation = samples["FIXATION"].reindex(densities["sample"])
        frozen = densities["sample"][fixation.notna().to_numpy() & (fixation != TISSUE).to_numpy()].unique()
        if len(frozen):
            said, first = f"{len(frozen)} samples with densities are not {TISSUE}", f"as '{frozen[0]}'"
            reading.odd(f"{said} ({first}), which these antibodies need", first)
    return {"densities": densities, "positivity": counted}


# --- access


def need_densities(cohort: Cohort) -> pd.DataFrame:
    """A cohort's densities (DENSITY_COLUMNS); MissingData where it has none."""
    if cohort.densities is None:
        raise MissingData(f"{cohort.name} has no stained cells: there is neither {DENSITY_FILE} nor {POSITIVITY_FILE}")
    return cohort.densities


def densities(cohort: Cohort, assay: str, populations: list[str]) -> pd.DataFrame:
    """The densities of several populations in an assay, cells per mm², samples × populations, missing where a sample
    does not show one.

    From the table of densities, else from the counts of cells. Raises MissingData where the cohort has neither;
    UserError for a population whose markers the assay does not stain.
    """
    if assay not in PANELS:
        raise UserError(f"no assay '{assay}'; known are {', '.join(PANELS)}")
    names = list(dict.fromkeys(canonical(population, assay) for population in populations))
    table = need_densities(cohort)
    parts = [table[(table["assay"] == assay) & table["population"].isin(names)]]
    if cohort.positivity is not None:
        parts.append(densities_of_positivity(cohort.positivity[cohort.positivity["assay"] == assay], names))
    known = pd.concat([part for part in parts if len(part)] or parts[:1]).drop_duplicates(["sample", "population"])
    wide = known.pivot(index="sample", columns="population", values="per_mm2").reindex(columns=names).astype(float)
    return wide.rename_axis(index="SAMPLE_ID", columns=None)


def density(cohort: Cohort, assay: str, population: str) -> pd.Series:
    """The density of a population in an assay, cells per mm², by SAMPLE_ID; `name` is the population.

    Raises as `densities`, and MissingData where no sample of the cohort shows that population.
    """
    known = densities(cohort, assay, [population]).iloc[:, 0].dropna()
    if known.empty:
        raise MissingData(f"{cohort.name} has no density of {canonical(population)} in {assay}")
    return known


def panel(cohort: Cohort, name: str, genes: list[str] | None = None):
    """A cohort's nCounter panel as AnnData, samples × genes (those named that it holds, in their order), log2 values.

    Raises MissingData where the cohort has no such panel, or the panel none of the genes.
    """
    if name not in cohort.ncounter:
        there = f"there are {', '.join(cohort.ncounter)}" if cohort.ncounter else "it has no nCounter panel"
        raise MissingData(f"{cohort.name} has no nCounter panel {name}: {there}")
    data = cohort.ncounter[name]
    if genes is None:
        return data
    held = [gene for gene in dict.fromkeys(genes) if gene in data.var_names]
    if not held:
        raise MissingData(f"the panel {name} of {cohort.name} does not hold {', '.join(genes[:3])}")
    return data[:, held].copy()
