"""Long ways: stories driven to the end of an accumulator, held at it by equal products, or put down beside it."""

from dataclasses import dataclass
from math import lcm

import numpy as np

from hwmodel.spec import FixedAcc, MacSpec

from .folds import levels_of, steps_together
from .harness import delay
from .obligations import Obligation
from .pairs import Operands, Role, largest_products
from .registers import far_states, limbs
from .stimulus import STORY_CYCLES, Jump, Part, make_part, place, put_scales, strew_flushes

_MARGIN = 32
"""A story that is held is let go this many steps before the end at the latest."""

_LOADS = 4
"""How often the stories of a part are put down."""


@dataclass(frozen=True)
class Hold:
    """A way that is mostly the same product over and over: blocks of it are played without a look at them.

    Attributes
    ----------
    block
        Cycles of a block.
    repeats
        How often the second block is played before it counts.
    code
        The accumulator then: what that many equal products make of it.
    """

    block: int
    repeats: int
    code: int

    @classmethod
    def towards(cls, spec: MacSpec, owed: Obligation, block: int) -> "Hold | None":
        """Return the hold that ends just before an end of the last level; None if only stepping tells the state there."""
        last = spec.levels[-1]
        if owed.level != len(levels_of(spec)) - 1 or not owed.towards or not isinstance(last, FixedAcc) or spec.random_bits:
            return None
        # A story stands at the start of a block, and a fixed-point sum of equal addends is known where a chunk or block is over.
        period = steps_together(spec)
        stride = lcm(period, block)
        strides = (owed.steps - _MARGIN - block) // stride
        step = _after_one_period(spec, owed.towards, period)
        if strides * stride // block < 2 or step is None:
            return None
        return cls(block, strides * stride // block - 1, step * (strides * stride // period))


def _after_one_period(spec: MacSpec, towards: int, period: int) -> int | None:
    """Return the accumulator, as a signed number of units, after `period` of the largest products; None if a flag rose."""
    from hwmodel.golden import Mac

    mac = Mac(spec)
    mac.reset(1)
    inputs = largest_products(spec)[towards]
    for _ in range(period):
        mac.step(**inputs)
    code = sum(int(limb) << (64 * at) for at, limb in enumerate(mac.acc.ravel().tolist()))
    return None if mac.overflow[0] or mac.invalid[0] else code - (code >> (spec.acc_width - 1) << spec.acc_width)


def driven(
    spec: MacSpec, operands: Operands, rng: np.random.Generator, steps: int, stories: int, sides: tuple[int, ...], inner: bool = False
) -> Part:
    """Return stories pushed for `steps` cycles and then to and fro across the end; some are cleared there, then all are reset.

    Parameters
    ----------
    sides
        Which ends, by turns: 1 the upper, -1 the lower.
    inner
        Whether they are those of an inner level; else blocks that only `flush` ends are single steps on the way there.
    """
    cycles = steps + 2 * STORY_CYCLES
    t = np.arange(cycles)[:, None]
    turn = np.arange(stories)
    towards = np.where(np.array(sides)[turn % len(sides)] > 0, Role.POSITIVE, Role.NEGATIVE).astype(np.int8)
    role = np.broadcast_to(towards, (cycles, stories)).copy()
    # Half of the stories go straight over the end, and only then turn to other operands.
    early = turn // len(sides) % 2 == 1
    arrived = t >= np.where(early, steps - rng.integers(0, min(STORY_CYCLES, steps), stories), steps + 8)
    hover = (turn // len(sides) % 4 == 3) & (spec.lanes > 1)
    if hover.any():
        # Some stay just before the end, where sums of some of the lanes lie beyond it.
        arrived = np.where(hover, t >= steps - rng.integers(1, 4 + steps // 4, stories), arrived)
    style = rng.random(role.shape)
    role[arrived & (style < 0.5)] = Role.FRESH
    role[arrived & (style < 0.1)] = Role.POSITIVE
    role[arrived & (style > 0.9)] = Role.NEGATIVE
    role[arrived & hover & (style > 0.4)] = Role.OPPOSED
    valid = ~arrived | (rng.random(role.shape) < 0.9)
    clear = (t >= steps + STORY_CYCLES) & (rng.random(role.shape) < 1 / STORY_CYCLES)
    valid[0] = clear[0] = True
    part = make_part("long stories", operands, rng, role, valid, clear)
    # The way there takes the very largest product, so that they do arrive.
    for each, story in ((Role.POSITIVE, towards == Role.POSITIVE), (Role.NEGATIVE, towards == Role.NEGATIVE)):
        place(spec, part, ~arrived & story, *(words[-1] for words in operands.pools[each]))
    part.rst[cycles - STORY_CYCLES // 4] = True
    # Half of the stories, these and those, end their chunks by count alone.
    strew_flushes(spec, rng, part, among=arrived & ((turn // len(sides) // 2 % 2 == 0) | (spec.fold_steps == 0)))
    if spec.fold_steps == 0 and not inner:
        part.flush |= ~arrived
    put_scales(spec, rng, part, largest=~arrived)
    return part


def held(spec: MacSpec, operands: Operands, rng: np.random.Generator, owed: Obligation, hold: Hold, stories: int) -> Part:
    """Return stories that are held until just before an end, and driven across it."""
    # Two blocks are on the sheets; what `repeats` adds is not.
    steps = owed.steps - hold.repeats * hold.block
    part = driven(spec, operands, rng, steps, stories, (owed.towards,))
    for name in ("a", "b", *part.others):
        # No story turns to other operands before the hold is over.
        part.port(name)[: 2 * hold.block] = part.port(name)[0]
    part.valid[: 2 * hold.block] = True
    part.flush[: 2 * hold.block] = spec.fold_steps == 0
    part.name = "held stories"
    part.jumps.append(Jump(hold.block, np.repeat(limbs([hold.code], spec.acc_width), stories, axis=0), hold.repeats))
    return part


def put_down(spec: MacSpec, operands: Operands, rng: np.random.Generator, stories: int) -> Part:
    """Return stories whose registers are written now and then: near an end, or anywhere; operands of all kinds follow."""
    cycles = (_LOADS + 1) * STORY_CYCLES
    t = np.arange(cycles)[:, None]
    role = np.full((cycles, stories), Role.FRESH, np.int8)
    style = rng.random(role.shape)
    often = rng.choice([0, 1 / 4, 1 / 2], (1, stories))
    role[style < often] = Role.POSITIVE
    role[style > 1 - often] = Role.NEGATIVE
    # Of four stories, two stand beside an end at first, by turns the upper and the lower, and are pushed over it.
    turn = np.arange(stories)
    side = np.where(turn % 4 < 2, 1 - 2 * ((t // STORY_CYCLES + turn) % 2), 0)
    first = (t % STORY_CYCLES < max(16, min(6 * steps_together(spec) if spec.blocks else 0, STORY_CYCLES // 2))) & (t >= STORY_CYCLES)
    role[first & (side > 0)], role[first & (side < 0)] = Role.POSITIVE, Role.NEGATIVE
    # Of units of lanes and of blocks half of these go straight over it, as only equal signs in all lanes and steps surely do.
    straight = first & (side != 0) & (turn // 4 % 2 == 0) & (spec.lanes > 1 or bool(spec.blocks))
    if spec.lanes > 1:
        role[first & (side != 0) & ~straight & (rng.random(role.shape) < 3 / 4)] = Role.OPPOSED
    before = STORY_CYCLES - delay(spec) - 1
    idle = t % STORY_CYCLES >= before
    valid = ~idle & (rng.random(role.shape) < rng.choice([1, 1, 0.9], stories))
    clear = valid & (rng.random(role.shape) < rng.choice([0, 0, 1 / 64], stories))
    part = make_part("stories put down", operands, rng, role, valid, clear)
    for towards, each in ((1, Role.POSITIVE), (-1, Role.NEGATIVE)):
        place(spec, part, straight & (side == towards), *(words[-1] for words in operands.pools[each]))
    strew_flushes(spec, rng, part, among=~idle)
    if spec.fold_steps is not None:
        part.flush |= first & (side != 0) & (rng.random(role.shape) < 1 / 2)
    put_scales(spec, rng, part, largest=straight)
    for cycle in range(STORY_CYCLES, cycles, STORY_CYCLES):
        # Flags fall, and nothing is on its way any more.
        part.rst[cycle - STORY_CYCLES + before] = True
        part.jumps.append(Jump(cycle - delay(spec), far_states(spec, rng, side[cycle])))
    part.rst[0] = True
    part.rst[-STORY_CYCLES // 4] = True
    return part
