"""A tech card: the figures of a cell library that cost needs, and nothing else of it.

Units everywhere: um2, fF, ps, fJ, nW, V. A card is a deterministic gzip of JSON under ``cards/``, or is read from any file.
"""

import gzip
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from hwmodel.files import write_bytes

from .boolean import truth_table, variables

CARD_FOLDER = Path(__file__).parent / "cards"
CARD_SUFFIX = ".card.json.gz"
FAST_MAPPERS = ("map", "nf")
RISE, FALL, RISE_SLEW, FALL_SLEW = range(4)


class TechError(ValueError):
    """A library or card that cannot serve; the message is one sentence that says why."""


@dataclass(frozen=True)
class Input:
    """An input pin. `energy_fj` is the internal energy of one toggle, averaged over both edges and over all states of the other inputs."""

    name: str
    capacitance_ff: float
    energy_fj: float = 0.0


@dataclass(frozen=True, eq=False)
class Output:
    """An output pin with its tables over input slew (ps) and load (fF).

    Attributes
    ----------
    function
        Liberty function of the inputs; of ``IQ`` and ``IQN`` for a flip-flop.
    arcs
        Input name -> array (4, slews, loads): rise delay, fall delay, rise slew, fall slew in ps; the worst over the
        states of the other inputs.
    senses
        Input name -> array (2, 4, slews, loads), for an input that the output may follow or oppose and where the library tells the two
        apart: the tables of an output edge that is the input's, and of one that is the opposite.
    energy_fj
        (slews, loads): internal energy of one toggle, the mean over both edges, all inputs and states. Without the load's own ½CV².
    """

    name: str
    function: str
    slews_ps: np.ndarray
    loads_ff: np.ndarray
    arcs: Mapping[str, np.ndarray]
    energy_fj: np.ndarray
    max_load_ff: float
    senses: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class FlipFlop:
    """What makes a cell a flip-flop on the rising clock edge.

    Attributes
    ----------
    clock
        The clock's pin.
    next_state
        Liberty function of the one data pin.
    clear, preset
        Functions of the asynchronous control; empty where there is none.
    setup_slews_ps, setup_ps
        How long before a steep clock edge the data must be there: by the data's slew, for its rising and for its falling edge; the worst
        over the states of other inputs. Empty where the library does not say.
    """

    clock: str
    next_state: str
    clear: str = ""
    preset: str = ""
    setup_slews_ps: tuple[float, ...] = ()
    setup_ps: tuple[tuple[float, ...], ...] = ()

    @property
    def controlled(self) -> bool:
        """Whether it has an asynchronous control."""
        return bool(self.clear or self.preset)

    @property
    def data(self) -> str:
        """The data pin."""
        return next(name for name in variables(self.next_state) if name not in ("IQ", "IQN"))


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell of the library."""

    name: str
    area_um2: float
    leakage_nw: float
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    flip_flop: FlipFlop | None = None

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, the clock included."""
        return tuple(pin.name for pin in self.inputs)

    @cached_property
    def tables(self) -> tuple[int, ...]:
        """Truth table of each output over `input_names` (combinational cells only)."""
        return tuple(truth_table(output.function, self.input_names) for output in self.outputs)


