"""Mpy of logarithms: they are added, and the sum becomes linear through a table."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import LogFormat
from hwmodel.spec.ranges import log_product_shape

from .adders import add, extend
from .cells import AdderCells
from .decode_log import log_signature
from .number import exponent_shape, signature
from .select import read


class MpyLog(wiring.Component):
    """Multiply two logarithmic numbers into a linear product. Combinational.

    The sum of the logarithms, in steps of 1/γ, is exact. Its low bits, the step inside the octave, choose a significand from a
    table of γ; the bits above are the product's exponent.

    Parameters
    ----------
    a, b
        The operands' formats, which have the same γ and table.

    Attributes
    ----------
    a, b : In
        The operands, as `DecodeLog` gives them.
    valid : In(1)
        When low the product is -0, the number that changes no accumulator.
    product : Out(signature(shape))
        The product, of shape `shape`; normalised.
    zero : Out(1)
        Whether the product is zero.
    """

    def __init__(self, a: LogFormat, b: LogFormat) -> None:
        self.formats = a, b
        self.shape = log_product_shape(a, b)
        operands = {name: In(log_signature(fmt)) for name, fmt in (("a", a), ("b", b))}
        super().__init__({**operands, "valid": In(1), "product": Out(signature(self.shape)), "zero": Out(1)})

    def elaborate(self, platform):
        m = Module()
        fmt, a, b, product = self.formats[0], self.a, self.b, self.product
        width = fmt.step_bits + len(Signal(exponent_shape(self.shape.exponent_low, self.shape.exponent_high)))
        total = Signal(width)
        x, y = (extend(list(each.log), width, signed=True) for each in (a, b))
        m.d.comb += total.eq(Cat(*add(m, AdderCells(m), x, y)[:width]))
        number = Signal()  # there is something to add that is not zero
        m.d.comb += [number.eq(self.valid & ~a.zero & ~b.zero), self.zero.eq(~number)]
        entry = read(total[: fmt.step_bits], fmt.table, self.shape.significand_bits)
        m.d.comb += product.significand.eq(Cat(*(bit & number for bit in entry)))
        if self.shape.has_exponent:
            m.d.comb += product.exponent.eq(total[fmt.step_bits :])
        m.d.comb += product.sign.eq((a.sign ^ b.sign) | ~self.valid)
        m.d.comb += product.nan.eq((a.nan | b.nan) & self.valid)
        return m
