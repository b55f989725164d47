"""Minifloats, unpacked: one format, or several that share all of the work but the place of their fields.

The fields of each layout are cut out, widened and chosen among; from there on it is one minifloat, with one leading-zero
count and one shifter. What biases differ by is added to the exponent last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwmodel.spec import FloatFormat, Specials
from hwmodel.spec.ranges import NumberShape, operand_shape

from .adders import add, extend, offset_by
from .cells import AdderCells
from .normalise import minus, normalise
from .number import exponent_shape
from .select import choose, read

FEW_OFFSETS = 4
"""Up to so many different biases each have their own constant added; more share an adder that a table feeds."""


@dataclass(frozen=True)
class Fields:
    """A code cut into its fields, in the widths of the widest layout.

    Attributes
    ----------
    sign
        1 bit.
    exponent
        The field, as it stands.
    fraction
        The field, its highest bit on top, zeros below.
    subnormal
        Whether the exponent field is all zeros and that means that there is no hidden bit.
    hidden
        The hidden bit.
    raised
        Whether the exponent counts as 1 though its field is 0.
    nan, inf
        Whether the code is one.
    """

    sign: Value
    exponent: Value
    fraction: Value
    subnormal: Value
    hidden: Value
    raised: Value
    nan: Value
    inf: Value


def unpack_floats(
    m: Module,
    cells: AdderCells,
    formats: Sequence[FloatFormat],
    mode: Value,
    code: Value,
    number: Any,
    shape: NumberShape,
    *,
    normalised: bool,
) -> None:
    """Drive `number`, of shape `shape`, with what `code` means in ``formats[mode]``."""
    widths = max(fmt.exponent_bits for fmt in formats), max(fmt.fraction_bits for fmt in formats)
    # Formats that differ in their bias alone are cut alike.
    layouts = {replace(fmt, bias=0): None for fmt in formats}
    cut = {layout: _cut(m, layout, code, *widths) for layout in layouts}
    each = [cut[replace(fmt, bias=0)] for fmt in formats]
    chosen = Fields(**{f.name: choose(m, mode, [getattr(one, f.name) for one in each], f.name) for f in fields(Fields)})

    plain = [operand_shape(fmt, normalised=normalised) for fmt in formats]
    low, high = min(one.exponent_low for one in plain), max(one.exponent_high for one in plain)
    if normalised and widths[1] and any(fmt.subnormals for fmt in formats):
        shifted, zeros = normalise(m, chosen.fraction)
        significand = Mux(chosen.subnormal, Cat(Const(0, 1), shifted), Cat(chosen.fraction, chosen.hidden))
        # A subnormal's exponent is minus its leading zeros (one less if it is worth half); the field it replaces is all zeros.
        width = len(Signal(exponent_shape(low, high)))
        below = Signal(width, name="below")
        m.d.comb += below.eq(minus(m, cells, zeros, width, _carry(chosen, formats)) & chosen.subnormal.replicate(width))
        exponent = below | chosen.exponent
    else:
        significand = Cat(chosen.fraction, chosen.hidden)
        exponent = chosen.exponent | chosen.raised
    m.d.comb += number.significand.eq(significand)
    if shape.has_exponent:
        base = Signal(exponent_shape(low, high), name="base")
        m.d.comb += base.eq(exponent)
        m.d.comb += number.exponent.eq(_offset(m, cells, base, [one.top - shape.top for one in plain], mode, len(number.exponent)))
    for name in ("sign", "nan", "inf"):
        if hasattr(number, name):
            m.d.comb += getattr(number, name).eq(getattr(chosen, name))


_ZERO, _ONE = Const(0, 1), Const(1, 1)


def _cut(m: Module, fmt: FloatFormat, code: Value, exponent_bits: int, fraction_bits: int) -> Fields:
    fraction = code[: fmt.fraction_bits]
    exponent = code[fmt.fraction_bits : fmt.fraction_bits + fmt.exponent_bits]
    zero = Signal(name="exponent_zero")
    m.d.comb += zero.eq(~exponent.any())
    # Where e = 0 is a binade like any other, the code 0 has a significand of zeros already, but for the hidden bit.
    hidden = _ONE if not fmt.zero else ~zero if fmt.subnormals or not fmt.fraction_bits else exponent.any() | fraction.any()
    nan, inf = _specials(fmt, code[: fmt.width], exponent, fraction)
    return Fields(
        sign=code[fmt.width - 1] if fmt.signed else _ZERO,
        exponent=Cat(exponent, Const(0, exponent_bits - fmt.exponent_bits)),
        fraction=Cat(Const(0, fraction_bits - fmt.fraction_bits), fraction),
        subnormal=zero if fmt.subnormals else _ZERO,
        hidden=hidden,
        raised=zero if fmt.subnormals and not fmt.halved else _ZERO,
        nan=nan,
        inf=inf,
    )


def _specials(fmt: FloatFormat, code: Value, exponent: Value, fraction: Value) -> tuple[Value, Value]:
    """Return whether a code is NaN, and whether it is infinite."""
    match fmt.specials:
        case Specials.IEEE:
            return exponent.all() & fraction.any(), exponent.all() & ~fraction.any()
        case Specials.FN:
            return (exponent.all() & fraction.all() if fmt.fraction_bits else exponent.all()), _ZERO
        case Specials.FNUZ:
            return code[-1] & ~code[:-1].any(), _ZERO
        case Specials.NONE:
            return _ZERO, _ZERO


def _carry(chosen: Fields, formats: Sequence[FloatFormat]) -> Value | int:
    """Return what turns the complement of a leading-zero count into its negative: 1, or 0 where subnormals are worth half."""
    halved = {fmt.halved for fmt in formats if fmt.subnormals}
    return chosen.raised if len(halved) > 1 else int(not halved.pop())


def _offset(m: Module, cells: AdderCells, exponent: Value, offsets: Sequence[int], mode: Value, width: int) -> Value:
    """Return ``exponent + offsets[mode]``, `width` bits."""
    bits = extend(list(exponent), width, signed=exponent.shape().signed)
    if len(set(offsets)) <= FEW_OFFSETS:
        sums = {offset: offset_by(m, bits, offset) for offset in sorted(set(offsets))}
        return choose(m, mode, [sums[offset] for offset in offsets], "exponent")
    words = [*offsets, *[offsets[-1]] * ((1 << len(mode)) - len(offsets))]
    table = extend(read(mode, words, max(offsets).bit_length()), width, signed=False)
    return Cat(*add(m, cells, bits, table)[:width])
