"""Tapered codes cut into their fields: those of posits, and of logarithms laid out like them."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .adders import add, constant
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .shifter import shift_left


def tapered_fields(m: Module, cells: AdderCells, code: Value, tail_bits: int) -> tuple[Value, Value]:
    """Return the regime as an integer, and what stands behind it: exponent and fraction.

    The regime is a run of equal bits and the bit that ends it: length - 1 of a run of ones, minus the length of one of zeros.
    What stands behind it moves up to the top of its longest possible place, or of `tail_bits` where those are more: missing bits
    count as zeros. Both mean nothing in the codes 0 and 10…0.
    """
    width, sign = len(code), code[-1]
    body = Signal(width - 1, name="body")
    flipped = [bit ^ sign for bit in code[:-1]]
    m.d.comb += body.eq(Cat(*add(m, cells, flipped, constant(0, width - 1), sign)[:-1]))

    # The run, its first bit left out, as leading zeros; a one below ends a run that fills the code.
    ones = body[-1]
    run = Signal(width - 2, name="run")
    m.d.comb += run.eq(body[:-1] ^ ones.replicate(width - 2))
    length, _ = leading_zero_count(m, Cat(Const(1, 1), run))
    regime = Cat(length ^ (~ones).replicate(len(length)), ~ones)
    padding = max(tail_bits - (width - 3), 0)
    return regime, shift_left(m, Cat(Const(0, padding), body[: width - 3]), length, width - 3 + padding, "rest")
