"""R, run again, writes the golden figures that are tracked."""

import subprocess

import pytest

from conftest import skip_or_fail
from tests import golden

# script → the package it needs beyond base R
SCRIPTS = {"survival": "survival", "differential": "limma", "paired": "limma", "classifier": "stats", "shares": "stats",
           "discordant": "stats", "landmark": "survival", "two_samples": "stats"}  # fmt: skip


def test_every_golden_has_its_script_and_is_written_again_here():
    assert {path.stem for path in golden.REFERENCE.glob("*.json")} == set(SCRIPTS)
    assert {path.stem for path in golden.REFERENCE.glob("*.R")} == {*SCRIPTS, "json"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_r_script_run_again_gives_the_tracked_golden(rscript, name):
    if subprocess.run([rscript, "-e", f"library({SCRIPTS[name]})"], capture_output=True).returncode:
        skip_or_fail("r", f"R is here without {SCRIPTS[name]}")
    again, tracked = golden.write_again(rscript, name), golden.read(name)
    # which R computed it is recorded, not compared
    golden.agree({**again, "versions": None}, {**tracked, "versions": None})
