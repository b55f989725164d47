"""Counts of many units at once: each part that they share is counted when it is first met, and a unit is places in tables of parts."""

from .collecting import nothing_collected
from .columns import PartTable, UnitColumns

__all__ = ["PartTable", "UnitColumns", "nothing_collected"]
