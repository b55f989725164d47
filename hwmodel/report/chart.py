"""The chart: mpy, alignadd and normacc of each unit, stacked, estimated beside mapped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hwmodel.files import whole

PARTS = ("mpy", "alignadd", "normacc")
# Dark, middle and light: told apart in print without colour, and by readers who do not see red from green.
COLOURS = {"mpy": "#1f3b57", "alignadd": "#d98c21", "normacc": "#c3d5e4"}
# Of the estimates' hatching: seen on its own colour, also in grey.
_HATCH = {"mpy": "#b9c7d6", "alignadd": "#5a3a0c", "normacc": "#5b7287"}
FORMATS = ("png", "svg")

STYLE = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.linewidth": 0.6,
    "svg.hashsalt": "hwmodel",  # the same table gives the same bytes
}
"""What all charts have in common."""

OPEN_STYLE = {**STYLE, "axes.spines.top": False, "axes.spines.right": False, "hatch.linewidth": 0.5}
"""The same, of charts without a frame above and to the right."""

_THOUSAND = 1000
_NAME = 32
"""Characters of a name that stand in one line."""
_BAR = 0.36
_MARK = {"linestyle": "none", "markersize": 4.5, "markeredgewidth": 0.7, "zorder": 5}
_LINE = 0.17  # inches of one line of a legend
_RATIO = 0.18  # of the way to the farthest end: what a ratio takes


@dataclass(frozen=True)
class Mark:
    """A figure from elsewhere, drawn into the chart.

    Attributes
    ----------
    row
        Index of the unit that it is of.
    quantity
        ``"area"`` or ``"energy"``.
    value
        In um2 or fJ, per what the bars are.
    source
        What the legend says; at most four are told apart.
    """

    row: int
    quantity: str
    value: float
    source: str


def draw(table: pd.DataFrame, stem: Path, *, title: str, marks: Sequence[Mark] = ()) -> list[Path]:
    """Draw area and energy of every row of `table` and write ``<stem>.png`` and ``<stem>.svg``.

    Parameters
    ----------
    table
        One row a unit, the first one the reference of the ratios: columns `spec`, ``area_<part>_um2``,
        ``energy_<part>_fj`` (mapped); where there is an estimate, the same with ``est_`` in front, and its bounds
        ``est_area_low_um2``, ``est_area_high_um2`` and so on. With columns ``energy_timed_<part>_fj`` there is a panel of energy with
        glitches. With a column `label` that is what units are called in the chart.
    stem
        Path without ending.
    title
        Over all panels.
    marks
        What others have published.

    Where a unit has several `lanes`, all bars are per product.

    Returns
    -------
    list of Path
        The files.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    with mpl.rc_context(OPEN_STYLE):
        sources = _sources(marks)
        heights = (0.68 + 0.36 * len(table), _LINE * (1.3 + len(sources)))
        timed = "energy_timed_fj" in table
        figure = plt.figure(figsize=(9.6 if timed else 7.2, sum(heights)), layout="constrained")
        body, foot = figure.subfigures(2, 1, height_ratios=heights)
        axes = body.subplots(1, 2 + timed, sharey=True)
        each, step = (" per product", "product") if has_lanes(table) else ("", "MAC")
        area, area_unit = _scale(table, "area", "um2", "µm²", "1000 µm²")
        energy, energy_unit = _scale(table, "energy", "fj", "fJ", "pJ")
        _panel(axes[0], table, "area", "um2", f"Area{each} ({area_unit})", area, marks)
        _panel(axes[1], table, "energy", "fj", f"Energy ({energy_unit} per {step},\nwithout glitches)", energy, marks)
        if timed:
            energy, energy_unit = _scale(table, "energy_timed", "fj", "fJ", "pJ")
            _panel(axes[2], table, "energy_timed", "fj", f"Energy ({energy_unit} per {step},\nwith glitches)", energy)
        axes[0].set_yticks(range(len(table)), map(_in_lines, table["label"] if "label" in table else table["spec"]))
        axes[0].invert_yaxis()
        body.suptitle(title, fontsize=9, x=0.01, ha="left")
        style = {"frameon": False, "fontsize": 7.5, "handlelength": 1.4, "columnspacing": 1.2, "borderpad": 0.2}
        foot.add_artist(foot.legend(handles=_legend(estimated="est_area_um2" in table), loc="upper center", ncols=6, **style))
        if sources:
            foot.legend(
                handles=[Line2D([], [], label=source, **_mark_style(i)) for i, source in enumerate(sources)], loc="lower center", **style
            )
        files = [stem.with_name(f"{stem.name}.{ending}") for ending in FORMATS]
        for file in files:
            save_figure(figure, file)
        plt.close(figure)
    return files


def as_written(text: str) -> str:
    """Return a text so that a chart shows it as it is: dollar signs would make a formula of what is between them."""
    return text.replace("$", r"\$")


