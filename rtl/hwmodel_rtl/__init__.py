"""The circuits: Amaranth descriptions of every unit a `MacSpec` can name, and their Verilog."""

from .architecture import ADDERS, MULTIPLIERS, PATHS, Architecture
from .emit import Unit, emit, emit_lfsr

__all__ = ["ADDERS", "MULTIPLIERS", "PATHS", "Architecture", "Unit", "emit", "emit_lfsr"]
