"""nCounter panels of a CAR T cohort: a normalised matrix, or the instrument's raw files (RCC), normalised here.

Quality control and normalisation of raw counts follow NanoString's Gene Expression Data Analysis Guidelines (MAN-C0011)
with the defaults of nSolver (MAN-C0019): a lane fails on too few fields of view, a binding density out of range, a
positive control that is not linear or not detected, or a factor of normalisation out of bounds.
"""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.clinical import OF_SAMPLES, Identifiers, quoted
from lcnec_utils.cohort.dictionary import plain
from lcnec_utils.cohort.files import READ
from lcnec_utils.cohort.genome import symbol_of
from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.tables import fields_of, plain_text, read_tsv

# The panels that are known, by the slug of their file, and the other names that they go by
PANCANCER_IMMUNE, IMMUNOSIGN, IO360 = "PanCancer Immune", "PanCancer Immune + Immunosign", "IO 360"
SLUGS = {"pancancer_immune": PANCANCER_IMMUNE, "immunosign": IMMUNOSIGN, "io360": IO360}
_OTHER_NAMES = {
    "PANCANCER_IMMUNE_PROFILING_PANEL": PANCANCER_IMMUNE, "PANCANCER_IMMUNE_PROFILING": PANCANCER_IMMUNE,
    "PANCANCER_IMMUNE_PANEL": PANCANCER_IMMUNE, "PANCANCER_IMMUNE_IMMUNOSIGN_GENE_PANEL": IMMUNOSIGN,
    "IO360": IO360, "PANCANCER_IO_360": IO360, "PANCANCER_IO360": IO360, "IMMUNO_ONCOLOGY_360": IO360,
}  # fmt: skip
LOG2, LINEAR = "log2 normalised counts", "normalised counts"
MATRIX, RAW = re.compile(r"data_ncounter_(\w+)\.txt(\.gz)?", re.I), re.compile(r"rcc_(\w+)", re.I)
ENDOGENOUS, HOUSEKEEPING, POSITIVE, NEGATIVE = "Endogenous", "Housekeeping", "Positive", "Negative"
MOST_LOG2 = 25.0  # a lane counts a few million molecules at most: 2^22
LEAST_LINEAR = 30.0  # where no count of a panel is higher, the values are logged
QUALITY = ("RNA_QC", "NCOUNTER_QC")

FOV_RATIO = 0.75  # fields of view counted, of those attempted
BINDING_DENSITY = (0.05, 2.25)  # barcodes per µm²
POSITIVE_R2 = 0.95  # log2 counts of the positive controls against log2 of their concentrations
DETECTED = 0.5  # fM: this control lies above the negative controls by DETECTION_SD standard deviations
DETECTION_SD = 2.0
POSITIVE_FACTOR, CONTENT_FACTOR = (0.3, 3.0), (0.1, 10.0)
LEAST_NEGATIVES, LEAST_POSITIVES = 2, 3
LANE_NUMBERS = ["FovCount", "FovCounted", "BindingDensity"]


def panel_name(text: str) -> str:
    """A panel as this house names it; another name stays as it is.

    >>> panel_name("PanCancer IO 360"), panel_name("pancancer immune"), panel_name("Myeloid")
    ('IO 360', 'PanCancer Immune', 'Myeloid')
    """
    known = {plain(name): name for name in SLUGS.values()} | _OTHER_NAMES
    return known.get(plain(text), text)


def slug_of(name: str) -> str:
    """The slug of a panel's file.

    >>> slug_of("IO 360"), slug_of("Myeloid v2")
    ('io360', 'myeloid_v2')
    """
    return next((slug for slug, known in SLUGS.items() if known == name), plain(name).lower())


# --- raw files


