"""`lcnec verify` of one file: every edit is found, and what moved since is named. About 8 s."""

import json
import random
import shutil

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import carried_evidence, page, records, verification

PANEL = "os_by_subtype"
KINDS = ("svg", "png", "csv")


@pytest.fixture
def figure(own_study, tmp_path, monkeypatch):
    """The folder of figures of a run `mine`, whose file lies in params/: one panel of notebook 02 drawn by its page."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: None)
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    paths.PARAMS.mkdir()
    (paths.PARAMS / "mine.yaml").write_text(f'run: mine\ncohort: {own_study}\nicb: ""\n')
    sheet = page.Page("02_outcomes", {"run": "mine", "cohort": str(own_study), "icb": ""})
    for name in sheet.panels:
        with sheet.panel(name) as panel:
            if name != PANEL:
                sheet.skip("not drawn here")
            sheet.cohort("cohort")
            fig, ax = plt.subplots(figsize=(2, 2))
            ax.plot([0, 1], [0, 1], label="n = 8")
            panel.save(fig, pd.DataFrame({"group": ["a"], "n": [8]}))
    sheet.finish()
    return paths.figures("mine")


def state(path) -> tuple[str, str]:
    judgement = verification.judge(path)
    return judgement.state, judgement.why


def test_a_figure_that_was_made_here_is_current_and_a_copy_of_it_too(figure, tmp_path):
    for kind in KINDS:
        copy = shutil.copy(figure / f"{PANEL}.{kind}", tmp_path / f"Figure 2.{kind}")
        assert {state(figure / f"{PANEL}.{kind}"), state(tmp_path / copy)} == {("current", "")}


@pytest.mark.parametrize("kind", KINDS)
def test_one_byte_edited_anywhere_is_altered_or_stale(figure, kind):
    """At 80 places, the last bytes and the line of provenance among them."""
    path = figure / f"{PANEL}.{kind}"
    data = path.read_bytes()
    pick = random.Random(1)
    places = {*pick.sample(range(len(data)), 40), *range(len(data) - 12, len(data)), *range(0, 330, 11)}
    for place in sorted(place for place in places if place < len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert not verification.judge(path).good, (place, data[place - 20 : place + 20])
    path.write_bytes(data)
    assert verification.judge(path).state == "current"


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_edited_is_altered_and_so_is_what_was_cut_or_lengthened(figure, kind, tmp_path):
    data = (figure / f"{PANEL}.{kind}").read_bytes()
    edited = tmp_path / f"copy.{kind}"
    for other in (data[:-1], data + b"\n", data[: len(data) // 2], b"", data[:-40] + b"x" + data[-39:]):
        edited.write_bytes(other)
        assert verification.judge(edited).state == "altered"


def test_a_figure_by_another_program_is_altered_for_it_carries_no_provenance(tmp_path):
    for kind in KINDS:
        file = tmp_path / f"other.{kind}"
        if kind == "csv":
            pd.DataFrame({"n": [8]}).to_csv(file)
        else:
            plt.figure(figsize=(1, 1)).savefig(file)
        assert verification.judge(file).state == "altered"


def rewrite(line: str) -> None:
    file = paths.PARAMS / "mine.yaml"
    file.write_text(file.read_text() + line)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("made_here", [True, False])
def test_made_with_other_parameters_is_stale_and_says_so_with_the_command(figure, kind, made_here, capsys):
    """With the record of the run, and without: what a file holds is enough."""
    rewrite("min_group: 9\n")
    if not made_here:
        records.record_path("mine", "02_outcomes").unlink()
    assert state(figure / f"{PANEL}.{kind}") == ("stale", "other parameters")
    assert cli.main(["verify", str(figure / f"{PANEL}.{kind}")]) == 1
    said = capsys.readouterr().out
    assert "stale: other parameters" in said and "run --params params/mine.yaml -n 02_outcomes`" in said


def test_which_input_moved_is_named(figure, own_study, monkeypatch):
    path = figure / f"{PANEL}.svg"
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "of_notebook", lambda _: "other code")
        assert state(path) == ("stale", "other code")
    with monkeypatch.context() as patch:
        patch.setattr(records, "claims_digest", lambda _: "other claims")
        assert state(path) == ("stale", "other claims")
    patients = own_study / "data_clinical_patient.txt"
    patients.write_text(patients.read_text().replace("4.5", "4.6"))
    assert state(path) == ("stale", "other cohort (role cohort)")
    records.record_path("mine", "02_outcomes").unlink()
    assert state(path) == ("stale", "other cohort (role cohort)"), "its own line of provenance is enough"


def test_without_a_record_a_figure_is_tracked_and_says_what_it_cannot_say(figure):
    records.record_path("mine", "02_outcomes").unlink()
    name, why = state(figure / f"{PANEL}.svg")
    assert name == "tracked" and "code and claims" in why
    assert cli.main(["verify", str(figure / f"{PANEL}.svg")]) == 0


def test_a_figure_of_a_run_that_nobody_here_has_is_stale(figure, tmp_path):
    copy = shutil.copy(figure / f"{PANEL}.svg", tmp_path / "copy.svg")
    (paths.PARAMS / "mine.yaml").unlink()
    assert state(tmp_path / copy) == ("stale", "run mine has no file in params/")


def test_a_figure_in_the_place_of_another_is_altered(figure):
    shutil.copy(figure / f"{PANEL}.svg", figure / "fig1a.svg")
    assert state(figure / "fig1a.svg") == ("altered", f"it says that it is {PANEL} of run mine")


@pytest.fixture
def line_of_table(figure):
    """A function that writes a table's first line anew, as somebody may who knows how it is made; nothing seals it. The
    record of the run is not here, as on any other machine."""
    records.record_path("mine", "02_outcomes").unlink()
    path = figure / f"{PANEL}.csv"
    first, _, body = path.read_text().partition("\n")

    def write(**changes):
        about = {key: value for key, value in (json.loads(first[2:]) | changes).items() if value is not None}
        path.write_text(f"# {carried_evidence.line(about)}\n{body}")
        return path

    return write


def test_a_line_that_calls_real_patients_simulated_or_hides_a_cohort_is_altered(line_of_table):
    assert state(line_of_table())[0] == "tracked"
    assert state(line_of_table(simulated=True)) == ("altered", "it says that its patients are simulated")
    assert state(line_of_table(cohorts={})) == ("altered", f"it names no cohort, and {PANEL} shows one")
    told = state(line_of_table(cohorts={"cohrt": "x 0123"}))
    assert told == ("altered", "it names a cohort in the role 'cohrt', which does not exist")
    assert state(line_of_table(runs=["mine"]))[0] == "altered"
    for wrong in ({"simulated": ["no"]}, {"simulated": 0}, {"cohorts": ["x"]}, {"cohorts": {"cohort": 1}}):
        assert state(line_of_table(**wrong))[0] == "altered", wrong


def test_a_twin_whose_line_calls_it_real_is_altered(own_study, line_of_table):
    """By its name, and a folder of simulated patients by what it says of itself."""
    (own_study / "cohort.yaml").write_text("name: Made up\nsimulated: true\n")
    assert state(line_of_table()) == ("altered", "it says that its patients are not simulated")
    (own_study / "cohort.yaml").unlink()
    (paths.PARAMS / "mine.yaml").write_text('run: mine\ncohort: twin_cohort_1\nicb: ""\n')
    path = line_of_table(cohorts={"cohort": "twin_cohort_1 0123456789abcdef"})
    assert state(path) == ("altered", "it says that its patients are not simulated")


def test_what_a_notebook_run_by_hand_drew_is_stale_though_no_parameter_was_changed(line_of_table):
    """Its cells may have held any change."""
    name, why = state(line_of_table(scratch={}))
    assert name == "stale" and "run by hand" in why and "parameters" not in why
    assert "parameters (min_group: 9)" in state(line_of_table(scratch={"min_group": 9}))[1]


def test_a_table_that_brings_runs_together_names_runs_that_there_are(tmp_path):
    """The tracked one as it is, of a run that nobody has, and of none."""
    source = paths.ROOT / "figures" / "replication" / "replication.csv"
    first, _, body = source.read_text().partition("\n")
    about = json.loads(first[2:])
    states = {}
    for name, runs in (("as it is", about["runs"]), ("another", ["nobody"]), ("none", None)):
        line = {key: value for key, value in (about | {"runs": runs}).items() if value is not None}
        path = tmp_path / "replication.csv"
        path.write_text(f"# {carried_evidence.line(line)}\n{body}")
        states[name] = state(path)
    assert states["as it is"][0] in ("tracked", "stale") and "runs" not in states["as it is"][1]
    assert "runs that are brought together" in states["another"][1]
    assert states["none"] == ("altered", "it does not name the runs that it brings together")


def test_a_seal_whose_length_is_wrong_is_none_and_what_is_no_picture_is_altered(figure, tmp_path):
    """The digest leaves the seal's own bytes out, so its length is checked apart; a sealed text is no picture."""
    data = (figure / f"{PANEL}.png").read_bytes()
    place = len(data) - len(carried_evidence.PNG_END) - carried_evidence.PNG_SEAL_BYTES
    other = tmp_path / "other.png"
    other.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    assert state(other) == ("altered", "it does not end in a seal")
    for body in (b"no picture", data[:60]):
        other.write_bytes(body + carried_evidence.PNG_END)
        carried_evidence.seal(other)
        assert state(other) == ("altered", "it is no picture that can be read")


