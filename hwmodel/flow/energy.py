"""Energy of a mapped netlist from counted toggles: internal, switching, clock, leakage; by part.

Per toggle of a cell's output: the card's internal energy at the input slew and load that static timing found, and
½CV² of the net (pins, an assumed wire, the load of an output port). Per toggle of an input pin: its internal energy,
each state of the other pins taken as equally likely. Per cycle and flip-flop: both edges of the clock pin. The
clock's distribution is not included.

Toggles are counted twice over: of settled values (zero delay), and as they happen, glitches included (timed). The clock and leakage
are the same in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .activity import Activity, simulate
from .card import TechCard
from .delays import delays_of
from .glitches import timed_toggles
from .interpolate import lookup
from .mapping import Mapped
from .netlist import DECODE, PARTS, UNCONNECTED, Netlist
from .timing import Timing, static_timing

KINDS = ("internal", "switching", "clock", "leakage")
BATCHES = 8
_GROUPS = (DECODE, *PARTS)
_STUDENT_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365)
"""Two-sided 95 % points of Student's t for 1 … 7 degrees of freedom."""


@dataclass(frozen=True, eq=False)
class Spending:
    """Energy per clock cycle of one stream: per step, a product or one of every lane, where `valid` is held.

    Attributes
    ----------
    by_part_fj
        Part -> kind (`KINDS`) -> fJ; ``decode`` stands apart here.
    ci_fj
        Half the 95 % confidence interval of the total, by Student's t over batches of streams; NaN for a single batch.
    """

    by_part_fj: Mapping[str, Mapping[str, float]]
    ci_fj: float

    @property
    def total_fj(self) -> float:
        """All parts, all kinds."""
        return sum(sum(kinds.values()) for kinds in self.by_part_fj.values())

    def part_fj(self, part: str) -> float:
        """Energy of `part`; decode counts into mpy."""
        own = sum(self.by_part_fj[part].values())
        return own + sum(self.by_part_fj[DECODE].values()) if part == "mpy" else own

    def row(self, name: str) -> dict[str, float]:
        """Columns for a table, named ``<name>…_fj``: by part, total with its interval, by kind."""
        return {
            **{f"{name}_{part}_fj": self.part_fj(part) for part in PARTS},
            f"{name}_decode_fj": sum(self.by_part_fj[DECODE].values()),
            f"{name}_fj": self.total_fj,
            f"{name}_ci_fj": self.ci_fj,
            **{f"{name}_{kind}_fj": sum(kinds[kind] for kinds in self.by_part_fj.values()) for kind in KINDS},
        }


@dataclass(frozen=True, eq=False)
class Energy:
    """What a simulated unit spends.

    Attributes
    ----------
    settled
        With the toggles of settled values.
    timed
        With all toggles, glitches included; None where they were not asked for.
    clock_ps
        The clock period that leakage was counted over.
    activity
        The simulation, with the recorded outputs.
    """

    settled: Spending
    timed: Spending | None
    clock_ps: float
    activity: Activity

    @property
    def row(self) -> dict[str, float]:
        """Columns for a table: fJ per step, ``energy…`` without glitches and ``energy_timed…`` with them, and their share of the latter."""
        columns = self.settled.row("energy") | {"clock_ps": self.clock_ps}
        if self.timed is not None:
            columns |= self.timed.row("energy_timed") | {"glitch_share": 1 - self.settled.total_fj / self.timed.total_fj}
        return columns


def switching(
    mapped: Mapped, stimulus: Mapping[str, ArrayLike], *, clock_ps: float | None = None, warm_up: int = 1, glitches: bool = True
) -> Energy:
    """Simulate a mapped unit, its parts kept apart, and return its energy.

    Parameters
    ----------
    mapped
        From `synthesize`.
    stimulus, warm_up
        As in `simulate`.
    clock_ps
        Clock period for leakage; by default the unit's own longest path.
    glitches
        Whether to count timed toggles too, which takes by far the most time.

    Raises
    ------
    ValueError
        As in `simulate`.
    """
    activity = simulate(mapped.parted, stimulus, warm_up=warm_up, batches=BATCHES)
    return energy_of(mapped.parted, activity, mapped.card, timing=mapped.parted_timing, clock_ps=clock_ps, glitches=glitches)


