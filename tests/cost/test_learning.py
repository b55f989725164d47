"""Learning: what is learnt is what the table of units says, and errors are those of units that were not learnt from."""

import csv

import numpy as np
import pytest

from hwmodel import cost
from hwmodel.cost.calibration import ARCHITECTURES, COVERAGE, TABLES, load_calibration, stored
from hwmodel.cost.learning import ANY_FAMILY, COLUMNS, FIGURES, UNITS, bounds, errors, learn, read_units, unit_sets, within
from hwmodel.cost.model import AREA_GROUPS, DELAY, FITTED, QUANTITIES, costs_of, reported
from hwmodel.spec import MacSpec

FIGURES_OF_CELLS = {card: about["cells"] for card, about in stored()["cards"].items()}
PAIRS = sorted(stored()["fits"])


@pytest.fixture(scope="module")
def sets():
    return {(each.card, each.objective): each for each in unit_sets(read_units(), FIGURES_OF_CELLS)}


@pytest.fixture(scope="module")
def balanced(sets):
    return sets["sky130hd", "balanced"]


def test_there_are_units_of_every_family_for_every_card_and_objective(sets):
    assert set(sets) == set(PAIRS)
    assert {objective for card, objective in sets if card == "sky130hd"} == set(ARCHITECTURES)
    families = {"int", "int-float", "mixed", "minifloat-fixed", "minifloat-float", "fma", "chunk", "posit", "log", "codebook", "choice"}
    for (card, _), units in sets.items():
        assert len(set(units.specs)) == len(units.specs) >= (150 if card == "sky130hd" else 100)
        assert set(units.families) >= families | {"lanes-fixed", "lanes-float", "tensor", "block", "stochastic"}


def test_the_table_is_small_and_whole():
    path = TABLES / UNITS
    assert path.stat().st_size < 5 << 20
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        assert all(np.isfinite(float(row[name])) for name in FIGURES), row["spec"]
        assert len(row["rtl_sha256"]) == 64
        assert str(MacSpec.parse(row["spec"])) == row["spec"]


@pytest.mark.parametrize(("card", "objective"), PAIRS)
def test_coefficients_are_what_the_table_teaches(card, objective, sets):
    anew, kept = dict(_flat(learn(sets[card, objective]))), dict(_flat(stored()["fits"][card, objective]))
    assert anew == pytest.approx(kept, rel=1e-3, abs=1e-4)


def _flat(value, path=""):
    """Yield the leaves of nested dictionaries and lists by their paths."""
    if isinstance(value, dict | list | tuple):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(each, f"{path}/{key}")
    elif not isinstance(value, str):
        yield path, value


def test_errors_are_those_of_units_left_out(balanced):
    unit = balanced.specs.index("e4m3fn-e4m3fn-fp32")
    rest = [
        row for row in read_units() if (row["card"], row["objective"]) == ("sky130hd", "balanced") and row["spec"] != balanced.specs[unit]
    ]
    (others,) = unit_sets(rest, FIGURES_OF_CELLS)
    for quantity in (*QUANTITIES, DELAY):
        alone = costs_of(balanced.kinds[quantity][unit], np.stack([fit.coefficients for fit in others.fits(quantity)]))
        assert balanced.left_out[quantity][unit] == pytest.approx(alone)


def test_families_are_left_out_whole(balanced):
    posits = balanced.families == "posit"
    for quantity in QUANTITIES:
        alone = balanced.estimated(quantity, balanced.fits(quantity, ~posits), posits)
        assert balanced.left_out_family[quantity][posits] == pytest.approx(alone)
        assert not np.allclose(balanced.left_out[quantity][posits], alone)


@pytest.mark.parametrize(("card", "objective"), PAIRS)
def test_estimates_are_as_good_as_the_project_says(card, objective, sets):
    rows = {(row["quantity"], row["part"], row["family"]): row for row in errors(sets[card, objective])}
    total = rows["area_um2", "total", "all"]
    families = [row for (quantity, part, family), row in rows.items() if (quantity, part) == ("area_um2", "total") and family != "all"]
    assert sum(row["units"] for row in families) == total["units"]
    # Bounds with room for another flow or circuit, but not for counts that are wrong; a mapper for delay takes more liberties.
    mean, p95, part_mean, family = (0.03, 0.08, 0.05, 0.08) if objective == "delay" else (0.02, 0.05, 0.04, 0.07)
    assert 0 < total["mean"] < mean
    assert total["mean"] <= total["p95"] < p95
    assert abs(total["bias"]) < 0.02
    assert all(0 < rows["area_um2", part, "all"]["mean"] < part_mean for part in cost.PARTS)
    assert all(row["mean_family_left_out"] < family for row in families)
    for quantity, bound in {"energy_fj": 0.06, "energy_timed_fj": 0.09, DELAY: 0.065}.items():
        known = [
            row for (name, part, family), row in rows.items() if (name, part) == (quantity, "total") and family not in ("all", ANY_FAMILY)
        ]
        assert 0 < np.average([row["mean"] for row in known], weights=[row["units"] for row in known]) < bound, quantity
        assert 0 < rows[quantity, "total", "all"]["mean"] < 0.10, quantity
    # Units of any two formats and any accumulator are harder.
    for quantity, bound in {"area_um2": 0.03, "energy_fj": 0.065, "energy_timed_fj": 0.12, DELAY: 0.08}.items():
        assert 0 < rows[quantity, "total", ANY_FAMILY]["mean"] < bound, quantity
        assert rows[quantity, "total", ANY_FAMILY]["coverage"] > 0.83, quantity
    for row in rows.values():
        if row["family"] == "all":
            assert row["coverage"] == pytest.approx(COVERAGE, abs=0.025), row


