"""``hwmodel silicon`` on small folders; the sums in them are exact in any arithmetic, or worked out beside them."""

import csv
import io
import json

import numpy as np
import pytest

ROWS = 7


def bits(values):
    return np.asarray(values, np.float32).view(np.uint32)


def exact(k=4):
    """Vectors of small integers, whose sums every GPU gets right."""
    rng = np.random.default_rng(1)
    a, b, c = rng.integers(-3, 4, (ROWS, k)), rng.integers(-3, 4, (ROWS, k)), rng.integers(-9, 9, ROWS)
    return {"a": bits(a), "b": bits(b), "c": bits(c), "d_fp32": bits((a * b).sum(1) + c)}


@pytest.fixture
def folder(tmp_path):
    def write(name="V100_fp16.npz", **changes):
        arrays = {key: value for key, value in (exact() | changes).items() if value is not None}
        np.savez(tmp_path / name, **arrays)
        return tmp_path

    return write


def test_every_row_matches(run, folder):
    folder("h200_bf16.npz", d_fp32=exact()["d_fp32"])
    result = run("silicon", folder(d_fp16=exact()["d_fp32"]), "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [(row["file"], row["result"], row["gpu"]) for row in rows] == [
        ("V100_fp16.npz", "fp32", "v100"),
        ("V100_fp16.npz", "fp16", "v100"),
        ("h200_bf16.npz", "fp32", "h100"),
    ]
    assert all((row["rows"], row["matches"], row["first_difference"]) == (ROWS, ROWS, None) for row in rows)
    assert [line["matches"] for line in csv.DictReader(io.StringIO(run("silicon", folder(), "--csv").stdout))] == ["7", "7"]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_row_that_differs(run, folder, columns):
    wrong = exact()["d_fp32"].copy()
    wrong[3] ^= 1
    right = exact()["d_fp32"][3]
    result = run("silicon", folder(d_fp32=wrong), columns=columns)
    assert result.exit_code == 1
    assert "6 of 7 rows match" in result.stdout
    text = " ".join(result.stdout.split())
    assert f"V100_fp16.npz: d_fp32[3] is 0x{wrong[3]:08x}, the golden model's 0x{right:08x}" in text
    assert max(map(len, result.stdout.splitlines())) <= columns
    (row,) = json.loads(run("silicon", folder(d_fp32=wrong), "--json").stdout)
    assert (row["matches"], row["first_difference"], row["silicon"], row["golden"]) == (6, 3, f"0x{wrong[3]:08x}", f"0x{right:08x}")


def test_the_instruction_is_found_out(run, folder):
    # 1.5 · 2^-24 and 1: mma.sync adds 1 at the end, to nearest; wgmma drops the small product beside it, or has no 1.
    one = {"a": bits([[1.5 * 2**-12]]), "b": bits([[2.0**-12]]), "c": bits([1.0])}
    for expected, instruction, addend in [(1 + 2.0**-23, "mma", "c"), (1.0, "wgmma", "c"), (1.5 * 2**-24, "wgmma", "0")]:
        (row,) = json.loads(run("silicon", folder("H100_E5M2.npz", **one, d_fp32=bits([expected])), "--json").stdout)
        assert (row["matches"], row["instruction"], row["addend"]) == (1, instruction, addend)


def test_any_nan_is_a_nan(run, folder):
    c = exact()["c"].copy()
    c[0] = 0x7F800001
    d = exact()["d_fp32"].copy()
    d[0] = 0x7FFFFFFF
    assert run("silicon", folder(c=c, d_fp32=d)).exit_code == 0
    d[0] = 0x7F800000
    assert run("silicon", folder(c=c, d_fp32=d)).exit_code == 1


def test_tf32_is_the_top_of_an_fp32(run, folder):
    a = exact()["a"] | np.uint32(0x1000) * (exact()["a"] != 0)
    assert run("silicon", folder("A100_tf32.npz", a=a.astype(np.uint32))).exit_code == 0


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("GTX_fp16.npz", {}, "GTX_fp16.npz: unknown GPU 'GTX': allowed are v100, a100, ada, h100, b200, and "),
        ("V101_fp16.npz", {}, "did you mean v100"),
        ("vectors.npz", {}, "the file name vectors.npz does not say GPU and operand format, as in H100_fp16.npz"),
        ("V100_int8.npz", {}, "formats are fp16, bf16, tf32, e4m3"),
        ("V100_bf16.npz", {}, "V100_bf16.npz: no tensor-core preset of v100 takes bf16 and bf16 to fp32"),
        ("V100_fp16.npz", {"b": None}, "V100_fp16.npz has no array b"),
        ("V100_fp16.npz", {"d_fp32": None}, "V100_fp16.npz has no array d_fp32 or d_fp16"),
        ("V100_fp16.npz", {"d_fp64": exact()["c"]}, "results d_fp64 are not known"),
        ("V100_fp16.npz", {"a": np.ones((ROWS, 4))}, "the array a has dtype float64; bit patterns are uint32"),
        ("V100_fp16.npz", {"a": exact()["c"]}, "the array a has shape (7,); it takes (rows, K)"),
        ("V100_fp16.npz", {"b": exact(5)["b"]}, "the array b has shape (7, 5); beside an a of (7, 4) it takes (7, 4)"),
        ("V100_fp16.npz", {"d_fp32": exact()["c"][:3]}, "the array d_fp32 has shape (3,); beside an a of (7, 4) it takes (7,)"),
        ("V100_fp16.npz", {"a": exact()["a"][:, :0], "b": exact()["b"][:, :0]}, "the array a has shape (7, 0)"),
        ("V100_fp16.npz", {key: value[:0] for key, value in exact().items()}, "the array a has shape (0, 4); it takes (rows, K)"),
        ("V100_fp16.npz", {"a": np.full((ROWS, 4), 0x3F800001, np.uint32)}, "a[0, 0] is 0x3f800001, which is not the float32 of a number"),
        ("V100_fp16.npz", {"a": np.array([[None]])}, "is not an .npz file of plain arrays"),
    ],
)
def test_bad_files(run, folder, name, changes, expected):
    result = run("silicon", folder(name, **changes))
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert expected in line


def test_no_vectors(run, tmp_path):
    for path, expected in [(tmp_path / "none", "there is no folder"), (tmp_path, "holds no .npz file")]:
        result = run("silicon", path)
        assert result.exit_code == 2
        assert expected in result.stderr
    (tmp_path / "V100_fp16.npz").write_bytes(b"no archive")
    result = run("silicon", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "V100_fp16.npz is not an .npz file of plain arrays" in result.stderr
