"""Claims held against counted gates, estimates, mapped cells, and the units' own arithmetic."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hwmodel.cost import PARTS, CostError, Interval, estimate, is_calibrated, paper
from hwmodel.flow import TechCard
from hwmodel.spec import MacSpec

from .claim import Claim, CostClaim, Side
from .verdict import DIFFERS, HOLDS, verdict

_UNITS = {"area": "um2", "energy": "fj"}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What came of one claim.

    Attributes
    ----------
    claim
        The claim.
    counted
        Our ratio in two-input gates of textbook circuits, or None.
    estimated
        Our estimated ratio with its interval, or None.
    mapped, mapped_flat, mapped_timed
        Our ratio in mapped cells, or None: with the parts kept apart; of areas of whole units also flattened; of energies without
        glitches, and with them.
    measured
        What our arithmetic gave, of claims about errors.
    verdict
        One of those of `hwmodel.report.claims.verdict`.
    """

    claim: Claim
    verdict: str
    counted: float | None = None
    estimated: Interval | None = None
    mapped: float | None = None
    mapped_flat: float | None = None
    mapped_timed: float | None = None
    measured: str = ""
    measured_value: float | None = None

    @property
    def ours(self) -> float | None:
        """Our ratio in cells; where nothing was mapped, as estimated."""
        if self.mapped is not None:
            return self.mapped
        return None if self.estimated is None else self.estimated.value

    @property
    def row(self) -> dict[str, Any]:
        """The finding as a row of a table."""
        claim, cost = self.claim, isinstance(self.claim, CostClaim)
        low, high = (None, None) if self.estimated is None else self.estimated[1:]
        ours, published = self.ours, claim.published
        return {
            "claim": claim.key,
            "source": claim.source,
            "where": claim.where or None,
            "sentence": claim.sentence,
            "quantity": claim.quantity if isinstance(claim, CostClaim) else "error",
            "unit": str(claim.unit) if isinstance(claim, CostClaim) else None,
            "over": str(claim.over) if isinstance(claim, CostClaim) else None,
            "published": published,
            "gates": self.counted,
            "estimated": None if self.estimated is None else self.estimated.value,
            "estimated_low": low,
            "estimated_high": high,
            "mapped": self.mapped,
            "mapped_flat": self.mapped_flat,
            "mapped_timed": self.mapped_timed,
            "measured": self.measured_value if not cost and self.measured_value is not None else self.measured or None,
            "ratio": ours / published if ours is not None and isinstance(published, float | int) else None,
            "verdict": self.verdict,
            "why": (claim.unlike or claim.why) if isinstance(claim, CostClaim) else claim.why,
        }


def units_of(claims: Iterable[Claim]) -> dict[str, bool]:
    """Return the units that must be mapped, each with whether its energy is asked for, in the order of the claims."""
    units: dict[str, bool] = {}
    for claim in claims:
        if isinstance(claim, CostClaim):
            for side in (claim.unit, claim.over):
                units[side.unit] = units.get(side.unit, False) or claim.quantity == "energy"
    return units


def held(
    claims: Sequence[Claim],
    rows: Mapping[str, Row],
    card: TechCard | None = None,
    started: Callable[[str], None] = lambda key: None,
) -> list[Finding]:
    """Return what comes of each claim.

    Parameters
    ----------
    claims
        Such as `hwmodel.report.claims.published.CLAIMS`.
    rows
        By spec, rows of mapped units as of `hwmodel.sweep.rows.mapped_row`; claims about units that are not there go by their estimates.
    card
        The cells that were mapped to, and that are estimated where they are calibrated; None: neither.
    started
        Told the key of each claim about errors that begins: those take seconds.
    """
    return [_of_costs(claim, rows, card) if isinstance(claim, CostClaim) else _of_errors(claim, started) for claim in claims]


def _of_errors(claim: Any, started: Callable[[str], None]) -> Finding:
    started(claim.key)
    found = claim.measure()
    return Finding(claim, HOLDS if found.holds else DIFFERS, measured=found.text, measured_value=found.value)


def _of_costs(claim: CostClaim, rows: Mapping[str, Row], card: TechCard | None) -> Finding:
    counted = _ratio(_gates, claim) if claim.quantity == "area" else None
    estimated = _estimated(claim, card) if card is not None and is_calibrated(card) else None
    mapped, flat, timed = (
        _ratio(partial(_cells, rows, stem=stem, unit=_UNITS[claim.quantity]), claim)
        for stem in (claim.quantity, f"{claim.quantity}_flat", f"{claim.quantity}_timed")
    )
    said = verdict(
        claim.published,
        counted=counted if claim.gates else None,
        estimated=estimated,
        mapped=tuple(each for each in (mapped, flat, timed) if each is not None),
        between=claim.quantity == "energy",
        unlike=bool(claim.unlike),
    )
    return Finding(claim, said, counted, estimated, mapped, flat, timed)


def _ratio(cost: Callable[[Side], float | None], claim: CostClaim) -> float | None:
    unit, over = cost(claim.unit), cost(claim.over)
    return None if unit is None or over is None else unit / over


def _gates(side: Side) -> float | None:
    """Return the two-input gates of a side, or None: the literature's count does not know its circuit, or its parts."""
    try:
        found = paper(MacSpec.parse(side.unit))
    except CostError:
        return None
    return None if "multiply" in side.parts else side.weight * sum(getattr(found, part) for part in side.parts)


def _cells(rows: Mapping[str, Row], side: Side, stem: str, unit: str) -> float | None:
    """Return the cost of a side per product; None where the unit has no row, or its row no such column."""
    row = rows.get(side.unit, {})
    if side.parts == PARTS:
        total = row.get(f"{stem}_{unit}")
    else:
        found = [_part(row, part, stem, unit) for part in side.parts]
        total = None if None in found else sum(found)
    return None if total is None or math.isnan(total) else side.weight * float(total) / int(row["lanes"])


def _part(row: Row, part: str, stem: str, unit: str) -> Any:
    if part != "multiply":
        return row.get(f"{stem}_{part}_{unit}")
    mpy, decode = (row.get(f"{stem}_{each}_{unit}") for each in ("mpy", "decode"))
    return None if mpy is None or decode is None else mpy - decode


def _estimated(claim: CostClaim, card: TechCard) -> Interval:
    """Return the estimated ratio; the intervals of both sides are taken as independent, and added as logarithms' squares."""
    value, below, above = 1.0, 0.0, 0.0
    for side, sign in ((claim.unit, 1), (claim.over, -1)):
        row, unit = estimate(MacSpec.parse(side.unit), card).row, _UNITS[claim.quantity]
        found = _cells({side.unit: row}, side, claim.quantity, unit)
        assert found is not None
        # A part of several has the relative interval of the unit; one alone its own, and the multiplier that of mpy.
        part = "_mpy" if side.parts == ("multiply",) else f"_{side.parts[0]}" if len(side.parts) == 1 else ""
        middle, low, high = (float(row[f"{claim.quantity}{part}{end}_{unit}"]) for end in ("", "_low", "_high"))
        down, up = (math.log(middle / low), math.log(high / middle))
        value *= found**sign
        below, above = (below + down**2, above + up**2) if sign > 0 else (below + up**2, above + down**2)
    return Interval(value, value * math.exp(-math.sqrt(below)), value * math.exp(math.sqrt(above)))
