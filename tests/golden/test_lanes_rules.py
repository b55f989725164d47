"""What units of several lanes compute: against exact fractions, and case by case. Every case is run on both forms."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from sum_oracle import dot, finite_codes, numbers, to_float

from hwmodel import golden
from hwmodel.spec import FixedAcc, MacSpec, SpecError

NAN, INF = float("nan"), float("inf")


class Pair:
    """Both forms of a unit in step; operands are numbers, one a lane."""

    def __init__(self, name: str, start: float | None = None):
        self.spec = MacSpec.parse(name)
        self.array, self.scalar = golden.Mac(self.spec), golden.scalar.Mac(self.spec)
        self.array.reset(1)
        if start is not None:
            code = golden.scalar.encode(start, self.spec.levels[-1].format)
            self.array.load([code])
            self.scalar.load(code)

    def step(self, a: list[float], b: list[float], **others: bool) -> "Pair":
        x, y = ([golden.scalar.encode(each, fmt) for each in row] for row, fmt in ((a, self.spec.a), (b, self.spec.b)))
        self.array.step([x], [y], **{name: [value] for name, value in others.items()})
        self.scalar.step(x, y, **others)
        return self

    @property
    def acc(self) -> int:
        assert golden.code_to_int(self.array.acc) == [self.scalar.acc]
        return self.scalar.acc

    @property
    def value(self) -> float:
        level = self.spec.levels[-1]
        if isinstance(level, FixedAcc):
            point = self.spec.fixed_point(level)
            return (self.acc - (self.acc >> (point.width - 1) << point.width)) / 2**point.fraction
        return float(golden.scalar.decode(self.acc, self.spec.a if not hasattr(level, "format") else level.format))

    @property
    def flags(self) -> tuple[bool, bool]:
        flags = self.scalar.overflow, self.scalar.invalid
        assert (self.array.overflow.tolist(), self.array.invalid.tolist()) == ([flags[0]], [flags[1]])
        return flags


@pytest.mark.parametrize(
    ("operand", "acc", "lanes"),
    [("e4m3fn", "fp32", 8), ("e5m2", "fp16", 3), ("fp16", "fp32", 4), ("fp16", "fp16", 2), ("bf16", "fp32", 2), ("int8", "fp16", 32)],
)
def test_a_step_is_one_exact_sum_rounded_once(operand: str, acc: str, lanes: int) -> None:
    rng, dtype = np.random.default_rng(5), {"fp32": np.float32, "fp16": np.float16}[acc]
    mac = golden.Mac(MacSpec.parse(f"{operand}-{operand}-{acc}-x{lanes}"))
    n = 120
    a, b = (finite_codes(operand, (n, lanes), rng) for _ in range(2))
    b[: n // 2, 1::2] = b[: n // 2, : lanes // 2 * 2 : 2]
    a[: n // 2, 1::2] = a[: n // 2, : lanes // 2 * 2 : 2] ^ np.uint64(int(operand != "int8") << (mac.spec.a.width - 1))
    a[: n // 4, -1] ^= np.uint64(1)  # sums that nearly cancel
    start = finite_codes(acc, (n,), rng)
    sums = [dot(x, y) for x, y in zip(numbers(a, operand), numbers(b, operand), strict=True)]
    # A third of the accumulators cancel the sum's leading bits.
    close = [to_float(-total, dtype) for total in sums]
    held = np.where((np.arange(n) % 3 == 0) & np.isfinite(close), close, numbers(start, acc))
    mac.load(held.astype(dtype).view(f"u{np.dtype(dtype).itemsize}"))
    mac.step(a, b)
    expected = [to_float(Fraction(h) + total, dtype) for h, total in zip(held.tolist(), sums, strict=True)]
    np.testing.assert_array_equal(numbers(mac.acc, acc), expected)
    assert len(set(expected)) > n // 4


@pytest.mark.parametrize("name", ["e5m2-e5m2-fx80f32-x8", "fp16-fp16-fx100f48-x3", "int8-int8-fx24f0-x64", "e4m3fn-int8-fx60f9-x32"])
def test_fixed_point_that_loses_nothing_is_the_exact_sum(name: str) -> None:
    rng, spec = np.random.default_rng(6), MacSpec.parse(name)
    mac, point = golden.Mac(spec), spec.fixed_point(spec.acc)
    n, steps = 20, 3
    mac.reset(n)
    a, b = (finite_codes(str(fmt), (steps, n, spec.lanes), rng) for fmt in (spec.a, spec.b))
    acc = golden.code_to_int(mac.run(a, b))
    for i in range(n):
        total = dot(numbers(a[:, i].ravel(), str(spec.a)), numbers(b[:, i].ravel(), str(spec.b)))
        assert acc[i] == int(total * 2**point.fraction) % (1 << point.width)
    assert not mac.overflow.any()


def test_bits_far_below_the_leading_one_survive_cancellation() -> None:
    # 2^30 + 2^-48 in 80 bits; what the accumulator cancels leaves the last of them.
    tiny = 2.0**-24
    assert Pair("fp16-fp16-fp32-x2", -(2.0**30)).step([2.0**15, tiny], [2.0**15, tiny]).value == 2.0**-48
    assert Pair("fp16-fp16-fp32-x3").step([2.0**15, tiny, -(2.0**15)], [2.0**15, tiny, 2.0**15]).value == 2.0**-48
    # A tie is one only if nothing is left below it.
    assert Pair("fp16-fp16-fp32-x2", 2.0**-6).step([2.0**15, 0], [2.0**3, 0]).value == 2.0**18
    assert Pair("fp16-fp16-fp32-x2", 2.0**-6).step([2.0**15, tiny], [2.0**3, tiny]).value == 2.0**18 + 2.0**-5
    assert Pair("posit16-posit16-posit16-x3").step([2.0**20, 2.0**-20, -(2.0**20)], [2.0**20, 2.0**-20, 2.0**20]).value == 2.0**-40


@pytest.mark.parametrize(
    ("a", "b", "start", "value"),
    [
        ([INF, 1.0], [1.0, 1.0], 0.0, INF),
        ([INF, INF], [1.0, -1.0], 0.0, NAN),
        ([INF, 1.0], [0.0, 1.0], 0.0, NAN),
        ([NAN, 1.0], [1.0, 1.0], 0.0, NAN),
        ([-INF, 1.0], [1.0, 1.0], INF, NAN),
        ([1.0, 1.0], [1.0, 1.0], -INF, -INF),
        ([-0.0, 0.0], [1.0, -1.0], -0.0, -0.0),
        ([-0.0, 0.0], [1.0, 1.0], -0.0, 0.0),
        ([-0.0, 0.0], [1.0, -1.0], 0.0, 0.0),
        ([1.0, -1.0], [2.0, 2.0], -0.0, 0.0),
    ],
)
@pytest.mark.parametrize("name", ["fp16-fp16-fp16-x2", "e5m2-e5m2-fp32-x2", "e5m2-e5m2-fp16.unfused-x2"])
def test_specials(name: str, a: list[float], b: list[float], start: float, value: float) -> None:
    ours = Pair(name, start).step(a, b).value
    assert repr(ours) == repr(value)


def test_unfused_rounds_the_sum_of_the_products_as_one_number() -> None:
    # 2049 lies midway between 2048 and 2050 in fp16; with the accumulator's 1 it does not.
    assert Pair("int16-int8-fp16-x2", 1.0).step([2048, 1], [1, 1]).value == 2050.0
    assert Pair("int16-int8-fp16.unfused-x2", 1.0).step([2048, 1], [1, 1]).value == 2048.0
    # Each by itself would be 2048 + 2050.
    assert Pair("int16-int8-fp16.unfused-x2").step([2049, 2051], [1, 1]).value == 4100.0


def test_fixed_point_floors_each_product_by_itself() -> None:
    assert Pair("fp16-int8-fx16f0-x3").step([0.5, 0.5, -0.5], [1, 1, 1]).value == -1
    assert Pair("fp16-int8-fx16f0.rne-x3").step([0.5, 1.5, -1.5], [1, 1, 1]).value == 0


def test_overflow_is_judged_once_a_step() -> None:
    mac = Pair("int8-int8-fx16f0.sat-x3").step([127, 127, 127], [127, 127, 127])
    assert (mac.value, mac.flags) == (32767, (True, False))
    mac = Pair("int8-int8-fx16f0.sat-x3").step([127, 127, -128], [127, 127, 127]).step([127, 127, -128], [127, 127, 127])
    assert (mac.value, mac.flags) == (2 * (2 * 127 * 127 - 128 * 127), (False, False))
    mac = Pair("int8-int8-fx16f0-x3").step([127, 127, 127], [127, 127, 127])
    assert (mac.value, mac.flags) == (3 * 127 * 127 - 65536, (True, False))


def test_sums_far_wider_than_the_register() -> None:
    # 64 products of 2^59 are 2^65.
    mac = Pair("int31-int30-fx20f0.sat-x64").step([-(1 << 30)] * 64, [-(1 << 29)] * 64)
    assert (mac.value, mac.flags) == ((1 << 19) - 1, (True, False))


def test_what_is_no_number_adds_nothing_to_fixed_point_and_the_other_lanes_count() -> None:
    mac = Pair("e5m2-e5m2-fx40f10-x3").step([INF, NAN, 2.0], [1.0, 1.0, 3.0])
    assert (mac.value, mac.flags) == (6, (False, True))


def test_a_quire_is_not_a_real_if_one_lane_is() -> None:
    nar, one = 0x80, 0x40
    mac = golden.Mac(MacSpec.parse("posit8-posit8-quire-x2"))
    mac.reset(2)
    mac.step([[one, nar], [one, one]], [[one, one], [one, one]])
    assert mac.acc.tolist() == [nar, golden.scalar.encode(2, mac.spec.a)]


def test_a_chunk_counts_steps() -> None:
    mac = Pair("int8-int8-chunk2:fx30f0:fp32-x3")
    assert mac.step([1, 2, 3], [1, 1, 1]).value == 0
    assert mac.step([4, 5, 6], [1, 1, 1]).value == 21
    assert mac.step([7, 8, 9], [1, 1, 1], flush=True).value == 45


def test_shapes_that_do_not_fit() -> None:
    mac = golden.Mac(MacSpec.parse("int8-int8-fx32-x4"))
    mac.reset(2)
    cases: list[tuple[Any, str]] = [
        (np.zeros((2, 3), np.uint8), r"operand codes of int8 have shape \(2, 3\); the unit expects \(2, 4\)"),
        (np.zeros(2, np.uint8), r"operand codes of int8 have shape \(2,\); the unit expects \(2, 4\)"),
    ]
    for codes, message in cases:
        with pytest.raises(SpecError, match=message):
            mac.step(codes, np.zeros((2, 4), np.uint8))
    with pytest.raises(SpecError, match=r"operand codes of int8 have shape \(3, 2\); the unit expects \(3, 2, 4\)"):
        mac.run(np.zeros((3, 2, 4), np.uint8), np.zeros((3, 2), np.uint8))
    with pytest.raises(SpecError, match="3 codes were given for b; the unit takes 4 a step"):
        golden.scalar.Mac(mac.spec).step([0] * 4, [0] * 3)
