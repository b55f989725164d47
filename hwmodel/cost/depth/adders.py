"""Ways through carry-propagate adders and compressor trees.

Sources of the circuits: see `hwmodel_rtl.adders`, `hwmodel_rtl.compressor` and `hwmodel_rtl.multiplier`.
"""

from collections.abc import Sequence
from functools import lru_cache

from ..structure.adders import SPARSE_GROUP
from ..structure.prefix import prefix_network
from ..structure.trees import dadda_height
from .paths import (
    CHAIN,
    FULL,
    GATE,
    HALF,
    INCREMENT,
    PREFIX,
    TREE,
    XOR,
    Path,
    Segment,
    Weights,
    Word,
    after,
    each,
    even,
    later,
    latest,
    segment_of,
    spread,
    start,
)

Bit = Path | None
"""A bit of a column; None: the constant 1."""


@lru_cache(maxsize=4096)
def prefix_levels(bits: int, adder: str) -> int:
    """Return the levels of the prefix network of an adder of so many bits and a carry; a sparse one ripples at both ends."""
    if adder == "sparse":
        return 2 * (SPARSE_GROUP - 1) + len(prefix_network(-(-bits // SPARSE_GROUP), adder))
    return len(prefix_network(bits + 1, adder))


def ripple(
    bits: int, kind: int, a: Word, b: Word | None = None, carry: Path | None = None, *, above: int = 0, above_kind: int | None = None
) -> Word:
    """Return the way through a chain of adders, one a bit; so many are `above` the numbers' highest bits, and maybe of another kind."""
    low, high = a
    if b is not None:
        low, high = later(low, b[0]), later(high, b[1])
    if carry is not None:
        low = later(low, carry)
    if above_kind is None:
        return Word(after(low, kind), later(after(low, kind, bits), after(high, kind, above + 1)))
    top = later(after(low, kind, bits - above), after(high, kind))
    return Word(after(low, kind), after(top, above_kind, above))


def ripple_exponents(width: int, sizes: Sequence[tuple[int, bool]], a: Word, b: Word, carry: Path | None = None) -> Word:
    """Return the way through the sum of exponents of so many bits and signedness; above an unsigned one there is nothing to add."""
    full = width
    for bits, signed in sizes:
        if not signed and bits < full:
            full = max(bits, 1)
    low, high = ripple(full, FULL, a, b, carry)
    return Word(low, after(high, HALF, width - full) if full < width else high)


def add(bits: int, adder: str, a: Word, b: Word, carry: Path | None = None, *, above: int = 0, above_kind: int | None = None) -> Word:
    """Return the way through an adder of two numbers; `above`: see `ripple`."""
    if adder == "ripple" or bits < 4:
        return ripple(bits, FULL, a, b, carry, above=above, above_kind=above_kind)
    low, high = later(a[0], b[0]), later(a[1], b[1])
    late = low if carry is None else later(low, carry)
    return Word(after(low, XOR), after(_carries(Word(after(late, XOR), after(high, XOR)), bits, adder, above), XOR))


def increment(bits: int, adder: str, value: Word, carry: Path, chain: int = HALF) -> Word:
    """Return the way through the addition of one bit to a number; `chain` is the kind of a level for each of its bits."""
    if adder == "ripple" or bits < 4:
        return ripple(bits, chain, value, carry=carry)
    late = after(later(latest(value), carry), chain, bits)
    return Word(after(value[0], XOR), after(after(late, INCREMENT, prefix_levels(bits - 1, adder)), XOR))


def _carries(word: Word, bits: int, adder: str, above: int = 0) -> Path:
    """Return the way through the carries of a prefix adder: where they are made a chain, low bits have further to go."""
    begin = later(after(word[0], CHAIN, bits), after(word[1], CHAIN, above + 1))
    return after(begin, PREFIX, prefix_levels(bits, adder))


def add_or_subtract(bits: int, adder: str, a: Word, b: Word) -> tuple[Word, Path]:
    """Return the ways to the magnitude of a sum or difference, and to whether that was negative."""
    b = each(b, XOR)
    if adder == "ripple" or bits < 4:
        negative = after(ripple(bits, FULL, a, b).high, GATE)
        return ripple(bits, HALF, even(after(spread(negative, bits), XOR))), negative
    operands = Word(after(later(a[0], b[0]), XOR), after(later(a[1], b[1]), XOR))
    negative = after(_carries(operands, bits - 1, adder), GATE)
    return even(after(after(spread(negative, bits), GATE), XOR)), negative


def compress(columns: Sequence[Sequence[Bit]]) -> list[list[Bit]]:
    """Return the bits of the two rows, by column, that a compressor tree leaves of `columns`."""
    bits = [list(column) for column in columns]
    while (height := max(map(len, bits), default=0)) > 2:
        bits = _reduce(bits, dadda_height(height))
    return bits


def _reduce(columns: list[list[Bit]], height: int) -> list[list[Bit]]:
    reduced: list[list[Bit]] = [[] for _ in columns]
    last = len(columns) - 1
    for weight, column in enumerate(columns):
        queue, first = column + reduced[weight], 0
        while (left := len(queue) - first) > height:
            taken = 2 if left == height + 1 else 3
            made = _adder(queue[first : first + taken], TREE)
            first += taken
            queue.append(made)
            if weight < last:
                reduced[weight + 1].append(made)
        reduced[weight] = queue[first:]
    return reduced


def _adder(bits: Sequence[Bit], full: int) -> Bit:
    """Return the way through a full or half adder, or through the gates that a constant leaves of it."""
    paths = [bit for bit in bits if bit is not None]
    if len(paths) < 2:
        return paths[0] if paths else None
    return after(later(*paths), full if len(paths) == 3 else HALF)


def _sign_column(heights: list[int], constant_sum: int) -> int:
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


def add_columns(columns: list[list[Bit]], constant: int, adder: str, nothing: Path) -> Word:
    """Return the way through a compressor tree, which a constant goes into, and the adder behind it; of no bit at all, `nothing`."""
    above = _sign_column(list(map(len, columns)), constant)
    for weight in range(above):
        if (constant >> weight) & 1:
            columns[weight].append(None)
    rows = compress(columns)[:above]
    first = later(*next((paths for row in rows if (paths := _signals(row))), [nothing]))
    total = Word(first, _ripple_rows(rows, first) if adder == "ripple" or above < 4 else after(_carry_rows(rows, adder, first), XOR))
    if above < len(columns):
        # Above there are lone bits, counted up or down; where the adder is a chain, so are their runs of ones.
        lone = len(columns) - above
        counted = spread(after(total.high, GATE), lone)
        if adder == "ripple":
            counted = after(counted, HALF, lone)
        total = Word(first, after(after(counted, GATE), XOR))
    return total


def _signals(row: Sequence[Bit]) -> list[Path]:
    return [bit for bit in row if bit is not None]


def _ripple_rows(rows: Sequence[Sequence[Bit]], nothing: Path) -> Path:
    carry: Path | None = None
    end = nothing
    for row in rows:
        carried: list[Bit] = [*row] if carry is None else [*row, carry]
        if not _signals(carried):
            continue
        end = _adder(carried, FULL) or nothing
        if len(carried) == 2 and None in carried:
            end = after(end, HALF)
        carry = end if len(carried) > 1 else None
    return end


def _carry_rows(rows: Sequence[Sequence[Bit]], adder: str, nothing: Path) -> Path:
    """Return the way to the last carry of a prefix adder of two rows, each bit of which may be the one that is late."""
    width = len(rows) - next((i for i, row in enumerate(rows) if len(row) > 1), 0)
    waits = [after(after(later(*paths), XOR), CHAIN, min(len(rows) - i, width)) for i, row in enumerate(rows) if (paths := _signals(row))]
    return after(later(nothing, *waits), PREFIX, prefix_levels(width, adder))


def partial_products(columns: list[list[Bit]], code: Path, a: int, b: int, a_signed: bool, b_signed: bool, kind: str) -> int:
    """Put the rows of an `a` × `b` bit multiplication into `columns`; return the constant that belongs to them."""
    constant = 0
    if kind == "booth" and min(a, b) >= 4:
        if b > a:
            a, b, a_signed, b_signed = b, a, b_signed, a_signed
        width = a + 2 - a_signed
        row = after(after(spread(after(after(code, XOR), GATE), width), GATE, 2), XOR)
        for j in range(0, b + (not b_signed), 2):
            for weight in (*range(j, j + width), j):
                if weight < len(columns):
                    columns[weight].append(row)
            constant -= 1 << (j + width - 1)
        return constant
    bit = after(spread(code, max(a, b)), GATE)
    for j in range(b):
        for i in range(a):
            if i + j < len(columns):
                columns[i + j].append(bit)
            if (a_signed and i == a - 1) != (b_signed and j == b - 1):
                constant -= 1 << (i + j)
    return constant


@lru_cache(maxsize=1 << 12)
def multiplier(a: int, b: int, kind: str, adder: str, part: int, weights: Weights) -> tuple[Segment, Segment]:
    """Return the ways through an unsigned multiplier, to its lowest and its highest bit."""
    columns: list[list[Bit]] = [[] for _ in range(a + b)]
    begin = start(part, weights)
    low, high = add_columns(columns, partial_products(columns, begin, a, b, False, False, kind), adder, begin)
    return segment_of(low), segment_of(high)
