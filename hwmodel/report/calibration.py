"""The calibration set: units of every family, mapped and simulated by a sweep on several cards and for several objectives.

`hwmodel.cost` learns from it. `hwmodel calibrate --make` maps what a sweep's store does not hold yet, and writes both files that
estimates rest on: the table of units, and the coefficients learnt from it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from hwmodel.cost.calibration import ARCHITECTURES, COEFFICIENTS
from hwmodel.cost.learning import COLUMNS, FIGURES, UNITS, coefficients_text, learn, read_units, unit_sets
from hwmodel.files import scratch_folder, write_text
from hwmodel.flow import TechCard, load_card
from hwmodel.flow.adders import adder_cell, adder_in_use
from hwmodel.flow.boolean import truth_table, variables
from hwmodel.flow.card import Cell
from hwmodel.flow.interpolate import lookup
from hwmodel.sweep import Crew, Store, Summary, parse_plan, run_sweep

from .calibration_units import calibration_units

STREAMS = 16
"""Streams of operands, of 128 steps each: they tell a unit's energy to about a hundredth."""

_DIGITS = 6


def make_units(
    card: str, objective: str, store: Store, crew: Callable[[], AbstractContextManager[Crew]], progress: Callable[[str, int, int], None]
) -> tuple[list[dict[str, Any]], Summary]:
    """Map and simulate the units of a card and an objective; return their rows, of `hwmodel.cost.learning.COLUMNS`, and what was done.

    Parameters
    ----------
    card
        A bundled card's name, or the path of one.
    """
    name = load_card(card).name
    units = calibration_units(name, objective)
    space = {"unit": list(units), "card": card, "objective": objective, **ARCHITECTURES[objective]}
    plan = parse_plan({"space": space, "compute": {"energy": {"streams": STREAMS, "glitches": True}}})
    with scratch_folder("hwmodel-calibrate-") as folder:
        summary = run_sweep(plan, store, Path(folder) / "units.parquet", crew, progress)
        table = pd.read_parquet(summary.table) if summary.table is not None else pd.DataFrame(columns=[*COLUMNS, "reason"])
    mapped = table[table["reason"].isna()]
    rows = [dict(row) | {"family": units[row["spec"]], "card": name, "objective": objective} for row in mapped.to_dict("records")]
    return [{name: _rounded(row[name]) if name in FIGURES else row[name] for name in COLUMNS} for row in rows], summary


def _rounded(figure: float) -> float:
    return float(f"{figure:.{_DIGITS}g}")


def write_tables(rows: Sequence[Mapping[str, Any]], card: TechCard, folder: Path) -> None:
    """Write a card's rows into the table of units in a folder, in place of those of the same objectives, and what all of it teaches."""
    units = folder / UNITS
    made = {(row["card"], row["objective"]) for row in rows}
    known = [row for row in read_units(units) if (row["card"], row["objective"]) not in made] if units.exists() else []
    everything = sorted([*known, *rows], key=lambda row: (row["card"], row["objective"]))
    write_text(units, pd.DataFrame(everything, columns=list(COLUMNS)).to_csv(index=False))
    write_text(folder / COEFFICIENTS, coefficients(read_units(units), card))


def coefficients(rows: Sequence[Mapping[str, Any]], own: TechCard) -> str:
    """Return the file of coefficients that a table of units teaches; the cards in it are bundled ones, or one's `own`."""
    cards: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(row["card"] for row in rows):
        card = own if name == own.name else load_card(name)
        cards[name] = {"sha256": card.sha256, "process": card.process, "cells": cell_figures(card)}
    made = {"command": "hwmodel calibrate --make", "tools": {name: version(name) for name in ("hwmodel", "amaranth", "pyosys")}}
    sets = unit_sets(rows, {name: card["cells"] for name, card in cards.items()})
    return coefficients_text([learn(each) for each in sets], cards, made)


def cell_figures(card: TechCard) -> dict[str, dict[str, float]]:
    """Return what one cell of each kind that `hwmodel.cost` counts has: um2, fJ a toggle of an output, and fJ a clock cycle.

    The smallest cell of its function is taken; a toggle drives two NAND2 inputs.
    """
    nand = card.nand2
    adders = {"full_adder": adder_cell(card, "full"), "half_adder": adder_cell(card, "half")}
    found: dict[str, Cell | None] = {name: adder.cell if adder is not None else None for name, adder in adders.items()}
    found |= {
        "xor2": card.smallest(0b0110, 2),
        "mux2": card.smallest(0b11001010, 3) or card.smallest(0b11100100, 3) or card.smallest(0b11011000, 3),
        "gate2": nand,
        "inverter": card.inverter,
        "flip_flop": min((cell for cell in card.cells.values() if cell.flip_flop is not None), key=_plainness, default=None),
    }
    # What a library lacks is made of NAND2.
    nands = {"full_adder": 9, "half_adder": 5, "xor2": 4, "mux2": 4, "flip_flop": 6}
    figures = {}
    for name, cell in found.items():
        one = _figures(cell or nand, card)
        figures[name] = {key: value * (1 if cell else nands[name]) for key, value in one.items()}
    stays = adder_in_use(card, "full") is not None
    figures["sign_adder"] = {key: value * stays for key, value in figures["full_adder"].items()}
    return figures


def _plainness(cell: Cell) -> tuple[bool, bool, float, str]:
    """Return what is least for the flip-flop that registers are made of.

    One that is not reset by itself and hands on what it is given, not the complement, if there is one; of these the smallest.
    """
    assert cell.flip_flop is not None
    return cell.flip_flop.controlled, not _hands_on(cell), cell.area_um2, cell.name


def _hands_on(cell: Cell) -> bool:
    """Return whether an output of a flip-flop is what its data pin was."""
    assert cell.flip_flop is not None
    data = (cell.flip_flop.data,)
    if variables(cell.flip_flop.next_state) != data:
        return False
    given = truth_table(cell.flip_flop.next_state, data)
    return any(truth_table(output.function.replace("IQN", "(!IQ)"), ("IQ",)) == given for output in cell.outputs)


def _figures(cell: Cell, card: TechCard) -> dict[str, float]:
    load_ff = 2 * (card.nand2.inputs[0].capacitance_ff + card.wire_ff_per_sink)
    half_v2 = card.voltage_v**2 / 2
    clock = cell.flip_flop.clock if cell.flip_flop is not None else None
    toggle = sum(
        float(lookup(output.slews_ps, output.loads_ff, output.energy_fj, float(output.slews_ps[0]), load_ff)) + half_v2 * load_ff
        for output in cell.outputs
    )
    ticks = [2 * (pin.energy_fj + half_v2 * (pin.capacitance_ff + card.wire_ff_per_sink)) for pin in cell.inputs if pin.name == clock]
    return {"area_um2": round(cell.area_um2, 4), "toggle_fj": round(toggle, 4), "clock_fj": round(sum(ticks), 4)}
