"""The accumulators of posits, over many units: one that rounds to the posit in every step, and the quire."""

from typing import NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec import PositFormat

from . import multiword
from .arrays import Array
from .fixed import FixedAcc, FixedState, FixedTerm
from .rounding import bit_length, round_shift, shift_right_sticky
from .terms import FINITE, TermRange, Terms, unpack

_ZERO_EXPONENT = -(1 << 20)
"""Exponent of a zero: below that of any number, so that a zero is always the smaller addend."""

_GUARD_BITS = 3
_MAX_INT64_WINDOW = 59


def round_to_posit(magnitude: Array, exponent: Array, fmt: PositFormat) -> Array:
    """Return the codes of ``magnitude * 2**exponent`` by the rounding of posits, (n,) int64.

    Parameters
    ----------
    magnitude : (n,) int64 or object
        Not negative, int64 below ``2**62``. Where bits were lost below it, its last bit is set and it has two bits more
        than the format's precision.
    exponent : (n,) int64
    """
    # One bit of guard and one sticky bit below the longest significand: more never decides.
    length = bit_length(magnitude)
    kept = fmt.precision + 2
    excess = np.maximum(length - kept, 0)
    significand = shift_right_sticky(magnitude, excess).astype(np.int64) << np.maximum(kept - length, 0)
    scale = exponent + length - 1
    # Regime, exponent bits and fraction are one string. As a two's complement number its first regime bit is the sign: 10… for a
    # scale of at least 0, 01… below. The longer the run, the farther an arithmetic shift moves the string down, copying that bit.
    es = fmt.exponent_bits
    regime, low = scale >> es, scale & ((1 << es) - 1)
    first = np.where(regime >= 0, -2, 1) << es
    string = ((first | low) << (kept - 1)) | (significand & ((1 << (kept - 1)) - 1))
    run = np.minimum(np.where(regime >= 0, regime, ~regime), fmt.width)
    # The code keeps width - 1 bits of it; rounding them is rounding the code. (A floor and its parity are right below zero too.)
    body = round_shift(string, run + (es + 2 - fmt.width + kept), "rne")
    # Rounded to 0 from below 1 is to zero, and from above it is past maxpos.
    body = np.where(body == 0, np.where(regime >= 0, -1, 1), body)
    return np.where(magnitude == 0, 0, body & ((1 << (fmt.width - 1)) - 1)).astype(np.int64)


class PositState(NamedTuple):
    """Posits, by their codes: (n,) uint64."""

    codes: Array


class PositTerm(NamedTuple):
    """Addends in a window of W bits, normalised as in `FloatState`; each field has shape ``(n,)``.

    Attributes
    ----------
    significand : int64 or object
        Signed, 0 for zeros and for what is not finite.
    exponent : int64
    nar : bool
    """

    significand: Array
    exponent: Array
    nar: Array


