"""Stimulus: which operands meet which accumulator states.

A run is a few `Part` sheets of cycles × stories. A story is a run of its own that starts from zero; the harness plays stories
one after another on each copy, the golden model steps all stories of a part at once.
"""

from dataclasses import dataclass, field

import numpy as np

from hwmodel.spec import FloatAcc, MacSpec

from .choices import join, split
from .operands import Array
from .pairs import Operands, Role

STORY_CYCLES = 256


@dataclass(frozen=True)
class Jump:
    """The accumulators (of chunks: the outer ones) of all stories change by other means than the steps on the sheets.

    Attributes
    ----------
    cycle
        The golden model holds `codes` before this cycle, a block's first; flags are then low and no chunk is begun.
    codes : (stories,) or (stories, limbs) uint64
        As :meth:`hwmodel.golden.Mac.load` takes them.
    repeats
        How often the block that starts at `cycle` is played before it counts; 0: the harness writes `codes` into the
        registers, `delay` cycles later, and the stories idle till then.
    """

    cycle: int
    codes: Array
    repeats: int = 0


@dataclass
class Part:
    """A sheet of stimulus.

    Attributes
    ----------
    name
        What it is for.
    rst : (cycles,) bool
        Reset, shared by all stories.
    valid, clear, flush : (cycles, stories) bool
        One bit a story and cycle. In idle cycles `clear` is noise; `flush` is always meant.
    a, b : (cycles, stories) uint64
        Codes; noise in idle cycles.
    others : dict of (cycles, stories) uint64
        By port: what else the unit has as input, `mode_a`, `mode_b`, `rand`.
    jumps
        In order.
    """

    name: str
    rst: Array
    valid: Array
    clear: Array
    flush: Array
    a: Array
    b: Array
    others: dict[str, Array] = field(default_factory=dict)
    jumps: list[Jump] = field(default_factory=list)

    def port(self, name: str) -> Array:
        """Return the sheet of an input port."""
        return self.others[name] if name in self.others else getattr(self, name)


