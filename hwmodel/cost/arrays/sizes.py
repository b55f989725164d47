"""Which pairs of operand formats are the same to all that comes after their products.

What sums products asks how large they are and how fine, not what they are products of; very many pairs answer alike.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from hwmodel.spec import (
    Accumulator,
    BlockFormat,
    ChoiceFormat,
    ChunkAcc,
    CodebookFormat,
    FixedAcc,
    FloatFormat,
    IntFormat,
    Level,
    LogFormat,
    MacSpec,
    Operand,
    PositAcc,
    QuireAcc,
    TensorAcc,
)
from hwmodel.spec.dataflow import lane_product
from hwmodel.spec.ranges import row_integer

from ..structure.activity import nonzero, share_of_nonzero
from ..structure.idle import binades_of_products, only_grows


class Pair:
    """Two operand formats, and what units ask of them alone, which is worked out once."""

    def __init__(self, a: Operand, b: Operand) -> None:
        self.a, self.b = a, b

    @cached_property
    def told(self) -> dict[str, Any]:
        """What a unit of them holds without its accumulator: attributes by name."""
        spec = object.__new__(MacSpec)
        spec.__dict__.update(a=self.a, b=self.b)
        for name in ("factors", "blocks", "has_specials", "product_lsb_exponent", "product_max_magnitude"):
            getattr(spec, name)
        return spec.__dict__

    @cached_property
    def nonzero(self) -> float:
        """How often a product is none of zero, see `hwmodel.cost.structure.activity`."""
        return share_of_nonzero(self.a, self.b)

    @cached_property
    def grows(self) -> bool:
        """Whether sums of products only grow."""
        return only_grows(self.told["factors"])


@dataclass(frozen=True)
class Frame:
    """What a unit has around its operands."""

    acc: Accumulator
    lanes: int
    pipeline: int

    def around(self, pair: Pair) -> MacSpec:
        """Return a unit that has not been looked at whether it can be."""
        spec = object.__new__(MacSpec)
        spec.__dict__.update(pair.told, acc=self.acc, pipeline=self.pipeline, lanes=self.all_lanes)
        return spec

    @property
    def all_lanes(self) -> int:
        """How many lanes there are: a tensor core's accumulator says it itself where 1 is asked for."""
        return self.acc.lanes if isinstance(self.acc, TensorAcc) and self.lanes == 1 else self.lanes

    def checked(self, pair: Pair) -> MacSpec:
        """Return a unit.

        Raises
        ------
        SpecError
            If there is none, as `MacSpec` says it.
        """
        spec = self.around(pair)
        spec.__post_init__()
        return spec

    @property
    def first(self) -> Level:
        """The accumulator that products meet first."""
        return self.acc.inner if isinstance(self.acc, ChunkAcc) else self.acc

    @property
    def kind(self) -> str:
        """How products are handed on: to a ``"fixed"``, ``"float"``, ``"posit"`` or ``"tensor"`` accumulator, or ``"summed"`` exactly."""
        match self.first:
            case FixedAcc() | QuireAcc():
                return "fixed"
            case TensorAcc():
                return "tensor"
            case PositAcc():
                return "posit" if self.lanes == 1 else "summed"
            case _:
                return "float" if self.lanes == 1 else "summed"

    @property
    def to_the_bit(self) -> bool:
        """Whether more is asked of the largest product than its length, and the ones that it starts with."""
        return isinstance(self.acc, ChunkAcc | TensorAcc) or self.lanes & (self.lanes - 1) > 0


def is_alone(pair: Pair) -> bool:
    """Return whether a pair is like no other: of formats that have more to say than how large their products are."""
    a, b = pair.a, pair.b
    if row_integer(a) is not None and row_integer(b) is not None and not are_integers(pair):
        return True
    return any(
        isinstance(fmt, BlockFormat | LogFormat | ChoiceFormat) or (isinstance(fmt, CodebookFormat) and fmt.entry_format is None)
        for fmt in (a, b)
    )


def are_integers(pair: Pair) -> bool:
    """Return whether both are integers that can be multiplied without being unpacked, by themselves."""
    return all(isinstance(fmt, IntFormat) and row_integer(fmt) is not None for fmt in (pair.a, pair.b))


class Size(NamedTuple):
    """What sums ask of a pair's products.

    Attributes
    ----------
    shape
        All but the largest product.
    length, ones
        Bits of the largest product in units of the finest, and how many ones these start with.
    """

    shape: Hashable
    length: int
    ones: int

    def rounds_up(self, lsb: int, fraction: int) -> bool:
        """Return whether the largest product, brought to a coarser unit ``2**-fraction`` and increased by one, grows by a bit."""
        return self.length + lsb + fraction <= self.ones


def size_of(frame: Frame, pair: Pair) -> Size:
    """Return what sums ask of the products of two formats that are not alone."""
    spec = frame.around(pair)
    shape, largest = lane_product(spec), spec.product_max_magnitude
    length = largest.bit_length()
    ones = length - (largest ^ ((1 << length) - 1)).bit_length()
    told: tuple[Hashable, ...] = (
        (shape.signed, shape.significand_bits, shape.exponent_low, shape.exponent_high, shape.top, shape.leading_zeros, shape.anywhere),
        (shape.nan, shape.inf, shape.lsb, shape.twos_complement, shape.lowest, shape.magnitude.bit_length()),
        (spec.product_lsb_exponent, spec.has_specials, binades_of_products(spec), length, largest & (largest - 1) == 0),
        nonzero(spec),
        are_integers(pair),  # in other frames the products of these join as rows
    )
    if frame.to_the_bit:
        told += (largest, shape.magnitude)
    if frame.kind == "tensor":
        told += tuple((fmt.precision, fmt.halved) if isinstance(fmt, FloatFormat) else fmt for fmt in (pair.a, pair.b))
    if isinstance(frame.acc, QuireAcc):
        told += (pair.a, pair.b)
    return Size(told, length, ones)
