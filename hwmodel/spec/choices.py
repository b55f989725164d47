"""Operands of several formats, one of which is chosen each cycle."""

from dataclasses import dataclass

from .codebooks import CodebookFormat
from .errors import SpecError
from .floats import FloatFormat
from .integers import IntFormat
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
