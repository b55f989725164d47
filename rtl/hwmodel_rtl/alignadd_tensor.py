"""Alignadd of a tensor core: many products and the accumulator, aligned to the largest exponent, truncated, added."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import TensorAcc
from hwmodel.spec.ranges import NumberShape
from hwmodel.spec.tensor_step import TensorWindow, largest_exponent_range

from .adders import add, constant, extend, invert
from .architecture import Architecture
from .cells import AdderCells, Bit
from .compressor import Columns
from .largest import largest
from .number import exponent_of, exponent_shape, field, signature
from .shifter import shift_right_cut


class AlignAddTensor(wiring.Component):
    """Add the products of a step and the accumulator as a tensor core does. Combinational.

    Every term is shifted right by the distance of its exponent from the largest one, what falls below the window is dropped, and
    all are added in one compressor tree with one carry chain. A term that is zero does not count for the largest exponent.

    Parameters
    ----------
    accumulator
        The arithmetic.
    product
        Shape of a product, not normalised.
    acc
        Shape of the register, whose exponents count from where the products' do; None: the accumulator is no term.
    scale
        Shape of the product of the block scales, powers of two; None: there is none.

    Attributes
    ----------
    terms : In(signature(product)) × L
        The products.
    term_zeros : In(L)
        Which of them are zero.
    scale : In(signature(scale))
        With block scales only.
    acc : In(signature(acc))
        With an accumulator only.
    significand : Out(window.magnitude_bits)
        Magnitude of the sum; its highest bit has the weight of exponent + ``window.headroom``.
    exponent : Out
        The largest exponent, of a range `exponent_range`.
    sign : Out(1)
        Sign of the sum.
    nan, inf, inf_sign : Out(1)
        Whether the products make a NaN, or an infinity, and of which sign.
    """

    def __init__(
        self, accumulator: TensorAcc, product: NumberShape, acc: NumberShape | None, scale: NumberShape | None, architecture: Architecture
    ) -> None:
        self.accumulator = accumulator
        self.product_shape, self.acc_shape, self.scale_shape = product, acc, scale
        self.architecture = architecture
        self.window = TensorWindow.of(accumulator)
        self.exponent_range = low, high = largest_exponent_range(product, acc, scale)
        ports = {"terms": In(signature(product)).array(accumulator.lanes), "term_zeros": In(accumulator.lanes)}
        if scale is not None:
            ports["scale"] = In(signature(scale))
        if acc is not None:
            ports["acc"] = In(signature(acc))
        outputs = {"significand": self.window.magnitude_bits, "exponent": exponent_shape(low, high)}
        outputs |= dict.fromkeys(("sign", "nan", "inf", "inf_sign"), 1)
        super().__init__(ports | {name: Out(width) for name, width in outputs.items()})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        window, lanes = self.window, self.accumulator.lanes
        width = window.magnitude_bits + 1
        columns = Columns(width)
        exponents = [exponent_of(term, self.product_shape) for term in self.terms]
        # Exponents of decoded operands count from 0, and so do those of their products.
        counted = [exponent & (~self.term_zeros[i]).replicate(len(exponent)) for i, exponent in enumerate(exponents)]
        lead = exponent = largest(m, counted) if self.product_shape.has_exponent else exponents[0]
        if self.acc_shape is not None:
            lead, exponent = self._with_acc(m, cells, columns, lead)
        elif self.scale_shape is not None:
            exponent = self._sum(m, cells, lead, exponent_of(self.scale, self.scale_shape))

        bits = self._distance_bits(lead)
        for i in range(lanes):
            distance = Const(0, 0)
            if bits:
                difference = add(m, cells, _bits(lead, bits), invert(_bits(exponents[i], bits)), 1)
                distance = Cat(*difference[:bits])
            aligned = shift_right_cut(m, self.terms[i].significand, distance, window.product_bits, f"aligned_{i}")
            self._add(m, columns, aligned, field(self.terms[i], "sign"))
        total = Signal(width, name="total")
        m.d.comb += total.eq(Cat(*columns.total(m, cells, self.architecture.adder)))
        negative = total[-1]
        flipped = Signal(width - 1)
        m.d.comb += flipped.eq(total[:-1] ^ negative.replicate(width - 1))
        absolute = add(m, cells, list(flipped), constant(0, width - 1), negative, kind=self.architecture.adder)
        m.d.comb += [self.significand.eq(Cat(*absolute)), self.sign.eq(negative), self.exponent.eq(exponent)]
        self._specials(m)
        return m

    def _with_acc(self, m: Module, cells: AdderCells, columns: Columns, products: Value) -> tuple[Value, Value]:
        """Put the accumulator into `columns`; return the largest exponent of all, as the products count, and with the scale."""
        shape, acc = self.acc_shape, self.acc
        assert shape is not None
        own = acc_exponent = exponent_of(acc, shape)
        scaled = products
        if self.scale_shape is not None:
            scale = exponent_of(self.scale, self.scale_shape)
            scaled = self._sum(m, cells, products, scale)
            own = self._sum(m, cells, acc_exponent, scale, negative=True)
        width = max(len(_signed(products)), len(_signed(own))) + 1
        difference = Signal(width, name="products_above")
        m.d.comb += difference.eq(Cat(*add(m, cells, _bits(products, width), invert(_bits(own, width)), 1)))
        leads = Signal(name="acc_leads")
        above = difference[-1]
        if self.scale_shape is not None:
            # Products that are all zero have the exponent 0, which does not count. Without scales it may: no product has a lower
            # one, so that the accumulator holds multiples of that unit only.
            above |= self.term_zeros.all()
        # A zero with the lowest exponent of all is never above a term that counts.
        lowest = self.product_shape.exponent_low + (0 if self.scale_shape is None else self.scale_shape.exponent_low)
        if not (shape.leading_zeros and shape.exponent_low <= lowest):
            above &= acc.significand.any() if shape.leading_zeros else acc.significand[-1]
        m.d.comb += leads.eq(above)
        bits = (max(0, self.exponent_range[1] - shape.exponent_low)).bit_length()
        distance = Cat(*_bits(difference, bits)) & (~leads).replicate(bits)
        # Nothing of the register is above the largest exponent itself.
        aligned = shift_right_cut(m, acc.significand, distance, self.window.product_bits - 1, "aligned_acc")
        self._add(m, columns, aligned, field(acc, "sign"))
        return self._kept(m, Mux(leads, own, products), "lead"), self._kept(m, Mux(leads, acc_exponent, scaled), "largest_exponent")

    def _distance_bits(self, lead: Value) -> int:
        """Return the bits of the largest distance of a product that counts."""
        shape, (_, high) = self.product_shape, self.exponent_range
        if self.scale_shape is not None:
            high -= self.scale_shape.exponent_low
        return (high - shape.exponent_low).bit_length()

    def _add(self, m: Module, columns: Columns, magnitude: Value, sign: Value) -> None:
        """Add a magnitude or, by its complement and a carry, its negative."""
        if isinstance(sign, Const):
            columns.add_unsigned(list(magnitude))
            return
        signed = Signal(len(magnitude), name="signed")
        m.d.comb += signed.eq(magnitude ^ sign.replicate(len(magnitude)))
        columns.add_signed([*signed, sign])
        columns.add_bit(sign, 0)

    def _sum(self, m: Module, cells: AdderCells, a: Value, b: Value, *, negative: bool = False) -> Value:
        """Return ``a + b``, or ``a - b``, with a sign."""
        width = max(len(_signed(a)), len(_signed(b))) + 1
        addend = invert(_bits(b, width)) if negative else _bits(b, width)
        return Cat(*add(m, cells, _bits(a, width), addend, int(negative))[:width]).as_signed()

    def _kept(self, m: Module, value: Value, name: str) -> Signal:
        signal = Signal(value.shape(), name=name)
        m.d.comb += signal.eq(value)
        return signal

    def _specials(self, m: Module) -> None:
        nan, up, down = (Signal(self.accumulator.lanes, name=name) for name in ("nans", "up", "down"))
        m.d.comb += [
            nan.eq(Cat(*(field(term, "nan") for term in self.terms))),
            up.eq(Cat(*(field(term, "inf") & ~field(term, "sign") for term in self.terms))),
            down.eq(Cat(*(field(term, "inf") & field(term, "sign") for term in self.terms))),
            self.inf.eq(up.any() | down.any()),
            self.inf_sign.eq(down.any()),
        ]
        scale_nan = Const(0, 1) if self.scale_shape is None else field(self.scale, "nan")
        m.d.comb += self.nan.eq(nan.any() | (up.any() & down.any()) | scale_nan)


def _signed(value: Value) -> Value:
    """Return `value` with room for a sign."""
    return value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()


def _bits(value: Value, width: int) -> list[Bit]:
    """Return the bits of a number modulo ``2**width``."""
    return extend(list(value), width, signed=value.shape().signed)
