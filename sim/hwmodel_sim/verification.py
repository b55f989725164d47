"""Hold a circuit against the golden model: plan, golden states, model, simulation, verdict."""

import re
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
from .harness import Harness, delay
from .pairs import PAIR_BITS
from .planning import Reach, plan
from .reached import unreached
from .registers import Register
from .report import Report
from .session import Difference, Session
from .simulators import SimulationError, choose
from .stimulus import STORY_CYCLES
from .tape import Tape

LONGEST_DRIVE = {"verilator": 1 << 17, "icarus": 1 << 13}
"""Most cycles that the golden model steps through on the way to one end: some seconds; of lanes and blocks an eighth of that."""

LONGEST_HOLD = {"verilator": 1 << 22, "icarus": 1 << 15}
"""Most cycles that a product is held, unobserved, on the way to one end: five to ten seconds."""

MAX_VECTORS = 1 << 25
"""Stimulus and expectation lie in memory, some hundred bytes a product."""

WAVE_CYCLES = 1024


def default_vectors(spec: MacSpec, simulator: str) -> int:
    """Return how many steps make a proof.

    Operand pairs that can all be tried: some 14 rounds over them, at least 2^17 steps; on Icarus, a thousand times slower,
    one round, at least 2^14. Wider operands: a million directed-random steps; on Icarus 2^15. Several lanes try as many pairs in
    fewer steps, but in no fewer than the least.
    """
    fast = simulator == "verilator"
    bits = sum(map(word_bits, spec.factors))
    least = 1 << (17 if fast else 14)
    if bits > PAIR_BITS:
        # A few more than 2^20, so that idle cycles leave a million steps.
        return max((5 << 18 if fast else 1 << 15) // spec.lanes, least)
    return max(((24 if fast else 2) << bits) // spec.lanes, least)


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
    spec.require_circuit()
    simulator = choose(simulator)
    vectors = default_vectors(spec, simulator) if vectors is None else vectors
    if vectors < 1 or seed < 0:
        raise SimulationError(f"verify {spec}: vectors {vectors} and seed {seed} must be at least 1 and 0")
    if vectors > (most := MAX_VECTORS // spec.lanes):
        raise SimulationError(f"verify {spec}: {vectors:,} vectors are too many for one run; at most {most:,}, then another seed")
    circuit = _emitted(spec) if verilog is None else verilog
    if not re.search(rf"^\s*module\s+\\?{spec.module_name}\b", circuit, re.MULTILINE):
        raise SimulationError(f"verify {spec}: the Verilog has no module {spec.module_name}; the top module must have that name")
    harness = Harness(spec, *_size(circuit, vectors), register=Register.find(spec, circuit))
    reach = Reach(
        driven=LONGEST_DRIVE[simulator] >> (3 if spec.lanes > 1 or spec.blocks else 0),
        held=LONGEST_HOLD[simulator],
        writes=harness.register is not None,
        block=harness.cycles,
    )

    started = time.perf_counter()
    rng = np.random.default_rng([seed, 1])
    parts = [play(spec, part, rng) for part in plan(spec, seed, vectors, harness.copies, reach)]
    coverage = cover(spec, parts)
    missed = unreached(spec, parts)
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
    return Report(
        spec, simulator, seed, coverage.vectors, coverage, missed, golden_seconds, build_seconds, simulation_seconds, mismatches, film
    )


def _emitted(spec: MacSpec) -> str:
    from hwmodel_rtl import emit

    return emit(spec).verilog


def _size(verilog: str, vectors: int) -> tuple[int, int]:
    """Return copies and cycles a block, 512 steps in all, or 256 of a single copy.

    A copy costs compile time in proportion to its text, and saves a part of each cycle's fixed cost in the simulator: few
    copies of large units and for short runs.
    """
    short = vectors < 1 << 18
    size = len(verilog)
    copies = 1 if size > (50_000 if short else 300_000) else 2 if short or size > 150_000 else 4 if size > 80_000 else 8
    # A story, and a jump in it, starts a block.
    return copies, min(512 // copies, STORY_CYCLES)


def _film(session: Session, tape: Tape, difference: Difference | None, waves: Path) -> str:
    """Play the story of the difference, or the first cycles, once more with tracing; return the waveform's file."""
    waves.mkdir(parents=True, exist_ok=True)
    with scratch_folder("hwmodel-") as scratch:
        name = f"film.{'vcd' if session.simulator == 'verilator' else 'fst'}"
        traced = replace(session, folder=Path(scratch), harness=replace(session.harness, film=name))
        traced.build()
        if difference is None:
            traced.play(tape.cut(0, WAVE_CYCLES))
        else:
            cycle = max(difference.cycle, 0)
            stop = cycle + delay(session.harness.spec) + 1
            start = int(tape.starts[tape.starts <= cycle][-1])
            # The last cycles tell enough; a hold may be millions, and is left out.
            block = session.harness.cycles
            holds = [jump.cycle + block for jump in tape.jumps if jump.repeats and jump.cycle <= cycle]
            first = max([stop - WAVE_CYCLES, 0, *holds])
            # A circuit may be wrong because of what was before the story; then everything up to the difference is played.
            if traced.play(tape.cut(start, stop), max(first - start, 0)) is None:
                traced.play(tape.cut(0, stop), first)
        dump = Path(scratch) / name
        if not dump.exists():
            raise SimulationError(f"{session.simulator} wrote no waveform")
        target = waves / f"{session.harness.spec.module_name}{dump.suffix}"
        shutil.copy(dump, target)
    return str(target)
