"""How late what a part hands on comes, by how late what it is given does.

Times only add up along a way, and where ways meet the latest counts. So a part is told, once for all that it may be given, by the longest
way from each of the fields of a number to each of what it hands on, and by the longest that begins in it, at a register or an input.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .paths import FAR, GATE, GROUPS, Number, Path, Weights, Word, counted_levels

FIELDS = 6
"""Of a number: the lowest and the highest bit of its significand, and of its exponent; its flags; whether it is zero."""

SOURCES = FIELDS + 1
"""Where ways come from: the fields of a number, and what is there at once."""


class Response(NamedTuple):
    """The longest ways to what a part hands on.

    Attributes
    ----------
    times : (outputs, 7) float64
        What they take, from each of `SOURCES`; minus infinity: there is none.
    levels : (outputs, 7, 48) float64
        Their levels, by `hwmodel.cost.depth.GROUPS`.
    """

    times: np.ndarray
    levels: np.ndarray


def respond(part_of_unit: int, weights: Weights, walk: Callable[[Number], Sequence[Path]]) -> Response:
    """Return the response of a part.

    Parameters
    ----------
    part_of_unit
        Where the number is that it is given, one of `hwmodel.cost.depth.PARTS`.
    weights
        What levels take.
    walk
        Returns the ways to what it hands on, from those to a number.
    """
    away = Path(-FAR, part_of_unit, GATE, 0.0, None, weights)
    late = away._replace(time=FAR)
    rows = list[list[list[float] | None]]()
    for source in range(SOURCES):
        fields = [away] * FIELDS
        if source < FIELDS:
            fields[source] = late
        least = FAR / 2 if source < FIELDS else -FAR / 2
        rows.append([counted_levels(path) if path.time > least else None for path in walk(number_of(fields))])
    levels = np.array([[each or [0.0] * len(GROUPS) for each in row] for row in rows]).swapaxes(0, 1)
    reached = np.array([[each is not None for each in row] for row in rows]).T
    return Response(np.where(reached, levels @ np.ravel(weights), -np.inf), levels)


def number_of(fields: Sequence[Path]) -> Number:
    """Return a number of the ways to its `FIELDS`."""
    low, high, exponent_low, exponent_high, flags, zero = fields
    return Number(Word(low, high), Word(exponent_low, exponent_high), flags, zero)


def fields_of(number: Number) -> tuple[Path, ...]:
    """Return the ways to a number's `FIELDS`."""
    return (*number.significand, *number.exponent, number.flags, number.zero)
