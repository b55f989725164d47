"""One accumulator level: alignadd and normacc joined around a register."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from amaranth.hdl import Const, Module, Value

from hwmodel.spec import FixedAcc, FixedPoint, FloatAcc, MacSpec, PositAcc, PositFormat, QuireAcc, TensorAcc
from hwmodel.spec import Level as AnyLevel
from hwmodel.spec.ranges import NumberShape, float_state, operand_shape

from .alignadd import AlignAddFixed, AlignAddFloat, AlignAddInteger
from .alignadd_tensor import AlignAddTensor, tensor_state
from .architecture import Architecture
from .magnitude import Magnitude
from .mpy import MpyInteger
from .normacc import NormAccFixed, NormAccFloat
from .normacc_posit import NormAccPosit, NormAccQuire, ReadQuire
from .normacc_tensor import NormAccTensor, RoundSum
from .number import connect, field
from .roundterm import RebaseTerm, RoundTerm, RoundTermPosit


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
    valid
        Tensor-core style only: whether there are products in this step.
    """

    clear: Value
    clear_flags: Value
    random: Value | None = None
    valid: Value | None = None


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
    m: Module, spec: MacSpec, architecture: Architecture, acc: AnyLevel, term, shape, zero, step: Step, *, suffix: str, resettable: bool
) -> Level:
    """Add `term` to an accumulator level, in instances called alignadd and normacc plus `suffix`.

    Parameters
    ----------
    term, shape, zero
        What is added, its shape, and whether it is zero; of an integer product the rows, and the `MpyInteger` they come from.
    """
    if isinstance(acc, FixedAcc):
        return _accumulate_fixed(m, spec, architecture, acc, term, shape, step, suffix=suffix, resettable=resettable)
    if isinstance(acc, QuireAcc):
        return _accumulate_quire(m, spec, architecture, acc, term, shape, step, resettable=resettable)
    if isinstance(acc, PositAcc):
        return _accumulate_posit(m, architecture, acc, term, shape, zero, step, resettable=resettable)
    if not acc.fused and RoundTerm.needed(acc, shape):
        m.submodules[f"normacc_product{suffix}"] = rounder = RoundTerm(acc, shape, architecture)
        m.d.comb += connect(shape, rounder.term, term)
        term, shape, zero = rounder.rounded, rounder.shape, rounder.zero
    return _accumulate_float(m, architecture, acc, term, shape, zero, step, suffix=suffix, resettable=resettable)


def _accumulate_float(
    m: Module, architecture: Architecture, acc: FloatAcc, term, shape, zero, step: Step, *, suffix: str, resettable: bool
) -> Level:
    state = float_state(acc, shape)
    alignadd = AlignAddFloat(shape, state.shape, architecture, acc.random_bits)
    normacc = NormAccFloat(acc, state, len(alignadd.significand), alignadd.exponent_range, architecture, resettable=resettable)
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
    if acc.random_bits:
        m.d.comb += normacc.random.eq(step.random)
    value = normacc.value
    value_zero = ~(value.significand.any() if state.floored and acc.format.subnormals else value.significand[-1])
    return Level(normacc.code, value, state.shape, value_zero, Const(0, 1), Const(0, 1))


