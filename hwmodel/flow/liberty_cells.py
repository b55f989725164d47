"""One cell of a Liberty library: whether logic may use it, and its figures in a card's units on the file's own tables.

What logic must not use is left out with a reason: latches, scan flip-flops, tri-states, clock gates, clock buffers, delay cells,
power-down and test cells, fillers, everything marked ``dont_use`` or ``dont_touch``, and what cannot be read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .adders import adder_kind
from .boolean import truth_table, variables
from .card import FALL, FALL_SLEW, RISE, RISE_SLEW, Cell, FlipFlop, Input, Output
from .liberty_power import Power, PowerReader, by_cause
from .liberty_syntax import Group
from .liberty_tables import Table, TableReader
from .liberty_units import NumberError, Units, finite

LARGEST_GATE = 6  # inputs; ABC's mapper takes no larger ones
_NOT_FOR_LOGIC = re.compile(
    r"lpflow|dly|delay|^del|clk|probe|spare|iso|lsbuf|sighold|keep|antenna|diode|fill|tap|decap|endcap|icg|^hb|^hold", re.IGNORECASE
)
"""What the names of cells say that are not for logic, whatever their function; hb is a hold buffer of ASAP7.

Looked for behind the library's own prefix.
"""

_STATEFUL = {
    "latch": "it is a latch",
    "latch_bank": "it is a bank of latches",
    "ff_bank": "it is a bank of flip-flops",
    "statetable": "its state is given as a table",
    "test_cell": "it is a scan cell",
    "bus": "it has buses",
    "bundle": "it has bundles of pins",
}
_SPECIAL = {
    "dont_use": "it is marked dont_use",
    "dont_touch": "it is marked dont_touch",
    "is_macro_cell": "it is a macro",
    "pad_cell": "it is a pad",
    "auxiliary_pad_cell": "it is a pad",
    "is_isolation_cell": "it isolates power domains",
    "is_level_shifter": "it shifts levels",
    "always_on": "it is for switched power domains",
}
_KINDS = {
    "clock_gating_integrated_cell": "it gates clocks",
    "switch_cell_type": "it switches power",
    "retention_cell": "it retains state",
    "antenna_diode_type": "it is an antenna diode",
}
_DELAYS = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
_ARCS = ("combinational", "combinational_rise", "combinational_fall", "rising_edge")


class NotForLogicError(Exception):
    """A cell that logic must not use; the message says why."""


class UnreadableError(NotForLogicError):
    """A cell that cannot be read or timed; the message says why."""


@dataclass(frozen=True, eq=False)
class LibertyCell:
    """A cell with all that its file says.

    Attributes
    ----------
    cell
        Its figures in a card's units, tables on the file's own points.
    powers
        Pin -> its groups of internal power, one by one.
    """

    cell: Cell
    powers: Mapping[str, tuple[Power, ...]]


class CellReader:
    """Reads the cells of one library."""

    def __init__(self, library: Group, units: Units, prefix: str) -> None:
        self._units = units
        self._prefix = prefix
        self._tables = TableReader(library, units)
        names = ("default_input_pin_cap", "default_leakage_power_density", "default_cell_leakage_power", "default_max_capacitance")
        self._defaults = {name: finite(library.text(name) or "0") for name in names}

    def read(self, group: Group) -> LibertyCell:
        """Return a cell.

        Raises
        ------
        NotForLogicError
            If logic must not use it.
        UnreadableError
            If its functions or tables are of a kind that is not known, or an arc has no delay tables.
        NumberError
            If a figure is none.
        """
        _check_kind(group, group.arguments[0].removeprefix(self._prefix))
        try:
            return self._read(group)
        except NumberError:
            raise
        except (ValueError, IndexError) as error:
            raise UnreadableError(f"it cannot be read: {error}") from error

    def _read(self, group: Group) -> LibertyCell:
        area = finite(group.text("area") or "0")
        if area < 0:
            raise NumberError(f"its area {area:g} is negative")
        pins = {name: pin for pin in group.all("pin") for name in pin.arguments}
        sinks, sources = ({name: pin for name, pin in pins.items() if pin.text("direction") == way} for way in ("input", "output"))
        _check_outputs(pins, sources)
        if not area:
            raise UnreadableError("it states no area")
        flip_flop, state = _flip_flop(group)
        if flip_flop is None and len(sinks) > LARGEST_GATE:
            raise NotForLogicError(f"it has {len(sinks)} inputs, and mappers take at most {LARGEST_GATE}")
        functions = {name: _renamed(_strip(pin.text("function")), state) for name, pin in sources.items()}
        powers = PowerReader(group, self._tables, functions)
        own = {name: powers.of_pin(pin) for name, pin in pins.items()}
        leakage = powers.leakage(self._defaults["default_leakage_power_density"], self._defaults["default_cell_leakage_power"], area)
        cell = Cell(
            name=group.arguments[0],
            area_um2=area,
            leakage_nw=leakage * self._units.leakage_nw,
            inputs=tuple(self._input(name, pin, own[name]) for name, pin in sinks.items()),
            outputs=tuple(self._output(name, pin, functions[name], sinks, own[name]) for name, pin in sources.items()),
            flip_flop=self._with_setup(flip_flop, sinks) if flip_flop is not None else None,
        )
        _check_function(cell)
        return LibertyCell(cell, own)

    def _input(self, name: str, pin: Group, powers: Sequence[Power]) -> Input:
        edges = [finite(value) for key in ("rise_capacitance", "fall_capacitance") if (value := pin.text(key)) is not None]
        stated = pin.text("capacitance")
        capacitance = (
            sum(edges) / 2 if len(edges) == 2 else finite(stated) if stated is not None else self._defaults["default_input_pin_cap"]
        )
        if capacitance < 0:
            raise NumberError(f"the capacitance {capacitance:g} of its pin {name} is negative")
        return Input(name, capacitance * self._units.capacitance_ff, _input_energy(powers))

    def _output(self, name: str, pin: Group, function: str, inputs: Mapping[str, Group], powers: Sequence[Power]) -> Output:
        arcs = self._arcs(pin, inputs)
        first = next(iter(arcs.values()))[RISE][0] if arcs else Table(np.zeros(1), np.zeros(1), np.zeros((1, 1)))
        slews, loads = first.slews, first.loads
        limit = pin.text("max_capacitance")

        def worst(edges: Sequence[Sequence[Table]]) -> np.ndarray:
            return np.stack([np.max([table.on(slews, loads) for table in tables], axis=0) for tables in edges])

        return Output(
            name=name,
            function=function,
            slews_ps=slews,
            loads_ff=loads,
            arcs={related: worst(edges) for related, edges in arcs.items()},
            senses={related: np.stack([worst(edges) for edges in both]) for related, both in self._senses(pin, inputs, arcs).items()},
            energy_fj=_output_energy(powers, slews, loads),
            max_load_ff=(finite(limit) if limit is not None else self._defaults["default_max_capacitance"]) * self._units.capacitance_ff,
        )

    def _with_setup(self, flip_flop: FlipFlop, inputs: Mapping[str, Group]) -> FlipFlop:
        """Return the flip-flop with the set-up times of its data pin under an ideal clock, which rises in no time."""
        if flip_flop.data not in inputs:
            raise ValueError(f"its data pin {flip_flop.data} is not an input")
        setups = [timing for timing in inputs[flip_flop.data].all("timing") if timing.text("timing_type") == "setup_rising"]
        edges = [
            [table for timing in setups if (table := self._tables.times(timing, key)) is not None]
            for key in ("rise_constraint", "fall_constraint")
        ]
        if not all(edges):
            return flip_flop
        slews, steep = edges[0][0].slews, np.zeros(1)
        rise, fall = (tuple(np.max([table.on(slews, steep)[:, 0] for table in tables], axis=0).tolist()) for tables in edges)
        return replace(flip_flop, setup_slews_ps=tuple(slews.tolist()), setup_ps=(rise, fall))

    def _senses(
        self, pin: Group, inputs: Mapping[str, Group], arcs: Mapping[str, list[list[Table]]]
    ) -> dict[str, tuple[list[list[Table]], list[list[Table]]]]:
        """Return, for each input that the output may follow or oppose in times of their own, the tables of either."""
        follow, oppose = (self._arcs(pin, inputs, without=other) for other in ("negative_unate", "positive_unate"))
        return {
            related: (follow[related], oppose[related])
            for related, edges in arcs.items()
            if related in follow and related in oppose and not len(follow[related][RISE]) == len(oppose[related][RISE]) == len(edges[RISE])
        }

    def _arcs(self, pin: Group, inputs: Mapping[str, Group], *, without: str = "") -> dict[str, list[list[Table]]]:
        """Return, for each input, the tables of the four figures in all conditions; one edge stands for the other where it is alone.

        Arcs of the timing sense `without` are left out.
        """
        arcs: dict[str, list[list[Table]]] = {}
        for timing in pin.all("timing"):
            if (timing.text("timing_type") or "combinational") not in _ARCS or timing.text("timing_sense") == without:
                continue
            found = [self._tables.times(timing, key) for key in _DELAYS]
            for related in re.split(r"[\s,]+", timing.text("related_pin") or ""):
                if related in inputs:  # ASAP7's adders also have arcs between outputs
                    for tables, table in zip(arcs.setdefault(related, [[], [], [], []]), found, strict=True):
                        tables += [table] if table is not None else []
        for edges in arcs.values():
            for one, other in ((RISE, FALL), (FALL, RISE), (RISE_SLEW, FALL_SLEW), (FALL_SLEW, RISE_SLEW)):
                edges[one] = edges[one] or edges[other]
        return {related: edges for related, edges in arcs.items() if all(edges)}


def _check_kind(group: Group, name: str) -> None:
    """Raise unless a cell's name, marks and groups are those of a gate or a flip-flop."""
    for kind, reason in _STATEFUL.items():
        if any(child.kind == kind for child in group.groups):
            raise NotForLogicError(reason)
    for mark, reason in _SPECIAL.items():
        if (group.text(mark) or "").lower() == "true":
            raise NotForLogicError(reason)
    for mark, reason in _KINDS.items():
        if group.text(mark) is not None:
            raise NotForLogicError(reason)
    if (found := _NOT_FOR_LOGIC.search(name)) is not None:
        raise NotForLogicError(f"its name says {found[0]!r}")


