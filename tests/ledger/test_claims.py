"""Reading claims: what a claims file may hold, and that every number of each text is accounted for."""

import shutil

import pytest

from lcnec_utils.core import paths
from lcnec_utils.ledger import claims
from lcnec_utils.ledger.claims import ClaimsError

HEAD = 'source: paper\nseed: paper.txt\nreference: "A paper, 2025"\nclaims:\n'
FIRST = """- id: paper.fig1a.first
  panel: fig1a
  statement: "The first claim of the paper."
  kind: number
  measure: median
  scope: general
  value: "8.1"
"""
EFFECT = FIRST.replace("first", "second").replace('  value: "8.1"\n', "").replace("kind: number", "kind: {kind}")


@pytest.fixture
def read(tmp_path):
    """A function from the text of a claims file to its source."""

    def source(text: str, panels=("fig1a", "fig1b")):
        file = tmp_path / "paper.yaml"
        file.write_text(text, encoding="utf-8")
        return claims.read_source(file, set(panels))

    return source


def test_a_claims_file_is_read(read):
    source = read(HEAD + FIRST + EFFECT.format(kind="effect") + "  direction: less\n")
    assert [the_claim.id for the_claim in source.claims] == ["paper.fig1a.first", "paper.fig1a.second"]
    assert source.claims[0].value == "8.1" and source.claims[0].source == "paper"


NULL = EFFECT.format(kind="null_effect")
SUM = "relations:\n- type: sum\n  parts: [paper.fig1a.first]\n  whole: paper.fig1a.lost\n"


@pytest.mark.parametrize(
    "text, named",
    [
        (HEAD + FIRST + "  colour: red\n", ["first", "colour"]),
        (HEAD + FIRST.replace('"8.1"', "8.1"), ["first", "value"]),  # a number loses its printed precision
        (HEAD + FIRST.replace("median", "vibe"), ["first", "measure"]),
        (HEAD + FIRST + FIRST, ["paper.fig1a.first", "twice"]),
        (HEAD + FIRST.replace("panel: fig1a", "panel: fig9z"), ["paper.fig1a.first", "fig9z"]),
        (HEAD + FIRST + SUM, ["paper.fig1a.lost", "no claim"]),
        (HEAD + FIRST + "  of: paper.fig1a.lost\n", ["paper.fig1a.first", "paper.fig1a.lost"]),
        (HEAD + NULL + "  direction: none\n", ["paper.fig1a.second", "margin"]),
        (HEAD + NULL + '  margin: "1.5"\n', ["paper.fig1a.second", "direction none"]),
        (HEAD + NULL + '  direction: less\n  margin: "1.5"\n', ["paper.fig1a.second", "direction none"]),
        (HEAD + EFFECT.format(kind="effect"), ["paper.fig1a.second", "greater or less"]),
        (HEAD + EFFECT.format(kind="effect") + "  direction: none\n", ["paper.fig1a.second", "greater or less"]),
        (HEAD + EFFECT.format(kind="direction"), ["paper.fig1a.second", "greater or less"]),
        (HEAD + FIRST + "  trial: OAK\n", ["paper.fig1a.first", "trial 'OAK' needs scope own"]),
        (HEAD + FIRST + "  [\n", ["not YAML"]),
        ("", ["paper.yaml"]),
        ("- only\n- a list\n", ["paper.yaml"]),
    ],
)
def test_a_wrong_claims_file_is_refused_in_one_line(read, text, named):
    with pytest.raises(ClaimsError) as refused:
        read(text)
    said = str(refused.value)
    assert "\n" not in said
    assert [part for part in ["paper.yaml", *named] if part not in said] == []


