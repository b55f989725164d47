"""A library as its Liberty files have it, for a card to be held against.

What a card does without is here in full: Yosys and ABC read the files' own text, delays come from all points and digits of the tables,
and energy from every group of internal power by itself, at the slew and load of its pin, weighted by how often its pin toggles.
What both share is how a file's text becomes numbers, and the simulation that counts toggles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import ArrayLike

from hwmodel.yosys import Yosys

from .card import TechCard, TechError
from .energy import Energy, switching
from .liberty import LibertyLibrary, Progress, full_card, liberty_text, read_library
from .liberty_power import by_cause
from .mapping import Mapped, synthesize
from .netlist import UNCONNECTED


@dataclass(frozen=True, eq=False)
class FullLibrary:
    """A library in full.

    Attributes
    ----------
    card
        All its cells, with all points and digits of their tables.
    texts
        Its files.
    """

    card: TechCard
    library: LibertyLibrary
    texts: tuple[str, ...]

    def synthesize(self, verilog: str, top: str, yosys: Yosys | None = None, *, objective: str = "balanced") -> Mapped:
        """Map a module as `hwmodel.flow.synthesize` does, Yosys and ABC reading the library's own files."""
        return synthesize(verilog, top, self.card, yosys, objective=objective, liberty=self.texts)

    def energy_fj(self, mapped: Mapped, stimulus: Mapping[str, ArrayLike]) -> tuple[float, Energy]:
        """Return the energy of a step in fJ, and what `hwmodel.flow.switching` makes of the same simulation with averaged tables.

        Switching and leakage need no tables and are taken from the latter.
        """
        averaged = switching(mapped, stimulus, glitches=False)
        row = averaged.row
        own = sum(self._internal_fj(mapped, averaged))
        return own + float(row["energy_switching_fj"]) + float(row["energy_leakage_fj"]), averaged

    def _internal_fj(self, mapped: Mapped, energy: Energy) -> list[float]:
        """Return what each instance of the unit with its parts kept apart spends inside, and on its clock pin, in a cycle."""
        netlist, timing, card = mapped.parted, mapped.parted_timing, self.card
        rate = (energy.activity.toggles / energy.activity.transitions).tolist()
        spent = []
        for instance in netlist.instances:
            cell, total = instance.cell, 0.0
            powers = self.library.cells[cell.name].powers
            clock = cell.flip_flop.clock if cell.flip_flop is not None else None
            nets = dict(zip(cell.input_names, instance.inputs, strict=True))
            slew = {pin: timing.slew_ps[net] for pin, net in nets.items()}
            for pin in cell.inputs:
                per_toggle = sum(power.share * power.at(slew[pin.name], 0.0) for power in powers[pin.name])
                if pin.name == clock:
                    total += 2 * (per_toggle + card.voltage_v**2 / 2 * (pin.capacitance_ff + card.wire_ff_per_sink))
                else:
                    total += rate[nets[pin.name]] * per_toggle
            for output, net in zip(cell.outputs, instance.outputs, strict=True):
                if net == UNCONNECTED or not rate[net]:
                    continue
                load_ff = timing.load_ff[net] + card.wire_ff_per_sink * len(netlist.sinks[net])
                causes = by_cause(powers[output.name])
                likely = {related: sum(rate[nets[pin]] for pin in related if pin in nets and pin != clock) for related in causes}
                busy = sum(likely.values())
                for related, several in causes.items():
                    part = likely[related] / busy if busy else 1 / len(causes)
                    pins = [pin for pin in related if pin in slew]
                    slew_ps = sum(slew[pin] for pin in pins) / len(pins) if pins else 0.0
                    total += rate[net] * part * sum(weight * power.at(slew_ps, load_ff) for weight, power in several)
            spent.append(total)
        return spent


def full_library(card: TechCard, paths: Sequence[Path | str], *, progress: Progress = lambda file: None) -> FullLibrary:
    """Return the library in the Liberty files `paths`, of which `card` was made.

    Raises
    ------
    TechError
        If the files cannot serve (see `hwmodel.flow.import_liberty`), or have other cells or another supply than the card.
    """
    library = read_library(card.name, paths, progress=progress)
    whole = replace(full_card(card.name, library), fast_mapper=card.fast_mapper)
    if absent := sorted(card.cells.keys() ^ whole.cells.keys()):
        raise TechError(f"the card {card.name} is not of these Liberty files: the cell {absent[0]} is in only one of the two")
    if card.voltage_v != whole.voltage_v:
        raise TechError(f"the card {card.name} is for {card.voltage_v:g} V, and these Liberty files are for {whole.voltage_v:g} V")
    return FullLibrary(whole, library, tuple(liberty_text(Path(path)) for path in paths))
