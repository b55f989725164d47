"""Cells of compressor trees, as `hwmodel_rtl.compressor` builds them."""

from .adders import add, count_up_or_down
from .tally import ONE, ZERO, Bit, Tally


def add_columns(tally: Tally, columns: list[list[Bit]], constant_sum: int, adder: str) -> None:
    """Count the compressor tree and the adder that add up `columns` and a constant."""
    above = sign_column(list(map(len, columns)), constant_sum)
    for weight in range(above):
        if (constant_sum >> weight) & 1:
            columns[weight].append(ONE)
    first, second = compress(tally, columns)
    add(tally, first[:above], second[:above], kind=adder, carry_used=above < len(columns))
    if above < len(columns):
        count_up_or_down(tally, len(columns) - above, adder)


def sign_column(heights: list[int], constant_sum: int) -> int:
    """Return from where on a constant of ones meets lone bits and one carry at most, see `hwmodel_rtl.compressor.Columns`."""
    ones = len(heights)
    while ones and (constant_sum >> (ones - 1)) & 1:
        ones -= 1
    for above in range(ones, len(heights) - 1):
        if max(heights[above:]) > 1:
            continue
        columns = [height + ((constant_sum >> weight) & 1 if weight < above else 0) for weight, height in enumerate(heights)]
        while (height := max(columns)) > 2:
            target = dadda_height(height)
            carries, reduced = 0, []
            for bits in columns:
                excess = max(bits + carries - target, 0)
                reduced.append(bits + carries - excess)
                carries = excess - excess // 2
            columns = reduced
        if columns[above] <= 2 and max(columns[above + 1 :]) <= 1:
            return above
    return len(heights)


def dadda_height(height: int) -> int:
    """Return the largest member below `height` of 2, 3, 4, 6, 9, 13, … (each floor of 3/2 of the last)."""
    target = 2
    while target * 3 // 2 < height:
        target = target * 3 // 2
    return target


def compress(tally: Tally, columns: list[list[Bit]]) -> tuple[list[Bit], list[Bit]]:
    """Count the compressor tree that brings `columns` to two rows; return the rows.

    Source: L. Dadda, "Some schemes for parallel multipliers", Alta Frequenza 34, 1965.
    """
    while (height := max(map(len, columns), default=0)) > 2:
        columns = _reduce(tally, columns, dadda_height(height))
    padded = [[*column, ZERO, ZERO] for column in columns]
    return [column[0] for column in padded], [column[1] for column in padded]


def _reduce(tally: Tally, columns: list[list[Bit]], height: int) -> list[list[Bit]]:
    reduced: list[list[Bit]] = [[] for _ in columns]
    last = len(columns) - 1
    for weight, column in enumerate(columns):
        # Bits of the column first, then what adders of this level made, in order: one queue.
        queue = column + reduced[weight]
        start = 0
        while (left := len(queue) - start) > height:
            if left == height + 1:
                total, carry = tally.half(queue[start], queue[start + 1], carry_used=weight < last)
                start += 2
            else:
                total, carry = tally.full(queue[start], queue[start + 1], queue[start + 2], carry_used=weight < last)
                start += 3
            queue.append(total)
            if weight < last and carry != ZERO:
                reduced[weight + 1].append(carry)
        reduced[weight] = queue[start:]
    return reduced
