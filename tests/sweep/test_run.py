"""Sweeps: what was finished stays finished, however a sweep ends; and a table says of every row what came of it."""

import contextlib
import math
import os
import random
import signal
import sqlite3
import subprocess
import time
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sweep_cases import QUICK, Crew, Here, begin, finish, no_crew, sweep_file, table

from hwmodel.cost import estimate
from hwmodel.spec import MacSpec
from hwmodel.sweep import Store, Summary, SweepError, parse_plan, run_sweep
from hwmodel.sweep import provenance as provenance_module
from hwmodel.sweep.rows import mapped_row
from hwmodel.sweep.worker import Found, Outcome

ERROR = {"length": 16, "rows": 4, "seeds": 1}


def sweep(data: dict, folder: Path, crew: object) -> tuple[Summary, pd.DataFrame]:
    with Store(folder / "store") as store:
        summary = run_sweep(parse_plan(data), store, folder / "t.parquet", lambda: crew)  # type: ignore[arg-type, return-value]
    return summary, pd.read_parquet(folder / "t.parquet")


SYNTH = {"space": {"a": "int{4..6}", "acc": "fx", "objective": ["area", "delay"]}, "compute": {"synth": True}}


# A row, its views, and what is known of it.


TIMED = {
    *(f"est_energy_timed{end}_fj" for end in ("", "_low", "_high", "_per_product")),
    *(f"est_energy_timed_{part}_fj" for part in ("decode", "mpy", "alignadd", "normacc")),
    *(f"est_delay{end}_ps" for end in ("", "_low", "_high")),
}


def test_energy_is_counted_as_its_options_say(tmp_path):
    found = {}
    for name, options in {"plain": True, "timed": {"glitches": True, "streams": 4}, "few": {"streams": 4}}.items():
        data = {"space": {"a": "int2", "acc": "fx"}, "compute": {"energy": options}}
        (found[name],) = sweep(data, tmp_path, Here())[1].to_dict("records")
    assert "energy_timed_fj" not in found["plain"]
    assert found["timed"]["energy_timed_fj"] >= found["timed"]["energy_fj"] == found["few"]["energy_fj"] != found["plain"]["energy_fj"]
    assert found["few"]["energy_macs"] * 16 == found["plain"]["energy_macs"]


@pytest.mark.parametrize("timed", [False, True])
def test_estimates_are_of_each_rows_objective(tmp_path, timed):
    objectives = ["balanced", "area", "delay", "sized"]
    space = {
        "a": ["e4m3fn", "fp32"],
        "b": ["e4m3fn", "int4", "lns8"],
        "acc": "fp16",
        "objective": objectives,
        "adder": ["ripple", "sparse"],
    }
    data = {"space": space, "compute": {"estimate": {"timed": timed}}}
    _, table = sweep(data, tmp_path, Here())
    assert len(table) == 48
    assert {name for name in table if "timed" in name or "delay" in name} == (TIMED if timed else set())
    for row in table.to_dict("records"):
        if row["b"] == "lns8":
            assert row["reason"].startswith("unit ")
        elif row["objective"] == "sized":
            assert row["reason"] == "estimate: no estimates are made for the objective 'sized'; there are some for area, balanced, delay"
            assert math.isnan(row["est_area_um2"])
        else:
            expected = estimate(MacSpec.parse(row["spec"]), objective=row["objective"]).row
            figures = {name: value for name, value in row.items() if name.startswith("est_")}
            assert figures == pytest.approx({name: expected[name.removeprefix("est_")] for name in figures}, rel=1e-12)
    # Timed or not, with which objectives: what is known of one is not what is asked of another.
    again, _ = sweep({"space": space | {"objective": objectives[1:]}, "compute": {"estimate": {"timed": not timed}}}, tmp_path, Here())
    assert again.estimated == 16  # of lns8, and of an objective without estimates, there are none