def short_stories(spec: MacSpec, operands: Operands, rng: np.random.Generator, vectors: int, copies: int) -> list[Part]:
    """Return the bulk of a run: about `vectors` steps in stories of a few hundred cycles, and some stories with resets."""
    stories = -(-vectors // (STORY_CYCLES * copies)) * copies
    return [_stories(spec, operands, rng, stories), _resets(spec, operands, rng, 4 * copies)]


def _stories(spec: MacSpec, operands: Operands, rng: np.random.Generator, stories: int) -> Part:
    """Many short stories of six kinds, each a way to bring the accumulator somewhere and to meet fresh pairs there."""
    shape = (STORY_CYCLES, stories)
    kinds = np.array(["run", "short", "tiny", "huge", "cancel", "special"])
    weights = np.array([3, 2, 2, 2, 2, 1 if operands.has_special else 0])
    kind = rng.choice(kinds, stories, p=weights / weights.sum())
    t = np.arange(STORY_CYCLES)[:, None]
    chance = rng.random(shape)

    often = np.select([kind == "run", kind == "short", kind == "special"], [1 / 64, 1 / 4, 1 / 4], 0)
    clear = chance < often
    role = np.full(shape, Role.FRESH, np.int8)
    role[(kind == "special") & (rng.random(shape) < 1 / 3)] = Role.SPECIAL

    period = rng.integers(2, 5, stories)
    start = (kind == "tiny") & (t % period == 0)
    role[start] = Role.TINY

    long_period = np.where(rng.random(stories) < 2 / 3, rng.integers(4, 25, stories), rng.integers(32, STORY_CYCLES, stories))
    pushes = rng.integers(1, long_period)
    push = (kind == "huge") & (t % long_period < pushes)
    role[push] = np.where((t // long_period) % 2 == 0, Role.POSITIVE, Role.NEGATIVE)[push]
    clear |= start | ((kind == "huge") & (t % long_period == 0))

    reach = 1 << rng.integers(0, 4, stories)
    back = (kind == "cancel") & ((t // reach) % 2 == 1)
    role[back] = Role.BACK
    clear |= (kind == "cancel") & (t % (8 * reach) == 0) & (chance < 1 / 2)

    valid = rng.random(shape) < rng.choice([1, 1, 1, 1, 0.9, 0.5], stories)
    source = np.where(back, t - reach, t)
    valid = np.take_along_axis(valid, source, 0)
    valid[0] = clear[0] = True
    part = make_part("short stories", operands, rng, role, valid, clear)
    earlier = [np.take_along_axis(words, source, 0)[back] for words in words_of(spec, part)]
    place(spec, part, back, *operands.turn_back(*earlier))
    strew_flushes(spec, rng, part)
    return part


def _resets(spec: MacSpec, operands: Operands, rng: np.random.Generator, stories: int) -> Part:
    """Short stories with resets in mid-stream, operands in flight before, during and after; no `clear` is needed after one."""
    cycles = 64
    role = np.full((cycles, stories), Role.FRESH, np.int8)
    role[rng.random(role.shape) < rng.choice([0.25, 0.9], stories)] = Role.POSITIVE
    part = make_part("resets", operands, rng, role, rng.random(role.shape) < 0.8, rng.random(role.shape) < 1 / 16)
    part.rst[0] = True
    part.rst[rng.choice(np.arange(8, cycles), 4, replace=False)] = True
    strew_flushes(spec, rng, part)
    return part


def make_part(name: str, operands: Operands, rng: np.random.Generator, role: Array, valid: Array, clear: Array) -> Part:
    """Return a part with operands for `role`, noise in idle cycles, and neither flush nor reset."""
    idle = ~valid
    wanted = np.where(idle, Role.BACK, role)  # an idle cycle uses up no fresh pair
    a, b = operands.fill(wanted)
    for words, bits in zip((a, b), operands.bits, strict=True):
        words[idle] ^= rng.integers(0, 1 << bits, int(idle.sum()), dtype=np.uint64)
    clear = clear | (idle & (rng.random(role.shape) < 1 / 2))
    none = np.zeros(role.shape, bool)
    spec = operands.spec
    modes: dict[str, Array] = {port: np.zeros(role.shape, np.uint64) for port in ("mode_a", "mode_b") if port in spec.inputs}
    part = Part(name, np.zeros(len(role), bool), valid, clear, none, np.zeros_like(a), np.zeros_like(b), modes)
    place(spec, part, np.ones(role.shape, bool), a.ravel(), b.ravel())
    if spec.random_bits:
        part.others["rand"] = _random_bits(spec, rng, role.shape)
    return part


def words_of(spec: MacSpec, part: Part) -> tuple[Array, Array]:
    """Return the operands of a part as words."""
    return join(part.a, part.others.get("mode_a"), spec.a), join(part.b, part.others.get("mode_b"), spec.b)


def place(spec: MacSpec, part: Part, where: Array, a: Array, b: Array) -> None:
    """Put operands, given as words, onto the sheets of a part."""
    for name, fmt, words in (("a", spec.a, a), ("b", spec.b, b)):
        codes, modes = split(words, fmt)
        getattr(part, name)[where] = codes
        if f"mode_{name}" in part.others:
            part.others[f"mode_{name}"][where] = modes


def _random_bits(spec: MacSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return what `rand` shows; each level's bits are often all alike, or a single step short of a multiple of a power of two.

    Discarded fractions often end in zeros: such random numbers are what just reaches the next number, or just does not.
    """
    rand, place = np.zeros(shape, np.uint64), 0
    for bits in (level.random_bits for level in spec.levels if isinstance(level, FloatAcc) and level.random_bits):
        mask = np.uint64((1 << bits) - 1)
        drawn = rng.integers(0, int(mask), shape, dtype=np.uint64, endpoint=True)
        zeros = rng.integers(0, bits, shape).astype(np.uint64)
        step = drawn >> zeros << zeros
        style = rng.integers(0, 8, shape)
        drawn = np.select([style == 0, style == 1, style == 2, style == 3], [np.zeros_like(drawn), mask, step, step - np.uint64(1)], drawn)
        rand |= (drawn & mask) << np.uint64(place)
        place += bits
    return rand


def strew_flushes(spec: MacSpec, rng: np.random.Generator, part: Part, among: Array | bool = True) -> None:
    """Strew flushes, with `valid` and without, over a chunked unit's stories: none, some, many."""
    if spec.is_chunked:
        often = rng.choice([0, 0, 1 / 32, 1 / 8, 1 / 2], part.valid.shape[1])
        part.flush = (rng.random(part.valid.shape) < often) & among
