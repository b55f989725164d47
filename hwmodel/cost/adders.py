"""Cells of carry-propagate adders, as `hwmodel_rtl.adders` builds them."""

from collections.abc import Sequence
from functools import lru_cache

from .tally import SIGNAL, ZERO, Bit, Span, Tally, constant, signals

ADDERS = ("ripple", "brent_kung", "sparse", "sklansky", "kogge_stone")

SPARSE_GROUP = 4
"""As `hwmodel_rtl.adders.SPARSE_GROUP`."""


def add(
    tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit = ZERO, kind: str = "ripple", *, carry_used: bool = False
) -> list[Bit]:
    """Count ``a + b + carry``; return its bits, one more than the operands have."""
    if kind == "ripple" or len(a) < 4:
        total: list[Bit] = []
        last = len(a) - 1
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            low, carry = tally.full(x, y, carry, carry_used=carry_used or i < last)
            total.append(low)
        return [*total, carry]
    if kind == "sparse":
        return _sparse(tally, a, b, carry, carry_used)
    return _prefix(tally, a, b, carry, kind, carry_used)


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
    tally.gate2 += len(a) - 1  # the carries
    tally.any_of(len(a))


def _prefix(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, kind: str, carry_used: bool) -> list[Bit]:
    """Count a parallel-prefix adder. Position 0 is the carry in: it generates, and propagates nothing."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    spans = [(carry, ZERO), *((tally.both(x, y), p) for x, y, p in zip(a, b, half, strict=True))]
    _join_spans(tally, spans, kind, len(spans) if carry_used else len(a))
    return [*(tally.exclusive(p, g) for p, (g, _) in zip(half, spans[:-1], strict=True)), spans[-1][0]]


def _join_spans(tally: Tally, spans: list[Span], kind: str, used: int) -> None:
    """Count the network that makes of each span the one from position 0 on; of no more than are `used`."""
    for level in prefix_network(len(spans), kind):
        before = list(spans)
        for i, j in level:
            if i < used:
                spans[i] = tally.join(before[i], before[j])


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
    _join_spans(tally, groups, "brent_kung", len(groups))
    total: list[Bit] = []
    for start, (into, _) in zip(starts, groups, strict=True):
        end = min(start + SPARSE_GROUP, len(half))
        for i in range(start, end):
            total.append(tally.exclusive(half[i], into))
            if i < end - 1 or (end == len(half) and carry_used):
                into, _ = tally.join(bits[i], (into, ZERO))
    return [*total, into]


def add_or_subtract(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], kind: str) -> None:
    """Count the magnitude of a sum or difference of unsigned numbers, the complement of `b` left out."""
    width = len(a)
    tally.gate2 += 2
    if kind == "ripple" or width < 4:
        # Adder cells stand before a mapper finds out which bits are always 0.
        add(tally, [min(bit, SIGNAL) for bit in a], b, SIGNAL, carry_used=True)
        tally.xor2 += width
        add(tally, signals(width), constant(0, width), SIGNAL)
        return
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    spans = [(tally.both(x, y), p) for x, y, p in zip(a, b, half, strict=True)]
    _join_spans(tally, spans, kind, width)
    tally.gate2 += 1
    for span in spans[:-1]:
        tally.join(span, (SIGNAL, ZERO))
    tally.xor2 += 2 * width


def count_up_or_down(tally: Tally, width: int, kind: str) -> None:
    """Count the addition of one, or minus one, or nothing, to `width` bits."""
    network = max(width - 2, 0) if kind == "ripple" else sum(map(len, prefix_network(width - 1, kind)))
    tally.prefix += 2 * network
    tally.gate2 += 3 * width + 3
    tally.xor2 += width


@lru_cache(maxsize=4096)
def prefix_network(width: int, kind: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return the levels of a parallel-prefix network, see `hwmodel_rtl.adders.prefix_network`."""
    levels: list[tuple[tuple[int, int], ...]] = []
    reach = 1
    while reach < width:
        match kind:
            case "kogge_stone":
                levels.append(tuple((i, i - reach) for i in range(reach, width)))
            case "sklansky":
                levels.append(tuple((i, (i // reach) * reach - 1) for i in range(width) if (i // reach) % 2))
            case _:
                levels.append(tuple((i, i - reach) for i in range(2 * reach - 1, width, 2 * reach)))
        reach *= 2
    if kind in ("brent_kung", "sparse"):
        while reach > 1:
            levels.append(tuple((i, i - reach // 2) for i in range(reach + reach // 2 - 1, width, reach)))
            reach //= 2
    return tuple(level for level in levels if level)
