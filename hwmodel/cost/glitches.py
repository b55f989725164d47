"""What glitches are made of: cells, times how late and how unevenly their inputs come.

A gate whose inputs come one after the other changes more often than once. How much more is not simulated, but follows what stands in
front of it: a product comes the later, the deeper its decoders and multiplier are, and all the bits that it meets are stirred again with
each of its changes. What depends on a count of leading zeros or on a sign that comes late, as a number made of a sum does, stirs most.
Where nothing changes, nothing is stirred: by operands that are zero, by shifters whose amount stays, above the products of a sum.
"""

from math import sqrt
from typing import Any

import numpy as np

from hwmodel.spec import FixedAcc, FixedPoint, FloatAcc, Level, MacSpec, QuireAcc, TensorAcc
from hwmodel.spec.dataflow import accumulated, joins_rows, normalises_operands
from hwmodel.spec.ranges import NumberShape

from .depth import arrivals
from .depth.units import Arrivals
from .structure import Stages
from .structure.activity import (
    activity_of_numbers,
    activity_of_rows,
    exponent_activity,
    heard_by,
    multiply_activity,
    nonzero,
    shift_activity,
    some_nonzero,
)
from .structure.adders import add, count_up_or_down
from .structure.cells import CELLS, cells_of, cells_of_shares
from .structure.idle import Binades, binades_of_sums, binades_of_terms, only_grows, steadiness
from .structure.tally import SIGNAL, Tally, constant, signals

STIRS = ("by depth", "by depth before", "in fixed point", "in sums", "of integers")
"""Kinds of glitching cells, whose scales are learnt each by itself.

``by depth``: by the levels of logic within decode, multiply, and the addition to a float and its rounding. ``by depth before``: by how late
comes what is multiplied, or added to a float. ``in fixed point``: by how late comes what is added to a fixed-point number. ``in sums``:
in exact sums that become a float, in a tensor core's, and in the rounding of products. ``of integers``: by how late come the two rows of
integers' products, which meet a fixed-point accumulator in one tree.
"""
DEPTH, BEFORE, FIXED, SUMS, _ROWS = range(len(STIRS))

_LATE_SUM = 1.6
"""How much more a number stirs that was a sum in the same cycle, whose sign and leading zeros come late, than its arrival says."""
_GROWN = 0.5
"""How much of that stirs a sum that only grows, and of what others are stirred it is by itself: it has no sign, and begins with as many
zeros as the one before it.
"""
_LATE_TENSOR = 0.65
"""The same of a tensor core's rounded sum, which is stirred by itself already."""
_ROUNDED, _ROUNDED_FROM_REGISTER = 8.0, 2.0
"""When a product that is rounded might come, by how much it stirs, in nanoseconds or so; from a register, earlier."""
_SHIFTED = 1.2
"""How much later comes a product whose operands are shifted, by when they are there."""
_OF_SUMS, _OF_LEVELS = 1.1, 0.8
"""How often what a float is added to is shifted otherwise, where the term was a sum or an inner register: over every other cycle."""
_EXPONENTS = 0.3
"""The same at least of products whose exponents never change: those of sums do."""
_SUM_ALONE, _SUM_TO_REGISTER, _TENSOR_ALONE, _TENSOR_PHASES, ROUNDING, _ROUNDING_SUMS = 6.0, 1.8, 7.5, 12.0, 1.0, 4.5
"""When come by themselves, by how much they are stirred: sums whose leading zeros are counted, and such that a register follows;
those of a tensor core, and how much later where its accumulator joins behind them; rounded products; and rounded sums of a tensor core,
times the root of its lanes.
"""
_TENSOR_FROM_REGISTER = 0.5
"""How much of what others are stirred those of a tensor core are whose products come from a register."""
_BY_SOME = 0.5
"""By what power of how often exact sums are stirred the float is that they are added to."""
_FIXED_ALONE, _ROWS_ALONE = 1.3, 0.8
"""The same of what is added to a fixed-point number, even from a register: it is shifted, or added in a tree."""
_HELD, _HELD_BY_CHAINS, _HELD_FOR_BLOCK = 0.3, 0.75, 0.2
"""How much an outer accumulator is stirred in cycles without a fold, at least, over those with one: what holds it comes late, and adders
that are chains pass on what an inner float shows of itself.
"""
_NEW_SCALES = 1.8
"""How much more often than by folds what adds a block's sum is stirred: after a fold and a zero come new scales."""
_BY_BITS, _USUAL_BITS = 0.33, 16
"""By what power of the bits that products differ in the addition of one is stirred, over that of so many."""
_ABOVE_LANES = 0.8
"""How much of what those below are stirred the bits of a sum of several lanes are that lie above the products; carries reach them."""
SATURATING = 3.2
"""How much more than others registers are stirred by a sum that saturates: all their bits wait for what its highest bits say."""
_ONE_SIGN = 0.35
"""How much of what others are stirred sums are that only grow: nothing is subtracted, and no leading bits cancel."""
_WITHOUT_SIGNS = 0.6
"""How much of what others are stirred those are that multiply integers without a sign, whose highest bits are mostly zeros."""
_DROPPED = 3.5
"""Bits, of as many more than a float has, that fall below its last one and do not stir its rounding."""


