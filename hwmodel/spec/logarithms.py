"""Logarithmic formats: a sign and the logarithm to base 2, in steps of 1/γ.

A product is a sum of logarithms, and exact. To be accumulated it becomes linear through a table of γ entries,
``T[i] = rne(2**(i/γ) * 2**t)``: the product counts as ``T[x mod γ] * 2**(floor(x/γ) - t)`` and is exact from there on.

Where the sources leave a code open it is settled here as in posits: code 0 is the one zero, ``10…0`` is not a real number.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

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

    @cached_property
    def lowest_logs(self) -> tuple[int, ...]:
        """Of each step inside the octave that some x stands at, the smallest such x; there are γ steps at most."""
        lowest: dict[int, int] = {}
        for log in self._rising_logs():
            lowest.setdefault(log & (self.gamma - 1), log)
            if len(lowest) == self.gamma:
                break
        return tuple(lowest.values())

    def _rising_logs(self) -> Iterator[int]:
        """Yield every x, rising."""
        if self.regime_exponent_bits is None:
            yield from range(-self.max_log, self.max_log + 1)
            return
        tail = self.regime_exponent_bits + self.step_bits
        for regime in range(2 - self.width, self.width - 1):
            run = regime + 1 if regime >= 0 else -regime
            # What the run, the bit that ends it and the sign leave of the code; bits beyond its end are 0.
            held = min(max(self.width - 2 - run, 0), tail)
            yield from range(regime << tail, (regime + 1) << tail, 1 << (tail - held))

    @property
    def lsb_exponent(self) -> int:
        """As a number that became linear through the table."""
        return linear_range(self)[0]

    @property
    def max_magnitude(self) -> int:
        return linear_range(self)[1]

    @property
    def nan_code(self) -> int:
        """``10…0``: not a real number."""
        return 1 << (self.width - 1)


@lru_cache(maxsize=1 << 10)
def linear_range(*factors: LogFormat) -> tuple[int, int]:
    """Return how fine and how large products are once they are linear.

    Parameters
    ----------
    *factors
        Formats of the numbers that are multiplied, all with the table of the first.

    Returns
    -------
    lsb_exponent, max_magnitude
        The products are multiples of ``2**lsb_exponent``, of no larger power of two all of them, and the largest is
        `max_magnitude` times that.
    """
    table, gamma, octave_bits = factors[0].table, factors[0].gamma, factors[0].step_bits
    sums = {0: 0}  # by step inside the octave, the smallest sum of logarithms
    for factor in factors:
        totals = sorted(low + log for low in sums.values() for log in factor.lowest_logs)
        sums = {total & (gamma - 1): total for total in reversed(totals)}
    # An entry that ends in zeros needs no unit as fine as the table's.
    finest = min((total >> octave_bits) + (table[step] & -table[step]).bit_length() - 1 for step, total in sums.items())
    octave, step = divmod(sum(factor.max_log for factor in factors), gamma)
    # Dividing is exact: the largest product, too, is a multiple of the unit.
    largest = table[step] << octave - finest if octave >= finest else table[step] >> finest - octave
    return finest - factors[0].table_bits, largest


def _root(number: int, times: int) -> int:
    """Return the floor of the ``2**times``-th root, as so many square roots: the floor of a root of a floor is that of the root."""
    for _ in range(times):
        number = math.isqrt(number)
    return number
