"""Genes by which tissues, types of cells and their states are told apart (cell_markers.yaml)."""

import functools
from pathlib import Path

import pandas as pd

from lcnec_utils.core.errors import MissingData

LEAST_GENES = 0.5  # of a list's genes that must have been measured


@functools.cache
def cell_markers() -> dict:
    """The lists: `tissues` and `states` (name → why, genes, of a state `of`: its type), `types` (name → genes).

    >>> cell_markers()["states"]["activation"]["of"]
    'CD8 T'
    """
    import yaml

    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def marker_table() -> pd.DataFrame:
    """Every list as a row to be shown: list, kind (tissue, type or state), genes, joined by commas.

    >>> marker_table().query("list == 'B'")["genes"].item()
    'CD19, MS4A1, CD79A, CD79B, BANK1'
    """
    known, rows = cell_markers(), []
    for kind in ("tissues", "types", "states"):
        for name, entry in known[kind].items():
            genes = entry if isinstance(entry, list) else entry["genes"]
            rows.append({"list": name, "kind": kind[:-1], "genes": ", ".join(genes)})
    return pd.DataFrame(rows)


def measured(genes: list[str], names, *, what: str) -> list[str]:
    """Those of a list's genes that are among `names`. Raises MissingData where fewer than half are.

    >>> measured(["CD19", "MS4A1"], ["MS4A1", "CD3D"], what="B cells")
    ['MS4A1']
    """
    present = [gene for gene in genes if gene in set(names)]
    if len(present) < LEAST_GENES * len(genes):
        raise MissingData(f"{len(present)} of {len(genes)} genes of {what} were measured, and half of them are needed")
    return present


def tissue_shares(tpm: pd.DataFrame) -> pd.DataFrame:
    """Percent of each sample's transcripts that are of the genes of each tissue; samples × tissues.

    tpm: samples × genes, of a whole transcriptome. In a tumour sample a rise of these genes shows normal tissue around
    the tumour. Raises MissingData where fewer than half of a tissue's genes were measured.

    >>> genes = cell_markers()["tissues"]["hepatocyte"]["genes"] + cell_markers()["tissues"]["pneumocyte"]["genes"]
    >>> tissue_shares(pd.DataFrame(1e6 / len(genes), ["S1"], genes)).round(1).to_dict("index")
    {'S1': {'hepatocyte': 66.7, 'pneumocyte': 33.3}}
    """
    shares = {}
    for name, entry in cell_markers()["tissues"].items():
        shares[name] = tpm[measured(entry["genes"], tpm.columns, what=name)].sum(axis=1) / 1e4
    return pd.DataFrame(shares)
