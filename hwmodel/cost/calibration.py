"""Calibration: what mapped units say a cell of each part costs, and how far an estimate can be off.

A card's table (``tables/<card>.json``) holds the figures of its cells and mapped units of every family, by part. It is made by
``python -m hwmodel.report.calibration CARD`` and read here. Each fitted part's figure is modelled as

    certain + sum over groups of scale[group] × counted[group]

where `certain` is what needs no learning (flip-flops' area and clock energy: their number and cell are known), and each group is a kind
of cell whose counts are multiplied by the card's own figure for it. The scales, none negative, are least squares of the relative error,
pulled a little towards one scale for all. They are all there is to learn.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hwmodel.spec import MacSpec, SpecError

from .structure import UnitCounts, counts
from .tally import CELLS

TABLES = Path(__file__).parent / "tables"
FITTED = ("decode", "multiply", "alignadd", "normacc")
"""The parts that are fitted; mpy is decode and multiply together."""

QUANTITIES = ("area_um2", "energy_fj")
COVERAGE = 0.9
"""Share of the calibration units, each left out of its own fit, that the intervals contain."""
_PASSES = 4
_PULL = 0.17
"""How much relative error of one unit weighs as much as a scale that is off by all of what the part's scales have in common.

So little that what units tell decides, and enough where they tell nothing: of kinds that a part of theirs has not, or has in proportion.
"""

AREA_GROUPS: Mapping[str, tuple[str, ...]] = {
    "adders": ("full_adder",),
    "half adders": ("half_adder",),
    "xor": ("xor2",),
    "mux": ("mux2",),
    "gates": ("gate2", "inverter"),
    "prefix": ("prefix",),
    "wide": ("wide",),
    "masks": ("mask",),
    "strong masks": ("strong_mask",),
}
ENERGY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "adders": ("full_adder", "half_adder"),
    "xor": ("xor2", "prefix"),
    "others": ("mux2", "gate2", "wide", "mask", "strong_mask", "inverter", "flip_flop"),
}
"""How often outputs change in a cycle: those of sums in every other one, those of gates that select or mask less."""

COMPOSED: Mapping[str, Mapping[str, float]] = {
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

COLUMNS = (
    "spec",
    "family",
    *(f"area_{part}_um2" for part in ("decode", "mpy", "alignadd", "normacc")),
    *(f"energy_{part}_fj" for part in ("decode", "mpy", "alignadd", "normacc")),
    "full_adders",
    "half_adders",
    "flip_flops",
)
"""Columns of a table; all but the first two are numbers."""


class CostError(ValueError):
    """An estimate that cannot be made; the message is one sentence that says why."""


class Card(Protocol):
    """What must be known of a tech card to tell whether a table was made from it; `hwmodel.flow.TechCard` is one."""

    @property
    def name(self) -> str:
        """The card's name, which is also its table's."""

    @property
    def sha256(self) -> str:
        """Hash of the card's figures."""


@dataclass(frozen=True, eq=False)
class Fit:
    """One quantity of one part.

    Attributes
    ----------
    certain : (2 cells,) float64
        Cost of one cell, see `fitted_cells`, that is taken at face value.
    groups : (groups, 2 cells) float64
        The card's figure of each cell, in the row of its group, else 0.
    scales : (groups,) float64
        What each group is multiplied by.
    """

    certain: np.ndarray
    groups: np.ndarray
    scales: np.ndarray

    @property
    def coefficients(self) -> np.ndarray:
        """Cost of one cell, placed or at work, (2 cells,) float64."""
        return self.certain + self.scales @ self.groups

    def learn(self, cells: np.ndarray, measured: np.ndarray) -> "Fit":
        """Return the fit to units with `cells` (units, 2 cells) and a `measured` cost above 0 (units,)."""
        features, rest = cells @ self.groups.T, measured - cells @ self.certain
        estimated = measured
        for _ in range(_PASSES):
            scales = _least_squares(features / estimated[:, np.newaxis], rest / estimated)
            # Relative to the estimate, not to what was measured: else units that cost little pull all estimates down.
            estimated = np.maximum(features @ scales + cells @ self.certain, measured / 20)
        return Fit(self.certain, self.groups, scales)


