"""Scales of blocks: decoded, multiplied with each other, and applied to a sum."""

from typing import Any

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import BlockFormat, MacSpec
from hwmodel.spec.dataflow import scaled_shape
from hwmodel.spec.ranges import NumberShape

from .adders import add, extend
from .architecture import Architecture
from .cells import AdderCells
from .decode import Decode
from .mpy import Mpy
from .number import connect, exponent_of, field, fields, signature
from .terms import Terms


class Scale(wiring.Component):
    """Multiply a number by the scale of a block; a power of two only adds exponents. Combinational.

    Parameters
    ----------
    number, scale
        Shapes of both.
    normalised
        Whether they are, and the product shall be.
    can_be_zero
        Whether the scale can.

    Attributes
    ----------
    number, scale : In
        The number and the scale.
    zero : In(1)
        Whether the number is zero (only if `normalised`).
    scaled : Out(signature(shape))
        Their product, of shape `shape`.
    scaled_zero : Out(1)
        Whether it is zero (only if `normalised`).
    """

    def __init__(self, number: NumberShape, scale: NumberShape, architecture: Architecture, *, normalised: bool, can_be_zero: bool) -> None:
        self.number_shape, self.scale_shape = number, scale
        self.shape = scaled_shape(number, scale, normalised=normalised)
        self.architecture = architecture
        self.normalised = normalised
        self.can_be_zero = can_be_zero
        zeros = {"zero": In(1), "scaled_zero": Out(1)} if normalised else {}
        super().__init__({"number": In(signature(number)), "scale": In(signature(scale)), "scaled": Out(signature(self.shape)), **zeros})

    def elaborate(self, platform):
        m = Module()
        if self.scale_shape.significand_bits > 1:
            self._multiply(m)
            return m
        number, scale, scaled = self.number, self.scale, self.scaled
        keep = scale.significand if self.can_be_zero else Const(1, 1)
        m.d.comb += scaled.significand.eq(number.significand & keep.replicate(len(number.significand)))
        if self.shape.has_exponent:
            width = len(scaled.exponent)
            exponents = exponent_of(number, self.number_shape), exponent_of(scale, self.scale_shape)
            x, y = (extend(list(exponent), width, signed=exponent.shape().signed) for exponent in exponents)
            m.d.comb += scaled.exponent.eq(Cat(*add(m, AdderCells(m), x, y)[:width]))
        if self.shape.nan:
            m.d.comb += scaled.nan.eq(field(number, "nan") | field(scale, "nan") | (field(number, "inf") & ~keep))
        m.d.comb += [getattr(scaled, name).eq(getattr(number, name)) for name in ("inf", "sign") if name in fields(self.shape)]
        if self.normalised:
            m.d.comb += self.scaled_zero.eq(self.zero | ~keep)
        return m

    def _multiply(self, m: Module) -> None:
        m.submodules.mpy = mpy = Mpy(self.number_shape, self.scale_shape, normalised=self.normalised, architecture=self.architecture)
        m.d.comb += connect(self.number_shape, mpy.a, self.number) + connect(self.scale_shape, mpy.b, self.scale)
        if self.number_shape.inf and self.scale_shape.inf:
            # An infinite sum has a significand that means nothing, and must not be taken for a zero.
            m.d.comb += mpy.a.significand.eq(self.number.significand | self.number.inf.replicate(len(mpy.a.significand)))
        m.d.comb += [mpy.valid.eq(1), *connect(self.shape, self.scaled, mpy.product)]
        if self.normalised:
            m.d.comb += self.scaled_zero.eq(mpy.zero)


def block_scales(m: Module, unit: Any, spec: MacSpec, architecture: Architecture, *, normalised: bool) -> Terms:
    """Return the product of a step's block scales, of instances called decode_a_scale, decode_b_scale and mpy_scale."""
    scales = []
    for name in ("a", "b"):
        fmt = getattr(spec, name)
        if not isinstance(fmt, BlockFormat):
            continue
        m.submodules[f"decode_{name}_scale"] = decode = Decode(fmt.scale, normalised=normalised)
        m.d.comb += decode.code.eq(getattr(unit, f"{name}_scale"))
        scales.append(Terms([decode.number], decode.shape, ~decode.number.significand[-1] if normalised else None))
    if len(scales) == 1:
        return scales[0]
    a, b = scales
    return scaled(m, "mpy_scale", a, b, architecture, normalised=normalised, can_be_zero=not spec.blocks[1].power_of_two)


def scaled(m: Module, name: str, terms: Terms, scale: Terms, architecture: Architecture, *, normalised: bool, can_be_zero: bool) -> Terms:
    """Return a number times a scale, by way of an instance called `name`."""
    m.submodules[name] = part = Scale(terms.shape, scale.shape, architecture, normalised=normalised, can_be_zero=can_be_zero)
    m.d.comb += connect(terms.shape, part.number, terms.lone) + connect(scale.shape, part.scale, scale.lone)
    if not normalised:
        return Terms([part.scaled], part.shape)
    m.d.comb += part.zero.eq(terms.zero)
    return Terms([part.scaled], part.shape, part.scaled_zero)
