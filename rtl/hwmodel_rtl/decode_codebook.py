"""Codebooks, unpacked: a table that holds every entry as sign, exponent and significand."""

from fractions import Fraction
from typing import Any

from amaranth.hdl import Cat, Module, Value

from hwmodel.spec import CodebookFormat
from hwmodel.spec.ranges import NumberShape

from .select import read


def unpack_codebook(m: Module, fmt: CodebookFormat, code: Value, number: Any, shape: NumberShape) -> None:
    """Drive `number`, of shape `shape`, with the entry that `code` stands for; entries are held normalised."""
    unpacked = [_unpacked(entry, shape) for entry in fmt.entries]
    for name in ("significand", "exponent", "sign"):
        if hasattr(number, name):
            port = getattr(number, name)
            m.d.comb += port.eq(Cat(*read(code, [entry[name] for entry in unpacked], len(port))))


def _unpacked(entry: Fraction, shape: NumberShape) -> dict[str, int]:
    if entry == 0:
        return {"significand": 0, "exponent": 0, "sign": 0}
    magnitude = abs(entry)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    significand = magnitude / Fraction(2) ** (exponent + 1 - shape.significand_bits)
    assert significand.denominator == 1
    return {"significand": int(significand), "exponent": exponent - shape.top, "sign": int(entry < 0)}
