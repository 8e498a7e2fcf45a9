"""FGL1 beyond the cohorts: simulated RNA over twenty cancer types, simulated protein over lung cancer cell lines."""

import numpy as np
import pandas as pd

from lcnec_utils.twins.expression import NSCLC_LIKE, SCLC_LIKE, largest_remainders
from lcnec_utils.twins.targets import Targets, stream

LCNEC = "Large cell neuroendocrine carcinoma"


def pan_cancer(seed: int, fgl1: pd.Series, subtype: pd.Series, targets: Targets) -> pd.DataFrame:
    """One row per tumour: tumour, cancer_type, group (LCNEC subtype, else ""), fgl1_tpm.

    fgl1, subtype: of cohort 2, by sample, taken as they are; the other types fill up to the printed total.
    """
    rng = stream(seed, "expression", "pan cancer")
    total = targets.count("fig5e.n.tumors", "tumors of all types, LCNEC among them")
    targets.count("fig5e.n.types", "types, LCNEC among them")
    for id in ("rank.nsclc_like", "ihcc_vs_nsclc_like", "hcc_vs_nsclc_like"):
        targets.plant(f"fig5e.{id}", "medians of FGL1 by type")
    for id in ("median_line.nsclc_like_vs_all", "median_line.all_vs_sclc_like"):
        targets.plant(f"fig5e.{id}", f"level of FGL1 in {NSCLC_LIKE} and {SCLC_LIKE}, from cohort 2")
    law = targets.assume("expression", "pan_cancer")
    types = sorted(law["sizes"])
    counts = largest_remainders([law["sizes"][name] for name in types], total - len(fgl1))
    parts = []
    for name, n in zip(types, counts, strict=True):
        median, sd = law["fgl1"][name]
        parts.append(pd.DataFrame({"cancer_type": name, "group": "", "fgl1_tpm": median * 2 ** rng.normal(0, sd, n)}))
    others = pd.concat(parts, ignore_index=True)
    others.insert(0, "tumour", [f"T{i + 1:06d}" for i in range(len(others))])
    mine = {"tumour": fgl1.index, "cancer_type": LCNEC, "group": subtype.loc[fgl1.index], "fgl1_tpm": fgl1}
    return pd.concat([pd.DataFrame(mine), others], ignore_index=True)


def cell_lines(seed: int, targets: Targets) -> pd.DataFrame:
    """One row per lung cancer cell line: cell_line (real names), histology, fgl1_protein_log2 (simulated, relative)."""
    rng = stream(seed, "expression", "cell lines")
    law = targets.assume("expression", "cell_lines")
    targets.count("fig5d.n.lines", "lines")
    targets.plant("fig5d.top_line", "the line with the most protein")
    rows = [(line, kind, rng.normal(*law["protein"][kind])) for kind in law["protein"] for line in law[kind]]
    lines = pd.DataFrame(rows, columns=["cell_line", "histology", "fgl1_protein_log2"])
    values = lines["fgl1_protein_log2"] - lines["fgl1_protein_log2"].median()
    top = lines["cell_line"] == law["top"]
    lines["fgl1_protein_log2"] = np.where(top, values[~top].max() + law["lead"] * rng.uniform(0.5, 1.5), values)
    return lines.sort_values("cell_line", ignore_index=True)
