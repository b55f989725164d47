"""Units of several lanes, tensor-core arithmetic and blocks: names, ports, widths of exact sums, refusals."""

import shlex

import pytest

from hwmodel.spec import FixedPoint, MacSpec, SpecError, TensorAcc
from hwmodel.spec.dataflow import accumulated, joins_rows, lane_product


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("int8-int8-fx32-x4-p1", "int8-int8-fx32-x4-p1"),
        ("E4M3FN-e5m2-FP32-X8", "e4m3fn-e5m2-fp32-x8"),
        ("e4m3fn-e4m3fn-fp32-x1", "e4m3fn-e4m3fn-fp32"),
        ("fp16-fp16-h100", "fp16-fp16-tc16f25:fp32.rtz"),
        ("fp16-fp16-volta:fp16-p2", "fp16-fp16-tc4f23:fp16-p2"),
        ("e4m3fn-e5m2-ada", "e4m3fn-e5m2-tc16f13:e8m13.rtz"),
        ("e4m3fn-e5m2-h100:fp16.mma-p1", "e4m3fn-e5m2-tc32f25:fp16.phases0011-p1"),
        ("mxfp8e4m3-mxfp8e5m2-b200:fp32.mma", "mxfp8e4m3-mxfp8e5m2-tc32f25:fp32.rtz.phases0011"),
        ("e2m1fn-e2m1fn-tc4f3:fp16.phases0101", "e2m1fn-e2m1fn-tc4f3:fp16.phases01"),
        ("e2m1fn:32:e8m0fnu-mx9:8-fp32", None),
        ("mxfp4-mxfp8e4m3-fp32-x16", "mxfp4-mxfp8e4m3-fp32-x16"),
        ("mxfp4.ceil-bf16-fp32-x32-p1", "mxfp4.ceil-bf16-fp32-x32-p1"),
        ("e2m1fn:16:e4m3fnu:amax:tensor-nvfp4-fp16.rtz", "nvfp4-nvfp4-fp16.rtz"),
        ("mxfp8e5m2-mxfp8e5m2-tc32f25:fp32.rtz", "mxfp8e5m2-mxfp8e5m2-tc32f25:fp32.rtz"),
    ],
)
def test_names_of_dot_units(name: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(SpecError):
            MacSpec.parse(name)
        return
    spec = MacSpec.parse(name)
    assert str(spec) == canonical
    assert MacSpec.parse(canonical) == spec
    assert shlex.quote(canonical) == canonical


def test_a_tensor_unit_has_the_lanes_of_its_accumulator() -> None:
    spec = MacSpec.parse("fp16-fp16-tc8f24:fp32.rtz")
    assert isinstance(spec.acc, TensorAcc)
    assert (spec.lanes, spec.inputs["a"], spec.acc_width, spec.latency) == (8, 128, 32, 1)


@pytest.mark.parametrize(
    ("name", "ports", "latency"),
    [
        ("e4m3fn-e4m3fn-fp32-x8", {"valid": 1, "clear": 1, "a": 64, "b": 64}, 1),
        (
            "mxfp8e4m3-mxfp8e4m3-fp32-x8-p2",
            {"valid": 1, "clear": 1, "a": 64, "b": 64, "a_scale": 8, "b_scale": 8, "flush": 1},
            4,
        ),
        # A block a step: nothing is kept between steps.
        ("nvfp4-nvfp4-fp32-x16", {"valid": 1, "clear": 1, "a": 64, "b": 64, "a_scale": 7, "b_scale": 7}, 1),
        # Four lanes are two sub-blocks, one lane is half of one; each shift is one bit.
        (
            "mx9-msfp16-fp32-x4",
            {"valid": 1, "clear": 1, "a": 32, "b": 32, "a_scale": 8, "b_scale": 8, "a_shift": 2, "flush": 1},
            2,
        ),
        (
            "mx6-mx6-fp32",
            {"valid": 1, "clear": 1, "a": 5, "b": 5, "a_scale": 8, "b_scale": 8, "a_shift": 1, "b_shift": 1, "flush": 1},
            2,
        ),
        ("mxfp4-bf16-fp32-x2", {"valid": 1, "clear": 1, "a": 8, "b": 32, "a_scale": 8, "flush": 1}, 2),
    ],
)
def test_ports_of_dot_units(name: str, ports: dict[str, int], latency: int) -> None:
    spec = MacSpec.parse(name)
    assert spec.inputs == ports
    assert spec.latency == latency


@pytest.mark.parametrize(
    ("name", "width", "fraction"),
    [
        # e4m3fn: products are multiples of 2^-18 up to 448^2 = 196·2^10; eight of them are below 2^21.
        ("e4m3fn-e4m3fn-fp32-x8", 40, 18),
        # int8: (-128)^2 · 4 = 2^16, a bit more, and a sign.
        ("int8-int8-fp32-x4", 18, 0),
        # mxint8 has the unit 2^-6; 32 · 2^14 units of 2^-12 are 2^19.
        ("mxint8-mxint8-fp32-x2", 21, 12),
        # e2m1fn: multiples of 1/2 up to 6; 16 · 144 units of 1/4 are below 2^12.
        ("nvfp4-nvfp4-fp32", 13, 2),
        # mx9: 127 · 2^-6, or half of that; sixteen products of 254^2 units of 2^-14 are below 2^20.
        ("mx9-mx9-fp32", 21, 14),
    ],
)
def test_exact_sums(name: str, width: int, fraction: int) -> None:
    assert MacSpec.parse(name).exact_sum == FixedPoint(width, fraction)


@pytest.mark.parametrize(
    "name", ["int8-int8-fx32-x4", "e4m3fn-e4m3fn-fp32", "e4m3fn-e4m3fn-fx-x8", "fp16-fp16-v100", "posit8-posit8-quire-x4"]
)
def test_nothing_is_summed_apart_where_the_accumulator_does_it(name: str) -> None:
    assert MacSpec.parse(name).exact_sum is None


def test_what_travels_through_a_block_unit() -> None:
    spec = MacSpec.parse("mxint8-mxint8-fp32-x4")
    assert joins_rows(spec)
    assert not joins_rows(MacSpec.parse("mx9-mx9-fp32-x4"))
    assert not joins_rows(MacSpec.parse("int8-int8-fp32"))
    shape = accumulated(spec)
    # From the smallest sum, 2^-12, times 2^-254, to the largest, 2^7, times 2^254.
    assert (shape.exponent_low + shape.top, shape.exponent_high + shape.top) == (-12 - 254, 7 + 254)
    assert shape.nan
    assert not shape.inf
    assert lane_product(MacSpec.parse("mx9-mx9-fp32")).lsb == -14


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("int8-int8-fx32-x65", "65 operand pairs a cycle is not in 1..64"),
        ("int8-int8-fx32-x0", "0 operand pairs a cycle is not in 1..64"),
        ("int8-int8-fx32-p1-x2", "out of order"),
        ("int8-int8-fx32-4", "unknown accumulator 'fx32-4'"),
        ("int8-int8-fx32-y4", "'y4' is neither a number of lanes"),
        ("mxfp4-mxfp4-fp32-x5", "do not divide a block of 32; x4 does"),
        ("mxfp4-nvfp4-fp32", "differ in size (32 and 16)"),
        ("mxfp4-flex16-fp32", "differ in size (32 and the whole tensor)"),
        # 2^12 blocks of 32 products of 2^12·2^12 · 9.75 … the sentence names what loses no bit.
        ("mxfp8e4m3-mxfp8e4m3-fx", "name W and F, as in fx562f272"),
        ("mxfp8e4m3-mxfp8e4m3-fx48", "name W and F"),
        ("mxfp4-mxfp4-quire", "a quire sums products of one posit format"),
        ("mxfp4-mxfp4-chunk4:fp16:fp32", "not into chunk4:fp16:fp32"),
        ("nvfp4-nvfp4-tc16f25:fp32", "its scales powers of two"),
        ("mxfp4-mxfp4-tc16f25:fp32", "with tc16f25:fp32 a step is a block, and 16 products are no block of 32"),
        ("int8-int8-tc8f24:fp32", "int8 is no operand of a tensor core"),
        ("fp16-fp16-tc8f24:fp32-x4", "takes 8 operand pairs a cycle, not 4"),
        ("e11m52-e11m52-e11m52-x2", "takes 4198 bits, more than 1024"),
    ],
)
def test_refusals_of_dot_units(name: str, said: str) -> None:
    with pytest.raises(SpecError) as error:
        MacSpec.parse(name)
    assert said in str(error.value)
