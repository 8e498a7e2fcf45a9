"""Drawings: each panel as each run drew it, with its sentence, its n, its cohorts and its files, as the site shows it.

Of real patients only panels of aggregates are shown (`aggregate: true` in params/panels.yaml). Panels that show prints
alone are the same in every run, and are shown once.
"""

import base64
import dataclasses
import html
import json
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.fetch import registry
from lcnec_utils.run import carried_evidence, records
from lcnec_utils.run.execution import executed_path
from lcnec_utils.run.plain_texts import as_written
from lcnec_utils.site.evidence import provenance_of, read_csv
from lcnec_utils.twins import build as twins

DEFAULT_RUN = params.RunParameters().run
# Runs whose outputs the notebooks store (lcnec refresh): the default one, and of what reads several runs theirs
OF_SEVERAL_RUNS = "replication"
OF_SWEEPS = "robustness"
PANEL_CELL = re.compile(r'page\.panel\("(\w+)"\)')
PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,79}", re.A)
WORDS_IN_SVG = re.compile(r"<title>(.*?)</title>\s*<desc>(.*?)</desc>", re.S)
N_IN_TEXT = re.compile(r"\bn\s?=\s?(\d[\d,]*)((?: (?:and|of) \d[\d,]*)?)")
MOST_N = 6  # so many numbers of patients are listed
OF_ROLE = re.compile(r"\(role `(\w+)`\): (\d+) patients")  # as a page introduces its cohorts
OF_PATIENTS = re.compile(r"(PATIENT_ID|SAMPLE_ID|patient|cell_line)$")  # a table with a row each
ESTIMATES = {"value", "estimate", "share", "k", "events", "r", "hr", "median", "difference"}
NOT_SHOWN = "its marks are single patients, and of real patients the site shows aggregates only"
NOT_INTACT = "{file} is not as it was written; `lcnec verify` says why."
PRINTS_ALONE = "none: it shows published figures alone"


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A panel as one run drew it.

    sentence: what the notebook says under it, in Markdown; where the run's executed notebook is not here, in the words
    that the figure carries.
    about: its provenance, as its files carry it. files: by kind (svg, csv, png where made, and the tables beside it of
    a simulated run). screen: its picture of 96 dpi, as its notebook holds it. n: how many patients, samples or studies
    it rests on, in words.
    """

    panel: str
    run: str
    entry: dict
    about: dict
    files: dict[str, Path]
    sentence: str = ""
    screen: bytes = b""
    tables: tuple[str, ...] = ()
    n: str = ""

    @property
    def simulated(self) -> bool:
        """Whether simulated patients are in it."""
        return bool(self.about["simulated"])

    @property
    def of_prints(self) -> bool:
        """Whether it shows prints alone, and no cohort."""
        return not self.entry["roles"] and not self.about["cohorts"] and not self.about.get("runs")

    @cached_property
    def cohorts(self) -> dict[str, str]:
        """The cohorts in it, by role."""
        named = {role: text.rsplit(" ", 1)[0] for role, text in self.about["cohorts"].items()}
        return {role: name if name in registry()["cohorts"] or twins.is_twin(name) else Path(name).name
                for role, name in named.items()}  # fmt: skip

    @property
    def bodies(self) -> list[str]:
        """The bodies of evidence in it, by name."""
        return list(dict.fromkeys(body_of(name) for name in self.cohorts.values()))

    @property
    def label(self) -> str:
        """What its patients are called on a button."""
        if self.of_prints:
            return "Published figures"
        if self.simulated:
            return "Twin (simulated)" if self.run == DEFAULT_RUN else "Simulated patients"
        if self.about.get("runs"):
            return "All runs"
        return formats.listed(list(dict.fromkeys(cohort_title(name) for name in self.cohorts.values()))) or self.run

    @property
    def words(self) -> str:
        """The sentence without Markdown's signs, for a picture's alternative text."""
        return plain(self.sentence) or f"{self.entry['title']}, {self.label}"


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Everything that the runs drew and the site may show.

    drawings: by panel, real patients first, of those LCNEC first. elsewhere: by panel, the runs that do not show it,
    with the reason. without_words: runs whose executed notebooks are not here and whose figures carry no sentence.
    """

    panels: dict[str, dict]
    runs: list[str]
    drawings: dict[str, list[Drawing]]
    elsewhere: dict[str, list[tuple[str, str]]]
    without_words: list[str]

    def of_notebook(self, notebook: str) -> dict[str, list[Drawing]]:
        """The drawings of a notebook's panels."""
        return {id: self.drawings.get(id, []) for id, entry in self.panels.items() if entry["notebook"] == notebook}

    def each(self) -> Iterable[Drawing]:
        """Every drawing."""
        return (drawing for drawings in self.drawings.values() for drawing in drawings)


