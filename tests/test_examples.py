"""The examples in docstrings and in docs/statistics.md run and give what they show. About 25 s, most of it imports."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

from lcnec_utils.core import paths

PACKAGE = paths.ROOT / "lcnec_utils"
MODULES = [
    ".".join(("lcnec_utils", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
KERNELS = ("lcnec_utils.stats.", "lcnec_utils.omics.", "lcnec_utils.imaging.")
# what takes a Cohort, a picture or a file of many genes shows its use in the function that it hands on to
WITHOUT_EXAMPLE = {"lcnec_utils.omics.immune": {"fractions", "scores"}}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed


def test_the_examples_of_the_page_on_statistics_hold():
    failed, tried = doctest.testfile(str(paths.ROOT / "docs" / "statistics.md"), module_relative=False)
    assert tried and not failed


def public_functions(name: str) -> dict:
    module = importlib.import_module(name)
    return {
        function: value
        for function, value in vars(module).items()
        if inspect.isfunction(inspect.unwrap(value)) and not function.startswith("_") and value.__module__ == name
    }


@pytest.mark.parametrize(
    "name",
    [f"lcnec_utils.{room}.{path.stem}" for room in ("stats", "omics", "imaging")
     for path in sorted(Path(PACKAGE / room).glob("[a-z]*.py"))],
)  # fmt: skip
def test_a_public_function_of_a_kernel_shows_an_example(name):
    lacking = {function for function, value in public_functions(name).items() if ">>> " not in (value.__doc__ or "")}
    assert lacking == WITHOUT_EXAMPLE.get(name, set())
