"""Workers on other machines, by Dask. Tasks and outcomes travel as text; the store stays where the sweep was started."""

import itertools
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from hwmodel.yosys import Yosys

from .errors import SweepError
from .pool import Take
from .worker import Outcome, Task, compute, lost, outcome_of, to_text

_CONNECT_S = 10
_DEFAULT_PORT = 8786
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

    Raises
    ------
    SweepError
        If Dask is not installed, nothing answers there, or there are no workers.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise SweepError("a scheduler needs Dask, which is not installed: pip install 'hwmodel[dask]'") from error
        for name in ("client", "core", "comm"):  # what they complain of is told in sentences here
            logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
        self._address = address
        try:
            _knock(address)  # a client of Dask's own would try for a long time
            self._client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise SweepError(f"no Dask scheduler answers at {address!r}; start one by: dask scheduler") from error
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_S)
        except TimeoutError as error:
            self._client.close()
            raise SweepError(f"the Dask scheduler at {address} has no workers; start some by: dask worker {address}") from error

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *reason: object) -> None:
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
        room, counted = 0, -_COUNT_EVERY_S
        while True:
            if time.monotonic() - counted >= _COUNT_EVERY_S:
                room, counted = max(self._threads() * _AHEAD, 1), time.monotonic()
            while len(given) < room and (item := take()) is not None:
                key = f"hwmodel-{self._client.id}-{next(numbers)}"
                future = self._client.submit(compute_here, to_text(item[1]), key=key, pure=False)
                given[key] = (*item, future)  # a future that nobody holds is given up
                done.add(future)
            if not given:
                return
            future = next(done)
            if future.status in ("lost", "pending"):
                # Its worker ended before the outcome was fetched; another computes it again.
                done.add(future)
                continue
            label, task, _ = given.pop(future.key)
            yield label, self._outcome(future, task)

    def _threads(self) -> int:
        try:
            return sum(self._client.nthreads().values())
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
    """Raise OSError or ValueError where nothing listens at an address such as ``tcp://10.0.0.1:8786``."""
    from distributed.comm.addressing import parse_address, parse_host_port

    _, location = parse_address(address)
    socket.create_connection(parse_host_port(location, _DEFAULT_PORT), timeout=_CONNECT_S).close()
