"""`make prove`: what is too slow for `make test`, part by part; each writes its section of docs/proof.md.

    python tests/prove [PART …]        all parts, or those named
    python tests/prove --list

A part is a script of this folder, called by its name up to the first underscore (planted_faults.py is `planted`). It
takes `--write`, puts its section into docs/proof.md and ends with 0 where what it proves holds, with 3 where this
machine cannot say. A new script is a new part: nothing else names it but the order below, in which those that it does
not name come last.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ORDER = ["fuzz", "faults", "mutants", "planted", "environments", "words", "audit", "sweep"]
NO_PART = {"__main__", "proof", "mutations"}
NOT_ASKED = 3  # exit status of a part that this machine cannot answer in full


def parts() -> dict[str, Path]:
    """The parts by name, in the order in which they are run."""
    found = {path.stem.partition("_")[0]: path for path in sorted(FOLDER.glob("*.py"))
             if path.stem not in NO_PART and _is_script(path)}  # fmt: skip
    place = {name: rank for rank, name in enumerate(ORDER)}
    return dict(sorted(found.items(), key=lambda item: (place.get(item[0], len(ORDER)), item[0])))


def _is_script(path: Path) -> bool:
    return '__name__ == "__main__"' in path.read_text(encoding="utf-8")


def main() -> int:
    """Exit status 1 where a part failed, 2 where none has a name that was given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="parts by name; all where none is named")
    parser.add_argument("--list", action="store_true", help="the parts that there are")
    given = parser.parse_args()
    known = parts()
    if unknown := [name for name in given.part if name not in known]:
        print(f"prove: no part '{unknown[0]}'; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if given.list:
        print("\n".join(f"{name:<14} {path.name}" for name, path in known.items()))
        return 0
    chosen, words = given.part or list(known), {}
    for name in chosen:
        print(f"\n== {name}", flush=True)
        start = time.monotonic()
        code = subprocess.run([sys.executable, str(known[name]), "--write"], cwd=FOLDER.parent.parent).returncode
        words[name] = {0: "holds", NOT_ASKED: "could not be asked here"}.get(code, f"FAILED ({code})")
        print(f"== {name}: {words[name]}, {time.monotonic() - start:.0f} s", flush=True)
    print("\n" + "\n".join(f"{name:<14} {word}" for name, word in words.items()))
    failed = [name for name, word in words.items() if word.startswith("FAILED")]
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
