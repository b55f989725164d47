"""The model that estimates rest on: what a part costs is a sum over kinds of cell, and each kind's weight is learnt.

Each fitted part's figure is modelled as

    certain + sum over groups of scale[group] × counted[group]

where `certain` is what needs no learning (flip-flops' area and clock energy: their number and cell are known), and each group is a kind
of cell whose counts are multiplied by the card's own figure for it. The scales, none negative, are least squares of the relative error.
They are all there is to learn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .structure import UnitCounts
from .tally import CELLS

FITTED = ("decode", "multiply", "alignadd", "normacc")
"""The parts that are fitted; mpy is decode and multiply together."""

QUANTITIES = ("area_um2", "energy_fj", "energy_timed_fj")
"""Energies are of one step: of settled values, and with glitches."""

REPORTED = ("decode", "mpy", "alignadd", "normacc", "total")

AREA_GROUPS: Mapping[str, tuple[str, ...]] = {
    "adders": ("full_adder", "half_adder"),
    "xor": ("xor2",),
    "mux": ("mux2",),
    "gates": ("gate2", "inverter"),
}
ENERGY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "adders": ("full_adder", "half_adder"),
    "xor": ("xor2",),
    "others": ("mux2", "gate2", "inverter", "flip_flop"),
}
"""How often outputs change in a cycle: those of sums in every other one, those of gates that select or mask less."""

GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "area_um2": AREA_GROUPS,
    "energy_fj": ENERGY_GROUPS,
    "energy_timed_fj": ENERGY_GROUPS,
}

_PASSES = 3

Figures = Mapping[str, Mapping[str, float]]
"""Of each kind of cell on a card: ``area_um2``, ``toggle_fj`` of its outputs, ``clock_fj`` a cycle."""


@dataclass(frozen=True, eq=False)
class Fit:
    """One quantity of one part.

    Attributes
    ----------
    certain : (14,) float64
        Cost of one cell, see `fitted_cells`, that is taken at face value.
    groups : (groups, 14) float64
        The card's figure of each cell, in the row of its group, else 0.
    scales : (groups,) float64
        What each group is multiplied by.
    """

    certain: np.ndarray
    groups: np.ndarray
    scales: np.ndarray

    @property
    def coefficients(self) -> np.ndarray:
        """Cost of one cell, placed or at work, (14,) float64."""
        return self.certain + self.scales @ self.groups

    def scaled(self, scales: Sequence[float] | np.ndarray) -> "Fit":
        """Return the fit with other scales."""
        return Fit(self.certain, self.groups, np.array(scales, float))

    def learn(self, cells: np.ndarray, measured: np.ndarray) -> "Fit":
        """Return the fit to units with `cells` (units, 14) and a `measured` cost above 0 (units,)."""
        features, rest = cells @ self.groups.T, measured - cells @ self.certain
        scales = _least_squares(features / measured[:, np.newaxis], rest / measured)
        for _ in range(_PASSES):
            # Relative to the estimate, not to what was measured: else units that cost little pull all estimates down.
            estimated = np.maximum(features @ scales + cells @ self.certain, measured / 20)
            scales = _least_squares(features / estimated[:, np.newaxis], rest / estimated)
        return self.scaled(scales)


def _least_squares(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least-squares scales, none negative: groups that want to be are left out, the worst first."""
    scales = np.zeros(features.shape[1])
    free = [group for group in range(features.shape[1]) if features[:, group].any()]
    while free:
        solution = np.linalg.lstsq(features[:, free], target, rcond=None)[0]
        if solution.min() >= 0:
            scales[free] = solution
            break
        del free[int(solution.argmin())]
    return scales


def blank_fit(quantity: str, figures: Figures) -> Fit:
    """Return the unlearnt fit of one of `QUANTITIES` from the figures of a card's cells."""
    figure, certain = ("area_um2", "area_um2") if quantity == "area_um2" else ("toggle_fj", "clock_fj")
    groups = np.stack([_placed(figures, figure, kinds) for kinds in GROUPS[quantity].values()])
    if quantity != "area_um2":
        groups = np.roll(groups, len(CELLS), axis=1)  # of cells at work
    return Fit(_placed(figures, certain, ["flip_flop"]), groups, np.ones(len(groups)))


def _placed(figures: Figures, figure: str, kinds: Sequence[str]) -> np.ndarray:
    return np.array([figures[cell][figure] if cell in kinds else 0.0 for cell in CELLS] + [0.0] * len(CELLS))


def fitted_cells(unit: UnitCounts) -> np.ndarray:
    """Return the cells of the `FITTED` parts, (4, 14) float64: those placed, then those at work in an average cycle."""
    decode = unit.decode.cells()
    placed = np.array([decode, unit.mpy.cells() - decode, unit.alignadd.cells(), unit.normacc.cells()])
    working = placed.copy()
    working[2] -= unit.idle_alignadd
    working[3] -= unit.idle_normacc
    return np.hstack([placed, working])


def column(quantity: str, part: str = "total", bound: str = "") -> str:
    """Return the name of a figure's column: ``area_mpy_low_um2`` of ``area_um2``, ``mpy`` and ``low``."""
    stem, unit = quantity.rsplit("_", 1)
    return "_".join([stem, *([] if part == "total" else [part]), *([bound] if bound else []), unit])


def reported(fitted: np.ndarray) -> dict[str, np.ndarray]:
    """Return the `REPORTED` figures from (..., 4) values of the `FITTED` parts."""
    decode, multiply, alignadd, normacc = np.moveaxis(fitted, -1, 0)
    mpy = decode + multiply
    return dict(zip(REPORTED, (decode, mpy, alignadd, normacc, mpy + alignadd + normacc), strict=True))
