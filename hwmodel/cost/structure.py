"""Structural counts of a unit: which cells its parts are made of, from the spec alone.

The parts are joined here as `hwmodel_rtl.mac.Mac` joins the circuits.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hwmodel.spec import (
    ChoiceFormat,
    ChunkAcc,
    FixedAcc,
    FixedPoint,
    FloatAcc,
    Level,
    LogFormat,
    MacSpec,
    PositAcc,
    PositFormat,
    QuireAcc,
    TensorAcc,
)
from hwmodel.spec.dataflow import accumulated, block_scale, exact_sum_shape, joins_rows, lane_product, normalises_operands
from hwmodel.spec.ranges import NumberShape, fixed_shape, float_state, operand_shape, rounded_state, row_integer

from .alignadd_fixed import alignadd_far, alignadd_fixed, alignadd_integer, alignadd_sum, reaches_far
from .blocks import ADDERS, MULTIPLIERS, add, any_of, constant, signals
from .operands import decode, mpy_log, operand_width, widen
from .parts import (
    alignadd_float,
    exponent_width,
    float_window,
    mpy,
    mpy_integer,
    normacc_fixed,
    normacc_float,
    number_width,
    round_term,
    sum_exponent_range,
)
from .posits import normacc_posit, normacc_quire, read_quire, rebase_term, round_term_posit
from .sums import keep_sum, only_while, scale_number, sum_specials, unpack_sum
from .tally import CELLS, SIGNAL, Counts, Tally
from .tensor import alignadd_tensor, normacc_tensor, round_products, sum_range, tensor_state

PARTS = ("mpy", "alignadd", "normacc")

IDLE = 0.85
"""How much less than others the bits of an integer accumulator change that stand above all its sums but for their sign.