def parse_rcc(text: str) -> dict:
    """The parts of a raw file (RCC): sample and lane, each attribute → text, and counts (CodeClass, Name, Count).

    Raises ValueError, in one clause, for text without these parts or a count that is none.
    """
    parts = dict(re.findall(r"<(\w+)>\n(.*?)</\1>", text, re.S))
    lacking = [name for name in ("Sample_Attributes", "Lane_Attributes", "Code_Summary") if name not in parts]
    if lacking:
        raise ValueError(f"has no part <{lacking[0]}>; export the RCC file again")
    fields = {
        name: dict(row[:2] for row in csv.reader(parts[name].splitlines()) if len(row) > 1)
        for name in ("Sample_Attributes", "Lane_Attributes")
    }
    rows = list(csv.DictReader(parts["Code_Summary"].splitlines()))
    if not rows or not {"CodeClass", "Name", "Count"} <= set(rows[0]):
        raise ValueError("its part <Code_Summary> needs CodeClass, Name, Accession, Count; export the RCC file again")
    counts = pd.DataFrame(rows)[["CodeClass", "Name", "Count"]]
    values = pd.to_numeric(counts["Count"], errors="coerce")
    wrong = values.isna() | (values < 0) | np.isinf(values)
    if wrong.any():
        row = counts[wrong].iloc[0]
        raise ValueError(f"count '{row['Count']}' of {row['Name']} is no count; export the RCC file again")
    again = counts["Name"][counts.duplicated(["CodeClass", "Name"])]
    if len(again):
        raise ValueError(f"code '{again.iloc[0]}' stands twice; keep one")
    return {"sample": fields["Sample_Attributes"], "lane": fields["Lane_Attributes"],
            "counts": counts.assign(Count=values.astype(float))}  # fmt: skip


def _concentration(name: str) -> float:
    """The concentration of a positive control, fM, as its name says it: POS_A(128); NaN where it does not."""
    match = re.search(r"\(([0-9]+(?:\.[0-9]+)?)\)", name)
    return float(match[1]) if match else np.nan


def lane_quality(counts: pd.DataFrame, classes: pd.Series, lanes: pd.DataFrame) -> pd.DataFrame:
    """Each lane's measures of quality, and `fails`: which of them are out of bounds, as words; "" for none.

    counts: codes × lanes, raw; classes: of each code (Endogenous, Housekeeping, Positive, Negative); lanes: of each
    lane FovCount, FovCounted and BindingDensity, numbers. Columns: fov_ratio, binding_density, positive_r2, detected
    (whether the control of 0.5 fM exceeds the mean of the negative controls by two standard deviations), fails.
    """
    positive, negative = counts[classes == POSITIVE], counts[classes == NEGATIVE]
    level = pd.Series({name: _concentration(name) for name in positive.index})
    linear = positive[level.gt(0).to_numpy()]
    r = np.log2(linear.clip(lower=1)).corrwith(np.log2(level[linear.index]))
    limit = negative.mean() + DETECTION_SD * negative.std(ddof=1)
    table = pd.DataFrame(
        {
            "fov_ratio": lanes["FovCounted"] / lanes["FovCount"].where(lanes["FovCount"] > 0),
            "binding_density": lanes["BindingDensity"],
            "positive_r2": r**2,
            "detected": positive[(level == DETECTED).to_numpy()].min() > limit,
        },
        index=counts.columns,
    )
    passed = {
        "fields of view": table["fov_ratio"].between(FOV_RATIO, 1),  # not one that counts more than it took
        "binding density": table["binding_density"].between(*BINDING_DENSITY),
        "linearity": table["positive_r2"] >= POSITIVE_R2,
        "limit of detection": table["detected"].astype(bool),
    }
    return table.assign(fails=_failures(passed, table.index))


def _failures(passed: dict[str, pd.Series], lanes: pd.Index) -> list[str]:
    return [", ".join(what for what, right in passed.items() if not right[lane]) for lane in lanes]


def _geometric(counts: pd.DataFrame) -> pd.Series:
    from scipy.stats import gmean  # here: most cohorts have no raw file

    return pd.Series(gmean(counts.clip(lower=1)), counts.columns)


