"""The error of dot products computed in a unit's own arithmetic, bit by bit, against exact ones.

Three errors are told apart, each with the same figures:

=============  =================================================================================================================
accumulation   of what the unit gives from the exact dot product of its operands: of the accumulator alone
quantisation   of that exact dot product from the one of the data before they were quantised: of the operands' formats alone
total          of what the unit gives from the dot product of the data
=============  =================================================================================================================

The figures are a ratio of signal to noise, 20 log10 of the root mean squares of dot products and of their errors, and the error
over Σ|a||b|. Rounding errors are bounded by a multiple of the latter whatever cancels (N. J. Higham, Accuracy and Stability of
Numerical Algorithms, 2nd edition, section 3.1), so that it tells of the arithmetic; the first also tells how much cancels in the data.

Scales are exact and divided out; those of blocks the unit is given, all but the FP32 of a tensor or row. Of operands with a zero point
the unit multiplies the codes; what the zero points contribute is taken out exactly, as software does.

A dot product whose accumulator overflowed, or is NaN, has no error that means anything: it is counted and left out of the figures.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from hwmodel import golden
from hwmodel.golden.arrays import Array
from hwmodel.spec import BlockFormat, Format, SpecError

from .distributions import Distribution
from .exact import exact_dots
from .sharing import Sharing
from .sqnr import quantise_tensor, ratio_db
from .units import DotUnit, Stream

SHARINGS = ("none", "tensor", "channel")
"""Scales that can be divided out of a whole dot product."""

MAX_DRAWN = 1 << 22
"""Products drawn for one seed, whose arrays of float64 are all in memory."""

_BLOCK = 1 << 24
"""Products whose codes are in memory at a time, so many seeds together as go in."""


class Source(Protocol):
    """Pairs of data for dot products."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int]:
        """Dot products of a seed, and the longest."""

    def pair(self, seed: int) -> tuple[Array, Array]:
        """Return both operands' data, in that shape."""


@dataclass(frozen=True)
class DrawnPairs:
    """Both operands from one distribution.

    Raises
    ------
    SpecError
        If there would be nothing to add, or too much of it.
    """

    distribution: Distribution
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or math.prod(self.shape) > MAX_DRAWN:
            raise SpecError(
                f"{self.shape[0]:,} dot products of length {self.shape[1]:,} are {math.prod(self.shape):,} products; "
                f"for each seed 1 to {MAX_DRAWN:,} are drawn: take shorter dot products, or fewer and more seeds"
            )

    @property
    def name(self) -> str:
        return str(self.distribution)

    def pair(self, seed: int) -> tuple[Array, Array]:
        rows, length = self.shape
        both = self.distribution.draw((2 * rows, length), seed)
        return both[:rows], both[rows:]


@dataclass(frozen=True, eq=False)
class GivenPairs:
    """A user's own data, the same for every seed.

    Parameters
    ----------
    name
        What they are called.
    a, b : (n, K) float64 or float32

    Raises
    ------
    SpecError
        If they are not two finite matrices of one shape, or nothing but zeros.
    """

    name: str
    a: Array
    b: Array

    def __post_init__(self) -> None:
        shapes = f"{self.a.shape} and {self.b.shape}"
        if self.a.ndim != 2 or self.a.shape != self.b.shape or not self.a.size:
            raise SpecError(f"{self.name}: the operands have shapes {shapes}; dot products take two arrays of one shape (n, K)")
        if not np.isfinite(self.a).all() or not np.isfinite(self.b).all():
            raise SpecError(f"{self.name}: a NaN or an infinity is in the data, and the error of its dot product has no size")
        if not self.a.any() or not self.b.any():
            raise SpecError(f"{self.name}: an operand is all zero, so there is no signal to compare an error with")

    @property
    def shape(self) -> tuple[int, int]:
        return self.a.shape[0], self.a.shape[1]

    def pair(self, seed: int) -> tuple[Array, Array]:
        return self.a.astype(np.float64), self.b.astype(np.float64)


@dataclass(frozen=True)
class Figures:
    """How large an error is; NaN where no dot product is left to tell.

    Attributes
    ----------
    snr_db, worst_snr_db
        20 log10 of the root mean square of the dot products over that of the errors: over all, and of the worst seed.
        Infinite: no error.
    mean_error, worst_error
        Magnitude of the error over Σ|a||b|.
    """

    snr_db: float
    worst_snr_db: float
    mean_error: float
    worst_error: float


