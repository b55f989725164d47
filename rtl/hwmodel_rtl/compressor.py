"""Compressor tree: any number of bits in any columns becomes two rows with the same sum.

Source: L. Dadda, "Some schemes for parallel multipliers", Alta Frequenza 34, 1965: as few adders as reach two rows.
"""

from collections.abc import Iterable

from amaranth.hdl import Module, Value

from .adders import add, count_up_or_down
from .cells import AdderCells, Bit


class Columns:
    """A sum in the making: bits by weight, and one integer for all constants; taken modulo ``2**width``."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.constant = 0
        self._bits: list[list[Bit]] = [[] for _ in range(width)]

    def add_bit(self, bit: Bit, weight: int) -> None:
        """Add ``bit * 2**weight``."""
        if isinstance(bit, int):
            self.constant += bit << weight
        elif weight < self.width:
            self._bits[weight].append(bit)

    def add_negative_bit(self, bit: Bit, weight: int) -> None:
        """Add ``-bit * 2**weight`` as the complement of the bit and a constant (C. Baugh, B. Wooley 1973)."""
        if isinstance(bit, int):
            self.constant -= bit << weight
        else:
            self.add_bit(~bit, weight)
            self.constant -= 1 << weight

    def add_unsigned(self, bits: Iterable[Bit], weight: int = 0) -> None:
        """Add an unsigned number times ``2**weight``."""
        for i, bit in enumerate(bits):
            self.add_bit(bit, weight + i)

    def add_signed(self, bits: Iterable[Bit], weight: int = 0) -> None:
        """Add a two's complement number times ``2**weight``."""
        *low, top = bits
        self.add_unsigned(low, weight)
        self.add_negative_bit(top, weight + len(low))

    def rows(self, cells: AdderCells) -> tuple[list[Bit], list[Bit]]:
        """Return two rows of `width` bits whose sum is this sum, but for the constant, which the caller adds elsewhere."""
        return _two_rows(cells, [list(column) for column in self._bits])

    def total(self, m: Module, cells: AdderCells, kind: str) -> list[Bit]:
        """Return this sum, `width` bits: a compressor tree, and a carry-propagate adder, one of `hwmodel_rtl.architecture.ADDERS`."""
        above = self._sign_column()
        columns = [list(column) for column in self._bits]
        for weight in range(above):
            if (self.constant >> weight) & 1:
                columns[weight].append(1)
        first, second = _two_rows(cells, columns)
        total = add(m, cells, first[:above], second[:above], kind=kind)
        if above == self.width:
            return total[: self.width]
        # All ones from here up are -1 here. With two carries that arrive, the lone bits above are counted down, or up, or kept.
        carries = [Value.cast(bit)[0] for bit in (second[above], total[-1])]
        up, down = carries[0] & carries[1], ~(carries[0] | carries[1])
        return [*total[:-1], *count_up_or_down(m, first[above:], up, down, kind)]

    def _sign_column(self) -> int:
        """Return the column from which on the constant is all ones and meets a lone bit each, and at most one carry at its foot.

        There ones in every column would have every carry go through two adders a column. `width`: there is no such column.
        """
        ones = self.width
        while ones and (self.constant >> (ones - 1)) & 1:
            ones -= 1
        heights = [len(column) for column in self._bits]
        for above in range(ones, self.width - 1):
            if max(heights[above:]) > 1:
                continue
            columns = [height + ((self.constant >> weight) & 1 if weight < above else 0) for weight, height in enumerate(heights)]
            while (height := max(columns)) > 2:
                columns = _reduced_heights(columns, _dadda_height(height))
            if columns[above] <= 2 and max(columns[above + 1 :]) <= 1:
                return above
        return self.width


def _two_rows(cells: AdderCells, columns: list[list[Bit]]) -> tuple[list[Bit], list[Bit]]:
    while (height := max(map(len, columns), default=0)) > 2:
        columns = _reduce(cells, columns, _dadda_height(height))
    padded = [[*column, 0, 0] for column in columns]
    return [column[0] for column in padded], [column[1] for column in padded]


def _dadda_height(height: int) -> int:
    """Return the largest member below `height` of 2, 3, 4, 6, 9, 13, … (each floor of 3/2 of the last)."""
    step = 2
    while step * 3 // 2 < height:
        step = step * 3 // 2
    return step


def _reduce(cells: AdderCells, columns: list[list[Bit]], height: int) -> list[list[Bit]]:
    """Bring every column down to `height`, carries counted."""
    reduced: list[list[Bit]] = [[] for _ in columns]
    for weight, column in enumerate(columns):
        bits = [*column]
        arrived = reduced[weight]
        while len(bits) + len(arrived) > height:
            if len(bits) + len(arrived) == height + 1:
                total, carry = cells.half(_take(bits, arrived), _take(bits, arrived))
            else:
                total, carry = cells.full(_take(bits, arrived), _take(bits, arrived), _take(bits, arrived))
            arrived.append(total)
            if weight + 1 < len(columns) and not (isinstance(carry, int) and carry == 0):
                reduced[weight + 1].append(carry)
        reduced[weight] = [*bits, *arrived]
    return reduced


def _reduced_heights(columns: list[int], height: int) -> list[int]:
    """Return the heights that `_reduce` leaves, were no constant among the bits."""
    reduced, carries = [], 0
    for bits in columns:
        bits += carries
        excess = max(bits - height, 0)
        full, half = divmod(excess, 2)
        carries = full + half
        reduced.append(bits - excess)
    return reduced


def _take(bits: list[Bit], arrived: list[Bit]) -> Bit:
    """Take the bit that has been ready longest: one of this column's own before one that an adder of this level made."""
    return bits.pop(0) if bits else arrived.pop(0)
