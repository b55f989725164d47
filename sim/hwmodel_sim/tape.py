"""The tape: a whole run laid out cycle by cycle and copy by copy, and written as the packed blocks that the bench plays."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hwmodel.spec import MacSpec

from .expected import Played
from .harness import INPUT_DELAY, Harness, delay
from .operands import Array
from .stimulus import Jump

_BITS_AT_ONCE = 1 << 25


@dataclass
class Tape:
    """Inputs and golden states of a run.

    Attributes
    ----------
    inputs
        By port: (cycles, copies) codes or bits; (cycles, copies, n) where a port shows n codes, of lanes or sub-blocks.
    rst : (cycles,) bool
    states
        By port (`acc`, `overflow`, `invalid`): (cycles, copies[, limbs]), the state after each cycle's step.
    starts : (n,) int
        Cycles at which stories start; what follows does not depend on what was before.
    jumps
        Where the accumulators of all copies change by other means, in order.
    """

    inputs: dict[str, Array]
    rst: Array
    states: dict[str, Array]
    starts: Array
    jumps: list[Jump] = field(default_factory=list)

    @classmethod
    def of(cls, spec: MacSpec, parts: list[Played], copies: int) -> "Tape":
        """Lay the stories of `parts` one after another on `copies` copies."""

        def lay(sheets: list[Array]) -> Array:
            return np.concatenate([_lay(sheet, copies) for sheet in sheets])

        played = [each.part for each in parts]
        rows = [(len(part.rst), part.valid.shape[1] // copies) for part in played]
        lengths = np.concatenate([np.full(waves, cycles) for cycles, waves in rows])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        waves = [(part, wave) for part, (_, waves) in zip(played, rows, strict=True) for wave in range(waves)]
        jumps = [
            replace(jump, cycle=int(start) + jump.cycle, codes=jump.codes[wave * copies : (wave + 1) * copies])
            for start, (part, wave) in zip(starts, waves, strict=True)
            for jump in part.jumps
        ]
        return cls(
            inputs={name: lay([part.port(name) for part in played]) for name in spec.inputs},
            rst=np.concatenate([np.tile(part.rst, waves) for part, (_, waves) in zip(played, rows, strict=True)]),
            states={name: lay([getattr(each, name) for each in parts]) for name in ("acc", "overflow", "invalid")},
            starts=starts,
            jumps=jumps,
        )

    def cut(self, start: int, stop: int) -> "Tape":
        """Return the cycles ``start..stop-1`` as a tape of their own."""
        inside = (self.starts >= start) & (self.starts < stop)
        return Tape(
            {name: codes[start:stop] for name, codes in self.inputs.items()},
            self.rst[start:stop],
            {name: codes[start:stop] for name, codes in self.states.items()},
            self.starts[inside] - start,
            [replace(jump, cycle=jump.cycle - start) for jump in self.jumps if start <= jump.cycle < stop],
        )

    def extended(self, length: int) -> "Tape":
        """Return the tape followed by idle cycles, `length` cycles in all."""
        idle = length - len(self.rst)

        def tail(codes: Array, hold: bool) -> Array:
            last = codes[-1:] if hold else np.zeros_like(codes[-1:])
            return np.concatenate([codes, np.repeat(last, idle, axis=0)])

        return Tape(
            {name: tail(codes, hold=False) for name, codes in self.inputs.items()},
            tail(self.rst, hold=False),
            {name: tail(codes, hold=True) for name, codes in self.states.items()},
            self.starts,
            self.jumps,
        )

    def expected(self, spec: MacSpec) -> dict[str, Array]:
        """Return what the harness captures in each cycle, by output port."""
        late = delay(spec)

        def shown(codes: Array) -> Array:
            return np.concatenate([np.zeros((late, *codes.shape[1:]), codes.dtype), codes[:-late]])

        expected = {"acc": shown(self.states["acc"]), "acc_valid": shown(self.inputs["valid"] & ~self.rst[:, None])}
        if spec.has_flags:
            expected |= {name: shown(self.states[name]) for name in ("overflow", "invalid")}
        for cycle in np.flatnonzero(self.rst):
            # What was in flight never arrives, and the reset state is seen at once.
            for codes in expected.values():
                codes[cycle + INPUT_DELAY + 1 : cycle + late + 1] = 0
        return expected

    def write(self, folder: Path, harness: Harness, film_from: int = 0) -> None:
        """Write the blocks to `folder`: one of reset, which is not compared, then the tape and its echo.

        Parameters
        ----------
        film_from
            Cycle in whose block the harness starts its film, if it makes one.
        """
        cycles = harness.cycles
        blocks = -(-(len(self.rst) + delay(harness.spec)) // cycles)
        tape = self.extended(blocks * cycles)
        ports = {"rst": (tape.rst[:, None], 1)}
        ports |= {name: _one_by_one(tape.inputs[name], width) for name, width in harness.spec.inputs.items()}
        expected = tape.expected(harness.spec)
        ports |= {name: (expected[name], width) for name, width in harness.spec.outputs.items()}
        for name, (codes, width) in ports.items():
            body = _pack(codes, width, cycles)
            lead = np.full_like(body[:1], 255 if name == "rst" else 0)
            np.save(folder / f"{name}.npy", np.concatenate([lead, body]))
        loads = [jump for jump in self.jumps if not jump.repeats]
        if loads and harness.register is not None:
            bits = np.stack([harness.register.bits(jump.codes) for jump in loads])
            np.save(folder / "load.npy", _pack(bits, harness.register.width, 1))
        # Block 0 is the reset.
        names = {
            "inputs": ["rst", *harness.spec.inputs],
            "outputs": list(harness.spec.outputs),
            "cycles": cycles,
            "blocks": blocks + 1,
            "loads": [1 + _block(jump.cycle + delay(harness.spec), cycles) for jump in loads],
            "film": 1 + film_from // cycles if harness.film else None,
            "holds": {1 + _block(jump.cycle, cycles): jump.repeats for jump in self.jumps if jump.repeats},
        }
        (folder / "tape.json").write_text(json.dumps(names))


def _block(cycle: int, cycles: int) -> int:
    """Return the block that starts at `cycle`."""
    block, rest = divmod(cycle, cycles)
    assert not rest, f"cycle {cycle} starts no block of {cycles}"
    return block


def _lay(sheet: Array, copies: int) -> Array:
    """(cycles, stories, …) to (stories / copies · cycles, copies, …)."""
    cycles, stories, *rest = sheet.shape
    return sheet.reshape(cycles, stories // copies, copies, *rest).swapaxes(0, 1).reshape(-1, copies, *rest)


def _one_by_one(codes: Array, width: int) -> tuple[Array, int]:
    """Return the codes of a port of `width` bits all in one row a cycle, and the width of each: what :func:`_pack` takes."""
    return (codes, width) if codes.ndim == 2 else (codes.reshape(len(codes), -1), width // codes.shape[-1])


def _pack(codes: Array, width: int, cycles: int) -> Array:
    """(blocks · cycles, copies[, limbs]) codes to (blocks, bytes): `width` bits each, least significant first, without gaps."""
    if codes.dtype == bool:
        bits = codes.reshape(len(codes) // cycles, -1)
        return np.packbits(bits, axis=-1, bitorder="little")
    octets = np.ascontiguousarray(codes, "<u8").reshape(*codes.shape[:2], -1).view(np.uint8)
    blocks = len(codes) // cycles
    octets = octets.reshape(blocks, cycles * codes.shape[1], -1)
    step = max(1, _BITS_AT_ONCE // (octets.shape[1] * octets.shape[2] * 8))
    packed = []
    for i in range(0, blocks, step):
        bits = np.unpackbits(octets[i : i + step], axis=-1, count=width, bitorder="little")
        packed.append(np.packbits(bits.reshape(len(bits), -1), axis=-1, bitorder="little"))
    return np.concatenate(packed)
