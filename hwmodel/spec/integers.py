"""Integer formats: two's complement, unsigned, sign and magnitude."""

from dataclasses import dataclass
from enum import Enum

from .errors import SpecError

INT_WIDTHS = range(2, 33)


class IntCoding(Enum):
    """How an integer code carries its sign."""

    TWOS_COMPLEMENT = "int"
    UNSIGNED = "uint"
    SIGN_MAGNITUDE = "sm"  #: top bit is the sign; there is a negative zero


@dataclass(frozen=True)
class IntFormat:
    """An integer format: two's complement, unsigned or sign-magnitude.

    Raises
    ------
    SpecError
        If `width` is not in 2..32.
    """

    width: int
    coding: IntCoding = IntCoding.TWOS_COMPLEMENT

    has_inf = False
    has_nan = False
    default_overflow = "sat"

    def __post_init__(self) -> None:
        if self.width not in INT_WIDTHS:
            raise SpecError(f"integer format {self}: width {self.width} is not in {INT_WIDTHS.start}..{INT_WIDTHS.stop - 1}")

    def __str__(self) -> str:
        return f"{self.coding.value}{self.width}"

    @property
    def signed(self) -> bool:
        return self.coding is not IntCoding.UNSIGNED

    @property
    def lsb_exponent(self) -> int:
        return 0

    @property
    def min_value(self) -> int:
        if self.coding is IntCoding.UNSIGNED:
            return 0
        return -(1 << (self.width - 1)) + (self.coding is IntCoding.SIGN_MAGNITUDE)

    @property
    def max_value(self) -> int:
        return (1 << (self.width - self.signed)) - 1

    @property
    def max_magnitude(self) -> int:
        return max(self.max_value, -self.min_value)

    @property
    def has_negative_zero(self) -> bool:
        return self.coding is IntCoding.SIGN_MAGNITUDE
