"""Edges on their way through a netlist: when each net rises and falls, how steeply, and by which way the latest edge came.

No wires: a net's load is its pins. The slew of a pin is that of the edge that arrives, the flattest where several do; tables continue
in a straight line. So do ABC's ``stime`` and other timers.
"""

from bisect import bisect_right
from dataclasses import dataclass

from .boolean import sense
from .card import FALL, FALL_SLEW, RISE, RISE_SLEW, Cell, Output, TechCard
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist

EDGES = ("rise", "fall")


@dataclass(frozen=True)
class Step:
    """One cell on a path.

    Attributes
    ----------
    instance, cell, part
        Which.
    pins
        Where the path goes in and out, such as ``A→Y``; where it ends in a flip-flop, the data pin.
    edge
        What leaves the cell, or arrives at its data pin: ``"rise"`` or ``"fall"``.
    arrival_ps, delay_ps
        When, and by how much later than at the step before.
    load_ff, slew_ps
        Of the net that this edge is on.
    """

    instance: str
    cell: str
    part: str
    pins: str
    edge: str
    arrival_ps: float
    delay_ps: float
    load_ff: float
    slew_ps: float


Place = tuple[int, int, float]
"""Between which two points of an axis a value lies, and how far from the first to the second."""


def locate(axis: list[float] | tuple[float, ...], value: float) -> Place:
    """Return the place of `value` on a rising `axis`; beyond an end, as far past the last two points."""
    if len(axis) == 1:
        return 0, 0, 0.0
    index = min(max(bisect_right(axis, value) - 1, 0), len(axis) - 2)
    return index, index + 1, (value - axis[index]) / (axis[index + 1] - axis[index])


def along(values: list[float] | tuple[float, ...], place: Place) -> float:
    """Return what stands at a place of an axis."""
    return values[place[0]] + (values[place[1]] - values[place[0]]) * place[2]


class Curves:
    """The tables of one output as lists, for scalar look-up."""

    def __init__(self, output: Output) -> None:
        self.slews = output.slews_ps.tolist()
        self.loads = output.loads_ff.tolist()
        self.arcs: dict[str, list[list[list[float]]]] = {name: tables.tolist() for name, tables in output.arcs.items()}


def _at(table: list[list[float]], row: Place, column: Place) -> float:
    first, second = along(table[row[0]], column), along(table[row[1]], column)
    return first + (second - first) * row[2]


_Arc = tuple[int, list[list[list[float]]], tuple[tuple[int, int], ...]]
"""Input pin, tables, pairs of edge in and edge out."""


class Waves:
    """The edges of a netlist's nets.

    Attributes
    ----------
    load
        By net, in fF.
    arrival, slew
        By net: of its rising and of its falling edge, in ps.
    origin
        (net, edge) -> (number of the instance that drives it, its input pin, the edge there).
    """

    def __init__(self, netlist: Netlist, card: TechCard, output_load_ff: float | None = None) -> None:
        port_load = card.inverter.inputs[0].capacitance_ff if output_load_ff is None else output_load_ff
        self.netlist = netlist
        self.load = [netlist.pin_load_ff(net) for net in range(netlist.nets)]
        for nets in netlist.outputs.values():
            for net in nets:
                self.load[net] += port_load
        self.arrival = [[0.0, 0.0] for _ in self.load]
        self.slew = [[0.0, 0.0] for _ in self.load]
        self.origin: dict[tuple[int, int], tuple[int, int, int]] = {}

    def start(self, net: int, curves: Curves, pin: str, *, whole: bool) -> None:
        """Drive a source by a cell with a steep edge on its input `pin` at 0: the `whole` delay counts, or what the load adds to it."""
        tables = curves.arcs[pin]
        steep, unloaded, column = locate(curves.slews, 0.0), locate(curves.loads, 0.0), locate(curves.loads, self.load[net])
        for edge, (delay, out) in enumerate(((RISE, RISE_SLEW), (FALL, FALL_SLEW))):
            spared = 0.0 if whole else _at(tables[delay], steep, unloaded)
            self.arrival[net][edge] = _at(tables[delay], steep, column) - spared
            self.slew[net][edge] = _at(tables[out], steep, column)

    def propagate(self) -> None:
        """Let the edges of all sources, which have started, pass through all cells."""
        known: dict[str, list[tuple[Curves, list[_Arc]]]] = {}
        for number, instance in enumerate(self.netlist.combinational):
            cell = instance.cell
            if cell.name not in known:
                known[cell.name] = [(curves := Curves(output), _arcs(cell, output, curves)) for output in cell.outputs]
            for net, (curves, arcs) in zip(instance.outputs, known[cell.name], strict=True):
                if net != UNCONNECTED:
                    self._drive(net, number, instance, curves, arcs)

    def _drive(self, net: int, number: int, instance: Instance, curves: Curves, arcs: list[_Arc]) -> None:
        """Drive `net` by an output of a cell whose inputs have arrived: the latest edge counts, and the flattest."""
        column = locate(curves.loads, self.load[net])
        latest, flattest = [-1.0, -1.0], [0.0, 0.0]
        for pin, tables, edges in arcs:
            before = instance.inputs[pin]
            if before in (ZERO, ONE):
                continue
            for come, go in edges:
                row = locate(curves.slews, self.slew[before][come])
                time = self.arrival[before][come] + _at(tables[RISE + go], row, column)
                if time > latest[go]:
                    latest[go] = time
                    self.origin[net, go] = (number, pin, come)
                flattest[go] = max(flattest[go], _at(tables[RISE_SLEW + go], row, column))
        self.arrival[net], self.slew[net] = [max(time, 0.0) for time in latest], flattest

    def way_to(self, net: int, edge: int) -> tuple[list[Step], int, int]:
        """Return the cells before an edge of `net`, first to last, and the source and its edge that they follow."""
        steps = []
        while (net, edge) in self.origin:
            number, pin, come = self.origin[net, edge]
            instance = self.netlist.instances[number]
            out = instance.cell.outputs[instance.outputs.index(net)].name
            before = instance.inputs[pin]
            time, delay = self.arrival[net][edge], self.arrival[net][edge] - self.arrival[before][come]
            pins = f"{instance.cell.input_names[pin]}→{out}"
            steps.append(self.step((instance.name, instance.cell, instance.part), pins, net, edge, time, delay))
            net, edge = before, come
        return steps[::-1], net, edge

    def step(self, who: tuple[str, Cell, str], pins: str, net: int, edge: int, time_ps: float, delay_ps: float) -> Step:
        """Return one step of a path, for an edge of `net`."""
        name, cell, part = who
        return Step(name, cell.name, part, pins, EDGES[edge], time_ps, delay_ps, self.load[net], self.slew[net][edge])


def _arcs(cell: Cell, output: Output, curves: Curves) -> list[_Arc]:
    edges = {"positive_unate": ((0, 0), (1, 1)), "negative_unate": ((0, 1), (1, 0)), "non_unate": ((0, 0), (1, 1), (0, 1), (1, 0))}
    table = cell.tables[cell.outputs.index(output)]
    names = cell.input_names
    return [(names.index(name), arc, edges[sense(table, names.index(name), len(names))]) for name, arc in curves.arcs.items()]
