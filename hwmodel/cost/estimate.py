"""Estimates: area and energy of a unit by part, with intervals, from its spec and a card."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hwmodel.spec import MacSpec

from .calibration import FITTED, QUANTITIES, Calibration, Card, calibration_of, fitted_cells, load_calibration, reported
from .estimator import Estimator, column_names, costs_of
from .structure import UnitCounts, counts
from .tally import CELLS


class Interval(NamedTuple):
    """A value, and the bounds that hold `hwmodel.cost.calibration.COVERAGE` of the calibration units."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a unit is estimated to cost.

    Attributes
    ----------
    spec, card
        What was estimated, and on which card.
    area_um2
        Part -> area; ``"decode"`` is contained in ``"mpy"``.
    energy_fj
        Part -> energy of one step, of all lanes together, on quantised Gaussian operands, without glitches.
    total_area_um2, total_energy_fj
        The sum of mpy, alignadd and normacc, with an interval of its own.
    counts
        The cells that the estimate rests on.
    """

    spec: MacSpec
    card: str
    area_um2: Mapping[str, Interval]
    energy_fj: Mapping[str, Interval]
    total_area_um2: Interval
    total_energy_fj: Interval
    counts: UnitCounts

    @property
    def row(self) -> dict[str, str | float]:
        """The estimate as one row of a table, with the columns of `estimate_many`."""
        row: dict[str, str | float] = {"spec": str(self.spec), "card": self.card, "lanes": self.spec.lanes}
        for kind, unit, parts, total in (
            ("area", "um2", self.area_um2, self.total_area_um2),
            ("energy", "fj", self.energy_fj, self.total_energy_fj),
        ):
            for part, interval in {**parts, "total": total}.items():
                for name, figure in zip(column_names(kind, part, unit), interval, strict=True):
                    row[name] = figure
            row[f"{kind}_per_product_{unit}"] = total.value / self.spec.lanes
        return row

    def explain(self) -> list[dict[str, Any]]:
        """Return where the estimate comes from: one row for each part and kind of cell, with counts and contributions.

        `count` cells are placed, `working` of them change in an average cycle as cells of this part do. The coefficients are the card's
        figure for the cell times the scale learnt for part and kind: `each_um2` and `clock_fj` of a cell placed, `each_fj` of one at work.
        The contributions ``area_um2 = count × each_um2`` and ``energy_fj = count × clock_fj + working × each_fj`` add up to the value.
        """
        calibration = load_calibration(self.card)
        area, energy = (calibration.coefficients[quantity] for quantity in QUANTITIES)
        rows: list[dict[str, Any]] = []
        for part, cells in enumerate(fitted_cells(self.counts)):
            placed, working = cells.reshape(2, len(CELLS))
            for cell in np.flatnonzero(placed):
                row: dict[str, Any] = {"part": FITTED[part], "cell": CELLS[cell]}
                row |= {"count": float(placed[cell]), "working": float(working[cell])}
                each_um2, _ = area[part].reshape(2, len(CELLS))[:, cell]
                clock_fj, each_fj = energy[part].reshape(2, len(CELLS))[:, cell]
                row |= {"each_um2": float(each_um2), "clock_fj": float(clock_fj), "each_fj": float(each_fj)}
                row["area_um2"] = float(placed[cell] * each_um2)
                row["energy_fj"] = float(placed[cell] * clock_fj + working[cell] * each_fj)
                rows.append(row)
        return rows


def estimate(spec: MacSpec, card: str | Card = "sky130hd") -> Estimate:
    """Return what a unit costs, by part, with intervals.

    Parameters
    ----------
    spec
        The unit.
    card
        A card with a calibration table, or the name of one.

    Raises
    ------
    CostError
        If the card has none, or has other figures than the one that its table was made from.
    """
    calibration = calibration_of(card)
    unit = _counts(spec, calibration)
    cells = fitted_cells(unit)
    intervals = {}
    for quantity in QUANTITIES:
        values = reported(costs_of(cells, calibration.coefficients[quantity]))
        bounds = calibration.spread[quantity]
        intervals[quantity] = {
            part: Interval(float(value), float(value) * bounds[part][0], float(value) * bounds[part][1]) for part, value in values.items()
        }
    area, energy = (intervals[quantity] for quantity in QUANTITIES)
    return Estimate(spec, calibration.card, area, energy, area.pop("total"), energy.pop("total"), unit)


def estimate_many(specs: Iterable[MacSpec], card: str | Card = "sky130hd") -> dict[str, np.ndarray]:
    """Return what many units cost, as columns.

    Parameters
    ----------
    specs
        The units.
    card
        A card with a calibration table, or the name of one.

    Returns
    -------
    dict
        `spec` (units,) str, `lanes` (units,) int, and float64 columns (units,): ``area_<part>_um2`` for decode, mpy, alignadd and normacc,
        ``area_um2`` for all, each with its bounds ``…_low_um2`` and ``…_high_um2``, and ``area_per_product_um2``; the same for energy in
        fJ a step.

    Raises
    ------
    CostError
        If the card has no calibration table, or has other figures than the one that the table was made from.
    """
    units = list(specs)
    estimator, places = Estimator.of(units)
    return {"spec": np.array([str(spec) for spec in units], dtype=str)} | estimator.columns(**places, card=card)


def _counts(spec: MacSpec, calibration: Calibration) -> UnitCounts:
    return counts(spec, calibration.adder, calibration.multiplier)
