"""Unpacked numbers: what the codes of the operands mean, and their exact products."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from hwmodel.spec import BlockFormat, ChoiceFormat, CodebookFormat, Format, IntFormat, LogFormat, MacSpec, Operand

from .arrays import Array
from .unpacking import FINITE, INFINITE, NAN, logs_of, unpack_codes

TABLE_BITS = 16
"""What the codes of formats up to this width mean is looked up."""

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


class Signed(Protocol):
    """What tells sign and kind of numbers, by arrays of one shape."""

    @property
    def negative(self) -> Array: ...
    @property
    def kind(self) -> Array: ...


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
            case BlockFormat():
                bits = cls.of_format(fmt.element).significand_bits
            case IntFormat():
                bits = fmt.max_magnitude.bit_length()
            case CodebookFormat(entry_format=held) if held is not None:
                bits = held.precision
            case CodebookFormat() | LogFormat():
                raise ValueError(f"{fmt} has no products of significands")
            case _:
                bits = fmt.precision
        return cls(bits, fmt.lsb_exponent, fmt.max_magnitude)

    @classmethod
    def of_products(cls, spec: MacSpec) -> "TermRange":
        if isinstance(spec.a, LogFormat):
            bits = spec.a.table_bits + 1
        else:
            bits = cls.of_format(spec.a).significand_bits + cls.of_format(spec.b).significand_bits
        return cls(bits, spec.product_lsb_exponent, spec.product_max_magnitude)


def unpack(codes: Array, fmt: Format) -> Terms:
    """Return what codes mean: exactly, or, of a logarithmic format, rounded to 53 bits.

    Parameters
    ----------
    codes : (...,) uint64
        Codes of `fmt`, in range.
    fmt
        Their format, of up to 64 bits.
    """
    if fmt.width > TABLE_BITS or isinstance(fmt, IntFormat):
        return Terms(*unpack_codes(codes, fmt))
    places = codes.astype(np.intp)
    return Terms(*(field.take(places) for field in all_terms(fmt)))


@lru_cache(maxsize=128)
def all_terms(fmt: Format) -> Terms:
    """Return what every code of a narrow format means; the arrays are shared and read-only."""
    table = Terms(*unpack_codes(np.arange(1 << fmt.width, dtype=np.uint64), fmt))
    for field in table:
        field.setflags(write=False)
    return table


class Logs(NamedTuple):
    """Numbers ``±2**(log/γ)`` of a logarithmic format, and what is none; all fields have the same shape.

    Attributes
    ----------
    log : int64
        In steps of 1/γ; 0 for zero and for what is not a real.
    negative, is_zero, is_nan : bool
    """

    log: Array
    negative: Array
    is_zero: Array
    is_nan: Array


def logarithms(codes: Array, fmt: LogFormat) -> Logs:
    """Return signs and logarithms of codes, (...,) uint64, in range."""
    places = codes.astype(np.intp)
    return Logs(*(field.take(places) for field in _all_logs(fmt)))


@lru_cache(maxsize=16)
def _all_logs(fmt: LogFormat) -> Logs:
    codes = np.arange(1 << fmt.width, dtype=np.int64)
    log, negative, kind = logs_of(codes, fmt)
    return Logs(log, negative, codes == 0, kind == NAN)


def multiply(x: Terms, y: Terms, significand_bits: int) -> Terms:
    """Return the exact products; `significand_bits` bounds those of the result.

    The sign is the exclusive or of the signs. NaN comes from NaN and from infinity times zero.
    """
    wide = significand_bits > MAX_INT64_BITS
    significand = x.significand.astype(object) * y.significand if wide else x.significand * y.significand
    kind, negative = product_kinds(x, y, x.significand == 0, y.significand == 0)
    return Terms(significand, x.exponent + y.exponent, negative, kind)


def product_kinds(x: Signed, y: Signed, x_zero: Array, y_zero: Array) -> tuple[Array, Array]:
    """Return the kinds and signs of products; `x_zero` and `y_zero` tell which significands are 0."""
    negative = x.negative ^ y.negative
    kind = x.kind | y.kind
    if kind.any():
        zero = x_zero & (x.kind == FINITE) | y_zero & (y.kind == FINITE)
        kind[(kind >= NAN) | ((kind == INFINITE) & zero)] = NAN
        negative &= kind != NAN
    return kind, negative


def multiply_logs(x: Logs, y: Logs, fmt: LogFormat) -> Terms:
    """Return the products of logarithmic numbers, made linear through the table of `fmt`, which both share."""
    log = x.log + y.log
    is_nan = x.is_nan | y.is_nan
    negative = (x.negative ^ y.negative) & ~is_nan
    entry = np.array(fmt.table, np.int64)[log & (fmt.gamma - 1)]
    entry[x.is_zero | y.is_zero | is_nan] = 0
    exponent = (log >> fmt.step_bits) - fmt.table_bits
    return Terms(np.where(negative, -entry, entry), exponent, negative, np.where(is_nan, NAN, FINITE))
