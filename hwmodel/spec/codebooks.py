"""Codebooks: formats whose codes are places in a table of numbers."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from .errors import SpecError
from .floats import FloatFormat

MAX_CODEBOOK_BITS = 8


@dataclass(frozen=True)
class CodebookFormat:
    """A format whose code i is worth ``values[i]``.

    Parameters
    ----------
    name
        What it is called.
    values
        2^n numbers, n in 1..8, rising.
    entry_format
        With it the format is an operand: a circuit multiplies each entry rounded once, to nearest even, to this float format.

    Raises
    ------
    SpecError
        If the values are not finite, not rising, or not 2^n.
    """

    name: str
    values: tuple[Fraction, ...]
    entry_format: FloatFormat | None = None

    has_inf = False
    has_nan = False
    has_negative_zero = False
    default_overflow = "sat"

    def __post_init__(self) -> None:
        count = len(self.values)
        if count & (count - 1) or not 2 <= count <= 1 << MAX_CODEBOOK_BITS:
            raise SpecError(f"codebook {self.name}: {count} entries are not 2^n with n in 1..{MAX_CODEBOOK_BITS}")
        for low, high in zip(self.values, self.values[1:], strict=False):
            if low == high:
                raise SpecError(f"codebook {self.name}: the entry {float(low)!r} is there twice; each must be there once")
            if low > high:
                raise SpecError(f"codebook {self.name}: entries must rise, and {float(high)!r} comes after {float(low)!r}")
        if self.entry_format is not None:
            limit = self.entry_format.max_value
            for value in self.values:
                if abs(value) > limit or (value < 0 and not self.entry_format.signed):
                    raise SpecError(
                        f"codebook {self.name}@{self.entry_format}: the entry {float(value)!r} is outside the range of {self.entry_format}"
                    )

            if not any(self.entries):
                raise SpecError(f"codebook {self.name}@{self.entry_format}: every entry rounds to 0 in {self.entry_format}")

    def __str__(self) -> str:
        return self.name if self.entry_format is None else f"{self.name}@{self.entry_format}"

    def held_as(self, entry_format: FloatFormat) -> "CodebookFormat":
        """Return the operand format whose entries are rounded to `entry_format`."""
        return replace(self, entry_format=entry_format)

    @property
    def width(self) -> int:
        return len(self.values).bit_length() - 1

    @cached_property
    def entries(self) -> tuple[Fraction, ...]:
        """What each code is worth in a circuit: the values, rounded to `entry_format` where there is one."""
        fmt = self.entry_format
        return self.values if fmt is None else tuple(_nearest(value, fmt) for value in self.values)

    @property
    def signed(self) -> bool:
        return self.values[0] < 0

    @cached_property
    def lsb_exponent(self) -> int:
        # Denominators are powers of two: entries are floats.
        return min(_lowest_bit(entry) for entry in self.entries if entry)

    @cached_property
    def max_magnitude(self) -> int:
        return int(max(map(abs, self.entries)) / Fraction(2) ** self.lsb_exponent)


def _nearest(value: Fraction, fmt: FloatFormat) -> Fraction:
    """Return `value` rounded to nearest even in `fmt`, which has room for it."""
    if value == 0:
        return value
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    exponent -= abs(value) < Fraction(2) ** exponent
    unit = Fraction(2) ** (max(exponent, fmt.emin) - fmt.fraction_bits)
    return round(value / unit) * unit


def _lowest_bit(number: Fraction) -> int:
    numerator = abs(number.numerator)
    return (numerator & -numerator).bit_length() - number.denominator.bit_length()
