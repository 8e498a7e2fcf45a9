"""The microenvironment of LCNEC: immune fractions and signatures by subtype, known fractions, lymphocytes on slides."""

import itertools

import numpy as np
import pandas as pd

from lcnec_utils import deconvolution, expression, formats, immunofluorescence, pathology
from lcnec_utils.claims import Finding, of_count
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.deconvolution import OTHER
from lcnec_utils.errors import MissingData, UserError
from lcnec_utils.genomics import NO_GENOTYPE, SUBTYPES, known_subtype
from lcnec_utils.params import nearest
from lcnec_utils.pathology import Counted
from lcnec_utils.proportions import benjamini_hochberg, mean_difference, rank_sum

TRANSCRIPTOME = 10_000  # genes, from which on FPKM can be brought to a sum of a million
LCNEC = "LCNEC"
# Words of an axis for quanTIseq's columns
NAMES = {
    "B.cells": "B cells",
    "Macrophages.M1": "M1 macrophages",
    "Macrophages.M2": "M2 macrophages",
    "Monocytes": "Monocytes",
    "Neutrophils": "Neutrophils",
    "NK.cells": "NK cells",
    "T.cells.CD4": "CD4+ T cells",
    "T.cells.CD8": "CD8+ T cells",
    "Tregs": "Regulatory T cells",
    "Dendritic.cells": "Dendritic cells",
    OTHER: "Other cells",
}
SCORES = {
    "gep18": "T-cell-inflamed (18 genes)",
    "cytolytic": "Cytolytic activity (2 genes)",
    "interferon_gamma": "Interferon gamma (6 genes)",
    "tertiary_lymphoid": "Tertiary lymphoid structures (9 genes)",
}
LEAST_GENES = 0.8  # of a signature's genes that must be there


# --- expression


def fractions(cohort: Cohort, til10: deconvolution.Til10) -> pd.DataFrame:
    """quanTIseq's fractions of a cohort's tumours, samples × 11 (percent of cells, named as an axis says them); `attrs`
    as deconvolution.quantiseq. Raises MissingData where there is no transcriptome on a scale it can take."""
    values = tpm(cohort, "quanTIseq needs", least=0)  # it brings each sample to a sum of a million itself
    try:
        found = deconvolution.quantiseq(values.T, tumor=True, til10=til10, logged=False)
    except MissingData:
        raise
    except UserError as error:
        raise UserError(f"{cohort.name}/expression.h5ad: {str(error).removeprefix('expression: ')}") from None
    return (100 * found).rename(columns=NAMES)


def tpm(cohort: Cohort, needs: str, least: int = TRANSCRIPTOME) -> pd.DataFrame:
    """TPM of a cohort's tumours, samples × genes. FPKM of at least so many genes are brought to a sum of a million.

    Raises MissingData where there is another scale; needs: what needs TPM, with its verb.
    """
    log2 = expression.log2_expression(cohort)
    linear = np.maximum(2**log2 - 1, 0)
    if log2.attrs["scale"] == "log2(FPKM + 1)" and log2.shape[1] >= least:
        return linear.mul(deconvolution.MILLION / linear.sum(axis=1), axis=0)
    if log2.attrs["scale"] != "log2(TPM + 1)":
        raise MissingData(
            f"{needs} TPM, and the expression of {cohort.name} is {log2.attrs['scale']} of {log2.shape[1]:,} genes"
        )
    return linear


def scores(cohort: Cohort) -> pd.DataFrame:
    """Immune signatures of a cohort's tumours, samples × SCORES, each on a log2 scale as its source defines it.

    `attrs["genes"]`: signature → genes measured, of how many. Raises MissingData where the scale is not of TPM, or no
    signature has most of its genes; a signature that has not is left out and named in `attrs["left_out"]`.
    """
    known = expression.signatures()
    wanted = {name: list(known[name].get("weights", known[name].get("up", []))) for name in SCORES}
    housekeeping = known["gep18"]["housekeeping"]
    log2 = np.log2(tpm(cohort, "the signatures need") + 1)
    log2 = log2.rename(columns={old: new for old, new in known["former"].items() if new not in log2})
    found, left_out, measured = {}, [], {}
    for name, label in SCORES.items():
        needed = [*wanted[name], *(housekeeping if name == "gep18" else [])]
        genes = [gene for gene in wanted[name] if gene in log2]
        there = len([gene for gene in needed if gene in log2])
        if there < LEAST_GENES * len(needed):
            left_out.append(label)
            continue
        measured[label] = (there, len(needed))
        if name == "gep18":
            reference = log2[[gene for gene in housekeeping if gene in log2]].mean(axis=1)
            weights = pd.Series(known[name]["weights"])[genes]
            found[label] = log2[genes].sub(reference, axis=0) @ weights
        elif name == "cytolytic":
            found[label] = np.log2(2 ** log2[genes] - 1 + 0.01).mean(axis=1)
        else:
            found[label] = log2[genes].mean(axis=1)
    if not found:
        raise MissingData(f"{cohort.name} was not measured for most genes of any immune signature")
    table = pd.DataFrame(found)
    table.attrs |= {"left_out": left_out, "genes": measured}
    return table


