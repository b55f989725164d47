"""Liberty files -> `TechCard`: figures only, in one set of units.

Several files make one library (ASAP7 comes in five). Cells that logic must not use stay out: latches, scan
flip-flops, tri-states, clock gates, clock buffers, delay cells, power-down and test cells, fillers, and everything
marked ``dont_use``.
"""

import gzip
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from .adders import adder_kind
from .boolean import truth_table, variables
from .card import FALL, FALL_SLEW, RISE, RISE_SLEW, Cell, FlipFlop, Input, Output, TechCard, TechError
from .interpolate import lookup
from .liberty_syntax import Group

SLEW_POINTS, LOAD_POINTS = 7, 6
LARGEST_GATE = 6  # inputs; ABC's mapper takes no larger ones
_NOT_FOR_LOGIC = re.compile(r"lpflow|dly|delay|clk|probe|spare|iso|lsbuf|sighold|keep|antenna|diode|fill|tap|decap|icg|^hb", re.IGNORECASE)
"""What the names of cells say that are not for logic, whatever their function; hb is a hold buffer of ASAP7.

Looked for behind the library's own prefix.
"""

_SIGNIFICANT_DIGITS = 4
_WIRE_FF_PER_UM = 0.2
_WIRE_PITCHES_PER_SINK = 3.0


@dataclass(frozen=True)
class _Units:
    """Factors from one file's units to ps, fF, fJ and nW."""

    time_ps: float
    capacitance_ff: float
    leakage_nw: float
    voltage_v: float

    @property
    def energy_fj(self) -> float:
        """Liberty's internal energy is in units of capacitance × voltage²."""
        return self.capacitance_ff * self.voltage_v**2


@dataclass(frozen=True)
class _Table:
    slews: np.ndarray
    loads: np.ndarray
    values: np.ndarray

    def at(self, slews: np.ndarray, loads: np.ndarray) -> np.ndarray:
        return lookup(self.slews, self.loads, self.values, slews[:, None], loads[None, :])


def import_liberty(
    name: str,
    paths: Sequence[Path | str],
    *,
    process: str = "",
    source: str = "",
    licence: str = "not stated",
) -> TechCard:
    """Return the card of the library in the Liberty files `paths` (plain or .gz).

    Parameters
    ----------
    name
        Name of the card.
    process, source, licence
        Kept in the card for whoever reads a result; `source` defaults to the files' names.

    Raises
    ------
    TechError
        If a file cannot be read, is not Liberty, is cut off or given twice, or the library has no flip-flop, no inverter, no buffer, or
        no NAND2 or NOR2.
    """
    cells: dict[str, Cell] = {}
    excluded: set[str] = set()
    untimed: list[str] = []
    voltage_v, corner = 0.0, ""
    if not paths:
        raise TechError(f"no Liberty file was given for the card {name}")
    if len({Path(path).resolve() for path in paths}) < len(paths):
        raise TechError(f"the card {name}: a Liberty file was given twice")
    for path in paths:
        library = _parse(Path(path))
        units, voltage = _units(library, Path(path))
        voltage_v = voltage_v or voltage
        corner = corner or library.text("default_operating_conditions") or "".join(library.arguments[:1])
        templates = {group.arguments[0]: group for group in library.groups if group.kind.endswith("_template") and group.arguments}
        prefix = _prefix(["".join(group.arguments[:1]) for group in library.all("cell")])
        for group in library.all("cell"):
            cell_name = "".join(group.arguments[:1])
            if not cell_name:
                raise TechError(f"{path}: a cell has no name")
            try:
                cell = _cell(cell_name, prefix, group, units, templates)
            except (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError) as error:
                raise TechError(f"{path}: the cell {cell_name} cannot be read: {error}") from error
            if cell is None:
                excluded.add(cell_name)
            elif cell.flip_flop is None and any(set(output.arcs) != set(cell.input_names) for output in cell.outputs):
                excluded.add(cell_name)
                untimed.append(cell_name)
            else:
                cells[cell_name] = cell
    if not voltage_v > 0:
        raise TechError(f"the library {name} states no supply voltage (nom_voltage or operating_conditions)")
    card = TechCard(
        name=name,
        process=process or corner,
        source=source or ", ".join(Path(path).name for path in paths),
        licence=licence,
        voltage_v=voltage_v,
        wire_ff_per_sink=0.0,
        cells=cells,
        excluded=tuple(sorted(excluded - cells.keys())),
    )
    _check(card, untimed)
    # Wire: about 0.2 fF/um whatever the node (Ho, Mai, Horowitz, "The future of wires", 2001); three cell pitches per
    # sink are an assumption.
    wire = _round(_WIRE_FF_PER_UM * _WIRE_PITCHES_PER_SINK * math.sqrt(card.nand2.area_um2))
    return TechCard(**{**{field: getattr(card, field) for field in card.__dataclass_fields__}, "wire_ff_per_sink": wire})


