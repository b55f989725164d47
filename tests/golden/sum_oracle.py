"""Exact sums by fractions and NumPy's own types, from docs/semantics.md and nothing of ours."""

from fractions import Fraction

import ml_dtypes
import numpy as np

TYPES = {
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "fp16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "fp32": np.float32,
    "int8": np.int8,
    "int4": ml_dtypes.int4,
}
WIDTHS = {"e4m3fn": 8, "e5m2": 8, "e2m1fn": 4, "e2m3fn": 6, "e3m2fn": 6, "fp16": 16, "bf16": 16, "fp32": 32, "int8": 8, "int4": 4}
STORED = {1: np.uint8, 2: np.uint16, 4: np.uint32}


def numbers(codes: np.ndarray, name: str) -> np.ndarray:
    """What codes mean, float64, which holds all these formats."""
    if name.startswith("sm"):
        top = 1 << (int(name[2:]) - 1)
        codes = codes.astype(np.int64)
        return np.where(codes & top, -(codes & (top - 1)), codes).astype(np.float64)
    dtype = np.dtype(TYPES[name])
    with np.errstate(invalid="ignore"):  # of signalling NaNs
        return codes.astype(STORED[dtype.itemsize]).view(dtype).astype(np.float64)


def finite_codes(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    width = int(name[2:]) if name.startswith("sm") else WIDTHS[name]
    codes = rng.integers(0, 1 << width, shape, dtype=np.uint64)
    return np.where(np.isfinite(numbers(codes, name)), codes, np.uint64(0))


def to_float(exact: Fraction, dtype: type) -> float:
    """The nearest number of `dtype`, of two the one with the even code; infinity from half a unit beyond the largest."""
    limits = np.finfo(dtype)
    if abs(exact) >= Fraction(float(limits.max)) + Fraction(2) ** (int(limits.maxexp) - 1 - limits.nmant) / 2:
        return float(np.inf if exact > 0 else -np.inf)
    with np.errstate(over="ignore", under="ignore"):
        return _nearest(exact, dtype, limits)


def _nearest(exact: Fraction, dtype: type, limits: np.finfo) -> float:
    guess = dtype(min(max(float(exact), float(limits.min)), float(limits.max)))
    near = [each for each in (guess, np.nextafter(guess, dtype(np.inf)), np.nextafter(guess, dtype(-np.inf))) if np.isfinite(each)]
    bits = np.dtype(dtype).itemsize
    return float(min(near, key=lambda each: (abs(Fraction(float(each)) - exact), int(np.asarray(each).view(f"u{bits}")) & 1)))


def dot(a: np.ndarray, b: np.ndarray) -> Fraction:
    """The exact sum of products of float64."""
    return sum((Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)), Fraction(0))
