"""Cells of compressor trees with the adder behind them, as `hwmodel_rtl.compressor` builds them."""

from functools import lru_cache

from .adders import add, count_up_or_down
from .tally import Bit, Counts, Tally
from .trees import Heap, Run, compress, lowest_columns, places_of_signs, rows_of, runs_of, unpacked, with_constant


def add_columns(tally: Tally, columns: list[list[Bit]] | Heap, constant_sum: int, adder: str) -> None:
    """Count the compressor tree and the adder that add up `columns` and a constant."""
    runs = columns.runs() if isinstance(columns, Heap) else runs_of(columns)
    tally.include(_added(tuple(runs), constant_sum, adder))


@lru_cache(maxsize=1 << 15)
def _added(runs: tuple[Run, ...], constant_sum: int, adder: str) -> Counts:
    width = sum(length for length, _ in runs)
    for above in places_of_signs(runs, constant_sum):
        # From here on a constant of ones meets lone bits and one carry at most, see `hwmodel_rtl.compressor.Columns`.
        below = _added_below(lowest_columns(runs, above + 2), constant_sum & ((1 << above) - 1), above, adder)
        if below is not None:
            tally = Tally()
            tally.include(below)
            count_up_or_down(tally, width - above, adder)
            return tally.counts()
    packed, left = compress(with_constant(runs, constant_sum & ((1 << width) - 1)))
    tally = Tally()
    tally.include(unpacked(packed))
    add(tally, *rows_of(left), kind=adder)
    return tally.counts()


@lru_cache(maxsize=1 << 15)
def _added_below(runs: tuple[Run, ...], constant_sum: int, above: int, adder: str) -> Counts | None:
    """Count what adds up the columns below `above`, of which accumulators of all widths have the same; None: more than a carry leaves them.

    Two columns more are given, in which that shows.
    """
    packed, left = compress(with_constant(runs, constant_sum))
    first, second = rows_of(left)
    if second[above + 1]:
        return None
    tally = Tally()
    tally.include(unpacked(packed))
    add(tally, first[:above], second[:above], kind=adder, carry_used=True)
    return tally.counts()
