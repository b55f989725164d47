"""Quantisers of tensors: worked examples of others, and rules by hand."""

import numpy as np
import pytest

from hwmodel.error import Sharing, affine_quantise, codebook_quantise, delayed_amax, parse_sharing, round_trip, scaled_quantise
from hwmodel.spec import CATALOG, SpecError, parse_format

INT8, UINT8, E4M3, NF4 = (parse_format(name) for name in ("int8", "uint8", "e4m3fn", "nf4"))


def test_asymmetric_int8_of_the_worked_example():
    # scale 2.3 / 255, zero point rne(1.8 / scale) = 200.
    made = affine_quantise(np.array([-1.8, -1.0, 0, 0.5]), UINT8)
    assert made.codes.tolist() == [0, 89, 200, 255]
    assert made.zero_point.tolist() == [200]
    assert made.scale[0] == pytest.approx(2.3 / 255)
    assert made.values[2] == 0


def test_groups_save_small_numbers_from_large_ones():
    # Sums of absolute errors .64 and .241 in the source, whose errors are rounded to two figures each: hence the tolerance.
    values = np.array([100, 90, 0.3, 0.1])
    whole = affine_quantise(values, INT8)
    assert whole.codes.tolist() == [127, 114, 0, 0]
    assert np.abs(whole.values - values).sum() == pytest.approx(0.64, abs=0.005)
    grouped = affine_quantise(values, INT8, Sharing("group", 2))
    assert grouped.codes.tolist() == [127, 114, 127, 42]
    assert np.abs(grouped.values - values).sum() == pytest.approx(0.241, abs=0.005)


def test_nf4_of_the_worked_example():
    made = codebook_quantise(np.array([-5.0, 3, 16, 8]), NF4, group=4)
    assert made.codes.tolist() == [4, 9, 15, 12]
    assert made.scale.tolist() == [16]
    assert made.values[2] == 16


def test_symmetric_integers_have_no_most_negative_number():
    made = affine_quantise(np.array([-2.0, 1.0]), INT8)
    assert made.codes.tolist() == [-127, 64]  # 63.5 is a tie
    assert made.zero_point is None


def test_ranges_always_hold_zero():
    # All positive: the zero point is 0 and not below; all negative: 255.
    assert affine_quantise(np.array([5.0, 10.0]), UINT8).codes.tolist() == [128, 255]
    below = affine_quantise(np.array([-5.0, -10.0]), UINT8)
    assert (below.zero_point.tolist(), below.codes.tolist()) == ([255], [127, 0])
    for fmt in (INT8, UINT8):
        zeros = affine_quantise(np.zeros(4), fmt)
        assert not zeros.values.any()


def test_who_shares_a_scale():
    values = np.array([[1.0, 2, 3, 4], [10, 20, 30, 40]])
    for text, scales in (("tensor", [40]), ("channel", [4, 40]), ("group:2", [2, 4, 20, 40]), ("none", [448])):
        made = scaled_quantise(values, E4M3, parse_sharing(text))
        np.testing.assert_allclose(made.scale * 448, scales)
        assert made.values.shape == values.shape


def test_the_largest_magnitude_becomes_the_largest_number_and_outliers_of_a_delayed_scale_saturate():
    steps = np.array([[1.0, 0.5], [4.0, 2.0], [2.0, 1.0], [1.0, 1.0]])
    just_in_time = scaled_quantise(steps, E4M3, Sharing("channel"))
    np.testing.assert_array_equal(just_in_time.values, steps)
    delayed = scaled_quantise(steps, E4M3, Sharing("delayed", 2))
    # The second step has the first one's scale, and all of it is beyond.
    np.testing.assert_allclose(delayed.scale * 448, [1, 1, 4, 4])
    np.testing.assert_array_equal(delayed.values, [[1, 0.5], [1, 1], [2, 1], [1, 1]])


def test_delayed_amax_is_the_largest_of_the_steps_before():
    amaxes = np.array([1.0, 5, 2, 3, 1, 1, 1])
    assert delayed_amax(amaxes, 1).tolist() == [1, 1, 5, 2, 3, 1, 1]
    assert delayed_amax(amaxes, 2).tolist() == [1, 1, 5, 5, 3, 3, 1]
    assert delayed_amax(amaxes, 100).tolist() == [1, 1, 5, 5, 5, 5, 5]
    assert delayed_amax(amaxes[:1], 4).tolist() == [1]


def test_double_quantisation_rounds_the_scales_to_8_bits_about_their_mean():
    values = np.random.default_rng(1).standard_normal(64 * 300)
    plain, double = (codebook_quantise(values, NF4, double=double) for double in (False, True))
    mean = plain.scale.mean()
    off = np.abs(double.scale - plain.scale)
    # E4M3 has three fraction bits: half a unit in the last place is 1/16 of what is left after the mean; plus the subnormals.
    assert (off <= np.abs(plain.scale - mean) / 16 + np.abs(plain.scale - mean).max() / 448 * 2.0**-10 * (1 + 1e-9)).all()
    assert off.any()
    noise = [np.square(each.values - values).mean() for each in (plain, double)]
    assert noise[0] < noise[1] * 1.01
    assert noise[1] < noise[0] * 1.05


