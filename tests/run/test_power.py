"""Power by simulation: what is refused, the size at which the share is reached, and one real draw (a kernel, 8 s)."""

import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims, sample_size
from lcnec_utils.run import power

SHARE = "lcnec.figs6.any_grade.chemotherapy"


@pytest.mark.parametrize(
    "claim, told",
    [
        ("lcnec.figs6.any_grade.chemo", "is not in params/published (did you mean"),
        ("lcnec.table1.age.c1", "a number of the source's own patients"),
        ("lcnec.fig4e.dll3.median.sclc", "needs "),
        ("icb.rv_text_effects.os.tmb_high", "needs patients on immune checkpoint blockade"),
        ("lcnec.figs8.os.tp53.c1", "genotype and survival are independent"),
    ],
)
def test_a_claim_that_no_free_twin_can_answer_is_refused_in_one_line(claim, told, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    assert cli.main(["power", claim]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
    assert not (tmp_path / "build" / "power").exists(), "nothing is drawn for it"


@pytest.mark.parametrize("text", ["50,", "many", "0", "-5", "1.5"])
def test_sizes_are_whole_numbers_above_none(text):
    with pytest.raises(UserError, match="is no number of patients"):
        power.read_sizes(text)


@pytest.mark.parametrize(
    "shares, reached",
    [
        ([0.9, 1.0, 1.0], 50),  # from the first
        ([0.2, 0.5, 0.7], None),  # never
        ([0.4, 0.8, 1.0], 100),  # at a size
        ([0.4, 0.6, 1.0], 141.42),  # half way between two, on the logarithm: 100·√2
        ([0.9, 0.6, 1.0], 141.42),  # where it stays, not where chance had it once
    ],
)
def test_the_size_from_which_the_share_is_reached(shares, reached):
    table = pd.DataFrame({"patients": [50, 100, 200], "share": shares})
    assert power.reaching(table) == (None if reached is None else pytest.approx(reached, abs=0.01))


def answer(verdict: str, n: int = 40) -> dict:
    return {"verdict": verdict, "reason": f"because {verdict}", "findings": [{"value": 50.0, "n": n, "events": n // 2}]}


def test_draws_without_an_answer_count_against_the_share():
    claim = claims.published()[SHARE]
    answers = [(50, answer("compatible")), (50, answer("inconclusive", 44)), (50, answer("not computable")), (50, None)]
    found = power._summed(claim, "cohort_1", answers)
    [row] = found.table.to_dict("records")
    assert (row["draws"], row["answered"], row["compatible"], row["share"]) == (4, 2, 1, 0.25)
    assert (row["n"], row["events"]) == (42, 21) and row["lower"] < 0.25 < row["upper"]
    said = str(found)
    assert "SIMULATED" in said and sample_size.needed(claim) in said and "not reached by 50 patients" in said
    with pytest.raises(UserError, match="no free twin answers it: because not computable"):
        power._summed(claim, "cohort_1", [(50, answer("not computable"))] * 3)


def test_a_claims_notebook_answers_it_on_a_free_twin(tmp_path, monkeypatch):
    """300 patients hold 60% on chemotherapy or so; the share that has an event is the law's, give or take chance."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    found = power.study(SHARE, [300], draws=1, say=lambda line: None)
    [row] = found.table.to_dict("records")
    assert row["answered"] == 1 and found.like == "cohort_1" and 120 < row["n"] < 230
    assert 0.38 < row["events"] / row["n"] < 0.63
    assert not (tmp_path / "figures").exists()
