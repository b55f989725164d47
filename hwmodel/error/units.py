"""Units that dot products are computed in: one interface to the golden models, over many dot products at once.

One run gives every length on the way to the longest: at each the unit is read as though its dot products ended there, and goes on.
"""

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hwmodel import golden
from hwmodel.golden.arrays import Array
from hwmodel.spec import (
    BlockFormat,
    ChoiceFormat,
    FixedAcc,
    FloatAcc,
    FloatFormat,
    Format,
    MacSpec,
    PositAcc,
    PositFormat,
    QuireAcc,
    SpecError,
    TensorAcc,
)

_PIECE = 1 << 12
"""Steps whose inputs are laid out, and random bits drawn, at a time."""

Random = Callable[[int], Array]
"""Draws the random bits of so many steps: (steps, n) uint64."""


class Stream(NamedTuple):
    """One operand of many dot products.

    Attributes
    ----------
    codes : (K, n) unsigned
    scales : (blocks, n) unsigned or None
        Block formats: codes of the blocks' scales.
    shifts : (sub-blocks, n) unsigned or None
    """

    codes: Array
    scales: Array | None = None
    shifts: Array | None = None


class Reading(NamedTuple):
    """What accumulators hold.

    Attributes
    ----------
    sums : list of Fraction or None
        None: no number.
    lost : (n,) bool
        Whether an accumulator overflowed, at any time: it wrapped, stuck to its largest number, or is infinite; or is NaN.
    """

    sums: list[Fraction | None]
    lost: Array


