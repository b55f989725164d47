"""What was counted: rows of cells, and the codes under which they are met again."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwmodel.spec import SpecError, WidthError

from ..model import costs_of, fitted_cells
from ..structure import UnitCounts
from ..structure.cells import CELLS
from .sizes import Frame, Pair

LOW = (1 << 32) - 1
"""Of two places in one integer the mask of the lower."""

Fault = str | None
"""Why there is no unit: what follows ``unit <name>``; None: only `MacSpec` itself says it."""


class Faults:
    """Why there are no units; each reason has a place below 0."""

    def __init__(self) -> None:
        self._places = Distinct()

    def refuse(self, fault: Fault) -> int:
        """Return the place of a reason."""
        return -1 - self._places.of(fault)

    def of(self, frame: Frame, pair: Pair) -> int | None:
        """Return why `MacSpec` refuses a unit; None: it does not."""
        try:
            frame.checked(pair)
        except WidthError as error:
            _, colon, why = str(error).partition(": ")
            return self.refuse(colon + why)
        except SpecError:
            return self.refuse(None)
        return None

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the reasons at places below 0, (places,) object."""
        return np.array([*self._places.things, None], object)[-1 - places]


class Distinct:
    """Different things in the order in which they are met."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self._known: dict[Hashable, int] = {}

    def of(self, thing: Hashable) -> int:
        """Return the place of a thing."""
        place = self._known.setdefault(thing, len(self.things))
        if place == len(self.things):
            self.things.append(thing)
        return place


class Met:
    """Numbers by codes. What a code has not is counted when it is first met."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def of(self, codes: np.ndarray, count: Callable[[list[int], np.ndarray], Sequence[int]]) -> np.ndarray:
        """Return the numbers of codes, (codes,) int64.

        Parameters
        ----------
        codes
            (codes,) int.
        count
            Returns the numbers of codes that are new, given these, each once, and where each stands first among `codes`.
        """
        different, first, which = np.unique(codes, return_index=True, return_inverse=True)
        known, each = self._known, different.tolist()
        new = [at for at, code in enumerate(each) if code not in known]
        if new:
            fresh = [each[at] for at in new]
            known.update(zip(fresh, count(fresh, first[new]), strict=True))
        return np.fromiter(map(known.__getitem__, each), np.int64, len(each))[which]


class PartTable:
    """Cells of parts that were counted, two of the fitted parts in a row: (rows, 2, 2 cells) float64.

    Parameters
    ----------
    parts
        Which of the fitted parts.
    """

    def __init__(self, parts: slice) -> None:
        self._parts = parts
        self._cells = np.zeros((1 << 10, 2, 2 * len(CELLS)))
        self._count = 0
        self._units: list[tuple[int, UnitCounts]] = []

    def __len__(self) -> int:
        return self._count

    def add(self, cells: np.ndarray) -> np.ndarray:
        """Add rows, (new, 2, 2 cells), and return their places."""
        places = np.arange(self._count, self._count + len(cells))
        self._count += len(cells)
        self._cells = with_room(self._cells, self._count)
        self._cells[places] = cells
        return places

    def add_unit(self, unit: UnitCounts) -> int:
        """Add the row of a unit, and return its place."""
        self._units.append((self._count, unit))
        self._count += 1
        return self._count - 1

    @property
    def cells(self) -> np.ndarray:
        """All rows."""
        self._cells = with_room(self._cells, self._count)
        if self._units:
            places, units = zip(*self._units, strict=True)
            self._cells[list(places)] = np.stack([fitted_cells(unit)[self._parts] for unit in units])
            self._units = []
        return self._cells[: self._count]


class Facts:
    """Rows of numbers that are found one by one."""

    def __init__(self, columns: int) -> None:
        self._table, self._rows, self._new = np.zeros((1 << 10, columns)), 0, list[Sequence[float]]()

    def __len__(self) -> int:
        return self._rows + len(self._new)

    def add(self, row: Sequence[float]) -> int:
        """Add a row, and return its place."""
        self._new.append(row)
        return len(self) - 1

    def all(self) -> np.ndarray:
        """Return all rows, (rows, columns) float64."""
        if self._new:
            old, self._rows = self._rows, len(self)
            self._table = with_room(self._table, self._rows)
            self._table[old : self._rows] = self._new
            self._new = []
        return self._table[: self._rows]


@dataclass(frozen=True)
class Told:
    """Facts of units, each under a place.

    Attributes
    ----------
    columns : (columns, places) float64
        The facts; room for more may follow.
    at : (units,) int64
        Where units have theirs.
    """

    columns: np.ndarray
    at: np.ndarray

    def __getitem__(self, which: int | slice) -> np.ndarray:
        """Return a fact, (units,), or several, (facts, units)."""
        return self.columns[which].take(self.at, axis=-1)

    def each(self, which: np.ndarray) -> np.ndarray:
        """Return another fact of each unit, (units,); `which` is (units,) int."""
        return self.columns[which, self.at]

    def some(self, units: np.ndarray) -> "Told":
        """Return the facts of some of the units, by their indices."""
        return Told(self.columns, self.at[units])


class FactsAt:
    """Facts under the places of something else, found when they are first asked for."""

    def __init__(self, columns: int) -> None:
        self._columns, self._found, self._after = np.zeros((columns, 1 << 10)), 0, np.zeros(1 << 10, np.int64)

    def of(self, places: np.ndarray, find: Callable[[int, int], Sequence[float]]) -> Told:
        """Return the facts of places; `find` is given a new place, and where it stands first among `places`."""
        self._after = with_room(self._after, int(places.max(initial=0)) + 1)
        after = self._after.take(places)
        if not after.all():
            new = np.flatnonzero(after == 0)
            different, first = np.unique(places[new], return_index=True)
            found = [find(place, at) for place, at in zip(different.tolist(), new[first].tolist(), strict=True)]
            old, self._found = self._found, self._found + len(found)
            self._columns = with_room(self._columns, self._found, axis=1)
            self._columns[:, old : self._found] = np.array(found).T
            self._after[different] = 1 + np.arange(old, self._found)
            after = self._after.take(places)
        return Told(self._columns, after - 1)


class RowCosts:
    """What the rows of a table that only grows cost."""

    def __init__(self) -> None:
        self._costs, self._rows = np.empty(0), 0

    def of(self, cells: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Return the costs of all rows, of which those that are new are worked out; room for more may follow."""
        if not self._rows:
            self._costs = np.zeros((1 << 10, *cells.shape[1:-1]))
        if self._rows < len(cells):
            self._costs = with_room(self._costs, len(cells))
            self._costs[self._rows : len(cells)] = costs_of(cells[self._rows :], coefficients)
            self._rows = len(cells)
        return self._costs


def with_room(table: np.ndarray, rows: int, axis: int = 0) -> np.ndarray:
    """Return a table with room for so many rows: twice as long, and again, until there is."""
    while table.shape[axis] < rows:
        table = np.concatenate([table, np.zeros_like(table)], axis=axis)
    return table
