"""Cohorts by role: where they lie, and what is said of their tumours and words."""

import pytest

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.run import roles


def test_a_cohort_may_be_one_table_of_the_study_view(tmp_path):
    table = tmp_path / "download.tsv"
    table.write_text("Study ID\tPatient ID\tSample ID\n")
    assert roles.find_cohort(str(table)) == table


def test_a_cohort_that_is_neither_known_nor_a_folder_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match=r"did you mean 'msk_met_lcnec'\?"):
        roles.find_cohort("msk_met_lcne")


def test_a_known_cohort_that_is_not_built_names_its_command(monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_COHORTS_DIR", str(tmp_path))
    with pytest.raises(MissingData, match="lcnec cohort build msk_met_lcnec"):
        roles.find_cohort("msk_met_lcnec")


def test_patients_of_two_roles_are_counted_in_one_sentence_and_simulated_ones_are_not(own_study):
    cohort, twin = roles.read_role("cohort", str(own_study)), roles.read_role("icb", str(own_study))
    assert roles.overlap_notes("cohort", {"cohort": cohort, "icb": twin}) == [
        "8 of these patients are also in the role 'icb': not independent."
    ]
    twin.study["simulated"] = True
    assert roles.overlap_notes("cohort", {"cohort": cohort, "icb": twin}) == []
