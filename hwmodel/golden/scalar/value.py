"""An extended real number: finite with a sign of zero, infinite, or NaN."""

import math
import numbers
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction


def dyadic(integer: int, exponent: int) -> Fraction:
    """Return ``integer * 2**exponent``, in a third of the time that a power of a fraction takes."""
    return Fraction(integer << exponent) if exponent >= 0 else Fraction(integer, 1 << -exponent)


class Kind(Enum):
    FINITE = "finite"
    INFINITE = "infinite"
    NAN = "NaN"


_SHOWN_BITS = 128
"""Of a numerator or denominator that is written out."""


def _twos(integer: int) -> int:
    """Return how often 2 divides an integer; 0 of 0."""
    return (integer & -integer).bit_length() - 1 if integer else 0


@dataclass(frozen=True, repr=False)
class Value:
    """What a code means.

    Parameters
    ----------
    number
        The exact number; 0 unless `kind` is ``FINITE``.
    negative
        The sign. It tells -0 from +0 and -inf from +inf; a NaN has none (false).
    kind
        Finite, infinite or NaN.
    """

    number: Fraction = Fraction(0)
    negative: bool = False
    kind: Kind = Kind.FINITE

    @classmethod
    def of(cls, number: "Value | float | numbers.Rational") -> "Value":
        """Return the value of a Python or NumPy number, exactly. A rational zero is +0."""
        if isinstance(number, Value):
            return number
        if not isinstance(number, float) and isinstance(number, numbers.Rational):
            return cls(Fraction(int(number.numerator), int(number.denominator)), number < 0)
        number = float(number)
        if math.isnan(number):
            return NAN
        if math.isinf(number):
            return cls(negative=number < 0, kind=Kind.INFINITE)
        return cls(Fraction(number), math.copysign(1.0, number) < 0)

    @property
    def is_nan(self) -> bool:
        return self.kind is Kind.NAN

    @property
    def is_infinite(self) -> bool:
        return self.kind is Kind.INFINITE

    @property
    def is_finite(self) -> bool:
        return self.kind is Kind.FINITE

    @property
    def is_zero(self) -> bool:
        return self.is_finite and self.number == 0

    def __float__(self) -> float:
        """The nearest float64."""
        if self.is_nan:
            return math.nan
        magnitude = math.inf if self.is_infinite else abs(float(self.number))
        return -magnitude if self.negative else magnitude

    def __repr__(self) -> str:
        """The value as it is read; numbers of very many digits, as fp80 has, with a power of two taken out."""
        if not self.is_finite:
            return "Value(nan)" if self.is_nan else f"Value({'-' if self.negative else ''}inf)"
        top, bottom = abs(self.number).as_integer_ratio()
        power = _twos(top) - _twos(bottom)
        short = max(top.bit_length(), bottom.bit_length()) <= _SHOWN_BITS
        fraction = abs(self.number) if short else Fraction(top >> _twos(top), bottom >> _twos(bottom))
        return f"Value({'-' if self.negative else ''}{fraction}{'' if short else f' * 2**{power}'})"

    def __add__(self, other: "Value") -> "Value":
        """The exact sum, with the rules of IEEE 754-2019 sections 6.1 to 6.3 for what is not a number or zero."""
        if self.is_nan or other.is_nan:
            return NAN
        if self.is_infinite and other.is_infinite and self.negative != other.negative:
            return NAN
        if self.is_infinite or other.is_infinite:
            return self if self.is_infinite else other
        total = self.number + other.number
        both_negative_zero = self.is_zero and other.is_zero and self.negative and other.negative
        return Value(total, total < 0 or both_negative_zero)

    def __mul__(self, other: "Value") -> "Value":
        """The exact product; its sign is the exclusive or of the signs, for zeros and infinities too."""
        if self.is_nan or other.is_nan or (self.is_infinite and other.is_zero) or (self.is_zero and other.is_infinite):
            return NAN
        negative = self.negative != other.negative
        if self.is_infinite or other.is_infinite:
            return Value(negative=negative, kind=Kind.INFINITE)
        return Value(self.number * other.number, negative)


NAN = Value(kind=Kind.NAN)
