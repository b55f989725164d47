"""Units of several lanes in a table: what a step costs, and what of it falls to each of its products."""

from collections.abc import Sequence
from dataclasses import replace

from .output import Column, Row

_WIDE = 100
_SPARED = ("_low_", "_high_", "_ge")
"""Columns that give way to those of the lanes on narrower terminals."""


def has_lanes(rows: Sequence[Row]) -> bool:
    """Whether some unit takes several operand pairs a step."""
    return any(row["lanes"] > 1 for row in rows)


def step(rows: Sequence[Row]) -> str:
    """Return what energy is counted per: a MAC or, where units have several lanes, a step of them all."""
    return "step" if has_lanes(rows) else "MAC"


def ratios_to(rows: Sequence[Row]) -> str:
    """Return what is told of ratios: nothing where a step is a product."""
    return "; ratios per product" if has_lanes(rows) else ""


def with_lanes(columns: Sequence[Column], rows: Sequence[Row], key: str = "", head: str = "") -> tuple[Column, ...]:
    """Return `columns` and, where a unit has several lanes, how many, and the column `key`, per product, in front of the ratio."""
    if not has_lanes(rows):
        return tuple(columns)
    first, *rest = (replace(column, wide=_WIDE) if any(part in column.key for part in _SPARED) else column for column in columns)
    at = next((i for i, column in enumerate(rest) if column.key.endswith("_ratio")), 0) if key else 0
    each = [Column(key, f"a product\n{head}", digits=3)] if key else []
    return (first, Column("lanes", "lanes", wide=_WIDE), *rest[:at], *each, *rest[at:])
