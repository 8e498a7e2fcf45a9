"""Runs: someone's own cohort end to end, only what changed, a killed run resumed, stale figures told apart."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.fetch import DownloadError
from lcnec_utils.run import records, runs

LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]


def run(file, *more):
    return subprocess.run([*LCNEC, "run", "--params", str(file), *more], capture_output=True, text=True, timeout=300)


def test_an_own_cohort_of_three_files_is_drawn_and_the_rest_is_skipped_with_reasons(own_run):
    done = run(own_run)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    record = records.read_record("mine", "02_outcomes")
    assert list(record["drawn"]) == ["os_by_subtype"]
    needs = {
        "role 'icb'": {"pfs_by_driver", "pfs_by_pdl1", "pfs_by_tmb", "pfs_forest"},
        "role 'cohort_2'": {"fig1b", "figS5"},
        "no first-line regimen": {"fig1a", "fig1c", "os_sensitivity", "figS4"},
        "no backbone of chemotherapy": {"figS2"},
    }
    assert set(record["skipped"]) == set().union(*needs.values())
    for words, panels in needs.items():
        assert all(words in record["skipped"][panel] for panel in panels), words
    count = len(runs.notebooks_of(params.read_run(own_run)))
    assert f"[{count}/{count}] mine " in done.stdout, "each notebook is counted"
    summary = done.stdout.split("figures are in")[1]
    assert len(summary.splitlines()) < 12 and re.search(r"no cohort in the role .*\bicb (\(9\))", summary)
    listed = subprocess.run([*LCNEC, "verify", "--skipped", str(own_run)], capture_output=True, text=True).stdout
    assert re.search(
        r"02_outcomes +pfs_by_tmb +skipped: This run names no cohort for the role 'icb' \(.*\)\.\n", listed
    )
    assert all(line.endswith(".") for line in listed.splitlines()), "each reason is a sentence"
    for panel in ("os_by_subtype", "fig2a", "fig2d", "figS8"):
        for kind in ("svg", "png", "csv"):
            assert (paths.figures("mine") / f"{panel}.{kind}").stat().st_size > 0
    table = pd.read_csv(paths.figures("mine") / "os_by_subtype.csv", comment="#").set_index("group")
    assert table["n"].to_dict() == {"NSCLC-like": 3, "SCLC-like": 3, "Unclassified": 2}
    # a second run starts no kernel; a change of one parameter reruns the notebooks that take it, no other
    again = run(own_run)
    assert "no notebook was run" in again.stdout
    own_run.write_text(own_run.read_text() + "drivers: [STK11, KRAS]\n")
    changed = run(own_run)
    assert "02_outcomes" in changed.stdout and "04_genomic" not in changed.stdout.split("\n\n")[0]
    # the data change: everything that reads them reruns
    samples = Path(next(line for line in own_run.read_text().splitlines() if line.startswith("cohort"))[8:])
    text = (samples / "data_clinical_patient.txt").read_text().replace("4.5", "4.6")
    (samples / "data_clinical_patient.txt").write_text(text)
    # what the review prints needs no cohort, and stays current
    entries = params.read_yaml(paths.PANELS)
    states = {
        (bool(entries[panel]["roles"]), state)
        for _, panel, state in runs.verify(params.read_run(own_run))
        if not state.startswith("skipped")
    }
    assert states == {(True, "stale"), (False, "current")}


@pytest.mark.parametrize("name", ["s", "my-cohort", "7b"])
def test_a_run_may_have_any_name_that_params_allow(own_run, name):
    file = own_run.with_name(f"{name}.yaml")
    file.write_text(own_run.read_text().replace("run: mine", f"run: {name}") + 'sclc: ""\n')
    outcome = runs.batch([file], ["00"], cores=1)
    assert outcome.ran == [f"{name}/00_start_here"] and not outcome.failed


def test_genes_of_ones_own_choice_draw_every_panel(own_run, public_cohort):
    """The claims on STK11 and KEAP1 do not hang on the genes somebody chose to show."""
    public_cohort("msk_met_sclc")
    genes = "landscape_genes: [TP53, NF1]\noutcome_genes: [TP53]\n"
    own_run.write_text(own_run.read_text() + "sclc: msk_met_sclc\n" + genes)
    for notebook in ("04_genomic_landscape", "07_sclc_programmes"):
        runs.execute(notebook, own_run)
    assert set(records.read_record("mine", "07_sclc_programmes")["drawn"]) == {"fig4c", "fig4d"}
    assert "lcnec.fig4c.keap1" in records.read_record("mine", "07_sclc_programmes")["findings"]


def test_by_hand_through_papermill_is_the_same_result(own_run, tmp_path):
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(records.notebook_path("04_genomic_landscape")),
        str(tmp_path / "o.ipynb"),
    ]
    done = subprocess.run([*command, "-f", str(own_run), "-k", "python3"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    by_hand = records.read_record("mine", "04_genomic_landscape")
    records.record_path("mine", "04_genomic_landscape").unlink()
    runs.execute("04_genomic_landscape", own_run)
    assert records.read_record("mine", "04_genomic_landscape") == by_hand


def test_by_hand_with_a_wrong_key_ends_in_one_line_of_ours(own_run, tmp_path):
    notebook = records.notebook_path("00_start_here")
    command = [sys.executable, "-m", "papermill", str(notebook), str(tmp_path / "o.ipynb")]
    done = subprocess.run(
        [*command, "-f", str(own_run), "-p", "chort", "x", "-k", "python3"], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "unknown parameter 'chort' (did you mean 'cohort'?)" in done.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("cohort: nowhere\n", "neither a known cohort nor a folder"),
        ("chort: x\n", "unknown parameter 'chort' (did you mean 'cohort'?)"),
        ("min_group: many\n", "must be a whole number"),
    ],
)
def test_a_wrong_run_is_refused_before_any_kernel(tmp_path, monkeypatch, line, says):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "mine.yaml"
    file.write_text(f'run: mine\nicb: ""\n{line}')
    done = run(file)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_download_of_the_study_view_is_run_as_a_cohort(own_run, own_study):
    """One table, patients and samples together, as the study view gives it: no mutations, and survival."""
    rows = [line.split("\t") for line in (own_study / "data_clinical_patient.txt").read_text().splitlines()[1:]]
    head = "Study ID\tPatient ID\tSample ID\tDiagnosis Age\tOverall Survival (Months)\tOverall Survival Status\tSex\n"
    table = own_study.with_name("download.tsv")
    table.write_text(
        head + "".join(f"mine\t{id}\t{id}-01\t{age}\t{os}\t{dead}\t{sex}\n" for id, age, dead, sex, os in rows)
    )
    own_run.write_text(own_run.read_text().replace(str(own_study), str(table)))
    outcome = runs.batch([own_run], ["00", "04"], cores=1)
    assert not outcome.failed
    assert records.read_record("mine", "04_genomic_landscape")["skipped"]["fig2a"].startswith("download")
    assert runs.is_current(params.read_run(own_run), "04_genomic_landscape")
    table.write_text(table.read_text().replace("4.5", "4.6"))
    assert not runs.is_current(params.read_run(own_run), "04_genomic_landscape")


def test_an_unknown_notebook_is_refused_with_the_nearest(own_run):
    with pytest.raises(UserError, match=r"no notebook '02_outcome' \(did you mean '02_outcomes'\?\)"):
        runs.choose(["02_outcome"])
    assert runs.choose(["02"]) == ["02_outcomes"]


def test_a_killed_run_resumes_and_leaves_no_orphan(own_run):
    """kill -9 on the whole command while a kernel works: the papermill child lives on, and the next run ends it."""
    import psutil

    few = ["-n", "02", "-n", "04"]
    command = [*LCNEC, "run", "--params", str(own_run), "--cores", "1", *few]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    pids = paths.build("mine")
    deadline = time.monotonic() + 120
    while not (started := list(pids.glob(".*.pid"))):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.05)
    [engine] = [child for child in psutil.Process(first.pid).children() if "snakemake" in child.cmdline()]
    orphan = psutil.Process(int(started[0].read_text().split()[0]))
    first.send_signal(signal.SIGKILL)
    engine.send_signal(signal.SIGKILL)
    first.wait()
    assert orphan.is_running(), "the child outlives its parents, as papermill's does"
    assert records.read_record("mine", started[0].stem.lstrip(".")) is None
    done = run(own_run, *few)
    assert done.returncode == 0, done.stderr
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert not list(pids.glob(".*.pid")) and not list(pids.glob(".*.tmp"))
    states = {state for name, _, state in runs.verify(params.read_run(own_run)) if name in runs.choose(few[1::2])}
    assert {state for state in states if not state.startswith("skipped")} == {"current"}


def test_a_process_that_took_over_the_recorded_id_is_left_alone(own_run):
    folder = paths.build("mine")
    folder.mkdir(parents=True)
    sleeper = subprocess.Popen(["sleep", "30"])
    (folder / ".02_outcomes.pid").write_text(f"{sleeper.pid} 12345.0")
    assert runs.end_orphans() == 0
    assert sleeper.poll() is None
    sleeper.kill()


def test_two_runs_in_one_folder_do_not_mix(own_run):
    import filelock

    (paths.output_root() / "build").mkdir(parents=True)
    with filelock.FileLock(paths.output_root() / "build" / ".run.lock"):
        with pytest.raises(UserError, match="another run is going on"):
            runs.batch([own_run])


@pytest.fixture
def one_made(own_run):
    """The landscape notebook of own_run, made."""
    runs.execute("04_genomic_landscape", own_run)
    return own_run


def test_verify_tells_altered_missing_and_stale(one_made, monkeypatch):
    file = params.read_run(one_made)
    folder = paths.figures("mine")

    def states():
        return {panel: state for _, panel, state in runs.verify(file)}

    before = states()
    assert (before["fig2a"], before["fig2d"], before["figS8"]) == ("current",) * 3
    assert before["os_by_subtype"] == "not drawn yet"
    (folder / "fig2a.csv").write_text((folder / "fig2a.csv").read_text().replace("True", "False", 1))
    (folder / "fig2d.svg").unlink()
    after = states()
    assert (after["fig2a"], after["fig2d"], after["figS8"]) == ("altered", "missing", "current")
    monkeypatch.setattr(provenance, "of_notebook", lambda path: "another code")
    assert states()["figS8"] == "stale"
    assert cli.main(["verify", str(one_made)]) == 1


def test_figures_of_a_fresh_clone_are_tracked_ones_whose_numbers_are_checked(one_made):
    """Without a manifest, which is not tracked, a figure's own table says with which parameters it was made."""
    folder = paths.figures("mine")
    (folder / "manifest.json").unlink()

    def state(file):
        return {panel: state for _, panel, state in runs.verify(params.read_run(file))}["fig2a"]

    assert state(one_made) == "tracked"
    one_made.write_text(one_made.read_text() + "landscape_genes: [TP53]\n")
    assert state(one_made) == "stale"
    (folder / "fig2a.csv").write_text((folder / "fig2a.csv").read_text().replace("True", "False", 1))
    assert state(one_made) == "altered"


