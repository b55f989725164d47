"""Arrays of codes: checked on the way in, as Python integers on the way out."""

from typing import Any

import numpy as np

from hwmodel.spec import Operand, SpecError

from .arrays import Array


def check_codes(codes: Any, fmt: Operand) -> Array:
    """Return `codes` as an array of an unsigned dtype.

    Raises
    ------
    SpecError
        If they are not integers, or one is not a code of `fmt`.
    """
    codes = np.asarray(codes)
    if codes.dtype.kind not in "iu":
        raise SpecError(f"codes of {fmt} have dtype {codes.dtype}; codes are integers")
    can_exceed = codes.dtype.kind == "i" or 8 * codes.itemsize > fmt.width
    if can_exceed and codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < 1 << fmt.width:
        wrong = codes.min() if codes.min() < 0 else codes.max()
        raise SpecError(f"code {wrong} is not in 0..{(1 << fmt.width) - 1}, the codes of {fmt}")
    return codes if codes.dtype.kind == "u" else codes.astype(np.uint64)


def code_to_int(codes: Array) -> list[int]:
    """Return accumulator codes as Python integers, whatever their width.

    Parameters
    ----------
    codes : (n,) or (n, limbs) uint64
        As `Mac.acc` gives them.
    """
    if codes.ndim == 1:
        return [int(code) for code in codes]
    return [sum(int(limb) << (64 * k) for k, limb in enumerate(row)) for row in codes]


def int_to_code(values: list[int], width: int) -> Array:
    """Return codes of `width` bits in the shape of `Mac.acc`; the inverse of `code_to_int`."""
    if width <= 64:
        return np.array(values, np.uint64)
    limbs = range(-(-width // 64))
    return np.array([[value >> (64 * k) & ((1 << 64) - 1) for k in limbs] for value in values], np.uint64)
