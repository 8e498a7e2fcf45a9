"""What a batch says: a line per notebook that has ended, how long the rest takes, and what was skipped for which
reason."""

import collections
import json
import re
import time
from pathlib import Path

from lcnec_utils.core import formats, paths
from lcnec_utils.run.execution import Ended

# Seconds of notebooks that no earlier run has timed; longer ones start first
SECONDS = {
    "06_subtype_classifier": 90.0,
    "08_fgl1_spink1": 70.0,
    "09_microenvironment": 60.0,
    "02_outcomes": 20.0,
    "07_sclc_programmes": 15.0,
    "04_genomic_landscape": 12.0,
}
OTHER_SECONDS = 7.0
# what str() of an Ended says
OF_ONE = re.compile(
    r"(?P<run>\S+) (?P<notebook>\S+): (?P<drawn>\d+) drawn, (?P<skipped>\d+) skipped, (?P<seconds>\d+) s"
)
NO_COHORT = re.compile(r"this run names no cohort for the role '(\w+)'", re.I)
LACKS = re.compile(r"(\S+) has no ([^:(;]+[^:(;. ])")


def _times_path() -> Path:
    return paths.output_root() / "build" / "times.json"


def earlier_seconds() -> dict[str, float]:
    """What notebooks took when they last ran, by `run/notebook`."""
    try:
        return json.loads(_times_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def expected_seconds(run: str, notebook: str) -> float:
    """What a notebook of a run will take: what it took last, else what such a notebook takes."""
    return earlier_seconds().get(f"{run}/{notebook}", SECONDS.get(notebook, OTHER_SECONDS))


class Progress:
    """The notebooks (`run/notebook`) of a batch, counted as they end.

    What ends without a kernel says nothing of how long kernels take: it is counted, and the clock starts after it.
    queued: whether they wait in a cluster's queue, so that nobody knows how many work at a time.
    """

    def __init__(self, notebooks: list[str], cores: int, queued: bool = False):
        self.cores, self.total, self.queued = cores, len(notebooks), queued
        self.left = {key: expected_seconds(*key.split("/")) for key in notebooks}
        self.expected = dict(self.left)
        self.took: dict[str, float] = {}
        self.started = time.monotonic()

    def without_kernel(self, ended: Ended) -> str:
        """The line of a notebook that has ended without a kernel: `[1/39] msk_met 03_adverse_events: 0 drawn, …`."""
        del self.expected[f"{ended.run}/{ended.notebook}"]
        self.started = time.monotonic()
        return self._line(ended)

    def of_kernel(self, line: str) -> str:
        """A line of `lcnec execute`: counted and with a forecast where it tells that a notebook has ended, `[12/39]
        twin 02_outcomes: 8 drawn, 4 skipped, 42 s; about 3 min left`; any other line as it is."""
        match = OF_ONE.fullmatch(line)
        if not match or f"{match['run']}/{match['notebook']}" not in self.left:
            return line
        counts = int(match["drawn"]), int(match["skipped"]), float(match["seconds"])
        self.took[f"{match['run']}/{match['notebook']}"] = counts[-1]
        return self._line(Ended(match["run"], match["notebook"], *counts))

    def _line(self, ended: Ended) -> str:
        del self.left[f"{ended.run}/{ended.notebook}"]
        return f"[{self.total - len(self.left)}/{self.total}] {ended}" + (f"; {self.forecast()}" if self.left else "")

    def forecast(self) -> str:
        """How long the notebooks that have not ended will take, at the pace of those that have."""
        foretold = sum(self.expected[key] for key in self.took)
        pace = sum(self.took.values()) / foretold if foretold else 1.0
        whole = pace * max(sum(self.expected.values()) / self.cores, *self.expected.values())
        at_least = pace * sum(self.left.values()) / self.cores / 2  # what has not ended may be half done
        elapsed = time.monotonic() - self.started
        seconds = max(whole - elapsed, at_least)
        if self.queued and self.took:
            seconds = elapsed * len(self.left) / len(self.took)
        return (
            f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {max(5, round(seconds, -1)):.0f} s left"
        )

    def keep(self) -> None:
        """Keep what notebooks took in their kernels, for the next batch."""
        path = _times_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(earlier_seconds() | self.took, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def by_reason(skipped: dict[str, dict[str, str]]) -> list[str]:
    """A few lines on what was skipped and why, the most frequent reason first.

    skipped: `run/notebook` → panel → reason. Roles that a run leaves empty are one line, and so is what one cohort
    lacks; each with the number of panels.
    """
    groups: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for panels in skipped.values():
        for reason in panels.values():
            if match := NO_COHORT.match(reason):
                groups["no cohort in the role"][match[1]] += 1
            elif match := LACKS.match(reason):
                groups[f"{match[1]} has no"][match[2]] += 1
            else:
                groups[reason.rstrip(".")][""] += 1
    lines = []
    for head, counts in sorted(groups.items(), key=lambda group: (-group[1].total(), group[0])):
        what = ", ".join(f"{name} ({n})" if len(counts) > 1 else name for name, n in counts.most_common())
        lines.append(f"{formats.count(counts.total(), 'panel')}: {head}{' ' if what else ''}{what}")
    return lines
