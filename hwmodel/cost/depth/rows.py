"""Ways through products of integers that stay two rows of one tree, as `hwmodel_rtl.lanes` and `hwmodel_rtl.sums` join them."""

from typing import NamedTuple

from hwmodel.spec import ChoiceFormat, FixedAcc, MacSpec
from hwmodel.spec.ranges import row_integer

from ..structure.levels import total_width
from .fixed import add_integers, fed_back
from .multiply import valid_mask
from .paths import ALIGNADD, DECODE, GATE, MULTIPLY, MUX, Path, Weights, after, follow, into, later, spread, start


class RowWays(NamedTuple):
    """The ways through rows of products.

    Attributes
    ----------
    total
        To the sum of all rows, and of an accumulator that takes them as they are.
    ends
        To registers.
    product
        When the rows are there, at nominal levels.
    """

    total: Path
    ends: tuple[Path, ...]
    product: float


def row_width(spec: MacSpec) -> int:
    """Return the bits of the sum that rows are added to."""
    first = spec.levels[0]
    if spec.exact_sum is not None:
        return spec.exact_sum.width
    assert isinstance(first, FixedAcc)
    return total_width(spec.fixed_point(first), spec.product_max_magnitude, spec.product_lsb_exponent, spec.lanes)


def through_rows(spec: MacSpec, registers: int, multiplier: str, adder: str, weights: Weights) -> RowWays:
    """Return the ways through the rows of a unit; where there are `registers`, one is behind them."""
    first, ends = spec.levels[0], list[Path]()
    a, b = row_integer(spec.a), row_integer(spec.b)
    assert a is not None
    assert b is not None
    masked = valid_mask(spec.lanes, a.width, weights)
    for fmt in (spec.a, spec.b):
        if isinstance(fmt, ChoiceFormat):
            widened = after(spread(start(DECODE, weights), spec.lanes * fmt.width), MUX, fmt.mode_bits)
            if registers == 2:
                ends.append(widened)
            else:
                masked = later(masked, after(into(widened, MULTIPLY), GATE))
    moved, accumulates, bits = 0, bool(spec.blocks) and spec.fold_steps is not None, row_width(spec)
    if spec.exact_sum is None:
        assert isinstance(first, FixedAcc)
        accumulates, bits = True, spec.fixed_point(first).width
        moved = spec.fixed_point(first).fraction + spec.product_lsb_exponent
    sizes = a.width, b.width, (a.signed, b.signed), row_width(spec), multiplier, spec.lanes, moved, accumulates
    whole_way, from_rows, to_rows = add_integers(*sizes, adder, weights)
    total = follow(fed_back(bits, weights) if accumulates else start(ALIGNADD, weights), from_rows)
    rows = follow(masked, to_rows)
    if registers > 0:
        return RowWays(total, (*ends, rows), rows.time)
    return RowWays(later(follow(masked, whole_way), total), tuple(ends), rows.time)
