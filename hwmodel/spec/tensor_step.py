"""How a tensor core's step is laid out: its window, the range of its largest exponent, and what its register can reach."""

from dataclasses import dataclass
from typing import NamedTuple

from .accumulators import FloatAcc
from .dataflow import scaled_shape
from .ranges import FloatState, NumberShape, float_state, rounded_state
from .tensor import TensorAcc


@dataclass(frozen=True)
class TensorWindow:
    """How a step's sum is laid out.

    Attributes
    ----------
    product_bits
        Bits of an aligned product: F below the largest exponent, that exponent's own, and one above it, since a product's
        significand is below 4.
    magnitude_bits
        Bits of the sum without its sign.
    headroom
        How many binades the sum's highest bit lies above the largest exponent.
    """

    product_bits: int
    magnitude_bits: int
    headroom: int

    @classmethod
    def of(cls, acc: TensorAcc) -> "TensorWindow":
        """Return the window of an accumulator."""
        product, own = acc.fraction + 2, 0 if acc.late else (1 << (acc.fraction + 1)) - 1
        bits = (acc.lanes * ((1 << product) - 1) + own).bit_length()
        return cls(product, bits, bits - 1 - acc.fraction)


def sum_of_step(acc: TensorAcc, product: NumberShape, scale: NumberShape | None) -> NumberShape:
    """Return the shape of the sum of the products of a step.

    Its `top` is the weight of a product's exponent: one below that of a product's highest bit. A register with this `top` then
    counts its exponents as the products do theirs.
    """
    shape = product if scale is None else scaled_shape(product, scale, normalised=False)
    return shape._replace(top=shape.top - 1, magnitude=acc.lanes * shape.magnitude)


def tensor_state(acc: TensorAcc, product: NumberShape, scale: NumberShape | None) -> FloatState:
    """Return what the register can reach that a step's rounded sum is kept in; of `.late`, what that sum can be.

    The bounds of rounding to nearest hold for truncation too, which moves no number up; and, unlike an ordinary ``.rtz``, a tensor
    core overflows to infinity in both.
    """
    if acc.late:
        return states_of_sums(acc, product, scale)[-1]
    return float_state(FloatAcc(acc.format), sum_of_step(acc, product, scale))


def states_of_sums(acc: TensorAcc, product: NumberShape, scale: NumberShape | None) -> list[FloatState]:
    """Return, for each sum of a step whose accumulator joins late, what it can be once it is rounded.

    A sum is as large as its products and the sum before it; truncated, it is still a multiple of what is finest in them.
    """
    states: list[FloatState] = []
    for _, part in acc.sums:
        term = sum_of_step(part, product, scale)
        if states:
            before = states[-1].shape
            lsb = min(term.lsb, before.lsb)
            magnitude = (term.magnitude << (term.lsb - lsb)) + (before.magnitude << (before.lsb - lsb))
            term = term._replace(nan=term.nan or before.nan, inf=term.inf or before.inf, lsb=lsb, magnitude=magnitude)
        states.append(rounded_state(FloatAcc(acc.format), term))
    return states


def largest_exponent_range(product: NumberShape, register: NumberShape | None, scale: NumberShape | None) -> tuple[int, int]:
    """Return the range of the largest exponent of a step; where all products are zero, theirs counts as 0."""
    low, high = min(0, product.exponent_low), product.exponent_high
    if scale is not None:
        low, high = low + scale.exponent_low, high + scale.exponent_high
    if register is not None:
        low, high = min(low, register.exponent_low), max(high, register.exponent_high)
    return low, high


class Lowered(NamedTuple):
    """How a step's sum is laid out to be rounded, where its exponent can lie below the format's range.

    A sum whose highest bit lies below the floor has zeros put on top, up to the floor: only ever shifted left, it then comes to stand on
    the grid of subnormals. Below half a unit of that grid it is zero, whatever its bits are.

    Attributes
    ----------
    exponent_low, exponent_high
        Range of its exponent, the floor among them.
    zeros
        How many are put on top.
    vanishes
        Whether it can lie so low that it is zero.
    """

    exponent_low: int
    exponent_high: int
    zeros: int
    vanishes: bool

    @classmethod
    def of(cls, acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int]) -> "Lowered":
        """Return the layout for a sum whose exponent has a range, of an accumulator whose register can reach `state`."""
        low, high = exponent_range
        if not state.floored:
            return cls(low, high, 0, vanishes=False)
        floor = state.shape.exponent_low
        low, high = min(low, floor), max(high, floor)
        depth, deepest = max(0, floor - (low + TensorWindow.of(acc).headroom)), acc.format.precision
        return cls(low, high, min(depth, deepest), vanishes=depth > deepest)