def test_a_plot_changes_only_the_notebooks_that_import_it():
    """The closure of imports decides: comut.py belongs to 04, kaplan_meier.py to 02, 06, 12 and 13."""
    closure = {name: provenance.import_closure(records.notebook_path(name)) for name in runs.notebooks()}
    users = {name for name, modules in closure.items() if "lcnec_utils.plots.comut" in modules}
    assert users == {"04_genomic_landscape"}
    users = {name for name, modules in closure.items() if "lcnec_utils.plots.kaplan_meier" in modules}
    assert users == {"02_outcomes", "06_subtype_classifier", "12_car_t_contexture", "13_icb_resistance"}
    assert all(
        "lcnec_utils.run.page" in modules and "lcnec_utils.cohort.read" in modules for modules in closure.values()
    )
    assert not any("lcnec_utils.cli" in modules or "lcnec_utils.run.runs" in modules for modules in closure.values())


@pytest.fixture
def made_before(tmp_path, monkeypatch) -> dict[Path, params.RunParameters]:
    """Two runs of which every notebook has a record that today's inputs make."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    of_files = {paths.PARAMS / name: params.read_run(paths.PARAMS / name) for name in ("oak.yaml", "poplar.yaml")}
    with provenance.taken_once():
        for run in of_files.values():
            paths.build(run.run).mkdir(parents=True)
            paths.figures(run.run).mkdir(parents=True)
            for notebook in sorted(runs.notebooks_of(run), key=lambda name: name in records.READS_FINDINGS):
                record = {
                    "notebook": notebook, "run": run.run, "simulated": False, "drawn": {}, "skipped": {},
                    "published": {}, "findings": {}, "inputs": records.input_digests(notebook, run),
                }  # fmt: skip
                records.write_record(record)
    return of_files


def test_nothing_changed_is_seen_from_one_digest_of_each_file_and_nothing_is_started(made_before, monkeypatch):
    digests, of_file = [], provenance.of_file
    monkeypatch.setattr(provenance, "of_file", lambda path: digests.append(path) or of_file(path))
    monkeypatch.setattr(runs, "prepare", lambda run: [])
    monkeypatch.setattr(subprocess, "Popen", None)
    outcome = runs.batch(list(made_before))
    assert outcome.ran == [] and not outcome.failed
    modules = [path for path in digests if path.suffix == ".py"]
    assert len(modules) > 100 and len(modules) == len(set(modules)), "though two runs ask for it, and every notebook"


def test_after_an_edit_of_a_plot_only_the_notebooks_that_use_it_are_stale(made_before, tmp_path, monkeypatch):
    """Those that read what they found stay open until that is known."""
    where, edited = provenance._module_file, tmp_path / "comut.py"
    edited.write_bytes(where("lcnec_utils.plots.comut").read_bytes() + b"# edited\n")
    plot = "lcnec_utils.plots.comut"
    monkeypatch.setattr(provenance, "_module_file", lambda module: edited if module == plot else where(module))
    stale, still_open = (
        [(run.run, notebook) for _, run, notebook in part] for part in runs._stale(made_before, runs.notebooks())
    )
    assert sorted(stale) == [(run.run, "04_genomic_landscape") for run in made_before.values()]
    readers = ["10_therapeutic_model", "14_claims"]
    assert sorted(still_open) == [(run.run, notebook) for run in made_before.values() for notebook in readers]


def test_what_a_download_was_lacking_for_is_drawn_once_it_can_be_had(made_before, monkeypatch):
    file, run = next(iter(made_before.items()))
    path = records.record_path(run.run, "08_fgl1_spink1")
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | {"lacking": [["til10", "TIL10_signature.txt"]]}), encoding="utf-8")
    answers = {}

    def fetched(dataset, name):
        answers[dataset] = name
        raise DownloadError("no network")

    monkeypatch.setattr(runs, "fetch", fetched)
    assert runs.is_current(run, "08_fgl1_spink1") and answers == {"til10": "TIL10_signature.txt"}
    monkeypatch.setattr(runs, "fetch", lambda *_: Path("there"))
    assert not runs.is_current(run, "08_fgl1_spink1")
    assert runs.is_current(run, "09_microenvironment")


@pytest.mark.parametrize("found", ["the same", "another", "nothing"])
def test_what_reads_findings_runs_again_where_they_have_changed_and_only_there(made_before, monkeypatch, found):
    """Nothing is executed here: what a notebook leaves is written by the test."""
    file, run = next(iter(made_before.items()))
    path = records.record_path(run.run, "04_genomic_landscape")
    readers = {name: records.record_path(run.run, name) for name in ("10_therapeutic_model", "14_claims")}
    before = {place: place.read_text(encoding="utf-8") for place in (path, *readers.values())}
    older = json.loads(before[path])
    path.write_text(json.dumps(older | {"inputs": older["inputs"] | {"code": "older"}}), encoding="utf-8")
    passes = []

    def executed(wanted, *_) -> list[str]:
        passes.append([name for _, _, name in wanted])
        if len(passes) == 1:
            path.unlink()
        if len(passes) == 1 and found != "nothing":
            record = json.loads(before[path])
            record["findings"] |= {"another claim": {"verdict": "equal"}} if found == "another" else {}
            path.write_text(json.dumps(record), encoding="utf-8")
        if len(passes) == 2:
            for name, place in readers.items():
                record = json.loads(before[place]) | {"inputs": records.input_digests(name, run)}
                place.write_text(json.dumps(record), encoding="utf-8")
        return [f"{run.run}/{name}" for _, _, name in wanted]

    monkeypatch.setattr(runs, "_run_these", executed)
    try:
        ran = runs._run_stale({file: run}, runs.notebooks(), None, print)
        again = [sorted(readers)] if found == "another" else []
        assert passes == [["04_genomic_landscape"], *again] and len(ran) == 1 + 2 * len(again)
        # what spoke of the findings of a notebook that has failed is there no more
        assert [place.exists() for place in readers.values()] == [found != "nothing"] * 2
    finally:
        for place, text in before.items():
            place.write_text(text, encoding="utf-8")


def test_a_failing_notebook_is_one_line_with_its_log(own_run, monkeypatch, tmp_path):
    book = json.loads(records.notebook_path("00_start_here").read_text())
    book["cells"][-1]["source"] = ["1 / 0"]
    notebooks = tmp_path / "notebooks"
    shutil.copytree(paths.NOTEBOOKS, notebooks)
    (notebooks / "00_start_here.ipynb").write_text(json.dumps(book))
    monkeypatch.setattr(paths, "NOTEBOOKS", notebooks)
    with pytest.raises(runs.NotebookFailed, match="ended in ZeroDivisionError: division by zero") as error:
        runs.execute("00_start_here", own_run)
    assert "\n" not in str(error.value)
    assert records.read_record("mine", "00_start_here") is None


def test_no_cohort_to_be_had_is_one_line_each_and_fails_only_if_nothing_is_drawn(tmp_path):
    env = {
        **os.environ,
        "LCNEC_OUTPUT_DIR": str(tmp_path / "out"),
        "LCNEC_COHORTS_DIR": str(tmp_path / "cohorts"),
        "LCNEC_CACHE_DIR": str(tmp_path / "cache"),
        "LCNEC_MIRROR": "http://127.0.0.1:9",
    }
    env.pop("LCNEC_DATA_DIR", None)
    done = subprocess.run(
        [*LCNEC, "batch", str(paths.PARAMS / "msk_met.yaml")], env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for name in ("msk_met_lcnec", "nsclc_pd1_msk_2018"):
        assert len([line for line in done.stdout.splitlines() if line.startswith(f"{name}: ")]) == 1
    assert len(done.stdout.splitlines()) == 3, "a line per cohort, and nothing else"
    assert not list((tmp_path / "out").glob("figures/*/*")), "nothing is drawn, and nothing drawn before is touched"


@pytest.mark.parametrize("called", ["lcnec", "a folder"])
def test_a_suggested_command_is_written_as_it_can_be_called(tmp_path, called):
    """On the path `lcnec`, elsewhere with its folder."""
    script = Path(sys.executable).with_name("lcnec")
    env = {**os.environ, "LCNEC_OUTPUT_DIR": str(tmp_path), "PATH": os.environ["PATH"].replace(str(script.parent), "")}
    if called == "lcnec":
        env["PATH"] = f"{script.parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run([script, "claims"], env=env, cwd=script.parent.parent, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"`{'lcnec' if called == 'lcnec' else 'bin/lcnec'} run --params params/twin.yaml`" in done.stderr


def test_help_names_the_folders_that_can_be_moved_and_loads_nothing_heavy():
    code = "import sys; from lcnec_utils import cli; cli._parser().format_help(); print(*sys.modules, sep='\\n')"
    modules = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
    assert not modules & {"numpy", "pandas", "pydantic", "matplotlib", "papermill", "yaml"}
    assert "LCNEC_OUTPUT_DIR" in cli._parser().format_help()


def test_what_only_starts_a_kernel_loads_no_pandas():
    code = "import sys; from lcnec_utils.run import runs; print(*sys.modules, sep='\\n')"
    modules = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
    assert "lcnec_utils.run.execution" in modules and not modules & {"numpy", "pandas", "matplotlib", "scipy"}


def test_the_longest_notebook_is_started_first():
    """Snakemake's own word: the rule's priority, by what earlier runs took, else by a table."""
    from lcnec_utils.run import progress

    assert max(runs.notebooks(), key=lambda name: progress.expected_seconds("twin", name)) == "06_subtype_classifier"
    assert "priority: lambda wildcards: round(progress.expected_seconds(" in (paths.ROOT / "Snakefile").read_text()
