"""Units that dot products are computed in: one interface to the golden models, over many dot products at once.

Dot products go on from where they were read, so that one run gives every length on the way.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np

from hwmodel import golden
from hwmodel.golden.arrays import Array
from hwmodel.spec import (
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
    TensorPreset,
    parse_operand,
    parse_tensor,
)
from hwmodel.spec.tensor import GPU_ALIASES, TENSOR_PRESETS


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


class DotUnit(Protocol):
    """Something that computes dot products of codes."""

    random_bits: int
    note: str

    @property
    def a(self) -> Format: ...

    @property
    def b(self) -> Format: ...

    def start(self, n: int) -> None:
        """Begin `n` dot products, all at +0."""

    def take(self, a: Array, b: Array, random: Array | None = None) -> None:
        """Go on by some products.

        Parameters
        ----------
        a, b : (steps, n) unsigned integers
            Codes.
        random : (steps, n) uint64, optional
            `random_bits` random bits each.
        """

    def read(self, random: Array | None = None) -> Reading:
        """Return what the dot products would be if they ended here; they can go on.

        Parameters
        ----------
        random : (n,) uint64, optional
            `random_bits` random bits each, for the end.
        """


class MacDots:
    """Dot products by `golden.Mac`, one product a step; of a chunked unit, with a flush at the end.

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
        # The inner level of a chunk cannot be seen from outside; a unit that has it for its own does the same between folds.
        self._inner_ends = _silent_ends(spec, 0) if spec.is_chunked else ()
        self._inner = golden.Mac(replace(spec, acc=spec.levels[0])) if self._inner_ends else None
        self._inner_random_bits = sum(level.random_bits for level in spec.levels[:1] if isinstance(level, FloatAcc))

    def __str__(self) -> str:
        return str(self.spec)

    @property
    def a(self) -> Format:
        assert not isinstance(self.spec.a, ChoiceFormat)
        return self.spec.a

    @property
    def b(self) -> Format:
        assert not isinstance(self.spec.b, ChoiceFormat)
        return self.spec.b

    def start(self, n: int) -> None:
        self._mac.reset(n)
        if self._inner:
            self._inner.reset(n)
        self._stuck = np.zeros(n, bool)
        self._steps = 0

    def take(self, a: Array, b: Array, random: Array | None = None) -> None:
        watched = self._inner or (self._ends and not isinstance(self.spec.acc, QuireAcc))
        # One step at a time where an accumulator may stick to an end and come back, and nothing tells.
        for part in (slice(k, k + 1) for k in range(len(a))) if watched else (slice(len(a)),):
            rand = None if random is None else random[part]
            acc = self._mac.run(a[part], b[part], rand=rand)
            if watched:
                self._stuck |= _holds(acc, self._ends)
            if self._inner:
                self._watch_inner(a[part], b[part], rand)
            self._steps += len(a[part])

    def _watch_inner(self, a: Array, b: Array, random: Array | None) -> None:
        assert self._inner is not None
        clear = np.full(a.shape, self._steps % self.spec.acc.length == 0)  # type: ignore[union-attr]
        low = random & np.uint64((1 << self._inner_random_bits) - 1) if random is not None and self._inner_random_bits else None
        self._stuck |= _holds(self._inner.run(a, b, clear=clear, rand=low), self._inner_ends)

    def read(self, random: Array | None = None) -> Reading:
        mac = self._mac
        if self.spec.is_chunked:
            mac = copy.deepcopy(mac)
            n = len(self._stuck)
            zeros = np.zeros(n, np.uint64)
            mac.step(zeros, zeros, flush=np.ones(n, bool), valid=np.zeros(n, bool), rand=random)
        codes = mac.acc
        sums = self._numbers(codes)
        lost = self._stuck | mac.overflow | mac.invalid | np.array([each is None for each in sums], bool) | _holds(codes, self._ends)
        return Reading(sums, lost)

    def _numbers(self, codes: Array) -> list[Fraction | None]:
        level = self.spec.levels[-1]
        if isinstance(level, FixedAcc):
            point = self.spec.fixed_point(level)
            unit, wrap = Fraction(2) ** -point.fraction, 1 << point.width
            return [(code - wrap if code > point.max_value else code) * unit for code in golden.code_to_int(codes)]
        fmt = self.a if isinstance(level, QuireAcc) else level.format
        return _numbers(codes, fmt)


