"""Structural counts are those of the circuits: the adders in the emitted Verilog, the flip-flops, and how they grow."""

import inspect
import json
import re

import numpy as np
import pytest

from hwmodel import cost
from hwmodel.cost.structure.adders import ADDERS as COST_ADDERS
from hwmodel.cost.structure.cells import CELLS, cells_of_shares, counts_of
from hwmodel.cost.structure.idle import SCALED, binades_of_sums, unreached
from hwmodel.cost.structure.multipliers import MULTIPLIERS as COST_MULTIPLIERS
from hwmodel.cost.structure.multipliers import multiplier_rows
from hwmodel.spec import MacSpec
from hwmodel.spec.dataflow import lane_product
from hwmodel.yosys import Yosys
from hwmodel_rtl import ADDERS, MULTIPLIERS, Architecture, emit

# fmt: off
UNITS = [
    "int8-int8-fx32", "int4-int4-fx", "uint8-int8-fx24.sat", "sm8-sm8-fx32", "int16-int8-fx48-p2", "int8-int8-fp32",
    "int8-int8-fx20fm2", "int4-e4m3fn-fp32", "int8-e4m3fn-fx40", "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-fx32f6",
    "e4m3fn-e4m3fn-fx28f6.rne.sat", "e5m2-e5m2-fx", "e2m1fn-e2m1fn-fx", "e1m3-e1m3-fx", "e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fp32",
    "e4m3-e4m3-fp32.rtz", "e5m2-e5m2-fp16", "e5m2-e4m3fn-bf16.rna", "e3m4-e3m4-e6m9", "e2m1fn-fp16-fp32", "e4m3fnuz-e4m3fnuz-fp32",
    "e4m3nosub-e4m3nosub-fp16", "e4m3fn-e4m3fn-fp16.ftz", "e4m3fn-e4m3fn-fp16.unfused", "fp16-fp16-fp16.unfused", "fp16-fp16-fp16",
    "bf16-bf16-fp32", "fp32-fp32-fp32", "bf16-int8-fp32.rtz", "e4m3fn-e4m3fn-fp32-p1", "e4m3fn-e4m3fn-fx-p2",
    "e5m2-e5m2-chunk64:e6m9:fp32", "int8-int8-chunk16:fx24:fp32", "int8-int8-chunk16:fx20:fx32", "e4m3fn-e4m3fn-chunk1:fp16:fp32",
    "posit8es1-posit8es1-posit8es1", "posit8-posit8-quire", "posit5es3-posit5es3-quire-p1", "posit8-int8-fx", "posit8es0-posit8es0-fp16",
    "posit8es1-posit8es1-fx38f24", "posit16-posit6es1-fx40f8.rne-p2", "posit3es3-posit4-fx", "posit8-posit8-fx60f52-x3",
    "posit16es1-posit16es1-posit16es1.unfused-p2", "posit3es3-posit4-posit5es3", "e4m3fn-posit8-posit8es1", "int8-int4-posit8es0",
    "nf4@fp16-fp16-fp32", "nf4@fp16-nf4@fp16-fx-p2", "e8m0fnu-int8-fx", "lns8-lns8-fx32", "elma8-elma8-fp32-p2",
    "e4m3fn+e5m2-e4m3fn+e5m2-fp32", "int8+e4m3fn-e2m1fn+e4m3fn-fx", "cfloat8e4m3-cfloat8e5m2-fp32-p1",
    "cfloat16shp-cfloat8e4m3b7half-fx",
    "fp16-fp16-fp16.sr8", "e5m2-e5m2-fp32.sr16-p2", "int8-int8-fp16.sr4", "e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr4",
    "e5m2-e5m2-chunk64:dlfloat16:dlfloat16", "hfp8-hfp8-dlfloat16.rtz", "e4m3fn-e4m3fn-e6m9nosub.rna", "e4m3fn-e4m3fn-dlfloat16.unfused",
    "fp16-fp16-dlfloat16.sr12", "hfp8-hfp8-hfp8.sr5", "e4m3fn-e4m3fn-e5m0fnnosub.sr3",
    "int4+int8-uint4+uint8-fx32-p2", "int4+uint8-e4m3fn-fp16",
    "int8-int8-fx32-x4", "int8-int8-fx24.sat-x3-p2", "uint4-int8-fp16-x5-p1", "int4+int8-int8-fp32-x2-p2", "sm8-sm8-fx32-x2-p1",
    "int8-int8-fx20fm2-x4", "e4m3fn-e4m3fn-fx-x4", "e4m3fn-e4m3fn-fx32f6.rne-x3-p2", "e4m3fn-e4m3fn-fp32-x8", "e5m2-e5m2-fp16-x2-p2",
    "e5m2-e4m3fn-fp16.unfused-x2", "e2m1fn-e2m1fn-fp32-x16-p1", "nf4@fp16-int8-fp32-x2", "posit8es1-posit8es1-posit8es1-x4",
    "posit6es1-posit6es1-quire-x4-p1", "lns8-lns8-fp32-x2", "lns6g4-lns6g4-fx-x3", "int8-int8-chunk16:fx24:fp32-x4",
    "e4m3fn-e4m3fn-chunk8:fp16:fp32-x2-p2", "e4m3fn+e5m2-e5m2-fp32-x2", "uint4-uint4-posit8es1-x2", "fp16-e2m1fn-fp16.sr8-x4-p1",
    "fp16-fp16-tc4f23:fp32.rtz", "fp16-fp16-tc8f24:fp16", "bf16-bf16-tc4f24:fp32.rtz-p1", "e4m3fn-e4m3fn-tc8f13:e8m13.rtz-p2",
    "e5m2-e5m2-tc4f13:e8m13.rtz", "e2m1fn-e4m3fn-tc2f3:fp32.late", "e4m3fn-e4m3fn-tc1f20:bf16", "e2m1fn-e2m1fn-tc3f6:e4m3fn.rtz",
    "e3m2fn-e5m2-tc4f10:e5m2.late-p2", "fp32-fp32-tc2f30:fp32",
    "e4m3fn-e5m2-tc4f13:fp16.phases0110-p2", "e2m1fn-e2m1fn-tc3f4:e3m2fn.rtz.phases201",
    "mxint8-mxint8-fp32-x8", "mxfp8e4m3-mxfp8e4m3-fp32-x8-p2", "mxfp8e5m2-mxfp8e4m3-fp16-x4-p1", "mxfp4-mxfp4-fp32-x32-p1",
    "nvfp4-nvfp4-fp32-x8", "nvfp4-nvfp4-fp32-x16-p2", "mx9-mx9-fp32-x4", "mx4-mx4-bf16-x1-p1", "msfp12-msfp12-fp16-x8",
    "mxfp4-bf16-fp32-x2",
    "flex16-flex16-fp32-x2", "flex16-int8-fx40f20-x2-p1", "vsq4-vsq4-fx48f0-x2", "vsq8-vsq4-fx40fm4.rne-x16-p2", "mxint8-mxint8-fx32f8-x8",
    "mxfp4-mxfp4-fx40f6.rne-x2-p2", "nvfp4-msfp13-fp32-x2", "mxfp6e2m3-mxfp6e3m2-fp32.sr8-x2-p1",
    "e4m3fn:4:e8m0fnu-e5m2:4:e8m0fnu-tc4f13:e8m13.rtz-p2", "e4m3fn:4:e8m0fnu-e5m2-tc4f13:fp16.phases0011", "mxfp4-mxfp4-tc32f10:fp32.late",
    "e4m3b7half-e4m3b7half-tc2f12:fp32-p2", "mxfp8e4m3-e4m3fn-tc32f25:fp32.rtz-p1",
]
# fmt: on

