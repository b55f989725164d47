"""One unit, one row: what its circuit is once mapped, and what it spends.

Every report starts from these rows, and `hwmodel synth` prints them. They are made here, above `hwmodel.flow`, because four things
meet in them: the circuit, its golden model, the mapped netlist and the stimulus. Of those the flow knows netlists and cards and no
spec, and circuit and golden model know nothing of each other.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from hwmodel import golden
from hwmodel.files import write_text
from hwmodel.flow import TechCard, switching, synthesize
from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys
from hwmodel_rtl import Architecture, emit

from .operands import GAUSSIAN, Operands
from .stimulus import operand_streams

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
    glitches: bool = True,
    operands: Operands = GAUSSIAN,
    path: bool = False,
    clock_ps: float | None = None,
    seed: int = SEED,
    verilog: Path | None = None,
) -> dict:
    """Emit a unit, map it, and (with `energy`) count what it spends on operands, by default quantised Gaussian ones.

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
    glitches
        Whether to simulate it with delays too.
    operands
        What it is fed.
    path
        Whether to tell the path that limits the clock.
    clock_ps
        The clock's period, which leakage is counted over; None: the delay of the unit with its parts kept apart.
    seed
        Of the operands, and of random bits.
    verilog
        A folder that the unit's Verilog and manifest are written to, or None.

    Returns
    -------
    dict
        `spec`, `lanes`, the RTL's hash and architecture, areas in um2 and GE, delays in ps, counts, and energies in fJ per step (see
        `hwmodel.flow.Energy.row`); ``area_per_product_um2``, ``energy_per_product_fj``, ``energy_timed_per_product_fj``: over the
        products of a step; with `path`, ``clock_path``: the `hwmodel.flow.waves.Step`s of `hwmodel.flow.Mapped.clock_path` as
        dictionaries.

    Raises
    ------
    SpecError
        If the unit cannot be fed these operands.
    MismatchError
        If the mapped netlist's accumulator differs from the golden model's in any cycle.
    TechError
        If there is a `path` to tell, and the card does not have the times of flip-flops.
    """
    spec.require_circuit()
    if energy:
        fed = operands.for_lanes(spec.lanes)
        stimulus = operand_streams(spec, fed.steps, fed.streams, np.random.default_rng(seed), fed.sources)
    unit = emit(spec, architecture, yosys=yosys)
    if verilog is not None:
        verilog.mkdir(parents=True, exist_ok=True)
        write_text(verilog / f"{unit.name}.v", unit.verilog)
        write_text(verilog / f"{unit.name}.json", unit.manifest_json)
    mapped = synthesize(unit.verilog, unit.name, card, yosys, objective=objective)
    row = {"spec": str(spec), "lanes": spec.lanes, "rtl_sha256": unit.manifest["sha256"], **unit.manifest["architecture"], **mapped.row}
    row["area_per_product_um2"] = row["area_um2"] / spec.lanes
    if path:
        row["clock_path"] = [asdict(step) for step in mapped.clock_path.path]
    if energy:
        spent = switching(mapped, stimulus, clock_ps=clock_ps, glitches=glitches)
        check_states(spec, stimulus, spent.activity.outputs["acc"])
        row |= spent.row | {"energy_per_product_fj": spent.settled.total_fj / spec.lanes}
        if spent.timed is not None:
            row["energy_timed_per_product_fj"] = spent.timed.total_fj / spec.lanes
        row |= {"energy_operands": str(operands), "energy_seed": seed, "energy_macs": fed.steps * fed.streams * spec.lanes}
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
