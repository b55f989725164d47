"""Estimates: area and energy of a unit by part, with intervals, from its spec and a card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from hwmodel.spec import MacSpec

from .calibration import REACH, Calibration, Card, calibration_of, load_calibration
from .depth import LEVELS, depths
from .estimator import BOUNDS, Estimator, require_unit
from .model import COUNTED, DELAY, FITTED, TIMED, column, costs_of, fitted_cells, glitching_cells, told
from .structure import UnitCounts, counts
from .structure.cells import CELLS

_new = tuple.__new__  # half the time of the class's own


class Interval(NamedTuple):
    """A value, and the bounds that hold `hwmodel.cost.calibration.COVERAGE` of units."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a unit is estimated to cost.

    Attributes
    ----------
    spec, card, objective
        What was estimated, on which card, and what it is built and mapped for.
    counted
        Quantity (``area_um2``, ``energy_fj``) -> part -> figure; ``"decode"`` is contained in ``"mpy"``, and ``"total"`` is the sum of
        mpy, alignadd and normacc with an interval of its own. Energy is that of one step, of all lanes together, on quantised Gaussian
        operands, without glitches.
    beyond
        The parts that are so much larger than those of all units learnt from that their figures are extrapolated.
    counts
        The cells that the estimate rests on.
    """

    spec: MacSpec
    card: str
    objective: str
    counted: Mapping[str, Mapping[str, Interval]]
    beyond: tuple[str, ...]
    counts: UnitCounts = field(repr=False)

    @cached_property
    def timed(self) -> dict[str, dict[str, Interval]]:
        """The same of ``energy_timed_fj``, energy with glitches, and the total of ``delay_ps``; worked out when asked for."""
        calibration = self._calibration
        levels = depths(self.spec, **calibration.architecture, objective=self.objective)
        glitching = self._glitching
        kinds = {TIMED: glitching, DELAY: levels.reshape(1, -1)}
        costs = {quantity: costs_of(each, calibration.coefficients[quantity]).tolist() for quantity, each in kinds.items()}
        return {quantity: _figures(calibration, quantity, each) for quantity, each in costs.items()}

    @property
    def figures(self) -> dict[str, Mapping[str, Interval]]:
        """All quantities, counted and timed."""
        return {**self.counted, **self.timed}

    @property
    def area_um2(self) -> dict[str, Interval]:
        """Area by part, decode among them."""
        return _without_total(self.counted["area_um2"])

    @property
    def energy_fj(self) -> dict[str, Interval]:
        """Energy of a step by part, without glitches."""
        return _without_total(self.counted["energy_fj"])

    @property
    def energy_timed_fj(self) -> dict[str, Interval]:
        """Energy of a step by part, with glitches."""
        return _without_total(self.timed[TIMED])

    @property
    def total_area_um2(self) -> Interval:
        """Area of the unit."""
        return self.counted["area_um2"]["total"]

    @property
    def total_energy_fj(self) -> Interval:
        """Energy of a step, without glitches."""
        return self.counted["energy_fj"]["total"]

    @property
    def total_energy_timed_fj(self) -> Interval:
        """Energy of a step, with glitches."""
        return self.timed[TIMED]["total"]

    @property
    def delay_ps(self) -> Interval:
        """The longest combinational path."""
        return self.timed[DELAY]["total"]

    @property
    def row(self) -> dict[str, Any]:
        """The estimate as one row of a table, with the columns of `estimate_many`."""
        row: dict[str, Any] = {"spec": str(self.spec), "card": self.card, "objective": self.objective, "lanes": self.spec.lanes}
        for quantity, intervals in self.figures.items():
            for part, interval in intervals.items():
                row |= zip((column(quantity, part, bound) for bound in BOUNDS), interval, strict=True)
            if quantity != DELAY:
                row[column(quantity, bound="per_product")] = intervals["total"].value / self.spec.lanes
        return row | {"extrapolated": bool(self.beyond)}

    @cached_property
    def _glitching(self) -> np.ndarray:
        """The cells that energy with glitches is of, by kind."""
        built = {"objective": self.objective, **self._calibration.architecture}
        return glitching_cells(self.spec, fitted_cells(self.counts), self.counts.stages, **built)

    @property
    def _calibration(self) -> Calibration:
        return load_calibration(self.card, self.objective)

    def explain(self) -> list[dict[str, Any]]:
        """Return where the estimate comes from: one row for each part and kind of cell, with counts and contributions.

        `count` cells are placed, `working` of them change in an average cycle as cells of this part do. The coefficients are the card's
        figure for the cell times the scale learnt for part and kind: `each_um2` and `clock_fj` of a cell placed, `each_fj` of one at
        work, `each_timed_fj` with its glitches, see `hwmodel.cost.glitches`. The contributions
        ``area_um2 = count × each_um2`` and ``energy_fj = count × clock_fj + working × each_fj`` add up to the value.
        """
        coefficients, kinds = self._calibration.coefficients, len(CELLS)
        cells = fitted_cells(self.counts)
        timed = coefficients[TIMED] * self._glitching
        rows: list[dict[str, Any]] = []
        for part, name in enumerate(FITTED):
            placed, working = cells[part].reshape(2, kinds)
            each_um2, _ = coefficients["area_um2"][part].reshape(2, kinds)
            clock_fj, each_fj = coefficients["energy_fj"][part].reshape(2, kinds)
            clock_and_toggles = timed[part].reshape(-1, kinds)
            # Of a register whose highest bits stand idle fewer cells of a kind may be placed than are at work.
            for cell in np.flatnonzero((placed != 0) | (working != 0)).tolist():
                glitching = float(clock_and_toggles[1:, cell].sum())
                row: dict[str, Any] = {"part": name, "cell": CELLS[cell], "count": float(placed[cell]), "working": float(working[cell])}
                row |= {"each_um2": float(each_um2[cell]), "clock_fj": float(clock_fj[cell]), "each_fj": float(each_fj[cell])}
                row["each_timed_fj"] = glitching / float(working[cell]) if working[cell] else 0.0
                row["area_um2"] = float(placed[cell] * each_um2[cell])
                row["energy_fj"] = float(placed[cell] * clock_fj[cell] + working[cell] * each_fj[cell])
                row["energy_timed_fj"] = float(clock_and_toggles[0, cell]) + glitching
                rows.append(row)
        return rows

    def explain_delay(self) -> list[dict[str, Any]]:
        """Return the longest path: one row for each part and kind of level on it, with levels and contributions, which add up."""
        levels = depths(self.spec, **self._calibration.architecture, objective=self.objective)
        each_ps = self._calibration.coefficients[DELAY].reshape(levels.shape)
        rows: list[dict[str, Any]] = []
        for name, own, each in zip(FITTED, levels, each_ps, strict=True):
            for kind in np.flatnonzero(own).tolist():
                row: dict[str, Any] = {"part": name, "level": LEVELS[kind], "levels": float(own[kind]), "each_ps": float(each[kind])}
                rows.append(row | {"delay_ps": float(own[kind] * each[kind])})
        return rows


def estimate(spec: MacSpec, card: str | Card = "sky130hd", objective: str = "balanced") -> Estimate:
    """Return what a unit costs, by part, with intervals.

    Parameters
    ----------
    spec
        The unit.
    card
        A card that estimates were calibrated on, or the name of one.
    objective
        What the unit is built and mapped for, one of `hwmodel.cost.calibration.ARCHITECTURES`.

    Raises
    ------
    SpecError
        If it is no unit, but the name of one or something else.
    CostError
        If nothing was calibrated on the card for the objective, or the card has other figures than the calibrated one.
    """
    require_unit(spec)
    calibration = calibration_of(card, objective)
    unit = counts(spec, **calibration.architecture)
    costs = costs_of(fitted_cells(unit), calibration.counted).tolist()
    counted = {quantity: _figures(calibration, quantity, each) for quantity, each in zip(COUNTED, costs, strict=True)}
    beyond = tuple(part for part, area in counted["area_um2"].items() if area.value > REACH * calibration.reach[part])
    return Estimate(spec, calibration.card, objective, counted, beyond, unit)


def _figures(calibration: Calibration, quantity: str, costs: list[float]) -> dict[str, Interval]:
    """Return the figures of a quantity by part, from what its fitted parts cost."""
    figures, spread = dict[str, Interval](), calibration.spread[quantity]
    for part, value in told(quantity, costs).items():
        low, high = spread[part]
        figures[part] = _new(Interval, (value, value * low, value * high))
    return figures


def _without_total(figures: Mapping[str, Interval]) -> dict[str, Interval]:
    return {part: interval for part, interval in figures.items() if part != "total"}


def estimate_many(
    specs: Iterable[MacSpec], card: str | Card = "sky130hd", objective: str = "balanced", *, timed: bool = False
) -> dict[str, np.ndarray]:
    """Return what many units cost, as columns.

    Parameters
    ----------
    specs
        The units.
    card, objective
        As in `estimate`.
    timed
        Whether to tell energy with glitches, and delay, too; both equal those of `estimate` but for what sums of doubles are off.

    Returns
    -------
    dict
        `spec` (units,) str, `lanes` (units,) int, and float64 columns (units,): ``area_<part>_um2`` for decode, mpy, alignadd and normacc,
        ``area_um2`` for all, each with its bounds ``…_low_um2`` and ``…_high_um2``, and ``area_per_product_um2``; the same for energy in
        fJ a step, ``energy…_fj`` without glitches, and, if `timed`, ``energy_timed…_fj`` with them; ``delay_ps`` with its bounds.
        `extrapolated` (units,) bool says of which units a part is far larger than of all that were learnt from.

    Raises
    ------
    SpecError, CostError
        As `estimate`.
    """
    units = list(specs)
    estimator, places = Estimator.of(units)
    columns = {"spec": np.array([str(spec) for spec in units], dtype=str)} | estimator.columns(**places, card=card, objective=objective)
    return columns | estimator.timed_columns(**places, cards=[card], objective=objective)[0] if timed else columns
