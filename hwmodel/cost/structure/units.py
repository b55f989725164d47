"""Structural counts of a unit: which cells its parts are made of, from the spec alone.

The parts are joined here as `hwmodel_rtl.mac.Mac` joins the circuits.
"""

from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import ChoiceFormat, ChunkAcc, FixedAcc, FixedPoint, FloatAcc, IntFormat, Level, MacSpec, PositAcc, TensorAcc
from hwmodel.spec.dataflow import accumulated, block_scale, exact_sum_of, joins_rows, lane_product
from hwmodel.spec.ranges import NumberShape, fixed_shape, operand_shape, rounds_terms, row_integer

from .activity import activity_of_narrow, activity_of_rows, activity_of_sums, heard_by, multiply_activity, nonzero
from .adders import ADDERS, add
from .alignadd_fixed import alignadd_integer
from .cells import FLIP_FLOP, GATE2, MUX2, XOR2, Counts, Packed, Shares, cells_of, counts_of, share_of
from .idle import HELD, SCALED, STEADY, TREES, binades_of_sums, steadiness, unreached, with_trees
from .lanes import LaneCounts, lane_counts, operand_registers, unread
from .levels import LevelCounts, Rows, Terms, accumulate, total_width
from .multipliers import MULTIPLIERS
from .operands import decode, widen
from .parts import mpy_integer, number_width
from .sums import keep_sum, only_while, scale_number, sum_products, unpack_sum
from .tally import SIGNAL, Tally, constant, signals

PARTS = ("mpy", "alignadd", "normacc")


class Stages(NamedTuple):
    """What follows the products, one after the other.

    Attributes
    ----------
    summed
        The exact sum of a step or block, as a number, times the scales of blocks.
    levels
        Each accumulator level, and the share of all cycles in which it is given something to add.
    """

    summed: Packed
    levels: tuple[tuple[LevelCounts, float], ...]


class UnitCounts(NamedTuple):
    """Cells of a unit by part; `mpy`, `alignadd` and `normacc` are together the unit, and `decode` is contained in `mpy`.

    Attributes
    ----------
    placed
        Cells of decode, multiply, alignadd and normacc, of which `mpy` are the first two.
    idle_alignadd, idle_normacc
        What of the parts stands still in an average cycle, by structure: see `hwmodel.cost.structure.idle.IDLE`.
    active
        How often decode, multiply, alignadd and normacc change by what their operands do, see `hwmodel.cost.structure.activity`.
    stages
        What alignadd and normacc are made of.
    """

    placed: tuple[Packed, Packed, Packed, Packed]
    idle_alignadd: Shares
    idle_normacc: Shares
    active: tuple[float, float, float, float]
    stages: Stages

    @property
    def decode(self) -> Counts:
        """Unpacking of both operands."""
        return counts_of(self.placed[0])

    @property
    def mpy(self) -> Counts:
        """Unpacking and multiplication of the operands."""
        return counts_of(self.placed[0] + self.placed[1])

    @property
    def alignadd(self) -> Counts:
        """Alignment of products, and their addition."""
        return counts_of(self.placed[2])

    @property
    def normacc(self) -> Counts:
        """Normalisation, rounding and registers of the accumulator."""
        return counts_of(self.placed[3])

    @property
    def total(self) -> Counts:
        """All parts together."""
        return counts_of(sum(self.placed))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{part}={self.part(part)}' for part in PARTS)})"

    def part(self, name: str) -> Counts:
        """Return the counts of one of `PARTS`, or of ``"decode"``."""
        return getattr(self, name)


