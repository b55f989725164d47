"""``hwmodel advise``."""

import csv
import io
import json

import numpy as np
import pytest

FEW = ("--candidates", "int{4..9}-int{4..9}-fx", "-k", 64)


@pytest.fixture
def file(tmp_path):
    def written(values, name="w.npy"):
        np.save(tmp_path / name, values)
        return tmp_path / name

    return written


# Two whose costs are all but the same, one that costs more, one that is too coarse.
FOUR = ("--candidates", "{int6-int7-fx,int7-int6-fx,int9-int9-fx,int4-int4-fx}", "-k", 64)


def test_a_table_for_people(run):
    result = run("advise", "--sqnr", 20, *FOUR, columns=80)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Units that keep 20 dB, by area, on sky130hd"
    names = [line.split()[0] for line in lines[5:8]]
    assert set(names[:2]) == {"int6-int7-fx", "int7-int6-fx"}
    assert names[2] == "int9-int9-fx"
    assert [line.count("≈") for line in lines[5:8]] == [0, 1, 0]
    assert [line.split()[-1] for line in lines[5:8]] == [*(name[3] for name in (names[0][5:], names[1][5:])), "9"]
    assert max(map(len, lines)) <= 80
    text = " ".join(result.stdout.split())
    assert f"The unit below it marked ≈ cannot be told apart from {names[0]}: the 90 % intervals of their costs overlap. SQNR" in text
    assert "SQNR: of 256 dot products of 64 of gaussian, scale tensor, from those of the data" in text
    assert "Units: 4; too coarse formats: 1; measured: 3; dearer, not measured: 0." in text


def test_there_may_be_more_as_cheap(run, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.advice._AT_ONCE", 1)
    text = " ".join(run("advise", "--sqnr", 20, *FOUR, "--top", 1).stdout.split())
    assert "There may be more that are as cheap; --top shows them. SQNR" in text
    assert "by more than" not in text
    assert "measured: 1; dearer, not measured: 2." in text


def test_what_is_as_cheap_is_told_though_it_is_not_shown(run):
    text = " ".join(run("advise", "--sqnr", 20, *FOUR, "--top", 1).stdout.split())
    assert "There may be more that are as cheap; --top shows them. SQNR" in text
    assert "by more than" not in text
    assert "measured: 3; dearer, not measured: 0." in text


def test_the_cheapest_by_far(run):
    text = " ".join(run("advise", "--sqnr", 20, "--candidates", "{int8-int8-fx,fp16-fp16-fp32}", "-k", 64).stdout.split())
    assert "int8-int8-fx is the cheapest by more than the 90 % intervals of the estimates." in text


def test_rows_for_machines(run):
    rows = json.loads(run("advise", "--sqnr", 20, *FEW, "--top", 2, "--by", "energy", "--json").stdout)
    assert list(rows[0]) == [
        "spec", "sqnr_db", "energy_per_product_fj", "energy_per_product_low_fj", "energy_per_product_high_fj", "cost_ratio", "as_cheap",
        "bits", "bits_a", "bits_b",
    ]  # fmt: skip
    assert [row["as_cheap"] for row in rows] == [True, True]
    assert rows[0]["cost_ratio"] == 1 < rows[1]["cost_ratio"]
    again = list(csv.DictReader(io.StringIO(run("advise", "--sqnr", 20, *FEW, "--top", 2, "--by", "energy", "--csv").stdout)))
    assert [row["spec"] for row in again] == [row["spec"] for row in rows]


def test_ones_own_data(run, file):
    """Numbers that three bits hold, by ones, on any scale, in any shape: exact in the smallest unit."""
    held = np.arange(24).reshape(2, 3, 4) % 7 - 3.0
    few = ("--candidates", "int{3..4}-int{3..4}-fx", "--scale", "none", "--json")
    for values in (held, held.astype(np.float32), held[0, 0]):
        both = np.stack([values.reshape(-1, 4), values.reshape(-1, 4)]) if values.ndim == 3 else None
        arguments = ("--data", file(both)) if both is not None else ("--data", file(values, "a.npy"), "--data", file(values, "b.npy"))
        (first, *_) = json.loads(run("advise", "--sqnr", 100, *arguments, *few).stdout)
        assert (first["spec"], first["sqnr_db"]) == ("int3-int3-fx", "inf")


def test_one_operand_is_given_and_the_other_drawn(run, file):
    weights = file(np.random.default_rng(0).standard_normal((300, 5, 32)))
    result = run("advise", "--sqnr", 20, *FEW[:2], "--data", weights, "-d", "relu", "--top", 1)
    assert "note: w.npy has 1,500 rows, of which 256 are measured, evenly spread" in result.stderr
    assert "SQNR: of 256 dot products of 32 of w.npy by relu numbers" in " ".join(result.stdout.split())
    long = file(np.random.default_rng(0).standard_normal(1000))
    text = " ".join(run("advise", "--sqnr", 20, *FEW[:2], "--data", long, "--top", 1).stdout.split())
    assert "SQNR: of 3 dot products of 256 of w.npy by gaussian numbers" in text


def test_long_rows_are_cut_off_and_that_is_told(run, file):
    rows, few = file(np.random.default_rng(0).standard_normal((2, 5000))), ("--candidates", "int6-int6-fx")
    result = run("advise", "--sqnr", 20, *few, "--data", rows)
    sentence = "rows of w.npy by gaussian numbers have 5,000 numbers, of which the first 4,096 are measured; -k takes more"
    assert result.stderr == f"note: {sentence}\n"
    assert "SQNR: of 2 dot products of 4,096 of w.npy" in " ".join(result.stdout.split())
    for length in (5000, 4096):
        result = run("advise", "--sqnr", 20, *few, "--data", rows, "-k", length)
        assert result.stderr == ""
        assert f"SQNR: of 2 dot products of {length:,} of w.npy" in " ".join(result.stdout.split())
    assert "256; of your own data: a row, and at most 4096 of it" in " ".join(run("advise", "--help", columns=400).stdout.split())


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ("int8-int8-e5m1", "the nearest of those that were measured is int8-int8-e5m1 with "),
        ("int8-int8-fx4", "in all that were measured a dot product overflows, and of others (1) none was measured; take --scale none"),
    ],
)
def test_where_not_all_are_measured_nothing_is_said_of_all(run, monkeypatch, unit, sentence):
    for name in ("_AT_ONCE", "_TRIED"):
        monkeypatch.setattr(f"hwmodel.sweep.advice.{name}", 1)
    result = run("advise", "--sqnr", 60, "--candidates", unit, "--candidates", "int6-int6-fx")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_data_drawn_with_the_same_seed_do_not_meet_themselves(run, file):
    """What `default_rng(0)` gives is what most examples hold; times itself it would sum to a length, of far less relative error."""
    sqnr = []
    for seed in (0, 12345):
        weights = file(np.random.default_rng(seed).standard_normal((128, 128)))
        (row,) = json.loads(run("advise", "--sqnr", 10, "--candidates", "int6-int6-fx", "--data", weights, "--json").stdout)
        sqnr.append(row["sqnr_db"])
    assert sqnr[0] == pytest.approx(sqnr[1], abs=1.5)


