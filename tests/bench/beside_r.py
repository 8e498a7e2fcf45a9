"""The same work by R (Debian's packages) and by us, on the same input: survival of groups, the genomic landscape,
genes that differ, immune fractions.

Each part is measured in two ways, R and ours by turns: `warm`, the median of calls in one process after the first, with
input read and packages loaded; and `with start`, one process that starts, imports, reads and works once. Pictures are
SVG on both sides. beside_r_ours.py is our side, beside_r.R the other.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench import many_samples
from tests.bench.measure import Cost, NotHere, command, median, stated

SCRIPT = Path(__file__).with_suffix(".R")
WHAT = {
    "survival": "590 patients: survfit + survdiff + coxph + ggsurvplot",
    "landscape": "300 tumours: ComplexHeatmap oncoPrint",
    "genes": "20,000 genes of 119 tumours: limma",
    "fractions": "1,000 tumours: a quadprog quanTIseq loop",
}
PACKAGES = ["survival", "survminer", "ComplexHeatmap", "limma", "quadprog"]
MOST, MOST_APART = 1.0, 1e-6
TURNS, CALLS = 3, 4
GENES = 12


def make_input(folder: Path) -> None:
    """The files that both sides read, made up."""
    rng, n = np.random.default_rng(1), 590
    group = rng.choice(["chemoimmunotherapy", "chemotherapy", "immunotherapy"], n, p=[0.4, 0.4, 0.2])
    months, end = rng.exponential(14, n), rng.uniform(3, 60, n)
    table = pd.DataFrame({"months": np.minimum(months, end).round(2), "event": (months <= end).astype(int)})
    table.assign(group=group).to_csv(folder / "survival.csv", index=False)

    samples = [f"T{place:03d}" for place in range(300)]
    tumours = pd.DataFrame({"sample": samples, "subtype": rng.choice(["NSCLC-like", "SCLC-like", "Unclassified"], 300)})
    tumours["burden"], tumours["age"] = rng.gamma(2, 5, 300).round(2), rng.integers(40, 85, 300)
    tumours["sex"] = rng.choice(["Female", "Male"], 300)
    tumours.to_csv(folder / "tumours.csv", index=False)
    genes = ["TP53", "RB1", "STK11", "KEAP1", "KRAS", "SMARCA4", "KMT2D", "CDKN2A", "PTEN", "ARID1A", "NF1", "EGFR"]
    (folder / "genes.txt").write_text("\n".join(genes) + "\n")
    hit = rng.random((300, GENES)) < np.linspace(0.8, 0.05, GENES)
    sample, gene = np.nonzero(hit)
    calls = pd.DataFrame({"sample": np.array(samples)[sample], "gene": np.array(genes)[gene]})
    calls["alteration"] = rng.choice(["missense", "truncating"], len(calls))
    calls.to_csv(folder / "calls.csv", index=False)

    marked = (np.arange(119) < 50).astype(int)
    log2 = rng.normal(5, 1, (119, 20_000)) * rng.gamma(4, 0.25, 20_000) + np.outer(marked, rng.random(20_000) < 0.05)
    (folder / "log2.bin").write_bytes(np.asfortranarray(log2).tobytes(order="F"))
    (folder / "marked.txt").write_text("\n".join(map(str, marked)) + "\n")

    til10 = many_samples.til10()
    signature = til10.signature.drop(index={*til10.noisy, *til10.aberrant}, errors="ignore")
    signature.to_csv(folder / "signature.csv")
    til10.scaling[signature.columns].rename("scaling").to_csv(folder / "scaling.csv", index=False)
    others = [name for name in sorted(til10.approved) if name not in til10.signature.index]
    symbols = [*til10.signature.index.intersection(sorted(til10.approved)), *others][:5_000]
    shares = rng.dirichlet(np.full(10, 0.3), 1_000) * rng.uniform(0, 1, (1_000, 1))
    tpm = rng.lognormal(1, 2, (len(symbols), 1_000))
    place = pd.Index(symbols).get_indexer(til10.signature.index)
    mixed = (til10.signature.to_numpy() @ shares.T) * rng.lognormal(0, 0.5, (len(place), 1_000))
    tpm[place[place >= 0]] = mixed[place >= 0]
    tpm *= 1e6 / tpm.sum(axis=0)
    (folder / "tpm.bin").write_bytes(np.asfortranarray(tpm).tobytes(order="F"))
    (folder / "symbols.txt").write_text("\n".join(symbols) + "\n")


def check() -> None:
    """NotHere where R or one of the packages is missing."""
    debian = "r-cran-survival r-cran-survminer r-bioc-complexheatmap r-bioc-limma r-cran-quadprog"
    hint = f"`apt-get install r-base-core {debian}` gives it"
    if not shutil.which("Rscript"):
        raise NotHere(f"no Rscript; {hint}")
    asked = f"cat(setdiff(c({', '.join(map(repr, PACKAGES))}), rownames(installed.packages())))"
    lacking = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=True).stdout.strip()
    if lacking:
        raise NotHere(f"R lacks {lacking}; {hint}")


def rows(folder: Path) -> list[dict]:
    """Each part and the total, warm and with the start, ours as a ratio to R's; and how far the results differ."""
    check()
    make_input(folder)
    sides = {"R": ["Rscript", "--vanilla", str(SCRIPT)], "ours": [sys.executable, "-m", "tests.bench.beside_r_ours"]}
    cold: dict[tuple, list[Cost]] = {}
    warm: dict[tuple, list[Cost]] = {}
    for turn in range(TURNS):
        for side in list(sides)[:: 1 if turn % 2 else -1]:
            for part in WHAT:
                cost = command([*sides[side], str(folder), part, "1"])
                cold.setdefault((side, part), []).append(cost)
            lines = command([*sides[side], str(folder), ",".join(WHAT), str(CALLS)]).output.splitlines()
            calls = [line.split() for line in lines if line.split(" ")[0] in WHAT]
            for part in WHAT:
                # the first call pays for what is loaded on use
                for _, wall, cpu in [call for call in calls if call[0] == part][1:]:
                    warm.setdefault((side, part), []).append(Cost(float(wall), float(cpu)))
    result = []
    for name, costs in (("warm", warm), ("with start", cold)):
        middle = {key: median(taken) for key, taken in costs.items()}
        totals = {
            side: Cost(*(sum(getattr(middle[side, part], kind) for part in WHAT) for kind in ("wall", "cpu")))
            for side in sides
        }
        for part, what in WHAT.items():
            result.append(middle["R", part].row(f"{name}: R, {what}"))
            result.append(middle["ours", part].row(f"{name}: ours", beside=middle["R", part], against="R"))
        result.append(totals["R"].row(f"{name}: R, total"))
        result.append(totals["ours"].row(f"{name}: ours, total", beside=totals["R"], against="R", bound=MOST))
    for part in WHAT:
        r, mine = (pd.read_csv(folder / f"{side}_{part}.csv")["value"].to_numpy() for side in ("r", "ours"))
        apart = float(np.nanmax(np.abs(r - mine))) if len(r) == len(mine) else np.inf
        result.append(stated(f"results differ: {part}", apart, MOST_APART))
    return result
