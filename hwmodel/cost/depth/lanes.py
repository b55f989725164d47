"""Ways through a lane: its operands decoded and multiplied, as `hwmodel_rtl.lanes` joins them."""

from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import BlockFormat, LogFormat, MacSpec, Operand, PositFormat, TensorAcc
from hwmodel.spec.dataflow import is_halved, normalises_operands, normalises_product, raised_shape, stays_signed
from hwmodel.spec.ranges import NumberShape, operand_shape

from .decode import decode, signed_posit
from .multiply import mpy, mpy_log, mpy_posit
from .paths import ALIGNADD, MULTIPLY, Number, Path, Weights, arrived, enter_number, later, latest, start, whole


class LaneWays(NamedTuple):
    """The ways through a lane.

    Attributes
    ----------
    number
        To the product as the next part sees it, from a register behind it if there is one.
    ends
        To registers.
    operands, product
        When the unpacked operands, and the product's significand, are there, at nominal levels.
    """

    number: Number
    ends: tuple[Path, ...]
    operands: float
    product: float


def through_lane(spec: MacSpec, registers: int, multiplier: str, adder: str, weights: Weights) -> LaneWays:
    """Return the ways through a lane: two `registers` are behind operands and product, one is behind the product."""
    operands = _operands(stays_signed(spec), spec.a, spec.b, normalises_operands(spec), weights)
    ends = tuple(map(whole, operands)) if registers == 2 else ()
    kinds = stays_signed(spec), normalises_operands(spec), normalises_product(spec), isinstance(spec.acc, TensorAcc), registers == 2
    product = _product(spec.a, spec.b, *kinds, spec.lanes, multiplier, adder, weights)
    times = max(later(latest(number.significand), latest(number.exponent)).time for number in operands), latest(product.significand).time
    if registers > 0:
        return LaneWays(arrived(start(ALIGNADD, weights)), (*ends, whole(product)), *times)
    return LaneWays(enter_number(product, ALIGNADD), ends, *times)


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
