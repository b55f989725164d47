"""Where the codes of a narrow format begin: the thresholds of `encode`, computed exactly, once for a format and its options."""

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hwmodel.spec import CodebookFormat, FloatFormat, LogFormat, PositFormat

from .arrays import Array
from .steps import INFINITY, StepFunction, first_key, float32_keys, keys_of, step_function
from .unpacking import float_magnitudes, posit_magnitudes, power_magnitudes, root_floors, step_logs, tapered_logs

NarrowFormat = FloatFormat | PositFormat | LogFormat | CodebookFormat
"""Formats encoded by thresholds, if they have no more than 16 bits."""


class _Ladder(NamedTuple):
    """The magnitudes of a format, and what divides each from the next.

    Attributes
    ----------
    significand, exponent : (n,) int64
        Magnitudes, rising.
    middle_significand, middle_exponent : (n - 1,) int64
        Boundaries between neighbours; significands are below 2**53.
    irrational : (n - 1,) bool
        Where the boundary is beyond the number given, and no float64 lies between.
    """

    significand: Array
    exponent: Array
    middle_significand: Array
    middle_exponent: Array
    irrational: Array


@lru_cache(maxsize=256)
def encoder(fmt: NarrowFormat, rounding: str, overflow: str, nan_code: int, dtype: type) -> StepFunction:
    """Return `encode` with these options for float32 or float64; `nan_code` is what a NaN becomes."""
    if isinstance(fmt, CodebookFormat):
        thresholds, codes = _entry_steps(fmt, rounding)
    else:
        (below, negatives), (above, positives) = (_side(fmt, rounding, overflow, negative) for negative in (True, False))
        # From the keys of magnitudes to those of negative numbers.
        thresholds = np.concatenate([-below[::-1], [0], above])
        codes = np.concatenate([negatives[::-1], positives])
    thresholds = np.concatenate([[-INFINITY - 1], thresholds, [INFINITY + 1]])
    codes = np.concatenate([[nan_code], codes, [nan_code]])
    if dtype is np.float64:
        return step_function(thresholds, codes, np.int64)
    return step_function(float32_keys(thresholds), codes, np.int32)


def _side(fmt: FloatFormat | PositFormat | LogFormat, rounding: str, overflow: str, negative: bool) -> tuple[Array, Array]:
    """Return the thresholds of the magnitudes of one sign, as keys, and the codes around them; the last is that of infinity."""
    if isinstance(fmt, FloatFormat):
        return _float_side(fmt, rounding, overflow, negative)
    steps = np.arange(fmt.nan_code)
    # Any number that is not zero becomes at least the smallest.
    thresholds = np.concatenate([[1], _thresholds(_ladder(fmt), 1, rounding, negative), [INFINITY]])
    if negative:
        mirrored = isinstance(fmt, LogFormat) and fmt.regime_exponent_bits is None
        steps[1:] = steps[1:] + fmt.nan_code if mirrored else 2 * fmt.nan_code - steps[1:]
    return thresholds, np.append(steps, fmt.nan_code)


def _float_side(fmt: FloatFormat, rounding: str, overflow: str, negative: bool) -> tuple[Array, Array]:
    thresholds = _thresholds(_ladder(fmt), 0, rounding, negative)
    steps = np.arange(fmt.max_finite_code + 1)
    if negative and not fmt.signed:
        if overflow == "sat":
            return np.array([INFINITY]), np.zeros(2, np.int64)
        # What does not round to zero is NaN; where there is no zero, all but -0.
        assert fmt.nan_code is not None
        return np.array([thresholds[0] if fmt.zero else 1, INFINITY]), np.array([0, fmt.nan_code, fmt.nan_code])
    signed = steps | (fmt.sign_mask if negative else 0)
    if negative and not fmt.has_negative_zero:
        signed[0] = 0
    infinite = int(signed[-1])
    if overflow == "ieee":
        assert fmt.nan_code is not None
        infinite = fmt.nan_code if fmt.inf_code is None else fmt.inf_code | (fmt.sign_mask if negative else 0)
    if overflow == "sat" or _is_toward_zero(rounding, negative):
        return np.append(thresholds[:-1], INFINITY), np.append(signed, infinite)
    return np.append(thresholds, INFINITY), np.append(signed, [infinite, infinite])


