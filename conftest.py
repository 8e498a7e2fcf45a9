"""What tests and notebooks under test share: an output folder, one thread, and skips that CI turns into failures."""

import os
import re
import shutil
import sys
import time
from functools import cache
from pathlib import Path

# before anything imports numpy: two cores gain nothing from threads inside a test, and the last digits move with them
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)

import pytest  # noqa: E402

ROOT = Path(__file__).parent
# what the notebooks under test and the runs under test make: a folder of this session, which its workers share
SESSION = os.environ.setdefault("LCNEC_TEST_SESSION", str(os.getpid()))
TEST_OUTPUT = ROOT / "build" / "test" / SESSION

# Nothing under test writes to figures/; kernels that nbval starts inherit this.
os.environ["LCNEC_OUTPUT_DIR"] = str(TEST_OUTPUT)
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

from lcnec_utils.core import params, paths, provenance  # noqa: E402
from lcnec_utils.omics.deconvolution import FILES  # noqa: E402
from lcnec_utils.public import build  # noqa: E402
from lcnec_utils.public.fetch import DownloadError, fetch  # noqa: E402
from lcnec_utils.run import records, runs  # noqa: E402

os.environ.update(runs.SINGLE_THREAD)
# Their stored outputs come from runs that a session of tests does not make, so nbval leaves them out: tests/run goes
# through their cells on planted records, and tests/test_figures.py holds what they store against what is tracked
collect_ignore = [f"notebooks/{name}.ipynb" for name in records.READS_RUNS]
# what lay in figures/ before anything was tested
FIGURES_AT_START = provenance.of_folder(ROOT / "figures")
# files that take longest go first, so that no worker is left with one of them at the end
LONGEST = [
    "06_subtype_classifier.ipynb", "09_microenvironment.ipynb", "08_fgl1_spink1.ipynb", "test_slurm.py", "test_site.py",
    "test_lab.py", "test_outcomes.py", "test_commands.py", "test_twins.py", "test_runs.py", "test_free_twins.py",
    "test_histology.py", "test_without_kernel.py", "test_ledger.py", "test_site_build.py",
]  # fmt: skip
PATIENCE_S = 900  # that a test waits for a notebook which another worker has under test


@pytest.fixture(autouse=True)
def style_and_closed_figures():
    """The house's style before a test and no open figure after it, once anything has loaded what draws."""
    if palette := sys.modules.get("lcnec_utils.plots.palette"):
        palette.apply()
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def required(what: str) -> bool:
    """Whether LCNEC_REQUIRE (a comma-separated list) turns a skip for want of this into a failure."""
    return what in os.environ.get("LCNEC_REQUIRE", "").split(",")


def skip_or_fail(what: str, reason: str) -> None:
    """Skip with a reason, or fail where LCNEC_REQUIRE names what is missing."""
    if required(what):
        pytest.fail(f"{reason}, and LCNEC_REQUIRE names {what}")
    pytest.skip(reason)


