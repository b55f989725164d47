"""Structural depth: the levels of logic of each kind on the longest way through a unit, from its spec alone.

A delay is their sum, each times what it takes with a card's cells: `group_times` gives rough times, to be scaled by what mapped units
teach.
"""

from .paths import GROUPS, LEVELS, NOMINAL, PARTS, group_times
from .units import Arrivals, arrivals, depths

__all__ = ["GROUPS", "LEVELS", "NOMINAL", "PARTS", "Arrivals", "arrivals", "depths", "group_times"]