class PositAcc:
    """Accumulators of one posit format: ``acc <- round(acc + term)``.

    Parameters
    ----------
    acc
        Format and options.
    terms
        What will be added.
    """

    def __init__(self, acc: spec.PositAcc, terms: TermRange):
        self.acc = acc
        self.format = acc.format
        self.window = max(terms.significand_bits, acc.format.precision) + _GUARD_BITS
        self._dtype = np.int64 if self.window <= _MAX_INT64_WINDOW else object

    def zeros(self, n: int) -> PositState:
        return PositState(np.zeros(n, np.uint64))

    def align(self, terms: Terms) -> PositTerm:
        """Return terms as they enter the adder: normalised, and rounded first if the accumulator is unfused."""
        nar = terms.kind != FINITE
        if not self.acc.fused:
            codes = self._signed(round_to_posit(np.abs(terms.significand), terms.exponent, self.format), terms.significand < 0)
            terms = unpack(codes, self.format)
        return self._normalise(terms, nar)

    def _normalise(self, terms: Terms, nar: Array) -> PositTerm:
        significand = terms.significand.astype(self._dtype)
        shift = self.window - bit_length(np.abs(significand))
        exponent = np.where(significand == 0, _ZERO_EXPONENT, terms.exponent - shift)
        return PositTerm(significand << shift, exponent, nar)

    def add(self, state: PositState, term: PositTerm, random: Array | None = None) -> PositState:
        """Return the accumulators after one addition, rounded once; nothing here is random."""
        held = unpack(state.codes, self.format)
        acc = self._normalise(held, held.kind != FINITE)
        # As in `FloatAcc.add`: the smaller is shifted right, and its sticky bit lies two or more below the last bit kept.
        distance = acc.exponent - term.exponent
        term_is_smaller = distance >= 0
        large = np.where(term_is_smaller, acc.significand, term.significand)
        small = np.where(term_is_smaller, term.significand, acc.significand)
        exponent = np.maximum(acc.exponent, term.exponent)
        total = large + shift_right_sticky(small, np.minimum(np.abs(distance), self.window + 2))
        codes = self._signed(round_to_posit(np.abs(total), exponent, self.format), total < 0)
        return PositState(np.where(acc.nar | term.nar, np.uint64(self.format.nan_code), codes))

    def _signed(self, body: Array, negative: Array) -> Array:
        mask = (1 << self.format.width) - 1
        return (np.where(negative, -body, body) & mask).astype(np.uint64)

    @property
    def range(self) -> TermRange:
        return TermRange.of_format(self.format)

    def codes(self, state: PositState) -> Array:
        """Return the codes, (n,) uint64."""
        return state.codes.copy()

    def load(self, codes: Array) -> PositState:
        """Return accumulators that hold `codes`, (n,) uint64."""
        return PositState(codes.copy())

    def flags(self, state: PositState) -> tuple[Array, Array]:
        """Return overflow and invalid: never raised here."""
        low = np.zeros(len(state.codes), bool)
        return low, low


class QuireAcc:
    """Quires of one posit format: fixed point that wraps, read out as posits.

    The state is that of `FixedAcc`; an addend that is not finite raises `invalid` there, which stays until `clear`: NaR.

    Parameters
    ----------
    point
        Width and unit.
    fmt
        The posit it is read as.
    terms
        What will be added.
    lanes
        How many of them in one step.
    """

    def __init__(self, point: spec.FixedPoint, fmt: PositFormat, terms: TermRange, lanes: int = 1):
        self.format = fmt
        self.fixed = FixedAcc(spec.FixedAcc(point.width, point.fraction), point, terms, lanes)

    def zeros(self, n: int) -> FixedState:
        return self.fixed.zeros(n)

    def align(self, terms: Terms) -> FixedTerm:
        return self.fixed.align(terms)

    def total(self, terms: FixedTerm) -> FixedTerm:
        """Return the sums over the lanes, the axis before the last."""
        return self.fixed.total(terms)

    def add(self, state: FixedState, term: FixedTerm, random: Array | None = None) -> FixedState:
        """Return the quires after one addition; nothing here is random."""
        return self.fixed.add(state, term)

    @property
    def range(self) -> TermRange:
        return self.fixed.range

    def codes(self, state: FixedState) -> Array:
        """Return the quires rounded to posits, (n,) uint64."""
        total, unit = state.total, -self.fixed.point.fraction
        if total.ndim == 1:
            negative, magnitude, exponent = total < 0, np.abs(total), np.full(total.shape, unit, np.int64)
        else:
            negative = multiword.is_negative(total)
            magnitude, exponent = multiword.leading(np.where(negative, multiword.negated(total), total))
            exponent = exponent + unit
        body = round_to_posit(magnitude, exponent, self.format)
        codes = (np.where(negative, -body, body) & ((1 << self.format.width) - 1)).astype(np.uint64)
        return np.where(state.invalid, np.uint64(self.format.nan_code), codes)

    def load(self, codes: Array) -> FixedState:
        """Return quires that hold posits, (n,) uint64, or, given in limbs, (n, limbs) uint64, what they are themselves."""
        if codes.ndim == 2:
            return self.fixed.load(codes)
        n = len(codes)
        return self.fixed.add(self.fixed.zeros(n), self.fixed.align(unpack(codes, self.format)))

    def flags(self, state: FixedState) -> tuple[Array, Array]:
        """Return overflow and invalid: never raised here."""
        low = np.zeros(state.invalid.shape, bool)
        return low, low
