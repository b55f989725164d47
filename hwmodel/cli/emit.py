"""``hwmodel emit``: Verilog and manifests."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import Lfsr

from .arguments import Adder, Csv, Json, Multiplier, OutFolder, Paths, Specs, architecture_of, parse_specs
from .errors import InputError
from .files import output_folder, write_file
from .output import Column, form_of, progress, show

if TYPE_CHECKING:
    from hwmodel_rtl import Unit

_COLUMNS = (
    Column("spec", "unit", left=True),
    Column("latency", "latency\ncycles"),
    Column("ports", "a × b → acc\nbits", left=True),
    Column("module", "files .v, .json", left=True, wide=100),
    Column("lines", "lines\nof Verilog"),
    Column("sha256", "SHA-256", left=True, wide=112, text=lambda digest: digest[:12]),
)


def emit(
    texts: Specs,
    out: OutFolder,
    adder: Adder = None,
    multiplier: Multiplier = None,
    paths: Paths = None,
    lfsr: Annotated[bool, typer.Option("--lfsr", help="Also a module <unit>_lfsr that drives the unit's rand.")] = False,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="State of that LFSR after reset, not 0.", show_default="golden ratio's bits")
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Verilog and a JSON manifest for each unit; the same unit gives the same bytes on every machine."""
    form = form_of(as_json, as_csv)
    specs = parse_specs(texts)
    architecture = architecture_of(adder, multiplier, paths)
    if seed is not None and not lfsr:
        raise InputError(f"--seed {seed} is the state of an LFSR, which --lfsr asks for")
    if lfsr:
        for spec in specs:
            Lfsr.of(spec, seed)  # refused before anything is written
    folder = output_folder(out)
    from hwmodel.yosys import Yosys
    from hwmodel_rtl import emit as emit_unit
    from hwmodel_rtl import emit_lfsr

    rows = []
    with Yosys() as yosys, progress("emit", len(specs)) as start:
        for spec in specs:
            start(str(spec))
            units = [emit_unit(spec, architecture, yosys=yosys)]
            if lfsr:
                units.append(emit_lfsr(spec, seed, yosys=yosys))
            for unit in units:
                verilog = write_file(folder / f"{unit.name}.v", unit.verilog)
                manifest = write_file(folder / f"{unit.name}.json", unit.manifest_json)
                rows.append(_row(unit) | {"verilog": str(verilog), "manifest": str(manifest)})
    # A unit and its LFSR are told apart by their files alone.
    columns = [replace(column, wide=0) if lfsr and column.key == "module" else column for column in _COLUMNS]
    show(rows, columns, form, caption=f"written to {folder}: each unit's .v and .json")


def _row(unit: "Unit") -> dict[str, Any]:
    widths = {port["name"]: port["width"] for port in unit.manifest["ports"]}
    return {
        "spec": str(unit.spec),
        "module": unit.name,
        "latency": unit.manifest["latency"],
        "ports": f"{widths['a']} × {widths['b']} → {widths['acc']}",
        **{f"{name}_bits": width for name, width in widths.items() if width > 1},
        "lines": unit.verilog.count("\n"),
        "sha256": unit.manifest["sha256"],
    }
