"""Codes to floats and numbers to codes, over arrays.

========================  =====================================  ==============================================
format                    decode                                 encode
========================  =====================================  ==============================================
up to 16 bits             a table                                thresholds (:mod:`hwmodel.golden.boundaries`)
integers                  by arithmetic, if wider than 16 bits   by arithmetic (:mod:`hwmodel.golden.arithmetic`)
wider floats and posits   by arithmetic                          by arithmetic
``sr<k>``                                                        by arithmetic
Python integers, fp80     one by one                             one by one
========================  =====================================  ==============================================
"""

from typing import Any

import numpy as np

from hwmodel.spec import FloatFormat, Format, IntFormat, PositFormat, SpecError, X87Format
from hwmodel.spec.errors import not_text

from . import scalar
from .arithmetic import encode_float, encode_int, encode_posit, int_codes
from .arrays import Array
from .boundaries import encoder
from .codes import check_codes
from .options import check_options, random_error
from .tables import check_exact, number_table, numbers_of
from .terms import TABLE_BITS, unpack

_MAX_EXACT_INT = 1 << 53
"""Up to here every integer is a float64."""

_BLOCK = 1 << 15
"""Elements computed at a time, so that intermediate arrays stay in the second-level cache."""

_FLOATS = (np.float16, np.float32, np.float64)


def decode(codes: Any, fmt: Format, dtype: type = np.float64) -> Array:
    """Return what `codes` mean: exactly, or, of a logarithmic format, rounded to float64.

    Parameters
    ----------
    codes : (...,) integers
        Codes of `fmt`.
    fmt
        Their format.
    dtype
        ``np.float64`` or ``np.float32``.

    Returns
    -------
    (...,) float64 or float32
        Of fp80: `hwmodel.golden.scalar.Value`, one by one, which no dtype of NumPy holds everywhere.

    Raises
    ------
    SpecError
        If a code is out of range, or the dtype does not hold every number of the format.
    """
    not_text(fmt, "parse_format")
    if dtype not in (np.float64, np.float32):
        raise SpecError(f"dtype {np.dtype(dtype)} is not one of float64, float32")
    if isinstance(fmt, X87Format):
        return _each(lambda code: scalar.decode(code, fmt), np.asarray(codes, object))
    codes = check_codes(codes, fmt)
    check_exact(fmt, dtype)
    values = np.empty(codes.shape, dtype)
    flat, places = codes.ravel(), values.reshape(-1)
    if fmt.width <= TABLE_BITS:
        table, flat = number_table(fmt, dtype), flat.view(np.int64) if flat.dtype == np.uint64 else flat
        for block in _blocks(flat.size):
            # Codes were checked, so "wrap" never wraps; it spares NumPy a second check and a copy of the result.
            table.take(flat[block], mode="wrap", out=places[block])
    else:
        for block in _blocks(flat.size):
            places[block] = numbers_of(unpack(flat[block].astype(np.uint64), fmt))
    return values


def encode(values: Any, fmt: Format, rounding: str = "rne", overflow: str | None = None, nan: str = "error", random: Any = None) -> Array:
    """Return the codes of `values` after one rounding.

    Equal to :func:`hwmodel.golden.scalar.encode` in every element.

    Parameters
    ----------
    values : (...,) float64, float32, float16, any integers
        Taken exactly: no float64 passes through float32, no int64 through float64.
    fmt
        Format of the codes.
    rounding
        ``rne``, ``rna``, ``rtz``, ``rup``, ``rdn`` or, for integer and float formats, ``sr<k>``.
    overflow
        ``sat`` or ``ieee``; None: the format's default. Judged after rounding with an exponent range that has no end.
    nan
        What a NaN becomes where the format has none: ``sat`` (the largest value), ``zero``, or ``error``.
    random : (...,) integers, optional
        The k-bit random integers of ``sr<k>``; broadcast to the shape of `values`.

    Returns
    -------
    (...,) uint64
        Of fp80: Python integers.

    Raises
    ------
    SpecError
        If an option is unknown or does not suit the format, or a NaN meets a format without one.
    """
    overflow, bits = check_options(fmt, rounding, overflow, nan)
    values = np.asarray(values)
    if values.dtype not in _FLOATS and values.dtype.kind not in "iu" and not all(isinstance(value, int) for value in values.ravel()):
        raise SpecError(f"values of dtype {values.dtype} cannot be encoded exactly; give float64, float32, float16 or integers")
    random = None if bits is None else _check_random(random, rounding, bits, values.shape)
    if values.dtype == object or isinstance(fmt, X87Format) or not _fit_float64(values, fmt, random is not None):
        return _encode_each(values, fmt, rounding, overflow, nan, random)
    flat = np.atleast_1d(values).ravel()
    return _encode(flat, fmt, rounding, overflow, nan, None if random is None else random.ravel()).reshape(values.shape)


