"""Simulation of mapped gates against plain Python, toggles counted by hand, energy that adds up."""

import numpy as np
import pytest
from flow_cases import MAC

from hwmodel.flow import energy_of, simulate, switching, synthesize

CYCLES, STREAMS = 60, 100


@pytest.fixture(scope="module", params=["sky130hd", "nangate45", "asap7", "sg13g2"])
def mapped(request, library, yosys):
    return synthesize(MAC, "t_mac", library(request.param), yosys)


def _stimulus(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shape = (CYCLES, STREAMS)
    stimulus = {name: random.integers(0, 256, shape) for name in ("a", "b")}
    stimulus |= {"valid": random.integers(0, 4, shape) > 0, "clear": random.integers(0, 16, shape) == 0, "rst": np.zeros(CYCLES, int)}
    stimulus["rst"][[0, 30]] = 1
    return stimulus


def _model(stimulus: dict[str, np.ndarray]) -> np.ndarray:
    """The unit in plain Python integers: what `acc` shows in each cycle."""
    shown = np.zeros((CYCLES, STREAMS), dtype=np.uint64)
    for stream in range(STREAMS):
        acc = 0
        for cycle in range(CYCLES):
            shown[cycle, stream] = acc
            if stimulus["rst"][cycle]:
                acc = 0
            elif stimulus["valid"][cycle, stream]:
                product = (int(stimulus["a"][cycle, stream]) - 128) * (int(stimulus["b"][cycle, stream]) - 128)
                acc = ((0 if stimulus["clear"][cycle, stream] else acc) + product) % 2**20
    return shown


def test_state_equals_the_model_every_cycle(mapped):
    stimulus = _stimulus()
    expected = _model(stimulus)
    for netlist in (mapped.parted, mapped.flat):
        assert np.array_equal(simulate(netlist, stimulus).outputs["acc"], expected)


def test_energy_adds_up_by_part_and_by_kind(mapped):
    energy = switching(mapped, _stimulus(), clock_ps=10_000)
    row = energy.row
    assert row["energy_mpy_fj"] + row["energy_alignadd_fj"] + row["energy_normacc_fj"] == pytest.approx(row["energy_fj"])
    assert sum(row[f"energy_{kind}_fj"] for kind in ("internal", "switching", "clock", "leakage")) == pytest.approx(row["energy_fj"])
    assert row["energy_mpy_fj"] > row["energy_alignadd_fj"] > 0
    leakage_nw = sum(instance.cell.leakage_nw for instance in mapped.parted.instances)
    assert row["energy_leakage_fj"] == pytest.approx(leakage_nw * 10_000 * 1e-6)
    assert energy.settled.by_part_fj["mpy"]["clock"] == 0


def test_idle_inputs_cost_only_clock_and_leakage(mapped):
    energy = switching(mapped, {"a": 0, "b": 0, "valid": 0, "clear": 0, "rst": np.ones(10, int)}, warm_up=2)
    assert energy.row["energy_internal_fj"] == energy.row["energy_switching_fj"] == 0
    assert energy.row["energy_clock_fj"] > 0
    flip_flop = mapped.parted.flip_flops[0].cell
    clock = next(pin for pin in flip_flop.inputs if pin.name == flip_flop.flip_flop.clock)
    card = mapped.card
    per_edge = clock.energy_fj + card.voltage_v**2 / 2 * (clock.capacitance_ff + card.wire_ff_per_sink)
    assert energy.row["energy_clock_fj"] == pytest.approx(20 * 2 * per_edge)


COUNTER = """
module count (input clk, rst, output reg [2:0] q, output odd);
  assign odd = ^q;
  always @(posedge clk) q <= rst ? 3'd0 : q + 3'd1;
endmodule
"""


def test_toggles_counted_by_hand(card, yosys):
    mapped = synthesize(COUNTER, "count", card, yosys)
    rst = np.zeros(9, int)
    rst[0] = 1
    activity = simulate(mapped.flat, {"rst": rst})
    assert activity.outputs["q"][:, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7]
    toggles = [int(activity.toggles[net]) for net in mapped.flat.outputs["q"]]
    # From cycle 0 to 8 the count goes 0 0 1 2 3 4 5 6 7: bit 0 changes 7 times, bit 1 at 2, 4 and 6, bit 2 at 4.
    assert toggles == [7, 3, 1]
    # Parity of 0 0 1 2 3 4 5 6 7 is 0 0 1 1 0 1 0 0 1: five changes.
    assert activity.toggles[mapped.flat.outputs["odd"][0]] == 5
    assert activity.toggles[mapped.flat.inputs["rst"][0]] == 1
    assert activity.transitions == 8


def test_toggles_of_every_net_equal_a_scalar_simulation(card, yosys):
    """The same netlist, one stream and one cell at a time, from truth tables alone."""
    mapped = synthesize(MAC, "t_mac", card, yosys)
    netlist, stimulus = mapped.parted, {name: values[:20] for name, values in _stimulus().items()}
    counts = np.zeros(netlist.nets, dtype=int)
    for stream in range(3):
        state = [0] * len(netlist.flip_flops)
        before = None
        for cycle in range(20):
            value = [0, 1] + [0] * (netlist.nets - 2)
            for name, codes in stimulus.items():
                code = int(codes[cycle, stream] if codes.ndim == 2 else codes[cycle])
                for bit, net in enumerate(netlist.inputs[name]):
                    value[net] = code >> bit & 1
            for number, instance in enumerate(netlist.flip_flops):
                value[instance.outputs[0]] = state[number]
            for instance in netlist.combinational:
                row = sum(value[net] << pin for pin, net in enumerate(instance.inputs))
                for table, net in zip(instance.cell.tables, instance.outputs, strict=True):
                    if net >= 0:
                        value[net] = table >> row & 1
            state = [value[instance.inputs[instance.cell.input_names.index("D")]] for instance in netlist.flip_flops]
            if before is not None:
                counts += np.array(value) != np.array(before)
            before = value
    few = {name: values[:, :3] if values.ndim == 2 else values for name, values in stimulus.items()}
    assert np.array_equal(simulate(netlist, few).toggles, counts)


def test_energy_is_the_sum_by_hand_of_one_gate(card, yosys):
    """One inverter, its input toggling every cycle: ½CV² of both nets, internal energy, leakage."""
    mapped = synthesize("module i (input a, output y); assign y = ~a; endmodule", "i", card, yosys, objective="area")
    (gate,) = mapped.flat.instances
    activity = simulate(mapped.flat, {"a": [0, 1, 0, 1]})
    row = energy_of(mapped.flat, activity, card, clock_ps=1000).row
    pin_ff, half_v2 = gate.cell.inputs[0].capacitance_ff, 1.8**2 / 2
    port_ff = card.inverter.inputs[0].capacitance_ff
    assert row["energy_switching_fj"] == pytest.approx(half_v2 * (pin_ff + card.wire_ff_per_sink + port_ff))
    # Internal energy of inv_1 near a load of one inverter and the driver's slew: 2 to 4 fJ in the Liberty tables.
    assert 2 < row["energy_internal_fj"] < 4
    assert row["energy_leakage_fj"] == pytest.approx(gate.cell.leakage_nw * 1e-3)


def test_wide_ports(card, yosys):
    mapped = synthesize("module w (input [76:0] a, output [76:0] y); assign y = ~a; endmodule", "w", card, yosys)
    codes = np.array([[0, 1 << 76], [(1 << 77) - 1, 12345678901234567890]], dtype=object)
    seen = simulate(mapped.flat, {"a": codes}).outputs["y"]
    assert (seen == (1 << 77) - 1 - codes).all()


def test_lanes_lie_side_by_side_in_a_port(card, yosys):
    mapped = synthesize("module w (input [11:0] a, output [11:0] y); assign y = ~a; endmodule", "w", card, yosys)
    codes = np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [15, 0, 1]]], dtype=np.uint64)
    seen = simulate(mapped.flat, {"a": codes}).outputs["y"]
    assert (seen == 0xFFF - np.array([[0x321, 0x654], [0x987, 0x10F]])).all()