def _check(card: TechCard, untimed: Sequence[str]) -> None:
    """Raise unless the library has what every unit is made of; `untimed` are cells left out because an arc has no tables."""
    left_out = f"; left out, for they have no complete delay tables: {', '.join(untimed[:4])}" if untimed else ""
    if not any(cell.flip_flop for cell in card.cells.values()):
        raise TechError(f"the library {card.name} has no D flip-flop on the rising clock edge, so no accumulator can be mapped to it")
    if card.smallest(0b0111, 2) is None and card.smallest(0b0001, 2) is None:
        raise TechError(f"the library {card.name} has neither a NAND2 nor a NOR2, so no logic can be mapped to it{left_out}")
    if card.smallest(0b01, 1) is None:
        raise TechError(f"the library {card.name} has no inverter, so no logic can be mapped to it{left_out}")
    if card.smallest(0b10, 1) is None:
        raise TechError(f"the library {card.name} has no buffer, and ABC cannot time gates without one{left_out}")
    _ = card.nand2


def _parse(path: Path) -> Group:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8", errors="replace")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "its compressed data are cut off or damaged"
        raise TechError(f"{path} cannot be read: {reason}") from error
    from .liberty_syntax import LibertySyntaxError, parse

    try:
        groups = parse(text)
    except LibertySyntaxError as error:
        raise TechError(f"{path} is not a complete Liberty file: {error}") from error
    libraries = [group for group in groups if group.kind == "library"]
    if len(libraries) != 1:
        raise TechError(f"{path} is not a Liberty file: it holds {len(libraries)} library groups where one is needed")
    return libraries[0]


def _true(value: Any) -> bool:
    return str(value).strip().lower() == "true"


_PREFIX = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}


def _scale(text: str, unit: str, path: Path) -> float:
    match = re.fullmatch(rf"\s*(\d+\.?\d*(?:e[+-]?\d+)?)?\s*([fpnumk]?){unit}\s*", text, re.IGNORECASE | re.ASCII)
    if match is None or not (amount := float(match[1] or 1)) > 0:
        raise TechError(f"{path} gives the unit {text!r} where one of {unit} is needed, such as 1n{unit}")
    return amount * _PREFIX[match[2].lower()]


def _units(library: Group, path: Path) -> tuple[_Units, float]:
    """Return a file's units, and its supply in volt; 0 where it states none."""
    load = library.texts("capacitive_load_unit")
    if len(load) != 2:
        raise TechError(f"{path} states no capacitive_load_unit")
    units = _Units(
        time_ps=_scale(library.text("time_unit") or "1ns", "s", path) / 1e-12,
        capacitance_ff=_scale("".join(load), "f", path) / 1e-15,
        leakage_nw=_scale(library.text("leakage_power_unit") or "1nW", "w", path) / 1e-9,
        voltage_v=_scale(library.text("voltage_unit") or "1V", "v", path),
    )
    try:
        return units, _voltage(library) * units.voltage_v
    except ValueError as error:
        raise TechError(f"{path}: the supply voltage cannot be read: {error}") from error


