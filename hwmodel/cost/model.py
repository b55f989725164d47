"""The model that estimates rest on: what a part costs is a sum over kinds of cell, and each kind's weight is learnt.

Each fitted part's figure is modelled as

    certain + sum over groups of scale[group] × counted[group]

where `certain` is what needs no learning (flip-flops' area and clock energy: their number and cell are known), and each group is a kind
of cell whose counts are multiplied by the card's own figure for it. The scales, none negative, are least squares of the relative error;
they are pulled a little towards one scale for all. They are all there is to learn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hwmodel.spec import MacSpec

from .depth import GROUPS as DEPTH_GROUPS
from .depth import group_times
from .glitches import STIRS, stirred_cells
from .structure import Stages, UnitCounts
from .structure.activity import toggling
from .structure.cells import CELLS, cells_of

FITTED = ("decode", "multiply", "alignadd", "normacc")
"""The parts that are fitted; mpy is decode and multiply together."""

COUNTED = ("area_um2", "energy_fj")
"""What follows from counts alone; energy is that of one step, of settled values."""

TIMED = "energy_timed_fj"
"""Energy of one step with glitches: of counts, and of what stirs them, see `hwmodel.cost.glitches`."""

QUANTITIES = (*COUNTED, TIMED)
"""What is told by part."""

DELAY = "delay_ps"
"""The longest combinational path: of levels of logic; told for the unit as a whole."""

REPORTED = ("decode", "mpy", "alignadd", "normacc", "total")

AREA_GROUPS: Mapping[str, tuple[str, ...]] = {
    "adders": ("full_adder", "sign_adder"),
    "half adders": ("half_adder",),
    "xor": ("xor2",),
    "flips": ("flip",),
    "mux": ("mux2",),
    "gates": ("gate2",),
    "inverters": ("inverter",),
    "prefix": ("prefix",),
    "wide": ("wide",),
    "masks": ("mask",),
    "strong masks": ("strong_mask",),
}
ENERGY_GROUPS: Mapping[str, tuple[str, ...]] = {**AREA_GROUPS, "registers": ("flip_flop",)}
"""How often outputs change in a cycle differs by what they are: those of sums do so in every other one, those of gates that select or mask
less, and registers do not glitch.
"""

COMPOSED: Mapping[str, Mapping[str, float]] = {
    "flip": {"xor2": 1},
    "half_adder": {"xor2": 1, "gate2": 1},
    "prefix": {"gate2": 2 / 3},
    "wide": {"gate2": 2 / 3},
    "mask": {"gate2": 1, "inverter": 1 / 2},
    "strong_mask": {"gate2": 1, "inverter": 1},
}
"""What kinds are made of that are no cell of a library's, or are gates where its cell does not pay.

In NAND2, where gates of more inputs are sized by their transistors: an AND and an OR are one AOI21 of 4/3; two gates of a wide OR are one
input each more of a NOR2, 2/3 to 1/2; an AND has an inverter behind it, of the size of its load.
"""

_STIRRED = 0.15
"""What a nanosecond or so stirs a cell, roughly, over its settled toggles: scales of all groups are of one size then, see `_PULL`."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "area_um2": tuple(AREA_GROUPS),
    "energy_fj": tuple(ENERGY_GROUPS),
    TIMED: (*ENERGY_GROUPS, *STIRS),
    DELAY: DEPTH_GROUPS,
}
"""Quantity -> the groups of its fits."""

_PASSES = 4

_PULL = 0.1
"""How much relative error of one unit weighs as much as a scale that is off by all of what the part's scales have in common.

So little that what units tell decides, and enough where they tell nothing: of kinds that a part of theirs has not, or has in proportion.
"""

Figures = Mapping[str, Mapping[str, float]]
"""Of each kind of cell on a card: ``area_um2``, ``toggle_fj`` of its outputs, ``clock_fj`` a cycle."""


@dataclass(frozen=True, eq=False)
class Fit:
    """One quantity of one part.

    Attributes
    ----------
    certain : (kinds,) float64
        Cost of one of each kind, of cells placed, cells at work, or levels, that is taken at face value.
    groups : (groups, kinds) float64
        The card's figure of each kind, in the row of its group, else 0.
    scales : (groups,) float64
        What each group is multiplied by.
    """

    certain: np.ndarray
    groups: np.ndarray
    scales: np.ndarray

    @property
    def coefficients(self) -> np.ndarray:
        """Cost of one of each kind, (kinds,) float64."""
        return self.certain + self.scales @ self.groups

    def scaled(self, scales: Sequence[float] | np.ndarray) -> "Fit":
        """Return the fit with other scales."""
        return replace(self, scales=np.array(scales, float))

    def learn(self, cells: np.ndarray, measured: np.ndarray) -> "Fit":
        """Return the fit to units with `cells` (units, kinds) and a `measured` cost above 0 (units,)."""
        features, rest = cells @ self.groups.T, measured - cells @ self.certain
        estimated = measured
        for _ in range(_PASSES):
            scales = _least_squares(features / estimated[:, np.newaxis], rest / estimated)
            # Relative to the estimate, not to what was measured: else units that cost little pull all estimates down.
            estimated = np.maximum(features @ scales + cells @ self.certain, measured / 20)
        return self.scaled(scales)


