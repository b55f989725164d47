"""Blocks by hand: powers of two and just below, ends of every range, zeros, what is no number, and what is refused."""

import math
from dataclasses import replace

import gfloat.formats
import ml_dtypes
import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import SpecError, parse_block


def block(name, numbers, size=None, rule=None, dtype=np.float64):
    """Quantise one row of `numbers`, filled up with zeros."""
    fmt = parse_block(name)
    values = np.zeros(size or fmt.size, dtype)
    values[: len(numbers)] = numbers
    return golden.quantise(values, fmt, rule=rule)


def below(number, dtype=np.float64):
    return np.nextafter(dtype(number), dtype(0))


def above(number, dtype=np.float64):
    return np.nextafter(dtype(number), dtype(math.inf))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "amax", "exponent"),
    [
        # OCP MX 1.0, 6.3: floor(log2 amax) - emax; a float logarithm says 2 for the number below 4.
        ("mxfp4", 4, 0),
        ("mxfp4", below(4, np.float32), -1),
        ("mxfp4", above(4, np.float32), 0),
        ("mxfp8e4m3", 256, 0),
        ("mxfp8e4m3", below(256, np.float32), -1),
        ("mxfp8e5m2", 2.0**15, 0),
        ("mxfp6e2m3", 4, 0),
        ("mxfp6e3m2", 16, 0),
        ("mxint8", 1, 0),
        ("mxint8", below(1, np.float32), -1),
        ("mx9", 1, 0),
        ("msfp12", below(1, np.float32), -1),
        ("mxfp4.ceil", 4, 0),
        ("mxfp4.ceil", below(4, np.float32), 0),
        ("mxfp4.ceil", above(4, np.float32), 1),
        # Two bits: 3.5 lies midway between 3 and 4, and 4 is even.
        ("mxfp4.rne", 3.5, 0),
        ("mxfp4.rne", below(3.5, np.float32), -1),
        # Four bits: 15.5 midway between 15 and 16.
        ("mxfp8e4m3.rne", 15.5, 4 - 8),
        ("mxfp8e4m3.rne", below(15.5, np.float32), 3 - 8),
        # The smallest power of two under which nothing saturates: 6 is the largest element.
        ("mxfp4.rceil", 6, 0),
        ("mxfp4.rceil", above(6, np.float32), 1),
        ("mxfp4.rceil", above(3, np.float32), 0),
        ("mxfp8e4m3.rceil", 448, 0),
        ("mxint8.rceil", 127 / 64, 0),
        ("mxint8.rceil", 2, 1),
    ],
)
def test_scales_are_exact_at_powers_of_two_and_beside_them(name, amax, exponent, dtype):
    assert block(name, [-amax], dtype=dtype).scales.item() - 127 == exponent


def test_one_ulp_below_a_power_of_two_saturates_under_the_rule_of_the_standard():
    made = block("mxfp4", [below(4), 4 / 8])
    assert made.codes.ravel()[:2].tolist() == [0b0111, 0b0010]  # 8 - ulp becomes 6, and 1 is 1
    assert golden.dequantise(made)[:2].tolist() == [3.0, 0.5]


def test_scales_stop_at_the_ends_of_their_range():
    # 2^-149, the smallest float32: the scale would be 2^-157, and is 2^-127; the element 2^-22 is nothing.
    tiny = block("mxfp8e4m3", [2.0**-149], dtype=np.float32)
    assert (tiny.scales.item(), tiny.codes.any()) == (0, False)
    # Subnormal in float32, and the element still something: 2^-130 / 2^-127 = 8/64.
    low = block("mxint8", [2.0**-130], dtype=np.float32)
    assert (low.scales.item(), low.codes.ravel()[0]) == (0, 8)
    assert golden.dequantise(low)[0] == 2.0**-130
    # Largest float32: 2^127 · (2 - ulp).
    top = block("mxint8", [np.finfo(np.float32).max], dtype=np.float32)
    assert (top.scales.item(), top.codes.ravel()[0]) == (254, 127)
    huge = block("mxfp4", [-1e300, 1e-300])
    assert huge.scales.item() == 254
    assert golden.dequantise(huge)[:2].tolist() == [-6 * 2.0**127, 0]
    assert block("flex16", [2.0**20], size=4).scales.item() == 31


