"""The named formats, and the grammar of the unnamed ones.

A new scalar format is one entry in `CATALOG`. Names follow ml_dtypes and LLVM where those name the format. Without an entry:

``int<N>``, ``uint<N>``, ``sm<N>``
    integers.
``e<X>m<Y>[b<B>][fn|fnuz|none][u][nosub|half]``
    any minifloat: bias, specials, unsigned, ``e = 0`` is normal, subnormals worth half. ``f<N>E<X>M<Y>…`` is read too.
``posit<N>[es<S>]``, ``lns<N>g<γ>[t<T>]``
    posits and logarithmic formats.
``<codebook>@<float>``, ``<format>+<format>``
    operands only: a codebook whose entries are held as floats, and several formats of which a unit's mode chooses one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import permutations

from .choices import ChoiceFormat
from .codebooks import CodebookFormat
from .errors import SpecError, name_of, nearest
from .floats import FloatFormat, Specials
from .formats import Format, ScalarOperand
from .integers import INT_WIDTHS, IntCoding, IntFormat
from .logarithms import EXTRA_TABLE_BITS, LogFormat
from .posits import POSIT_EXPONENT_BITS, POSIT_WIDTHS, STANDARD_EXPONENT_BITS, PositFormat
from .x87 import X87Format


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

    format: ScalarOperand
    source: str
    aliases: tuple[str, ...] = ()
    note: str = ""


_OFP8 = "OCP 8-bit Floating Point Specification (OFP8) 1.0; arXiv 2209.05433"
_MX = "OCP Microscaling Formats (MX) 1.0"
_STUDY = "arXiv 2208.09225, with IEEE 754 specials"

_DOJO = "Tesla, A Guide to Tesla's Configurable Floating Point Formats and Arithmetic"
_POSIT = "Posit Standard (2022)"
_CFLOAT_NOTE = "the bias, 0..63, is set at run time: the unit's mode; with it fixed the format is written with b<bias>, as in cfloat8e4m3b7"
CFLOAT_BIASES = range(64)


def _cfloat(name: str, exponent_bits: int, fraction_bits: int) -> ChoiceFormat:
    """Return a configurable float: the same fields with every bias."""
    return ChoiceFormat(tuple(FloatFormat(exponent_bits, fraction_bits, bias, Specials.NONE) for bias in CFLOAT_BIASES), name)


def _codebook(name: str, values: str) -> CodebookFormat:
    return CodebookFormat(name, tuple(Fraction(float(value)) for value in values.split()))


_NF4 = _codebook(
    "nf4",
    "-1 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635 -0.18477343022823334 -0.09105003625154495 0 "
    "0.07958029955625534 0.16093020141124725 0.24611230194568634 0.33791524171829224 0.44070982933044434 0.5626170039176941 "
    "0.7229568362236023 1",
)
_AF4 = _codebook(
    "af4",
    "-1 -0.69441008 -0.51243739 -0.3736951 -0.25607552 -0.14982478 -0.04934812 0 "
    "0.04273164 0.12934483 0.21961274 0.31675666 0.42563882 0.55496234 0.72424863 1",
)

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
    "hfp8": CatalogEntry(
        FloatFormat(4, 3, 11, Specials.NONE, subnormals=False),
        "IBM, Hybrid 8-bit Floating Point, NeurIPS 2019 (1-4-3, bias 11)",
        ("hfp8_143",),
        "e = 0 is a binade like any other, so the smallest number is 1.125 × 2^-11; the article's 2^-11 is the code that is zero here",
    ),
    "e4m3b11fnuz": CatalogEntry(FloatFormat(4, 3, 11, Specials.FNUZ), "Google; ml_dtypes float8_e4m3b11fnuz", ("float8_e4m3b11fnuz",)),
    "dlfloat16": CatalogEntry(
        FloatFormat(6, 9, 31, Specials.FN, subnormals=False),
        "IBM DLFloat, ARITH 2019; arXiv 1812.08011",
        ("dlf16",),
        "the code with all ones is NaN and infinity in one; e = 0 is a binade like any other but for the zero",
    ),
    "fp24": CatalogEntry(
        FloatFormat(7, 16, 63, Specials.NONE),
        "AMD R300 shaders; secondary sources only",
        (),
        "specials are not documented; none are assumed",
    ),
    "pxr24": CatalogEntry(FloatFormat(8, 15, 127), "OpenEXR PXR24 compression; Biren's TF32+ has the same fields", ("tf32plus",)),
    "ef32": CatalogEntry(
        FloatFormat(8, 11, 127), "Enflame DTU; secondary source only", (), "specials are not documented; IEEE style is assumed"
    ),
    "fp80": CatalogEntry(
        X87Format(),
        "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 4.2.2; Berkeley SoftFloat extF80",
        ("float80", "x87"),
        "the integer bit is in the code; where it is missing the code counts as NaN; units with it have estimates, no circuit",
    ),
    "cfloat16uhp": CatalogEntry(
        FloatFormat(6, 10, 31, Specials.NONE, signed=False), _DOJO, (), "unsigned half precision; results that are too large clamp"
    ),
    "e8m0fnu": CatalogEntry(
        FloatFormat(8, 0, 127, Specials.FN, signed=False, subnormals=False, zero=False),
        _MX,
        ("e8m0", "float8_e8m0fnu"),
        "the scale of MX blocks: powers of two, no zero; 0 encodes to the smallest number",
    ),
    "cfloat8e4m3": CatalogEntry(_cfloat("cfloat8e4m3", 4, 3), _DOJO, (), _CFLOAT_NOTE),
    "cfloat8e5m2": CatalogEntry(_cfloat("cfloat8e5m2", 5, 2), _DOJO, (), _CFLOAT_NOTE),
    "cfloat16shp": CatalogEntry(_cfloat("cfloat16shp", 5, 10), _DOJO, (), _CFLOAT_NOTE),
    "posit8": CatalogEntry(PositFormat(8), _POSIT, (), "es 2, as in the 2022 standard; posit8es0 and posit8es1 are the earlier ones"),
    "posit16": CatalogEntry(PositFormat(16), _POSIT, (), "es 2; softposit's posit16 has es 1: posit16es1"),
    "posit32": CatalogEntry(PositFormat(32), _POSIT),
    "lns8": CatalogEntry(
        LogFormat(8, 3, 3 + EXTRA_TABLE_BITS),
        "arXiv 2106.13914 (LNS-Madam), γ = 8",
        ("lns8g8",),
        "zero, not-a-real, the bias of x (64) and the table's 7 bits are settled here: the article leaves them open",
    ),
    "elma8": CatalogEntry(
        LogFormat(8, 4, 5, 1),
        "arXiv 1811.01721: (8, 1, α 5, β 5, γ 7)",
        ("elma",),
        "a posit(8, 1) whose fraction is that of the logarithm; α, the table's bits, is all of α, β and γ that a product needs",
    ),
    "nf4": CatalogEntry(_NF4, "QLoRA, arXiv 2305.14314; values as in bitsandbytes", (), "absmax-scaled blocks; as an operand nf4@fp16"),
    "af4": CatalogEntry(_AF4, "AbnormalFloat, arXiv 2306.06965, block 64", (), "absmax-scaled blocks; as an operand af4@fp16"),
    "e6m9": CatalogEntry(FloatFormat(6, 9, 31), "IEEE style; IBM's DLFloat16 has the same fields and other specials"),
}

UNDEFINED: dict[str, str] = {
    "b4int3": "b4int3 is not publicly defined: the name suggests 3-bit integers in blocks of 4, and no encoding has been published",
    "pal": "PAL is not publicly defined: no encoding under this name has been published",
}
"""Names of formats that cannot be built, and what is known of them."""

_NAME_OF = {entry.format: name for name, entry in CATALOG.items()}
_ALIASES = {alias: name for name, entry in CATALOG.items() for alias in entry.aliases}
_CODEBOOKS: dict[str, CodebookFormat] = {}

_INT = re.compile(r"(int|uint|sm)(\d+)", re.ASCII)
_FLOAT = re.compile(r"e(\d+)m(\d+)(?:b(-?\d+))?(fnuz|fn|none)?(u)?(nosub|half)?", re.ASCII)
_FLOAT_ORDER = "e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub|half]"
_FLOAT_PARTS = re.compile(r"^e\d+m\d+|b-?\d+|fnuz|fn|none|u|nosub|half", re.ASCII)
_SIZED = re.compile(r"f(\d+)e(\d+)m(\d+)(?:b(-?\d+))?(fnuz|fn|f|n)?(u)?", re.ASCII)
_POSIT_NAME = re.compile(r"posit(\d+)(?:es(\d+))?", re.ASCII)
_LNS = re.compile(r"lns(\d+)g(\d+)(?:t(\d+))?", re.ASCII)
_CFLOAT = re.compile(r"(cfloat8e4m3|cfloat8e5m2|cfloat16shp)b(-?\d+)(half)?", re.ASCII)
_CODEBOOK_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def _ieee_bias(exponent_bits: int) -> int:
    return (1 << (exponent_bits - 1)) - 1


def _default_bias(exponent_bits: int, specials: Specials) -> int:
    return _ieee_bias(exponent_bits) + (specials is Specials.FNUZ)


def add_codebook(name: str, values: Iterable[float]) -> CodebookFormat:
    """Make a user's own codebook known by `name` in this process, and return it.

    Raises
    ------
    SpecError
        If the name is taken or no name, or the values make no codebook.
    """
    key = name_of(name)
    if not _CODEBOOK_NAME.fullmatch(key):
        raise SpecError(f"codebook {name!r}: a name is letters, digits and _, a letter first")
    numbers = list(values)
    for value in numbers:
        if value != value or value in (float("inf"), float("-inf")):
            raise SpecError(f"codebook {name}: the entry {value} is not a finite number")
    codebook = CodebookFormat(key, tuple(map(Fraction, numbers)))
    try:
        other = parse_format(key)
    except SpecError:
        other = codebook
    if other != codebook:
        raise SpecError(f"codebook {name!r}: another format has this name; choose a new one")
    _CODEBOOKS[key] = codebook
    return codebook


def parse_format(name: str) -> Format:
    """Return the format that `name` denotes: a catalog name, an alias, or a name by the grammar above.

    Raises
    ------
    SpecError
        If there is no such format; the message names the nearest ones.
    """
    fmt = parse_operand(name)
    if isinstance(fmt, ChoiceFormat):
        example = f"{fmt}b7" if fmt.name else str(fmt.choices[0])
        raise SpecError(f"format {name!r}: several formats under one name have no codes of their own; choose one, such as {example}")
    return fmt


def parse_operand(name: str) -> ScalarOperand:
    """Return the format, or the choice of formats, that `name` denotes as an operand of a unit.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    key = name_of(name)
    if "+" in key and not all(part.strip() for part in key.split("+")):
        raise SpecError(f"operand {name!r}: formats stand on both sides of a +, as in e4m3fn+e5m2")
    if "+" in key:
        parts = [parse_operand(part) for part in key.split("+")]
        simple = [part for part in parts if not isinstance(part, ChoiceFormat | LogFormat | X87Format)]
        if len(simple) < len(parts):
            raise SpecError(f"operand {name!r}: logarithmic, configurable and 80-bit formats cannot be joined with + to others")
        return ChoiceFormat(tuple(simple))
    if "@" in key:
        return _parse_held(name, key)
    entry = CATALOG.get(_ALIASES.get(key, key))
    if entry is not None:
        return entry.format
    if key in _CODEBOOKS:
        return _CODEBOOKS[key]
    if key in UNDEFINED:
        raise SpecError(f"format {name!r}: {UNDEFINED[key]}")
    return _parse_grammar(name, key)


