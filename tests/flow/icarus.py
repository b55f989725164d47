"""Icarus Verilog as a second simulator of a mapped netlist: every cell a module of its own, toggles counted in the VCD that it writes."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from vcd.reader import TokenKind, tokenize

from hwmodel.flow import Netlist
from hwmodel.flow.card import Cell, TechCard
from hwmodel.flow.delays import Delays
from hwmodel.flow.netlist import UNCONNECTED
from hwmodel.flow.netlist_verilog import net_name, to_verilog


def toggles(netlist: Netlist, card: TechCard, stimulus: Mapping[str, np.ndarray], folder: Path, delays: Delays | None = None) -> np.ndarray:
    """Run one stream, a row of the stimulus a clock cycle, and return how often each net changes after the first cycle.

    A VCD says what a net is at the end of a time step. Without delays all that a clock edge brings about is one step, so that only
    settled values are compared.
    """
    if not shutil.which("iverilog"):
        pytest.skip("iverilog is not installed")
    ports = {name: nets for name, nets in netlist.inputs.items() if name in stimulus}
    cycles = len(next(iter(stimulus.values())))
    period = 2 * (1 + sum(_longest(delays)))
    rows = [0] * cycles
    for name, nets in reversed(ports.items()):
        rows = [row << len(nets) | int(code) for row, code in zip(rows, stimulus[name], strict=True)]
    (folder / "rows.hex").write_text("\n".join(f"{row:x}" for row in rows))
    text = "".join([*map(_model, _used(netlist)), to_verilog(netlist), *_bench(netlist, ports, cycles, period, delays)])
    (folder / "bench.v").write_text("`timescale 1ps/1ps\n" + text)
    for command in (["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v"], ["vvp", "-n", "bench.vvp"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    counts = np.zeros(netlist.nets, int)
    changed = _changes(folder / "bench.vcd", period)
    for net in range(2, netlist.nets):
        counts[net] = changed.get(net_name(net), 0)
    return counts


def _longest(delays: Delays | None) -> Iterator[int]:
    """Yield delays whose sum no path exceeds."""
    if delays is not None:
        for delay in (*delays.sources.values(), *delays.cells.values()):
            yield max(delay.rise, delay.fall) + max(delay.lags, default=0)


def _used(netlist: Netlist) -> list[Cell]:
    return list({instance.cell.name: instance.cell for instance in netlist.instances}.values())


def _model(cell: Cell) -> str:
    """Return a cell in Verilog, its function as Liberty has it; an input's lag is a delay that passes every pulse."""
    lines = [
        f"module {cell.name} ({', '.join([f'input {pin.name}' for pin in cell.inputs] + [f'output {out.name}' for out in cell.outputs])});"
    ]
    if cell.flip_flop is not None:
        lines += ["reg IQ = 0; wire IQN = ~IQ;", f"always @(posedge {cell.flip_flop.clock}) IQ <= {_verilog(cell.flip_flop.next_state)};"]
    for out in cell.outputs:
        lines.append(f"parameter RISE_{out.name} = 0, FALL_{out.name} = 0;")
        function = _verilog(out.function)
        for pin in cell.input_names if cell.flip_flop is None else ():
            lagging = f"{pin}_{out.name}"
            lines.append(f"parameter LAG_{lagging} = 0; reg at_{lagging}; initial at_{lagging} = {pin};")
            lines.append(f"always @({pin}) at_{lagging} <= #(LAG_{lagging}) {pin};")
            function = re.sub(rf"\b{pin}\b", f"at_{lagging}", function)
        lines.append(f"assign #(RISE_{out.name}, FALL_{out.name}) {out.name} = {function};")
    return "\n".join(lines) + "\nendmodule\n"


def _verilog(function: str) -> str:
    """Return a Liberty function in Verilog; it must have an operator between any two names, and none of another order than Verilog's."""
    assert re.fullmatch(r"[\w\s()!&|^*+]+", function), function
    return function.translate({ord("!"): "~", ord("*"): "&", ord("+"): "|"})


def _bench(netlist: Netlist, ports: Mapping[str, tuple[int, ...]], cycles: int, period: int, delays: Delays | None) -> Iterator[str]:
    bits = sum(map(len, ports.values()))
    connections = []
    yield f"module bench;\nreg clk = 0; reg [{bits - 1}:0] rows [0:{cycles - 1}]; reg [{bits - 1}:0] row; integer cycle = 0;\n"
    place = 0
    for name, nets in ports.items():
        yield f"wire [{len(nets) - 1}:0] port_{name};\n"
        for bit, net in enumerate(nets):
            delay = f"#({delays.sources[net].rise}, {delays.sources[net].fall}) " if delays is not None else ""
            yield f"assign {delay}port_{name}[{bit}] = row[{place}];\n"
            place += 1
        connections.append(f".{name}(port_{name})")
    connections += [f".{name}(clk)" for name in netlist.inputs if name not in ports]
    yield f"{netlist.top} dut ({', '.join(connections)});\n"
    yield from _parameters(netlist, delays)
    yield (
        'initial begin $readmemh("rows.hex", rows); row = rows[0]; $dumpfile("bench.vcd"); $dumpvars(1, dut); end\n'
        f"initial begin #{period}; repeat ({cycles - 1}) begin clk = 1; #{period // 2}; clk = 0; #{period // 2}; end $finish; end\n"
        "always @(posedge clk) begin cycle <= cycle + 1; row <= rows[cycle + 1]; end\nendmodule\n"
    )


def _parameters(netlist: Netlist, delays: Delays | None) -> Iterator[str]:
    if delays is None:
        return
    for number, instance in enumerate(netlist.instances):
        for out, net in zip(instance.cell.outputs, instance.outputs, strict=True):
            if net != UNCONNECTED:
                delay = (delays.sources | delays.cells)[net]
                yield f"defparam dut.u{number}.RISE_{out.name} = {delay.rise}, dut.u{number}.FALL_{out.name} = {delay.fall};\n"
                for pin, lag in zip(instance.cell.input_names, delay.lags, strict=False):
                    yield f"defparam dut.u{number}.LAG_{pin}_{out.name} = {lag};\n"


def _changes(file: Path, first: int) -> dict[str, int]:
    """Return how often each wire of a VCD differs from what it was, from the time `first` on."""
    names: dict[str, list[str]] = {}
    values: dict[str, object] = {}
    counts: dict[str, int] = {}
    time = 0
    with file.open("rb") as stream:
        for token in tokenize(stream):
            if token.kind is TokenKind.VAR:
                names.setdefault(token.var.id_code, []).append(token.var.reference)
            elif token.kind is TokenKind.CHANGE_TIME:
                time = token.time_change
            elif token.kind is TokenKind.CHANGE_SCALAR:
                code, value = token.scalar_change
                if time >= first and values[code] != value:
                    assert {values[code], value} <= {"0", "1"}, "an unknown value was left"
                    counts[code] = counts.get(code, 0) + 1
                values[code] = value
    return {name: count for code, count in counts.items() for name in names[code]}
