"""Mpy of posits in two's complement."""

from typing import Any

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import PositFormat
from hwmodel.spec.posit_products import posit_product_shape

from .adders import add, extend
from .architecture import Architecture
from .cells import AdderCells
from .compressor import Columns
from .decode_posit import signed_posit_signature
from .multiplier import multiply
from .number import signature
from .wires import wire

SHORT_PRODUCT = 16
"""Products of fewer bits than this are added up by a ripple adder: their compressor tree leaves it a few places only."""


class MpyPosit(wiring.Component):
    """Multiply posits in two's complement into a product in two's complement. Combinational.

    A significand is a head, 1 or -2, and a fraction. So the product is that of the fractions, each fraction times the other's head
    (itself, or the complement one place up and a one), and the product of the heads. With what the complements' signs are worth, that is
    1 of two positive numbers, 0 of two negative ones, and -4 of others, in units of the product's binary point.

    Parameters
    ----------
    a, b
        The operands' formats.

    Attributes
    ----------
    a, b : In
        The operands, as `DecodePosit` gives them.
    valid : In(1)
        When low the product is zero.
    product : Out(signature(shape))
        The product, of shape `shape`.
    """

    def __init__(self, a: PositFormat, b: PositFormat, architecture: Architecture) -> None:
        self.formats = a, b
        self.architecture = architecture
        self.shape = posit_product_shape(a, b)
        operands = {name: In(signed_posit_signature(fmt)) for name, fmt in (("a", a), ("b", b))}
        super().__init__({**operands, "valid": In(1), "product": Out(signature(self.shape))})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        a, b, product = self.a, self.b, self.product
        kind = "ripple" if self.shape.significand_bits < SHORT_PRODUCT else self.architecture.adder
        m.d.comb += [
            product.significand.eq(Cat(*self._columns(m).total(m, cells, kind))),
            product.zero.eq(a.zero | b.zero | ~self.valid),
            product.nan.eq((a.nan | b.nan) & self.valid),
        ]
        width = len(product.exponent)
        x, y = (extend(list(each.exponent), width, signed=True) for each in (a, b))
        m.d.comb += product.exponent.eq(Cat(*add(m, cells, x, y))[:width])
        return m

    def _columns(self, m: Module) -> Columns:
        a, b = self.a, self.b
        columns = Columns(self.shape.significand_bits)
        fractions = [list(number.fraction) if hasattr(number, "fraction") else [] for number in (a, b)]
        multiply(m, columns, *fractions, a_signed=False, b_signed=False, kind=self.architecture.multiplier)
        for number, own, other in ((a, *fractions), (b, *reversed(fractions))):
            columns.add_unsigned(_times_head(m, number, other), len(own))
            columns.add_bit(number.sign, len(own) + 1)
        point, unlike = sum(map(len, fractions)), wire(m, a.sign ^ b.sign, "unlike")
        columns.add_bit(wire(m, ~(a.sign | b.sign), "both_positive"), point)
        columns.add_unsigned([unlike, unlike], point + 2)
        return columns


def _times_head(m: Module, number: Any, fraction: list[Value]) -> list[Value]:
    """Return a fraction where a number is positive, else its complement one place up."""
    if not fraction:
        return []
    stay = [bit & ~number.sign for bit in fraction]
    move = [~(bit | ~number.sign) for bit in fraction]
    pairs = [low | high for low, high in zip(stay[1:], move[:-1], strict=True)]
    return [wire(m, bit, "pp_head") for bit in (stay[0], *pairs, move[-1])]
