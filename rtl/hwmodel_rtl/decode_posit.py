"""Posits unpacked as they stand, in two's complement."""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import PositFormat
from hwmodel.spec.posit_products import signed_posit_exponents

from .number import exponent_shape
from .tapered import tapered_fields


def signed_posit_signature(fmt: PositFormat) -> wiring.Signature:
    """Return the ports that carry a posit in two's complement, see `hwmodel.spec.posit_products`.

    `fraction`, where it has one, and `sign` are the significand; `zero` tells the codes 0 and 10…0, of which the others mean nothing.
    """
    exponents = signed_posit_exponents(fmt)
    fraction = {"fraction": Out(fmt.fraction_bits)} if fmt.fraction_bits else {}
    exponent = {"exponent": Out(exponent_shape(exponents[0], exponents[-1]))}
    return wiring.Signature({**fraction, **exponent, "nan": Out(1), "sign": Out(1), "zero": Out(1)})


class DecodePosit(wiring.Component):
    """Unpack one posit without taking its sign off. Combinational.

    Parameters
    ----------
    fmt
        The operand's format.

    Attributes
    ----------
    code : In(fmt.width)
        The operand.
    number : Out(signed_posit_signature(fmt))
        The unpacked operand.
    """

    def __init__(self, fmt: PositFormat) -> None:
        self.fmt = fmt
        super().__init__({"code": In(fmt.width), "number": Out(signed_posit_signature(fmt))})

    def elaborate(self, platform):
        m = Module()
        es, number, sign = self.fmt.exponent_bits, self.number, self.code[-1]
        fields = tapered_fields(m, self.code[:-1], es)
        split = len(fields.rest) - es
        # The complement of a negative one's exponent, of which the regime's sign is the complement of `ones`.
        positive = fields.ones ^ sign
        regime = Cat(fields.length ^ (~positive).replicate(len(fields.length)), ~positive)
        exponent = Cat(fields.rest[split:] ^ sign.replicate(es), regime)
        m.d.comb += [
            number.exponent.eq(exponent.as_signed()),
            number.nan.eq(sign & ~fields.nonzero),
            number.sign.eq(sign),
            number.zero.eq(~fields.nonzero),
        ]
        if self.fmt.fraction_bits:
            m.d.comb += number.fraction.eq(fields.rest[:split])
        return m
