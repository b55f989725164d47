"""The accumulator level of a tensor core: its alignadd and normacc joined around a register."""

from amaranth.hdl import Const, Module, Value

from hwmodel.spec import FloatAcc, MacSpec, TensorAcc
from hwmodel.spec.tensor_step import tensor_state

from .alignadd_tensor import AlignAddTensor
from .architecture import Architecture
from .level import Level, Step, accumulate
from .normacc_tensor import NormAccTensor, RoundSum
from .number import connect, field
from .terms import Terms

SUM = ("significand", "exponent", "sign", "nan", "inf", "inf_sign")
"""What `AlignAddTensor` says of a step's sum."""


def accumulate_tensor(
    m: Module,
    spec: MacSpec,
    architecture: Architecture,
    terms: Terms,
    scale: Terms | None,
    valid: Value,
    step: Step,
    *,
    resettable: bool,
) -> Level:
    """Add the products of a step to a tensor core's accumulator, in instances called alignadd and normacc.

    Of `.late` these are an ordinary addition's; alignadd_products and normacc_products make the rounded sum that it adds.

    Parameters
    ----------
    terms
        The products, not normalised, and which of them are zero.
    scale
        The product of the block scales; None: there is none.
    valid
        When low there are no products: all are -0, and the scale means nothing.
    """
    acc = spec.acc
    assert isinstance(acc, TensorAcc)
    scale_shape = None if scale is None else scale.shape
    state = tensor_state(acc, terms.shape, scale_shape)
    alignadd = AlignAddTensor(acc, terms.shape, None if acc.late else state.shape, scale_shape, architecture)
    m.submodules["alignadd_products" if acc.late else "alignadd"] = alignadd
    for target, number in zip(alignadd.terms, terms.numbers, strict=True):
        m.d.comb += connect(terms.shape, target, number)
    m.d.comb += alignadd.term_zeros.eq(terms.zero)
    if scale is not None:
        m.d.comb += connect(scale.shape, alignadd.scale, scale.lone)
        if scale.shape.nan:
            m.d.comb += alignadd.scale.nan.eq(scale.lone.nan & valid)
    if acc.late:
        m.submodules.normacc_products = rounder = RoundSum(acc, state, alignadd.exponent_range, architecture)
        m.d.comb += [getattr(rounder, name).eq(getattr(alignadd, name)) for name in SUM]
        rounded = Terms([rounder.rounded], rounder.shape, rounder.zero)
        return accumulate(m, spec, architecture, FloatAcc(acc.format), rounded, step, suffix="", resettable=resettable)
    m.submodules.normacc = normacc = NormAccTensor(acc, state, alignadd.exponent_range, architecture, resettable=resettable)
    m.d.comb += connect(state.shape, alignadd.acc, normacc.acc)
    m.d.comb += [
        normacc.significand.eq(alignadd.significand),
        normacc.exponent.eq(alignadd.exponent),
        normacc.sign.eq(alignadd.sign),
        # A sum of zero is +0; where nothing is added, what there was.
        normacc.zero_sign.eq(field(normacc.acc, "sign") & ~valid),
        normacc.term_nan.eq(alignadd.nan),
        normacc.term_inf.eq(alignadd.inf),
        normacc.term_sign.eq(alignadd.inf_sign),
        normacc.clear.eq(step.clear),
    ]
    if normacc.enabled:
        m.d.comb += normacc.enable.eq(valid | step.clear)
    return Level(normacc.code, None, None, None, Const(0, 1), Const(0, 1))