def _thresholds(ladder: _Ladder, first: int, rounding: str, negative: bool) -> Array:
    """Return the keys of the smallest magnitudes that become each step but the first, which is number `first`."""
    if _is_toward_zero(rounding, negative):
        return first_key(ladder.significand[1:], ladder.exponent[1:])
    if rounding in ("rup", "rdn"):
        return first_key(ladder.significand[:-1], ladder.exponent[:-1], True)
    # Midway, the even of two neighbours is the lower one in every other gap; rna takes the upper.
    even = (np.arange(len(ladder.irrational)) + first) % 2 == 0
    beyond = ladder.irrational | (even & (rounding == "rne"))
    return first_key(ladder.middle_significand, ladder.middle_exponent, beyond)


def _is_toward_zero(rounding: str, negative: bool) -> bool:
    return rounding == "rtz" or rounding == ("rup" if negative else "rdn")


@lru_cache(maxsize=16)
def _ladder(fmt: FloatFormat | PositFormat | LogFormat) -> _Ladder:
    match fmt:
        case FloatFormat():
            # One more than there are codes: what overflow is judged by.
            significand, exponent = float_magnitudes(np.arange(fmt.max_finite_code + 2), fmt)
            unit = np.minimum(exponent[1:], exponent[:-1])
            middle = (significand[1:] << (exponent[1:] - unit)) + (significand[:-1] << (exponent[:-1] - unit))
            return _Ladder(significand, exponent, middle, unit - 1, np.zeros(len(middle), bool))
        case PositFormat():
            steps, n, es = np.arange(1, fmt.nan_code), fmt.width, fmt.exponent_bits
            middle, unit = posit_magnitudes(2 * steps[:-1] + 1, n + 1, es)
            return _Ladder(*posit_magnitudes(steps, n, es), middle, unit, np.zeros(len(middle), bool))
        case LogFormat():
            steps = np.arange(1, fmt.nan_code)
            finer = fmt.step_bits + 1
            if fmt.regime_exponent_bits is None:
                logs = 2 * step_logs(steps[:-1], fmt) + 1
            else:
                logs = tapered_logs(2 * steps[:-1] + 1, fmt.width + 1, fmt.regime_exponent_bits, finer)
            part = logs & ((1 << finer) - 1)
            middle = root_floors(finer)[part] >> 1  # 53 bits, truncated; whole powers of two are exact
            return _Ladder(*power_magnitudes(step_logs(steps, fmt), fmt.step_bits), middle, (logs >> finer) - 52, part != 0)


def _entry_steps(fmt: CodebookFormat, rounding: str) -> tuple[Array, Array]:
    """Return the keys at which each entry begins, and the codes around them."""
    entries = sorted(set(fmt.entries))
    codes = [fmt.entries.index(entry) for entry in entries]
    keys = []
    for low, high, code in zip(entries, entries[1:], codes, strict=False):
        middle, even = (low + high) / 2, code % 2 == 0
        match rounding:
            case "rne":
                keys.append(_key_of(middle, even))
            case "rna":
                keys.append(_key_of(middle, middle < 0))
            case "rup":
                keys.append(_key_of(low, True))
            case "rdn":
                keys.append(_key_of(high, False))
            case _:
                # Toward zero: all but the ends become the one of the two that is nearer zero.
                stays_low = middle > 0 or (middle == 0 and even)
                keys.append(_key_of(high, False) if stays_low else _key_of(low, True))
    return np.array(keys, np.int64), np.array(codes, np.int64)


def _key_of(point: Fraction, beyond: bool) -> int:
    """Return the key of the smallest float64 that is not below `point`, or, if `beyond`, is above it."""
    nearest = np.float64(float(point))
    if Fraction(float(nearest)) < point or (beyond and Fraction(float(nearest)) == point):
        nearest = np.nextafter(nearest, np.inf)
    # -0 is not below 0 either.
    return int(keys_of(np.array([nearest if nearest else -0.0]))[0])