# --- (6) the numbers of a line ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, expected",
    [
        ("2,345 patients and 1,234,567 reads", "2345 1234567"),
        ("1,234.5 cells", "1234.5"),
        ("12, 13 and 14", "12 13 14"),
        ("PD-1, PD-L1, LAG-3 and CTLA‐4", ""),
        ("FGL-1 and SPINK1", ""),
        ("RB111 and TP5312", ""),  # a reference fused to a gene
        ("IL15, CD8+, CD3E", ""),
        ("of 8.1 months2.", "8.1"),
        ("p = 8.4 × 10−6", "8.4 10 6"),
        ("aged 18–88 years", "18 88"),
        ("aged 18-88 years", "18 88"),
        ("34%–45%", "34 45"),
        ("(Fig. 2A)", ""),
        ("(Figs. 2A, 3B and 4)", ""),
        ("Extended Data Fig. 6b; Supplementary Table 13; Table S1", ""),
        ("Cohort 1", ""),
        ("Cohorts 1 and 2", ""),
        ("in Cohort 1, 217 patients", "217"),
        ("1.43 (95% CI 1.04–1.99)", "1.43 1.04 1.99"),
        ("95% confidence interval, 6.0–NR", "6.0"),
        ("95% of patients", "95"),
        ("p = .05", ".05"),
        ("p=.05; p<0.001", ".05 0.001"),
        ("n=217)", "217"),
        ("(12/34)", "12 34"),
        ("a median of 18.0.", "18.0"),
        ("trial^[12,13] of 309", "309"),
        ("NCT05619744", ""),
        ("", ""),
    ],
)
def test_numbers(line, expected):
    assert claims.numbers(line) == expected.split()


@pytest.mark.parametrize(
    "line, expected",
    [
        ("stable 12 weeks", "12"),  # no table
        ("Table 1, 217 patients", "217"),
        ("survival data 12 months later", "12"),
    ],
)
def test_labels_swallow_no_figure(line, expected):
    assert claims.numbers(line) == expected.split()


@pytest.mark.parametrize("line", ["0.25mg", "2.5x"])
def test_a_number_fused_to_a_unit_is_not_cut_short(line):
    assert claims.numbers(line) in ([], [line.rstrip("mgx")])


# --- (7) every number of a text is a claim or left out ---------------------------------------------------------


@pytest.fixture(scope="module")
def texts(sources_dir):
    """The sources' texts by name."""
    return {name: (sources_dir / source.seed).read_text(encoding="utf-8") for name, source in claims.sources().items()}


def test_so_many_claims():
    assert len(claims.published()) > 450
    assert len(claims.sources()["lcnec"].claims) > 250


@pytest.mark.parametrize("name", sorted(claims.sources()))
def test_every_number_is_accounted_for(name, texts):
    assert claims.uncounted(claims.sources()[name], texts[name]) == []


def digit_changed(text: str, but: tuple[str, ...] = ()) -> str:
    """The same number with another first digit, and none of those in `but`."""
    others = (digit + text[1:] for digit in "987654321" if digit != text[0])
    return next(other for other in others if other not in but)


