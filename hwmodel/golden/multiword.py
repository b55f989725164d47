"""Two's complement integers of many 64-bit limbs: arrays of shape ``(limbs, lanes)`` uint64, little-endian.

Arithmetic is modulo ``2**(64*limbs)``; callers give enough limbs that nothing is lost.
"""

import numpy as np

from .arrays import Array
from .rounding import bit_length

_ONES = (1 << 64) - 1


def limbs_for(bits: int) -> int:
    """Return how many limbs hold `bits` bits."""
    return -(-bits // 64)


def zeros(limbs: int, n: int) -> Array:
    """Return `n` zeros, (limbs, n)."""
    return np.zeros((limbs, n), np.uint64)


def from_int(value: int, limbs: int) -> Array:
    """Return one integer as a column, (limbs, 1)."""
    return np.array([[value >> (64 * k) & _ONES] for k in range(limbs)], np.uint64)


def from_objects(values: Array, limbs: int) -> Array:
    """Return Python integers, (lanes,) object, as limbs."""
    return np.stack([((values >> (64 * k)) & _ONES).astype(np.uint64) for k in range(limbs)])


def to_objects(x: Array) -> Array:
    """Return limbs as signed Python integers, (lanes,) object."""
    value = x[-1].astype(np.int64).astype(object)
    for limb in x[-2::-1]:
        value = (value << 64) | limb.astype(object)
    return value


def shifted(value: Array, shift: Array, limbs: int) -> Array:
    """Return ``value << shift`` as limbs.

    Parameters
    ----------
    value : (lanes,) int64
    shift : (lanes,) int64
        Not negative.
    """
    result = zeros(limbs, len(value))
    for k in range(limbs):
        place = shift - 64 * k
        left = value << np.clip(place, 0, 63)
        right = value >> np.clip(-place, 0, 63)
        result[k] = np.where(place >= 64, 0, np.where(place >= 0, left, right)).astype(np.uint64)
    return result


def add(x: Array, y: Array) -> Array:
    """Return ``x + y``; a column of one lane is added to every lane."""
    total = x + y
    carry = total[0] < x[0]
    for k in range(1, len(x)):
        carry_out = total[k] < x[k]
        total[k] += carry
        carry = carry_out | (carry & (total[k] == 0))
    return total


def is_negative(x: Array) -> Array:
    """Return the sign bits, (lanes,) bool."""
    return x[-1] >> np.uint64(63) != 0


def sign_extended(x: Array, width: int) -> Array:
    """Return the low `width` bits of `x`, read as two's complement."""
    result = x.copy()
    top, used = divmod(width - 1, 64)
    spare = 63 - used
    result[top] = ((x[top] << np.uint64(spare)).astype(np.int64) >> spare).astype(np.uint64)
    result[top + 1 :] = (result[top].astype(np.int64) >> 63).astype(np.uint64)
    return result


def low_bits(x: Array, width: int) -> Array:
    """Return the low `width` bits as an unsigned number, in as many limbs as that needs."""
    result = x[: limbs_for(width)].copy()
    spare = 64 * len(result) - width
    result[-1] = result[-1] << np.uint64(spare) >> np.uint64(spare)
    return result


def negated(x: Array) -> Array:
    """Return ``-x``."""
    return add(~x, from_int(1, len(x)))


def leading(x: Array) -> tuple[Array, Array]:
    """Return the leading bits of unsigned numbers, (lanes,) int64, and the exponents of their last bits, (lanes,) int64.

    There are up to 62 bits; the last of them is set if a bit below it is.
    """
    top = np.zeros(x.shape[1], np.int64)
    for k in range(1, len(x)):
        top = np.where(x[k] != 0, k, top)
    lane = np.arange(x.shape[1])
    high, low = x[top, lane], np.where(top > 0, x[top - 1, lane], np.uint64(0))
    length = bit_length((high >> np.uint64(1)).astype(np.int64)) + (high != 0)
    spare = (64 - length).clip(0, 63).astype(np.uint64)
    merged = (high << spare) | np.where(spare > 0, low >> (np.uint64(64) - spare).clip(max=np.uint64(63)), np.uint64(0))
    lost = (low << spare) != 0
    for k in range(len(x) - 2):
        lost |= (x[k] != 0) & (top > k + 1)
    bits = (merged >> np.uint64(2)).astype(np.int64) | ((merged & np.uint64(3)) != 0) | lost
    return bits, np.where(top > 0, 64 * top - spare.astype(np.int64), -spare.astype(np.int64)) + 2
