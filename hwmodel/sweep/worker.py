"""One row computed, in whatever process: a task in, an outcome out, both plain data that JSON can hold.

Run as a module it is a worker process of `hwmodel.sweep.pool`: tasks on stdin, outcomes on stdout, one a line.
"""

import contextlib
import errno
import json
import os
import queue
import signal
import sys
import threading
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hwmodel.files import require_scratch_room, scratch_folder
from hwmodel.spec import MacSpec, SpecError, add_codebook
from hwmodel.yosys import Yosys, YosysError

from .provenance import everything

if TYPE_CHECKING:
    from hwmodel.flow import TechCard

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_ROOM = 1 << 24
"""Bytes that there must be to work in; Yosys and ABC do not look whether what they write arrives."""


class Task(NamedTuple):
    """What is to be computed of one unit.

    Attributes
    ----------
    spec
        Its name.
    codebooks
        Entries of a user's own codebooks that it has, by name.
    card, card_sha256
        The card's name or path, and the hash of its figures.
    card_file
        The card's file in base64, where it is no bundled one.
    objective, architecture
        How it is made: what the mapper aims at, and the fields of `hwmodel_rtl.Architecture`.
    views
        What is wanted: ``rtl`` (the circuit's hash alone), ``synth``, ``energy``, ``error``, each with its options.
    code
        The code that is to compute it, see `hwmodel.sweep.provenance.everything`.
    """

    spec: str
    codebooks: Mapping[str, list[str]]
    card: str
    card_sha256: str
    card_file: str
    objective: str
    architecture: Mapping[str, str]
    views: Mapping[str, Mapping[str, Any]]
    code: str


class Found(NamedTuple):
    """What came of one view: its columns, or why there are none, and whether that would be so again."""

    columns: Mapping[str, Any]
    reason: str = ""
    lasting: bool = True


class Outcome(NamedTuple):
    """What came of a task.

    Attributes
    ----------
    rtl_sha256
        Hash of the circuit, where it was emitted; else empty.
    found
        By view; of one whose energy failed, `synth` too.
    stop
        Why no task at all can go on here, as when the disk is full; else empty.
    """

    rtl_sha256: str = ""
    found: Mapping[str, Found] = {}
    stop: str = ""


def to_text(value: Task | Outcome) -> str:
    """Return a task or outcome as one line of JSON."""
    if isinstance(value, Outcome):
        # NumPy's numbers are no JSON of their own.
        found = {view: list(each) for view, each in value.found.items()}
        return json.dumps([value.rtl_sha256, found, value.stop], default=lambda number: number.item())
    return json.dumps(list(value))


def outcome_of(text: str) -> Outcome:
    """Return the outcome in a line of JSON."""
    rtl_sha256, found, stop = json.loads(text)
    return Outcome(rtl_sha256, {view: Found(*each) for view, each in found.items()}, stop)


class StopError(Exception):
    """Nothing more can be computed here."""


def compute(text: str, yosys: Yosys) -> str:
    """Compute the task in a line of JSON and return its outcome as one; whatever fails is told in the outcome."""
    task = Task(*json.loads(text))
    try:
        if task.code != everything():
            raise StopError("this worker has another version of hwmodel or its tools; install the same one everywhere")
        return to_text(_compute(task, yosys))
    except StopError as error:
        return to_text(Outcome(stop=str(error)))
    except Exception as error:
        return to_text(lost(task, f"{type(error).__name__}: {_one_line(error)}"))


def lost(task: Task, why: str) -> Outcome:
    """Return the outcome of a task of which nothing came; it is tried again in the next run."""
    return Outcome(found={view: Found({}, why, lasting=False) for view in task.views})


def _compute(task: Task, yosys: Yosys) -> Outcome:
    for name, values in task.codebooks.items():
        add_codebook(name, map(Fraction, values))  # type: ignore[arg-type]
    spec = MacSpec.parse(task.spec)
    rtl_sha256, found = "", {}
    if "rtl" in task.views:
        rtl = _try(lambda: {"rtl_sha256": _rtl(spec, task, yosys)})
        found["rtl"], rtl_sha256 = rtl, rtl.columns.get("rtl_sha256", "")
    if "error" in task.views:
        error = _try(lambda: _error(spec, **task.views["error"]), writes=False)
        lost = bool(error.columns) and error.columns["lost"] == error.columns["products"]
        found["error"] = error._replace(reason="every dot product overflowed or is NaN; see lost") if lost else error
    for view in ("energy", "synth"):
        if view in task.views or (view == "synth" and "energy" in found and found["energy"].reason):
            options = task.views.get(view, task.views.get("energy", {}))
            found[view] = _try(lambda view=view, options=options: _mapped(spec, task, yosys, energy=view == "energy", **options))
            rtl_sha256 = found[view].columns.get("rtl_sha256", rtl_sha256)
    return Outcome(rtl_sha256, found)


