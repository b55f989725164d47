"""What the lanes of a step are given, of units that take several operand pairs at once: rarely all the same."""

from enum import IntEnum

import numpy as np

from hwmodel.spec import ChoiceFormat, ScalarOperand

from .choices import join, split
from .operands import Array, is_special
from .pairs import Operands, Role
from .scales import reach, window


class Pattern(IntEnum):
    """How the lanes of one step differ."""

    ALIKE = 0  #: all have the role of the step
    LONE = 1  #: one has it, the others are tiny, or zero; of special operands, or plain
    SPARSE = 2  #: some have it, the others are zero
    CANCEL = 3  #: every second one negates its neighbour, rarely off by one unit in the last place
    LADDER = 4  #: sizes lie apart, about as far as the accumulator is wide, or farther
    ZERO = 5  #: all are zero
    MINUS_ZERO = 6  #: all are -0, of formats that have it
    INFINITE = 7  #: one or two are infinite, of either sign
    OPPOSED = 8  #: each is among the largest or the most negative: sums in between pass an end that the step's sum does not reach


_WEIGHTS = {
    Role.FRESH: [8, 2, 2, 3, 3, 1, 1, 0, 1],
    Role.POSITIVE: [9, 2, 2, 0, 0, 0, 0, 0, 3],
    Role.NEGATIVE: [9, 2, 2, 0, 0, 0, 0, 0, 3],
    Role.TINY: [4, 3, 0, 2, 0, 1, 1, 0, 0],
    Role.OPPOSED: [0, 0, 0, 0, 0, 0, 0, 0, 1],
    Role.SPECIAL: [1, 5, 1, 0, 0, 0, 0, 5, 0],
}


def lane_operands(operands: Operands, role: Array) -> tuple[Array, Array]:
    """Return operands for a sheet of roles, as words: (cycles, stories, lanes), of one lane (cycles, stories)."""
    spec, rng = operands.spec, operands.rng
    if spec.lanes == 1:
        return operands.fill(role)
    pattern = np.zeros(role.shape, np.int8)
    for each, weights in _WEIGHTS.items():
        where = role == each
        pattern[where] = rng.choice(len(Pattern), int(where.sum()), p=np.array(weights) / sum(weights))
    a, b = operands.fill(_roles(operands, role, pattern))
    ladder, cancel = pattern == Pattern.LADDER, pattern == Pattern.CANCEL
    a[ladder], b[ladder] = operands.of_size(_rungs(operands, int(ladder.sum())))
    pairs = spec.lanes // 2 * 2
    even, odd = slice(0, pairs, 2), slice(1, pairs, 2)
    a[cancel, odd], b[cancel, odd] = operands.turn_back(a[cancel, even], b[cancel, even])
    return _one_mode(a, operands.formats[0]), _one_mode(b, operands.formats[1])


def _roles(operands: Operands, role: Array, pattern: Array) -> Array:
    """Return a role for each lane; `BACK` where its operands will be others, so that no fresh pair is used up."""
    rng, lanes = operands.rng, np.arange(operands.spec.lanes)
    zero = Role.ZERO if Role.ZERO in operands.pools else Role.TINY
    minus_zero = Role.MINUS_ZERO if Role.MINUS_ZERO in operands.pools else zero
    infinities: list[Role] = [each for each in (Role.INFINITE, Role.MINUS_INFINITE) if each in operands.pools] or [Role.SPECIAL]
    one, two = rng.integers(0, len(lanes), (2, *role.shape, 1)) == lanes
    pattern, special = pattern[..., None], (role == Role.SPECIAL)[..., None]
    plain = np.where(special, Role.FRESH, np.where(rng.random((*role.shape, 1)) < 1 / 2, Role.TINY, zero))
    found = np.broadcast_to(role[..., None], (*role.shape, len(lanes))).copy()
    found = np.where((pattern == Pattern.LONE) & ~one, plain, found)
    found[(pattern == Pattern.SPARSE) & ~one & (rng.random(found.shape) < 1 / 2)] = zero
    found[np.broadcast_to(pattern == Pattern.ZERO, found.shape)] = zero
    found[np.broadcast_to(pattern == Pattern.MINUS_ZERO, found.shape)] = minus_zero
    found[(pattern == Pattern.CANCEL) & (lanes % 2 == 1) | (pattern == Pattern.LADDER)] = Role.BACK
    opposed = np.where(rng.random(found.shape) < 1 / 2, Role.POSITIVE, Role.NEGATIVE)
    found = np.where(pattern == Pattern.OPPOSED, opposed, found)
    infinite = rng.choice(np.array(infinities), found.shape)
    return np.where(pattern == Pattern.INFINITE, np.where(one | two, infinite, Role.FRESH), found).astype(np.int8)


def some_size(operands: Operands, shape: tuple[int, ...]) -> Array:
    """Return sizes of products, log2, that the accumulator can hold if there are such."""
    low, high = operands.span
    if not operands.spec.blocks:
        least, most = reach(operands.spec)
        low = max(low, min(least - 2, high))
        high = min(high, max(most, low))
    return operands.rng.uniform(low, high, shape)


def _rungs(operands: Operands, steps: int) -> Array:
    """Return sizes for the lanes of some steps: one of the largest, the others beneath it."""
    rng, lanes, wide = operands.rng, operands.spec.lanes, window(operands.spec)
    highest = some_size(operands, (steps, 1))
    gap = rng.choice([0, 1, wide - 1, wide, wide + 1, wide + 2, 2 * wide], (steps, lanes)).astype(float)
    far = rng.random(gap.shape) < rng.choice([0, 1 / 4, 1], (steps, 1))
    gap = np.where(far, (highest - operands.span[0]) * rng.random(gap.shape), gap)
    gap[np.arange(lanes) == rng.integers(0, lanes, (steps, 1))] = 0
    return highest - gap


def _one_mode(words: Array, fmt: ScalarOperand) -> Array:
    """Return the words of a step in the mode of its first lane; what is special in that mode becomes the first lane's."""
    if not isinstance(fmt, ChoiceFormat):
        return words
    codes, modes = split(words, fmt)
    first = words[..., :1]
    shared = join(codes, np.broadcast_to(modes[..., :1], codes.shape), fmt)
    return np.where(is_special(shared, fmt), first, shared)
