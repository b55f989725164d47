"""Carry-propagate adders over lists of bits, least significant first."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .cells import AdderCells, Bit
from .wires import wire

SPARSE_GROUP = 4
"""Bits of a group of a sparse adder."""


def add(m: Module, cells: AdderCells, a: Sequence[Bit], b: Sequence[Bit], carry: Bit = 0, kind: str = "ripple") -> list[Bit]:
    """Return ``a + b + carry``, one bit longer than the operands, which have equal length.

    Parameters
    ----------
    kind
        One of `hwmodel_rtl.architecture.ADDERS`.
    """
    assert len(a) == len(b)
    if kind == "ripple" or len(a) < 4:
        return _ripple(cells, a, b, carry)
    return _sparse(m, a, b, carry) if kind == "sparse" else _prefix(m, a, b, carry, kind)


def _ripple(cells: AdderCells, a: Sequence[Bit], b: Sequence[Bit], carry: Bit) -> list[Bit]:
    total: list[Bit] = []
    for x, y in zip(a, b, strict=True):
        low, carry = cells.full(x, y, carry)
        total.append(low)
    return [*total, carry]


def prefix_network(width: int, kind: str) -> list[list[tuple[int, int]]]:
    """Return the levels of a parallel-prefix network: in each, the pairs ``(i, j)`` that make span i..k of i..j+1 and j..k.

    Sources: J. Sklansky 1960; P. Kogge and H. Stone 1973; R. Brent and H. Kung 1982, which also a sparse adder has.
    """
    levels: list[list[tuple[int, int]]] = []
    reach = 1
    while reach < width:
        if kind == "kogge_stone":
            levels.append([(i, i - reach) for i in range(reach, width)])
        elif kind == "sklansky":
            levels.append([(i, (i // reach) * reach - 1) for i in range(width) if (i // reach) % 2])
        else:
            levels.append([(i, i - reach) for i in range(2 * reach - 1, width, 2 * reach)])
        reach *= 2
    if kind in ("brent_kung", "sparse"):
        while reach > 1:
            levels.append([(i, i - reach // 2) for i in range(reach + reach // 2 - 1, width, reach)])
            reach //= 2
    return [level for level in levels if level]


def _prefix(m: Module, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, kind: str) -> list[Bit]:
    half, generated = _generate(m, a, b)
    # Position 0 is the carry in: it generates, and propagates nothing.
    generate, _ = _spans(m, [Value.cast(carry)[0], *generated], [None, *half], kind)
    return [*(wire(m, p ^ g, "sum") for p, g in zip(half, generate[:-1], strict=True)), generate[-1]]


def _sparse(m: Module, a: Sequence[Bit], b: Sequence[Bit], carry: Bit) -> list[Bit]:
    """Add with a prefix network that finds the carries into groups of bits only; inside a group they ripple.

    Mapped for area a full network comes out as a chain, since a chain is smaller; of this one too little is left to gain.
    """
    half, generated = _generate(m, a, b)
    starts = range(0, len(half), SPARSE_GROUP)
    generate, propagate = [Value.cast(carry)[0]], list[Value | None]([None])
    for start in starts[:-1]:
        low, *others = range(start, start + SPARSE_GROUP)
        group_generates, group_propagates = generated[low], half[low]
        for i in others:
            group_generates = wire(m, generated[i] | (half[i] & group_generates), "group_generate")
            group_propagates = wire(m, half[i] & group_propagates, "group_propagate")
        generate.append(group_generates)
        propagate.append(group_propagates)
    carries, _ = _spans(m, generate, propagate, "brent_kung")
    total: list[Bit] = []
    for start, into in zip(starts, carries, strict=True):
        for p, g in zip(half[start : start + SPARSE_GROUP], generated[start : start + SPARSE_GROUP], strict=True):
            total.append(wire(m, p ^ into, "sum"))
            into = wire(m, g | (p & into), "carry")
    return [*total, into]


def _generate(m: Module, a: Sequence[Bit], b: Sequence[Bit]) -> tuple[list[Value], list[Value]]:
    """Return where one of two bits is set, which propagates a carry, and where both are, which generates one."""
    operands = [(Value.cast(x)[0], Value.cast(y)[0]) for x, y in zip(a, b, strict=True)]
    return [wire(m, x ^ y, "propagate") for x, y in operands], [wire(m, x & y, "generate") for x, y in operands]


def _spans(m: Module, generate: list[Value], propagate: Sequence[Value | None], kind: str) -> tuple[list[Value], list[Value | None]]:
    """Return whether each span from position 0 on generates a carry, and whether it propagates one; None: it never does."""
    generate, propagate = list(generate), list(propagate)
    for level in prefix_network(len(generate), kind):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            upper, lower = before_p[i], before_p[j]
            assert upper is not None
            generate[i] = wire(m, before_g[i] | (upper & before_g[j]), "generate")
            propagate[i] = None if lower is None else wire(m, upper & lower, "propagate")
    return generate, propagate


def add_or_subtract(
    m: Module, cells: AdderCells, a: Sequence[Bit], b: Sequence[Bit], subtract: Value, kind: str = "ripple"
) -> tuple[list[Bit], Value, Value]:
    """Return ``|a + b|`` or ``|a - b|``, its carry, and whether a difference was not positive.

    A prefix adder takes its own carry round to its end: ``a - b`` is ``a + ~b + 1`` where that carries, and the complement of
    ``a + ~b`` where not. So one adder does, where two would follow each other.

    Parameters
    ----------
    a, b
        Unsigned, of equal length.
    subtract
        Which of the two.

    Returns
    -------
    magnitude, carry, negative
        As many bits as `a`; the carry of a sum, 0 for a difference; and 0 for a sum.
    """
    flipped: list[Bit] = [Value.cast(bit)[0] ^ subtract for bit in b]
    negative, carry = Signal(name="negative"), Signal(name="carry")
    if kind == "ripple" or len(a) < 4:
        total = _ripple(cells, a, flipped, subtract)
        over = Value.cast(total[-1])[0]
        m.d.comb += [negative.eq(subtract & ~over), carry.eq(over & ~subtract)]
        turned: list[Bit] = [Value.cast(bit)[0] ^ negative for bit in total[:-1]]
        return _ripple(cells, turned, constant(0, len(a)), negative)[:-1], carry, negative
    half, generated = _generate(m, a, flipped)
    generate, propagate = _spans(m, generated, half, kind)
    around = Signal(name="carry_around")
    m.d.comb += [around.eq(subtract & generate[-1]), negative.eq(subtract & ~generate[-1]), carry.eq(generate[-1] & ~subtract)]
    carries: list[Value] = [around, *(g | (p & around) for g, p in zip(generate[:-1], propagate[:-1], strict=True))]
    magnitude = Signal(len(a), name="magnitude")
    m.d.comb += magnitude.eq(Cat(*(p ^ c ^ negative for p, c in zip(half, carries, strict=True))))
    return list(magnitude), carry, negative


def count_up_or_down(m: Module, bits: Sequence[Bit], up: Value, down: Value, kind: str) -> list[Bit]:
    """Return `bits` plus one, minus one (not both), or as they are; `up` and `down` may be late, since what they meet is ready by then."""
    ones, zeros = _runs(m, bits, kind), _runs(m, invert(bits), kind)
    counted = Signal(len(bits), name="counted")
    m.d.comb += counted.eq(Cat(*bits) ^ Cat(*((up & one) | (down & zero) for one, zero in zip(ones, zeros, strict=True))))
    return list(counted)


def _runs(m: Module, bits: Sequence[Bit], kind: str) -> list[Value]:
    """Return for each bit whether all bits below are one."""
    runs: list[Value] = [Value.cast(bit)[0] for bit in bits[:-1]]
    network = [[(i, i - 1)] for i in range(1, len(runs))] if kind == "ripple" else prefix_network(len(runs), kind)
    for level in network:
        before = list(runs)
        for i, j in level:
            runs[i] = wire(m, before[i] & before[j], "run")
    return [Const(1, 1), *runs]


def invert(bits: Sequence[Bit]) -> list[Bit]:
    """Return the complement of every bit."""
    return [1 - bit if isinstance(bit, int) else ~bit for bit in bits]


def constant(value: int, width: int) -> list[Bit]:
    """Return `value` modulo ``2**width`` as bits."""
    return [(value >> i) & 1 for i in range(width)]


def extend(bits: Sequence[Bit], width: int, *, signed: bool) -> list[Bit]:
    """Return `bits` with the sign (or zeros) repeated up to `width`."""
    fill: Bit = bits[-1] if signed and bits else 0
    return [*bits, *[fill] * (width - len(bits))][:width]


def offset_by(m: Module, bits: Sequence[Value], offset: int) -> Signal:
    """Return ``bits + offset`` modulo ``2**len(bits)`` as plain gates: of two sums of the same bits most gates are one."""
    total, carry = Signal(len(bits), name=f"plus_{offset}"), Const(0, 1)
    for i, bit in enumerate(bits):
        one = (offset >> i) & 1
        m.d.comb += total[i].eq(~(bit ^ carry) if one else bit ^ carry)
        carry = (bit | carry) if one else bit & carry
    return total