def test_lanes_are_those_that_the_unit_has(tmp_path):
    spaces = [
        {"a": ["fp16", "int4"], "acc": ["h100", "tc8f24:fp32", "fp32"], "lanes": [1, 2]},
        {"unit": ["fp16-fp16-h100", "fp16-fp16-fp32-x{64..65}"]},
    ]
    _, found = sweep({"space": spaces, "compute": {"estimate": True}}, tmp_path, Here())
    there = found[found["reason"].isna()]
    assert there["lanes"].tolist() == [MacSpec.parse(name).lanes for name in there["spec"]]
    assert set(there["lanes"]) == {1, 2, 8, 16, 64}
    assert found["lanes"].isna().tolist() == [name.endswith("x65") for name in found["spec"]]
    assert (there["est_area_um2"] / there["lanes"]).tolist() == there["est_area_per_product_um2"].tolist()


def test_timed_estimates_are_kept_in_smaller_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.table._BATCH_TIMED", 2)
    done: list[int] = []
    data = {"space": {"a": "int{2..6}", "acc": "fx"}, "compute": {"estimate": {"timed": True}}}
    with Store(tmp_path / "store") as store:
        run_sweep(parse_plan(data), store, tmp_path / "t.parquet", no_crew, lambda what, at, total: done.append(at))
    assert done == [2, 4, 5]


def test_a_row_is_what_each_view_says_of_it(tmp_path, monkeypatch):
    rows: list[dict] = []

    def kept(*arguments, **more):
        rows.append(mapped_row(*arguments, **more))
        return rows[-1]

    monkeypatch.setattr("hwmodel.sweep.rows.mapped_row", kept)
    data = {"space": {"a": "int2", "acc": "fx"}, "compute": {"estimate": True, "energy": True, "error": ERROR}}
    _, found = sweep(data, tmp_path, Here())
    (row,) = found.to_dict("records")
    spec, (mapped,) = MacSpec.parse("int2-int2-fx"), rows
    for name in ("area_um2", "area_mpy_um2", "delay_ps", "cells", "energy_fj", "critical_part", "rtl_sha256", "energy_seed"):
        assert row[name] == mapped[name]
    guess = estimate(spec).row
    for name in ("area_um2", "area_low_um2", "energy_high_fj", "area_alignadd_um2"):
        assert row[f"est_{name}"] == guess[name]
    assert row["length"] == 16
    assert row["sqnr_db"] > 0
    assert pd.isna(row["reason"])
    names = ["spec", "a", "b", "acc", "lanes", "pipeline", "card", "objective", "adder", "multiplier"]
    assert [row[name] for name in names] == [str(spec), "int2", "int2", "fx", 1, 0, "sky130hd", "balanced", "brent_kung", "baugh_wooley"]
    assert list(found.columns)[:10] == names
    assert list(found.columns)[-1] == "reason"


def test_a_second_run_does_nothing(tmp_path):
    first, before = sweep(SYNTH, tmp_path, Crew())
    assert (first.rows, first.computed, first.failed) == (6, 6, 0)
    second, after = sweep(SYNTH, tmp_path, None)  # with nothing missing no crew is asked for
    assert (second.rows, second.computed) == (6, 0)
    assert_frame_equal(before, after)


def test_only_what_is_new_is_computed(tmp_path):
    sweep(SYNTH, tmp_path, Crew())
    crew = Crew()
    wider = {"space": SYNTH["space"] | {"a": "int{3..6}", "card": "sky130hd"}, "compute": SYNTH["compute"]}
    assert sweep(wider, tmp_path, crew)[0].rows == 8
    assert crew.views == [("int3-int3-fx", "synth")] * 2


@pytest.mark.parametrize("change", [{"objective": "area"}, {"adder": "ripple"}, {"pipeline": 1}, {"lanes": 2}], ids=str)
def test_what_decides_a_result_is_in_its_key(tmp_path, change):
    base = {"space": {"a": "int4", "acc": "fx"}, "compute": {"synth": True}}
    sweep(base, tmp_path, Crew())
    crew = Crew(lambda task, view: Found({"rtl_sha256": f"{task.spec} {task.architecture['adder']}"}))
    sweep({"space": base["space"] | change, "compute": base["compute"]}, tmp_path, crew)
    assert len(crew.views) == 1


