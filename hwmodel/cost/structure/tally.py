"""Counts of cells: what a circuit is made of, before any library.

A bit on its way through a circuit is one of four things, and what a full adder costs depends on which it meets: a signal, a constant 0 or 1
that the generator folds while it builds, or a signal that is in fact always 0, which only the mapper finds out.
"""

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

ZERO, ONE, SIGNAL, STUCK = range(4)
"""Kinds of a bit: constant 0, constant 1, a signal, and a signal that is always 0 (the generator does not know)."""

Bit = int
Span = tuple[Bit, Bit]
"""Whether a run of bits generates a carry, and whether it propagates one."""


_COMPLEMENT = bytes.maketrans(bytes([ZERO, ONE, SIGNAL, STUCK]), bytes([ONE, ZERO, SIGNAL, SIGNAL]))


def signals(width: int) -> bytes:
    """Return `width` bits that can be anything."""
    return bytes([SIGNAL]) * width


def stuck(width: int) -> bytes:
    """Return `width` bits that are always 0 though the generator does not know."""
    return bytes([STUCK]) * width


@lru_cache(maxsize=1 << 12)
def constant(value: int, width: int) -> bytes:
    """Return `value` modulo ``2**width`` as bits."""
    return bytes((value >> i) & 1 for i in range(width)) if value else bytes(max(width, 0))


def invert(bits: bytes) -> bytes:
    """Return the complement of every bit; inverters in front of an adder merge into it and are not counted."""
    return bits.translate(_COMPLEMENT)


def extend(bits: Sequence[Bit], width: int, *, signed: bool) -> bytes:
    """Return `bits` with the sign (or zeros) repeated up to `width`."""
    fill = bits[-1] if signed and bits else ZERO
    return (bytes(bits) + bytes([fill]) * (width - len(bits)))[:width]


_new = tuple.__new__  # what a named tuple's own does, but for a call of its own


