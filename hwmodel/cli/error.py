"""``hwmodel error``: how far a format's numbers are from data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import BlockFormat, Format, parse_scalar_or_block

from .arguments import Csv, Json
from .errors import InputError
from .output import Column, Form, decimals, form_of, progress, show

if TYPE_CHECKING:
    from hwmodel.error import Sharing
    from hwmodel.golden.arrays import Array

MAX_ELEMENTS = 1 << 26


def error(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="FORMAT", help="Scalar formats, and block formats such as mxfp4, mxfp4.ceil or e2m1fn:16:e4m3fnu.", show_default=False
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Your own numbers, a .npy file, instead of drawn ones.", show_default=False),
    ] = None,
    distribution: Annotated[
        list[str] | None,
        typer.Option(
            "--distribution",
            "-d",
            metavar="NAME",
            help="uniform, gaussian, laplace, student[:<nu>], lognormal[:<sigma>] or gaussian-rows; may be given again.",
            show_default="the first five",
        ),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="WHO",
            help="Who shares a scale: none, tensor, channel, group:<N>, delayed[:<N>] or block[:<N>]. Block formats have their own.",
        ),
    ] = "tensor",
    clip: Annotated[
        str, typer.Option(metavar="RANGE", help="Scales reach to the largest magnitude (amax) or minimise the error (mse).")
    ] = "amax",
    pad: Annotated[bool, typer.Option("--pad", help="Fill blocks that do not divide a row with zeros instead of refusing.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="Rows of drawn data: the channels.")] = 256,
    columns: Annotated[int, typer.Option(min=1, help="Columns of drawn data: groups and blocks lie along them.")] = 1024,
    seed: Annotated[int, typer.Option(min=0, help="Of drawn data.")] = 0,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Quantisation error: signal to noise (SQNR) of formats on data, with scales for the tensor, channels, groups or blocks.

    Signed integers are quantised symmetrically, unsigned ones with a zero point.
    """
    form = form_of(as_json, as_csv)
    formats = list(dict.fromkeys(map(parse_scalar_or_block, names)))
    from hwmodel.error import measure, parse_sharing

    if data is not None and distribution:
        raise InputError("--data and --distribution exclude each other")
    if rows * columns > MAX_ELEMENTS:
        raise InputError(f"{rows} rows of {columns} are {rows * columns:,} numbers, and at most {MAX_ELEMENTS:,} are drawn")
    sharing = parse_sharing(scale)
    drawn = _data(data, distribution, (rows, columns), seed)
    found = []
    with progress("error", len(formats) * len(drawn)) as start:
        for fmt in formats:
            for name, values in drawn.items():
                start(f"{fmt} {name}")
                own = isinstance(fmt, BlockFormat)
                each = measure(values, fmt, None if own else sharing, "amax" if own or sharing.kind == "block" else clip, pad)
                found.append(
                    {
                        "format": str(fmt),
                        "bits_per_element": _bits(fmt, sharing),
                        "scale": _scale_text(fmt, sharing),
                        "clip": None if own or sharing.kind in ("none", "block") else clip,
                        "data": name,
                        "elements": values.size,
                        "seed": seed if data is None else None,
                        "sqnr_db": each.sqnr_db,
                        "max_abs_error": each.max_abs_error,
                        "mean_error": each.mean_error,
                    }
                )
    if form is not Form.TABLE:
        show(found, (), form)
        return
    table: list[dict[str, Any]] = []
    for at in range(0, len(found), len(drawn)):
        row = {key: found[at][key] for key in ("format", "bits_per_element", "scale")}
        table.append(row | {str(each["data"]): each["sqnr_db"] for each in found[at : at + len(drawn)]})
    heads = (
        Column("format", "format", left=True),
        Column("bits_per_element", "bits", decimals(2)),
        Column("scale", "scale", left=True, wide=96),
    )
    caption = f"{next(iter(drawn.values())).size:,} numbers{'' if data else f' each, seed {seed}'}; higher is better, 6.02 dB are one bit"
    show(table, (*heads, *(Column(name, name, _decibels) for name in drawn)), form, title="SQNR in dB", caption=caption)


def _data(file: Path | None, names: list[str] | None, shape: tuple[int, int], seed: int) -> "dict[str, Array]":
    """Return arrays of data by name."""
    from hwmodel.error import parse_distribution, read_array
    from hwmodel.error.distributions import SHOWN

    if file is not None:
        return {file.name: read_array(file)}
    return {str(each): each.draw(shape, seed) for each in map(parse_distribution, names or SHOWN)}


def _bits(fmt: Format | BlockFormat, sharing: "Sharing") -> float:
    """Return the bits of an element, with its share of a block's scale."""
    from hwmodel.error.sqnr import block_of

    block = block_of(fmt, None if isinstance(fmt, BlockFormat) else sharing)
    return fmt.width if block is None else float(block.bits_per_element)


def _scale_text(fmt: Format | BlockFormat, sharing: "Sharing") -> str:
    if not isinstance(fmt, BlockFormat):
        return str(sharing)
    size = "tensor" if fmt.size is None else f"block:{fmt.size}"
    return f"{size}, {fmt.outer}" if fmt.outer else size


def _decibels(value: Any) -> str:
    return "exact" if value == float("inf") else decimals(1)(value)
