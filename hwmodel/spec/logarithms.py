"""Logarithmic formats: a sign and the logarithm to base 2, in steps of 1/γ.

A product is a sum of logarithms, and exact. To be accumulated it becomes linear through a table of γ entries,
``T[i] = rne(2**(i/γ) * 2**t)``: the product counts as ``T[x mod γ] * 2**(floor(x/γ) - t)`` and is exact from there on.

Where the sources leave a code open it is settled here as in posits: code 0 is the one zero, ``10…0`` is not a real number.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from .errors import SpecError

LOG_WIDTHS = range(3, 17)
MAX_STEP_BITS = 6
EXTRA_TABLE_BITS = 4
"""Default t above log2 γ: the table is then off by less than a tenth of what the format's own steps are."""


@dataclass(frozen=True)
class LogFormat:
    """A logarithmic format; values are ``±2**(x/γ)``.

    Parameters
    ----------
    width
        Bits of a code, 3..16.
    step_bits
        log2 γ: fraction bits of the logarithm. γ is a power of two, so that ``x mod γ`` and ``floor(x/γ)`` are bit fields.
    table_bits
        t, fraction bits of the table that makes products linear.
    regime_exponent_bits
        None: the code is sign and ``x + 2**(width-2)``. Otherwise x is tapered: the code reads as a posit with so many exponent bits,
        whose fraction is the fraction of the logarithm (ELMA, arXiv 1811.01721).

    Raises
    ------
    SpecError
        If a parameter is out of range.
    """

    width: int
    step_bits: int
    table_bits: int
    regime_exponent_bits: int | None = None

    signed = True
    has_inf = False
    has_nan = True
    has_negative_zero = False
    default_overflow = "sat"

    def __post_init__(self) -> None:
        if self.width not in LOG_WIDTHS:
            raise SpecError(f"logarithmic format {self}: width {self.width} is not in {LOG_WIDTHS.start}..{LOG_WIDTHS.stop - 1}")
        if not 0 <= self.step_bits <= min(MAX_STEP_BITS, self.width - 2):
            raise SpecError(
                f"logarithmic format {self}: γ {self.gamma} is not a power of two in 1..{1 << min(MAX_STEP_BITS, self.width - 2)}"
            )
        if not self.step_bits <= self.table_bits <= 16:
            raise SpecError(f"logarithmic format {self}: a table of {self.table_bits} fraction bits is not in {self.step_bits}..16")

    def __str__(self) -> str:
        from .catalog import format_name

        return format_name(self)

    @property
    def gamma(self) -> int:
        """γ: steps to an octave."""
        return 1 << self.step_bits

    @property
    def max_log(self) -> int:
        """Largest x; the smallest is its negative."""
        if self.regime_exponent_bits is None:
            return (1 << (self.width - 2)) - 1
        return (self.width - 2) << (self.regime_exponent_bits + self.step_bits)

    def adds_to(self, other: "LogFormat") -> bool:
        """Whether a number of `other` can be multiplied with one of this format."""
        return (self.step_bits, self.table_bits) == (other.step_bits, other.table_bits)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """T: γ integers of t + 1 bits, ``2**(i/γ)`` in units of ``2**-t``, rounded to nearest; none but the first is exact."""
        entries = []
        for i in range(self.gamma):
            # floor(2 * 2**(i/γ) * 2**t) is the γ-th root of an integer; its last bit says which way to round.
            doubled = _root(1 << (i + self.gamma * (self.table_bits + 1)), self.step_bits)
            entries.append((doubled + 1) >> 1)
        return tuple(entries)

    @property
    def lsb_exponent(self) -> int:
        """As a number that became linear through the table."""
        return (-self.max_log >> self.step_bits) - self.table_bits

    @property
    def max_magnitude(self) -> int:
        octave, step = divmod(self.max_log, self.gamma)
        return self.table[step] << (octave - self.table_bits - self.lsb_exponent)

    @property
    def nan_code(self) -> int:
        """``10…0``: not a real number."""
        return 1 << (self.width - 1)


def _root(number: int, times: int) -> int:
    """Return the floor of the ``2**times``-th root, as so many square roots: the floor of a root of a floor is that of the root."""
    for _ in range(times):
        number = math.isqrt(number)
    return number
