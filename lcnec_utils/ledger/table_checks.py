"""What the cells of a printed table of trials say of each other, by arithmetic alone.

A table is a list of rows as its CSV holds them, every cell a text as printed. One function per rule, in OF_ARMS (for
tables with a row per trial, stratum and arm) and OF_TRIALS (for tables with a row per trial); each yields a `Check` on
the cells it read, whether they hold or not, so that a cell on which nothing was tried can be told from one that held.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

from lcnec_utils.core import formats

Row = dict[str, str]
Cell = tuple[int, str]  # place of the row in the table, from 0, and column

HOLDS, NOTE, ROUNDING, INCONSISTENT, IMPOSSIBLE = "", "note", "rounding", "inconsistent", "impossible"
ARM_COLUMNS = {"trial", "arm", "stratum", "seed_line", "n", "orr_percent", "mpfs_months", "mos_months"}
TRIAL_COLUMNS = {"drug_printed", "target_printed", "nct", "phase", "seed_line"}
OUTCOMES = ("orr_percent", "mpfs_months", "mos_months")
MEDIANS = ("mpfs_months", "mos_months")
# Months. The bound of audit.LONGEST_MEDIAN: no lung-cancer trial follows its patients so long as to see a later median
LONGEST = 120
EXPLAINED = ("NR", "UK")  # the words that the legends of such tables explain: not reached, unknown
PHASES = ("I", "I/II", "II", "II/III", "III", "IV")
# The line of treatment that a section of a table holds, and how a trial's own cell may word it
WORDED = {
    "adjuvant": ("adjuvant",), "first": ("1st",), "second or later": ("2nd", "≥ 2nd"),
    "consolidation": ("consolidation",),
}  # fmt: skip
# An arm is taken to hold between half and one and a half times an even share, which is 1:1 to 2:1 in two arms
SMALLEST, LARGEST = 0.5, 1.5


@dataclasses.dataclass(frozen=True)
class Check:
    """What one rule says of some cells: severity (empty where they hold), the arithmetic, what would reconcile it."""

    rule: str
    severity: str
    cells: tuple[Cell, ...]
    arithmetic: str
    reconcile: str = ""


Checks = Iterator[tuple[str, list[Cell], str, str]]  # severity, cells, arithmetic, what would reconcile


# --- printed figures -------------------------------------------------------------------------------------------


def figure(text: str | None) -> Decimal | None:
    """The number that a cell prints; None for a word (NR, UK) and for an empty cell.

    >>> figure("44.8"), figure("NR"), figure("")
    (Decimal('44.8'), None, None)
    """
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def count_of(percent: str, n: int) -> int | None:
    """The least k for which 100 k/n, rounded half up, is the printed percent; None where no whole number gives it.

    Exact integer arithmetic. percent: a text, whose decimals are the precision asked.

    >>> count_of("44.8", 154), count_of("90.1", 44)
    (69, None)
    """
    unit = 10 ** -figure(percent).as_tuple().exponent
    scaled, step = int(figure(percent) * unit), 200 * unit
    k = max(0, -((1 - 2 * scaled) * n // step))
    return k if k <= n and k * step < (2 * scaled + 1) * n else None


def arm_sizes(percents: list[str], n: int) -> tuple[int, ...] | None:
    """The most even split of n patients over the arms in which each arm's percent is a whole count; None without one.

    Each arm holds between SMALLEST and LARGEST times an even share.

    >>> arm_sizes(["44.8", "27.8"], 305)
    (154, 151)
    >>> arm_sizes(["33.3", "50.1"], 30) is None
    True
    """
    even = n / len(percents)
    if len(percents) == 1:
        return (n,) if count_of(percents[0], n) is not None else None
    within = range(max(1, math.ceil(SMALLEST * even)), math.floor(LARGEST * even) + 1)
    fitting = [[m for m in within if count_of(percent, m) is not None] for percent in percents]
    last = set(fitting[-1])
    splits = ((*sizes, n - sum(sizes)) for sizes in itertools.product(*fitting[:-1]))
    return min(
        (sizes for sizes in splits if sizes[-1] in last),
        key=lambda sizes: (max(abs(m - even) for m in sizes), sizes[::-1]),
        default=None,
    )


def covers(strata: list[str]) -> bool:
    """Whether strata of a percent leave no gap and do not overlap.

    >>> covers(["PD-L1 < 1%", "PD-L1 1%-49%", "PD-L1 ≥ 50%"]), covers(["PD-L1 ≥ 1%", "PD-L1 ≥ 50%"])
    (True, False)
    """
    edges = []
    for stratum in strata:
        ends = [int(number) for number in re.findall(r"(\d+)%", stratum)]
        if not ends:
            return False
        low, high = (0, ends[0]) if "<" in stratum else (ends[0], 101 if "≥" in stratum else ends[-1] + 1)
        edges.append((low, high))
    joined = [0, *itertools.chain(*sorted(edges)), 101]
    return bool(edges) and joined[::2] == joined[1::2]


def misprints(text: str, most: float) -> list[str]:
    """Figures up to `most` from which a figure beyond it differs by one slip: the decimal point, or one digit doubled.

    Arithmetic only: which of them was meant is not known.

    >>> misprints("447.5", 120), misprints("376", 100)
    (['44.75', '47.5'], ['37.6'])
    """
    whole, _, rest = text.partition(".")
    shifted = [f"{whole[:-places]}.{whole[-places:]}{rest}" for places in range(1, len(whole))]
    doubled = [text[:i] + text[i + 1 :] for i in range(len(whole) - 1) if text[i] == text[i + 1]]
    fitting = [each for each in shifted if most / 10 < float(each) <= most]
    return [*fitting, *(each for each in dict.fromkeys(doubled) if float(each) <= most)]


# --- reading rows ----------------------------------------------------------------------------------------------


def groups(rows: list[Row], *columns: str) -> Iterator[list[int]]:
    """Places of the rows that share these columns, in the table's order."""
    places: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(tuple(row.get(column, "") for column in columns), []).append(place)
    return iter(places.values())


