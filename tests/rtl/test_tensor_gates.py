"""Units of tensor-core arithmetic, as gates: against the golden dot product, and on sums done by hand."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import pytest
from gates import Gates

from hwmodel import golden
from hwmodel.spec import FloatFormat, MacSpec, TensorAcc
from hwmodel.yosys import Yosys

ROWS, STEPS = 400, 6


Build = Callable[[MacSpec], Gates]


@pytest.fixture(scope="module")
def build() -> Iterator[Build]:
    """Function: a unit as gates, built once."""
    with Yosys() as yosys:
        yield cache(lambda spec: Gates(spec, yosys))


def bits(codes: np.ndarray, fmt: FloatFormat) -> np.ndarray:
    """Return codes of shape (cycles, rows, L) as the bits of a port, lane 0 lowest."""
    places = np.arange(fmt.width, dtype=np.uint64)
    return ((codes.astype(np.uint64)[..., None] >> places) & np.uint64(1)).astype(np.uint8).reshape(*codes.shape[:2], -1)


def accumulated(unit: Gates, spec: MacSpec, a: np.ndarray, b: np.ndarray, clear: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return what `acc` shows, shape (cycles, rows), once the operands of each cycle, of shape (cycles, rows, L), are through."""
    flags = {name: each.astype(np.uint8)[..., None] for name, each in (("clear", clear), ("valid", valid))}
    inputs = {"a": bits(a, spec.a), "b": bits(b, spec.b), **flags}
    late = {name: np.concatenate([each, np.zeros((spec.pipeline, *each.shape[1:]), np.uint8)]) for name, each in inputs.items()}
    return unit.run(late, "acc")[spec.pipeline :]


