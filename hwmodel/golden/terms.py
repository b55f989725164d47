"""Unpacked numbers: what the codes of the operands mean, and their exact products."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hwmodel.spec import ChoiceFormat, FloatFormat, Format, IntCoding, IntFormat, LogFormat, MacSpec, Operand, PositFormat, Specials

from .arrays import Array

FINITE, INFINITE, NAN = np.uint8(0), np.uint8(1), np.uint8(2)

MAX_INT64_BITS = 62
"""Significands up to this many bits are int64; longer ones are Python integers."""


class Terms(NamedTuple):
    """Numbers ``significand * 2**exponent``, not normalised; all fields have the same shape.

    Attributes
    ----------
    significand : int64 or object
        Signed; 0 for what is not finite.
    exponent : int64
    negative : bool
        The sign, for zeros and infinities too.
    kind : uint8
        `FINITE`, `INFINITE` or `NAN`.
    """

    significand: Array
    exponent: Array
    negative: Array
    kind: Array


@dataclass(frozen=True)
class TermRange:
    """How large and how fine terms can be.

    Parameters
    ----------
    significand_bits
        Every significand, without sign, has at most this many bits.
    lsb_exponent
        Every finite term is a multiple of ``2**lsb_exponent``.
    max_magnitude
        No finite term is larger than ``max_magnitude * 2**lsb_exponent``.
    """

    significand_bits: int
    lsb_exponent: int
    max_magnitude: int

    @classmethod
    def of_format(cls, fmt: Operand) -> "TermRange":
        match fmt:
            case ChoiceFormat():
                bits = max(cls.of_format(each).significand_bits for each in fmt.choices)
            case FloatFormat() | PositFormat():
                bits = fmt.precision
            case _:
                bits = fmt.max_magnitude.bit_length()
        return cls(bits, fmt.lsb_exponent, fmt.max_magnitude)

    @classmethod
    def of_products(cls, spec: MacSpec) -> "TermRange":
        if isinstance(spec.a, LogFormat):
            bits = spec.a.table_bits + 1
        else:
            bits = cls.of_format(spec.a).significand_bits + cls.of_format(spec.b).significand_bits
        return cls(bits, spec.product_lsb_exponent, spec.product_max_magnitude)


def unpack(codes: Array, fmt: Format) -> Terms:
    """Return what codes mean.

    Parameters
    ----------
    codes : (...,) uint64
        Codes of `fmt`, in range.
    fmt
        Their format.
    """
    if isinstance(fmt, IntFormat):
        return _unpack_int(codes.astype(np.int64), fmt)
    sign_mask = np.uint64(fmt.sign_mask)
    negative = (codes & sign_mask) != 0
    magnitude = (codes & ~sign_mask).astype(np.int64)
    field = magnitude >> fmt.fraction_bits
    fraction = magnitude & fmt.fraction_mask
    hidden = np.int64(1 << fmt.fraction_bits)
    has_hidden = field > 0 if fmt.subnormals else magnitude > 0
    significand = np.where(has_hidden, fraction | hidden, fraction)
    exponent = (np.maximum(field, 1) if fmt.subnormals else field) - (fmt.bias + fmt.fraction_bits)

    kind = np.zeros(codes.shape, np.uint8)
    if fmt.specials in (Specials.IEEE, Specials.FN):
        kind[magnitude > fmt.max_finite_code] = NAN
        if fmt.inf_code is not None:
            kind[magnitude == fmt.inf_code] = INFINITE
    elif fmt.specials is Specials.FNUZ:
        kind[codes == sign_mask] = NAN
    if fmt.has_nan:
        negative &= kind != NAN
        significand[kind != FINITE] = 0
    return Terms(np.where(negative, -significand, significand), exponent, negative, kind)


def _unpack_int(codes: Array, fmt: IntFormat) -> Terms:
    sign_bit = 1 << (fmt.width - 1)
    match fmt.coding:
        case IntCoding.UNSIGNED:
            value, negative = codes, np.zeros(codes.shape, bool)
        case IntCoding.TWOS_COMPLEMENT:
            value = codes - ((codes & sign_bit) << 1)
            negative = value < 0
        case IntCoding.SIGN_MAGNITUDE:
            negative = (codes & sign_bit) != 0
            value = np.where(negative, -(codes & (sign_bit - 1)), codes)
    return Terms(value, np.zeros(codes.shape, np.int64), negative, np.zeros(codes.shape, np.uint8))


def multiply(x: Terms, y: Terms, significand_bits: int) -> Terms:
    """Return the exact products; `significand_bits` bounds those of the result.

    The sign is the exclusive or of the signs. NaN comes from NaN and from infinity times zero.
    """
    wide = significand_bits > MAX_INT64_BITS
    significand = x.significand.astype(object) * y.significand if wide else x.significand * y.significand
    negative = x.negative ^ y.negative
    kind = x.kind | y.kind
    if kind.any():
        zero = (x.significand == 0) & (x.kind == FINITE) | (y.significand == 0) & (y.kind == FINITE)
        kind[(kind >= NAN) | ((kind == INFINITE) & zero)] = NAN
        negative &= kind != NAN
    return Terms(significand, x.exponent + y.exponent, negative, kind)
