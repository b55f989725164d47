"""How large numbers get on their way through a unit: from the formats alone, before any circuit.

An unpacked number is worth ``(-1)**sign * significand * 2**(exponent + top + 1 - significand_bits)``; one in two's complement has its
sign in the significand. What follows sizes the circuits and, equally, the estimates of what they cost.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from .accumulators import FloatAcc
from .blocks import BlockFormat
from .choices import ChoiceFormat
from .codebooks import CodebookFormat
from .floats import FloatFormat
from .formats import Operand
from .integers import IntCoding, IntFormat
from .logarithms import LogFormat, linear_range
from .posits import PositFormat
from .x87 import X87Format


class NumberShape(NamedTuple):
    """What an unpacked number can be.

    Attributes
    ----------
    signed
        Whether there is a sign.
    significand_bits
        Bits of the significand.
    exponent_low, exponent_high
        Range of the exponent field; equal if there is none.
    top
        Weight (power of two) of the significand's highest bit at exponent 0.
    leading_zeros
        How many zeros may stand at the top of a significand that is not zero; 0: normalised.
    nan, inf
        Whether the number can be one.
    lsb
        Every finite value is a multiple of ``2**lsb``.
    magnitude
        Largest finite absolute value in units of ``2**lsb``.
    anywhere
        How many of the leading zeros may stand there at any exponent; the others only at the lowest.
    twos_complement
        Whether the significand is signed itself. It then means nothing of a number that is zero, and a flag tells that.
    lowest
        Of a number with tapered precision, for each exponent from the lowest on: no bit below this weight is ever one. Else empty.
    """

    signed: bool
    significand_bits: int
    exponent_low: int
    exponent_high: int
    top: int
    leading_zeros: int
    nan: bool
    inf: bool
    lsb: int
    magnitude: int
    anywhere: int = 0
    twos_complement: bool = False
    lowest: tuple[int, ...] = ()

    @property
    def has_exponent(self) -> bool:
        return self.exponent_low != self.exponent_high

    @property
    def max_exponent(self) -> int:
        """Largest e with ``2**e <= the largest value``."""
        return self.magnitude.bit_length() - 1 + self.lsb


@lru_cache(maxsize=4096)
def operand_shape(fmt: Operand, *, normalised: bool) -> NumberShape:
    """Return the shape of a decoded operand.

    Parameters
    ----------
    normalised
        Whether `decode` shifts subnormals and integers until their highest bit is one.
    """
    match fmt:
        case ChoiceFormat(as_integer=IntFormat() as integer):
            return _integer_shape(integer, normalised)
        case ChoiceFormat():
            return _joint_shape([operand_shape(each, normalised=normalised) for each in fmt.choices])
        case BlockFormat():
            return _element_shape(fmt, operand_shape(fmt.element, normalised=normalised))
        case IntFormat():
            return _integer_shape(fmt, normalised)
        case FloatFormat() | X87Format():
            return _float_shape(fmt, normalised)
        case PositFormat():
            high = fmt.max_exponent
            return NumberShape(True, fmt.precision, -high, high, 0, 0, True, False, fmt.lsb_exponent, fmt.max_magnitude)
        case CodebookFormat():
            return _codebook_shape(fmt)
        case LogFormat():
            raise ValueError(f"{fmt} has no significand of its own; see `log_product_shape`")


def row_integer(fmt: Operand) -> IntFormat | None:
    """Return the integer format in which an operand is multiplied without being unpacked; None: it has to be unpacked."""
    if isinstance(fmt, ChoiceFormat):
        return fmt.as_integer
    if isinstance(fmt, BlockFormat):
        return None if fmt.sub_size else row_integer(fmt.element)
    return fmt if isinstance(fmt, IntFormat) and fmt.coding is not IntCoding.SIGN_MAGNITUDE else None


def _element_shape(fmt: BlockFormat, element: NumberShape) -> NumberShape:
    """Return the shape of a block's element: its binary point moved, and its sub-block's shift taken off the exponent."""
    return element._replace(
        exponent_low=element.exponent_low - fmt.max_shift,
        top=element.top - fmt.point,
        lsb=element.lsb - fmt.point - fmt.max_shift,
        magnitude=element.magnitude << fmt.max_shift,
    )


def _integer_shape(fmt: IntFormat, normalised: bool) -> NumberShape:
    bits = fmt.max_magnitude.bit_length()
    low, zeros = (1 - bits, 0) if normalised else (0, bits - 1)
    return NumberShape(fmt.signed, bits, low, 0, bits - 1, zeros, False, False, fmt.lsb_exponent, fmt.max_magnitude)


def _float_shape(fmt: FloatFormat | X87Format, normalised: bool) -> NumberShape:
    largest = fmt.max_step if isinstance(fmt, X87Format) else fmt.max_finite_code
    high = max(largest >> fmt.fraction_bits, int(fmt.subnormals))
    if not fmt.subnormals:
        low, zeros = 0, 0
    elif normalised:
        low, zeros = min(1, 2 - fmt.precision - fmt.halved), 0
    else:
        low, zeros = 1 - fmt.halved, fmt.fraction_bits
    return NumberShape(
        fmt.signed, fmt.precision, low, high, -fmt.bias, zeros, fmt.has_nan, fmt.has_inf, fmt.lsb_exponent, fmt.max_magnitude
    )


def _codebook_shape(fmt: CodebookFormat) -> NumberShape:
    """Return the shape of the table's entries, normalised; zero has the lowest exponent."""
    magnitudes = [abs(int(entry / Fraction(2) ** fmt.lsb_exponent)) for entry in fmt.entries if entry]
    lengths = [magnitude.bit_length() for magnitude in magnitudes]
    bits = max(length - _trailing_zeros(magnitude) for length, magnitude in zip(lengths, magnitudes, strict=True))
    low, high = min(lengths) - 1 + fmt.lsb_exponent, max(lengths) - 1 + fmt.lsb_exponent
    return NumberShape(fmt.signed, bits, 0, high - low, low, 0, False, False, fmt.lsb_exponent, fmt.max_magnitude)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _joint_shape(shapes: list[NumberShape]) -> NumberShape:
    """Return the shape that numbers of all `shapes` fit into, with the lowest of their tops."""
    top, lsb = min(shape.top for shape in shapes), min(shape.lsb for shape in shapes)
    return NumberShape(
        signed=any(shape.signed for shape in shapes),
        significand_bits=max(shape.significand_bits for shape in shapes),
        exponent_low=min(shape.exponent_low + shape.top - top for shape in shapes),
        exponent_high=max(shape.exponent_high + shape.top - top for shape in shapes),
        top=top,
        leading_zeros=max(shape.leading_zeros for shape in shapes),
        nan=any(shape.nan for shape in shapes),
        inf=any(shape.inf for shape in shapes),
        lsb=lsb,
        magnitude=max(shape.magnitude << (shape.lsb - lsb) for shape in shapes),
    )