ARCHITECTURES = [
    Architecture(adder="ripple"),
    Architecture(adder="sparse"),
    Architecture(adder="sklansky", multiplier="booth"),
    Architecture(adder="kogge_stone", multiplier="booth"),
]


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


def adders_in(verilog: str) -> tuple[int, int]:
    """Return how many full and half adders are instantiated."""
    full, half = (len(re.findall(rf"__{kind} \w+ \(", verilog)) for kind in ("fa", "ha"))
    return full, half


def check(spec: MacSpec, architecture: Architecture, yosys: Yosys) -> None:
    total = cost.counts(spec, architecture.adder, architecture.multiplier).total
    counted = (total.placed_full_adder, total.placed_half_adder)
    assert counted == adders_in(emit(spec, architecture, yosys=yosys).verilog), f"{spec} {architecture}"
    assert total.full_adder <= total.placed_full_adder


@pytest.mark.parametrize("name", UNITS)
def test_adders_are_those_of_the_verilog(name, yosys):
    check(MacSpec.parse(name), Architecture(), yosys)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "int8-int8-fx32",
        "uint8-int8-fx24.sat",
        "fp16-fp16-fp16",
        "e5m2-e5m2-chunk64:e6m9:fp32",
        "fp16-fp16-dlfloat16.sr12",
        "posit16-posit8-fx",
        "sm8-sm8-fx40f10",  # adders below the products' lowest bit
        "e4m3fn-e4m3fn-fx60f40",
    ],
)
def test_adders_are_those_of_the_verilog_in_other_architectures(name, architecture, yosys):
    check(MacSpec.parse(name), architecture, yosys)