def page_of_body(body: str) -> str:
    """The document of a body of evidence. Its name may be anybody's words: what is no plain name of a file becomes one,
    with a digest that keeps two apart.

    >>> page_of_body("msk_met_lcnec"), page_of_body("../My <study>"), page_of_body("index")
    ('cohorts/msk_met_lcnec', 'cohorts/My-study-88438899', 'cohorts/index-1bc04b52')
    """
    if PLAIN_NAME.fullmatch(body) and body.lower() != "index":
        return f"cohorts/{body}"
    plainly = re.sub(r"[^A-Za-z0-9]+", "-", body).strip("-")[:60] or "cohort"
    return f"cohorts/{plainly}-{provenance.of_bytes(body.encode())[:8]}"


def body_of(name: str) -> str:
    """The body of evidence that a cohort is part of, by the cohort's name."""
    if twins.is_twin(name):
        return DEFAULT_RUN
    return registry()["cohorts"].get(name, {}).get("body", name)


def cohort_title(name: str) -> str:
    """What a cohort is called for a reader, by its name."""
    if name in registry()["cohorts"]:
        return registry()["cohorts"][name]["title"]
    return f"{twins.TITLES[name.partition('@')[0]]}, simulated" if twins.is_twin(name) else name


def plain(markdown: str) -> str:
    """A sentence without the signs of Markdown.

    >>> plain("**STK11.** Median `OS` of *all*: 3.8.")
    'STK11. Median OS of all: 3.8.'
    """
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"(\*\*|`|(?<!\w)[*_](?=\w)|(?<=[\w.])[*_](?!\w))", "", text)
    return " ".join(text.split())


def runs_drawn(wanted: list[str] | None = None) -> list[str]:
    """The runs of which there are figures, those of these names where any is named. Raises UserError for an unknown
    name."""
    made = sorted({path.parent.name for path in (paths.output_root() / "figures").glob("*/*.svg")})
    made += sorted({path.parent.name for path in (paths.output_root() / "figures").glob("*/*.csv")} - set(made))
    for name in wanted or []:
        if name not in made:
            raise UserError(
                f"run '{name}' has no figures{params.nearest(name, made)}; `lcnec run --params params/{name}.yaml` "
                "makes them"
            )
    return sorted(wanted) if wanted else sorted(made)


def gather(wanted: list[str] | None = None) -> Drawn:
    """What the runs drew (all of them, or those named), as the site may show it."""
    entries = {id: entry for id, entry in params.read_yaml(paths.PANELS).items() if not entry.get("planned")}
    runs = runs_drawn(wanted)
    drawings: dict[str, list[Drawing]] = {id: [] for id in entries}
    elsewhere: dict[str, list[tuple[str, str]]] = {id: [] for id in entries}
    without_words, sizes = [], {}
    for run in runs:
        outputs, sizes[run] = _outputs(run, {entry["notebook"] for entry in entries.values()})
        silent = not any(outputs.values())
        skipped = {id: why for record in records.read_records(run) for id, why in record["skipped"].items()}
        for id, entry in entries.items():
            drawing = _drawing(run, id, entry, outputs.get(id, []))
            if isinstance(drawing, Drawing):
                drawings[id].append(drawing)
                silent = silent and not drawing.sentence
            elif drawing or id in skipped:
                elsewhere[id].append((run, drawing or formats.as_sentence(skipped[id])))
        without_words += [run] if silent else []
    ordered = {id: _in_order(made) for id, made in drawings.items()}
    with_n = {id: _with_n(made, ordered, sizes) for id, made in ordered.items()}
    return Drawn(entries, runs, with_n, elsewhere, without_words)


