"""Posits by their definition, on integers: every value of a format listed, and rounding by looking at the neighbours.

Source: Posit Standard (2022), sections 3.3 and 4.1. The boundary between two neighbours is the posit with one more bit that
lies between them; on it the even code is chosen. Nothing but 0 rounds to 0, and nothing rounds to NaR.
"""

from bisect import bisect_right
from fractions import Fraction
from functools import lru_cache


def magnitude(code: int, width: int, es: int) -> Fraction:
    """Return the value of a positive code: the regime is read bit by bit, missing exponent bits are 0."""
    bits = format(code, f"0{width}b")[1:]
    run = len(bits) - len(bits.lstrip(bits[0]))
    regime = run - 1 if bits[0] == "1" else -run
    rest = bits[run + 1 :]
    exponent, fraction = rest[:es].ljust(es, "0"), rest[es:]
    significand = Fraction(int("1" + fraction, 2), 1 << len(fraction))
    return significand * Fraction(2) ** (regime * 2**es + int(exponent or "0", 2))


@lru_cache
def _lists(width: int, es: int) -> tuple[list[int], list[int], int]:
    """Return the positive values, the boundary above each but the last, and the exponent of their common unit."""
    unit = -((width - 1) << es)  # minpos with one bit more
    scaled = [[int(magnitude(code, bits, es) / Fraction(2) ** unit) for code in range(1, 1 << (bits - 1))] for bits in (width, width + 1)]
    # With one bit more the code c becomes 2c, and 2c + 1 lies between c and c + 1.
    return scaled[0], scaled[1][2::2], unit


class Posits:
    """All posits of one format of at most 16 bits."""

    def __init__(self, width: int, es: int):
        self.width, self.es = width, es
        self.nar = 1 << (width - 1)
        self.values, self.boundaries, unit = _lists(width, es)
        self.unit = Fraction(1, 1 << -unit)
        self.numbers = [size * self.unit for size in self.values]

    def value(self, code: int) -> Fraction | None:
        """Return the value of any code; None for NaR."""
        if code in (0, self.nar):
            return None if code else Fraction(0)
        negative = code > self.nar
        return -self.numbers[(1 << self.width) - code - 1] if negative else self.numbers[code - 1]

    def round(self, number: Fraction | None) -> int:
        """Return the code that `number` rounds to; NaR for None."""
        if number is None:
            return self.nar
        if number == 0:
            return 0
        size = abs(number) / self.unit
        whole = int(size)  # the values are whole
        code = max(bisect_right(self.values, whole), 1)
        if size > self.values[0] and code < len(self.values):
            boundary = self.boundaries[code - 1]
            code += size > boundary or (size == boundary and code % 2 == 1)
        return code if number > 0 else (1 << self.width) - code
