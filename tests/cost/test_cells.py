"""Counts in one integer are read as they were put together, whatever is below zero on the way."""

import random

import numpy as np

from hwmodel.cost.structure.cells import (
    CELLS,
    FLIP_FLOP,
    FULL_ADDER,
    KINDS,
    PLACED_HALF_ADDER,
    XOR2,
    cells_of,
    cells_of_shares,
    counts_of,
    full_adders,
    share_of,
)


def test_fields_are_read_as_they_were_put_together():
    draw, far = random.Random(1), 1 << 62
    for _ in range(2000):
        numbers = [draw.choice([0, 0, 1, -1, draw.randint(-9, 9), draw.randint(-far, far)]) for _ in KINDS]
        counts = sum(number << (64 * kind) for kind, number in enumerate(numbers))
        assert list(counts_of(counts)) == numbers
        assert cells_of([counts])[0].tolist() == [float(number) for number in numbers[: len(CELLS)]]
        assert counts_of(full_adders(counts)).full_adder == numbers[0]


def test_what_was_borrowed_is_given_back():
    below = 3 * XOR2 - 5 * FULL_ADDER
    assert counts_of(below)[:3] == (-5, 0, 3)
    assert counts_of(7 * below + 36 * FULL_ADDER)[:3] == (1, 0, 21)
    assert counts_of(-PLACED_HALF_ADDER)[-2:] == (0, -1)


def test_shares_add_up():
    shares = share_of(0.5, 4 * XOR2) + share_of(0.25, 8 * XOR2 + FLIP_FLOP) + share_of(-1.0, FULL_ADDER)
    found = cells_of_shares([(), shares, share_of(0.0, XOR2), share_of(1.5, 2 * XOR2)])
    assert found.shape == (4, len(CELLS))
    assert dict(zip(CELLS, found[1], strict=True)) == dict.fromkeys(CELLS, 0.0) | {"xor2": 4.0, "flip_flop": 0.25, "full_adder": -1.0}
    assert not np.any(found[[0, 2]])
    assert found[3].sum() == found[3][CELLS.index("xor2")] == 3.0
