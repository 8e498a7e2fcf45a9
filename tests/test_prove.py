"""`make prove`: its parts, their sections of docs/proof.md, and the places and tests of planted faults. A second."""

import ast
import importlib.util
import json
import re
import subprocess
import sys

import pytest

from lcnec_utils.core import paths

FOLDER = paths.ROOT / "tests" / "prove"


def part(name: str):
    """A script of tests/prove/ as a module."""
    spec = importlib.util.spec_from_file_location(f"prove_{name.strip('_')}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PARTS = part("__main__").parts()
FAULTS = part("planted_faults").FAULTS


def test_a_part_that_does_not_exist_is_refused_and_those_that_do_are_listed():
    done = subprocess.run([sys.executable, str(FOLDER), "nothing"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("prove: no part 'nothing'; there are ")
    assert {"planted", "words", "audit"} <= set(PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_its_last_result_with_its_date_on_the_page_or_is_called_not_run(name):
    page = (paths.ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in page, "the table says what it asks"
    text = page.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
    dated = re.search(r"\b20\d\d-\d\d-\d\d\b", text)
    assert dated or "Not run yet in full." in text, f"`make prove PARTS={name}` writes it"


def test_there_are_the_ten_faults_that_were_asked_for():
    assert [fault.name for fault in FAULTS] == [
        "groups swapped", "event inverted", "months for days", "cut-off moved", "wrong cohort", "stale figure",
        "seed ignored", "one-sided p", "FDR skipped", "label leak",
    ]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_has_its_place_and_its_test(fault):
    text = (paths.ROOT / fault.file).read_text(encoding="utf-8")
    assert (json.dumps(fault.old, ensure_ascii=False)[1:-1] if fault.file.endswith(".ipynb") else fault.old) in text
    file, _, test = fault.test.partition("::")
    assert (paths.ROOT / file).exists()
    if test:
        tree = ast.parse((paths.ROOT / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