def is_worker(config) -> bool:
    """Whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def pytest_sessionstart(session):
    """Before workers start: what ended sessions made goes, and cohorts are built once."""
    import psutil

    if is_worker(session.config) or session.config.option.collectonly:
        return
    for folder in TEST_OUTPUT.parent.glob("[0-9]*"):
        if folder.name == SESSION or not psutil.pid_exists(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    asked = [Path(arg.split("::")[0]).resolve() for arg in session.config.args]
    if any(ROOT / "notebooks" in (path, *path.parents) or path in (ROOT, ROOT / "tests") for path in asked):
        for file in runs.shipped():
            runs.prepare(params.read_run(file))


def pytest_sessionfinish(session):
    """Nothing under test writes to figures/: a session that did has failed, whatever its tests say."""
    if not is_worker(session.config) and provenance.of_folder(ROOT / "figures") != FIGURES_AT_START:
        print("\nfigures/ is not what it was before the tests: something under test wrote there")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@cache
def lacking() -> dict[str, str]:
    """Public data sets that the default run reads and this machine cannot have, with the reason."""
    reasons = {}
    for dataset, files in (("genesets", ["h.all.v7.5.1.symbols.gmt"]), ("til10", FILES)):
        try:
            for file in files:
                fetch(dataset, file)
        except DownloadError as error:
            reasons[dataset] = str(error)
    return reasons


def datasets_read(notebook: str) -> set[str]:
    """The public data sets that a notebook of the default run reads."""
    code = provenance.code_cells(records.notebook_path(notebook))
    read = set(re.findall(r"page\.public_files?\(\"(\w+)\"", code))
    # the one twin that a public file goes into
    return read | {"til10"} if re.search(r"^mixtures: ", code, re.M) else read


def of_default_run() -> list[str]:
    """The notebooks of the default run."""
    return runs.notebooks_of(params.RunParameters())


@cache
def what_a_notebook_lacks(notebook: str) -> str:
    """Why the stored outputs of a notebook cannot be had on this machine; nothing where they can."""
    read = datasets_read(notebook)
    if notebook in records.READS_FINDINGS:  # they say what the others found
        read |= set().union(*(datasets_read(name) for name in of_default_run() if name not in records.READS_FINDINGS))
    return next((lacking()[dataset] for dataset in sorted(read) if dataset in lacking()), "")


def pytest_collection_modifyitems(items):
    """Notebooks first, those that read what the others found at their end; of both and of tests the longest first."""
    notebooks = [item for item in items if item.path.suffix == ".ipynb"]

    def place(item) -> tuple:
        rank = LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST)
        if item.path.suffix != ".ipynb":
            return (2, rank)
        return (int(item.path.stem in records.READS_FINDINGS), rank, item.path.stem)

    items.sort(key=place)  # a stable sort: cells stay in order
    for name in {item.path.stem for item in notebooks}:
        reason = what_a_notebook_lacks(name)
        if reason and required("data"):
            raise pytest.UsageError(f"LCNEC_REQUIRE names data, but {reason}")
        if reason:
            for item in notebooks:
                if item.path.stem == name:
                    item.add_marker(pytest.mark.skip(reason=f"{name} reads a file that cannot be had: {reason}"))


def pytest_runtest_setup(item):
    """A notebook that reads what the others found is tested once they have ended."""
    if item.path.suffix == ".ipynb" and item.path.stem in records.READS_FINDINGS and item.cell_num == 0:
        make_default_run(item.session, [name for name in of_default_run() if name not in records.READS_FINDINGS])


def once(what: str, make) -> None:
    """Make something of this session, whichever worker needs it first; the others wait for it."""
    from filelock import FileLock

    TEST_OUTPUT.mkdir(parents=True, exist_ok=True)
    with FileLock(TEST_OUTPUT / f".{what}.lock"):
        mark = TEST_OUTPUT / f".{what}.made"
        if not mark.exists():
            make()
            mark.touch()


def make_default_run(session, notebooks: list[str]) -> Path:
    """The figures of these notebooks of the default run.

    A notebook that this session has under test makes its own figures: it is waited for. Any other is executed.
    """
    file = paths.PARAMS / f"{params.RunParameters().run}.yaml"
    under_test = {item.path.stem for item in session.items if item.path.suffix == ".ipynb"}
    for name in notebooks:
        if what_a_notebook_lacks(name):
            pytest.skip(what_a_notebook_lacks(name))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LCNEC_OUTPUT_DIR", str(TEST_OUTPUT))
            run = params.read_run(file).run
            if name not in under_test:
                once(f"{run}.{name}", lambda name=name: runs.execute(name, file))
            end = time.monotonic() + PATIENCE_S
            while records.read_record(run, name) is None:
                if time.monotonic() > end:
                    pytest.fail(f"notebook {name}, which is under test in this session, has not ended")
                time.sleep(0.5)
    return TEST_OUTPUT / "figures" / params.read_run(file).run


def named_folder(variable: str, what: str, holding: str) -> Path:
    """The folder an environment variable names; where there is none, a skip or a failure."""
    folder = Path(os.environ.get(variable, ""))
    if not os.environ.get(variable) or not folder.is_dir():
        skip_or_fail(what, f"{variable} names no folder of {holding}")
    return folder


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public files named by LCNEC_DATA_DIR."""
    return named_folder("LCNEC_DATA_DIR", "data", "public files")


@pytest.fixture(scope="session")
def sources_dir() -> Path:
    """The folder of source texts named by LCNEC_SOURCES_DIR."""
    return named_folder("LCNEC_SOURCES_DIR", "sources", "source texts")


