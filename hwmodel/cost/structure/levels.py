"""Cells of an accumulator level: alignadd and normacc around a register, as `hwmodel_rtl.level` and `level_tensor` join them."""

from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import (
    FixedAcc,
    FixedPoint,
    FloatAcc,
    Level,
    MacSpec,
    PositAcc,
    PositFormat,
    QuireAcc,
    TensorAcc,
)
from hwmodel.spec.ranges import NumberShape, float_state, float_window, operand_shape, reaches_far, rounded_state, rounds_terms
from hwmodel.spec.tensor_step import TensorWindow, largest_exponent_range, states_of_sums, tensor_state

from .alignadd_fixed import align_to_unit, alignadd_far, alignadd_fixed, alignadd_integer, alignadd_sum
from .cells import GATE2, Packed, Shares, share_of
from .idle import (
    ALIGNED,
    IDLE,
    MOVED,
    TREES_ON,
    UNMOVED,
    binades_of_products,
    binades_of_sums,
    binades_of_terms,
    idle_of_fixed,
    reached,
    unfilled,
    unmoved,
    unreached,
    unused,
    with_trees,
)
from .parts import (
    alignadd_float,
    exponent_width,
    normacc_fixed,
    normacc_float,
    round_term,
    sum_exponent_range,
)
from .posits import normacc_posit, normacc_quire, read_quire, rebase_term, round_term_posit
from .tally import Tally
from .tensor import alignadd_tensor, normacc_tensor, round_products


class Rows(NamedTuple):
    """Integer products in two rows: their bits, what is left to add, and the bits of a sum that they are good for."""

    bits: int
    constant: int
    width: int


class Terms(NamedTuple):
    """What a step adds: so many numbers of one shape."""

    shape: NumberShape
    number: int = 1


class LevelCounts(NamedTuple):
    """Cells of one level.

    Attributes
    ----------
    alignadd, normacc
        Its parts.
    idle_alignadd, idle_normacc
        How many of their `CELLS` stand still in an average cycle.
    register
        Shape of the register, where another level can add it.
    unmoved
        What of alignadd hardly any product is moved to, so that nothing stirs it.
    term
        Of both parts, what makes the number that a float register is added to: rounding of products, and a tensor core's sums.
    """

    alignadd: Packed
    normacc: Packed
    idle_alignadd: Shares = ()
    idle_normacc: Shares = ()
    unmoved: Shares = ()
    register: NumberShape | None = None
    term: tuple[Packed, Packed] = (0, 0)


def accumulate(
    spec: MacSpec, acc: Level, terms: Terms | Rows, adder: str, *, resettable: bool, scale: NumberShape | None = None
) -> LevelCounts:
    """Count a level that adds `terms`; a tensor core's is also given the shape of the product of its block scales."""
    if isinstance(terms, Rows):
        assert isinstance(acc, FixedAcc)
        return _add_rows(spec, acc, terms, adder, resettable)
    match acc:
        case FixedAcc():
            return _add_fixed(spec, acc, terms, adder, resettable)
        case QuireAcc():
            return _add_to_quire(spec, acc, terms, adder, resettable)
        case PositAcc():
            return _add_to_posit(acc, terms.shape, adder, resettable)
        case TensorAcc():
            return _add_aligned(spec, acc, terms.shape, scale, adder, resettable)
        case FloatAcc():
            return _add_to_float(spec, acc, terms.shape, adder, resettable)


def _add_rows(spec: MacSpec, acc: FixedAcc, rows: Rows, adder: str, resettable: bool) -> LevelCounts:
    """Count the addition of integer products; the register's bits above all sums stand idle."""
    fixed = spec.fixed_point(acc)
    (alignadd, normacc), (narrow_alignadd, narrow_normacc) = (
        level_of_rows(acc, fixed, rows, width, adder, resettable) for width in (fixed.width, reached(spec, fixed))
    )
    return LevelCounts(alignadd, normacc, share_of(IDLE, alignadd - narrow_alignadd), share_of(IDLE, normacc - narrow_normacc))


