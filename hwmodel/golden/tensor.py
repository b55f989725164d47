"""Tensor cores over matrices of codes."""

from typing import Any, NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec import FloatFormat, SpecError, TensorAcc, TensorPreset, parse_tensor

from .arrays import Array
from .codec import decode, encode
from .codes import check_codes
from .floating import FloatAcc
from .rounding import bit_length, round_shift
from .terms import FINITE, INFINITE, NAN, TermRange, unpack

_ZERO_EXPONENT = -(1 << 20)
"""Exponent of a zero: below that of any number, so that it never is the largest."""

_MAX_PRODUCT_BITS = 62

_BLOCK = 1 << 15
"""Terms worked on at a time, so that intermediate arrays stay in the second-level cache."""


class _Numbers(NamedTuple):
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

    def at(self, index: Any) -> "_Numbers":
        """Return the numbers that `index` chooses."""
        return _Numbers(*(each[index] for each in self))


def matmul(
    a: Any, b: Any, c: Any, core: TensorAcc | TensorPreset | str, a_format: FloatFormat, b_format: FloatFormat | None = None
) -> Array:
    """Return ``a @ b + c`` as a tensor core computes it, K in steps of L products, in order.

    Equal to :func:`hwmodel.golden.scalar.dot` in every element.

    Parameters
    ----------
    a : (M, K) integers
        Codes of `a_format`.
    b : (K, N) integers
        Codes of `b_format`.
    c : (M, N) integers, or a single one
        Codes of the addend's format: ``core.format``, or a preset's ``result``.
    core
        The arithmetic: a `TensorAcc`, a `TensorPreset`, or a text that `hwmodel.spec.parse_tensor` reads, such as ``"h100"``,
        ``"h100:fp16"`` or ``"tc8f24:fp32.rtz"``.
    a_format, b_format
        The operands' formats; `b_format` None: that of a.

    Returns
    -------
    (M, N) uint64
        Codes of the format of `c`.

    Raises
    ------
    SpecError
        If shapes do not fit, codes are out of range, or the arithmetic is not for these formats.
    """
    a_format, b_format, core = _checked(a_format, b_format, core)
    a, b = check_codes(a, a_format), check_codes(b, b_format)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise SpecError(f"a has shape {a.shape} and b {b.shape}; a matrix product takes (M, K) and (K, N)")
    # The index of the product comes first: sums over it are sums of whole planes.
    x = _numbers(np.ascontiguousarray(a.T)[:, :, np.newaxis], a_format)
    y = _numbers(b[:, np.newaxis, :], b_format)
    return _accumulate(x, y, c, core, a_format, b_format, (a.shape[0], b.shape[1]))


def dot(a: Any, b: Any, c: Any, core: TensorAcc | TensorPreset | str, a_format: FloatFormat, b_format: FloatFormat | None = None) -> Array:
    """Return ``sum(a * b, axis=1) + c``, row by row, as a tensor core computes it.

    Parameters
    ----------
    a, b : (n, K) integers
        Codes of `a_format` and `b_format`.
    c : (n,) integers, or a single one
        Codes of the addend's format.
    core, a_format, b_format
        As for `matmul`.

    Returns
    -------
    (n,) uint64
        Codes of the format of `c`.

    Raises
    ------
    SpecError
        As `matmul`.
    """
    a_format, b_format, core = _checked(a_format, b_format, core)
    a, b = check_codes(a, a_format), check_codes(b, b_format)
    if a.ndim != 2 or a.shape != b.shape:
        raise SpecError(f"a has shape {a.shape} and b {b.shape}; dot products of rows take two arrays of one shape (n, K)")
    x, y = (_numbers(np.ascontiguousarray(codes.T), fmt) for codes, fmt in ((a, a_format), (b, b_format)))
    return _accumulate(x, y, c, core, a_format, b_format, (a.shape[0],))


def _checked(
    a: FloatFormat, b: FloatFormat | None, core: TensorAcc | TensorPreset | str
) -> tuple[FloatFormat, FloatFormat, TensorAcc | TensorPreset]:
    b = a if b is None else b
    for fmt in (a, b):
        if not isinstance(fmt, FloatFormat):
            raise SpecError(f"{fmt} is no operand of a tensor core's alignment by exponents; it takes float formats")
    if isinstance(core, str):
        core = parse_tensor(core, a, b)
    if isinstance(core, TensorPreset) and not (a in core.operands and b in core.operands):
        raise SpecError(f"the preset {core} takes {', '.join(map(str, core.operands))}, not {a} and {b}")
    acc = core.acc if isinstance(core, TensorPreset) else core
    if a.precision + b.precision > _MAX_PRODUCT_BITS:
        raise SpecError(f"products of {a} and {b} have {a.precision + b.precision} bits; at most {_MAX_PRODUCT_BITS} are allowed here")
    if not acc.format.has_nan and any(fmt.has_nan or fmt.has_inf for fmt in (a, b)):
        raise SpecError(f"accumulator {acc}: {acc.format} has no code for the infinity or NaN that products of {a} and {b} can be")
    return a, b, core


