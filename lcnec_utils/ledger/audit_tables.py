"""Rules of the audit on a source's own tables of trials, and on the sentences of its text that speak of them."""

import itertools
import re
import statistics
from collections.abc import Iterator

from lcnec_utils.ledger.claims import Claim
from lcnec_utils.ledger.printed import Book, Found, decimal
from lcnec_utils.ledger.table_checks import covers

LONGEST_MEDIAN = 120  # months; no lung-cancer trial follows its patients so long as to see a later median
OUTCOMES = ("orr_percent", "mpfs_months", "mos_months")


def _rows(book: Book) -> list[dict[str, str]]:
    """The rows of the tables that list trials arm by arm."""
    return book.rows("trial", "arm", "stratum", "seed_line", "n", *OUTCOMES)


def _grouped(rows: list[dict[str, str]], *columns: str) -> Iterator[tuple[tuple[str, ...], list[dict[str, str]]]]:
    """The rows that share these columns, in the table's order."""
    groups: dict[tuple[str, ...], list] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(column, "") for column in columns), []).append(row)
    return iter(groups.items())


def _cells(book: Book, row: dict[str, str], printed: list[str], measures: set[str], arm: str = "") -> list[Claim]:
    """The claims that hold cells of a row: same line of the text, measure and figures, and the same arm."""
    group = "_".join(re.findall(r"\w+", arm))
    on_line = [c for c in book.claims if str(c.line) == row["seed_line"] and c.measure in measures]
    return [claim for claim in on_line if claim.value in printed and (not arm or group in claim.groups)]


def table_sum(book: Book) -> Found:
    """In a table of trials the histologies add up to N."""
    for (trial,), (row, *_) in _grouped(_rows(book), "trial"):
        whole = row["n"]
        parts = [text for name, text in row.items() if name.startswith("n_") and decimal(text) is not None]
        claims = _cells(book, row, [whole, *parts], {"count"})
        if parts and whole and sum(map(int, parts)) != int(whole) and not book.tied(claims):
            yield (
                "inconsistent",
                claims,
                f"{trial}: {' + '.join(parts)} = {sum(map(int, parts))}, N printed {whole}",
                "",
            )


def table_medians(book: Book) -> Found:
    """In a table of trials no median PFS exceeds the arm's median OS, and none lies beyond any trial's follow-up."""
    for row in _rows(book):
        printed = [row["mpfs_months"], row["mos_months"]]
        pfs, os = map(decimal, printed)
        name = f"{row['trial']}, {row['stratum']}, {row['arm']}"
        long = [text for text in printed if (decimal(text) or 0) > LONGEST_MEDIAN]
        beyond = [([text], f"a median of {text} months exceeds {LONGEST_MEDIAN}", "") for text in long]
        if pfs is not None and os is not None and pfs > os:
            beyond.append((printed, f"median PFS {pfs} exceeds median OS {os}", "the two columns exchanged"))
        for texts, said, way in beyond:
            claims = _cells(book, row, texts, {"median"}, row["arm"])
            if not book.tied(claims):
                yield "impossible", claims, f"{name}: {said}", way


def table_registry(book: Book) -> Found:
    """In a table of trials each has a registry number of its own."""
    for (number,), rows in _grouped(_rows(book), "nct"):
        trials = list(dict.fromkeys(row["trial"] for row in rows))
        claims = [claim for claim in book.claims if claim.measure == "phenotype" and number in claim.statement]
        if number and len(trials) > 1 and not book.tied(claims):
            yield "inconsistent", claims, f"{number} is printed for {' and '.join(trials)}", ""


def table_arms(book: Book) -> Found:
    """In a table of trials an outcome has a value for every arm or for none."""
    for (trial, stratum), arms in _grouped(_rows(book), "trial", "stratum"):
        filled = {column: [row[column] for row in arms if row[column]] for column in OUTCOMES}
        short = {column: cells for column, cells in filled.items() if 0 < len(cells) < len(arms)}
        if short:
            claims = _cells(book, arms[0], sum(short.values(), []), {"percent", "median"})
            counted = "; ".join(f"{column} {', '.join(cells)}" for column, cells in short.items())
            said = f"{trial}, {stratum}: {len(arms)} arms, fewer values: {counted}"
            yield "inconsistent", claims, said, "columns shifted, or an arm without its own cell"


def table_strata(book: Book) -> Found:
    """In a table of trials the figure of all patients lies between those of the strata that make them up."""
    for (trial, arm), rows in _grouped(_rows(book), "trial", "arm"):
        parts = [row for row in rows if row["stratum"] != "All"]
        for row, column in itertools.product([row for row in rows if row["stratum"] == "All"], OUTCOMES):
            whole, strata = decimal(row[column]), [decimal(part[column]) for part in parts]
            if not covers([part["stratum"] for part in parts]) or None in (whole, *strata):
                continue
            if not min(strata) <= whole <= max(strata):
                said = f"{trial}, {arm}: {column} of all {whole}, of its strata {', '.join(map(str, strata))}"
                claims = _cells(book, row, [row[column]], {"percent", "median"}, arm)
                yield "note", claims, said, "patients without a stratum, or other dates of analysis"


