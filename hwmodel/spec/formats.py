"""Number formats as data.

A format is a frozen description; it computes nothing but facts about itself. What its codes are worth is told by
:mod:`hwmodel.golden`, how a circuit reads them by :mod:`hwmodel_rtl`. A *code* is an unsigned integer of `width` bits.

Every operand format answers the same few questions, so that code which sizes a circuit or a table need not know its kind:

``width``
    bits of a code.
``lsb_exponent``
    every finite value is an integer multiple of ``2**lsb_exponent``.
``max_magnitude``
    the largest finite absolute value, in units of ``2**lsb_exponent`` (a Python integer, exact).
``signed``, ``has_inf``, ``has_nan``, ``has_negative_zero``
    what else a code can mean.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from .errors import SpecError

INT_WIDTHS = range(2, 33)


class Specials(Enum):
    """Which codes of a float format are not finite numbers."""

    IEEE = ""  #: exponent all ones is infinity (fraction 0) or NaN (any other fraction)
    FN = "fn"  #: no infinity; NaN is exponent and fraction all ones (OCP OFP8 E4M3)
    FNUZ = "fnuz"  #: no infinity, no negative zero; the code 10…0 is the only NaN
    NONE = "none"  #: every code is a number


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
    def has_inf(self) -> bool:
        return False

    @property
    def has_nan(self) -> bool:
        return False

    @property
    def has_negative_zero(self) -> bool:
        return self.coding is IntCoding.SIGN_MAGNITUDE

    @property
    def default_overflow(self) -> str:
        return "sat"


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

    def __post_init__(self) -> None:
        if not 1 <= self.exponent_bits <= 11:
            raise SpecError(f"float format e{self.exponent_bits}m{self.fraction_bits}: exponent width {self.exponent_bits} is not in 1..11")
        if not 0 <= self.fraction_bits <= 52:
            raise SpecError(f"float format e{self.exponent_bits}m{self.fraction_bits}: fraction width {self.fraction_bits} is not in 0..52")
        if not -(1 << 12) <= self.bias <= 1 << 12:
            raise SpecError(f"float format e{self.exponent_bits}m{self.fraction_bits}b{self.bias}: bias {self.bias} is not in -4096..4096")
        if self.specials is Specials.IEEE and self.fraction_bits == 0:
            raise SpecError(
                f"float format e{self.exponent_bits}m0: IEEE style needs a fraction bit to tell NaN from infinity; "
                f"use e{self.exponent_bits}m0fn or e{self.exponent_bits}m0none"
            )
        if self.specials is Specials.FNUZ and not self.signed:
            raise SpecError(
                f"float format e{self.exponent_bits}m{self.fraction_bits}fnuz: an unsigned format has no code 10…0 to spare for NaN"
            )
        if self.exponent_bits == 1 and self.fraction_bits == 0:
            raise SpecError("float format e1m0: no code would be a number other than 0 and one power of two; give it a fraction bit")

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

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal binade."""
        return (1 if self.subnormals else 0) - self.bias

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the finest unit: every finite value is a multiple of ``2**lsb_exponent``."""
        return self.emin - self.fraction_bits

    @property
    def max_finite_code(self) -> int:
        """Code of the largest finite value (positive)."""
        top = (self.exponent_mask << self.fraction_bits) | self.fraction_mask
        if self.specials is Specials.IEEE:
            return top - (1 << self.fraction_bits)
        return top - (self.specials is Specials.FN)

    @property
    def emax(self) -> int:
        """Exponent of the binade that holds the largest finite value (`emin` if that is a subnormal)."""
        return max((self.max_finite_code >> self.fraction_bits) - self.bias, self.emin)

    @property
    def max_significand(self) -> int:
        """Significand, hidden bit included, of the largest finite value: ``max = max_significand * 2**(emax - M)``."""
        code = self.max_finite_code
        hidden = (code >> self.fraction_bits) > 0 or not self.subnormals
        return (int(hidden) << self.fraction_bits) | (code & self.fraction_mask)

    @property
    def max_magnitude(self) -> int:
        """Largest finite value in units of ``2**lsb_exponent``."""
        return self.max_significand << (self.emax - self.emin)

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


Format = IntFormat | FloatFormat
