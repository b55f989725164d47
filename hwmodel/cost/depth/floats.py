"""Ways through alignadd and normacc of floating point, from a product or the register to the register.

Each function follows the circuit of the same name in `hwmodel_rtl.alignadd`, `hwmodel_rtl.normacc` and `hwmodel_rtl.roundterm`.
"""

from hwmodel.spec import FloatAcc
from hwmodel.spec.ranges import FloatState, NumberShape, float_window, rounded_state, rounding_exponent_bits

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


def register(shape: NumberShape, weights: Weights) -> Number:
    """Return the ways to an unpacked register as an adder sees it."""
    path = fed_back(number_width(shape), weights)
    return Number(even(path), even(path), path, after(path, GATE))


def add_float(term: Number, term_shape: NumberShape, acc: Number, acc_shape: NumberShape, random_bits: int, adder: str) -> Number:
    """Return the ways to the sum of a number and a float accumulator; its `flags` are whether a difference was negative."""
    window = float_window(term_shape, acc_shape, random_bits)
    sizes = [exponent_width(shape.exponent_low, shape.exponent_high) for shape in (term_shape, acc_shape)]
    width = max(bits + (not signed) for bits, signed in sizes) + 1
    term_bits, acc_bits = term_shape.significand_bits, acc_shape.significand_bits
    below = ripple_exponents(width, sizes, term.exponent, acc.exponent).high
    distance = after(spread(below, width), XOR)
    # Both significands and the exponent are chosen by which of the two leads.
    chosen = 2 * min(term_bits, acc_bits) + min(bits for bits, _ in sizes)
    leads = after(select(after(later(below, term.zero, acc.zero), GATE, 2), chosen), MUX)
    placed = later(leads, after(later(latest(term.significand), latest(acc.significand)), MUX))
    depth, stages = max(term_bits + 1, acc_bits), min(width - 1, (window - 1).bit_length())
    aligned = shift(placed, even(distance), stages, depth, window)
    if width - 1 > stages:
        aligned = after(later(aligned, spread(tree(distance, width - 1 - stages), depth)), GATE)
    sticky = after(tree(aligned, window), GATE)
    total, negative = add_or_subtract(window + 1, adder, even(placed), Word(sticky, aligned))
    return Number(total, even(leads), negative, negative)


def normalise_and_round(
    value: Word,
    exponent: Word,
    bits: int,
    exponent_size: tuple[int, bool],
    acc: FloatAcc,
    state: FloatState,
    adder: str,
    *,
    headroom: int = 1,
    empty: int = 0,
    saturates: bool | None = None,
) -> Number:
    """Return the ways to a magnitude of `bits` bits, with `empty` more above, rounded; its `flags` are whether it became infinite."""
    fmt, precision = acc.format, acc.format.precision
    saturates = acc.rounding == "rtz" or not fmt.has_nan if saturates is None else saturates
    length, floor, limit = bits + empty, state.shape.exponent_low, fmt.emax - state.shape.top
    width = rounding_exponent_bits(exponent_size, headroom, length, [floor] * state.floored + [limit] * state.overflows)
    top = ripple(width, HALF, exponent)
    marked = latest(value)
    if state.floored:
        room = ripple(width, HALF, top).high
        mark = spread(tree(room, width), 1 << ((length - 1).bit_length() // 2))
        marked = after(later(after(mark, GATE), marked), GATE)
    count = count_zeros(marked, length)
    zero, normal = tree(latest(value), bits), normalise(latest(value), count, length)
    unrounded = ripple_exponents(width, [((length - 1).bit_length(), False)], top, count)
    rounded, carry = _round(normal, max(length - precision, 0), acc, adder)
    if state.floored and not fmt.subnormals:
        # There are no numbers between zero and the smallest: what lies there becomes one of them.
        below = after(tree(later(normal, latest(unrounded)), precision + width), GATE, 3)
        rounded = after(later(rounded, select(below, precision)), MUX)
    final = latest(ripple(width, HALF, unrounded, carry=carry))
    if state.floored:
        final = after(later(final, spread(zero, width)), MUX)
    infinite = start(NORMACC, carry.weights)
    if state.overflows:
        at_limit = carry if fmt.max_significand == (1 << precision) - 1 else tree(rounded, precision)
        infinite = after(later(tree(ripple(width, HALF, unrounded).high, width), at_limit), GATE, 3)
        if saturates:
            capped = select(infinite, precision + width)
            rounded, final = after(later(rounded, capped), MUX), after(later(final, capped), MUX)
    if acc.ftz and state.floored and fmt.subnormals:
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


def keep_float(rounded: Number, negative: Path, term_flags: Path, state: FloatState) -> Path:
    """Return the way to a float register."""
    flags = after(later(rounded.flags, term_flags), GATE, 2)
    sign = after(later(rounded.zero, negative), MUX, 1 + state.shape.inf)
    return later(latest(rounded.significand), latest(rounded.exponent), flags, sign)


def accumulate_float(acc: FloatAcc, state: FloatState, term: Number, shape: NumberShape, adder: str) -> tuple[Path, Path]:
    """Return the ways to a float register to which a number is added, and to the sum before it is normalised."""
    total = add_float(term, shape, register(state.shape, term.flags.weights), state.shape, acc.random_bits, adder)
    rounded = normalise_and_round(
        enter(total.significand, NORMACC),
        enter(total.exponent, NORMACC),
        float_window(shape, state.shape, acc.random_bits) + 2,
        exponent_width(*sum_exponent_range(shape, state.shape)),
        acc,
        state,
        adder,
    )
    return keep_float(rounded, into(after(total.flags, XOR), NORMACC), into(term.flags, NORMACC), state), latest(total.significand)


def round_term(acc: FloatAcc, term: Number, shape: NumberShape, adder: str) -> Number:
    """Return the ways to a product that is rounded before it is added."""
    state, size = rounded_state(acc, shape), exponent_width(shape.exponent_low, shape.exponent_high)
    floor, bits = state.shape.exponent_low, shape.significand_bits + 1
    value, exponent, flags, _ = enter_number(term, NORMACC)
    if state.floored and shape.exponent_low < floor:
        # What lies below the format's range is shifted down to its floor.
        width = max(size[0], exponent_width(floor, floor)[0]) + 2
        room = ripple(width, HALF, exponent)
        distance = after(later(ripple(width, HALF, room).high, spread(room.high, width)), GATE)
        window = max(shape.significand_bits, acc.format.precision + 1)
        stages = min(width - 1, (window - 1).bit_length())
        aligned = shift(latest(value), even(distance), stages, shape.significand_bits, window)
        aligned = after(later(aligned, spread(tree(distance, width - stages), window)), GATE)
        value = Word(after(tree(aligned, window), GATE), aligned)
        exponent = even(after(spread(room.high, size[0]), GATE))
        bits = window + 2
    rounded = normalise_and_round(value, exponent, bits, size, acc, state, adder)
    zero = tree(latest(rounded.significand), acc.format.precision)
    return enter_number(rounded._replace(flags=after(later(rounded.flags, flags), GATE), zero=zero), ALIGNADD)
