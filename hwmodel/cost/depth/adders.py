"""Ways through carry-propagate adders and compressor trees.

Sources of the circuits: see `hwmodel_rtl.adders`, `hwmodel_rtl.compressor` and `hwmodel_rtl.multiplier`.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, groupby, repeat

from ..structure import trees
from ..structure.adders import SPARSE_GROUP
from ..structure.compressor import sign_column
from ..structure.multipliers import is_booth
from ..structure.multipliers import partial_products as counted_products
from ..structure.prefix import prefix_network
from ..structure.tally import Tally, signals
from ..structure.trees import Heap, dadda_height
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

Column = list[tuple[Bit, int]]
"""Bits of one weight in order, each with how many like it follow each other."""

Run = tuple[int, Column]
"""So many neighbouring columns, and what each of them holds."""


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


def runs_of(columns: Iterable[Column]) -> list[Run]:
    """Return runs of columns that are given one by one."""
    return [(len(list(alike)), column) for column, alike in groupby(columns)]


def compress(runs: Sequence[Run]) -> list[tuple[int, list[Bit]]]:
    """Return the bits of the two rows that a compressor tree leaves of columns, by runs of these."""
    while (height := max((_height(column) for _, column in runs), default=0)) > 2:
        runs = _reduce(runs, dadda_height(height))
    return [(length, [bit for bit, count in column for _ in range(count)]) for length, column in runs]


def _height(column: Column) -> int:
    return sum([count for _, count in column])


def _reduce(runs: Sequence[Run], target: int) -> list[Run]:
    """Return runs of columns brought to a height."""
    reduced, carries, carried = list[Run](), Column(), 0
    for length, column in runs:
        own = _height(column)
        while length:
            given, height = carries, own + carried
            kept, carries = _reduce_column(column + given, height, target) if height > target else (column + given, Column())
            excess = max(height - target, 0)
            carried = excess - excess // 2
            # Where a column hands on what it was given, all of its run do.
            alike = length if carries == given else 1
            reduced.append((alike, kept))
            length -= alike
    return reduced


def _reduce_column(queue: Column, left: int, height: int) -> tuple[Column, Column]:
    """Return what is left of a column, of so many bits, that is brought to a height, and its carries."""
    made, first, taken = Column(), 0, 0
    while left > height:
        # Full adders, or the one half adder that is enough; of bits that are there together, as many at once as there are.
        inputs = 2 if left == height + 1 else 3
        bit, count = queue[first]
        times = min((count - taken) // inputs, (left - height) // (inputs - 1))
        if times:
            bits = [bit] * inputs
            taken += inputs * times
        else:
            times, bits = 1, []
            while len(bits) < inputs:
                bit, count = queue[first]
                few = min(count - taken, inputs - len(bits))
                bits += [bit] * few
                taken += few
                if taken == count:
                    first, taken = first + 1, 0
        if taken == queue[first][1]:
            first, taken = first + 1, 0
        adder = _adder(bits, TREE), times
        queue.append(adder)
        made.append(adder)
        left -= (inputs - 1) * times
    kept = queue[first:]
    if taken:
        kept[0] = kept[0][0], kept[0][1] - taken
    return kept, made


def _adder(bits: Sequence[Bit], full: int) -> Bit:
    """Return the way through a full or half adder, or through the gates that a constant leaves of it."""
    paths = [bit for bit in bits if bit is not None]
    if len(paths) < 2:
        return paths[0] if paths else None
    return after(later(*paths), full if len(paths) == 3 else HALF)


def add_columns(runs: Sequence[Run], constant: int, adder: str, nothing: Path) -> Word:
    """Return the way through a compressor tree, which a constant goes into, and the adder behind it; of no bit at all, `nothing`."""
    width = sum([length for length, _ in runs])
    above = sign_column(tuple(trees.merged((length, signals(_height(column))) for length, column in runs)), constant)
    # Columns above take carries in and hand none on.
    compressed = compress(trees.with_constant(runs, constant & ((1 << above) - 1), [(None, 1)]))
    rows = trees.lowest_columns(compressed, above)
    first = later(*next((paths for _, row in rows if (paths := _signals(row))), [nothing]))
    total = Word(first, _ripple_rows(rows, first) if adder == "ripple" or above < 4 else after(_carry_rows(rows, adder, first), XOR))
    if above < width:
        # Above there are lone bits, counted up or down; where the adder is a chain, so are their runs of ones, which wait for none of it.
        lone = width - above
        counted = spread(after(total.high, GATE), lone)
        if adder == "ripple" and (bits := _signals(compressed[-1][1])):
            counted = later(counted, after(later(*bits), HALF, lone))
        total = Word(first, after(after(counted, GATE), XOR))
    return total


def _signals(row: Sequence[Bit]) -> list[Path]:
    return [bit for bit in row if bit is not None]


def _ripple_rows(rows: Sequence[tuple[int, list[Bit]]], nothing: Path) -> Path:
    carry: Path | None = None
    end = nothing
    for row in chain.from_iterable(repeat(row, length) for length, row in rows):
        carried: list[Bit] = [*row] if carry is None else [*row, carry]
        if not _signals(carried):
            continue
        end = _adder(carried, FULL) or nothing
        if len(carried) == 2 and None in carried:
            end = after(end, HALF)
        carry = end if len(carried) > 1 else None
    return end


def _carry_rows(rows: Sequence[tuple[int, list[Bit]]], adder: str, nothing: Path) -> Path:
    """Return the way to the last carry of a prefix adder of two rows, each bit of which may be the one that is late."""
    ends = list(accumulate(length for length, _ in rows))
    left = [ends[-1] - end + length for end, (length, _) in zip(ends, rows, strict=True)]
    width = next((columns for columns, (_, row) in zip(left, rows, strict=True) if len(row) > 1), ends[-1])
    # Of columns alike the lowest waits longest.
    waits = [
        after(after(later(*paths), XOR), CHAIN, min(columns, width))
        for columns, (_, row) in zip(left, rows, strict=True)
        if (paths := _signals(row))
    ]
    return after(later(nothing, *waits), PREFIX, prefix_levels(width, adder))


def partial_products(
    width: int, code: Path, a: int, b: int, a_signed: bool, b_signed: bool, kind: str, lanes: int = 1
) -> tuple[list[Run], int]:
    """Return the rows of `a` × `b` bit multiplications in so many columns, and the constant that belongs to them."""
    placed = Heap(width)
    constant = counted_products(Tally(), placed, a, b, a_signed, b_signed, kind, lanes)
    if is_booth(a, b, kind):
        (wider, signed) = (a, a_signed) if a >= b else (b, b_signed)
        bit = after(after(spread(after(after(code, XOR), GATE), wider + 2 - signed), GATE, 2), XOR)
    else:
        bit = after(spread(code, max(a, b)), GATE)
    return columns_of(placed, bit), constant


def columns_of(placed: Heap, bit: Path) -> list[Run]:
    """Return the columns of a heap whose bits are all there at once."""
    return [(length, [(bit, len(bits))] if bits else []) for length, bits in placed.runs()]


@lru_cache(maxsize=1 << 12)
def multiplier(a: int, b: int, kind: str, adder: str, part: int, weights: Weights) -> tuple[Segment, Segment]:
    """Return the ways through an unsigned multiplier, to its lowest and its highest bit."""
    begin = start(part, weights)
    low, high = add_columns(*partial_products(a + b, begin, a, b, False, False, kind), adder, begin)
    return segment_of(low), segment_of(high)