def _encode(values: Array, fmt: Format, rounding: str, overflow: str, nan: str, random: Array | None) -> Array:
    """Return the codes of a one-dimensional array."""
    if values.dtype.kind in "iu":
        if isinstance(fmt, IntFormat):
            return int_codes(np.clip(values, *_common_ends(values, fmt)).astype(np.int64), fmt, values < 0)
        values = _odd_floats(values)
    may_be_nan = fmt.has_nan or bool(np.isnan(values).any())
    nan_code = scalar.codec.nan_code(fmt, nan) if may_be_nan else 0
    if fmt.width <= TABLE_BITS and random is None and not isinstance(fmt, IntFormat):
        dtype = np.float64 if values.dtype == np.float64 else np.float32
        assert not isinstance(fmt, X87Format)
        return encoder(fmt, rounding, overflow, nan_code, dtype)(values)
    codes = np.empty(values.shape, np.uint64)
    for block in _blocks(values.size):
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            part = values[block].astype(np.float64)
        is_nan = np.isnan(part)
        part[is_nan] = 0
        codes[block] = _compute(part, fmt, rounding, overflow, None if random is None else random[block])
        codes[block][is_nan] = nan_code
    return codes


def _compute(values: Array, fmt: Format, rounding: str, overflow: str, random: Array | None) -> Array:
    match fmt:
        case IntFormat():
            return encode_int(values, fmt, rounding, random)
        case PositFormat():
            return encode_posit(values, fmt, rounding)
        case FloatFormat():
            return encode_float(values, fmt, rounding, overflow, random)
    raise ValueError(f"{fmt} has no arithmetic of its own")


def _blocks(size: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, size, _BLOCK)]


def _fit_float64(values: Array, fmt: Format, at_random: bool) -> bool:
    """Whether float64, with its last bit odd where something is lost, decides every rounding as the values themselves would."""
    if values.dtype.kind == "f" or isinstance(fmt, IntFormat) or values.itemsize < 8:
        return True
    if not at_random and not (isinstance(fmt, FloatFormat) and fmt.precision > 51):
        return True
    return not values.size or -_MAX_EXACT_INT <= int(values.min()) <= int(values.max()) <= _MAX_EXACT_INT


def _odd_floats(values: Array) -> Array:
    """Return integers as float64, rounded to odd: an inexact result has its last bit set, and lies on no boundary of a narrower format."""
    if values.itemsize < 8:
        return values.astype(np.float64)
    negative = values < 0
    magnitude = np.where(negative, -values, values).astype(np.uint64)
    floats = magnitude.astype(np.float64)
    top = floats == 2.0**64
    above = top | (np.where(top, 0.0, floats).astype(np.uint64) > magnitude)
    floats = np.where(above, np.nextafter(floats, 0), floats)
    inexact = floats.astype(np.uint64) != magnitude
    floats = (floats.view(np.int64) | inexact).view(np.float64)
    return np.where(negative, -floats, floats)


def _common_ends(values: Array, fmt: IntFormat) -> tuple[int, int]:
    """Return the range of `fmt`, as far as the dtype of `values` goes."""
    limits = np.iinfo(values.dtype)
    return max(fmt.min_value, int(limits.min)), min(fmt.max_value, int(limits.max))


def _check_random(random: Any, rounding: str, bits: int, shape: tuple[int, ...]) -> Array:
    if random is None:
        raise random_error(rounding, bits)
    random = np.asarray(random)
    if random.dtype.kind not in "iu" or (random.size and not 0 <= int(random.min()) <= int(random.max()) < 1 << bits):
        raise random_error(rounding, bits)
    return np.broadcast_to(random.astype(np.int64), shape)


def _encode_each(values: Array, fmt: Format, rounding: str, overflow: str, nan: str, random: Array | None) -> Array:
    """Return codes by the scalar form: Python integers of any size, and formats that no NumPy integer holds."""

    def code(value: Any, bits: int | None = None) -> int:
        return scalar.encode(value, fmt, rounding, overflow, nan, bits)

    codes = _each(code, values) if random is None else _each(code, values, random.astype(object))
    return codes if isinstance(fmt, X87Format) else codes.astype(np.uint64)


def _each(function: Any, *arrays: Array) -> Array:
    """Return what `function` makes of every element, as an object array."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)
