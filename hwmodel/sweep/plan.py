"""A sweep file: TOML that says which units there are and what to compute of each. `docs/sweeps.md` describes it."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwmodel.cost.calibration import ARCHITECTURES
from hwmodel.spec.errors import nearest

from .axes import MAKING, Axis, Choice, choices, making_values
from .errors import SweepError
from .filters import parse_filter
from .space import Batch, Space
from .templates import expand

MAX_UNASKED = 10**7
"""Rows that are computed without asking."""

_SPACE_KEYS = ("unit", "a", "b", "acc", "lanes", "pipeline", *MAKING, "filter")
_DEFAULTS: Mapping[str, list[str]] = {
    "lanes": ["1"],
    "pipeline": ["0"],
    "card": ["sky130hd"],
    "objective": ["balanced"],
    "multiplier": ["baugh_wooley"],
    "paths": ["single"],
}
_ADDER = "brent_kung"
"""Of objectives that there are no estimates for."""

VIEWS = ("estimate", "synth", "energy", "error")


@dataclass(frozen=True)
class SynthOptions:
    """How units are mapped.

    Attributes
    ----------
    explore
        Whether the objective also chooses the architecture, as `hwmodel synth --objective` does.
    clock_ps
        Longest path allowed, of explored units; None: any.
    """

    explore: bool = False
    clock_ps: float | None = None


@dataclass(frozen=True)
class EnergyOptions:
    """What is switched: Gaussian operands.

    Attributes
    ----------
    seed, streams
        Of the operands, and how many streams of them; None: as `hwmodel synth` has them.
    glitches
        Whether to simulate with delays too, which takes by far the most time.
    """

    seed: int | None = None
    streams: int | None = None
    glitches: bool = False


@dataclass(frozen=True)
class ErrorOptions:
    """What dot products are measured on, as in `hwmodel error`: `rows` dot products of `length` from each of `seeds` seeds."""

    data: str = "gaussian"
    length: int = 1024
    rows: int = 64
    seed: int = 0
    seeds: int = 4
    scale: str = "tensor"
    clip: str = "amax"


@dataclass(frozen=True)
class EstimateOptions:
    """What is estimated: area and energy, or, if `timed`, energy with glitches and delay, too, which take far longer."""

    timed: bool = False


_OPTIONS: Mapping[str, type] = {"estimate": EstimateOptions, "synth": SynthOptions, "energy": EnergyOptions, "error": ErrorOptions}


@dataclass(frozen=True)
class Compute:
    """What is computed of each row; None: not that."""

    estimate: EstimateOptions | None = None
    synth: SynthOptions | None = None
    energy: EnergyOptions | None = None
    error: ErrorOptions | None = None

    @property
    def views(self) -> tuple[str, ...]:
        """What is computed, in the order of `VIEWS`."""
        return tuple(view for view in VIEWS if getattr(self, view) is not None)


@dataclass(frozen=True, eq=False)
class Plan:
    """What a sweep file says."""

    spaces: tuple[Space, ...]
    compute: Compute

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(space.count for space in self.spaces)

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield the rows of all spaces in order, at most `size` at a time."""
        for space in self.spaces:
            yield from space.batches(size)

    @property
    def unit_note(self) -> str:
        """What `hwmodel.spec.MacSpec.unit_note` says of some unit, or an empty string."""
        return next(filter(None, (space.unit_note for space in self.spaces)), "")

    @property
    def cards(self) -> tuple[str, ...]:
        """The cards that rows are of."""
        return tuple(dict.fromkeys(choice.name for space in self.spaces for axis in space.axes for choice in axis.choices.get("card", ())))


