"""Cells of one lane in front of the sum: unpacking and multiplication of its operands, where products do not join as rows."""

from functools import lru_cache
from typing import NamedTuple

from hwmodel.spec import BlockFormat, FixedAcc, IntFormat, LogFormat, MacSpec, Operand, PositAcc, PositFormat, TensorAcc
from hwmodel.spec.dataflow import Taken, is_halved, lane_product, product_of, raised_shape, stays_signed, taken
from hwmodel.spec.ranges import operand_shape
from hwmodel.spec.tensor_step import TensorWindow
from hwmodel.spec.window_shift import WindowShift

from .cells import FLIP_FLOP, Packed
from .operands import decode, mpy_log, operand_width
from .parts import exponent_width, mpy, number_width
from .posits import decode_posit, mpy_posit
from .tensor import raise_halved


def operand_registers(spec: MacSpec) -> int:
    """Return how many registers stand between the operands and the sum: behind the multipliers, then behind the decoders."""
    # In front of an exact sum the last register of the pipeline is behind the sum.
    return spec.pipeline - (spec.exact_sum is not None)


class LaneCounts(NamedTuple):
    """Cells of one lane in front of the sum.

    Attributes
    ----------
    decode, multiply
        Unpacking of both operands; their multiplication.
    product_bits, operand_bits
        What a register behind the multiplier holds, and one behind the decoders.
    """

    decode: Packed
    multiply: Packed
    product_bits: int
    operand_bits: int

    def without(self, bits: int) -> "LaneCounts":
        """Return the counts of a lane of whose product so many bits are not asked for, see `unread`."""
        return self._replace(product_bits=self.product_bits - bits) if bits else self

    def registered(self, registers: int) -> tuple[Packed, Packed]:
        """Return decode and multiplication with so many registers, behind the multiplier, then behind the decoders."""
        multiply = self.multiply + self.product_bits * FLIP_FLOP if registers > 0 else self.multiply
        return self.decode + self.operand_bits * FLIP_FLOP if registers == 2 else self.decode, multiply


def lane_counts(spec: MacSpec, adder: str, multiplier: str) -> LaneCounts:
    """Count the unpacking and multiplication of the operands of one lane, where products do not join as rows and are all asked for."""
    return _lane(spec.a, spec.b, taken(spec), adder, multiplier)


def unread(spec: MacSpec) -> int:
    """Return how many bits of a unit's products nobody asks for.

    Those are, where fixed point rounds down, bits that are below its unit in any case, of integers without a sign and of posits; bits
    below a tensor core's window; and the highest of an exponent that a posit is rebased by, to one that has no sign.
    """
    first = spec.levels[0]
    if spec.exact_sum is not None:
        return 0
    if isinstance(first, FixedAcc) and first.rounding == "floor":
        if all(isinstance(fmt, IntFormat) and not fmt.signed for fmt in (spec.a, spec.b)):
            return max(-spec.product_lsb_exponent - spec.fixed_point(first).fraction, 0)
        if stays_signed(spec):
            return WindowShift.of(lane_product(spec), spec.fixed_point(first).fraction, first.rounding).unread
    if isinstance(first, TensorAcc):
        return max(lane_product(spec).significand_bits - TensorWindow.of(first).product_bits, 0)
    if isinstance(first, PositAcc) and first.fused:
        shape = lane_product(spec)
        rebased = exponent_width(shape.exponent_low + shape.top, shape.exponent_high + shape.top)[0]
        return max(exponent_width(shape.exponent_low, shape.exponent_high)[0] - rebased, 0) if shape.has_exponent else 0
    return 0


@lru_cache(maxsize=1 << 12)
def _lane(a: Operand, b: Operand, taken: Taken, adder: str, multiplier: str) -> LaneCounts:
    """Count the same, from how operands and products are taken, which many accumulators do alike."""
    shape = product_of(a, b, taken)
    product_bits = number_width(shape) + taken.flagged
    if not (taken.normalised or taken.aligned or taken.signed or shape.has_exponent):
        # Nobody asks for bits above the largest product, as of int8 and uint8: an int8 alone has the power of two.
        product_bits -= shape.significand_bits - shape.magnitude.bit_length()
    elif not (taken.normalised or taken.aligned or taken.signed) and shape.exponent_low < 0:
        # How far it is shifted to a unit is told by fewer bits of the exponent, from its lowest value on.
        product_bits -= max(
            exponent_width(shape.exponent_low, shape.exponent_high)[0] - (shape.exponent_high - shape.exponent_low).bit_length(), 0
        )
    if taken.signed:
        assert isinstance(a, PositFormat)
        assert isinstance(b, PositFormat)
        # Unpacked so, a posit has as many bits as one with its sign taken off.
        operands = operand_width(a, normalised=False) + operand_width(b, normalised=False)
        return LaneCounts(decode_posit(a) + decode_posit(b), mpy_posit(a, b, multiplier, adder), product_bits, operands)
    unpacked = decode(a, taken.normalised) + decode(b, taken.normalised)
    if isinstance(a, LogFormat) and isinstance(b, LogFormat):
        operands = operand_width(a, taken.normalised) + operand_width(b, taken.normalised)
        return LaneCounts(unpacked, mpy_log(a, b), product_bits, operands)
    x, y = operand_shape(a, normalised=taken.normalised), operand_shape(b, normalised=taken.normalised)
    operands = number_width(x) + number_width(y)
    if taken.aligned:
        halved = [is_halved(fmt.element if isinstance(fmt, BlockFormat) else fmt) for fmt in (a, b)]
        operands += sum(halved)  # a bit longer
        unpacked += sum((raise_halved(shape) for shape, raised in zip((x, y), halved, strict=True) if raised), 0)
        x, y = (raised_shape(shape) if raised else shape for shape, raised in zip((x, y), halved, strict=True))
    product = mpy(x, y, taken.normalised, taken.product_normalised, multiplier, adder, tells_zero=taken.aligned)
    return LaneCounts(unpacked, product, product_bits, operands)
