"""The accumulator's register in emitted Verilog, and states worth writing into it: far ones, that no story would reach.

The circuit relies on what it can reach from zero (`hwmodel.spec.ranges`): it is given no other state.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwmodel.spec import ChunkAcc, FixedAcc, FloatAcc, FloatFormat, MacSpec, PositAcc, PositFormat, QuireAcc, TensorAcc
from hwmodel.spec.dataflow import accumulated, block_scale
from hwmodel.spec.ranges import NumberShape, fixed_shape, float_state, operand_shape
from hwmodel.spec.tensor_step import sum_of_step, tensor_state

from .obligations import level_pushes
from .operands import Array


def limbs(values: Iterable[int], width: int) -> Array:
    """Return integers as codes of `width` bits: (n,) uint64, or (n, limbs) uint64 above 64 bits."""
    places = range(0, width, 64)
    codes = [[(value & ((1 << width) - 1)) >> place & ((1 << 64) - 1) for place in places] for value in values]
    array = np.array(codes, np.uint64)
    return array[:, 0] if width <= 64 else array


@dataclass(frozen=True)
class Register:
    """The register of the last level.

    Attributes
    ----------
    spec
        The unit.
    path
        Its hierarchical name inside the unit.
    width
        Its bits.
    """

    spec: MacSpec
    path: str
    width: int

    @classmethod
    def find(cls, spec: MacSpec, verilog: str) -> "Register | None":
        """Return the register as :func:`hwmodel_rtl.emit` writes it; None if `verilog` has no such thing."""
        part = "normacc_outer" if spec.is_chunked else "normacc"
        width = _width(spec)
        top, inside = (_module(verilog, name) for name in (spec.module_name, f"{spec.module_name}__{part}"))
        if width is None or not re.search(rf"^  {spec.module_name}__{part} {part} \($", top, re.MULTILINE):
            return None
        declared = re.search(r"^  reg (?:\[(\d+):0\] )?register\b", inside, re.MULTILINE)
        if declared is None or int(declared[1] or 0) + 1 != width:
            return None
        return cls(spec, f"{part}.register", width)

    def bits(self, codes: Array) -> Array:
        """Return what the register holds when the accumulator is `codes`, shaped as codes of `width` bits."""
        level = self.spec.levels[-1]
        if isinstance(level, FixedAcc | QuireAcc):
            return codes
        from hwmodel.golden.terms import unpack

        shape = register_shape(self.spec, level)
        terms = unpack(codes, level.format)
        numbers = zip(terms.significand.tolist(), terms.exponent.tolist(), terms.negative.tolist(), strict=True)
        return limbs((_packed(shape, *number) for number in numbers), self.width)


def _module(verilog: str, name: str) -> str:
    """Return the text of a module; empty if there is none."""
    found = re.search(rf"^module {name}\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def _width(spec: MacSpec) -> int | None:
    """Return the bits of the last level's register; None if its states are not known here."""
    level = spec.levels[-1]
    if isinstance(level, FixedAcc | QuireAcc):
        return spec.fixed_point(level).width
    if any(isinstance(each, FloatAcc) and not each.fused for each in spec.levels):
        return None  # what reaches the adder is rounded first, and of a shape of its own
    shape = register_shape(spec, level)
    return shape.significand_bits + _exponent_bits(shape) + shape.nan + shape.inf + shape.signed


def _exponent_bits(shape: NumberShape) -> int:
    low, high = shape.exponent_low, shape.exponent_high
    if low == high:
        return 0
    return high.bit_length() if low >= 0 else 1 + max((-low - 1).bit_length(), max(high, 0).bit_length())


def _packed(shape: NumberShape, significand: int, exponent: int, negative: bool) -> int:
    """Return a finite number as the fields of a register, from the lowest bit on: significand, exponent, specials, sign."""
    magnitude, bits = abs(significand), shape.significand_bits
    floor = shape.exponent_low + shape.top
    top = max(exponent + magnitude.bit_length() - 1, floor) if magnitude else floor
    shift = exponent - (top + 1 - bits)
    assert not magnitude & ((1 << max(-shift, 0)) - 1), "finer than the register"
    word = magnitude << shift if shift >= 0 else magnitude >> -shift
    place = bits + _exponent_bits(shape)
    word |= ((top - shape.top) & ((1 << _exponent_bits(shape)) - 1)) << bits
    return word | negative << (place + shape.nan + shape.inf) if shape.signed else word


def register_shape(spec: MacSpec, level: FloatAcc | PositAcc | TensorAcc) -> NumberShape:
    """Return the last level's register as an unpacked number."""
    if isinstance(level, PositAcc):
        return operand_shape(level.format, normalised=True)
    return float_state(_rounder(level), _addend_shape(spec)).shape


def _rounder(level: FloatAcc | TensorAcc) -> FloatAcc:
    """Return the float accumulator that reaches what a level does: a tensor core truncates, which moves no number up, and overflows."""
    return FloatAcc(level.format) if isinstance(level, TensorAcc) else level


def _addend_shape(spec: MacSpec) -> NumberShape:
    """Return what the last level adds: products, an exact sum of them, or a chunk's inner level."""
    first, product = spec.levels[0], accumulated(spec)
    if isinstance(first, TensorAcc):
        return _step_of_tensor(spec, first, product)
    if not spec.is_chunked:
        return product
    if isinstance(first, FixedAcc):
        point = spec.fixed_point(first)
        return fixed_shape(point.width, point.fraction)
    assert isinstance(first, FloatAcc)
    return float_state(first, product).shape


