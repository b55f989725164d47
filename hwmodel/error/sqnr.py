"""The ratio of signal to quantisation noise (SQNR, also written QSNR) of a format on data."""

import math
from dataclasses import dataclass

import numpy as np

from hwmodel import golden
from hwmodel.golden.arrays import Array
from hwmodel.spec import BlockFormat, CodebookFormat, Format, IntCoding, IntFormat, LogFormat, SpecError, X87Format
from hwmodel.spec.block_catalog import E8M0

from .quantisers import Quantised, affine_quantise, scaled_quantise
from .sharing import Sharing


@dataclass(frozen=True)
class Measurement:
    """How far a format's numbers are from the data.

    Attributes
    ----------
    sqnr_db
        10 log10 of the data's power over the error's; infinite if there is no error.
    max_abs_error, mean_error
        In the data's unit; the mean is signed.
    """

    sqnr_db: float
    max_abs_error: float
    mean_error: float


def sqnr_db(values: Array, approximate: Array) -> float:
    """Return the ratio of signal to noise in decibels, as powers: infinite if there is no noise.

    Raises
    ------
    SpecError
        If the data are all zero.
    """
    if not np.any(values):
        raise SpecError("the data are all zero, so there is no signal to compare an error with")
    return ratio_db(values, approximate - values)


def ratio_db(signal: Array, noise: Array) -> float:
    """Return 10 log10 of the ratio of two powers, infinite if there is no noise, NaN if there is nothing at all."""
    # Squares of the data themselves need not be float64.
    units = [int(np.frexp(np.abs(each).max())[1]) for each in (signal, noise)]
    powers = [float(np.square(np.ldexp(each, -unit), dtype=np.float64).sum()) for each, unit in zip((signal, noise), units, strict=True)]
    if not powers[1]:
        return math.inf if powers[0] else math.nan
    if not powers[0]:
        return -math.inf
    return 10 * (math.log10(powers[0] / powers[1]) + 2 * (units[0] - units[1]) * math.log10(2))


def measure(values: Array, fmt: Format | BlockFormat, sharing: Sharing | None = None, clip: str = "amax", pad: bool = False) -> Measurement:
    """Quantise `values` and tell how far off the result is; the parameters are those of `round_trip`."""
    approximate = round_trip(values, fmt, sharing, clip, pad)
    error = approximate - values
    return Measurement(sqnr_db(values, approximate), float(np.abs(error).max()), float(error.mean()))


def round_trip(values: Array, fmt: Format | BlockFormat, sharing: Sharing | None = None, clip: str = "amax", pad: bool = False) -> Array:
    """Return `values` quantised and taken back.

    Parameters
    ----------
    values : (...,) float64 or float32
        Finite. Channels, groups and blocks lie along the last axis.
    fmt
        Integers are quantised by `affine_quantise`, other scalar formats by `scaled_quantise`, block formats by `hwmodel.golden`.
    sharing
        Who shares a scale; None: the whole tensor. Block formats have scales of their own, and take ``block`` or None.
    clip
        ``amax`` or ``mse``: how far a scale reaches; not for blocks.
    pad
        Whether a block or group that does not divide the last axis is filled with zeros, or refused.

    Raises
    ------
    SpecError
        If format, sharing and data do not go together.
    """
    block = block_of(fmt, sharing)
    if block is not None:
        if clip != "amax":
            raise SpecError(f"clip {clip!r} does not apply to blocks of {block}: their scales follow a rule, as in mxfp4.ceil")
        return golden.dequantise(golden.quantise(values, block, pad=pad))
    assert not isinstance(fmt, BlockFormat)
    sharing = sharing or Sharing()
    length = values.shape[-1]
    if pad and sharing.kind == "group":
        values = np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, -length % sharing.size)])
    return quantise_tensor(values, fmt, sharing, clip).values[..., :length]


def quantise_tensor(values: Array, fmt: Format, sharing: Sharing, clip: str = "amax") -> Quantised:
    """Quantise to a scalar format the way that is usual for it: integers by `affine_quantise`, all others by `scaled_quantise`."""
    if isinstance(fmt, IntFormat) and fmt.coding is not IntCoding.SIGN_MAGNITUDE and sharing.kind != "none":
        return affine_quantise(values, fmt, sharing, clip)
    return scaled_quantise(values, fmt, sharing, clip)


def block_of(fmt: Format | BlockFormat, sharing: Sharing | None) -> BlockFormat | None:
    """Return the block format that is meant, or None: it is a scalar format with scales in float.

    Raises
    ------
    SpecError
        If a block format is to have other scales than its own.
    """
    if isinstance(fmt, BlockFormat):
        if sharing is not None and sharing.kind != "block":
            raise SpecError(f"block format {fmt} has scales of its own; the scale {sharing} is for scalar formats")
        return fmt
    if sharing is None or sharing.kind != "block":
        return None
    if isinstance(fmt, LogFormat | X87Format):
        raise SpecError(f"{fmt} cannot be an element of a block; allowed are integers, floats, posits and codebooks")
    return BlockFormat(fmt, sharing.size, E8M0)


def lower_bound_db(fmt: BlockFormat, length: int) -> float:
    """Return the SQNR that vectors of `length` never fall below, whatever they hold, while no scale meets an end of its range.

    ``6.02 m + 10 log10(2^(2β) / (min(N, k1) + (2^(2β) - 1) k2))`` with ``β = 2^d2 - 1``: m bits without a hidden one, blocks of k1,
    sub-blocks of k2 with a shift of d2 bits.

    Notes
    -----
    Source: arXiv 2302.08007.

    Raises
    ------
    SpecError
        If the format is not one of integers in sign and magnitude under the rule ``floor``.
    """
    if (
        isinstance(fmt.element, CodebookFormat)
        or not isinstance(fmt.element, IntFormat)
        or fmt.element.coding is not IntCoding.SIGN_MAGNITUDE
    ):
        raise SpecError(f"no lower bound is known for {fmt}: it holds for sign and magnitude without hidden bit, as in mx9 and msfp16")
    if fmt.rule != "floor" or fmt.size is None:
        raise SpecError(f"no lower bound is known for {fmt}: it holds for blocks of a size and the rule floor")
    spread = 4.0**fmt.max_shift
    return 20 * math.log10(2) * (fmt.element.width - 1) + 10 * math.log10(spread / (min(length, fmt.size) + (spread - 1) * fmt.sub_size))
