"""One unit, one row: what its circuit is once mapped, and what it spends.

Every report starts from these rows, and `hwmodel synth` prints them. They are made here, above `hwmodel.flow`, because four things
meet in them: the circuit, its golden model, the mapped netlist and the stimulus. Of those the flow knows netlists and cards and no
spec, and circuit and golden model know nothing of each other.
"""

from pathlib import Path

import numpy as np

from hwmodel import golden
from hwmodel.files import write_text
from hwmodel.flow import TechCard, switching, synthesize
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

from .stimulus import operand_streams

STREAMS = 64
CYCLES = 128
SEED = 20240229


class MismatchError(RuntimeError):
    """A circuit that is not what its golden model says; the message says where."""


def mapped_row(
    spec: MacSpec,
    card: TechCard,
    yosys: Yosys,
    *,
    architecture: Architecture | None = None,
    objective: str = "balanced",
    energy: bool = True,
    seed: int = SEED,
    verilog: Path | None = None,
) -> dict:
    """Emit a unit, map it, and (with `energy`) count what it spends on quantised Gaussian operands.

    Parameters
    ----------
    spec
        The unit.
    card
        The cells to map to.
    yosys
        The worker that maps.
    architecture
        How the unit's arithmetic is built.
    objective
        What the mapper aims at, see `hwmodel.flow.synthesize`.
    energy
        Whether to simulate the mapped netlist.
    seed
        Of the operands.
    verilog
        A folder that the unit's Verilog and manifest are written to, or None.

    Returns
    -------
    dict
        `spec`, `lanes`, the RTL's hash and architecture, areas in um2 and GE, delays in ps, counts, and energies in fJ per step,
        without glitches;
        ``area_per_product_um2``, ``energy_per_product_fj``: both over the products of a step.

    Raises
    ------
    MismatchError
        If the mapped netlist's accumulator differs from the golden model's in any cycle.
    """
    unit = emit(spec, architecture, yosys=yosys)
    if verilog is not None:
        verilog.mkdir(parents=True, exist_ok=True)
        write_text(verilog / f"{unit.name}.v", unit.verilog)
        write_text(verilog / f"{unit.name}.json", unit.manifest_json)
    mapped = synthesize(unit.verilog, unit.name, card, yosys, objective=objective)
    row = {"spec": str(spec), "lanes": spec.lanes, "rtl_sha256": unit.manifest["sha256"], **unit.manifest["architecture"], **mapped.row}
    row["area_per_product_um2"] = row["area_um2"] / spec.lanes
    if energy:
        rng = np.random.default_rng(seed)
        stimulus = operand_streams(spec, CYCLES, STREAMS, rng)
        spent = switching(mapped, stimulus)
        check_states(spec, stimulus, spent.activity.outputs["acc"])
        row |= spent.row | {"energy_per_product_fj": spent.settled.total_fj / spec.lanes}
        row |= {"energy_seed": seed, "energy_macs": CYCLES * STREAMS * spec.lanes}
    return row


def check_states(spec: MacSpec, stimulus: dict[str, np.ndarray], acc: np.ndarray) -> None:
    """Compare a netlist's accumulator with the golden model's after every step.

    Raises
    ------
    MismatchError
        At the first difference.
    """
    mac, streams = golden.Mac(spec), acc.shape[1]
    mac.reset(streams)
    given = {name: codes for name, codes in stimulus.items() if name not in ("rst", "valid", "clear")}
    for step in range(len(acc) - spec.latency):
        ports = {name: np.broadcast_to(codes[step], (streams, *codes.shape[2:])) for name, codes in given.items()}
        if "flush" in ports:
            ports["flush"] = ports["flush"].astype(bool)
        mac.step(ports.pop("a"), ports.pop("b"), clear=np.full(streams, step == 0), **ports)
        expected, got = _integers(mac.acc), acc[step + spec.latency]
        if not np.array_equal(expected, got):
            stream = int(np.flatnonzero(expected != got)[0])
            raise MismatchError(
                f"unit {spec}: mapped netlist and golden model differ after step {step} of stream {stream}: "
                f"expected {int(expected[stream]):#x}, got {int(got[stream]):#x}"
            )


def _integers(codes: np.ndarray) -> np.ndarray:
    """Return codes as numbers: as they are, or Python integers where they came in 64-bit limbs."""
    if codes.ndim == 1:
        return codes
    return np.array(golden.code_to_int(codes), dtype=object)
