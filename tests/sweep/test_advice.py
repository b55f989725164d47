"""Advice: held against measuring every unit, and against what is known of formats."""

import numpy as np
import pytest

from hwmodel.cost import estimate
from hwmodel.error import DotUnit, DrawnPairs, GivenPairs, affine_quantise, measure_dots, parse_distribution, parse_sharing
from hwmodel.spec import CodebookFormat, MacSpec, PositFormat, SpecError, parse_format
from hwmodel.sweep.advice import advise
from hwmodel.sweep.candidates import candidates_of, default_candidates
from hwmodel.sweep.errors import SweepError

NAMES = (
    *(f"int{bits}-int{bits}-fx" for bits in (4, 5, 6, 7, 8, 10, 12)),
    *(f"e4m3fn-e4m3fn-{acc}" for acc in ("fx", "bf16", "fp16", "fp32")),
    *(f"e2m3fn-e2m3fn-{acc}" for acc in ("fx", "bf16", "fp32")),
    *(f"bf16-bf16-{acc}" for acc in ("bf16", "fp32")),
    *("posit8-posit8-fx", "lns8-lns8-fp32", "mxfp6e2m3-mxfp6e2m3-fp32", "mxint8-mxint8-fp32", "int8-int8-fx32-x8", "int4-int8-fx"),
)


def drawn(name="gaussian", shape=(64, 192)) -> DrawnPairs:
    return DrawnPairs(parse_distribution(name), shape)


def specs(*names) -> list[MacSpec]:
    return [MacSpec.parse(name) for name in names]


@pytest.mark.parametrize("by", ["area", "energy"])
@pytest.mark.parametrize(("data", "bound", "scale"), [("gaussian", 25, "tensor"), ("student:3", 28, "channel"), ("offset:4", 45, "tensor")])
def test_it_is_what_measuring_and_estimating_all_units_says(by, data, bound, scale):
    units, source, sharing = specs(*NAMES), drawn(data), parse_sharing(scale)
    advice = advise(units, source, bound, by=by, sharing=sharing, top=len(units))
    every = measure_dots([DotUnit(unit) for unit in units], [source], [source.shape[1]], [0], sharing)
    keep = {unit: each.total.snr_db for unit, each in zip(units, every, strict=True) if not each.lost and each.total.snr_db >= bound}
    assert 2 < len(keep) < len(units)
    totals = {unit: getattr(estimate(unit), {"area": "total_area_um2", "energy": "total_energy_fj"}[by]) for unit in keep}
    order = sorted(keep, key=lambda unit: totals[unit].value / unit.lanes)
    assert [choice.spec for choice in advice.choices] == order
    highest = totals[order[0]].high / order[0].lanes
    for choice in advice.choices:
        assert choice.sqnr_db == keep[choice.spec]
        assert (choice.cost, choice.low, choice.high) == pytest.approx([each / choice.spec.lanes for each in totals[choice.spec]])
        assert choice.as_cheap == (choice.low <= highest)
    assert len({choice.as_cheap for choice in advice.choices}) == 2


def test_the_ratio_is_that_of_dot_products_of_the_data():
    """By NumPy alone: an integer unit with an exact accumulator adds its quantised operands exactly."""
    source = drawn(shape=(100, 300))
    (choice,) = advise(specs("int6-int6-fx"), source, 10).choices
    a, b = source.pair(0)
    exact = (a * b).sum(axis=1)
    quantised = np.prod([affine_quantise(each, parse_format("int6")).values for each in (a, b)], axis=0).sum(axis=1)
    assert choice.sqnr_db == pytest.approx(10 * np.log10((exact**2).sum() / ((quantised - exact) ** 2).sum()), abs=1e-6)
    assert choice.bits == (6, 6)


@pytest.mark.parametrize(("bound", "least", "most"), [(20, 5, 8), (30, 6, 8), (60, 11, 16)])
def test_more_decibels_want_more_bits(bound, least, most):
    """6.02 dB a bit, less what the largest of so many Gaussian numbers leaves unused and two operands' errors add."""
    choices = advise(default_candidates(), drawn(shape=(128, 256)), bound, top=4).choices
    assert len(choices) == 4
    assert all(least <= max(choice.bits) <= most for choice in choices)
    assert all(bound <= choice.sqnr_db < bound + 16 for choice in choices)


def test_the_cheapest_ones_are_found_without_measuring_all():
    everything = advise(specs(*NAMES), drawn(), 25, top=len(NAMES))
    few = advise(specs(*NAMES), drawn(), 25, top=3)
    assert few.choices == everything.choices[:3]
    assert few.measured < everything.measured
    assert few.candidates == few.too_coarse + few.measured + few.dearer == len(NAMES)
    assert few.dearer > 0 == everything.dearer


def test_what_is_as_cheap_counts_whether_it_is_shown_and_measured_or_not(monkeypatch):
    # Of the first two the intervals overlap; the last costs more.
    units = specs("int6-int7-fx", "int7-int6-fx", "int9-int9-fx")
    assert [advise(units, drawn(), 20, top=top).more for top in (1, 2, 3)] == [1, 0, 0]
    monkeypatch.setattr("hwmodel.sweep.advice._AT_ONCE", 1)
    few = advise(units, drawn(), 20, top=1)
    assert (few.measured, few.more) == (1, 1)


