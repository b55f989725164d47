"""Accumulators of two levels, over many units: chunks, and blocks with their scales."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from .arrays import Array, select
from .fixed import FixedAcc
from .floating import FloatAcc
from .sums import ExactSum, Sum, scaled
from .terms import FINITE, TermRange, Terms


class ChunkState(NamedTuple):
    """Inner and outer state, and how many steps the inner has taken, (n,) int64."""

    inner: Any
    outer: Any
    steps: Array


class _TwoLevels(ABC):
    """Accumulators whose inner level is folded into the outer one every `length` steps, or when told to.

    Parameters
    ----------
    length
        Steps in a full run of the inner level; 0: it has no end.
    inner, outer
        The levels; `outer` was made for the range of what is folded.
    """

    def __init__(self, length: int, inner: FixedAcc | FloatAcc | ExactSum, outer: FixedAcc | FloatAcc):
        self.length = length
        self.inner: Any = inner
        self.outer: Any = outer
        self.inner_random_bits = inner.acc.random_bits if isinstance(inner, FloatAcc) else 0

    def zeros(self, n: int) -> Any:
        """Return the state of `n` units after a reset."""
        return ChunkState(self.inner.zeros(n), self.outer.zeros(n), np.zeros(n, np.int64))

    @abstractmethod
    def _taken(self, state: Any, term: Any, random: Array | None) -> Any:
        """Return `state` with a term in the inner level."""

    def _folded(self, state: Any) -> Any:
        """Return what a fold adds to the outer level."""
        return self.inner.terms(state.inner)

    def add(self, state: Any, term: Any, random: Array | None = None) -> Any:
        """Return `state` after one step in every unit; where the inner level's run ends by it, it is folded.

        Parameters
        ----------
        term
            What the step adds.
        random : (n,) uint64, optional
            Random bits of stochastic rounding, the inner level's lowest.
        """
        steps = state.steps + 1
        low = None if random is None else random & np.uint64((1 << self.inner_random_bits) - 1)
        taken = self._taken(state, term, low)._replace(steps=steps)
        return self.fold(taken, steps >= self.length, random) if self.length else taken

    def fold(self, state: Any, mask: Array, random: Array | None = None) -> Any:
        """Return `state` with inner added to outer in the units of `mask` that took a step since the last time.

        The outer level's random bits are those above the inner one's.
        """
        mask = mask & (state.steps > 0)
        if not mask.any():
            return state
        high = None if random is None else random >> np.uint64(self.inner_random_bits)
        outer = self.outer.add(state.outer, self.outer.align(self._folded(state)), high)
        folded = state._replace(inner=self.inner.restart(state.inner), outer=outer, steps=np.zeros_like(state.steps))
        return folded if mask.all() else select(mask, folded, state)

    def codes(self, state: Any) -> Array:
        """Return the outer level's codes, (n,) or (n, limbs) uint64."""
        codes: Array = self.outer.codes(state.outer)
        return codes

    def load(self, codes: Array) -> Any:
        """Return the state whose outer level shows `codes` and whose inner one is +0."""
        return self.zeros(codes.shape[0])._replace(outer=self.outer.load(codes))

    def flags(self, state: Any) -> tuple[Array, Array]:
        """Return overflow and invalid of either level, each (n,) bool."""
        overflow, invalid = zip(self.inner.flags(state.inner), self.outer.flags(state.outer), strict=True)
        return overflow[0] | overflow[1], invalid[0] | invalid[1]


class ChunkAcc(_TwoLevels):
    """Accumulators whose inner level is an accumulator."""

    def align(self, terms: Terms) -> Any:
        """Return products, (n,), as the inner level's `add` takes them."""
        return self.inner.align(terms)

    def _taken(self, state: ChunkState, term: Any, random: Array | None) -> ChunkState:
        return state._replace(inner=self.inner.add(state.inner, term, random))


class BlockState(NamedTuple):
    """As `ChunkState`, and the product of the scales that the last step showed."""

    inner: Sum
    outer: Any
    steps: Array
    scale: Terms


class BlockTerm(NamedTuple):
    """The sum of a step's products, and the product of the scales shown with it."""

    sum: Sum
    scale: Terms


class BlockAcc(_TwoLevels):
    """Accumulators of blocks, each of which is summed exactly, scaled, and then one term.

    Parameters
    ----------
    length
        Steps in a block; 0: it ends when told to.
    inner, outer
        The sum of a block, and the accumulator.
    terms
        The range of what is folded.
    """

    def __init__(self, length: int, inner: ExactSum, outer: FixedAcc | FloatAcc, terms: TermRange):
        super().__init__(length, inner, outer)
        self._term_bits = terms.significand_bits

    def zeros(self, n: int) -> BlockState:
        """Return the state of `n` units after a reset."""
        scale = Terms(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, bool), np.full(n, FINITE))
        state = super().zeros(n)
        return BlockState(state.inner, state.outer, state.steps, scale)

    def _taken(self, state: BlockState, term: BlockTerm, random: Array | None) -> BlockState:
        return state._replace(inner=self.inner.add(state.inner, term.sum), scale=term.scale)

    def _folded(self, state: BlockState) -> Any:
        return scaled(self.inner.terms(state.inner), state.scale, self._term_bits)
