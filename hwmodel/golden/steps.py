"""Step functions of floats: the whole of `encode`, rounding, overflow and NaN included, as one sorted list of thresholds.

The bits of a float, read as a signed integer whose lower bits are inverted for negative numbers, are its *key*. Keys are ordered
as the floats are: NaN, -inf … -0, +0 … +inf, NaN. Whatever rounds, saturates or overflows is monotone along them, so that an
encoder is a list of thresholds and the codes between them.
"""

from dataclasses import dataclass

import numpy as np

from .arrays import Array
from .rounding import bit_length

_BLOCK = 1 << 14
"""Elements worked on at a time, so that what lies between two operations stays in the first caches."""

_MAX_BUCKETS = 1 << 18
"""Entries of the first table: more of them would save comparisons and cost cache misses."""

INFINITY = 0x7FF << 52
"""Key of a float64 infinity; the keys above are NaN."""


def keys_of(values: Array) -> Array:
    """Return the keys of floats: int32 of float32, int64 of float64."""
    bits: Array = values.view(np.int32 if values.itemsize == 4 else np.int64)
    return bits ^ ((bits >> (8 * bits.itemsize - 1)) & np.iinfo(bits.dtype).max)


def first_key(significand: Array, exponent: Array, beyond: Array | bool = False) -> Array:
    """Return the key of the smallest float64 that is not below (or, where `beyond`, is above) a number that is not negative.

    Parameters
    ----------
    significand : (...,) int64
        0 … 2**53 - 1; the number is ``significand * 2**exponent``.
    exponent : (...,) int64
    beyond : (...,) bool
        Whether the number itself is excluded.
    """
    length = bit_length(significand)
    top = exponent + length - 1
    # The hidden bit adds one to the exponent field.
    normal = (np.clip(top + 1022, 0, 0x7FE) << 52) + (significand << (53 - length))
    down = np.clip(-1074 - exponent, 0, 62)
    floor = np.where(exponent < -1074, significand >> down, significand << np.clip(exponent + 1074, 0, 53 - length))
    inexact = (exponent < -1074) & (floor << down != significand)
    key = np.where(top >= -1022, normal + beyond, floor + (inexact | beyond))
    key = np.where(top > 1023, INFINITY, np.minimum(key, INFINITY))
    return np.where(significand == 0, np.int64(0) + beyond, key)


def float32_keys(keys: Array) -> Array:
    """Return for each key of a float64 that of the smallest float32 not below it, int64."""
    values = (keys ^ ((keys >> 63) & np.iinfo(np.int64).max)).view(np.float64)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        nearest = values.astype(np.float32)
        above = np.where(nearest < values, np.nextafter(nearest, np.float32(np.inf)), nearest)
    # The first NaN above infinity.
    return np.where(np.isnan(values), (0xFF << 23) + 1, keys_of(above).astype(np.int64))


