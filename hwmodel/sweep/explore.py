"""The architecture that suits an objective: candidates are mapped, and the best within a clock is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, nan

from hwmodel.flow import TechCard, clock_timing, map_flat, static_timing, synthesize
from hwmodel.spec import LogFormat, MacSpec
from hwmodel.spec.dataflow import has_near_path, normalises_operands
from hwmodel.spec.ranges import operand_shape
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, Unit, emit

OBJECTIVES = ("area", "balanced", "delay")
"""The smallest, the smallest product of area and delay, the fastest."""

_PREFIX = ("sparse", "brent_kung", "sklansky")
_ADDERS = {"area": ("ripple", *_PREFIX), "balanced": _PREFIX, "delay": _PREFIX}
_SCRIPTS = {"area": ("area", "balanced", "sized"), "balanced": ("balanced", "sized"), "delay": ("delay",)}
"""By objective: what the mapper aims at, the first only where there is no clock to meet. Where none meets it, ``delay`` is tried."""

_BOOTH_BITS = 8
"""Multipliers of fewer bits are no smaller with Booth's rows."""


class UnmetClockError(ValueError):
    """No candidate is as fast as asked for; the message says by how much."""


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    architecture
        How the unit is built.
    script
        What the mapper aims at, one of `hwmodel.flow.mapping.SCRIPTS`.
    area_um2, delay_ps, clock_min_ps
        Of the unit mapped as one module: its area, its longest combinational path, and the shortest clock period, in which clock to
        output and set-up of flip-flops are counted (NaN where there was no clock to meet).
    tried
        How many candidates were mapped.
    """

    architecture: Architecture
    script: str
    area_um2: float
    delay_ps: float
    clock_min_ps: float
    tried: int


def explore(
    spec: MacSpec,
    card: TechCard,
    yosys: Yosys,
    objective: str,
    *,
    clock_ps: float | None = None,
    adder: str | None = None,
    multiplier: str | None = None,
    paths: str | None = None,
) -> Choice:
    """Map a unit in several architectures and return the best.

    Parameters
    ----------
    spec
        The unit.
    card
        The cells to map to.
    yosys
        The worker that maps.
    objective
        One of `OBJECTIVES`.
    clock_ps
        Clock period to meet; None: any.
    adder, multiplier, paths
        The only kind of it to try; None: all that the objective gains from.

    Raises
    ------
    UnmetClockError
        If no candidate meets the clock.
    TechError
        If there is a clock to meet, and the card does not have the times of flip-flops.
    """
    units: dict[Architecture, Unit] = {}
    tried: list[Choice] = []
    scripts = _SCRIPTS[objective]
    attempts = {objective: scripts[:1]} if clock_ps is None else {objective: scripts, "delay": _SCRIPTS["delay"]}
    for aim, several in attempts.items():
        for script in several:
            for architecture in _architectures(spec, aim, adder, multiplier, paths):
                if architecture not in units:
                    units[architecture] = emit(spec, architecture, yosys=yosys)
                unit = units[architecture]
                flat = map_flat(unit.verilog, unit.name, card, yosys, objective=script)
                clock_min_ps = nan if clock_ps is None else clock_timing(flat, card).delay_ps
                tried.append(Choice(architecture, script, flat.area_um2, static_timing(flat, card).delay_ps, clock_min_ps, len(tried) + 1))
        met = [choice for choice in tried if clock_ps is None or choice.clock_min_ps <= clock_ps]
        if met:
            return replace(min(met, key=lambda choice: _figure(choice, objective)), tried=len(tried))
    assert clock_ps is not None
    fastest = min(tried, key=lambda choice: choice.clock_min_ps)
    unit = units[fastest.architecture]
    slow = synthesize(unit.verilog, unit.name, card, yosys, objective=fastest.script).row["critical_part"]
    enough = ceil(fastest.clock_min_ps)
    raise UnmetClockError(
        f"unit {spec}: the clock of {clock_ps:g} ps is not met on {card.name}: the fastest of {len(tried)} needs {enough} ps, "
        f"{enough - clock_ps:g} ps more, clock to output and set-up included; the path is longest in {slow}, and pipeline "
        "registers (-p1, -p2) shorten what stands in front of the accumulator"
    )


def _figure(choice: Choice, objective: str) -> float:
    """Return what is to be small."""
    match objective:
        case "area":
            return choice.area_um2
        case "delay":
            return choice.delay_ps
        case _:
            return choice.area_um2 * choice.delay_ps


def _architectures(spec: MacSpec, objective: str, adder: str | None, multiplier: str | None, paths: str | None) -> Iterator[Architecture]:
    multipliers = [multiplier] if multiplier else ["baugh_wooley", *(["booth"] if _multiplier_bits(spec) >= _BOOTH_BITS else [])]
    # Never smaller, and of less delay by less than of more area: it is a choice where delay rules.
    ways = [paths] if paths else ["single", *(["near_far"] if objective == "delay" and has_near_path(spec) else [])]
    for each in product([adder] if adder else _ADDERS[objective], multipliers, ways):
        yield Architecture(*each)


def _multiplier_bits(spec: MacSpec) -> int:
    """Return the bits of the shorter factor of a multiplier; 0: logarithms, which have none."""
    if isinstance(spec.a, LogFormat):
        return 0
    normalised = normalises_operands(spec)
    return min(operand_shape(fmt, normalised=normalised).significand_bits for fmt in (spec.a, spec.b))
