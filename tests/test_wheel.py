"""A wheel installed where there is no repository: kernels work on anyone's tables, the rest says what it needs.

About 15 s: a wheel is built and installed once.
"""

import os
import subprocess
import sys

import pytest

from lcnec_utils.core import paths

KERNELS = """
import sys, lcnec_utils
assert lcnec_utils.__file__.startswith(sys.argv[1]), lcnec_utils.__file__
import matplotlib; matplotlib.use("agg")
import numpy as np, pandas as pd
from lifelines.datasets import load_waltons
from lcnec_utils.imaging import immunofluorescence, pathology
from lcnec_utils.omics import deconvolution, immune
from lcnec_utils.plots import palette
from lcnec_utils.plots.boxes import boxes
from lcnec_utils.plots.kaplan_meier import kaplan_meier
from lcnec_utils.stats import comparison, cox, differential, proportions, ranks

# statistics: lifelines' own fruit flies
flies = load_waltons().rename(columns={"T": "months", "E": "event"})
groups = comparison.compare(flies, group="group")
print(round(groups.log_rank.chi_squared, 1), groups.medians.set_index("group")["median"].to_dict())
print(round(cox.cox(flies, covariates=["group"])["hr"].iloc[0], 2))
print([round(limit, 3) for limit in proportions.wilson(3, 10)])

# omics: two groups of genes, and a signature
rng = np.random.default_rng(1)
log2 = pd.DataFrame(rng.normal(5, 1, (20, 30)), [f"S{i}" for i in range(20)], [f"G{i}" for i in range(30)])
log2.loc[log2.index[:10], "G3"] += 5
first = pd.Series(log2.index.isin(log2.index[:10]), log2.index)
print(differential.compare_genes(log2, first)["ks_p"].idxmin())
print(deconvolution.least_squares(np.eye(3), np.array([[0.2], [0.3], [-1.0]])).round(6).tolist())

# pictures: one bright nucleus on a dark field
row, column = np.mgrid[:128, :128]
spot = np.hypot(row - 64, column - 64) < 9
print(int(immunofluorescence.nuclei(np.where(spot, 0.8, 0.02), um_per_pixel=0.5).max()))

# plots
fig, (left, right) = palette.figure(palette.PAGE_MM, 80, ncols=2)
kaplan_meier(groups, left, title="Fruit flies")
boxes(log2["G3"], pd.Series(np.where(first, "A", "B"), log2.index, dtype="category"), right, ylabel="G3, log2")
fig.savefig("figure.svg")
"""
WRITTEN = """122.2 {'control': 58.0, 'miR-137': 26.0}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of an installed wheel of the package, outside the repository."""
    top = tmp_path_factory.mktemp("wheel")
    source = top / "source"
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    wanted = ["lcnec_utils", "pyproject.toml", "README.md", "LICENSE"]
    listed = subprocess.run([*command, *wanted], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    names = listed.stdout.split()
    for name in names:
        if (paths.ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((paths.ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(top), str(source)], check=True)
    [wheel] = top.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(top / "site"), str(wheel)], check=True)
    return top / "site"


def python(site, folder, *arguments: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LCNEC_")}
    environment["PYTHONPATH"] = str(site)
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_statistics_omics_imaging_and_plots_work_on_anyones_tables(site, tmp_path):
    done = python(site, tmp_path, "-W", "ignore", "-c", KERNELS, str(site))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    # R: survdiff(Surv(T, E) ~ group) of lifelines' waltons gives chi-squared 122.2 on 1 df; medians 58 and 26
    assert lines[0] == WRITTEN
    assert lines[2] == "[0.108, 0.603]"  # R: prop.test(3, 10, correct = FALSE)
    assert lines[3] == "G3" and lines[4] == "[[0.2, 0.3, 0.0]]" and lines[5] == "1"
    assert "Fruit flies" in (tmp_path / "figure.svg").read_text()


@pytest.mark.parametrize("command", [["run", "--params", "mine.yaml"], ["claims"], ["batch"], ["cohort", "list"]])
def test_what_needs_the_compendium_says_so_in_one_line(site, tmp_path, command):
    done = python(site, tmp_path, "-m", "lcnec_utils.cli", *command)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("lcnec: this command needs the compendium (notebooks/, params/)")
    assert done.stderr.count("\n") == 1 and not list(tmp_path.iterdir())


def test_a_study_folder_is_judged_without_the_compendium(site, tmp_path, own_study):
    done = python(site, tmp_path, "-m", "lcnec_utils.cli", "cohort", "check", str(own_study))
    assert done.returncode == 0, done.stderr
    assert "8 patients" in done.stdout


def test_the_wheel_holds_the_data_files_that_the_modules_read(site):
    files = {path.relative_to(paths.ROOT).as_posix() for path in (paths.ROOT / "lcnec_utils").rglob("*")
             if path.suffix in (".yaml", ".txt", ".csv")}  # fmt: skip
    held = {path.relative_to(site).as_posix() for path in site.rglob("*")}
    assert files <= held
