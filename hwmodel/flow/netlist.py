"""A mapped netlist as integers: cells of the card, nets as numbers, the part of the unit each cell belongs to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import fsum

from .card import Cell, TechCard

ZERO, ONE = 0, 1  # the nets that never change
UNCONNECTED = -1
PARTS = ("mpy", "alignadd", "normacc")
DECODE = "decode"  # reported beside the parts and counted inside mpy


def part_of(instance: str) -> str:
    """Return the part that the top's direct submodule `instance` belongs to; what lies in the top itself belongs to normacc."""
    for part in (DECODE, *PARTS):
        if instance.startswith(part):
            return part
    return "normacc"


@dataclass(frozen=True, eq=False)
class Instance:
    """One cell: its nets in the order of the cell's inputs and outputs; `UNCONNECTED` where an output drives nothing."""

    name: str
    cell: Cell
    part: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Netlist:
    """A flat netlist of the card's cells.

    Attributes
    ----------
    instances
        Combinational cells in topological order, then flip-flops.
    levels
        For each combinational instance, the number of cells before it on the longest way from a source.
    inputs, outputs
        Port name -> nets, least significant bit first.
    nets
        Number of nets; they are 0 … nets-1, of which 0 and 1 are the constants.
    """

    top: str
    instances: tuple[Instance, ...]
    levels: tuple[int, ...]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    nets: int

    @cached_property
    def combinational(self) -> tuple[Instance, ...]:
        """Cells without state, in topological order."""
        return self.instances[: len(self.levels)]

    @cached_property
    def flip_flops(self) -> tuple[Instance, ...]:
        """Cells with state."""
        return self.instances[len(self.levels) :]

    @cached_property
    def area_um2(self) -> float:
        """Area of all cells."""
        return fsum(instance.cell.area_um2 for instance in self.instances)

    @cached_property
    def sequential_area_um2(self) -> float:
        """Area of the cells with state."""
        return fsum(instance.cell.area_um2 for instance in self.flip_flops)

    @cached_property
    def sinks(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each net, the (instance, input pin) pairs it drives."""
        found: list[list[tuple[int, int]]] = [[] for _ in range(self.nets)]
        for number, instance in enumerate(self.instances):
            for pin, net in enumerate(instance.inputs):
                found[net].append((number, pin))
        return tuple(tuple(pins) for pins in found)

    def pin_load_ff(self, net: int) -> float:
        """Return the capacitance of the cell pins on `net`, in fF."""
        return sum(self.instances[number].cell.inputs[pin].capacitance_ff for number, pin in self.sinks[net])


def read_netlist(text: str, top: str, card: TechCard) -> Netlist:
    """Return the netlist that Yosys's ``write_json`` wrote of the flat, mapped module `top`.

    Raises
    ------
    ValueError
        If a cell is not one of the card's, or the logic has a combinational loop.
    """
    module = json.loads(text)["modules"][top]
    numbers: dict[object, int] = {"0": ZERO, "1": ONE, "x": ZERO, "z": ZERO}

    def net(bit: object) -> int:
        return numbers.setdefault(bit, len(numbers) - 2 if not isinstance(bit, str) else ZERO)

    inputs: dict[str, tuple[int, ...]] = {}
    outputs: dict[str, tuple[int, ...]] = {}
    for name, port in module["ports"].items():
        (inputs if port["direction"] == "input" else outputs)[name] = tuple(net(bit) for bit in port["bits"])
    logic: list[Instance] = []
    state: list[Instance] = []
    for name, data in module["cells"].items():
        cell = card.cells.get(data["type"])
        if cell is None:
            raise ValueError(f"the cell {name} of {top} is a {data['type']}, which is not a cell of the card {card.name}")
        pins = data["connections"]
        instance = Instance(
            name=name,
            cell=cell,
            part=_part(name),
            inputs=tuple(net(pins[pin][0]) if pins.get(pin) else ZERO for pin in cell.input_names),
            outputs=tuple(net(pins[output.name][0]) if pins.get(output.name) else UNCONNECTED for output in cell.outputs),
        )
        (logic if cell.flip_flop is None else state).append(instance)
    ordered, levels = _levelise(logic, top)
    return Netlist(top, (*ordered, *state), levels, inputs, outputs, len(numbers) - 2)


def _part(name: str) -> str:
    """Return the part from a flattened cell name such as ``$flatten\\mpy.$abc$1$auto$2`` or ``mpy.tree.fa``."""
    text = name.removeprefix("$flatten").removeprefix("\\")
    return part_of(text.split(".", 1)[0]) if "." in text else "normacc"


def _levelise(logic: list[Instance], top: str) -> tuple[list[Instance], tuple[int, ...]]:
    driver = {net: number for number, instance in enumerate(logic) for net in instance.outputs if net != UNCONNECTED}
    waiting = [0] * len(logic)
    followers: list[list[int]] = [[] for _ in logic]
    for number, instance in enumerate(logic):
        for net in set(instance.inputs):
            if net in driver:
                waiting[number] += 1
                followers[driver[net]].append(number)
    level = [0] * len(logic)
    ready = [number for number, count in enumerate(waiting) if count == 0]
    done = 0
    while done < len(ready):
        number = ready[done]
        done += 1
        for follower in followers[number]:
            level[follower] = max(level[follower], level[number] + 1)
            waiting[follower] -= 1
            if waiting[follower] == 0:
                ready.append(follower)
    if done < len(logic):
        raise ValueError(f"the logic of {top} has a combinational loop")
    ready.sort(key=lambda number: level[number])
    return [logic[number] for number in ready], tuple(level[number] for number in ready)
