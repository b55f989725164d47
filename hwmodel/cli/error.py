"""``hwmodel error``: how far a format's numbers are from data, and a unit's dot products from exact ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec import BlockFormat, Format, parse_scalar_or_block

from .arguments import Csv, Json, given
from .errors import InputError
from .files import plot_file
from .output import Column, Form, decibels, decimals, form_of, progress, show

if TYPE_CHECKING:
    from hwmodel.error import Sharing
    from hwmodel.golden.arrays import Array

MAX_ELEMENTS = 1 << 26
ROWS = 256

_FORMATS_ONLY = ("columns", "pad")
_UNITS_ONLY = ("length", "seeds")


def error(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Formats, scalar or in blocks such as mxfp4, mxfp4.ceil or e2m1fn:16:e4m3fnu; or units, such as e4m3fn-e4m3fn-fp16, "
            "fp16-fp16-chunk64:e6m9:fp32, fp16-fp16-h100 or mxfp8e4m3-mxfp8e4m3-fp32-x8.",
            show_default=False,
        ),
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Your own numbers, a .npy file, instead of drawn ones. Of units: both operands in one file of shape (2, n, K), "
            "or two files of shape (n, K).",
            show_default=False,
        ),
    ] = None,
    distribution: Annotated[
        list[str] | None,
        typer.Option(
            "--distribution",
            "-d",
            metavar="NAME",
            help="uniform, gaussian, laplace, student[:<nu>], lognormal[:<sigma>], relu, gaussian-rows or offset[:<mean>]; "
            "may be given again.",
            show_default="the first five; of units: gaussian",
        ),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="WHO",
            help="Who shares a scale: none, tensor, channel, group:<N>, delayed[:<N>] or block[:<N>]. Block formats have their own; "
            "scalar operands of units take one of the first three.",
        ),
    ] = "tensor",
    clip: Annotated[
        str, typer.Option(metavar="RANGE", help="Scales reach to the largest magnitude (amax) or minimise the error (mse).")
    ] = "amax",
    pad: Annotated[
        bool, typer.Option("--pad", help="Fill blocks and groups that do not divide a row with zeros instead of refusing.")
    ] = False,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Rows of drawn data: the channels, or dot products of a seed.", show_default="256; of units: 64"),
    ] = None,
    columns: Annotated[int, typer.Option(min=1, help="Columns of drawn data: groups and blocks lie along them.")] = 1024,
    length: Annotated[
        list[str] | None,
        typer.Option(
            "--length",
            "-k",
            metavar="K",
            help="Of units: products in a dot product, as in 4096 or, doubled from the first on, 16..65536; may be given again. "
            "Shorter ones are the beginnings of the longest.",
            show_default="16, 256 and 4096; of your own data: all",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of drawn data; the first one.")] = 0,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Of units: how many seeds.", show_default="4; of your own data: 1")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw SQNR by format, or error against length (.png, .svg or .pdf).", show_default=False
        ),
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Error of formats on data (SQNR), and of dot products computed in a unit's own arithmetic, bit by bit.

    Formats: signal to noise, scaled by tensor, channel, group or block. Signed integers are symmetric, unsigned ones have a zero point.

    Units: SNR (root mean square of dot products over that of their errors), and error over Σ|a||b|, the measure of rounding errors.

    Both are of the unit from the exact dot product of its operands; total, from that of the data. Scales are exact and divided out;
    those of blocks a unit is given itself. A dot product that ends within a block has zeros in the rest of it.

    Dot products that overflowed (wrapped, saturated, became infinite) or are NaN are counted as lost, and left out of the rest.
    """
    form = form_of(as_json, as_csv)
    if data and distribution:
        raise InputError("--data and --distribution exclude each other")
    if _are_units(context, names):
        from .dots import dots

        dots(
            names,
            data=data or (),
            distributions=distribution or (),
            scale=scale if given(context, "scale") else None,
            clip=clip if given(context, "clip") else None,
            lengths=length or (),
            rows=rows,
            seed=seed,
            seeds=seeds,
            plot=plot,
            form=form,
        )
        return
    if data and len(data) > 1:
        raise InputError(f"--data was given {len(data)} times; formats are measured on one file")
    shape = (ROWS if rows is None else rows, columns)
    _formats(names, data[0] if data else None, distribution, scale, clip, pad, shape, seed, plot, form)


def _are_units(context: typer.Context, names: Sequence[str]) -> bool:
    """Return whether units are named, and not formats.

    Raises
    ------
    InputError
        If both are, or an option is for the others.
    """
    from hwmodel.error import names_unit

    units = [name for name in names if names_unit(name)]
    formats = [name for name in names if name not in units]
    if units and formats:
        raise InputError(f"{formats[0]} is a format and {units[0]} a unit, and their errors are measured apart; name one kind at a time")
    for option in _FORMATS_ONLY if units else _UNITS_ONLY:
        if given(context, option):
            raise InputError(f"--{option} is for {'formats' if units else 'units'}, and {names[0]} is a {'unit' if units else 'format'}")
    return bool(units)


def _formats(
    names: Sequence[str],
    data: Path | None,
    distribution: list[str] | None,
    scale: str,
    clip: str,
    pad: bool,
    shape: tuple[int, int],
    seed: int,
    plot: Path | None,
    form: Form,
) -> None:
    """Measure formats and print what was found."""
    formats = list(dict.fromkeys(map(parse_scalar_or_block, names)))
    from hwmodel.error import measure, parse_sharing

    rows, columns = shape
    if rows * columns > MAX_ELEMENTS:
        raise InputError(f"{rows} rows of {columns} are {rows * columns:,} numbers, and at most {MAX_ELEMENTS:,} are drawn")
    if plot is not None:
        plot_file(plot)
    sharing = parse_sharing(scale)
    drawn = _data(data, distribution, shape, seed)
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
    if plot is not None:
        _plot(found, plot)
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
    caption += f"\nwritten: {plot}" if plot else ""
    show(table, (*heads, *(Column(name, name, decibels) for name in drawn)), form, title="SQNR in dB", caption=caption)


def _plot(found: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw what was found, one row a format."""
    import pandas as pd

    from hwmodel.report.sqnr import MAX_DATA, draw_sqnr

    rows: dict[str, dict[str, Any]] = {}
    for each in found:
        row = rows.setdefault(each["format"], {"group": "", "format": each["format"], "bits_per_element": each["bits_per_element"]})
        row[each["data"]] = each["sqnr_db"]
        if len(row) > 3 + MAX_DATA:
            raise InputError(f"a drawing has room for {MAX_DATA} kinds of data; draw some of the distributions apart")
    draw_sqnr(pd.DataFrame(list(rows.values())), [file])


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
