"""Tensor-core style sums as data: many products in one step, aligned to the largest, truncated, rounded once.

`TensorAcc` is the arithmetic, `TENSOR_PRESETS` what is known of real GPUs. The semantics is the section of the same name
in ``docs/semantics.md``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from .catalog import parse_format
from .errors import SpecError, nearest
from .floats import FloatFormat, Specials

MAX_LANES = 64
MAX_ALIGNED_FRACTION = 48
MAX_PRODUCT_BITS = 62


@dataclass(frozen=True)
class TensorAcc:
    """A step of a tensor core, ``tc<L>f<F>:<out>[.rtz|.rne][.late]``.

    The terms are `lanes` exact products and the accumulator. With E the largest exponent among the terms that are not
    zero, every term is truncated toward zero to a multiple of ``2**(E - fraction)``; the truncated terms are added exactly,
    and the sum is rounded to `format`.

    Parameters
    ----------
    lanes
        L, products a step, 1..64.
    fraction
        F, bits kept below the exponent of the largest term, 0..48.
    format
        Format of the accumulator; signed, with subnormals.
    rounding
        ``"rne"`` or ``"rtz"``, of the one rounding to `format`.
    late
        The accumulator is no term: it is added to the rounded sum of the products, in `format`, to nearest even.

    Raises
    ------
    SpecError
        If a parameter is out of range, or `format` cannot hold a sum.
    """

    lanes: int
    fraction: int
    format: FloatFormat
    rounding: str = "rne"
    late: bool = False

    ROUNDINGS: ClassVar[tuple[str, ...]] = ("rne", "rtz")
    _GRAMMAR: ClassVar[re.Pattern[str]] = re.compile(r"tc(\d+)f(\d+):([^.:]+)((?:\.\w+)*)", re.ASCII)

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= MAX_LANES:
            raise SpecError(f"accumulator {self}: {self.lanes} products a step is not in 1..{MAX_LANES}")
        if not 0 <= self.fraction <= MAX_ALIGNED_FRACTION:
            raise SpecError(f"accumulator {self}: {self.fraction} aligned fraction bits is not in 0..{MAX_ALIGNED_FRACTION}")
        if self.rounding not in self.ROUNDINGS:
            raise SpecError(f"accumulator {self}: rounding {self.rounding!r} is not one of {', '.join(self.ROUNDINGS)}")
        if not self.format.signed or not self.format.subnormals or self.format.halved:
            raise SpecError(f"accumulator {self}: {self.format} cannot hold a sum; it takes a signed float format with ordinary subnormals")

    def __str__(self) -> str:
        rounding = "" if self.rounding == "rne" else f".{self.rounding}"
        return f"tc{self.lanes}f{self.fraction}:{self.format}{rounding}{'.late' if self.late else ''}"

    @classmethod
    def parse(cls, text: str) -> "TensorAcc | None":
        """Return the accumulator that `text` denotes, or None if it does not start with ``tc<L>``.

        Raises
        ------
        SpecError
            If it starts so and denotes none.
        """
        key = text.strip().lower()
        if not re.match(r"tc\d", key, re.ASCII):
            return None
        match = cls._GRAMMAR.fullmatch(key)
        if match is None:
            raise SpecError(
                f"accumulator {text!r}: a tensor-core style accumulator is tc<L>f<F>:<out>[.rtz|.rne][.late], for example tc8f24:fp32.rtz"
            )
        out = parse_format(match[3])
        if not isinstance(out, FloatFormat):
            raise SpecError(f"accumulator {text!r}: {out} cannot hold a sum; it takes a signed float format with ordinary subnormals")
        options = match[4].split(".")[1:]
        for option in options:
            if option not in (*cls.ROUNDINGS, "late") or options.count(option) > 1:
                raise SpecError(f"accumulator {text!r}: option .{option} is not one of .rtz, .rne, .late, each at most once")
        roundings = [option for option in options if option != "late"]
        if len(roundings) > 1:
            raise SpecError(f"accumulator {text!r}: .{roundings[0]} and .{roundings[1]} exclude each other; give one rounding")
        return cls(int(match[1]), int(match[2]), out, roundings[0] if roundings else "rne", "late" in options)


@dataclass(frozen=True)
class TensorPreset:
    """What one instruction of a GPU's tensor core computes.

    Attributes
    ----------
    gpu
        Name of the generation's best-known GPU.
    operands
        The formats that either operand can have.
    result
        Format of the addend, and the one that results are kept in; it holds every number of ``acc.format``.
    acc
        The arithmetic of a step.
    instruction
        ``"wgmma"``, ``"mma"`` (``mma.sync``) or ``"tcgen05"`` where they differ; empty: all the GPU has.
    phases
        If not empty: an order of its own. Products come in blocks; of each block, those whose index modulo the number of
        residues is in the first phase are summed from zero, then those of the second from that result, and so on. The
        addend joins after the last phase, in `result`, to nearest even.
    source
        Where this is known from.

    Raises
    ------
    SpecError
        If `acc` adds its accumulator late (an order of its own says so here), the phases are not those of a period, or
        `result` cannot hold a number of ``acc.format``.
    """

    gpu: str
    operands: tuple[FloatFormat, ...]
    result: FloatFormat
    acc: TensorAcc
    instruction: str = ""
    phases: tuple[tuple[int, ...], ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if self.acc.late:
            raise SpecError(f"preset {self}: {self.acc} adds its accumulator late; in a preset that is said by phases")
        residues = sorted(residue for phase in self.phases for residue in phase)
        if residues != list(range(self.period)) or len(set(map(len, self.phases))) > 1:
            raise SpecError(f"preset {self}: the phases {self.phases} do not share the residues 0..{self.period - 1} evenly")
        out, held = self.acc.format, self.result
        if out.emax > held.emax or out.lsb_exponent < held.lsb_exponent or out.precision > held.precision or not held.has_inf:
            raise SpecError(f"preset {self}: {held} does not hold every number of {out}")

    @property
    def block(self) -> int:
        """Products that one instruction takes."""
        return self.acc.lanes * max(1, len(self.phases))

    @property
    def period(self) -> int:
        """Number of residues that `phases` tells apart."""
        return sum(map(len, self.phases))

    def __str__(self) -> str:
        return f"{self.gpu}:{self.result}{'.' if self.instruction else ''}{self.instruction}"


_VECTORS = "Khattak and Mikaitis, Accurate Models of NVIDIA Tensor Cores, arXiv 2512.07004, and their vectors (MATLAB-tensor-core)"
_SOURCE_READING = "MMA-Sim, arXiv 2511.10909"

_FP32, _FP16, _BF16, _TF32 = FloatFormat(8, 23, 127), FloatFormat(5, 10, 15), FloatFormat(8, 7, 127), FloatFormat(8, 10, 127)
_FP8 = (FloatFormat(4, 3, 7, Specials.FN), FloatFormat(5, 2, 15))
_E8M13 = FloatFormat(8, 13, 127)
_MMA_PHASES = ((0, 1), (2, 3))


def _sixteen_bit(gpu: str, lanes: int, fraction: int) -> list[TensorPreset]:
    """Return the presets of FP16 operands."""
    return [
        TensorPreset(gpu, (_FP16,), _FP32, TensorAcc(lanes, fraction, _FP32, "rtz"), source=_VECTORS),
        TensorPreset(gpu, (_FP16,), _FP16, TensorAcc(lanes, fraction, _FP16), source=_VECTORS),
    ]


def _with_bf16_and_tf32(gpu: str, lanes: int, fraction: int) -> list[TensorPreset]:
    """Return the presets of FP16, BF16 and TF32 operands; a TF32 takes the place of two."""
    return [
        *_sixteen_bit(gpu, lanes, fraction),
        TensorPreset(gpu, (_BF16,), _FP32, TensorAcc(lanes, fraction, _FP32, "rtz"), source=_VECTORS),
        TensorPreset(gpu, (_TF32,), _FP32, TensorAcc(lanes // 2, fraction, _FP32, "rtz"), source=_VECTORS),
    ]


def _fp8(gpu: str, result: FloatFormat, acc: TensorAcc, instruction: str, source: str, *, in_phases: bool = False) -> TensorPreset:
    return TensorPreset(gpu, _FP8, result, acc, instruction, _MMA_PHASES if in_phases else (), source)


TENSOR_PRESETS: tuple[TensorPreset, ...] = (
    *_sixteen_bit("v100", 4, 23),
    *_with_bf16_and_tf32("a100", 8, 24),
    *_with_bf16_and_tf32("ada", 8, 24),
    _fp8("ada", _FP32, TensorAcc(16, 13, _E8M13, "rtz"), "", _VECTORS),
    _fp8("ada", _FP16, TensorAcc(16, 13, _FP16), "", _VECTORS),
    *_with_bf16_and_tf32("h100", 16, 25),
    _fp8("h100", _FP32, TensorAcc(32, 13, _E8M13, "rtz"), "wgmma", _VECTORS),
    _fp8("h100", _FP16, TensorAcc(16, 25, _FP16), "mma", _VECTORS, in_phases=True),
    _fp8("h100", _FP32, TensorAcc(16, 25, _FP32, "rtz"), "mma", _VECTORS, in_phases=True),
    _fp8("h100", _FP16, TensorAcc(32, 13, _FP16), "wgmma", _SOURCE_READING),
    *_with_bf16_and_tf32("b200", 16, 25),
    _fp8("b200", _FP32, TensorAcc(32, 25, _FP32, "rtz"), "tcgen05", _SOURCE_READING),
    _fp8("b200", _FP16, TensorAcc(32, 25, _FP16), "tcgen05", _SOURCE_READING),
    _fp8("b200", _FP32, TensorAcc(16, 25, _FP32, "rtz"), "mma", _VECTORS, in_phases=True),
    _fp8("b200", _FP16, TensorAcc(16, 25, _FP16), "mma", _VECTORS, in_phases=True),
)
"""All presets. Where a GPU has several instructions for the same operands and result, the first is what its name alone means."""

GPU_ALIASES: dict[str, str] = {
    "volta": "v100",
    "ampere": "a100",
    "a2": "a100",
    "a30": "a100",
    "a40": "a100",
    "l40s": "ada",
    "hopper": "h100",
    "h200": "h100",
    "blackwell": "b200",
}
"""Other GPUs, and generations, and the preset that holds for them."""


def gpu_name(text: str) -> str:
    """Return the name that presets of the GPU `text` go by.

    Raises
    ------
    SpecError
        If nothing is known of it.
    """
    key = text.strip().lower()
    names = list(dict.fromkeys(preset.gpu for preset in TENSOR_PRESETS))
    if GPU_ALIASES.get(key, key) not in names:
        raise SpecError(
            f"unknown GPU {text!r}: allowed are {', '.join(names)}, and {', '.join(GPU_ALIASES)}{nearest(key, [*names, *GPU_ALIASES])}"
        )
    return GPU_ALIASES.get(key, key)


def is_gpu_name(text: str) -> bool:
    """Whether `text` starts with the name of a GPU, as ``h100:fp16`` does."""
    key = re.split("[:.]", text.strip().lower())[0]
    return key in GPU_ALIASES or any(preset.gpu == key for preset in TENSOR_PRESETS)


def presets_of(gpu: str, a: FloatFormat, b: FloatFormat, result: FloatFormat) -> Sequence[TensorPreset]:
    """Return what the GPU can compute with these operands into this result, one preset an instruction.

    Raises
    ------
    SpecError
        If nothing is known of the GPU, or of it with these formats.
    """
    name = gpu_name(gpu)
    of_gpu = [preset for preset in TENSOR_PRESETS if preset.gpu == name]
    found = [preset for preset in of_gpu if a in preset.operands and b in preset.operands and preset.result == result]
    if not found:
        known = dict.fromkeys(f"{fmt} to {preset.result}" for preset in of_gpu for fmt in preset.operands)
        raise SpecError(f"no tensor-core preset of {name} takes {a} and {b} to {result}: known are {', '.join(known)}")
    return found


def parse_tensor(text: str, a: FloatFormat, b: FloatFormat) -> TensorAcc | TensorPreset:
    """Return the arithmetic that `text` denotes for operands `a` and `b`: ``tc<L>f<F>:<out>…`` or ``<gpu>[:<result>][.<instruction>]``.

    The result of a GPU is FP32 unless named, as in ``h100:fp16``.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    if acc := TensorAcc.parse(text):
        return acc
    gpu, _, tail = text.strip().lower().partition(":")
    if not tail:
        gpu, _, instruction = gpu.partition(".")
        result_name = "fp32"
    else:
        result_name, _, instruction = tail.partition(".")
    result = parse_format(result_name)
    if not isinstance(result, FloatFormat):
        raise SpecError(f"tensor core {text!r}: {result} is no result of a GPU; allowed are fp32 and fp16")
    found = presets_of(gpu, a, b, result)
    if not instruction:
        return found[0]
    for preset in found:
        if preset.instruction == instruction:
            return preset
    names = [f".{preset.instruction}" for preset in found if preset.instruction]
    allowed = f"allowed are {', '.join(names)}" if names else "there it has one way only, which needs no name"
    raise SpecError(f"tensor core {text!r}: {gpu_name(gpu)} has no .{instruction} for {a} and {b} to {result}; {allowed}")
