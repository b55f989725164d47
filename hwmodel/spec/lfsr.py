"""The source of random bits that goes with a stochastically rounding unit: a linear-feedback shift register, as data."""

import math
from dataclasses import dataclass

from .errors import SpecError
from .mac import MacSpec

TAPS: dict[int, tuple[int, ...]] = {
    17: (17, 14),
    31: (31, 28),
    61: (61, 60, 46, 45),
    89: (89, 51),
}
MAX_WORD_BITS = 64
"""Taps of maximal-length registers by their width.

Source: P. Alfke, "Efficient Shift Registers, LFSR Counters, and Long Pseudo-Random Sequence Generators", Xilinx XAPP 052 (1996),
table 3. Of these widths 2^n - 1 is prime: then the words that a register gives in steps of any length have the full period too.
"""


@dataclass(frozen=True)
class Lfsr:
    """A Fibonacci register that gives a word of fresh bits each cycle.

    Its bits are one sequence, in which each is the exclusive or of those `taps` places before it. Bit i of the state is the
    bit of i places ago; the word of a cycle is the low `word_bits` bits; a cycle moves on by as many places, so no bit is
    in two words.

    Parameters
    ----------
    word_bits
        Bits of a word, 1..64.
    seed
        The state after reset; not 0, which the register would never leave.

    Raises
    ------
    SpecError
        If a parameter is out of range.
    """

    word_bits: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.word_bits <= MAX_WORD_BITS:
            raise SpecError(f"LFSR: a word of {self.word_bits} bits is not in 1..{MAX_WORD_BITS}")
        if not 1 <= self.seed < 1 << self.width:
            raise SpecError(f"LFSR: the seed {self.seed} is not in 1..{(1 << self.width) - 1}; the register has {self.width} bits")

    @classmethod
    def of(cls, spec: MacSpec, seed: int | None = None) -> "Lfsr":
        """Return the register that drives the input `rand` of a unit; its seed, if not given, is `mixed_seed`.

        Raises
        ------
        SpecError
            If the unit has none, or the seed is out of range.
        """
        if not spec.random_bits:
            raise SpecError(f"unit {spec}: no accumulator rounds stochastically (.sr<k>), so there is no rand for an LFSR to drive")
        return cls(spec.random_bits, mixed_seed(_register_bits(spec.random_bits)) if seed is None else seed)

    @property
    def width(self) -> int:
        """Bits of the register: the narrowest of `TAPS` that holds a word."""
        return _register_bits(self.word_bits)

    @property
    def taps(self) -> tuple[int, ...]:
        """How many places before a bit those lie that make it."""
        return TAPS[self.width]


def _register_bits(word_bits: int) -> int:
    return min(width for width in TAPS if width >= word_bits)


def mixed_seed(width: int) -> int:
    """Return the first `width` bits of the golden ratio's fraction: ones and zeros from the first word on, and nothing chosen by us."""
    return (math.isqrt(5 << 2 * width) - (1 << width)) >> 1
