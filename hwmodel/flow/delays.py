"""How late the edges of a mapped netlist are, cell by cell, in whole steps of a grid: what a timed simulation runs on.

An output follows its inputs by the card's delay at the slew and load that static timing found. The delay from input ``p`` to an edge of
the output is taken apart into that of the output's edge, which is the shortest over all inputs, and what ``p`` is later than that,
the mean over both edges. So an input first waits for its own lag; what the cell computes of all of them then waits for the edge's
delay.

Flip-flop outputs change a clock-to-output delay after the edge of the clock. So do input ports, as if the card's smallest
register drove them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .card import Cell, Output, TechCard
from .interpolate import lookup
from .netlist import ONE, UNCONNECTED, ZERO, Instance, Netlist
from .timing import Timing

STEPS_PER_DELAY = 16
"""Steps of the grid in the mean delay of a cell.

Sixteen times as many take five to six times as long and give 1.2 to 1.6 % less energy (int8-int8-fx32, e4m3fn-e4m3fn-fp32 and
bf16-bf16-fp32 on sky130hd); half as many give 0.3 to 1.4 % more.
"""


@dataclass(frozen=True)
class Delay:
    """Delays of one output, in steps of the grid: of its rising and falling edge, and the lag of each input before them."""

    rise: int
    fall: int
    lags: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Delays:
    """Delays of a netlist.

    Attributes
    ----------
    grid_ps
        One step.
    sources
        By net: input ports and flip-flop outputs.
    cells
        By net: outputs of combinational cells.
    """

    grid_ps: float
    sources: Mapping[int, Delay]
    cells: Mapping[int, Delay]


def delays_of(netlist: Netlist, card: TechCard, timing: Timing, *, grid_ps: float | None = None) -> Delays:
    """Return the delays of `netlist`, each at least one step of the grid.

    Parameters
    ----------
    netlist, card, timing
        The netlist, the card it was mapped to and its static timing.
    grid_ps
        One step; by default the mean delay of a cell's output over `STEPS_PER_DELAY`.
    """
    edges = {
        net: _edges(instance, output, net, timing)
        for instance in netlist.combinational
        for output, net in zip(instance.cell.outputs, instance.outputs, strict=True)
        if net != UNCONNECTED
    }
    if grid_ps is None:
        grid_ps = float(np.mean([table.mean() for table in edges.values()])) / STEPS_PER_DELAY if edges else 1.0

    def steps(delay_ps: float, least: int = 1) -> int:
        return max(round(delay_ps / grid_ps), least)

    cells = {}
    for net, table in edges.items():
        shortest = table.min(axis=0)
        lags = (table - shortest).mean(axis=1)
        cells[net] = Delay(steps(shortest[0]), steps(shortest[1]), tuple(steps(lag, 0) for lag in lags))
    sources = {net: Delay(steps(rise), steps(fall)) for net, (rise, fall) in _launches(netlist, card, timing).items()}
    return Delays(grid_ps, sources, cells)


def _edges(instance: Instance, output: Output, net: int, timing: Timing) -> np.ndarray:
    """Return the delay in ps from each input to the rising and the falling edge of an output: (inputs, 2)."""
    return np.array(
        [
            lookup(output.slews_ps, output.loads_ff, output.arcs[pin][:2], timing.slew_ps[before], timing.load_ff[net])
            for pin, before in zip(instance.cell.input_names, instance.inputs, strict=True)
        ]
    )


def _launches(netlist: Netlist, card: TechCard, timing: Timing) -> dict[int, np.ndarray]:
    """Return the delay in ps of the rising and falling edge of each source after that of the clock."""
    ports = {net for nets in netlist.inputs.values() for net in nets} - {ZERO, ONE}
    launches = {net: _launch(card.register, card.register.outputs[0], timing.load_ff[net]) for net in ports}
    for instance in netlist.flip_flops:
        for output, net in zip(instance.cell.outputs, instance.outputs, strict=True):
            if net != UNCONNECTED:
                launches[net] = _launch(instance.cell, output, timing.load_ff[net])
    return launches


def _launch(cell: Cell, output: Output, load_ff: float) -> np.ndarray:
    """Return the clock-to-output delays of a flip-flop, whose clock has the steepest edge that its tables know; none without tables."""
    assert cell.flip_flop is not None
    if cell.flip_flop.clock not in output.arcs:
        return np.zeros(2)
    return lookup(output.slews_ps, output.loads_ff, output.arcs[cell.flip_flop.clock][:2], output.slews_ps[0], load_ff)
