"""Where FP8's surplus over INT8 comes from: part by part in counted gates, in estimated and in mapped cells, alone and in a dot unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwmodel.cost import PARTS, SOURCE_RATIOS, SOURCE_REFERENCE, estimate, is_calibrated, paper
from hwmodel.flow import TechCard
from hwmodel.spec import MacSpec

from .published import FORMATSCOPE_UM2, FP8_DOT, INT8_DOT

_FP16, _FP32 = SOURCE_RATIOS

PAIRS: Mapping[str, tuple[str, str]] = {
    "into FP16": (_FP16, SOURCE_REFERENCE),
    "into FP16, INT8 of 32 bits": ("e4m3fn-e4m3fn-fp16", "int8-int8-fx32"),
    "into FP32": (_FP32, SOURCE_REFERENCE),
    "32 lanes": (FP8_DOT, INT8_DOT),
}
"""By what they are called: an FP8 unit, and the INT8 unit that it is over."""

GATES, ESTIMATED, MAPPED, THEIRS = "gates", "estimated", "mapped", "FormatScope"


@dataclass(frozen=True)
class Split:
    """The surplus of one unit over another, counted in one way.

    Attributes
    ----------
    pair, way
        A key of `PAIRS`; how it was counted.
    unit, over
        Part -> cost of each unit: gates or um2 a product.
    """

    pair: str
    way: str
    unit: Mapping[str, float]
    over: Mapping[str, float]

    @property
    def surplus(self) -> dict[str, float]:
        """Part -> what it adds, as a share of the whole of the unit below; they add up to the surplus, ``"total"``."""
        whole = sum(self.over.values())
        shares = {part: (self.unit[part] - self.over[part]) / whole for part in PARTS}
        return shares | {"total": sum(shares.values())}

    @property
    def row(self) -> dict[str, Any]:
        """The split as a row of a table."""
        return {"pair": self.pair, "way": self.way, **{f"surplus_{part}": share for part, share in self.surplus.items()}}


def splits(rows: Mapping[str, Mapping[str, Any]], card: TechCard) -> list[Split]:
    """Return all surpluses that can be told of mapped `rows` on `card`, and by FormatScope's own areas."""
    found = []
    for pair, (unit, over) in PAIRS.items():
        specs = MacSpec.parse(unit), MacSpec.parse(over)
        if specs[0].lanes == 1:
            found.append(Split(pair, GATES, *(_gates(spec) for spec in specs)))
        if is_calibrated(card):
            found.append(Split(pair, ESTIMATED, *(_areas(estimate(spec, card).row) for spec in specs)))
        if unit in rows and over in rows:
            found.append(Split(pair, MAPPED, _areas(rows[unit]), _areas(rows[over])))
        if unit in FORMATSCOPE_UM2:
            found.append(Split(pair, THEIRS, _theirs(unit), _theirs(over)))
    return found


def _gates(spec: MacSpec) -> dict[str, float]:
    found = paper(spec)
    return {part: getattr(found, part) for part in PARTS}


def _areas(row: Mapping[str, Any]) -> dict[str, float]:
    return {part: float(row[f"area_{part}_um2"]) / int(row["lanes"]) for part in PARTS}


def _theirs(unit: str) -> dict[str, float]:
    """Return FormatScope's stages as parts, per product: of integers the adder tree counts as mpy, as it does here."""
    stages, lanes = FORMATSCOPE_UM2[unit], MacSpec.parse(unit).lanes
    tree = "mpy" if unit == INT8_DOT else "alignadd"
    areas = {"mpy": stages["multiplier"], "alignadd": stages["align"], "normacc": stages["rest"]}
    areas[tree] += stages["tree"]
    return {part: area / lanes for part, area in areas.items()}
