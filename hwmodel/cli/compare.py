"""``hwmodel compare``: the chart."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwmodel.spec import MacSpec

from .arguments import Card, Csv, Jobs, Json, OutFolder, find_card, parse_specs
from .errors import InputError, mismatch_exits
from .files import output_file, output_folder
from .lanes import has_lanes, step, with_lanes
from .output import Column, Form, decimals, form_of, note, progress, ratio, show

if TYPE_CHECKING:
    import pandas as pd

    from hwmodel.flow import TechCard

_COLUMNS = (
    Column("spec", "unit", left=True),
    Column("area_um2", "area\nµm²", digits=3),
    Column("area_um2_ratio", "\nratio", ratio),
    Column("est_area_um2_ratio", "ratio\nestimated", ratio),
    Column("energy_fj", "energy\nfJ", digits=3),
    Column("energy_fj_ratio", "\nratio", ratio),
    Column("est_energy_fj_ratio", "ratio\nestimated", ratio),
    Column("delay_ps", "delay\nps", decimals(0), wide=90),
    Column("verified_vectors", "steps\nproved", decimals(0), wide=100),
)


def compare(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="SPEC", help="Units; the first is the reference.", show_default="INT8 versus FP8")
    ] = None,
    out: OutFolder = Path("reports"),
    name: Annotated[str, typer.Option(help="Name of the files.", show_default="int8-vs-fp8, or compare")] = "",
    card: Card = "sky130hd",
    prove: Annotated[bool, typer.Option("--prove/--no-prove", help="Hold every circuit against the golden model too.")] = False,
    jobs: Jobs = 2,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """The chart: mpy, alignadd and normacc of units side by side, area and energy, mapped beside estimated; published ratios marked."""
    form = form_of(as_json, as_csv)
    given = parse_specs(texts or [])
    cells = find_card(card)
    if Path(name).name != name or name == "..":
        raise InputError(f"the name {name!r} is not a file name; --out names the folder")
    if prove:
        check_simulator()
    folder = output_folder(out)
    if given:
        draw(given, cells, folder / (name or "compare"), f"{given[0]} and others", form, prove=prove, jobs=jobs)
    else:
        draw(default_specs(), cells, folder / (name or "int8-vs-fp8"), "INT8 versus FP8", form, prove=prove, jobs=jobs)


def default_specs() -> list[MacSpec]:
    """Return the units of the default comparison."""
    from hwmodel.report.compare import INT8_VERSUS_FP8

    return parse_specs(INT8_VERSUS_FP8)


def check_simulator() -> None:
    """Find out now whether circuits can be simulated, and not after all that comes before the first proof."""
    from hwmodel_sim.simulators import choose

    choose()


def draw(
    specs: Sequence[MacSpec],
    card: "TechCard",
    stem: Path,
    title: str,
    form: Form,
    *,
    prove: bool,
    jobs: int,
    verilog: Path | None = None,
    shown: bool = True,
) -> "pd.DataFrame":
    """Compare `specs`, write the chart and its table, (if `shown`) print the ratios, and return the table."""
    from hwmodel.report.compare import compare as compare_units
    from hwmodel.report.compare import files_of

    for file in files_of(stem):
        output_file(file)
    with mismatch_exits(), progress("compare", len(specs) * (1 + prove), at_end=True) as done:
        result = compare_units(specs, card, stem, title=f"{title} on {card.name}", prove=prove, verilog=verilog, jobs=jobs, progress=done)
    if not shown:
        return result.table
    rows = result.table.to_dict("records")
    table = f"Area, and energy per {step(rows)} without glitches, on {card.name}; ratios to {specs[0]}"
    estimated = "est_area_um2" in result.table
    columns = with_lanes([column for column in _COLUMNS if estimated or not column.key.startswith("est_")], rows)
    if not estimated:
        from hwmodel.report.text import no_estimates

        note(f"only mapped figures are compared: no estimates, for {no_estimates(card)}")
    table += ", per product" if has_lanes(rows) else ""
    notes = [f"not reached in the proof of {row['spec']}: {row['verified_missed']}" for row in rows if row.get("verified_missed")]
    show(rows, columns, form, title=table, caption="\n".join([*notes, *(f"written: {file}" for file in result.files)]))
    return result.table
