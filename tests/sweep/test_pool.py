"""Worker processes: one that dies costs the row it was at and no other."""

import os
import signal
from typing import NoReturn

import numpy as np
import pytest

from hwmodel.sweep import LocalPool
from hwmodel.sweep.provenance import everything
from hwmodel.sweep.worker import Outcome, Task, compute, outcome_of, to_text
from hwmodel.yosys import Yosys, YosysError

ERROR = {"data": "gaussian", "length": 16, "rows": 4, "seed": 0, "seeds": 1, "scale": "tensor", "clip": "amax"}


def task(spec: str, **views) -> Task:
    return Task(spec, {}, "sky130hd", "", "", "balanced", {}, views or {"error": ERROR}, everything())


def run(pool: LocalPool, tasks: list[Task]) -> dict[int, Outcome]:
    waiting = list(enumerate(tasks))
    return dict(pool.run(lambda: waiting.pop(0) if waiting else None))


def long_task(seeds: int) -> Task:
    """A task of some 10 ms a seed."""
    return task("int4-int4-fx", error=ERROR | {"rows": 64, "length": 1024, "seeds": seeds})


def kill_when_given(pool: LocalPool, times: int) -> None:
    """Kill the process of the pool's only worker as soon as it has a task, again and again."""
    (worker,), give, left = pool._workers, pool._workers[0].give, iter(range(times))

    def given(line: str) -> int:
        handle = give(line)
        if next(left, None) is not None:
            os.kill(worker._process.pid, signal.SIGKILL)
        return handle

    worker.give = given


def test_outcomes_of_many_tasks():
    specs = [f"int{n}-int{n}-fx" for n in range(2, 10)]
    with LocalPool(2) as pool:
        found = run(pool, [task(spec) for spec in specs])
    assert sorted(found) == list(range(8))
    errors = [found[at].found["error"].columns["sqnr_db"] for at in range(8)]
    assert errors == sorted(errors)


def test_modules_that_lie_where_a_sweep_is_started_are_not_run(others_modules):
    with LocalPool(1) as pool:
        (outcome,) = run(pool, [task("int4-int4-fx", synth={}, error=ERROR)._replace(card_sha256=sky130hd())]).values()
    assert {view: found.reason for view, found in outcome.found.items()} == {"error": "", "synth": ""}


def test_a_task_leads_to_another():
    """`take` is asked again after every outcome, also after it once had nothing."""
    waiting, seen = [(0, task("int4-int4-fx"))], []
    with LocalPool(1) as pool:
        for label, _ in pool.run(lambda: waiting.pop() if waiting else None):
            seen.append(label)
            if label < 3:
                waiting.append((label + 1, task(f"int{label + 5}-int{label + 5}-fx")))
    assert seen == [0, 1, 2, 3]


def test_a_row_that_kills_its_workers_is_given_up_and_no_other():
    with LocalPool(1) as pool:
        kill_when_given(pool, 2)
        found = run(pool, [task("int5-int5-fx"), task("int4-int4-fx")])
    (reason,) = {each.found["error"].reason for each in found.values() if each.found["error"].reason}
    assert reason == "its worker process ended (signal 9, Killed), 2 times"
    lost = next(each for each in found.values() if each.found["error"].reason)
    assert not lost.found["error"].lasting
    assert not lost.found["error"].columns


def test_leaving_the_pool_ends_its_processes():
    with LocalPool(2) as pool:
        for _ in pool.run(iter([(0, task("int4-int4-fx")), (1, long_task(200)), None]).__next__):
            processes = [worker._process for worker in pool._workers]
            break
    assert all(process is not None and process.poll() is not None for process in processes)


@pytest.mark.parametrize(
    ("spec", "views", "reason"),
    [
        ("fp80-fp80-fp32", {"error": ERROR}, "unit fp80-fp80-fp32: fp80 has a codec and estimates, and no circuit"),
        ("fp80-fp80-fp32", {"synth": {}}, "unit fp80-fp80-fp32: fp80 has a codec and estimates, and no circuit"),
        ("e4m3fn+e5m2-e4m3fn+e5m2-fp32", {"error": ERROR}, "chosen"),
    ],
)
def test_what_cannot_be_computed_is_a_reason_that_lasts(spec, views, reason):
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task(spec, **views)._replace(card_sha256=sky130hd())), yosys))
    (found,) = outcome.found.values()
    assert reason in found.reason
    assert found.lasting
    assert not found.columns


