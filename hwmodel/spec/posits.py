"""Posits: tapered precision, two's complement, one code that is not a real number.

Source: Posit Standard (2022). There es is 2; es 0, 1 and 3 are the same construction with another number of exponent bits.
"""

from dataclasses import dataclass

from .errors import SpecError

POSIT_WIDTHS = range(3, 33)
POSIT_EXPONENT_BITS = range(4)
STANDARD_EXPONENT_BITS = 2


@dataclass(frozen=True)
class PositFormat:
    """A posit: sign, regime, up to `exponent_bits` exponent bits, and whatever is left as fraction.

    Parameters
    ----------
    width
        n, 3..32.
    exponent_bits
        es, 0..3.

    Raises
    ------
    SpecError
        If a parameter is out of range.
    """

    width: int
    exponent_bits: int = STANDARD_EXPONENT_BITS

    signed = True
    has_inf = False
    has_nan = True
    has_negative_zero = False
    default_overflow = "sat"

    def __post_init__(self) -> None:
        if self.width not in POSIT_WIDTHS:
            raise SpecError(f"posit format {self}: width {self.width} is not in {POSIT_WIDTHS.start}..{POSIT_WIDTHS.stop - 1}")
        if self.exponent_bits not in POSIT_EXPONENT_BITS:
            raise SpecError(
                f"posit format posit{self.width}es{self.exponent_bits}: es {self.exponent_bits} is not in "
                f"0..{POSIT_EXPONENT_BITS.stop - 1}; the 2022 standard has es 2"
            )

    def __str__(self) -> str:
        standard = self.exponent_bits == STANDARD_EXPONENT_BITS
        return f"posit{self.width}" if standard else f"posit{self.width}es{self.exponent_bits}"

    @property
    def max_exponent(self) -> int:
        """maxpos is ``2**max_exponent``, minpos ``2**-max_exponent``."""
        return (self.width - 2) << self.exponent_bits

    @property
    def fraction_bits(self) -> int:
        """Bits of the longest fraction: that of the posits around 1."""
        return max(self.width - 3 - self.exponent_bits, 0)

    @property
    def precision(self) -> int:
        """Bits of the longest significand, hidden bit included."""
        return self.fraction_bits + 1

    @property
    def lsb_exponent(self) -> int:
        """Every posit is an integer multiple of minpos."""
        return -self.max_exponent

    @property
    def max_magnitude(self) -> int:
        return 1 << (2 * self.max_exponent)

    @property
    def nan_code(self) -> int:
        """NaR, not a real."""
        return 1 << (self.width - 1)
