"""The floating-point accumulator, over many units."""

from typing import NamedTuple

import numpy as np

from hwmodel import spec

from .arrays import Array, select
from .rounding import bit_length, round_shift, round_shift_stochastic, shift_floor, shift_right_sticky
from .terms import FINITE, INFINITE, NAN, Signed, TermRange, Terms, unpack

_ZERO_EXPONENT = -(1 << 20)
"""Exponent of a zero: below that of any number, so that a zero is always the smaller addend."""

_GUARD_BITS = 3
"""A window this much longer than every addend, and by k bits more for ``sr<k>``: see `FloatAcc.add`."""

_MAX_INT64_WINDOW = 59


class FloatState(NamedTuple):
    """Numbers in a window of W bits, normalised; each field has shape ``(n,)``.

    Attributes
    ----------
    significand : int64 or object
        Signed, ``2**(W-1) <= abs(significand) < 2**W``; 0 for zeros, infinities and NaN.
    exponent : int64
        The number is ``significand * 2**exponent``.
    negative : bool
        The sign, for zeros and infinities too.
    kind : uint8
        `FINITE`, `INFINITE` or `NAN`.
    """

    significand: Array
    exponent: Array
    negative: Array
    kind: Array


class FloatAcc:
    """Accumulators of one float format: ``acc <- round(acc + term)``.

    Parameters
    ----------
    acc
        Format and options.
    terms
        What will be added.
    """

    def __init__(self, acc: spec.FloatAcc, terms: TermRange):
        self.acc = acc
        self.format = acc.format
        self.window = max(terms.significand_bits, acc.format.precision) + _GUARD_BITS + acc.random_bits
        self._dtype = np.int64 if self.window <= _MAX_INT64_WINDOW else object
        # The largest finite number, normalised. A format without normal numbers has a subnormal one.
        fmt, length = acc.format, acc.format.max_significand.bit_length()
        self._largest = fmt.max_significand << (self.window - length)
        self._largest_exponent = fmt.emax - fmt.fraction_bits - (self.window - length)
        if acc.ftz and length < fmt.precision:
            self._largest, self._largest_exponent = 0, _ZERO_EXPONENT

    def zeros(self, n: int) -> FloatState:
        return FloatState(np.zeros(n, self._dtype), np.full(n, _ZERO_EXPONENT, np.int64), np.zeros(n, bool), np.full(n, FINITE, np.uint8))

    def restart(self, state: FloatState) -> FloatState:
        return self.zeros(len(state.kind))

    def align(self, terms: Terms) -> FloatState:
        """Return terms as they enter the adder: normalised, and rounded first if the accumulator is unfused."""
        normalised = self._normalise(terms)
        if self.acc.fused:
            return normalised
        rounded = self._round(np.abs(normalised.significand), normalised.exponent, normalised.negative)
        return self._canonical(select(terms.kind == FINITE, rounded, normalised))

    def _normalise(self, terms: Terms) -> FloatState:
        significand = terms.significand.astype(self._dtype)
        shift = self.window - bit_length(np.abs(significand))
        exponent = np.where(significand == 0, _ZERO_EXPONENT, terms.exponent - shift)
        return FloatState(significand << shift, exponent, terms.negative, terms.kind)

    def add(self, state: FloatState, term: FloatState, random: Array | None = None) -> FloatState:
        """Return the accumulators after one addition, rounded once."""
        # The one with the larger exponent stays; the other is shifted right, with a sticky bit for what falls off.
        # Bits fall off only after more than _GUARD_BITS - 1 places (no addend is longer than W - 3), and then the sum
        # has at least W - 1 bits: the sticky bit lies two or more below the last bit kept. When the sum is shorter
        # than the format's precision, nothing fell off and its last two bits are 0, so it is not rounded below.
        # The k bits that sr<k> looks at stand between the last bit kept and those two.
        distance = state.exponent - term.exponent
        term_is_smaller = distance >= 0
        large = np.where(term_is_smaller, state.significand, term.significand)
        small = np.where(term_is_smaller, term.significand, state.significand)
        exponent = np.maximum(state.exponent, term.exponent)
        total = large + shift_right_sticky(small, np.minimum(np.abs(distance), self.window + 2))
        # An exact zero is +0, except that (-0) + (-0) is -0.
        negative = (total < 0) | ((total == 0) & state.negative & term.negative)
        result = self._round(np.abs(total), exponent, negative, random)
        return self._with_specials(result, state, term)

    def _round(self, magnitude: Array, exponent: Array, negative: Array, random: Array | None = None) -> FloatState:
        """Return ``magnitude * 2**exponent`` rounded to the format; magnitudes have at most W + 1 bits."""
        fmt, bits = self.format, self.acc.random_bits
        # Drop what lies below the format's precision or below its subnormal unit. At least one bit (it is 0 then).
        shift = np.maximum(np.maximum(bit_length(magnitude) - fmt.precision, fmt.lsb_exponent - exponent), 1)
        if bits:
            random = np.zeros(shift.shape, self._dtype) if random is None else random.astype(self._dtype)
            rounded = round_shift_stochastic(magnitude, shift, bits, random)
        else:
            shift = np.minimum(shift, self.window + 3)
            odd = None
            if fmt.precision == 1:
                # A significand of one bit is always odd; ties go to the even code.
                odd = (magnitude >> shift != 0) & ((exponent + shift - fmt.emin + fmt.subnormals) & 1 == 1)
            rounded = round_shift(magnitude, shift, self.acc.rounding, odd)
        lsb_exponent = exponent + shift
        if not fmt.subnormals:
            below, up = self._beside_zero(magnitude, fmt.lsb_exponent - exponent, random)
            rounded = np.where(below, up, rounded)
            lsb_exponent = np.where(below, fmt.lsb_exponent, lsb_exponent)
        length = bit_length(rounded)
        top_exponent = lsb_exponent + (length - 1)

        vanished = rounded == 0
        if self.acc.ftz:
            vanished |= top_exponent < fmt.emin
        significand = rounded << (self.window - length)
        new_exponent = lsb_exponent - (self.window - length)
        np.copyto(significand, 0, where=vanished)
        np.copyto(new_exponent, _ZERO_EXPONENT, where=vanished)
        if not fmt.has_negative_zero:
            negative = negative & ~vanished

        overflow = (top_exponent > fmt.emax) & ~vanished
        if fmt.max_significand != (2 << fmt.fraction_bits) - 1:
            beyond = significand > fmt.max_significand << (self.window - fmt.precision)
            overflow |= (top_exponent == fmt.emax) & beyond & ~vanished
        kind = np.full(negative.shape, FINITE, np.uint8)
        if overflow.any():
            if self.acc.rounding == "rtz" or not fmt.has_nan:
                significand[overflow] = self._largest
                new_exponent[overflow] = self._largest_exponent
            else:
                significand[overflow] = 0
                new_exponent[overflow] = _ZERO_EXPONENT
                kind[overflow] = INFINITE
        np.negative(significand, out=significand, where=negative)
        result = FloatState(significand, new_exponent, negative, kind)
        return self._canonical(result) if overflow.any() else result

    def _beside_zero(self, magnitude: Array, shift: Array, random: Array | None) -> tuple[Array, Array]:
        """Return which numbers are less than the smallest one of a format without subnormals, and what they are rounded to.

        Both in units of the format, `magnitude / 2**shift` and the result: the smallest number or 0.
        """
        smallest = (1 << self.format.fraction_bits) + 1
        near = bit_length(magnitude) - shift <= self.format.precision
        shift = np.where(near, shift, 0)
        below = near & (shift_floor(magnitude, shift) < smallest)
        if bits := self.acc.random_bits:
            assert random is not None
            # floor(2**bits * number / smallest) + random >= 2**bits, without the division
            away = shift_floor(magnitude, shift - bits) >= smallest * ((1 << bits) - random)
        elif self.acc.rounding == "rtz":
            away = np.zeros_like(below)
        else:
            halves = shift_floor(magnitude, shift - 1)
            nearer = (halves > smallest) | ((halves == smallest) & (shift_floor(halves, 1 - shift) != magnitude))
            away = nearer | (halves == smallest) if self.acc.rounding == "rna" else nearer
        return below, np.where(below & away, smallest, 0)

    def _with_specials(self, result: FloatState, x: Signed, y: Signed) -> FloatState:
        """Return `result` with the sums of infinities and NaNs put in."""
        special = (x.kind | y.kind) != FINITE
        if not special.any():
            return result
        opposite = (x.kind == INFINITE) & (y.kind == INFINITE) & (x.negative != y.negative)
        nan = (x.kind == NAN) | (y.kind == NAN) | opposite
        significand, exponent, negative, kind = result
        significand[special] = 0
        exponent[special] = _ZERO_EXPONENT
        negative = np.where(special, np.where(x.kind == INFINITE, x.negative, y.negative), negative)
        kind[special] = INFINITE
        kind[nan] = NAN
        return self._canonical(FloatState(significand, exponent, negative, kind))

    def _canonical(self, state: FloatState) -> FloatState:
        """Return `state` with infinities that the format lacks made NaN, and NaN without sign."""
        kind = state.kind if self.format.has_inf else np.where(state.kind == INFINITE, NAN, state.kind)
        return state._replace(kind=kind, negative=state.negative & (kind != NAN))

    def terms(self, state: FloatState) -> Terms:
        """Return the accumulators as terms for the next level."""
        spare = self.window - self.format.precision
        return Terms(state.significand >> spare, state.exponent + spare, state.negative, state.kind)

    @property
    def range(self) -> TermRange:
        """The range of `terms`."""
        return TermRange.of_format(self.format)

    def codes(self, state: FloatState) -> Array:
        """Return the codes, (n,) uint64."""
        fmt = self.format
        top_exponent = state.exponent + (self.window - 1)
        below = np.minimum(np.maximum(fmt.emin - top_exponent, 0), fmt.precision)
        significand = (np.abs(state.significand) >> (self.window - fmt.precision + below)).astype(np.uint64)
        if not fmt.subnormals:
            significand &= np.uint64(fmt.fraction_mask)
        # A normal significand has its hidden bit, which adds one to the exponent field where field 0 is for subnormals.
        field = np.maximum(top_exponent - fmt.emin, 0).astype(np.uint64)
        codes = (field << np.uint64(fmt.fraction_bits)) + significand
        if fmt.inf_code is not None:
            codes[state.kind == INFINITE] = fmt.inf_code
        codes |= np.where(state.negative, np.uint64(fmt.sign_mask), np.uint64(0))
        if fmt.nan_code is not None:
            codes[state.kind == NAN] = fmt.nan_code
        return codes

    def load(self, codes: Array) -> FloatState:
        """Return accumulators that hold `codes`, (n,) uint64; NaN becomes canonical, and ``.ftz`` is applied."""
        terms = unpack(codes, self.format)
        if self.acc.ftz:
            subnormal = np.abs(terms.significand) >> self.format.fraction_bits == 0
            negative = terms.negative & (~subnormal | self.format.has_negative_zero)
            terms = terms._replace(significand=np.where(subnormal, 0, terms.significand), negative=negative)
        return self._canonical(self._normalise(terms))

    def flags(self, state: FloatState) -> tuple[Array, Array]:
        """Return overflow and invalid: never raised here."""
        low = np.zeros(len(state.kind), bool)
        return low, low
