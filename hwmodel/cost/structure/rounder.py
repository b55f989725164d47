"""Cells of the rounder, as `hwmodel_rtl.rounder` builds it."""

from .adders import add
from .cells import FULL_ADDER, GATE2, HALF_ADDER, MUX2, XOR2
from .tally import SIGNAL, STUCK, Bit, Tally, constant, signals


def round_significand(tally: Tally, value: int, precision: int, rounding: str, adder: str, random_bits: int = 0, gap: bool = False) -> Bit:
    """Count the rounding of `value` bits to `precision`; return the carry that leaves the top.

    With `gap` there are no numbers between zero and ``10…01`` in the lowest binade: what lies there is rounded to either.
    """
    dropped = max(value - precision, 0)
    if gap:
        tally.any_of(precision + 1)
        tally.cells += precision * GATE2  # zero there, but for the first and the last bit
        tally.cells += (min(precision, 2) if rounding != "rtz" else 0) * MUX2
        if rounding in ("rne", "rna"):
            tally.any_of(precision + 2)
    if random_bits:
        spare = max(random_bits - dropped, 0)
        addend = signals(random_bits) + constant(0, precision)
        if gap:
            tally.cells += random_bits * GATE2
            tally.any_of(precision + 1)
            scaled = constant(0, precision - 1) + signals(random_bits) + constant(0, 1)
            addend = add(tally, addend, scaled)[:-1]
        add(tally, constant(0, spare) + signals(random_bits - spare + precision), addend, kind=adder, carry_used=True)
        _drop_sums(tally, random_bits - spare, adder)
        tally.cells += GATE2
        return SIGNAL
    if dropped == 0 or rounding == "rtz":
        return STUCK
    if rounding == "rne":
        tally.any_of(dropped - 1)
        tally.cells += 2 * GATE2
    kept = constant(0, precision - min(precision, value)) + signals(min(precision, value))
    add(tally, kept, constant(0, precision), SIGNAL, adder, carry_used=True)
    tally.cells += GATE2
    return SIGNAL


def bits_looked_at(precision: int, rounding: str, random_bits: int) -> int | None:
    """Return how many bits of a normalised number its rounding looks at; None: all, for a tie is told by the last."""
    if random_bits:
        return precision + random_bits
    return {"rtz": precision, "rna": precision + 1}.get(rounding)


def _drop_sums(tally: Tally, bits: int, adder: str) -> None:
    """Take off what an adder's lowest `bits` bits have for their sums alone: of them there is only the carry left."""
    if bits < 1:
        return
    if adder == "ripple":
        tally.cells -= HALF_ADDER
        tally.cells -= (bits - 1) * FULL_ADDER
        tally.cells += (1 + 4 * (bits - 1)) * GATE2  # an AND, then majorities
    else:
        tally.cells -= (bits - 1) * XOR2  # the lowest has no carry to add