@dataclass(frozen=True)
class StepFunction:
    """Codes by key: ``codes[number of thresholds <= key]``, found by a table of buckets and a few comparisons.

    Attributes
    ----------
    thresholds : (n,) int32 or int64
        Rising; padded at the end.
    codes : (n + 1,) uint64
        Padded likewise.
    first : (buckets,) intp
        How many thresholds are not above the first key of each bucket.
    shift
        A bucket is ``2**shift`` keys.
    hole
        So many buckets on either side of zero, where there is nothing to tell apart but zeros, are one bucket.
    low
        Number of the lowest bucket; those below it belong to it, as those above the last do to the last.
    comparisons
        Enough for the thresholds inside any bucket.
    """

    thresholds: Array
    codes: Array
    first: Array
    shift: int
    hole: int
    low: int
    comparisons: int

    def __call__(self, values: Array) -> Array:
        """Return the codes of floats, (n,), as uint64."""
        result = np.empty(values.shape, np.uint64)
        for start in range(0, values.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            with np.errstate(invalid="ignore"):  # of a signalling NaN
                numbers: Array = values[block].astype(self._dtype, copy=False)
            keys = keys_of(numbers)
            places = self.first.take(self._buckets(keys), mode="clip")
            for step in (1 << i for i in reversed(range(self.comparisons))):
                passed = keys >= self.thresholds[step - 1 :].take(places, mode="clip")
                places += passed if step == 1 else passed * np.intp(step)
            self.codes.take(places, out=result[block], mode="clip")
        return result

    @property
    def _dtype(self) -> type:
        return np.float32 if self.thresholds.dtype == np.int32 else np.float64

    def _buckets(self, keys: Array) -> Array:
        buckets = (keys >> self.shift).astype(np.intp)
        if self.hole:
            buckets -= np.clip(buckets, -self.hole, self.hole - 1)
        buckets -= self.low
        return buckets


def step_function(thresholds: Array, codes: Array, key_dtype: type) -> StepFunction:
    """Return the step function of thresholds, (n,) int64, and of the n + 1 codes around them.

    Thresholds never fall; of several that are the same only what is behind the last of them can be met.
    """
    differs = np.append(thresholds[1:] != thresholds[:-1], True)
    thresholds, codes = thresholds[differs], np.concatenate([codes[:1], codes[1:][differs]])
    differs = codes[1:] != codes[:-1]
    thresholds, codes = thresholds[differs], np.concatenate([codes[:1], codes[1:][differs]])
    first, shift, hole, low, comparisons = _table(thresholds, key_dtype)
    padding = 1 << comparisons
    return StepFunction(
        np.concatenate([thresholds, np.full(padding, np.iinfo(key_dtype).max)]).astype(key_dtype),
        np.concatenate([codes, np.full(padding, codes[-1])]).astype(np.uint64),
        first.astype(np.intp),
        shift,
        hole,
        low,
        comparisons,
    )


def _table(thresholds: Array, key_dtype: type) -> tuple[Array, int, int, int, int]:
    """Return `first`, `shift`, `hole`, `low`, `comparisons`: as few of these as can be, and the coarsest buckets for which they suffice."""
    bits = np.iinfo(key_dtype).bits
    # Thresholds right beside zero tell zeros from the rest; the numbers of the format begin at the next ones. Those at
    # infinity are far from the numbers of most formats and need no buckets of their own.
    away = np.abs(thresholds)[np.abs(thresholds) > 2]
    ends = (0xFF << 23) if bits == 32 else INFINITY
    inner = away[away < ends]
    nearest, farthest = (int(inner.min()), int(inner.max())) if inner.size else (0, 0)
    best: tuple[Array, int, int, int, int] | None = None
    for shift in range(bits - 2, 0, -1):
        whole = 1 << (bits - 1 - shift)
        hole, high = (0, whole) if 2 * whole <= _MAX_BUCKETS // 8 else (nearest >> shift, (farthest >> shift) + 2)
        if 2 * (high - hole) > _MAX_BUCKETS:
            break
        # Numbers of buckets, with the hole as number 0, and the key that each begins with.
        numbers = np.arange(-(high - hole), high - hole + bool(hole), dtype=np.int64)
        opened = numbers + np.where(numbers > 0, hole - 1, -hole) if hole else numbers
        starts = opened << shift
        starts[0] = np.iinfo(key_dtype).min
        bucket = np.searchsorted(starts, thresholds, "right") - 1
        inside = bucket[starts[bucket] != thresholds]
        comparisons = max(int(np.bincount(inside).max(initial=0)).bit_length(), 1)
        if best is None or comparisons < best[-1]:
            best = starts, shift, hole, int(numbers[0]), comparisons
        if comparisons == 1:
            break
    assert best is not None
    starts, shift, hole, low, comparisons = best
    return np.searchsorted(thresholds, starts, "right"), shift, hole, low, comparisons
