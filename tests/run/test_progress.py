"""What a batch says: counted lines, a forecast, and reasons in a few lines."""

import pytest

from lcnec_utils.run import progress
from lcnec_utils.run.execution import Ended

TWO = ["twin/02_outcomes", "twin/06_subtype_classifier"]


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """A clock that is set by hand: a list whose only item is the time in seconds."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    seconds = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def test_the_line_of_a_notebook_counts_up_and_foretells(clock):
    said = progress.Progress([*TWO, "msk_met/03_adverse_events"], cores=2)
    line = said.without_kernel(Ended("msk_met", "03_adverse_events", 0, 2, 0.4))
    assert line.startswith("[1/3] msk_met 03_adverse_events: 0 drawn, 2 skipped, 0 s; about ")
    clock[0] = 20.0  # as long as foretold: the longest decides, 90 s from the start
    line = said.of_kernel(str(Ended("twin", "02_outcomes", 8, 4, 20.0)))
    assert line == "[2/3] twin 02_outcomes: 8 drawn, 4 skipped, 20 s; about 70 s left"
    line = said.of_kernel(str(Ended("twin", "06_subtype_classifier", 6, 0, 88.0)))
    assert line == "[3/3] twin 06_subtype_classifier: 6 drawn, 0 skipped, 88 s"


def test_the_forecast_follows_the_pace_of_this_machine(clock):
    said = progress.Progress(TWO, cores=2)
    clock[0] = 60.0
    assert said.of_kernel("twin 02_outcomes: 8 drawn, 4 skipped, 60 s").endswith("; about 4 min left")  # 3 × 90 − 60


def test_of_a_queue_only_the_pace_so_far_is_known(clock):
    """A profile's hundred jobs at a time are no hundred processors."""
    said = progress.Progress([f"twin/{number:02}_x" for number in range(11)], cores=100, queued=True)
    clock[0] = 120.0
    assert said.of_kernel("twin 00_x: 8 drawn, 4 skipped, 60 s").endswith("; about 20 min left")  # 10 more


def test_another_line_is_left_as_it_is(clock):
    said = progress.Progress(TWO, cores=2)
    for line in ("lcnec: 02_outcomes: cell 3 ended", "twin 04_genomic_landscape: 5 drawn, 0 skipped, 14 s"):
        assert said.of_kernel(line) == line


def test_the_next_batch_knows_what_this_one_took(clock):
    said = progress.Progress(TWO, cores=1)
    said.of_kernel("twin 02_outcomes: 8 drawn, 4 skipped, 300 s")
    said.keep()
    assert progress.expected_seconds("twin", "02_outcomes") == 300.0
    assert progress.expected_seconds("msk_met", "02_outcomes") == progress.SECONDS["02_outcomes"]


def test_reasons_are_a_few_lines_the_most_frequent_first():
    role = "This run names no cohort for the role '{}' (what it is)."
    lacks = "mine has no {}: its clinical tables have no column X."
    skipped = {
        "mine/02_outcomes": {"a": role.format("icb"), "b": role.format("icb"), "c": role.format("cohort_2")},
        "mine/03_adverse_events": {"d": lacks.format("adverse events")},
        "other/09_microenvironment": {"e": "QuanTIseq needs TPM.", "f": "QuanTIseq needs TPM."},
    }
    assert progress.by_reason(skipped) == [
        "3 panels: no cohort in the role icb (2), cohort_2 (1)",
        "2 panels: QuanTIseq needs TPM",
        "1 panel: mine has no adverse events",
    ]
