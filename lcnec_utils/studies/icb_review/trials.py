"""The review's trials as data, and those whose own patients are public answered by them; notebook 13, sections 1 and 2.

The two tables are read as printed, with what the audit says of each cell. A number of a trial's own patients is asked
of that trial's patients alone; medians read from a published curve carry the error of the reading.
"""

import dataclasses
import re
from functools import cache

import numpy as np
import pandas as pd

from lcnec_utils.cohort import blockade, words
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import column_or_none
from lcnec_utils.core import formats, paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.ledger import audit, claims, table_cells, verdicts
from lcnec_utils.ledger.table_checks import figure
from lcnec_utils.plots import palette
from lcnec_utils.plots.difference_matrix import difference_matrix
from lcnec_utils.plots.dumbbell import dumbbell, dumbbell_legend
from lcnec_utils.plots.kaplan_meier import kaplan_meier
from lcnec_utils.plots.strip import strip
from lcnec_utils.plots.table import table as draw_table
from lcnec_utils.stats import survival
from lcnec_utils.stats.comparison import Comparison, compare
from lcnec_utils.stats.proportions import share_difference, wilson

SOURCE, TABLE_1, TABLE_2 = "icb_resistance", "icb_table1.csv", "icb_table2.csv"
RATIOS = "trial_hazard_ratios.csv"  # as the trials' own papers print them; the review prints none
OUTCOMES = {"orr_percent": "ORR", "mpfs_months": "Median PFS", "mos_months": "Median OS"}
UNITS = {"orr_percent": "%", "mpfs_months": "Months", "mos_months": "Months"}
LIMITS = {"orr_percent": (0, 80), "mpfs_months": (1.5, 60), "mos_months": (3.5, 45)}
COUNTED = (*OUTCOMES, "os_rate_percent")
RESISTANCE = "primary_resistance_percent"
SECTIONS = {
    "Adjuvant therapy": "Adjuvant", "Advanced first-line": "First line",
    "Advanced second-line and beyond": "Second line and beyond", "Advanced consolidation": "Consolidation",
}  # fmt: skip
LINES = {"first": "first line", "second or later": "second line or later", "consolidation": "consolidation"}
ALONE, COMBINED = "PD-(L)1 blockade alone", "combined immunotherapy"
GROUPS = {
    "monotherapy": ALONE, "dual ICI": "dual immunotherapy", "ICI+other": "with another agent",
    "ICI+chemotherapy": "with chemotherapy", "dual ICI+chemotherapy": "dual, with chemotherapy",
}  # fmt: skip
CONTROLS = {"chemotherapy": "chemotherapy (control)", "": "other control"}
NOT_TOLD = "regimen not told apart"
KINDS = {ALONE: "#952F85", COMBINED: "#008960", NOT_TOLD: "#6E6E6E"}
COLORS = {
    ALONE: "#952F85", "dual immunotherapy": "#257FC0", "with another agent": "#003752", "with chemotherapy": "#008960",
    "dual, with chemotherapy": "#60311F", "chemotherapy (control)": "#C28500", "other control": "#6E6E6E",
}  # fmt: skip
STATES = {"NR": "not reached", "UK": "unknown", "-": "unknown"}  # of what is printed instead of a figure
SIZES = {"all": "patients", "nsq": "patients, non-squamous", "sq": "patients, squamous"}
SOURCE_ID = "icb"  # what the ids of the review's claims begin with
READ_TO = 0.01  # of survival: how closely a curve is taken to be read from a figure, a hundredth of its axis


# --- Table 1 -----------------------------------------------------------------------------------------------------


@cache
def _cells() -> pd.DataFrame:
    """Every cell of the review's tables with what arithmetic says of it."""
    source = claims.sources()[SOURCE]
    return table_cells.cells(source, audit.audit({SOURCE: source}))


def rows_of(file: str) -> pd.DataFrame:
    """A table of the review as printed, every cell a text; `row` is its line in the CSV, whose head is line 1."""
    table = next(table for table in claims.sources()[SOURCE].tables if table.file == file)
    rows = pd.DataFrame(claims.table_rows(table))
    return rows.assign(row=range(2, len(rows) + 2))


def trial_name(row) -> str:
    """A trial in its usual spelling, from the name that the table gives it.

    >>> trial_name("Checkmate9LA"), trial_name("Keynote 024"), trial_name("OAK")
    ('CheckMate 9LA', 'KEYNOTE-024', 'OAK')
    """
    return re.sub(r"^Keynote ", "KEYNOTE-", re.sub(r"^Checkmate ?", "CheckMate ", row))


def slug(trial: str) -> str:
    """A trial's name in ids: letters and digits alone.

    >>> slug("CheckMate 017")
    'checkmate017'
    """
    return re.sub(r"[^a-z0-9]", "", trial.lower())


