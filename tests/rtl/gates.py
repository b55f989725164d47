"""Emitted units as gates that are evaluated for thousands of streams at once: a net is one integer, with a bit a stream."""

import json
import tempfile
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np

from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

GATES = {
    "$_NOT_": "{A} ^ M",
    "$_AND_": "{A} & {B}",
    "$_OR_": "{A} | {B}",
    "$_XOR_": "{A} ^ {B}",
    "$_XNOR_": "{A} ^ {B} ^ M",
    "$_ANDNOT_": "{A} & ({B} ^ M)",
    "$_ORNOT_": "{A} | ({B} ^ M)",
    "$_MUX_": "{A} ^ (({A} ^ {B}) & {S})",
}
"""What Yosys's simple gates do; M has a one for every stream."""

PASSES = [
    "hierarchy -check -top {top}",
    "proc",
    "flatten -noscopeinfo",
    "opt_expr",
    "opt_clean",
    "simplemap",
    "techmap",
    "simplemap",
    "opt_clean",
]


class Gates:
    """A unit as gates.

    Parameters
    ----------
    spec
        The unit.
    yosys
        A running worker.
    architecture
        How it is built; None: as it is by default.
    """

    def __init__(self, spec: MacSpec, yosys: Yosys, architecture: Architecture | None = None) -> None:
        unit = emit(spec, architecture, yosys=yosys)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "unit.v").write_text(unit.verilog)
            passes = [each.format(top=unit.name) for each in PASSES]
            yosys.run(["read_verilog unit.v", *passes, "write_json unit.json"], folder)
            module = json.loads((Path(folder) / "unit.json").read_text())["modules"][unit.name]
        self._inputs, self._outputs = (
            {name: port["bits"] for name, port in module["ports"].items() if port["direction"] == way} for way in ("input", "output")
        )
        cells = [(cell["type"], {pin: bits[0] for pin, bits in cell["connections"].items()}) for cell in module["cells"].values()]
        self._registers = [(pins["Q"], pins["D"]) for kind, pins in cells if kind == "$_DFF_P_"]
        self._step = _compiled({pins["Y"]: (kind, pins) for kind, pins in cells if kind != "$_DFF_P_"})

    def run(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        """Return what `output` shows behind each of the clock edges, shape (cycles, streams), after a cycle of reset.

        Each input is an array of bits, shape (cycles, streams, width), lowest first; what is not given is 0.
        """
        cycles, streams, _ = next(iter(inputs.values())).shape
        every = (1 << streams) - 1
        nets: dict = {"0": 0, "1": every, "x": 0} | {q: 0 for q, _ in self._registers}
        shown = []
        for cycle in range(-1, cycles):
            for name, bits in self._inputs.items():
                if name == "rst":
                    nets[bits[0]] = every if cycle < 0 else 0
                elif name in inputs and cycle >= 0:
                    packed = np.packbits(inputs[name][cycle].T, axis=1, bitorder="little")
                    nets |= {bit: int.from_bytes(row.tobytes(), "little") for bit, row in zip(bits, packed, strict=True)}
                else:
                    nets |= dict.fromkeys(bits, 0)
            self._step(nets, every)
            nets |= {q: nets[d] for q, d in self._registers}
            self._step(nets, every)
            if cycle >= 0:
                shown.append(self._codes([nets[bit] for bit in self._outputs[output]], streams))
        return np.array(shown)

    def _codes(self, rows: list[int], streams: int) -> np.ndarray:
        size = (streams + 7) // 8
        bits = np.unpackbits(
            np.array([np.frombuffer(row.to_bytes(size, "little"), np.uint8) for row in rows]), axis=1, bitorder="little", count=streams
        )
        return (bits.astype(np.uint64) << np.arange(len(rows), dtype=np.uint64)[:, None]).sum(axis=0, dtype=np.uint64)


def _compiled(gates: Mapping[int, tuple[str, Mapping[str, int]]]) -> Callable[[dict, int], None]:
    """Return a function that sets every gate's output, in an order in which its inputs come first."""
    order = TopologicalSorter({net: [n for pin, n in pins.items() if pin != "Y" and n in gates] for net, (_, pins) in gates.items()})
    lines = []
    for net in order.static_order():
        kind, pins = gates[net]
        lines.append(f"  n[{net}] = " + GATES[kind].format(**{pin: f"n[{each!r}]" for pin, each in pins.items()}))
    scope: dict = {}
    exec("def step(n, M):\n" + "\n".join(lines or ["  pass"]), scope)
    return scope["step"]
