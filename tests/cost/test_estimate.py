"""Estimates: they add up, say how sure they are, and are what their counts and scales make them."""

import subprocess
import sys
from typing import NamedTuple

import pytest

from hwmodel import cost
from hwmodel.cost import calibration
from hwmodel.cost.model import COUNTED, fitted_cells, reported
from hwmodel.spec import MacSpec, SpecError

NAMES = ["int8-int8-fx32", "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-fp16", "e5m2-e4m3fn-fp32-p1", "fp16-fp16-fp32", "int8-int8-chunk16:fx24:fp32"]
SPECS = [MacSpec.parse(name) for name in NAMES]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_parts_add_up(spec):
    estimate = cost.estimate(spec)
    for parts, total in (
        (estimate.area_um2, estimate.total_area_um2),
        (estimate.energy_fj, estimate.total_energy_fj),
        (estimate.energy_timed_fj, estimate.total_energy_timed_fj),
    ):
        assert total.value == pytest.approx(sum(parts[part].value for part in cost.PARTS))
        assert 0 <= parts["decode"].value <= parts["mpy"].value
        for interval in (*parts.values(), total):
            assert 0 <= interval.low <= interval.value <= interval.high
        assert total.low < total.value < total.high


@pytest.mark.parametrize("name", ["bf16-bf16-fx32-p1", "e5m2-e5m2-fx64f60", "e5m2-bf16-fx8fm100.sat", "int2-int2-fx1000f500"])
def test_nothing_costs_less_than_nothing(name):
    for parts in cost.estimate(MacSpec.parse(name)).figures.values():
        assert all(interval.low >= 0 for interval in parts.values())


def test_an_estimate_is_shown_in_words():
    estimate = cost.estimate(SPECS[0])
    assert "UnitCounts(mpy=Counts(full_adder=" in repr(estimate.counts)
    assert len(repr(estimate)) < 1500


def test_arrays_equal_singles():
    columns = cost.estimate_many(iter(SPECS), timed=True)
    assert list(columns["spec"]) == NAMES
    for i, spec in enumerate(SPECS):
        row = cost.estimate(spec).row
        assert {name: columns[name][i] for name in columns} == pytest.approx({name: row[name] for name in columns})
        assert set(row) - set(columns) == {"card", "objective"}
    assert all(len(column) == 0 for column in cost.estimate_many([], timed=True).values())
    untimed = cost.estimate_many(SPECS)
    assert {name for name in columns if "timed" in name or "delay" in name} == set(columns) - set(untimed)
    assert all((untimed[name] == columns[name]).all() for name in untimed)


@pytest.mark.parametrize("name", ["e4m3fn-e4m3fn-chunk16:fp16:fp32-p1", "int2-int2-fx", "mx6-mx6-fp32-x4"])
def test_explanation_adds_up_to_the_estimate(name):
    estimate = cost.estimate(MacSpec.parse(name))
    rows = estimate.explain()
    assert sum(row["area_um2"] for row in rows) == pytest.approx(estimate.total_area_um2.value)
    assert sum(row["energy_fj"] for row in rows) == pytest.approx(estimate.total_energy_fj.value)
    assert sum(row["energy_timed_fj"] for row in rows) == pytest.approx(estimate.total_energy_timed_fj.value)
    of_normacc = [row for row in rows if row["part"] == "normacc"]
    assert sum(row["area_um2"] for row in of_normacc) == pytest.approx(estimate.area_um2["normacc"].value)
    assert sum(row["count"] for row in of_normacc) == estimate.counts.normacc.cells().sum()


@pytest.mark.parametrize("objective", cost.ARCHITECTURES)
def test_an_estimate_is_of_the_objectives_architecture(objective):
    estimate, learnt = cost.estimate(SPECS[2], objective=objective), cost.load_calibration(objective=objective)
    assert estimate.counts == cost.counts(SPECS[2], **cost.ARCHITECTURES[objective])
    for quantity in COUNTED:
        costs = reported((fitted_cells(estimate.counts) * learnt.coefficients[quantity]).sum(axis=-1))
        assert {part: figure.value for part, figure in estimate.figures[quantity].items()} == pytest.approx(costs)


def test_objectives_differ_as_they_should():
    area, balanced, delay = (
        cost.estimate(SPECS[2], objective=objective).total_area_um2.value for objective in ("area", "balanced", "delay")
    )
    assert area < balanced < delay


