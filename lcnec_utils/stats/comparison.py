"""Survival of groups side by side: curves, medians, log-rank test, hazard ratios.

Tables come in through stats/survival.py's `survival_table`; the columns of the results stand in its GLOSSARY.
"""

import dataclasses
import html
import itertools

import numpy as np
import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_hazard
from lcnec_utils.stats.cox import COX_COLUMNS, cox
from lcnec_utils.stats.fragility import TwoGroups
from lcnec_utils.stats.proportions import keep_large_groups, levels, split_by_size, too_few_patients
from lcnec_utils.stats.survival import (
    NAN,
    LogRank,
    describe,
    follow_up,
    kaplan_meier,
    log_rank,
    medians,
    numbers_at_risk,
    survival_table,
)


def time_ticks(longest: float, most: int = 7) -> list[float]:
    """Round times in months from 0 on, a month to ten years apart, at most `most` of them up to the longest.

    >>> [float(time) for time in time_ticks(30)]
    [0.0, 6.0, 12.0, 18.0, 24.0, 30.0]
    """
    step = next((step for step in (1, 2, 3, 6, 12, 24, 36, 60, 120) if longest / step < most), 240)
    return list(np.arange(0, longest + step * 0.01, step))


@dataclasses.dataclass(frozen=True, repr=False)
class Comparison:
    """Survival of groups side by side: curves, medians, numbers at risk, log-rank, hazard ratios against a reference.

    tested: the groups large enough for the log-rank test and the Cox model; small: the others, shown only, which have
    fewer than min_group patients. ratios: `cox`'s columns with group. follow_up: the median follow-up of all, months.
    described: `survival.describe`'s columns. Shows itself in a notebook as a table.
    """

    endpoint: str
    curve: pd.DataFrame
    medians: pd.DataFrame
    at_risk: pd.DataFrame
    log_rank: LogRank
    ratios: pd.DataFrame
    tested: list[str]
    small: list[str]
    dropped: int
    total: int
    min_group: int = 2
    follow_up: float = NAN
    described: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)

    def summary(self) -> pd.DataFrame:
        """One row per group: group, n, events, median and limits (months), hazard ratio against the reference with
        its interval and p, the log-rank test of all tested groups (repeated), and median follow-up, survival at 12 and
        24 months and restricted mean of `described`."""
        ratios = self.ratios.set_index("group").reindex(self.medians["group"])
        table = self.medians.rename(
            columns={"median": "median_months", "lower": "median_lower", "upper": "median_upper"}
        )
        for name in ("hr", "lower", "upper", "p"):
            table[name if name == "hr" else f"hr_{name}"] = ratios[name].to_numpy()
        table = table.assign(
            tested=table["group"].isin(self.tested),
            log_rank_chi_squared=self.log_rank.chi_squared,
            log_rank_df=self.log_rank.degrees,
            log_rank_p=self.log_rank.p,
        )
        return table.join(self.described.drop(columns=[name for name in self.described if name in table]))

    @property
    def reference(self) -> str:
        """The group that the hazard ratios are against."""
        return next((name for name in self.tested if name not in set(self.ratios["group"])), "")

    def direction(self) -> list[str]:
        """Which group the hazard ratios are against and what one above 1 means, in two lines; none without a ratio."""
        what = "survival" if "survival" in self.endpoint else self.endpoint
        return [f"HR: reference {self.reference}", f"HR > 1: shorter {what}"] if len(self.ratios) else []

    def notes(self) -> list[str]:
        """Lines for the plot: the log-rank p, hazard ratios with p, their reference and direction, and the groups that
        are too small to test."""
        lines = [f"Log-rank {formats.p_value(self.log_rank.p)}"]
        for row in self.ratios.itertuples():
            name = "HR" if len(self.ratios) == 1 else f"{row.group} HR"
            lines.append(f"{name} {ratio_with_p(row)}")
        return lines + self.direction() + [f"{name}: too few to test" for name in self.small]

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        """The title, the table and the lines under it, as the comparison shows itself."""
        ratios = {row.group: row for row in self.ratios.itertuples()}
        rows = []
        for row in self.medians.itertuples():
            hr, _, p = ratio_with_p(ratios[row.group]).partition(", ") if row.group in ratios else ("", "", "")
            if row.group in self.small:
                hr = "too few to test"
            elif len(ratios) and row.group == self.reference:
                hr = "reference"
            median = formats.median_months(row.median, row.lower, row.upper)
            rows.append([row.group, row.n, row.events, row.n - row.events, median, hr or "–", p or "–"])
        columns = ["", "n", "events", "censored", "median months (95% CI)", "HR (95% CI)", "p"]
        left_out = f"; {self.dropped} of {self.total} left out" if self.dropped else ""
        title = f"{self.endpoint[:1].upper()}{self.endpoint[1:]}: {self.medians['n'].sum()} patients{left_out}"
        test = self.log_rank
        lines = [f"Log-rank test: p {formats.NOT_ESTIMABLE}"]
        if test.p == test.p:
            chi_squared = formats.number(test.chi_squared, 2)
            lines = [f"Log-rank test: chi-squared {chi_squared}, {test.degrees} df, {formats.p_value(test.p)}"]
        return title, pd.DataFrame(rows, columns=columns), lines + self.direction()[1:]

    def __repr__(self) -> str:
        title, table, lines = self._shown()
        return "\n".join([title, table.to_string(index=False), *lines])

    def _repr_html_(self) -> str:
        title, table, lines = self._shown()
        notes = "<br>".join(map(html.escape, lines))
        return f"<p><b>{html.escape(title)}</b></p>{table.to_html(index=False, border=0)}<p>{notes}</p>"


