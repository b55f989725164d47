"""``hwmodel error`` of units: tables for people and machines, own data, drawings, and bad input in one sentence."""

import csv
import io
import json

import numpy as np
import pytest


def test_a_table_has_a_row_a_unit_data_and_length(run):
    result = run(
        "error", "int8-int8-fx32", "e4m3fn-e4m3fn-h100", "-d", "gaussian", "-d", "offset", "-k", "16..64", "--rows", 4, "--seeds", 2
    )
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[5][:7] == ["int8-int8-fx32", "gaussian", "16", "exact", "exact", "0", "0"]
    # Names stand where they change.
    assert [line[:2] for line in lines[6:9]] == [["32", "exact"], ["64", "exact"], ["offset:1", "16"]]
    assert "e4m3fn-e4m3fn-tc32f13:e8m13.rtz" in result.stdout
    assert "8 dot products of each of the data, scale tensor, seeds 0 to 1" in result.stdout
    narrow = run("error", "int8-int8-fx32", "--rows", 4, columns=80).stdout
    assert "total mean" not in narrow
    assert "16 dot products of gaussian, scale tensor, seeds 0 to 3" in narrow
    assert [line.split()[-7] for line in narrow.splitlines() if "exact  exact" in line] == ["16", "256", "4096"]


def test_machines_get_every_figure(run):
    arguments = ["error", "fp16-fp16-fp16", "--scale", "none", "--rows", 4, "-k", 64, "-k", 8, "-k", 8, "--seed", 5, "--seeds", 3]
    rows = json.loads(run(*arguments, "--json").stdout)
    assert [row["length"] for row in rows] == [8, 64]
    first = rows[0]
    assert {key: first[key] for key in ("spec", "data", "products", "lost", "seed", "seeds", "scale", "clip")} == {
        "spec": "fp16-fp16-fp16",
        "data": "gaussian",
        "products": 12,
        "lost": 0,
        "seed": 5,
        "seeds": 3,
        "scale": "none",
        "clip": None,
    }
    for prefix in ("", "quantisation_", "total_"):
        assert first[f"{prefix}snr_db"] >= first[f"{prefix}worst_snr_db"] > 20
        assert 0 < first[f"{prefix}mean_error"] < first[f"{prefix}worst_error"] < 0.01
    table = list(csv.DictReader(io.StringIO(run(*arguments, "--csv").stdout)))
    assert [float(row["mean_error"]) for row in table] == [row["mean_error"] for row in rows]
    assert run(*arguments, "--csv").stdout == run(*arguments, "--csv").stdout


def test_own_data_in_one_file_or_two(run, tmp_path):
    a, b = np.array([[2048, 1, 1], [2048, 3, -1]], np.float32), np.ones((2, 3), np.float32)
    np.save(tmp_path / "both.npy", np.stack([a, b]))
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    np.save(tmp_path / "row.npy", np.stack([a[0], b[0]]))
    one, two, row = (
        json.loads(
            run(
                "error", "fp16-fp16-fp16", "--scale", "none", "--json", *(word for file in files for word in ("--data", tmp_path / file))
            ).stdout
        )
        for files in (["both.npy"], ["a.npy", "b.npy"], ["row.npy"])
    )
    (found,) = one
    assert (found["length"], found["products"], found["data"]) == (3, 2, "both.npy")
    # By hand: −2 of 2050, and 2 of 2050 over 2052.
    assert found["mean_error"] == pytest.approx((2 / 2050 + 2 / 2052) / 2)
    assert two == [found | {"data": "a.npy and b.npy"}]
    assert (row[0]["products"], row[0]["worst_error"]) == (1, pytest.approx(2 / 2050))


