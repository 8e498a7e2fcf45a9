"""Properties of the readers on random tables: form never changes a number, and a table is refused in one line or read
to an independent count.

LCNEC_EXAMPLES tables are drawn for each property: 12 in `make test`, always the same ones (about 12 s), more and at
random in `make prove`.
"""

import gzip
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from bad_base import CNA, LIST, MAF, PATIENTS, SAMPLES, SV, base, write

from lcnec_utils.cohort.read import load
from lcnec_utils.core import params
from lcnec_utils.omics import genomics

pytest.importorskip("hypothesis", reason="hypothesis draws the tables")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

EXAMPLES = int(os.environ.get("LCNEC_EXAMPLES", 12))
drawn = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES <= 12,
    print_blob=EXAMPLES > 12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
SAMPLE_IDS = [f"P{i:02d}-T1" for i in range(1, 21)]


def read(files: dict):
    """The cohort of files, or None with the lines that refuse it, each of which is one line."""
    with tempfile.TemporaryDirectory() as place:
        write(files, Path(place))
        cohort, reading = load(Path(place))
        lines = [str(problem) for problem in reading.problems]
        assert (cohort is None) == bool(lines) and all(len(line.splitlines()) == 1 for line in lines)
        return cohort, lines


def tsv(rows: list[list]) -> str:
    """Rows, the header first, as tab-separated text."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def counts(cohort) -> dict:
    """What the tables of a cohort come to, whatever their order."""
    hit = genomics.altered(cohort, genes=["TP53", "RB1", "KRAS", "CDKN2A", "ALK"])
    return {
        "age": cohort.patients["AGE"].sum(),
        "months": cohort.survival("OS")["months"].sum(),
        "deaths": int(cohort.survival("OS")["event"].sum()),
        "mutations": len(cohort.mutations),
        "altered": hit.fillna(False).sum().to_dict(),
        "profiled": hit.notna().sum().to_dict(),
        "levels": Counter(cohort.copy_number.to_numpy().ravel().tolist()),
        "fusions": sorted(zip(*(cohort.structural_variants[f"Site{i}_Hugo_Symbol"] for i in (1, 2)), strict=True)),
    }


# --- form


def formed(text: str, draw) -> str | bytes:
    """A tab-separated table in another form: the order of rows and columns, line ends, quotes, spaces, marks, gzip."""
    head, *rows = [line.split("\t") for line in text.rstrip("\n").split("\n")]
    order = draw(st.permutations(range(len(head))))
    table = [[cells[place] for place in order] for cells in [head, *draw(st.permutations(rows))]]
    around = draw(st.sampled_from(["", '"', " ", "\u00a0"]))
    lines = [
        "\t".join(f"{around}{cell}{around}" for cell in cells) + draw(st.sampled_from(["", "\t"])) for cells in table
    ]
    if draw(st.booleans()):
        lines.insert(draw(st.integers(1, len(lines))), draw(st.sampled_from(["", "# a remark", "   "])))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    whole = (
        draw(st.sampled_from(["", "#a\n#b\n"])).replace("\n", end) + end.join(lines) + draw(st.sampled_from(["", end]))
    )
    data = whole.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))
    return gzip.compress(data) if draw(st.booleans()) else data


@drawn
@given(st.data())
def test_form_never_changes_a_number(data):
    """Column order, row order, line ends, quotes, comments, marks, encodings of Unicode and compression say nothing."""
    files = base("genome")
    right = counts(read(files)[0])
    for name in (PATIENTS, SAMPLES, MAF, CNA, SV):
        files[name] = formed(files[name], data.draw)
    cohort, lines = read(files)
    assert lines == [] and counts(cohort) == right


# --- clinical tables

GOOD = st.integers(0, 120).map(str) | st.integers(1, 119).map(lambda n: f"{n}.5") | st.just("")
ODD = st.sampled_from(["-1", "121", "x", "1,5", "1e999", "6_1", "0x3D", "=1+1", "²", "9" * 400, "60-65", "#REF!"])
NULL = st.sampled_from(["NA", "nan", "[Not Available]", "null", "--"])


@drawn
@given(st.lists(GOOD | GOOD | GOOD | NULL | ODD, min_size=20, max_size=20))
def test_a_column_of_numbers_is_read_to_an_independent_count(cells):
    """Python's float within bounds, counted here: of more than one odd cell and a tenth, no cell is read."""

    def number(cell: str) -> float | None:
        return float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell, re.A) and 0 <= float(cell) <= 120 else None

    files = base("clinical")
    rows = [line.split("\t") for line in files[PATIENTS].rstrip("\n").split("\n")]
    for row, cell in zip(rows[1:], cells, strict=True):
        row[rows[0].index("AGE")] = cell
    files[PATIENTS] = tsv(rows)
    known = [cell for cell in cells if cell not in ("", "NA", "nan", "[Not Available]", "null", "--")]
    values = [value for value in map(number, known) if value is not None]
    odd = len(known) - len(values)
    cohort, lines = read(files)
    assert lines == []
    if odd > 1 and odd > len(known) / 10:
        assert "AGE" not in cohort.patients and "AGE" in cohort.refused
    else:
        assert cohort.patients["AGE"].count() == len(values) and cohort.patients["AGE"].sum() == pytest.approx(
            sum(values)
        )
        assert sum(cohort.words.get("AGE", {}).values()) == odd


