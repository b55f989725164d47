"""Ways through alignadd and normacc of fixed point, and through exact sums.

Each function follows the circuit of the same name in `hwmodel_rtl.alignadd_fixed`, `hwmodel_rtl.alignadd_far`, `hwmodel_rtl.normacc`
and `hwmodel_rtl.sums`.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import BoundedShift, NumberShape
from hwmodel.spec.window_shift import WindowShift

from ..structure.multipliers import columns_of_rows
from .adders import Column, Run, add, add_columns, increment, ripple, runs_of
from .decode import exponent_bits
from .multiply import integer_rows
from .paths import (
    ALIGNADD,
    FAR,
    GATE,
    HALF,
    MUX,
    NORMACC,
    XOR,
    Number,
    Path,
    Segment,
    Weights,
    Word,
    after,
    each,
    even,
    follow,
    into,
    later,
    latest,
    segment_of,
    spread,
    start,
    tree,
)
from .shifters import count_zeros, normalise, shift, shift_left


def fed_back(bits: int, weights: Weights) -> Path:
    """Return the way to a register as an adder sees it: zero while `clear`, which masks so many bits."""
    return into(after(spread(after(start(NORMACC, weights), GATE, 2), bits), GATE), ALIGNADD)


@lru_cache(maxsize=1 << 12)
def add_integers(
    a: int,
    b: int,
    signed: tuple[bool, bool],
    row_width: int,
    multiplier: str,
    lanes: int,
    moved: int,
    accumulates: bool,
    adder: str,
    weights: Weights,
) -> tuple[Segment, Segment, Segment]:
    """Return the ways from masked integers to their sum, from the rows of products to it, and from the integers to the rows.

    The rows are `moved` so many places up in the sum, which may take in an accumulator that is there as early.
    """
    rows, rest = integer_rows(a, b, *signed, min(row_width, columns_of_rows(a, b, lanes)), multiplier, lanes, weights)
    begin = start(ALIGNADD, weights)
    sums = []
    for registered in (False, True):
        columns: list[Column] = [[(begin, 1)] * accumulates for _ in range(row_width)]
        for column, row in zip(columns[moved:], rows, strict=False):
            column += [(begin if registered else into(path, ALIGNADD), 1) for path in row]
        sums.append(segment_of(latest(add_columns(runs_of(columns), rest << moved, adder, begin))))
    return sums[0], sums[1], segment_of(later(*(path for row in rows for path in row)))


class TreeWays(NamedTuple):
    """Ways through the tree of a sum: from the lowest bits of numbers, from their highest ones, and from all that there is at once."""

    low: Segment
    high: Segment
    whole: Segment


@lru_cache(maxsize=1 << 12)
def sum_tree(
    count: int, bits: int, place: int, top: int, carries: bool, signed: bool, width: int, accumulates: bool, adder: str, weights: Weights
) -> TreeWays:
    """Return the ways through the sum, `width` bits, of `count` numbers of `bits` bits at a place, and of an accumulator.

    Numbers may come before their highest bit, which is shifted to `top` places above the lowest, or further up.
    """
    begin, end = start(ALIGNADD, weights), min(place + bits + signed, width)
    early = begin._replace(time=-FAR)

    def way(acc: Path, below: Path) -> Segment:
        """Return the way from the highest bits of numbers on, and from an accumulator and the bits below unless these are `early`."""
        highest = place + top if below is early else place
        edges = sorted({min(edge, width) for edge in (0, place, place + carries, highest, end, width)})
        runs = list[Run]()
        for at, next_edge in pairwise(edges):
            column: Column = [(acc, 1)] * accumulates
            if place <= at < end:
                column.append((begin if at >= highest else below, count))
            if carries and at == place:
                column.append((below, count))
            runs.append((next_edge - at, column))
        return segment_of(latest(add_columns(runs, -count << (place + bits) if signed else 0, adder, begin)))

    low = way(early, begin)
    return TreeWays(low, way(early, early) if top else low, way(begin, begin) if accumulates else low)


class UnitSizes(NamedTuple):
    """What the ways of a number to a fixed-point grid depend on.

    Attributes
    ----------
    bits, place
        Of its significand, and where the lowest of them stands at the lowest exponent, in units.
    grown
        Bits of it once it is shifted.
    amount, rebased
        Bits of the exponent that shifts it, and whether something is added to that before.
    masked
        Whether it is none where its flags say so.
    inexact, ties
        Whether bits fall below the unit, and are rounded to even.
    signed
        Whether it has a sign.
    plan
        How it is shifted if it is in two's complement.
    """

    bits: int
    place: int
    grown: int
    amount: int
    rebased: bool
    masked: bool
    inexact: bool
    ties: bool
    signed: bool
    plan: WindowShift | None

    @property
    def dropped(self) -> int:
        """Bits of the shifted number that fall below the unit."""
        return min(self._shifted, max(-self.place, 0))

    @property
    def on_grid(self) -> "OnGrid":
        """The number on the grid."""
        if self.plan is not None:
            finer = max(-self.plan.start, 0)
            return OnGrid(len(self.plan.weights) - finer, max(self.plan.start, 0), finer > 0)
        return OnGrid(self._shifted - self.dropped, max(self.place, 0), self.signed or self.inexact)

    @property
    def top(self) -> int:
        """Where the highest bit of the number stands on the grid at the lowest exponent, over the lowest bit."""
        return max(self.bits - 1 - self.dropped, 0) if self.plan is None else 0

    @property
    def _shifted(self) -> int:
        return min(self.bits + (1 << self.amount) - 1, self.grown) if self.amount else self.bits

    @classmethod
    def of(cls, shape: NumberShape, fraction: int, rounding: str, *, drops_specials: bool) -> "UnitSizes":
        """Return the sizes of numbers of a shape that are brought to the grid of ``2**-fraction``."""
        if shape.twos_complement:
            plan = WindowShift.of(shape, fraction, rounding)
            return cls(shape.significand_bits, 0, 0, exponent_bits(shape), False, False, False, False, shape.signed, plan)
        amount, low = exponent_bits(shape), min(shape.exponent_low, 0) if shape.has_exponent else shape.exponent_low
        rebased = shape.has_exponent and shape.exponent_low < 0
        if rebased:
            amount = (shape.exponent_high - shape.exponent_low).bit_length()
        place = low + shape.top + 1 - shape.significand_bits + fraction
        inexact = shape.lsb + fraction < 0
        grown = max(shape.magnitude.bit_length() + shape.lsb + fraction - place, 1)
        masked = drops_specials and (shape.nan or shape.inf)
        return cls(shape.significand_bits, place, grown, amount, rebased, masked, inexact, rounding == "rne", shape.signed, None)


class OnGrid(NamedTuple):
    """A number on a fixed-point grid: bits, where the lowest of them stands, and whether a carry goes with it."""

    bits: int
    place: int
    carries: bool


class FixedSizes(NamedTuple):
    """What the ways through the sum of numbers on a fixed-point grid depend on.

    Attributes
    ----------
    unit
        Of bringing them there.
    terms
        How many there are.
    register, width
        Bits of the accumulator, and of the sum.
    accumulates
        Whether there is an accumulator among what is added.
    """

    unit: UnitSizes
    terms: int
    register: int
    width: int
    accumulates: bool

    @property
    def in_tree(self) -> bool:
        """Whether there are more than two numbers, or no accumulator, and so one tree for all."""
        return self.terms > 1 or not self.accumulates

    @classmethod
    def of(
        cls,
        shape: NumberShape,
        count: int,
        fixed: FixedPoint,
        width: int,
        rounding: str,
        *,
        accumulates: bool = True,
        drops_specials: bool = True,
    ) -> "FixedSizes":
        """Return the sizes of the sum, `width` bits, of `count` numbers of a shape brought to the grid of `fixed`."""
        return cls(UnitSizes.of(shape, fixed.fraction, rounding, drops_specials=drops_specials), count, fixed.width, width, accumulates)


class Aligned(NamedTuple):
    """The ways to a number on a fixed-point grid: to its bits, and to the carry that goes with them, if there is one."""

    word: Word
    carry: Path

    @property
    def low(self) -> Path:
        """The way to what is added at the lowest bit."""
        return later(self.word.low, self.carry)


def align_to_unit(number: Number, sizes: UnitSizes) -> Aligned:
    """Return the ways to a number shifted to the grid of a unit."""
    if sizes.plan is not None:
        return _signed_to_unit(number, sizes.amount, sizes.plan)
    bits, amount, exponent, value = sizes.bits, sizes.amount, number.exponent, number.significand
    if sizes.rebased:
        exponent = ripple(amount, HALF, exponent)
    if sizes.masked:
        masked = spread(number.flags, bits)
        value = each(Word(later(value.low, masked), later(value.high, masked)), GATE)
    if sizes.signed and not sizes.inexact:
        value = each(value, XOR)
    moved = Word(*(shift_left(bit, exponent, amount, bits, sizes.grown) for bit in value))
    carry = moved.low
    if sizes.inexact and sizes.dropped:
        carry = after(tree(carry, sizes.dropped), GATE, 1 + sizes.ties)
    if sizes.signed and sizes.inexact:
        moved, carry = each(moved, XOR), after(carry, XOR)
    return Aligned(moved, carry)


def _signed_to_unit(number: Number, exponent: int, plan: WindowShift) -> Aligned:
    """Return the ways to a number in two's complement on a grid: shifted a little, then into one of some windows."""
    value = shift(latest(number.significand), number.exponent, plan.fine, plan.bits, plan.moved_bits)
    window = tree(later(number.exponent.high, number.zero), exponent - plan.fine + 1)
    terms = max((sum(1 for _ in plan.sources(weight)) for weight in plan.weights), default=1)
    moved = tree(after(later(value, spread(window, plan.moved_bits)), GATE), terms + 1)
    finer = max(-plan.start, 0)
    return Aligned(even(moved), after(tree(moved, finer), GATE) if finer else moved)


