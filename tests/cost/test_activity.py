"""How often operands' bits change: what the formats say is what numbers drawn and quantised do."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.cost.structure.activity import binades, deviation, exponent_activity, lane_activities, multiply_activity, operand_bits
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


def test_many_pairs_are_as_each_alone():
    specs = [MacSpec.parse(f"{a}-{b}-fp32") for a in NAMES[:9] for b in ("e5m2", "e2m3fn", "int6", "posit8es1")]
    (normalised,) = {normalises_operands(spec) for spec in specs}
    many = lane_activities([(spec.a, spec.b) for spec in specs], normalised=normalised)
    assert many.tolist() == [multiply_activity(spec) for spec in specs]
