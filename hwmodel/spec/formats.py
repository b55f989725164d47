"""Number formats as data.

A format is a frozen description; it computes nothing but facts about itself. What its codes are worth is told by
:mod:`hwmodel.golden`, how a circuit reads them by :mod:`hwmodel_rtl`. A *code* is an unsigned integer of `width` bits.

Every operand format answers the same few questions, so that code which sizes a circuit or a table need not know its kind:

``width``
    bits of a code.
``lsb_exponent``
    every finite value is an integer multiple of ``2**lsb_exponent`` (of a logarithmic format: once it is linear).
``max_magnitude``
    the largest finite absolute value, in units of ``2**lsb_exponent`` (a Python integer, exact).
``signed``, ``has_inf``, ``has_nan``, ``has_negative_zero``
    what else a code can mean.
``default_overflow``
    ``"sat"`` or ``"ieee"``, see ``docs/semantics.md``.
"""

from .blocks import BlockFormat
from .choices import ChoiceFormat, SimpleFormat
from .logarithms import LogFormat
from .x87 import X87Format

Format = SimpleFormat | LogFormat | X87Format
"""Formats with a codec."""

ScalarOperand = Format | ChoiceFormat
"""What a lane of a unit can multiply."""

Operand = ScalarOperand | BlockFormat
"""What can be an operand of a unit; a unit with `X87Format` can be estimated and has no circuit."""
