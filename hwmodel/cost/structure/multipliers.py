"""Cells of multipliers: partial products, their compressor tree, the final adder."""

from functools import lru_cache

from .compressor import add_columns
from .tally import SIGNAL, Bit, Counts, Tally
from .trees import compress, rows_of, runs_of, unpacked

MULTIPLIERS = ("baugh_wooley", "booth")


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
    tally.include(unpacked(tree))
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
