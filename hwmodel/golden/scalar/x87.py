"""The 80-bit format of the x87: as any IEEE float, but that the hidden bit is in the code."""

from fractions import Fraction

from hwmodel.spec import X87Format

from .floats import round_magnitude
from .rounding import rounds_toward_zero
from .value import NAN, Kind, Value


def decode(code: int, fmt: X87Format) -> Value:
    """Pseudo-denormals (field 0, integer bit 1) are numbers; with any other field, a missing integer bit makes the code invalid: NaN."""
    negative = bool(code & fmt.sign_mask)
    field, significand = (code & ~fmt.sign_mask) >> fmt.precision, code & fmt.significand_mask
    if field and not significand >> fmt.fraction_bits:
        return NAN
    if field == fmt.exponent_mask:
        return NAN if significand & fmt.fraction_mask else Value(negative=negative, kind=Kind.INFINITE)
    magnitude = significand * Fraction(2) ** (max(field, 1) - fmt.bias - fmt.fraction_bits)
    return Value(-magnitude if negative else magnitude, negative)


def encode(value: Value, fmt: X87Format, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number or an infinity."""
    step = fmt.max_step + 1 if value.is_infinite else round_magnitude(abs(value.number), fmt, rounding, value.negative, random)
    if step > fmt.max_step:
        stays = overflow == "sat" or (value.is_finite and rounds_toward_zero(rounding, value.negative))
        step = fmt.max_step + (not stays)
    field, fraction = step >> fmt.fraction_bits, step & fmt.fraction_mask
    sign = fmt.sign_mask if value.negative else 0
    return sign | field << fmt.precision | int(field > 0) << fmt.fraction_bits | fraction


def largest_code(fmt: X87Format) -> int:
    return encode(Value(kind=Kind.INFINITE), fmt, "rne", "sat", None)
