"""Yosys in a worker process: many designs, one process, and an error that can be caught.

Yosys is a native library (the ``pyosys`` wheel). An error inside it ends the whole process without an exception, so it
lives in a child process; its death becomes a `YosysError` that carries Yosys's own last ``ERROR:`` line.

Yosys's results depend on what the process did before (the numbers of its identifiers decide the order of cells, and
that decides what ABC finds). The worker therefore forks for every list of commands: each starts from the same state,
and the same commands give the same netlist.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .files import scratch_base, scratch_folder

_NO_MORE = 99  # exit code of a fork that found no further question


class YosysError(RuntimeError):
    """A command that Yosys refused; the message is Yosys's own reason."""


class Yosys:
    """A worker that runs lists of Yosys commands, each list on a design of its own.

    Use it as a context manager, or call `close`. Starting costs about 0.3 s, so keep one for many designs.
    An error ends the fork that met it; the worker lives on.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._log: tempfile.TemporaryDirectory[str] | None = None
        self.aborted = False

    def __enter__(self) -> "Yosys":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and remove its log."""
        self._stop()
        if self._log is not None:
            self._log.cleanup()

    def abort(self) -> None:
        """End the worker at once; may be called from any thread. A `run` under way fails, and so does every later one."""
        self.aborted = True
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def run(self, commands: Sequence[str], folder: Path | str = ".") -> str:
        """Run `commands` in order on an empty design and return what Yosys logged.

        File names are relative to `folder`. Yosys puts them into the names of cells, whose order decides what ABC finds:
        for results that repeat, hand over the folder here and keep random names out of the commands.

        Raises
        ------
        YosysError
            If a command fails, or the worker was aborted.
        """
        if self._log is None:  # not before there is something to run: where there is no room, that is told then
            self._log = scratch_folder("hwmodel-yosys-")
        log = Path(self._log.name) / "log.txt"
        log.unlink(missing_ok=True)
        if self._process is None:
            base = scratch_base()  # where ABC's files go
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
                # The order of objects in memory, or in which threads end, can decide the order of cells.
                env=os.environ | {"PYTHONHASHSEED": "0", "YOSYS_MAX_THREADS": "1"} | ({"TMPDIR": str(base)} if base else {}),
            )
        if self.aborted:  # looked at after the start, so that no worker slips through
            self._stop()
            raise YosysError("the worker was aborted")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            question = {"log": str(log), "folder": str(Path(folder).resolve()), "commands": list(commands)}
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        except BaseException:  # interrupted in mid-answer: the worker's next answer would be to this question
            self._stop()
            raise
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if not answer:
            self._stop()
        if self.aborted:
            raise YosysError("the worker was aborted")
        if not answer or json.loads(answer)["status"]:
            reasons = [line for line in text.splitlines() if "ERROR" in line]
            if reasons:
                raise YosysError(reasons[-1].split("ERROR:", 1)[-1].strip())
            raise YosysError(f"Yosys ended without a reason; its log ended: {text[-300:]!r}")
        return text

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the fork and its ABC too
            process.wait()
        process.stdout.close()


def _serve() -> None:
    """Answer one JSON line with one JSON line; everything Yosys and ABC print goes to the question's log file."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    from pyosys import libyosys

    while True:
        child = os.fork()  # before the question is read: the parent stays as it is, so every fork starts alike
        if child == 0:
            question = sys.stdin.readline()
            if not question:
                os._exit(_NO_MORE)
            job = json.loads(question)
            log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            os.chdir(job["folder"])
            design = libyosys.Design()
            for command in job["commands"]:
                libyosys.run_pass(command, design)
            libyosys.log_flush()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.waitstatus_to_exitcode(status) == _NO_MORE:
            return
        answers.write(json.dumps({"status": status}) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