def test_intervals_hold_as_many_units_as_they_say(sets):
    for (card, objective), units in sets.items():
        spread = load_calibration(card, objective).spread
        for quantity in (*QUANTITIES, DELAY):
            for part, ratios in units.ratios(quantity).items():
                low, high = spread[quantity][part]
                there = np.isfinite(ratios)
                inside = (ratios[there] >= low - 1e-4) & (ratios[there] <= high + 1e-4)
                assert COVERAGE - 0.01 <= np.average(inside, weights=units.weights[there]) < 1, (card, objective, quantity, part)


def test_bounds_are_ranks_of_what_was_seen():
    ratios = np.linspace(0.51, 1.49, 99)  # the ranks 1 … 99 of 100
    alike = np.ones(99)
    assert bounds(ratios, alike) == pytest.approx((0.55, 1.45))
    assert bounds(ratios[::-1], 7 * alike) == bounds(ratios, alike)
    assert bounds(np.append(ratios, np.nan), np.ones(100)) == bounds(ratios, alike)
    assert bounds(np.full(40, 1.2), np.ones(40)) == (1.0, 1.2)
    assert bounds(np.full(40, np.nan), np.ones(40)) == (1.0, 1.0)


def test_bounds_are_of_units_as_they_weigh():
    near, far = np.linspace(0.91, 1.09, 400), np.linspace(0.51, 1.49, 100)
    ratios, weights = np.append(near, far), np.append(np.full(400, 0.2), np.full(100, 0.8))
    low, high = bounds(ratios, weights)
    # Of the far ones, half of all by weight, a tenth lies outside on either side.
    assert (low, high) == pytest.approx((0.605, 1.395), abs=0.02)
    assert bounds(ratios, np.ones(500))[1] < high - 0.1
    assert bounds(1 / ratios, weights) == pytest.approx((1 / high, 1 / low), rel=0.01)


def test_coverage_is_of_units_that_the_bounds_have_not_seen():
    rng = np.random.default_rng(5)
    assert within(rng.normal(1, 0.1, 4000), np.ones(4000)).mean() == pytest.approx(COVERAGE, abs=0.02)
    assert within(np.repeat([0.5, 1.0, 1.5], 100), np.ones(300)).all()
    assert not within(np.full(30, np.nan), np.ones(30)).any()


def test_units_of_any_formats_weigh_as_much_as_all_families(sets):
    for units in sets.values():
        drawn = units.families == ANY_FAMILY
        assert units.weights[drawn].sum() == pytest.approx(units.weights[~drawn].sum())
        assert np.unique(units.weights[drawn]).size == np.unique(units.weights[~drawn]).size == 1


def test_flip_flops_are_counted_exactly():
    for row in read_units():
        assert cost.counts(MacSpec.parse(row["spec"]), **ARCHITECTURES[row["objective"]]).total.flip_flop == row["flip_flops"], row["spec"]


def test_full_adders_are_those_of_the_netlist():
    """But for a few that a constant, which only the mapper finds, makes half adders."""
    rows = [row for row in read_units() if (row["card"], row["objective"]) == ("sky130hd", "balanced")]
    totals = [cost.counts(MacSpec.parse(row["spec"])).total for row in rows]
    more = [total.full_adder + total.sign_adder - row["full_adders"] for total, row in zip(totals, rows, strict=True)]
    assert min(more) == 0
    assert sum(map(bool, more)) < len(more) / 10
    assert sum(more) < 0.01 * sum(row["full_adders"] for row in rows)


def test_a_scale_that_nothing_tells_is_that_of_the_others(balanced):
    kinds = list(AREA_GROUPS)
    decode, multiply = (balanced.fits("area_um2")[FITTED.index(part)].scales for part in ("decode", "multiply"))
    # No decoder holds a prefix adder, none of the parts in front of the register a mask on a port of it.
    for scales, kind in ((decode, "prefix"), (decode, "strong masks"), (multiply, "strong masks")):
        assert 0.8 < scales[kinds.index(kind)] < 1.2


def test_estimates_follow_the_table(balanced):
    """Twice the area of everything mapped, and of the cells: twice the coefficients; energy stays what it is."""
    rows = [row for row in read_units() if (row["card"], row["objective"]) == ("sky130hd", "balanced")]
    doubled = [{name: 2 * value if name.startswith("area") else value for name, value in row.items()} for row in rows]
    figures = {cell: {**figure, "area_um2": 2 * figure["area_um2"]} for cell, figure in FIGURES_OF_CELLS["sky130hd"].items()}
    (twice,) = unit_sets(doubled, {"sky130hd": figures})
    for quantity, factor in {"area_um2": 2, "energy_fj": 1, "energy_timed_fj": 1, DELAY: 1}.items():
        for one, two in zip(balanced.fits(quantity), twice.fits(quantity), strict=True):
            assert two.coefficients == pytest.approx(factor * one.coefficients)


def test_a_total_is_the_sum_of_its_parts(balanced):
    for quantity in QUANTITIES:
        parts = reported(balanced.measured[quantity].T)
        assert parts["total"] == pytest.approx(parts["mpy"] + parts["alignadd"] + parts["normacc"])
