"""Advice: of many units the cheapest whose dot products keep an error bound.

Costs are estimates, and estimates have intervals: a unit whose interval reaches down to that of the cheapest may be as cheap.
Errors are measured, in each unit's own arithmetic, from the cheapest unit upwards until enough of them keep the bound. Units whose formats
alone miss it are left out before: quantising the operands to them costs more than the bound, whatever adds the products.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwmodel.cost import estimate_many
from hwmodel.cost.calibration import Card
from hwmodel.error import DotUnit, Sharing, Source, measure_dots, round_trip
from hwmodel.error.sqnr import ratio_db
from hwmodel.golden.arrays import Array
from hwmodel.spec import BlockFormat, Format, MacSpec, SpecError

QUANTITIES = {"area": "um2", "energy": "fj"}

SLACK_DB = 0.5
"""An accumulator's errors may happen to lie against those of the operands: formats that miss the bound by no more are still tried."""

_AT_ONCE = 8
"""Units measured before it is asked again whether there are enough."""

_TRIED = 64
"""Units too coarse for the bound that are measured, at most, to tell which comes nearest."""


@dataclass(frozen=True)
class Choice:
    """A unit that keeps the bound.

    Attributes
    ----------
    spec
        The unit.
    sqnr_db
        Of its dot products from those of the data.
    cost, low, high
        Estimated, per product, with its 90 % interval: um2, or fJ without glitches.
    as_cheap
        Whether its interval reaches that of the cheapest; of the cheapest itself it does.
    """

    spec: MacSpec
    sqnr_db: float
    cost: float
    low: float
    high: float
    as_cheap: bool

    @property
    def bits(self) -> tuple[float, float]:
        """Bits an element of either operand takes in memory, with its share of a block's scale."""
        a, b = (float(fmt.bits_per_element) if isinstance(fmt, BlockFormat) else float(fmt.width) for fmt in (self.spec.a, self.spec.b))
        return a, b


@dataclass(frozen=True)
class Advice:
    """What there is to choose from.

    Attributes
    ----------
    choices
        Units that keep the bound, from the cheapest on.
    candidates
        How many units there were.
    too_coarse
        How many of them were left out for their formats.
    measured
        How many were measured.
    more
        How many others may be as cheap as the cheapest: they keep the bound, or were not measured.
    best
        Where none keeps the bound, the one that comes nearest, and its ratio in dB; None where every one overflows.
    untried
        How many units that may come nearer than `best` were not measured, for there are too many.
    """

    choices: list[Choice]
    candidates: int
    too_coarse: int
    measured: int
    more: int = 0
    best: tuple[MacSpec, float] | None = None
    untried: int = 0

    @property
    def dearer(self) -> int:
        """How many units were not measured, for they cost more than the choices."""
        return self.candidates - self.too_coarse - self.measured


def advise(
    candidates: Sequence[MacSpec],
    source: Source,
    bound_db: float,
    *,
    by: str = "area",
    card: str | Card = "sky130hd",
    length: int = 0,
    sharing: Sharing | None = None,
    seed: int = 0,
    top: int = 10,
    started: Callable[[str], None] = lambda name: None,
) -> Advice:
    """Return the cheapest units whose dot products keep a bound.

    Parameters
    ----------
    candidates
        The units.
    source
        The data; its first operand is the units' `a`.
    bound_db
        Ratio of signal to noise that is asked for, of dot products computed by the unit from those of the data; a unit in which one
        overflows does not keep it.
    by
        ``"area"`` or ``"energy"``.
    card
        A card with a calibration table, or the name of one.
    length
        Products in a dot product; 0: all that the data have.
    sharing
        Who shares a scale of scalar operands, as in `hwmodel.error.measure_dots`.
    seed
        Of drawn data.
    top
        How many units are enough.
    started
        Told of each unit that is measured.

    Raises
    ------
    SpecError
        If a length or a unit does not go with the data, their dot products are all zero, or there is no unit.
    CostError
        If the card has no calibration table.
    """
    if not candidates:
        raise SpecError("no unit is given to choose from; name one or more, such as int8-int8-fx")
    length = length or source.shape[1]
    measure = _Measure(source, length, sharing, seed, started)
    ceilings = measure.ceilings([DotUnit(spec) for spec in candidates])
    live = [spec for spec in candidates if ceilings[spec.a, spec.b] >= bound_db - SLACK_DB]
    costs = _costs(live, by, card)
    order = sorted(range(len(live)), key=lambda at: costs[at][0])
    found: list[Choice] = []
    ratios: dict[MacSpec, float] = {}
    for start in range(0, len(order), _AT_ONCE):
        if len(found) >= top:
            break
        some = order[start : start + _AT_ONCE]
        ratios |= measure.ratios([live[at] for at in some])
        for at in some:
            if ratios[live[at]] >= bound_db:
                cost, low, high = costs[at]
                found.append(Choice(live[at], ratios[live[at]], cost, low, high, low <= (found[0].high if found else high)))
    measured = sum(spec in ratios for spec in live)
    if not found:
        best, untried = _nearest(candidates, ceilings, measure, ratios)
        return Advice([], len(candidates), len(candidates) - len(live), measured, best=best, untried=untried)
    unmeasured = sum(costs[at][1] <= found[0].high for at in order if live[at] not in ratios)
    more = unmeasured + sum(choice.as_cheap for choice in found[top:])
    return Advice(found[:top], len(candidates), len(candidates) - len(live), measured, more)


