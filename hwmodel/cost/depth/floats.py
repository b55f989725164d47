"""Ways through alignadd and normacc of floating point, from a product or the register to the register.

Each function follows the circuit of the same name in `hwmodel_rtl.alignadd`, `hwmodel_rtl.normacc` and `hwmodel_rtl.roundterm`.
"""

from typing import NamedTuple

from hwmodel.spec import FloatAcc
from hwmodel.spec.ranges import FloatState, NumberShape, float_state, float_window, rounded_state, rounding_exponent_bits

from ..structure.parts import exponent_width, number_width, sum_exponent_range
from .adders import add, add_or_subtract, increment, ripple, ripple_exponents
from .fixed import fed_back
from .paths import (
    ALIGNADD,
    FULL,
    GATE,
    HALF,
    MUX,
    NORMACC,
    ROUND,
    XOR,
    Number,
    Path,
    Weights,
    Word,
    after,
    enter,
    enter_number,
    even,
    into,
    later,
    latest,
    select,
    spread,
    start,
    tree,
)
from .shifters import count_zeros, normalise, shift


class SumSizes(NamedTuple):
    """What the ways through the sum of a number and a float depend on.

    Attributes
    ----------
    window
        Bits in which they are added.
    term_exponent, acc_exponent
        Bits and signedness of both exponents.
    term_bits, acc_bits
        Bits of both significands.
    signed
        Whether one of them may be negative; else nothing is subtracted.
    """

    window: int
    term_exponent: tuple[int, bool]
    acc_exponent: tuple[int, bool]
    term_bits: int
    acc_bits: int
    signed: bool

    @classmethod
    def of(cls, term: NumberShape, acc: NumberShape, random_bits: int) -> "SumSizes":
        """Return the sizes of the sum of numbers of two shapes."""
        own, other = (exponent_width(shape.exponent_low, shape.exponent_high) for shape in (term, acc))
        window = float_window(term, acc, random_bits)
        return cls(window, own, other, term.significand_bits, acc.significand_bits, term.signed or acc.signed)


class RoundSizes(NamedTuple):
    """What the ways through normalisation and rounding depend on.

    Attributes
    ----------
    acc
        The format, and how it is rounded to.
    bits, empty
        Of the magnitude, and how many more stand empty above.
    width
        Bits of the exponent on its way through.
    floored, overflows
        As of `hwmodel.spec.ranges.FloatState`.
    saturates
        Whether what is too large becomes the largest number.
    """

    acc: FloatAcc
    bits: int
    empty: int
    width: int
    floored: bool
    overflows: bool
    saturates: bool

    @classmethod
    def of(
        cls,
        acc: FloatAcc,
        state: FloatState,
        bits: int,
        exponent: tuple[int, bool],
        *,
        headroom: int = 1,
        empty: int = 0,
        saturates: bool | None = None,
    ) -> "RoundSizes":
        """Return the sizes of a magnitude's rounding to `state`; `exponent` are bits and signedness of its exponent before."""
        saturates = acc.rounding == "rtz" or not acc.format.has_nan if saturates is None else saturates
        ends = [state.shape.exponent_low] * state.floored + [acc.format.emax - state.shape.top] * state.overflows
        width = rounding_exponent_bits(exponent, headroom, bits + empty, ends)
        return cls(acc, bits, empty, width, state.floored, state.overflows, saturates)


class FloatSizes(NamedTuple):
    """What the ways through a float accumulator depend on: its sum, the bits of its register, its rounding, whether it has infinities."""

    total: SumSizes
    register: int
    rounding: RoundSizes
    inf: bool

    @classmethod
    def of(cls, acc: FloatAcc, term: NumberShape) -> "FloatSizes":
        """Return the sizes of an accumulator of numbers of a shape."""
        state = float_state(acc, term)
        total, exponent = SumSizes.of(term, state.shape, acc.random_bits), exponent_width(*sum_exponent_range(term, state.shape))
        return cls(total, number_width(state.shape), RoundSizes.of(acc, state, total.window + 2, exponent), state.shape.inf)


