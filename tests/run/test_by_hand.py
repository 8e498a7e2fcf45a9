"""Notebooks run by hand: what a reader tries writes over no result, and says so. About 10 s, most of it one kernel."""

import dataclasses
import json
import shutil

import matplotlib
import pandas as pd
import pytest

from lcnec_utils.core import commands, params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import by_hand, page, records
from lcnec_utils.twins import build as twins

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

PANELS = {name: {"title": name, "source": "s", "roles": ["cohort"], "notebook": "02_outcomes"} for name in ("a", "b")}


@dataclasses.dataclass
class Reader:
    """A reader in JupyterLab: the names that the notebook's kernel holds, and what was displayed."""

    namespace: dict
    shown: list[str]

    def opened(self, **changes) -> page.Page:
        self.namespace |= changes
        return page.Page("02_outcomes", self.namespace)

    def run_all(self, **changes) -> page.Page:
        sheet = self.opened(**changes)
        for name in PANELS:
            self.draw(sheet, name)
        sheet.finish()
        return sheet

    @staticmethod
    def draw(sheet, name: str, value: float = 1.0) -> None:
        with sheet.panel(name) as panel:
            sheet.cohort("cohort")
            fig, ax = plt.subplots()
            ax.plot([0, value], [0, 1])
            panel.save(fig, pd.DataFrame({"value": [value]}))


@pytest.fixture
def reader(own_study, tmp_path, monkeypatch) -> Reader:
    """A reader of the run `mine`, whose file lies in params/."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda value, **_: shown.append(str(value.data)))
    monkeypatch.setattr(records, "panels_of", lambda notebook: PANELS)
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    paths.PARAMS.mkdir()
    (paths.PARAMS / "mine.yaml").write_text(f'run: mine\ncohort: {own_study}\nicb: ""\n')
    return Reader({"run": "mine", "cohort": str(own_study), "icb": ""}, shown)


def made_files() -> dict[str, str]:
    """All that lies in the folder of output, but for locks, with its digests."""
    top = paths.output_root()
    files = [path for path in top.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.relative_to(top).as_posix(): provenance.of_file(path) for path in files}


def test_with_the_parameters_of_its_run_a_notebook_makes_the_results_of_its_run(reader):
    reader.run_all()
    assert (paths.figures("mine") / "a.svg").exists() and records.read_record("mine", "02_outcomes")
    assert not by_hand.folder("mine").exists() and not any("Scratch" in text for text in reader.shown)


def test_a_changed_parameter_goes_to_the_scratch_folder_and_a_notice_says_so(reader):
    reader.run_all()
    before = made_files()
    reader.run_all(era_cut="2020-01-01")
    after = made_files()
    assert before.items() <= after.items(), "nothing that was there is another"
    added = {name for name in after if name not in before}
    assert added >= {f"build/scratch/mine/{name}" for name in ("a.svg", "a.png", "a.csv", "02_outcomes.json")}
    assert all(name.startswith("build/scratch/mine/") for name in added)
    notice = next(text for text in reader.shown if "Scratch run" in text)
    assert '`era_cut` is "2020-01-01", in params/mine.yaml "2019-01-01"' in notice
    assert "build/scratch/mine/" in notice and "figures/mine/" in notice
    about = json.loads((by_hand.folder("mine") / "a.csv").read_text().split("\n")[0].removeprefix("# "))
    assert about["scratch"] == {"era_cut": "2020-01-01"}


def test_the_notice_says_how_a_change_is_kept_and_the_file_it_describes_is_one(reader, tmp_path):
    changed = by_hand.changed_parameters("02_outcomes", reader.opened(drivers=["EGFR"], min_group=7).parameters)
    notice = by_hand.notice("02_outcomes", "mine", changed)
    lines = [f"{name}: {value}" for name, value in (("drivers", '["EGFR"]'), ("min_group", "7"))]
    assert all(f"`{line}`" in notice for line in lines)
    kept = tmp_path / "kept.yaml"
    text = (paths.PARAMS / "mine.yaml").read_text().replace("run: mine", "run: kept")
    kept.write_text(text + "\n".join(lines) + "\n")
    run = params.read_run(kept)
    assert (run.drivers, run.min_group) == (["EGFR"], 7)


def test_in_the_projects_own_folder_whatever_is_run_by_hand_goes_to_the_scratch_folder(monkeypatch):
    """A reader's cells may hold any change; papermill and `lcnec` read the notebook as it lies there."""
    monkeypatch.setattr(paths, "output_root", lambda: paths.ROOT)
    assert by_hand.goes_to_scratch(injected=False, changed={})
    assert not by_hand.goes_to_scratch(injected=True, changed={})
    assert by_hand.goes_to_scratch(injected=True, changed={"era_cut": ("a", "b")})
    monkeypatch.setenv(records.BY_COMMAND, "1")
    assert not by_hand.goes_to_scratch(injected=True, changed={"era_cut": ("a", "b")})
    assert "Run by hand" in by_hand.notice("02_outcomes", "twin", {})


