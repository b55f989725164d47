"""Cells of the parts: mpy, alignadd and normacc, for the shapes that a unit's formats lead to.

Each function counts the component of the same name in the circuits; sizes come from `hwmodel.spec.ranges`, as they do there.
"""

from functools import lru_cache

from hwmodel.spec import FloatAcc, FloatFormat, IntFormat, Specials
from hwmodel.spec.ranges import FloatState, NumberShape, product_shape, rounded_state, rounding_exponent_bits

from .adders import add, add_low, add_or_subtract, compare_sum
from .cells import FLIP_FLOP, GATE2, INVERTER, MASK, MUX2, STRONG_MASK, WIDE, XOR2, Packed
from .multipliers import multiplier, multiplier_rows
from .rounder import bits_looked_at, round_significand
from .shifters import leading_zero_count, normalise, shift_right_sticky
from .tally import SIGNAL, ZERO, Bit, Tally, constant, extend, invert, signals, stuck


def exponent_width(low: int, high: int) -> tuple[int, bool]:
    """Return bits and signedness of an integer in ``low..high``."""
    if low >= 0:
        return high.bit_length(), False
    return 1 + max((-low - 1).bit_length(), high.bit_length() if high > 0 else 0), True


def number_width(shape: NumberShape) -> int:
    """Return the bits of an unpacked number."""
    exponent = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    return shape.significand_bits + exponent + shape.nan + shape.inf + shape.signed


def _exponent_operand(shape: NumberShape, width: int) -> bytes:
    """Return the exponent of a number as an adder's operand of `width` bits."""
    bits, signed = exponent_width(shape.exponent_low, shape.exponent_high)
    return extend(signals(bits), width, signed=signed)


@lru_cache(maxsize=1 << 14)
def mpy(
    a: NumberShape,
    b: NumberShape,
    normalised: bool,
    product_normalised: bool,
    multiplier_kind: str,
    adder: str,
    *,
    tells_zero: bool = False,
) -> Packed:
    """Count the multiplication of two unpacked numbers, which may be `normalised`, and so may their product."""
    tally, shape = Tally(), product_shape(a, b, normalised=product_normalised)
    bits = shape.significand_bits
    tally.cells += a.significand_bits * MASK  # nothing is multiplied unless valid
    tally.cells += multiplier(a.significand_bits, b.significand_bits, multiplier_kind, adder)
    high: Bit = ZERO
    if product_normalised:
        high = SIGNAL
        tally.cells += (bits - 2) * MUX2 + 2 * GATE2
    if normalised:
        tally.cells += GATE2
    elif tells_zero:
        tally.any_of(a.significand_bits)
        tally.any_of(b.significand_bits + 1)
    if shape.has_exponent:
        width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        add(tally, _exponent_operand(a, width), _exponent_operand(b, width), high)
    if shape.signed:
        tally.cells += GATE2 + (a.signed and b.signed) * XOR2
    if shape.nan:
        tally.cells += (1 + (a.nan and b.nan) + 2 * (a.inf + b.inf)) * GATE2
        for number, other in ((a, b), (b, a)):
            if other.inf and not normalised:
                tally.any_of(number.significand_bits)
        if shape.inf:
            tally.cells += (1 + (a.inf and b.inf)) * GATE2
    return tally.cells


def mpy_integer(a: IntFormat, b: IntFormat, width: int, lanes: int, multiplier_kind: str) -> tuple[Packed, int, int, int]:
    """Count the multiplication of pairs of integers into two rows for all.

    Returns
    -------
    counts, row_width, live, constant
        `live` of the rows' bits can be other than 0; the constant belongs to the rows' sum.
    """
    counts, rows, live, rest = multiplier_rows(a.width, b.width, a.signed, b.signed, width, multiplier_kind, lanes)
    return counts + lanes * a.width * MASK, rows, live, rest


def sum_exponent_range(term: NumberShape, acc: NumberShape) -> tuple[int, int]:
    """Return the range of the exponent of a sum."""
    return acc.exponent_low if acc.exponent_low > term.exponent_low else min(term.exponent_low, acc.exponent_low), max(
        term.exponent_high, acc.exponent_high
    )


def alignadd_float(term: NumberShape, acc: NumberShape, window: int, adder: str) -> Packed:
    """Count the addition of a number to a float accumulator in a window of so many bits."""
    own, other = exponent_width(term.exponent_low, term.exponent_high), exponent_width(acc.exponent_low, acc.exponent_high)
    return _alignadd_float(term.significand_bits, acc.significand_bits, own, other, window, term.signed or acc.signed, adder)


