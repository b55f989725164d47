"""Arrays to blocks and back: along any axis, exactly.

:mod:`hwmodel.golden.scalar.blocks` is the definition, one block at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwmodel.spec import BlockFormat, FloatFormat, IntFormat, PositFormat, SpecError
from hwmodel.spec.blocks import max_of

from .arrays import Array
from .codec import decode, encode
from .quotients import divide
from .tables import number_table

_FP32 = FloatFormat(8, 23, 127)

_PIECE = 1 << 16
"""Elements worked on at a time, so that what lies between two operations stays in the caches."""

_FAR_BELOW = -(1 << 20)
"""Stands for the exponent of zero."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """An array in a block format.

    Attributes
    ----------
    format
        The block format.
    codes : (…, blocks, k, …) uint64
        Of the elements, in two axes where the blocked one was; of a format with one block for the whole tensor, in the array's own shape.
    scales : (…, blocks, …) uint64
        Of the blocks; without axes if there is one block for the tensor.
    shifts : (…, blocks, sub-blocks, …) uint8 or None
        Of the sub-blocks.
    outer : (…, …) float32 or None
        Scale of each row, without the blocked axis, or, without axes, of the tensor.
    shape
        Of the array.
    axis
        The one that the blocks lie along, counted from the first.
    """

    format: BlockFormat
    codes: Array
    scales: Array
    shifts: Array | None
    outer: Array | None
    shape: tuple[int, ...]
    axis: int


def quantise(values: Any, fmt: BlockFormat, axis: int = -1, *, rule: str | None = None, pad: bool = False) -> Blocks:
    """Return an array as blocks: scales by rule, elements rounded to nearest even and saturated.

    Parameters
    ----------
    values : (...,) float64, float32, float16
        Taken exactly. A block with a NaN or an infinity has the NaN of its scale's format, and zeros for elements.
    fmt
        The block format.
    axis
        Blocks lie along it, and none goes on in the next row. A format with one block for the whole tensor needs none.
    rule
        Another scale rule than the format's own; see `hwmodel.spec.SCALE_RULES`.
    pad
        Fill the last block of a row with zeros where the block does not divide the axis, instead of refusing.

    Raises
    ------
    SpecError
        If the format is none of blocks, the array is empty or not of floats, the block does not divide the axis, or a NaN or an infinity
        meets a scale without NaN.
    """
    if not isinstance(fmt, BlockFormat):
        raise SpecError(f"{fmt} is no block format, such as mxfp4, and is encoded with golden.encode")
    fmt = fmt if rule is None else fmt.with_rule(rule)
    values = _check(values, fmt)
    shape = values.shape
    rows, axis = (values.reshape(1, 1, -1), 0) if fmt.size is None else (_rows(values, fmt, fmt.size, axis, pad), axis % values.ndim)
    flat = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
    amax = np.concatenate([_magnitudes(flat[piece]) for piece in _pieces(flat)])
    if not fmt.scale.has_nan and not np.isfinite(amax).all():
        raise SpecError(f"block format {fmt}: the data hold a NaN or an infinity, and the format's scale has no NaN to say so")
    outer = _outer_scales(amax.reshape(rows.shape[:-1]), fmt)
    spread = None if outer is None else np.broadcast_to(outer[..., None], rows.shape[:-1]).ravel().astype(np.float64)
    scales = _scale_codes(amax, fmt, spread)
    codes = np.empty(flat.shape, np.uint64)
    shifts = np.empty((len(flat), flat.shape[1] // fmt.sub_size), np.uint8) if fmt.sub_size else None
    for piece in _pieces(flat):
        units = decode(scales[piece], fmt.scale)
        part = flat[piece]
        lost = np.isnan(units)
        if lost.any():
            part = np.where(lost[:, None], part.dtype.type(0), part)
            units[lost] = 1
        if shifts is not None:
            shifts[piece] = np.where(lost[:, None], 0, _shifts(part, units, fmt))
        codes[piece] = _elements(part, units, None if shifts is None else shifts[piece], None if spread is None else spread[piece], fmt)
    if fmt.size is None:
        return Blocks(fmt, codes.reshape(shape), scales.reshape(()), None, None if outer is None else outer.reshape(()), shape, axis)
    return Blocks(
        fmt,
        np.moveaxis(codes.reshape(rows.shape), (-2, -1), (axis, axis + 1)),
        np.moveaxis(scales.reshape(rows.shape[:-1]), -1, axis),
        None if shifts is None else np.moveaxis(shifts.reshape(*rows.shape[:-1], -1), (-2, -1), (axis, axis + 1)),
        outer,
        shape,
        axis,
    )


def dequantise(blocks: Blocks, dtype: type = np.float64) -> Array:
    """Return what blocks are worth, in the shape of the array they were made of.

    Parameters
    ----------
    blocks
        From `quantise`, or put together of codes from elsewhere.
    dtype
        ``np.float64``, which is exact (codebooks with entries of more than 17 bits: rounded once), or ``np.float32``, to which
        every value is rounded once.

    Returns
    -------
    (...,) float64 or float32
        NaN throughout the blocks whose scale is NaN.

    Raises
    ------
    SpecError
        If the dtype is another one, a code or a shift is out of range, or the arrays are not those of one array of blocks.
    """
    if dtype not in (np.float64, np.float32):
        raise SpecError(f"dtype {np.dtype(dtype)} is not one of float64, float32")
    _check_arrays(blocks)
    fmt, axis = blocks.format, blocks.axis
    if fmt.size is None:
        rows, scales, shifts = blocks.codes.reshape(1, 1, -1), blocks.scales.reshape(1, 1), None
    else:
        rows = np.moveaxis(blocks.codes, (axis, axis + 1), (-2, -1))
        scales = np.moveaxis(blocks.scales, axis, -1)
        shifts = blocks.shifts
    flat = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
    units = np.ldexp(decode(scales, fmt.scale), -fmt.point)
    if blocks.outer is not None:
        units = units * np.asarray(blocks.outer, np.float64)[..., None]
    units = units.ravel()
    if shifts is not None:
        shifts = np.moveaxis(shifts, (axis, axis + 1), (-2, -1)).reshape(len(flat), -1)
    # Powers of two that float32 holds: then one multiplication in it is the one rounding.
    narrow = dtype is np.float32 and fmt.power_of_two and not fmt.shift_bits and _fits_float32(fmt)
    narrow &= not (np.abs(np.frexp(units)[1]) > 126).any()
    table = number_table(fmt.element, np.float32 if narrow else np.float64)
    values = np.empty(flat.shape, dtype)
    for piece in _pieces(flat):
        numbers = decode(flat[piece], fmt.element, table.dtype.type)
        factors = units[piece].astype(table.dtype)[:, None]
        if shifts is not None:
            factors = np.repeat(np.ldexp(factors, -shifts[piece].astype(np.int64)), fmt.sub_size, axis=1)
        with np.errstate(invalid="ignore", over="ignore"):  # of an element that is infinite, and of a float32 that becomes so
            values[piece] = numbers * factors
    if fmt.size is None:
        return values.reshape(blocks.shape)
    whole = values.reshape(*rows.shape[:-2], -1)[..., : blocks.shape[axis]]
    return np.moveaxis(whole, -1, axis)


def _fits_float32(fmt: BlockFormat) -> bool:
    """Whether elements are so far inside float32 that what underflows in it is nothing to them."""
    return isinstance(fmt.element, IntFormat | FloatFormat) and fmt.element.lsb_exponent > -100 and fmt.emax + fmt.point < 100


def _check(values: Any, fmt: BlockFormat) -> Array:
    values = np.asarray(values)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    if values.dtype not in (np.float32, np.float64):
        raise SpecError(f"values of dtype {values.dtype} cannot be quantised to blocks; give float64, float32 or float16")
    if not values.size:
        raise SpecError(f"an empty array, of shape {values.shape}, has no blocks of {fmt}")
    if not values.ndim and fmt.size is not None:
        raise SpecError(f"a single number is no block of {fmt}; give an array with an axis")
    return values


def _check_arrays(blocks: Blocks) -> None:
    fmt, shape, axis = blocks.format, blocks.shape, blocks.axis
    if fmt.size is not None and not 0 <= axis < len(shape):
        raise SpecError(f"blocks of {fmt}: axis {axis} is not one of the {len(shape)} axes of the array")
    if fmt.size is None:
        shapes = {"codes": shape, "scales": ()}
    else:
        before, count, after = shape[:axis], -(-shape[axis] // fmt.size), shape[axis + 1 :]
        shapes = {"codes": (*before, count, fmt.size, *after), "scales": (*before, count, *after)}
        if fmt.sub_size:
            shapes["shifts"] = (*before, count, fmt.size // fmt.sub_size, *after)
    for name, expected in shapes.items():
        found = getattr(blocks, name)
        if found is None or found.shape != expected:
            given = "are missing" if found is None else f"have shape {found.shape}"
            raise SpecError(f"blocks of {fmt}: the {name} {given}; an array of shape {shape} with blocks along axis {axis} has {expected}")
    if blocks.shifts is not None and blocks.shifts.size and not 0 <= blocks.shifts.min() <= blocks.shifts.max() <= fmt.max_shift:
        raise SpecError(f"blocks of {fmt}: a shift is not in 0..{fmt.max_shift}")


def _rows(values: Array, fmt: BlockFormat, size: int, axis: int, pad: bool) -> Array:
    """Return the array as (…, blocks, k), the blocked axis last."""
    if not -values.ndim <= axis < values.ndim:
        raise SpecError(f"axis {axis} is not one of the {values.ndim} axes of the array")
    rows = np.moveaxis(values, axis, -1)
    length = rows.shape[-1]
    if over := length % size:
        if not pad:
            raise SpecError(
                f"block format {fmt}: blocks of {size} do not divide the axis of {length}; "
                f"pad it with {size - over} zeros (pad=True, --pad), or give it {length - over or size} elements"
            )
        rows = np.concatenate([rows, np.zeros((*rows.shape[:-1], size - over), rows.dtype)], axis=-1)
    return rows.reshape(*rows.shape[:-1], -1, size)


def _pieces(flat: Array) -> Iterator[slice]:
    step = max(_PIECE // flat.shape[1], 1)
    return (slice(start, start + step) for start in range(0, len(flat), step))


def _magnitudes(rows: Array) -> Array:
    """Return the largest magnitude of each row as float64; NaN if there is one in it."""
    return np.abs(rows).max(axis=-1).astype(np.float64)


def _outer_scales(amax: Array, fmt: BlockFormat) -> Array | None:
    """Return the FP32 of each row, or of the tensor; blocks that are not finite do not count."""
    if not fmt.outer:
        return None
    finite = np.where(np.isfinite(amax), amax, 0)
    largest = finite.max(axis=-1) if fmt.outer == "channel" else finite.max()
    ratios = divide(np.asarray(largest), np.asarray(float(fmt.max_element * max_of(fmt.scale))))
    return decode(encode(ratios, _FP32, overflow="sat"), _FP32, np.float32)


def _scale_codes(amax: Array, fmt: BlockFormat, outer: Array | None) -> Array:
    """Return the codes of the scales of blocks with these largest magnitudes, (n,)."""
    finite = np.isfinite(amax)
    magnitude = np.where(finite, amax, 0)
    largest = np.asarray(float(fmt.max_element))
    if fmt.rule == "amax":
        scale = divide(magnitude, largest if outer is None else largest * outer)
    else:
        significand, exponent = np.frexp(magnitude)
        # In [1, 2), as floor(log2) has it.
        significand, exponent = 2 * significand, exponent - 1
        match fmt.rule:
            case "ceil":
                exponent = exponent + (significand > 1)
            case "rne":
                # The boundary below the next power of two; a tie goes to that, the even one.
                exponent = exponent + (significand >= 2 - 2.0**-fmt.precision)
            case "rceil":
                exponent = exponent + (significand > np.ldexp(largest, -fmt.emax))
        scale = np.where(magnitude > 0, np.ldexp(1.0, np.clip(exponent - fmt.emax, -1074, 1023)), 0)
    return encode(np.where(finite, scale, np.nan), fmt.scale, overflow="sat", nan="zero")


def _shifts(rows: Array, units: Array, fmt: BlockFormat) -> Array:
    """Return how far the exponent of each sub-block lies below the block's, as far as the bits go."""
    magnitude = np.abs(rows.reshape(len(rows), -1, fmt.sub_size)).max(axis=-1)
    exponent = np.where(magnitude > 0, np.frexp(magnitude)[1] - 1, _FAR_BELOW)
    block = np.frexp(units)[1] - 1 + fmt.emax
    return np.clip(block[:, None] - exponent, 0, fmt.max_shift).astype(np.uint8)


