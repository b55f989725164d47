"""Alignadd of floating point: the product and the accumulator are brought to one grid and added."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec.ranges import NumberShape, float_window

from .adders import add, add_or_subtract, extend, invert
from .architecture import Architecture
from .cells import AdderCells
from .near_path import NearPath, subtract_near
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
    near
        The near path that there is beside; None: there is one path.

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
    near, near_significand : Out
        Only if there are two paths: whether the near one has the sum, and its magnitude. The highest bit has the weight of the
        accumulator's exponent + 1.
    sign, zero_sign : Out(1)
        Sign of the sum, and what it is if the sum is exactly zero: negative only where both are.
    """

    def __init__(
        self, term: NumberShape, acc: NumberShape, architecture: Architecture, random_bits: int = 0, *, near: NearPath | None = None
    ) -> None:
        assert term.top == acc.top
        self.term_shape, self.acc_shape = term, acc
        self.architecture = architecture
        # What falls out of the window is the adder's lowest bit: a subtraction borrows from it, so the bits above are those
        # of the exact sum, truncated.
        self.window = float_window(term, acc, random_bits)
        low, high = min(term.exponent_low, acc.exponent_low), max(term.exponent_high, acc.exponent_high)
        self.exponent_range = (acc.exponent_low, high) if acc.exponent_low > term.exponent_low else (low, high)
        self.near_path = near
        super().__init__(
            ({"near": Out(1), "near_significand": Out(near.bits)} if near else {})
            | {
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
        magnitude, carry, negative = add_or_subtract(m, cells, [0, *larger], [sticky, *aligned], subtract, self.architecture.adder)
        m.d.comb += self.significand.eq(Cat(*magnitude, carry))
        m.d.comb += self.exponent.eq(Mux(term_leads, term_exponent, acc_exponent))
        leading_sign = Mux(term_leads, field(term, "sign"), field(acc, "sign"))
        sign = leading_sign ^ negative
        if self.near_path is not None:
            close, near, near_negative = subtract_near(
                m, cells, self.near_path, term.significand, acc.significand, Cat(*difference), self.architecture.adder
            )
            m.d.comb += [self.near.eq(close & subtract), self.near_significand.eq(near)]
            sign = Mux(self.near, field(term, "sign") ^ near_negative, sign)
        m.d.comb += self.sign.eq(sign)
        m.d.comb += self.zero_sign.eq(field(term, "sign") & field(acc, "sign"))
        return m
