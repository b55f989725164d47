"""The rules of encode that no oracle has: overflow modes, NaN, unsigned formats, ties, error sentences."""

import numpy as np
import pytest
from golden_cases import codes_of

from hwmodel import golden
from hwmodel.cost import estimate
from hwmodel.spec import SpecError, parse_format

NAN, INF = float("nan"), float("inf")


def both(value: float, name: str, *options: str, **keywords: str | int) -> int:
    """The code of one value by the NumPy form, after checking that the scalar form agrees."""
    fmt = parse_format(name)
    code = golden.scalar.encode(value, fmt, *options, **keywords)
    assert golden.encode([value], fmt, *options, **keywords).tolist() == [code]
    return code


@pytest.mark.parametrize(
    ("name", "value", "rounding", "overflow", "code"),
    [
        # OCP OFP8, section 5.2: 448 is 0x7E; halfway to the next step (480) is 464, which ties to the even 448.
        ("e4m3fn", 464.0, "rne", "ieee", 0x7E),
        ("e4m3fn", np.nextafter(464.0, 500), "rne", "ieee", 0x7F),
        ("e4m3fn", np.nextafter(464.0, 500), "rne", "sat", 0x7E),
        ("e4m3fn", 464.0, "rna", "ieee", 0x7F),
        ("e4m3fn", -1e9, "rtz", "ieee", 0xFE),
        ("e4m3fn", INF, "rtz", "ieee", 0x7F),
        ("e4m3fn", INF, "rne", "sat", 0x7E),
        ("e4m3fn", -INF, "rne", "sat", 0xFE),
        # IEEE 754-2019, 7.4: toward zero and away from the sign's side, overflow stops at the largest finite number.
        ("e5m2", 61440.0, "rne", "ieee", 0x7C),
        ("e5m2", 61439.0, "rne", "ieee", 0x7B),
        ("e5m2", 1e9, "rdn", "ieee", 0x7B),
        ("e5m2", 1e9, "rup", "ieee", 0x7C),
        ("e5m2", -1e9, "rdn", "ieee", 0xFC),
        ("e5m2", -1e9, "rup", "ieee", 0xFB),
        ("e5m2", -INF, "rup", "ieee", 0xFC),
        ("e4m3fnuz", 1e9, "rne", "ieee", 0x80),
        ("e4m3fnuz", -1e-9, "rne", "ieee", 0x00),
        ("e2m1fn", 1e9, "rne", "sat", 0x7),
        # Unsigned: below zero there is only NaN, or zero.
        ("e4m3u", -1.0, "rne", "sat", 0x00),
        ("e4m3u", -1.0, "rne", "ieee", 0x7C),
        ("e4m3u", -1.0, "rtz", "ieee", 0x7C),
        ("e4m3u", -1e-9, "rne", "ieee", 0x00),
        ("e4m3u", -INF, "rne", "ieee", 0x7C),
        ("uint8", -3.0, "rne", "sat", 0x00),
        ("int8", -0.5, "rne", "sat", 0x00),
        ("int8", -0.5, "rna", "sat", 0xFF),
        ("int8", -128.5, "rne", "sat", 0x80),
        ("int8", 1e300, "rne", "sat", 0x7F),
        ("sm8", -0.25, "rne", "sat", 0x80),
        ("sm8", -1e300, "rne", "sat", 0xFF),
        # Without subnormals the smallest value is 2^-7 · 1.125; its half ties to the even code 0.
        ("e4m3nosub", 2.0**-8 * 1.125, "rne", "ieee", 0x00),
        ("e4m3nosub", 2.0**-8 * 1.126, "rne", "ieee", 0x01),
        ("e4m3nosub", 2.0**-8 * 1.125, "rna", "ieee", 0x01),
        ("e4m3nosub", -(2.0**-8) * 1.125, "rne", "ieee", 0x80),
        ("e4m3nosub", 2.0**-7, "rtz", "ieee", 0x00),
        # One significand bit: ties go to the even code. 0x10 is 2^1, 0x11 is 2^2.
        ("e5m0fn", 3.0, "rne", "ieee", 0x10),
        ("e5m0fn", 6.0, "rne", "ieee", 0x12),
        # OCP MX v1.0, 5.4: e8m0 has no zero and no sign. What is below 2^-127 becomes that; ties go to the even code.
        ("e8m0fnu", 0.0, "rdn", "ieee", 0x00),
        ("e8m0fnu", -0.0, "rne", "ieee", 0x00),
        ("e8m0fnu", 2.0**-200, "rtz", "ieee", 0x00),
        ("e8m0fnu", 1.5, "rne", "ieee", 0x80),
        ("e8m0fnu", 3.0, "rne", "ieee", 0x80),
        ("e8m0fnu", 3.0, "rna", "ieee", 0x81),
        ("e8m0fnu", 2.0**127 * 1.5, "rne", "ieee", 0xFE),
        ("e8m0fnu", 2.0**127 * 1.5, "rna", "ieee", 0xFF),
        ("e8m0fnu", 1e300, "rne", "sat", 0xFE),
        ("e8m0fnu", -1.0, "rne", "sat", 0x00),
        ("e8m0fnu", -1e-300, "rne", "ieee", 0xFF),
        # IBM's HFP8 1-4-3: bias 11 and no subnormals, from 2^-11 · 1.125 to 30.
        ("hfp8", 30.0, "rne", "sat", 0x7F),
        ("hfp8", 1e9, "rne", "sat", 0x7F),
        ("hfp8", 2.0**-11 * 1.125, "rne", "sat", 0x01),
        ("hfp8", -(2.0**-11), "rne", "sat", 0x81),
        ("hfp8", 1.0, "rne", "sat", 0x58),
        # DLFloat16: 1-6-9, bias 31; the largest number is 2^33 · (2 - 2^-8), and one code more is NaN and infinity.
        ("dlfloat16", 8573157376.0, "rne", "ieee", 0x7FFE),
        ("dlfloat16", 8590000000.0, "rne", "ieee", 0x7FFF),
        ("dlfloat16", 2.0**-31 * (1 + 2.0**-9), "rne", "ieee", 0x0001),
        # Tesla's text: subnormals of cfloat8 (bias 7) are f/8 · 2^-7, from 2^-10 to 7 · 2^-10; then comes 2^-6.
        ("cfloat8e4m3b7half", 7 * 2.0**-10, "rne", "sat", 0x07),
        ("cfloat8e4m3b7half", 2.0**-6, "rne", "sat", 0x08),
        ("cfloat8e4m3b7half", 11.5 * 2.0**-10, "rne", "sat", 0x08),
        ("cfloat8e4m3b7half", 11.4 * 2.0**-10, "rne", "sat", 0x07),
        ("cfloat8e4m3b7half", -11.5 * 2.0**-10, "rtz", "sat", 0x87),
        ("cfloat8e4m3b7half", 2.0**-11, "rne", "sat", 0x00),
        ("cfloat8e4m3b7", 7 * 2.0**-9, "rne", "sat", 0x07),
        ("cfloat8e4m3b7", 1e9, "rne", "sat", 0x7F),
        ("cfloat8e5m2b63", 1.75 * 2.0**-32, "rne", "sat", 0x7F),
        ("cfloat16uhp", -1.0, "rne", "sat", 0x0000),
    ],
)
def test_encode(name: str, value: float, rounding: str, overflow: str, code: int) -> None:
    assert both(value, name, rounding, overflow) == code