@pytest.mark.parametrize("options", [{"length": 17}, {"seed": 1}, {"data": "uniform"}, {"scale": "channel"}, {"rows": 5}], ids=str)
def test_options_of_errors_are_in_their_key(tmp_path, options):
    space = {"a": "int4", "acc": "fx"}
    sweep({"space": space, "compute": {"error": ERROR}}, tmp_path, Crew())
    crew = Crew()
    sweep({"space": space, "compute": {"error": ERROR | options}}, tmp_path, crew)
    assert len(crew.views) == 1


def test_an_error_is_that_of_all_pipelines_and_objectives(tmp_path):
    class All(Crew):
        """Takes all there is before it answers."""

        def run(self, take):
            yield from list(super().run(take))

    crew = All(lambda task, view: Found({"sqnr_db": 12.5}))
    space = {"a": "int4", "acc": "fx", "pipeline": [0, 1], "objective": ["area", "delay"]}
    summary, found = sweep({"space": space, "compute": {"error": ERROR}}, tmp_path, crew)
    assert crew.views == [("int4-int4-fx", "error")]
    assert (summary.computed, list(found["sqnr_db"])) == (1, [12.5] * 4)


def test_a_circuit_that_a_new_generator_makes_the_same_is_not_mapped_again(tmp_path, monkeypatch):
    sweep(SYNTH, tmp_path, Crew())
    real = provenance_module.provenance

    def changed(kind):
        return real(kind) | ({"code": "new"} if kind == "rtl" else {})

    monkeypatch.setattr("hwmodel.sweep.desk.provenance", changed)

    def answer(task, view):
        assert view == "rtl" or task.spec == "int5-int5-fx"
        return Found({"rtl_sha256": task.spec + ("!" if task.spec == "int5-int5-fx" else ""), "area_um2": 1.0})

    crew = Crew(answer)
    _, found = sweep(SYNTH, tmp_path, crew)
    mapped = [(spec, view) for spec, view in crew.views if view != "rtl"]
    assert mapped == [("int5-int5-fx", "synth")] * 2
    assert list(found["area_um2"]) == [12.0, 12.0, 1.0, 1.0, 12.0, 12.0]
    assert sweep(SYNTH, tmp_path, None)[0].computed == 0


# Failures.


def test_a_failed_row_is_a_row_with_its_reason(tmp_path):
    def answer(task, view):
        return Found({}, f"{task.spec} is too small") if "int4" in task.spec else Found({"area_um2": 7.0, "cells": 3, "rtl_sha256": "x"})

    data = {"space": {"a": ["int4", "e1m{0..1}none"], "acc": "fx"}, "compute": {"estimate": True, "synth": True}}
    summary, found = sweep(data, tmp_path, Crew(answer))
    assert summary.failed == 2
    assert list(found["reason"].fillna("")) == [
        "synth: int4-int4-fx is too small",
        "float format e1m0none: no code would be a number other than 0 and one power of two; give it a fraction bit, as in e1m1none",
        "",
    ]
    assert [math.isnan(value) for value in found["area_um2"]] == [True, True, False]
    assert [pd.isna(value) for value in found["cells"]] == [True, True, False]
    assert [math.isnan(value) for value in found["est_area_um2"]] == [False, True, False]
    assert sweep(data, tmp_path, None)[0].failed == 2  # known to fail, so not tried again


def test_what_may_pass_is_tried_again(tmp_path):
    data = {"space": {"a": "int{4..5}", "acc": "fx"}, "compute": {"synth": True}}
    crew = Crew(lambda task, view: Found({}, "its worker was killed", lasting=False))
    summary, found = sweep(data, tmp_path, crew)
    assert (summary.failed, list(found["reason"])) == (2, ["synth: its worker was killed"] * 2)
    summary, found = sweep(data, tmp_path, Crew())
    assert (summary.failed, summary.computed) == (0, 2)


