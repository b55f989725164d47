"""``hwmodel sweep`` and ``hwmodel pareto``."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "s.toml"
    path.write_text('[space]\na = ["int{3..5}", "e1m{0..1}none"]\nacc = "fx"\n')
    return path


@pytest.fixture
def inside(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sweep(run, file, inside):
    first = run("sweep", file)
    assert first.exit_code == 0
    assert first.stdout == "s.parquet: 5 rows; 4 estimated in this run; results are kept in hwmodel.store\n"
    assert first.stderr.startswith("note: 1 row has a reason in place of figures, such as: float format e1m0none: ")
    second = run("sweep", file)
    assert second.stdout == "s.parquet: 5 rows; nothing in this run; results are kept in hwmodel.store\n"
    (row,) = json.loads(run("sweep", file, "--json", "-o", "new/t.parquet", "--store", "hwmodel.store").stdout)
    assert row == {
        "rows": 5, "computed": 0, "estimated": 0, "failed": 1, "extrapolated": 0, "table": "new/t.parquet", "store": "hwmodel.store",
        "interrupted": False,
    }  # fmt: skip
    table = pd.read_parquet("new/t.parquet")
    assert list(table["spec"][:3]) == ["int3-int3-fx", "int4-int4-fx", "int5-int5-fx"]
    assert table["est_area_um2"].isna().tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(("space", "said"), [
    ('a = "int{4..8}"\nacc = ["fx32", "fx{26..27}"]', "int8-int8-fx26: fx26 keeps its headroom"),
    ('a = "int{4..9}"\nb = ["int3", "mxint8"]\nacc = ["chunk8:fx22:fp32", "fp32"]', "int9-int3-chunk8:fx22:fp32: fx22 keeps its headroom"),
    ('unit = ["int8-int8-fx27", "int8-int8-fx{25..26}"]', "int8-int8-fx25: fx25 keeps its headroom"),
    ('a = "int{4..8}"\nacc = ["fx32", "fx", "fp32", "fx26"]\nfilter = [["a.width", "<", 8]]', ""),
    ('a = "mxint8"\nacc = "fx40f20"', ""),
])  # fmt: skip
def test_accumulators_that_drop_bits_are_told(run, file, inside, space, said):
    file.write_text(f"[space]\n{space}\n")
    stderr = run("sweep", file).stderr
    assert f"note: not all accumulators keep every bit of products, such as {said}" in stderr if said else "keep" not in stderr


def test_extrapolated_estimates_are_told(run, file, inside):
    file.write_text('[space]\nunit = ["int8-int8-fx32", "fp32-fp32-fx512f256-x{15..16}"]\n')
    stderr = run("sweep", file).stderr
    assert stderr.startswith(
        "note: 2 estimates are extrapolated, of units with a part far larger than in any that was learnt from: est_ext"
    )
    assert pd.read_parquet("s.parquet")["est_extrapolated"].tolist() == [False, True, True]
    file.write_text('[space]\nunit = "int8-int8-fx32"\n')
    assert "extrapolated" not in run("sweep", file).stderr


def test_rows_are_counted_before_anything_is_done(run, file, inside):
    assert run("sweep", file, "--count").stdout == "5 rows\n"
    assert json.loads(run("sweep", file, "--count", "--json").stdout) == [{"rows": 5}]
    assert [path.name for path in inside.iterdir()] == ["s.toml"]


def test_more_than_ten_million_rows_are_asked_for(run, file, inside):
    file.write_text('[space]\na = "int{2..32}"\nb = "int{2..32}"\nacc = "fx{1..500}f{0..41}"\n')
    assert run("sweep", file, "--count").stdout == "20,181,000 rows\n"
    result = subprocess.run([sys.executable, "-m", "hwmodel", "sweep", str(file)], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"error: {file} is 20,181,000 rows, more than 10,000,000; narrow it by filters, or say --yes\n"


BAD = [
    (["sweep", "none.toml"], "the sweep file none.toml cannot be read: No such file or directory"),
    (["sweep", "bad.toml"], "bad.toml, [space]: there is no key 'lane'; allowed are unit, a, b, acc, lanes, "),
    (["sweep", "bad.toml", "--count"], "did you mean lanes?"),
    (["sweep", "none.toml", "-j", "2", "--scheduler", "x:1"], "--jobs is for processes on this machine and --scheduler for others"),
    (["sweep", "empty.toml"], "no row passes the filters; loosen one of them"),
    (["sweep", "s.toml", "-o", "/dev/null/x.parquet"], "/dev/null"),
    (["sweep", "s.toml", "-o", "s.csv"], "the table s.csv does not end in .parquet"),
    (["sweep", "s.toml", "-o", "folder"], "the file folder cannot be written: a folder is there"),
    (["sweep", "s.toml", "--store", "bad.toml"], "the store bad.toml is damaged (file is not a database); move it away"),
    (["sweep", "s.toml", "--store", "/proc/x"], "the store /proc/x cannot be written"),
    (["sweep", "error.toml", "--scheduler", "127.0.0.1:1"], "no Dask scheduler answers at '127.0.0.1:1'; start one by: dask scheduler"),
    (["pareto", "none.parquet", "--x", "a", "--y", "b"], "the table none.parquet cannot be read: No such file or directory"),
    (["pareto", "bad.toml", "--x", "a", "--y", "b"], "the table bad.toml does not end in .parquet or .csv"),
    (["pareto", "text.parquet", "--x", "a", "--y", "b"], "text.parquet is not a table in Parquet"),
    (["pareto", "empty.csv", "--x", "a", "--y", "b"], "empty.csv is not a table in CSV"),
    (["pareto", "t.csv", "--x", "aera_um2", "--y", "snr_db"], "t.csv has no column 'aera_um2'; did you mean area_um2?"),
    (["pareto", "t.csv", "--x", "spec", "--y", "snr_db"], "t.csv: the column 'spec' holds no numbers"),
    (["pareto", "t.csv", "--x", "xyz", "--y", "snr_db"], "t.csv has no column 'xyz'; columns with numbers: area_um2, snr_db, other"),
    (["pareto", "t.csv", "--x", "snr_db", "--y", "snr_db"], "--x and --y are both snr_db; a front is of two columns"),
    (["pareto", "t.csv", "--x", "area_um2", "--y", "other"], "t.csv: no row has a figure in both area_um2 and other"),
    (["pareto", "t.csv", "--x", "area_um2", "--y", "snr_db", "--x-goal", "least"], "--x-goal 'least' is not one of min, max"),
    (["pareto", "t.csv", "--x", "area_um2", "--y", "snr_db", "--plot", "x.jpg"], "x.jpg does not end in one of .png, .svg"),
]  # fmt: skip


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What each of `BAD` leads to, all run in one process, which is how it is quick."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder").mkdir()
    (folder / "s.toml").write_text('[space]\na = "int8"\nacc = "fx"\n')
    (folder / "bad.toml").write_text('[space]\na = "int8"\nacc = "fx"\nlane = 3\n' + "# \n" * 200)
    (folder / "empty.toml").write_text('[space]\na = "int8"\nacc = "fx"\nfilter = [["a.width", "<", 8]]\n')
    (folder / "error.toml").write_text('[space]\na = "int8"\nacc = "fx"\n[compute]\nerror = true\n')
    (folder / "text.parquet").write_text("no table")
    (folder / "empty.csv").write_text("")
    (folder / "t.csv").write_text("spec,area_um2,snr_db,other\nx,1,2,\ny,,3,4\n")
    code = (
        "import json, sys\nfrom contextlib import redirect_stdout, redirect_stderr\nfrom io import StringIO\nfrom hwmodel.cli import app\n"
        "for line in json.load(sys.stdin):\n    out, err, code = StringIO(), StringIO(), None\n"
        "    with redirect_stdout(out), redirect_stderr(err):\n        try:\n            app(line, prog_name='hwmodel')\n"
        "        except SystemExit as leave:\n            code = leave.code\n"
        "    print(json.dumps([code, out.getvalue(), err.getvalue()]))\n"
    )
    lines = json.dumps([arguments for arguments, _ in BAD])
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, text=True, cwd=folder, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("at", range(len(BAD)), ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_a_sentence(refused, at):
    code, out, err = refused[at]
    *notes, last = err.splitlines()
    assert (code, out) == (2, "")
    assert all(line.startswith("note: ") for line in notes)
    assert last.startswith("error: ")
    assert BAD[at][1] in last


@pytest.mark.parametrize("way", ["same", "relative", "symbolic", "dangling", "hard"])
def test_the_table_does_not_replace_the_store(run, file, inside, way):
    store, table = inside / "kept.parquet", Path("kept.parquet")
    if way != "dangling":
        assert run("sweep", file, "--store", store).exit_code == 0
    before = store.read_bytes() if store.exists() else None
    if way == "relative":
        (inside / "folder").mkdir()
        table = Path("folder/../kept.parquet")
    elif way in ("symbolic", "dangling"):
        (table := Path("link.parquet")).symlink_to(store)
    elif way == "hard":
        (table := Path("link.parquet")).hardlink_to(store)
    result = run("sweep", file, "-o", table, "--store", store)
    sentence = f"error: the table {table} and the store {store} are one file; name another file by --out or --store\n"
    assert (result.exit_code, result.stderr) == (2, sentence)
    assert before == (store.read_bytes() if store.exists() else None)


def test_the_table_does_not_replace_the_sweep_file(run, file, inside):
    text = (named := file.rename("s.parquet")).read_text()
    result = run("sweep", named)
    assert (result.exit_code, result.stderr) == (2, "error: the table s.parquet is the sweep file; name another file by --out\n")
    assert named.read_text() == text


# Fronts.


@pytest.fixture
def results(inside) -> Path:
    rows = [
        ("a", 1.0, 10.0),
        ("b", 2.0, 30.0),
        ("c", 2.0, 20.0),
        ("d", 3.0, 30.0),
        ("e", 4.0, 40.0),
        ("f", float("nan"), 90.0),
        ("g", 2.0, 30.0),
    ]
    pd.DataFrame(rows, columns=["spec", "est_area_um2", "sqnr_db"]).to_parquet(inside / "t.parquet")
    pd.DataFrame(rows, columns=["spec", "est_area_um2", "sqnr_db"]).to_csv(inside / "t.csv", index=False)
    return inside / "t.parquet"


def test_an_estimate_stands_for_no_figure_that_failed(run, file, inside):
    # There are estimates of units with fp80, and nothing is measured of them.
    file.write_text('[space]\nunit = "fp80-fp80-fp32"\n[compute]\nestimate = true\nsynth = true\n')
    assert run("sweep", file, "-j", "1").exit_code == 0
    result = run("pareto", "s.parquet", "--x", "area_um2", "--y", "est_energy_fj")
    assert (result.exit_code, result.stderr) == (2, "error: s.parquet: no row has a figure in both area_um2 and est_energy_fj\n")


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_front(run, results, name):
    result = run("pareto", name, "--x", "area_um2", "--y", "sqnr_db", "--json")
    assert [row["spec"] for row in json.loads(result.stdout)] == ["a", "b", "g", "e"]
    assert f"note: {name} has no area_um2, but estimates of it: est_area_um2 is taken" in result.stderr
    assert "note: 1 of 7 rows have no figure in est_area_um2 or sqnr_db, and are left out" in result.stderr


def test_goals_can_be_turned(run, results):
    arguments = ["pareto", "t.csv", "--x", "est_area_um2", "--y", "sqnr_db", "--json"]
    assert [row["spec"] for row in json.loads(run(*arguments, "--y-goal", "min").stdout)] == ["a"]
    assert [row["spec"] for row in json.loads(run(*arguments, "--x-goal", "max").stdout)] == ["e"]
    assert [row["spec"] for row in json.loads(run(*arguments, "--x-goal", "max", "--y-goal", "min").stdout)] == ["e", "d", "c", "a"]


def test_the_table_says_what_was_chosen(run, results):
    text = run("pareto", "t.csv", "--x", "est_area_um2", "--y", "sqnr_db").stdout
    assert "least est_area_um2 and most sqnr_db: 4 of 6 rows are beaten by none" in text


def test_what_is_exact_is_there_in_every_form(run, inside):
    rows = [("a", 1.0, 10.0), ("b", 2.0, float("inf"))]
    pd.DataFrame(rows, columns=["spec", "area_um2", "snr_db"]).to_parquet(inside / "t.parquet")
    arguments = ["--x", "area_um2", "--y", "snr_db"]
    assert "∞" in run("pareto", "t.parquet", *arguments).stdout
    assert [row["snr_db"] for row in json.loads(run("pareto", "t.parquet", *arguments, "--json").stdout)] == [10.0, "inf"]
    Path("f.csv").write_text(run("pareto", "t.parquet", *arguments, "--csv").stdout)
    assert json.loads(run("pareto", "f.csv", *arguments, "--json").stdout)[1]["snr_db"] == "inf"
    assert run("pareto", "f.csv", *arguments, "--plot", "f.svg").exit_code == 0


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_front_is_drawn(run, results, ending):
    result = run("pareto", "t.csv", "--x", "est_area_um2", "--y", "sqnr_db", "--plot", f"p/front.{ending}")
    assert result.exit_code == 0
    assert f"written: p/front.{ending}" in result.stdout
    content = Path(f"p/front.{ending}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    if ending == "svg":
        assert b"est area" in content or b"path" in content


def test_names_in_a_chart_are_no_formulas(run, inside):
    rows = [(r"$\frac$", 1, 4), ("a$b", 2, 3), ("{c", 3, 2), (None, 4, 1)]
    pd.DataFrame(rows, columns=["spec", r"$\frac$ x", r"$\y$"]).to_parquet(inside / "t.parquet")
    result = run("pareto", "t.parquet", "--x", r"$\frac$ x", "--y", r"$\y$", "--plot", "front.png")
    assert result.exit_code == 0
    assert (inside / "front.png").exists()


@pytest.mark.parametrize("arguments", [("int8",), ("int8-int8-fx",)])
def test_names_of_files_in_a_chart_are_no_formulas(run, inside, arguments):
    np.save(inside / r"$\frac$.npy", np.random.default_rng(0).standard_normal((2, 8, 32)))
    result = run("error", *arguments, "--data", r"$\frac$.npy", "--plot", "p.png")
    assert result.exit_code == 0
    assert (inside / "p.png").exists()


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64"])
def test_integers_that_float64_has_not_are_told_apart(run, inside, kind):
    x = [2**60 + 1, 2**60, 2**60 + 2, 2**60 + 3]
    table = pd.DataFrame({"spec": list("abcd"), "x": x, "y": [5, 4, 4, 3], "z": [2**60 + 1, 2**60 + 1, 2**60, 2**60 - 1]})
    table.astype({"x": kind, "z": kind}).to_parquet(inside / "t.parquet")

    def found(*arguments):
        return [row["spec"] for row in json.loads(run("pareto", "t.parquet", "--x", "x", "--json", *arguments).stdout)]

    assert found("--y", "y") == ["b", "d"]
    assert found("--y", "y", "--x-goal", "max", "--y-goal", "max") == ["d", "c", "a"]
    assert found("--y", "z", "--y-goal", "max") == ["b"]


def test_the_ends_of_integers_are_compared_as_such():
    from hwmodel.report.pareto import front

    least = np.array([-(2**63), 0, 2**63 - 1])
    assert front(least, least, "max", "max").tolist() == [2]
    assert front(np.array([0, 2**64 - 1], np.uint64), np.array([1.0, 1.0]), "max", "min").tolist() == [1]


@pytest.mark.parametrize("goals", [("min", "min"), ("min", "max"), ("max", "min"), ("max", "max")])
def test_a_front_is_what_no_row_beats(goals):
    from hwmodel.report.pareto import front

    rng = np.random.default_rng(5)
    for _ in range(50):
        x, y = rng.integers(0, 6, (2, 20)).astype(float)
        x[rng.random(20) < 0.1] = np.nan
        y[rng.random(20) < 0.1] = np.inf
        cost = np.stack([figures if goal == "min" else -figures for figures, goal in zip((x, y), goals, strict=True)])
        beaten = [any((cost[:, j] <= cost[:, i]).all() and (cost[:, j] < cost[:, i]).any() for j in range(20)) for i in range(20)]
        expected = {i for i in range(20) if not beaten[i] and not np.isnan(cost[:, i]).any()}
        found = front(x, y, *goals)
        assert set(found.tolist()) == expected
        assert len(found) == len(expected)
        assert (np.diff(cost[0][found]) >= 0).all()
