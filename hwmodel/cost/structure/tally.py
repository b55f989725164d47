"""Circuits in the making: bits on their way through them, and a builder that counts the cells that they meet.

A bit on its way through a circuit is one of four things, and what a full adder costs depends on which it meets: a signal, a constant 0 or 1
that the generator folds while it builds, or a signal that is in fact always 0, which only the mapper finds out.
"""

from collections.abc import Sequence
from functools import lru_cache

from .cells import (
    FULL_ADDER,
    GATE2,
    HALF_ADDER,
    INVERTER,
    PLACED_FULL_ADDER,
    PLACED_HALF_ADDER,
    PREFIX,
    WIDE,
    XOR2,
    Packed,
    counts_of,
)

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


def _both(a: Bit, b: Bit) -> Bit:
    if ONE in (a, b):
        return b if a == ONE else a
    return SIGNAL if a == SIGNAL == b else ZERO


def _either(a: Bit, b: Bit) -> Bit:
    if ONE in (a, b):
        return ONE
    return SIGNAL if SIGNAL in (a, b) else ZERO


_WHOLE_FULL, _SUM_OF_FULL = PLACED_FULL_ADDER + FULL_ADDER, PLACED_FULL_ADDER + 2 * XOR2


class Tally:
    """Counts in the making: a builder that places cells as the circuit generators do, and only counts them.

    Attributes
    ----------
    cells
        What has been placed so far.
    """

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: Packed = 0

    def include_placed(self, other: "Tally") -> None:
        """Add what another has placed, as instances alone: a mapper finds them unused."""
        placed = counts_of(other.cells)
        self.cells += placed.placed_full_adder * PLACED_FULL_ADDER + placed.placed_half_adder * PLACED_HALF_ADDER

    def full(self, a: Bit, b: Bit, c: Bit, *, carry_used: bool = True) -> tuple[Bit, Bit]:
        """Place a full adder and return sum and carry, as `hwmodel_rtl.cells.AdderCells.full` does."""
        if a == SIGNAL == b and c == SIGNAL:
            self.cells += _WHOLE_FULL if carry_used else _SUM_OF_FULL
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
            self.cells += XOR2 + carry_used * GATE2
            return SIGNAL, SIGNAL
        # Three signals, some of them always 0.
        self.cells += PLACED_FULL_ADDER
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
            self.cells += (a == SIGNAL) * INVERTER
            return SIGNAL, a
        if b == ZERO:
            return a, ZERO
        self.cells += PLACED_HALF_ADDER
        if a == SIGNAL == b:
            self._live_half(carry_used)
            return SIGNAL, SIGNAL
        return (SIGNAL if SIGNAL in (a, b) else STUCK), STUCK

    def exclusive(self, a: Bit, b: Bit) -> Bit:
        """Place an exclusive OR, unless an input is a constant."""
        if a == SIGNAL == b:
            self.cells += XOR2
            return SIGNAL
        return SIGNAL if SIGNAL in (a, b) else (a == ONE) ^ (b == ONE)

    def both(self, a: Bit, b: Bit) -> Bit:
        """Place an AND, unless an input is a constant."""
        self.cells += (a == SIGNAL == b) * GATE2
        return _both(a, b)

    def either(self, a: Bit, b: Bit) -> Bit:
        """Place an OR, unless an input is a constant."""
        self.cells += (a == SIGNAL == b) * GATE2
        return _either(a, b)

    def join(self, upper: Span, lower: Span) -> Span:
        """Place a node of a prefix network: of two spans of bits beside each other, whether both together generate and propagate."""
        (generates, propagates), (below_generates, below_propagates) = upper, lower
        nodes = int(propagates == SIGNAL == below_generates)
        through = _both(propagates, below_generates)
        nodes += generates == SIGNAL == through
        nodes += propagates == SIGNAL == below_propagates
        self.cells += nodes * PREFIX
        return _either(generates, through), _both(propagates, below_propagates)

    def any_of(self, bits: int) -> None:
        """Place the OR (or AND) of `bits` bits."""
        if bits == 2:
            self.cells += GATE2
        elif bits > 2:
            self.cells += (bits - 1) * WIDE

    def _live_half(self, carry_used: bool) -> None:
        self.cells += HALF_ADDER if carry_used else XOR2
