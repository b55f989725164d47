"""Operand pairs by role: all pairs in shuffled rounds, the extreme ones, the ones that cancel, the special ones."""

from enum import IntEnum
from functools import cached_property

import numpy as np

from hwmodel.spec import MacSpec, ScalarOperand

from .choices import split, word_bits
from .folds import steps_together
from .operands import Array, draw, is_inf, is_special, landmarks, log2_magnitude, negate, sign, specials
from .scales import largest_scales

PAIR_BITS = 16
"""Operand pairs of up to this many bits together are all tried."""


class Role(IntEnum):
    """What the operands of one cycle are for."""

    FRESH = 0  #: the next of all pairs of finite operands, or a directed-random one
    POSITIVE = 1  #: a product among the largest
    NEGATIVE = 2  #: a product among the most negative
    TINY = 3  #: a product among the smallest, not zero
    BACK = 4  #: an earlier pair of this story, negated, sometimes off by one unit in the last place
    SPECIAL = 5  #: NaN or infinity in at least one operand
    ZERO = 6  #: a product that is zero, of either sign where there are two
    MINUS_ZERO = 7  #: a product that is -0
    INFINITE = 8  #: an infinite product
    MINUS_INFINITE = 9  #: the negative one
    OPPOSED = 10  #: of several lanes: some positive, some negative, among the largest


def _by_size(spec: MacSpec) -> tuple[Array, Array, Array, Array]:
    """Return pairs of words where implementations break, the order of their finite products by size, and which are negative."""
    marks = [landmarks(fmt) for fmt in spec.factors]
    a, b = (grid.ravel() for grid in np.meshgrid(*marks, indexing="ij"))
    size, negative = sizes(spec, a, b)
    order = np.argsort(size, kind="stable")
    return a, b, order[np.isfinite(size[order])], negative


def sizes(spec: MacSpec, a: Array, b: Array) -> tuple[Array, Array]:
    """Return about log2 of the products of words (-inf: zero, NaN: not finite), and which are negative; what blocks share is left out."""
    x, y = spec.factors
    return log2_magnitude(a, x) + log2_magnitude(b, y), sign(a, x) ^ sign(b, y)


def largest_products(spec: MacSpec) -> dict[int, dict[str, Array]]:
    """Return what a step that adds most is given, by port, for one unit as :meth:`hwmodel.golden.Mac.step` takes it.

    Under 1 the positive, under -1 the negative products, if there are any. Of blocks the scales are the largest too; one that only
    `flush` ends, it ends.
    """
    a, b, order, negative = _by_size(spec)
    found = {}
    for towards, which in ((1, order[~negative[order]]), (-1, order[negative[order]])):
        if len(which):
            inputs = {}
            for name, words, fmt in zip("ab", (a, b), spec.factors, strict=True):
                code, mode = split(words[which[-1:]], fmt)
                inputs[name] = code if spec.lanes == 1 else np.repeat(code, spec.lanes)[None]
                if f"mode_{name}" in spec.inputs:
                    inputs[f"mode_{name}"] = mode
            found[towards] = inputs | largest_scales(spec, (1,))
            if spec.fold_steps == 0:
                found[towards]["flush"] = np.ones(1, bool)
    return found


