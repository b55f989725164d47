"""Cells of decode: the unpacking of an operand, and the product of logarithms, which has no other multiplier."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from hwmodel.spec import (
    BlockFormat,
    ChoiceFormat,
    CodebookFormat,
    FloatFormat,
    IntCoding,
    IntFormat,
    LogFormat,
    Operand,
    PositFormat,
    Specials,
    X87Format,
)
from hwmodel.spec.ranges import NumberShape, log_product_shape, operand_shape

from .adders import add, lowest_bit_stays
from .cells import GATE2, INVERTER, MASK, XOR2, Packed, counts_of
from .choices import choose, table
from .parts import exponent_width, number_width
from .posits import magnitude_fields, unpack_posit
from .shifters import leading_zero_count, normalise, shift_left
from .tally import SIGNAL, Tally, constant, extend, invert, signals, stuck

FEW_OFFSETS = 4
"""As `hwmodel_rtl.decode_float.FEW_OFFSETS`."""


@lru_cache(maxsize=1 << 14)
def decode(operand: Operand, normalised: bool) -> Packed:
    """Count the unpacking of one operand."""
    match operand:
        case ChoiceFormat():
            return _decode_choice(operand, normalised)
        case BlockFormat():
            return decode(operand.element, normalised) + _shift_element(operand, normalised)
        case CodebookFormat():
            return _decode_codebook(operand)
        case LogFormat():
            return _decode_log(operand)
        case PositFormat():
            return _decode_posit(operand)
        case IntFormat():
            return _decode_integer(operand, normalised)
        case X87Format():
            return _decode_x87(operand, normalised)
        case FloatFormat():
            return _decode_floats([operand], operand_shape(operand, normalised=normalised), normalised)


def operand_width(operand: Operand, normalised: bool) -> int:
    """Return the bits of an unpacked operand."""
    if isinstance(operand, LogFormat):
        return _log_width(operand) + 3
    return number_width(operand_shape(operand, normalised=normalised))


def _shift_element(fmt: BlockFormat, normalised: bool) -> Packed:
    """Count what takes the shift of a sub-block off an element's exponent."""
    tally = Tally()
    if fmt.sub_size:
        own, shape = (operand_shape(each, normalised=normalised) for each in (fmt.element, fmt))
        if not own.has_exponent and fmt.shift_bits == 1:
            return 0  # the exponent is minus the shift, and so is its one bit
        width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        bits, signed = exponent_width(own.exponent_low, own.exponent_high)
        exponent = extend(signals(bits), width, signed=signed) if own.has_exponent else constant(own.exponent_low, width)
        add(tally, exponent, invert(extend(signals(fmt.shift_bits), width, signed=False)), 1)
    return tally.cells


def _decode_integer(fmt: IntFormat, normalised: bool) -> Packed:
    tally, shape = Tally(), operand_shape(fmt, normalised=normalised)
    bits = shape.significand_bits
    if fmt.coding is IntCoding.TWOS_COMPLEMENT:
        tally.cells += (bits - 1) * XOR2
        # The highest bit, xor-ed with itself, is always 0.
        add(tally, [*signals(bits - 1), *stuck(1)], constant(0, bits), SIGNAL)
        lowest_bit_stays(tally)
    if normalised:
        zeros = (bits - 1).bit_length()
        if fmt.coding is IntCoding.TWOS_COMPLEMENT:
            # Only the lowest number has the highest bit, and then no other: it is no part of the shift, and merges with the count.
            bits -= 1
        counter, stages = leading_zero_count(bits)
        tally.cells += counter
        normalise(tally, bits, stages, clears=False)
        tally.cells -= (2 * stages + 1) * GATE2  # the highest bit is whether there is a one, and need not be moved there
        if shape.has_exponent:
            width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
            add(tally, invert(extend(signals(zeros), width, signed=False)), constant(0, width), 1)
            tally.cells -= counts_of(tally.cells).inverter * INVERTER  # the complement, and the lowest bit's again, merge
    return tally.cells


