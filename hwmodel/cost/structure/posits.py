"""Cells of posits: unpacking, rounding, packing, and the accumulators that do so.

Each function counts the circuit of the same name in `hwmodel_rtl.posit`, `hwmodel_rtl.tapered`, `hwmodel_rtl.decode_posit`,
`hwmodel_rtl.mpy_posit` and `hwmodel_rtl.normacc_posit`.
"""

from functools import lru_cache

from hwmodel.spec import FixedPoint, PositFormat
from hwmodel.spec.posit_products import posit_product_shape, signed_posit_exponents
from hwmodel.spec.ranges import NumberShape

from .adders import add, lowest_bit_stays
from .cells import FLIP_FLOP, GATE2, INVERTER, MASK, MUX2, STRONG_MASK, XOR2, Packed
from .compressor import add_columns
from .multipliers import partial_products
from .shifters import leading_zero_count, normalise, shift_left
from .tally import SIGNAL, Tally, constant, extend, invert, signals
from .trees import Heap

MARKED_WIDTH = 10
"""As `hwmodel_rtl.tapered.MARKED_WIDTH`."""

SHORT_PRODUCT = 16
"""As `hwmodel_rtl.mpy_posit.SHORT_PRODUCT`."""


def exponent_bits(fmt: PositFormat) -> int:
    """Return the bits of an unpacked posit's exponent, which is signed."""
    return 1 + fmt.max_exponent.bit_length()


def unpack_posit(tally: Tally, fmt: PositFormat) -> None:
    """Count the unpacking of a code to sign and magnitude."""
    tally.cells += GATE2
    magnitude_fields(tally, fmt.width, fmt.exponent_bits)


def decode_posit(fmt: PositFormat) -> Packed:
    """Count the unpacking of a code in two's complement."""
    tally = Tally()
    length = tapered_fields(tally, fmt.width, fmt.exponent_bits)
    tally.cells += (1 + length + fmt.exponent_bits) * XOR2 + GATE2
    return tally.cells


@lru_cache(maxsize=1 << 12)
def mpy_posit(a: PositFormat, b: PositFormat, multiplier_kind: str, adder: str) -> Packed:
    """Count the multiplication of two posits in two's complement."""
    tally, shape = Tally(), posit_product_shape(a, b)
    columns = Heap(shape.significand_bits)
    fractions = a.fraction_bits, b.fraction_bits
    rest = partial_products(tally, columns, *fractions, False, False, multiplier_kind)
    for own, other in (fractions, fractions[::-1]):
        # The other fraction times a head, from the point of its own on.
        columns.place(own, own + other + 1 if other else own)
        columns.place(own + 1, own + 2)
        tally.cells += max(other - 1, 0) * MUX2 + 2 * (other > 0) * GATE2
    point = sum(fractions)
    for weight in (point, point + 2, point + 3):
        columns.place(weight, weight + 1)
    tally.cells += XOR2 + (1 + 2 + 2) * GATE2
    add_columns(tally, columns, rest, "ripple" if shape.significand_bits < SHORT_PRODUCT else adder)
    width = _signed_bits(shape.exponent_low, shape.exponent_high)
    operands = [_signed_bits(each[0], each[-1]) for each in map(signed_posit_exponents, (a, b))]
    x, y = (extend(signals(bits), width, signed=True) for bits in operands)
    add(tally, x, y)
    return tally.cells


def _signed_bits(low: int, high: int) -> int:
    """Return the bits of an integer in ``low..high``, of which `low` is negative."""
    return 1 + max((-low - 1).bit_length(), high.bit_length())


def magnitude_fields(tally: Tally, width: int, tail_bits: int) -> None:
    """Count what cuts a tapered code without its sign into its fields."""
    _negate(tally, width - 1)
    length = tapered_fields(tally, width, tail_bits)
    tally.cells -= (width - 2) * XOR2  # those of the run merge with those of the complement
    tally.cells += length * XOR2


def tapered_fields(tally: Tally, width: int, tail_bits: int) -> int:
    """Count what cuts a tapered code into its fields, read as it stands; return the bits of its run's length."""
    places = width - 2
    tally.cells += places * XOR2
    room = max(width - 3, tail_bits)
    tally.cells += GATE2
    if width > MARKED_WIDTH:
        counter, length = leading_zero_count(width - 1)
        tally.cells += counter
        shift_left(tally, room, length, room)
        tally.any_of(length)
        return length
    length = places.bit_length()
    tally.cells += 2 * (places - 1) * GATE2
    tally.cells += places * INVERTER  # a bit of the run is wanted both ways: it ends there, or goes on
    for bit in range(length):
        tally.any_of(sum((i >> bit) & 1 for i in range(places + 1)))
    for terms in range(1, width - 2):
        tally.cells += terms * GATE2
        tally.any_of(terms)
    return length


def _negate(tally: Tally, bits: int) -> None:
    """Count the two's complement of a number if its sign is set."""
    tally.cells += bits * XOR2
    add(tally, signals(bits), constant(0, bits), SIGNAL)
    lowest_bit_stays(tally)