@dataclass(frozen=True)
class DotError:
    """The error of one unit's dot products of one length.

    Attributes
    ----------
    unit, data
        Names.
    length
        K, products in a dot product.
    products
        Dot products computed.
    lost
        How many of them overflowed at any time (wrapped, saturated, became infinite), or are NaN; the figures leave them out.
    accumulation, quantisation, total
        From the exact dot product of the quantised operands; of that one from the data's, over all dot products; from the data's.
    """

    unit: str
    data: str
    length: int
    products: int
    lost: int
    accumulation: Figures
    quantisation: Figures
    total: Figures

    @property
    def row(self) -> dict[str, Any]:
        """A row of a table: `accumulation` by the names of its figures, the others with theirs in front."""
        row: dict[str, Any] = {"spec": self.unit, "data": self.data, "length": self.length, "products": self.products}
        for name, figures in (("", self.accumulation), ("quantisation_", self.quantisation), ("total_", self.total)):
            row |= {f"{name}{key}": value for key, value in asdict(figures).items()}
        return row | {"lost": self.lost}


def measure_dots(
    units: Sequence[DotUnit],
    sources: Sequence[Source],
    lengths: Sequence[int],
    seeds: Sequence[int],
    sharing: Sharing | None = None,
    clip: str = "amax",
    started: Callable[[str], None] = lambda name: None,
) -> list[DotError]:
    """Return the errors of every unit, source and length, in this order.

    Parameters
    ----------
    units
        See `hwmodel.error.parse_dot_unit`.
    sources
        The data. Shorter dot products are the beginnings of the longest ones, quantised as those are.
    lengths
        In any order; each at least 1, and at most what the sources have.
    seeds
        At least one, each of its own data; stochastic rounding takes its random bits from them, too.
    sharing
        Who shares a scale: the whole tensor (None), a row (``channel``), or there is none (``none``). Of scalar operands: block formats
        have scales of their own. A block that goes on past the end of a dot product counts as filled up with zeros.
    clip
        How far scales of scalar operands reach, as in `round_trip`.
    started
        Told the name of each unit that begins with some more of the data.

    Raises
    ------
    SpecError
        If a length or a sharing does not go.
    """
    sharing, lengths = sharing or Sharing(), sorted(set(lengths))
    _check(sources, lengths, seeds, sharing)
    samples: dict[int, list[_Sample]] = {id(unit): [] for unit in units}
    for formats in dict.fromkeys((unit.a, unit.b) for unit in units):
        for block in blocks_of(sources, seeds):
            lots = [_prepare(sources[at], seed, *formats, lengths, sharing, clip) for at, seed in block]
            for unit in units:
                if (unit.a, unit.b) == formats:
                    started(str(unit))
                    samples[id(unit)] += _run(unit, lots, lengths, [seed for _, seed in block])
    found = []
    for unit in units:
        for at, source in enumerate(sources):
            own = samples[id(unit)][at * len(seeds) : (at + 1) * len(seeds)]
            found += [_summary(str(unit), source.name, length, own, i) for i, length in enumerate(lengths)]
    return found


