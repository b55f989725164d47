"""Static timing of a mapped netlist: cell tables, slews and loads, the longest way from a register or port to a register or port.

The conventions are ABC's ``stime``, so that the figures compare: no wires; every source (input port, flip-flop
output) is driven by the card's smallest buffer, of which only the delay that its load adds counts; the slew of a pin
is that of the edge that arrives; tables continue in a straight line. It adds what ABC cannot see: full and half adder
cells, and the real pins of flip-flops.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from .boolean import sense
from .card import FALL, FALL_SLEW, RISE, RISE_SLEW, Cell, Output, TechCard
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist


@dataclass(frozen=True)
class Step:
    """One cell on a path: the arrival at its output, and by how much it is later than at the step before."""

    instance: str
    cell: str
    part: str
    arrival_ps: float
    delay_ps: float


@dataclass(frozen=True, eq=False)
class Timing:
    """Result of `static_timing`.

    Attributes
    ----------
    delay_ps
        The longest path.
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
        """How much of the longest path runs through each part; the sum is `delay_ps` but for the load on the source."""
        totals: dict[str, float] = {}
        for step in self.path:
            totals[step.part] = totals.get(step.part, 0.0) + step.delay_ps
        return totals


class _Curves:
    """The tables of one output as lists, for scalar look-up."""

    def __init__(self, output: Output) -> None:
        self.slews = output.slews_ps.tolist()
        self.loads = output.loads_ff.tolist()
        self.arcs = {name: tables.tolist() for name, tables in output.arcs.items()}

    @staticmethod
    def locate(axis: list[float], value: float) -> tuple[int, int, float]:
        if len(axis) == 1:
            return 0, 0, 0.0
        index = min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)
        return index, index + 1, (value - axis[index]) / (axis[index + 1] - axis[index])

    @staticmethod
    def at(table: list[list[float]], row: tuple[int, int, float], column: tuple[int, int, float]) -> float:
        low, high = table[row[0]], table[row[1]]
        first = low[column[0]] + (low[column[1]] - low[column[0]]) * column[2]
        second = high[column[0]] + (high[column[1]] - high[column[0]]) * column[2]
        return first + (second - first) * row[2]


_Arc = tuple[int, list[list[list[float]]], tuple[tuple[int, int], ...]]
"""Input pin, tables, pairs of edge in and edge out."""


class _Waves:
    """When the edges of each net arrive, rising first, how steep they are, and where the latest came from.

    Attributes
    ----------
    arrival, slew
        By net: of its rising and of its falling edge, in ps.
    origin
        (net, edge) -> (number of the instance that drives it, net before, edge before).
    """

    def __init__(self, load: list[float]) -> None:
        self.load = load
        self.arrival = [[0.0, 0.0] for _ in load]
        self.slew = [[0.0, 0.0] for _ in load]
        self.origin: dict[tuple[int, int], tuple[int, int, int]] = {}

    def start(self, net: int, card: TechCard) -> None:
        """Drive a net by the card's smallest buffer, of which only the delay that the load adds counts."""
        drive = _Curves(card.buffer.outputs[0])
        tables = drive.arcs[card.buffer.input_names[0]]
        none, still = _Curves.locate(drive.loads, 0.0), _Curves.locate(drive.slews, 0.0)
        column = _Curves.locate(drive.loads, self.load[net])
        for edge, (delay, out) in enumerate(((RISE, RISE_SLEW), (FALL, FALL_SLEW))):
            self.arrival[net][edge] = _Curves.at(tables[delay], still, column) - _Curves.at(tables[delay], still, none)
            self.slew[net][edge] = _Curves.at(tables[out], still, column)

    def pass_through(self, number: int, instance: Instance, net: int, curves: _Curves, arcs: list[_Arc]) -> None:
        """Drive `net` by an output of a cell whose inputs have arrived: the latest edge counts, and the flattest."""
        column = _Curves.locate(curves.loads, self.load[net])
        latest, flattest = [-1.0, -1.0], [0.0, 0.0]
        for pin, arc, edges in arcs:
            before = instance.inputs[pin]
            if before in (ZERO, ONE):
                continue
            for come, go in edges:
                row = _Curves.locate(curves.slews, self.slew[before][come])
                time = self.arrival[before][come] + _Curves.at(arc[RISE + go], row, column)
                if time > latest[go]:
                    latest[go] = time
                    self.origin[net, go] = (number, before, come)
                flattest[go] = max(flattest[go], _Curves.at(arc[RISE_SLEW + go], row, column))
        self.arrival[net], self.slew[net] = [max(time, 0.0) for time in latest], flattest