def _in_order(made: list[Drawing]) -> list[Drawing]:
    """Real patients first, cohorts in the roles of LCNEC before others, in the order of the registry; of prints alone
    the default run's, or the first, alone."""
    prints = sorted((d for d in made if d.of_prints), key=lambda d: (d.run != DEFAULT_RUN, d.run))
    order = list(registry()["cohorts"])

    def place(drawing: Drawing) -> tuple:
        known = [order.index(name) for name in drawing.cohorts.values() if name in order]
        others = not set(params.LCNEC_ROLES) & set(drawing.cohorts)
        return drawing.simulated, others, min(known, default=len(order)), drawing.run

    return prints[:1] + sorted((d for d in made if not d.of_prints), key=place)


def _drawing(run: str, id: str, entry: dict, outputs: list[dict]) -> Drawing | str:
    """A panel of a run, or why the site does not show it; nothing where the run has no files of it."""
    folder = paths.figures(run)
    about = provenance_of(folder / f"{id}.csv")
    if about is None or (about["run"], about["panel"]) != (run, id):
        return NOT_INTACT.format(file=f"{id}.csv") if (folder / f"{id}.csv").exists() else ""
    if not about["simulated"] and not entry.get("aggregate"):
        return formats.as_sentence(NOT_SHOWN)
    files = {kind: folder / f"{id}.{kind}" for kind in ("svg", "csv", "png", "graphml")}
    if not files["svg"].exists():
        return "Its figure is not in the repository; the run draws it."
    files = {kind: path for kind, path in files.items() if path.exists()}
    for kind in ("svg", "png"):  # a table's first line is sealed by its figure alone
        if kind in files and _carried(files[kind]) != about:
            return NOT_INTACT.format(file=files[kind].name)
    if about["simulated"]:  # of real patients a further table may hold one row each
        files |= {path.name.removeprefix(f"{id}."): path for path in sorted(folder.glob(f"{id}.*.csv"))}
    words = next((_text(output, "text/markdown") for output in outputs if "text/markdown" in output["data"]), "")
    words = as_written(words)
    picture = next((_text(output, "image/png") for output in outputs if "image/png" in output["data"]), "")
    tables = tuple(_text(output, "text/html") for output in outputs if "text/html" in output["data"])
    return Drawing(
        id, run, entry, about, files,
        sentence=words if words and not words.startswith("*Skipped") else sentence_in(files["svg"]),
        screen=base64.b64decode(picture),
        tables=tables if about["simulated"] else (),
    )  # fmt: skip


def _carried(figure: Path) -> dict | None:
    try:
        return carried_evidence.read(figure)
    except carried_evidence.NotIntact:
        return None


def sentence_in(svg: Path) -> str:
    """The sentence that a figure carries in words, behind its title; empty where it has none. So a panel has its words
    where its run's notebook was not executed, as in a fresh clone."""
    with open(svg, encoding="utf-8") as handle:
        match = WORDS_IN_SVG.search(handle.read(20_000))
    title, words = (" ".join(html.unescape(text).split()) for text in match.groups()) if match else ("", "")
    return words.removeprefix(f"{title}.").strip()


def _text(output: dict, kind: str) -> str:
    return "".join(output["data"][kind])


def stored_run(notebook: str) -> str:
    """The run whose outputs are stored in a notebook."""
    if notebook in records.READS_SWEEPS:
        return OF_SWEEPS
    return OF_SEVERAL_RUNS if notebook in records.READS_RUNS else DEFAULT_RUN


def _outputs(run: str, notebooks: set[str]) -> tuple[dict[str, list[dict]], dict[str, int]]:
    """What the cells of a run's panels displayed, by panel, and how many patients its cohorts have, by role: of its
    executed notebooks, or of the stored outputs of the run whose they are. An executed notebook whose record names
    other files than there are is older, and left out."""
    outputs: dict[str, list[dict]] = {}
    sizes: dict[str, int] = {}
    for name in sorted(notebooks):
        stored = stored_run(name)
        executed = executed_path(run, name)
        path = executed if executed.exists() and _is_of_today(run, name) else records.notebook_path(name)
        if path != executed and run != stored or not path.exists():
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                displayed = [output for output in cell["outputs"] if "data" in output]
                for id in PANEL_CELL.findall("".join(cell["source"])):
                    outputs[id] = displayed
                words = " ".join(
                    _text(output, "text/markdown") for output in displayed if "text/markdown" in output["data"]
                )
                sizes |= {role: int(number) for role, number in OF_ROLE.findall(words)}
    return outputs, sizes


