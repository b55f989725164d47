"""Cells of shifters and of leading-zero counts, as `hwmodel_rtl.shifter` and `hwmodel_rtl.leading_zeros` build them."""

from functools import lru_cache

from .cells import GATE2, MUX2, Packed
from .tally import Tally


@lru_cache(maxsize=4096)
def leading_zero_count(width: int) -> tuple[Packed, int]:
    """Count a leading-zero counter of `width` bits; return also the bits of its result."""
    if width == 1:
        return 0, 0
    split = 1 << ((width - 1).bit_length() - 1)
    high, bits = leading_zero_count(split)
    low, low_bits = leading_zero_count(width - split)
    # If the higher half is all zeros, its own count is all ones: what chooses is an AND and an OR.
    own = (2 * low_bits + bits - low_bits + 1) * GATE2
    return high + low + own, bits + 1


def normalise(tally: Tally, width: int, count: int, used: int | None = None, *, clears: bool = True) -> None:
    """Count the shift of `width` bits by their leading zeros, a number of `count` bits, the farthest moves first.

    Before a move, as many bits at the top are zeros as it goes far. So what chooses there is an AND and an OR, and what is cleared below
    is only what was not zero. Where only so many bits at the top are `used`, a move makes those that the moves after it can bring there.
    A shift so short that it is one piece of logic to a mapper `clears` nothing: that merges with the next move.
    """
    for stage in range(count):
        distance = 1 << stage
        made = width if used is None else min(used + distance - 1, width)
        moved = min(max(width - distance, 0), made)
        leading = min(distance, moved)
        cleared = min(max(made - max(width - distance, 0), 0), leading)
        tally.cells += (moved - leading) * MUX2 + (2 * leading + clears * cleared) * GATE2


def shift_left(tally: Tally, value: int, amount: int, width: int, *, filled: bool = False) -> int:
    """Count ``(value << amount) mod 2**width`` for a `value` and an `amount` of so many bits; return the bits of the result.

    Where only one of a multiplexer's inputs is a signal it is an AND; where the shift is `filled`, an AND and an OR.
    """
    cells, length = _shifted(value, amount, width, filled)
    tally.cells += cells
    return length


@lru_cache(maxsize=1 << 14)
def _shifted(value: int, amount: int, width: int, filled: bool) -> tuple[Packed, int]:
    """Return the cells of a left shift, and the bits of its result."""
    tally, length = Tally(), value
    for stage in range(amount):
        distance = 1 << stage
        if stage == amount - 2 and length <= 2 * distance:
            length = _place(tally, length, distance, width, filled=filled)
            return tally.cells, length
        grown = min(length + distance, width)
        both = max(min(length, grown) - distance, 0)
        tally.cells += both * MUX2
        # Between a short number and where it moves to, both inputs are the same.
        alone = grown - both - max(min(distance, grown) - length, 0)
        tally.cells += (1 + filled) * alone * GATE2
        length = grown
    return tally.cells, min(length, width)


def _place(tally: Tally, value: int, distance: int, width: int, *, filled: bool) -> int:
    """Count the choice among four places, `distance` apart, for `value` bits: a multiplexer where two overlap, else a gate."""
    grown = min(value + 3 * distance, width)
    ends = [min(place * distance + value, grown) for place in range(4)]
    overlapping = sum(max(ends[place] - (place + 1) * distance, 0) for place in range(3))
    reached = sum(max(ends[place] - place * distance, 0) for place in range(4))
    tally.cells += overlapping * MUX2
    tally.cells += (reached - 2 * overlapping + min(4, -(-grown // distance))) * GATE2  # and which place, if anything of it is kept
    if filled:
        tally.cells += (grown + 2 * 7) * GATE2  # where it stands outside, once for each set of places
    return grown


def shift_right_sticky(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a right shift of a number in the top `value` bits of a window of `width`; return how many bits of it can be other than 0."""
    length, lost = value, 0
    for stage in range(amount):
        distance = 1 << stage
        if distance >= width:
            tally.any_of(amount - stage)
            tally.any_of(length)
            tally.cells += (1 + length) * GATE2
            lost += 1
            break
        grown = min(length + distance, width)
        below = length + distance - grown
        if below:
            tally.any_of(min(below, length))
            tally.cells += GATE2
            lost += 1
        both = max(length - distance, 0)
        tally.cells += both * MUX2 + (grown - both - max(distance - length, 0)) * GATE2
        length = grown
    tally.any_of(lost)
    return length


def shift_left_overflow(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a left shift that tells whether a bit was lost above; return the bits of the result."""
    lost, length = 0, min(value, width)
    if value > width:
        tally.any_of(value - width)
        lost += 1
    for stage in range(amount):
        distance = 1 << stage
        if length + distance > width:
            tally.any_of(length + distance - max(width, distance))
            tally.cells += GATE2
            lost += 1
        length = min(length + distance, width)
    tally.any_of(lost)
    return shift_left(tally, min(value, width), amount, width)


def shift_right_cut(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a right shift inside a window of `width` bits, of a number in its top bits; return how many bits can be other than 0."""
    length = min(value, width)
    for stage in range(amount):
        distance = 1 << stage
        if distance >= width:
            tally.any_of(amount - stage)
            tally.cells += length * GATE2
            break
        grown = min(length + distance, width)
        both = max(length - distance, 0)
        tally.cells += both * MUX2 + (grown - both - max(distance - length, 0)) * GATE2
        length = grown
    return length
