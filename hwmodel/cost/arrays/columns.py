"""Counts of many units at once, given as places in lists of operand pairs and accumulators.

Most units of a design space share their parts. What stands in front of the sum is told by the operands; what sums, by the size of
products, which is the same for very many pairs of formats, and by the accumulator. Each part is counted when it is first met, and a
unit is two places in tables of parts.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from hwmodel.collecting import nothing_collected
from hwmodel.spec import Accumulator, FixedAcc, Operand, PositFormat, SpecError, TensorAcc
from hwmodel.spec.dataflow import normalises_operands

from ..model import fitted_cells
from ..structure import UnitCounts, counts, stacked, sum_counts
from ..structure.activity import lane_activities, owed
from ..structure.lanes import LaneCounts, lane_counts
from ..structure.tally import CELLS, Counts
from .sizes import Frame, Pair, Size, is_alone, size_of
from .sums import Fault, PlainSums, is_plain, refusal

_UNKNOWN = np.iinfo(np.int32).min


class PartTable:
    """Cells of parts that were counted, two of the fitted parts in a row: (rows, 2, 2 cells) float64.

    Parameters
    ----------
    parts
        Which of the fitted parts.
    """

    def __init__(self, parts: slice) -> None:
        self._parts = parts
        self._cells = np.zeros((0, 2, 2 * len(CELLS)))
        self._new: list[np.ndarray] = []
        self._units: list[UnitCounts] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, cells: np.ndarray) -> np.ndarray:
        """Add rows, (new, 2, 2 cells), and return their places."""
        self._gather()
        self._new.append(cells)
        self._count += len(cells)
        return np.arange(self._count - len(cells), self._count)

    def add_unit(self, unit: UnitCounts) -> int:
        """Add the row of a unit, and return its place."""
        self._units.append(unit)
        self._count += 1
        return self._count - 1

    @property
    def cells(self) -> np.ndarray:
        """All rows."""
        self._gather()
        if self._new:
            self._cells, self._new = np.concatenate([self._cells, *self._new]), []
        return self._cells

    def _gather(self) -> None:
        """Make rows of the units that were added, all in one."""
        if self._units:
            self._new.append(fitted_cells(stacked(self._units))[self._parts].transpose(2, 0, 1))
            self._units = []


class _Sizes:
    """Classes of pairs: those of one class have the same sums in all frames of a kind."""

    def __init__(self, pairs: int) -> None:
        self.of_pair = np.full(pairs, _UNKNOWN, np.int32)
        self.examples = np.empty(pairs, np.int32)
        self.shapes = np.empty(pairs, np.int32)
        self.sizes: list[Size | None] = []
        self.round_up: dict[FixedAcc, dict[int, bool]] = {}
        self._known: dict[Hashable, int] = {}
        self._shapes: dict[Hashable, int] = {}

    def add(self, pair: int, size: Size | None) -> None:
        """Say what size a pair's products have; None: the pair is alone."""
        key = size or pair
        if key not in self._known:
            place = self._known[key] = len(self.sizes)
            self.sizes.append(size)
            self.shapes[place] = self._shapes.setdefault(pair if size is None else size.shape, len(self._shapes))
            self.examples[place] = pair
        self.of_pair[pair] = self._known[key]


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
    """

    def __init__(self, pairs: Sequence[tuple[Operand, Operand]], accumulators: Sequence[Accumulator], adder: str, multiplier: str) -> None:
        self.pairs, self.accumulators = [Pair(a, b) for a, b in pairs], accumulators
        self.adder, self.multiplier = adder, multiplier
        self.operands, self.sums = PartTable(slice(0, 2)), PartTable(slice(2, 4))
        self._alone = np.array([is_alone(pair) for pair in self.pairs], bool)
        self._posits = np.array([isinstance(a, PositFormat) and isinstance(b, PositFormat) for a, b in pairs], bool)
        self._sizes: dict[tuple[str, bool, bool], _Sizes] = {}
        self._lanes: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._operand_places: dict[Hashable, np.ndarray] = {}
        self._sum_places: dict[Hashable, np.ndarray] = {}
        self._shared: dict[Hashable, dict[int, int]] = {}
        self._plain = PlainSums(self.pairs, adder, multiplier)
        self._faults: list[Fault] = []

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
        operands, sums = np.empty(len(pair), np.int64), np.empty(len(pair), np.int64)
        by_lanes, lanes_at = np.unique(lanes, return_inverse=True)
        by_depth, depth_at = np.unique(pipeline, return_inverse=True)
        frames, frame_at = np.unique((acc.astype(np.int64) * len(by_lanes) + lanes_at) * len(by_depth) + depth_at, return_inverse=True)
        order = np.argsort(frame_at.astype(np.uint16) if len(frames) < 1 << 16 else frame_at, kind="stable")
        ends = np.cumsum(np.bincount(frame_at, minlength=len(frames))).tolist()
        with nothing_collected():
            for code, start, end in zip(frames.tolist(), [0, *ends], ends, strict=False):
                rest, depth = divmod(code, len(by_depth))
                frame = Frame(self.accumulators[rest // len(by_lanes)], int(by_lanes[rest % len(by_lanes)]), int(by_depth[depth]))
                rows = order[start:end]
                operands[rows], sums[rows] = self._in_frame(frame, pair[rows])
        return operands, sums

    def lanes(self, acc: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Return how many lanes units have, (units,) int64: a tensor core's accumulator says it itself where 1 is asked for."""
        own = np.array([each.lanes if isinstance(each, TensorAcc) else 1 for each in self.accumulators])
        return np.where(lanes == 1, own[acc], lanes)

    def faults(self, places: np.ndarray) -> np.ndarray:
        """Return why there are no units at places of `sums` below 0, (places,) object: see `Fault`."""
        return np.array([*self._faults, None], object)[-1 - places]

    def _in_frame(self, frame: Frame, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        operands, sums = np.full(len(pair), -1, np.int64), np.empty(len(pair), np.int64)
        kinds: list[tuple[str, np.ndarray]] = [(frame.kind, np.ones(len(pair), bool))]
        if frame.kind == "summed" and not isinstance(frame.first, FixedAcc):
            # An exact sum takes products as a fixed-point accumulator does, but for those of posits.
            kinds = [("summed", self._posits[pair]), ("fixed", ~self._posits[pair])]
        for kind, chosen in kinds:
            some = pair[chosen]
            if len(some):
                sums[chosen] = self._sums_of(frame, kind, some)
        there = sums >= 0
        alone = self._alone[pair]
        for kind, chosen in kinds:
            some = chosen & there & ~alone
            if some.any():
                operands[some] = self._operands_of(frame, kind, pair[some])
        some = there & alone
        if some.any():
            operands[some] = self._operand_places[frame][pair[some]]
        return operands, sums

    def _sums_of(self, frame: Frame, kind: str, pair: np.ndarray) -> np.ndarray:
        """Return where pairs that are handed on in one way have their sums."""
        key = (kind, frame.to_the_bit, frame.kind == "fixed" and not isinstance(frame.first, FixedAcc))
        sizes = self._sizes.setdefault(key, _Sizes(len(self.pairs)))
        for new in np.unique(pair[sizes.of_pair[pair] == _UNKNOWN]).tolist():
            sizes.add(new, None if self._alone[new] else size_of(frame, self.pairs[new]))
        classes = sizes.of_pair[pair]
        places = self._sum_places.get((frame, kind), np.zeros(0, np.int32))
        if len(places) < len(sizes.sizes):
            places = np.concatenate([places, np.full(len(sizes.sizes) - len(places), _UNKNOWN, np.int32)])
            self._sum_places[frame, kind] = places
        new = np.unique(classes[places[classes] == _UNKNOWN])
        if len(new):
            places[new] = self._placed(frame, kind, sizes, new)
        return places[classes]

    def _placed(self, frame: Frame, kind: str, sizes: _Sizes, new: np.ndarray) -> np.ndarray:
        """Return where classes that a frame has not met have their sums, and count those that are like none before."""
        examples = sizes.examples[new]
        alone = self._alone[examples]
        found = np.empty(len(new), np.int32)
        found[alone] = [self._count_alone(frame, example) for example in examples[alone].tolist()]
        if alone.all():
            return found
        shared = self._shared.setdefault((frame, kind), {})
        told = 2 * sizes.shapes[new[~alone]]
        # The ones that the largest product starts with matter only where it is rounded up to a coarser unit.
        if isinstance(frame.acc, FixedAcc) and frame.lanes > 1:
            known = sizes.round_up.setdefault(frame.acc, {})
            for place, (each, example) in enumerate(zip(new[~alone].tolist(), examples[~alone].tolist(), strict=True)):
                if each not in known:
                    known[each] = self._rounds_up(frame, sizes.sizes[each], self.pairs[example])
                told[place] += known[each]
        likes, first, which = np.unique(told, return_index=True, return_inverse=True)
        fresh = [i for i, like in enumerate(likes.tolist()) if like not in shared]
        counted = self._count_all(frame, examples[~alone][first[fresh]].tolist())
        shared |= zip(likes[fresh].tolist(), counted, strict=True)
        found[~alone] = np.array([shared[like] for like in likes.tolist()])[which]
        return found

    def _count_all(self, frame: Frame, pairs: list[int]) -> list[int]:
        """Return where the sums of pairs, and of all of their classes, are now."""
        if not is_plain(frame):
            return [self._count(frame, self.pairs[pair]) for pair in pairs]
        cells, refused = self._plain.cells(frame, pairs)
        places = iter(self.sums.add(cells).tolist())
        return [next(places) if each is None else self._refuse(each.fault) for each in refused]

    def _rounds_up(self, frame: Frame, size: Size | None, pair: Pair) -> bool:
        assert size is not None
        spec = frame.around(pair)
        assert isinstance(frame.acc, FixedAcc)
        try:
            fraction = spec.fixed_point(frame.acc).fraction
        except SpecError:
            return False
        return size.rounds_up(spec.product_lsb_exponent, fraction)

    def _count(self, frame: Frame, pair: Pair) -> int:
        """Return where the sums of a pair, and of all of its class, are now."""
        refused = refusal(frame, pair)
        if refused is not None:
            return self._refuse(refused.fault)
        return self.sums.add_unit(sum_counts(frame.around(pair), self.adder, self.multiplier))

    def _count_alone(self, frame: Frame, pair: int) -> int:
        """Count both parts of a unit that shares neither."""
        try:
            spec = frame.checked(self.pairs[pair])
        except SpecError as error:
            return self._refuse(str(error).removeprefix(f"unit {frame.around(self.pairs[pair])}"))
        unit = counts(spec, self.adder, self.multiplier)
        places = self._operand_places.setdefault(frame, np.full(len(self.pairs), _UNKNOWN, np.int32))
        places[pair] = self.operands.add_unit(unit)
        return self.sums.add_unit(unit)

    def _refuse(self, fault: Fault) -> int:
        self._faults.append(fault)
        return -len(self._faults)

    def _operands_of(self, frame: Frame, kind: str, pair: np.ndarray) -> np.ndarray:
        """Return where pairs that are not alone have what stands in front of the sum."""
        example = frame.around(self.pairs[int(pair[0])])
        registers = example.pipeline - (example.exact_sum is not None)
        places = self._operand_places.setdefault((kind, example.lanes, registers), np.full(len(self.pairs), _UNKNOWN, np.int32))
        new = np.unique(pair[places[pair] == _UNKNOWN])
        if len(new):
            decode, multiply = self._lanes_of(frame, kind, new).of_lanes(example.lanes, registers)
            placed = np.stack([np.broadcast_arrays(*part[: len(CELLS)]) for part in (decode, multiply)])
            cells = np.tile(placed.transpose(2, 0, 1).astype(float), 2)
            pairs = [(pair.a, pair.b) for pair in (self.pairs[one] for one in new.tolist())]
            cells[:, 1, len(CELLS) :] *= owed(lane_activities(pairs, normalised=normalises_operands(example)))
            places[new] = self.operands.add(np.ascontiguousarray(cells))
        return places[pair]

    def _lanes_of(self, frame: Frame, kind: str, pair: np.ndarray) -> LaneCounts:
        """Return the cells of one lane, columns of them."""
        width = 2 * len(Counts._fields) + 2
        known, lanes = self._lanes.setdefault(kind, (np.zeros(len(self.pairs), bool), np.zeros((len(self.pairs), width), np.int64)))
        for new in pair[~known[pair]].tolist():
            decode, multiply, *bits = lane_counts(frame.around(self.pairs[new]), self.adder, self.multiplier)
            lanes[new] = *decode, *multiply, *bits
        known[pair] = True
        columns = lanes[pair].T
        fields = len(Counts._fields)
        return LaneCounts(Counts(*columns[:fields]), Counts(*columns[fields : 2 * fields]), columns[-2], columns[-1])