def log_product_shape(a: LogFormat, b: LogFormat) -> NumberShape:
    """Return the shape of the product of two logarithmic numbers, made linear through their table."""
    highest = a.max_log + b.max_log
    lsb, magnitude = linear_range(a, b)
    return NumberShape(True, a.table_bits + 1, -highest >> a.step_bits, highest >> a.step_bits, 0, 0, True, False, lsb, magnitude)


def product_shape(a: NumberShape, b: NumberShape, *, normalised: bool) -> NumberShape:
    """Return the shape of the product of two decoded operands.

    A normalised product (of normalised operands) takes its highest bit into the exponent.
    """
    return NumberShape(
        signed=a.signed or b.signed,
        significand_bits=a.significand_bits + b.significand_bits,
        exponent_low=a.exponent_low + b.exponent_low,
        exponent_high=a.exponent_high + b.exponent_high + normalised,
        top=a.top + b.top + (not normalised),
        leading_zeros=0 if normalised else a.leading_zeros + b.leading_zeros + 1,
        anywhere=0 if normalised else a.leading_zeros + b.leading_zeros + 1,
        nan=a.nan or b.nan or a.inf or b.inf,
        inf=a.inf or b.inf,
        lsb=a.lsb + b.lsb,
        magnitude=a.magnitude * b.magnitude,
    )


def fixed_shape(width: int, fraction: int) -> NumberShape:
    """Return the shape of a fixed-point register's magnitude and sign."""
    return NumberShape(True, width, 0, 0, width - 1 - fraction, width - 1, False, False, -fraction, 1 << (width - 1))


def float_window(term: NumberShape, acc: NumberShape, random_bits: int = 0) -> int:
    """Return the bits of the window in which a term and a float accumulator are added, enough for one correct rounding afterwards.

    Below the larger number's highest bit: the result's digits, one guard bit (or all bits that stochastic rounding looks at), one
    binade of cancellation, and as many zeros as may stand in front of a term that is larger only by its exponent. More than one
    binade, these zeros apart, cancels only where the smaller is shifted by one place at most, and then it is all in the window.
    """
    at_lowest = min(term.leading_zeros, max(term.exponent_low - acc.exponent_low, 0))
    elsewhere = min(term.anywhere, max(term.exponent_high - acc.exponent_low, 0))
    return max(acc.significand_bits + 1 + max(1, random_bits) + max(at_lowest, elsewhere), term.significand_bits + 1)


def rounding_exponent_bits(exponent: tuple[int, bool], headroom: int, significand_bits: int, ends: list[int]) -> int:
    """Return the bits of a signed number that holds a sum's exponent all the way through its rounding.

    Parameters
    ----------
    exponent
        Bits and signedness of the exponent before.
    headroom
        How many binades the sum's highest bit lies above it.
    significand_bits
        Bits of the sum, and so the longest shift.
    ends
        Exponents that it is compared with: how far off they are has to fit too, after a carry.
    """
    bits, signed = exponent
    high, low = (1 << (bits - signed)) + headroom, headroom - significand_bits - (signed << bits >> 1)
    # Of a number below zero as many as of its complement.
    reached = [high, -low - 1]
    if ends:
        reached += high - min(ends), max(ends) - low
    return 1 + max(reached).bit_length()