@pytest.mark.parametrize(
    "name",
    [
        "e3m1-e3m1-tc2f10:fp32",  # a window of fewer bits than the register has
        "e2m1fn-e2m1fn-tc2f4:fp32.rtz",
        "e4m3fn-e4m3fn-tc2f16:fp16",
        "e2m1fn-e4m4fn-chunk8:fp32:fx60",  # the float has no flags that could be a cycle late
        "int8-int8-chunk16:fx24:fx40",
        "posit8-hfp8-fx48f20-p1",  # the highest bit of the exponent tells nothing of how far a product is shifted
        "posit16es3-bf16-fx512f100-p1",
        "sm8-int5-fx32f8-p1",  # only an int5 alone has a power of two: the largest product is shorter than both together
        "uint8-int8-fx24-p1",
        "sm8-int5-fp32-x2-p2",
        "uint8-uint8-fx24-p2",  # of products without a sign what is below the unit is rounded off
        "uint5-uint3-fx20fm3-x3-p1",
        "uint5-uint5-fx20fm3.rne-p1",
        "uint6-uint6-chunk4:fx20fm2:fx30-p1",
        "posit8es1-posit8es1-fx24-x4-p1",  # so it is of posits, whose lowest bits come to no unit wherever they are shifted
        "posit8es1-posit6es1-fx16f2-p2",
        "posit8-posit8-fx24f4.rne-p1",
        "posit8-posit8-fx8fm4-p1",
        "sm8-sm8-posit8-p1",  # a posit's exponent counts from 0 on; here it has no sign
        "int8-int8-posit8.unfused-p1",
        "e4m3-e4m3-posit8-p1",
        "fp16-fp16-tc4f12:fp32.rtz-p2",  # of 22 bits of a product 14 are in the window
        "bf16-bf16-tc2f10:fp16.late-p1",
    ],
)
def test_flip_flops_are_those_that_constants_leave(name, yosys, tmp_path):
    spec = MacSpec.parse(name)
    unit = emit(spec, yosys=yosys)
    (tmp_path / "unit.v").write_text(unit.verilog)
    clean = ["opt -full", "opt -full", "simplemap", "opt -full", "clean"]
    yosys.run(["read_verilog -sv unit.v", f"hierarchy -top {unit.name}", "proc", "flatten", *clean, "write_json unit.json"], tmp_path)
    cells = json.loads((tmp_path / "unit.json").read_text())["modules"][unit.name]["cells"].values()
    assert cost.counts(spec).total.flip_flop == sum(len(cell["connections"]["Q"]) for cell in cells if "DFF" in cell["type"].upper())


def test_parts_hold_their_own_adders(yosys):
    spec = MacSpec.parse("int8-e4m3fn-fp32")
    verilog = emit(spec, yosys=yosys).verilog
    unit = cost.counts(spec)
    modules = re.split(r"(?=^module )", verilog, flags=re.MULTILINE)
    found = {"decode": [0, 0], "mpy": [0, 0], "alignadd": [0, 0], "normacc": [0, 0]}
    for module in modules:
        for part, sums in found.items():
            if re.match(rf"module {spec.module_name}__{part}", module):
                for kind, number in enumerate(adders_in(module)):
                    sums[kind] += number
    for part in ("decode", "alignadd", "normacc"):
        assert [unit.part(part).placed_full_adder, unit.part(part).placed_half_adder] == found[part], part
    both = [a + b for a, b in zip(found["decode"], found["mpy"], strict=True)]
    assert [unit.mpy.placed_full_adder, unit.mpy.placed_half_adder] == both


def test_what_a_shift_drops_is_merged_the_more_the_more_it_is():
    muxes = [cost.counts(MacSpec.parse(f"e4m3fn-e4m3fn-fx40f{fraction}")).alignadd.mux2 for fraction in ("18", "14", "2", "m2", "m8")]
    assert muxes[0] > muxes[1] > 0.95 * muxes[0]
    assert muxes[1] > muxes[2] > muxes[3] > muxes[4] > 0.5 * muxes[0]


