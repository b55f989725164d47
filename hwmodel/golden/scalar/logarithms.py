"""Logarithmic formats: the code is a sign and a logarithm, the value a power of two.

Most powers are irrational. As a value, a code is worth the power rounded to nearest with a significand of 53 bits (a float64, where
one reaches so far). Which code a number becomes is decided by the exact powers.
"""

import math
from bisect import bisect_right
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import LogFormat

from .posits import tapered
from .rounding import rounds_away
from .value import NAN, Value, dyadic

PRECISION = 53
"""Bits of a code's value: those of float64."""


class Log(NamedTuple):
    """A number ``±2**(log/γ)``, if `is_zero` and `is_nan` are false; `log` is 0 if one is true."""

    is_zero: bool
    is_nan: bool
    negative: bool
    log: int


def log_of(code: int, fmt: LogFormat) -> Log:
    """Return sign and logarithm of a code, the logarithm in steps of 1/γ."""
    if code in (0, fmt.nan_code):
        return Log(code == 0, code != 0, False, 0)
    negative = code > fmt.nan_code
    return Log(False, False, negative, _log_of_step(_step(code, fmt), fmt))


def decode(code: int, fmt: LogFormat) -> Value:
    """Return the power of two, rounded to 53 bits."""
    is_zero, is_nan, negative, log = log_of(code, fmt)
    if is_nan:
        return NAN
    if is_zero:
        return Value()
    magnitude = power(log, fmt.step_bits)
    return Value(-magnitude if negative else magnitude, negative)


def encode(value: Value, fmt: LogFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number (an infinity is not a real), never 0 or ``10…0`` for a number that is not zero.

    Nearest is nearest in logarithm. The directed roundings take as neighbours what `decode` gives.
    """
    if value.is_infinite:
        return fmt.nan_code
    if value.is_zero:
        return 0
    magnitude = abs(value.number)
    below = bisect_right(range(1, fmt.nan_code), magnitude, key=lambda step: power(_log_of_step(step, fmt), fmt.step_bits))
    if below == 0:
        step = 1
    elif below == fmt.nan_code - 1 or magnitude == power(_log_of_step(below, fmt), fmt.step_bits):
        step = below
    else:
        beyond = compare_power(magnitude, _boundary(below, fmt), fmt.step_bits + 1)
        step = below + rounds_away(rounding, beyond, below % 2 == 1, value.negative)
    return _code(step, fmt, value.negative)


def largest_code(fmt: LogFormat) -> int:
    return fmt.nan_code - 1


@lru_cache(maxsize=1 << 14)
def power(log: int, step_bits: int) -> Fraction:
    """Return ``2**(log / 2**step_bits)``, rounded to nearest with 53 bits."""
    octave, part = divmod(log, 1 << step_bits)
    # One bit more than is kept says which way to round: a power that is not a whole one is irrational, never midway.
    return dyadic((_root(part, step_bits) + 1) >> 1, octave - PRECISION + 1)


@lru_cache(maxsize=1 << 10)
def _root(part: int, step_bits: int) -> int:
    """Return the floor of ``2**(part / 2**step_bits) * 2**PRECISION``: repeated square roots of an integer."""
    number = 1 << (part + (PRECISION << step_bits))
    for _ in range(step_bits):
        number = math.isqrt(number)
    return number


def compare_power(magnitude: Fraction, log: int, step_bits: int) -> int:
    """Return -1, 0 or 1 as `magnitude` is below, equal to, or above ``2**(log / 2**step_bits)``, by raising both to a whole power."""
    octave = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    scaled, log = magnitude / Fraction(2) ** octave, log - (octave << step_bits)  # only to keep the integers short
    left, right = scaled.numerator ** (1 << step_bits), scaled.denominator ** (1 << step_bits)
    left, right = (left << -log, right) if log < 0 else (left, right << log)
    return (left > right) - (left < right)


def _log_of_step(step: int, fmt: LogFormat) -> int:
    """Return the logarithm, in steps of 1/γ, of the number that is `step` places above zero."""
    if fmt.regime_exponent_bits is None:
        return step - (1 << (fmt.width - 2))
    return _tapered_log(step, fmt.width, fmt.regime_exponent_bits, fmt.step_bits)


def _boundary(step: int, fmt: LogFormat) -> int:
    """Return the logarithm, in steps of 1/2γ, that divides `step` from the next; in a tapered format the code of one more bit says."""
    if fmt.regime_exponent_bits is None:
        return 2 * _log_of_step(step, fmt) + 1
    return _tapered_log(2 * step + 1, fmt.width + 1, fmt.regime_exponent_bits, fmt.step_bits + 1)


def _tapered_log(code: int, width: int, exponent_bits: int, step_bits: int) -> int:
    exponent, fraction, fraction_bits = tapered(code, width, exponent_bits)
    return (exponent << step_bits) + (fraction << (step_bits - fraction_bits))


def _step(code: int, fmt: LogFormat) -> int:
    """Return how many places above zero the magnitude of `code` stands."""
    if code < fmt.nan_code:
        return code
    return code - fmt.nan_code if fmt.regime_exponent_bits is None else 2 * fmt.nan_code - code


def _code(step: int, fmt: LogFormat, negative: bool) -> int:
    if not negative:
        return step
    return step + fmt.nan_code if fmt.regime_exponent_bits is None else 2 * fmt.nan_code - step
