"""The units of a batch, without making each: their names, why some are none, and their estimates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hwmodel.cost import Estimator
from hwmodel.spec import MacSpec, TensorAcc

from .axes import Choice
from .shares import WORTH, WORTH_TIMED, SharedEstimator, Shares
from .space import Batch, unit_of

if TYPE_CHECKING:
    import pyarrow as pa

    from hwmodel.flow import TechCard


@dataclass(frozen=True, eq=False)
class Units:
    """Units of a batch.

    Attributes
    ----------
    names, reasons
        (units,) str: canonical names, and why there is no unit; null where there is one.
    there
        Whether there is one, (units,) bool.
    estimator, places
        What estimates them, and their places in it; of what is no unit, anything.
    """

    names: "pa.Array"
    reasons: "pa.Array"
    there: np.ndarray
    estimator: Estimator | SharedEstimator
    places: dict[str, np.ndarray]

    def estimates(self, some: np.ndarray, card: "TechCard", objective: str) -> dict[str, np.ndarray]:
        """Return the columns of estimates of some of the units, which must be there."""
        return self.estimator.columns(**{name: at[some] for name, at in self.places.items()}, card=card, objective=objective)

    def timed_estimates(self, some: np.ndarray, cards: "Sequence[TechCard]", objective: str) -> list[dict[str, np.ndarray]]:
        """Return the columns of energy with glitches and of delay of some of the units on each card."""
        return self.estimator.timed_columns(**{name: at[some] for name, at in self.places.items()}, cards=cards, objective=objective)


def units_in(batch: Batch, shares: Shares, objective: str = "balanced", *, timed: bool = False) -> Units:
    """Return the units of a batch, which are estimated in `shares` if they are many, for `objective` first; `timed` ones take longer."""
    many = len(batch) >= (WORTH_TIMED if timed else WORTH)
    return _one_by_one(batch) if _is_whole(batch) else _by_parts(batch, shares if many else None, objective)


def _one_by_one(batch: Batch) -> Units:
    import pyarrow as pa

    units = list(batch.specs())
    there = np.array([spec is not None for spec, _, _ in units], bool)
    estimator, places = Estimator.of([spec for spec, _, _ in units if spec is not None])
    spread = {name: np.zeros(len(units), at.dtype) for name, at in places.items()}
    for name, at in places.items():
        spread[name][there] = at
    names, reasons = pa.array([name for _, name, _ in units], pa.string()), [reason or None for _, _, reason in units]
    return Units(names, pa.array(reasons, pa.string()), there, estimator, spread)


def _by_parts(batch: Batch, shares: Shares | None, objective: str) -> Units:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts, places = _places_in(batch)
    a, b, acc, lanes, pipeline = (batch.chosen(name)[1] for name in ("a", "b", "acc", "lanes", "pipeline"))
    pair, frame = places["pair"], parts.frame(acc, lanes, pipeline)
    there = parts.pair_there[pair] & parts.acc_there[acc]
    asked = np.flatnonzero(there)
    estimator = parts.estimator if shares is None or shares.jobs < 2 else shares.of(parts.estimator)
    rows, tails = estimator.faults(objective=objective, **{name: at[asked] for name, at in places.items()})
    bad = asked[rows]
    there[bad] = False
    is_tensor = parts.own_lanes[acc] > 0
    ends = pa.array([*parts.tails, *parts.tails_without_lanes]).take(pa.array(frame + len(parts.tails) * (there & is_tensor)))
    names = pc.binary_join_element_wise(pa.array(parts.pair_names).take(pa.array(pair)), ends, "-")
    reasons = np.full(len(batch), None, object)
    told = np.array([tail is not None for tail in tails.tolist()], bool) & ~is_tensor[bad]
    for row, name, tail in zip(bad[told].tolist(), names.take(pa.array(bad[told])).to_pylist(), tails[told].tolist(), strict=True):
        reasons[row] = f"unit {name}{tail}"
    untold = ~there
    untold[bad[told]] = False
    for row in np.flatnonzero(untold).tolist():
        reasons[row] = unit_of(*parts.choices(a[row], b[row], acc[row], lanes[row], pipeline[row]))[2]
    return Units(names, pa.array(reasons, pa.string()), there, estimator, places)


def count_ahead(batch: Batch, shares: Shares) -> None:
    """Have others count what estimates of a batch will ask for, while something else is done here."""
    if shares.jobs < 2 or len(batch) < WORTH or _is_whole(batch):
        return
    parts, places = _places_in(batch)
    there = parts.pair_there[places["pair"]] & parts.acc_there[places["acc"]]
    shares.of(parts.estimator).ahead(batch.chosen("objective")[0][0].name, **{name: at[there] for name, at in places.items()})


def _is_whole(batch: Batch) -> bool:
    """Return whether units are looked at one by one: whole ones are few; and what a GPU's accumulator is, operands decide."""
    return batch.has("unit") or any(isinstance(choice.value, str) for choice in batch.chosen("acc")[0])


