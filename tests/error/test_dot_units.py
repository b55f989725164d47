"""Units of dot products: what is read on the way is what a run to there gives, and nothing overflows unseen."""

import copy
from fractions import Fraction

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.error import names_unit, parse_dot_unit
from hwmodel.error.units import Stream
from hwmodel.spec import BlockFormat, MacSpec, SpecError, parse_format, parse_tensor

N, STOPS = 6, (1, 5, 8, 21, 64, 67)


def stream(fmt, steps=STOPS[-1], seed=0):
    """Codes of drawn numbers, (steps, N); of a block format with scales and shifts that are drawn as well, not what data would have."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((steps, N))
    if not isinstance(fmt, BlockFormat):
        return Stream(golden.encode(values, fmt))
    blocks = 1 if fmt.size is None else -(-steps // fmt.size)
    one = golden.scalar.encode(Fraction(1), fmt.scale)
    shifts = rng.integers(0, fmt.max_shift + 1, (blocks * fmt.size // fmt.sub_size, N)) if fmt.sub_size else None
    scales = rng.integers(max(one - 3, 0), min(one + 3, 1 << fmt.scale.width), (blocks, N))
    return Stream(golden.encode(values * 10, fmt.element), scales, shifts)


def shown(spec, a, b, step, lane, length):
    """What the scalar unit is shown in a step, by the definition."""
    found = {}
    for name, fmt, operand in (("a", spec.a, a), ("b", spec.b, b)):
        at = range(step * spec.lanes, (step + 1) * spec.lanes)
        codes = [int(operand.codes[k, lane]) if k < length else 0 for k in at]
        found[name] = codes if spec.lanes > 1 else codes[0]
        if isinstance(fmt, BlockFormat):
            found[f"{name}_scale"] = int(operand.scales[at[0] // fmt.size if fmt.size else 0, lane])
            if fmt.sub_size:
                found[f"{name}_shift"] = [int(operand.shifts[k, lane]) for k in sorted({k // fmt.sub_size for k in at})]
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
        "int8-uint4-fx32-x4",
        "fp16-fp16-fp16.sr8-x3",
        "fp16-fp16-chunk4:fp16.sr3:fp32.rtz-x2",
        "e5m2-e5m2-tc4f10:fp16.late",
        "mxfp8e4m3-mxfp8e5m2-fp16-x8",
        "mxfp4-mxfp4-fp32-x32",
        "mxfp8e4m3-mxfp8e4m3-tc32f13:fp16",
        "mx9-mx9-fp16",
        "mx6-msfp14-fp16-x4",
        "nvfp4-nvfp4-fp16-x4",
        "vsq4-vsq4-fx48f0-x2",
        "int8-mxint8-fx64f10.sat",
        "flex16-flex16-fp32-x4",
        "mxfp4-bf16-fp16.sr4-x2",
    ],
)
def test_a_unit_read_on_the_way_equals_the_scalar_model_run_to_there(name):
    unit, spec = parse_dot_unit(name), MacSpec.parse(name)
    a, b = stream(spec.a), stream(spec.b, seed=1)
    drawn = []

    def random(steps):
        drawn.extend(np.random.default_rng(len(drawn)).integers(0, 1 << spec.random_bits, (steps, N), np.uint64))
        return np.array(drawn[-steps:])

    readings = unit.run(a, b, STOPS, random)
    if not spec.random_bits:
        assert not drawn
    for lane in range(N):
        words = iter(drawn)

        def rand(lane=lane, words=words):
            return {"rand": int(next(words)[lane])} if spec.random_bits else {}

        mac, step = golden.scalar.Mac(spec), 0
        for stop, (sums, lost) in zip(STOPS, readings, strict=True):
            assert not lost.any()
            for whole in range(step, stop // spec.lanes):
                mac.step(**shown(spec, a, b, whole, lane, stop), **rand())
            step = stop // spec.lanes
            end, rest, folds = copy.deepcopy(mac), stop % spec.lanes, spec.fold_steps is not None
            if rest or folds:
                last = step if rest else step - 1
                flush = {"flush": True} if folds else {}
                end.step(**shown(spec, a, b, last, lane, stop), **flush, **rand(), valid=bool(rest))
            assert sums[lane] == worth(end.acc, spec), (stop, lane)


def worth(code, spec):
    level = spec.levels[-1]
    if hasattr(level, "saturate"):
        point = spec.fixed_point(level)
        return (code - (code >> (point.width - 1) << point.width)) * Fraction(2) ** -point.fraction
    return golden.scalar.decode(code, getattr(level, "format", spec.a)).number


@pytest.mark.parametrize(
    "name", ["fp16-fp16-h100", "fp16-fp16-v100:fp16", "e4m3fn-e5m2-h100:fp32.mma", "e4m3fn-e4m3fn-h100:fp16", "e4m3fn-e4m3fn-h100"]
)
def test_a_tensor_core_read_on_the_way_equals_a_row_of_that_length(name):
    a_name, b_name, core = name.split("-")
    x, y = parse_format(a_name), parse_format(b_name)
    a, b = stream(x), stream(y, seed=1)
    arithmetic = parse_tensor(core, x, y)
    result = parse_format("fp16" if "fp16" in core else "fp32")
    for stop, (sums, lost) in zip(STOPS, parse_dot_unit(name).run(a, b, STOPS), strict=True):
        rows = zip(*(each.codes[:stop].T.tolist() for each in (a, b)), strict=True)
        expected = [golden.scalar.dot(one, other, 0, arithmetic, x, y) for one, other in rows]
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
        # Lanes: one judgement a step, on the way as well; and the inner level of a chunk in a step that is not full.
        ("int8-int8-fx8f0-x2", [100, 100, -100], [False, True, True]),
        ("int8-int8-fx8f0-x3", [100, 100, -100], [False, True, False]),
        ("fp16-fp16-fp16.rtz-x2", [60000, 60000, -60000], [False, True, True]),
        ("fp16-fp16-chunk3:fp16.rtz:fp32-x2", [0, 100, 65504], [False, False, True]),
    ],
)
def test_an_overflow_is_never_silent(name, values, lost):
    unit = parse_dot_unit(name)
    a, b = (Stream(golden.encode(np.array(each)[:, None], fmt)) for each, fmt in ((values, unit.a), (np.ones(len(values)), unit.b)))
    readings = unit.run(a, b, range(1, len(values) + 1))
    assert [bool(each.lost[0]) for each in readings] == lost


def test_the_sum_of_a_block_without_an_end_wraps_and_is_counted():
    # 2^15 − 1 squared is just below 2^30; the register of 4096 products of 2^30 holds sums below 2^43, 8192 of them.
    unit, last = parse_dot_unit("flex16-flex16-fp32-x8"), golden.scalar.encode(Fraction(2**15 - 1), parse_format("int16"))
    operand = Stream(np.full((3 * 4096, 1), last, np.uint16), np.full((1, 1), 31))
    readings = unit.run(operand, operand, (4096, 8192, 3 * 4096))
    assert [bool(each.lost[0]) for each in readings] == [False, False, True]
    # FP32 of the sum, for scales of 1.
    assert readings[1].sums == [Fraction(float(np.float32(8192 * (2**15 - 1) ** 2)))]


def test_nan_operands_are_lost():
    for name in ("e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-h100", "e4m3fn-e4m3fn-posit8"):
        a, b = (Stream(np.array([each], np.uint8)) for each in ([0x7F, 0x38], [0x38, 0x38]))
        ((sums, lost),) = parse_dot_unit(name).run(a, b, [1])
        assert lost.tolist() == [True, False]
        assert sums[1] == 1


def test_units_and_formats_are_told_apart():
    assert all(map(names_unit, ("int8-int8-fx32", "e4m3b-2-e4m3b-2-fp16", "fp16-fp16-h100", "a-b", "int8-")))
    assert not any(map(names_unit, ("int8", "e4m3b-2", "sm8q6:16/2:e8m0fnu", "mxfp4.ceil", "e2m1fn:16:pow2e4b-3")))


def test_names_are_canonical_and_what_is_no_unit_is_refused():
    for name, canonical in (
        (" E4M3FN-fp16-fp32", "e4m3fn-fp16-fp32"),
        ("fp16-fp16-hopper", "fp16-fp16-tc16f25:fp32.rtz"),
        ("e4m3fn-e4m3fn-h100", "e4m3fn-e4m3fn-tc32f13:e8m13.rtz"),
        ("e4m3fn-e5m2-hopper:fp16", "e4m3fn-e5m2-tc32f25:fp16.phases0011"),
        ("mxfp8e4m3-mxfp8e5m2-b200", "mxfp8e4m3-mxfp8e5m2-tc32f25:fp32.rtz"),
        ("nvfp4-nvfp4-fp32-x4-p1", "nvfp4-nvfp4-fp32-x4-p1"),
        ("fp16-bf16-tc8f24:fp32.rtz", "fp16-bf16-tc8f24:fp32.rtz"),
    ):
        assert str(parse_dot_unit(name)) == canonical
    for name, sentence in (
        ("e4m3fn+e5m2-e4m3fn-fp32", "the format of e4m3fn\\+e5m2 is chosen in each cycle; name the one that is meant, such as e4m3fn"),
        ("cfloat8e4m3-e4m3fn-fp32", "the format of cfloat8e4m3 is chosen in each cycle"),
        ("int8-int8-h100", "int8 is no operand of a tensor core's alignment by exponents; it takes float formats"),
        ("fp16-int8-tc8f24:fp32", "int8 is no operand of a tensor core"),
        ("mxfp4-nvfp4-fp32", r"blocks of mxfp4 and nvfp4 differ in size \(32 and 16\)"),
        ("mxfp4-mxfp4-fp32-x5", "5 operand pairs a cycle do not divide a block of 32; x4 does"),
        ("fp32-fp32-h100", "no tensor-core preset of h100 takes fp32 and fp32 to fp32"),
        ("fp16-fp16-h101", "unknown accumulator 'h101'"),
        ("int8-int8", "a unit is <a>-<b>-<acc>"),
        ("fp16-fp16-tc8f24:e2m1fn", "can be NaN or infinite and e2m1fn has no code for either"),
    ):
        with pytest.raises(SpecError, match=sentence):
            parse_dot_unit(name)


def test_a_step_that_is_not_full_needs_a_zero():
    unit = parse_dot_unit("e8m0fnu-e8m0fnu-fp32-x4")
    ones = Stream(np.full((8, 1), 127, np.uint8))
    assert unit.run(ones, ones, [8])[0].sums == [8]
    with pytest.raises(SpecError, match="e8m0fnu has no zero to fill the last step with; choose lengths that are multiples of 4"):
        unit.run(ones, ones, [5])
