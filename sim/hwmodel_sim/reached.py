"""Which obligations a run has met, judged by what the golden model did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwmodel.spec import ChunkAcc, FixedAcc, FloatFormat, Format, MacSpec, QuireAcc

from .expected import Played, acc_format, play
from .folds import Folds, levels_of
from .obligations import Obligation, level_pushes, obligations, stuck_code, top_code
from .operands import Array, is_special, log2_magnitude, negate, sign
from .pairs import sizes
from .scales import block_operands
from .stimulus import Part, words_of


def unreached(spec: MacSpec, played: Sequence[Played]) -> list[Obligation]:
    """Return the obligations of `spec` that no part of a run has met."""
    owed = list(obligations(spec))
    # The last parts were made for the ends. What takes more steps than a part has cycles it can only meet by a jump.
    for each in reversed(played):
        near = [one for one in owed if each.part.jumps or one.steps <= len(each.part.rst)]
        if near:
            levels = _levels(spec, each)
            owed = [one for one in owed if one not in near or not _met(spec, one, levels)]
    return owed


@dataclass(frozen=True)
class _Level:
    """What one level did in a part; each array is (cycles, stories), codes of more than 64 bits have limbs.

    Attributes
    ----------
    added
        1 where only positive numbers were added, -1 where only negative ones were, else 0.
    before, after
        The level's codes.
    rose
        Where its overflow flag rose.
    whole
        Whether two whole chunks or blocks ended by count, one after the other.
    """

    added: Array
    before: Array
    after: Array
    rose: Array
    whole: bool = False

    @classmethod
    def of(cls, played: Played, added: Array, cleared: Array, **more: bool) -> "_Level":
        before = np.concatenate([np.zeros_like(played.acc[:1]), played.acc[:-1]])
        before[cleared] = 0
        rose = np.diff(played.overflow.astype(np.int8), axis=0, prepend=0) > 0
        return cls(added, before, played.acc, rose, **more)


def _levels(spec: MacSpec, played: Played) -> list[_Level]:
    part = played.part
    live = part.valid & ~part.rst[:, None]
    added, cleared = _added(spec, part) * live, live & part.clear
    if len(levels_of(spec)) == 1:
        return [_Level.of(played, added * _scaled(spec, part), cleared)]
    folds = Folds.of(spec.fold_steps, part.valid, part.clear, part.flush, part.rst)
    if not isinstance(spec.acc, ChunkAcc):
        total = _sides_of_blocks(folds, added) * _scaled(spec, part, folds, live)
        return [_sum_of_blocks(spec, part, added, folds), _Level.of(played, total, cleared)]
    # The inner level is not to be seen: it is played again as a unit of its own.
    alone = MacSpec(spec.a, spec.b, spec.acc.inner, lanes=spec.lanes)
    inner = _alone(alone, part, folds)
    outer = _Level.of(played, _side(inner.acc, acc_format(alone), alone.acc_width) * folds.ends, cleared)
    # The unit's flag is that of both levels.
    return [_Level.of(inner, added, folds.fresh, whole=folds.whole), replace(outer, rose=outer.rose & ~inner.overflow)]


def _alone(alone: MacSpec, part: Part, folds: Folds) -> Played:
    """Return what a unit of an inner level alone does, which is cleared where a chunk or block begins."""
    others = {name: codes for name, codes in part.others.items() if name in alone.inputs}
    if "rand" in others:
        others["rand"] = others["rand"] & np.uint64((1 << alone.random_bits) - 1)
    return play(alone, replace(part, clear=folds.fresh, flush=np.zeros_like(part.flush), others=others, jumps=[]))


def _sum_of_blocks(spec: MacSpec, part: Part, added: Array, folds: Folds) -> _Level:
    """Return what the exact sum of a block did. Only one without a size can overflow, and only that is played."""
    if spec.fold_steps:
        none = np.zeros_like(added)
        return _Level(added, none, none, none, folds.whole)
    assert spec.exact_sum is not None
    point = sum(fmt.point for fmt in spec.blocks)
    alone = MacSpec(*spec.factors, FixedAcc(spec.exact_sum.width, spec.exact_sum.fraction - point), lanes=spec.lanes)
    return _Level.of(_alone(alone, part, folds), added, folds.fresh)


def _added(spec: MacSpec, part: Part) -> Array:
    """Return 1 where all products of a step but zeros are positive, -1 where all are negative, else 0."""
    size, negative = sizes(spec, *words_of(spec, part))
    side = np.where(negative, -1, 1) * np.isfinite(size)
    if side.ndim == 2:
        return side
    odd, up, down = (np.asarray(each.any(axis=-1)) for each in (np.isnan(size) | (size == np.inf), side > 0, side < 0))
    return _one_sided(up, down) * ~odd


def _one_sided(up: Array, down: Array) -> Array:
    """Return 1 where there is something upward and nothing downward, -1 where it is the other way round, else 0."""
    return (up & ~down).astype(np.int8) - (down & ~up)


def _sides_of_blocks(folds: Folds, added: Array) -> Array:
    """Return 1 or -1 where a block ends that all its steps pushed to one side, else 0."""
    up, down = np.zeros((2, added.shape[1]), bool)
    sides = np.zeros_like(added)
    for t in range(len(added)):
        up, down = up & ~folds.fresh[t] | (added[t] > 0), down & ~folds.fresh[t] | (added[t] < 0)
        sides[t] = _one_sided(up, down) * folds.ends[t]
    return sides


def _scaled(spec: MacSpec, part: Part, folds: Folds | None = None, live: Array | None = None) -> Array:
    """Return whether the scales that count are neither zero nor NaN: those shown with the block's last step."""
    finite = np.ones(part.valid.shape, bool)
    for name, fmt in block_operands(spec).items():
        finite &= np.isfinite(log2_magnitude(part.port(f"{name}_scale"), fmt.scale))
    if folds is None or live is None:
        return finite
    last = np.maximum.accumulate(np.where(live, np.arange(len(live))[:, None], 0), axis=0)
    return np.take_along_axis(finite, last, 0)


