"""What can be done to a product before it is added: rounding, as `.unfused` asks for, and another origin of its exponent."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FloatAcc, PositFormat
from hwmodel.spec.ranges import NumberShape, operand_shape, rounded_state

from .adders import add, constant, extend
from .architecture import Architecture
from .cells import AdderCells
from .normround import normalise_and_round
from .number import exponent_of, exponent_shape, field, fields, signature
from .posit import round_posit
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
        fits = floor <= shape.exponent_high
        raised = Signal(exponent.shape() if fits else exponent_shape(min(shape.exponent_low, 0), floor), name="exponent_raised")
        m.d.comb += raised.eq(Mux(below, floor, exponent))
        return Cat(sticky, aligned, Const(0, 1)), raised


class RoundTermPosit(wiring.Component):
    """Round an unpacked number to a posit. Combinational.

    Attributes
    ----------
    term : In
        The number, normalised.
    rounded : Out(signature(shape))
        The posit, of shape `shape`; zero only if `term` is, and NaR if that is NaN or infinite.
    """

    def __init__(self, fmt: PositFormat, term: NumberShape, architecture: Architecture) -> None:
        self.fmt = fmt
        self.term_shape = term
        self.shape = operand_shape(fmt, normalised=True)
        self.architecture = architecture
        super().__init__({"term": In(signature(term)), "rounded": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        term, shape = self.term, self.term_shape
        significand, exponent = Cat(term.significand, Const(0, 1)), exponent_of(term, shape)
        result = round_posit(m, AdderCells(m), significand, exponent, shape.top, self.fmt, self.architecture.adder)
        m.d.comb += [
            self.rounded.significand.eq(result.significand),
            self.rounded.exponent.eq(result.exponent),
            self.rounded.sign.eq(field(term, "sign")),
            self.rounded.nan.eq(field(term, "nan") | field(term, "inf")),
        ]
        return m


class RebaseTerm(wiring.Component):
    """Count a number's exponent from another place. Combinational.

    Attributes
    ----------
    term : In
        The number.
    rebased : Out(signature(shape))
        The same number, of shape `shape`, whose `top` is as asked for.
    """

    def __init__(self, term: NumberShape, *, top: int) -> None:
        self.offset = term.top - top
        self.term_shape = term
        low, high = term.exponent_low + self.offset, term.exponent_high + self.offset
        self.shape = term._replace(exponent_low=low, exponent_high=high, top=top)
        super().__init__({"term": In(signature(term)), "rebased": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        for name in fields(self.shape):
            if name != "exponent":
                m.d.comb += getattr(self.rebased, name).eq(getattr(self.term, name))
        if self.shape.has_exponent:
            exponent = self.term.exponent
            width = len(self.rebased.exponent)
            operand = extend(list(exponent), width, signed=exponent.shape().signed)
            m.d.comb += self.rebased.exponent.eq(Cat(*add(m, AdderCells(m), operand, constant(self.offset, width))[:width]))
        return m