@lru_cache(maxsize=1 << 14)
def _alignadd_float(
    term_bits: int, acc_bits: int, term_exponent: tuple[int, bool], acc_exponent: tuple[int, bool], window: int, signed: bool, adder: str
) -> Packed:
    """Count it from the sizes alone, which are the same for many a shape."""
    tally, exponents = Tally(), (term_exponent, acc_exponent)
    width = max(bits + (not has_sign) for bits, has_sign in exponents) + 1
    term_operand, acc_operand = (extend(signals(bits), width, signed=has_sign) for bits, has_sign in exponents)
    add(tally, term_operand, invert(acc_operand), 1)
    distance = width - 1
    tally.cells += distance * XOR2 + 2 * GATE2

    # The larger: both at the top of the window. The smaller: the term one place lower.
    tally.cells += min(term_bits, acc_bits) * MUX2 + abs(term_bits - acc_bits) * GATE2
    depth = max(term_bits + 1, acc_bits)
    both = min(term_bits + 1, acc_bits) - 1
    tally.cells += both * MUX2 + (depth - both) * GATE2
    aligned = shift_right_sticky(tally, depth, distance, window)

    larger = [ZERO, *stuck(window - max(term_bits, acc_bits)), *signals(max(term_bits, acc_bits))]
    if signed:
        tally.cells += (1 + aligned + 1) * XOR2
        add_or_subtract(tally, larger, signals(window + 1), adder)
    else:
        add(tally, larger, signals(window + 1), ZERO, adder)
    tally.cells += (min(bits for bits, _ in exponents) + 1) * MUX2 + (abs(exponents[0][0] - exponents[1][0]) + 1) * GATE2 + XOR2
    return tally.cells


@lru_cache(maxsize=1 << 14)
def normacc_fixed(width: int, total_width: int, saturate: bool, resettable: bool) -> Packed:
    """Count overflow, saturation, register and flags of a fixed-point accumulator."""
    above = total_width - width + 1
    counted = (width + 2) * FLIP_FLOP + 5 * GATE2 + 2 * (above - 1) * WIDE
    if saturate:
        counted += width * (2 * GATE2 + INVERTER)  # an AND and an OR, of the complement
    if resettable:
        return counted + (2 * width + 2) * MASK
    return counted + width * (MASK if saturate else STRONG_MASK)


def round_term(acc: FloatAcc, term: NumberShape, adder: str) -> Packed:
    """Count the rounding of a product before it is added."""
    tally, state = Tally(), rounded_state(acc, term)
    shape, floor = state.shape, state.shape.exponent_low
    bits, exponent = term.significand_bits + 1, exponent_width(term.exponent_low, term.exponent_high)
    if state.floored and term.exponent_low < floor:
        width = max(exponent[0], exponent_width(floor, floor)[0]) + 2
        add(tally, extend(signals(exponent[0]), width, signed=exponent[1]), constant(-floor, width))
        add(tally, signals(width - 1), constant(0, width - 1), 1)
        tally.cells += (width - 1 + exponent[0]) * MASK
        window = max(term.significand_bits, acc.format.precision + 1)
        shift_right_sticky(tally, term.significand_bits, width - 1, window)
        bits = window + 2
    tally.any_of(shape.significand_bits if state.floored and acc.format.subnormals else 1)
    tally.cells += 2 * GATE2
    return tally.cells + normalise_and_round(bits, exponent, acc, state, adder)


def normacc_float(
    acc: FloatAcc, state: FloatState, significand: int, exponent_range: tuple[int, int], adder: str, resettable: bool
) -> Packed:
    """Count normalisation, rounding, register and packing of a float accumulator."""
    rounded = normalise_and_round(significand, exponent_width(*exponent_range), acc, state, adder)
    return rounded + keep_float(acc.format, state, resettable)


def keep_float(fmt: FloatFormat, state: FloatState, resettable: bool, zeros: int = 0) -> Packed:
    """Count the register of a float accumulator, and its packing; the lowest bits of its significand, so many, are always `zeros`."""
    shape, precision = state.shape, fmt.precision - zeros
    exponent = exponent_width(shape.exponent_low, shape.exponent_high) if shape.has_exponent else (0, False)
    bias = (shape.top + fmt.bias) & ((1 << fmt.exponent_bits) - 1)
    return _keep_float(fmt, precision, exponent, bias, shape.signed, shape.nan, shape.inf, state.floored, resettable)


@lru_cache(maxsize=1 << 14)
def _keep_float(
    fmt: FloatFormat,
    precision: int,
    exponent: tuple[int, bool],
    bias: int,
    signed: bool,
    nan: bool,
    inf: bool,
    floored: bool,
    resettable: bool,
) -> Packed:
    """Count the same from what matters of the register: its bits, what is added to its exponent as it is packed, and what else it holds."""
    tally, (width, exponent_signed) = Tally(), exponent
    held = precision + width + nan + inf + signed
    tally.cells += held * FLIP_FLOP
    # Fed back: the register or zero.
    tally.cells += (precision + signed + nan + inf + (width if floored else 0)) * MASK
    # Special values and the sign.
    tally.cells += (4 * nan + 2 * inf) * GATE2 + signed * (1 + 2 * inf) * MUX2
    if resettable:
        tally.cells += held * MASK
    # Packed to a code.
    add(tally, extend(signals(width), fmt.exponent_bits, signed=exponent_signed), constant(bias, fmt.exponent_bits))
    tally.cells += fmt.exponent_bits * MASK
    if inf or nan:
        tally.cells += (fmt.exponent_bits + precision - 1) * MASK + (inf and nan) * GATE2
    if fmt.specials is Specials.FNUZ:
        tally.any_of(precision + 1)
    return tally.cells


