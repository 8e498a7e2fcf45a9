"""Bytes and cells of real and made-up tables changed at random, and put to every reader: nothing ends in a traceback or
a hang, and what is read keeps to what a cohort can be.

    python tests/prove/fuzz.py [--seconds 900] [--examples 500] [--seed 0] [--only SUBJECT …] [--write]

Subjects: the files of a whole study (tests/hostile/whole_study.py), the first patients of public cohorts and twins that
are built here, parameters, claims, gene sets, GEO series, pictures. Then the properties of
tests/hostile/test_reader_properties.py on tables drawn at random. `--write` puts the counts into docs/proof.md; a
finding stands there with the seed that makes it again.
"""

import argparse
import collections
import logging
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "hostile"), str(ROOT / "tests" / "prove")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import whole_study  # noqa: E402
from proof import stamp, write_section  # noqa: E402

from lcnec_utils.cohort.read import load, read_table  # noqa: E402
from lcnec_utils.core import params  # noqa: E402
from lcnec_utils.core.errors import UserError  # noqa: E402
from lcnec_utils.core.paths import cohorts  # noqa: E402
from lcnec_utils.run.inventory import inventory  # noqa: E402

logging.getLogger("tifffile").setLevel(logging.CRITICAL)
MOST_S, PATIENCE_S = 30, 600  # of computing, and of waiting: a small file that takes longer hangs
ENDS = {"refused": "refused in one line", "read": "read", "broken": "broken"}
# What a spreadsheet, a script or a stranger puts into a cell
TOKENS = [
    "", " ", "NA", "nan", "-", ".", "0", "-1", "1e999", "-1e999", "inf", "1,5", "1.5.5", "²", "１２", "٣", "1_000",
    "0x1F",
    "9" * 5000, "1" + "0" * 400, "a" * 40_000, "=1+1", "<script>", "'", '"', '""', "[Not Available]", ">89", "<1", "1:",
    "0:LIVING", "1:LIVING", ":", "2", "1.0", "TRUE", "no", "P01", "P01-T1", "TCGA-AB-0001-01", "TCGA-AB-0001-11A",
    "\x00",
    "\x85", "\u2028", "\u202e", "\ufeff", "é", "ı", "K", "\x1b[2J", "#", "#N/A", "2019-13-01", "01/02/2019", "43831",
    "99999999", "0000-00-00", "Grade 3", "7", "p.G12C", "KRAS", "MLL2", "1-Sep", "7157", "ENSG00000141510", "CD3+",
    "CD3+-",
    "~", "*", "(", "\\", "%s", "{}", "{0}", "$\\frac{", "&a", "*a", "!!python/object:os.system", "- ", "? ", "| ", "<<",
]  # fmt: skip


class Hang(BaseException):
    """The reader computed longer than MOST_S or waited longer than PATIENCE_S; no reader catches this."""


def _alarm(*_) -> None:
    raise Hang


# --- changes


def _of_bytes(rng: random.Random, data: bytes) -> bytes:
    """One byte or slice changed, dropped, repeated, or cut off."""
    if not data:
        return rng.randbytes(rng.randint(1, 40))
    place, length = rng.randrange(len(data)), rng.choice([1, 1, 2, 8, 64])
    change = rng.randrange(7)
    if change == 0:
        return data[:place] + rng.randbytes(length) + data[place + length :]
    if change == 1:
        return data[:place] + data[place + length :]
    if change == 2:
        return data[:place] + data[place : place + length] * rng.randint(2, 50) + data[place:]
    if change == 3:
        return data[:place]
    if change == 4:
        return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]
    if change == 5:
        sign = rng.choice(
            [b"\t", b"\n", b"\r", b"\r\n", b",", b'"', b"#", b":", b"\0", b"\xef\xbb\xbf", b"\xff", b"\x1a"]
        )
        return data[:place] + sign + data[place:]
    other = rng.randrange(len(data))
    return data[:place] + data[other : other + length] + data[place:]


def _of_cells(rng: random.Random, data: bytes) -> bytes:
    """A cell, column or row of a table changed, moved, doubled or dropped."""
    sign = b"\t" if data.count(b"\t") >= data.count(b",") else b","
    rows = [line.split(sign) for line in data.split(b"\n")]
    row = rng.randrange(len(rows))
    place = rng.randrange(len(rows[row]))
    change = rng.randrange(9)
    if change <= 3:
        rows[row][place] = rng.choice(TOKENS).encode("utf-8", "surrogatepass")
    elif change == 4:
        for cells in rows[1:]:
            if place < len(cells):
                cells[place] = rng.choice(TOKENS).encode("utf-8", "surrogatepass")
    elif change == 5:
        rows.insert(rng.randrange(len(rows)), list(rows[row]))
    elif change == 6:
        del rows[row]
    elif change == 7:
        other = rng.randrange(len(rows[row]))
        rows[row][place], rows[row][other] = rows[row][other], rows[row][place]
    else:
        for cells in rows:
            if place < len(cells):
                del cells[place]
    return b"\n".join(sign.join(cells) for cells in rows)


