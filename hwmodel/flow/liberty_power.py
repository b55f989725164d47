"""Internal power and leakage of a Liberty cell: groups with conditions, supplies and edges.

Of groups for several supply pins those of power pins are added up. The groups of a ground pin are left out: over a rise and a
fall it is the same charge, seen where it leaves (ASAP7 states both, equal within 1 %).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .boolean import truth_table, variables
from .liberty_syntax import Group
from .liberty_tables import Table, TableReader
from .liberty_units import finite


@dataclass(frozen=True, eq=False)
class Power:
    """One group of internal power.

    Attributes
    ----------
    related
        The input pins whose edges it belongs to; none for the pin's own.
    supply
        The supply pin it is drawn from; empty where the file does not tell supplies apart.
    share
        The fraction of the other pins' states that it is for, each taken as equally likely.
    edges
        Tables in fJ of a rise and a fall; one where both are the same.
    """

    related: tuple[str, ...]
    supply: str
    share: float
    edges: tuple[Table, ...]

    def at(self, slew_ps: float, load_ff: float) -> float:
        """Return the energy of one toggle, the mean over both edges, in fJ."""
        return sum(table.at(slew_ps, load_ff) for table in self.edges) / len(self.edges)

    def on(self, slews: np.ndarray, loads: np.ndarray) -> np.ndarray:
        """Return the energy of one toggle on a grid."""
        return np.mean([table.on(slews, loads) for table in self.edges], axis=0)


def by_cause(powers: Sequence[Power]) -> dict[tuple[str, ...], list[tuple[float, Power]]]:
    """Return, for each set of pins that may cause an output's toggle, groups and their weights: those of each supply add up to 1."""
    found: dict[tuple[str, ...], dict[str, list[Power]]] = {}
    for power in powers:
        found.setdefault(power.related, {}).setdefault(power.supply, []).append(power)
    return {
        related: [
            (power.share / total if (total := sum(each.share for each in same)) else 1 / len(same), power)
            for same in supplies.values()
            for power in same
        ]
        for related, supplies in found.items()
    }


_EDGES = ("rise_power", "fall_power", "power")


class PowerReader:
    """Reads the power of one cell, of which it knows the supply pins and what the outputs compute."""

    def __init__(self, cell: Group, tables: TableReader, functions: Mapping[str, str]) -> None:
        self._cell = cell
        self._tables = tables
        self._functions = functions
        self._grounds = {name for pin in cell.all("pg_pin") if "ground" in str(pin.text("pg_type")) for name in pin.arguments}
        self._known: dict[str, float] = {}

    def of_pin(self, pin: Group) -> tuple[Power, ...]:
        """Return a pin's groups of internal power; a group without a condition is for the states that no other one names."""
        groups = pin.all("internal_power")
        groups = [group for group in groups if group.text("related_pg_pin") not in self._grounds] or groups
        found: list[Power] = []
        covered: dict[tuple[tuple[str, ...], str], float] = {}
        for group in sorted(groups, key=lambda group: group.text("when") is None):
            edges = tuple(table for key in _EDGES if (table := self._tables.energies(group, key)) is not None)
            if not edges:
                continue
            related = tuple(sorted(filter(None, re.split(r"[\s,]+", group.text("related_pin") or ""))))
            supply, condition = group.text("related_pg_pin") or "", group.text("when")
            share = self._likelihood(condition) if condition is not None else max(1 - covered.get((related, supply), 0.0), 0.0)
            covered[related, supply] = covered.get((related, supply), 0.0) + share
            found.append(Power(related, supply, share, edges))
        return tuple(found)

    def _likelihood(self, condition: str) -> float:
        """Return the fraction of states in which `condition` holds; an output in it stands for its function."""
        if condition not in self._known:
            meant = condition
            for name, function in self._functions.items():
                meant = re.sub(rf"(?<![\w\[\]]){re.escape(name)}(?![\w\[\]])", f"({function})", meant)
            names = variables(meant)
            self._known[condition] = truth_table(meant, names).bit_count() / (1 << len(names))
        return self._known[condition]

    def leakage(self, density: float, default: float, area: float) -> float:
        """Return the cell's leakage in the file's unit: what it states, the mean over its states, or the library's default."""
        stated = self._cell.text("cell_leakage_power")
        groups = self._cell.all("leakage_power")
        if stated is not None and (finite(stated) or not groups):
            return finite(stated)
        if not groups:
            return default or density * area
        supplies = {str(group.text("related_pg_pin")) for group in groups}
        return sum(
            self._of_supply([group for group in groups if str(group.text("related_pg_pin")) == supply]) for supply in sorted(supplies)
        )

    def _of_supply(self, groups: Sequence[Group]) -> float:
        values = [(finite(group.text("value") or "0"), group.text("when")) for group in groups]
        plain = [value for value, condition in values if condition is None]
        shares = [(value, self._likelihood(condition)) for value, condition in values if condition is not None]
        covered = sum(share for _, share in shares)
        if plain and covered < 1:
            return sum(value * share for value, share in shares) + plain[0] * (1 - covered)
        return sum(value * share for value, share in shares) / covered if covered else 0.0
