"""Every bad study folder is answered with the line of expected.tsv, to the letter, and nothing in it is written.

A folder is refused in one line per fault, or what is wrong in it is missing and named by a note. About 12 s.
"""

import importlib
import signal
import tempfile
from functools import cache
from pathlib import Path

import pytest
from bad_base import GROUPS, OTHER, base, write

from lcnec_utils.cohort.read import load

ROOMS = ["files", "clinical", "genome", "study", "lesions", "assays"]
CASES = {name: case for room in ROOMS for name, case in importlib.import_module(f"bad_{room}").CASES.items()}
PATIENCE_S = 300


def lines(file: str) -> dict[str, list[tuple[str, str]]]:
    """Of each case what it is answered with: (refused or noted, line)."""
    answers: dict[str, list[tuple[str, str]]] = {}
    for line in Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()[1:]:
        name, how, said = line.split("\t")
        answers.setdefault(name, []).append((how, said))
    return answers


@pytest.fixture(autouse=True)
def no_waiting():
    """A reader that waits for a pipe fails, and does not hold up the others."""

    def stop(*_):
        raise AssertionError("the reader waits")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@cache
def notes_of_base(group: str) -> list[str]:
    """What reading the files of a group says before any change: they are a cohort."""
    with tempfile.TemporaryDirectory() as folder:
        write(base(group), Path(folder))
        cohort, reading = load(Path(folder))
    assert cohort is not None, [str(problem) for problem in reading.problems]
    return reading.notes


def answer(group: str, change, folder: Path) -> list[tuple[str, str]]:
    """What reading a bad folder says beyond what it says of its base."""
    files, here, notes = base(group), folder / "x", notes_of_base(group)
    here.mkdir()
    change(files)
    write(files, here)
    cohort, reading = load(here)
    there = sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if not path.is_dir())
    assert [name for name in there if name not in files] == [], "reading wrote a file"
    if cohort is None:
        return [("refused", str(problem)) for problem in reading.problems]
    return [("noted", note) for note in reading.notes if note not in notes]


EXPECTED = lines("expected.tsv")


def test_every_bad_folder_has_its_line_and_every_line_its_folder():
    assert sorted(CASES) == sorted(EXPECTED) and len(CASES) >= 200
    assert {group for group, _ in CASES.values()} <= {*GROUPS, *OTHER}
    assert all(said for answers in EXPECTED.values() for _, said in answers)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_folder_is_answered_in_its_line(name, tmp_path):
    assert answer(*CASES[name], tmp_path) == EXPECTED[name]
