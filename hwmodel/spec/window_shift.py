"""How a number in two's complement is brought to a fixed-point grid: moved a few places by multiplexers, then into one of some windows.

The low bits of its exponent move it in steps of 1, 2, 4 …; then each bit of the grid is the OR of the few windows that can reach it, of
which one at most is open. Nothing is open for a zero. Circuits and estimates are built from this one plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .ranges import NumberShape


@dataclass(frozen=True)
class WindowShift:
    """The plan of one shift.

    Attributes
    ----------
    bits
        Of the number, which is signed.
    fine
        How many of the exponent's low bits move it by multiplexers.
    windows
        What the exponent's other bits can be.
    place
        Weight of the number's lowest bit at exponent 0, in units of the grid.
    lowest
        For each window the lowest weight at which it can have a bit that is one.
    start, reach
        Weights of the bits of the grid that are asked for; the number's sign is what stands at `reach` and above.
    """

    bits: int
    fine: int
    windows: range
    place: int
    lowest: tuple[int, ...]
    start: int
    reach: int

    @classmethod
    @lru_cache(maxsize=1 << 10)
    def of(cls, shape: NumberShape, fraction: int, rounding: str) -> "WindowShift":
        """Return the smallest shift of numbers of shape `shape` to a grid of the unit ``2**-fraction``.

        Parameters
        ----------
        rounding
            ``"floor"``: bits below the unit are not asked for; or ``"rne"``.
        """
        assert shape.twos_complement
        exponents = max(-shape.exponent_low - 1, shape.exponent_high).bit_length()
        return min((cls._with(shape, fraction, rounding, fine) for fine in range(exponents + 1)), key=lambda plan: plan.gates)

    @classmethod
    def _with(cls, shape: NumberShape, fraction: int, rounding: str, fine: int) -> "WindowShift":
        windows = range(shape.exponent_low >> fine, (shape.exponent_high >> fine) + 1)
        lowest = [shape.magnitude.bit_length() + shape.lsb + fraction] * len(windows)
        for exponent, weight in enumerate(shape.lowest, shape.exponent_low):
            window = (exponent >> fine) - windows[0]
            lowest[window] = min(lowest[window], max(weight, shape.lsb) + fraction)
        unit = shape.lsb + fraction
        return cls(
            bits=shape.significand_bits,
            fine=fine,
            windows=windows,
            place=shape.top + 1 - shape.significand_bits + fraction,
            lowest=tuple(lowest),
            start=unit if rounding == "rne" else max(unit, 0),
            reach=shape.magnitude.bit_length() + unit,
        )

    @property
    def moved_bits(self) -> int:
        """Bits of the number once the low bits of its exponent have moved it."""
        return self.bits + (1 << self.fine) - 1

    @cached_property
    def lowest_read(self) -> int:
        """Of the number, once the low bits of its exponent have moved it, the place of the lowest bit that comes to a weight asked for."""
        return min((place for weight in self.weights for _, place in self.sources(weight)), default=self.moved_bits - 1)

    @property
    def unread(self) -> int:
        """Low bits of the number that come to no weight that is asked for, wherever it is moved."""
        return min(max(self.lowest_read - (1 << self.fine) + 1, 0), self.bits - 1)

    @property
    def weights(self) -> range:
        """Weights of the bits of the grid that are asked for."""
        return range(self.start, max(self.reach, self.start, 0))

    def sources(self, weight: int) -> Iterator[tuple[int, int]]:
        """Yield the windows in which a bit of the number, but for its sign, comes to a weight, each with the place of that bit."""
        first, above = self.windows[0] + max(self._below(weight), 0), (weight - self.place >> self.fine) + 1
        for window in range(first, min(above, self.windows.stop)):
            if weight >= self.lowest[window - self.windows[0]]:
                yield window, weight - self.place - (window << self.fine)

    def signs(self, weight: int) -> tuple[int, ...]:
        """Return the windows in which a weight lies above the number: its sign stands there."""
        return tuple(self.windows[: max(self._below(weight), 0)])

    def _below(self, weight: int) -> int:
        """Return how many windows, from the lowest on, a weight lies above the number in; it can be below 0, or more than there are."""
        return (weight - self.place - self.moved_bits + 1 >> self.fine) - self.windows[0] + 1

    @property
    def gates(self) -> float:
        """What the shift costs, roughly, in two-input gates; a multiplexer counts as 2.3 of them."""
        moves = sum(2.3 * (self.bits + (1 << stage) - 2) + (1 << stage) for stage in range(self.fine))
        terms, asked = 0, self.weights
        for window, lowest in zip(self.windows, self.lowest, strict=True):
            first = self.place + (window << self.fine)
            terms += len(range(max(first, lowest, asked.start), min(first + self.moved_bits - 1, asked.stop)))
        signed = self.place + (self.windows[0] << self.fine) + self.moved_bits - 1
        terms += len(range(max(signed, asked.start), asked.stop))
        return moves + (terms + 0.5 * len(asked)) + 3 * len(self.windows)
