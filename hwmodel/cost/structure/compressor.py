"""Cells of compressor trees with the adder behind them, as `hwmodel_rtl.compressor` builds them."""

from functools import lru_cache

from .adders import add, count_up_or_down
from .tally import Bit, Counts, Tally
from .trees import Heap, Run, compress, places_of_signs, rows_of, runs_of, unpacked, with_constant


def add_columns(tally: Tally, columns: list[list[Bit]] | Heap, constant_sum: int, adder: str) -> None:
    """Count the compressor tree and the adder that add up `columns` and a constant."""
    runs = columns.runs() if isinstance(columns, Heap) else runs_of(columns)
    tally.include(_added(tuple(runs), constant_sum, adder))


@lru_cache(maxsize=1 << 15)
def _added(runs: tuple[Run, ...], constant_sum: int, adder: str) -> Counts:
    tally, width = Tally(), sum(length for length, _ in runs)
    for above in places_of_signs(runs, constant_sum):
        # From here on a constant of ones meets lone bits and one carry at most, see `hwmodel_rtl.compressor.Columns`.
        packed, left = compress(with_constant(runs, constant_sum & ((1 << above) - 1)))
        first, second = rows_of(left)
        if not any(second[above + 1 :]):
            break
    else:
        above = width
        packed, left = compress(with_constant(runs, constant_sum & ((1 << width) - 1)))
        first, second = rows_of(left)
    tally.include(unpacked(packed))
    add(tally, first[:above], second[:above], kind=adder, carry_used=above < width)
    if above < width:
        count_up_or_down(tally, width - above, adder)
    return tally.counts()
