"""The units, the supply and the defaults that a Liberty library states: all else in it is read in their terms.

A card's units are ps, fF, fJ, nW and V, whatever the file's are.
"""

import math
import re
from dataclasses import dataclass

from .card import TechError
from .liberty_syntax import Group

_PREFIX = {"a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_SAME_VOLTAGE = 1e-6


@dataclass(frozen=True)
class Units:
    """Factors from one file's units to ps, fF, nW and V."""

    time_ps: float
    capacitance_ff: float
    leakage_nw: float
    voltage_v: float

    @property
    def energy_fj(self) -> float:
        """Liberty's internal energy is in units of capacitance × voltage²."""
        return self.capacitance_ff * self.voltage_v**2


def units_of(library: Group, file: str) -> Units:
    """Return a library's units; time, leakage and voltage are ns, nW and V where it states none, as Liberty says.

    Raises
    ------
    TechError
        If it states none of capacitance, or one that cannot be read.
    """
    load = library.texts("capacitive_load_unit")
    if len(load) != 2:
        raise TechError(f"{file} states no capacitive_load_unit")
    return Units(
        time_ps=_scale(library.text("time_unit") or "1ns", "s", file) / 1e-12,
        capacitance_ff=_scale("".join(load), "f", file) / 1e-15,
        leakage_nw=_scale(library.text("leakage_power_unit") or "1nW", "w", file) / 1e-9,
        voltage_v=_scale(library.text("voltage_unit") or "1V", "v", file),
    )


def _scale(text: str, unit: str, file: str) -> float:
    match = re.fullmatch(rf"\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?\s*([afpnumk]?){unit}\s*", text, re.IGNORECASE | re.ASCII)
    if match is None or not (amount := float(match[1] or 1)) > 0:
        raise TechError(f"{file} gives the unit {text!r} where one of {unit} is needed, such as 1n{unit}")
    return amount * _PREFIX[match[2].lower()]


def supply_v(library: Group, units: Units, file: str) -> float:
    """Return the supply: of the default operating conditions, of the first ones, nominal, or the highest one named; 0 where none is.

    Raises
    ------
    TechError
        If it cannot be read.
    """
    conditions = library.all("operating_conditions")
    default = library.text("default_operating_conditions")
    chosen = [group for group in conditions if group.arguments[:1] == [default]] or conditions
    stated = (chosen[0].text("voltage") if chosen else None) or library.text("nom_voltage") or "".join(library.texts("voltage_map")[1:2])
    try:
        return finite(stated or "0") * units.voltage_v
    except ValueError as error:
        raise TechError(f"{file}: the supply voltage cannot be read: {error}") from error


def same_supply(one: float, other: float) -> bool:
    """Return whether two supplies in volt are the same."""
    return math.isclose(one, other, rel_tol=_SAME_VOLTAGE)


class NumberError(ValueError):
    """A figure that is none: the file is damaged, not merely of another make."""


def finite(text: str) -> float:
    """Return the number that `text` writes; NumberError where it writes none, or one that is not finite."""
    try:
        number = float(text)
    except ValueError as error:
        raise NumberError(str(error)) from error
    if not math.isfinite(number):
        raise NumberError(f"{text} is not a finite number")
    return number