def _parse_held(name: str, key: str) -> CodebookFormat:
    book, _, entries = key.partition("@")
    if not book or not entries or "@" in entries:
        raise SpecError(f"operand {name!r}: one @ stands between a codebook and the float format of its entries, as in nf4@fp16")
    codebook, held = parse_format(book), parse_format(entries)
    if not isinstance(codebook, CodebookFormat):
        raise SpecError(f"operand {name!r}: before the @ stands a codebook, such as nf4 or af4, and {codebook} is none")
    if not isinstance(held, FloatFormat):
        raise SpecError(f"operand {name!r}: after the @ stands a float format, such as fp16, and {held} is none")
    return codebook.held_as(held)


@lru_cache(maxsize=1 << 12)
def _parse_grammar(name: str, key: str) -> Format:
    if match := _INT.fullmatch(key):
        return IntFormat(int(match[2]), IntCoding(match[1]))
    if match := _FLOAT.fullmatch(key):
        return _float(name, *match.groups())
    if match := _SIZED.fullmatch(key):
        return _sized(name, *match.groups())
    if match := _POSIT_NAME.fullmatch(key):
        return PositFormat(int(match[1]), int(match[2]) if match[2] else STANDARD_EXPONENT_BITS)
    if match := _LNS.fullmatch(key):
        gamma = int(match[2])
        if gamma & (gamma - 1) or not gamma:
            raise SpecError(f"format {name!r}: γ {gamma} is not a power of two")
        steps = gamma.bit_length() - 1
        return LogFormat(int(match[1]), steps, int(match[3]) if match[3] else steps + EXTRA_TABLE_BITS)
    if match := _CFLOAT.fullmatch(key):
        if int(match[2]) not in CFLOAT_BIASES:
            raise SpecError(f"format {name!r}: the bias {match[2]} of a configurable float is not in 0..{CFLOAT_BIASES.stop - 1}")
        family = CATALOG[match[1]].format
        assert isinstance(family, ChoiceFormat)
        chosen = family.choices[int(match[2])]
        assert isinstance(chosen, FloatFormat)
        return FloatFormat(chosen.exponent_bits, chosen.fraction_bits, chosen.bias, Specials.NONE, halved=match[3] is not None)
    if meant := _in_order(key):
        parse_format(meant)  # says what else is wrong, if anything is
        raise SpecError(f"format {name!r}: the parts of a float's name stand in the order {_FLOAT_ORDER}; did you mean {meant}?")
    widths = f"{INT_WIDTHS.start}..{INT_WIDTHS.stop - 1}"
    raise SpecError(
        f"unknown format {name!r}: a format is a name listed by `hwmodel formats`, int<N>, uint<N> or sm<N> with N in {widths}, "
        f"posit<N>[es<S>] with N in {POSIT_WIDTHS.start}..{POSIT_WIDTHS.stop - 1} and S in 0..{POSIT_EXPONENT_BITS.stop - 1}, lns<N>g<γ>, "
        f"or {_FLOAT_ORDER}{nearest(key, [*CATALOG, *_ALIASES, *UNDEFINED])}"
    )


