"""One step of a tensor core, over many units: products and accumulator aligned, truncated, added, rounded."""

from typing import Any, NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec import FloatFormat, SpecError
from hwmodel.spec.tensor import MAX_PRODUCT_BITS

from .arrays import Array
from .floating import FloatAcc
from .rounding import bit_length, round_shift
from .terms import FINITE, INFINITE, NAN, TermRange, Terms, unpack

_ZERO_EXPONENT = -(1 << 20)
"""Exponent of a zero: below that of any number, so that it never is the largest."""


class Numbers(NamedTuple):
    """Numbers ``(-1)**(sign & 1) * magnitude * 2**(exponent - scale)`` with a scale that belongs to their format.

    Attributes
    ----------
    magnitude : int64
        0 for what is not finite.
    exponent : int64
        That of the leading one, or of the format's smallest normal number if that is larger.
    sign : int64
        0 or -1.
    kind : uint8
        `FINITE`, `INFINITE` or `NAN`.
    """

    magnitude: Array
    exponent: Array
    sign: Array
    kind: Array

    def at(self, index: Any) -> "Numbers":
        """Return the numbers that `index` chooses."""
        return Numbers(*(each[index] for each in self))


def check_formats(acc: spec.TensorAcc, a: FloatFormat, b: FloatFormat) -> None:
    """Check that the products of two formats can be summed so.

    Raises
    ------
    SpecError
        If not.
    """
    bits = scale_of(a) + scale_of(b) + 2
    if bits > MAX_PRODUCT_BITS:
        raise SpecError(f"products of {a} and {b} have {bits} bits; at most {MAX_PRODUCT_BITS} are allowed here")
    if not acc.format.has_nan and any(fmt.has_nan or fmt.has_inf for fmt in (a, b)):
        raise SpecError(f"accumulator {acc}: {acc.format} has no code for the infinity or NaN that products of {a} and {b} can be")


def scale_of(fmt: FloatFormat) -> int:
    """Return how far below a number's exponent its lowest bit can lie; halved subnormals go a place further than the rest."""
    return fmt.fraction_bits + fmt.halved


def numbers_of(codes: Array, fmt: FloatFormat) -> Numbers:
    """Return what `codes` mean; the scale is that of `scale_of`."""
    terms = unpack(codes.astype(np.uint64), fmt)
    magnitude = np.abs(terms.significand)
    exponent = np.maximum(terms.exponent + bit_length(magnitude) - 1, fmt.emin)
    shift = terms.exponent - (exponent - scale_of(fmt))
    magnitude = np.where(shift < 0, magnitude >> np.clip(-shift, 0, 63), magnitude << np.clip(shift, 0, 63))
    exponent = np.where(magnitude == 0, _ZERO_EXPONENT, exponent)
    return Numbers(magnitude, exponent, -terms.negative.astype(np.int64), terms.kind)


def plain_sum(codes: Array, others: Array, fmt: FloatFormat, others_format: FloatFormat) -> Array:
    """Return the sums rounded once to `fmt`, the format of `codes`, to nearest even: an ordinary addition."""
    adder = FloatAcc(spec.FloatAcc(fmt), TermRange.of_format(others_format))
    return adder.codes(adder.add(adder.load(codes.ravel()), adder.align(unpack(others.ravel(), others_format)))).reshape(codes.shape)


