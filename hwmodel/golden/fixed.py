"""The fixed-point accumulator, over many units: int64 where that is wide enough, limbs where not."""

from typing import NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec.accumulators import MAX_FIXED_WIDTH

from . import multiword
from .arrays import Array
from .rounding import round_shift
from .terms import FINITE, MAX_INT64_BITS, TermRange, Terms


class FixedState(NamedTuple):
    """Fixed-point numbers in units of ``2**-fraction``.

    Attributes
    ----------
    total : (n,) int64 or (limbs, n) uint64
    overflow, invalid : (n,) bool
        Sticky.
    """

    total: Array
    overflow: Array
    invalid: Array


class FixedTerm(NamedTuple):
    """Addends in the accumulator's unit: `units` is shaped as `FixedState.total`, or has an axis of lanes before the last; `invalid` marks
    inf and NaN."""

    units: Array
    invalid: Array


class FixedAcc:
    """Two's complement accumulators of one width: ``acc <- wrap(acc + floor(term / unit))``.

    Parameters
    ----------
    acc
        Options.
    point
        Width and unit.
    terms
        What will be added.
    lanes
        How many of them in one step.
    """

    def __init__(self, acc: spec.FixedAcc, point: spec.FixedPoint, terms: TermRange, lanes: int = 1):
        self.acc = acc
        self.point = point
        # Bits of the largest term in our unit, rounded up, and of the sum of so many.
        term_bits = max(terms.max_magnitude.bit_length() + terms.lsb_exponent + point.fraction, 0) + 1 + (lanes - 1).bit_length()
        bits = max(point.width, term_bits) + 1
        self._limbs = 0 if bits <= MAX_INT64_BITS else multiword.limbs_for(bits + 1)

    def zeros(self, n: int) -> FixedState:
        total = multiword.zeros(self._limbs, n) if self._limbs else np.zeros(n, np.int64)
        return FixedState(total, np.zeros(n, bool), np.zeros(n, bool))

    def restart(self, state: FixedState) -> FixedState:
        """Return zeros that keep the flags."""
        return state._replace(total=np.zeros_like(state.total))

    def align(self, terms: Terms) -> FixedTerm:
        """Return terms in the accumulator's unit; what is finer is floored, or rounded to even with ``.rne``."""
        shift = terms.exponent + self.point.fraction
        value = terms.significand
        finer = shift < 0
        if finer.any():
            longest = 63 if value.dtype != object else 2 * MAX_FIXED_WIDTH
            down = np.clip(-shift, 1, longest)
            if self.acc.rounding == "rne":
                magnitude = round_shift(np.abs(value), down, "rne")
                floored = np.where(value < 0, -magnitude, magnitude)
            else:
                floored = value >> down
            value = np.where(finer, floored, value)
        up = np.where(value == 0, 0, np.maximum(shift, 0))
        if value.dtype == object:
            value = value << up
            units = multiword.from_objects(value, self._limbs) if self._limbs else value.astype(np.int64)
        else:
            units = multiword.shifted(value, up, self._limbs) if self._limbs else value << up
        return FixedTerm(units, terms.kind != FINITE)

    def total(self, terms: FixedTerm) -> FixedTerm:
        """Return the sums over the lanes, the axis before the last."""
        units = multiword.total(terms.units) if self._limbs else terms.units.sum(axis=0)
        return FixedTerm(units, np.logical_or.reduce(terms.invalid, axis=0))

    def add(self, state: FixedState, term: FixedTerm, random: Array | None = None) -> FixedState:
        """Return the accumulators after one addition; nothing here is random."""
        total, overflow = (self._add_limbs if self._limbs else self._add_int64)(state.total, term.units)
        return FixedState(total, state.overflow | overflow, state.invalid | term.invalid)

    def _add_int64(self, total: Array, units: Array) -> tuple[Array, Array]:
        low, high = self.point.min_value, self.point.max_value
        exact = total + units
        overflow = (exact < low) | (exact > high)
        if overflow.any():
            exact = np.clip(exact, low, high) if self.acc.saturate else ((exact - low) & ((1 << self.point.width) - 1)) + low
        return exact, overflow

    def _add_limbs(self, total: Array, units: Array) -> tuple[Array, Array]:
        exact = multiword.add(total, units)
        wrapped = multiword.sign_extended(exact, self.point.width)
        overflow = (wrapped != exact).any(axis=0)
        if self.acc.saturate and overflow.any():
            low, high = (multiword.from_int(end, self._limbs) for end in (self.point.min_value, self.point.max_value))
            wrapped = np.where(overflow, np.where(multiword.is_negative(exact), low, high), exact)
        return wrapped, overflow

    def terms(self, state: FixedState) -> Terms:
        """Return the accumulators as terms for the next level."""
        value = multiword.to_objects(state.total) if self._limbs else state.total
        if self.point.width > MAX_INT64_BITS:
            value = value.astype(object)
        elif value.dtype == object:
            value = value.astype(np.int64)
        shape = state.overflow.shape
        return Terms(value, np.full(shape, -self.point.fraction, np.int64), value < 0, np.full(shape, FINITE, np.uint8))

    @property
    def range(self) -> TermRange:
        """The range of `terms`."""
        return TermRange(self.point.width, -self.point.fraction, -self.point.min_value)

    def codes(self, state: FixedState) -> Array:
        """Return the codes: (n,) uint64, or (n, limbs) uint64, little-endian, above 64 bits."""
        width = self.point.width
        if not self._limbs:
            return state.total.astype(np.uint64) & np.uint64((1 << width) - 1)
        limbs = multiword.low_bits(state.total, width)
        return limbs[0] if width <= 64 else limbs.T.copy()

    def load(self, codes: Array) -> FixedState:
        """Return accumulators that hold `codes`, shaped as `codes()` gives them, with flags low."""
        limbs = codes[None] if codes.ndim == 1 else codes.T
        padded = multiword.zeros(max(self._limbs, len(limbs)), codes.shape[0])
        padded[: len(limbs)] = limbs
        total = multiword.sign_extended(padded, self.point.width)
        return self.zeros(codes.shape[0])._replace(total=total if self._limbs else total[0].astype(np.int64))

    def flags(self, state: FixedState) -> tuple[Array, Array]:
        """Return overflow and invalid, each (n,) bool."""
        return state.overflow, state.invalid
