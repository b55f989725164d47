"""formats, encode and decode, held against ml_dtypes."""

import csv
import io
import json
import math
import re

import ml_dtypes
import numpy as np
import pytest

DTYPES = {
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
}


def of_code(name: str, code: int) -> float:
    dtype = np.dtype(DTYPES[name])
    return float(np.array([code], f"u{dtype.itemsize}").view(dtype)[0])


def same(got: float, expected: float) -> bool:
    return (math.isnan(got) and math.isnan(expected)) or (got == expected and math.copysign(1, got) == math.copysign(1, expected))


@pytest.mark.parametrize("name", DTYPES)
def test_code_table(run, name):
    (shown,) = json.loads(run("formats", name, "--json").stdout)
    assert len(shown["codes"]) == (1 << shown["bits"] if shown["bits"] <= 8 else len({row["code"] for row in shown["codes"]}))
    for row in shown["codes"]:
        expected = of_code(name, int(row["code"], 16))
        assert same(float(row["text"]), expected), row
        assert same(float.fromhex(row["hex"]), expected), row
        assert row["value"] == (expected if math.isfinite(expected) else None if math.isnan(expected) else str(expected)), row


@pytest.mark.parametrize("name", DTYPES)
def test_facts(run, name):
    (shown,) = json.loads(run("formats", name, "--json").stdout)
    info = ml_dtypes.finfo(DTYPES[name])
    assert shown["bits"] == info.bits
    assert shown["exponent_bits"] == info.nexp
    assert shown["fraction_bits"] == info.nmant
    assert shown["largest"] == float(info.max)
    assert shown["lowest"] == float(info.min)
    assert shown["smallest_positive"] == float(info.smallest_subnormal)


def test_catalog(run):
    rows = json.loads(run("formats", "--json").stdout)
    lines = list(csv.DictReader(io.StringIO(run("formats", "--csv").stdout)))
    assert [row["name"] for row in rows] == [line["name"] for line in lines]
    assert {"int8", "fp32", "e4m3fn", "e2m1fn", "e6m9"} <= {row["name"] for row in rows}
    int8 = next(row for row in rows if row["name"] == "int8")
    assert (int8["bits"], int8["lowest"], int8["largest"], int8["has_nan"]) == (8, -128, 127, False)
    table = run("formats").stdout
    assert all(row["name"] in table for row in rows)


def test_a_codebook_without_a_number_above_zero(run, tmp_path):
    (tmp_path / "levels").write_text("-4 -2 -1 0")
    own = ["--codebook", f"below_zero={tmp_path / 'levels'}", "formats"]
    (row,) = json.loads(run(*own, "below_zero", "--json").stdout)
    assert (row["smallest_positive"], row["dynamic_range_db"], row["lowest"], row["largest"]) == (None, None, -4, 0)
    assert "smallest > 0   none" in run(*own, "below_zero@fp16").stdout
    drawn = run(*own, "below_zero", "--plot", tmp_path / "zoo.svg")
    assert (drawn.exit_code, drawn.stderr) == (2, "error: below_zero has no value above 0, and a logarithmic axis shows no other\n")


