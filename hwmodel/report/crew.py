"""Units worked on side by side, that stop as one: at the first failure, and at Ctrl-C."""

import ctypes
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from hwmodel.yosys import Yosys

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Item, Yosys], Result], items: Sequence[Item], jobs: int) -> list[Result]:
    """Return ``work(item, yosys)`` of every item, in their order, `jobs` at a time, each with a Yosys worker of its own.

    What `work` raises is raised here, at once: the others are stopped wherever they are, and those not begun never are.
    So are all when this thread is interrupted from the keyboard.
    """
    workers = [Yosys() for _ in items]
    at_work: set[int] = set()

    def one(item: Item, yosys: Yosys) -> Result:
        at_work.add(threading.get_ident())
        try:
            with yosys:
                return work(item, yosys)
        finally:
            at_work.discard(threading.get_ident())

    with ThreadPoolExecutor(jobs) as pool:
        try:
            begun = [pool.submit(one, item, yosys) for item, yosys in zip(items, workers, strict=True)]
            for done in as_completed(begun):
                done.result()
            return [done.result() for done in begun]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for thread in list(at_work):
                _interrupt(thread)
            for worker in workers:
                worker.abort()
            raise


def _interrupt(thread: int) -> None:
    """Raise KeyboardInterrupt in another thread, before its next step in Python; the keyboard itself reaches only the main one."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))
