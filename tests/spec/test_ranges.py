"""What circuits are sized by must hold for every value the golden model ever takes."""

import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.golden.scalar.logarithms import log_of
from hwmodel.golden.scalar.value import Kind
from hwmodel.spec import FixedAcc, FloatAcc, FloatFormat, LogFormat, MacSpec, parse_format
from hwmodel.spec.ranges import float_state, log_product_shape, operand_shape, product_shape, rounding_exponent_bits, rounds_terms

UNITS = [
    "e4m3fn-e4m3fn-fp32",
    "e4m3fn-e4m3fn-fp16",
    "e5m2-e5m2-fp16.rtz",
    "e5m2-e5m2-e6m9.rna",
    "int8-int8-fp16",
    "int4-e2m1fn-bf16",
    "e2m1fn-e2m1fn-e4m3fn",
    "e3m4-e2m5-fp16.ftz",
    "e2m3fn-e2m3fn-e3m2fn",
    "int8-e3m2fn-tf32.rna",
    # These stick to a largest number that is no multiple of a product.
    "int8-int8-e2m3fn",
    "int8-int8-e2m5.rtz",
    "int8-int8-e3m2b20.rtz",
]


def finite(code, fmt):
    value = golden.scalar.decode(code, fmt)
    return value.number if value.kind is Kind.FINITE else None


