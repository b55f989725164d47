"""What codes mean, over arrays: by arithmetic on their fields, one function a family."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntCoding, IntFormat, LogFormat, PositFormat, Specials

from .arrays import Array
from .rounding import bit_length

FINITE, INFINITE, NAN = np.uint8(0), np.uint8(1), np.uint8(2)

LOG_PRECISION = 53
"""Bits of the significand of a power of two, as a value: those of float64."""

Parts = tuple[Array, Array, Array, Array]
"""Significand (signed), exponent, sign and kind, as in `hwmodel.golden.terms.Terms`."""


def unpack_codes(codes: Array, fmt: Format) -> Parts:
    """Return what codes mean.

    Parameters
    ----------
    codes : (...,) uint64
        Codes of `fmt`, in range.
    """
    match fmt:
        case IntFormat():
            return _integers(codes.astype(np.int64), fmt)
        case FloatFormat():
            return _floats(codes, fmt)
        case PositFormat():
            return _posits(codes.astype(np.int64), fmt)
        case LogFormat():
            return _powers(codes.astype(np.int64), fmt)
        case CodebookFormat():
            return _entries(codes, fmt)
        case _:
            raise ValueError(f"{fmt} is too wide for int64")


def _integers(codes: Array, fmt: IntFormat) -> Parts:
    sign_bit = 1 << (fmt.width - 1)
    match fmt.coding:
        case IntCoding.UNSIGNED:
            value, negative = codes, np.zeros(codes.shape, bool)
        case IntCoding.TWOS_COMPLEMENT:
            value = codes - ((codes & sign_bit) << 1)
            negative = value < 0
        case IntCoding.SIGN_MAGNITUDE:
            negative = (codes & sign_bit) != 0
            value = np.where(negative, -(codes & (sign_bit - 1)), codes)
    return value, np.zeros(codes.shape, np.int64), negative, np.zeros(codes.shape, np.uint8)


def _floats(codes: Array, fmt: FloatFormat) -> Parts:
    sign_mask = np.uint64(fmt.sign_mask)
    negative = (codes & sign_mask) != 0
    steps = (codes & ~sign_mask).astype(np.int64)
    significand, exponent = float_magnitudes(steps, fmt)

    kind = np.zeros(codes.shape, np.uint8)
    if fmt.specials in (Specials.IEEE, Specials.FN):
        kind[steps > fmt.max_finite_code] = NAN
        if fmt.inf_code is not None:
            kind[steps == fmt.inf_code] = INFINITE
    elif fmt.specials is Specials.FNUZ:
        kind[codes == sign_mask] = NAN
    if fmt.has_nan:
        negative &= kind != NAN
        significand[kind != FINITE] = 0
    return np.where(negative, -significand, significand), exponent, negative, kind


def float_magnitudes(steps: Array, fmt: FloatFormat) -> tuple[Array, Array]:
    """Return the significands and exponents of codes without sign, int64, were no code special and exponents without end."""
    field = steps >> fmt.fraction_bits
    fraction = steps & fmt.fraction_mask
    first_hidden = 1 << fmt.fraction_bits if fmt.subnormals else int(fmt.zero)
    has_hidden = steps >= first_hidden
    significand = np.where(has_hidden, fraction | (1 << fmt.fraction_bits), fraction)
    exponent = (np.where(field > 0, field, 1 - fmt.halved) if fmt.subnormals else field) - (fmt.bias + fmt.fraction_bits)
    return significand, exponent


def _posits(codes: Array, fmt: PositFormat) -> Parts:
    negative = codes > fmt.nan_code
    number = (codes != 0) & (codes != fmt.nan_code)
    steps = np.where(number, np.where(negative, (1 << fmt.width) - codes, codes), 1)
    significand, exponent = posit_magnitudes(steps, fmt.width, fmt.exponent_bits)
    significand = np.where(number, np.where(negative, -significand, significand), 0)
    return significand, np.where(number, exponent, 0), negative, np.where(codes == fmt.nan_code, NAN, FINITE)


def posit_magnitudes(codes: Array, width: int, exponent_bits: int) -> tuple[Array, Array]:
    """Return the significands, all with the same number of bits, and exponents of positive posits, int64."""
    exponent, fraction, fraction_bits = tapered_fields(codes, width, exponent_bits)
    longest = max(width - 3 - exponent_bits, 0)
    return (1 << longest) + (fraction << longest >> fraction_bits), exponent - longest


def tapered_fields(codes: Array, width: int, exponent_bits: int) -> tuple[Array, Array, Array]:
    """Return regime and exponent in one, the fraction, and how many bits it is taken to have, of positive codes, int64.

    All that stands behind the regime counts as fraction bits: as though the exponent bits were followed by so many more zeros.
    """
    body_bits = width - 1
    ones = codes >> (body_bits - 1) == 1
    run = body_bits - bit_length(np.where(ones, ~codes & ((1 << body_bits) - 1), codes))
    rest_bits = np.maximum(body_bits - run - 1, 0)
    mask = (np.int64(1) << rest_bits) - 1
    rest = (codes & mask) << exponent_bits
    regime = np.where(ones, run - 1, -run)
    return (regime << exponent_bits) + (rest >> rest_bits), rest & mask, rest_bits


def _powers(codes: Array, fmt: LogFormat) -> Parts:
    log, negative, kind = logs_of(codes, fmt)
    significand, exponent = power_magnitudes(log, fmt.step_bits)
    number = (codes != 0) & (kind == FINITE)
    return np.where(number, np.where(negative, -significand, significand), 0), np.where(number, exponent, 0), negative, kind


def logs_of(codes: Array, fmt: LogFormat) -> tuple[Array, Array, Array]:
    """Return the logarithms in steps of 1/γ (0 for zero and for what is not a real), the signs, and the kinds."""
    negative = codes > fmt.nan_code
    number = (codes != 0) & (codes != fmt.nan_code)
    mirrored = codes - fmt.nan_code if fmt.regime_exponent_bits is None else 2 * fmt.nan_code - codes
    steps = np.where(number, np.where(negative, mirrored, codes), 1)
    return np.where(number, step_logs(steps, fmt), 0), negative, np.where(codes == fmt.nan_code, NAN, FINITE)


def step_logs(steps: Array, fmt: LogFormat) -> Array:
    """Return the logarithms, in steps of 1/γ, of the magnitudes that are so many places above zero."""
    if fmt.regime_exponent_bits is None:
        return steps - (1 << (fmt.width - 2))
    return tapered_logs(steps, fmt.width, fmt.regime_exponent_bits, fmt.step_bits)


def tapered_logs(codes: Array, width: int, exponent_bits: int, step_bits: int) -> Array:
    """Return the logarithms, in steps of ``2**-step_bits``, of positive codes that read as posits."""
    exponent, fraction, fraction_bits = tapered_fields(codes, width, exponent_bits)
    return (exponent << step_bits) + (fraction << step_bits >> fraction_bits)


def power_magnitudes(log: Array, step_bits: int) -> tuple[Array, Array]:
    """Return ``2**(log / 2**step_bits)`` rounded to nearest with 53 bits: significands and exponents, int64."""
    floors = root_floors(step_bits)[log & ((1 << step_bits) - 1)]
    return (floors + 1) >> 1, (log >> step_bits) - (LOG_PRECISION - 1)


@lru_cache(maxsize=16)
def root_floors(step_bits: int) -> Array:
    """Return ``floor(2**(i / 2**step_bits) * 2**53)`` for each i below ``2**step_bits``, int64; exact only for i = 0."""
    floors = []
    for part in range(1 << step_bits):
        number = 1 << (part + (LOG_PRECISION << step_bits))
        for _ in range(step_bits):
            number = math.isqrt(number)
        floors.append(number)
    return np.array(floors, np.int64)


def _entries(codes: Array, fmt: CodebookFormat) -> Parts:
    lowest_bits = [(abs(e.numerator) & -abs(e.numerator)).bit_length() - e.denominator.bit_length() if e else 0 for e in fmt.entries]
    exponent = np.array(lowest_bits, np.int64)[codes]
    significands = [int(entry / Fraction(2) ** low) for entry, low in zip(fmt.entries, lowest_bits, strict=True)]
    significand = np.array(significands, np.int64)[codes]
    return significand, exponent, significand < 0, np.zeros(codes.shape, np.uint8)
