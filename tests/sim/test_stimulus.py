"""The plan reaches what it promises, before any simulator runs."""

import numpy as np
import pytest

from hwmodel.golden import decode
from hwmodel.spec import CodebookFormat, MacSpec, parse_format, parse_operand
from hwmodel_sim import choices, expected, operands, tape
from hwmodel_sim.harness import Harness
from hwmodel_sim.planning import Reach, plan

FORMATS = ["int8", "uint8", "sm8", "e4m3fn", "e5m2", "e4m3", "e4m3fnuz", "e2m1fn", "e4m3fnu", "e3m4nosub", "e8m0fnu", "cfloat8e5m2b15half"]
FORMATS += ["nf4@fp16", "af4@bf16", "lns8", "lns6g4", "elma8"]


@pytest.mark.parametrize("name", FORMATS)
def test_codes_are_what_the_golden_decoder_says(name):
    fmt = parse_format(name)
    codes = np.arange(1 << fmt.width, dtype=np.uint64)
    value = decode(codes, fmt)
    np.testing.assert_array_equal(operands.is_nan(codes, fmt), np.isnan(value))
    np.testing.assert_array_equal(operands.is_inf(codes, fmt), np.isinf(value))
    finite = np.isfinite(value)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(operands.log2_magnitude(codes, fmt)[finite], np.log2(np.abs(value[finite])))
    if isinstance(fmt, CodebookFormat):
        # A codebook need not have the negated number; then it is the nearest.
        gaps = np.abs(value[operands.negate(codes, fmt).astype(int)] + value)
        np.testing.assert_array_equal(gaps, np.abs(value[:, None] + value).min(axis=1))
    elif fmt.signed:
        lowest = value == (-(1 << (fmt.width - 1)) if name == "int8" else np.nan)
        np.testing.assert_array_equal(decode(operands.negate(codes, fmt), fmt)[finite & ~lowest], -value[finite & ~lowest])
    np.testing.assert_array_equal(operands.sign(codes, fmt) & finite & (value != 0), finite & (value < 0))


@pytest.mark.parametrize("name", [*FORMATS, "fp16", "bf16", "fp32", "int16", "e11m52"])
def test_directed_codes_are_finite_and_in_range(name):
    fmt = parse_format(name)
    codes = operands.draw(fmt, np.random.default_rng(0), (64, 64))
    assert int(codes.max()) < 1 << fmt.width
    assert not operands.is_special(codes, fmt).any()
    assert len(np.unique(codes)) > min(1 << fmt.width, 1000) / 4


def states(unit: str, vectors: int = 300_000):
    spec = MacSpec.parse(unit)
    rng = np.random.default_rng(0)
    return expected.cover(spec, [expected.play(spec, part, rng) for part in plan(spec, 3, vectors, 8, Reach())])


def test_every_format_of_an_operand_is_chosen_and_words_are_codes_and_modes():
    operand = parse_operand("e2m1fn+e4m3fn+e5m2")
    words = operands.draw(operand, np.random.default_rng(0), (256, 64))
    codes, modes = choices.split(words, operand)
    np.testing.assert_array_equal(choices.join(codes, modes, operand), words)
    assert (np.bincount(modes.astype(int).ravel()) > 2000).all(), "all four modes, the one past the last format too"
    changes = (np.diff(modes.astype(int), axis=0) != 0).mean()
    assert 0.1 < changes < 0.9, "stories keep to a mode for a while, and change it in mid-stream"
    narrow = codes[modes == 0]
    assert len(np.unique(narrow)) > 200, "what is above a narrow code is noise"
    value = decode(narrow & np.uint64(15), parse_format("e2m1fn"))
    np.testing.assert_array_equal(decode(operands.negate(words, operand)[modes == 0] & np.uint64(15), parse_format("e2m1fn")), -value)
    np.testing.assert_array_equal(choices.split(operands.negate(words, operand), operand)[1], modes)
    # 0x7f is NaN as e4m3fn, and as e5m2 too, where 0x7c is infinite; as e2m1fn it is a number.
    word = np.array([0x7F | mode << 8 for mode in range(4)], np.uint64)
    np.testing.assert_array_equal(operands.is_nan(word, operand), [False, True, True, True])
    np.testing.assert_array_equal(operands.is_inf(word - np.uint64(3), operand), [False, False, True, True])


