"""Integers, unpacked."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from hwmodel.spec import IntCoding, IntFormat
from hwmodel.spec.ranges import NumberShape

from .adders import add, constant, extend, invert
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .shifter import shift_left


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
    zeros, _ = leading_zero_count(m, magnitude)
    m.d.comb += number.significand.eq(shift_left(m, magnitude, zeros, bits))
    if shape.has_exponent:
        width = len(number.exponent)
        minus_zeros = add(m, cells, invert(extend(list(zeros), width, signed=False)), constant(0, width), 1)
        m.d.comb += number.exponent.eq(Cat(*minus_zeros)[:width])
