"""``hwmodel sweep``: a design space to a table."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .arguments import Csv, Json, given
from .errors import INTERRUPTED, InputError
from .files import output_file, output_folder, same_file
from .output import Form, console, counted, form_of, note, show

if TYPE_CHECKING:
    from hwmodel.sweep import Crew, Plan, Summary

STORE = "hwmodel.store"


def sweep(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sweep file in TOML, see docs/sweeps.md.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The table, in Parquet.", show_default="the sweep file's name, .parquet"),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="FILE", help="Where results are kept and looked up; sweeps may share one.", show_default=f"{STORE} beside it"
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Worker processes.", show_default="one a core")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Compute on the workers of a Dask scheduler instead.", show_default=False),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count the rows and leave.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Compute more than ten million rows, too.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Estimate, map, or measure every unit of a design space; one row a unit, in a Parquet file.

    Results are kept by what they were computed from: what is known is not computed again, and a sweep that was stopped, in whatever
    way, goes on from where it was.
    """
    form = form_of(as_json, as_csv)
    if scheduler is not None and given(context, "jobs"):
        raise InputError("--jobs is for processes on this machine and --scheduler for others; leave out one of them")
    from hwmodel.sweep import MAX_UNASKED, Store, read_plan, run_sweep

    plan = read_plan(file)
    rows = plan.count
    if count:
        _show_count(plan, form)
        return
    if rows > MAX_UNASKED and not yes:
        raise InputError(f"{file} is {rows:,} rows, more than {MAX_UNASKED:,}; narrow it by filters, or say --yes")
    table = output_file(out or Path(file.with_suffix(".parquet").name))
    if table.suffix != ".parquet":
        raise InputError(f"the table {table} does not end in .parquet")
    output_folder(table.parent)
    kept = output_file(store or table.with_name(STORE))
    if same_file(table, kept):
        raise InputError(f"the table {table} and the store {kept} are one file; name another file by --out or --store")
    if same_file(table, file):
        raise InputError(f"the table {table} is the sweep file; name another file by --out")
    with _ended_by_sigterm(), Store(kept) as results, progress_bar() as progress:
        summary = run_sweep(plan, results, table, crew_of(jobs, scheduler), progress, jobs or _cores())
    _show_summary(summary, kept, form)
    if summary.interrupted and summary.table is None and table.exists():
        note(f"the table {table} stays as it was: fewer rows were finished than it has")
    if dropping := plan.unit_note:
        note(f"not all accumulators keep every bit of products, such as {dropping}")
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def crew_of(jobs: int | None, scheduler: str | None = None) -> "Callable[[], AbstractContextManager[Crew]]":
    """Return what starts whoever computes: processes here, one a core where no number is given, or a scheduler's workers."""

    def start() -> "AbstractContextManager[Crew]":
        from hwmodel.sweep import Cluster, LocalPool

        return LocalPool(jobs or _cores()) if scheduler is None else Cluster(scheduler, note)

    return start


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _show_count(plan: "Plan", form: Form) -> None:
    if form is Form.TABLE:
        print(counted(plan.count, "row"))
    else:
        show([{"rows": plan.count}], (), form)


def _show_summary(summary: "Summary", store: Path, form: Form) -> None:
    if form is not Form.TABLE:
        row: dict[str, Any] = {"rows": summary.rows, "computed": summary.computed, "estimated": summary.estimated, "failed": summary.failed}
        row["extrapolated"] = summary.extrapolated
        row |= {"table": None if summary.table is None else str(summary.table), "store": str(store), "interrupted": summary.interrupted}
        show([row], (), form)
    elif summary.table is not None:
        made = [f"{number:,} {what}" for number, what in ((summary.computed, "computed"), (summary.estimated, "estimated")) if number]
        print(f"{summary.table}: {counted(summary.rows, 'row')}; {', '.join(made) or 'nothing'} in this run; results are kept in {store}")
    if summary.failed:
        have = "has" if summary.failed == 1 else "have"
        note(f"{counted(summary.failed, 'row')} {have} a reason in place of figures, such as: {'; '.join(summary.reasons)}")
    if summary.extrapolated:
        share = counted(summary.extrapolated, "estimate")
        are = "is" if summary.extrapolated == 1 else "are"
        note(f"{share} {are} extrapolated, of units with a part far larger than in any that was learnt from: est_extrapolated in the table")
    if summary.interrupted:
        note(f"stopped; what was finished is in {store}, and the same command goes on from there")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show how many rows are done on stderr, with rate and time left, if it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text("" if not task.speed else f"{task.speed:,.0f}/s" if task.speed >= 10 else f"{task.speed * 60:,.1f}/min")

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True, speed_estimate_period=120) as bar:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield told