STATUSES = {"1:DECEASED": True, "DECEASED": True, "Dead": True, "0:LIVING": False, "Alive": False, "NA": None, "": None}


@drawn
@given(
    st.lists(
        st.tuples(st.floats(0, 600).map(lambda m: round(m, 3)), st.sampled_from(list(STATUSES))),
        min_size=20,
        max_size=20,
    )
)
def test_survival_is_read_to_an_independent_count(pairs):
    files = base("clinical")
    rows = [line.split("\t") for line in files[PATIENTS].rstrip("\n").split("\n")]
    months, status = rows[0].index("OS_MONTHS"), rows[0].index("OS_STATUS")
    for row, (time, word) in zip(rows[1:], pairs, strict=True):
        row[months], row[status] = repr(time), word
    files[PATIENTS] = tsv(rows)
    cohort, _ = read(files)
    known = [(time, STATUSES[word]) for time, word in pairs if STATUSES[word] is not None]
    table = cohort.survival("OS") if known else pd.DataFrame({"months": [], "event": []})
    assert (len(table), table["event"].sum()) == (len(known), sum(event for _, event in known))
    assert table["months"].sum() == pytest.approx(sum(time for time, _ in known))


# --- mutations, copy number, rearrangements

KINDS = {
    "Missense_Mutation": True,
    "Nonsense_Mutation": True,
    "Silent": False,
    "Intron": False,
    "Frame_Shift_Del": True,
    "3'UTR": False,
    "Splice_Site": True,
    "IGR": False,
}
CALLS = st.tuples(
    st.sampled_from([*SAMPLE_IDS, "P99-T1"]),
    st.sampled_from(["TP53", "RB1", "MLL2", "KMT2D", "kras"]),
    st.sampled_from(list(KINDS)),
    st.integers(1, 4),
)
APPROVED = {"MLL2": "KMT2D", "kras": "KRAS"}


