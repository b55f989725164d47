"""What a command prints: a rich table for people, JSON or CSV for machines; notes and progress on stderr.

Rows are dictionaries with plain keys that carry their units (`area_um2`). A table shows the columns chosen for it.
"""

import csv
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, Any]

_GAP = 2  # between two columns
_NARROWEST = 14  # characters of a broken name


class Form(Enum):
    """How results are printed: as a table for people, or for machines."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def form_of(as_json: bool, as_csv: bool) -> Form:
    """Return the form that the options ``--json`` and ``--csv`` ask for."""
    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other")
    return Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE


def decimals(digits: int) -> Callable[[Any], str]:
    """Return a formatter: `digits` decimals, thousands apart; a dash for what could not be computed, and ∞."""

    def text(value: Any) -> str:
        return _no_number(value) or f"{value:,.{digits}f}"

    return text


def significant(digits: int) -> Callable[[Any], str]:
    """Return a formatter: `digits` significant digits; a dash for what could not be computed, and ∞."""

    def text(value: Any) -> str:
        return _no_number(value) or f"{value:.{digits}g}"

    return text


def decibels(value: Any) -> str:
    """Return a ratio of signal to noise as text; without noise it is infinite, and what was computed exact."""
    return "exact" if value == math.inf else decimals(1)(value)


def _no_number(value: Any) -> str:
    """Return what is told in the place of digits; empty where there are some."""
    if value is None or math.isnan(value):
        return "–"
    return "" if math.isfinite(value) else "∞" if value > 0 else "−∞"


def counted(number: int, what: str) -> str:
    """Return how many there are of what: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def ratio(value: Any) -> str:
    """Return a ratio as text; a dash where there is none."""
    return f"{value:.2f}×" if value is not None and math.isfinite(value) else "–"


def with_ratios(rows: Sequence[Row], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return `rows` with new columns, each the ratio of another one to that of the first row."""
    return [
        dict(row)
        | {new: row[key] / rows[0][key] if row.get(key) is not None and rows[0].get(key) else None for new, key in columns.items()}
        for row in rows
    ]


def plain(value: Any) -> str:
    """Return a value as Python writes it; a dash for what is not there."""
    return "–" if value is None else str(value)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key
        The row's key.
    head
        Its heading, with the unit.
    text
        How a value is written.
    digits
        In place of `text`: as many decimals as show the column's largest number with so many significant digits, be it of a 130 nm
        library or of a 7 nm one.
    left
        Aligned to the left, and broken over lines where there is no room; numbers go right and are never broken.
    wide
        Left out on terminals with fewer columns than this.
    """

    key: str
    head: str
    text: Callable[[Any], str] = plain
    digits: int = 0
    left: bool = False
    wide: int = 0


def console(*, stderr: bool = False) -> "Console":
    """Return a console that prints what it is given, without colouring of its own."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise  # rich calls it where it caught the error, and would leave with exit code 1

    return Terminal(stderr=stderr, highlight=False)


def show(rows: Sequence[Row], columns: Sequence[Column], form: Form, *, title: str = "", caption: str = "") -> None:
    """Print `rows`: all their keys as JSON or CSV, or the chosen `columns` as a table.

    Parameters
    ----------
    title, caption
        Above and below the table; not part of JSON or CSV.
    """
    if form is Form.JSON:
        show_json(rows)
    elif form is Form.CSV:
        show_csv(rows)
    else:
        _show_table(rows, columns, title, caption)


def show_json(data: Any) -> None:
    """Print `data` as JSON; what JSON has no number for (NaN, infinities) becomes null."""
    print(json.dumps(_jsonable(data), indent=2))


def show_csv(rows: Sequence[Row]) -> None:
    """Print `rows` as CSV; nested values are left out, NaN and None are empty."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if not any(_nested(row.get(key)) for row in rows)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(keys)
    for row in rows:
        writer.writerow(["" if (value := _jsonable(row.get(key))) is None else value for key in keys])


def _show_table(rows: Sequence[Row], columns: Sequence[Column], title: str, caption: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    shown = [column for column in columns if out.width >= column.wide]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in shown:
        table.add_column(column.head, justify="left" if column.left else "right", overflow="fold", no_wrap=not column.left)
    texts = [_fitted([row.get(column.key) for row in rows], column.digits) if column.digits else column.text for column in shown]
    cells = [[text(row.get(column.key)) for column, text in zip(shown, texts, strict=True)] for row in rows]
    _break_names(shown, cells, out.width)
    for line in cells:
        table.add_row(*map(Text, line))
    if title:
        out.print(Text(title, style="bold"))
    out.print(table)
    if caption:
        out.print(Text(caption))


def _fitted(values: Sequence[Any], digits: int) -> Callable[[Any], str]:
    """Return a formatter with as many decimals as the largest of `values` needs for `digits` significant digits."""
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    return decimals(max(digits - 1 - math.floor(math.log10(largest)), 0) if largest else 0)


def _break_names(columns: Sequence[Column], cells: list[list[str]], available: int) -> None:
    """Break the longest names of a table that is too wide, between their parts; rich would do it anywhere."""
    widths = [max(map(len, [*column.head.split("\n"), *(line[at] for line in cells)])) for at, column in enumerate(columns)]
    names = [at for at, column in enumerate(columns) if column.left]
    excess = sum(widths) + _GAP * len(columns) - available
    if excess <= 0 or not names:
        return
    at = max(names, key=lambda at: widths[at])
    for line in cells:
        line[at] = _broken(line[at], max(widths[at] - excess, _NARROWEST))


def _broken(text: str, width: int) -> str:
    """Return `text` in lines of at most `width`, if its parts are that short."""
    lines = [""]
    for part in re.findall(r"[^-:_/ ]+[-:_/ ]*|[-:_/ ]+", text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def show_side_by_side(cells: Sequence[tuple[str, ...]], heads: tuple[str, ...]) -> None:
    """Print a long list of short rows in as many columns as the terminal has room for, read downwards."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    needed = sum(max(len(text) for text in texts) + 2 for texts in zip(*cells, heads, strict=True))
    blocks = next((blocks for blocks in (8, 4, 2) if blocks * needed <= out.width), 1)
    height = -(-len(cells) // blocks)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for _ in range(blocks):
        for head in heads:
            table.add_column(head, justify="left" if head == heads[0] else "right", no_wrap=True)
    empty = ("",) * len(heads)
    for line in range(height):
        row = [cells[index] if index < len(cells) else empty for index in range(line, height * blocks, height)]
        table.add_row(*(Text(text) for cell in row for text in cell))
    out.print(table)


def facts(pairs: Sequence[tuple[str, str]], title: str = "") -> None:
    """Print names and what they are, one pair a line."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(Text(name, style="dim"), Text(value))
    out = console()
    if title:
        out.print(Text(title, style="bold"))
    out.print(grid)


def tell(text: str) -> None:
    """Print sentences, broken to the width of the terminal."""
    from rich.text import Text

    console().print(Text(text))


def note(text: str) -> None:
    """Tell a person something that is not part of the result."""
    print(f"note: {text}", file=sys.stderr)


@contextmanager
def progress(what: str, total: int, *, at_end: bool = False) -> Iterator[Callable[[str], None]]:
    """Show a bar on stderr while the block runs, if stderr is a terminal.

    Yields
    ------
    callable
        To be called with a name each time one of `total` items starts (with `at_end`: is done).
    """
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        calls = 0

        def start(name: str) -> None:
            nonlocal calls
            bar.update(task, description=f"{what} {name}", completed=calls + at_end)
            calls += 1

        yield start


def _nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no word for infinity, and what is exact is not what could not be computed.
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