def stirred_cells(spec: MacSpec, cells: np.ndarray, stages: Stages, *, objective: str, adder: str, multiplier: str) -> np.ndarray:
    """Return (4, 5 cells) float64: the cells of the fitted parts by `STIRS`, each times what stirs it.

    Parameters
    ----------
    spec
        The unit.
    cells : (4, 2 cells) float64
        What was counted of it, from `hwmodel.cost.model.fitted_cells`.
    stages
        What its sums are made of.
    objective, adder, multiplier
        What it is mapped for, and how it is built.
    """
    found = np.zeros((4, len(STIRS), len(CELLS)))
    times = arrivals(spec, adder, multiplier, objective)
    decode, multiply = cells[:2, len(CELLS) :]
    of_decode, before_multiply, of_multiply = stirs_of_operands(times.operands, times.product, shifts_of(spec), registers_of(spec))
    found[0, DEPTH] = of_decode * decode
    found[1, BEFORE] = before_multiply * multiply
    found[1, DEPTH] = unsettled(spec) * of_multiply * multiply
    product = times.product if registers_of(spec) <= 0 else 0.0
    into_fixed = isinstance(spec.levels[0], FixedAcc)
    by_itself = 0.0 if into_fixed else float(sum_alone(spec.pipeline > 0, only_grows(spec.factors))) * (1 - steadiness(spec))
    some = stirred_by(some_nonzero(nonzero(spec), spec.lanes))
    found[2, SUMS] = some * (by_itself + product * _sums_at_once(spec)) * cells_of([stages.summed])[0]
    for i, (acc, (level, active), arrived) in enumerate(zip(spec.levels, stages.levels, times.levels, strict=True)):
        aligned, rounded, alignadd, normacc = cells_of([*level.term, level.alignadd, level.normacc])
        moves = some if i == 0 else 1.0  # the sum of a chunk is hardly ever zero
        if isinstance(acc, TensorAcc):
            in_window = _TENSOR_ALONE * (_TENSOR_FROM_REGISTER if spec.pipeline else 1.0)
            found[2, SUMS] += moves * (in_window + _TENSOR_PHASES * acc.late) * aligned
        first = i == 0 and active == 1
        by_bits = 1.0
        if first and spec.exact_sum is None and not isinstance(acc, TensorAcc):
            if isinstance(acc, FixedAcc | QuireAcc):
                by_bits = stirred_by_bits(binades_of_sums(spec), spec.fixed_point(acc))
            else:
                by_bits = stirred_by_bits(binades_of_terms(spec), None)
        elif i and isinstance(spec.levels[0], FixedAcc):
            by_bits = stirred_by_bits(binades_of_sums(spec), spec.fixed_point(spec.levels[0]))
        rounds = bool(rounded.any()) and (not first or rounds_off(acc, accumulated(spec)))
        found[3, SUMS] += moves * (_ROUNDING_SUMS * sqrt(acc.lanes) if isinstance(acc, TensorAcc) else ROUNDING * rounds * active) * rounded
        held = _held(spec, adder)
        active = min(max(active * (_NEW_SCALES if spec.blocks else 1.0), held), 1.0)
        alignadd, normacc = active * (alignadd - aligned), active * (normacc - rounded)
        if isinstance(acc, FixedAcc | QuireAcc):
            if first:
                saturates = isinstance(acc, FixedAcc) and acc.saturate
                if _adds_rows(spec):
                    kind, late, alignadd = _ROWS, _late_rows(spec, product), _without_signs(spec, acc, alignadd, adder)
                else:
                    kind, late, alignadd = FIXED, _late_fixed(spec, product), by_bits * (alignadd - cells_of_shares([level.unmoved])[0])
                found[2, kind] += late * alignadd
                found[3, kind] += late * (SATURATING if saturates else 1.0) * normacc
        elif arrived is not None:
            term = max(arrived.significand, arrived.exponent)
            late, exponents = _lateness(spec, acc, times, term, rounds=rounds) if first else (0.0, _OF_LEVELS)
            alone = first and spec.exact_sum is None
            there = cancelling(spec) * (activity_of_numbers(nonzero(spec) * heard_by(spec)) if alone else stirred_by_sums(moves))
            random_bits = acc.random_bits if isinstance(acc, FloatAcc) else 0
            stirs = stirs_of_float(term, arrived.total, arrived.end, late, exponents, there, acc.format.precision, random_bits)
            found[2, DEPTH] += by_bits * stirs[0] * alignadd
            found[2, BEFORE] += by_bits * stirs[1] * alignadd
            rounding = normacc * (by_bits if i else 1.0)
            found[3, DEPTH] += stirs[2] * rounding
            found[3, BEFORE] += stirs[3] * rounding
    return found.reshape(4, -1)