def normalise(counts: pd.DataFrame, classes: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw counts as log2 normalised ones, genes × lanes, and each lane's background and factors.

    counts: codes × lanes; classes: of each code. A count below the lane's background (mean of the negative controls and
    two standard deviations, at least 1) is raised to it; the lane is scaled so that the geometric mean of its positive
    controls is that of all lanes (arithmetic mean), then likewise by its housekeeping genes. Source: MAN-C0011.
    """
    negative = counts[classes == NEGATIVE]
    background = (negative.mean() + DETECTION_SD * negative.std(ddof=1)).clip(lower=1)
    positive = _geometric(counts[classes == POSITIVE])
    positive_factor = positive.mean() / positive
    genes = counts[classes.isin([ENDOGENOUS, HOUSEKEEPING])].clip(lower=background, axis=1) * positive_factor
    content = _geometric(genes[classes[genes.index] == HOUSEKEEPING])
    content_factor = content.mean() / content
    factors = pd.DataFrame({"background": background, "positive_factor": positive_factor,
                            "content_factor": content_factor})  # fmt: skip
    return np.log2(genes * content_factor), factors


def _lanes(folder: Path, identifiers: Identifiers, reading: Reading) -> dict[str, dict]:
    """The lanes of a folder of raw files by their sample; what cannot be read is refused."""
    lanes: dict[str, dict] = {}
    for path in sorted(path for path in folder.iterdir() if re.search(r"\.rcc(\.gz)?$", path.name, re.I)):
        file = f"{folder.name}/{path.name}"
        reading.files[file] = READ
        data = plain_text(path, reading)
        if data is None:
            continue
        try:
            lane = parse_rcc(data.decode("utf-8"))
            names = [lane["sample"].get("ID", "").strip(), re.sub(r"\.rcc(\.gz)?$", "", path.name, flags=re.I)]
            known = [sample for name in names if name and (sample := identifiers.sample(name)) is not None]
            if len(set(known)) > 1:
                raise ValueError(f"is of sample '{names[0]}' by its ID and of '{names[1]}' by its name; rename the file"
                                 " if the ID is right, or take it out")  # fmt: skip
        except (ValueError, csv.Error) as fault:
            reading.refuse(file, str(fault))
            continue
        if not known:
            reading.refuse(file, f"sample '{names[0] or names[1]}' is not in the table of samples; name the file "
                           "by the sample's identifier, or take it out")  # fmt: skip
        elif known[0] in lanes:
            reading.refuse(file, f"is of sample '{known[0]}' as {lanes[known[0]]['file']} is; keep one")
        elif known[0]:
            lanes[known[0]] = lane | {"file": file}
    return lanes


def _counts(lanes: dict[str, dict], reading: Reading) -> tuple[pd.DataFrame, pd.Series] | None:
    """The counts of lanes, codes × samples, and the class of each code; None where they do not fit together."""
    first = next(iter(lanes.values()))
    codes = list(first["counts"]["Name"])
    for lane in lanes.values():
        said, own = first["sample"].get("GeneRLF", ""), lane["sample"].get("GeneRLF", "")
        if own != said or not lane["counts"][["CodeClass", "Name"]].equals(first["counts"][["CodeClass", "Name"]]):
            reading.refuse(lane["file"], f"is of another panel ('{own}') than {first['file']} ('{said}'); keep each "
                           "panel in a folder of its own")  # fmt: skip
            return None
    counts = pd.DataFrame({sample: lane["counts"]["Count"].to_numpy() for sample, lane in lanes.items()}, index=codes)
    classes = _classes(first["file"], first["counts"]["CodeClass"].set_axis(codes), reading)
    genes = classes.isin([ENDOGENOUS, HOUSEKEEPING]).to_numpy()
    symbols = _symbols(first["file"], pd.Series(codes)[genes], reading)
    if symbols is None:
        return None
    codes = pd.Series(codes).where(~genes, symbols.reindex(range(len(codes))))
    understood = (classes != "").to_numpy()
    if again := list(codes[understood][codes[understood].duplicated()][:1]):
        reading.refuse(first["file"], f"code '{again[0]}' stands in two classes; export the RCC file again")
        return None
    return (counts[understood].set_axis(list(codes[understood])), classes[understood].set_axis(list(codes[understood])))


def _classes(file: str, cells: pd.Series, reading: Reading) -> pd.Series:
    """The class of each code; "" for one that is not understood, which is named and counted."""
    meaning = {cell: words.word("codes", cell) or "" for cell in cells.unique()}
    strange = {cell or "nothing": int((cells == cell).sum()) for cell, said in meaning.items() if not said}
    reading.strange("CLASS", {cell: n for cell, n in strange.items() if cell != "nothing"})
    if strange:
        reading.odd(f"{file}: {quoted(strange)} are no classes of codes known here; these codes are left out")
    return cells.map(meaning)


def _symbols(file: str, names: pd.Series, reading: Reading) -> pd.Series | None:
    """The approved symbol of each gene; None where one cannot be told or comes twice.

    names: index the line of the file; of raw files the place in it, which no message names.
    """
    symbols = names.map(lambda name: symbol_of(str(name))[0])
    where = {} if file.lower().endswith(("rcc", "rcc.gz")) else {"column": "Hugo_Symbol"}
    for wrong, fault in ((symbols == "", "'{}' is no gene symbol; take it from the panel's list"),
                         (symbols.duplicated(), "gene {} stands twice; keep one")):  # fmt: skip
        for place in symbols.index[wrong][:1]:
            said = fault.format(symbols[place] or names[place])
            reading.refuse(file, said, int(place) if where else None, **where)
            return None
    return symbols


def _raw_panel(folder: Path, samples: pd.DataFrame, identifiers: Identifiers, reading: Reading):
    """A folder of raw files as AnnData; None where it is refused or no lane passes."""
    lanes = _lanes(folder, identifiers, reading)
    if not lanes:
        if not any(str(problem.file).startswith(folder.name) for problem in reading.problems):
            reading.refuse(folder.name, "holds no RCC file of a sample of this study; put them there")
        return None
    made = _counts(lanes, reading)
    if made is None:
        return None
    counts, classes = made
    file = next(iter(lanes.values()))["file"]
    needed = ((HOUSEKEEPING, 1), (POSITIVE, LEAST_POSITIVES), (NEGATIVE, LEAST_NEGATIVES))
    for kind, least in needed:
        if (n := int((classes == kind).sum())) < least:
            why = f"holds {n} codes of class {kind}, and raw counts need {least} or more; give a normalised matrix"
            reading.refuse(file, why)
            return None
    numbers = pd.DataFrame({name: lane["lane"] for name, lane in lanes.items()}).T
    numbers = numbers.reindex(columns=LANE_NUMBERS).apply(pd.to_numeric, errors="coerce")
    for name in numbers.index[numbers.isna().any(axis=1)][:1]:
        lacking = ", ".join(numbers.columns[numbers.loc[name].isna()])
        reading.refuse(lanes[name]["file"], f"says no {lacking} of its lane; export the RCC file again")
        return None
    quality = lane_quality(counts, classes, numbers)
    passed = list(quality.index[quality["fails"] == ""])
    said = _failed(samples)
    kept = [name for name in passed if name not in said]
    values, factors = normalise(counts[kept], classes) if kept else (counts.iloc[:, :0], pd.DataFrame())
    if kept:
        bad = {"positive factor": factors["positive_factor"].between(*POSITIVE_FACTOR),
               "housekeeping factor": factors["content_factor"].between(*CONTENT_FACTOR)}  # fmt: skip
        quality.loc[kept, "fails"] = _failures(bad, factors.index)
    return _annotated(folder.name, values, classes, samples, reading, quality.join(factors))


# --- the normalised matrix


def _matrix_panel(path: Path, scale: str, samples: pd.DataFrame, identifiers: Identifiers, reading: Reading):
    """A normalised matrix (genes in rows, samples in columns) as AnnData; None where it is refused."""
    file = path.name
    table = read_tsv(path, reading)
    if table is None:
        return None
    lower = {name.lower(): name for name in table.columns}
    for name in ("Hugo_Symbol", "CLASS"):
        if name.lower() not in lower:
            reading.refuse(file, "is missing; give genes in rows, with their class and the samples as columns",
                           column=name)  # fmt: skip
            return None
    symbols = _symbols(file, table[lower["hugo_symbol"]], reading)
    classes = _classes(file, table[lower["class"]], reading)
    values = table.drop(columns=[lower["hugo_symbol"], lower["class"]])
    reading.used[file] = ["Hugo_Symbol", "CLASS"]
    named = identifiers.resolve(file, OF_SAMPLES, pd.Series(values.columns, values.columns), reading)
    if symbols is None or named is None:
        return None
    numeric = values.apply(lambda cells: pd.to_numeric(cells, errors="coerce"))
    strange = numeric.isna() | np.isinf(numeric)
    if strange.to_numpy().any():
        row, column = np.argwhere(strange.to_numpy())[0]
        cell = values.iat[row, column] or "nothing"
        fault = f"'{cell}' is no number; give the count measured, or leave out the gene or the sample"
        reading.refuse(file, fault, int(table.index[row]), str(values.columns[column]))
        return None
    if fault := _scale_fault(scale, numeric.to_numpy(float)):
        reading.refuse(file, fault)
        return None
    if scale == LINEAR:
        numeric = np.log2(numeric.clip(lower=1))
    kept = (named != "").to_numpy()
    for name in named[kept][named[kept].duplicated()][:1]:
        both = " and ".join(f"'{column}'" for column in named.index[named == name])
        reading.refuse(file, f"columns {both} are both of sample '{name}'; leave one out")
        return None
    numeric = numeric.loc[:, kept].set_axis(list(named[kept]), axis=1).set_axis(symbols.to_numpy())
    return _annotated(file, numeric, classes.set_axis(symbols.to_numpy()), samples, reading, None)


def _scale_fault(scale: str, values: np.ndarray) -> str:
    """Why values cannot be on the scale that the meta file says, or ""."""
    least, most = values.min(initial=0.0), values.max(initial=0.0)
    if scale == LINEAR:
        if least < 0:
            return f"holds {least:g}, and {LINEAR} are never negative; correct the scale or the values"
        return f"nothing exceeds {most:g}; are these {LOG2}?" if most < LEAST_LINEAR else ""
    if most > MOST_LOG2:
        return f"holds {most:g}, and {LOG2} never exceed {MOST_LOG2:g}; are these {LINEAR}?"
    middle = np.median(values)
    return f"its median is {middle:.2g}, as if genes were centred; give {LOG2}" if middle <= 0 else ""


# --- both


def _failed(samples: pd.DataFrame) -> dict[str, str]:
    """Which columns of quality say FAIL of a sample: sample → their names; samples that pass are left out."""
    fails = samples.reindex(columns=list(QUALITY)).eq("FAIL")
    return {name: ", ".join(fails.columns[row]) for name, row in zip(fails.index, fails.to_numpy(), strict=True)
            if row.any()}  # fmt: skip


def _annotated(
    file: str, values: pd.DataFrame, classes: pd.Series, samples: pd.DataFrame, reading: Reading,
    quality: pd.DataFrame | None,
):  # fmt: skip
    """Genes × samples as AnnData, samples × genes, of the samples that pass; those that fail are counted in a note."""
    import anndata

    genes = values.index[classes.reindex(values.index).isin([ENDOGENOUS, HOUSEKEEPING])]
    everyone = list(values.columns) if quality is None else list(quality.index)
    own = {} if quality is None else quality["fails"].to_dict()
    said = _failed(samples)
    why = {name: ", ".join(filter(None, [said.get(name, ""), own.get(name, "")])) for name in everyone}
    passed = [name for name in everyone if not why[name]]
    if len(passed) < len(everyone):
        counts = pd.Series([reason for said in why.values() if said for reason in said.split(", ")]).value_counts()
        listed = ", ".join(f"{reason} {n}" for reason, n in counts.items())
        failed = f"{len(everyone) - len(passed)} of {len(everyone)} samples fail quality control"
        reading.note(f"{file}: {failed} ({listed}) and are left out")
    if not passed:
        reading.odd(f"{file}: no sample passes quality control; the panel is not read")
        return None
    for column in (column for column in QUALITY if column in samples):
        if unknown := int(samples.loc[passed, column].isna().sum()):
            reading.note(
                f"{file}: of {unknown} of {len(passed)} samples {column} does not say PASS or FAIL; they are kept"
            )
    obs = samples.reindex(columns=list(QUALITY)).loc[passed].astype(object)
    if quality is not None:
        obs = obs.join(quality.drop(columns="fails").loc[passed])
    data = anndata.AnnData(
        values.loc[genes, passed].T.to_numpy(float), obs=obs.where(obs.notna(), None).infer_objects(),
        var=pd.DataFrame({"class": classes.reindex(genes).to_numpy()}, index=pd.Index(genes, name=None).astype(str)),
    )  # fmt: skip
    data.uns |= {"scale": LOG2, "file": file}
    return data


def _meta(folder: Path, slug: str, needs_scale: bool, reading: Reading) -> tuple[str, str]:
    """The name and the scale of a panel by the file beside it, and by its slug where that is a known one."""
    path = folder / f"ncounter_{slug}.txt"
    fields = fields_of(path, reading) if path.exists() else {}
    if path.exists():
        reading.files[path.name] = READ
    name, scale = panel_name(fields.get("gene_panel", "")) or SLUGS.get(slug.lower(), ""), fields.get("scale", "")
    scale = " ".join(scale.lower().replace("normalized", "normalised").split())
    if not name:
        reading.refuse(path.name, "is missing, or says no gene_panel; write `gene_panel:` and the panel's name")
    if needs_scale and scale not in (LOG2, LINEAR):
        said = f"says scale '{scale}'" if scale else "is missing, or says no scale"
        reading.refuse(path.name, f"{said}; write `scale: {LOG2}` or `scale: {LINEAR}`")
    return name, scale


def read_ncounter(folder: Path, samples: pd.DataFrame, identifiers: Identifiers, reading: Reading) -> dict:
    """The nCounter panels of a study folder: name → AnnData, samples × genes, log2 normalised counts.

    Of data_ncounter_<slug>.txt beside ncounter_<slug>.txt, or of the raw files in rcc_<slug>/. var["class"] says which
    genes are housekeeping genes; obs holds RNA_QC, NCOUNTER_QC and, of raw files, the lane's measures. Samples that
    fail quality control are left out and counted in a note.
    """
    found: dict[str, Path] = {}
    panels: dict = {}
    for path in sorted(folder.iterdir()):
        match = (RAW if path.is_dir() else MATRIX).fullmatch(path.name)
        if not match:
            continue
        if match[1] in found:
            reading.refuse(path.name, f"and {found[match[1]].name} both hold a panel '{match[1]}'; keep one")
            return panels
        found[match[1]] = path
    for slug, path in found.items():
        before = len(reading.problems)
        name, scale = _meta(folder, slug, path.is_file(), reading)
        if len(reading.problems) > before:
            continue
        if name in panels:
            reading.refuse(path.name, f"is of the panel {name}, which another file holds too; keep one")
            continue
        reading.files.pop(path.name, None)
        if path.is_file():
            reading.files[path.name] = READ
            data = _matrix_panel(path, scale, samples, identifiers, reading)
        else:
            data = _raw_panel(path, samples, identifiers, reading)
        if data is not None:
            panels[name] = data
    for path in folder.glob("ncounter_*.txt"):
        slug = path.name.removeprefix("ncounter_").removesuffix(".txt")
        if slug not in found:
            reading.refuse(path.name, f"is beside no data_ncounter_{slug}.txt and no rcc_{slug}/; put it there")
    return panels
