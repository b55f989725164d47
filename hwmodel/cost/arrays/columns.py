"""Counts of many units at once, given as places in lists of operand pairs and accumulators.

Most units of a design space share their parts. What stands in front of the sum is told by the operands; what sums, by the size of
products, which is the same for very many pairs of formats, and by the accumulator. Each part is counted when it is first met, and a
unit is two places in tables of parts.
"""

from collections.abc import Callable, Sequence

import numpy as np

from hwmodel.collecting import nothing_collected
from hwmodel.spec import Accumulator, FixedAcc, FloatAcc, MacSpec, Operand, PositAcc, PositFormat, SpecError, TensorAcc

from ..structure import counts, sum_counts
from ..structure.activity import activity_of_sums, heard
from .operands import PlainOperands, is_cut
from .rows import RowOperands, joins
from .sizes import Frame, Pair, Size, are_integers, is_alone, size_of
from .sums import FloatFrame, PlainSums, is_plain
from .tables import LOW, Distinct, Faults, Met, PartTable
from .ways import UNKNOWN, Way

_WAY, _WAY_OF_POSITS, _WAY_OF_ROWS, _FIXED, _LANES, _REGISTERS, _IS_FLOAT, _FLOAT = range(8)
_PRECISION = FloatFrame._fields.index("precision")
_TOLD = _FLOAT + len(FloatFrame._fields)
"""What is told of a frame, in the order of columns: how it takes products, those of posits, and those that join as rows; what fixed point
it has, among others, which decides whether they do, -1: they do; lanes, and registers in front of the sum; whether it is a plain one around
a float, and of such its `FloatFrame`."""