def test_float64_is_rounded_once() -> None:
    # Just above the tie between 1 and 1.125; through float32 it would become the tie and go to 1.
    assert both(1.0625 + 2.0**-40, "e4m3fn") == 0x39


@pytest.mark.parametrize("name", ["bf16", "e8m10", "fp32", "posit16es3", "posit32es3"])
def test_integers_are_rounded_once(name: str) -> None:
    # One more than the middle of two neighbours; as a float64 it would be the middle, and go to the even one below.
    fmt = parse_format(name)
    low = golden.encode(2.0**61, fmt)
    step = int(golden.decode(low + 1, fmt)) - 2**61
    middle = 2**61 + step // 2
    assert float(middle + 1) == middle
    values = np.array([middle, middle + 1, -middle, -middle - 1])
    ours = golden.encode(values, fmt)
    assert golden.decode(ours, fmt).tolist() == [2**61, 2**61 + step, -(2**61), -(2**61) - step]
    assert golden.encode(2 * values[:2].astype(np.uint64) + np.array([0, 1], np.uint64), fmt).tolist() == [
        golden.scalar.encode(2 * middle, fmt),
        golden.scalar.encode(2 * middle + 3, fmt),
    ]


@pytest.mark.parametrize(
    ("random", "code"),
    [(0, 0x38), (10, 0x38), (11, 0x39), (15, 0x39)],
)
def test_stochastic_rounding_compares_the_leading_discarded_bits(random: int, code: int) -> None:
    # 1 + 0.34 · 2^-3: the four leading discarded bits are 0.0101b = 5/16, so 11 and more of 16 round up.
    assert both(1 + 0.34 / 8, "e4m3fn", "sr4", random=random) == code


