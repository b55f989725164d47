"""A circuit and all that it is to be shown: plan, golden states, tape, before any simulator is started."""

import re
import time
from dataclasses import dataclass

import numpy as np

from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys

from .choices import word_bits
from .expected import Coverage, cover, play
from .harness import Harness
from .obligations import Obligation
from .pairs import PAIR_BITS
from .planning import Reach, plan
from .reached import unreached
from .registers import Register
from .simulators import SimulationError
from .stimulus import STORY_CYCLES
from .tape import Tape

LONGEST_DRIVE = {"verilator": 1 << 17, "icarus": 1 << 13}
"""Most cycles that the golden model steps through on the way to one end: some seconds; of lanes and blocks an eighth of that."""

LONGEST_HOLD = {"verilator": 1 << 22, "icarus": 1 << 15}
"""Most cycles that a product is held, unobserved, on the way to one end: five to ten seconds."""

MAX_VECTORS = 1 << 25
"""Stimulus and expectation lie in memory, some hundred bytes a product."""


@dataclass(frozen=True)
class Trial:
    """What one circuit is held against.

    Attributes
    ----------
    circuit
        Verilog, top module ``spec.module_name``.
    vectors
        As asked for; what came of it is in `coverage`.
    missed
        Far ends that no story is brought to.
    golden_seconds
        What all this took.
    """

    spec: MacSpec
    circuit: str
    vectors: int
    harness: Harness
    tape: Tape
    coverage: Coverage
    missed: list[Obligation]
    golden_seconds: float

    @classmethod
    def prepare(
        cls, spec: MacSpec, verilog: str | None, simulator: str, seed: int, vectors: int | None, yosys: Yosys | None = None
    ) -> "Trial":
        """Plan a run and step the golden model through it; the parameters are those of :func:`hwmodel_sim.verify`, and who emits."""
        spec.require_circuit()
        vectors = default_vectors(spec, simulator) if vectors is None else vectors
        if vectors < 1 or seed < 0:
            raise SimulationError(f"verify {spec}: vectors {vectors} and seed {seed} must be at least 1 and 0")
        if vectors > (most := MAX_VECTORS // spec.lanes):
            raise SimulationError(f"verify {spec}: {vectors:,} vectors are too many for one run; at most {most:,}, then another seed")
        circuit = _emitted(spec, yosys) if verilog is None else verilog
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
        return cls(spec, circuit, vectors, harness, tape, coverage, missed, time.perf_counter() - started)


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


def _emitted(spec: MacSpec, yosys: Yosys | None) -> str:
    from hwmodel_rtl import emit

    return emit(spec, yosys=yosys).verilog


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
