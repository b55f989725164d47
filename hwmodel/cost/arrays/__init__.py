"""Counts of many units at once: each part that they share is counted when it is first met, and a unit is places in tables of parts."""

from .columns import UnitColumns
from .tables import Distinct, RowCosts
from .times import PlainTimes, Stirred

__all__ = ["Distinct", "PlainTimes", "RowCosts", "Stirred", "UnitColumns"]
