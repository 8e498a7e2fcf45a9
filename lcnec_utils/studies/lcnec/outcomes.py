"""Notebook 02: survival by regimen, era, marker and genomic subtype, its tables, findings and sentences."""

import contextlib
import itertools
from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from lcnec_utils.cohort import blockade, histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import (
    COVARIATES,
    NOT_RECORDED,
    REFERENCE,
    REGIMENS,
    matched_backbone,
    second_line,
    survival_by,
    survival_by_regimen,
    survival_from_second_line,
    treatment_era,
)
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_hazard, of_median
from lcnec_utils.core.formats import listed
from lcnec_utils.omics import genomics
from lcnec_utils.stats import comparison, cox, survival
from lcnec_utils.stats.proportions import keep_large_groups, too_few_patients
from lcnec_utils.studies.words import comparison_sentence, too_few_on


def with_missing_category(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a category of its own for categorical covariates that were not recorded."""
    filled = table.copy()
    for name in COVARIATES:
        if name in table and isinstance(table[name].dtype, pd.CategoricalDtype) and table[name].isna().any():
            filled[name] = table[name].cat.add_categories(NOT_RECORDED).fillna(NOT_RECORDED)
    return filled


def usable_covariates(table: pd.DataFrame) -> list[str]:
    """The covariates of a table that vary in it."""
    return [name for name in COVARIATES if name in table and table[name].nunique() > 1]


def adjusted_models(table: pd.DataFrame, min_group: int = 5) -> pd.DataFrame:
    """Cox models of the regimens against chemoimmunotherapy: unadjusted, adjusted on complete cases, and adjusted with
    a category for covariates that were not recorded. Columns: model, then those of `cox.cox`, which has min_group."""
    reference = {"regimen": REFERENCE} if (table["regimen"] == REFERENCE).any() else {}
    covariates = usable_covariates(table)
    models = {"unadjusted": (table, ["regimen"])}
    if covariates:
        models["complete cases"] = (table, ["regimen", *covariates])
        models["not recorded as a category"] = (with_missing_category(table), ["regimen", *covariates])
    fitted = {
        name: cox.cox(data, covariates=terms, reference=reference, min_group=min_group)
        for name, (data, terms) in models.items()
    }
    return pd.concat(fitted, names=["model"]).reset_index(level=0).reset_index(drop=True)


def regimen_evidence(table: pd.DataFrame, limits: str = "log", min_group: int = 5) -> dict[str, pd.DataFrame]:
    """The tables beside a curve by regimen: each group described, all pairs tested (Holm), the adjusted models, and
    the test of proportional hazards of the model on complete cases. A group under min_group is described only.

    limits: scale of the limits of medians and of survival, that of the curve (see `survival.kaplan_meier`).
    """
    tables = {"described": survival.describe(table, group="regimen", limits=limits, min_group=min_group)}
    tested = keep_large_groups(table, group="regimen", min_group=min_group)
    if tested["regimen"].nunique() > 1:
        if "entry" not in tested:
            tables["pairwise"] = survival.pairwise_log_rank(tested, group="regimen")
        tables["adjusted"] = adjusted_models(tested, min_group)
        covariates = ["regimen", *usable_covariates(tested)]
        tables["proportional"] = cox.proportional_hazards(tested, covariates=covariates, min_group=min_group)
    return tables


def evidence_sentences(tables: dict[str, pd.DataFrame], significance: float) -> str:
    """The adjusted hazard ratios and whether hazards are proportional; where they are not, the restricted means first.

    tables: as `regimen_evidence` gives them.
    """
    if "adjusted" not in tables:
        return ""
    models = tables["adjusted"]
    regimens = models[models["term"].str.startswith("regimen: ")]
    rows = regimens[regimens["hr"].notna()]
    if rows.empty:
        return "No hazard ratio is estimable."
    order = ("complete cases", "not recorded as a category", "unadjusted")
    model = next(name for name in order if (rows["model"] == name).any())
    ratios = "; ".join(
        f"{row.term.removeprefix('regimen: ')} {row.note if np.isnan(row.hr) else comparison.ratio_with_p(row)}"
        for row in regimens[regimens["model"] == model].itertuples()
    )
    counts = {name: f"{part['n'].max()} ({name})" for name, part in models.groupby("model", sort=False)}
    n = ", ".join(text for name, text in counts.items() if name != "unadjusted") or counts["unadjusted"]
    hazards = f"Hazard ratios (Cox model, {model}; above 1: shorter times): {ratios}; n = {n}."
    p = tables["proportional"].set_index("term")["p"].get("regimen", np.nan)
    if p < significance:
        described = tables["described"]
        means = ", ".join(
            f"{row.group} {formats.number(row.rmst)}" for row in described.dropna(subset=["rmst"]).itertuples()
        )
        horizon = formats.number(described["horizon"].iloc[0])
        return (
            f"Hazards are not proportional ({formats.p_value(p)}), so one hazard ratio does not describe the whole "
            f"curve; restricted means up to {horizon} months: {means} months. {hazards}"
        )
    return hazards if np.isnan(p) else f"{hazards} Test of proportional hazards: {formats.p_value(p)}."


def medians_and_counts(
    medians: pd.DataFrame, of_medians: str, of_counts: str = "", min_group: int = 5
) -> dict[str, list[Finding]]:
    """Findings on the median and number of each of REGIMENS, by the tail of a claim's id: the prefixes with the
    regimen's name.

    medians: as `survival.medians` gives them, of whatever groups there are.
    """
    findings, rows = {}, {row.group: row for row in medians.itertuples()}
    for name in REGIMENS:
        n = rows[name].n if name in rows else 0
        enough = n >= min_group
        findings[f"{of_medians}.{name}"] = [
            of_median(rows[name]) if enough else too_few_on(name, n, min_group, "a median")
        ]
        if of_counts:
            findings[f"{of_counts}.{name}"] = [of_count(n)]
    return findings


def hazard_ratio_findings(tables: dict[str, pd.DataFrame], model: str, min_group: int = 5) -> dict[str, list[Finding]]:
    """Hazard ratios of a model of `regimen_evidence` by the tail of a claim's id: hr.<regimen>,
    hr.<regimen>_vs_<reference>."""
    sizes = tables["described"].set_index("group")["n"].to_dict()
    fitted = tables["adjusted"] if "adjusted" in tables else pd.DataFrame(columns=["model", "term"])
    findings = {}
    for name in REGIMENS:
        if name != REFERENCE:
            rows = fitted[(fitted["model"] == model) & (fitted["term"] == f"regimen: {name} vs {REFERENCE}")]
            pair = [name, REFERENCE]
            if min(sizes.get(group, 0) for group in pair) < min_group:
                finding = too_few_patients(pair, sizes, min_group=min_group)
            elif rows.empty:
                lacking = f"the Cox model ({model}) holds too few patients on {listed(pair)} to compare the two"
                finding = Finding(None, note=lacking)
            else:
                finding = of_hazard(rows.iloc[0])
            findings |= {f"hr.{name}": [finding], f"hr.{name}_vs_{REFERENCE}": [finding]}
    return findings


def progression_findings(
    medians: pd.DataFrame, ratios: dict[str, list[Finding]], min_group: int = 5
) -> dict[str, list[Finding]]:
    """How many patients on REGIMENS were evaluable for progression, and chemotherapy compared with chemoimmunotherapy:
    the difference of the medians in months, and the hazard ratio.

    ratios: as `hazard_ratio_findings` gives them; what the source calls significant is the adjusted ratio.
    """
    rows = medians.set_index("group")
    rows = rows[rows.index.isin(REGIMENS)]
    pair = [REFERENCE, "chemotherapy"]
    if min(rows["n"].reindex(pair).fillna(0)) < min_group:
        difference = too_few_patients(pair, rows["n"].to_dict(), min_group=min_group)
    else:
        months = float(rows.at[REFERENCE, "median"] - rows.at["chemotherapy", "median"])
        difference = Finding(months, n=int(rows.loc[pair, "n"].sum()))
    return {
        "n.evaluable": [of_count(int(rows["n"].sum()))],
        "difference.rwpfs.discussion": [difference],
        "rwpfs_chemotherapy.discussion": ratios[f"hr.chemotherapy_vs_{REFERENCE}"],
    }


def _survival_in_two_cohorts(cohorts: Iterable[Cohort]) -> list[tuple[str, pd.DataFrame]]:
    """Overall survival on REGIMENS in two cohorts, each with its label. Raises MissingData where one of them lacks it,
    and where they are one cohort."""
    tables = {}
    for cohort in cohorts:
        table = survival_by_regimen(cohort, "OS")
        tables[cohort.label] = table[table["regimen"].isin(REGIMENS)]
    if len(tables) < 2:
        raise MissingData(f"the sentence is about two cohorts, and only one is at hand, {next(iter(tables))}")
    return list(tables.items())


def second_cohort_hazard_ratio(first: Cohort, second: Cohort, min_group: int = 5) -> Finding:
    """Overall survival on REGIMENS in the second cohort against the first, as a hazard ratio."""
    try:
        (name, one), (other_name, other) = _survival_in_two_cohorts([first, second])
    except MissingData as reason:
        return Finding(None, note=str(reason))
    sizes = {name: len(one), other_name: len(other)}
    if min(sizes.values()) < min_group:
        return too_few_patients(list(sizes), sizes, min_group=min_group)
    both = pd.concat([one.assign(second=False), other.assign(second=True)])
    return of_hazard(cox.cox(both[["months", "event", "second"]], covariates=["second"]).iloc[0])


def both_cohorts_findings(cohorts: Collection[Cohort], min_group: int = 5) -> dict[str, list[Finding]]:
    """Overall survival between every two of REGIMENS in each of two cohorts, by the tail of a claim's id: the abstract
    and the discussion speak of both cohorts at once. Nothing where there is no cohort.

    A cohort that cannot be asked leaves the sentence unanswered, whatever the other one shows.
    """
    if not cohorts:
        return {}
    try:
        pairs = [
            comparison.pairwise_hazard_ratios(table, group="regimen", min_group=min_group, only=REGIMENS)
            for _, table in _survival_in_two_cohorts(cohorts)
        ]
    except MissingData as reason:
        pairs = [[Finding(None, note=str(reason))]]
    unanswered = [findings for findings in pairs if all(finding.value is None for finding in findings)]
    together = list(itertools.chain.from_iterable(unanswered or pairs))
    return {"os_by_regimen.abstract": together, "os_by_regimen.discussion": together}


# Comparisons that `sensitivity_tables` makes, by the start of their names: the tail of a claim's id, the tail of each
# count's claim by the start of a group's name, the groups the claim names (all where None), and what a cohort lacks
# that has no such comparison
SENSITIVITY = {
    "Chemotherapy": ("chemo_by_year", {"before": "chemo_before2019", "from": "chemo_from2019"}, None,
                     "no patient on chemotherapy here has a FIRST_LINE_START"),
    "Regimens": ("regimen_after_march2019", {
        "chemotherapy": "chemo_from_march2019", "immunotherapy": "io_from_march2019",
        REFERENCE: "chemoio_from_march2019"}, REGIMENS, "no patient here has a FIRST_LINE_START from that day on"),
    "Second line, from the first": ("second_line", {
        "second line without": "second_line_non_ici", "second line with": "second_line_ici"}, None,
        "no patient here has a SECOND_LINE_REGIMEN and its start after chemotherapy"),
}  # fmt: skip


def sensitivity_tables(cohort: Cohort, day: str, day_of_regimens: str) -> dict[str, pd.DataFrame]:
    """Survival tables with `group`: chemotherapy by era, regimens from a day on, and patients with a second line after
    chemotherapy counted from the first line and from the second. A part the cohort cannot fill is left out."""
    table = survival_by_regimen(cohort, "OS")
    chemotherapy = table[table["regimen"] == "chemotherapy"]
    parts, lacking = {}, []
    try:
        started = treatment_era(cohort, day_of_regimens)
        parts["Chemotherapy, by start"] = chemotherapy.join(treatment_era(cohort, day).rename("group"))
        from_day = table[started.reindex(table.index) == started.cat.categories[1]]
        parts[f"Regimens from {day_of_regimens}"] = from_day.assign(group=from_day["regimen"])
    except MissingData as reason:
        lacking.append(str(reason))
    try:
        lines = second_line(cohort).rename("group")
        parts["Second line, from the first (immortal time)"] = chemotherapy.join(lines).dropna(subset=["group"])
        later = survival_from_second_line(cohort).join(lines)
        parts["Second line, from the second"] = later[later.index.isin(chemotherapy.index)].dropna(subset=["group"])
    except MissingData as reason:
        lacking.append(str(reason))
    filled = {name: part for name, part in parts.items() if part["group"].notna().any()}
    if not filled:
        lacking = lacking or ["FIRST_LINE_START and SECOND_LINE_REGIMEN of its clinical tables leave no such patient"]
        raise MissingData(
            f"{cohort.name} has no patients to compare by start of treatment or by second line: {'; '.join(lacking)}"
        )
    return filled


def time_zero_of(part: str, cohort: Cohort) -> str:
    """Time zero of a part of `sensitivity_tables`."""
    return "start of the second line" if part.endswith("from the second") else cohort.time_zero


def sensitivity_findings(parts: dict[str, pd.DataFrame], min_group: int = 5) -> dict[str, list[Finding]]:
    """Numbers and comparisons of `sensitivity_tables` by the tail of a claim's id."""
    findings = {}
    # by name, for a part that the cohort cannot fill is left out
    for start, (id, tails, only, lacking) in SENSITIVITY.items():
        part = next((part for name, part in parts.items() if name.startswith(start)), None)
        if part is None:
            findings[id] = [Finding(None, note=lacking)]
            continue
        findings[id] = comparison.pairwise_hazard_ratios(part, group="group", min_group=min_group, only=only)
        sizes = part["group"].astype(str).value_counts()
        for first, tail in tails.items():
            findings[f"n.{tail}"] = [
                of_count(sum(n for name, n in sizes.items() if name.startswith(f"{first} ") or name == first))
            ]
        if id == "second_line":
            findings["n.second_line"] = [of_count(len(part))]
    return findings


def matched_backbone_counts(cohorts) -> dict[str, list[Finding]]:
    """The number of patients in each subtype-matched group of a cohort, one finding per group."""
    [cohort] = cohorts
    matched = matched_backbone(cohort, genomics.by_patient(cohort, genomics.genomic_subtype(cohort)))
    sizes = matched[matched.index.isin(cohort.survival("OS").index)].value_counts()
    return {"n.per_group.c1": [of_count(int(n)) for n in sizes]}


def on_chemoimmunotherapy(cohort: Cohort, tmb_above_per_mb: float, pdl1_from_percent: float) -> pd.DataFrame:
    """Overall survival on chemoimmunotherapy with TMB (above the cut or not) and PD-L1 (from the cut on or not)."""
    table = survival_by_regimen(cohort, "OS")
    table = table[table["regimen"] == REFERENCE]
    if table.empty:
        raise MissingData(
            f"in the clinical tables of {cohort.name} no patient with overall survival has {REFERENCE} in the column "
            "FIRST_LINE_REGIMEN"
        )
    burden = cohort.column("TMB_NONSYNONYMOUS", "tumour mutational burden").reindex(table.index)
    score = cohort.column("PDL1_SCORE", "PD-L1 tumour proportion score").reindex(table.index)
    names = [f"≤ {tmb_above_per_mb:g} per Mb", f"> {tmb_above_per_mb:g} per Mb"]
    words = np.where(burden.isna(), None, np.where(burden > tmb_above_per_mb, names[1], names[0]))
    cut = f"{pdl1_from_percent:g}%"
    return table.assign(
        **{
            "TMB": pd.Categorical(words, names),
            "PD-L1": survival.at_least(score, cut=pdl1_from_percent, high=f"≥ {cut}", low=f"< {cut}"),
        }
    )


# --- patients on checkpoint blockade


def progression_on_blockade(cohort: Cohort, groups: pd.Series | None = None, what: str = "") -> pd.DataFrame:
    """Progression-free survival of those on checkpoint blockade alone: of a randomised trial, its arm of blockade.

    groups, what: as `survival_by` has them, where the table is to have a column of groups.
    """
    table = cohort.survival("PFS") if groups is None else survival_by(cohort, "PFS", groups, what)
    treated = blockade.treated(cohort)
    if treated.all():
        return table
    kept = table[treated.reindex(table.index)]
    kept.attrs = {"dropped": int(treated.sum()) - len(kept)}
    return kept


def blockade_label(cohort: Cohort) -> str:
    """What the patients of `progression_on_blockade` are called: the cohort, with its arm where it has arms."""
    try:
        return f"{cohort.label}, {blockade.arm_names(cohort)[0]}"
    except MissingData:
        return cohort.label


def mutated_drivers(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """Whether each gene is mutated: booleans by patient, missing where not known, a column per gene.

    By a test of the tissue where the cohort has one and its mutations are those of blood; the column then says on what
    it rests: "EGFR (tissue)", "STK11 (blood)". Raises MissingData where it has no mutations.
    """
    mutated = genomics.by_patient(cohort, genomics.altered(cohort, genes=genes)).reindex(cohort.patients.index)
    if not blockade.burden_is_in_blood(cohort):
        return mutated
    columns = {}
    for gene in mutated:
        try:
            columns[f"{gene} (tissue)"] = blockade.mutated_by_test(cohort, gene=gene)
        except MissingData:
            columns[f"{gene} (blood)"] = mutated[gene]
    return pd.DataFrame(columns)


def by_pdl1(cohort: Cohort, percent: float) -> pd.Series:
    """PD-L1 from a percentage on or below it, categorical by patient; missing where not tested."""
    positive = blockade.pdl1_at_least(cohort, percent=percent)
    return _two_sides(positive, positive.name.removeprefix("PD-L1 "), "PD-L1")


def by_burden(cohort: Cohort, per_mb: float) -> pd.Series:
    """Tumour mutational burden from a cut-off on or below it, categorical by patient; a count in blood by a cut-off of
    its own (`blockade.burden_high`)."""
    high = blockade.burden_high(cohort, per_mb=per_mb)
    words = high.name.replace("TMB ", "")
    return _two_sides(high, f"≥ {words.partition('≥ ')[2]}" + (" in blood" if "blood" in words else ""), "TMB")


def _two_sides(flags: pd.Series, high: str, name: str) -> pd.Series:
    names = [high.replace("≥", "<"), high]
    words = flags.astype(object).map({True: high, False: names[0]})
    return pd.Series(pd.Categorical(words, names), flags.index, name=name)


MOST_ENDPOINTS = 3  # of the pure tumours on one page
WITH_COMBINED = "Overall survival, combined tumours too"
BY_TRANSCRIPTOME = "Overall survival by transcriptome type"
TYPES_WITH_COMBINED = "Overall survival by transcriptome type, combined tumours too"
# Types of EXPRESSION_CLUSTER as a figure has them; the one that is like SCLC is no genomic subtype
TRANSCRIPTOME_TYPES = {
    "LCNEC/TypeI": "type I", "LCNEC/TypeII": "type II", "LCNEC/SCLC-like": "SCLC-like by RNA",
}  # fmt: skip
# Sensitivity analyses: name → what the title over the curve adds to the cohort's
SENSITIVITY_TITLES = {
    WITH_COMBINED: "with combined tumours", BY_TRANSCRIPTOME: "by transcriptome type",
    TYPES_WITH_COMBINED: "with combined tumours, by transcriptome type",
}  # fmt: skip


def survival_by_subtype(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Survival tables with `group`, the genomic subtype (unknown left out), by the name of each endpoint that the
    cohort has, three at most. Combined tumours are left out, as in the source.

    Raises MissingData, with what overall survival lacks, where it has none.
    """
    pure = histology.pure(cohort)
    names = {
        "OS": "Overall survival",
        "RWPFS": "Real-world progression-free survival",
        "PFS": "Progression-free survival",
        "DFS": "Disease-free survival",
        "RFS": "Recurrence-free survival",
        "EFS": "Event-free survival",
        "DSS": "Disease-specific survival",
    }
    tables, lacking = {}, []
    for key, name in names.items():
        try:
            tables[name] = _by_genomic_subtype(pure, key)
        except MissingData as reason:
            lacking.append(reason)
    if not tables:
        raise lacking[0]
    return dict(list(tables.items())[:MOST_ENDPOINTS])


def _by_genomic_subtype(cohort: Cohort, endpoint: str) -> pd.DataFrame:
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
    source = "as the study gives it" if genomics.subtype_is_given(cohort) else "of its mutations"
    return survival_by(cohort, endpoint, subtype.rename("group"), f"a known genomic subtype ({source})")


def _by_transcriptome_type(cohort: Cohort) -> pd.DataFrame:
    if "EXPRESSION_CLUSTER" not in cohort.samples or cohort.samples["EXPRESSION_CLUSTER"].nunique() < 2:
        raise MissingData(f"{cohort.name} gives no two transcriptome types (EXPRESSION_CLUSTER)")
    types = genomics.by_patient(cohort, cohort.samples["EXPRESSION_CLUSTER"]).replace(TRANSCRIPTOME_TYPES)
    return survival_by(cohort, "OS", types.astype("category").rename("group"), "a type (EXPRESSION_CLUSTER)")


def subtype_sensitivity(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Overall survival with `group`, by name of SENSITIVITY_TITLES: by genomic subtype with the combined tumours, and
    by the transcriptome type that the study gives, without and with them. What the cohort lacks is left out."""
    pure, tables = histology.pure(cohort), {}
    with contextlib.suppress(MissingData):
        tables[BY_TRANSCRIPTOME] = _by_transcriptome_type(pure)
    if pure is not cohort:
        for name, table_of in ((WITH_COMBINED, lambda: _by_genomic_subtype(cohort, "OS")),
                               (TYPES_WITH_COMBINED, lambda: _by_transcriptome_type(cohort))):  # fmt: skip
            with contextlib.suppress(MissingData):
                tables[name] = table_of()
    return tables


def patients_of(cohort: Cohort, name: str) -> int:
    """The patients from whom a table of `survival_by_subtype` or `subtype_sensitivity`, by its name, was made."""
    return len(_tumours_of(cohort, name).patients)


def endpoint_of(name: str) -> str:
    """The endpoint of such a table within a sentence.

    >>> endpoint_of(BY_TRANSCRIPTOME), endpoint_of("Progression-free survival")
    ('overall survival', 'progression-free survival')
    """
    return "overall survival" if name in SENSITIVITY_TITLES else name.lower()


def panel_title(cohort: Cohort, name: str) -> str:
    """The title over a curve of such a table: the cohort, and below it what a sensitivity analysis changes."""
    if name not in SENSITIVITY_TITLES:
        return histology.pure(cohort).label
    by = "" if "with" in SENSITIVITY_TITLES[name] else "pure tumours "
    return f"{cohort.label}\n{by}{SENSITIVITY_TITLES[name]}"


def _tumours_of(cohort: Cohort, name: str) -> Cohort:
    return cohort if name in (WITH_COMBINED, TYPES_WITH_COMBINED) else histology.pure(cohort)


def without_target_findings(cohorts: Collection[Cohort], min_group: int = 5) -> dict[str, list[Finding]]:
    """`regimens_without_target` of the first of these cohorts, by the tail of a claim's id; nothing where there is
    none."""
    first = next(iter(cohorts), None)
    return {} if first is None else {"discussion": regimens_without_target(first, min_group)}


def regimens_without_target(cohort: Cohort, min_group: int = 5) -> list[Finding]:
    """Overall survival between every two of REGIMENS within each genomic subtype, of patients whose tumour is known to
    have no targetable alteration."""
    try:
        target = genomics.by_patient(cohort, genomics.targetable(cohort))
        subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
        table = survival_by_regimen(cohort, "OS").join(subtype).join(target.rename("target"))
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    if table["target"].isna().all():
        lacking = "whether the tumour is targetable is known of no patient with a regimen and overall survival"
        return [Finding(None, note=lacking)]
    untargetable = table[table["target"].eq(False).fillna(False)]
    parts = [untargetable[untargetable["genomic_subtype"] == name] for name in subtype.cat.categories]
    return list(
        itertools.chain.from_iterable(
            comparison.pairwise_hazard_ratios(part, group="regimen", min_group=min_group, only=REGIMENS)
            for part in parts
        )
    )


def regimen_sentence(groups: comparison.Comparison, tables: dict[str, pd.DataFrame], significance: float) -> str:
    """What a curve by regimen shows, with its adjusted hazard ratios."""
    return f"{comparison_sentence(groups)} {evidence_sentences(tables, significance)}".strip()


def chemotherapy_ratio_note(tables: dict[str, pd.DataFrame], model: str = "complete cases") -> str:
    """The hazard ratio of chemotherapy for the figure, with p, the model and the reference."""
    if "adjusted" not in tables:
        return ""
    fitted = tables["adjusted"]
    rows = fitted[(fitted["model"] == model) & (fitted["term"] == f"regimen: chemotherapy vs {REFERENCE}")]
    if rows.empty or rows["hr"].isna().all():
        return ""
    words = "unadjusted" if model == "unadjusted" else "adjusted"
    return f"chemotherapy {words}: HR {comparison.ratio_with_p(next(rows.itertuples()))}"
