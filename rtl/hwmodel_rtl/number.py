"""Unpacked numbers as signals: what travels between the parts of a unit.

Fields that can only have one value are not there.
"""

from typing import Any

from amaranth.hdl import Const, Shape, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hwmodel.spec.ranges import NumberShape


def exponent_shape(low: int, high: int) -> Shape:
    """Return the Amaranth shape of an integer in ``low..high``."""
    if low >= 0:
        return unsigned(high.bit_length())
    return signed(1 + max((-low - 1).bit_length(), high.bit_length() if high > 0 else 0))


def fields(shape: NumberShape) -> dict[str, Shape]:
    """Return the fields of an unpacked number and their shapes."""
    present = {"significand": unsigned(shape.significand_bits)}
    if shape.has_exponent:
        present["exponent"] = exponent_shape(shape.exponent_low, shape.exponent_high)
    sign = "zero" if shape.twos_complement else "sign"
    present |= {name: unsigned(1) for name, there in (("nan", shape.nan), ("inf", shape.inf), (sign, shape.signed)) if there}
    return present


def signature(shape: NumberShape) -> wiring.Signature:
    """Return the ports that carry an unpacked number, one a field."""
    return wiring.Signature({name: Out(width) for name, width in fields(shape).items()})


def field(number: Any, name: str) -> Value:
    """Return a field of an unpacked number (ports or a register), or the constant 0 where it has none."""
    return getattr(number, name, Const(0, 1))


def exponent_of(number: Any, shape: NumberShape) -> Value:
    """Return the exponent, as a constant where the shape leaves no choice."""
    if shape.has_exponent:
        return number.exponent
    low = shape.exponent_low
    return Const(low, exponent_shape(low, low))


def connect(shape: NumberShape, target: Any, source: Any) -> list:
    """Return the assignments of every field of `source` to `target`."""
    return [getattr(target, name).eq(getattr(source, name)) for name in fields(shape)]