def printed_outcomes() -> pd.DataFrame:
    """Table 1 as printed: one row per trial, stratum, arm and outcome (ORR, median PFS, median OS), in its order.

    Columns: section, trial, nct, n (patients of the trial), line (of therapy), stratum, arm, arm_role, regimen_class,
    outcome (column of the CSV), endpoint (PFS, or DFS where a footnote says so), printed (the text; a rate with the
    time it is at), value (percent or months; missing where no figure of that kind is printed), state (value, not
    reached, unknown, rate, not printed), audit (what arithmetic makes of the cell), arithmetic, claim (the id that
    holds it).
    """
    held = _cells().query("table == @TABLE_1").set_index(["row", "column"])
    table, long = rows_of(TABLE_1), []
    sizes = table[table["n"] != ""].drop_duplicates("trial").set_index("trial")["n"]
    for arm in table.to_dict("records"):
        for outcome in OUTCOMES:
            cell, printed = (arm["row"], outcome), arm[outcome]
            rate = outcome == "mos_months" and arm["os_rate_percent"]
            if rate:
                of_time = f"{arm['os_rate_percent']}%, {arm['os_rate_at']}"
                cell = cell if printed else (arm["row"], "os_rate_percent")
                printed = f"{printed} ({of_time})" if printed else of_time
            number = figure(arm[outcome])
            state = "value" if number is not None else "rate" if rate else "not printed"
            state = STATES.get(arm[outcome], state)
            audited = held.loc[cell] if cell in held.index else None
            long.append(
                {
                    **{name: arm[name] for name in ("section", "trial", "nct", "stratum", "arm", "arm_role")},
                    "n": sizes.get(arm["trial"], ""), "line": arm["line_of_therapy"],
                    "regimen_class": arm["regimen_class"], "outcome": outcome,
                    "endpoint": arm["mpfs_endpoint"] if outcome == "mpfs_months" else "",
                    "printed": printed, "value": np.nan if number is None else float(number), "state": state,
                    "audit": "" if audited is None else audited["verdict"],
                    "arithmetic": "" if audited is None else audited["arithmetic"],
                    "claim": "" if audited is None else audited["claim"],
                }
            )  # fmt: skip
    return pd.DataFrame(long).assign(trial=lambda rows: rows["trial"].map(trial_name))


def _group(arm) -> str:
    """The group of an arm in the figure: of an experimental one its class of regimen, of a control what it is."""
    if arm.arm_role == "control" and arm.regimen_class not in GROUPS:
        return CONTROLS.get(arm.regimen_class, CONTROLS[""])
    return GROUPS[arm.regimen_class]


