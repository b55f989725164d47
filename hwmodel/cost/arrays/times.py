"""Delay and glitches of many units at once: ways through the parts of plain units, each looked at once and joined by when they come."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from hwmodel.collecting import nothing_collected
from hwmodel.spec import FixedAcc, FloatAcc, MacSpec
from hwmodel.spec.dataflow import exact_sum_shape, joins_rows, lane_product

from ..depth.fixed import Aligned, FixedSizes, UnitSizes, UnpackSizes, add_fixed, align_to_unit, fed_back, keep_fixed, tree_of, unpack_sum
from ..depth.lanes import LaneWays, through_lane
from ..depth.levels import FloatLevel, add_to_float
from ..depth.paths import ALIGNADD, GROUPS, NOMINAL, PER_NS, Number, Path, arrived, counted_levels, even, follow, later, latest, start
from ..depth.response import FIELDS, SOURCES, Response, fields_of, respond
from ..depth.rows import through_rows
from ..glitches import (
    BEFORE,
    DEPTH,
    FIXED,
    ROUNDING,
    SATURATING,
    SUMS,
    cancelling,
    lateness_of_products,
    lateness_of_sums,
    registers_of,
    rounds_off,
    shifts_of,
    stirred_by,
    stirred_by_bits,
    stirred_by_sums,
    stirs_of_fixed,
    stirs_of_float,
    stirs_of_operands,
    sum_alone,
    unsettled,
)
from ..structure.activity import activity_of_numbers, exponent_activity, heard, nonzero, some_nonzero
from ..structure.cells import CELLS, cells_of
from ..structure.idle import binades_of_terms, only_grows
from ..structure.levels import level_of_float, total_width
from .sums import PlainSums
from .tables import Distinct, Facts, FactsAt, PartTable, Told


class _Ways:
    """Different ways by their levels, (ways, 48) float64, by `hwmodel.cost.depth.GROUPS`; the one with no level is at 0."""

    def __init__(self) -> None:
        self._places = Distinct()
        self._places.of((0.0,) * len(GROUPS))
        self._levels = Facts(len(GROUPS))

    def of(self, levels: Sequence[float]) -> int:
        return self._places.of(tuple(levels))

    def along(self, path: Path) -> int:
        return self.of(counted_levels(path))

    @property
    def levels(self) -> np.ndarray:
        for each in self._places.things[len(self._levels) :]:
            self._levels.add(each)
        return self._levels.all()


class Stirred(NamedTuple):
    """Cells that glitch.

    Attributes
    ----------
    part, kind
        Which of the fitted parts they are in, and of `hwmodel.cost.glitches.STIRS`.
    table
        Name of what was counted, the same for the same `cells`; these only grow.
    cells : (rows, 13) float64
        How many there are of each kind, in different parts of units.
    rows : (units,) int64
        Which of these units have.
    stirs : (units,) float64
        What stirs them.
    """

    part: int
    kind: int
    table: str
    cells: np.ndarray
    rows: np.ndarray
    stirs: np.ndarray


_TIMES, _WAYS_TO = slice(0, FIELDS), FIELDS
_OWN_END, _OWN_WAY, _OPERANDS, _PRODUCT, _SHIFTS, _THERE, _SOME, _CANCELS, _GROWS, _BY_BITS, _UNSETTLED, _EXPONENTS, _REGISTERS = range(
    FIELDS + SOURCES, FIELDS + SOURCES + 13
)
_OF_PRODUCT = FIELDS + SOURCES + 13
"""What is told of products: when their fields come, and by which ways, none to what is there at once; the same of the last to a register in
front of them; when operands and product are there; how often operands are shifted otherwise, a product is none of zero, and one of all
lanes, and sums cancel, and whether these only grow; how much bits that differ stir, and how much what multiplies is stirred; how often
exponents change; the registers up to the sum.
"""

_TO_SUM, _WAYS_TO_SUM = slice(0, SOURCES), SOURCES
_FROM_SUM, _WAYS_FROM_SUM = slice(2 * SOURCES, 2 * SOURCES + FIELDS), 2 * SOURCES + FIELDS
_LAST, _WAY_TO_LAST, _KEPT = range(2 * SOURCES + 2 * FIELDS, 2 * SOURCES + 2 * FIELDS + 3)
_OF_FRONT = 2 * SOURCES + 2 * FIELDS + 3
"""What is told of exact sums: the response of the sum to products, that of the number made of it to the sum, and of the last of its fields;
whether it is kept in a register.
"""

_HANDED_ON = (0.0, *[-np.inf] * (SOURCES - 1), *[0.0] * SOURCES)
"""The response of a sum that is there already, in place of a significand."""

_TO_END, _TO_TOTAL, _TO_TERM = (slice(at * SOURCES, (at + 1) * SOURCES) for at in (0, 2, 3))
_WAYS_TO_END = SOURCES
_IS_FIXED, _PRECISION, _RANDOM_BITS, _HEARD, _HEARD_GROWN, _ROUNDS, _SATURATES, _BY_OWN_BITS = range(4 * SOURCES, 4 * SOURCES + 8)
_OF_LEVEL = 4 * SOURCES + 8
"""What is told of accumulators: the response of the register, and, of a float, of the sum and of what is added; what the register is."""

_EARLIER_FIRST = np.arange(SOURCES, 0, -1, dtype=np.uint8)[:, np.newaxis]


class PlainTimes:
    """When units in plain frames are done, and what stirs their cells; what was found once is kept.

    Parameters
    ----------
    operands, plain
        What was counted of units.
    adder, multiplier, objective
        How units are built, and what the mapper aims at.
    """

    def __init__(self, operands: PartTable, plain: PlainSums, adder: str, multiplier: str, objective: str) -> None:
        self._operands, self._plain, self._adder, self._multiplier = operands, plain, adder, multiplier
        self._weights = NOMINAL[objective]
        self._ways = _Ways()
        self._products, self._fronts, self._levels = FactsAt(_OF_PRODUCT), FactsAt(_OF_FRONT), FactsAt(_OF_LEVEL)
        self._responses: dict[FloatLevel | tuple[FixedSizes, bool | None], tuple[float, ...]] = {}
        self._aligned: dict[UnitSizes, Response] = {}
        self._rounding = Facts(len(CELLS))

    @property
    def levels(self) -> np.ndarray:
        """The levels of logic on the ways that were found, (ways, 48) float64, by `hwmodel.cost.depth.GROUPS`."""
        return self._ways.levels

    def of(self, operands: np.ndarray, sums: np.ndarray, units: Callable[[int], MacSpec]) -> tuple[np.ndarray, list[Stirred]]:
        """Return the longest way through units, (4, units) int64: places of `levels` that follow each other, and what glitches in them.

        Parameters
        ----------
        operands, sums
            (units,) int64, where they have their parts; all must be plain.
        units
            Returns a unit by its index.
        """
        fronts, levels = self._plain.made_of(sums)
        with nothing_collected():
            product = self._products.of(operands, lambda _, at: self._product(units(at)))
            front = self._fronts.of(fronts, lambda place, _: self._front(place))
            level = self._levels.of(levels, lambda place, _: self._level(place))
        added = _Sums.of(product, front, np.flatnonzero(fronts))
        given = _given(product, added)
        return _longest_ways(product, added, level, given), self._stirred(operands, fronts, levels, product, front, level, given)

    def _product(self, spec: MacSpec) -> list[float]:
        """Return what is told of a unit's products."""
        registers = registers_of(spec)
        built = self._multiplier, self._adder, self._weights
        if joins_rows(spec):
            # Their sum is handed on in place of a significand.
            rows = through_rows(spec, registers, *built)
            lane = LaneWays(arrived(start(ALIGNADD, self._weights)), rows.ends, 0.0, rows.product)
            lane = lane._replace(number=lane.number._replace(significand=even(rows.total)))
        else:
            lane = through_lane(spec, registers, *built)
        paths = fields_of(lane.number)
        known = {id(path): self._ways.along(path) for path in paths}
        end = later(*lane.ends) if lane.ends else start(ALIGNADD, self._weights)
        alone = spec.exact_sum is None and isinstance(spec.acc, FloatAcc)
        told = [*(path.time for path in paths), *(known[id(path)] for path in paths), 0.0, end.time, self._ways.along(end)]
        told += [
            lane.operands / PER_NS,
            lane.product / PER_NS,
            shifts_of(spec),
            nonzero(spec),
            some_nonzero(nonzero(spec), spec.lanes),
            cancelling(spec),
            only_grows(spec.factors),
            stirred_by_bits(binades_of_terms(spec), None),
            unsettled(spec),
        ]
        return [*told, exponent_activity(spec) if alone else 0.0, registers]

    def _front(self, place: int) -> Sequence[float]:
        """Return what is told of an exact sum."""
        of = self._plain.front_of[place]
        if of is None:
            return [0.0] * _OF_FRONT
        spec = of[0].around(self._plain.pairs[of[1]])
        assert spec.exact_sum is not None
        fixed, weights = spec.exact_sum, self._weights
        unpacked = UnpackSizes.of(exact_sum_shape(spec, normalised=True))
        number = fields_of(unpack_sum(start(ALIGNADD, weights), unpacked, self._adder, normalised=True))
        to_sum = _HANDED_ON
        if not joins_rows(spec):
            sizes = FixedSizes.of(lane_product(spec), spec.lanes, fixed, fixed.width, "floor", accumulates=False, drops_specials=False)
            to_sum = self._respond_in_tree(sizes, None, lambda total: total)
        out = [*(path.time for path in number), *(self._ways.along(path) for path in number)]
        last = later(*number)
        return [*to_sum, *out, last.time, self._ways.along(last), spec.pipeline > 0]

    def _level(self, place: int) -> Sequence[float]:
        """Return what is told of an accumulator."""
        of = self._plain.level_of[place]
        acc = of.acc
        if isinstance(acc, FixedAcc):
            assert of.fixed is not None
            assert of.sums is not None
            fixed, width = of.fixed, total_width(of.fixed, of.shape.magnitude, of.shape.lsb, of.number)
            sizes = FixedSizes.of(of.shape, of.number, fixed, width, acc.rounding)

            def keep(total: Path) -> Path:
                return keep_fixed(total, fixed, width, saturate=acc.saturate)

            if sizes.in_tree:
                to_end = self._respond_in_tree(sizes, acc.saturate, keep)
            else:
                to_end = self._respond((sizes, acc.saturate), lambda given: [keep(add_fixed(given, sizes, self._adder))])
            by_bits = stirred_by_bits(of.sums, of.fixed)
            return [*to_end, *[0.0] * (2 * SOURCES), True, 1.0, 0.0, 1.0, 1.0, False, acc.saturate, by_bits]
        level = FloatLevel.of(acc, of.shape)

        def add(given: Number) -> list[Path]:
            term, total, end = add_to_float(given, level, self._adder)
            return [end, total, later(latest(term.significand), latest(term.exponent))]

        return [
            *self._respond(level, add),
            False,
            acc.format.precision,
            acc.random_bits,
            *(heard(acc.format.precision, grows=grows) for grows in (False, True)),
            level.term is not None and rounds_off(acc, of.shape),
            False,
            1.0,
        ]

    def _respond_in_tree(self, sizes: FixedSizes, saturate: bool | None, keep: Callable[[Path], Path]) -> tuple[float, ...]:
        """Return the times and ways of a sum in one tree that is kept: of numbers to the grid, then all the same way."""
        known = self._responses.get((sizes, saturate))
        if known is None:
            aligned = self._aligned.get(sizes.unit)
            if aligned is None:
                aligned = respond(ALIGNADD, self._weights, lambda given: _ends(align_to_unit(given, sizes.unit)))
                self._aligned[sizes.unit] = aligned
            acc, ways = fed_back(sizes.register, self._weights), tree_of(sizes, self._adder, self._weights)
            low, high = (keep(follow(start(ALIGNADD, self._weights), way)) for way in (ways.low, ways.high))
            times = aligned.times + np.array([[low.time], [high.time]])
            levels = aligned.levels + np.array([counted_levels(low), counted_levels(high)])[:, np.newaxis]
            by_high = times[1] > times[0]
            times, levels = np.where(by_high, *times[::-1]), np.where(by_high[:, np.newaxis], *levels[::-1])
            from_acc = keep(follow(acc, ways.whole))
            if sizes.accumulates and from_acc.time > times[-1]:
                times[-1], levels[-1] = from_acc.time, counted_levels(from_acc)
            known = self._responses[sizes, saturate] = (*times.tolist(), *map(self._ways.of, levels.tolist()))
        return known

    def _respond(self, sizes: FloatLevel | tuple[FixedSizes, bool | None], walk: Callable[[Number], Sequence[Path]]) -> tuple[float, ...]:
        """Return the times and ways of a part's first output, and the times of its others."""
        known = self._responses.get(sizes)
        if known is None:
            times, levels = respond(ALIGNADD, self._weights, walk)
            known = self._responses[sizes] = (*times[0], *map(self._ways.of, levels[0].tolist()), *times[1:].ravel())
        return known

    def _stirred(
        self,
        operands: np.ndarray,
        fronts: np.ndarray,
        levels: np.ndarray,
        product: Told,
        front: Told,
        level: Told,
        given: np.ndarray,
    ) -> list[Stirred]:
        """Return what glitches in units, of whose parts the places are given, what is told of these, and when comes what is accumulated."""
        registers, shifts, when_operands, when_product = (product[each] for each in (_REGISTERS, _SHIFTS, _OPERANDS, _PRODUCT))
        fixed, rounds, summed, at_once = level[_IS_FIXED] == 1, level[_ROUNDS] == 1, fronts > 0, front[_KEPT] == 0
        grows = product[_GROWS] == 1
        of_decode, before_multiply, of_multiply = stirs_of_operands(when_operands, when_product, shifts, registers)
        when_product *= registers <= 0
        end, total, term = ((given + level[output]).max(axis=0) / PER_NS for output in (_TO_END, _TO_TOTAL, _TO_TERM))
        of_products = lateness_of_products(term, when_operands, shifts, registers, product[_EXPONENTS], rounds)
        late, exponents = (np.where(summed, *each) for each in zip(lateness_of_sums(term, at_once, grows), of_products, strict=True))
        moves = stirred_by(product[_SOME])
        heard_of = np.where(grows, level[_HEARD_GROWN], level[_HEARD])
        there = np.where(summed, stirred_by_sums(moves), activity_of_numbers(product[_THERE] * heard_of)) * product[_CANCELS]
        of_float = stirs_of_float(term, total, end, late, exponents, there, level[_PRECISION], level[_RANDOM_BITS])
        sum_depth, sum_before, rounding_depth, rounding_before = (np.where(fixed, 0.0, each) for each in of_float)
        of_fixed = np.where(fixed, stirs_of_fixed(when_product, product[_SOME]), 0.0)
        by_bits = np.where(fixed, level[_BY_OWN_BITS], np.where(summed, 1.0, product[_BY_BITS]))
        in_front = np.where(summed, moves * (sum_alone(~at_once, grows) + when_product * at_once), 0.0)

        working, (_, own), (placed, _) = self._operands.cells[:, :, len(CELLS) :], self._plain.levels.all(), self._plain.fronts.all()
        rounded = self._rounded()
        decode, multiply = ("decode", working[:, 0], operands), ("multiply", working[:, 1], operands)
        alignadd, normacc = ("alignadd", own[:, 0], levels), ("normacc", own[:, 1] - rounded, levels)
        return [
            Stirred(0, DEPTH, *decode, of_decode),
            Stirred(1, BEFORE, *multiply, before_multiply),
            Stirred(1, DEPTH, *multiply, product[_UNSETTLED] * of_multiply),
            Stirred(2, SUMS, "front", placed[:, 0], fronts, in_front),
            Stirred(2, FIXED, *alignadd, by_bits * of_fixed),
            Stirred(2, DEPTH, *alignadd, by_bits * sum_depth),
            Stirred(2, BEFORE, *alignadd, by_bits * sum_before),
            Stirred(3, SUMS, "rounding", rounded, levels, np.where(rounds, moves * ROUNDING, 0.0)),
            Stirred(3, FIXED, *normacc, of_fixed * np.where(level[_SATURATES] == 1, SATURATING, 1.0)),
            Stirred(3, DEPTH, *normacc, rounding_depth),
            Stirred(3, BEFORE, *normacc, rounding_before),
        ]

    def _rounded(self) -> np.ndarray:
        """Return the cells that round products before they are added, by accumulators, (levels, 13) float64."""
        for of in self._plain.level_of[len(self._rounding) :]:
            rounds = isinstance(of.acc, FloatAcc) and not of.acc.fused
            rounding = level_of_float(of.acc, of.shape, self._adder, False).term[1] if rounds else 0
            self._rounding.add(cells_of([rounding])[0].tolist())
        return self._rounding.all()


