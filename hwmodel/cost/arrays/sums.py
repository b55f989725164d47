"""Sums of many units at once, put together from what they share.

An exact sum of products is the same in front of every float accumulator, and an accumulator the same behind all products and sums of a
shape. Each is counted when it is first met; what a unit's alignadd and normacc are is an addition of rows.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from hwmodel.spec import FixedAcc, FixedPoint, FloatAcc, IntFormat
from hwmodel.spec.dataflow import lane_product
from hwmodel.spec.mac import MAX_FIXED_WIDTH, MAX_LANES, MAX_PIPELINE
from hwmodel.spec.ranges import NumberShape

from ..structure import front_counts
from ..structure.activity import activity_of_narrow
from ..structure.cells import CELLS, Packed, Shares, cells_of, cells_of_shares, share_of
from ..structure.idle import (
    ALIGNED,
    IDLE,
    TREES_ON,
    UNMOVED,
    Binades,
    at_work_on_top,
    binades_of_factors,
    idle_of_fixed,
    reach_of_sums,
    reached,
    unfilled,
)
from ..structure.levels import Rows, Terms, level_of_fixed, level_of_float, level_of_rows, total_width, unmoved_of_fixed
from ..structure.parts import mpy_integer
from ..structure.units import control
from .sizes import Frame, Pair
from .tables import LOW, Distinct, Faults, Met, PartTable, with_room

_FULL_ADDER = CELLS.index("full_adder")


class _Fixed(NamedTuple):
    """A fixed-point accumulator for products of a pair, and the shape of these."""

    fixed: FixedPoint
    product: NumberShape


class FloatFrame(NamedTuple):
    """What tells a frame around a float from others.

    Attributes
    ----------
    front, level
        Places of what stands in front of the float, and of the float itself, among others.
    precision, random_bits, lane_bits
        Bits of its significand, random ones below, and of the number of lanes.
    refuses
        Whether it takes no infinities and NaNs.
    """

    front: int
    level: int
    precision: int
    random_bits: int
    lane_bits: int
    refuses: bool


class LevelOf(NamedTuple):
    """An accumulator, and what it adds.

    Attributes
    ----------
    acc
        The accumulator.
    shape, number
        Shape of what it adds, and how many of these a step has; of fixed point it is the shape of products.
    fixed, sums
        Its fixed point, if it is no float, and where the bits of its sums are at work.
    """

    acc: FixedAcc | FloatAcc
    shape: NumberShape
    number: int = 1
    fixed: FixedPoint | None = None
    sums: Binades | None = None


class CellRows:
    """Cells of alignadd and normacc, placed and standing idle, each counted once."""

    def __init__(self) -> None:
        self._table, self._rows = np.zeros((1 << 10, 2, 2, len(CELLS))), 0
        self._new = list[tuple[tuple[Packed, Packed], tuple[Shares, Shares]]]()

    def add(self, placed: tuple[Packed, Packed], idle: tuple[Shares, Shares]) -> int:
        """Add a row, and return its place."""
        self._new.append((placed, idle))
        return self._rows + len(self._new) - 1

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of all rows, and how many of them stand idle: (rows, 2, cells) float64 each."""
        if self._new:
            first, self._rows = self._rows, self._rows + len(self._new)
            self._table = with_room(self._table, self._rows)
            placed, idle = map(chain.from_iterable, zip(*self._new, strict=True))
            self._table[first : self._rows, 0] = cells_of(placed).reshape(-1, 2, len(CELLS))
            self._table[first : self._rows, 1] = cells_of_shares(idle).reshape(-1, 2, len(CELLS))
            self._new = []
        return self._table[: self._rows, 0], self._table[: self._rows, 1]


def _whole(parts: tuple[Packed, Packed]) -> tuple[Shares, Shares]:
    """Return parts that stand idle as a whole."""
    alignadd, normacc = parts
    return share_of(1.0, alignadd), share_of(1.0, normacc)


def is_plain(frame: Frame) -> bool:
    """Return whether sums in a frame are put together here: of products without scales of blocks, in one accumulator, fixed or float."""
    return isinstance(frame.acc, FixedAcc | FloatAcc) and 1 <= frame.lanes <= MAX_LANES and 0 <= frame.pipeline <= MAX_PIPELINE


