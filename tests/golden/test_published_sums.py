"""Sums that others have published: what short significands lose, and what chunks keep of it."""

import math

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import MacSpec

TERMS, SUMS = 65536, 4


@pytest.mark.parametrize(
    ("start", "term", "total"),
    [
        # At 1025 an FP16 has units of 1: 0.4 is lost, and 100.6 (in FP16 100.625) becomes 101.
        (1025, 0.4, 1025),
        (1025, 100.6, 1126),
    ],
)
def test_an_fp16_sum_keeps_ten_fraction_bits(start, term, total):
    spec = MacSpec.parse("fp16-fp16-fp16")
    fmt = spec.a
    mac, scalar = golden.Mac(spec), golden.scalar.Mac(spec)
    mac.load(golden.encode([float(start)], fmt))
    scalar.load(golden.scalar.encode(start, fmt))
    a, b = golden.scalar.encode(term, fmt), golden.scalar.encode(1, fmt)
    mac.step([a], [b])
    scalar.step(a, b)
    assert golden.decode(mac.acc, fmt).tolist() == [total]
    assert scalar.acc == int(mac.acc[0])
    # NumPy's own half precision agrees.
    assert float(np.float16(start) + np.float16(term)) == total


@pytest.mark.slow
@pytest.mark.parametrize(
    ("accumulator", "ratio", "tolerance"),
    [
        # Without chunks the sum stops at 4096, where the unit is 8 and no term reaches half of it: exactly 4096 of about 65,536.
        ("e6m9", 0.063, 0.002),
        # Chunks of 8 are some 8 each: at 16,384, with units of 32, hardly one of them reaches 16.
        ("chunk8:e6m9:e6m9", 0.256, 0.01),
        ("chunk64:e6m9:e6m9", 1.003, 0.015),
    ],
)
def test_chunks_of_64_hold_a_sum_that_swamps_without(accumulator, ratio, tolerance):
    """arXiv 1812.08011: sums of 65,536 numbers, uniform with mean 1 and standard deviation 1, in (1, 6, 9)."""
    spec = MacSpec.parse(f"e6m9-e6m9-{accumulator}")
    values = np.random.default_rng(12).uniform(1 - math.sqrt(3), 1 + math.sqrt(3), (TERMS, SUMS))
    codes = golden.encode(values, spec.a)
    mac = golden.Mac(spec)
    mac.reset(SUMS)
    sums = golden.decode(mac.run(codes, np.full_like(codes, golden.scalar.encode(1, spec.a))), spec.a)
    np.testing.assert_allclose(sums / values.sum(axis=0), ratio, atol=tolerance)
    if accumulator == "e6m9":
        assert (sums == 4096).all()