def _named(row: Row) -> str:
    return f"{row['trial']}, {row['stratum']}, {row['arm']}"


def _percents(row: Row) -> list[str]:
    """The columns of a row that hold a percent."""
    return [name for name in row if name.endswith("_percent") or name == "unheaded_cell"]


# --- tables with a row per trial, stratum and arm --------------------------------------------------------------


def histologies(rows: list[Row]) -> Checks:
    """The patients by histology add up to N."""
    for place, *_ in groups(rows, "trial"):
        row = rows[place]
        parts = {name: row[name] for name in row if name.startswith("n_") and figure(row[name]) is not None}
        if not (parts and figure(row["n"]) is not None):
            continue
        total, n = sum(map(figure, parts.values())), figure(row["n"])
        cells, added = [(place, name) for name in ("n", *parts)], " + ".join(parts.values())
        if total == n:
            yield HOLDS, cells, f"{added} = {n}, the N printed", ""
        else:
            way = f"{abs(total - n)} {'too many in the parts' if total > n else 'of N in no part'}"
            yield INCONSISTENT, cells, f"{added} = {total}, N printed {n}", way


def sizes(rows: list[Row]) -> Checks:
    """N is a whole number of patients, at least one for each arm."""
    for places in groups(rows, "trial"):
        n, arms = rows[places[0]]["n"], len({rows[place]["arm"] for place in places})
        if n:
            fits = n.isdigit() and int(n) >= arms
            said = f"{n} patients in {formats.count(arms, 'arm')}"
            yield HOLDS if fits else IMPOSSIBLE, [(places[0], "n")], said, ""


def sections(rows: list[Row]) -> Checks:
    """A trial's own line of treatment is that of the section under which it stands."""
    for place, *_ in groups(rows, "trial"):
        row = rows[place]
        worded, line = row.get("line_printed"), row.get("line_of_therapy", "")
        if not worded or line not in WORDED:
            continue
        said = f"'{worded}' under the head '{row['section']}'"
        fits = worded in WORDED[line]
        yield HOLDS if fits else INCONSISTENT, [(place, "line_printed"), (place, "section")], said, ""


def range_of_percents(rows: list[Row]) -> Checks:
    """A percent lies between 0 and 100."""
    for place, row in enumerate(rows):
        for name in _percents(row):
            value = figure(row[name])
            if value is not None and 0 <= value <= 100:
                yield HOLDS, [(place, name)], f"{value}% lies in 0–100", ""
            elif value is not None:
                yield IMPOSSIBLE, [(place, name)], f"{value}% is no share", " or ".join(misprints(row[name], 100))