def test_an_accumulator_that_overflows_or_swamps_keeps_no_bound():
    # A scale for the tensor makes the largest product 57344²; ones are lost on a sum of 256 in bfloat16, whose unit is then 2.
    assert not advise(specs("e5m2-e5m2-fp16"), drawn(), 5).choices
    assert advise(specs("e5m2-e5m2-fp32"), drawn(), 5).choices
    # Of four sums one wraps, and the others are exact: that one counts.
    rows = np.array([[127.0] * 64, *[[1.0] * 64] * 3])
    one = GivenPairs("one", rows, rows)
    few = specs("int8-int8-fx20f0", "int8-int8-fx22f0")
    assert [choice.spec for choice in advise(few, one, 30, sharing=parse_sharing("none")).choices] == few[1:]
    ones = GivenPairs("ones", np.ones((2, 2048)), np.ones((2, 2048)))
    units = specs("int8-int8-bf16", "int8-int8-fx32")
    assert [choice.spec for choice in advise(units, ones, 30, sharing=parse_sharing("none")).choices] == units[1:]


def test_a_bound_that_nothing_keeps_names_the_nearest():
    units = specs("int4-int4-fx", "int8-int8-bf16", "int8-int8-fx")
    advice = advise(units, drawn(), 90)
    assert (advice.choices, advice.too_coarse, advice.measured) == ([], 3, 0)
    assert advice.best is not None
    assert str(advice.best[0]) == "int8-int8-fx"
    assert 30 < advice.best[1] < 45
    assert advise(specs("e5m2-e5m2-fp16"), drawn(), 5).best is None


@pytest.mark.parametrize(
    ("names", "nearest"),
    [
        (("int6-int6-e5m1", "int5-int5-fx"), "int5-int5-fx"),  # the finer format into the coarser accumulator
        (("int6-int6-fx4", "int5-int5-fx"), "int5-int5-fx"),  # of the finer format every sum wraps
        (("int6-int6-fx4", "int5-int5-fx4"), None),
        (("int9-int9-e5m1", "int4-int4-fx", "int6-int6-fx", "int5-int5-fx"), "int6-int6-fx"),
    ],
)
def test_the_nearest_is_so_among_all(names, nearest):
    units, source = specs(*names), drawn()
    advice = advise(units, source, 60)
    assert (advice.choices, advice.untried) == ([], 0)
    assert (advice.best and str(advice.best[0])) == nearest
    every = measure_dots([DotUnit(unit) for unit in units], [source], [source.shape[1]], [0])
    kept = [each.total.snr_db for each in every if not each.lost]
    assert (advice.best and advice.best[1]) == max(kept, default=None)


def test_the_nearest_is_looked_for_among_so_many(monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.advice._AT_ONCE", 1)
    monkeypatch.setattr("hwmodel.sweep.advice._TRIED", 2)
    units = specs("int6-int6-fx", *(f"int{bits}-int{bits}-e5m2" for bits in (7, 8, 9)), "int3-int3-fx")
    advice = advise(units, drawn(), 60)
    assert advice.best is not None
    assert str(advice.best[0]) in ("int8-int8-e5m2", "int9-int9-e5m2")
    assert advice.untried == 2  # not the three bits, which come less near than any that was measured


def test_there_is_something_to_choose_from_and_to_compare_with():
    with pytest.raises(SpecError, match=r"^no unit is given to choose from; name one or more, such as int8-int8-fx$"):
        advise(default_candidates(65), drawn(), 10)
    cancel = GivenPairs("cancel", np.array([[1.0, -1.0]]), np.ones((1, 2)))
    with pytest.raises(SpecError, match=r"^cancel: all dot products of length 2 are zero, so there is no signal to compare with$"):
        advise(specs("int8-int8-fx"), cancel, 10)


def test_the_default_candidates_are_of_every_kind():
    units = default_candidates()
    assert len(units) == len(set(units)) > 300
    operands = {fmt for unit in units for fmt in (unit.a, unit.b)}
    assert all(fmt.signed and fmt.width <= 16 for fmt in operands if hasattr(fmt, "signed"))
    assert any(isinstance(fmt, CodebookFormat) for fmt in operands)
    assert any(isinstance(fmt, PositFormat) for fmt in operands)
    names = set(map(str, units))
    assert {"int8-int8-fx32", "e4m3fn-e4m3fn-fp16", "mx9-mx9-fp32", "nvfp4-nvfp4-bf16", "nf4@fp16-nf4@fp16-fp32", "int4-fp16-fp32"} <= names
    eight = default_candidates(8)
    assert {unit.lanes for unit in eight} == {8}
    assert {"mxfp4-mxfp4-fp32-x8", "elma8-elma8-fx-x8"} <= set(map(str, eight))
    assert not any(unit.blocks for unit in default_candidates(5) if all(fmt.size for fmt in unit.blocks))


def test_candidates_of_ones_own(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('[space]\na = ["int{3..5}", "e1m{0..1}none"]\nacc = "fx"\n')
    assert list(map(str, candidates_of(["int{4..5}-int8-fx", str(file), "int5-int5-fx"]))) == [
        "int4-int8-fx", "int5-int8-fx", "int3-int3-fx", "int4-int4-fx", "int5-int5-fx", "e1m1none-e1m1none-fx",
    ]  # fmt: skip
    with pytest.raises(SweepError, match=r"the sweep file none.toml cannot be read"):
        candidates_of(["none.toml"])
    file.write_text('[space]\na = "int8"\nb = "mx9"\nacc = "fx"\n')
    with pytest.raises(SweepError, match=r"s.toml: no unit is left to choose from"):
        candidates_of([str(file)])
    with pytest.raises(SweepError, match=r"more than 100,000 units; name fewer"):
        candidates_of(["int8-int8-fx{1..400}f{0..500}"])
