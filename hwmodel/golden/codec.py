"""Codes to float64 and numbers to codes, over arrays."""

from typing import Any

import numpy as np

from hwmodel.spec import FloatFormat, Format, IntCoding, IntFormat, SpecError

from .arrays import Array
from .codes import check_codes
from .options import check_options, nan_error, random_error
from .rounding import bit_length, round_shift
from .terms import FINITE, INFINITE, NAN, Terms, unpack

_SURELY_TOO_LARGE = 40
"""No integer format reaches 2 to this power."""

_MAX_INT64_BITS = 61


def decode(codes: Any, fmt: Format) -> Array:
    """Return what `codes` mean, exactly.

    Parameters
    ----------
    codes : (...,) integers
        Codes of `fmt`.
    fmt
        Their format.

    Returns
    -------
    (...,) float64

    Raises
    ------
    SpecError
        If a code is out of range, or the format reaches beyond what float64 can hold.
    """
    if isinstance(fmt, FloatFormat) and (fmt.emax > 1023 or fmt.lsb_exponent < -1074):
        raise SpecError(f"{fmt} reaches from 2^{fmt.lsb_exponent} to 2^{fmt.emax}, beyond float64; golden.scalar.decode is exact")
    codes = check_codes(codes, fmt)
    terms = unpack(np.atleast_1d(codes).astype(np.uint64), fmt)
    values = np.ldexp(terms.significand.astype(np.float64), terms.exponent)
    values[terms.kind == INFINITE] = np.inf
    values[terms.kind == NAN] = np.nan
    return np.copysign(values, np.where(terms.negative, -1.0, 1.0)).reshape(codes.shape)


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
        ``rne``, ``rna``, ``rtz``, ``rup``, ``rdn`` or ``sr<k>``.
    overflow
        ``sat`` or ``ieee``; None: the format's default. Judged after rounding with an exponent range that has no end.
    nan
        What a NaN becomes where the format has none: ``sat`` (the largest value), ``zero``, or ``error``.
    random : (...,) integers, optional
        The k-bit random integers of ``sr<k>``; broadcast to the shape of `values`.

    Returns
    -------
    (...,) uint64

    Raises
    ------
    SpecError
        If an option is unknown or does not suit the format, or a NaN meets a format without one.
    """
    overflow, bits = check_options(fmt, rounding, overflow, nan)
    values = np.asarray(values)
    random = None if bits is None else _check_random(random, rounding, bits, values.shape)
    terms = _terms(np.atleast_1d(values), fmt)
    if isinstance(fmt, IntFormat):
        magnitude, too_large = _round_int(terms, fmt, rounding, random)
    else:
        magnitude, too_large = _round_float(terms, fmt, rounding, random)

    negative = terms.negative
    codes = _signed(magnitude.astype(np.uint64), fmt, negative)
    largest = _signed(_largest_magnitudes(fmt, negative).astype(np.uint64), fmt, negative)
    beyond = too_large | (terms.kind == INFINITE)
    codes = np.where(beyond, largest, codes)
    if overflow == "ieee" and isinstance(fmt, FloatFormat) and fmt.nan_code is not None:
        stays = (rounding == "rtz") | ((rounding == "rup") & negative) | ((rounding == "rdn") & ~negative)
        leaves = beyond & (~stays | (terms.kind == INFINITE) | (negative if not fmt.signed else False))
        special = fmt.inf_code if fmt.inf_code is not None else fmt.nan_code
        ends = np.full(codes.shape, special, np.uint64)
        if fmt.has_inf:
            ends |= np.where(negative, np.uint64(fmt.sign_mask), np.uint64(0))
        if not fmt.signed:
            ends[negative] = fmt.nan_code
        codes = np.where(leaves, ends, codes)
    return _with_nan(codes, terms.kind == NAN, fmt, nan).reshape(values.shape)


def _check_random(random: Any, rounding: str, bits: int, shape: tuple[int, ...]) -> Array:
    if random is None:
        raise random_error(rounding, bits)
    random = np.asarray(random)
    if random.dtype.kind not in "iu" or (random.size and not 0 <= int(random.min()) <= int(random.max()) < 1 << bits):
        raise random_error(rounding, bits)
    return np.atleast_1d(np.broadcast_to(random.astype(np.int64), shape))


def _terms(values: Array, fmt: Format) -> Terms:
    """Return numbers unpacked: significands below ``2**61`` in int64, or Python integers."""
    kind = np.full(values.shape, FINITE, np.uint8)
    exponent = np.zeros(values.shape, np.int64)
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        values = values.astype(np.float64)
        kind[np.isinf(values)] = INFINITE
        kind[np.isnan(values)] = NAN
        fraction, exponent = np.frexp(np.where(kind == FINITE, values, 0.0))
        significand = np.abs(np.ldexp(fraction, 53)).astype(np.int64)
        return Terms(significand, exponent.astype(np.int64) - 53, np.signbit(values) & (kind != NAN), kind)
    if values.dtype.kind not in "iu" and not all(isinstance(value, int) for value in values.ravel()):
        raise SpecError(f"values of dtype {values.dtype} cannot be encoded exactly; give float64, float32, float16 or integers")
    negative = values < 0
    magnitude = np.abs(values.astype(object))
    if isinstance(fmt, IntFormat):
        magnitude = np.minimum(magnitude, 1 << _SURELY_TOO_LARGE)
    if all(m < 1 << _MAX_INT64_BITS for m in magnitude.ravel()):
        magnitude = magnitude.astype(np.int64)
    return Terms(magnitude, exponent, negative, kind)


def _largest_magnitudes(fmt: Format, negative: Array) -> Array:
    """Return the magnitude (an integer's) or the code without sign (a float's) farthest from zero, int64."""
    if isinstance(fmt, IntFormat):
        return np.where(negative, -fmt.min_value, fmt.max_value)
    return np.where(negative, fmt.max_finite_code if fmt.signed else 0, fmt.max_finite_code)


def _round_int(terms: Terms, fmt: IntFormat, rounding: str, random: Array | None) -> tuple[Array, Array]:
    """Return rounded magnitudes, int64, and where they are too large."""
    significand, exponent = terms.significand, terms.exponent
    huge = exponent + bit_length(significand) > _SURELY_TOO_LARGE
    significand = np.where(huge, 1 << _SURELY_TOO_LARGE, significand)
    exponent = np.where(huge | (significand == 0), 0, exponent)
    whole = _round_away(significand, -exponent, terms.negative, rounding, random)
    magnitude = np.where(exponent < 0, whole, significand << np.clip(exponent, 0, _SURELY_TOO_LARGE))
    return magnitude, magnitude > _largest_magnitudes(fmt, terms.negative)


def _round_float(terms: Terms, fmt: FloatFormat, rounding: str, random: Array | None) -> tuple[Array, Array]:
    """Return rounded codes without sign, int64, and where they are too large."""
    significand, exponent = terms.significand, np.where(terms.significand == 0, fmt.lsb_exponent, terms.exponent)
    drop = np.maximum(bit_length(significand) - fmt.precision, fmt.lsb_exponent - exponent)
    odd = None
    if fmt.precision == 1:
        # A significand of one bit is always odd; ties go to the even code, whose parity is that of the exponent field.
        field = exponent + drop - fmt.emin + int(fmt.subnormals)
        odd = (significand >> np.clip(drop, 0, _longest_shift(significand)) != 0) & (field & 1 == 1)
    rounded = np.where(drop > 0, _round_away(significand, drop, terms.negative, rounding, random, odd), significand)
    lsb_exponent = exponent + np.maximum(drop, 0)
    rounded = rounded.astype(np.int64)
    length = bit_length(rounded)
    top_exponent = lsb_exponent + length - 1

    # Beside emax the significands decide; both are brought to 61 bits.
    normalised = rounded << (_MAX_INT64_BITS - length)
    largest = fmt.max_significand << (_MAX_INT64_BITS - fmt.precision)
    too_large = (rounded != 0) & ((top_exponent > fmt.emax) | ((top_exponent == fmt.emax) & (normalised > largest)))
    if not fmt.signed:
        too_large |= terms.negative & (rounded != 0)

    unit = np.maximum(top_exponent - fmt.fraction_bits, fmt.lsb_exponent)
    # A carry out of the rounding leaves one zero bit too many below.
    placed = np.where(lsb_exponent < unit, rounded >> 1, rounded << np.clip(lsb_exponent - unit, 0, fmt.fraction_bits))
    field = np.clip(top_exponent - fmt.emin, 0, fmt.exponent_mask)
    magnitude = (field << fmt.fraction_bits) + placed
    if not fmt.subnormals:
        # There the lowest binade has its hidden bit and the field 0; its first value is taken by zero.
        magnitude -= np.where(rounded != 0, 1 << fmt.fraction_bits, 0)
        magnitude = _round_beside_zero(terms, drop, fmt, rounding, random, magnitude)
        if not fmt.signed:
            too_large = np.where(magnitude == 0, False, too_large)
    return magnitude, too_large


def _round_away(magnitude: Array, drop: Array, negative: Array, rounding: str, random: Array | None, odd: Array | None = None) -> Array:
    """Return ``magnitude / 2**drop`` rounded to an integer; meaningless where `drop` is not positive."""
    longest = _longest_shift(magnitude)
    shift = np.clip(drop, 1, longest)
    if rounding in ("rne", "rna", "rtz"):
        return round_shift(magnitude, shift, rounding, odd)
    floor = magnitude >> shift
    rest = magnitude - (floor << shift)
    if random is None:
        return floor + ((rest != 0) & (negative == (rounding == "rdn")))
    bits = int(rounding[2:])
    leading = np.where(drop >= bits, rest >> np.clip(drop - bits, 0, longest), rest << np.clip(bits - drop, 0, bits))
    return floor + (leading + random >= 1 << bits)


def _longest_shift(magnitude: Array) -> int:
    """Return a shift that leaves of every magnitude less than one half."""
    return 63 if magnitude.dtype != object else int(bit_length(magnitude).max(initial=0)) + 2


def _round_beside_zero(terms: Terms, drop: Array, fmt: FloatFormat, rounding: str, random: Array | None, magnitude: Array) -> Array:
    """Return `magnitude` with what lies between 0 and the smallest value of a format without subnormals rounded to either."""
    smallest = (1 << fmt.fraction_bits) + 1  # in units of 2**lsb_exponent
    result = magnitude.copy()
    units = drop + terms.exponent - fmt.lsb_exponent  # 0 unless the number is above the lowest binade
    for i in np.flatnonzero((units <= 0) & (terms.significand != 0)):
        place = fmt.lsb_exponent - int(terms.exponent.flat[i])
        number, unit = int(terms.significand.flat[i]) << max(-place, 0), smallest << max(place, 0)
        if number >= unit:
            continue
        match rounding:
            case "rne":
                up = 2 * number > unit
            case "rna":
                up = 2 * number >= unit
            case "rtz":
                up = False
            case "rup" | "rdn":
                up = bool(terms.negative.flat[i]) == (rounding == "rdn")
            case _:
                assert random is not None
                bits = int(rounding[2:])
                up = (number << bits) // unit + int(random.flat[i]) >= 1 << bits
        result.flat[i] = int(up)
    return result


def _signed(magnitude: Array, fmt: Format, negative: Array) -> Array:
    """Return codes of magnitudes, uint64, with their sign put in; negative ones of unsigned formats become 0."""
    if isinstance(fmt, IntFormat) and fmt.coding is IntCoding.TWOS_COMPLEMENT:
        return np.where(negative, np.negative(magnitude) & np.uint64((1 << fmt.width) - 1), magnitude)
    if not fmt.signed:
        return np.where(negative, np.uint64(0), magnitude)
    sign = np.uint64(fmt.sign_mask if isinstance(fmt, FloatFormat) else 1 << (fmt.width - 1))
    signed = negative & (fmt.has_negative_zero | (magnitude != 0))
    return magnitude | np.where(signed, sign, np.uint64(0))


def _with_nan(codes: Array, is_nan: Array, fmt: Format, nan: str) -> Array:
    if not is_nan.any():
        return codes
    if isinstance(fmt, FloatFormat) and fmt.nan_code is not None:
        code = fmt.nan_code
    elif nan == "error":
        raise nan_error(fmt)
    else:
        code = 0 if nan == "zero" else fmt.max_finite_code if isinstance(fmt, FloatFormat) else fmt.max_value
    return np.where(is_nan, np.uint64(code), codes)
