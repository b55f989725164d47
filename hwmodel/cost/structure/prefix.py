"""Parallel-prefix networks, counted a level at a time: the bits of a number are integers, with one binary place a bit.

What is counted is what `hwmodel.cost.structure.tally.Tally` would count of them one by one.
"""

from functools import lru_cache

from .tally import ONE, SIGNAL, ZERO

_IS_SIGNAL, _IS_ONE = (bytes(ord("1") if bit == kind else ord("0") for bit in range(256)) for kind in (SIGNAL, ONE))

Kinds = tuple[int, int]
"""Which bits of a number are signals, and which are the constant 1; all others are 0."""


def kinds(bits: bytes) -> Kinds:
    """Return which of some bits, the lowest first, are signals, and which the constant 1."""
    high_first = b"0" + bits[::-1]
    return int(high_first.translate(_IS_SIGNAL), 2), int(high_first.translate(_IS_ONE), 2) if ONE in bits else 0


def bits_of(number: Kinds, width: int) -> bytes:
    """Return the lowest bits of a number, the lowest first."""
    if not width:
        return b""
    signals, ones = (f"{each & ((1 << width) - 1):0{width}b}".encode()[::-1] for each in number)
    kind = {(ord("0"), ord("0")): ZERO, (ord("1"), ord("0")): SIGNAL, (ord("0"), ord("1")): ONE}
    return bytes(map(kind.__getitem__, zip(signals, ones, strict=True)))


def both(a: Kinds, b: Kinds) -> tuple[int, Kinds]:
    """Return the ANDs of two numbers' bits that are no constants, and the result."""
    return (a[0] & b[0]).bit_count(), ((a[0] & (b[0] | b[1])) | (a[1] & b[0]), a[1] & b[1])


def either(a: Kinds, b: Kinds) -> tuple[int, Kinds]:
    """Return the ORs of two numbers' bits that are no constants, and the result."""
    ones = a[1] | b[1]
    return (a[0] & b[0]).bit_count(), ((a[0] | b[0]) & ~ones, ones)


def exclusive(a: Kinds, b: Kinds) -> tuple[int, Kinds]:
    """Return the exclusive ORs of two numbers' bits that are no constants, and the result."""
    signals = a[0] | b[0]
    return (a[0] & b[0]).bit_count(), (signals, (a[1] ^ b[1]) & ~signals)


def lowest(number: Kinds, width: int) -> Kinds:
    """Return the lowest bits of a number."""
    mask = (1 << width) - 1
    return number[0] & mask, number[1] & mask


def prefixes(generate: Kinds, propagate: Kinds, width: int, kind: str, left_out: int = 0) -> tuple[int, Kinds, Kinds]:
    """Return the gates of a network over `width` positions, and what its prefixes generate and propagate; none at those `left_out`."""
    gates = 0
    (g, g_ones), (p, p_ones) = generate, propagate
    for level in prefix_network(width, kind):
        before_g, before_g_ones, before_p, before_p_ones = g, g_ones, p, p_ones
        for distance, places in level:
            at = places & ~left_out
            # An AND of what is propagated here and generated below, an OR with what is generated here, and an AND of what is propagated.
            below, below_ones = before_g << distance & at, before_g_ones << distance & at
            gates += (before_p & below).bit_count()
            through, through_ones = before_p & (below | below_ones) | before_p_ones & below, before_p_ones & below_ones
            gates += (before_g & through).bit_count()
            g_ones |= through_ones
            g = (g | through) & ~g_ones
            below, below_ones = before_p << distance & at, before_p_ones << distance & at
            gates += (before_p & below).bit_count()
            p = p & ~at | before_p & (below | below_ones) | before_p_ones & below
            p_ones = p_ones & ~at | before_p_ones & below_ones
    return gates, (g, g_ones), (p, p_ones)


@lru_cache(maxsize=4096)
def prefix_network(width: int, kind: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return the levels of a network: at each distance, the positions that take something from that far below, as binary places.

    They are those of `hwmodel_rtl.adders.prefix_network`.
    """
    levels: list[tuple[tuple[int, int], ...]] = []
    reach = 1
    while reach < width:
        match kind:
            case "kogge_stone":
                levels.append(((reach, _every(reach, 1, width)),))
            case "sklansky":
                levels.append(tuple((i + 1, _every(reach + i, 2 * reach, width)) for i in range(reach)))
            case _:
                levels.append(((reach, _every(2 * reach - 1, 2 * reach, width)),))
        reach *= 2
    if kind in ("brent_kung", "sparse"):
        while reach > 1:
            levels.append(((reach // 2, _every(reach + reach // 2 - 1, reach, width)),))
            reach //= 2
    return tuple(level for level in levels if any(places for _, places in level))


def _every(start: int, step: int, width: int) -> int:
    """Return the positions ``range(start, width, step)`` as binary places."""
    count = len(range(start, width, step))
    return ((1 << (step * count)) - 1) // ((1 << step) - 1) << start


def network_size(width: int, kind: str) -> int:
    """Return in how many places a network merges two groups of bits."""
    return sum(places.bit_count() for level in prefix_network(width, kind) for _, places in level)
