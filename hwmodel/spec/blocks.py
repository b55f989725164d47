"""Block formats as data: many elements that share a scale.

An element is worth ``decode(code) * 2**-point * scale``; with sub-blocks that times ``2**-shift`` of its sub-block, with an outer
scale that times the scale of its row or tensor. The named formats and the grammar of names are in
:mod:`hwmodel.spec.block_catalog`.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from .choices import SimpleFormat
from .codebooks import CodebookFormat
from .errors import SpecError, nearest
from .floats import FloatFormat, Specials
from .integers import IntCoding, IntFormat
from .posits import PositFormat

SHIFT_RULES: dict[str, str] = {
    "floor": "2^(floor(log2 amax) - emax)",
    "ceil": "2^(ceil(log2 amax) - emax)",
    "rne": "2^(floor(log2 of amax rounded to the element's precision) - emax)",
    "rceil": "2^ceil(log2(amax / max))",
}
"""Rules for scales that are powers of two; emax is floor(log2 max), max the largest element."""

SCALE_RULES: dict[str, str] = SHIFT_RULES | {"amax": "amax / max, rounded to nearest even in the scale's format"}
"""All rules, by name: what a block's scale is before it is brought into the scale's range."""

OUTER_SCALES = ("tensor", "channel")

MAX_BLOCK = 1 << 16
MAX_SHIFT_BITS = 4
MAX_ELEMENT_BITS = 16
MAX_SCALE_BITS = 12


@dataclass(frozen=True)
class BlockFormat:
    """A block format.

    Parameters
    ----------
    element
        Format of an element, of at most 16 bits: an integer, a float, a posit or a codebook.
    size
        k, elements that share a scale; None: the whole tensor.
    scale
        Format of a block's scale, unsigned, of at most 12 bits.
    rule
        How the scale follows from a block's largest magnitude: a name in `SCALE_RULES`.
    point
        Elements are worth ``2**-point`` times what their format says: the binary point of integer elements.
    sub_size
        Elements that share a shift; 0: there are none.
    shift_bits
        Bits of that shift. It is what a sub-block's exponent lies below the block's, as far as the bits go.
    outer
        ``"tensor"`` or ``"channel"``: block scales are relative to an FP32 of the tensor, or of the row along the blocked axis;
        empty: there is none. It makes the largest magnitude under it the largest element times the largest scale.
    symmetric
        Two's complement elements never take the most negative number.

    Raises
    ------
    SpecError
        If a field is out of range, or two do not go together.
    """

    element: SimpleFormat
    size: int | None
    scale: FloatFormat | IntFormat
    rule: str = "floor"
    point: int = 0
    sub_size: int = 0
    shift_bits: int = 0
    outer: str = ""
    symmetric: bool = False

    def __post_init__(self) -> None:
        name = self.spelled
        if self.element.width > MAX_ELEMENT_BITS:
            raise SpecError(
                f"block format {name}: {self.element} cannot be an element; allowed are integers, floats, posits and codebooks "
                f"of at most {MAX_ELEMENT_BITS} bits"
            )
        if isinstance(self.element, FloatFormat) and not self.element.zero:
            raise SpecError(f"block format {name}: {self.element} has no zero and cannot be an element")
        if self.size is not None and not 1 <= self.size <= MAX_BLOCK:
            raise SpecError(f"block format {name}: the size {self.size} is not in 1..{MAX_BLOCK}, nor the word all")
        if self.scale.signed or self.scale.width > MAX_SCALE_BITS:
            raise SpecError(
                f"block format {name}: the scale {scale_name(self.scale)} is not an unsigned format of at most {MAX_SCALE_BITS} bits"
            )
        if self.symmetric and (not isinstance(self.element, IntFormat) or self.element.coding is not IntCoding.TWOS_COMPLEMENT):
            raise SpecError(f"block format {name}: sym is for two's complement elements, and {self.element} is none")
        if not -64 <= self.point <= 64:
            raise SpecError(f"block format {name}: the binary point {self.point} is not in -64..64")
        self._check_rule(name)
        self._check_sub_blocks(name)
        if self.outer and self.outer not in OUTER_SCALES:
            raise SpecError(f"block format {name}: the outer scale {self.outer!r} is not one of {', '.join(OUTER_SCALES)}")
        self._check_reach(name)

    def _check_rule(self, name: str) -> None:
        if self.rule not in SCALE_RULES:
            raise SpecError(
                f"block format {name}: scale rule {self.rule!r} is not one of {', '.join(SCALE_RULES)}{nearest(self.rule, SCALE_RULES)}"
            )
        if self.rule in SHIFT_RULES and not self.power_of_two:
            raise SpecError(
                f"block format {name}: the rule {self.rule} gives powers of two, and {scale_name(self.scale)} holds other scales; use amax"
            )
        if self.rule == "rne" and isinstance(self.element, PositFormat | CodebookFormat):
            raise SpecError(f"block format {name}: the rule rne rounds to the element's precision, and {self.element} has no one precision")
        if self.outer and self.rule != "amax":
            raise SpecError(f"block format {name}: an outer scale goes with the rule amax, not with {self.rule}")

    def _check_sub_blocks(self, name: str) -> None:
        if not self.sub_size and not self.shift_bits:
            return
        if not self.power_of_two:
            raise SpecError(f"block format {name}: sub-blocks shift a scale that is a power of two, and {scale_name(self.scale)} is not")
        if not 1 <= self.shift_bits <= MAX_SHIFT_BITS:
            raise SpecError(f"block format {name}: {self.shift_bits} bits of shift is not in 1..{MAX_SHIFT_BITS}")
        if self.size is None or self.sub_size < 1 or self.size % self.sub_size:
            raise SpecError(
                f"block format {name}: sub-blocks of {self.sub_size} do not divide a block of {self.size or 'the whole tensor'}"
            )

    def _check_reach(self, name: str) -> None:
        # Every value must be a float64: all that is computed with blocks is then exact.
        low = self.element.lsb_exponent - self.point + self.scale.lsb_exponent - (1 << self.shift_bits)
        high = _exponent_above(self.max_element) + _exponent_above(max_of(self.scale))
        if low < -900 or high > 900:
            raise SpecError(f"block format {name}: values from 2^{low} to 2^{high} are beyond the 2^-900 to 2^900 that blocks may have")

    @property
    def spelled(self) -> str:
        """The name by the grammar, whatever the catalog calls it."""
        element = f"{self.element}{'sym' if self.symmetric else ''}{f'q{self.point}'.replace('-', 'm') if self.point else ''}"
        shift = f"s{self.shift_bits}" if self.shift_bits != 1 else ""
        size = f"{'all' if self.size is None else self.size}{f'/{self.sub_size}{shift}' if self.sub_size else ''}"
        rule = "" if self.rule == ("floor" if self.power_of_two else "amax") and not self.outer else f":{self.rule}"
        return f"{element}:{size}:{scale_name(self.scale)}{rule}{f':{self.outer}' if self.outer else ''}"

    def __str__(self) -> str:
        from .block_catalog import block_name

        return block_name(self)

    @property
    def power_of_two(self) -> bool:
        """Whether every scale is a power of two."""
        return isinstance(self.scale, FloatFormat) and self.scale.fraction_bits == 0 and not self.scale.zero

    @property
    def max_element(self) -> Fraction:
        """The largest number an element can be; it stands for a block's largest magnitude."""
        return max_of(self.element) * Fraction(2) ** -self.point

    @property
    def emax(self) -> int:
        """Exponent of `max_element`."""
        return _exponent_above(self.max_element) - 1

    @property
    def precision(self) -> int:
        """Bits of an element's significand near `max_element`, the leading one included."""
        match self.element:
            case FloatFormat():
                return self.element.precision
            case IntFormat():
                return self.element.max_value.bit_length()
            case _:
                raise ValueError(f"{self.element} has no one precision")

    @property
    def width(self) -> int:
        """Bits of an element's code. This and what follows tell what a unit is given a lane: an element, its block's scale left out."""
        return self.element.width

    @property
    def signed(self) -> bool:
        return self.element.signed

    @property
    def lsb_exponent(self) -> int:
        return self.element.lsb_exponent - self.point - self.max_shift

    @property
    def max_magnitude(self) -> int:
        return self.element.max_magnitude << self.max_shift

    @property
    def has_inf(self) -> bool:
        return self.element.has_inf

    @property
    def has_nan(self) -> bool:
        return self.element.has_nan

    @property
    def has_negative_zero(self) -> bool:
        return self.element.has_negative_zero

    @property
    def default_overflow(self) -> str:
        return "sat"

    @property
    def max_shift(self) -> int:
        """Largest shift of a sub-block."""
        return (1 << self.shift_bits) - 1

    @property
    def bits_per_element(self) -> Fraction:
        """What an element takes in memory, its share of scale and shifts included; a tensor's or row's own are not counted."""
        shared = Fraction(self.scale.width, self.size) if self.size else Fraction(0)
        return self.element.width + shared + (Fraction(self.shift_bits, self.sub_size) if self.sub_size else 0)

    def with_rule(self, rule: str) -> "BlockFormat":
        """Return the format under another scale rule.

        Raises
        ------
        SpecError
            If the rule is unknown or does not suit the scale.
        """
        return replace(self, rule=rule)


def max_of(fmt: SimpleFormat) -> Fraction:
    """Return the largest finite number of `fmt`."""
    if isinstance(fmt, FloatFormat):
        return fmt.max_value
    if isinstance(fmt, IntFormat):
        return Fraction(fmt.max_value)
    return fmt.max_magnitude * Fraction(2) ** fmt.lsb_exponent


def _exponent_above(value: Fraction) -> int:
    """Return the smallest e with ``value < 2**e``."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent + (value >= Fraction(2) ** exponent)


def powers_of_two(exponent_bits: int, bias: int) -> FloatFormat:
    """Return the scale format ``2**(u - bias)``, every code a number."""
    return FloatFormat(exponent_bits, 0, bias, Specials.NONE, signed=False, subnormals=False, zero=False)


def scale_name(scale: FloatFormat | IntFormat) -> str:
    """Return the name of a scale format in the grammar of block formats."""
    if isinstance(scale, FloatFormat) and scale == powers_of_two(scale.exponent_bits, scale.bias):
        return f"pow2e{scale.exponent_bits}b{scale.bias}"
    return str(scale)