def _numbers(codes: Array, fmt: FloatFormat) -> _Numbers:
    """Return what `codes` mean; the scale is ``fmt.fraction_bits``."""
    terms = unpack(codes.astype(np.uint64), fmt)
    magnitude = np.abs(terms.significand)
    exponent = np.maximum(terms.exponent + bit_length(magnitude) - 1, fmt.emin)
    shift = terms.exponent - (exponent - fmt.fraction_bits)
    magnitude = np.where(shift < 0, magnitude >> np.clip(-shift, 0, 63), magnitude << np.clip(shift, 0, 63))
    exponent = np.where(magnitude == 0, _ZERO_EXPONENT, exponent)
    return _Numbers(magnitude, exponent, -terms.negative.astype(np.int64), terms.kind)


def _accumulate(
    x: _Numbers,
    y: _Numbers,
    c: Any,
    core: TensorAcc | TensorPreset,
    a_format: FloatFormat,
    b_format: FloatFormat,
    shape: tuple[int, ...],
) -> Array:
    """Return the results, of `shape`, for operands whose first axis is that of the products; the others broadcast to `shape`."""
    held = core.format if isinstance(core, TensorAcc) else core.result
    c = check_codes(c, held)
    if c.shape not in ((), shape):
        raise SpecError(f"the addend c has shape {c.shape}; for these operands it is {shape}, or a single code")
    c = np.broadcast_to(c.astype(np.uint64), shape)
    result = np.empty(shape, np.uint64)
    acc = core if isinstance(core, TensorAcc) else core.acc
    unit = _Step(acc, a_format.fraction_bits + b_format.fraction_bits)
    columns = shape[1] if len(shape) == 2 else 1
    rows = max(1, _BLOCK // (acc.lanes * max(1, columns)))
    for start in range(0, shape[0], rows):
        part = np.s_[start : start + rows]
        # An axis of length one is broadcast, not cut.
        one, other = (each if each.kind.shape[1] == 1 else each.at(np.s_[:, part]) for each in (x, y))
        if isinstance(core, TensorPreset) and core.phases:
            result[part] = _in_phases(one, other, c[part], unit, core)
        else:
            result[part] = _in_order(one, other, c[part], unit, held)
    return result


def _in_order(x: _Numbers, y: _Numbers, c: Array, unit: "_Step", held: FloatFormat) -> Array:
    """Return the codes after all products, L of them a step; `c` and the result are codes of `held`."""
    acc, fmt = unit.acc, held
    for start in range(0, len(x.kind), acc.lanes):
        step = np.s_[start : start + acc.lanes]
        if acc.late:
            rounded = unit.add(x.at(step), y.at(step))
            c = _plain_sum(c, rounded, acc.format, acc.format)
        else:
            c = unit.add(x.at(step), y.at(step), c, fmt)
        fmt = acc.format
    return encode(decode(c, fmt), held) if fmt != held else c


def _in_phases(x: _Numbers, y: _Numbers, c: Array, unit: "_Step", preset: TensorPreset) -> Array:
    """Return the codes after all products, in the order that the preset names."""
    length, out = len(x.kind), preset.acc.format
    residue = np.arange(length) % preset.period
    phases = [np.flatnonzero(np.isin(residue, phase)) for phase in preset.phases]
    for start in range(0, length, preset.block):
        inner = np.zeros(c.shape, np.uint64)
        for phase in phases:
            index = phase[(phase >= start) & (phase < start + preset.block)]
            inner = unit.add(x.at(index), y.at(index), inner, out)
        c = _plain_sum(c, inner, preset.result, out)
    return c


def _plain_sum(codes: Array, others: Array, fmt: FloatFormat, others_format: FloatFormat) -> Array:
    """Return the sums rounded once to `fmt`, the format of `codes`, to nearest even: an ordinary addition."""
    adder = FloatAcc(spec.FloatAcc(fmt), TermRange.of_format(others_format))
    return adder.codes(adder.add(adder.load(codes.ravel()), adder.align(unpack(others.ravel(), others_format)))).reshape(codes.shape)


class _Step:
    """One step: products and accumulator aligned, truncated, added, rounded.

    Parameters
    ----------
    acc
        The arithmetic.
    product_scale
        Scale of the products: fraction bits of both operands.
    """

    def __init__(self, acc: TensorAcc, product_scale: int):
        self.acc = acc
        self._product_scale = product_scale

    def add(self, x: _Numbers, y: _Numbers, codes: Array | None = None, fmt: FloatFormat | None = None) -> Array:
        """Return the codes, of ``acc.format``, after a step, with accumulators `codes` of `fmt` as a term if there are any."""
        exponent = x.exponent + y.exponent
        largest = exponent.max(axis=0, initial=2 * _ZERO_EXPONENT)
        held = None
        if codes is not None and fmt is not None:
            held = _numbers(codes, fmt)
            largest = np.maximum(largest, held.exponent)
        total = self._aligned(x.magnitude * y.magnitude, exponent, x.sign ^ y.sign, self._product_scale, largest).sum(axis=0)
        if held is not None and fmt is not None:
            total += self._aligned(held.magnitude, held.exponent, held.sign, fmt.fraction_bits, largest)
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

    def _with_specials(self, codes: Array, x: _Numbers, y: _Numbers, held: _Numbers | None) -> Array:
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


def _is_zero(numbers: _Numbers) -> Array:
    return (numbers.kind == FINITE) & (numbers.magnitude == 0)
