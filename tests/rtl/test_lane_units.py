"""Units of several lanes and of block formats: as gates, against the golden model."""

import re

import numpy as np
import pytest
from gates import Gates

from hwmodel import golden
from hwmodel.spec import BlockFormat, MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import emit, emit_lfsr

STREAMS, CYCLES = 96, 30

LANES = [
    "int8-int8-fx32-x4",
    "uint4-int4-fx12.sat-x3-p1",
    "int4+int8-int8-fx20-x2-p2",
    "int4-int4-fp16-x4-p2",
    "int4-uint4-e3m4b-8.unfused-x2",
    "e4m3fn-e4m3fn-fx-x4-p2",
    "e5m2-e5m2-fx20f4.rne.sat-x3",
    "e3m2-e2m1fn-e4m3b2-x3-p1",
    "e4m3fn-e4m3fn-bf16.unfused-x2-p2",
    "e2m3fn+int4-e2m1fn-e6m9.sr4-x2-p2",
    "e3m2-e3m2-chunk3:e5m4:fp16-x2-p1",
    "int4-int4-chunk4:fx12.sat:bf16-x2-p2",
    "posit6-posit6-quire-x2-p1",
    "posit5-posit5-posit6-x2-p2",
    "lns5g4-lns5g4-fp16-x2",
]

BLOCKS = [
    "int6q4:8:e8m0fnu-int6q4:8:e8m0fnu-tf32-x4",
    "e2m1fn:8:e8m0fnu-e2m1fn:8:e8m0fnu-fp16-x2-p1",
    "e2m1fn:8:e8m0fnu-e2m1fn:8:e8m0fnu-fx24f8.sat.rne-x4-p2",
    "e3m2:4:e3m2u-e3m2:4:e8m0fnu-bf16.sr5-x2-p2",
    "mx4-mx6-fp32-x4-p1",
    "e2m1fn:4:e4m3fnu-e2m1fn:4:e4m3fnu-fp16-x4-p2",
    "e3m2:4:e8m0fnu-e3m2:4:e8m0fnu-fp32-x4",
    "vsq4-vsq4-fx20f0-x2",
    "int4:8:pow2e5b31-e2m1fn-fx16f4-x1",
    "flex16-int4-fp32-x2-p1",
    "int4:4:e8m0fnu-int4:4:e8m0fnu-fx10f200-x4",
    "e2m1fn:4:e8m0fnu-e2m1fn:4:e8m0fnu-tc4f12:fp16.rtz-p1",
]


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


