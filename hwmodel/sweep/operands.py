"""Where the numbers of an energy figure's operands come from: a distribution, all codes alike, or a user's file.

A stream is one dot product; steps are its cycles. The names are those of `hwmodel error`, and ``codes``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from hwmodel import golden
from hwmodel.error import DISTRIBUTIONS, Distribution, parse_distribution, read_array, require_float64
from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntFormat, SpecError
from hwmodel.spec.errors import nearest

STEPS = 128
STREAMS = 64
MOST_PRODUCTS = 1 << 22
_LEAST_OF_INTEGERS = 0.75
"""Standard deviation of integers, in steps, at least: a half of them are others than zero then."""
_ROWS = "gaussian-rows"
"""The one distribution that is of rows of a tensor, and not of numbers."""

Shape = tuple[int, int, int]
"""(cycles, streams, lanes)."""


def gaussian_sigma(fmt: Format) -> float:
    """Return the standard deviation that suits a format: a quarter of its largest value, at most 1 for what has an exponent.

    An integer tensor is scaled to fill its range, and so is one that a codebook is for. Of integers of two bits nearly all would be zeros
    then; they are as large as those of three. A float with exponent to spare is used around 1, or, where its normal numbers begin above
    that, around the smallest of them.

    Raises
    ------
    SpecError
        If float64, in which numbers are drawn, does not reach as far.
    """
    quarter = _largest(fmt) / 4
    if isinstance(fmt, IntFormat):
        return max(quarter, _LEAST_OF_INTEGERS)
    if isinstance(fmt, CodebookFormat):
        return quarter
    return min(quarter, 2.0**fmt.emin if isinstance(fmt, FloatFormat) and fmt.emin > 0 else 1.0)


def _largest(fmt: Format) -> float:
    require_float64(fmt, "operands are drawn")
    return float(fmt.max_value if isinstance(fmt, IntFormat) else fmt.max_magnitude * Fraction(2) ** fmt.lsb_exponent)


class Source(Protocol):
    """What one operand's numbers are taken from."""

    def numbers(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return numbers for formats that scale them themselves, stream after stream: (streams, cycles × lanes) float64."""

    def codes(self, fmt: Format, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return codes of `fmt`: uint64 of `shape`."""

    def of(self, streams: slice) -> "Source":
        """Return the source of some of the streams."""


@dataclass(frozen=True)
class Drawn:
    """Independent numbers of a distribution.

    What has no exponent to spare, integers and codebooks, is scaled so that the largest number drawn meets the format's largest;
    of a Gaussian, four standard deviations do, but for integers of two bits (`gaussian_sigma`). Other formats are given the numbers as
    they are drawn, by that rule smaller where they are narrow. What lies beyond the largest number saturates; unsigned formats are given
    magnitudes.
    """

    distribution: Distribution

    def __str__(self) -> str:
        return str(self.distribution)

    def numbers(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers as drawn."""
        cycles, streams, lanes = shape
        return DISTRIBUTIONS[self.distribution.name].draw(rng, (streams, cycles * lanes), self.distribution.parameter)

    def codes(self, fmt: Format, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers scaled and rounded to `fmt`."""
        values = self.numbers(shape, rng).reshape(shape)
        if isinstance(fmt, IntFormat | CodebookFormat) and self.distribution.name != "gaussian":
            values = values * (_largest(fmt) / np.abs(values).max())
        else:
            values = values * gaussian_sigma(fmt)
        return golden.encode(values if fmt.signed else np.abs(values), fmt, overflow="sat")

    def of(self, streams: slice) -> "Drawn":
        """Return the same: all streams are alike."""
        return self


@dataclass(frozen=True)
class AllCodes:
    """Every code of a format that is a finite number, as often as any other."""

    def __str__(self) -> str:
        return "codes"

    def numbers(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Raise: a block's codes are made of numbers."""
        raise SpecError("the operands codes are for scalar formats, and a block format's codes come with scales; name a distribution")

    def codes(self, fmt: Format, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return codes drawn until they are finite."""
        codes = rng.integers(0, (1 << fmt.width) - 1, shape, dtype=np.uint64, endpoint=True)
        while (wrong := ~np.isfinite(golden.decode(codes, fmt))).any():
            codes[wrong] = rng.integers(0, (1 << fmt.width) - 1, int(wrong.sum()), dtype=np.uint64, endpoint=True)
        return codes

    def of(self, streams: slice) -> "AllCodes":
        """Return the same: all streams are alike."""
        return self


@dataclass(frozen=True, eq=False)
class Given:
    """A user's numbers.

    Attributes
    ----------
    name
        The file's.
    data
        (n, K): a row for each stream, K numbers for K / lanes steps, lane by lane. They are rounded to the format, not scaled to it.
    """

    name: str
    data: np.ndarray

    def __str__(self) -> str:
        return self.name

    def numbers(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers; cycles after the last step show that step's again."""
        cycles, streams, lanes = shape
        steps = self.data.reshape(streams, -1, lanes).astype(float)
        return np.pad(steps, ((0, 0), (0, cycles - steps.shape[1]), (0, 0)), mode="edge").reshape(streams, -1)

    def codes(self, fmt: Format, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers rounded to `fmt`, which they must lie in the range of."""
        cycles, streams, lanes = shape
        largest = _largest(fmt)
        least = 0.0 if not fmt.signed else float(fmt.min_value) if isinstance(fmt, IntFormat) else -largest
        outside = self.data[(self.data > largest) | (self.data < least)]
        if outside.size:
            ends = f"from {least:g} to {largest:g}"
            raise SpecError(f"{self.name} holds {outside.size} numbers such as {outside[0]:g}, and {fmt} reaches {ends}; scale them first")
        codes = golden.encode(self.numbers(shape, rng).reshape(streams, cycles, lanes).swapaxes(0, 1), fmt, overflow="sat")
        if self.data.any() and not golden.decode(codes, fmt).any():
            raise SpecError(f"all numbers of {self.name} become zero in {fmt}, whose largest is {largest:g}; scale them first")
        return codes

    def of(self, streams: slice) -> "Given":
        """Return the rows of some streams."""
        return replace(self, data=self.data[streams])


@dataclass(frozen=True)
class Operands:
    """What a unit is fed for an energy figure.

    Attributes
    ----------
    sources
        Where the numbers of a and of b come from.
    steps, streams
        How many; of a file, one step for each of its numbers, shared by the lanes.
    """

    sources: tuple[Source, Source]
    steps: int = STEPS
    streams: int = STREAMS

    def __str__(self) -> str:
        return ", ".join(dict.fromkeys(map(str, self.sources)))

    def for_lanes(self, lanes: int) -> "Operands":
        """Return these operands for a unit of several lanes, whose steps take as many numbers of a file each.

        Raises
        ------
        SpecError
            If they cannot be shared out, are too few for a figure, or more than can be run.
        """
        steps = self.steps
        files = [source for source in self.sources if isinstance(source, Given)]
        for source in files:
            steps, rest = divmod(source.data.shape[1], lanes)
            if rest:
                raise SpecError(f"{source.name} has rows of {source.data.shape[1]} numbers, which steps of {lanes} lanes do not divide")
        if min(steps, self.streams) < 2:
            raise SpecError(
                f"{files[0].name if files else 'a run'} of {self.streams} streams of {steps} steps is too short for a figure: "
                "toggles need two steps, and an interval two streams"
            )
        products = steps * self.streams * lanes
        if products > MOST_PRODUCTS:
            raise SpecError(f"{self.streams} streams of {steps} steps make {products:,} products, and {MOST_PRODUCTS:,} are the most")
        return replace(self, steps=steps)


_GAUSSIAN = Drawn(Distribution("gaussian"))
GAUSSIAN = Operands((_GAUSSIAN, _GAUSSIAN))


def parse_operands(texts: Sequence[str], steps: int | None = None, streams: int | None = None) -> Operands:
    """Return the operands that one text names for both, or two for each.

    Parameters
    ----------
    texts
        Names of distributions, ``codes``, or names of ``.npy`` files: one file holds both, (2, n, K); of two, or beside a name, each
        holds one, (n, K). n is the number of streams.
    steps, streams
        How much is drawn; not of files.

    Raises
    ------
    SpecError
        If a text names none, or files have other shapes, or say themselves how much there is.
    """
    if len(texts) > 2:
        raise SpecError(f"operands were named {len(texts)} times; name them once for both, or once for a and once for b")
    if len(texts) == 2:
        a, b = (_one(text) for text in texts)
    elif _is_file(texts[0]):
        data = read_array(Path(texts[0]))
        if data.ndim != 3 or len(data) != 2:
            raise SpecError(f"{texts[0]} holds an array of shape {data.shape}, and a file for both operands is (2, streams, numbers)")
        a, b = (Given(Path(texts[0]).name, each) for each in data)
    else:
        a = b = _one(texts[0])
    files = [source for source in (a, b) if isinstance(source, Given)]
    if not files:
        return Operands((a, b), STEPS if steps is None else steps, STREAMS if streams is None else streams)
    if steps is not None or streams is not None:
        raise SpecError(f"{files[0].name} says itself how many steps and streams there are; leave them out")
    if files[0].data.shape != files[-1].data.shape:
        raise SpecError(
            f"{files[0].name} is of shape {files[0].data.shape} and {files[1].name} of {files[1].data.shape}; they must be alike"
        )
    return Operands((a, b), files[0].data.shape[1], files[0].data.shape[0])


def _is_file(text: str) -> bool:
    return text.endswith(".npy")


def _one(text: str) -> Source:
    if _is_file(text):
        data = read_array(Path(text))
        if data.ndim != 2:
            raise SpecError(f"{text} holds an array of shape {data.shape}, and a file for one operand is (streams, numbers)")
        return Given(Path(text).name, data)
    if text == "codes":
        return AllCodes()
    names = [*(name for name in DISTRIBUTIONS if name != _ROWS), "codes"]
    try:
        distribution = parse_distribution(text)
    except SpecError as error:
        if text.partition(":")[0] in names:
            raise
        raise SpecError(f"unknown operands {text!r}: allowed are {', '.join(names)}, or a .npy file{nearest(text, names)}") from error
    if distribution.name == _ROWS:
        raise SpecError(f"the operands {_ROWS} are of rows of a tensor, and streams have none; use gaussian")
    return Drawn(distribution)