def add_fixed(number: Number, sizes: FixedSizes, adder: str) -> Path:
    """Return the way to the sum of numbers brought to a fixed-point grid, and of an accumulator."""
    unit, aligned, acc = sizes.unit, align_to_unit(number, sizes.unit), fed_back(sizes.register, number.flags.weights)
    if sizes.in_tree:
        ways = tree_of(sizes, adder, acc.weights)
        total = later(follow(aligned.low, ways.low), follow(aligned.word.high, ways.high))
        return later(total, follow(acc, ways.whole)) if sizes.accumulates else total
    place, carry = unit.on_grid.place, aligned.carry if unit.on_grid.carries else None
    bits = sizes.width - place
    if not unit.signed:
        # Above an unsigned number there is a carry only.
        above = max(min(bits - unit.on_grid.bits, bits - 1), 0)
        return latest(add(bits, adder, even(acc), aligned.word, carry, above=above, above_kind=HALF))
    above = 0 if unit.plan is not None else max(bits - unit.bits, 0)
    return latest(add(bits, adder, even(acc), aligned.word, carry, above=above))


def tree_of(sizes: FixedSizes, adder: str, weights: Weights) -> TreeWays:
    """Return the ways through the tree of all that is added."""
    unit = sizes.unit
    bits, place, carries = unit.on_grid
    return sum_tree(sizes.terms, bits, place, unit.top, carries, unit.signed, sizes.width, sizes.accumulates, adder, weights)