def _ends(aligned: Aligned) -> list[Path]:
    return [aligned.low, aligned.word.high]


class _Sums(NamedTuple):
    """Exact sums of products.

    Attributes
    ----------
    units : (sums,) int64
        Whose they are.
    product, front
        What is told of these.
    total, by : (sums,) float64 and int64
        When sums are there, and which of `SOURCES` they come by.
    """

    units: np.ndarray
    product: Told
    front: Told
    total: np.ndarray
    by: np.ndarray

    @staticmethod
    def of(product: Told, front: Told, units: np.ndarray) -> "_Sums":
        """Return when the sums of some units are there."""
        product, front = product.some(units), front.some(units)
        times = front[_TO_SUM]
        times[:FIELDS] += product[_TIMES]
        return _Sums(units, product, front, *_longest(times))

    def ways(self, last: np.ndarray) -> np.ndarray:
        """Return the ways to something of what is made of sums, (3, sums) float64, given where those from sums to it are told."""
        return np.stack([self.product.each(_WAYS_TO + self.by), self.front.each(_WAYS_TO_SUM + self.by), self.front.each(last)])


def _given(product: Told, sums: _Sums) -> np.ndarray:
    """Return when the fields come of what accumulators add, and what is there at once, (7, units) float64."""
    given = np.zeros((SOURCES, len(product.at)))
    given[:FIELDS] = product[_TIMES]
    given[:FIELDS, sums.units] = np.where(sums.front[_KEPT] == 1, 0.0, sums.total + sums.front[_FROM_SUM])
    return given


