"""Accumulators as data: what a unit adds its products into.

The semantics of each is the table in ``docs/semantics.md``. A new accumulator is one class here, one in
:mod:`hwmodel.golden` and one in :mod:`hwmodel_rtl`, with the same name in all three.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, cast

from .catalog import CATALOG, parse_format
from .errors import SpecError, is_whole, name_of, nearest
from .floats import FloatFormat
from .integers import IntFormat
from .posits import PositFormat
from .tensor import TensorAcc

DEFAULT_HEADROOM = 12
MAX_HEADROOM = 64
MAX_FRACTION = 4096
"""Of either sign; the finest product of two doubles is ``2**-2148``."""

MAX_FIXED_WIDTH = 1024
MAX_RANDOM_BITS = 32


@dataclass(frozen=True)
class FixedAcc:
    """Two's complement fixed point, ``fx[W][f<F>][h<H>][.sat][.rne]``.

    Parameters
    ----------
    width
        W, bits of the accumulator; None: as many as the products and the headroom need.
    fraction
        F, the unit is ``2**-F``; below zero it is written with an m, as in ``fxfm3`` (``fxf-3`` is read too). None: the finest unit any
        product can have, or, with `width` given, the finest that leaves the headroom.
    headroom
        H, bits above the largest product: any sum of fewer than ``2**H`` products is exact; None: 12.
    saturate
        Stick to the nearer end on overflow instead of wrapping.
    rounding
        How a product finer than the unit is brought to it: ``"floor"`` or ``"rne"``.
    """

    width: int | None = None
    fraction: int | None = None
    headroom: int | None = None
    saturate: bool = False
    rounding: str = "floor"

    ROUNDINGS: ClassVar[tuple[str, ...]] = ("floor", "rne")
    _GRAMMAR: ClassVar[re.Pattern[str]] = re.compile(r"fx(\d+)?(?:f([m-]?\d+))?(?:h(-?\d+))?((?:\.\w+)*)", re.ASCII)

    def __post_init__(self) -> None:
        if self.width is not None and not (is_whole(self.width) and 1 <= self.width <= MAX_FIXED_WIDTH):
            raise SpecError(f"accumulator {self}: width {self.width} is not in 1..{MAX_FIXED_WIDTH}")
        if self.fraction is not None and not (is_whole(self.fraction) and abs(self.fraction) <= MAX_FRACTION):
            raise SpecError(f"accumulator {self}: fraction {self.fraction} is not in {-MAX_FRACTION}..{MAX_FRACTION}")
        if self.headroom is not None and not (is_whole(self.headroom) and 0 <= self.headroom <= MAX_HEADROOM):
            raise SpecError(f"accumulator {self}: headroom {self.headroom} is not in 0..{MAX_HEADROOM}")
        if self.rounding not in self.ROUNDINGS:
            raise SpecError(f"accumulator {self}: rounding {self.rounding!r} is not one of {', '.join(self.ROUNDINGS)}")
        if None not in (self.width, self.fraction, self.headroom):
            raise SpecError(f"accumulator {self}: width, fraction and headroom together say one thing twice; leave one of them out")

    def __str__(self) -> str:
        text = "fx"
        if self.width is not None:
            text += str(self.width)
        if self.fraction is not None:
            text += f"f{self.fraction}".replace("-", "m")
        if self.headroom is not None:
            text += f"h{self.headroom}"
        return text + (".sat" if self.saturate else "") + ("" if self.rounding == "floor" else f".{self.rounding}")

    @classmethod
    def parse(cls, text: str) -> "FixedAcc | None":
        match = cls._GRAMMAR.fullmatch(text)
        if match is None:
            return None
        options = match[4].split(".")[1:]
        for option in options:
            if option not in ("sat", "rne") or options.count(option) > 1:
                raise SpecError(f"accumulator {text!r}: option .{option} is not one of .sat, .rne, each at most once")
        return cls(
            width=int(match[1]) if match[1] else None,
            fraction=int(match[2].replace("m", "-")) if match[2] else None,
            headroom=int(match[3]) if match[3] else None,
            saturate="sat" in options,
            rounding="rne" if "rne" in options else "floor",
        )


@dataclass(frozen=True)
class FloatAcc:
    """Floating point, ``<fmt>[.rtz|.rna|.sr<k>][.ftz][.unfused]``: one rounding a step (two with `fused` false).

    Parameters
    ----------
    format
        The accumulator's own format; signed.
    rounding
        ``"rne"``, ``"rna"``, ``"rtz"``, or ``"sr<k>"``: stochastic, with k random bits each step.
    ftz
        Results that are subnormal after rounding become zero of the same sign.
    fused
        If false, the product is rounded to `format` before it is added.
    """

    format: FloatFormat
    rounding: str = "rne"
    ftz: bool = False
    fused: bool = True

    ROUNDINGS: ClassVar[tuple[str, ...]] = ("rne", "rna", "rtz")
    _STOCHASTIC: ClassVar[re.Pattern[str]] = re.compile(r"sr([1-9]\d?)", re.ASCII)

    def __post_init__(self) -> None:
        if not isinstance(self.format, FloatFormat):
            raise SpecError(f"accumulator {self}: {self.format!r} is no float format")
        if self.rounding not in self.ROUNDINGS and not self._STOCHASTIC.fullmatch(str(self.rounding)):
            raise SpecError(f"accumulator {self}: rounding {self.rounding!r} is not one of {', '.join(self.ROUNDINGS)}, sr<k>")
        if not self.format.signed:
            raise SpecError(f"accumulator {self}: an unsigned float format cannot hold a negative sum")
        if not self.format.zero or self.format.halved:
            raise SpecError(
                f"accumulator {self}: a format without a zero, or with halved subnormals, can be an operand, not an accumulator"
            )
        if self.random_bits and not self.fused:
            raise SpecError(f"accumulator {self}: .sr<k> and .unfused exclude each other: the random bits are for one rounding")
        if self.random_bits > MAX_RANDOM_BITS:
            raise SpecError(f"accumulator {self}: stochastic rounding takes 1..{MAX_RANDOM_BITS} random bits")

    @cached_property
    def random_bits(self) -> int:
        """k of stochastic rounding; 0 for other roundings."""
        match = self._STOCHASTIC.fullmatch(self.rounding)
        return int(match[1]) if match else 0

    def __str__(self) -> str:
        options = "" if self.rounding == "rne" else f".{self.rounding}"
        return f"{self.format}{options}{'.ftz' if self.ftz else ''}{'' if self.fused else '.unfused'}"

    @classmethod
    def parse(cls, text: str) -> "FloatAcc":
        name, *options = text.split(".")
        fmt = parse_format(name)
        if isinstance(fmt, IntFormat):
            raise SpecError(
                f"accumulator {text!r}: an integer format is not an accumulator; for a {fmt.width}-bit integer one write fx{fmt.width}f0"
            )
        if not isinstance(fmt, FloatFormat):
            raise SpecError(f"accumulator {text!r}: {fmt} cannot hold a sum; allowed are fx…, float formats, posits and quire")
        roundings = [option for option in options if option in cls.ROUNDINGS or cls._STOCHASTIC.fullmatch(option)]
        for option in options:
            if option not in (*roundings, "ftz", "unfused") or options.count(option) > 1:
                raise SpecError(
                    f"accumulator {text!r}: option .{option} is not one of .rne, .rna, .rtz, .sr<k>, .ftz, .unfused, each at most once"
                )
        if len(roundings) > 1:
            raise SpecError(f"accumulator {text!r}: .{roundings[0]} and .{roundings[1]} exclude each other; give one rounding")
        return cls(fmt, roundings[0] if roundings else "rne", "ftz" in options, "unfused" not in options)


@dataclass(frozen=True)
class PositAcc:
    """A posit, ``posit<n>[es<s>][.unfused]``: one rounding a step (two with `fused` false), by the rule of posits."""

    format: PositFormat
    fused: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.format, PositFormat):
            raise SpecError(f"accumulator {self}: {self.format!r} is no posit format")

    def __str__(self) -> str:
        return f"{self.format}{'' if self.fused else '.unfused'}"

    @classmethod
    def parse(cls, text: str) -> "PositAcc | None":
        name, *options = text.split(".")
        if not name.startswith("posit"):
            return None
        fmt = parse_format(name)
        assert isinstance(fmt, PositFormat)
        if options not in ([], ["unfused"]):
            raise SpecError(f"accumulator {text!r}: the one option of a posit accumulator is .unfused")
        return cls(fmt, not options)


@dataclass(frozen=True)
class QuireAcc:
    """The quire of posits: fixed point and exact, read out as a posit of the operands' format.

    Source: Posit Standard (2022), section 3.4, for es 2; other formats keep its 31 carry bits.
    """

    CARRY_BITS: ClassVar[int] = 31

    def __str__(self) -> str:
        return "quire"

    @classmethod
    def parse(cls, text: str) -> "QuireAcc | None":
        return cls() if text == "quire" else None


@dataclass(frozen=True)
class ChunkAcc:
    """Two levels, ``chunk<n>:<inner>:<outer>``: the inner one takes `length` steps and is then added into the outer.

    Source: arXiv 1812.08011, section 2.3 (chunk-based accumulation).
    """

    length: int
    inner: FixedAcc | FloatAcc
    outer: FixedAcc | FloatAcc

    def __post_init__(self) -> None:
        if not (is_whole(self.length) and 1 <= self.length <= 1 << 16):
            raise SpecError(f"accumulator {self}: chunk length {self.length} is not in 1..65536")
        for level in (self.inner, self.outer):
            if not isinstance(level, FixedAcc | FloatAcc):
                raise SpecError(f"accumulator {self}: inner and outer are fx… or a float format, and {level} is neither")

    def __str__(self) -> str:
        return f"chunk{self.length}:{self.inner}:{self.outer}"

    @classmethod
    def parse(cls, text: str) -> "ChunkAcc | None":
        match = re.fullmatch(r"chunk(\d+):([^:]+):([^:]+)", text, re.ASCII)
        if match is None:
            if text.startswith("chunk"):
                raise SpecError(f"accumulator {text!r}: a chunked accumulator is chunk<n>:<inner>:<outer>, for example chunk64:e6m9:fp32")
            return None
        # Others are refused as the chunk is made.
        inner, outer = (cast("FixedAcc | FloatAcc", parse_accumulator(part)) for part in match.groups()[1:])
        return cls(int(match[1]), inner, outer)


Level = FixedAcc | FloatAcc | PositAcc | QuireAcc | TensorAcc
"""One register that sums."""

Accumulator = Level | ChunkAcc


def parse_accumulator(text: str) -> Accumulator:
    """Return the accumulator that `text` denotes.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    key = name_of(text)
    try:
        return _parse(key)
    except SpecError as error:
        if not str(error).startswith("unknown format"):
            raise
        raise SpecError(
            f"unknown accumulator {text!r}: allowed are fx[W][f<F>][h<H>][.sat][.rne], chunk<n>:<inner>:<outer>, "
            f"tc<L>f<F>:<out>[.rtz][.late|.phases<order>] or a GPU such as h100, "
            f"quire, a posit, or a float format with .rne .rna .rtz .sr<k> .ftz .unfused"
            f"{nearest(key.split('.')[0], _accumulator_names())}"
        ) from error


@lru_cache(maxsize=1 << 12)
def _parse(key: str) -> Accumulator:
    """Return the accumulator of a name, the same object again: what it works out about itself it does once."""
    for family in (ChunkAcc, TensorAcc, FixedAcc, QuireAcc, PositAcc):
        if acc := family.parse(key):
            return acc
    return FloatAcc.parse(key)


def _accumulator_names() -> list[str]:
    """Return names that a mistyped accumulator may have been meant for."""
    held = [
        name
        for name, entry in CATALOG.items()
        if isinstance(entry.format, PositFormat) or (isinstance(entry.format, FloatFormat) and entry.format.signed)
    ]
    return [*held, "quire"]
