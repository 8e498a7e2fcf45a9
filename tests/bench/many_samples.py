"""Expression of 125,632 made-up tumours, more than memory should hold, read from disk some tumours at a time.

What is measured, in a process of its own: transcription-factor subtypes with their shares by group, the panels of DLL3
and FGL1, and quanTIseq with its panel. The matrix has 20,000 genes under approved symbols (the four factors, DLL3,
FGL1, SPINK1, all genes of TIL10, and others), float32, dense: 10 GB on disk, as AnnData writes it.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.measure import NotHere, command, stated

SAMPLES, GENES = 125_632, 20_000
MOST_GB, MOST_APART = 4.0, 1e-12
ALIKE = 3_000  # tumours on which the numbers are held against those of one table in memory
BLOCK = 512


def til10():
    """The signature; NotHere where it cannot be had."""
    from lcnec_utils.omics import deconvolution
    from lcnec_utils.public.fetch import DownloadError, fetch

    try:
        return deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})
    except DownloadError as error:
        raise NotHere(str(error)) from None


def write(folder: Path, samples: int = SAMPLES, genes: int = GENES, seed: int = 1) -> Path:
    """A study folder of made-up tumours, its matrix written block by block."""
    import anndata
    import h5py

    from lcnec_utils.cohort.write import write_study
    from lcnec_utils.omics.expression import FACTORS

    signature = til10()
    first = dict.fromkeys([*FACTORS, "DLL3", "FGL1", "SPINK1", *signature.signature.index])
    symbols = [*first, *(name for name in sorted(signature.approved) if name not in first)][:genes]
    rng = np.random.default_rng(seed)
    ids = [f"S{place:06d}" for place in range(samples)]
    kinds = rng.choice(["SCLC-like", "NSCLC-like", "Unclassified"], samples)
    people = [f"P{place:06d}" for place in range(samples)]
    table = pd.DataFrame({"SAMPLE_ID": ids, "PATIENT_ID": people, "ONCOTREE_CODE": "LUNE", "GENOMIC_SUBTYPE": kinds})
    named = {"name": "Made-up tumours", "simulated": True, "source": "made up for the bench", "licence": "CC0-1.0"}
    write_study(folder, patients=pd.DataFrame({"PATIENT_ID": people}), samples=table, study=named)
    empty = anndata.AnnData(obs=pd.DataFrame(index=ids), var=pd.DataFrame(index=symbols), uns={"scale": "TPM"})
    empty.write_h5ad(folder / "expression.h5ad")
    profile = rng.lognormal(1, 2, len(symbols)).astype("f4")
    immune = np.isin(symbols, signature.signature.index)
    noise = rng.lognormal(0, 0.8, (BLOCK, len(symbols) + 1000)).astype("f4")
    with h5py.File(folder / "expression.h5ad", "a") as file:
        if "X" in file:
            del file["X"]
        values = file.create_dataset("X", (samples, len(symbols)), dtype="f4")
        values.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for start in range(0, samples, BLOCK):
            number = min(BLOCK, samples - start)
            shift = int(rng.integers(1000))
            block = noise[:number, shift : shift + len(symbols)] * profile
            block[:, immune] *= rng.lognormal(0, 1, (number, 1)).astype("f4")
            block *= (1e6 / block.sum(axis=1, keepdims=True)).astype("f4")
            values[start : start + number] = block
    return folder


def panels(folder: Path) -> None:
    """Draw the panels of a folder, and print the seconds of each as JSON; the tables go beside it."""
    from lcnec_utils.cohort.read import read_study
    from lcnec_utils.omics import deconvolution, expression, immune, joint
    from lcnec_utils.plots import palette
    from lcnec_utils.plots.boxes import boxes
    from lcnec_utils.plots.grouped_boxes import grouped_boxes, height_mm
    from lcnec_utils.plots.share_bars import share_bars
    from lcnec_utils.stats import ranks
    from lcnec_utils.studies.lcnec import microenvironment, sclc_programmes

    taken, clock = {}, time.perf_counter()

    def done(what: str) -> None:
        nonlocal clock
        taken[what] = time.perf_counter() - clock
        clock = time.perf_counter()

    palette.apply()
    cohort = read_study(folder)
    done("reading the study folder")
    tumours = joint.combine_expression(cohort, None, genes=[*expression.FACTORS, "DLL3", "FGL1"])
    factor = expression.tf_subtype(tumours.log2)
    shares = sclc_programmes.factor_shares(factor, tumours.group)
    fig, ax = palette.figure(height_mm=80)
    share_bars(shares, ax, ylabel="% of tumours")
    fig.savefig(folder / "factors.svg")
    factor.to_csv(folder / "factors.csv")
    done("TF subtypes")
    for gene in ("DLL3", "FGL1"):
        tests = ranks.pairwise_rank_sums(tumours.log2[gene], tumours.group)
        fig, ax = palette.figure(height_mm=80)
        boxes(tumours.log2[gene], tumours.group, ax, ylabel=gene, pairs=ranks.p_by_pair(tests))
        fig.savefig(folder / f"{gene}.svg")
    tumours.log2.to_pickle(folder / "log2.pkl")
    done("DLL3 and FGL1 panels")
    cells = immune.fractions(cohort, til10=til10())
    cells.to_pickle(folder / "cells.pkl")
    done("quanTIseq")
    subtype = microenvironment.genomic_subtypes(cohort, samples=cells.index)
    populations = cells.drop(columns=immune.NAMES[deconvolution.OTHER])
    tests = ranks.pairwise_rank_sums_by_column(populations, subtype)
    rows = ranks.long_table(populations, subtype)
    fig, ax = palette.figure(palette.PAGE_MM, height_mm(rows))
    grouped_boxes(rows, ax, xlabel="% of cells", tests=tests, fdr=0.05)
    fig.savefig(folder / "cells.svg")
    done("quanTIseq's panel")
    print(json.dumps(taken))


def apart(folder: Path) -> dict[str, float]:
    """How far the numbers lie from those of one table in memory: quanTIseq of the first ALIKE tumours, and, of all,
    the six genes and the subtype that they give, read and computed here by h5py and numpy alone."""
    import h5py

    from lcnec_utils.omics import deconvolution
    from lcnec_utils.omics.expression import FACTORS

    with h5py.File(folder / "expression.h5ad") as file:
        symbols = [name.decode() for name in file["var"][file["var"].attrs["_index"]][()]]
        few = file["X"][:ALIKE]
        places = [symbols.index(gene) for gene in (*FACTORS, "DLL3", "FGL1")]
        six = np.concatenate([file["X"][start : start + 2048][:, places] for start in range(0, len(file["X"]), 2048)])
    names = [f"S{place:06d}" for place in range(len(few))]
    tpm = np.maximum(np.float32(2) ** np.log2(few.astype(float) + 1).astype("f4") - np.float32(1), np.float32(0))
    whole = deconvolution.quantiseq(pd.DataFrame(tpm.T, symbols, names), til10=til10(), tumor=True, logged=False)
    chunked = pd.read_pickle(folder / "cells.pkl").iloc[: len(few)] / 100
    log2 = pd.read_pickle(folder / "log2.pkl")
    mine = np.log2(six.astype(float) + 1).astype("f4")
    four = mine[:, :4].astype(float)
    highest = ((four - four.mean(axis=0)) / four.std(axis=0)).argmax(axis=1)
    said = pd.read_csv(folder / "factors.csv")["tf_subtype"].to_numpy()
    return {
        "quanTIseq": float(np.abs(whole.to_numpy() - chunked.to_numpy()).max()),
        "genes": float(np.abs(log2[[*FACTORS, "DLL3", "FGL1"]].to_numpy() - mine).max()),
        "subtypes": float((np.array(FACTORS)[highest] != said).sum()),
    }


def rows(folder: Path, samples: int = SAMPLES, genes: int = GENES) -> list[dict]:
    """Time and memory of the panels, and how far the results are from those in memory."""
    til10()
    call = [sys.executable, "-m", "tests.bench.many_samples"]
    made = command([*call, "write", str(folder / "many"), str(samples), str(genes)])
    drawn = command([*call, "panels", str(folder / "many")])
    differs = json.loads(command([*call, "apart", str(folder / "many")]).output.splitlines()[-1])
    size = (folder / "many" / "expression.h5ad").stat().st_size / 1e9
    seconds = json.loads(drawn.output.splitlines()[-1])
    return [
        made.row(f"writing {samples:,} tumours × {genes:,} genes", note=f"{size:.1f} GB on disk"),
        drawn.row("all panels from disk", note="; ".join(f"{what} {value:.0f} s" for what, value in seconds.items())),
        stated("  GB of the process", drawn.memory, MOST_GB),
        stated(f"  quanTIseq differs from memory ({min(ALIKE, samples):,} tumours)", differs["quanTIseq"], MOST_APART),
        stated("  genes differ from a plain reading", differs["genes"], MOST_APART),
        stated("  TF subtypes that differ from plain numpy's", differs["subtypes"], 0),
    ]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", path, samples, genes]:
            write(Path(path), int(samples), int(genes))
        case ["panels", path]:
            panels(Path(path))
        case ["apart", path]:
            print(json.dumps(apart(Path(path))))
