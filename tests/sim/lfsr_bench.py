"""Plays one list of cycles into a unit with its LFSR, and compares; runs inside the simulator, with ``play.json`` in its folder."""

import json
from pathlib import Path

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def play(dut) -> None:
    for number, (inputs, expected) in enumerate(json.loads(Path("play.json").read_text())):
        for name, value in inputs.items():
            getattr(dut, name).value = value
        dut.clk.value = 0
        await Timer(1, unit="ns")
        dut.clk.value = 1
        await Timer(1, unit="ns")
        for name, value in expected.items():
            got = str(getattr(dut, name).value)
            assert int(got, 2) == value, f"cycle {number}: {name} is {got}, expected {value:b}"
    Path("equal").touch()
