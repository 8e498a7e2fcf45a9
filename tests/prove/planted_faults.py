"""Ten faults as a notebook may come to have them, each planted in a copy of the project: one named test must fail
there, and pass without the fault.

    python tests/prove/planted_faults.py [--only NAME …] [--write]

Nothing is planted in the project itself. Cohorts are those built here, linked, so that a fault that builds one anew
touches none. About ten minutes of CPU.
"""

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from tests.copies import copy_project  # noqa: E402
from tests.prove.proof import ROOT, stamp, write_section  # noqa: E402

PATIENCE_S = 3600  # a machine may be busy with other things
OUTCOMES = "notebooks/02_outcomes.ipynb"


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault: what of a file is replaced (its first occurrence), and the test that must notice.

    shows: where a reader would have seen it. against: what the test compares with, which is never this code's own words
    alone unless it says so.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
    shows: str
    against: str


FAULTS = [
    Fault(
        "groups swapped", OUTCOMES,
        'patients = treatment.survival_by_regimen(lcnec, "OS")\n',
        'patients = treatment.survival_by_regimen(lcnec, "OS").assign(regimen=lambda table: table["regimen"].cat'
        '.rename_categories({"chemotherapy": "immunotherapy", "immunotherapy": "chemotherapy"}))\n',
        OUTCOMES, "fig1a", "the stored outputs, among them the source's n by regimen with their verdicts",
    ),
    Fault(
        "event inverted", "lcnec_utils/cohort/model.py",
        'complete = complete.astype({"months": float, "event": bool})',
        'complete = complete.astype({"months": float, "event": bool}).assign(event=lambda table: ~table["event"])',
        "tests/cohort/test_cohort.py::test_every_spelling_reaches_the_survival_table",
        "every survival panel", "what each word of cBioPortal's says: who died, who lives",
    ),
    Fault(
        "months for days", OUTCOMES,
        'parts = outcomes.sensitivity_tables(lcnec, era_cut, era_cut_regimens)\n',
        'parts = {name: part.assign(months=part["months"] * 30.4375) for name, part in '
        "outcomes.sensitivity_tables(lcnec, era_cut, era_cut_regimens).items()}\n",
        OUTCOMES, "os_sensitivity", "the stored outputs, in months",
    ),
    Fault(
        "cut-off moved", "lcnec_utils/cohort/blockade.py", "else values >= per_mb", "else values > per_mb",
        "tests/cohort/test_blockade.py::test_a_burden_of_tumour_and_one_of_blood_have_cut_offs_of_their_own",
        "pfs_by_tmb, fig2e", "tumours at the cut-off itself, which are high by the source's definition",
    ),
    Fault(
        "wrong cohort", OUTCOMES, 'lcnec = pure(page.cohort("cohort_2"))', 'lcnec = pure(page.cohort("cohort"))',
        OUTCOMES, "fig1b", "the stored outputs, among them the source's n of cohort 2",
    ),
    Fault(
        "stale figure", "lcnec_utils/run/records.py", '"code": provenance.of_notebook(path),', '"code": "",',
        "tests/run/test_verification.py::test_which_input_moved_is_named",
        "`lcnec verify` and every rerun", "code that was changed on purpose",
    ),
    Fault(
        "seed ignored", "lcnec_utils/stats/enrichment.py",
        "permutations=permutations, seed=seed, threads=threads", "permutations=permutations, seed=1, threads=threads",
        "tests/stats/test_enrichment.py::test_another_seed_gives_other_nes_and_the_same_es",
        "fig5f, figS3", "another seed, which must give other permutations",
    ),
    Fault(
        "one-sided p", "lcnec_utils/stats/ranks.py",
        "stats.mannwhitneyu(one, other, method=method)",
        'stats.mannwhitneyu(one, other, method=method, alternative="greater")',
        "tests/stats/test_ranks.py::test_two_samples_are_compared_as_r_does_by_the_rank_sum",
        "fig4e, fig5c, figS9", "R's wilcox.test",
    ),
    Fault(
        "FDR skipped", "lcnec_utils/stats/proportions.py",
        'adjusted[p.notna()] = stats.false_discovery_control(tested, method="bh")', "adjusted[p.notna()] = tested",
        "tests/stats/test_proportions.py::test_benjamini_hochberg_is_that_of_p_adjust_with_missing_p",
        "fig2d, fig4c", "R's p.adjust",
    ),
    Fault(
        "label leak", "lcnec_utils/omics/classifier.py",
        "genes=leaked if way == LEAKY else None", "genes=leaked",
        "tests/omics/test_classifier.py::test_held_out_tumours_replaced_by_garbage_change_no_bit_of_a_clean_model",
        "fig3a, fig3b", "the same model where the tumours held out are garbage",
    ),
]  # fmt: skip


