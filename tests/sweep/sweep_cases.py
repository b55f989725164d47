"""Sweeps that are quick to compute, and processes that run them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from hwmodel.sweep.worker import Found, Outcome, compute, outcome_of, to_text
from hwmodel.yosys import Yosys

QUICK = """
[space]
a = ["int{4..8}", "e{2..4}m{1..3}fn"]
acc = ["fx", "e5m2", "fp16"]
filter = [["a.width", ">=", 4]]

[compute]
error = { length = 256, rows = 32, seeds = 1, scale = "none" }
"""
"""A few dozen rows of some hundredths of a second each."""


class Here:
    """Computes in this process."""

    def __enter__(self) -> "Here":
        self._yosys = Yosys()
        return self

    def __exit__(self, *reason: object) -> None:
        self._yosys.close()

    def run(self, take: Callable[[], Any]) -> Iterator[Any]:
        while (item := take()) is not None:
            yield item[0], outcome_of(compute(to_text(item[1]), self._yosys))


class Crew:
    """Computes nothing: says of every view what `answer` does, and counts."""

    def __init__(self, answer=lambda task, view: Found({"area_um2": float(len(task.spec)), "rtl_sha256": task.spec})):
        self.answer, self.views = answer, []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *reason: object) -> None:
        pass

    def run(self, take) -> Iterator[tuple[object, Outcome]]:
        while (item := take()) is not None:
            label, task = item
            self.views += [(task.spec, view) for view in task.views]
            found = {view: self.answer(task, view) for view in task.views}
            rtl = next((each.columns["rtl_sha256"] for each in found.values() if "rtl_sha256" in each.columns), "")
            yield label, Outcome(rtl, found)


def sweep_file(folder: Path, text: str = QUICK) -> Path:
    """Write a sweep file and return its path."""
    file = folder / "space.toml"
    file.write_text(text, encoding="utf-8")
    return file


def no_crew() -> NoReturn:
    """Start no workers, where there is nothing for them to do."""
    raise AssertionError("workers were asked for")


def begin(file: Path, *arguments: object) -> "subprocess.Popen[str]":
    """Start ``hwmodel sweep`` in a process of its own, in the folder of the sweep file."""
    command = [sys.executable, "-m", "hwmodel", "sweep", file.name, *map(str, arguments)]

    def heed_ctrl_c() -> None:
        # A test run in the background of a script ignores Ctrl-C, and so would all that it starts.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        command,
        cwd=file.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def finish(file: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run ``hwmodel sweep`` to its end."""
    process = begin(file, *arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def table(file: Path) -> pd.DataFrame:
    """Return the table of a sweep file."""
    return pd.read_parquet(file.with_suffix(".parquet"))
