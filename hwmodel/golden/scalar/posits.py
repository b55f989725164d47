"""Posits: Posit Standard (2022), with any number of exponent bits."""

from bisect import bisect_right
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import PositFormat

from .rounding import compare, rounds_away
from .value import NAN, Value, dyadic


class Tapered(NamedTuple):
    """What a code of a tapered format says: ``exponent + fraction / 2**fraction_bits``, a logarithm or nearly one."""

    exponent: int
    fraction: int
    fraction_bits: int


def tapered(code: int, width: int, exponent_bits: int) -> Tapered:
    """Read regime, exponent and fraction of a code between 0 and ``2**(width-1)``, both excluded (standard, section 3.3)."""
    body = f"{code:0{width - 1}b}"
    run = len(body) - len(body.lstrip(body[0]))
    regime = run - 1 if body[0] == "1" else -run
    rest = body[run + 1 :]  # behind the bit that ends the regime, if there is one
    exponent = int("0" + rest[:exponent_bits].ljust(exponent_bits, "0"), 2)  # bits that are cut off are 0
    fraction = rest[exponent_bits:]
    return Tapered((regime << exponent_bits) + exponent, int("0" + fraction, 2), len(fraction))


@lru_cache(maxsize=1 << 16)
def magnitude_of(code: int, width: int, exponent_bits: int) -> Fraction:
    """Return the number that a code between 0 and ``2**(width-1)``, both excluded, stands for."""
    exponent, fraction, fraction_bits = tapered(code, width, exponent_bits)
    return dyadic((1 << fraction_bits) + fraction, exponent - fraction_bits)


def decode(code: int, fmt: PositFormat) -> Value:
    if code == fmt.nan_code:
        return NAN
    if code == 0:
        return Value()
    negative = code > fmt.nan_code
    magnitude = magnitude_of((1 << fmt.width) - code if negative else code, fmt.width, fmt.exponent_bits)
    return Value(-magnitude if negative else magnitude, negative)


def encode(value: Value, fmt: PositFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number (an infinity is not a real), never 0 or NaR for a number that is not zero.

    The boundary between two neighbours is the posit of one more bit that lies between them (standard, section 4.1): where exponent
    bits are cut off, that is not the arithmetic mean.
    """
    if value.is_infinite:
        return fmt.nan_code
    if value.is_zero:
        return 0
    magnitude = abs(value.number)
    # How many posits there are from minpos up to the magnitude is the code of the last of them.
    below = bisect_right(range(1, fmt.nan_code), magnitude, key=lambda code: magnitude_of(code, fmt.width, fmt.exponent_bits))
    if below == 0:
        step = 1
    elif below == fmt.nan_code - 1 or magnitude == magnitude_of(below, fmt.width, fmt.exponent_bits):
        step = below
    else:
        boundary = magnitude_of(2 * below + 1, fmt.width + 1, fmt.exponent_bits)
        step = below + rounds_away(rounding, compare(magnitude, boundary), below % 2 == 1, value.negative)
    return (1 << fmt.width) - step if value.negative else step


def largest_code(fmt: PositFormat) -> int:
    return fmt.nan_code - 1
