"""The front of a table: rows that no other row beats in two columns at once; and its chart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .chart import COLOURS, OPEN_STYLE, as_written, save_figure

GOALS = ("min", "max")

_WORDS = {"um2": "µm²", "fj": "fJ", "ge": "GE", "db": "dB", "mhz": "MHz", "est": "estimated", "sqnr": "SQNR", "snr": "SNR"}
"""How parts of a column's name are written."""

_UNITS = ("µm²", "fJ", "GE", "dB", "MHz", "ps")

_WIDE = 20.0
"""A column whose largest figure is so many times its smallest is drawn on a logarithmic axis."""

_MANY = 5000
"""Points that are drawn as a picture, in vector formats too."""


def goal_of(column: str) -> str:
    """Return what is wanted of a column unless something else is asked for: much of decibels and megahertz, little of all else."""
    return "max" if column.rsplit("_", 1)[-1] in ("db", "mhz") else "min"


def front(x: np.ndarray, y: np.ndarray, x_goal: str, y_goal: str) -> np.ndarray:
    """Return the rows that no other row beats, in the order of x from its best on.

    A row beats another if it is at least as good in both columns and better in one. Of rows that are the same in both, all are there.

    Parameters
    ----------
    x, y : (rows,) float64 or integers
        A row with a NaN is not on the front. Integers are compared as such, also where float64 has not all of them.
    x_goal, y_goal
        ``min`` or ``max``.

    Returns
    -------
    (front,) int64
        Indices of rows.
    """
    there = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    cost_x, cost_y = _ranks(x[there], x_goal), _ranks(y[there], y_goal)
    order = np.lexsort((there, cost_y, cost_x))
    cost_x, cost_y = cost_x[order], cost_y[order]
    better = np.ones(len(order), bool)
    better[1:] = cost_y[1:] < np.minimum.accumulate(cost_y)[:-1]
    # The same as a row of the front: as good in y as the best before, and no worse in x than the row that set it.
    setter = np.maximum.accumulate(np.where(better, np.arange(len(order)), 0))
    same = (cost_y == cost_y[setter]) & (cost_x == cost_x[setter])
    return there[order[better | same]]


def _ranks(figures: np.ndarray, goal: str) -> np.ndarray:
    """Return of each figure its place among all different ones, from the best on; below 0 if much is wanted."""
    _, ranks = np.unique(figures, return_inverse=True)
    return ranks if goal == "min" else -ranks


def draw_front(table: pd.DataFrame, chosen: pd.DataFrame, x: str, y: str, goals: tuple[str, str], files: Sequence[Path]) -> None:
    """Draw all rows of a table and its front, to `files`, each in the format of its ending.

    Parameters
    ----------
    table
        Columns `x` and `y`; rows without a figure in both are left out.
    chosen
        The front's rows, in order; with a column `spec` they are labelled where there is room.
    x, y
        Columns.
    goals
        What is wanted of them, for the axes' labels.
    files
        Ending in .png, .svg or .pdf.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = table[[x, y]].replace([np.inf, -np.inf], np.nan).dropna()
    finite = chosen[np.isfinite(chosen[x]) & np.isfinite(chosen[y])]
    with mpl.rc_context(OPEN_STYLE):
        figure, axis = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
        small = {"s": 9} if len(shown) <= _MANY else {"s": 2, "rasterized": True}
        label = _counted("rows", len(shown), int((table[[x, y]].notna().all(axis=1)).sum()))
        axis.scatter(shown[x], shown[y], color=COLOURS["normacc"], linewidths=0, zorder=2, label=label, **small)
        for scaled, column in ((axis.set_xscale, x), (axis.set_yscale, y)):
            if len(shown) and shown[column].min() > 0 and shown[column].max() > _WIDE * shown[column].min():
                scaled("log")
        steps = "steps-post" if goals[0] == "min" else "steps-pre"
        line = finite.sort_values(x, kind="stable")
        axis.plot(line[x], line[y], drawstyle=steps, color=COLOURS["mpy"], linewidth=0.8, zorder=3)
        label = _counted("of the front", len(finite), len(chosen))
        axis.scatter(finite[x], finite[y], s=22, color=COLOURS["alignadd"], edgecolors="black", linewidths=0.5, zorder=4, label=label)
        axis.set_xlabel(f"{as_written(axis_name(x))} ({_better(goals[0])})")
        axis.set_ylabel(f"{as_written(axis_name(y))} ({_better(goals[1])})")
        axis.grid(linewidth=0.3, color="#dddddd")
        axis.set_axisbelow(True)
        axis.margins(x=0.08, y=0.08)
        axis.legend(loc="best", frameon=False, fontsize=7.5)
        if "spec" in finite:
            _label(figure, axis, line, x, y, goals)
        for file in files:
            save_figure(figure, file)
        plt.close(figure)


def axis_name(column: str) -> str:
    """Return a column's name as words, its unit behind a comma: ``est_area_um2`` is "estimated area, µm²"."""
    *words, last = (_WORDS.get(word, word) for word in column.split("_"))
    return f"{' '.join(words)}, {last}" if words and last in _UNITS else " ".join([*words, last])


def _counted(what: str, drawn: int, there: int) -> str:
    """Return how many are drawn, and of how many others a figure is infinite."""
    return f"{drawn:,} {what}" + (f", and {there - drawn:,} at infinity" if there > drawn else "")


def _better(goal: str) -> str:
    return "less is better" if goal == "min" else "more is better"


def _label(figure: Any, axis: Any, points: pd.DataFrame, x: str, y: str, goals: tuple[str, str]) -> None:
    """Write units' names beside the points of a front, from its ends inwards, where none covers another: ahead of it or else behind."""
    figure.canvas.draw()
    inside, taken = axis.get_window_extent(), list[Any]()
    ahead = (-1 if goals[0] == "min" else 1, 1 if goals[1] == "max" else -1)
    order = [at for pair in zip(range(len(points)), reversed(range(len(points))), strict=True) for at in pair]
    for at in dict.fromkeys(order):
        row = points.iloc[at]
        for right, up in (ahead, (-ahead[0], -ahead[1])):
            text = axis.annotate(
                as_written(str(row["spec"])),
                (row[x], row[y]),
                xytext=(5 * right, 4 * up),
                textcoords="offset points",
                ha="left" if right > 0 else "right",
                va="bottom" if up > 0 else "top",
                fontsize=6,
                zorder=5,
            )
            box = text.get_window_extent()
            fits = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
            if fits and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
