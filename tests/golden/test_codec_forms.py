"""The NumPy codecs equal the scalar ones, and encode undoes decode."""

import numpy as np
import pytest
from golden_cases import HALVED, INT_NAMES, NOSUB, ROUNDINGS, TAPERED_AND_TABLES, UNNAMED, codes_of, hard_values, operand_formats, overflows
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodel import golden
from hwmodel.golden.scalar import Value
from hwmodel.spec import Format, SpecError, parse_format

FAR = ["e4m2b3000none", "e4m3b-2000", "e11m52", "e8m30"]
NAMES = ["fp16", "e4m3fn", "e5m2", "e4m3fnuz", "e2m1fn", "e8m0fnu", "hfp8", "dlfloat16", "fp24"]
NAMES += [*UNNAMED, *NOSUB, *HALVED, *INT_NAMES, *FAR, "e8m13nosub", "e8m13half"]
WIDE_POSITS = ["posit17es0", "posit20es3", "posit24es1", "posit32", "posit32es0", "posit32es3"]
# All boundaries of narrower formats are in test_codec_exhaustive, but of those that lie far from 1.
WIDE = [name for name in [*NAMES, *TAPERED_AND_TABLES, *WIDE_POSITS, "lns16g1", "lns16g64"] if parse_format(name).width > 8 or name in FAR]


def scalar_codes(values: np.ndarray, fmt: Format, *options: str | None, random: np.ndarray | None = None) -> list[int]:
    bits = [None] * len(values) if random is None else [int(r) for r in random]
    return [golden.scalar.encode(v, fmt, *options, random=r) for v, r in zip(values.tolist(), bits, strict=True)]


@pytest.mark.parametrize("name", WIDE)
def test_encode_equals_scalar_on_hard_values(name: str) -> None:
    fmt = parse_format(name)
    values = hard_values(fmt, limit=60)
    for rounding in ROUNDINGS:
        for overflow in overflows(fmt):
            assert golden.encode(values, fmt, rounding, overflow).tolist() == scalar_codes(values, fmt, rounding, overflow)


@pytest.mark.parametrize("bits", [1, 4, 32])
@pytest.mark.parametrize("name", NAMES)
def test_stochastic_encode_equals_scalar(name: str, bits: int) -> None:
    fmt = parse_format(name)
    values = hard_values(fmt, limit=60)
    random = np.random.default_rng(bits).integers(0, 1 << bits, values.shape)
    for overflow in overflows(fmt):
        ours = golden.encode(values, fmt, f"sr{bits}", overflow, random=random)
        assert ours.tolist() == scalar_codes(values, fmt, f"sr{bits}", overflow, random=random)


@given(operand_formats(), st.lists(st.floats(width=64, allow_nan=False), min_size=1, max_size=20), st.sampled_from(ROUNDINGS), st.data())
@settings(deadline=None, max_examples=300)
def test_encode_equals_scalar_for_any_format(fmt: Format, values: list[float], rounding: str, data: st.DataObject) -> None:
    overflow = data.draw(st.sampled_from(overflows(fmt)))
    assert golden.encode(np.array(values), fmt, rounding, overflow).tolist() == scalar_codes(np.array(values), fmt, rounding, overflow)


@given(operand_formats(), st.lists(st.integers(-(2**63), 2**64 - 1), min_size=1, max_size=20), st.sampled_from([*ROUNDINGS, "sr20"]))
@settings(deadline=None, max_examples=300)
def test_integers_are_encoded_exactly(fmt: Format, values: list[int], rounding: str) -> None:
    signed = np.array([v for v in values if v < 2**63], np.int64)
    unsigned = np.array([v for v in values if v >= 0], np.uint64)
    for array in (signed, unsigned, np.array(values, object), np.array([3 * v**5 for v in values], object)):
        random = np.random.default_rng(0).integers(0, 1 << 20, array.shape) if rounding == "sr20" else None
        ours = golden.encode(array, fmt, rounding, random=random)
        assert ours.tolist() == scalar_codes(array, fmt, rounding, random=random)


@given(operand_formats(), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=300)
def test_encode_undoes_decode(fmt: Format, seed: int) -> None:
    codes = codes_of(fmt, 64, seed)
    values = [golden.scalar.decode(code, fmt) for code in codes.tolist()]
    canonical = [code if not value.is_nan else fmt.nan_code for code, value in zip(codes.tolist(), values, strict=True)]
    assert [golden.scalar.encode(value, fmt) for value in values] == canonical
    if any(value.number != float(value.number) for value in values if value.is_finite):
        with pytest.raises(SpecError, match="beyond float64"):
            golden.decode(codes, fmt)
        return
    decoded = golden.decode(codes, fmt)
    assert golden.encode(decoded, fmt).tolist() == canonical
    assert [Value.of(x) for x in decoded.tolist()] == values


def test_shapes_are_kept() -> None:
    fmt = parse_format("e4m3fn")
    for shape in ((), (0,), (3,), (2, 3)):
        values = np.ones(shape)
        codes = golden.encode(values, fmt, "sr4", random=3)
        assert codes.shape == shape
        assert codes.dtype == np.uint64
        assert golden.decode(codes, fmt).shape == shape
        np.testing.assert_array_equal(golden.decode(codes, fmt), values)