def mutate(rng: random.Random, data: bytes) -> bytes:
    """The bytes with one to four changes."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = (_of_cells if rng.random() < 0.7 else _of_bytes)(rng, data)
    return data


# --- what is read


def _faults_of(cohort) -> list[str]:
    """What no cohort can be, whatever its files held."""
    faults = []
    if cohort.patients.index.has_duplicates or cohort.samples.index.has_duplicates:
        faults.append("an identifier stands twice")
    for name in cohort.patients:
        if name.endswith("_MONTHS") and name != "BIOPSY_MONTHS":
            months = pd.to_numeric(cohort.patients[name]).dropna()
            if len(months) and not (np.isfinite(months).all() and months.between(0, 600).all()):
                faults.append(f"{name} out of bounds")
    if not set(cohort.samples["PATIENT_ID"]) <= set(cohort.patients.index):
        faults.append("a sample of nobody")
    if cohort.mutations is not None and not set(cohort.mutations["Tumor_Sample_Barcode"]) <= set(cohort.samples.index):
        faults.append("a mutation of no tumour")
    if cohort.copy_number is not None:
        values = cohort.copy_number.to_numpy(float)
        if not np.isin(values[~np.isnan(values)], [-2, -1, 0, 1, 2]).all():
            faults.append("a copy number that is none")
    if cohort.matrix is not None and np.isinf(cohort.matrix.X).any():
        faults.append("an infinite expression")
    if cohort.lesions is not None and not np.isfinite(cohort.lesions["diameter_mm"].dropna()).all():
        faults.append("an infinite diameter")
    if cohort.densities is not None and not cohort.densities["per_mm2"].between(0, 100_000).all():
        faults.append("a density that does not fit")
    return faults


def _one_line(text: str) -> list[str]:
    return [] if len(text.splitlines()) == 1 and len(text) < 3000 else [f"no one line: {text[:200]!r}"]


def read_folder(folder: Path) -> tuple[str, list[str]]:
    """A study folder read and counted: (refused or read, faults)."""
    cohort, reading = load(folder)
    if cohort is None:
        lines = [str(problem) for problem in reading.problems]
        return "refused", [fault for line in lines for fault in _one_line(line)] or ([] if lines else ["no reason"])
    try:
        inventory(folder)
    except UserError as error:
        return "refused", _one_line(str(error))
    return "read", _faults_of(cohort)


def _refusing(read: Callable) -> tuple[str, list[str]]:
    try:
        read()
    except UserError as error:
        return "refused", _one_line(str(error))
    return "read", []


# --- subjects


def _head(folder: Path, patients: int = 25) -> dict[str, bytes]:
    """The first patients of a study folder with the rows that are theirs."""
    files = {}
    table = (folder / "data_clinical_patient.txt").read_text(encoding="utf-8").split("\n")
    rows = [line for line in table if not line.startswith("#")][: patients + 1]
    place = rows[0].split("\t").index("PATIENT_ID")
    people = {line.split("\t")[place] for line in rows[1:]}
    samples = [line for line in (folder / "data_clinical_sample.txt").read_text(encoding="utf-8").split("\n")
               if not line.startswith("#")]  # fmt: skip
    names = samples[0].split("\t")
    own = [line for line in samples[1:] if line and line.split("\t")[names.index("PATIENT_ID")] in people]
    known = people | {line.split("\t")[names.index("SAMPLE_ID")] for line in own}
    files["data_clinical_patient.txt"], files["data_clinical_sample.txt"] = (
        "\n".join(rows),
        "\n".join([samples[0], *own]),
    )
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name in files or path.suffix in (".h5ad", ".md") or path.name.startswith("."):
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        if path.name.startswith(("data_cna", "data_ncounter", "data_mrna")):
            names = known | {"Hugo_Symbol", "Entrez_Gene_Id", "CLASS"}
            places = [k for k, name in enumerate(lines[0].split("\t")) if name in names]
            kept = ["\t".join(line.split("\t")[k] for k in places) for line in lines[:30] if line]
        elif path.name.startswith("data_") and (not path.name.startswith("data_gene_panel") or "matrix" in path.name):
            kept = lines[:1] + [line for line in lines[1:] if known & set(line.split("\t"))][:200]
        else:
            kept = lines
        files[path.name] = "\n".join(kept)
    return {name: text.encode() for name, text in files.items()}


REAL = [
    "msk_met_lcnec",
    "nsclc_pd1_msk_2018",
    "pharmaverse_recist",
    "twin/twin_cohort_1",
    "twin/twin_liver",
    "twin/twin_car_t",
]


def folders() -> dict[str, dict[str, bytes]]:
    """The study folders that are mutated, by name."""
    made = {"whole study": whole_study.texts(), **whole_study.other_forms()}
    made |= {name: _head(cohorts() / name) for name in REAL if (cohorts() / name).is_dir()}
    for name, files in made.items():
        with tempfile.TemporaryDirectory() as place:
            whole_study.write(files, Path(place))
            end, faults = read_folder(Path(place))
        assert end == "read" and not faults, f"{name} is {end} before any change: {faults}"
    return made


def _folder_subject(files: dict[str, bytes]) -> Callable:
    def run(rng: random.Random, folder: Path) -> tuple[str, tuple[str, list[str]]]:
        name = rng.choice(sorted(files))
        whole_study.write(files | {name: mutate(rng, files[name])}, folder)
        return name, read_folder(folder)

    return run


def _file_subject(name: str, data: bytes, read: Callable[[Path], object]) -> Callable:
    def run(rng: random.Random, folder: Path) -> tuple[str, tuple[str, list[str]]]:
        (folder / name).write_bytes(mutate(rng, data))
        return name, _refusing(lambda: read(folder / name))

    return run


def _geo_subject() -> Callable:
    from lcnec_utils.public import geo
    from tests.public import geo_files

    place = Path(tempfile.mkdtemp())
    table = geo_files.samples(3)
    numbers = geo_files.values(table)
    family = geo_files.family(place / "GSE1_family.soft", table, numbers).read_bytes()
    import gzip

    matrix = gzip.decompress(geo_files.series_matrix(place / "GSE1_series_matrix.txt.gz", table, numbers).read_bytes())
    platform = geo_files.platform_file(place / "GPL99999.soft").read_bytes()

    def run(rng: random.Random, folder: Path) -> tuple[str, tuple[str, list[str]]]:
        which = rng.choice(["family", "matrix", "platform"])
        files = {"family": ("GSE1_family.soft", family), "matrix": ("GSE1_series_matrix.txt", matrix),
                 "platform": ("GPL99999.soft", platform)}  # fmt: skip
        for kind, (name, data) in files.items():
            (folder / name).write_bytes(mutate(rng, data) if kind == which else data)
        source = folder / files["family" if which == "family" else "matrix"][0]
        beside = None if which == "family" else folder / "GPL99999.soft"
        return which, _refusing(lambda: geo.convert(source, folder / "out", platform=beside))

    return run


def _picture_subject() -> Callable:
    from skimage import io

    from lcnec_utils.imaging.fields import load_picture

    place = Path(tempfile.mkdtemp())
    made = {}
    picture = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    for name in ("one.png", "one.tif", "one.jpg"):
        io.imsave(place / name, picture, check_contrast=False)
        made[name] = (place / name).read_bytes()

    def run(rng: random.Random, folder: Path) -> tuple[str, tuple[str, list[str]]]:
        name = rng.choice(sorted(made))
        (folder / name).write_bytes(_of_bytes(rng, made[name]))
        return name, _refusing(lambda: load_picture(folder / name))

    return run


def subjects() -> dict[str, Callable]:
    """What is fuzzed: name → a function of random numbers and an empty folder, that returns (file, (end, faults))."""
    from lcnec_utils.core.paths import PARAMS, PUBLISHED
    from lcnec_utils.ledger.claims import read_source
    from lcnec_utils.stats.enrichment import read_gmt

    found: dict[str, Callable] = {name: _folder_subject(files) for name, files in folders().items()}
    yaml = (PARAMS / "msk_met.yaml").read_bytes() + b"drivers: [TP53, RB1]\nera_cut: '2019-01-01'\nmin_group: 5\n"
    found["parameters"] = _file_subject("msk_met.yaml", yaml, params.read_run)
    claims = (PUBLISHED / "liver_metastases.yaml").read_bytes()
    found["claims"] = _file_subject("liver_metastases.yaml", claims, read_source)
    sets = b"CELL_CYCLE\tof my own\tTP53\tRB1\nDLL3\thttp\tDLL3\tASCL1\tTP53\n"
    found["gene sets"] = _file_subject("own.gmt", sets, read_gmt)
    plain = b"tumour,cancer_type,group,fgl1_tpm\nT1,LUAD,a,1.5\nT2,HCC,b,20\n"
    found["plain table"] = _file_subject(
        "table.csv", plain, lambda path: read_table(path.parent, *params.TABLES["pan_cancer"])
    )
    return found | {"GEO": _geo_subject(), "pictures": _picture_subject()}


# --- the run


def _signature(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "lcnec_utils" in frame.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} {last.name}"


def once(name: str, run: Callable, seed: int) -> tuple[str, str, list[str]]:
    """One mutated input of a subject: (file, refused or read or broken, faults)."""
    rng = random.Random(f"{name} {seed}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "x"
        folder.mkdir()
        signal.alarm(PATIENCE_S)
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
        try:
            file, (end, faults) = run(rng, folder)
        except Hang:
            return "?", "broken", ["hang"]
        except Exception as error:
            return "?", "broken", [_signature(error)]
        finally:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return file, "broken" if faults else end, faults


def fuzz(seconds: float, seed: int, only: list[str] | None = None) -> tuple[collections.Counter, dict[str, str]]:
    """Every subject in turn for so many seconds of computing: (subject, end) counted, and finding → what makes it."""
    for number in (signal.SIGALRM, signal.SIGVTALRM):
        signal.signal(number, _alarm)
    tried = {name: run for name, run in subjects().items() if not only or name in only}
    counts, findings = collections.Counter(), {}
    end, place = time.process_time() + seconds, seed
    while time.process_time() < end:
        for name, run in tried.items():
            file, state, faults = once(name, run, place)
            counts[name, state] += 1
            for fault in faults:
                findings.setdefault(
                    f"{name}: {re.sub(r'0x[0-9a-f]+', '', fault)}", f"--only '{name}' --seed {place} ({file})"
                )
        place += 1
    return counts, findings


def properties(examples: int) -> tuple[bool, str]:
    """Whether the properties of tests/hostile/test_reader_properties.py hold, each on so many tables, in words."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--override-ini", "addopts=",
               str(ROOT / "tests" / "hostile" / "test_reader_properties.py")]  # fmt: skip
    environment = {**os.environ, "LCNEC_EXAMPLES": str(examples), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    last = (done.stdout.strip().splitlines() or ["nothing"])[-1].strip("= ")
    broken = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.M)
    print(done.stdout if done.returncode else last)
    held = int(number[1]) if (number := re.search(r"(\d+) passed", last)) else 0
    said = f"{held} of {held + len(broken)} properties of the readers hold on {examples:,} random tables each"
    return done.returncode == 0 and held > 0, said + (f"; broken: {', '.join(broken)}" if broken else "")


