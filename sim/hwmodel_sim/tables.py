"""Codes of formats that have no fields to look at: logarithmic formats and codebooks, by a table of what each code is."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hwmodel.spec import CodebookFormat, LogFormat

Array = np.ndarray[Any, np.dtype[Any]]
TableFormat = CodebookFormat | LogFormat


@dataclass(frozen=True, eq=False)
class CodeTable:
    """What every code is, by code.

    Attributes
    ----------
    nan, negative : (codes,) bool
    log2 : (codes,) float64
        About log2 of the absolute value; -inf for zero, NaN for what is no number.
    negated : (codes,) uint64
        The code of the negated value, or of the nearest to it.
    marks : (n,) uint64
        Codes where implementations break.
    """

    nan: Array
    negative: Array
    log2: Array
    negated: Array
    marks: Array


@lru_cache(maxsize=64)
def code_table(fmt: TableFormat) -> CodeTable:
    """Return what the codes of `fmt` are."""
    codes = np.arange(1 << fmt.width, dtype=np.uint64)
    if isinstance(fmt, CodebookFormat):
        value = np.array([float(entry) for entry in fmt.entries])
        with np.errstate(divide="ignore"):
            log2 = np.log2(np.abs(value))
        negated = np.array([int(np.argmin(np.abs(value + each))) for each in value], np.uint64)
        return CodeTable(np.zeros(len(codes), bool), value < 0, log2, negated, codes)
    from hwmodel.golden.scalar.logarithms import log_of

    nan, zero = codes == np.uint64(fmt.nan_code), codes == 0
    sign_bit, mask = np.uint64(fmt.nan_code), np.uint64((1 << fmt.width) - 1)
    negated = codes ^ sign_bit if fmt.regime_exponent_bits is None else (~codes + np.uint64(1)) & mask
    log2 = np.full(len(codes), np.nan)
    log2[zero] = -np.inf
    for code in codes[~zero & ~nan].tolist():
        log2[code] = log_of(code, fmt).log / fmt.gamma
    # Ends, ones, and both sides of where the octave ends.
    near = {int(code) + step for code in np.flatnonzero(np.isin(log2, [0, log2[-1], np.nanmax(log2)])) for step in (-1, 0, 1)}
    near |= {1, 2, fmt.nan_code - 1, fmt.nan_code - 2, fmt.nan_code + 1, int(mask), fmt.gamma - 1, fmt.gamma}
    marks = np.unique(np.array(sorted({0, *(code & int(mask) for code in near)}), np.uint64))
    marks = np.unique(np.concatenate([marks, np.where(zero | nan, codes, negated)[marks]]))
    return CodeTable(nan, (codes & sign_bit != 0) & ~nan, log2, np.where(zero | nan, codes, negated), marks[~nan[marks]])
