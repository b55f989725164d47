"""Cells of compressor trees with the adder behind them, as `hwmodel_rtl.compressor` builds them."""

from .adders import add, count_up_or_down
from .tally import Bit, Tally
from .trees import Heap, compress, places_of_signs, rows_of, runs_of, with_constant


def add_columns(tally: Tally, columns: list[list[Bit]] | Heap, constant_sum: int, adder: str) -> None:
    """Count the compressor tree and the adder that add up `columns` and a constant."""
    runs = columns.runs() if isinstance(columns, Heap) else runs_of(columns)
    width = sum(length for length, _ in runs)
    for above in places_of_signs(runs, constant_sum):
        # From here on a constant of ones meets lone bits and one carry at most, see `hwmodel_rtl.compressor.Columns`.
        counts, left = compress(with_constant(runs, constant_sum & ((1 << above) - 1)))
        first, second = rows_of(left)
        if not any(second[above + 1 :]):
            break
    else:
        above = width
        counts, left = compress(with_constant(runs, constant_sum & ((1 << width) - 1)))
        first, second = rows_of(left)
    tally.include(counts)
    add(tally, first[:above], second[:above], kind=adder, carry_used=above < width)
    if above < width:
        count_up_or_down(tally, width - above, adder)
