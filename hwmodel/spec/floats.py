"""Binary floating-point formats: the whole minifloat family, and the IEEE formats, as data."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property

from .errors import SpecError


class Specials(Enum):
    """Which codes of a float format are not finite numbers."""

    IEEE = ""  #: exponent all ones is infinity (fraction 0) or NaN (any other fraction)
    FN = "fn"  #: no infinity; NaN is exponent and fraction all ones (OCP OFP8 E4M3)
    FNUZ = "fnuz"  #: no infinity, no negative zero; the code 10…0 is the only NaN
    NONE = "none"  #: every code is a number

    __hash__ = object.__hash__  # a member is one object, and that of Enum is slow


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format with an exponent field and a fraction field: ``[sign] exponent fraction``.

    Parameters
    ----------
    exponent_bits
        Width of the exponent field, 1..11.
    fraction_bits
        Width of the stored fraction M, 0..52. The significand has one bit more (the hidden bit).
    bias
        Exponent bias B: a normal code is worth ``(-1)**s * (1 + f/2**M) * 2**(e-B)``.
    specials
        Which codes are infinity or NaN.
    signed
        Whether there is a sign bit.
    subnormals
        If true, ``e = 0`` means ``f * 2**(1-B-M)``. If false, ``e = 0`` is a binade like any other, except that the
        code 0 (and its negative) is zero.
    halved
        Subnormals are worth half as much, ``f * 2**(-B-M)``: as the text of Tesla's Dojo paper has it.
    zero
        Whether code 0 is zero. Without a zero (the scale format of OCP MX) it is ``2**-B``.

    Raises
    ------
    SpecError
        If a field is out of range or the specials have no code to live in.
    """

    exponent_bits: int
    fraction_bits: int
    bias: int
    specials: Specials = Specials.IEEE
    signed: bool = True
    subnormals: bool = True
    halved: bool = False
    zero: bool = True

    def __post_init__(self) -> None:
        if self.fraction_bits == 0 and self.zero:
            # The lowest binade then holds nothing but zero, whatever e = 0 means: one format, one description.
            object.__setattr__(self, "subnormals", True)
        if not 1 <= self.exponent_bits <= 11:
            raise SpecError(f"float format {self._stem}: exponent width {self.exponent_bits} is not in 1..11")
        if not 0 <= self.fraction_bits <= 52:
            raise SpecError(f"float format {self._stem}: fraction width {self.fraction_bits} is not in 0..52")
        if not -(1 << 12) <= self.bias <= 1 << 12:
            raise SpecError(f"float format {self._stem}: bias {self.bias} is not in -4096..4096")
        if self.exponent_bits == 1 and self.fraction_bits == 0:
            raise SpecError(
                f"float format {self._stem}: no code would be a number other than 0 and one power of two; "
                f"give it a fraction bit, as in e1m1none"
            )
        if self.specials is Specials.IEEE and self.fraction_bits == 0:
            raise SpecError(
                f"float format {self._stem}: IEEE style needs a fraction bit to tell NaN from infinity; "
                f"use e{self.exponent_bits}m0fn or e{self.exponent_bits}m0none"
            )
        if self.specials is Specials.FNUZ and not self.signed:
            raise SpecError(f"float format {self._stem}: an unsigned format has no code 10…0 to spare for NaN; use fn or none")
        if not self.zero and (self.subnormals or self.signed):
            raise SpecError(f"float format {self._stem}: only an unsigned format without subnormals can lack a zero")
        if self.halved and (not self.subnormals or self.exponent_bits == 1):
            raise SpecError(f"float format {self._stem}: halved subnormals need subnormals, and two exponent bits")

    @property
    def _stem(self) -> str:
        """The name by the grammar, of a format that may not be one; the bias only where it is not the usual."""
        ieee = (1 << max(self.exponent_bits - 1, 0)) - 1
        bias = "" if self.exponent_bits > 11 or self.bias == ieee + (self.specials is Specials.FNUZ) else f"b{self.bias}"
        low = "half" if self.halved else "" if self.subnormals else "nosub"
        return f"e{self.exponent_bits}m{self.fraction_bits}{bias}{self.specials.value}{'' if self.signed else 'u'}{low}"

    def __str__(self) -> str:
        from .catalog import format_name

        return format_name(self)

    @property
    def width(self) -> int:
        return self.signed + self.exponent_bits + self.fraction_bits

    @property
    def precision(self) -> int:
        """Bits of the significand, hidden bit included."""
        return self.fraction_bits + 1

    @property
    def exponent_mask(self) -> int:
        return (1 << self.exponent_bits) - 1

    @property
    def fraction_mask(self) -> int:
        return (1 << self.fraction_bits) - 1

    @property
    def sign_mask(self) -> int:
        """The sign bit's place as a mask; 0 if unsigned."""
        return int(self.signed) << (self.exponent_bits + self.fraction_bits)

    @cached_property
    def emin(self) -> int:
        """Exponent of the smallest normal binade."""
        return (1 if self.subnormals else 0) - self.bias

    @cached_property
    def lsb_exponent(self) -> int:
        """Exponent of the finest unit: every finite value is a multiple of ``2**lsb_exponent``."""
        return self.emin - self.halved - self.fraction_bits

    @cached_property
    def max_finite_code(self) -> int:
        """Code of the largest finite value (positive)."""
        top = (self.exponent_mask << self.fraction_bits) | self.fraction_mask
        if self.specials is Specials.IEEE:
            return top - (1 << self.fraction_bits)
        return top - (self.specials is Specials.FN)

    @cached_property
    def emax(self) -> int:
        """Exponent of the binade that holds the largest finite value (`emin` if that is a subnormal)."""
        return max((self.max_finite_code >> self.fraction_bits) - self.bias, self.emin)

    @cached_property
    def max_significand(self) -> int:
        """Significand, hidden bit included, of the largest finite value: ``max = max_significand * 2**(emax - M)``."""
        code = self.max_finite_code
        hidden = (code >> self.fraction_bits) > 0 or not self.subnormals
        return (int(hidden) << self.fraction_bits) | (code & self.fraction_mask)

    @cached_property
    def max_magnitude(self) -> int:
        """Largest finite value in units of ``2**lsb_exponent``."""
        return self.max_significand << (self.emax - self.fraction_bits - self.lsb_exponent)

    @property
    def max_value(self) -> Fraction:
        return self.max_significand * Fraction(2) ** (self.emax - self.fraction_bits)

    @property
    def has_inf(self) -> bool:
        return self.specials is Specials.IEEE

    @property
    def has_nan(self) -> bool:
        return self.specials is not Specials.NONE

    @property
    def has_negative_zero(self) -> bool:
        return self.signed and self.specials is not Specials.FNUZ

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity, or None."""
        return self.exponent_mask << self.fraction_bits if self.has_inf else None

    @property
    def nan_code(self) -> int | None:
        """The canonical NaN: the positive quiet NaN of IEEE 754 (top fraction bit set), or the format's only one."""
        match self.specials:
            case Specials.IEEE:
                return (self.exponent_mask << self.fraction_bits) | (1 << (self.fraction_bits - 1))
            case Specials.FN:
                return (self.exponent_mask << self.fraction_bits) | self.fraction_mask
            case Specials.FNUZ:
                return self.sign_mask
            case Specials.NONE:
                return None

    @property
    def default_overflow(self) -> str:
        """`ieee` where there is an infinity or a NaN to overflow to, else `sat`."""
        return "ieee" if self.has_nan else "sat"
