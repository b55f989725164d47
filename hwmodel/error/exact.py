"""Dot products without rounding: what the error of an accumulator is measured against."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from hwmodel.golden.arrays import Array

_SPLITTER = float((1 << 27) + 1)

_SMALLEST = 2.0**-450
"""Down to here, of numbers below 1, products and what they are rounded by are float64 without underflow."""

_BLOCK = 1 << 15
"""Products worked on at a time, so that intermediate arrays stay in the second-level cache."""


def exact_dots(a: Array, b: Array, lengths: Sequence[int]) -> list[list[Fraction]]:
    """Return the sums of the first products of every row.

    Parameters
    ----------
    a, b : (n, K) float64
        Finite.
    lengths
        How many products: rising, each in 1..K.

    Returns
    -------
    list of list of Fraction
        For each length, the `n` sums.

    Notes
    -----
    A product is a float64 and its error another one (T. J. Dekker, A floating-point technique for extending the available
    precision, 1971); their sum is a third, and what is left over again one, until nothing is left (`math.fsum` rounds correctly).
    Numbers too far apart for that are added as fractions, which is slow.
    """
    unit_a, unit_b = (int(np.frexp(np.abs(each).max())[1]) for each in (a, b))
    a, b = np.ldexp(a, -unit_a), np.ldexp(b, -unit_b)
    if min(_least(a), _least(b)) < _SMALLEST:
        sums = (_fractions(x, y, lengths) for x, y in zip(np.ldexp(a, unit_a), np.ldexp(b, unit_b), strict=True))
        return [list(each) for each in zip(*sums, strict=True)]
    unit = Fraction(2) ** (unit_a + unit_b)
    rows = max(1, _BLOCK // a.shape[1])
    found: list[list[Fraction]] = []
    for start in range(0, len(a), rows):
        product, lost = _two_product(a[start : start + rows], b[start : start + rows])
        any_lost = lost.any()
        found += [[total * unit for total in _sums(x, y if any_lost else None, lengths)] for x, y in zip(product, lost, strict=True)]
    return [list(each) for each in zip(*found, strict=True)]


def _least(values: Array) -> float:
    """Return the smallest magnitude that is not zero."""
    return float(np.abs(values[values != 0]).min(initial=1))


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the products as float64 and what that rounds away, exactly."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _split(values: Array) -> tuple[Array, Array]:
    """Return halves of at most 26 bits, signs included, that add up to the values (Veltkamp)."""
    large = values * _SPLITTER
    high = large - (large - values)
    return high, values - high


def _sums(product: Array, lost: Array | None, lengths: Sequence[int]) -> Iterator[Fraction]:
    """Yield the exact sum of the first terms, for each length."""
    parts: list[float] = []
    for start, stop in pairwise((0, *lengths)):
        terms = [*parts, *product[start:stop].tolist(), *([] if lost is None else lost[start:stop].tolist())]
        parts = []
        while part := math.fsum(terms):
            parts.append(part)
            terms.append(-part)
        yield sum(map(Fraction, parts), Fraction(0))


def _fractions(a: Array, b: Array, lengths: Sequence[int]) -> Iterator[Fraction]:
    """Yield the same, of numbers however far apart."""
    total = Fraction(0)
    for start, stop in pairwise((0, *lengths)):
        total += sum((Fraction(x) * Fraction(y) for x, y in zip(a[start:stop].tolist(), b[start:stop].tolist(), strict=True)), Fraction(0))
        yield total
