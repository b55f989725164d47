"""The table: one row a unit, written in batches to a Parquet file."""

import errno
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from hwmodel.collecting import nothing_collected
from hwmodel.files import whole

from .desk import Desk
from .errors import SweepError
from .estimates import FLAG, estimate_columns, units_of
from .plan import Plan
from .shares import Shares
from .space import Batch
from .view_columns import columns_of
from .worker import Found

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH, _BATCH_TIMED = 1 << 16, 1 << 14
"""Rows estimated, kept and written at a time, and those with glitches and delay, of which some units take half a millisecond each."""

_REASONS_TOLD = 2

_OWN = ("spec", "a", "b", "acc", "lanes", "pipeline", "card", "objective", "adder", "multiplier", "paths")


class Columns:
    """The columns that views have: those that are known beforehand, and whatever else results come with."""

    def __init__(self, desk: Desk) -> None:
        self._known = columns_of(desk.options)
        self._kinds: dict[str, dict[str, type]] = {view: {} for view in ("synth", "energy", "error")}
        mapped = "synth" in desk.options
        self.how: tuple[str, ...] = ("objective",) if mapped or desk.estimates is not None else ()
        if mapped and not desk.explores:
            self.how += ("adder", "multiplier", "paths")
        self._hidden = {*_OWN[:7], "unit", *self.how}

    def see(self, found: Mapping[str, Found]) -> None:
        """Take note of the columns of a row's views."""
        for view, each in found.items():
            for name, value in each.columns.items():
                if view in self._kinds and name not in self._hidden:
                    self._kinds[view][name] = _joined(self._kinds[view].get(name, type(value)), type(value))

    @property
    def kinds(self) -> dict[str, type]:
        """Column -> bool, int, float or str: of mapping, then of energy, then of errors."""
        found = dict(self._known)
        for view in self._kinds.values():
            for name, kind in view.items():
                found[name] = _joined(found.get(name, kind), kind)
        return found


def _joined(one: type, other: type) -> type:
    """Return the kind of a column that has values of two kinds."""
    return one if one is other else float if str not in (one, other) else str


@dataclass
class Written:
    """What was written: rows, of these with a reason or extrapolated, some reasons, how many were estimated now, and if Ctrl-C ended it."""

    rows: int = 0
    failed: int = 0
    extrapolated: int = 0
    estimated: int = 0
    reasons: list[str] = field(default_factory=list)
    interrupted: bool = False

    def count(self, table: "pa.Table") -> None:
        """Add the rows of a table."""
        self.rows += len(table)
        if FLAG in table.column_names:
            self.extrapolated += sum(chunk.true_count for chunk in table[FLAG].chunks)
        failed = table["reason"].drop_null()
        self.failed += len(failed)
        if len(self.reasons) < _REASONS_TOLD:
            self.reasons = [*self.reasons, *failed.slice(0, _REASONS_TOLD).unique().to_pylist()][:_REASONS_TOLD]


def write_table(
    plan: Plan, desk: Desk, columns: Columns, out: Path, told: Callable[[int], None], *, partial: bool, shares: Shares
) -> Written:
    """Write the rows of a plan to `out`: of `partial` results only those that nothing is missing of.

    Many estimates are made in `shares`.
    Ctrl-C ends the table with the rows that were written. A file that has more rows than are there after a Ctrl-C stays as it was.

    Raises
    ------
    SweepError
        If it cannot be written.
    KeyboardInterrupt
        If there was a Ctrl-C before the first row, or so early that the file stays.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    estimated = () if desk.estimates is None else estimate_columns(timed=desk.estimates.timed)
    schema = _schema(columns, estimated)
    packing: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": _names(schema)}
    written, done = Written(), 0
    try:
        with (
            whole(out) as file,
            pq.ParquetWriter(file, schema, **packing) as writer,
            _Behind() as behind,
            nothing_collected(),
        ):
            try:
                batches = plan.batches(_BATCH_TIMED if desk.estimates is not None and desk.estimates.timed else _BATCH)
                following = next(batches, None)
                while (batch := following) is not None:
                    following = next(batches, None)
                    ready, found = _ready(batch, desk, partial=partial)
                    if len(ready):
                        table = _table(ready, found, desk, columns, schema, estimated, written, shares, following)
                        behind.do(_write, writer, table, written)
                    done += len(batch)
                    told(done)
                behind.finish()
            except KeyboardInterrupt:
                behind.finish()
                written.interrupted = True
            if (partial or written.interrupted) and written.rows < max(_rows_in(out), 1):
                raise KeyboardInterrupt
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise SweepError(f"the table {out} cannot be written: {why}; all that was computed is in the store {desk.store.path}") from error
    except pa.ArrowException as error:
        raise SweepError(f"the table {out} cannot be written: {error}; all that was computed is in the store {desk.store.path}") from error
    return written


def _rows_in(out: Path) -> int:
    """Return how many rows the table in a file has; 0: there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(out).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def _write(writer: Any, table: "pa.Table", written: Written) -> None:
    writer.write_table(table)
    written.count(table)


