"""Ways through a tensor core: products aligned to the largest exponent, truncated, added and rounded once.

Each function follows the circuit of the same name in `hwmodel_rtl.alignadd_tensor` and `hwmodel_rtl.normacc_tensor`.
"""

from typing import NamedTuple

from hwmodel.spec import FloatAcc, TensorAcc
from hwmodel.spec.ranges import FloatState, NumberShape
from hwmodel.spec.tensor_step import Lowered, TensorWindow, largest_exponent_range

from ..structure.parts import exponent_width
from .adders import increment, ripple, ripple_exponents
from .decode import exponent_bits
from .fixed import sum_tree
from .floats import RoundSizes, normalise_and_round
from .paths import (
    FULL,
    GATE,
    HALF,
    MUX,
    NORMACC,
    XOR,
    Number,
    Path,
    Word,
    after,
    enter,
    even,
    follow,
    later,
    latest,
    select,
    spread,
    tree,
)
from .shifters import shift


class Term(NamedTuple):
    """The ways to numbers, and their shape."""

    number: Number
    shape: NumberShape


def _largest(product: Number, bits: int, lanes: int) -> Word:
    """Return the way to the largest of the products' exponents, found from its top bit down."""
    counted = after(later(latest(product.exponent), spread(product.zero, bits)), GATE)
    found = after(tree(counted, lanes), GATE)
    for _ in range(bits - 1):
        found = tree(after(spread(found, lanes), GATE, 2), lanes)
    return even(found)


def add_tensor(acc: TensorAcc, product: Term, register: Term | None, scale: Term | None, adder: str) -> tuple[Word, Word, Path]:
    """Return the ways to the magnitude of the sum of a step, to its exponent, and to its sign; no `register`: it is no term."""
    window, lanes, number, shape = TensorWindow.of(acc), acc.lanes, product.number, product.shape
    bits = exponent_bits(shape)
    lead = _largest(number, bits, lanes) if bits else number.exponent
    largest = lead if scale is None else ripple(bits + 1, FULL, lead, scale.number.exponent)
    value = latest(number.significand)
    if register is not None:
        sizes = [exponent_width(each.exponent_low, each.exponent_high) for each in (shape, register.shape)]
        own = register.number.exponent
        if scale is not None:
            own = ripple(sizes[1][0] + 1, FULL, own, scale.number.exponent)
        width = max(size + (not signed) for size, signed in sizes) + 1
        leads = after(ripple_exponents(width, sizes, lead, own).high, GATE, 2)
        lead = even(after(select(leads, width), MUX))
        largest = lead if scale is None else even(after(later(latest(lead), latest(largest)), MUX))
        value = later(value, latest(register.number.significand))
    ends = shape, None if register is None else register.shape, None if scale is None else scale.shape
    high = largest_exponent_range(*ends)[1] - (0 if scale is None else scale.shape.exponent_low)
    steps = (high - shape.exponent_low).bit_length()
    if steps:
        distance = ripple(steps, FULL, Word(spread(lead.low, lanes), spread(lead.high, lanes)), number.exponent)
        stages = min(steps, (window.product_bits - 1).bit_length())
        value = shift(value, distance, stages, min(shape.significand_bits, window.product_bits), window.product_bits)
        if steps > stages:
            value = after(later(value, spread(tree(distance.high, steps - stages), window.product_bits)), GATE)
    if shape.signed:
        value = after(value, XOR)
    width = window.magnitude_bits + 1
    sizes_of_tree = lanes, window.product_bits, 0, 0, shape.signed, shape.signed, width, register is not None
    total = follow(value, sum_tree(*sizes_of_tree, adder, value.weights).whole)
    flipped = after(spread(total, width - 1), XOR)
    return increment(width - 1, adder, even(flipped), flipped), largest, total


def round_sum(acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int], value: Word, exponent: Word, adder: str) -> Number:
    """Return the ways to a step's sum once it is rounded to the accumulator's format."""
    fmt, window, lowered = acc.format, TensorWindow.of(acc), Lowered.of(acc, state, exponent_range)
    value, exponent = enter(value, NORMACC), enter(exponent, NORMACC)
    size = exponent_width(lowered.exponent_low, lowered.exponent_high)
    if lowered.vanishes:
        near = ripple(size[0] + 2, HALF, exponent).high
        value = even(after(later(latest(value), spread(near, window.magnitude_bits)), GATE))
    headroom, saturates = window.headroom + lowered.zeros, not fmt.has_nan
    acc_format, bits = FloatAcc(fmt, acc.rounding), window.magnitude_bits
    sizes = RoundSizes.of(acc_format, state, bits, size, headroom=headroom, empty=lowered.zeros, saturates=saturates)
    return normalise_and_round(value, exponent, sizes, adder)