def test_nan_goes_to_the_formats_nan() -> None:
    codes = {name: both(NAN, name) for name in ("fp32", "fp16", "e4m3fn", "e5m2", "e4m3fnuz", "bf16")}
    assert codes == {"fp32": 0x7FC00000, "fp16": 0x7E00, "e4m3fn": 0x7F, "e5m2": 0x7E, "e4m3fnuz": 0x80, "bf16": 0x7FC0}
    assert both(-NAN, "e4m3fn") == 0x7F


@pytest.mark.parametrize(("name", "largest"), [("int8", 0x7F), ("e2m1fn", 0x7), ("uint8", 0xFF), ("sm8", 0x7F)])
def test_nan_where_there_is_none(name: str, largest: int) -> None:
    assert both(NAN, name, nan="zero") == 0
    assert both(NAN, name, nan="sat") == largest
    sentence = f"a NaN cannot be encoded: {name} has no code for it; choose nan='sat' or nan='zero' (--nan sat, --nan zero)"
    for encode in (golden.encode, golden.scalar.encode):
        with pytest.raises(SpecError) as error:
            encode(NAN, parse_format(name))
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("name", "keywords", "sentence"),
    [
        ("e4m3", {"rounding": "up"}, "rounding 'up' is not one of rne, rna, rtz, rup, rdn, or sr<k> with k in 1..32"),
        ("e4m3", {"rounding": "sr33"}, "rounding 'sr33' is not one of rne, rna, rtz, rup, rdn, or sr<k> with k in 1..32"),
        ("e4m3", {"overflow": "wrap"}, "overflow 'wrap' is not one of sat, ieee"),
        ("e4m3", {"nan": "keep"}, "nan 'keep' is not one of error, sat, zero"),
        ("int8", {"overflow": "ieee"}, "overflow 'ieee' needs an infinity or a NaN to overflow to, and int8 has neither; use 'sat'"),
        ("e2m1fn", {"overflow": "ieee"}, "overflow 'ieee' needs an infinity or a NaN to overflow to, and e2m1fn has neither; use 'sat'"),
        (
            "posit8",
            {"overflow": "ieee"},
            "overflow 'ieee' does not apply: posit8 never overflows, its largest number stands for all beyond; use 'sat'",
        ),
        (
            "lns8",
            {"overflow": "ieee"},
            "overflow 'ieee' does not apply: lns8 never overflows, its largest number stands for all beyond; use 'sat'",
        ),
        ("nf4", {"overflow": "ieee"}, "overflow 'ieee' needs an infinity or a NaN to overflow to, and nf4 has neither; use 'sat'"),
        ("posit8", {"rounding": "sr4"}, "rounding 'sr4' is defined for integer and float formats, and posit8 is neither; use rne"),
        ("elma8", {"rounding": "sr4"}, "rounding 'sr4' is defined for integer and float formats, and elma8 is neither; use rne"),
        ("nf4", {"rounding": "sr4"}, "rounding 'sr4' is defined for integer and float formats, and nf4 is neither; use rne"),
        ("e4m3", {"rounding": "sr4"}, "rounding 'sr4' needs random integers in 0..2^4-1"),
        ("e4m3", {"rounding": "sr4", "random": 16}, "rounding 'sr4' needs random integers in 0..2^4-1"),
    ],
)
def test_options_are_checked(name: str, keywords: dict, sentence: str) -> None:
    for encode in (golden.encode, golden.scalar.encode):
        with pytest.raises(SpecError) as error:
            encode(1.0, parse_format(name), **keywords)
        assert str(error.value) == sentence