class _Behind:
    """A thread that does one thing while the next is being prepared, the things in order."""

    def __enter__(self) -> "_Behind":
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.shutdown()

    def do(self, what: Callable[..., None], *values: Any) -> None:
        """Call something once what is being done is finished; raise what that raised."""
        self.finish()
        self._last = self._thread.submit(what, *values)

    def finish(self) -> None:
        """Wait for what is being done; raise what it raises."""
        if self._last is not None:
            self._last.result()


def _ready(batch: Batch, desk: Desk, *, partial: bool) -> tuple[Batch, list[dict[str, Found]] | None]:
    """Return the rows of a batch that are to be written, and what their views are; None: there are only estimates."""
    if not desk.views:
        return batch, None
    rows = list(batch.rows())
    found = desk.find(rows)
    if not partial:
        return batch, found
    kept = [row.spec is None or not desk.missing(each) for row, each in zip(rows, found, strict=True)]
    return batch.only(np.array(kept)), [each for each, keep in zip(found, kept, strict=True) if keep]


def _schema(columns: Columns, estimated: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    name = pa.dictionary(pa.int32(), pa.string())
    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    fields = [
        ("spec", pa.string()),
        ("a", name),
        ("b", name),
        ("acc", name),
        ("lanes", pa.int32()),
        ("pipeline", pa.int32()),
        ("card", name),
    ]
    fields += [(each, name) for each in columns.how]
    fields += [(each, pa.bool_() if each == FLAG else pa.float64()) for each in estimated]
    fields += [(each, types.get(kind, pa.string())) for each, kind in columns.kinds.items()]
    return pa.schema([*fields, ("reason", pa.string())])


def _names(schema: "pa.Schema") -> list[str]:
    """Return the columns of few different texts; all others are written as they are."""
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_dictionary(field.type) or field.name == "reason"]


def _table(
    batch: Batch,
    found: Sequence[Mapping[str, Found]] | None,
    desk: Desk,
    columns: Columns,
    schema: "pa.Schema",
    estimated: Sequence[str],
    written: Written,
    shares: Shares,
    following: Batch | None,
) -> "pa.Table":
    """Return the rows of a batch as an Arrow table; what the `following` one needs is begun."""
    import pyarrow as pa

    units, made = units_of(batch, desk.store, desk.estimates, shares, following)
    written.estimated += made
    arrays: dict[str, Any] = {name: units[name] for name in ("spec", "reason", *estimated)}
    arrays["lanes"] = pa.array(batch.fields(["lanes"])["lanes"], pa.int32(), from_pandas=True)
    for name in ("a", "b", "acc", "pipeline", "card", *columns.how):
        arrays[name] = _chosen(batch, name, schema.field(name).type)
    if found is not None:
        reasons = arrays["reason"].to_pylist()
        for name, kind in columns.kinds.items():
            arrays[name] = pa.array([_value(each, name, kind) for each in found], schema.field(name).type)
        arrays["reason"] = pa.array([_reason(own, each) for own, each in zip(reasons, found, strict=True)], pa.string())
    return pa.table([arrays[field.name] for field in schema], schema=schema)


def _value(found: Mapping[str, Found], name: str, kind: type) -> Any:
    for each in found.values():
        if name in each.columns:
            value = each.columns[name]
            return str(value) if kind is str and value is not None else value
    return math.nan if kind is float else None


def _reason(own: str | None, found: Mapping[str, Found]) -> str | None:
    """Return why something of a row is missing: of its unit, or of each view that failed; None where nothing is."""
    if own is not None and not found:
        return own
    reasons: dict[str, list[str]] = {}
    for view, each in found.items():
        if each.reason:
            reasons.setdefault(each.reason, []).append(view)
    told = [f"{', '.join(views)}: {reason}" for reason, views in reasons.items()]
    return "; ".join([*([own] if own else []), *told]) or None


def _chosen(batch: Batch, name: str, kind: "pa.DataType") -> "pa.Array":
    """Return what the rows of a batch have chosen, names as a dictionary."""
    import pyarrow as pa

    if batch.has(name):
        choices, at = batch.chosen(name)
        if not pa.types.is_dictionary(kind):
            return pa.array(np.array([choice.value for choice in choices])[at], kind)
        return pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), pa.array([choice.name for choice in choices], pa.string()))
    units, at = batch.chosen("unit")
    if name == "pipeline":
        return pa.array([None if unit.value is None else unit.value.pipeline for unit in units], kind).take(pa.array(at))
    names = pa.array([None if unit.value is None else str(getattr(unit.value, name)) for unit in units], pa.string())
    return names.dictionary_encode().take(pa.array(at))
