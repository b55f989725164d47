"""What starting the command line costs and says."""

import json
import subprocess
import sys

import pytest

import hwmodel

HEAVY = ("amaranth", "cocotb", "matplotlib", "numpy", "pandas", "pyosys", "liberty", "hwmodel_rtl", "hwmodel_sim")


def modules_after(arguments: list[str]) -> set[str]:
    """Return the top-level modules loaded once ``hwmodel ARGUMENTS`` is done."""
    text = f"""
import contextlib, io, json, sys
from hwmodel.cli import app
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    app({arguments!r})
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    return set(json.loads(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["formats"], ["emit", "--help"]], ids=" ".join)
def test_nothing_heavy_is_imported(arguments):
    assert modules_after(arguments).isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["encode", "e4m3fn", "1"], ["decode", "posit8", "1"], ["formats", "lns8"]], ids=" ".join)
def test_numbers_need_nothing_heavy(arguments):
    assert modules_after(arguments).isdisjoint(HEAVY)


def test_version(run):
    assert run("--version").stdout == f"hwmodel {hwmodel.__version__}\n"


COMMANDS = ["formats", "encode", "decode", "emit", "verify", "estimate", "synth", "compare", "tech", "report", "error", "advise", "claims"]


def test_help_lists_the_commands(run):
    assert all(f" {name} " in run("--help").stdout for name in COMMANDS)
    assert run().stdout == run("--help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"hwmodel {command}" in result.stdout


def test_choices_in_help_are_those_of_the_circuits(run):
    from hwmodel_rtl import ADDERS, MULTIPLIERS

    text = " ".join(run("emit", "--help").stdout.split())
    assert all(choice in text for choice in (*ADDERS, *MULTIPLIERS))


def test_ranges_in_help_are_those_of_units(run):
    from hwmodel.spec.mac import MAX_LANES, MAX_PIPELINE

    text = " ".join(run("estimate", "--help").stdout.split())
    assert f"L in 1..{MAX_LANES}, N in 0..{MAX_PIPELINE}" in text


def test_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "hwmodel", "formats", "fp8"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown format 'fp8'")


def test_interrupt(run, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hwmodel.cli.decode.parse_code", interrupted)
    result = run("decode", "int8", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "")
