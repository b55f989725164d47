"""Tensor-core style sums as data: many products in one step, aligned to the largest, truncated, rounded once.

`TensorAcc` is the arithmetic, `TENSOR_PRESETS` what is known of real GPUs. The semantics is the section of the same name
in ``docs/semantics.md``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .catalog import parse_format
from .errors import SpecError, is_whole, name_of, nearest
from .floats import FloatFormat, Specials

MAX_LANES = 64
MAX_ALIGNED_FRACTION = 48
MAX_PRODUCT_BITS = 62
MAX_PHASES = 10


@dataclass(frozen=True)
class TensorAcc:
    """A step of a tensor core, ``tc<L>f<F>:<out>[.rtz|.rne][.late|.phases<order>]``.

    The terms are `lanes` exact products and the accumulator. With E the largest exponent among the terms that are not
    zero, every term is truncated toward zero to a multiple of ``2**(E - fraction)``; the truncated terms are added exactly,
    and the sum is rounded to `format`. In phases that is done several times a step, each time with some of the products.

    Parameters
    ----------
    lanes
        L, products a step, 1..64.
    fraction
        F, bits kept below the exponent of the largest term, 0..48.
    format
        Format of the accumulator; signed, with subnormals.
    rounding
        ``"rne"`` or ``"rtz"``, of every rounding to `format` but the late addition.
    phases
        The order of the products of a step: product k is of phase ``phases[k % len(phases)]``. Those of phase 0 are summed and
        rounded; those of each later phase are summed with the result so far as a term. The accumulator is no term: it joins
        late, in `format`, to nearest even. ``(0,)`` is ``.late``; ``(0, 0, 1, 1)``, ``.phases0011``, is two phases, each of two
        products in four. Kept in its shortest form. Empty: one sum, of which the accumulator is a term.

    Raises
    ------
    SpecError
        If a parameter is out of range, or `format` cannot hold a sum.
    """

    lanes: int
    fraction: int
    format: FloatFormat
    rounding: str = "rne"
    phases: tuple[int, ...] = ()

    ROUNDINGS: ClassVar[tuple[str, ...]] = ("rne", "rtz")
    _GRAMMAR: ClassVar[re.Pattern[str]] = re.compile(r"tc(\d+)f(\d+):([^.:]+)((?:\.\w+)*)", re.ASCII)

    def __post_init__(self) -> None:
        if not (isinstance(self.phases, tuple) and all(map(is_whole, self.phases))):
            raise SpecError(f"the phases of a tensor core are a tuple of integers, one for each product, and not {self.phases!r}")
        object.__setattr__(self, "phases", _shortest(self.phases))
        if not (is_whole(self.lanes) and 1 <= self.lanes <= MAX_LANES):
            raise SpecError(f"accumulator {self}: {self.lanes} products a step is not in 1..{MAX_LANES}")
        if not (is_whole(self.fraction) and 0 <= self.fraction <= MAX_ALIGNED_FRACTION):
            raise SpecError(f"accumulator {self}: {self.fraction} aligned fraction bits is not in 0..{MAX_ALIGNED_FRACTION}")
        if self.rounding not in self.ROUNDINGS:
            raise SpecError(f"accumulator {self}: rounding {self.rounding!r} is not one of {', '.join(self.ROUNDINGS)}")
        if not isinstance(self.format, FloatFormat):
            raise SpecError(f"accumulator {self}: {self.format!r} is no float format")
        if not self.format.signed or not self.format.subnormals or self.format.halved:
            raise SpecError(f"accumulator {self}: {self.format} cannot hold a sum; it takes a signed float format with ordinary subnormals")
        self._check_phases()

    def _check_phases(self) -> None:
        if not self.phases:
            return
        numbers, length = sorted(set(self.phases)), len(self.phases)
        if numbers != list(range(len(numbers))) or len(numbers) > MAX_PHASES:
            order = "".join(str(numbers.index(phase)) for phase in self.phases)
            instead = f"; .phases{order} is the same order" if len(numbers) <= MAX_PHASES else ""
            raise SpecError(f"accumulator {self}: phases are numbered from 0 on, {MAX_PHASES} at most, and none is left out{instead}")
        if self.lanes % length:
            fitting = min(range(length, MAX_LANES + 1, length), key=lambda lanes: abs(lanes - self.lanes), default=0)
            instead = f"; one of {fitting} it does" if fitting else ""
            raise SpecError(f"accumulator {self}: an order of {length} products does not divide a step of {self.lanes}{instead}")

    def __str__(self) -> str:
        rounding = "" if self.rounding == "rne" else f".{self.rounding}"
        order = f".phases{''.join(map(str, self.phases))}" if self.phases else ""
        return f"tc{self.lanes}f{self.fraction}:{self.format}{rounding}{'.late' if self.phases == (0,) else order}"

    @property
    def late(self) -> bool:
        """Whether the accumulator is no term: it is added to the rounded sum of the products."""
        return bool(self.phases)

    @property
    def sums(self) -> tuple[tuple[tuple[int, ...], "TensorAcc"], ...]:
        """The sums of a step in their order: which products each takes, and the arithmetic of such a sum by itself.

        Where the accumulator joins late the first is of products alone, and that of each later one is the result so far.
        """
        if not self.phases:
            return ((tuple(range(self.lanes)), self),)
        chosen = [
            tuple(lane for lane in range(self.lanes) if self.phases[lane % len(self.phases)] == phase)
            for phase in range(max(self.phases) + 1)
        ]
        return tuple((each, replace(self, lanes=len(each), phases=() if phase else (0,))) for phase, each in enumerate(chosen))

    @classmethod
    def parse(cls, text: str) -> "TensorAcc | None":
        """Return the accumulator that `text` denotes, or None if it does not start with ``tc<L>``.

        Raises
        ------
        SpecError
            If it starts so and denotes none.
        """
        key = name_of(text)
        if not re.match(r"tc\d", key, re.ASCII):
            return None
        match = cls._GRAMMAR.fullmatch(key)
        if match is None:
            raise SpecError(
                f"accumulator {text!r}: a tensor-core style accumulator is tc<L>f<F>:<out>[.rtz|.rne][.late|.phases<order>], "
                f"for example tc8f24:fp32.rtz"
            )
        out = parse_format(match[3])
        if not isinstance(out, FloatFormat):
            raise SpecError(f"accumulator {text!r}: {out} cannot hold a sum; it takes a signed float format with ordinary subnormals")
        options = match[4].split(".")[1:]
        chosen: dict[str, str] = {}
        for option in options:
            kind = "rounding" if option in cls.ROUNDINGS else "order"
            if options.count(option) > 1 or (kind == "order" and not re.fullmatch(r"late|phases[0-9]+", option, re.ASCII)):
                allowed = ".rtz, .rne, .late, .phases<order> (as .phases0011: the phase of each product), each at most once"
                raise SpecError(f"accumulator {text!r}: option .{option} is not one of {allowed}")
            if kind in chosen:
                raise SpecError(f"accumulator {text!r}: .{chosen[kind]} and .{option} exclude each other; give one {kind}")
            chosen[kind] = option
        order = chosen.get("order", "").replace("late", "phases0").removeprefix("phases")
        return cls(int(match[1]), int(match[2]), out, chosen.get("rounding", "rne"), tuple(map(int, order)))


def _shortest(order: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shortest order that, repeated, is `order`."""
    lengths = (length for length in range(1, len(order)) if len(order) % length == 0)
    return next((order[:length] for length in lengths if order[:length] * (len(order) // length) == order), order)


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
    source
        Where this is known from.

    Raises
    ------
    SpecError
        If `result` cannot hold a number of ``acc.format``, or an addend that joins late is not of that format.
    """

    gpu: str
    operands: tuple[FloatFormat, ...]
    result: FloatFormat
    acc: TensorAcc
    instruction: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        out, held = self.acc.format, self.result
        if out.emax > held.emax or out.lsb_exponent < held.lsb_exponent or out.precision > held.precision or not held.has_inf:
            raise SpecError(f"preset {self}: {held} does not hold every number of {out}")
        if self.acc.late and out != held:
            raise SpecError(f"preset {self}: {self.acc} adds its accumulator late, in {out}, and the addend is in {held}")

    def __str__(self) -> str:
        return f"{self.gpu}:{self.result}{'.' if self.instruction else ''}{self.instruction}"


_VECTORS = "Khattak and Mikaitis, Accurate Models of NVIDIA Tensor Cores, arXiv 2512.07004, and their vectors (MATLAB-tensor-core)"
_SOURCE_READING = "MMA-Sim, arXiv 2511.10909"

_FP32, _FP16, _BF16, _TF32 = FloatFormat(8, 23, 127), FloatFormat(5, 10, 15), FloatFormat(8, 7, 127), FloatFormat(8, 10, 127)
_FP8 = (FloatFormat(4, 3, 7, Specials.FN), FloatFormat(5, 2, 15))
_E8M13 = FloatFormat(8, 13, 127)
_MMA_PHASES = (0, 0, 1, 1)


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


def _fp8(gpu: str, result: FloatFormat, acc: TensorAcc, instruction: str, source: str) -> TensorPreset:
    return TensorPreset(gpu, _FP8, result, acc, instruction, source)


TENSOR_PRESETS: tuple[TensorPreset, ...] = (
    *_sixteen_bit("v100", 4, 23),
    *_with_bf16_and_tf32("a100", 8, 24),
    *_with_bf16_and_tf32("ada", 8, 24),
    _fp8("ada", _FP32, TensorAcc(16, 13, _E8M13, "rtz"), "", _VECTORS),
    _fp8("ada", _FP16, TensorAcc(16, 13, _FP16), "", _VECTORS),
    *_with_bf16_and_tf32("h100", 16, 25),
    _fp8("h100", _FP32, TensorAcc(32, 13, _E8M13, "rtz"), "wgmma", _VECTORS),
    _fp8("h100", _FP16, TensorAcc(32, 25, _FP16, phases=_MMA_PHASES), "mma", _VECTORS),
    _fp8("h100", _FP32, TensorAcc(32, 25, _FP32, "rtz", _MMA_PHASES), "mma", _VECTORS),
    _fp8("h100", _FP16, TensorAcc(32, 13, _FP16), "wgmma", _SOURCE_READING),
    *_with_bf16_and_tf32("b200", 16, 25),
    _fp8("b200", _FP32, TensorAcc(32, 25, _FP32, "rtz"), "tcgen05", _SOURCE_READING),
    _fp8("b200", _FP16, TensorAcc(32, 25, _FP16), "tcgen05", _SOURCE_READING),
    _fp8("b200", _FP32, TensorAcc(32, 25, _FP32, "rtz", _MMA_PHASES), "mma", _VECTORS),
    _fp8("b200", _FP16, TensorAcc(32, 25, _FP16, phases=_MMA_PHASES), "mma", _VECTORS),
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
    key = name_of(text)
    names = list(dict.fromkeys(preset.gpu for preset in TENSOR_PRESETS))
    if GPU_ALIASES.get(key, key) not in names:
        raise SpecError(
            f"unknown GPU {text!r}: allowed are {', '.join(names)}, and {', '.join(GPU_ALIASES)}{nearest(key, [*names, *GPU_ALIASES])}"
        )
    return GPU_ALIASES.get(key, key)


def is_gpu_name(text: str) -> bool:
    """Whether `text` starts with the name of a GPU, as ``h100:fp16`` does."""
    key = re.split("[:.]", name_of(text))[0]
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
    gpu, _, tail = name_of(text).partition(":")
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
