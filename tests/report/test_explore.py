"""Architectures are chosen by what they cost once mapped."""

import pytest

from hwmodel.flow import load_card, synthesize
from hwmodel.report.explore import UnmetClockError, explore
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

ADDERS = ("ripple", "brent_kung", "sklansky")
SPEC = MacSpec.parse("int3-int3-fx14")


@pytest.fixture(scope="module")
def card():
    return load_card("sky130hd")


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


@pytest.fixture(scope="module")
def mapped(card, yosys) -> dict[tuple[str, str], tuple[float, float]]:
    """Area and delay by adder and script."""
    found = {}
    for adder in ADDERS:
        unit = emit(SPEC, Architecture(adder=adder), yosys=yosys)
        for script in ("area", "balanced", "sized", "delay"):
            row = synthesize(unit.verilog, unit.name, card, yosys, objective=script).row
            found[adder, script] = (row["area_flat_um2"], row["delay_ps"])
    return found


def test_each_objective_has_the_best_of_its_candidates(card, yosys, mapped) -> None:
    smallest, fastest = explore(SPEC, card, yosys, "area"), explore(SPEC, card, yosys, "delay")
    assert smallest.area_um2 == min(mapped[adder, "area"][0] for adder in ADDERS)
    assert fastest.delay_ps == min(mapped[adder, "delay"][1] for adder in ("brent_kung", "sklansky"))
    assert smallest.area_um2 < fastest.area_um2
    assert smallest.delay_ps > fastest.delay_ps
    between = explore(SPEC, card, yosys, "balanced")
    products = [mapped[adder, "balanced"][0] * mapped[adder, "balanced"][1] for adder in ("brent_kung", "sklansky")]
    assert between.area_um2 * between.delay_ps == min(products)


def test_a_clock_is_met_with_the_least_area(card, yosys, mapped) -> None:
    slowest = mapped["ripple", "area"][1]
    choice = explore(SPEC, card, yosys, "area", clock_ps=slowest * 0.8)
    assert choice.delay_ps <= slowest * 0.8
    assert choice.delay_ps == mapped[choice.architecture.adder, choice.script][1]
    candidates = [figures for (_, script), figures in mapped.items() if script != "delay"]
    assert choice.area_um2 == min(area for area, delay in candidates if delay <= slowest * 0.8)


def test_a_clock_that_only_the_mapper_for_delay_meets_is_met(card, yosys, mapped) -> None:
    clock = min(delay for (_, script), (_, delay) in mapped.items() if script != "delay") - 1
    choice = explore(SPEC, card, yosys, "area", clock_ps=clock)
    assert choice.script == "delay"
    assert choice.delay_ps <= clock


def test_a_clock_that_nothing_meets_is_told_by_how_much(card, yosys, mapped) -> None:
    fastest = min(delay for delay in (mapped[adder, "delay"][1] for adder in ("brent_kung", "sklansky")))
    with pytest.raises(UnmetClockError, match=rf"takes {fastest:.0f} ps, {fastest - 100:.0f} ps too long"):
        explore(SPEC, card, yosys, "delay", clock_ps=100)


def test_a_given_adder_is_the_only_one_tried(card, yosys) -> None:
    choice = explore(SPEC, card, yosys, "delay", adder="ripple")
    assert (choice.architecture.adder, choice.tried) == ("ripple", 1)
