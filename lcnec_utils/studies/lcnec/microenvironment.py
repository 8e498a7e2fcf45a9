"""Notebook 09: immune fractions and signatures by subtype, known fractions, lymphocytes and FGL1 on slides."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.core.params import nearest
from lcnec_utils.imaging import immunofluorescence, pathology
from lcnec_utils.omics import immune
from lcnec_utils.omics.genomics import NO_GENOTYPE, SUBTYPES, known_subtype
from lcnec_utils.omics.immune import NAMES
from lcnec_utils.stats.proportions import share_difference, wilson
from lcnec_utils.stats.ranks import mean_difference, rank_sum

LCNEC = "LCNEC"
# The groups of a folder of microscope fields, with their subtypes
GROUPS = {LCNEC: SUBTYPES, "LUAD": (), "LUSC": (), "NSCLC": (), "SCLC": ()}
# Tail of a claim's id → the groups of tumours that it counts
FGL1_GROUPS = {
    "nsclc_like": ["NSCLC-like LCNEC"],
    "sclc_like": ["SCLC-like LCNEC"],
    "nsclc": ["NSCLC", "LUAD", "LUSC"],
    "sclc": ["SCLC"],
}
TIL_UNIT = "TILs per mm² of tissue"
MOST_NAMED = 6  # comparisons that a sentence names


# --- expression


def genomic_subtypes(cohort: Cohort, *, samples: pd.Index) -> pd.Series:
    """The genomic subtype of these samples (categorical), of those where it is known, one sample of each patient (the
    one listed first); where no genotype is known, all as one group.

    Raises MissingData where none of the samples is in the cohort's table.
    """
    listed = cohort.samples.loc[cohort.samples.index.intersection(samples)]
    if listed.empty:
        raise MissingData(f"none of the samples of {cohort.name} that have expression is in its table of samples")
    known = known_subtype(cohort, samples=listed.index[~listed["PATIENT_ID"].duplicated()])
    names = [name for name in (*SUBTYPES, NO_GENOTYPE) if (known == name).any()]
    return pd.Series(pd.Categorical(known, names), known.index)


# Immune estimates that a study may give of its tumours, in words of an axis
GIVEN_SCORES = {
    "IMMUNE_SCORE": "Immune score (ESTIMATE)", "STROMAL_SCORE": "Stromal score (ESTIMATE)",
    "XCELL_IMMUNESCORE": "Immune score (xCell)", "XCELL_CD8_T_CELLS": "CD8+ T cells (xCell)",
    "XCELL_TREGS": "Regulatory T cells (xCell)", "XCELL_B_CELLS": "B cells (xCell)",
    "XCELL_MACROPHAGES_M1": "M1 macrophages (xCell)", "XCELL_MACROPHAGES_M2": "M2 macrophages (xCell)",
    "TIDE_SCORE": "TIDE score",
}  # fmt: skip
NEXT_TO_ZERO = 1e-9  # xCell writes an enrichment of none as 1e-18 or so, whose order means nothing


def immune_scores(cohort: Cohort) -> pd.DataFrame:
    """`immune.scores` of a cohort's tumours; where it has no expression, the estimates of GIVEN_SCORES that its study
    gives, samples × labels, of tumours that have all of them (`attrs["given"]` is then True).

    Raises MissingData, as `immune.scores`, where it has neither.
    """
    columns = [name for name in GIVEN_SCORES if name in cohort.samples and cohort.samples[name].notna().any()]
    if cohort.expression_genes or not columns:
        return immune.scores(cohort)
    table = cohort.samples[columns].apply(pd.to_numeric, errors="coerce").dropna().rename(columns=GIVEN_SCORES)
    table = table.mask(table.abs() < NEXT_TO_ZERO, 0.0)
    table.attrs["given"] = True
    return table


def comparisons_sentence(tests: pd.DataFrame, *, fdr: float, what: str, decimals: int = 1) -> str:
    """How many comparisons of `ranks.pairwise_rank_sums_by_column` differ at a false discovery rate (a fraction), and
    which."""
    tested = tests.dropna(subset="p")
    differing = tested[tested["p_adjusted"] < fdr].sort_values("p")
    if tested.empty:
        return f"No {what} could be compared."
    named = differing if len(differing) else tested.nsmallest(1, "p")
    medians = "; ".join(
        f"{row.what} {formats.number(row.median, decimals)} in {row.group}, "
        f"{formats.number(row.other_median, decimals)} in {row.other} (adjusted {formats.p_value(row.p_adjusted)})"
        for row in named.head(MOST_NAMED).itertuples()
    )
    head = f"{len(differing)} of {formats.count(len(tested), 'comparison')} of {what} differ at a false discovery rate"
    lead = ": median of " if len(differing) else "; the smallest p is of "
    more = f"; and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"{head} of {100 * fdr:g}%{lead}{medians}{more}."


def tumours_and_genes_sentence(table: pd.DataFrame, group: pd.Series) -> str:
    """How many tumours and genes a table of `immune.fractions` or `immune.scores` rests on. group: of the compared."""
    left_out, genes = len(table) - len(group), table.attrs.get("genes")
    without = f"; {left_out} without a known subtype, or second ones of a patient, are left out" if left_out else ""
    if table.attrs.get("given"):
        measured = "the estimates are the study's own, not computed here"
    elif isinstance(genes, tuple):
        measured = f"{genes[0]} of the signature's {genes[1]} genes were measured"
    else:
        short = [f"{name}: {there} of {of}" for name, (there, of) in genes.items() if there < of]
        measured = f"genes measured of {'; '.join(short)}" if short else "all genes were measured"
        measured += f"; too few genes of {', '.join(table.attrs['left_out'])}" if table.attrs["left_out"] else ""
    return f"{formats.count(len(group), 'tumour')}{without}; {measured}."


# --- known fractions


def known_fractions(cohort: Cohort) -> pd.DataFrame:
    """The measured or simulated fractions of a cohort's samples (columns FRACTION_…, from 0 to 1), in percent, by
    quanTIseq's populations as an axis names them.

    Raises MissingData where there is none, UserError where one is no fraction.
    """
    columns = {f"FRACTION_{name.upper().replace('.', '_')}": label for name, label in NAMES.items()}
    strange = [name for name in cohort.samples if name.startswith("FRACTION_") and name not in columns]
    if strange:
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt, column {strange[0]}: is no population of quanTIseq"
            f"{nearest(strange[0], columns)}; known are {', '.join(columns)}"
        )
    present = [name for name in columns if name in cohort.samples and cohort.samples[name].notna().any()]
    if not present:
        raise MissingData(f"{cohort.name} has no known immune fractions (columns FRACTION_B_CELLS, …)")
    table = cohort.samples[present].apply(pd.to_numeric, errors="coerce")
    wrong = (cohort.samples[present].notna() & table.isna()) | (table < 0) | (table > 1)
    if wrong.any(axis=None):
        row, column = np.argwhere(wrong.to_numpy())[0]
        value = cohort.samples[present].iat[row, column]
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt, column {present[column]}: '{value}' of sample {table.index[row]} "
            "is no fraction from 0 to 1; correct it, or leave it empty"
        )
    return (100 * table).rename(columns=columns)


def fraction_agreement(estimated: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Estimated against known fractions (percent), by population: n, r (Pearson), bias (mean error) and rmse in
    percentage points. A population that does not vary has no r."""
    rows = []
    for what in known:
        both = pd.DataFrame({"estimated": estimated[what], "known": known[what]}).dropna()
        error = both["estimated"] - both["known"]
        varies = len(both) > 2 and both.std().min() > 0
        rows.append({"what": what, "n": len(both), "r": both.corr().iat[0, 1] if varies else np.nan,
                     "bias": error.mean(), "rmse": (error**2).mean() ** 0.5})  # fmt: skip
    return pd.DataFrame(rows)


