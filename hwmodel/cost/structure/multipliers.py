"""Cells of multipliers: partial products, their compressor tree, the final adder."""

from functools import lru_cache

from .cells import GATE2, XOR2, Packed
from .compressor import add_columns
from .tally import ZERO, Tally
from .trees import Heap, compress, rows_of

MULTIPLIERS = ("baugh_wooley", "booth")

_ZERO = bytes([ZERO])


def multiplier_rows(a: int, b: int, a_signed: bool, b_signed: bool, width: int, kind: str, lanes: int = 1) -> tuple[Packed, int, int, int]:
    """Count partial products and compressor tree of the sum of `lanes` multiplications of `a` × `b` bits, the constant left out.

    Returns
    -------
    counts, row_width, live, constant
        Of the two rows that come of them: their bits, of `width`, and how many of both can be other than 0. With the constant they add up
        to the sum of the products.
    """
    return _rows(a, b, a_signed, b_signed, min(width, columns_of_rows(a, b, lanes)), kind, lanes)


def columns_of_rows(a: int, b: int, lanes: int) -> int:
    """Return in how many columns no bit of rows is dropped: in more there are the same rows."""
    return a + b + lanes.bit_length() + 4


@lru_cache(maxsize=1 << 14)
def _rows(a: int, b: int, a_signed: bool, b_signed: bool, width: int, kind: str, lanes: int) -> tuple[Packed, int, int, int]:
    tally, columns = Tally(), Heap(width)
    rest = partial_products(tally, columns, a, b, a_signed, b_signed, kind, lanes)
    tree, left = compress(columns.runs())
    tally.cells += tree
    rows = rows_of(left)
    # No bit of a product is a constant 1.
    return tally.cells, max(len(row.rstrip(_ZERO)) for row in rows), sum(len(row) - row.count(ZERO) for row in rows), rest


def partial_products(tally: Tally, columns: Heap, a: int, b: int, a_signed: bool, b_signed: bool, kind: str, lanes: int = 1) -> int:
    """Count the rows of `a` × `b` bit multiplications and place their bits in `columns`; return the constant that belongs to them."""
    rows = _booth if is_booth(a, b, kind) else _baugh_wooley
    return rows(tally, columns, a, b, a_signed, b_signed, lanes)


def is_booth(a: int, b: int, kind: str) -> bool:
    """Return whether rows are recoded: of short numbers they are not, whatever the kind."""
    return kind == "booth" and min(a, b) >= 4


def _baugh_wooley(tally: Tally, columns: Heap, a: int, b: int, a_signed: bool, b_signed: bool, lanes: int) -> int:
    for weight in range(b):
        columns.place(weight, weight + a, lanes)
    tally.cells += lanes * a * b * GATE2
    # Products of one sign bit are complemented: they count from below zero.
    below = (_ones(a - 1, b - b_signed) if a_signed else 0) + (_ones(b - 1, a - a_signed) if b_signed else 0)
    return -lanes * below


def _ones(weight: int, number: int) -> int:
    """Return so many ones, from a weight on."""
    return ((1 << number) - 1) << weight


def _booth(tally: Tally, columns: Heap, a: int, b: int, a_signed: bool, b_signed: bool, lanes: int) -> int:
    if b > a:
        a, b, a_signed, b_signed = b, a, b_signed, a_signed
    constant_sum, width = 0, a + 2 - a_signed
    for weight in range(0, b + (not b_signed), 2):
        tally.cells += lanes * (1 + width) * XOR2 + lanes * (6 + 3 * width) * GATE2
        columns.place(weight, weight + width, lanes)
        columns.place(weight, weight + 1, lanes)
        constant_sum -= 1 << (weight + width - 1)
    return lanes * constant_sum


@lru_cache(maxsize=1 << 14)
def multiplier(a: int, b: int, multiplier_kind: str, adder: str) -> Packed:
    """Count an unsigned `a` × `b` bit multiplier with its final adder."""
    tally, columns = Tally(), Heap(a + b)
    rest = partial_products(tally, columns, a, b, False, False, multiplier_kind)
    add_columns(tally, columns, rest, adder)
    return tally.cells
