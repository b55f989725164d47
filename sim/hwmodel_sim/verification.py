"""Hold circuits against the golden model: trials, models that they share, simulation, verdicts."""

import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hwmodel.files import scratch_folder
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys

from .diagnosis import describe
from .harness import delay
from .report import Report
from .session import Difference, Session
from .sharing import devices, groups
from .simulators import SimulationError, choose
from .trial import Trial

WAVE_CYCLES = 1024


def verify(
    spec: MacSpec,
    *,
    verilog: str | None = None,
    simulator: str = "auto",
    seed: int = 1,
    vectors: int | None = None,
    waves: Path | str | None = None,
    build_dir: Path | str | None = None,
) -> Report:
    """Simulate a circuit on planned stimulus and compare every output in every cycle with the golden model.

    Parameters
    ----------
    spec
        The unit.
    verilog
        Text of the circuit, top module ``spec.module_name``; default: what :func:`hwmodel_rtl.emit` makes.
    simulator
        ``"auto"``, ``"verilator"`` or ``"icarus"``.
    seed
        Same seed, same run.
    vectors
        About how many multiply-accumulate steps, at most `MAX_VECTORS` products in them; the ways to the accumulators' ends come on top.
        Default: `default_vectors`.
    waves
        A folder for a waveform: of the mismatch, or of the first cycles if there is none.
    build_dir
        Where to build, kept afterwards; default: a temporary folder, removed.

    Raises
    ------
    SimulationError
        If no simulator is installed, or the circuit does not build.
    """
    simulator = choose(simulator)
    trial = Trial.prepare(spec, verilog, simulator, seed, vectors)
    return _prove([trial], simulator, seed, waves, build_dir)[0]


def verify_many(
    circuits: Iterable[tuple[MacSpec, str | None]],
    *,
    simulator: str = "auto",
    seed: int = 1,
    vectors: int | None = None,
    waves: Path | str | None = None,
) -> Iterator[Report]:
    """Verify circuits one after another; small ones share a model, which saves most of what it costs to build and start it.

    Each is held against the golden model as by itself, and one that differs hides no other.

    Parameters
    ----------
    circuits
        Units, each with the text of its circuit; None: what :func:`hwmodel_rtl.emit` makes. Taken as models fill.
    simulator, seed, vectors, waves
        As of `verify`, of each.

    Yields
    ------
    Report
        In order. Of circuits that share a model, each is told an equal part of the seconds that building it took.

    Raises
    ------
    SimulationError
        If no simulator is installed, or a circuit does not build.
    """
    simulator = choose(simulator)
    with Yosys() as yosys:  # starts when a circuit is to be emitted
        for trials in groups(Trial.prepare(spec, verilog, simulator, seed, vectors, yosys) for spec, verilog in circuits):
            yield from _prove(trials, simulator, seed, waves)


def _prove(trials: list[Trial], simulator: str, seed: int, waves: Path | str | None, build_dir: Path | str | None = None) -> list[Report]:
    """Build a model of all circuits, play each one's tape, and return what came of it."""
    with scratch_folder("hwmodel-") as scratch:
        folder = Path(scratch if build_dir is None else build_dir).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        session = Session(simulator, devices(trials), folder)
        build_seconds = session.build() / len(trials)
        started = time.perf_counter()
        differences = session.play([trial.tape for trial in trials])
        seconds = [session.loop_seconds(device) or time.perf_counter() - started for device in session.devices]
    return [
        _report(trial, difference, simulator, seed, build_seconds, each, waves)
        for trial, difference, each in zip(trials, differences, seconds, strict=True)
    ]


def _report(
    trial: Trial, difference: Difference | None, simulator: str, seed: int, build_seconds: float, seconds: float, waves: Path | str | None
) -> Report:
    spec = trial.spec
    film = "" if waves is None else _film(trial, simulator, difference, Path(waves))
    mismatches = []
    if difference is not None:
        replay = f"hwmodel verify {spec} --seed {seed} --vectors {trial.vectors} --simulator {simulator}"
        mismatches = [describe(spec, trial.tape, difference, simulator, seed, replay, film)]
    return Report(
        spec,
        simulator,
        seed,
        trial.coverage.vectors,
        trial.coverage,
        trial.missed,
        trial.golden_seconds,
        build_seconds,
        seconds,
        mismatches,
        film,
    )


def _film(trial: Trial, simulator: str, difference: Difference | None, waves: Path) -> str:
    """Play the story of the difference, or the first cycles, once more with tracing; return the waveform's file."""
    waves.mkdir(parents=True, exist_ok=True)
    tape, harness = trial.tape, trial.harness
    with scratch_folder("hwmodel-") as scratch:
        name = f"film.{'vcd' if simulator == 'verilator' else 'fst'}"
        traced = Session(simulator, devices([replace(trial, harness=replace(harness, film=name))]), Path(scratch))
        traced.build()
        if difference is None:
            traced.play([tape.cut(0, WAVE_CYCLES)])
        else:
            cycle = max(difference.cycle, 0)
            stop = cycle + delay(trial.spec) + 1
            start = int(tape.starts[tape.starts <= cycle][-1])
            # The last cycles tell enough; a hold may be millions, and is left out.
            holds = [jump.cycle + harness.cycles for jump in tape.jumps if jump.repeats and jump.cycle <= cycle]
            first = max([stop - WAVE_CYCLES, 0, *holds])
            # A circuit may be wrong because of what was before the story; then everything up to the difference is played.
            if traced.play([tape.cut(start, stop)], max(first - start, 0)) == [None]:
                traced.play([tape.cut(0, stop)], first)
        dump = Path(scratch) / name
        if not dump.exists():
            raise SimulationError(f"{simulator} wrote no waveform")
        target = waves / f"{trial.spec.module_name}{dump.suffix}"
        shutil.copy(dump, target)
    return str(target)
