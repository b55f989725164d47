"""Ways through normacc of posits: normalised and rounded, kept, and packed.

Each function follows the circuit of the same name in `hwmodel_rtl.posit` and `hwmodel_rtl.normacc_posit`.
"""

from hwmodel.spec import FixedPoint, PositFormat
from hwmodel.spec.ranges import NumberShape

from ..structure.parts import exponent_width, number_width, sum_exponent_range
from .adders import add, increment, ripple, ripple_exponents
from .floats import SumSizes, add_float, register
from .paths import (
    ALIGNADD,
    FULL,
    GATE,
    HALF,
    MUX,
    NORMACC,
    XOR,
    Number,
    Path,
    Weights,
    Word,
    after,
    arrived,
    enter,
    enter_number,
    even,
    into,
    later,
    latest,
    select,
    spread,
    start,
    tree,
)
from .shifters import count_zeros, normalise


def round_posit(
    value: Path, exponent: Word | None, bits: int, exponent_size: tuple[int, bool] | None, top: int, fmt: PositFormat, adder: str
) -> Path:
    """Return the way through normalisation and rounding of a magnitude of `bits` bits; no exponent: it is a constant."""
    fraction, longest, zeros = fmt.fraction_bits, fmt.width - 3, (bits - 1).bit_length()
    own = fmt.max_exponent.bit_length() + 1
    reach = own if exponent_size is None else exponent_size[0] + (not exponent_size[1])
    width = max(reach, zeros + 1, own, abs(top).bit_length() + 1) + 2
    count = count_zeros(value, bits)
    normal = normalise(value, count, bits)
    if exponent is None:
        scale = ripple(width, HALF, count)
    else:
        scale = ripple_exponents(width, [(zeros, False)], count, ripple(width, HALF, exponent))
    run = after(spread(scale.high, max(longest.bit_length(), 1)), XOR)
    half = after(run, GATE, max(longest.bit_length() - 1, 0))
    string = later(tree(after(half, GATE, 2), longest + 1), tree(normal, bits - 2 - fraction))
    length = width + fraction + 2
    if adder == "ripple":
        # Half a unit reaches as far up as the fraction can; above there is a carry only.
        total = ripple(length - longest, HALF, even(ripple(longest, FULL, even(string), even(half)).high))
    else:
        total = add(length, adder, even(string), even(half))
    excess = ripple(width - fmt.exponent_bits, HALF, even(after(latest(total), GATE))).high
    return after(spread(after(excess, GATE, 2), own + fraction), MUX, 2)


def pack_posit(number: Path, fmt: PositFormat) -> Path:
    """Return the way to a posit's code."""
    bits = fmt.width - 1
    string = after(after(select(number, bits), XOR), MUX, bits.bit_length())
    return latest(ripple(bits, HALF, even(after(after(string, GATE), XOR))))


def read_quire(fixed: FixedPoint, fmt: PositFormat, adder: str, weights: Weights) -> Path:
    """Return the way from a quire to the code of its posit."""
    low, high = fixed.fraction - fmt.max_exponent - 1, fixed.fraction + fmt.max_exponent + 1
    total = spread(start(NORMACC, weights), fixed.width - low)
    carry = after(tree(total, low), GATE)
    magnitude = latest(increment(high - low, adder, even(after(total, XOR)), carry))
    return pack_posit(round_posit(magnitude, None, high - low + 1, None, -1, fmt, adder), fmt)


def accumulate_posit(fmt: PositFormat, reached: NumberShape, term: Number, shape: NumberShape, adder: str) -> tuple[Path, Path]:
    """Return the ways to a posit register, whose exponents reach as far as `reached`, to which a number is added, and to the sum."""
    sizes = SumSizes.of(shape, reached, 0)
    total = add_float(term, register(number_width(reached), term.flags.weights), sizes, adder)
    size = exponent_width(*sum_exponent_range(shape, reached))
    value, exponent = into(latest(total.significand), NORMACC), enter(total.exponent, NORMACC)
    return round_posit(value, exponent, sizes.window + 2, size, 0, fmt, adder), latest(total.significand)


def round_term_posit(fmt: PositFormat, term: Number, shape: NumberShape, adder: str) -> Number:
    """Return the ways to a product that is rounded to a posit before it is added."""
    number = enter_number(term, NORMACC)
    size = exponent_width(shape.exponent_low, shape.exponent_high)
    bits = shape.significand_bits + 1
    rounded = round_posit(latest(number.significand), number.exponent, bits, size, shape.top, fmt, adder)
    return arrived(into(after(rounded, GATE), ALIGNADD))
