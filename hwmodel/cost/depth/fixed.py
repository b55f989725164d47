"""Ways through alignadd and normacc of fixed point, and through exact sums.

Each function follows the circuit of the same name in `hwmodel_rtl.alignadd_fixed`, `hwmodel_rtl.alignadd_far`, `hwmodel_rtl.normacc`
and `hwmodel_rtl.sums`.
"""

from functools import lru_cache

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import BoundedShift, NumberShape
from hwmodel.spec.window_shift import WindowShift

from ..structure.multipliers import columns_of_rows
from .adders import Column, add, add_columns, increment, ripple
from .decode import exponent_bits
from .multiply import integer_rows
from .paths import (
    ALIGNADD,
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
        sums.append(segment_of(latest(add_columns(columns, rest << moved, adder, begin))))
    return sums[0], sums[1], segment_of(later(*(path for row in rows for path in row)))


@lru_cache(maxsize=1 << 12)
def sum_tree(
    count: int, bits: int, place: int, carries: bool, signed: bool, width: int, accumulates: bool, adder: str, weights: Weights
) -> Segment:
    """Return the way through the sum, `width` bits, of `count` numbers of `bits` bits at a place, and of an accumulator."""
    begin = start(ALIGNADD, weights)
    columns: list[Column] = [[(begin, 1)] * accumulates for _ in range(width)]
    for column in columns[place : place + bits + signed]:
        column.append((begin, count))
    for column in columns[place : place + carries]:
        column.append((begin, count))
    return segment_of(latest(add_columns(columns, -count << (place + bits) if signed else 0, adder, begin)))


class Aligned:
    """The ways to a number on a fixed-point grid: its bits, from a place on, and the carry that goes with them, if one `carries`."""

    def __init__(self, word: Word, carry: Path, bits: int, place: int, carries: bool) -> None:
        self.word, self.carry, self.bits, self.place, self.carries = word, carry, bits, place, carries


def align_to_unit(number: Number, shape: NumberShape, fraction: int, rounding: str, *, drops_specials: bool) -> Aligned:
    """Return the ways to a number shifted to the grid of a unit."""
    if shape.twos_complement:
        return _signed_to_unit(number, shape, WindowShift.of(shape, fraction, rounding))
    amount, low, exponent = exponent_bits(shape), min(shape.exponent_low, 0) if shape.has_exponent else shape.exponent_low, number.exponent
    if shape.has_exponent and shape.exponent_low < 0:
        amount = (shape.exponent_high - shape.exponent_low).bit_length()
        exponent = ripple(amount, HALF, exponent)
    bits, place = shape.significand_bits, low + shape.top + 1 - shape.significand_bits + fraction
    reach, inexact = shape.magnitude.bit_length() + shape.lsb + fraction, shape.lsb + fraction < 0
    grown = max(reach - place, 1)
    value = number.significand
    if drops_specials and (shape.nan or shape.inf):
        masked = spread(number.flags, bits)
        value = each(Word(later(value.low, masked), later(value.high, masked)), GATE)
    if shape.signed and not inexact:
        value = each(value, XOR)
    moved = Word(*(shift_left(bit, exponent, amount, bits, grown) for bit in value))
    bits, carry = min(bits + (1 << amount) - 1, grown) if amount else bits, moved.low
    if place < 0:
        dropped = min(bits, -place)
        if inexact:
            carry = after(tree(carry, dropped), GATE, 1 + (rounding == "rne"))
        bits, place = bits - dropped, 0
    if shape.signed and inexact:
        moved, carry = each(moved, XOR), after(carry, XOR)
    return Aligned(moved, carry, bits, place, shape.signed or inexact)


def _signed_to_unit(number: Number, shape: NumberShape, plan: WindowShift) -> Aligned:
    """Return the ways to a number in two's complement on a grid: shifted a little, then into one of some windows."""
    value = shift(latest(number.significand), number.exponent, plan.fine, plan.bits, plan.moved_bits)
    window = tree(later(number.exponent.high, number.zero), exponent_bits(shape) - plan.fine + 1)
    terms = max((sum(1 for _ in plan.sources(weight)) for weight in plan.weights), default=1)
    moved = tree(after(later(value, spread(window, plan.moved_bits)), GATE), terms + 1)
    finer = max(-plan.start, 0)
    carry = after(tree(moved, finer), GATE) if finer else moved
    return Aligned(even(moved), carry, len(plan.weights) - finer, max(plan.start, 0), finer > 0)


def add_fixed(
    number: Number,
    shape: NumberShape,
    count: int,
    fixed: FixedPoint,
    width: int,
    rounding: str,
    adder: str,
    *,
    accumulates: bool = True,
    drops_specials: bool = True,
) -> Path:
    """Return the way to the sum, `width` bits, of `count` numbers brought to a fixed-point grid, and of an accumulator."""
    aligned = align_to_unit(number, shape, fixed.fraction, rounding, drops_specials=drops_specials)
    acc = fed_back(fixed.width, number.flags.weights)
    if count == 1 and accumulates:
        carry, bits = aligned.carry if aligned.carries else None, width - aligned.place
        if not shape.signed:
            # Above an unsigned number there is a carry only.
            above = max(min(bits - aligned.bits, bits - 1), 0)
            return latest(add(bits, adder, even(acc), aligned.word, carry, above=above, above_kind=HALF))
        above = 0 if shape.twos_complement else max(bits - shape.significand_bits, 0)
        return latest(add(bits, adder, even(acc), aligned.word, carry, above=above))
    begin = later(latest(aligned.word), aligned.carry)
    sizes = aligned.bits, aligned.place, aligned.carries, shape.signed, width
    return follow(later(begin, acc) if accumulates else begin, sum_tree(count, *sizes, accumulates, adder, begin.weights))


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


def unpack_sum(total: Path, shape: NumberShape, adder: str, *, normalised: bool) -> Number:
    """Return the ways to sign and magnitude of an exact sum, of shape `shape`."""
    bits, value = shape.significand_bits, total
    if shape.signed:
        sign = after(spread(total, bits), XOR)
        value = latest(increment(bits, adder, even(sign), sign))
    if not normalised:
        return Number(even(value), even(start(ALIGNADD, total.weights)), total, value)
    count = count_zeros(value, bits)
    exponent = ripple(exponent_bits(shape), HALF, count) if shape.has_exponent else even(value)
    return Number(even(normalise(value, count, bits)), exponent, total, count.low)
