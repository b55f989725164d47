"""Delays and clocks agree with OpenSTA's, where it is installed (Debian: opensta)."""

import gzip
import re
from pathlib import Path

import opensta
import pytest
from flow_cases import liberty_files

from hwmodel.flow import Netlist, TechCard, clock_timing, map_flat, static_timing
from hwmodel.flow.compact_liberty import to_liberty
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit

pytestmark = pytest.mark.skipif(opensta.PROGRAM is None, reason="OpenSTA (Debian: opensta, the program sta) is not installed")

UNITS = [
    ("int4-int4-fx16", "area"),
    ("int8-int8-fx32", "balanced"),
    ("int8-int8-fx32", "delay"),
    ("int4-int4-fx20-x4", "area"),
    ("int3-int3-fx14-p1", "delay"),
    ("e2m1fn-e2m1fn-fx", "balanced"),
    ("e2m3fn-e2m3fn-fx", "area"),
    ("e2m1fn-e2m1fn-e4m3fn", "balanced"),
    ("lns8-lns8-fx", "area"),
    ("e2m1fn-e2m1fn-fp16", "area"),
]


def _mapped(card: TechCard, yosys: Yosys, cases: list[tuple[str, str]]) -> list[Netlist]:
    units = {spec: emit(MacSpec.parse(spec), yosys=yosys) for spec, _ in cases}
    return [map_flat(units[spec].verilog, units[spec].name, card, yosys, objective=script) for spec, script in cases]


def _full(name: str, folder: Path) -> list[Path]:
    """Return a library's Liberty files, unpacked; as they are but for the wires that OpenSTA adds where a file has default ones."""
    written = []
    for path in liberty_files(name):
        text = gzip.decompress(path.read_bytes()).decode("utf-8", errors="replace")
        written.append(folder / path.name.removesuffix(".gz"))
        written[-1].write_text(re.sub(r"\bdefault_wire_load\w*\s*:[^;]*;", "", text))
    return written


def _agree(netlists: list[Netlist], card: TechCard, liberty: list[Path], folder: Path, within: float) -> None:
    for netlist, (delay_ps, clock_ps) in zip(netlists, opensta.longest_paths(netlists, card, liberty, folder), strict=True):
        assert static_timing(netlist, card).delay_ps == pytest.approx(delay_ps, rel=within), netlist.top
        assert clock_timing(netlist, card).delay_ps == pytest.approx(clock_ps, rel=within), netlist.top


@pytest.fixture(scope="module")
def flat(card, yosys):
    """The ten units on the bundled card."""
    return _mapped(card, yosys, UNITS)


def test_ten_units_on_the_figures_of_the_card(card, flat, tmp_path):
    """The same tables, so the same figures: 0.1 % is asked."""
    (tmp_path / "card.lib").write_text(to_liberty(card))
    _agree(flat, card, [tmp_path / "card.lib"], tmp_path, 0.001)


def test_ten_units_on_the_full_library(card, flat, tmp_path):
    """5 %: the card has a part of the tables' points, one capacitance a pin and the worst of an arc's states."""
    _agree(flat, card, _full("sky130hd", tmp_path), tmp_path, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nangate45", "sg13g2", "asap7"])
def test_other_libraries(library, yosys, tmp_path, name):
    card = library(name)
    netlists = _mapped(card, yosys, [UNITS[0], UNITS[5]])
    _agree(netlists, card, _full(name, tmp_path), tmp_path, 0.05)
