"""Ways through multiply: from unpacked operands to the product of a lane, or to two rows for all lanes.

Each function follows the circuit of the same name in `hwmodel_rtl.mpy` and its neighbours.
"""

from functools import lru_cache

from hwmodel.spec import LogFormat, PositFormat
from hwmodel.spec.posit_products import posit_product_shape, signed_posit_exponents
from hwmodel.spec.ranges import NumberShape, log_product_shape, product_shape

from ..structure.parts import exponent_width
from ..structure.posits import SHORT_PRODUCT
from .adders import Column, add_columns, compress, multiplier, partial_products, ripple, ripple_exponents, runs_of
from .decode import exponent_bits
from .paths import (
    FULL,
    GATE,
    MULTIPLY,
    MUX,
    XOR,
    Number,
    Path,
    Segment,
    Weights,
    Word,
    after,
    enter,
    enter_number,
    even,
    follow,
    later,
    latest,
    segment_of,
    select,
    spread,
    start,
)


def valid_mask(lanes: int, bits: int, weights: Weights) -> Path:
    """Return the way of `valid` to the operands that it masks, so many bits in each lane."""
    return after(select(after(start(MULTIPLY, weights), GATE), lanes * bits), GATE)


def mpy(
    a: NumberShape, b: NumberShape, x: Number, y: Number, lanes: int, multiplier_kind: str, adder: str, *, product_normalised: bool
) -> Number:
    """Return the ways to the product of two unpacked numbers."""
    x, y, weights = enter_number(x, MULTIPLY), enter_number(y, MULTIPLY), x.flags.weights
    shape = product_shape(a, b, normalised=product_normalised)
    masked = later(valid_mask(lanes, a.significand_bits, weights), after(latest(x.significand), GATE), latest(y.significand))
    ways = multiplier(a.significand_bits, b.significand_bits, multiplier_kind, adder, MULTIPLY, weights)
    significand, carry = Word(*(follow(masked, way) for way in ways)), None
    if product_normalised:
        carry = significand.high
        significand = even(after(select(carry, shape.significand_bits), MUX))
    exponent = even(start(MULTIPLY, weights))
    if shape.has_exponent:
        sizes = [exponent_width(each.exponent_low, each.exponent_high) for each in (a, b)]
        exponent = ripple_exponents(exponent_bits(shape), sizes, x.exponent, y.exponent, carry=carry)
    return Number(significand, exponent, after(later(x.flags, y.flags), GATE, 2), after(later(x.zero, y.zero), GATE))


def mpy_log(a: LogFormat, b: LogFormat, x: Number, y: Number, lanes: int) -> Number:
    """Return the ways to the product of two logarithmic numbers: their sum, and a table of its low bits."""
    shape, weights = log_product_shape(a, b), x.flags.weights
    bits = shape.significand_bits
    total = ripple(a.step_bits + exponent_bits(shape), FULL, enter(x.exponent, MULTIPLY), enter(y.exponent, MULTIPLY))
    number = after(later(enter_number(x, MULTIPLY).zero, enter_number(y, MULTIPLY).zero), GATE)
    index = after(total.low, FULL, max(a.step_bits - 1, 0))
    entry = after(select(index, bits), MUX, a.step_bits)
    significand = after(later(entry, spread(number, bits), valid_mask(lanes, bits, weights)), GATE)
    return Number(even(significand), Word(index, total.high), number, number)


def mpy_posit(a: PositFormat, b: PositFormat, x: Number, y: Number, multiplier_kind: str, adder: str) -> Number:
    """Return the ways to the product of two posits in two's complement."""
    x, y, weights = enter_number(x, MULTIPLY), enter_number(y, MULTIPLY), x.flags.weights
    shape = posit_product_shape(a, b)
    operands = later(latest(x.significand), latest(y.significand))
    significand = Word(*(follow(operands, way) for way in _posit_tree(a, b, multiplier_kind, adder, weights)))
    width = exponent_width(shape.exponent_low, shape.exponent_high)[0]
    sizes = [exponent_width(range_[0], range_[-1]) for range_ in map(signed_posit_exponents, (a, b))]
    special = after(later(x.zero, y.zero), GATE, 2)
    return Number(significand, ripple_exponents(width, sizes, x.exponent, y.exponent), special, special)


@lru_cache(maxsize=1 << 12)
def _posit_tree(a: PositFormat, b: PositFormat, multiplier_kind: str, adder: str, weights: Weights) -> tuple[Segment, Segment]:
    """Return the ways from two significands in two's complement to the lowest and the highest bit of their product."""
    shape, code = posit_product_shape(a, b), start(MULTIPLY, weights)
    fractions = a.fraction_bits, b.fraction_bits
    products, rest = partial_products(shape.significand_bits, code, *fractions, False, False, multiplier_kind)
    columns: list[Column] = [[*column] for length, column in products for _ in range(length)]
    times_head = after(spread(code, max(fractions)), GATE, 2)
    for own, other in (fractions, fractions[::-1]):
        for weight in range(own, own + other + 1 if other else own):
            columns[weight].append((times_head, 1))
        columns[own + 1].append((code, 1))
    point = sum(fractions)
    for weight in (point, point + 2, point + 3):
        columns[weight].append((after(code, XOR), 1))
    low, high = add_columns(runs_of(columns), rest, "ripple" if shape.significand_bits < SHORT_PRODUCT else adder, code)
    return segment_of(low), segment_of(high)


@lru_cache(maxsize=1 << 12)
def integer_rows(
    a: int, b: int, a_signed: bool, b_signed: bool, width: int, kind: str, lanes: int, weights: Weights
) -> tuple[tuple[tuple[Path, ...], ...], int]:
    """Return the ways from masked operands to two rows of products, by column, and the constant that belongs to these."""
    products, rest = partial_products(width, start(MULTIPLY, weights), a, b, a_signed, b_signed, kind, lanes)
    rows = [tuple(bit for bit in row if bit is not None) for length, row in compress(products) for _ in range(length)]
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows), rest
