"""Learning: from mapped units to coefficients, and how wrong estimates are of units that were not learnt from.

``tables/units.csv`` holds the units: a row for each unit, card and objective, as `hwmodel calibrate --make` has mapped and simulated
them. Every unit is estimated by a fit that has not seen it, and once more by one that has not seen any of its family.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hwmodel.spec import MacSpec

from .calibration import ARCHITECTURES, COVERAGE, TABLES
from .depth import depths
from .model import (
    COUNTED,
    DELAY,
    GROUPS,
    QUANTITIES,
    REPORTED,
    TIMED,
    Figures,
    Fit,
    blank_fit,
    column,
    costs_of,
    fitted_cells,
    glitching_cells,
    parts_of,
    reported,
    told,
)
from .structure import counts

UNITS = "units.csv"
PARTS = REPORTED[:-1]
ANY_FAMILY = "any"
"""The family of units that were drawn from any two formats and any accumulator."""
FOLDS = 10
"""The coverage of intervals is that of each of so many shares of the units by bounds from all others."""


NAMES = ("spec", "family", "card", "objective")
FIGURES = (*(column(quantity, part) for quantity in QUANTITIES for part in PARTS), DELAY, "full_adders", "half_adders", "flip_flops")
COLUMNS = (*NAMES, *FIGURES, "rtl_sha256")
"""Columns of the table; those of `FIGURES` are numbers."""


@dataclass(frozen=True, eq=False)
class UnitSet:
    """The mapped units of one card and objective.

    Attributes
    ----------
    card, objective
        What they were mapped to, and for.
    specs, families : (units,)
        Their names, and of which family each is.
    kinds
        Quantity, of `QUANTITIES` and `DELAY` -> (units, parts, kinds) float64: what is counted of each, see `hwmodel.cost.model`.
    measured
        Quantity -> (units, parts) float64: what the `FITTED` parts cost; the delay is of one part, the whole.
    blank
        Quantity -> the fit before it is learnt.
    """

    card: str
    objective: str
    specs: tuple[str, ...]
    families: np.ndarray
    kinds: Mapping[str, np.ndarray]
    measured: Mapping[str, np.ndarray]
    blank: Mapping[str, Fit]

    def fits(self, quantity: str, seen: np.ndarray | slice = slice(None)) -> tuple[Fit, ...]:
        """Return a fit for each part to the units that are `seen`."""
        kinds, costs, fits = self.kinds[quantity][seen], self.measured[quantity][seen], list[Fit]()
        for part in range(costs.shape[1]):
            there = costs[:, part] > 0
            fits.append(self.blank[quantity].learn(kinds[there, part], costs[there, part]) if there.any() else self.blank[quantity])
        return tuple(fits)

    def estimated(self, quantity: str, fits: Sequence[Fit], which: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return what fits say of the parts of some units, (units, parts)."""
        return costs_of(self.kinds[quantity][which], np.stack([fit.coefficients for fit in fits]))

    def _without(self, quantity: str, held_out: Iterator[np.ndarray]) -> np.ndarray:
        estimates = np.zeros_like(self.measured[quantity])
        for held in held_out:
            estimates[held] = self.estimated(quantity, self.fits(quantity, ~held), held)
        return estimates

    @cached_property
    def left_out(self) -> dict[str, np.ndarray]:
        """Quantity -> (units, parts): what is estimated for each unit by fits that have not seen it."""
        number = np.arange(len(self.specs))
        return {quantity: self._without(quantity, (number == unit for unit in number)) for quantity in self.measured}

    @cached_property
    def left_out_family(self) -> dict[str, np.ndarray]:
        """The same by fits that have not seen any unit of its family."""
        families = list(dict.fromkeys(self.families))
        return {quantity: self._without(quantity, (self.families == family for family in families)) for quantity in self.measured}

    @cached_property
    def weights(self) -> np.ndarray:
        """What units weigh in intervals, (units,): those of any formats and accumulator together as much as all families."""
        drawn = self.families == ANY_FAMILY
        return np.where(drawn, np.mean(~drawn), np.mean(drawn)) if drawn.any() and not drawn.all() else np.ones(len(drawn))

    def ratios(self, quantity: str) -> dict[str, np.ndarray]:
        """Part -> (units,): measured over what is estimated by fits that have not seen the unit; NaN where it has no such part."""
        measured, estimated = (told(quantity, costs[quantity].T) for costs in (self.measured, self.left_out))
        with np.errstate(divide="ignore", invalid="ignore"):
            return {part: np.where(costs > 0, costs / estimated[part], np.nan) for part, costs in measured.items()}


