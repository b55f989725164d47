"""Blocks, one at a time: elements and the scale they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hwmodel.spec import BlockFormat, FloatFormat, SpecError
from hwmodel.spec.blocks import max_of

from .codec import decode, encode
from .value import NAN, Kind, Value

_FP32 = FloatFormat(8, 23, 127)


@dataclass(frozen=True)
class Block:
    """Codes of one block.

    Attributes
    ----------
    codes
        Of the elements.
    scale
        Code of the block's scale.
    shifts
        Of the sub-blocks; empty where there are none.
    """

    codes: tuple[int, ...]
    scale: int
    shifts: tuple[int, ...] = ()


def outer_scale(magnitudes: Sequence[Fraction], fmt: BlockFormat) -> Fraction:
    """Return the FP32 of a row or tensor whose finite blocks have these largest magnitudes."""
    ratio = max(magnitudes, default=Fraction(0)) / (fmt.max_element * max_of(fmt.scale))
    return decode(encode(ratio, _FP32, overflow="sat"), _FP32).number


def largest_magnitude(values: Sequence[Value]) -> Fraction | None:
    """Return the largest magnitude of a block; None if one of its values is no number."""
    return max(abs(value.number) for value in values) if all(value.is_finite for value in values) else None


def quantise(values: Sequence[Value | float], fmt: BlockFormat, outer: Fraction = Fraction(1)) -> Block:
    """Return the codes of one block, its scale by the format's rule.

    Parameters
    ----------
    values
        As many as the block has.
    fmt
        The block's format.
    outer
        The scale of the row or tensor, from `outer_scale`, where the format has one.

    Raises
    ------
    SpecError
        If a value is no number and the scale's format has no NaN to say so.
    """
    numbers = [Value.of(value) for value in values]
    amax = largest_magnitude(numbers)
    subs = [numbers[i : i + fmt.sub_size] for i in range(0, len(numbers), fmt.sub_size)] if fmt.sub_size else []
    zero = encode(Fraction(0), fmt.element)
    if amax is None:
        if not fmt.scale.has_nan:
            raise SpecError(f"block format {fmt}: a block holds a NaN or an infinity, and its scale has no NaN to say so")
        return Block((zero,) * len(numbers), encode(NAN, fmt.scale), (0,) * len(subs))
    scale = encode(_scale(amax, fmt, outer), fmt.scale, overflow="sat")
    unit = decode(scale, fmt.scale).number * outer * Fraction(2) ** -fmt.point
    shifts = tuple(_shift(sub, decode(scale, fmt.scale).number, fmt) for sub in subs)
    units = [unit / 2 ** shifts[i // fmt.sub_size] if subs else unit for i in range(len(numbers))]
    return Block(tuple(_element(value, one, fmt) for value, one in zip(numbers, units, strict=True)), scale, shifts)


def dequantise(block: Block, fmt: BlockFormat, outer: Fraction = Fraction(1)) -> list[Value]:
    """Return what the elements of a block are worth: all NaN if the scale is."""
    scale = decode(block.scale, fmt.scale)
    unit = scale * Value(outer * Fraction(2) ** -fmt.point)
    values = [decode(code, fmt.element) * unit for code in block.codes]
    if not block.shifts:
        return values
    return [value * Value(Fraction(1, 2 ** block.shifts[i // fmt.sub_size])) for i, value in enumerate(values)]


def _scale(amax: Fraction, fmt: BlockFormat, outer: Fraction) -> Fraction:
    """Return the scale before it is brought into its format."""
    if not amax or not outer:
        return Fraction(0)
    match fmt.rule:
        case "amax":
            return amax / (fmt.max_element * outer)
        case "floor":
            exponent = floor_log2(amax) - fmt.emax
        case "ceil":
            exponent = ceil_log2(amax) - fmt.emax
        case "rne":
            unit = Fraction(2) ** (floor_log2(amax) - fmt.precision + 1)
            # Python rounds a tie to the even integer.
            exponent = floor_log2(round(amax / unit) * unit) - fmt.emax
        case "rceil":
            exponent = ceil_log2(amax / fmt.max_element)
        case _:
            raise ValueError(fmt.rule)
    return Fraction(2) ** exponent


def _shift(sub: Sequence[Value], scale: Fraction, fmt: BlockFormat) -> int:
    """Return how far a sub-block's exponent lies below the block's, as far as its bits go."""
    amax = largest_magnitude(sub)
    if not amax:
        return fmt.max_shift
    return min(max(floor_log2(scale) + fmt.emax - floor_log2(amax), 0), fmt.max_shift)


def _element(value: Value, unit: Fraction, fmt: BlockFormat) -> int:
    if not unit:
        return encode(Value(Fraction(0), value.negative), fmt.element)
    ratio = value.number / unit
    if fmt.symmetric:
        ratio = min(max(ratio, -max_of(fmt.element)), max_of(fmt.element))
    return encode(Value(ratio, value.negative, Kind.FINITE), fmt.element, overflow="sat")


def floor_log2(number: Fraction) -> int:
    """Return the largest e with ``2**e <= number``, which is above zero."""
    exponent = number.numerator.bit_length() - number.denominator.bit_length()
    return exponent - (Fraction(2) ** exponent > number)


def ceil_log2(number: Fraction) -> int:
    """Return the smallest e with ``2**e >= number``, which is above zero."""
    floor = floor_log2(number)
    return floor + (Fraction(2) ** floor < number)
