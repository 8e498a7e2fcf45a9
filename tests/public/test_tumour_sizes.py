"""Target diameters of 1,472 patients over time. Costs about 2 s."""

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.public import tumour_sizes
from lcnec_utils.studies.liver import organ_response


@pytest.fixture(scope="module")
def cohort(public_cohort):
    return read_study(public_cohort("tumour_sizes"))


def test_1472_patients_of_five_trials(cohort):
    assert cohort.patients["TRIAL"].value_counts().to_dict() == {
        "Study4": 701, "Study3": 387, "Study2": 165, "Study5": 143, "Study1": 76,
    }  # fmt: skip
    sizes = cohort.timeline("tumor_size")
    assert len(sizes) == 8551 and cohort.words == {} == cohort.refused
    assert cohort.lesions is None and "Ghaffari Laleh" in cohort.study["citation"]
    assert not {"copy number", "variants", "gene panel"} & set(cohort.caveats), "those are of the dataset's other file"


def test_changes_are_from_the_last_size_before_treatment():
    rows = pd.DataFrame(
        [
            *(("A", day, size) for day, size in ((-9, 50), (-2, 40), (40, 20), (80, None))), ("B", 30, 9),
            *(("C", day, size) for day, size in ((0, 10), (9, 5), (9, 6), (None, 3))),
        ],
        columns=["patient", "day", "size"],
    )  # fmt: skip
    table, left = tumour_sizes.changes(rows)
    assert table.loc[table["patient"] == "A", "SIZE_CHANGE_PERCENT"].round(1).to_list()[:3] == [25.0, 0.0, -50.0]
    assert left == {"no day": 1, "two sizes": 1, "no baseline": 1}


def test_the_best_changes_are_those_of_the_workbook_itself(cohort):
    """Reckoned once more from the sheets, without the converter: half the patients of each trial."""
    courses = organ_response.tumour_courses(cohort, organs=("liver", "lung"))
    assert len(courses.best_change) == 1459
    best = courses.best_change["tumour"]
    assert best.min() == -1 and (best <= -0.3).sum() == 414
    size = pd.to_numeric(cohort.timeline("tumor_size")["SIZE_MM"])
    table = cohort.timeline("tumor_size").assign(size=size, day=lambda rows: rows["START_DATE"].astype(float))
    table = table.dropna(subset=["size"])
    for name in best.index[::30]:
        rows = table[table["PATIENT_ID"] == name]
        before = rows.loc[rows["day"] <= 0].iloc[-1]["size"]
        assert best[name] == pytest.approx(rows.loc[rows["day"] > 0, "size"].min() / before - 1)
