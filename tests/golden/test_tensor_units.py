"""Units of tensor-core style: both forms, `golden.dot`, and what GPUs computed."""

from pathlib import Path

import numpy as np
import pytest
from unit_cases import assert_forms_agree, biased_codes

from hwmodel import golden
from hwmodel.spec import FloatFormat, MacSpec, SpecError, parse_format

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "gpu_dot"

UNITS = """
fp16-fp16-v100 fp16-fp16-h100 fp16-fp16-a100:fp16 bf16-bf16-a100 tf32-tf32-h100 e4m3fn-e4m3fn-ada e5m2-e4m3fn-h100 e4m3fn-e4m3fn-b200
e4m3fn-e4m3fn-tc3f7:fp16.late e5m2-e5m2-tc8f13:e5m2.rtz.late fp16-bf16-tc1f10:fp32 e4m3fnuz-e4m3fnuz-tc2f0:e4m3fnuz.rtz
e4m3fn-e5m2-h100:fp16.mma e5m2-e5m2-b200:fp32.mma e4m3-e5m2-tc4f2:e5m2fnuz.rtz.phases0121
e2m1fn-e2m1fn-tc4f6:e2m3fn e4m3-e4m3-tc64f48:bf16 fp32-e4m3fn-tc2f30:fp32.rtz
""".split()  # noqa: SIM905 (short names)


@pytest.mark.parametrize("name", UNITS)
def test_forms_agree(name: str) -> None:
    assert_forms_agree(MacSpec.parse(name), n=12, steps=8, seed=0)


@pytest.mark.parametrize(
    "name", ["fp16-fp16-v100", "fp16-fp16-h100", "e4m3fn-e4m3fn-ada", "e5m2-e5m2-tc4f9:fp16.late", "e4m3fn-e4m3fn-h100:fp16.mma"]
)
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_steps_are_a_chain(name: str, share: float) -> None:
    """After K steps the unit holds the dot product of K times L operands."""
    spec, n, steps = MacSpec.parse(name), 300, 3
    rng = np.random.default_rng(2)
    a, b = (biased_codes(fmt, (steps, n, spec.lanes), rng, share) for fmt in (spec.a, spec.b))
    c = biased_codes(spec.acc.format, (n,), rng)
    mac = golden.Mac(spec)
    mac.load(c)
    rows = (np.moveaxis(codes, 0, 1).reshape(n, -1) for codes in (a, b))
    np.testing.assert_array_equal(mac.run(a, b), golden.dot(*rows, c, spec.acc, spec.a, spec.b))


@pytest.mark.parametrize(
    ("file", "unit", "result"),
    [
        ("V100_fp16", "fp16-fp16-v100", "fp32"),
        ("A100_bf16", "bf16-bf16-a100", "fp32"),
        ("H100_fp16", "fp16-fp16-h100:fp16", "fp16"),
        ("H100_E4M3", "e4m3fn-e4m3fn-h100:fp16.mma", "fp16"),
        ("H100_E5M2", "e5m2-e5m2-h100:fp16.mma", "fp16"),
    ],
)
def test_silicon(file: str, unit: str, result: str) -> None:
    """Every row of a file of GPU vectors, L products a step."""
    path = VECTORS / f"{file}.npz"
    if not path.exists():
        pytest.skip(f"the GPU vectors {file}.npz are not in {VECTORS}")
    spec, held = MacSpec.parse(unit), parse_format(result)
    with np.load(path, allow_pickle=False) as vectors:
        a, b, c, expected = (vectors[name].view(np.float32) for name in ("a", "b", "c", f"d_{result}"))
    mac = golden.Mac(spec)
    mac.load(golden.encode(c, held))
    steps = (np.moveaxis(golden.encode(x, spec.a).reshape(len(x), -1, spec.lanes), 0, 1) for x in (a, b))
    ours = golden.decode(mac.run(*steps), held, np.float32)
    number = ~np.isnan(expected)
    assert number.sum() > 4000
    np.testing.assert_array_equal(ours[number].view(np.uint32), expected[number].view(np.uint32))
    np.testing.assert_array_equal(np.isnan(ours), ~number)


def test_products_of_too_many_bits() -> None:
    fmt = parse_format("e11m40")
    assert isinstance(fmt, FloatFormat)
    with pytest.raises(SpecError, match="products of 82 bits are more than the 62 of a tensor core"):
        golden.Mac(MacSpec.parse("e11m40-e11m40-tc2f20:fp32"))
