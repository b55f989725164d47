"""``hwmodel pareto``: the units of a table that no other one beats."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwmodel.spec.errors import nearest

from .arguments import Csv, Json
from .errors import InputError
from .files import plot_file
from .output import Column, Form, counted, form_of, note, plain, show, significant

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("spec", "format", "card", "objective", "data", "length", "adder", "multiplier")
"""Columns that tell rows apart, shown where they differ; the first two always."""

Goal = Annotated[str | None, typer.Option(metavar="min|max", show_default="max of …_db and …_mhz, else min")]


def pareto(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A table, Parquet or CSV, as of hwmodel sweep.", show_default=False)],
    x: Annotated[str, typer.Option("--x", metavar="COLUMN", help="Such as area_um2, est_area_um2 or delay_ps.", show_default=False)],
    y: Annotated[str, typer.Option("--y", metavar="COLUMN", help="Such as sqnr_db or energy_per_product_fj.", show_default=False)],
    x_goal: Goal = None,
    y_goal: Goal = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the front (.png, .svg or .pdf).", show_default=False)
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Rows of a table that no other row beats in two columns at once: cost against error, or any others.

    Rows without a figure in one of the columns are left out, and counted. Where a table has estimates only, --x area_um2 is est_area_um2.
    """
    form = form_of(as_json, as_csv)
    import numpy as np

    from hwmodel.report.pareto import GOALS, draw_front, front, goal_of

    if plot is not None:
        plot_file(plot)
    table = _read(results)
    x, y = (_column(table, results, name) for name in (x, y))
    if x == y:
        raise InputError(f"--x and --y are both {x}; a front is of two columns")
    goals = (x_goal or goal_of(x), y_goal or goal_of(y))
    for name, goal in zip(("--x-goal", "--y-goal"), goals, strict=True):
        if goal not in GOALS:
            raise InputError(f"{name} {goal!r} is not one of {', '.join(GOALS)}")
    both = table[[x, y]].notna().all(axis=1)
    if not both.any():
        raise InputError(f"{results}: no row has a figure in both {x} and {y}")
    if not both.all():
        note(f"{int((~both).sum()):,} of {len(table):,} rows have no figure in {x} or {y}, and are left out")
    there = np.flatnonzero(both)
    figures_x, figures_y = (table[name].iloc[there].to_numpy() for name in (x, y))
    found = table.iloc[there[front(figures_x, figures_y, *goals)]]
    if plot is not None:
        draw_front(table, found, x, y, goals, [plot])
    rows: list[dict[str, Any]] = found.to_dict("records")
    if form is not Form.TABLE:
        show(rows, (), form)
        return
    told = [name for name in _NAMES if name in found and (name in _NAMES[:2] or len(table[name].unique()) > 1)]
    columns = (*(Column(name, name, plain, left=True) for name in told), *(Column(name, name, significant(5)) for name in (x, y)))
    wanted = " and ".join(f"{'least' if goal == 'min' else 'most'} {name}" for name, goal in zip((x, y), goals, strict=True))
    title = f"{wanted}: {len(rows):,} of {counted(int(both.sum()), 'row')} {'is' if len(rows) == 1 else 'are'} beaten by none"
    show(rows, columns, form, title=title, caption=f"written: {plot}" if plot else "")


def _read(path: Path) -> "pd.DataFrame":
    """Return the table in a file; its ending tells which kind it is."""
    import pandas as pd
    import pyarrow as pa

    if path.suffix not in (".parquet", ".csv"):
        raise InputError(f"the table {path} does not end in .parquet or .csv")
    try:
        with path.open("rb") as file:
            table = pd.read_parquet(file) if path.suffix == ".parquet" else pd.read_csv(file)
    except OSError as error:
        raise InputError(f"the table {path} cannot be read: {error.strerror or error}") from error
    except (pa.ArrowException, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a table in {'Parquet' if path.suffix == '.parquet' else 'CSV'}: {error}") from error
    if not len(table):
        raise InputError(f"the table {path} has no rows")
    return table


def _column(table: "pd.DataFrame", path: Path, name: str) -> str:
    """Return the column that is meant by `name`: where nothing was mapped, the estimate of it.

    Raises
    ------
    InputError
        If there is none, or it holds no numbers.
    """
    if name not in table and f"est_{name}" in table:
        note(f"{path} has no {name}, but estimates of it: est_{name} is taken")
        name = f"est_{name}"
    numbers = [str(column) for column, kind in table.dtypes.items() if kind.kind in "iuf"]
    if name not in table:
        listed = nearest(name, numbers) or f"; columns with numbers: {', '.join(numbers)}"
        raise InputError(f"{path} has no column {name!r}{listed}")
    if name not in numbers:
        raise InputError(f"{path}: the column {name!r} holds no numbers")
    return name
