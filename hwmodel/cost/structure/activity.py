"""How much of what multiplies changes in a cycle, by how often the bits of Gaussian operands are ones.

Energy is of operands that are drawn from a Gaussian and quantised, one independent of the next: a bit that is a one with a probability
p changes with 2p(1 - p). Of each format these probabilities follow from how its numbers are spaced.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise, product
from math import erfc, frexp, ldexp, log, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from hwmodel.spec import (
    BlockFormat,
    ChoiceFormat,
    CodebookFormat,
    FloatAcc,
    FloatFormat,
    IntCoding,
    IntFormat,
    LogFormat,
    MacSpec,
    Operand,
    PositAcc,
    PositFormat,
    ScalarOperand,
)
from hwmodel.spec.dataflow import joins_rows, lane_product, normalises_operands
from hwmodel.spec.ranges import operand_shape, row_integer

from .cells import CELLS
from .idle import binades_of_sums, only_grows
from .parts import exponent_width

_IN_BLOCK = 0.4
"""Standard deviation of a block's elements, over the largest: their scale brings the largest of some ten or thirty near to it."""

_LEAST_OF_INTEGERS = 0.75
"""Standard deviation of integers at least, in steps."""

_EXPONENT_WEIGHT = 1.5
"""Cells that a bit of the exponents' sum has, over those that a product of two bits has."""

_USUAL = 0.375
"""How often a product of two bits changes that are ones in every other cycle."""

_NEARLY_ALL = 0.998
"""Numbers in the binades below those that hold so many count as in the next."""

_REACH = 6.0
"""Standard deviations beyond which there is nothing."""

_HALF, _HALF_GROWN = 3.5, 25.0
"""Half of the last bit of a sum of 128 products, over a product's deviation, if it had no bits at all: of a random walk, and of one that
only grows.
"""
_MOST_LOST = 0.8
"""The same at which sums are so coarse that they grow no more."""
_LOST = 0.8
"""How much less than others the addition of a product changes that is lost: it is still aligned."""

_BY_BITS, _USUAL_BITS = 0.12, 9
"""By what power of the bits of a product a float changes that it is added to, over that of so many."""

_MULTIPLY = 1
_OWED = np.ones((4, len(CELLS)))
_OWED[_MULTIPLY] = [1.0 if kind in ("full_adder", "sign_adder", "half_adder", "xor2", "flip", "prefix") else 0.5 for kind in CELLS]
"""How much of its toggles a kind of cell in a part owes to operands; in multiply sums all, gates and registers half, for masks and control
are among them.
"""
_ANYWAY = 1 - _OWED


@lru_cache(maxsize=1 << 14)
def deviation(fmt: Operand) -> float:
    """Return the standard deviation of the operands that energy is of, in units of the format's values; of a block, its elements'."""
    if isinstance(fmt, BlockFormat):
        return _IN_BLOCK * _largest(fmt.element)
    quarter = _largest(fmt) / 4
    if isinstance(fmt, IntFormat):
        return max(quarter, _LEAST_OF_INTEGERS)
    if isinstance(fmt, CodebookFormat):
        return quarter
    return min(quarter, _power(fmt.emin) if isinstance(fmt, FloatFormat) and fmt.emin > 0 else 1.0)


def _largest(fmt: ScalarOperand) -> float:
    magnitude = fmt.max_value if isinstance(fmt, IntFormat) else fmt.max_magnitude
    bits = magnitude.bit_length()
    return ldexp(magnitude / (1 << bits), min(bits + fmt.lsb_exponent, 1000)) if bits else 0.0


def _beyond(magnitude: float, sigma: float) -> float:
    """Return the probability that a number is at least so large, or its negative is."""
    return erfc(magnitude / (sigma * sqrt(2))) if magnitude > 0 else 1.0


def _power(exponent: int) -> float:
    return ldexp(1.0, max(min(exponent, 1000), -1000))


class Bits(NamedTuple):
    """The bits of a significand: how many there are, the sum of their probabilities to be one, and that of these squared."""

    number: int
    ones: float
    squares: float


