"""Which simulator is taken, and what is said when there is none; lint."""

import time
from pathlib import Path

import pytest
from handwritten_unit import VERILOG

from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import SimulationError, lint, simulators, verify


@pytest.fixture
def tools(monkeypatch):
    """Pretend that only the named tools are installed."""

    def only(*names):
        monkeypatch.setattr(simulators.shutil, "which", lambda tool, path=None: f"/bin/{tool}" if tool in names else None)

    return only


def test_verilator_is_taken_where_it_can_build(tools):
    tools("verilator", "g++", "make", "perl", "iverilog")
    assert simulators.choose() == "verilator"


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_icarus_is_taken_where_verilator_cannot_build(tools, missing):
    tools(*({"verilator", "g++", "make", "perl", "iverilog"} - {missing}))
    assert simulators.choose() == "icarus"


def test_without_compiler_and_icarus_one_sentence_says_what_to_install(tools):
    tools("verilator", "perl")
    with pytest.raises(SimulationError) as error:
        simulators.choose()
    assert str(error.value) == (
        "simulation needs g++ and make (Debian: apt-get install g++ make) or Icarus Verilog (iverilog) on PATH; "
        "found no g++ and no make, and no iverilog"
    )


def test_the_sentence_holds_with_an_empty_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match=r"needs g\+\+ and make .*apt-get install g\+\+ make"):
        simulators.choose()


def test_asked_for_by_name_nothing_else_is_taken(tools):
    tools("verilator", "perl", "make", "iverilog")
    with pytest.raises(SimulationError, match=r"Verilator cannot build a model: g\+\+ not found"):
        simulators.choose("verilator")
    tools("verilator", "perl", "make", "g++")
    with pytest.raises(SimulationError, match="no iverilog on PATH"):
        simulators.choose("icarus")


def test_an_unknown_simulator_is_named():
    with pytest.raises(SimulationError, match="unknown simulator 'vcs': allowed are auto, verilator, icarus"):
        simulators.choose("vcs")


def test_a_build_that_is_broken_off_leaves_no_compiler_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(simulators, "TIMEOUT_S", 1.5)
    with pytest.raises(SimulationError, match=r"took more than 1\.5 s and was stopped"):
        verify(MacSpec.parse("fp32-fp32-fp32"), vectors=2000, build_dir=tmp_path)
    patience = time.monotonic() + 2  # what is killed takes a moment to be gone; what is not would compile for longer
    while _at_work(tmp_path) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not _at_work(tmp_path)


@pytest.mark.slow
def test_the_second_model_is_built_with_precompiled_headers(tmp_path):
    if simulators.choose() != "verilator":
        pytest.skip("there is no Verilator")
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "top.v").write_text("module top(input a, output y); assign y = ~a; endmodule\n")
        simulators.build("verilator", [folder / "top.v"], "top", folder, film=False)
    log = (folder / "build.log").read_text()
    assert "-include runtime.h.fast" in log
    assert "[-Winvalid-pch]" not in log, "the compiler says so where it does not take them"


def _at_work(folder: Path) -> list[Path]:
    """Return the processes in `folder`, where there is a /proc."""

    def works_there(process: Path) -> bool:
        try:
            return (process / "cwd").readlink() == folder
        except OSError:  # it ended meanwhile, or is another user's
            return False

    return [process for process in Path("/proc").glob("[0-9]*") if works_there(process)]


def test_lint_is_silent_about_clean_verilog():
    assert lint(VERILOG, "int8_int8_fx20f0_p1") == []


def test_lint_speaks_up():
    assert any("WIDTH" in line for line in lint(VERILOG.replace("20'd0 : acc", "19'd0 : acc"), "int8_int8_fx20f0_p1"))
    assert any("syntax error" in line for line in lint("module m(; endmodule", "m"))


@pytest.mark.parametrize("unit", ["int8-int8-fx32", "e4m3fn-e4m3fn-fp32", "e5m2-e5m2-chunk64:e6m9:fp32-p2"])
def test_emitted_verilog_is_clean(unit):
    circuit = emit(MacSpec.parse(unit))
    assert lint(circuit.verilog, circuit.name) == []
