"""Sums of many units at once, put together from what they share.

An exact sum of products is the same in front of every float accumulator, and an accumulator the same behind all products and sums of a
shape. Each is counted when it is first met; what a unit's alignadd and normacc are is an addition of rows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hwmodel.spec import FixedAcc, FixedPoint, FloatAcc, SpecError, WidthError
from hwmodel.spec.dataflow import lane_product
from hwmodel.spec.mac import MAX_LANES, MAX_PIPELINE
from hwmodel.spec.ranges import NumberShape

from ..structure import front_counts
from ..structure.idle import Binades, binades_of_sums, idle_of_fixed, unfilled
from ..structure.levels import Terms, level_of_fixed, level_of_float
from ..structure.tally import CELLS, NO_CELLS, Cells, Counts
from ..structure.units import control
from .sizes import Frame, Pair

Fault = str | None
"""Why there is no unit: what follows ``unit <name>``; None: only `MacSpec` itself says it."""


class Refused(NamedTuple):
    """That there is no such unit."""

    fault: Fault


class _Front(NamedTuple):
    """What stands between products and a float: its place, and that of the shape of the number it makes."""

    place: int
    term: int


class _Fixed(NamedTuple):
    """A fixed-point accumulator for products of a pair, and the shape of these."""

    fixed: FixedPoint
    product: NumberShape


class _Rows:
    """Cells of alignadd and normacc, placed and standing idle, each counted once: (rows, 2, cells) float64."""

    def __init__(self) -> None:
        self._placed, self._idle = np.zeros((2, 1 << 10, 2, len(CELLS)))
        self._new = list[tuple[Cells, Cells, Cells]]()
        self._rows = 0

    def add(self, alignadd: Counts, normacc: Counts, idle_alignadd: Cells = NO_CELLS) -> int:
        """Add a row, and return its place."""
        self._new.append((alignadd[: len(CELLS)], normacc[: len(CELLS)], idle_alignadd))
        return self._rows + len(self._new) - 1

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of all rows, and how many of them stand idle."""
        old, self._rows = self._rows, self._rows + len(self._new)
        while self._rows > len(self._placed):
            self._placed, self._idle = (np.concatenate([each, np.zeros_like(each)]) for each in (self._placed, self._idle))
        if self._new:
            alignadd, normacc, self._idle[old : self._rows, 0] = np.array(self._new, float).transpose(1, 0, 2)
            self._placed[old : self._rows, 0], self._placed[old : self._rows, 1] = alignadd, normacc
            self._new = []
        return self._placed[: self._rows], self._idle[: self._rows]


def is_plain(frame: Frame) -> bool:
    """Return whether sums in a frame are put together here: of products without scales of blocks, in one accumulator, fixed or float."""
    return isinstance(frame.acc, FixedAcc | FloatAcc) and 1 <= frame.lanes <= MAX_LANES and 0 <= frame.pipeline <= MAX_PIPELINE


