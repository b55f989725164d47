"""A sweep: what is missing is computed, then the table is written. All that is finished is in the store before the next is begun."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from .desk import Desk
from .errors import SweepError
from .plan import Plan
from .pool import Take
from .shares import WORTH, Shares
from .space import Row
from .store import Store
from .table import Columns, write_table
from .worker import Found, Outcome

_LOOKED_UP = 256
"""Rows that are looked up in the store at a time."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many rows of it are done, and of how many."""


class Crew(Protocol):
    """What computes tasks: `hwmodel.sweep.pool.LocalPool`, or `hwmodel.sweep.cluster.Cluster`."""

    def run(self, take: Take) -> Iterator[tuple[Any, Outcome]]:
        """Yield a label and an outcome for every labelled task that `take` gives."""


@dataclass
class Summary:
    """What a sweep did.

    Attributes
    ----------
    rows
        Rows of the table.
    computed, estimated
        Rows that were mapped or measured in this run, and that were estimated.
    failed
        Rows with a reason, of which `reasons` are some.
    extrapolated
        Rows whose estimates are: of units with a part far larger than in all that were learnt from.
    table
        The file; None: it was not written.
    interrupted
        Whether it was stopped by the keyboard; the table then has the rows that were finished, if it did not have more before.
    """

    rows: int = 0
    computed: int = 0
    estimated: int = 0
    failed: int = 0
    reasons: tuple[str, ...] = ()
    extrapolated: int = 0
    table: Path | None = None
    interrupted: bool = False


class _Label(NamedTuple):
    """What a task is for."""

    row: Row
    views: tuple[str, ...]


@dataclass
class _Round:
    """Rows on their way through the crew."""

    desk: Desk
    rows: Iterator[tuple[Row, Mapping[str, Found]]]
    columns: Columns
    told: Callable[[int], None]
    computed: int = 0
    done: int = 0
    _next: deque[_Label] = field(default_factory=deque)
    _claimed: set[bytes] = field(default_factory=set)

    def take(self) -> tuple[_Label, Any] | None:
        """Return the next task; rows that nothing is missing of are passed over."""
        while not self._next:
            item = next(self.rows, None)
            if item is None:
                return None
            row, found = item
            if self.desk.missing(found) and row.spec is not None:
                (found,) = self.desk.find([row])  # another sweep may have been there since
            self.columns.see(found)
            if row.spec is not None and self._begin(row, found):
                continue
            self._finish()
        label = self._next.popleft()
        return label, self.desk.task(*label)

    def _begin(self, row: Row, found: Mapping[str, Found]) -> bool:
        """Line up what is missing of a row, unless a row before it is being computed for the same; return whether there is something."""
        views = tuple(view for view in self.desk.missing(found) if self.desk.claim(row, view) not in self._claimed)
        if not views:
            return False
        self._claimed.update(self.desk.claim(row, view) for view in views)
        if self.desk.stale(row):
            views = (*(view for view in views if view == "error"), "rtl")
        self._next.append(_Label(row, views))
        return True

    def answered(self, label: _Label, outcome: Outcome) -> None:
        """Keep an outcome, and line up what it leads to."""
        self.desk.keep(label.row, outcome)
        self.columns.see(outcome.found)
        if "rtl" in label.views:
            (found,) = self.desk.find([label.row])
            self.columns.see(found)
            if views := self.desk.missing(found):
                self._next.append(_Label(label.row, views))
                return
        self.computed += 1
        self._finish()

    def _finish(self) -> None:
        self.done += 1
        self.told(self.done)


def run_sweep(
    plan: Plan,
    store: Store,
    out: Path,
    crew: Callable[[], AbstractContextManager[Crew]],
    progress: Progress = lambda what, done, total: None,
    jobs: int = 1,
) -> Summary:
    """Compute what a plan asks for and write it to the Parquet file `out`.

    Parameters
    ----------
    plan
        What to compute.
    store
        Where results are looked up and kept.
    out
        The table; it is there whole, or as it was before.
    crew
        Starts whatever computes; not called where nothing is missing.
    progress
        Told of every row.
    jobs
        Processes that make estimates, where there are many.

    Raises
    ------
    SweepError
        If it cannot go on; what was finished is in the store.
    """
    if not plan.count:
        raise SweepError("no row passes the filters; loosen one of them")
    with Shares(jobs) as shares:
        if plan.compute.views == ("estimate",) and plan.count >= WORTH:  # else there is much to do before
            shares.start()
        return _sweep(plan, store, out, crew, progress, shares)


def _sweep(
    plan: Plan, store: Store, out: Path, crew: Callable[[], AbstractContextManager[Crew]], progress: Progress, shares: Shares
) -> Summary:
    desk, count, summary = Desk(plan, store), plan.count, Summary()
    columns = Columns(desk)
    if desk.views:
        rounds = _Round(desk, _known(desk, plan), columns, lambda done: progress("compute", done, count))
        try:
            _work(rounds, crew)
        except KeyboardInterrupt:
            summary.interrupted = True
            for _, found in _known(desk, plan):
                columns.see(found)
        summary.computed = rounds.computed
    try:
        partial = summary.interrupted
        written = write_table(plan, desk, columns, out, lambda done: progress("write", done, count), partial=partial, shares=shares)
    except KeyboardInterrupt:
        summary.interrupted = True
        return summary
    summary.rows, summary.failed, summary.reasons = written.rows, written.failed, tuple(written.reasons)
    summary.extrapolated = written.extrapolated
    summary.estimated, summary.table, summary.interrupted = written.estimated, out, summary.interrupted or written.interrupted
    return summary


def _known(desk: Desk, plan: Plan) -> Iterator[tuple[Row, Mapping[str, Found]]]:
    """Yield the rows in order with what is known of them."""
    for batch in plan.batches(_LOOKED_UP):
        rows = list(batch.rows())
        yield from zip(rows, desk.find(rows), strict=True)


def _work(rounds: _Round, crew: Callable[[], AbstractContextManager[Crew]]) -> None:
    """Have the crew compute all that is missing; without anything missing there is no crew."""
    first = rounds.take()
    if first is None:
        return
    waiting = deque([first])
    with crew() as workers:
        for label, outcome in workers.run(lambda: waiting.popleft() if waiting else rounds.take()):
            if outcome.stop:
                raise SweepError(
                    f"{outcome.stop}; what was finished is in the store {rounds.desk.store.path}, and the same command goes on from there"
                )
            rounds.answered(label, outcome)
