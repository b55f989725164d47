"""Quantisers of tensors: codes by a real-valued scale, the way software does it before a tensor reaches the hardware.

=======================  ==========================================================================================
`affine_quantise`        integers: symmetric with a scale, asymmetric with a scale and a zero point
`scaled_quantise`        any format: the largest magnitude of a group becomes the format's largest number
`delayed_amax`           FP8 training: the largest magnitude is not known yet, so that of the steps before is taken
`codebook_quantise`      NF4 and AF4: by absmax, whose scales can be quantised themselves
=======================  ==========================================================================================
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwmodel import golden
from hwmodel.golden.arrays import Array
from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntFormat, LogFormat, PositFormat, SpecError, Specials

from .sharing import Sharing

CLIPS = ("amax", "mse")
"""Ranges: up to the largest magnitude, or as narrow as makes the mean square error smallest."""

NARROWEST = 2.0**-10
_FAR = 1023
_HIGH = 480
"""The highest exponent of what the largest magnitude becomes: products, and sums of 2^62 of them, are then float64, and so is the scale."""

_STEPS_PER_OCTAVE = 8

SCALE_GROUP = 256
"""Scales that share a scale when they are quantised themselves (QLoRA)."""

_E4M3 = FloatFormat(4, 3, 7, Specials.FN)

_TENSOR = Sharing()


@dataclass(frozen=True, eq=False)
class Quantised:
    """A quantised tensor.

    Attributes
    ----------
    codes : (...,) int64 or uint64
        Affine: the integers; else codes of the format. In the shape of the tensor.
    scale : (groups,) float64
        What one step, or the number 1 of the format, is worth.
    zero_point : (groups,) int64 or None
        The integer that stands for 0, where there is one.
    values : (...,) float64
        What the codes are worth, in the shape of the tensor.
    """

    codes: Array
    scale: Array
    zero_point: Array | None
    values: Array


def affine_quantise(values: Array, fmt: IntFormat, sharing: Sharing = _TENSOR, clip: str = "amax") -> Quantised:
    """Quantise to integers: signed ones symmetrically about zero, unsigned ones with a zero point.

    Symmetric: ``scale = amax / max``, the integers from -max to max. Asymmetric: ``scale = (high - low) / (2^n - 1)`` of the range
    widened to hold 0, ``zero = rne(-low / scale)``; the integers are ``rne(x / scale) + zero``, saturated.

    Parameters
    ----------
    values : (...,) float
        Finite.
    fmt
        Width, and by its sign which of the two.
    sharing
        Who shares a scale.
    clip
        ``amax`` or ``mse``.
    """
    groups = sharing.groups(np.asarray(values, np.float64))
    low, high = (np.minimum(groups.min(axis=1), 0), np.maximum(groups.max(axis=1), 0))
    if fmt.signed:
        amax = _reach(groups, sharing)
        scale, zero, lowest = amax / fmt.max_value, np.zeros(len(groups)), -fmt.max_value
    else:
        scale, lowest = high / fmt.max_value - low / fmt.max_value, 0
        scale[scale == 0] = 1
        zero = np.rint(-low / scale)
    scale[scale == 0] = 1

    def codes(factor: Array) -> tuple[Array, Array]:
        # Both ends move toward 0 alike, so that the zero point stays.
        steps = (scale * factor)[:, None]
        whole = np.clip(np.rint(groups / steps) + zero[:, None], lowest, fmt.max_value)
        return whole, (whole - zero[:, None]) * steps

    factor, whole, back = _clipped(groups, codes, clip)
    offset = None if fmt.signed else zero.astype(np.int64)
    return Quantised(whole.astype(np.int64).reshape(values.shape), scale * factor, offset, back.reshape(values.shape))


def scaled_quantise(values: Array, fmt: Format, sharing: Sharing = _TENSOR, clip: str = "amax") -> Quantised:
    """Quantise to any format: divide by the scale, round to nearest even, saturate.

    The scale makes the largest magnitude of a group the format's largest number; of a tapered format (posits, ELMA), whose largest
    numbers have no precision left, the end of its first regime; of FP64 and others that reach beyond 2^480, as many binades less.
    Without a scale (``none``) it is 1.

    Parameters
    ----------
    values : (...,) float
        Finite.
    fmt
        The format; not fp80.
    sharing
        Who shares a scale. ``delayed``: FP8 training's, see `delayed_amax`.
    clip
        ``amax`` or ``mse``.

    Raises
    ------
    SpecError
        If a group does not divide the last axis, the format is too wide, or a scale is none of float64.
    """
    groups = sharing.groups(np.asarray(values, np.float64))
    full = full_scale(fmt)
    scale = np.ones(len(groups)) if sharing.kind == "none" else _scales(_reach(groups, sharing), full, fmt)

    def codes(factor: Array) -> tuple[Array, Array]:
        steps = (scale * factor)[:, None]
        made = golden.encode(groups / steps, fmt, overflow="sat")
        return made, golden.decode(made, fmt) * steps

    factor, made, back = _clipped(groups, codes, "amax" if sharing.kind == "none" else clip)
    return Quantised(made.reshape(values.shape), scale * factor, None, back.reshape(values.shape))


def codebook_quantise(values: Array, codebook: CodebookFormat, group: int = 64, double: bool = False) -> Quantised:
    """Quantise by the largest magnitude of each group to a codebook over -1 … 1, such as NF4.

    Parameters
    ----------
    values : (...,) float
        Finite; groups lie along the last axis.
    codebook
        Whose largest entry is what the largest magnitude becomes.
    group
        Elements that share a scale; QLoRA has 64.
    double
        Quantise the scales, too: less their mean, to E4M3 with a scale for every 256 (QLoRA, arXiv 2305.14314: 8-bit
        floats in blocks of 256, centred about zero first).

    Raises
    ------
    SpecError
        If the group does not divide the last axis.
    """
    plain = scaled_quantise(values, codebook, Sharing("group", group))
    if not double:
        return plain
    mean = plain.scale.mean()
    centred = np.zeros(-(-plain.scale.size // SCALE_GROUP) * SCALE_GROUP)
    centred[: plain.scale.size] = plain.scale - mean
    scale = scaled_quantise(centred, _E4M3, Sharing("group", SCALE_GROUP)).values[: plain.scale.size] + mean
    groups = np.asarray(values, np.float64).reshape(-1, group)
    # A scale that came out as nothing is as good as any.
    codes = golden.encode(groups / np.where(scale == 0, 1, scale)[:, None], codebook)
    back = golden.decode(codes, codebook) * scale[:, None]
    return Quantised(codes.reshape(values.shape), scale, None, back.reshape(values.shape))


def delayed_amax(amaxes: Array, history: int) -> Array:
    """Return the largest magnitude that each step takes for its own: the largest of up to `history` steps before it.

    The first step has nothing before it and takes its own.

    Parameters
    ----------
    amaxes : (steps,) float
        The largest magnitude of each step's tensor.
    history
        At least 1.

    Notes
    -----
    Source: NVIDIA's Transformer Engine, "delayed scaling" with the rule "max".
    """
    padded = np.concatenate([np.full(history, -np.inf), amaxes[:-1]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, history)
    return np.concatenate([amaxes[:1], windows.max(axis=1)[1:]])


def full_scale(fmt: Format) -> float:
    """Return the number that the largest magnitude of a group becomes.

    Raises
    ------
    SpecError
        If the format is fp80.
    """
    match fmt:
        case PositFormat():
            return 2.0 ** (1 << fmt.exponent_bits)
        case LogFormat() if fmt.regime_exponent_bits is not None:
            return 2.0 ** (1 << fmt.regime_exponent_bits)
        case LogFormat():
            return float(np.exp2(min(fmt.max_log / fmt.gamma, _HIGH)))
        case CodebookFormat():
            return float(max(map(abs, fmt.values)))
        case IntFormat() | FloatFormat():
            require_float64(fmt, "errors are measured")
            fraction, exponent = math.frexp(fmt.max_value)
            # Of a format whose numbers are all large there are none so far down.
            low = isinstance(fmt, IntFormat) or fmt.emin <= 0
            return math.ldexp(fraction, min(exponent, _HIGH) if low else exponent)
    raise SpecError(f"{fmt} is wider than the float64 that errors are measured in")


def _scales(amax: Array, full: float, fmt: Format) -> Array:
    """Return the scales that make each of some magnitudes the number `full` of a format; of zeros 1."""
    with np.errstate(over="ignore"):
        scale = amax / full
    if not np.isfinite(scale).all() or (amax[scale == 0] != 0).any():
        wrong = amax[(amax != 0) & ((scale == 0) | np.isinf(scale))][0]
        raise SpecError(f"{fmt}: the scale that makes {wrong:.3g} its number {full:.3g} is beyond float64; scale the data, or take none")
    scale[scale == 0] = 1
    return scale


def require_float64(fmt: Format, what: str) -> None:
    """Refuse a format whose largest number is none of float64, in which is done `what`.

    Raises
    ------
    SpecError
        If it is far larger than 1, or far smaller.
    """
    if isinstance(fmt, FloatFormat) and abs(fmt.emax) > _FAR:
        raise SpecError(f"{fmt} reaches to 2^{fmt.emax}, and {what} in float64; choose a bias that makes that 2^±{_FAR}")


def _reach(groups: Array, sharing: Sharing) -> Array:
    """Return the largest magnitude that each group is scaled by, (groups,)."""
    amax = np.abs(groups).max(axis=1)
    return delayed_amax(amax, sharing.size) if sharing.kind == "delayed" else amax


def _clipped(groups: Array, codes: Callable[[Array], tuple[Array, Array]], clip: str) -> tuple[Array, Array, Array]:
    """Return the factor of each group's scale, its codes and what they are worth."""
    if clip not in CLIPS:
        raise SpecError(f"clip {clip!r} is not one of {', '.join(CLIPS)}")
    factor = np.ones(len(groups))
    made, back = codes(factor)
    if clip == "amax":
        return factor, made, back
    best = np.square(back - groups).sum(axis=1)
    for step in range(1, int(-np.log2(NARROWEST) * _STEPS_PER_OCTAVE) + 1):
        narrower = np.full(len(groups), 2.0 ** (-step / _STEPS_PER_OCTAVE))
        other, worth = codes(narrower)
        error = np.square(worth - groups).sum(axis=1)
        better = error < best
        factor[better], best[better] = narrower[better], error[better]
        made[better], back[better] = other[better], worth[better]
    return factor, made, back
