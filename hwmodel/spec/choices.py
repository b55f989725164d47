"""Operands of several formats, one of which is chosen each cycle."""

from dataclasses import dataclass
from functools import cached_property

from .codebooks import CodebookFormat
from .errors import SpecError
from .floats import FloatFormat
from .integers import INT_WIDTHS, IntCoding, IntFormat
from .posits import PositFormat

SimpleFormat = IntFormat | FloatFormat | PositFormat | CodebookFormat
MAX_CHOICES = 64


@dataclass(frozen=True)
class ChoiceFormat:
    """One of several formats, chosen by the unit's input ``mode_a`` or ``mode_b`` in each cycle; narrower codes lie in the low bits.

    Parameters
    ----------
    choices
        The formats, by mode.
    name
        What it is called where ``<fmt>+<fmt>`` is not its name: cfloat8 is a float format whose bias, 0..63, is the mode.

    Raises
    ------
    SpecError
        If there are fewer than two formats, too many, or one twice.
    """

    choices: tuple[SimpleFormat, ...]
    name: str = ""

    def __post_init__(self) -> None:
        if not 2 <= len(self.choices) <= MAX_CHOICES:
            raise SpecError(f"operand {self}: {len(self.choices)} formats are not in 2..{MAX_CHOICES}")
        if len(set(self.choices)) < len(self.choices):
            raise SpecError(f"operand {self}: each format can be there once")

    def __str__(self) -> str:
        return self.name or "+".join(map(str, self.choices))

    @property
    def mode_bits(self) -> int:
        """Bits of the mode; a mode past the last format counts as the last."""
        return (len(self.choices) - 1).bit_length()

    @cached_property
    def usual_modes(self) -> tuple[int, ...]:
        """A mode for each format; of formats alike but for their bias, the one whose bias is nearest to that of IEEE 754."""
        kept: dict[object, int] = {}
        for mode, fmt in enumerate(self.choices):
            key = (fmt.exponent_bits, fmt.fraction_bits, fmt.specials) if isinstance(fmt, FloatFormat) else fmt
            if key not in kept or _oddness(fmt) < _oddness(self.choices[kept[key]]):
                kept[key] = mode
        return tuple(kept.values())

    @property
    def as_integer(self) -> IntFormat | None:
        """The integer format that codes of every choice are extended to, where all are two's complement or unsigned; else None."""
        integers = [fmt for fmt in self.choices if isinstance(fmt, IntFormat) and fmt.coding is not IntCoding.SIGN_MAGNITUDE]
        if len(integers) < len(self.choices):
            return None
        width = max(fmt.width + (self.signed and not fmt.signed) for fmt in integers)
        coding = IntCoding.TWOS_COMPLEMENT if self.signed else IntCoding.UNSIGNED
        return IntFormat(width, coding) if width in INT_WIDTHS else None

    @property
    def width(self) -> int:
        return max(fmt.width for fmt in self.choices)

    @property
    def signed(self) -> bool:
        return any(fmt.signed for fmt in self.choices)

    @property
    def lsb_exponent(self) -> int:
        return min(fmt.lsb_exponent for fmt in self.choices)

    @property
    def max_magnitude(self) -> int:
        low = self.lsb_exponent
        return max(fmt.max_magnitude << (fmt.lsb_exponent - low) for fmt in self.choices)

    @property
    def has_inf(self) -> bool:
        return any(fmt.has_inf for fmt in self.choices)

    @property
    def has_nan(self) -> bool:
        return any(fmt.has_nan for fmt in self.choices)

    @property
    def has_negative_zero(self) -> bool:
        return any(fmt.has_negative_zero for fmt in self.choices)

    @property
    def default_overflow(self) -> str:
        return "ieee" if self.has_nan else "sat"


def _oddness(fmt: SimpleFormat) -> int:
    return abs(fmt.bias - (1 << (fmt.exponent_bits - 1)) + 1) if isinstance(fmt, FloatFormat) else 0