class _Operands:
    """Counts of what comes before the sums: decode, and mpy but for it."""

    def __init__(self, spec: MacSpec, adder: str, multiplier: str) -> None:
        self.spec, self.adder, self.multiplier = spec, adder, multiplier
        self.decode, self.multiply = 0, 0
        self.scales = (0, 0)  # what unpacks the scales of blocks, and what multiplies and keeps them

    def build(self) -> tuple[Packed, Packed]:
        spec = self.spec
        if joins_rows(spec):
            self._multiply_integers()
        else:
            lane = lane_counts(spec, self.adder, self.multiplier)
            if spec.pipeline:
                lane = lane.without(unread(spec))
            decode, multiply = lane.registered(operand_registers(spec))
            self.decode, self.multiply = spec.lanes * decode, spec.lanes * multiply
        if spec.blocks:
            self._multiply_scales()
        return self.decode, self.multiply

    def active(self) -> tuple[float, float]:
        """Return how often decode and multiply change by what the operands do; scales change once a block."""
        spec = self.spec
        decode_still = multiply_still = 0.0
        if spec.blocks:
            still = 1 - 1 / _steps_of_scales(spec)
            decode_still, multiply_still = _share(self.scales[0], self.decode) * still, _share(self.scales[1], self.multiply) * still
        return 1 - decode_still, (1 - multiply_still) * multiply_activity(spec)

    def _multiply_integers(self) -> None:
        """Count the multiplication of integers in one tree for all lanes."""
        spec = self.spec
        widened = sum((widen(fmt) for fmt in (spec.a, spec.b) if isinstance(fmt, ChoiceFormat)), 0)
        a, b, (product, _, live, _) = _integer_rows(spec, self.multiplier)[:3]
        self.multiply += product
        tells_sign = spec.exact_sum is not None and not spec.blocks and (a.signed or b.signed)
        if tells_sign:
            self.multiply += spec.lanes * (a.signed and b.signed) * XOR2 + spec.lanes * GATE2
        decode, _ = LaneCounts(widened, 0, 0, a.width + b.width).registered(operand_registers(spec))
        self.decode += spec.lanes * decode
        self.multiply += (live + tells_sign) * (operand_registers(spec) > 0) * FLIP_FLOP

    def _multiply_scales(self) -> None:
        """Count the unpacking of the block scales, their product, and its registers, one of them where it is kept for a block."""
        spec = self.spec
        normalised, kept = _normalises_sums(spec), spec.exact_sum is not None and spec.fold_steps is not None
        scale = block_scale(spec, normalised=normalised)
        assert scale is not None
        shapes = [operand_shape(fmt.scale, normalised=normalised) for fmt in spec.blocks]
        unpacked, multiplied = sum((decode(fmt.scale, normalised) for fmt in spec.blocks), 0), 0
        if len(shapes) == 2:
            can_be_zero = not spec.blocks[1].power_of_two
            multiplied += scale_number(*shapes, self.multiplier, self.adder, normalised=normalised, can_be_zero=can_be_zero)
        bits = _scale_bits(spec, scale)
        # In front of an exact sum there is a register of the pipeline where there are two.
        before = spec.pipeline == 2 if spec.exact_sum is not None else spec.pipeline > 0
        multiplied += bits * (before + kept) * FLIP_FLOP + bits * kept * MUX2
        self.decode += unpacked
        self.multiply += multiplied
        self.scales = unpacked, multiplied


def _share(part: Packed, of: Packed) -> float:
    """Return the share that some cells have of others, by number."""
    some, all_cells = cells_of((part, of)).sum(axis=1).tolist()
    return some / max(all_cells, 1.0)


def _steps_of_scales(spec: MacSpec) -> float:
    """Return the steps that the scales of blocks stay for, infinity if it is all."""
    sizes = [fmt.size for fmt in spec.blocks if fmt.size is not None]
    return max(min(sizes) / spec.lanes, 1.0) if sizes else float("inf")


def _normalises_sums(spec: MacSpec) -> bool:
    """Return whether exact sums, and the scales of their blocks, are normalised for what they are added to."""
    return spec.exact_sum is not None and not isinstance(spec.levels[0], FixedAcc)


def _scale_bits(spec: MacSpec, scale: NumberShape) -> int:
    """Return the bits of the product of the block scales; of powers of two nobody asks for the significand."""
    return number_width(scale) - all(fmt.power_of_two for fmt in spec.blocks)


