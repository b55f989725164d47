"""What a verification says: counts when it passes, one mismatch told in full when it does not."""

from dataclasses import dataclass, field

from hwmodel.spec import MacSpec

from .expected import Coverage
from .obligations import Obligation, in_words


@dataclass(frozen=True)
class Mismatch:
    """The first cycle in which the circuit and the golden model differ.

    Attributes
    ----------
    cycle, copy
        Where: clock cycle at which the operands were taken, counted from the reset, blocks that are held once; and which of
        the copies.
    operands
        ``a`` and ``b``: code in hex and value; of several lanes both by ``lane <i>``, but for those whose product is zero. Scales of
        blocks likewise, shifts as numbers from the lowest lane on, ``rand`` in hex.
    controls
        ``valid``, ``clear``, ``flush``, ``rst`` in that cycle.
    before
        The accumulator before that cycle: code in hex and value.
    expected, got
        By output port: code in hex; of `acc` with its value. ``x`` where the simulator gave no 0 or 1.
    seed
        Of the run.
    replay
        The command that finds it again.
    waves
        A waveform file that shows it, or an empty string.
    """

    spec: str
    simulator: str
    cycle: int
    copy: int
    operands: dict[str, str]
    controls: dict[str, bool]
    before: str
    expected: dict[str, str]
    got: dict[str, str]
    seed: int
    replay: str
    waves: str = ""

    def __str__(self) -> str:
        raised = [name for name, high in self.controls.items() if high]
        lines = [
            f"{self.spec}: circuit and golden model differ on {self.simulator}, cycle {self.cycle}, copy {self.copy}, seed {self.seed}",
            *(f"  {name:<9} {text}" for name, text in self.operands.items()),
            f"  {'controls':<9} {', '.join(raised) or 'idle'}",
            f"  {'acc was':<9} {self.before}",
        ]
        for port, expected in self.expected.items():
            mark = "" if self.got[port] == expected else "   <- differs"
            lines.append(f"  {port:<9} expected {expected}, got {self.got[port]}{mark}")
        lines.append(f"  replay    {self.replay}")
        return "\n".join(lines + ([f"  waveform  {self.waves}"] if self.waves else []))


@dataclass(frozen=True)
class Report:
    """The outcome of one verification.

    Attributes
    ----------
    spec, simulator, seed
        What was run, and on what.
    vectors
        Multiply-accumulate steps compared, each of as many products as the unit has lanes; every cycle between them was compared too.
    coverage
        Which accumulator states they met, and what happened.
    unreached
        Far ends of accumulators that no story was brought to, and chunks or blocks that none ended by count, with the steps it would
        have taken.
    golden_seconds, build_seconds, simulation_seconds
        Making stimulus and expectation; building the model; simulating, but for unobserved holds.
    macs_per_s
        Products a second of simulation.
    mismatches
        Empty if the circuit equals the golden model; else the first mismatch.
    waves
        The waveform kept, or an empty string.
    """

    spec: MacSpec
    simulator: str
    seed: int
    vectors: int
    coverage: Coverage
    unreached: list[Obligation]
    golden_seconds: float
    build_seconds: float
    simulation_seconds: float
    mismatches: list[Mismatch] = field(default_factory=list)
    waves: str = ""

    @property
    def ok(self) -> bool:
        return not self.mismatches

    @property
    def verdict(self) -> str:
        """``equal``, with what was not reached, or ``DIFFERS``."""
        return f"equal{self._missed}" if self.ok else "DIFFERS"

    @property
    def _missed(self) -> str:
        return f"; not reached: {in_words(self.unreached)}" if self.unreached else ""

    @property
    def macs_per_s(self) -> float:
        return self.vectors * self.spec.lanes / self.simulation_seconds

    def __str__(self) -> str:
        if not self.ok:
            return str(self.mismatches[0])
        coverage = self.coverage
        states = ", ".join(f"{name} {count:,}" for name, count in coverage.states.most_common())
        speed = f"{self.macs_per_s / 1e6:.2f} million a second"
        text = f"{self.spec}: {self.vectors:,} vectors equal on {self.simulator} ({speed}), seed {self.seed}"
        if coverage.pairs:
            text += f"; {coverage.pairs_met:,} of {coverage.pairs:,} operand pairs"
        return f"{text}{self._missed}; accumulator before: {states}"
