"""Tables of a Liberty file over input slew and load: a single value, one axis, two in either order, or more."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .interpolate import lookup
from .liberty_syntax import Group
from .liberty_units import Units, finite

_NUMBERS = re.compile(r"[\s,\\]+")
_SINGLE = np.zeros(1)
_SLEWS = ("input_net_transition", "input_transition_time", "constrained_pin_transition")
_LOADS = ("total_output_net_capacitance", "output_net_pin_cap", "output_net_wire_cap")
_CLOCK_SLEW = "related_pin_transition"


@dataclass(frozen=True, eq=False)
class Table:
    """Values over slews (ps) and loads (fF), both rising; an axis of one point means that they do not depend on it.

    For a set-up time the slews are the data's, and in the place of loads stand the clock's slews (ps).

    Attributes
    ----------
    values
        (slews, loads)
    """

    slews: np.ndarray
    loads: np.ndarray
    values: np.ndarray

    def on(self, slews: np.ndarray, loads: np.ndarray) -> np.ndarray:
        """Return the values on a grid, (slews, loads)."""
        if slews is self.slews and loads is self.loads:
            return self.values
        return lookup(self.slews, self.loads, self.values, slews[:, None], loads[None, :])

    def at(self, slew_ps: float, load_ff: float) -> float:
        """Return the value at one point."""
        return float(lookup(self.slews, self.loads, self.values, slew_ps, load_ff))


class TableReader:
    """Reads the tables of one library.

    Axes may stand in the table or in its template; only the template says what they are. A third axis, such as the load of the
    cell's other output, is held at its first point.
    """

    def __init__(self, library: Group, units: Units) -> None:
        self._units = units
        kinds = ("lu_table_template", "power_lut_template")
        self._templates = {kind: {name: group for group in library.all(kind) for name in group.arguments} for kind in kinds}

    def times(self, group: Group, key: str) -> Table | None:
        """Return the table `key` of a timing group, delays, slews or set-up times, in ps, or None."""
        return self._read(group, key, "lu_table_template", self._units.time_ps)

    def energies(self, group: Group, key: str) -> Table | None:
        """Return the table `key` of a group of internal power in fJ, or None."""
        return self._read(group, key, "power_lut_template", self._units.energy_fj)

    def _read(self, group: Group, key: str, kind: str, unit: float) -> Table | None:
        child = next((child for child in group.groups if child.kind == key), None)
        if child is None:
            return None
        name = child.arguments[0] if child.arguments else ""
        template = self._templates[kind].get(name)
        axes = []
        for number in ("1", "2", "3"):
            axis = _numbers(child.texts(f"index_{number}"))
            if not axis.size and template is not None:
                axis = _numbers(template.texts(f"index_{number}"))
            if axis.size:
                axes.append(axis)
        meanings = [template.text(f"variable_{number}") for number in (1, 2, 3)] if template is not None else []
        values = _numbers(child.texts("values"))
        if not values.size:
            raise ValueError(f"its table {key} has no values")
        return self._arranged(key, axes, [str(meaning) for meaning in meanings if meaning], values * unit)

    def _arranged(self, key: str, axes: list[np.ndarray], meanings: Sequence[str], values: np.ndarray) -> Table:
        if values.size == 1:
            return Table(_SINGLE, _SINGLE, values.reshape(1, 1))
        if values.size != np.prod([axis.size for axis in axes]):
            shape = " × ".join(str(axis.size) for axis in axes) or "none"
            raise ValueError(f"its table {key} has {values.size} values where its axes ask for {shape}")
        if any((np.diff(axis) <= 0).any() for axis in axes):
            raise ValueError(f"an axis of its table {key} does not rise")
        places = _places(meanings, len(axes))
        grid = values.reshape([axis.size for axis in axes])
        kept = [places[name] for name in ("slew", "load") if name in places]
        index = tuple(slice(None) if place in kept else 0 for place in range(len(axes)))
        grid = grid[index]
        if len(kept) == 2 and kept[0] > kept[1]:
            grid = grid.T
        slews = axes[places["slew"]] * self._units.time_ps if "slew" in places else _SINGLE
        along = self._units.time_ps if _CLOCK_SLEW in meanings else self._units.capacitance_ff
        loads = axes[places["load"]] * along if "load" in places else _SINGLE
        return Table(slews, loads, grid.reshape(slews.size, loads.size))


def _places(meanings: Sequence[str], axes: int) -> Mapping[str, int]:
    """Return which axis is the slew and which the load; slew, then load, where no template says."""
    found: dict[str, int] = {}
    for place, meaning in enumerate(meanings[:axes]):
        if meaning in _SLEWS:
            found.setdefault("slew", place)
        elif meaning in (*_LOADS, _CLOCK_SLEW):
            found.setdefault("load", place)
    return found or dict(zip(("slew", "load"), range(axes), strict=False))


def _numbers(texts: Sequence[str]) -> np.ndarray:
    """Return the numbers in an attribute's texts, in one row."""
    words = [word for text in texts for word in _NUMBERS.split(text) if word]
    try:
        numbers = np.array(words, dtype=float) if words else np.zeros(0)
    except ValueError:
        numbers = np.full(1, np.nan)
    if not np.isfinite(numbers).all():
        return np.array([finite(word) for word in words])  # raises, and says which
    return numbers
