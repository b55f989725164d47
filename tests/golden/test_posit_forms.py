"""Posit units: the NumPy form equals the scalar form, and both keep the rules of NaR, of zero and of the quire's ends."""

from fractions import Fraction

import numpy as np
import pytest
from golden_cases import operand_formats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_mac_forms import assert_forms_agree

from hwmodel import golden
from hwmodel.golden import posit, scalar
from hwmodel.golden.terms import TermRange, multiply, unpack
from hwmodel.spec import FixedPoint, Format, MacSpec, PositAcc, PositFormat, QuireAcc, SpecError, parse_format

UNITS = """
posit8-posit8-posit8 posit8es0-posit8es0-posit8es0.unfused posit3es3-posit3es3-posit3es3 posit4es2-posit5es3-posit6es3.unfused
posit16-posit16-posit16 posit16es1-posit16es1-posit8es1 posit32-posit32-posit32 posit32-posit32-posit32.unfused
posit32es3-posit32es3-posit32es3 posit32es0-posit32es0-posit32es0 posit31es1-posit32-posit17es3 posit8-posit8-posit32es0
posit8es0-posit8es0-quire posit8-posit8-quire posit3es3-posit3es3-quire posit16es3-posit16es3-quire posit32-posit32-quire
posit32es0-posit32es0-quire posit8es1-posit8es1-fx posit16-posit16-fx64f20 posit8-int8-fx posit8-posit8-fp16 posit16-posit16-fp32
posit32-posit32-fp32 posit8es1-e4m3fn-fp32 fp16-posit8-posit16es1 e5m2-e5m2-posit8 int8-int8-posit8es1 int32-int32-posit32
fp32-fp32-posit16.unfused uint8-posit8-posit8es3 posit16es1-posit16es1-bf16.rtz posit8-posit8-e4m3fn.unfused posit8-e11m52-posit32
""".split()  # noqa: SIM905 (forty short names)


@pytest.mark.parametrize("name", UNITS)
def test_forms_agree(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), lanes=24, steps=24, seed=0)


def posit_formats() -> st.SearchStrategy[PositFormat]:
    return st.builds(PositFormat, st.integers(3, 32), st.integers(0, 3))


def accumulators() -> st.SearchStrategy[PositAcc | QuireAcc]:
    return st.one_of(st.builds(PositAcc, posit_formats(), st.booleans()), st.just(QuireAcc()))


@given(st.one_of(posit_formats(), operand_formats()), posit_formats(), accumulators(), st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=100)
def test_forms_agree_for_any_unit(a: Format, b: PositFormat, acc: PositAcc | QuireAcc, seed: int) -> None:
    try:
        spec = MacSpec(b if acc == QuireAcc() else a, b, acc)
    except SpecError:
        assume(False)
        raise
    assert_forms_agree(spec, lanes=8, steps=10, seed=seed)


def codes_of(unit: str, *pairs: tuple[int, int], clear: int | None = None) -> list[int]:
    """Return the accumulator's code after each of the operand pairs."""
    mac = golden.Mac(MacSpec.parse(unit))
    mac.reset(1)
    codes = []
    for step, (a, b) in enumerate(pairs):
        mac.step([a], [b], [step == clear])
        codes.append(int(mac.acc[0]))
    return codes


@pytest.mark.parametrize("acc", ["posit8", "posit8.unfused", "quire"])
def test_nar_stays_until_clear(acc: str) -> None:
    one, nar = 0x40, 0x80
    assert codes_of(f"posit8-posit8-{acc}", (one, one), (nar, 0), (one, one), (one, one), clear=3) == [one, nar, nar, one]


def test_nar_of_operands_of_other_families() -> None:
    infinity, nan, zero = 0x7C, 0x7F, 0
    for special in ((infinity, 0x40), (nan, 0x40), (infinity, zero)):
        assert codes_of("e5m2-posit8-posit8", special) == [0x80], special
    # In fixed point, a NaR adds nothing and is told; a float has its NaN.
    mac = golden.Mac(MacSpec.parse("posit8-posit8-fx"))
    mac.reset(1)
    mac.step([0x80], [0x40])
    assert (int(mac.acc[0, 0]), bool(mac.invalid[0])) == (0, True)
    assert codes_of("posit8-posit8-fp16", (0x80, 0x40)) == [0x7E00]


def test_a_sum_never_rounds_to_zero_or_nar() -> None:
    minpos, maxpos, one = 0x01, 0x7F, 0x40
    assert codes_of("posit8-posit8-posit8", (minpos, minpos)) == [minpos]
    assert codes_of("posit8-posit8-posit8", (maxpos, maxpos), (maxpos, maxpos)) == [maxpos, maxpos]
    assert codes_of("posit8-posit8-posit8", (0x81, maxpos)) == [0x81]
    assert codes_of("posit8-posit8-posit8", (0xFF, minpos)) == [0xFF]
    # What cancels is 0, the only one there is.
    assert codes_of("posit8-posit8-posit8", (0xC0, one), (one, one)) == [0xC0, 0]


def test_a_quire_forgets_nothing() -> None:
    minpos, maxpos, minus_maxpos = 0x01, 0x7F, 0x81
    steps = [(maxpos, maxpos), (minpos, minpos), (minus_maxpos, maxpos), (minpos, 0xFF)]
    assert codes_of("posit8-posit8-quire", *steps) == [maxpos, maxpos, minpos, 0]
    assert codes_of("posit8-posit8-posit8", *steps) == [maxpos, maxpos, minus_maxpos, minus_maxpos]


@pytest.mark.parametrize("fmt", ["posit8", "posit16", "posit32"])
def test_a_quire_of_the_standard_has_16_n_bits(fmt: str) -> None:
    spec = MacSpec.parse(f"{fmt}-{fmt}-quire")
    assert spec.fixed_point(QuireAcc()).width == 16 * spec.a.width
    assert spec.acc_width == spec.a.width


@pytest.mark.parametrize("width", [50, 60, 98, 110])
def test_a_quire_wraps_beyond_its_carry_bits(width: int) -> None:
    # Quires with almost no room for carries, which no unit has, so that a few steps leave them.
    fmt = parse_format("posit8es1" if width < 64 else "posit8")
    assert isinstance(fmt, PositFormat)
    point = FixedPoint(width, -2 * fmt.lsb_exponent)
    codes = np.random.default_rng(width).choice([0x7F, 0x7F, 0x81, 0x7E, 0x01, 0x45], (2, 60))
    products = [scalar.decode(int(a), fmt) * scalar.decode(int(b), fmt) for a, b in codes.T]
    terms = TermRange(2 * fmt.precision, 2 * fmt.lsb_exponent, fmt.max_magnitude**2)
    one, many = scalar.QuireAcc(point, fmt), posit.QuireAcc(point, fmt, terms)
    state, exact, wrapped = many.zeros(1), Fraction(0), False
    for step, product in enumerate(products):
        one.add([product])
        x, y = (unpack(codes[i, step : step + 1].astype(np.uint64), fmt) for i in (0, 1))
        state = many.add(state, many.align(multiply(x, y, terms.significand_bits)))
        exact += product.number
        inside = (exact * Fraction(2) ** point.fraction + (1 << (width - 1))) % (1 << width) - (1 << (width - 1))
        wrapped |= inside != exact * Fraction(2) ** point.fraction
        assert one.code == scalar.encode(inside * Fraction(2) ** -point.fraction, fmt)
        assert int(many.codes(state)[0]) == one.code
    assert wrapped == (width not in (60, 110))
    assert many.flags(state)[0].tolist() == [False]
