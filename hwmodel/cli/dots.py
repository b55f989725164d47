"""``hwmodel error`` of units: dot products computed in a unit's own arithmetic."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwmodel.spec import BlockFormat, MacSpec
from hwmodel.spec.errors import name_of

from .errors import InputError
from .files import plot_file
from .output import Column, Form, decibels, note, progress, show, significant

if TYPE_CHECKING:
    from hwmodel.error import DotError, DotUnit, Source

LENGTHS = (16, 256, 4096)
ROWS, SEEDS = 64, 4


_FIGURES = (
    Column("length", "K"),
    Column("snr_db", "\nSNR dB", decibels),
    Column("worst_snr_db", "worst\nseed", decibels),
    Column("mean_error", "mean\nerror", significant(2)),
    Column("worst_error", "worst\nerror", significant(2)),
    Column("total_snr_db", "total\nSNR dB", decibels),
    Column("total_mean_error", "total\nmean error", significant(2), wide=100),
    Column("total_worst_error", "total\nworst error", significant(2), wide=100),
    Column("lost", "\nlost", "{:,}".format),
)


def dots(
    names: Sequence[str],
    *,
    data: Sequence[Path],
    distributions: Sequence[str],
    scale: str | None,
    clip: str | None,
    lengths: Sequence[str],
    rows: int | None,
    seed: int,
    seeds: int | None,
    plot: Path | None,
    form: Form,
) -> None:
    """Measure units and print what was found; the options are those of the command, None where they were not given.

    Raises
    ------
    InputError, SpecError
        If they do not go together.
    """
    from hwmodel.error import measure_dots, parse_dot_unit, parse_sharing
    from hwmodel.error.dots import blocks_of

    if plot is not None:
        plot_file(plot)
    units = list({str(unit): unit for unit in map(parse_dot_unit, names)}.values())
    _tell(names, units)
    _check_options(units, scale, clip)
    scale, clip = scale or "tensor", clip or "amax"
    wanted = [each for text in lengths for each in _lengths(text)]
    if data and rows is not None:
        raise InputError("--rows is for drawn data; --data has rows of its own")
    sources = _given(data) if data else _drawn(distributions, (ROWS if rows is None else rows, max(wanted or LENGTHS)))
    wanted = wanted or ([sources[0].shape[1]] if data else list(LENGTHS))
    count = seeds if seeds is not None else 1 if data else SEEDS
    numbers = range(seed, seed + count)
    with progress("error", len(units) * len(blocks_of(sources, numbers))) as start:
        found = measure_dots(units, sources, wanted, numbers, parse_sharing(scale), clip, start)
    _tell_padding(units, wanted)
    scaled = {str(unit) for unit in units if not _in_blocks(unit)}
    _tell_lost(units, found, scale)
    results = [
        each.row
        | {
            "seed": seed,
            "seeds": count,
            "scale": scale if each.unit in scaled else None,
            "clip": clip if each.unit in scaled and scale != "none" else None,
        }
        for each in found
    ]
    if plot is not None:
        _plot(results, plot)
    several = len(sources) > 1
    columns = (Column("spec", "unit", left=True), *([Column("data", "data", left=True)] if several else []), *_FIGURES)
    about = [f"{found[0].products:,} dot products of {'each of the data' if several else sources[0].name}"]
    about.append(f"scale {scale}" if scaled else "blocks with scales of their own")
    about.append(f"seed {seed}" if count == 1 else f"seeds {seed} to {seed + count - 1}")
    caption = (
        f"{', '.join(about)}; SNR and error: of the unit from the exact dot product of its operands, over Σ|a||b|; "
        "total: from that of the data; lost: overflowed or NaN, and left out"
    )
    shown = (
        results if form is not Form.TABLE else [_without_repeats(row, before) for row, before in zip(results, [{}, *results], strict=False)]
    )
    show(shown, columns, form, title="Error of dot products", caption=caption + (f"\nwritten: {plot}" if plot else ""))


def _tell(names: Sequence[str], units: "Sequence[DotUnit]") -> None:
    """Tell what a reader of a unit's name should know."""
    sentences = [sentence for text in names for sentence in MacSpec.notes(text)]
    for sentence in dict.fromkeys([*sentences, *filter(None, (unit.note for unit in units))]):
        note(sentence)


def _in_blocks(unit: "DotUnit") -> bool:
    """Return whether both operands have scales of their own."""
    return isinstance(unit.a, BlockFormat) and isinstance(unit.b, BlockFormat)