class PlainSums:
    """Alignadd and normacc of units in plain frames, see `is_plain`; what was counted once is kept.

    Parameters
    ----------
    pairs
        What units multiply; nobody asks for those that are alone (`hwmodel.cost.arrays.sizes.is_alone`).
    adder, multiplier
        How units are built, see `hwmodel.cost.counts`.
    sums, faults
        Where rows, and reasons why there are none, are kept.

    Attributes
    ----------
    pairs
        As given.
    fronts, levels
        Cells of what stands between products and accumulators, and of accumulators; of these those without control can stand idle, or be
        stirred.
    front_of, level_of
        A unit of each front, as a frame and the place of a pair, but for the first, which is none; and each accumulator.
    """

    def __init__(self, pairs: Sequence[Pair], adder: str, multiplier: str, sums: PartTable, faults: Faults) -> None:
        self.pairs, self._adder, self._multiplier, self._sums, self._faults = pairs, adder, multiplier, sums, faults
        self.fronts, self.levels = CellRows(), CellRows()
        self._none = self.fronts.add((0, 0), ((), ()))
        self.front_of, self.level_of = list[tuple[Frame, int] | None]([None]), list[LevelOf]()
        self._made_of = np.zeros((1 << 10, 2), np.int64)
        self._front_met, self._level_met = Met(), Met()
        self._front_frames, self._level_frames, self._terms = Distinct(), Distinct(), Distinct()
        self._bits: list[int] = []  # of significands, of `_terms`
        self._fixed_of: dict[FixedAcc, dict[int, _Fixed | int]] = {}
        self._rows_of: dict[tuple[int, int], tuple[int, int]] = {}
        self._of_products = np.full((len(pairs), 3), np.nan)

    def float_frame(self, frame: Frame) -> FloatFrame:
        """Return what tells a plain frame around a float from others."""
        assert isinstance(frame.acc, FloatAcc)
        registered = frame.pipeline > 0 and frame.lanes > 1
        # What is kept in front of an accumulator that rounds it depends on that.
        front = self._front_frames.of((frame.lanes, registered, frame.acc if registered and not frame.acc.fused else None))
        level = self._level_frames.of((frame.acc, frame.pipeline))
        fmt, lane_bits = frame.acc.format, (frame.lanes - 1).bit_length()
        return FloatFrame(front, level, fmt.precision, frame.acc.random_bits, lane_bits, not fmt.has_nan)

    def into_float(
        self,
        frames: Sequence[Frame],
        frame: np.ndarray,
        told: np.ndarray,
        pairs: np.ndarray,
        likes: np.ndarray,
        active: np.ndarray,
    ) -> np.ndarray:
        """Return where units have their sums that end in a float, (units,) int64: places in `sums`, or, below 0, of `Faults`.

        Parameters
        ----------
        frames
            What `frame`, (units,) int, are places in.
        told
            (units, 6) int, the `FloatFrame` of each.
        pairs, likes
            (units,) int: the place of each unit's pair, and what those have in common whose sums are the same.
        active
            (units, 2) float64: how often alignadd and normacc change by what operands do.
        """
        front, level, precision, random_bits, lane_bits, refuses = told.T
        found = np.empty(len(pairs), np.int64)
        special = refuses.astype(bool) & np.array([self.pairs[pair].told["has_specials"] for pair in pairs.tolist()], bool)
        found[special] = self._faults.refuse(None)
        at = np.flatnonzero(~special)

        def count_fronts(_: list[int], first: np.ndarray) -> list[int]:
            return [self._front(frames[frame[i]], int(pairs[i])) for i in at[first].tolist()]

        fronts = self._front_met.of(front[at] << 32 | likes[at], count_fronts)
        there = fronts >= 0
        found[at[~there]] = fronts[~there]
        at, fronts = at[there], fronts[there]
        floats, terms = level[at], fronts & LOW

        def count_levels(_: list[int], first: np.ndarray) -> list[int]:
            return [self._level(each, term) for each, term in zip(floats[first].tolist(), terms[first].tolist(), strict=True)]

        levels = self._level_met.of(floats << 32 | terms, count_levels)
        (front_placed, front_idle), (level_placed, level_alone) = self.fronts.all(), self.levels.all()
        finest, size, grows = self._binades_of_products(pairs[at])
        highest, bits = reach_of_sums(size, lane_bits[at]), np.array([self._bits[term] for term in terms.tolist()])
        binades = Binades(finest, np.where(grows == 1, at_work_on_top(highest, lane_bits[at]), highest))
        window = np.maximum(precision[at] + random_bits[at], bits)
        shares = np.stack([unfilled(binades, window, ALIGNED), unfilled(binades, precision[at])], axis=1)
        placed = front_placed[fronts >> 32] + level_placed[levels]
        idle = front_idle[fronts >> 32] + level_alone[levels] * shares[:, :, np.newaxis]
        alone = np.where(fronts >> 32 == self._none, [activity_of_narrow(each) for each in bits.tolist()], 1.0)
        working = (placed - idle) * (active[at] * alone[:, np.newaxis])[:, :, np.newaxis]
        found[at] = self._sums.add(np.concatenate([placed, working], axis=2))
        self._note(found[at], fronts >> 32, levels)
        return found

    def _front(self, frame: Frame, pair: int) -> int:
        """Count what stands between products and a float; return its place and that of the shape of the number it makes, in one integer."""
        refused = self._faults.of(frame, self.pairs[pair])
        if refused is not None:
            return refused
        spec = frame.around(self.pairs[pair])
        counted = front_counts(spec, self._adder, self._multiplier)
        place = self._none
        if spec.exact_sum is not None:
            place = self.fronts.add((counted.alignadd, counted.normacc), (counted.idle_alignadd, ()))
            self.front_of.append((frame, pair))
        assert isinstance(counted.terms, Terms)
        # Of the largest number a float asks for no more than its length.
        shape = counted.terms.shape
        term = self._terms.of(shape._replace(magnitude=1 << max(shape.magnitude.bit_length() - 1, 0)))
        if term == len(self._bits):
            self._bits.append(shape.significand_bits)
        return place << 32 | term

    def _level(self, frame: int, term: int) -> int:
        """Count a float with its control."""
        acc, pipeline = self._level_frames.things[frame]
        shape = self._terms.things[term]
        counted = level_of_float(acc, shape, self._adder, pipeline > 0)
        self.level_of.append(LevelOf(acc, shape))
        own = counted.alignadd, counted.normacc
        return self.levels.add((own[0], own[1] + control(pipeline, None, acc.random_bits, False)), _whole(own))

    def _binades_of_products(self, pairs: np.ndarray) -> np.ndarray:
        """Return log2 of what products are multiples of, but for few, of how large they commonly are, and whether they have no sign.

        (3, pairs) float64.
        """
        for pair in np.unique(pairs[np.isnan(self._of_products[pairs, 0])]).tolist():
            self._of_products[pair] = *binades_of_factors(self.pairs[pair].told["factors"]), self.pairs[pair].grows
        return self._of_products[pairs].T

    def into_fixed(self, units: Sequence[tuple[Frame, int]], active: np.ndarray, *, joined: bool) -> list[int]:
        """Return where units, each a frame and the place of a pair, have their sums that end in fixed point, as `into_float`.

        Parameters
        ----------
        active
            (units, 2) float64, as of `into_float`.
        joined
            Whether products join as rows.
        """
        there, found = list[tuple[Frame, FixedAcc, _Fixed, int]](), list[int]()
        at = list[int]()
        for place, (frame, pair) in enumerate(units):
            acc = frame.acc
            assert isinstance(acc, FixedAcc)
            known = self._fixed_of.setdefault(acc, {})
            each = known.get(pair)
            if each is None:
                each = known[pair] = self._fixed_point(frame, acc, self.pairs[pair])
            if isinstance(each, int):
                found.append(each)
                continue
            there.append((frame, acc, each, pair))
            at.append(place)
            found.append(len(at))
        levels = len(self.level_of) + np.arange(len(there))
        placed, idle = self._levels_of_rows(there) if joined else self._levels_of_terms(there)
        placed[:, 1] += cells_of([control(frame.pipeline, None, 0, False) for frame, *_ in there])
        working = (placed - idle) * active[at][:, :, np.newaxis]
        places = self._sums.add(np.concatenate([placed, working], axis=2))
        if not joined:
            self._note(places, np.full(len(there), self._none), levels)
        counted_at = places.tolist()
        return [each if each < 0 else counted_at[each - 1] for each in found]

    def _note(self, places: np.ndarray, fronts: np.ndarray, levels: np.ndarray) -> None:
        """Note which front and level sums are made of."""
        if len(places):
            self._made_of = with_room(self._made_of, int(places.max()) + 1)
            self._made_of[places] = np.stack([fronts, levels + 1], axis=1)

    def made_of(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which front and level sums are made of, (places,) int64 each; a level below 0: of none, or of rows in fixed point."""
        self._made_of = with_room(self._made_of, int(places.max(initial=0)) + 1)
        fronts, levels = self._made_of[places].T
        return fronts, levels - 1

    def _levels_of_terms(self, units: Sequence[tuple[Frame, FixedAcc, _Fixed, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Count fixed-point accumulators that add products as numbers: cells placed, and idle, of both parts, (units, 2, cells) each."""
        counted, shares, shifts = list[Packed](), list[tuple[float, float]](), list[Shares]()
        for frame, acc, (fixed, product), pair in units:
            terms = Terms(product, frame.lanes)
            own = level_of_fixed(acc, fixed, terms, self._adder, frame.pipeline > 0)
            finest, size = binades_of_factors(self.pairs[pair].told["factors"])
            sums = Binades(finest, reach_of_sums(size, (frame.lanes - 1).bit_length()))
            shares.append(idle_of_fixed(sums, fixed, product))
            self.level_of.append(LevelOf(acc, product, frame.lanes, fixed, sums))
            counted += own
            still = unmoved_of_fixed(acc, fixed, terms, finest, size)
            shifts.append(tuple((UNMOVED * share - shares[-1][0], shift) for share, shift in still))
            alignadd, normacc = _whole(own)
            self.levels.add(own, (alignadd + tuple((-share, shift) for share, shift in still), normacc))
        placed = cells_of(counted).reshape(-1, 2, len(CELLS))
        idle = placed * np.array(shares).reshape(-1, 2, 1)
        idle[:, 0] += cells_of_shares(shifts)
        more = np.array([TREES_ON * (1 - share) * (frame.lanes > 1) for (frame, *_), (share, _) in zip(units, shares, strict=True)])
        idle[:, 0, _FULL_ADDER] -= more * placed[:, 0, _FULL_ADDER]
        return placed, idle

    def _levels_of_rows(self, units: Sequence[tuple[Frame, FixedAcc, _Fixed, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Count fixed-point accumulators that add the rows of products of integers, as `_levels_of_terms`."""
        counted = list[Packed]()
        for frame, acc, (fixed, _), pair in units:
            spec = frame.around(self.pairs[pair])
            rows = self._rows_of.get((pair, frame.lanes))
            if rows is None:
                assert isinstance(spec.a, IntFormat)
                assert isinstance(spec.b, IntFormat)
                _, bits, _, rest = mpy_integer(spec.a, spec.b, MAX_FIXED_WIDTH, frame.lanes, self._multiplier)
                rows = self._rows_of[pair, frame.lanes] = bits, rest
            width = total_width(fixed, spec.product_max_magnitude, spec.product_lsb_exponent, frame.lanes)
            for register in (fixed.width, reached(spec, fixed)):
                counted += level_of_rows(acc, fixed, Rows(*rows, width), register, self._adder, frame.pipeline > 0)
        wide, narrow = cells_of(counted).reshape(-1, 2, 2, len(CELLS)).swapaxes(0, 1)
        return wide, (wide - narrow) * IDLE

    def _fixed_point(self, frame: Frame, acc: FixedAcc, pair: Pair) -> _Fixed | int:
        refused = self._faults.of(frame, pair)
        if refused is not None:
            return refused
        spec = frame.around(pair)
        return _Fixed(spec.fixed_point(acc), lane_product(spec))
