"""Cells of carry-propagate adders, as `hwmodel_rtl.adders` builds them."""

from collections.abc import Sequence
from functools import lru_cache

from .tally import SIGNAL, ZERO, Bit, Tally, constant, signals

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


def _prefix(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, kind: str, carry_used: bool) -> list[Bit]:
    """Count a parallel-prefix adder. Position 0 is the carry in: it generates, and propagates nothing."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generate = [carry, *(tally.both(x, y) for x, y in zip(a, b, strict=True))]
    propagate = [ZERO, *half]
    last = len(a)
    for level in prefix_network(last + 1, kind):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            if i == last and not carry_used:
                continue
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    return [*(tally.exclusive(p, g) for p, g in zip(half, generate[:-1], strict=True)), generate[-1]]


def _sparse(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, carry_used: bool) -> list[Bit]:
    """Count an adder whose prefix network finds the carries into groups of bits, which ripple."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generated = [tally.both(x, y) for x, y in zip(a, b, strict=True)]
    starts = range(0, len(half), SPARSE_GROUP)
    generate, propagate = [carry], [ZERO]
    for start in starts[:-1]:
        group_generates, group_propagates = generated[start], half[start]
        for i in range(start + 1, start + SPARSE_GROUP):
            group_generates = tally.either(generated[i], tally.both(half[i], group_generates))
            group_propagates = tally.both(half[i], group_propagates)
        generate.append(group_generates)
        propagate.append(group_propagates)
    for level in prefix_network(len(generate), "brent_kung"):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    total: list[Bit] = []
    for start, into in zip(starts, generate, strict=True):
        end = min(start + SPARSE_GROUP, len(half))
        for i in range(start, end):
            total.append(tally.exclusive(half[i], into))
            if i < end - 1 or (end == len(half) and carry_used):
                into = tally.either(generated[i], tally.both(half[i], into))
    return [*total, into]


def add_or_subtract(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], kind: str) -> None:
    """Count the magnitude of a sum or difference of unsigned numbers, the complement of `b` left out."""
    width = len(a)
    tally.gate2 += 2
    if kind == "ripple" or width < 4:
        add(tally, a, b, SIGNAL, carry_used=True)
        tally.xor2 += width
        add(tally, signals(width), constant(0, width), SIGNAL)
        return
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generate, propagate = [tally.both(x, y) for x, y in zip(a, b, strict=True)], list(half)
    for level in prefix_network(width, kind):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    tally.gate2 += 1
    for g, p in zip(generate[:-1], propagate[:-1], strict=True):
        tally.either(g, tally.both(p, SIGNAL))
    tally.xor2 += 2 * width


def count_up_or_down(tally: Tally, width: int, kind: str) -> None:
    """Count the addition of one, or minus one, or nothing, to `width` bits."""
    network = max(width - 2, 0) if kind == "ripple" else sum(map(len, prefix_network(width - 1, kind)))
    tally.gate2 += 2 * network + 3 * width + 3
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
