"""Alignadd of a fixed-point accumulator whose terms reach far beyond it: sums of blocks, whose scales span hundreds of binades."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import BoundedShift, NumberShape

from .adders import add, constant, extend
from .alignadd_fixed import drop_below_unit
from .architecture import Architecture
from .cells import AdderCells
from .number import field, signature
from .shifter import shift_left_overflow


class AlignAddFar(wiring.Component):
    """Shift a number to a fixed-point accumulator's grid, bring it to its unit, and add. Combinational.

    The shift is bounded: a number far below the unit is moved to where its highest bit is two places below, which rounds alike, and
    of one so large that it lies above the accumulator altogether, nothing is left but that it overflows. The shifter is as wide as
    accumulator and number together, however far exponents reach.

    Parameters
    ----------
    term
        Shape of the number; it has an exponent.
    fixed
        The accumulator.
    rounding
        ``"floor"`` or ``"rne"``: how bits below the unit are dropped.

    Attributes
    ----------
    term : In
        The number.
    acc : In(fixed.width)
        The accumulator.
    total : Out(total_width)
        The sum: its low bits are right, and those above tell whether it fits and its sign.
    """

    def __init__(self, term: NumberShape, fixed: FixedPoint, rounding: str, architecture: Architecture) -> None:
        self.term_shape = term
        self.fixed = fixed
        self.rounding = rounding
        self.architecture = architecture
        shift = BoundedShift.of(term, fixed.width, fixed.fraction)
        self.place, self.lowest, self.highest = shift.place, shift.lowest, shift.highest
        self.total_width = fixed.width + 2
        super().__init__({"term": In(signature(term)), "acc": In(fixed.width), "total": Out(self.total_width)})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        shape, term, width = self.term_shape, self.term, len(self.acc)
        finite = Signal(shape.significand_bits)
        special = field(term, "nan") | field(term, "inf")
        m.d.comb += finite.eq(term.significand & (~special).replicate(shape.significand_bits))
        shifted, beyond = shift_left_overflow(m, finite, self._amount(m, cells), width - self.lowest)

        inexact = shape.lsb + self.fixed.fraction < 0
        magnitude, increment = drop_below_unit(shifted, self.lowest, field(term, "sign"), self.rounding if inexact else None)
        bits = extend([*constant(0, max(self.lowest, 0)), *magnitude], width + 2, signed=False)
        sign = Signal(name="subtract")
        carry = Signal(name="carry_in")
        m.d.comb += [sign.eq(field(term, "sign")), carry.eq(sign ^ increment)]
        inverted = [sign if isinstance(bit, int) else bit ^ sign for bit in bits]
        acc = extend(list(self.acc), width + 2, signed=True)
        exact = Cat(*add(m, cells, acc, inverted, carry, kind=self.architecture.adder)[: width + 2])
        # A number of 2**width units or more fits with no accumulator.
        m.d.comb += self.total.eq(Cat(exact[:width], Mux(beyond, Cat(~sign, sign), exact[width:])))
        return m

    def _amount(self, m: Module, cells: AdderCells) -> Value:
        """Return how far the number is shifted from its lowest place."""
        exponent, most = self.term.exponent, self.highest - self.lowest
        offset = self.place - self.lowest  # the amount at exponent 0
        ends = self.term_shape.exponent_low + offset, self.term_shape.exponent_high + offset
        width = 2 + max(abs(end).bit_length() for end in (*ends, offset, most))
        wanted = add(m, cells, extend(list(exponent), width, signed=exponent.shape().signed), constant(offset, width))[:width]
        amount = Signal(most.bit_length())
        kept: Value = Cat(*wanted[: len(amount)])
        if ends[1] > most:
            above = add(m, cells, wanted, constant(-most - 1, width))[:width]
            kept = Mux(above[-1], kept, Const(most, len(amount)))
        if ends[0] < 0:
            kept = kept & (~Cat(wanted[-1])).replicate(len(amount))
        m.d.comb += amount.eq(kept)
        return amount
