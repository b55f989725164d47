"""The longest way through a unit, whose parts are joined as `hwmodel_rtl.mac.Mac` joins the circuits."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hwmodel.spec import ChunkAcc, FixedAcc, Level, MacSpec, TensorAcc
from hwmodel.spec.dataflow import accumulated, block_scale, exact_sum_shape, joins_rows, lane_product
from hwmodel.spec.ranges import NumberShape, fixed_shape, operand_shape

from ..structure.adders import ADDERS
from ..structure.multipliers import MULTIPLIERS
from ..structure.parts import number_width
from .adders import ripple
from .decode import decode, exponent_bits
from .fixed import FixedSizes, UnpackSizes, add_fixed, keep_fixed, unpack_sum
from .lanes import through_lane
from .levels import LevelPaths, accumulate
from .multiply import mpy
from .paths import (
    ALIGNADD,
    FULL,
    GATE,
    HALF,
    MULTIPLY,
    NOMINAL,
    NORMACC,
    PER_NS,
    XOR,
    Number,
    Path,
    Weights,
    after,
    arrived,
    each,
    enter_number,
    even,
    into,
    later,
    latest,
    levels_of,
    spread,
    start,
    tree,
    whole,
)
from .rows import row_width, through_rows
from .tensors import Term


class LevelArrivals(NamedTuple):
    """When there is, in nanoseconds or so, what a float register is added to, its exponent, their sum, and the next state."""

    significand: float
    exponent: float
    total: float
    end: float


class Arrivals(NamedTuple):
    """When there is, in nanoseconds or so, what the parts of a unit hand on.

    Attributes
    ----------
    operands
        The unpacked operands.
    product
        The product's significand, or rows; from a register behind the operands, if there is one.
    levels
        Of each accumulator level; None: it is none of a float.
    """

    operands: float
    product: float
    levels: tuple[LevelArrivals | None, ...]


class _Build:
    """The ways through one unit, which end in registers and outputs."""

    def __init__(self, spec: MacSpec, adder: str, multiplier: str, weights: Weights) -> None:
        self.spec, self.adder, self.multiplier, self.weights = spec, adder, multiplier, weights
        self.ends: list[Path] = []
        # The registers of the pipeline before the sum; the last is behind that, where it is exact.
        self.registers = spec.pipeline - (spec.exact_sum is not None)
        self.keeps_block = bool(spec.blocks) and spec.fold_steps is not None
        self.operands = self.product = 0.0
        self.levels: list[LevelPaths] = []

    def arrivals(self) -> Arrivals:
        """Return when there is what the parts hand on, once the longest way is found."""
        found = list[LevelArrivals | None]()
        for level in self.levels:
            if level.term is None or level.total is None:
                found.append(None)
                continue
            times = latest(level.term.significand).time, latest(level.term.exponent).time, level.total.time, level.ends[0].time
            found.append(LevelArrivals(*(time / PER_NS for time in times)))
        return Arrivals(self.operands / PER_NS, self.product / PER_NS, tuple(found))

    def longest(self) -> Path:
        """Return the longest way."""
        spec, first = self.spec, self.spec.levels[0]
        inner: NumberShape | None = None
        if joins_rows(spec):
            total = self._add_integers()
            if spec.exact_sum is not None:
                inner = self._sum(total)
            else:
                assert isinstance(first, FixedAcc)
                self.ends.append(keep_fixed(total, spec.fixed_point(first), row_width(spec), saturate=first.saturate))
        elif spec.exact_sum is not None:
            fixed, shape = spec.exact_sum, lane_product(spec)
            kept, width = self.keeps_block, spec.exact_sum.width
            sizes = FixedSizes.of(shape, spec.lanes, fixed, width, "floor", accumulates=kept, drops_specials=False)
            inner = self._sum(add_fixed(self._product(), sizes, self.adder))
        else:
            inner = self._accumulate(first, Term(self._product(), lane_product(spec)), spec.lanes)
        if isinstance(spec.acc, ChunkAcc):
            self._fold(spec.acc.outer, first, inner)
        return later(*self.ends)

    def _from_register(self, number: Number, part: int) -> Number:
        """End a number's way in a register, and return the way from there."""
        self.ends.append(whole(number))
        return arrived(start(part, self.weights))

    def _add_integers(self) -> Path:
        """Return the way to the sum of the products of integers, and of an accumulator, in one tree."""
        rows = through_rows(self.spec, self.registers, self.multiplier, self.adder, self.weights)
        self.ends += rows.ends
        self.product = rows.product
        if self.spec.exact_sum is None:
            self.levels.append(LevelPaths(()))
        return rows.total

    def _product(self) -> Number:
        """Return the ways to a lane's product as the next part sees it."""
        lane = through_lane(self.spec, self.registers, self.multiplier, self.adder, self.weights)
        self.ends += lane.ends
        self.operands, self.product = lane.operands, lane.product
        return lane.number

    def _scale(self, *, normalised: bool) -> Number:
        """Return the ways to the product of a step's block scales."""
        spec = self.spec
        numbers = [enter_number(decode(fmt.scale, normalised, self.weights), MULTIPLY) for fmt in spec.blocks]
        if len(numbers) == 1:
            return numbers[0]
        shapes = [operand_shape(fmt.scale, normalised=normalised) for fmt in spec.blocks]
        return self._scaled(Term(numbers[0], shapes[0]), Term(numbers[1], shapes[1]), normalised=normalised)

    def _scaled(self, number: Term, scale: Term, *, normalised: bool) -> Number:
        """Return the ways to a number times a scale; a power of two only adds exponents."""
        (x, shape), (y, by) = number, scale
        if by.significand_bits > 1:
            return mpy(shape, by, x, y, 1, self.multiplier, self.adder, product_normalised=normalised)
        width = max(exponent_bits(shape), exponent_bits(by)) + 1
        exponent = ripple(width, FULL if shape.has_exponent else HALF, x.exponent, y.exponent)
        return Number(x.significand, exponent, later(x.flags, y.flags), later(x.zero, y.zero))

    def _sum(self, total: Path) -> NumberShape | None:
        """Follow the exact sum of the products of a step, or of a block, to the accumulator."""
        spec, first = self.spec, self.spec.levels[0]
        normalised = not isinstance(first, FixedAcc)
        if self.keeps_block:
            self.ends.append(into(total, NORMACC))
            total = start(ALIGNADD, self.weights)
        number = unpack_sum(total, UnpackSizes.of(exact_sum_shape(spec, normalised=normalised)), self.adder, normalised=normalised)
        by = block_scale(spec, normalised=normalised)
        if by is not None:
            scale = self._scale(normalised=normalised)
            if self.keeps_block or spec.pipeline == 2:
                scale = self._from_register(scale, ALIGNADD)
            unscaled = Term(number, exact_sum_shape(spec, normalised=normalised))
            number = enter_number(self._scaled(unscaled, Term(enter_number(scale, ALIGNADD), by), normalised=normalised), ALIGNADD)
            number = number._replace(significand=each(number.significand, GATE))
        if spec.pipeline:
            number = self._from_register(number, ALIGNADD)
        return self._accumulate(first, Term(number, accumulated(spec)), 1)

    def _accumulate(self, acc: Level, term: Term, count: int) -> NumberShape | None:
        """Follow so many numbers to an accumulator; return the shape of a float one's register."""
        scale = None
        by = block_scale(self.spec, normalised=False) if isinstance(acc, TensorAcc) else None
        if by is not None:
            number = self._scale(normalised=False)
            scale = Term(self._from_register(number, ALIGNADD) if self.spec.pipeline else enter_number(number, ALIGNADD), by)
        level = accumulate(self.spec, acc, term, count, self.adder, scale)
        self.ends += level.ends
        self.levels.append(level)
        return level.register

    def _fold(self, outer: Level, inner: Level, shape: NumberShape | None) -> None:
        """Follow an inner register to the outer one that it is added to."""
        begin = start(ALIGNADD, self.weights)
        if isinstance(inner, FixedAcc):
            fixed = self.spec.fixed_point(inner)
            shape = fixed_shape(fixed.width, fixed.fraction)
            flipped = even(after(spread(begin, fixed.width), XOR))
            value = after(latest(ripple(fixed.width, HALF, flipped)), GATE)
            number = Number(even(value), even(begin), begin, tree(value, fixed.width))
        else:
            assert shape is not None
            value = after(spread(begin, number_width(shape)), GATE)
            number = Number(even(value), even(value), value, tree(value, shape.significand_bits))
        self._accumulate(outer, Term(number, shape), 1)


