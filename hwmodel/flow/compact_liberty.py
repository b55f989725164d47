"""A card written out as a small Liberty file: Yosys (``dfflibmap``) and ABC (``read_lib``) map with the card's figures, and other
timers can be run on them."""

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from .boolean import sense
from .card import Cell, FlipFlop, Output, TechCard

_TABLES = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")


@cache
def to_liberty(card: TechCard, *, flip_flops: bool = True, logic: bool = True) -> str:
    """Return `card` as Liberty text in ps, fF and nW; the same card gives the same text.

    Without `flip_flops` or without `logic` only the other kind of cell is written: ``dfflibmap`` needs the one, ABC
    the other, and reading is what costs them time.
    """
    cells = [cell for cell in card.cells.values() if (flip_flops if cell.flip_flop is not None else logic)]
    return "\n".join(_library(card, cells)) + "\n"


def _library(card: TechCard, cells: list[Cell]) -> Iterator[str]:
    yield f'library ("{card.name}") {{'
    yield "delay_model : table_lookup;"
    yield 'time_unit : "1ps";'
    yield "capacitive_load_unit (1, ff);"
    yield 'leakage_power_unit : "1nW";'
    yield 'voltage_unit : "1V";'
    yield f"nom_voltage : {card.voltage_v};"
    templates: dict[tuple[int, int], str] = {}
    for cell in cells:
        for output in cell.outputs:
            shape = (len(output.slews_ps), len(output.loads_ff))
            templates.setdefault(shape, f"slew{shape[0]}_load{shape[1]}")
    for (slews, loads), name in templates.items():
        yield f"lu_table_template ({name}) {{ variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;"
        yield f'index_1 ("{_row(np.arange(1.0, slews + 1))}"); index_2 ("{_row(np.arange(1.0, loads + 1))}"); }}'
    for points in sorted({len(cell.flip_flop.setup_slews_ps) for cell in cells if cell.flip_flop is not None} - {0}):
        yield f'lu_table_template (slew{points}) {{ variable_1 : constrained_pin_transition; index_1 ("{_row(range(1, points + 1))}"); }}'
    for cell in cells:
        yield from _cell(cell, templates)
    yield "}"


def _cell(cell: Cell, templates: dict[tuple[int, int], str]) -> Iterator[str]:
    yield f'cell ("{cell.name}") {{ area : {cell.area_um2}; cell_leakage_power : {cell.leakage_nw};'
    if cell.flip_flop is not None:
        controls = [("clear", cell.flip_flop.clear), ("preset", cell.flip_flop.preset)]
        extra = " ".join(f'{name} : "{function}";' for name, function in controls if function)
        yield f'ff (IQ, IQN) {{ clocked_on : "{cell.flip_flop.clock}"; next_state : "{cell.flip_flop.next_state}"; {extra} }}'
    for pin in cell.inputs:
        clock = " clock : true;" if cell.flip_flop is not None and pin.name == cell.flip_flop.clock else ""
        yield f'pin ("{pin.name}") {{ direction : input; capacitance : {pin.capacitance_ff};{clock}'
        if cell.flip_flop is not None and cell.flip_flop.setup_ps and pin.name == cell.flip_flop.data:
            yield from _setup(cell.flip_flop)
        yield "}"
    for output in cell.outputs:
        yield from _output(cell, output, templates[len(output.slews_ps), len(output.loads_ff)])
    yield "}"


def _output(cell: Cell, output: Output, template: str) -> Iterator[str]:
    yield f'pin ("{output.name}") {{ direction : output; function : "{output.function}"; max_capacitance : {output.max_load_ff};'
    for index, name in enumerate(cell.input_names):
        tables = output.arcs.get(name)
        if tables is None:
            continue
        if cell.flip_flop is None:
            kind = f"timing_sense : {sense(cell.tables[cell.outputs.index(output)], index, len(cell.inputs))}"
        else:
            kind = "timing_type : rising_edge; timing_sense : non_unate"
        yield f'timing () {{ related_pin : "{name}"; {kind};'
        for edge, table in zip(_TABLES, tables, strict=True):
            values = ", ".join(f'"{_row(row)}"' for row in table)
            yield f'{edge} ({template}) {{ index_1 ("{_row(output.slews_ps)}"); index_2 ("{_row(output.loads_ff)}"); values ({values}); }}'
        yield "}"
    yield "}"


def _setup(flip_flop: FlipFlop) -> Iterator[str]:
    yield f'timing () {{ related_pin : "{flip_flop.clock}"; timing_type : setup_rising;'
    for edge, times in zip(("rise_constraint", "fall_constraint"), flip_flop.setup_ps, strict=True):
        yield f'{edge} (slew{len(times)}) {{ index_1 ("{_row(flip_flop.setup_slews_ps)}"); values ("{_row(times)}"); }}'
    yield "}"


def _row(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
