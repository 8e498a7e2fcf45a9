"""Speed as ratios within one run: a second `make figures` against the first, and what the fast paths save.

Machines are noisy, so nothing here is asserted; `make bench` prints medians.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]


def seconds(command: list[str], env: dict, times: int = 1) -> float:
    """The median wall time of a command."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, env=env, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    env = {**os.environ, "LCNEC_OUTPUT_DIR": str(folder)}
    try:
        start = seconds([sys.executable, "-c", "pass"], env, 5)
        first = seconds([*LCNEC, "batch"], env)
        again = seconds([*LCNEC, "batch"], env, 5)
        one = seconds([*LCNEC, "batch", "--cores", "1"], {**env, "LCNEC_OUTPUT_DIR": str(folder / "one")})
        print(f"{'':<44}{'seconds':>9}{'ratio':>9}")
        print(f"{'python starts':<44}{start:>9.2f}{'':>9}")
        print(f"{'make figures, first, two cores':<44}{first:>9.1f}{1:>9.2f}")
        print(f"{'make figures, first, one core':<44}{one:>9.1f}{one / first:>9.2f}")
        print(f"{'make figures, second (nothing to run)':<44}{again:>9.2f}{again / first:>9.2f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
