"""Cells of exact sums in front of an accumulator, and of the scales of blocks.

Each function counts the component of the same name in `hwmodel_rtl.sums` and `hwmodel_rtl.scale`.
"""

from functools import lru_cache

from hwmodel.spec import FixedPoint
from hwmodel.spec.dataflow import scaled_shape
from hwmodel.spec.ranges import NumberShape

from .adders import add
from .alignadd_fixed import alignadd_sum
from .cells import FLIP_FLOP, GATE2, MASK, MUX2, XOR2, Packed
from .parts import exponent_width, mpy
from .shifters import leading_zero_count, normalise
from .tally import SIGNAL, Tally, constant, extend, invert, signals


@lru_cache(maxsize=1 << 14)
def unpack_sum(shape: NumberShape, adder: str, *, normalised: bool) -> Packed:
    """Count sign and magnitude of an exact sum, and its normalisation; `shape` is that of the result."""
    tally, bits = Tally(), shape.significand_bits
    if shape.signed:
        tally.cells += bits * XOR2
        add(tally, signals(bits), constant(0, bits), SIGNAL, adder)
        tally.cells += 2 * normalised * GATE2 + shape.inf * MUX2
    if not normalised:
        return tally.cells
    counter, zeros = leading_zero_count(bits)
    tally.cells += counter
    normalise(tally, bits, zeros)
    if shape.has_exponent:
        places = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        add(tally, constant(bits - 1, places), invert(signals(zeros)), 1)
    return tally.cells


@lru_cache(maxsize=1 << 14)
def sum_products(
    product: NumberShape, number: int, fixed: FixedPoint, shape: NumberShape, adder: str, *, normalised: bool, accumulates: bool
) -> tuple[Packed, Packed]:
    """Count the exact sum of so many products, which leaves as `shape`: what of it is in alignadd, and what in normacc."""
    added = alignadd_sum(product, number, fixed, fixed.width, "floor", adder, accumulates=accumulates, drops_specials=False)
    return added + unpack_sum(shape, adder, normalised=normalised), sum_specials(product, number)


def sum_specials(shape: NumberShape, count: int) -> Packed:
    """Count what tells whether a sum of numbers is one, and the sign of a sum of zeros."""
    tally = Tally()
    tally.any_of(count * shape.nan)
    tally.any_of(count * shape.signed)
    if shape.inf:
        for _ in range(3):  # any infinity, any negative one, any positive one
            tally.any_of(count)
        tally.cells += (2 * count + 2) * GATE2
    return tally.cells


def keep_sum(fixed: FixedPoint, shape: NumberShape) -> Packed:
    """Count the register of a block's sum, and of what it is besides a number."""
    flags = shape.nan + shape.inf + (shape.inf and shape.signed)
    tally = Tally()
    tally.cells += (fixed.width + flags) * FLIP_FLOP + fixed.width * MASK + (2 * flags + 2 * shape.inf) * GATE2
    tally.cells += (shape.inf and shape.signed) * MUX2
    return tally.cells


@lru_cache(maxsize=1 << 14)
def scale_number(number: NumberShape, scale: NumberShape, multiplier: str, adder: str, *, normalised: bool, can_be_zero: bool) -> Packed:
    """Count the multiplication of a number by a block's scale; a power of two only adds exponents."""
    if scale.significand_bits > 1:
        return mpy(number, scale, normalised, normalised, multiplier, adder)
    tally, shape = Tally(), scaled_shape(number, scale, normalised=normalised)
    tally.cells += (number.significand_bits + normalised) * can_be_zero * MASK
    if shape.has_exponent:
        width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        add(tally, _exponent(number, width), _exponent(scale, width))
    tally.cells += (number.nan and scale.nan) * GATE2
    return tally.cells


def _exponent(shape: NumberShape, width: int) -> bytes:
    bits, signed = exponent_width(shape.exponent_low, shape.exponent_high)
    return extend(signals(bits), width, signed=signed) if shape.has_exponent else constant(shape.exponent_low, width)


def only_while(shape: NumberShape) -> Packed:
    """Count what makes a number -0 unless it is to be added."""
    return (shape.significand_bits + shape.nan + shape.inf + shape.signed) * MASK + GATE2