@dataclass(frozen=True)
class BoundedShift:
    """How far a number is shifted to a fixed-point register that it may reach far beyond, on either side.

    Attributes
    ----------
    place
        Weight of the number's lowest bit at exponent 0, in units.
    lowest, highest
        What that weight may become: far below the unit all round alike, and above the register all do nothing but overflow.
    """

    place: int
    lowest: int
    highest: int

    @classmethod
    def of(cls, term: NumberShape, width: int, fraction: int) -> "BoundedShift":
        """Return the shift of numbers of shape `term` to a register of `width` bits with the unit ``2**-fraction``."""
        place = term.top + 1 - term.significand_bits + fraction
        lowest = min(max(term.exponent_low + place, -term.significand_bits - 1), width)
        return cls(place, lowest, max(min(term.exponent_high + place, width), lowest))


def reaches_far(term: NumberShape, width: int, fraction: int) -> bool:
    """Return whether some numbers lie altogether below or above a fixed-point register."""
    place = BoundedShift.of(term, width, fraction).place
    return term.has_exponent and (term.exponent_low + place < -term.significand_bits - 1 or term.exponent_high + place > width)


class FloatState(NamedTuple):
    """What a float accumulator's register can hold, given all that can ever be added to it.

    The register cannot be preset: it starts from zero. Its values are therefore multiples of the finest addend (and of the
    largest finite number, where it can stick to that), and it stops growing once the largest addend is less than half a
    unit in its last place. Both bound its exponent, often far inside the format's own range.

    Attributes
    ----------
    shape
        The register as an unpacked number; `exponent_low` is its floor.
    floored
        Whether results can lie below the format's normal range; if so, at the exponent `exponent_low` the significand
        is not normalised (of a format without subnormals: it is 0 or normalised).
    overflows
        Whether a result can pass the format's largest finite value.
    """

    shape: NumberShape
    floored: bool
    overflows: bool


def float_state(acc: FloatAcc, term: NumberShape) -> FloatState:
    """Return the states that an accumulator `acc` can reach by adding terms of shape `term`.

    Its exponents are those of `term`: both have the same `top`.
    """
    # From 2**stall on, half a unit in the last place (of stochastic rounding, the last of the bits it looks at) is more than
    # the largest term: no rounding can grow it.
    return _state(acc, term, stall=term.max_exponent + acc.format.precision + max(1, acc.random_bits))


def rounded_state(acc: FloatAcc, term: NumberShape) -> FloatState:
    """Return what one term can be once it is rounded to the format of `acc`."""
    return _state(acc, term, stall=term.max_exponent + 1)


def rounds_terms(acc: FloatAcc, term: NumberShape) -> bool:
    """Return whether an accumulator rounds what it is to add: ``.unfused``, and some term is not a number of its format already."""
    if acc.fused:
        return False
    fmt = acc.format
    # Without subnormals 2**emin and what is finer are no numbers.
    finest = fmt.lsb_exponent if fmt.subnormals else fmt.emin + 1
    exact = term.significand_bits <= fmt.precision and term.lsb >= finest and not rounded_state(acc, term).overflows
    return not exact or (term.inf and not fmt.has_inf) or (acc.ftz and fmt.subnormals and term.lsb < fmt.emin)


def _state(acc: FloatAcc, term: NumberShape, stall: int) -> FloatState:
    """Return the states of a rounded number whose magnitude never exceeds ``2**stall`` but for the format's own limit."""
    fmt = acc.format
    overflows = stall > fmt.emax
    unit = term.lsb
    if overflows and (acc.rounding == "rtz" or not fmt.has_nan):
        # The register then sticks to the largest finite number, which need not be a multiple of the finest term.
        odd_part_at = (fmt.max_significand & -fmt.max_significand).bit_length() - 1
        unit = min(unit, fmt.emax - fmt.fraction_bits + odd_part_at)
    floored = unit < fmt.emin
    if not fmt.subnormals and unit <= fmt.emin:
        # There 2**emin is no number: it may become the smallest one, which need not be a multiple of the finest term.
        floored, unit = True, min(unit, fmt.lsb_exponent)
    lsb = max(unit, fmt.lsb_exponent)
    low = fmt.emin if floored else unit
    high = max(low, fmt.emax if overflows else stall)
    limit = fmt.max_magnitude << max(fmt.lsb_exponent - lsb, 0) >> max(lsb - fmt.lsb_exponent, 0)
    to_special = overflows and acc.rounding != "rtz"
    shape = NumberShape(
        signed=term.signed,
        significand_bits=fmt.precision,
        exponent_low=low - term.top,
        exponent_high=high - term.top,
        top=term.top,
        leading_zeros=fmt.fraction_bits if floored and fmt.subnormals else 0,
        nan=term.nan or term.inf or (to_special and fmt.has_nan and not fmt.has_inf),
        inf=fmt.has_inf and (term.inf or to_special),
        lsb=lsb,
        magnitude=limit if overflows else min(limit, 1 << max(stall - lsb, 0)),
    )
    return FloatState(shape, floored, overflows)