def accumulate_tensor(
    m: Module,
    architecture: Architecture,
    acc: TensorAcc,
    terms: Sequence[Any],
    shape: NumberShape,
    zeros: Value,
    scale: Any,
    scale_shape: NumberShape | None,
    step: Step,
    *,
    resettable: bool,
) -> Level:
    """Add the products of a step to a tensor core's accumulator.

    Parameters
    ----------
    terms, shape, zeros
        The products, not normalised, the shape of each, and which of them are zero. Without `step.valid` all are -0.
    scale, scale_shape
        The product of the block scales, and its shape; None: there is none.
    """
    assert step.valid is not None
    state = tensor_state(acc, shape, scale_shape)
    alignadd = AlignAddTensor(acc, shape, None if acc.late else state.shape, scale_shape, architecture)
    m.submodules["alignadd_products" if acc.late else "alignadd"] = alignadd
    for target, term in zip(alignadd.terms, terms, strict=True):
        m.d.comb += connect(shape, target, term)
    m.d.comb += alignadd.term_zeros.eq(zeros)
    if scale_shape is not None:
        m.d.comb += connect(scale_shape, alignadd.scale, scale)
    if acc.late:
        m.submodules.normacc_products = rounder = RoundSum(acc, state, alignadd.exponent_range, architecture)
        m.d.comb += [getattr(rounder, name).eq(getattr(alignadd, name)) for name in ("significand", "exponent", "sign", "nan", "inf", "inf_sign")]
        m.d.comb += rounder.valid.eq(step.valid)
        nearest = FloatAcc(acc.format)
        return _accumulate_float(
            m, architecture, nearest, rounder.rounded, rounder.shape, rounder.zero, step, suffix="", resettable=resettable
        )
    m.submodules.normacc = normacc = NormAccTensor(acc, state, alignadd.exponent_range, architecture, resettable=resettable)
    m.d.comb += connect(state.shape, alignadd.acc, normacc.acc)
    m.d.comb += [
        normacc.significand.eq(alignadd.significand),
        normacc.exponent.eq(alignadd.exponent),
        normacc.sign.eq(alignadd.sign),
        # A sum of zero is +0; where nothing is added, what there was.
        normacc.zero_sign.eq(field(normacc.acc, "sign") & ~step.valid),
        normacc.term_nan.eq(alignadd.nan),
        normacc.term_inf.eq(alignadd.inf),
        normacc.term_sign.eq(alignadd.inf_sign),
        normacc.clear.eq(step.clear),
    ]
    if normacc.enabled:
        m.d.comb += normacc.enable.eq(step.valid | step.clear)
    return Level(normacc.code, None, None, None, Const(0, 1), Const(0, 1))


def _accumulate_fixed(
    m: Module, spec: MacSpec, architecture: Architecture, acc: FixedAcc, term, shape, step: Step, *, suffix: str, resettable: bool
) -> Level:
    fixed = spec.fixed_point(acc)
    if isinstance(shape, MpyInteger):
        width = shape.width
        alignadd = AlignAddInteger(shape.row_width, shape.constant, fixed.fraction, fixed.width, width, architecture)
        m.d.comb += [alignadd.row_0.eq(term.row_0), alignadd.row_1.eq(term.row_1)]
        special = Const(0, 1)
    else:
        width = total_width(fixed, shape.magnitude.bit_length() + shape.lsb + fixed.fraction)
        alignadd = AlignAddFixed(shape, fixed, width, acc.rounding, architecture)
        m.d.comb += connect(shape, alignadd.term, term)
        special = field(term, "nan") | field(term, "inf")
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
    m: Module, spec: MacSpec, architecture: Architecture, acc: QuireAcc, term, shape, step: Step, *, resettable: bool
) -> Level:
    fixed, fmt = spec.fixed_point(acc), spec.a
    assert isinstance(fmt, PositFormat)
    m.submodules.alignadd = alignadd = AlignAddFixed(shape, fixed, fixed.width, "floor", architecture)
    m.submodules.normacc = normacc = NormAccQuire(fixed, resettable=resettable)
    m.submodules.normacc_read = read = ReadQuire(fixed, fmt, architecture)
    m.d.comb += connect(shape, alignadd.term, term)
    m.d.comb += [
        alignadd.acc.eq(normacc.acc),
        normacc.total.eq(alignadd.total),
        normacc.term_nan.eq(field(term, "nan")),
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
    reached = replace(register, exponent_low=min(register.exponent_low, shape.exponent_low))
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


def total_width(fixed: FixedPoint, term_bits: int) -> int:
    """Return the bits that hold the exact sum of an accumulator and a term of `term_bits` bits, rounded up at most once."""
    return max(fixed.width, max(term_bits, 0) + 2) + 1