def _check_outputs(pins: Mapping[str, Group], outputs: Mapping[str, Group]) -> None:
    if not outputs:
        raise NotForLogicError("it has no output")
    if any(pin.text("direction") == "inout" for pin in pins.values()):
        raise NotForLogicError("it has a pin of both directions")
    for name, pin in outputs.items():
        if pin.text("three_state") is not None:
            raise NotForLogicError(f"its output {name} is tri-state")
        if pin.text("function") is None:
            raise NotForLogicError(f"its output {name} has no function")


def _flip_flop(group: Group) -> tuple[FlipFlop | None, tuple[str, ...]]:
    """Return a cell's flip-flop, if it has one, and what its state and the state's inverse are called."""
    found = group.all("ff")
    if not found:
        return None, ()
    if len(found) > 1:
        raise NotForLogicError("it holds several flip-flops")
    ff, state = found[0], tuple(found[0].arguments)
    clock, next_state = _strip(ff.text("clocked_on")), _renamed(_strip(ff.text("next_state")), state)
    clear, preset = _strip(ff.text("clear")), _strip(ff.text("preset"))
    if not re.fullmatch(r"\w+", clock) or ff.text("clocked_on_also") is not None:
        raise NotForLogicError("its flip-flop is not one on the rising edge of one clock")
    if clear and preset:
        raise NotForLogicError("its flip-flop has both clear and preset")
    if len([pin for pin in variables(next_state) if pin not in ("IQ", "IQN")]) != 1:
        raise NotForLogicError("its flip-flop takes more than one data input")
    return FlipFlop(clock, next_state, clear, preset), state