class PlainSums:
    """Alignadd and normacc of units in plain frames, see `is_plain`; what was counted once is kept.

    Parameters
    ----------
    pairs
        What units multiply, none of them alone (`hwmodel.cost.arrays.sizes.is_alone`).
    adder, multiplier
        How units are built, see `hwmodel.cost.counts`.
    """

    def __init__(self, pairs: Sequence[Pair], adder: str, multiplier: str) -> None:
        self._pairs, self._adder, self._multiplier = pairs, adder, multiplier
        self._fronts, self._levels = _Rows(), _Rows()
        self._none = self._fronts.add(Counts(), Counts())
        self._front_of: dict[tuple[int, bool], dict[int, _Front | Refused]] = {}
        self._level_of: dict[tuple[FloatAcc, bool], dict[int, int]] = {}
        self._fixed_of: dict[FixedAcc, dict[int, _Fixed | Refused]] = {}
        self._binades: dict[int, dict[int, Binades]] = {}
        self._terms: dict[NumberShape, int] = {}
        self._shapes: list[NumberShape] = []

    def cells(self, frame: Frame, pairs: Sequence[int]) -> tuple[np.ndarray, list[Refused | None]]:
        """Return what a frame has behind the products of pairs.

        Parameters
        ----------
        frame
            A plain one.
        pairs
            Places in the pairs.

        Returns
        -------
        cells : (units, 2, 2 cells) float64
            Of alignadd and normacc, those placed and those at work, as `hwmodel.cost.model.fitted_cells`, of those that are units.
        refused
            Of each pair why it is no unit, or None.
        """
        placed, idle, refused = (self._into_fixed if isinstance(frame.acc, FixedAcc) else self._into_float)(frame, pairs)
        random_bits = frame.acc.random_bits if isinstance(frame.acc, FloatAcc) else 0
        placed[:, 1] += control(frame.pipeline, None, random_bits, False).cells()
        return np.concatenate([placed, placed - idle], axis=2), refused

    def _into_float(self, frame: Frame, pairs: Sequence[int]) -> tuple[np.ndarray, np.ndarray, list[Refused | None]]:
        acc = frame.acc
        assert isinstance(acc, FloatAcc)
        binades = self._binades_of(frame, pairs)
        clocked, precision, refuses_specials = frame.pipeline > 0, acc.format.precision, not acc.format.has_nan
        fronts = self._front_of.setdefault((frame.lanes, clocked and frame.lanes > 1), {})
        levels = self._level_of.setdefault((acc, clocked), {})
        at, shares, refused = list[tuple[int, int]](), list[float](), list[Refused | None]()
        for pair in pairs:
            if refuses_specials and self._pairs[pair].told["has_specials"]:
                refused.append(Refused(None))
                continue
            front = fronts.get(pair)
            if front is None:
                front = fronts[pair] = self._front(frame, pair)
            if isinstance(front, Refused):
                refused.append(front)
                continue
            level = levels.get(front.term)
            if level is None:
                counted = level_of_float(acc, self._shapes[front.term], self._adder, clocked)
                level = levels[front.term] = self._levels.add(counted.alignadd, counted.normacc)
            at.append((front.place, level))
            shares.append(unfilled(binades[pair], precision))
            refused.append(None)
        (front_placed, front_idle), (level_placed, _) = self._fronts.all(), self._levels.all()
        front_at, level_at = np.array(at, int).reshape(-1, 2).T
        idle = front_idle[front_at] + level_placed[level_at] * np.array(shares)[:, np.newaxis, np.newaxis]
        return front_placed[front_at] + level_placed[level_at], idle, refused

    def _front(self, frame: Frame, pair: int) -> _Front | Refused:
        spec = frame.around(self._pairs[pair])
        refused = refusal(frame, self._pairs[pair])
        if refused is not None:
            return refused
        counted = front_counts(spec, self._adder, self._multiplier)
        place = self._none if spec.exact_sum is None else self._fronts.add(counted.alignadd, counted.normacc, counted.idle_alignadd)
        assert isinstance(counted.terms, Terms)
        shape = counted.terms.shape
        if shape not in self._terms:
            self._terms[shape] = len(self._shapes)
            self._shapes.append(shape)
        return _Front(place, self._terms[shape])

    def _binades_of(self, frame: Frame, pairs: Sequence[int]) -> dict[int, Binades]:
        """Return where the bits of sums of pairs are at work."""
        known = self._binades.setdefault(frame.lanes, {})
        for pair in pairs:
            if pair not in known:
                known[pair] = binades_of_sums(frame.around(self._pairs[pair]))
        return known

    def _into_fixed(self, frame: Frame, pairs: Sequence[int]) -> tuple[np.ndarray, np.ndarray, list[Refused | None]]:
        acc = frame.acc
        assert isinstance(acc, FixedAcc)
        known, binades = self._fixed_of.setdefault(acc, {}), self._binades_of(frame, pairs)
        rows, shares, refused = list[Cells](), list[tuple[float, float]](), list[Refused | None]()
        for pair in pairs:
            found = known.get(pair)
            if found is None:
                found = known[pair] = _fixed_point(frame, acc, self._pairs[pair])
            if isinstance(found, Refused):
                refused.append(found)
                continue
            fixed, product = found
            alignadd, normacc = level_of_fixed(acc, fixed, Terms(product, frame.lanes), self._adder, frame.pipeline > 0)
            rows += alignadd[: len(CELLS)], normacc[: len(CELLS)]
            shares.append(idle_of_fixed(binades[pair], fixed, signed=product.signed))
            refused.append(None)
        placed = np.array(rows, float).reshape(-1, 2, len(CELLS))
        return placed, placed * np.array(shares).reshape(-1, 2, 1), refused


def _fixed_point(frame: Frame, acc: FixedAcc, pair: Pair) -> _Fixed | Refused:
    refused = refusal(frame, pair)
    if refused is not None:
        return refused
    spec = frame.around(pair)
    return _Fixed(spec.fixed_point(acc), lane_product(spec))


def refusal(frame: Frame, pair: Pair) -> Refused | None:
    """Return how `MacSpec` refuses a unit; None: it does not."""
    try:
        frame.checked(pair)
    except WidthError as error:
        _, colon, why = str(error).partition(": ")
        return Refused(colon + why)
    except SpecError:
        return Refused(None)
    return None
