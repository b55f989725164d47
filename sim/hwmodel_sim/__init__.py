"""The proof: cocotb benches that hold a circuit against the golden model."""

from typing import TYPE_CHECKING

from hwmodel.lazy import lazily

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

# Lazily, since the bench in the simulator needs none of them.
__getattr__ = lazily(__name__, _HOME)
