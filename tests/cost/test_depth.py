"""Depths are those of the circuits: known by hand for small blocks, by the mapped path of whole units, and by how they grow."""

from itertools import combinations, product

import numpy as np
import pytest

from hwmodel.cost.depth import GROUPS, LEVELS, NOMINAL, PARTS, depths, group_times
from hwmodel.cost.depth.adders import add, compress, multiplier, prefix_levels
from hwmodel.cost.depth.fixed import FixedSizes, add_fixed, sum_tree
from hwmodel.cost.depth.floats import register
from hwmodel.cost.depth.levels import FloatLevel, add_to_float
from hwmodel.cost.depth.paths import ALIGNADD, MULTIPLY, Number, Path, Word, even, latest, levels_of, start
from hwmodel.cost.depth.response import FIELDS, number_of, respond
from hwmodel.cost.depth.shifters import count_zeros, normalise, shift
from hwmodel.cost.structure.levels import total_width
from hwmodel.flow import load_card, synthesize
from hwmodel.flow.adders import adder_kind
from hwmodel.spec import MacSpec, parse_accumulator
from hwmodel.spec.dataflow import lane_product
from hwmodel.yosys import Yosys
from hwmodel_rtl import ADDERS, MULTIPLIERS, Architecture, emit

TREE, FULL, HALF = (LEVELS.index(kind) for kind in ("compressor", "full_adder", "half_adder"))
ADDER_OF = {"area": "ripple", "balanced": "brent_kung", "delay": "sklansky"}
"""How units are built for what a mapper aims at, as those of `MEASURED_PS` were."""

# fmt: off
UNITS = [
    "int8-int8-fx32", "int8-int8-fx24.sat", "uint8-uint8-fx24", "sm8-sm8-fx32", "int8-int8-fp32", "int4-e4m3fn-fp32", "int8-e4m3fn-fx40",
    "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-fx28f6.rne", "e2m1fn-e2m1fn-fx", "e4m3fn-e4m3fn-fp16", "e4m3nosub-e4m3nosub-fp16",
    "e4m3fn-e4m3fn-fp16.ftz", "e4m3fn-e4m3fn-fp16.unfused", "fp32-fp32-fp32", "bf16-int8-fp32.rtz", "e4m3fn-e4m3fn-fp32-p1",
    "e4m3fn-e4m3fn-fx-p2", "e5m2-e5m2-chunk64:e6m9:fp32", "int8-int8-chunk16:fx24:fp32", "e4m3fn-e4m3fn-chunk8:fp16:fp32-x2-p2",
    "posit8es1-posit8es1-posit8es1", "posit8-posit8-quire", "posit16es1-posit16es1-posit16es1.unfused-p2", "posit8-posit8-fx60f52-x3",
    "posit3es3-posit4-fx", "lns8-lns8-fx32", "elma8-elma8-fp32-p2", "nf4@fp16-nf4@fp16-fx-p2", "cfloat8e4m3-cfloat8e5m2-fp32-p1",
    "e4m3fn+e5m2-e4m3fn+e5m2-fp32", "int4+int8-uint4+uint8-fx32-p2", "fp16-fp16-fp16.sr8", "hfp8-hfp8-hfp8.sr5", "int8-int8-fx32-x4",
    "e4m3fn-e4m3fn-fx32f6.rne-x3-p2", "e5m2-e5m2-fp16-x2-p2", "fp16-fp16-tc4f23:fp32.rtz", "bf16-bf16-tc4f24:fp32.rtz-p1",
    "e4m3fn-e5m2-tc4f13:fp16.phases0110-p2", "mxint8-mxint8-fp32-x8", "mxfp8e4m3-mxfp8e4m3-fp32-x8-p2", "nvfp4-nvfp4-fp32-x16-p2",
    "mx9-mx9-fp32-x4", "vsq8-vsq4-fx40fm4.rne-x16-p2", "e4m3fn:4:e8m0fnu-e5m2:4:e8m0fnu-tc4f13:e8m13.rtz-p2", "fp80-fp80-fx200f60",
]
MEASURED_PS = {  # of `hwmodel synth` with the card sky130hd: area, balanced, delay
    "int8-int8-fx32": (9196, 5572, 4408), "e4m3fn-e4m3fn-fx-p1": (21712, 6664, 2524), "e5m2-e5m2-fx": (32814, 11376, 4311),
    "e4m3-e4m3-fp32": (34163, 16087, 9683), "fp16-fp16-fp16.unfused": (33986, 22717, 14679), "int8-int8-bf16": (23185, 14110, 9341),
    "posit8es1-posit8es1-posit8es1": (24902, 17895, 13180), "elma8-elma8-fp16": (21710, 15802, 10674),
    "nf4@e4m3fn-e4m3fn-fp16": (18937, 12224, 8846), "e4m3fn+e5m2-e4m3fn+e5m2-fp32": (33441, 17337, 10391),
    "int8-int8-fx32-x16": (24930, 9574, 8269), "e2m1fn-e2m1fn-fp32-x16": (42112, 22387, 14573),
    "bf16-bf16-tc2f24:fp32.rtz-p1": (31558, 25195, 16902), "msfp12-msfp12-fp16-x8": (22082, 16389, 10862),
}
# fmt: on


