"""What stirs a unit's cells: what comes late, and no more behind a register."""

import numpy as np
import pytest

from hwmodel.cost import ARCHITECTURES, counts, glitches
from hwmodel.cost.depth import arrivals
from hwmodel.cost.glitches import STIRS, stirred_by_bits, stirred_cells
from hwmodel.cost.model import fitted_cells
from hwmodel.cost.structure.activity import exponent_activity, shift_activity
from hwmodel.cost.structure.idle import binades_of_sums
from hwmodel.spec import MacSpec


def stirred(name: str, objective: str = "balanced") -> dict[str, np.ndarray]:
    """Return how many cells of the fitted parts each of `STIRS` stirs, times what it does."""
    spec, architecture = MacSpec.parse(name), ARCHITECTURES[objective]
    unit = counts(spec, **architecture)
    found = stirred_cells(spec, fitted_cells(unit), unit.stages, objective=objective, **architecture)
    return dict(zip(STIRS, found.reshape(4, len(STIRS), -1).sum(axis=2).T, strict=True))


def test_a_register_stops_what_comes_before():
    through, behind = stirred("e4m3fn-e4m3fn-fp32"), stirred("e4m3fn-e4m3fn-fp32-p1")
    assert (through["by depth before"][2:] > 0).all()
    assert (behind["by depth before"][2:] == 0).all()
    assert (behind["by depth"] >= 0.95 * through["by depth"]).all()
    for through, behind, kind in (
        ("int8-int8-fx32", "int8-int8-fx32-p1", "of integers"),
        ("e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-fx-p1", "in fixed point"),
    ):
        # What is shifted or added in a tree stirs that, even if it comes from a register.
        assert 0 < stirred(behind)[kind][2] < 0.6 * stirred(through)[kind][2]


def test_sums_that_become_a_float_stir_it_most():
    one, many = stirred("int8-int8-fp32"), stirred("int8-int8-fp32-x8")
    assert many["by depth before"][3] > 3 * one["by depth before"][3]
    assert many["in sums"][2] > 0 == one["in sums"][2]
    assert stirred("int8-int8-fp32-x8-p1")["by depth before"][3] == 0


def test_products_that_are_zeros_stir_no_sum(monkeypatch):
    few = stirred("int2-int2-fp32-x2")
    monkeypatch.setattr(glitches, "nonzero", lambda _: 1.0)
    many = stirred("int2-int2-fp32-x2")
    some = 1 - 0.75**2  # of two products, three of four of which are zero
    moves = 1 - (1 - some) ** 2
    assert few["in sums"][2] == pytest.approx(moves * many["in sums"][2], rel=0.02)
    # The float that they are added to still sees the exponent of a zero.
    assert few["by depth before"][3] == pytest.approx(moves**0.5 * many["by depth before"][3], rel=0.01)


def test_the_sums_of_chunks_are_no_zeros():
    few, many = (stirred(f"{fmt}-{fmt}-chunk32:fx20:fp32")["by depth"][3] for fmt in ("int2", "int4"))
    # They have fewer bits, but are there as often.
    specs = [MacSpec.parse(f"{fmt}-{fmt}-chunk32:fx20:fp32") for fmt in ("int2", "int4")]
    by_bits = [stirred_by_bits(binades_of_sums(spec), spec.fixed_point(spec.levels[0])) for spec in specs]
    assert few / many == pytest.approx(by_bits[0] / by_bits[1], rel=0.05)


@pytest.mark.parametrize("pipeline", ["", "-p1"])
def test_sums_that_only_grow_have_no_sign_to_wait_for(pipeline):
    unsigned, signed = (stirred(f"{fmt}-{fmt}-fp32-x4{pipeline}") for fmt in ("uint8", "sm8"))
    assert unsigned["in sums"][2] < 0.6 * signed["in sums"][2]
    # By what the float is stirred the less, too.
    assert unsigned["by depth before"][3] <= 0.7 * 0.35 * signed["by depth before"][3]


