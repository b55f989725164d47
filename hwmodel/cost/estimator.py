"""Estimates over arrays: units as places in lists of what they are made of, costs as columns."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from hwmodel.spec import Accumulator, MacSpec, Operand

from .calibration import QUANTITIES, Calibration, Card, calibration_of, reported
from .columns import PartTable, UnitColumns


class Estimator:
    """Estimates units of some pairs of operand formats and some accumulators; what was counted once is kept.

    Parameters
    ----------
    pairs, accumulators
        What units are made of.

    Examples
    --------
    >>> fp8, fp32 = parse_format("e4m3fn"), parse_accumulator("fp32")
    >>> few = Estimator([(fp8, fp8)], [fp32])
    >>> few.columns(pair=np.zeros(2, int), acc=np.zeros(2, int), lanes=np.array([1, 4]), pipeline=np.zeros(2, int))["area_um2"]
    """

    def __init__(self, pairs: Sequence[tuple[Operand, Operand]], accumulators: Sequence[Accumulator]) -> None:
        self._pairs, self._accumulators = pairs, accumulators
        self._units: dict[tuple[str, str], UnitColumns] = {}
        self._costs: dict[tuple[Any, ...], np.ndarray] = {}

    @staticmethod
    def of(specs: Sequence[MacSpec]) -> tuple["Estimator", dict[str, np.ndarray]]:
        """Return what estimates some units, and their places in it: the arguments of `columns`."""
        operands, accumulators = _Distinct(), _Distinct()
        a, b = (operands.places([getattr(spec, name) for spec in specs]) for name in "ab")
        acc = accumulators.places([spec.acc for spec in specs])
        found, pair = np.unique(a * len(operands.values) + b, return_inverse=True)
        pairs = tuple((operands.values[at // len(operands.values)], operands.values[at % len(operands.values)]) for at in found.tolist())
        lanes, pipeline = (np.fromiter((getattr(spec, name) for spec in specs), int, len(specs)) for name in ("lanes", "pipeline"))
        return _estimator(pairs, tuple(accumulators.values)), {"pair": pair, "acc": acc, "lanes": lanes, "pipeline": pipeline}

    def columns(
        self, pair: np.ndarray, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray, card: str | Card = "sky130hd"
    ) -> dict[str, np.ndarray]:
        """Return what units cost, as columns.

        Parameters
        ----------
        pair, acc
            (units,) int, places in the lists of pairs and of accumulators.
        lanes, pipeline
            (units,) int, as in `MacSpec`.
        card
            A card with a calibration table, or the name of one.

        Returns
        -------
        dict
            The columns of `estimate_many` but for `spec`; NaN where there is no such unit.

        Raises
        ------
        CostError
            As `estimate_many`.
        """
        calibration = calibration_of(card)
        units = self._built(calibration)
        places = units.places(pair, acc, lanes, pipeline)
        columns: dict[str, np.ndarray] = {"lanes": units.lanes(acc, lanes)}
        for quantity in QUANTITIES:
            halves = ((units.operands, slice(0, 2), places[0]), (units.sums, slice(2, 4), places[1]))
            fitted = np.concatenate([self._costs_of(*half[:2], calibration, quantity)[np.maximum(half[2], -1)] for half in halves], axis=1)
            columns |= columns_of(fitted, columns["lanes"], calibration, quantity)
        return columns

    def faults(self, pair: np.ndarray, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray) -> list[tuple[int, str | None]]:
        """Return the rows that are no units, and what follows ``unit <name>`` in the reason; None: only `MacSpec` itself says it."""
        units = self._built(calibration_of("sky130hd"))
        _, sums = units.places(pair, acc, lanes, pipeline)
        bad = np.flatnonzero(sums < 0)
        return [(row, units.fault(place)) for row, place in zip(bad.tolist(), sums[bad].tolist(), strict=True)]

    def _built(self, calibration: Calibration) -> UnitColumns:
        key = calibration.adder, calibration.multiplier
        if key not in self._units:
            self._units[key] = UnitColumns(self._pairs, self._accumulators, *key)
        return self._units[key]

    def _costs_of(self, table: PartTable, parts: slice, calibration: Calibration, quantity: str) -> np.ndarray:
        """Return what the parts of a table cost, (rows + 1, 2); the last row, of what is no unit, is NaN."""
        key = calibration, quantity, parts.start
        known = self._costs.get(key, np.full((1, 2), np.nan))
        if len(known) <= len(table):
            new = costs_of(table.cells[len(known) - 1 :], calibration.coefficients[quantity][parts])
            self._costs[key] = known = np.concatenate([known[:-1], new, np.full((1, 2), np.nan)])
        return known


def costs_of(cells: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return (..., parts): the cost of parts from their cells (..., parts, 14) and what each costs (parts, 14)."""
    return (cells * coefficients).sum(axis=-1)


def columns_of(fitted: np.ndarray, lanes: np.ndarray, calibration: Calibration, quantity: str) -> dict[str, np.ndarray]:
    """Return the columns of a quantity from (units, 4) costs of the fitted parts."""
    kind, unit = quantity.split("_")
    columns = {}
    for part, values in reported(fitted).items():
        low, high = calibration.spread[quantity][part]
        for name, figures in zip(column_names(kind, part, unit), (values, values * low, values * high), strict=True):
            columns[name] = figures
    return columns | {f"{kind}_per_product_{unit}": columns[quantity] / lanes}


def column_names(kind: str, part: str, unit: str) -> tuple[str, str, str]:
    """Return the names of a part's value and of its bounds."""
    stem = kind if part == "total" else f"{kind}_{part}"
    return f"{stem}_{unit}", f"{stem}_low_{unit}", f"{stem}_high_{unit}"


@lru_cache(maxsize=4)
def _estimator(pairs: tuple[tuple[Operand, Operand], ...], accumulators: tuple[Accumulator, ...]) -> Estimator:
    return Estimator(pairs, accumulators)


class _Distinct:
    """Different values in the order in which they are met."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[Any, int] = {}

    def places(self, values: list[Any]) -> np.ndarray:
        """Return where values stand, (values,) int64; those that are one object are looked at once."""
        objects, first, which = np.unique(np.fromiter(map(id, values), np.int64, len(values)), return_index=True, return_inverse=True)
        at = np.empty(len(objects), np.int64)
        for i, where in enumerate(first.tolist()):
            at[i] = self._known.setdefault(values[where], len(self.values))
            if at[i] == len(self.values):
                self.values.append(values[where])
        return at[which]