def _least_squares(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least-squares scales, pulled towards one for all, none negative: groups that want to be are left out, the worst first."""
    groups, whole = features.shape[1], features.sum(axis=1)
    common = max(whole @ target / (whole @ whole), 0.0)
    weight = _PULL / max(common, _PULL)
    features = np.vstack([features, weight * np.eye(groups)])
    target = np.concatenate([target, np.full(groups, weight * common)])
    scales = np.zeros(groups)
    free = [group for group in range(groups) if features[:, group].any()]
    while free:
        solution = np.linalg.lstsq(features[:, free], target, rcond=None)[0]
        if solution.min() >= 0:
            scales[free] = solution
            break
        del free[int(solution.argmin())]
    return scales


def blank_fit(quantity: str, figures: Figures, objective: str) -> Fit:
    """Return the unlearnt fit of one of `QUANTITIES`, or of `DELAY`, from the figures of a card's cells."""
    if quantity == DELAY:
        groups = group_times(objective)
        return Fit(np.zeros(groups.shape[1]), groups, np.ones(len(groups)))
    if quantity == "area_um2":
        groups = np.stack([_placed(figures, "area_um2", kinds) for kinds in AREA_GROUPS.values()])
        certain, at_work = _placed(figures, "area_um2", ["flip_flop"]), np.zeros_like(groups)
        return Fit(np.append(certain, at_work[0]), np.hstack([groups, at_work]), np.ones(len(groups)))
    groups = np.stack([_placed(figures, "toggle_fj", kinds) for kinds in ENERGY_GROUPS.values()])
    if quantity == TIMED:
        stirred = _STIRRED * (groups.sum(axis=0) - _placed(figures, "toggle_fj", ["flip_flop"]))
        settled = np.hstack([groups, np.zeros((len(groups), len(STIRS) * len(CELLS)))])
        groups = np.vstack([settled, np.hstack([np.zeros((len(STIRS), len(CELLS))), np.kron(np.eye(len(STIRS)), stirred)])])
    groups = np.hstack([np.zeros((len(groups), len(CELLS))), groups])
    certain = _placed(figures, "clock_fj", ["flip_flop"])
    certain = np.append(certain, np.zeros(groups.shape[1] - len(certain)))
    return Fit(certain, groups, np.ones(len(groups)))


def _placed(figures: Figures, figure: str, kinds: Sequence[str]) -> np.ndarray:
    return np.array([composed_figure(figures, cell, figure) if cell in kinds else 0.0 for cell in CELLS])


def composed_figure(figures: Figures, cell: str, figure: str) -> float:
    """Return a figure of a kind of cell, from what it is composed of where it is no cell of the card's."""
    parts = COMPOSED.get(cell, {cell: 1.0})
    return sum(share * figures[part][figure] for part, share in parts.items())


def fitted_cells(unit: UnitCounts) -> np.ndarray:
    """Return the cells of the `FITTED` parts, (4, 2 cells) float64: those placed, then those at work in an average cycle."""
    idle = unit.idle_alignadd + unit.idle_normacc
    counted = cells_of([*unit.placed, *[counts for _, counts in idle]])
    cells = np.concatenate((counted[:4], counted[:4]), axis=1)
    working = cells[:, len(CELLS) :]
    if idle:
        still = np.zeros((2, len(CELLS)))
        for at, (share, _) in enumerate(idle):
            still[0 if at < len(unit.idle_alignadd) else 1] += share * counted[4 + at]
        working[2:] -= still
    working *= toggling(unit.active)
    return cells


def glitching_cells(spec: MacSpec, cells: np.ndarray, stages: Stages, *, objective: str, adder: str, multiplier: str) -> np.ndarray:
    """Return (4, 7 cells) float64: cells of the `FITTED` parts, from `fitted_cells`, then those that glitch, from `stirred_cells`."""
    return np.hstack([cells, stirred_cells(spec, cells, stages, objective=objective, adder=adder, multiplier=multiplier)])


def column(quantity: str, part: str = "total", bound: str = "") -> str:
    """Return the name of a figure's column: ``area_mpy_low_um2`` of ``area_um2``, ``mpy`` and ``low``."""
    stem, unit = quantity.rsplit("_", 1)
    return "_".join([stem, *([] if part == "total" else [part]), *([bound] if bound else []), unit])


def parts_of(quantity: str) -> tuple[str, ...]:
    """Return the parts that a quantity is fitted by."""
    return ("total",) if quantity == DELAY else FITTED


def costs_of(kinds: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return (..., parts): what the parts of a quantity cost, from what was counted, (..., parts, kinds)."""
    return (kinds * coefficients).sum(axis=-1)


def told(quantity: str, costs: Any) -> dict[str, Any]:
    """Return what is told of a quantity, part -> figure, from what its fitted parts cost, (parts, ...): a number of each, or an array."""
    return {"total": costs[0]} if quantity == DELAY else reported(costs)


def reported(fitted: Any) -> dict[str, Any]:
    """Return the `REPORTED` figures from those of the `FITTED` parts, (4, ...)."""
    decode, multiply, alignadd, normacc = fitted
    mpy = decode + multiply
    return {"decode": decode, "mpy": mpy, "alignadd": alignadd, "normacc": normacc, "total": mpy + alignadd + normacc}
