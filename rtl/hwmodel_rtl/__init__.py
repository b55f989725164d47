"""The circuits: Amaranth descriptions of every unit a `MacSpec` can name, and their Verilog."""

from .architecture import ADDERS, MULTIPLIERS, Architecture
from .emit import Unit, emit, emit_lfsr

__all__ = ["ADDERS", "MULTIPLIERS", "Architecture", "Unit", "emit", "emit_lfsr"]
