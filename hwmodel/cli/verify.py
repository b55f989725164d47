"""``hwmodel verify``: circuit against golden model."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .arguments import Csv, Json, Specs, parse_specs
from .errors import MISMATCH, InputError
from .files import output_folder
from .output import Column, Form, console, decimals, form_of, progress, show, show_csv, show_json

if TYPE_CHECKING:
    from hwmodel.spec import MacSpec
    from hwmodel_sim import Report

_COLUMNS = (
    Column("spec", "unit", left=True),
    Column("result", "result", left=True),
    Column("vectors", "vectors", decimals(0)),
    Column("pairs_met", "operand\npairs met", decimals(0)),
    Column("pairs", "of", decimals(0), wide=112),
    Column("macs_per_s", "simulated\nMACs/s", decimals(0)),
    Column("simulator", "simulator", left=True),
    Column("seed", "seed", wide=112),
    Column("build_s", "build\ns", decimals(1), wide=112),
    Column("simulation_s", "simulation\ns", decimals(1), wide=112),
)

MAX_VECTORS = 1 << 25
_VECTORS = "About how many steps to compare; some thousand that bring the accumulator to its ends come on top."


def verify(
    context: typer.Context,
    texts: Specs,
    simulator: Annotated[str, typer.Option(help="auto, verilator or icarus.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same vectors.")] = 1,
    vectors: Annotated[int | None, typer.Option(min=1, max=MAX_VECTORS, help=_VECTORS, show_default="a full proof")] = None,
    waves: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep a waveform here.", show_default=False)] = None,
    verilog: Annotated[Path | None, typer.Option(metavar="FILE", help="Verify this file as the one SPEC.", show_default=False)] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Simulate each unit's circuit and compare it with the golden model; exit code 1 on a mismatch."""
    form = form_of(as_json, as_csv)
    specs = parse_specs(texts)
    if verilog is not None and len(specs) != 1:
        raise InputError(f"--verilog verifies one file as one unit, and {len(specs)} were given")
    source = None if verilog is None else verilog.read_text(encoding="utf-8", errors="replace")
    if waves is not None:
        output_folder(waves)
    from rich.text import Text

    from hwmodel.yosys import Yosys
    from hwmodel_rtl import emit
    from hwmodel_sim import verify_many

    reports = []
    with Yosys() as yosys, progress("verify", len(specs)) as start:

        def circuits() -> Iterator[tuple["MacSpec", str]]:
            for spec in specs:
                start(str(spec))
                yield spec, emit(spec, yosys=yosys).verilog if source is None else source

        for report in verify_many(circuits(), simulator=simulator, seed=seed, vectors=vectors, waves=waves):
            again = [replace(each, replay=_replay(each.replay, context, verilog)) for each in report.mismatches]
            reports.append(replace(report, mismatches=again))
    rows = [_row(report) for report in reports]
    if form is Form.JSON:
        show_json(rows)
    elif form is Form.CSV:
        show_csv([row | _flat(report) for row, report in zip(rows, reports, strict=True)])
    else:
        show([row | {"result": report.verdict} for row, report in zip(rows, reports, strict=True)], _COLUMNS, form)
        for report in reports:
            console().print(Text("\n".join(map(str, report.mismatches)) or _met(report)), soft_wrap=True)
    if not all(report.ok for report in reports):
        raise typer.Exit(MISMATCH)


def _replay(command: str, context: typer.Context, verilog: Path | None) -> str:
    """Return the command that finds a mismatch again, with what else this one was given."""
    codebooks = "".join(f" --codebook {text}" for text in context.find_root().params.get("codebook") or [])
    return command.replace("hwmodel", f"hwmodel{codebooks}", 1) + (f" --verilog {verilog}" if verilog is not None else "")


def _row(report: "Report") -> dict[str, Any]:
    coverage = report.coverage
    return {
        "spec": str(report.spec),
        "result": "equal" if report.ok else "DIFFERS",
        "simulator": report.simulator,
        "seed": report.seed,
        "vectors": report.vectors,
        "unreached": [{"what": each.what, "steps": each.steps} for each in report.unreached],
        "pairs": coverage.pairs or None,
        "pairs_met": coverage.pairs_met if coverage.pairs else None,
        "macs_per_s": report.macs_per_s,
        "golden_s": report.golden_seconds,
        "build_s": report.build_seconds,
        "simulation_s": report.simulation_seconds,
        "states": dict(coverage.states.most_common()),
        "events": dict(coverage.events.most_common()),
        "waves": report.waves,
        "mismatches": [asdict(each) for each in report.mismatches],
    }


def _flat(report: "Report") -> dict[str, str]:
    """Return as text what a cell of CSV cannot hold."""
    missed = "; ".join(f"{each.what} ({each.steps} steps)" for each in report.unreached)
    return {"unreached": missed, "mismatches": "\n".join(map(str, report.mismatches))}


def _met(report: "Report") -> str:
    """Return which accumulator states and events the vectors met."""
    found = [
        ", ".join(f"{name} {count:,}" for name, count in each.most_common()) for each in (report.coverage.states, report.coverage.events)
    ]
    return f"{report.spec}: accumulator before: {found[0]}; events: {found[1]}" + (f"; waveform: {report.waves}" if report.waves else "")
