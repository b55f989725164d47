"""The two-level accumulator, over many lanes."""

from typing import Any, NamedTuple

import numpy as np

from .arrays import Array, select
from .fixed import FixedAcc
from .floating import FloatAcc
from .terms import TermRange, Terms


class ChunkState(NamedTuple):
    """Inner and outer state, and how many steps the inner has taken, (lanes,) int64."""

    inner: Any
    outer: Any
    steps: Array


class ChunkAcc:
    """Accumulators whose inner level is folded into the outer one every `length` steps, or when told to.

    Parameters
    ----------
    length
        Steps in a full chunk.
    inner, outer
        The levels; `outer` was made for the range of `inner`.
    """

    def __init__(self, length: int, inner: FixedAcc | FloatAcc, outer: FixedAcc | FloatAcc):
        self.length = length
        self.inner: Any = inner
        self.outer: Any = outer
        self.inner_random_bits = inner.acc.random_bits if isinstance(inner, FloatAcc) else 0

    def zeros(self, n: int) -> ChunkState:
        """Return the state of `n` lanes after a reset."""
        return ChunkState(self.inner.zeros(n), self.outer.zeros(n), np.zeros(n, np.int64))

    def align(self, terms: Terms) -> tuple:
        """Return products, (lanes,), as the inner level's `add` takes them."""
        return self.inner.align(terms)

    def add(self, state: ChunkState, term: tuple, random: Array | None = None) -> ChunkState:
        """Return `state` after one step in every lane; lanes whose chunk is full by it are folded.

        Parameters
        ----------
        term
            What `align` made of the products.
        random : (lanes,) uint64, optional
            Random bits of stochastic rounding, the inner level's lowest.
        """
        steps = state.steps + 1
        low = None if random is None else random & np.uint64((1 << self.inner_random_bits) - 1)
        added = ChunkState(self.inner.add(state.inner, term, low), state.outer, steps)
        return self.fold(added, steps >= self.length, random)

    def fold(self, state: ChunkState, mask: Array, random: Array | None = None) -> ChunkState:
        """Return `state` with inner added to outer in the lanes of `mask` that took a step since the last time.

        The outer level's random bits are those above the inner one's.
        """
        mask = mask & (state.steps > 0)
        if not mask.any():
            return state
        high = None if random is None else random >> np.uint64(self.inner_random_bits)
        outer = self.outer.add(state.outer, self.outer.align(self.inner.terms(state.inner)), high)
        folded = ChunkState(self.inner.restart(state.inner), outer, np.zeros_like(state.steps))
        return folded if mask.all() else select(mask, folded, state)

    def codes(self, state: ChunkState) -> Array:
        """Return the outer level's codes, (lanes,) or (lanes, limbs) uint64."""
        return self.outer.codes(state.outer)

    def load(self, codes: Array) -> ChunkState:
        """Return the state whose outer level shows `codes`, at the start of a chunk."""
        return self.zeros(codes.shape[0])._replace(outer=self.outer.load(codes))

    @property
    def range(self) -> TermRange:
        """What the outer level can hold, as terms of another accumulator."""
        return self.outer.range

    def flags(self, state: ChunkState) -> tuple[Array, Array]:
        """Return overflow and invalid of either level, each (lanes,) bool."""
        overflow, invalid = zip(self.inner.flags(state.inner), self.outer.flags(state.outer), strict=True)
        return overflow[0] | overflow[1], invalid[0] | invalid[1]