def copied(folder: Path) -> Path:
    """A copy of the project as it stands, its own environment and built cohorts linked."""
    copy_project(folder)
    cohorts = Path(os.environ.get("LCNEC_COHORTS_DIR") or ROOT / "build" / "cohorts")
    if cohorts.is_dir():
        shutil.copytree(cohorts, folder / "build" / "cohorts", copy_function=_linked, symlinks=True)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)  # what is tracked is asked of git
    return folder


def _linked(source: str, target: str) -> None:
    """A file under a second name: what writes a cohort anew puts a new file in its place."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def plant(tree: Path, fault: Fault) -> str:
    """Put a fault into a copy; returns the file's text before. Raises ValueError where it has no place."""
    path = tree / fault.file
    text = path.read_text(encoding="utf-8")
    pairs = [fault.old, fault.new]
    if path.suffix == ".ipynb":  # a line of a cell stands in quotes there
        pairs = [json.dumps(part, ensure_ascii=False)[1:-1] for part in pairs]
    if pairs[0] not in text:
        raise ValueError(f"{fault.name}: {fault.file} does not hold {fault.old!r}; the fault has no place any more")
    path.write_text(text.replace(*pairs, 1), encoding="utf-8")
    return text


def passes(tree: Path, test: str) -> tuple[bool, str]:
    """Whether a test passes in a copy, and the last words of pytest."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LCNEC_TEST")}
    environment |= {"PYTHONPATH": str(tree), "LCNEC_COHORTS_DIR": str(tree / "build" / "cohorts")}
    environment.pop("LCNEC_OUTPUT_DIR", None)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode not in (0, 1):
        raise ValueError(f"{test}: pytest ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-400:]}")
    if "SKIPPED" in done.stdout:  # pytest's own summary (-ra) names what was
        raise ValueError(f"{test}: was skipped and proves nothing: {done.stdout[-400:]}")
    return done.returncode == 0, done.stdout[-6000:]


def prove(faults: list[Fault]) -> list[tuple[Fault, bool, bool, float]]:
    """Each fault with whether its test passes without it, whether it fails with it, and the seconds both took."""
    results, without = [], {}
    with tempfile.TemporaryDirectory(prefix="lcnec_faults_") as folder:
        tree = copied(Path(folder) / "project")
        for fault in faults:
            start = time.monotonic()
            if fault.test not in without:
                without[fault.test], said = passes(tree, fault.test)
                if not without[fault.test]:
                    print(said)
            text = plant(tree, fault)
            good, said = passes(tree, fault.test)
            failed = not good
            (tree / fault.file).write_text(text, encoding="utf-8")
            told = [line for line in said.splitlines() if line.startswith("E  ") or "differ" in line or "rror" in line]
            why = next(iter(told), "")
            seconds = time.monotonic() - start
            results.append((fault, without[fault.test], failed, seconds))
            word = "caught" if without[fault.test] and failed else "NOT CAUGHT"
            print(f"{word}: {fault.name} ({seconds:.0f} s) {why[:200]}", flush=True)
    return results


def report(results: list[tuple[Fault, bool, bool, float]]) -> str:
    """The table of the faults."""
    rows = [
        f"| {fault.name} | `{fault.file.removeprefix('lcnec_utils/')}` | {fault.shows} | `{fault.test}` | "
        f"{fault.against} | {'passes' if good else 'FAILS'} | {'fails' if failed else 'PASSES'} |"
        for fault, good, failed, _ in results
    ]
    caught = sum(good and failed for _, good, failed, _ in results)
    head = [
        "fault",
        "planted in",
        "seen by a reader in",
        "caught by",
        "which compares with",
        "without it",
        "with it",
    ]
    lines = [f"{caught} of {len(results)} caught.", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows]
    return "\n".join(lines)


def main() -> int:
    """Exit status 1 where a fault was not caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="faults by name, as 'label leak'")
    parser.add_argument("--write", action="store_true", help="put the table into docs/proof.md")
    given = parser.parse_args()
    start = time.monotonic()
    results = prove([fault for fault in FAULTS if not given.only or fault.name in given.only])
    text = report(results)
    print(text)
    if given.write and not given.only:
        write_section("planted", "Ten planted faults", f"{stamp(time.monotonic() - start)} {text}")
    return int(not all(good and failed for _, good, failed, _ in results))


if __name__ == "__main__":
    sys.exit(main())
