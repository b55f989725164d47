"""Cells of the building blocks: adders, compressor trees, multipliers, shifters, leading-zero counts, the rounder.

Each function counts what the block of the same name in the circuits places. Blocks that are costly to count are remembered by their sizes.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache

from .tally import ONE, SIGNAL, STUCK, ZERO, Bit, Counts, Tally

ADDERS = ("ripple", "brent_kung", "sparse", "sklansky", "kogge_stone")
MULTIPLIERS = ("baugh_wooley", "booth")

SPARSE_GROUP = 4
"""As `hwmodel_rtl.adders.SPARSE_GROUP`."""


def signals(width: int) -> list[Bit]:
    """Return `width` bits that can be anything."""
    return [SIGNAL] * width


def constant(value: int, width: int) -> list[Bit]:
    """Return `value` modulo ``2**width`` as bits."""
    return [(value >> i) & 1 for i in range(width)]


def invert(bits: Sequence[Bit]) -> list[Bit]:
    """Return the complement of every bit; inverters in front of an adder merge into it and are not counted."""
    return [bit ^ 1 if bit < SIGNAL else SIGNAL for bit in bits]


def extend(bits: Sequence[Bit], width: int, *, signed: bool) -> list[Bit]:
    """Return `bits` with the sign (or zeros) repeated up to `width`."""
    fill = bits[-1] if signed and bits else ZERO
    return [*bits, *[fill] * (width - len(bits))][:width]


def add(
    tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit = ZERO, kind: str = "ripple", *, carry_used: bool = False
) -> list[Bit]:
    """Count ``a + b + carry``; return its bits, one more than the operands have."""
    if kind == "ripple" or len(a) < 4:
        total: list[Bit] = []
        last = len(a) - 1
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            low, carry = tally.full(x, y, carry, carry_used=carry_used or i < last)
            total.append(low)
        return [*total, carry]
    if kind == "sparse":
        return _sparse(tally, a, b, carry, carry_used)
    return _prefix(tally, a, b, carry, kind, carry_used)


def _prefix(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, kind: str, carry_used: bool) -> list[Bit]:
    """Count a parallel-prefix adder. Position 0 is the carry in: it generates, and propagates nothing."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generate = [carry, *(tally.both(x, y) for x, y in zip(a, b, strict=True))]
    propagate = [ZERO, *half]
    last = len(a)
    for level in prefix_network(last + 1, kind):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            if i == last and not carry_used:
                continue
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    return [*(tally.exclusive(p, g) for p, g in zip(half, generate[:-1], strict=True)), generate[-1]]


def _sparse(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], carry: Bit, carry_used: bool) -> list[Bit]:
    """Count an adder whose prefix network finds the carries into groups of bits, which ripple."""
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generated = [tally.both(x, y) for x, y in zip(a, b, strict=True)]
    starts = range(0, len(half), SPARSE_GROUP)
    generate, propagate = [carry], [ZERO]
    for start in starts[:-1]:
        group_generates, group_propagates = generated[start], half[start]
        for i in range(start + 1, start + SPARSE_GROUP):
            group_generates = tally.either(generated[i], tally.both(half[i], group_generates))
            group_propagates = tally.both(half[i], group_propagates)
        generate.append(group_generates)
        propagate.append(group_propagates)
    for level in prefix_network(len(generate), "brent_kung"):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    total: list[Bit] = []
    for start, into in zip(starts, generate, strict=True):
        end = min(start + SPARSE_GROUP, len(half))
        for i in range(start, end):
            total.append(tally.exclusive(half[i], into))
            if i < end - 1 or (end == len(half) and carry_used):
                into = tally.either(generated[i], tally.both(half[i], into))
    return [*total, into]