def test_a_sum_that_a_register_follows_is_stirred_less():
    through, behind = (stirred(f"e4m3fn-e4m3fn-fp32-x4{pipeline}")["in sums"][2] for pipeline in ("", "-p1"))
    assert 0 < behind < 0.6 * through


def test_bits_that_fixed_point_drops_stir_nothing():
    whole, coarse = (stirred(f"e4m3fn-e4m3fn-{acc}")["in fixed point"][2] for acc in ("fx32f12", "fx32fm6"))
    assert coarse < 0.8 * whole


def test_signs_of_products_below_fixed_point_still_stir_it():
    near, below, far = (stirred(f"e4m3fn-e4m3fn-{acc}")["in fixed point"][2] for acc in ("fx32fm3", "fx32fm5", "fx32fm12"))
    per_cell = [
        stirs / counts(MacSpec.parse(f"e4m3fn-e4m3fn-{acc}")).alignadd.cells().sum()
        for stirs, acc in ((near, "fx32fm3"), (far, "fx32fm12"))
    ]
    assert 0 < per_cell[1] < 0.75 * per_cell[0]
    assert far < below < near


def test_shifters_that_hardly_any_product_is_moved_through_are_stirred_by_none():
    shares = []
    for name in ("e4m3fn-e4m3fn-fx40f10", "e5m2-bf16-fx40f10"):
        unit, stirs = counts(MacSpec.parse(name)), stirred(name)["in fixed point"]
        # Over what stirs the register, which comes as late.
        shares.append(stirs[2] / unit.alignadd.cells().sum() / (stirs[3] / unit.normacc.cells().sum()))
    assert shares[1] < 0.85 * shares[0]


def test_the_longer_a_block_the_less_stirs_what_its_sums_are_added_to():
    short, long, behind = (stirred(f"mxfp6e2m3-mxfp6e2m3-fp32{tail}")["by depth"][3] for tail in ("-x8", "", "-p1"))
    assert short > 2 * long > 3 * behind > 0


def test_bits_above_the_products_are_stirred_by_several_lanes_only():
    for lanes, above in (("", False), ("-x8", True)):
        narrow, wide = (stirred(f"int8-int8-fx{width}{lanes}")["of integers"][2] for width in (32, 48))
        assert (wide > 1.1 * narrow) == above


def test_operands_that_change_seldom_stir_the_less():
    small, large = (stirred(f"{name}-fx24")["of integers"][2] for name in ("uint4-uint4", "int4-int4"))
    assert small < 0.5 * large


def test_a_sum_that_saturates_stirs_each_cell_of_its_register_the_more():
    wrapping, saturating = (
        stirred(name)["of integers"][3] / counts(MacSpec.parse(name)).normacc.cells().sum()
        for name in ("int8-int8-fx32", "int8-int8-fx32.sat")
    )
    assert saturating > 2 * wrapping


@pytest.mark.parametrize(("name", "often"), [("int8", (0.75, 0.82)), ("e4m3fn", (0.01, 0.05)), ("e4m3nosub", (0, 0)), ("lns8", (0, 0))])
def test_integers_are_shifted_often_and_floats_seldom(name, often):
    least, most = often
    assert least <= shift_activity(MacSpec.parse(f"{name}-{name}-fp32").a) <= most


def test_what_is_shifted_as_it_is_unpacked_stirs_the_multiplier():
    assert stirred("int8-int8-fp32")["by depth before"][1] > 10 * stirred("e4m3fn-e4m3fn-fp32")["by depth before"][1] > 0
    assert stirred("int8-int8-fx32")["by depth before"][1] == 0  # not unpacked


def test_products_from_a_register_stir_a_tensor_core_the_less():
    through, behind = (stirred(f"e4m3fn-e4m3fn-tc4f12:fp32.rtz{pipeline}")["in sums"][2] for pipeline in ("", "-p1"))
    assert 0 < behind < 0.6 * through


