"""The products of a step, over many units: of narrow operands by table."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hwmodel.spec import LogFormat, MacSpec

from .arrays import Array
from .operands import choice_bits, unpack_operand
from .terms import TermRange, Terms, logarithms, multiply, multiply_logs

_TABLE_BITS = 16
"""Operand pairs of up to this many bits are multiplied by table."""


class Products:
    """Products in the form in which they are added.

    Parameters
    ----------
    spec
        The unit.
    align
        What makes that form of exact products.
    """

    def __init__(self, spec: MacSpec, align: Callable[[Terms], Any]):
        self._formats = (spec.a, spec.b)
        self._significand_bits = TermRange.of_products(spec).significand_bits
        self._align = align
        self._bits = tuple(fmt.width + choice_bits(fmt) for fmt in self._formats)
        self._table = self._all() if sum(self._bits) <= _TABLE_BITS else None

    def __call__(self, a: Array, a_choice: Array | None, b: Array, b_choice: Array | None) -> Any:
        """Return the products of codes, (n,) or (lanes, n), and of what is shown with them (see `unpack_operand`), of a shape that fits."""
        if self._table is None:
            return self._align(self._terms(a, a_choice, b, b_choice))
        place = (self._place(a, a_choice, self._formats[0].width) << self._bits[1]) | self._place(b, b_choice, self._formats[1].width)
        # Codes were checked, so "wrap" never wraps: it only spares NumPy a second check.
        return type(self._table)(*(field.take(place, axis=-1, mode="wrap") for field in self._table))

    def _all(self) -> Any:
        """Return the products of all pairs of codes and choices, choices above codes."""
        a, b = (index.ravel().astype(np.uint64) for index in np.indices([1 << bits for bits in self._bits]))
        widths = (np.uint64(fmt.width) for fmt in self._formats)
        split = [(word & ((np.uint64(1) << width) - np.uint64(1)), word >> width) for word, width in zip((a, b), widths, strict=True)]
        return self._align(self._terms(*split[0], *split[1]))

    def _terms(self, a: Array, a_choice: Array | None, b: Array, b_choice: Array | None) -> Terms:
        """Return the exact products."""
        one, other = self._formats
        if isinstance(one, LogFormat) and isinstance(other, LogFormat):
            return multiply_logs(logarithms(a, one), logarithms(b, other), one)
        x, y = unpack_operand(a.astype(np.uint64), a_choice, one), unpack_operand(b.astype(np.uint64), b_choice, other)
        return multiply(x, y, self._significand_bits)

    @staticmethod
    def _place(codes: Array, choice: Array | None, width: int) -> Array:
        """Return where an operand stands in the table of products."""
        place = codes.astype(np.intp)
        return place if choice is None else place | (choice.astype(np.intp) << width)
