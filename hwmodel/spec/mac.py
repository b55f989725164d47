"""`MacSpec`: the one noun. Everything else in the project is a view of it."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

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
from .block_catalog import BLOCK_CATALOG, is_block_name, parse_block
from .blocks import BlockFormat
from .catalog import format_note, parse_operand
from .choices import ChoiceFormat
from .codebooks import CodebookFormat
from .errors import SpecError, WidthError, is_whole, name_of, nearest
from .floats import FloatFormat
from .formats import Operand, ScalarOperand
from .logarithms import LogFormat, linear_range
from .posits import PositFormat
from .tensor import MAX_PRODUCT_BITS, TensorAcc, TensorPreset, is_gpu_name, parse_tensor
from .x87 import X87Format

MAX_PIPELINE = 2
MAX_LANES = 64
WHOLE_TENSOR_BITS = 12
"""log2 of the elements that the sum of a block without a size has room for."""


class FixedPoint(NamedTuple):
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
    """A multiply-accumulate unit: ``<a>-<b>-<acc>[-x<L>][-p<N>]``.

    Parameters
    ----------
    a, b
        Operand formats. Of a block format the unit is given elements, and the scale of the block they are from.
    acc
        The accumulator.
    pipeline
        Registers in front of the accumulation loop, 0..2. They change latency, never results.
    lanes
        L, operand pairs a cycle, 1..64. A tensor-core style accumulator says itself how many it takes; its units have no ``x<L>``.

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
    lanes: int = 1

    def __post_init__(self) -> None:
        for given, kinds, what in ((self.a, Operand, "operand"), (self.b, Operand, "operand"), (self.acc, Accumulator, "accumulator")):
            if not isinstance(given, kinds):
                instead = "; MacSpec.parse makes a unit of a name such as 'int8-int8-fx32'" if isinstance(given, str) else ""
                raise SpecError(f"{given!r} is no {what} of a unit{instead}")
        if isinstance(self.acc, TensorAcc) and self.lanes == 1:
            object.__setattr__(self, "lanes", self.acc.lanes)
        if not (is_whole(self.pipeline) and 0 <= self.pipeline <= MAX_PIPELINE):
            raise SpecError(f"unit {self}: pipeline depth {self.pipeline} is not in 0..{MAX_PIPELINE}")
        if not (is_whole(self.lanes) and 1 <= self.lanes <= MAX_LANES):
            raise SpecError(f"unit {self}: {self.lanes} operand pairs a cycle is not in 1..{MAX_LANES}")
        self._check_operands()
        self._check_blocks()
        self._check_tensor()
        self._check_specials()
        if self.exact_sum is not None and self.exact_sum.width > MAX_FIXED_WIDTH:
            raise WidthError(
                f"unit {self}: the exact sum of its products takes {self.exact_sum.width} bits, more than {MAX_FIXED_WIDTH}; "
                f"choose formats of less range, or a tensor-core style accumulator, which truncates"
            )

    def _check_operands(self) -> None:
        for fmt in self.factors:
            for each in fmt.choices if isinstance(fmt, ChoiceFormat) else (fmt,):
                if isinstance(each, CodebookFormat) and each.entry_format is None:
                    raise SpecError(f"unit {self}: a circuit holds the entries of {each} as floats; say as which, for example {each}@fp16")
        if isinstance(self.a, LogFormat) != isinstance(self.b, LogFormat):
            raise SpecError(f"unit {self}: a logarithmic format multiplies by adding logarithms, so both operands must be one")
        if isinstance(self.a, LogFormat) and isinstance(self.b, LogFormat) and not self.a.adds_to(self.b):
            raise SpecError(f"unit {self}: logarithms add where steps and tables are the same, and those of {self.a} and {self.b} differ")
        if isinstance(self.acc, QuireAcc) and not (isinstance(self.a, PositFormat) and self.a == self.b):
            raise SpecError(f"unit {self}: a quire sums products of one posit format, as in posit8-posit8-quire; otherwise name fx…")

    def _check_blocks(self) -> None:
        if not self.blocks:
            return
        sizes = {fmt.size for fmt in self.blocks}
        if len(sizes) > 1:
            raise SpecError(
                f"unit {self}: blocks of {self.a} and {self.b} differ in size ({_sizes(self.blocks)}); both operands take one size"
            )
        size = self.blocks[0].size
        if size is not None and size % self.lanes:
            fits = [lanes for lanes in range(1, min(MAX_LANES, size) + 1) if size % lanes == 0]
            nearest = min(fits, key=lambda lanes: (abs(lanes - self.lanes), lanes))
            raise SpecError(f"unit {self}: {self.lanes} operand pairs a cycle do not divide a block of {size}; x{nearest} does")
        for fmt in self.blocks:
            if fmt.sub_size and fmt.sub_size % self.lanes and self.lanes % fmt.sub_size:
                raise SpecError(f"unit {self}: {self.lanes} operand pairs a cycle do not go with sub-blocks of {fmt.sub_size} in {fmt}")
        if not isinstance(self.acc, FixedAcc | FloatAcc | TensorAcc):
            raise SpecError(f"unit {self}: sums of blocks go into fx<W>f<F>, a float format or tc<L>f<F>:<out>, not into {self.acc}")

    def _check_tensor(self) -> None:
        acc = self.acc
        if not isinstance(acc, TensorAcc):
            return
        if self.lanes != acc.lanes:
            raise SpecError(f"unit {self}: {acc} takes {acc.lanes} operand pairs a cycle, not {self.lanes}; leave out x{self.lanes}")
        for fmt in self.factors:
            if not isinstance(fmt, FloatFormat):
                raise SpecError(f"unit {self}: {fmt} is no operand of a tensor core's alignment by exponents; it takes float formats")
        bits = sum(fmt.precision + fmt.halved for fmt in self.factors if isinstance(fmt, FloatFormat))
        if bits > MAX_PRODUCT_BITS:
            raise SpecError(
                f"unit {self}: products of {bits} bits are more than the {MAX_PRODUCT_BITS} of a tensor core; choose narrower formats"
            )
        if self.blocks and self.blocks[0].size not in (None, acc.lanes):
            raise SpecError(f"unit {self}: with {acc} a step is a block, and {acc.lanes} products are no block of {self.blocks[0].size}")
        if self.blocks and not all(fmt.size and fmt.power_of_two and not fmt.sub_size for fmt in self.blocks):
            raise SpecError(
                f"unit {self}: with {acc} a step is a block of some size, its scales powers of two and without shifts of their own; "
                f"for {self.blocks[0]} a plain float accumulator sums blocks exactly"
            )

    def _check_specials(self) -> None:
        """Refuse accumulators without a code for what can arrive at them."""
        specials, before = self.has_specials, None
        for level in self.levels:
            if isinstance(level, FixedAcc | QuireAcc):
                self.fixed_point(level)
                specials = False
                continue
            if isinstance(level, PositAcc):
                continue
            if not level.format.has_nan and specials:
                source = f"{self.a} × {self.b}" if before is None else before
                raise SpecError(
                    f"unit {self}: {source} can be NaN or infinite and {level.format} has no code for either; "
                    f"choose an accumulator with a NaN, or operands without"
                )
            # A float level overflows to its infinity or NaN, whatever the operands.
            specials, before = level.format.has_nan, level.format

    def __str__(self) -> str:
        own = isinstance(self.acc, TensorAcc) and self.lanes == self.acc.lanes
        lanes = "" if self.lanes == 1 or own else f"-x{self.lanes}"
        return f"{self.a}-{self.b}-{self.acc}{lanes}" + (f"-p{self.pipeline}" if self.pipeline else "")

    @classmethod
    def parse(cls, text: str) -> "MacSpec":
        """Return the unit that `text` names; ``MacSpec.parse(str(spec)) == spec`` for every unit.

        The accumulator can also be a GPU's tensor core, as in ``fp16-fp16-h100``: the unit is that of its arithmetic.
        """
        # A hyphen inside a bias or a headroom (e4m3b-2) is followed by a digit; no part of a name starts with one.
        parts = re.split(r"-(?!\d)", name_of(text))
        if not 3 <= len(parts) <= 5:
            raise SpecError(f"unit {text!r}: a unit is <a>-<b>-<acc>[-x<L>][-p<N>], for example e4m3fn-e4m3fn-fp32 or int8-int8-fx32-x4-p1")
        lanes, pipeline = _parse_counts(text, parts[3:])
        a, b = map(_parse_operand, parts[:2])
        acc = _parse_tensor_core(text, parts[2], a, b) if is_gpu_name(parts[2]) else parse_accumulator(parts[2])
        return cls(a, b, acc, pipeline, lanes)

    @staticmethod
    def notes(text: str) -> list[str]:
        """Return one sentence for each operand name in `text` that is often meant for another format."""
        return sorted({note for part in name_of(text).split("-")[:2] if (note := format_note(part))})

    @property
    def unit_note(self) -> str:
        """A sentence where a fixed-point accumulator of given width drops bits of products to keep its headroom, else an empty string."""
        for level in self.levels:
            if self.blocks:
                break
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
        """Name of the Verilog module and of its files: the canonical string with ``+`` made ``_or_``, and every other character ``_``."""
        return re.sub(r"[^a-z0-9]", "_", str(self).replace("+", "_or_"))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The accumulators in the order a product meets them: one, or a chunk's inner and outer."""
        return (self.acc.inner, self.acc.outer) if isinstance(self.acc, ChunkAcc) else (self.acc,)

    @cached_property
    def factors(self) -> tuple[ScalarOperand, ScalarOperand]:
        """What a lane multiplies: of a block format its element, else the operand's own format."""
        a, b = (fmt.element if isinstance(fmt, BlockFormat) else fmt for fmt in (self.a, self.b))
        return a, b

    @cached_property
    def blocks(self) -> tuple[BlockFormat, ...]:
        """The operands' block formats: none, one or two."""
        return tuple(fmt for fmt in (self.a, self.b) if isinstance(fmt, BlockFormat))

    @cached_property
    def fold_steps(self) -> int | None:
        """Steps after which an inner register is folded into the accumulator: a chunk's length, or k/L of a block.

        0: only `flush` ends a block (one of the whole tensor). None: there is no inner register, for every step ends by itself.
        """
        if isinstance(self.acc, ChunkAcc):
            return self.acc.length
        if not self.blocks:
            return None
        size = self.blocks[0].size
        return 0 if size is None else None if size == self.lanes else size // self.lanes

    @cached_property
    def has_specials(self) -> bool:
        """Whether what the accumulator is given can be NaN or infinite: by an operand, or by the scale of a block."""
        return any(fmt.has_nan or fmt.has_inf for fmt in self.factors) or any(fmt.scale.has_nan for fmt in self.blocks)

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

    @cached_property
    def exact_sum(self) -> FixedPoint | None:
        """The exact sum in front of the accumulator: of a block, or of the lanes where the accumulator is no fixed point.

        Of a block in several steps it is a register. None: a single product, or products that the accumulator adds itself.
        """
        size = self.lanes
        if self.blocks:
            size = self.blocks[0].size or 1 << WHOLE_TENSOR_BITS
        elif self.lanes == 1 or isinstance(self.levels[0], FixedAcc | QuireAcc):
            return None
        if isinstance(self.acc, TensorAcc):
            return None
        return FixedPoint(1 + (size * self.product_max_magnitude).bit_length(), -self.product_lsb_exponent)

    def fixed_point(self, acc: FixedAcc | QuireAcc) -> FixedPoint:
        """Return width and fraction of `acc` for this unit's products, with the defaults filled in."""
        if isinstance(acc, QuireAcc):
            # 16n bits for es 2: minpos^2 … maxpos^2, a sign, and 31 bits of carries.
            return FixedPoint(1 - 2 * self.product_lsb_exponent + acc.CARRY_BITS, -self.product_lsb_exponent)
        if self.blocks and None in (acc.width, acc.fraction):
            raise SpecError(f"unit {self}: scales of blocks reach far, so name W and F, as in {self._exact_blocks()}, which loses no bit")
        headroom = DEFAULT_HEADROOM if acc.headroom is None else acc.headroom
        finest = -self.product_lsb_exponent
        # ceil(log2 |largest product|), exactly
        top = (self.product_max_magnitude - 1).bit_length() + self.product_lsb_exponent
        fraction = acc.fraction
        if fraction is None:
            fraction = finest if acc.width is None else min(finest, acc.width - 1 - top - headroom)
        width = 1 + fraction + top + headroom if acc.width is None else acc.width
        if not 1 <= width <= MAX_FIXED_WIDTH:
            raise WidthError(
                f"unit {self}: the accumulator {acc} would be {width} bits wide, which is not in 1..{MAX_FIXED_WIDTH}; "
                f"name W and F, as in fx64f20"
            )
        return FixedPoint(width, fraction)

    def _exact_blocks(self) -> FixedAcc:
        """Return the fixed point that holds sums of 2**12 blocks of any scale exactly."""
        assert self.exact_sum is not None
        lsb, magnitude = -self.exact_sum.fraction, self.exact_sum.max_value
        for fmt in self.blocks:
            lsb += fmt.scale.lsb_exponent
            magnitude *= fmt.scale.max_magnitude
        return FixedAcc(width=1 + magnitude.bit_length() + DEFAULT_HEADROOM, fraction=-lsb)

    @property
    def acc_width(self) -> int:
        """Bits of the `acc` port: the code of the accumulator (of a chunk: of the outer one; of a quire: the posit it is read out as)."""
        level = self.levels[-1]
        if isinstance(level, QuireAcc):
            return self.a.width
        return self.fixed_point(level).width if isinstance(level, FixedAcc) else level.format.width

    @property
    def inputs(self) -> dict[str, int]:
        """Input ports but clock and reset, and their widths. Of `a`, `b` and the shifts, lane 0 is in the low bits."""
        operands = {"a": self.a, "b": self.b}
        blocks = {name: fmt for name, fmt in operands.items() if isinstance(fmt, BlockFormat)}
        ports = {"valid": 1, "clear": 1} | {name: self.lanes * fmt.width for name, fmt in operands.items()}
        ports |= {f"{name}_scale": fmt.scale.width for name, fmt in blocks.items()}
        ports |= {f"{name}_shift": self.shifts(fmt) * fmt.shift_bits for name, fmt in blocks.items() if fmt.sub_size}
        ports |= {f"mode_{name}": fmt.mode_bits for name, fmt in operands.items() if isinstance(fmt, ChoiceFormat)}
        if self.fold_steps is not None:
            ports["flush"] = 1
        if self.random_bits:
            ports["rand"] = self.random_bits
        return ports

    def shifts(self, fmt: BlockFormat) -> int:
        """Return how many sub-blocks of `fmt` a step takes elements of; lane i is in the one with index ``i // fmt.sub_size``."""
        return max(self.lanes // fmt.sub_size, 1) if fmt.sub_size else 0

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
        """Whether the accumulator has two levels."""
        return isinstance(self.acc, ChunkAcc)

    @property
    def latency(self) -> int:
        """Cycles from `valid` to `acc_valid`: the pipeline, the accumulator register, and that of a chunk or block before it."""
        return self.pipeline + 1 + (self.fold_steps is not None)


def _sizes(blocks: tuple[BlockFormat, ...]) -> str:
    return " and ".join("the whole tensor" if fmt.size is None else str(fmt.size) for fmt in blocks)


def _parse_operand(text: str) -> Operand:
    if is_block_name(text):
        return parse_block(text)
    try:
        return parse_operand(text)
    except SpecError as error:
        meant = nearest(text, BLOCK_CATALOG)
        if not meant or not str(error).startswith("unknown format") or "did you mean" in str(error):
            raise
        raise SpecError(f"{error}, or a block format{meant}") from error


def _parse_counts(text: str, parts: list[str]) -> tuple[int, int]:
    """Return lanes and pipeline depth."""
    found = {}
    for part in parts:
        match = re.fullmatch(r"([xp])(\d+)", part, re.ASCII)
        if match is None:
            raise SpecError(
                f"unit {text!r}: {part!r} is neither a number of lanes, x1 to x{MAX_LANES}, nor a pipeline depth, p0 to p{MAX_PIPELINE}"
            )
        if match[1] in found or "p" in found:
            raise SpecError(f"unit {text!r}: {part!r} is once too many or out of order; a unit ends with [-x<L>][-p<N>]")
        found[match[1]] = int(match[2])
    if found.get("x") == 0:
        raise SpecError(f"unit {text!r}: 0 operand pairs a cycle is not in 1..{MAX_LANES}")
    return found.get("x", 1), found.get("p", 0)


def _parse_tensor_core(text: str, name: str, a: Operand, b: Operand) -> TensorAcc:
    """Return the arithmetic of a GPU's tensor core for these operands."""
    factors = [fmt.element if isinstance(fmt, BlockFormat) else fmt for fmt in (a, b)]
    for fmt in factors:
        if not isinstance(fmt, FloatFormat):
            raise SpecError(f"unit {text!r}: {fmt} is no operand of a tensor core's alignment by exponents; it takes float formats")
    core = parse_tensor(name, *factors)  # type: ignore[arg-type]
    return core.acc if isinstance(core, TensorPreset) else core
