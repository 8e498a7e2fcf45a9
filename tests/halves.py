"""All tests in two halves side by side, for two cores: the notebooks with what reads their figures, and all else.

`make test` calls this; `python -m pytest` runs the same tests one after another. What is named here goes first, and
every other test file is in the second half, so that none is left out.
"""

import os
import subprocess
import sys
from pathlib import Path

from lcnec_utils import params, runs

TESTS = Path(__file__).parent
# these read the figures that the notebooks under test, and the runs on public cohorts, have made in the same session
FIRST = [
    "notebooks",
    "tests/test_figures.py",
    "tests/test_ledger.py",
    "tests/test_treatment.py",
    "tests/test_classifier.py",
]


def main() -> int:
    """Print what both halves say, one after the other; 1 where either failed."""
    files = sorted(path.relative_to(TESTS.parent).as_posix() for path in TESTS.glob("test_*.py"))
    halves = [FIRST, [file for file in files if file not in FIRST]]
    for file in runs.shipped():  # cohorts are built once, before two processes look for them
        runs.prepare(params.read_run(file))
    log = TESTS.parent / "build" / "tests_second_half.log"
    log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    with open(log, "w") as said:
        environment = {**os.environ, "LCNEC_TEST_FOLDER": "test_second_half"}
        second = subprocess.Popen([*command, *halves[1]], cwd=TESTS.parent, env=environment, stdout=said, stderr=said)
        first = subprocess.run([*command, *halves[0]], cwd=TESTS.parent)
        second.wait()
    print(log.read_text(), flush=True)
    return int(any(done.returncode for done in (first, second)))


if __name__ == "__main__":
    sys.exit(main())
