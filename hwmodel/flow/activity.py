"""Zero-delay simulation of a mapped netlist: many independent streams at once, every cell every cycle, toggles counted net by net.

A net's value is one Python integer with one bit per stream: a single operation on it does all streams. The netlist is
compiled into Python functions, a line per cell output: at a few hundred streams an operation on such an integer costs
far less than the call of an array operation would.

Only the flip-flops make one cycle wait for another. So they alone are run cycle by cycle, which gives a `Trace`; whatever else is asked
of the run is then worked out from the trace for thousands of cycles at once, as bits of one integer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .boolean import expression, truth_table, variables
from .card import Cell
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist
from .packing import Packing, codes_of, planes_of

_SETTLED_BITS = 1 << 17
"""Bits of the integers that toggles are counted in: as large as keeps the values of a cell in a processor's first cache."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A run: what the sources of a netlist, its input ports and flip-flops, show in every cycle.

    Attributes
    ----------
    planes
        A source's rows, one a cycle: each bit of the input ports in their order, then each flip-flop.
    settle
        Function of the sources' values, as many rows at once as wanted: (ports, flip-flops, ones) -> value of every net.
    """

    netlist: Netlist
    packing: Packing
    cycles: int
    planes: tuple[Sequence[bytes], Sequence[bytes]]
    settle: "_Function"

    def settled(self, first: int, stop: int) -> Sequence[int]:
        """Return the settled value of every net in the cycles `first` … `stop` - 1, a row each in one integer."""
        size = self.packing.row_bytes
        ports, state = ([int.from_bytes(plane[first * size : stop * size], "little") for plane in planes] for planes in self.planes)
        return self.settle(ports, state, self.packing.ones(stop - first))

    def changes(self, warm_up: int, bits: int) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield (number of transitions, `settled`) of consecutive cycles, about `bits` bits at a time.

        Each holds a row more than transitions: the last row of one is the first of the next. The first transition is that into
        cycle `warm_up`.
        """
        most = max(bits // (8 * self.packing.row_bytes), 1)
        for first in range(warm_up - 1, self.cycles - 1, most):
            count = min(most, self.cycles - 1 - first)
            yield count, self.settled(first, first + count + 1)


@dataclass(frozen=True, eq=False)
class Activity:
    """What a simulation saw.

    Attributes
    ----------
    trace
        The run itself.
    warm_up
        Cycles at the start whose toggles are not counted.
    toggles_by_batch
        (batches, nets) int64: changes of each net's settled value from one cycle to the next, summed over a batch's streams and
        counted cycles.
    outputs
        Port name -> (cycles, streams) array of codes: uint64, or Python integers where the port is wider than 64
        bits. Row ``t`` is the settled value while the inputs of row ``t`` are applied, before the clock edge that
        takes them.
    """

    trace: Trace
    warm_up: int
    toggles_by_batch: np.ndarray
    outputs: Mapping[str, np.ndarray]

    @cached_property
    def toggles(self) -> np.ndarray:
        """(nets,) int64: toggles of all batches."""
        return self.toggles_by_batch.sum(axis=0)

    @property
    def transitions_by_batch(self) -> np.ndarray:
        """(batches,) int64: number of (cycle, stream) pairs that were counted."""
        return (self.trace.cycles - self.warm_up) * np.array(self.trace.packing.batch_streams)

    @property
    def transitions(self) -> int:
        """Number of (cycle, stream) pairs that were counted."""
        return int(self.transitions_by_batch.sum())


def simulate(
    netlist: Netlist, stimulus: Mapping[str, ArrayLike], *, outputs: Sequence[str] | None = None, warm_up: int = 1, batches: int = 1
) -> Activity:
    """Run `netlist` from all registers at zero, one clock edge after each row of the stimulus.

    Parameters
    ----------
    netlist
        A mapped netlist.
    stimulus
        Input port -> codes of shape (cycles, streams), (cycles, 1) or (cycles,) for the same in all streams, or a
        scalar for a constant. Ports wider than 64 bits take object arrays of Python integers. A port of several lanes can be given
        them apart, (cycles, streams, lanes), lane 0 in its low bits. Every input port but clocks must be there.
    outputs
        Output ports to record; by default all.
    warm_up
        Cycles at the start, such as a reset, whose toggles are not counted; at least 1, for the first has none before it.
    batches
        Groups of streams whose toggles are counted apart; there are no more than streams.

    Raises
    ------
    ValueError
        If a port is missing or unknown, shapes disagree, a code is wider than its port, or the run is too short to count anything.
    """
    given, cycles, streams = _checked(netlist, stimulus)
    if warm_up < 1:
        raise ValueError(
            f"a warm-up of {warm_up} cycles was asked for; it is at least 1, since the first cycle has none before it to differ from"
        )
    if cycles <= warm_up:
        raise ValueError(f"{cycles} cycles are too few to count toggles after {warm_up} of warm-up")
    recorded = list(netlist.outputs) if outputs is None else list(outputs)
    absent = [name for name in recorded if name not in netlist.outputs]
    if absent:
        raise ValueError(f"{netlist.top} has no output port {absent[0]!r}; its outputs: {', '.join(netlist.outputs)}")

    trace = _record(netlist, given, cycles, Packing(streams, min(batches, streams)))
    size = trace.packing.row_bytes
    toggles = np.zeros((trace.packing.batches, netlist.nets), dtype=np.int64)
    for count, settled in trace.changes(warm_up, _SETTLED_BITS):
        ones = trace.packing.ones(count)
        for net, rows in enumerate(settled):
            toggles[:, net] += trace.packing.count([(rows ^ rows >> 8 * size) & ones], count)
    return Activity(trace, warm_up, toggles, _outputs(trace, recorded))


def _outputs(trace: Trace, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the codes that output ports show in every cycle."""
    ports, size = trace.netlist.outputs, trace.packing.row_bytes
    kept: dict[int, list[bytes]] = {net: [] for name in names for net in ports[name]}
    most = max(_SETTLED_BITS // (8 * size), 1)
    for first in range(0, trace.cycles, most):
        stop = min(first + most, trace.cycles)
        settled = trace.settled(first, stop)
        for net, rows in kept.items():
            rows.append(settled[net].to_bytes((stop - first) * size, "little"))
    return {name: codes_of([b"".join(kept[net]) for net in ports[name]], trace.packing) for name in names}


def _checked(netlist: Netlist, stimulus: Mapping[str, ArrayLike]) -> tuple[dict[str, np.ndarray], int, int]:
    """Return the stimulus of all ports but clocks, each with two axes, and how many cycles and streams it is for."""
    clocks = _clock_ports(netlist)
    unknown = [name for name in stimulus if name not in netlist.inputs]
    if unknown:
        raise ValueError(f"{netlist.top} has no input port {unknown[0]!r}; its inputs: {', '.join(netlist.inputs)}")
    missing = [name for name in netlist.inputs if name not in stimulus and name not in clocks]
    if missing:
        raise ValueError(f"the stimulus lacks the input port {missing[0]!r} of {netlist.top}")
    given = {name: _two_axes(np.asarray(values)) for name, values in stimulus.items() if name not in clocks}
    try:
        cycles, streams = np.broadcast_shapes(*(values.shape[:2] for values in given.values()), (1, 1))
    except ValueError:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in given.items())
        raise ValueError(f"the stimulus' shapes (cycles, streams) disagree: {shapes}") from None
    return given, cycles, streams


def _record(netlist: Netlist, given: Mapping[str, np.ndarray], cycles: int, packing: Packing) -> Trace:
    """Run the flip-flops from all at zero, cycle by cycle."""
    sources: list[int] = []
    ports: list[bytes] = []
    for name, values in given.items():
        sources += netlist.inputs[name]
        ports += planes_of(name, values, len(netlist.inputs[name]), cycles, packing)
    step, settle = _compile(netlist, sources)
    size, ones = packing.row_bytes, packing.ones(1)
    columns = [[int.from_bytes(plane[at : at + size], "little") for at in range(0, len(plane), size)] for plane in ports]
    state: Sequence[int] = [0] * len(netlist.flip_flops)
    states = [state]
    if state:
        for row in zip(*columns, strict=True) if columns else [()] * cycles:
            state = step(row, state, ones)
            states.append(state)
    registers = [b"".join(value.to_bytes(size, "little") for value in column) for column in zip(*states[:cycles], strict=True)]
    return Trace(netlist, packing, cycles, (ports, registers), settle)


def _clock_ports(netlist: Netlist) -> set[str]:
    """Return the input ports that drive nothing but flip-flop clock pins, and at least one."""
    clocks = {instance.inputs[_clock_pin(instance.cell)] for instance in netlist.flip_flops}
    return {name for name, nets in netlist.inputs.items() if len(nets) == 1 and nets[0] in clocks}


def _clock_pin(cell: Cell) -> int:
    assert cell.flip_flop is not None
    return cell.input_names.index(cell.flip_flop.clock)


def _two_axes(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape + (1,) * (2 - values.ndim)) if values.ndim < 2 else values


_Function = Callable[[Sequence[int], Sequence[int], int], Sequence[int]]


def _compile(netlist: Netlist, sources: Sequence[int]) -> tuple[_Function, _Function]:
    """Return the functions (ports, flip-flops, ones) -> next value of the flip-flops, and -> value of every net."""
    lines = [" n0 = 0", " n1 = M"]
    lines += [f" n{net} = 0" for net in range(ONE + 1, netlist.nets)]  # undriven nets and clocks
    if sources:
        lines.append(f" ({', '.join(f'n{net}' for net in sources)},) = row")
    flip_flops = netlist.flip_flops
    if flip_flops:
        lines.append(f" ({', '.join(f's{number}' for number in range(len(flip_flops)))},) = state")
    for number, instance in enumerate(flip_flops):
        for output, net in zip(instance.cell.outputs, instance.outputs, strict=True):
            if net != UNCONNECTED:
                lines.append(f" n{net} = {_of_state(output.function).format(f's{number}')}")
    for instance in netlist.combinational:
        names = [f"n{net}" for net in instance.inputs]
        for table, net in zip(instance.cell.tables, instance.outputs, strict=True):
            if net != UNCONNECTED:
                lines.append(f" n{net} = {expression(table, len(names)).format(*names)}")
    after = [_next_state(netlist, instance, f"s{number}") for number, instance in enumerate(flip_flops)]
    nets = [f"n{net}" for net in range(netlist.nets)]
    return _function("step", lines, after), _function("settle", lines, nets)


def _function(name: str, lines: Sequence[str], results: Sequence[str]) -> _Function:
    text = "\n".join([f"def {name}(row, state, M):", *lines, f" return ({', '.join(results)}{',' if results else ''})"])
    scope: dict[str, _Function] = {}
    exec(compile(text, f"<{name}>", "exec"), scope)  # text made here from integers and truth tables only
    return scope[name]


def _of_state(function: str) -> str:
    return expression(truth_table(function.replace("IQN", "(!IQ)"), ("IQ",)), 1)


def _next_state(netlist: Netlist, instance: Instance, state: str) -> str:
    flip_flop = instance.cell.flip_flop
    assert flip_flop is not None
    pins = dict(zip(instance.cell.input_names, instance.inputs, strict=True))
    for control in (flip_flop.clear, flip_flop.preset):
        if control:
            names = variables(control)
            row = sum((pins[name] == ONE) << position for position, name in enumerate(names))
            if any(pins[name] not in (ZERO, ONE) for name in names) or truth_table(control, names) >> row & 1:
                raise ValueError(
                    f"the flip-flop {instance.name} of {netlist.top} uses an asynchronous reset; only synchronous ones are simulated"
                )
    function = flip_flop.next_state.replace("IQN", "(!IQ)")
    names = variables(function)
    return expression(truth_table(function, names), len(names)).format(*(state if name == "IQ" else f"n{pins[name]}" for name in names))
