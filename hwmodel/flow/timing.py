"""Static timing of a mapped netlist: the longest combinational path, and the shortest clock period.

`static_timing` keeps to the conventions of ABC's ``stime``, so that figures compare: every source (input port, flip-flop output) is
driven by the card's smallest buffer, of which only the delay that its load adds counts, and a flip-flop's own times are left out.
`clock_timing` counts them: a path starts with the clock's edge at a flip-flop and is over a set-up time before the next edge.

Both see what ABC cannot, full and half adder cells and the real pins of flip-flops. Both are without wires (see `hwmodel.flow.waves`).
"""

from dataclasses import dataclass

from .card import Cell, Output, TechCard, TechError
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist
from .waves import Curves, Step, Waves, along, locate

INPUT = "input"
"""In the place of a part: a register outside that drives an input port."""


@dataclass(frozen=True, eq=False)
class Timing:
    """Result of `static_timing` or `clock_timing`.

    Attributes
    ----------
    delay_ps
        The longest path; of `clock_timing`, the shortest clock period.
    path
        Its cells, first to last.
    slew_ps
        For each net, the mean of its rising and falling slew.
    load_ff
        For each net, the capacitance its driver sees: pins, and the load of an output port.
    """

    delay_ps: float
    path: tuple[Step, ...]
    slew_ps: tuple[float, ...]
    load_ff: tuple[float, ...]

    @property
    def delay_by_part_ps(self) -> dict[str, float]:
        """How much of the longest path runs through each part; the sum is `delay_ps`, of `static_timing` but for the load on the source."""
        totals: dict[str, float] = {}
        for step in self.path:
            totals[step.part] = totals.get(step.part, 0.0) + step.delay_ps
        return totals


def static_timing(netlist: Netlist, card: TechCard, *, output_load_ff: float | None = None) -> Timing:
    """Return the longest combinational path of `netlist`, from an input port or flip-flop to an output port or flip-flop.

    Parameters
    ----------
    netlist
        A mapped netlist.
    card
        The card it was mapped to.
    output_load_ff
        Load of every output port; by default one input of the smallest inverter.
    """
    waves = Waves(netlist, card, output_load_ff)
    drive, pin = Curves(card.buffer.outputs[0]), card.buffer.input_names[0]
    ports = {net for nets in netlist.inputs.values() for net in nets}
    for net in ports | {net for instance in netlist.flip_flops for net in instance.outputs if net != UNCONNECTED}:
        waves.start(net, drive, pin, whole=False)
    waves.propagate()
    ends = {net for nets in netlist.outputs.values() for net in nets}
    for instance in netlist.flip_flops:
        flip_flop = instance.cell.flip_flop
        ends |= {net for pin, net in zip(instance.cell.input_names, instance.inputs, strict=True) if flip_flop and pin != flip_flop.clock}
    found = ((waves.arrival[net][edge], net, edge) for net in ends - {ZERO, ONE} for edge in (0, 1))
    delay_ps, end, edge = max(found, default=(0.0, ZERO, 0))
    return _timing(waves, delay_ps, waves.way_to(end, edge)[0])


def clock_timing(netlist: Netlist, card: TechCard, *, output_load_ff: float | None = None) -> Timing:
    """Return the shortest period of a clock whose edges are steep and reach all flip-flops at once.

    Input ports are driven by flip-flops of the card's smallest kind (`TechCard.register`) on the same clock, and what output ports
    drive is not counted.

    Parameters
    ----------
    netlist, card, output_load_ff
        As in `static_timing`.

    Returns
    -------
    Timing
        Its path starts with a flip-flop, from clock to output, and ends with the set-up of one unless it leaves by a port.

    Raises
    ------
    TechError
        If the card does not have the times of a flip-flop.
    """
    waves = Waves(netlist, card, output_load_ff)
    starts: dict[int, tuple[tuple[str, Cell, str], Output]] = {}
    for name, nets in netlist.inputs.items():
        for bit, net in enumerate(nets):
            starts[net] = (f"{name}[{bit}]" if len(nets) > 1 else name, card.register, INPUT), card.register.outputs[0]
    for instance in netlist.flip_flops:
        for output, net in zip(instance.cell.outputs, instance.outputs, strict=True):
            starts[net] = (instance.name, instance.cell, instance.part), output
    starts.pop(UNCONNECTED, None)
    for net, ((_, cell, _), output) in starts.items():
        waves.start(net, Curves(output), _clock(cell, card, output), whole=True)
    waves.propagate()
    found: list[tuple[float, float, int, int, Instance | None]] = []
    for net in {net for nets in netlist.outputs.values() for net in nets} - {ZERO, ONE}:
        found += [(waves.arrival[net][edge], 0.0, net, edge, None) for edge in (0, 1)]
    for instance in netlist.flip_flops:
        net = _data_net(instance)
        if net not in (ZERO, ONE):
            for edge in (0, 1):
                setup_ps = _setup_ps(instance.cell, card, waves.slew[net][edge], edge)
                found.append((waves.arrival[net][edge] + setup_ps, setup_ps, net, edge, instance))
    if not found:
        return _timing(waves, 0.0, [])
    period_ps, setup_ps, net, edge, end = max(found, key=lambda each: each[0])
    steps, source, first = waves.way_to(net, edge)
    who, output = starts[source]
    time = waves.arrival[source][first]
    steps.insert(0, waves.step(who, f"{_clock(who[1], card, output)}→{output.name}", source, first, time, time))
    if end is not None:
        assert end.cell.flip_flop is not None
        steps.append(waves.step((end.name, end.cell, end.part), end.cell.flip_flop.data, net, edge, period_ps, setup_ps))
    return _timing(waves, period_ps, steps)


def _timing(waves: Waves, delay_ps: float, path: list[Step]) -> Timing:
    return Timing(delay_ps, tuple(path), tuple((rise + fall) / 2 for rise, fall in waves.slew), tuple(waves.load))


def _clock(cell: Cell, card: TechCard, output: Output) -> str:
    """Return the clock pin of a flip-flop, which `output` follows."""
    assert cell.flip_flop is not None
    if cell.flip_flop.clock not in output.arcs:
        raise TechError(f"the library {card.name} has no times from clock to output of its flip-flop {cell.name}, so no clock can be told")
    return cell.flip_flop.clock


def _data_net(instance: Instance) -> int:
    assert instance.cell.flip_flop is not None
    return instance.inputs[instance.cell.input_names.index(instance.cell.flip_flop.data)]


def _setup_ps(cell: Cell, card: TechCard, slew_ps: float, edge: int) -> float:
    assert cell.flip_flop is not None
    if not cell.flip_flop.setup_ps:
        raise TechError(f"the library {card.name} has no set-up times of its flip-flop {cell.name}, so no clock can be told")
    return along(cell.flip_flop.setup_ps[edge], locate(cell.flip_flop.setup_slews_ps, slew_ps))
