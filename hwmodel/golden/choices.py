"""Operands of several formats, over many lanes: what a code means in the format that its mode chooses."""

from dataclasses import replace

import numpy as np

from hwmodel.spec import ChoiceFormat, FloatFormat, Operand

from .arrays import Array, select
from .terms import Terms, unpack


def unpack_operand(codes: Array, mode: Array | None, operand: Operand) -> Terms:
    """Return what the codes of an operand mean.

    Parameters
    ----------
    codes : (...,) uint64
        Codes in range of the widest format; the bits above a narrower one mean nothing.
    mode : (...,) uint64, optional
        Operands of several formats: which one; past the last, the last. None: the first.
    operand
        A format, or several; not a logarithmic one.
    """
    if not isinstance(operand, ChoiceFormat):
        return unpack(codes, operand)
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
        terms = select(chosen == i, other, terms)
    return terms