def _step_of_tensor(spec: MacSpec, acc: TensorAcc, product: NumberShape) -> NumberShape:
    """Return the sum of the products of a step; its exponents count from where the products' do, below their highest bit."""
    scale = block_scale(spec, normalised=False)
    return tensor_state(acc, product, scale).shape if acc.late else sum_of_step(acc, product, scale)


def far_states(spec: MacSpec, rng: np.random.Generator, side: Array) -> Array:
    """Return accumulators as :meth:`hwmodel.golden.Mac.load` takes them; of a quire it is the quire itself, in limbs.

    Parameters
    ----------
    side : (stories,) int
        1: just below the upper end; -1: just above the lower one; 0: beside a power of two, or anywhere.
    """
    level = spec.levels[-1]
    if isinstance(level, PositAcc):
        return _far_posits(level.format, rng, side)
    if isinstance(level, FloatAcc | TensorAcc):
        return _far_floats(_rounder(level), _addend_shape(spec), rng, side)
    codes = limbs(_far_numbers(spec, level, rng, side), spec.fixed_point(level).width)
    return codes[:, None] if isinstance(level, QuireAcc) and codes.ndim == 1 else codes


def _far_numbers(spec: MacSpec, level: FixedAcc | QuireAcc, rng: np.random.Generator, side: Array) -> list[int]:
    """Return fixed-point numbers, in units."""
    point, pushes = spec.fixed_point(level), level_pushes(spec)[0 if spec.is_chunked else -1]
    units = {towards: push * Fraction(2) ** point.fraction for towards, push in pushes.items()}
    saturates = isinstance(level, FixedAcc) and level.saturate
    # Below the lowest bit that an addend can have, only saturation leaves something.
    step = 0 if saturates else max(_addend_shape(spec).lsb + point.fraction, 0)
    # If no product is negative, no sum is, but for one that wrapped.
    lowest = 0 if saturates and -1 not in pushes else point.min_value
    values = []
    for towards in side.tolist():
        anywhere = int.from_bytes(rng.bytes(point.width // 8 + 1), "little")
        # A chunk adds anything from one product to as many as it has steps.
        products = int(rng.integers(1, spec.acc.length, endpoint=True)) if isinstance(spec.acc, ChunkAcc) and rng.integers(0, 2) else 1
        near = anywhere % (int(4 * products * units.get(towards, units[1])) + 1)
        if towards > 0:
            value = point.max_value - near
        elif towards < 0:
            value = lowest + near
        elif rng.integers(0, 2):
            value = (1 << int(rng.integers(0, point.width))) - near
        else:
            value = anywhere + lowest
        values.append(lowest + (value - lowest) % (point.max_value + 1 - lowest) >> step << step)
    return values


def _far_floats(level: FloatAcc, addend: NumberShape, rng: np.random.Generator, side: Array) -> Array:
    """Return finite codes up to the largest that the accumulator reaches."""
    fmt, shape, stories = level.format, float_state(level, addend).shape, len(side)
    finest, one = Fraction(2) ** shape.lsb, 1 << fmt.fraction_bits
    limit = _floor_code(fmt, shape.magnitude * finest)
    anywhere = rng.integers(min(_floor_code(fmt, finest), limit), limit, stories, endpoint=True)
    powers = (anywhere // one) * one + rng.integers(-2, 3, stories)
    # Of those beside an end some are at it (the least of addends may not move them there), some near, half within a binade.
    turn = np.arange(stories) // 4 % 4
    near = limit - np.select([turn == 0, turn == 2], [0, rng.integers(0, 4, stories)], rng.integers(0, one, stories))
    body = np.where(side != 0, near, np.where(rng.integers(0, 2, stories) == 1, powers, anywhere))
    body = np.clip(body, 0, limit)
    # Nothing finer than the finest addend, and of subnormals only what the options leave.
    lowest = np.maximum(body >> fmt.fraction_bits, int(fmt.subnormals)) - fmt.bias - fmt.fraction_bits
    finer = np.clip(shape.lsb - lowest, 0, 62)
    body = np.where(finer > fmt.fraction_bits, 0, body >> finer << finer)
    if level.ftz or not fmt.subnormals:
        body = np.where(body < one, 0, body)
    negative = np.where(side != 0, side < 0, rng.integers(0, 2, stories) == 1) & (body != 0) & shape.signed
    return body.astype(np.uint64) | np.where(negative, np.uint64(fmt.sign_mask), np.uint64(0))


def _floor_code(fmt: FloatFormat, value: Fraction) -> int:
    """Return the code of the largest number up to `value`, which is positive."""
    if value >= fmt.max_value:
        return fmt.max_finite_code
    from hwmodel.golden.scalar import decode

    low, high = 0, fmt.max_finite_code
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if decode(middle, fmt).number <= value else (low, middle)
    return low


def _far_posits(fmt: PositFormat, rng: np.random.Generator, side: Array) -> Array:
    """Return codes that are no NaR."""
    largest, stories = fmt.nan_code - 1, len(side)
    body = np.where(side != 0, largest - rng.integers(0, 4, stories) % largest, rng.integers(1, largest, stories, endpoint=True))
    negative = np.where(side != 0, side < 0, rng.integers(0, 2, stories) == 1)
    return (np.where(negative, -body, body) & ((1 << fmt.width) - 1)).astype(np.uint64)
