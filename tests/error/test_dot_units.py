"""Units of dot products: what is read on the way is what a run to there gives, and nothing overflows unseen."""

from fractions import Fraction

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.error import names_unit, parse_dot_unit
from hwmodel.spec import MacSpec, SpecError, parse_format, parse_tensor

N, STOPS = 6, (1, 5, 8, 21, 64, 67)


def codes(fmt, steps=STOPS[-1], seed=0):
    return golden.encode(np.random.default_rng(seed).standard_normal((steps, N)), fmt)


def readings(unit, a, b, random=None, at_end=None):
    """Return what a unit shows at each stop."""
    unit.start(N)
    found = []
    for start, stop in zip((0, *STOPS), STOPS, strict=False):
        unit.take(a[start:stop], b[start:stop], None if random is None else random[start:stop])
        found.append(unit.read(at_end))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "e4m3fn-e5m2-fp16",
        "int8-int8-fx24",
        "e5m2-e5m2-fx",  # more than 64 bits
        "fp16-fp16-fx40fm3.rne",
        "fp16-fp16-chunk8:e6m9:fp32",
        "fp16-fp16-chunk8:fp16.sr3:fp32.sr5",
        "posit8-posit8-quire",
        "posit8-posit8-posit16",
        "lns8-lns8-dlfloat16",
    ],
)
def test_a_unit_read_on_the_way_equals_the_scalar_model_run_to_there(name):
    unit, spec = parse_dot_unit(name), MacSpec.parse(name)
    a, b = codes(spec.a), codes(spec.b, seed=1)
    random = np.random.default_rng(2).integers(0, 1 << spec.random_bits, a.shape, np.uint64) if spec.random_bits else None
    at_end = None if random is None else random[0]
    for stop, (sums, lost) in zip(STOPS, readings(unit, a, b, random, at_end), strict=True):
        assert not lost.any()
        for lane in range(N):
            mac = golden.scalar.Mac(spec)
            for k in range(stop):
                mac.step(int(a[k, lane]), int(b[k, lane]), **({} if random is None else {"rand": int(random[k, lane])}))
            if spec.is_chunked:
                mac.step(0, 0, valid=False, flush=True, **({} if at_end is None else {"rand": int(at_end[lane])}))
            assert sums[lane] == worth(mac.acc, spec), (stop, lane)


def worth(code, spec):
    level = spec.levels[-1]
    if hasattr(level, "saturate"):
        point = spec.fixed_point(level)
        return (code - (code >> (point.width - 1) << point.width)) * Fraction(2) ** -point.fraction
    return golden.scalar.decode(code, getattr(level, "format", spec.a)).number


@pytest.mark.parametrize(
    "name", ["fp16-fp16-h100", "fp16-fp16-v100:fp16", "e4m3fn-e5m2-h100:fp32.mma", "e5m2-e5m2-tc4f10:fp16.late", "e4m3fn-e4m3fn-h100"]
)
def test_a_tensor_core_read_on_the_way_equals_a_row_of_that_length(name):
    a_name, b_name, core = name.split("-")
    x, y = parse_format(a_name), parse_format(b_name)
    a, b = codes(x), codes(y, seed=1)
    arithmetic = parse_tensor(core, x, y)
    result = parse_format("fp16" if "fp16" in core else "fp32")
    for stop, (sums, lost) in zip(STOPS, readings(parse_dot_unit(name), a, b), strict=True):
        expected = [golden.scalar.dot(a[:stop, lane].tolist(), b[:stop, lane].tolist(), 0, arithmetic, x, y) for lane in range(N)]
        assert sums == [golden.scalar.decode(int(code), result).number for code in expected]
        assert not lost.any()


