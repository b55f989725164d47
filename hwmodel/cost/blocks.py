"""Cells of the building blocks: adders, compressor trees, multipliers, shifters, leading-zero counts, the rounder.

Each function counts what the block of the same name in the circuits places. Blocks that are costly to count are remembered by their sizes.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache

from .prefix import Kinds, bits_of, both, either, exclusive, kinds, network_size, prefixes
from .tally import SIGNAL, STUCK, ZERO, Bit, Counts, Tally
from .trees import Heap, compress, places_of_signs, rows_of, runs_of, with_constant

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
    counts, total = _added(bytes(a), bytes(b), int(carry), kind if len(a) >= 4 else "ripple", carry_used)
    tally.include(counts)
    return list(total)


@lru_cache(maxsize=1 << 16)
def _added(a: bytes, b: bytes, carry: Bit, kind: str, carry_used: bool) -> tuple[Counts, bytes]:
    tally = Tally()
    if kind == "ripple":
        total: list[Bit] = []
        last = len(a) - 1
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            low, carry = tally.full(x, y, carry, carry_used=carry_used or i < last)
            total.append(low)
        return tally.counts(), bytes([*total, carry])
    if kind == "sparse":
        total = _sparse(tally, a, b, carry, carry_used)
        return tally.counts(), bytes(total)
    return _prefix(a, b, carry, kind, carry_used)


def _prefix(a: bytes, b: bytes, carry: Bit, kind: str, carry_used: bool) -> tuple[Counts, bytes]:
    """Count a parallel-prefix adder. Position 0 is the carry in: it generates, and propagates nothing."""
    last = len(a)
    x, y = kinds(a), kinds(b)
    (xors, half), (ands, made) = exclusive(x, y), both(x, y)
    into = kinds(bytes([carry]))
    generate, propagate = (made[0] << 1 | into[0], made[1] << 1 | into[1]), (half[0] << 1, half[1] << 1)
    gates, generate, _ = prefixes(generate, propagate, last + 1, kind, left_out=0 if carry_used else 1 << last)
    sums, total = exclusive(half, _low(generate, last))
    out = bits_of((generate[0] >> last, generate[1] >> last), 1) if carry_used else bytes([Tally().both(a[-1], b[-1])])
    return Counts(xor2=xors + sums, gate2=ands + gates), bits_of(total, last) + out


def _low(number: Kinds, width: int) -> Kinds:
    mask = (1 << width) - 1
    return number[0] & mask, number[1] & mask


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
    groups = len(generate)
    gates, carries, _ = prefixes(kinds(bytes(generate)), kinds(bytes(propagate)), groups, "brent_kung")
    tally.gate2 += gates
    total: list[Bit] = []
    for start, into in zip(starts, bits_of(carries, groups), strict=True):
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
    x, y = kinds(bytes(a)), kinds(bytes(b))
    (xors, half), (ands, made) = exclusive(x, y), both(x, y)
    gates, generate, propagate = prefixes(made, half, width, kind)
    # Either without or with a carry into the lowest bit.
    carried, through = both(_low(propagate, width - 1), kinds(bytes(signals(width - 1))))
    merged, _ = either(_low(generate, width - 1), through)
    tally.gate2 += ands + gates + 1 + carried + merged
    tally.xor2 += xors + 2 * width


def count_up_or_down(tally: Tally, width: int, kind: str) -> None:
    """Count the addition of one, or minus one, or nothing, to `width` bits."""
    network = max(width - 2, 0) if kind == "ripple" else network_size(width - 1, kind)
    tally.gate2 += 2 * network + 3 * width + 3
    tally.xor2 += width


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
    tree, left = compress(runs_of(columns))
    tally.include(tree)
    row_0, row_1 = rows_of(left)
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
    ends = [min(place * distance + value, grown) for place in range(4)]
    overlapping = sum(max(ends[place] - (place + 1) * distance, 0) for place in range(3))
    reached = sum(max(ends[place] - place * distance, 0) for place in range(4))
    tally.mux2 += overlapping
    tally.gate2 += reached - 2 * overlapping + 4
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
