"""What the codes of narrow formats are worth, by table."""

from functools import lru_cache

import numpy as np

from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntFormat, LogFormat, SpecError

from .arrays import Array
from .terms import INFINITE, NAN, Terms, all_terms


@lru_cache(maxsize=128)
def number_table(fmt: Format, dtype: type) -> Array:
    """Return the number of every code, float32 or float64; the array is shared and read-only.

    Raises
    ------
    SpecError
        If the dtype does not hold them exactly.
    """
    check_exact(fmt, dtype)
    table: Array = numbers_of(all_terms(fmt)).astype(dtype)
    table.setflags(write=False)
    return table


def numbers_of(terms: Terms) -> Array:
    """Return terms as float64."""
    values = np.ldexp(terms.significand.astype(np.float64), terms.exponent)
    values[terms.kind == INFINITE] = np.inf
    values[terms.kind == NAN] = np.nan
    return np.copysign(values, np.where(terms.negative, -1.0, 1.0))


def check_exact(fmt: Format, dtype: type) -> None:
    """Check that every number of `fmt` is one of `dtype`.

    Raises
    ------
    SpecError
        If not.
    """
    limits = np.finfo(dtype)
    low, high = _reach(fmt)
    if high >= limits.maxexp or low < limits.minexp - limits.nmant:
        raise SpecError(f"{fmt} reaches from 2^{low} to 2^{high}, beyond {limits.dtype}; golden.scalar.decode is exact")
    if _precision(fmt) > limits.nmant + 1:
        raise SpecError(f"{fmt} has numbers of {_precision(fmt)} bits, and {limits.dtype} holds {limits.nmant + 1}; decode to float64")


def _reach(fmt: Format) -> tuple[int, int]:
    """Return exponents between whose powers of two all bits of all numbers lie."""
    match fmt:
        case FloatFormat():
            return fmt.lsb_exponent, fmt.emax
        case LogFormat():
            return (-fmt.max_log >> fmt.step_bits) - _precision(fmt) + 1, fmt.max_log >> fmt.step_bits
        case _:
            return fmt.lsb_exponent, fmt.max_magnitude.bit_length() - 1 + fmt.lsb_exponent


def _precision(fmt: Format) -> int:
    """Return the bits of the longest significand."""
    match fmt:
        case IntFormat():
            return fmt.max_magnitude.bit_length()
        case CodebookFormat():
            return max(abs(int(significand)).bit_length() for significand in all_terms(fmt).significand)
        case LogFormat():
            return 53 if fmt.step_bits else 1
        case _:
            return fmt.precision
