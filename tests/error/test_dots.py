"""The error of dot products: by hand, against NumPy's own arithmetic, and the published sums that swamp."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.error import (
    DrawnPairs,
    GivenPairs,
    Sharing,
    affine_quantise,
    dots,
    measure_dots,
    parse_distribution,
    parse_dot_unit,
    parse_sharing,
    units,
)
from hwmodel.spec import SpecError, parse_block, parse_format

NONE, TENSOR, ROW = Sharing("none"), Sharing(), Sharing("channel")


def given(a, b):
    return GivenPairs("data", np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float)))


def drawn(name="gaussian", rows=8, length=256):
    return DrawnPairs(parse_distribution(name), (rows, length))


def measured(name, source, length, sharing=NONE, seeds=(0,), **options):
    (found,) = measure_dots([parse_dot_unit(name)], [source], [length], seeds, sharing, **options)
    return found


def test_the_figures_by_hand():
    # FP16 at 2048 has units of 2: 2048 + 1 + 1 stays 2048; 2048 + 3 is midway and becomes 2052, 2052 − 1 = 2051 midway, 2052. Both exact
    # operands; so the errors are −2 of 2050, and 2 of 2050, over Σ|a||b| of 2050 and 2052.
    found = measured("fp16-fp16-fp16", given([[2048, 1, 1], [2048, 3, -1]], np.ones((2, 3))), 3)
    assert (found.products, found.lost) == (2, 0)
    assert found.accumulation.mean_error == pytest.approx((2 / 2050 + 2 / 2052) / 2, rel=1e-14)
    assert found.accumulation.worst_error == pytest.approx(2 / 2050, rel=1e-14)
    assert found.accumulation.snr_db == pytest.approx(20 * math.log10(2050 / 2), rel=1e-14)
    assert found.total == found.accumulation
    assert (found.quantisation.snr_db, found.quantisation.worst_error) == (math.inf, 0)
    # The first two terms: −1 of 2049, and 1 of 2051.
    shorter = measured("fp16-fp16-fp16", given([[2048, 1, 1], [2048, 3, -1]], np.ones((2, 3))), 2)
    assert shorter.accumulation.mean_error == pytest.approx((1 / 2049 + 1 / 2051) / 2, rel=1e-14)


def test_an_fp16_sum_loses_small_terms():
    # 1025 + 0.4 = 1025, 1025 + 100.6 = 1126; 0.4 and 100.6 themselves are not FP16 numbers: 0.39990234375 and 100.625.
    found = measured("fp16-fp16-fp16", given([1025, 0.4], [1, 1]), 2)
    assert found.accumulation.worst_error == pytest.approx(0.39990234375 / 1025.39990234375, rel=1e-12)
    assert found.total.worst_error == pytest.approx(0.4 / 1025.4, rel=1e-12)
    found = measured("fp16-fp16-fp16", given([1025, 100.6], [1, 1]), 2)
    assert found.accumulation.worst_error == pytest.approx(0.375 / 1125.625, rel=1e-12)
    assert found.total.worst_error == pytest.approx(0.4 / 1125.6, rel=1e-12)
    assert found.quantisation.worst_error == pytest.approx(0.025 / 1125.6, rel=1e-9)


def test_an_fp16_accumulator_errs_as_numpys_half_precision_does():
    source = drawn(length=300)
    x, y = (each.astype(np.float16).astype(np.float64) for each in source.pair(5))
    acc = np.zeros(len(x), np.float16)
    for k in range(300):
        # Products of 22 bits, and sums with them, are exact in float64 for these sizes: one rounding.
        acc = (acc.astype(np.float64) + x[:, k] * y[:, k]).astype(np.float16)
    exact = np.array([math.fsum(row) for row in (x * y).tolist()])
    error = np.abs(acc - exact) / np.abs(x * y).sum(axis=1)
    found = measured("fp16-fp16-fp16", source, 300, seeds=(5,)).accumulation
    assert found.mean_error == pytest.approx(error.mean(), rel=1e-12)
    assert found.worst_error == pytest.approx(error.max(), rel=1e-12)
    assert found.snr_db == pytest.approx(10 * math.log10(np.square(exact).sum() / np.square(acc - exact).sum()), rel=1e-12)


@pytest.mark.parametrize(
    "name", ["int8-int8-fx32", "uint8-int8-fx32", "uint8-uint4-fx40f0", "e4m3fn-e5m2-fx", "posit8-posit8-quire.", "sm8-int8-fx"]
)
def test_exact_accumulators_leave_what_quantising_costs(name):
    # Of a quire the sum is exact, and what is read is rounded once.
    quire = name.endswith(".")
    for sharing in (TENSOR, ROW):
        found = measured(name.rstrip("."), drawn("laplace"), 256, sharing, seeds=(0, 1))
        assert found.lost == 0
        if not quire:
            assert found.accumulation.worst_error == 0
            assert found.accumulation.snr_db == math.inf
            assert found.total == found.quantisation
        assert 10 < found.total.snr_db < 60
    assert (found.accumulation.worst_error > 0) == quire


@pytest.mark.parametrize("operands", ["int8-uint8-fx40f0", "e4m3fn-e5m2-fx", "sm8-int8-fx", "fp16-e2m1fn-fx", "posit8-posit8-fx"])
def test_lanes_change_nothing_where_sums_are_exact(operands):
    lengths, source = [5, 24, 67], drawn("laplace", length=67)
    alone = measure_dots([parse_dot_unit(operands)], [source], lengths, [0])
    for lanes in (2, 3, 8, 64):
        beside = measure_dots([parse_dot_unit(f"{operands}-x{lanes}")], [source], lengths, [0])
        assert [replace(each, unit=operands) for each in beside] == alone
    assert all(each.accumulation.worst_error == 0 for each in alone)


@pytest.mark.parametrize(
    "name",
    [
        "mxfp8e4m3-mxfp6e3m2-fx700f400-x8",
        "mxfp4-mxfp4-fx700f300-x32",
        "mxint8-mxint8-fx700f300-x4",
        "nvfp4-nvfp4-fx100f40-x4",
        "mx9-mx6-fx700f300-x4",
        "vsq4-vsq8-fx48f0-x2",
        "flex16-flex16-fx100f80-x4",
        "e2m1fn:16:e4m3fnu:amax:channel-vsq4-fx100f40",
    ],
)
def test_blocks_summed_exactly_are_what_quantising_costs(name):
    # Blocks of 16 or 32 of the longest rows; 40 ends within one, of which the unit sees the beginning.
    a, b = (parse_block(part) for part in name.rsplit("-fx", 1)[0].split("-"))
    source = drawn("laplace", length=70)
    x, y = source.pair(0)
    p, q = (golden.dequantise(golden.quantise(each, fmt, pad=True)) for each, fmt in ((x, a), (y, b)))
    for found in measure_dots([parse_dot_unit(name)], [source], [3, 40, 64, 70], [0]):
        part = np.s_[:, : found.length]
        assert found.lost == 0
        assert found.accumulation.worst_error == 0
        assert found.total == found.quantisation
        # The FP32 scales of a tensor or row included, which the unit does not know.
        off, reach = ((p * q)[part] - (x * y)[part]).sum(axis=1), np.abs(x * y)[part].sum(axis=1)
        assert found.total.worst_error == pytest.approx((np.abs(off) / reach).max(), rel=1e-9)
        assert found.total.snr_db == pytest.approx(
            10 * math.log10(np.square((x * y)[part].sum(axis=1)).sum() / np.square(off).sum()), rel=1e-9
        )


@pytest.mark.parametrize("lanes", ["", "-x4", "-x32"])
def test_blocks_into_fp16_err_once_a_block_as_numpys_half_precision_does(lanes):
    source = drawn(length=100)
    x, y = (golden.dequantise(golden.quantise(each, parse_block("mxfp8e4m3"), pad=True)) for each in source.pair(3))
    acc = np.zeros(len(x), np.float16)
    for start in range(0, 100, 32):
        # Sums of a block, and with what is held, are exact in float64: one rounding.
        block = np.array([math.fsum(row) for row in (x * y)[:, start : start + 32].tolist()])
        acc = (acc.astype(np.float64) + block).astype(np.float16)
    exact = np.array([math.fsum(row) for row in (x * y).tolist()])
    error = np.abs(acc - exact) / np.abs(x * y).sum(axis=1)
    found = measured(f"mxfp8e4m3-mxfp8e4m3-fp16{lanes}", source, 100, seeds=(3,)).accumulation
    assert found.mean_error == pytest.approx(error.mean(), rel=1e-12)
    assert found.worst_error == pytest.approx(error.max(), rel=1e-12)


def test_a_scalar_beside_blocks_has_a_scale_of_its_own():
    # INT8 of 127: its scale is 1/8; the blocks' own are powers of two, and hold these numbers.
    values = np.array([[127.0, -127, 3, 50, 0, 1]])
    blocks = np.array([[1.0, -2, 3, 0.5, 6, 4]])
    found = measured("int8-mxfp4-fx600f300-x2", given(values * 0.125, blocks * 2.0**-20), 6, TENSOR)
    assert found.total.worst_error < 1e-15
    asymmetric = np.array([[254.0, -1, 3, 50, 0, 1]])
    assert measured("mxfp4-uint8-fx600f300", given(blocks, asymmetric), 6, TENSOR).total.worst_error < 1e-15
    # Without, numbers that are not whole are lost.
    assert measured("int8-mxfp4-fx600f300-x2", given(values * 0.125, blocks), 6, NONE).total.worst_error > 0.001


def test_scales_and_zero_points_are_divided_out():
    # INT8 of eight bits on data that are theirs: nothing is lost. UINT8 from −1 to 254 has its zero point at 1.
    values = np.array([[127.0, -127, 3, 50, 0, 1]])
    assert measured("int8-int8-fx32", given(values * 0.125, values * 4), 6, TENSOR).total.worst_error < 1e-15
    asymmetric = np.array([[254.0, -1, 3, 50, 0, 1]])
    found = measured("uint8-int8-fx32", given(asymmetric, values), 6, TENSOR)
    assert found.total.worst_error < 1e-15
    both = measured("uint8-uint8-fx32", given(asymmetric, asymmetric * 8), 6, TENSOR)
    assert both.total.worst_error < 1e-15
    # A row's own scale: the small row is as exact as the large one.
    rows = np.concatenate([values, values / 1024])
    assert measured("int8-int8-fx32", given(rows, rows), 6, ROW).total.worst_error < 1e-15
    assert measured("int8-int8-fx32", given(rows, rows), 6, TENSOR).total.worst_error > 0.5


def test_errors_over_the_magnitudes_keep_the_bound_of_numerical_analysis():
    # Higham, section 3.1: n fused additions err by at most n u / (1 − n u) of Σ|a||b|, u = 2^-11.
    units = [parse_dot_unit(name) for name in ("fp16-fp16-fp16", "fp16-fp16-chunk16:fp16:fp16")]
    found = measure_dots(units, [drawn(rows=64), drawn("offset", rows=64)], [16, 256], range(2), NONE)
    for each in found:
        # Chunks: 16 within one, and one a chunk.
        additions = each.length if "chunk" not in each.unit else 16 + each.length // 16
        assert 0 < each.accumulation.worst_error <= additions * 2**-11 / (1 - additions * 2**-11)
    # And of positive sums it is not far below: swamping is a matter of the size of the sum.
    grown = {(each.unit, each.length): each.accumulation.mean_error for each in found if each.data == "offset:1"}
    assert grown["fp16-fp16-fp16", 256] > 1.5 * grown["fp16-fp16-fp16", 16]


def test_what_overflowed_is_counted_and_left_out():
    # 60000 + 60000 is an infinity in FP16; the second row is off by half a unit of 2.
    found = measured("fp16-fp16-fp16", given([[60000, 60000], [2048, 1]], np.ones((2, 2))), 2)
    assert (found.products, found.lost) == (2, 1)
    assert found.accumulation.worst_error == pytest.approx(1 / 2049)
    gone = measured("fp16-fp16-fp16", given([60000, 60000], [1, 1]), 2)
    assert gone.lost == 1
    assert all(map(math.isnan, (gone.accumulation.snr_db, gone.accumulation.mean_error, gone.total.worst_error)))
    assert gone.quantisation.worst_error == 0
    # Wrapped: 200 in eight bits.
    assert measured("int8-int8-fx8f0", given([100, 100], [1, 1]), 2).lost == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sharing", [NONE, TENSOR, ROW], ids=str)
def test_fp64_is_measured_on_any_scale(sharing):
    found = measured("e11m52-e11m52-e11m52", drawn(rows=32), 256, sharing)
    assert found.lost == 0
    assert 290 < found.total.snr_db < 330
    assert found.accumulation.worst_error < 256 * 2**-53


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bias", [-900, 900])
def test_products_beyond_float64_are_measured_as_those_of_a_usual_bias(bias):
    usual, far = (measured(f"{name}-{name}-fx", drawn(), 256, ROW) for name in ("e4m3", f"e4m3b{bias}"))
    assert far.accumulation == usual.accumulation
    assert far.quantisation == usual.quantisation


@pytest.mark.filterwarnings("error")
def test_rows_far_apart_have_relative_errors_of_their_own():
    # 2049 of what the small ones are worth is midway between two numbers of ten bits.
    a, b = [[2.0**490, 2.0**490], [2.0**-490, 2.0**-501]], [[2.0**490, 2.0**490], [2.0**-490, 2.0**-490]]
    found = measured("e11m10-e11m10-e11m10", given(a, b), 2)
    assert found.accumulation.worst_error == pytest.approx(1 / 2049, rel=1e-14)
    assert found.accumulation.mean_error == pytest.approx(1 / 4098, rel=1e-14)


@pytest.mark.filterwarnings("error")
def test_how_far_a_sum_can_be_off():
    coarse = measured("int8-int8-fx20fm700", given([-1, 3], [1, 1]), 1)
    assert coarse.accumulation.worst_error == pytest.approx(2.0**700)
    assert coarse.accumulation.snr_db == pytest.approx(-20 * 700 * math.log10(2))
    with pytest.raises(SpecError, match="unit int8-int8-fx20fm1100: a sum is further from its dot product than float64 can tell; choose"):
        measured("int8-int8-fx20fm1100", given([-1, 3], [1, 1]), 1)


def test_the_worst_seed_and_the_mean_over_all():
    one, two = (measured("e4m3fn-e4m3fn-e5m2", drawn(), 256, seeds=(seed,)).accumulation for seed in (3, 4))
    both = measured("e4m3fn-e4m3fn-e5m2", drawn(), 256, seeds=(3, 4)).accumulation
    assert both.worst_snr_db == min(one.snr_db, two.snr_db)
    assert min(one.snr_db, two.snr_db) < both.snr_db < max(one.snr_db, two.snr_db)
    assert both.mean_error == pytest.approx((one.mean_error + two.mean_error) / 2)
    assert both.worst_error == max(one.worst_error, two.worst_error)


def test_results_depend_neither_on_memory_nor_on_company(monkeypatch):
    names = ("fp16-fp16-fp16.sr8-x2", "e4m3fn-e4m3fn-fp16", "mx9-mx9-fp16-x4", "fp16-fp16-h100")
    measured_units = [parse_dot_unit(name) for name in names]
    sources = [drawn(length=40), drawn("student", length=40)]
    together = measure_dots(measured_units, sources, [40, 7], (1, 2, 3), NONE)
    assert [(each.unit, each.data, each.length) for each in together[:5]] == [
        ("fp16-fp16-fp16.sr8-x2", "gaussian", 7),
        ("fp16-fp16-fp16.sr8-x2", "gaussian", 40),
        ("fp16-fp16-fp16.sr8-x2", "student:3", 7),
        ("fp16-fp16-fp16.sr8-x2", "student:3", 40),
        ("e4m3fn-e4m3fn-fp16", "gaussian", 7),
    ]
    monkeypatch.setattr(dots, "_BLOCK", 400)
    monkeypatch.setattr(units, "_PIECE", 3)
    assert dots.blocks_of(sources, (1, 2, 3)) == [[(0, 1)], [(0, 2)], [(0, 3)], [(1, 1)], [(1, 2)], [(1, 3)]]
    assert measure_dots(measured_units, sources, [7, 40], (1, 2, 3), NONE) == together
    assert measure_dots(measured_units[:1], sources[1:], [7, 40], (1, 2, 3), NONE) == together[2:4]


def test_shorter_ones_are_the_beginnings_of_the_longest():
    unit, source, lengths = parse_dot_unit("uint8-int8-fx20f0.sat"), drawn("offset"), [5, 64, 256]
    together = measure_dots([unit], [source], lengths, [0])
    assert together[0].lost < together[2].lost
    for length, found in zip(lengths, together, strict=True):
        (alone,) = measure_dots([unit], [source], [length], [0])
        assert list(alone.row.values())[2:] == pytest.approx(list(found.row.values())[2:], rel=1e-9, nan_ok=True)
        x, y = (each[:, :length] for each in source.pair(0))
        # The data's own dot products, and how far those of the quantised tensors are from them.
        p, q = (
            affine_quantise(each, parse_format(name)).values[:, :length]
            for each, name in zip(source.pair(0), ("uint8", "int8"), strict=True)
        )
        off = np.abs((p * q).sum(axis=1) - (x * y).sum(axis=1)) / np.abs(x * y).sum(axis=1)
        assert found.quantisation.mean_error == pytest.approx(off.mean(), rel=1e-9)


def test_stochastic_rounding_takes_its_bits_from_the_seed():
    source = given(np.full((64, 256), 1 / 32), np.ones((64, 256)))
    nearest = measured("fp16-fp16-e5m4", source, 256)
    # Units of 1/32 end at 1: the term is half a unit there, and ties to even keep it out. Eight random bits let half of them in.
    assert nearest.accumulation.worst_error == nearest.accumulation.mean_error == pytest.approx(1 - 1 / 8)
    random, other = (measured("fp16-fp16-e5m4.sr8", source, 256, seeds=(seed,)) for seed in (0, 1))
    assert 0 < random.accumulation.mean_error < 0.3
    assert random != other
    assert measured("fp16-fp16-e5m4.sr8", source, 256) == random


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ratio", "tolerance", "stop"),
    [
        # Without chunks the sum stops at 4096, where the unit is 8 and no term reaches half of it: exactly 4096 of about 65,536.
        ("e6m9-e6m9-e6m9", 0.063, 0.002, 4096),
        # FP16 has a bit more: the unit is 8 from 8192 on, and there it stops.
        ("fp16-fp16-fp16", 0.125, 0.004, 8192),
        # Chunks of 8 are some 8 each: at 16,384, with units of 32, hardly one of them reaches 16.
        ("e6m9-e6m9-chunk8:e6m9:e6m9", 0.256, 0.01, None),
        ("e6m9-e6m9-chunk64:e6m9:e6m9", 1.003, 0.015, None),
    ],
)
def test_chunks_of_64_hold_a_sum_that_swamps_without(name, ratio, tolerance, stop):
    """arXiv 1812.08011: sums of 65,536 numbers, uniform with mean 1 and standard deviation 1, in (1, 6, 9), and in FP16."""
    terms, sums = 65536, 4
    values = np.random.default_rng(12).uniform(1 - math.sqrt(3), 1 + math.sqrt(3), (sums, terms))
    unit = parse_dot_unit(name)
    found = measured(name, given(values, np.ones_like(values)), terms)
    quantised = golden.decode(golden.encode(values, unit.a), unit.a)
    sums_of, reach = quantised.sum(axis=1), np.abs(quantised).sum(axis=1)
    assert found.lost == 0
    # All terms have one mean, so that all sums are off in one direction, by nearly the same share.
    off = found.accumulation.mean_error * (reach / sums_of).mean()
    assert off == pytest.approx(abs(1 - ratio), abs=tolerance)
    if stop:
        assert found.accumulation.mean_error == pytest.approx(((sums_of - stop) / reach).mean(), rel=1e-9)
        assert found.accumulation.snr_db < 1.5
    elif ratio > 1:
        assert found.accumulation.snr_db > 35


def test_what_cannot_be_measured_is_refused():
    good, unit = np.ones((2, 3)), [parse_dot_unit("int8-int8-fx32")]
    for a, b, sentence in (
        (good, np.ones((2, 4)), r"data: the operands have shapes \(2, 3\) and \(2, 4\); dot products take two arrays of one shape"),
        (np.ones((1, 2, 3)), np.ones((1, 2, 3)), r"the operands have shapes \(1, 2, 3\)"),
        (np.ones((0, 3)), np.ones((0, 3)), r"the operands have shapes \(0, 3\)"),
        (good, good * math.nan, "data: a NaN or an infinity is in the data"),
        (good * math.inf, good, "a NaN or an infinity is in the data"),
        (good, good * 0, "data: an operand is all zero, so there is no signal"),
    ):
        with pytest.raises(SpecError, match=sentence):
            GivenPairs("data", a, b)
    for shape, sentence in (
        ((0, 5), "0 dot products of length 5 are 0 products; for each seed 1 to 4,194,304 are drawn"),
        ((5, 0), "5 dot products of length 0 are 0 products"),
        (
            (64, 131072),
            "are 8,388,608 products; for each seed 1 to 4,194,304 are drawn: take shorter dot products, or fewer and more seeds",
        ),
    ):
        with pytest.raises(SpecError, match=sentence):
            DrawnPairs(parse_distribution("uniform"), shape)
    for lengths, seeds, scale, sentence in (
        ([0, 2], [0], "none", "the length 0 of a dot product is not at least 1"),
        ([], [0], "none", "no length is given"),
        ([4], [0], "none", "data: dot products of length 4 were asked for, and the data have 3 in a row"),
        ([3], [], "none", "no seed is given"),
        (
            [3],
            [0],
            "group:3",
            "scale group:3: a scale that changes within a dot product cannot be divided out; allowed are none, tensor, channel",
        ),
        ([3], [0], "block", "scale block:32: a scale that changes"),
    ):
        with pytest.raises(SpecError, match=sentence):
            measure_dots(unit, [given(good, good)], lengths, seeds, parse_sharing(scale))
    with pytest.raises(SpecError, match="clip 'max' is not one of amax, mse"):
        measured("int8-int8-fx32", given(good, good), 3, TENSOR, clip="max")