class OperandBits(NamedTuple):
    """The bits of an operand as it is multiplied.

    Attributes
    ----------
    significands
        Of each format that it can have, all alike often.
    exponent
        How often the bits of the exponent change, the lowest first, over every other cycle.
    """

    significands: tuple[Bits, ...]
    exponent: tuple[float, ...]


@lru_cache(maxsize=1 << 14)
def operand_bits(fmt: Operand, *, normalised: bool, in_rows: bool) -> OperandBits:
    """Return how often the bits of an operand are ones, once it is unpacked, or of an integer that is not: `in_rows`."""
    formats, toggles = _scalars(fmt), tuple[float, ...]()
    if in_rows:
        integer = row_integer(fmt)
        assert integer is not None
        length = integer.width
        significands = [_row(scalar, sigma, length) for scalar, sigma in formats]
    elif isinstance(fmt, LogFormat):
        length, significands = 1, [[1.0]]
    else:
        shape = operand_shape(fmt, normalised=normalised)
        length = shape.significand_bits
        significands = [_significand(scalar, sigma, normalised) for scalar, sigma in formats]
        if shape.has_exponent:
            width, _ = exponent_width(shape.exponent_low, shape.exponent_high)
            # A stream stays in one of several formats.
            each = [_toggles({place - shape.top: p for place, p in _binades_of([one], normalised).items()}, width) for one in formats]
            toggles = tuple([sum(bit) / len(each) for bit in zip(*each, strict=True)])
    return OperandBits(tuple(Bits(length, sum(p), sum(x * x for x in p)) for p in significands), toggles)


def _scalars(fmt: Operand) -> list[tuple[ScalarOperand, float]]:
    """Return the formats that an operand is shown in, with the standard deviation of its numbers."""
    if isinstance(fmt, BlockFormat):
        return [(fmt.element, deviation(fmt))]
    shown = [fmt.choices[mode] for mode in fmt.usual_modes] if isinstance(fmt, ChoiceFormat) else [fmt]
    return [(each, deviation(each)) for each in shown]


def _row(fmt: ScalarOperand, sigma: float, length: int) -> list[float]:
    """Return the probabilities of the bits of a code to be ones, the highest first, of an integer that is not unpacked."""
    assert isinstance(fmt, IntFormat)
    if fmt.coding is IntCoding.UNSIGNED:
        return [0.0] * (length - fmt.width) + [_bit(k, -0.5, sigma) for k in reversed(range(fmt.width))]
    other = _beyond(0.5, sigma)  # than zero
    # Of negative numbers the bits are those of one less that are zeros.
    bits = [(_bit(k, -0.5, sigma) + other - _bit(k, 0.5, sigma)) / 2 for k in reversed(range(fmt.width - 1))]
    return [other / 2] * (length - len(bits)) + bits


def _significand(fmt: ScalarOperand, sigma: float, normalised: bool) -> list[float]:
    """Return the same of the bits of an unpacked significand."""
    match fmt:
        case IntFormat() if not normalised:
            return [_bit(k, -0.5, sigma) for k in reversed(range(fmt.max_magnitude.bit_length()))]
        case IntFormat():
            return _shifted_up(fmt.max_magnitude.bit_length(), 0, sigma)
        case FloatFormat() if normalised and fmt.subnormals:
            return _shifted_up(fmt.precision, fmt.lsb_exponent, sigma)
        case FloatFormat():
            finest = _power(fmt.lsb_exponent)
            hidden = finest * _power(fmt.fraction_bits) if fmt.subnormals else finest
            return [_beyond(hidden - finest / 2, sigma), *[_beyond(finest / 2, sigma) / 2] * fmt.fraction_bits]
        case CodebookFormat():
            return _of_entries(fmt, sigma)
        case _:
            return [1.0, *[0.5] * (operand_shape(fmt, normalised=True).significand_bits - 1)]


