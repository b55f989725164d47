"""From a Liberty file to a working netlist, on the small library that is bundled: nothing here is ever skipped."""

import re

import numpy as np
import pytest
from flow_cases import MAC, SMALL

from hwmodel.flow import import_liberty, simulate, synthesize
from hwmodel.flow.adders import adder_cell, adder_in_use


def test_import(small):
    assert sorted(small.cells) == ["BUF", "DFF", "FA", "INV", "NAND2", "NOR2", "XOR2"]
    assert small.excluded == {"LATCH": "it is a latch"}
    assert (small.nand2.name, small.nand2.area_um2, small.inverter.name, small.buffer.name) == ("NAND2", 2, "INV", "BUF")
    assert [pin.capacitance_ff for pin in small.cells["XOR2"].inputs] == [4, 4]
    assert small.cells["NOR2"].outputs[0].slews_ps.tolist() == [10, 100, 1000]
    assert small.cells["NOR2"].outputs[0].loads_ff.tolist() == [0, 10, 100]
    # Rise: 30 ps + 1 ps/fF + slew / 10; fall: 45 ps + 0.8 ps/fF + slew / 10.
    rise, fall = small.cells["NOR2"].outputs[0].arcs["A"][:2]
    assert rise[1, 2] == pytest.approx(30 + 100 + 10)
    assert fall[0, 1] == pytest.approx(45 + 8 + 1)


def test_adders(small):
    full = adder_cell(small, "full")
    assert (full.cell.name, full.sum_pin, full.carry_pin, full.sum_inverted) == ("FA", "S", "CO", False)
    assert adder_in_use(small, "full") == full  # 12 um2, and as gates 2 XOR2 + 3 NAND2 = 16
    assert adder_cell(small, "half") is None


@pytest.mark.parametrize("objective", ["area", "balanced"])
def test_mapped_gates_multiply_and_add(small, yosys, objective):
    mapped = synthesize(MAC, "t_mac", small, yosys, objective=objective)
    assert mapped.row["full_adders"] == 18  # the topmost one's carry is unused: gates
    assert mapped.row["flip_flops"] == 20
    assert mapped.row["area_sequential_um2"] == 20 * 9
    random = np.random.default_rng(5)
    a, b = random.integers(0, 256, (2, 30, 50))
    stimulus = {"a": a, "b": b, "valid": np.ones(30, int), "clear": np.arange(30) == 0, "rst": np.zeros(30, int)}
    sums = np.cumsum((a - 128) * (b - 128), axis=0) % 2**20
    for netlist in (mapped.parted, mapped.flat):
        assert np.array_equal(simulate(netlist, stimulus).outputs["acc"][1:], sums[:-1].astype(np.uint64))


ADDERS = """
module c__fa (input A, B, C, output X, Y); assign Y = A ^ B ^ C; assign X = (A & B) | (C & (A ^ B)); endmodule
module chain (input [3:0] a, b, input c, output [3:0] s, output carry);
  wire [4:0] k; assign k[0] = c; assign carry = k[4]; genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : g c__fa f (.A(a[i]), .B(b[i]), .C(k[i]), .X(k[i + 1]), .Y(s[i])); end endgenerate
endmodule
"""


def test_delay_by_hand(small, yosys):
    """Four full adders in a row; the slower edge, falling, all the way.

    A source's buffer counts with what its load adds, 0.8 ps/fF, and its slew, 1.6 ps/fF + 30 ps. An adder falls in 120 ps + 0.8 ps/fF
    + slew / 10 and hands on a slew of 80 ps + 1.6 ps/fF. Each drives one adder input (4 fF), the last the port (an inverter, 1 fF).
    """
    delay, slew = 0.8 * 4, 30 + 1.6 * 4
    for load in (4, 4, 4, 1):
        delay += 120 + 0.8 * load + slew / 10
        slew = 80 + 1.6 * load
    timing = synthesize(ADDERS, "chain", small, yosys, objective="area").timing
    assert timing.delay_ps == pytest.approx(delay)
    assert [step.cell for step in timing.path] == ["FA"] * 4


def test_adders_whose_outputs_come_inverted(yosys, tmp_path):
    """As in ASAP7: found by function, put in with inverters behind them where that is still smaller than gates, and right."""
    path = tmp_path / "inverted.lib"
    adder = SMALL.read_text().partition("cell (FA)")
    path.write_text(adder[0] + adder[1] + re.sub(r'function : "([^"]*)"', r'function : "!(\1)"', adder[2], count=2))
    card = import_liberty("inverted", [path])
    full = adder_cell(card, "full")
    assert (full.cell.name, full.sum_inverted, full.carry_inverted) == ("FA", True, True)
    mapped = synthesize(MAC, "t_mac", card, yosys)
    assert mapped.row["full_adders"] == 18
    random = np.random.default_rng(7)
    a, b = random.integers(0, 256, (2, 30, 50))
    stimulus = {"a": a, "b": b, "valid": np.ones(30, int), "clear": np.arange(30) == 0, "rst": np.zeros(30, int)}
    sums = np.cumsum((a - 128) * (b - 128), axis=0) % 2**20
    for netlist in (mapped.parted, mapped.flat):
        assert np.array_equal(simulate(netlist, stimulus).outputs["acc"][1:], sums[:-1].astype(np.uint64))