def _voltage(library: Group) -> float:
    conditions = library.all("operating_conditions")
    default = library.text("default_operating_conditions")
    chosen = [group for group in conditions if group.arguments[:1] == [default]] or conditions
    value = chosen[0].text("voltage") if chosen else None
    return _finite(value if value is not None else library.text("nom_voltage") or "0")


def _finite(text: str) -> float:
    """Return the number that `text` writes; ValueError where it writes none, or one that is not finite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _prefix(names: Sequence[str]) -> str:
    """Return what all names of a library begin with, up to an underscore: it says nothing of a cell."""
    if len(names) < 2:
        return ""
    # What the first and the last in order share, all between them share.
    shared = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))]
    return "".join(shared).rpartition("_")[0] + "_" if "_" in shared else ""


def _cell(name: str, prefix: str, group: Group, units: _Units, templates: dict[str, Group]) -> Cell | None:
    """Return the cell, or None where logic must not use it."""
    kinds = {child.kind for child in group.groups}
    if _NOT_FOR_LOGIC.search(name.removeprefix(prefix)) or kinds & {
        "latch",
        "statetable",
        "test_cell",
        "bus",
        "bundle",
        "ff_bank",
        "latch_bank",
    }:
        return None
    if _true(group.text("dont_use")) or group.text("clock_gating_integrated_cell") is not None:
        return None
    area = _finite(group.text("area") or "0")
    if area < 0:
        raise ValueError(f"its area {area:g} is negative")
    pins = group.all("pin")
    sources = [pin for pin in pins if pin.text("direction") == "output"]
    if not area or not sources or any(pin.text("three_state") is not None or pin.text("function") is None for pin in sources):
        return None
    flip_flops = group.all("ff")
    flip_flop: FlipFlop | None = None
    state: tuple[str, ...] = ()
    if flip_flops:
        state = tuple(flip_flops[0].arguments)
        flip_flop = _flip_flop(flip_flops[0], state)
        if flip_flop is None:
            return None
    sinks = [pin for pin in pins if pin.text("direction") == "input"]
    inputs = tuple(_input(pin, units, templates) for pin in sinks)
    if flip_flop is not None:
        flip_flop = _with_setup(flip_flop, sinks, units, templates)
    outputs = tuple(_output(pin, units, templates, state, {pin.name for pin in inputs}) for pin in sources)
    cell = Cell(name, _round(area), _round(_leakage(group) * units.leakage_nw), inputs, outputs, flip_flop)
    if flip_flop is None:
        _ = cell.tables if len(inputs) <= LARGEST_GATE else ()  # a function that cannot be read is found here
        constant = not inputs or any(variables(output.function) == () for output in outputs)
        if constant or len(inputs) > LARGEST_GATE or (len(outputs) > 1 and adder_kind(cell) is None):
            return None
    return cell


def _flip_flop(group: Group, state: tuple[str, ...]) -> FlipFlop | None:
    """Return the flip-flop, or None unless it is a plain one on the rising edge with at most one asynchronous control."""
    clock = _strip(group.text("clocked_on"))
    next_state = _strip(group.text("next_state"))
    clear, preset = _strip(group.text("clear")), _strip(group.text("preset"))
    if not re.fullmatch(r"\w+", clock) or not next_state or (clear and preset):
        return None
    next_state = re.sub(rf"\b{re.escape(state[1])}\b", "IQN", re.sub(rf"\b{re.escape(state[0])}\b", "IQ", next_state))
    pins = [pin for pin in variables(next_state) if pin not in ("IQ", "IQN")]
    if len(pins) == 1:
        return FlipFlop(clock, next_state, clear, preset)
    return None


def _with_setup(flip_flop: FlipFlop, sinks: Sequence[Group], units: _Units, templates: dict[str, Group]) -> FlipFlop:
    """Return the flip-flop with the set-up times of its data pin under an ideal clock, which rises in no time."""
    tables: list[list[_Table]] = [[], []]
    for pin in sinks:
        for timing in pin.all("timing") if pin.arguments[:1] == [flip_flop.data] else ():
            if timing.text("timing_type") == "setup_rising":
                for edge, key in enumerate(("rise_constraint", "fall_constraint")):
                    tables[edge] += _tables(timing, key, templates)
    if not all(tables):
        return flip_flop
    slews = _pick(tables[0][0].slews, SLEW_POINTS)
    steep = np.zeros(1)
    rise, fall = (np.max([table.at(slews, steep)[:, 0] for table in edge], axis=0) * units.time_ps for edge in tables)
    axis, *times = (tuple(_rounded(values).tolist()) for values in (slews * units.time_ps, rise, fall))
    return replace(flip_flop, setup_slews_ps=axis, setup_ps=tuple(times))


def _strip(value: Any) -> str:
    """Return a function's text without the brackets that enclose all of it."""
    text = str(value).strip() if value is not None else ""
    while text.startswith("(") and text.endswith(")") and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closes(text: str) -> int:
    depth = 0
    for position, symbol in enumerate(text):
        depth += (symbol == "(") - (symbol == ")")
        if depth == 0:
            return position
    return -1