def ratio_with_p(row) -> str:
    """A hazard ratio with its interval and p, of a row of `cox`; without an estimate, that there is none.

    >>> from types import SimpleNamespace
    >>> ratio_with_p(SimpleNamespace(hr=2.5, lower=0.917, upper=6.81, p=0.0734))
    '2.50 (0.92–6.81), p = 0.07'
    """
    ratio = formats.hazard_ratio(row.hr, row.lower, row.upper)
    return ratio if np.isnan(row.hr) else f"{ratio}, {formats.p_value(row.p)}"


def compare(
    table: pd.DataFrame,
    *,
    group: str,
    endpoint: str = "survival",
    min_group: int = 2,
    total: int | None = None,
    limits: str = "log",
    reference: str | None = None,
    source: str = "",
) -> Comparison:
    """Groups of a survival table compared; patients without months, event or group are left out and counted.

    limits: of curves and medians, as `kaplan_meier`. reference: the group that hazard ratios are against, the first
    tested if not given. min_group: a group with fewer patients is shown, not tested. total: how many patients there
    were before the table was made (the table's own `attrs["dropped"]` is added where it is not given). source: what the
    table is from, for the reason of MissingData, which is raised where nobody is left.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> compare(waltons, group="group", reference="miR-137")
    Survival: 163 patients
              n  events  censored median months (95% CI)      HR (95% CI)          p
    control 129     122         7       58.0 (56.0–60.0) 0.13 (0.08–0.20) p < 0.0001
    miR-137  34      34         0       26.0 (22.0–29.0)        reference          –
    Log-rank test: chi-squared 122.25, 1 df, p < 0.0001
    HR > 1: shorter survival
    """
    total = total if total is not None else len(table) + table.attrs.get("dropped", 0)
    patients = survival_table(table, group=group, complete=True, allow_empty=True).dropna(subset=[group])
    if patients.empty:
        of = f" of {source}" if source else ""
        raise MissingData(f"no patient{of} has both {endpoint} and {group.replace('_', ' ')}")
    patients = patients.assign(**{group: pd.Categorical(patients[group].astype(str), levels(patients[group]))})
    tested, small = split_by_size(patients[group], min_group=min_group)
    subset = keep_large_groups(patients, group=group, min_group=min_group)
    ratios = pd.DataFrame(columns=["group", *COX_COLUMNS])
    # with delayed entry there is no log-rank test; Cox's ratios stand for it
    test = LogRank(NAN, max(len(tested) - 1, 0), NAN)
    if len(tested) > 1:
        base = reference if reference in tested else tested[0]
        fitted = cox(subset, covariates=[group], reference={group: base})
        ratios = fitted.assign(group=[name for name in tested if name != base])
        test = test if "entry" in subset else log_rank(subset, group=group)
    return Comparison(
        endpoint=endpoint,
        curve=kaplan_meier(patients, group=group, limits=limits),
        medians=medians(patients, group=group, limits=limits),
        at_risk=numbers_at_risk(patients, times=time_ticks(patients["months"].max()), group=group),
        log_rank=test,
        ratios=ratios,
        tested=tested,
        small=list(small),
        dropped=total - len(patients),
        total=total,
        min_group=min_group,
        follow_up=follow_up(patients)["median"].item(),
        described=describe(patients, group=group, limits=limits, min_group=min_group),
    )


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `Comparison.summary` or of `stack` as a reader's table: counts, follow-up, medians, survival at 12 and
    24 months, restricted means and hazard ratios, each with its 95% interval, as text.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> as_read(compare(waltons, group="group").summary()).loc["miR-137", "at 24 months, % (95% CI)"]
    '53 (39–73)'
    """
    names = list(table.columns[: table.columns.get_loc("group") + 1])
    shown = table[[*names, "n", "events"]].assign(censored=table["n"] - table["events"])

    def estimates(name: str, low: str, high: str, digits: int, times: int = 1) -> list[str]:
        figures = (table[[name, low, high]] * times).itertuples(index=False)
        return ["–" if np.isnan(value) else f"{formats.number(value, digits)} ({formats.number(least, digits)}–"
                f"{formats.number(most, digits)})" for value, least, most in figures]  # fmt: skip

    shown["median follow-up, months"] = table["follow_up_months"].map(formats.months)
    medians_read = table[["median_months", "median_lower", "median_upper"]].itertuples(index=False)
    shown["median, months (95% CI)"] = [formats.median_months(*row) for row in medians_read]
    for time in [name.removeprefix("at_risk_") for name in table if name.startswith("at_risk_")]:
        name = f"survival_{time}"
        shown[f"at {time} months, % (95% CI)"] = estimates(name, f"{name}_lower", f"{name}_upper", 0, 100)
    means = estimates("rmst", "rmst_lower", "rmst_upper", 1)
    shown["restricted mean, months (95% CI)"] = [
        mean if mean == "–" else f"{mean}, up to {formats.number(horizon)}"
        for mean, horizon in zip(means, table["horizon"], strict=True)
    ]
    if table["hr"].notna().any():
        shown["HR (95% CI)"] = estimates("hr", "hr_lower", "hr_upper", 2)
    return shown.set_index(names)


def stack(comparisons: dict[str, Comparison], *, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The summaries and the curves of several comparisons, each as one table with a leading column `name`.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> summary, curve = stack({"all flies": compare(waltons, group="group")}, name="flies")
    >>> summary[["flies", "group", "n", "events"]]
           flies    group    n  events
    0  all flies  control  129     122
    1  all flies  miR-137   34      34
    """
    summary = pd.concat({key: groups.summary() for key, groups in comparisons.items()}, names=[name])
    curve = pd.concat({key: groups.curve for key, groups in comparisons.items()}, names=[name])
    return tuple(table.reset_index(level=0).reset_index(drop=True) for table in (summary, curve))