def report(counts: collections.Counter, findings: dict[str, str], seed: int) -> str:
    """The counts by subject, and every finding with the command that makes it again."""
    names = list(dict.fromkeys(name for name, _ in counts))
    rows = [
        f"| {name} | {sum(counts[name, end] for end in ENDS):,} | "
        + " | ".join(f"{counts[name, end]:,}" for end in ENDS) + " |"
        for name in names
    ]  # fmt: skip
    head = (
        f"{sum(counts.values()):,} inputs changed at random, from seed {seed} on: {len(findings)} findings (a "
        f"traceback, a file of {MOST_S} s and more, a refusal of more than one line, or a cohort that none can be).\n\n"
        f"| what was changed | inputs | {' | '.join(ENDS.values())} |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n" + "".join(f"\n- {what}: `{how}`" for what, how in findings.items())


def main() -> int:
    """Exit status 1 where anything broke."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=900, help="of computing, for changes at random (900)")
    parser.add_argument("--examples", type=int, default=500, help="random tables of each property (500; 0: none)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="SUBJECT")
    parser.add_argument("--write", action="store_true", help="put the counts into docs/proof.md")
    given = parser.parse_args()
    start = time.monotonic()
    counts, findings = fuzz(given.seconds, given.seed, given.only)
    text = report(counts, findings, given.seed)
    print(text)
    holds, said = properties(given.examples) if given.examples else (True, "")
    if given.write and not given.only:
        write_section("fuzz", "Inputs changed at random", f"{stamp(time.monotonic() - start)} {said}.\n\n{text}")
    return int(bool(findings) or not holds)


if __name__ == "__main__":
    sys.exit(main())
