"""Published ratios in charts: where they put the units of a table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hwmodel.cost import SOURCE_RATIOS, SOURCE_REFERENCE
from hwmodel.report.chart import Mark

from .published import NVINT4, ONE_FORMAT, TWO_FORMATS, ratio_of


@dataclass(frozen=True)
class Drawn:
    """A published ratio of two units' costs, as charts show it.

    Attributes
    ----------
    unit, over
        The units that it is of: specs, without lanes.
    quantity
        ``"area"`` or ``"energy"``.
    ratio
        The one over the other.
    source
        Whose.
    counting
        What was counted there, and what is not as here.
    lanes
        Whether it is of units that take several products a step.
    """

    unit: str
    over: str
    quantity: str
    ratio: float
    source: str
    counting: str
    lanes: bool = False


def _dot(unit: str, over: str, quantity: str, ratio: float, source: str, counting: str) -> Drawn:
    return Drawn(f"{unit}-{unit}-fp32", f"{over}-{over}-fp32", quantity, ratio, source, counting, lanes=True)


TWO_FORMATS_PUBLISHED = ratio_of("hfp8") - 1
"""What IBM's paper on HFP8 (NeurIPS 2019) reports a unit for both of its FP8 formats to cost over one for 1-5-2 alone."""

_GATES, _HFP8, _SCOPE, _INT_FP = "arXiv 2303.17951", "HFP8 (NeurIPS 2019)", "FormatScope", "arXiv 2510.25602"
_GATES_COUNTING = "two-input gates of textbook circuits"
_SCOPE_COUNTING = "cells of sky130; fused dot units of 32 lanes"
_INT_FP_COUNTING = "gates by formulas per lane; aligners of at most 24 bits"

DRAWN = (
    *(Drawn(unit, SOURCE_REFERENCE, "area", ratio, _GATES, _GATES_COUNTING) for unit, ratio in SOURCE_RATIOS.items()),
    *(
        Drawn(unit.replace("e4m3", "e4m3fn"), "int8-int8-fx32", "area", ratio, _GATES, f"{_GATES_COUNTING}; over an accumulator of 27 bits")
        for unit, ratio in SOURCE_RATIOS.items()
    ),
    Drawn(TWO_FORMATS, ONE_FORMAT, "area", 1 + TWO_FORMATS_PUBLISHED, _HFP8, "the whole unit; formats 1-4-3 and 1-5-2"),
    _dot("e4m3fn", "int8", "area", ratio_of("fp8-dot"), _SCOPE, _SCOPE_COUNTING),
    _dot("mxint8", "int8", "area", ratio_of("mxint8-dot"), _SCOPE, _SCOPE_COUNTING),
    _dot("mxfp4", "int4", "area", ratio_of("mxfp4-dot"), _SCOPE, _SCOPE_COUNTING),
    _dot("mxint8", "mxfp8e4m3", "area", ratio_of("mxint8-area"), _INT_FP, _INT_FP_COUNTING),
    _dot("nvfp4", "mxfp8e4m3", "area", ratio_of("nvfp4-area"), _INT_FP, _INT_FP_COUNTING),
    _dot(NVINT4, "mxfp8e4m3", "area", ratio_of("nvint4-area"), _INT_FP, _INT_FP_COUNTING),
    _dot("mxint8", "mxfp8e4m3", "energy", ratio_of("mxint8-energy"), _INT_FP, _INT_FP_COUNTING),
    _dot("nvfp4", "mxfp8e4m3", "energy", ratio_of("nvfp4-energy"), _INT_FP, _INT_FP_COUNTING),
    _dot(NVINT4, "mxfp8e4m3", "energy", ratio_of("nvint4-energy"), _INT_FP, _INT_FP_COUNTING),
)
"""Each is of the unit that its source describes, or of the one nearest to it that is drawn by default."""

_TOTALS = {"area": "area_um2", "energy": "energy_fj"}


@dataclass(frozen=True)
class Placed:
    """A claim, and the rows of a table that it is about."""

    claim: Drawn
    unit: Mapping[str, Any]
    over: Mapping[str, Any]
    row: int

    def ratio(self, prefix: str = "") -> float | None:
        """Return the ratio of the table, per product: mapped, or with the prefix ``"est_"`` estimated; None where there is none."""
        column = prefix + _TOTALS[self.claim.quantity]
        if column not in self.unit:
            return None
        unit, over = (float(row[column]) / int(row["lanes"]) for row in (self.unit, self.over))
        return unit / over


def placed(table: pd.DataFrame) -> list[Placed]:
    """Return the claims that are about two units of a table; of units of several lanes, both of the same number."""
    rows = table.to_dict("records")
    found = []
    for claim in DRAWN:
        for row, unit in enumerate(rows):
            for over in rows:
                same = unit["lanes"] == over["lanes"] and (unit["lanes"] > 1) == claim.lanes
                if same and (_without_lanes(unit["spec"]), _without_lanes(over["spec"])) == (claim.unit, claim.over):
                    found.append(Placed(claim, unit, over, row))
    return found


def _without_lanes(spec: str) -> str:
    return re.sub(r"-x\d+$", "", spec)


def marks(table: pd.DataFrame) -> list[Mark]:
    """Return where published ratios put units, given the cost per product of those that they are over."""
    found = placed(table)
    overs: dict[str, dict[str, None]] = {}
    for each in found:
        overs.setdefault(each.claim.source, {})[_name(each.over)] = None
    return [
        Mark(
            each.row,
            each.claim.quantity,
            each.claim.ratio * float(each.over[_TOTALS[each.claim.quantity]]) / int(each.over["lanes"]),
            f"{each.claim.source}'s ratio, times {' or '.join(overs[each.claim.source])} here",
        )
        for each in found
    ]


PUBLISHED_HEADER = ["unit", "over", "of", "published", "mapped here", "estimated here", "source", "counted there"]


def published(table: pd.DataFrame) -> list[list[str]]:
    """Return published ratios beside those of a table, below `PUBLISHED_HEADER`."""
    lines = []
    for each in placed(table):
        here = ("–" if ratio is None else f"{ratio:.2f}" for ratio in (each.ratio(), each.ratio("est_")))
        claim = each.claim
        lines.append([_name(each.unit), _name(each.over), claim.quantity, f"{claim.ratio:.2f}", *here, claim.source, claim.counting])
    return lines


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("label", row["spec"]))
