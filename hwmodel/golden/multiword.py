"""Two's complement integers of many 64-bit limbs: arrays of shape ``(limbs, …)`` uint64, little-endian; of n numbers ``(limbs, n)``.

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
    """Return Python integers, (…) object, as limbs."""
    return np.stack([((values >> (64 * k)) & _ONES).astype(np.uint64) for k in range(limbs)])


def to_objects(x: Array) -> Array:
    """Return limbs as signed Python integers, (…) object."""
    value = x[-1].astype(np.int64).astype(object)
    for limb in x[-2::-1]:
        value = (value << 64) | limb.astype(object)
    return value


def shifted(value: Array, shift: Array, limbs: int) -> Array:
    """Return ``value << shift`` as limbs.

    Parameters
    ----------
    value : (…) int64
    shift : (…) int64
        Not negative.
    """
    result = np.empty((limbs, *value.shape), np.uint64)
    for k in range(limbs):
        place = shift - 64 * k
        left = value << np.clip(place, 0, 63)
        right = value >> np.clip(-place, 0, 63)
        result[k] = np.where(place >= 64, 0, np.where(place >= 0, left, right)).astype(np.uint64)
    return result


def shifted_limbs(x: Array, shift: Array, limbs: int) -> Array:
    """Return ``x << shift`` in so many limbs.

    Parameters
    ----------
    x : (…, n) uint64
    shift : (n,) int64
        Not negative.
    limbs
        As many as the results need.
    """
    # Above x stands its sign, below it zeros.
    padded = np.concatenate([zeros(1, x.shape[1]), x, -is_negative(x).astype(np.int64).view(np.uint64)[np.newaxis]])
    whole, part = np.divmod(shift, 64)
    left, right = part.astype(np.uint64), (64 - part).astype(np.uint64)
    result = np.empty((limbs, x.shape[1]), np.uint64)
    each = np.arange(x.shape[1])
    for k in range(limbs):
        place = np.clip(k - whole + 1, 0, len(padded) - 1)
        high, low = padded[place, each], padded[np.clip(k - whole, 0, len(padded) - 1), each]
        # A shift by all 64 bits is none of NumPy's.
        result[k] = np.where(part == 0, high, (high << left) | (low >> np.minimum(right, np.uint64(63))))
    return result


def widened(x: Array, limbs: int) -> Array:
    """Return `x` in so many limbs, at least as many as it has."""
    if len(x) == limbs:
        return x
    sign = -is_negative(x).astype(np.int64).view(np.uint64)
    return np.concatenate([x, np.broadcast_to(sign, (limbs - len(x), *sign.shape))])


def times(x: Array, factor: Array) -> Array:
    """Return ``x * factor`` in as many limbs; the factors are below ``2**32``."""
    half, low_half = np.uint64(32), np.uint64((1 << 32) - 1)
    result, carry = np.empty_like(x), np.zeros(x.shape[1:], np.uint64)
    for k, limb in enumerate(x):
        low = (limb & low_half) * factor + carry
        high = (limb >> half) * factor + (low >> half)
        result[k] = (low & low_half) | (high << half)
        carry = high >> half
    return result


def add(x: Array, y: Array) -> Array:
    """Return ``x + y``; a column of one number is added to every one."""
    total = x + y
    carry = total[0] < x[0]
    for k in range(1, len(x)):
        carry_out = total[k] < x[k]
        total[k] += carry
        carry = carry_out | (carry & (total[k] == 0))
    return total


def total(x: Array) -> Array:
    """Return the sums over the second axis, of (limbs, L, n) as (limbs, n): halves are added to halves, then what is left."""
    while (length := x.shape[1]) > 1:
        half = length // 2
        whole = add(x[:, :half], x[:, half : 2 * half])
        x = np.concatenate([whole, x[:, 2 * half :]], axis=1) if length % 2 else whole
    return x[:, 0]


def is_negative(x: Array) -> Array:
    """Return the sign bits, (…) bool."""
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
    """Return the leading bits of unsigned numbers, (n,) int64, and the exponents of their last bits, (n,) int64.

    There are up to 62 bits; the last of them is set if a bit below it is.
    """
    top = np.zeros(x.shape[1], np.int64)
    for k in range(1, len(x)):
        top = np.where(x[k] != 0, k, top)
    each = np.arange(x.shape[1])
    high, low = x[top, each], np.where(top > 0, x[top - 1, each], np.uint64(0))
    length = bit_length((high >> np.uint64(1)).astype(np.int64)) + (high != 0)
    spare = (64 - length).clip(0, 63).astype(np.uint64)
    merged = (high << spare) | np.where(spare > 0, low >> (np.uint64(64) - spare).clip(max=np.uint64(63)), np.uint64(0))
    lost = (low << spare) != 0
    for k in range(len(x) - 2):
        lost |= (x[k] != 0) & (top > k + 1)
    bits = (merged >> np.uint64(2)).astype(np.int64) | ((merged & np.uint64(3)) != 0) | lost
    return bits, np.where(top > 0, 64 * top - spare.astype(np.int64), -spare.astype(np.int64)) + 2
