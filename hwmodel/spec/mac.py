"""`MacSpec`: the one noun. Everything else in the project is a view of it."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from .accumulators import (
    DEFAULT_HEADROOM,
    MAX_FIXED_WIDTH,
    Accumulator,
    ChunkAcc,
    FixedAcc,
    FloatAcc,
    Level,
    PositAcc,
    QuireAcc,
    parse_accumulator,
)
from .catalog import format_note, parse_operand
from .choices import ChoiceFormat
from .codebooks import CodebookFormat
from .errors import SpecError
from .formats import Operand
from .logarithms import LogFormat, linear_range
from .posits import PositFormat
from .x87 import X87Format

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

    a: Operand
    b: Operand
    acc: Accumulator
    pipeline: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.pipeline <= MAX_PIPELINE:
            raise SpecError(f"unit {self}: pipeline depth {self.pipeline} is not in 0..{MAX_PIPELINE}")
        self._check_operands()
        specials, source = self.has_specials, f"{self.a} × {self.b}"
        for level in self.levels:
            if isinstance(level, FixedAcc | QuireAcc):
                self.fixed_point(level)
                specials = False
                continue
            if isinstance(level, PositAcc):
                continue
            if not level.format.has_nan and specials:
                raise SpecError(
                    f"unit {self}: {source} can be NaN or infinite and {level.format} has no code for either; "
                    f"choose an accumulator with a NaN, or operands without"
                )
            # A float level overflows to its infinity or NaN, whatever the operands.
            specials, source = level.format.has_nan, str(level.format)

    def _check_operands(self) -> None:
        for fmt in (self.a, self.b):
            for each in fmt.choices if isinstance(fmt, ChoiceFormat) else (fmt,):
                if isinstance(each, CodebookFormat) and each.entry_format is None:
                    raise SpecError(f"unit {self}: a circuit holds the entries of {each} as floats; say as which, for example {each}@fp16")
        if isinstance(self.a, LogFormat) != isinstance(self.b, LogFormat):
            raise SpecError(f"unit {self}: a logarithmic format multiplies by adding logarithms, so both operands must be one")
        if isinstance(self.a, LogFormat) and isinstance(self.b, LogFormat) and not self.a.adds_to(self.b):
            raise SpecError(f"unit {self}: logarithms add where steps and tables are the same, and those of {self.a} and {self.b} differ")
        if isinstance(self.acc, QuireAcc) and not (isinstance(self.a, PositFormat) and self.a == self.b):
            raise SpecError(f"unit {self}: a quire sums products of one posit format, as in posit8-posit8-quire; otherwise name fx…")

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
        return cls(parse_operand(parts[0]), parse_operand(parts[1]), parse_accumulator(parts[2]), pipeline)

    @staticmethod
    def notes(text: str) -> list[str]:
        """Return one sentence for each operand name in `text` that is often meant for another format."""
        return sorted({note for part in text.split("-")[:2] if (note := format_note(part))})

    @property
    def unit_note(self) -> str:
        """A sentence where a fixed-point accumulator of given width drops bits of products to keep its headroom, else an empty string."""
        for level in self.levels:
            if isinstance(level, FixedAcc) and level.fraction is None and level.width is not None:
                fraction, finest = self.fixed_point(level).fraction, -self.product_lsb_exponent
                if fraction < finest:
                    return (
                        f"{self}: {level} keeps its headroom and so counts in units of 2^{-fraction}, products in 2^{-finest}; "
                        f"write {replace(level, fraction=finest)} to keep every bit"
                    )
        return ""

    def require_circuit(self) -> None:
        """Raise where a unit can be estimated and there is no circuit of it, nor a golden model over arrays.

        Raises
        ------
        SpecError
            If an operand is fp80.
        """
        for fmt in (self.a, self.b):
            if isinstance(fmt, X87Format):
                raise SpecError(f"unit {self}: {fmt} has a codec and estimates, and no circuit; choose a narrower float, such as fp32")

    @property
    def module_name(self) -> str:
        """Name of the Verilog module and of its files: the canonical string with every other character made ``_``."""
        return re.sub(r"[^a-z0-9]", "_", str(self))

    @property
    def levels(self) -> tuple[Level, ...]:
        """The accumulators in the order a product meets them: one, or a chunk's inner and outer."""
        return (self.acc.inner, self.acc.outer) if isinstance(self.acc, ChunkAcc) else (self.acc,)

    @property
    def has_specials(self) -> bool:
        """Whether a product can be NaN or infinite."""
        return any(fmt.has_nan or fmt.has_inf for fmt in (self.a, self.b))

    @cached_property
    def product_lsb_exponent(self) -> int:
        """Every finite product is an integer multiple of ``2**product_lsb_exponent``."""
        if isinstance(self.a, LogFormat) and isinstance(self.b, LogFormat):
            return linear_range(self.a, self.b)[0]
        return self.a.lsb_exponent + self.b.lsb_exponent

    @cached_property
    def product_max_magnitude(self) -> int:
        """The largest absolute finite product, in units of ``2**product_lsb_exponent``."""
        if isinstance(self.a, LogFormat) and isinstance(self.b, LogFormat):
            return linear_range(self.a, self.b)[1]
        return self.a.max_magnitude * self.b.max_magnitude

    def fixed_point(self, acc: FixedAcc | QuireAcc) -> FixedPoint:
        """Return width and fraction of `acc` for this unit's products, with the defaults filled in."""
        if isinstance(acc, QuireAcc):
            # 16n bits for es 2: minpos^2 … maxpos^2, a sign, and 31 bits of carries.
            return FixedPoint(1 - 2 * self.product_lsb_exponent + acc.CARRY_BITS, -self.product_lsb_exponent)
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
        """Bits of the `acc` port: the code of the accumulator (of a chunk: of the outer one; of a quire: the posit it is read out as)."""
        level = self.levels[-1]
        if isinstance(level, QuireAcc):
            return self.a.width
        return self.fixed_point(level).width if isinstance(level, FixedAcc) else level.format.width

    @property
    def inputs(self) -> dict[str, int]:
        """Input ports but clock and reset, and their widths."""
        ports = {"valid": 1, "clear": 1, "a": self.a.width, "b": self.b.width}
        ports |= {f"mode_{name}": fmt.mode_bits for name, fmt in (("a", self.a), ("b", self.b)) if isinstance(fmt, ChoiceFormat)}
        if self.is_chunked:
            ports["flush"] = 1
        if self.random_bits:
            ports["rand"] = self.random_bits
        return ports

    @property
    def outputs(self) -> dict[str, int]:
        """Output ports and their widths."""
        return {"acc": self.acc_width, "acc_valid": 1} | ({"overflow": 1, "invalid": 1} if self.has_flags else {})

    @property
    def random_bits(self) -> int:
        """Bits of the input `rand`: those of every level that rounds stochastically, the inner one's lowest."""
        return sum(level.random_bits for level in self.levels if isinstance(level, FloatAcc))

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