def _shifted_up(length: int, lsb: int, sigma: float) -> list[float]:
    """Return the same of a number that is shifted until its highest bit is one: the smaller it is, the more zeros come after."""
    return [_beyond(_power(lsb - 1), sigma), *(_beyond(_power(lsb + i), sigma) / 2 for i in range(1, length))]


def _bit(place: int, offset: float, sigma: float) -> float:
    """Return the probability that the bit of weight ``2**place`` of an integer magnitude is one, with ends of its runs moved."""
    weight = _power(place)
    if weight < sigma / 8:
        return _beyond(0.5, sigma) / 2
    ends, total, low = int(_REACH * sigma / weight), 0.0, weight
    for _ in range(0, ends + 1, 2):
        total += _beyond(low + offset, sigma) - _beyond(low + weight + offset, sigma)
        low += 2 * weight
    return total


def _of_entries(fmt: CodebookFormat, sigma: float) -> list[float]:
    length, values = operand_shape(fmt, normalised=True).significand_bits, sorted({float(entry) for entry in fmt.entries})
    ends = [-np.inf, *((low + high) / 2 for low, high in pairwise(values)), np.inf]
    ones = [0.0] * length
    for value, (low, high) in zip(values, pairwise(ends), strict=True):
        probability = (erfc(low / (sigma * sqrt(2))) - erfc(high / (sigma * sqrt(2)))) / 2
        significand = abs(value)
        while 0 < significand < _power(length - 1):
            significand *= 2
        while significand >= _power(length):
            significand /= 2
        for place in range(length):
            ones[place] += probability * (int(significand) >> (length - 1 - place) & 1)
    return ones


@lru_cache(maxsize=1 << 14)
def binades(fmt: Operand, normalised: bool) -> dict[int, float]:
    """Return how often an operand's exponent and the weight of its highest bit at exponent 0 have each sum."""
    return _binades_of(_scalars(fmt), normalised)


def _binades_of(formats: Sequence[tuple[ScalarOperand, float]], normalised: bool) -> dict[int, float]:
    found: dict[int, float] = {}
    for scalar, sigma in formats:
        if isinstance(scalar, LogFormat):  # its range, in octaves
            low, high, top = -12, 8, 0
        else:
            shape = operand_shape(scalar, normalised=normalised)
            low, high, top = shape.exponent_low, shape.exponent_high, shape.top
        before, low, share = 0.0, low + top, 1 / len(formats)
        for place in range(min(high + top, frexp(_REACH * sigma)[1] - 1), low, -1):
            reached = _beyond(_power(place), sigma)
            found[place] = found.get(place, 0.0) + (reached - before) * share
            before, rest = reached, place - 1
            if reached > _NEARLY_ALL:
                break
        else:
            rest = low
        found[rest] = found.get(rest, 0.0) + (1 - before) * share
    return found


def _toggles(exponents: dict[int, float], width: int) -> tuple[float, ...]:
    ones = [sum(p for value, p in exponents.items() if value >> k & 1) for k in range(width)]
    return tuple([4 * p * (1 - p) for p in ones])


def multiply_activity(spec: MacSpec) -> float:
    """Return how often what multiplies the operands of a lane changes, over operands whose bits do so in every other cycle."""
    return _multiply_activity(spec.a, spec.b, normalises_operands(spec), joins_rows(spec))


@lru_cache(maxsize=1 << 14)
def _multiply_activity(a: Operand, b: Operand, normalised: bool, in_rows: bool) -> float:
    if isinstance(a, LogFormat) and isinstance(b, LogFormat):
        return 1.0
    x, y = (operand_bits(fmt, normalised=normalised, in_rows=in_rows) for fmt in (a, b))
    changes = sum(_changes(p, q) for p in x.significands for q in y.significands) / (len(x.significands) * len(y.significands))
    return _weighted(x.significands[0].number * y.significands[0].number, changes, *_padded(x.exponent, y.exponent))


def activity_of_rows(multiply: float, lanes: int) -> float:
    """Return how often sums change of products that join as rows, from how often what multiplies a lane does."""
    # A bit of a sum of products changes where one of them does.
    rows = 1 - (1 - min(multiply, 1.0)) ** lanes
    return (1 + rows) / 2


