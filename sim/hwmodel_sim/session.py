"""A built model that plays tapes, and where the first difference is."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .harness import TOP, Harness, delay
from .simulators import SimulationError, build, last_words, run
from .tape import Tape


@dataclass(frozen=True)
class Difference:
    """Where a copy first showed something else than the golden model.

    Attributes
    ----------
    cycle
        Cycle of the tape whose step is shown; negative for what is shown before the first.
    copy
        Which copy.
    got
        What it showed: by output port, a string of bits, most significant first; ``x`` and ``z`` as the simulator gives them.
    """

    cycle: int
    copy: int
    got: dict[str, str]


@dataclass(frozen=True)
class Session:
    """A circuit in a harness on a simulator, in a folder of its own."""

    simulator: str
    harness: Harness
    verilog: str
    folder: Path

    def build(self) -> float:
        """Build the model; return the seconds it took."""
        sources = [self.folder / "unit.v", self.folder / "harness.v"]
        for source, text in zip(sources, (self.verilog, self.harness.verilog()), strict=True):
            source.write_text(text)
        return build(self.simulator, sources, TOP, self.folder, bool(self.harness.film))

    def play(self, tape: Tape, film_from: int = 0) -> Difference | None:
        """Play `tape` until its end or the first difference, and return that; if there is a film, it starts at `film_from`."""
        for stale in ("got.json", "seconds.json"):
            (self.folder / stale).unlink(missing_ok=True)
        tape.write(self.folder, self.harness, film_from)
        film = bool(self.harness.film)
        run(self.simulator, f"{__package__}.bench", TOP, self.folder, film)
        got = self.folder / "got.json"
        if got.exists():
            return self._locate(json.loads(got.read_text()))
        if self.loop_seconds() is None:
            raise SimulationError(f"the bench broke off on {self.simulator}: {last_words(self.folder, 'test')}")
        return None

    def loop_seconds(self) -> float | None:
        """Seconds that the last tape took in the simulator, holds apart, or None if it was not played to its end."""
        seconds = self.folder / "seconds.json"
        return json.loads(seconds.read_text())["steps"] if seconds.exists() else None

    def _locate(self, report: dict) -> Difference:
        block, copies, cycles = report["block"], self.harness.copies, self.harness.cycles
        wrong = np.zeros(cycles * copies, bool)
        shown = {}
        for name, width in self.harness.spec.outputs.items():
            # The last character is bit 0.
            got = np.frombuffer(report["got"][name].encode(), np.uint8)[::-1].reshape(-1, width)
            packed = np.load(self.folder / f"{name}.npy", mmap_mode="r")[block]
            wanted = np.unpackbits(packed, count=got.size, bitorder="little").reshape(-1, width)
            wrong |= (got != wanted + ord("0")).any(axis=1)
            shown[name] = got
        first = int(np.flatnonzero(wrong)[0])
        # Block 0 is the reset.
        cycle = (block - 1) * cycles + first // copies - delay(self.harness.spec)
        return Difference(cycle, first % copies, {name: got[first][::-1].tobytes().decode() for name, got in shown.items()})
