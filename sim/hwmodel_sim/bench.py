"""The cocotb bench: plays prepared blocks into a harness and compares what comes out. Runs inside the simulator.

It computes nothing about numbers: stimulus and expectation were made beforehand (:mod:`hwmodel_sim.tape`) and lie in the
device's folder as arrays of packed bits. A block that is held is played many times without a look at it. On the first block that
differs it writes what it read to ``got.json`` and fails. Each device is a test of its own, so that one that fails hides no other.
"""

import json
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import Timer

PERIOD_NS = 2


@cocotb.test()
@cocotb.parametrize(device=json.loads(Path("devices.json").read_text()))
async def play(dut, device: str) -> None:
    """Every block of the device's tape, in order; block 0 is the reset and is not compared."""
    folder, harness = Path(device), getattr(dut, device)
    tape = json.loads((folder / "tape.json").read_text())
    inputs = [(getattr(harness, f"{name}_block"), np.load(folder / f"{name}.npy")) for name in tape["inputs"]]
    outputs = [(name, getattr(harness, f"{name}_block"), np.load(folder / f"{name}.npy")) for name in tape["outputs"]]
    block_ns = PERIOD_NS * tape["cycles"]
    block_time = Timer(block_ns, unit="ns")
    holds = {int(block): repeats for block, repeats in tape["holds"].items()}
    loads = dict(zip(tape["loads"], np.load(folder / "load.npy") if tape["loads"] else [], strict=True))
    held = 0.0

    for port, blocks in inputs:
        port.value = int.from_bytes(blocks[0].tobytes(), "little")
    # Starts low, so rising edges fall between the moments at which this coroutine reads and writes.
    Clock(harness.clk, PERIOD_NS, unit="ns").start(start_high=False)
    started = time.perf_counter()
    for index in range(tape["blocks"]):
        for port, blocks in inputs:
            port.value = int.from_bytes(blocks[index].tobytes(), "little")
        if index == tape["film"]:
            harness.film.value = 1
        if index in loads:
            # The clock falls now: between two steps.
            harness.load_block.value = int.from_bytes(loads[index].tobytes(), "little")
            harness.load.value = 1
            await Timer(PERIOD_NS, unit="ns")
            harness.load.value = 0
            await Timer(block_ns - PERIOD_NS, unit="ns")
        else:
            if index in holds:
                begun = time.perf_counter()
                await Timer(block_ns * holds[index], unit="ns")
                held += time.perf_counter() - begun
            await block_time
        if index == 0 or index in holds:
            continue
        for _, port, blocks in outputs:
            text = str(port.value)
            if text != format(int.from_bytes(blocks[index].tobytes(), "little"), f"0{len(text)}b"):
                got = {name: str(each.value) for name, each, _ in outputs}
                (folder / "got.json").write_text(json.dumps({"block": index, "got": got}))
                raise AssertionError(f"block {index} differs from the golden model")
    (folder / "seconds.json").write_text(json.dumps({"steps": time.perf_counter() - started - held, "held": held}))
