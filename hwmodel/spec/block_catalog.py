"""The named block formats, and the grammar of the names of all.

Without a catalog entry, colons separate what a block format is made of:

``<element>[q<point>]:<size>[/<sub-block>[s<shift bits>]]:<scale>[:<rule>][:tensor|:channel]``
    ``e2m1fn:32:e8m0fnu`` is mxfp4, ``sm8q6:16/2:e8m0fnu`` is mx9, ``e2m1fn:16:e4m3fnu:amax:tensor`` is nvfp4. The size ``all`` is the
    whole tensor; a scale is an unsigned format, or ``pow2e<X>b<B>``: powers of two with X exponent bits and bias B.
``<name>.<rule>``
    a named format under another rule: ``mxfp4.rceil``.
"""

import re
from dataclasses import dataclass, replace

from .blocks import BlockFormat, powers_of_two
from .catalog import parse_format
from .errors import SpecError, name_of, nearest
from .floats import FloatFormat, Specials
from .formats import Format
from .integers import IntCoding, IntFormat
from .logarithms import LogFormat
from .x87 import X87Format


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
    key = name_of(text)
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
    element = parse_format(match["element"])
    if isinstance(element, LogFormat | X87Format):
        raise SpecError(f"block format {text!r}: {element} cannot be an element; allowed are integers, floats, posits and codebooks")
    scale = _parse_scale(text, match["scale"])
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


def block_name(fmt: BlockFormat) -> str:
    """Return the canonical name of `fmt`; ``parse_block(block_name(f)) == f`` for every block format."""
    if name := _NAME_OF.get(fmt):
        return name
    plain = _NAME_OF.get(replace(fmt, rule="floor")) if not fmt.outer and fmt.power_of_two else None
    return f"{plain}.{fmt.rule}" if plain else fmt.spelled


def is_block_name(text: str) -> bool:
    """Whether `text` is meant for a block format, be it one or not."""
    key = name_of(text)
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
        try:
            return powers_of_two(int(match[1]), int(match[2]))
        except SpecError as error:
            raise SpecError(f"block format {text!r}: the scale {name}: {str(error).partition(': ')[2]}") from error
    scale = parse_format(name)
    if not isinstance(scale, FloatFormat | IntFormat):
        raise SpecError(f"block format {text!r}: the scale {scale} is neither a float nor an integer format")
    return scale