def test_blocks_of_zeros_have_the_smallest_scale():
    for name in ("mxfp8e4m3", "mxint8", "mx9", "msfp12", "nvfp4", "vsq4"):
        made = block(name, [])
        assert made.scales.item() == 0
        assert not made.codes.any()
        assert not golden.dequantise(made).any()


def test_negative_zero_is_kept_where_elements_have_one():
    for name, negative in (("mxfp4", 0b1000), ("mx9", 0x80), ("msfp12", 0b1000), ("nvfp4", 0b1000), ("mxint8", 0), ("vsq4", 0)):
        for numbers in ([-0.0, 1], [-0.0]):
            made = block(name, numbers)
            assert made.codes.ravel()[0] == negative
            assert np.signbit(golden.dequantise(made)[0]) == (negative != 0)
    # So is the sign of what rounds to zero.
    assert block("mxfp4", [-1e-9, 1]).codes.ravel()[0] == 0b1000


@pytest.mark.parametrize("special", [math.nan, math.inf, -math.inf])
def test_a_block_with_what_is_no_number_has_the_nan_scale_and_its_neighbour_does_not_care(special):
    for name, nan in (("mxfp8e4m3", 0xFF), ("mxint8", 0xFF), ("mx6", 0xFF), ("nvfp4", 0x7F)):
        size = parse_block(name).size
        values = np.ones(2 * size)
        values[1] = special
        made = golden.quantise(values, parse_block(name))
        alone = golden.quantise(np.ones(size), parse_block(name))
        assert made.scales.tolist() == [nan, alone.scales.item()]
        back = golden.dequantise(made)
        assert np.isnan(back[:size]).all()
        np.testing.assert_array_equal(back[size:], golden.dequantise(alone))
        assert np.isnan(golden.dequantise(made, np.float32)[0])
    for name in ("vsq4", "flex16"):
        with pytest.raises(SpecError, match=f"{name}: the data hold a NaN or an infinity, and the format's scale has no NaN to say so"):
            block(name, [special], size=16)


def test_nvfp4_by_hand():
    # amax 2688 = 6 · 448: the FP32 is 1, and each block's scale its amax / 6 in E4M3.
    values = np.zeros((4, 16))
    values[0, :4] = [2688, 448, -1344, 112]  # scale 448: 6, 1, -3, tie of 0 and 1/2 at 1/4
    values[1, :3] = [6, -2.5, 0.5]  # scale 1; 2.5 midway between 2 and 3, and 2 is even
    values[2, 0] = 6 * 2.0**-9  # the smallest scale
    values[3, 0] = 6 * 2.0**-10  # midway between it and no scale at all
    made = golden.quantise(values, parse_block("nvfp4"))
    assert made.outer == 1
    assert made.scales.ravel().tolist() == [0x7E, 0x38, 1, 0]
    assert made.codes[0, 0, :4].tolist() == [0b0111, 0b0010, 0b1101, 0]
    assert made.codes[1, 0, :3].tolist() == [0b0111, 0b1100, 0b0001]
    assert golden.dequantise(made)[:, 0].tolist() == [2688, 6, 6 * 2.0**-9, 0]
    # Of another size: 1 / 2688 rounded to FP32, and the largest block's scale still 448.
    small = golden.quantise(values / 2688, parse_block("nvfp4"))
    assert small.outer == np.float32(1 / 2688)
    assert small.scales[0, 0] == 0x7E


def test_shared_microexponents_by_hand():
    # Exponent 0; the second pair lies below 1 and is shifted by one: units of 1/64 and of 1/128.
    made = block("mx9", [1.5, -0.25, 0.5, 0.0078125, 0.99, 0, 1, 0])
    assert made.scales.item() == 127
    assert made.shifts.ravel().tolist() == [0, 1, 1, 0, 1, 1, 1, 1]
    assert made.codes.ravel()[:8].tolist() == [96, 0x80 | 16, 64, 1, 127, 0, 64, 0]
    assert golden.dequantise(made)[:4].tolist() == [1.5, -0.25, 0.5, 0.0078125]


def test_sign_and_magnitude_without_hidden_bit_by_hand():
    # msfp12: units of 1/4; 1.9 / (1/4) = 7.6 saturates at 7, 0.625 is midway between 2 and 3.
    made = block("msfp12", [1.9, -0.625, 0.875, 0.1])
    assert made.codes.ravel()[:4].tolist() == [7, 8 | 2, 4, 0]