def _longest_ways(product: Told, sums: _Sums, level: Told, given: np.ndarray) -> np.ndarray:
    """Return the longest ways through units, (4, units) int64."""
    end, last = _longest(given + level[_TO_END])
    ways = np.stack([product.each(_WAYS_TO + last), np.zeros_like(end), np.zeros_like(end), level.each(_WAYS_TO_END + last)])
    by_field, kept = last.take(sums.units), sums.front[_KEPT] == 1
    ways[:3, sums.units] = np.where(kept | (by_field == FIELDS), 0.0, sums.ways(_WAYS_FROM_SUM + by_field))
    # The last register in front may keep what comes later than all behind it.
    before, ways_before = product[_OWN_END], np.zeros_like(ways)
    ways_before[0] = product[_OWN_WAY]
    held = np.where(kept, sums.total + sums.front[_LAST], 0.0)
    later_than = held > before[sums.units]
    before[sums.units] = np.maximum(before[sums.units], held)
    ways_before[:3, sums.units[later_than]] = sums.ways(np.full_like(sums.by, _WAY_TO_LAST))[:, later_than]
    return np.where(before > end, ways_before, ways).astype(np.int64)


def _longest(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the greatest of times (7, units), and which it is, the first of equal ones: (units,) float64 and int64."""
    greatest = times.max(axis=0)
    # By far faster than argmax, which looks at one unit at a time.
    first = SOURCES - ((times == greatest).view(np.uint8) * _EARLIER_FIRST).max(axis=0).astype(np.int64)
    return greatest, first
