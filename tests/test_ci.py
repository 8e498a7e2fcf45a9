"""What runs elsewhere, checked as far as it can be here: the workflow of GitHub, Binder's files, JupyterLab's settings.

About 5 s. No workflow is run and no image is built here; actionlint and repo2docker's own detection were run by hand.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lcnec_utils.core import paths
from lcnec_utils.twins import build as twins

ROOT = paths.ROOT
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
SETTINGS = ROOT / ".jupyter" / "labconfig" / "default_setting_overrides.json"
SCHEMAS = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"


def targets_of(text: str) -> set[str]:
    return set(re.findall(r"^(?:\s*- run: |\s*run: )?make (\w+)$", text, re.M))


def makefile_targets() -> set[str]:
    return set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))


def test_the_workflow_fits_githubs_schema(tmp_path):
    """By the schema that check-jsonschema carries, which refuses a wrong key."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, str(WORKFLOW)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    spoiled = tmp_path / "ci.yml"
    spoiled.write_text(WORKFLOW.read_text().replace("runs-on", "run-on"))
    assert subprocess.run([*command, str(spoiled)], capture_output=True).returncode != 0


def test_the_workflow_tests_each_python_that_the_lock_is_resolved_for_and_calls_what_ci_run_calls():
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert set(jobs["deploy"]["needs"]) == {"test", "site"}
    called = targets_of(WORKFLOW.read_text())
    assert called == {"lint", "test", "figures", "site"} and called <= makefile_targets()
    assert targets_of((ROOT / ".ci" / "run").read_text()) == {"lint", "test"}
    assert "--nbval" in (ROOT / "pyproject.toml").read_text(), "nbval is part of make test"


def test_the_workflow_requires_only_what_its_machine_has():
    """A folder that a test requires is named by a variable; what is required and not there fails the test."""
    workflow = yaml.safe_load(WORKFLOW.read_text())
    variables = {"data": "LCNEC_DATA_DIR", "sources": "LCNEC_SOURCES_DIR", "cases": "LCNEC_CASES_DIR"}
    for job in workflow["jobs"].values():
        env = workflow.get("env", {}) | job.get("env", {})
        required = set(filter(None, env.get("LCNEC_REQUIRE", "").split(",")))
        assert required <= {"r", "browser", *variables}
        assert {variables[what] for what in required & set(variables)} <= set(env)
    assert "r-cran-survival" in WORKFLOW.read_text() and "r," in workflow["jobs"]["test"]["env"]["LCNEC_REQUIRE"]


def test_binder_names_what_is_there():
    """repo2docker's conventions: runtime.txt, requirements.txt, postBuild and start in binder/."""
    folder = ROOT / "binder"
    assert {path.name for path in folder.iterdir()} == {"runtime.txt", "requirements.txt", "postBuild", "start"}
    python = re.fullmatch(r"python-(3\.\d+)\n", (folder / "runtime.txt").read_text())[1]
    assert python in yaml.safe_load(WORKFLOW.read_text())["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = re.findall(r"^-r (\S+)$", (folder / "requirements.txt").read_text(), re.M)
    assert [(folder / name).resolve() for name in named] == [paths.LOCK.resolve()]
    assert set(re.findall(r"\btwin_\w+", (folder / "postBuild").read_text())) == set(twins.names())
    for script in ("postBuild", "start"):
        assert os.access(folder / script, os.X_OK)
        assert subprocess.run(["bash", "-n", str(folder / script)]).returncode == 0
    assert (ROOT / re.search(r"\$PWD/([.\w]+)\$", (folder / "start").read_text())[1]).is_dir()


def test_binders_start_hands_on_its_command_and_finds_the_settings():
    done = subprocess.run(
        [ROOT / "binder" / "start", "sh", "-c", "echo $JUPYTER_CONFIG_PATH"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "JUPYTER_CONFIG_PATH": "/elsewhere"},
    )  # fmt: skip
    assert done.stdout == f"{ROOT}/.jupyter:/elsewhere\n"


@pytest.mark.parametrize("plugin", json.loads(SETTINGS.read_text()))
def test_the_settings_of_jupyterlab_are_settings_that_it_has(plugin):
    """Their names and types, by JupyterLab's own schemas: a setting that nobody reads is refused in silence."""
    import jsonschema

    extension, name = plugin.split(":")
    schema = json.loads((SCHEMAS / extension / f"{name}.json").read_text())
    chosen = json.loads(SETTINGS.read_text())[plugin]
    assert set(chosen) <= set(schema["properties"])
    jsonschema.validate(chosen, {**schema, "required": []})


def test_the_readme_has_no_badge():
    text = (ROOT / "README.md").read_text()
    assert not re.search(r"\[!\[|shields\.io|badge", text)
