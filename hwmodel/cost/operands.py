"""Cells of operands that are not one integer or minifloat: codebooks, logarithms, and several formats of which a mode chooses one."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from hwmodel.spec import ChoiceFormat, CodebookFormat, FloatFormat, IntFormat, LogFormat, Operand, PositFormat
from hwmodel.spec.ranges import NumberShape, log_product_shape, operand_shape

from . import parts
from .blocks import add, any_of, choose, extend, signals, table
from .parts import exponent_width, normalise, specials
from .posits import tapered_fields, unpack_posit
from .tally import ONE, SIGNAL, ZERO, Counts, Tally

FEW_OFFSETS = 4
"""As `hwmodel_rtl.decode_float.FEW_OFFSETS`."""


@lru_cache(maxsize=1 << 14)
def decode(operand: Operand, normalised: bool) -> Counts:
    """Count the unpacking of one operand."""
    match operand:
        case ChoiceFormat():
            return _decode_choice(operand, normalised)
        case CodebookFormat():
            return _decode_codebook(operand)
        case LogFormat():
            return _decode_log(operand)
        case PositFormat():
            return _decode_posit(operand)
        case IntFormat() | FloatFormat():
            return parts.decode(operand, normalised)
        case _:
            raise ValueError(f"no circuit decodes {operand}")


def operand_width(operand: Operand, normalised: bool) -> int:
    """Return the bits of an unpacked operand."""
    if isinstance(operand, LogFormat):
        return _log_width(operand) + 3
    return parts.number_width(operand_shape(operand, normalised=normalised))


def _decode_codebook(fmt: CodebookFormat) -> Counts:
    tally, shape = Tally(), operand_shape(fmt, normalised=True)
    words = []
    for entry in fmt.entries:
        magnitude = abs(entry)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        significand = int(magnitude / Fraction(2) ** (exponent + 1 - shape.significand_bits))
        place = exponent - shape.top if entry else 0
        words.append((entry < 0) | significand << 1 | place << (1 + shape.significand_bits))
    table(tally, words, max(words).bit_length())
    return tally.counts()


def _log_width(fmt: LogFormat) -> int:
    return 1 + fmt.max_log.bit_length()


def _decode_log(fmt: LogFormat) -> Counts:
    tally = Tally()
    any_of(tally, fmt.width - 1)
    tally.gate2 += 2
    if fmt.regime_exponent_bits is not None:
        tapered_fields(tally, fmt.width, fmt.step_bits + fmt.regime_exponent_bits)
    return tally.counts()


def _decode_posit(fmt: PositFormat) -> Counts:
    tally = Tally()
    unpack_posit(tally, fmt)
    return tally.counts()


def mpy_log(a: LogFormat, b: LogFormat) -> Counts:
    """Count the sum of two logarithms and the table that makes it linear."""
    tally, shape = Tally(), log_product_shape(a, b)
    width = a.step_bits + exponent_width(shape.exponent_low, shape.exponent_high)[0]
    x, y = (extend(signals(_log_width(fmt)), width, signed=True) for fmt in (a, b))
    add(tally, x, y)
    table(tally, a.table, shape.significand_bits)
    tally.gate2 += shape.significand_bits + 2 + 1 + 2
    tally.xor2 += 1
    return tally.counts()


def _decode_choice(operand: ChoiceFormat, normalised: bool) -> Counts:
    floats = [fmt for fmt in operand.choices if isinstance(fmt, FloatFormat)]
    if len(floats) == len(operand.choices):
        return _decode_floats(floats, operand_shape(operand, normalised=normalised), normalised)
    tally, shape = Tally(), operand_shape(operand, normalised=normalised)
    sources: list[list[Hashable]] = []
    for i, fmt in enumerate(operand.choices):
        if not isinstance(fmt, FloatFormat):
            tally.include(decode(fmt, normalised))
        group: Hashable = "float" if isinstance(fmt, FloatFormat) else i
        sources.append(_fields(operand_shape(fmt, normalised=normalised), shape, group))
    if floats:
        by_mode = [fmt if isinstance(fmt, FloatFormat) else floats[0] for fmt in operand.choices]
        own = operand_shape(ChoiceFormat(tuple(floats)) if len(floats) > 1 else floats[0], normalised=normalised)
        tally.include(_decode_floats(by_mode, own, normalised))
    choose(tally, sources)
    return tally.counts()


def _fields(own: NumberShape, shape: NumberShape, group: Hashable) -> list[Hashable]:
    """Return where the bits of an unpacked number come from once it is widened to `shape`; 0: they are 0."""
    exponent = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    bits: list[Hashable] = [0] * (shape.significand_bits - own.significand_bits)
    bits += [(group, i) for i in range(own.significand_bits)]
    bits += [(group, "exponent", i) if own.has_exponent else 0 for i in range(exponent)]
    return bits + [(group, name) if getattr(own, name) else 0 for name in ("signed", "nan", "inf")]


def _decode_floats(formats: Sequence[FloatFormat], shape: NumberShape, normalised: bool) -> Counts:
    """Count minifloats that are unpacked together; `formats` are by mode."""
    tally = Tally()
    exponent_bits, fraction_bits = max(fmt.exponent_bits for fmt in formats), max(fmt.fraction_bits for fmt in formats)
    for layout in {replace(fmt, bias=0): None for fmt in formats}:
        any_of(tally, layout.exponent_bits)
        if not layout.subnormals and layout.zero:
            any_of(tally, layout.fraction_bits + 1)
        specials(tally, layout)
    choose(tally, [_cut(fmt, exponent_bits, fraction_bits) for fmt in formats])

    plain = [operand_shape(fmt, normalised=normalised) for fmt in formats]
    low, high = min(each.exponent_low for each in plain), max(each.exponent_high for each in plain)
    base, signed = exponent_width(low, high)
    if normalised and fraction_bits and any(fmt.subnormals for fmt in formats):
        halved = {fmt.halved for fmt in formats if fmt.subnormals}
        carry = SIGNAL if len(halved) > 1 else ZERO if True in halved else ONE
        normalise(tally, fraction_bits, replace(plain[0], exponent_low=low, exponent_high=high), carry)
        tally.mux2 += fraction_bits - 1
        tally.gate2 += 2 + base + exponent_bits
    else:
        tally.gate2 += 1
    offsets = [each.top - shape.top for each in plain]
    width = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    if len(set(offsets)) <= FEW_OFFSETS:
        # A constant changes the bits from its lowest one on; their carry is an AND.
        moved = [width - (offset & -offset).bit_length() + 1 for offset in set(offsets) if offset]
        tally.xor2 += sum(moved)
        tally.gate2 += sum(max(bits - 2, 0) for bits in moved)
    else:
        words = [*offsets, *[offsets[-1]] * ((1 << (len(offsets) - 1).bit_length()) - len(offsets))]
        table(tally, words, max(offsets).bit_length())
        known = extend(signals(max(offsets).bit_length()), width, signed=False)
        add(tally, extend(signals(base), width, signed=signed), known)
    return tally.counts()


def _cut(fmt: FloatFormat, exponent_bits: int, fraction_bits: int) -> list[Hashable]:
    """Return where the bits of the fields of a code come from: bits of the code, what is made of them in this layout, or 0."""
    layout = replace(fmt, bias=0)
    fraction: list[Hashable] = [*[0] * (fraction_bits - fmt.fraction_bits), *range(1, 1 + fmt.fraction_bits)]
    exponent: list[Hashable] = [*range(1 + fmt.fraction_bits, 1 + fmt.fraction_bits + fmt.exponent_bits)]
    exponent += [0] * (exponent_bits - fmt.exponent_bits)
    made = {"sign": fmt.signed, "subnormal": fmt.subnormals, "nan": fmt.has_nan, "inf": fmt.has_inf}
    flags: list[Hashable] = [(layout, name) if there else 0 for name, there in made.items()]
    flags[0] = fmt.width if fmt.signed else 0
    return [*fraction, *exponent, *flags]