class DotUnit:
    """Dot products by `golden.Mac`.

    A last step that is not full has zeros; chunks and blocks that are not over are flushed. The scales of blocks that a unit is not
    given (FP32, of a tensor or row) are left to whoever reads it.

    Parameters
    ----------
    spec
        The unit.

    Raises
    ------
    SpecError
        If an operand's format is chosen cycle by cycle.
    """

    def __init__(self, spec: MacSpec):
        for fmt in (spec.a, spec.b):
            if isinstance(fmt, ChoiceFormat):
                raise SpecError(
                    f"unit {spec}: the format of {fmt} is chosen in each cycle; name the one that is meant, such as {fmt.choices[0]}"
                )
        self.spec = spec
        self.random_bits, self.note = spec.random_bits, spec.unit_note
        self._mac = golden.Mac(spec)
        self._ends = _silent_ends(spec, -1)
        inner = _inner_unit(spec)
        self._inner = None if inner is None else golden.Mac(inner)
        self._inner_ends = () if inner is None else _silent_ends(inner, 0)

    def __str__(self) -> str:
        return str(self.spec)

    @property
    def a(self) -> Format | BlockFormat:
        assert not isinstance(self.spec.a, ChoiceFormat)
        return self.spec.a

    @property
    def b(self) -> Format | BlockFormat:
        assert not isinstance(self.spec.b, ChoiceFormat)
        return self.spec.b

    def run(self, a: Stream, b: Stream, lengths: Sequence[int], random: Random | None = None) -> list[Reading]:
        """Return what `n` dot products are after each of some lengths.

        Parameters
        ----------
        a, b
            At least as long as the longest.
        lengths
            Rising, from 1 on.
        random
            Draws `random_bits` random bits for each unit and step; at every length for one more, its end. Needed if there are any.
        """
        n = a.codes.shape[1]
        for mac in (self._mac, self._inner):
            if mac is not None:
                mac.reset(n)
        self._stuck = np.zeros(n, bool)
        self._steps = 0
        found = []
        for length in lengths:
            whole = length // self.spec.lanes
            while self._steps < whole:
                self._take(self._shown(a, b, slice(self._steps, min(self._steps + _PIECE, whole)), length, random))
            found.append(self._end(a, b, length, random))
        return found

    def _end(self, a: Stream, b: Stream, length: int, random: Random | None) -> Reading:
        """Return what the dot products are if they end here; they can go on."""
        last, rest = -(-length // self.spec.lanes), length % self.spec.lanes
        folds = self.spec.fold_steps is not None
        if not rest and not folds:
            return self._read()
        shown = self._shown(a, b, slice(last - 1, last), length, random)
        ended = copy.deepcopy(self)
        # Where the steps so far are all, the last one is shown again, not taken, and only folds.
        ended._take(shown | {"valid": np.full((1, a.codes.shape[1]), bool(rest))}, flush=folds)
        return ended._read()

    def _shown(self, a: Stream, b: Stream, steps: slice, length: int, random: Random | None) -> dict[str, Array]:
        """Return the inputs of some steps, (steps, n, …); beyond `length` operands are zeros."""
        spec, shown = self.spec, {}
        first = np.arange(steps.start, steps.stop) * spec.lanes
        for name, fmt, stream in (("a", self.a, a), ("b", self.b, b)):
            codes = stream.codes[first[0] : min(steps.stop * spec.lanes, length)]
            if missing := len(first) * spec.lanes - len(codes):
                codes = np.concatenate([codes, np.full((missing, codes.shape[1]), self._zero(fmt), codes.dtype)])
            shown[name] = codes if spec.lanes == 1 else codes.reshape(len(first), spec.lanes, -1).swapaxes(1, 2)
            if isinstance(fmt, BlockFormat):
                assert stream.scales is not None
                shown[f"{name}_scale"] = stream.scales[first // fmt.size if fmt.size else np.zeros_like(first)]
                if fmt.sub_size:
                    assert stream.shifts is not None
                    shown[f"{name}_shift"] = stream.shifts[first[:, None] // fmt.sub_size + np.arange(spec.shifts(fmt))].swapaxes(1, 2)
        if random is not None and spec.random_bits:
            shown["rand"] = random(len(first))
        return shown

    def _zero(self, fmt: Format | BlockFormat) -> int:
        scalar = fmt.element if isinstance(fmt, BlockFormat) else fmt
        code = golden.scalar.encode(Fraction(0), scalar)
        if golden.scalar.decode(code, scalar).number != 0:
            raise SpecError(
                f"unit {self}: {scalar} has no zero to fill the last step with; choose lengths that are multiples of {self.spec.lanes}"
            )
        return code

    def _take(self, shown: dict[str, Array], flush: bool = False) -> None:
        """Take some steps."""
        count, n = shown["a"].shape[:2]
        inputs = shown | ({"flush": np.ones((count, n), bool)} if flush else {})
        watched = self._ends and not isinstance(self.spec.acc, QuireAcc)
        # One step at a time where an accumulator may stick to an end and come back, and nothing tells.
        for part in (slice(k, k + 1) for k in range(count)) if watched or self._inner_ends else (slice(count),):
            acc = self._mac.run(**{name: each[part] for name, each in inputs.items()})
            if watched:
                self._stuck |= _holds(acc, self._ends)
            if self._inner:
                self._watch_inner({name: each[part] for name, each in shown.items() if name in ("a", "b", "valid", "rand")})
            self._steps += len(shown["a"][part])

    def _watch_inner(self, shown: dict[str, Array]) -> None:
        """Take the same steps in a unit that has the inner level for its own."""
        assert self._inner is not None
        bits = self._inner.spec.random_bits
        rand = shown.pop("rand", None)
        if rand is not None and bits:
            shown["rand"] = rand & np.uint64((1 << bits) - 1)
        if length := self.spec.fold_steps:
            shown["clear"] = np.full(shown["a"].shape[:2], self._steps % length == 0)
        self._stuck |= _holds(self._inner.run(**shown), self._inner_ends) | self._inner.overflow

    def _read(self) -> Reading:
        mac = self._mac
        sums = self._numbers(mac.acc)
        lost = self._stuck | mac.overflow | mac.invalid | np.array([each is None for each in sums], bool) | _holds(mac.acc, self._ends)
        return Reading(sums, lost)

    def _numbers(self, codes: Array) -> list[Fraction | None]:
        level = self.spec.levels[-1]
        if isinstance(level, FixedAcc):
            point = self.spec.fixed_point(level)
            unit, wrap = Fraction(2) ** -point.fraction, 1 << point.width
            return [(code - wrap if code > point.max_value else code) * unit for code in golden.code_to_int(codes)]
        fmt = self.spec.a if isinstance(level, QuireAcc) else level.format
        assert isinstance(fmt, FloatFormat | PositFormat)
        return _numbers(codes, fmt)


def names_unit(text: str) -> bool:
    """Return whether `text` is the name of a unit, ``<a>-<b>-<acc>``, and not of a format: by its hyphens."""
    return len(_parts(text)) > 1


def parse_dot_unit(text: str) -> DotUnit:
    """Return the unit that `text` names, a `MacSpec`.

    Raises
    ------
    SpecError
        If it names none.
    """
    return DotUnit(MacSpec.parse(text))


def _parts(text: str) -> list[str]:
    """Return what stands between hyphens; one before a digit is a sign."""
    return re.split(r"-(?!\d)", text.strip())


def _inner_unit(spec: MacSpec) -> MacSpec | None:
    """Return the unit that has the inner level of `spec` for its own, where that level overflows and nothing outside tells."""
    if spec.is_chunked and _silent_ends(spec, 0):
        return replace(spec, acc=spec.levels[0])
    if spec.fold_steps == 0:
        # The sum of a block without an end, which wraps.
        assert spec.exact_sum is not None
        fraction = spec.exact_sum.fraction - sum(fmt.point for fmt in spec.blocks)
        return MacSpec(*spec.factors, FixedAcc(spec.exact_sum.width, fraction), lanes=spec.lanes)
    return None


def _silent_ends(spec: MacSpec, at: int) -> tuple[int, ...]:
    """Return the codes that a level of a unit sticks to without a flag or a special code."""
    level = spec.levels[at]
    match level:
        case FloatAcc() | TensorAcc() if not level.format.has_nan or (isinstance(level, FloatAcc) and level.rounding == "rtz"):
            return (level.format.max_finite_code, level.format.max_finite_code | level.format.sign_mask)
        case PositAcc() | QuireAcc():
            fmt = spec.a if isinstance(level, QuireAcc) else level.format
            assert isinstance(fmt, PositFormat)
            return ((1 << (fmt.width - 1)) - 1, (1 << (fmt.width - 1)) + 1)
    return ()


def _holds(codes: Array, ends: Sequence[int]) -> Array:
    """Return which accumulators hold one of some codes, (n,) bool."""
    return np.isin(codes, np.array(ends, np.uint64)) if ends else np.zeros(len(codes), bool)


def _numbers(codes: Array, fmt: Format) -> list[Fraction | None]:
    values = (golden.scalar.decode(code, fmt) for code in golden.code_to_int(codes))
    return [value.number if value.is_finite else None for value in values]
