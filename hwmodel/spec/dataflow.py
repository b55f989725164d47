"""What the parts of a unit hand on to each other, from its spec alone.

Circuits, estimates and the bench size themselves by this one account of it.
"""

from functools import lru_cache
from typing import NamedTuple

from .accumulators import FixedAcc, FloatAcc, PositAcc, QuireAcc
from .blocks import BlockFormat
from .floats import FloatFormat
from .formats import Operand, ScalarOperand
from .logarithms import LogFormat
from .mac import FixedPoint, MacSpec
from .posit_products import posit_product_shape
from .posits import PositFormat
from .ranges import NumberShape, float_state, log_product_shape, operand_shape, product_shape, rounds_terms, row_integer
from .tensor import TensorAcc


def normalises_operands(spec: MacSpec) -> bool:
    """Return whether subnormals and integers are shifted until their highest bit is one: where a lone product meets a float or posit."""
    return spec.exact_sum is None and isinstance(spec.levels[0], FloatAcc | PositAcc)


def normalises_product(spec: MacSpec) -> bool:
    """Return whether a product's highest bit is made one: for a posit. A float takes it as it comes, with a zero at the top or none."""
    return spec.exact_sum is None and isinstance(spec.levels[0], PositAcc)


def joins_rows(spec: MacSpec) -> bool:
    """Return whether products stay two rows of one compressor tree: of integers, where nothing is rounded as they are added."""
    if row_integer(spec.a) is None or row_integer(spec.b) is None:
        return False
    first = spec.levels[0]
    target = spec.exact_sum or (spec.fixed_point(first) if isinstance(first, FixedAcc) else None)
    return target is not None and target.fraction + spec.product_lsb_exponent >= 0


def stays_signed(spec: MacSpec) -> bool:
    """Return whether operands and products stay in two's complement: of posits that a fixed-point accumulator adds."""
    posits = isinstance(spec.a, PositFormat) and isinstance(spec.b, PositFormat)
    return posits and spec.exact_sum is None and isinstance(spec.levels[0], FixedAcc | QuireAcc)


def parts_paths(term: NumberShape) -> bool:
    """Return whether a float can add `term` by a near and a far path: zeros on top of it, if any, are one, at whatever exponent."""
    return term.leading_zeros == term.anywhere <= 1


def has_near_path(spec: MacSpec) -> bool:
    """Return whether some float of the unit can add by a near and a far path."""
    term = accumulated(spec)
    for level in spec.levels:
        if not isinstance(level, FloatAcc):
            return False
        if not level.fused or parts_paths(term):
            return True
        term = float_state(level, term).shape
    return False


class Taken(NamedTuple):
    """How a unit's operands and products are taken by what adds these.

    Attributes
    ----------
    normalised, product_normalised
        As `normalises_operands` and `normalises_product` tell.
    aligned
        Halved subnormals have the exponent of normal numbers: in a tensor core.
    signed
        As `stays_signed` tells.
    flagged
        A flag goes with a product that tells whether it is zero: to a float or a tensor core, if it is not rounded before.
    """

    normalised: bool
    product_normalised: bool
    aligned: bool
    signed: bool
    flagged: bool


_INTO_FLOAT = Taken(normalised=True, product_normalised=False, aligned=False, signed=False, flagged=True)


def taken(spec: MacSpec) -> Taken:
    """Return how a unit's operands and products are taken."""
    first = spec.levels[0]
    if isinstance(first, FloatAcc) and spec.exact_sum is None:
        if first.fused or not rounds_terms(first, product_of(spec.a, spec.b, _INTO_FLOAT)):
            return _INTO_FLOAT
        return _INTO_FLOAT._replace(flagged=False)
    normalised, aligned = normalises_operands(spec), isinstance(spec.acc, TensorAcc)
    return Taken(normalised, normalises_product(spec), aligned, stays_signed(spec), normalised or aligned)


def lane_product(spec: MacSpec) -> NumberShape:
    """Return the shape of the product of one lane, block scales left out."""
    return product_of(spec.a, spec.b, taken(spec))


