"""Cells of alignadd in fixed point, and of the exact sums in front of other accumulators.

Each function counts the component of the same name in `hwmodel_rtl.alignadd_fixed` and `hwmodel_rtl.sums`.
"""

from functools import lru_cache

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import NumberShape

from .blocks import add, any_of, compress, constant, extend, invert, leading_zero_count, shift_left, signals
from .parts import exponent_width
from .tally import SIGNAL, ZERO, Bit, Counts, Tally


@lru_cache(maxsize=1 << 14)
def alignadd_integer(row_width: int, row_constant: int, shift: int, width: int, total_width: int, adder: str) -> Counts:
    """Count the addition of products in two rows to a fixed-point accumulator of `width` bits, 0: to none."""
    tally = Tally()
    columns: list[list[Bit]] = [[] for _ in range(total_width)]
    for weight in range(width):
        columns[weight].append(SIGNAL)
    tally.inverter += width > 0
    for weight in (*range(shift, shift + row_width), *range(shift, shift + row_width)):
        if weight < total_width:
            columns[weight].append(SIGNAL)
    acc_constant = -(1 << (width - 1)) if width else 0
    add(tally, *compress(tally, columns, (row_constant << shift) + acc_constant), kind=adder)
    return tally.counts()


@lru_cache(maxsize=1 << 14)
def alignadd_fixed(shape: NumberShape, fixed: FixedPoint, total_width: int, rounding: str, adder: str) -> Counts:
    """Count the shift of a number to a fixed-point accumulator's grid, and the addition."""
    tally = Tally()
    magnitude, place, carries = _align_to_unit(tally, shape, fixed.fraction, rounding)
    aligned = extend([*constant(0, place), *signals(magnitude)], total_width, signed=False)
    if shape.signed:
        tally.xor2 += sum(bit == SIGNAL for bit in aligned)
        aligned = signals(total_width)
    add(tally, extend(signals(fixed.width), total_width, signed=True), aligned, SIGNAL if carries else ZERO, adder)
    return tally.counts()


@lru_cache(maxsize=1 << 14)
def alignadd_sum(
    shape: NumberShape,
    count: int,
    fixed: FixedPoint,
    total_width: int,
    rounding: str,
    adder: str,
    *,
    accumulates: bool,
    drops_specials: bool,
) -> Counts:
    """Count the shift of numbers to a fixed-point grid, and their addition in one tree, with that of the accumulator if there is one."""
    tally = Tally()
    columns: list[list[Bit]] = [[] for _ in range(total_width)]
    constant_sum = 0
    for _ in range(count):
        magnitude, place, carries = _align_to_unit(tally, shape, fixed.fraction, rounding, drops_specials=drops_specials)
        weights = [*range(place, place + magnitude)]
        if shape.signed:
            tally.xor2 += magnitude
            weights.append(place + magnitude)
            constant_sum -= 1 << (place + magnitude)
        for weight in (*weights, place) if carries else weights:
            if weight < total_width:
                columns[weight].append(SIGNAL)
    if accumulates:
        for weight in range(fixed.width):
            columns[weight].append(SIGNAL)
        constant_sum -= 1 << (fixed.width - 1)
    add(tally, *compress(tally, columns, constant_sum), kind=adder)
    return tally.counts()


def _align_to_unit(tally: Tally, shape: NumberShape, fraction: int, rounding: str, *, drops_specials: bool = True) -> tuple[int, int, bool]:
    """Count the shift of a number to a unit; return the bits of its magnitude, their place, and whether a carry goes with them."""
    amount, low = 0, shape.exponent_low
    if shape.has_exponent:
        amount, signed = exponent_width(shape.exponent_low, shape.exponent_high)
        if shape.exponent_low >= 0:
            low = 0
        else:
            width = (shape.exponent_high - shape.exponent_low).bit_length()
            add(tally, extend(signals(amount), width, signed=signed), constant(-shape.exponent_low, width))
            amount = width
    place = low + shape.top + 1 - shape.significand_bits + fraction
    if drops_specials and (shape.nan or shape.inf):
        tally.gate2 += shape.significand_bits + (shape.nan and shape.inf)
    reach = shape.magnitude.bit_length() + shape.lsb + fraction
    magnitude = shift_left(tally, shape.significand_bits, amount, max(reach - place, 1))
    inexact = shape.lsb + fraction < 0
    if place < 0:
        dropped = min(magnitude, -place)
        magnitude -= dropped
        if inexact:
            any_of(tally, dropped)
            tally.gate2 += 1 + (rounding == "rne")
        place = 0
    tally.xor2 += shape.signed and inexact
    return magnitude, place, shape.signed or inexact


@lru_cache(maxsize=1 << 14)
def unpack_sum(fixed: FixedPoint, shape: NumberShape, adder: str, *, normalised: bool) -> Counts:
    """Count sign and magnitude of an exact sum, and its normalisation; `shape` is that of the result."""
    tally, bits = Tally(), shape.significand_bits
    if shape.signed:
        tally.xor2 += bits
        add(tally, signals(bits), constant(0, bits), SIGNAL, adder)
        tally.gate2 += 2
        tally.mux2 += shape.inf
    if not normalised:
        any_of(tally, bits)
        return tally.counts()
    counter, zeros = leading_zero_count(bits)
    tally.include(counter)
    shift_left(tally, bits, zeros, bits)
    if shape.has_exponent:
        places = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        add(tally, constant(bits - 1, places), invert(signals(zeros)), 1)
    return tally.counts()


def sum_specials(shape: NumberShape, count: int) -> Counts:
    """Count what tells whether a sum of numbers is one, and the sign of a sum of zeros."""
    tally = Tally()
    any_of(tally, count * shape.nan)
    any_of(tally, count * shape.signed)
    if shape.inf:
        for _ in range(3):  # any infinity, any negative one, any positive one
            any_of(tally, count)
        tally.gate2 += 2 * count + 2
    return tally.counts()
