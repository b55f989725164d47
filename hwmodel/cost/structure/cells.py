"""Counts of cells, of all kinds in one integer: they are added, and taken many times, at once.

``3 * XOR2 + 2 * GATE2`` are three exclusive ORs and two gates. Each kind has a field of 64 bits; what is below zero on the way borrows from
the field above, and gives it back where counts are read.
"""

import operator
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

import numpy as np

Packed = int
"""Counts of all kinds of cells."""


class Counts(NamedTuple):
    """Cells of one part, after constants are folded and unused outputs dropped.

    Attributes
    ----------
    full_adder, half_adder
        Adders with both outputs used.
    xor2, mux2
        Exclusive ORs (and their complements), multiplexers of two signals.
    flip
        Exclusive ORs that make the complement of a product in fixed point, or in a tensor core's window, where it is negative. Those of
        adders are on the longest path, and a mapper that aims at delay makes them fast; these are not.
    gate2
        Two-input gates: AND, OR, NAND, NOR.
    prefix
        Those of the networks of prefix adders, where AND and OR together are one gate of the library.
    wide
        Those that an OR or AND of many bits would be made of, where gates of three and four inputs are.
    mask
        Those by which one signal clears or sets a whole word.
    strong_mask
        The same where they are all that lies between a register and a port: as their part's longest path, the mapper keeps them strong.
    sign_adder
        Full adders of columns that hold signs alone: cells of a library stay; where adders are gates, what adds to 0 is found and left out.
    inverter
        Inverters. Those that a mapper merges into a neighbour are not counted.
    flip_flop
        Registers' bits.
    placed_full_adder, placed_half_adder
        Instances in the emitted Verilog. More than `full_adder` and `half_adder` where an adder has a constant input or an unused output.
    """

    full_adder: int = 0
    half_adder: int = 0
    xor2: int = 0
    flip: int = 0
    mux2: int = 0
    gate2: int = 0
    prefix: int = 0
    wide: int = 0
    mask: int = 0
    strong_mask: int = 0
    sign_adder: int = 0
    inverter: int = 0
    flip_flop: int = 0
    placed_full_adder: int = 0
    placed_half_adder: int = 0

    def __add__(self, other: "Counts") -> "Counts":  # type: ignore[override]
        return Counts(*map(operator.add, self, other))

    def cells(self) -> np.ndarray:
        """Return the counts of `CELLS`, (13,) float64."""
        return np.array(self[: len(CELLS)], dtype=float)


KINDS = Counts._fields
CELLS = KINDS[:-2]
"""The cells that cost something, in the order of `Counts.cells`."""

_FIELD_BITS = 64
PACKED_BITS = _FIELD_BITS * len(KINDS)
"""Bits of counts."""

FULL_ADDER, HALF_ADDER, XOR2, FLIP, MUX2, GATE2, PREFIX, WIDE, MASK, STRONG_MASK, SIGN_ADDER, INVERTER, FLIP_FLOP, *_PLACED = (
    1 << (_FIELD_BITS * kind) for kind in range(len(KINDS))
)
"""One cell of a kind, see `Counts`."""
PLACED_FULL_ADDER, PLACED_HALF_ADDER = _PLACED

_SIGNS = sum(1 << (_FIELD_BITS * kind + _FIELD_BITS - 1) for kind in range(len(KINDS)))
_FIELDS = Struct(f"<{len(KINDS)}q")


def _fields(counts: Packed) -> bytes:
    """Return the fields of counts in two's complement, the lowest first."""
    # With so much added no field is below zero; then that is taken off again, of each field by itself.
    return (counts + _SIGNS ^ _SIGNS).to_bytes(_FIELDS.size, "little")


def counts_of(counts: Packed) -> Counts:
    """Return counts to be read."""
    return Counts(*_FIELDS.unpack(_fields(counts)))


def cells_of(counts: Iterable[Packed]) -> np.ndarray:
    """Return the numbers of `CELLS`, (counts, 13) float64."""
    fields = b"".join([_fields(each) for each in counts])
    return np.frombuffer(fields, "<i8").reshape(-1, len(KINDS))[:, : len(CELLS)].astype(float)


def full_adders(counts: Packed) -> Packed:
    """Return the full adders among counts."""
    return counts_of(counts).full_adder * FULL_ADDER


Shares = tuple[tuple[float, Packed], ...]
"""Shares of counts, as cells that stand idle are told: so much of these, and so much of those."""


def cells_of_shares(shares: Iterable[Shares]) -> np.ndarray:
    """Return the numbers of `CELLS` that shares come to, (shares, 13) float64."""
    rows, parts, counts, number = list[int](), list[float](), list[Packed](), 0
    for number, each in enumerate(shares, 1):
        for part, some in each:
            rows.append(number - 1)
            parts.append(part)
            counts.append(some)
    found = np.zeros((number, len(CELLS)))
    np.add.at(found, rows, np.array(parts)[:, np.newaxis] * cells_of(counts))
    return found


def share_of(share: float, counts: Packed) -> Shares:
    """Return so much of counts."""
    return ((share, counts),) if share else ()