def test_bad_stimulus_gets_a_sentence(card, yosys):
    netlist = synthesize(MAC, "t_mac", card, yosys).parted
    good = {"a": np.zeros((4, 2), int), "b": 0, "valid": 1, "clear": 0, "rst": 0}
    for change, sentence in [
        ({"a": None}, "the stimulus lacks the input port 'a' of t_mac"),
        ({"c": 0}, "t_mac has no input port 'c'; its inputs: clk, rst, valid, clear, a, b"),
        ({"b": 256}, r"the stimulus of 'b' holds codes outside 0 … 2\*\*8 - 1"),
        ({"b": -1}, r"the stimulus of 'b' holds codes outside 0 … 2\*\*8 - 1"),
        ({"b": np.zeros((5, 2), int)}, r"the stimulus' shapes \(cycles, streams\) disagree"),
        ({"b": 1.5}, "the stimulus of 'b' holds float64 values where codes"),
        (
            {"a": np.zeros((4, 2, 3), int)},
            r"shape \(4, 2, 3\) where .*, lanes\) with lanes that share its 8 bits evenly",
        ),
        ({"a": np.full((4, 2, 4), 4)}, r"the stimulus of 'a' holds codes outside 0 … 2\*\*2 - 1"),
        ({"a": 0}, "1 cycles are too few to count toggles after 1 of warm-up"),
    ]:
        stimulus = {name: value for name, value in (good | change).items() if value is not None}
        with pytest.raises(ValueError, match=sentence):
            simulate(netlist, stimulus)
    with pytest.raises(ValueError, match="a warm-up of 0 cycles was asked for; it is at least 1"):
        simulate(netlist, good, warm_up=0)
    with pytest.raises(ValueError, match="t_mac has no output port 'sum'; its outputs: acc"):
        simulate(netlist, good, outputs=["sum"])