@dataclass(frozen=True, eq=False)
class TechCard:
    """A cell library reduced to figures.

    Attributes
    ----------
    source, licence
        Where the Liberty file came from, and under what terms.
    wire_ff_per_sink
        Assumed wire capacitance of a net per pin it drives; used for energy, not for delay. An imported card has 0.2 fF/um over three
        cell pitches, a pitch being the side of a square as large as the smallest NAND2: 1.16 fF for sky130hd, 0.14 fF for asap7.
    excluded
        The library's cells that are not in the card and must not be mapped to: name -> why.
    fast_mapper
        Which of ABC's mappers makes fast circuits of the library, one of `FAST_MAPPERS`; for the objective ``"delay"``.
    """

    name: str
    process: str
    source: str
    licence: str
    voltage_v: float
    wire_ff_per_sink: float
    cells: Mapping[str, Cell]
    excluded: Mapping[str, str] = field(default_factory=dict)
    fast_mapper: str = FAST_MAPPERS[0]

    def smallest(self, table: int, inputs: int) -> Cell | None:
        """Return the smallest single-output cell with truth table `table` over `inputs` inputs, or None. Ties go to the name."""
        fitting = [
            cell
            for cell in self.cells.values()
            if cell.flip_flop is None and len(cell.outputs) == 1 and len(cell.inputs) == inputs and cell.tables[0] == table
        ]
        return min(fitting, key=lambda cell: (cell.area_um2, cell.name), default=None)

    @cached_property
    def nand2(self) -> Cell:
        """The smallest NAND2: one gate equivalent."""
        return self._needed(0b0111, 2, "NAND2")

    @cached_property
    def inverter(self) -> Cell:
        """The smallest inverter."""
        return self._needed(0b01, 1, "inverter")

    @cached_property
    def buffer(self) -> Cell:
        """The smallest buffer; it drives the unit's inputs."""
        return self._needed(0b10, 1, "buffer")

    @cached_property
    def register(self) -> Cell:
        """The smallest flip-flop, a plain one where there is one; what drives a unit's inputs is taken to be of this kind."""
        flip_flops = [(cell.flip_flop.controlled, cell.area_um2, cell.name) for cell in self.cells.values() if cell.flip_flop is not None]
        if not flip_flops:
            raise TechError(f"the library {self.name} has no D flip-flop, so no clock period can be told")
        return self.cells[min(flip_flops)[-1]]

    def _needed(self, table: int, inputs: int, what: str) -> Cell:
        cell = self.smallest(table, inputs)
        if cell is None:
            raise TechError(
                f"the library {self.name} has no {what}, so its areas cannot be told in gate equivalents and no logic maps to it"
            )
        return cell

    @cached_property
    def sha256(self) -> str:
        """Hash of the figures, and of nothing that is only said about them: name, process, source, licence and reasons are left out."""
        return hashlib.sha256(_compact(self._figures()).encode()).hexdigest()

    def to_json(self) -> str:
        """Return the card as compact JSON; the same card gives the same text."""
        words = {"name": self.name, "process": self.process, "source": self.source, "licence": self.licence}
        reasons = {"excluded": {name: self.excluded[name] for name in sorted(self.excluded)}}
        return _compact(words | self._figures() | reasons) + "\n"

    def _figures(self) -> dict[str, Any]:
        return {
            "voltage_v": self.voltage_v,
            "wire_ff_per_sink": self.wire_ff_per_sink,
            "units": "um2 fF ps fJ nW V",
            "cells": {name: _cell_to_data(self.cells[name]) for name in self.cells},
            "excluded": sorted(self.excluded),
            # What every card had before there was a choice is not written: cards that were kept stay the same.
            **({} if self.fast_mapper == FAST_MAPPERS[0] else {"fast_mapper": self.fast_mapper}),
        }

    def save(self, path: Path | str) -> None:
        """Write the card to `path` (gzip of JSON, without a time stamp)."""
        write_bytes(Path(path), gzip.compress(self.to_json().encode(), compresslevel=9, mtime=0))


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _cell_to_data(cell: Cell) -> dict[str, Any]:
    data: dict[str, Any] = {
        "area": cell.area_um2,
        "leakage": cell.leakage_nw,
        "inputs": [[pin.name, pin.capacitance_ff, pin.energy_fj] for pin in cell.inputs],
        "outputs": [
            {
                "name": output.name,
                "function": output.function,
                "slews": output.slews_ps.tolist(),
                "loads": output.loads_ff.tolist(),
                # The worse of two senses is not written: it is the larger of both.
                "arcs": {name: output.arcs[name].tolist() for name in sorted(output.arcs) if name not in output.senses},
                **({"senses": {name: output.senses[name].tolist() for name in sorted(output.senses)}} if output.senses else {}),
                "energy": output.energy_fj.tolist(),
                "max_load": output.max_load_ff,
            }
            for output in cell.outputs
        ],
    }
    if cell.flip_flop is not None:
        data["ff"] = [cell.flip_flop.clock, cell.flip_flop.next_state, cell.flip_flop.clear, cell.flip_flop.preset]
        if cell.flip_flop.setup_slews_ps:
            data["setup"] = [cell.flip_flop.setup_slews_ps, *cell.flip_flop.setup_ps]
    return data