def drawn(spec: MacSpec, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return what every input shows, as bits of shape (CYCLES, STREAMS, width), lowest first."""
    shown = {name: rng.integers(0, 2, (CYCLES, STREAMS, width), np.uint8) for name, width in spec.inputs.items()}
    for name, share in (("valid", 0.8), ("clear", 0.15), ("flush", 0.15)):
        if name in shown:
            shown[name] = (rng.random((CYCLES, STREAMS, 1)) < share).astype(np.uint8)
    for name, fmt in (("a", spec.a), ("b", spec.b)):
        lanes = shown[name].reshape(CYCLES, STREAMS, spec.lanes, fmt.width)
        # Small numbers, zeros of both signs, and lanes that undo their neighbours.
        lanes[:, ::4, :, fmt.width // 2 : -1] = 0
        lanes[:, 1::8, :, :-1] = 0
        lanes[:, 2::4, 1::2, :-1] = lanes[:, 2::4, : spec.lanes - spec.lanes % 2 : 2, :-1]
        if isinstance(fmt, BlockFormat):
            # Scales in the middle of their range, not far from each other, and the ends of it.
            scale = shown[f"{name}_scale"]
            scale[:, ::2, 3:-1] = 1
            scale[:, ::2, -1] = 0
            scale[:, 1::16] = 1
    return shown


def as_numbers(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint64) << np.arange(bits.shape[-1], dtype=np.uint64)).sum(axis=-1, dtype=np.uint64)


def expected(spec: MacSpec, shown: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what the golden unit says after every step."""
    inputs = {}
    for name, bits in shown.items():
        fmt = getattr(spec, name[0]) if name[0] in "ab" else None
        count = 1
        if name in ("a", "b"):
            count = spec.lanes
        elif name.endswith("_shift"):
            assert isinstance(fmt, BlockFormat)
            count = spec.shifts(fmt)
        numbers = as_numbers(bits.reshape(CYCLES, STREAMS, count, -1))
        inputs[name] = numbers if count > 1 else numbers[..., 0]
    for name in ("valid", "clear", "flush"):
        if name in inputs:
            inputs[name] = inputs[name].astype(bool)
    mac = golden.Mac(spec)
    mac.reset(STREAMS)
    states: dict[str, list] = {name: [] for name in spec.outputs if name != "acc_valid"}
    for cycle in range(CYCLES):
        mac.step(**{name: each[cycle] for name, each in inputs.items()})
        for name, each in states.items():
            each.append(np.array(getattr(mac, name)))
    return {name: np.array(each) for name, each in states.items()}


@pytest.mark.parametrize("text", LANES + BLOCKS)
def test_gates_do_what_the_golden_unit_does(text, yosys):
    """Operands of every kind, idle cycles, clears and flushes in between; the flags too, where there are any."""
    spec = MacSpec.parse(text)
    shown = drawn(spec, np.random.default_rng(3))
    want = expected(spec, shown)
    late = spec.latency - 1
    padded = {name: np.concatenate([each, np.zeros((late, *each.shape[1:]), np.uint8)]) for name, each in shown.items()}
    gates = Gates(spec, yosys)
    assert len(np.unique(want["acc"])) > 10
    for name, each in want.items():
        np.testing.assert_array_equal(gates.run(padded, name)[late:], each.astype(np.uint64), err_msg=name)
    valid = np.concatenate([np.zeros((late, STREAMS), np.uint64), shown["valid"][..., 0]])
    np.testing.assert_array_equal(gates.run(padded, "acc_valid"), valid)


def test_parts_are_called_by_their_lane(yosys):
    def parts(text):
        return {name for names in emit(MacSpec.parse(text), yosys=yosys).manifest["parts"].values() for name in names}

    lanes = {f"{name}_{i}" for name in ("decode_a", "decode_b", "mpy") for i in range(2)}
    assert parts("e4m3fn-e4m3fn-fx-x2") == lanes | {"alignadd", "normacc"}
    assert parts("e4m3fn-e4m3fn-fp32-x2") == lanes | {"alignadd_sum", "alignadd_normalise", "alignadd", "normacc"}
    assert parts("int8-int8-fx32-x4") == {"mpy", "alignadd", "normacc"}
    registers = {f"mpy_{i}_register" for i in range(2)} | {"alignadd_sum_register"}
    assert parts("e4m3fn-e4m3fn-fp32-x2-p2") == parts("e4m3fn-e4m3fn-fp32-x2") | registers
    scales = {"decode_a_scale", "decode_b_scale", "mpy_scale", "mpy_scale_last", "alignadd_scale"}
    block = {"mpy", "alignadd_sum", "normacc_sum", "alignadd_normalise", "alignadd", "normacc"}
    assert parts("mxint8-mxint8-fp32-x4") == block | scales


def test_the_manifest_tells_lanes_and_blocks(yosys):
    manifest = emit(MacSpec.parse("mxfp4-mxfp4-fp32-x8-p1"), yosys=yosys).manifest
    assert manifest["lanes"] == 8
    assert manifest["latency"] == 3
    assert manifest["block"] == {"size": 32, "steps": 4}
    # 32 products of at most 6 · 6, a multiple of a quarter: 144 · 32 is 13 bits.
    assert manifest["exact_sum"] == {"width": 14, "fraction": 2}
    assert {port["name"]: port["width"] for port in manifest["ports"]}["a_scale"] == 8
    assert emit(MacSpec.parse("flex16-flex16-fp32"), yosys=yosys).manifest["block"] == {"size": None, "steps": None}
    plain = emit(MacSpec.parse("int8-int8-fx32"), yosys=yosys).manifest
    assert plain["lanes"] == 1
    assert not {"block", "exact_sum"} & set(plain)


def test_the_header_says_what_ports_show(yosys):
    header = emit(MacSpec.parse("mx4-mx4-fp32-x4"), yosys=yosys).verilog.split("\n\n")[0]
    assert "Takes 4 operand pairs a cycle; 2 cycle(s) from valid to acc_valid." in header
    assert re.search(r"^// a +in +12  operand codes, 4 of 3 bits, lane 0 lowest$", header, re.MULTILINE)
    assert re.search(r"^// a_shift +in +2  shifts of the sub-blocks", header, re.MULTILINE)
    assert re.search(r"^// b_scale +in +8  code of the scale of b's block \(4 steps\)", header, re.MULTILINE)


def test_an_lfsr_goes_on_when_a_block_is_flushed(yosys):
    verilog = emit_lfsr(MacSpec.parse("mxint8-mxint8-fp32.sr8-x8"), yosys=yosys).verilog
    assert re.search(r"valid \| flush|flush \| valid", verilog)