class Counts(NamedTuple):
    """Cells of one part, after constants are folded and unused outputs dropped.

    Attributes
    ----------
    full_adder, half_adder
        Adders with both outputs used.
    xor2, mux2
        Exclusive ORs (and their complements), multiplexers of two signals.
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
        return _new(Counts, map(operator.add, self, other))

    def __sub__(self, other: "Counts") -> "Counts":
        return _new(Counts, map(operator.sub, self, other))

    def times(self, number: Any) -> "Counts":
        """Return the counts of so many of these side by side."""
        return _new(Counts, [number * count for count in self])

    def cells(self) -> np.ndarray:
        """Return the counts of `CELLS`, (12,) float64; of counts that are columns, (12, units)."""
        return np.array(self[: len(CELLS)], dtype=float)

    def share(self, share: float) -> "Cells":
        """Return so much of each of the `CELLS`."""
        return tuple([share * number for number in self[: len(CELLS)]])


CELLS = Counts._fields[:-2]
"""The cells that cost something, in the order of `Counts.cells`."""

Cells = tuple[float, ...]
"""Numbers of `CELLS`, not all of them whole."""

NO_CELLS: Cells = (0.0,) * len(CELLS)


def _both(a: Bit, b: Bit) -> Bit:
    if ONE in (a, b):
        return b if a == ONE else a
    return SIGNAL if a == SIGNAL == b else ZERO


def _either(a: Bit, b: Bit) -> Bit:
    if ONE in (a, b):
        return ONE
    return SIGNAL if SIGNAL in (a, b) else ZERO


_PLACED = operator.attrgetter(*Counts._fields)


class Tally:
    """Counts in the making: a builder that places cells as the circuit generators do, and only counts them."""

    __slots__ = Counts._fields

    def __init__(self) -> None:
        self.full_adder = self.half_adder = 0
        self.xor2 = self.mux2 = self.gate2 = self.prefix = self.wide = self.mask = self.strong_mask = self.sign_adder = self.inverter = 0
        self.flip_flop = 0
        self.placed_full_adder = self.placed_half_adder = 0

    def counts(self) -> Counts:
        """Return what has been placed so far."""
        return _new(Counts, _PLACED(self))

    def include(self, counts: Counts, times: int = 1) -> None:
        """Add the counts of a block that was counted before, so many times."""
        full_adder, half_adder, xor2, mux2, gate2, prefix, wide, mask, strong_mask, *rest = counts
        sign_adder, inverter, flip_flop, placed_full_adder, placed_half_adder = rest
        self.full_adder += times * full_adder
        self.half_adder += times * half_adder
        self.xor2 += times * xor2
        self.mux2 += times * mux2
        self.gate2 += times * gate2
        self.prefix += times * prefix
        self.wide += times * wide
        self.mask += times * mask
        self.strong_mask += times * strong_mask
        self.sign_adder += times * sign_adder
        self.inverter += times * inverter
        self.flip_flop += times * flip_flop
        self.placed_full_adder += times * placed_full_adder
        self.placed_half_adder += times * placed_half_adder

    def include_placed(self, other: "Tally") -> None:
        """Add what another has placed, as instances alone: a mapper finds them unused."""
        self.placed_full_adder += other.placed_full_adder
        self.placed_half_adder += other.placed_half_adder

    def full(self, a: Bit, b: Bit, c: Bit, *, carry_used: bool = True) -> tuple[Bit, Bit]:
        """Place a full adder and return sum and carry, as `hwmodel_rtl.cells.AdderCells.full` does."""
        if a == SIGNAL == b and c == SIGNAL:
            self.placed_full_adder += 1
            if carry_used:
                self.full_adder += 1
            else:
                self.xor2 += 2
            return SIGNAL, SIGNAL
        constants = [bit for bit in (a, b, c) if bit < SIGNAL]
        others = [bit for bit in (a, b, c) if bit >= SIGNAL]
        if len(constants) >= 2:
            total, rest = sum(constants), others[0] if others else ZERO
            low, carry = self.half(rest, total & 1, carry_used=carry_used)
            return low, (ONE if total >> 1 else carry)
        if constants == [ZERO]:
            return self.half(*others, carry_used=carry_used)
        if constants == [ONE]:
            if STUCK in others:
                return SIGNAL, SIGNAL
            self.xor2 += 1
            self.gate2 += carry_used
            return SIGNAL, SIGNAL
        # Three signals, some of them always 0.
        self.placed_full_adder += 1
        live = [bit for bit in others if bit == SIGNAL]
        if len(live) == 2:
            self._live_half(carry_used)
            return SIGNAL, SIGNAL
        return (SIGNAL if live else STUCK), STUCK

    def half(self, a: Bit, b: Bit, *, carry_used: bool = True) -> tuple[Bit, Bit]:
        """Place a half adder and return sum and carry, as `hwmodel_rtl.cells.AdderCells.half` does."""
        if a < SIGNAL:
            a, b = b, a
        if a < SIGNAL:
            return a ^ b, a & b
        if b == ONE:
            self.inverter += a == SIGNAL
            return SIGNAL, a
        if b == ZERO:
            return a, ZERO
        self.placed_half_adder += 1
        if a == SIGNAL == b:
            self._live_half(carry_used)
            return SIGNAL, SIGNAL
        return (SIGNAL if SIGNAL in (a, b) else STUCK), STUCK

    def exclusive(self, a: Bit, b: Bit) -> Bit:
        """Place an exclusive OR, unless an input is a constant."""
        if a == SIGNAL == b:
            self.xor2 += 1
            return SIGNAL
        return SIGNAL if SIGNAL in (a, b) else (a == ONE) ^ (b == ONE)

    def both(self, a: Bit, b: Bit) -> Bit:
        """Place an AND, unless an input is a constant."""
        self.gate2 += a == SIGNAL == b
        return _both(a, b)

    def either(self, a: Bit, b: Bit) -> Bit:
        """Place an OR, unless an input is a constant."""
        self.gate2 += a == SIGNAL == b
        return _either(a, b)

    def join(self, upper: Span, lower: Span) -> Span:
        """Place a node of a prefix network: of two spans of bits beside each other, whether both together generate and propagate."""
        (generates, propagates), (below_generates, below_propagates) = upper, lower
        self.prefix += propagates == SIGNAL == below_generates
        through = _both(propagates, below_generates)
        self.prefix += generates == SIGNAL == through
        self.prefix += propagates == SIGNAL == below_propagates
        return _either(generates, through), _both(propagates, below_propagates)

    def any_of(self, bits: int) -> None:
        """Place the OR (or AND) of `bits` bits."""
        if bits == 2:
            self.gate2 += 1
        else:
            self.wide += max(bits - 1, 0)

    def _live_half(self, carry_used: bool) -> None:
        if carry_used:
            self.half_adder += 1
        else:
            self.xor2 += 1
