"""Ways through a lane: its operands decoded and multiplied, as `hwmodel_rtl.lanes` joins them."""

from functools import lru_cache

from hwmodel.spec import BlockFormat, LogFormat, MacSpec, Operand, PositFormat, TensorAcc
from hwmodel.spec.dataflow import is_halved, normalises_operands, normalises_product, raised_shape, stays_signed
from hwmodel.spec.ranges import NumberShape, operand_shape

from .decode import decode, signed_posit
from .multiply import mpy, mpy_log, mpy_posit
from .paths import MULTIPLY, Number, Weights, arrived, start


def operands_of(spec: MacSpec, weights: Weights) -> tuple[Number, Number]:
    """Return the ways to the two operands of a lane."""
    return _operands(stays_signed(spec), spec.a, spec.b, normalises_operands(spec), weights)


def product_of(spec: MacSpec, multiplier: str, adder: str, weights: Weights, *, registered: bool) -> Number:
    """Return the ways to the product of a lane, from codes or, if they are `registered`, from decoded operands."""
    kinds = stays_signed(spec), normalises_operands(spec), normalises_product(spec), isinstance(spec.acc, TensorAcc), registered
    return _product(spec.a, spec.b, *kinds, spec.lanes, multiplier, adder, weights)


def _operands(signed: bool, a: Operand, b: Operand, normalised: bool, weights: Weights) -> tuple[Number, Number]:
    if signed:
        assert isinstance(a, PositFormat)
        assert isinstance(b, PositFormat)
        return signed_posit(a, weights), signed_posit(b, weights)
    return decode(a, normalised, weights), decode(b, normalised, weights)


@lru_cache(maxsize=1 << 14)
def _product(
    a: Operand,
    b: Operand,
    signed: bool,
    normalised: bool,
    product_normalised: bool,
    aligned: bool,
    registered: bool,
    lanes: int,
    multiplier: str,
    adder: str,
    weights: Weights,
) -> Number:
    operands = (arrived(start(MULTIPLY, weights)),) * 2 if registered else _operands(signed, a, b, normalised, weights)
    if isinstance(a, LogFormat) and isinstance(b, LogFormat):
        return mpy_log(a, b, *operands, lanes)
    if signed:
        assert isinstance(a, PositFormat)
        assert isinstance(b, PositFormat)
        return mpy_posit(a, b, *operands, multiplier, adder)
    x_shape, y_shape = (_shape(fmt, normalised=normalised, aligned=aligned) for fmt in (a, b))
    return mpy(x_shape, y_shape, *operands, lanes, multiplier, adder, product_normalised=product_normalised)


def _shape(fmt: Operand, *, normalised: bool, aligned: bool) -> NumberShape:
    shape = operand_shape(fmt, normalised=normalised)
    factor = fmt.element if isinstance(fmt, BlockFormat) else fmt
    return raised_shape(shape) if aligned and is_halved(factor) else shape