def depth(name: str, objective: str = "balanced", **built: str) -> np.ndarray:
    return depths(MacSpec.parse(name), objective=objective, **{"adder": ADDER_OF[objective], **built}).sum(axis=0)


def time_ps(name: str, objective: str = "balanced", **built: str) -> float:
    """Return the depth of a unit at nominal levels."""
    levels = depths(MacSpec.parse(name), objective=objective, **{"adder": ADDER_OF[objective], **built})
    return float((group_times(objective) @ levels.ravel()).sum())


@pytest.mark.parametrize(("rows", "levels"), [(2, 0), (3, 1), (4, 2), (6, 3), (9, 4), (13, 5), (19, 6), (28, 7), (42, 8), (63, 9)])
def test_a_compressor_tree_has_the_levels_of_dadda(rows, levels):
    begin = start(ALIGNADD, NOMINAL["balanced"])
    ways = [bit for _, row in compress([(12, [(begin, rows)])]) for bit in row]
    assert max(levels_of(way)[ALIGNADD, [TREE, HALF]].sum() for way in ways if way is not None) == levels


@pytest.mark.parametrize(
    ("adder", "levels"),
    [("sklansky", [2, 3, 4, 5, 6]), ("kogge_stone", [2, 3, 4, 5, 6]), ("brent_kung", [3, 5, 7, 9, 11]), ("sparse", [6, 7, 9, 11, 13])],
)
def test_prefix_adders_have_the_levels_of_their_networks(adder, levels):
    # Of 4, 8, 16, 32, 64 positions, the first of them the carry; log2 of them, up and (but for the last) down again for Brent and Kung.
    # Sparse ones ripple through three gates at both ends, over a quarter as many positions.
    assert [prefix_levels((1 << log) - (adder != "sparse"), adder) for log in range(2, 7)] == levels


def test_a_ripple_adder_has_one_full_adder_a_bit():
    word = even(start(ALIGNADD, NOMINAL["area"]))
    assert levels_of(latest(add(17, "ripple", word, word)))[ALIGNADD, FULL] == 17


def test_high_bits_of_what_is_shifted_have_less_of_a_chain_to_go():
    ways = sum_tree(2, 20, 0, 8, False, True, 24, True, "ripple", NOMINAL["area"])
    low, high, whole = (sum(levels for _, kind, levels in way if kind == FULL) for way in ways)
    assert low == whole == 20
    assert high == 13  # from the second on that is late


def test_ones_above_a_sum_do_not_wait_for_it():
    # 39 bits of an accumulator alone, counted up or down by what two numbers of 8 bits come to.
    ways = sum_tree(2, 8, 0, 0, False, True, 48, True, "ripple", NOMINAL["area"])
    assert all(kind != HALF for way in (ways.low, ways.high) for _, kind, _ in way)
    lone = sum_tree(2, 8, 0, 0, False, True, 200, True, "ripple", NOMINAL["area"]).whole
    assert max(levels for _, kind, levels in lone if kind == HALF) == 191


def test_a_shift_sets_gates_of_bits_that_stay_and_of_bits_that_move():
    begin = start(ALIGNADD, NOMINAL["area"])
    late = Word(begin, begin._replace(time=100.0))
    # Four bits moved by up to seven, the last time by four: seven may stay there, and six of ten places are moved to.
    assert levels_of(shift(begin, late, 3, 4, 10))[ALIGNADD, LEVELS.index("load")] == 13
    # Ten bits moved by leading zeros, eight places first.
    assert levels_of(normalise(begin, late, 10))[ALIGNADD, LEVELS.index("load")] == 12


def test_the_exponent_in_a_register_waits_for_no_mask():
    held = register(20, NOMINAL["balanced"])
    assert levels_of(held.exponent.high).sum() == 1
    assert held.significand.high.time > 5 * held.exponent.high.time


def test_rounding_to_even_takes_a_gate_more_than_cutting_off():
    more = depth("e4m3fn-e4m3fn-fx24f6.rne") - depth("e4m3fn-e4m3fn-fx24f6")
    assert more.tolist() == [float(kind == "gate") for kind in LEVELS]