def subtypes(cohort: Cohort, samples: pd.Index) -> pd.Series:
    """The genomic subtype of these samples (categorical), of those where it is known, one sample of each patient (the
    one listed first); where no genotype is known, all as one group."""
    listed = cohort.samples.loc[cohort.samples.index.intersection(samples)]
    if listed.empty:
        raise MissingData(f"none of the samples of {cohort.name} that have expression is in its table of samples")
    known = known_subtype(cohort, listed.index[~listed["PATIENT_ID"].duplicated()])
    names = [name for name in (*SUBTYPES, NO_GENOTYPE) if (known == name).any()]
    return pd.Series(pd.Categorical(known, names), known.index)


def compared(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Every column between every two groups: what, group, other, median, other_median, p (Wilcoxon), p_adjusted
    (Benjamini–Hochberg over the whole table). Samples without a group are left out."""
    rows = []
    for what in values:
        for one, other in itertools.combinations(group.cat.categories, 2):
            a, b = (values.loc[group.index[group == name], what].dropna() for name in (one, other))
            rows.append({"what": what, "group": one, "other": other, "median": a.median(),
                         "other_median": b.median(), "p": rank_sum(a.to_numpy(), b.to_numpy())})  # fmt: skip
    table = pd.DataFrame(rows, columns=["what", "group", "other", "median", "other_median", "p"])
    return table.assign(p_adjusted=benjamini_hochberg(table["p"]) if len(table) else None)


def long(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """One row per sample and column: group, what, value."""
    table = values.loc[group.index].assign(group=group).melt("group", var_name="what")
    return table[["group", "what", "value"]]


def summary(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """n, median and quartiles of every column by group: group, what, n, q1, median, q3."""
    grouped = long(values, group).groupby(["group", "what"], observed=True, sort=False)["value"]
    table = grouped.describe()[["count", "25%", "50%", "75%"]].reset_index()
    return table.set_axis(["group", "what", "n", "q1", "median", "q3"], axis=1).astype({"n": int})


def compared_sentence(tests: pd.DataFrame, fdr: float, what: str, decimals: int = 1) -> str:
    """How many comparisons differ at a false discovery rate, and which, in words."""
    tested = tests.dropna(subset="p")
    apart = tested[tested["p_adjusted"] < fdr].sort_values("p")
    if tested.empty:
        return f"No {what} could be compared."
    head = f"{len(apart)} of {formats.count(len(tested), 'comparison')} of {what} differ at a false discovery rate of "
    shown = apart if len(apart) else tested.nsmallest(1, "p")
    said = "; ".join(
        f"{row.what} {formats.number(row.median, decimals)} in {row.group}, "
        f"{formats.number(row.other_median, decimals)} in {row.other} (adjusted {formats.p_value(row.p_adjusted)})"
        for row in shown.head(6).itertuples()
    )
    more = f"; and {len(shown) - 6} more" if len(shown) > 6 else ""
    lead = ": " if len(apart) else "; the smallest p is of "
    return f"{head}{100 * fdr:g}%{lead}{said}{more}."


def genes_sentence(table: pd.DataFrame, group: pd.Series) -> str:
    """Which tumours and genes a deconvolution, or signature scores, rested on, in words."""
    left, genes = len(table) - len(group), table.attrs["genes"]
    without = f"; {left} without a known subtype, or second ones of a patient, are left out" if left else ""
    if isinstance(genes, tuple):
        said = f"{genes[0]} of the signature's {genes[1]} genes were measured"
    else:
        short = [f"{name}: {there} of {of}" for name, (there, of) in genes.items() if there < of]
        said = f"genes measured of {'; '.join(short)}" if short else "all genes were measured"
        said += f"; too few genes of {', '.join(table.attrs['left_out'])}" if table.attrs["left_out"] else ""
    return f"{formats.count(len(group), 'tumour')}{without}; {said}."


# --- known fractions


def known_fractions(cohort: Cohort) -> pd.DataFrame:
    """The measured or simulated fractions of a cohort's samples (columns FRACTION_…, from 0 to 1), in percent, by
    quanTIseq's populations as an axis names them. Raises MissingData where there is none, UserError where one is no
    fraction."""
    columns = {f"FRACTION_{name.upper().replace('.', '_')}": label for name, label in NAMES.items()}
    strange = [name for name in cohort.samples if name.startswith("FRACTION_") and name not in columns]
    if strange:
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt, column {strange[0]}: is no population of quanTIseq"
            f"{nearest(strange[0], columns)}; known are {', '.join(columns)}"
        )
    held = [name for name in columns if name in cohort.samples and cohort.samples[name].notna().any()]
    if not held:
        raise MissingData(f"{cohort.name} has no known immune fractions (columns FRACTION_B_CELLS, …)")
    table = cohort.samples[held].apply(pd.to_numeric, errors="coerce")
    wrong = (cohort.samples[held].notna() & table.isna()) | (table < 0) | (table > 1)
    if wrong.any(axis=None):
        row, column = np.argwhere(wrong.to_numpy())[0]
        value = cohort.samples[held].iat[row, column]
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt: '{value}' of sample {table.index[row]}, column {held[column]}, "
            "is no fraction from 0 to 1; correct it, or leave it empty"
        )
    return (100 * table).rename(columns=columns)


def agreement(estimated: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Estimated against known fractions (percent), by population: n, r (Pearson), bias (mean error) and rmse in
    percentage points. A population that does not vary has no r."""
    rows = []
    for what in known:
        both = pd.DataFrame({"estimated": estimated[what], "known": known[what]}).dropna()
        error = both["estimated"] - both["known"]
        varied = len(both) > 2 and both.std().min() > 0
        rows.append({"what": what, "n": len(both), "r": both.corr().iat[0, 1] if varied else np.nan,
                     "bias": error.mean(), "rmse": (error**2).mean() ** 0.5})  # fmt: skip
    return pd.DataFrame(rows)


def agreement_sentence(table: pd.DataFrame) -> str:
    """`agreement` in words: samples, the range of correlations, and the largest error."""
    sizes = sorted(set(table["n"]))
    head = f"{sizes[0]} to {sizes[-1]} samples by population" if len(sizes) > 1 else formats.count(sizes[0], "sample")
    varied, tried = table.dropna(subset="r"), table.dropna(subset="rmse")
    said = "No population varies among them, so nothing can be correlated"
    if len(varied):
        least, most = varied.loc[varied["r"].idxmin()], varied.loc[varied["r"].idxmax()]
        said = (
            f"Correlation with the known fraction from {formats.number(least['r'], 2)} ({least['what']}) to "
            f"{formats.number(most['r'], 2)} ({most['what']})"
        )
    if len(tried):
        worst = tried.loc[tried["rmse"].idxmax()]
        said += (
            f"; the largest root mean square error is {formats.number(worst['rmse'], 1)} percentage points "
            f"({worst['what']})"
        )
    return f"{head}. {said}."


# --- lymphocytes on slides


def til_groups(counted: Counted) -> pd.DataFrame:
    """Densities by patient: group (LCNEC last), subtype of LCNEC, til_per_mm2 (fields pooled by area).

    `attrs["empty"]` counts patients without tissue, who have no density and are left out. Raises MissingData with the
    reason where TILs were not told apart.
    """
    if counted.til is None:
        raise MissingData(f"{counted.reason}: nuclei can be counted and not told apart")
    fields = counted.til.assign(subtype=counted.til["subtype"].fillna(""))
    known = fields["subtype"].isin(["", *SUBTYPES])
    if not known.all():
        wrong = fields[~known].iloc[0]
        raise UserError(
            f"table.csv, column subtype: '{wrong['subtype']}' of patient {wrong['patient']} is no subtype; "
            f"write {', '.join(SUBTYPES)}, or leave it empty"
        )
    patients = fields.replace({"subtype": {"": None}}).groupby("patient", sort=True)
    for column in ("group", "subtype"):
        several = patients[column].nunique()
        for name in several.index[several > 1]:
            raise UserError(
                f"table.csv, column {column}: patient {name} has {several[name]} of them; a patient has one"
            )
    every = patients[["til", "nuclei", "mm2_tissue"]].sum()
    every = every.join(patients[["group", "subtype"]].first()).fillna({"subtype": ""}).reset_index()
    table = every[every["mm2_tissue"] > 0].assign(til_per_mm2=lambda rows: rows["til"] / rows["mm2_tissue"])
    if table.empty:
        raise MissingData("no field holds tissue, so there is no density of TILs")
    names = sorted(set(table["group"]), key=lambda name: (name == LCNEC, name))
    table = table.assign(group=pd.Categorical(table["group"], names)).reset_index(drop=True)
    table.attrs["empty"] = len(every) - len(table)
    return table


def til_tests(tils: pd.DataFrame) -> pd.DataFrame:
    """LCNEC, and NSCLC-like LCNEC alone, against every other group: group, n, median, other, other_n, other_median,
    difference (of means, per mm²), p (Wilcoxon)."""
    rows = []
    for name, mine in _lcnec(tils).items():
        for other in [name for name in tils["group"].cat.categories if name != LCNEC]:
            theirs = tils["group"] == other
            found = mean_difference(tils["til_per_mm2"], _marked(mine, theirs), "TILs")
            a, b = tils.loc[mine, "til_per_mm2"], tils.loc[theirs, "til_per_mm2"]
            rows.append({"group": name, "n": len(a), "median": a.median(), "other": other, "other_n": len(b),
                         "other_median": b.median(), "difference": found.value,
                         "p": rank_sum(a.to_numpy(), b.to_numpy())})  # fmt: skip
    columns = ["group", "n", "median", "other", "other_n", "other_median", "difference", "p"]
    return pd.DataFrame(rows, columns=columns)


def _lcnec(tils: pd.DataFrame) -> dict[str, pd.Series]:
    """LCNEC, and those that are NSCLC-like, as booleans; a group without anyone is left out."""
    lcnec = tils["group"] == LCNEC
    groups = {LCNEC: lcnec, f"{SUBTYPES[0]} {LCNEC}": lcnec & (tils["subtype"] == SUBTYPES[0])}
    return {name: mine for name, mine in groups.items() if mine.any()}


def _marked(mine: pd.Series, theirs: pd.Series) -> pd.Series:
    return mine.where(mine | theirs).astype("boolean")


def til_findings(tils: pd.DataFrame) -> dict[str, list[Finding]]:
    """Findings on TILs per mm², by the tail of a claim's id: group sizes, and differences of means (Welch, p by the
    Wilcoxon test)."""
    answers: dict[str, list[Finding]] = {}
    others = [name for name in tils["group"].cat.categories if name != LCNEC]
    for name in tils["group"].cat.categories:
        answers[f"n.{name.lower()}"] = [of_count(int((tils["group"] == name).sum()))]
    for name in SUBTYPES:
        mine = (tils["group"] == LCNEC) & (tils["subtype"] == name)
        answers[f"n.{name.lower().replace('-', '_')}"] = [of_count(int(mine.sum()))]
    for name, mine in _lcnec(tils).items():
        key = name.removesuffix(f" {LCNEC}").lower().replace("-", "_")
        found = {
            other: mean_difference(tils["til_per_mm2"], _marked(mine, tils["group"] == other), "TILs")
            for other in others
        }
        tail = "" if name == LCNEC else ".legend"
        answers |= {f"til.{key}_vs_{other.lower()}{tail}": [finding] for other, finding in found.items()}
        if name == LCNEC and found:
            answers |= {f"til.{place}": list(found.values()) for place in ("abstract", "discussion")}
    return answers


def til_sentence(tils: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Medians by group and the comparisons with LCNEC, in words."""
    medians = tils.groupby("group", observed=True)["til_per_mm2"].median()
    groups = ", ".join(f"{name} {formats.number(value, 0)}" for name, value in medians.items())
    said = "; ".join(f"{row.group} against {row.other} {formats.p_value(row.p)}" for row in tests.itertuples())
    empty = tils.attrs.get("empty", 0)
    without = f" {formats.count(empty, 'patient')} without tissue in the field left out." if empty else ""
    tested = f" {said} (Wilcoxon, not adjusted)." if said else ""
    return f"Median TILs per mm²: {groups}.{tested}{without}"


def pairs(tests: pd.DataFrame, group: str) -> dict[tuple[str, str], float]:
    """Two groups → p of the comparisons of one group in `til_tests`."""
    return {(row.other, row.group): row.p for row in tests[tests["group"] == group].itertuples()}


def of_subtypes(tils: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """TILs per mm² of LCNEC, and its subtype (categorical, "subtype unknown" where it is not known)."""
    mine = tils[tils["group"] == LCNEC]
    subtype = mine["subtype"].replace("", "subtype unknown")
    names = [name for name in (*SUBTYPES, "subtype unknown") if (subtype == name).any()]
    return mine["til_per_mm2"], pd.Series(pd.Categorical(subtype, names), mine.index)


def judged_sentence(counted: Counted) -> str:
    """How well kinds of nuclei were told apart on slides not seen, and how counts compare with known ones, in words."""
    folds, fields = counted.folds, counted.fields
    seen = folds.dropna(subset="auc")
    left = "; ".join(f"{n:,} {what}" for what, n in counted.left_out.items() if n)
    said = "No slide held back has both TILs and other nuclei, so the classifier is not judged. "
    if len(seen):
        least, most = (formats.number(area, 3) for area in (seen["auc"].min(), seen["auc"].max()))
        of = f"{formats.count(len(seen), 'fold')}, {seen['nuclei'].sum():,} nuclei of {seen['slides'].sum()} slides"
        said = f"On slides not seen TILs were told from other nuclei with an AUC of {least} to {most} ({of}). "
    said += f"{fields['nuclei'].sum():,} nuclei and {fields['til'].sum():,} TILs were counted in "
    said += f"{formats.count(len(fields), 'field')}{f' (not counted: {left})' if left else ''}"
    if "truth_nuclei" not in fields:
        return f"{said}."
    nuclei, til = (pd.to_numeric(fields[f"truth_{name}"]).sum() for name in ("nuclei", "til"))
    return f"{said}; there truly are {nuclei:,} nuclei and {til:,} TILs."


def example(cohort: Cohort, counted: Counted, group: str = LCNEC) -> dict:
    """The counted field of a group with the middle number of TILs, as a plot draws it: picture, labels, marks (row,
    column, kind), um_per_pixel, title."""
    fields = counted.fields
    mine = fields[fields["group"] == group] if (fields["group"] == group).any() else fields
    chosen = mine.sort_values(["til", "field"]).iloc[(len(mine) - 1) // 2]
    picture = pathology.read_picture(cohort.folder / chosen["file"])
    haematoxylin, eosin = pathology.separate(picture)
    labels = pathology.nuclei(haematoxylin, chosen["um_per_pixel"])
    marks = pathology.features(labels, haematoxylin, eosin, chosen["um_per_pixel"])
    marks["kind"] = pd.Categorical(counted.model.kinds(marks, cohort.simulated), pathology.KINDS)
    shown = _middle(picture, labels, marks[["row", "column", "kind"]], 200)
    return shown | {"um_per_pixel": chosen["um_per_pixel"], "title": f"{chosen['group']}, {chosen['field']}"}


def _middle(picture: np.ndarray, labels: np.ndarray, marks: pd.DataFrame, most: int) -> dict:
    """The middle of a picture, of so many pixels a side at most, with its labels and marks."""
    top, left = (max(0, (side - most) // 2) for side in picture.shape[:2])
    window = np.s_[top : top + most, left : left + most]
    rows, columns = picture[window].shape[:2]
    marks = marks.assign(row=marks["row"] - top, column=marks["column"] - left)
    inside = marks["row"].between(0, rows - 1) & marks["column"].between(0, columns - 1)
    return {"picture": picture[window], "labels": labels[window], "marks": marks[inside]}


def stained_example(cohort: Cohort, fields: pd.DataFrame, group: str, positive_sd: float) -> dict:
    """The stained field of a group with the largest share of positive cells, as a plot draws it: picture (DAPI white,
    FGL1 green), labels, marks of positive cells, um_per_pixel, title."""
    chosen = fields[fields["group"] == group].sort_values(["share", "field"]).iloc[-1]
    dapi, fgl1 = immunofluorescence.read_channels(cohort.folder / chosen["file"])
    cells = immunofluorescence.cells(dapi, fgl1, chosen["um_per_pixel"], positive_sd)
    marks = cells.loc[cells["positive"].fillna(False).astype(bool), ["row", "column"]].assign(kind="FGL1-positive")
    picture = np.clip(np.dstack([dapi, dapi + fgl1, dapi]), 0, 1)
    labels = immunofluorescence.nuclei(dapi, chosen["um_per_pixel"])
    return _middle(picture, labels, marks, 120) | {"um_per_pixel": chosen["um_per_pixel"], "title": group}


def stained_shares(tumours: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The percentage of FGL1-positive cells of each tumour, and its group (categorical, LCNEC first)."""
    names = sorted(set(tumours["group"]), key=lambda name: (not name.endswith(LCNEC), name))
    return 100 * tumours["share"], pd.Series(pd.Categorical(tumours["group"], names), tumours.index)
