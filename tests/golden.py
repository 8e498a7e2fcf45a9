"""The golden figures that R wrote (tests/reference/*.R → *.json), and one way to compare with them."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).parent / "reference"


def read(name: str) -> dict:
    """What R wrote: `versions`, and whatever the script computes."""
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


def write_again(rscript: str, name: str) -> dict:
    """What this machine's R writes now; --vanilla, for nobody's .Rprofile may print into the JSON."""
    command = [rscript, "--vanilla", str(REFERENCE / f"{name}.R")]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def numbers(values) -> np.ndarray:
    """A JSON value or array as floats: null is NaN, infinities are text."""
    if isinstance(values, list) or values is None:
        return np.array([np.nan if value is None else float(value) for value in np.atleast_1d(values)], float)
    return np.atleast_1d(np.asarray(values, float))


def same(ours, theirs, relative: float = 1e-6, absolute: float = 0.0) -> None:
    """Equal to a tolerance, NaN where the other is NaN."""
    ours = np.atleast_1d(np.asarray(ours, float))
    np.testing.assert_allclose(ours, numbers(theirs), rtol=relative, atol=absolute)


def agree(ours, theirs, where: str = "golden") -> None:
    """Two JSON values equal to 1e-9, whatever their nesting."""
    assert type(ours) is type(theirs) or {type(ours), type(theirs)} <= {int, float}, where
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            agree(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            agree(one, other, f"{where}[{i}]")
    elif isinstance(ours, int | float) and not isinstance(ours, bool):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), where
    else:
        assert ours == theirs, where
