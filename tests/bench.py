"""Speed as ratios within one run: a second `make figures` against the first, and what the fast paths save.

Machines are noisy, so nothing here is asserted; `make bench` prints medians. `make bench AGAINST=<commit>` (or the
folder of another clone) compares `lcnec batch` from nothing with that of an earlier state, run by turns.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]


def seconds(command: list[str], env: dict, times: int = 1) -> float:
    """The median wall time of a command."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, env=env, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def heaviest(command: list[str], env: dict) -> tuple[float, float]:
    """Wall time in seconds and highest memory in GB of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, used.ru_maxrss / 1e6  # in kB on Linux


def twins(env: dict, folder: Path) -> None:
    """Time and memory of the default twins, and of free draws of growing size."""
    env = {**env, "LCNEC_COHORTS_DIR": str(folder / "cohorts")}
    taken, memory = heaviest([*LCNEC, "cohort", "build", "twin_cohort_1"], env)
    print(f"\n{'':<44}{'seconds':>9}{'GB':>9}{'GB per 100,000':>16}")
    print(f"{'default twins of patients, all eight':<44}{taken:>9.1f}{memory:>9.2f}")
    least = None
    for n in (1, 12_500, 25_000, 50_000, 100_000):
        out = folder / f"twin_{n}"
        taken, memory = heaviest([*LCNEC, "twin", "--patients", str(n), "--out", str(out)], env)
        least = memory if least is None else least
        shutil.rmtree(out)
        slope = f"{(memory - least) / n * 100_000:>16.2f}" if n > 1 else ""
        print(f"{f'lcnec twin --patients {n}':<44}{taken:>9.1f}{memory:>9.2f}{slope}")


def study_reading(env: dict, folder: Path) -> None:
    """Time and memory of reading a study of 2,300 patients and a million mutation rows, beside pandas' own reading of
    the same files."""
    import numpy as np
    import pandas as pd

    rng, patients, rows = np.random.default_rng(1), 2300, 1_000_000
    samples = np.array([f"P-{place:07d}-T01" for place in range(patients)])
    study = folder / "large_study"
    (study / "case_lists").mkdir(parents=True)
    people = pd.DataFrame({"PATIENT_ID": samples, "AGE": rng.integers(30, 90, patients)})
    people["OS_MONTHS"], people["OS_STATUS"] = rng.exponential(20, patients).round(2), "1:DECEASED"
    tumours = pd.DataFrame({"SAMPLE_ID": samples, "PATIENT_ID": samples, "ONCOTREE_CODE": "LUNE"})
    letters = np.array(list("ACGT"))
    gene = rng.integers(0, 18_000, rows)
    calls = pd.DataFrame({
        "Hugo_Symbol": np.char.add("GENE", gene.astype(str)), "Entrez_Gene_Id": gene + 1, "Center": "x",
        "NCBI_Build": "GRCh37", "Chromosome": rng.integers(1, 23, rows), "Start_Position": rng.integers(1, 2e8, rows),
        "Variant_Classification": rng.choice(["Missense_Mutation", "Silent", "Nonsense_Mutation", "Intron"], rows),
        "Reference_Allele": letters[rng.integers(0, 4, rows)], "Tumor_Seq_Allele2": letters[rng.integers(0, 4, rows)],
        "Tumor_Sample_Barcode": samples[rng.integers(0, patients, rows)], "Mutation_Status": "SOMATIC",
        "HGVSp_Short": np.char.add(np.char.add("p.G", rng.integers(1, 2000, rows).astype(str)), "C"),
        **{f"annotation_{place}": rng.integers(0, 1000, rows) for place in range(20)},
    })  # fmt: skip
    named = {"data_clinical_patient.txt": people, "data_clinical_sample.txt": tumours, "data_mutations.txt": calls}
    for name, table in named.items():
        table.to_csv(study / name, sep="\t", index=False)
    listed = "\t".join(samples)
    (study / "case_lists" / "cases_sequenced.txt").write_text(f"stable_id: large_sequenced\ncase_list_ids: {listed}\n")
    plain = f"import pandas\nfor name in {list(named)}: pandas.read_csv(f'{study}/{{name}}', sep='\\t', dtype=str)"
    ours = f"from lcnec_utils.cohort.read import read_study; read_study('{study}')"
    (took, used), (least, needed) = (heaviest([sys.executable, "-c", code], env) for code in (ours, plain))
    print(f"\n{'2,300 patients, 1,000,000 mutation rows':<44}{'seconds':>9}{'GB':>9}")
    print(f"{'lcnec_utils.cohort.read.read_study':<44}{took:>9.1f}{used:>9.2f}")
    print(f"{'pandas.read_csv of the same files':<44}{least:>9.1f}{needed:>9.2f}")
    print(f"{'ratio':<44}{took / least:>9.2f}{used / needed:>9.2f}")
    shutil.rmtree(study)


def differential_tests() -> None:
    """The tests of all genes at once against a loop of scipy's: 84 + 134 tumours × 22,948 genes."""
    import numpy as np
    from scipy import stats

    from lcnec_utils.stats import differential

    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(3, 2, 22_948) + 2 * rng.normal(size=(218, 22_948)), 0)
    one, other = values[:84], values[84:]
    loops = {
        differential.kolmogorov_smirnov: lambda x, y: stats.ks_2samp(x, y, method="exact"),
        differential.wilcoxon: lambda x, y: stats.mannwhitneyu(x, y, method="asymptotic"),
    }
    print(f"\n{'':<44}{'seconds':>9}{'ratio':>9}")
    for test, single in loops.items():
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            test(one, other)
            taken.append(time.perf_counter() - start)
        start = time.perf_counter()
        for j in range(2_000):
            single(one[:, j], other[:, j])
        loop = (time.perf_counter() - start) * 22_948 / 2_000
        ours = statistics.median(taken)
        print(f"{test.__name__ + ', all genes':<44}{ours:>9.2f}{ours / loop:>9.3f}")
        print(f"{'  scipy, gene by gene (from 2,000)':<44}{loop:>9.2f}{1:>9.2f}")