def read_plan(path: Path) -> Plan:
    """Return what the sweep file `path` says.

    Raises
    ------
    SweepError
        If it cannot be read, or says what cannot be done.
    SpecError
        If a name in it names nothing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SweepError(f"the sweep file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SweepError(f"the sweep file {path} is not text in UTF-8") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SweepError(f"the sweep file {path} is not TOML: {error}") from error
    return parse_plan(data, path.name)


def parse_plan(data: Mapping[str, Any], where: str = "the sweep") -> Plan:
    """Return what the tables of a sweep file say.

    Raises
    ------
    SpecError, SweepError
        As `read_plan`.
    """
    _check_keys(where, data, ("space", "compute"))
    tables = data.get("space")
    for table in tables if isinstance(tables, list) else [tables]:
        if not isinstance(table, dict):
            raise SweepError(f'{where}: a table [space] says which units there are, for example a = "int8" and acc = "fx32"')
    several = isinstance(tables, list)
    spaces = [_space(f"{where}, [[space]] {at}" if several else f"{where}, [space]", each) for at, each in enumerate(_list(tables), 1)]
    compute = _compute(f"{where}, [compute]", data.get("compute", {"estimate": True}))
    if compute.synth is not None and compute.synth.explore:
        for key in ("adder", "multiplier", "paths"):
            if any(key in table for table in _list(tables)):
                raise SweepError(f"{where}: explore chooses adder, multiplier and paths; leave out {key}")
    return Plan(tuple(spaces), compute)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _check_keys(where: str, table: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for key in table:
        if key not in allowed:
            raise SweepError(f"{where}: there is no key {key!r}; allowed are {', '.join(allowed)}{nearest(key, allowed)}")


def _space(where: str, table: Mapping[str, Any]) -> Space:
    _check_keys(where, table, _SPACE_KEYS)
    apart = ("a", "b", "acc", "lanes", "pipeline")
    axes: list[Axis] = []
    if "unit" in table:
        if mixed := [key for key in apart if key in table]:
            raise SweepError(f"{where}: unit names whole units, so {mixed[0]} says it twice; leave one of them out")
        axes.append(Axis({"unit": choices(where, "unit", _texts(where, "unit", table["unit"]))}))
    else:
        for key in ("a", "acc"):
            if key not in table:
                raise SweepError(f"{where}: {key} is missing; a space names a and acc, or whole units by unit")
        a = choices(where, "a", _texts(where, "a", table["a"]))
        if table.get("b", "same") == "same":
            axes.append(Axis({"a": a, "b": a}))
        else:
            axes += [Axis({"a": a}), Axis({"b": choices(where, "b", _texts(where, "b", table["b"]))})]
        axes.append(Axis({"acc": choices(where, "acc", _texts(where, "acc", table["acc"]))}))
        axes += [Axis({key: _numbers(where, key, table.get(key, _DEFAULTS[key]))}) for key in ("lanes", "pipeline")]
    for key in MAKING:
        if key == "adder" and key not in table:
            continue
        texts = _texts(where, key, table[key] if key in table else _DEFAULTS[key])
        names = list(dict.fromkeys(each for text in texts for each in expand(text)))
        if key in table:
            _check_making(where, key, names)
        chosen = {key: _named(names)}
        if key == "objective" and "adder" not in table:
            # As estimates have it, so that what is mapped can be held against what is estimated.
            chosen["adder"] = _named([ARCHITECTURES[name]["adder"] if name in ARCHITECTURES else _ADDER for name in names])
        axes.append(Axis(chosen))
    filters = table.get("filter", [])
    if not isinstance(filters, list):
        raise SweepError(f'{where}: filter is a list of comparisons, as in [["a.width", "<=", 8]]')
    return Space(tuple(axes), tuple(parse_filter(where, each) for each in filters))


def _named(names: Iterable[str]) -> list[Choice]:
    return [Choice(name, name) for name in names]


def _texts(where: str, key: str, value: Any) -> list[str]:
    found = _list(value)
    if not found or not all(isinstance(each, str) for each in found):
        raise SweepError(f"{where}: {key} is a text or a list of texts, and not {value!r}")
    return found


_DIGITS = 9
"""Of lanes and pipeline: more than there can be, and few enough to be counted with."""


def _numbers(where: str, key: str, value: Any) -> list[Choice]:
    """Return whole numbers, given as such or by templates."""
    numbers: list[int] = []
    for each in _list(value):
        texts = expand(each) if isinstance(each, str) else [str(each)]
        if isinstance(each, bool) or not all(text.strip().isdecimal() for text in texts):
            raise SweepError(
                f'{where}: {key} is whole numbers from 0 on or templates of them, as in [1, 4] or "{{1..64*2}}", and not {each!r}'
            )
        if long := [text for text in texts if len(text.strip()) > _DIGITS]:
            raise SweepError(f"{where}: {key} {long[0]} has more than {_DIGITS} digits")
        numbers += map(int, texts)
    if not numbers:
        raise SweepError(f"{where}: {key} is an empty list")
    return [Choice(str(number), number) for number in dict.fromkeys(numbers)]


def _check_making(where: str, key: str, names: Iterable[str]) -> None:
    """Refuse cards, objectives and architectures that there are none of."""
    if key == "card":
        from hwmodel.flow import load_card

        for name in names:
            load_card(name)
        return
    allowed = making_values(key)
    for name in names:
        if name not in allowed:
            raise SweepError(f"{where}: {key} {name!r} is not one of {', '.join(allowed)}{nearest(name, allowed)}")


def _compute(where: str, table: Any) -> Compute:
    if not isinstance(table, dict):
        raise SweepError(f"{where} is a table, as in estimate = true")
    _check_keys(where, table, VIEWS)
    found: dict[str, Any] = {}
    for view, value in table.items():
        if value is False:
            continue
        if value is not True and not isinstance(value, dict):
            raise SweepError(f"{where}: {view} is true, false or a table of options, and not {value!r}")
        found[view] = _options(f"{where[:-1]}.{view}]", _OPTIONS[view], {} if value is True else value)
    if not found:
        raise SweepError(f"{where}: nothing is to be computed; say one of {', '.join(f'{view} = true' for view in VIEWS)}")
    if "energy" in found:
        found.setdefault("synth", SynthOptions())
    _check_options(where, found)
    return Compute(**found)


def _options(where: str, kind: type, table: Mapping[str, Any]) -> Any:
    """Return the options of one view, each of the type that its field has."""
    types: Mapping[str, Any] = kind.__annotations__
    _check_keys(where, table, tuple(types))
    for key, value in table.items():
        name, fits = _TYPES[types[key]]
        if not fits(value):
            raise SweepError(f"{where}: {key} is {name}, and not {value!r}")
    return kind(**table)


_TYPES: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    str: ("a text", lambda value: isinstance(value, str)),
    int: ("a whole number from 0 on", lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0),
    int | None: ("a whole number from 0 on", lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0),
    float | None: ("a number above 0", lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > 0),
}


def _check_options(where: str, found: Mapping[str, Any]) -> None:
    synth: SynthOptions | None = found.get("synth")
    if synth is not None and synth.clock_ps is not None and not synth.explore:
        raise SweepError(f"{where}: clock_ps chooses among architectures; write synth = {{ explore = true, clock_ps = … }}")
    error: ErrorOptions | None = found.get("error")
    if error is not None:
        from hwmodel.error import DrawnPairs, parse_distribution, parse_sharing, require_dot_sharing

        require_dot_sharing(parse_sharing(error.scale))
        if error.clip not in ("amax", "mse"):
            raise SweepError(f"{where}: the clip {error.clip!r} of error is not one of amax, mse")
        DrawnPairs(parse_distribution(error.data), (error.rows, error.length))
        if error.seeds < 1:
            raise SweepError(f"{where}: error takes at least one of seeds")
    energy: EnergyOptions | None = found.get("energy")
    if energy is not None and energy.streams is not None and energy.streams < 2:
        raise SweepError(f"{where}: energy takes at least 2 streams, for its interval")