class TermSizes(NamedTuple):
    """What the ways through the rounding of a product depend on.

    Attributes
    ----------
    bits, exponent
        Bits of the significand; bits and signedness of the exponent.
    floor
        Bits of the exponent's distance to the format's floor, below which a product may lie; 0: it does not.
    rounding
        Of its rounding.
    """

    bits: int
    exponent: tuple[int, bool]
    floor: int
    rounding: RoundSizes

    @classmethod
    def of(cls, acc: FloatAcc, term: NumberShape) -> "TermSizes":
        """Return the sizes of the rounding of numbers of a shape."""
        state, exponent = rounded_state(acc, term), exponent_width(term.exponent_low, term.exponent_high)
        floor, bits, width = state.shape.exponent_low, term.significand_bits + 1, 0
        if state.floored and term.exponent_low < floor:
            width = max(exponent[0], exponent_width(floor, floor)[0]) + 2
            bits = _room(acc, term.significand_bits) + 2
        return cls(term.significand_bits, exponent, width, RoundSizes.of(acc, state, bits, exponent))


def _room(acc: FloatAcc, bits: int) -> int:
    """Return the bits of the window in which a product of so many bits is shifted down to its format's floor."""
    return max(bits, acc.format.precision + 1)


def register(bits: int, weights: Weights) -> Number:
    """Return the ways to an unpacked register of so many bits as an adder sees it; its exponent waits for no mask."""
    path = fed_back(bits, weights)
    return Number(even(path), even(after(start(ALIGNADD, weights), GATE)), path, after(path, GATE))


def add_float(term: Number, acc: Number, sizes: SumSizes, adder: str) -> Number:
    """Return the ways to the sum of a number and a float accumulator; its `flags` are whether a difference was negative."""
    window, term_bits, acc_bits = sizes.window, sizes.term_bits, sizes.acc_bits
    exponents = sizes.term_exponent, sizes.acc_exponent
    width = max(bits + (not signed) for bits, signed in exponents) + 1
    below = ripple_exponents(width, exponents, term.exponent, acc.exponent).high
    distance = after(spread(below, width), XOR)
    # Both significands and the exponent are chosen by which of the two leads.
    chosen = 2 * min(term_bits, acc_bits) + min(bits for bits, _ in exponents)
    leads = after(select(after(later(below, term.zero, acc.zero), GATE, 2), chosen), MUX)
    placed = later(leads, after(later(latest(term.significand), latest(acc.significand)), MUX))
    depth, stages = max(term_bits + 1, acc_bits), min(width - 1, (window - 1).bit_length())
    aligned = shift(placed, even(distance), stages, depth, window)
    if width - 1 > stages:
        aligned = after(later(aligned, spread(tree(distance, width - 1 - stages), depth)), GATE)
    sticky = after(tree(aligned, window), GATE)
    if not sizes.signed:
        return Number(add(window + 1, adder, even(placed), Word(sticky, aligned)), even(leads), leads, leads)
    total, negative = add_or_subtract(window + 1, adder, even(placed), Word(sticky, aligned))
    return Number(total, even(leads), negative, negative)