BAD = [
    (["--sqnr", "nan"], "--sqnr nan is not a number of decibels"),
    (["--sqnr", "20", "--by", "delay"], "--by 'delay' is not one of area, energy"),
    (["--sqnr", "20", "-d", "gausian"], "did you mean gaussian"),
    (["--sqnr", "20", "--scale", "group:4"], "scale group:4: a scale that changes within a dot product cannot be divided out"),
    (["--sqnr", "20", "--candidates", "int8-int8"], "int8-int8"),
    (["--sqnr", "20", "--candidates", "none.toml"], "the sweep file none.toml cannot be read: No such file or directory"),
    (["--sqnr", "20", "--candidates", "e4m3fn+e5m2-e5m2-fp32"], "is chosen in each cycle; name the one that is meant, such as e4m3fn"),
    (["--sqnr", "20", "--candidates", "int8-int8-fx", "--lanes", "2"], "--lanes is for the default candidates"),
    (["--sqnr", "20", "--lanes", "65"], "invalid value for '--lanes': Input should be less than or equal to 64"),
    (["--sqnr", "20", "--card", "nosuch"], "nosuch"),
    (
        ["--sqnr", "90", "--candidates", "int{4..8}-int8-fx", "-k", "16"],
        "none of the units (5) keeps 90 dB on gaussian: the nearest is int8-int8-fx with ",
    ),
    (["--sqnr", "5", "--candidates", "e5m2-e5m2-fp16"], "in all that come near a dot product overflows; take --scale none"),
]


@pytest.mark.parametrize(("arguments", "sentence"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bad_input(run, arguments, sentence):
    result = run("advise", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_bad_data(run, file, tmp_path):
    good = file(np.ones((4, 8)), "good.npy")
    for arguments, sentence in (
        (["--data", file(np.zeros((0, 3)))], "w.npy holds an empty array, of shape (0, 3)"),
        (["--data", file(np.array([1, np.nan]), "n.npy")], "n.npy holds 1 NaN or infinite entries, and data are numbers"),
        (["--data", file(np.zeros((4, 3)), "z.npy")], "z.npy by gaussian numbers: an operand is all zero"),
        (["--data", good, "--data", file(np.ones((5, 8)), "m.npy")], "the operands have shapes (4, 8) and (5, 8)"),
        (["--data", good, "--data", good, "-d", "relu"], "both operands are given, and --distribution is for one that is drawn"),
        (["--data", good] * 3, "--data was given 3 times; a dot product has two operands"),
        (["--data", good, "-k", 9], "dot products of length 9 were asked for, and the data have 8 in a row"),
        (["--data", tmp_path / "none.npy"], "none.npy: No such file or directory"),
    ):
        result = run("advise", "--sqnr", 20, "--candidates", "int8-int8-fx", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert sentence in result.stderr
