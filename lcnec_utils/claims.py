"""Claims: what the sources print, number by number, and what a cohort answers to each.

params/published/<source>.yaml holds them. A claim's numbers are texts, as printed, for printed precision is part
of what was said.
"""

import collections
import dataclasses
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lcnec_utils import paths
from lcnec_utils.errors import UserError


class ClaimsError(UserError):
    """A claims file that cannot be read as it stands, or a claim nobody printed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """Where numbers stand in a source's text."""

    line: int
    numbers: list[str]


class Claim(_Strict):
    """One printed number, effect, absence of effect, or direction. Numbers are texts at printed precision."""

    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    panel: str
    statement: str
    kind: Literal["number", "effect", "null_effect", "direction"]
    measure: str
    scope: Literal["own", "general"]
    value: str | None = None
    interval: list[str] | None = None
    range: list[str] | None = None
    level: float | None = None
    unit: str = ""
    groups: list[str] = []
    n: list[str] = []
    k: str | None = None
    of: str | None = None
    p: str | None = None
    test: str | None = None
    counts: list[list[str]] | None = None
    counts_note: str | None = None
    direction: Literal["greater", "less", "none"] | None = None
    margin: str | None = None
    quantity: str | None = None
    flags: list[str] = []
    note: str = ""
    prints: list[Place] = []
    uses: list[Place] = []


@dataclasses.dataclass(frozen=True)
class Finding:
    """A recomputed value: with its 95% interval, p, patients and events where it has them."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    n: int | None = None
    events: int | None = None
    note: str = ""


@cache
def published(folder: Path | None = None) -> dict[str, Claim]:
    """Every claim by id. Raises ClaimsError in one line on a duplicate id or a field that is not one."""
    import yaml

    claims: list[Claim] = []
    for path in sorted((folder or paths.PUBLISHED).glob("*.yaml")):
        for entry in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("claims", []):
            try:
                claims.append(Claim(**entry))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise ClaimsError(f"{path.name}, claim {entry.get('id')}: {where}: {first['msg']}") from None
    twice = [id for id, times in collections.Counter(claim.id for claim in claims).items() if times > 1]
    if twice:
        raise ClaimsError(f"claim {twice[0]} is given twice; keep one")
    return {claim.id: claim for claim in claims}
