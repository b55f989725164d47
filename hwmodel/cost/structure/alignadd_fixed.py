"""Cells of alignadd in fixed point.

Each function counts the circuit of the same name in `hwmodel_rtl.alignadd_fixed`, `hwmodel_rtl.window_shift` and
`hwmodel_rtl.alignadd_far`.
"""

from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import FixedPoint
from hwmodel.spec.ranges import BoundedShift, NumberShape
from hwmodel.spec.window_shift import WindowShift

from .adders import add
from .cells import FLIP, GATE2, MASK, MUX2, PLACED_FULL_ADDER, SIGN_ADDER, Packed, counts_of
from .compressor import add_columns
from .parts import exponent_width
from .shifters import shift_left, shift_left_overflow
from .tally import SIGNAL, ZERO, Tally, constant, extend, signals
from .trees import Heap

_MERGED, _MERGED_BY = 0.7, 1.5
"""How much of a shift is merged all of whose outputs are dropped, and by what power of their share one of which only some are."""


@lru_cache(maxsize=1 << 14)
def alignadd_integer(row_width: int, row_constant: int, shift: int, width: int, total_width: int, adder: str) -> Packed:
    """Count the addition of products in two rows to a fixed-point accumulator of `width` bits, 0: to none."""
    tally = Tally()
    columns = Heap(total_width)
    columns.place(0, total_width if width else 0)  # sign extended
    columns.place(shift, shift + row_width, 2)
    add_columns(tally, columns, row_constant << shift, adder)
    return tally.cells


def alignadd_fixed(shape: NumberShape, fixed: FixedPoint, total_width: int, rounding: str, adder: str) -> Packed:
    """Count the shift of a number to a fixed-point accumulator's grid, and the addition."""
    aligned = align_to_unit(shape, fixed.fraction, rounding)
    return aligned.counts + _add_one(aligned.signed, aligned.magnitude, aligned.place, aligned.carries, fixed.width, total_width, adder)


@lru_cache(maxsize=1 << 14)
def _add_one(signed: bool | None, magnitude: int, place: int, carries: bool, width: int, total_width: int, adder: str) -> Packed:
    """Count the addition of an aligned number to an accumulator; `signed` None: in two's complement."""
    tally = Tally()
    bits = extend(constant(0, place) + signals(magnitude), total_width, signed=False)
    if signed is not False:
        bits = (constant(0, place) + signals(total_width - place))[:total_width]
    # Below the number a complement's ones and the carry cancel, which a mapper finds; adders that are cells of a library stay.
    add(tally, extend(signals(width), total_width, signed=True)[place:], bits[place:], SIGNAL if carries else ZERO, adder)
    if adder == "ripple" and carries:
        tally.cells += place * (SIGN_ADDER + PLACED_FULL_ADDER)
    return tally.cells


def alignadd_sum(
    shape: NumberShape,
    count: int,
    fixed: FixedPoint,
    total_width: int,
    rounding: str,
    adder: str,
    *,
    accumulates: bool,
    drops_specials: bool,
) -> Packed:
    """Count the shift of numbers to a fixed-point grid, and their addition in one tree, with that of the accumulator if there is one."""
    lane = align_to_unit(shape, fixed.fraction, rounding, drops_specials=drops_specials)
    added = _add_all(lane.signed is not False, lane.magnitude, lane.place, lane.carries, count, total_width, accumulates, adder)
    return count * lane.counts + added


@lru_cache(maxsize=1 << 15)
def _add_all(
    signed: bool, magnitude: int, place: int, carries: bool, count: int, total_width: int, accumulates: bool, adder: str
) -> Packed:
    """Count the addition of so many aligned numbers in one tree."""
    tally, columns, constant_sum = Tally(), Heap(total_width), 0
    columns.place(place, place + magnitude + signed, count)
    columns.place(place, place + carries, count)
    if signed:
        constant_sum = -count << (place + magnitude)
    columns.place(0, total_width if accumulates else 0)  # sign extended
    add_columns(tally, columns, constant_sum, adder)
    return tally.cells


class Aligned(NamedTuple):
    """A number that was shifted to a unit.

    Attributes
    ----------
    counts
        The cells of the shift.
    magnitude, place
        How many bits it has, and how far up the lowest stands.
    carries
        Whether a carry goes with it.
    signed
        Whether it has a sign; None: it is in two's complement.
    shift, lowest, outputs
        Of `counts`, the cells that move it; where the lowest of what they put out stands, in units, and how many bits that are; of a number
        in two's complement, and of one that does not move, there are none.
    """

    counts: Packed
    magnitude: int
    place: int
    carries: bool
    signed: bool | None
    shift: Packed = 0
    lowest: int = 0
    outputs: int = 1


