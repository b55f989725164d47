"""Architectures are chosen by what they cost once mapped."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil

import pytest

from hwmodel.flow import Mapped, TechError, load_card, map_flat, synthesize
from hwmodel.spec import MacSpec
from hwmodel.sweep.explore import OBJECTIVES, UnmetClockError, explore
from hwmodel.yosys import Yosys
from hwmodel_rtl import PATHS, Architecture, emit

PREFIX = ("sparse", "brent_kung", "sklansky")
ADDERS = ("ripple", *PREFIX)
SPEC = MacSpec.parse("int3-int3-fx14")


@pytest.fixture(scope="module")
def card():
    return load_card("sky130hd")


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


@pytest.fixture(scope="module", autouse=True)
def once() -> Iterator[Callable[..., Mapped]]:
    """Map each text with each script once: it gives the same netlist every time."""
    kept: dict = {}

    def remembered(by):
        def mapped(verilog, top, card, yosys, *, objective):
            key = by, verilog, objective, id(card)
            if key not in kept:
                kept[key] = by(verilog, top, card, yosys, objective=objective)
            return kept[key]

        return mapped

    def flat(unit, card, yosys, script):
        """Return a unit mapped as one module; its parts, of which nothing is asked here, are not mapped by themselves."""
        netlist = remembered(map_flat)(unit.verilog, unit.name, card, yosys, objective=script)
        return Mapped(unit.name, card, script, netlist, netlist)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hwmodel.sweep.explore.synthesize", remembered(synthesize))
        patch.setattr("hwmodel.sweep.explore.map_flat", remembered(map_flat))
        yield flat


@pytest.fixture(scope="module")
def mapped(card, yosys, once) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Area, delay and shortest clock by adder and script."""
    found = {}
    for adder in ADDERS:
        unit = emit(SPEC, Architecture(adder=adder), yosys=yosys)
        for script in ("area", "balanced", "sized", "delay"):
            row = once(unit, card, yosys, script).row
            found[adder, script] = (row["area_flat_um2"], row["delay_ps"], row["clock_min_ps"])
    return found


def test_each_objective_has_the_best_of_its_candidates(card, yosys, mapped) -> None:
    smallest, fastest = explore(SPEC, card, yosys, "area"), explore(SPEC, card, yosys, "delay")
    assert smallest.area_um2 == min(mapped[adder, "area"][0] for adder in ADDERS)
    assert fastest.delay_ps == min(mapped[adder, "delay"][1] for adder in PREFIX)
    assert smallest.area_um2 < fastest.area_um2
    assert smallest.delay_ps > fastest.delay_ps
    between = explore(SPEC, card, yosys, "balanced")
    products = [mapped[adder, "balanced"][0] * mapped[adder, "balanced"][1] for adder in PREFIX]
    assert between.area_um2 * between.delay_ps == min(products)


def test_a_clock_is_met_with_the_least_area(card, yosys, mapped) -> None:
    clock = mapped["ripple", "area"][2] * 0.8
    choice = explore(SPEC, card, yosys, "area", clock_ps=clock)
    assert choice.clock_min_ps <= clock
    assert (choice.delay_ps, choice.clock_min_ps) == mapped[choice.architecture.adder, choice.script][1:]
    candidates = [figures for (_, script), figures in mapped.items() if script != "delay"]
    assert choice.area_um2 == min(area for area, _, least in candidates if least <= clock)


def test_a_clock_that_only_the_mapper_for_delay_meets_is_met(card, yosys, mapped) -> None:
    clock = min(least for (_, script), (_, _, least) in mapped.items() if script != "delay") - 1
    choice = explore(SPEC, card, yosys, "area", clock_ps=clock)
    assert choice.script == "delay"
    assert choice.clock_min_ps <= clock


def test_a_clock_counts_what_flip_flops_take(card, yosys, mapped) -> None:
    """A period as long as the path alone is too short: clock to output and set-up are not in it."""
    adder = min(PREFIX, key=lambda adder: mapped[adder, "delay"][2])
    _, path, least = mapped[adder, "delay"]
    assert path + 200 < least < path + 500
    assert explore(SPEC, card, yosys, "delay", clock_ps=ceil(least)).clock_min_ps == least
    with pytest.raises(UnmetClockError, match=f"needs {ceil(least)} ps, "):
        explore(SPEC, card, yosys, "delay", clock_ps=path)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_clock_that_nothing_meets_is_told_by_how_much(card, yosys, mapped, objective) -> None:
    least = ceil(min(mapped[adder, "delay"][2] for adder in PREFIX))
    with pytest.raises(UnmetClockError) as told:
        explore(SPEC, card, yosys, objective, clock_ps=least - 1.5)
    tried = {"area": 15, "balanced": 9, "delay": 3}[objective]
    assert str(told.value) == (
        f"unit {SPEC}: the clock of {least - 1.5:g} ps is not met on sky130hd: the fastest of {tried} needs {least} ps, 1.5 ps more, clock "
        "to output and set-up included; the path is longest in alignadd, and pipeline registers (-p1, -p2) shorten what "
        "stands in front of the accumulator"
    )


def test_a_clock_cannot_be_asked_of_a_library_that_does_not_tell_it(card, yosys) -> None:
    cells = {
        name: replace(cell, flip_flop=replace(cell.flip_flop, setup_slews_ps=(), setup_ps=())) if cell.flip_flop else cell
        for name, cell in card.cells.items()
    }
    with pytest.raises(TechError, match="the library sky130hd has no set-up times of its flip-flop"):
        explore(SPEC, replace(card, cells=cells), yosys, "delay", clock_ps=9000)


def test_two_paths_are_tried_where_delay_rules(card, yosys, once) -> None:
    spec = MacSpec.parse("e2m1fn-e2m1fn-fp16")
    delays = {}
    for paths in PATHS:
        unit = emit(spec, Architecture("sklansky", paths=paths), yosys=yosys)
        delays[paths] = once(unit, card, yosys, "delay").row["delay_ps"]
    fastest = explore(spec, card, yosys, "delay", adder="sklansky")
    assert (fastest.architecture.paths, fastest.delay_ps, fastest.tried) == ("near_far", delays["near_far"], 2)
    assert delays["near_far"] < 0.95 * delays["single"]
    given = explore(spec, card, yosys, "delay", adder="sklansky", paths="single")
    assert (given.architecture.paths, given.tried) == ("single", 1)
    assert explore(spec, card, yosys, "balanced", adder="sklansky").tried == 1


def test_a_given_adder_is_the_only_one_tried(card, yosys) -> None:
    choice = explore(SPEC, card, yosys, "delay", adder="ripple")
    assert (choice.architecture.adder, choice.tried) == ("ripple", 1)