def stirs_of_operands(operands: Any, product: Any, shifts: Any, registers: Any) -> tuple[Any, Any, Any]:
    """Return how much decode is stirred by its depth, and multiply by what comes before it and by its depth.

    Parameters are numbers, or arrays of them: when operands and product are there, how often one of the operands is shifted otherwise, and
    the registers between operands and sum.
    """
    before = operands * (registers < 2)
    return operands, before * shifts, np.maximum(product - before, 0.0)


def stirs_of_fixed(product: Any, there: Any) -> Any:
    """Return how much products stir a fixed-point number, from when they come, and how often one of a step is none of zero."""
    return there * (_FIXED_ALONE + product)


def lateness_of_sums(term: Any, at_once: Any, grows: Any) -> tuple[Any, float]:
    """Return the same as `lateness_of_products` where an exact sum is added to a float, maybe in the cycle in which it is made.

    `grows` says whether it only does that.
    """
    return _LATE_SUM * np.where(grows, _GROWN, 1.0) * term * at_once, _OF_SUMS


def lateness_of_products(term: Any, operands: Any, shifts: Any, registers: Any, exponents: Any, rounds: Any) -> tuple[Any, Any]:
    """Return how much a product stirs the float that it is added to, and how often that is shifted otherwise.

    Parameters are numbers, or arrays of them: when the product and the operands are there, what `stirs_of_operands` is told, how often the
    product's exponent changes, and whether it is rounded before.
    """
    shifted = _SHIFTED * operands * shifts * (registers <= 0)
    return np.where(rounds, np.where(registers > 0, _ROUNDED_FROM_REGISTER, _ROUNDED), term + shifted), np.where(
        rounds, _OF_SUMS, np.maximum(exponents, _EXPONENTS)
    )


def stirs_of_float(
    term: Any, total: Any, end: Any, late: Any, exponents: Any, there: Any, precision: Any, random_bits: Any
) -> tuple[Any, Any, Any, Any]:
    """Return how much the addition to a float is stirred by its depth and by what comes before it, and its rounding by both.

    Parameters are numbers, or arrays of them: when there is what is added, the sum, and the rounded sum; what `lateness_of_products` tells;
    how often the sum changes by what is added to it; bits of the significand, and random ones.
    """
    # Random bits below the last are seldom reached.
    reached = there * precision / (precision + random_bits)
    kept = there * precision / (precision + _DROPPED)
    depth, rounding = np.maximum(total - term, 0.0), np.maximum(end - total, 0.0)
    return reached * depth * exponents, reached * late * exponents, kept * rounding, kept * late * exponents


def stirred_by_bits(sums: Binades, fixed: FixedPoint | None) -> float:
    """Return how much more than usual the addition of a product is stirred by the bits that differ, of which fixed point drops some."""
    finest = sums.finest if fixed is None else max(sums.finest, -fixed.fraction)
    bits = sums.highest - finest
    # Of products below the last bit of fixed point there are signs, until they are so small that even these are mostly the same.
    return (max(bits, min(bits + 3, 2.0), 0.6) / _USUAL_BITS) ** _BY_BITS


def stirred_by(some: Any) -> Any:
    """Return how often a sum is stirred, from how often one of its products is none of zero: not where all are, and were."""
    return 1 - (1 - some) ** 2


def stirred_by_sums(moves: Any) -> Any:
    """Return how often a float is stirred that sums are added to, from how often these are; an exponent goes with zero, too."""
    return moves**_BY_SOME