def depths(spec: MacSpec, adder: str = "brent_kung", multiplier: str = "baugh_wooley", objective: str = "balanced") -> np.ndarray:
    """Return the levels of logic on the longest way through a unit.

    Parameters
    ----------
    spec
        The unit.
    adder, multiplier
        How it is built, as in `hwmodel_rtl.Architecture`.
    objective
        What the mapper aims at, one of `NOMINAL`: it decides which of several ways is the longest.

    Returns
    -------
    (4, 12) float64
        By `PARTS` and `LEVELS`; not to be written to.

    Raises
    ------
    ValueError
        If a choice is not one of `ADDERS`, `MULTIPLIERS`, `NOMINAL`.
    """
    for name, given, known in (("adder", adder, ADDERS), ("multiplier", multiplier, MULTIPLIERS), ("objective", objective, NOMINAL)):
        if given not in known:
            raise ValueError(f"{name} {given!r} is not one of {', '.join(known)}")
    return _walk(spec, adder, multiplier, objective)[0]


def arrivals(spec: MacSpec, adder: str, multiplier: str, objective: str) -> Arrivals:
    """Return when there is what the parts of a unit hand on, with levels that take what is `NOMINAL` for the objective."""
    return _walk(spec, adder, multiplier, objective)[1]


@lru_cache(maxsize=1 << 15)
def _walk(spec: MacSpec, adder: str, multiplier: str, objective: str) -> tuple[np.ndarray, Arrivals]:
    build = _Build(spec, adder, multiplier, NOMINAL[objective])
    levels = levels_of(build.longest())
    levels.flags.writeable = False
    return levels, build.arrivals()