def test_numbers_of_numpy_are_numbers(monkeypatch):
    monkeypatch.setattr(
        "hwmodel.sweep.worker._error", lambda *arguments, **more: {"lost": np.int64(3), "products": 4, "flag": np.bool_(True)}
    )
    with Yosys() as yosys:
        found = outcome_of(compute(to_text(task("int4-int4-fx")), yosys)).found["error"]
    assert found.columns == {"lost": 3, "products": 4, "flag": True}


def test_other_code_computes_nothing():
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task("int4-int4-fx")._replace(code="other")), yosys))
    assert outcome.stop == "this worker has another version of hwmodel or its tools; install the same one everywhere"
    assert not outcome.found


def test_a_card_of_other_figures_computes_nothing():
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task("int4-int4-fx", synth={})), yosys))
    assert outcome.stop == "the card sky130hd has other figures here than where the sweep was started"


def test_a_full_disk_stops_everything(monkeypatch):
    def full(*arguments, **more):
        raise OSError(28, "No space left on device", "/tmp/x")

    monkeypatch.setattr("hwmodel.sweep.worker._error", full)
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task("int4-int4-fx")), yosys))
    assert outcome.stop == "/tmp/x: No space left on device"


YOSYS_FAILS = [
    "Can't open ABC output file `/tmp/yosys-abc-mx3vz/output.blif'.",
    'ABC: execution of command "yosys-abc -s -f /tmp/x/abc.script" failed: return code 137.',
    "Yosys ended without a reason; its log ended: ''",
    "unit.v:7: ERROR: syntax error, unexpected end of file",
]


def mapping_fails(monkeypatch, sentence: str) -> Outcome:
    """Return the outcome of a unit whose mapping Yosys refuses with a sentence."""

    def fail(*arguments, **more):
        raise YosysError(sentence)

    monkeypatch.setattr("hwmodel.sweep.rows.mapped_row", fail)
    with Yosys() as yosys:
        return outcome_of(compute(to_text(task("int4-int4-fx", synth={})._replace(card_sha256=sky130hd())), yosys))


@pytest.mark.parametrize("sentence", YOSYS_FAILS)
def test_what_yosys_fails_at_may_pass(monkeypatch, sentence):
    found = mapping_fails(monkeypatch, sentence).found["synth"]
    assert (found.reason, found.lasting) == (f"Yosys: {sentence}", False)


def test_a_full_folder_to_work_in_stops_everything(small_disk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    assert mapping_fails(monkeypatch, YOSYS_FAILS[0]).stop == f"{small_disk}: No space left on device"


def test_what_came_of_a_full_folder_is_not_believed(small_disk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(small_disk))
    monkeypatch.setattr("hwmodel.sweep.rows.mapped_row", lambda *arguments, **more: {"area_um2": 1.0})
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task("int4-int4-fx", synth={})._replace(card_sha256=sky130hd())), yosys))
    assert (outcome.stop, outcome.found) == (f"{small_disk}: No space left on device", {})


def test_a_folder_to_work_in_that_went_away_stops_everything(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    assert mapping_fails(monkeypatch, YOSYS_FAILS[0]).stop == "/no/such/folder: No such file or directory"


def test_without_a_folder_for_yosys_everything_stops(monkeypatch):
    def full(prefix: str) -> NoReturn:
        raise OSError(28, "No space left on device", "/tmp/x")

    monkeypatch.setattr("hwmodel.yosys.scratch_folder", full)
    with Yosys() as yosys:
        outcome = outcome_of(compute(to_text(task("int4-int4-fx", rtl={})), yosys))
    assert outcome.stop == "/tmp/x: No space left on device"


def test_an_error_of_ours_is_a_reason_that_may_pass(monkeypatch):
    def wrong(*arguments, **more):
        raise KeyError("x")

    monkeypatch.setattr("hwmodel.sweep.worker._error", wrong)
    with Yosys() as yosys:
        found = outcome_of(compute(to_text(task("int4-int4-fx")), yosys)).found["error"]
    assert (found.reason, found.lasting) == ("KeyError: 'x'", False)


def sky130hd() -> str:
    from hwmodel.flow import load_card

    return load_card("sky130hd").sha256