def test_a_multiplier_is_its_tree_and_its_adder():
    # The last adder has six bits. From its second on, which is late by a level of the tree, there are five to go; from the third on, four.
    counted = {kind: levels for _, kind, levels in multiplier(4, 4, "baugh_wooley", "ripple", MULTIPLY, NOMINAL["area"])[1]}
    assert sum(counted.get(kind, 0) for kind in (TREE, FULL, HALF)) == 6
    assert counted[LEVELS.index("gate")] == 1


def test_a_normalising_shift_has_a_multiplexer_for_each_bit_of_its_count():
    value = start(ALIGNADD, NOMINAL["delay"])
    muxes = [levels_of(normalise(value, count_zeros(value, bits), bits))[ALIGNADD, LEVELS.index("mux")] for bits in (1, 2, 3, 8, 9, 64)]
    assert muxes == [0, 1, 2, 3, 4, 6]


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


@pytest.mark.parametrize("name", ["int8-int8-fx32", "int8-int8-fx32-x4"])
def test_full_adders_are_those_of_the_mapped_path(name, yosys):
    unit = emit(MacSpec.parse(name), Architecture("ripple"), yosys=yosys)
    mapped = synthesize(unit.verilog, unit.name, load_card("sky130hd"), yosys, objective="area")
    cells = {instance.name: instance.cell for instance in mapped.parted.instances}
    kinds = [adder_kind(cells[step.instance]) for step in mapped.parted_timing.path]
    assert depth(name, "area")[[TREE, FULL]].sum() == sum(kind is not None and kind[0] == "full" for kind in kinds)


@pytest.mark.parametrize("objective", NOMINAL)
def test_nominal_levels_tell_what_was_measured(objective):
    measured = np.array([figures[list(NOMINAL).index(objective)] for figures in MEASURED_PS.values()])
    told = np.array([time_ps(name, objective) for name in MEASURED_PS])
    off = told / measured
    off /= off.mean()  # one scale for all
    assert np.abs(off - 1).mean() < 0.10
    assert np.abs(off - 1).max() < 0.30


@pytest.mark.parametrize("objective", NOMINAL)
@pytest.mark.parametrize("name", UNITS)
def test_every_unit_has_a_depth(name, objective):
    for adder in ADDERS:
        for multiplier_kind in MULTIPLIERS:
            levels = depths(MacSpec.parse(name), adder, multiplier_kind, objective)
            assert levels.shape == (len(PARTS), len(LEVELS))
            assert levels.min() >= 0
            assert levels.sum() > 0


@pytest.mark.parametrize("objective", NOMINAL)
@pytest.mark.parametrize(
    "names",
    [
        [f"int{bits}-int{bits}-fx40" for bits in (3, 4, 6, 8, 12, 16)],
        [f"int8-int8-fx{bits}f0" for bits in (20, 24, 32, 48, 64)],
        [f"int8-int8-fx32-x{lanes}" for lanes in (1, 2, 4, 8, 16, 32)],
        [f"e4m3fn-e4m3fn-fx-x{lanes}" for lanes in (2, 4, 8, 16)],
        [f"e5m{bits}-e5m{bits}-fp32" for bits in (2, 4, 8, 12)],
        [f"e4m3fn-e4m3fn-e8m{bits}" for bits in (5, 7, 10, 15, 23)],
        [f"fp16-fp16-tc{lanes}f23:fp32.rtz" for lanes in (2, 4, 8, 16)],
    ],
    ids=lambda names: names[0],
)
def test_wider_units_are_deeper(names, objective):
    times = [time_ps(name, objective) for name in names]
    assert times == sorted(times)


@pytest.mark.parametrize("objective", NOMINAL)
def test_nothing_is_subtracted_from_a_sum_that_only_grows(objective):
    for acc in ("fp16", "fp32", "bf16.unfused"):
        signed, unsigned = (time_ps(f"{fmt}-{fmt}-{acc}-p1", objective, adder=ADDER_OF[objective]) for fmt in ("sm8", "uint7"))
        assert unsigned < 0.97 * signed


def test_registers_cut_the_way_and_adders_shorten_it():
    for name in ("int8-int8-fp32", "fp16-fp16-fp32", "e4m3fn-e4m3fn-fx-x4", "mxfp8e4m3-mxfp8e4m3-fp32-x8", "posit8-posit8-fp32"):
        assert time_ps(f"{name}-p2") <= time_ps(f"{name}-p1") < time_ps(name)
        assert time_ps(name, adder="brent_kung") > time_ps(name, adder="sklansky") >= time_ps(name, adder="kogge_stone")
        assert time_ps(name, "area", adder="ripple") > time_ps(name, "delay", adder="sklansky")