def energy_of(
    netlist: Netlist,
    activity: Activity,
    card: TechCard,
    *,
    timing: Timing | None = None,
    clock_ps: float | None = None,
    glitches: bool = False,
) -> Energy:
    """Return the energy per cycle of `netlist` under a counted `activity`; `timing` is worked out where it is not given."""
    timing = timing or static_timing(netlist, card)
    period_ps = timing.delay_ps if clock_ps is None else clock_ps
    per_toggle, per_cycle = _per_toggle(netlist, card, timing), _per_cycle(netlist, card, period_ps)

    def spending(toggles: np.ndarray) -> Spending:
        rates = toggles / activity.transitions_by_batch[:, np.newaxis]
        dynamic = per_toggle @ (toggles.sum(axis=0) / activity.transitions)
        by_part = np.concatenate([dynamic, per_cycle], axis=1).tolist()
        return Spending(
            {part: dict(zip(KINDS, kinds, strict=True)) for part, kinds in zip(_GROUPS, by_part, strict=True)},
            _half_interval(rates @ per_toggle.sum(axis=(0, 1))),
        )

    timed = spending(timed_toggles(activity, delays_of(netlist, card, timing))) if glitches else None
    return Energy(spending(activity.toggles_by_batch), timed, period_ps, activity)


def _half_interval(batches: np.ndarray) -> float:
    """Return half the 95 % confidence interval of the mean of independent `batches`."""
    count = len(batches)
    return float(_STUDENT_T[count - 2] * batches.std(ddof=1) / count**0.5) if count > 1 else float("nan")


def _per_toggle(netlist: Netlist, card: TechCard, timing: Timing) -> np.ndarray:
    """Return what a toggle of each net costs in fJ, by part: (parts, internal and switching, nets)."""
    costs = np.zeros((len(_GROUPS), 2, netlist.nets))
    half_v2 = card.voltage_v**2 / 2
    load_ff = [pins + card.wire_ff_per_sink * len(sinks) for pins, sinks in zip(timing.load_ff, netlist.sinks, strict=True)]
    for instance in netlist.instances:
        internal, switched = costs[_GROUPS.index(instance.part)]
        cell = instance.cell
        slew_ps = []
        for pin, net in zip(cell.inputs, instance.inputs, strict=True):
            if cell.flip_flop is None or pin.name != cell.flip_flop.clock:
                internal[net] += pin.energy_fj
                slew_ps.append(timing.slew_ps[net])
        for output, net in zip(cell.outputs, instance.outputs, strict=True):
            if net != UNCONNECTED:
                internal[net] += lookup(output.slews_ps, output.loads_ff, output.energy_fj, float(np.mean(slew_ps)), load_ff[net])
                switched[net] += half_v2 * load_ff[net]
    for nets in netlist.inputs.values():  # what the unit's operand inputs cost whoever drives them
        for net in nets:
            for number, place in netlist.sinks[net]:
                instance = netlist.instances[number]
                sink = instance.cell.inputs[place]
                if instance.cell.flip_flop is None or sink.name != instance.cell.flip_flop.clock:
                    costs[_GROUPS.index(instance.part), 1, net] += half_v2 * (sink.capacitance_ff + card.wire_ff_per_sink)
    return costs


def _per_cycle(netlist: Netlist, card: TechCard, period_ps: float) -> np.ndarray:
    """Return what each cycle costs in fJ, by part: (parts, clock and leakage)."""
    costs = np.zeros((len(_GROUPS), 2))
    for instance in netlist.instances:
        own, cell = costs[_GROUPS.index(instance.part)], instance.cell
        own[1] += cell.leakage_nw * period_ps * 1e-6
        for pin in cell.inputs:
            if cell.flip_flop is not None and pin.name == cell.flip_flop.clock:
                own[0] += 2 * (pin.energy_fj + card.voltage_v**2 / 2 * (pin.capacitance_ff + card.wire_ff_per_sink))
    return costs
