"""`verify` passes what is right, and says enough about what is not."""

import re
import shutil

import pytest
from handwritten_unit import MUTATIONS, SPEC, VERILOG, mutated

from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import SimulationError, verify, verify_many

QUICK = 30_000
QUICK_MUTATIONS = ["accumulator wire cut", "reset leaves a step in flight"]
RARE_MUTATIONS = ["one product wrong"]

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed")

UNITS = [
    "int8-int8-fx32",
    "e4m3fn-e4m3fn-fp32",
    "e5m2-e4m3fn-fp16",
    "int4-e4m3fn-fp32",
    "bf16-int8-fp32.rtz",
    "e3m4-e3m4-e6m9",
    "e2m1fn-fp16-fp32",
    "uint8-int8-fx24.sat-p1",
    "e5m2-e5m2-chunk64:e6m9:fp32",
    "e5m2-e5m2-fx-p2",
    "e4m3fnuz-e5m2fnuz-bf16.ftz",
    "sm8-uint4-chunk4:fx16:fp16-p1",
    "e5m4b10fnnosub-e1m8-bf16.rna.ftz.unfused-p2",
    "e4m3fn-e4m3fn-e4m3fn.unfused",
    "int8-int8-e5m0fn",
    "fp32-fp32-fp32.rtz",
    # Accumulators that stick to a largest number which is no multiple of a product, or that lie wholly below the products.
    "int8-int8-e2m3fn",
    "int8-int8-chunk4:fx16fm8:e4m3fn.rtz",
    "int8-int8-chunk1:fp16:e3m2b64",
    # Narrow weights against wide activations.
    "int4-fp16-fp32",
    "e2m1fn-bf16-fp32",
    "int4-int8-fx",
    "int8-fp16-fp32",
    "nf4@fp16-fp16-fp32",
    "af4@bf16-bf16-fp32-p1",
    "nf4@fp16-nf4@fp16-fx",
    # Scales, halved subnormals, biases set at run time.
    "e8m0fnu-int8-fx",
    "e8m0fnu-e4m3fn-fp32",
    "cfloat8e4m3b7half-cfloat8e4m3b7half-fx",
    "cfloat8e5m2b15half-int8-fp16",
    "cfloat8e4m3-cfloat8e5m2-fp32",
    "cfloat16shp-cfloat16shp-fp32-p2",
    # Logarithms.
    "lns8-lns8-fx",
    "lns8-lns8-fx32",
    "lns10g8-lns8-fp16-p2",
    "lns6g1t0-lns6g1t0-fx",
    # Accumulators that reach -0, to which the sign of a zero product matters.
    "lns8-lns8-e4m3fn",
    "nf4@fp16-e4m3fn-e4m3fn",
    "elma8-elma8-fx38",
    "elma8-elma8-fp32",
    "elma8-elma8-chunk16:fx38:fp16",
    # Several formats in one unit.
    "e4m3fn+e5m2-e4m3fn+e5m2-fp32",
    "e4m3fn+e5m2-e4m3fn+e5m2-fx-p1",
    "e2m1fn+e4m3fn-int8-fx",
    "int8+e4m3fn-int8+e4m3fn-fp32",
    "int4+e2m1fn+nf4@fp16-fp16-fp32-p2",
    "e4m3nosub+e5m2b20half-e4m3fnuz+e3m4u-fp16",
    "e4m3nosub+e5m2b20half-e4m3fnuz+posit8-fx",
    "uint4+sm8+int5-e1m3+e5m0fn-fp16",
    # Stochastic rounding, and accumulators without subnormals.
    "fp16-fp16-fp16.sr8",
    "e5m2-e5m2-fp32.sr16-p2",
    "int8-int8-fp16.sr4",
    "e4m3fn-e4m3fn-e6m9.sr4.ftz-p1",
    "e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr4",
    "int8-int8-chunk4:fx20:fp16.sr8-p1",
    "e5m2-e5m2-chunk64:dlfloat16:dlfloat16",
    "dlfloat16-dlfloat16-dlfloat16",
    "hfp8-hfp8-dlfloat16.rtz",
    "e4m3fn-e4m3fn-e6m9nosub.rna",
    "e4m3fn-e4m3fn-e5m3nosub.unfused",
    "e4m3fn-e4m3fn-e5m0fnnosub.sr3",
    "hfp8-hfp8-hfp8.sr9",
    # So few fraction bits that every bit of the window counts, and that sums come to where they stop growing.
    "e5m2-e5m2-e8m1.sr8",
    "int4-int4-e8m2.sr5",
    "e4m3fn-e4m3fn-chunk4:e4m3:e8m2.sr5",
    "e4m3fn-e4m3fn-chunk4:e4m3.sr5:e8m2-p1",
    "e2m1fn-e2m1fn-e3m2fnnosub",
    "int4+int8-uint4+uint8-fx32-p2",
    "int4+uint8-bf16-fp32",
]


@pytest.fixture(scope="module")
def spec():
    return MacSpec.parse(SPEC)


@pytest.fixture(scope="module")
def caught(spec):
    """The mismatch of one broken unit."""
    report = verify(spec, verilog=mutated("operand wire cut"), vectors=QUICK, seed=7)
    assert not report.ok
    return report.mismatches[0]


def test_a_right_unit_passes_and_everything_is_met(spec):
    report = verify(spec, verilog=VERILOG, vectors=200_000)
    assert report.ok, str(report)
    assert report.coverage.pairs_met == report.coverage.pairs == 1 << 16
    assert {"zero", "cleared", "normal", "huge"} <= set(report.coverage.states)
    for event in ("overflow", "idle", "clear", "reset"):
        assert report.coverage.events[event] >= 5, event
    assert "65,536 of 65,536 operand pairs" in str(report)