def _check_function(cell: Cell) -> None:
    """Raise unless a mapper can use what a cell computes."""
    if cell.flip_flop is not None:
        for output in cell.outputs:
            truth_table(output.function, ("IQ", "IQN"))
        return
    ones = (1 << (1 << len(cell.inputs))) - 1
    if any(table in (0, ones) for table in cell.tables):
        raise NotForLogicError("its output is constant")
    if len(cell.outputs) > 1 and adder_kind(cell) is None:
        raise NotForLogicError("it has several outputs and is not an adder")
    for output in cell.outputs:
        missing = [name for name in cell.input_names if name not in output.arcs]
        if missing:
            raise UnreadableError(f"it has no complete delay tables from {missing[0]} to {output.name}")


def _strip(value: str | None) -> str:
    """Return a function's text without the brackets that enclose all of it."""
    text = (value or "").strip()
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


def _renamed(function: str, state: Sequence[str]) -> str:
    """Return a function with a flip-flop's state called IQ and its inverse IQN."""
    standard = dict(zip(state, ("IQ", "IQN"), strict=False))
    return re.sub(r"\w+", lambda word: standard.get(word[0], word[0]), function)


def _input_energy(powers: Sequence[Power]) -> float:
    """Return the mean energy of a toggle over all states; a state that no group names costs nothing.

    It hardly depends on the slew: one point, a third along the axis, stands for all.
    """
    return sum(power.share * _middle(power) for power in powers)


def _middle(power: Power) -> float:
    values = [table.values.reshape(-1) for table in power.edges]
    return sum(float(each[each.size // 3]) for each in values) / len(values)


def _output_energy(powers: Sequence[Power], slews: np.ndarray, loads: np.ndarray) -> np.ndarray:
    """Return the mean over states, then over the inputs that may cause the toggle."""
    energy = np.zeros((len(slews), len(loads)))
    causes = by_cause(powers)
    for several in causes.values():
        for weight, power in several:
            energy += weight / len(causes) * power.on(slews, loads)
    return energy