def test_a_file_that_may_not_be_read_is_refused_in_one_line(figure, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(carried_evidence, "read", refuse)
    with pytest.raises(UserError, match=r"os_by_subtype\.svg: cannot be read \(Permission denied\)"):
        verification.judge(figure / f"{PANEL}.svg")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        verification.judge(tmp_path / "nowhere.svg")


def test_the_lines_of_a_run_name_what_moved_and_the_command(figure, monkeypatch, capsys):
    rewrite("min_group: 9\n")
    run = params.read_run(paths.PARAMS / "mine.yaml")
    [line] = verification.stale_notebooks(run, ["02_outcomes", "01_cohorts"])
    assert line.startswith("mine 02_outcomes: other parameters; `lcnec run --params params/mine.yaml -n 02_outcomes`")


# --- what is tracked


@pytest.mark.parametrize("path", sorted((paths.ROOT / "figures").glob("*/*.svg")), ids=lambda path: path.parent.name)
def test_every_figure_of_the_project_is_sealed_and_its_table_is_the_one_that_it_names(path):
    about = carried_evidence.read(path)
    assert about == carried_evidence.read(path.with_suffix(".csv"))
    assert (about["run"], about["panel"]) == (path.parent.name, path.stem)


def test_no_table_of_the_project_holds_the_mark_of_its_first_line_again():
    """So that `comment.char = "#"` in R and `comment="#"` in pandas cut off nothing else."""
    for path in sorted((paths.ROOT / "figures").glob("*/*.csv")):
        assert "#" not in carried_evidence.plain_table(path.read_text(encoding="utf-8")), path


def test_r_reads_a_table_of_the_project_with_its_line_and_without(rscript, tmp_path):
    import subprocess

    table = paths.ROOT / "figures" / "twin" / "fig1a.csv"
    plain = tmp_path / "plain.csv"
    plain.write_text(carried_evidence.plain_table(table.read_text(encoding="utf-8")), encoding="utf-8")
    code = (
        f'a <- read.csv("{table}", comment.char = "#"); b <- read.csv("{plain}"); '
        "stopifnot(identical(a, b)); cat(nrow(a), names(a)[1])"
    )
    done = subprocess.run([rscript, "-e", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = pd.read_csv(table, comment="#")
    assert done.stdout == f"{len(expected)} {expected.columns[0]}"
    assert json.loads(table.read_text().split("\n")[0].removeprefix("# "))["panel"] == "fig1a"
