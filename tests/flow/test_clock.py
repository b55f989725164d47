"""The shortest clock period, worked out by hand on the small library that is bundled; what a library may not say."""

import math

import pytest
from flow_cases import SMALL

from hwmodel.flow import TechError, clock_timing, import_liberty, load_card, synthesize
from hwmodel.flow.compact_liberty import to_liberty

ADDER = "module c__fa (input A, B, C, output X, Y); assign Y = A ^ B ^ C; assign X = (A & B) | (C & (A ^ B)); endmodule\n"
CHAIN = """
  wire [4:0] k; genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : g c__fa f (.A(a[i]), .B(b[i]), .C(k[i]), .X(k[i + 1]), .Y(s[i])); end endgenerate
"""
LOOP = f"""{ADDER}
module loop (input clk, input [3:0] a, b, output [3:0] s, output reg carry); {CHAIN}
  assign k[0] = carry; always @(posedge clk) carry <= k[4];
endmodule
"""
THROUGH = f"""{ADDER}
module through (input [3:0] a, b, input c, output [3:0] s, output carry); {CHAIN} assign k[0] = c; assign carry = k[4]; endmodule
"""


def _fall(load: float, slew: float) -> tuple[float, float]:
    """Delay and slew of a falling output of the small library's adder."""
    return 120 + 0.8 * load + slew / 10, 80 + 1.6 * load


def test_a_loop_by_hand(small, yosys):
    """Clock to Q, four adders, set-up; the slower edge, falling, all the way.

    Q drives an adder (4 fF) and the port (an inverter, 1 fF): 80 ps + 0.8 ps/fF, slew 50 ps + 1.6 ps/fF. Each adder drives the next
    one (4 fF), the last the flip-flop (2 fF). Set-up: 30 ps and half the slew. The clock's own slew is nought.
    """
    period, slew = 80 + 0.8 * 5, 50 + 1.6 * 5
    for load in (4, 4, 4, 2):
        delay, slew = _fall(load, slew)
        period += delay
    timing = clock_timing(synthesize(LOOP, "loop", small, yosys, objective="area").flat, small)
    assert timing.delay_ps == pytest.approx(period + 30 + slew / 2)
    first, *adders, last = timing.path
    assert (first.cell, first.pins, first.edge, first.part) == ("DFF", "CK→Q", "fall", "normacc")
    assert (first.delay_ps, first.load_ff, first.slew_ps) == pytest.approx((84, 5, 58))
    assert [(step.cell, step.pins) for step in adders] == [("FA", "CI→CO")] * 4
    assert (last.instance, last.pins, last.delay_ps) == (first.instance, "D", pytest.approx(30 + slew / 2))
    assert sum(step.delay_ps for step in timing.path) == pytest.approx(timing.delay_ps)
    assert last.arrival_ps == timing.delay_ps


def test_from_port_to_port_by_hand(small, yosys):
    """A register outside drives each input; nothing is set up behind an output."""
    period, slew = 80 + 0.8 * 4, 50 + 1.6 * 4
    for load in (4, 4, 4, 1):
        delay, slew = _fall(load, slew)
        period += delay
    timing = clock_timing(synthesize(THROUGH, "through", small, yosys, objective="area").flat, small)
    assert timing.delay_ps == pytest.approx(period)
    assert (timing.path[0].cell, timing.path[0].part) == ("DFF", "input")
    assert timing.path[0].instance in ("a[0]", "b[0]", "c")
    assert [step.cell for step in timing.path[1:]] == ["FA"] * 4


def test_setup_times_are_those_under_a_steep_clock(small):
    flip_flop = small.register.flip_flop
    assert flip_flop.setup_slews_ps == (10, 1000)
    assert flip_flop.setup_ps == ((pytest.approx(22), pytest.approx(220)), (pytest.approx(35), pytest.approx(530)))


def test_the_bundled_card_has_the_times_of_all_its_flip_flops():
    card = load_card("sky130hd")
    for cell in card.cells.values():
        if cell.flip_flop is not None:
            assert len(cell.flip_flop.setup_ps[0]) == len(cell.flip_flop.setup_ps[1]) == len(cell.flip_flop.setup_slews_ps)
            assert all(cell.flip_flop.clock in output.arcs for output in cell.outputs)


def test_a_card_written_as_liberty_says_the_same_of_flip_flops(card, tmp_path):
    (tmp_path / "again.lib").write_text(to_liberty(card))
    again = import_liberty("again", [tmp_path / "again.lib"])
    for name, cell in card.cells.items():
        assert again.cells[name].flip_flop == cell.flip_flop
        for one, other in zip(cell.outputs, again.cells[name].outputs, strict=True):
            assert {pin: tables.tolist() for pin, tables in one.arcs.items()} == {
                pin: tables.tolist() for pin, tables in other.arcs.items()
            }


@pytest.mark.parametrize(
    ("arc", "reason"),
    [
        ("setup_rising", "the library small has no set-up times of its flip-flop DFF, so no clock can be told"),
        ("rising_edge", "the library small has no times from clock to output of its flip-flop DFF, so no clock can be told"),
    ],
)
def test_a_library_without_times_of_flip_flops_gives_no_clock(yosys, tmp_path, arc, reason):
    path = tmp_path / "small.lib"
    path.write_text(SMALL.read_text().replace(arc, "hold_rising"))
    mapped = synthesize(LOOP, "loop", import_liberty("small", [path]), yosys)
    assert math.isnan(mapped.row["clock_min_ps"])
    assert mapped.row["clock_reason"] == reason
    assert mapped.row["delay_ps"] > 500
    with pytest.raises(TechError, match=reason):
        _ = mapped.clock_path