def add_or_subtract(tally: Tally, a: Sequence[Bit], b: Sequence[Bit], kind: str) -> None:
    """Count the magnitude of a sum or difference of unsigned numbers, the complement of `b` left out."""
    width = len(a)
    tally.gate2 += 2
    if kind == "ripple" or width < 4:
        add(tally, a, b, SIGNAL, carry_used=True)
        tally.xor2 += width
        add(tally, signals(width), constant(0, width), SIGNAL)
        return
    half = [tally.exclusive(x, y) for x, y in zip(a, b, strict=True)]
    generate, propagate = [tally.both(x, y) for x, y in zip(a, b, strict=True)], list(half)
    for level in prefix_network(width, kind):
        before_g, before_p = list(generate), list(propagate)
        for i, j in level:
            generate[i] = tally.either(before_g[i], tally.both(before_p[i], before_g[j]))
            propagate[i] = tally.both(before_p[i], before_p[j])
    tally.gate2 += 1
    for g, p in zip(generate[:-1], propagate[:-1], strict=True):
        tally.either(g, tally.both(p, SIGNAL))
    tally.xor2 += 2 * width


def count_up_or_down(tally: Tally, width: int, kind: str) -> None:
    """Count the addition of one, or minus one, or nothing, to `width` bits."""
    network = max(width - 2, 0) if kind == "ripple" else sum(map(len, prefix_network(width - 1, kind)))
    tally.gate2 += 2 * network + 3 * width + 3
    tally.xor2 += width


