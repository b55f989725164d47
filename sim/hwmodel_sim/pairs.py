"""Operand pairs by role: all pairs in shuffled rounds, the extreme ones, the ones that cancel, the special ones."""

from enum import IntEnum

import numpy as np

from hwmodel.spec import MacSpec

from .choices import split, word_bits
from .operands import Array, draw, is_special, landmarks, log2_magnitude, negate, sign, specials

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


def _by_size(spec: MacSpec) -> tuple[Array, Array, Array, Array]:
    """Return pairs of words where implementations break, the order of their finite products by size, and which are negative."""
    marks = [landmarks(fmt) for fmt in (spec.a, spec.b)]
    a, b = (grid.ravel() for grid in np.meshgrid(*marks, indexing="ij"))
    size = log2_magnitude(a, spec.a) + log2_magnitude(b, spec.b)
    order = np.argsort(size, kind="stable")
    return a, b, order[np.isfinite(size[order])], sign(a, spec.a) ^ sign(b, spec.b)


def largest_products(spec: MacSpec) -> dict[int, dict[str, Array]]:
    """Return operands of the largest products as inputs by port, (1,) uint64: under 1 the positive, under -1 the negative, if any."""
    a, b, order, negative = _by_size(spec)
    found = {}
    for towards, which in ((1, order[~negative[order]]), (-1, order[negative[order]])):
        if len(which):
            words = {"a": (a[which[-1:]], spec.a), "b": (b[which[-1:]], spec.b)}
            found[towards] = {name: split(word, fmt)[0] for name, (word, fmt) in words.items()}
            found[towards] |= {f"mode_{name}": split(word, fmt)[1] for name, (word, fmt) in words.items() if f"mode_{name}" in spec.inputs}
    return found


class Operands:
    """Chooses operands by role: codes, of operands of several formats words (:mod:`hwmodel_sim.choices`).

    Fresh and special pairs come from shuffled rounds over all of them where that is possible.
    """

    def __init__(self, spec: MacSpec, rng: np.random.Generator):
        self.spec, self.rng = spec, rng
        self.bits = word_bits(spec.a), word_bits(spec.b)
        self.exhaustive = sum(self.bits) <= PAIR_BITS
        a, b, order, negative = _by_size(spec)
        up, down = order[~negative[order]][-6:], order[negative[order]][-6:]
        self.pools = {
            Role.POSITIVE: (a[up], b[up]),
            # An unsigned unit has no negative products; it is pushed up instead.
            Role.NEGATIVE: (a[down], b[down]) if len(down) else (a[up], b[up]),
            Role.TINY: (a[order[:24]], b[order[:24]]),
        }
        self._queues: dict[Role, Array] = {}
        if self.exhaustive:
            pairs = np.arange(1 << sum(self.bits), dtype=np.uint64)
            special = is_special(pairs >> np.uint64(self.bits[1]), spec.a) | is_special(pairs & self._b_mask, spec.b)
            self._all = {Role.FRESH: pairs[~special], Role.SPECIAL: pairs[special]}
            self.has_special = bool(special.any())
        else:
            self.has_special = bool(len(specials(spec.a)) + len(specials(spec.b)))

    @property
    def _b_mask(self) -> np.uint64:
        return np.uint64((1 << self.bits[1]) - 1)

    def fill(self, role: Array) -> tuple[Array, Array]:
        """Return operands for a sheet of roles (`BACK` is left for the caller)."""
        a, b = (draw(fmt, self.rng, role.shape) for fmt in (self.spec.a, self.spec.b))
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

    def _next(self, role: Role, count: int) -> Array:
        """Take `count` pairs; every pair once before any comes again, in a new order each time."""
        queue = self._queues.get(role, np.zeros(0, np.uint64))
        if count > len(queue):
            rounds = -(-(count - len(queue)) // len(self._all[role]))
            queue = np.concatenate([queue, *(self.rng.permutation(self._all[role]) for _ in range(rounds))])
        self._queues[role] = queue[count:]
        return queue[:count]

    def _with_specials(self, a: Array, b: Array) -> tuple[Array, Array]:
        pools = [specials(fmt) for fmt in (self.spec.a, self.spec.b)]
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
        if self.spec.a.signed:
            a = negate(a, self.spec.a)
        else:
            b = negate(b, self.spec.b)
        step = self.rng.integers(0, 8, b.shape)
        near = (b + np.where(step == 0, np.uint64(1), self._b_mask)) & self._b_mask
        return a, np.where((step < 2) & ~is_special(near, self.spec.b), near, b)