def _nearest(
    candidates: Sequence[MacSpec], ceilings: dict["_Formats", float], measure: "_Measure", ratios: dict[MacSpec, float]
) -> tuple[tuple[MacSpec, float] | None, int]:
    """Return which unit has the highest ratio, None if all overflow, and how many were not measured that may have a higher one.

    `ratios` are those measured already; of the others those of the finest formats are measured first, while one may have a higher ratio.
    """
    left = sorted((spec for spec in candidates if spec not in ratios), key=lambda spec: -ceilings[spec.a, spec.b])

    def hopeful() -> list[MacSpec]:
        highest = max(ratios.values(), default=-math.inf)
        return [spec for spec in left if spec not in ratios and ceilings[spec.a, spec.b] + SLACK_DB > highest]

    ratios = dict(ratios)
    for _ in range(_TRIED // _AT_ONCE):
        ratios |= measure.ratios(hopeful()[:_AT_ONCE])
    best = max(ratios.items(), key=lambda each: each[1])
    return None if best[1] == -math.inf else best, len(hopeful())


def _costs(specs: Sequence[MacSpec], by: str, card: str | Card) -> list[tuple[float, float, float]]:
    """Return cost per product and its bounds, of each unit."""
    columns, unit = estimate_many(specs, card), QUANTITIES[by]
    each = (columns[f"{by}{end}_{unit}"] / columns["lanes"] for end in ("", "_low", "_high"))
    return list(zip(*(column.tolist() for column in each), strict=True))


_Formats = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class _Measure:
    """How errors are measured."""

    source: Source
    length: int
    sharing: Sharing | None
    seed: int
    started: Callable[[str], None]

    def ceilings(self, units: Sequence[DotUnit]) -> dict[_Formats, float]:
        """Return the ratio in dB that units of each pair of formats reach if they add exactly."""
        data = self.source.pair(self.seed)
        exact = self._dots(*data)
        if not exact.any():
            raise SpecError(f"{self.source.name}: all dot products of length {self.length} are zero, so there is no signal to compare with")
        quantised: list[dict[Any, Array]] = [{}, {}]
        found: dict[_Formats, float] = {}
        for pair in dict.fromkeys((unit.a, unit.b) for unit in units):
            for operand, fmt in enumerate(pair):
                if fmt not in quantised[operand]:
                    quantised[operand][fmt] = self._round_trip(data[operand], fmt)
            dots = self._dots(*(quantised[operand][fmt] for operand, fmt in enumerate(pair)))
            found[pair] = ratio_db(exact, dots - exact)
        return found

    def ratios(self, specs: Sequence[MacSpec]) -> dict[MacSpec, float]:
        """Return the ratio in dB of each unit, -inf where a dot product overflows."""
        units = [DotUnit(spec) for spec in specs]
        errors = measure_dots(units, [self.source], [self.length], [self.seed], self.sharing, started=self.started) if units else []
        return {
            spec: -math.inf if each.lost or math.isnan(each.total.snr_db) else each.total.snr_db
            for spec, each in zip(specs, errors, strict=True)
        }

    def _round_trip(self, values: Array, fmt: Format | BlockFormat) -> Array:
        blocks = isinstance(fmt, BlockFormat)
        return round_trip(values, fmt, None if blocks else self.sharing, pad=blocks)

    def _dots(self, a: Array, b: Array) -> Array:
        return np.einsum("ij,ij->i", a[:, : self.length], b[:, : self.length])