def _from_data(data: Mapping[str, Any]) -> TechCard:
    """Return the card in what JSON made of a file; what is not there, or not of its kind, raises one of `_NOT_A_CARD`."""
    return TechCard(
        name=_text(data["name"]),
        process=_text(data["process"]),
        source=_text(data["source"]),
        licence=_text(data["licence"]),
        voltage_v=_figure(data["voltage_v"]),
        wire_ff_per_sink=_figure(data["wire_ff_per_sink"]),
        cells={cell: _cell_from_data(cell, figures) for cell, figures in data["cells"].items()},
        excluded={_text(cell): _text(reason) for cell, reason in data["excluded"].items()},
        fast_mapper=FAST_MAPPERS[FAST_MAPPERS.index(data.get("fast_mapper", FAST_MAPPERS[0]))],
    )


_GZIP = b"\x1f\x8b"
_NOT_A_CARD = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _figure(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is not a finite number")
    return value


def _figures(values: Any, *shape: int) -> np.ndarray:
    array = np.array(values, dtype=float)
    if array.shape != shape or not array.size or not np.isfinite(array).all():
        raise ValueError(f"a table of shape {array.shape} is not one of {shape} finite numbers")
    return array


def _cell_from_data(name: str, data: Mapping[str, Any]) -> Cell:
    cell = Cell(
        name=name,
        area_um2=_figure(data["area"]),
        leakage_nw=_figure(data["leakage"]),
        inputs=tuple(Input(_text(pin), _figure(capacitance), _figure(energy)) for pin, capacitance, energy in data["inputs"]),
        outputs=tuple(map(_output_from_data, data["outputs"])),
        flip_flop=_flip_flop_from_data(data) if "ff" in data else None,
    )
    if cell.flip_flop is None:
        _ = cell.tables  # a function that cannot be read is found here
    return cell


def _flip_flop_from_data(data: Mapping[str, Any]) -> FlipFlop:
    clock, next_state, clear, preset = map(_text, data["ff"])
    if "setup" not in data:
        return FlipFlop(clock, next_state, clear, preset)
    slews, rise, fall = (tuple(_figures(axis, len(data["setup"][0])).tolist()) for axis in data["setup"])
    return FlipFlop(clock, next_state, clear, preset, slews, (rise, fall))


def _output_from_data(data: Mapping[str, Any]) -> Output:
    slews, loads = len(data["slews"]), len(data["loads"])
    senses = {source: _figures(tables, 2, 4, slews, loads) for source, tables in data.get("senses", {}).items()}
    arcs = {source: _figures(tables, 4, slews, loads) for source, tables in data["arcs"].items()}
    arcs |= {source: tables.max(axis=0) for source, tables in senses.items()}
    return Output(
        name=_text(data["name"]),
        function=_text(data["function"]),
        slews_ps=_figures(data["slews"], slews),
        loads_ff=_figures(data["loads"], loads),
        arcs={source: arcs[source] for source in sorted(arcs)},
        energy_fj=_figures(data["energy"], slews, loads),
        max_load_ff=_figure(data["max_load"]),
        senses=senses,
    )


def list_cards() -> list[str]:
    """Return the names of the bundled cards."""
    return sorted(path.name.removesuffix(CARD_SUFFIX) for path in CARD_FOLDER.glob("*" + CARD_SUFFIX))


def load_card(name: str = "sky130hd") -> TechCard:
    """Return a bundled card by name, or the card in a file where `name` is a path to one.

    Raises
    ------
    TechError
        If there is no such card, or the file is not a card.
    """
    path = CARD_FOLDER / (name + CARD_SUFFIX)
    if not path.exists():
        path = Path(name)
    if not path.is_file():
        raise TechError(f"there is no tech card {name!r}; bundled cards: {', '.join(list_cards())}; a path to a card file is also taken")
    try:
        return _read(path.read_bytes())
    except _NOT_A_CARD as error:
        raise TechError(f"{path} is not a tech card; `hwmodel tech import` makes one from Liberty files") from error


@lru_cache(maxsize=8)
def _read(content: bytes) -> TechCard:
    """Return the card in the bytes of a file, the same object for the same bytes."""
    return _from_data(json.loads(gzip.decompress(content) if content.startswith(_GZIP) else content))