@pytest.fixture(scope="session")
def public_cohort():
    """A function from a public cohort's name to its built study folder."""

    def built(name: str) -> Path:
        try:
            return build.build(name)
        except DownloadError as error:
            skip_or_fail("data", str(error))

    return built


@pytest.fixture(scope="session")
def public_run() -> Path:
    """The figures of the run on public cohorts, made in this session."""
    file = ROOT / "params" / "msk_met.yaml"
    lines = runs.prepare(params.read_run(file))
    if lines:
        skip_or_fail("data", lines[0])

    def make():
        outcome = runs.batch([file])
        assert not outcome.failed, outcome.failed

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(TEST_OUTPUT))
        once("msk_met", make)
    return TEST_OUTPUT / "figures" / "msk_met"


# notebooks of the run on public expression that draw more than the other runs' tests see
OF_EXPRESSION = ["06_subtype_classifier", "07_sclc_programmes"]


@pytest.fixture(scope="session")
def expression_run() -> Path:
    """The figures of the run on public expression, of OF_EXPRESSION, made in this session."""
    file = ROOT / "params" / "gabriel2020.yaml"
    lines = runs.prepare(params.read_run(file))
    if lines:
        skip_or_fail("data", lines[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(TEST_OUTPUT))
        for notebook in OF_EXPRESSION:
            once(f"gabriel2020.{notebook}", lambda notebook=notebook: runs.execute(notebook, file))
    return TEST_OUTPUT / "figures" / "gabriel2020"


@pytest.fixture(scope="session")
def default_run(request) -> Path:
    """The figures of the default run, made in this session."""
    return make_default_run(request.session, of_default_run())


@pytest.fixture(scope="session")
def rscript() -> str:
    """The path of Rscript."""
    path = shutil.which("Rscript")
    if not path:
        skip_or_fail("r", "R is not installed")
    return path


PATIENTS = """PATIENT_ID\tAGE\tOS_STATUS\tSEX\tOS_MONTHS
A1\t61\t1:DECEASED\tFemale\t4.5
A2\t70\t0:LIVING\tMale\t30
A3\t55\t1:DECEASED\tMale\t12
A4\t66\t1:DECEASED\tFemale\t8
A5\t59\t0:LIVING\tFemale\t22.5
A6\t73\t1:DECEASED\tMale\t15
A7\t64\t1:DECEASED\tMale\t2
A8\t68\t0:LIVING\tFemale\t18
"""
SAMPLES = "SAMPLE_ID\tPATIENT_ID\tTMB_NONSYNONYMOUS\n" + "".join(f"S{i}\tA{i}\t{3 * i}\n" for i in range(1, 9))
MUTATIONS = "Tumor_Sample_Barcode\tHugo_Symbol\tVariant_Classification\n" + "".join(
    f"{sample}\t{gene}\t{kind}\n"
    for sample, gene, kind in [
        ("S1", "TP53", "Missense_Mutation"),
        ("S1", "RB1", "Nonsense_Mutation"),
        ("S2", "STK11", "Frame_Shift_Del"),
        ("S2", "KRAS", "Missense_Mutation"),
        ("S3", "TP53", "Missense_Mutation"),
        ("S4", "TP53", "Splice_Site"),
        ("S4", "RB1", "Frame_Shift_Ins"),
        ("S5", "KEAP1", "Missense_Mutation"),
        ("S6", "KRAS", "Missense_Mutation"),
        ("S7", "TP53", "Missense_Mutation"),
        ("S7", "RB1", "Splice_Site"),
    ]
)


@pytest.fixture
def own_study(tmp_path) -> Path:
    """Someone's study of eight patients: three files, columns in an order of their own."""
    folder = tmp_path / "own_study"
    folder.mkdir()
    (folder / "data_clinical_patient.txt").write_text(PATIENTS)
    (folder / "data_clinical_sample.txt").write_text(SAMPLES)
    (folder / "data_mutations.txt").write_text(MUTATIONS)
    return folder


@pytest.fixture
def own_run(own_study, tmp_path, monkeypatch) -> Path:
    """A params file for own_study, with output in a folder of its own."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "mine.yaml"
    file.write_text(f'run: mine\ncohort: {own_study}\nicb: ""\nmin_group: 2\n')
    return file
