"""The main job: units side by side, proved, mapped, estimated, and drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hwmodel.cost import estimate, is_calibrated
from hwmodel.files import write_text
from hwmodel.flow import TechCard
from hwmodel.spec import MacSpec
from hwmodel.sweep.rows import MismatchError, mapped_row
from hwmodel.yosys import Yosys

from .chart import FORMATS, draw
from .claims.marks import marks
from .crew import side_by_side
from .text import comparison_text

INT8_VERSUS_FP8 = (
    "int8-int8-fx32",
    "int8-int8-fp16",
    "int8-int8-fp32",
    "e4m3fn-e4m3fn-fx",
    "e4m3fn-e4m3fn-fp16",
    "e4m3fn-e4m3fn-fp32",
    "e5m2-e5m2-fx",
    "e5m2-e5m2-fp16",
    "e5m2-e5m2-fp32",
)
"""The default comparison: INT8 and both OCP FP8 formats, each with a fixed-point, an FP16 and an FP32 accumulator."""

TWO_FP8_FORMATS = ("e5m2-e5m2-fp32", "e4m3fn-e4m3fn-fp32", "e4m3fn+e5m2-e4m3fn+e5m2-fp32")
"""What it costs to serve both OCP FP8 formats with one circuit."""

Progress = Callable[[str], None]
"""Called with one line when a step is finished."""


@dataclass(frozen=True)
class Comparison:
    """Units side by side.

    Attributes
    ----------
    table
        One row a unit: mapped, estimated (``est_…``, where the card is calibrated), ratios to the first unit
        (``…_ratio``, per product) and, where asked for, the proof (``verified_vectors``; ``verified_missed``: far ends of
        accumulators that it did not reach, in words).
    files
        What was written.
    """

    table: pd.DataFrame
    files: list[Path]


def files_of(stem: Path) -> list[Path]:
    """Return the files that a comparison writes: two drawings, the table, and the page."""
    return [stem.with_name(f"{stem.name}.{ending}") for ending in (*FORMATS, "csv", "md")]


def compare(
    specs: Sequence[MacSpec],
    card: TechCard,
    stem: Path,
    *,
    title: str,
    prove: bool = False,
    verilog: Path | None = None,
    jobs: int = 2,
    progress: Progress = lambda line: None,
) -> Comparison:
    """Map and estimate `specs` and write ``<stem>.png``, ``.svg``, ``.csv`` and ``.md``.

    Parameters
    ----------
    specs
        Units; the first is the reference of every ratio.
    card
        The cells to map to.
    stem
        Path of the files without ending; its folder is made.
    title
        Of the chart.
    prove
        Whether to hold every circuit against the golden model first.
    verilog
        A folder for the units' Verilog and manifests, or None.
    jobs
        How many units are worked on at a time.
    progress
        Told of every finished step.

    Raises
    ------
    MismatchError
        If a circuit and the golden model differ; the text says where.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    table = measured(specs, card, prove=prove, verilog=verilog, jobs=jobs, progress=progress)
    written = files_of(stem)
    csv, markdown = written[-2:]
    image = draw(table, stem, title=title, marks=marks(table))[0].name
    write_text(csv, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(markdown, comparison_text(table, card, title=title, image=image))
    return Comparison(table, written)


def measured(
    specs: Sequence[MacSpec],
    card: TechCard,
    *,
    prove: bool = False,
    verilog: Path | None = None,
    jobs: int = 2,
    progress: Progress = lambda line: None,
    glitches: bool = True,
) -> pd.DataFrame:
    """Return the table of a `Comparison`; parameters and errors are those of `compare`, `glitches` that of `mapped_row`."""
    rows = side_by_side(
        lambda spec, yosys: _row(spec, card, yosys, prove=prove, verilog=verilog, progress=progress, glitches=glitches), specs, jobs
    )
    table = pd.DataFrame(rows)
    for column in (f"{prefix}{quantity}" for prefix in ("", "est_") for quantity in ("area_um2", "energy_fj", "energy_timed_fj")):
        if column in table:
            each = table[column] / table["lanes"]
            table[f"{column}_ratio"] = each / each.iloc[0]
    return table


def _row(spec: MacSpec, card: TechCard, yosys: Yosys, *, prove: bool, verilog: Path | None, progress: Progress, glitches: bool) -> dict:
    """Return all there is to say of one unit."""
    row = mapped_row(spec, card, yosys, verilog=verilog, glitches=glitches)
    yosys.close()
    progress(f"{spec}: mapped to {row['cells']} cells, {row['area_um2']:,.0f} um2")
    if is_calibrated(card):
        guess = estimate(spec, card).row
        row |= {f"est_{name}": figure for name, figure in guess.items() if name not in ("spec", "card", "objective", "lanes")}
    if prove:
        from hwmodel_sim import verify

        report = verify(spec)
        if report.mismatches:
            raise MismatchError(str(report.mismatches[0]))
        progress(f"{spec}: {report.vectors:,} steps equal the golden model on {report.simulator}")
        row |= {"verified_vectors": report.vectors, "verified_on": report.simulator, "verified_seed": report.seed}
        row |= {"verified_missed": report.missed}
    return row
