"""Estimates over arrays: units as places in lists of what they are made of, costs as columns."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from hwmodel.spec import Accumulator, MacSpec, Operand, SpecError
from hwmodel.spec.errors import not_text

from .arrays import Distinct, PlainTimes, RowCosts, Stirred, UnitColumns
from .calibration import ARCHITECTURES, REACH, Calibration, Card, calibration_of
from .depth import depths
from .model import COUNTED, DELAY, TIMED, column, costs_of, glitching_cells, parts_of, told
from .structure import counts
from .structure.cells import CELLS

BOUNDS = ("", "low", "high")

_AT_ONCE, _PLAIN_AT_ONCE = 1 << 12, 1 << 16
"""Units whose glitching cells are held at once, each some 3 kB; and such that are put together from what is known of their parts."""


class Estimator:
    """Estimates units of some pairs of operand formats and some accumulators; what was counted once is kept.

    Parameters
    ----------
    pairs, accumulators
        What units are made of; attributes.

    Examples
    --------
    >>> from hwmodel.spec import parse_accumulator, parse_format
    >>> fp8, fp32 = parse_format("e4m3fn"), parse_accumulator("fp32")
    >>> few = Estimator([(fp8, fp8)], [fp32])
    >>> zeros, lanes = np.zeros(2, int), np.array([1, 4])
    >>> few.columns(pair=zeros, acc=zeros, lanes=lanes, pipeline=zeros)["lanes"].tolist()
    [1, 4]
    """

    def __init__(self, pairs: Sequence[tuple[Operand, Operand]], accumulators: Sequence[Accumulator]) -> None:
        self.pairs, self.accumulators = pairs, accumulators
        self._units: dict[tuple[str, str], UnitColumns] = {}
        self._costs: dict[tuple[Hashable, Calibration], RowCosts] = {}
        self._times: dict[str, PlainTimes] = {}

    @staticmethod
    def of(specs: Sequence[MacSpec]) -> tuple["Estimator", dict[str, np.ndarray]]:
        """Return what estimates some units, and their places in it: the arguments of `columns`.

        Raises
        ------
        SpecError
            If something among them is no unit.
        """
        for spec in specs:
            require_unit(spec)
        operands, accumulators = Distinct(), Distinct()
        a, b = (_places_of([getattr(spec, name) for spec in specs], operands) for name in "ab")
        acc = _places_of([spec.acc for spec in specs], accumulators)
        formats = operands.things
        found, pair = np.unique(a * len(formats) + b, return_inverse=True)
        pairs = tuple((formats[at // len(formats)], formats[at % len(formats)]) for at in found.tolist())
        lanes, pipeline = (np.fromiter((getattr(spec, name) for spec in specs), int, len(specs)) for name in ("lanes", "pipeline"))
        return _estimator(pairs, tuple(accumulators.things)), {"pair": pair, "acc": acc, "lanes": lanes, "pipeline": pipeline}

    def columns(
        self,
        pair: np.ndarray,
        acc: np.ndarray,
        lanes: np.ndarray,
        pipeline: np.ndarray,
        card: str | Card = "sky130hd",
        objective: str = "balanced",
    ) -> dict[str, np.ndarray]:
        """Return what units cost, as columns.

        Parameters
        ----------
        pair, acc
            (units,) int, places in the lists of pairs and of accumulators.
        lanes, pipeline
            (units,) int, as in `MacSpec`.
        card, objective
            As in `hwmodel.cost.estimate`.

        Returns
        -------
        dict
            The columns of `estimate_many` but for `spec`, of what follows from counts alone; NaN where there is no such unit.

        Raises
        ------
        CostError
            As `estimate_many`.
        IndexError
            If a place is in none of the lists.
        """
        self._check(pair, acc)
        calibration = calibration_of(card, objective)
        units = self._built(calibration.architecture)
        places = units.places(pair, acc, lanes, pipeline)
        columns: dict[str, np.ndarray] = {"lanes": units.lanes(acc, lanes)}
        for quantity in COUNTED:
            fitted = self._settled(units, *places, calibration, quantity)
            columns |= columns_of(fitted, columns["lanes"], calibration, quantity)
        beyond = [columns[column("area_um2", part)] > REACH * area for part, area in calibration.reach.items()]
        return columns | {"extrapolated": np.any(beyond, axis=0)}

    def timed_columns(
        self,
        pair: np.ndarray,
        acc: np.ndarray,
        lanes: np.ndarray,
        pipeline: np.ndarray,
        cards: Sequence[str | Card],
        objective: str = "balanced",
    ) -> list[dict[str, np.ndarray]]:
        """Return energy with glitches and delay of units, as columns on each of some cards.

        Units of one accumulator, a float, or fixed point to which numbers are added, are put together from their parts; each of the others
        is looked at by itself, once for all cards.

        Parameters
        ----------
        pair, acc, lanes, pipeline
            As in `columns`.
        cards, objective
            As in `hwmodel.cost.estimate`.

        Returns
        -------
        list of dict
            By card, the columns that `estimate_many` tells if they are asked for; NaN where there is no such unit.

        Raises
        ------
        CostError
            As `estimate_many`.
        IndexError
            If a place is in none of the lists.
        """
        self._check(pair, acc)
        calibrations = [calibration_of(card, objective) for card in cards]
        architecture = ARCHITECTURES[objective]
        units = self._built(architecture)
        all_lanes = units.lanes(acc, lanes)
        operands, sums = units.places(pair, acc, lanes, pipeline)
        costs = [{quantity: np.full((len(pair), len(parts_of(quantity))), np.nan) for quantity in (TIMED, DELAY)} for _ in cards]

        def unit_at(some: np.ndarray, at: int) -> MacSpec:
            each = some[at]
            return units.unit(int(pair[each]), int(acc[each]), int(lanes[each]), int(pipeline[each]))

        there = np.flatnonzero(sums >= 0)
        plain = units.plain.made_of(sums[there])[1] >= 0
        times = self._times_of(objective)
        for at in _pieces(there[plain], _PLAIN_AT_ONCE):
            longest, stirred = times.of(operands[at], sums[at], partial(unit_at, at))
            for calibration, found in zip(calibrations, costs, strict=True):
                each_way = self._costs_of("ways", times.levels, calibration.coefficients[DELAY][0], calibration)
                found[DELAY][at, 0] = each_way[longest].sum(axis=0)
                settled = self._settled(units, operands[at], sums[at], calibration, TIMED)
                found[TIMED][at] = settled + self._glitches(stirred, calibration)
        for at in _pieces(there[~plain], _AT_ONCE):
            specs = [unit_at(at, each) for each in range(len(at))]
            cells = np.concatenate([units.operands.cells[operands[at]], units.sums.cells[sums[at]]], axis=1)
            built = {"objective": objective, **architecture}
            glitching = np.array(
                [glitching_cells(spec, each, counts(spec, **architecture).stages, **built) for spec, each in zip(specs, cells, strict=True)]
            )
            levels = np.array([depths(spec, **built).reshape(1, -1) for spec in specs])
            for calibration, found in zip(calibrations, costs, strict=True):
                found[DELAY][at] = costs_of(levels, calibration.coefficients[DELAY])
                found[TIMED][at] = costs_of(glitching, calibration.coefficients[TIMED])
        told = list[dict[str, np.ndarray]]()
        for calibration, found in zip(calibrations, costs, strict=True):
            told.append({})
            for quantity, each in found.items():
                told[-1] |= columns_of(each, all_lanes, calibration, quantity)
        return told

    def _times_of(self, objective: str) -> PlainTimes:
        """Return what times units in plain frames."""
        if objective not in self._times:
            architecture = ARCHITECTURES[objective]
            units = self._built(architecture)
            self._times[objective] = PlainTimes(units.operands, units.plain, **architecture, objective=objective)
        return self._times[objective]

    def _glitches(self, stirred: Sequence[Stirred], calibration: Calibration) -> np.ndarray:
        """Return what glitches cost by part, (units, 4)."""
        coefficients = calibration.coefficients[TIMED].reshape(4, -1, len(CELLS))[:, 2:]
        found = np.zeros((len(stirred[0].stirs), 4))
        for each in stirred:
            costs = self._costs_of((each.table, each.kind), each.cells, coefficients[each.part, each.kind], calibration)
            found[:, each.part] += each.stirs * costs[each.rows]
        return found

    def _settled(self, units: UnitColumns, operands: np.ndarray, sums: np.ndarray, calibration: Calibration, quantity: str) -> np.ndarray:
        """Return what the parts of units cost that follows from counts, (units, 4); NaN where there is no unit."""
        found = np.empty((len(operands), 4))
        for table, parts, places in ((units.operands, slice(0, 2), operands), (units.sums, slice(2, 4), sums)):
            cells = table.cells
            each = self._costs_of((quantity, parts.start), cells, calibration.coefficients[quantity][parts, : cells.shape[-1]], calibration)
            found[:, parts] = each[np.maximum(places, 0)]
            found[places < 0, parts] = np.nan
        return found

    def faults(
        self, pair: np.ndarray, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray, objective: str = "balanced"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows are no units, and why.

        Parameters
        ----------
        pair, acc, lanes, pipeline
            As in `columns`.
        objective
            What the units will be estimated for, since others are counted on the way; it is the same for all, and may be unknown.

        Returns
        -------
        rows : (faults,) int64
            In order.
        tails : (faults,) object
            What follows ``unit <name>`` in the reason; None: only `MacSpec` itself says it.

        Raises
        ------
        IndexError
            If a place is in none of the lists.
        """
        self._check(pair, acc)
        units = self._built(ARCHITECTURES.get(objective, ARCHITECTURES["balanced"]))
        _, sums = units.places(pair, acc, lanes, pipeline)
        rows = np.flatnonzero(sums < 0)
        return rows, units.faults(sums[rows])

    def _check(self, pair: np.ndarray, acc: np.ndarray) -> None:
        """Refuse places that are in no list; below 0 NumPy would count them from the end."""
        for places, among, what in ((pair, self.pairs, "pairs of operands"), (acc, self.accumulators, "accumulators")):
            if len(places) and not 0 <= places.min() <= places.max() < len(among):
                wrong = places[(places < 0) | (places >= len(among))][0]
                raise IndexError(f"place {wrong} is none of the {len(among)} {what}; they are counted from 0")

    def _built(self, architecture: Mapping[str, str]) -> UnitColumns:
        key = architecture["adder"], architecture["multiplier"]
        if key not in self._units:
            self._units[key] = UnitColumns(self.pairs, self.accumulators, *key)
        return self._units[key]

    def _costs_of(self, name: Hashable, cells: np.ndarray, coefficients: np.ndarray, calibration: Calibration) -> np.ndarray:
        """Return what the rows of a table that only grows cost, (rows, ...) float64."""
        known = self._costs.get((name, calibration))
        if known is None:
            known = self._costs[name, calibration] = RowCosts()
        return known.of(cells, coefficients)


