"""Stimulus: which operands meet which accumulator states.

A run is a few `Part` sheets of cycles × stories. A story is a run of its own that starts from zero; the harness plays stories
one after another on each copy, the golden model steps all stories of a part at once.
"""

from dataclasses import dataclass, field

import numpy as np

from hwmodel.spec import FloatAcc, MacSpec, TensorAcc

from .choices import join, split
from .folds import Folds
from .lanes import lane_operands, some_size
from .operands import Array
from .pairs import Operands, Role
from .scales import largest_scales, scale_sheets, window

STORY_CYCLES = 256


@dataclass(frozen=True)
class Jump:
    """The accumulators (of chunks and blocks: the outer ones) of all stories change by other means than the steps on the sheets.

    Attributes
    ----------
    cycle
        The golden model holds `codes` before this cycle, a block's first; flags are then low and no chunk or block is begun.
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
    a, b : (cycles, stories) or (cycles, stories, lanes) uint64
        Codes; noise in idle cycles.
    others : dict of (cycles, stories) or (cycles, stories, groups) uint64
        By port: what else the unit has as input, modes, scales and shifts of blocks, `rand`.
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
    """Many short stories of seven kinds, each a way to bring the accumulator somewhere and to meet fresh pairs there."""
    shape = (STORY_CYCLES, stories)
    kinds = np.array(["run", "short", "tiny", "huge", "cancel", "special", "window"])
    plain = spec.lanes == 1 and not spec.blocks and not isinstance(spec.acc, TensorAcc)
    weights = np.array([3, 2, 2, 2, 2, 1 if operands.has_special else 0, 0 if plain else 3])
    kind = rng.choice(kinds, stories, p=weights / weights.sum())
    beat = _beat(spec)
    t = np.arange(STORY_CYCLES)[:, None]
    chance = rng.random(shape)

    often = np.select([kind == "run", kind == "short", kind == "special"], [1 / 64, 1 / 4, 1 / 4], 0)
    clear = chance < often / beat
    role = np.full(shape, Role.FRESH, np.int8)
    role[(kind == "special") & (rng.random(shape) < 1 / 3)] = Role.SPECIAL

    period = rng.integers(2, 5, stories) * beat
    start = (kind == "tiny") & (t % period < beat)
    role[start] = Role.TINY
    start &= t % period == 0
    start |= (kind == "window") & (t % period == 0)

    long_period = np.where(rng.random(stories) < 2 / 3, rng.integers(4, 25, stories), rng.integers(32, STORY_CYCLES, stories))
    long_period = np.minimum(long_period * beat, STORY_CYCLES)
    pushes = rng.integers(1, long_period)
    push = (kind == "huge") & (t % long_period < pushes)
    role[push] = np.where((t // long_period) % 2 == 0, Role.POSITIVE, Role.NEGATIVE)[push]
    clear |= start | ((kind == "huge") & (t % long_period == 0))

    reach = beat << rng.integers(0, 4 if beat < 16 else 2, stories)
    back = (kind == "cancel") & ((t // reach) % 2 == 1)
    role[back] = Role.BACK
    role[:, kind == "window"] = Role.BACK
    clear |= (kind == "cancel") & (t % ((2 if beat > 1 else 8) * reach) == 0) & (chance < 1 / 2)

    valid = rng.random(shape) < rng.choice([1, 1, 1, 1, 0.9, 0.5], stories)
    source = np.where(back, t - reach, t)
    valid = np.take_along_axis(valid, source, 0)
    valid[0] = clear[0] = True
    part = make_part("short stories", operands, rng, role, valid, clear)
    earlier = [_taken(words, source)[back] for words in words_of(spec, part)]
    place(spec, part, back, *operands.turn_back(*earlier))
    if (near := np.broadcast_to(kind == "window", shape)).any():
        place(spec, part, near, *operands.of_size(_about_the_window(operands, t % period, beat)[near]))
    strew_flushes(spec, rng, part)
    put_scales(spec, rng, part)
    # A block that is turned back has the scale of the earlier one.
    part.others |= {name: _taken(sheet, source) for name, sheet in part.others.items() if name.endswith(("_scale", "_shift"))}
    return part


def _taken(sheet: Array, source: Array) -> Array:
    """Return what stands, in each cell of a sheet, in the cycle `source` of the same story."""
    return np.take_along_axis(sheet, source if sheet.ndim == 2 else source[..., None], 0)


def _beat(spec: MacSpec) -> int:
    """Return after how many steps a block may be over, 32 at most: kinds of stories that change from step to step change from block to
    block instead."""
    if not spec.blocks or spec.fold_steps is None:
        return 1
    return min(spec.fold_steps or 8, 32)


def _about_the_window(operands: Operands, at: Array, beat: int) -> Array:
    """Return sizes of products, log2, for stories that begin again where `at`, (cycles, stories), is 0.

    The first block's, or step's, is anything; those that follow are as large, or as much smaller or larger as the accumulator is wide.
    """
    spec, rng = operands.spec, operands.rng
    lanes = spec.lanes
    first = some_size(operands, at.shape)
    # That of the last beginning holds on.
    begun = np.maximum.accumulate(np.where(at == 0, np.arange(len(at))[:, None], 0), axis=0)
    size = np.take_along_axis(first, begun, 0)
    away = rng.choice([-1, 0, 1], at.shape, p=[0.5, 0.2, 0.3]) * window(spec) + rng.integers(-3, 4, at.shape)
    size = np.where(at < beat, size, size + away)
    if lanes == 1:
        return size
    below = rng.choice([0, 1, window(spec), window(spec) + 1], (*at.shape, lanes))
    below[np.arange(lanes) == rng.integers(0, lanes, (*at.shape, 1))] = 0
    return size[..., None] - below


def _resets(spec: MacSpec, operands: Operands, rng: np.random.Generator, stories: int) -> Part:
    """Short stories with resets in mid-stream, operands in flight before, during and after; no `clear` is needed after one."""
    cycles = 64
    role = np.full((cycles, stories), Role.FRESH, np.int8)
    role[rng.random(role.shape) < rng.choice([0.25, 0.9], stories)] = Role.POSITIVE
    part = make_part("resets", operands, rng, role, rng.random(role.shape) < 0.8, rng.random(role.shape) < 1 / 16)
    part.rst[0] = True
    part.rst[rng.choice(np.arange(8, cycles), 4, replace=False)] = True
    strew_flushes(spec, rng, part)
    put_scales(spec, rng, part)
    return part


def make_part(name: str, operands: Operands, rng: np.random.Generator, role: Array, valid: Array, clear: Array) -> Part:
    """Return a part with operands for `role`, noise in idle cycles, and neither flush nor reset."""
    idle = ~valid
    wanted = np.where(idle, Role.BACK, role)  # an idle cycle uses up no fresh pair
    a, b = lane_operands(operands, wanted)
    for words, bits in zip((a, b), operands.bits, strict=True):
        words[idle] ^= rng.integers(0, 1 << bits, words[idle].shape, dtype=np.uint64)
    clear = clear | (idle & (rng.random(role.shape) < 1 / 2))
    spec, none = operands.spec, np.zeros(role.shape, bool)
    modes: dict[str, Array] = {port: np.zeros(role.shape, np.uint64) for port in ("mode_a", "mode_b") if port in spec.inputs}
    part = Part(name, np.zeros(len(role), bool), valid, clear, none, np.zeros_like(a), np.zeros_like(b), modes)
    place(spec, part, np.ones(role.shape, bool), a.reshape(-1, *a.shape[2:]), b.reshape(-1, *b.shape[2:]))
    if spec.random_bits:
        part.others["rand"] = _random_bits(spec, rng, role.shape)
    return part


def words_of(spec: MacSpec, part: Part) -> tuple[Array, Array]:
    """Return the operands of a part as words, in the shape of their sheets."""
    words = []
    for name, codes, fmt in zip("ab", (part.a, part.b), spec.factors, strict=True):
        mode = part.others.get(f"mode_{name}")
        words.append(join(codes, mode if mode is None or codes.ndim == 2 else mode[..., None], fmt))
    return words[0], words[1]


def place(spec: MacSpec, part: Part, where: Array, a: Array, b: Array) -> None:
    """Put operands, given as words, onto the sheets of a part; one for all lanes, or one for each. Lanes share the mode of the first."""
    for name, fmt, words in zip("ab", spec.factors, (a, b), strict=True):
        codes, modes = split(words, fmt)
        getattr(part, name)[where] = codes
        if f"mode_{name}" in part.others:
            part.others[f"mode_{name}"][where] = modes[..., 0] if modes.ndim == 2 else modes


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
    """Strew flushes, with `valid` and without, over the stories of a unit of chunks or blocks: none, some, many."""
    if spec.fold_steps is not None:
        # A block that nothing else ends is ended by them in every story.
        rates = [0, 0, 1 / 32, 1 / 8, 1 / 2] if spec.fold_steps else [1 / 64, 1 / 16, 1 / 8, 1 / 2, 1]
        often = rng.choice(rates, part.valid.shape[1])
        part.flush |= (rng.random(part.valid.shape) < often) & among


def put_scales(spec: MacSpec, rng: np.random.Generator, part: Part, largest: Array | None = None) -> None:
    """Put scales and shifts onto the sheets of a unit of blocks, once it is known where its blocks end; the largest ones where asked."""
    if not spec.blocks:
        return
    folds = Folds.of(spec.fold_steps, part.valid, part.clear, part.flush, part.rst)
    sheets = scale_sheets(spec, rng, folds.fresh, part.valid, folds.ends & part.valid)
    if largest is not None:
        for name, sheet in largest_scales(spec, part.valid.shape).items():
            sheets[name][largest] = sheet[largest]
    part.others |= sheets
