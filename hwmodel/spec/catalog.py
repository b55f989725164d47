"""The named formats, and the grammar of the unnamed ones.

A new scalar format is one entry in `CATALOG`. Names follow ml_dtypes and LLVM where those name the format. Any other
minifloat is written ``e<X>m<Y>[b<B>][fn|fnuz|none][u][nosub]``: bias, specials, unsigned, ``e = 0`` is normal.
"""

import re
from dataclasses import dataclass

from .errors import SpecError, nearest
from .formats import INT_WIDTHS, FloatFormat, Format, IntCoding, IntFormat, Specials


@dataclass(frozen=True)
class CatalogEntry:
    """One named format.

    Attributes
    ----------
    format
        The format itself.
    source
        Where its definition is found.
    aliases
        Other names that people use for it.
    note
        What a reader should know before choosing it, or an empty string.
    """

    format: Format
    source: str
    aliases: tuple[str, ...] = ()
    note: str = ""


_OFP8 = "OCP 8-bit Floating Point Specification (OFP8) 1.0; arXiv 2209.05433"
_MX = "OCP Microscaling Formats (MX) 1.0"
_STUDY = "arXiv 2208.09225, with IEEE 754 specials"

CATALOG: dict[str, CatalogEntry] = {
    "int4": CatalogEntry(IntFormat(4), "two's complement"),
    "int8": CatalogEntry(IntFormat(8), "two's complement", ("i8", "s8")),
    "int16": CatalogEntry(IntFormat(16), "two's complement", ("i16",)),
    "uint4": CatalogEntry(IntFormat(4, IntCoding.UNSIGNED), "unsigned binary"),
    "uint8": CatalogEntry(IntFormat(8, IntCoding.UNSIGNED), "unsigned binary", ("u8",)),
    "uint16": CatalogEntry(IntFormat(16, IntCoding.UNSIGNED), "unsigned binary", ("u16",)),
    "sm8": CatalogEntry(IntFormat(8, IntCoding.SIGN_MAGNITUDE), "sign and magnitude", (), "has +0 and -0, and no -128"),
    "fp32": CatalogEntry(FloatFormat(8, 23, 127), "IEEE 754-2019 binary32", ("float32", "f32", "single")),
    "fp16": CatalogEntry(FloatFormat(5, 10, 15), "IEEE 754-2019 binary16", ("float16", "f16", "half")),
    "bf16": CatalogEntry(FloatFormat(8, 7, 127), "Google bfloat16", ("bfloat16",)),
    "tf32": CatalogEntry(FloatFormat(8, 10, 127), "NVIDIA A100 whitepaper", (), "a 19-bit code; hardware reads the top bits of an FP32"),
    "e4m3fn": CatalogEntry(
        FloatFormat(4, 3, 7, Specials.FN), _OFP8, ("fp8e4m3", "float8_e4m3fn", "fp8_e4m3"), "the FP8 of OCP, NVIDIA, Intel and Arm"
    ),
    "e4m3": CatalogEntry(FloatFormat(4, 3, 7), _STUDY, ("float8_e4m3",), "IEEE style: the FP8 of OCP and of GPUs is e4m3fn"),
    "e5m2": CatalogEntry(FloatFormat(5, 2, 15), _OFP8, ("fp8e5m2", "float8_e5m2", "fp8_e5m2")),
    "e3m4": CatalogEntry(FloatFormat(3, 4, 3), _STUDY, ("float8_e3m4",)),
    "e2m5": CatalogEntry(FloatFormat(2, 5, 1), _STUDY),
    "e4m3fnuz": CatalogEntry(FloatFormat(4, 3, 8, Specials.FNUZ), "arXiv 2206.02915 (Graphcore); AMD CDNA 3", ("float8_e4m3fnuz",)),
    "e5m2fnuz": CatalogEntry(FloatFormat(5, 2, 16, Specials.FNUZ), "arXiv 2206.02915 (Graphcore); AMD CDNA 3", ("float8_e5m2fnuz",)),
    "e2m3fn": CatalogEntry(FloatFormat(2, 3, 1, Specials.NONE), _MX, ("fp6e2m3", "float6_e2m3fn"), "every code is a number"),
    "e3m2fn": CatalogEntry(FloatFormat(3, 2, 3, Specials.NONE), _MX, ("fp6e3m2", "float6_e3m2fn"), "every code is a number"),
    "e2m1fn": CatalogEntry(FloatFormat(2, 1, 1, Specials.NONE), _MX, ("fp4", "fp4e2m1", "float4_e2m1fn"), "every code is a number"),
    "e6m9": CatalogEntry(FloatFormat(6, 9, 31), "IEEE style; IBM's DLFloat16 has the same fields and other specials"),
}