class Operands:
    """Chooses operands by role: codes, of operands of several formats words (:mod:`hwmodel_sim.choices`).

    Fresh and special pairs come from shuffled rounds over all of them where that is possible.
    """

    def __init__(self, spec: MacSpec, rng: np.random.Generator):
        self.spec, self.rng = spec, rng
        self.formats = spec.factors
        self.bits = word_bits(self.formats[0]), word_bits(self.formats[1])
        self.exhaustive = sum(self.bits) <= PAIR_BITS
        a, b, order, negative = _by_size(spec)
        up, down = order[~negative[order]][-6:], order[negative[order]][-6:]
        self.pools = {
            Role.POSITIVE: (a[up], b[up]),
            # An unsigned unit has no negative products; it is pushed up instead.
            Role.NEGATIVE: (a[down], b[down]) if len(down) else (a[up], b[up]),
            Role.TINY: (a[order[:24]], b[order[:24]]),
        }
        self.pools |= self._extremes(a, b)
        self._queues: dict[Role, Array] = {}
        if self.exhaustive:
            pairs = np.arange(1 << sum(self.bits), dtype=np.uint64)
            special = is_special(pairs >> np.uint64(self.bits[1]), self.formats[0]) | is_special(pairs & self._b_mask, self.formats[1])
            self._all = {Role.FRESH: pairs[~special], Role.SPECIAL: pairs[special]}
            self.has_special = bool(special.any())
        else:
            self.has_special = bool(sum(len(specials(fmt)) for fmt in self.formats))

    @property
    def _b_mask(self) -> np.uint64:
        return np.uint64((1 << self.bits[1]) - 1)

    def _extremes(self, a: Array, b: Array) -> dict[Role, tuple[Array, Array]]:
        """Return the zero and the infinite products among those of `a` and `b` and of infinities; a role that has none is left out."""
        size, negative = sizes(self.spec, a, b)
        zero = size == -np.inf
        found = {Role.ZERO: (a[zero], b[zero]), Role.MINUS_ZERO: (a[zero & negative], b[zero & negative])}
        pairs = []
        for at, fmt in enumerate(self.formats):
            codes = specials(fmt)
            if is_inf(codes, fmt).any():
                infinite = np.resize(codes[is_inf(codes, fmt)], len(a))
                pairs.append((a, infinite) if at else (infinite, b))
        if pairs:
            x, y = (np.concatenate(words) for words in zip(*pairs, strict=True))
            finite = np.resize(np.isfinite(size), len(x))  # and not zero
            _, negative = sizes(self.spec, x, y)
            for role, where in ((Role.INFINITE, finite & ~negative), (Role.MINUS_INFINITE, finite & negative)):
                found[role] = x[where], y[where]
        return {role: pool for role, pool in found.items() if len(pool[0])}

    def fill(self, role: Array) -> tuple[Array, Array]:
        """Return operands for a sheet of roles, one a lane where there are several (`BACK` is left for the caller)."""
        a, b = (self._drawn(fmt, role.shape) for fmt in self.formats)
        for each, (pool_a, pool_b) in self.pools.items():
            where = role == each
            choice = self.rng.integers(0, len(pool_a), int(where.sum()))
            a[where], b[where] = pool_a[choice], pool_b[choice]
        for each in (Role.FRESH, Role.SPECIAL):
            where = role == each
            if self.exhaustive:
                pairs = self._next(each, int(where.sum()))
                a[where], b[where] = pairs >> np.uint64(self.bits[1]), pairs & self._b_mask
            elif each is Role.SPECIAL and where.any():
                a[where], b[where] = self._with_specials(a[where], b[where])
        return a, b

    def _drawn(self, fmt: ScalarOperand, shape: tuple[int, ...]) -> Array:
        """Return codes of neighbouring exponents in each story; of several lanes in half of the stories only in each lane."""
        if len(shape) == 2:
            return draw(fmt, self.rng, shape)
        cycles, stories, lanes = shape
        half = stories // 2
        near = draw(fmt, self.rng, (cycles * lanes, half)).reshape(cycles, lanes, half).swapaxes(1, 2)
        return np.concatenate(
            [near, draw(fmt, self.rng, (cycles, (stories - half) * lanes)).reshape(cycles, stories - half, lanes)], axis=1
        )

    @cached_property
    def _ladder(self) -> tuple[Array, Array, Array]:
        """Pairs whose products are neither zero nor special, and about log2 of these, in their order."""
        if self.exhaustive:
            pairs = self._all[Role.FRESH]
            a, b = pairs >> np.uint64(self.bits[1]), pairs & self._b_mask
        else:
            a, b = (draw(fmt, self.rng, (16, 4096)).ravel() for fmt in self.formats)
        size, _ = sizes(self.spec, a, b)
        order = np.argsort(size, kind="stable")
        order = order[np.isfinite(size[order])]
        return a[order], b[order], size[order]

    @property
    def span(self) -> tuple[float, float]:
        """About log2 of the smallest and of the largest product."""
        size = self._ladder[2]
        return float(size[0]), float(size[-1])

    def of_size(self, size: Array) -> tuple[Array, Array]:
        """Return pairs whose products are of either sign and about as large as asked, in log2, or the nearest there is."""
        a, b, have = self._ladder
        first, last = (np.searchsorted(have, size + step) for step in (-0.5, 0.5))
        place = np.minimum(first + self.rng.integers(0, 1 << 32, size.shape) % np.maximum(last - first, 1), len(have) - 1)
        return a[place], b[place]

    def _next(self, role: Role, count: int) -> Array:
        """Take `count` pairs; every pair once before any comes again, in a new order each time."""
        queue = self._queues.get(role, np.zeros(0, np.uint64))
        if count > len(queue):
            rounds = -(-(count - len(queue)) // len(self._all[role]))
            queue = np.concatenate([queue, *(self.rng.permutation(self._all[role]) for _ in range(rounds))])
        self._queues[role] = queue[count:]
        return queue[:count]

    def _with_specials(self, a: Array, b: Array) -> tuple[Array, Array]:
        pools = [specials(fmt) for fmt in self.formats]
        which = np.asarray(self.rng.integers(0, 3, a.shape))  # a, b or both
        if not len(pools[0]):
            which[:] = 1
        elif not len(pools[1]):
            which[:] = 0
        if len(pools[0]):
            a = np.where(which != 1, pools[0][self.rng.integers(0, len(pools[0]), a.shape)], a)
        if len(pools[1]):
            b = np.where(which != 0, pools[1][self.rng.integers(0, len(pools[1]), b.shape)], b)
        return a, b

    def turn_back(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Return pairs whose products negate those of `a` and `b`, one in four of them off by one code in b."""
        if self.formats[0].signed:
            a = negate(a, self.formats[0])
        else:
            b = negate(b, self.formats[1])
        # Of blocks many shall be negated as a whole.
        together = steps_together(self.spec) if self.spec.blocks else 1
        step = np.asarray(self.rng.integers(0, 8 * (together if b.ndim == 1 else 1), b.shape))
        if b.ndim > 1:
            # Most steps shall negate all lanes, some all but one.
            lane = self.rng.integers(0, 2 * b.shape[-1] * together, (len(b), 1))
            step[np.arange(b.shape[-1]) != lane] = 7
        near = (b + np.where(step == 0, np.uint64(1), self._b_mask)) & self._b_mask
        return a, np.where((step < 2) & ~is_special(near, self.formats[1]), near, b)