def lane_activities(pairs: Sequence[tuple[Operand, Operand]], *, normalised: bool) -> np.ndarray:
    """Return the same for many pairs of operands that are unpacked, each of one format that is no logarithm, (pairs,) float64."""
    places: dict[int, int] = {}
    formats = list(chain.from_iterable(pairs))
    at = np.array([places.setdefault(id(fmt), len(places)) for fmt in formats]).reshape(len(pairs), 2)
    found = [operand_bits(fmt, normalised=normalised, in_rows=False) for fmt in {id(fmt): fmt for fmt in formats}.values()]
    significands = np.array([each.significands[0] for each in found])
    longest = max(len(each.exponent) for each in found)
    exponents = np.array([[*each.exponent, *[0.0] * (longest - len(each.exponent)), len(each.exponent)] for each in found])
    a, b = (Bits(*significands[which].T) for which in at.T)
    *toggles_a, width_a = exponents[at[:, 0]].T
    *toggles_b, width_b = exponents[at[:, 1]].T
    return _weighted(a.number * b.number, _changes(a, b), toggles_a, toggles_b, np.maximum(width_a, width_b))


def _changes(a: Bits, b: Bits) -> Any:
    """Return how many products of two bits change, over what usual ones do."""
    return 2 * (a.ones * b.ones - a.squares * b.squares) / _USUAL


