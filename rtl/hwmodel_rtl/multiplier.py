"""Partial products of integer multiplications, as columns of a compressor tree."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value

from .cells import Bit
from .compressor import Columns


def multiply(m: Module, columns: Columns, a: Sequence[Value], b: Sequence[Value], *, a_signed: bool, b_signed: bool, kind: str) -> None:
    """Add ``a * b`` to `columns`.

    Parameters
    ----------
    a, b
        Bits, least significant first; two's complement where signed.
    kind
        One of `hwmodel_rtl.architecture.MULTIPLIERS`.
    """
    if kind == "booth" and min(len(a), len(b)) >= 4:
        # The shorter operand is recoded: fewer rows.
        if len(b) > len(a):
            a, b, a_signed, b_signed = b, a, b_signed, a_signed
        _booth(m, columns, a, b, a_signed=a_signed, b_signed=b_signed)
    else:
        _baugh_wooley(m, columns, a, b, a_signed=a_signed, b_signed=b_signed)


def _baugh_wooley(m: Module, columns: Columns, a: Sequence[Value], b: Sequence[Value], *, a_signed: bool, b_signed: bool) -> None:
    """One row a bit of `b`; the products of one sign bit have negative weight."""
    for j, y in enumerate(b):
        for i, x in enumerate(a):
            product = Signal(name=f"pp_{j}_{i}")
            negative = (a_signed and i == len(a) - 1) != (b_signed and j == len(b) - 1)
            if negative:
                # The complement is what goes into the tree: a NAND instead of an AND and an inverter.
                m.d.comb += product.eq(~(x & y))
                columns.add_bit(product, i + j)
                columns.constant -= 1 << (i + j)
            else:
                m.d.comb += product.eq(x & y)
                columns.add_bit(product, i + j)


def _booth(m: Module, columns: Columns, a: Sequence[Value], b: Sequence[Value], *, a_signed: bool, b_signed: bool) -> None:
    """Radix-4 Booth rows: digits -2..2 of `b` (O. MacSorley, "High-speed arithmetic in binary computers", 1961)."""
    bits: list[Bit] = [0, *b]
    top: Bit = b[-1] if b_signed else 0
    bits += [top] * (2 + len(bits) % 2)
    # Twice a, or its complement, takes one bit more than a signed a.
    multiplicand = list(a) if a_signed else [*a, Value.cast(0)[0]]
    for row, j in enumerate(range(0, len(b) + (not b_signed), 2)):
        low, mid, high = (Value.cast(bit)[0] for bit in bits[j : j + 3])
        one, two, negative = (Signal(name=f"booth_{name}_{row}") for name in ("one", "two", "negative"))
        m.d.comb += [one.eq(low ^ mid), two.eq(Mux(high, ~(low | mid), low & mid)), negative.eq(high & ~(low & mid))]
        width = len(multiplicand) + 1
        selected = Signal(width, name=f"booth_row_{row}")
        for i in range(width):
            same = multiplicand[min(i, len(multiplicand) - 1)]
            doubled = multiplicand[i - 1] if i else Value.cast(0)[0]
            m.d.comb += selected[i].eq(((one & same) | (two & doubled)) ^ negative)
        columns.add_signed(list(selected), j)
        columns.add_bit(negative, j)