class Step:
    """One step: products and accumulator aligned, truncated, added, rounded.

    Parameters
    ----------
    acc
        The arithmetic.
    product_scale
        Scale of the products: fraction bits of both operands.
    """

    def __init__(self, acc: spec.TensorAcc, product_scale: int):
        self.acc = acc
        self._product_scale = product_scale
        self._phases = [np.array(lanes) for lanes, _ in acc.sums]

    def advance(self, x: Numbers, y: Numbers, codes: Array, fmt: FloatFormat) -> Array:
        """Return the codes, of ``acc.format``, after a step from accumulators that hold `codes` of `fmt`; late: of ``acc.format``."""
        if not self.acc.late:
            return self.add(x, y, codes, fmt)
        out = self.acc.format
        return plain_sum(codes, self._in_phases(x, y, out), out, out)

    def _in_phases(self, x: Numbers, y: Numbers, out: FloatFormat) -> Array:
        """Return the codes, of `out`, of the sums of products without the accumulator."""
        first, *later = (lanes[lanes < len(x.kind)] for lanes in self._phases)
        total = self.add(x.at(first), y.at(first)) if later else self.add(x, y)
        for lanes in later:
            total = self.add(x.at(lanes), y.at(lanes), total, out)
        return total

    def add(self, x: Numbers, y: Numbers, codes: Array | None = None, fmt: FloatFormat | None = None) -> Array:
        """Return the codes, of ``acc.format``, after a step, with accumulators `codes` of `fmt` as a term if there are any."""
        exponent = x.exponent + y.exponent
        largest = exponent.max(axis=0, initial=2 * _ZERO_EXPONENT)
        held = None
        if codes is not None and fmt is not None:
            held = numbers_of(codes, fmt)
            largest = np.maximum(largest, held.exponent)
        total = self._aligned(x.magnitude * y.magnitude, exponent, x.sign ^ y.sign, self._product_scale, largest).sum(axis=0)
        if held is not None and fmt is not None:
            total += self._aligned(held.magnitude, held.exponent, held.sign, scale_of(fmt), largest)
        result = self._round(np.abs(total), largest - self.acc.fraction, total < 0)
        return self._with_specials(result, x, y, held)

    def _aligned(self, magnitude: Array, exponent: Array, sign: Array, scale: int, largest: Array) -> Array:
        """Return the numbers in units of ``2**(largest - F)``, truncated toward zero; fewer than F + 2 bits and a sign."""
        spare = self.acc.fraction - scale
        magnitude = (magnitude << spare if spare > 0 else magnitude) >> np.minimum(largest - exponent + max(-spare, 0), 63)
        return (magnitude ^ sign) - sign

    def _round(self, magnitude: Array, exponent: Array, negative: Array) -> Array:
        """Return the codes of ``magnitude * 2**exponent`` rounded to the output format."""
        out = self.acc.format
        lsb_exponent = np.maximum(exponent + bit_length(magnitude) - out.precision, out.lsb_exponent)
        lsb_exponent[magnitude == 0] = out.lsb_exponent
        drop = lsb_exponent - exponent
        # The hidden bit of the significand adds one to the exponent field; a subnormal has none. This numbers the values of
        # the format as though its exponents went up for ever; past the last field, any number that is too large will do.
        field = lsb_exponent - out.lsb_exponent
        last = out.exponent_mask - 1
        base = np.minimum(field, last).astype(np.uint64) << np.uint64(out.fraction_bits)
        shift = np.clip(drop, 1, 63)
        odd = (base.astype(np.int64) ^ (magnitude >> shift)) & 1
        significand = np.where(drop > 0, round_shift(magnitude, shift, self.acc.rounding, odd), magnitude << np.clip(-drop, 0, 63))
        codes = base + significand.astype(np.uint64)
        beyond = (codes > np.uint64(out.max_finite_code)) | (field > last)
        if beyond.any():
            end = out.inf_code if out.inf_code is not None else out.nan_code
            codes[beyond] = out.max_finite_code if end is None else end
        signed = negative & (out.has_negative_zero | (codes != 0))
        if out.nan_code is not None and not out.has_inf:
            signed &= codes != np.uint64(out.nan_code)
        return codes | np.where(signed, np.uint64(out.sign_mask), np.uint64(0))

    def _with_specials(self, codes: Array, x: Numbers, y: Numbers, held: Numbers | None) -> Array:
        """Return `codes` with the sums that hold an infinity or a NaN put in."""
        if not (x.kind.any() or y.kind.any() or (held is not None and held.kind.any())):
            return codes
        nan = (x.kind == NAN) | (y.kind == NAN)
        nan |= ((x.kind == INFINITE) & _is_zero(y)) | ((y.kind == INFINITE) & _is_zero(x))
        infinite = ((x.kind == INFINITE) | (y.kind == INFINITE)) & ~nan
        sign = x.sign ^ y.sign
        up, down = (infinite & (sign == 0)).any(axis=0), (infinite & (sign != 0)).any(axis=0)
        nan = nan.any(axis=0)
        if held is not None:
            nan = nan | (held.kind == NAN)
            up, down = up | ((held.kind == INFINITE) & (held.sign == 0)), down | ((held.kind == INFINITE) & (held.sign != 0))
        out = self.acc.format
        assert out.nan_code is not None  # `_checked` refuses the rest
        infinity, sign_mask = (out.nan_code, 0) if out.inf_code is None else (out.inf_code, out.sign_mask)
        codes = np.where(up, np.uint64(infinity), codes)
        codes = np.where(down, np.uint64(infinity | sign_mask), codes)
        return np.where(nan | (up & down), np.uint64(out.nan_code), codes)


def _is_zero(numbers: Numbers) -> Array:
    return (numbers.kind == FINITE) & (numbers.magnitude == 0)


class TensorState(NamedTuple):
    """Accumulators, by their codes: (n,) uint64."""

    codes: Array


class TensorTerm(NamedTuple):
    """Operands of a step, (L, n)."""

    x: Numbers
    y: Numbers


class TensorAcc:
    """Accumulators of tensor-core style.

    Parameters
    ----------
    acc
        The arithmetic.
    a, b
        The operands' formats; of blocks those of the elements.

    Raises
    ------
    SpecError
        If the arithmetic is not for these formats.
    """

    def __init__(self, acc: spec.TensorAcc, a: FloatFormat, b: FloatFormat):
        check_formats(acc, a, b)
        self.format = acc.format
        self._operands = (a, b)
        self._step = Step(acc, scale_of(a) + scale_of(b))

    def zeros(self, n: int) -> TensorState:
        return TensorState(np.zeros(n, np.uint64))

    def products(self, a: Array, b: Array, scale: Terms | None, point: int) -> TensorTerm:
        """Return the products of operand codes, (L, n), times scales that are powers of two, (n,), times ``2**-point``."""
        x, y = (numbers_of(codes, fmt) for codes, fmt in zip((a, b), self._operands, strict=True))
        if scale is not None:
            x = x._replace(exponent=x.exponent + (scale.exponent - point), kind=np.where(scale.kind == NAN, NAN, x.kind))
        return TensorTerm(x, y)

    def add(self, state: TensorState, term: TensorTerm, random: Array | None = None) -> TensorState:
        """Return the accumulators after one step; nothing here is random."""
        return TensorState(self._step.advance(term.x, term.y, state.codes, self.format))

    def codes(self, state: TensorState) -> Array:
        """Return the codes, (n,) uint64."""
        return state.codes.copy()

    def load(self, codes: Array) -> TensorState:
        """Return accumulators that hold `codes`, (n,) uint64; NaN becomes canonical."""
        if self.format.nan_code is None:
            return TensorState(codes.copy())
        return TensorState(np.where(unpack(codes, self.format).kind == NAN, np.uint64(self.format.nan_code), codes))

    def flags(self, state: TensorState) -> tuple[Array, Array]:
        """Return overflow and invalid: never raised here."""
        low = np.zeros(len(state.codes), bool)
        return low, low
