"""Dot products that real GPUs computed, held against the golden model of their tensor cores.

A file is an ``.npz`` named ``<GPU>_<operand format>``, with float32 bit patterns in uint32 arrays: operands ``a`` and ``b``
(n, K), addends ``c`` (n,), and results ``d_fp32`` or ``d_fp16`` (n,) of an FP32 or FP16 tensor-core sum. For an FP16 result
the addend is first rounded to FP16.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwmodel import golden
from hwmodel.spec import FloatFormat, SpecError, TensorPreset, gpu_name, parse_format, presets_of

Bits = NDArray[np.uint32]

RESULTS = ("fp32", "fp16")
_FP32 = FloatFormat(8, 23, 127)
_FORMATS = {"fp16": "fp16", "bf16": "bf16", "tf32": "tf32", "e4m3": "e4m3fn", "e4m3fn": "e4m3fn", "e5m2": "e5m2"}
"""Operand formats by their name in a file name: the E4M3 of GPUs is OCP's."""

_TF32_BITS = np.uint32(0xFFFFE000)
"""What a tensor core reads of an FP32 that stands for a TF32."""


class VectorError(ValueError):
    """A folder or a file that holds no vectors; the message is one sentence."""


@dataclass(frozen=True)
class Vectors:
    """The contents of one file; arrays of float32 bit patterns, uint32."""

    path: Path
    gpu: str
    operand: FloatFormat
    a: Bits
    b: Bits
    c: Bits
    results: dict[str, Bits]


@dataclass(frozen=True)
class Comparison:
    """How one array of results compares with the golden model.

    Attributes
    ----------
    file, result
        Which array: name of the file, ``"fp32"`` or ``"fp16"``.
    preset
        The arithmetic.
    addend
        Whether the addends of the file entered the sums; if not, zeros did.
    rows, matches
        How many there are, and how many agree in every bit; a NaN agrees with every NaN.
    first_difference
        Row, silicon's bit pattern and the golden model's, of the first that does not.
    """

    file: str
    result: str
    preset: TensorPreset
    addend: bool
    rows: int
    matches: int
    first_difference: tuple[int, int, int] | None

    @property
    def ok(self) -> bool:
        return self.matches == self.rows


def read_folder(folder: Path) -> list[Vectors]:
    """Return the vectors of every ``.npz`` in `folder`, by name.

    Raises
    ------
    VectorError
        If there is no such folder, nothing in it, or a file that cannot be used.
    """
    if not folder.is_dir():
        raise VectorError(f"there is no folder {folder}")
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise VectorError(f"the folder {folder} holds no .npz file")
    return [read_vectors(path) for path in paths]


