"""Cells of carry-propagate adders, as `hwmodel_rtl.adders` builds them."""

from collections.abc import Sequence
from functools import lru_cache

from .cells import GATE2, HALF_ADDER, PREFIX, XOR2, Packed
from .prefix import bits_of, both, either, exclusive, kinds, lowest, network_size, prefixes
from .tally import SIGNAL, ZERO, Bit, Span, Tally, constant, signals

ADDERS = ("ripple", "brent_kung", "sparse", "sklansky", "kogge_stone")

SPARSE_GROUP = 4
"""As `hwmodel_rtl.adders.SPARSE_GROUP`."""


def add(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit = ZERO, kind: str = "ripple", *, carry_used: bool = False) -> bytes:
    """Count ``a + b + carry``; return its bits, one more than the operands have."""
    counts, total = _added(bytes(a), bytes(b), carry, kind if len(a) >= 4 else "ripple", carry_used)
    tally.cells += counts
    return total


@lru_cache(maxsize=1 << 16)
def _added(a: bytes, b: bytes, carry: Bit, kind: str, carry_used: bool) -> tuple[Packed, bytes]:
    tally = Tally()
    if kind == "ripple":
        total: list[Bit] = []
        last = len(a) - 1
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            low, carry = tally.full(x, y, carry, carry_used=carry_used or i < last)
            total.append(low)
        return tally.cells, bytes([*total, carry])
    if kind == "sparse":
        total = _sparse(tally, a, b, carry, carry_used)
        return tally.cells, bytes(total)
    return _prefix(a, b, carry, kind, carry_used)


def lowest_bit_stays(tally: Tally) -> None:
    """Take back what the lowest bit of a two's complement was counted for: xor-ed twice, it is what it was. Its carry is left."""
    tally.cells -= XOR2
    tally.cells -= HALF_ADDER
    tally.cells += GATE2


def add_low(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, used: int) -> None:
    """Count ``a + b + carry`` by a ripple adder, of whose sum only the lowest bits are `used`; the rest is placed and swept away."""
    total = add(tally, a[:used], b[:used], carry)
    swept = Tally()
    add(swept, a[used:], b[used:], total[-1])
    tally.include_placed(swept)


def compare_sum(tally: Tally, a: Sequence[Bit], b: Sequence[Bit]) -> None:
    """Count what tells whether ``a + b``, by a ripple adder, is negative, and whether it is -1: of its sum nothing else is left."""
    swept = Tally()
    add(swept, a, b)
    tally.include_placed(swept)
    tally.cells += (len(a) - 1) * GATE2  # the carries
    tally.any_of(len(a))


def _prefix(a: bytes, b: bytes, carry: Bit, kind: str, carry_used: bool) -> tuple[Packed, bytes]:
    """Count a parallel-prefix adder. Position 0 is the carry in: it generates, and propagates nothing."""
    last = len(a)
    x, y = kinds(a), kinds(b)
    (xors, half), (ands, made) = exclusive(x, y), both(x, y)
    into = kinds(bytes([carry]))
    generate = made[0] << 1 | into[0], made[1] << 1 | into[1]
    # Up to the lowest that generates there is no carry to propagate, and of what would tell so nothing is left.
    first = generate[0] | generate[1]
    carried = ~(first ^ (first - 1)) if first else 0
    propagate = half[0] << 1 & carried, half[1] << 1 & carried
    gates, generate, _ = prefixes(generate, propagate, last + 1, kind, left_out=0 if carry_used else 1 << last)
    sums, total = exclusive(half, lowest(generate, last))
    out = bits_of((generate[0] >> last, generate[1] >> last), 1)
    return (xors + sums) * XOR2 + ands * GATE2 + gates * PREFIX, bits_of(total, last) + out


def _sparse(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, carry_used: bool) -> list[Bit]:
    """Count an adder whose prefix network finds the carries into groups of bits, which ripple."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    bits = [(tally.both(x, y), p) for x, y, p in zip(a, b, half, strict=True)]
    starts = range(0, len(half), SPARSE_GROUP)
    groups: list[Span] = [(carry, ZERO)]
    for start in starts[:-1]:
        group = bits[start]
        for bit in bits[start + 1 : start + SPARSE_GROUP]:
            group = tally.join(bit, group)
        groups.append(group)
    generate, propagate = (kinds(bytes(each)) for each in zip(*groups, strict=True))
    gates, carries, _ = prefixes(generate, propagate, len(groups), "brent_kung")
    tally.cells += gates * PREFIX
    total: list[Bit] = []
    for start, into in zip(starts, bits_of(carries, len(groups)), strict=True):
        end = min(start + SPARSE_GROUP, len(half))
        for i in range(start, end):
            total.append(tally.exclusive(half[i], into))
            if i < end - 1 or (end == len(half) and carry_used):
                into, _ = tally.join(bits[i], (into, ZERO))
    return [*total, into]


def add_or_subtract(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], kind: str) -> None:
    """Count the magnitude of a sum or difference of unsigned numbers, the complement of `b` left out."""
    width = len(a)
    tally.cells += 2 * GATE2
    if kind == "ripple" or width < 4:
        # Adder cells stand before a mapper finds out which bits are always 0.
        add(tally, [min(bit, SIGNAL) for bit in a], b, SIGNAL, carry_used=True)
        tally.cells += width * XOR2
        add(tally, signals(width), constant(0, width), SIGNAL)
        return
    x, y = kinds(bytes(a)), kinds(bytes(b))
    (xors, half), (ands, made) = exclusive(x, y), both(x, y)
    gates, generate, propagate = prefixes(made, half, width, kind)
    # Either without or with a carry into the lowest bit.
    carried, through = both(lowest(propagate, width - 1), kinds(bytes(signals(width - 1))))
    merged, _ = either(lowest(generate, width - 1), through)
    tally.cells += (ands + 1) * GATE2 + (gates + carried + merged) * PREFIX + (xors + 2 * width) * XOR2


def count_up_or_down(tally: Tally, width: int, kind: str) -> None:
    """Count the addition of one, or minus one, or nothing, to `width` bits."""
    network = max(width - 2, 0) if kind == "ripple" else network_size(width - 1, kind)
    tally.cells += 2 * network * PREFIX + (3 * width + 3) * GATE2 + width * XOR2
