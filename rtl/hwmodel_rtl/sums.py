"""Exact sums of products, in front of an accumulator: of a step's, or of a block's."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import FixedPoint, MacSpec
from hwmodel.spec.dataflow import exact_sum_shape
from hwmodel.spec.ranges import NumberShape

from .adders import add, constant, invert
from .alignadd_fixed import AlignAddInteger, AlignAddSum
from .architecture import Architecture
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .number import connect, field, signature
from .shifter import shift_left
from .terms import Rows, Terms


@dataclass(frozen=True)
class Sum:
    """An exact sum.

    Attributes
    ----------
    total
        Two's complement, as wide as the spec's `exact_sum`. It means nothing if the sum is no number.
    nan, inf
        Whether it is one; NaN counts where both are set.
    inf_sign
        Sign of an infinity.
    zero_sign
        Whether all terms are -0 if the total is zero.
    """

    total: Value
    nan: Value
    inf: Value
    inf_sign: Value
    zero_sign: Value


def add_products(m: Module, fixed: FixedPoint, terms: Terms | Rows, architecture: Architecture, acc: Value | None = None) -> Sum:
    """Return the sum of a step's products, and of `acc` if there is one, in an instance called alignadd_sum."""
    none = Const(0, 1)
    if isinstance(terms, Rows):
        accumulated = 0 if acc is None else fixed.width
        m.submodules.alignadd_sum = rows = AlignAddInteger(len(terms.row_0), terms.constant, 0, accumulated, fixed.width, architecture)
        m.d.comb += [rows.row_0.eq(terms.row_0), rows.row_1.eq(terms.row_1)]
        if acc is not None:
            m.d.comb += rows.acc.eq(acc)
        return Sum(rows.total, none, none, none, none if terms.negative is None else terms.negative)
    shape, numbers = terms.shape, terms.numbers
    m.submodules.alignadd_sum = adder = AlignAddSum(
        shape, len(numbers), fixed, fixed.width, architecture, accumulates=acc is not None, drops_specials=False
    )
    for target, number in zip(adder.terms, numbers, strict=True):
        m.d.comb += connect(shape, target, number)
    if acc is not None:
        m.d.comb += adder.acc.eq(acc)
    negative = Cat(*(field(number, "inf") & field(number, "sign") for number in numbers)).any()
    positive = Cat(*(field(number, "inf") & ~field(number, "sign") for number in numbers)).any()
    nan = terms.any("nan") | (negative & positive) if shape.inf else terms.any("nan")
    return Sum(adder.total, nan, terms.any("inf"), negative, terms.all("sign"))


class UnpackSum(wiring.Component):
    """An exact sum as an unpacked number: sign and magnitude, normalised if asked for. Combinational.

    Parameters
    ----------
    shape
        Of the number.
    fixed
        The sum.
    normalised
        Whether the magnitude is shifted until its highest bit is one.

    Attributes
    ----------
    total : In(fixed.width)
        The sum.
    nan, inf, inf_sign : In(1)
        What it is besides, see `Sum`; only where it can be.
    zero_sign : In(1)
        The sign of a sum that is zero (only if `normalised`).
    number : Out(signature(shape))
        The number, of shape `shape`.
    zero : Out(1)
        Whether it is zero (only if `normalised`).
    """

    def __init__(self, shape: NumberShape, fixed: FixedPoint, architecture: Architecture, *, normalised: bool) -> None:
        self.shape = shape
        self.architecture = architecture
        self.normalised = normalised
        specials = {"nan": shape.nan, "inf": shape.inf, "inf_sign": shape.inf and shape.signed, "zero_sign": shape.signed and normalised}
        ports = {"total": In(fixed.width), **{name: In(1) for name, there in specials.items() if there}}
        super().__init__({**ports, "number": Out(signature(shape)), **({"zero": Out(1)} if normalised else {})})

    def elaborate(self, platform):
        m = Module()
        cells = AdderCells(m)
        shape, number, bits = self.shape, self.number, self.shape.significand_bits
        magnitude = Signal(bits)
        if shape.signed:
            sign = self.total[-1]
            flipped = Signal(bits)
            m.d.comb += flipped.eq(self.total[:bits] ^ sign.replicate(bits))
            m.d.comb += magnitude.eq(Cat(*add(m, cells, list(flipped), constant(0, bits), sign, kind=self.architecture.adder)[:bits]))
            finite_sign = sign | (self.zero & self.zero_sign) if self.normalised else sign
            m.d.comb += number.sign.eq(Mux(self.inf, self.inf_sign, finite_sign) if shape.inf else finite_sign)
        else:
            m.d.comb += magnitude.eq(self.total[:bits])
        for name in ("nan", "inf"):
            if getattr(shape, name):
                m.d.comb += getattr(number, name).eq(getattr(self, name))
        if not self.normalised:
            m.d.comb += number.significand.eq(magnitude)
            return m
        zeros, none = leading_zero_count(m, magnitude)
        m.d.comb += [number.significand.eq(shift_left(m, magnitude, zeros, bits, "normalised")), self.zero.eq(none)]
        if shape.has_exponent:
            places = len(number.exponent)
            m.d.comb += number.exponent.eq(Cat(*add(m, cells, constant(bits - 1, places), invert(list(zeros)), 1)[:places]))
        return m


