"""Operands of energy figures: what they are drawn from, a user's files, and what is refused."""

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.flow import load_card, switching, synthesize
from hwmodel.spec import MacSpec, SpecError, parse_format
from hwmodel.sweep.operands import GAUSSIAN, AllCodes, Given, Operands, gaussian_sigma, parse_operands
from hwmodel.sweep.rows import check_states, mapped_row
from hwmodel.sweep.stimulus import operand_streams
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit

NAMES = ["gaussian", "uniform", "laplace", "student:5", "lognormal", "offset", "relu", "codes"]


def _codes(name: str, fmt: str, count: int = 20_000) -> np.ndarray:
    source = parse_operands([name]).sources[0]
    return source.codes(parse_format(fmt), (count // 10, 10, 1), np.random.default_rng(4))


@pytest.fixture
def save(tmp_path):
    """Function: an array saved as a .npy file of a name; returns the path as text."""

    def to_file(name: str, data: object) -> str:
        np.save(tmp_path / name, np.asarray(data))
        return str(tmp_path / name)

    return to_file


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fmt", ["int8", "uint4", "e4m3fn", "e2m1fn", "fp16", "nf4@fp16", "posit8"])
def test_every_source_gives_finite_numbers(name, fmt):
    values = golden.decode(_codes(name, fmt), parse_format(fmt))
    assert np.isfinite(values).all()
    assert len(np.unique(values)) > 4


def test_shapes_of_distributions():
    int8, fp16 = parse_format("int8"), parse_format("fp16")
    assert np.mean(golden.decode(_codes("relu", "int8"), int8) == 0) == pytest.approx(0.5, abs=0.03)
    assert golden.decode(_codes("uniform", "int8"), int8).max() == 127, "scaled to the range"
    assert np.std(golden.decode(_codes("uniform", "int8"), int8)) == pytest.approx(127 / 3**0.5, rel=0.03)
    assert np.std(golden.decode(_codes("laplace", "fp16"), fp16)) == pytest.approx(2**0.5, rel=0.05)
    assert np.std(golden.decode(_codes("gaussian", "int8"), int8)) == pytest.approx(gaussian_sigma(int8), rel=0.03)
    assert np.mean(golden.decode(_codes("offset", "fp16"), fp16)) == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("name", ["int2", "sm2", "uint2", "int3"])
def test_the_narrowest_integers_are_zeros_half_of_the_time(name):
    values = golden.decode(_codes("gaussian", name), parse_format(name))
    assert np.mean(values == 0) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("name", ["e4m3b-7", "e2m1b-2none", "e5m2b-30", "e4m3"])
def test_floats_far_from_one_are_fed_numbers_that_they_have(name):
    fmt = parse_format(name)
    values = golden.decode(_codes("gaussian", name), fmt)
    assert np.mean(values == 0) < 0.25
    assert len(np.unique(np.frexp(values[values != 0])[1])) > 2, "several binades"


def test_floats_beyond_float64_are_refused():
    with pytest.raises(SpecError, match=r"e4m3b-2000 reaches to 2\^2014, and operands are drawn in float64"):
        gaussian_sigma(parse_format("e4m3b-2000"))


def test_codes_are_all_finite_codes_alike():
    codes, counts = np.unique(_codes("codes", "e4m3fn", 254_000), return_counts=True)
    assert codes.tolist() == [code for code in range(256) if code not in (0x7F, 0xFF)]  # OCP OFP8: the two NaNs of E4M3
    assert counts.min() > 800
    assert counts.max() < 1200


@pytest.fixture(scope="module")
def mapped():
    """By name: units and their gates."""
    with Yosys() as yosys:
        units = [
            emit(MacSpec.parse(name), yosys=yosys)
            for name in ("int4-uint4-fx16", "e3m2fn+e2m1fn-e2m1fn-e4m3fn-p1", "mxfp4-mxfp4-fx16f4-x2")
        ]
        return {str(unit.spec): synthesize(unit.verilog, unit.name, load_card(), yosys) for unit in units}


def _spent(mapped, name: str, operands: Operands) -> float:
    """Return the energy of a unit, whose state must be that of its golden model after every step."""
    spec = MacSpec.parse(name)
    fed = operands.for_lanes(spec.lanes)
    stimulus = operand_streams(spec, fed.steps, fed.streams, np.random.default_rng(1), fed.sources)
    energy = switching(mapped[name], stimulus, glitches=False)
    check_states(spec, stimulus, energy.activity.outputs["acc"])
    assert 0 < energy.settled.ci_fj < energy.settled.total_fj
    return energy.settled.total_fj


@pytest.mark.parametrize("names", [["uniform"], ["laplace"], ["relu", "gaussian"], ["codes"], ["lognormal:2", "student"], ["offset"]])
def test_netlists_keep_to_the_golden_model_on_every_source(mapped, names):
    for unit in mapped:
        if "mx" not in unit or "codes" not in names:
            assert _spent(mapped, unit, parse_operands(names, 20, 16)) > 0


def test_idle_zeros_cost_less(mapped):
    spent = [_spent(mapped, "int4-uint4-fx16", parse_operands(names, 40, 16)) for names in (["codes"], ["gaussian"], ["relu", "gaussian"])]
    assert spent[0] > spent[1] > spent[2]


def test_files_serve_every_kind_of_operand(mapped, save):
    operands = parse_operands([save("acts.npy", np.random.default_rng(1).standard_normal((5, 64)).astype(np.float32)), "gaussian"])
    for unit in mapped:
        if "uint" not in unit:
            assert _spent(mapped, unit, operands) > 0


def test_the_row_tells_the_operands_and_both_energies():
    with Yosys() as yosys:
        row = mapped_row(MacSpec.parse("int4-int4-fx16"), load_card(), yosys, operands=parse_operands(["relu", "student"], 20, 16))
    assert row["energy_operands"] == "relu, student:3"
    assert row["energy_macs"] == 320
    assert row["energy_timed_per_product_fj"] == row["energy_timed_fj"] > row["energy_fj"] > row["energy_ci_fj"] > 0


def test_a_file_holds_both_operands_stream_by_stream(save):
    data = np.arange(2 * 3 * 8).reshape(2, 3, 8) % 7 - 3
    operands = parse_operands([save("both.npy", data)]).for_lanes(2)
    assert (operands.steps, operands.streams, str(operands)) == (4, 3, "both.npy")
    spec = MacSpec.parse("int4-e4m3fn-fp32-x2")
    ports = operand_streams(spec, 4, 3, np.random.default_rng(0), operands.sources)
    for name, fmt, own in (("a", spec.a, data[0]), ("b", spec.b, data[1])):
        shown = golden.decode(ports[name], fmt)
        assert shown.shape == (4 + spec.latency, 3, 2)
        for step in range(4):
            np.testing.assert_array_equal(shown[step], own[:, 2 * step : 2 * step + 2])
        np.testing.assert_array_equal(shown[4], shown[3])  # idle


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([np.zeros((3, 8))], r"both.npy holds an array of shape \(3, 8\), and a file for both operands is \(2, streams, numbers\)"),
        (
            [np.zeros((2, 3, 8)), np.zeros((3, 8))],
            r"a.npy holds an array of shape \(2, 3, 8\), and a file for one operand is \(streams, numbers\)",
        ),
        ([np.zeros((3, 8)), np.zeros((3, 9))], r"a.npy is of shape \(3, 8\) and b.npy of \(3, 9\); they must be alike"),
        ([np.zeros((2, 3, 9))], "both.npy has rows of 9 numbers, which steps of 2 lanes do not divide"),
        (
            [np.zeros((2, 3, 2))],
            "both.npy of 3 streams of 1 steps is too short for a figure: toggles need two steps, and an interval two streams",
        ),
        ([np.zeros((2, 1, 8))], "both.npy of 1 streams of 4 steps is too short for a figure"),
        ([np.full((2, 3, 8), 1e3)], "both.npy holds 24 numbers such as 1000, and int4 reaches from -8 to 7; scale them first"),
        ([np.full((2, 3, 8), 0.1)], "all numbers of both.npy become zero in int4, whose largest is 7; scale them first"),
        ([np.full((2, 3, 8), np.nan)], "both.npy holds 48 NaN or infinite entries"),
        ([np.full((2, 3, 8), "x")], "both.npy holds <U1; data are real numbers"),
        ([np.zeros((2, 0, 8))], "both.npy holds an empty array"),
    ],
)
def test_files_that_do_not_suit_get_a_sentence(save, files, sentence):
    paths = [save(name, data) for name, data in zip(["both.npy"] if len(files) == 1 else ["a.npy", "b.npy"], files, strict=True)]

    def feed() -> None:
        fed = parse_operands(paths).for_lanes(2)
        operand_streams(MacSpec.parse("int4-int4-fx16-x2"), fed.steps, fed.streams, np.random.default_rng(0), fed.sources)

    with pytest.raises(SpecError, match=sentence):
        feed()


