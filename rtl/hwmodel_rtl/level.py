"""One accumulator level: alignadd and normacc joined around a register."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const, Module, Value

from hwmodel.spec import FixedAcc, FixedPoint, FloatAcc, MacSpec, PositAcc, PositFormat, QuireAcc
from hwmodel.spec import Level as AnyLevel
from hwmodel.spec.dataflow import parts_paths
from hwmodel.spec.ranges import float_state, operand_shape, reaches_far, rounds_terms

from .alignadd import AlignAddFloat
from .alignadd_far import AlignAddFar
from .alignadd_fixed import AlignAddFixed, AlignAddInteger, AlignAddSum
from .architecture import Architecture
from .magnitude import Magnitude
from .near_path import NearPath
from .normacc import NormAccFixed, NormAccFloat
from .normacc_posit import NormAccPosit, NormAccQuire, ReadQuire
from .number import connect, field
from .roundterm import RebaseTerm, RoundTerm, RoundTermPosit
from .terms import Rows, Terms


@dataclass
class Step:
    """What governs one step of one level.

    Attributes
    ----------
    clear
        The accumulator counts as zero in this step.
    clear_flags
        So do the sticky flags.
    random
        Stochastic rounding only: the random bits.
    """

    clear: Value
    clear_flags: Value
    random: Value | None = None


@dataclass
class Level:
    """The outputs of one accumulator level.

    Attributes
    ----------
    code
        The accumulator's code.
    term, shape, zero
        The register as a number that another level can add.
    overflow, invalid
        Sticky flags; constant 0 for a float.
    """

    code: Value
    term: Any
    shape: Any
    zero: Any
    overflow: Value
    invalid: Value


def accumulate(
    m: Module, spec: MacSpec, architecture: Architecture, acc: AnyLevel, terms: Terms | Rows, step: Step, *, suffix: str, resettable: bool
) -> Level:
    """Add `terms` to an accumulator level, in instances called alignadd and normacc plus `suffix`.

    Fixed point adds any number of terms, and rows; a float or a posit adds one.
    """
    if isinstance(acc, FixedAcc):
        return _accumulate_fixed(m, spec, architecture, acc, terms, step, suffix=suffix, resettable=resettable)
    assert isinstance(terms, Terms)
    if isinstance(acc, QuireAcc):
        return _accumulate_quire(m, spec, architecture, acc, terms, step, resettable=resettable)
    term, shape, zero = terms.lone, terms.shape, terms.zero
    if isinstance(acc, PositAcc):
        return _accumulate_posit(m, architecture, acc, term, shape, zero, step, resettable=resettable)
    assert isinstance(acc, FloatAcc)  # a tensor core's level is in `level_tensor`
    if rounds_terms(acc, shape):
        m.submodules[f"normacc_product{suffix}"] = rounder = RoundTerm(acc, shape, architecture)
        m.d.comb += connect(shape, rounder.term, term)
        term, shape, zero = rounder.rounded, rounder.shape, rounder.zero
    state = float_state(acc, shape)
    near = NearPath.of(shape, state.shape) if architecture.paths == "near_far" and parts_paths(shape) else None
    alignadd = AlignAddFloat(shape, state.shape, architecture, acc.random_bits, near=near)
    normacc = NormAccFloat(acc, state, len(alignadd.significand), alignadd.exponent_range, architecture, resettable=resettable, near=near)
    m.submodules[f"alignadd{suffix}"] = alignadd
    m.submodules[f"normacc{suffix}"] = normacc
    m.d.comb += connect(shape, alignadd.term, term) + connect(state.shape, alignadd.acc, normacc.acc)
    m.d.comb += [
        alignadd.term_zero.eq(zero),
        alignadd.acc_zero.eq(normacc.acc_zero),
        normacc.significand.eq(alignadd.significand),
        normacc.exponent.eq(alignadd.exponent),
        normacc.sign.eq(alignadd.sign),
        normacc.zero_sign.eq(alignadd.zero_sign),
        normacc.term_nan.eq(field(term, "nan")),
        normacc.term_inf.eq(field(term, "inf")),
        normacc.term_sign.eq(field(term, "sign")),
        normacc.clear.eq(step.clear),
    ]
    if near is not None:
        m.d.comb += [normacc.near.eq(alignadd.near), normacc.near_significand.eq(alignadd.near_significand)]
    if acc.random_bits:
        m.d.comb += normacc.random.eq(step.random)
    value = normacc.value
    value_zero = ~(value.significand.any() if state.floored and acc.format.subnormals else value.significand[-1])
    return Level(normacc.code, value, state.shape, value_zero, Const(0, 1), Const(0, 1))


def _accumulate_fixed(
    m: Module, spec: MacSpec, architecture: Architecture, acc: FixedAcc, terms: Terms | Rows, step: Step, *, suffix: str, resettable: bool
) -> Level:
    fixed = spec.fixed_point(acc)
    special: Value
    if isinstance(terms, Rows):
        width = terms.width
        alignadd = AlignAddInteger(len(terms.row_0), terms.constant, fixed.fraction, fixed.width, width, architecture)
        m.d.comb += [alignadd.row_0.eq(terms.row_0), alignadd.row_1.eq(terms.row_1)]
        special = Const(0, 1)
    else:
        width = total_width(fixed, terms.shape.magnitude, terms.shape.lsb, len(terms.numbers))
        if spec.blocks and reaches_far(terms.shape, fixed.width, fixed.fraction):
            alignadd = AlignAddFar(terms.shape, fixed, acc.rounding, architecture)
            width = alignadd.total_width
            m.d.comb += connect(terms.shape, alignadd.term, terms.lone)
        else:
            alignadd = _align(m, architecture, fixed, terms, width, acc.rounding)
        special = terms.any("nan") | terms.any("inf")
    normacc = NormAccFixed(fixed, width, saturate=acc.saturate, resettable=resettable)
    m.submodules[f"alignadd{suffix}"] = alignadd
    m.submodules[f"normacc{suffix}"] = normacc
    m.d.comb += [
        alignadd.acc.eq(normacc.acc),
        normacc.total.eq(alignadd.total),
        normacc.special.eq(special),
        normacc.clear.eq(step.clear),
        normacc.clear_flags.eq(step.clear_flags),
    ]
    if not suffix and spec.is_chunked:
        m.submodules.alignadd_magnitude = magnitude = Magnitude(fixed)
        m.d.comb += magnitude.code.eq(normacc.code)
        number, number_shape = magnitude.number, magnitude.shape
        number_zero = ~number.significand.any()
    else:
        number, number_shape, number_zero = None, None, None
    return Level(normacc.code, number, number_shape, number_zero, normacc.overflow, normacc.invalid)


def _accumulate_quire(
    m: Module, spec: MacSpec, architecture: Architecture, acc: QuireAcc, terms: Terms, step: Step, *, resettable: bool
) -> Level:
    fixed, fmt = spec.fixed_point(acc), spec.a
    assert isinstance(fmt, PositFormat)
    alignadd = _align(m, architecture, fixed, terms, fixed.width, "floor")
    m.submodules.alignadd = alignadd
    m.submodules.normacc = normacc = NormAccQuire(fixed, resettable=resettable)
    m.submodules.normacc_read = read = ReadQuire(fixed, fmt, architecture)
    m.d.comb += [
        alignadd.acc.eq(normacc.acc),
        normacc.total.eq(alignadd.total),
        normacc.term_nan.eq(terms.any("nan")),
        normacc.clear.eq(step.clear),
        read.total.eq(normacc.value),
        read.nan.eq(normacc.nan),
    ]
    return Level(read.code, None, None, None, Const(0, 1), Const(0, 1))


def _accumulate_posit(m: Module, architecture: Architecture, acc: PositAcc, term, shape, zero, step: Step, *, resettable: bool) -> Level:
    if not acc.fused:
        m.submodules.normacc_product = rounder = RoundTermPosit(acc.format, shape, architecture)
        m.d.comb += connect(shape, rounder.term, term)
        term, shape = rounder.rounded, rounder.shape
    elif shape.top:
        # The register's exponent counts from 1, as that of a posit does; the shift of the other's is outside the loop.
        m.submodules.alignadd_term = rebase = RebaseTerm(shape, top=0)
        m.d.comb += connect(shape, rebase.term, term)
        term, shape = rebase.rebased, rebase.shape
    register = operand_shape(acc.format, normalised=True)
    # A term smaller than every posit leads while the register is zero, so the sum's exponent must reach down to it.
    reached = register._replace(exponent_low=min(register.exponent_low, shape.exponent_low))
    alignadd = AlignAddFloat(shape, reached, architecture)
    normacc = NormAccPosit(acc.format, len(alignadd.significand), alignadd.exponent_range, architecture, resettable=resettable)
    m.submodules.alignadd = alignadd
    m.submodules.normacc = normacc
    m.d.comb += connect(shape, alignadd.term, term) + connect(register, alignadd.acc, normacc.acc)
    m.d.comb += [
        alignadd.term_zero.eq(zero),
        alignadd.acc_zero.eq(normacc.acc_zero),
        normacc.significand.eq(alignadd.significand),
        normacc.exponent.eq(alignadd.exponent),
        normacc.sign.eq(alignadd.sign),
        normacc.term_nan.eq(field(term, "nan") | field(term, "inf")),
        normacc.clear.eq(step.clear),
    ]
    return Level(normacc.code, None, None, None, Const(0, 1), Const(0, 1))


def _align(m: Module, architecture: Architecture, fixed: FixedPoint, terms: Terms, width: int, rounding: str) -> Any:
    """Return the part that adds `terms` to a fixed-point accumulator, and connect them to it."""
    shape = terms.shape
    if len(terms.numbers) == 1:
        alignadd = AlignAddFixed(shape, fixed, width, rounding, architecture)
        m.d.comb += connect(shape, alignadd.term, terms.lone)
        return alignadd
    several = AlignAddSum(shape, len(terms.numbers), fixed, width, architecture, rounding=rounding, accumulates=True, drops_specials=True)
    for target, number in zip(several.terms, terms.numbers, strict=True):
        m.d.comb += connect(shape, target, number)
    return several


def total_width(fixed: FixedPoint, magnitude: int, lsb: int, lanes: int) -> int:
    """Return the bits that hold the exact sum of an accumulator and of terms up to ``magnitude * 2**lsb``, each rounded up at most once."""
    if lanes == 1:
        return max(fixed.width, max(magnitude.bit_length() + lsb + fixed.fraction, 0) + 2) + 1
    shift = lsb + fixed.fraction
    largest = magnitude << shift if shift >= 0 else (magnitude >> -shift) + 1
    return max(fixed.width, (lanes * largest).bit_length() + 1) + 1
