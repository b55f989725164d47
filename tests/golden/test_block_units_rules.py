"""What units of block formats compute: against exact fractions, and case by case."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sum_oracle import dot, finite_codes, numbers, to_float

from hwmodel import golden
from hwmodel.spec import BlockFormat, MacSpec, SpecError

Scale = Callable[[np.ndarray], np.ndarray]


def power(bias: int) -> Scale:
    return lambda codes: 2.0 ** (codes.astype(np.float64) - bias)


E8M0, UINT, E4M3 = power(127), lambda codes: codes.astype(np.float64), lambda codes: numbers(codes, "e4m3fn")
FORMATS: dict[str, tuple[str, int, int, Scale, tuple[int, int]]] = {
    # element, point, elements a sub-block, scale, and scales that fp32 sums of products stay finite with
    "mxfp8e4m3": ("e4m3fn", 0, 0, E8M0, (110, 140)),
    "mxfp8e5m2": ("e5m2", 0, 0, E8M0, (100, 140)),
    "mxfp6e2m3": ("e2m3fn", 0, 0, E8M0, (100, 140)),
    "mxfp6e3m2": ("e3m2fn", 0, 0, E8M0, (100, 140)),
    "mxfp4": ("e2m1fn", 0, 0, E8M0, (110, 140)),
    "mxint8": ("int8", 6, 0, E8M0, (110, 140)),
    "nvfp4": ("e2m1fn", 0, 0, E4M3, (0, 127)),
    "mx9": ("sm8", 6, 2, E8M0, (110, 140)),
    "mx6": ("sm5", 3, 2, E8M0, (110, 140)),
    "mx4": ("sm3", 1, 2, E8M0, (110, 140)),
    "msfp12": ("sm4", 2, 0, E8M0, (110, 140)),
    "msfp16": ("sm8", 6, 0, E8M0, (110, 140)),
    "vsq4": ("int4", 0, 0, UINT, (0, 16)),
    "vsq8": ("int8", 0, 0, UINT, (0, 64)),
    "e5m2": ("e5m2", 0, 0, UINT, (1, 2)),
}
"""Block formats as docs/semantics.md has them; the last is no block format and has the scale 1."""


class Stream:
    """Random blocks of one operand for n units: what its ports show, and what its elements are worth, block scale left out."""

    def __init__(self, name: str, unit: MacSpec, operand: BlockFormat | Any, blocks: int, n: int, rng: np.random.Generator):
        self.element, self.point, self.sub, self.scale, limits = FORMATS[name]
        size = unit.blocks[0].size
        assert size is not None
        self.codes = finite_codes(self.element, (blocks, n, size), rng)
        self.scales = rng.integers(*limits, (blocks, n))
        self.shifts = rng.integers(0, 2, (blocks, n, size // self.sub)) if self.sub else None
        self.numbers = numbers(self.codes, self.element) * 2.0**-self.point
        if self.shifts is not None:
            self.numbers *= 2.0 ** -np.repeat(self.shifts, self.sub, axis=-1).astype(np.float64)
        self.is_block = name != "e5m2"

    def ports(self, port: str, lanes: int) -> dict[str, np.ndarray]:
        blocks, n, size = self.codes.shape
        steps = size // lanes

        def by_step(array: np.ndarray, width: int) -> np.ndarray:
            return np.moveaxis(array.reshape(blocks, n, steps, width), 2, 1).reshape(blocks * steps, n, width)

        codes = by_step(self.codes, lanes)
        shown = {port: codes if lanes > 1 else codes[..., 0]}
        if self.is_block:
            # Only the scale shown with the last step counts.
            scales = np.full((blocks, steps, n), 5)
            scales[:, -1] = self.scales
            shown[f"{port}_scale"] = scales.reshape(-1, n)
        if self.shifts is not None:
            each = np.repeat(self.shifts, self.sub, axis=-1)
            shown[f"{port}_shift"] = by_step(each, lanes)[..., :: min(self.sub, lanes)]
        return shown


def streamed(unit: MacSpec, names: tuple[str, str], lanes: int, blocks: int = 4, n: int = 12) -> tuple[golden.Mac, Stream, Stream]:
    rng = np.random.default_rng(3)
    a, b = (Stream(name, unit, fmt, blocks, n, rng) for name, fmt in zip(names, (unit.a, unit.b), strict=True))
    mac = golden.Mac(unit)
    mac.reset(n)
    mac.run(**a.ports("a", lanes), **b.ports("b", lanes))
    return mac, a, b


@pytest.mark.parametrize(
    ("a", "b", "lanes"),
    [
        *((name, name, lanes) for name, lanes in zip(FORMATS, [8, 4, 1, 32, 16, 2, 16, 4, 1, 16, 8, 16, 2, 4], strict=False)),
        ("mxfp8e4m3", "mxfp8e5m2", 8),
        ("mxint8", "mxfp4", 4),
        ("mx9", "msfp12", 2),
        ("nvfp4", "vsq4", 16),
        ("mxfp8e5m2", "e5m2", 8),
    ],
)
def test_one_rounding_a_block(a: str, b: str, lanes: int) -> None:
    unit = MacSpec.parse(f"{a}-{b}-fp32-x{lanes}")
    mac, x, y = streamed(unit, (a, b), lanes)
    ours = numbers(mac.acc, "fp32")
    scales = x.scale(x.scales), y.scale(y.scales)
    for i in range(len(ours)):
        acc = 0.0
        for block in range(len(x.codes)):
            term = dot(x.numbers[block, i], y.numbers[block, i]) * Fraction(scales[0][block, i]) * Fraction(scales[1][block, i])
            acc = to_float(Fraction(acc) + term, np.float32)
        assert ours[i] == acc
    assert len(set(ours.tolist())) == len(ours)


@pytest.mark.parametrize("name", ["mxfp8e4m3", "mxfp8e5m2", "mxint8", "mx9", "nvfp4", "vsq8"])
@pytest.mark.parametrize("acc", ["fp16", "fx60f20"])
def test_results_do_not_depend_on_the_lanes(name: str, acc: str) -> None:
    results = []
    for lanes in (1, 2, 4, 16):
        mac, *_ = streamed(MacSpec.parse(f"{name}-{name}-{acc}-x{lanes}"), (name, name), lanes)
        results.append((golden.code_to_int(mac.acc), mac.overflow.tolist(), mac.invalid.tolist()))
    assert all(one == other for one, other in pairwise(results))


@pytest.mark.parametrize("name", ["mxfp8e4m3", "mxfp4", "mxint8", "mx6", "msfp14", "nvfp4", "vsq4", "mxfp6e3m2.rceil"])
def test_quantised_arrays_give_their_exact_dot_product(name: str) -> None:
    """What `quantise` makes is fed to the unit; what `dequantise` says it is worth is summed without error."""
    lanes, rows, length = 4, 5, 96
    unit = MacSpec.parse(f"{name}-{name}-fx600f250-x{lanes}")
    fmt = unit.blocks[0]
    rng = np.random.default_rng(4)
    mac, expected, shown = golden.Mac(unit), [], {}
    factors = []
    for port in "ab":
        made = golden.quantise(rng.standard_normal((rows, length)) * 2.0 ** rng.integers(-9, 9, (rows, 1)), fmt)
        outer = np.ones(rows) if made.outer is None else np.broadcast_to(made.outer, rows).astype(np.float64)
        factors.append((golden.dequantise(made), outer))
        steps = length // lanes
        shown[port] = np.moveaxis(made.codes.reshape(rows, steps, lanes), 1, 0)
        shown[f"{port}_scale"] = np.repeat(made.scales.T, fmt.size // lanes, axis=0)
        if made.shifts is not None:
            shown[f"{port}_shift"] = np.moveaxis(made.shifts.reshape(rows, steps, -1), 1, 0)
    mac.reset(rows)
    acc = golden.code_to_int(mac.run(**shown))
    (x, outer_x), (y, outer_y) = factors
    for i in range(rows):
        # Scales of rows and tensors are left to whoever reads the accumulator.
        expected = dot(x[i], y[i]) / (Fraction(outer_x[i]) * Fraction(outer_y[i])) * 2**250
        assert abs(acc[i] - (acc[i] >> 599 << 600) - expected) <= (0 if fmt.outer == "" else abs(expected) * Fraction(2) ** -50)


class Pair:
    """Both forms of a unit of one lane in step; operands are codes."""

    def __init__(self, name: str):
        self.spec = MacSpec.parse(name)
        self.array, self.scalar = golden.Mac(self.spec), golden.scalar.Mac(self.spec)
        self.array.reset(1)

    def step(self, a: int, b: int, **others: int) -> "Pair":
        self.array.step([a], [b], **{name: [value] for name, value in others.items()})
        self.scalar.step(a, b, **others)
        return self

    @property
    def acc(self) -> int:
        assert golden.code_to_int(self.array.acc) == [self.scalar.acc]
        return self.scalar.acc

    @property
    def value(self) -> float:
        return float(numbers(np.array([self.acc]), "fp32")[0])

    @property
    def flags(self) -> tuple[bool, bool]:
        flags = self.scalar.overflow, self.scalar.invalid
        assert (self.array.overflow.tolist(), self.array.invalid.tolist()) == ([flags[0]], [flags[1]])
        return flags


TWO = "int8:2:e8m0fnu-int8-fp32"


def test_the_accumulator_shows_blocks_that_are_over() -> None:
    mac = Pair(TWO).step(3, 5, a_scale=0)
    assert mac.value == 0
    assert mac.step(2, 5, a_scale=128).value == 50
    assert mac.step(1, 1, a_scale=127).value == 50


def test_idle_steps_do_not_count_and_show_no_scale() -> None:
    mac = Pair(TWO).step(3, 5, a_scale=128).step(9, 9, a_scale=3, valid=False)
    assert mac.step(2, 5, a_scale=127).value == 25


def test_a_flush_alone_ends_a_block_with_the_scale_of_its_last_step() -> None:
    mac = Pair(TWO).step(3, 5, a_scale=129).step(9, 9, a_scale=3, valid=False, flush=True)
    assert mac.value == 60
    assert mac.step(9, 9, a_scale=3, valid=False, flush=True).value == 60
    # The next block begins anew.
    assert mac.step(1, 1, a_scale=127).step(1, 1, a_scale=127).value == 62


def test_a_flush_with_a_step_ends_the_block_with_it() -> None:
    mac = Pair(TWO).step(3, 5, a_scale=128, flush=True)
    assert mac.value == 30
    assert mac.step(1, 1, a_scale=127).value == 30


def test_clear_forgets_the_block_that_has_begun() -> None:
    mac = Pair(TWO).step(3, 5, a_scale=127).step(2, 2, a_scale=127, clear=True)
    assert mac.value == 0
    assert mac.step(1, 1, a_scale=127).value == 5


def test_scales_that_are_no_number() -> None:
    assert np.isnan(Pair(TWO).step(3, 5, a_scale=127).step(0, 0, a_scale=255).value)
    # A NaN scale that is not the last step's means nothing.
    assert Pair(TWO).step(3, 5, a_scale=255).step(0, 0, a_scale=127).value == 15
    mac = Pair("int8:1:e8m0fnu-int8-fx20f0").step(3, 5, a_scale=255).step(1, 1, a_scale=127)
    assert (mac.acc, mac.flags) == (1, (False, True))
    # Infinity times a scale of zero.
    assert np.isnan(Pair("e5m2:1:uint4:amax-e5m2-fp32").step(0x7C, 0x3C, a_scale=0).value)
    assert Pair("e5m2:1:uint4:amax-e5m2-fp32").step(0x7C, 0xBC, a_scale=3).value == -np.inf
    assert np.isnan(Pair("e5m2:2:uint4:amax-e5m2-fp32").step(0x7C, 0xBC, a_scale=3).step(0x7C, 0x3C, a_scale=3).value)


def test_a_sum_of_a_block_that_is_zero_is_positive() -> None:
    mac = Pair("int8:1:pow2e8b160-int8-fp32").step(0xFF, 1, a_scale=0)
    assert mac.acc == 0x8000_0000  # -2^-160 rounds to -0
    assert mac.step(0xFF, 0, a_scale=0).acc == 0


def test_fixed_point_floors_a_block_once() -> None:
    assert Pair("int8:2:e8m0fnu-int8-fx16f0").step(1, 1, a_scale=126).step(1, 1, a_scale=126).acc == 1
    assert Pair("int8:2:e8m0fnu-int8-fx16f0").step(0xFF, 1, a_scale=126).step(0, 1, a_scale=126).acc == 0xFFFF
    assert Pair("int8:2:e8m0fnu-int8-fx16f0.rne").step(3, 1, a_scale=126).step(0, 1, a_scale=126).acc == 2
    mac = Pair("int8:2:e8m0fnu-int8-fx16f0.sat").step(0xFF, 1, a_scale=250).step(0, 1, a_scale=250)
    assert (mac.acc, mac.flags) == (0x8000, (True, False))


def test_a_block_of_the_whole_tensor_ends_by_flush_only_and_wraps() -> None:
    unit = MacSpec.parse("flex16-int16-fx200f60-x64")
    assert unit.exact_sum is not None
    width, steps = unit.exact_sum.width, 130
    mac = golden.Mac(unit)
    mac.reset(1)
    low = np.full((steps, 1, 64), 0x8000)
    assert golden.code_to_int(mac.run(low, low, a_scale=np.full((steps, 1), 31))) == [0]
    mac.step(low[0], low[0], a_scale=[31], valid=[False], flush=[True])
    scalar = golden.scalar.Mac(unit)
    for k in range(steps):
        scalar.step(low[0, 0].tolist(), low[0, 0].tolist(), a_scale=31, flush=k == steps - 1)
    total = steps * 64 << 30
    assert 1 << (width - 1) <= total < 1 << width  # beyond the register, and so below zero
    assert golden.code_to_int(mac.acc) == [scalar.acc] == [(total - (1 << width) << 60) % (1 << 200)]


def test_tensor_core_scales_add_to_exponents() -> None:
    mac = Pair("e4m3fn:1:e8m0fnu-e4m3fn-tc1f3:fp32.rtz")
    mac.step(0x38, 0x38, a_scale=100)
    assert mac.value == 2.0**-27
    # The accumulator is 27 octaves below the product 1, and F is 3.
    assert mac.step(0x38, 0x38, a_scale=127).value == 1.0
    assert np.isnan(mac.step(0, 0, a_scale=255).value)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({}, "the input a_scale is missing; the scale of a block of mx9 is shown in every step"),
        ({"a_scale": 1}, "the input a_shift is missing; the shifts of the sub-blocks of mx9 are shown in every step"),
        ({"a_scale": 256, "a_shift": [0, 0]}, r"code 256 is not in 0..255|the input a_scale has a value outside 0..255"),
        ({"a_scale": 1, "a_shift": [0, 2]}, r"the input a_shift has a value outside 0..1"),
        ({"a_scale": 1, "a_shift": [0]}, r"1 shifts were given as a_shift; a step of 4 lanes takes 2|a_shift has dtype .*shape \(1, 1\)"),
    ],
)
def test_bad_inputs(others: dict[str, Any], message: str) -> None:
    unit = MacSpec.parse("mx9-int8-fp32-x4")
    mac = golden.Mac(unit)
    mac.reset(1)
    with pytest.raises(SpecError, match=message):
        mac.step([[0] * 4], [[0] * 4], **{name: [value] for name, value in others.items()})
    with pytest.raises(SpecError, match=message):
        golden.scalar.Mac(unit).step([0] * 4, [0] * 4, **others)


def test_inputs_that_the_unit_does_not_have() -> None:
    mac = golden.Mac(MacSpec.parse("mxfp4-int8-fp32-x32"))
    mac.reset(1)
    codes = np.zeros((1, 32), np.uint8)
    with pytest.raises(SpecError, match="the unit has no input b_scale"):
        mac.step(codes, codes, a_scale=[1], b_scale=[1])
    with pytest.raises(SpecError, match="the unit has no input a_shift"):
        mac.step(codes, codes, a_scale=[1], a_shift=[[1]])
