"""A design space: axes, their product, and the filters that rows of it must pass; counted and walked without being built."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwmodel.spec import BlockFormat, ChunkAcc, FixedAcc, MacSpec, ScalarOperand, SpecError, TensorAcc

from .axes import MAKING, Axis, Choice
from .errors import SweepError
from .filters import Filter

MAX_LOOKED_AT = 10**9
"""Places of a space that are looked through one by one, where filters compare fields of two axes."""

_PIECE = 1 << 18


@dataclass(frozen=True)
class Row:
    """One unit, made in one way.

    Attributes
    ----------
    spec
        The unit; None: there is none of that name.
    name
        Its canonical name, or what was asked for.
    reason
        Why there is no unit; else empty.
    card, objective, adder, multiplier, paths
        How it is made.
    """

    spec: MacSpec | None
    name: str
    reason: str
    card: str
    objective: str
    adder: str
    multiplier: str
    paths: str

    @property
    def architecture(self) -> dict[str, str]:
        """How the circuit is built, as `hwmodel_rtl.Architecture` takes it."""
        return {"adder": self.adder, "multiplier": self.multiplier, "paths": self.paths}


@dataclass(frozen=True, eq=False)
class Space:
    """The product of axes, the last one changing fastest, as far as it passes the filters."""

    axes: tuple[Axis, ...]
    filters: tuple[Filter, ...] = ()

    @cached_property
    def _pruned(self) -> tuple[tuple[Axis, ...], tuple[Filter, ...]]:
        """The axes as far as filters of their own fields leave them, and the other filters."""
        axes, rest = list(self.axes), []
        for each in self.filters:
            own = [at for at, axis in enumerate(axes) if self._decided_by(each) & set(axis.fields)]
            if not set(each.fields) <= {field for axis in axes for field in axis.fields}:  # no row has the field
                axes[0] = axes[0].only(np.zeros(len(axes[0]), bool))
            elif len(own) == 1:
                axis = axes[own[0]]
                axes[own[0]] = axis.only(each.keeps(axis.fields, len(axis)))
            else:
                rest.append(each)
        return tuple(axes), tuple(rest)

    def _decided_by(self, condition: Filter) -> set[str]:
        """Return the fields that decide whether a row passes: lanes may be those of the accumulator, or what operands make of it."""
        fields = set(condition.fields)
        accumulators = [choice.value for axis in self.axes for choice in axis.choices.get("acc", ())]
        if "lanes" in fields and any(isinstance(acc, TensorAcc) for acc in accumulators):
            fields.add("acc.name")
        if "lanes" in fields and any(isinstance(acc, str) for acc in accumulators):
            fields |= {"acc.name", "a.name", "b.name"}
        return fields

    @cached_property
    def count(self) -> int:
        """How many rows there are.

        Raises
        ------
        SweepError
            If they are too many to be looked through.
        """
        axes, rest = self._pruned
        compared = {field for each in rest for field in self._decided_by(each)}
        joint = [axis for axis in axes if rest and compared & set(axis.fields)]
        apart = math.prod(len(axis) for axis in axes if axis not in joint)
        if not rest or not apart:
            return apart
        places = math.prod(map(len, joint))
        if places > MAX_LOOKED_AT:
            told = ", ".join(map(str, rest))
            raise SweepError(f"{places:,} combinations are too many to look through for {told}; narrow the lists and ranges first")
        return apart * sum(len(batch) for batch in _walk(joint, rest, _PIECE))

    @property
    def unit_note(self) -> str:
        """What `hwmodel.spec.MacSpec.unit_note` says of the first unit that it says something of; of operands the widest are looked at."""
        chosen = {name: choices for axis in self._pruned[0] for name, choices in axis.choices.items()}
        if "unit" in chosen:
            return next((note for choice in chosen["unit"] if choice.value is not None and (note := choice.value.unit_note)), "")
        a, b = ([choice.value for choice in chosen[name] if not isinstance(choice.value, BlockFormat | None)] for name in "ab")
        if not a or not b:
            return ""
        same = any({"a", "b"} <= set(axis.choices) for axis in self.axes)
        # Bits are dropped of the longest products, if of any.
        widest = max(zip(a, b, strict=True), key=_largest) if same else (max(a, key=_magnitude), max(b, key=_magnitude))
        for choice in chosen["acc"]:
            if isinstance(choice.value, FixedAcc | ChunkAcc):
                with contextlib.suppress(SpecError):
                    if note := MacSpec(*widest, choice.value).unit_note:
                        return note
        return ""

    def batches(self, size: int) -> Iterator["Batch"]:
        """Yield the rows in order, at most `size` at a time."""
        return _walk(*self._pruned, size)


def _magnitude(operand: ScalarOperand) -> int:
    return operand.max_magnitude


def _largest(pair: tuple[ScalarOperand, ScalarOperand]) -> int:
    return math.prod(map(_magnitude, pair))


def _walk(axes: Sequence[Axis], filters: Sequence[Filter], size: int) -> Iterator["Batch"]:
    """Yield the places of a product of axes that pass some filters."""
    lengths = tuple(map(len, axes))
    places = math.prod(lengths)
    for start in range(0, places, size):
        at = np.unravel_index(np.arange(start, min(start + size, places)), lengths) if lengths else ()
        batch = Batch(tuple(axes), tuple(index.astype(np.int32) for index in at))
        for each in filters:
            batch = batch.only(each.keeps(batch.fields(each.fields), len(batch)))
        if len(batch):
            yield batch


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of a space.

    Attributes
    ----------
    axes
        The space's.
    at
        For each axis the places of the rows on it, (rows,) int32.
    """

    axes: tuple[Axis, ...]
    at: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.at[0])

    def only(self, kept: np.ndarray) -> "Batch":
        """Return the rows that `kept`, (rows,) bool, says."""
        return self if kept.all() else Batch(self.axes, tuple(index[kept] for index in self.at))

    def fields(self, wanted: Sequence[str]) -> Mapping[str, np.ndarray]:
        """Return the wanted fields of the rows."""
        found = {
            field: axis.fields[field][index]
            for axis, index in zip(self.axes, self.at, strict=True)
            for field in wanted
            if field in axis.fields
        }
        if "lanes" in found and self.has("acc"):
            found["lanes"] = self._own_lanes(found["lanes"])
        return found

    def _own_lanes(self, lanes: np.ndarray) -> np.ndarray:
        """Return the lanes that units have: where one is asked for, those that a tensor core's accumulator says."""
        accumulators, index = self.chosen("acc")
        own = np.array([choice.value.lanes if isinstance(choice.value, TensorAcc) else 1 for choice in accumulators], float)[index]
        rows = np.flatnonzero(np.array([isinstance(choice.value, str) for choice in accumulators], bool)[index])
        if len(rows):
            (a, at_a), (b, at_b) = self.chosen("a"), self.chosen("b")
            named, which = np.unique(np.stack([at_a[rows], at_b[rows], index[rows]]), axis=1, return_inverse=True)
            found = [_lanes_of_gpu(a[x].name, b[y].name, accumulators[z].name) for x, y, z in named.T.tolist()]
            own[rows] = np.array(found)[which.ravel()]
        return np.where(lanes == 1, own, lanes)

    def distinct(self) -> tuple["Batch", np.ndarray]:
        """Return a batch with a row for each different unit, and which of them each row here has, (rows,) int64."""
        own = [not set(axis.choices) <= set(MAKING) for axis in self.axes]
        axes = tuple(axis for axis, is_own in zip(self.axes, own, strict=True) if is_own)
        at = tuple(index for index, is_own in zip(self.at, own, strict=True) if is_own)
        places = np.ravel_multi_index(at, tuple(map(len, axes)))
        _, first, which = np.unique(places, return_index=True, return_inverse=True)
        return Batch(axes, tuple(index[first] for index in at)), which

    def chosen(self, name: str) -> tuple[Sequence[Choice], np.ndarray]:
        """Return the choices of `name` and which of them each row has, (rows,) int32.

        Raises
        ------
        KeyError
            If no axis chooses it.
        """
        for axis, index in zip(self.axes, self.at, strict=True):
            if name in axis.choices:
                return axis.choices[name], index
        raise KeyError(name)

    def has(self, name: str) -> bool:
        """Whether an axis chooses `name`."""
        return any(name in axis.choices for axis in self.axes)

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        making = {name: self.chosen(name) for name in MAKING}
        for i, (spec, name, reason) in enumerate(self.specs()):
            how = {key: values[index[i]].name for key, (values, index) in making.items()}
            yield Row(spec, name, reason, **how)

    def specs(self) -> Iterator[tuple[MacSpec | None, str, str]]:
        """Yield of each row the unit, or None; its name; and why there is none."""
        if self.has("unit"):
            units, index = self.chosen("unit")
            yield from ((units[i].value, units[i].name, units[i].reason) for i in index)
            return
        parts = [self.chosen(name) for name in ("a", "b", "acc", "lanes", "pipeline")]
        for places in zip(*(index.tolist() for _, index in parts), strict=True):
            yield unit_of(*(values[i] for (values, _), i in zip(parts, places, strict=True)))


def _lanes_of_gpu(a: str, b: str, gpu: str) -> int:
    """Return how many lanes a GPU's tensor core has for two operands; 1: it takes no such operands."""
    try:
        return MacSpec.parse(f"{a}-{b}-{gpu}").lanes
    except SpecError:
        return 1


def unit_of(a: Choice, b: Choice, acc: Choice, lanes: Choice, pipeline: Choice) -> tuple[MacSpec | None, str, str]:
    """Return the unit of five choices, or None; its name; and why there is none."""
    name = (
        f"{a.name}-{b.name}-{acc.name}" + (f"-x{lanes.name}" if lanes.value != 1 else "") + (f"-p{pipeline.name}" if pipeline.value else "")
    )
    for choice in (a, b, acc):
        if choice.value is None:
            return None, name, choice.reason
    try:
        # Operands decide what the accumulator of a GPU's name is.
        gpu = isinstance(acc.value, str)
        spec = MacSpec.parse(name) if gpu else MacSpec(a.value, b.value, acc.value, pipeline.value, lanes.value)
    except SpecError as error:
        return None, name, str(error)
    return spec, str(spec) if isinstance(spec.acc, TensorAcc) else name, ""  # one that says its lanes itself is not told them