def _decode_codebook(fmt: CodebookFormat) -> Packed:
    tally, shape = Tally(), operand_shape(fmt, normalised=True)
    words = []
    for entry in fmt.entries:
        magnitude = abs(entry)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        significand = int(magnitude / Fraction(2) ** (exponent + 1 - shape.significand_bits))
        place = exponent - shape.top if entry else 0
        words.append((entry < 0) | significand << 1 | place << (1 + shape.significand_bits))
    table(tally, words, max(words).bit_length())
    return tally.cells


def _log_width(fmt: LogFormat) -> int:
    return 1 + fmt.max_log.bit_length()


def _decode_log(fmt: LogFormat) -> Packed:
    tally = Tally()
    tally.any_of(fmt.width - 1)
    tally.cells += 2 * GATE2  # zero and NaN
    tally.cells += INVERTER  # the sign, for zero
    if fmt.regime_exponent_bits is None:
        tally.cells += INVERTER  # the logarithm's sign bit
    else:
        magnitude_fields(tally, fmt.width, fmt.step_bits + fmt.regime_exponent_bits)
    return tally.cells


def _decode_posit(fmt: PositFormat) -> Packed:
    tally = Tally()
    unpack_posit(tally, fmt)
    return tally.cells


def mpy_log(a: LogFormat, b: LogFormat) -> Packed:
    """Count the sum of two logarithms and the table that makes it linear."""
    tally, shape = Tally(), log_product_shape(a, b)
    width = a.step_bits + exponent_width(shape.exponent_low, shape.exponent_high)[0]
    x, y = (extend(signals(_log_width(fmt)), width, signed=True) for fmt in (a, b))
    add(tally, x, y)
    table(tally, a.table, shape.significand_bits)
    tally.cells += (shape.significand_bits + 2 + 1 + 2) * GATE2 + XOR2
    return tally.cells


def widen(operand: ChoiceFormat) -> Packed:
    """Count the extension of integers of several widths to the widest."""
    assert operand.as_integer is not None
    tally, width = Tally(), operand.as_integer.width
    # A bit of the code is told by its number, from 1.
    choose(tally, [[min(i, each.width) if i <= each.width or each.signed else 0 for i in range(1, width + 1)] for each in operand.choices])
    return tally.cells


def _decode_choice(operand: ChoiceFormat, normalised: bool) -> Packed:
    if operand.as_integer is not None:
        return widen(operand) + _decode_integer(operand.as_integer, normalised)
    floats = [fmt for fmt in operand.choices if isinstance(fmt, FloatFormat)]
    if len(floats) == len(operand.choices):
        return _decode_floats(floats, operand_shape(operand, normalised=normalised), normalised)
    tally, shape = Tally(), operand_shape(operand, normalised=normalised)
    sources: list[list[Hashable]] = []
    for i, fmt in enumerate(operand.choices):
        if not isinstance(fmt, FloatFormat):
            tally.cells += decode(fmt, normalised)
        group: Hashable = "float" if isinstance(fmt, FloatFormat) else i
        sources.append(_fields(operand_shape(fmt, normalised=normalised), shape, group))
    if floats:
        by_mode = [fmt if isinstance(fmt, FloatFormat) else floats[0] for fmt in operand.choices]
        own = operand_shape(ChoiceFormat(tuple(floats)) if len(floats) > 1 else floats[0], normalised=normalised)
        tally.cells += _decode_floats(by_mode, own, normalised)
    choose(tally, sources)
    return tally.cells


def _fields(own: NumberShape, shape: NumberShape, group: Hashable) -> list[Hashable]:
    """Return where the bits of an unpacked number come from once it is widened to `shape`; 0: they are 0."""
    exponent = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    bits: list[Hashable] = [0] * (shape.significand_bits - own.significand_bits)
    bits += [(group, i) for i in range(own.significand_bits)]
    bits += [(group, "exponent", i) if own.has_exponent else 0 for i in range(exponent)]
    return bits + [(group, name) if getattr(own, name) else 0 for name in ("signed", "nan", "inf")]


