"""Ways through shifters and leading-zero counters."""

from .paths import GATE, MUX, Path, Word, after, later, select, spread


def count_zeros(value: Path, bits: int) -> Word:
    """Return the way to the count of leading zeros of so many bits; its highest bit is there first."""
    steps = max((bits - 1).bit_length() - 1, 0)
    return Word(after(after(value, GATE), MUX, steps), after(value, GATE, steps))


def normalise(value: Path, count: Word, bits: int) -> Path:
    """Return the way through the shift by a count of leading zeros, large shifts first."""
    steps = (bits - 1).bit_length()
    if not steps:
        return value
    first = spread(count.high, 2 * bits - (1 << (steps - 1)))
    return later(after(value, MUX, steps), after(first, MUX, steps), after(select(count.low, bits), MUX))


def shift(value: Path, amount: Word, steps: int, narrow: int, wide: int) -> Path:
    """Return the way through `steps` shifts, small ones first: they move the number while it is `narrow`, the last where it is `wide`."""
    if steps <= 0:
        return value
    moved = after(spread(amount.high, _loads_of_last(steps, narrow, wide)), MUX)
    return later(after(value, MUX, steps), after(select(amount.low, narrow), MUX, steps), moved)


def _loads_of_last(steps: int, narrow: int, wide: int) -> int:
    """Return the gates that set the last of so many shifts: one for each bit that may stay, and one for each that may be moved."""
    distance = 1 << (steps - 1)
    stay = min(narrow + distance - 1, wide)
    return stay + max(min(stay + distance, wide) - distance, 0)


def shift_left(value: Path, amount: Word, steps: int, bits: int, width: int) -> Path:
    """Return the way through a left shift of `bits` bits to `width`, of which the two largest are one choice among four places."""
    if steps < 2 or bits + (1 << (steps - 2)) - 1 > 2 << (steps - 2):
        return shift(value, amount, steps, bits, width)
    grown = min(2 * bits, width)
    value = shift(value, amount, steps - 2, bits, grown)
    return after(later(value, spread(after(amount.high, GATE), grown)), GATE, 3)


def shift_by_count(value: Path, count: Word, steps: int, bits: int) -> Path:
    """Return the way through a left shift by a count of leading zeros, small shifts first, as operands are decoded."""
    return later(after(value, MUX, steps), after(select(count.low, bits), MUX, steps))
