"""Codebooks: the nearest of a table's entries.

As an operand (``nf4@fp16``) a codebook's entries are the rounded ones. Where rounding made some equal, the first code of them is used.
"""

from bisect import bisect_right
from fractions import Fraction

from hwmodel.spec import CodebookFormat

from .rounding import compare
from .value import Value


def decode(code: int, fmt: CodebookFormat) -> Value:
    return Value.of(fmt.entries[code])


def encode(value: Value, fmt: CodebookFormat, rounding: str, overflow: str, random: int | None) -> int:
    """Return the code of a number or an infinity; beyond the ends the last entry stands for all."""
    entries = sorted(set(fmt.entries))
    number = value.number
    above = bisect_right(entries, number)
    if above == len(entries) or value.is_infinite:
        entry = entries[0 if value.is_infinite and value.negative else -1]
    elif above == 0 or number == entries[above - 1]:
        entry = entries[max(above - 1, 0)]
    else:
        low, high = entries[above - 1], entries[above]
        entry = high if _rises(rounding, number, low, high, fmt.entries.index(low) % 2 == 1) else low
    return fmt.entries.index(entry)


def _rises(rounding: str, number: Fraction, low: Fraction, high: Fraction, odd: bool) -> bool:
    """Whether a number between two entries becomes the higher one; `odd` tells of the lower one's code.

    Toward zero is the entry nearer zero: where zero lies between the two and is no entry, as well as elsewhere.
    """
    middle = (low + high) / 2
    beyond = compare(number, middle)
    match rounding:
        case "rne":
            return beyond > 0 or (beyond == 0 and odd)
        case "rna":
            return beyond > 0 or (beyond == 0 and number >= 0)
        case "rtz":
            return middle < 0 or (middle == 0 and odd)
    return rounding == "rup"


def largest_code(fmt: CodebookFormat) -> int:
    return fmt.entries.index(max(fmt.entries))


def zero_code(fmt: CodebookFormat) -> int:
    """Return the code of the entry nearest zero."""
    return encode(Value(), fmt, "rne", "sat", None)