def _in_lines(name: str) -> str:
    """Return a name that is broken behind its separators where it is long."""
    lines = [""]
    for piece in re.split(r"(?<=[-:+])", name):
        if lines[-1] and len(lines[-1] + piece) > _NAME:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def has_lanes(table: pd.DataFrame) -> bool:
    """Whether some unit of a table takes several products a step."""
    return "lanes" in table and bool((table["lanes"] > 1).any())


def save_figure(figure: Any, file: Path) -> None:
    """Write a figure in the format of the file's ending, whole or not at all; the same figure gives the same bytes."""
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(file.suffix, {"Software": None})
    with whole(file) as partial:
        figure.savefig(partial, format=file.suffix[1:], dpi=300, metadata=metadata)


def _scale(table: pd.DataFrame, quantity: str, unit: str, small: str, large: str) -> tuple[float, str]:
    """Return what a quantity is drawn times, and the unit it is then in: a 7 nm unit has no thousands of µm²."""
    largest = table[[f"{quantity}_{part}_{unit}" for part in PARTS]].sum(axis=1).max()
    return (1e-3, large) if largest >= _THOUSAND else (1.0, small)


def _panel(axis: Any, table: pd.DataFrame, quantity: str, unit: str, label: str, scale: float, marks: Sequence[Mark] = ()) -> None:
    """Draw one quantity: two bars a unit, mapped above estimated, the ratio to the first unit behind each, and marks."""
    shown = [mark for mark in marks if mark.quantity == quantity]
    for mark in shown:
        axis.plot(mark.value * scale, mark.row, **_mark_style(_sources(marks).index(mark.source)))
    estimated = f"est_{quantity}_{unit}" in table
    each = scale / table["lanes"] if has_lanes(table) else scale
    widest = [table[name].mul(each).max() for name in (f"{quantity}_{unit}", f"est_{quantity}_high_{unit}") if name in table]
    room = _RATIO * max([0.0, *widest, *(mark.value * scale for mark in shown)])
    for prefix, offset in (("", -_BAR / 2), ("est_", _BAR / 2)) if estimated else (("", 0.0),):
        left = pd.Series(0.0, index=table.index)
        for part in PARTS:
            width = table[f"{prefix}{quantity}_{part}_{unit}"] * each
            axis.barh(
                [i + offset for i in range(len(table))],
                width,
                left=left,
                height=_BAR * 0.92,
                color=COLOURS[part],
                edgecolor="white" if not prefix else _HATCH[part],
                linewidth=0.3,
                hatch="/////" if prefix else None,
            )
            left = left + width
        if prefix:
            low, high = (table[f"est_{quantity}_{end}_{unit}"] * each for end in ("low", "high"))
            axis.errorbar(
                left,
                [i + offset for i in range(len(table))],
                xerr=[(left - low).clip(lower=0), (high - left).clip(lower=0)],
                fmt="none",
                ecolor="black",
                elinewidth=0.6,
                capsize=1.5,
                capthick=0.6,
            )
            ends = pd.concat([left, high], axis=1).max(axis=1)
        else:
            ends = left
        for i, (end, total) in enumerate(zip(ends, left, strict=True)):
            behind = end
            for value in sorted(mark.value * scale for mark in shown if mark.row == i):  # a ratio makes way for a mark in its place
                if 0.95 * end < value < behind + room:
                    behind = max(behind, value)
            axis.annotate(
                f"{total / left.iloc[0]:.2f}×",
                (behind, i + offset),
                xytext=(5 if behind > end else 3, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
                color="black" if not prefix else "#555555",
            )
    axis.set_xlabel(label)
    axis.margins(x=0.18)
    axis.set_xlim(left=0)
    axis.tick_params(length=2.5)
    axis.grid(axis="x", linewidth=0.3, color="#dddddd")
    axis.set_axisbelow(True)


def _sources(marks: Sequence[Mark]) -> list[str]:
    return list(dict.fromkeys(mark.source for mark in marks))


def _mark_style(source: int) -> dict[str, Any]:
    # An edge of the other colour: seen on every part of a bar.
    face, edge = (("white", "black"), ("black", "white"))[source % 2]
    return {"marker": "oDs^"[source], "color": face, "markeredgecolor": edge, **_MARK}


def _legend(*, estimated: bool) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    parts = [Patch(facecolor=COLOURS[part], edgecolor="#444444", linewidth=0.3, label=part) for part in PARTS]
    guessed = [
        Patch(facecolor="white", edgecolor="#444444", linewidth=0.5, hatch="/////", label="estimated from the spec"),
        Line2D([], [], color="black", linewidth=0.6, marker="|", markersize=4, markeredgewidth=0.6, label="90 % interval"),
    ]
    return [
        *parts,
        Patch(facecolor="white", edgecolor="#444444", linewidth=0.5, label="mapped to gates"),
        *(guessed if estimated else []),
    ]
