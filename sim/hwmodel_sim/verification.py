"""Hold a circuit against the golden model: plan, golden states, model, simulation, verdict."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from hwmodel.files import scratch_folder
from hwmodel.spec import MacSpec

from .choices import word_bits
from .diagnosis import describe
from .expected import cover, play
from .harness import Harness
from .pairs import PAIR_BITS
from .report import Report
from .session import Difference, Session
from .simulators import SimulationError, choose
from .stimulus import plan
from .tape import Tape, delay

LONGEST_LANE = {"verilator": 1 << 18, "icarus": 1 << 13}
"""Most cycles spent on driving one accumulator to its end; never more than the vectors asked for."""

WAVE_CYCLES = 1024


def default_vectors(spec: MacSpec, simulator: str) -> int:
    """Return how many steps make a proof.

    Operand pairs that can all be tried: some 14 rounds over them, at least 2^17 steps; on Icarus, a thousand times slower,
    one round, at least 2^14. Wider operands: a million directed-random steps; on Icarus 2^15.
    """
    fast = simulator == "verilator"
    bits = word_bits(spec.a) + word_bits(spec.b)
    if bits > PAIR_BITS:
        # A few more than 2^20, so that idle cycles leave a million steps.
        return 5 << 18 if fast else 1 << 15
    return max((24 if fast else 2) << bits, 1 << (17 if fast else 14))


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
        About how many multiply-accumulate steps; default: `default_vectors`.
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
    vectors = default_vectors(spec, simulator) if vectors is None else vectors
    if vectors < 1 or seed < 0:
        raise SimulationError(f"verify {spec}: vectors {vectors} and seed {seed} must be at least 1 and 0")
    circuit = _emitted(spec) if verilog is None else verilog
    harness = Harness(spec, *_size(circuit, vectors))

    started = time.perf_counter()
    rng = np.random.default_rng([seed, 1])
    longest = min(LONGEST_LANE[simulator], vectors)
    parts = [play(spec, part, rng) for part in plan(spec, seed, vectors, harness.copies, longest)]
    coverage = cover(spec, parts)
    tape = Tape.of(spec, parts, harness.copies)
    golden_seconds = time.perf_counter() - started

    with scratch_folder("hwmodel-") as scratch:
        folder = Path(scratch if build_dir is None else build_dir).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        session = Session(simulator, harness, circuit, folder)
        build_seconds = session.build()
        started = time.perf_counter()
        difference = session.play(tape)
        simulation_seconds = session.loop_seconds() or time.perf_counter() - started
        film = "" if waves is None else _film(session, tape, difference, Path(waves))
    mismatches = []
    if difference is not None:
        replay = f"hwmodel verify {spec} --seed {seed} --vectors {vectors} --simulator {simulator}"
        mismatches = [describe(spec, tape, difference, simulator, seed, replay, film)]
    return Report(spec, simulator, seed, coverage.vectors, coverage, golden_seconds, build_seconds, simulation_seconds, mismatches, film)


def _emitted(spec: MacSpec) -> str:
    from hwmodel_rtl import emit

    return emit(spec).verilog


def _size(verilog: str, vectors: int) -> tuple[int, int]:
    """Return copies and cycles a block, 512 steps in all.

    A copy costs compile time in proportion to its text, and saves a part of each cycle's fixed cost in the simulator: few
    copies of large units and for short runs.
    """
    copies = 2 if vectors < 1 << 18 or len(verilog) > 150_000 else 4 if len(verilog) > 80_000 else 8
    return copies, 512 // copies


def _film(session: Session, tape: Tape, difference: Difference | None, waves: Path) -> str:
    """Play the lane of the difference, or the first cycles, once more with tracing; return the waveform's file."""
    waves.mkdir(parents=True, exist_ok=True)
    with scratch_folder("hwmodel-") as scratch:
        traced = replace(session, folder=Path(scratch), waves=True)
        traced.build()
        if difference is None:
            traced.play(tape.cut(0, WAVE_CYCLES))
        else:
            cycle = max(difference.cycle, 0)
            stop = cycle + delay(session.harness.spec) + 1
            start = int(tape.starts[tape.starts <= cycle][-1])
            # A circuit may be wrong because of what was before the lane; then everything up to the difference is played.
            if traced.play(tape.cut(start, stop)) is None:
                traced.play(tape.cut(0, stop))
        dumps = [*Path(scratch).glob("*.vcd"), *Path(scratch).glob("*.fst")]
        if not dumps:
            raise SimulationError(f"{session.simulator} wrote no waveform")
        target = waves / f"{session.harness.spec.module_name}{dumps[0].suffix}"
        shutil.copy(dumps[0], target)
    return str(target)
