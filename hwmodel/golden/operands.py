"""Operands that are not one format, over many units: what a code means where something else shown with it has a say."""

from dataclasses import replace

import numpy as np

from hwmodel.spec import BlockFormat, ChoiceFormat, FloatFormat, Operand

from .arrays import Array, select
from .terms import Terms, unpack


def choice_bits(operand: Operand) -> int:
    """Return the bits of what is shown with a code and decides what it means: a mode, or the shift of its sub-block."""
    match operand:
        case ChoiceFormat():
            return operand.mode_bits
        case BlockFormat():
            return operand.shift_bits
    return 0


def unpack_operand(codes: Array, choice: Array | None, operand: Operand) -> Terms:
    """Return what the codes of an operand mean; of a block format, its elements', block scale left out.

    Parameters
    ----------
    codes : (...,) uint64
        Codes in range of the widest format; the bits above a narrower one mean nothing.
    choice : (...,) uint64, optional
        Operands of several formats: which one; past the last, the last. Elements of sub-blocks: their shift. None: 0.
    operand
        A format, or several, or a block format; not a logarithmic one.
    """
    match operand:
        case ChoiceFormat():
            return _chosen(codes, choice, operand)
        case BlockFormat():
            terms = unpack(codes, operand.element)
            shift = np.int64(0) if choice is None else choice.astype(np.int64)
            return terms._replace(exponent=terms.exponent - (operand.point + shift))
    return unpack(codes, operand)


def _chosen(codes: Array, mode: Array | None, operand: ChoiceFormat) -> Terms:
    formats = operand.choices
    chosen = np.zeros(codes.shape, np.int64) if mode is None else np.minimum(mode, len(formats) - 1).astype(np.int64)
    floats = [fmt for fmt in formats if isinstance(fmt, FloatFormat)]
    if len(floats) == len(formats) and len({replace(fmt, bias=0) for fmt in floats}) == 1:
        # Only the bias differs, and that is where the exponent counts from.
        terms = unpack(codes, floats[0])
        shift = floats[0].bias - np.array([fmt.bias for fmt in floats])
        return terms._replace(exponent=terms.exponent + shift[chosen])
    terms, *others = (unpack(codes & np.uint64((1 << fmt.width) - 1), fmt) for fmt in formats)
    for i, other in enumerate(others, start=1):
        terms = select(np.broadcast_to(chosen == i, codes.shape), other, terms)
    return terms