def test_where_energy_fails_the_mapped_figures_stay(tmp_path):
    def answer(task, view):
        return Found({}, "differs")

    class Both(Crew):
        def run(self, take):
            for label, outcome in super().run(take):
                yield label, Outcome("hash", outcome.found | {"synth": Found({"area_um2": 5.0, "rtl_sha256": "hash"})})

    data = {"space": {"a": "int4", "acc": "fx"}, "compute": {"energy": True}}
    _, found = sweep(data, tmp_path, Both(answer))
    assert (found["area_um2"][0], found["reason"][0]) == (5.0, "energy: differs")
    assert sweep(data, tmp_path, None)[0].computed == 0


def test_a_worker_that_cannot_go_on_stops_the_sweep_and_loses_nothing(tmp_path):
    class Full(Crew):
        def run(self, take):
            for number, (label, outcome) in enumerate(super().run(take)):
                yield label, outcome if number < 2 else Outcome(stop="/tmp: No space left on device")

    with pytest.raises(
        SweepError, match=r"/tmp: No space left on device; what was finished is in the store .*/store, and the same command"
    ):
        sweep(SYNTH, tmp_path, Full())
    assert sweep(SYNTH, tmp_path, Crew())[0].computed == 4


def test_no_row_passes(tmp_path):
    data = {"space": SYNTH["space"] | {"filter": [["a.width", ">", 8]]}, "compute": {"synth": True}}
    with pytest.raises(SweepError, match="no row passes the filters; loosen one of them"):
        sweep(data, tmp_path, None)


def test_no_room_for_the_table(tmp_path, small_disk, tmp_path_factory):
    room = os.statvfs(small_disk)
    (small_disk / "filling").write_bytes(bytes((room.f_bavail - 1) * room.f_bsize))
    with Store(tmp_path_factory.mktemp("elsewhere") / "store") as store, pytest.raises(SweepError) as caught:
        run_sweep(parse_plan(SYNTH | {"compute": {"estimate": True}}), store, small_disk / "t.parquet", no_crew)
    assert f"the table {small_disk}/t.parquet cannot be written: the disk is full; all that was computed is in the store" in str(
        caught.value
    )
    assert [path.name for path in small_disk.iterdir()] == ["filling"]


# However it ends.


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> pd.DataFrame:
    """The table of a sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return sweep(tomllib.loads(QUICK), folder, Here())[1]


def kept(file: Path) -> int:
    """Return how many results the store beside a sweep file holds."""
    if not (path := file.parent / "hwmodel.store").exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            (count,) = database.execute("SELECT count(*) FROM results").fetchone()
        except sqlite3.OperationalError:  # it is just being made
            return 0
    return count


def hold_at(file: Path, results: int, process: "subprocess.Popen[str]") -> None:
    """Wait until a sweep has some results, and leave it standing there, however busy the machine is."""
    while process.poll() is None:
        time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        if kept(file) >= results:
            return
        process.send_signal(signal.SIGCONT)


def test_killed_at_any_moment_it_loses_at_most_the_rows_in_flight(tmp_path, whole):
    file, moments, before = sweep_file(tmp_path), random.Random(11), 0
    for _ in range(2):
        process = begin(file, "--jobs", 1)
        hold_at(file, before + moments.randint(1, 10), process)
        process.send_signal(signal.SIGCONT)
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.communicate()
        now = kept(file)
        assert now > before
        before = now
    done = finish(file, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert f"{len(whole)} rows; {len(whole) - before} computed in this run" in done.stdout
    assert_frame_equal(table(file), whole)


def test_a_worker_that_is_killed_costs_nothing(tmp_path, whole):
    file = sweep_file(tmp_path)
    process = begin(file, "--jobs", 1)
    hold_at(file, 1, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert "42 rows; 42 computed in this run" in out
    assert_frame_equal(table(file), whole)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_all_finished_rows(tmp_path, whole, by):
    file = sweep_file(tmp_path)
    process = begin(file, "--jobs", 1)
    hold_at(file, 5, process)
    if by == signal.SIGINT:
        os.killpg(process.pid, by)  # as from a keyboard: to the workers, too
    else:
        process.send_signal(by)  # as from whoever started it
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped; what was finished is in hwmodel.store, and the same command goes on from there" in err
    some = table(file)
    assert 5 <= len(some) == kept(file) < len(whole)
    assert_frame_equal(whole[whole["spec"].isin(some["spec"])].reset_index(drop=True), some)
    assert finish(file, "--jobs", 1).returncode == 0
    assert_frame_equal(table(file), whole)


@pytest.mark.parametrize("batches", [0, 2])
def test_ctrl_c_between_estimates(tmp_path, monkeypatch, batches):
    """The table ends with what was estimated; without anything the file is as it was."""
    monkeypatch.setattr("hwmodel.sweep.table._BATCH", 10)
    data = {"space": {"a": "int{2..9}", "b": "int{2..9}", "acc": "fx"}, "compute": {"estimate": True}}
    (tmp_path / "t.parquet").write_text("as it was")

    def progress(what: str, done: int, total: int) -> None:
        if done == 10 * batches:
            raise KeyboardInterrupt

    def interrupted(batch, options, shares):
        raise KeyboardInterrupt

    if not batches:
        monkeypatch.setattr("hwmodel.sweep.estimates._estimate", interrupted)
    with Store(tmp_path / "store") as store:
        summary = run_sweep(parse_plan(data), store, tmp_path / "t.parquet", no_crew, progress)
    assert summary.interrupted
    assert (summary.rows, summary.table is None) == (10 * batches, not batches)
    if batches:
        assert len(pd.read_parquet(tmp_path / "t.parquet")) == 20
        again, found = sweep(data, tmp_path, None)
        assert (again.rows, again.estimated, found["est_area_um2"].isna().sum()) == (64, 44, 0)
    else:
        assert (tmp_path / "t.parquet").read_text() == "as it was"


class Stopped(Crew):
    """Answers as many tasks as it is told, then there is a Ctrl-C."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def run(self, take):
        for _, answered in zip(range(self.after), super().run(take), strict=False):
            yield answered
        raise KeyboardInterrupt


