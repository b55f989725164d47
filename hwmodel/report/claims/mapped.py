"""The units that claims are about, mapped; a unit that somebody else has mapped already is not mapped again."""

from collections.abc import Callable, Mapping
from typing import Any

from hwmodel.flow import TechCard
from hwmodel.report.crew import side_by_side
from hwmodel.spec import MacSpec
from hwmodel.sweep.rows import mapped_row
from hwmodel.yosys import Yosys

from .findings import units_of
from .parts import PAIRS
from .published import CLAIMS

Rows = dict[str, Mapping[str, Any]]


def missing(known: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Return the units without the figures that claims need, each with whether its energy is one; the largest first."""
    every = {**{unit: False for pair in PAIRS.values() for unit in pair}, **units_of(CLAIMS)}
    units = {
        unit: energy for unit, energy in every.items() if unit not in known or (energy and _column(MacSpec.parse(unit)) not in known[unit])
    }
    return dict(sorted(units.items(), key=lambda each: -MacSpec.parse(each[0]).lanes))


def mapped_units(
    card: TechCard, known: Mapping[str, Mapping[str, Any]] | None = None, *, jobs: int = 2, done: Callable[[str], None] = lambda name: None
) -> Rows:
    """Return a row of every unit that claims are about.

    Parameters
    ----------
    card
        The cells to map to.
    known
        Rows by spec that were mapped to the same cells.
    jobs
        How many units are worked on at a time.
    done
        Told of each unit that is mapped.

    Raises
    ------
    MismatchError
        If a mapped netlist and the golden model differ; the text says where.
    """
    known = known or {}
    units = missing(known)

    def one(unit: str, yosys: Yosys) -> Mapping[str, Any]:
        spec = MacSpec.parse(unit)
        row = mapped_row(spec, card, yosys, energy=units[unit], glitches=has_glitches(spec))
        done(unit)
        return row

    rows = side_by_side(one, list(units), jobs)
    return {**known, **dict(zip(units, rows, strict=True))}


def has_glitches(spec: MacSpec) -> bool:
    """Return whether a unit's energy is told with glitches too: of dot units, whose timed simulation takes minutes, it is not."""
    return spec.lanes == 1


def _column(spec: MacSpec) -> str:
    return "energy_timed_fj" if has_glitches(spec) else "energy_fj"