def range_of_medians(rows: list[Row]) -> Checks:
    """No median lies beyond any trial's follow-up."""
    for place, row in enumerate(rows):
        for name in MEDIANS:
            value = figure(row[name])
            if value is not None and value <= LONGEST:
                yield HOLDS, [(place, name)], f"{value} months lie within {LONGEST}", ""
            elif value is not None:
                way = " or ".join(misprints(row[name], LONGEST))
                said = f"{_named(row)}: a median of {value} months exceeds {LONGEST}"
                yield IMPOSSIBLE, [(place, name)], said, f"the decimal point, or a digit doubled: {way}" if way else ""


def progression_before_death(rows: list[Row]) -> Checks:
    """Median progression-free survival does not exceed the median overall survival of the same patients."""
    for place, row in enumerate(rows):
        pfs, overall = (figure(row[name]) for name in MEDIANS)
        cells = [(place, name) for name in MEDIANS]
        if pfs is None or overall is None:
            if pfs is not None and row["mos_months"] == "NR":
                yield HOLDS, cells, f"median PFS {pfs}, median OS not reached", ""
        elif pfs <= overall:
            yield HOLDS, cells, f"median PFS {pfs} ≤ median OS {overall}", ""
        else:
            said = f"{_named(row)}: median PFS {pfs} exceeds median OS {overall}"
            yield IMPOSSIBLE, cells, said, "the two columns exchanged"


def rates_and_medians(rows: list[Row]) -> Checks:
    """More than half are alive at a time before the median, and fewer than half after it.

    A rate stands in the median's own row, or in strata that cover all patients, whose rates hold the whole's between
    them.
    """
    for places in groups(rows, "trial", "arm"):
        strata = [place for place in places if rows[place]["stratum"] != "All"]
        for place in places:
            row, own = rows[place], figure(rows[place].get("os_rate_percent")) is not None
            whole = row["stratum"] == "All" and covers([rows[each]["stratum"] for each in strata])
            told = [place] if own else strata if whole else []
            rates = [figure(rows[each].get("os_rate_percent")) for each in told]
            time = re.match(r"(\d+)-(month|year)$", rows[told[0]].get("os_rate_at", "")) if told else None
            median = math.inf if row["mos_months"] == "NR" else figure(row["mos_months"])
            if not rates or None in rates or not time or median is None:
                continue
            months = int(time[1]) * (12 if time[2] == "year" else 1)
            shown = f"{'–'.join(dict.fromkeys(map(str, (min(rates), max(rates)))))}% alive at {months} months"
            cells = [(place, "mos_months"), *((each, "os_rate_percent") for each in told)]
            early, late = median < months and min(rates) > 50, median > months and max(rates) < 50
            said = f"{shown}, median OS {row['mos_months']}"
            yield (
                INCONSISTENT if early or late else HOLDS,
                cells,
                f"{_named(row)}: {said}" if early or late else said,
                "",
            )


def value_for_every_arm(rows: list[Row]) -> Checks:
    """An outcome has a value for every arm or for none."""
    for places in groups(rows, "trial", "stratum"):
        printed = {name: [(place, name) for place in places if rows[place][name]] for name in OUTCOMES}
        short = [name for name, cells in printed.items() if 0 < len(cells) < len(places)]
        for cells in printed.values():
            if len(cells) == len(places):
                yield HOLDS, cells, f"{formats.count(len(places), 'arm')}, as many values", ""
        if short:
            listed = "; ".join(f"{name} {', '.join(rows[place][name] for place, _ in printed[name])}" for name in short)
            row, cells = rows[places[0]], list(itertools.chain(*(printed[name] for name in short)))
            said = f"{row['trial']}, {row['stratum']}: {len(places)} arms, fewer values: {listed}"
            yield INCONSISTENT, cells, said, "columns shifted, or an arm without its own cell"


def under_a_head(rows: list[Row]) -> Checks:
    """A figure stands under a head of the table."""
    for places in groups(rows, "trial", "stratum"):
        cells = [(place, "unheaded_cell") for place in places if rows[place].get("unheaded_cell")]
        if cells:
            listed = ", ".join(rows[place]["unheaded_cell"] for place, _ in cells)
            said = f"{rows[places[0]]['trial']}: {listed} stand under no head of the table"
            yield INCONSISTENT, cells, said, "columns shifted to the right"


