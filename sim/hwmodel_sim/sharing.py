"""Which circuits share a model, and how they keep their names apart in it.

A model costs two to three seconds before its first step: compiler, linker and cocotb are started, headers are read. Small circuits in
short runs share them; long runs and large circuits would gain little, and need the memory.
"""

import re
from collections.abc import Iterable, Iterator

from .session import Device
from .trial import Trial

_VERILOG = 1 << 20
"""Characters of Verilog, copies counted, that fill a model."""

_VECTORS = 1 << 20
"""Steps that fill a model: the tapes of all its circuits lie in memory."""


def groups(trials: Iterable[Trial]) -> Iterator[list[Trial]]:
    """Yield the trials of one model after the other, in order; a trial is taken only when it is needed."""
    group: list[Trial] = []
    for trial in trials:
        alone = _reaches_out(trial.circuit)
        if alone and group:
            yield group
            group = []
        group.append(trial)
        verilog = sum(len(each.circuit) * each.harness.copies for each in group)
        if alone or verilog >= _VERILOG or sum(each.vectors for each in group) >= _VECTORS:
            yield group
            group = []
    if group:
        yield group


def devices(trials: Iterable[Trial]) -> tuple[Device, ...]:
    """Return the circuits of one model: modules of names that an earlier one has are given others."""
    found: list[Device] = []
    taken: set[str] = set()
    for number, trial in enumerate(trials):
        modules = _modules(trial.circuit)
        new = {name: f"{name}__{number}" for name in modules & taken}
        taken |= modules
        top = trial.spec.module_name
        found.append(Device(new.get(top, top), _renamed(trial.circuit, new), trial.harness))
    return tuple(found)


def _reaches_out(verilog: str) -> bool:
    """Return whether there are compiler directives, which hold in all texts that follow."""
    return "`" in re.sub(r"//[^\n]*|/\*.*?\*/", "", verilog, flags=re.DOTALL)


def _modules(verilog: str) -> set[str]:
    return set(re.findall(r"\bmodule\s+\\?([\w$]+)", verilog))


def _renamed(verilog: str, new: dict[str, str]) -> str:
    """Return `verilog` with identifiers replaced, but for ports and paths, which follow a dot."""
    if not new:
        return verilog
    names = "|".join(map(re.escape, new))
    return re.sub(rf"(?<![\w$.])({names})(?![\w$])", lambda found: new[found[1]], verilog)