def fraction_agreement_sentence(table: pd.DataFrame) -> str:
    """`fraction_agreement` in words: samples, the range of correlations, and the largest error."""
    sizes = sorted(set(table["n"]))
    head = f"{sizes[0]} to {sizes[-1]} samples by population" if len(sizes) > 1 else formats.count(sizes[0], "sample")
    correlated, compared = table.dropna(subset="r"), table.dropna(subset="rmse")
    agreement = "No population varies among them, so no correlation can be computed"
    if len(correlated):
        least, most = (correlated.loc[place] for place in (correlated["r"].idxmin(), correlated["r"].idxmax()))
        agreement = (
            f"The correlation with the known fraction is {formats.number(least['r'], 2)} ({least['what']}) to "
            f"{formats.number(most['r'], 2)} ({most['what']})"
        )
    if len(compared):
        worst = compared.loc[compared["rmse"].idxmax()]
        agreement += (
            f"; the largest root mean square error is {formats.number(worst['rmse'], 1)} percentage points "
            f"({worst['what']})"
        )
    return f"{head}. {agreement}."


# --- lymphocytes on slides


def til_densities(counted: pathology.CountedFields) -> pd.DataFrame:
    """TIL densities by patient: group (categorical, LCNEC last), subtype of LCNEC, til, nuclei, mm2_tissue, til_per_mm2
    (fields pooled by area).

    `attrs["empty"]` counts patients without tissue, who have no density and are left out. Raises MissingData with the
    reason where TILs were not told apart, or no field holds tissue.
    """
    if counted.til is None:
        raise MissingData(f"{counted.reason}: nuclei can be counted and not told apart")
    by_patient = counted.til.groupby("patient", sort=True)
    patients = by_patient[["til", "nuclei", "mm2_tissue"]].sum()
    patients = patients.join(by_patient[["group", "subtype"]].first()).reset_index()
    table = patients[patients["mm2_tissue"] > 0]
    table = table.assign(til_per_mm2=table["til"] / table["mm2_tissue"])
    if table.empty:
        raise MissingData("no field holds tissue, so there is no density of TILs")
    names = sorted(set(table["group"]), key=lambda name: (name == LCNEC, name))
    table = table.assign(group=pd.Categorical(table["group"], names)).reset_index(drop=True)
    table.attrs["empty"] = len(patients) - len(table)
    return table


