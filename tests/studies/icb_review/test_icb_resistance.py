"""Effects that the review quotes: which groups are compared, and what too few patients answer."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.stats import cox
from lcnec_utils.studies.icb_review import icb_resistance


def treated(n: int, mutated: int) -> tuple[pd.DataFrame, icb_resistance.BlockadeMarks]:
    """Patients on checkpoint blockade, so many of them with every mutation, and their marks."""
    ids = pd.Index([f"P{i}" for i in range(n)])
    has = pd.Series(np.arange(n) < mutated, ids)
    half = pd.Series(np.arange(n) % 2 == 0, ids, dtype="boolean")
    genes, third = ["STK11", "KEAP1", "KRAS", "EGFR", "TP53"], np.arange(n) % 3
    alleles = {name: has & (third == i % 3) for i, name in enumerate(icb_resistance.ALLELES)}
    marks = icb_resistance.BlockadeMarks(
        mutated=pd.DataFrame(dict.fromkeys(genes, has)).astype("boolean"),
        alleles=pd.DataFrame(alleles).astype("boolean"),
        markers=pd.DataFrame({"TMB high": half, "PD-L1 positive": ~half}),
        loss=half, histology=pd.Series(["LUAD", "LUSC", None] * n, dtype=object)[:n].set_axis(ids),
        burden=pd.Series(np.arange(n, dtype=float), ids), benefit=pd.Series(["YES", "NO"] * n)[:n].set_axis(ids),
    )  # fmt: skip
    months = np.random.default_rng(3).exponential(6, n)
    return pd.DataFrame({"months": months, "event": True}, ids), marks


@pytest.mark.parametrize("mutated", [3, 30])
def test_what_reviews_quote_hangs_on_no_side_of_few(mutated):
    table, marks = treated(60, mutated)
    contrasts = icb_resistance.quoted_contrasts(marks)
    effects = cox.univariable_cox(table.join(contrasts), markers=list(contrasts), min_group=5)
    found = icb_resistance.quoted_findings(effects, contrasts, marks, min_group=5)
    of_sides = ["pfs.stk11", "pfs.keap1", "pfs.kras_g12d", "response.egfr_pd1", "pdl1.keap1", "tmb.exon19_l858r"]
    of_carriers = ["kras_g12c.most_prevalent", "kras_stk11.share"]
    for name in [*of_sides, *of_carriers]:
        assert (found[name].value is None) == (mutated == 3), name
        assert found[name].value is not None or "5" in found[name].note
    assert found["mdacc.stk11"].value == pytest.approx(100 * mutated / 60), "a share of all 60"
    assert found["stk11.ricciuti"].value == pytest.approx(100 * (mutated / 3) / 20), "of the 20 adenocarcinomas"


def test_who_has_no_histology_or_an_unspecified_one_is_not_taken_for_non_squamous():
    _, marks = treated(60, 30)
    marks.histology.iloc[0] = "NSCLC"
    contrast = icb_resistance.quoted_contrasts(marks)["9p21 deleted, of non-squamous"]
    assert contrast.notna().equals(marks.histology == "LUAD") and contrast.isna().sum() == 41


def findings_of(table: pd.DataFrame, marks: icb_resistance.BlockadeMarks) -> dict:
    contrasts = icb_resistance.quoted_contrasts(marks)
    effects = cox.univariable_cox(table.join(contrasts), markers=list(contrasts), min_group=5)
    return icb_resistance.quoted_findings(effects, contrasts, marks, min_group=5)


def test_claims_on_adenocarcinoma_do_not_hear_of_squamous_carcinomas():
    """Forty squamous carcinomas more, all STK11- and KEAP1-mutated, PD-L1 negative and with long survival."""
    table, marks = treated(60, 30)
    before = findings_of(table, marks)
    ids = pd.Index([f"Q{i}" for i in range(40)])
    more_marks = {"histology": pd.Series("LUSC", ids), "burden": pd.Series(1.0, ids), "benefit": pd.Series("YES", ids)}
    more_marks["loss"] = pd.Series(False, ids, dtype="boolean")
    for name in ("mutated", "alleles", "markers"):
        columns = getattr(marks, name).columns
        more_marks[name] = pd.DataFrame(name == "mutated", ids, columns, dtype="boolean")
    more = {name: pd.concat([getattr(marks, name), part]) for name, part in more_marks.items()}
    longer = pd.concat([table, pd.DataFrame({"months": np.arange(40) + 100.0, "event": True}, ids)])
    after = findings_of(longer, icb_resistance.BlockadeMarks(**more))
    of_adenocarcinoma = ["pfs.stk11", "pfs.keap1", "pdl1.stk11", "pdl1.keap1", "stk11.ricciuti", "keap1.ricciuti"]
    for name in [*of_adenocarcinoma, "kras.luad", "kras.luad.text", "prognosis.9p_nonsquamous"]:
        assert after[name].value == pytest.approx(before[name].value, rel=1e-9), name
    for name in ("mdacc.stk11", "response.egfr_pd1", "primary_resistance.stk11", "kras.lscc"):
        assert after[name].value != pytest.approx(before[name].value, rel=1e-3), name


def test_what_blockade_adds_is_no_finding_in_patients_who_all_had_it():
    """Efficacy is an effect of treatment: blockade against a control arm in either group."""
    assert not [name for name in findings_of(*treated(60, 30)) if name.startswith(("efficacy.", "os.ici_vs"))]
