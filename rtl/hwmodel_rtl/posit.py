"""Posits as signals: unpacking, rounding, packing.

A posit's code, its sign taken off, is the top of an endless string: the regime (a run of equal bits and the bit that ends it), es
exponent bits, the fraction. The regime is the exponent's high part in unary, so exponent and fraction side by side are one
integer, and rounding the string is rounding that integer at a place that the regime's length tells.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwmodel.spec import PositFormat
from hwmodel.spec.ranges import operand_shape

from .adders import add, constant, extend, invert
from .cells import AdderCells, Bit
from .leading_zeros import leading_zero_count
from .number import exponent_shape
from .shifter import normalise, shift_right
from .tapered import magnitude_fields


def unpack_posit(m: Module, cells: AdderCells, code: Value, number: Any, fmt: PositFormat) -> None:
    """Drive the fields of `number`, of the format's `operand_shape`, from a code; 0 and NaR have a significand of zeros."""
    es = fmt.exponent_bits
    sign, tapered = code[-1], magnitude_fields(m, cells, code, es)
    split = len(tapered.rest) - es
    m.d.comb += [
        number.sign.eq(sign),
        number.nan.eq(sign & ~tapered.nonzero),
        number.exponent.eq(Cat(tapered.rest[split:], tapered.regime).as_signed()),
        number.significand.eq(Cat(tapered.rest[:split], tapered.nonzero)),
    ]


class RoundedPosit:
    """A number that is a posit now: significand (zeros for 0) and exponent, of the format's `operand_shape`."""

    def __init__(self, significand: Value, exponent: Value) -> None:
        self.significand = significand
        self.exponent = exponent


def round_posit(
    m: Module,
    cells: AdderCells,
    significand: Value,
    exponent: Value,
    top: int,
    fmt: PositFormat,
    adder: str,
    too_large: Value | None = None,
) -> RoundedPosit:
    """Normalise and round a magnitude whose highest bit has the weight of `exponent` + `top` + 1.

    To nearest in the string, ties to the even code, never to zero, and never past maxpos.

    Parameters
    ----------
    too_large
        Whether there is more above the magnitude's highest bit: the result is then maxpos.
    """
    string, zero = _string(m, cells, significand, exponent, top, fmt)
    regime_at = fmt.fraction_bits + 2 + fmt.exponent_bits
    rounded = _round_string(m, cells, string, regime_at, fmt, adder)

    # Rounding can carry into the regime: too long is judged after it, too short (which nothing gets by rounding) before.
    largest, bits = fmt.width - 2, len(string) - regime_at
    excess = add(m, cells, list(rounded[regime_at:]), constant(-largest, bits))[:bits]
    room = add(m, cells, list(string[regime_at:]), constant(largest, bits))[:bits]
    beyond, under, inside, nonzero = (Signal(name=name) for name in ("beyond", "under", "inside", "nonzero"))
    m.d.comb += [
        beyond.eq(~Value.cast(excess[-1])[0] | (0 if too_large is None else too_large)),
        under.eq(Value.cast(room[-1])[0] & ~beyond),
        nonzero.eq(~zero | (0 if too_large is None else too_large)),
        # Zero included, whose exponent means nothing and can be anything before the first product.
        inside.eq(nonzero & ~(beyond | under)),
    ]
    number = operand_shape(fmt, normalised=True)
    result = Signal(exponent_shape(number.exponent_low, number.exponent_high), name="exponent_rounded")
    ends = [Const(end, result.shape()) for end in (number.exponent_low, number.exponent_high)]
    m.d.comb += result.eq(Mux(beyond, ends[1], Mux(under, ends[0], rounded[fmt.fraction_bits + 2 :].as_signed())))
    fraction = rounded[2 : fmt.fraction_bits + 2] & inside.replicate(fmt.fraction_bits)
    return RoundedPosit(Cat(fraction, nonzero), result)


