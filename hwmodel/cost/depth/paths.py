"""Ways through a circuit: the steps of the longest one to a signal, and when that is there.

A way is a chain of steps, each some levels of logic of one kind in one part. Where ways meet, the one that takes longer is kept; what
levels take for that is `NOMINAL`. So a unit is timed as a netlist is, with words in the place of wires, and what comes out is not a
time but the levels on the longest way.
"""

from functools import lru_cache
from math import log2, sqrt
from typing import NamedTuple

import numpy as np

PARTS = ("decode", "multiply", "alignadd", "normacc")
DECODE, MULTIPLY, ALIGNADD, NORMACC = range(len(PARTS))

LEVELS = ("compressor", "full_adder", "half_adder", "rounder", "prefix", "chain", "increment", "xor", "mux", "gate", "fan_out", "load")
"""The kinds of levels.

``compressor``: full adders of a tree, through their sums. ``full_adder``: those of a chain, through their carries. ``half_adder``: bits of
a chain that adds one bit to a number, as a complement does; ``rounder``: those of the one that rounds, of which a mapper wants every carry
in both polarities. ``prefix``: levels of a prefix adder, and ``chain``: its bits from a late one to the end, for a mapper that saves area
makes a chain of it again. ``increment``: levels of a prefix network that adds one bit. ``xor``, ``mux``, ``gate``: levels of these; of
gates with two inputs. ``fan_out``: log2 of the loads of a signal that drives a word, and ``load``: these loads.
"""
TREE, FULL, HALF, ROUND, PREFIX, CHAIN, INCREMENT, XOR, MUX, GATE, FAN_OUT, LOAD = range(len(LEVELS))

Weights = tuple[tuple[float, ...], ...]
"""What a level of each kind takes, by `PARTS`."""

_ROUND: dict[str, tuple[float, ...]] = {
    "area": (4.7, 3.8, 0.9, 1.9, 2.0, 0.9, 0.0, 1.5, 1.8, 1.0, 0.3, 0.35),
    "balanced": (4.7, 3.8, 1.0, 1.8, 0.5, 0.8, 1.0, 1.5, 1.8, 1.2, 1.0, 0.06),
    "delay": (4.7, 3.8, 0.5, 0.5, 2.5, 0.1, 1.5, 1.5, 1.5, 1.0, 1.2, 0.03),
}

GROUPS = tuple(f"{part} {level}" for part in PARTS for level in LEVELS)
"""What is learnt: how much of its `NOMINAL` time a level of each kind takes in each part, for cells are sized by what they drive there."""

_APART = tuple(1e-5 * sqrt(n) for n in range(2, 2 + 2 * len(GROUPS)) if all(n % (square * square) for square in range(2, 10)))

NOMINAL: dict[str, Weights] = {
    objective: tuple(
        tuple(weight + apart for weight, apart in zip(weights, _APART[part * len(LEVELS) :], strict=False)) for part in range(len(PARTS))
    )
    for objective, weights in _ROUND.items()
}
"""By what the mapper aims at, what a level of each of `LEVELS` takes in each of `PARTS`, roughly, in hundreds of ps on SKY130.

Only their ratios count here, and other libraries have much the same. A mapper for area leaves loads to weak gates, others buffer them.
No two different ways take the same time: which is the longest does not hang on the order in which they are looked at.
"""

PER_NS = 10
"""How many of these nominal times are a nanosecond, or so."""

FAR = float(1 << 20)
"""When what is looked at comes, later than all else can; what is not comes earlier by as much."""


def group_times(objective: str) -> np.ndarray:
    """Return the nominal time of a level of each of `GROUPS` in ps, on the diagonal: (48, 48) float64."""
    return np.diag(100 * np.ravel(NOMINAL[objective]))


class Path(NamedTuple):
    """The longest way to a signal.

    Attributes
    ----------
    time
        When it is there, at nominal levels.
    part, kind, levels
        The last step: so many levels of a kind, in a part.
    before
        The way up to that step; None: it starts here.
    weights
        What levels take.
    """

    time: float
    part: int
    kind: int
    levels: float
    before: "Path | None"
    weights: Weights


