"""A built model that plays tapes, and where the first differences are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .harness import TOP, Harness, delay, top
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
class Device:
    """A circuit in its harness.

    Attributes
    ----------
    name
        Its top module, which no other device of the session has.
    """

    name: str
    verilog: str
    harness: Harness


@dataclass(frozen=True)
class Session:
    """Circuits on a simulator, all in one model, in a folder of its own."""

    simulator: str
    devices: tuple[Device, ...]
    folder: Path

    def build(self) -> float:
        """Build the model; return the seconds it took."""
        sources, harnesses = [self.folder / f"{TOP}.v"], []
        for device in self.devices:
            module = f"{device.name}__harness"
            harnesses.append((module, device.name))
            for name, text in (("unit", device.verilog), ("harness", device.harness.verilog(module, device.name))):
                source = self._folder(device) / f"{name}.v"
                source.parent.mkdir(exist_ok=True)
                source.write_text(text)
                sources.append(source)
        sources[0].write_text(top(harnesses))
        return build(self.simulator, sources, TOP, self.folder, self._films)

    def play(self, tapes: Sequence[Tape], film_from: int = 0) -> list[Difference | None]:
        """Play each device's tape until its end or the first difference, and return those; if there is a film, it starts at `film_from`."""
        for device, tape in zip(self.devices, tapes, strict=True):
            for stale in ("got.json", "seconds.json"):
                (self._folder(device) / stale).unlink(missing_ok=True)
            tape.write(self._folder(device), device.harness, film_from)
        (self.folder / "devices.json").write_text(json.dumps([device.name for device in self.devices]))
        run(self.simulator, f"{__package__}.bench", TOP, self.folder, self._films)
        return [self._difference(device) for device in self.devices]

    def loop_seconds(self, device: Device) -> float | None:
        """Seconds that a device's last tape took in the simulator, holds apart, or None if it was not played to its end."""
        seconds = self._folder(device) / "seconds.json"
        return json.loads(seconds.read_text())["steps"] if seconds.exists() else None

    @property
    def _films(self) -> bool:
        return any(device.harness.film for device in self.devices)

    def _folder(self, device: Device) -> Path:
        return self.folder / device.name

    def _difference(self, device: Device) -> Difference | None:
        got = self._folder(device) / "got.json"
        if got.exists():
            return self._locate(device, json.loads(got.read_text()))
        if self.loop_seconds(device) is None:
            said = last_words(self.folder, "test")
            raise SimulationError(f"the bench broke off on {self.simulator}, playing {device.harness.spec}: {said}")
        return None

    def _locate(self, device: Device, report: dict) -> Difference:
        harness = device.harness
        block, copies, cycles = report["block"], harness.copies, harness.cycles
        wrong = np.zeros(cycles * copies, bool)
        shown = {}
        for name, width in harness.spec.outputs.items():
            # The last character is bit 0.
            got = np.frombuffer(report["got"][name].encode(), np.uint8)[::-1].reshape(-1, width)
            packed = np.load(self._folder(device) / f"{name}.npy", mmap_mode="r")[block]
            wanted = np.unpackbits(packed, count=got.size, bitorder="little").reshape(-1, width)
            wrong |= (got != wanted + ord("0")).any(axis=1)
            shown[name] = got
        first = int(np.flatnonzero(wrong)[0])
        # Block 0 is the reset.
        cycle = (block - 1) * cycles + first // copies - delay(harness.spec)
        return Difference(cycle, first % copies, {name: got[first][::-1].tobytes().decode() for name, got in shown.items()})