def test_a_delay_is_the_sum_of_its_levels_and_follows_the_objective():
    area, balanced, delay = (cost.estimate(SPECS[3], objective=each) for each in ("area", "balanced", "delay"))
    assert area.delay_ps.value > balanced.delay_ps.value > delay.delay_ps.value
    for estimate in (area, balanced, delay):
        assert sum(row["delay_ps"] for row in estimate.explain_delay()) == pytest.approx(estimate.delay_ps.value)
        assert estimate.delay_ps.low < estimate.delay_ps.value < estimate.delay_ps.high


def test_glitches_cost_energy():
    for spec in SPECS:
        estimate = cost.estimate(spec)
        assert estimate.total_energy_timed_fj.value > estimate.total_energy_fj.value


def test_what_is_far_larger_than_all_that_was_learnt_from_is_flagged():
    assert not cost.estimate(SPECS[0]).beyond
    dot = MacSpec.parse("fp32-fp32-fp32-x16")
    assert {"mpy", "alignadd", "total"} <= set(cost.estimate(dot).beyond)
    assert cost.estimate_many([SPECS[0], dot])["extrapolated"].tolist() == [False, True]


def test_an_unknown_card_gets_a_sentence():
    with pytest.raises(cost.CostError, match=r"no estimate is calibrated for the card 'tsmc5'; calibrated cards: .*sky130hd"):
        cost.estimate(SPECS[0], card="tsmc5")
    with pytest.raises(cost.CostError, match=r"no estimate is calibrated for the card '\.\./evil'"):
        cost.estimate_many(SPECS, card="../evil")


class Card(NamedTuple):
    name: str
    sha256: str


def test_a_card_is_told_by_its_figures():
    """A table is of the card it was made from, whatever else has that name."""
    made_from = cost.load_calibration().card_sha256
    same, other, unknown = Card("sky130hd", made_from), Card("sky130hd", made_from[::-1]), Card("tsmc5", made_from)
    assert cost.estimate(SPECS[0], same).row == cost.estimate(SPECS[0]).row
    assert [cost.is_calibrated(card) for card in (same, other, unknown)] == [True, False, False]
    for ask in (lambda: cost.estimate(SPECS[0], other), lambda: cost.estimate_many(SPECS, other)):
        with pytest.raises(cost.CostError, match="the card 'sky130hd' has other figures than the card of that name"):
            ask()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("int8-int8-fx", r"^'int8-int8-fx' is a text; MacSpec.parse\('int8-int8-fx'\) makes what it names$"),
        (None, r"^None is no unit; units are made by MacSpec, or by MacSpec.parse of a name such as 'int8-int8-fx'$"),
    ],
)
def test_what_is_no_unit_gets_a_sentence(given, sentence):
    for ask in (cost.estimate, lambda given: cost.estimate_many([SPECS[0], given]), lambda given: cost.Estimator.of([given])):
        with pytest.raises(SpecError, match=sentence):
            ask(given)


def test_an_objective_that_was_not_calibrated_gets_a_sentence():
    with pytest.raises(cost.CostError, match="no estimates are made for the objective 'speed'; there are some for area, balanced, delay"):
        cost.estimate(SPECS[0], objective="speed")


@pytest.mark.parametrize(
    "text", ["area", '{"cards": {}}', '{"cards": {"sky130hd": {}}, "fits": [{"card": "sky130hd", "objective": "balanced"}]}']
)
def test_a_broken_file_gets_a_sentence(text, tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.cost.calibration.TABLES", tmp_path)
    (tmp_path / "coefficients.json").write_text(text, encoding="utf-8")
    for cached in (calibration.stored, calibration.load_calibration):
        cached.cache_clear()
    try:
        with pytest.raises(cost.CostError, match=r"coefficients.json holds no coefficients"):
            cost.estimate(SPECS[0])
    finally:
        for cached in (calibration.stored, calibration.load_calibration):
            cached.cache_clear()


def test_an_estimate_needs_numpy_alone():
    code = (
        "import sys; from hwmodel.cost import estimate, paper; from hwmodel.spec import MacSpec;"
        "estimate(MacSpec.parse('e4m3fn-e4m3fn-fp32')); paper(MacSpec.parse('e4m3fn-e4m3fn-fp32'));"
        "print([name for name in ('pandas', 'amaranth', 'pyosys', 'hwmodel.flow', 'hwmodel_rtl', 'matplotlib') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
