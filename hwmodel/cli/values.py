"""Numbers as people write them, read and written exactly."""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hwmodel.spec import SpecError

if TYPE_CHECKING:
    from hwmodel.golden.scalar.value import Value

MAX_EXPONENT = 20_000
"""Powers of ten or two beyond which a number is not read: far outside every format."""

MAX_DIGITS = 4_000
"""Digits beyond which a number is not read: Python itself stops at 4,300."""

_HEX = re.compile(r"0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?", re.ASCII)


class _TooFar(Exception):
    """A number whose exponent or length nobody needs."""


def parse_value(text: str) -> "Value":
    """Return the number that `text` writes, exactly: decimal, hexadecimal (``0x1.8p-3``), ``a/b``, ``inf`` or ``nan``.

    Raises
    ------
    SpecError
        If it writes none.
    """
    from hwmodel.golden.scalar.value import NAN, Kind, Value

    key = text.strip().lower().replace("_", "")
    sign, magnitude = (key[0], key[1:]) if key[:1] in ("+", "-") else ("", key)
    negative = sign == "-"
    if magnitude == "nan":
        return NAN
    if magnitude in ("inf", "infinity"):
        return Value(negative=negative, kind=Kind.INFINITE)
    try:
        number = _magnitude(magnitude)
    except _TooFar:
        shown = text if len(text) <= 30 else f"{text[:27]}..."
        raise SpecError(f"{shown!r} is beyond 10^±{MAX_EXPONENT}, far outside every format; write inf or 0") from None
    if number is None:
        raise SpecError(f"{text!r} is not a number; write it as 1.5, -2e-3, 0x1.8p-3, 1/3, inf or nan")
    return Value(-number if negative else number, negative)


def _magnitude(text: str) -> Fraction | None:
    if (match := _HEX.fullmatch(text)) and match[1] + match[2]:
        power = Decimal(match[3] or 0)
        if abs(power) > MAX_EXPONENT or len(match[1]) > MAX_DIGITS:
            raise _TooFar
        return Fraction(int(match[1] + match[2], 16)) * Fraction(2) ** (int(power) - 4 * len(match[2]))
    if re.fullmatch(r"\d+/\d+", text, re.ASCII):
        if len(text) > MAX_DIGITS:
            raise _TooFar
        top, bottom = (int(part) for part in text.split("/"))
        return Fraction(top, bottom) if bottom else None
    if re.fullmatch(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.ASCII):
        power = Decimal(text.partition("e")[2] or 0)
        if abs(power) > MAX_EXPONENT or len(text) > MAX_DIGITS:
            raise _TooFar
        return Fraction(Decimal(text))
    return None


def parse_code(text: str, name: str, width: int) -> int:
    """Return the code that `text` writes (``0x7e``, ``0b01111110`` or ``126``) in the format `name`.

    Raises
    ------
    SpecError
        If it writes none, or one of more than `width` bits.
    """
    try:
        code = int(text.strip(), 0 if text.strip()[:2].lower() in ("0x", "0b", "0o") else 10)
    except ValueError:
        raise SpecError(f"{text!r} is not a code; write it as 0x7e, 0b01111110 or 126") from None
    if not 0 <= code < 1 << width:
        raise SpecError(f"code {text} is not in 0x0..{(1 << width) - 1:#x}, the codes of {name}")
    return code


def code_text(code: int, width: int) -> str:
    """Return a code in hexadecimal, all digits of its width."""
    return f"0x{code:0{-(-width // 4)}x}"


def value_text(value: "Value") -> str:
    """Return a value in the shortest way that tells it exactly: as an integer, as float64 prints it, or in hexadecimal."""
    if value.is_nan:
        return "NaN"
    if value.is_infinite:
        return "-inf" if value.negative else "inf"
    if value.is_zero:
        return "-0" if value.negative else "0"
    return number_text(value.number)


def number_text(number: Fraction) -> str:
    """Return a number whose denominator is a power of two, as `value_text` does."""
    if number.denominator == 1 and abs(number) < 10**9:
        return str(number)
    nearest = to_float(number)
    return repr(nearest) if math.isfinite(nearest) and Fraction(nearest) == number else hex_text(number)


def short_text(number: Fraction) -> str:
    """Return a number in five digits."""
    nearest = in_float64(number)
    shown: float | Decimal = Decimal(number.numerator) / Decimal(number.denominator) if nearest is None else nearest
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{shown:.5g}")


def hex_text(number: Fraction, *, negative: bool = False) -> str:
    """Return a number whose denominator is a power of two as a hexadecimal float, ``0x1.8p-3``; `negative` tells -0 from 0."""
    if number == 0:
        return "-0x0p+0" if negative else "0x0p+0"
    top, bottom = abs(number.numerator), number.denominator
    exponent = top.bit_length() - bottom.bit_length()
    bits = top.bit_length() - 1
    digits = f"{(top - (1 << bits)) << (-bits % 4):0{-(-bits // 4)}x}".rstrip("0") if bits else ""
    return f"{'-' if number < 0 else ''}0x1{'.' if digits else ''}{digits}p{exponent:+d}"


def in_float64(number: Fraction) -> float | None:
    """Return the nearest float64; None: it would be infinite, or 0 of a number that is not."""
    nearest = to_float(number)
    return None if math.isinf(nearest) or (number and not nearest) else nearest


def cell_of(value: "Value") -> float | None:
    """Return a value for a table: None of NaN, and of what float64 does not hold."""
    if value.is_nan:
        return None
    if value.is_infinite:
        return -math.inf if value.negative else math.inf
    return in_float64(value.number)


def to_float(number: Fraction) -> float:
    """Return the nearest float64, which may be infinite."""
    try:
        return float(number)
    except OverflowError:
        return -math.inf if number < 0 else math.inf
