"""The calibration table: mapped units of every family, by part, for `hwmodel.cost` to learn from.

``python -m hwmodel.report.calibration [CARD]`` makes it anew; that takes about four minutes on one core.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hwmodel.cost.calibration import COLUMNS, TABLES
from hwmodel.files import write_text
from hwmodel.flow import TechCard, load_card
from hwmodel.flow.adders import adder_cell
from hwmodel.flow.card import Cell
from hwmodel.flow.interpolate import lookup
from hwmodel.spec import MacSpec
from hwmodel.sweep.rows import MismatchError, mapped_row
from hwmodel.yosys import Yosys, YosysError
from hwmodel_rtl import Architecture

FAMILIES: Mapping[str, str] = {
    "int": """
        int4-int4-fx int4-int4-fx24 int6-int6-fx int8-int8-fx int8-int8-fx32 int8-int8-fx48 int8-int8-fx24.sat int12-int12-fx
        int16-int16-fx48 uint4-uint4-fx uint8-uint8-fx24 uint8-int8-fx32 int8-int4-fx24 sm8-sm8-fx32 int8-int8-fx32-p1
        int8-int8-fx32-p2 int16-int8-fx40.sat""",
    "int-float": "int8-int8-fp32 int8-int8-fp16 int4-int4-fp16 int8-int8-bf16 uint8-int8-fp32",
    "mixed": """
        int4-e4m3fn-fp32 int8-e4m3fn-fx40 int8-fp16-fp32 bf16-int8-fp32.rtz int4-fp16-fp16 e5m2-int8-fp16 uint4-e5m2-fx40
        e4m3fn-bf16-fp32 e2m1fn-fp16-fp32 e2m1fn-e4m3fn-fp16 e2m3fn-e5m2-fx40""",
    "minifloat-fixed": """
        e4m3fn-e4m3fn-fx e4m3fn-e4m3fn-fx32f12 e4m3fn-e4m3fn-fx40f18.sat e4m3fn-e4m3fn-fx28f6.rne e5m2-e5m2-fx e5m2-e5m2-fx48f20
        e3m4-e3m4-fx e2m5-e2m5-fx e5m2-e4m3fn-fx e2m3fn-e2m3fn-fx e3m2fn-e3m2fn-fx e2m1fn-e2m1fn-fx e4m3fn-e4m3fn-fx-p1
        e4m3fnuz-e4m3fnuz-fx48""",
    "minifloat-float": """
        e4m3fn-e4m3fn-fp16 e4m3fn-e4m3fn-fp32 e4m3fn-e4m3fn-bf16 e4m3-e4m3-fp32 e5m2-e5m2-fp16 e5m2-e5m2-fp32 e5m2-e4m3fn-fp32
        e3m4-e3m4-fp16 e3m4-e3m4-e6m9 e2m5-e2m5-fp32 e2m3fn-e2m3fn-fp16 e3m2fn-e3m2fn-fp32 e2m1fn-e2m1fn-fp16 e2m1fn-e2m1fn-fp32
        e4m3fnuz-e4m3fnuz-fp16 e4m3fn-e4m3fn-fp32.rtz e4m3fn-e4m3fn-fp16.ftz e5m2-e5m2-fp16.rna e4m3fn-e4m3fn-fp32-p1
        e4m3fn-e4m3fn-fp16-p2 e4m3fn-e4m3fn-fp16.unfused e5m2-e5m2-e8m7.unfused e4m3nosub-e4m3nosub-fp16 e4m3fn-e4m3fn-e8m13""",
    "fma": """
        fp16-fp16-fp16 fp16-fp16-fp32 bf16-bf16-bf16 bf16-bf16-fp32 fp32-fp32-fp32 tf32-tf32-fp32 e6m9-e6m9-e6m9
        e4m3fn-e4m3fn-e4m3fn e5m2-e5m2-e5m2 fp16-bf16-fp32 fp16-fp16-fp32-p1 fp16-fp16-fp16.unfused bf16-bf16-fp32.ftz""",
    "chunk": """
        e5m2-e5m2-chunk64:e6m9:fp32 e4m3fn-e4m3fn-chunk16:fp16:fp32 int8-int8-chunk16:fx24:fx40 int8-int8-chunk64:fx24:fp32
        bf16-bf16-chunk32:e6m9:fp32 e4m3fn-e4m3fn-chunk8:fx28f6:fp32 e5m2-e5m2-chunk64:dlfloat16:dlfloat16""",
    "posit": """
        posit8-posit8-quire posit8es1-posit8es1-posit8es1 posit8es0-posit8es0-fx posit8-posit8-fp32 posit8es1-posit8es1-fp16
        posit16es1-posit16es1-posit16es1 posit8-posit8-posit8.unfused posit6es1-posit6es1-fx""",
    "log": "lns8-lns8-fx32 lns8-lns8-fp32 lns6g4-lns6g4-fx elma8-elma8-fx38 elma8-elma8-fp16 lns10g16-lns10g16-fp32",
    "codebook": "nf4@fp16-fp16-fp32 af4@bf16-bf16-fp32 nf4@fp16-nf4@fp16-fx nf4@e4m3fn-e4m3fn-fp16",
    "choice": """
        e4m3fn+e5m2-e4m3fn+e5m2-fp32 e4m3fn+e5m2-e4m3fn+e5m2-fp16 int4+int8-int8-fx32 e2m1fn+e4m3fn-e4m3fn-fp32
        cfloat8e4m3-cfloat8e4m3-fp32""",
    "lanes-fixed": """
        int8-int8-fx32-x4 int8-int8-fx32-x16 int4-int4-fx24-x8 uint8-int8-fx40.sat-x2-p1 e4m3fn-e4m3fn-fx-x4 e2m1fn-e2m1fn-fx-x8
        e5m2-e5m2-fx48f20-x2 posit6es1-posit6es1-quire-x2""",
    "lanes-float": """
        int8-int8-fp32-x8 int4-int4-fp16-x4 e4m3fn-e4m3fn-fp32-x4 e4m3fn-e4m3fn-fp16-x8-p1 e2m1fn-e2m1fn-fp32-x16 e2m3fn-e2m3fn-fp16-x2
        e3m4-e3m4-fp32-x2-p2 int8-int8-chunk16:fx24:fp32-x2""",
    "tensor": """
        fp16-fp16-tc4f23:fp32.rtz e4m3fn-e4m3fn-tc8f13:e8m13.rtz bf16-bf16-tc2f24:fp32.rtz-p1 e5m2-e4m3fn-tc4f10:fp16
        e2m1fn-e2m1fn-tc8f6:fp16.late e4m3fn-e4m3fn-tc8f25:fp16.phases0011 e5m2-e5m2-tc16f25:fp32.late fp16-fp16-tc4f25:fp16.late""",
    "block": """
        mxint8-mxint8-fp32-x8 mxint8-mxint8-fx32f8-x4 mxfp8e4m3-mxfp8e4m3-fp32-x4 mxfp6e2m3-mxfp6e2m3-fp16-x2-p1 mxfp4-mxfp4-fp32-x8
        mxfp4-bf16-fp32-x2 nvfp4-nvfp4-fp32-x8 nvfp4-nvfp4-fp32-x16-p2 mx9-mx9-fp32-x4 mx4-mx4-fp32-x16 msfp12-msfp12-fp16-x8
        vsq4-vsq4-fx48f0-x2 flex16-flex16-fp32-x2 e4m3fn:4:e8m0fnu-e4m3fn:4:e8m0fnu-tc4f13:fp32.rtz""",
    "stochastic": "fp16-fp16-fp16.sr8 e4m3fn-e4m3fn-fp16.sr8 e5m2-e5m2-fp32.sr16 hfp8-hfp8-dlfloat16.sr8",
}
"""The units mapped, by family."""


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
        "flip_flop": min(
            (cell for cell in card.cells.values() if cell.flip_flop is not None and not cell.flip_flop.clear and not cell.flip_flop.preset),
            key=lambda cell: (cell.area_um2, cell.name),
            default=None,
        ),
    }
    # What a library lacks is made of NAND2.
    nands = {"full_adder": 9, "half_adder": 5, "xor2": 4, "mux2": 4, "flip_flop": 6}
    figures = {}
    for name, cell in found.items():
        one = _figures(cell or nand, card)
        figures[name] = {key: value * (1 if cell else nands[name]) for key, value in one.items()}
    return figures


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


def calibration_table(card: TechCard, families: Mapping[str, str] = FAMILIES) -> tuple[dict[str, Any], list[str]]:
    """Map all units and return the table, and one sentence for each unit that failed."""
    architecture, objective = Architecture(), "balanced"
    rows, failed = [], []
    with Yosys() as yosys:
        for family, names in families.items():
            for name in names.split():
                try:
                    row = mapped_row(MacSpec.parse(name), card, yosys, architecture=architecture, objective=objective, glitches=False)
                except (YosysError, MismatchError) as error:
                    failed.append(f"{name}: {error}")
                    continue
                rows.append([name, family, *(round(float(row[column]), 3) for column in COLUMNS[2:])])
                print(f"{len(rows):3d} {name:44s} {row['area_um2']:9.0f} um2", file=sys.stderr, flush=True)
    table = {
        "card": card.name,
        "card_sha256": card.sha256,
        "process": card.process,
        "architecture": architecture.as_dict(),
        "objective": objective,
        "command": f"python -m hwmodel.report.calibration {card.name}",
        "tools": {name: version(name) for name in ("hwmodel", "amaranth", "pyosys")},
        "cells": cell_figures(card),
        "columns": list(COLUMNS),
        "rows": rows,
    }
    return table, failed


def to_text(table: Mapping[str, Any]) -> str:
    """Return the table as JSON with one row a line."""
    head = {key: value for key, value in table.items() if key != "rows"}
    rows = ",\n".join("  " + json.dumps(row) for row in table["rows"])
    return json.dumps(head, indent=1)[:-2] + ',\n "rows": [\n' + rows + "\n ]\n}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the table of one card."""
    parser = argparse.ArgumentParser(
        prog="python -m hwmodel.report.calibration", description="Map the calibration units and store their figures."
    )
    parser.add_argument("card", nargs="?", default="sky130hd")
    parser.add_argument("-o", "--output", type=Path, help="where to write; default: the table that hwmodel.cost reads")
    options = parser.parse_args(arguments)
    card = load_card(options.card)
    table, failed = calibration_table(card)
    target = options.output or TABLES / f"{card.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, to_text(table))
    for sentence in failed:
        print(f"left out: {sentence}", file=sys.stderr)
    print(f"{len(table['rows'])} units in {target}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