def normalise_and_round(
    bits: int,
    exponent: tuple[int, bool],
    acc: FloatAcc,
    state: FloatState,
    adder: str,
    *,
    headroom: int = 1,
    empty: int = 0,
    saturates: bool | None = None,
) -> Packed:
    """Count the normalisation and rounding of a magnitude of `bits` bits with `empty` more above it, which are 0."""
    fmt, shape = acc.format, state.shape
    saturates = acc.rounding == "rtz" or not fmt.has_nan if saturates is None else saturates
    floor = shape.exponent_low if state.floored else None
    limit = fmt.emax - shape.top if state.overflows else None
    kept = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    return _normalise_and_round(acc, bits, empty, exponent, headroom, kept, floor, limit, saturates, adder)


@lru_cache(maxsize=1 << 15)
def _normalise_and_round(
    acc: FloatAcc,
    bits: int,
    empty: int,
    exponent: tuple[int, bool],
    headroom: int,
    kept: int,
    floor: int | None,
    limit: int | None,
    saturates: bool,
    adder: str,
) -> Packed:
    """Count the same from what matters: `kept` bits of exponent, held against floor and limit, if any."""
    tally, fmt, length = Tally(), acc.format, bits + empty
    zeros, ends = (length - 1).bit_length(), [end for end in (floor, limit) if end is not None]
    width = rounding_exponent_bits(exponent, headroom, length, ends)
    gap = floor is not None and not fmt.subnormals
    placed, carry = _significand(bits, empty, fmt.precision, acc.rounding, adder, acc.random_bits, floor is not None, gap)
    if floor is not None:
        _mark(tally, length, width)
        tally.cells += kept * MASK
    if gap:
        tally.any_of(width)  # the lowest binade
    if limit is not None:
        tally.cells += 3 * GATE2
        if fmt.max_significand != (1 << fmt.precision) - 1:
            tally.cells += (fmt.precision + 1) * GATE2
        if saturates:
            tally.cells += (fmt.precision + kept) * GATE2
    if acc.ftz and floor is not None and fmt.subnormals:
        tally.cells += fmt.precision * MASK
    return placed + _exponent(exponent, headroom, width, zeros, carry, kept, floor, limit) + tally.cells


@lru_cache(maxsize=1 << 14)
def _significand(
    bits: int, empty: int, precision: int, rounding: str, adder: str, random_bits: int, floored: bool, gap: bool
) -> tuple[Packed, Bit]:
    """Count what normalises and rounds the magnitude itself; return the carry that leaves the top."""
    tally, length = Tally(), bits + empty
    if floored:
        tally.any_of(bits)  # what tells a sum of zero, whose exponent is the floor
    tally.cells += leading_zero_count(length if floored else bits)[0]
    normalise(tally, bits, (length - 1).bit_length(), bits_looked_at(precision, rounding, random_bits))
    carry = round_significand(tally, length, precision, rounding, adder, random_bits, gap)
    return tally.cells, carry


@lru_cache(maxsize=1 << 15)
def _exponent(
    exponent: tuple[int, bool], headroom: int, width: int, zeros: int, carry: Bit, kept: int, floor: int | None, limit: int | None
) -> Packed:
    """Count a sum's exponent: its headroom, less leading zeros, with the carry of the rounding; held against floor and limit, if any."""
    tally = Tally()
    add(tally, extend(signals(exponent[0]), width, signed=exponent[1]), constant(headroom, width))
    if floor is not None:
        add(tally, signals(width), constant(-floor, width))
    add(tally, signals(width), invert(extend(signals(zeros), width, signed=False)), 1)
    add_low(tally, signals(width), constant(0, width), carry, kept)
    if limit is not None:
        compare_sum(tally, signals(width), constant(-limit - 1, width))
    return tally.cells


def _mark(tally: Tally, length: int, width: int) -> None:
    """Count a one put into `length` bits where the floor of exponents lies, which `width` bits tell."""
    reach = min(length, 1 << width)
    low = (reach - 1).bit_length()
    half = low // 2
    tally.any_of(width - low)
    tally.cells += (1 << half) * max(half - 1, 0) * GATE2  # fine places
    tally.cells += (1 << (low - half)) * (low - half) * GATE2  # coarse places, near the floor
    tally.cells += 2 * reach * GATE2  # both, and the OR