@drawn
@given(st.lists(CALLS, min_size=1, max_size=40).filter(lambda rows: sum(row[0] == "P99-T1" for row in rows) <= 1))
def test_mutations_are_read_to_an_independent_count_or_a_stranger_refuses_them(calls):
    """Tumours by gene, each call once, those that change no protein left out."""
    files = base("mutations")
    head = [
        "Hugo_Symbol",
        "Tumor_Sample_Barcode",
        "Variant_Classification",
        "Chromosome",
        "Start_Position",
        "Reference_Allele",
        "Tumor_Seq_Allele2",
    ]
    files[MAF] = tsv([head, *([gene, name, kind, "7", place, "G", "T"] for name, gene, kind, place in calls)])
    cohort, lines = read(files)
    if any(name == "P99-T1" for name, *_ in calls):
        assert cohort is None and len(lines) == 1 and "'P99-T1' is not in the table of samples" in lines[0]
        return
    counted = {(name, APPROVED.get(gene, gene), place) for name, gene, kind, place in calls if KINDS[kind]}
    assert len(cohort.mutations) == len(counted)
    by_gene = cohort.mutations.groupby("Hugo_Symbol")["Tumor_Sample_Barcode"].agg(set).to_dict()
    assert by_gene == {gene: {n for n, g, _ in counted if g == gene} for gene in {g for _, g, _ in counted}}


LEVELS = {"-2": -2, "-1.5": -2, "-1": -1, "0": 0, "1": 1, "2": 2, "": None, "2.0": 2, "NA": None}


@drawn
@given(
    st.lists(
        st.lists(st.sampled_from([*LEVELS] * 30 + ["3", "-0.84", "amp"]), min_size=20, max_size=20),
        min_size=1,
        max_size=4,
    )
)
def test_copy_number_is_read_to_an_independent_count_or_refused_at_its_cell(rows):
    files = base("genome")
    genes = ["RB1", "CDKN2A", "MYC", "EGFR"][: len(rows)]
    files[CNA] = tsv([["Hugo_Symbol", *SAMPLE_IDS], *([gene, *cells] for gene, cells in zip(genes, rows, strict=True))])
    cohort, lines = read(files)
    bad = [(row, place) for row, cells in enumerate(rows) for place, cell in enumerate(cells) if cell not in LEVELS]
    if bad:
        row, place = bad[0]
        assert len(lines) == 1 and lines[0].startswith(f"{CNA}, row {row + 2}, column {SAMPLE_IDS[place]}: ")
        return
    right = Counter(LEVELS[cell] for cells in rows for cell in cells if LEVELS[cell] is not None)
    values = cohort.copy_number.to_numpy().ravel()
    assert Counter(int(value) for value in values if value == value) == right


