"""A mapped netlist written as Verilog is read back as the same netlist."""

from collections import Counter

from flow_cases import MAC

from hwmodel.flow import synthesize
from hwmodel.flow.netlist import read_netlist
from hwmodel.flow.netlist_verilog import net_name, stubs, to_verilog

ODD = r"""
module odd (input [0:0] a, input b, \in.put , output [2:0] y, output same, also);
  assign y = {1'b1, b, 1'b0}; assign same = a; assign also = ~(a & \in.put );
endmodule
"""


def _read_back(netlist, card, yosys, folder):
    (folder / "mapped.v").write_text(stubs(card) + to_verilog(netlist))
    yosys.run(["read_verilog mapped.v", f"hierarchy -top {netlist.top}", "write_json mapped.json"], folder)
    return read_netlist((folder / "mapped.json").read_text(), netlist.top, card)


def test_cells_and_connections_are_read_back(card, yosys, tmp_path):
    flat = synthesize(MAC, "t_mac", card, yosys).flat
    again = _read_back(flat, card, yosys, tmp_path)
    places = {f"u{number}": instance for number, instance in enumerate(flat.instances)}
    assert {instance.name: instance.cell for instance in again.instances} == {name: one.cell for name, one in places.items()}
    # Nets are numbered anew; a net is what it connects, and on which pin.
    same = {net: other for name, nets in flat.inputs.items() for net, other in zip(nets, again.inputs[name], strict=True)}
    for instance in again.instances:
        pairs = zip(places[instance.name].inputs + places[instance.name].outputs, instance.inputs + instance.outputs, strict=True)
        for net, other in pairs:
            assert same.setdefault(net, other) == other
    assert max(Counter(same.values()).values()) == 1
    assert {name: tuple(same[net] for net in nets) for name, nets in flat.outputs.items()} == dict(again.outputs)


def test_constants_feedthroughs_and_odd_names(small, yosys, tmp_path):
    flat = synthesize(ODD, "odd", small, yosys).flat
    again = _read_back(flat, small, yosys, tmp_path)
    (a,), (b,) = again.inputs["a"], again.inputs["b"]
    assert again.outputs["y"] == (0, b, 1)
    assert again.outputs["same"] == (a,)
    (gate,) = again.instances
    assert gate.cell.name == "NAND2"
    assert set(gate.inputs) == {a, *again.inputs["in.put"]}
    assert gate.outputs == again.outputs["also"]
    assert (net_name(0), net_name(1), net_name(7)) == ("1'b0", "1'b1", "n7")
