"""What stands idle: bits of sums that Gaussian products do not change, as many as the formats of operands and accumulator tell."""

from functools import lru_cache
from typing import Any, NamedTuple

from hwmodel.spec import (
    ChoiceFormat,
    CodebookFormat,
    FixedPoint,
    FloatFormat,
    IntFormat,
    LogFormat,
    MacSpec,
    PositFormat,
    ScalarOperand,
    X87Format,
)
from hwmodel.spec.ranges import NumberShape, log_product_shape, operand_shape

from .cells import Packed, Shares, full_adders

IDLE = 0.85
"""How much less than others those bits of a sum change that no product of Gaussian operands reaches.

Above all sums of integers but for their sign: a random walk of 128 steps, as energy is measured on, changes its sign in about 9 of
them; other bits change in half of the cycles. Below what floats around 1 are made of, bits are hardly ever other than 0.
"""
ALIGNED = 0.6
"""The same in front of a float's register, where numbers are compared and moved in any case."""
UNMOVED = 0.5
"""How much less than others those outputs of a shifter change that hardly any product is moved to."""
MOVED = 0.5
"""How much of that stands idle where products are moved to the largest exponent: all are compared and moved in any case."""
HELD = 0.75
"""How much of an outer accumulator stands idle while nothing is folded into it: exponents, and what they select, follow the inner one."""
TREES = 0.85
"""How much more often full adders change that add several numbers than those that add to an accumulator: all their inputs do."""
TREES_ON = 0.4
"""The same where they end in a fixed-point accumulator, whose bits above all products are among them."""
STEADY = 0.3
"""How much of a sum that is steady stands idle."""
SCALED = 0.4
"""How much less than others what multiplies a sum by a scale changes that stays for a block: only the ones of the sum come and go."""
_STEPS = 128
"""Of a block whose length is not told: those that energy is measured on."""
_WALK_BITS = 4
"""log2 of the sums of 128 random products, over a product, rounded up; several lanes make as much longer walks."""
_TAIL_BITS = 3
"""How many binades Gaussian numbers commonly lie below their standard deviation."""
_BEYOND_BITS = 6
"""How many binades above their common size there are hardly any products."""


@lru_cache(maxsize=1 << 12)
def _binades(fmt: ScalarOperand) -> tuple[float, float]:
    """Return log2 of what Gaussian operands are multiples of, but for few, and of their standard deviation.

    That is a quarter of the largest integer, and 1 in formats that reach so far, or the smallest normal number above it. Streams share
    several formats evenly.
    """
    if isinstance(fmt, ChoiceFormat):
        finest, sizes = zip(*map(_binades, fmt.choices), strict=True)
        return sum(finest) / len(finest), sum(sizes) / len(sizes)
    largest = fmt.max_value if isinstance(fmt, IntFormat) else fmt.max_magnitude
    size = largest.bit_length() + fmt.lsb_exponent - 2
    match fmt:
        case IntFormat():
            return fmt.lsb_exponent, size + _is_narrowest(fmt)
        case FloatFormat() | X87Format() | PositFormat():
            precision = fmt.precision
        case CodebookFormat():
            precision = operand_shape(fmt, normalised=True).significand_bits
        case LogFormat():
            precision = log_product_shape(fmt, fmt).significand_bits // 2  # the table is of the product
    size = min(size, max(fmt.emin, 0) if isinstance(fmt, FloatFormat) else 0)
    return max(fmt.lsb_exponent, size - precision - _TAIL_BITS), size


def _is_narrowest(fmt: ScalarOperand) -> bool:
    """Return whether operands are integers without bits between sign and last one, which are as large as those with one more."""
    return isinstance(fmt, IntFormat) and fmt.max_value == 1


def binades_of_products(spec: MacSpec) -> tuple[float, float]:
    """Return log2 of what products, but for few, are multiples of, the shifts of blocks left out, and of how large they commonly are."""
    return binades_of_factors(spec.factors)


@lru_cache(maxsize=1 << 14)
def binades_of_factors(factors: tuple[ScalarOperand, ScalarOperand]) -> tuple[float, float]:
    """Return the same of products of two formats."""
    (finest_a, size_a), (finest_b, size_b) = map(_binades, factors)
    return finest_a + finest_b, size_a + size_b


class Binades(NamedTuple):
    """log2 of what products are multiples of, but for few, and of what their sums reach."""

    finest: float
    highest: float


def binades_of_sums(spec: MacSpec) -> Binades:
    """Return where the bits of a unit's sums are at work."""
    finest, size = binades_of_products(spec)
    lane_bits = (spec.lanes - 1).bit_length()
    if not spec.blocks:
        return Binades(finest, reach_of_sums(size, lane_bits))
    points = sum([fmt.point for fmt in spec.blocks])
    shifts = sum([(1 << fmt.shift_bits) - 1 for fmt in spec.blocks if fmt.sub_size])
    return Binades(finest - points - shifts, reach_of_sums(size - points, lane_bits))


