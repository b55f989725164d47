"""Decode and multiply of many units at once, of which those of one lane are counted, for each pair of formats."""

from collections.abc import Callable, Sequence

import numpy as np

from hwmodel.spec import MacSpec
from hwmodel.spec.dataflow import normalises_operands

from ..structure.activity import lane_activities, owed
from ..structure.lanes import LaneCounts, lane_counts
from ..structure.tally import CELLS, Counts
from .tables import Met, PartTable

_FIELDS = len(Counts._fields)


class PlainOperands:
    """Decode and multiply of units whose products are handed on in one way; what was counted once is kept.

    Parameters
    ----------
    pairs
        How many pairs of formats units multiply; nobody asks for those that are alone (`hwmodel.cost.arrays.sizes.is_alone`).
    adder, multiplier
        How they are built, see `hwmodel.cost.counts`.
    operands
        Where rows are kept.
    """

    joined = False

    def __init__(self, pairs: int, adder: str, multiplier: str, operands: PartTable) -> None:
        self._adder, self._multiplier, self._operands = adder, multiplier, operands
        self._known, self._lanes = np.zeros(pairs, bool), np.zeros((pairs, 2 * _FIELDS + 2), np.int64)
        self._activities = np.zeros(pairs)
        self._met = Met()

    def places(self, units: Callable[[int], MacSpec], pair: np.ndarray, lanes: np.ndarray, registers: np.ndarray) -> np.ndarray:
        """Return where units have what stands in front of the sum, (units,) int64.

        Parameters
        ----------
        units
            Returns a unit by its index.
        pair
            (units,) int, places in the pairs.
        lanes, registers
            (units,) int: how many lanes there are, and registers between operands and sum.
        """

        def count(_: list[int], first: np.ndarray) -> list[int]:
            new, at = np.unique(pair[first], return_index=True)
            at = at[~self._known[new]]
            if len(at):
                self._count_lanes(pair[first[at]], [units(each) for each in first[at].tolist()])
            return self._count(pair[first], lanes[first], registers[first]).tolist()

        return self._met.of(((lanes << 2) + registers) * len(self._known) + pair, count)

    def sum_activity(self, units: Callable[[int], MacSpec], pair: np.ndarray, lanes: np.ndarray) -> np.ndarray | float:
        """Return how often alignadd changes by what operands do, (units,) float64 or one number; parameters are those of `places`."""
        return 1.0

    def _count(self, pair: np.ndarray, lanes: np.ndarray, registers: np.ndarray) -> np.ndarray:
        cells = np.empty((len(pair), 2, 2 * len(CELLS)))
        for number in np.unique(registers).tolist():
            at = np.flatnonzero(registers == number)
            decode, multiply, *bits = np.split(self._lanes[pair[at]].T, [_FIELDS, 2 * _FIELDS, 2 * _FIELDS + 1])
            one = LaneCounts(Counts(*decode), Counts(*multiply), *(each[0] for each in bits))
            for row, part in enumerate(one.of_lanes(lanes[at], number)):
                cells[at, row] = np.tile(np.stack(np.broadcast_arrays(*part[: len(CELLS)])).T, 2)
        cells[:, 1, len(CELLS) :] *= owed(self._activities[pair])
        return self._operands.add(cells)

    def _count_lanes(self, pair: np.ndarray, units: Sequence[MacSpec]) -> None:
        """Count one lane of pairs, each in some unit, and how often its multiplier changes."""
        for row, unit in zip(pair.tolist(), units, strict=True):
            decode, multiply, *bits = lane_counts(unit, self._adder, self._multiplier)
            self._lanes[row] = *decode, *multiply, *bits
        self._activities[pair] = lane_activities([(unit.a, unit.b) for unit in units], normalised=normalises_operands(units[0]))
        self._known[pair] = True