class TensorDots:
    """Dot products by `golden.dot`, L products a step, from an addend of zero; a last step that is not full has zeros.

    Parameters
    ----------
    core
        The arithmetic.
    a, b
        The operands' formats.

    Raises
    ------
    SpecError
        If the arithmetic is not for these formats.
    """

    random_bits = 0
    note = ""

    def __init__(self, core: TensorAcc | TensorPreset, a: FloatFormat, b: FloatFormat):
        self.core, self.a, self.b = core, a, b
        self._held = core.result if isinstance(core, TensorPreset) else core.format
        self._block = core.block if isinstance(core, TensorPreset) else core.lanes
        out = core.acc.format if isinstance(core, TensorPreset) else core.format
        self._ends = () if out.has_nan else (out.max_finite_code, out.max_finite_code | out.sign_mask)
        self.start(1)
        self.take(np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
        self.read()  # raises where the arithmetic and the formats do not go together

    def __str__(self) -> str:
        return f"{self.a}-{self.b}-{self.core}"

    def start(self, n: int) -> None:
        self._acc = np.zeros(n, np.uint64)
        self._rest_a = self._rest_b = np.zeros((0, n), np.uint8)
        self._stuck = np.zeros(n, bool)

    def take(self, a: Array, b: Array, random: Array | None = None) -> None:
        a, b = (np.concatenate(each) for each in ((self._rest_a, a), (self._rest_b, b)))
        whole = len(a) - len(a) % self._block
        size = self._block if self._ends else whole
        for start in range(0, whole, size or 1):
            self._acc = self._sum(a[start : start + size], b[start : start + size])
            self._stuck |= _holds(self._acc, self._ends)
        self._rest_a, self._rest_b = a[whole:], b[whole:]

    def read(self, random: Array | None = None) -> Reading:
        codes = self._sum(self._rest_a, self._rest_b) if len(self._rest_a) else self._acc
        sums = _numbers(codes, self._held)
        return Reading(sums, self._stuck | np.array([each is None for each in sums], bool) | _holds(codes, self._ends))

    def _sum(self, a: Array, b: Array) -> Array:
        return golden.dot(a.T, b.T, self._acc, self.core, self.a, self.b)


def names_unit(text: str) -> bool:
    """Return whether `text` is the name of a unit, ``<a>-<b>-<acc>``, and not of a format: by its hyphens."""
    return re.search(r"-(?!\d)", text.strip()) is not None


def parse_dot_unit(text: str) -> DotUnit:
    """Return the unit that `text` names: a `MacSpec`, or two float formats and what `parse_tensor` reads, as in ``fp16-fp16-h100``.

    Raises
    ------
    SpecError
        If it names none.
    """
    parts = re.split(r"-(?!\d)", text.strip().lower())
    if len(parts) != 3 or not _names_tensor(parts[2]):
        return MacDots(MacSpec.parse(text))
    a, b = map(parse_operand, parts[:2])
    if not isinstance(a, FloatFormat) or not isinstance(b, FloatFormat):
        raise SpecError(f"unit {text!r}: {b if isinstance(a, FloatFormat) else a} is no operand of a tensor core; it takes float formats")
    return TensorDots(parse_tensor(parts[2], a, b), a, b)


def _names_tensor(text: str) -> bool:
    """Whether an accumulator's name is that of a tensor core."""
    gpus = {preset.gpu for preset in TENSOR_PRESETS} | set(GPU_ALIASES)
    return re.match(r"tc\d", text, re.ASCII) is not None or re.split(r"[:.]", text)[0] in gpus


def _silent_ends(spec: MacSpec, at: int) -> tuple[int, ...]:
    """Return the codes that a level of a unit sticks to without a flag or a special code."""
    level = spec.levels[at]
    match level:
        case FloatAcc() if level.rounding == "rtz" or not level.format.has_nan:
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
