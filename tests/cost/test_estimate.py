"""Estimates: they add up, say how sure they are, and are what their counts and scales make them."""

import json
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from hwmodel import cost
from hwmodel.cost.calibration import AREA_GROUPS, COVERAGE, FITTED, QUANTITIES, TABLES, fitted_cells, learn, reported
from hwmodel.spec import MacSpec

NAMES = ["int8-int8-fx32", "e4m3fn-e4m3fn-fx", "e4m3fn-e4m3fn-fp16", "e5m2-e4m3fn-fp32-p1", "fp16-fp16-fp32", "int8-int8-chunk16:fx24:fp32"]
SPECS = [MacSpec.parse(name) for name in NAMES]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_parts_add_up(spec):
    estimate = cost.estimate(spec)
    for parts, total in ((estimate.area_um2, estimate.total_area_um2), (estimate.energy_fj, estimate.total_energy_fj)):
        assert total.value == pytest.approx(sum(parts[part].value for part in cost.PARTS))
        assert 0 <= parts["decode"].value <= parts["mpy"].value
        for interval in (*parts.values(), total):
            assert 0 <= interval.low <= interval.value <= interval.high
        assert total.low < total.value < total.high


def test_arrays_equal_singles():
    columns = cost.estimate_many(iter(SPECS))
    assert list(columns["spec"]) == NAMES
    for i, spec in enumerate(SPECS):
        row = cost.estimate(spec).row
        assert {name: columns[name][i] for name in columns} == pytest.approx({name: row[name] for name in columns})
        assert set(row) - set(columns) == {"card"}
    assert all(len(column) == 0 for column in cost.estimate_many([]).values())


def test_explanation_adds_up_to_the_estimate():
    estimate = cost.estimate(MacSpec.parse("e4m3fn-e4m3fn-chunk16:fp16:fp32-p1"))
    rows = estimate.explain()
    assert sum(row["area_um2"] for row in rows) == pytest.approx(estimate.total_area_um2.value)
    assert sum(row["energy_fj"] for row in rows) == pytest.approx(estimate.total_energy_fj.value)
    of_normacc = [row for row in rows if row["part"] == "normacc"]
    assert sum(row["area_um2"] for row in of_normacc) == pytest.approx(estimate.area_um2["normacc"].value)
    assert sum(row["count"] for row in of_normacc) == estimate.counts.normacc.cells().sum()


def test_calibration_covers_enough_units_of_every_family():
    calibration = cost.load_calibration()
    assert len(set(calibration.specs)) == len(calibration.specs) >= 60
    expected = ["int", "mixed", "minifloat-fixed", "minifloat-float", "fma", "chunk", "lanes-fixed", "lanes-float", "tensor", "block"]
    assert set(calibration.families) >= set(expected)
    assert {"hwmodel", "amaranth", "pyosys"} <= set(calibration.tools)
    # What it learns is not learnt from nothing: no part's scales are all zero.
    assert all(fit.scales.max() > 0 and fit.scales.min() >= 0 for fits in calibration.fits.values() for fit in fits)


def test_errors_are_those_of_units_left_out():
    table = json.loads((TABLES / "sky130hd.json").read_text(encoding="utf-8"))
    calibration = cost.load_calibration()
    unit = calibration.specs.index("e4m3fn-e4m3fn-fp32")
    rest = learn({**table, "rows": [row for i, row in enumerate(table["rows"]) if i != unit]})
    cells = fitted_cells(cost.counts(MacSpec.parse("e4m3fn-e4m3fn-fp32"), rest.adder, rest.multiplier))
    for quantity in QUANTITIES:
        alone = (cells * rest.coefficients[quantity]).sum(axis=-1)
        assert calibration.left_out[quantity][unit] == pytest.approx(alone)


def test_error_table():
    rows = {(row["quantity"], row["part"], row["family"]): row for row in cost.calibration_error()}
    total = rows["area_um2", "total", "all"]
    assert total["units"] >= 60
    # Bounds with room for another flow or circuit, but not for counts that are wrong.
    assert 0 < total["mean"] < 0.025
    assert total["mean"] <= total["p95"] < 0.06
    assert abs(total["bias"]) < 0.01
    assert all(rows["area_um2", part, "all"]["mean"] < 0.04 for part in cost.PARTS)
    assert rows["area_um2", "decode", "all"]["mean"] < 0.09
    energy = rows["energy_fj", "total", "all"]
    assert 0 < energy["mean"] < 0.09
    assert energy["mean_family_left_out"] < 0.09
    families = [row for (quantity, part, family), row in rows.items() if (quantity, part) == ("area_um2", "total") and family != "all"]
    assert sum(row["units"] for row in families) == total["units"]
    assert all(row["mean_family_left_out"] < 0.04 for row in families)


