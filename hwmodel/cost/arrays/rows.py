"""Integers whose products stay two rows of one tree for all lanes, until they are added."""

from collections.abc import Callable, Sequence

import numpy as np

from hwmodel.spec import MacSpec, SpecError
from hwmodel.spec.dataflow import joins_rows

from ..structure import operand_counts
from ..structure.activity import activity_of_rows, multiply_activity
from .sizes import Frame, Pair
from .tables import Met, PartTable


def joins(frame: Frame, pair: Pair) -> bool:
    """Return whether products of two integers join as rows in front of a fixed-point accumulator that may be."""
    try:
        return joins_rows(frame.around(pair))
    except SpecError:
        return True


class RowOperands:
    """Decode and multiply of units of integers whose rows are added in one way; what was counted once is kept.

    Parameters
    ----------
    pairs
        What units multiply; nobody asks for those that are not `hwmodel.cost.arrays.sizes.are_integers`.
    adder, multiplier
        How they are built, see `hwmodel.cost.counts`.
    operands
        Where they are kept.
    """

    joined = True

    def __init__(self, pairs: Sequence[Pair], adder: str, multiplier: str, operands: PartTable) -> None:
        self._pairs, self._adder, self._multiplier, self._operands = pairs, adder, multiplier, operands
        self._met = Met()
        self._multiply: dict[int, float] = {}
        self._active: dict[tuple[int, int], float] = {}

    def places(self, units: Callable[[int], MacSpec], pair: np.ndarray, lanes: np.ndarray, registers: np.ndarray) -> np.ndarray:
        """Return what `hwmodel.cost.arrays.operands.PlainOperands.places` does."""

        def count(_: list[int], first: np.ndarray) -> list[int]:
            return [self._operands.add_unit(operand_counts(units(at), self._adder, self._multiplier)) for at in first.tolist()]

        return self._met.of(((lanes << 2) + registers) * len(self._pairs) + pair, count)

    def sum_activity(self, units: Callable[[int], MacSpec], pair: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Return what `hwmodel.cost.arrays.operands.PlainOperands.sum_activity` does."""
        found = np.empty(len(pair))
        for at, key in enumerate(zip(pair.tolist(), lanes.tolist(), strict=True)):
            active = self._active.get(key)
            if active is None:
                if key[0] not in self._multiply:
                    self._multiply[key[0]] = multiply_activity(units(at))
                active = self._active[key] = activity_of_rows(self._multiply[key[0]], key[1])
            found[at] = active
        return found
