"""What a proof owes, from the spec alone: both ends of every accumulator level, and chunks that end by count.

An *end* is where a register stops adding as before: of fixed point the overflow; of a float or a posit the overflow or, where
the largest product falls below half a unit in the last place before that, the largest number that pushing reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from hwmodel.spec import ChunkAcc, FixedAcc, FloatAcc, Level, MacSpec, PositAcc, QuireAcc, SpecError

from .pairs import largest_products


@dataclass(frozen=True)
class Obligation:
    """Something the golden model must have been seen to do.

    Attributes
    ----------
    level
        Index into ``spec.levels``.
    where
        Name of that level, with a space before it: nothing, `` inner`` or `` outer``.
    towards
        1: the upper end; -1: the lower end; 0: two whole chunks one after the other, both ended by count.
    steps
        About how many steps that takes from zero.
    """

    level: int
    where: str
    towards: int
    steps: int

    @property
    def what(self) -> str:
        if not self.towards:
            return "two whole chunks"
        return f"{'upper' if self.towards > 0 else 'lower'} end of the{self.where} register"


def in_words(missed: Sequence[Obligation]) -> str:
    """Return what was not reached, and how many steps each would take."""
    both = {each.level for each in missed if each.towards > 0} & {each.level for each in missed if each.towards < 0}
    said = []
    for each in missed:
        if each.level not in both or not each.towards:
            said.append((each.what, each.steps))
        elif each.towards > 0:
            said.append((each.what.replace("upper end", "both ends"), each.steps))
    return ", ".join(f"{what} ({_power(steps)} steps)" for what, steps in said)


def _power(steps: int) -> str:
    return f"{steps:,}" if steps < 1 << 14 else f"2^{(steps - 1).bit_length()}"


@lru_cache(maxsize=64)
def obligations(spec: MacSpec) -> tuple[Obligation, ...]:
    """Return what a proof of `spec` owes, in the order a product meets it."""
    owed: list[Obligation] = []
    pushes, period = exact_pushes(spec), 1
    for index, level in enumerate(spec.levels):
        where = (" inner", " outer")[index] if spec.is_chunked else ""
        for towards, push in pushes.items():
            steps = _steps(spec, level, push) * period
            # An inner level starts again after every chunk.
            if steps and (index or not isinstance(spec.acc, ChunkAcc) or steps <= spec.acc.length):
                owed.append(Obligation(index, where, towards, steps))
        if isinstance(spec.acc, ChunkAcc) and not index:
            period = spec.acc.length
            owed.append(Obligation(index, where, 0, 2 * period))
            pushes = {towards: pushed(spec, level, push, period) for towards, push in pushes.items()}
    return tuple(owed)


def exact_pushes(spec: MacSpec) -> dict[int, Fraction]:
    """Return the sizes of the largest products, by sign; no -1 if products have none."""
    from hwmodel.golden import Mac

    try:
        exact = MacSpec(spec.a, spec.b, FixedAcc())
    except SpecError:  # too wide; then nearly all formats are symmetric
        size = spec.product_max_magnitude * Fraction(2) ** spec.product_lsb_exponent
        return dict.fromkeys(largest_products(spec), size)
    assert isinstance(exact.acc, FixedAcc)
    point, found = exact.fixed_point(exact.acc), {}
    for towards, inputs in largest_products(spec).items():
        mac = Mac(exact)
        mac.reset(1)
        mac.step(**inputs)
        code = sum(int(limb) << (64 * place) for place, limb in enumerate(mac.acc.ravel().tolist()))
        found[towards] = abs(code - (code >> (point.width - 1) << point.width)) * Fraction(2) ** -point.fraction
    return found


def pushed(spec: MacSpec, level: Level, push: Fraction, times: int) -> Fraction:
    """Return about how large `times` equal pushes make a level."""
    return min(push * times, _end(spec, level, push)[0])


def _end(spec: MacSpec, level: Level, push: Fraction) -> tuple[Fraction, bool]:
    """Return the size at which equal pushes end, and whether by overflow."""
    if isinstance(level, FixedAcc | QuireAcc):
        point = spec.fixed_point(level)
        return point.max_value * Fraction(2) ** -point.fraction, True
    from hwmodel.golden.scalar import decode

    largest, stuck = top_code(level), stuck_code(level, push)
    return decode(min(stuck, largest), level.format).number, stuck > largest


def _steps(spec: MacSpec, level: Level, push: Fraction) -> int:
    """Return about how many equal pushes lead to the end of a level; 0: they lead nowhere."""
    end, _ = _end(spec, level, push)
    if isinstance(level, FixedAcc | QuireAcc):
        point = spec.fixed_point(level)
        # Floored, or rounded to even: what is less than half a unit may not count at all.
        units = int(push * Fraction(2) ** point.fraction)
        return int(end * Fraction(2) ** point.fraction) // units + 1 if units else 0
    # Each push is rounded, to half its size at worst and only near the end.
    return int(end / push * Fraction(3, 2)) + 2


def top_code(level: FloatAcc | PositAcc) -> int:
    """Return the code of the largest finite number."""
    return level.format.max_finite_code if isinstance(level, FloatAcc) else level.format.nan_code - 1


def stuck_code(level: FloatAcc | PositAcc, push: Fraction) -> int:
    """Return the first positive code that adding `push` cannot pass; one more than the largest number's if there is none.

    Codes of one sign are in the order of their values, and the gaps between them never shrink.
    """
    from hwmodel.golden.scalar import decode

    fmt = level.format
    nearest = isinstance(level, PositAcc) or level.rounding in ("rne", "rna")
    if isinstance(level, FloatAcc):
        push *= 1 << level.random_bits  # stochastic rounding tells so small a part of a gap from nothing
    low, high = 0, top_code(level)
    while low < high:
        middle = (low + high) // 2
        gap = decode(middle + 1, fmt).number - decode(middle, fmt).number
        if gap >= 2 * push if nearest else gap > push:
            high = middle
        else:
            low = middle + 1
    return low if low < top_code(level) else low + 1
