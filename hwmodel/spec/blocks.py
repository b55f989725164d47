"""Block formats as data: many elements that share a scale, and the catalog of the named ones.

An element is worth ``decode(code) * 2**-point * scale``; with sub-blocks that times ``2**-shift`` of its sub-block, with an outer
scale that times the scale of its row or tensor. Without a catalog entry, colons separate what a block format is made of:

``<element>[q<point>]:<size>[/<sub-block>[s<shift bits>]]:<scale>[:<rule>][:tensor|:channel]``
    ``e2m1fn:32:e8m0fnu`` is mxfp4, ``sm8q6:16/2:e8m0fnu`` is mx9, ``e2m1fn:16:e4m3fnu:amax:tensor`` is nvfp4. The size ``all`` is the
    whole tensor; a scale is an unsigned format, or ``pow2e<X>b<B>``: powers of two with X exponent bits and bias B.
``<name>.<rule>``
    a named format under another rule: ``mxfp4.rceil``.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from .catalog import parse_format
from .codebooks import CodebookFormat
from .errors import SpecError, nearest
from .floats import FloatFormat, Specials
from .formats import Format
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

    element: Format
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
        if not isinstance(self.element, IntFormat | FloatFormat | PositFormat | CodebookFormat) or self.element.width > MAX_ELEMENT_BITS:
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
        if name := _NAME_OF.get(self):
            return name
        plain = _NAME_OF.get(replace(self, rule="floor")) if not self.outer and self.power_of_two else None
        return f"{plain}.{self.rule}" if plain else self.spelled

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


def max_of(fmt: Format) -> Fraction:
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


@dataclass(frozen=True)
class BlockEntry:
    """A named block format: the format, where its definition is found, and what a reader should know."""

    format: BlockFormat
    source: str
    note: str = ""


_MX = "OCP Microscaling Formats (MX) 1.0"
_NVFP4 = "NVIDIA, Pretraining Large Language Models with NVFP4, arXiv 2509.25149"
_MICRO = "arXiv 2302.08007 (shared microexponents)"
_MSFP = "Microsoft floating point, NeurIPS 2020 (Darvish Rouhani et al.); arXiv 2302.08007"
_VSQ = "VS-Quant, arXiv 2102.04503"
_SAME_EXPONENT = "the exponent's 8 bits are those of e8m0fnu, 0xff for a block that holds a NaN: the source leaves their coding open"
_VSQ_NOTE = "vectors of 16 and integer scales of {} bits; other sizes of the article by the grammar, as int4sym:64:uint6:amax:channel"

E8M0 = FloatFormat(8, 0, 127, Specials.FN, signed=False, subnormals=False, zero=False)
UE4M3 = FloatFormat(4, 3, 7, Specials.FN, signed=False)
_E4M3, _E5M2 = FloatFormat(4, 3, 7, Specials.FN), FloatFormat(5, 2, 15)
_E2M3, _E3M2, _E2M1 = (FloatFormat(e, m, b, Specials.NONE) for e, m, b in ((2, 3, 1), (3, 2, 3), (2, 1, 1)))


def _sign_magnitude(bits: int) -> IntFormat:
    return IntFormat(bits + 1, IntCoding.SIGN_MAGNITUDE)


def _microexponents(bits: int) -> BlockEntry:
    """Return an entry of sign and `bits` bits, one of them before the point."""
    return BlockEntry(BlockFormat(_sign_magnitude(bits), 16, E8M0, point=bits - 1, sub_size=2, shift_bits=1), _MICRO, _SAME_EXPONENT)


def _msfp(bits: int) -> BlockEntry:
    return BlockEntry(BlockFormat(_sign_magnitude(bits), 16, E8M0, point=bits - 1), _MSFP, _SAME_EXPONENT)


def _vsq(bits: int, scale_bits: int) -> BlockEntry:
    scale = IntFormat(scale_bits, IntCoding.UNSIGNED)
    return BlockEntry(BlockFormat(IntFormat(bits), 16, scale, "amax", outer="channel", symmetric=True), _VSQ, _VSQ_NOTE.format(scale_bits))


BLOCK_CATALOG: dict[str, BlockEntry] = {
    "mxfp8e4m3": BlockEntry(BlockFormat(_E4M3, 32, E8M0), _MX),
    "mxfp8e5m2": BlockEntry(BlockFormat(_E5M2, 32, E8M0), _MX, "an element never becomes an infinity: it saturates"),
    "mxfp6e2m3": BlockEntry(BlockFormat(_E2M3, 32, E8M0), _MX),
    "mxfp6e3m2": BlockEntry(BlockFormat(_E3M2, 32, E8M0), _MX),
    "mxfp4": BlockEntry(BlockFormat(_E2M1, 32, E8M0), _MX),
    "mxint8": BlockEntry(BlockFormat(IntFormat(8), 32, E8M0, point=6), _MX, "the element -2, which the standard leaves optional, is used"),
    "nvfp4": BlockEntry(
        BlockFormat(_E2M1, 16, UE4M3, "amax", outer="tensor"),
        _NVFP4,
        "the FP32 of the tensor is amax / (6 × 448); the scale's 7 bits lie in a byte",
    ),
    "mx9": _microexponents(7),
    "mx6": _microexponents(4),
    "mx4": _microexponents(2),
    "msfp12": _msfp(3),
    "msfp13": _msfp(4),
    "msfp14": _msfp(5),
    "msfp15": _msfp(6),
    "msfp16": _msfp(7),
    "vsq4": _vsq(4, 4),
    "vsq8": _vsq(8, 6),
    "flex16": BlockEntry(
        BlockFormat(IntFormat(16), None, powers_of_two(5, 31)),
        "Flexpoint, arXiv 1711.02213 (16+5)",
        "the bias of the 5-bit exponent is not published: units of 2^-31 to 1 here; and the exponent is that of the data, not predicted",
    ),
}

_NAME_OF = {entry.format: name for name, entry in BLOCK_CATALOG.items()}

_GRAMMAR = re.compile(
    r"(?P<element>[a-z0-9_@]+?)(?P<sym>sym)?(?:q(?P<point>m?\d+))?:(?P<size>\d+|all)(?:/(?P<sub>\d+)(?:s(?P<bits>\d+))?)?"
    r":(?P<scale>[a-z0-9]+)(?::(?P<rule>[a-z]+?))??(?::(?P<outer>tensor|channel))?",
    re.ASCII,
)
_POWERS = re.compile(r"pow2e(\d+)b(-?\d+)", re.ASCII)


def parse_block(text: str) -> BlockFormat:
    """Return the block format that `text` denotes: a name of the catalog, one with a rule, or a name by the grammar above.

    Raises
    ------
    SpecError
        If it denotes none; the message names the nearest ones.
    """
    key = text.strip().lower()
    name, dot, rule = key.partition(".")
    if entry := BLOCK_CATALOG.get(name):
        return entry.format.with_rule(rule) if dot else entry.format
    match = _GRAMMAR.fullmatch(key)
    if match is None:
        raise SpecError(
            f"unknown block format {text!r}: allowed are {', '.join(BLOCK_CATALOG)}, each also with .<rule>, or "
            f"<element>[q<point>]:<size>[/<sub-block>]:<scale>[:<rule>][:tensor|:channel], as in e2m1fn:16:e4m3fnu"
            f"{nearest(name, BLOCK_CATALOG)}"
        )
    element, scale = parse_format(match["element"]), _parse_scale(text, match["scale"])
    return BlockFormat(
        element,
        None if match["size"] == "all" else int(match["size"]),
        scale,
        match["rule"] or ("floor" if isinstance(scale, FloatFormat) and not scale.zero and not match["outer"] else "amax"),
        point=int(match["point"].replace("m", "-")) if match["point"] else 0,
        sub_size=int(match["sub"] or 0),
        shift_bits=int(match["bits"] or 1) if match["sub"] else 0,
        outer=match["outer"] or "",
        symmetric=match["sym"] is not None,
    )


_FAMILIES = ("mxfp", "mxint", "msfp", "nvfp", "nvint", "vsq", "flex")


def is_block_name(text: str) -> bool:
    """Whether `text` is meant for a block format, be it one or not."""
    key = text.strip().lower()
    return ":" in key or key.partition(".")[0] in BLOCK_CATALOG or key.startswith(_FAMILIES)


def parse_scalar_or_block(text: str) -> Format | BlockFormat:
    """Return the format, scalar or of blocks, that `text` denotes.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    return parse_block(text) if is_block_name(text) else parse_format(text)


def _parse_scale(text: str, name: str) -> FloatFormat | IntFormat:
    if match := _POWERS.fullmatch(name):
        return powers_of_two(int(match[1]), int(match[2]))
    scale = parse_format(name)
    if not isinstance(scale, FloatFormat | IntFormat):
        raise SpecError(f"block format {text!r}: the scale {scale} is neither a float nor an integer format")
    return scale
