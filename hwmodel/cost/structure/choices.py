"""Cells of small tables and of choices among numbers, as `hwmodel_rtl.select` builds them."""

from collections.abc import Hashable, Sequence

from .cells import GATE2, MUX2, XOR2
from .tally import Tally


def table(tally: Tally, words: Sequence[int], width: int) -> None:
    """Count a table of `width` bits: a tree of multiplexers for each bit; equal parts of the trees are there once."""
    counted: set[tuple[int, ...]] = set()
    for i in range(width):
        _column(tally, tuple((word >> i) & 1 for word in words), counted)


def _column(tally: Tally, bits: tuple[int, ...], counted: set[tuple[int, ...]]) -> None:
    if len(set(bits)) == 1:
        return
    if bits[0]:  # a complement costs nothing
        bits = tuple(1 - bit for bit in bits)
    if bits in counted:
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
        tally.cells += XOR2
        return
    _column(tally, high, counted)
    if constants:
        tally.cells += GATE2
    else:
        tally.cells += 2 * GATE2  # both sides are of the same few bits, so that little more than an AND and an OR is left


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
        tally.cells += GATE2
    else:
        tally.cells += MUX2
