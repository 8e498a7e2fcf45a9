"""The lock against what is known of vulnerable and withdrawn releases, and the ways by which nothing is executed.

    python tests/prove/audit.py [--write]

pip-audit, in an environment of its own under build/prove/, asks the package index for advisories on each pinned
release. An index that serves files and no advisories answers for none: that is said and counted, and is no clean bill.
Beside it, pip itself resolves the whole lock against the index and says which pins are yanked (withdrawn by their
authors, as after a vulnerability), and tests/test_safety.py is run. Addresses come from pip's own configuration.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from tests.prove.proof import ROOT, section, stamp, write_section  # noqa: E402

LOCK = ROOT / "requirements.lock"
FOLDER = ROOT / "build" / "prove" / "audit"
PATIENCE_S = 900


def pins() -> dict[str, str]:
    """The pinned releases of the lock, by name."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), re.M))


def pip_audit() -> Path | None:
    """pip-audit in an environment of its own; None where it cannot be had."""
    program = FOLDER / "bin" / "pip-audit"
    if not program.exists():
        venv.create(FOLDER, with_pip=True)
        done = subprocess.run([str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "pip-audit"],
                              capture_output=True, text=True, timeout=PATIENCE_S)  # fmt: skip
        if done.returncode:
            print(done.stderr[-600:])
            return None
    return program


def advisories(program: Path) -> tuple[dict[str, list[str]], dict[str, str], int] | None:
    """Vulnerable pins with the names of their advisories, pins that nothing was said of with the reason, and how many
    were judged; None where pip-audit did not get so far."""
    command = [str(program), "--requirement", str(LOCK), "--disable-pip", "--no-deps", "--format", "json",
               "--progress-spinner", "off"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    try:
        entries = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr[-600:])
        return None
    vulnerable = {f"{one['name']} {one['version']}": [each["id"] for each in one["vulns"]]
                  for one in entries if one.get("vulns")}  # fmt: skip
    unsaid = {one["name"]: one["skip_reason"] for one in entries if one.get("skip_reason")}
    return vulnerable, unsaid, len(entries) - len(unsaid)


def yanked() -> tuple[int, list[str]] | None:
    """How many pins pip resolved against the index, and those that are yanked; None where it could not."""
    bare = FOLDER.parent / "pins.txt"
    bare.parent.mkdir(parents=True, exist_ok=True)
    lines = re.findall(r"^([a-z0-9._-]+(?:\[[^\]]*\])?==[^\\\n]+?)\s*\\?$", LOCK.read_text(encoding="utf-8"), re.M)
    bare.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet",
               "--report", "-", "--requirement", str(bare)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        print(done.stderr[-600:])
        return None
    resolved = json.loads(done.stdout)["install"]
    return len(resolved), [f"{one['metadata']['name']} {one['metadata']['version']}" for one in resolved
                           if one.get("is_yanked")]  # fmt: skip


def main() -> int:
    """Exit status 1 where a pin is vulnerable or yanked, or a test of safety fails; 3 where advisories, or yanked
    releases, could not be asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the result into docs/proof.md")
    given, start, known = parser.parse_args(), time.monotonic(), pins()
    program, lines, bad = pip_audit(), [], False
    found = advisories(program) if program else None
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    lines.append(f"Lock: {len(known)} pins, SHA-256 `{digest}…`.")
    if found is None:
        lines.append("Advisories: pip-audit could not be had or ended early; **nothing is known**.")
    else:
        vulnerable, unsaid, judged = found
        bad |= bool(vulnerable)
        named = "; ".join(f"{pin} ({', '.join(ids)})" for pin, ids in vulnerable.items()) or "none"
        found_of = f"; vulnerable: {named}" if judged else ""
        lines.append(f"Advisories (pip-audit): {judged} of {judged + len(unsaid)} pins judged{found_of}.")
        if unsaid:
            lines.append(f"**Of {len(unsaid)} pins nothing is known**: the index of this machine serves no advisories "
                         f"(“{next(iter(unsaid.values())).partition(':')[0]}”). Run this where it does.")  # fmt: skip
    withdrawn = yanked()
    if withdrawn is None:
        lines.append("Yanked releases: pip could not resolve the lock here.")
    else:
        bad |= bool(withdrawn[1])
        lines.append(f"Yanked releases (pip, {withdrawn[0]} pins resolved): {', '.join(withdrawn[1]) or 'none'}.")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_safety.py"],
                          cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    bad |= done.returncode != 0
    lines.append(f"`tests/test_safety.py`: {'passes' if done.returncode == 0 else 'FAILS'}.")
    before = re.search(r"\*\*Last judged in full:\*\* .*", section("audit"))
    if found is not None and not found[1]:
        lines.append(f"**Last judged in full:** {stamp(0).partition(',')[0]}, lock `{digest}…`.")
    elif before:
        lines.append(before[0])
    text = "\n".join(f"- {line}" for line in lines)
    print(text)
    if given.write:
        write_section("audit", "Audit of the lock", f"{stamp(time.monotonic() - start)}\n\n{text}")
    unknown = found is None or bool(found[1]) or withdrawn is None
    return 1 if bad else 3 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