def add_far(number: Number, term: NumberShape, fixed: FixedPoint, rounding: str, adder: str) -> Path:
    """Return the way to the sum of an accumulator and a number that may lie far outside of it."""
    far, width = BoundedShift.of(term, fixed.width, fixed.fraction), fixed.width
    most, offset = far.highest - far.lowest, far.place - far.lowest
    ends = term.exponent_low + offset, term.exponent_high + offset
    bits = 2 + max(abs(end).bit_length() for end in (*ends, offset, most))
    wanted = ripple(bits, HALF, number.exponent)
    amount = wanted.high
    if ends[1] > most:
        amount = after(spread(ripple(bits, HALF, wanted).high, most.bit_length()), MUX)
    if ends[0] < 0:
        amount = after(amount, GATE)
    value = after(later(latest(number.significand), spread(number.flags, term.significand_bits)), GATE)
    moved = shift(value, even(amount), most.bit_length(), term.significand_bits, width - far.lowest)
    carry = after(after(tree(moved, -far.lowest), GATE, 1 + (rounding == "rne")), XOR)
    acc = even(fed_back(width, value.weights))
    return after(latest(add(width + 2, adder, acc, even(after(moved, XOR)), carry)), MUX)


def keep_fixed(total: Path, fixed: FixedPoint, total_width: int, *, saturate: bool) -> Path:
    """Return the way from a sum to a fixed-point register and its flags."""
    overflow = after(tree(into(total, NORMACC), total_width - fixed.width + 1), GATE, 2)
    return after(spread(overflow, fixed.width), MUX) if saturate else overflow


class UnpackSizes(NamedTuple):
    """What the ways from an exact sum to its sign and magnitude depend on: bits, whether it is signed, bits of the exponent, if any."""

    bits: int
    signed: bool
    exponent: int

    @classmethod
    def of(cls, shape: NumberShape) -> "UnpackSizes":
        """Return the sizes of a sum of a shape."""
        return cls(shape.significand_bits, shape.signed, exponent_bits(shape))


def unpack_sum(total: Path, sizes: UnpackSizes, adder: str, *, normalised: bool) -> Number:
    """Return the ways to sign and magnitude of an exact sum."""
    bits, value = sizes.bits, total
    if sizes.signed:
        sign = after(spread(total, bits), XOR)
        value = latest(increment(bits, adder, even(sign), sign))
    if not normalised:
        return Number(even(value), even(start(ALIGNADD, total.weights)), total, value)
    count = count_zeros(value, bits)
    exponent = ripple(sizes.exponent, HALF, count) if sizes.exponent else even(value)
    return Number(even(normalise(value, count, bits)), exponent, total, count.low)
