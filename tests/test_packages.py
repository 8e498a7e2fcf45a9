"""The packages that the design card names do real work: what a notebook calls reaches them.

About 20 s, most of it scanpy's import.
"""

import re
import subprocess
import sys
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core import paths, provenance
from lcnec_utils.run import records, runs

CARD = ["jupyterlab", "papermill", "pandas", "seaborn", "lifelines", "gseapy", "scanpy", "nbval"]


def reached(package_function: str, call) -> int:
    """How often a call reaches a package's function."""
    with mock.patch(package_function, autospec=True, side_effect=StopIteration) as patched:
        with pytest.raises(StopIteration):
            call()
    return patched.call_count


def modules_of_notebooks() -> set[str]:
    return set().union(*(provenance.import_closure(records.notebook_path(name)) for name in runs.notebooks()))


def in_a_notebook(module: str) -> bool:
    """Whether some notebook imports a module of the package, directly or through others."""
    return f"lcnec_utils.{module}" in modules_of_notebooks()


VALUES = pd.Series(np.arange(20.0), [f"S{i}" for i in range(20)])
GROUPS = pd.Series(pd.Categorical(np.repeat(["A", "B"], 10)), VALUES.index)


def test_the_page_on_packages_names_the_whole_card():
    text = (paths.ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\w+) \|", text, re.M)[1:] == CARD


def test_seaborn_draws():
    from lcnec_utils.plots import palette
    from lcnec_utils.plots.boxes import boxes

    fig, ax = palette.figure()
    assert reached("seaborn.boxplot", lambda: boxes(VALUES, GROUPS, ax, ylabel="value")) and in_a_notebook(
        "plots.boxes"
    )
    drawing = [path for path in (paths.ROOT / "lcnec_utils" / "plots").glob("*.py") if "seaborn" in path.read_text()]
    assert len(drawing) >= 10 and all(in_a_notebook(f"plots.{path.stem}") for path in drawing)


def test_lifelines_estimates_survival():
    from lcnec_utils.stats import survival

    table = pd.DataFrame({"months": [5.0, 8, 12], "event": [1, 1, 0]})
    assert reached("lifelines.KaplanMeierFitter.fit", lambda: survival.kaplan_meier(table))
    assert in_a_notebook("stats.survival")


def test_gseapy_scores_gene_sets():
    from lcnec_utils.stats import enrichment

    ranked = enrichment.rank_genes(pd.Series(np.linspace(-1, 1, 100), [f"G{i}" for i in range(100)]))
    sets = {"first": [f"G{i}" for i in range(20)]}
    assert reached("gseapy.prerank", lambda: enrichment.enrichment_scores(ranked, sets))
    assert in_a_notebook("stats.enrichment")


def test_scanpy_embeds_clusters_and_sums_up_expression():
    from lcnec_utils.omics import expression
    from lcnec_utils.stats import embedding

    rng = np.random.default_rng(1)
    log2 = pd.DataFrame(rng.normal(6, 1, (40, 60)), [f"S{i}" for i in range(40)], [f"G{i}" for i in range(60)])
    groups = pd.Series(pd.Categorical(np.repeat(["A", "B"], 20)), log2.index)
    for function, call in {
        "scanpy.pp.highly_variable_genes": lambda: embedding.embed(log2, n_top_genes=30, seed=1),
        "scanpy.get.aggregate": lambda: expression.group_means(log2, groups),
    }.items():
        assert reached(function, call), function
    assert in_a_notebook("stats.embedding") and in_a_notebook("omics.expression")


def test_papermill_executes_notebooks(own_run):
    assert reached("papermill.execute_notebook", lambda: runs.execute("00_start_here", own_run))


def test_nbval_tests_the_notebooks_and_jupyterlab_opens_them(request):
    assert request.config.pluginmanager.hasplugin("nbval")
    assert "--nbval" in request.config.getini("addopts")
    assert re.search(r"^lab:.*\n(\t.*\n)*\t.*\$\(BIN\)/jupyter lab ", (paths.ROOT / "Makefile").read_text(), re.M)
    done = subprocess.run([sys.executable, "-m", "jupyterlab", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("4.")