def passed(spec, names, vectors):
    """Return which of some broken units `verify` finds nothing wrong with."""
    reports = verify_many([(spec, mutated(name)) for name in names], vectors=vectors)
    return [name for name, report in zip(names, reports, strict=True) if report.ok]


def test_broken_units_are_caught(spec):
    assert passed(spec, QUICK_MUTATIONS, QUICK) == []


@pytest.mark.slow
def test_every_broken_unit_is_caught(spec):
    names = sorted(set(MUTATIONS) - {*QUICK_MUTATIONS, *RARE_MUTATIONS})
    assert passed(spec, names, QUICK) == []


@pytest.mark.slow
def test_one_wrong_product_of_65_536_is_caught_in_a_full_round(spec):
    assert passed(spec, RARE_MUTATIONS, 200_000) == []


def test_a_mismatch_says_what_where_and_how_to_see_it_again(caught):
    text = str(caught)
    assert re.search(r"a +0x[0-9a-f]{2} \(int8 -?\d+\)", text)
    assert re.search(r"b +0x[0-9a-f]{2} \(int8 -?\d+\)", text)
    assert re.search(r"acc was +0x[0-9a-f]{5} \(-?\d+\)", text)
    assert re.search(r"acc +expected 0x[0-9a-f]{5} \(-?\d+\), got 0x[0-9a-f]{5} \(-?\d+\) +<- differs", text)
    assert re.search(r"cycle \d+, copy \d+, seed 7", text)
    assert re.search(rf"replay +hwmodel verify {SPEC} --seed 7 --vectors {QUICK} --simulator (verilator|icarus)", text)


def test_a_mismatch_is_the_arithmetic_it_claims(caught):
    value = {name: int(re.search(r"int8 (-?\d+)", text)[1]) for name, text in caught.operands.items()}
    number = re.compile(r"\((-?\d+)\)")
    before = 0 if caught.controls["clear"] else int(number.search(caught.before)[1])
    assert caught.controls["valid"]
    assert int(number.search(caught.expected["acc"])[1]) == before + value["a"] * value["b"]
    cut = (value["a"] & 0xDF ^ 0x80) - 0x80
    assert int(number.search(caught.got["acc"])[1]) == before + cut * value["b"]


@pytest.mark.slow
def test_a_unit_that_ignores_its_random_bits_is_caught_and_they_are_shown():
    spec = MacSpec.parse("e4m3fn-e4m3fn-e5m2.sr3")
    verilog = emit(spec).verilog
    assert verilog.count(".random(\\rand )") == 1
    report = verify(spec, verilog=verilog.replace(".random(\\rand )", ".random(3'h0)"), vectors=QUICK)
    assert re.search(r"rand +0x[1-7]\n", str(report))


@pytest.mark.slow
def test_the_seed_replays_the_same_mismatch(spec, caught):
    again = verify(spec, verilog=mutated("operand wire cut"), vectors=QUICK, seed=7)
    assert again.mismatches == [caught]


@pytest.mark.slow
def test_another_seed_is_another_run(spec, caught):
    other = verify(spec, verilog=mutated("operand wire cut"), vectors=QUICK, seed=8)
    assert (other.mismatches[0].cycle, other.mismatches[0].operands) != (caught.cycle, caught.operands)


@pytest.mark.slow
def test_a_waveform_is_kept_when_asked_and_nothing_else(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    report = verify(spec, verilog=mutated("add became subtract"), vectors=QUICK, waves=tmp_path / "waves")
    assert [str(file) for file in (tmp_path / "waves").iterdir()] == [report.waves] == [report.mismatches[0].waves]
    assert "product" in (tmp_path / "waves" / "int8_int8_fx20f0_p1.vcd").read_text(errors="replace")
    assert report.waves in str(report)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_verilog_that_does_not_build_is_one_sentence(spec, tmp_path):
    with pytest.raises(SimulationError, match=r"verilator could not build the model: .*syntax error"):
        verify(spec, verilog=VERILOG.replace("endmodule", "end"), vectors=QUICK, simulator="verilator")


@needs_icarus
def test_icarus_runs_the_same_bench(spec):
    report = verify(spec, verilog=VERILOG, vectors=4000, simulator="icarus")
    assert report.ok, str(report)
    assert report.simulator == "icarus"


@needs_icarus
def test_icarus_catches_an_unknown(spec):
    report = verify(spec, verilog=VERILOG.replace("acc <= 20'd0;", ""), vectors=4000, simulator="icarus")
    assert "x" in report.mismatches[0].got["acc"]


@pytest.mark.slow
@needs_icarus
def test_icarus_takes_an_emitted_unit():
    report = verify(MacSpec.parse("e2m1fn-e2m1fn-e4m3fn-p1"), vectors=2000, simulator="icarus")
    assert report.ok, str(report)


def differing(units, vectors):
    """Return what `verify` says of those emitted units that differ from the golden model."""
    reports = verify_many([(MacSpec.parse(unit), None) for unit in units], vectors=vectors)
    return [str(report) for report in reports if not report.ok]


def test_emitted_units_equal_the_golden_model():
    assert differing(UNITS[:2], 50_000) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2, len(UNITS), 8), ids=UNITS[2::8])
def test_all_emitted_units_equal_the_golden_model(first):
    assert differing(UNITS[first : first + 8], 100_000) == []