def test_intervals_hold_as_many_units_as_they_say():
    calibration = cost.load_calibration()
    for quantity in QUANTITIES:
        measured, left_out = reported(calibration.measured[quantity]), reported(calibration.left_out[quantity])
        for part in (*cost.PARTS, "total"):
            low, high = calibration.spread[quantity][part]
            ratios = measured[part] / left_out[part]
            inside = float(np.mean((ratios >= low) & (ratios <= high)))
            assert COVERAGE - 0.03 <= inside < 1, (quantity, part)


def test_flip_flops_are_counted_exactly():
    table = json.loads((TABLES / "sky130hd.json").read_text(encoding="utf-8"))
    spec, flip_flops = table["columns"].index("spec"), table["columns"].index("flip_flops")
    for row in table["rows"]:
        assert cost.counts(MacSpec.parse(row[spec]), **table["architecture"]).total.flip_flop == row[flip_flops], row[spec]


def test_full_adders_are_those_of_the_netlist():
    """But for a few that a constant, which only the mapper finds, makes half adders."""
    table = json.loads((TABLES / "sky130hd.json").read_text(encoding="utf-8"))
    spec, full_adders = table["columns"].index("spec"), table["columns"].index("full_adders")
    more = [cost.counts(MacSpec.parse(row[spec]), **table["architecture"]).total.full_adder - row[full_adders] for row in table["rows"]]
    assert min(more) == 0
    assert sum(map(bool, more)) < len(more) / 10
    assert sum(more) < 0.01 * sum(row[full_adders] for row in table["rows"])


def test_a_scale_that_nothing_tells_is_that_of_the_others():
    table = json.loads((TABLES / "sky130hd.json").read_text(encoding="utf-8"))
    fits = learn(table).fits["area_um2"]
    kinds = list(AREA_GROUPS)
    decode, multiply = (fits[FITTED.index(part)].scales for part in ("decode", "multiply"))
    # No decoder holds a prefix adder, none of the parts in front of the register a mask on a port of it.
    for scales, kind in ((decode, "prefix"), (decode, "strong masks"), (multiply, "strong masks")):
        assert 0.8 < scales[kinds.index(kind)] < 1.2


def test_estimates_follow_the_table():
    # Twice the cost of everything mapped: twice the estimate, but for what is known beforehand.
    table = json.loads((TABLES / "sky130hd.json").read_text(encoding="utf-8"))
    first = [i for i, name in enumerate(table["columns"]) if name.startswith("area")]
    doubled = [[2 * value if i in first else value for i, value in enumerate(row)] for row in table["rows"]]
    figures = {cell: {**figure, "area_um2": 2 * figure["area_um2"]} for cell, figure in table["cells"].items()}
    calibration, other = learn(table), learn({**table, "rows": doubled, "cells": figures})
    for one, two in zip(calibration.fits["area_um2"], other.fits["area_um2"], strict=True):
        assert two.coefficients == pytest.approx(2 * one.coefficients)
    assert calibration.coefficients["energy_fj"] == pytest.approx(other.coefficients["energy_fj"])


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
    for ask in (lambda: cost.estimate(SPECS[0], other), lambda: cost.estimate_many(SPECS, other), lambda: cost.calibration_error(other)):
        with pytest.raises(cost.CostError, match="the card 'sky130hd' has other figures than the card of that name"):
            ask()


def test_a_broken_table_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.cost.calibration.TABLES", tmp_path)
    (tmp_path / "mine.json").write_text('{"card": "mine"}', encoding="utf-8")
    (tmp_path / "text.json").write_text("area", encoding="utf-8")
    for name in ("mine", "text"):
        with pytest.raises(cost.CostError, match=rf"{name}.json is not a calibration table: "):
            cost.estimate(SPECS[0], card=name)


def test_an_estimate_needs_numpy_alone():
    code = (
        "import sys; from hwmodel.cost import estimate, paper; from hwmodel.spec import MacSpec;"
        "estimate(MacSpec.parse('e4m3fn-e4m3fn-fp32')); paper(MacSpec.parse('e4m3fn-e4m3fn-fp32'));"
        "print([name for name in ('pandas', 'amaranth', 'pyosys', 'hwmodel.flow', 'hwmodel_rtl', 'matplotlib') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
