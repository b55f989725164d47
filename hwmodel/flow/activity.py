"""Zero-delay simulation of a mapped netlist: many independent streams at once, every cell every cycle, toggles counted net by net.

A net's value is one Python integer with one bit per stream: a single operation on it does all streams. The netlist is
compiled into one Python function, a line per cell output: at a few hundred streams an operation on such an integer costs
far less than the call of an array operation would.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .boolean import expression, truth_table, variables
from .card import Cell
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist


@dataclass(frozen=True, eq=False)
class Activity:
    """What a simulation saw.

    Attributes
    ----------
    toggles
        (nets,) int64: changes of each net's settled value from one cycle to the next, summed over streams and counted cycles.
    transitions
        Number of (cycle, stream) pairs that were counted.
    outputs
        Port name -> (cycles, streams) array of codes: uint64, or Python integers where the port is wider than 64
        bits. Row ``t`` is the settled value while the inputs of row ``t`` are applied, before the clock edge that
        takes them.
    """

    cycles: int
    streams: int
    toggles: np.ndarray
    transitions: int
    outputs: Mapping[str, np.ndarray]


def simulate(netlist: Netlist, stimulus: Mapping[str, ArrayLike], *, outputs: Sequence[str] | None = None, warm_up: int = 1) -> Activity:
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

    toggles = np.zeros(netlist.nets, dtype=np.int64)
    before: Sequence[int] = ()
    kept: dict[str, list[bytes]] = {name: [] for name in recorded}
    width = (streams + 7) // 8
    for cycle, settled in enumerate(_settle(netlist, given, cycles, streams)):
        if cycle >= warm_up:
            toggles += np.fromiter(
                ((now ^ then).bit_count() for now, then in zip(settled, before, strict=True)), dtype=np.int64, count=netlist.nets
            )
        before = settled
        for name in recorded:
            kept[name].extend(settled[net].to_bytes(width, "little") for net in netlist.outputs[name])
    return Activity(
        cycles=cycles,
        streams=streams,
        toggles=toggles,
        transitions=(cycles - warm_up) * streams,
        outputs={name: _codes(b"".join(kept[name]), cycles, len(netlist.outputs[name]), width, streams) for name in recorded},
    )


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


def _settle(netlist: Netlist, given: Mapping[str, np.ndarray], cycles: int, streams: int) -> Iterator[Sequence[int]]:
    """Yield the settled value of every net, cycle by cycle, from all registers at zero."""
    sources: list[int] = []
    columns: list[list[int]] = []
    for name, values in given.items():
        sources += netlist.inputs[name]
        columns += _bit_rows(name, values, len(netlist.inputs[name]), cycles, streams)
    step, state_bits = _compile(netlist, sources)
    state: Sequence[int] = [0] * state_bits
    mask = (1 << streams) - 1
    for row in zip(*columns, strict=True) if columns else iter([()] * cycles):
        settled, state = step(row, state, mask)
        yield settled


def _clock_ports(netlist: Netlist) -> set[str]:
    """Return the input ports that drive nothing but flip-flop clock pins, and at least one."""
    clocks = {instance.inputs[_clock_pin(instance.cell)] for instance in netlist.flip_flops}
    return {name for name, nets in netlist.inputs.items() if len(nets) == 1 and nets[0] in clocks}


def _clock_pin(cell: Cell) -> int:
    assert cell.flip_flop is not None
    return cell.input_names.index(cell.flip_flop.clock)


def _two_axes(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape + (1,) * (2 - values.ndim)) if values.ndim < 2 else values


def _bit_rows(name: str, values: np.ndarray, width: int, cycles: int, streams: int) -> list[list[int]]:
    """Return, for each bit of a port, one integer per cycle with a bit per stream."""
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] and width % values.shape[2] == 0):
        raise ValueError(
            f"the stimulus of {name!r} has shape {values.shape} where (cycles, streams) are needed, "
            f"or (cycles, streams, lanes) with lanes that share its {width} bits evenly"
        )
    if values.ndim == 3:
        share = width // values.shape[2]
        return [row for lane in np.moveaxis(values, 2, 0) for row in _bit_rows(name, lane, share, cycles, streams)]
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.dtype != object and values.dtype.kind not in "iu":
        raise ValueError(f"the stimulus of {name!r} holds {values.dtype} values where codes (integers) are needed")
    if values.size and (int(values.max()) >> width or int(values.min()) < 0):
        raise ValueError(f"the stimulus of {name!r} holds codes outside 0 … 2**{width} - 1")
    rows = []
    for bit in range(width):
        plane = np.broadcast_to(((values >> bit) & 1).astype(np.uint8), (cycles, streams))
        packed = np.packbits(plane, axis=1, bitorder="little")
        rows.append([int.from_bytes(line.tobytes(), "little") for line in packed])
    return rows


def _codes(raw: bytes, cycles: int, bits: int, width: int, streams: int) -> np.ndarray:
    planes = np.unpackbits(np.frombuffer(raw, dtype=np.uint8).reshape(cycles, bits, width), axis=2, count=streams, bitorder="little")
    kind: type = np.uint64 if bits <= 64 else object
    codes: np.ndarray = np.zeros((cycles, streams), dtype=kind)
    for bit in range(bits):
        codes |= planes[:, bit].astype(kind) << (np.uint64(bit) if bits <= 64 else bit)
    return codes


_Step = Callable[[Sequence[int], Sequence[int], int], tuple[Sequence[int], Sequence[int]]]


def _compile(netlist: Netlist, sources: Sequence[int]) -> tuple[_Step, int]:
    """Return the function (inputs, state, mask) -> (value of every net, next state), and the number of state bits."""
    lines = ["def step(row, state, M):", " n0 = 0", " n1 = M"]
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
    after = ", ".join(_next_state(netlist, instance, f"s{number}") for number, instance in enumerate(flip_flops))
    lines.append(f" return ({', '.join(f'n{net}' for net in range(netlist.nets))},), ({after}{',' if flip_flops else ''})")
    scope: dict[str, _Step] = {}
    exec(compile("\n".join(lines), f"<{netlist.top}>", "exec"), scope)  # text made here from integers and truth tables only
    return scope["step"], len(flip_flops)


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
