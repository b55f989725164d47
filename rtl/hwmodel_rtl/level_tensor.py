"""The accumulator level of a tensor core: its alignadd and normacc joined around a register."""

from amaranth.hdl import Cat, Const, Module, Value

from hwmodel.spec import FloatAcc, MacSpec, TensorAcc
from hwmodel.spec.ranges import NumberShape
from hwmodel.spec.tensor_step import states_of_sums, tensor_state

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

    Where the accumulator joins late these are an ordinary addition's; alignadd_products and normacc_products, with the number of the
    phase where there are several, make the rounded sum that it adds.

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
    if acc.late:
        rounded = _round_products(m, acc, architecture, terms, scale, valid)
        return accumulate(m, spec, architecture, FloatAcc(acc.format), rounded, step, suffix="", resettable=resettable)
    state = tensor_state(acc, terms.shape, None if scale is None else scale.shape)
    alignadd = _align(m, "alignadd", acc, architecture, terms, scale, valid, state.shape)
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


def _align(
    m: Module,
    name: str,
    acc: TensorAcc,
    architecture: Architecture,
    terms: Terms,
    scale: Terms | None,
    valid: Value,
    register: NumberShape | None,
) -> AlignAddTensor:
    """Return the part called `name` that adds products, connected to them, and a number of shape `register`, which is not."""
    alignadd = AlignAddTensor(acc, terms.shape, register, None if scale is None else scale.shape, architecture)
    m.submodules[name] = alignadd
    for target, number in zip(alignadd.terms, terms.numbers, strict=True):
        m.d.comb += connect(terms.shape, target, number)
    m.d.comb += alignadd.term_zeros.eq(terms.zero)
    if scale is not None:
        m.d.comb += connect(scale.shape, alignadd.scale, scale.lone)
        if scale.shape.nan:
            m.d.comb += alignadd.scale.nan.eq(scale.lone.nan & valid)
    return alignadd


def _round_products(m: Module, acc: TensorAcc, architecture: Architecture, terms: Terms, scale: Terms | None, valid: Value) -> Terms:
    """Return the rounded sum of the products of a step: phase by phase, each with the sum so far as a term."""
    states = states_of_sums(acc, terms.shape, None if scale is None else scale.shape)
    assert terms.zero is not None
    total: Terms | None = None
    for phase, ((lanes, part), state) in enumerate(zip(acc.sums, states, strict=True)):
        suffix = f"_{phase}" if len(states) > 1 else ""
        chosen = Terms([terms.numbers[lane] for lane in lanes], terms.shape, Cat(*(terms.zero[lane] for lane in lanes)))
        before = None if total is None else total.shape
        alignadd = _align(m, f"alignadd_products{suffix}", part, architecture, chosen, scale, valid, before)
        rounder = RoundSum(part, state, alignadd.exponent_range, architecture, before)
        m.submodules[f"normacc_products{suffix}"] = rounder
        m.d.comb += [getattr(rounder, name).eq(getattr(alignadd, name)) for name in SUM]
        if total is not None:
            m.d.comb += connect(total.shape, alignadd.acc, total.lone) + connect(total.shape, rounder.before, total.lone)
        total = Terms([rounder.rounded], rounder.shape, rounder.zero)
    assert total is not None
    return total
