"""Counts of building blocks, at the card's own figures and with no scale learnt, are the area that the blocks are mapped to."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.cost import CELLS
from hwmodel.cost.model import composed_figure
from hwmodel.cost.structure.adders import add, add_or_subtract, count_up_or_down
from hwmodel.cost.structure.cells import MUX2, XOR2, Packed, cells_of
from hwmodel.cost.structure.operands import decode
from hwmodel.cost.structure.shifters import leading_zero_count, normalise, shift_right_sticky
from hwmodel.cost.structure.tally import SIGNAL, Tally, constant, signals
from hwmodel.flow import load_card
from hwmodel.flow.mapping import map_flat
from hwmodel.report.calibration import cell_figures
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import adders, leading_zeros, shifter
from hwmodel_rtl.cells import VERILOG, AdderCells
from hwmodel_rtl.decode import Decode

CARD = load_card("sky130hd")
FIGURES = cell_figures(CARD)


class Block(wiring.Component):
    """A combinational block: ports by width, and what drives the outputs."""

    def __init__(self, inputs: Mapping[str, int], outputs: Mapping[str, int], build: Callable[..., Mapping[str, Value]]) -> None:
        self.inputs, self.build = list(inputs), build
        super().__init__({**{name: In(width) for name, width in inputs.items()}, **{name: Out(width) for name, width in outputs.items()}})

    def elaborate(self, platform):
        m = Module()
        driven = self.build(m, *(getattr(self, name) for name in self.inputs))
        for name, value in driven.items():
            m.d.comb += getattr(self, name).eq(value)
        return m


class Case(NamedTuple):
    block: Any
    counts: Packed
    within: float
    """How far off the estimate may be; ABC shares gates between what is counted apart, the smaller a block the more."""


def _tallied(count: Callable[..., Any], *arguments: Any, **options: Any) -> Packed:
    tally = Tally()
    count(tally, *arguments, **options)
    return tally.cells


def _adder(kind: str, width: int) -> Case:
    def build(m, a, b):
        return {"total": Cat(*adders.add(m, AdderCells(m), list(a), list(b), 0, kind))}

    block = Block({"a": width, "b": width}, {"total": width + 1}, build)
    return Case(block, _tallied(add, signals(width), signals(width), 0, kind, carry_used=True), 0.15)


def _increment(kind: str, width: int) -> Case:
    def build(m, a, carry):
        return {"total": Cat(*adders.add(m, AdderCells(m), list(a), adders.constant(0, width), carry, kind))}

    counts = _tallied(add, signals(width), constant(0, width), SIGNAL, kind, carry_used=True)
    return Case(Block({"a": width, "carry": 1}, {"total": width + 1}, build), counts, 0.16)


def _magnitude(kind: str, width: int) -> Case:
    def build(m, a, b, subtract):
        magnitude, carry, negative = adders.add_or_subtract(m, AdderCells(m), list(a), list(b), subtract, kind)
        return {"magnitude": Cat(*magnitude), "carry": carry, "negative": negative}

    block = Block({"a": width, "b": width, "subtract": 1}, {"magnitude": width, "carry": 1, "negative": 1}, build)
    counts = _tallied(add_or_subtract, signals(width), signals(width), kind) + width * XOR2
    return Case(block, counts, 0.12)


def _up_or_down(width: int) -> Case:
    def build(m, a, up, down):
        return {"counted": Cat(*adders.count_up_or_down(m, list(a), up, down, "brent_kung"))}

    block = Block({"a": width, "up": 1, "down": 1}, {"counted": width}, build)
    return Case(block, _tallied(count_up_or_down, width, "brent_kung"), 0.18)


def _leading_zeros(width: int) -> Case:
    counts, bits = leading_zero_count(width)

    def build(m, a):
        count, none = leading_zeros.leading_zero_count(m, a)
        return {"count": count, "none": none}

    return Case(Block({"a": width}, {"count": bits, "none": 1}, build), counts, 0.08)


def _normalise(width: int, used: int, within: float) -> Case:
    counter, bits = leading_zero_count(width)

    def build(m, a):
        count, none = leading_zeros.leading_zero_count(m, a)
        return {"moved": shifter.normalise(m, a, count)[-used:], "count": count, "none": none}

    block = Block({"a": width}, {"moved": used, "count": bits, "none": 1}, build)
    return Case(block, counter + _tallied(normalise, width, bits, used), within)


def _align(value: int, amount: int, width: int) -> Case:
    def build(m, a, by):
        aligned, sticky = shifter.shift_right_sticky(m, a, by, width)
        return {"aligned": aligned, "sticky": sticky}

    block = Block({"a": value, "by": amount}, {"aligned": width, "sticky": 1}, build)
    return Case(block, _tallied(shift_right_sticky, value, amount, width), 0.20)


def _any_of(width: int) -> Case:
    return Case(Block({"a": width}, {"found": 1}, lambda m, a: {"found": a.any()}), _tallied(Tally.any_of, width), 0.20)


def _choice(width: int) -> Case:
    block = Block({"a": width, "b": width, "which": 1}, {"out": width}, lambda m, a, b, which: {"out": Mux(which, a, b)})
    return Case(block, width * MUX2, 0.15)


def _decoder(name: str) -> Case:
    operand = MacSpec.parse(f"{name}-{name}-fp32").a
    return Case(Decode(operand, normalised=True), decode(operand, normalised=True), 0.15)


CASES = {
    "ripple16": _adder("ripple", 16),
    "brent_kung16": _adder("brent_kung", 16),
    "brent_kung32": _adder("brent_kung", 32),
    "sparse32": _adder("sparse", 32),
    "increment11": _increment("brent_kung", 11),
    "increment24": _increment("ripple", 24),
    "magnitude28": _magnitude("brent_kung", 28),
    "magnitude28 ripple": _magnitude("ripple", 28),
    "up_or_down28": _up_or_down(28),
    "leading_zeros13": _leading_zeros(13),
    "leading_zeros26": _leading_zeros(26),
    "normalise26": _normalise(26, 26, 0.18),
    "normalise46 cut": _normalise(46, 11, 0.32),
    "align24": _align(24, 8, 27),
    "any40": _any_of(40),
    "choice32": _choice(32),
    "e4m3fn": _decoder("e4m3fn"),
    "fp16": _decoder("fp16"),
    "posit16": _decoder("posit16"),
    "int4": _decoder("int4"),
    "int8": _decoder("int8"),
    "e2m1fn+e4m3fn": _decoder("e2m1fn+e4m3fn"),
}


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


def area_um2(block: Any, yosys: Yosys, folder) -> float:
    """Return the area that a block is mapped to."""
    text = rtlil.convert(block, name="block", emit_src=False)
    (folder / "block.il").write_text(text.replace("\\block.", "\\block__"), encoding="utf-8")
    yosys.run(["read_rtlil block.il", "proc", "opt_clean -purge", "write_verilog -noattr block.v"], folder)
    verilog = (folder / "block.v").read_text(encoding="utf-8") + VERILOG.format(prefix="hwmodel")
    return sum(instance.cell.area_um2 for instance in map_flat(verilog, "block", CARD, yosys).instances)


@pytest.mark.parametrize("name", CASES)
def test_counts_of_a_block_are_its_mapped_area(name, yosys, tmp_path):
    case = CASES[name]
    counted = sum(
        number * composed_figure(FIGURES, cell, "area_um2") for cell, number in zip(CELLS, cells_of([case.counts])[0], strict=True)
    )
    assert counted == pytest.approx(area_um2(case.block, yosys, tmp_path), rel=case.within)