def drawn(fmt: FloatFormat, rng: np.random.Generator, shape: tuple[int, ...], places: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return codes whose exponent fields are near `places`; some have a field of zero, some are zeros, some are any code."""
    top = fmt.max_finite_code >> fmt.fraction_bits
    field = np.clip(np.rint(places * top + rng.uniform(-1, 1, shape) * spread), 0, top).astype(np.int64)
    field[rng.random(shape) < 0.1] = 0
    codes = np.minimum((field << fmt.fraction_bits) | rng.integers(0, fmt.fraction_mask + 1, shape), fmt.max_finite_code)
    codes[rng.random(shape) < 0.15] = 0
    codes |= rng.integers(0, 2, shape) * fmt.sign_mask
    return np.where(rng.random(shape) < 0.02, rng.integers(0, 1 << fmt.width, shape), codes)


def rows(spec: MacSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return operands of shape (STEPS, ROWS, L): exponents vary less in a row. Some steps undo the last one, or add zeros."""
    assert isinstance(spec.a, FloatFormat)
    assert isinstance(spec.b, FloatFormat)
    rng = np.random.default_rng(5)
    shape = (STEPS, ROWS, spec.lanes)
    spread = rng.choice([1, 3, 8, 40], (1, ROWS, 1))
    a, b = (drawn(fmt, rng, shape, rng.choice([0, 0.2, 0.5, 0.8, 1], (1, ROWS, 1)), spread) for fmt in (spec.a, spec.b))
    a[1::2, ::4], b[1::2, ::4] = a[::2, ::4] ^ spec.a.sign_mask, b[::2, ::4]
    a[2::2, 1::4] = 0
    return a, b


UNITS = [
    "e4m3fn-e4m3fn-tc4f13:fp32.rtz",  # the register never leaves the normal range
    "e4m3fn-e4m3fn-tc1f0:fp16-p1",  # one product, no fraction: even the accumulator is cut
    "e4m3fn-e5m2-tc2f3:e8m13.rtz-p2",  # operands that differ; a window shorter than the accumulator
    "e5m2-e5m2-tc3f25:fp16",  # sums below the subnormals
    "e5m2-e5m2-tc3f5:e5m2.rtz",
    "e3m2fn-e4m3fn-tc8f10:fp16.rtz",
    "e2m1fn-e2m1fn-tc2f4:e3m2fn",  # neither infinity nor NaN: the largest number
    "e4m3fnuz-e5m2fnuz-tc2f8:e5m2fnuz",  # no infinity, no -0
    "e5m2-e5m2-tc2f12:e4m3fn.late",
    "e4m3fn-e5m2-tc4f13:fp16.rtz.late-p1",
    "e6m3-e6m3-tc2f9:e3m4.rtz",  # products far below all that the accumulator holds
    "e6m3-e6m3-tc2f9:e3m4.late",
    "e4m3nosub-e4m3fn-tc3f7:fp16",
    "e3m2half-e3m2nonehalf-tc3f3:fp16",
    "e5m2-e5m2-tc2f48:bf16",  # a window longer than any sum
    "e5m2-e5m2-tc4f25:fp16.phases0011",  # infinities of either phase
    "e4m3fn-e5m2-tc4f3:e8m13.rtz.phases1020-p1",  # a later phase cuts what an earlier one has rounded
    "e6m3-e6m3-tc2f9:e3m4.rtz.phases10",  # sums far below all that the accumulator holds
    "e2m1fn-e2m1fn-tc3f4:e3m2fn.phases012",  # the largest number, three times
    "e4m3fnuz-e5m2fnuz-tc2f8:e5m2fnuz.phases01",
]


@pytest.mark.parametrize("text", UNITS)
def test_steps_are_those_of_the_golden_dot_product(text, build):
    spec = MacSpec.parse(text)
    assert isinstance(spec.acc, TensorAcc)
    a, b = rows(spec)
    expected, acc = [], np.zeros(ROWS, np.uint64)
    for one, other in zip(a, b, strict=True):
        acc = golden.dot(one, other, acc, spec.acc, spec.a, spec.b)
        expected.append(acc)
    # In between, cycles without operands, whatever their inputs show, change nothing.
    cycles = np.repeat(np.arange(STEPS), 2)
    first = np.zeros((len(cycles), ROWS), bool)
    first[0] = first[3] = True
    valid = np.broadcast_to((np.arange(len(cycles)) % 2 == 0)[:, None], first.shape)
    shown = [np.where(valid[..., None], each[cycles], np.roll(each, 1, axis=1)[cycles]) for each in (a, b)]
    got = accumulated(build(spec), spec, *shown, first, valid)
    wanted = np.array(expected)[cycles]
    assert len(np.unique(wanted)) > 30
    np.testing.assert_array_equal(got, wanted)


def in_order(text: str, build: Build, steps: Sequence[Sequence[tuple[float, float]]]) -> list[float | str]:
    """Return the accumulator after each step, as a number or ``inf``, ``-inf``, ``nan``; lanes that are not given multiply zeros."""
    spec = MacSpec.parse(text)
    filled = [[*step, *[(0, 0)] * (spec.lanes - len(step))] for step in steps]
    a, b = (
        np.array([[[int(golden.encode(float(pair[i]), fmt))] for pair in step] for step in filled]).reshape(len(steps), 1, -1)
        for i, fmt in enumerate((spec.a, spec.b))
    )
    once = np.ones((len(steps), 1), bool)
    codes = accumulated(build(spec), spec, a, b, ~once, once)
    return [float(golden.decode(code, spec.acc.format)) for code in codes[:, 0]]


def test_every_term_is_truncated_toward_zero_by_itself(build):
    """E = 0 and F = 2, so the unit is 1/4: 1 + 3/8 + 3/8 is 1 + 1/4 + 1/4, and with two signs 1 - 1/4 - 1/4."""
    unit = "e4m3fn-e4m3fn-tc3f2:fp32.rtz"
    assert in_order(unit, build, [[(1, 1), (0.375, 1), (0.375, 1)]]) == [1.5]
    assert in_order(unit, build, [[(1, 1), (-0.375, 1), (0.375, -1)]]) == [0.5]
    # The second step's E is that of 8: its unit is 2, and the accumulator's 1.5 vanishes.
    assert in_order(unit, build, [[(1, 1), (0.375, 1), (0.375, 1)], [(8, 1)]]) == [1.5, 8]


def test_exponent_of_a_product_is_the_sum_of_exponents(build):
    """1.5 · 1.5 = 2.25 has the exponent 0: with F = 0 the unit is 1, not 2, and 1 beside it counts. The accumulator's 3 has exponent 1."""
    assert in_order("e4m3fn-e4m3fn-tc2f0:fp16", build, [[(1.5, 1.5), (1, 1)], [(1, 1)]]) == [3, 2]


def test_zeros_do_not_count_for_the_largest_exponent(build):
    """Of 0 · 256 the exponents' sum would be 2, and the units 4 and 1."""
    assert in_order("e4m3fn-e4m3fn-tc2f0:fp16", build, [[(0, 256), (1.5, 1)], [(0, 448), (0.5, 0.5)]]) == [1, 1]


def test_subnormal_operand_has_the_exponent_of_the_smallest_normal(build):
    """2^-9 in E4M3 counts as 1/8 of 2^-6: with F = 3 it is a unit, with F = 2 nothing."""
    assert in_order("e4m3fn-e4m3fn-tc1f3:fp32", build, [[(2**-9, 1)]]) == [2**-9]
    assert in_order("e4m3fn-e4m3fn-tc1f2:fp32", build, [[(2**-9, 1)]]) == [0]


def test_what_is_too_large_is_infinite_also_toward_zero(build):
    """57344 is the largest E5M2, the next would be 65536: three times 28672 pass it, and rounding to nearest does at 61440."""
    for rounding in (".rtz", ""):
        unit = f"e5m2-e5m2-tc3f20:e5m2{rounding}"
        assert in_order(unit, build, [[(28672, 1)] * 2, [(28672, 1)]]) == [57344, float("inf")]
        assert in_order(unit, build, [[(28672, -1)] * 3]) == [float("-inf")]
        assert in_order(unit, build, [[(57344, 1), (3584, 1)]]) == [57344]
    assert in_order("e5m2-e5m2-tc3f20:e5m2.rtz", build, [[(57344, 1), (4096, 1)]]) == [57344]
    assert in_order("e5m2-e5m2-tc3f20:e5m2", build, [[(57344, 1), (4096, 1)]]) == [float("inf")]


def test_infinities_and_nan(build):
    """The bits of `acc` after each step: an infinity stays, one of the other sign makes NaN, beside it or later; NaN stays."""
    spec = MacSpec.parse("e5m2-e5m2-tc2f20:e5m2")
    one, inf, minus_inf, nan, zero = 0x3C, 0x7C, 0xFC, 0x7E, 0x00
    cases = [
        ([[inf, one], [one, one], [minus_inf, zero], [one, one]], [inf, inf, nan, nan]),
        ([[minus_inf, minus_inf], [one, inf]], [minus_inf, nan]),
        ([[inf, minus_inf]], [nan]),
        ([[one, 0xFF]], [nan]),
    ]
    for operands, wanted in cases:
        a = np.array(operands)[:, None]
        once = np.ones((len(a), 1), bool)
        assert accumulated(build(spec), spec, a, np.full_like(a, one), ~once, once).ravel().tolist() == wanted
        assert accumulated(build(spec), spec, np.full_like(a, one), a, ~once, once).ravel().tolist() == wanted
    a, b = np.array([[[inf, one]]]), np.array([[[zero, one]]])
    assert accumulated(build(spec), spec, a, b, ~once[:1], once[:1]).ravel().tolist() == [nan]


def test_signs_of_zeros(build):
    """An exact zero is +0, from products of zeros with a minus too; what is rounded to zero keeps its sign, until the next step."""
    spec = MacSpec.parse("e5m2-e5m2-tc2f20:e5m2.rtz")
    tiny, one, minus = 0x01, 0x3C, 0x80
    a = np.array([[[minus, minus]], [[tiny | minus, 0]], [[0, 0]], [[one, one | minus]]])
    b = np.array([[[one, 0]], [[tiny, 0]], [[0, 0]], [[one, one]]])
    once = np.ones((4, 1), bool)
    assert accumulated(build(spec), spec, a, b, ~once, once).ravel().tolist() == [0, minus, 0, 0]


@pytest.mark.parametrize("fraction", [0, 7, 12])
def test_accumulator_joins_late_by_an_ordinary_addition(fraction, build):
    """2048 + 1 + 1 in FP16: each product rounded or not, the addition to nearest even stays at 2048 twice; in one step it does not."""
    unit = f"e5m2-e5m2-tc2f{fraction}:fp16.rtz.late"
    assert in_order(unit, build, [[(2048, 1)], [(1, 1)], [(1, 1)], [(1, 1), (1, 1)]]) == [2048, 2048, 2048, 2050]


def test_phases_are_rounded_one_after_the_other(build):
    """2048 + 1 is a tie in FP16 and goes to 2048: in one phase 1 + 1 are added first, and in a later one to what was rounded."""
    unit = "e5m2-e5m2-tc4f25:fp16.phases0011"
    large, one, zero = (2048, 1), (1, 1), (0, 0)
    assert in_order(unit, build, [[large, one, one, zero]]) == [2048]
    assert in_order(unit, build, [[large, zero, one, one]]) == [2050]
    assert in_order(unit, build, [[one, one, large, zero]]) == [2050]
    # The accumulator joins last: 1 beside 2048 twice, not 2 at once.
    assert in_order(unit, build, [[large], [one], [one, zero, one]]) == [2048, 2048, 2050]


def test_infinities_of_two_phases(build):
    spec = MacSpec.parse("e5m2-e5m2-tc4f25:fp16.phases0011")
    one, inf, minus_inf, nan = 0x3C, 0x7C, 0xFC, 0x7E
    a = np.array([[inf, one, one, one], [one, one, minus_inf, one], [inf, one, one, minus_inf], [one, nan, one, one]])[:, None]
    once = np.ones((4, 1), bool)
    got = accumulated(build(spec), spec, a, np.full_like(a, one), once, once)
    assert got.ravel().tolist() == [0x7C00, 0xFC00, 0x7E00, 0x7E00]
