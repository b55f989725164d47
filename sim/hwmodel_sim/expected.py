"""Step the golden model through a plan: what every unit must show after every cycle."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from hwmodel.spec import FixedAcc, FloatAcc, FloatFormat, Format, MacSpec, PositAcc, PositFormat, QuireAcc, TensorAcc

from .choices import word_bits
from .operands import Array, fields, is_inf, is_nan, is_special, log2_magnitude
from .pairs import PAIR_BITS
from .registers import register_shape
from .stimulus import Part, words_of


@dataclass
class Played:
    """A part, and the golden state after each of its cycles.

    Attributes
    ----------
    part
        The stimulus; stories whose accumulator was lost to infinity, NaN or maxpos were cleared soon after.
    acc : (cycles, stories) or (cycles, stories, limbs) uint64
        Codes.
    overflow, invalid : (cycles, stories) bool
        Sticky flags; low for units without.
    """

    part: Part
    acc: Array
    overflow: Array
    invalid: Array


@dataclass
class Coverage:
    """What a run met.

    Attributes
    ----------
    vectors
        Multiply-accumulate steps: cycles with `valid`.
    states
        How many of them met the accumulator (of a chunk or block: the outer one) cleared, zero, subnormal, tiny, normal, huge, inf, nan.
    events
        How often something happened that can happen to this unit: overflow, invalid, to inf, to nan, cancelled to zero,
        idle, flush, reset, clear.
    pairs
        Operand pairs there are (of blocks: of their elements), or 0 if they are too many to be all tried.
    pairs_met
        How many of them were met, in whatever lane.
    least_meetings
        The fewest finite, non-zero accumulators any pair of finite operands met.
    """

    vectors: int = 0
    states: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    pairs_met: int = 0
    least_meetings: int = 0


def play(spec: MacSpec, part: Part, rng: np.random.Generator | None = None) -> Played:
    """Run the golden model over `part`; given `rng`, `part.clear` is amended where an accumulator is no longer finite."""
    from hwmodel.golden import Mac

    cycles, stories = part.valid.shape
    mac = Mac(spec)
    mac.reset(stories)
    acc = np.zeros((cycles, *mac.acc.shape), np.uint64)
    overflow, invalid = np.zeros((2, cycles, stories), bool)
    fmt = acc_format(spec)
    lost = np.zeros(stories, bool)
    jumps = {jump.cycle: jump.codes for jump in part.jumps}
    resets = np.flatnonzero(part.rst).tolist()
    bounds = sorted({0, *jumps, *resets, *(t + 1 for t in resets), cycles})
    sheets = {"clear": part.clear, "valid": part.valid, **part.others} | ({"flush": part.flush} if "flush" in spec.inputs else {})
    for start, stop in pairwise(bounds):
        if start in jumps:
            mac.load(jumps[start])
        walk = mac.walk(part.a[start:stop], part.b[start:stop], **{name: sheet[start:stop] for name, sheet in sheets.items()})
        for t in range(start, stop):
            if part.rst[t]:
                mac.reset(stories)
            else:
                if rng is not None and lost.any():
                    part.clear[t] |= lost & (rng.random(stories) < 1 / 3)
                next(walk)
            acc[t] = mac.acc
            if spec.has_flags:
                overflow[t], invalid[t] = mac.overflow, mac.invalid
            if fmt is not None:
                lost = is_special(acc[t], fmt) | _is_stuck(spec, acc[t])
    return Played(part, acc, overflow, invalid)


def acc_format(spec: MacSpec) -> Format | None:
    """Return the format of the codes on the `acc` port; None for fixed point."""
    level = spec.levels[-1]
    return spec.a if isinstance(level, QuireAcc) else getattr(level, "format", None)  # type: ignore[return-value]


def _is_stuck(spec: MacSpec, acc: Array) -> Array:
    """Return which accumulators are a posit at its end, which hardly any product moves."""
    level = spec.levels[-1]
    if not isinstance(level, PositAcc):
        return np.zeros(acc.shape, bool)
    maxpos = np.uint64(level.format.nan_code - 1)
    return (acc == maxpos) | (acc == maxpos + np.uint64(2))


def cover(spec: MacSpec, parts: list[Played]) -> Coverage:
    """Count what `parts` met."""
    coverage = Coverage()
    a_format, b_format = spec.factors
    low = np.uint64(word_bits(b_format))
    exhaustive = word_bits(a_format) + word_bits(b_format) <= PAIR_BITS
    size = 1 << (word_bits(a_format) + word_bits(b_format)) if exhaustive else 0
    met, meetings = np.zeros(size, np.int64), np.zeros(size, np.int64)
    impossible = _impossible(spec)
    for played in parts:
        part = played.part
        live = part.valid & ~part.rst[:, None]
        coverage.vectors += int(live.sum())
        before = _classes(spec, played.acc)
        after, before[1:] = before.copy(), before[:-1].copy()
        before[0] = "zero"
        before[part.clear] = "cleared"
        coverage.states.update(dict(zip(*np.unique(before[live], return_counts=True), strict=True)))
        finite = ~np.isin(before, ["inf", "nan"])
        rose = {name: np.diff(getattr(played, name).astype(np.int8), axis=0, prepend=0) > 0 for name in ("overflow", "invalid")}
        happened = {
            **{name: int(flag.sum()) for name, flag in rose.items()},
            "to inf": int((live & finite & (after == "inf")).sum()),
            "to nan": int((live & (before != "nan") & (after == "nan")).sum()),
            "to zero": int((live & ~np.isin(before, ["zero", "cleared"]) & (after == "zero")).sum()),
            "idle": int((~part.valid).sum()),
            "clear": int((live & part.clear).sum()),
            "flush": int(part.flush.sum()),
            "reset": int(part.rst.sum()),
        }
        coverage.events.update({name: count for name, count in happened.items() if name not in impossible})
        if exhaustive:
            a, b = words_of(spec, part)
            pair = ((a << low) | b).astype(np.int64)
            met += np.bincount(pair[live].ravel(), minlength=size)
            meetings += np.bincount(pair[live & finite & ~np.isin(before, ["zero", "cleared"])].ravel(), minlength=size)
    if exhaustive:
        pairs = np.arange(size, dtype=np.uint64)
        special = is_special(pairs >> low, a_format) | is_special(pairs & ((np.uint64(1) << low) - np.uint64(1)), b_format)
        coverage.pairs, coverage.pairs_met, coverage.least_meetings = size, int((met > 0).sum()), int(meetings[~special].min())
    return coverage


def _impossible(spec: MacSpec) -> set[str]:
    """Return the events that cannot happen to a unit, whatever its operands."""
    last = spec.levels[-1]
    events = set() if spec.fold_steps is not None else {"flush"}
    if not spec.has_flags:
        events |= {"overflow", "invalid"}
    elif not spec.has_specials and (isinstance(spec.levels[0], FixedAcc) or isinstance(last, FloatAcc)):
        events.add("invalid")
    if isinstance(last, FloatAcc):
        shape = register_shape(spec, last)
        return events | {f"to {name}" for name in ("nan", "inf") if not getattr(shape, name)}
    if isinstance(last, TensorAcc):
        return events | {f"to {name}" for name, can in (("nan", last.format.has_nan), ("inf", last.format.has_inf)) if not can}
    return events | {"to inf"} | ({"to nan"} if isinstance(last, FixedAcc) or not spec.has_specials else set())


def _classes(spec: MacSpec, acc: Array) -> Array:
    """Return the class of each accumulator state, as strings."""
    fmt = acc_format(spec)
    if isinstance(fmt, PositFormat):
        # Huge and tiny: no fraction is left.
        size, cut = log2_magnitude(acc, fmt), (fmt.width - 3 - fmt.exponent_bits) << fmt.exponent_bits
        tests = [is_nan(acc, fmt), acc == 0, size >= cut, size <= -cut]
        return np.select(tests, ["nan", "zero", "huge", "tiny"], "normal").astype("U9")
    if isinstance(fmt, FloatFormat):
        exponent, fraction = fields(acc, fmt)
        top = np.uint64(max((fmt.max_finite_code >> fmt.fraction_bits) - 1, 1))
        lowest = exponent == 0
        subnormal = lowest & fmt.subnormals
        tests = [is_nan(acc, fmt), is_inf(acc, fmt), lowest & (fraction == 0), subnormal, exponent >= top]
        return np.select(tests, ["nan", "inf", "zero", "subnormal", "huge"], "normal").astype("U9")
    zero = acc == 0 if acc.ndim == 2 else (acc == 0).all(axis=-1)
    # Huge: in the outer quarter of the range, that is, the two bits below the sign differ from it.
    width = spec.acc_width
    sign, second, third = (_bit(acc, width - 1 - i) if width > i else np.zeros(zero.shape, bool) for i in range(3))
    return np.select([zero, (second != sign) & (third != sign)], ["zero", "huge"], "normal").astype("U9")


def _bit(acc: Array, index: int) -> Array:
    limb = acc if acc.ndim == 2 else acc[..., index // 64]
    return (limb >> np.uint64(index % 64)) & np.uint64(1) != 0
