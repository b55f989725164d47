"""Exact dot products against Python's fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwmodel.error.exact import exact_dots

LENGTHS = (1, 7, 64, 65)


def by_hand(a, b, length):
    return [
        sum(Fraction(x) * Fraction(y) for x, y in zip(one[:length].tolist(), other[:length].tolist(), strict=True))
        for one, other in zip(a, b, strict=True)
    ]


@pytest.mark.parametrize("spread", [0, 40, 400, 1000])
def test_sums_are_exact_however_far_apart_the_terms(spread):
    # All 53 bits of every float64 are in use, so that no product is one; spread 1000 leaves the range of float64 below.
    rng = np.random.default_rng(spread)
    a, b = (np.ldexp(rng.uniform(-1, 1, (3, 65)), rng.integers(-spread, 1, (3, 65))) for _ in range(2))
    for length, found in zip(LENGTHS, exact_dots(a, b, LENGTHS), strict=True):
        assert found == by_hand(a, b, length)


def test_what_cancels_leaves_what_is_left():
    a = np.array([[1e16, 1.0, -1e16, 0.0], [2.0**600, 2.0**-400, -(2.0**600), 2.0**-500]])
    b = np.array([[1e16, 3.0, 1e16, 0.0], [2.0**300, 1.0, 2.0**300, 0.0]])
    assert exact_dots(a, b, [3, 4]) == [[3, Fraction(2) ** -400]] * 2


def test_rows_do_not_mix_and_zeros_are_zero():
    # More rows than are worked on at a time.
    values = np.random.default_rng(1).integers(-9, 10, (20000, 2)).astype(float)
    values[:5] = 0
    found = exact_dots(values, values, [1, 2])
    assert found[1] == (values[:, 0] ** 2 + values[:, 1] ** 2).tolist()
    assert exact_dots(np.zeros((2, 3)), values[:6].reshape(2, 6)[:, :3], [3]) == [[0, 0]]
