"""Cells of compressor trees with the adder behind them, as `hwmodel_rtl.compressor` builds them."""

from functools import lru_cache

from .adders import add, count_up_or_down
from .cells import Packed
from .tally import Bit, Tally
from .trees import A_ONE, Heap, Run, compress, lowest_columns, places_of_signs, rows_of, runs_of, with_constant


def add_columns(tally: Tally, columns: list[list[Bit]] | Heap, constant_sum: int, adder: str) -> None:
    """Count the compressor tree and the adder that add up `columns` and a constant."""
    runs = columns.runs() if isinstance(columns, Heap) else runs_of(columns)
    tally.cells += _added(tuple(runs), constant_sum, adder)


@lru_cache(maxsize=1 << 15)
def _added(runs: tuple[Run, ...], constant_sum: int, adder: str) -> Packed:
    width, above = sum(length for length, _ in runs), sign_column(runs, constant_sum)
    tally = Tally()
    # Accumulators of all widths have the same below.
    tally.cells += _added_below(lowest_columns(runs, min(above + 2, width)), constant_sum & ((1 << above) - 1), above, adder, above < width)
    if above < width:
        count_up_or_down(tally, width - above, adder)
    return tally.cells


@lru_cache(maxsize=1 << 15)
def _added_below(runs: tuple[Run, ...], constant_sum: int, above: int, adder: str, carry_used: bool) -> Packed:
    """Count what adds up the columns below `above`."""
    tally = Tally()
    placed, left = compress(with_constant(runs, constant_sum, A_ONE))
    tally.cells += placed
    first, second = rows_of(left)
    add(tally, first[:above], second[:above], kind=adder, carry_used=carry_used)
    return tally.cells


@lru_cache(maxsize=1 << 15)
def sign_column(runs: tuple[Run, ...], constant_sum: int) -> int:
    """Return from where on a constant of ones meets lone bits and one carry at most, see `hwmodel_rtl.compressor.Columns`.

    Nowhere: how many columns there are.
    """
    for above in places_of_signs(runs, constant_sum):
        _, left = compress(with_constant(lowest_columns(runs, above + 2), constant_sum & ((1 << above) - 1), A_ONE))
        if not rows_of(left)[1][above + 1]:
            return above
    return sum(length for length, _ in runs)
