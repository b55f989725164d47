"""Tensor cores over matrices of codes."""

from typing import Any

import numpy as np

from hwmodel.spec import FloatFormat, SpecError, TensorAcc, TensorPreset, parse_tensor

from .arrays import Array
from .codec import decode, encode
from .codes import check_codes
from .tensor_step import Numbers, Step, check_formats, numbers_of, scale_of

_BLOCK = 1 << 15
"""Terms worked on at a time, so that intermediate arrays stay in the second-level cache."""


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
    x = numbers_of(np.ascontiguousarray(a.T)[:, :, np.newaxis], a_format)
    y = numbers_of(b[:, np.newaxis, :], b_format)
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
    x, y = (numbers_of(np.ascontiguousarray(codes.T), fmt) for codes, fmt in ((a, a_format), (b, b_format)))
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
    check_formats(core.acc if isinstance(core, TensorPreset) else core, a, b)
    return a, b, core


def _accumulate(
    x: Numbers,
    y: Numbers,
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
    unit = Step(acc, scale_of(a_format) + scale_of(b_format))
    columns = shape[1] if len(shape) == 2 else 1
    rows = max(1, _BLOCK // (acc.lanes * max(1, columns)))
    for start in range(0, shape[0], rows):
        part = np.s_[start : start + rows]
        # An axis of length one is broadcast, not cut.
        one, other = (each if each.kind.shape[1] == 1 else each.at(np.s_[:, part]) for each in (x, y))
        result[part] = _in_order(one, other, c[part], unit, held)
    return result


def _in_order(x: Numbers, y: Numbers, c: Array, unit: Step, held: FloatFormat) -> Array:
    """Return the codes after all products, L of them a step; `c` and the result are codes of `held`."""
    acc, fmt = unit.acc, held
    for start in range(0, len(x.kind), acc.lanes):
        step = np.s_[start : start + acc.lanes]
        c = unit.advance(x.at(step), y.at(step), c, fmt)
        fmt = acc.format
    return encode(decode(c, fmt), held) if fmt != held else c
