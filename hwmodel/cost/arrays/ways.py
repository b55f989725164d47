"""Ways of handing products on to what adds them, and what tells frames and pairs apart in each."""

import numpy as np

from hwmodel.spec import FixedAcc, SpecError

from .operands import PlainOperands
from .rows import RowOperands
from .sizes import Frame, Pair, Size
from .tables import Distinct, Met

UNKNOWN = np.iinfo(np.int32).min


class Way:
    """Classes of pairs: those of one class have the same sums in all frames that take products in one way.

    Parameters
    ----------
    pairs
        How many pairs there are.
    operands
        Decode and multiply of units of that way; an attribute.
    """

    def __init__(self, pairs: int, operands: PlainOperands | RowOperands) -> None:
        self.operands, self.sizes = operands, list[Size]()
        self.of_pair = np.full(pairs, UNKNOWN, np.int32)
        self.shapes, self.examples = np.empty((2, pairs), np.int32)
        self.by_class, self.by_shape = Met(), Met()
        self.shared: dict[tuple[int, int], int] = {}
        self._classes, self._shapes = Distinct(), Distinct()
        self._round_up: dict[FixedAcc, dict[int, bool]] = {}

    def add(self, pair: int, size: Size) -> None:
        """Say what size a pair's products have."""
        place = self.of_pair[pair] = self._classes.of(size)
        if place == len(self.sizes):
            self.sizes.append(size)
            self.shapes[place], self.examples[place] = self._shapes.of(size.shape), pair

    def like(self, frame: Frame, at: int, pair: Pair) -> int:
        """Return what classes have in common whose sums are the same in a frame: of class `at`, to which `pair` belongs."""
        like = 2 * int(self.shapes[at])
        # The ones that the largest product starts with matter only where it is rounded up to a coarser unit.
        if isinstance(frame.acc, FixedAcc) and frame.lanes > 1:
            known = self._round_up.setdefault(frame.acc, {})
            if at not in known:
                known[at] = _rounds_up(frame, frame.acc, self.sizes[at], pair)
            like += known[at]
        return like


def _rounds_up(frame: Frame, acc: FixedAcc, size: Size, pair: Pair) -> bool:
    spec = frame.around(pair)
    try:
        fraction = spec.fixed_point(acc).fraction
    except SpecError:
        return False
    return size.rounds_up(spec.product_lsb_exponent, fraction)