def deconvolution_of_many() -> None:
    """quanTIseq's constrained least squares of 10,000 samples at once, against loops of one sample each."""
    import numpy as np
    from scipy import optimize

    from lcnec_utils.omics.deconvolution import least_squares

    rng = np.random.default_rng(0)
    genes, k, n, tried = 153, 10, 10_000, 500
    signature = rng.gamma(0.3, 300, (genes, k))
    shares = rng.dirichlet(np.full(k, 0.3), n) * rng.uniform(0, 2, (n, 1))
    norm = np.linalg.norm(signature, 2)
    a, b = signature / norm, (signature @ shares.T) * rng.lognormal(0, 0.5, (genes, n)) / norm

    def programme(y):
        return optimize.minimize(
            lambda x: 0.5 * ((a @ x - y) ** 2).sum(), np.full(k, 0.5 / k), jac=lambda x: a.T @ (a @ x - y),
            bounds=[(0, None)] * k, method="SLSQP", options={"ftol": 1e-16, "maxiter": 500},
            constraints=[{"type": "ineq", "fun": lambda x: 1 - x.sum(), "jac": lambda x: -np.ones(k)}],
        ).x  # fmt: skip

    def nearest(y):  # compiled: Lawson and Hanson's, on the simplex where the sum exceeds 1
        x = optimize.nnls(a, y)[0]
        if x.sum() <= 1:
            return x
        x = optimize.nnls(np.vstack([a - y[:, None], np.ones(k)]), np.append(np.zeros(genes), 1.0))[0]
        return x / x.sum()

    taken = []
    for _ in range(5):
        start = time.perf_counter()
        found = least_squares(a, b)
        taken.append(time.perf_counter() - start)
    ours = statistics.median(taken)
    print(f"\n{'':<44}{'seconds':>9}{'ratio':>9}{'differs':>12}")
    print(f"{'10,000 samples at once':<44}{ours:>9.3f}{1:>9.2f}")
    for name, one in (("quadratic programmes (SLSQP)", programme), ("compiled NNLS", nearest)):
        start = time.perf_counter()
        loop = np.array([one(y) for y in b.T[:tried]])
        each = (time.perf_counter() - start) * n / tried
        apart = abs(loop - found[:tried]).max()
        print(f"{f'  loop of {name}, from {tried}':<44}{each:>9.2f}{each / ours:>9.0f}{apart:>12.0e}")


