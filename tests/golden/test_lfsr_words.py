"""The LFSR's words: a maximal-length sequence, taken word by word."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import Lfsr, MacSpec, SpecError
from hwmodel.spec.lfsr import TAPS, mixed_seed


def power_of_x(exponent: int, polynomial: int, degree: int) -> int:
    """Return ``x**exponent`` modulo a polynomial over the field of two elements; bit i is the coefficient of x^i."""

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            a, b = a << 1, b >> 1
            a ^= polynomial if a >> degree else 0
        return product

    result, square = 1, 2
    while exponent:
        result = times(result, square) if exponent & 1 else result
        square, exponent = times(square, square), exponent >> 1
    return result


@pytest.mark.parametrize("width", TAPS)
def test_every_register_has_maximal_length(width: int) -> None:
    # The order of x divides 2^n - 1, which is prime, and is not 1: so it is 2^n - 1, and the sequence has this period.
    polynomial = 1 + sum(1 << tap for tap in TAPS[width])
    assert power_of_x((1 << width) - 1, polynomial, width) == 1
    assert all(pow(base, (1 << width) - 2, (1 << width) - 1) == 1 for base in (2, 3, 5, 7))  # a Mersenne prime


def test_a_whole_period_of_the_narrowest() -> None:
    period = (1 << 17) - 1
    bits = golden.lfsr_words(Lfsr(1, seed=0x1234), period + 100)
    assert int(bits[:period].sum()) == 1 << 16  # one more 1 than 0
    np.testing.assert_array_equal(bits[period:], bits[:100])
    words = golden.lfsr_words(Lfsr(17, seed=0x1234), period)
    assert len(np.unique(words)) == period  # every state but 0


@pytest.mark.parametrize(("bits", "seed"), [(1, 1), (8, 0x1FFFF), (17, 3), (18, 5), (31, 1 << 30), (40, 7), (64, (1 << 88) + 12345)])
def test_words_are_those_of_a_register_that_is_shifted(bits: int, seed: int) -> None:
    lfsr = Lfsr(bits, seed)
    state, expected = seed, []
    for _ in range(300):
        expected.append(state & ((1 << bits) - 1))
        for _ in range(bits):
            new = sum(state >> (tap - 1) & 1 for tap in lfsr.taps) & 1
            state = (state << 1 | new) & ((1 << lfsr.width) - 1)
    assert golden.lfsr_words(lfsr, 300).tolist() == expected


@pytest.mark.parametrize(("width", "seed"), [(17, 0x13C6E), (31, 0x4F1BBCDC), (61, 0x13C6EF372FE94F82)])
def test_the_usual_seed_is_the_golden_ratio(width: int, seed: int) -> None:
    # 0x9E3779B97F4A7C15F39C…, the fraction's first 64 bits and more (D. Knuth, TAOCP 3, 6.4: Fibonacci hashing), cut to the width.
    assert mixed_seed(width) == seed == 0x9E3779B97F4A7C15 >> (64 - width)
    assert mixed_seed(89) >> 25 == 0x9E3779B97F4A7C15
    lfsr = Lfsr.of(MacSpec.parse("fp16-fp16-fp16.sr8"))
    assert (lfsr.seed, golden.lfsr_words(lfsr, 1).tolist()) == (0x13C6E, [0x6E])
    assert 14 < np.bitwise_count(golden.lfsr_words(lfsr, 8)).sum() < 50, "some half of the first 64 bits"


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(SpecError, match=r"the seed 0 is not in 1\.\.131071; the register has 17 bits"):
        Lfsr(8, 0)
    with pytest.raises(SpecError, match=r"a word of 65 bits is not in 1\.\.64"):
        Lfsr(65, 1)
    with pytest.raises(SpecError, match=r"unit int8-int8-fx: no accumulator rounds stochastically \(\.sr<k>\)"):
        Lfsr.of(MacSpec.parse("int8-int8-fx"))
    assert Lfsr.of(MacSpec.parse("e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr16")).width == 31