def test_a_scale_that_leaves_no_room_is_told(run):
    result = run("error", "fp16-fp16-fp16", "-k", 64, "--rows", 4)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[5].split() == ["fp16-fp16-fp16", "64", *"–" * 7, "16"]
    assert "note: every dot product overflowed in fp16-fp16-fp16" in result.stderr
    assert "--scale none takes the data as they are" in result.stderr
    assert "overflowed" not in run("error", "fp16-fp16-fp16", "-k", 64, "--rows", 4, "--scale", "none").stderr
    assert "note: int8-int8-fx24: fx24 keeps its headroom" in run("error", "int8-int8-fx24", "-k", 4, "--rows", 1).stderr


def test_blocks_have_scales_of_their_own(run):
    arguments = ["error", "nvfp4-nvfp4-fp32-x4", "-k", 32, "-k", 40, "--rows", 4, "--json"]
    result = run(*arguments)
    assert result.stderr == "note: K = 40 ends within a block of 16, the rest of which counts as zeros\n"
    rows = json.loads(result.stdout)
    assert [(row["scale"], row["clip"], row["products"], row["lost"]) for row in rows] == [(None, None, 16, 0)] * 2
    assert all(10 < row["total_snr_db"] < 30 and row["worst_error"] < 1e-6 for row in rows)
    assert "16 dot products of gaussian, blocks with scales of their own, seeds 0 to 3" in run(*arguments[:-1]).stdout
    refused(run(*arguments, "--scale", "channel"), "--scale is for scalar operands, and nvfp4-nvfp4-fp32-x4 has none")
    refused(run(*arguments, "--clip", "mse"), "--clip is for scalar operands, and nvfp4-nvfp4-fp32-x4 has none")
    assert (
        "note: every dot product overflowed in nvfp4-nvfp4-fp16: the FP32 scale"
        in run("error", "nvfp4-nvfp4-fp16", "-k", 64, "--rows", 2).stderr
    )
    beside = run("error", "mx9-int8-fp32", "int8-int8-fx32", "-k", 32, "--rows", 4, "--scale", "channel", "--json")
    assert beside.stderr == "note: --scale: for scalar operands; blocks of mx9 have scales of their own\n"
    assert [row["scale"] for row in json.loads(beside.stdout)] == ["channel"] * 2


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_drawing(run, tmp_path, ending):
    file = tmp_path / "new" / f"chart.{ending}"
    result = run("error", "int8-int8-fx32", "fp16-fp16-fp16", "-k", "4..16", "--rows", 2, "--plot", file)
    assert result.exit_code == 0
    assert f"written: {file}" in result.stdout.replace("\n", "")
    assert file.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["int8", "int8-int8-fx32"],
            "int8 is a format and int8-int8-fx32 a unit, and their errors are measured apart; name one kind at a time",
        ),
        (["int8-int8-fx32", "--columns", "8"], "--columns is for formats, and int8-int8-fx32 is a unit"),
        (["int8-int8-fx32", "--pad"], "--pad is for formats"),
        (["int8", "--length", "8"], "--length is for units, and int8 is a format"),
        (["int8", "--seeds", "8"], "--seeds is for units"),
        (["int8", "--plot", "x.jpg"], "the drawing x.jpg does not end in one of .png, .svg, .pdf"),
        (["int8", "--data", "x.npy", "--data", "y.npy"], "--data was given 2 times; formats are measured on one file"),
        (["int8-int8-fx33x"], "unknown accumulator 'fx33x'"),
        (["e4m3fn+e5m2-e4m3fn-fp32"], "the format of e4m3fn+e5m2 is chosen in each cycle; name the one that is meant, such as e4m3fn"),
        (["int8-int8-h100"], "int8 is no operand of a tensor core"),
        (["int8-int8-fx32-x65"], "65 operand pairs a cycle is not in 1..64"),
        (["mx9-mx9-fp32-x3"], "3 operand pairs a cycle do not divide a block of 16; x2 does"),
        (["mx9-mx9-fp32", "-k", "0"], "the length '0' of a dot product is not at least 1"),
        (["mx9-mx9-fp32", "--pad"], "--pad is for formats, and mx9-mx9-fp32 is a unit"),
        (["e8m0fnu-e8m0fnu-fp32-x4", "-k", "5"], "e8m0fnu has no zero to fill the last step with"),
        (["int8-int8-fx32", "-k", "0"], "the length '0' of a dot product is not at least 1"),
        (["int8-int8-fx32", "-k", "x"], "the length 'x' is not a number such as 4096, or a range such as 16..65536"),
        (["int8-int8-fx32", "-k", "-4"], "the length '-4' is not a number"),
        (["int8-int8-fx32", "-k", "64..16"], "the length '64..16' is an empty range; the smaller number comes first"),
        (["int8-int8-fx32", "-k", "9999999"], "64 dot products of length 9,999,999 are 639,999,936 products"),
        (["int8-int8-fx32", "--rows", "0"], "invalid value for '--rows'"),
        (["int8-int8-fx32", "--seeds", "0"], "invalid value for '--seeds'"),
        (["int8-int8-fx32", "-d", "gausian"], "did you mean gaussian"),
        (["int8-int8-fx32", "-d", "offset:x"], "the mean x is not a number in -1e+06..1e+06"),
        (["int8-int8-fx32", "--scale", "group:16"], "a scale that changes within a dot product cannot be divided out"),
        (["int8-int8-fx32", "--scale", "row"], "unknown scale 'row'"),
        (["int8-int8-fx32", "--clip", "max"], "clip 'max' is not one of amax, mse"),
        (["int8-int8-fx32", "--plot", "x.jpg"], "the drawing x.jpg does not end in one of .png, .svg, .pdf"),
        (["int8-int8-fx32", "--data", "no_such.npy"], "no_such.npy: No such file or directory"),
        (["int8-int8-fx32", "--data", "x.npy", "-d", "uniform"], "--data and --distribution exclude each other"),
    ],
)
def test_bad_input_is_one_sentence(run, arguments, sentence):
    refused(run("error", *arguments), sentence)