def survival_of_many() -> None:
    """Time of survival statistics on 60,000 patients, beside lifelines' own Kaplan-Meier fit of the same table."""
    import numpy as np
    import pandas as pd
    from lifelines import KaplanMeierFitter

    from lcnec_utils.stats import cox, survival

    draw, n = np.random.default_rng(1), 60_000
    table = pd.DataFrame(
        {
            "months": draw.exponential(60, n).round(1) + 0.1 + draw.random(n),
            "event": draw.random(n) < 0.6,
            "group": draw.choice(list("abc"), n),
            "age": draw.normal(60, 10, n),
        }
    )
    late = table.assign(entry=table["months"] * draw.random(n))
    turning = table.assign(second=draw.exponential(60, n))
    jobs = {
        "lifelines' Kaplan-Meier": lambda: KaplanMeierFitter().fit(table["months"], table["event"]),
        "checks of the table": lambda: survival.survival_table(table),
        "kaplan_meier": lambda: survival.kaplan_meier(table),
        "describe, by group": lambda: survival.describe(table, group="group"),
        "restricted means": lambda: survival.restricted_mean_difference(table, group="group", reference="a"),
        "log-rank of pairs": lambda: survival.pairwise_log_rank(table, group="group"),
        "proportional hazards": lambda: cox.proportional_hazards(table, covariates=["group", "age"]),
        "Cox, delayed entry": lambda: cox.cox(late, covariates=["group", "age"]),
        "Kaplan-Meier, delayed entry": lambda: survival.kaplan_meier(late, group="group"),
        "Cox, second line in time": lambda: cox.cox(
            survival.split_at(turning, switch="second"), covariates=["after", "age"]
        ),
        "landmark": lambda: survival.medians(survival.landmark(table, months=12), group="group"),
    }
    print(f"\n{'60,000 patients':<44}{'CPU s':>9}{'ratio':>9}")
    first = None
    for name, job in jobs.items():
        taken = []
        for _ in range(3):
            start = time.process_time()
            job()
            taken.append(time.process_time() - start)
        first = first or min(taken)
        print(f"{name:<44}{min(taken):>9.3f}{min(taken) / first:>9.1f}")