def _decode_floats(formats: Sequence[FloatFormat], shape: NumberShape, normalised: bool) -> Packed:
    """Count minifloats that are unpacked together; `formats` are by mode."""
    tally = Tally()
    longest = max(fmt.fraction_bits for fmt in formats)
    shifts = normalised and longest > 0 and any(fmt.subnormals for fmt in formats)
    plain = [operand_shape(fmt, normalised=normalised) for fmt in formats]
    offsets = [each.top - shape.top for each in plain]
    few = len(set(offsets)) <= FEW_OFFSETS
    own = exponent_width(min(each.exponent_low for each in plain), max(each.exponent_high for each in plain))
    joint = exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0
    width = joint if few else min(joint, own[0])

    keys = [(replace(fmt, bias=0), offset if few else 0) for fmt, offset in zip(formats, offsets, strict=True)]
    asked: dict[tuple[str, int], int] = {}
    for layout, offset in dict.fromkeys(keys):
        for question, bits in _questions(layout, counted=shifts):
            asked[question, layout.width] = max(bits, asked.get((question, layout.width), 0))
        if layout.subnormals:
            tally.cells += INVERTER  # whether the field is zero is wanted both ways
            if not shifts and shape.has_exponent and not layout.halved:
                tally.cells += GATE2  # field 0 counts as 1: an OR, with its other input inverted
                tally.cells += INVERTER
        # Infinite; NaN; whether the fraction is zero, wanted both ways. Of the one code that is NaN: that the exponent is zero.
        tally.cells += (4 * (layout.specials is Specials.IEEE) + (layout.specials is Specials.FNUZ)) * GATE2
        _plus(tally, layout.exponent_bits, offset)
    for bits in asked.values():
        tally.any_of(bits)
    _choose_layout(tally, [_cut(layout, offset, width, longest) for layout, offset in keys])

    places = {fmt.fraction_bits for fmt in formats}
    if shifts:
        zeros = _fraction_zeros(tally, longest)
        # How far: of normal numbers not at all, or as far as their format's fraction is shorter.
        tally.cells += (zeros * len(places) - (longest == 1)) * GATE2
        tally.cells += (1 + (longest > 1)) * GATE2  # the top: the hidden bit, or that the count has found a one
        normalise(tally, longest, zeros, clears=False)
        added = [offset + longest - layout.fraction_bits + 2 - layout.halved for layout, offset in keys if layout.subnormals]
        for each in set(added):
            _plus(tally, zeros, each)
        # Sums of one count and two constants differ by little more than the mode.
        tally.cells += min(zeros + 1, width) * (len(set(added)) - 1) * GATE2
        # A subnormal's exponent field is 0: an AND and an OR where the count tells its bits, and one signal sets all above.
        if longest == 1:
            tally.cells += GATE2
        else:
            counted = min(zeros, width)
            tally.cells += 2 * counted * GATE2 + (width - counted) * MASK
    elif len(places) > 1:
        shift_left(tally, longest, (longest - min(places)).bit_length(), longest)
    if not few:
        words = [*offsets, *[offsets[-1]] * ((1 << (len(offsets) - 1).bit_length()) - len(offsets))]
        table(tally, words, max(offsets).bit_length())
        known = extend(signals(max(offsets).bit_length()), joint, signed=False)
        add(tally, extend(signals(own[0]), joint, signed=own[1]), known)
    return tally.cells


