"""A mapped netlist as structural Verilog, for other people's programs: timers, simulators, place-and-route."""

import re
from collections.abc import Iterator

from .card import TechCard
from .netlist import ONE, UNCONNECTED, ZERO, Netlist


def net_name(net: int) -> str:
    """Return what a net of a `Netlist` is called in Verilog: its number, or the constant that it is."""
    return {ZERO: "1'b0", ONE: "1'b1"}.get(net, f"n{net}")


def to_verilog(netlist: Netlist) -> str:
    """Return `netlist` as one Verilog module of cells of its card; the same netlist gives the same text.

    Parameters
    ----------
    netlist
        A mapped netlist.

    Returns
    -------
    str
        Ports as they are. Each net that is no constant is a wire of one bit, ``n<number>``, and ports are tied to them by
        assignments. Instance ``u<i>`` is ``netlist.instances[i]``; the comment behind it is its name in the unit.
    """
    return "\n".join(_lines(netlist)) + "\n"


def stubs(card: TechCard) -> str:
    """Return the card's cells as empty modules, so that a reader knows the direction of every pin."""
    return "".join(
        f"(* blackbox *) module {_identifier(cell.name)} ("
        + ", ".join([f"input {_identifier(pin.name)}" for pin in cell.inputs] + [f"output {_identifier(pin.name)}" for pin in cell.outputs])
        + "); endmodule\n"
        for cell in card.cells.values()
    )


def _lines(netlist: Netlist) -> Iterator[str]:
    ports = {**netlist.inputs, **netlist.outputs}
    yield f"module {_identifier(netlist.top)} ({', '.join(map(_identifier, ports))});"
    for name, nets in ports.items():
        width = f"[{len(nets) - 1}:0] " if len(nets) > 1 else ""
        yield f"  {'input' if name in netlist.inputs else 'output'} {width}{_identifier(name)};"
    for net in range(netlist.nets):
        if net not in (ZERO, ONE):
            yield f"  wire {net_name(net)};"
    for name, nets in netlist.inputs.items():
        for port, net in zip(_bits(name, nets), nets, strict=True):
            yield f"  assign {net_name(net)} = {port};"
    for name, nets in netlist.outputs.items():
        for port, net in zip(_bits(name, nets), nets, strict=True):
            yield f"  assign {port} = {net_name(net)};"
    for number, instance in enumerate(netlist.instances):
        pins = [*zip(instance.cell.input_names, instance.inputs, strict=True)]
        pins += [(out.name, net) for out, net in zip(instance.cell.outputs, instance.outputs, strict=True) if net != UNCONNECTED]
        connections = ", ".join(f".{_identifier(pin)}({net_name(net)})" for pin, net in pins)
        yield f"  {_identifier(instance.cell.name)} u{number} ({connections}); // {instance.name}"
    yield "endmodule"


def _bits(name: str, nets: tuple[int, ...]) -> list[str]:
    return [f"{_identifier(name)}[{bit}]" for bit in range(len(nets))] if len(nets) > 1 else [_identifier(name)]


def _identifier(name: str) -> str:
    """Return a name as Verilog takes it: escaped where it is no plain word."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f"\\{name} "