def pairwise_hazard_ratios(
    table: pd.DataFrame, *, group: str, min_group: int = 5, only: list[str] | None = None
) -> list[Finding]:
    """The hazard ratio of every pair of groups, later against earlier, as findings.

    only: the groups that are asked about, all where not given. Of them those count that have min_group patients or
    more; one finding without a value says so where no two have.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> [round(finding.value, 1) for finding in pairwise_hazard_ratios(waltons, group="group")]
    [7.8]
    """
    patients = survival_table(table, group=group, complete=True, allow_empty=True)
    categories = patients[group].cat.categories if hasattr(patients[group], "cat") else levels(patients[group])
    names = only or list(map(str, categories))
    asked = patients[patients[group].astype(str).isin(names)]
    enough, _ = split_by_size(asked[group], min_group=min_group)
    if len(enough) < 2:
        sizes = asked[group].dropna().astype(str).value_counts().to_dict()
        return [too_few_patients(names, sizes, min_group=min_group)]
    findings = []
    for first, second in itertools.combinations(enough, 2):
        two = asked[asked[group].astype(str).isin([first, second])]
        later = two[group].astype(str) == second
        fitted = cox(two.assign(**{group: later}), covariates=[group])
        behind = rests_on(two, later)
        findings.append(dataclasses.replace(of_hazard(fitted.iloc[0]), rests_on=behind))
    return findings


def rests_on(table: pd.DataFrame, second: pd.Series, *, survival: bool = False) -> TwoGroups | None:
    """The patients behind a hazard ratio of two groups without covariates, for the fewest who turn its verdict; None
    where they enter late, which is not refitted.

    table: months and event (`survival_table`). second: whether each is in the group held against the other. survival:
    the finding is on the scale of survival.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = survival_table(load_waltons().rename(columns={"T": "months", "E": "event"}))
    >>> len(rests_on(waltons, waltons["group"] == "miR-137").patients)
    163
    """
    if "entry" in table:
        return None
    names = table.index.to_numpy()
    return TwoGroups(names, *(table[name].to_numpy() for name in ("months", "event")), second.to_numpy(bool), survival)