def test_a_unit_of_two_formats_meets_every_pair_of_modes():
    spec = MacSpec.parse("e2m1fn+e3m2fn-e2m1fn+e3m2fn-fp16")
    coverage = states("e2m1fn+e3m2fn-e2m1fn+e3m2fn-fp16", 100_000)
    assert coverage.pairs_met == coverage.pairs == 1 << 14
    part = plan(spec, 3, 20_000, 8, Reach())[0]
    assert set(part.others) == {"mode_a", "mode_b"}
    assert (np.bincount((2 * part.others["mode_a"] + part.others["mode_b"]).astype(int)[part.valid]) > 1000).all()


def test_a_float_accumulator_is_brought_everywhere():
    coverage = states("e4m3fn-e4m3fn-fp16")
    for state in ("cleared", "zero", "subnormal", "normal", "huge", "inf", "nan"):
        assert coverage.states[state] > 1000, state
    assert coverage.states["nan"] + coverage.states["inf"] < coverage.vectors / 4, "most pairs shall meet finite accumulators"
    assert coverage.pairs_met == 1 << 16
    for event in ("to inf", "to nan", "to zero", "idle"):
        assert coverage.events[event] > 1000, event


def test_a_fixed_accumulator_is_brought_over_its_end():
    coverage = states("e5m2-e5m2-fx", 400_000)
    assert coverage.events["overflow"] >= 8
    assert coverage.events["invalid"] > 100
    assert coverage.states["huge"] > 1000


@pytest.mark.slow
def test_every_pair_meets_several_accumulators():
    assert states("e4m3fn-e4m3fn-fp32", 24 << 16).least_meetings >= 4


def test_a_reset_kills_what_is_in_flight():
    spec = MacSpec.parse("int4-int4-fx16-p2")
    cycles = 12
    valid = np.ones((cycles, 1), bool)
    rst = np.zeros(cycles, bool)
    rst[6] = True
    count = np.arange(1, cycles + 1, dtype=np.uint64)[:, None]
    count[6:] = np.arange(cycles - 6, dtype=np.uint64)[:, None]
    flags = np.zeros_like(valid)
    played = tape.Tape({"valid": valid}, rst, {"acc": count, "overflow": flags, "invalid": flags}, np.zeros(1, int))
    shown = played.extended(20).expected(spec)
    # One cycle of the harness's input register, then latency 3: the step of cycle t is seen at t + 4.
    np.testing.assert_array_equal(shown["acc"][4:12, 0], [1, 2, 3, 4, 0, 0, 0, 1])
    np.testing.assert_array_equal(shown["acc_valid"][4:12, 0], [1, 1, 1, 1, 0, 0, 0, 1])


def test_the_harness_names_every_port_once():
    text = Harness(MacSpec.parse("e5m2-e5m2-chunk4:fx24:fp16"), copies=2, cycles=4).verilog("harness", "unit")
    for port in ("clk", "rst", "valid", "clear", "a", "b", "flush", "acc", "acc_valid", "overflow", "invalid"):
        assert text.count(f".{port}({port})") == 1


def test_random_bits_are_uniform_and_often_at_their_ends():
    spec = MacSpec.parse("e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr4")
    parts = plan(spec, 3, 100_000, 8, Reach())
    assert all(part.port("rand").shape == part.valid.shape for part in parts)
    rand = parts[0].port("rand")
    low, high = rand & np.uint64(255), rand >> np.uint64(8)
    for level, ones in ((low, 255), (high, 15)):
        share = np.bincount(level.ravel().astype(int), minlength=ones + 1) / level.size
        assert share.min() > 0.2 / (ones + 1)
        assert min(share[0], share[ones]) > 0.1
    assert set(np.unique(low[high == 15])) >= {0, 255}