def whole_patients(rows: list[Row]) -> Checks:
    """Response rates are whole numbers of patients in arms that make up N.

    The sizes of arms are not printed: some split of N is looked for in which every arm's rate is a whole count. Rates
    of other patients than N's (a mark on the cell that differs from the significance marks) are left out.
    """
    for places in groups(rows, "trial", "stratum"):
        n, percents = rows[places[0]]["n"], [rows[place]["orr_percent"] for place in places]
        if not n.isdigit() or None in map(figure, percents) or any(_of_others(rows[place]) for place in places):
            continue
        cells = [(place, "orr_percent") for place in places]
        shown, found = " and ".join(f"{percent}%" for percent in percents), arm_sizes(percents, int(n))
        coarser = [text[:-1] if "." in text and text.endswith("0") else text for text in percents]
        if found:
            yield HOLDS, cells, f"{shown}: {_counted(percents, found)}", ""
        elif found := arm_sizes([text.rstrip(".") for text in coarser], int(n)):
            exact = ", ".join(
                f"{k}/{m} = {formats.number(100 * k / m, -figure(text).as_tuple().exponent)}%"
                for k, m, text in zip(_counts([t.rstrip(".") for t in coarser], found), found, percents, strict=True)
            )
            yield ROUNDING, cells, f"{exact}, printed {shown}", "rounded to fewer digits and a zero added"
        else:
            said = f"{_named(rows[places[0]])}: no split of {n} gives whole counts for {shown}"
            yield INCONSISTENT, cells, said, "another denominator than N"


def _of_others(row: Row) -> bool:
    return row.get("orr_mark", "") not in ("", "†", "*")


def _counts(percents: list[str], arms: tuple[int, ...]) -> list[int]:
    return [count_of(percent, m) for percent, m in zip(percents, arms, strict=True)]


def _counted(percents: list[str], arms: tuple[int, ...]) -> str:
    shown = " and ".join(f"{k}/{m}" for k, m in zip(_counts(percents, arms), arms, strict=True))
    return shown if len(arms) == 1 else f"{shown}, for example"


def response_and_resistance(rows: list[Row]) -> Checks:
    """Responders and the primarily resistant of one arm are no more than all: ORR + primary resistance ≤ 100."""
    for place, row in enumerate(rows):
        response, resistance = figure(row["orr_percent"]), figure(row.get("primary_resistance_percent"))
        if response is None or resistance is None:
            continue
        cells, total = [(place, "orr_percent"), (place, "primary_resistance_percent")], response + resistance
        said = f"{response} + {resistance} = {total}%"
        if total <= 100:
            yield HOLDS, cells, f"response and primary resistance {said}", ""
        else:
            yield IMPOSSIBLE, cells, f"{_named(row)}: response and primary resistance {said}", ""


def between_strata(rows: list[Row]) -> Checks:
    """The figure of all patients lies between those of the strata that make them up."""
    for places in groups(rows, "trial", "arm"):
        parts = [place for place in places if rows[place]["stratum"] != "All"]
        if not covers([rows[place]["stratum"] for place in parts]):
            continue
        wholes = [place for place in places if rows[place]["stratum"] == "All"]
        for whole, name in itertools.product(wholes, OUTCOMES):
            values = [figure(rows[place][name]) for place in (whole, *parts)]
            if None in values:
                continue
            value, *strata = values
            cells, listed = [(place, name) for place in (whole, *parts)], ", ".join(map(str, strata))
            said = f"of all {value}, of the strata {listed}"
            if min(strata) <= value <= max(strata):
                yield HOLDS, cells, said, ""
            else:
                row = rows[whole]
                way = "patients without a stratum, or other dates of analysis"
                yield NOTE, cells, f"{row['trial']}, {row['arm']}: {name} {said}", way


def added_zeros(rows: list[Row]) -> Checks:
    """A second decimal that is 0 in every figure of a column that has one was added, not measured."""
    for name in dict.fromkeys(itertools.chain(*map(_percents, rows))):
        longer = [place for place, row in enumerate(rows) if re.fullmatch(r"\d+\.\d\d", row.get(name) or "")]
        endings = [rows[place][name][-1] for place in longer]
        if len(endings) > 1 and set(endings) == {"0"}:
            said = f"all {len(endings)} figures of {name} with two decimals end in 0 (by chance 1 in 10^{len(endings)})"
            yield NOTE, [(place, name) for place in longer], said, "one decimal, and a zero added"


