"""OpenSTA, another static timer, given our netlists, our conventions and a Liberty file."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hwmodel.flow import Netlist, TechCard
from hwmodel.flow.interpolate import lookup
from hwmodel.flow.netlist import UNCONNECTED
from hwmodel.flow.netlist_verilog import to_verilog

PROGRAM = shutil.which("sta")
_LONG = 1e6  # ps; a clock that everything meets, so that slack tells the longest path
_REPORT = "report_checks -path_delay max -digits 4"


def longest_paths(netlists: Sequence[Netlist], card: TechCard, liberty: Sequence[Path], folder: Path) -> list[tuple[float, float]]:
    """Return, of each netlist, what OpenSTA finds for `static_timing` and for `clock_timing`, in ps, on the cells of `liberty`."""
    # Behind the files: reading one sets the units.
    lines = [*(f"read_liberty {{{path}}}" for path in liberty), "set_cmd_units -time ps -capacitance fF"]
    for number, netlist in enumerate(netlists):
        logic, loads = _without_flip_flops(netlist)
        for name, text in ((f"{number}_logic.v", to_verilog(logic)), (f"{number}.v", to_verilog(netlist))):
            (folder / name).write_text(text)
        port_load = card.inverter.inputs[0].capacitance_ff
        lines += [
            f"read_verilog {{{folder}/{number}_logic.v}}",
            f"link_design {netlist.top}",
            *_combinational(card, port_load, loads),
            _REPORT,
        ]
        lines += [f"read_verilog {{{folder}/{number}.v}}", f"link_design {netlist.top}", *_clocked(card, port_load), _REPORT]
    (folder / "run.tcl").write_text("\n".join(lines) + "\n")
    assert PROGRAM is not None
    command = [PROGRAM, "-no_splash", "-exit", str(folder / "run.tcl")]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    slacks = [float(slack) for slack in re.findall(r"(\S+)\s+slack \(MET\)", done.stdout)]
    assert len(slacks) == 2 * len(netlists), done.stdout[-2000:] + done.stderr[-2000:]
    paths = [_LONG - slack for slack in slacks]
    return list(zip(paths[::2], paths[1::2], strict=True))


def _without_flip_flops(netlist: Netlist) -> tuple[Netlist, dict[str, float]]:
    """Return the logic alone, with ports where flip-flops were, and what their data pins load these with."""
    starts, ends, loads = {}, {}, {}
    for number, instance in enumerate(netlist.flip_flops):
        starts |= {f"q{number}_{place}": (net,) for place, net in enumerate(instance.outputs) if net != UNCONNECTED}
        pin = instance.cell.input_names.index(instance.cell.flip_flop.data)
        ends[f"d{number}"] = (instance.inputs[pin],)
        loads[f"d{number}"] = instance.cell.inputs[pin].capacitance_ff
    inputs, outputs = {**netlist.inputs, **starts}, {**netlist.outputs, **ends}
    return replace(netlist, instances=netlist.combinational, inputs=inputs, outputs=outputs), loads


def _combinational(card: TechCard, port_load: float, loads: dict[str, float]) -> list[str]:
    return [
        f"create_clock -name clock -period {_LONG}",
        f"set_driving_cell -lib_cell {card.buffer.name} [all_inputs]",  # counted with the delay that the load adds, as by us
        "set_input_delay -clock clock 0 [all_inputs]",
        "set_output_delay -clock clock 0 [all_outputs]",
        f"set_load {port_load} [all_outputs]",
        *(f"set_load {load} [get_ports {port}]" for port, load in loads.items()),
    ]


def _clocked(card: TechCard, port_load: float) -> list[str]:
    cell = card.register
    output = cell.outputs[0]
    assert cell.flip_flop is not None
    rise, fall = (lookup(output.slews_ps, output.loads_ff, output.arcs[cell.flip_flop.clock][edge], 0.0, 0.0) for edge in (0, 1))
    return [
        f"create_clock -name clock -period {_LONG} [get_ports clk]",
        "set inputs {}",
        "foreach port [all_inputs] { if {[get_property $port full_name] != {clk}} { lappend inputs $port } }",
        # The delay of an unloaded register outside, and by this cell what the load adds to it.
        f"set_driving_cell -lib_cell {cell.name} -from_pin {cell.flip_flop.clock} -pin {output.name} $inputs",
        f"set_input_delay -clock clock -rise {rise} $inputs",
        f"set_input_delay -clock clock -fall {fall} $inputs",
        "set_output_delay -clock clock 0 [all_outputs]",
        f"set_load {port_load} [all_outputs]",
    ]