def test_posits_are_moved_to_what_is_asked_for():
    # Between units of 2**-4 and of 2**8 there are fewer bits to be moved, and windows below all of them are one.
    fine, coarse = (cost.counts(MacSpec.parse(f"posit6es1-posit6es1-fx40f{fraction}")).alignadd for fraction in ("4", "m8"))
    assert coarse.gate2 < 0.7 * fine.gate2
    assert coarse.wide < 0.7 * fine.wide
    assert coarse.mux2 == fine.mux2 - 3


def test_nothing_is_propagated_where_no_carry_comes_from():
    # Of an accumulator that is finer than what it adds the lowest bits only stay.
    same, finer = (cost.counts(MacSpec.parse(f"int8-int8-fx{width}f{fraction}")).alignadd for width, fraction in ((24, 0), (36, 12)))
    assert finer == same


def test_total_is_the_sum_of_the_parts():
    unit = cost.counts(MacSpec.parse("e4m3fn-e5m2-fp32-p2"))
    assert unit.total == unit.mpy + unit.alignadd + unit.normacc
    assert all(inside <= around for inside, around in zip(unit.decode, unit.mpy, strict=True))


def test_below_products_in_a_long_window_only_signs_are_added():
    coarse, fine, finer = (cost.counts(MacSpec.parse(f"e2m1-e2m1-tc4f{bits}:e8m13.rtz.late")).alignadd for bits in (3, 20, 24))
    assert coarse.sign_adder == 0 < fine.sign_adder < finer.sign_adder
    assert fine.full_adder == finer.full_adder
    # An accumulator that joins at once has bits there.
    assert cost.counts(MacSpec.parse("e2m1-e2m1-tc4f20:e8m13.rtz")).alignadd.sign_adder == 0


def test_an_array_multiplier_has_the_textbook_number_of_adders():
    # Dadda: n^2 - 4n + 3 full adders and n - 1 half adders bring n rows to two; the final adder has 2n - 2 positions.
    for n in (4, 8, 11, 24):
        tree = counts_of(multiplier_rows(n, n, False, False, 2 * n, "baugh_wooley")[0])
        assert (tree.full_adder, tree.half_adder) == (n * n - 4 * n + 3, n - 1)


@pytest.mark.parametrize(
    "names",
    [
        ["int8-int8-fx20f0", "int8-int8-fx24f0", "int8-int8-fx32f0", "int8-int8-fx64f0"],
        ["e4m3fn-e4m3fn-fx32f18", "e4m3fn-e4m3fn-fx40f18", "e4m3fn-e4m3fn-fx56f18"],
        ["e4m3fn-e4m3fn-e8m7", "e4m3fn-e4m3fn-e8m10", "e4m3fn-e4m3fn-e8m16", "e4m3fn-e4m3fn-e8m23"],
        ["e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fp16.sr4", "e4m3fn-e4m3fn-fp16.sr8", "e4m3fn-e4m3fn-fp16.sr16"],
        ["int4-int4-fx32", "int6-int6-fx32", "int8-int8-fx32", "int12-int12-fx32"],
        ["e4m3fn-e4m3fn-fp32", "e4m3fn-e4m3fn-fp32-p1", "e4m3fn-e4m3fn-fp32-p2"],
        ["e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-chunk8:fp16:fp16", "e4m3fn-e4m3fn-chunk8:fp16:fp32"],
    ],
    ids=lambda names: names[-1],
)
def test_more_bits_cost_more(names):
    totals = [cost.counts(MacSpec.parse(name)).total.cells().sum() for name in names]
    assert totals == sorted(set(totals))


def test_nothing_stands_idle_but_what_is_there():
    for name in ("int8-int8-fx48", "e4m3fn-e4m3fn-chunk64:fp16:fp32"):
        unit = cost.counts(MacSpec.parse(name))
        assert cells_of_shares([unit.idle_alignadd]).sum() > 0
        for part, idle in (("alignadd", unit.idle_alignadd), ("normacc", unit.idle_normacc)):
            assert np.all((cells_of_shares([idle])[0] >= 0) & (cells_of_shares([idle])[0] <= unit.part(part).cells()))
    # Every step is a chunk: its outer level works as often as the inner.
    assert not cost.counts(MacSpec.parse("fp16-fp16-chunk1:fp16:fp16")).idle_alignadd


def test_sums_of_coarse_products_leave_a_long_significand_idle():
    """Multiples of a quarter up to some 40 are 8 bits of 24; of fp16 there are as many as there is room for."""
    idle = [cells_of_shares([cost.counts(MacSpec.parse(f"{fmt}-{fmt}-fp32")).idle_normacc]).sum() for fmt in ("e2m1fn", "e4m3fn", "fp16")]
    assert idle[0] > idle[1] > idle[2] == 0


