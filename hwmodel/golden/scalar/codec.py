"""Codes to values and back, by the definition of each family of formats."""

import numbers
from functools import lru_cache
from types import ModuleType
from typing import Any

from hwmodel.golden.options import check_options, nan_error, random_error
from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntFormat, LogFormat, PositFormat, SpecError, X87Format

from . import codebooks, floats, integers, logarithms, posits, x87
from .value import Value

_FAMILIES: dict[type, ModuleType] = {
    IntFormat: integers,
    FloatFormat: floats,
    PositFormat: posits,
    LogFormat: logarithms,
    CodebookFormat: codebooks,
    X87Format: x87,
}
"""Each module has ``decode(code, fmt)``, ``encode(value, fmt, rounding, overflow, random)`` for all but NaN, and ``largest_code(fmt)``."""


def decode(code: int, fmt: Format) -> Value:
    """Return what `code` means in `fmt`: exactly, or, of a logarithmic format, rounded to 53 bits.

    Raises
    ------
    SpecError
        If `code` is not a code of `fmt`.
    """
    code = int(code)
    if not 0 <= code < 1 << fmt.width:
        raise SpecError(f"code {code} is not in 0..{(1 << fmt.width) - 1}, the codes of {fmt}")
    return _decoded(code, fmt)


@lru_cache(maxsize=1 << 14)
def _decoded(code: int, fmt: Format) -> Value:
    value: Value = _FAMILIES[type(fmt)].decode(code, fmt)
    return value


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
        ``rne``, ``rna``, ``rtz``, ``rup``, ``rdn`` or, for integer and float formats, ``sr<k>``.
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
        return nan_code(fmt, nan)
    code: int = _FAMILIES[type(fmt)].encode(value, fmt, rounding, overflow, None if bits is None else random)
    return code


def nan_code(fmt: Format, nan: str) -> int:
    """Return the code of a NaN: the format's canonical one, or what `nan` asks for where there is none.

    Raises
    ------
    SpecError
        If there is none and `nan` is ``error``.
    """
    own: Any = None if isinstance(fmt, IntFormat | CodebookFormat) else fmt.nan_code
    if own is not None:
        return int(own)
    if nan == "error":
        raise nan_error(fmt)
    if nan == "sat":
        return largest_code(fmt)
    return codebooks.zero_code(fmt) if isinstance(fmt, CodebookFormat) else 0


def largest_code(fmt: Format) -> int:
    """Return the code of the largest finite number."""
    code: int = _FAMILIES[type(fmt)].largest_code(fmt)
    return code
