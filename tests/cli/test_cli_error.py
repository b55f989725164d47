"""``hwmodel error``: tables for people and machines, own data, and bad input in one sentence."""

import csv
import io
import json
import math

import numpy as np
import pytest


def test_a_table_has_a_row_a_format_and_a_column_a_distribution(run):
    result = run("error", "int8", "mxfp8e4m3", "--rows", 16, "--columns", 64)
    assert result.exit_code == 0
    for word in (
        "uniform",
        "gaussian",
        "laplace",
        "student:3",
        "lognormal:1.5",
        "int8",
        "mxfp8e4m3",
        "tensor",
        "block:32",
        "8.25",
        "seed 0",
    ):
        assert word in result.stdout
    assert "1,024 numbers each" in result.stdout
    narrow = run("error", "mxfp8e4m3", "--rows", 4, "--columns", 64, columns=80).stdout
    assert "mxfp8e4m3" in narrow


def test_own_data_by_hand(run, tmp_path):
    # 4 becomes the 127 of INT8, 0.01 nothing: the noise is 0.01^2, the signal 16.0001.
    np.save(tmp_path / "x.npy", np.array([4, 0.01]))
    (row,) = json.loads(run("error", "int8", "--data", tmp_path / "x.npy", "--json").stdout)
    assert row["sqnr_db"] == pytest.approx(10 * math.log10(16.0001 / 1e-4))
    assert row["max_abs_error"] == pytest.approx(0.01)
    assert row["mean_error"] == pytest.approx(-0.005)
    assert (row["format"], row["scale"], row["data"], row["elements"], row["seed"]) == ("int8", "tensor", "x.npy", 2, None)
    # Each by itself is exact, to the last bit of a float64.
    (row,) = json.loads(run("error", "fp16", "--data", tmp_path / "x.npy", "--scale", "group:1", "--json").stdout)
    assert float(row["sqnr_db"]) > 300


def test_csv_has_a_line_for_every_format_and_distribution(run):
    arguments = ["-d", "gaussian", "-d", "student:5", "--rows", 4, "--columns", 64, "--seed", 7, "--csv"]
    result = run("error", "e4m3fn", "nvfp4", "mxfp4.rceil", *arguments)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["format"], row["data"]) for row in rows] == [
        (name, data) for name in ("e4m3fn", "nvfp4", "mxfp4.rceil") for data in ("gaussian", "student:5")
    ]
    assert {row["seed"] for row in rows} == {"7"}
    assert result.stdout == run("error", "e4m3fn", "nvfp4", "mxfp4.rceil", *arguments).stdout


def test_blocks_are_padded_when_asked(run):
    arguments = ["error", "mxfp4", "-d", "uniform", "--rows", 2, "--columns", 40]
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "blocks of 32 do not divide the axis of 40" in refused.stderr
    assert run(*arguments, "--pad").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mxfp9"], "did you mean mxfp4"),
        (["e4m3fm"], "did you mean e4m3fn"),
        (["cfloat8e4m3"], "several formats under one name have no codes of their own"),
        (["fp80"], "fp80 is wider than the float64 that errors are measured in"),
        (["int8", "--scale", "row"], "unknown scale 'row': allowed are none, tensor, channel, group:<N>"),
        (["int8", "--scale", "group:3"], "groups of 3 do not divide the last axis of 1024"),
        (["lns8", "--scale", "block"], "lns8 cannot be an element"),
        (["int8", "--clip", "max"], "clip 'max' is not one of amax, mse"),
        (["int8", "-d", "gausian"], "did you mean gaussian"),
        (["int8", "-d", "student:-1"], "the degrees of freedom -1 is not a number in 0.1..1000"),
        (["int8", "--data", "no_such.npy"], "no_such.npy: No such file or directory"),
        (["int8", "--data", "x.npy", "-d", "uniform"], "--data and --distribution exclude each other"),
        (["int8", "--rows", "1000000"], "1000000 rows of 1024 are 1,024,000,000 numbers, and at most 67,108,864 are drawn"),
        (["int8", "--rows", "0"], "invalid value for '--rows'"),
        (["int8", "--json", "--csv"], "--json and --csv exclude each other"),
        ([], "missing argument 'NAME"),
    ],
)
def test_bad_input_is_one_sentence(run, arguments, sentence):
    result = run("error", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_block_formats_are_shown_in_full(run):
    shown = run("formats", "mx9").stdout
    for text in (
        "sm8q6:16/2:e8m0fnu",
        "sm8 · 2^-6, up to 1.984375",
        "shifted by up to 1",
        "floor: 2^(floor(log2 amax) - emax)",
        "arXiv 2302.08007",
    ):
        assert text in shown
    row, other = json.loads(run("formats", "nvfp4", "int4", "--json").stdout)
    assert (row["kind"], row["block_size"], row["scale"], row["outer_scale"]) == ("blocks", 16, "e4m3fnu", "tensor")
    assert other["name"] == "int4"
    assert "mxfp8e4m3, " in run("formats").stdout
    refused = run("formats", "mxfp4", "--csv")
    assert refused.exit_code == 2
    assert "--csv lists codes, and the block format mxfp4 has none of its own" in refused.stderr
