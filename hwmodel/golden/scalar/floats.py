"""Binary floating point: every minifloat, and the IEEE formats.

A *step* is a code without its sign. Steps number the magnitudes of a format in their order, and go on where its codes end:
step ``max_finite_code + 1`` is the next number, were the exponent range without end.
"""

from fractions import Fraction
from functools import lru_cache

from hwmodel.spec import FloatFormat, Specials, X87Format

from .rounding import compare, rounds_away, rounds_away_at_random, rounds_toward_zero
from .value import NAN, Kind, Value, dyadic


def decode(code: int, fmt: FloatFormat) -> Value:
    negative = bool(code & fmt.sign_mask)
    step = code & ~fmt.sign_mask
    if fmt.specials is Specials.FNUZ and code == fmt.sign_mask:
        return NAN
    if step > fmt.max_finite_code:
        return Value(negative=negative, kind=Kind.INFINITE) if step == fmt.inf_code else NAN
    return Value((-1 if negative else 1) * magnitude_of(step, fmt), negative)


@lru_cache(maxsize=1 << 14)
def magnitude_of(step: int, fmt: FloatFormat | X87Format) -> Fraction:
    """Return the magnitude that `step` stands for, were no code special."""
    field, fraction = step >> fmt.fraction_bits, step & fmt.fraction_mask
    if step == 0 and fmt.zero:
        return Fraction(0)
    if field == 0 and fmt.subnormals:
        return dyadic(fraction, fmt.emin - fmt.halved - fmt.fraction_bits)
    return dyadic((1 << fmt.fraction_bits) + fraction, field - fmt.bias - fmt.fraction_bits)


def encode(value: Value, fmt: FloatFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number or an infinity; `random` is None unless `rounding` is stochastic."""
    if value.negative and not fmt.signed:
        return _below_zero(value, fmt, rounding, overflow, random)
    sign = fmt.sign_mask if value.negative else 0
    step = fmt.max_finite_code + 1 if value.is_infinite else round_magnitude(abs(value.number), fmt, rounding, value.negative, random)
    if step > fmt.max_finite_code:
        stays = overflow == "sat" or (value.is_finite and rounds_toward_zero(rounding, value.negative))
        if not stays:
            assert fmt.nan_code is not None  # `check_options` refuses the rest
            return fmt.nan_code if fmt.inf_code is None else fmt.inf_code | sign
        step = fmt.max_finite_code
    return step if step == 0 and not fmt.has_negative_zero else step | sign


def largest_code(fmt: FloatFormat) -> int:
    return fmt.max_finite_code


def _below_zero(value: Value, fmt: FloatFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number with a minus sign where there is none: code 0 if it rounds to zero."""
    if value.is_zero or overflow == "sat":
        return 0
    if value.is_finite and fmt.zero and round_magnitude(-value.number, fmt, rounding, True, random) == 0:
        return 0
    assert fmt.nan_code is not None
    return fmt.nan_code


def round_magnitude(magnitude: Fraction, fmt: FloatFormat | X87Format, rounding: str, negative: bool, random: int | None) -> int:
    """Return the step of the rounded magnitude, as though steps had no end."""
    below = _step_below(magnitude, fmt)
    low = magnitude_of(below, fmt)
    if compare(magnitude, low) <= 0:  # less only where there is no zero: the first number stands for all below it
        return below
    if random is not None:
        part = (magnitude - low) / (magnitude_of(below + 1, fmt) - low)
        return below + rounds_away_at_random(part, int(rounding[2:]), random)
    return below + rounds_away(rounding, compare(magnitude, _middle_above(below, fmt)), below % 2 == 1, negative)


@lru_cache(maxsize=1 << 14)
def _middle_above(step: int, fmt: FloatFormat | X87Format) -> Fraction:
    return (magnitude_of(step, fmt) + magnitude_of(step + 1, fmt)) / 2


def _step_below(magnitude: Fraction, fmt: FloatFormat | X87Format) -> int:
    """Return the largest step whose magnitude is not above `magnitude`; 0 if there is none."""
    if compare(magnitude, magnitude_of(1, fmt)) < 0:
        return 0
    hidden = 1 << fmt.fraction_bits
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if _units(magnitude, exponent) == 0:
        exponent -= 1
    if exponent < fmt.emin:
        # Subnormals. Those worth half end below the smallest normal number, and a gap follows.
        return min(_units(magnitude, fmt.lsb_exponent), hidden - 1)
    significand = _units(magnitude, exponent - fmt.fraction_bits)
    # The field of the lowest normal binade is 1, or 0 where there are no subnormals; the hidden bit is not in the code.
    return ((exponent - fmt.emin + fmt.subnormals) << fmt.fraction_bits) + significand - hidden


def _units(magnitude: Fraction, exponent: int) -> int:
    """Return ``floor(magnitude / 2**exponent)``."""
    numerator, denominator = magnitude.numerator, magnitude.denominator
    return (numerator << -exponent) // denominator if exponent < 0 else numerator // (denominator << exponent)
