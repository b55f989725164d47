"""The chart of quantisation error: SQNR by format and distribution."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hwmodel.error import measure, parse_distribution
from hwmodel.error.distributions import SHOWN as DISTRIBUTIONS
from hwmodel.files import write_text
from hwmodel.spec import BlockFormat, parse_scalar_or_block

from .chart import STYLE, as_written, save_figure

FORMATS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("8 bits, one scale a tensor", ("int8", "e2m5none", "e3m4none", "e4m3fn", "e5m2", "posit8", "lns8")),
    ("8 bits and more, in blocks", ("mx9", "msfp16", "vsq8", "mxint8", "mxfp8e4m3", "mxfp8e5m2")),
    ("6 bits, in blocks", ("msfp14", "mxfp6e2m3", "mxfp6e3m2", "mx6")),
    ("4 bits, in blocks", ("nvfp4", "vsq4", "nf4:64:e4m3fnu:amax:tensor", "mxfp4", "mxfp4.rceil", "msfp12", "mx4")),
)
"""What is drawn, in groups of like size."""

ROWS, COLUMNS, SEED = 256, 1024, 0

# Shape and lightness tell the distributions apart where colour does not.
_MARKS = (
    ("s", "#1f3b57"),
    ("o", "#d98c21"),
    ("D", "#c3d5e4"),
    ("^", "#a23b47"),
    ("v", "#ffffff"),
    ("P", "#7ba3c4"),
    ("X", "#777777"),
    ("*", "#e8c38a"),
)
MAX_DATA = len(_MARKS)
_LEGEND, _ABREAST = 0.23, 5
"""Inches below the axes for a line of it, and how many stand in a line."""


def sqnr_table(groups: Sequence[tuple[str, Sequence[str]]] = FORMATS, shape: tuple[int, int] = (ROWS, COLUMNS)) -> pd.DataFrame:
    """Return one row a format: `group`, `format`, `bits_per_element`, and a column of decibels a distribution.

    Scalar formats have one scale a tensor, from its largest magnitude; block formats their own.
    """
    drawn = {str(each): each.draw(shape, SEED) for each in map(parse_distribution, DISTRIBUTIONS)}
    rows = []
    for group, names in groups:
        for name in names:
            row: dict[str, object] = {"group": group, "format": name}
            fmt = parse_scalar_or_block(name)
            row["bits_per_element"] = float(fmt.bits_per_element) if isinstance(fmt, BlockFormat) else fmt.width
            rows.append(row | {data: measure(values, fmt).sqnr_db for data, values in drawn.items()})
    return pd.DataFrame(rows)


def draw_sqnr(table: pd.DataFrame, files: Sequence[Path]) -> None:
    """Draw a table of `sqnr_table` as dots, one row a format, to `files`, each in the format of its ending.

    Its columns of decibels are at most `MAX_DATA`; what is exact, infinitely far to the right, has no dot.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    groups = table.replace(math.inf, math.nan).groupby("group", sort=False)
    height = 1.1 + 0.23 * len(table)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(groups),
            1,
            figsize=(7.2, height),
            sharex=True,
            height_ratios=[len(part) for _, part in groups],
            squeeze=False,
        )
        for axis, (group, part) in zip(axes[:, 0], groups, strict=True):
            _panel(axis, str(group), part)
        axes[-1, 0].set_xlabel("SQNR (dB); 6.02 dB are one bit")
        axes[-1, 0].set_xlim(left=0)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="lower center", ncols=min(len(handles), _ABREAST), frameon=False, fontsize=7.5, handletextpad=0.2
        )
        figure.suptitle("Signal to quantisation noise, by format and distribution", fontsize=9, x=0.01, ha="left")
        figure.tight_layout(rect=(0, _LEGEND * -(-len(handles) // _ABREAST) / height, 1, 1), h_pad=0.5)
        for file in files:
            save_figure(figure, file)
        plt.close(figure)


def _panel(axis: Any, group: str, part: pd.DataFrame) -> None:
    names = [column for column in part.columns if column not in ("group", "format", "bits_per_element")]
    places = range(len(part))
    axis.hlines(places, part[names].min(axis=1), part[names].max(axis=1), color="#bbbbbb", linewidth=0.6, zorder=1)
    for name, (marker, colour) in zip(names, _MARKS, strict=False):
        style = {"marker": marker, "s": 20, "facecolor": colour, "edgecolor": "black", "linewidth": 0.5}
        axis.scatter(part[name], places, label=as_written(name), zorder=2, **style)
    short = [_short(name) for name in part["format"]]
    formats = short if len(set(short)) == len(short) else part["format"]
    labels = [f"{name}  ({bits:.4g})" for name, bits in zip(formats, part["bits_per_element"], strict=True)]
    axis.set_yticks(places, labels)
    axis.set_ylim(len(part) - 0.5, -0.5)
    axis.set_title(group, fontsize=8, loc="left", pad=3)
    axis.grid(axis="x", linewidth=0.3, color="#dddddd")
    axis.set_axisbelow(True)
    axis.tick_params(length=2.5)
    axis.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    """Return a name without what a reader of a chart has no use for."""
    return name.partition(":")[0] + " blocks" if ":" in name else name


def report_sqnr(stem: Path) -> list[Path]:
    """Write ``<stem>.png``, ``.svg``, ``.csv`` and ``.md`` of the default set; return the files."""
    files = [stem.with_suffix(suffix) for suffix in (".png", ".svg", ".csv", ".md")]
    table = sqnr_table()
    draw_sqnr(table, files[:2])
    write_text(files[2], table.to_csv(index=False, float_format="%.3f"))
    write_text(files[3], _page(table, files[0].name))
    return files


def _page(table: pd.DataFrame, image: str) -> str:
    names = list(table.columns[3:])
    lines = ["| format | bits | " + " | ".join(names) + " |", "| --- |" + " ---: |" * (1 + len(names))]
    for row in table.to_dict("records"):
        cells = ["exact" if math.isinf(row[name]) else f"{row[name]:.1f}" for name in names]
        lines.append(f"| `{row['format']}` | {row['bits_per_element']:.4g} | " + " | ".join(cells) + " |")
    return (
        "# Signal to quantisation noise\n\n"
        f"![SQNR by format and distribution]({image})\n\n"
        f"SQNR in dB of {ROWS * COLUMNS:,} numbers ({ROWS} rows of {COLUMNS}, seed {SEED}); 6.02 dB are one bit. Scalar formats have one "
        "scale for the tensor, by which its largest magnitude becomes the format's largest number (of posits, the end of the first "
        "regime); block formats have their own scales, by the rule of their definition. Bits are those of an element with its share of "
        "the block's scale.\n\n" + "\n".join(lines) + "\n\nThe same for any format and data: `hwmodel error FORMAT… [--data FILE.npy]`.\n"
    )
