"""The rounding of a product before it is added, as `.unfused` asks for."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FloatAcc
from hwmodel.spec.ranges import NumberShape, rounded_state

from .adders import add, constant, extend
from .architecture import Architecture
from .cells import AdderCells
from .normacc import normalise_and_round
from .number import exponent_of, field, signature
from .shifter import shift_right_sticky


class RoundTerm(wiring.Component):
    """Round an unpacked number to an accumulator's format. Combinational.

    Attributes
    ----------
    term : In
        The number.
    rounded : Out(signature(shape))
        The number rounded, of shape `shape`.
    zero : Out(1)
        Whether it is zero now.
    """

    def __init__(self, acc: FloatAcc, term: NumberShape, architecture: Architecture) -> None:
        self.accumulator = acc
        self.term_shape = term
        self.state = rounded_state(acc, term)
        self.shape = self.state.shape
        self.architecture = architecture
        super().__init__({"term": In(signature(term)), "rounded": Out(signature(self.shape)), "zero": Out(1)})

    @staticmethod
    def needed(acc: FloatAcc, term: NumberShape) -> bool:
        """Return whether some value of `term` is not a number of the format already."""
        fmt = acc.format
        # Without subnormals 2**emin and what is finer are no numbers.
        finest = fmt.lsb_exponent if fmt.subnormals else fmt.emin + 1
        exact = term.significand_bits <= fmt.precision and term.lsb >= finest and not rounded_state(acc, term).overflows
        return not exact or (term.inf and not fmt.has_inf) or (acc.ftz and fmt.subnormals and term.lsb < fmt.emin)

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        exponent = exponent_of(self.term, self.term_shape)
        significand, exponent = self._raise_to_floor(m, cells, exponent)
        result = normalise_and_round(m, cells, significand, exponent, self.accumulator, self.state, self.architecture)
        rounded, shape = self.rounded, self.shape
        m.d.comb += rounded.significand.eq(result.significand)
        if shape.has_exponent:
            m.d.comb += rounded.exponent.eq(result.exponent)
        infinite = field(self.term, "inf") | result.infinite
        if shape.nan:
            to_nan = 0 if self.accumulator.format.has_inf else infinite
            m.d.comb += rounded.nan.eq(field(self.term, "nan") | to_nan)
        if shape.inf:
            m.d.comb += rounded.inf.eq(infinite)
        if shape.signed:
            m.d.comb += rounded.sign.eq(field(self.term, "sign"))
        leading_zeros = self.state.floored and self.accumulator.format.subnormals
        m.d.comb += self.zero.eq(~(rounded.significand.any() if leading_zeros else rounded.significand[-1]))
        return m

    def _raise_to_floor(self, m: Module, cells: AdderCells, exponent):
        """Shift a term below the format's range down to the floor; give it the empty top bit of a sum."""
        shape, floor = self.term_shape, self.shape.exponent_low
        significand = self.term.significand
        if not self.state.floored or shape.exponent_low >= floor:
            return Cat(significand, Const(0, 1)), exponent
        width = max(len(exponent), len(Const(floor))) + 2
        room = Signal(width)
        operand = extend(list(exponent), width, signed=exponent.shape().signed)
        m.d.comb += room.eq(Cat(*add(m, cells, operand, constant(-floor, width))[:width]))
        below = room[-1]
        distance = Signal(width - 1)
        minus = add(m, cells, [~bit for bit in room[:-1]], constant(0, width - 1), 1)
        m.d.comb += distance.eq(Cat(*minus[:-1]) & below.replicate(width - 1))
        window = max(shape.significand_bits, self.accumulator.format.precision + 1)
        aligned, sticky = shift_right_sticky(m, significand, distance, window)
        raised = Signal(exponent.shape(), name="exponent_raised")
        m.d.comb += raised.eq(Mux(below, floor, exponent))
        return Cat(sticky, aligned, Const(0, 1)), raised