def _integer_rows(spec: MacSpec, multiplier: str) -> tuple[IntFormat, IntFormat, tuple[Packed, int, int, int], int]:
    """Return how integers are multiplied, what `mpy_integer` counts of it, and the bits that the rows are good for."""
    a, b, first = row_integer(spec.a), row_integer(spec.b), spec.levels[0]
    assert a is not None
    assert b is not None
    if spec.exact_sum is not None:
        width = spec.exact_sum.width
    else:
        assert isinstance(first, FixedAcc)
        width = total_width(spec.fixed_point(first), spec.product_max_magnitude, spec.product_lsb_exponent, spec.lanes)
    return a, b, mpy_integer(a, b, width, spec.lanes, multiplier), width


class _Sums:
    """Counts of all that follows the products: alignadd and normacc."""

    def __init__(self, spec: MacSpec, adder: str, multiplier: str) -> None:
        self.spec, self.adder, self.multiplier = spec, adder, multiplier
        self.alignadd, self.normacc = 0, 0
        self.idle_alignadd: Shares = ()
        self.idle_normacc: Shares = ()
        self.summed = 0
        self.alone = 0  # bits of the one product that a float or posit is given, if it is given one
        self.levels: list[tuple[LevelCounts, float]] = []

    def build(self) -> "_Sums":
        spec, first = self.spec, self.spec.levels[0]
        self.normacc += control(spec.pipeline, spec.fold_steps, spec.random_bits, bool(spec.blocks))
        if isinstance(spec.acc, ChunkAcc):
            self._control_chunk(spec.acc)
        terms = self.front()
        if isinstance(terms, Terms) and spec.exact_sum is None and isinstance(first, FloatAcc | PositAcc):
            self.alone = terms.shape.significand_bits
        if spec.blocks and spec.fold_steps is not None:
            self._fold(first, terms)
        else:
            shape = self._accumulate(first, terms, resettable=spec.pipeline > 0)
            if isinstance(spec.acc, ChunkAcc):
                inner = self._read_out(spec.fixed_point(first)) if isinstance(first, FixedAcc) else shape
                assert inner is not None
                self._fold(spec.acc.outer, Terms(inner))
        return self

    @property
    def stages(self) -> Stages:
        return Stages(self.summed, tuple(self.levels))

    def active(self) -> tuple[float, float]:
        """Return how often alignadd and normacc change by what the operands do, once they are counted."""
        spec, rows = self.spec, joins_rows(self.spec)
        changes = activity_of_sums(nonzero(spec), spec.lanes, rows and isinstance(spec.levels[0], FixedAcc), heard_by(spec))
        if self.alone:
            changes *= activity_of_narrow(self.alone)
        return activity_of_rows(multiply_activity(spec), spec.lanes) * changes if rows else changes, changes

    def front(self) -> Terms | Rows:
        """Count the exact sum in front of the first accumulator, if there is one; return what this is given to add."""
        spec, terms = self.spec, self._products()
        return terms if spec.exact_sum is None else self._sum(terms, spec.exact_sum)

    def _products(self) -> Terms | Rows:
        spec = self.spec
        if not joins_rows(spec):
            return Terms(lane_product(spec), spec.lanes)
        _, _, (_, bits, _, rest), width = _integer_rows(spec, self.multiplier)
        return Rows(bits, rest, width)

    def _fold(self, acc: Level, terms: Terms | Rows) -> None:
        """Count the level that an inner register is folded into; where most steps are no fold, it stands idle."""
        assert self.spec.fold_steps is not None
        # It is given something to add once a chunk or block, and is given zero again in the next cycle. A float's exponent it still sees.
        held = 1.0 if self.spec.blocks or isinstance(self.spec.levels[0], FixedAcc) else HELD
        idle = held * max(1 - 2 / self.spec.fold_steps, 0.0) if self.spec.fold_steps else 1.0
        self._accumulate(acc, terms, resettable=True, idle=idle)

    def _sum(self, terms: Terms | Rows, fixed: FixedPoint) -> Terms:
        """Count the exact sum of the products of a step, or of a block in a register; return the one number that comes of it."""
        spec = self.spec
        normalised, kept = _normalises_sums(spec), bool(spec.blocks) and spec.fold_steps is not None
        shape = exact_sum_of(spec, terms.shape if isinstance(terms, Terms) else lane_product(spec), normalised=normalised)
        if isinstance(terms, Rows):
            self.alignadd += alignadd_integer(terms.bits, terms.constant, 0, fixed.width if kept else 0, fixed.width, self.adder)
            self.alignadd += unpack_sum(shape, self.adder, normalised=normalised)
        else:
            added, specials = sum_products(*terms, fixed, shape, self.adder, normalised=normalised, accumulates=kept)
            self.alignadd += added
            self.normacc += specials
            finer, steady = unreached(binades_of_sums(spec), fixed), STEADY * steadiness(spec)
            self.idle_alignadd = with_trees(share_of(finer + steady - finer * steady, added), added, TREES)
        if kept:
            self.normacc += keep_sum(fixed, shape)
        scale = self._scale(normalised=normalised)
        if scale is not None:
            can_be_zero = not all(fmt.power_of_two for fmt in spec.blocks)
            scaled = scale_number(shape, scale, self.multiplier, self.adder, normalised=normalised, can_be_zero=can_be_zero)
            self.alignadd += scaled
            if can_be_zero:
                self.idle_alignadd += share_of(SCALED, scaled)
            shape = accumulated(spec)
            self.normacc += only_while(shape)
        self.summed = self.alignadd
        if spec.pipeline:
            first = spec.levels[0]
            flagged = normalised and not (isinstance(first, FloatAcc) and rounds_terms(first, shape))
            self.alignadd += (number_width(shape) + flagged) * FLIP_FLOP
        return Terms(shape)

    def _scale(self, *, normalised: bool) -> NumberShape | None:
        """Return the shape of the product of the block scales, and count its register in front of the accumulator."""
        spec = self.spec
        scale = block_scale(spec, normalised=normalised)
        if scale is not None and spec.exact_sum is None and spec.pipeline == 2:
            self.alignadd += _scale_bits(spec, scale) * FLIP_FLOP
        return scale

    def _accumulate(self, acc: Level, terms: Terms | Rows, *, resettable: bool, idle: float = 0.0) -> NumberShape | None:
        """Count one accumulator level, of whose cells the share `idle` stands still; return the shape of its register."""
        scale = self._scale(normalised=False) if isinstance(acc, TensorAcc) else None
        level = accumulate(self.spec, acc, terms, self.adder, resettable=resettable, scale=scale)
        self.levels.append((level, 1 - idle))
        self.alignadd += level.alignadd
        self.normacc += level.normacc
        self.idle_alignadd += _idle_for(idle, level.alignadd, level.idle_alignadd)
        self.idle_normacc += _idle_for(idle, level.normacc, level.idle_normacc)
        return level.register

    def _read_out(self, fixed: FixedPoint) -> NumberShape:
        """Count sign and magnitude of a fixed-point register that another level adds; return its shape."""
        tally = Tally()
        tally.cells += (fixed.width - 1) * XOR2
        add(tally, signals(fixed.width), constant(0, fixed.width), SIGNAL)
        self.alignadd += tally.cells
        return fixed_shape(fixed.width, fixed.fraction)

    def _control_chunk(self, acc: ChunkAcc) -> None:
        """Count what a chunk's two levels have for each other."""
        spec, inner, outer = self.spec, acc.inner, acc.outer
        # The inner level's flags are a cycle late; a float has none.
        late = 2 * isinstance(inner, FixedAcc) + (outer.random_bits if isinstance(outer, FloatAcc) else 0)
        handed_on = spec.fixed_point(inner).width if isinstance(inner, FixedAcc) else inner.format.precision + 3
        self.normacc += late * FLIP_FLOP + handed_on * GATE2


