"""`lcnec twin`: independent patients from the laws; their intervals cover the truth; bad requests are one line."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils import cli
from lcnec_utils.cohort import read
from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import cox, proportions, survival
from lcnec_utils.twins import free, times
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.times import Law

DRAWS, PATIENTS = 1000, 400


@pytest.fixture(scope="module")
def draws():
    """1,000 cohorts of 400 free patients of cohort 1's laws, clinical tables only."""
    targets = Targets()
    laws = free.laws(targets, "cohort_1")
    rng = stream(2026, "coverage")
    return [free.patients(rng, targets, PATIENTS, "cohort_1", laws) for _ in range(DRAWS)]


@pytest.fixture(scope="module")
def truth():
    return free.truth("cohort_1").set_index(["quantity", "group"])["value"]


def months_and_event(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return pd.DataFrame({"months": table[f"{key}_MONTHS"], "event": table[f"{key}_STATUS"].str.startswith("1")})


def coverage(inside: list[bool]) -> float:
    return float(np.mean(inside))


@pytest.mark.parametrize("key", ["OS", "RWPFS"])
@pytest.mark.parametrize("regimen", ["chemotherapy", "chemoimmunotherapy"])
def test_intervals_of_medians_cover_the_law(draws, truth, key, regimen):
    inside = []
    for table in draws:
        group = table[table["FIRST_LINE_REGIMEN"] == regimen]
        row = survival.medians(months_and_event(group, key), limits="log-log").iloc[0]
        upper = np.inf if np.isnan(row["upper"]) else row["upper"]
        inside.append(row["lower"] <= truth[f"median {key}", regimen] <= upper)
    assert 0.93 <= coverage(inside) <= 0.97


def test_intervals_of_the_hazard_ratio_cover_the_law(draws, truth):
    """Overall survival has constant hazards, so Cox's model is the true one."""
    inside = []
    for table in draws:
        pair = table[table["FIRST_LINE_REGIMEN"] != "immunotherapy"]
        rows = months_and_event(pair, "OS")
        group = (pair["FIRST_LINE_REGIMEN"] == "chemotherapy").to_numpy(float)[:, None]
        beta, se = times.cox(rows["months"].to_numpy(), rows["event"].to_numpy(), group)
        inside.append(abs(beta[0] - np.log(truth["hazard ratio OS", "chemotherapy"])) <= 1.959964 * se[0])
    assert 0.93 <= coverage(inside) <= 0.97


@pytest.mark.parametrize("event", ["any_grade", "grade3"])
def test_intervals_of_adverse_events_cover_the_law(draws, truth, event):
    grade = {"any_grade": 1, "grade3": 3}[event]
    inside = []
    for table in draws:
        group = table[table["FIRST_LINE_REGIMEN"] == "chemotherapy"]
        k = int((group["ADVERSE_EVENT_GRADE"].astype(int) >= grade).sum())
        lower, upper = proportions.wilson(k, len(group))
        inside.append(lower <= truth[f"share {event}", "chemotherapy"] <= upper)
    assert 0.93 <= coverage(inside) <= 0.97


def test_intervals_of_regimen_shares_cover_the_law(draws, truth):
    inside = []
    for table in draws:
        k = int((table["FIRST_LINE_REGIMEN"] == "chemotherapy").sum())
        lower, upper = proportions.wilson(k, len(table))
        inside.append(lower <= truth["share regimen", "chemotherapy"] <= upper)
    assert 0.93 <= coverage(inside) <= 0.97


def test_patients_are_independent_of_one_another(draws):
    """The variance of the number of deaths over draws is a binomial one: nothing pulls a draw to a target."""
    deaths = [int(months_and_event(table, "OS")["event"].sum()) for table in draws]
    share = np.mean(deaths) / PATIENTS
    statistic = (DRAWS - 1) * np.var(deaths, ddof=1) / (PATIENTS * share * (1 - share))
    assert 0.001 < stats.chi2.cdf(statistic, DRAWS - 1) < 0.999


@pytest.mark.parametrize("like", ["cohort_1", "cohort_2"])
def test_the_law_of_the_earlier_endpoint_makes_the_printed_hazard_ratio(like):
    """In 60,000 patients Cox's ratio of chemotherapy to chemoimmunotherapy is the printed 1.43, or 1.44."""
    targets = Targets()
    table = free.patients(stream(5, "large"), targets, 60_000, like, free.laws(targets, like))
    pair = table[table["FIRST_LINE_REGIMEN"] != "immunotherapy"]
    key, printed = {"cohort_1": ("RWPFS", 1.43), "cohort_2": ("TOT", 1.44)}[like]
    rows = months_and_event(pair, key).assign(group=(pair["FIRST_LINE_REGIMEN"] == "chemotherapy").astype(float))
    fitted = cox.cox(rows, covariates=["group"]).iloc[0]
    assert fitted["hr"] == pytest.approx(printed, rel=0.04)
    for regimen in ("chemotherapy", "chemoimmunotherapy", "immunotherapy"):
        group = months_and_event(table[table["FIRST_LINE_REGIMEN"] == regimen], key)
        expected = free.truth(like).set_index(["quantity", "group"])["value"][f"median {key}", regimen]
        assert survival.medians(group).iloc[0]["median"] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("like", ["cohort_1", "cohort_2"])
def test_every_free_patient_makes_sense(like):
    table = free.draw(3, 3000, like).patients
    early = {"cohort_1": "RWPFS", "cohort_2": "TOT"}[like]
    assert (table[f"{early}_MONTHS"] <= table["OS_MONTHS"]).all()
    assert (table["FIRST_LINE_END_MONTHS"] <= table["OS_MONTHS"]).all()
    again = table[table["SECOND_LINE_REGIMEN"] != ""]
    assert (again["SECOND_LINE_START_MONTHS"] > again["FIRST_LINE_END_MONTHS"]).all()
    assert (again["SECOND_LINE_START_MONTHS"] <= again["OS_MONTHS"]).all()
    if like == "cohort_1":
        stopped = table[table["STOPPED_FOR_TOXICITY"] == "YES"]
        assert len(stopped) and (stopped["ADVERSE_EVENT_GRADE"].astype(int) > 0).all()


def test_a_free_twin_is_a_study_that_runs_and_is_called_simulated(tmp_path, capsys):
    assert cli.main(["twin", "--patients", "60", "--seed", "4", "--out", str(tmp_path / "one")]) == 0
    drawn = read.read_study(tmp_path / "one")
    assert len(drawn.patients) == 60 and drawn.simulated and "simulated" in drawn.label
    assert "SIMULATED" in (tmp_path / "one" / "README.md").read_text()
    assert cli.main(["cohort", "check", str(tmp_path / "one")]) == 0
    assert "No problem found" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_patients(tmp_path):
    folders = []
    for place, seed in enumerate((4, 4, 5)):
        folder = tmp_path / str(place) / "twin"
        assert cli.main(["twin", "--patients", "50", "--seed", str(seed), "--out", str(folder)]) == 0
        folders.append(folder)
    assert read.digest(folders[0]) == read.digest(folders[1]) != read.digest(folders[2])
    one, other = (read.read_study(folder).patients for folder in (folders[0], folders[2]))
    assert not (one["OS_MONTHS"].to_numpy() == other["OS_MONTHS"].to_numpy()).all()


def test_asked_numbers_are_exact_and_one_patient_is_a_cohort():
    study = free.draw(1, 90, regimens={"immunotherapy": 40}, subtypes={"SCLC-like": 90, "NSCLC-like": 0})
    assert (study.patients["FIRST_LINE_REGIMEN"] == "immunotherapy").sum() == 40
    altered = study.mutations[study.mutations["Hugo_Symbol"] == "TP53"]["Tumor_Sample_Barcode"].nunique()
    assert altered == 90
    assert len(free.draw(1, 1).patients) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--patients", "0"], "--patients 0: give 1 or more"),
        (["--patients", "-3"], "--patients -3: give 1 or more"),
        (["--patients", "99999999"], "at most"),
        (["--patients", "10", "--seed", "-1"], "--seed -1"),
        (["--patients", "10", "--like", "cohort_3"], "did you mean 'cohort_"),
        (["--patients", "10", "--subtype", "SCLClike=3"], "did you mean 'SCLC-like'?"),
        (["--patients", "10", "--subtype", "SCLC-like=11"], "11 patients are asked for, of 10"),
        (["--patients", "10", "--subtype", "SCLC-like=-1"], "give 0 or more"),
        (["--patients", "10", "--subtype", "SCLC-like"], "write NAME=COUNT"),
        (["--patients", "10", "--regimen", "surgery=3"], "--regimen surgery: unknown"),
        (["--patients", "10", "--regimen", "immunotherapy=3", "--regimen", "immunotherapy=4"], "given twice"),
        (
            ["--patients", "10", *(w for n in free.REGIMENS for w in ("--regimen", f"{n}=3"))],
            "the numbers make 9, not the 10",
        ),
    ],
)
def test_a_bad_request_is_one_line_and_writes_nothing(words, says, tmp_path, capsys):
    assert cli.main(["twin", *words, "--out", str(tmp_path / "twin")]) == 2
    error = capsys.readouterr().err
    assert says in error and len(error.splitlines()) == 1
    assert not (tmp_path / "twin").exists()


def test_a_folder_that_is_there_is_not_written_over(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.main(["twin", "--patients", "5", "--out", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_hazard_under_that_of_death_is_refused():
    with pytest.raises(UserError, match="lies under another's"):
        Law(20.0).without(Law(10.0), np.ones(3))


def test_the_earlier_endpoint_follows_its_law():
    """min(other cause, death) of two piecewise-exponential laws, against the law's own survival."""
    rng = np.random.default_rng(0)
    law, death = Law(5.4, 6.1, 0.5), Law(12.0)
    drawn = np.minimum(law.without(death, rng.standard_exponential(200_000)), death.draw(rng, 200_000))
    for month in (1.0, 5.4, 6.1, 12.0, 30.0):
        assert np.mean(drawn > month) == pytest.approx(np.exp(-law.cumulative_hazard(month)), abs=0.004)
