"""What makes a notebook's result stale: the claims on its own panels, and the data files of its own modules."""

import shutil

import pytest

from lcnec_utils.core import params, paths
from lcnec_utils.ledger import claims
from lcnec_utils.run import records, runs


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A function that changes a word of one claim, or of one source, and returns the notebooks that are stale then."""
    published = tmp_path / "published"
    shutil.copytree(paths.PUBLISHED, published)
    names = runs.notebooks()
    before = {name: records.claims_digest(name) for name in names}
    monkeypatch.setattr(paths, "PUBLISHED", published)

    def edit(file: str, old: str, new: str) -> set[str]:
        text = (published / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (published / file).write_text(text.replace(old, new), encoding="utf-8")
        claims.sources.cache_clear()
        return {name for name in names if records.claims_digest(name) != before[name]}

    yield edit
    claims.sources.cache_clear()


def test_a_claim_makes_its_own_notebook_and_the_ledger_stale_and_no_other(edited):
    claim = claims.published()["lcnec.fig2a.subtype.nsclc_like"]
    assert edited("lcnec.yaml", claim.statement, f"{claim.statement} (edited)") == {
        "04_genomic_landscape",
        "14_claims",
        "15_replication",
        "16_robustness",
    }


def test_what_is_no_claim_makes_the_ledger_stale_alone(edited):
    reason = claims.sources()["lcnec"].left_out[0].reason
    text = (paths.PUBLISHED / "lcnec.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if reason in line)
    assert edited("lcnec.yaml", line, line.replace(reason, f"{reason} (edited)")) == {
        "14_claims",
        "15_replication",
        "16_robustness",
    }


def test_the_digests_of_a_notebook_hold_those_of_its_claims():
    run = params.RunParameters()
    digests = {name: records.input_digests(name, run)["claims"] for name in ("02_outcomes", "03_adverse_events")}
    assert digests == {name: records.claims_digest(name) for name in digests}
    assert len(set(digests.values())) == 2