@pytest.mark.parametrize("name", sorted(claims.sources()))
def test_a_changed_digit_is_found(name, texts):
    source = claims.sources()[name]
    with_value = [place for place, the_claim in enumerate(source.claims) if the_claim.value]
    for place in with_value[:: max(1, len(with_value) // 12)]:
        changed = list(source.claims)
        one = changed[place]
        beside = tuple(number for where in (*one.prints, *one.uses) for number in where.numbers)
        changed[place] = one.model_copy(update={"value": digit_changed(one.value, beside)})
        complaints = claims.uncounted(source.model_copy(update={"claims": changed}), texts[name])
        assert any(one.id in said for said in complaints), one.id


def test_a_changed_text_is_found(texts):
    source, lines = claims.sources()["lcnec"], texts["lcnec"].split("\n")
    for place in [the_claim.prints[0] for the_claim in source.claims if the_claim.prints][::25]:
        line, number = place.line - 1, place.numbers[0]
        if number not in lines[line]:
            continue
        other = [*lines]
        other[line] = lines[line].replace(number, digit_changed(number))
        assert claims.uncounted(source, "\n".join(other)), (place.line, number)


@pytest.fixture
def small(read):
    """A source of one line, and a function to change its claim."""
    source = read(HEAD + FIRST + '  prints:\n  - {line: 1, numbers: ["8.1"]}\n')

    def changed(**update):
        return source.model_copy(update={"claims": [source.claims[0].model_copy(update=update)]})

    return changed


def test_uncounted_says_what_and_where(small):
    place = small().claims[0].prints[0]
    assert claims.uncounted(small(), "A median of 8.1 months.\n") == []
    said = claims.uncounted(small(), "A median of 8.1 months in 217 patients.\n")
    assert said == ["line 1: 217 is neither a claim nor left out"]
    assert len(claims.uncounted(small(), "A median of 8.1 months, 8.1 again.\n")) == 1
    assert claims.uncounted(small(), "A median.\n") == ["line 1: 8.1 is claimed and not printed"]
    assert claims.uncounted(small(value="8.2"), "A median of 8.1 months.\n")
    assert claims.uncounted(small(prints=[place, place]), "A median of 8.1 months.\n")
    for name in ("interval", "range"):
        assert claims.uncounted(small(**{name: ["6.0", "NR"]}), "A median of 8.1 months.\n")
    for update in ({"p": "<0.05"}, {"k": "12"}, {"n": ["40"]}):
        assert claims.uncounted(small(**update), "A median of 8.1 months.\n")


def test_a_value_that_becomes_its_own_limit_is_found(small):
    """26 (17–36) mistaken for 36 (17–36): the text says 36 once."""
    place = claims.Place(line=1, numbers=["26", "17", "36"])
    text = "In 26% (17–36) of patients.\n"
    assert claims.uncounted(small(value="26", interval=["17", "36"], prints=[place]), text) == []
    assert claims.uncounted(small(value="36", interval=["17", "36"], prints=[place]), text)


@pytest.mark.parametrize("line", [0, 99])
@pytest.mark.parametrize("field", ["prints", "uses"])
def test_a_place_outside_the_text_is_found(small, field, line):
    place = claims.Place(line=line, numbers=["8.1"])
    update = {"prints": [*small().claims[0].prints, place]} if field == "prints" else {"uses": [place]}
    assert claims.uncounted(small(**update), "A median of 8.1 months.\n")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A copy of the published claims, and the file in which they are kept once they are read."""
    folder = tmp_path / "published"
    shutil.copytree(paths.PUBLISHED, folder)
    monkeypatch.setattr(claims, "KEPT", tmp_path / "build" / "claims.json")

    def read():
        claims.sources.cache_clear()
        return claims.sources(folder)

    yield folder, claims.KEPT, read
    claims.sources.cache_clear()


def test_claims_that_were_kept_are_those_that_were_read(kept, monkeypatch):
    _, file, read = kept
    first = read()
    assert file.exists()
    monkeypatch.setattr(claims, "read_source", None)  # YAML is not read again
    assert read() == first and list(read()) == list(first)


def test_kept_claims_are_read_again_where_a_file_or_what_was_kept_has_changed(kept):
    folder, file, read = kept
    claim = read()["lcnec"].claims[0]
    text = (folder / "lcnec.yaml").read_text(encoding="utf-8")
    (folder / "lcnec.yaml").write_text(
        text.replace(claim.statement, f"{claim.statement} (edited)", 1), encoding="utf-8"
    )
    edited = read()
    assert edited["lcnec"].claims[0].statement.endswith("(edited)")
    for damaged in ("", "{}", "[]", file.read_text()[:-100]):
        file.write_text(damaged)
        assert read() == edited
    (folder / "lcnec.yaml").write_text(text + "no: field\n", encoding="utf-8")
    with pytest.raises(ClaimsError, match="lcnec.yaml"):
        read()


def test_claims_are_read_where_nothing_can_be_kept(kept):
    _, file, read = kept
    file.parent.write_text("a file where the folder should be")
    assert len(read()["lcnec"].claims) > 250
