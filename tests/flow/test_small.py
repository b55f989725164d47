"""From a Liberty file to a working netlist, on the small library that is bundled: nothing here is ever skipped."""

import re

import numpy as np
import pytest
from flow_cases import MAC, SMALL

from hwmodel.flow import Netlist, import_liberty, load_card, simulate, static_timing, synthesize
from hwmodel.flow.adders import adder_cell, adder_in_use
from hwmodel.flow.netlist import Instance


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


def _with_senses() -> str:
    """The small library, its XOR2 200 ps slower where the output is the opposite of an input."""
    text = SMALL.read_text()
    start, end = text.index("cell (XOR2)"), text.index("cell (FA)")
    groups = re.findall(r"timing \(\) \{ related_pin : .*?\n      \}", text[start:end], re.DOTALL)
    cell = text[start:end]
    for group in groups:
        slower = re.sub(r"(cell_\w+ \(grid\) \{ values \()([^)]*)", lambda found: found[1] + _later(found[2]), group)
        both = [one.replace(";", f"; timing_sense : {sense};", 1) for one, sense in ((group, "positive_unate"), (slower, "negative_unate"))]
        cell = cell.replace(group, "\n".join(both), 1)
    return text[:start] + cell + text[end:]


def _later(values: str) -> str:
    return re.sub(r"[\d.]+", lambda number: f"{float(number[0]) + 0.2:.3f}", values)


def test_an_output_that_follows_and_one_that_opposes_have_times_of_their_own(tmp_path):
    """Two XOR2 in a row, each opposing its input: rising, it takes 250 ps + 1 ps/fF + slew / 10; falling, 275 ps + 0.8 ps/fF + slew / 10.

    A source that rises has 1 ps/fF of a buffer in front, and a slew of 30 ps + 2 ps/fF; the first gate then falls with 50 ps + 1.6 ps/fF,
    and the second rises. An edge that the second follows is 200 ps sooner, so it does not fall last.
    """
    path = tmp_path / "senses.lib"
    path.write_text(_with_senses())
    card = import_liberty("senses", [path])
    gate = card.cells["XOR2"]
    follows, opposes = gate.outputs[0].senses["A"]
    np.testing.assert_allclose(opposes[:2] - follows[:2], 200)
    assert gate.outputs[0].arcs["A"].tolist() == opposes.tolist()
    assert card.cells["NAND2"].outputs[0].senses == {}
    gates = Instance("first", gate, "mpy", (2, 3), (5,)), Instance("second", gate, "mpy", (5, 4), (6,))
    netlist = Netlist("odd", gates, (0, 1), {"a": (2,), "b": (3,), "c": (4,)}, {"y": (6,)}, 7)
    first = 275 + 0.8 * 4 + (30 + 2 * 4) / 10
    second = 250 + 1.0 * 1 + (50 + 1.6 * 4) / 10
    assert static_timing(netlist, card).delay_ps == pytest.approx(4 + first + second)
    card.save(tmp_path / "senses.card.json.gz")
    again = load_card(str(tmp_path / "senses.card.json.gz"))
    assert again.cells["XOR2"].outputs[0].senses["B"].tolist() == gate.outputs[0].senses["B"].tolist()


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
