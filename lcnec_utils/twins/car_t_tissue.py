"""Stained cells of simulated lymphomas: what a tissue holds, and the cells counted by their combination of markers.

Densities are never drawn by themselves: each is the number of cells counted, by combination of markers, over the area.
Laws: laws/car_t.yaml, `car_t.tissue`.
"""

import dataclasses
import itertools

import numpy as np
import pandas as pd

from lcnec_utils.cohort.assays import MARKERS, PANELS

PATTERNS = ["".join(signs) for signs in itertools.product("-+", repeat=3)]  # of PD-1, LAG-3, TIM-3
KINDS = ["macrophage", "monocyte", "granulocyte", "other"]
# Populations that data_densities.txt lists of each assay
NAMED = {
    "TL": ["CD3+", "CD8+", "CD3+ CD8+", "CD3+ CD8-"],
    "TCE": ["CD3+", "CD3+ CD8+", "CD3+ CD8-", "CD3+ CD8- FOXP3-", "CD3+ CD8- FOXP3+"],
    "SC": ["CD11B+ CD14+ CD15-", "CD11B+ CD14- CD15+", "CD68+"],
}
NAMED["TCE+"] = NAMED["TCE"]


@dataclasses.dataclass(frozen=True)
class Tissue:
    """What tissues hold, one value per tissue.

    infiltration: T cells, in sd; the others in sd as well, but for the shares (logits) and the noise of the
    combinations of checkpoints (tissues × 8). myeloid: natural logarithms of the densities of KINDS.
    """

    infiltration: np.ndarray
    cd8: np.ndarray
    treg: np.ndarray
    activated: np.ndarray
    exhausted: np.ndarray
    patterns_cd8: np.ndarray
    patterns_cd4: np.ndarray
    myeloid: np.ndarray

    def take(self, rows) -> "Tissue":
        """Some of the tissues, in the order of `rows`."""
        return Tissue(**{field.name: getattr(self, field.name)[rows] for field in dataclasses.fields(self)})


def draw(
    rng: np.random.Generator,
    law: dict,
    infiltration: np.ndarray,
    myeloid_with: float,
    exhausted: np.ndarray | None = None,
) -> Tissue:
    """Tissues with so many T cells. myeloid_with: the correlation of myeloid cells with them; exhausted: drawn with the
    correlation of the law where it is not given."""
    n = len(infiltration)
    if exhausted is None:
        tie = law["exhausted_with"]
        exhausted = law["exhausted_log_sd"] * (tie * infiltration + np.sqrt(1 - tie**2) * rng.standard_normal(n))
    of_kinds = [law["myeloid"][kind] for kind in KINDS]
    shared = np.array([myeloid_with] * 3 + [0.0])
    own = np.sqrt(1 - shared**2) * rng.standard_normal((n, len(KINDS)))
    middle, spread = (np.array(values) for values in zip(*of_kinds, strict=True))
    return Tissue(
        infiltration=infiltration,
        cd8=rng.normal(*law["cd8_logit"], n),
        treg=rng.normal(*law["treg_logit"], n),
        activated=law["activated_log_sd"] * rng.standard_normal(n),
        exhausted=exhausted,
        patterns_cd8=law["pattern_log_sd"] * rng.standard_normal((n, 8)),
        patterns_cd4=law["pattern_log_sd"] * rng.standard_normal((n, 8)),
        myeloid=np.log(middle) + spread * (shared * infiltration[:, None] + own),
    )


def regulatory(law: dict, tissue: Tissue) -> np.ndarray:
    """The density of regulatory T cells of each tissue, in sd of its logarithm over the tissues."""
    values = law["t_cells"]["log_sd"] * tissue.infiltration + np.log((1 - _share(tissue.cd8)) * _share(tissue.treg))
    return (values - values.mean()) / values.std()


