"""Alignadd: the product and the accumulator are brought to one grid and added."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import NumberShape, float_window

from .adders import add, add_or_subtract, constant, extend, invert
from .architecture import Architecture
from .cells import AdderCells
from .compressor import Columns
from .number import exponent_of, exponent_shape, field, signature
from .shifter import shift_left, shift_right_sticky


class AlignAddInteger(wiring.Component):
    """Add a product, still in two rows, to a fixed-point accumulator: one compressor tree, one carry chain. Combinational.

    Attributes
    ----------
    row_0, row_1 : In
        The product, see `MpyInteger`.
    acc : In(width)
        The accumulator.
    total : Out(total_width)
        Their exact sum.
    """

    def __init__(self, row_width: int, row_constant: int, shift: int, width: int, total_width: int, architecture: Architecture) -> None:
        self.row_constant = row_constant
        self.shift = shift
        self.architecture = architecture
        super().__init__({"row_0": In(row_width), "row_1": In(row_width), "acc": In(width), "total": Out(total_width)})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        columns = Columns(len(self.total))
        columns.add_signed(list(self.acc))
        columns.add_unsigned(list(self.row_0), self.shift)
        columns.add_unsigned(list(self.row_1), self.shift)
        columns.constant += self.row_constant << self.shift
        m.d.comb += self.total.eq(Cat(*add(m, cells, *columns.rows(cells), kind=self.architecture.adder)))
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
        shape, term = self.term_shape, self.term
        width = len(self.total)
        amount, low = self._amount(m, cells)
        # Weight of bit 0 of the shifted number, in units of the accumulator.
        place = low + shape.top + 1 - shape.significand_bits + self.fixed.fraction
        finite = Signal(shape.significand_bits)
        special = field(term, "nan") | field(term, "inf")
        m.d.comb += finite.eq(
            term.significand & (~special).replicate(shape.significand_bits) if shape.nan or shape.inf else term.significand
        )

        reach = shape.magnitude.bit_length() + shape.lsb + self.fixed.fraction  # bits of the magnitude, in units
        magnitude = shift_left(m, finite, amount, max(reach - place, 1))
        increment: Value = Const(0, 1)
        inexact = shape.lsb + self.fixed.fraction < 0
        if place < 0:
            dropped, magnitude = magnitude[:-place], magnitude[-place:]
            if inexact and self.rounding == "rne":
                low_bits = dropped[:-1].any() if len(dropped) > 1 else Const(0, 1)
                lsb = magnitude[0] if len(magnitude) else Const(0, 1)
                increment = (dropped[-1] if len(dropped) == -place else Const(0, 1)) & (low_bits | lsb)
            elif inexact:
                # The floor of a negative number that is cut is one unit below: the complement without its carry.
                increment = dropped.any() & field(term, "sign")
            place = 0
        aligned = extend([*constant(0, place), *magnitude], width, signed=False)
        sign = Signal(name="subtract")
        carry = Signal(name="carry_in")
        m.d.comb += [sign.eq(field(term, "sign")), carry.eq(sign ^ increment)]
        inverted = [sign if isinstance(bit, int) else bit ^ sign for bit in aligned] if shape.signed else aligned
        acc = extend(list(self.acc), width, signed=True)
        carry_in = carry if shape.signed or inexact else 0
        m.d.comb += self.total.eq(Cat(*add(m, cells, acc, inverted, carry_in, kind=self.architecture.adder)))
        return m

    def _amount(self, m: Module, cells: AdderCells) -> tuple[Value, int]:
        """Return how far to shift left, and the exponent at which that is nothing."""
        shape = self.term_shape
        if not shape.has_exponent:
            return Const(0, 0), shape.exponent_low
        exponent = exponent_of(self.term, shape)
        if shape.exponent_low >= 0:
            return exponent, 0
        width = (shape.exponent_high - shape.exponent_low).bit_length()
        operand = extend(list(exponent), width, signed=True)
        total = add(m, cells, operand, constant(-shape.exponent_low, width))
        return Cat(*total[:width]), shape.exponent_low


class AlignAddFloat(wiring.Component):
    """Add a number to a float accumulator, exactly but for one sticky bit. Combinational.

    The one with the smaller exponent is shifted right inside a window just deep enough for one correct rounding
    afterwards; what falls out of it is ORed into the window's last bit.

    Parameters
    ----------
    term, acc
        Shapes of the number and of the accumulator, with the same `top`.
    random_bits
        k of stochastic rounding, else 0.

    Attributes
    ----------
    term, acc : In
        The number and the accumulator.
    term_zero, acc_zero : In(1)
        Which of them is zero (its exponent then means nothing).
    significand : Out
        Magnitude of the sum; its highest bit has the weight of exponent + 1.
    exponent : Out
        The larger exponent.
    sign, zero_sign : Out(1)
        Sign of the sum, and what it is if the sum is exactly zero: negative only where both are.
    """

    def __init__(self, term: NumberShape, acc: NumberShape, architecture: Architecture, random_bits: int = 0) -> None:
        assert term.top == acc.top
        self.term_shape, self.acc_shape = term, acc
        self.architecture = architecture
        # What falls out of the window is the adder's lowest bit: a subtraction borrows from it, so the bits above are those
        # of the exact sum, truncated.
        self.window = float_window(term, acc, random_bits)
        low, high = min(term.exponent_low, acc.exponent_low), max(term.exponent_high, acc.exponent_high)
        self.exponent_range = (acc.exponent_low, high) if acc.exponent_low > term.exponent_low else (low, high)
        super().__init__(
            {
                "term": In(signature(term)),
                "acc": In(signature(acc)),
                "term_zero": In(1),
                "acc_zero": In(1),
                "significand": Out(self.window + 2),
                "exponent": Out(exponent_shape(*self.exponent_range)),
                "sign": Out(1),
                "zero_sign": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        term, acc = self.term, self.acc
        term_exponent = exponent_of(term, self.term_shape)
        acc_exponent = exponent_of(acc, self.acc_shape)

        # Which is larger, and by how much: a negative difference is complemented, which is one short; the term then
        # starts one place lower.
        width = max(len(term_exponent) + (not term_exponent.shape().signed), len(acc_exponent) + (not acc_exponent.shape().signed)) + 1
        difference = add(
            m,
            cells,
            extend(list(term_exponent), width, signed=term_exponent.shape().signed),
            invert(extend(list(acc_exponent), width, signed=acc_exponent.shape().signed)),
            1,
        )[:width]
        below = Signal(name="term_below")
        distance = Signal(width - 1)
        m.d.comb += below.eq(difference[-1])
        m.d.comb += distance.eq(Cat(*difference[:-1]) ^ below.replicate(width - 1))
        term_leads = Signal()
        m.d.comb += term_leads.eq((~below | self.acc_zero) & ~self.term_zero)

        def place(value: Value, lower: int) -> Value:
            """Put a significand at the top of the window, or `lower` places down."""
            return Cat(Const(0, self.window - lower - len(value)), value, Const(0, lower))

        depth = max(self.term_shape.significand_bits + 1, self.acc_shape.significand_bits)
        larger, smaller = Signal(self.window), Signal(depth)
        m.d.comb += larger.eq(Mux(term_leads, place(term.significand, 0), place(acc.significand, 0)))
        m.d.comb += smaller.eq(Mux(term_leads, place(acc.significand, 0), place(term.significand, 1))[self.window - depth :])
        aligned, sticky = shift_right_sticky(m, smaller, distance, self.window)

        subtract = Signal()
        m.d.comb += subtract.eq(field(term, "sign") ^ field(acc, "sign"))
        magnitude, carry, negative = add_or_subtract(m, cells, [0, *larger], [sticky, *aligned], subtract, self.architecture.adder)
        m.d.comb += self.significand.eq(Cat(*magnitude, carry))
        m.d.comb += self.exponent.eq(Mux(term_leads, term_exponent, acc_exponent))
        leading_sign = Mux(term_leads, field(term, "sign"), field(acc, "sign"))
        m.d.comb += self.sign.eq(leading_sign ^ negative)
        m.d.comb += self.zero_sign.eq(field(term, "sign") & field(acc, "sign"))
        return m
