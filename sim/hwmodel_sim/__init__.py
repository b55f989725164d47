"""The proof: cocotb benches that hold a circuit against the golden model."""

from .expected import Coverage
from .lint import WAIVERS, lint
from .report import Mismatch, Report
from .simulators import SIMULATORS, SimulationError
from .verification import default_vectors, verify

__all__ = ["SIMULATORS", "WAIVERS", "Coverage", "Mismatch", "Report", "SimulationError", "default_vectors", "lint", "verify"]