def test_ctrl_c_leaves_a_table_with_more_rows(tmp_path):
    _, before = sweep({"space": {"a": "int{7..9}", "acc": "fx"}, "compute": {"synth": True}}, tmp_path, Crew())
    for computed in (0, 2):  # in all
        summary, after = sweep(SYNTH, tmp_path, Stopped(computed))
        assert (summary.interrupted, summary.table, summary.computed) == (True, None, computed)
        assert_frame_equal(after, before)
    summary, after = sweep(SYNTH, tmp_path, Stopped(2))
    assert (summary.interrupted, summary.rows, len(after)) == (True, 4, 4)
    assert sweep(SYNTH, tmp_path, Crew())[0].rows == 6


def test_ctrl_c_before_the_first_row_makes_no_table(tmp_path):
    with Store(tmp_path / "store") as store:
        assert run_sweep(parse_plan(SYNTH), store, tmp_path / "t.parquet", lambda: Stopped(0)).table is None
    assert not (tmp_path / "t.parquet").exists()


def test_ctrl_c_between_estimates_leaves_a_table_with_more_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.table._BATCH", 10)
    _, before = sweep({"space": {"a": "int{2..32}", "acc": "fx"}}, tmp_path, None)

    def progress(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    data = {"space": {"a": "int{2..9}", "b": "int{2..9}", "acc": "fx"}}
    with Store(tmp_path / "store") as store:
        assert run_sweep(parse_plan(data), store, tmp_path / "t.parquet", no_crew, progress).table is None
    assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), before)


def test_a_table_that_stays_is_told(tmp_path):
    file = sweep_file(tmp_path)
    before = pd.DataFrame({"spec": [str(n) for n in range(99)]})
    before.to_parquet(file.with_suffix(".parquet"))
    process = begin(file, "--jobs", 1)
    hold_at(file, 2, process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "note: the table space.parquet stays as it was: fewer rows were finished than it has\n" in err
    assert_frame_equal(table(file), before)


def test_two_sweeps_share_a_store(tmp_path, whole):
    file = sweep_file(tmp_path)
    both = [begin(file, "--jobs", 1, "-o", f"{name}.parquet") for name in ("one", "two")]
    for process in both:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    for name in ("one", "two"):
        assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), whole)
    assert kept(file) == len(whole)
