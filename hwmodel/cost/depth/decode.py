"""Ways through decode: from an operand's code to the fields of an unpacked number.

Each function follows the circuit that `hwmodel_rtl.decode` and its neighbours build.
"""

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
    X87Format,
)
from hwmodel.spec.ranges import NumberShape, operand_shape

from ..structure.parts import exponent_width
from ..structure.posits import MARKED_WIDTH
from .adders import ripple
from .paths import (
    DECODE,
    FULL,
    GATE,
    HALF,
    MUX,
    XOR,
    Number,
    Path,
    Weights,
    Word,
    after,
    arrived,
    even,
    follow,
    later,
    latest,
    segment_of,
    select,
    spread,
    start,
    tree,
)
from .shifters import count_zeros, shift_by_count


def exponent_bits(shape: NumberShape) -> int:
    """Return the bits of a number's exponent; 0: it has none."""
    return exponent_width(shape.exponent_low, shape.exponent_high)[0] if shape.has_exponent else 0


@lru_cache(maxsize=1 << 12)
def decode(operand: Operand, normalised: bool, weights: Weights) -> Number:
    """Return the ways to an unpacked operand."""
    code = start(DECODE, weights)
    match operand:
        case ChoiceFormat():
            return _choice(code, operand, normalised)
        case BlockFormat():
            return _element(code, operand, normalised)
        case CodebookFormat():
            bits = operand_shape(operand, normalised=True).significand_bits
            return arrived(after(select(code, bits), MUX, (len(operand.entries) - 1).bit_length()))
        case LogFormat():
            return _log(code, operand)
        case PositFormat():
            return _posit(code, operand)
        case IntFormat():
            return _integer(code, operand, normalised)
        case _:
            return _float(code, operand, normalised)


def _element(code: Path, fmt: BlockFormat, normalised: bool) -> Number:
    """Return the ways to an element, of whose exponent its sub-block's shift is taken off."""
    number = decode(fmt.element, normalised, code.weights)
    if not fmt.sub_size:
        return number
    bits = exponent_bits(operand_shape(fmt, normalised=normalised))
    return number._replace(exponent=ripple(bits, FULL, number.exponent, even(code)))


def _complement(code: Path, bits: int) -> Word:
    """Return the way to the magnitude of a number in two's complement."""
    return ripple(bits, HALF, even(after(spread(code, bits), XOR)))


def _integer(code: Path, fmt: IntFormat, normalised: bool) -> Number:
    bits = operand_shape(fmt, normalised=normalised).significand_bits
    value = _complement(code, bits) if fmt.coding is IntCoding.TWOS_COMPLEMENT else even(code)
    if not normalised:
        return Number(value, even(code), code, tree(latest(value), bits))
    count, steps = count_zeros(latest(value), bits), (bits - 1).bit_length()
    moved = shift_by_count(latest(value), count, steps, bits)
    return Number(even(moved), ripple(steps + 1, HALF, count), code, moved)


def _float(code: Path, fmt: FloatFormat | X87Format, normalised: bool) -> Number:
    normal, flags, longest = tree(spread(code, 2), fmt.exponent_bits), tree(code, fmt.width), fmt.fraction_bits
    if not fmt.subnormals or not longest:
        hidden = tree(code, fmt.exponent_bits + longest)
        return Number(Word(code, hidden), even(code), flags, hidden)
    if not normalised:
        return Number(Word(code, normal), Word(after(normal, GATE), code), flags, tree(normal, fmt.precision))
    # A subnormal is shifted by its leading zeros, and its exponent is minus their count and a constant.
    steps = longest.bit_length()
    count = count_zeros(code, longest + 1)
    chosen = spread(normal, steps)
    amount = Word(after(later(count.low, chosen), GATE), after(later(count.high, chosen), GATE))
    moved = shift_by_count(code, amount, steps, longest)
    exponent = after(later(after(count.low, HALF, steps), spread(normal, fmt.exponent_bits)), GATE, 2)
    hidden = after(later(normal, tree(code, longest)), GATE)
    return Number(Word(moved, later(moved, hidden)), even(exponent), flags, hidden)


def _choice(code: Path, operand: ChoiceFormat, normalised: bool) -> Number:
    """Return the ways to an operand of several formats: those of the longest of them, and the choice."""
    if operand.as_integer is not None:
        number = _integer(code, operand.as_integer, normalised)
    else:
        number = max((decode(fmt, normalised, code.weights) for fmt in operand.choices), key=lambda each: latest(each.significand).time)
    chosen = segment_of(after(select(code, operand.width), MUX, operand.mode_bits))
    (low, high), (first, last), flags, zero = number
    exponent = Word(follow(first, chosen), follow(last, chosen))
    if operand.as_integer is None:
        # Their biases differ: a chain of gates, of half the bits on average.
        bits = exponent_bits(operand_shape(operand, normalised=normalised))
        exponent = exponent._replace(high=after(exponent.high, HALF, bits // 2))
    return Number(Word(follow(low, chosen), follow(high, chosen)), exponent, follow(flags, chosen), follow(zero, chosen))


def _tapered(code: Path, width: int, tail: int) -> tuple[Path, Path]:
    """Return the ways to what stands behind the regime of a tapered code, and to the regime."""
    places = width - 2
    run = after(spread(code, places), XOR)
    if width <= MARKED_WIDTH:
        # One wire for each place at which the run can end.
        marks = after(run, GATE, places)
        return after(tree(spread(marks, places), places), GATE), after(tree(marks, places), XOR)
    count = count_zeros(run, width - 1)
    return shift_by_count(code, count, (width - 2).bit_length(), max(width - 3, tail)), after(count.low, XOR)


def _posit(code: Path, fmt: PositFormat) -> Number:
    rest, regime = _tapered(latest(_complement(code, fmt.width - 1)), fmt.width, fmt.exponent_bits)
    special = tree(code, fmt.width)
    return Number(even(rest), even(later(rest, regime)), special, special)


@lru_cache(maxsize=1 << 10)
def signed_posit(fmt: PositFormat, weights: Weights) -> Number:
    """Return the ways to a posit unpacked in two's complement."""
    code = start(DECODE, weights)
    rest, regime = _tapered(code, fmt.width, fmt.exponent_bits)
    special = tree(code, fmt.width)
    return Number(even(rest), even(after(later(rest, regime), XOR)), special, special)


def _log(code: Path, fmt: LogFormat) -> Number:
    """Return the ways to a logarithm, in the place of an exponent."""
    zero = tree(code, fmt.width)
    if fmt.regime_exponent_bits is None:
        return Number(even(code), even(code), zero, zero)
    rest, regime = _tapered(latest(_complement(code, fmt.width - 1)), fmt.width, fmt.step_bits + fmt.regime_exponent_bits)
    log = Word(rest, later(rest, regime))
    return Number(log, log, zero, zero)