@lru_cache(maxsize=1 << 10)
def control(pipeline: int, fold_steps: int | None, random_bits: int, blocks: bool) -> Packed:
    """Count what stands between the parts: `acc_valid`, delayed control, and the counter of a chunk or block."""
    tally = Tally()
    tally.cells += FLIP_FLOP + 3 * GATE2 + pipeline * (2 + (fold_steps is not None)) * FLIP_FLOP
    tally.cells += pipeline * (2 + (fold_steps is not None)) * GATE2 + pipeline * random_bits * FLIP_FLOP
    if fold_steps is not None:
        bits = max(fold_steps - 1, 0).bit_length()
        add(tally, signals(bits), constant(0, bits), 1)
        tally.cells += (bits + 1 + 3) * FLIP_FLOP + (bits + 1) * MUX2 + (3 * bits + 12) * GATE2
    if blocks and fold_steps is not None:
        # A fold has been found by the time that its sum waits in the pipeline's last register, and no longer is a flush.
        tally.cells += (random_bits - (pipeline > 0)) * FLIP_FLOP
    return tally.cells


def _idle_for(share: float, counts: Packed, own: Shares) -> Shares:
    """Return what stands idle of a part that does so for a share of all cycles, and `own` in the others."""
    return ((share, counts), *((still * (1 - share), some) for still, some in own)) if share else own


