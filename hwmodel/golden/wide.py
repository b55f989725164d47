"""Accumulators of terms that no int64 holds: each is added exactly, in limbs, and rounded once."""

from typing import NamedTuple

import numpy as np

from hwmodel import spec

from . import multiword
from .arrays import Array
from .fixed import FixedAcc, FixedTerm
from .floating import FloatAcc, FloatState
from .posit import PositAcc, PositState, PositTerm, round_to_posit
from .rounding import bit_length, shift_right_sticky
from .terms import FINITE, TermRange, Terms, product_kinds, unpack

_ODD_BITS = 56
"""A term that is rounded before it is added is cut to so many bits, the last of them sticky: three more than any format has."""

_LEADING_BITS = 62


class WideTerms(NamedTuple):
    """Numbers ``significand * 2**exponent``, as `Terms` but for the significands: (limbs, n) uint64, two's complement; the others (n,)."""

    significand: Array
    exponent: Array
    negative: Array
    kind: Array

    def times(self, scale: Terms, significand_bits: int) -> "WideTerms":
        """Return the exact products with scales, which are not negative; `significand_bits` bounds those of the result."""
        significand = self.significand
        if (scale.significand > 1).any() or (scale.significand == 0).any():
            limbs = max(len(significand), multiword.limbs_for(significand_bits + 1))
            significand = multiword.times(multiword.widened(significand, limbs), scale.significand.astype(np.uint64))
        is_zero = self.is_zero
        kind, negative = product_kinds(self, scale, is_zero, scale.significand == 0)
        return WideTerms(significand, self.exponent + scale.exponent, negative, kind)

    @property
    def is_zero(self) -> Array:
        """Whether the significand is zero, (n,) bool."""
        return np.bitwise_or.reduce(self.significand, axis=0) == 0

    def cut(self) -> Terms:
        """Return the terms with significands of int64, their last bit sticky: enough to round to any format."""
        below = multiword.is_negative(self.significand)
        magnitude, exponent = multiword.leading(np.where(below, multiword.negated(self.significand), self.significand))
        magnitude = shift_right_sticky(magnitude, np.full(magnitude.shape, _LEADING_BITS - _ODD_BITS))
        exponent = self.exponent + exponent + (_LEADING_BITS - _ODD_BITS)
        return Terms(np.where(below, -magnitude, magnitude), exponent, self.negative, self.kind)


class _Grid:
    """Where a held number and a term are both integers.

    Parameters
    ----------
    terms
        What is added.
    lsb_exponent, top_exponent
        Every held number is a multiple of ``2**lsb_exponent``, and smaller than ``2**top_exponent``.
    """

    def __init__(self, terms: TermRange, lsb_exponent: int, top_exponent: int):
        self.lsb_exponent = min(terms.lsb_exponent, lsb_exponent)
        top = max(terms.lsb_exponent + terms.max_magnitude.bit_length(), top_exponent)
        # A sign, and the carry of the sum.
        self.limbs = multiword.limbs_for(top - self.lsb_exponent + 2)

    def sum(self, held: Terms, term: WideTerms) -> tuple[Array, Array]:
        """Return the exact sums as sign, (n,) bool, and magnitude, (limbs, n)."""
        significand = held.significand.astype(np.int64)
        # The exponent of a zero is anything.
        place = np.where(significand == 0, 0, held.exponent - self.lsb_exponent)
        total = multiword.shifted_limbs(term.significand, term.exponent - self.lsb_exponent, self.limbs)
        total = multiword.add(total, multiword.shifted(significand, place, self.limbs))
        negative = multiword.is_negative(total)
        return negative, np.where(negative, multiword.negated(total), total)


class WideFloatAcc(FloatAcc):
    """`FloatAcc` for wide terms."""

    def __init__(self, acc: spec.FloatAcc, terms: TermRange):
        # The window is that of the format, or, where the term is rounded first, of what is left of it.
        super().__init__(acc, TermRange(1 if acc.fused else _ODD_BITS, 0, 1))
        # Held numbers are normalised: below the lowest bit of a subnormal number stand zeros.
        self._grid = _Grid(terms, acc.format.lsb_exponent - acc.format.precision, acc.format.emax + 1)

    def align(self, terms: WideTerms) -> WideTerms | FloatState:  # type: ignore[override]
        """Return terms as they enter the adder: as they are, or rounded if the accumulator is unfused."""
        return terms if self.acc.fused else super().align(terms.cut())

    def add(self, state: FloatState, term: WideTerms | FloatState, random: Array | None = None) -> FloatState:
        """Return the accumulators after one addition, rounded once."""
        if isinstance(term, FloatState):
            return super().add(state, term, random)
        below, magnitude = self._grid.sum(self.terms(state), term)
        bits, exponent = self._leading(magnitude)
        negative = below | ((bits == 0) & state.negative & term.negative)
        return self._with_specials(self._round(bits, exponent + self._grid.lsb_exponent, negative, random), state, term)

    def _leading(self, magnitude: Array) -> tuple[Array, Array]:
        """Return the leading bits, the last of them sticky, as many as the window and the carry of a sum have, and their exponent."""
        if self._dtype is np.int64:
            bits, exponent = multiword.leading(magnitude)
            excess = np.full(bits.shape, max(_LEADING_BITS - (self.window + 1), 0), np.int64)
        else:
            bits, exponent = multiword.to_objects(multiword.widened(magnitude, len(magnitude) + 1)), np.zeros(magnitude.shape[1], np.int64)
            excess = np.maximum(bit_length(bits) - (self.window + 1), 0)
        return shift_right_sticky(bits, excess), exponent + excess


class WidePositAcc(PositAcc):
    """`PositAcc` for wide terms."""

    def __init__(self, acc: spec.PositAcc, terms: TermRange):
        super().__init__(acc, TermRange(1 if acc.fused else _ODD_BITS, 0, 1))
        fmt = acc.format
        self._grid = _Grid(terms, fmt.lsb_exponent - fmt.precision, fmt.max_exponent + 1)

    def align(self, terms: WideTerms) -> WideTerms | PositTerm:  # type: ignore[override]
        """Return terms as they enter the adder: as they are, or rounded if the accumulator is unfused."""
        return terms if self.acc.fused else super().align(terms.cut())

    def add(self, state: PositState, term: WideTerms | PositTerm, random: Array | None = None) -> PositState:
        """Return the accumulators after one addition, rounded once; nothing here is random."""
        if isinstance(term, PositTerm):
            return super().add(state, term, random)
        held = unpack(state.codes, self.format)
        below, magnitude = self._grid.sum(held, term)
        bits, exponent = multiword.leading(magnitude)
        codes = self._signed(round_to_posit(bits, exponent + self._grid.lsb_exponent, self.format), below)
        nar = (held.kind != FINITE) | (term.kind != FINITE)
        return PositState(np.where(nar, np.uint64(self.format.nan_code), codes))


class WideFixedAcc(FixedAcc):
    """`FixedAcc` for wide terms."""

    def align(self, terms: WideTerms) -> FixedTerm:  # type: ignore[override]
        """Return terms in the accumulator's unit; what is finer is floored, or rounded to even with ``.rne``."""
        return super().align(Terms(multiword.to_objects(terms.significand), terms.exponent, terms.negative, terms.kind))
