"""Sums that others have published: what short significands lose. (What chunks keep of it: tests/error/test_dots.py.)"""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import MacSpec


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
