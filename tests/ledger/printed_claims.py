"""Hand-made sources: claims as their YAML holds them, a source of them, and what the audit says of it."""

from pathlib import Path

from lcnec_utils.ledger import audit, claims

MARGIN = {"margin": "1.5"}


def claim(name: str = "a", **fields) -> dict:
    effect = fields.get("kind", "number")
    direction = {"effect": "greater", "direction": "greater", "null_effect": "none"}.get(effect)
    given = {"panel": "p", "statement": "a printed figure", "kind": effect, "measure": "count", "scope": "own"}
    return {"id": f"x.{name}", **given, "direction": direction, **fields}


def percent(name: str = "a", **fields) -> dict:
    return claim(name, measure="percent", unit="percent", **fields)


def total(n: str = "217") -> dict:
    return claim("n", value=n)


def found(*given: dict, relations: tuple = (), folder: Path | None = None, tables: tuple = ()) -> list[audit.Remark]:
    source = claims.Source(
        source="x", seed="", reference="", claims=list(given), relations=list(relations), tables=list(tables)
    )
    return audit.audit({"x": source}, folder)


def tabled(folder: Path, text: str, *given: dict, relations: tuple = ()) -> list[audit.Remark]:
    """What the audit says of claims beside one table of their source."""
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return found(*given, folder=folder, tables=({"file": "t.csv", "numeric": []},), relations=relations)


def said(remarks: list[audit.Remark]) -> list[tuple[str, str]]:
    return [(remark.rule, remark.severity) for remark in remarks]
