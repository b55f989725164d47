"""How often operands' bits change: what the formats say is what numbers drawn and quantised do."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.cost import counts
from hwmodel.cost.structure import activity
from hwmodel.cost.structure.activity import (
    activity_of_narrow,
    activity_of_sums,
    binades,
    deviation,
    exponent_activity,
    heard,
    heard_by,
    lane_activities,
    multiply_activity,
    operand_bits,
)
from hwmodel.cost.structure.idle import binades_of_factors, binades_of_products, reached
from hwmodel.spec import MacSpec
from hwmodel.spec.dataflow import normalises_operands
from hwmodel.sweep.operands import gaussian_sigma

NAMES = [
    "e4m3fn",
    "e5m2",
    "e4m3fnuz",
    "e2m1fn",
    "e3m4",
    "fp16",
    "bf16",
    "fp32",
    "int4",
    "int8",
    "uint5",
    "sm6",
    "int16",
    "posit8es1",
    "nf4@fp16",
    "e4m3b-7",
    "e2m1b-2none",
]


def operand(name: str):
    return MacSpec.parse(f"{name}-{name}-fp32").a


def drawn(fmt) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of numbers that energy is measured with, and their values."""
    numbers = np.random.default_rng(3).normal(0, gaussian_sigma(fmt), 20000)
    codes = golden.encode(numbers if fmt.signed else np.abs(numbers), fmt, overflow="sat")
    return codes, golden.decode(codes, fmt)


@pytest.mark.parametrize("name", NAMES)
def test_operands_are_those_that_energy_is_measured_with(name):
    assert deviation(operand(name)) == pytest.approx(gaussian_sigma(operand(name)))


@pytest.mark.parametrize("name", ["int4", "int8", "uint5", "uint8", "int12"])
def test_bits_of_integers_in_rows(name):
    fmt = MacSpec.parse(f"{name}-{name}-fx").a
    codes, _ = drawn(fmt)
    ones = [float((codes >> np.uint64(k) & np.uint64(1)).mean()) for k in range(fmt.width)]
    (bits,) = operand_bits(fmt, normalised=False, in_rows=True).significands
    assert bits.number == fmt.width
    assert bits.ones == pytest.approx(sum(ones), abs=0.05)
    assert bits.squares == pytest.approx(sum(p * p for p in ones), abs=0.05)


@pytest.mark.parametrize("name", ["int4", "int8", "sm6", "e4m3fn", "e5m2", "e2m3fn", "fp16", "e4m3nosub", "nf4@fp16"])
def test_bits_of_normalised_significands(name):
    fmt = operand(name)
    (bits,) = operand_bits(fmt, normalised=True, in_rows=False).significands
    fractions, _ = np.frexp(np.abs(drawn(fmt)[1]))
    significands = (fractions * (1 << bits.number)).astype(np.uint64)
    ones = [float((significands >> np.uint64(k) & np.uint64(1)).mean()) for k in range(bits.number)]
    assert bits.ones == pytest.approx(sum(ones), abs=0.35)
    assert bits.squares == pytest.approx(sum(p * p for p in ones), abs=0.35)


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "e4m3fnuz", "fp16", "bf16", "posit8es1"])
def test_binades_of_operands(name):
    values = np.abs(drawn(operand(name))[1])
    exponents = np.floor(np.log2(values[values > 0]))
    found = binades(operand(name), normalised=True)
    assert sum(found.values()) == pytest.approx(1)
    for place, probability in found.items():
        if place > min(found):
            assert probability == pytest.approx(float((exponents == place).mean()), abs=0.06)


def test_what_seldom_is_other_than_zero_changes_seldom():
    small, usual, wide = (multiply_activity(MacSpec.parse(name)) for name in ("int4-int4-fp16", "e4m3fn-e4m3fn-fp16", "fp16-fp16-fp16"))
    assert small < 0.5 * usual
    assert usual == pytest.approx(wide, abs=0.2)


def test_exponents_around_a_power_of_two_change_all_their_bits():
    """Numbers around 1 have fields on both sides of 8 with a bias of 8, and of 16 with one of 15 seldom."""
    seldom, often = (exponent_activity(MacSpec.parse(f"{name}-{name}-fp32")) for name in ("e4m3fn", "e4m3fnuz"))
    assert often > 1.1 * seldom
    assert exponent_activity(MacSpec.parse("int8-int8-fx32")) == 0


