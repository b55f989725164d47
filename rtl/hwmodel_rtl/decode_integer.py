"""Integers, unpacked; and integers of several widths brought to one."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import ChoiceFormat, IntCoding, IntFormat
from hwmodel.spec.choices import SimpleFormat
from hwmodel.spec.ranges import NumberShape

from .adders import add, constant, extend, invert
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .select import choose
from .shifter import shift_left


class Widen(wiring.Component):
    """Extend the code of one of several integer formats to the widest, so that it is multiplied as that. Combinational.

    Attributes
    ----------
    code : In(fmt.width)
        The operand.
    mode : In(fmt.mode_bits)
        Which format it is in.
    integer : Out
        Its code in the format ``fmt.as_integer``.
    """

    def __init__(self, fmt: ChoiceFormat) -> None:
        assert fmt.as_integer is not None
        self.fmt = fmt
        super().__init__({"code": In(fmt.width), "mode": In(fmt.mode_bits), "integer": Out(fmt.as_integer.width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.integer.eq(widened(m, self.fmt, self.mode, self.code))
        return m


def widened(m: Module, fmt: ChoiceFormat, mode: Value, code: Value) -> Value:
    """Return `code` with the sign of its format, or zeros, repeated up to the width of ``fmt.as_integer``."""
    assert fmt.as_integer is not None
    bits, zero = list(code), Const(0, 1)

    def bit(i: int, each: SimpleFormat) -> Value:
        return bits[i] if i < each.width else bits[each.width - 1] if each.signed else zero

    return Cat(*(choose(m, mode, [bit(i, each) for each in fmt.choices], f"bit_{i}") for i in range(fmt.as_integer.width)))


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
