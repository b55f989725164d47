"""Blocks: the NumPy form equals the scalar form, code for code, and the way back is exact."""

from fractions import Fraction

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.golden.quotients import divide
from hwmodel.golden.scalar import Value
from hwmodel.golden.scalar import blocks as scalar
from hwmodel.spec import BLOCK_CATALOG, SpecError, parse_block

OWN = (
    "mxfp4.ceil",
    "mxfp6e3m2.rne",
    "mxint8.rceil",
    "mxfp8e4m3.rne",
    "e2m1fn:16:e4m3fnu",
    "e3m2fn:8/4s2:e8m0fnu",
    "posit8:16:e8m0fnu",
    "nf4:16:e4m3fnu:tensor",
    "uint4:4:e5m3fnu",
    "e2m1fn:8:e8m0fnu:amax",
    "int8:1:uint8",
    "sm4q2:8/2:e8m0fnu:rceil",
    "e8m7:16:e8m0fnu",
    "af4:16:e8m0fnu",
    "af4:16:e4m3fnu",
    "posit8es0:16:e4m3fnu",
    "e4m3fn:4:e5m2u",
)
NAMES = (*BLOCK_CATALOG, *OWN)


def data(size, seed, dtype):
    """Numbers of all magnitudes, with powers of two, their neighbours, zeros of both signs, and blocks of nothing else."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(size) * np.exp2(rng.integers(-9, 9, size))
    powers = np.exp2(rng.integers(-20, 20, size)) * rng.choice([-1, 1], size)
    values = np.where(rng.random(size) < 0.2, powers, values).astype(dtype)
    below = np.nextafter(powers.astype(dtype), dtype(0))
    values = np.where(rng.random(size) < 0.1, below, values)
    values[rng.random(size) < 0.1] = 0
    values[rng.random(size) < 0.05] = -0.0
    values[rng.integers(0, size, size // 16)] = np.exp2(-149)
    values[: size // 16] = np.exp2(-140)  # of float32: subnormal
    values[size // 16 : size // 8] = -0.0
    return values


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_arrays_equal_the_definition(name, dtype):
    fmt = parse_block(name)
    values = data(512, NAMES.index(name), dtype).reshape(4, 128)
    if fmt.scale.has_nan:
        values[1, 40], values[2, 3] = np.nan, -np.inf
    made = golden.quantise(values, fmt)
    back = golden.dequantise(made)
    size = fmt.size or values.size
    blocks = values.reshape(-1, size)
    rows = np.split(blocks, 4) if fmt.outer == "channel" else [blocks]
    found = 0
    for row in rows:
        magnitudes = [scalar.largest_magnitude([Value.of(value) for value in block]) for block in row]
        outer = scalar.outer_scale([amax for amax in magnitudes if amax is not None], fmt) if fmt.outer else Fraction(1)
        for block in row:
            expected = scalar.quantise(list(block), fmt, outer)
            assert made.codes.reshape(-1, size)[found].tolist() == list(expected.codes)
            assert made.scales.ravel()[found] == expected.scale
            if made.shifts is not None:
                assert made.shifts.reshape(len(blocks), -1)[found].tolist() == list(expected.shifts)
            worth = np.array([float(value) for value in scalar.dequantise(expected, fmt, outer)])
            np.testing.assert_array_equal(back.reshape(-1, size)[found], worth)
            np.testing.assert_array_equal(np.signbit(back.reshape(-1, size)[found]), np.signbit(worth))
            found += 1
    assert found == len(blocks)


@pytest.mark.parametrize("name", ["mxfp8e5m2", "nvfp4", "mx6", "vsq4", "flex16"])
def test_any_axis_is_the_last_axis_of_the_turned_array(name):
    fmt = parse_block(name)
    values = np.random.default_rng(5).standard_normal((32, 3, 64))
    last = golden.dequantise(golden.quantise(np.moveaxis(values, 0, -1), fmt))
    for axis in (0, -3):
        made = golden.quantise(values, fmt, axis)
        np.testing.assert_array_equal(np.moveaxis(golden.dequantise(made), 0, -1), last)
    if fmt.size:
        blocks = 32 // fmt.size
        assert made.codes.shape == (blocks, fmt.size, 3, 64)
        assert made.scales.shape == (blocks, 3, 64)


def test_float32_is_float64_rounded_once():
    rng = np.random.default_rng(6)
    values = (rng.standard_normal((64, 64)) * np.exp2(rng.integers(-140, 120, (64, 1)))).astype(np.float32)
    for name in ("mxfp8e4m3", "mx9", "nvfp4", "e8m7:16:e8m0fnu", "af4:64:e8m0fnu"):
        made = golden.quantise(values, parse_block(name))
        np.testing.assert_array_equal(golden.dequantise(made, np.float32), golden.dequantise(made).astype(np.float32))


def test_codes_from_elsewhere():
    fmt = parse_block("e5m2:2:e5m2u")
    inf, nan = fmt.element.inf_code, fmt.element.nan_code
    codes = np.array([[inf, nan], [1, inf], [inf, 1], [0x3C, 0xBC]], np.uint64)
    scales = np.array([0x3C, fmt.scale.inf_code, 0, fmt.scale.nan_code], np.uint64)
    made = golden.Blocks(fmt, codes[:, None], scales[:, None], None, None, (4, 2), 1)
    expected = [scalar.dequantise(scalar.Block(tuple(row), scale), fmt) for row, scale in zip(codes.tolist(), scales.tolist(), strict=True)]
    np.testing.assert_array_equal(golden.dequantise(made), [[float(value) for value in row] for row in expected])
    with pytest.raises(SpecError, match=r"is not in 0\.\.255, the codes of e5m2"):
        golden.dequantise(golden.Blocks(fmt, codes[:, None] + np.uint64(0xFF), scales[:, None], None, None, (4, 2), 1))
    with pytest.raises(SpecError, match="dtype float16 is not one of float64, float32"):
        golden.dequantise(made, np.float16)


def test_quotients_are_rounded_to_odd():
    rng = np.random.default_rng(7)
    top = np.concatenate([rng.standard_normal(2000), -np.arange(1.0, 60), [0.0, -0.0]])
    bottom = np.concatenate([rng.standard_normal(2000), np.arange(59.0, 0, -1), [3.0, 3.0]])
    for x, y, z in zip(top, bottom, divide(top, bottom), strict=True):
        exact = Fraction(x) / Fraction(y)
        if exact != Fraction(z):
            assert Fraction(np.nextafter(z, -np.inf)) < exact < Fraction(np.nextafter(z, np.inf))
            assert int(z.view(np.int64)) & 1
    assert np.signbit(divide(np.array([-0.0]), np.array([0.0])))[0]