class UnitColumns:
    """Units of some pairs of operands and some accumulators.

    Parameters
    ----------
    pairs, accumulators
        What units are made of.
    adder, multiplier
        How they are built, see `hwmodel.cost.counts`.

    Attributes
    ----------
    operands, sums
        What was counted: decode and multiply; alignadd and normacc.
    plain
        What sums in plain frames are made of.
    """

    def __init__(self, pairs: Sequence[tuple[Operand, Operand]], accumulators: Sequence[Accumulator], adder: str, multiplier: str) -> None:
        self.pairs, self.accumulators = [Pair(a, b) for a, b in pairs], accumulators
        self.adder, self.multiplier = adder, multiplier
        self.operands, self.sums = PartTable(slice(0, 2)), PartTable(slice(2, 4))
        self._alone = np.array([is_alone(pair) for pair in self.pairs], bool)
        self._integers = np.array([are_integers(pair) for pair in self.pairs], bool)
        self._posits = np.array([isinstance(a, PositFormat) and isinstance(b, PositFormat) for a, b in pairs], bool)
        self._cut = self._posits | (self._integers & np.array([not (a.signed or b.signed) for a, b in pairs], bool))
        self._frames, self._frame_at = list[Frame](), dict[tuple[int, int, int], int]()
        self._told = np.empty((0, _TOLD), np.int64)
        self._ways, self._way_at = list[Way](), dict[tuple[str, bool, bool], int]()
        self._lanes: dict[str, PlainOperands | RowOperands] = {}
        self._whole, self._joins, self._unread = Met(), Met(), Met()
        self._fixed = Distinct()
        self._faults = Faults()
        self.plain = PlainSums(self.pairs, adder, multiplier, self.sums, self._faults)

    def places(self, pair: np.ndarray, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where units have their parts, and count what was not met before.

        Parameters
        ----------
        pair, acc
            (units,) int, places in `pairs` and `accumulators`.
        lanes, pipeline
            (units,) int, as in `MacSpec`.

        Returns
        -------
        operands, sums
            (units,) int64, places in the tables of the same names; below 0 where there is no such unit, see `faults`.
        """
        operands, sums = np.full(len(pair), -1, np.int64), np.empty(len(pair), np.int64)
        pair = pair.astype(np.int64)
        with nothing_collected():
            frame = self._frames_at(acc, lanes, pipeline)
            alone = self._alone[pair]
            way = np.where(self._posits[pair], self._told[frame, _WAY_OF_POSITS], self._told[frame, _WAY])
            way[alone] = -1
            integers = np.flatnonzero(self._integers[pair])
            way[integers] = self._ways_of_integers(frame[integers], pair[integers])
            registered = np.flatnonzero(self._cut[pair] & (self._told[frame, _FIXED] >= 0) & (self._told[frame, _REGISTERS] > 0))
            way[registered[self._are_cut(frame[registered], pair[registered])]] = -1
            for one in np.unique(way).tolist():
                at = np.flatnonzero(way == one)
                operands[at], sums[at] = self._whole_units(frame[at], pair[at]) if one < 0 else self._in_way(one, frame[at], pair[at])
        return operands, sums

    def lanes(self, acc: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Return how many lanes units have, (units,) int64: a tensor core's accumulator says it itself where 1 is asked for."""
        own = np.array([each.lanes if isinstance(each, TensorAcc) else 1 for each in self.accumulators])
        return np.where(lanes == 1, own[acc], lanes)

    def unit(self, pair: int, acc: int, lanes: int, pipeline: int) -> MacSpec:
        """Return a unit that has not been looked at whether it can be, from places in `pairs` and `accumulators`, and as in `MacSpec`."""
        return Frame(self.accumulators[acc], lanes, pipeline).around(self.pairs[pair])

    def faults(self, places: np.ndarray) -> np.ndarray:
        """Return why there are no units at places of `sums` below 0, (places,) object: see `hwmodel.cost.arrays.tables.Fault`."""
        return self._faults.at(places)

    def _frames_at(self, acc: np.ndarray, lanes: np.ndarray, pipeline: np.ndarray) -> np.ndarray:
        """Return places of units' frames, (units,) int64, and note what is to be told of those that are new."""
        by_lanes, lanes_at = np.unique(lanes, return_inverse=True)
        by_depth, depth_at = np.unique(pipeline, return_inverse=True)
        codes, which = np.unique((acc.astype(np.int64) * len(by_lanes) + lanes_at) * len(by_depth) + depth_at, return_inverse=True)
        rest, depth = np.divmod(codes, len(by_depth))
        asked = zip((rest // len(by_lanes)).tolist(), by_lanes[rest % len(by_lanes)].tolist(), by_depth[depth].tolist(), strict=True)
        new = list[tuple[int, ...]]()
        places = [self._place_of(each, new) for each in asked]
        if new:
            self._told = np.concatenate([self._told, np.array(new, np.int64)])
        return np.array(places, np.int64)[which]

    def _place_of(self, asked: tuple[int, int, int], new: list[tuple[int, ...]]) -> int:
        """Return the place of a frame, an accumulator's place with lanes and pipeline; append what is told of a new one."""
        place = self._frame_at.setdefault(asked, len(self._frames))
        if place == len(self._frames):
            frame = Frame(self.accumulators[asked[0]], *asked[1:])
            self._frames.append(frame)
            new.append(self._told_of(frame))
        return place

    def _told_of(self, frame: Frame) -> tuple[int, ...]:
        kind, is_float = frame.kind, isinstance(frame.acc, FloatAcc) and is_plain(frame)
        # An exact sum takes products as a fixed-point accumulator does, but for those of posits.
        ways = [self._way_of(frame, each) for each in ("fixed" if kind == "summed" else kind, kind)]
        registers = max(frame.pipeline - (kind == "summed"), 0)
        rows = self._way_of(frame, f"{kind} rows") if kind in ("fixed", "summed") else ways[0]
        told = self.plain.float_frame(frame) if is_float else [0] * len(FloatFrame._fields)
        fixed = self._fixed.of(frame.first) if kind == "fixed" else -1
        return (*ways, rows, fixed, frame.all_lanes, registers, is_float, *told)

    def _way_of(self, frame: Frame, kind: str) -> int:
        if kind == "float" and isinstance(frame.first, FloatAcc) and not frame.first.fused:
            kind += f" {frame.first}"  # which decides what is rounded, and so what is told of it
        elif kind == "posit" and isinstance(frame.first, PositAcc) and not frame.first.fused:
            kind += " unfused"
        elif isinstance(frame.first, TensorAcc):
            kind += f" {frame.first.fraction}"  # which decides what a register holds of a product
        key = kind, frame.to_the_bit, frame.kind == "fixed" and not isinstance(frame.first, FixedAcc)
        place = self._way_at.setdefault(key, len(self._ways))
        if place == len(self._ways):
            if kind not in self._lanes:
                if kind.endswith("rows"):
                    self._lanes[kind] = RowOperands(self.pairs, self.adder, self.multiplier, self.operands)
                else:
                    self._lanes[kind] = PlainOperands(len(self.pairs), self.adder, self.multiplier, self.operands)
            self._ways.append(Way(len(self.pairs), self._lanes[kind]))
        return place

    def _ways_of_integers(self, frame: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """Return how products of integers are handed on."""
        told = self._told[frame]
        ways = told[:, _WAY_OF_ROWS].copy()
        at = np.flatnonzero(told[:, _FIXED] >= 0)

        def count(_: list[int], first: np.ndarray) -> list[bool]:
            asked = zip(frame[at[first]].tolist(), pair[at[first]].tolist(), strict=True)
            return [joins(self._frames[around], self.pairs[of]) for around, of in asked]

        ways[at] = np.where(self._joins.of(told[at, _FIXED] << 32 | pair[at], count), ways[at], told[at, _WAY])
        return ways

    def _are_cut(self, frame: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """Return of which units a register holds less of a product than others do: it hangs on the fixed point that asks for it."""

        def count(_: list[int], first: np.ndarray) -> list[bool]:
            asked = zip(frame[first].tolist(), pair[first].tolist(), strict=True)
            return [is_cut(self._frames[around], self.pairs[of]) for around, of in asked]

        return self._unread.of(self._told[frame, _FIXED] << 32 | pair, count) == 1

    def _whole_units(self, frame: np.ndarray, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where units that share neither part have them."""
        found = self._whole.of(
            frame * len(self.pairs) + pair, lambda _, first: [self._count_unit(int(frame[at]), int(pair[at])) for at in first.tolist()]
        )
        return np.where(found < 0, -1, found >> 32), np.where(found < 0, found, found & LOW)

    def _count_unit(self, frame: int, pair: int) -> int:
        """Count both parts of a unit; return their places in one integer."""
        around, of = self._frames[frame], self.pairs[pair]
        try:
            spec = around.checked(of)
        except SpecError as error:
            return self._faults.refuse(str(error).removeprefix(f"unit {around.around(of)}"))
        unit = counts(spec, self.adder, self.multiplier)
        return self.operands.add_unit(unit) << 32 | self.sums.add_unit(unit)

    def _in_way(self, at: int, frame: np.ndarray, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where units have their parts whose products are handed on in one way."""
        way = self._ways[at]
        unknown = np.flatnonzero(way.of_pair[pair] == UNKNOWN)
        different, first = np.unique(pair[unknown], return_index=True)
        for each, own in zip(different.tolist(), frame[unknown[first]].tolist(), strict=True):
            of = self.pairs[each]
            way.add(each, Size((of.a, of.b), 0, 0) if way.operands.joined else size_of(self._frames[own], of))
        classes = way.of_pair[pair].astype(np.int64)
        told, sums = self._told[frame], np.empty(len(pair), np.int64)
        is_float = told[:, _IS_FLOAT] == 1
        if is_float.any():
            sums[is_float] = self._float_sums(at, frame[is_float], classes[is_float])
        if not is_float.all():
            codes = frame[~is_float] << 32 | classes[~is_float]
            sums[~is_float] = way.by_class.of(codes, lambda codes, _: self._count_sums(way, codes))
        operands, there = np.full(len(pair), -1, np.int64), np.flatnonzero(sums >= 0)
        frame, pair, told = frame[there], pair[there], told[there]
        operands[there] = way.operands.places(self._unit_at(frame, pair), pair, told[:, _LANES], told[:, _REGISTERS])
        return operands, sums

    def _unit_at(self, frame: np.ndarray, pair: np.ndarray) -> Callable[[int], MacSpec]:
        """Return what tells a unit by its index."""
        return lambda at: self._frames[frame[at]].around(self.pairs[pair[at]])

    def _float_sums(self, at: int, frame: np.ndarray, classes: np.ndarray) -> np.ndarray:
        way = self._ways[at]
        shapes, examples = way.shapes[classes].astype(np.int64), way.examples[classes]

        def count(_: list[int], first: np.ndarray) -> list[int]:
            told, likes = self._told[frame[first], _FLOAT:], shapes[first] + (at << 24)
            pairs, lanes, unit_at = examples[first], self._told[frame[first], _LANES], self._unit_at(frame[first], examples[first])
            bits = told[:, _PRECISION].tolist()
            kept = [heard(each, grows=self.pairs[pair].grows) for pair, each in zip(pairs.tolist(), bits, strict=True)]
            active = self._active(way, unit_at, pairs, lanes, kept, in_rows=False)
            return self.plain.into_float(self._frames, frame[first], told, pairs, likes, active).tolist()

        return way.by_shape.of(frame << 32 | shapes, count)

    def _count_sums(self, way: Way, codes: list[int]) -> list[int]:
        """Return where classes, each with the place of its frame in one integer, have their sums."""
        keys, new = list[tuple[int, int]](), dict[tuple[int, int], tuple[Frame, int]]()
        for code in codes:
            at, place = code >> 32, code & LOW
            frame, pair = self._frames[at], int(way.examples[place])
            key = at, way.like(frame, place, self.pairs[pair])
            keys.append(key)
            if key not in way.shared:
                new.setdefault(key, (frame, pair))
        plain = {key: unit for key, unit in new.items() if is_plain(unit[0])}
        way.shared |= {key: self._count(frame, self.pairs[pair]) for key, (frame, pair) in new.items() if key not in plain}
        way.shared |= zip(plain, self._into_fixed(way, list(plain.values())), strict=True)
        return [way.shared[key] for key in keys]

    def _into_fixed(self, way: Way, units: list[tuple[Frame, int]]) -> list[int]:
        pairs, lanes = (np.array(each, np.int64) for each in ([pair for _, pair in units], [frame.lanes for frame, _ in units]))
        joined, kept = way.operands.joined, [1.0] * len(units)
        active = self._active(way, lambda at: units[at][0].around(self.pairs[units[at][1]]), pairs, lanes, kept, in_rows=joined)
        return self.plain.into_fixed(units, active, joined=joined)

    def _active(
        self, way: Way, units: Callable[[int], MacSpec], pairs: np.ndarray, lanes: np.ndarray, kept: Sequence[float], *, in_rows: bool
    ) -> np.ndarray:
        """Return how often alignadd and normacc change by what operands do, (units, 2) float64, from how much of it is kept."""
        each = zip(pairs.tolist(), lanes.tolist(), kept, strict=True)
        changes = np.array([activity_of_sums(self.pairs[pair].nonzero, number, in_rows, share) for pair, number, share in each])
        return np.stack([way.operands.sum_activity(units, pairs, lanes) * changes, changes], axis=1)

    def _count(self, frame: Frame, pair: Pair) -> int:
        """Return where the sums of a pair, and of all of its class, are now."""
        refused = self._faults.of(frame, pair)
        if refused is not None:
            return refused
        return self.sums.add_unit(sum_counts(frame.around(pair), self.adder, self.multiplier))
