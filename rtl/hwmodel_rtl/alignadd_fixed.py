"""Alignadd of fixed point: products are brought to the accumulator's grid and added."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import NumberShape
from hwmodel.spec.window_shift import WindowShift

from .adders import add, constant, extend
from .architecture import Architecture
from .cells import AdderCells, Bit
from .compressor import Columns
from .number import exponent_of, field, signature
from .shifter import shift_left
from .window_shift import shift_to_grid


class AlignAddInteger(wiring.Component):
    """Add products, still in two rows, to a fixed-point accumulator: one compressor tree, one carry chain. Combinational.

    Parameters
    ----------
    row_width, row_constant
        Of the products, see `MpyInteger`.
    shift
        How far their unit is above that of the sum.
    width
        Of the accumulator; 0: there is none, and the rows alone are added up.
    total_width
        Of the sum.

    Attributes
    ----------
    row_0, row_1 : In
        The products, see `MpyInteger`.
    acc : In(width)
        The accumulator, if there is one.
    total : Out(total_width)
        Their exact sum.
    """

    def __init__(self, row_width: int, row_constant: int, shift: int, width: int, total_width: int, architecture: Architecture) -> None:
        self.row_constant = row_constant
        self.shift = shift
        self.architecture = architecture
        acc = {"acc": In(width)} if width else {}
        super().__init__({"row_0": In(row_width), "row_1": In(row_width), **acc, "total": Out(total_width)})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        columns = Columns(len(self.total))
        if hasattr(self, "acc"):
            columns.add_unsigned(extend(list(self.acc), len(self.total), signed=True))
        columns.add_unsigned(list(self.row_0), self.shift)
        columns.add_unsigned(list(self.row_1), self.shift)
        columns.constant += self.row_constant << self.shift
        m.d.comb += self.total.eq(Cat(*columns.total(m, cells, self.architecture.adder)))
        return m


class AlignAddFixed(wiring.Component):
    """Shift a number to a fixed-point accumulator's grid, bring it to its unit, and add. Combinational.

    Parameters
    ----------
    term
        Shape of the number.
    fixed
        The accumulator.
    rounding
        ``"floor"`` or ``"rne"``: how bits below the unit are dropped.

    Attributes
    ----------
    term : In
        The number.
    acc : In(fixed.width)
        The accumulator.
    total : Out(total_width)
        The exact sum of the accumulator and the number brought to the unit.
    """

    def __init__(self, term: NumberShape, fixed: FixedPoint, total_width: int, rounding: str, architecture: Architecture) -> None:
        self.term_shape = term
        self.fixed = fixed
        self.rounding = rounding
        self.architecture = architecture
        super().__init__({"term": In(signature(term)), "acc": In(fixed.width), "total": Out(total_width)})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        shape = self.term_shape
        width = len(self.total)
        aligned = align_to_unit(m, cells, self.term, shape, self.fixed.fraction, self.rounding)
        fill = aligned.sign if shape.signed else 0
        bits = [*[aligned.below] * aligned.place, *aligned.bits]
        inverted = [*bits, *[fill] * (width - len(bits))][:width]
        acc = extend(list(self.acc), width, signed=True)
        carry_in = aligned.carry if aligned.carries else 0
        m.d.comb += self.total.eq(Cat(*add(m, cells, acc, inverted, carry_in, kind=self.architecture.adder)))
        return m


class AlignAddSum(wiring.Component):
    """Shift numbers to a fixed-point grid, bring each to its unit, and add: one compressor tree, one carry chain. Combinational.

    Parameters
    ----------
    term
        Shape of the numbers.
    count
        How many there are.
    fixed
        The grid, and the accumulator if there is one.
    total_width
        Of the sum.
    rounding
        ``"floor"`` or ``"rne"``: how bits below the unit are dropped, of each number by itself.
    accumulates
        Whether there is an accumulator.
    drops_specials
        Whether a number that is NaN or infinite adds nothing; else the sum means nothing then.

    Attributes
    ----------
    term_0, term_1, … : In
        The numbers.
    acc : In(fixed.width)
        The accumulator, if there is one.
    total : Out(total_width)
        The sum, modulo ``2**total_width``.
    """

    def __init__(
        self,
        term: NumberShape,
        count: int,
        fixed: FixedPoint,
        total_width: int,
        architecture: Architecture,
        *,
        rounding: str = "floor",
        accumulates: bool,
        drops_specials: bool,
    ) -> None:
        self.term_shape = term
        self.count = count
        self.fixed = fixed
        self.rounding = rounding
        self.architecture = architecture
        self.drops_specials = drops_specials
        terms = {f"term_{i}": In(signature(term)) for i in range(count)}
        super().__init__({**terms, **({"acc": In(fixed.width)} if accumulates else {}), "total": Out(total_width)})

    @property
    def terms(self) -> list[Any]:
        """The ports of the numbers."""
        return [getattr(self, f"term_{i}") for i in range(self.count)]

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        shape, fraction = self.term_shape, self.fixed.fraction
        columns = Columns(len(self.total))
        for term in self.terms:
            aligned = align_to_unit(m, cells, term, shape, fraction, self.rounding, drops_specials=self.drops_specials)
            if shape.signed:
                # The complement of a negative one, one bit for all of its sign's copies, and what makes it a negative.
                columns.add_signed([*aligned.bits, aligned.sign], aligned.place)
            else:
                columns.add_unsigned(aligned.bits, aligned.place)
            if aligned.carries:
                columns.add_bit(aligned.carry, aligned.place)
        if hasattr(self, "acc"):
            columns.add_unsigned(extend(list(self.acc), len(self.total), signed=True))
        m.d.comb += self.total.eq(Cat(*columns.total(m, cells, self.architecture.adder)))
        return m


@dataclass(frozen=True)
class Aligned:
    """A number on a fixed-point grid: `bits`, with `sign` above them and `below` below, plus `carry` are it in two's complement.

    Attributes
    ----------
    bits
        Of the magnitude, complemented where the sign is set; or of two's complement.
    place
        Weight of the lowest, in units; not negative.
    sign, carry
        1 bit.
    carries
        Whether `carry` can be 1.
    below
        The sign, of a complement; or 0.
    """

    bits: Value
    place: int
    sign: Value
    carry: Value
    carries: bool
    below: Bit


def align_to_unit(
    m: Module, cells: AdderCells, term: Any, shape: NumberShape, fraction: int, rounding: str, *, drops_specials: bool = True
) -> Aligned:
    """Shift a number to the grid of the unit ``2**-fraction`` and drop what is finer, by ``"floor"`` or ``"rne"``."""
    if shape.twos_complement:
        return _signed_to_unit(m, term, WindowShift.of(shape, fraction, rounding))
    amount, low = _amount(m, cells, term, shape)
    # Weight of bit 0 of the shifted number, in units of the accumulator.
    place = low + shape.top + 1 - shape.significand_bits + fraction
    finite = Signal(shape.significand_bits)
    special = field(term, "nan") | field(term, "inf")
    masked = drops_specials and (shape.nan or shape.inf)
    m.d.comb += finite.eq(term.significand & (~special).replicate(shape.significand_bits) if masked else term.significand)

    sign = Signal(name="subtract")
    m.d.comb += sign.eq(field(term, "sign"))
    reach = shape.magnitude.bit_length() + shape.lsb + fraction  # bits of the magnitude, in units
    inexact = shape.lsb + fraction < 0
    if not inexact and shape.signed:
        # The complement is taken while the number is narrow.
        flipped = Signal(shape.significand_bits, name="flipped")
        m.d.comb += flipped.eq(finite ^ sign.replicate(len(flipped)))
        bits: Value = shift_left(m, flipped, amount, max(reach - place, 1), fill=sign)[max(-place, 0) :]
        return Aligned(bits, max(place, 0), sign, sign, carries=True, below=sign)
    magnitude = shift_left(m, finite, amount, max(reach - place, 1))
    magnitude, increment = drop_below_unit(magnitude, place, sign, rounding if inexact else None)
    bits = Signal(len(magnitude), name="flipped")
    carry = Signal(name="carry_in")
    m.d.comb += [bits.eq(magnitude ^ sign.replicate(len(bits))), carry.eq(sign ^ increment)]
    return Aligned(bits, max(place, 0), sign, carry, carries=shape.signed or inexact, below=sign)


def _signed_to_unit(m: Module, term: Any, plan: WindowShift) -> Aligned:
    """Bring a number in two's complement to a grid; its floor is what is left of it, and a zero is what is no number, too."""
    bits, sign = shift_to_grid(m, term, plan)
    finer = max(-plan.start, 0)
    dropped, bits = bits[:finer], bits[finer:]
    carry = Signal(name="carry_in")
    if finer:
        lowest = bits[0] if len(bits) else sign
        m.d.comb += carry.eq(dropped[-1] & (dropped[:-1].any() | lowest))
    return Aligned(bits, max(plan.start, 0), sign, carry, carries=finer > 0, below=0)