def _string(m: Module, cells: AdderCells, significand: Value, exponent: Value, top: int, fmt: PositFormat) -> tuple[Signal, Value]:
    """Return a number as one string, and whether it is zero.

    From the top: the exponent (its high part the regime, in binary still), the longest fraction, a guard bit, and one for whether
    anything follows.
    """
    zeros, zero = leading_zero_count(m, significand)
    normal = normalise(m, significand, zeros)
    bits = 2 + max(
        len(exponent) + (not exponent.shape().signed), len(zeros) + 1, fmt.max_exponent.bit_length() + 1, abs(top).bit_length() + 1
    )
    above: list[Bit]
    if isinstance(exponent, Const):
        above = constant(exponent.value + top + 1, bits)
    else:
        above = add(m, cells, extend(list(exponent), bits, signed=exponent.shape().signed), constant(top + 1, bits))[:bits]
    scale = add(m, cells, above, invert(extend(list(zeros), bits, signed=False)), 1)[:bits]
    below = Cat(Const(0, max(fmt.fraction_bits + 2 - len(normal), 0)), normal[:-1])
    split = len(below) - fmt.fraction_bits - 1
    string = Signal(fmt.fraction_bits + 2 + bits, name="string")
    m.d.comb += string.eq(Cat(below[:split].any(), below[split:], *scale))
    return string, zero


def _round_string(m: Module, cells: AdderCells, string: Value, regime_at: int, fmt: PositFormat, adder: str) -> Signal:
    """Return a string rounded to what a code has room for, the rest zeros."""
    regime, longest = string[regime_at:], fmt.width - 3
    negative = regime[-1]
    # How many bits are dropped: the longer the regime, the more.
    fewest = regime_at - longest
    run = Signal(max(longest.bit_length(), 1), name="run")
    m.d.comb += run.eq(regime[: len(run)] ^ negative.replicate(len(run)))
    dropped = [Const(1, 1)] * fewest + _thermometer(m, run, longest)
    # The code's last bit: of the string, or, where nothing but the regime has room, the bit that ends it.
    last = [string[i] & dropped[i - 1] & ~dropped[i] for i in range(fewest, regime_at)] + [dropped[-1] & negative]
    odd = Signal(name="odd")
    m.d.comb += odd.eq(Cat(*last).any())
    # Add half a unit of the code, less the string's last bit unless the code is odd.
    half: list[Bit] = [1] * (fewest - 1) + dropped[fewest:] + constant(0, len(string) - regime_at + 1)
    total = add(m, cells, list(string), half, odd, kind=adder)[: len(string)]
    rounded = Signal(len(string), name="string_rounded")
    m.d.comb += rounded.eq(Cat(Const(0, fewest), *(total[i] & ~dropped[i] for i in range(fewest, regime_at)), *total[regime_at:]))
    return rounded


def _thermometer(m: Module, number: Value, length: int) -> list[Value]:
    """Return whether `number` is at least 1, 2, … `length`."""
    if length == 0:
        return []
    if len(number) == 1:
        return [number[0]]
    half = 1 << (len(number) - 1)
    low, high = _thermometer(m, number[:-1], half - 1), number[-1]
    steps = [bit | high for bit in low] + [high] + [bit & high for bit in low]
    marks = Signal(length, name=f"at_least_{length}")
    m.d.comb += marks.eq(Cat(*steps[:length]))
    return list(marks)


def pack_posit(m: Module, cells: AdderCells, number: Any, fmt: PositFormat) -> Value:
    """Return the code of a number that is a posit or NaR, of the format's `operand_shape`."""
    width, es = fmt.width, fmt.exponent_bits
    exponent = Value.cast(number.exponent)
    regime = exponent[es:]
    negative = regime[-1]
    string = Cat(number.significand[:-1], exponent[:es], negative, ~negative)[-(width - 1) :]
    steps = Signal((width - 2).bit_length(), name="regime_length")
    m.d.comb += steps.eq(regime[: len(steps)] ^ negative.replicate(len(steps)))
    body = shift_right(m, string, steps, ~negative, "string")
    nonzero, below_zero = Signal(name="nonzero"), Signal(name="below_zero")
    m.d.comb += [nonzero.eq(number.significand[-1] & ~number.nan), below_zero.eq(number.sign & nonzero)]
    flipped = [(bit & nonzero) ^ below_zero for bit in body]
    return Cat(*add(m, cells, flipped, constant(0, width - 1), below_zero)[:-1], below_zero | number.nan)
