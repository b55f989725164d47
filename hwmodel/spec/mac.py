"""`MacSpec`: the one noun. Everything else in the project is a view of it."""

import re
from dataclasses import dataclass
from functools import cached_property

from .accumulators import DEFAULT_HEADROOM, MAX_FIXED_WIDTH, Accumulator, ChunkAcc, FixedAcc, FloatAcc, parse_accumulator
from .catalog import format_note, parse_format
from .errors import SpecError
from .formats import Format

MAX_PIPELINE = 2


@dataclass(frozen=True)
class FixedPoint:
    """A two's complement register: `width` bits, unit ``2**-fraction``."""

    width: int
    fraction: int

    @property
    def min_value(self) -> int:
        """Smallest value, in units of ``2**-fraction``."""
        return -(1 << (self.width - 1))

    @property
    def max_value(self) -> int:
        """Largest value, in units of ``2**-fraction``."""
        return (1 << (self.width - 1)) - 1


@dataclass(frozen=True)
class MacSpec:
    """A multiply-accumulate unit: ``<a>-<b>-<acc>[-p<N>]``.

    Parameters
    ----------
    a, b
        Operand formats.
    acc
        The accumulator.
    pipeline
        Registers in front of the accumulation loop, 0..2. They change latency, never results.

    Raises
    ------
    SpecError
        If the parts do not make a unit.

    Examples
    --------
    >>> spec = MacSpec.parse("e4m3fn-e4m3fn-fx")
    >>> spec.fixed_point(spec.acc)
    FixedPoint(width=49, fraction=18)
    >>> str(spec)
    'e4m3fn-e4m3fn-fx'
    """

    a: Format
    b: Format
    acc: Accumulator
    pipeline: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.pipeline <= MAX_PIPELINE:
            raise SpecError(f"unit {self}: pipeline depth {self.pipeline} is not in 0..{MAX_PIPELINE}")
        specials, source = self.has_specials, f"{self.a} × {self.b}"
        for level in self.levels:
            if isinstance(level, FixedAcc):
                self.fixed_point(level)
                specials = False
                continue
            if not level.format.has_nan and specials:
                raise SpecError(
                    f"unit {self}: {source} can be NaN or infinite and {level.format} has no code for either; "
                    f"choose an accumulator with a NaN, or operands without"
                )
            # A float level overflows to its infinity or NaN, whatever the operands.
            specials, source = level.format.has_nan, str(level.format)

    def __str__(self) -> str:
        return f"{self.a}-{self.b}-{self.acc}" + (f"-p{self.pipeline}" if self.pipeline else "")

    @classmethod
    def parse(cls, text: str) -> "MacSpec":
        """Return the unit that `text` names; ``MacSpec.parse(str(spec)) == spec`` for every unit."""
        # A hyphen inside a bias or a headroom (e4m3b-2) is followed by a digit; no part of a name starts with one.
        parts = re.split(r"-(?!\d)", text.strip().lower())
        if len(parts) not in (3, 4):
            raise SpecError(f"unit {text!r}: a unit is <a>-<b>-<acc>[-p<N>], for example e4m3fn-e4m3fn-fp32 or int8-int8-fx32-p1")
        pipeline = 0
        if len(parts) == 4:
            match = re.fullmatch(r"p(\d+)", parts[3], re.ASCII)
            if match is None:
                raise SpecError(f"unit {text!r}: {parts[3]!r} is not a pipeline depth; write p0 to p{MAX_PIPELINE}")
            pipeline = int(match[1])
        return cls(parse_format(parts[0]), parse_format(parts[1]), parse_accumulator(parts[2]), pipeline)

    @staticmethod
    def notes(text: str) -> list[str]:
        """Return one sentence for each operand name in `text` that is often meant for another format."""
        return sorted({note for part in text.split("-")[:2] if (note := format_note(part))})

    @property
    def module_name(self) -> str:
        """Name of the Verilog module and of its files: the canonical string with every other character made ``_``."""
        return re.sub(r"[^a-z0-9]", "_", str(self))

    @property
    def levels(self) -> tuple[FixedAcc | FloatAcc, ...]:
        """The accumulators in the order a product meets them: one, or a chunk's inner and outer."""
        return (self.acc.inner, self.acc.outer) if isinstance(self.acc, ChunkAcc) else (self.acc,)

    @property
    def has_specials(self) -> bool:
        """Whether a product can be NaN or infinite."""
        return any(fmt.has_nan or fmt.has_inf for fmt in (self.a, self.b))

    @cached_property
    def product_lsb_exponent(self) -> int:
        """Every finite product is an integer multiple of ``2**product_lsb_exponent``."""
        return self.a.lsb_exponent + self.b.lsb_exponent

    @cached_property
    def product_max_magnitude(self) -> int:
        """The largest absolute finite product, in units of ``2**product_lsb_exponent``."""
        return self.a.max_magnitude * self.b.max_magnitude

    def fixed_point(self, acc: FixedAcc) -> FixedPoint:
        """Return width and fraction of `acc` for this unit's products, with the defaults filled in."""
        headroom = DEFAULT_HEADROOM if acc.headroom is None else acc.headroom
        finest = -self.product_lsb_exponent
        # ceil(log2 |largest product|), exactly
        top = (self.product_max_magnitude - 1).bit_length() + self.product_lsb_exponent
        fraction = acc.fraction
        if fraction is None:
            fraction = finest if acc.width is None else min(finest, acc.width - 1 - top - headroom)
        width = 1 + fraction + top + headroom if acc.width is None else acc.width
        if not 1 <= width <= MAX_FIXED_WIDTH:
            raise SpecError(
                f"unit {self}: the accumulator {acc} would be {width} bits wide, which is not in 1..{MAX_FIXED_WIDTH}; "
                f"name W and F, as in fx64f20"
            )
        return FixedPoint(width, fraction)

    @property
    def acc_width(self) -> int:
        """Bits of the `acc` port: the code of the accumulator (of a chunk: of the outer one)."""
        level = self.levels[-1]
        return self.fixed_point(level).width if isinstance(level, FixedAcc) else level.format.width

    @property
    def has_flags(self) -> bool:
        """Whether the unit has the sticky outputs `overflow` and `invalid`: some level is fixed point."""
        return any(isinstance(level, FixedAcc) for level in self.levels)

    @property
    def is_chunked(self) -> bool:
        """Whether the unit has the input `flush`."""
        return isinstance(self.acc, ChunkAcc)

    @property
    def latency(self) -> int:
        """Cycles from `valid` to `acc_valid`: the pipeline, the accumulator register, and a chunk's outer one."""
        return self.pipeline + len(self.levels)
