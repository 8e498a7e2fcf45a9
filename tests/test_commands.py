"""The commands that README, docs/ and the first notebook show are executed, in a copy of the project.

About 90 s: notebooks are executed on eight patients, on 82 of msk_met and on the answers of both; snakemake plans them.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import MUTATIONS, PATIENTS, SAMPLES
from lcnec_utils import cli
from lcnec_utils.core import paths
from tests.copies import copy_project

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.S | re.M)
SHELL = ("", "bash", "sh", "console")
PROGRAMS = ("lcnec", "papermill", "snakemake", "pytest")
STARTS = re.compile(rf"(?:\.venv/bin/)?(?:{'|'.join(PROGRAMS)}|make|printf)(?=\s|$)")
# What is not executed here, each with its reason
NOT_EXECUTED = {
    "lcnec cohort geo GSE197977_family.soft.gz --out zuma1_geo --patient '(…)'": "reads a file that nobody here has",
    (
        "lcnec cohort geo GSE197977_series_matrix.txt.gz --platform GPL….soft --out zuma1_geo --patient '(…)'"
    ): "reads files that nobody here has",
    "lcnec batch params/oak.yaml --sweep tmb_high_per_mb=5:25:1 --sweep min_group=5,10 --name cut_offs": "42 runs",
    "lcnec batch params/twin.yaml --sweep seed=1:20 -n 02 --cores 4": "a sweep of 20; tests/run/test_sweep.py runs one",
    "lcnec batch --sweep burden_cut_off": "a sweep of 24",
    (
        "lcnec power lcnec.fig1c.hr.chemotherapy_vs_chemoimmunotherapy --patients 100,200,400,800 --draws 20"
    ): "80 free twins; tests/run/test_power.py draws one",
    "lcnec cohort build tu_lcnec_2026_omics": "downloads larger files",
    "lcnec refresh -n 15": "executes every run, which takes many minutes, and stores notebook 15",
    "lcnec run --params params/my_cohort.yaml": "is `lcnec run --params params/mine.yaml` by another name",
    "lcnec run --params params/msk_met.yaml": "executes a whole run, which the tests of figures do",
    "lcnec run --params params/msk_met.yaml -n 02_outcomes": "part of that run",
    "papermill notebooks/02_outcomes.ipynb out.ipynb -f params/msk_met.yaml": "part of that run, by hand",
    "pytest --nbval notebooks/": "executes all notebooks, as `make test` does",
}
# A run of all notebooks is executed for one of them
ONE_NOTEBOOK = "--params params/mine.yaml"
PLACEHOLDERS = {"FOLDER": "my_study", "FILE": "figures/twin/fig1a.svg"}
# Words that name a command of `lcnec`, and are none that could be typed without more
NAMED = {f"lcnec {name}" for name in ("run", "batch", "execute", "cohort check", "cohort build", "twin", "claims",
                                      "refresh", "site")}  # fmt: skip


def texts() -> dict[str, str]:
    """The prose of README, CONTRIBUTING, docs/ and notebook 00, by name."""
    pages = [paths.ROOT / "README.md", paths.ROOT / "CONTRIBUTING.md", *sorted((paths.ROOT / "docs").glob("*.md"))]
    found = {page.name: page.read_text(encoding="utf-8") for page in pages}
    book = json.loads((paths.NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8"))
    prose = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    return found | {"00_start_here.ipynb": "\n\n".join(prose)}


def shown(text: str) -> list[str]:
    """The commands of a page in order: lines of its shell blocks, and words in backticks that begin with a program."""
    places = [(match.start(), match[2].splitlines()) for match in BLOCK.finditer(text) if match[1] in SHELL]
    prose = BLOCK.sub(lambda match: " " * len(match[0]), text)
    places += [(match.start(), [match[1]]) for match in re.finditer(r"`([^`\n]+)`", prose)]
    lines = [line.split(" #")[0].strip() for _, block in sorted(places) for line in block]
    return [line for line in lines if STARTS.match(line)]


def bare(command: str) -> str:
    return command.replace(".venv/bin/", "")


def is_a_name(command: str) -> bool:
    """Whether words name a command, as `lcnec cohort check` does, and are none that could be typed."""
    return bare(command) in NAMED | {*PROGRAMS, "papermill -f", "make"}


# each with the page that shows it first
COMMANDS = {command: name for name, text in reversed(texts().items()) for command in reversed(shown(text))}
COMMANDS = {command: COMMANDS[command] for command in reversed(COMMANDS)}
TYPED = [command for command in COMMANDS if not is_a_name(command) and bare(command) not in NOT_EXECUTED]


@pytest.fixture(scope="module")
def clone(tmp_path_factory, public_cohort):
    """A copy of the project with an environment, built cohorts, a study of eight patients and answers of msk_met."""
    top = tmp_path_factory.mktemp("typed") / "compendium"
    copy_project(top)
    (top / ".venv").symlink_to(sys.prefix)
    study = top / "my_study"
    study.mkdir()
    for name, text in (("clinical_patient", PATIENTS), ("clinical_sample", SAMPLES), ("mutations", MUTATIONS)):
        (study / f"data_{name}.txt").write_text(text)
    public_cohort("msk_met_lcnec")
    for folder in [*paths.cohorts().glob("*"), *paths.cohorts().glob("twin/*")]:
        if folder.name != "twin":
            link = top / "build" / "cohorts" / folder.relative_to(paths.cohorts())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)
    with pytest.MonkeyPatch.context() as patch:
        in_the_copy(patch, top)
        command = [".venv/bin/lcnec", "execute", "04", "--params", "params/msk_met.yaml"]
        subprocess.run(command, cwd=top, check=True, capture_output=True)
    return top


def in_the_copy(patch, top: Path) -> None:
    """The environment of someone who types in the copy."""
    for name in ("LCNEC_OUTPUT_DIR", "LCNEC_COHORTS_DIR"):
        patch.delenv(name, raising=False)
    patch.setenv("PYTHONPATH", str(top))


def typed(command: str) -> str:
    """A command as it is executed here: `make` and snakemake say what they would do, a run executes one notebook."""
    words = command
    for word, value in PLACEHOLDERS.items():
        words = re.sub(rf"\b{word}\b", value, words)
    if words.startswith("make"):
        return words.replace("make", f"make -n -o .venv/ready PYTHON={shlex.quote(sys.executable)}", 1)
    if bare(words).startswith(PROGRAMS) and not words.startswith(".venv"):
        words = f".venv/bin/{words}"
    if " snakemake" in f" {bare(words)}":
        words += " -n --quiet"
    if " run " in words and words.endswith(ONE_NOTEBOOK):
        words += " -n 04"
    return words


@pytest.mark.parametrize("command", TYPED, ids=[f"{COMMANDS[command]}: {command}" for command in TYPED])
def test_a_command_that_is_shown_can_be_typed(clone, command, monkeypatch):
    in_the_copy(monkeypatch, clone)
    done = subprocess.run(
        ["bash", "-c", typed(command)], cwd=clone, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", sorted({bare(command) for command in COMMANDS if is_a_name(command)}))
def test_a_command_that_is_named_exists(command):
    if command.startswith("lcnec "):
        with pytest.raises(SystemExit) as end:
            cli.main([*command.split()[1:], "--help"])
        assert end.value.code == 0


def test_what_is_not_executed_is_shown_somewhere():
    assert set(NOT_EXECUTED) <= {bare(command) for command in COMMANDS}


def test_the_pages_show_commands():
    assert len(TYPED) > 20
    assert {"README.md", "ledger.md", "twins.md", "00_start_here.ipynb"} <= {COMMANDS[command] for command in TYPED}