@lru_cache(maxsize=4096)
def prefix_network(width: int, kind: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return the levels of a parallel-prefix network, see `hwmodel_rtl.adders.prefix_network`."""
    levels: list[tuple[tuple[int, int], ...]] = []
    reach = 1
    while reach < width:
        match kind:
            case "kogge_stone":
                levels.append(tuple((i, i - reach) for i in range(reach, width)))
            case "sklansky":
                levels.append(tuple((i, (i // reach) * reach - 1) for i in range(width) if (i // reach) % 2))
            case _:
                levels.append(tuple((i, i - reach) for i in range(2 * reach - 1, width, 2 * reach)))
        reach *= 2
    if kind in ("brent_kung", "sparse"):
        while reach > 1:
            levels.append(tuple((i, i - reach // 2) for i in range(reach + reach // 2 - 1, width, reach)))
            reach //= 2
    return tuple(level for level in levels if level)


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


@lru_cache(maxsize=1 << 14)
def multiplier_rows(
    a: int, b: int, a_signed: bool, b_signed: bool, width: int, kind: str, lanes: int = 1
) -> tuple[Counts, tuple[Bit, ...], tuple[Bit, ...], int]:
    """Count partial products and compressor tree of the sum of `lanes` multiplications of `a` × `b` bits, the constant left out.

    Returns
    -------
    counts, row_0, row_1, constant
        The rows have `width` bits; with the constant they add up to the sum of the products.
    """
    tally = Tally()
    columns: list[list[Bit]] = [[] for _ in range(width)]
    rest = sum(partial_products(tally, columns, a, b, a_signed, b_signed, kind) for _ in range(lanes))
    row_0, row_1 = compress(tally, columns)
    return tally.counts(), tuple(row_0), tuple(row_1), rest


def partial_products(tally: Tally, columns: list[list[Bit]], a: int, b: int, a_signed: bool, b_signed: bool, kind: str) -> int:
    """Count the rows of an `a` × `b` bit multiplication and add their bits to `columns`; return the constant that belongs to them."""
    rows = _booth if kind == "booth" and min(a, b) >= 4 else _baugh_wooley
    return rows(tally, columns, a, b, a_signed, b_signed)


def _baugh_wooley(tally: Tally, columns: list[list[Bit]], a: int, b: int, a_signed: bool, b_signed: bool) -> int:
    constant_sum = 0
    for j in range(b):
        for i in range(a):
            if i + j < len(columns):
                columns[i + j].append(SIGNAL)
            if (a_signed and i == a - 1) != (b_signed and j == b - 1):
                constant_sum -= 1 << (i + j)
    tally.gate2 += a * b
    return constant_sum


def _booth(tally: Tally, columns: list[list[Bit]], a: int, b: int, a_signed: bool, b_signed: bool) -> int:
    if b > a:
        a, b, a_signed, b_signed = b, a, b_signed, a_signed
    constant_sum, width = 0, a + 2 - a_signed
    for j in range(0, b + (not b_signed), 2):
        tally.xor2 += 1 + width
        tally.gate2 += 6 + 3 * width
        for weight in (*range(j, j + width), j):
            if weight < len(columns):
                columns[weight].append(SIGNAL)
        constant_sum -= 1 << (j + width - 1)
    return constant_sum


@lru_cache(maxsize=1 << 14)
def multiplier(a: int, b: int, multiplier_kind: str, adder: str) -> Counts:
    """Count an unsigned `a` × `b` bit multiplier with its final adder."""
    tally = Tally()
    columns: list[list[Bit]] = [[] for _ in range(a + b)]
    rest = partial_products(tally, columns, a, b, False, False, multiplier_kind)
    add_columns(tally, columns, rest, adder)
    return tally.counts()


@lru_cache(maxsize=4096)
def leading_zero_count(width: int) -> tuple[Counts, int]:
    """Count a leading-zero counter of `width` bits; return also the bits of its result."""
    if width == 1:
        return Counts(), 0
    split = 1 << ((width - 1).bit_length() - 1)
    high, bits = leading_zero_count(split)
    low, low_bits = leading_zero_count(width - split)
    own = Counts(mux2=low_bits, gate2=1 + bits - low_bits)
    return high + low + own, bits + 1


def normalise(tally: Tally, width: int, count: int) -> None:
    """Count the shift of `width` bits by their leading zeros, a number of `count` bits."""
    for stage in range(count):
        distance = min(1 << stage, width)
        tally.mux2 += width - distance
        tally.gate2 += distance


def shift_left(tally: Tally, value: int, amount: int, width: int, *, filled: bool = False) -> int:
    """Count ``(value << amount) mod 2**width`` for a `value` and an `amount` of so many bits; return the bits of the result.

    Where only one of a multiplexer's inputs is a signal it is an AND; where the shift is `filled` with a signal, none is.
    """
    length = value
    for stage in range(amount):
        distance = 1 << stage
        if stage == amount - 2 and length <= 2 * distance:
            return _place(tally, length, distance, width, filled=filled)
        grown = min(length + distance, width)
        if filled:
            tally.mux2 += grown
            length = grown
            continue
        both = max(min(length, grown) - distance, 0)
        tally.mux2 += both
        tally.gate2 += grown - both if grown <= length + distance else 0
        # Between a short number and where it moves to, both inputs are 0.
        tally.gate2 -= max(min(distance, grown) - length, 0)
        length = grown
    return min(length, width)


def _place(tally: Tally, value: int, distance: int, width: int, *, filled: bool) -> int:
    """Count the choice among four places, `distance` apart, for `value` bits: a multiplexer where two overlap, else a gate."""
    grown = min(value + 3 * distance, width)
    sources = [sum(0 <= weight - place * distance < value for place in range(4)) for weight in range(grown)]
    tally.mux2 += sources.count(2)
    tally.gate2 += sources.count(1) + 4
    if filled:
        tally.gate2 += grown + 2 * 7  # where it stands outside, once for each set of places
    return grown


def shift_right_sticky(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a right shift of a number in the top `value` bits of a window of `width`; return how many bits of it can be other than 0."""
    length, lost = value, 0
    for stage in range(amount):
        distance = 1 << stage
        if distance >= width:
            tally.gate2 += amount - stage - 1 + length - 1 + 1 + length
            lost += 1
            break
        grown = min(length + distance, width)
        below = length + distance - grown
        if below:
            tally.gate2 += min(below, length)
            lost += 1
        both = max(length - distance, 0)
        tally.mux2 += both
        tally.gate2 += grown - both - max(distance - length, 0)
        length = grown
    tally.gate2 += max(lost - 1, 0)
    return length


def shift_left_overflow(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a left shift that tells whether a bit was lost above; return the bits of the result."""
    lost, length = 0, min(value, width)
    if value > width:
        any_of(tally, value - width)
        lost += 1
    for stage in range(amount):
        distance = 1 << stage
        if length + distance > width:
            any_of(tally, length + distance - max(width, distance))
            tally.gate2 += 1
            lost += 1
        length = min(length + distance, width)
    any_of(tally, lost)
    return shift_left(tally, min(value, width), amount, width)


def shift_right_cut(tally: Tally, value: int, amount: int, width: int) -> int:
    """Count a right shift inside a window of `width` bits, of a number in its top bits; return how many bits can be other than 0."""
    length = min(value, width)
    for stage in range(amount):
        distance = 1 << stage
        if distance >= width:
            any_of(tally, amount - stage)
            tally.gate2 += length
            break
        grown = min(length + distance, width)
        both = max(length - distance, 0)
        tally.mux2 += both
        tally.gate2 += grown - both - max(distance - length, 0)
        length = grown
    return length


def any_of(tally: Tally, bits: int) -> None:
    """Count the OR (or AND) of `bits` bits."""
    tally.gate2 += max(bits - 1, 0)


def round_significand(tally: Tally, value: int, precision: int, rounding: str, adder: str, random_bits: int = 0, gap: bool = False) -> Bit:
    """Count the rounding of `value` bits to `precision`; return the carry that leaves the top.

    With `gap` there are no numbers between zero and ``10…01`` in the lowest binade: what lies there is rounded to either.
    """
    dropped = max(value - precision, 0)
    if gap:
        any_of(tally, precision + 1)
        tally.gate2 += precision  # zero there, but for the first and the last bit
        tally.mux2 += min(precision, 2) if rounding != "rtz" else 0
        if rounding in ("rne", "rna"):
            any_of(tally, precision + 2)
    if random_bits:
        spare = max(random_bits - dropped, 0)
        addend = [*signals(random_bits), *constant(0, precision)]
        if gap:
            tally.gate2 += random_bits
            any_of(tally, precision + 1)
            scaled = [*constant(0, precision - 1), *signals(random_bits), ZERO]
            addend = add(tally, addend, scaled)[:-1]
        add(tally, [*constant(0, spare), *signals(random_bits - spare + precision)], addend, kind=adder, carry_used=True)
        tally.gate2 += 1
        return SIGNAL
    if dropped == 0 or rounding == "rtz":
        return STUCK
    if rounding == "rne":
        any_of(tally, dropped - 1)
        tally.gate2 += 2
    kept = [*constant(0, precision - min(precision, value)), *signals(min(precision, value))]
    add(tally, kept, constant(0, precision), SIGNAL, adder, carry_used=True)
    tally.gate2 += 1
    return SIGNAL


def stuck(width: int) -> list[Bit]:
    """Return `width` bits that are always 0 though the generator does not know."""
    return [STUCK] * width


def table(tally: Tally, words: Sequence[int], width: int) -> None:
    """Count a table of `width` bits: a tree of multiplexers for each bit; equal parts of the trees are there once."""
    counted: set[tuple[int, ...]] = set()
    for i in range(width):
        _column(tally, tuple((word >> i) & 1 for word in words), counted)


def _column(tally: Tally, bits: tuple[int, ...], counted: set[tuple[int, ...]]) -> None:
    if len(set(bits)) == 1 or bits in counted:
        return
    counted.add(bits)
    half = len(bits) // 2
    low, high = bits[:half], bits[half:]
    constants = (len(set(low)) == 1) + (len(set(high)) == 1)
    if constants == 2 and low != high:
        return  # the select bit or its complement
    _column(tally, low, counted)
    if low == high:
        return
    if all(x != y for x, y in zip(low, high, strict=True)):
        tally.xor2 += 1
        return
    _column(tally, high, counted)
    if constants:
        tally.gate2 += 1
    else:
        tally.mux2 += 1


def choose(tally: Tally, sources: Sequence[Sequence[Hashable]]) -> None:
    """Count the choice among numbers, given as what each of their bits comes from (the constant 0 is 0); the modes choose."""
    for bits in zip(*sources, strict=True):
        _choose_bit(tally, list(bits))


def _choose_bit(tally: Tally, sources: list[Hashable]) -> None:
    if len(set(sources)) == 1:
        return
    half = 1 << ((len(sources) - 1).bit_length() - 1)
    low, high = sources[:half], sources[half:]
    _choose_bit(tally, low)
    _choose_bit(tally, high)
    if set(low) == {0} or set(high) == {0}:
        tally.gate2 += 1
    else:
        tally.mux2 += 1
