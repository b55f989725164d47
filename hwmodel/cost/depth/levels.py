"""Ways to the register of one accumulator level, whose parts are joined as in `hwmodel_rtl.level` and `hwmodel_rtl.level_tensor`."""

from typing import NamedTuple

from hwmodel.spec import FixedAcc, FloatAcc, Level, MacSpec, PositAcc, PositFormat, QuireAcc, TensorAcc
from hwmodel.spec.ranges import NumberShape, float_state, operand_shape, reaches_far, rounded_state, rounds_terms
from hwmodel.spec.tensor_step import largest_exponent_range, states_of_sums, tensor_state

from ..structure.levels import total_width
from ..structure.parts import number_width
from .adders import ripple
from .decode import exponent_bits
from .fixed import FixedSizes, add_far, add_fixed, keep_fixed
from .floats import FloatSizes, TermSizes, accumulate_float, keep_float, register, round_term
from .paths import ALIGNADD, HALF, MUX, NORMACC, Number, Path, after, enter_number, into, latest, start, tree
from .posits import accumulate_posit, read_quire, round_term_posit
from .tensors import Term, add_tensor, round_sum


class LevelPaths(NamedTuple):
    """The ways through one level; of a float, what its register holds, and the ways to what is added to that and to the sum.

    They end in the register, and that of a quire in its code: other codes are packed by less than stands in the loop.
    """

    ends: tuple[Path, ...]
    register: NumberShape | None = None
    term: Number | None = None
    total: Path | None = None


def accumulate(spec: MacSpec, acc: Level, term: Term, count: int, adder: str, scale: Term | None = None) -> LevelPaths:
    """Return the ways through a level that adds `count` numbers; a tensor core's are given the product of their block scales."""
    number, shape = term
    match acc:
        case FixedAcc():
            fixed = spec.fixed_point(acc)
            if spec.blocks and reaches_far(shape, fixed.width, fixed.fraction):
                total, width = add_far(number, shape, fixed, acc.rounding, adder), fixed.width + 2
            else:
                width = total_width(fixed, shape.magnitude, shape.lsb, count)
                total = add_fixed(number, FixedSizes.of(shape, count, fixed, width, acc.rounding), adder)
            return LevelPaths((keep_fixed(total, fixed, width, saturate=acc.saturate),))
        case QuireAcc():
            fixed = spec.fixed_point(acc)
            assert isinstance(spec.a, PositFormat)
            total = into(add_fixed(number, FixedSizes.of(shape, count, fixed, fixed.width, "floor"), adder), NORMACC)
            return LevelPaths((total, read_quire(fixed, spec.a, adder, total.weights)))
        case PositAcc():
            return _add_to_posit(acc, number, shape, adder)
        case TensorAcc():
            return _add_aligned(acc, term, scale, adder)
        case FloatAcc():
            return _add_to_float(acc, number, shape, adder)


class FloatLevel(NamedTuple):
    """What the ways through a float accumulator depend on: of the rounding of what it is given to add, None: there is none; of the sum."""

    term: TermSizes | None
    total: FloatSizes

    @classmethod
    def of(cls, acc: FloatAcc, shape: NumberShape) -> "FloatLevel":
        """Return the sizes of an accumulator that is given numbers of a shape."""
        if not rounds_terms(acc, shape):
            return cls(None, FloatSizes.of(acc, shape))
        return cls(TermSizes.of(acc, shape), FloatSizes.of(acc, rounded_state(acc, shape).shape))


def add_to_float(given: Number, level: FloatLevel, adder: str) -> tuple[Number, Path, Path]:
    """Return the ways to what is added to a float register, to the sum, and to the register."""
    term = given if level.term is None else round_term(given, level.term, adder)
    end, total = accumulate_float(term, level.total, adder)
    return term, total, end


def _add_to_float(acc: FloatAcc, given: Number, shape: NumberShape, adder: str) -> LevelPaths:
    term, total, end = add_to_float(given, FloatLevel.of(acc, shape), adder)
    register_of = float_state(acc, rounded_state(acc, shape).shape if rounds_terms(acc, shape) else shape)
    return LevelPaths((end,), register_of.shape, term, total)


def _add_to_posit(acc: PositAcc, term: Number, shape: NumberShape, adder: str) -> LevelPaths:
    own = operand_shape(acc.format, normalised=True)
    if not acc.fused:
        term, shape = round_term_posit(acc.format, term, shape, adder), own
    elif shape.top:
        low, high = shape.exponent_low + shape.top, shape.exponent_high + shape.top
        shape = shape._replace(exponent_low=low, exponent_high=high, top=0)
        if shape.has_exponent:
            term = term._replace(exponent=ripple(exponent_bits(shape), HALF, term.exponent))
    reached = own._replace(exponent_low=min(own.exponent_low, shape.exponent_low))
    end, total = accumulate_posit(acc.format, reached, term, shape, adder)
    return LevelPaths((end,), None, term, total)


def _add_aligned(acc: TensorAcc, product: Term, scale: Term | None, adder: str) -> LevelPaths:
    weights, by = product.number.flags.weights, None if scale is None else scale.shape
    if not acc.late:
        state = tensor_state(acc, product.shape, by)
        value, exponent, sign = add_tensor(acc, product, Term(register(number_width(state.shape), weights), state.shape), scale, adder)
        rounded = round_sum(acc, state, largest_exponent_range(product.shape, state.shape, by), value, exponent, adder)
        end = keep_float(rounded, into(sign, NORMACC), start(NORMACC, weights), inf=state.shape.inf)
        if acc.fraction < acc.format.fraction_bits:
            end = after(end, MUX)
        return LevelPaths((end,))
    before: Term | None = None
    for (_, part), state in zip(acc.sums, states_of_sums(acc, product.shape, by), strict=True):
        value, exponent, _ = add_tensor(part, product, before, scale, adder)
        exponents = largest_exponent_range(product.shape, None if before is None else before.shape, by)
        rounded = round_sum(part, state, exponents, value, exponent, adder)
        zero = tree(latest(rounded.significand), acc.format.precision)
        before = Term(enter_number(rounded._replace(zero=zero), ALIGNADD), state.shape)
    assert before is not None
    return _add_to_float(FloatAcc(acc.format), *before, adder)