def test_a_stream_stays_in_one_of_several_formats():
    both, *each = (operand_bits(operand(name), normalised=True, in_rows=False).exponent for name in ("int4+int8", "int4", "int8"))
    # The exponents of one format differ from those of the other, but not within a stream.
    assert both[0] == pytest.approx((each[0][0] + each[1][0]) / 2, abs=0.05)
    whole, other = operand("int4+int8"), operand("e4m3fn")
    mixed, *pure = (activity._sum_activity(fmt, other, True, 0, 5) for fmt in (whole, *whole.choices))
    assert abs(pure[0] - pure[1]) > 0.01
    assert mixed == pytest.approx(sum(pure) / 2)


@pytest.mark.parametrize("name", ["int4", "int8", "uint5", "sm6", "int16"])
def test_integers_are_as_large_as_they_are_drawn(name):
    fmt = operand(name)
    _, size = binades_of_factors((fmt, fmt))
    assert abs(size / 2 - np.log2(gaussian_sigma(fmt))) < 0.3


def swamped(precision: int, *, grows: bool) -> float:
    """Return how many products are lost in sums of 128, each rounded to so many bits."""
    rng = np.random.default_rng(4)
    total, lost = np.zeros(4000), []
    for _ in range(128):
        product = rng.normal(size=4000) * rng.normal(size=4000)
        exact = total + (np.abs(product) if grows else product)
        last = 2.0 ** (np.floor(np.log2(np.abs(exact) + 1e-300)) - precision + 1)
        rounded = np.rint(exact / last) * last
        lost.append(np.mean(rounded == total))
        total = rounded
    return float(np.mean(lost))


@pytest.mark.parametrize("grows", [False, True])
@pytest.mark.parametrize("precision", [4, 5, 6, 8, 11, 16])
def test_short_sums_lose_small_products(precision, grows):
    lost = (1 - heard(precision, grows=grows)) / activity._LOST
    assert lost == pytest.approx(swamped(precision, grows=grows), abs=0.12)


def test_posits_lose_the_more_the_larger_their_sums_are():
    units = ("e4m3fn-e4m3fn-posit16", "e4m3fn-e4m3fn-posit8", "sm8-sm8-posit8")
    whole, around_one, large = (heard_by(MacSpec.parse(name)) for name in units)
    assert large < around_one < 0.9 < whole
    assert heard_by(MacSpec.parse("int2-int2-fx32")) == 1
    # Sums of lanes are lost as products are: what they are added to is as much larger.
    for lanes in ("", "-x8"):
        short, long = (counts(MacSpec.parse(f"e4m3fn-e4m3fn-{acc}{lanes}")).active[3] for acc in ("e4m2", "e4m9"))
        assert short < 0.97 * long


def test_integers_of_two_bits_are_as_large_as_those_of_three():
    narrowest, next_ones = (MacSpec.parse(f"{fmt}-{fmt}-fx32") for fmt in ("int2", "int3"))
    assert binades_of_products(narrowest) == binades_of_products(next_ones)
    assert reached(narrowest, narrowest.fixed_point(narrowest.acc)) == reached(next_ones, next_ones.fixed_point(next_ones.acc))


def test_zeros_come_with_a_sign_but_in_rows_of_integers():
    # Three of four products are zero.
    rows, *others = (counts(MacSpec.parse(f"int2-int2-{acc}")).active for acc in ("fx24", "fx24fm2", "fp32"))
    assert rows[2] < rows[3] == pytest.approx(1 - 0.75**2, abs=0.01)
    assert all(part > 1.4 * rows[3] for active in others for part in active[2:])
    assert activity_of_sums(0.0, 1, True, 1.0) == 0 < 0.4 < activity_of_sums(0.0, 1, False, 1.0) < activity_of_sums(1.0, 1, False, 1.0) == 1


def test_narrow_products_change_less_of_a_float():
    assert activity_of_narrow(4) < activity_of_narrow(9) == 1 < activity_of_narrow(22)
    narrow, wide = (counts(MacSpec.parse(f"{fmt}-{fmt}-fp32")).active for fmt in ("e5m2", "e5m9"))
    assert narrow[2] == narrow[3] < wide[2] == wide[3]
    # An exact sum is no narrower than its lanes are apart, and fixed point has a place for each bit.
    assert counts(MacSpec.parse("e5m2-e5m2-fp32-x2")).active[3] == counts(MacSpec.parse("e5m9-e5m9-fp32-x2")).active[3]
    assert counts(MacSpec.parse("e5m2-e5m2-fx48f20")).active[3] == 1


def test_many_pairs_are_as_each_alone():
    specs = [MacSpec.parse(f"{a}-{b}-fp32") for a in NAMES[:9] for b in ("e5m2", "e2m3fn", "int6", "posit8es1")]
    (normalised,) = {normalises_operands(spec) for spec in specs}
    many = lane_activities([(spec.a, spec.b) for spec in specs], normalised=normalised)
    assert many.tolist() == [multiply_activity(spec) for spec in specs]
