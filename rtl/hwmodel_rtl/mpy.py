"""Mpy: two unpacked operands become their exact product."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import IntFormat
from hwmodel.spec.ranges import NumberShape, product_shape

from .adders import add, extend
from .architecture import Architecture
from .cells import AdderCells
from .compressor import Columns
from .multiplier import multiply
from .number import exponent_of, field, signature


class Mpy(wiring.Component):
    """Multiply unpacked numbers: significands in a compressor tree, exponents added, signs xor-ed. Combinational.

    Parameters
    ----------
    a, b
        Shapes of the operands.
    normalised
        Whether the operands are normalised and the product shall be.
    tells_zero
        Whether there is an output `zero` also where products are not normalised.

    Attributes
    ----------
    a, b : In
        The operands.
    valid : In(1)
        When low the product is -0, the number that changes no accumulator; so the accumulator needs no enable.
    product : Out(signature(shape))
        The product, of shape `shape`.
    zero : Out(1)
        Whether the product is zero (only if `normalised` or `tells_zero`).
    """

    def __init__(self, a: NumberShape, b: NumberShape, *, normalised: bool, architecture: Architecture, tells_zero: bool = False) -> None:
        self.a_shape, self.b_shape = a, b
        self.normalised = normalised
        self.architecture = architecture
        self.shape = product_shape(a, b, normalised=normalised)
        ports = {"a": In(signature(a)), "b": In(signature(b)), "valid": In(1), "product": Out(signature(self.shape))}
        self.tells_zero = normalised or tells_zero
        if self.tells_zero:
            ports["zero"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        a, b, product = self.a, self.b, self.product
        bits = self.shape.significand_bits

        masked = Signal(self.a_shape.significand_bits)
        m.d.comb += masked.eq(a.significand & self.valid.replicate(len(masked)))
        columns = Columns(bits)
        multiply(m, columns, list(masked), list(b.significand), a_signed=False, b_signed=False, kind=self.architecture.multiplier)
        significand = Signal(bits)
        row_0, row_1 = columns.rows(cells)
        m.d.comb += significand.eq(Cat(*add(m, cells, row_0, row_1, kind=self.architecture.adder))[:bits])

        if self.normalised:
            # Normalised operands give a product in [1, 4): at most one place to go.
            high = significand[-1]
            m.d.comb += product.significand.eq(Mux(high, significand, Cat(Const(0, 1), significand[:-1])))
            m.d.comb += self.zero.eq(~(masked[-1] & b.significand[-1]))
        else:
            high = 0
            if self.tells_zero:
                m.d.comb += self.zero.eq(~(masked.any() & b.significand.any()))
            m.d.comb += product.significand.eq(significand)
        if self.shape.has_exponent:
            width = len(product.exponent)
            a_exponent, b_exponent = exponent_of(a, self.a_shape), exponent_of(b, self.b_shape)
            a_bits, b_bits = (extend(list(e), width, signed=e.shape().signed) for e in (a_exponent, b_exponent))
            m.d.comb += product.exponent.eq(Cat(*add(m, cells, a_bits, b_bits, high))[:width])
        if self.shape.signed:
            m.d.comb += product.sign.eq((field(a, "sign") ^ field(b, "sign")) | ~self.valid)
        self._specials(m)
        return m

    def _specials(self, m: Module) -> None:
        a, b = self.a, self.b
        if not self.shape.nan:
            return
        a_inf, b_inf = field(a, "inf"), field(b, "inf")
        a_zero, b_zero = (~(n.significand[-1] if self.normalised else n.significand.any()) for n in (a, b))
        m.d.comb += self.product.nan.eq((field(a, "nan") | field(b, "nan") | (a_inf & b_zero) | (b_inf & a_zero)) & self.valid)
        if self.shape.inf:
            m.d.comb += self.product.inf.eq((a_inf | b_inf) & self.valid)


class MpyInteger(wiring.Component):
    """Multiply pairs of two's complement or unsigned integers into two rows, which the next adder takes in. Combinational.

    Parameters
    ----------
    a, b
        The operands' formats.
    width
        Bits that the sum of the products shall be good for.
    lanes
        How many pairs: one compressor tree for all.
    tells_sign
        Whether there is an output `negative`.

    Attributes
    ----------
    a, b : In
        Codes, that of lane 0 in the low bits.
    valid : In(1)
        When low the products are 0.
    row_0, row_1 : Out(row_width)
        ``row_0 + row_1 + constant`` is the sum of the products modulo any power of two up to ``2**width``.
    negative : Out(1)
        Whether the signs of all products are negative, which makes a sum that is zero -0; so they are when `valid` is low.
    """

    def __init__(
        self, a: IntFormat, b: IntFormat, width: int, architecture: Architecture, lanes: int = 1, *, tells_sign: bool = False
    ) -> None:
        self.width = width
        self.formats = a, b
        # The tree is built here, since its rows decide the ports.
        self._module = m = Module()
        self._a, self._b = Signal(lanes * a.width, name="a_masked"), Signal(lanes * b.width, name="b_code")
        columns = Columns(width)
        for lane in range(lanes):
            x, y = (list(codes)[lane * fmt.width :][: fmt.width] for codes, fmt in ((self._a, a), (self._b, b)))
            multiply(m, columns, x, y, a_signed=a.signed, b_signed=b.signed, kind=architecture.multiplier)
        self.constant = columns.constant
        self._rows = columns.rows(AdderCells(m), with_constant=False)
        self.row_width = max(i + 1 for row in self._rows for i, bit in enumerate(row) if not isinstance(bit, int))
        codes = {"a": In(lanes * a.width), "b": In(lanes * b.width)}
        rows = {"row_0": Out(self.row_width), "row_1": Out(self.row_width)}
        super().__init__({**codes, "valid": In(1), **rows, **({"negative": Out(1)} if tells_sign else {})})

    def elaborate(self, platform):
        m = self._module
        m.d.comb += [self._a.eq(self.a & self.valid.replicate(len(self.a))), self._b.eq(self.b)]
        for port, row in zip((self.row_0, self.row_1), self._rows, strict=True):
            m.d.comb += port.eq(Cat(*row[: self.row_width]))
        if hasattr(self, "negative"):
            signs = [
                list(codes)[fmt.width - 1 :: fmt.width] for codes, fmt in zip((self.a, self.b), self.formats, strict=True) if fmt.signed
            ]
            negative = [x ^ y for x, y in zip(*signs, strict=True)] if len(signs) == 2 else signs[0]
            m.d.comb += self.negative.eq(Cat(*negative).all() | ~self.valid)
        return m
