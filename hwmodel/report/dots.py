"""The chart of accumulators: error of a dot product against its length."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from hwmodel.error import DrawnPairs, measure_dots, parse_distribution, parse_dot_unit, parse_sharing
from hwmodel.files import write_text

from .chart import STYLE, as_written, save_figure

OPERANDS = "e4m3fn-e4m3fn"
ACCUMULATORS = ("fp16", "dlfloat16", "chunk64:dlfloat16:dlfloat16", "fx32f18", "fx32f12", "tc32f13:e8m13.rtz", "fp32")
UNITS = (*(f"{OPERANDS}-{accumulator}" for accumulator in ACCUMULATORS), "mxfp8e4m3-mxfp8e4m3-fp16-x32")
NAMES = MappingProxyType({UNITS[5]: "h100: tc32f13:e8m13.rtz", UNITS[7]: "mxfp8e4m3 into fp16"})
"""What the drawing calls units that are not told by their accumulator."""
DISTRIBUTIONS = ("gaussian", "offset")
LENGTHS = tuple(1 << power for power in range(4, 16))
ROWS, SEEDS = 16, (0, 1)
TITLES = MappingProxyType({"gaussian": "Gaussian of mean 0: sums cancel", "offset:1": "uniform, mean and standard deviation 1: sums grow"})

# Marker, line and lightness tell the lines apart where colour does not.
_LINES: tuple[tuple[str, Any, str], ...] = (
    ("o", "-", "#a23b47"),
    ("s", "-", "#d98c21"),
    ("D", "--", "#e8c38a"),
    ("^", "-", "#1f3b57"),
    ("v", ":", "#1f3b57"),
    ("P", "-.", "#7ba3c4"),
    ("h", "-", "none"),
    ("*", "-", "#5b8c5a"),
)
_FURTHER: Any = (0, (6, 1, 1, 1, 1, 1))
_CROSS: dict[str, Any] = {"marker": "x", "linestyle": "none", "color": "black", "markersize": 8, "markeredgewidth": 1.1, "zorder": 4}
_ALL_LOST = 4.0
"""Where a cross stands that has no error to stand at: above all of them."""
_QUANTISED = {"color": "#999999", "linewidth": 2.2, "alpha": 0.6, "zorder": 1}


def dots_table(
    units: Sequence[str] = UNITS,
    distributions: Sequence[str] = DISTRIBUTIONS,
    lengths: Sequence[int] = LENGTHS,
    rows: int = ROWS,
    seeds: Sequence[int] = SEEDS,
) -> pd.DataFrame:
    """Return one row a unit, distribution and length, with the figures of `hwmodel.error.DotError`; data have no scale."""
    sources = [DrawnPairs(parse_distribution(name), (rows, max(lengths))) for name in distributions]
    found = measure_dots([parse_dot_unit(name) for name in units], sources, lengths, seeds, parse_sharing("none"))
    return pd.DataFrame([each.row for each in found])


def draw_dots(
    table: pd.DataFrame, files: Sequence[Path], titles: Mapping[str, str] = TITLES, names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Draw error against length, a panel for each kind of data, to `files`, each in the format of its ending.

    Parameters
    ----------
    table
        Rows as `hwmodel.error.DotError.row` gives them.
    files
        Ending in .png, .svg or .pdf.
    titles
        What stands over the panel of some data, instead of its name.
    names
        What some units are called, instead of their names; the operands of these are not told apart from those of the others.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = list(table.groupby("data", sort=False))
    low = _floor(table["mean_error"])
    # Of sums that wrap the error can be larger than all that they are made of.
    decades = math.ceil(math.log10(np.fmax(table["mean_error"].max(), 1.0)))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(panels), figsize=(max(3.6 * len(panels), 7.2), 4.3), sharey=True, squeeze=False)
        for axis, (data, part) in zip(axes[0], panels, strict=True):
            _panel(axis, part, low, decades, bool((table["mean_error"] == 0).any()), names)
            axis.set_title(as_written(titles.get(str(data), str(data))), fontsize=8, loc="left", pad=3)
        axes[0, 0].set_ylabel("mean error over Σ|a||b|")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        if table["lost"].any():
            handles.append(mpl.lines.Line2D([], [], **_CROSS))
            labels.append("some, or (above 1) all overflowed: left out")
        figure.legend(handles, labels, loc="lower center", ncols=3, frameon=False, fontsize=7.5)
        figure.suptitle("Error of a dot product, by its length and accumulator", fontsize=9, x=0.01, ha="left")
        figure.tight_layout(rect=(0, 0.02 + 0.04 * -(-len(handles) // 3), 1, 1))
        for file in files:
            save_figure(figure, file)
        plt.close(figure)


def _floor(errors: pd.Series) -> float:
    """Return where an error of zero is drawn: a decade below the smallest other one."""
    seen = errors[errors > 0]
    return 10.0 ** (math.floor(math.log10(seen.min())) - 1) if len(seen) else 1e-12


def _panel(axis: Any, part: pd.DataFrame, low: float, decades: int, has_zero: bool, given: Mapping[str, str]) -> None:
    names, operands = _labels(list(part["spec"].unique()), given)
    for at, (spec, rows) in enumerate(part.groupby("spec", sort=False)):
        marker, line, colour = _LINES[at % len(_LINES)]
        line = line if at < len(_LINES) else _FURTHER
        found = rows[rows["lost"] < rows["products"]]
        style = {"marker": marker, "linestyle": line, "markerfacecolor": colour, "color": "black" if colour == "none" else colour}
        heights = found["mean_error"].clip(lower=low)
        axis.plot(
            found["length"],
            heights,
            label=names[spec],
            markeredgecolor="black",
            markeredgewidth=0.5,
            markersize=6 if colour == "none" else 4.5,
            linewidth=1.1,
            **style,
        )
        crosses = rows[rows["lost"] > 0]
        if len(crosses):
            axis.plot(crosses["length"], crosses["mean_error"].clip(lower=low).fillna(_ALL_LOST), **_CROSS)
    if operands:
        rows = part[~part["spec"].isin(given)].drop_duplicates("length")
        axis.plot(rows["length"], rows["quantisation_mean_error"], label=f"quantising the operands to {operands}", **_QUANTISED)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_ylim(low / 2, 10.0 ** (decades + 1))
    powers = range(decades, round(math.log10(low)), -2)
    ticks = {10.0**power: f"$10^{{{power}}}$" for power in powers} | ({low: "0"} if has_zero else {})
    axis.set_yticks(list(ticks), list(ticks.values()))
    lengths = sorted(part["length"].unique())
    shown = lengths[:: -max(1, -(-len(lengths) // 5))]
    axis.set_xticks(shown, [f"{length:,}" for length in shown])
    axis.minorticks_off()
    axis.set_xlabel("length K (products)")
    axis.grid(linewidth=0.3, color="#dddddd")
    axis.set_axisbelow(True)
    axis.tick_params(length=2.5)
    axis.spines[["top", "right"]].set_visible(False)


def _labels(specs: Sequence[str], given: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return what the units are called, and the operands of those without a given name if all have the same; names then leave them out."""
    others = [spec for spec in specs if spec not in given]
    operands = {_operands(spec) for spec in others}
    if len(operands) != 1:
        return {spec: given.get(spec, spec) for spec in specs}, ""
    return {spec: _parts(spec)[2] for spec in others} | dict(given), operands.pop()