def level_of_rows(acc: FixedAcc, fixed: FixedPoint, rows: Rows, width: int, adder: str, resettable: bool) -> tuple[Packed, Packed]:
    """Count alignadd and normacc of a fixed-point accumulator of integer products as if its register had `width` bits."""
    total = rows.width - fixed.width + width
    alignadd = alignadd_integer(rows.bits, rows.constant, fixed.fraction, width, total, adder)
    return alignadd, normacc_fixed(width, total, acc.saturate, resettable)


def _add_fixed(spec: MacSpec, acc: FixedAcc, terms: Terms, adder: str, resettable: bool) -> LevelCounts:
    fixed = spec.fixed_point(acc)
    if spec.blocks and reaches_far(terms.shape, fixed.width, fixed.fraction):
        alignadd = alignadd_far(terms.shape, fixed, acc.rounding, adder)
        return LevelCounts(alignadd, normacc_fixed(fixed.width, fixed.width + 2, acc.saturate, resettable) + _flags(terms))
    alignadd, normacc = level_of_fixed(acc, fixed, terms, adder, resettable)
    idle_alignadd, idle_normacc = idle_of_fixed(binades_of_sums(spec), fixed, terms.shape)
    idle, still = share_of(idle_alignadd, alignadd), () if spec.blocks else unmoved_of_fixed(acc, fixed, terms, *binades_of_products(spec))
    for share, shift in still:
        idle += share_of(UNMOVED * share - idle_alignadd, shift)
    if terms.number > 1:
        idle = with_trees(idle, alignadd, TREES_ON * (1 - idle_alignadd))
    return LevelCounts(alignadd, normacc, idle, share_of(idle_normacc, normacc), unmoved=still)


def unmoved_of_fixed(acc: FixedAcc, fixed: FixedPoint, terms: Terms, finest: float, size: float) -> Shares:
    """Return what of the shifters stands idle that move products to a fixed-point accumulator, and is stirred by none; see `unmoved`."""
    aligned = align_to_unit(terms.shape, fixed.fraction, acc.rounding)
    if not aligned.shift:
        return ()
    return share_of(unmoved(finest, size, fixed, aligned.lowest, aligned.outputs), terms.number * aligned.shift)


def level_of_fixed(acc: FixedAcc, fixed: FixedPoint, terms: Terms, adder: str, resettable: bool) -> tuple[Packed, Packed]:
    """Count alignadd and normacc of a fixed-point accumulator `acc`, which is `fixed` for the unit's products, whatever stands idle."""
    width = total_width(fixed, terms.shape.magnitude, terms.shape.lsb, terms.number)
    alignadd = _align(terms, fixed, width, acc.rounding, adder)
    return alignadd, normacc_fixed(fixed.width, width, acc.saturate, resettable) + _flags(terms)


def _flags(terms: Terms) -> Packed:
    """Count what tells that a term is no number."""
    tally = Tally()
    tally.any_of(terms.number * (terms.shape.nan + terms.shape.inf))
    return tally.cells


def _add_to_quire(spec: MacSpec, acc: QuireAcc, terms: Terms, adder: str, resettable: bool) -> LevelCounts:
    fixed, fmt = spec.fixed_point(acc), spec.a
    assert isinstance(fmt, PositFormat)
    alignadd = _align(terms, fixed, fixed.width, "floor", adder)
    normacc = normacc_quire(fixed, resettable) + read_quire(fixed, fmt, adder) + (terms.number - 1) * GATE2
    sums = binades_of_sums(spec)
    return LevelCounts(alignadd, normacc, share_of(unreached(sums, fixed), alignadd), share_of(unused(sums, fixed), normacc))


def _align(terms: Terms, fixed: FixedPoint, width: int, rounding: str, adder: str) -> Packed:
    if terms.number == 1:
        return alignadd_fixed(terms.shape, fixed, width, rounding, adder)
    return alignadd_sum(terms.shape, terms.number, fixed, width, rounding, adder, accumulates=True, drops_specials=True)


def _add_to_float(spec: MacSpec, acc: FloatAcc, term: NumberShape, adder: str, resettable: bool) -> LevelCounts:
    level, terms, precision = level_of_float(acc, term, adder, resettable), binades_of_terms(spec), acc.format.precision
    window = max(precision + acc.random_bits, term.significand_bits)
    alignadd, normacc = unfilled(terms, window, ALIGNED), unfilled(terms, precision)
    if not alignadd:  # and so not normacc either
        return level
    idle = share_of(alignadd, level.alignadd), share_of(normacc, level.normacc)
    return LevelCounts(level.alignadd, level.normacc, *idle, register=level.register, term=level.term)