def round_posit(
    tally: Tally, bits: int, exponent: tuple[int, bool] | None, top: int, fmt: PositFormat, adder: str, *, too_large: bool = False
) -> None:
    """Count normalisation and rounding of a magnitude of `bits` bits.

    Parameters
    ----------
    exponent
        Bits and signedness of its exponent; None: a constant.
    top
        Other than 0 where the exponent counts from elsewhere.
    too_large
        Whether there can be more above the magnitude.
    """
    es, fraction_bits, longest = fmt.exponent_bits, fmt.fraction_bits, fmt.width - 3
    counter, zeros = leading_zero_count(bits)
    tally.cells += counter
    normalise(tally, bits, zeros)
    own = fmt.max_exponent.bit_length() + 1
    width = max(own if exponent is None else exponent[0] + (not exponent[1]), zeros + 1, own, abs(top).bit_length() + 1) + 2
    if exponent is None:
        above = constant(fmt.max_exponent + top + 1, width)
    else:
        above = add(tally, extend(signals(exponent[0]), width, signed=exponent[1]), constant(top + 1, width))[:width]
    add(tally, above, invert(extend(signals(zeros), width, signed=False)), 1)
    tally.any_of(max(bits - 2 - fraction_bits, 0))

    regime_at = fraction_bits + 2 + es
    fewest = regime_at - longest
    run = max(longest.bit_length(), 1)
    tally.cells += run * XOR2 + _thermometer(run, longest) * GATE2 + (longest + longest + 1) * GATE2
    tally.any_of(longest + 1)
    length = width + fraction_bits + 2
    half = constant(-1, fewest - 1) + signals(longest) + constant(0, length - regime_at + 1)
    add(tally, signals(length), half, SIGNAL, adder)
    tally.cells += longest * MASK

    regime_bits = width - es
    for limit in (2 - fmt.width, fmt.width - 2):
        add(tally, signals(regime_bits), constant(limit, regime_bits))
    tally.cells += (2 + 2 + 2 * too_large + fraction_bits) * GATE2 + (es + 2 * (exponent_bits(fmt) - es)) * GATE2


def _thermometer(bits: int, length: int) -> int:
    """Return the gates that tell whether a number of `bits` bits is at least 1, 2, … `length`."""
    if bits == 1 or length == 0:
        return 0
    half = 1 << (bits - 1)
    return _thermometer(bits - 1, half - 1) + length - (length >= half)


def pack_posit(tally: Tally, fmt: PositFormat) -> None:
    """Count the packing of a posit to its code."""
    bits = fmt.width - 1
    steps = (fmt.width - 2).bit_length()
    tally.cells += steps * XOR2 + steps * bits * MUX2 + (3 + bits) * GATE2
    _negate(tally, bits)


@lru_cache(maxsize=1 << 12)
def normacc_posit(fmt: PositFormat, significand: int, exponent: tuple[int, bool], adder: str, resettable: bool) -> Packed:
    """Count normalisation, rounding, register and packing of a posit accumulator."""
    tally = Tally()
    round_posit(tally, significand, exponent, 0, fmt, adder)
    pack_posit(tally, fmt)
    width = fmt.precision + exponent_bits(fmt) + 2
    tally.cells += width * FLIP_FLOP + (fmt.precision + 3 + (width if resettable else 0)) * MASK
    return tally.cells


def normacc_quire(fixed: FixedPoint, resettable: bool) -> Packed:
    """Count the register of a quire."""
    width = fixed.width
    masks = (2 * width + 1) * MASK if resettable else width * STRONG_MASK
    return masks + 2 * GATE2 + (width + 1) * FLIP_FLOP


@lru_cache(maxsize=1 << 12)
def read_quire(fixed: FixedPoint, fmt: PositFormat, adder: str) -> Packed:
    """Count the rounding of a quire to a posit."""
    tally = Tally()
    low, high = fixed.fraction - fmt.max_exponent - 1, fixed.fraction + fmt.max_exponent + 1
    tally.any_of(low)
    tally.cells += GATE2 + (fixed.width - 1 - low) * XOR2
    add(tally, signals(high - low), constant(0, high - low), SIGNAL, adder, carry_used=True)
    tally.any_of(fixed.width - high)
    round_posit(tally, high - low + 1, None, -1, fmt, adder, too_large=True)
    pack_posit(tally, fmt)
    return tally.cells


def round_term_posit(fmt: PositFormat, term: NumberShape, exponent: tuple[int, bool], adder: str) -> Packed:
    """Count the rounding of a product to a posit before it is added."""
    tally = Tally()
    round_posit(tally, term.significand_bits + 1, exponent, term.top, fmt, adder)
    tally.cells += (term.nan and term.inf) * GATE2
    return tally.cells


def rebase_term(exponent: tuple[int, bool], width: int, offset: int) -> Packed:
    """Count the addition of a constant to a number's exponent, which then has `width` bits."""
    tally = Tally()
    add(tally, extend(signals(exponent[0]), width, signed=exponent[1]), constant(offset, width))
    return tally.cells