def explained_words(rows: list[Row]) -> Checks:
    """A cell without a figure holds a word that the legend explains."""
    for place, row in enumerate(rows):
        for name in (*OUTCOMES, "primary_resistance_percent"):
            text = row.get(name) or ""
            if text and figure(text) is None and text not in EXPLAINED:
                said = f"{_named(row)}: '{text}' is neither a figure nor {' nor '.join(EXPLAINED)}"
                yield NOTE, [(place, name)], said, ""


def own_line(rows: list[Row]) -> Checks:
    """A stratum stands in the lines of its own trial."""
    for places in groups(rows, "trial", "stratum"):
        row = rows[places[0]]
        if row.get("printed_row", row["trial"]) != row["trial"]:
            said = f"{row['trial']}, {row['stratum']}: the text has it in the line of {row['printed_row']}"
            cells = [(place, name) for place in places for name in ("stratum", *OUTCOMES) if rows[place][name]]
            yield NOTE, cells, said, "a page break joined two lines"


# --- tables of either kind -------------------------------------------------------------------------------------


def registry(rows: list[Row]) -> Checks:
    """A registry number is NCT and eight digits, and belongs to one trial."""
    trial = "trial" if "trial" in rows[0] else "drug_printed"
    firsts = [place for place, *_ in groups(rows, "nct", trial)]
    for places in groups([rows[place] for place in firsts], "nct"):
        cells = [(firsts[place], "nct") for place in places]
        number = rows[cells[0][0]].get("nct")
        if not number:
            continue
        if not re.fullmatch(r"NCT\d{8}", number):
            digits = len(re.sub(r"\D", "", number))
            yield IMPOSSIBLE, cells, f"{number} holds {digits} digits, a registry number eight", ""
        elif len(cells) > 1:
            named = " and ".join(rows[place][trial] for place, _ in cells)
            yield INCONSISTENT, cells, f"{number} is printed for {named}", ""
        else:
            yield HOLDS, cells, "eight digits, printed for one trial", ""


def phases(rows: list[Row]) -> Checks:
    """A phase is one of I to IV, or two that follow each other."""
    for place, *_ in groups(rows, "trial" if "trial" in rows[0] else "nct"):
        phase = rows[place].get("phase")
        if phase:
            known = phase in PHASES
            yield HOLDS if known else IMPOSSIBLE, [(place, "phase")], f"phase {phase}{'' if known else ' is none'}", ""


def targets(rows: list[Row]) -> Checks:
    """Each drug of a regimen has a target."""
    for place, row in enumerate(rows):
        cells, regimen, target = [(place, "target_printed")], row["drug_printed"], row["target_printed"]
        drugs = len(re.split(r",\s*|\s+and\s+", regimen))
        named = 0 if target.strip() in ("", "/") else len(re.split(r",\s*", target))
        said = f"{formats.count(drugs, 'drug')}, {formats.count(named, 'target')} printed"
        yield HOLDS if named >= drugs else NOTE, cells, said if named >= drugs else f"{regimen}: {said}", ""


Rule = Callable[[list[Row]], Checks]
OF_ARMS: tuple[Rule, ...] = (
    histologies, sizes, sections, range_of_percents, range_of_medians, progression_before_death, rates_and_medians,
    value_for_every_arm, under_a_head, whole_patients, response_and_resistance, between_strata, added_zeros,
    explained_words, own_line, registry, phases,
)  # fmt: skip
OF_TRIALS: tuple[Rule, ...] = (registry, phases, targets)


def rules_for(rows: list[Row]) -> tuple[Rule, ...]:
    """The rules that the columns of a table allow; none for a table of another kind."""
    columns = set(rows[0]) if rows else set()
    return OF_ARMS if ARM_COLUMNS <= columns else OF_TRIALS if TRIAL_COLUMNS <= columns else ()


def checks(rows: list[Row]) -> list[Check]:
    """Every check on the rows of a table, rule by rule; severity empty where the cells hold.

    >>> arms = {"trial": "A", "stratum": "All", "seed_line": "1", "n": "10", "nct": "NCT00000001", "phase": "II"}
    >>> row = arms | {"arm": "drug", "orr_percent": "30", "mpfs_months": "8", "mos_months": "6"}
    >>> [(check.rule, check.arithmetic) for check in checks([row]) if check.severity]
    [('progression_before_death', 'A, All, drug: median PFS 8 exceeds median OS 6')]
    """
    return [
        Check(rule.__name__, severity, tuple(cells), arithmetic, reconcile)
        for rule in rules_for(rows)
        for severity, cells, arithmetic, reconcile in rule(rows)
    ]
