"""What glitches are made of: cells, times how late and how unevenly their inputs come.

A gate whose inputs come one after the other changes more often than once. How much more is not simulated, but follows what stands in
front of it: a product comes the later, the deeper its decoders and multiplier are, and all the bits that it meets are stirred again with
each of its changes. What depends on a count of leading zeros or on a sign that comes late, as a number made of a sum does, stirs most.
"""

import numpy as np

from hwmodel.spec import FixedAcc, FloatAcc, Level, MacSpec, QuireAcc, TensorAcc
from hwmodel.spec.dataflow import joins_rows

from .depth import arrivals
from .structure import UnitCounts, stages
from .structure.activity import exponent_activity, nonzero
from .structure.tally import CELLS

STIRS = ("by depth", "by depth before", "in fixed point", "in sums")
"""Kinds of glitching cells, whose scales are learnt each by itself.

``by depth``: by the levels of logic within decode, multiply, and the addition to a float and its rounding. ``by depth before``: by how late
comes what is multiplied, or added to a float. ``in fixed point``: by how late comes what is added to a fixed-point number. ``in sums``:
in exact sums that become a float, in a tensor core's, and in the rounding of products.
"""
_DEPTH, _BEFORE, _FIXED, _SUMS = range(len(STIRS))

_LATE_SUM = 2.5
"""How much more a number stirs that was a sum in the same cycle, whose sign and leading zeros come late, than its arrival says."""
_LATE_TENSOR = 1.2
"""The same of a tensor core's rounded sum."""
_ROUNDED = 6.0
"""When a product that is rounded might come, by how much it stirs, in nanoseconds or so."""
_OF_SUMS, _OF_LEVELS = 0.6, 0.55
"""How often the bits of the exponents of sums change, over every other cycle, and of inner registers."""
_SUM_EXPONENTS = 0.2
"""How often what a float is added to is shifted otherwise than the term's exponent says, over every other cycle."""
_SUM_ALONE, _TENSOR_ALONE, _ROUNDING, _ROUNDING_SUMS = 3.0, 4.0, 2.0, 5.0
"""When sums of products come by themselves, those of a tensor core, and rounded products and sums of it, by how much they are stirred."""
_UNSIGNED = 0.4
"""How much less unsigned products stir: no sign runs through the bits above them."""


def stirred_cells(spec: MacSpec, unit: UnitCounts, cells: np.ndarray, *, objective: str, adder: str, multiplier: str) -> np.ndarray:
    """Return (4, 4 cells) float64: the cells of the fitted parts by `STIRS`, each times what stirs it.

    Parameters
    ----------
    spec, unit
        The unit, and what was counted of it.
    cells : (4, 2 cells) float64
        From `hwmodel.cost.model.fitted_cells`.
    objective, adder, multiplier
        What it is mapped for, and how it is built.
    """
    found = np.zeros((4, len(STIRS), len(CELLS)))
    times = arrivals(spec, adder, multiplier, objective)
    decode, multiply = cells[:2, len(CELLS) :]
    before = times.operands if _registers(spec) < 2 else 0.0
    found[0, _DEPTH] = times.operands * decode
    found[1, _BEFORE] = before * multiply
    found[1, _DEPTH] = max(times.product - before, 0.0) * multiply
    product = times.product if _registers(spec) <= 0 else 0.0
    parts = stages(spec, adder, multiplier)
    found[2, _SUMS] = (_SUM_ALONE + product * _sums_at_once(spec)) * parts.summed.cells()
    there = nonzero(spec) if spec.exact_sum is None else 1.0
    for i, (acc, (level, active), arrived) in enumerate(zip(spec.levels, parts.levels, times.levels, strict=True)):
        aligned, rounded = (part.cells() for part in level.term)
        found[2, _SUMS] += _TENSOR_ALONE * aligned
        found[3, _SUMS] += (_ROUNDING_SUMS if isinstance(acc, TensorAcc) else _ROUNDING) * rounded
        first = i == 0 and active == 1
        alignadd, normacc = active * (level.alignadd.cells() - aligned), active * (level.normacc.cells() - rounded)
        if isinstance(acc, FixedAcc | QuireAcc):
            found[2, _FIXED] += first * there * product * _into_fixed(spec, unit) * alignadd
        elif arrived is not None:
            # The less, the more of a term falls below the last bit.
            share = (there if first else 1.0) * acc.format.precision / (acc.format.precision + 2)
            term = max(arrived.significand, arrived.exponent)
            late, exponents = _lateness(spec, acc, term, rounds=bool(rounded.any())) if first else (0.0, _OF_LEVELS)
            # Random bits below the last are seldom reached.
            reached = share * acc.format.precision / (acc.format.precision + acc.random_bits) if isinstance(acc, FloatAcc) else share
            stir = _SUM_EXPONENTS + exponents
            found[2, _DEPTH] += reached * max(arrived.total - term, 0.0) * stir * alignadd
            found[2, _BEFORE] += reached * late * stir * alignadd
            found[3, _DEPTH] += share * max(arrived.end - arrived.total, 0.0) * normacc
            found[3, _BEFORE] += share * late * stir * normacc
    return found.reshape(4, -1)


def _registers(spec: MacSpec) -> int:
    """Return the registers between operands and products; the last is behind an exact sum where there is one."""
    return spec.pipeline - (spec.exact_sum is not None)


def _sums_at_once(spec: MacSpec) -> bool:
    """Return whether what is added was an exact sum in the same cycle, with no register in between."""
    return spec.exact_sum is not None and spec.pipeline == 0 and not (spec.blocks and spec.fold_steps is not None)


def _into_fixed(spec: MacSpec, unit: UnitCounts) -> float:
    """Return how much of a fixed-point sum a late product stirs."""
    if spec.exact_sum is not None:
        return _LATE_SUM * _sums_at_once(spec)
    if not joins_rows(spec):
        return 1.0
    # Rows meet the accumulator in one tree.
    return 2 * (2 * unit.active[2] - 1) * (1.0 if any(fmt.signed for fmt in spec.factors) else _UNSIGNED)


def _lateness(spec: MacSpec, acc: Level, term: float, *, rounds: bool) -> tuple[float, float]:
    """Return how much a term stirs the float that it is added to, and how often the bits of its exponent change."""
    if spec.exact_sum is not None:
        return _LATE_SUM * term * _sums_at_once(spec), _OF_SUMS
    if isinstance(acc, TensorAcc):
        return _LATE_TENSOR * term, _OF_SUMS
    return (_ROUNDED, _OF_SUMS) if rounds else (term, exponent_activity(spec))
