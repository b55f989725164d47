"""Worker processes on this machine. One that dies costs the row it was at, which is begun again once."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .worker import Outcome, Task, lost, outcome_of, to_text

Take = Callable[[], tuple[Any, Task] | None]
"""Gives the next task, with whatever it is to be recognised by; None: there is none, unless an outcome leads to another."""

_LIVES = 2
"""Worker processes that one row may cost before it is given up."""

_LEAVE_S = 5
"""How long a process may take to leave before it is killed."""


class LocalPool:
    """`jobs` worker processes. Use it as a context manager: when it is left they end, wherever their work is."""

    def __init__(self, jobs: int) -> None:
        self._workers = [_Worker() for _ in range(jobs)]

    def __enter__(self) -> "LocalPool":
        return self

    def __exit__(self, *reason: object) -> None:
        for worker in self._workers:
            worker.hang_up()
        for worker in self._workers:
            worker.kill()

    def run(self, take: Take) -> Iterator[tuple[Any, Outcome]]:
        """Yield ``(label, outcome)`` of every labelled task as they are done; one is taken when a worker is free for it."""
        again = deque[tuple[Any, Task, int]]()
        with selectors.DefaultSelector() as selector:
            busy: dict[int, tuple[_Worker, Any, Task, int]] = {}
            free = list(self._workers)

            def feed() -> None:
                while free:
                    given = None if again else take()
                    if not again and given is None:
                        return
                    item = again.popleft() if given is None else (*given, 1)
                    worker = free.pop()
                    handle = worker.give(to_text(item[1]))
                    busy[handle] = (worker, *item)
                    selector.register(handle, selectors.EVENT_READ)

            feed()
            while busy:
                for key, _ in selector.select():
                    worker, label, task, life = busy[key.fd]
                    line, ended = worker.answer()
                    if line is None and not ended:
                        continue  # half a line
                    selector.unregister(key.fd)
                    del busy[key.fd]
                    free.append(worker)
                    if line is not None:
                        yield label, outcome_of(line)
                    elif life < _LIVES:
                        again.append((label, task, life + 1))
                    else:
                        yield label, lost(task, f"its worker process ended ({worker.ending}), {life} times")
                feed()


class _Worker:
    """One process, started when it is first given something, and again after it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._read = b""
        self.ending = ""

    def give(self, line: str) -> int:
        """Hand over a task; return the descriptor that its answer comes through."""
        if self._process is None:
            self._start()
        try:
            self._write(line)
        except BrokenPipeError:  # it died while it had nothing to do
            self.kill()
            self._start()
            self._write(line)
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def _start(self) -> None:
        # A process a core: threads of NumPy's own would only be in each other's way.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        command = [sys.executable, "-P", "-m", "hwmodel.sweep.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | threads)

    def _write(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> tuple[str | None, bool]:
        """Return the answer, if it is there as a whole, and whether the process has ended instead."""
        assert self._process is not None
        assert self._process.stdout is not None
        some = os.read(self._process.stdout.fileno(), 1 << 20)
        self._read += some
        if self._read.endswith(b"\n"):
            line, self._read = self._read.decode(), b""
            return line, False
        if some:
            return None, False
        code = self._process.wait()
        self.ending = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
        self.kill()
        return None, True

    def hang_up(self) -> None:
        """Close the process's stdin, at which it ends."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def kill(self) -> None:
        """End the process, and wait for that."""
        self.hang_up()
        process, self._process, self._read = self._process, None, b""
        if process is None:
            return
        try:
            process.wait(timeout=_LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
