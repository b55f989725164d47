"""The calibration set: its units, and that what is bundled was made from the bundled cards."""

import json
from collections import Counter
from itertools import product

import pytest

from hwmodel.cost.calibration import COEFFICIENTS, TABLES, stored
from hwmodel.cost.learning import ANY_FAMILY, read_units
from hwmodel.flow import list_cards, load_card
from hwmodel.flow.mapping import map_flat
from hwmodel.report.calibration import cell_figures
from hwmodel.report.calibration_units import CHOSEN, DRAWN, LARGE, LARGER, calibration_units
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys


@pytest.mark.parametrize("name", sorted(stored()["cards"]))
def test_coefficients_were_made_from_the_bundled_cards(name):
    about, card = stored()["cards"][name], load_card(name)
    assert about == {"sha256": card.sha256, "process": card.process, "cells": cell_figures(card)}


def test_adders_of_signs_cost_something_where_they_are_cells():
    cells = {name: about["cells"] for name, about in stored()["cards"].items()}
    assert set(cells["sg13g2"]["sign_adder"].values()) == {0}
    for name in ("asap7", "sky130hd"):
        assert cells[name]["sign_adder"] == cells[name]["full_adder"]


@pytest.mark.parametrize("name", list_cards())
def test_the_figure_of_a_flip_flop_is_of_the_one_that_is_placed(name):
    # asap7 has smaller ones, which invert what they are given: registers are not made of those.
    verilog = "module kept(input clk, input [3:0] d, output reg [3:0] q); always @(posedge clk) q <= d; endmodule"
    with Yosys() as yosys:
        netlist = map_flat(verilog, "kept", load_card(name), yosys)
    assert netlist.sequential_area_um2 == pytest.approx(4 * cell_figures(load_card(name))["flip_flop"]["area_um2"], rel=1e-3)


def test_coefficients_say_what_made_them():
    found = json.loads((TABLES / COEFFICIENTS).read_text(encoding="utf-8"))
    assert found["command"] == "hwmodel calibrate --make"
    assert {"hwmodel", "amaranth", "pyosys"} <= set(found["tools"])
    assert all(
        scale >= 0 for fit in found["fits"] for parts in fit["scales"].values() for scales in parts.values() for scale in scales.values()
    )


def test_the_table_has_the_units_that_there_are():
    by_set: dict[tuple[str, str], dict[str, str]] = {}
    for row in read_units():
        by_set.setdefault((row["card"], row["objective"]), {})[row["spec"]] = row["family"]
    for (card, objective), units in by_set.items():
        assert units == calibration_units(card, objective)


def test_units_are_named_once_and_canonically():
    for names in (CHOSEN, DRAWN):
        assert all(str(MacSpec.parse(name)) for text in names.values() for name in text.split())
    everything = [str(MacSpec.parse(name)) for names in (CHOSEN, DRAWN) for text in names.values() for name in text.split()]
    assert len(set(everything)) == len(everything)
    assert list(CHOSEN) == list(DRAWN)
    assert set(LARGE.split()) | set(LARGER.split()) < {
        name for names in (CHOSEN, DRAWN) for text in names.values() for name in text.split()
    }
    assert not set(LARGE.split()) & set(LARGER.split())


def test_every_family_has_a_few_units_on_every_card():
    large, small = calibration_units("sky130hd", "balanced"), calibration_units("asap7", "area")
    assert {name for name, family in small.items() if family != ANY_FAMILY} < set(large)
    assert min(Counter(small.values()).values()) >= 5
    assert set(small.values()) == {*CHOSEN, ANY_FAMILY}


def test_intervals_rest_on_units_of_any_formats_too():
    for card, objective in product(("asap7", "sg13g2", "sky130hd"), ("area", "balanced", "delay")):
        families = Counter(calibration_units(card, objective).values())
        assert families[ANY_FAMILY] >= 60, (card, objective)
