"""What every operand that may start with zeros goes through: its highest one is brought to the top, and the places counted."""

from amaranth.hdl import Cat, Module, Value

from .adders import add, constant, extend, invert
from .cells import AdderCells, Bit
from .leading_zeros import leading_zero_count
from .shifter import shift_left


def normalise(m: Module, value: Value) -> tuple[Value, Value]:
    """Return `value` shifted left until its highest bit is one, and by how many places; of zero the count means nothing."""
    zeros, _ = leading_zero_count(m, value)
    return shift_left(m, value, zeros, len(value)), zeros


def minus(m: Module, cells: AdderCells, count: Value, width: int, carry: Bit = 1) -> Value:
    """Return minus an unsigned `count` as `width` bits of two's complement; one less with `carry` 0."""
    return Cat(*add(m, cells, invert(extend(list(count), width, signed=False)), constant(0, width), carry))[:width]
