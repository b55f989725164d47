"""The near path of a float addition: differences of numbers so close that many leading bits cancel.

Such a difference needs a long normalising shift, but hardly any alignment; every other sum needs a long alignment, but is normalised by
a few places at most. Apart, no sum passes through two long shifters.

Source: P. M. Farmwald, "On the Design of High Performance Digital Arithmetic Units", PhD thesis, Stanford, 1981.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwmodel.spec.ranges import NumberShape

from .adders import add_or_subtract
from .cells import AdderCells


@dataclass(frozen=True)
class NearPath:
    """How wide the near path is, and what it leaves to the far one.

    Attributes
    ----------
    bits
        Of a difference: one more than the accumulator on top, and a term that starts a place below it.
    zeros
        That may stand on top of a term: 1 or 0.
    """

    bits: int
    zeros: int

    @property
    def far_zeros(self) -> int:
        """The most zeros on top of the far path's sum, one place of headroom included, unless it is zero or at the floor of exponents."""
        return 2 + self.zeros

    @classmethod
    def of(cls, term: NumberShape, acc: NumberShape) -> "NearPath":
        return cls(max(acc.significand_bits + 1, term.significand_bits + 2), term.leading_zeros)


@dataclass(frozen=True)
class NearSum:
    """A sum by the near path, beside that by the far one.

    Attributes
    ----------
    taken
        Whether this is the sum.
    significand
        Its magnitude; the highest bit has the weight of `exponent` + 1.
    exponent
        That of the accumulator.
    path
        Both paths' measures.
    """

    taken: Value
    significand: Value
    exponent: Value
    path: NearPath


def subtract_near(
    m: Module, cells: AdderCells, path: NearPath, term: Value, acc: Value, difference: Value, adder: str
) -> tuple[Value, Value, Value]:
    """Subtract an accumulator from a term whose exponent is one less, equal, one more, or, if its highest bit is zero, two more.

    Parameters
    ----------
    term, acc
        Significands.
    difference
        The term's exponent less the accumulator's, two's complement.

    Returns
    -------
    close
        Whether the exponents are so close.
    magnitude, negative
        Of the difference, if they are; its highest bit has twice the weight of the accumulator's.
    """
    bits = path.bits

    def place(above: int) -> Value:
        """Put the term `above` places over the accumulator."""
        below = bits - 1 + above - len(term)
        return Cat(Const(0, max(below, 0)), term, Const(0, 1))[max(-below, 0) :][:bits]

    placed = Signal(bits, name="term_near")
    up = Mux(difference[0], place(1), place(0))
    away = Mux(difference[0], place(-1), place(2))
    m.d.comb += placed.eq(Mux(difference[1], away, up))
    magnitude, _, negative = add_or_subtract(
        m, cells, list(placed), [*Const(0, bits - 1 - len(acc)), *acc, Const(0, 1)], Const(1, 1), adder
    )
    within = ~difference[2:].any() & ~(difference[1] & (difference[0] | (term[-1] if path.zeros else 1)))
    close = Signal(name="exponents_close")
    m.d.comb += close.eq(within | difference.all())
    return close, Cat(*magnitude), negative
