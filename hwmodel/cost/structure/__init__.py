"""Structural counts: how many cells of each kind a unit's circuit has, part by part, and how often they change.

The circuits of `hwmodel_rtl` are followed component by component, with the widths that formats lead to; nothing is elaborated.
"""

from .units import PARTS, FrontCounts, Stages, UnitCounts, counts, front_counts, operand_counts, sum_counts

__all__ = ["PARTS", "FrontCounts", "Stages", "UnitCounts", "counts", "front_counts", "operand_counts", "sum_counts"]