@lru_cache(maxsize=1 << 12)
def product_of(a: Operand, b: Operand, taken: Taken) -> NumberShape:
    """Return the shape of a product of two operands, from how both are taken."""
    if taken.signed:
        assert isinstance(a, PositFormat)
        assert isinstance(b, PositFormat)
        return posit_product_shape(a, b)
    if isinstance(a, LogFormat) and isinstance(b, LogFormat):
        return log_product_shape(a, b)
    shapes = [operand_shape(fmt, normalised=taken.normalised) for fmt in (a, b)]
    if taken.aligned:
        factors = [fmt.element if isinstance(fmt, BlockFormat) else fmt for fmt in (a, b)]
        shapes = [raised_shape(shape) if is_halved(fmt) else shape for shape, fmt in zip(shapes, factors, strict=True)]
    return product_shape(*shapes, normalised=taken.product_normalised)


def is_halved(fmt: ScalarOperand) -> bool:
    """Return whether a format's subnormals are worth half: decoded, they have an exponent below that of a tensor core's alignment."""
    return isinstance(fmt, FloatFormat) and fmt.halved


def raised_shape(shape: NumberShape) -> NumberShape:
    """Return the shape of a decoded operand, not normalised, whose halved subnormals have the exponent of the smallest normal number."""
    return shape._replace(
        significand_bits=shape.significand_bits + 1, exponent_low=shape.exponent_low + 1, leading_zeros=shape.leading_zeros + 1
    )


def accumulated(spec: MacSpec) -> NumberShape:
    """Return the shape of what the first accumulator adds.

    That is a product, each of L where it adds them itself; or an exact sum, of a block times the product of its scales. The sum is
    normalised for a float or a posit.
    """
    product = lane_product(spec)
    if spec.exact_sum is None:
        return product
    normalised = not isinstance(spec.levels[0], FixedAcc)
    shape = exact_sum_shape(spec, normalised=normalised)
    scale = block_scale(spec, normalised=normalised)
    return shape if scale is None else scaled_shape(shape, scale, normalised=normalised)


def exact_sum_shape(spec: MacSpec, *, normalised: bool) -> NumberShape:
    """Return the shape of the exact sum, as sign and magnitude; one that wraps can be the most negative number."""
    return exact_sum_of(spec, lane_product(spec), normalised=normalised)


def exact_sum_of(spec: MacSpec, product: NumberShape, *, normalised: bool) -> NumberShape:
    """Return the same, from the shape of a lane's product."""
    assert spec.exact_sum is not None
    shape = sum_shape(spec.exact_sum, product, normalised=normalised)
    if spec.fold_steps != 0:
        return shape
    bits = spec.exact_sum.width
    wrapped = shape._replace(signed=True, significand_bits=bits, magnitude=1 << (bits - 1))
    return wrapped._replace(exponent_high=bits - 1) if normalised else wrapped._replace(top=shape.top + 1, leading_zeros=bits - 1)


def block_scale(spec: MacSpec, *, normalised: bool) -> NumberShape | None:
    """Return the shape of the product of a step's block scales; None: it has none."""
    shapes = [operand_shape(fmt.scale, normalised=normalised) for fmt in spec.blocks]
    if not shapes:
        return None
    return shapes[0] if len(shapes) == 1 else scaled_shape(shapes[0], shapes[1], normalised=normalised)


@lru_cache(maxsize=1 << 12)
def sum_shape(fixed: FixedPoint, product: NumberShape, *, normalised: bool) -> NumberShape:
    """Return the shape, as sign and magnitude, of an exact sum of products; a normalised one counts its exponent from its lowest bit."""
    bits = fixed.width - 1
    return NumberShape(
        signed=product.signed,
        significand_bits=bits,
        exponent_low=0,
        exponent_high=bits - 1 if normalised else 0,
        top=-fixed.fraction if normalised else bits - 1 - fixed.fraction,
        leading_zeros=0 if normalised else bits - 1,
        nan=product.nan or product.inf,
        inf=product.inf,
        lsb=-fixed.fraction,
        magnitude=(1 << bits) - 1,
    )


def scaled_shape(shape: NumberShape, scale: NumberShape, *, normalised: bool) -> NumberShape:
    """Return the shape of a number times a block's scale; a power of two only adds exponents."""
    if scale.significand_bits > 1:
        return product_shape(shape, scale, normalised=normalised)
    return shape._replace(
        exponent_low=shape.exponent_low + scale.exponent_low,
        exponent_high=shape.exponent_high + scale.exponent_high,
        top=shape.top + scale.top,
        nan=shape.nan or scale.nan,
        lsb=shape.lsb + scale.lsb,
        magnitude=shape.magnitude * scale.magnitude,
    )