@pytest.mark.parametrize(
    ("name", "values", "lost"),
    [
        # An infinity; and rtz, which has none: the largest number, from which it comes back by 65504 − 1000 unseen.
        ("fp16-fp16-fp16", [60000, 60000, -60000], [False, True, True]),
        ("fp16-fp16-fp16.rtz", [60000, 60000, -1000], [False, True, True]),
        # No NaN to show: 6 is the largest of e2m1.
        ("int8-int8-e2m1fn", [4, 4, -4], [False, True, True]),
        # Register of 8 bits: wrapped, saturated.
        ("int8-int8-fx8f0", [100, 100, -100], [False, True, True]),
        ("int8-int8-fx8f0.sat", [100, 100, -100], [False, True, True]),
        # maxpos of posit8 is 2^24: no posit overflows, and what is beyond is lost all the same.
        ("posit8-posit8-posit8", [2.0**20, 2.0**24, -(2.0**24)], [False, True, True]),
        # The inner level of a chunk, which the port does not show, sticks to the largest number and is folded later.
        ("fp16-fp16-chunk3:fp16.rtz:fp32", [60000, 60000, -1000], [False, True, True]),
        ("fp16-fp16-chunk1:fp16.rtz:fp32", [60000, 60000, -1000], [False, False, False]),
        ("fp16-fp16-chunk3:fp32:fp16.rtz", [60000, 60000, -60000], [False, True, False]),
        # A tensor core: an infinity, with rtz too; and a format with neither infinity nor NaN.
        ("fp16-fp16-tc2f10:fp16.rtz", [60000, 60000, -60000], [False, True, True]),
        ("e2m1fn-e2m1fn-tc1f10:e2m1fn", [4, 4, -4], [False, True, True]),
        ("fp16-fp16-h100:fp16", [60000, 60000, -60000], [False, True, False]),
    ],
)
def test_an_overflow_is_never_silent(name, values, lost):
    unit = parse_dot_unit(name)
    ones = np.ones((len(values), 1))
    a, b = golden.encode(np.array(values)[:, None], unit.a), golden.encode(ones, unit.b)
    unit.start(1)
    seen = []
    for k in range(len(values)):
        unit.take(a[k : k + 1], b[k : k + 1])
        seen.append(bool(unit.read().lost[0]))
    assert seen == lost


def test_nan_operands_are_lost():
    for name in ("e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-h100", "e4m3fn-e4m3fn-posit8"):
        unit = parse_dot_unit(name)
        unit.start(2)
        unit.take(np.array([[0x7F, 0x38]], np.uint8), np.array([[0x38, 0x38]], np.uint8))
        sums, lost = unit.read()
        assert lost.tolist() == [True, False]
        assert sums[1] == 1


def test_units_and_formats_are_told_apart():
    assert all(map(names_unit, ("int8-int8-fx32", "e4m3b-2-e4m3b-2-fp16", "fp16-fp16-h100", "a-b", "int8-")))
    assert not any(map(names_unit, ("int8", "e4m3b-2", "sm8q6:16/2:e8m0fnu", "mxfp4.ceil", "e2m1fn:16:pow2e4b-3")))


def test_names_are_canonical_and_what_is_no_unit_is_refused():
    for name, canonical in (
        (" E4M3FN-fp16-fp32", "e4m3fn-fp16-fp32"),
        ("fp16-fp16-hopper", "fp16-fp16-h100:fp32"),
        ("e4m3fn-e4m3fn-h100", "e4m3fn-e4m3fn-h100:fp32.wgmma"),
        ("fp16-bf16-tc8f24:fp32.rtz", "fp16-bf16-tc8f24:fp32.rtz"),
    ):
        assert str(parse_dot_unit(name)) == canonical
    for name, sentence in (
        ("e4m3fn+e5m2-e4m3fn-fp32", "the format of e4m3fn\\+e5m2 is chosen in each cycle; name the one that is meant, such as e4m3fn"),
        ("cfloat8e4m3-e4m3fn-fp32", "the format of cfloat8e4m3 is chosen in each cycle"),
        ("int8-int8-h100", "int8 is no operand of a tensor core; it takes float formats"),
        ("fp16-int8-tc8f24:fp32", "int8 is no operand of a tensor core"),
        ("fp32-fp32-h100", "no tensor-core preset of h100 takes fp32 and fp32 to fp32"),
        ("fp16-fp16-h101", "unknown accumulator 'h101'"),
        ("int8-int8", "a unit is <a>-<b>-<acc>"),
        ("fp16-fp16-tc8f24:e2m1fn", "has no code for the infinity or NaN"),
    ):
        with pytest.raises(SpecError, match=sentence):
            parse_dot_unit(name)
