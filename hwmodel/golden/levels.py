"""From a unit's spec to what adds its products: an accumulator, and where there is one the exact sum in front of it."""

from hwmodel import spec
from hwmodel.spec import FloatFormat, MacSpec, PositFormat

from .chunk import BlockAcc, ChunkAcc
from .fixed import FixedAcc
from .floating import FloatAcc
from .posit import PositAcc, QuireAcc
from .sums import ExactSum, sum_range
from .tensor_step import TensorAcc
from .terms import MAX_INT64_BITS, TermRange
from .wide import WideFixedAcc, WideFloatAcc, WidePositAcc

Level = FixedAcc | FloatAcc | PositAcc | QuireAcc | TensorAcc

_MAX_INT64_WINDOW = 59


def sum_of_products(unit: MacSpec) -> ExactSum | None:
    """Return the exact sum of a step's products, or of a block's; None: the accumulator takes the products."""
    if unit.exact_sum is None:
        return None
    return ExactSum(unit.exact_sum, TermRange.of_products(unit), unit.lanes, _is_wide(unit), minus_zero=not unit.blocks)


def accumulator(unit: MacSpec, inner: ExactSum | None) -> Level | ChunkAcc | BlockAcc:
    """Return the accumulator of a unit whose products, if that is not None, are summed by `inner`."""
    terms = term_range(unit)
    levels = unit.levels
    first = _level(unit, levels[0], terms)
    if isinstance(unit.acc, spec.ChunkAcc):
        assert isinstance(first, FixedAcc | FloatAcc)
        outer = _level(unit, levels[1], first.range, first=False)
        assert isinstance(outer, FixedAcc | FloatAcc)
        return ChunkAcc(unit.acc.length, first, outer)
    if unit.blocks and unit.fold_steps is not None:
        assert inner is not None
        assert isinstance(first, FixedAcc | FloatAcc)
        return BlockAcc(unit.fold_steps, inner, first, terms)
    return first


def term_range(unit: MacSpec) -> TermRange:
    """Return the range of what the first accumulator is given: products, their exact sum, or one of a block times its scale."""
    return TermRange.of_products(unit) if unit.exact_sum is None else sum_range(unit.exact_sum, unit.blocks)


def _is_wide(unit: MacSpec) -> bool:
    """Return whether exact sums, scaled, are too long for the int64 that their accumulator works on."""
    bits, level = term_range(unit).significand_bits, unit.levels[0]
    match level:
        case spec.FloatAcc():
            return FloatAcc(level, term_range(unit)).window > _MAX_INT64_WINDOW
        case spec.PositAcc():
            return PositAcc(level, term_range(unit)).window > _MAX_INT64_WINDOW
    return bits > MAX_INT64_BITS


def _level(unit: MacSpec, acc: spec.Level, terms: TermRange, first: bool = True) -> Level:
    """Return an accumulator for such terms; only of the first one are they products, or an exact sum."""
    wide = first and unit.exact_sum is not None and _is_wide(unit)
    lanes = unit.lanes if first and unit.exact_sum is None else 1
    match acc:
        case spec.FixedAcc():
            return (WideFixedAcc if wide else FixedAcc)(acc, unit.fixed_point(acc), terms, lanes)
        case spec.FloatAcc():
            return (WideFloatAcc if wide else FloatAcc)(acc, terms)
        case spec.PositAcc():
            return (WidePositAcc if wide else PositAcc)(acc, terms)
        case spec.QuireAcc():
            assert isinstance(unit.a, PositFormat)
            return QuireAcc(unit.fixed_point(acc), unit.a, terms, lanes)
        case spec.TensorAcc():
            one, other = unit.factors
            assert isinstance(one, FloatFormat)
            assert isinstance(other, FloatFormat)
            return TensorAcc(acc, one, other)
