"""Cells of one lane in front of the sum: unpacking and multiplication of its operands, where products do not join as rows."""

from typing import Any, NamedTuple

from hwmodel.spec import LogFormat, MacSpec, PositFormat, TensorAcc
from hwmodel.spec.dataflow import is_halved, lane_product, normalises_operands, normalises_product, raised_shape, stays_signed
from hwmodel.spec.ranges import operand_shape

from .operands import decode, mpy_log, operand_width
from .parts import mpy, number_width
from .posits import decode_posit, mpy_posit
from .tally import Counts
from .tensor import raise_halved


def operand_registers(spec: MacSpec) -> int:
    """Return how many registers stand between the operands and the sum: behind the multipliers, then behind the decoders."""
    # In front of an exact sum the last register of the pipeline is behind the sum.
    return spec.pipeline - (spec.exact_sum is not None)


class LaneCounts(NamedTuple):
    """Cells of one lane in front of the sum, of one unit or, in arrays, of many.

    Attributes
    ----------
    decode, multiply
        Unpacking of both operands; their multiplication.
    product_bits, operand_bits
        What a register behind the multiplier holds, and one behind the decoders.
    """

    decode: Counts
    multiply: Counts
    product_bits: Any
    operand_bits: Any

    def of_lanes(self, lanes: Any, registers: int) -> tuple[Counts, Counts]:
        """Return decode and multiplication of so many lanes, with registers behind the multipliers, then behind the decoders."""
        decode, multiply = self.decode.times(lanes), self.multiply.times(lanes)
        if registers > 0:
            multiply += Counts(flip_flop=lanes * self.product_bits)
        if registers == 2:
            decode += Counts(flip_flop=lanes * self.operand_bits)
        return decode, multiply


def lane_counts(spec: MacSpec, adder: str, multiplier: str) -> LaneCounts:
    """Count the unpacking and multiplication of the operands of one lane, where products do not join as rows."""
    normalised = normalises_operands(spec)
    if stays_signed(spec):
        return _lane_of_posits(spec, adder, multiplier)
    aligned = isinstance(spec.acc, TensorAcc)
    unpacked = decode(spec.a, normalised) + decode(spec.b, normalised)
    if isinstance(spec.a, LogFormat) and isinstance(spec.b, LogFormat):
        product, operands = mpy_log(spec.a, spec.b), operand_width(spec.a, normalised) + operand_width(spec.b, normalised)
    else:
        a, b = operand_shape(spec.a, normalised=normalised), operand_shape(spec.b, normalised=normalised)
        operands = number_width(a) + number_width(b)
        if aligned:
            operands += sum(map(is_halved, spec.factors))  # a bit longer
            raised = [raise_halved(shape) for shape, fmt in zip((a, b), spec.factors, strict=True) if is_halved(fmt)]
            unpacked += sum(raised, Counts())
            a, b = (raised_shape(shape) if is_halved(fmt) else shape for shape, fmt in zip((a, b), spec.factors, strict=True))
        product = mpy(a, b, normalised, normalises_product(spec), multiplier, adder, tells_zero=aligned)
    return LaneCounts(unpacked, product, number_width(lane_product(spec)) + (normalised or aligned), operands)


def _lane_of_posits(spec: MacSpec, adder: str, multiplier: str) -> LaneCounts:
    """Count the unpacking and multiplication of posits in two's complement."""
    assert isinstance(spec.a, PositFormat)
    assert isinstance(spec.b, PositFormat)
    # Unpacked so, a posit has as many bits as one with its sign taken off.
    operands = operand_width(spec.a, normalised=False) + operand_width(spec.b, normalised=False)
    product = mpy_posit(spec.a, spec.b, multiplier, adder)
    return LaneCounts(decode_posit(spec.a) + decode_posit(spec.b), product, number_width(lane_product(spec)), operands)
