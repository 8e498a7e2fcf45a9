"""Survival statistics on 60,000 patients, beside lifelines' own Kaplan-Meier fit of the same table."""

from pathlib import Path

from tests.bench.measure import by_turns


def rows(_: Path) -> list[dict]:
    """Processor time of each, as a ratio to lifelines' fit of one curve."""
    import numpy as np
    import pandas as pd
    from lifelines import KaplanMeierFitter

    from lcnec_utils.stats import cox, survival

    draw, n = np.random.default_rng(1), 60_000
    table = pd.DataFrame(
        {
            "months": draw.exponential(60, n).round(1) + 0.1 + draw.random(n),
            "event": draw.random(n) < 0.6,
            "group": draw.choice(list("abc"), n),
            "age": draw.normal(60, 10, n),
        }
    )
    late = table.assign(entry=table["months"] * draw.random(n))
    turning = table.assign(second=draw.exponential(60, n))
    jobs = {
        "lifelines' Kaplan-Meier": lambda: KaplanMeierFitter().fit(table["months"], table["event"]),
        "checks of the table": lambda: survival.survival_table(table),
        "kaplan_meier": lambda: survival.kaplan_meier(table),
        "describe, by group": lambda: survival.describe(table, group="group"),
        "restricted means": lambda: survival.restricted_mean_difference(table, group="group", reference="a"),
        "log-rank of pairs": lambda: survival.pairwise_log_rank(table, group="group"),
        "proportional hazards": lambda: cox.proportional_hazards(table, covariates=["group", "age"]),
        "Cox, delayed entry": lambda: cox.cox(late, covariates=["group", "age"]),
        "Kaplan-Meier, delayed entry": lambda: survival.kaplan_meier(late, group="group"),
        "Cox, second line in time": lambda: cox.cox(
            survival.split_at(turning, switch="second"), covariates=["after", "age"]
        ),
        "landmark": lambda: survival.medians(survival.landmark(table, months=12), group="group"),
    }
    taken = by_turns(jobs, 3)
    first = taken["lifelines' Kaplan-Meier"]
    return [cost.row(name, beside=first, by="cpu", against="lifelines' Kaplan-Meier") for name, cost in taken.items()]
