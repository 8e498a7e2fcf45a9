"""The audit: what the printed figures say of themselves, by arithmetic alone and without a single patient.

One function per rule, all in RULES; each yields remarks on the claims of one source. A severity follows from its rule,
never from which claim it meets: `rounding` (the last digit), `inconsistent` (two prints, or a print and its own
arithmetic, disagree), `impossible` (no patients could give it), `exponent lost` (the text lost part of the figure), and
`note` for what is no slip: what holds only under an assumption, such as proportional hazards. The rules stand by kind
in `audit_shares`, `audit_tests`, `audit_attainable`, `audit_words`, `audit_relations`, `audit_tables`, `audit_texts`.
"""

import dataclasses
from pathlib import Path

import pandas as pd

from lcnec_utils.ledger import (
    audit_attainable,
    audit_relations,
    audit_shares,
    audit_tables,
    audit_tests,
    audit_texts,
    audit_words,
)  # fmt: skip
from lcnec_utils.ledger.claims import Source
from lcnec_utils.ledger.printed import Book

# From best to worst. A figure that lost its exponent cannot be read at all, whatever else is said of it.
SEVERITIES = ("note", "rounding", "inconsistent", "impossible", "exponent lost")
LONGEST_MEDIAN = audit_tables.LONGEST_MEDIAN  # the bound of whoever else reads a table of trials

RULES = (
    audit_shares.share, audit_shares.grim, audit_shares.share_interval,
    audit_tests.ratio_interval, audit_tests.ratio_p, audit_tests.p_from_counts, audit_tests.rank_test_of_shares,
    audit_attainable.p_attainable, audit_attainable.p_of_shares, audit_attainable.equal_p,
    audit_tests.words_and_p, audit_tests.words_and_interval, audit_words.direction_and_figures, audit_words.alike,
    audit_words.ranks, audit_words.sets_and_members, audit_words.accordance, audit_words.accrual,
    audit_relations.sums, audit_relations.same, audit_relations.quantity, audit_relations.at_most,
    audit_relations.order, audit_relations.conflict, audit_relations.derived, audit_relations.within,
    audit_relations.exponent_lost,
    audit_tables.table_sum, audit_tables.table_medians, audit_tables.table_registry, audit_tables.table_arms,
    audit_tables.table_strata, audit_tables.table_extremes, audit_tables.table_order,
    audit_texts.panel_labels, audit_texts.registry_length, audit_texts.reference_names, audit_texts.supplement_numbers,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Remark:
    """One thing arithmetic says of printed figures, with the arithmetic and what would reconcile it."""

    source: str
    rule: str
    severity: str
    claims: tuple[str, ...]
    arithmetic: str
    reconcile: str = ""


def audit(sources: dict[str, Source], folder: Path | None = None) -> list[Remark]:
    """Every remark on every source, by source, then by the first claim's place in its text; tables come last."""
    remarks = []
    for name in sources:
        book, found = Book(sources[name], folder), []
        for rank, rule in enumerate(RULES):
            for severity, claims, arithmetic, reconcile in rule(book):
                ids = tuple(sorted({claim.id for claim in claims}, key=book.order.get))
                place = book.order[ids[0]] if ids else len(book.order)
                remark = Remark(name, rule.__name__, severity, ids, arithmetic, reconcile)
                found.append(((place, rank, len(found)), remark))
        remarks += [remark for _, remark in sorted(found, key=lambda pair: pair[0])]
    return remarks


def of_claims(sources: dict[str, Source], remarks: list[Remark]) -> dict[str, str]:
    """The worst audit value of each claim, in the order of sources and text; notes leave a claim consistent."""
    worst = {claim.id: 0 for source in sources.values() for claim in source.claims}
    for remark in remarks:
        for id in remark.claims:
            worst[id] = max(worst[id], SEVERITIES.index(remark.severity))
    return {id: SEVERITIES[rank] if rank else "consistent" for id, rank in worst.items()}


def table(remarks: list[Remark]) -> pd.DataFrame:
    """The remarks as a table, one per row, claims separated by spaces."""
    columns = [field.name for field in dataclasses.fields(Remark)]
    rows = [{**dataclasses.asdict(remark), "claims": " ".join(remark.claims)} for remark in remarks]
    return pd.DataFrame(rows, columns=columns)
