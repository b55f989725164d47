"""Compressor trees by runs of columns: most neighbours hold the same bits, meet the same carries, and so the same adders."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from .cells import PACKED_BITS, Packed
from .tally import ONE, SIGNAL, ZERO, Bit, Tally

Run = tuple[int, bytes]
"""So many neighbouring columns, and the bits that each of them holds."""

Held = TypeVar("Held", bytes, list[Any])
"""What a column holds: bits by their kinds, or by something else."""

A_ONE = bytes([ONE])
"""The constant 1, as it is held."""


class Heap:
    """Signals by their weights, in columns of the weights below `width`; what is placed above them is dropped."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._changes = {width: 0}

    def place(self, low: int, high: int, count: int = 1) -> None:
        """Put `count` signals into each of the columns ``low..high - 1``."""
        high = min(high, self.width)
        if low < high:
            self._changes[low] = self._changes.get(low, 0) + count
            self._changes[high] = self._changes.get(high, 0) - count

    def runs(self) -> list[Run]:
        """Return the columns from the lowest on."""
        found, height, at = list[Run](), 0, 0
        for weight, change in sorted(self._changes.items()):
            if weight > at:
                found.append((weight - at, bytes([SIGNAL]) * height))
            height, at = height + change, weight
        return found


def runs_of(columns: Sequence[Sequence[Bit]]) -> list[Run]:
    """Return runs of columns that are given one by one."""
    return [(len(list(same)), bits) for bits, same in groupby(map(bytes, columns))]


def merged(runs: Iterable[Run]) -> list[Run]:
    """Return runs with those that hold the same joined to one."""
    return [(sum([length for length, _ in same]), bits) for bits, same in groupby(runs, itemgetter(1))]


def places_of_signs(runs: Sequence[Run], constant_sum: int) -> range:
    """Return the weights from where on a constant is all ones and meets lone bits, one bit from the top left out."""
    width = sum(length for length, _ in runs)
    first = (~constant_sum & ((1 << width) - 1)).bit_length()
    at = 0
    for length, bits in runs:
        at += length
        if len(bits) > 1:
            first = max(first, at)
    return range(first, width - 1)


def lowest_columns(runs: Iterable[tuple[int, Held]], number: int) -> tuple[tuple[int, Held], ...]:
    """Return so many of the lowest columns."""
    found = list[tuple[int, Held]]()
    for length, bits in runs:
        if number <= 0:
            break
        found.append((min(length, number), bits))
        number -= length
    return tuple(found)


def with_constant(runs: Iterable[tuple[int, Held]], constant_sum: int, one: Held) -> list[tuple[int, Held]]:
    """Return columns with a `one` on top of each whose bit in a constant, not below 0, is set."""
    found = list[tuple[int, Held]]()
    for length, bits in runs:
        for same, is_one in _equal_bits(constant_sum, length):
            found.append((same, bits + one if is_one else bits))
        constant_sum >>= length
    return found


def _equal_bits(number: int, width: int) -> Iterator[tuple[int, bool]]:
    """Yield how many of the lowest bits of a number, not below 0, are the same, and whether they are ones; then of those above."""
    while width:
        is_one = number & 1
        same = min(width, _low_ones(number if is_one else ~number)) if number else width
        yield same, bool(is_one)
        number >>= same
        width -= same


def _low_ones(number: int) -> int:
    """Return how many ones stand at the low end of a number."""
    return (~number & (number + 1)).bit_length() - 1


LONG = 24
"""Columns of a run within which all levels of a tree come to do the same in one as in the next, of up to 130 bits in a column."""

_DIGIT_BITS = PACKED_BITS
"""Of a digit, which are counts, or a number of columns."""


def compress(runs: Sequence[Run]) -> tuple[Packed, list[Run]]:
    """Count, packed, the compressor tree that brings columns to two bits each; return also what is left in them.

    Source: L. Dadda, "Some schemes for parallel multipliers", Alta Frequenza 34, 1965.
    """
    first = next((at for at, (_, bits) in enumerate(runs) if len(bits) > 2), len(runs))  # below there is nothing to do
    more, short = list[int](), list[Run]()
    for length, bits in runs[first:]:
        if length > LONG:
            more.append(length - LONG)
            length = LONG + (1 << (_DIGIT_BITS * len(more)))
        short.append((length, bits))
    packed, left = _compressed(tuple(short))
    if more:
        packed, left = _with_lengths(packed, more), [(_with_lengths(length, more), bits) for length, bits in left]
    return packed, [*runs[:first], *left]


def _with_lengths(number: int, more: Sequence[int]) -> int:
    """Return a number of cells or columns, from that of any long runs: a digit for what is there once, then one for each run's length."""
    mask = (1 << _DIGIT_BITS) - 1
    total = number & mask
    for each in more:
        number >>= _DIGIT_BITS
        total += each * (number & mask)
    return total


@lru_cache(maxsize=1 << 14)
def _compressed(runs: tuple[Run, ...]) -> tuple[Packed, list[Run]]:
    """Count a tree, packed; return also what is left.

    Of most trees the long runs differ by their lengths alone, and each column more of a run is the same cells more. So these lengths are
    left open: a run's is `LONG` and one of a digit of its own, and so is all that comes of it.
    """
    packed, height, left = 0, max([len(bits) for _, bits in runs], default=0), list(runs)
    while height > 2:
        height = dadda_height(height)
        placed, left = _level(left, height)
        packed += placed
    return packed, left


def dadda_height(height: int) -> int:
    """Return the largest member below `height` of 2, 3, 4, 6, 9, 13, … (each floor of 3/2 of the last)."""
    target = 2
    while target * 3 // 2 < height:
        target = target * 3 // 2
    return target


def _level(runs: list[Run], height: int) -> tuple[Packed, list[Run]]:
    """Count one level of a tree, packed; a run is done with once a column gives the carries that it was given."""
    packed, found = 0, list[Run]()
    carries, end, before = b"", len(runs) - 1, None
    for at, (length, bits) in enumerate(runs):
        while length:
            highest = at == end and length == 1
            placed, kept, made = _reduce(bits, carries, height, highest)
            times = length - (at == end) if made == carries and not highest else 1
            packed += times * placed
            if kept == before:
                found[-1] = (found[-1][0] + times, kept)
            else:
                found.append((times, kept))
            before = kept
            carries = made
            length -= times
    return packed, found


@lru_cache(maxsize=1 << 16)
def _reduce(bits: bytes, carries: bytes, height: int, highest: bool) -> tuple[Packed, bytes, bytes]:
    """Count what brings one column to `height`, packed; return also the bits left and the carries."""
    # Bits of the column first, then what adders of this level made, in order: one queue.
    tally, queue, made, start = Tally(), [*bits, *carries], list[Bit](), 0
    while (left := len(queue) - start) > height:
        if left == height + 1:
            total, carry = tally.half(queue[start], queue[start + 1], carry_used=not highest)
            start += 2
        else:
            total, carry = tally.full(queue[start], queue[start + 1], queue[start + 2], carry_used=not highest)
            start += 3
        queue.append(total)
        if not highest and carry != ZERO:
            made.append(carry)
    return tally.cells, bytes(queue[start:]), bytes(made)


def rows_of(runs: Iterable[Run]) -> tuple[bytes, bytes]:
    """Return the two rows that columns of two bits each are."""
    rows = (b"".join(bits[row : row + 1].ljust(1, bytes([ZERO])) * length for length, bits in runs) for row in (0, 1))
    first, second = rows
    return first, second
