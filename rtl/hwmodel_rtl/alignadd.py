"""Alignadd of floating point: the product and the accumulator are brought to one grid and added."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec.ranges import NumberShape

from .adders import add, constant, extend, invert
from .architecture import Architecture
from .cells import AdderCells
from .number import exponent_of, exponent_shape, field, signature
from .shifter import shift_right_sticky


class AlignAddFloat(wiring.Component):
    """Add a number to a float accumulator, exactly but for one sticky bit. Combinational.

    The one with the smaller exponent is shifted right inside a window just deep enough for one correct rounding
    afterwards; what falls out of it is ORed into the window's last bit.

    Parameters
    ----------
    term, acc
        Shapes of the number and of the accumulator, with the same `top`.
    random_bits
        k of stochastic rounding, else 0.

    Attributes
    ----------
    term, acc : In
        The number and the accumulator.
    term_zero, acc_zero : In(1)
        Which of them is zero (its exponent then means nothing).
    significand : Out
        Magnitude of the sum; its highest bit has the weight of exponent + 1.
    exponent : Out
        The larger exponent.
    sign, zero_sign : Out(1)
        Sign of the sum, and what it is if the sum is exactly zero: negative only where both are.
    """

    def __init__(self, term: NumberShape, acc: NumberShape, architecture: Architecture, random_bits: int = 0) -> None:
        assert term.top == acc.top
        self.term_shape, self.acc_shape = term, acc
        self.architecture = architecture
        precision = acc.significand_bits
        # Below the larger number's highest bit: the result's digits, one guard bit (or all bits that stochastic rounding
        # looks at), one binade of cancellation, and as many zeros as may stand in front of a term that is larger only by
        # its exponent. More than one binade cancels only where the smaller is shifted by one place at most, and then it
        # is all in the window. What falls out of the window is the adder's lowest bit: a subtraction borrows from it, so
        # the bits above are those of the exact sum, truncated.
        zeros = min(term.leading_zeros, max(term.exponent_low - acc.exponent_low, 0))
        self.window = max(precision + 1 + max(1, random_bits) + zeros, term.significand_bits + 1)
        low, high = min(term.exponent_low, acc.exponent_low), max(term.exponent_high, acc.exponent_high)
        self.exponent_range = (acc.exponent_low, high) if acc.exponent_low > term.exponent_low else (low, high)
        super().__init__(
            {
                "term": In(signature(term)),
                "acc": In(signature(acc)),
                "term_zero": In(1),
                "acc_zero": In(1),
                "significand": Out(self.window + 2),
                "exponent": Out(exponent_shape(*self.exponent_range)),
                "sign": Out(1),
                "zero_sign": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        term, acc = self.term, self.acc
        term_exponent = exponent_of(term, self.term_shape)
        acc_exponent = exponent_of(acc, self.acc_shape)

        # Which is larger, and by how much: a negative difference is complemented, which is one short; the term then
        # starts one place lower.
        width = max(len(term_exponent) + (not term_exponent.shape().signed), len(acc_exponent) + (not acc_exponent.shape().signed)) + 1
        difference = add(
            m,
            cells,
            extend(list(term_exponent), width, signed=term_exponent.shape().signed),
            invert(extend(list(acc_exponent), width, signed=acc_exponent.shape().signed)),
            1,
        )[:width]
        below = Signal(name="term_below")
        distance = Signal(width - 1)
        m.d.comb += below.eq(difference[-1])
        m.d.comb += distance.eq(Cat(*difference[:-1]) ^ below.replicate(width - 1))
        term_leads = Signal()
        m.d.comb += term_leads.eq((~below | self.acc_zero) & ~self.term_zero)

        def place(value: Value, lower: int) -> Value:
            """Put a significand at the top of the window, or `lower` places down."""
            return Cat(Const(0, self.window - lower - len(value)), value, Const(0, lower))

        depth = max(self.term_shape.significand_bits + 1, self.acc_shape.significand_bits)
        larger, smaller = Signal(self.window), Signal(depth)
        m.d.comb += larger.eq(Mux(term_leads, place(term.significand, 0), place(acc.significand, 0)))
        m.d.comb += smaller.eq(Mux(term_leads, place(acc.significand, 0), place(term.significand, 1))[self.window - depth :])
        aligned, sticky = shift_right_sticky(m, smaller, distance, self.window)

        subtract = Signal()
        m.d.comb += subtract.eq(field(term, "sign") ^ field(acc, "sign"))
        addend = [bit ^ subtract for bit in (sticky, *aligned)]
        total = add(m, cells, [0, *larger], addend, subtract, kind=self.architecture.adder)
        carry, magnitude = Value.cast(total[-1])[0], Cat(*total[:-1])
        negative = Signal()
        m.d.comb += negative.eq(subtract & ~carry)
        flipped = Signal(self.window + 1)
        m.d.comb += flipped.eq(magnitude ^ negative.replicate(self.window + 1))
        absolute = add(m, cells, list(flipped), constant(0, self.window + 1), negative, kind=self.architecture.adder)[:-1]
        m.d.comb += self.significand.eq(Cat(*absolute, carry & ~subtract))
        m.d.comb += self.exponent.eq(Mux(term_leads, term_exponent, acc_exponent))
        leading_sign = Mux(term_leads, field(term, "sign"), field(acc, "sign"))
        m.d.comb += self.sign.eq(leading_sign ^ negative)
        m.d.comb += self.zero_sign.eq(field(term, "sign") & field(acc, "sign"))
        return m