# --- sentences on a table --------------------------------------------------------------------------------------


Rows = list[dict[str, str]]


def _with_figure(book: Book, column: str) -> Rows:
    """The rows of trials that have a figure in a column."""
    return [row for row in book.rows("trial", "seed_line", column) if decimal(row[column]) is not None]


def _column(book: Book, claim: Claim) -> tuple[str, list[Rows]]:
    """The column that a claim speaks of and, for each of its groups, the rows with a figure there."""
    ((column, wanted),) = claim.cells.items()
    rows = _with_figure(book, column)
    return column, [[row for row in rows if _meant(row, each)] for each in wanted]


def _meant(row: dict[str, str], wanted: dict[str, list[str]]) -> bool:
    return all(row.get(name) in words for name, words in wanted.items())


def _named(row: dict[str, str], column: str) -> str:
    return f"{row[column]} ({row['trial']})"


def _holding(book: Book, rows: Rows, column: str) -> list[Claim]:
    """The claims that hold these cells of a column."""
    return [claim for row in rows for claim in _cells(book, row, [row[column]], {"percent", "median"})]


def table_extremes(book: Book) -> Found:
    """The ends of a range in the text are the least and the greatest figure of the rows that the sentence names."""
    covered: dict[str, list[tuple[Claim, Rows]]] = {}
    for claim in book.claims:
        end = next((each for each in (min, max) if {min: "lowest", max: "highest"}[each] in claim.flags), None)
        if end is None or not claim.cells or not claim.value:
            continue
        column, (rows, *_) = _column(book, claim)
        covered.setdefault(column, []).append((claim, rows))
        extreme = end(rows, key=lambda row: decimal(row[column])) if rows else None
        if extreme is None:
            yield (
                "inconsistent",
                [claim],
                f"{claim.value} is printed of rows without a figure",
                "",
            )
        elif decimal(extreme[column]) != decimal(claim.value):
            word = "lowest" if end is min else "highest"
            said = f"{word} of {len(rows)} rows printed {claim.value}, in the table {_named(extreme, column)}"
            yield "inconsistent", [claim, *_holding(book, [extreme], column)], said, ""
    for column, ranges in covered.items():
        yield from _outside(book, column, ranges)
        yield from _empty_classes(book, column, ranges)


def _outside(book: Book, column: str, ranges: list[tuple[Claim, Rows]]) -> Found:
    """Figures of a column that no range of the text covers by its rows, beside the ranges."""
    inside = [row for _, rows in ranges for row in rows]
    outside = [row for row in _with_figure(book, column) if row not in inside]
    if outside:
        claims = list(dict.fromkeys(claim.id for claim, _ in ranges))
        named = ", ".join(_named(row, column) for row in outside)
        values = [claim.value for claim, _ in ranges]
        said = f"{column}: {named} belong to no range of the text ({', '.join(values)} are the ends)"
        members = [*(book.by_id[id] for id in claims), *_holding(book, outside, column)]
        yield "note", members, said, "a row under a head that the sentence does not name"


def _empty_classes(book: Book, column: str, ranges: list[tuple[Claim, Rows]]) -> Found:
    """Kinds of rows that a range names and of which the table has no figure."""
    told: dict[str, list[Claim]] = {}
    for claim, rows in ranges:
        for name, words in claim.cells[column][0].items():
            missing = [word for word in words if not any(row[name] == word for row in rows)]
            if missing and len(missing) < len(words):
                other = next((each for each in claim.cells[column][0].items() if each[0] != name), ("", ["all"]))
                said = f"{column}: no row of {' or '.join(other[1])} has a figure for {', '.join(missing)}"
                told.setdefault(said, []).append(claim)
    for said, claims in told.items():
        yield "note", claims, said, "a sentence on kinds of treatment of which the table has one only"


def table_order(book: Book) -> Found:
    """Of rows called higher than others each is higher than each of the others."""
    for claim in book.claims:
        if not claim.cells or claim.direction not in ("greater", "less") or claim.kind == "number":
            continue
        column, (ours, *others) = _column(book, claim)
        sign = 1 if claim.direction == "greater" else -1
        word = "higher" if sign > 0 else "lower"
        for rows in others:
            if not ours or not rows:
                continue
            least = min(ours, key=lambda row: sign * decimal(row[column]))
            most = max(rows, key=lambda row: sign * decimal(row[column]))
            if sign * (decimal(least[column]) - decimal(most[column])) > 0:
                continue
            middle = [statistics.median(decimal(row[column]) for row in each) for each in (ours, rows)]
            held = sign * (middle[0] - middle[1]) > 0
            said = f"called {word}: {_named(least, column)} is not {word} than {_named(most, column)}"
            medians = f"medians {middle[0]} of {len(ours)} rows and {middle[1]} of {len(rows)}"
            yield (
                "note",
                [claim, *_holding(book, [least, most], column)],
                f"{said}; {medians}",
                ("holds of the medians, not row by row" if held else "another comparator than these rows"),
            )
