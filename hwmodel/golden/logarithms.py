"""Logarithmic operands and their products, over many lanes: logarithms are added, and the sum is looked up."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hwmodel.spec import LogFormat

from .arrays import Array
from .scalar.logarithms import log_of
from .terms import FINITE, NAN, Terms


class Logs(NamedTuple):
    """Numbers ``±2**(log / γ)``; all fields have the same shape.

    Attributes
    ----------
    log : int64
        The logarithm in steps of 1/γ; 0 for zero and for what is not a number.
    negative, zero : bool
    kind : uint8
        `FINITE` or `NAN`.
    """

    log: Array
    negative: Array
    zero: Array
    kind: Array


@lru_cache(maxsize=16)
def _table(fmt: LogFormat) -> Logs:
    """Return what every code means."""
    zero, nan, negative, log = zip(*(log_of(code, fmt) for code in range(1 << fmt.width)), strict=True)
    return Logs(np.array(log, np.int64), np.array(negative), np.array(zero), np.where(nan, NAN, FINITE))


def unpack_logs(codes: Array, fmt: LogFormat) -> Logs:
    """Return what codes, (...,) uint64 and in range, mean."""
    return Logs(*(field[codes.astype(np.intp)] for field in _table(fmt)))


def multiply_logs(x: Logs, y: Logs, fmt: LogFormat) -> Terms:
    """Return the products, linear through the table of `fmt`, which both operands share."""
    log = x.log + y.log
    kind = x.kind | y.kind
    nothing = x.zero | y.zero | (kind != FINITE)
    negative = (x.negative ^ y.negative) & (kind == FINITE)
    entry = np.where(nothing, 0, np.array(fmt.table, np.int64)[log & (fmt.gamma - 1)])
    return Terms(np.where(negative, -entry, entry), (log >> fmt.step_bits) - fmt.table_bits, negative, kind)