def site_building(env: dict, folder: Path) -> None:
    """Time of the site from nothing, with one notebook changed, and with nothing changed: of what the project's folder
    holds, copied, for a sentence of a notebook is changed. Two cores; the promise is 180 and 20 seconds."""
    from lcnec_utils.core import paths

    drawn = folder / "site_of"
    for name in ("figures", "build"):
        for path in (paths.ROOT / name).glob("*/*" if name == "figures" else "*/[0-9][0-9]_*.json"):
            target = drawn / path.relative_to(paths.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for path in (paths.ROOT / "build").glob("*/notebooks/*.ipynb"):
        target = drawn / path.relative_to(paths.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    env = {**env, "LCNEC_OUTPUT_DIR": str(drawn)}
    first = seconds([*LCNEC, "site"], env)
    again = seconds([*LCNEC, "site"], env)
    figure = drawn / "figures" / "twin" / "fig1a.svg"
    figure.write_text(figure.read_text(encoding="utf-8").replace("n = 119", "n = 120"), encoding="utf-8")
    changed = seconds([*LCNEC, "site"], env)
    print(f"\n{'':<44}{'seconds':>9}{'ratio':>9}")
    for name, taken in (("lcnec site, from nothing", first), ("  one notebook changed", changed),
                        ("  nothing changed", again)):  # fmt: skip
        print(f"{name:<44}{taken:>9.1f}{taken / first:>9.2f}")


def explorer_opening(folder: Path) -> None:
    """Time until the claims explorer answers in a browser, by row, beside an empty page: all claims, and every pair of
    a claim and a body of evidence. The promise is two seconds."""
    from playwright.sync_api import sync_playwright

    from lcnec_utils.site import evidence, explorer

    known = evidence.gather()
    explorer.write(folder, known)
    pages = {"an empty page": "<p></p>", "claims explorer": explorer.page(known)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        taken = {}
        for name, body in pages.items():
            path = folder / "claims" / "index.html"
            path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{body}</body></html>')
            ready = "html[data-claims=ready]" if name == "claims explorer" else "p"
            for rows in ("", "#rows=answers") if name == "claims explorer" else ("",):
                page = browser.new_page()
                page.goto(path.as_uri() + rows)
                page.wait_for_selector(ready, state="attached")
                what = f"{name}, {'claim × body' if rows else 'claims'}" if name == "claims explorer" else name
                taken[what] = page.evaluate("performance.now()") / 1000
                page.close()
        browser.close()
    print(f"\n{'':<44}{'seconds':>9}{'ratio':>9}")
    for name, time_taken in taken.items():
        print(f"{name:<44}{time_taken:>9.2f}{time_taken / taken['an empty page']:>9.1f}")


def tables(folder: Path) -> None:
    """Print how long the package takes for what it does, as ratios."""
    env = {**os.environ, "LCNEC_OUTPUT_DIR": str(folder)}
    start = seconds([sys.executable, "-c", "pass"], env, 5)
    first = seconds([*LCNEC, "batch"], env)
    again = seconds([*LCNEC, "batch"], env, 5)
    one = seconds([*LCNEC, "batch", "--cores", "1"], {**env, "LCNEC_OUTPUT_DIR": str(folder / "one")})
    print(f"{'':<44}{'seconds':>9}{'ratio':>9}")
    print(f"{'python starts':<44}{start:>9.2f}{'':>9}")
    print(f"{'make figures, first, two cores':<44}{first:>9.1f}{1:>9.2f}")
    print(f"{'make figures, first, one core':<44}{one:>9.1f}{one / first:>9.2f}")
    print(f"{'make figures, second (nothing to run)':<44}{again:>9.2f}{again / first:>9.2f}")
    twins(env, folder)
    study_reading(env, folder)
    differential_tests()
    survival_of_many()
    deconvolution_of_many()
    site_building(env, folder)
    explorer_opening(folder / "explorer")


def tree_of(against: str, folder: Path) -> Path:
    """The project's tree at a commit, unpacked into a folder; or the folder of a clone, as it is."""
    if Path(against).is_dir():
        return Path(against).resolve()
    archive = subprocess.run(["git", "archive", against], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def batch_of(tree: Path, files: list[str], cores: int, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of `lcnec batch` from nothing, by the code of a tree (in its own environment where it
    has one), its cohorts built before the clock starts."""
    own = tree / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    # the tree's own cohorts, for the code that draws twins may differ
    places = {"LCNEC_OUTPUT_DIR": str(folder / "out"), "LCNEC_COHORTS_DIR": str(folder / "cohorts")}
    env = {**os.environ, "PYTHONPATH": str(tree), **places}
    lcnec, quiet = [python, "-m", "lcnec_utils.cli"], {"cwd": tree, "env": env, "stdout": subprocess.DEVNULL}
    subprocess.run([*lcnec, "batch", *files, "-n", "00"], stderr=subprocess.DEVNULL, **quiet)
    shutil.rmtree(folder / "out", ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([*lcnec, "batch", *files, "--cores", str(cores)], **quiet)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"lcnec batch of {tree} ended with exit status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def paired(against: str, files: list[str], cores: int, times: int, folder: Path) -> None:
    """Print `lcnec batch` from nothing of this tree against an earlier one, run by turns, and the median ratios."""
    trees = {"before": tree_of(against, folder / "before" / "tree"), "now": ROOT}
    taken = {name: [] for name in trees}
    print(f"{'lcnec batch, from nothing':<32}{'wall s':>10}{'CPU s':>10}", flush=True)
    for turn in range(times):
        for name in list(trees)[:: 1 if turn % 2 == 0 else -1]:
            place = folder / name
            place.mkdir(exist_ok=True)
            taken[name].append(batch_of(trees[name], files, cores, place))
            print(f"{name:<32}{taken[name][-1][0]:>10.1f}{taken[name][-1][1]:>10.1f}", flush=True)
    ratios = [
        statistics.median(now[kind] / before[kind] for before, now in zip(taken["before"], taken["now"], strict=True))
        for kind in (0, 1)
    ]
    print(f"{f'ratio, median of {times}':<32}{ratios[0]:>10.2f}{ratios[1]:>10.2f}")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="COMMIT|FOLDER", help="compare with this earlier state, and nothing else")
    parser.add_argument("--params", action="append", default=[], type=Path, metavar="FILE", help="only these runs")
    parser.add_argument("--cores", type=int, default=2, metavar="N")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="pairs to run (1)")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    asked = arguments()
    folder = Path(tempfile.mkdtemp())
    try:
        if asked.against:
            paired(asked.against, [str(file.resolve()) for file in asked.params], asked.cores, asked.times, folder)
        else:
            tables(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