def blocks_of(sources: Sequence[Source], seeds: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Return all pairs of a source's index and a seed, in blocks that go into memory together."""
    blocks: list[list[tuple[int, int]]] = []
    room = 0
    for at, source in enumerate(sources):
        for seed in seeds:
            need = math.prod(source.shape)
            if need > room:
                blocks.append([])
                room = _BLOCK
            blocks[-1].append((at, seed))
            room -= need
    return blocks


def _check(sources: Sequence[Source], lengths: Sequence[int], seeds: Sequence[int], sharing: Sharing) -> None:
    if not lengths:
        raise SpecError("no length is given; dot products are measured at one or more")
    if lengths[0] < 1:
        raise SpecError(f"the length {lengths[0]} of a dot product is not at least 1")
    if not seeds:
        raise SpecError("no seed is given; the error is measured over at least one")
    for source in sources:
        if lengths[-1] > source.shape[1]:
            raise SpecError(
                f"{source.name}: dot products of length {lengths[-1]} were asked for, and the data have {source.shape[1]} in a row"
            )
    require_dot_sharing(sharing)


def require_dot_sharing(sharing: Sharing) -> None:
    """Raise SpecError where scales that are shared so are none of dot products, see `measure_dots`."""
    if sharing.kind not in SHARINGS:
        raise SpecError(
            f"scale {sharing}: a scale that changes within a dot product cannot be divided out; allowed are {', '.join(SHARINGS)}"
        )


class _Operand(NamedTuple):
    """A quantised operand: codes, what the unit takes them for, (n, K), and scales and zero points that it does not know, (n, 1)."""

    stream: Stream
    values: Array
    scale: Array
    zero: Array


def _quantise(values: Array, fmt: Format | BlockFormat, sharing: Sharing, clip: str, length: int) -> _Operand:
    """Return the first `length` columns of a tensor, quantised by the scale of the whole; a block format has scales of its own."""
    rows = len(values)
    if isinstance(fmt, BlockFormat):
        made = golden.quantise(values, fmt, pad=True)
        scales = np.broadcast_to(made.scales, (rows, 1)) if fmt.size is None else made.scales
        shifts = None if made.shifts is None else made.shifts.reshape(rows, -1).T
        outer = 1.0 if made.outer is None else made.outer.astype(np.float64)[..., None]
        return _Operand(
            Stream(_narrow(made.codes.reshape(rows, -1)[:, :length].T, fmt.width), scales.T, shifts),
            golden.dequantise(replace(made, outer=None))[:, :length],
            np.broadcast_to(outer, (rows, 1)),
            np.zeros((rows, 1)),
        )
    tensor = quantise_tensor(values, fmt, sharing, clip)
    codes = tensor.codes[:, :length].astype(np.uint64) & np.uint64((1 << fmt.width) - 1)
    zero = np.zeros(1) if tensor.zero_point is None else tensor.zero_point.astype(np.float64)
    scale, zero = (np.broadcast_to(each[:, None], (rows, 1)) for each in (tensor.scale, zero))
    return _Operand(Stream(_narrow(codes.T, fmt.width)), golden.decode(codes, fmt), scale, zero)


def _narrow(codes: Array, width: int) -> Array:
    """Return the codes, one dot product after the other, in as few bytes as hold them."""
    return np.ascontiguousarray(codes, np.min_scalar_type((1 << width) - 1))


class _Lot(NamedTuple):
    """One seed's operands, and what is true of them.

    Attributes
    ----------
    a, b
        What the unit is given.
    shrink
        By what sums of each dot product are multiplied so that they are near 1, a power of two: those of wide formats are beyond float64.
    exact
        For each length, the dot products of what the unit multiplies, so small.
    reach : (lengths, n) float64
        Σ|a||b| of the same.
    scale : (n,) float64
        What 1 is then worth in the data's unit.
    offset : (lengths, n) float64
        What zero points contribute to `exact`.
    data, data_reach : (lengths, n) float64
        The data's own dot products, rounded in their products alone, and Σ|a||b|.
    """

    a: Stream
    b: Stream
    shrink: list[Fraction]
    exact: list[list[Fraction]]
    reach: Array
    scale: Array
    offset: Array
    data: Array
    data_reach: Array


def _prepare(
    source: Source, seed: int, a: Format | BlockFormat, b: Format | BlockFormat, lengths: Sequence[int], sharing: Sharing, clip: str
) -> _Lot:
    longest = lengths[-1]
    x, y = source.pair(seed)
    p, q = _quantise(x, a, sharing, clip, longest), _quantise(y, b, sharing, clip, longest)
    x, y = x[:, :longest], y[:, :longest]
    exact = exact_dots(p.values, q.values, lengths)
    (p, units_p), (q, units_q) = _near_one(p), _near_one(q)
    shrink = [Fraction(2) ** -unit for unit in (units_p + units_q).tolist()]
    offset = np.zeros((len(lengths), len(x)))
    if p.zero.any() or q.zero.any():
        offset = _heads(p.zero * q.values + q.zero * p.values - p.zero * q.zero, lengths)
    return _Lot(
        p.stream,
        q.stream,
        shrink,
        [[each * factor for each, factor in zip(sums, shrink, strict=True)] for sums in exact],
        _heads(np.abs(p.values * q.values), lengths),
        (p.scale * q.scale)[:, 0],
        offset,
        _rounded_dots(x, y, lengths),
        _heads(np.abs(x * y), lengths),
    )


def _near_one(operand: _Operand) -> tuple[_Operand, Array]:
    """Return an operand whose rows are divided by powers of two that bring their largest numbers near 1, and the exponents, (n,) int."""
    exponents = np.frexp(np.abs(operand.values).max(axis=1))[1]
    units = exponents[:, None]
    smaller = {name: np.ldexp(getattr(operand, name), -units) for name in ("values", "zero")}
    return operand._replace(scale=np.ldexp(operand.scale, units), **smaller), exponents


def _heads(terms: Array, lengths: Sequence[int]) -> Array:
    """Return the sums of the first terms of each row, (lengths, n), in float64."""
    return np.add.reduceat(terms, [0, *lengths[:-1]], axis=1).cumsum(axis=1).T


def _rounded_dots(x: Array, y: Array, lengths: Sequence[int]) -> Array:
    """Return dot products of the first terms of each row, (lengths, n), with every product rounded to float64 and the sum once."""
    found = np.empty((len(lengths), len(x)))
    for row, (one, other) in enumerate(zip(x, y, strict=True)):
        held, products = 0.0, one * other
        for at, (start, stop) in enumerate(pairwise((0, *lengths))):
            found[at, row] = held = math.fsum([held, *products[start:stop].tolist()])
    return found


class _Sample(NamedTuple):
    """What a unit did with a lot; each (lengths, n).

    Dot products (`signal`: of the quantised operands) and errors are in the data's unit, the relative errors over Σ|a||b|.
    """

    signal: Array
    error: Array
    relative: Array
    data: Array
    quantisation_error: Array
    quantisation_relative: Array
    total_error: Array
    total_relative: Array
    lost: Array


def _run(unit: DotUnit, lots: Sequence[_Lot], lengths: Sequence[int], seeds: Sequence[int]) -> list[_Sample]:
    """Compute all lots' dot products side by side and return a sample of each."""
    a, b = (_beside([getattr(lot, name) for lot in lots]) for name in ("a", "b"))
    randoms = [(np.random.default_rng([seed, 1]), lot.a.codes.shape[1]) for lot, seed in zip(lots, seeds, strict=True)]

    def random(steps: int) -> Array:
        last = np.uint64((1 << unit.random_bits) - 1)
        return np.concatenate([rng.integers(0, last, (steps, n), np.uint64, endpoint=True) for rng, n in randoms], axis=1)

    readings = unit.run(a, b, lengths, random)
    samples, lane = [], 0
    for lot in lots:
        n = lot.a.codes.shape[1]
        samples.append(_sample(unit, lot, [(each.sums[lane : lane + n], each.lost[lane : lane + n]) for each in readings]))
        lane += n
    return samples


def _beside(streams: Sequence[Stream]) -> Stream:
    """Return all dot products in one stream."""
    return Stream(*(None if parts[0] is None else np.concatenate(parts, axis=1) for parts in zip(*streams, strict=True)))  # type: ignore[arg-type]


def _sample(unit: DotUnit, lot: _Lot, readings: Sequence[tuple[list[Fraction | None], Array]]) -> _Sample:
    error = _errors(unit, lot, [sums for sums, _ in readings])
    signal = (np.array([[float(each) for each in exacts] for exacts in lot.exact]) - lot.offset) * lot.scale
    quantisation = signal - lot.data
    total = error * lot.scale + quantisation
    return _Sample(
        signal,
        error * lot.scale,
        _over(np.abs(error), lot.reach),
        lot.data,
        quantisation,
        _over(np.abs(quantisation), lot.data_reach),
        total,
        _over(np.abs(total), lot.data_reach),
        np.array([lost for _, lost in readings]),
    )


def _errors(unit: DotUnit, lot: _Lot, readings: Sequence[list[Fraction | None]]) -> Array:
    """Return how far sums are from the exact ones, (lengths, n); NaN where there is none."""
    try:
        return np.array(
            [
                [math.nan if got is None else float(got * factor - exact) for got, exact, factor in zip(*each, lot.shrink, strict=True)]
                for each in zip(readings, lot.exact, strict=True)
            ]
        )
    except OverflowError as error:
        raise SpecError(
            f"unit {unit}: a sum is further from its dot product than float64 can tell; choose an accumulator whose steps are smaller"
        ) from error


def _over(error: Array, reach: Array) -> Array:
    """Return the ratio, 0 where both are."""
    with np.errstate(divide="ignore"):
        return np.divide(error, reach, out=np.zeros_like(error), where=error != 0)


def _summary(unit: str, data: str, length: int, samples: Sequence[_Sample], at: int) -> DotError:
    """Return the figures of the length with index `at`; one sample a seed."""
    kept = [~each.lost[at] for each in samples]
    every = [np.ones_like(each) for each in kept]
    products = sum(map(len, kept))
    return DotError(
        unit,
        data,
        length,
        products,
        products - sum(int(each.sum()) for each in kept),
        _figures([(each.signal[at], each.error[at], each.relative[at]) for each in samples], kept),
        _figures([(each.data[at], each.quantisation_error[at], each.quantisation_relative[at]) for each in samples], every),
        _figures([(each.data[at], each.total_error[at], each.total_relative[at]) for each in samples], kept),
    )


def _figures(seeds: Sequence[tuple[Array, Array, Array]], kept: Sequence[Array]) -> Figures:
    """Return the figures of signals, errors and relative errors, (n,) each, seed by seed, of those that are kept."""
    parts = [tuple(each[keep] for each in arrays) for arrays, keep in zip(seeds, kept, strict=True) if keep.any()]
    if not parts:
        return Figures(math.nan, math.nan, math.nan, math.nan)
    signal, error, relative = map(np.concatenate, zip(*parts, strict=True))
    worst = min(ratio_db(one, other) for one, other, _ in parts)
    return Figures(ratio_db(signal, error), worst, float(relative.mean()), float(relative.max()))
