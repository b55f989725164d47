"""Decode and multiply of many units at once, of which those of one lane are counted, for each pair of formats."""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from hwmodel.spec import MacSpec, PositAcc, SpecError, TensorAcc
from hwmodel.spec.dataflow import normalises_operands
from hwmodel.spec.mac import MAX_PIPELINE

from ..structure.activity import lane_activities, owed
from ..structure.cells import CELLS, cells_of
from ..structure.lanes import lane_counts, unread
from .sizes import Frame, Pair
from .tables import Met, PartTable

_REGISTERS = range(MAX_PIPELINE + 1)


def is_cut(frame: Frame, pair: Pair) -> bool:
    """Return whether a register in front of a sum holds less of a product than in front of others, if there may be such a unit."""
    try:
        return unread(frame.around(pair)) > 0
    except SpecError:
        return False


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
        self._known, self._lanes = np.zeros(pairs, bool), np.zeros((pairs, len(_REGISTERS), 2, len(CELLS)))
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
        cells = np.tile(self._lanes[pair, np.maximum(registers, 0)] * lanes[:, np.newaxis, np.newaxis], 2)
        cells[:, 1, len(CELLS) :] *= owed(self._activities[pair])
        return self._operands.add(cells)

    def _count_lanes(self, pair: np.ndarray, units: Sequence[MacSpec]) -> None:
        """Count one lane of pairs, each in some unit, and how often its multiplier changes."""
        # What fixed point does not ask for hangs on its unit; such units share none of this, see `is_cut`.
        less = [unread(unit) if isinstance(unit.levels[0], PositAcc | TensorAcc) else 0 for unit in units]
        lanes = [lane_counts(unit, self._adder, self._multiplier).without(bits) for unit, bits in zip(units, less, strict=True)]
        counted = cells_of(chain.from_iterable(lane.registered(number) for lane in lanes for number in _REGISTERS))
        self._lanes[pair] = counted.reshape(len(pair), len(_REGISTERS), 2, len(CELLS))
        self._activities[pair] = lane_activities([(unit.a, unit.b) for unit in units], normalised=normalises_operands(units[0]))
        self._known[pair] = True