def normalise_and_round(value: Word, exponent: Word, sizes: RoundSizes, adder: str) -> Number:
    """Return the ways to a rounded magnitude; its `flags` are whether it became infinite."""
    acc, bits, empty, width, floored, overflows, saturates = sizes
    fmt, precision, length = acc.format, acc.format.precision, bits + empty
    top = ripple(width, HALF, exponent)
    marked = latest(value)
    if floored:
        room = ripple(width, HALF, top).high
        mark = spread(tree(room, width), 1 << ((length - 1).bit_length() // 2))
        marked = after(later(after(mark, GATE), marked), GATE)
    count = count_zeros(marked, length)
    zero, normal = tree(latest(value), bits), normalise(latest(value), count, length)
    unrounded = ripple_exponents(width, [((length - 1).bit_length(), False)], top, count)
    rounded, carry = _round(normal, max(length - precision, 0), acc, adder)
    if floored and not fmt.subnormals:
        # There are no numbers between zero and the smallest: what lies there becomes one of them.
        below = after(tree(later(normal, latest(unrounded)), precision + width), GATE, 3)
        rounded = after(later(rounded, select(below, precision)), MUX)
    final = latest(ripple(width, HALF, unrounded, carry=carry))
    if floored:
        final = after(later(final, spread(zero, width)), MUX)
    infinite = start(NORMACC, carry.weights)
    if overflows:
        at_limit = carry if fmt.max_significand == (1 << precision) - 1 else tree(rounded, precision)
        infinite = after(later(tree(ripple(width, HALF, unrounded).high, width), at_limit), GATE, 3)
        if saturates:
            capped = select(infinite, precision + width)
            rounded, final = after(later(rounded, capped), MUX), after(later(final, capped), MUX)
    if acc.ftz and floored and fmt.subnormals:
        rounded = after(spread(rounded, precision), GATE)
    return Number(even(rounded), even(final), infinite, zero)


def _round(normal: Path, dropped: int, acc: FloatAcc, adder: str) -> tuple[Path, Path]:
    """Return the ways to a significand of which so many bits were dropped, and to the carry out of it."""
    precision, random_bits = acc.format.precision, acc.random_bits
    if random_bits:
        begin = normal
        if not acc.format.subnormals:
            begin = ripple(random_bits, FULL, even(after(tree(normal, precision), GATE))).low
        if adder != "ripple":
            carry = latest(add(random_bits + precision, adder, even(begin), even(begin)))
            return after(carry, GATE), carry
        # Nobody asks for the sum of the random bits: of its full adders there are gates for the carry.
        up = after(begin, ROUND, random_bits)
    elif dropped == 0 or acc.rounding == "rtz":
        return normal, normal
    else:
        up = after(tree(normal, dropped), GATE, 2) if acc.rounding == "rne" else after(normal, GATE)
    carry = latest(increment(precision, adder, even(normal), up, ROUND))
    return after(carry, GATE), carry


def keep_float(rounded: Number, negative: Path, term_flags: Path, *, inf: bool) -> Path:
    """Return the way to a float register."""
    flags = after(later(rounded.flags, term_flags), GATE, 2)
    sign = after(later(rounded.zero, negative), MUX, 1 + inf)
    return later(latest(rounded.significand), latest(rounded.exponent), flags, sign)


def accumulate_float(term: Number, sizes: FloatSizes, adder: str) -> tuple[Path, Path]:
    """Return the ways to a float register to which a number is added, and to the sum before it is normalised."""
    total = add_float(term, register(sizes.register, term.flags.weights), sizes.total, adder)
    rounded = normalise_and_round(enter(total.significand, NORMACC), enter(total.exponent, NORMACC), sizes.rounding, adder)
    end = keep_float(rounded, into(after(total.flags, XOR), NORMACC), into(term.flags, NORMACC), inf=sizes.inf)
    return end, latest(total.significand)


def round_term(term: Number, sizes: TermSizes, adder: str) -> Number:
    """Return the ways to a product that is rounded before it is added."""
    acc, width = sizes.rounding.acc, sizes.floor
    value, exponent, flags, _ = enter_number(term, NORMACC)
    if width:
        # What lies below the format's range is shifted down to its floor.
        room = ripple(width, HALF, exponent)
        distance = after(later(ripple(width, HALF, room).high, spread(room.high, width)), GATE)
        window = _room(acc, sizes.bits)
        stages = min(width - 1, (window - 1).bit_length())
        aligned = shift(latest(value), even(distance), stages, sizes.bits, window)
        aligned = after(later(aligned, spread(tree(distance, width - stages), window)), GATE)
        value = Word(after(tree(aligned, window), GATE), aligned)
        exponent = even(after(spread(room.high, sizes.exponent[0]), GATE))
    rounded = normalise_and_round(value, exponent, sizes.rounding, adder)
    zero = tree(latest(rounded.significand), acc.format.precision)
    return enter_number(rounded._replace(flags=after(later(rounded.flags, flags), GATE), zero=zero), ALIGNADD)