def _elements(rows: Array, units: Array, shifts: Array | None, outer: Array | None, fmt: BlockFormat) -> Array:
    """Return the codes of elements whose blocks have these scales."""
    if fmt.power_of_two and outer is None:
        exponent = 1 - np.frexp(units)[1] + fmt.point
        # What is lost where the product underflows is far below the elements' numbers.
        fits = _fits_float32(fmt) and exponent.min() >= -126 and exponent.max() <= 127 - fmt.max_shift
        wide = rows.dtype if fits else np.float64
        factor = np.ldexp(np.ones((), wide), exponent)[:, None]
        if shifts is not None:
            factor = np.repeat(np.ldexp(factor, shifts.astype(np.int64)), fmt.sub_size, axis=1)
        ratios = rows * factor
    else:
        whole = (units if outer is None else units * outer) * 2.0**-fmt.point
        ratios = divide(rows.astype(np.float64), whole[:, None])
    if isinstance(fmt.element, PositFormat):
        # The one family where nothing but zero becomes zero, however small.
        ratios = np.where((ratios == 0) & (rows != 0) & (units[:, None] != 0), np.copysign(np.finfo(np.float64).tiny, rows), ratios)
    if fmt.symmetric:
        limit = float(max_of(fmt.element))
        ratios = np.clip(ratios, -limit, limit)
    return encode(ratios, fmt.element, overflow="sat")