class Word(NamedTuple):
    """The ways to the lowest and the highest bit of a number, of which others are in between."""

    low: Path
    high: Path


class Number(NamedTuple):
    """The ways to the fields of an unpacked number: `flags` to what it is besides a number, `zero` to whether it is zero."""

    significand: Word
    exponent: Word
    flags: Path
    zero: Path


Segment = tuple[tuple[int, int, float], ...]
"""A way from a signal on: part, kind and levels of its steps."""

_new = tuple.__new__  # half the time of the class's own


@lru_cache(maxsize=64)
def start(part: int, weights: Weights) -> Path:
    """Return the way to an input or a register, which is there at once."""
    return Path(0.0, part, GATE, 0.0, None, weights)


def after(path: Path, kind: int, levels: float = 1) -> Path:
    """Return a way with so many levels more."""
    part, weights = path[1], path[5]
    return _new(Path, (path[0] + weights[part][kind] * levels, part, kind, levels, path, weights))


def into(path: Path, part: int) -> Path:
    """Return a way whose next steps are in another part."""
    return path if path[1] == part else _new(Path, (path[0], part, GATE, 0.0, path, path[5]))


def follow(path: Path, segment: Segment) -> Path:
    """Return a way continued."""
    weights = path[5]
    for part, kind, levels in segment:
        path = _new(Path, (path[0] + weights[part][kind] * levels, part, kind, levels, path, weights))
    return path


def later(path: Path, *others: Path) -> Path:
    """Return the longest of ways."""
    for other in others:
        if other[0] > path[0]:
            path = other
    return path


def latest(word: Word) -> Path:
    """Return the way to the last bit of a word that is there."""
    return word[0] if word[0][0] > word[1][0] else word[1]


def even(path: Path) -> Word:
    """Return a word whose bits are all there at once."""
    return _new(Word, (path, path))


def each(word: Word, kind: int, levels: float = 1) -> Word:
    """Return a word with so many levels more for each bit."""
    return Word(after(word[0], kind, levels), after(word[1], kind, levels))


def enter(word: Word, part: int) -> Word:
    """Return a word in another part."""
    return Word(into(word[0], part), into(word[1], part))


def enter_number(number: Number, part: int) -> Number:
    """Return a number in another part."""
    return Number(enter(number[0], part), enter(number[1], part), into(number[2], part), into(number[3], part))


def arrived(path: Path) -> Number:
    """Return a number whose fields are all there at once."""
    return Number(even(path), even(path), path, path)


def whole(number: Number) -> Path:
    """Return the way to the last of a number's fields."""
    return later(latest(number.significand), latest(number.exponent), number.flags, number.zero)


def spread(path: Path, loads: int) -> Path:
    """Return the way to the gates, so many, that one signal drives."""
    return after(after(path, FAN_OUT, log2(loads)), LOAD, loads) if loads > 1 else path


def select(path: Path, bits: int) -> Path:
    """Return the way to the multiplexers of so many bits that one signal sets, with its complement."""
    return spread(path, 2 * bits)


def tree(path: Path, inputs: int) -> Path:
    """Return the way through the OR (or AND) of so many signals."""
    return after(path, GATE, log2(inputs)) if inputs > 1 else path


def levels_of(path: Path) -> np.ndarray:
    """Return the levels on a way by `PARTS` and `LEVELS`, (4, 12) float64."""
    return np.array(counted_levels(path)).reshape(len(PARTS), len(LEVELS))


def counted_levels(path: Path) -> list[float]:
    """Return the levels on a way by `GROUPS`."""
    counted = [0.0] * len(GROUPS)
    step: Path | None = path
    while step is not None:
        counted[step[1] * len(LEVELS) + step[2]] += step[3]
        step = step[4]
    return counted


def segment_of(path: Path) -> Segment:
    """Return a way as it can be continued with from elsewhere."""
    counted: dict[tuple[int, int], float] = {}
    step: Path | None = path
    while step is not None:
        if step.levels:
            key = step.part, step.kind
            counted[key] = counted.get(key, 0.0) + step.levels
        step = step.before
    return tuple((part, kind, levels) for (part, kind), levels in sorted(counted.items()))
