"""The presets against what GPUs computed: every row of the shared vectors, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import FloatFormat, parse_format

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "gpu_dot"
FP32 = parse_format("fp32")

CASES = [
    ("V100_fp16", "fp16", "fp32", "v100"),
    ("V100_fp16", "fp16", "fp16", "v100:fp16"),
    ("A100_fp16", "fp16", "fp32", "a100"),
    ("A100_fp16", "fp16", "fp16", "a100:fp16"),
    ("A100_bf16", "bf16", "fp32", "a100"),
    ("A100_tf32", "tf32", "fp32", "a100"),
    ("H100_fp16", "fp16", "fp32", "h100"),
    ("H100_fp16", "fp16", "fp16", "h100:fp16"),
    ("H100_bf16", "bf16", "fp32", "h100"),
    ("H100_E4M3", "e4m3fn", "fp32", "h100:fp32.wgmma"),
    ("H100_E4M3", "e4m3fn", "fp16", "h100:fp16.mma"),
    ("H100_E5M2", "e5m2", "fp32", "h100:fp32.wgmma"),
    ("H100_E5M2", "e5m2", "fp16", "h100:fp16.mma"),
]


def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of a file; the test is skipped where it is not there."""
    path = VECTORS / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"the GPU vectors {name}.npz are not in {VECTORS}")
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.mark.parametrize(("name", "operand", "result", "core"), CASES, ids=[f"{name}-{result}" for name, _, result, _ in CASES])
def test_every_row(name: str, operand: str, result: str, core: str) -> None:
    data = arrays(name)
    fmt, held = parse_format(operand), parse_format(result)
    assert isinstance(fmt, FloatFormat)
    a, b = (golden.encode(data[key].view(np.float32), fmt) for key in "ab")
    c = golden.encode(data["c"].view(np.float32), held)
    if core.endswith("wgmma"):
        # Those accumulators started from zero; the addends of the file were for the other instruction.
        c = np.zeros_like(c)
    codes = golden.dot(a, b, c, core, fmt)
    np.testing.assert_array_equal(golden.encode(golden.decode(codes, held), FP32), data[f"d_{result}"])
    assert len(codes) == 5000
    # The scalar form, on a few of them.
    for row in range(0, 5000, 500):
        assert golden.scalar.dot(a[row].tolist(), b[row].tolist(), int(c[row]), core, fmt, fmt) == codes[row]


def test_the_vectors_hold_subnormal_operands() -> None:
    """So the exponent of a subnormal is not ours alone."""
    bits = arrays("H100_E4M3")["a"].view(np.float32)
    assert ((bits != 0) & (np.abs(bits) < 2.0**-6)).sum() > 100
