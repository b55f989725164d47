"""Cost from the spec alone: structural counts, estimates with intervals learnt from mapped units, and the literature's gate counts.

    estimate(MacSpec.parse("e4m3fn-e4m3fn-fp32")).area_um2["alignadd"]     # Interval(value, low, high)
    estimate_many(specs)                                                   # columns, one entry a unit
    Estimator(pairs, accumulators).columns(...)                            # the same of units given as arrays of places in lists
    counts(spec).mpy.full_adder                                            # what the circuit is made of
    load_calibration().error["area_um2"]["total"]                          # how wrong that is on mapped units
    paper(spec).total                                                      # two-input gates, as arXiv 2303.17951 counts

The two kinds of figure are never mixed: `estimate` speaks of one card's cells, `paper` of textbook circuits.
"""

from .calibration import ARCHITECTURES, Calibration, CostError, calibrated_cards, is_calibrated, load_calibration
from .estimate import Estimate, Interval, estimate, estimate_many
from .estimator import Estimator
from .paper import SOURCE_RATIOS, SOURCE_REFERENCE, Assumptions, PaperGates, paper, ratio
from .structure import PARTS, UnitCounts, counts
from .structure.cells import CELLS, Counts

__all__ = [
    "ARCHITECTURES",
    "CELLS",
    "PARTS",
    "SOURCE_RATIOS",
    "SOURCE_REFERENCE",
    "Assumptions",
    "Calibration",
    "CostError",
    "Counts",
    "Estimate",
    "Estimator",
    "Interval",
    "PaperGates",
    "UnitCounts",
    "calibrated_cards",
    "counts",
    "estimate",
    "estimate_many",
    "is_calibrated",
    "load_calibration",
    "paper",
    "ratio",
]