def test_clipping_lowers_the_square_error_and_never_raises_it():
    values = np.random.default_rng(2).standard_t(3, (8, 512))
    for fmt in (INT8, UINT8, parse_format("int4"), parse_format("uint4")):
        errors = [np.square(affine_quantise(values, fmt, Sharing("channel"), clip).values - values).sum(axis=1) for clip in ("amax", "mse")]
        assert (errors[1] <= errors[0]).all()
        if fmt.width == 4:
            assert errors[1].sum() < 0.9 * errors[0].sum()


def test_a_clipped_range_keeps_its_zero_point():
    values = np.concatenate([np.random.default_rng(4).laplace(size=4096), [-12.0, 12.0]])
    whole, clipped = (affine_quantise(values, parse_format("uint4"), clip=clip) for clip in ("amax", "mse"))
    assert clipped.zero_point.tolist() == whole.zero_point.tolist() == [8]
    assert clipped.scale < 0.7 * whole.scale
    # Both ends are clipped: the worth of codes 0 and 15.
    step = clipped.scale.item()
    assert (clipped.values.min(), clipped.values.max()) == (-8 * step, 7 * step)


@pytest.mark.parametrize("name", [name for name, entry in CATALOG.items() if not name.startswith(("cfloat8", "cfloat16s", "fp80", "e8m0"))])
def test_every_format_of_the_catalog_can_be_scaled(name):
    fmt = parse_format(name)
    values = np.abs(np.random.default_rng(3).standard_normal((4, 64)))
    made = scaled_quantise(values, fmt, Sharing("group", 16))
    # What has 4 bits is within the widest gap of int4's like; no scale is off by a power of two.
    assert np.abs(made.values - values).max() <= values.max() / 6


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("goup:3", "unknown scale 'goup:3': allowed are none, tensor, channel, group:<N>, delayed[:<N>], block[:<N>]; did you mean group?"),
        ("group", "a group has a size, as in group:64"),
        ("group:0", "the size 0 is not in 1..65536"),
        ("tensor:3", "unknown scale 'tensor:3'"),
    ],
)
def test_bad_scales_are_told_in_a_sentence(text, sentence):
    with pytest.raises(SpecError) as caught:
        parse_sharing(text)
    assert sentence in str(caught.value)


def test_groups_that_do_not_divide_the_axis_are_padded_if_that_is_asked_for():
    values, group = np.random.default_rng(2).normal(size=(3, 10)), Sharing("group", 4)
    padded = round_trip(values, E4M3, group, pad=True)
    assert padded[:, :8].tolist() == round_trip(values[:, :8], E4M3, group).tolist()
    assert padded[:, 8:].tolist() == round_trip(values[:, 8:], E4M3, Sharing("group", 2)).tolist()


@pytest.mark.parametrize(("name", "low", "high"), [("e11m52", 479, 480), ("e10m5", 479, 480), ("lns12g1", 480, 480), ("e8m23", 127, 128)])
def test_the_largest_magnitude_of_a_wide_format_leaves_room_for_products(name, low, high):
    made = scaled_quantise(np.array([1.0, -0.5]), parse_format(name))
    assert low <= -np.log2(made.scale[0]) <= high
    assert made.values.tolist() == pytest.approx([1, -0.5], rel=1e-6)


def test_a_scale_beyond_float64_is_refused():
    for name, values in (("e4m3b1000", [1e20, 1]), ("e4m3b-900", [1e-80, 0])):
        with pytest.raises(
            SpecError, match=f"{name}: the scale that makes 1e.* its number .* is beyond float64; scale the data, or take none"
        ):
            scaled_quantise(np.array(values), parse_format(name))
    assert scaled_quantise(np.zeros(2), parse_format("e4m3b-900")).scale.tolist() == [1]


@pytest.mark.parametrize("name", ["e4m3b-2000", "e4m3b2000"])
def test_what_float64_does_not_hold_is_refused(name):
    with pytest.raises(SpecError, match=rf"{name} reaches to 2\^.*; choose a bias that makes that 2\^±1023"):
        scaled_quantise(np.ones(4), parse_format(name))


def test_groups_that_do_not_divide_the_axis_and_unknown_ranges_are_refused():
    with pytest.raises(SpecError, match="groups of 3 do not divide the last axis of 4"):
        scaled_quantise(np.ones(4), E4M3, Sharing("group", 3))
    with pytest.raises(SpecError, match="clip 'max' is not one of amax, mse"):
        scaled_quantise(np.ones(4), E4M3, clip="max")
    with pytest.raises(SpecError, match="fp80 is wider than the float64 that errors are measured in"):
        scaled_quantise(np.ones(4), parse_format("fp80"))