def _decode_x87(fmt: X87Format, normalised: bool) -> Packed:
    """Count an IEEE float whose hidden bit is in the code: nothing makes that bit, and it is held against the exponent field."""
    tally, shape = Tally(), operand_shape(fmt, normalised=normalised)
    tally.any_of(fmt.exponent_bits)
    tally.any_of(fmt.exponent_bits)
    tally.any_of(fmt.fraction_bits)
    tally.cells += 4 * GATE2  # infinite; NaN, also where the integer bit is missing
    tally.cells += GATE2  # field 0 counts as 1
    if normalised:
        counter, zeros = leading_zero_count(fmt.precision)
        tally.cells += counter + zeros * GATE2
        normalise(tally, fmt.precision, zeros, clears=False)
        width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
        add(tally, signals(width), invert(extend(signals(zeros), width, signed=False)), 1)
    return tally.cells


def _choose_layout(tally: Tally, sources: Sequence[Sequence[Hashable]]) -> None:
    """Count the choice among fields of layouts: an AND and an OR each, the rest merges with what makes the fields and what takes them."""
    choice = Tally()
    choose(choice, sources)
    chosen = counts_of(choice.cells)
    tally.cells += (2 * chosen.mux2 + chosen.gate2) * GATE2


def _fraction_zeros(tally: Tally, bits: int) -> int:
    """Count the leading zeros of a fraction of `bits` bits with a zero above it; return the bits of the result."""
    width = bits + 1
    counter, zeros = leading_zero_count(width)
    # At each level the higher half has that zero; the highest two bits need nothing, and nobody asks whether all are zeros.
    saved = 1 if width == 2 else 2 + (width > 3)
    tally.cells += counter - saved * GATE2
    return zeros


def _plus(tally: Tally, bits: int, offset: int) -> None:
    """Count the addition of a constant to so many bits in plain gates: from its lowest bit on a sum and a carry each."""
    if offset:
        moved = max(bits - (offset & -offset).bit_length() + 1, 0)
        tally.cells += max(moved - 1, 0) * (XOR2 + GATE2)


def _questions(fmt: FloatFormat, *, counted: bool) -> Iterator[tuple[str, int]]:
    """Yield what is asked of how many bits of a code, from the top: layouts that ask the same share what they can.

    That a fraction is zero is known already where its leading zeros are `counted`.
    """
    if fmt.subnormals:
        yield "any", fmt.exponent_bits
    elif fmt.zero:
        yield "any", fmt.exponent_bits + fmt.fraction_bits
    match fmt.specials:
        case Specials.IEEE:
            yield "all", fmt.exponent_bits
            if not counted:
                yield "fraction", fmt.fraction_bits
        case Specials.FN:
            yield "all", fmt.exponent_bits + fmt.fraction_bits
        case Specials.FNUZ:
            # Whether the exponent is zero is known already where there are subnormals.
            known = fmt.exponent_bits - 1 if fmt.subnormals else 0
            yield "sign alone", fmt.width - known - (fmt.fraction_bits - 1 if counted else 0)


def _cut(layout: FloatFormat, offset: int, exponent_bits: int, fraction_bits: int) -> list[Hashable]:
    """Return where the bits of the fields of a code come from: bits of the code, what is made of them in this layout, or 0."""
    fraction: list[Hashable] = [*range(1, 1 + layout.fraction_bits), *[0] * (fraction_bits - layout.fraction_bits)]
    exponent: list[Hashable] = [*range(1 + layout.fraction_bits, 1 + layout.fraction_bits + layout.exponent_bits)]
    exponent = [*exponent, *[0] * (exponent_bits - layout.exponent_bits)][:exponent_bits]
    if offset:
        low = (offset & -offset).bit_length() - 1
        exponent[low:] = [(layout, offset, i) for i in range(low, exponent_bits)]
    made = {"subnormal": layout.subnormals, "nan": layout.has_nan, "inf": layout.has_inf}
    flags: list[Hashable] = [layout.width if layout.signed else 0]
    return [*fraction, *exponent, *flags, *((layout, name) if there else 0 for name, there in made.items())]