def _share(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def _patterns(law: dict, tissue: Tissue, kind: str) -> np.ndarray:
    """The share of each combination of checkpoints among a kind of T cells, tissues × 8."""
    weight = np.array([law["checkpoints"][kind][name] for name in PATTERNS])
    for effects, of in ((law["activated"], tissue.activated), (law["exhausted"], tissue.exhausted)):
        weight = weight + np.array([effects.get(name, 0.0) for name in PATTERNS]) * np.atleast_1d(of)[:, None]
    weight = np.exp(weight + (tissue.patterns_cd8 if kind == "CD8" else tissue.patterns_cd4))
    return weight / weight.sum(axis=1, keepdims=True)


def _t_cells(law: dict, tissue: Tissue) -> dict[tuple[str, ...], np.ndarray]:
    """Density of each combination of CD3, CD8, FOXP3 and the checkpoints: signs → by tissue."""
    total = law["t_cells"]["median"] * np.exp(law["t_cells"]["log_sd"] * tissue.infiltration)
    cd8, treg = _share(tissue.cd8), _share(tissue.treg)
    parts = {"++": ("CD8", cd8 * law["cd8_foxp3"]), "+-": ("CD8", cd8 * (1 - law["cd8_foxp3"]))}
    parts |= {"-+": ("CD4", (1 - cd8) * treg), "--": ("CD4", (1 - cd8) * (1 - treg))}
    of_kind = {kind: _patterns(law, tissue, kind) for kind in ("CD8", "CD4")}
    return {
        ("+", *signs, *pattern): total * share * of_kind[kind][:, place]
        for signs, (kind, share) in parts.items()
        for place, pattern in enumerate(PATTERNS)
    }


def densities(law: dict, tissue: Tissue, assay: str) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Combinations of an assay's markers, and the density of each in each tissue (tissues × combinations)."""
    if assay == "SC":
        return _myeloid(law, tissue)
    cells = _t_cells(law, tissue)
    none = ("-",) * (len(PANELS[assay]) - 1)
    other = np.full(len(tissue.infiltration), float(law["other_cells"]))
    cd8_alone = sum(values for signs, values in cells.items() if signs[1] == "+") * law["cd8_without_cd3"]
    rows = {("-", *none): other, ("-", "+", *none[1:]): cd8_alone}
    for signs, values in cells.items():
        if assay == "TL":
            rows[signs[:2]] = rows.get(signs[:2], 0.0) + values
        elif assay == "TCE":
            rows[signs] = values
        else:
            tox = law["tox_logit"]
            marks = signs[3:].count("+")
            positive = _share(tox["none"] + tox["each"] * marks + tox["exhaustion"] * tissue.exhausted)
            for has_tox, has_ezh2 in itertools.product("-+", repeat=2):
                ezh2 = law["ezh2"] if has_ezh2 == "+" else 1 - law["ezh2"]
                rows[*signs, has_tox, has_ezh2] = values * (positive if has_tox == "+" else 1 - positive) * ezh2
    return list(rows), np.column_stack(list(rows.values()))


def _myeloid(law: dict, tissue: Tissue) -> tuple[list[tuple[str, ...]], np.ndarray]:
    rows = {}
    for place, kind in enumerate(KINDS):
        lineage = {"macrophage": "---+", "monocyte": "++--", "granulocyte": "+-+-", "other": "----"}[kind]
        for s100a9, lox1 in itertools.product("-+", repeat=2):
            share = np.prod([law[name][kind] if sign == "+" else 1 - law[name][kind]
                             for name, sign in (("s100a9", s100a9), ("lox1", lox1))])  # fmt: skip
            rows[*lineage, s100a9, lox1] = np.exp(tissue.myeloid[:, place]) * share
    return list(rows), np.column_stack(list(rows.values()))


@dataclasses.dataclass(frozen=True)
class Counts:
    """Cells counted in an assay: combinations (signs of the assay's markers), areas in mm² by tissue, cells (tissues ×
    combinations)."""

    assay: str
    combinations: list[tuple[str, ...]]
    area: np.ndarray
    cells: np.ndarray

    def density(self, population: str) -> np.ndarray:
        """Cells per mm² of a population by tissue; population: as "CD3+ CD8-"."""
        wanted = [(PANELS[self.assay].index(term[:-1]), term[-1]) for term in population.split()]
        match = np.array([all(signs[place] == sign for place, sign in wanted) for signs in self.combinations])
        return self.cells[:, match].sum(axis=1) / self.area

    def take(self, rows) -> "Counts":
        """The counts of some of the tissues, in the order of `rows`."""
        return Counts(self.assay, self.combinations, self.area[rows], self.cells[rows])


def count(rng: np.random.Generator, law: dict, tissue: Tissue, assay: str) -> Counts:
    """The cells that an assay counts in one section of each tissue."""
    combinations, density = densities(law, tissue, assay)
    n = len(density)
    area = np.round(rng.uniform(*law["area_mm2"], n), 2)
    slide = np.exp(law["assay_log"][assay] + law["slide_log_sd"] * rng.standard_normal((n, 1)))
    return Counts(assay, combinations, area, rng.poisson(density * slide * area[:, None]))


def tables(counted: list[tuple[list[str], Counts]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """data_marker_positivity.txt and data_densities.txt of counts, each with the samples that it is of.

    Combinations of which no cell was seen have no row.
    """
    rows, named = [], []
    for samples, counts in counted:
        place = {marker: i for i, marker in enumerate(PANELS[counts.assay])}
        for sample, area, cells in zip(samples, counts.area, counts.cells, strict=True):
            for signs, number in zip(counts.combinations, cells, strict=True):
                if number:
                    marks = [signs[place[marker]] if marker in place else "" for marker in MARKERS]
                    rows.append([sample, counts.assay, area, int(number), *marks])
        for population in NAMED[counts.assay]:
            values = counts.density(population)
            named += [[*of, population, value] for of, value in
                      zip([(sample, counts.assay) for sample in samples], values, strict=True)]  # fmt: skip
    positivity = pd.DataFrame(rows, columns=["SAMPLE_ID", "ASSAY", "AREA_MM2", "CELLS", *MARKERS])
    listed = pd.DataFrame(named, columns=["SAMPLE_ID", "ASSAY", "POPULATION", "DENSITY_PER_MM2"])
    keys = ["SAMPLE_ID", "ASSAY"]
    return tuple(table.sort_values(keys, kind="stable", ignore_index=True) for table in (positivity, listed))
