"""``hwmodel silicon``: dot products of real GPUs against the golden model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .arguments import Csv, Json
from .errors import MISMATCH
from .output import Column, decimals, form_of, progress, show

if TYPE_CHECKING:
    from hwmodel.report.silicon import Comparison

_COLUMNS = (
    Column("file", "file", left=True),
    Column("result", "result", left=True),
    Column("arithmetic", "arithmetic", left=True),
    Column("instruction", "instruction", left=True),
    Column("addend", "addend", left=True),
    Column("rows", "rows", decimals(0)),
    Column("matches", "matches", decimals(0)),
)


def silicon(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Vectors: <GPU>_<format>.npz with arrays a, b, c, d_fp32, d_fp16.", show_default=False)
    ],
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Hold the tensor-core model against dot products that GPUs computed; exit code 1 if a row differs."""
    form = form_of(as_json, as_csv)
    from hwmodel.report.silicon import compare, read_folder

    files = read_folder(folder)
    found = []
    with progress("silicon", len(files)) as start:
        for vectors in files:
            start(vectors.path.name)
            found += compare(vectors)
    rows, matches = sum(each.rows for each in found), sum(each.matches for each in found)
    differences = [_difference(each) for each in found if not each.ok]
    caption = "\n".join([f"{matches:,} of {rows:,} rows match", *differences])
    show([_row(each) for each in found], _COLUMNS, form, caption=caption)
    if differences:
        raise typer.Exit(MISMATCH)


def _row(found: "Comparison") -> dict[str, Any]:
    row, expected, got = found.first_difference or (None, None, None)
    return {
        "file": found.file,
        "result": found.result,
        "gpu": found.preset.gpu,
        "arithmetic": str(found.preset.acc),
        "instruction": found.preset.instruction or None,
        "addend": "c" if found.addend else "0",
        "rows": found.rows,
        "matches": found.matches,
        "first_difference": row,
        "silicon": None if expected is None else f"0x{expected:08x}",
        "golden": None if got is None else f"0x{got:08x}",
    }


def _difference(found: "Comparison") -> str:
    assert found.first_difference is not None
    row, expected, got = found.first_difference
    return f"{found.file}: d_{found.result}[{row}] is 0x{expected:08x}, the golden model's 0x{got:08x}"