@lru_cache(maxsize=1 << 15)
def counts(spec: MacSpec, adder: str = "brent_kung", multiplier: str = "baugh_wooley") -> UnitCounts:
    """Return the cells of a unit by part.

    Parameters
    ----------
    spec
        The unit.
    adder, multiplier
        How it is built, as in `hwmodel_rtl.Architecture`.

    Raises
    ------
    ValueError
        If a choice is not one of `ADDERS`, `MULTIPLIERS`.
    """
    if adder not in ADDERS:
        raise ValueError(f"adder {adder!r} is not one of {', '.join(ADDERS)}")
    if multiplier not in MULTIPLIERS:
        raise ValueError(f"multiplier {multiplier!r} is not one of {', '.join(MULTIPLIERS)}")
    operands = _Operands(spec, adder, multiplier)
    decode, multiply = operands.build()
    sums = _Sums(spec, adder, multiplier).build()
    placed = decode, multiply, sums.alignadd, sums.normacc
    return UnitCounts(placed, sums.idle_alignadd, sums.idle_normacc, (*operands.active(), *sums.active()), sums.stages)


class FrontCounts(NamedTuple):
    """What is in front of a unit's first accumulator, and behind its products.

    Attributes
    ----------
    alignadd, normacc, idle_alignadd
        As in `UnitCounts`.
    terms
        What the accumulator is given to add.
    """

    alignadd: Packed
    normacc: Packed
    idle_alignadd: Shares
    terms: Terms | Rows


def front_counts(spec: MacSpec, adder: str, multiplier: str) -> FrontCounts:
    """Return the cells between a unit's products and its first accumulator."""
    sums = _Sums(spec, adder, multiplier)
    terms = sums.front()
    return FrontCounts(sums.alignadd, sums.normacc, sums.idle_alignadd, terms)


def operand_counts(spec: MacSpec, adder: str, multiplier: str) -> UnitCounts:
    """Return the cells of a unit's decode and multiply, without those of its sums."""
    operands = _Operands(spec, adder, multiplier)
    return UnitCounts((*operands.build(), 0, 0), (), (), (*operands.active(), 1.0, 1.0), Stages(0, ()))


def sum_counts(spec: MacSpec, adder: str, multiplier: str) -> UnitCounts:
    """Return the cells of a unit's alignadd and normacc, without those of its operands."""
    sums = _Sums(spec, adder, multiplier).build()
    return UnitCounts((0, 0, sums.alignadd, sums.normacc), sums.idle_alignadd, sums.idle_normacc, (1.0, 1.0, *sums.active()), sums.stages)
