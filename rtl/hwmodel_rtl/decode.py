"""Decode: a code becomes an unpacked number."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FloatFormat, Format, IntCoding, IntFormat, PositFormat, Specials
from hwmodel.spec.ranges import operand_shape

from .adders import add, constant, extend, invert
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .number import signature
from .posit import unpack_posit
from .shifter import shift_left


class Decode(wiring.Component):
    """Unpack one operand: sign, exponent, significand, specials. Combinational.

    Parameters
    ----------
    fmt
        The operand's format.
    normalised
        Shift subnormals (and integers) until their highest bit is one. A float accumulator wants that; a fixed-point one
        shifts the product anyway and does not.

    Attributes
    ----------
    code : In(fmt.width)
        The operand.
    number : Out(signature(shape))
        The unpacked number, of shape `shape`.
    """

    def __init__(self, fmt: Format, *, normalised: bool) -> None:
        self.fmt = fmt
        self.normalised = normalised
        self.shape = operand_shape(fmt, normalised=normalised)
        super().__init__({"code": In(fmt.width), "number": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        if isinstance(self.fmt, IntFormat):
            self._integer(m, cells, self.fmt)
        elif isinstance(self.fmt, PositFormat):
            unpack_posit(m, cells, self.code, self.number, self.fmt)
        else:
            self._float(m, cells, self.fmt)
        return m

    def _integer(self, m: Module, cells: AdderCells, fmt: IntFormat) -> None:
        bits = self.shape.significand_bits
        magnitude = Signal(bits)
        if fmt.signed:
            sign = self.code[-1]
            m.d.comb += self.number.sign.eq(sign)
        if fmt.coding is IntCoding.TWOS_COMPLEMENT:
            flipped = Signal(bits)
            m.d.comb += flipped.eq(self.code ^ sign.replicate(fmt.width))
            m.d.comb += magnitude.eq(Cat(*add(m, cells, list(flipped), constant(0, bits), sign)))
        else:
            m.d.comb += magnitude.eq(self.code[:bits])
        if not self.normalised:
            m.d.comb += self.number.significand.eq(magnitude)
            return
        zeros, _ = leading_zero_count(m, magnitude)
        m.d.comb += self.number.significand.eq(shift_left(m, magnitude, zeros, bits))
        if self.shape.has_exponent:
            m.d.comb += self.number.exponent.eq(self._minus(m, cells, zeros))

    def _float(self, m: Module, cells: AdderCells, fmt: FloatFormat) -> None:
        fraction = self.code[: fmt.fraction_bits]
        exponent = self.code[fmt.fraction_bits : fmt.fraction_bits + fmt.exponent_bits]
        number = self.number
        exponent_zero = Signal()
        m.d.comb += exponent_zero.eq(~exponent.any())
        if fmt.signed:
            m.d.comb += number.sign.eq(self.code[-1])
        if not fmt.subnormals:
            hidden = (exponent.any() | fraction.any()) if fmt.fraction_bits else ~exponent_zero
            # The code 0 has a significand of zeros already, but for the hidden bit.
            m.d.comb += number.significand.eq(Cat(fraction, hidden))
            if self.shape.has_exponent:
                m.d.comb += number.exponent.eq(exponent)
        elif self.normalised and fmt.fraction_bits:
            zeros, _ = leading_zero_count(m, fraction)
            shifted = shift_left(m, fraction, zeros, fmt.fraction_bits)
            m.d.comb += number.significand.eq(Mux(exponent_zero, Cat(Const(0, 1), shifted), Cat(fraction, Const(1, 1))))
            # A subnormal's exponent is minus its leading zeros; the field it replaces is all zeros.
            below = Signal(len(number.exponent))
            m.d.comb += below.eq(self._minus(m, cells, zeros) & exponent_zero.replicate(len(below)))
            m.d.comb += number.exponent.eq(below | exponent)
        else:
            m.d.comb += number.significand.eq(Cat(fraction, ~exponent_zero))
            if self.shape.has_exponent:
                m.d.comb += number.exponent.eq(exponent | exponent_zero)
        self._specials(m, fmt, fraction, exponent)

    def _minus(self, m: Module, cells: AdderCells, zeros: Value) -> Value:
        """Return minus a leading-zero count, as wide as the exponent."""
        width = len(self.number.exponent)
        return Cat(*add(m, cells, invert(extend(list(zeros), width, signed=False)), constant(0, width), 1))[:width]

    def _specials(self, m: Module, fmt: FloatFormat, fraction, exponent) -> None:
        match fmt.specials:
            case Specials.IEEE:
                m.d.comb += self.number.nan.eq(exponent.all() & fraction.any())
                m.d.comb += self.number.inf.eq(exponent.all() & ~fraction.any())
            case Specials.FN:
                m.d.comb += self.number.nan.eq(exponent.all() & (fraction.all() if fmt.fraction_bits else 1))
            case Specials.FNUZ:
                m.d.comb += self.number.nan.eq(self.code[-1] & ~self.code[:-1].any())