def static_timing(netlist: Netlist, card: TechCard, *, output_load_ff: float | None = None) -> Timing:
    """Return the longest combinational path of `netlist`.

    Parameters
    ----------
    netlist
        A mapped netlist.
    card
        The card it was mapped to.
    output_load_ff
        Load of every output port; by default one input of the smallest inverter.
    """
    port_load = card.inverter.inputs[0].capacitance_ff if output_load_ff is None else output_load_ff
    load = [netlist.pin_load_ff(net) for net in range(netlist.nets)]
    for nets in netlist.outputs.values():
        for net in nets:
            load[net] += port_load
    waves = _Waves(load)
    for net in _sources(netlist):
        waves.start(net, card)
    arcs: dict[str, list[tuple[_Curves, list[_Arc]]]] = {}
    for number, instance in enumerate(netlist.combinational):
        cell = instance.cell
        if cell.name not in arcs:
            arcs[cell.name] = [(curves := _Curves(output), _arcs(cell, output, curves)) for output in cell.outputs]
        for net, (curves, own) in zip(instance.outputs, arcs[cell.name], strict=True):
            if net != UNCONNECTED:
                waves.pass_through(number, instance, net, curves, own)
    delay_ps, end, edge = max(((waves.arrival[net][edge], net, edge) for net in _ends(netlist) for edge in (0, 1)), default=(0.0, ZERO, 0))
    return Timing(
        delay_ps=delay_ps,
        path=_trace(netlist, waves.arrival, waves.origin, end, edge),
        slew_ps=tuple((rise + fall) / 2 for rise, fall in waves.slew),
        load_ff=tuple(load),
    )


def _sources(netlist: Netlist) -> set[int]:
    """Return the nets that paths start at: input ports and the outputs of flip-flops."""
    ports = {net for nets in netlist.inputs.values() for net in nets}
    return (ports | {net for instance in netlist.flip_flops for net in instance.outputs if net != UNCONNECTED}) - {ZERO, ONE}


def _ends(netlist: Netlist) -> set[int]:
    """Return the nets that paths end at: output ports and the inputs of flip-flops, but for their clocks."""
    ends = {net for nets in netlist.outputs.values() for net in nets}
    for instance in netlist.flip_flops:
        flip_flop = instance.cell.flip_flop
        ends |= {net for pin, net in zip(instance.cell.input_names, instance.inputs, strict=True) if flip_flop and pin != flip_flop.clock}
    return ends - {ZERO, ONE}


def _arcs(cell: Cell, output: Output, curves: _Curves) -> list[_Arc]:
    edges = {"positive_unate": ((0, 0), (1, 1)), "negative_unate": ((0, 1), (1, 0)), "non_unate": ((0, 0), (1, 1), (0, 1), (1, 0))}
    table = cell.tables[cell.outputs.index(output)]
    names = cell.input_names
    return [(names.index(name), arc, edges[sense(table, names.index(name), len(names))]) for name, arc in curves.arcs.items()]


def _trace(
    netlist: Netlist, arrival: list[list[float]], origin: dict[tuple[int, int], tuple[int, int, int]], end: int, edge: int
) -> tuple[Step, ...]:
    points: list[tuple[Instance | None, float]] = []
    net = end
    while (net, edge) in origin:
        number, before, come = origin[net, edge]
        points.append((netlist.instances[number], arrival[net][edge]))
        net, edge = before, come
    points.append((None, arrival[net][edge]))
    points.reverse()
    return tuple(
        Step(here.name, here.cell.name, here.part, time, time - earlier)
        for (_, earlier), (here, time) in pairwise(points)
        if here is not None
    )
