"""Halved subnormals, written with the exponent that a tensor core aligns them by."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec.dataflow import raised_shape
from hwmodel.spec.ranges import NumberShape

from .number import fields, signature


class RaiseHalved(wiring.Component):
    """Give subnormals that are worth half the exponent of the smallest normal number, and a significand a place lower. Combinational.

    Attributes
    ----------
    number : In
        The operand, not normalised; a subnormal has the exponent 0.
    raised : Out(signature(shape))
        The same number, of shape `shape`, whose significand is a bit longer.
    """

    def __init__(self, number: NumberShape) -> None:
        self.number_shape = number
        self.shape = raised_shape(number)
        super().__init__({"number": In(signature(number)), "raised": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        number, raised = self.number, self.raised
        normal = number.significand[-1]
        m.d.comb += raised.significand.eq(Mux(normal, Cat(Const(0, 1), number.significand), number.significand))
        for name in fields(self.shape):
            if name != "significand":
                m.d.comb += getattr(raised, name).eq(getattr(number, name))
        if self.shape.has_exponent:
            m.d.comb += raised.exponent.eq(number.exponent | ~normal)
        return m
