"""What the bench makes of what it measures; it measures nothing here."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.bench import __main__ as bench
from tests.bench import measure, report


def test_a_power_of_size_is_told_from_its_times():
    sizes = [590, 5_900, 59_000]
    assert measure.exponent(sizes, [2.0 * n**1.1 for n in sizes]) == pytest.approx(1.1)
    assert measure.exponent(sizes, [7.0] * 3) == pytest.approx(0)


def test_a_ratio_is_held_against_its_bound():
    ours, theirs = measure.Cost(6.0, 3.0), measure.Cost(10.0, 2.0)
    by_wall = ours.row("ours", beside=theirs, bound=0.6, against="theirs")
    by_cpu = ours.row("ours", beside=theirs, by="cpu", bound=1.0, against="theirs")
    assert (by_wall["ratio"], by_wall["met"]) == (0.6, "yes")
    assert (by_cpu["ratio"], by_cpu["met"]) == (1.5, "no")
    assert np.isnan(theirs.row("theirs")["ratio"]) and theirs.row("theirs")["met"] == ""


def test_the_cost_of_a_command_counts_its_children_and_nothing_of_who_measures():
    """Memory that is only asked for is not there: a byte of each page has to be written."""
    held = np.ones(30_000_000)  # 240 MB of this process
    work = "x = sum(range(10**7)); b = b'1' * 10**8; import time; time.sleep(0.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    cost = measure.command(["python3", "-c", code])
    assert cost.cpu > 0.05 and 0.1 < cost.memory < 0.2
    assert 0 < measure.command(["python3", "-c", "import time; time.sleep(0.5)"]).memory < 0.05 < held.nbytes / 1e9


def test_a_part_takes_the_place_of_its_last_figures_and_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGE", tmp_path / "BENCH.md")
    monkeypatch.setattr(report, "folder", lambda: tmp_path)
    table = measure.table([measure.stated("a number", 1.25, 1.0), measure.Cost(2.0, 1.0).row("a cost")])
    for part, seconds in (("one", 10), ("other", 20), ("one", 30)):
        report.keep(part, "title", table, "2 cores", seconds)
    text = (tmp_path / "BENCH.md").read_text()
    assert re.findall(r"^## (\w+)", text, re.M) == ["one", "other"]
    assert "took 30 s" in text and "took 20 s" in text and "took 10 s" not in text and "**missed**" in text
    kept = pd.read_csv(tmp_path / "one.csv", comment="#")
    assert list(kept) == measure.COLUMNS and list(kept["met"].fillna("")) == ["no", ""]


def test_the_page_holds_parts_that_are_there():
    sections = re.findall(r"^## (\w+):", report.PAGE.read_text(encoding="utf-8"), re.M)
    assert sections and set(sections) <= set(bench.PARTS)
