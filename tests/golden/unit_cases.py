"""Random inputs for units of any shape, and both forms of a unit side by side."""

from typing import Any

import numpy as np

from hwmodel import golden
from hwmodel.spec import BlockFormat, FloatAcc, FloatFormat, MacSpec, Operand, TensorAcc

Shown = dict[str, Any]


def biased_codes(fmt: Operand, shape: tuple[int, ...], rng: np.random.Generator, share: float = 0.15) -> np.ndarray:
    """Random codes; a share of them zero, special, or one step beside such a code."""
    fmt = fmt.element if isinstance(fmt, BlockFormat) else fmt
    ends = np.array([0, 1, (1 << fmt.width) - 1, 1 << (fmt.width - 1), (1 << (fmt.width - 1)) - 1], np.uint64)
    if isinstance(fmt, FloatFormat):
        ends = np.append(ends, np.array([fmt.max_finite_code, fmt.inf_code or 0, fmt.nan_code or 0], np.uint64))
    usual = rng.integers(0, (1 << fmt.width) - 1, shape, dtype=np.uint64, endpoint=True)
    return np.where(rng.random(shape) < share, rng.choice(ends, shape), usual)


def random_inputs(spec: MacSpec, n: int, rng: np.random.Generator, share: float) -> Shown:
    """One cycle's inputs of `n` units. In a third of the units operands hold few ones, so that sums cancel."""
    shape = (n,) if spec.lanes == 1 else (n, spec.lanes)
    shown: Shown = {}
    for name, fmt in (("a", spec.a), ("b", spec.b)):
        codes = biased_codes(fmt, shape, rng, share)
        few = rng.random((n,) + (1,) * (len(shape) - 1)) < 0.3
        shown[name] = np.where(few, codes & np.uint64(3 << max(fmt.width - 2, 0)) | (codes & np.uint64(1)), codes)
        if isinstance(fmt, BlockFormat):
            middle, ends = 1 << (fmt.scale.width - 1), rng.integers(0, 1 << fmt.scale.width, n)
            shown[f"{name}_scale"] = np.where(rng.random(n) < 0.2, ends, np.minimum(middle + rng.integers(-3, 3, n), 2 * middle - 1))
            if fmt.sub_size:
                shown[f"{name}_shift"] = rng.integers(0, fmt.max_shift + 1, (n, spec.shifts(fmt)))
    shown |= {name: rng.integers(0, 1 << bits, n) for name, bits in spec.inputs.items() if name.startswith("mode_")}
    if spec.random_bits:
        ones = (1 << spec.random_bits) - 1
        words = rng.integers(0, ones, n, dtype=np.uint64, endpoint=True)
        shown["rand"] = np.where(rng.random(n) < 0.3, rng.choice(np.array([0, ones], np.uint64), n), words)
    for name, chance in (("clear", 0.06), ("flush", 0.1), ("valid", 0.9)):
        shown[name] = rng.random(n) < chance
    return shown


def of_unit(shown: Shown, i: int) -> Shown:
    """What one unit is shown, as the scalar form takes it."""
    return {name: value[i].tolist() for name, value in shown.items()}


def starts(spec: MacSpec, n: int, rng: np.random.Generator) -> list[int]:
    """Codes to load the accumulators with."""
    level = spec.levels[-1]
    if isinstance(level, FloatAcc | TensorAcc):
        return [int(code) for code in biased_codes(level.format, (n,), rng)]
    return [int.from_bytes(rng.bytes(spec.acc_width // 8 + 1)) % (1 << spec.acc_width) for _ in range(n)]


def assert_forms_agree(spec: MacSpec, n: int, steps: int, seed: int, share: float = 0.03) -> None:
    """Run both forms on the same inputs and hold accumulators and flags against each other after every step."""
    rng = np.random.default_rng(seed)
    array, scalars = golden.Mac(spec), [golden.scalar.Mac(spec) for _ in range(n)]
    array.reset(n)
    for k in range(steps):
        if k == steps // 2:
            held = starts(spec, n, rng)
            array.load(golden.int_to_code(held, spec.acc_width))
            for mac, code in zip(scalars, held, strict=True):
                mac.load(code)
        shown = random_inputs(spec, n, rng, share)
        array.step(**shown)
        for i, mac in enumerate(scalars):
            mac.step(**of_unit(shown, i))
        ours = list(zip(golden.code_to_int(array.acc), array.overflow.tolist(), array.invalid.tolist(), strict=True))
        assert ours == [(mac.acc, mac.overflow, mac.invalid) for mac in scalars], f"{spec}, seed {seed}, step {k}"
