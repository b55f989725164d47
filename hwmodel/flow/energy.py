"""Energy of a mapped netlist from counted toggles: internal, switching, clock, leakage; by part.

Per toggle of a cell's output: the card's internal energy at the input slew and load that static timing found, and
½CV² of the net (pins, an assumed wire, the load of an output port). Per toggle of an input pin: its internal energy,
each state of the other pins taken as equally likely. Per cycle and flip-flop: both edges of the clock pin. The
clock's distribution is not included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .activity import Activity, simulate
from .card import TechCard
from .interpolate import lookup
from .mapping import Mapped
from .netlist import DECODE, PARTS, UNCONNECTED, Netlist
from .timing import Timing, static_timing

KINDS = ("internal", "switching", "clock", "leakage")


@dataclass(frozen=True, eq=False)
class Energy:
    """Energy per clock cycle of one stream: per step, a product or one of every lane, where `valid` is held.

    Attributes
    ----------
    by_part_fj
        Part -> kind (`KINDS`) -> fJ; ``decode`` stands apart here.
    clock_ps
        The clock period that leakage was counted over.
    activity
        The simulation, with the recorded outputs.
    """

    by_part_fj: Mapping[str, Mapping[str, float]]
    clock_ps: float
    activity: Activity
    glitches: str = field(default="excluded", init=False)

    @property
    def total_fj(self) -> float:
        """All parts, all kinds."""
        return sum(sum(kinds.values()) for kinds in self.by_part_fj.values())

    def part_fj(self, part: str) -> float:
        """Energy of `part`; decode counts into mpy."""
        own = sum(self.by_part_fj[part].values())
        return own + sum(self.by_part_fj[DECODE].values()) if part == "mpy" else own

    @property
    def row(self) -> dict[str, float | str]:
        """Columns for a table: fJ per step by part and by kind."""
        return {
            **{f"energy_{part}_fj": self.part_fj(part) for part in PARTS},
            "energy_decode_fj": sum(self.by_part_fj[DECODE].values()),
            "energy_fj": self.total_fj,
            **{f"energy_{kind}_fj": sum(kinds[kind] for kinds in self.by_part_fj.values()) for kind in KINDS},
            "clock_ps": self.clock_ps,
            "glitches": self.glitches,
        }


def switching(mapped: Mapped, stimulus: Mapping[str, ArrayLike], *, clock_ps: float | None = None, warm_up: int = 1) -> Energy:
    """Simulate a mapped unit, its parts kept apart, and return its energy.

    Parameters
    ----------
    mapped
        From `synthesize`.
    stimulus, warm_up
        As in `simulate`.
    clock_ps
        Clock period for leakage; by default the unit's own longest path.

    Raises
    ------
    ValueError
        As in `simulate`.
    """
    activity = simulate(mapped.parted, stimulus, warm_up=warm_up)
    return energy_of(mapped.parted, activity, mapped.card, timing=mapped.parted_timing, clock_ps=clock_ps)


def energy_of(
    netlist: Netlist, activity: Activity, card: TechCard, *, timing: Timing | None = None, clock_ps: float | None = None
) -> Energy:
    """Return the energy per cycle of `netlist` under a counted `activity`; `timing` is worked out where it is not given."""
    timing = timing or static_timing(netlist, card)
    period_ps = timing.delay_ps if clock_ps is None else clock_ps
    rate = (activity.toggles / activity.transitions).tolist()
    half_v2 = card.voltage_v**2 / 2
    totals: dict[str, dict[str, float]] = {part: dict.fromkeys(KINDS, 0.0) for part in (DECODE, *PARTS)}
    load_ff = [pins + card.wire_ff_per_sink * len(sinks) for pins, sinks in zip(timing.load_ff, netlist.sinks, strict=True)]
    for instance in netlist.instances:
        own = totals[instance.part]
        cell = instance.cell
        clock = cell.flip_flop.clock if cell.flip_flop is not None else None
        slew_ps = []
        for pin, net in zip(cell.inputs, instance.inputs, strict=True):
            if pin.name == clock:
                own["clock"] += 2 * (pin.energy_fj + half_v2 * (pin.capacitance_ff + card.wire_ff_per_sink))
            else:
                own["internal"] += rate[net] * pin.energy_fj
                slew_ps.append(timing.slew_ps[net])
        for output, net in zip(cell.outputs, instance.outputs, strict=True):
            if net != UNCONNECTED and rate[net]:
                per_toggle = lookup(output.slews_ps, output.loads_ff, output.energy_fj, float(np.mean(slew_ps)), load_ff[net])
                own["internal"] += rate[net] * float(per_toggle)
                own["switching"] += rate[net] * half_v2 * load_ff[net]
        own["leakage"] += cell.leakage_nw * period_ps * 1e-6
    for nets in netlist.inputs.values():  # what the unit's operand inputs cost whoever drives them
        for net in nets:
            for number, place in netlist.sinks[net]:
                instance = netlist.instances[number]
                sink = instance.cell.inputs[place]
                if instance.cell.flip_flop is None or sink.name != instance.cell.flip_flop.clock:
                    pin_ff = sink.capacitance_ff + card.wire_ff_per_sink
                    totals[instance.part]["switching"] += rate[net] * half_v2 * pin_ff
    return Energy(totals, period_ps, activity)
