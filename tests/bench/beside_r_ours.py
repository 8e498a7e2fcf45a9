"""Our side of `beside_r`, as a process of its own: python -m tests.bench.beside_r_ours FOLDER PARTS TIMES.

It imports what its parts need, as the R script does, and nothing of the bench.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def survival(folder: Path):
    """Our side: groups compared, drawn."""
    from lcnec_utils.plots import palette
    from lcnec_utils.plots.kaplan_meier import kaplan_meier
    from lcnec_utils.stats import comparison

    table = pd.read_csv(folder / "survival.csv")
    palette.apply()

    def work():
        groups = comparison.compare(table, group="group", endpoint="overall survival")
        fig, ax = palette.figure(height_mm=92)
        kaplan_meier(groups, ax)
        fig.savefig(folder / "ours_survival.svg")
        _close(fig)
        return [*groups.medians["median"], groups.log_rank.chi_squared, *groups.ratios["coefficient"]]

    return work


def _close(fig) -> None:
    import matplotlib.pyplot as plt

    plt.close(fig)


def landscape(folder: Path):
    """Our side: the CoMut plot with bars and two tracks."""
    from lcnec_utils.plots import palette
    from lcnec_utils.plots.comut import comut

    calls, tumours = (pd.read_csv(folder / name) for name in ("calls.csv", "tumours.csv"))
    genes = (folder / "genes.txt").read_text().split()
    palette.apply()

    def work():
        shown = tumours.set_index("sample")
        hit = pd.crosstab(calls["sample"], calls["gene"]).reindex(index=shown.index, columns=genes, fill_value=0) > 0
        fig = comut(
            calls, hit, shown["subtype"].astype("category"), bars=shown["burden"], bars_label="Burden",
            tracks={"Sex": shown["sex"], "Age": shown["age"]},
        )  # fmt: skip
        fig.savefig(folder / "ours_landscape.svg")
        _close(fig)
        return hit.mean().tolist()

    return work


def genes(folder: Path):
    """Our side: moderated t of each gene."""
    from lcnec_utils.stats.differential import moderated_t

    marked = np.loadtxt(folder / "marked.txt") == 1
    values = np.fromfile(folder / "log2.bin").reshape(-1, len(marked)).T

    def work():
        table = moderated_t(values[marked], values[~marked])
        return [*table["t"], *table["p"]]

    return work


def signature():
    """The signature of quanTIseq, which the other side reads as a table."""
    from lcnec_utils.omics import deconvolution
    from lcnec_utils.public.fetch import fetch

    return deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})


def fractions(folder: Path):
    """Our side: quanTIseq of all tumours."""
    from lcnec_utils.omics.deconvolution import quantiseq

    til10, symbols = signature(), (folder / "symbols.txt").read_text().split()
    tpm = pd.DataFrame(np.fromfile(folder / "tpm.bin").reshape(-1, len(symbols)).T, symbols)
    tpm.columns = [f"S{place}" for place in tpm.columns]

    def work():
        return quantiseq(tpm, til10=til10, tumor=True, logged=False).to_numpy().ravel()

    return work


OURS = {"survival": survival, "landscape": landscape, "genes": genes, "fractions": fractions}


def ours(folder: Path, parts: list[str], times: int) -> None:
    """Our side, as the R script is: a line per call, and what was found as a table."""
    for part in parts:
        work = OURS[part](folder)
        for _ in range(times):
            wall, cpu = time.perf_counter(), time.process_time()
            value = work()
            print(part, time.perf_counter() - wall, time.process_time() - cpu)
        pd.DataFrame({"value": value}).to_csv(folder / f"ours_{part}.csv", index=False)


if __name__ == "__main__":
    ours(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]))
