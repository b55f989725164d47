"""Codes to values and back, by the definition of each format."""

import numbers
from fractions import Fraction

from hwmodel.golden.options import check_options, nan_error, random_error
from hwmodel.spec import FloatFormat, Format, IntCoding, IntFormat, SpecError, Specials

from .value import NAN, Kind, Value


def decode(code: int, fmt: Format) -> Value:
    """Return what `code` means in `fmt`, exactly.

    Raises
    ------
    SpecError
        If `code` is not a code of `fmt`.
    """
    code = int(code)
    if not 0 <= code < 1 << fmt.width:
        raise SpecError(f"code {code} is not in 0..{(1 << fmt.width) - 1}, the codes of {fmt}")
    if isinstance(fmt, IntFormat):
        return _decode_int(code, fmt)
    negative = bool(code & fmt.sign_mask)
    magnitude_code = code & ~fmt.sign_mask
    if fmt.specials is Specials.FNUZ and code == fmt.sign_mask:
        return NAN
    if magnitude_code > fmt.max_finite_code:
        return Value(negative=negative, kind=Kind.INFINITE) if magnitude_code == fmt.inf_code else NAN
    return Value((-1 if negative else 1) * magnitude_of(magnitude_code, fmt), negative)


def magnitude_of(code: int, fmt: FloatFormat) -> Fraction:
    """Return the number that a code without its sign bit stands for, were no code special.

    This holds beyond the largest exponent field too, so it also numbers the values of `fmt` with an exponent range
    that has no end.
    """
    field, fraction = code >> fmt.fraction_bits, code & fmt.fraction_mask
    ulps = Fraction(fraction, 1 << fmt.fraction_bits)
    if code == 0:
        return Fraction(0)
    if field == 0 and fmt.subnormals:
        return ulps * Fraction(2) ** (1 - fmt.bias)
    return (1 + ulps) * Fraction(2) ** (field - fmt.bias)


def _decode_int(code: int, fmt: IntFormat) -> Value:
    sign_bit = 1 << (fmt.width - 1)
    match fmt.coding:
        case IntCoding.UNSIGNED:
            return Value.of(code)
        case IntCoding.TWOS_COMPLEMENT:
            return Value.of(code - ((code & sign_bit) << 1))
        case IntCoding.SIGN_MAGNITUDE:
            negative, magnitude = bool(code & sign_bit), code & (sign_bit - 1)
            return Value(Fraction(-magnitude if negative else magnitude), negative)


def encode(
    value: "Value | float | numbers.Rational",
    fmt: Format,
    rounding: str = "rne",
    overflow: str | None = None,
    nan: str = "error",
    random: int | None = None,
) -> int:
    """Return the code of `value` in `fmt` after one rounding.

    Parameters
    ----------
    value
        What to encode; floats and rationals are taken exactly.
    fmt
        Format of the code.
    rounding
        ``rne``, ``rna``, ``rtz``, ``rup``, ``rdn`` or ``sr<k>``.
    overflow
        ``sat`` or ``ieee``; None: the format's default. Judged after rounding with an exponent range that has no end.
    nan
        What a NaN becomes where the format has none: ``sat`` (the largest value), ``zero``, or ``error``.
    random
        The k-bit random integer of ``sr<k>``.

    Raises
    ------
    SpecError
        If an option is unknown or does not suit the format, or a NaN meets a format without one.
    """
    overflow, bits = check_options(fmt, rounding, overflow, nan)
    if bits is not None and (random is None or not 0 <= random < 1 << bits):
        raise random_error(rounding, bits)
    value = Value.of(value)
    if value.is_nan:
        if isinstance(fmt, FloatFormat) and fmt.nan_code is not None:
            return fmt.nan_code
        if nan == "error":
            raise nan_error(fmt)
        return 0 if nan == "zero" else largest_code(fmt, negative=False)
    if value.is_infinite:
        return _overflowed(fmt, value.negative, overflow, toward_zero=False)

    index = _round_magnitude(abs(value.number), fmt, rounding, value.negative, random)
    largest = _largest_index(fmt, value.negative)
    if index > largest:
        return _overflowed(fmt, value.negative, overflow, toward_zero=rounds_toward_zero(rounding, value.negative))
    return _with_sign(index, fmt, value.negative)