def dumbbell_rows(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The rows of `printed_outcomes` as `plots.dumbbell` takes them, all outcomes one under another."""
    stratum = outcomes["stratum"].str.replace("PD-L1 ", "", regex=False).replace("All", "all")
    first = ~outcomes.duplicated(["trial", "stratum", "outcome"])
    own = outcomes["trial"] + ", " + stratum
    shown = outcomes["printed"].where(outcomes["printed"] != "", "–")
    shown = shown.where(outcomes["state"] != "unknown", "unknown")
    # a row's endpoint other than the column's stands before its first figure
    other = first & ~outcomes["endpoint"].isin(["", "PFS"])
    shown = shown.where(~other, outcomes["endpoint"] + " " + shown)
    return outcomes.assign(
        row=own, first=first, group=[_group(arm) for arm in outcomes.itertuples()],
        printed=shown, questioned=outcomes["audit"].isin(["inconsistent", "impossible"]),
    )  # fmt: skip


def draw_trials(rows: pd.DataFrame):
    """A page of dumbbells: a row of axes per section of Table 1, a column per outcome; returns the figure.

    rows: of `dumbbell_rows`.
    """
    sections = {name: rows[rows["section"] == name] for name in SECTIONS}
    heights = [part["row"].nunique() for part in sections.values()]
    last = len(heights)
    # rows of 3.6 mm, and of that height about two for a section's name and two more for the axis under the last
    fig = palette.figure_only(palette.PAGE_MM, 3.6 * (sum(heights) + 2 * last + 6))
    ratios = [3, *(height + (4 if place == last else 2) for place, height in enumerate(heights, 1))]
    grid = fig.add_gridspec(last + 1, 3, height_ratios=ratios)
    present = {group: tone for group, tone in COLORS.items() if (rows["group"] == group).any()}
    dumbbell_legend(fig.add_subplot(grid[0, :]), present, set(CONTROLS.values()))
    for place, (section, part) in enumerate(sections.items(), 1):
        for column, (outcome, label) in enumerate(OUTCOMES.items()):
            dumbbell(
                part[part["outcome"] == outcome], fig.add_subplot(grid[place, column]), xlabel=UNITS[outcome],
                limits=LIMITS[outcome], color=COLORS, log=outcome != "orr_percent", named=column == 0,
                scale=place == last, title=f"{SECTIONS[section]}: {label}" if column == 0 else label,
            )  # fmt: skip
    return fig


def trials_sentence(outcomes: pd.DataFrame) -> str:
    """How many trials, strata and figures Table 1 prints, what is not drawn, and which cells the audit questions."""
    states = outcomes["state"].value_counts()
    asked = outcomes[outcomes["audit"].isin(["inconsistent", "impossible"])]
    trials = formats.listed(list(dict.fromkeys(asked["trial"])))
    rates = outcomes[outcomes["state"] == "rate"]
    beyond = outcomes[[row.value > LIMITS[row.outcome][1] for row in outcomes.itertuples()]]
    off = formats.listed([f"{row.trial}'s {row.printed}" for row in beyond.itertuples()])
    return (
        f"Table 1 as printed: {outcomes['trial'].nunique()} trials "
        f"({outcomes['nct'].nunique()} registry numbers), {len(outcomes.drop_duplicates(['trial', 'stratum']))} "
        "strata. "
        f"Of {len(outcomes)} cells of an arm {states['value']} hold a figure and {states['not reached']} say that the "
        f"median is not reached; {states.get('unknown', 0)} are unknown, {states.get('not printed', 0)} empty, and "
        f"{len(rates)} hold a rate instead of a median: these are not drawn. The audit questions {len(asked)} cells "
        f"(marked !), of {trials}; off the axis: {off}."
    )


# --- primary resistance by line ------------------------------------------------------------------------------------


def printed_resistance() -> pd.DataFrame:
    """Primary resistance as Table 1 prints it, one row per trial that has a figure: trial, line, kind (alone or
    combined), regimen_class, percent, printed.

    CheckMate 227 prints one figure for two immunotherapy arms and counts by the first, a combination. COAST's figures
    stand under no head of the table and are none of these.
    """
    table = rows_of(TABLE_1)
    table = table[[figure(text) is not None for text in table[RESISTANCE]]]
    return pd.DataFrame(
        {
            "trial": table["trial"].map(trial_name),
            "line": table["line_of_therapy"].map(LINES),
            "kind": np.where(table["regimen_class"] == "monotherapy", ALONE, COMBINED),
            "regimen_class": table["regimen_class"],
            "percent": table[RESISTANCE].astype(float),
            "printed": table[RESISTANCE],
        }
    ).reset_index(drop=True)


def first_line_pairs(resistance: pd.DataFrame) -> pd.DataFrame:
    """Every pair of a first-line trial of a combination and one of blockade alone: difference of their primary
    resistance in percentage points, combinations × monotherapies, in the table's order.

    The arms' sizes are not printed, so nothing is pooled and no pair has an interval.
    """
    first = resistance[resistance["line"] == LINES["first"]]
    alone, combined = (first[first["kind"] == kind].set_index("trial")["percent"] for kind in (ALONE, COMBINED))
    # printed to a tenth at most: what remains beyond is the computer's
    return pd.DataFrame({name: (combined - value).round(2) for name, value in alone.items()})


def resistance_strip(resistance: pd.DataFrame) -> pd.DataFrame:
    """The printed figures as `plots.strip` takes them: by line, within it blockade alone first, the highest first."""
    order = {name: place for place, name in enumerate(LINES.values())}
    ranked = resistance.assign(place=resistance["line"].map(order), alone=resistance["kind"] != ALONE)
    ranked = ranked.sort_values(["place", "alone", "percent"], ascending=[True, True, False], kind="stable")
    names = {"trial": "item", "line": "section", "kind": "group", "percent": "value"}
    return ranked.rename(columns=names)[[*names.values()]].reset_index(drop=True)


def text_ranges() -> dict[str, tuple[float, float]]:
    """The ranges of primary resistance that the text prints, by line."""
    known = claims.published()
    ids = {LINES["first"]: "first_line", LINES["second or later"]: "second_line"}
    return {
        line: tuple(float(known[f"icb.rv_resistance_by_line.{id}.{end}"].value) for end in ("lower", "upper"))
        for line, id in ids.items()
    }


def draw_resistance(printed: pd.DataFrame, pairs: pd.DataFrame):
    """Primary resistance by line beside the differences within first line; returns the figure.

    printed, pairs: of `printed_resistance` and `first_line_pairs`.
    """
    fig, (by_line, by_pair) = palette.figure(palette.PAGE_MM, 95, ncols=2)
    what, head = "Primary resistance, % (as printed)", "By line; shaded: the text's ranges"
    strip(
        resistance_strip(printed), by_line, xlabel=what, color=KINDS, bands=text_ranges(), counted="trials", title=head
    )
    head = "First line: difference, points"
    difference_matrix(pairs, by_pair, xlabel="Blockade alone", ylabel="Combination", title=head)
    return fig


def resistance_sentence(resistance: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """The ranges by line, how the first-line pairs lie, and what the table cannot say."""
    differences = pairs.to_numpy().ravel()
    ranges = "; ".join(
        f"{line} {rows['percent'].min():g} to {rows['percent'].max():g}% ({len(rows)} trials)"
        for line, rows in resistance.groupby("line", sort=False)
    )
    both = resistance[(resistance["line"] == LINES["second or later"]) & (resistance["kind"] == COMBINED)]
    none = "no" if both.empty else str(len(both))
    return (
        f"Primary resistance as printed: {ranges}. In first line, of {differences.size} pairs of a combination and "
        f"blockade alone the combination is lower in {(differences < 0).sum()}, equal in {(differences == 0).sum()} "
        f"and higher in {(differences > 0).sum()}. Arms' sizes are not printed, so nothing is pooled. The table has "
        f"{none} trial of a combination in second line, though the text gives a range for it; line and class of "
        "regimen are confounded, and a comparison across lines is none of regimens."
    )


# --- Table 2 -----------------------------------------------------------------------------------------------------


def strategies() -> pd.DataFrame:
    """Table 2 as printed, one row per trial, by category: Category, Drugs, Target (standard symbols; – where none is
    printed), Registry number, Phase, Before (blockade before entry: none, given, or either), Status."""
    table = rows_of(TABLE_2)
    before = {("yes", "yes"): "either", ("no", "yes"): "given", ("yes", "no"): "none", ("yes", ""): "none, or not said"}
    return pd.DataFrame(
        {
            "Category": table["category"],
            "Drugs": table["drug_printed"],
            "Target": table["target"].str.replace(";", ",").replace("", "–"),
            "Registry number": table["nct"],
            "Phase": table["phase"],
            "Before": [before[pair] for pair in zip(table["icb_naive"], table["icb_pretreated"], strict=True)],
            "Status": table["status"],
        }
    )


def targets_by_category(table: pd.DataFrame) -> pd.DataFrame:
    """Trials of Table 2 by category and target, one row per target; a trial with several targets counts for each.

    table: `strategies`. The column `trials` counts each target's trials, the last row each category's.
    """
    long = table.assign(Target=table["Target"].str.split(", ")).explode("Target")
    counts = pd.crosstab(long["Target"], long["Category"])[list(dict.fromkeys(table["Category"]))]
    counts.insert(0, "trials", counts.sum(axis=1))
    counts = counts.sort_values("trials", ascending=False, kind="stable")
    counts = pd.concat([counts.drop(index="–", errors="ignore"), counts.filter(items=["–"], axis=0)])
    whole = table["Category"].value_counts().reindex(counts.columns, fill_value=0)
    whole["trials"] = len(table)
    return pd.concat([counts, whole.to_frame("all trials").T]).rename_axis("Target")


def draw_strategies(overcoming: pd.DataFrame):
    """Table 2 as a figure. overcoming: of `strategies`."""
    fig, ax = palette.figure(palette.PAGE_MM, 110)
    draw_table(overcoming, ax, widths=[2, 3, 2, 1.6, 0.8, 1.4, 2])
    return fig


def strategies_sentence(table: pd.DataFrame) -> str:
    """How many trials Table 2 lists, by category, how many admit whom, and of how many no target is printed."""
    counts = "; ".join(f"{name} {n}" for name, n in table["Category"].value_counts(sort=False).items())
    after = int((table["Before"] == "given").sum())
    return (
        f"Table 2 as printed: {len(table)} trials ({counts}). {after} ask for blockade before entry, "
        f"{int((table['Before'] == 'either').sum())} take patients with and without. Of "
        f"{int((table['Target'] == '–').sum())} no target is printed."
    )


# --- trials recomputed from their own patients ---------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial recomputed from its own patients, or from its published curves.

    name: as claims name it. blockade, control: the arms as ARM names them. reconstructed: whether rows are read from
    curves and are no patients. comparisons: overall and progression-free survival of the arms, as far as they are held.
    shares: arm → what → (k, n), of those randomised. sizes: `all`, `nsq` and `sq` → patients. readings: (endpoint, arm)
    → within which months the median may have been read from the figure.
    """

    name: str
    blockade: str
    control: str
    reconstructed: bool
    comparisons: dict[str, Comparison]
    shares: dict[str, dict[str, tuple[int, int]]]
    sizes: dict[str, int]
    readings: dict[tuple[str, str], tuple[float, float]]


ENDPOINTS = {"OS": "overall survival", "PFS": "progression-free survival"}
OBJECTIVE, PROGRESSED = "objective response", "primary resistance"


def recompute(cohort: Cohort, pfs: Cohort | None = None) -> Trial:
    """A trial recomputed: sizes, response, progression as best response, median survival and hazard ratios by arm.

    cohort: the trial's patients, or its curve of overall survival. pfs: its curve of progression-free survival, where
    that is of rows that cannot be linked. Everything is a share of all randomised patients: who has no recorded
    response counts in the denominator, as the trials report it. Raises MissingData where the cohort is of no trial.
    """
    if not cohort.stands_for:
        raise MissingData(f"{cohort.name} is of no single trial: its cohort.yaml names none (stands_for)")
    if pfs is not None and pfs.stands_for != cohort.stands_for:
        raise MissingData(
            f"{pfs.name} in the role icb_pfs is of {pfs.stands_for or 'no trial'} and not of {cohort.stands_for}"
        )
    first, second = blockade.arm_names(cohort)
    comparisons, readings = {}, {}
    for endpoint, called in ENDPOINTS.items():
        for held in (cohort, pfs):
            if held is None or f"{endpoint}_MONTHS" not in held.patients:
                continue
            table = held.survival(endpoint).join(held.patients["ARM"].rename("arm"))
            # blockade first, so that an arm has its colour in every trial
            table["arm"] = pd.Categorical(table["arm"], [first, second])
            comparisons[endpoint] = compare(table, group="arm", endpoint=called, reference=second)
            if "reconstructed" in held.caveats:
                readings |= {(endpoint, arm): span for arm, span in _readings(table).items()}
            break
    return Trial(
        name=cohort.stands_for, blockade=first, control=second, reconstructed="reconstructed" in cohort.caveats,
        comparisons=comparisons, shares=_shares(cohort), sizes=_sizes(cohort), readings=readings,
    )  # fmt: skip


def _sizes(cohort: Cohort) -> dict[str, int]:
    """The patients of a trial, and where each tumour's histology says it those with non-squamous and squamous ones."""
    sizes, detailed = {"all": len(cohort.patients)}, column_or_none(cohort, "CANCER_TYPE_DETAILED")
    if detailed is None:
        return sizes
    said = detailed.astype("string").str.lower().fillna("")
    other = said.str.contains("non-squamous|adenocarcinoma")
    squamous = said.str.contains("squamous") & ~other
    # not further specified, a carcinoma may be either
    return sizes | ({"nsq": int(other.sum()), "sq": int(squamous.sum())} if (other | squamous).all() else {})


def _readings(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Within which months each arm's median may have been read, where survival is read to READ_TO of its axis."""
    ends = [
        survival.medians(table, group="arm", quantile=0.5 + side * READ_TO).set_index("group")["median"]
        for side in (1, -1)
    ]
    return {arm: (float(ends[0][arm]), float(ends[1][arm])) for arm in ends[0].index}


def _shares(cohort: Cohort) -> dict[str, dict[str, tuple[int, int]]]:
    """Responders and patients with progression as best response, of each arm; nothing where no response is recorded."""
    best = column_or_none(cohort, "BEST_RESPONSE")
    if best is None:
        return {}
    responded = blockade.objective_response(cohort)
    return {
        str(arm): {
            OBJECTIVE: (int(responded[ids].sum()), len(ids)), PROGRESSED: (int((best[ids] == "PD").sum()), len(ids)),
        }
        for arm, ids in cohort.patients.groupby("ARM").groups.items()
    }  # fmt: skip


def printed_arms(trial: Trial) -> dict[str, str]:
    """The arms of a trial by their names in Table 1, of the trial's first stratum; none where the table lacks it."""
    table = rows_of(TABLE_1)
    rows = table[table["trial"].map(trial_name) == trial.name]
    rows = rows[rows["stratum"] == rows["stratum"].iloc[0]] if len(rows) else rows
    if len(rows) != 2:  # of three arms it is not told which the cohort holds
        return {}
    own = {"experimental": trial.blockade, "control": trial.control}
    return {row["arm"]: own[row["arm_role"]] for row in rows.to_dict("records")}


def trial_findings(trial: Trial) -> dict[str, list[Finding]]:
    """Findings on a trial's own numbers in Table 1, by the claim's id without its source.

    The patients are those of the print, so that a number has no interval: it is the printed one, or another. A median
    from a published curve carries the months within which it may have been read.
    """
    name, no_histology = slug(trial.name), "the rows of the published curves have no histology"
    answers = {f"rv_table1.n.{name}": [of_count(trial.sizes["all"])]}
    for kind in ("nsq", "sq"):
        known = kind in trial.sizes
        answers[f"rv_table1.n.{name}.{kind}"] = [
            of_count(trial.sizes[kind]) if known else Finding(None, note=no_histology)
        ]
    resistance = [Finding(None, note="no best response is recorded here: the published curves hold none")]
    if trial.shares:
        k, n = trial.shares[trial.blockade][PROGRESSED]
        resistance = [Finding(100 * k / n, n=n)]
    answers[f"rv_resistance_by_line.{name}"] = resistance
    for printed, arm in printed_arms(trial).items():
        of_arm = re.sub(r"\W+", "_", printed)
        if trial.shares:
            k, n = trial.shares[arm][OBJECTIVE]
            answers[f"rv_table1.orr.{name}.{of_arm}"] = [Finding(100 * k / n, n=n)]
        for endpoint in trial.comparisons:
            answers[f"rv_table1.{endpoint.lower()}.{name}.{of_arm}"] = [_median(trial, endpoint, arm)]
    return answers


def _median(trial: Trial, endpoint: str, arm: str) -> Finding:
    """The median of an arm as a finding without interval, with what its reading leaves open."""
    row = trial.comparisons[endpoint].medians.set_index("group").loc[arm]
    if np.isnan(row["median"]):
        note = "the median is not reached in this curve; the published one is of a later follow-up"
        return Finding(None, n=int(row["n"]), events=int(row["events"]), note=note)
    reading = trial.readings.get((endpoint, arm))
    return Finding(float(row["median"]), n=int(row["n"]), reading=reading)


def _published_ratios(trial: str) -> dict[str, str]:
    """The hazard ratios that the trial's own paper prints, by endpoint."""
    table = pd.read_csv(paths.PUBLISHED / RATIOS, dtype=str)
    return table[table["trial"] == trial].set_index("endpoint")["hr"].to_dict()


def recomputed_table(trial: Trial) -> pd.DataFrame:
    """A trial's numbers beside those printed: what, arm, n, value, lower, upper (95% limits), printed (by the review,
    of hazard ratios by the trial's own paper), verdict, and where a median was read from a curve the months within
    which it may have been read (read_from, read_to).
    """
    known, name, ratios = claims.published(), slug(trial.name), _published_ratios(trial.name)
    arms, rows = {arm: printed for printed, arm in printed_arms(trial).items()}, []

    def add(what: str, arm: str, tail: str, n: int, value: float, lower: float = np.nan, upper: float = np.nan, **more):
        claim = known.get(f"{SOURCE_ID}.{tail}")
        answer = trial_findings(trial).get(tail)
        word = verdicts.verdict(claim, answer)[0] if claim and answer else ""
        printed = claim.value if claim else more.pop("printed", "")
        rows.append({"what": what, "arm": arm, "n": n, "value": value, "lower": lower, "upper": upper,
                     "printed": printed, "verdict": word, **more})  # fmt: skip

    for kind, label in {"all": "", "nsq": ".nsq", "sq": ".sq"}.items():
        if trial.sizes.get(kind):
            add(SIZES[kind], "both", f"rv_table1.n.{name}{label}", trial.sizes["all"], trial.sizes[kind])
    for arm in (trial.blockade, trial.control):
        printed = re.sub(r"\W+", "_", arms.get(arm, ""))
        for what, (k, n) in trial.shares.get(arm, {}).items():
            tail = f"rv_table1.orr.{name}.{printed}" if what == OBJECTIVE else f"rv_resistance_by_line.{name}"
            tail = "" if what == PROGRESSED and arm == trial.control else tail  # printed of blockade alone
            add(f"{what}, %", arm, tail, n, 100 * k / n, *(100 * limit for limit in wilson(k, n)))
        for endpoint, compared in reversed(trial.comparisons.items()):
            row = compared.medians.set_index("group").loc[arm]
            span = dict(zip(("read_from", "read_to"), trial.readings.get((endpoint, arm), ()), strict=False))
            tail = f"rv_table1.{endpoint.lower()}.{name}.{printed}"
            add(f"median {endpoint}, months", arm, tail, int(row["n"]), *row[["median", "lower", "upper"]], **span)
    for endpoint, compared in reversed(trial.comparisons.items()):
        for row in compared.ratios.itertuples():
            add(f"hazard ratio, {endpoint}", "both", "", int(row.n), row.hr, row.lower, row.upper,
                printed=ratios.get(endpoint, ""))  # fmt: skip
    columns = ["what", "arm", "n", "value", "lower", "upper", "printed", "verdict", "read_from", "read_to"]
    return pd.DataFrame(rows).reindex(columns=columns)


def recomputed_words(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `recomputed_table` as a figure's table of text."""
    shown = []
    for row in table.itertuples():
        paper = " (trial's paper)" if row.what.startswith("hazard") else ""
        digits = 2 if row.what.startswith("hazard") else 0 if np.isnan(row.lower) and row.arm == "both" else 1
        read = not np.isnan(row.read_from)
        digits = 2 if read else digits
        value = formats.months(row.value, digits)
        limits = f"{formats.months(row.lower, digits)}–{formats.months(row.upper, digits)}"
        shown.append(
            {
                "": row.what[:1].upper() + row.what[1:],
                "Arm": row.arm,
                "Recomputed (95% CI)": value if np.isnan(row.lower) and np.isnan(row.upper) and digits == 0
                else f"{value} ({limits})",
                "Printed": f"{row.printed or '–'}{paper * bool(row.printed)}",
                "Read from the curve": f"{formats.months(row.read_from, 2)}–{formats.months(row.read_to, 2)}" * read,
                "Verdict": row.verdict or "–",
            }
        )  # fmt: skip
    text = pd.DataFrame(shown)
    return text.loc[:, [name for name in text if name != "Read from the curve" or text[name].any()]]


def draw_trial(trial: Trial, table: pd.DataFrame, time_zero: str):
    """Curves of overall and progression-free survival over the table of `recomputed_table`; returns the figure."""
    text = recomputed_words(table)
    fig = palette.figure_only(palette.PAGE_MM, 90 + 4.2 * len(text))
    whole = fig.add_gridspec(2, 1, height_ratios=[80, 4.2 * len(text)])
    # a grid of their own, so that the table has the whole width and not that between the curves' labels
    curves = whole[0].subgridspec(1, len(trial.comparisons))
    mark = " (reconstructed)" if trial.reconstructed else ""
    for place, (endpoint, compared) in enumerate(trial.comparisons.items()):
        title = f"{trial.name}, {endpoint}{mark}"
        kaplan_meier(compared, fig.add_subplot(curves[place]), title=title, time_zero=time_zero)
    draw_table(text, fig.add_subplot(whole[1]), widths=[2, 2, 2, 1.5, *[1.5] * (text.shape[1] - 4)])
    return fig


def trial_sentence(trial: Trial, table: pd.DataFrame) -> str:
    """What of a trial's row is met, what differs, and what its reconstruction leaves open."""
    counts = table["verdict"].value_counts()
    said = [f"{counts[word]} {word}" for word in (*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE) if word in counts]
    wrong = table[table["verdict"] == "contradicted"]
    parts = [
        f"{trial.name}: {int((table['verdict'] != '').sum())} printed numbers are put to its own "
        f"{'curves' if trial.reconstructed else 'patients'}: {', '.join(said)}."
        if said
        else f"{trial.name} has no row in Table 1; its patients are shown beside none."
    ]
    parts += [
        f"The {row.what.split(',')[0]} of {row.arm} is printed {row.printed}; the data give "
        f"{formats.number(row.value, 2)}."
        for row in wrong.itertuples()
    ]
    if trial.shares:
        parts.append("Primary resistance is progression as best response, of all randomised.")
    if trial.reconstructed:
        parts.append(
            "Times are reconstructed from published curves: no row is a patient. A curve is taken to be read to "
            f"{100 * READ_TO:g}% of its axis of survival; the table says within which months a median may so lie."
        )
    return " ".join(parts)


# --- primary resistance by line and regimen in a cohort ------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class CohortResistance:
    """Primary resistance of patients on blockade: by patient whether resistant, the line, and the kind of regimen.

    patients: resistant (boolean), line (LINES, missing where not recorded), kind (ALONE or COMBINED). measure: what
    stands for primary resistance. exact: whether that is progression as best response, as the table's trials count it.
    trial: whose patients they are, empty where of none.
    """

    patients: pd.DataFrame
    measure: str
    exact: bool
    trial: str


def cohort_resistance(cohort: Cohort) -> CohortResistance:
    """Primary resistance in a cohort on blockade. Raises MissingData where neither best response nor durable benefit is
    recorded.

    Progression as best response, of all randomised where the cohort is a trial; without a best response the absence of
    durable clinical benefit stands for it. Only patients on blockade count.
    """
    best = column_or_none(cohort, "BEST_RESPONSE")
    if best is None and not {"DURABLE_CLINICAL_BENEFIT", "PFS_MONTHS"} & set(cohort.patients):
        raise MissingData(f"{cohort.name} records neither best response nor durable clinical benefit")
    if best is not None:
        measure = "progression as best response"
        resistant = (best == "PD").astype("boolean")
        resistant = resistant if "ARM" in cohort.patients else resistant.mask(best.isna())
    else:
        measure = "no durable clinical benefit"
        resistant = ~blockade.durable_benefit(cohort)
    table = pd.DataFrame({"resistant": resistant, "line": _line(cohort), "kind": _kind(cohort)})
    return CohortResistance(
        table[blockade.treated(cohort).to_numpy()], measure, exact=best is not None, trial=cohort.stands_for
    )


def _line(cohort: Cohort) -> pd.Series:
    """First line, or second or later, by the number of the line or by whether there was systemic therapy before."""
    number, before = column_or_none(cohort, "LINES_OF_TX"), column_or_none(cohort, "PRIOR_SYSTEMIC_THERAPY")
    if number is not None:
        later = (pd.to_numeric(number, errors="coerce") > 1).astype("boolean").mask(number.isna())
    elif before is not None:
        later = before.map({"YES": True, "NO": False}).astype("boolean")
    else:
        return pd.Series(None, cohort.patients.index, dtype=object)
    return later.map({True: LINES["second or later"], False: LINES["first"]}).astype(object)


TREATMENTS = {"MONOTHERAPY": ALONE, "COMBINATION": COMBINED}  # words of the column TREATMENT_TYPE


def _kind(cohort: Cohort) -> pd.Series:
    """Blockade alone or combined, by ARM, REGIMEN or TREATMENT_TYPE; missing where none of them says."""
    for column in ("ARM", "REGIMEN"):
        named = column_or_none(cohort, column)
        if named is not None:
            kinds = {word: words.regimen(str(word)) for word in named.dropna().unique()}
            said = {"immunotherapy": ALONE, "chemoimmunotherapy": COMBINED}
            return named.map({word: said.get(kind or "") for word, kind in kinds.items()}).astype(object)
    named = column_or_none(cohort, "TREATMENT_TYPE")
    if named is None:
        return pd.Series(None, cohort.patients.index, dtype=object)
    return named.astype(str).str.upper().map(TREATMENTS).astype(object)


def resistance_shares(resistance: CohortResistance) -> pd.DataFrame:
    """The share resistant by line and kind of regimen as `plots.strip` takes it: item (with n), section, group, value,
    lower, upper (percent, Wilson), k, n; groups without anyone are left out."""
    known, rows = resistance.patients.dropna(subset=["resistant"]), []
    known = known.assign(line=known["line"].fillna("line not recorded"), kind=known["kind"].fillna(NOT_TOLD))
    for line in [*LINES.values(), "line not recorded"]:
        for kind in KINDS:
            values = known.loc[(known["line"] == line) & (known["kind"] == kind), "resistant"]
            if len(values):
                k, n = int(values.sum()), len(values)
                lower, upper = wilson(k, n)
                item, shown = f"{kind}, {formats.share(k, n)}", (100 * k / n, 100 * lower, 100 * upper)
                rows.append((item, line, kind, *shown, k, n))
    return pd.DataFrame(rows, columns=["item", "section", "group", "value", "lower", "upper", "k", "n"])


def resistance_findings(resistance: CohortResistance, *, min_group: int) -> dict[str, list[Finding]]:
    """Findings on what the text says of primary resistance by line and regimen, by the tail of a claim's id.

    The ends of a range are asked of patients whose progression is recorded as best response and who are of none of the
    trials that the range summarises: a range cannot be tested on what it was read from.
    """
    table, what = resistance.patients, resistance.measure
    later, first = table["line"] == LINES["second or later"], table["line"] == LINES["first"]
    line = later.astype("boolean").mask(table["line"].isna())
    combined = (table["kind"] == COMBINED).astype("boolean").mask(table["kind"].isna())

    def difference(marked: pd.Series, subset: pd.Series | None = None) -> list[Finding]:
        values = table["resistant"] if subset is None else table["resistant"].where(subset)
        return [share_difference(values, marked, what=what, min_group=min_group)]

    return {
        "line": difference(line),
        "combination": difference(combined),
        "first_line_monotherapy": difference(~combined, first),
        **{f"{name}.{end}": [_end_of_range(resistance, line_words, min_group)]
           for name, line_words in (("first_line", LINES["first"]), ("second_line", LINES["second or later"]))
           for end in ("lower", "upper")},
    }  # fmt: skip


def _end_of_range(resistance: CohortResistance, line: str, min_group: int) -> Finding:
    """The share resistant in a line as a finding on an end of the text's range, or why it is none."""
    summarised = set(printed_resistance().query("line == @line")["trial"])
    if resistance.trial in summarised:
        return Finding(None, note=f"{resistance.trial} is one of the trials that the range summarises")
    if not resistance.exact:
        return Finding(None, note="progression as best response is not recorded, and the range counts that")
    values = resistance.patients.loc[resistance.patients["line"] == line, "resistant"].dropna()
    if len(values) < max(min_group, 1):
        return Finding(None, n=len(values), note=f"{formats.count(len(values), 'patient')} here in {line}")
    k, n = int(values.sum()), len(values)
    return of_share(k, n, *wilson(k, n))


def ranges_beside(resistance: CohortResistance) -> dict[str, tuple[float, float]]:
    """The text's ranges by line, where the cohort's measure is the one that they count; else none."""
    return text_ranges() if resistance.exact else {}


def cohort_resistance_sentence(resistance: CohortResistance, shares: pd.DataFrame) -> str:
    """What was counted, of whom, and the share by line and regimen."""
    stands = "" if resistance.exact else ", which stands for primary resistance here"
    said = "; ".join(f"{row.section}, {row.group} {formats.share(row.k, row.n)}" for row in shares.itertuples())
    ranges = (
        "Shaded: the ranges that the text prints over trials."
        if resistance.exact
        else ("The ranges that the text prints count progression as best response and are not shown.")
    )
    return (
        f"Patients on blockade with {resistance.measure}{stands}: {said}. {ranges} Lines and regimens were not "
        "randomised against each other."
    )