def test_two_level_integer_scales_by_hand():
    # Per channel 105 / (7 · 15) = 1; the vectors have 15 and 2.
    values = np.zeros((2, 32))
    values[0, :2], values[0, 16:19] = [105, -105], [14, 3, -14]
    values[1] = values[0] / 4
    made = golden.quantise(values, parse_block("vsq4"))
    assert made.outer.tolist() == [1, 0.25]
    assert made.scales.tolist() == [[15, 2], [15, 2]]
    assert made.codes[0, 1, :3].tolist() == [7, 2, 16 - 7]
    # A scale rounded down would make the most negative code of a number; the format does without it: 7 · 1 stands for -8.
    values[0, 16:] = -10
    lowest = golden.quantise(values, parse_block("vsq4"))
    assert lowest.scales[0, 1] == 1
    assert (lowest.codes[0, 1] == 16 - 7).all()


def test_one_exponent_for_a_tensor_by_hand():
    made = block("flex16", [1.0, -0.5, 2.0**-14, below(2.0**-15)], size=4)
    assert made.scales.shape == ()
    assert made.scales == 31 - 14
    assert made.codes.tolist() == [16384, 65536 - 8192, 1, 0]


def test_what_float32_cannot_hold_is_not_lost():
    # The scale is 2^100, and the second number 2^-140 · (1 + 2^-8 + 2^-20), just above the middle of two elements.
    made = block("e8m7b254:2:e8m0fnu", [2.0**100, 2.0**-40 * (1 + 2.0**-8 + 2.0**-20)], dtype=np.float32)
    assert made.scales.item() == 127 + 100
    assert golden.dequantise(made)[1] == 2.0**-40 * (1 + 2.0**-7)


@pytest.mark.parametrize(("dtype", "tiny"), [(np.float32, 2.0**-149), (np.float64, 2.0**-1074)])
def test_posit_elements_never_become_zero(dtype, tiny):
    made = block("posit8:4:e8m0fnu", [2.0**120, -tiny, tiny, 0], dtype=dtype)
    assert made.codes.tolist() == [[127, 255, 1, 0]]


@pytest.mark.parametrize(
    ("name", "element", "emax", "largest"),
    [
        ("mxfp8e4m3", ml_dtypes.float8_e4m3fn, 8, 448),
        ("mxfp8e5m2", ml_dtypes.float8_e5m2, 15, 57344),
        ("mxfp6e2m3", ml_dtypes.float6_e2m3fn, 2, 7.5),
        ("mxfp6e3m2", ml_dtypes.float6_e3m2fn, 4, 28),
        ("mxfp4", ml_dtypes.float4_e2m1fn, 2, 6),
    ],
)
def test_elements_are_those_of_ml_dtypes(name, element, emax, largest):
    rng = np.random.default_rng(11)
    values = (rng.standard_normal((400, 32)) * np.exp2(rng.integers(-60, 60, (400, 1)))).astype(np.float32)
    exponents = np.array([math.frexp(float(amax))[1] - 1 for amax in np.abs(values).max(axis=1)]) - emax
    scaled = np.ldexp(values, -exponents[:, None])
    codes = np.clip(scaled, -largest, largest).astype(element).view(np.uint8)
    made = golden.quantise(values, parse_block(name))
    np.testing.assert_array_equal(made.codes[:, 0], codes)
    np.testing.assert_array_equal(made.scales[:, 0], exponents + 127)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("mxfp8e4m3", gfloat.formats.format_info_mxfp8_e4m3),
        ("mxfp8e5m2", gfloat.formats.format_info_mxfp8_e5m2),
        ("mxfp6e2m3", gfloat.formats.format_info_mxfp6_e2m3),
        ("mxfp6e3m2", gfloat.formats.format_info_mxfp6_e3m2),
        ("mxfp4", gfloat.formats.format_info_mxfp4_e2m1),
        ("mxint8", gfloat.formats.format_info_mxint8),
    ],
)
def test_values_are_those_of_gfloat(name, theirs):
    rng = np.random.default_rng(12)
    values = rng.standard_normal((60, 32)) * np.exp2(rng.integers(-130, 100, (60, 1)))
    values[0] = 0
    values[1] /= 2.0**120
    expected = [gfloat.quantize_block(theirs, row, gfloat.compute_scale_amax) for row in values]
    np.testing.assert_array_equal(golden.dequantise(golden.quantise(values, parse_block(name))), expected)


