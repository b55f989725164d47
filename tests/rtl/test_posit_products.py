"""Posits in two's complement: unpacked, multiplied and brought to a grid as circuits, on every code and every pair of codes."""

from fractions import Fraction
from itertools import product
from math import floor

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hwmodel.spec import FixedPoint, PositFormat
from hwmodel.spec.posit_products import posit_product_shape
from hwmodel.spec.window_shift import WindowShift
from hwmodel_rtl.alignadd_fixed import AlignAddFixed
from hwmodel_rtl.architecture import Architecture
from hwmodel_rtl.decode_posit import DecodePosit
from hwmodel_rtl.mpy_posit import MpyPosit
from hwmodel_rtl.number import connect
from hwmodel_rtl.tapered import MARKED_WIDTH

pytestmark = pytest.mark.usefixtures("adders_are_logic")


def value(code: int, fmt: PositFormat) -> Fraction:
    """Return what a code is worth, 0 for 10…0: as the standard says, by sign and magnitude."""
    if code >> (fmt.width - 1):
        return -value((1 << fmt.width) - code, fmt) if code != fmt.nan_code else Fraction(0)
    if code == 0:
        return Fraction(0)
    text = f"{code:0{fmt.width}b}"[1:]
    run = len(text) - len(text.lstrip(text[0]))
    regime = run - 1 if text[0] == "1" else -run
    tail = text[run + 1 :].ljust(fmt.exponent_bits, "0")
    exponent, fraction = int(tail[: fmt.exponent_bits] or "0", 2), tail[fmt.exponent_bits :]
    significand = 1 + Fraction(int(fraction or "0", 2), 1 << len(fraction))
    return significand * Fraction(2) ** ((regime << fmt.exponent_bits) + exponent)


def run(circuit: wiring.Component, bench) -> None:
    simulator = Simulator(circuit)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("es", range(4))
@pytest.mark.parametrize("width", [3, 4, 5, 8, MARKED_WIDTH, MARKED_WIDTH + 1])
def test_a_code_is_read_as_it_stands(width: int, es: int) -> None:
    fmt = PositFormat(width, es)
    circuit = DecodePosit(fmt)

    async def bench(ctx) -> None:
        for code in range(1 << width):
            ctx.set(circuit.code, code)
            await ctx.delay(1e-9)
            number = circuit.number
            assert ctx.get(number.zero) == (code in (0, fmt.nan_code))
            assert ctx.get(number.nan) == (code == fmt.nan_code)
            if not ctx.get(number.zero):
                fraction = Fraction(ctx.get(number.fraction), 1 << fmt.fraction_bits) if fmt.fraction_bits else 0
                significand = fraction - 2 if ctx.get(number.sign) else fraction + 1
                assert significand * Fraction(2) ** ctx.get(number.exponent) == value(code, fmt), hex(code)

    run(circuit, bench)


class Product(wiring.Component):
    """A product of posits on a grid: added to an accumulator of zero."""

    def __init__(self, a: PositFormat, b: PositFormat, fixed: FixedPoint, rounding: str) -> None:
        self.formats, self.fixed, self.rounding = (a, b), fixed, rounding
        super().__init__({"a": In(a.width), "b": In(b.width), "valid": In(1), "total": Out(fixed.width)})

    def elaborate(self, platform):
        m = Module()
        architecture = Architecture()
        m.submodules.mpy = mpy = MpyPosit(*self.formats, architecture)
        for name, fmt in zip("ab", self.formats, strict=True):
            m.submodules[f"decode_{name}"] = decode = DecodePosit(fmt)
            m.d.comb += decode.code.eq(getattr(self, name))
            m.d.comb += [getattr(getattr(mpy, name), key).eq(getattr(decode.number, key)) for key in decode.number.signature.members]
        m.submodules.alignadd = alignadd = AlignAddFixed(mpy.shape, self.fixed, self.fixed.width, self.rounding, architecture)
        m.d.comb += [mpy.valid.eq(self.valid), *connect(mpy.shape, alignadd.term, mpy.product), self.total.eq(alignadd.total)]
        return m


# The unit 2**-fraction: below the finest product, above it, above some products altogether, and above all.
@pytest.mark.parametrize(
    ("a", "b", "fraction", "rounding"),
    [
        (PositFormat(5, 0), PositFormat(5, 0), 8, "floor"),
        (PositFormat(5, 1), PositFormat(5, 1), 12, "rne"),
        (PositFormat(5, 1), PositFormat(6, 1), 5, "floor"),
        (PositFormat(6, 0), PositFormat(4, 1), 3, "rne"),
        (PositFormat(4, 3), PositFormat(5, 2), -3, "rne"),
        (PositFormat(4, 2), PositFormat(6, 0), -3, "floor"),
        (PositFormat(4, 1), PositFormat(3, 0), -9, "rne"),
        (PositFormat(3, 3), PositFormat(4, 0), -20, "floor"),
    ],
    ids=str,
)
def test_a_product_is_brought_to_the_unit(a: PositFormat, b: PositFormat, fraction: int, rounding: str) -> None:
    width = 30
    circuit = Product(a, b, FixedPoint(width, fraction), rounding)

    async def bench(ctx) -> None:
        for x, y in product(range(1 << a.width), range(1 << b.width)):
            ctx.set(circuit.a, x)
            ctx.set(circuit.b, y)
            ctx.set(circuit.valid, 1)
            await ctx.delay(1e-9)
            exact = value(x, a) * value(y, b) * Fraction(2) ** fraction
            wanted = round(exact) if rounding == "rne" else floor(exact)
            assert ctx.get(circuit.total) == wanted % (1 << width), (hex(x), hex(y))
        ctx.set(circuit.valid, 0)
        await ctx.delay(1e-9)
        assert ctx.get(circuit.total) == 0

    run(circuit, bench)


def test_no_window_is_open_to_bits_that_taper_away() -> None:
    fmt = PositFormat(6, 1)
    shape = posit_product_shape(fmt, fmt)
    found: dict[int, int] = {}
    for x, y in product([value(code, fmt) for code in range(1, 64) if code != fmt.nan_code], repeat=2):
        exact = x * y
        lowest = (exact.numerator & -exact.numerator).bit_length() - exact.denominator.bit_length()
        exponent = sum(_exponent(each) for each in (x, y))
        found[exponent] = min(found.get(exponent, lowest), lowest)
    assert all(shape.lowest[exponent - shape.exponent_low] <= lowest for exponent, lowest in found.items())
    # Around 1 a product has four bits of fraction, at the ends none.
    assert [shape.lowest[exponent - shape.exponent_low] for exponent in (-17, 0, 16)] == [-16, -4, 16]
    flat = shape._replace(lowest=(shape.lsb,) * len(shape.lowest))
    assert WindowShift.of(shape, 16, "floor").gates < WindowShift.of(flat, 16, "floor").gates


def _exponent(number: Fraction) -> int:
    """Return the exponent of a number as a significand in [1, 2) or [-2, -1)."""
    exponent = 0
    while not 1 <= number < 2 and not -2 <= number < -1:
        exponent, number = (exponent + 1, number / 2) if number >= 2 or number < -2 else (exponent - 1, number * 2)
    return exponent
