"""Small counts of real patients withheld: in tables, in the figures and sentences made of them, and in answers.

The run's parameter `suppress_below` says which counts are small; at 0 nothing is withheld. A count from 1 to it, or one
that leaves so few of its whole, goes with every number of its row that was computed from it. Where it alone is missing
from a sum, the smallest count beside it goes too, or it could be told from the rest. A figure whose table lost a cell
is not shown, for its marks would say what the table does not; numbers at risk under a curve are replaced one by one.
Panels in which a mark or a row is a patient are skipped.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.plots import palette

WITHHELD = "withheld"  # a cell of text
OF_FEW = "it rests on fewer than {} patients or events, or would tell of them, and the run withholds such counts"
OF_SINGLE = "its marks are single patients, and the run withholds counts under {}"
# Columns that count patients, samples or their events; each after its whole, where that is another column
COUNT = re.compile(
    r"((other|any|severe|ungraded)_)?(n|k|events|left|pairs|count|dead|lost|unknown|both|neither|unjudged|patients"
    r"|specimens|patient_tissues|first_only|second_only|ff_only|ffpe_only|smaller_side|censored|smallest)"
    r"(_(\d|with|high|low|relapse|early))?|at_risk(_\d+)?"
)
OF_CURVES = re.compile(r"at_risk_\d+")
# Columns of one row that make up its n
PARTS = (("both", "first_only", "second_only", "neither"), ("both", "ff_only", "ffpe_only"))
# Columns of numbers that count no patient and come from none
KEPT = {"size", "matched", "genes", "of", "row", "line", "percent", "split", "cluster"}
OF_ONE = re.compile(r"(patient|sample|field|cell_line|lesion|subject)(_id)?", re.I)  # a table with a row for each
SHARE = re.compile(r"(\d[\d,]*)/(\d[\d,]*)( \([^)]*%\))?")
IN_HEAD = re.compile(r"\bn = (\d[\d,]*)")
COUNTED = r"(?:patient|sample|tumour|tumor|event|death|pair|lesion|row|biops|specimen|responder|case|recipient|person)"
ALONE = re.compile(rf"\b(\d[\d,]*)(?= (?:\w+ ){{0,2}}{COUNTED})", re.I)
OUT_OF = re.compile(r"\b(\d[\d,]*) of (?:the )?(\d[\d,]*)\b")


def is_small(count: float, below: int) -> bool:
    """Whether a count is withheld: 1 or more, and under the limit. None at all tells of nobody."""
    return bool(0 < count < below)


def _whole_of(name: str, columns: Iterable[str]) -> str | None:
    """The column whose part a column of counts is: `k_1` of `n_1`, `events_with` of `n_with`, `n_with` of `n`."""
    if re.fullmatch("at_risk.*", name) or name == "n" or re.match("other_", name):
        return None
    tail = re.search(r"_(\d|with|high|low|relapse|early)$", name)
    own = f"n{tail[0]}" if tail and not name.startswith("n_") else "n"
    own = own if own in columns else "n"
    return own if own in columns and own != name and not re.fullmatch(r"n_(\d|high|low)", name) else None


def _first_to_go(counts: pd.DataFrame, below: int) -> pd.DataFrame:
    """Which cells are small themselves, or leave few of their whole."""
    small = (counts > 0) & (counts < below)
    for name in counts:
        whole = _whole_of(name, counts.columns)
        if whole is not None:
            small[name] |= ((counts[whole] - counts[name]).between(0, below, inclusive="neither")) | small[whole]
    return small


def _one_more(counts: pd.Series, gone: pd.Series, whole: pd.Series | None = None, known: bool = False) -> list:
    """The row that must go too where one cell of a sum went alone. whole: what the cells are parts of. known: their sum
    is one that a page says elsewhere, as of all patients or all events."""
    if gone.sum() != 1 or len(counts) < 2:
        return []
    total = counts.sum()
    of_whole = whole is not None and whole.nunique() == 1 and whole.iloc[0] == total
    if not (known or of_whole or (2 * counts == total).any()):
        return []
    beside = counts[~gone & (counts > 0)]
    return [beside.idxmin()] if len(beside) else []


def _complete(counts: pd.DataFrame, gone: pd.DataFrame, groups: list[pd.Series]) -> pd.DataFrame:
    """As many more cells as it takes that none went alone, in the whole table and within each group of its rows, where
    these add up to a number that is known."""
    gone, again = gone.copy(), True
    if {"left", "n"} <= set(counts):  # of a flow: what is left tells who left
        gone["n"] |= gone["left"]
    while again:
        again = False
        for name in [name for name in counts if not OF_CURVES.fullmatch(name)]:
            whole = _whole_of(name, counts.columns)
            for group in groups:
                for rows in group.groupby(group, sort=False).groups.values():
                    wholes = None if whole is None else counts.loc[rows, whole]
                    cells = counts.loc[rows, name], gone.loc[rows, name]
                    for row in _one_more(*cells, wholes, known=name in ("n", "events")):
                        gone.loc[row, name], again = True, True
        for parts in ([name for name in names if name in counts] for names in PARTS):
            for row in counts.index:
                for name in _one_more(counts.loc[row, parts], gone.loc[row, parts], known=True):
                    gone.loc[row, name], again = True, True
    return gone


def _labels(table: pd.DataFrame) -> list[pd.Series]:
    """The columns of words by which rows make groups, and all rows as one."""
    words = [table[name].astype(str) for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    return [pd.Series("", table.index), *(column for column in words if 1 < column.nunique() < len(column))]


def of_patients(table: pd.DataFrame) -> bool:
    """Whether each row of a table is one patient, sample or lesion, or one step of a curve."""
    first = str(table.columns[0]) if len(table.columns) else ""
    return bool(OF_ONE.fullmatch(first)) or {"months", "at_risk", "survival"} <= set(map(str, table.columns))


def table(shown: pd.DataFrame, below: int) -> tuple[pd.DataFrame, int, bool]:
    """A table without its small counts and what was computed from them; how many cells of counts went, and whether any
    but numbers at risk did. Shares as text (`3/14 (21%)`) are cells of counts too.

    >>> shares = pd.DataFrame({"group": ["all"] * 3, "k": [3, 6, 11], "n": [20] * 3, "share": [0.15, 0.3, 0.55]})
    >>> table(shares, 5)[0]["k"].tolist()
    [nan, nan, 11.0]
    """
    named = any(name is not None for name in shown.index.names)
    kept = shown.reset_index() if named else shown.reset_index(drop=True)
    kept.columns = [str(name) for name in kept.columns]
    names = [name for name in kept if COUNT.fullmatch(name) and pd.api.types.is_numeric_dtype(kept[name])]
    counts = kept[names].astype(float)
    gone = _complete(counts, _first_to_go(counts, below), _labels(kept)) if names else counts.astype(bool)
    curves = [name for name in names if OF_CURVES.fullmatch(name)]
    rows = gone.drop(columns=curves).any(axis=1)
    numbers = [name for name in kept.select_dtypes("number") if not pd.api.types.is_bool_dtype(kept[name])]
    computed = [name for name in numbers if name not in {*names, *KEPT}]
    kept = kept.astype(dict.fromkeys([*names, *computed], float))
    kept.loc[rows, computed] = np.nan
    for name in names:
        kept.loc[gone[name], name] = np.nan
        time = re.search(r"^at_risk(_\d+)$", name)
        for part in [column for column in computed if time and column.startswith(f"survival{time[1]}")]:
            kept.loc[gone[name], part] = np.nan
    kept, of_text = _texts(kept, below)
    went = int(gone.to_numpy().sum()) + of_text
    return (kept.set_index(list(shown.index.names)) if named else kept), went, bool(rows.any() or of_text)


def _texts(kept: pd.DataFrame, below: int) -> tuple[pd.DataFrame, int]:
    """Shares written as text, column by column and row by row, and columns whose head counts few."""
    heads = {name: IN_HEAD.search(name) for name in kept}
    few = [name for name, match in heads.items() if match and is_small(_number(match[1]), below)]
    cells = pd.DataFrame(
        {name: [SHARE.fullmatch(cell) if isinstance(cell, str) else None for cell in kept[name]] for name in kept},
        index=kept.index, dtype=object,
    )  # fmt: skip
    held = cells.loc[:, cells.notna().any()]
    if held.empty and not few:
        return kept.map(lambda cell: sentence(cell, below) if isinstance(cell, str) else cell), 0
    k, n = (held.map(lambda cell, part=part: _number(cell[part]) if cell else np.nan).astype(float) for part in (1, 2))
    gone = ((k > 0) & (k < below)) | ((n - k > 0) & (n - k < below)) | ((n > 0) & (n < below))
    groups, before = _labels(kept[[name for name in kept if name not in held]]), -1
    while int(gone.to_numpy().sum()) > before:
        before = int(gone.to_numpy().sum())
        for name in held:
            for rows in (rows for group in groups for rows in group.groupby(group, sort=False).groups.values()):
                there = k.loc[rows, name].dropna().index
                for row in _one_more(k.loc[there, name], gone.loc[there, name], n.loc[there, name]):
                    gone.loc[row, name] = True
        for row in k.index:  # the whole and its groups stand side by side
            for name in _one_more(k.loc[row].dropna(), gone.loc[row, k.loc[row].notna()], known=True):
                gone.loc[row, name] = True
    kept = kept.copy()
    for name in held:
        kept.loc[gone[name], name] = WITHHELD
    for name in few:
        kept[name] = WITHHELD
    kept = kept.map(lambda cell: sentence(cell, below) if isinstance(cell, str) else cell)
    return kept.rename(columns=lambda name: sentence(name, below)), int(gone.to_numpy().sum()) + len(few)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def sentence(text: str, below: int) -> str:
    """A sentence whose small counts are said to be under the limit.

    >>> sentence("Response in 3/14 (21%) and 8 of 10; n = 4; 2 patients were lost.", 5)
    'Response in withheld/14 and withheld of 10; n < 5; fewer than 5 patients were lost.'
    """

    def part(match: re.Match, between: str) -> str:
        k, n = _number(match[1]), _number(match[2])
        if is_small(n, below):
            return f"{WITHHELD}{between}fewer than {below}"
        return f"{WITHHELD}{between}{match[2]}" if is_small(k, below) or is_small(n - k, below) else match[0]

    text = SHARE.sub(lambda match: part(match, "/"), text)
    text = OUT_OF.sub(lambda match: part(match, " of "), text)
    text = IN_HEAD.sub(lambda match: f"n < {below}" if is_small(_number(match[1]), below) else match[0], text)
    return ALONE.sub(lambda match: f"fewer than {below}" if is_small(_number(match[1]), below) else match[0], text)


def instead(cells: int, below: int) -> str:
    """The sentence of a figure whose table lost cells."""
    return (
        f"The figure is withheld: {formats.count(cells, 'count')} of its table would tell of fewer than {below} "
        f"patients (`suppress_below: {below}`). Its table holds the rest."
    )


def figure(words: str):
    """A figure that says why another is not shown."""
    fig, ax = palette.figure(height_mm=30)
    ax.set_axis_off()
    room = palette.inner_width(ax)
    ax.text(0, 1, palette.wrap(words.replace("`", ""), room), transform=ax.transAxes, va="top", color=palette.FAINT)
    return fig


def without_small_texts(drawn, below: int) -> None:
    """Replace in a figure the small counts that stand in its axes (numbers at risk) and in its labels."""
    from matplotlib.text import Text

    inside = {text for ax in drawn.axes for text in ax.texts}
    for text in drawn.findobj(Text):
        words = text.get_text()
        alone = text in inside and words.isdecimal() and is_small(int(words), below)
        changed = f"<{below}" if alone else sentence(words, below)
        if changed != words:
            text.set_text(changed)


def withhold(panel, below: int, aggregate: bool) -> None:
    """Take the small counts out of a panel of real patients: its tables, its sentence, its figure.

    panel: as run/page.py has it. aggregate: whether no mark of it is a patient; one that is none is not shown at all
    (MissingData). Further tables with a row per patient, or per step of a curve, are left out.
    """
    if not aggregate or of_patients(panel.tables[""]):
        raise MissingData(OF_SINGLE.format(below))
    kept = {name: each for name, each in panel.tables.items() if not name or not of_patients(each)}
    made = {name: table(each, below) for name, each in kept.items()}
    panel.tables = {name: each for name, (each, _, _) in made.items()}
    _, cells, beside_risk = made[""]
    panel.says = sentence(panel.says, below)
    if beside_risk:
        panel.says, panel.graphml = instead(cells, below), ""
        panel.figure = figure(panel.says)
    else:
        without_small_texts(panel.figure, below)


def small_finding(finding: Finding, below: int) -> bool:
    """Whether a finding rests on few: its patients, those of its smaller group, its events, or those without one."""
    sizes = [finding.n, finding.smallest, finding.events]
    if finding.n is not None and finding.events is not None:
        sizes.append(finding.n - finding.events)
    return any(is_small(size, below) for size in sizes if size is not None)


def answers(findings: dict[str, list[Finding]], below: int) -> set[str]:
    """The claims whose answers go: those that rest on few and, where of a panel's counts one went alone, the next."""
    gone = {id for id, of in findings.items() if any(small_finding(finding, below) for finding in of)}
    parts = {id: of[0].events if of[0].events is not None else of[0].n for id, of in findings.items() if of}
    rest = {id: size for id, size in parts.items() if id not in gone and size}
    return gone | ({min(rest, key=rest.get)} if len(gone) == 1 and rest else set())
