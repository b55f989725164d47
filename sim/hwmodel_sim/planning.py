"""The plan of a run: short stories of every kind, and for each far end that is owed the cheapest way to it."""

from dataclasses import dataclass

import numpy as np

from hwmodel.spec import MacSpec

from .folds import levels_of
from .journeys import Hold, driven, held, put_down
from .obligations import Obligation, obligations
from .operands import Array
from .pairs import Operands
from .stimulus import STORY_CYCLES, Part, short_stories

_SHORT_WAY = 1 << 12
"""Ends no farther than this are always driven to; farther ones only if there is no cheaper way."""

_PUT_DOWN = 1 / 16
"""Share of the steps spent on stories that are put down, where registers can be written."""


@dataclass(frozen=True)
class Reach:
    """How far stories can be brought.

    Attributes
    ----------
    driven
        Most cycles that the golden model steps through on the way to an end.
    held
        Most cycles that a product is held, unobserved.
    writes
        Whether the register of the last level can be written.
    block
        Cycles between two visits of the bench.
    """

    driven: int = 1 << 13
    held: int = 0
    writes: bool = False
    block: int = 64


def plan(spec: MacSpec, seed: int, vectors: int, copies: int, reach: Reach) -> list[Part]:
    """Return the parts of a run.

    Parameters
    ----------
    spec
        The unit.
    seed
        Same seed, sizes and reach, same plan.
    vectors
        About how many multiply-accumulate steps; the ways to the ends come on top.
    copies
        Stories come in multiples of this.
    reach
        How far stories can be brought.
    """
    rng = np.random.default_rng(seed)
    operands = Operands(spec, rng)
    parts = short_stories(spec, operands, rng, vectors, copies)
    last = len(levels_of(spec)) - 1
    to_drive: dict[int, list[Obligation]] = {}
    for owed in obligations(spec):
        written = reach.writes and owed.level == last and owed.towards
        hold = None
        if owed.steps > _SHORT_WAY and not written and owed.steps <= reach.held:
            hold = Hold.towards(spec, owed, reach.block)
        if hold is not None:
            parts.append(held(spec, operands, rng, owed, hold, copies))
        elif owed.steps <= (_SHORT_WAY if written else max(reach.driven, _SHORT_WAY)):
            # Both ends of a level share a part, and so do chunks and blocks by count.
            to_drive.setdefault(owed.level if owed.towards else -1, []).append(owed)
    for level, each in to_drive.items():
        # Stories turn aside some cycles before the end; chunks and blocks they shall end whole.
        steps = max(owed.steps if owed.towards else owed.steps + STORY_CYCLES for owed in each)
        sides = tuple(owed.towards for owed in each if owed.towards) or (1, -1)
        waves = min(max(vectors // (4 * steps * copies), -(-len(sides) // copies)), 8)
        parts.append(driven(spec, operands, rng, steps, waves * copies, sides, inner=level != last))
    if reach.writes:
        stories = -(-int(vectors * _PUT_DOWN) // (1024 * copies)) * copies
        parts.append(put_down(spec, operands, rng, max(stories, 4 * copies, 8)))
    return [_in_whole_blocks(part, reach.block) for part in parts]


def _in_whole_blocks(part: Part, block: int) -> Part:
    """Return `part` with idle cycles at its end, so that what follows starts a block."""
    more = -len(part.rst) % block

    def longer(sheet: Array) -> Array:
        return np.concatenate([sheet, np.zeros((more, *sheet.shape[1:]), sheet.dtype)])

    sheets = {name: longer(getattr(part, name)) for name in ("rst", "valid", "clear", "flush", "a", "b")}
    return Part(part.name, **sheets, others={name: longer(sheet) for name, sheet in part.others.items()}, jumps=part.jumps)