def til_comparisons(tils: pd.DataFrame) -> pd.DataFrame:
    """LCNEC, and NSCLC-like LCNEC alone, against every other group of `til_densities`.

    Columns: group, n, median, other, other_n, other_median, difference (of means, group less other) with its 95% limits
    lower and upper (Welch), p (Wilcoxon), unit (of medians, difference and limits).
    """
    rows = []
    for name, in_group in _lcnec_groups(tils).items():
        for other in _other_groups(tils):
            in_other = tils["group"] == other
            finding = _til_difference(tils, in_group, in_other)
            one, two = tils.loc[in_group, "til_per_mm2"], tils.loc[in_other, "til_per_mm2"]
            rows.append({"group": name, "n": len(one), "median": one.median(), "other": other, "other_n": len(two),
                         "other_median": two.median(), "difference": finding.value, "lower": finding.lower,
                         "upper": finding.upper, "p": rank_sum(one.to_numpy(), two.to_numpy()),
                         "unit": TIL_UNIT})  # fmt: skip
    columns = ["group", "n", "median", "other", "other_n", "other_median", "difference", "lower", "upper", "p", "unit"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({name: float for name in ("difference", "lower", "upper")})


def _lcnec_groups(tils: pd.DataFrame) -> dict[str, pd.Series]:
    """LCNEC, and those that are NSCLC-like, as booleans; a group without a patient is left out."""
    lcnec = tils["group"] == LCNEC
    groups = {LCNEC: lcnec, f"{SUBTYPES[0]} {LCNEC}": lcnec & (tils["subtype"] == SUBTYPES[0])}
    return {name: in_group for name, in_group in groups.items() if in_group.any()}


def _other_groups(tils: pd.DataFrame) -> list[str]:
    return [name for name in tils["group"].cat.categories if name != LCNEC]


def _til_difference(tils: pd.DataFrame, in_group: pd.Series, in_other: pd.Series) -> Finding:
    """Mean TILs per mm² of a group less that of another (Welch), with Wilcoxon's p."""
    marked = in_group.where(in_group | in_other).astype("boolean")
    return mean_difference(tils["til_per_mm2"], marked, what="TILs")


def til_findings(tils: pd.DataFrame) -> dict[str, list[Finding]]:
    """Findings on TILs per mm², by the tail of a claim's id: group sizes, and differences of means (Welch, p by the
    Wilcoxon test)."""
    answers: dict[str, list[Finding]] = {}
    for name in tils["group"].cat.categories:
        answers[f"n.{name.lower()}"] = [of_count(int((tils["group"] == name).sum()))]
    for name in SUBTYPES:
        in_subtype = (tils["group"] == LCNEC) & (tils["subtype"] == name)
        answers[f"n.{name.lower().replace('-', '_')}"] = [of_count(int(in_subtype.sum()))]
    for name, in_group in _lcnec_groups(tils).items():
        key = name.removesuffix(f" {LCNEC}").lower().replace("-", "_")
        differences = {other: _til_difference(tils, in_group, tils["group"] == other) for other in _other_groups(tils)}
        tail = "" if name == LCNEC else ".legend"
        answers |= {f"til.{key}_vs_{other.lower()}{tail}": [finding] for other, finding in differences.items()}
        if name == LCNEC and differences:
            answers |= {f"til.{place}": list(differences.values()) for place in ("abstract", "discussion")}
    return answers


def til_sentence(tils: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Medians by group of `til_densities`, and `til_comparisons` with LCNEC, in words."""
    medians = tils.groupby("group", observed=True)["til_per_mm2"].median()
    groups = ", ".join(f"{name} {formats.number(value, 0)}" for name, value in medians.items())
    comparisons = "; ".join(
        f"{row.group} against {row.other} {_difference_in_words(row)}{formats.p_value(row.p)}"
        for row in tests.itertuples()
    )
    empty = tils.attrs.get("empty", 0)
    without = f" {formats.count(empty, 'patient')} without tissue in the field left out." if empty else ""
    method = "Differences of means per mm² (95% CI; p by the Wilcoxon test, not adjusted)"
    compared = f" {method}: {comparisons}." if comparisons else ""
    return f"Median TILs per mm² of tissue: {groups}.{compared}{without}"


def _difference_in_words(row) -> str:
    if np.isnan(row.difference):
        return ""
    value, lower, upper = (formats.number(number, 0) for number in (row.difference, row.lower, row.upper))
    return f"{value} ({lower} to {upper}), "


def p_by_groups(tests: pd.DataFrame, *, group: str) -> dict[tuple[str, str], float]:
    """Two groups → p of the comparisons of one group in `til_comparisons`."""
    return {(row.other, row.group): row.p for row in tests[tests["group"] == group].itertuples()}


def lcnec_densities(tils: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """TILs per mm² of LCNEC, and its subtype (categorical, "subtype unknown" where it is not known)."""
    lcnec = tils[tils["group"] == LCNEC]
    subtype = lcnec["subtype"].replace("", "subtype unknown")
    names = [name for name in (*SUBTYPES, "subtype unknown") if (subtype == name).any()]
    return lcnec["til_per_mm2"], pd.Series(pd.Categorical(subtype, names), lcnec.index)


def classifier_sentence(counted: pathology.CountedFields) -> str:
    """How well kinds of nuclei were told apart on slides left out of training, and how many were counted."""
    folds, fields = counted.folds, counted.fields
    judged = folds.dropna(subset="auc")
    left_out = "; ".join(f"{n:,} {what}" for what, n in counted.left_out.items() if n)
    text = "No fold of slides has both TILs and other nuclei, so the classifier cannot be judged. "
    if len(judged):
        least, most = (formats.number(auc, 3) for auc in (judged["auc"].min(), judged["auc"].max()))
        text = (
            f"On slides left out of training, TILs were told from other nuclei with an AUC of {least} to {most} "
            f"({formats.count(len(judged), 'fold')}, {judged['nuclei'].sum():,} nuclei of "
            f"{formats.count(judged['slides'].sum(), 'slide')}). "
        )
    text += f"{fields['nuclei'].sum():,} nuclei and {fields['til'].sum():,} TILs were counted in "
    text += f"{formats.count(len(fields), 'field')}{f' (not counted: {left_out})' if left_out else ''}"
    if "truth_nuclei" not in fields:
        return f"{text}."
    nuclei, til = (pd.to_numeric(fields[f"truth_{name}"]).sum() for name in ("nuclei", "til"))
    return f"{text}; the fields truly hold {nuclei:,} nuclei and {til:,} TILs."


def counted_field_picture(cohort: Cohort, counted: pathology.CountedFields, *, group: str = LCNEC) -> dict:
    """The counted field of a group with the middle number of TILs, as `field_picture` draws it: picture, labels, marks
    (row, column, kind), um_per_pixel, title. Of any group where this one has no field."""
    fields = counted.fields
    fields = fields[fields["group"] == group] if (fields["group"] == group).any() else fields
    middle = fields.sort_values(["til", "field"]).iloc[(len(fields) - 1) // 2]
    size = {"um_per_pixel": middle["um_per_pixel"]}
    picture = pathology.read_picture(cohort.folder / middle["file"])
    haematoxylin, eosin = pathology.separate(picture)
    labels = pathology.nuclei(haematoxylin, **size)
    marks = pathology.features(labels, haematoxylin, eosin, **size)
    kinds = counted.model.kinds(marks, simulated=cohort.simulated)
    marks = marks[["row", "column"]].assign(kind=pd.Categorical(kinds, pathology.KINDS))
    return _cropped(picture, labels, marks, side=200) | size | {"title": f"{middle['group']}, {middle['field']}"}


def _cropped(picture: np.ndarray, labels: np.ndarray, marks: pd.DataFrame, *, side: int) -> dict:
    """The middle of a picture, of so many pixels a side at most, with its labels and marks."""
    top, left = (max(0, (length - side) // 2) for length in picture.shape[:2])
    window = np.s_[top : top + side, left : left + side]
    rows, columns = picture[window].shape[:2]
    marks = marks.assign(row=marks["row"] - top, column=marks["column"] - left)
    inside = marks["row"].between(0, rows - 1) & marks["column"].between(0, columns - 1)
    return {"picture": picture[window], "labels": labels[window], "marks": marks[inside]}


# --- FGL1 on slides


def stained_field_picture(cohort: Cohort, fields: pd.DataFrame, *, group: str, positive_sd: float) -> dict:
    """The stained field of a group with the largest share of positive cells, as `field_picture` draws it: picture (DAPI
    white, FGL1 green), labels, marks of positive cells, um_per_pixel, title."""
    most = fields[fields["group"] == group].sort_values(["share", "field"]).iloc[-1]
    size = {"um_per_pixel": most["um_per_pixel"]}
    dapi, fgl1 = immunofluorescence.read_channels(cohort.folder / most["file"])
    cells = immunofluorescence.cells(dapi, fgl1, positive_sd=positive_sd, **size)
    marks = cells.loc[cells["positive"].fillna(False).astype(bool), ["row", "column"]].assign(kind="FGL1-positive")
    picture = np.clip(np.dstack([dapi, dapi + fgl1, dapi]), 0, 1)
    labels = immunofluorescence.nuclei(dapi, **size)
    return _cropped(picture, labels, marks, side=120) | size | {"title": group}


def positive_percents(tumours: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The percentage of FGL1-positive cells of each tumour, and its group (categorical, LCNEC first)."""
    names = sorted(set(tumours["group"]), key=lambda name: (not name.endswith(LCNEC), name))
    return 100 * tumours["share"], pd.Series(pd.Categorical(tumours["group"], names), tumours.index)


def fgl1_findings(tumours: pd.DataFrame) -> dict[str, list[Finding]]:
    """Numbers and shares of positive tumours among those judged, and their difference between subtypes of LCNEC
    (fractions, NSCLC-like less SCLC-like), by the tail of a claim's id. LUAD and LUSC are NSCLC."""
    answers, judged = {}, tumours[tumours["positive"].notna()]
    for key, groups in FGL1_GROUPS.items():
        positive = judged.loc[judged["group"].isin(groups), "positive"].astype(bool)
        k, n = int(positive.sum()), len(positive)
        answers |= {f"n.{key}{tail}": [of_count(n)] for tail in ("", ".legend", ".methods")}
        answers[f"positive.{key}"] = [of_share(k, n, *wilson(k, n))]
    sides = {group: key == "nsclc_like" for key in ("nsclc_like", "sclc_like") for group in FGL1_GROUPS[key]}
    marked = tumours["group"].map(sides).astype("boolean")
    return answers | {"fgl1_protein.abstract": [share_difference(tumours["positive"], marked, what="FGL1 staining")]}


def fgl1_sentence(tumours: pd.DataFrame) -> str:
    """The FGL1-positive tumours by group, and what could not be judged, in words."""
    order = [group for groups in FGL1_GROUPS.values() for group in groups]
    shares = []
    for group in sorted(set(tumours["group"]), key=lambda name: (order.index(name) if name in order else 99, name)):
        judged = tumours.loc[tumours["group"] == group, "positive"].dropna()
        shares.append(f"{group} {formats.share(int(judged.sum()), len(judged))}")
    cells, fields, empty, unjudged = tumours[["cells", "fields", "fields_without_cells", "unjudged"]].sum()
    text = f"FGL1-positive tumours: {', '.join(shares)}; {cells:,} cells in {formats.count(fields, 'field')}."
    text += f" Fields without a cell: {empty:,}." if empty else ""
    text += f" Cells not judged, for lack of background in their fields: {unjudged:,}." if unjudged else ""
    without = int(tumours["positive"].isna().sum())
    return text + (f" Tumours without a judged cell: {without:,}." if without else "")
