"""``hwmodel tech``: cell libraries as cards."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import MacSpec

from .arguments import Csv, Jobs, Json, find_card, parse_specs
from .errors import MISMATCH, Commands, InputError, mismatch_exits
from .files import output_file, output_folder
from .output import Column, Form, decimals, facts, form_of, note, progress, show

if TYPE_CHECKING:
    from hwmodel.flow import TechCard
    from hwmodel.flow.card import Cell

_CARD_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)

tech = typer.Typer(cls=Commands, help="Tech cards: cell libraries, reduced to the figures that cost needs.", no_args_is_help=False)

_COLUMNS = (
    Column("name", "card", left=True),
    Column("process", "process", left=True),
    Column("cells", "cells"),
    Column("voltage_v", "supply\nV", decimals(2)),
    Column("nand2_um2", "NAND2\num²", decimals(3)),
    Column("flip_flop_um2", "flip-flop\num²", decimals(3)),
    Column("full_adder_um2", "full adder\num²", decimals(3)),
    Column("licence", "licence", left=True, wide=112),
)

_CELL_COLUMNS = (
    Column("cell", "cell", left=True),
    Column("area_um2", "area\num²", decimals(3)),
    Column("area_ge", "area\nGE", decimals(2)),
    Column("leakage_nw", "leakage\nnW", decimals(4)),
    Column("input_ff", "input\nfF", decimals(2)),
    Column("function", "function", left=True),
)

_CHECK_COLUMNS = (
    Column("spec", "unit", left=True),
    Column("area_card_um2", "area\nµm²", digits=5),
    Column("area_full_um2", "full\nµm²", digits=5),
    Column("area_ratio", "\nratio", decimals(4)),
    Column("delay_card_ps", "delay\nps", digits=5),
    Column("delay_full_ps", "full\nps", digits=5),
    Column("delay_ratio", "\nratio", decimals(3)),
    Column("energy_card_fj", "energy\nfJ", digits=5),
    Column("energy_full_fj", "full\nfJ", digits=5),
    Column("energy_ratio", "\nratio", decimals(3)),
)

_EXCLUDED_COLUMNS = (Column("cell", "cell", left=True), Column("reason", "because", left=True))


@tech.command("list")
def list_(as_json: Json = False, as_csv: Csv = False) -> None:
    """The bundled cards."""
    form = form_of(as_json, as_csv)
    from hwmodel.flow import list_cards

    show([_row(find_card(name)) for name in list_cards()], _COLUMNS, form)


@tech.command("show")
def show_(
    card: Annotated[str, typer.Argument(metavar="CARD", help="A bundled card, or the path of one.", show_default=False)],
    cells: Annotated[bool, typer.Option("--cells", help="List the cells.")] = False,
    excluded: Annotated[bool, typer.Option("--excluded", help="List the library's cells that are not in it, and why.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """One card: where it comes from, what is in it."""
    form = form_of(as_json, as_csv)
    if cells and excluded:
        raise InputError("--cells and --excluded exclude each other")
    found = find_card(card)
    if cells:
        show(_cell_rows(found), _CELL_COLUMNS, form, title=found.name)
    elif excluded:
        rows = [{"cell": cell, "reason": reason} for cell, reason in found.excluded.items()]
        show(rows, _EXCLUDED_COLUMNS, form, title=f"Cells of {found.name} that logic must not use")
    else:
        _show_card(found, form)


@tech.command("import")
def import_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The card's name.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Liberty files, plain or .gz, of one library.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The card's file.", show_default="NAME.card.json.gz")
    ] = None,
    process: Annotated[str, typer.Option(help="The process, in words.", show_default="the operating conditions")] = "",
    source: Annotated[str, typer.Option(help="Where the files came from.", show_default="their names")] = "",
    licence: Annotated[str, typer.Option(help="The terms they came under.")] = "not stated",
    fast_mapper: Annotated[
        str, typer.Option(metavar="map|nf", help="ABC's mapper for the objective delay; synth a few units with either, and compare.")
    ] = "map",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """A card from Liberty files."""
    form = form_of(as_json, as_csv)
    _check_name(name)
    from hwmodel.flow import import_liberty
    from hwmodel.flow.card import FAST_MAPPERS

    if fast_mapper not in FAST_MAPPERS:
        raise InputError(f"--fast-mapper {fast_mapper!r} is not one of {', '.join(FAST_MAPPERS)}")
    target = output_file(out or Path(f"{name}.card.json.gz"))
    with progress("read", len(files)) as start:
        card = import_liberty(name, files, process=process, source=source, licence=licence, fast_mapper=fast_mapper, progress=start)
    output_folder(target.parent)
    card.save(target)
    for sentence in _unreadable(card):
        note(sentence)
    _show_card(card, form, target)


@tech.command("check")
def check_(
    card: Annotated[str, typer.Argument(metavar="CARD", help="A bundled card, or the path of one.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="The Liberty files it was made of.", show_default=False)],
    units: Annotated[
        list[str] | None, typer.Option("--unit", metavar="SPEC", help="A unit; may be given again.", show_default="20, of every family")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="As in synth. Where gates are sized (balanced, delay), ties fall by the last digits of tables.")
    ] = "area",
    jobs: Jobs = 2,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """A card against the full Liberty files it was made of: units mapped, timed and simulated with either. Exit code 1 past a bound."""
    form = form_of(as_json, as_csv)
    found = find_card(card)
    from hwmodel.flow.fidelity import full_library
    from hwmodel.flow.mapping import SCRIPTS
    from hwmodel.report.fidelity import BOUNDS, UNITS, check_card, worst

    if objective not in SCRIPTS:
        raise InputError(f"the objective {objective!r} is not one of {', '.join(SCRIPTS)}")
    specs = parse_specs(units) if units else [MacSpec.parse(unit) for unit in UNITS]
    with progress("read", len(files)) as start:
        library = full_library(found, files, progress=start)
    with mismatch_exits(), progress("check", len(specs), at_end=True) as done:
        rows = check_card(found, library, specs, objective=objective, jobs=jobs, progress=done)
    farthest = worst(rows)
    missed = [quantity for quantity, (_, error) in farthest.items() if abs(error) > BOUNDS[quantity]]
    sums = [f"{quantity} {error:+.2%} ({spec}; bound {BOUNDS[quantity]:.1%})" for quantity, (spec, error) in farthest.items()]
    verdict = f"{' and '.join(missed)} past the bound" if missed else "within the bounds"
    summary = f"Worst of {len(rows)}: {', '.join(sums)}: {verdict}."
    show(
        rows,
        _CHECK_COLUMNS,
        form,
        title=f"{found.name} against its full Liberty files, mapped for {objective}; ratio: card / full",
        caption=summary,
    )
    if form is not Form.TABLE:
        note(summary)
    if missed:
        raise typer.Exit(MISMATCH)


def _unreadable(card: "TechCard") -> list[str]:
    """Return a sentence on the cells that were left out because they could not be read."""
    cells = [f"{name}: {reason}" for name, reason in card.excluded.items() if "cannot be read" in reason or "no complete" in reason]
    more = f"; and {len(cells) - 3} more, see tech show --excluded" if len(cells) > 3 else ""
    return [f"left out, for the file does not say enough of them: {'; '.join(cells[:3])}{more}"] if cells else []


def _check_name(name: str) -> None:
    from hwmodel.flow import list_cards

    if not _CARD_NAME.fullmatch(name):
        raise InputError(f"the card's name {name!r} is not made of letters, digits and . _ + -, the first a letter or a digit")
    if name in list_cards():
        raise InputError(f"{name} is the name of a bundled card, which estimates are calibrated on; choose another, such as my-{name}")


def _show_card(card: "TechCard", form: Form, target: Path | None = None) -> None:
    row = _row(card) | ({"file": str(target)} if target else {})
    if form is not Form.TABLE:
        show([row], (), form)
        return
    pairs = [(key, row[key]) for key in ("process", "source", "licence", "file") if row.get(key)]
    pairs += [("supply", f"{card.voltage_v:g} V"), ("cells", f"{len(card.cells)}, and {len(card.excluded)} that logic must not use")]
    for key, cell in _reference_cells(card).items():
        area = f"{cell.name}, {cell.area_um2:.3f} µm² = {cell.area_um2 / card.nand2.area_um2:.2f} GE" if cell else "none"
        pairs.append((key.replace("_", " "), area))
    pairs.append(("wire", f"{card.wire_ff_per_sink:.2f} fF for each pin a net drives (assumed: 0.2 fF/µm over three cell pitches)"))
    pairs.append(("mapped for delay by", card.fast_mapper))
    facts(pairs, title=card.name)


def _reference_cells(card: "TechCard") -> dict[str, "Cell | None"]:
    """Return the smallest cell of each kind that a unit is mostly made of."""
    from hwmodel.flow.adders import adder_cell

    flip_flops = [cell for cell in card.cells.values() if cell.flip_flop is not None]
    full, half = (adder_cell(card, kind) for kind in ("full", "half"))
    return {
        "NAND2": card.nand2,
        "inverter": card.inverter,
        "flip_flop": min(flip_flops, key=lambda cell: (cell.area_um2, cell.name), default=None),
        "full_adder": full.cell if full else None,
        "half_adder": half.cell if half else None,
    }


def _row(card: "TechCard") -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": card.name,
        "process": card.process,
        "source": card.source,
        "licence": card.licence,
        "voltage_v": card.voltage_v,
        "wire_ff_per_sink": card.wire_ff_per_sink,
        "cells": len(card.cells),
        "excluded": len(card.excluded),
        "fast_mapper": card.fast_mapper,
    }
    for key, cell in _reference_cells(card).items():
        row |= {key.lower(): cell.name if cell else None, f"{key.lower()}_um2": cell.area_um2 if cell else None}
    return row


def _cell_rows(card: "TechCard") -> list[dict[str, Any]]:
    return [
        {
            "cell": cell.name,
            "area_um2": cell.area_um2,
            "area_ge": cell.area_um2 / card.nand2.area_um2,
            "leakage_nw": cell.leakage_nw,
            "input_ff": max((pin.capacitance_ff for pin in cell.inputs), default=None),
            "inputs": " ".join(cell.input_names),
            "function": "; ".join(f"{output.name} = {output.function}" for output in cell.outputs),
            "flip_flop": cell.flip_flop is not None,
        }
        for cell in card.cells.values()
    ]