def rounds_toward_zero(rounding: str, negative: bool) -> bool:
    """Whether `rounding` moves a number of this sign toward zero: then it never reaches infinity (IEEE 754, 7.4)."""
    return rounding == "rtz" or rounding == ("rup" if negative else "rdn")


def largest_code(fmt: Format, negative: bool) -> int:
    """Return the code of the finite number farthest from zero on that side; 0 if there is none."""
    return _with_sign(_largest_index(fmt, negative), fmt, negative)


def _largest_index(fmt: Format, negative: bool) -> int:
    """How many steps of the format the largest number of this sign is away from zero."""
    if isinstance(fmt, IntFormat):
        return -fmt.min_value if negative else fmt.max_value
    return 0 if negative and not fmt.signed else fmt.max_finite_code


def _round_magnitude(magnitude: Fraction, fmt: Format, rounding: str, negative: bool, random: int | None) -> int:
    """Return the index of the rounded magnitude: an integer's magnitude, or a float's code without sign, without end."""
    number = Fraction if isinstance(fmt, IntFormat) else (lambda code: magnitude_of(code, fmt))
    below = int(magnitude) if isinstance(fmt, IntFormat) else _index_below(magnitude, fmt)
    low, high = number(below), number(below + 1)
    part = (magnitude - low) / (high - low)
    if part == 0:
        return below
    match rounding:
        case "rne":
            up = part > Fraction(1, 2) or (part == Fraction(1, 2) and below % 2 == 1)
        case "rna":
            up = part >= Fraction(1, 2)
        case "rtz":
            up = False
        case "rup":
            up = not negative
        case "rdn":
            up = negative
        case _:
            assert random is not None
            bits = int(rounding[2:])
            up = int(part * (1 << bits)) + random >= 1 << bits
    return below + up


def _index_below(magnitude: Fraction, fmt: FloatFormat) -> int:
    """Return the largest code c without sign, exponent range without end, with ``magnitude_of(c) <= magnitude``."""
    if magnitude < magnitude_of(1, fmt):
        return 0
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    exponent = max(exponent, fmt.emin)
    significand = int(magnitude / Fraction(2) ** (exponent - fmt.fraction_bits))
    # The hidden bit adds one to the exponent field, which a subnormal lacks.
    return ((exponent - fmt.emin) << fmt.fraction_bits) + significand - (0 if fmt.subnormals else 1 << fmt.fraction_bits)


def _with_sign(index: int, fmt: Format, negative: bool) -> int:
    if not negative:
        return index
    if isinstance(fmt, FloatFormat):
        if not fmt.signed:
            return 0
        return index if index == 0 and not fmt.has_negative_zero else index | fmt.sign_mask
    match fmt.coding:
        case IntCoding.UNSIGNED:
            return 0
        case IntCoding.TWOS_COMPLEMENT:
            return -index % (1 << fmt.width)
        case IntCoding.SIGN_MAGNITUDE:
            return index | 1 << (fmt.width - 1)


def _overflowed(fmt: Format, negative: bool, overflow: str, toward_zero: bool) -> int:
    """Return the code of a number that is infinite, or too large, of the given sign."""
    if isinstance(fmt, FloatFormat) and overflow == "ieee":
        if negative and not fmt.signed:
            return fmt.nan_code if fmt.nan_code is not None else 0
        if not toward_zero:
            if fmt.inf_code is not None:
                return fmt.inf_code | (fmt.sign_mask if negative else 0)
            assert fmt.nan_code is not None  # `check_options` refuses the rest
            return fmt.nan_code
    return largest_code(fmt, negative)
