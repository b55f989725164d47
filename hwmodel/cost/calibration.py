"""Calibration: what a cell of each part costs on a card, built and mapped for an objective, and how far an estimate can be off.

``tables/coefficients.json`` holds what `hwmodel.cost.learning` learnt from ``tables/units.csv``, some hundred mapped units; a test holds
the two together. Cards of one's own have such files in a folder of the user's. What is learnt is said in `hwmodel.cost.model`.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .model import COUNTED, GROUPS, Figures, Fit, blank_fit, parts_of

TABLES = Path(__file__).parent / "tables"
COEFFICIENTS = "coefficients.json"
COVERAGE = 0.9
"""Share of units that the intervals are to contain."""

ARCHITECTURES: Mapping[str, Mapping[str, str]] = {
    "area": {"adder": "ripple", "multiplier": "baugh_wooley"},
    "balanced": {"adder": "brent_kung", "multiplier": "baugh_wooley"},
    "delay": {"adder": "sklansky", "multiplier": "baugh_wooley"},
}
"""By objective, how the units are built that estimates are learnt from, and that they are of."""

_FOLDER_NAME = re.compile(r"\w[\w.+-]*")

REACH = 1.25
"""How much larger than the largest calibrated one a part may be before its estimate is called an extrapolation."""


class CostError(ValueError):
    """An estimate that cannot be made; the message is one sentence that says why."""


class Card(Protocol):
    """What must be known of a tech card to tell whether a table was made from it; `hwmodel.flow.TechCard` is one."""

    @property
    def name(self) -> str:
        """The card's name, which is also the one that its coefficients have."""

    @property
    def sha256(self) -> str:
        """Hash of the card's figures."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was learnt of one card for one objective.

    Attributes
    ----------
    card, process, objective
        Names.
    card_sha256
        Hash of the figures of the card that was mapped to.
    units
        How many units were learnt from.
    fits
        Quantity (`hwmodel.cost.model.QUANTITIES`, and the delay) -> one fit for each of its parts.
    spread
        Quantity -> part (decode, mpy, alignadd, normacc, total) -> the lower and upper bound of cost over estimate.
    reach
        Part -> the area estimated for the largest unit learnt from.
    error
        Quantity -> part -> ``mean``, ``p95`` of the absolute relative error of units left out of their own fit, and ``family``: the mean
        where their whole family was left out.
    """

    card: str
    card_sha256: str
    process: str
    objective: str
    units: int
    fits: Mapping[str, tuple[Fit, ...]]
    spread: Mapping[str, Mapping[str, tuple[float, float]]]
    reach: Mapping[str, float]
    error: Mapping[str, Mapping[str, Mapping[str, float]]]

    @property
    def architecture(self) -> Mapping[str, str]:
        """How the units that estimates are of are built: `adder` and `multiplier`."""
        return ARCHITECTURES[self.objective]

    @cached_property
    def coefficients(self) -> dict[str, np.ndarray]:
        """Quantity -> (parts, kinds): cost of one of each kind in each of the quantity's fitted parts."""
        return {quantity: np.stack([fit.coefficients for fit in fits]) for quantity, fits in self.fits.items()}

    @cached_property
    def counted(self) -> np.ndarray:
        """The coefficients of the quantities that follow from counts alone, (2, parts, kinds) float64."""
        return np.stack([self.coefficients[quantity] for quantity in COUNTED])


@lru_cache(maxsize=16)
def stored(folder: Path | None = None) -> Mapping[str, Any]:
    """Return what the file of coefficients in a folder says: ``cards``, ``fits`` by card and objective, and the file's ``sha256``.

    The folder is that of the bundled cards if none is given.
    """
    path = (folder or TABLES) / COEFFICIENTS
    try:
        content = path.read_bytes()
        found = json.loads(content)
        fits = {(each["card"], each["objective"]): each for each in found["fits"]}
        return {"cards": dict(found["cards"]), "fits": fits, "sha256": hashlib.sha256(content).hexdigest()}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CostError(f"{path} holds no coefficients: {type(error).__name__}: {error}") from error


