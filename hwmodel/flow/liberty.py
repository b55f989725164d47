"""Liberty files -> `TechCard`: figures only, in one set of units, tables thinned out to what cost needs.

Several files make one library (ASAP7 comes in five): each is read in its own units, and they agree on the supply.
"""

import gzip
import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import numpy as np

from .card import FAST_MAPPERS, Cell, FlipFlop, Input, Output, TechCard, TechError
from .interpolate import lookup
from .liberty_cells import CellReader, LibertyCell, NotForLogicError, UnreadableError
from .liberty_syntax import Group, LibertySyntaxError, parse
from .liberty_units import NumberError, same_supply, supply_v, units_of

SLEW_POINTS, LOAD_POINTS = 7, 6
_SIGNIFICANT_DIGITS = 4
_WIRE_FF_PER_UM = 0.2
_WIRE_PITCHES_PER_SINK = 3.0

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class LibertyLibrary:
    """What a library's files say of the cells that logic may use.

    Attributes
    ----------
    corner
        The operating conditions, or the library's own name.
    cells
        Name -> cell with its tables in full.
    excluded
        Name -> why it must not be mapped to.
    unreadable
        Those of `excluded` that logic could use, if they could be read or timed.
    """

    corner: str
    voltage_v: float
    cells: Mapping[str, LibertyCell]
    excluded: Mapping[str, str]
    unreadable: tuple[str, ...]


def import_liberty(
    name: str,
    paths: Sequence[Path | str],
    *,
    process: str = "",
    source: str = "",
    licence: str = "not stated",
    fast_mapper: str = FAST_MAPPERS[0],
    progress: Progress = lambda file: None,
) -> TechCard:
    """Return the card of the library in the Liberty files `paths` (plain or .gz).

    Parameters
    ----------
    name
        Name of the card.
    process, source, licence
        Kept in the card for whoever reads a result; `source` defaults to the files' names.
    fast_mapper
        See `TechCard`.
    progress
        Called with a file's name when its turn comes.

    Raises
    ------
    TechError
        If a file cannot be read, is not Liberty, is cut off or has a figure that is none; if files have a cell in common, or are of
        different supplies; or if the library has no flip-flop, no inverter, no buffer, or no NAND2 or NOR2.
    """
    library = read_library(name, paths, progress=progress)
    cells = {cell: _reduced(found.cell) for cell, found in library.cells.items()}
    source = source or ", ".join(Path(path).name for path in paths)
    return replace(_card(name, library, cells, process, source, licence), fast_mapper=fast_mapper)


def full_card(name: str, library: LibertyLibrary) -> TechCard:
    """Return a card of all points and digits of a library's tables: what the imported card is held against."""
    return _card(name, library, {cell: found.cell for cell, found in library.cells.items()}, "", "", "")


def read_library(name: str, paths: Sequence[Path | str], *, progress: Progress = lambda file: None) -> LibertyLibrary:
    """Return the library in the Liberty files `paths`; parameters and errors are those of `import_liberty`."""
    if not paths:
        raise TechError(f"no Liberty file was given for the card {name}")
    if len({Path(path).resolve() for path in paths}) < len(paths):
        raise TechError(f"the card {name}: a Liberty file was given twice")
    cells: dict[str, LibertyCell] = {}
    excluded: dict[str, str] = {}
    unreadable: list[str] = []
    home: dict[str, Path] = {}
    voltage_v, corner = 0.0, ""
    for path in map(Path, paths):
        progress(path.name)
        library = _parse(path)
        units = units_of(library, str(path))
        voltage = supply_v(library, units, str(path))
        if voltage and voltage_v and not same_supply(voltage, voltage_v):
            raise TechError(f"{path} is for {voltage:g} V and {paths[0]} for {voltage_v:g} V: files of two corners are not one library")
        voltage_v = voltage_v or voltage
        corner = corner or library.text("default_operating_conditions") or "".join(library.arguments[:1])
        groups = library.all("cell")
        names = ["".join(group.arguments[:1]) for group in groups]
        try:
            reader = CellReader(library, units, _prefix(names))
        except ValueError as error:
            raise TechError(f"{path}: a default of the library cannot be read: {error}") from error
        for cell, group in zip(names, groups, strict=True):
            if not cell:
                raise TechError(f"{path}: a cell has no name")
            if cell in home:
                where = "twice" if home[cell] == path else f"and so does {home[cell]}; a library has each of its cells once"
                raise TechError(f"{path} has the cell {cell} {where}")
            home[cell] = path
            try:
                cells[cell] = reader.read(group)
            except NotForLogicError as error:
                excluded[cell] = str(error)
                unreadable += [cell] if isinstance(error, UnreadableError) else []
            except NumberError as error:
                raise TechError(f"{path}: the cell {cell} cannot be read: {error}") from error
    if not voltage_v > 0:
        raise TechError(f"the library {name} states no supply voltage (nom_voltage or operating_conditions)")
    return LibertyLibrary(corner, voltage_v, cells, excluded, tuple(unreadable))