def _padded(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[list[float], list[float], int]:
    width = max(len(a), len(b))
    return [*a, *[0.0] * (width - len(a))], [*b, *[0.0] * (width - len(b))], width


def _weighted(products: Any, changes: Any, toggles_a: Sequence[Any], toggles_b: Sequence[Any], width: Any) -> Any:
    exponents = 0.0
    for x, y in zip(toggles_a, toggles_b, strict=True):
        # A bit of the sum of exponents changes where one or the other does.
        exponents = exponents + (x + y - x * y)
    return (changes + _EXPONENT_WEIGHT * exponents) / (products + _EXPONENT_WEIGHT * width)


def nonzero(spec: MacSpec) -> float:
    """Return how often a product is none of zero."""
    return share_of_nonzero(spec.a, spec.b)


def share_of_nonzero(a: Operand, b: Operand) -> float:
    """Return how often a product of two operands is none of zero."""
    return _nonzero(a) * _nonzero(b)


def some_nonzero(there: float, lanes: int) -> float:
    """Return how often some of so many products is none of zero, of which each is so often."""
    return 1 - (1 - there) ** lanes


def heard_by(spec: MacSpec) -> float:
    """Return how much of what is added to a float or posit there is, over all, that is not lost below its last bit; see `heard`."""
    acc = spec.levels[0]
    match acc:
        case FloatAcc():
            return heard(acc.format.precision, grows=only_grows(spec.factors))
        case PositAcc():
            return heard(_precision_at(acc.format, binades_of_sums(spec).highest), grows=only_grows(spec.factors))
        case _:
            return 1.0


@lru_cache(maxsize=1 << 10)
def heard(precision: int, *, grows: bool) -> float:
    """Return how much of products there is, over all, that is not lost below the last bit of a sum of so many bits.

    A product of two Gaussian numbers is smaller than some share of its deviation with a probability that is the integral of a Bessel
    function, K0; near 0 this is a logarithm.
    """
    half = min(ldexp(_HALF_GROWN if grows else _HALF, -max(precision, 0)), _MOST_LOST)
    return 1 - _LOST * 2 / pi * half * (1 - np.euler_gamma + log(2 / half))


def _precision_at(fmt: PositFormat, place: float) -> int:
    """Return the bits of the significand that posits of a binade have."""
    regime = int(place) >> fmt.exponent_bits
    run = regime + 2 if regime >= 0 else 1 - regime
    return fmt.width - 1 - run - fmt.exponent_bits + 1


@lru_cache(maxsize=1 << 14)
def activity_of_sums(there: float, lanes: int, in_rows: bool, kept: float) -> float:
    """Return how often sums of so many products change, of which each is none of zero so often, over sums of those that always are.

    Of what is added so much is `kept` that is not lost below the sum's last bit, see `heard`.

    Fixed point that integers are added to in rows stands still while these are zero, and were. Others are given a zero with a sign, and
    floats one with an exponent.
    """
    some = some_nonzero(there, lanes) * kept
    return 1 - (1 - some) ** 2 if in_rows else activity_of_numbers(some)


def activity_of_numbers(there: Any) -> Any:
    """Return the same of what is given a number with sign or exponent, from how often that is none of zero."""
    return 1 - (1 - there) ** 2 / 2


@lru_cache(maxsize=1 << 10)
def activity_of_narrow(bits: int) -> float:
    """Return how often a float changes that products of so many bits are added to: the fewer, the fewer of its bits these reach."""
    return (bits / _USUAL_BITS) ** _BY_BITS


@lru_cache(maxsize=1 << 14)
def _nonzero(fmt: Operand) -> float:
    formats = _scalars(fmt)
    finest = [0 if isinstance(scalar, PositFormat | LogFormat) else scalar.lsb_exponent for scalar, _ in formats]
    shares = [
        1.0 if isinstance(scalar, PositFormat | LogFormat | CodebookFormat) else _beyond(_power(lsb - 1), sigma)
        for (scalar, sigma), lsb in zip(formats, finest, strict=True)
    ]
    # To two digits: sums of many formats' products are the same then.
    return float(f"{sum(shares) / len(shares):.2g}")


def owed(activity: np.ndarray) -> np.ndarray:
    """Return how much of the toggles of each of `CELLS` in multiply there is at an activity, (..., 13) float64."""
    return _ANYWAY[_MULTIPLY] + _OWED[_MULTIPLY] * activity[..., np.newaxis]


def toggling(active: Sequence[float]) -> np.ndarray:
    """Return how often each of `CELLS` in decode, multiply, alignadd and normacc changes by how often the parts do, (4, 13) float64."""
    return _ANYWAY + _OWED * np.array(active)[:, np.newaxis]


def exponent_activity(spec: MacSpec) -> float:
    """Return how often the bits of a product's exponent change, over every other cycle; 0: it has none."""
    shape, normalised = lane_product(spec), normalises_operands(spec)
    if not shape.has_exponent:
        return 0.0
    tops = [0 if isinstance(fmt, LogFormat) else operand_shape(fmt, normalised=normalised).top for fmt in (spec.a, spec.b)]
    width, _ = exponent_width(shape.exponent_low, shape.exponent_high)
    return _sum_activity(spec.a, spec.b, normalised, sum(tops), width)


@lru_cache(maxsize=1 << 14)
def _sum_activity(a: Operand, b: Operand, normalised: bool, offset: int, width: int) -> float:
    each = list[float]()
    for x, y in product(_scalars(a), _scalars(b)):
        exponents: dict[int, float] = {}
        for (place, p), (by, q) in product(_binades_of([x], normalised).items(), _binades_of([y], normalised).items()):
            exponents[place + by - offset] = exponents.get(place + by - offset, 0.0) + p * q
        each.append(sum(_toggles(exponents, width)) / width)
    return sum(each) / len(each)


@lru_cache(maxsize=1 << 14)
def shift_activity(fmt: Operand) -> float:
    """Return how often an operand that is unpacked for a float is shifted otherwise than the one before it.

    Integers and posits are shifted by where their highest bit is, floats only below their normal numbers.
    """
    formats = _scalars(fmt)
    return sum(_shifted(scalar) for scalar, _ in formats) / len(formats)


def _shifted(fmt: ScalarOperand) -> float:
    if isinstance(fmt, LogFormat) or (isinstance(fmt, FloatFormat) and not fmt.subnormals):
        return 0.0
    places = binades(fmt, True)
    apart = [p for place, p in places.items() if not isinstance(fmt, FloatFormat) or place < fmt.emin]
    return 1 - sum(p * p for p in [*apart, 1 - sum(apart)])
