"""Sweeps on the workers of a real Dask scheduler."""

import asyncio
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest
from distributed import Future, LocalCluster, as_completed
from pandas.testing import assert_frame_equal
from sweep_cases import Here, finish, sweep_file

from hwmodel.sweep import Cluster, Store, SweepError, parse_plan, run_sweep

PLAN = {
    "space": {"a": ["int{4..9}", "e{2..4}m{2..3}fn"], "acc": ["fx", "fp16"]},
    "compute": {"error": {"length": 256, "rows": 16, "seeds": 1, "scale": "none"}},
}


def sweep(folder, crew, name, progress=lambda what, rows, total: None):
    with Store(folder / f"{name}.store") as store:
        summary = run_sweep(parse_plan(PLAN), store, folder / f"{name}.parquet", crew, progress)
    return summary, pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture
def cluster():
    """Of one test: what one of them kills no other can use, in whatever order they run."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as started:
        yield started


def test_a_cluster_gives_what_this_machine_does_also_where_a_worker_dies(cluster, tmp_path):
    _, expected = sweep(tmp_path, Here, "here")

    def kill(what: str, rows: int, total: int) -> None:
        """Kill a worker in mid-work; its nanny starts another."""
        if (what, rows) == ("compute", 3):
            os.kill(cluster.workers[0].pid, signal.SIGKILL)

    summary, found = sweep(tmp_path, lambda: Cluster(cluster.scheduler_address), "there", kill)
    assert (summary.computed, summary.failed) == (24, 0)
    assert_frame_equal(found, expected)


def test_what_is_lost_with_a_worker_before_it_is_fetched_is_computed_again(cluster, tmp_path, monkeypatch):
    _, expected = sweep(tmp_path, Here, "here")
    next_done, lost = as_completed.__next__, list[str]()

    def lose_the_first(done: as_completed) -> Future:
        future = next_done(done)
        if not lost:
            ((holder,),) = future.client.who_has([future]).values()
            (worker,) = (each for each in cluster.workers.values() if each.worker_address == holder)
            os.kill(worker.pid, signal.SIGKILL)
            while future.status == "finished":
                time.sleep(0.01)
            lost.append(future.status)
        return future

    monkeypatch.setattr(as_completed, "__next__", lose_the_first)
    summary, found = sweep(tmp_path, lambda: Cluster(cluster.scheduler_address), "there")
    assert lost == ["lost"]
    assert (summary.computed, summary.failed) == (24, 0)
    assert_frame_equal(found, expected)


def test_a_scheduler_that_dies_loses_nothing(cluster, tmp_path):
    done: list[int] = []

    def progress(what: str, rows: int, total: int) -> None:
        done.append(rows)
        if rows == 3:
            closing = threading.Thread(target=cluster.close)
            closing.start()
            closing.join()

    with Store(tmp_path / "s") as store:
        with pytest.raises(SweepError, match=r"the Dask scheduler at tcp://\S+ is gone; what was finished is in the store, and the same"):
            run_sweep(parse_plan(PLAN), store, tmp_path / "t.parquet", lambda: Cluster(cluster.scheduler_address), progress)
        (count,) = store._database.execute("SELECT count(*) FROM results").fetchone()
    assert 3 <= count == done[-1] < 24
    assert not (tmp_path / "t.parquet").exists()


def test_nothing_answers():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SweepError, match=f"no Dask scheduler answers at '{address}'; start one by: dask scheduler"):
            Cluster(address)


@pytest.mark.parametrize("address", ["", "no.such.host.invalid:8786", "tcp://x:y:z", "foo://127.0.0.1:1"])
def test_what_is_no_address(address):
    with pytest.raises(SweepError, match=f"no Dask scheduler answers at '{address}'"):
        Cluster(address)


@pytest.fixture
def silent():
    """The address of what takes connections and never says anything, as a scheduler that is stopped."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def web():
    """The address of a web server."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("server", ["silent", "web"])
@pytest.mark.parametrize("protocol", ["tcp", "tls", "ucx", "http"])
def test_what_answers_is_no_scheduler(server, protocol, request, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.cluster._CONNECT_S", 1)
    address, begun = f"{protocol}://{request.getfixturevalue(server)}", time.monotonic()
    with pytest.raises(SweepError, match=f"no Dask scheduler answers at '{address}'; start one by: dask scheduler"):
        Cluster(address)
    assert time.monotonic() - begun < 10


def test_another_protocol_is_a_sentence_and_nothing_else(tmp_path):
    file = sweep_file(tmp_path)
    with LocalCluster(n_workers=0, dashboard_address=None) as started:
        host = started.scheduler_address.removeprefix("tcp://")
        for protocol in ("tls", "ucx", "http"):
            done = finish(file, "--scheduler", f"{protocol}://{host}")
            sentence = f"error: no Dask scheduler answers at '{protocol}://{host}'; start one by: dask scheduler\n"
            assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_that_all_workers_are_gone_is_told(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.cluster._COUNT_EVERY_S", 0.2)
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        cluster.scale(1)

    def leave(what: str, rows: int, total: int) -> None:
        if (what, rows) == ("compute", 3):
            cluster.scale(0)
            cluster.sync(cluster._correct_state)

    summary, found = sweep(tmp_path, lambda: Cluster(cluster.scheduler_address, note), "there", leave)
    assert notes[0] == f"the Dask scheduler at {cluster.scheduler_address} has no workers any more; the sweep waits for new ones"
    assert (summary.computed, summary.failed, len(found)) == (24, 0, 24)


def test_a_scheduler_that_falls_silent_is_gone(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.cluster._COUNT_EVERY_S", 0)
    monkeypatch.setattr("hwmodel.sweep.cluster._ANSWER_S", 0.5)

    async def never(**options: object) -> None:
        await asyncio.sleep(60)

    def progress(what: str, rows: int, total: int) -> None:
        if (what, rows) == ("compute", 3):
            cluster.scheduler.handlers["ncores"] = never

    with pytest.raises(SweepError, match=r"the Dask scheduler at tcp://\S+ is gone; what was finished is in the store, and the same"):
        sweep(tmp_path, lambda: Cluster(cluster.scheduler_address), "there", progress)


def test_a_scheduler_without_workers(monkeypatch):
    monkeypatch.setattr("hwmodel.sweep.cluster._CONNECT_S", 1)
    with LocalCluster(n_workers=0, dashboard_address=None) as started, pytest.raises(SweepError, match="has no workers; start some by"):
        Cluster(started.scheduler_address)