def require_unit(given: object) -> None:
    """Refuse what is no unit.

    Raises
    ------
    SpecError
        If it is a text, or anything else.
    """
    not_text(given, "MacSpec.parse")
    if not isinstance(given, MacSpec):
        raise SpecError(f"{given!r} is no unit; units are made by MacSpec, or by MacSpec.parse of a name such as 'int8-int8-fx'")


def columns_of(costs: np.ndarray, lanes: np.ndarray, calibration: Calibration, quantity: str) -> dict[str, np.ndarray]:
    """Return the columns of a quantity from what its fitted parts cost, (units, parts)."""
    columns: dict[str, np.ndarray] = {}
    for part, values in told(quantity, costs.T).items():
        low, high = calibration.spread[quantity][part]
        columns |= zip((column(quantity, part, bound) for bound in BOUNDS), (values, values * low, values * high), strict=True)
    if quantity != DELAY:
        columns[column(quantity, bound="per_product")] = columns[quantity] / lanes
    return columns


def _pieces(places: np.ndarray, size: int) -> list[np.ndarray]:
    return [places[first : first + size] for first in range(0, len(places), size)]


@lru_cache(maxsize=4)
def _estimator(pairs: tuple[tuple[Operand, Operand], ...], accumulators: tuple[Accumulator, ...]) -> Estimator:
    return Estimator(pairs, accumulators)


def _places_of(values: list[Any], among: Distinct) -> np.ndarray:
    """Return where values stand among others, (values,) int64; those that are one object are looked at once, in the order they come in."""
    _, first, which = np.unique(np.fromiter(map(id, values), np.int64, len(values)), return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.empty(len(first), np.int64)
    places[order] = [among.of(values[at]) for at in first[order].tolist()]
    return places[which]