def unpack_sum(m: Module, spec: MacSpec, architecture: Architecture, total: Sum, *, normalised: bool, zero_sign: Value) -> Terms:
    """Return an exact sum as a number that can be added, by way of an instance called alignadd_normalise or alignadd_magnitude."""
    assert spec.exact_sum is not None
    unpack = UnpackSum(exact_sum_shape(spec, normalised=normalised), spec.exact_sum, architecture, normalised=normalised)
    m.submodules["alignadd_normalise" if normalised else "alignadd_magnitude"] = unpack
    inputs = {"total": total.total, "nan": total.nan, "inf": total.inf, "inf_sign": total.inf_sign, "zero_sign": zero_sign}
    m.d.comb += [getattr(unpack, name).eq(value) for name, value in inputs.items() if hasattr(unpack, name)]
    return Terms([unpack.number], unpack.shape, unpack.zero if normalised else None)


class KeepSum(wiring.Component):
    """Keep the sum of a block. One cycle.

    Attributes
    ----------
    total, nan, inf, inf_sign : In
        The sum with the products of this step, see `Sum`; what it is besides, of the products alone and only where they can be.
    clear : In(1)
        This step is the block's first.
    acc : Out(width)
        The sum so far as the adder shall see it: zero while `clear`.
    value, value_nan, value_inf, value_inf_sign : Out
        The register.
    """

    def __init__(self, fixed: FixedPoint, shape: NumberShape, *, resettable: bool) -> None:
        self.resettable = resettable
        self.flags = [name for name, there in (("nan", shape.nan), ("inf", shape.inf), ("inf_sign", shape.inf and shape.signed)) if there]
        ports = {"total": In(fixed.width), "clear": In(1), "acc": Out(fixed.width), "value": Out(fixed.width)}
        super().__init__({**ports, **{name: In(1) for name in self.flags}, **{f"value_{name}": Out(1) for name in self.flags}})

    def elaborate(self, platform):
        m = Module()
        register = Signal(len(self.total), reset_less=not self.resettable)
        flags = {name: Signal(name=name, reset_less=not self.resettable) for name in self.flags}
        m.d.sync += register.eq(self.total)
        m.d.comb += [self.acc.eq(register & (~self.clear).replicate(len(register))), self.value.eq(register)]
        kept = {name: flag & ~self.clear for name, flag in flags.items()}
        for name, flag in flags.items():
            m.d.comb += getattr(self, f"value_{name}").eq(flag)
        if "inf" in flags:
            m.d.sync += flags["inf"].eq(kept["inf"] | self.inf)
        opposite: Value = Const(0, 1)
        if "inf_sign" in flags:
            m.d.sync += flags["inf_sign"].eq(Mux(self.inf, self.inf_sign, flags["inf_sign"]))
            opposite = kept["inf"] & self.inf & (flags["inf_sign"] ^ self.inf_sign)
        if "nan" in flags:
            m.d.sync += flags["nan"].eq(kept["nan"] | self.nan | opposite)
        return m


def sum_block(m: Module, spec: MacSpec, architecture: Architecture, terms: Terms | Rows, clear: Value, *, resettable: bool) -> Sum:
    """Return the sum of a block's products so far, those of this step a cycle later, of instances called alignadd_sum and normacc_sum."""
    fixed = spec.exact_sum
    assert fixed is not None
    keep = KeepSum(fixed, exact_sum_shape(spec, normalised=False), resettable=resettable)
    total = add_products(m, fixed, terms, architecture, keep.acc)
    m.submodules.normacc_sum = keep
    m.d.comb += [keep.total.eq(total.total), keep.clear.eq(clear)]
    m.d.comb += [getattr(keep, name).eq(getattr(total, name)) for name in keep.flags]
    flags = {name: getattr(keep, f"value_{name}") if name in keep.flags else Const(0, 1) for name in ("nan", "inf", "inf_sign")}
    return Sum(keep.value, **flags, zero_sign=Const(0, 1))