def test_names_and_lengths_that_do_not_suit_get_a_sentence(save):
    for texts, sentence in [
        (["gausian"], "unknown operands 'gausian': allowed are uniform, gaussian, .*, codes, or a .npy file; did you mean gaussian?"),
        (["student:x"], "distribution 'student:x': the degrees of freedom x is not a number"),
        (["gaussian-rows"], "the operands gaussian-rows are of rows of a tensor, and streams have none; use gaussian"),
        (["relu"] * 3, "operands were named 3 times; name them once for both, or once for a and once for b"),
    ]:
        with pytest.raises(SpecError, match=sentence):
            parse_operands(texts)
    with pytest.raises(SpecError, match=r"both\.npy says itself how many steps and streams there are; leave them out"):
        parse_operands([save("both.npy", np.zeros((2, 4, 4)))], steps=4)
    for operands, sentence in [
        (Operands(GAUSSIAN.sources, 1, 64), "a run of 64 streams of 1 steps is too short for a figure"),
        (Operands(GAUSSIAN.sources, 128, 1), "a run of 1 streams of 128 steps is too short for a figure"),
        (Operands(GAUSSIAN.sources, 1 << 20, 8), "8 streams of 1048576 steps make 8,388,608 products, and 4,194,304 are the most"),
    ]:
        with pytest.raises(SpecError, match=sentence):
            operands.for_lanes(1)
    with pytest.raises(SpecError, match="the operands codes are for scalar formats"):
        operand_streams(MacSpec.parse("mxfp4-mxfp4-fp32-x2"), 4, 2, np.random.default_rng(0), (AllCodes(), AllCodes()))
    with pytest.raises(SpecError, match=r"x\.npy holds 1 numbers such as -1, and uint4 reaches from 0 to 15"):
        Given("x.npy", np.array([[-1.0, 1.0]])).codes(parse_format("uint4"), (2, 1, 1), np.random.default_rng(0))