@pytest.mark.parametrize(
    ("arrays", "arguments", "sentence"),
    [
        ([np.ones((3, 2, 4))], [], "has shape (3, 2, 4); operands of dot products are one array of shape (2, n, K), or two files"),
        ([np.ones(4)], [], "has shape (4,); operands of dot products"),
        ([np.ones((2, 3, 4, 5))], [], "has shape (2, 3, 4, 5); operands"),
        ([np.ones((2, 4)), np.ones((2, 5))], [], "0.npy and 1.npy: the operands have shapes (2, 4) and (2, 5)"),
        ([np.ones((2, 4)), np.ones((3, 4))], [], "the operands have shapes (2, 4) and (3, 4)"),
        ([np.ones(4)] * 3, [], "--data was given 3 times; a dot product has two operands"),
        ([np.zeros((2, 0, 4))], [], "holds an empty array, of shape (2, 0, 4)"),
        ([np.array([[1, np.nan], [1, 2]])], [], "holds 1 NaN or infinite entries"),
        ([np.array([[1, np.inf], [1, 2]])], [], "holds 1 NaN or infinite entries"),
        ([np.array([[0, 0], [1, 2]])], [], "0.npy: an operand is all zero"),
        ([np.ones((2, 4))], ["-k", 5], "0.npy: dot products of length 5 were asked for, and the data have 4 in a row"),
        ([np.ones((2, 4))], ["--rows", 5], "--rows is for drawn data; --data has rows of its own"),
    ],
)
def test_bad_data_are_one_sentence(run, tmp_path, arrays, arguments, sentence):
    files = [tmp_path / f"{at}.npy" for at in range(len(arrays))]
    for file, array in zip(files, arrays, strict=True):
        np.save(file, array)
    for unit in ("int8-int8-fx32", "mxfp4-mxfp4-fp32-x8"):
        refused(run("error", unit, *(word for file in files for word in ("--data", file)), *arguments), sentence)


def refused(result, sentence):
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
