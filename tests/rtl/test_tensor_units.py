"""Units of tensor-core arithmetic, step by step: against the golden dot product, and on sums done by hand."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Signal, Value
from amaranth.sim import Simulator

from hwmodel import golden
from hwmodel.spec import FloatFormat, MacSpec, TensorAcc
from hwmodel_rtl.cells import AdderCells
from hwmodel_rtl.mac import Mac


@pytest.fixture(autouse=True)
def adders_are_logic(monkeypatch):
    """Amaranth's own simulator knows no instances."""

    def place(self, kind, name, inputs):
        bits = [Value.cast(bit)[0] for bit in inputs.values()]
        total = Signal(2)
        self._module.d.comb += total.eq(sum(bits[1:], bits[0]))
        return total[0], total[1]

    monkeypatch.setattr(AdderCells, "_place", place)


Step = tuple[Sequence[int], Sequence[int], bool, bool]
"""Codes of `a` and `b`, one a lane; `clear`; `valid`."""


def accumulated(spec: MacSpec, steps: Sequence[Step]) -> list[int]:
    """Return what `acc` shows after each step."""
    unit = Mac(replace(spec, pipeline=0))
    found: list[int] = []

    def joined(codes: Sequence[int], fmt: FloatFormat) -> int:
        return sum(int(code) << (i * fmt.width) for i, code in enumerate(codes))

    async def bench(ctx) -> None:
        for a, b, clear, valid in steps:
            ctx.set(unit.a, joined(a, spec.a))
            ctx.set(unit.b, joined(b, spec.b))
            ctx.set(unit.clear, clear)
            ctx.set(unit.valid, valid)
            await ctx.tick()
            found.append(ctx.get(unit.acc))

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def codes(fmt: FloatFormat, rng: np.random.Generator, shape: tuple[int, ...], centre: int, spread: int) -> np.ndarray:
    """Return codes with exponent fields at most `spread` from `centre`; one in eight has a field of zero, one in twenty any code."""
    field = np.clip(centre + rng.integers(-spread, spread + 1, shape), 0, fmt.max_finite_code >> fmt.fraction_bits)
    field[rng.random(shape) < 0.125] = 0
    drawn = (field << fmt.fraction_bits) | rng.integers(0, fmt.fraction_mask + 1, shape)
    drawn = np.minimum(drawn, fmt.max_finite_code) | (rng.integers(0, 2, shape) * fmt.sign_mask)
    drawn[rng.random(shape) < 0.125] &= fmt.sign_mask
    return np.where(rng.random(shape) < 0.05, rng.integers(0, 1 << fmt.width, shape), drawn)


def sequences(spec: MacSpec, count: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return operands of shape (count, length, L): in every sequence of steps another spread of exponents; some steps undo the last."""
    rng = np.random.default_rng(5)
    shape = (length, spec.lanes)
    a, b = np.empty((count, *shape), np.int64), np.empty((count, *shape), np.int64)
    for i in range(count):
        for drawn, fmt in ((a, spec.a), (b, spec.b)):
            assert isinstance(fmt, FloatFormat)
            top = fmt.exponent_mask
            centre, spread = [(top // 2, 2), (top // 2, top), (1, 2), (top, 2), (top // 3, 4)][rng.integers(5)]
            drawn[i] = codes(fmt, rng, shape, centre, spread)
        if i % 4 == 3:
            a[i, 1::2], b[i, 1::2] = a[i, : length // 2 * 2 : 2] ^ spec.a.sign_mask, b[i, : length // 2 * 2 : 2]
    return a, b


UNITS = [
    "e4m3fn-e4m3fn-tc4f13:fp32.rtz",
    "e4m3fn-e4m3fn-tc1f0:fp16",
    "e4m3fn-e5m2-tc2f3:e8m13.rtz",
    "e5m2-e5m2-tc3f25:fp16",
    "e5m2-e5m2-tc3f5:e5m2.rtz",
    "e3m2fn-e4m3fn-tc8f10:fp16.rtz",
    "e2m1fn-e2m1fn-tc2f4:e3m2fn",
    "e4m3fnuz-e5m2fnuz-tc2f8:e5m2fnuz",
    "e5m2-e5m2-tc2f12:e4m3fn.late",
    "e4m3fn-e5m2-tc4f13:fp16.rtz.late",
    "e6m3-e6m3-tc2f9:e3m4.rtz",
    "e6m3-e6m3-tc2f9:e3m4.late",
    "e4m3nosub-e4m3fn-tc3f7:fp16",
]


@pytest.mark.parametrize("text", UNITS)
def test_steps_are_those_of_the_golden_dot_product(text):
    spec = MacSpec.parse(text)
    assert isinstance(spec.acc, TensorAcc)
    a, b = sequences(spec, 40, 5)
    expected, acc = [], np.zeros(len(a), np.uint64)
    for k in range(a.shape[1]):
        acc = golden.dot(a[:, k], b[:, k], acc, spec.acc, spec.a, spec.b)
        expected.append(acc)
    rng = np.random.default_rng(6)
    steps, wanted = [], []
    for i in range(len(a)):
        for k in range(a.shape[1]):
            steps.append((a[i, k], b[i, k], k == 0, True))
            wanted.append(int(expected[k][i]))
            if rng.random() < 0.25:  # a cycle without operands, whatever its inputs show, changes nothing
                steps.append((b[i, k] & ((1 << spec.a.width) - 1), a[i, k] & ((1 << spec.b.width) - 1), bool(rng.integers(2)), False))
                wanted.append(wanted[-1])
    assert accumulated(spec, steps) == wanted
