"""What decides a result besides the unit: the code that makes it, the tools it calls, and the card."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hwmodel.spec import CATALOG, BlockFormat, ChoiceFormat, CodebookFormat, MacSpec, Operand

_SPEC = ("hwmodel.spec",)
_GENERATOR = (*_SPEC, "hwmodel_rtl", "hwmodel.yosys")
_GOLDEN = (*_SPEC, "hwmodel.golden")

CODE: dict[str, Sequence[str]] = {
    "estimate": (*_SPEC, "hwmodel.cost"),
    "rtl": _GENERATOR,
    "synth": ("hwmodel.flow", "hwmodel.yosys", "hwmodel.sweep.rows"),
    "explore": (*_GENERATOR, "hwmodel.flow", "hwmodel.sweep.rows", "hwmodel.sweep.explore"),
    "energy": (*_GOLDEN, "hwmodel.flow", "hwmodel.yosys", "hwmodel.sweep.rows", "hwmodel.sweep.stimulus"),
    "error": (*_GOLDEN, "hwmodel.error"),
}
"""By what is made, the packages and modules that make it."""

TOOLS: dict[str, Sequence[str]] = {
    "estimate": (),
    "rtl": ("amaranth", "pyosys"),
    "synth": ("pyosys",),
    "explore": ("amaranth", "pyosys"),
    "energy": ("pyosys", "numpy"),
    "error": ("numpy",),
}
"""By what is made, the distributions whose versions can change it."""


@lru_cache(maxsize=16)
def provenance(kind: str) -> dict[str, str]:
    """Return the version of hwmodel, a hash of the code that makes `kind`, a key of `CODE`, and its tools' versions."""
    from hwmodel import __version__

    return {"hwmodel": __version__, "code": _code(tuple(CODE[kind]))} | {tool: _version(tool) for tool in TOOLS[kind]}


@lru_cache(maxsize=1)
def everything() -> str:
    """Return a hash of all code and tools that make results: two machines with the same one give the same results."""
    return hashlib.sha256(repr([sorted(provenance(kind).items()) for kind in CODE]).encode()).hexdigest()


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return "none"


def _code(modules: tuple[str, ...]) -> str:
    """Return a hash of the files of packages and modules: of sources and of data, by their contents and names."""
    total = hashlib.sha256()
    for module in modules:
        found = find_spec(module)
        assert found is not None
        assert found.origin is not None
        origin = Path(found.origin)
        files = sorted(path for path in origin.parent.rglob("*") if path.is_file()) if found.submodule_search_locations else [origin]
        for path in files:
            if path.suffix != ".pyc" and not path.name.endswith(".card.json.gz"):  # cards have hashes of their own
                total.update(f"{module}/{path.relative_to(origin.parent)}\0{path.stat().st_size}\0".encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def codebooks(of: MacSpec | Operand) -> dict[str, list[str]]:
    """Return the entries of a user's own codebooks that an operand, or a unit, has, by name; a name alone does not tell them."""
    found = {}
    for fmt in (of.a, of.b) if isinstance(of, MacSpec) else (of,):
        own = fmt.element if isinstance(fmt, BlockFormat) else fmt
        for each in own.choices if isinstance(own, ChoiceFormat) else (own,):
            if isinstance(each, CodebookFormat) and each.name not in CATALOG:
                found[each.name] = [str(value) for value in each.values]
    return found