@lru_cache(maxsize=1 << 14)
def align_to_unit(shape: NumberShape, fraction: int, rounding: str, *, drops_specials: bool = True) -> Aligned:
    """Count the shift of a number to a unit."""
    tally = Tally()
    if shape.twos_complement:
        magnitude, place, carries = _signed_to_unit(tally, shape, WindowShift.of(shape, fraction, rounding))
        return Aligned(tally.cells, magnitude, place, carries, None)
    amount, low = 0, shape.exponent_low
    if shape.has_exponent:
        amount, signed = exponent_width(shape.exponent_low, shape.exponent_high)
        if shape.exponent_low >= 0:
            low = 0
        else:
            width = (shape.exponent_high - shape.exponent_low).bit_length()
            add(tally, extend(signals(amount), width, signed=signed), constant(-shape.exponent_low, width))
            amount = width
    place = low + shape.top + 1 - shape.significand_bits + fraction
    if drops_specials and (shape.nan or shape.inf):
        tally.cells += shape.significand_bits * MASK + (shape.nan and shape.inf) * GATE2
    reach = shape.magnitude.bit_length() + shape.lsb + fraction
    inexact = shape.lsb + fraction < 0
    filled = shape.signed and not inexact
    before, lowest = tally.cells, place
    magnitude = outputs = shift_left(tally, shape.significand_bits, amount, max(reach - place, 1), filled=filled)
    shift = tally.cells - before
    if inexact:
        merged = _merged(shift, outputs, min(outputs, max(-place, 0)))
        tally.cells -= merged
        shift -= merged
    if place < 0:
        dropped = min(magnitude, -place)
        magnitude -= dropped
        if inexact:
            tally.any_of(dropped)
            tally.cells += (1 + (rounding == "rne")) * GATE2
        place = 0
    # The complement: of the number before its shift, or of what is left after it, with the carry.
    tally.cells += shape.signed * (shape.significand_bits if filled else magnitude + 1) * FLIP
    return Aligned(tally.cells, magnitude, place, shape.signed or inexact, shape.signed, shift, lowest, outputs)


def _merged(shift: Packed, outputs: int, dropped: int) -> Packed:
    """Return what a mapper merges of a shift that drops some of its outputs: of these only an OR is asked for."""
    share, counted = _MERGED * (dropped / outputs) ** _MERGED_BY, counts_of(shift)
    return int(share * counted.mux2) * MUX2 + int(share * counted.gate2) * GATE2


def _signed_to_unit(tally: Tally, shape: NumberShape, plan: WindowShift) -> tuple[int, int, bool]:
    """Count the shift of a number in two's complement to a unit; return its bits, their place, and whether a carry goes with them."""
    shift_to_grid(tally, exponent_width(shape.exponent_low, shape.exponent_high)[0], plan)
    finer = max(-plan.start, 0)
    if finer:
        tally.any_of(finer)
        tally.cells += GATE2
    return len(plan.weights) - finer, max(plan.start, 0), finer > 0


def shift_to_grid(tally: Tally, exponent: int, plan: WindowShift) -> None:
    """Count a shift by a plan, of a number whose exponent has so many bits."""
    for stage in range(plan.fine):
        # The lowest bits that it puts out are those that may be moved away; some come to no weight that is asked for.
        unread = max(plan.lowest_read - (1 << plan.fine) + (2 << stage), 0)
        gates, muxes = 1 << stage, plan.bits + (1 << stage) - 2
        tally.cells += max(min(muxes, muxes + gates - unread), 0) * MUX2 + max(gates - unread, 0) * GATE2
    above, asked = set(), set()
    for weight in plan.weights:
        sources, signs = [window for window, _ in plan.sources(weight)], plan.signs(weight)
        tally.cells += len(sources) * GATE2
        tally.any_of(len(sources) + bool(signs))
        above.add(signs)
        asked.update(sources)
    # Windows below all that is asked for are told apart from the others, and not from each other.
    tally.cells += ((len(asked) + (len(asked) < len(plan.windows))) * (exponent - plan.fine) + 1) * GATE2
    for signs in above - {()}:
        tally.any_of(len(asked.intersection(signs)) + (len(asked) < len(plan.windows)) + 1)


@lru_cache(maxsize=1 << 14)
def alignadd_far(term: NumberShape, fixed: FixedPoint, rounding: str, adder: str) -> Packed:
    """Count the bounded shift of a number to a fixed-point accumulator's grid, and the addition."""
    tally, far, width = Tally(), BoundedShift.of(term, fixed.width, fixed.fraction), fixed.width
    tally.cells += term.significand_bits * (term.nan or term.inf) * MASK + (term.nan and term.inf) * GATE2
    amount = _far_amount(tally, term, far)
    shifted = shift_left_overflow(tally, term.significand_bits, amount, width - far.lowest)
    if far.lowest < 0:
        dropped = min(shifted, -far.lowest)
        shifted -= dropped
        if term.lsb + fixed.fraction < 0:
            tally.any_of(dropped)
            tally.cells += (1 + (rounding == "rne")) * GATE2
    tally.cells += (shifted + 1) * FLIP
    bits = extend(constant(0, max(far.lowest, 0)) + signals(shifted), width + 2, signed=False)
    inverted = signals(width + 2) if term.signed else bits
    add(tally, extend(signals(width), width + 2, signed=True), inverted, SIGNAL, adder)
    tally.cells += 2 * MUX2
    return tally.cells


def _far_amount(tally: Tally, term: NumberShape, far: BoundedShift) -> int:
    """Count how far a number is shifted; return the bits of it."""
    most, offset = far.highest - far.lowest, far.place - far.lowest
    ends = term.exponent_low + offset, term.exponent_high + offset
    width = 2 + max(abs(end).bit_length() for end in (*ends, offset, most))
    bits, signed = exponent_width(term.exponent_low, term.exponent_high)
    wanted = add(tally, extend(signals(bits), width, signed=signed), constant(offset, width))[:width]
    amount = most.bit_length()
    if ends[1] > most:
        add(tally, wanted, constant(-most - 1, width))
        tally.cells += amount * GATE2  # the largest amount is a constant
    if ends[0] < 0:
        tally.cells += amount * GATE2
    return amount