def drop_below_unit(magnitude: Value, place: int, sign: Value, rounding: str | None) -> tuple[Value, Value]:
    """Return the bits of a magnitude from the unit up, and whether dropping the others adds one to it, or (to a negative one) takes it off.

    Parameters
    ----------
    place
        Weight of the lowest bit, in units.
    sign
        Of the number.
    rounding
        ``"floor"`` or ``"rne"``; None: what is dropped is always zero.
    """
    increment: Value = Const(0, 1)
    if place >= 0:
        return magnitude, increment
    dropped, magnitude = magnitude[:-place], magnitude[-place:]
    if rounding == "rne":
        low_bits = dropped[:-1].any() if len(dropped) > 1 else Const(0, 1)
        lsb = magnitude[0] if len(magnitude) else Const(0, 1)
        increment = (dropped[-1] if len(dropped) == -place else Const(0, 1)) & (low_bits | lsb)
    elif rounding == "floor":
        # The floor of a negative number that is cut is one unit below: the complement without its carry.
        increment = dropped.any() & sign
    return magnitude, increment


def _amount(m: Module, cells: AdderCells, term: Any, shape: NumberShape) -> tuple[Value, int]:
    """Return how far to shift a number left, and the exponent at which that is nothing."""
    if not shape.has_exponent:
        return Const(0, 0), shape.exponent_low
    exponent = exponent_of(term, shape)
    if shape.exponent_low >= 0:
        return exponent, 0
    width = (shape.exponent_high - shape.exponent_low).bit_length()
    operand = extend(list(exponent), width, signed=True)
    total = add(m, cells, operand, constant(-shape.exponent_low, width))
    return Cat(*total[:width]), shape.exponent_low