def _side(codes: Array, fmt: Format | None, width: int) -> Array:
    """Return the signs of accumulators: 1, 0 or -1; 0 too for what is not finite. No format: two's complement."""
    if fmt is not None:
        body = codes & np.uint64(fmt.sign_mask - 1) if isinstance(fmt, FloatFormat) else codes
        return np.where(sign(codes, fmt), -1, 1) * ((body != 0) & ~is_special(codes, fmt))
    zero, top = (codes == 0, codes) if width <= 64 else ((codes == 0).all(axis=-1), codes[..., -1])
    return np.where(top >> np.uint64((width - 1) % 64) & np.uint64(1) != 0, -1, 1) * ~zero


def _met(spec: MacSpec, owed: Obligation, levels: list[_Level]) -> bool:
    seen, level = levels[owed.level], levels_of(spec)[owed.where]
    if not owed.towards:
        return seen.whole
    added = seen.added == owed.towards
    if isinstance(level, FixedAcc):
        return bool((added & seen.rose).any())
    if isinstance(level, QuireAcc):
        before, after = (_side(codes, spec.a, spec.acc_width) for codes in (seen.before, seen.after))  # type: ignore[arg-type]
        return bool((added & (before == owed.towards) & (after == -owed.towards)).any())
    push = level_pushes(spec)[owed.level][owed.towards]
    stuck, top, fmt = stuck_code(level, push), top_code(level), level.format
    lost = is_special(seen.after, fmt) & ~is_special(seen.before, fmt)
    side = _side(seen.before, fmt, fmt.width) == owed.towards
    size = np.where(side, seen.before if owed.towards > 0 else negate(seen.before, fmt), np.uint64(0))
    if stuck <= top:
        return bool((added & ((size >= np.uint64(stuck)) | lost)).any())
    kept = (size == np.uint64(top)) & (seen.before == seen.after)
    return bool((added & (lost | kept)).any())