_NAME_OF = {entry.format: name for name, entry in CATALOG.items()}
_ALIASES = {alias: name for name, entry in CATALOG.items() for alias in entry.aliases}

MX_SCALE = "e8m0fnu"
"""The scale format of OCP MX: no zero, no operand. By the grammar its name would mean one with a zero and subnormals."""

_INT = re.compile(r"(int|uint|sm)(\d+)", re.ASCII)
_FLOAT = re.compile(r"e(\d+)m(\d+)(?:b(-?\d+))?(fnuz|fn|none)?(u)?(nosub)?", re.ASCII)


def _ieee_bias(exponent_bits: int) -> int:
    return (1 << (exponent_bits - 1)) - 1


def _default_bias(exponent_bits: int, specials: Specials) -> int:
    return _ieee_bias(exponent_bits) + (specials is Specials.FNUZ)


def parse_format(name: str) -> Format:
    """Return the format that `name` denotes: a catalog name, an alias, or a name by the grammar above.

    Raises
    ------
    SpecError
        If there is no such format; the message names the nearest ones.
    """
    key = name.strip().lower()
    entry = CATALOG.get(_ALIASES.get(key, key))
    if entry is not None:
        return entry.format
    if match := _INT.fullmatch(key):
        return IntFormat(int(match[2]), IntCoding(match[1]))
    if key == MX_SCALE:
        raise SpecError(
            f"format {name!r}: the scale format of OCP MX has no zero and is not an operand; e8m0b127fnu is the one with a zero"
        )
    if match := _FLOAT.fullmatch(key):
        exponent_bits, fraction_bits, specials = int(match[1]), int(match[2]), Specials(match[4] or "")
        if not 1 <= exponent_bits <= 11:
            raise SpecError(f"format {name!r}: exponent width {exponent_bits} is not in 1..11")
        bias = int(match[3]) if match[3] else _default_bias(exponent_bits, specials)
        return FloatFormat(exponent_bits, fraction_bits, bias, specials, signed=match[5] is None, subnormals=match[6] is None)
    widths = f"{INT_WIDTHS.start}..{INT_WIDTHS.stop - 1}"
    raise SpecError(
        f"unknown format {name!r}: a format is a name listed by `hwmodel formats`, int<N>, uint<N> or sm<N> with N in {widths}, "
        f"or e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub]{nearest(key, [*CATALOG, *_ALIASES])}"
    )


def format_name(fmt: Format) -> str:
    """Return the canonical name of `fmt`; ``parse_format(format_name(f)) == f`` for every format."""
    if name := _NAME_OF.get(fmt):
        return name
    if isinstance(fmt, IntFormat):
        return str(fmt)
    stem = f"e{fmt.exponent_bits}m{fmt.fraction_bits}"
    tail = fmt.specials.value + ("" if fmt.signed else "u") + ("" if fmt.subnormals else "nosub")
    # A name that the catalog gives to another format (e2m1fn has no NaN) is told apart by spelling out the bias.
    if fmt.bias == _default_bias(fmt.exponent_bits, fmt.specials) and stem + tail not in (*CATALOG, MX_SCALE):
        return stem + tail
    return f"{stem}b{fmt.bias}{tail}"


def format_note(name: str) -> str:
    """Return a sentence for a name that is often meant for another format, or an empty string."""
    if name.strip().lower() == "e4m3":
        return "e4m3 is the IEEE-style format with infinities (largest value 240); the OCP FP8 of GPUs (largest value 448) is e4m3fn"
    return ""