def binades_of_terms(spec: MacSpec) -> Binades:
    """Return the same of what a float accumulator is given: sums of blocks times their scales, which differ by a binade or so."""
    sums, scales = binades_of_sums(spec), [fmt.scale for fmt in spec.blocks]
    if not scales:
        if only_grows(spec.factors):
            return Binades(sums.finest, at_work_on_top(sums.highest, (spec.lanes - 1).bit_length()))
        return sums
    finer = sum([1 + (scale.fraction_bits if isinstance(scale, FloatFormat) else scale.width) for scale in scales])
    return Binades(sums.finest - finer, sums.highest)


def only_grows(factors: tuple[ScalarOperand, ScalarOperand]) -> bool:
    """Return whether products have no sign: the highest bits of their sum hardly ever change."""
    a, b = factors
    return not (a.signed or b.signed)


def at_work_on_top(highest: Any, lane_bits: Any) -> Any:
    """Return log2 of where the bits of a sum end that change, of one that only grows: a step's products reach so far, and a carry."""
    return highest - (_WALK_BITS - 1) + lane_bits / 2


def reach_of_sums(size: Any, lane_bits: Any) -> Any:
    """Return log2 of what sums reach of products so large, from the bits of the number of lanes; both can be arrays."""
    return size + _WALK_BITS + lane_bits / 2


def reached(spec: MacSpec, fixed: FixedPoint) -> int:
    """Return the bits of a sum of products of integers that ever differ from its sign."""
    lanes = (spec.lanes - 1).bit_length()
    # A sum that only grows changes its bits the less often, the higher they are.
    walk = 1 + lanes if only_grows(spec.factors) else _WALK_BITS + lanes // 2
    # A Gaussian operand's standard deviation is a quarter of its largest value, or of the next format's.
    common = spec.product_max_magnitude << sum(map(_is_narrowest, spec.factors)) >> 4
    return min(common.bit_length() + fixed.fraction + walk, fixed.width)


def unreached(sums: Binades, fixed: FixedPoint, lsb: int | None = None) -> float:
    """Return the share of a sum that stands idle, since its bits are finer than products are; it ends at `lsb`, below which is no adder."""
    place = 0 if lsb is None else max(lsb + fixed.fraction, 0)
    bits = max(fixed.width - place, 1)
    return IDLE * min(max(sums.finest + fixed.fraction - place, 0), bits) / bits


def unused(sums: Binades, fixed: FixedPoint) -> float:
    """Return the share of a register that stands idle: the same bits, and those that sums do not reach.

    In front of the register those do not: what is added is now positive, now negative, and so are all bits above it.
    """
    finer, above = max(sums.finest + fixed.fraction, 0), max(fixed.width - fixed.fraction - sums.highest, 0)
    return IDLE * min(finer + above, fixed.width) / fixed.width


def idle_of_fixed(sums: Binades, fixed: FixedPoint, shape: NumberShape) -> tuple[float, float]:
    """Return the shares of the addition to a fixed-point register, and of the register, that stand idle, by the shape of products."""
    # A sum that only grows stands idle in front of the register, too, where it never reaches.
    return unreached(sums, fixed, shape.lsb) if shape.signed else unused(sums, fixed), unused(sums, fixed)


def unmoved(finest: float, size: float, fixed: FixedPoint, lowest: int, outputs: int) -> float:
    """Return the share of a shifter's outputs, from `lowest` on, that hardly any product is moved to.

    Products are multiples of ``2**finest``, and commonly as large as ``2**size``.
    """
    below = min(max(finest + fixed.fraction - lowest, 0), outputs)
    above = min(max(lowest + outputs - (size + _BEYOND_BITS + fixed.fraction), 0), outputs)
    return min((below + above) / outputs, 1.0)


def steadiness(spec: MacSpec) -> float:
    """Return how steady the sum of a block is that is kept for several steps, which seldom changes its sign; 0: as one of each step."""
    steps = (spec.fold_steps or _STEPS) if spec.blocks and spec.fold_steps is not None else 0
    return 1 - (2 / steps) ** 0.4 if steps > 2 else 0.0


def with_trees(idle: Shares, counts: Packed, more: float) -> Shares:
    """Return what stands idle where several numbers are added; below 0: it does more than others of its kind."""
    return (*idle, (-more, full_adders(counts)))


def unfilled(sums: Binades, precision: Any, idle: float = IDLE) -> Any:
    """Return the share of a float's significand, or of what is added to it, that stands idle: sums of products have the bits of the rest.

    Of many units all is columns, (units,) float64; `idle` says how much less than others the bits change that no product reaches.
    """
    share = 1 - (sums.highest - sums.finest) / precision
    return idle * share * (share > 0)