def test_an_executed_notebook_that_somebody_opens_and_runs_writes_over_no_result(reader, monkeypatch):
    """It holds the cell that papermill injected; Jupyter's server names the notebook to the kernel that it starts."""
    reader.run_all(In=["", "# Parameters\nrun = 'mine'\n"])
    before = made_files()
    monkeypatch.setenv("JPY_SESSION_NAME", "build/mine/notebooks/02_outcomes.ipynb")
    reader.run_all()
    after = made_files()
    assert before.items() <= after.items(), "nothing that was there is another"
    assert all(name.startswith("build/scratch/mine/") for name in after.keys() - before.keys())
    assert any("Run by hand" in text for text in reader.shown)
    monkeypatch.setenv(records.BY_COMMAND, "1")
    assert not by_hand.goes_to_scratch(injected=True, changed={}), "`lcnec` called from a notebook's cell"


def test_jupyters_server_tells_a_kernel_which_notebook_was_opened():
    from jupyter_server.services.sessions.sessionmanager import SessionManager

    assert by_hand.OPENED_IN_JUPYTER in SessionManager().get_kernel_env("a.ipynb")


def test_where_nothing_was_executed_the_ledger_says_that_nothing_is_answered(reader):
    said = "No notebook of this run has been executed"
    assert said in by_hand.notice("14_claims", "mine", {})
    assert said not in by_hand.notice("02_outcomes", "mine", {})
    reader.run_all()
    assert said not in by_hand.notice("14_claims", "mine", {})


def test_the_cell_of_the_notebook_that_reads_all_runs_is_no_change_as_it_stands():
    run = params.RunParameters(run="replication")
    assert not by_hand.changed_parameters("15_replication", run)
    assert not by_hand.changed_parameters("15_replication", params.read_run(paths.PARAMS / "replication.yaml"))
    some = run.model_copy(update={"runs": ["msk_met"]})
    assert list(by_hand.changed_parameters("15_replication", some)) == ["runs"]


def test_a_parameter_that_changes_after_the_page_was_made_is_refused(reader):
    """The reader reran the cell of parameters and a panel, and not the cell between them."""
    sheet = reader.opened()
    reader.namespace["min_group"] = 7
    with pytest.raises(UserError, match=r"parameter min_group is 7 now.*run the cell `page = Page"):
        reader.draw(sheet, "a")
    reader.draw(reader.opened(), "a")


def test_one_panel_can_be_drawn_again_when_the_page_has_ended(reader):
    sheet = reader.run_all()
    before = made_files()
    reader.draw(sheet, "b", value=2.0)
    sheet.finish()
    after = made_files()
    assert {name.split("/")[-1] for name in after if before.get(name) != after[name]} == {
        "b.csv", "b.svg", "b.png", "manifest.json", "02_outcomes.json",
    }  # fmt: skip


def test_papermill_with_a_value_of_ones_own_writes_over_no_result_of_the_run(own_study, tmp_path, monkeypatch):
    """`papermill -p cohort_2 ""` on the default run, in a kernel; a study of eight stands in for the twin."""
    import papermill

    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setenv("LCNEC_COHORTS_DIR", str(tmp_path / "cohorts"))
    shutil.copytree(own_study, twins.folder_of("twin_cohort_1"))
    (twins.folder_of("twin_cohort_1") / twins.STAMP).touch()
    book = papermill.execute_notebook(
        str(records.notebook_path("01_cohorts")), None, parameters={"cohort_2": ""}, progress_bar=False,
        kernel_name="python3", cwd=str(tmp_path),
    )  # fmt: skip
    notice = '`cohort_2` is "", in params/twin.yaml "twin_cohort_2"'
    assert any(notice in output.data["text/markdown"] for cell in book.cells[:5] for output in cell.get("outputs", []))
    assert not (tmp_path / "out" / "figures").exists()
    made = (tmp_path / "out" / "build" / "scratch" / "twin").glob("*.json")
    assert [path.name for path in made] == ["01_cohorts.json"]


def test_a_twin_that_is_not_on_this_machine_is_built_and_what_cannot_be_had_is_named(reader, tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_COHORTS_DIR", str(tmp_path / "cohorts"))
    for name in ("LCNEC_DATA_DIR", "LCNEC_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")
    lines = []
    run = params.RunParameters(run="mine", cohort="msk_met_lcnec", cohort_2="", icb="twin_icb")
    by_hand.build_cohorts("02_outcomes", run, lines.append)
    assert [line.split(": ")[0] for line in lines] == ["msk_met_lcnec", "twin_icb"]
    assert "built" not in lines[0] and "built" in lines[1]
    lines.clear()
    by_hand.build_cohorts("02_outcomes", run.model_copy(update={"cohort": ""}), lines.append)
    assert not lines, "what is there is not built again"


def test_what_a_message_suggests_can_be_typed_at_the_top_of_the_project(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    command = commands.from_the_top("`lcnec verify` tells").split("`")[1].split()[0]
    assert (paths.ROOT / command).exists() or command == "lcnec"
    assert UserError("no; `lcnec verify` tells")._render_traceback_() == [f"UserError: no; `{command} verify` tells"]
    assert commands.from_the_top("`lcnec` alone, lcnec verify") == "`lcnec` alone, lcnec verify"
