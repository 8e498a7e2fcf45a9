"""Profiles: what is refused before anything starts, how Snakemake is called, and what is told of jobs elsewhere."""

import json
import os
import subprocess
import sys

import pytest

from lcnec_utils.core import paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import cluster, records


def profile(folder, text: str):
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(text)
    return folder


def with_plugin(monkeypatch, tmp_path) -> None:
    """An environment in which the plugin is installed, and `sbatch` on the path."""
    (tmp_path / "snakemake_executor_plugin_slurm").mkdir()
    (tmp_path / "snakemake_executor_plugin_slurm" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def test_without_a_profile_notebooks_run_here():
    assert cluster.engine().options == ["--cores", "2"]
    assert cluster.engine(3).options == ["--cores", "3"] and not cluster.engine(3).elsewhere


def test_the_shipped_profile_is_one_for_slurm(monkeypatch, tmp_path):
    with_plugin(monkeypatch, tmp_path)
    folder = paths.ROOT / "profiles" / "slurm"
    engine = cluster.engine(None, folder)
    assert (engine.executor, engine.jobs, engine.logs, engine.elsewhere) == ("slurm", 100, "build/slurm_logs", True)
    assert engine.options == ["--profile", str(folder)]
    fewer = cluster.engine(7, folder)
    assert (fewer.options[2:], fewer.jobs, fewer.here) == (["--jobs", "7"], 7, 2)


def test_a_profile_for_this_machine_needs_no_plugin(tmp_path):
    engine = cluster.engine(None, profile(tmp_path / "here", "cores: 3\nretries: 1\n"))
    assert (engine.executor, engine.jobs, engine.elsewhere) == ("local", 3, False)
    assert cluster.engine(1, tmp_path / "here").options == ["--profile", str(tmp_path / "here"), "--cores", "1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "holds no config.yaml; profiles/slurm is an example"),
        ("executor: slrum\n", "has no snakemake-executor-plugin-slrum; install it there"),
        ("executor: slurm\nexecutor: slurm\n", "config.yaml"),
    ],
)
def test_a_wrong_profile_is_refused_in_one_line(tmp_path, text, says):
    folder = tmp_path / "mine"
    if text:
        profile(folder, text)
    with pytest.raises(UserError, match=says) as refused:
        cluster.engine(None, folder)
    assert len(str(refused.value).splitlines()) == 1


def test_where_no_job_can_be_submitted_the_command_refuses(monkeypatch, tmp_path):
    with_plugin(monkeypatch, tmp_path)
    (tmp_path / "sbatch").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no `sbatch` on this machine"):
        cluster.engine(None, paths.ROOT / "profiles" / "slurm")


def test_what_jobs_elsewhere_came_to_is_read_from_their_records(monkeypatch, tmp_path):
    """Each notebook is told once, with the seconds from its kernel's start to its record."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    monkeypatch.setattr(cluster, "LOOK_EVERY_S", 0.05)
    record = records.record_path("mine", "02_outcomes")
    (record.parent / "notebooks").mkdir(parents=True)
    started = {"metadata": {"papermill": {"start_time": "2026-01-01T00:00:00+00:00"}}}
    (record.parent / "notebooks" / "02_outcomes.ipynb").write_text(json.dumps(started))
    record.write_text(json.dumps({"drawn": {"a": {}, "b": {}}, "skipped": {"c": "why"}}))
    os.utime(record, (1767225600 + 42, 1767225600 + 42))
    snakemake = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    told = [str(ended) for ended in cluster.follow(snakemake, [("mine", "02_outcomes"), ("mine", "04_none")])]
    assert told == ["mine 02_outcomes: 2 drawn, 1 skipped, 42 s"]


def test_what_a_job_says_to_the_user_is_told_once(monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    logs = tmp_path / "logs" / "rule_notebook"
    logs.mkdir(parents=True)
    for job in (1, 2):
        (logs / f"{job}.log").write_text("rule notebook:\nlcnec: 02_outcomes: cell 3 ended in KeyError: 'x'\nlcnec\n")
    (logs / "0.log").write_text("lcnec: of an earlier batch\n")
    os.utime(logs / "0.log", (1000, 1000))
    engine = cluster.Engine([], "slurm", 1, 1, "logs")
    assert cluster.said_by_jobs(engine, since=2000) == ["lcnec: 02_outcomes: cell 3 ended in KeyError: 'x'"]
    assert cluster.said_by_jobs(cluster.engine(), since=0) == []
