"""Floats that add by a near and a far path: as gates, against the golden model."""

import itertools

import numpy as np
import pytest
from gates import Gates

from hwmodel import golden
from hwmodel.spec import MacSpec
from hwmodel.spec.dataflow import has_near_path
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

STREAMS, CYCLES = 4096, 24

UNITS = [
    "e4m3fn-e4m3fn-fp32",
    "e4m3fn-e4m3fn-fp16",
    "e5m2-e5m2-e5m2",
    "e4m3-e4m3-e4m3.rtz",
    "bf16-bf16-bf16",
    "e2m1fn-e2m1fn-e3m4",
    "e3m2-e3m2-e6m9.sr4",
    "e5m2nosub-e5m2nosub-e5m2nosub",
    "e4m3fn-e4m3fn-bf16.ftz",
    "int4-int4-fp16",
    "e3m4-int3-e4m3b2.rna",
    "e2m1fn-e2m1fn-fp16-x3",
    "lns6g2-lns6g2-fp16",
    "e4m3fnuz-e4m3fnuz-e4m3.unfused",
    "e3m2-e3m2-chunk4:e5m4:bf16",
]


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


def drawn(spec: MacSpec, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return codes of shape (CYCLES, STREAMS, …): in most streams a product is followed by about minus itself, so that sums cancel."""
    codes = {name: rng.integers(0, 1 << fmt.width, (CYCLES, STREAMS, spec.lanes)) for name, fmt in (("a", spec.a), ("b", spec.b))}
    for name, fmt in (("a", spec.a), ("b", spec.b)):
        odd = codes[name][:-1:2] ^ (int(name == "a") << (fmt.width - 1))
        odd ^= np.where(rng.random(odd.shape) < 0.4, rng.integers(0, 4, odd.shape), 0)
        codes[name][1::2, STREAMS // 4 :] = odd[:, STREAMS // 4 :]
    shown = codes if spec.lanes > 1 else {name: each[..., 0] for name, each in codes.items()}
    shown["valid"] = rng.random((CYCLES, STREAMS)) < 0.9
    shown["clear"] = rng.random((CYCLES, STREAMS)) < 0.1
    if "rand" in spec.inputs:
        shown["rand"] = rng.integers(0, 1 << spec.inputs["rand"], (CYCLES, STREAMS))
    return shown


def as_bits(codes: np.ndarray, width: int) -> np.ndarray:
    """Return the bits of codes of all lanes, lowest first, in one last axis."""
    rows = codes.reshape(CYCLES, STREAMS, -1).astype(np.int64)
    return ((rows[..., None] >> np.arange(width // rows.shape[-1])) & 1).astype(np.uint8).reshape(CYCLES, STREAMS, -1)


@pytest.mark.parametrize(("text", "adder"), list(zip(UNITS, itertools.cycle(("sklansky", "ripple")))))
def test_sums_by_two_paths_are_the_golden_ones(text, adder, yosys) -> None:
    spec = MacSpec.parse(text)
    assert has_near_path(spec)
    shown = drawn(spec, np.random.default_rng(5))
    mac = golden.Mac(spec)
    mac.reset(STREAMS)
    want = []
    for cycle in range(CYCLES):
        mac.step(**{name: each[cycle] for name, each in shown.items()})
        want.append(np.array(mac.acc))
    gates = Gates(spec, yosys, Architecture(adder, paths="near_far"))
    late = spec.latency - 1
    bits = {name: as_bits(shown[name], width) for name, width in spec.inputs.items() if name in shown}
    padded = {name: np.concatenate([each, np.zeros((late, *each.shape[1:]), np.uint8)]) for name, each in bits.items()}
    np.testing.assert_array_equal(gates.run(padded, "acc")[late:], np.array(want).astype(np.uint64))


@pytest.mark.parametrize("text", ["int8-int8-fx32", "posit8-posit8-posit8", "e4m3fn-e4m3fn-tc4f13:fp32", "int4-int4-chunk4:fx12:bf16"])
def test_what_has_one_path_stays_as_it_is(text, yosys) -> None:
    spec = MacSpec.parse(text)
    assert not has_near_path(spec)
    units = [emit(spec, Architecture(paths=paths), yosys=yosys) for paths in ("single", "near_far")]
    assert units[0].verilog == units[1].verilog
