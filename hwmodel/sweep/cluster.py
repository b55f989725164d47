"""Workers on other machines, by Dask. Tasks and outcomes travel as text; the store stays where the sweep was started."""

import asyncio
import contextlib
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from hwmodel.yosys import Yosys

from .errors import SweepError
from .pool import Take
from .worker import Outcome, Task, compute, lost, outcome_of, to_text

_CONNECT_S = 10
_DEFAULT_PORT = 8786
_ANSWER_S = 30
"""How long a scheduler that once answered may be silent before it counts as gone."""

_AHEAD = 2
"""Tasks handed out for each thread of a worker, so that none waits for the next."""

_COUNT_EVERY_S = 5.0
"""How often to look whether workers have come or gone."""

_mine = threading.local()


def compute_here(text: str) -> str:
    """Compute a task on a Dask worker, with a Yosys that the thread keeps."""
    if not hasattr(_mine, "yosys"):
        _mine.yosys = Yosys()
    return compute(text, _mine.yosys)


class Cluster:
    """The workers of the Dask scheduler at `address`. Use it as a context manager.

    Parameters
    ----------
    address
        Of the scheduler.
    note
        Told when there are no workers any more, and the sweep waits.

    Raises
    ------
    SweepError
        If Dask is not installed, nothing answers there, or there are no workers.
    """

    def __init__(self, address: str, note: Callable[[str], None] = lambda text: None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise SweepError("a scheduler needs Dask, which is not installed: pip install 'hwmodel[dask]'") from error
        for name in ("client", "core", "comm"):  # what they complain of is told in sentences here
            logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
        self._address, self._note = address, note
        self._most, self._counted = 0, -_COUNT_EVERY_S
        try:
            _knock(address)
            _greet(address)  # a client of Dask's own would wait for ever
            self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except Exception as error:  # of whatever kind: each of its protocols has errors of its own
            raise SweepError(f"no Dask scheduler answers at {address!r}; start one by: dask scheduler") from error
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_S)
        except TimeoutError as error:
            self._client.close()
            raise SweepError(f"the Dask scheduler at {address} has no workers; start some by: dask worker {address}") from error

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *reason: object) -> None:
        with contextlib.suppress(OSError):  # where the scheduler does not answer
            self._client.close(timeout=_CONNECT_S)  # which gives up what was not finished

    def run(self, take: Take) -> Iterator[tuple[Any, Outcome]]:
        """Yield ``(label, outcome)`` of every labelled task as they are done.

        Raises
        ------
        SweepError
            If the scheduler is gone, or its workers cannot run hwmodel.
        """
        from distributed import as_completed

        done = as_completed(loop=self._client.loop)
        given: dict[str, tuple[Any, Task, Any]] = {}
        numbers = itertools.count()
        while True:
            while len(given) < self._room() and (item := take()) is not None:
                key = f"hwmodel-{self._client.id}-{next(numbers)}"
                future = self._client.submit(compute_here, to_text(item[1]), key=key, pure=False)
                given[key] = (*item, future)  # a future that nobody holds is given up
                done.add(future)
            if not given:
                return
            with done.thread_condition:
                if not done.thread_condition.wait_for(done.has_ready, _COUNT_EVERY_S):
                    continue
            future = next(done)
            if future.status in ("lost", "pending"):
                # Its worker ended before the outcome was fetched; another computes it again.
                done.add(future)
                continue
            label, task, _ = given.pop(future.key)
            yield label, self._outcome(future, task)

    def _room(self) -> int:
        """Return how many tasks are to be handed out at a time, and tell when there is nobody to compute them."""
        if time.monotonic() - self._counted >= _COUNT_EVERY_S:
            threads = self._threads()
            if not threads and self._most:
                self._note(f"the Dask scheduler at {self._address} has no workers any more; the sweep waits for new ones")
            self._most, self._counted = threads * _AHEAD, time.monotonic()
        return max(self._most, 1)

    def _threads(self) -> int:
        try:
            return sum(self._client.sync(self._client.scheduler.ncores, callback_timeout=_ANSWER_S).values())
        except (OSError, ValueError) as error:
            raise SweepError(self._gone()) from error

    def _outcome(self, future: Any, task: Task) -> Outcome:
        from distributed import CancelledError, KilledWorker

        if future.status == "finished":
            try:
                return outcome_of(future.result())
            except (CancelledError, OSError) as gone:  # while it was fetched
                raise SweepError(self._gone()) from gone
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return lost(task, "every worker that began it ended before it was done")
        if error is not None:
            raise SweepError(f"a worker of the Dask scheduler at {self._address} cannot run hwmodel: {type(error).__name__}: {error}")
        raise SweepError(self._gone())

    def _gone(self) -> str:
        return f"the Dask scheduler at {self._address} is gone; what was finished is in the store, and the same command goes on from there"


def _knock(address: str) -> None:
    """Raise OSError or ValueError where nothing listens at an address such as ``tcp://10.0.0.1:8786``; Dask itself would try again."""
    from distributed.comm.addressing import parse_address, parse_host_port

    _, location = parse_address(address)
    socket.create_connection(parse_host_port(location, _DEFAULT_PORT), timeout=_CONNECT_S).close()


def _greet(address: str) -> None:
    """Ask a Dask scheduler who it is; raise whatever comes of it where there is none, `TimeoutError` where nothing comes."""
    from distributed.core import connect, send_recv
    from distributed.security import Security

    failed: list[BaseException] = [TimeoutError()]

    async def ask() -> None:
        comm = await connect(address, timeout=_CONNECT_S, **Security().get_connection_args("client"))
        try:
            kind = (await send_recv(comm, op="identity"))["type"]
        finally:
            comm.abort()
        if kind != "Scheduler":
            raise ValueError(f"a {kind}, and no scheduler")

    def greet() -> None:
        try:
            asyncio.run(asyncio.wait_for(ask(), _CONNECT_S))
            failed.clear()
        except BaseException as error:
            failed[:] = [error]

    # Beside the loop that whoever calls may have, and left behind where it does not end.
    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    thread.join(_CONNECT_S + 1)
    if failed:
        raise failed[0]
