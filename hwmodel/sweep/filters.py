"""Filters: comparisons of a row's fields, as data. Nothing of a sweep file is ever run."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwmodel.spec.errors import nearest

from .axes import FIELDS, FLAG_FIELDS, KINDS, MAKING, STOCHASTIC, TEXT_FIELDS, making_values
from .errors import SweepError

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPERATORS = (*_COMPARISONS, "in", "not in")

Value = float | str | tuple[float | str, ...]


@dataclass(frozen=True)
class Filter:
    """A comparison that a row must fulfil; a row without the field, such as `a.exponent_bits` of an integer, fulfils none.

    Attributes
    ----------
    field
        One of `hwmodel.sweep.axes.FIELDS`.
    op
        One of `OPERATORS`.
    value
        A number or text, or another field's name; with ``in`` and ``not in`` several numbers or texts.
    where
        Where it stands.
    """

    field: str
    op: str
    value: Value
    where: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it looks at, one or two."""
        return (self.field, self.value) if isinstance(self.value, str) and self.value in FIELDS else (self.field,)

    def keeps(self, columns: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        """Return which of `count` rows fulfil it, (count,) bool, from the columns of their fields."""
        left = columns.get(self.field)
        if left is None:
            return np.zeros(count, bool)
        right: Any = columns.get(self.fields[1]) if len(self.fields) == 2 else self.value
        if right is None:
            return np.zeros(count, bool)
        there = _there(left) & (_there(right) if isinstance(right, np.ndarray) else True)
        result = np.zeros(count, bool)
        if not there.any():  # texts that no row has are no texts, and have no order
            return result
        if self.op in ("in", "not in"):
            members = set(right)
            result[there] = [(value in members) == (self.op == "in") for value in left[there].tolist()]
            return result
        other = right[there] if isinstance(right, np.ndarray) else right
        result[there] = _COMPARISONS[self.op](left[there], other)
        return result

    def __str__(self) -> str:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return f"{[self.field, self.op, value]}"


def _there(column: np.ndarray) -> np.ndarray:
    return np.array([value is not None for value in column], bool) if column.dtype == object else ~np.isnan(column)


def parse_filter(where: str, data: Any) -> Filter:
    """Return the filter that ``[field, op, value]`` of a sweep file says.

    Raises
    ------
    SweepError
        If it is none.
    """
    if not isinstance(data, list) or len(data) != 3 or not isinstance(data[0], str) or not isinstance(data[1], str):
        raise SweepError(f'{where}: the filter {data!r} is not of the form [field, op, value], as in ["a.width", "<=", 8]')
    field, op, value = data
    if field not in FIELDS:
        raise SweepError(f"{where}: the filter {data!r} asks for {field!r}, which is no field{nearest(field, FIELDS)}")
    if op not in OPERATORS:
        raise SweepError(f"{where}: the filter {data!r} compares by {op!r}, which is not one of {', '.join(OPERATORS)}")
    several = op in ("in", "not in")
    values = value if isinstance(value, list) else [value]
    if several != isinstance(value, list) or not all(isinstance(each, bool | int | float | str) for each in values):
        raise SweepError(
            f"{where}: the filter {data!r} takes {'a list of numbers or texts' if several else 'one number or text'} after {op!r}"
        )
    found = Filter(field, op, _plain(value), where)
    for each in values:
        other = each if len(found.fields) == 2 else None
        _check_type(found, each, other)
        if other is None and isinstance(each, str):
            _check_text(where, data, field, each)
    return found


def _plain(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(each if isinstance(each, str) else float(each) for each in value)
    return value if isinstance(value, str) else float(value)


def _check_type(found: Filter, value: bool | float | str, other: str | None) -> None:
    """Refuse what a field never is, of its own or, by name, an `other` field's."""
    field = found.field
    texts = isinstance(value, str) if other is None else other in TEXT_FIELDS
    if texts != (field in TEXT_FIELDS):
        never = "are never the same" if found.op in ("==", "!=", "in", "not in") else "have no order between them"
        raise SweepError(f"{found.where}: the filter {found} compares text and numbers, which {never}; {field} is {_held(field)}")
    fits = isinstance(value, str) or (value in (0, 1) if field in FLAG_FIELDS else not isinstance(value, bool))
    if not fits:
        raise SweepError(f"{found.where}: the filter {found} asks for {value!r}, and {field} is {_held(field)}")


def _held(field: str) -> str:
    return "a text" if field in TEXT_FIELDS else "true or false" if field in FLAG_FIELDS else "a number"


def _check_text(where: str, data: Any, field: str, text: str) -> None:
    """Refuse a text that is none of the few that a field has."""
    if field in MAKING and field != "card":
        allowed: Sequence[str] = making_values(field)
    else:
        allowed = KINDS.get(field, ())
    if allowed and text not in allowed and not (field == "acc.rounding" and STOCHASTIC.fullmatch(text)):
        raise SweepError(
            f"{where}: the filter {data!r} asks for {text!r}, and {field} is one of {', '.join(allowed)}{nearest(text, allowed)}"
        )