def _leakage(group: Group) -> float:
    stated = group.text("cell_leakage_power")
    if stated is not None:
        return _finite(stated)
    groups = group.all("leakage_power")
    supplies = sorted({str(child.text("related_pg_pin")) for child in groups})
    total = 0.0
    for supply in supplies:  # a file may split leakage by supply pin; the ground's share is then stated as zero
        own = [child for child in groups if str(child.text("related_pg_pin")) == supply]
        plain = [_finite(child.text("value") or "0") for child in own if child.text("when") is None]
        total += plain[0] if plain else sum(_finite(child.text("value") or "0") for child in own) / len(own)
    return total


def _input(pin: Group, units: _Units, templates: dict[str, Group]) -> Input:
    name = pin.arguments[0]
    edges = [_finite(value) for key in ("rise_capacitance", "fall_capacitance") if (value := pin.text(key)) is not None]
    stated = pin.text("capacitance")
    capacitance = sum(edges) / len(edges) if len(edges) == 2 else _finite(stated or "0")
    energy = 0.0
    for group in pin.all("internal_power"):
        values = [table.values for key in ("rise_power", "fall_power", "power") for table in _tables(group, key, templates)]
        if values:
            middle = [value.reshape(-1)[value.size // 3] for value in values]  # it hardly depends on the slew: one point stands for all
            energy += _share(group.text("when")) * sum(middle) / len(middle)
    return Input(name, _round(capacitance * units.capacitance_ff), _round(energy * units.energy_fj))


def _share(when: Any) -> float:
    """Return the fraction of the states of `when`'s variables in which it holds; 1 without a condition."""
    if when is None:
        return 1.0
    names = variables(str(when))
    return truth_table(str(when), names).bit_count() / (1 << len(names))


def _tables(group: Group, key: str, templates: dict[str, Group]) -> list[_Table]:
    """Return the tables named `key` in `group` as slews × loads, or data slews × clock slews, in the file's units."""
    found = []
    for child in group.all(key):
        template = templates.get(child.arguments[0]) if child.arguments else None
        values = np.atleast_2d(_numbers(child, "values"))
        axes = []
        for number in ("1", "2"):
            axis = _numbers(child, "index_" + number)
            if not axis.size and template is not None:
                axis = _numbers(template, "index_" + number)
            axes.append(axis.reshape(-1))
        first = str(template.text("variable_1")) if template is not None else "input_net_transition"
        turned = "capacitance" in first or first == "related_pin_transition"
        if values.size == 1:
            found.append(_Table(np.zeros(1), np.zeros(1), values.reshape(1, 1)))
        elif not axes[1].size or values.shape[0] == 1 or values.shape[1] == 1:  # one axis only
            along = axes[0] if axes[0].size == values.size else axes[1]
            if turned:
                found.append(_Table(np.zeros(1), along, values.reshape(1, -1)))
            else:
                found.append(_Table(along, np.zeros(1), values.reshape(-1, 1)))
        else:
            values = values.reshape(axes[0].size, axes[1].size)
            found.append(_Table(axes[1], axes[0], values.T) if turned else _Table(axes[0], axes[1], values))
    return found


def _numbers(group: Group, key: str) -> np.ndarray:
    rows = group.texts(key)
    if rows:
        return np.array([[_finite(number) for number in re.split(r"[\s,]+", row.strip(" ,\\\n\t"))] for row in rows])
    return np.zeros(0)


def _pick(axis: np.ndarray, points: int) -> np.ndarray:
    """Return about `points` of the file's own grid points, spread evenly, with both ends."""
    return axis[sorted(set(np.linspace(0, len(axis) - 1, points).round().astype(int)))]


def _output(pin: Group, units: _Units, templates: dict[str, Group], state: tuple[str, ...], inputs: set[str]) -> Output:
    function = _strip(pin.text("function"))
    for name, standard in zip(state, ("IQ", "IQN"), strict=False):
        function = re.sub(rf"\b{re.escape(name)}\b", standard, function)
    arcs: dict[str, list[tuple[_Table, ...]]] = {}
    for timing in pin.all("timing"):
        kind = timing.text("timing_type") or "combinational"
        if kind not in ("combinational", "rising_edge"):
            continue
        edges = [_tables(timing, key, templates) for key in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")]
        for one, other in ((RISE, FALL), (FALL, RISE), (RISE_SLEW, FALL_SLEW), (FALL_SLEW, RISE_SLEW)):
            edges[one] = edges[one] or edges[other]
        if all(edges):
            for related in inputs.intersection(str(timing.text("related_pin")).split()):  # ASAP7's adders also have arcs between outputs
                arcs.setdefault(related, []).append(tuple(tables[0] for tables in edges))
    first = next(iter(arcs.values()))[0][RISE] if arcs else _Table(np.zeros(1), np.zeros(1), np.zeros((1, 1)))
    slews, loads = _pick(first.slews, SLEW_POINTS), _pick(first.loads, LOAD_POINTS)
    worst = {
        related: np.max([[table.at(slews, loads) for table in tables] for tables in several], axis=0) * units.time_ps
        for related, several in arcs.items()
    }
    powers: dict[str, list[np.ndarray]] = {}
    for group in pin.all("internal_power"):
        grids = [table.at(slews, loads) for key in ("rise_power", "fall_power", "power") for table in _tables(group, key, templates)]
        if grids:
            powers.setdefault(str(group.text("related_pin")), []).append(np.mean(grids, axis=0))
    energy = np.mean([np.mean(several, axis=0) for several in powers.values()], axis=0) if powers else np.zeros((len(slews), len(loads)))
    return Output(
        name=pin.arguments[0],
        function=function,
        slews_ps=_rounded(slews * units.time_ps),
        loads_ff=_rounded(loads * units.capacitance_ff),
        arcs={related: _rounded(tables) for related, tables in worst.items()},
        energy_fj=_rounded(energy * units.energy_fj),
        max_load_ff=_round(_finite(pin.text("max_capacitance") or "0") * units.capacitance_ff),
    )


def _round(value: float) -> float:
    return float(f"{value:.{_SIGNIFICANT_DIGITS + 2}g}")


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.vectorize(lambda value: float(f"{value:.{_SIGNIFICANT_DIGITS}g}"), otypes=[float])(values)
