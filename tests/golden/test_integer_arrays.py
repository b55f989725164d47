"""The integer arrays beneath the units, at their limits, against Python integers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodel import golden
from hwmodel.golden import multiword
from hwmodel.golden.rounding import bit_length, round_shift, shift_right_sticky
from hwmodel.spec import parse_format

EDGES = sorted({max(0, (1 << k) + d) for k in range(63) for d in (-1, 0, 1)})
SIGNED = st.integers(-(1 << 62), (1 << 62) - 1)


@pytest.mark.parametrize("dtype", [np.int64, object])
def test_bit_length(dtype: type) -> None:
    assert bit_length(np.array(EDGES, dtype)).tolist() == [n.bit_length() for n in EDGES]


@pytest.mark.parametrize("dtype", [np.int64, object])
@pytest.mark.parametrize("rounding", ["rne", "rna", "rtz"])
def test_round_shift(rounding: str, dtype: type) -> None:
    numbers = [n for n in EDGES if n < 1 << 62]
    for shift in range(1, 64):
        exact = [Fraction(n, 1 << shift) for n in numbers]
        expected = {"rne": [round(x) for x in exact], "rna": [int(x + Fraction(1, 2)) for x in exact], "rtz": [int(x) for x in exact]}
        ours = round_shift(np.array(numbers, dtype), np.full(len(numbers), shift), rounding)
        assert ours.tolist() == expected[rounding]


@given(SIGNED, st.integers(0, 63))
def test_sticky_shift_orders_like_the_exact_value(number: int, shift: int) -> None:
    # Twice the exact quotient, truncated to an odd number unless it is even: what a rounder two bits higher can tell.
    ours = int(shift_right_sticky(np.array([number]), np.array([shift]))[0])
    exact = Fraction(number, 1 << shift)
    assert ours == exact if exact.denominator == 1 else (ours % 2 == 1 and abs(ours - exact) < 1)


@given(SIGNED, st.integers(0, 250), SIGNED, st.integers(0, 250), st.integers(1, 5), st.integers(1, 320))
def test_multiword_arithmetic(x: int, x_shift: int, y: int, y_shift: int, limbs: int, width: int) -> None:
    def wrapped(n: int, bits: int) -> int:
        return (n + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))

    width = min(width, 64 * limbs)
    left, right = (multiword.shifted(np.array([n]), np.array([s]), limbs) for n, s in ((x, x_shift), (y, y_shift)))
    assert multiword.to_objects(left).tolist() == [wrapped(x << x_shift, 64 * limbs)]
    total = multiword.add(left, right)
    exact = wrapped((x << x_shift) + (y << y_shift), 64 * limbs)
    assert multiword.to_objects(total).tolist() == [exact]
    assert multiword.is_negative(total).tolist() == [exact < 0]
    assert multiword.to_objects(multiword.sign_extended(total, width)).tolist() == [wrapped(exact, width)]
    assert multiword.to_objects(multiword.from_objects(np.array([exact], object), limbs)).tolist() == [exact]
    assert golden.code_to_int(multiword.low_bits(total, width).T) == [exact % (1 << width)]


@pytest.mark.parametrize("name", ["e2m3b-60", "e2m3b-62", "e3m0b-63fn", "e2m52b-10"])
def test_encode_of_the_largest_integers(name: str) -> None:
    fmt = parse_format(name)
    values = np.array([n for n in EDGES if n > 1 << 58] + [2**63 - 1], np.int64)
    for rounding in ("rne", "rna", "rtz", "rup"):
        expected = [golden.scalar.encode(int(n), fmt, rounding) for n in values]
        assert golden.encode(values, fmt, rounding).tolist() == expected
        assert golden.encode(-values, fmt, rounding).tolist() == [golden.scalar.encode(-int(n), fmt, rounding) for n in values]
