"""Tensor-core sums worked out by hand from the definition: what is kept, what is dropped, and what becomes of zeros and specials."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import FloatFormat, SpecError, TensorAcc, TensorPreset, parse_format, parse_tensor, presets_of

FP16, BF16, TF32, FP32, E4M3, E5M2 = (parse_format(name) for name in ("fp16", "bf16", "tf32", "fp32", "e4m3fn", "e5m2"))
INF, NAN = float("inf"), float("nan")
FP32_MAX = float(np.finfo(np.float32).max)


def summed(core: str, operand: FloatFormat, a: list[float], b: list[float], c: float, result: FloatFormat = FP32) -> float:
    """The sum by both forms and both shapes, which must agree."""
    x, y = golden.encode(np.array(a), operand), golden.encode(np.array(b), operand)
    addend = int(golden.encode(np.array(c), result))
    code = int(golden.dot(x[None], y[None], [addend], core, operand)[0])
    assert golden.matmul(x[None], y[:, None], addend, core, operand) == [[code]]
    assert golden.scalar.dot(x.tolist(), y.tolist(), addend, core, operand, operand) == code
    return float(golden.decode(np.array(code), result))


def same(x: float, y: float) -> bool:
    return repr(x) == repr(y)


@pytest.mark.parametrize(
    ("core", "exponent", "kept"),
    [("v100", -23, True), ("v100", -24, False), ("a100", -24, True), ("a100", -25, False), ("h100", -25, True), ("h100", -26, False)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_terms_are_truncated_before_they_are_added(core, exponent, kept, sign):
    # Beside 1 four products of 2^exponent: the sum is 2^(exponent + 2) if the unit 2^-F reaches them, else they vanish.
    half = exponent // 2
    expected = sign + (sign * 2.0 ** (exponent + 2) if kept else 0)
    assert summed(core, FP16, [sign * 2.0**half] * 4, [2.0 ** (exponent - half)] * 4, float(sign)) == expected


def test_terms_of_either_sign_are_truncated_toward_zero():
    # 1.5 units become 1 unit, whatever the sign: -1.5 floored would be -2.
    unit = 2.0**-23
    assert summed("v100", FP16, [1.5 * 2.0**-11], [2.0**-12], 1.0) == 1 + unit
    assert summed("v100", FP16, [-1.5 * 2.0**-11], [2.0**-12], 1.0) == 1 - unit


def test_the_sum_is_truncated_once_more_to_the_result():
    # 2 + 3 units of 2^-24, of which binary32 at 2 holds multiples of 2^-22.
    assert summed("h100", FP16, [2.0**-12] * 3, [2.0**-12] * 3, 2.0) == 2
    # Below 2 it holds multiples of 2^-23: 2 - 1.5 of them become 2 - 2 of them.
    assert summed("h100", FP16, [2.0**-12] * 3, [2.0**-12] * 3, -2.0) == -2 + 2.0**-22


def test_products_are_aligned_by_the_operands_exponents():
    # 1.5 · 1.5 = 2.25 counts with exponent 0: with F = 23 the unit is 2^-23, and two of them carry into 2^-22.
    assert summed("v100", FP16, [1.5, 2.0**-11, 2.0**-11], [1.5, 2.0**-12, 2.0**-12], 0.0) == 2.25 + 2.0**-22


def test_subnormal_operands_have_the_exponent_of_the_smallest_normal():
    # 2^-24 counts with exponent -14, so the unit is 2^-37 and 2^-38 is below it.
    assert summed("v100", FP16, [2.0**-24], [1.0], 2.0**-38) == 2.0**-24
    assert summed("v100", FP16, [2.0**-24], [1.0], 2.0**-37) == 2.0**-24 + 2.0**-37


def test_zero_terms_do_not_set_the_unit():
    assert summed("v100", FP16, [0.0, 2.0**-24, -0.0], [65504.0, 2.0**-24, 65504.0], 0.0) == 2.0**-48


def test_cancellation_leaves_what_was_not_truncated():
    assert same(summed("a100", FP16, [65504.0, -65504.0, 2.0**-24], [1.0, 1.0, 2.0**-24], 0.0), 0.0)
    # 65504 has exponent 15: the unit is 2^(15 - 24).
    assert summed("a100", FP16, [65504.0, -65504.0, 2.0**-9], [1.0, 1.0, 1.0], 0.0) == 2.0**-9
    assert summed("a100", FP16, [65504.0, -65504.0, 2.0**-10], [1.0, 1.0, 1.0], 0.0) == 0


@pytest.mark.parametrize("core", ["v100", "v100:fp16", "tc4f23:fp32.rtz", "tc1f10:fp32"])
@pytest.mark.parametrize("c", [0.0, -0.0])
@pytest.mark.parametrize("a", [[0.0] * 4, [-0.0] * 4, [1.0, -1.0, 0.0, -0.0], []])
def test_an_exact_zero_is_positive(core, c, a):
    result = FP16 if "fp16" in core else FP32
    got = summed(core, FP16, a, [1.0] * len(a), c, result)
    assert same(got, 0.0 if a else c)  # without products there is no sum: the addend stays


def test_a_sum_rounded_to_zero_keeps_its_sign():
    assert same(summed("a100", BF16, [-(2.0**-80)], [2.0**-80], 0.0), -0.0)
    assert same(summed("a100", BF16, [-(2.0**-80)], [2.0**-69], 0.0), -(2.0**-149))


@pytest.mark.parametrize("sign", [1, -1])
def test_overflow_is_infinite_also_where_rounding_is_toward_zero(sign):
    assert summed("a100", BF16, [sign * 2.0**127] * 2, [1.0] * 2, 0.0) == sign * INF
    assert summed("a100", BF16, [sign * 2.0**127], [1.0], sign * 2.0**127) == sign * INF
    assert summed("a100", BF16, [sign * 2.0**-120], [1.0], sign * FP32_MAX) == sign * FP32_MAX
    assert summed("a100:fp16", FP16, [sign * 65504.0, sign * 16.0], [1.0, 1.0], 0.0, FP16) == sign * INF
    assert summed("a100:fp16", FP16, [sign * 65504.0, sign * 15.0], [1.0, 1.0], 0.0, FP16) == sign * 65504
    # It stays: what follows in the chain is added to infinity.
    assert summed("tc1f24:fp32.rtz", BF16, [sign * 2.0**127, sign * 2.0**127, -sign * 2.0**127], [1.0] * 3, 0.0) == sign * INF


@pytest.mark.parametrize("core", ["h100", "h100:fp16", "tc4f10:fp16.late", "tc4f10:fp32.rtz"])
@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        ([INF, 1.0], [1.0, 1.0], 0.0, INF),
        ([INF, 1.0], [-1.0, 1.0], 5.0, -INF),
        ([1.0, 1.0], [1.0, -INF], 0.0, -INF),
        ([INF, 1.0], [0.0, 1.0], 0.0, NAN),
        ([-0.0, 1.0], [INF, 1.0], INF, NAN),
        ([INF, INF], [1.0, -1.0], 0.0, NAN),
        ([INF, INF], [INF, 1.0], INF, INF),
        ([INF, 1.0], [1.0, 1.0], -INF, NAN),
        ([1.0, 1.0], [1.0, 1.0], -INF, -INF),
        ([NAN, 1.0], [0.0, 1.0], 0.0, NAN),
        ([1.0, 1.0], [1.0, 1.0], NAN, NAN),
        ([INF, 1.0], [1.0, NAN], INF, NAN),
    ],
)
def test_infinities_and_nan(core, a, b, c, expected):
    result = FP16 if "fp16" in core else FP32
    assert same(summed(core, FP16, a, b, c, result), expected)


def test_nan_is_canonical():
    code = golden.dot([[0xFE01]], [[0x3C00]], 0xFFFF_FFFF, "h100", FP16)
    assert code.tolist() == [0x7FC0_0000]
    assert golden.dot([[0x7F]], [[0x38]], 0, "h100", E4M3).tolist() == [0x7FC0_0000]


def test_fp8_sums_of_hopper_keep_13_bits():
    # 1 + 2^-13 is the next number after 1; 2^-14 is truncated, although the result is an FP32.
    assert summed("h100", E4M3, [1.0, 2.0**-6], [1.0, 2.0**-7], 0.0) == 1 + 2.0**-13
    assert summed("h100", E4M3, [1.0, 2.0**-7, 2.0**-7], [1.0, 2.0**-7, 2.0**-7], 0.0) == 1
    assert summed("h100", E4M3, [1.0], [1.0], 2.0**-14) == 1
    # 1.875 · 1.875 = 3.515625; with 2^-13 the sum has one bit too many for E8M13.
    assert summed("h100", E4M3, [1.875, 2.0**-6], [1.875, 2.0**-7], 0.0) == 3.515625
    assert summed("h100", E4M3, [1.875, 2.0**-6], [1.875, 2.0**-6], 0.0) == 3.515625 + 2.0**-12


def test_mma_sync_adds_the_addend_last_and_to_nearest():
    # As a term, 1.5 · 2^-24 beside 1 would be truncated away by the result; added afterwards it rounds up.
    a, b = [1.5 * 2.0**-12], [2.0**-12]
    assert summed("h100:fp32.mma", E5M2, a, b, 1.0) == 1 + 2.0**-23
    assert summed("b200:fp32.mma", E5M2, a, b, 1.0) == 1 + 2.0**-23
    assert summed("b200:fp32.tcgen05", E5M2, a, b, 1.0) == 1
    assert same(summed("h100:fp16", E5M2, [0.0], [1.0], -0.0, FP16), 0.0)  # (+0) + (-0)


def test_mma_sync_sums_in_two_phases():
    # FP16 has 11 bits: 2048 + 1 is a tie and goes to 2048, 2049 does not exist. With k = 0, 1 first, 2048 + 1 is rounded
    # before k = 2, 3 bring 1 more; all in one sum would be 2050.
    assert summed("h100:fp16", E5M2, [2048.0, 1, 1, 0], [1.0] * 4, 0.0, FP16) == 2048
    assert summed("h100:fp16", E5M2, [2048.0, 1, 0, 0, 1], [1.0] * 5, 0.0, FP16) == 2050
    assert summed("h100:fp16", E5M2, [2048.0, 0, 1, 1], [1.0] * 4, 0.0, FP16) == 2050
    assert summed("h100:fp16", E5M2, [0.0, 0, 2048, 0, 0, 0, 1, 1], [1.0] * 8, 0.0, FP16) == 2050
    # Products 32 and 33 belong to another instruction: 2048 + 1 is rounded first, and then 2048 + 2 is exact.
    assert summed("h100:fp16", E5M2, [1.0, *[0.0] * 31, 1, 1], [1.0] * 34, 2048.0, FP16) == 2050
    assert summed("h100:fp16", E5M2, [1.0, *[0.0] * 30, 1], [1.0] * 32, 2048.0, FP16) == 2050
    assert summed("h100:fp16", E5M2, [1.0, *[0.0] * 31, 1], [1.0] * 33, 2048.0, FP16) == 2048


def test_longer_rows_are_chained_in_order():
    # Steps of four with F = 23: 1 first drops each later 2^-24; 2^-24 first are added up to 2^-22, which 1 then keeps.
    small, one = [2.0**-12] * 4, [1.0, 0.0, 0.0, 0.0]
    assert summed("v100", FP16, one + small, one + small, 0.0) == 1
    assert summed("v100", FP16, small + one, small + one, 0.0) == 1 + 2.0**-22
    # A last step that is not full is filled with zeros.
    assert summed("v100", FP16, [*small, 1.0], [*small, 1.0], 0.0) == 1 + 2.0**-22


def test_late_accumulators_are_added_in_the_output_format():
    # 3 · 2^-24 of products: truncated beside an accumulator of 1 with F = 22, added to nearest by itself.
    products = ([2.0**-12] * 3, [2.0**-12] * 3)
    assert summed("tc4f22:fp32.rtz", FP16, *products, 1.0) == 1
    assert summed("tc4f22:fp32.rtz.late", FP16, *products, 1.0) == 1 + 2.0**-22
    assert same(summed("tc2f22:fp32.late", FP16, [-0.0], [1.0], -0.0), 0.0)


def test_ties_of_a_single_bit_significand_go_to_the_even_code():
    # 2 has the code 128: 1.5 and 3 lie midway between it and its neighbours.
    powers = parse_format("e8m0fn")
    for third, expected in [(0.5, 2.0), (2.0, 2.0), (0.25, 1.0), (2.5, 4.0)]:
        assert summed("tc4f10:e8m0fn", FP16, [1.0, third], [1.0, 1.0], 0.0, powers) == expected


@pytest.mark.parametrize("core", ["a100", "h100:fp16", "b200", "tc7f40:e8m30", "tc5f30:fp32.late"])
def test_sums_of_small_integers_are_exact(core):
    rng = np.random.default_rng(1)
    result = FP16 if "fp16" in core else parse_format("e8m30") if "e8m30" in core else FP32
    a, b, c = rng.integers(-4, 5, (5, 37)), rng.integers(-4, 5, (37, 6)), rng.integers(-9, 9, (5, 6))
    codes = golden.matmul(golden.encode(a, FP16), golden.encode(b, FP16), golden.encode(c, result), core, FP16)
    np.testing.assert_array_equal(golden.decode(codes, result), (a @ b + c).astype(float))


def test_operands_of_two_formats():
    a, b = golden.encode(np.array([[3.5]]), E4M3), golden.encode(np.array([[-4096.0]]), E5M2)
    assert golden.decode(golden.dot(a, b, 0, "h100", E4M3, E5M2), FP32) == [-14336]


def test_empty_matrices():
    none = np.zeros((0, 3), np.uint64)
    assert golden.matmul(none, np.zeros((3, 2), np.uint64), 0, "h100", FP16).shape == (0, 2)
    assert golden.dot(none, none, 0, "h100", FP16).shape == (0,)
    assert golden.matmul(np.zeros((2, 0), np.uint64), np.zeros((0, 2), np.uint64), 7, "h100", FP16).tolist() == [[7, 7], [7, 7]]


ONE = np.full((2, 2), 0x3C00)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: golden.matmul(ONE, ONE[:1], 0, "h100", FP16), r"a has shape \(2, 2\) and b \(1, 2\); a matrix product takes"),
        (lambda: golden.dot(ONE, ONE[:1], 0, "h100", FP16), "take two arrays of one shape"),
        (lambda: golden.matmul(ONE, ONE, [0, 0], "h100", FP16), r"the addend c has shape \(2,\)"),
        (lambda: golden.matmul(ONE, ONE, 1 << 32, "h100", FP16), "code 4294967296 is not in"),
        (lambda: golden.matmul(ONE, ONE, 0, "h100", E4M3), "code 15360 is not in 0..255"),
        (lambda: golden.matmul(ONE, ONE, 0, "h100", parse_format("int8")), "int8 is no operand"),
        (lambda: golden.matmul(ONE, ONE, 0, "h101", FP16), "unknown GPU 'h101'.*did you mean h100"),
        (lambda: golden.matmul(ONE, ONE, 0, "v100", BF16), "no tensor-core preset of v100 takes bf16 and bf16 to fp32: known are"),
        (lambda: golden.matmul(ONE, ONE, 0, "h100", FP16, BF16), "takes fp16 and bf16"),
        (lambda: golden.matmul(ONE, ONE, 0, presets_of("h100", FP16, FP16, FP32)[0], BF16), "the preset h100:fp32 takes fp16, not bf16"),
        (lambda: golden.matmul(ONE, ONE, 0, "tc4f20:e4m3none", FP16), "has no code for the infinity or NaN"),
        (lambda: golden.matmul(ONE, ONE, 0, "tc4f20:fp32", parse_format("e11m52")), "have 106 bits; at most 62"),
    ],
)
def test_bad_input(call, expected):
    with pytest.raises(SpecError, match=expected):
        call()


@pytest.mark.parametrize(
    ("gpu", "operand", "result", "expected"),
    # L, F and rounding as published: arXiv 2512.07004 and 2511.10909.
    [
        ("v100", FP16, FP32, ["tc4f23:fp32.rtz"]),
        ("v100", FP16, FP16, ["tc4f23:fp16"]),
        *[(gpu, operand, FP32, ["tc8f24:fp32.rtz"]) for gpu in ("a100", "a2", "ada", "l40s") for operand in (FP16, BF16)],
        *[(gpu, FP16, FP16, ["tc8f24:fp16"]) for gpu in ("a100", "a2", "ada", "l40s")],
        *[(gpu, TF32, FP32, ["tc4f24:fp32.rtz"]) for gpu in ("a100", "ada")],
        *[("ada", operand, FP32, ["tc16f13:e8m13.rtz"]) for operand in (E4M3, E5M2)],
        ("l40s", E4M3, FP16, ["tc16f13:fp16"]),
        *[(gpu, operand, FP32, ["tc16f25:fp32.rtz"]) for gpu in ("h100", "h200", "b200") for operand in (FP16, BF16)],
        *[(gpu, FP16, FP16, ["tc16f25:fp16"]) for gpu in ("h100", "h200", "b200")],
        *[(gpu, TF32, FP32, ["tc8f25:fp32.rtz"]) for gpu in ("h100", "h200", "b200")],
        *[("h100", operand, FP32, ["tc32f13:e8m13.rtz wgmma", "tc32f25:fp32.rtz.phases0011 mma"]) for operand in (E4M3, E5M2)],
        ("h200", E5M2, FP16, ["tc32f25:fp16.phases0011 mma", "tc32f13:fp16 wgmma"]),
        ("b200", E4M3, FP32, ["tc32f25:fp32.rtz tcgen05", "tc32f25:fp32.rtz.phases0011 mma"]),
        ("b200", E4M3, FP16, ["tc32f25:fp16 tcgen05", "tc32f25:fp16.phases0011 mma"]),
    ],
)
def test_presets(gpu, operand, result, expected):
    found = presets_of(gpu, operand, operand, result)
    assert [f"{preset.acc} {preset.instruction}".strip() for preset in found] == expected
    assert all(preset.source for preset in found)


def test_names():
    for text in ("tc8f24:fp32.rtz", "tc32f13:e8m13", "tc1f0:e4m3fn.rtz.late", "tc64f48:bf16.late", "tc6f3:fp32.rtz.phases210"):
        acc = parse_tensor(text, FP16, FP16)
        assert isinstance(acc, TensorAcc)
        assert str(acc) == text
    assert str(parse_tensor(" TC8F24:FP32.late.rne", FP16, FP16)) == "tc8f24:fp32.late"
    for text, name in [("phases0", "late"), ("phases00000000", "late"), ("phases01100110", "phases0110")]:
        assert str(parse_tensor(f"tc8f24:fp32.{text}", FP16, FP16)) == f"tc8f24:fp32.{name}"
    for text, name in [("H200", "h100:fp32"), ("l40s:fp16", "ada:fp16"), ("a2:fp32", "a100:fp32")]:
        assert str(parse_tensor(text, FP16, FP16)) == name
    for text, name in [("h100", "h100:fp32.wgmma"), ("h200.mma", "h100:fp32.mma"), ("b200:fp16.tcgen05", "b200:fp16.tcgen05")]:
        preset = parse_tensor(text, E4M3, E5M2)
        assert isinstance(preset, TensorPreset)
        assert str(preset) == name
        assert parse_tensor(name, E4M3, E4M3) == preset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tc0f3:fp32", "0 products a step is not in 1..64"),
        ("tc65f3:fp32", "65 products a step is not in 1..64"),
        ("tc8f49:fp32", "49 aligned fraction bits is not in 0..48"),
        ("tc8:fp32", "is tc<L>f<F>:<out>"),
        ("tc8f24:int8", "int8 cannot hold a sum"),
        ("tc8f24:dlfloat16", "dlfloat16 cannot hold a sum"),
        ("tc8f24:e5m10u", "e5m10u cannot hold a sum"),
        ("tc8f24:fp33", "unknown format 'fp33'"),
        ("tc8f24:fp32.rna", "option .rna is not one of .rtz, .rne, .late"),
        ("tc8f24:fp32.rtz.rne", ".rtz and .rne exclude each other"),
        ("tc8f24:fp32.late.late", "each at most once"),
        ("tc8f24:fp32.late.phases01", ".late and .phases01 exclude each other; give one order"),
        ("tc8f24:fp32.phases", "option .phases is not one of .rtz, .rne, .late, .phases<order>"),
        ("tc8f24:fp32.phases12", "phases are numbered from 0 on, 10 at most, and none is left out; .phases01 is the same order"),
        ("tc8f24:fp32.phases02", "none is left out; .phases01 is the same order"),
        ("tc8f24:fp32.phases001", "an order of 3 products does not divide a step of 8; one of 9 it does"),
        ("h100:int8", "int8 is no result of a GPU"),
        ("h100:bf16", "no tensor-core preset of h100 takes fp16 and fp16 to bf16"),
        ("h100:fp32.mma", "there it has one way only"),
    ],
)
def test_bad_names(text, expected):
    with pytest.raises(SpecError, match=expected):
        parse_tensor(text, FP16, FP16)


def test_an_instruction_that_the_gpu_lacks():
    with pytest.raises(SpecError, match=r"h100 has no .tcgen05 for e4m3fn and e4m3fn to fp32; allowed are .wgmma, .mma"):
        parse_tensor("h100.tcgen05", E4M3, E4M3)


@pytest.mark.parametrize(
    ("acc", "expected"),
    [
        (TensorAcc(4, 23, parse_format("e8m13"), phases=(0, 1)), "adds its accumulator late, in e8m13, and the addend is in fp32"),
        (TensorAcc(4, 23, parse_format("e8m30")), "fp32 does not hold every number of e8m30"),
    ],
)
def test_bad_presets(acc, expected):
    with pytest.raises(SpecError, match=expected):
        TensorPreset("mine", (FP16,), FP32, acc)