def _in_order(key: str) -> str:
    """Return a float's name with its parts as the grammar has them, or an empty string where they are not those of a float."""
    parts = _FLOAT_PARTS.findall(key)
    if "".join(parts) != key or len(parts) > 5:
        return ""
    return next(filter(_FLOAT.fullmatch, map("".join, permutations(parts))), "")


def _float(
    name: str, exponent: str, fraction: str, bias: str | None, special: str | None, unsigned: str | None, low: str | None
) -> FloatFormat:
    specials = Specials(special or "")
    bits = int(exponent)
    if not 1 <= bits <= 11:
        raise SpecError(f"format {name!r}: exponent width {bits} is not in 1..11")
    return FloatFormat(
        bits,
        int(fraction),
        int(bias) if bias else _default_bias(bits, specials),
        specials,
        signed=unsigned is None,
        subnormals=low != "nosub",
        halved=low == "half",
    )


def _sized(name: str, total: str, exponent: str, fraction: str, bias: str | None, special: str | None, unsigned: str | None) -> Format:
    """Return a format named in the style of MLIR: F no infinity, N no NaN either; the number of bits tells whether there is a sign."""
    signs = int(total) - int(exponent) - int(fraction)
    if signs not in (0, 1):
        raise SpecError(
            f"format {name!r}: {exponent} exponent and {fraction} fraction bits make no {total}-bit format, with or without a sign"
        )
    stem = f"e{exponent}m{fraction}"
    sign = "" if signs else "u"
    if special in ("fn", "fnuz") and bias is None and stem + special + sign in CATALOG:
        return parse_format(stem + special + sign)  # f8E4M3FN is OCP's, which has a NaN
    kind = {"fn": "none", "fnuz": "fnuz", "f": "fn", "n": "none", None: ""}[special]
    return parse_format(stem + (f"b{bias}" if bias else "") + kind + sign)