def idle_share(name: str, part: str) -> float:
    unit = cost.counts(MacSpec.parse(name))
    idle = {"alignadd": unit.idle_alignadd, "normacc": unit.idle_normacc}[part]
    return float(cells_of_shares([idle]).sum() / unit.part(part).cells().sum())


def test_the_highest_bits_of_a_sum_that_only_grows_stand_idle():
    for lanes in ("", "-x4"):
        grows, walks = (idle_share(f"{fmt}-{fmt}-fp32{lanes}", "normacc") for fmt in ("uint7", "sm8"))
        assert grows > walks + 0.05


def test_random_bits_below_a_float_stand_idle_where_products_do_not_reach():
    plain, random = (idle_share(f"e4m3fn-e4m3fn-fp32{rounding}", "alignadd") for rounding in ("", ".sr16"))
    assert 0 < plain < random


def test_scales_that_stay_leave_what_multiplies_by_them_idle():
    # Powers of two are only added to an exponent.
    multiplied, added = (dict(cost.counts(MacSpec.parse(f"{fmt}-{fmt}-fp16")).idle_alignadd) for fmt in ("nvfp4", "mxfp4"))
    assert counts_of(multiplied[SCALED]).gate2 > 20
    assert SCALED not in added


def test_full_adders_of_lanes_work_more_in_front_of_a_float_than_with_fixed_point():
    fixed, summed = (cost.counts(MacSpec.parse(f"e2m3fn-e2m3fn-{acc}-x4")) for acc in ("fx", "fp32"))
    adder = CELLS.index("full_adder")
    more = [-cells_of_shares([unit.idle_alignadd])[0][adder] / unit.alignadd.full_adder for unit in (fixed, summed)]
    assert 0.2 < more[0] < 0.5 < more[1]
    # What stands idle does so in a tree, too.
    spec = MacSpec.parse("e4m3fn-e4m3fn-fx64f40-x4")
    unit, share = cost.counts(spec), unreached(binades_of_sums(spec), spec.fixed_point(spec.acc), lane_product(spec).lsb)
    assert cells_of_shares([unit.idle_alignadd])[0][adder] == pytest.approx((share - 0.4 * (1 - share)) * unit.alignadd.full_adder)


def test_what_makes_complements_is_told_from_what_adds():
    signed, unsigned = (cost.counts(MacSpec.parse(f"e4m3fn{u}-e4m3fn{u}-fx")).total for u in ("", "u"))
    assert signed.flip > 0 == unsigned.flip
    tensor, alone = (cost.counts(MacSpec.parse(f"e4m3fn-e4m3fn-{acc}")).alignadd for acc in ("tc4f10:fp16", "fp16"))
    assert tensor.flip > alone.flip == 0


def test_sums_of_coarse_products_leave_a_wide_window_idle():
    """FP4 in a tensor core reaches 6 to 7 binades of its window, and half of what moves products there moves them in any case."""
    units = {bits: cost.counts(MacSpec.parse(f"e2m1fn-e2m1fn-tc2f{bits}:fp32")) for bits in (4, 10, 19)}
    shares = [cells_of_shares([unit.idle_alignadd]).sum() / unit.alignadd.cells().sum() for unit in units.values()]
    assert 0 < shares[0] < shares[1] < shares[2] < 0.5
    assert not cost.counts(MacSpec.parse("e5m2-e5m2-tc2f10:fp32")).idle_alignadd
    assert cost.counts(MacSpec.parse("e2m1fn-e2m1fn-tc2f19:fp32.late")).idle_alignadd  # of the float that it is added to


def test_choices_are_those_of_the_circuits():
    assert (COST_ADDERS, COST_MULTIPLIERS) == (ADDERS, MULTIPLIERS)
    defaults = {name: parameter.default for name, parameter in inspect.signature(cost.counts).parameters.items() if name != "spec"}
    assert defaults == {name: choice for name, choice in Architecture().as_dict().items() if name in defaults}
    with pytest.raises(ValueError, match="adder 'manchester' is not one of ripple, brent_kung"):
        cost.counts(MacSpec.parse("int8-int8-fx32"), adder="manchester")
    with pytest.raises(ValueError, match="multiplier 'wallace' is not one of baugh_wooley, booth"):
        cost.counts(MacSpec.parse("int8-int8-fx32"), multiplier="wallace")
