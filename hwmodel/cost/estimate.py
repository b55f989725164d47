"""Estimates: area and energy of a unit by part, with intervals, from its spec and a card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hwmodel.spec import MacSpec

from .calibration import REACH, Calibration, Card, calibration_of, load_calibration
from .model import FITTED, QUANTITIES, column, fitted_cells, reported
from .structure import UnitCounts, counts
from .tally import CELLS

_BOUNDS = ("", "low", "high")


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
    figures
        Quantity (``area_um2``, ``energy_fj``, ``energy_timed_fj``) -> part -> figure; ``"decode"`` is contained in ``"mpy"``, and
        ``"total"`` is the sum of mpy, alignadd and normacc with an interval of its own. Energies are of one step, of all lanes together,
        on quantised Gaussian operands: without glitches, and with them.
    beyond
        The parts that are so much larger than those of all units learnt from that their figures are extrapolated.
    counts
        The cells that the estimate rests on.
    """

    spec: MacSpec
    card: str
    objective: str
    figures: Mapping[str, Mapping[str, Interval]]
    beyond: tuple[str, ...]
    counts: UnitCounts

    @property
    def area_um2(self) -> dict[str, Interval]:
        """Area by part, decode among them."""
        return self._parts("area_um2")

    @property
    def energy_fj(self) -> dict[str, Interval]:
        """Energy of a step by part, without glitches."""
        return self._parts("energy_fj")

    @property
    def energy_timed_fj(self) -> dict[str, Interval]:
        """Energy of a step by part, with glitches."""
        return self._parts("energy_timed_fj")

    @property
    def total_area_um2(self) -> Interval:
        """Area of the unit."""
        return self.figures["area_um2"]["total"]

    @property
    def total_energy_fj(self) -> Interval:
        """Energy of a step, without glitches."""
        return self.figures["energy_fj"]["total"]

    @property
    def total_energy_timed_fj(self) -> Interval:
        """Energy of a step, with glitches."""
        return self.figures["energy_timed_fj"]["total"]

    @property
    def row(self) -> dict[str, Any]:
        """The estimate as one row of a table, with the columns of `estimate_many`."""
        row: dict[str, Any] = {"spec": str(self.spec), "card": self.card, "objective": self.objective, "lanes": self.spec.lanes}
        for quantity, intervals in self.figures.items():
            for part, interval in intervals.items():
                row |= zip((column(quantity, part, bound) for bound in _BOUNDS), interval, strict=True)
            row[column(quantity, bound="per_product")] = intervals["total"].value / self.spec.lanes
        return row | {"extrapolated": bool(self.beyond)}

    def _parts(self, quantity: str) -> dict[str, Interval]:
        return {part: interval for part, interval in self.figures[quantity].items() if part != "total"}

    def explain(self) -> list[dict[str, Any]]:
        """Return where the estimate comes from: one row for each part and kind of cell, with counts and contributions.

        `count` cells are placed, `working` of them change in an average cycle as cells of this part do. The coefficients are the card's
        figure for the cell times the scale learnt for part and kind: `each_um2` and `clock_fj` of a cell placed, `each_fj` of one at
        work, `each_timed_fj` with its glitches. The contributions ``area_um2 = count × each_um2`` and
        ``energy_fj = count × clock_fj + working × each_fj`` add up to the value.
        """
        calibration = load_calibration(self.card, self.objective)
        area, energy, timed = (calibration.coefficients[quantity] for quantity in QUANTITIES)
        rows: list[dict[str, Any]] = []
        for part, cells in enumerate(fitted_cells(self.counts)):
            placed, working = cells.reshape(2, len(CELLS))
            for cell in np.flatnonzero(placed):
                row: dict[str, Any] = {"part": FITTED[part], "cell": CELLS[cell]}
                row |= {"count": float(placed[cell]), "working": float(working[cell])}
                each_um2, _ = area[part].reshape(2, len(CELLS))[:, cell]
                clock_fj, each_fj = energy[part].reshape(2, len(CELLS))[:, cell]
                _, each_timed_fj = timed[part].reshape(2, len(CELLS))[:, cell]
                row |= {"each_um2": float(each_um2), "clock_fj": float(clock_fj)}
                row |= {"each_fj": float(each_fj), "each_timed_fj": float(each_timed_fj)}
                row["area_um2"] = float(placed[cell] * each_um2)
                row["energy_fj"] = float(placed[cell] * clock_fj + working[cell] * each_fj)
                row["energy_timed_fj"] = float(placed[cell] * clock_fj + working[cell] * each_timed_fj)
                rows.append(row)
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
    CostError
        If nothing was calibrated on the card for the objective, or the card has other figures than the calibrated one.
    """
    calibration = calibration_of(card, objective)
    unit = _counts(spec, calibration)
    cells = fitted_cells(unit)
    figures = {}
    for quantity in QUANTITIES:
        values, bounds = reported(_costs(cells, calibration, quantity)), calibration.spread[quantity]
        figures[quantity] = {
            part: Interval(float(value), float(value) * bounds[part][0], float(value) * bounds[part][1]) for part, value in values.items()
        }
    beyond = tuple(part for part, area in figures["area_um2"].items() if area.value > REACH * calibration.reach[part])
    return Estimate(spec, calibration.card, objective, figures, beyond, unit)


def estimate_many(specs: Iterable[MacSpec], card: str | Card = "sky130hd", objective: str = "balanced") -> dict[str, np.ndarray]:
    """Return what many units cost, as columns.

    Parameters
    ----------
    specs
        The units.
    card, objective
        As in `estimate`.

    Returns
    -------
    dict
        `spec` (units,) str, `lanes` (units,) int, and float64 columns (units,): ``area_<part>_um2`` for decode, mpy, alignadd and normacc,
        ``area_um2`` for all, each with its bounds ``…_low_um2`` and ``…_high_um2``, and ``area_per_product_um2``; the same for energy in
        fJ a step, ``energy…_fj`` without glitches and ``energy_timed…_fj`` with them. `extrapolated` (units,) bool says of which units
        a part is far larger than of all that were learnt from.

    Raises
    ------
    CostError
        As `estimate`.
    """
    calibration = calibration_of(card, objective)
    units = list(specs)
    cells = np.array([fitted_cells(_counts(spec, calibration)) for spec in units]).reshape(len(units), len(FITTED), 2 * len(CELLS))
    columns: dict[str, np.ndarray] = {"spec": np.array([str(spec) for spec in units], dtype=str)}
    columns["lanes"] = np.array([spec.lanes for spec in units], dtype=int)
    for quantity in QUANTITIES:
        for part, values in reported(_costs(cells, calibration, quantity)).items():
            low, high = calibration.spread[quantity][part]
            columns |= zip((column(quantity, part, bound) for bound in _BOUNDS), (values, values * low, values * high), strict=True)
        columns[column(quantity, bound="per_product")] = columns[quantity] / columns["lanes"]
    beyond = [columns[column("area_um2", part)] > REACH * area for part, area in calibration.reach.items()]
    return columns | {"extrapolated": np.any(beyond, axis=0)}


def _counts(spec: MacSpec, calibration: Calibration) -> UnitCounts:
    return counts(spec, **calibration.architecture)


def _costs(cells: np.ndarray, calibration: Calibration, quantity: str) -> np.ndarray:
    """Return (..., 4): the cost of the fitted parts from their cells (..., 4, 14)."""
    return (cells * calibration.coefficients[quantity]).sum(axis=-1)
