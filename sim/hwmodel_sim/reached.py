"""Which obligations a run has met, judged by what the golden model did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwmodel.spec import ChunkAcc, FixedAcc, FloatFormat, Format, MacSpec, QuireAcc

from .choices import join
from .expected import Played, acc_format, play
from .obligations import Obligation, exact_pushes, obligations, pushed, stuck_code, top_code
from .operands import Array, is_special, log2_magnitude, negate, sign
from .stimulus import Part


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
        1 where a positive number was added, -1 where a negative one was, else 0.
    before, after
        The level's codes.
    rose
        Where its overflow flag rose.
    two_chunks
        Whether two whole chunks ended by count, one after the other.
    """

    added: Array
    before: Array
    after: Array
    rose: Array
    two_chunks: bool = False

    @classmethod
    def of(cls, played: Played, added: Array, cleared: Array, **more: bool) -> "_Level":
        before = np.concatenate([np.zeros_like(played.acc[:1]), played.acc[:-1]])
        before[cleared] = 0
        rose = np.diff(played.overflow.astype(np.int8), axis=0, prepend=0) > 0
        return cls(added, before, played.acc, rose, **more)


def _levels(spec: MacSpec, played: Played) -> list[_Level]:
    part = played.part
    live = part.valid & ~part.rst[:, None]
    a, b = (join(getattr(part, name), part.others.get(f"mode_{name}"), getattr(spec, name)) for name in ("a", "b"))
    finite = np.isfinite(log2_magnitude(a, spec.a) + log2_magnitude(b, spec.b))
    product = np.where(sign(a, spec.a) ^ sign(b, spec.b), -1, 1) * (live & finite)
    cleared = live & part.clear
    if not isinstance(spec.acc, ChunkAcc):
        return [_Level.of(played, product, cleared)]
    # The inner level is not to be seen: it is played again as a unit of its own.
    fresh, fold, two_chunks = _chunks(part, spec.acc.length)
    alone = MacSpec(spec.a, spec.b, spec.acc.inner)
    others = {name: codes for name, codes in part.others.items() if name in alone.inputs}
    if "rand" in others:
        others["rand"] = others["rand"] & np.uint64((1 << alone.random_bits) - 1)
    inner = play(alone, replace(part, clear=fresh, flush=np.zeros_like(part.flush), others=others, jumps=[]))
    outer = _Level.of(played, _side(inner.acc, acc_format(alone), alone.acc_width) * fold, cleared)
    # The unit's flag is that of both levels.
    return [_Level.of(inner, product, fresh, two_chunks=two_chunks), replace(outer, rose=outer.rose & ~inner.overflow)]


def _chunks(part: Part, length: int) -> tuple[Array, Array, bool]:
    """Return where a chunk begins, where one is folded, and whether two whole ones followed each other."""
    fresh, fold = np.zeros_like(part.valid), np.zeros_like(part.valid)
    count, whole = np.zeros((2, part.valid.shape[1]), np.int64)
    two = False
    for t in range(len(part.rst)):
        valid, clear = part.valid[t] & ~part.rst[t], part.valid[t] & part.clear[t] | part.rst[t]
        count[clear] = whole[clear] = 0
        fresh[t] = valid & (count == 0)
        count += valid
        full = count >= length
        fold[t] = full | (part.flush[t] & (count > 0) & ~part.rst[t])
        whole = np.where(full & ~part.flush[t], whole + 1, np.where(fold[t], 0, whole))
        count[fold[t]] = 0
        two |= bool((whole >= 2).any())
    return fresh, fold, two


def _side(codes: Array, fmt: Format | None, width: int) -> Array:
    """Return the signs of accumulators: 1, 0 or -1; 0 too for what is not finite. No format: two's complement."""
    if fmt is not None:
        body = codes & np.uint64(fmt.sign_mask - 1) if isinstance(fmt, FloatFormat) else codes
        return np.where(sign(codes, fmt), -1, 1) * ((body != 0) & ~is_special(codes, fmt))
    zero, top = (codes == 0, codes) if width <= 64 else ((codes == 0).all(axis=-1), codes[..., -1])
    return np.where(top >> np.uint64((width - 1) % 64) & np.uint64(1) != 0, -1, 1) * ~zero


def _met(spec: MacSpec, owed: Obligation, levels: list[_Level]) -> bool:
    seen, level = levels[owed.level], spec.levels[owed.level]
    if not owed.towards:
        return seen.two_chunks
    added = seen.added == owed.towards
    if isinstance(level, FixedAcc):
        return bool((added & seen.rose).any())
    if isinstance(level, QuireAcc):
        before, after = (_side(codes, spec.a, spec.acc_width) for codes in (seen.before, seen.after))  # type: ignore[arg-type]
        return bool((added & (before == owed.towards) & (after == -owed.towards)).any())
    push = exact_pushes(spec)[owed.towards]
    if owed.level:
        assert isinstance(spec.acc, ChunkAcc)
        push = pushed(spec, spec.acc.inner, push, spec.acc.length)
    stuck, top, fmt = stuck_code(level, push), top_code(level), level.format
    lost = is_special(seen.after, fmt) & ~is_special(seen.before, fmt)
    side = _side(seen.before, fmt, fmt.width) == owed.towards
    size = np.where(side, seen.before if owed.towards > 0 else negate(seen.before, fmt), np.uint64(0))
    if stuck <= top:
        return bool((added & ((size >= np.uint64(stuck)) | lost)).any())
    kept = (size == np.uint64(top)) & (seen.before == seen.after)
    return bool((added & (lost | kept)).any())
