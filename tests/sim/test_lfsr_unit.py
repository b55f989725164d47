"""A unit with its LFSR equals the golden unit given the golden register's words."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import Lfsr, MacSpec
from hwmodel_rtl import Unit, emit, emit_lfsr
from hwmodel_sim import lint
from hwmodel_sim.simulators import build, choose, last_words, run

UNITS = ["e4m3fn-e4m3fn-fp16.sr8", "e5m2-e5m2-chunk3:e6m9.sr9:bf16.sr5-p1", "fp16-bf16-fp32.sr32-p2"]
SEED = 0x15A3C


def cycles(spec: MacSpec, count: int, rng: np.random.Generator) -> list:
    """Inputs of each cycle and what shall be seen after its edge: a run from reset, the last steps awaited."""
    words = iter(golden.lfsr_words(Lfsr.of(spec, SEED), count + 1).tolist())
    mac = golden.scalar.Mac(spec)
    shown = [0] * spec.latency
    idle = {name: 0 for name in spec.inputs if name != "rand"}
    played: list = [({**idle, "rst": 1}, {})]
    word = next(words)
    for k in range(count + spec.latency):
        inputs = {"a": int(rng.integers(256)), "b": int(rng.integers(256)), "valid": int(rng.random() < 0.8), "clear": 0}
        if k % 64 == 0:
            inputs |= {"clear": 1}
        if spec.is_chunked:
            inputs |= {"flush": int(rng.random() < 0.2)}
        if k >= count:
            inputs = dict(idle)
        mac.step(**{**inputs, **{name: bool(inputs.get(name, 0)) for name in ("clear", "flush", "valid")}}, rand=word)
        if inputs["valid"] or inputs.get("flush"):
            word = next(words)
        shown.append(mac.acc)
        played.append(({**inputs, "rst": 0}, {"acc": shown[k + 1]}))
    return played


def around(wrapper: Unit) -> str:
    """Return a module `top` with the ports of a unit, visible from outside."""
    public = "/* verilator public_flat_rw */"
    ports = [f"{port['direction']}put [{port['width'] - 1}:0] {port['name']} {public}" for port in wrapper.manifest["ports"]]
    wires = [f".{port['name']}({port['name']})" for port in wrapper.manifest["ports"]]
    return f"module top({', '.join(ports)});\n  {wrapper.name} wrapped ({', '.join(wires)});\nendmodule\n"


def simulate(folder: Path, verilog: str, wrapper: Unit, played: list) -> str:
    """Return an empty string, or what the simulator's log says is wrong."""
    (folder / "unit.v").write_text(verilog + around(wrapper))
    (folder / "play.json").write_text(json.dumps(played))
    shutil.copy(Path(__file__).with_name("lfsr_bench.py"), folder)
    simulator = choose("auto")
    build(simulator, [folder / "unit.v"], "top", folder, film=False)
    run(simulator, "lfsr_bench", "top", folder, film=False)
    return "" if (folder / "equal").exists() else last_words(folder, "test")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_with_its_lfsr_equals_the_golden_model(name: str, tmp_path: Path) -> None:
    spec = MacSpec.parse(name)
    wrapper = emit_lfsr(spec, SEED)
    verilog = emit(spec).verilog + wrapper.verilog
    assert lint(verilog, wrapper.name) == []
    rng = np.random.default_rng(0)
    # Twice: a reset brings the seed back.
    played = cycles(spec, 400, rng) + cycles(spec, 100, rng)
    assert simulate(tmp_path, verilog, wrapper, played) == ""


def test_another_seed_is_seen(tmp_path: Path) -> None:
    spec = MacSpec.parse(UNITS[0])
    wrapper = emit_lfsr(spec, SEED + 1)
    played = cycles(spec, 400, np.random.default_rng(0))
    assert "acc is" in simulate(tmp_path, emit(spec).verilog + wrapper.verilog, wrapper, played)
