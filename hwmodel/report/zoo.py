"""The zoo of formats: where their values lie, and how far apart they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hwmodel import golden
from hwmodel.files import write_text
from hwmodel.spec import CATALOG, ChoiceFormat, Format, SpecError, parse_format

from .chart import OPEN_STYLE, save_figure

SHOWN = ("int8", "e2m5", "e3m4", "e4m3fn", "e5m2", "hfp8", "posit8es1", "posit8", "lns8", "elma8", "e3m2fn", "e2m3fn", "int4", "e2m1fn")
"""The default set: what eight bits and fewer are spent on."""

SPACED = ("int8", "e3m4", "e4m3fn", "e5m2", "posit8", "lns8", "elma8", "e2m1fn")
"""Of these, the spacing is drawn too: more curves would hide each other."""

MAX_BITS = 16
"""Every value is drawn, so formats have at most so many bits."""

# Line and marker tell formats apart where colour does not.
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_COLOURS = ("#1f3b57", "#d98c21", "#5b8c5a", "#a23b47", "#6d5a91", "#2a8f9e", "#7a6a53", "#b3589a")


@dataclass(frozen=True, eq=False)
class Values:
    """The positive finite values of a format.

    Attributes
    ----------
    positive : (n,) float64
        Rising, each once.
    """

    fmt: Format
    positive: np.ndarray

    @property
    def relative_spacing(self) -> np.ndarray:
        """(n - 1,) float64: the gap above each value but the last, over the value."""
        return np.diff(self.positive) / self.positive[:-1]

    @property
    def dynamic_range_db(self) -> float:
        """Largest over smallest positive value, as 20 log10."""
        return 20 * math.log10(self.positive[-1] / self.positive[0])


def values_of(fmt: Format) -> Values:
    """Return the values of a format of at most `MAX_BITS` bits.

    Raises
    ------
    SpecError
        If it is wider, or has no positive value.
    """
    if fmt.width > MAX_BITS:
        raise SpecError(f"{fmt} has 2^{fmt.width} values, too many to draw; formats of at most {MAX_BITS} bits can be")
    decoded = golden.decode(np.arange(1 << fmt.width, dtype=np.uint64), fmt)
    positive = np.unique(decoded[np.isfinite(decoded) & (decoded > 0)])
    if not positive.size:
        raise SpecError(f"{fmt} has no value above 0, and a logarithmic axis shows no other")
    return Values(fmt, positive)


def draw_formats(formats: Sequence[Format], spaced: Sequence[Format], files: Sequence[Path]) -> None:
    """Draw the positive values of `formats` on a number line, and the relative spacing of `spaced` by magnitude.

    Parameters
    ----------
    formats, spaced
        Of at most `MAX_BITS` bits each.
    files
        To be written, each in the format of its ending.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    zoo = [values_of(fmt) for fmt in formats]
    with mpl.rc_context(OPEN_STYLE):
        height = 0.9 + 0.2 * len(zoo)
        figure, (line, spacing) = plt.subplots(
            2, 1, figsize=(7.2, height + 3.4), height_ratios=[height, 3.0], sharex=True, layout="constrained"
        )
        _number_lines(line, zoo)
        _spacings(spacing, [values_of(fmt) for fmt in spaced])
        figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=7.5)
        for file in files:
            save_figure(figure, file)
        plt.close(figure)


def _number_lines(axis: Any, zoo: Sequence[Values]) -> None:
    """Draw one row a format, a tick at each positive value."""
    for row, values in enumerate(zoo):
        axis.plot([values.positive[0], values.positive[-1]], [row, row], color="#bbbbbb", linewidth=0.5, zorder=1)
        axis.vlines(values.positive, row - 0.32, row + 0.32, color=_COLOURS[0], linewidth=0.45, zorder=2)
    axis.set_xscale("log", base=2)
    axis.set_yticks(range(len(zoo)), [f"{values.fmt}" for values in zoo])
    axis.invert_yaxis()
    axis.set_title("Positive values", fontsize=9, loc="left")
    axis.tick_params(length=2.5)


def _spacings(axis: Any, zoo: Sequence[Values]) -> None:
    """Draw the gap above each value over the value, against the value."""
    for row, values in enumerate(zoo):
        if len(values.positive) > 1:
            axis.plot(
                values.positive[:-1],
                values.relative_spacing,
                label=str(values.fmt),
                color=_COLOURS[row % len(_COLOURS)],
                linestyle=_DASHES[(row // len(_COLOURS)) % len(_DASHES)],
                marker=_MARKERS[row % len(_MARKERS)],
                markevery=max(len(values.positive) // 8, 1),
                markersize=2.5,
                linewidth=0.8,
            )
    axis.set_yscale("log", base=2)
    axis.set_title("Relative spacing: the gap to the next value, over the value", fontsize=9, loc="left")
    axis.set_xlabel("value")
    axis.grid(linewidth=0.3, color="#dddddd")
    axis.set_axisbelow(True)
    axis.tick_params(length=2.5)


def format_table() -> pd.DataFrame:
    """Return the catalog with what can be counted in every format of at most `MAX_BITS` bits.

    Returns
    -------
    DataFrame
        One row a format: `name`, `bits`, `positive_values`, `smallest_positive`, `largest`, `dynamic_range_db`, and
        `finest_spacing`, `coarsest_spacing`: the smallest and largest relative spacing.
    """
    rows = []
    for name, entry in CATALOG.items():
        if isinstance(entry.format, ChoiceFormat) or entry.format.width > MAX_BITS:
            continue
        values = values_of(entry.format)
        spacing = values.relative_spacing
        rows.append(
            {
                "name": name,
                "bits": entry.format.width,
                "positive_values": len(values.positive),
                "smallest_positive": values.positive[0],
                "largest": values.positive[-1],
                "dynamic_range_db": values.dynamic_range_db,
                "finest_spacing": spacing.min(),
                "coarsest_spacing": spacing.max(),
                "source": entry.source,
            }
        )
    return pd.DataFrame(rows)


def report_formats(stem: Path) -> list[Path]:
    """Write ``<stem>.png``, ``.svg``, ``.csv`` and ``.md`` of the default set and the catalog; return the files."""
    files = [stem.with_suffix(suffix) for suffix in (".png", ".svg", ".csv", ".md")]
    draw_formats([parse_format(name) for name in SHOWN], [parse_format(name) for name in SPACED], files[:2])
    table = format_table()
    write_text(files[2], table.to_csv(index=False))
    write_text(files[3], _page(table, files[0].name))
    return files


def _page(table: pd.DataFrame, image: str) -> str:
    header = ["format", "bits", "values > 0", "smallest > 0", "largest", "dynamic range (dB)", "relative spacing", "source"]
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * 6 + " --- |"]
    for row in table.itertuples():
        spacing = f"{row.finest_spacing:.3g} … {row.coarsest_spacing:.3g}"
        cells = [f"`{row.name}`", row.bits, f"{row.positive_values:,}", f"{row.smallest_positive:.5g}", f"{row.largest:.5g}"]
        cells += [f"{row.dynamic_range_db:.1f}", spacing, row.source]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return (
        f"# Number formats\n\n![Values and relative spacing of formats]({image})\n\n"
        "Ticks are the positive values; the lower panel shows how far the next value is, relative to the value: flat where a format is "
        "floating, falling where it is fixed point, a tent around 1 where it is tapered.\n\n"
        "Formats of the catalog that have at most "
        f"{MAX_BITS} bits, every value counted:\n\n" + "\n".join(lines) + "\n"
    )
