"""Integer arrays: bit length, and the one place where bits are dropped.

All functions take arrays of int64 or of Python integers (``dtype=object``) and return the same kind.
"""

import numpy as np

from .arrays import Array

_to_bit_length = np.frompyfunc(int.bit_length, 1, 1)


def bit_length(magnitude: Array) -> Array:
    """Return the number of bits of each non-negative integer; 0 for 0.

    Parameters
    ----------
    magnitude : (...,) int64 or object
        Non-negative; int64 below ``2**63``.

    Returns
    -------
    (...,) int64
    """
    if magnitude.dtype == object:
        return np.asarray(_to_bit_length(magnitude), np.int64)
    # The exponent field of a float64 is a leading-one detector. Clearing each bit whose left neighbour is set keeps the
    # leading one and makes the next bit 0, so the conversion cannot round up to the next power of two.
    exponent = (magnitude & ~(magnitude >> 1)).astype(np.float64).view(np.int64) >> 52
    return np.maximum(exponent - 1022, 0)


def shift_right_sticky(value: Array, shift: Array) -> Array:
    """Return ``floor(value / 2**shift)`` with the last bit set if anything was lost (signed; shift in 0..63).

    The last bit of the result then says "strictly between two even numbers", so that rounding at any place at least two
    bits higher gives what the exact value would.
    """
    floor = value >> shift
    return floor | ((floor << shift) != value)


def round_shift(magnitude: Array, shift: Array, rounding: str, odd: Array | None = None) -> Array:
    """Return ``magnitude / 2**shift`` rounded to an integer by ``rne``, ``rna`` or ``rtz`` (shift in 1..63).

    Parameters
    ----------
    magnitude : (...,) int64 or object
        Non-negative; int64 below ``2**62``.
    shift : (...,) int64
    odd : (...,) int64 or bool, optional
        Which results of truncation are odd, for ties; default: by their last bit.
    """
    floor = magnitude >> shift
    if rounding == "rtz":
        return floor
    half = np.ones_like(magnitude) << (shift - 1)
    if rounding == "rna":
        return (magnitude + half) >> shift
    # A tie stays below the next integer unless the floor is odd.
    return (magnitude + (half - 1) + (floor & 1 if odd is None else odd)) >> shift


def round_shift_stochastic(magnitude: Array, shift: Array, bits: int, random: Array) -> Array:
    """Return ``magnitude / 2**shift`` rounded to an integer by ``sr<bits>`` (shift from 1 up, without end).

    Parameters
    ----------
    magnitude : (...,) int64 or object
        Non-negative; int64 below ``2**62``.
    shift : (...,) int64
    bits
        k: how many of the discarded bits are looked at.
    random : (...,) int64
        In ``0 .. 2**bits - 1``.
    """
    leading = shift_floor(magnitude, shift - bits) & ((1 << bits) - 1)
    return shift_floor(magnitude, shift) + ((leading + random) >> bits)


def shift_floor(magnitude: Array, shift: Array) -> Array:
    """Return ``floor(magnitude / 2**shift)`` for shifts of either sign; int64 modulo ``2**64``, shifted left by at most 63.

    Parameters
    ----------
    magnitude : (...,) int64 or object
        Non-negative.
    shift : (...,) int64
    """
    right = np.maximum(shift, 0)
    if magnitude.dtype != object:
        right = np.minimum(right, 63)
    return magnitude >> right << np.maximum(-shift, 0)
