"""Sign and magnitude of a fixed-point register that is added into another accumulator."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import fixed_shape

from .adders import add, constant
from .cells import AdderCells
from .number import signature


class Magnitude(wiring.Component):
    """Two's complement to sign and magnitude, for a fixed-point register that is added into another. Combinational.

    Attributes
    ----------
    code : In(width)
        The register.
    number : Out(signature(shape))
        Its value.
    """

    def __init__(self, fixed: FixedPoint) -> None:
        self.shape = fixed_shape(fixed.width, fixed.fraction)
        super().__init__({"code": In(fixed.width), "number": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        sign, width = self.code[-1], len(self.code)
        flipped = Signal(width)
        m.d.comb += flipped.eq(self.code ^ sign.replicate(width))
        m.d.comb += self.number.significand.eq(Cat(*add(m, AdderCells(m), list(flipped), constant(0, width), sign)))
        m.d.comb += self.number.sign.eq(sign)
        return m