def liberty_text(path: Path) -> str:
    """Return the text of a Liberty file, plain or .gz; TechError if it cannot be read."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig", errors="replace")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "its compressed data are cut off or damaged"
        raise TechError(f"{path} cannot be read: {reason}") from error


def _parse(path: Path) -> Group:
    text = liberty_text(path)
    if not text.strip():
        raise TechError(f"{path} is empty, not a Liberty file")
    try:
        groups = parse(text)
    except LibertySyntaxError as error:
        raise TechError(f"{path} is not a complete Liberty file: {error}") from error
    libraries = [group for group in groups if group.kind == "library"]
    if len(libraries) != 1:
        raise TechError(f"{path} is not a Liberty file: it holds {len(libraries)} library groups where one is needed")
    return libraries[0]


def _prefix(names: Sequence[str]) -> str:
    """Return what all names of a library begin with, up to an underscore: it says nothing of a cell."""
    if len(names) < 2:
        return ""
    # What the first and the last in order share, all between them share.
    shared = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))]
    return "".join(shared).rpartition("_")[0] + "_" if "_" in shared else ""


def _card(name: str, library: LibertyLibrary, cells: Mapping[str, Cell], process: str, source: str, licence: str) -> TechCard:
    card = TechCard(
        name=name,
        process=process or library.corner,
        source=source,
        licence=licence,
        voltage_v=library.voltage_v,
        wire_ff_per_sink=0.0,
        cells=cells,
        excluded=library.excluded,
    )
    _check(card, library)
    # Wire: about 0.2 fF/um whatever the node (Ho, Mai, Horowitz, "The future of wires", 2001); three cell pitches per
    # sink are an assumption. A cell's pitch is the side of a square as large as the smallest NAND2: so the node sets it.
    wire = _round(_WIRE_FF_PER_UM * _WIRE_PITCHES_PER_SINK * math.sqrt(card.nand2.area_um2))
    return replace(card, wire_ff_per_sink=wire)


def _check(card: TechCard, library: LibertyLibrary) -> None:
    """Raise unless the library has what every unit is made of."""
    left_out = "; ".join(f"{name}: {library.excluded[name]}" for name in library.unreadable[:3])
    why = f"; left out are {left_out}" if left_out else ""
    if not any(cell.flip_flop for cell in card.cells.values()):
        raise TechError(f"the library {card.name} has no D flip-flop on the rising clock edge, so no accumulator can be mapped to it{why}")
    if card.smallest(0b0111, 2) is None and card.smallest(0b0001, 2) is None:
        raise TechError(f"the library {card.name} has neither a NAND2 nor a NOR2, so no logic can be mapped to it{why}")
    if card.smallest(0b01, 1) is None:
        raise TechError(f"the library {card.name} has no inverter, so no logic can be mapped to it{why}")
    if card.smallest(0b10, 1) is None:
        raise TechError(f"the library {card.name} has no buffer, and ABC cannot time gates without one{why}")
    _ = card.nand2


def _reduced(cell: Cell) -> Cell:
    """Return a cell with as many points and digits as a card keeps."""
    return replace(
        cell,
        area_um2=_round(cell.area_um2),
        leakage_nw=_round(cell.leakage_nw),
        inputs=tuple(Input(pin.name, _round(pin.capacitance_ff), _round(pin.energy_fj)) for pin in cell.inputs),
        outputs=tuple(map(_thinned, cell.outputs)),
        flip_flop=_thinned_setup(cell.flip_flop) if cell.flip_flop is not None else None,
    )


def _thinned_setup(flip_flop: FlipFlop) -> FlipFlop:
    if not flip_flop.setup_slews_ps:
        return flip_flop
    axis = np.array(flip_flop.setup_slews_ps)
    slews = _pick(axis, SLEW_POINTS)
    times = (np.interp(slews, axis, edge) for edge in flip_flop.setup_ps)
    return replace(
        flip_flop, setup_slews_ps=tuple(_rounded(slews).tolist()), setup_ps=tuple(tuple(_rounded(each).tolist()) for each in times)
    )


def _thinned(output: Output) -> Output:
    slews, loads = _pick(output.slews_ps, SLEW_POINTS), _pick(output.loads_ff, LOAD_POINTS)

    def on(table: np.ndarray) -> np.ndarray:
        return _rounded(lookup(output.slews_ps, output.loads_ff, table, slews[:, None], loads[None, :]))

    return replace(
        output,
        slews_ps=_rounded(slews),
        loads_ff=_rounded(loads),
        arcs={related: on(tables) for related, tables in output.arcs.items()},
        senses={related: on(tables) for related, tables in output.senses.items()},
        energy_fj=on(output.energy_fj),
        max_load_ff=_round(output.max_load_ff),
    )


def _pick(axis: np.ndarray, points: int) -> np.ndarray:
    """Return about `points` of the file's own grid points, spread evenly, with both ends."""
    return axis[sorted(set(np.linspace(0, len(axis) - 1, points).round().astype(int)))]


def _round(value: float) -> float:
    return float(f"{value:.{_SIGNIFICANT_DIGITS + 2}g}")


def _rounded(values: np.ndarray) -> np.ndarray:
    flat: Iterable[float] = values.reshape(-1).tolist()
    return np.array([float(f"{value:.{_SIGNIFICANT_DIGITS}g}") for value in flat]).reshape(values.shape)