def bounds(ratios: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return the range that a further ratio lies in with a probability of `COVERAGE`, by the ranks of those seen; both (units,).

    A weight says how many of such units a further one is like, more or less than of others.
    """
    there = np.isfinite(ratios)
    if not there.any():
        return 1.0, 1.0  # no unit has the part
    order = np.argsort(ratios[there])
    seen, counted = ratios[there][order], weights[there][order] * (there.sum() / weights[there].sum())
    # Among n + 1 ratios a further one has every rank alike.
    below, above = np.cumsum(counted), np.cumsum(counted[::-1])[::-1]
    rank = (len(seen) + 1) * (1 - COVERAGE) / 2
    low, high = np.interp(rank, below, seen), -np.interp(rank, above[::-1], -seen[::-1])
    return float(min(low, 1.0)), float(max(high, 1.0))


def within(ratios: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return which ratios lie within bounds from those of other shares of the units, (units,) bool; NaN does not."""
    share, inside = np.arange(len(ratios)) % FOLDS, np.zeros(len(ratios), bool)
    for fold in range(FOLDS):
        low, high = bounds(ratios[share != fold], weights[share != fold])
        inside[share == fold] = (ratios[share == fold] >= low) & (ratios[share == fold] <= high)
    return inside


def read_units(path: Path = TABLES / UNITS) -> list[dict[str, Any]]:
    """Return the rows of a table of units, figures as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {name: float(row[name]) for name in FIGURES} for row in csv.DictReader(file)]


def unit_sets(rows: Sequence[Mapping[str, Any]], cards: Mapping[str, Figures]) -> Iterator[UnitSet]:
    """Yield the sets of units that rows are of, given the figures of each card's cells."""
    for card, objective in dict.fromkeys((row["card"], row["objective"]) for row in rows):
        own = [row for row in rows if (row["card"], row["objective"]) == (card, objective)]
        architecture, specs = ARCHITECTURES[objective], [MacSpec.parse(row["spec"]) for row in own]
        kept = [counts(spec, **architecture) for spec in specs]
        cells = np.stack(list(map(fitted_cells, kept)))
        levels = np.stack([depths(spec, **architecture, objective=objective) for spec in specs])
        kinds = dict.fromkeys(COUNTED, cells) | {DELAY: levels.reshape(len(levels), 1, -1)}
        kinds[TIMED] = np.stack(
            [
                glitching_cells(spec, fitted_cells(unit), unit.stages, objective=objective, **architecture)
                for spec, unit in zip(specs, kept, strict=True)
            ]
        )
        measured = {DELAY: np.array([[row[DELAY]] for row in own])}
        for quantity in QUANTITIES:
            decode, mpy, alignadd, normacc = (np.array([row[column(quantity, part)] for row in own]) for part in PARTS)
            measured[quantity] = np.stack([decode, mpy - decode, alignadd, normacc], axis=-1)
        yield UnitSet(
            card=card,
            objective=objective,
            specs=tuple(row["spec"] for row in own),
            families=np.array([row["family"] for row in own]),
            kinds=kinds,
            measured={quantity: measured[quantity] for quantity in (*QUANTITIES, DELAY)},
            blank={quantity: blank_fit(quantity, cards[card], objective) for quantity in (*QUANTITIES, DELAY)},
        )


def learn(units: UnitSet) -> dict[str, Any]:
    """Return what a set of units teaches, as `hwmodel.cost.calibration` reads it."""
    fits = {quantity: units.fits(quantity) for quantity in units.measured}
    largest = {part: float(values.max()) for part, values in reported(units.estimated("area_um2", fits["area_um2"]).T).items()}
    scales = {
        quantity: {part: _named(GROUPS[quantity], fit.scales) for part, fit in zip(parts_of(quantity), each, strict=True)}
        for quantity, each in fits.items()
    }
    spread = {
        quantity: {part: _rounded(bounds(ratios, units.weights)) for part, ratios in units.ratios(quantity).items()} for quantity in fits
    }
    error: dict[str, dict[str, Any]] = {quantity: {} for quantity in fits}
    for row in errors(units):
        if row["family"] == "all":
            error[row["quantity"]][row["part"]] = _named(("mean", "p95", "family"), [row["mean"], row["p95"], row["mean_family_left_out"]])
    return {
        "card": units.card,
        "objective": units.objective,
        "units": len(units.specs),
        "scales": scales,
        "spread": spread,
        "reach": {part: round(area, 1) for part, area in largest.items()},
        "error": error,
    }


def _named(names: Iterable[str], figures: Iterable[float]) -> dict[str, float]:
    return dict(zip(names, _rounded(figures), strict=True))


def _rounded(figures: Iterable[float]) -> list[float]:
    return [round(float(figure), 5) for figure in figures]


def errors(units: UnitSet) -> list[dict[str, Any]]:
    """Return how wrong estimates are of units that were left out of their own fit.

    Returns
    -------
    list of dict
        One row a quantity, part and family (``"all"`` first): `card`, `objective`, `units`, `mean` and `p95` of the absolute relative
        error, `bias` (mean of estimate over mapped, minus 1), `mean_family_left_out`: the same mean where the unit's whole family was
        left out of the fit; `coverage`: the share of units within intervals from other units.
    """
    rows: list[dict[str, Any]] = []
    for quantity, ratios in ((quantity, units.ratios(quantity)) for quantity in units.measured):
        measured, single, whole = (told(quantity, costs[quantity].T) for costs in (units.measured, units.left_out, units.left_out_family))
        for part, costs in measured.items():
            inside = within(ratios[part], units.weights)
            for family in ("all", *dict.fromkeys(units.families)):
                chosen = (costs > 0) & ((family == "all") | (units.families == family))
                if not chosen.any():
                    continue
                relative = single[part][chosen] / costs[chosen] - 1
                unseen = whole[part][chosen] / costs[chosen] - 1
                row: dict[str, Any] = {"card": units.card, "objective": units.objective, "quantity": quantity, "part": part}
                row |= {"family": str(family), "units": int(chosen.sum())}
                row |= {"mean": float(np.abs(relative).mean()), "p95": float(np.quantile(np.abs(relative), 0.95))}
                row |= {"bias": float(relative.mean()), "mean_family_left_out": float(np.abs(unseen).mean())}
                row["coverage"] = float(inside[chosen].mean())
                rows.append(row)
    return rows


def coefficients_text(fits: Sequence[Mapping[str, Any]], cards: Mapping[str, Mapping[str, Any]], made: Mapping[str, Any]) -> str:
    """Return the file of coefficients: what was learnt, of which cards (`sha256`, `process`, `cells`), and how the units were made."""
    head = json.dumps({**made, "cards": cards}, indent=1)
    return head[:-2] + ',\n "fits": [\n' + ",\n".join("  " + json.dumps(fit) for fit in fits) + "\n ]\n}\n"