def _is_of_today(run: str, notebook: str) -> bool:
    """Whether the tables of a run's panels are those that the record of its notebook names."""
    record = records.read_record(run, notebook)
    if record is None:
        return False
    folder = paths.figures(run)
    tables = {name: digest for id, files in record["drawn"].items() for name, digest in files.items()
              if name == f"{id}.csv" and (folder / name).exists()}  # fmt: skip
    return all(provenance.of_file(folder / name) == digest for name, digest in tables.items())


# --- n ----------------------------------------------------------------------------------------------------------


def texts_of(svg: Path) -> list[str]:
    """The texts of a figure, each as one line."""
    body = svg.read_text(encoding="utf-8")
    return [
        html.unescape(re.sub(r"<[^>]+>", "", text)) for text in re.findall(r"<text\b[^>]*>(.*?)</text>", body, re.S)
    ]


def numbers_of(texts: Iterable[str]) -> list[str]:
    """The numbers behind `n =` in texts, each once, in their order.

    >>> numbers_of(["SCLC-like (n = 20), % altered", "SCLC (n = 1,704)", "no number", "(n = 20)"])
    ['20', '1,704']
    """
    found = [number.rstrip(",") + more for text in texts for number, more in N_IN_TEXT.findall(text)]
    return list(dict.fromkeys(found))


def _listed_n(numbers: list[str]) -> str:
    more = f" and {len(numbers) - MOST_N} more" if len(numbers) > MOST_N else ""
    return "n = " + ", ".join(numbers[:MOST_N]) + more


def _n_of_table(table: Path) -> str:
    """n as a panel's table says it: rows of one patient each, or its columns of n."""
    rows = read_csv(table)
    if {"kind", "n"} <= set(rows.columns) and "cohort" in set(rows["kind"]):
        # of a forest those of real cohorts: neither the print's patients nor simulated ones
        rows = rows[rows["kind"] == "cohort"]
    if OF_PATIENTS.match(rows.columns[0]):
        return f"n = {rows.iloc[:, 0].nunique()}"
    for name in ("n", "n_1", "n_high", "pairs"):
        # a column n beside no estimate may count genes or sets
        if name in rows and (name != "n" or ESTIMATES & set(rows.columns)):
            numbers = sorted({int(float(value)) for value in rows[name] if re.fullmatch(r"\d+(\.0)?", value)})
            if numbers:
                ends = [f"{number:,}" for number in dict.fromkeys((numbers[0], numbers[-1]))]
                return f"n = {' to '.join(ends)}, by row"
    return ""


def _with_n(made: list[Drawing], others: dict[str, list[Drawing]], sizes: dict[str, dict[str, int]]) -> list[Drawing]:
    """Drawings with their n in words: as the figure's labels say it, else the sentence, else the table; else the
    patients of the whole cohorts, or the largest group that the same run shows of them."""
    result = []
    for drawing in made:
        numbers = [] if drawing.of_prints else numbers_of(texts_of(drawing.files["svg"]))
        numbers = numbers or numbers_of([plain(drawing.sentence)])
        words = (
            PRINTS_ALONE if drawing.of_prints
            else _listed_n(numbers) if numbers
            else _n_of_table(drawing.files["csv"]) or _n_of_cohorts(drawing, sizes[drawing.run])
            or _n_of_others(drawing, others)
        )  # fmt: skip
        result.append(dataclasses.replace(drawing, n=words))
    return result


def _n_of_cohorts(drawing: Drawing, sizes: dict[str, int]) -> str:
    known = [sizes[role] for role in drawing.cohorts if role in sizes]
    of = formats.listed([f"{n:,}" for n in known])
    return f"a cohort of {of} patients; the figure gives no n of its own" if known else ""


def _n_of_others(drawing: Drawing, others: dict[str, list[Drawing]]) -> str:
    numbers = [
        int(number.replace(",", "").split(" ")[0])
        for made in others.values()
        for other in made
        if other.run == drawing.run and set(other.cohorts.values()) <= set(drawing.cohorts.values())
        for number in numbers_of(texts_of(other.files["svg"]))
    ]
    if not numbers:
        return "the figure gives no n of its own"
    return f"at most {max(numbers):,}, the largest group shown of this cohort; the figure gives no n of its own"