def test_a_way_runs_through_parts_in_their_order():
    levels = depths(MacSpec.parse("fp16-fp16-fp32"))
    assert (levels.sum(axis=1) > 0).all()
    integers = depths(MacSpec.parse("int8-int8-fx32"))[PARTS.index("multiply")]
    assert integers[TREE] + integers[HALF] == 4  # eight rows
    behind = depths(MacSpec.parse("fp16-fp16-fp32-p1"))
    assert not behind[: PARTS.index("alignadd")].any()


def test_every_level_of_every_part_is_learnt_by_itself():
    times = group_times("balanced")
    assert times.shape == (len(GROUPS), len(PARTS) * len(LEVELS))
    place = GROUPS.index("alignadd full_adder")
    assert (times[place] != 0).sum() == 1
    assert times[place].sum() == 100 * NOMINAL["balanced"][PARTS.index("alignadd")][FULL]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"adder": "carry_save"}, "adder 'carry_save' is not one of ripple, brent_kung, sparse, sklansky, kogge_stone"),
        ({"multiplier": "array"}, "multiplier 'array' is not one of baugh_wooley, booth"),
        ({"objective": "speed"}, "objective 'speed' is not one of area, balanced, delay"),
    ],
)
def test_unknown_choices_are_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        depths(MacSpec.parse("int8-int8-fx32"), **given)


def _float_walk(name: str, adder: str):
    acc, term = parse_accumulator(name), lane_product(MacSpec.parse(f"e4m3fn-e5m2-{name}"))
    level = FloatLevel.of(acc, term)

    def walk(number: Number) -> list[Path]:
        added, total, end = add_to_float(number, level, adder)
        return [end, total, latest(added.significand)]

    return walk


def _fixed_walk(name: str, adder: str):
    spec = MacSpec.parse(name)
    fixed, shape = spec.fixed_point(spec.acc), lane_product(spec)
    sizes = FixedSizes.of(shape, spec.lanes, fixed, total_width(fixed, shape.magnitude, shape.lsb, spec.lanes), spec.acc.rounding)
    return lambda number: [add_fixed(number, sizes, adder)]


WALKS = {
    "float": lambda adder: _float_walk("fp16", adder),
    "rounded before": lambda adder: _float_walk("fp16.unfused", adder),
    "stochastic": lambda adder: _float_walk("e5m7.sr6", adder),
    "fixed": lambda adder: _fixed_walk("e4m3fn-e5m2-fx", adder),
    "rounded to fixed": lambda adder: _fixed_walk("e4m3fn-e5m2-fx24f6.rne", adder),
    "tree": lambda adder: _fixed_walk("e4m3fn-e5m2-fx-x4", adder),
    "posits": lambda adder: _fixed_walk("posit6es1-posit8es1-fx24f6", adder),
}


@pytest.mark.parametrize("objective", NOMINAL)
@pytest.mark.parametrize("name", WALKS)
def test_a_response_says_when_a_part_is_done_whatever_it_is_given(name, objective):
    weights, draw = NOMINAL[objective], np.random.default_rng(5)
    walk = WALKS[name](ADDER_OF[objective])
    response = respond(ALIGNADD, weights, walk)
    for _ in range(50):
        times = np.append(draw.choice([0.0, 3.7, 20.1, 300.0], FIELDS) * draw.random(FIELDS), 0.0)
        number = number_of([start(ALIGNADD, weights)._replace(time=time) for time in times[:FIELDS]])
        for i, path in enumerate(walk(number)):
            arriving = times + response.times[i]
            assert path.time == pytest.approx(arriving.max(), rel=1e-12)
            np.testing.assert_allclose(levels_of(path).ravel(), response.levels[i, arriving.argmax()], rtol=1e-12)


def test_what_does_not_look_at_a_field_has_no_way_from_it():
    response = respond(ALIGNADD, NOMINAL["balanced"], lambda number: [number.flags, start(ALIGNADD, NOMINAL["balanced"])])
    assert response.times.tolist() == [[*[-np.inf] * 4, 0.0, -np.inf, -np.inf], [*[-np.inf] * FIELDS, 0.0]]


@pytest.mark.parametrize("weights", NOMINAL.values())
def test_no_two_kinds_of_levels_make_up_for_each_other(weights):
    """As round figures would; sums of doubles are off by 1e-12."""
    counts, own = np.array([each for each in product(range(-3, 4), repeat=4) if any(each)]), np.array(weights)
    in_one_part = [own[part, list(kinds)] for part in range(len(PARTS)) for kinds in combinations(range(len(LEVELS)), 4)]
    pairs = list(product(combinations(range(len(PARTS)), 2), combinations(range(len(LEVELS)), 2)))
    in_two_parts = [own[np.ix_(parts, kinds)].ravel() for parts, kinds in pairs]
    for each in in_one_part + in_two_parts:
        assert np.abs(counts @ each).min() > 1e-10
