"""A batch through a real Slurm on this machine: the bytes of a local one, whatever is killed on the way.

Skipped where Slurm or an environment with Snakemake's plugin is lacking (`make cluster` makes one; LCNEC_CLUSTER_PYTHON
names another's interpreter); LCNEC_REQUIRE=slurm makes that a failure. Costs about 30 s of CPU a batch.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from conftest import skip_or_fail
from lcnec_utils.core import paths

sys.path.insert(0, str(Path(__file__).parent))
import local_slurm  # noqa: E402

NOTEBOOKS = ["-n", "01", "-n", "04"]
PATIENCE_S = 400


@pytest.fixture(scope="module")
def cluster_python() -> str:
    """The interpreter of an environment that holds Snakemake's plugin for Slurm."""
    python = Path(os.environ.get("LCNEC_CLUSTER_PYTHON") or paths.ROOT / ".venv-cluster" / "bin" / "python")
    # by name, not imported: the plugin would ask a controller
    code = "import importlib.util, papermill; assert importlib.util.find_spec('snakemake_executor_plugin_slurm')"
    if not python.exists() or subprocess.run([python, "-c", code], capture_output=True).returncode:
        skip_or_fail("slurm", "no environment with snakemake-executor-plugin-slurm (`make cluster` makes one)")
    return str(python)


@pytest.fixture(scope="module", params=["squeue", "sacct"])
def slurm(request):
    """The environment of a Slurm on loopback, with accounts (then `sacct` tells how jobs ended) or without."""
    lacking = local_slurm.lacking(request.param == "sacct")
    if lacking:
        skip_or_fail("slurm", f"Slurm is not installed: no {', '.join(lacking)}")
    with local_slurm.running(accounting=request.param == "sacct") as environment:
        yield {**environment, "STATUS_COMMAND": request.param}


@pytest.fixture
def profile(slurm, tmp_path) -> Path:
    """The shipped profile at the pace of a test: small jobs, and asked for every few seconds."""
    settings = yaml.safe_load((paths.ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    settings |= {
        "slurm-init-seconds-before-status-checks": 3,
        "slurm-status-command": slurm["STATUS_COMMAND"],
        "default-resources": settings["default-resources"] | {"mem_mb": 1500},
    }
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def results(folder: Path) -> dict[str, bytes]:
    """What a batch left for readers: every figure, table, manifest and record, by its path."""
    files = [*(folder / "figures").rglob("*.*"), *(folder / "build").glob("*/[0-9]*.json")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files if file.is_file()}


def assert_same(made: dict[str, bytes], local: dict[str, bytes]) -> None:
    """Two batches left the same files, byte for byte."""
    assert set(made) == set(local)
    assert [name for name in sorted(local) if made[name] != local[name]] == []


@pytest.fixture
def local(own_run, tmp_path) -> dict[str, bytes]:
    """The results of the batch without a cluster, in the environment of the tests."""
    environment = {**os.environ, "LCNEC_OUTPUT_DIR": str(tmp_path / "local")}
    command = [sys.executable, "-m", "lcnec_utils.cli", "batch", str(own_run), *NOTEBOOKS]
    subprocess.run(command, env=environment, cwd=paths.ROOT, check=True, capture_output=True)
    made = results(tmp_path / "local")
    assert {Path(name).suffix for name in made} == {".svg", ".png", ".csv", ".json"}
    return made


class Batch:
    """`lcnec batch --profile` on a local Slurm, that can be called again."""

    def __init__(self, python: str, file: Path, folder: Path, profile: Path, slurm: dict[str, str]):
        self.folder = folder
        self.environment = {**slurm, "LCNEC_OUTPUT_DIR": str(folder), "PYTHONPATH": str(paths.ROOT)}
        self.command = [python, "-m", "lcnec_utils.cli", "batch", str(file), *NOTEBOOKS, "--profile", str(profile)]

    def start(self) -> subprocess.Popen:
        """The command, started."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command, env=self.environment, cwd=paths.ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    def kernel(self, command: subprocess.Popen) -> psutil.Process:
        """The papermill process of a job, once one works."""
        end = time.monotonic() + PATIENCE_S
        while True:
            for file in (self.folder / "build").glob("mine/.*.pid"):
                try:
                    process = psutil.Process(int(file.read_text().split()[0]))
                    if process.children():
                        return process
                except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
                    pass
            assert command.poll() is None and time.monotonic() < end, command.stdout.read()
            time.sleep(0.1)

    def jobs(self, *states: str) -> list[str]:
        """Ids of the jobs in Slurm's queue; in all states, ended ones too, where none is named."""
        states = ",".join(states) or "all"
        listed = ["squeue", "--noheader", "--format=%i", f"--states={states}"]
        return subprocess.run(listed, env=self.environment, capture_output=True, text=True).stdout.split()


@pytest.fixture
def batch(cluster_python, own_run, tmp_path, profile, slurm) -> Batch:
    """The same batch through Slurm, in a folder whose name has a space."""
    return Batch(cluster_python, own_run, tmp_path / "through slurm", profile, slurm)


def test_a_job_that_is_killed_midway_is_submitted_again_and_the_results_are_the_local_ones(batch, local):
    before = len(batch.jobs())
    command = batch.start()
    batch.kernel(command).kill()
    said, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0, said
    assert "[2/2] mine" in said, "each notebook is counted, though its job's words stay on its node"
    assert len(batch.jobs()) - before == 3, "two notebooks, one of them twice"
    assert_same(results(batch.folder), local)
    again = batch.start()
    assert "no notebook was run" in again.communicate(timeout=PATIENCE_S)[0]


def test_a_batch_whose_snakemake_is_killed_goes_on_and_its_left_jobs_are_cancelled(batch, local):
    first = batch.start()
    batch.kernel(first).suspend()  # so that one job cannot end before it is cancelled
    engine = psutil.Process(first.pid).children()[0]
    first.send_signal(signal.SIGKILL)
    engine.send_signal(signal.SIGKILL)
    first.wait()
    left = batch.jobs("RUNNING", "PENDING")
    assert left, "what is submitted outlives Snakemake"
    second = batch.start()
    said, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, said
    cancelled = set(batch.jobs("CANCELLED"))
    assert re.search(rf"^cancelled {len(cancelled)} jobs? of an earlier batch that was killed$", said, re.M), said
    assert cancelled and cancelled <= set(left) and not batch.jobs("RUNNING", "PENDING")
    assert_same(results(batch.folder), local)