def sum_alone(registered: Any, grows: Any) -> Any:
    """Return when an exact sum comes by itself, by how much it is stirred, by whether a register follows and whether it only grows."""
    return np.where(registered, _SUM_TO_REGISTER, _SUM_ALONE) * np.where(grows, _GROWN, 1.0)


def cancelling(spec: MacSpec) -> float:
    """Return how much of what others are stirred floats are that add products of the unit: less, where these have no sign."""
    return _ONE_SIGN if only_grows(spec.factors) else 1.0


def unsettled(spec: MacSpec) -> float:
    """Return how much of what others are stirred those are that multiply a unit's operands: less, where these are integers without sign."""
    return _WITHOUT_SIGNS if only_grows(spec.factors) and not normalises_operands(spec) else 1.0


def rounds_off(acc: Level, term: NumberShape) -> bool:
    """Return whether rounding of products takes bits off them, and so stirs; it may look for overflow alone, or for subnormals."""
    return not isinstance(acc, FloatAcc) or term.significand_bits > acc.format.precision


def registers_of(spec: MacSpec) -> int:
    """Return the registers between operands and products; the last is behind an exact sum where there is one."""
    return spec.pipeline - (spec.exact_sum is not None)


def _held(spec: MacSpec, adder: str) -> float:
    """Return how much an outer accumulator is stirred at least, over cycles with a fold."""
    if spec.blocks:
        # Behind a register what holds a block's sum is there at once.
        return _HELD_FOR_BLOCK * (spec.pipeline == 0)
    return _HELD_BY_CHAINS if adder == "ripple" and not isinstance(spec.levels[0], FixedAcc) else _HELD


def _sums_at_once(spec: MacSpec) -> bool:
    """Return whether what is added was an exact sum in the same cycle, with no register in between."""
    return spec.exact_sum is not None and spec.pipeline == 0 and not (spec.blocks and spec.fold_steps is not None)


def _adds_rows(spec: MacSpec) -> bool:
    """Return whether a fixed-point accumulator is added to the rows of integers' products, in one tree."""
    return joins_rows(spec) and spec.exact_sum is None


def shifts_of(spec: MacSpec) -> float:
    """Return how often one of the operands is shifted otherwise than the one before it, as it is unpacked."""
    return max(map(shift_activity, (spec.a, spec.b))) if normalises_operands(spec) else 0.0


def _late_rows(spec: MacSpec, product: float) -> float:
    """Return how much late rows stir the tree that they are added in."""
    # What comes of operands that change seldom, as small ones do, is often the same twice, and meets itself.
    rows = 2 * activity_of_rows(multiply_activity(spec), spec.lanes) - 1
    return 2 * (_ROWS_ALONE + product) * rows * rows


def _late_fixed(spec: MacSpec, product: float) -> float:
    """Return how much late products, or sums of them, stir a fixed-point number that they are added to."""
    if spec.exact_sum is not None:
        return _FIXED_ALONE + product * _LATE_SUM * _sums_at_once(spec)
    return float(stirs_of_fixed(product, some_nonzero(nonzero(spec), spec.lanes)))


def _without_signs(spec: MacSpec, acc: Level, alignadd: np.ndarray, adder: str) -> np.ndarray:
    """Return the cells of a sum of rows but for those above all products, as far as these are not stirred: of one lane, or in a chain."""
    assert isinstance(acc, FixedAcc)
    fixed, tally = spec.fixed_point(acc), Tally()
    above = max(fixed.width - fixed.fraction - (spec.lanes * spec.product_max_magnitude).bit_length(), 0)
    if any(fmt.signed for fmt in spec.factors):
        count_up_or_down(tally, above, adder)
    else:
        add(tally, signals(above), constant(0, above), SIGNAL, adder)
    still = 1.0 if adder == "ripple" or spec.lanes == 1 else 1 - _ABOVE_LANES
    return np.maximum(alignadd - still * cells_of([tally.cells])[0], 0.0)


def _lateness(spec: MacSpec, acc: Level, times: Arrivals, term: float, *, rounds: bool) -> tuple[Any, Any]:
    """Return how much a term stirs the float that it is added to, and how often that is shifted otherwise."""
    if spec.exact_sum is not None:
        return lateness_of_sums(term, _sums_at_once(spec), only_grows(spec.factors))
    if isinstance(acc, TensorAcc):
        return _LATE_TENSOR * term, _OF_SUMS
    exponents = 0.0 if rounds else exponent_activity(spec)
    return lateness_of_products(term, times.operands, shifts_of(spec), registers_of(spec), exponents, rounds)
