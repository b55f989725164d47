"""Exact sums in front of an accumulator, over many units: of the lanes of a step, or of a block."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec import BlockFormat

from . import multiword
from .arrays import Array
from .fixed import FixedAcc, FixedState, FixedTerm
from .terms import FINITE, INFINITE, NAN, TermRange, Terms, multiply
from .wide import WideTerms

_UP, _DOWN, _NAN, _NOT_MINUS_ZERO = (np.uint8(1 << place) for place in range(4))


class Sum(NamedTuple):
    """Products in the unit of their sum, or that sum.

    Attributes
    ----------
    units : (n,) int64 or (limbs, n) uint64
        Of products there is an axis of lanes before the last.
    marks : (n,) or (lanes, n) uint8
        Which of these there are in it: +inf, -inf, NaN, anything but -0.
    """

    units: Array
    marks: Array


class ExactSum:
    """A register wide enough for all products of a step or a block.

    Parameters
    ----------
    point
        Its width and unit, `MacSpec.exact_sum`.
    products
        What will be added.
    lanes
        Products a step.
    wide
        Whether `terms` are `WideTerms`.
    minus_zero
        Whether a sum of nothing but -0 is -0: a step's is, a block's never.
    """

    def __init__(self, point: spec.FixedPoint, products: TermRange, lanes: int, wide: bool, minus_zero: bool):
        self._fixed = FixedAcc(spec.FixedAcc(point.width, point.fraction), point, products, lanes)
        self._wide = wide
        self._minus_zero = minus_zero

    def zeros(self, n: int) -> Sum:
        """Return sums that are +0."""
        return Sum(self._fixed.zeros(n).total, np.full(n, _NOT_MINUS_ZERO, np.uint8))

    def restart(self, state: Sum) -> Sum:
        return self.zeros(len(state.marks))

    def align(self, products: Terms) -> Sum:
        """Return products in the unit of the sum, of which they all are multiples."""
        minus_zero = (products.significand == 0) & products.negative & self._minus_zero
        marks = np.where(minus_zero, np.uint8(0), _NOT_MINUS_ZERO)
        infinite = products.kind == INFINITE
        marks |= np.where(infinite, np.where(products.negative, _DOWN, _UP) | _NOT_MINUS_ZERO, np.uint8(0))
        marks |= np.where(products.kind == NAN, _NAN, np.uint8(0))
        return Sum(self._fixed.align(products).units, marks)

    def total(self, products: Sum) -> Sum:
        """Return the sums over the lanes, the axis before the last."""
        none = np.zeros(products.marks.shape, bool)
        return Sum(self._fixed.total(FixedTerm(products.units, none)).units, np.bitwise_or.reduce(products.marks, axis=0))

    def add(self, state: Sum, term: Sum, random: Array | None = None) -> Sum:
        """Return the sums after one step; one of a whole tensor can be too long for its register, and wraps."""
        low = np.zeros(state.marks.shape, bool)
        added = self._fixed.add(FixedState(state.units, low, low), FixedTerm(term.units, low))
        return Sum(added.total, state.marks | term.marks)

    def terms(self, state: Sum) -> Terms | WideTerms:
        """Return the sums as terms of an accumulator."""
        units, marks = state
        up, down = marks & _UP != 0, marks & _DOWN != 0
        kind = np.where((marks & _NAN != 0) | (up & down), NAN, np.where(up | down, INFINITE, FINITE))
        below = multiword.is_negative(units) if units.ndim == 2 else units < 0
        finite = kind == FINITE
        negative = np.where(finite, below | (marks & _NOT_MINUS_ZERO == 0), down & (kind == INFINITE))
        exponent = np.full(marks.shape, -self._fixed.point.fraction, np.int64)
        if not finite.all():
            units = np.where(finite, units, units.dtype.type(0))
        if self._wide:
            return WideTerms(units if units.ndim == 2 else units[np.newaxis].astype(np.uint64), exponent, negative, kind)
        return Terms(units, exponent, negative, kind)

    def flags(self, state: Sum) -> tuple[Array, Array]:
        """Return overflow and invalid: never raised here."""
        low = np.zeros(state.marks.shape, bool)
        return low, low


def sum_range(point: spec.FixedPoint, blocks: Sequence[BlockFormat] = ()) -> TermRange:
    """Return the range of an exact sum, times the scales of `blocks`."""
    bits, lsb_exponent, magnitude = point.width - 1, -point.fraction, point.max_value
    for fmt in blocks:
        scale = TermRange.of_format(fmt.scale)
        bits += 0 if fmt.power_of_two else scale.significand_bits
        lsb_exponent += scale.lsb_exponent
        magnitude *= scale.max_magnitude
    return TermRange(bits, lsb_exponent, magnitude)


def scaled(terms: Terms | WideTerms, scale: Terms, significand_bits: int) -> Terms | WideTerms:
    """Return the exact products of sums and scales; `significand_bits` bounds those of the result."""
    if isinstance(terms, WideTerms):
        return terms.times(scale, significand_bits)
    return multiply(terms, scale, significand_bits)