@pytest.mark.parametrize("text", UNITS)
def test_reachable_accumulators_stay_inside_their_state(text):
    """Push every accumulator as far as it goes: the largest products over and over, then random ones."""
    spec = MacSpec.parse(text)
    acc = spec.acc
    assert isinstance(acc, FloatAcc)
    term = product_shape(operand_shape(spec.a, normalised=True), operand_shape(spec.b, normalised=True), normalised=True)
    state = float_state(acc, term)
    unit, largest = Fraction(2) ** state.shape.lsb, state.shape.magnitude * Fraction(2) ** state.shape.lsb

    def top_code(fmt):
        return fmt.max_finite_code if isinstance(fmt, FloatFormat) else fmt.max_value

    rng = np.random.default_rng(1)
    lanes, steps = 64, 3000
    mac = golden.Mac(spec)
    mac.reset(lanes)
    reached, overflowed = Fraction(0), False
    for step in range(steps):
        if step < steps // 2:
            a, b = np.full(lanes, top_code(spec.a)), np.full(lanes, top_code(spec.b))
        else:
            a, b = (rng.integers(0, 1 << fmt.width, lanes) for fmt in (spec.a, spec.b))
        mac.step(a.astype(np.uint64), b.astype(np.uint64), clear=rng.random(lanes) < (0.1 if step > steps // 2 else 0))
        if step % 50 and step < steps - 200:
            continue
        for code in set(mac.acc.tolist()):
            value = finite(code, acc.format)
            if value is None:
                overflowed = True
                continue
            assert value % unit == 0
            reached = max(reached, abs(value))
    assert reached <= largest
    if overflowed and not spec.has_specials:
        assert state.overflows


def test_a_swamped_accumulator_needs_few_exponents():
    """E4M3 products are below 2**18, so an FP32 sum stalls by 2**42 and never falls below 2**-18 but for zero."""
    spec = MacSpec.parse("e4m3fn-e4m3fn-fp32")
    shape = operand_shape(parse_format("e4m3fn"), normalised=True)
    assert isinstance(spec.acc, FloatAcc)
    state = float_state(spec.acc, product_shape(shape, shape, normalised=True))
    assert not state.floored
    assert not state.overflows
    assert state.shape.exponent_low + state.shape.top == -18
    assert state.shape.exponent_high + state.shape.top == 42


@pytest.mark.parametrize(
    "text",
    ["elma8-elma8-fx", "lns8-lns8-fx", "lns8g1-lns8g1-fx", "lns6g1t0-lns6g1t0-fx", "lns3g1t16-lns5g1t16-fx", "lns10g8-lns8-fx",
     "lns4g4t2-lns6g4t2-fx", "lns8g64-lns8g64-fx"],
)  # fmt: skip
def test_the_unit_of_logarithmic_products_is_the_finest_they_have(text):
    """Of all pairs of codes; the unit is the power of two by which the last bit of some product counts."""
    spec = MacSpec.parse(text)
    a, b = spec.a, spec.b
    assert isinstance(a, LogFormat)
    assert isinstance(b, LogFormat)
    logs = [{log_of(code, fmt).log for code in range(1 << fmt.width) if code & ((1 << fmt.width - 1) - 1)} for fmt in (a, b)]
    sums = {x + y for x in logs[0] for y in logs[1]}
    products = {a.table[total % a.gamma] * Fraction(2) ** (total // a.gamma - a.table_bits) for total in sums}
    unit = Fraction(2) ** spec.product_lsb_exponent
    assert all((product / unit).denominator == 1 for product in products)
    assert any((product / unit).numerator % 2 for product in products)
    assert spec.product_max_magnitude * unit == max(products)
    shape = log_product_shape(a, b)
    assert (shape.lsb, shape.magnitude) == (spec.product_lsb_exponent, spec.product_max_magnitude)
    assert spec.fixed_point(FixedAcc()).fraction == -spec.product_lsb_exponent


def test_an_exponent_has_as_many_bits_as_its_comparisons_need_and_no_more():
    draw = random.Random(1)
    for _ in range(2000):
        signed, headroom, length = draw.random() < 0.5, draw.randint(-3, 60), draw.randint(1, 1100)
        bits, ends = draw.randint(1, 12), [draw.randint(-4000, 4000) for _ in range(draw.randint(0, 2))]
        low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if signed else (0, 1 << bits)  # the highest after a carry
        reached = [high + headroom, low + headroom - length]
        reached += [number - end for end in ends for number in (high + headroom, low + headroom - length - 1)]
        width = rounding_exponent_bits((bits, signed), headroom, length, ends)
        fits = [all(-(1 << (each - 1)) <= number < 1 << (each - 1) for number in reached) for each in (width - 1, width)]
        assert fits == [False, True]


@pytest.mark.parametrize(
    ("text", "rounds"),
    [
        ("e4m3fn-e4m3fn-fp32.unfused", False),
        ("e4m3fn-e4m3fn-fp32", False),
        ("e4m3fn-e4m3fn-e6m6fn.unfused", True),  # 15 × 15 takes 8 bits
        ("e4m3fn-e4m3fn-e6m6fn", False),  # which the sum keeps
        ("e4m3fn-e4m3fn-fp16.unfused", True),  # 448 × 448 overflows
        ("e5m2-e5m2-fp32.unfused", False),
        ("e5m2-e5m2-e8m23fn.unfused", True),  # an infinity becomes NaN
        ("e3m2fn-e3m2fn-e5m6b6.unfused", False),  # subnormal, and exact
        ("e3m2fn-e3m2fn-e5m6b6.ftz.unfused", True),
        ("e3m2fn-e3m2fn-e5m6b9nosub.unfused", False),
        ("e3m2fn-e3m2fn-e5m6b8nosub.unfused", True),  # 2^-8 has the code of zero
    ],
)
def test_products_are_rounded_where_some_is_no_number_of_the_accumulator(text: str, rounds: bool) -> None:
    spec = MacSpec.parse(text)
    acc = spec.acc
    assert isinstance(acc, FloatAcc)
    term = product_shape(operand_shape(spec.a, normalised=True), operand_shape(spec.b, normalised=True), normalised=True)
    assert rounds_terms(acc, term) == rounds
    operands = [[golden.scalar.decode(code, fmt) for code in range(1 << fmt.width)] for fmt in (spec.a, spec.b)]
    products = {x * y for x, y in product(*operands)}
    kept = [golden.scalar.decode(golden.scalar.encode(each, acc.format, overflow="ieee"), acc.format) for each in products]
    lost = [
        each
        for each, held in zip(products, kept, strict=True)
        if held != each or (acc.ftz and held.is_finite and 0 < abs(held.number) < Fraction(2) ** acc.format.emin)
    ]
    assert (not acc.fused and len(lost) > 0) == rounds