def test_an_axis_that_blocks_do_not_divide_is_padded_only_when_asked():
    values = np.arange(1.0, 41.0)
    with pytest.raises(
        SpecError, match=r"blocks of 32 do not divide the axis of 40; pad it with 24 zeros \(pad=True, --pad\), or give it 32 elements"
    ):
        golden.quantise(values, parse_block("mxfp8e4m3"))
    made = golden.quantise(values, parse_block("mxfp8e4m3"), pad=True)
    assert made.codes.shape == (2, 32)
    back = golden.dequantise(made)
    assert back.shape == (40,)
    # 40 is in the second block, whose scale it sets alone.
    assert back[-1] == 40
    columns = golden.quantise(np.ones((5, 2, 3)), parse_block("mx9"), 1, pad=True)
    assert columns.codes.shape == (5, 1, 16, 3)
    assert columns.shifts.shape == (5, 1, 8, 3)
    assert (golden.dequantise(columns) == np.ones((5, 2, 3))).all()


@pytest.mark.parametrize(
    ("values", "axis", "sentence"),
    [
        (np.zeros((0, 32)), -1, r"an empty array, of shape \(0, 32\), has no blocks of mxfp4"),
        (np.zeros((32, 0)), -1, r"an empty array, of shape \(32, 0\), has no blocks of mxfp4"),
        (np.zeros(32, int), -1, "values of dtype int64 cannot be quantised to blocks; give float64, float32 or float16"),
        (np.float64(1), -1, "a single number is no block of mxfp4; give an array with an axis"),
        (np.zeros((32, 32)), 2, "axis 2 is not one of the 2 axes of the array"),
    ],
)
def test_what_has_no_blocks_is_refused(values, axis, sentence):
    with pytest.raises(SpecError, match=sentence):
        golden.quantise(values, parse_block("mxfp4"), axis)


def test_a_scalar_format_has_no_blocks():
    with pytest.raises(SpecError, match="e2m1fn is no block format, such as mxfp4, and is encoded with golden"):
        golden.quantise(np.zeros(32), parse_block("mxfp4").element)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"codes": np.zeros((2, 32), np.uint64)}, r"blocks of mx9: the codes have shape \(2, 32\); an array of shape"),
        ({"scales": np.zeros((2, 0), np.uint64)}, r"scales have shape \(2, 0\); an array of shape \(2, 20\) .* has \(2, 2\)"),
        ({"scales": np.full((2, 2), 256, np.uint64)}, r"code 256 is not in 0\.\.255, the codes of e8m0fnu"),
        ({"shifts": None}, r"the shifts are missing; .* has \(2, 2, 8\)"),
        ({"shifts": np.full((2, 2, 8), 2, np.uint8)}, r"a shift is not in 0\.\.1"),
        ({"axis": 2}, "axis 2 is not one of the 2 axes"),
    ],
)
def test_blocks_put_together_wrongly_are_refused(changes, sentence):
    blocks = golden.quantise(np.ones((2, 20)), parse_block("mx9"), pad=True)
    with pytest.raises(SpecError, match=sentence):
        golden.dequantise(replace(blocks, **changes))


def test_half_precision_is_taken_exactly():
    values = np.linspace(-2, 2, 64).astype(np.float16)
    wide = golden.quantise(values.astype(np.float64), parse_block("mxfp6e2m3"))
    np.testing.assert_array_equal(golden.quantise(values, parse_block("mxfp6e2m3")).codes, wide.codes)


def test_an_infinite_scale_makes_infinities_of_all_but_zeros() -> None:
    fmt = parse_block("e4m3fn:4:e5m2u")
    codes = golden.encode(np.array([1.5, -2.0, 0.0, -0.0]), fmt.element)
    infinite = np.array([0x7C], np.uint64)  # e5m2: all exponent bits, no fraction
    blocks = golden.Blocks(fmt, codes.reshape(1, 4), infinite, None, None, (4,), 0)
    np.testing.assert_array_equal(golden.dequantise(blocks), [np.inf, -np.inf, np.nan, np.nan])
