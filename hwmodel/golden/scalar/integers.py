"""Two's complement, unsigned, and sign and magnitude."""

from fractions import Fraction

from hwmodel.spec import IntCoding, IntFormat

from .rounding import compare, rounds_away, rounds_away_at_random
from .value import Value


def decode(code: int, fmt: IntFormat) -> Value:
    sign_bit = 1 << (fmt.width - 1)
    match fmt.coding:
        case IntCoding.UNSIGNED:
            return Value.of(code)
        case IntCoding.TWOS_COMPLEMENT:
            return Value.of(code - ((code & sign_bit) << 1))
        case IntCoding.SIGN_MAGNITUDE:
            negative, magnitude = bool(code & sign_bit), code & (sign_bit - 1)
            return Value(Fraction(-magnitude if negative else magnitude), negative)


def encode(value: Value, fmt: IntFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number or an infinity: rounded to an integer, then saturated."""
    if value.is_infinite:
        return largest_code(fmt, value.negative)
    magnitude = abs(value.number)
    whole = int(magnitude)
    part = magnitude - whole
    if random is not None:
        whole += rounds_away_at_random(part, int(rounding[2:]), random)
    elif part:
        whole += rounds_away(rounding, compare(part, Fraction(1, 2)), whole % 2 == 1, value.negative)
    return _code(min(whole, _largest(fmt, value.negative)), fmt, value.negative)


def largest_code(fmt: IntFormat, negative: bool = False) -> int:
    """Return the code of the number farthest from zero on that side; 0 if there is none."""
    return _code(_largest(fmt, negative), fmt, negative)


def _largest(fmt: IntFormat, negative: bool) -> int:
    return -fmt.min_value if negative else fmt.max_value


def _code(magnitude: int, fmt: IntFormat, negative: bool) -> int:
    match fmt.coding:
        case IntCoding.SIGN_MAGNITUDE:
            return magnitude | int(negative) << (fmt.width - 1)
        case IntCoding.TWOS_COMPLEMENT:
            return (-magnitude if negative else magnitude) % (1 << fmt.width)
        case IntCoding.UNSIGNED:
            return magnitude
