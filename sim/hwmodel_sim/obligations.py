"""What a proof owes, from the spec alone: both ends of every accumulator level, and chunks and blocks that end by count.

An *end* is where a register stops adding as before: of fixed point the overflow; of a float or a posit the overflow or, where
the largest addend falls below half a unit in the last place (of a tensor core: below what alignment leaves) before that, the largest
number that pushing reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

from hwmodel.spec import ChunkAcc, FixedAcc, FloatAcc, Level, MacSpec, PositAcc, QuireAcc, SpecError, TensorAcc
from hwmodel.spec.blocks import max_of

from .folds import levels_of, steps_together
from .pairs import largest_products


@dataclass(frozen=True)
class Obligation:
    """Something the golden model must have been seen to do.

    Attributes
    ----------
    level
        Index into :func:`hwmodel_sim.folds.levels_of`.
    where
        The key there.
    towards
        1: the upper end; -1: the lower end; 0: two whole chunks or blocks one after the other, both ended by count.
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
            return "two whole blocks" if "block" in self.where else "two whole chunks"
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
    for index, ((where, level), pushes) in enumerate(zip(levels_of(spec).items(), level_pushes(spec), strict=True)):
        period = steps_together(spec) if index else 1
        for towards, push in pushes.items():
            steps = _steps(spec, level, push, 1 if index or spec.blocks else spec.lanes) * period
            # An inner level starts again after every chunk or block.
            if steps and (index or not spec.fold_steps or steps <= spec.fold_steps):
                owed.append(Obligation(index, where, towards, steps))
        if spec.fold_steps and not index:
            owed.append(Obligation(index, where, 0, 2 * spec.fold_steps))
    return tuple(owed)


@lru_cache(maxsize=64)
def level_pushes(spec: MacSpec) -> list[dict[int, Fraction]]:
    """Return, for each of the levels, the sizes of the largest that is added to it at once, by sign; no -1 if there is nothing negative."""
    unscaled = Fraction(2) ** -sum(fmt.point for fmt in spec.blocks)
    first = {towards: push * spec.lanes * unscaled for towards, push in _largest_of(spec).items()}
    scale = prod((max_of(fmt.scale) for fmt in spec.blocks), start=Fraction(1))
    if len(levels_of(spec)) == 1:
        return [{towards: push * scale for towards, push in first.items()}]
    if isinstance(spec.acc, ChunkAcc):
        return [first, {towards: pushed(spec, spec.acc.inner, push, spec.acc.length) for towards, push in first.items()}]
    return [first, {towards: push * steps_together(spec) * scale for towards, push in first.items()}]


def _largest_of(spec: MacSpec) -> dict[int, Fraction]:
    """Return the sizes of the largest products of one lane, by sign, scales and points of blocks left out."""
    from hwmodel.golden import Mac

    a, b = spec.factors
    try:
        exact = MacSpec(a, b, FixedAcc())
    except SpecError:  # too wide; then nearly all formats are symmetric
        size = a.max_magnitude * b.max_magnitude * Fraction(2) ** (a.lsb_exponent + b.lsb_exponent)
        return dict.fromkeys(largest_products(spec), size)
    assert isinstance(exact.acc, FixedAcc)
    point, found = exact.fixed_point(exact.acc), {}
    for towards, inputs in largest_products(exact).items():
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


def _steps(spec: MacSpec, level: Level, push: Fraction, parts: int) -> int:
    """Return about how many equal pushes, of so many equal parts each, lead to the end of a level; 0: they lead nowhere."""
    end, _ = _end(spec, level, push)
    if isinstance(level, FixedAcc | QuireAcc):
        point = spec.fixed_point(level)
        # Floored, or rounded to even: what is less than half a unit may not count at all.
        units = int(push / parts * Fraction(2) ** point.fraction) * parts
        return int(end * Fraction(2) ** point.fraction) // units + 1 if units else 0
    # Each push is rounded, to half its size at worst and only near the end.
    return int(end / push * Fraction(3, 2)) + 2


def top_code(level: FloatAcc | PositAcc | TensorAcc) -> int:
    """Return the code of the largest finite number."""
    return level.format.nan_code - 1 if isinstance(level, PositAcc) else level.format.max_finite_code


def stuck_code(level: FloatAcc | PositAcc | TensorAcc, push: Fraction) -> int:
    """Return the first positive code that adding `push` cannot pass; one more than the largest number's if there is none.

    Codes of one sign are in the order of their values, and the gaps between them never shrink.
    """
    from hwmodel.golden.scalar import decode

    fmt = level.format
    nearest = isinstance(level, PositAcc) or level.rounding in ("rne", "rna") or (isinstance(level, TensorAcc) and level.late)
    if isinstance(level, FloatAcc):
        push *= 1 << level.random_bits  # stochastic rounding tells so small a part of a gap from nothing
    low, high = 0, top_code(level)
    while low < high:
        middle = (low + high) // 2
        number = decode(middle, fmt).number
        gap, added = decode(middle + 1, fmt).number - number, push
        if isinstance(level, TensorAcc) and not level.late:
            # Below this nothing is left of a term, be it one of the products or the accumulator.
            unit = Fraction(2) ** (_exponent(max(number, push / level.lanes)) - level.fraction)
            gap, added = max(gap, unit), push / level.lanes // unit * unit * level.lanes
        if gap >= 2 * added if nearest else gap > added:
            high = middle
        else:
            low = middle + 1
    return low if low < top_code(level) else low + 1


def _exponent(number: Fraction) -> int:
    """Return floor(log2) of a positive number."""
    exponent = number.numerator.bit_length() - number.denominator.bit_length()
    return exponent if Fraction(2) ** exponent <= number else exponent - 1
