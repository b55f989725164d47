"""The proof: cocotb benches that hold a circuit against the golden model."""

from typing import TYPE_CHECKING, Any

from .lint import WAIVERS, lint
from .simulators import SIMULATORS, SimulationError

if TYPE_CHECKING:
    from .expected import Coverage
    from .report import Mismatch, Report
    from .trial import default_vectors
    from .verification import verify, verify_many

_HOME = {
    "Coverage": "expected",
    "Mismatch": "report",
    "Report": "report",
    "default_vectors": "trial",
    "verify": "verification",
    "verify_many": "verification",
}

__all__ = ["SIMULATORS", "WAIVERS", "Coverage", "Mismatch", "Report", "SimulationError", "default_vectors", "lint", "verify", "verify_many"]


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: the bench in the simulator needs none of them."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
