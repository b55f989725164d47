"""Minifloats, unpacked: one format, or several that share all of the work but the place of their fields.

The fields of each layout are cut out, widened and chosen among; from there on it is one minifloat, with one leading-zero
count and one shifter. What biases differ by is added to the exponent last.
"""

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwmodel.spec import FloatFormat, Specials
from hwmodel.spec.ranges import NumberShape, operand_shape

from .adders import add, extend, offset_by
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .number import exponent_shape
from .select import choose, read
from .shifter import shift_left

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
        The field, plus what the format's bias is less than the largest (where there are few biases).
    fraction
        The field, in the low bits; zeros above.
    subnormal
        Whether the exponent field is all zeros and that means that there is no hidden bit.
    hidden
        The hidden bit.
    nan, inf
        Whether the code is one.
    """

    sign: Value
    exponent: Value
    fraction: Value
    subnormal: Value
    hidden: Value
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
    plain = [operand_shape(fmt, normalised=normalised) for fmt in formats]
    offsets = [one.top - shape.top for one in plain]
    few = len(set(offsets)) <= FEW_OFFSETS
    own = exponent_shape(min(one.exponent_low for one in plain), max(one.exponent_high for one in plain))
    width = 0 if not shape.has_exponent else len(number.exponent) if few else len(Signal(own))
    longest = max(fmt.fraction_bits for fmt in formats)
    shifts = normalised and longest > 0 and any(fmt.subnormals for fmt in formats)

    # Formats that differ in their bias alone are cut alike.
    keys = [(replace(fmt, bias=0), offset if few else 0) for fmt, offset in zip(formats, offsets, strict=True)]
    cut = {key: _cut(m, key[0], code, key[1], width, longest, raises=not shifts) for key in dict.fromkeys(keys)}
    chosen = Fields(**{f.name: choose(m, mode, [getattr(cut[key], f.name) for key in keys], f.name) for f in fields(Fields)})

    places = {fmt.fraction_bits: Const(longest - fmt.fraction_bits, longest.bit_length()) for fmt in formats}
    place = choose(m, mode, [places[fmt.fraction_bits] for fmt in formats], "place")
    exponent = chosen.exponent
    if shifts:
        # One shift brings the fraction of a normal number to the top, and of a subnormal its highest one above it.
        count, _ = leading_zero_count(m, Cat(chosen.fraction, Const(0, 1)))
        amount = Mux(chosen.subnormal, count, place)
        # Minus the count is one more than its complement; that, and what formats differ by, is one constant.
        minus = [*(~bit for bit in count), *[_ONE] * width][:width]
        below = [key[1] + longest - fmt.fraction_bits + 2 - fmt.halved for key, fmt in zip(keys, formats, strict=True) if fmt.subnormals]
        by_mode = iter(below)
        constants = [next(by_mode) if fmt.subnormals else below[0] for fmt in formats]
        sums = {each: offset_by(m, minus, each) for each in dict.fromkeys(constants)}
        lowered = choose(m, mode, [sums[each] for each in constants], "below")
        exponent = _replaced(exponent, lowered, chosen.subnormal, [key[1] for key in keys])
    else:
        amount = place
    fraction = shift_left(m, chosen.fraction, amount, longest) if longest else chosen.fraction
    top = chosen.hidden | chosen.fraction.any() if shifts else chosen.hidden
    m.d.comb += number.significand.eq(Cat(fraction, top))
    if shape.has_exponent:
        base = Signal(own if not few else len(number.exponent), name="base")
        m.d.comb += base.eq(exponent)
        m.d.comb += number.exponent.eq(base if few else _plus_table(m, cells, base, offsets, mode, len(number.exponent)))
    for name in ("sign", "nan", "inf"):
        if hasattr(number, name):
            m.d.comb += getattr(number, name).eq(getattr(chosen, name))


_ZERO, _ONE = Const(0, 1), Const(1, 1)


def _replaced(exponent: Value, below: Value, subnormal: Value, offsets: Sequence[int]) -> Value:
    """Return `below` where the number is subnormal, else `exponent`; of a subnormal that is the offset, mostly zeros."""
    ones = functools.reduce(operator.or_, offsets)
    return Cat(
        Mux(subnormal, low, high) if (ones >> i) & 1 else high | (low & subnormal)
        for i, (low, high) in enumerate(zip(below, exponent, strict=True))
    )


def _cut(m: Module, fmt: FloatFormat, code: Value, offset: int, exponent_bits: int, fraction_bits: int, *, raises: bool) -> Fields:
    """Return the fields of a code; with `raises` the exponent of a subnormal is that of the binade above (unless it is worth half)."""
    fraction = code[: fmt.fraction_bits]
    exponent = code[fmt.fraction_bits : fmt.fraction_bits + fmt.exponent_bits]
    zero = Signal(name="exponent_zero")
    m.d.comb += zero.eq(~_any(exponent))
    # Where e = 0 is a binade like any other, the code 0 has a significand of zeros already, but for the hidden bit.
    hidden = (
        _ONE if not fmt.zero else ~zero if fmt.subnormals or not fmt.fraction_bits else _any(code[: fmt.exponent_bits + fmt.fraction_bits])
    )
    nan, inf = _specials(fmt, code[: fmt.width], exponent, fraction)
    field = Cat(exponent[0] | zero, exponent[1:]) if raises and fmt.subnormals and not fmt.halved else exponent
    return Fields(
        sign=code[fmt.width - 1] if fmt.signed else _ZERO,
        exponent=offset_by(m, extend(list(field), exponent_bits, signed=False), offset),
        fraction=Cat(fraction, Const(0, fraction_bits - fmt.fraction_bits)),
        subnormal=zero if fmt.subnormals else _ZERO,
        hidden=hidden,
        nan=nan,
        inf=inf,
    )


def _any(bits: Value) -> Value:
    """Return whether a bit is 1, asked from the top, where formats agree: they then share what they can."""
    return functools.reduce(operator.or_, reversed(list(bits)))


def _all(bits: Value) -> Value:
    """Return whether all bits are 1, asked from the top likewise."""
    return functools.reduce(operator.and_, reversed(list(bits)))


def _specials(fmt: FloatFormat, code: Value, exponent: Value, fraction: Value) -> tuple[Value, Value]:
    """Return whether a code is NaN, and whether it is infinite."""
    match fmt.specials:
        case Specials.IEEE:
            return _all(exponent) & _any(fraction), _all(exponent) & ~_any(fraction)
        case Specials.FN:
            return _all(Cat(fraction, exponent)), _ZERO
        case Specials.FNUZ:
            return code[-1] & ~code[:-1].any(), _ZERO
        case Specials.NONE:
            return _ZERO, _ZERO


def _plus_table(m: Module, cells: AdderCells, exponent: Value, offsets: Sequence[int], mode: Value, width: int) -> Value:
    """Return ``exponent + offsets[mode]``, `width` bits."""
    words = [*offsets, *[offsets[-1]] * ((1 << len(mode)) - len(offsets))]
    table = extend(read(mode, words, max(offsets).bit_length()), width, signed=False)
    return Cat(*add(m, cells, extend(list(exponent), width, signed=exponent.shape().signed), table)[:width])
