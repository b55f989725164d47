"""Estimates of whole batches: names, reasons and columns of their rows, kept in the store a batch at a time."""

import hashlib
import re
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hwmodel.cost import CostError, estimate_many

from .plan import EstimateOptions
from .provenance import codebooks, provenance
from .shares import Shares
from .space import Batch
from .store import Store, key_of
from .units import count_ahead, units_in

if TYPE_CHECKING:
    import pyarrow as pa

    from hwmodel.flow import TechCard

FLAG = "est_extrapolated"
"""The one column of estimates that is true or false."""

_OWN = ("spec", "lanes")
_BOUND_OF_A_PART = re.compile(r"_(decode|mpy|alignadd|normacc)_(low|high)_")
"""Left out: `hwmodel estimate` tells them."""


@lru_cache(maxsize=2)
def estimate_columns(*, timed: bool) -> tuple[str, ...]:
    """Return the names of the columns of estimates: those of `hwmodel.cost.estimate_many`, with ``est_`` in front."""
    return tuple(f"est_{name}" for name in estimate_many([], timed=timed) if name not in _OWN and not _BOUND_OF_A_PART.search(name))


def units_of(
    batch: Batch, store: Store, options: EstimateOptions | None, shares: Shares, following: Batch | None = None
) -> tuple["pa.Table", int]:
    """Return `spec`, `reason` and, if there are options of them, the estimates of a batch; and how many rows were estimated anew.

    What the `following` batch needs is begun in `shares`, if this one was not in the store already.
    """
    import pyarrow as pa

    if options is None:
        units = units_in(batch, shares)
        return pa.table({"spec": units.names, "reason": units.reasons}), 0
    key = _key(batch, options)
    payload = store.get(key)
    if payload is not None:
        return pa.ipc.open_stream(payload).read_all(), 0
    table = _estimate(batch, options, shares)
    if following is not None:
        count_ahead(following, shares)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    store.put({key: sink.getvalue().to_pybytes()})
    return table, len(table) - table[FLAG].null_count


def _key(batch: Batch, options: EstimateOptions) -> bytes:
    """Return the key of a batch: of its choices and of which rows have which, of cards and objectives, and of what estimates them."""
    from hwmodel.cost.calibration import stored_of
    from hwmodel.flow import load_card

    total, named = hashlib.sha256(), list[Any]()
    for axis, at in zip(batch.axes, batch.at, strict=True):
        for name, choices in axis.choices.items():
            if name in ("a", "b", "acc", "lanes", "pipeline", "unit", "objective"):
                named.append([name, [choice.name for choice in choices]])
            elif name == "card":
                cards = [load_card(choice.name) for choice in choices]
                # What was learnt of bundled cards is of the code; of others it is not.
                named.append([name, [[card.name, card.sha256, stored_of(card.name)["sha256"]] for card in cards]])
            named.append([codebooks(choice.value) for choice in choices if name in ("a", "b", "unit") and choice.value is not None])
        total.update(at.tobytes())
    material = {"view": "estimate", "made by": provenance("estimate"), "options": asdict(options)}
    return key_of(material | {"choices": named, "rows": total.hexdigest()})


def _estimate(batch: Batch, options: EstimateOptions, shares: Shares) -> "pa.Table":
    """Estimate each different unit of a batch once on each card for each objective."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from hwmodel.flow import load_card

    distinct, which = batch.distinct()
    (cards, on), (objectives, aimed) = batch.chosen("card"), batch.chosen("objective")
    units = units_in(distinct, shares, objectives[0].name, timed=options.timed)
    names, reasons = units.names.take(which), units.reasons.take(which)
    columns = {name: np.full(len(batch), np.nan) for name in estimate_columns(timed=options.timed)}
    for to, objective in enumerate(objectives):
        rows_on: list[tuple[TechCard, np.ndarray]] = []
        for at, chosen in enumerate(cards):
            mine = np.flatnonzero((on == at) & (aimed == to) & units.there[which])
            if not len(mine):
                continue
            card = load_card(chosen.name)
            try:
                found = units.estimates(which[mine], card, objective.name)
            except CostError as error:
                failed = np.zeros(len(batch), bool)
                failed[mine] = True
                reasons = pc.if_else(failed, f"estimate: {error}", reasons)
                continue
            _put(found, columns, mine)
            rows_on.append((card, mine))
        if options.timed and rows_on:
            some = np.unique(np.concatenate([which[mine] for _, mine in rows_on]))
            timed = units.timed_estimates(some, [card for card, _ in rows_on], objective.name)
            for (_, mine), found in zip(rows_on, timed, strict=True):
                place = np.searchsorted(some, which[mine])
                _put({name: figures[place] for name, figures in found.items()}, columns, mine)
    flags = columns.pop(FLAG)
    told = pa.array(flags == 1, mask=np.isnan(flags))
    return pa.table({"spec": names, "reason": reasons, **columns, FLAG: told})


def _put(found: dict[str, np.ndarray], columns: dict[str, np.ndarray], rows: np.ndarray) -> None:
    """Put what was found of some rows into those columns that are kept."""
    for name, figures in found.items():
        if f"est_{name}" in columns:
            columns[f"est_{name}"][rows] = figures
