"""Posit units: stimulus that reaches their ends, circuits equal to the golden model, lint-clean, and mutants caught."""

import shutil

import numpy as np
import pytest

from hwmodel.golden import decode
from hwmodel.spec import MacSpec, parse_format
from hwmodel_rtl import emit
from hwmodel_sim import lint, verify, verify_many
from hwmodel_sim.diagnosis import accumulator
from hwmodel_sim.operands import draw, is_special, landmarks, log2_magnitude, negate, sign, specials

UNITS = [
    "posit8es1-posit8es1-posit8es1",
    "posit8-posit8-quire",
    "posit8es0-posit8es0-posit8es0",
    "posit8-posit8-posit8",
    "posit8es1-posit8es1-fx",
    "posit8es1-posit8es1-fx38f24-p2",
    "posit8-posit6es1-fx20f0.rne.sat-x2",
    "posit8-posit8-fp32",
    "posit8-posit8-fp16",
    "posit8es1-posit8es1-posit8es1.unfused",
    "posit16es1-posit16es1-posit16es1",
    "posit16-posit16-fp32",
    "posit5es1-posit6es0-posit7",
    "posit8-posit8-quire-p2",
    "posit8-e4m3fn-posit8",
    "posit8-int8-fx",
    "posit8es1-e4m3fn-fp32",
    "posit3es3-posit4-posit5es3",
    "posit5es3-posit5es3-quire-p1",
    "e5m2-posit8-posit16es1.unfused-p2",
    "int8-int4-posit8es0",
    "posit16-posit16-posit6",
]

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed")


@pytest.mark.parametrize("name", ["posit3es3", "posit8", "posit8es0", "posit16es1", "posit16es3"])
def test_stimulus_knows_its_posits(name):
    fmt = parse_format(name)
    codes = np.arange(1 << fmt.width, dtype=np.uint64)
    values = decode(codes, fmt)
    np.testing.assert_array_equal(is_special(codes, fmt), np.isnan(values))
    np.testing.assert_array_equal(decode(negate(codes, fmt), fmt), -values)
    np.testing.assert_array_equal(sign(codes, fmt)[~np.isnan(values)], values[~np.isnan(values)] < 0)
    with np.errstate(divide="ignore"):
        exact = np.log2(np.abs(values))
    roughly = log2_magnitude(codes, fmt)
    finite = np.isfinite(exact)
    np.testing.assert_array_equal(np.isnan(roughly), np.isnan(exact))
    np.testing.assert_array_equal(roughly[codes == 0], -np.inf)
    # Within half of a regime, and exact at its ends.
    roughly, exact = roughly[finite], exact[finite]
    assert np.abs(roughly - exact).max() <= (1 << fmt.exponent_bits) / 2
    whole = exact % (1 << fmt.exponent_bits) == 0
    np.testing.assert_array_equal(roughly[whole], exact[whole])
    assert specials(fmt).tolist() == [1 << (fmt.width - 1)]


@pytest.mark.parametrize("name", ["posit8", "posit32es3"])
def test_drawn_posits_are_of_every_size(name):
    fmt = parse_format(name)
    codes = draw(fmt, np.random.default_rng(1), (64, 400))
    assert not is_special(codes, fmt).any()
    regime = np.floor(log2_magnitude(codes[codes != 0], fmt) / (1 << fmt.exponent_bits))
    assert set(regime) >= set(range(2 - fmt.width, fmt.width - 1))
    assert {1, (1 << (fmt.width - 1)) - 1, (1 << (fmt.width - 1)) + 1, (1 << fmt.width) - 1} <= set(landmarks(fmt).tolist())


def test_a_posit_unit_equals_the_golden_model():
    report = verify(MacSpec.parse(UNITS[0]), vectors=50_000)
    assert report.ok, str(report)
    assert {"zero", "cleared", "tiny", "normal", "huge", "nan"} <= set(report.coverage.states)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(UNITS), 8), ids=UNITS[::8])
def test_posit_units_equal_the_golden_model_and_are_lint_clean(first):
    units = [(MacSpec.parse(name), emit(MacSpec.parse(name))) for name in UNITS[first : first + 8]]
    reports = verify_many([(spec, unit.verilog) for spec, unit in units], vectors=100_000)
    assert [str(report) for report in reports if not report.ok] == []
    assert [complaint for _, unit in units for complaint in lint(unit.verilog, unit.name)] == []


@pytest.mark.slow
@needs_icarus
def test_icarus_finds_nothing_unknown_in_posit_units():
    names = ["posit5es1-posit5es1-posit5es1", "posit6es1-posit6es1-posit6es1.unfused-p1", "posit5es0-posit5es0-quire"]
    reports = verify_many([(MacSpec.parse(name), None) for name in names], vectors=2000, simulator="icarus")
    assert [str(report) for report in reports if not report.ok] == []


MUTATIONS = {
    "rounding ignores what was shifted out": ("assign aligned_sticky =", "assign aligned_sticky = 1'h0 &"),
    "ties go down": ("assign odd =", "assign odd = 1'h0 &"),
    "below minpos is not judged": ("assign under =", "assign under = 1'h0 &"),
    "past maxpos is not judged": ("assign beyond =", "assign beyond = 1'h0 &"),
    "a negative code is not complemented": ("assign below_zero =", "assign below_zero = 1'h0 &"),
}


@pytest.mark.slow
def test_a_broken_rounding_is_caught():
    spec = MacSpec.parse("posit6es1-posit6es1-posit6es1")
    verilog = emit(spec).verilog
    assert {name: verilog.count(old) for name, (old, _) in MUTATIONS.items()} == dict.fromkeys(MUTATIONS, 1)
    reports = verify_many([(spec, verilog.replace(*each)) for each in MUTATIONS.values()], vectors=60_000)
    assert [name for name, report in zip(MUTATIONS, reports, strict=True) if report.ok] == []


@pytest.mark.parametrize(("code", "text"), [(0x40, "0x40 (1)"), (0x80, "0x80 (nan)"), (0xC8, "0xc8 (-0.5)")])
def test_a_difference_is_told_in_posits(code, text):
    for unit in ("posit8-posit8-quire", "posit8-posit8-posit8"):
        assert accumulator(code, MacSpec.parse(unit)) == text
