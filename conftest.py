"""What tests and notebooks under test share: an output folder, one thread, and skips that CI turns into failures."""

import os
import shutil
from pathlib import Path

# before anything imports numpy: two cores gain nothing from threads inside a test, and the last digits move with them
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)

import pytest  # noqa: E402

ROOT = Path(__file__).parent
# two halves may run side by side (tests/halves.py), each with a folder of its own
TEST_OUTPUT = ROOT / "build" / os.environ.get("LCNEC_TEST_FOLDER", "test")

# Nothing under test writes to figures/; kernels that nbval starts inherit this.
os.environ["LCNEC_OUTPUT_DIR"] = str(TEST_OUTPUT)
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

from lcnec_utils import params, provenance, runs  # noqa: E402
from lcnec_utils.deconvolution import FILES  # noqa: E402
from lcnec_utils.public import build  # noqa: E402
from lcnec_utils.public.fetch import DownloadError, fetch  # noqa: E402

os.environ.update(runs.SINGLE_THREAD)
# what lay in figures/ before anything was tested
FIGURES_AT_START = provenance.of_folder(ROOT / "figures")


def required(what: str) -> bool:
    """Whether LCNEC_REQUIRE (a comma-separated list) turns a skip for want of this into a failure."""
    return what in os.environ.get("LCNEC_REQUIRE", "").split(",")


def skip_or_fail(what: str, reason: str) -> None:
    """Skip with a reason, or fail where LCNEC_REQUIRE names what is missing."""
    if required(what):
        pytest.fail(f"{reason}, and LCNEC_REQUIRE names {what}")
    pytest.skip(reason)


def without_gene_sets() -> list[str]:
    """Why gene sets or signature cannot be had, of which the stored outputs of the default run speak; nothing where
    they can."""
    try:
        for dataset, file in [("genesets", "h.all.v7.5.1.symbols.gmt"), *(("til10", file) for file in FILES)]:
            fetch(dataset, file)
    except DownloadError as error:
        return [str(error)]
    return []


def pytest_collection_modifyitems(items):
    """The notebooks' default run needs its cohorts: skip them with a reason where those cannot be had."""
    notebooks = [item for item in items if item.path.suffix == ".ipynb"]
    if not notebooks:
        return
    shutil.rmtree(TEST_OUTPUT, ignore_errors=True)
    lines = runs.prepare(params.RunParameters())
    lines += without_gene_sets()
    if not lines:
        return
    if required("data"):
        raise pytest.UsageError(f"LCNEC_REQUIRE names data, but {lines[0]}")
    for item in notebooks:
        item.add_marker(pytest.mark.skip(reason=f"what the default run needs cannot be had: {lines[0]}"))


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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(TEST_OUTPUT))
        outcome = runs.batch([file])
    assert not outcome.failed, outcome.failed
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
            runs.execute(notebook, file)
    return TEST_OUTPUT / "figures" / "gabriel2020"


@pytest.fixture(scope="session")
def default_run() -> Path:
    """The figures of the default run, which the notebooks under test have just made."""
    folder = TEST_OUTPUT / "figures" / params.RunParameters().run
    if not folder.exists():
        pytest.skip("the notebooks have not run in this session")
    return folder


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
