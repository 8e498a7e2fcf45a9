"""Pictures of panels of prints alone: the second run takes what the first drew, byte for byte what it would draw.
About 3 s."""

import os

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lcnec_utils.core import params, provenance
from lcnec_utils.plots import palette
from lcnec_utils.run import carried_evidence, panel_files, print_pictures

TABLE = pd.DataFrame({"trial": ["A & B", "naïve <2>"], "hazard_ratio": [0.72, 0.81]})


def about(run: str) -> dict:
    return {
        "project": "a project",
        "run": run,
        "panel": "prints",
        "simulated": False,
        "cohorts": {},
        "parameters": "é&",
    }


class Drawing:
    """A function that draws, and counts how often it was asked to."""

    def __init__(self, table=TABLE):
        self.table, self.asked = table, 0

    def __call__(self):
        self.asked += 1
        fig, ax = palette.figure(80, 40)
        ax.plot(self.table["hazard_ratio"], label="hazard ratio")
        ax.set_title("Printed")
        return fig


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    palette.apply()


def place(run: str, table=TABLE, says="It says so.", **more) -> print_pictures.Drawn:
    values = params.RunParameters(run=run, icb=more.pop("icb", ""), **more)
    return print_pictures.drawn("prints", values, [panel_files.body_of(table)], says=says, code="1")


def write(folder, run: str, drawing, drawn) -> dict[str, bytes]:
    folder.mkdir()
    panel_files.write_panel(
        folder, "prints", title="Prints", figure=drawing if drawn else drawing(), tables={"": drawing.table},
        about=about(run), drawn=drawn, says="It says so.",
    )  # fmt: skip
    plt.close("all")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def test_another_run_takes_the_pictures_with_a_line_of_its_own(tmp_path):
    first, second = Drawing(), Drawing()
    of_first, of_second = place("one"), place("two", icb="oak")
    write(tmp_path / "a", "one", first, of_first)
    taken = write(tmp_path / "b", "two", second, of_second)
    assert (first.asked, second.asked) == (1, 0)
    assert of_second.screen and of_second.screen == of_first.screen
    itself = write(tmp_path / "c", "two", Drawing(), None)
    assert taken == itself, "what it would have drawn itself, its seal included"
    for kind in (".svg", ".png"):
        assert carried_evidence.read(tmp_path / "b" / f"prints{kind}")["run"] == "two"


@pytest.mark.parametrize("kind", [".svg", ".png", ".screen.png"])
@pytest.mark.parametrize("harm", ["cut", "edited", "foreign", "gone"])
def test_a_picture_that_is_not_intact_is_drawn_anew(tmp_path, kind, harm):
    good = write(tmp_path / "a", "one", Drawing(), place("one"))
    path = place("one")._path(kind)
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        edited = data[:200] + bytes([data[200] ^ 1]) + data[201:]
        path.write_bytes({"cut": data[:-20], "edited": edited, "foreign": b"\x80\x04."}[harm])
    again = Drawing()
    assert write(tmp_path / "b", "one", again, place("one")) == good
    assert again.asked == 1 and provenance.of_file(path) == provenance.of_bytes(data)


def test_other_numbers_words_code_or_parameters_are_another_picture(tmp_path):
    usual = place("one")
    assert place("two", icb="poplar", cohort="tu_lcnec_2026") == usual, "a run's name and cohorts do not count"
    other = TABLE.assign(hazard_ratio=0.9)
    different = [place("one", other), place("one", says="It says more."), place("one", min_group=7)]
    assert len({usual, *different}) == 4
    write(tmp_path / "a", "one", Drawing(), usual)
    drawing = Drawing(other)
    write(tmp_path / "b", "one", drawing, different[0])
    assert drawing.asked == 1


def test_of_pictures_that_no_run_takes_any_more_the_last_few_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(print_pictures, "MOST_KEPT", 2)
    places = [place("one", says=str(count)) for count in range(3)]
    for count, each in enumerate(places):
        write(tmp_path / str(count), "one", Drawing(), each)
        os.utime(each._path(".svg"), (count, count))
    left = [[each._path(kind).exists() for kind in (".svg", ".png", ".screen.png")] for each in places]
    assert left == [[False] * 3, [True] * 3, [True] * 3]
