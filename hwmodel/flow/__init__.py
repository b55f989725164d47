"""Mapped gates: Liberty libraries as tech cards, Yosys/ABC mapping part by part, static timing, switching activity and energy.

    card = load_card("sky130hd")
    mapped = synthesize(verilog, "top", card)
    mapped.row                                     # area by part, flat area, delay, counts
    switching(mapped, {"a": codes, …}).row         # fJ per step by part, without glitches and with them

It takes netlist text and a card and knows nothing of formats or specs.
"""

from typing import TYPE_CHECKING

from hwmodel.lazy import lazily

if TYPE_CHECKING:
    from .activity import Activity, simulate
    from .card import TechCard, TechError, list_cards, load_card
    from .energy import Energy, energy_of, switching
    from .liberty import import_liberty
    from .mapping import Mapped, map_flat, synthesize
    from .netlist import Netlist
    from .timing import Timing, clock_timing, static_timing

_HOME = {
    "Activity": "activity",
    "Energy": "energy",
    "Mapped": "mapping",
    "Netlist": "netlist",
    "TechCard": "card",
    "TechError": "card",
    "Timing": "timing",
    "clock_timing": "timing",
    "energy_of": "energy",
    "import_liberty": "liberty",
    "list_cards": "card",
    "load_card": "card",
    "map_flat": "mapping",
    "simulate": "activity",
    "static_timing": "timing",
    "switching": "energy",
    "synthesize": "mapping",
}

__all__ = [
    "Activity",
    "Energy",
    "Mapped",
    "Netlist",
    "TechCard",
    "TechError",
    "Timing",
    "clock_timing",
    "energy_of",
    "import_liberty",
    "list_cards",
    "load_card",
    "map_flat",
    "simulate",
    "static_timing",
    "switching",
    "synthesize",
]

# Lazily, since importing this package should cost nothing.
__getattr__ = lazily(__name__, _HOME)
