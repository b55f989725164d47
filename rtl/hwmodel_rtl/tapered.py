"""Tapered codes cut into their fields: those of posits, and of logarithms laid out like them."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .adders import add, constant
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .shifter import shift_left
from .wires import wire

MARKED_WIDTH = 10
"""Up to this width the end of the run is marked by one wire of each place that it can have: faster, and no larger, than a count."""


@dataclass(frozen=True)
class TaperedFields:
    """The fields of a tapered code.

    The regime is a run of equal bits and the bit that ends it: length - 1 of a run of ones, minus the length of one of zeros.

    Attributes
    ----------
    length
        Of the run, less one.
    ones
        Whether it is one of ones.
    rest
        What stands behind it, exponent and fraction, moved up to the top of its longest possible place; missing bits are zeros.
    nonzero
        Whether anything but zeros stands behind the sign.
    """

    length: Value
    ones: Value
    rest: Value
    nonzero: Value

    @property
    def regime(self) -> Value:
        """The regime as a signed integer; it means nothing where all is zero."""
        return Cat(self.length ^ (~self.ones).replicate(len(self.length)), ~self.ones)


def magnitude_fields(m: Module, cells: AdderCells, code: Value, tail_bits: int) -> TaperedFields:
    """Return the fields of a code without its sign, see `tapered_fields`."""
    width, sign = len(code), code[-1]
    body = Signal(width - 1, name="body")
    flipped = [bit ^ sign for bit in code[:-1]]
    m.d.comb += body.eq(Cat(*add(m, cells, flipped, constant(0, width - 1), sign)[:-1]))
    return tapered_fields(m, body, tail_bits)


def tapered_fields(m: Module, body: Value, tail_bits: int) -> TaperedFields:
    """Return the fields of a code, read as it stands behind its sign.

    Parameters
    ----------
    tail_bits
        Bits that exponent and fraction have at least; missing ones are zeros.
    """
    places = len(body) - 1
    # The run, its first bit left out, as leading zeros.
    ones = body[-1]
    run = wire(m, body[:-1] ^ ones.replicate(places), "run", places)
    padding = max(tail_bits - (places - 1), 0)
    source = Cat(Const(0, padding), body[: places - 1])
    if places + 2 <= MARKED_WIDTH:
        length, rest, endless = _marked(m, run, source, padding)
    else:
        # A one below ends a run that fills the code.
        length, _ = leading_zero_count(m, Cat(Const(1, 1), run))
        rest, endless = shift_left(m, source, length, len(source), "rest"), length == places
    return TaperedFields(length, ones, rest, wire(m, ones | ~endless, "nonzero"))


def _marked(m: Module, run: Value, source: Value, padding: int) -> tuple[Value, Value, Value]:
    """Return the leading zeros of `run`, `source` moved up by them, and whether `run` is zero; the lowest bits of `source` are padding."""
    marks: list[Value] = []
    ahead: Value = Const(1, 1)
    for bit in reversed(list(run)):
        marks.append(wire(m, ahead & bit, "mark"))
        ahead = wire(m, ahead & ~bit, "ahead")
    marks.append(ahead)
    length = Cat(*(_any(mark for i, mark in enumerate(marks) if (i >> bit) & 1) for bit in range(len(run).bit_length())))
    moved = (_any(marks[place - i] & source[i] for i in range(padding, place + 1)) for place in range(len(source)))
    return wire(m, length, "length", len(length)), wire(m, Cat(*moved), "rest", len(source)), ahead


def _any(terms) -> Value:
    bits = list(terms)
    return Cat(*bits).any() if bits else Const(0, 1)