def test_an_accumulator_that_joins_late_stirs_the_sum_before_it():
    at_once, late = (stirred(f"e2m1fn-e2m1fn-tc8f6:fp16{kind}")["in sums"][2] for kind in ("", ".late"))
    assert late > 1.5 * at_once


def test_an_inner_fixed_point_sum_stirs_the_outer_one_less_than_a_float():
    fixed, float_ = (stirred(f"int8-int8-chunk64:{inner}:fp32")["by depth"][3] for inner in ("fx24", "fp16"))
    # Mapped, the outer one glitches all the same, and no less in longer chunks.
    longer = stirred("int8-int8-chunk512:fx24:fp32")["by depth"][3]
    assert 0.9 * fixed < longer <= fixed < float_


def test_rounding_of_products_that_fit_stirs_nothing():
    assert stirred("e4m3fn-e4m3fn-fp16.unfused")["in sums"][3] == 0 < stirred("fp16-fp16-fp16.unfused")["in sums"][3]


def test_rounding_of_products_is_told_from_that_of_sums():
    fused, unfused = stirred("fp16-fp16-fp16"), stirred("fp16-fp16-fp16.unfused")
    assert fused["in sums"][3] == 0 < unfused["in sums"][3]


def test_adders_that_are_chains_pass_on_what_an_inner_float_shows():
    def share(inner: str, objective: str) -> float:
        often, seldom = (stirred(f"e5m2-e5m2-chunk{steps}:{inner}:fp32", objective)["by depth"][3] for steps in (1, 64))
        return seldom / often

    assert share("fp16", "area") > 1.2 * share("fp16", "balanced")
    assert share("fx48f20", "area") == pytest.approx(share("fx48f20", "balanced"), rel=0.1)


def test_small_inner_sums_stir_the_outer_level_the_less():
    wide, narrow = (stirred(f"e4m3fn-e4m3fn-chunk16:{inner}:fp32")["by depth"] for inner in ("fx24f6", "fx24"))
    assert (narrow[2:] < 0.8 * wide[2:]).all()


def test_exponents_that_stay_stir_a_float_all_the_same():
    assert exponent_activity(MacSpec.parse("sm2-sm2-fp32")) == 0
    assert stirred("sm2-sm2-fp32")["by depth"][2] > 0


def test_integers_without_a_sign_stir_what_multiplies_them_the_less():
    for acc in ("fx32", "fx40f4"):
        unsigned, signed = (stirred(f"{fmt}-int8-{acc}" if fmt == "int8" else f"{fmt}-{fmt}-{acc}") for fmt in ("uint8", "int8"))
        assert unsigned["by depth"][1] < 0.75 * signed["by depth"][1]
    # For a float all are made normal.
    unsigned, signed = (stirred(f"{fmt}-{fmt}-fp32")["by depth"][1] for fmt in ("uint7", "sm8"))
    assert unsigned == pytest.approx(signed, rel=0.1)


def test_what_is_folded_into_seldom_is_seldom_stirred():
    often, seldom = (stirred(f"e5m2-e5m2-chunk{steps}:fp16:fp32") for steps in (4, 64))
    assert seldom["by depth"][2] < often["by depth"][2]


@pytest.mark.parametrize("objective", ARCHITECTURES)
@pytest.mark.parametrize("name", ["e4m3fn-e4m3fn-fp32", "posit8-posit8-posit8", "e5m2-e5m2-chunk64:fp16:fp32", "int8-int8-fx32"])
def test_what_is_handed_on_comes_in_order(name, objective):
    found = arrivals(MacSpec.parse(name), **ARCHITECTURES[objective], objective=objective)
    assert 0 <= found.operands <= found.product
    assert len(found.levels) == len(MacSpec.parse(name).levels)
    for level in found.levels:
        assert level is None or max(level.significand, level.exponent) < level.total < level.end
