"""The architecture that suits an objective: candidates are mapped, and the best within a clock is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from hwmodel.flow import TechCard, map_flat, static_timing
from hwmodel.spec import LogFormat, MacSpec
from hwmodel.spec.dataflow import normalises_operands
from hwmodel.spec.ranges import operand_shape
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

OBJECTIVES = ("area", "balanced", "delay")
"""The smallest, the smallest product of area and delay, the fastest."""

_ADDERS = {"area": ("ripple", "brent_kung", "sklansky"), "balanced": ("brent_kung", "sklansky"), "delay": ("brent_kung", "sklansky")}
_SCRIPTS = {"area": ("area", "balanced", "sized"), "balanced": ("balanced", "sized"), "delay": ("delay",)}
"""By objective: what the mapper aims at, the first only where there is no clock to meet. ``delay`` is tried where none meets it."""

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
    area_um2, delay_ps
        Of the unit mapped as one module.
    tried
        How many candidates were mapped.
    """

    architecture: Architecture
    script: str
    area_um2: float
    delay_ps: float
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
        Longest combinational path allowed; None: any.
    adder, multiplier
        The only kind of it to try; None: all that the objective gains from.

    Raises
    ------
    UnmetClockError
        If no candidate meets the clock.
    """
    tried: list[Choice] = []
    scripts = _SCRIPTS[objective]
    for several in [scripts[:1]] if clock_ps is None else [scripts, ("delay",)]:
        for script in several:
            for architecture in _architectures(spec, objective, adder, multiplier):
                unit = emit(spec, architecture, yosys=yosys)
                flat = map_flat(unit.verilog, unit.name, card, yosys, objective=script)
                tried.append(Choice(architecture, script, flat.area_um2, static_timing(flat, card).delay_ps, len(tried) + 1))
        met = [choice for choice in tried if clock_ps is None or choice.delay_ps <= clock_ps]
        if met:
            return replace(min(met, key=lambda choice: _figure(choice, objective)), tried=len(tried))
    fastest = min(choice.delay_ps for choice in tried)
    assert clock_ps is not None
    raise UnmetClockError(
        f"unit {spec}: the clock of {clock_ps:g} ps is not met on {card.name}: the fastest of {len(tried)} takes {fastest:.0f} ps, "
        f"{fastest - clock_ps:.0f} ps too long; pipeline registers (-p1, -p2) shorten what stands in front of the accumulator"
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


def _architectures(spec: MacSpec, objective: str, adder: str | None, multiplier: str | None) -> Iterator[Architecture]:
    multipliers = [multiplier] if multiplier else ["baugh_wooley", *(["booth"] if _multiplier_bits(spec) >= _BOOTH_BITS else [])]
    for each in product([adder] if adder else _ADDERS[objective], multipliers):
        yield Architecture(*each)


def _multiplier_bits(spec: MacSpec) -> int:
    """Return the bits of the shorter factor of a multiplier; 0: logarithms, which have none."""
    if isinstance(spec.a, LogFormat):
        return 0
    normalised = normalises_operands(spec)
    return min(operand_shape(fmt, normalised=normalised).significand_bits for fmt in (spec.a, spec.b))