def tables_of(card: str) -> Path:
    """Return the folder of what was, or is to be, learnt of a card: a user's own has one below ``$XDG_DATA_HOME`` or ``~/.local/share``.

    Raises
    ------
    CostError
        If the card's name cannot be that of a folder.
    """
    if card in stored()["cards"]:
        return TABLES
    if not _FOLDER_NAME.fullmatch(card):
        raise CostError(f"the name of the card {card!r} cannot be that of a folder; name it by letters, digits and . _ + -")
    return _own_tables() / card


def _own_tables() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hwmodel" / "calibrations"


def stored_of(card: str) -> Mapping[str, Any]:
    """Return what is stored of a card, as `stored`; empty if nothing was learnt of it."""
    known = card in stored()["cards"] or (_FOLDER_NAME.fullmatch(card) and (tables_of(card) / COEFFICIENTS).is_file())
    return stored(tables_of(card)) if known else {"cards": {}, "fits": {}, "sha256": ""}


def calibrated_cards(objective: str | None = None) -> list[str]:
    """Return the names of the cards that estimates can be made for, for any objective or for one; a user's own are among them."""
    own = [path.parent.name for path in _own_tables().glob(f"*/{COEFFICIENTS}")]
    pairs = [pair for name in (*stored()["cards"], *own) for pair in stored_of(name)["fits"]]
    return sorted({card for card, of in pairs if objective in (None, of)})


@lru_cache(maxsize=16)
def load_calibration(card: str = "sky130hd", objective: str = "balanced") -> Calibration:
    """Return what was learnt of a card for an objective.

    Raises
    ------
    CostError
        If nothing was.
    """
    if objective not in ARCHITECTURES:
        raise CostError(f"no estimates are made for the objective {objective!r}; there are some for {', '.join(ARCHITECTURES)}")
    coefficients = stored_of(card)
    if card not in coefficients["cards"]:
        raise CostError(
            f"no estimate is calibrated for the card {card!r}; calibrated cards: {', '.join(calibrated_cards())}; "
            "hwmodel calibrate --make --card FILE learns those of another"
        )
    if (card, objective) not in coefficients["fits"]:
        there = [of for of in ARCHITECTURES if (card, of) in coefficients["fits"]]
        raise CostError(
            f"no estimate is calibrated for the objective {objective!r} on the card {card!r}; there it is for {', '.join(there)}"
        )
    about, found = coefficients["cards"][card], coefficients["fits"][card, objective]
    try:
        return Calibration(
            card=card,
            card_sha256=about["sha256"],
            process=about["process"],
            objective=objective,
            units=found["units"],
            fits={quantity: _fits(quantity, about["cells"], objective, found["scales"][quantity]) for quantity in GROUPS},
            spread={quantity: {part: (low, high) for part, (low, high) in found["spread"][quantity].items()} for quantity in GROUPS},
            reach=found["reach"],
            error=found["error"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CostError(
            f"{tables_of(card) / COEFFICIENTS} holds no coefficients of this version ({type(error).__name__}: {error}); "
            "hwmodel calibrate --make learns them anew"
        ) from error


def _fits(quantity: str, figures: Figures, objective: str, scales: Mapping[str, Mapping[str, float]]) -> tuple[Fit, ...]:
    blank = blank_fit(quantity, figures, objective)
    return tuple(blank.scaled([scales[part][group] for group in GROUPS[quantity]]) for part in parts_of(quantity))


def calibration_of(card: str | Card, objective: str = "balanced") -> Calibration:
    """Return the calibration of a card: of the bundled one of that name, or of a card at hand if it has the figures that were mapped to.

    Raises
    ------
    CostError
        If there is none, or it was made from another card of the same name.
    """
    if isinstance(card, str):
        return load_calibration(card, objective)
    calibration = load_calibration(card.name, objective)
    if calibration.card_sha256 != card.sha256:
        raise CostError(
            f"the card {card.name!r} has other figures than the card of that name that estimates were calibrated on; "
            f"give it a name of its own, or learn anew with hwmodel calibrate --make"
        )
    return calibration


def is_calibrated(card: Card, objective: str = "balanced") -> bool:
    """Return whether estimates can be made for a card and an objective."""
    there = (card.name, objective) in stored_of(card.name)["fits"]
    return there and load_calibration(card.name, objective).card_sha256 == card.sha256