A random walk of 128 steps, as energy is measured on, changes its sign in about 9 of them; other bits change in half of the cycles.
"""
_WALK_STEPS = 128
_WALK_BITS = 4
"""log2 of the sums of 128 random products, over a product, rounded up; several lanes make as much longer walks."""


@dataclass(frozen=True)
class UnitCounts:
    """Cells of a unit by part.

    Attributes
    ----------
    decode
        Unpacking of both operands; contained in `mpy`.
    mpy, alignadd, normacc
        The parts; together they are the unit.
    idle_alignadd, idle_normacc
        How many of the parts' `CELLS` stand still in an average cycle, by structure: see `IDLE`.
    """

    decode: Counts
    mpy: Counts
    alignadd: Counts
    normacc: Counts
    idle_alignadd: tuple[float, ...]
    idle_normacc: tuple[float, ...]

    @property
    def total(self) -> Counts:
        """All parts together."""
        return self.mpy + self.alignadd + self.normacc

    def part(self, name: str) -> Counts:
        """Return the counts of one of `PARTS`, or of ``"decode"``."""
        return getattr(self, name)


@dataclass(frozen=True)
class _Rows:
    """Integer products in two rows: their bits, what is left to add, and the bits of a sum that they are good for."""

    bits: int
    constant: int
    width: int


@dataclass(frozen=True)
class _Terms:
    """What a step adds: so many numbers of one shape."""

    shape: NumberShape
    count: int = 1


class _Build:
    """Counts of one unit in the making."""

    def __init__(self, spec: MacSpec, adder: str, multiplier: str) -> None:
        self.spec, self.adder, self.multiplier = spec, adder, multiplier
        self.decode, self.mpy, self.alignadd, self.normacc = Counts(), Counts(), Counts(), Counts()
        self.idle_alignadd, self.idle_normacc = np.zeros(len(CELLS)), np.zeros(len(CELLS))

    def build(self) -> UnitCounts:
        spec, first = self.spec, self.spec.levels[0]
        self._control()
        rows = self._multiply_integers() if joins_rows(spec) else None
        if rows is None:
            self._multiply()
        terms = _Terms(lane_product(spec), spec.lanes) if rows is None else rows
        if spec.exact_sum is not None:
            terms = self._sum(terms, spec.exact_sum)
        if spec.blocks and spec.fold_steps is not None:
            self._fold(first, terms)
        else:
            shape = self._accumulate(first, terms, resettable=spec.pipeline > 0)
            if isinstance(spec.acc, ChunkAcc):
                inner = self._read_out(spec.fixed_point(first)) if isinstance(first, FixedAcc) else shape
                assert inner is not None
                self._fold(spec.acc.outer, _Terms(inner))
        idle_alignadd, idle_normacc = tuple(self.idle_alignadd.tolist()), tuple(self.idle_normacc.tolist())
        return UnitCounts(self.decode, self.mpy + self.decode, self.alignadd, self.normacc, idle_alignadd, idle_normacc)

    def _fold(self, acc: Level, terms: "_Terms | _Rows") -> None:
        """Count the level that an inner register is folded into; where most steps are no fold, it stands idle."""
        assert self.spec.fold_steps is not None
        alignadd, normacc = self.alignadd, self.normacc
        self._accumulate(acc, terms, resettable=True)
        # It is given something to add once a chunk or block, and is given zero again in the next cycle.
        idle = max(1 - 2 / (self.spec.fold_steps or _WALK_STEPS), 0.0)
        self.idle_alignadd += idle * (self.alignadd.cells() - alignadd.cells())
        self.idle_normacc += idle * (self.normacc.cells() - normacc.cells())

    def _multiply_integers(self) -> "_Rows":
        """Count the multiplication of integers in one tree for all lanes; return their rows."""
        spec, first = self.spec, self.spec.levels[0]
        a, b = row_integer(spec.a), row_integer(spec.b)
        assert a is not None
        assert b is not None
        widened = sum((widen(fmt) for fmt in (spec.a, spec.b) if isinstance(fmt, ChoiceFormat)), Counts())
        self.decode += _times(widened, spec.lanes)
        if spec.exact_sum is not None:
            width = spec.exact_sum.width
        else:
            assert isinstance(first, FixedAcc)
            width = _total_width(spec.fixed_point(first), spec.product_max_magnitude, spec.product_lsb_exponent, spec.lanes)
        product, bits, live, rest = mpy_integer(a, b, width, spec.lanes, self.multiplier)
        self.mpy += product
        tells_sign = spec.exact_sum is not None and not spec.blocks and (a.signed or b.signed)
        if tells_sign:
            self.mpy += Counts(xor2=spec.lanes * (a.signed and b.signed), gate2=spec.lanes)
        self._registers(live + tells_sign, spec.lanes * (a.width + b.width))
        return _Rows(bits, rest, width)

    def _multiply(self) -> None:
        """Count the unpacking and multiplication of the operands of all lanes."""
        spec, normalised = self.spec, normalises_operands(self.spec)
        aligned = isinstance(spec.acc, TensorAcc)
        self.decode += _times(decode(spec.a, normalised) + decode(spec.b, normalised), spec.lanes)
        if isinstance(spec.a, LogFormat) and isinstance(spec.b, LogFormat):
            product = mpy_log(spec.a, spec.b)
        else:
            a, b = operand_shape(spec.a, normalised=normalised), operand_shape(spec.b, normalised=normalised)
            product = mpy(a, b, normalised, self.multiplier, self.adder, tells_zero=aligned)
        self.mpy += _times(product, spec.lanes)
        operands = operand_width(spec.a, normalised) + operand_width(spec.b, normalised)
        self._registers(spec.lanes * (number_width(lane_product(spec)) + (normalised or aligned)), spec.lanes * operands)

    def _sum(self, terms: "_Terms | _Rows", fixed: FixedPoint) -> "_Terms":
        """Count the exact sum of the products of a step, or of a block in a register; return the one number that comes of it."""
        spec = self.spec
        normalised, kept = not isinstance(spec.levels[0], FixedAcc), bool(spec.blocks) and spec.fold_steps is not None
        shape = exact_sum_shape(spec, normalised=normalised)
        if isinstance(terms, _Rows):
            self.alignadd += alignadd_integer(terms.bits, terms.constant, 0, fixed.width if kept else 0, fixed.width, self.adder)
        else:
            self.alignadd += alignadd_sum(
                terms.shape, terms.count, fixed, fixed.width, "floor", self.adder, accumulates=kept, drops_specials=False
            )
            self.normacc += sum_specials(terms.shape, terms.count)
        if kept:
            self.normacc += keep_sum(fixed, shape)
        self.alignadd += unpack_sum(shape, self.adder, normalised=normalised)
        scale = self._scale(normalised=normalised, kept=kept)
        if scale is not None:
            can_be_zero = not all(fmt.power_of_two for fmt in spec.blocks)
            self.alignadd += scale_number(shape, scale, self.multiplier, self.adder, normalised=normalised, can_be_zero=can_be_zero)
            shape = accumulated(spec)
            self.normacc += only_while(shape)
        if spec.pipeline:
            self.alignadd += Counts(flip_flop=number_width(shape) + normalised)
        return _Terms(shape)

    def _scale(self, *, normalised: bool, kept: bool) -> NumberShape | None:
        """Count the product of the block scales and its registers, one of them where it is `kept` for a block; return its shape."""
        spec = self.spec
        scale = block_scale(spec, normalised=normalised)
        if scale is None:
            return None
        shapes = [operand_shape(fmt.scale, normalised=normalised) for fmt in spec.blocks]
        self.decode += sum((decode(fmt.scale, normalised) for fmt in spec.blocks), Counts())
        if len(shapes) == 2:
            can_be_zero = not spec.blocks[1].power_of_two
            self.mpy += scale_number(*shapes, self.multiplier, self.adder, normalised=normalised, can_be_zero=can_be_zero)
        bits = number_width(scale) + normalised
        # In front of an exact sum there is a register of the pipeline where there are two.
        before = spec.pipeline == 2 if spec.exact_sum is not None else spec.pipeline > 0
        self.mpy += Counts(flip_flop=bits * (before + kept), mux2=bits * kept)
        if spec.exact_sum is None and spec.pipeline == 2:
            self.alignadd += Counts(flip_flop=bits)
        return scale

    def _add_rows(self, acc: FixedAcc, fixed: FixedPoint, rows: "_Rows", *, resettable: bool) -> None:
        """Count the addition of integer products, and the register; its bits above all sums stand idle."""
        alignadd = alignadd_integer(rows.bits, rows.constant, fixed.fraction, fixed.width, rows.width, self.adder)
        normacc = normacc_fixed(fixed.width, rows.width, acc.saturate, resettable)
        self.alignadd += alignadd
        self.normacc += normacc
        # A Gaussian operand's standard deviation is a quarter of its largest value.
        walk = _WALK_BITS + (self.spec.lanes - 1).bit_length() // 2
        used = min((self.spec.product_max_magnitude >> 4).bit_length() + fixed.fraction + walk, fixed.width)
        width = rows.width - fixed.width + used
        narrow = alignadd_integer(rows.bits, rows.constant, fixed.fraction, used, width, self.adder)
        self.idle_alignadd += IDLE * (alignadd.cells() - narrow.cells())
        self.idle_normacc += IDLE * (normacc.cells() - normacc_fixed(used, width, acc.saturate, resettable).cells())

    def _add_fixed(self, acc: FixedAcc, fixed: FixedPoint, terms: "_Terms", *, resettable: bool) -> None:
        """Count the addition of numbers to a fixed-point accumulator, and the register."""
        shape = terms.shape
        if self.spec.blocks and reaches_far(shape, fixed):
            width = fixed.width + 2
            self.alignadd += alignadd_far(shape, fixed, acc.rounding, self.adder)
        else:
            width = _total_width(fixed, shape.magnitude, shape.lsb, terms.count)
            self.alignadd += self._align(terms, fixed, width, acc.rounding)
        self.normacc += normacc_fixed(fixed.width, width, acc.saturate, resettable)
        tally = Tally()
        any_of(tally, terms.count * (shape.nan + shape.inf))
        self.normacc += tally.counts()

    def _align(self, terms: "_Terms", fixed: FixedPoint, width: int, rounding: str) -> Counts:
        if terms.count == 1:
            return alignadd_fixed(terms.shape, fixed, width, rounding, self.adder)
        return alignadd_sum(terms.shape, terms.count, fixed, width, rounding, self.adder, accumulates=True, drops_specials=True)

    def _registers(self, product: int, operands: int) -> None:
        """Count the pipeline behind the multipliers and the decoders; in front of an exact sum its last register is behind the sum."""
        depth = self.spec.pipeline - (self.spec.exact_sum is not None)
        if depth > 0:
            self.mpy += Counts(flip_flop=product)
        if depth == 2:
            self.decode += Counts(flip_flop=operands)

    def _accumulate(self, acc: Level, terms: "_Terms | _Rows", *, resettable: bool) -> NumberShape | None:
        """Count one accumulator level; return the shape of its register, or None where no other level adds it."""
        if isinstance(terms, _Rows):
            assert isinstance(acc, FixedAcc)
            self._add_rows(acc, self.spec.fixed_point(acc), terms, resettable=resettable)
            return None
        term = terms.shape
        if isinstance(acc, QuireAcc):
            self._add_to_quire(acc, terms, resettable=resettable)
            return None
        if isinstance(acc, PositAcc):
            self._add_to_posit(acc, term, resettable=resettable)
            return None
        if isinstance(acc, FixedAcc):
            self._add_fixed(acc, self.spec.fixed_point(acc), terms, resettable=resettable)
            return None
        if isinstance(acc, TensorAcc):
            self._add_aligned(acc, term, resettable=resettable)
            return None
        if not acc.fused and _rounds_products(acc, term):
            self.normacc += round_term(acc, term, self.adder)
            term = rounded_state(acc, term).shape
        state = float_state(acc, term)
        self.alignadd += alignadd_float(term, state.shape, self.adder, acc.random_bits)
        significand = float_window(term, state.shape, acc.random_bits) + 2
        self.normacc += normacc_float(acc, state, significand, sum_exponent_range(term, state.shape), self.adder, resettable)
        return state.shape

    def _add_aligned(self, acc: TensorAcc, product: NumberShape, *, resettable: bool) -> None:
        """Count a tensor core's addition; the scales of its blocks add to the exponents."""
        scale = self._scale(normalised=False, kept=False)
        state = tensor_state(acc, product, scale)
        register = None if acc.late else state.shape
        exponents = sum_range(product, register, scale)
        self.alignadd += alignadd_tensor(acc, product, register, scale, self.adder)
        if register is not None:
            self.normacc += normacc_tensor(acc, state, exponents, self.adder, resettable)
            return
        self.normacc += round_products(acc, state, exponents, self.adder)
        self._accumulate(FloatAcc(acc.format), _Terms(state.shape), resettable=resettable)

    def _add_to_quire(self, acc: QuireAcc, terms: "_Terms", *, resettable: bool) -> None:
        fixed, fmt = self.spec.fixed_point(acc), self.spec.a
        assert isinstance(fmt, PositFormat)
        self.alignadd += self._align(terms, fixed, fixed.width, "floor")
        self.normacc += normacc_quire(fixed, resettable) + read_quire(fixed, fmt, self.adder) + Counts(gate2=terms.count - 1)

    def _add_to_posit(self, acc: PositAcc, term: NumberShape, *, resettable: bool) -> None:
        register = operand_shape(acc.format, normalised=True)
        exponent = exponent_width(term.exponent_low, term.exponent_high)
        if not acc.fused:
            self.normacc += round_term_posit(acc.format, term, exponent, self.adder)
            term = register
        elif term.top:
            low, high = term.exponent_low + term.top, term.exponent_high + term.top
            if term.has_exponent:
                self.alignadd += rebase_term(exponent, exponent_width(low, high)[0], term.top)
            term = replace(term, exponent_low=low, exponent_high=high, top=0)
        reached = replace(register, exponent_low=min(register.exponent_low, term.exponent_low))
        self.alignadd += alignadd_float(term, reached, self.adder)
        total = exponent_width(*sum_exponent_range(term, reached))
        self.normacc += normacc_posit(acc.format, float_window(term, reached, 0) + 2, total, self.adder, resettable)

    def _read_out(self, fixed: FixedPoint) -> NumberShape:
        """Count sign and magnitude of a fixed-point register that another level adds; return its shape."""
        tally = Tally()
        tally.xor2 += fixed.width - 1
        add(tally, signals(fixed.width), constant(0, fixed.width), SIGNAL)
        self.alignadd += tally.counts()
        return fixed_shape(fixed.width, fixed.fraction)

    def _control(self) -> None:
        """Count what stands between the parts: `acc_valid`, delayed control, and a chunk's counter."""
        spec, tally = self.spec, Tally()
        tally.flip_flop += 1
        tally.gate2 += 3
        tally.flip_flop += spec.pipeline * (2 + (spec.fold_steps is not None))
        tally.gate2 += spec.pipeline * (2 + (spec.fold_steps is not None))
        tally.flip_flop += spec.pipeline * spec.random_bits
        if spec.fold_steps is not None:
            bits = max(spec.fold_steps - 1, 0).bit_length()
            add(tally, signals(bits), constant(0, bits), 1)
            tally.flip_flop += bits + 1 + 3
            tally.mux2 += bits + 1
            tally.gate2 += 3 * bits + 12
        if spec.blocks and spec.fold_steps is not None:
            # A fold has been found by the time that its sum waits in the pipeline's last register, and no longer is a flush.
            tally.flip_flop += spec.random_bits - (spec.pipeline > 0)
        if isinstance(spec.acc, ChunkAcc):
            tally.flip_flop += 2 * spec.has_flags
            inner, outer = spec.acc.inner, spec.acc.outer
            tally.flip_flop += outer.random_bits if isinstance(outer, FloatAcc) else 0
            tally.gate2 += spec.fixed_point(inner).width if isinstance(inner, FixedAcc) else inner.format.precision + 3
        self.normacc += tally.counts()


def _rounds_products(acc: FloatAcc, term: NumberShape) -> bool:
    """Return whether some product is not a number of the accumulator's format already."""
    fmt = acc.format
    finest = fmt.lsb_exponent if fmt.subnormals else fmt.emin + 1
    exact = term.significand_bits <= fmt.precision and term.lsb >= finest and not rounded_state(acc, term).overflows
    return not exact or (term.inf and not fmt.has_inf) or (acc.ftz and fmt.subnormals and term.lsb < fmt.emin)


def _total_width(fixed: FixedPoint, magnitude: int, lsb: int, count: int) -> int:
    """Return the bits of the exact sum of an accumulator and of terms, see `hwmodel_rtl.level.total_width`."""
    shift = lsb + fixed.fraction
    if count == 1:
        return max(fixed.width, max(magnitude.bit_length() + shift, 0) + 2) + 1
    largest = magnitude << shift if shift >= 0 else (magnitude >> -shift) + 1
    return max(fixed.width, (count * largest).bit_length() + 1) + 1


def _times(counts: Counts, lanes: int) -> Counts:
    return Counts(*(number * lanes for number in counts.as_tuple()))


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
    return _Build(spec, adder, multiplier).build()