def _least_squares(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least-squares scales, pulled towards one for all, none negative: groups that want to be are left out, the worst first."""
    groups, whole = features.shape[1], features.sum(axis=1)
    common = max(whole @ target / (whole @ whole), 0.0)
    features = np.vstack([features, _PULL / max(common, _PULL) * np.eye(groups)])
    target = np.concatenate([target, np.full(groups, _PULL / max(common, _PULL) * common)])
    scales = np.zeros(features.shape[1])
    free = list(range(groups))
    while free:
        solution = np.linalg.lstsq(features[:, free], target, rcond=None)[0]
        if solution.min() >= 0:
            scales[free] = solution
            break
        del free[int(solution.argmin())]
    return scales


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a card's table teaches.

    Attributes
    ----------
    card, process, objective
        Names.
    card_sha256
        Hash of the figures of the card that was mapped to.
    adder, multiplier
        How the mapped units were built; estimates are of units built so.
    tools
        Versions of what made the table.
    specs, families
        The units.
    measured
        Quantity -> (units, 4): mapped cost of the `FITTED` parts; energy may be absent.
    fits
        Quantity -> one fit for each of `FITTED`.
    left_out
        Quantity -> (units, 4): what is estimated for each unit by fits that have not seen it.
    left_out_family
        The same by fits that have not seen any unit of its family.
    spread
        Quantity -> part (mpy, alignadd, normacc, total, and decode) -> the lower and upper bound of cost over estimate.
    """

    card: str
    card_sha256: str
    process: str
    objective: str
    adder: str
    multiplier: str
    tools: Mapping[str, str]
    specs: tuple[str, ...]
    families: tuple[str, ...]
    measured: Mapping[str, np.ndarray]
    fits: Mapping[str, tuple[Fit, ...]]
    left_out: Mapping[str, np.ndarray]
    left_out_family: Mapping[str, np.ndarray]
    spread: Mapping[str, Mapping[str, tuple[float, float]]]

    @cached_property
    def coefficients(self) -> dict[str, np.ndarray]:
        """Quantity -> (4, 2 cells): cost of one cell, placed or at work, in each of the `FITTED` parts."""
        return {quantity: np.stack([fit.coefficients for fit in fits]) for quantity, fits in self.fits.items()}


def fitted_cells(unit: UnitCounts) -> np.ndarray:
    """Return the cells of the `FITTED` parts, (4, 2 cells) float64: those placed, then those at work in an average cycle."""
    decode = unit.decode.cells()
    placed = np.array([decode, unit.mpy.cells() - decode, unit.alignadd.cells(), unit.normacc.cells()])
    working = placed.copy()
    working[2] -= unit.idle_alignadd
    working[3] -= unit.idle_normacc
    return np.hstack([placed, working])


def reported(fitted: np.ndarray) -> dict[str, np.ndarray]:
    """Return decode, mpy, alignadd, normacc and total from (..., 4) values of the `FITTED` parts."""
    decode, multiply, alignadd, normacc = np.moveaxis(fitted, -1, 0)
    mpy = decode + multiply
    return {"decode": decode, "mpy": mpy, "alignadd": alignadd, "normacc": normacc, "total": mpy + alignadd + normacc}


def calibrated_cards() -> list[str]:
    """Return the names of the cards that have a table."""
    return sorted(path.stem for path in TABLES.glob("*.json"))


@lru_cache(maxsize=8)
def load_calibration(card: str = "sky130hd") -> Calibration:
    """Return what the table of `card` teaches; fitting takes about a tenth of a second, once.

    Raises
    ------
    CostError
        If the card has no table, or the table does not fit this version.
    """
    path = TABLES / f"{card}.json"
    if card not in calibrated_cards():
        raise CostError(f"no estimate is calibrated for the card {card!r}; calibrated cards: {', '.join(calibrated_cards())}")
    try:
        return learn(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, IndexError, json.JSONDecodeError, SpecError) as error:
        raise CostError(f"{path} is not a calibration table: {type(error).__name__}: {error}") from error


def calibration_of(card: str | Card) -> Calibration:
    """Return the calibration of a card: of the bundled one of that name, or of a card at hand if the table was made from its figures.

    Raises
    ------
    CostError
        If there is none, or it was made from another card of the same name.
    """
    if isinstance(card, str):
        return load_calibration(card)
    calibration = load_calibration(card.name)
    if calibration.card_sha256 != card.sha256:
        raise CostError(
            f"the card {card.name!r} has other figures than the card of that name that estimates were calibrated on; "
            f"give it a name of its own"
        )
    return calibration


def is_calibrated(card: Card) -> bool:
    """Return whether estimates can be made for a card."""
    return card.name in calibrated_cards() and load_calibration(card.name).card_sha256 == card.sha256


def learn(table: Mapping) -> Calibration:
    """Return what a table teaches."""
    columns = {name: [row[i] for row in table["rows"]] for i, name in enumerate(table["columns"])}
    architecture = table["architecture"]
    units = [counts(MacSpec.parse(name), **architecture) for name in columns["spec"]]
    cells = np.stack([fitted_cells(unit) for unit in units])  # units, parts, cells placed and at work
    measured, fits, left_out, left_out_family, spread = {}, {}, {}, {}, {}
    for quantity, blank in zip(QUANTITIES, _blank_fits(table["cells"]), strict=True):
        kind, unit_name = quantity.split("_")
        by_part = [np.array(columns[f"{kind}_{part}_{unit_name}"], float) for part in ("decode", "mpy", "alignadd", "normacc")]
        by_part[1] = by_part[1] - by_part[0]
        costs = measured[quantity] = np.stack(by_part, axis=-1)
        singles = [np.arange(len(units)) == unit for unit in range(len(units))]
        families = [np.array(columns["family"]) == family for family in dict.fromkeys(columns["family"])]
        fits[quantity] = tuple(_fit(blank, cells[:, part], costs[:, part]) for part in range(len(FITTED)))
        left_out[quantity] = _without(blank, cells, costs, singles)
        left_out_family[quantity] = _without(blank, cells, costs, families)
        spread[quantity] = _spread(reported(costs), reported(left_out[quantity]))
    return Calibration(
        card=table["card"],
        card_sha256=table["card_sha256"],
        process=table["process"],
        objective=table["objective"],
        adder=architecture["adder"],
        multiplier=architecture["multiplier"],
        tools=dict(table["tools"]),
        specs=tuple(columns["spec"]),
        families=tuple(columns["family"]),
        measured=measured,
        fits=fits,
        left_out=left_out,
        left_out_family=left_out_family,
        spread=spread,
    )


def _blank_fits(figures: Mapping[str, Mapping[str, float]]) -> tuple[Fit, Fit]:
    """Return the unlearnt fits of area and energy from the figures of a card's cells."""

    def placed(figure: str, kinds: Sequence[str]) -> np.ndarray:
        return np.array([composed_figure(figures, cell, figure) if cell in kinds else 0.0 for cell in CELLS] + [0.0] * len(CELLS))

    area_groups = np.stack([placed("area_um2", kinds) for kinds in AREA_GROUPS.values()])
    energy_groups = np.stack([np.roll(placed("toggle_fj", kinds), len(CELLS)) for kinds in ENERGY_GROUPS.values()])
    return (
        Fit(placed("area_um2", ["flip_flop"]), area_groups, np.ones(len(area_groups))),
        Fit(placed("clock_fj", ["flip_flop"]), energy_groups, np.ones(len(energy_groups))),
    )


def composed_figure(figures: Mapping[str, Mapping[str, float]], cell: str, figure: str) -> float:
    """Return a figure of a cell, or what it is composed of where it is no cell of the card's."""
    parts = COMPOSED.get(cell, {cell: 1.0})
    return sum(share * figures[part][figure] for part, share in parts.items())


def _fit(blank: Fit, cells: np.ndarray, costs: np.ndarray) -> Fit:
    """Fit the units that have the part at all."""
    there = costs > 0
    return blank.learn(cells[there], costs[there])


def _without(blank: Fit, cells: np.ndarray, costs: np.ndarray, held_out: Sequence[np.ndarray]) -> np.ndarray:
    """Return (units, parts): each set of units in `held_out` estimated from all others."""
    estimates = np.zeros_like(costs)
    for held in held_out:
        for part in range(len(FITTED)):
            fit = _fit(blank, cells[~held, part], costs[~held, part])
            estimates[held, part] = cells[held, part] @ fit.coefficients
    return estimates


def _spread(measured: Mapping[str, np.ndarray], estimated: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Return, for each part, the range that `COVERAGE` of the ratios of measured to estimated lie in."""
    bounds = {}
    for part, costs in measured.items():
        there = (costs > 0) & (estimated[part] > 0)
        ratios = costs[there] / estimated[part][there]
        low, high = np.quantile(ratios, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
        bounds[part] = (float(min(low, 1.0)), float(max(high, 1.0)))
    return bounds


def calibration_error(card: str | Card = "sky130hd") -> list[dict[str, Any]]:
    """Return how wrong estimates of the calibration units are when each unit is left out of its own fit.

    Returns
    -------
    list of dict
        One row a quantity, part and family (``"all"`` first): `units`, `mean` and `p95` of the absolute relative error, `bias` (mean of
        estimate over mapped, minus 1), and `mean_family_left_out`: the same mean where the unit's whole family was left out of the fit.
    """
    calibration = calibration_of(card)
    families = np.array(calibration.families)
    rows: list[dict[str, Any]] = []
    for quantity in QUANTITIES:
        measured = reported(calibration.measured[quantity])
        single, whole = reported(calibration.left_out[quantity]), reported(calibration.left_out_family[quantity])
        for part, costs in measured.items():
            for family in ("all", *dict.fromkeys(calibration.families)):
                chosen = (costs > 0) & ((family == "all") | (families == family))
                if not chosen.any():
                    continue
                relative = single[part][chosen] / costs[chosen] - 1
                unseen = whole[part][chosen] / costs[chosen] - 1
                rows.append(
                    {
                        "quantity": quantity,
                        "part": part,
                        "family": family,
                        "units": int(chosen.sum()),
                        "mean": float(np.abs(relative).mean()),
                        "p95": float(np.quantile(np.abs(relative), 0.95)),
                        "bias": float(relative.mean()),
                        "mean_family_left_out": float(np.abs(unseen).mean()),
                    }
                )
    return rows