def _try(work: Any, *, writes: bool = True) -> Found:
    """Return what `work` computes, or why it cannot; if it `writes` files, neither is believed where there is no room for them.

    Raises
    ------
    StopError
        If nothing else could be computed either.
    """
    try:
        columns = work()
        if writes:
            _require_room()
        return Found(columns)
    except StopError:
        raise
    except SpecError as error:
        return Found({}, _one_line(error))
    except Exception as error:  # whatever it is, the row says so and the sweep goes on
        _require_room(error)
        return _failed(error)


def _failed(error: Exception) -> Found:
    """Return why there is no figure; what we say of the unit ourselves would be so again, all else may pass."""
    from .rows import MismatchError

    match error:
        case YosysError():  # it has nothing against a unit: a file is not there, ABC was killed, or we have a bug
            return Found({}, f"Yosys: {_one_line(error)}", lasting=False)
        case OSError():
            return Found({}, _one_line(error), lasting=False)
        case ValueError() | MismatchError():
            return Found({}, _one_line(error), lasting=type(error).__module__.startswith("hwmodel"))
    return Found({}, f"{type(error).__name__}: {_one_line(error)}", lasting=False)


def _require_room(error: Exception | None = None) -> None:
    """Look whether there is room to work in, after an `error` or without one.

    Raises
    ------
    StopError
        If there is none.
    """
    if isinstance(error, YosysError) and os.strerror(errno.ENOSPC).lower() in str(error).lower():
        raise StopError(f"{os.strerror(errno.ENOSPC)}, where Yosys works") from error
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        raise StopError(f"{error.filename or 'the disk'}: {error.strerror}") from error
    try:
        require_scratch_room(_ROOM)
    except OSError as full:
        raise StopError(f"{full.filename or 'the folder to work in'}: {full.strerror}") from full


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _rtl(spec: MacSpec, task: Task, yosys: Yosys) -> str:
    from hwmodel_rtl import Architecture, emit

    return str(emit(spec, Architecture(**task.architecture), yosys=yosys).manifest["sha256"])


def _mapped(
    spec: MacSpec,
    task: Task,
    yosys: Yosys,
    *,
    energy: bool,
    explore: bool = False,
    clock_ps: float | None = None,
    seed: int | None = None,
    streams: int | None = None,
    glitches: bool = False,
) -> dict[str, Any]:
    """Return the columns of a mapped unit."""
    from hwmodel_rtl import Architecture

    from .explore import explore as choose
    from .operands import GAUSSIAN
    from .rows import mapped_row

    spec.require_circuit()
    card = _card(task)
    spent: dict[str, Any] = {"energy": energy, "glitches": glitches} | ({} if seed is None else {"seed": seed})
    if streams is not None:
        spent["operands"] = replace(GAUSSIAN, streams=streams)
    if not explore:
        architecture = Architecture(**task.architecture)
        return mapped_row(spec, card, yosys, architecture=architecture, objective=task.objective, **spent)
    choice = choose(spec, card, yosys, task.objective, clock_ps=clock_ps)
    spent["clock_ps"] = clock_ps
    row = mapped_row(spec, card, yosys, architecture=choice.architecture, objective=choice.script, **spent)
    return row | {"script": choice.script, "tried": choice.tried}


def _card(task: Task) -> "TechCard":
    from hwmodel.flow import load_card

    if not task.card_file:
        card = load_card(task.card)
    else:
        with scratch_folder("hwmodel-card-") as folder:
            file = Path(folder) / "card"
            file.write_bytes(b64decode(task.card_file))
            card = load_card(str(file))
    if card.sha256 != task.card_sha256:
        raise StopError(f"the card {task.card} has other figures here than where the sweep was started")
    return card


def _error(spec: MacSpec, data: str, length: int, rows: int, seed: int, seeds: int, scale: str, clip: str) -> dict[str, Any]:
    from hwmodel.error import DrawnPairs, measure_dots, parse_distribution, parse_dot_unit, parse_sharing

    spec.require_circuit()  # nor is there a golden model over arrays
    source = DrawnPairs(parse_distribution(data), (rows, length))
    (found,) = measure_dots([parse_dot_unit(str(spec))], [source], [length], range(seed, seed + seeds), parse_sharing(scale), clip)
    row = {key.replace("total_snr_db", "sqnr_db"): value for key, value in found.row.items() if key != "spec"}
    return row | {"sqnr_db": row.pop("sqnr_db")}


def serve() -> None:
    """Answer a line of stdin with a line of stdout; end when whoever asks has gone, wherever the work is."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing else writes between the answers
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen(yosys: Yosys) -> None:
        for line in sys.stdin:
            tasks.put(line)
        yosys.abort()
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who asks decides when to end
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # folders to work in go away
    with Yosys() as yosys, contextlib.suppress(BrokenPipeError):
        threading.Thread(target=listen, args=[yosys], daemon=True).start()
        while True:
            answers.write(compute(tasks.get(), yosys) + "\n")
            answers.flush()


if __name__ == "__main__":
    serve()