def test_codes_are_checked() -> None:
    e4m3 = parse_format("e4m3")
    for decode in (golden.decode, golden.scalar.decode):
        for code in (-1, 256):
            with pytest.raises(SpecError, match=f"code {code} is not in 0..255, the codes of e4m3"):
                decode(code, e4m3)
    with pytest.raises(SpecError, match=r"codes of e4m3 have dtype float64; codes are integers"):
        golden.decode([1.0], e4m3)
    with pytest.raises(SpecError, match=r"values of dtype \S+ cannot be encoded exactly; give float64, float32, float16 or integers"):
        golden.encode(np.array([1.0], np.longdouble), e4m3)
    with pytest.raises(SpecError, match=r"beyond float64; golden.scalar.decode is exact"):
        golden.decode([0], parse_format("e4m3b-2000"))


def test_stochastic_rounding_in_a_gap_that_is_no_power_of_two() -> None:
    # hfp8: 9 units from zero to the first number; 4 of 9 is 0.0111 0001 1100…b, so of 16 random integers those from 9 on go up.
    value = 4 * 2.0**-14
    assert [both(value, "hfp8", "sr4", random=r) for r in (0, 8, 9, 15)] == [0, 0, 1, 1]
    # 2^32 · 4 / 9 = 1908874353.8 and 2^32 less that is 2386092942.2.
    assert [both(value, "hfp8", "sr32", random=r) for r in (2386092942, 2386092943)] == [0, 1]
    # cfloat8 with halved subnormals: 9 units from 7 to 16.
    assert [both(11 * 2.0**-10, "cfloat8e4m3b7half", "sr4", random=r) for r in (8, 9)] == [7, 8]


def test_decode_to_float32() -> None:
    for name in ("e4m3fn", "bf16", "fp32", "posit16es1", "int16", "nf4", "e8m0fnu"):
        fmt = parse_format(name)
        codes = codes_of(fmt, 1 << 12)
        ours = golden.decode(codes, fmt, np.float32)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, golden.decode(codes, fmt))
    with pytest.raises(SpecError, match=r"posit32 has numbers of 28 bits, and float32 holds 24; decode to float64"):
        golden.decode([0], parse_format("posit32"), np.float32)
    with pytest.raises(SpecError, match=r"lns8 has numbers of 53 bits, and float32 holds 24; decode to float64"):
        golden.decode([0], parse_format("lns8"), np.float32)
    with pytest.raises(SpecError, match=r"e8m23b200 reaches from 2\^-222 to 2\^54, beyond float32; golden.scalar.decode is exact"):
        golden.decode([0], parse_format("e8m23b200"), np.float32)
    with pytest.raises(SpecError, match=r"dtype float16 is not one of float64, float32"):
        golden.decode([0], parse_format("fp16"), np.float16)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: golden.encode([1.5], "e4m3fn"), r"'e4m3fn' is a text; parse_format\('e4m3fn'\) makes what it names"),
        (lambda: golden.decode([1], "e4m3fn"), r"'e4m3fn' is a text; parse_format"),
        (lambda: golden.Mac("int8-int8-fx"), r"'int8-int8-fx' is a text; MacSpec.parse\('int8-int8-fx'\) makes what it names"),
        (lambda: estimate("int8-int8-fx"), r"'int8-int8-fx' is a text; MacSpec.parse"),
    ],
)
def test_names_in_place_of_what_they_name(call, sentence):
    with pytest.raises(SpecError, match=sentence):
        call()