def read_vectors(path: Path) -> Vectors:
    """Return the vectors of one file.

    Raises
    ------
    VectorError
        If its name or its contents are not as this module says.
    """
    gpu, _, name = path.stem.rpartition("_")
    operand = _FORMATS.get(name.lower())
    if not gpu or operand is None:
        raise VectorError(
            f"the file name {path.name} does not say GPU and operand format, as in H100_fp16.npz; formats are {', '.join(_FORMATS)}"
        )
    try:
        gpu_name(gpu)
    except SpecError as error:
        raise VectorError(f"{path.name}: {error}") from error
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (ValueError, AttributeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise VectorError(f"{path} is not an .npz file of plain arrays") from error
    _check(path, arrays)
    fmt = parse_format(operand)
    assert isinstance(fmt, FloatFormat)
    results = {result: arrays[f"d_{result}"] for result in RESULTS if f"d_{result}" in arrays}
    return Vectors(path, gpu, fmt, arrays["a"], arrays["b"], arrays["c"], results)


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    missing = [name for name in ("a", "b", "c") if name not in arrays]
    results = [name for name in arrays if name.startswith("d_")]
    if missing or not results:
        raise VectorError(f"{path.name} has no array {missing[0] if missing else ' or '.join(f'd_{result}' for result in RESULTS)}")
    for name in results:
        if name.removeprefix("d_") not in RESULTS:
            raise VectorError(f"{path.name}: results {name} are not known; allowed are {', '.join(f'd_{result}' for result in RESULTS)}")
    for name in ("a", "b", "c", *results):
        if arrays[name].dtype != np.uint32:
            raise VectorError(f"{path.name}: the array {name} has dtype {arrays[name].dtype}; bit patterns are uint32")
    shape = arrays["a"].shape
    if len(shape) != 2 or 0 in shape:
        raise VectorError(f"{path.name}: the array a has shape {shape}; it takes (rows, K), neither of them 0")
    for name, expected in (("b", shape), *((name, shape[:1]) for name in ("c", *results))):
        if arrays[name].shape != expected:
            raise VectorError(f"{path.name}: the array {name} has shape {arrays[name].shape}; beside an a of {shape} it takes {expected}")


def compare(vectors: Vectors) -> list[Comparison]:
    """Return one comparison for every array of results.

    A file does not say by which instruction its results were taken, nor whether its addends were used (a ``wgmma`` can
    start from zero, and the H100's published FP8 vectors do). What the GPU has is tried in turn; the one that agrees in
    all rows is reported, or else the one that agrees in most.

    Raises
    ------
    VectorError
        If an operand is not a number of its format, or the GPU has no such arithmetic.
    """
    a, b = (_operands(vectors, name) for name in ("a", "b"))
    comparisons = []
    for name, silicon in vectors.results.items():
        result = parse_format(name)
        assert isinstance(result, FloatFormat)
        try:
            presets = presets_of(vectors.gpu, vectors.operand, vectors.operand, result)
        except SpecError as error:
            raise VectorError(f"{vectors.path.name}: {error}") from error
        c = _encoded(vectors.c, result)
        best: Comparison | None = None
        for preset, addend in _candidates(presets):
            codes = golden.dot(a, b, c if addend else 0, preset, vectors.operand)
            found = _compared(vectors.path.name, name, preset, addend, silicon, _patterns(codes, result))
            if best is None or found.matches > best.matches:
                best = found
            if best.ok:
                break
        assert best is not None
        comparisons.append(best)
    return comparisons


def _candidates(presets: Sequence[TensorPreset]) -> Iterator[tuple[TensorPreset, bool]]:
    yield from ((preset, True) for preset in presets)
    yield from ((preset, False) for preset in presets if preset.instruction == "wgmma")


def _operands(vectors: Vectors, name: str) -> np.ndarray:
    """Return the codes of an operand array."""
    fmt, bits = vectors.operand, getattr(vectors, name)
    if str(fmt) == "tf32":
        bits = bits & _TF32_BITS
    codes = _encoded(bits, fmt)
    wrong = np.argwhere(~_same(_patterns(codes, fmt), bits))
    if len(wrong):
        row, k = wrong[0]
        raise VectorError(f"{vectors.path.name}: {name}[{row}, {k}] is 0x{bits[row, k]:08x}, which is not the float32 of a number of {fmt}")
    return codes


def _encoded(bits: Bits, fmt: FloatFormat) -> np.ndarray:
    """Return the codes of float32 bit patterns."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        return golden.encode(bits.view(np.float32), fmt)


def _patterns(codes: np.ndarray, fmt: FloatFormat) -> Bits:
    """Return the float32 bit patterns of what `codes` mean; every format here is part of float32."""
    values: Bits = golden.encode(golden.decode(codes, fmt), _FP32).astype(np.uint32)
    return values


def _same(x: Bits, y: Bits) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (x == y) | (np.isnan(x.view(np.float32)) & np.isnan(y.view(np.float32)))
    return same


def _compared(file: str, result: str, preset: TensorPreset, addend: bool, silicon: Bits, ours: Bits) -> Comparison:
    same = _same(silicon, ours)
    first = None if same.all() else int(np.argmin(same))
    difference = None if first is None else (first, int(silicon[first]), int(ours[first]))
    return Comparison(file, result, preset, addend, len(same), int(same.sum()), difference)