def test_aliases_are_in_every_form(run):
    rows = {row["name"]: row for row in json.loads(run("formats", "--json").stdout)}
    lines = {line["name"]: line for line in csv.DictReader(io.StringIO(run("formats", "--csv").stdout))}
    assert rows["fp16"]["aliases"] == lines["fp16"]["aliases"].split() == ["float16", "f16", "half"]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "arguments", [["formats"], ["formats", "e4m3fn"], ["formats", "e11m52b4000"], ["encode", "fp32", "0.1", "1/3"], ["tech", "list"]]
)
def test_tables_fit(run, arguments, columns):
    lines = run(*arguments, columns=columns).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert not re.search(r"…(?!\d)", "\n".join(lines))  # before a digit it is a range, else rich's sign of what it cut off


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "bf16", "fp16", "fp32"])
def test_encode(run, name):
    values = [0.1, -1.5, 3.14159, 1e-3, -0.0, 200.0, float("nan")]
    rows = json.loads(run("encode", name, *values, "--json").stdout)
    for value, row in zip(values, rows, strict=True):
        # Through float32 no value here is rounded twice.
        code = int(np.array([value], np.float32).astype(DTYPES[name]).view(f"u{np.dtype(DTYPES[name]).itemsize}")[0])
        assert math.isnan(value) or int(row["code"], 16) == code
        worth = of_code(name, int(row["code"], 16))
        assert same(float(row["worth"]), worth)
        if not math.isnan(value):
            assert row["error"] == pytest.approx(worth - value, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["e4m3fn", "448"], "0x7e"),
        (["e4m3fn", "1e9"], "0x7f"),  # OFP8 table 1: no infinity, overflow is NaN
        (["e4m3fn", "1e9", "--overflow", "sat"], "0x7e"),
        (["e4m3", "1e9"], "0x78"),
        (["e5m2", "-inf"], "0xfc"),
        (["e2m1fn", "-1e9"], "0xf"),
        (["e2m1fn", "nan", "--nan", "zero"], "0x0"),
        (["int8", "-128.4"], "0x80"),
        (["int8", "300"], "0x7f"),
        (["int8", "0x1.8p+1"], "0x03"),
        (["int8", "5/2"], "0x02"),
        (["int8", "5/2", "--rounding", "rup"], "0x03"),
        (["int8", "5/2", "--rounding", "sr1", "--random", "1"], "0x03"),
        # 1 + 2**-24 + 2**-60 is above the tie of binary32 but its float64 lies on it: rounding once gives the next number.
        (["fp32", "1.0000000596046447763"], "0x3f800001"),
        (["fp32", "1.000000059604644775390625"], "0x3f800000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_encode_options(run, arguments, code):
    (row,) = json.loads(run("encode", *arguments, "--json").stdout)
    assert row["code"] == code


def test_decode(run):
    rows = json.loads(run("decode", "e4m3fn", "0x7e", "0b10000001", "127", "128", "--json").stdout)
    assert [row["code"] for row in rows] == ["0x7e", "0x81", "0x7f", "0x80"]
    assert [row["value"] for row in rows] == [448, -(2**-9), None, 0]
    assert [row["text"] for row in rows] == ["448", "-0.001953125", "NaN", "-0"]
    assert [row["hex"] for row in rows] == ["0x1.cp+8", "-0x1p-9", "NaN", "-0x0p+0"]


def test_beyond_float64(run):
    (row,) = json.loads(run("decode", "e11m52b4000", "1", "--json").stdout)
    assert row["hex"] == row["text"] == "0x1p-4051"
    (row,) = json.loads(run("encode", "e11m52b4000", "0x1p-4051", "--json").stdout)
    assert (row["code"], row["error"]) == ("0x0000000000000001", 0)


def test_stdin(run):
    result = run("encode", "int8", "-", "--csv", stdin="1 -2\n3\n")
    assert [line["code"] for line in csv.DictReader(io.StringIO(result.stdout))] == ["0x01", "0xfe", "0x03"]
    result = run("decode", "int8", "-", "--csv", stdin="0xff 2\n")
    assert [line["value"] for line in csv.DictReader(io.StringIO(result.stdout))] == ["-1.0", "2.0"]


def test_a_format_that_nobody_has_published_has_a_page_that_says_so(run):
    shown = run("formats", "pal", "e2m1fn").stdout
    assert "not publicly defined" in shown
    assert "e2m1fn" in shown
    (row,) = json.loads(run("formats", "B4INT3", "--json").stdout)
    assert row["name"] == "b4int3"
    assert "no encoding has been published" in row["note"]


def test_a_drawing_of_formats(run, tmp_path):
    run("formats", "posit8", "e4m3fn", "nf4", "--plot", tmp_path / "zoo.svg")
    run("formats", "posit8", "e4m3fn", "nf4", "--plot", tmp_path / "again.svg")
    assert (tmp_path / "zoo.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    text = (tmp_path / "zoo.svg").read_text()
    assert text.startswith("<?xml")
    assert "posit8" in text
