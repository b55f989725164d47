"""Scales and shifts of blocks: such that sums neither always overflow nor always vanish, the extreme ones, and noise where none counts."""

from dataclasses import dataclass

import numpy as np

from hwmodel.spec import FixedAcc, FloatFormat, IntFormat, MacSpec, PositAcc, QuireAcc, TensorAcc
from hwmodel.spec.blocks import BlockFormat

from .operands import Array, is_nan, log2_magnitude


def block_operands(spec: MacSpec) -> dict[str, BlockFormat]:
    """Return the operands that come in blocks, by port."""
    return {name: fmt for name, fmt in (("a", spec.a), ("b", spec.b)) if isinstance(fmt, BlockFormat)}


def largest_scales(spec: MacSpec, shape: tuple[int, ...]) -> dict[str, Array]:
    """Return, by port, scales and shifts under which elements are worth most."""
    found = {}
    for name, fmt in block_operands(spec).items():
        found[f"{name}_scale"] = np.full(shape, _Scales.of(fmt.scale).largest)
        if fmt.sub_size:
            found[f"{name}_shift"] = np.zeros(_shift_shape(spec, fmt, shape), np.uint64)
    return found


def _shift_shape(spec: MacSpec, fmt: BlockFormat, shape: tuple[int, ...]) -> tuple[int, ...]:
    groups = spec.shifts(fmt)
    return shape if groups == 1 else (*shape, groups)


def window(spec: MacSpec) -> int:
    """Return about how many bits below its highest the first accumulator keeps."""
    level = spec.levels[0]
    if isinstance(level, TensorAcc):
        return level.fraction
    if isinstance(level, FixedAcc | QuireAcc):
        return spec.fixed_point(level).width - 1
    return level.format.precision


def reach(spec: MacSpec) -> tuple[int, int]:
    """Return log2 of the smallest and of the largest number of the last accumulator, about."""
    level = spec.levels[-1]
    if isinstance(level, FixedAcc | QuireAcc):
        point = spec.fixed_point(level)
        return -point.fraction, point.width - 1 - point.fraction
    if isinstance(level, PositAcc):
        return -level.format.max_exponent, level.format.max_exponent
    return level.format.lsb_exponent, level.format.emax + 1


@dataclass(frozen=True, eq=False)
class _Scales:
    """The codes of a scale's format: those of positive numbers, log2 of these, in their order; and what is neither."""

    codes: Array
    size: Array
    odd: Array

    @classmethod
    def of(cls, fmt: FloatFormat | IntFormat) -> "_Scales":
        codes = np.arange(1 << fmt.width, dtype=np.uint64)
        size = log2_magnitude(codes, fmt)
        order = np.argsort(size, kind="stable")
        order = order[np.isfinite(size[order])]
        ends = codes[order[[0, -1]]]
        nans = codes[is_nan(codes, fmt)]
        return cls(codes[order], size[order], np.concatenate([ends, codes[size == -np.inf], nans, nans]))

    @property
    def largest(self) -> np.uint64:
        return self.codes[-1]

    def near(self, size: Array, rng: np.random.Generator) -> Array:
        """Return codes of about a size, log2."""
        first, last = (np.searchsorted(self.size, size + step) for step in (-0.5, 0.5))
        place = first + rng.integers(0, 1 << 16, size.shape) % np.maximum(last - first, 1)
        return self.codes[np.minimum(place, len(self.codes) - 1)]


def scale_sheets(spec: MacSpec, rng: np.random.Generator, fresh: Array, counts: Array, ends: Array) -> dict[str, Array]:
    """Return what the ports of scales and shifts show.

    Parameters
    ----------
    fresh
        (cycles, stories) bool: where a block begins.
    counts
        Where a step is taken.
    ends
        Where a block ends with such a step. Only there a scale counts; in some of the stories it is shown only there.
    """
    shape = fresh.shape
    block = np.cumsum(fresh, axis=0)
    drawn = _draw(spec, rng, (int(block.max()) + 1, shape[1]))
    late = rng.random(shape[1]) < 1 / 3
    noise = np.where(counts, late & ~ends, rng.random(shape) < 1 / 2)
    sheets = {}
    for name, fmt in block_operands(spec).items():
        held = np.take_along_axis(drawn[name], block, 0)
        sheets[f"{name}_scale"] = np.where(noise, rng.integers(0, 1 << fmt.scale.width, shape, dtype=np.uint64), held)
        if fmt.sub_size:
            sheets[f"{name}_shift"] = _shifts(rng, fmt.max_shift, _shift_shape(spec, fmt, shape))
    return sheets


def _shifts(rng: np.random.Generator, largest: int, shape: tuple[int, ...]) -> Array:
    """Return random shifts, in some stories the smallest or the largest only."""
    drawn = rng.integers(0, largest, shape, dtype=np.uint64, endpoint=True)
    style = rng.integers(0, 8, shape[1])[:, *[None] * (len(shape) - 2)]
    return np.select([style == 0, style == 1], [np.zeros_like(drawn), np.full_like(drawn, largest)], drawn)


def _draw(spec: MacSpec, rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Array]:
    """Return the scales of the blocks of all stories, (blocks, stories): their product wanders, each takes a part of it."""
    operands = block_operands(spec)
    scales = {name: _Scales.of(fmt.scale) for name, fmt in operands.items()}
    rest = _wander(spec, rng, shape, sum(each.size[0] for each in scales.values()), sum(each.size[-1] for each in scales.values()))
    odd_often = rng.choice([0, 0, 1 / 64, 1 / 4], shape[1])
    found = {}
    for name, each in scales.items():
        others = [other for key, other in scales.items() if key not in found and key != name]
        low = np.maximum(each.size[0], rest - sum(other.size[-1] for other in others))
        high = np.minimum(each.size[-1], rest - sum(other.size[0] for other in others))
        codes = each.near(low + (high - low) * rng.random(shape), rng)
        rest = rest - log2_magnitude(codes, operands[name].scale)
        odd = rng.random(shape) < odd_often
        found[name] = np.where(odd, each.odd[rng.integers(0, len(each.odd), shape)], codes)
    return found


def _wander(spec: MacSpec, rng: np.random.Generator, shape: tuple[int, int], smallest: float, largest: float) -> Array:
    """Return log2 of what the scales of each block multiply to, (blocks, stories).

    One block's is that of the one before, or near it, or about as far from it as the accumulator is wide, or anywhere.
    """
    least, most = reach(spec)
    top = spec.product_max_magnitude.bit_length() + spec.product_lsb_exponent
    low = float(np.clip(least - top - 4, smallest, largest))
    high = float(np.clip(most - top - 1, smallest, largest))
    anywhere = np.rint(rng.uniform(low, high, shape))
    far = window(spec) + rng.integers(-2, 3, shape)
    side = rng.choice([-1, 1], shape)
    steps = np.select(
        [(style := rng.random(shape)) < 0.4, style < 0.6, style < 0.8], [0, side, side * far], side * rng.integers(1, 8, shape)
    )
    jump = rng.random(shape) < rng.choice([0, 1 / 16, 1 / 2], shape[1])
    size = anywhere
    for at in range(1, shape[0]):
        size[at] = np.where(jump[at], anywhere[at], np.clip(size[at - 1] + steps[at], low, high))
    return size