@drawn
@given(
    st.lists(
        st.tuples(st.sampled_from(SAMPLE_IDS), *[st.sampled_from(["ALK", "EML4", "MLL2", "", "NA"])] * 2), max_size=12
    )
)
def test_rearrangements_are_read_to_an_independent_count(rows):
    files = base("genome")
    files[SV] = tsv([["Sample_Id", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol"], *rows])
    cohort, lines = read(files)
    assert lines == []
    table = cohort.structural_variants

    def names(gene: str) -> str:
        return {"MLL2": "KMT2D", "NA": ""}.get(gene, gene)

    right = sorted((name, names(one), names(other)) for name, one, other in rows)
    assert (
        sorted(zip(*(table[c] for c in ("Sample_Id", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol")), strict=True)) == right
    )


@drawn
@given(st.sets(st.sampled_from([*SAMPLE_IDS, "Z1", "Z2"])))
def test_who_was_sequenced_is_the_list_and_who_carries_a_mutation(listed):
    """cBioPortal's rule, with the fifteen tumours that carry a call; strangers are left out."""
    files = base("mutations")
    files[LIST] = f"cancer_study_identifier: x\nstable_id: x_sequenced\ncase_list_ids: {chr(9).join(sorted(listed))}\n"
    cohort, _ = read(files)
    right = (listed & set(SAMPLE_IDS)) | set(SAMPLE_IDS[:15])
    assert set(cohort.samples.index[cohort.profiled("STK11")]) == right


# --- lesions and stained cells

SIZES = {"12": 12.0, "7.5": 7.5, "0": 0.0, "TSTM": None, "absent": None, "NE": None, "30": 30.0, "": None}


@drawn
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P01", "P02"]),
            st.integers(-30, 400),
            st.sampled_from([*SIZES] * 20 + ["1,5", "-3", "3 cm"]),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_lesions_are_read_to_an_independent_sum_or_refused_at_their_cell(rows):
    files = base("lesions")
    lines = [f'{who},{day},L{place},"Liver, left",target,"{size}",long' for place, (who, day, size) in enumerate(rows)]
    files["lesions.csv"] = "\n".join(["patient,day,lesion,organ,kind,diameter_mm,axis", *lines]) + "\n"
    cohort, refused = read(files)
    bad = [place for place, row in enumerate(rows) if row[2] not in SIZES]
    if bad:
        assert len(refused) == 1 and refused[0].startswith(f"lesions.csv, row {bad[0] + 2}, column diameter_mm: ")
        return
    table = cohort.lesions
    assert table["diameter_mm"].sum() == sum(SIZES[size] or 0 for *_, size in rows) and len(table) == len(rows)
    assert (~table["evaluable"]).sum() == sum(size == "NE" for *_, size in rows) and set(table["organ"]) == {"liver"}
    assert table["day"].tolist() == [float(day) for _, day, _ in rows]


@drawn
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(SAMPLE_IDS[:6]), st.sampled_from(["CD3+", "CD8+", "CD3+ CD8-", "CD8+ CD3+"])),
        st.sampled_from(["0", "12.5", "99999", "1e3"] * 6 + ["-1", "x", "1,5", "100001"]),
        min_size=1,
        max_size=12,
    )
)
def test_densities_are_read_to_an_independent_sum_or_refused(rows):
    files = base("stained")
    del files["data_marker_positivity.txt"]
    cells = [[name, "TL", population, value] for (name, population), value in rows.items()]
    files["data_densities.txt"] = tsv([["SAMPLE_ID", "ASSAY", "POPULATION", "DENSITY_PER_MM2"], *cells])
    cohort, lines = read(files)
    bad = [value for value in rows.values() if value in ("-1", "x", "1,5", "100001")]
    assert bool(lines) == bool(bad)
    if not bad:
        assert cohort.densities["per_mm2"].sum() == pytest.approx(sum(map(float, rows.values())))


# --- parameters


@drawn
@given(
    st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2**31 - 1),
            "min_group": st.integers(2, 1000),
            "significance": st.floats(0.001, 0.999),
            "drivers": st.lists(st.text("ABCDEFGH123", min_size=1, max_size=6), min_size=1, max_size=4, unique=True),
            "histology": st.sampled_from(
                ["", "LUNE", "NO", "1e3", "010", "null", "~", "2019-01-01", "a: b", "'x'", "é", "- a"]
            ),
        }
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.permutations(range(6)),
)
def test_a_run_that_yaml_wrote_is_the_run_that_is_read(values, flow, end, order):
    """Whatever PyYAML's writer makes of the values, in any order and style."""
    import yaml

    values = {"run": "mine", **values}
    written = {name: values[name] for name in [list(values)[place] for place in order]}
    text = yaml.safe_dump(written, default_flow_style=flow, allow_unicode=True, sort_keys=False).replace("\n", end)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "mine.yaml").write_bytes(text.encode())
        run = params.read_run(Path(place) / "mine.yaml")
    assert {name: getattr(run, name) for name in values} == values


@drawn
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "run: mine\n",
                "seed: 1\n",
                "drivers: [A]\n",
                "cohort: x\n",
                "- a\n",
                "? b\n",
                "&a ",
                "*a ",
                "!!int ",
                "{",
                "}",
                "[",
                "]",
                '"',
                "\t",
                "\n",
                "seed: 0x1F\n",
                "<<: ",
                "|\n",
            ]
        ),
        max_size=8,
    ).map("".join)
)
def test_any_text_is_a_run_or_is_refused_in_one_line(text):
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "mine.yaml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            run = params.read_run(file)
        except params.ParameterError as error:
            assert len(str(error).splitlines()) == 1 and "mine.yaml" in str(error)
        else:
            assert run.run == "mine"