def _places_in(batch: Batch) -> tuple["_Parts", dict[str, np.ndarray]]:
    """Return the parts of a batch's units, and where in them each has its own: the arguments of `Estimator.columns`."""
    same = any({"a", "b"} <= set(axis.choices) for axis in batch.axes)
    parts = _parts_of(same, *(tuple(batch.chosen(name)[0]) for name in ("a", "b", "acc", "lanes", "pipeline")))
    a, b, acc, lanes, pipeline = (batch.chosen(name)[1] for name in ("a", "b", "acc", "lanes", "pipeline"))
    pair = a if same else a * np.int64(len(parts.b)) + b
    return parts, {"pair": pair, "acc": acc, "lanes": parts.lanes[lanes], "pipeline": parts.pipeline[pipeline]}


@dataclass(frozen=True, eq=False)
class _Parts:
    """What the units of a space are put together from."""

    a: Sequence[Choice]
    b: Sequence[Choice]
    acc: Sequence[Choice]
    by_lanes: Sequence[Choice]
    by_pipeline: Sequence[Choice]
    pair_names: list[str]
    tails: list[str]
    tails_without_lanes: list[str]
    pair_there: np.ndarray
    acc_there: np.ndarray
    own_lanes: np.ndarray
    lanes: np.ndarray
    pipeline: np.ndarray
    estimator: Estimator

    def frame(self, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray) -> np.ndarray:
        """Return which of `tails` rows have."""
        return (acc * np.int64(len(self.by_lanes)) + lanes) * len(self.by_pipeline) + pipeline

    def choices(self, a: int, b: int, acc: int, lanes: int, pipeline: int) -> tuple[Choice, ...]:
        """Return the five choices of a row."""
        return self.a[a], self.b[b], self.acc[acc], self.by_lanes[lanes], self.by_pipeline[pipeline]


@lru_cache(maxsize=4)
def _parts_of(
    same: bool,
    a: tuple[Choice, ...],
    b: tuple[Choice, ...],
    acc: tuple[Choice, ...],
    lanes: tuple[Choice, ...],
    pipeline: tuple[Choice, ...],
) -> _Parts:
    """Return the parts of a space by the choices of its axes; a sweep asks for the same ones with every batch."""
    pairs = list(zip(a, b, strict=True)) if same else [(x, y) for x in a for y in b]
    filler: Any = MacSpec.parse("int2-int2-fx")  # in the place of a format that there is none of
    frames = [(x, y, z) for x in acc for y in lanes for z in pipeline]
    return _Parts(
        a,
        b,
        acc,
        lanes,
        pipeline,
        [f"{x.name}-{y.name}" for x, y in pairs],
        [_tail(*frame, told=True) for frame in frames],
        [_tail(*frame, told=False) for frame in frames],
        np.array([x.value is not None and y.value is not None for x, y in pairs], bool),
        np.array([x.value is not None for x in acc], bool),
        np.array([x.value.lanes if isinstance(x.value, TensorAcc) else 0 for x in acc]),
        np.array([x.value for x in lanes]),
        np.array([x.value for x in pipeline]),
        Estimator([(x.value or filler.a, y.value or filler.b) for x, y in pairs], [x.value or filler.acc for x in acc]),
    )


def _tail(acc: Choice, lanes: Choice, pipeline: Choice, *, told: bool) -> str:
    """Return a unit's name behind its operands; one of a tensor core is not told its lanes."""
    return acc.name + (f"-x{lanes.name}" if told and lanes.value != 1 else "") + (f"-p{pipeline.name}" if pipeline.value else "")