def _check_options(units: "Sequence[DotUnit]", scale: str | None, clip: str | None) -> None:
    """Refuse options that are for scalar operands where no unit has one, and tell where some have none."""
    options = [name for name, value in (("--scale", scale), ("--clip", clip)) if value is not None]
    blocks = dict.fromkeys(str(fmt) for unit in units for fmt in (unit.a, unit.b) if isinstance(fmt, BlockFormat))
    if not options or not blocks:
        return
    if all(map(_in_blocks, units)):
        raise InputError(f"{options[0]} is for scalar operands, and {', '.join(map(str, units))} has none: blocks have scales of their own")
    note(f"{' and '.join(options)}: for scalar operands; blocks of {' and '.join(blocks)} have scales of their own")


def _tell_padding(units: "Sequence[DotUnit]", lengths: Sequence[int]) -> None:
    """Tell where dot products end within a block."""
    sizes = sorted({fmt.size for unit in units for fmt in (unit.a, unit.b) if isinstance(fmt, BlockFormat) and fmt.size})
    for length in dict.fromkeys(lengths):
        if inside := [str(size) for size in sizes if length % size]:
            note(f"K = {length} ends within a block of {' and of '.join(inside)}, the rest of which counts as zeros")


def _tell_lost(units: "Sequence[DotUnit]", found: "Sequence[DotError]", scale: str) -> None:
    """Tell what to do about units that the scale alone makes overflow."""
    lost = {each.unit for each in found if each.lost == each.products}
    names = [str(unit) for unit in units if str(unit) in lost and not _in_blocks(unit)]
    relative = [
        str(unit) for unit in units if str(unit) in lost and any(isinstance(fmt, BlockFormat) and fmt.outer for fmt in (unit.a, unit.b))
    ]
    if relative:
        note(
            f"every dot product overflowed in {', '.join(relative)}: the FP32 scale, which the unit is not given, makes the largest block "
            "scale the largest there is, which leaves a narrow accumulator no room; choose one of more range, such as fp32"
        )
    if names and scale != "none":
        note(
            f"every dot product overflowed in {', '.join(names)}: the scale makes the largest magnitude the format's largest number, "
            "which leaves a narrow accumulator no room; --scale none takes the data as they are"
        )


def _lengths(text: str) -> list[int]:
    """Return the lengths that `text` denotes: a number, or ``A..B``, A doubled up to B."""
    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", name_of(text), re.ASCII)
    if match is None:
        raise InputError(f"the length {text!r} is not a number such as 4096, or a range such as 16..65536")
    first, last = int(match[1]), int(match[2] or match[1])
    if first < 1:
        raise InputError(f"the length {text!r} of a dot product is not at least 1")
    if last < first:
        raise InputError(f"the length {text!r} is an empty range; the smaller number comes first")
    return [first << power for power in range((last // first).bit_length())]


def _drawn(distributions: Sequence[str], shape: tuple[int, int]) -> "list[Source]":
    from hwmodel.error import DrawnPairs, parse_distribution

    return [DrawnPairs(each, shape) for each in dict.fromkeys(map(parse_distribution, distributions or ["gaussian"]))]


def _given(files: Sequence[Path]) -> "list[Source]":
    """Return a user's own data: one file of both operands, or two files."""
    from hwmodel.error import GivenPairs, read_array

    if len(files) > 2:
        raise InputError(f"--data was given {len(files)} times; a dot product has two operands")
    arrays = [read_array(file) for file in files]
    if len(arrays) == 1:
        if arrays[0].ndim not in (2, 3) or arrays[0].shape[0] != 2:
            raise InputError(
                f"{files[0]} has shape {arrays[0].shape}; operands of dot products are one array of shape (2, n, K), or two files"
            )
        arrays = list(arrays[0])
    a, b = (array[None] if array.ndim == 1 else array for array in arrays)
    return [GivenPairs(" and ".join(file.name for file in files), a, b)]


def _without_repeats(row: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the names that stand in the row before."""
    if row["spec"] != before.get("spec"):
        return row
    return row | {"spec": "", "data": "" if row["data"] == before["data"] else row["data"]}


def _plot(rows: Sequence[dict[str, Any]], file: Path) -> None:
    import pandas as pd

    from hwmodel.report.dots import draw_dots

    draw_dots(pd.DataFrame(rows), [file])
