"""Compressor trees counted by runs of columns are those of the columns one by one."""

import random

from hwmodel.cost.structure import trees
from hwmodel.cost.structure.cells import Packed
from hwmodel.cost.structure.tally import ONE, SIGNAL, STUCK, ZERO, Tally
from hwmodel.cost.structure.trees import LONG, Run, compress, dadda_height, rows_of

MOST = 130
"""Bits in a column: two of each of 64 lanes, an accumulator's, and a constant's."""


def column_by_column(runs: list[Run]) -> tuple[Packed, list[bytes]]:
    """Count a tree by the definition: every column of every level on its own."""
    tally, columns = Tally(), [list(bits) for length, bits in runs for _ in range(length)]
    height = max(map(len, columns))
    while height > 2:
        height, carries, below = dadda_height(height), list[int](), list[list[int]]()
        for at, column in enumerate(columns):
            used, queue, made = at < len(columns) - 1, [*column, *carries], list[int]()
            while len(queue) > height:
                if len(queue) == height + 1:
                    (x, y), queue = queue[:2], queue[2:]
                    total, carry = tally.half(x, y, carry_used=used)
                else:
                    (x, y, z), queue = queue[:3], queue[3:]
                    total, carry = tally.full(x, y, z, carry_used=used)
                queue.append(total)
                made += [carry] if used and carry != ZERO else []
            below.append(queue)
            carries = made
        columns = below
    return tally.cells, [bytes(column[row] if row < len(column) else ZERO for column in columns) for row in (0, 1)]


def drawn_runs(count: int, longest: int) -> list[list[Run]]:
    """Return runs of columns as sums have them, and some that none has, up to about `longest` columns each."""
    draw, found = random.Random(1), list[list[Run]]()
    for _ in range(count):
        runs = list[Run]()
        for _ in range(draw.randint(1, 4)):
            height = draw.choice([0, 1, 2, 3, 9, 17, 65, MOST - 1, draw.randint(0, MOST - 1)])
            bits = bytes([SIGNAL]) * height + bytes([ONE]) * draw.randint(0, 1)
            if draw.random() < 0.1:
                bits = bytes(draw.choice([SIGNAL, STUCK, ONE, ZERO]) for _ in range(draw.randint(1, 9)))
            runs.append((draw.choice([1, 3, LONG, LONG + 1, draw.randint(1, longest)]), bits))
        found.append(runs)
    return found


def differing(cases: list[list[Run]]) -> int:
    """Return how many trees are not those of their columns."""
    wrong = 0
    for runs in cases:
        packed, left = compress(runs)
        wrong += (packed, list(rows_of(left))) != column_by_column(runs)
    return wrong


def test_runs_are_their_columns():
    assert differing(drawn_runs(60, 3 * LONG)) == 0


def test_each_column_more_of_a_long_run_is_the_same_more():
    assert not any(map(differs_in_full, drawn_runs(300, 10 * LONG)))


def differs_in_full(runs: list[Run]) -> bool:
    """Return whether a tree is not what it is with no run's length left open."""
    packed, left = compress(runs)
    in_full, kept = trees._compressed.__wrapped__(tuple(runs))
    return packed != in_full or max(length for length, _ in left) > 1 << 20 or rows_of(left) != rows_of(kept)


def test_shorter_runs_are_too_short(monkeypatch):
    monkeypatch.setattr(trees, "LONG", 4)
    assert any(map(differs_in_full, drawn_runs(300, 10 * LONG)))
