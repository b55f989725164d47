"""Dot units of integers, floats and block formats side by side: what a product costs in each, beside what others have published."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hwmodel.cost.learning import read_units
from hwmodel.files import write_text
from hwmodel.flow import TechCard
from hwmodel.spec import MacSpec

from .chart import draw
from .claims.marks import PUBLISHED_HEADER, marks, published
from .compare import Progress, files_of, measured
from .text import estimate_error, markdown_table

LANES = 8

FORMATS: Mapping[str, str] = {
    "INT8": "int8",
    "MXINT8": "mxint8",
    "FP8 E4M3": "e4m3fn",
    "MXFP8 E4M3": "mxfp8e4m3",
    "INT4": "int4",
    "MXFP4": "mxfp4",
    "NVFP4": "nvfp4",
    "NVINT4": "int4sym:16:e4m3fnu:amax:tensor",
}
"""The operands, by what they are called; the first is the reference."""


_TOTALS = {"area": "area_um2", "energy": "energy_fj"}


def dot_units() -> list[MacSpec]:
    """Return the units: eight products a step into FP32, blocks in k/8 steps."""
    return [MacSpec.parse(f"{name}-{name}-fp32-x{LANES}") for name in FORMATS.values()]


def report_dot_units(card: TechCard, stem: Path, *, jobs: int = 2, progress: Progress = lambda line: None) -> list[Path]:
    """Map and estimate the dot units and write ``<stem>.png``, ``.svg``, ``.csv`` and ``.md``; return the files.

    Raises
    ------
    MismatchError
        If a mapped netlist and the golden model differ; the text says where.
    """
    table = measured(dot_units(), card, jobs=jobs, progress=progress, glitches=False)
    table.insert(0, "label", list(FORMATS))
    files = files_of(stem)
    title = f"Dot units of {LANES} lanes into FP32 on {card.name}"
    draw(table, stem, title=title, marks=marks(table))
    write_text(files[-2], table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(files[-1], _page(table, card, title, files[0].name))
    return files


def _page(table: pd.DataFrame, card: TechCard, title: str, image: str) -> str:
    estimates = ""
    if "est_area_um2" in table:
        learnt = {row["spec"] for row in read_units() if row["card"] == card.name}
        among = ", ".join(str(row["label"]) for _, row in table.iterrows() if row["spec"] in learnt) or "none"
        estimates = f" Estimates: {estimate_error(card)} Of the units here these are among those learnt from: {among}."
    return (
        f"# {title}\n\n![{title}]({image})\n\n"
        f"Each unit takes {LANES} operand pairs a step, adds their products exactly and rounds once into an FP32 accumulator: of scalars "
        f"in every step, of a block at its end, after k/{LANES} steps in a register for the exact sum. All figures are per product; ratios "
        "are to INT8. *Mapped* is the emitted circuit in cells of the library, *estimated* is worked out from the spec alone. Energy is "
        "that of quantised Gaussian operands at zero delay, glitches left out; the mapped netlists' accumulators equalled the golden "
        f"model's in every cycle.{estimates}\n\n"
        "## Area per product\n\n" + _quantity(table, "area", "um2", "µm²") + "\n\n"
        "## Energy per product\n\n" + _quantity(table, "energy", "fj", "fJ") + "\n\n"
        "## Beside published ratios\n\n" + markdown_table(PUBLISHED_HEADER, published(table)) + "\n\n"
        "FormatScope's are fused dot units of 32 lanes, also on sky130. arXiv 2510.25602 counts gates by formulas per lane, with aligners "
        "of at most 24 bits where the sums here are exact. In units of more lanes what follows a sum is shared by more products, and "
        f"weighs less than in these of {LANES}.\n"
    )


def _quantity(table: pd.DataFrame, quantity: str, unit: str, label: str) -> str:
    total = _TOTALS[quantity]
    estimated = f"est_{total}" in table
    header = ["operands", "unit", "mpy", "alignadd", "normacc", f"total ({label})", "over INT8"]
    header += ["estimated", "90 % interval", "estimated over INT8"] if estimated else []
    rows = []
    for _, row in table.iterrows():
        lanes = row["lanes"]
        cells = [str(row["label"]), f"`{row['spec']}`"]
        cells += [f"{row[f'{quantity}_{part}_{unit}'] / lanes:.0f}" for part in ("mpy", "alignadd", "normacc")]
        cells += [f"{row[total] / lanes:.0f}", f"{row[f'{total}_ratio']:.2f}"]
        if estimated:
            low, high = (row[f"est_{quantity}_{end}_{unit}"] / lanes for end in ("low", "high"))
            cells += [f"{row[f'est_{total}'] / lanes:.0f}", f"{low:.0f} … {high:.0f}", f"{row[f'est_{total}_ratio']:.2f}"]
        rows.append(cells)
    return markdown_table(header, rows)
