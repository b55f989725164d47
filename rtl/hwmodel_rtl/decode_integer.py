"""Integers, unpacked."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from hwmodel.spec import IntCoding, IntFormat
from hwmodel.spec.ranges import NumberShape

from .adders import add, constant
from .cells import AdderCells
from .normalise import minus, normalise


def unpack_integer(m: Module, cells: AdderCells, fmt: IntFormat, code: Value, number: Any, shape: NumberShape, *, normalised: bool) -> None:
    """Drive `number`, of shape `shape`, with what `code` means."""
    bits = shape.significand_bits
    magnitude = Signal(bits)
    if fmt.signed:
        sign = code[-1]
        m.d.comb += number.sign.eq(sign)
    if fmt.coding is IntCoding.TWOS_COMPLEMENT:
        flipped = Signal(bits)
        m.d.comb += flipped.eq(code ^ sign.replicate(fmt.width))
        m.d.comb += magnitude.eq(Cat(*add(m, cells, list(flipped), constant(0, bits), sign)))
    else:
        m.d.comb += magnitude.eq(code[:bits])
    if not normalised:
        m.d.comb += number.significand.eq(magnitude)
        return
    shifted, zeros = normalise(m, magnitude)
    m.d.comb += number.significand.eq(shifted)
    if shape.has_exponent:
        m.d.comb += number.exponent.eq(minus(m, cells, zeros, len(number.exponent)))