@lru_cache(maxsize=4096)
def format_name(fmt: ScalarOperand) -> str:
    """Return the canonical name of `fmt`; ``parse_operand(format_name(f)) == f`` for every format."""
    if name := _NAME_OF.get(fmt):
        return name
    if isinstance(fmt, LogFormat):
        if fmt.regime_exponent_bits is not None:
            raise SpecError("a tapered logarithmic format has a name only in the catalog")
        table = "" if fmt.table_bits == fmt.step_bits + EXTRA_TABLE_BITS else f"t{fmt.table_bits}"
        return f"lns{fmt.width}g{fmt.gamma}{table}"
    if not isinstance(fmt, FloatFormat):
        return str(fmt)
    stem = f"e{fmt.exponent_bits}m{fmt.fraction_bits}"
    low = "half" if fmt.halved else "" if fmt.subnormals else "nosub"
    tail = fmt.specials.value + ("" if fmt.signed else "u") + low
    # A name that the catalog gives to another format (e2m1fn has no NaN) is told apart by spelling out the bias.
    if fmt.bias == _default_bias(fmt.exponent_bits, fmt.specials) and stem + tail not in CATALOG:
        return stem + tail
    return f"{stem}b{fmt.bias}{tail}"


def format_note(name: str) -> str:
    """Return a sentence for a name that is often meant for another format, or an empty string."""
    key = name_of(name)
    if key == "e4m3":
        return "e4m3 is the IEEE-style format with infinities (largest value 240); the OCP FP8 of GPUs (largest value 448) is e4m3fn"
    match = _SIZED.fullmatch(key)
    if match and match[6] and int(match[1]) == 1 + int(match[2]) + int(match[3]):
        return f"{name} counts {match[1]} bits, so it has a sign although it ends in U"
    return ""