@lru_cache(maxsize=1 << 16)
def level_of_float(acc: FloatAcc, term: NumberShape, adder: str, resettable: bool) -> LevelCounts:
    """Count a float accumulator that adds numbers of a shape, whatever stands idle."""
    rounding = 0
    if rounds_terms(acc, term):
        rounding = round_term(acc, term, adder)
        term = rounded_state(acc, term).shape
    state = float_state(acc, term)
    window = float_window(term, state.shape, acc.random_bits)
    normacc = rounding + normacc_float(acc, state, window + 2, sum_exponent_range(term, state.shape), adder, resettable)
    alignadd = alignadd_float(term, state.shape, window, adder)
    return LevelCounts(alignadd, normacc, register=state.shape, term=(0, rounding))


def _add_to_posit(acc: PositAcc, term: NumberShape, adder: str, resettable: bool) -> LevelCounts:
    register = operand_shape(acc.format, normalised=True)
    exponent = exponent_width(term.exponent_low, term.exponent_high)
    alignadd, rounding = 0, 0
    if not acc.fused:
        rounding = round_term_posit(acc.format, term, exponent, adder)
        term = register
    elif term.top:
        low, high = term.exponent_low + term.top, term.exponent_high + term.top
        if term.has_exponent:
            alignadd += rebase_term(exponent, exponent_width(low, high)[0], term.top)
        term = term._replace(exponent_low=low, exponent_high=high, top=0)
    lowered = register._replace(exponent_low=min(register.exponent_low, term.exponent_low))
    window = float_window(term, lowered, 0)
    alignadd += alignadd_float(term, lowered, window, adder)
    total = exponent_width(*sum_exponent_range(term, lowered))
    normacc = rounding + normacc_posit(acc.format, window + 2, total, adder, resettable)
    return LevelCounts(alignadd, normacc, term=(0, rounding))


def _add_aligned(
    spec: MacSpec, acc: TensorAcc, product: NumberShape, scale: NumberShape | None, adder: str, resettable: bool
) -> LevelCounts:
    """Count a tensor core's addition; where its accumulator joins late, one for each phase and an ordinary one behind them."""
    if not acc.late:
        state = tensor_state(acc, product, scale)
        exponents = largest_exponent_range(product, state.shape, scale)
        alignadd = alignadd_tensor(acc, product, state.shape, scale, adder)
        normacc = normacc_tensor(acc, state, exponents, adder, resettable)
        sums, window = binades_of_sums(spec), TensorWindow.of(acc).magnitude_bits
        moved, kept = (MOVED * unfilled(sums, bits) for bits in (window, min(acc.format.precision, window)))
        return LevelCounts(alignadd, normacc, share_of(moved, alignadd), share_of(kept, normacc), term=(alignadd, normacc))
    alignadd, normacc, before = 0, 0, None
    for (_, part), state in zip(acc.sums, states_of_sums(acc, product, scale), strict=True):
        alignadd += alignadd_tensor(part, product, before, scale, adder)
        normacc += round_products(part, state, largest_exponent_range(product, before, scale), adder, before)
        before = state.shape
    assert before is not None
    late = accumulate(spec, FloatAcc(acc.format), Terms(before), adder, resettable=resettable)
    return LevelCounts(
        alignadd + late.alignadd, normacc + late.normacc, late.idle_alignadd, late.idle_normacc, term=(alignadd, normacc + late.term[1])
    )


def total_width(fixed: FixedPoint, magnitude: int, lsb: int, count: int) -> int:
    """Return the bits of the exact sum of an accumulator and of terms, see `hwmodel_rtl.level.total_width`."""
    shift = lsb + fixed.fraction
    if count == 1:
        return max(fixed.width, max(magnitude.bit_length() + shift, 0) + 2) + 1
    largest = magnitude << shift if shift >= 0 else (magnitude >> -shift) + 1
    return max(fixed.width, (count * largest).bit_length() + 1) + 1