def report_dots(stem: Path) -> list[Path]:
    """Write ``<stem>.png``, ``.svg``, ``.csv`` and ``.md`` of the default set; return the files."""
    files = [stem.with_suffix(suffix) for suffix in (".png", ".svg", ".csv", ".md")]
    table = dots_table()
    draw_dots(table, files[:2], names=NAMES)
    write_text(files[2], table.to_csv(index=False, float_format="%.4g", lineterminator="\n"))
    write_text(files[3], _page(table, files[0].name))
    return files


def _page(table: pd.DataFrame, image: str) -> str:
    lengths = sorted(table["length"].unique())
    shown = [length for length in lengths if math.log2(length) % 4 == 0 or length == lengths[-1]]
    parts = []
    for data, part in table.groupby("data", sort=False):
        lines = ["| unit | " + " | ".join(f"K = {length:,}" for length in shown) + " |", "| --- |" + " ---: |" * len(shown)]
        for spec, rows in part.groupby("spec", sort=False):
            by_length = {row["length"]: row for row in rows.to_dict("records")}
            lines.append(f"| `{spec}` | " + " | ".join(_cell(by_length[length]) for length in shown) + " |")
        for operands, rows in part.groupby(part["spec"].map(_operands), sort=False):
            quantised = dict(zip(rows["length"], rows["quantisation_mean_error"], strict=True))
            lines.append(f"| *quantising to {operands}* | " + " | ".join(f"{quantised[length]:.2g}" for length in shown) + " |")
        parts.append(f"## {TITLES.get(str(data), str(data))}\n\n" + "\n".join(lines))
    products = int(table["products"].iloc[0])
    return (
        "# Error of a dot product\n\n"
        f"![Error of a dot product by length and accumulator]({image})\n\n"
        "Every dot product is computed in the unit's own arithmetic, bit by bit, and compared with the exact one of the same quantised "
        f"operands: mean of |error| over Σ|a||b|, over {products} dot products (seeds {', '.join(map(str, SEEDS))}), "
        "data taken as they are, without a scale but those of blocks. A dot product whose accumulator overflowed is left out and "
        "counted in brackets; the last lines are what quantising the operands costs, from the dot product of the data. "
        "`tc32f13:e8m13.rtz` is the H100's with E4M3 operands (`e4m3fn-e4m3fn-h100`); sums of a block of `mxfp8e4m3` are exact, "
        "and rounded once a block.\n\n"
        + "\n\n".join(parts)
        + "\n\nThe same for any unit and data: `hwmodel error SPEC… --length 16..65536 [--scale none] [--data FILE.npy] "
        "[--plot FILE.svg]`; `--scale` is for scalar operands.\n"
    )


def _parts(spec: str) -> list[str]:
    """Return operands and accumulator; a hyphen before a digit is a sign."""
    return re.split(r"-(?!\d)", spec, maxsplit=2)


def _operands(spec: str) -> str:
    """Return what a unit multiplies."""
    a, b, _ = _parts(spec)
    return a if a == b else f"{a} and {b}"


def _cell(row: Mapping[str, Any]) -> str:
    figure = "–" if math.isnan(row["mean_error"]) else f"{row['mean_error']:.2g}"
    return f"{figure} ({row['lost']} lost)" if row["lost"] else figure
