"""Published statements about errors, and how each is measured: quantisers of tensors, and sums in a unit's own arithmetic."""

import math
from functools import partial

import numpy as np

from hwmodel.error import (
    GivenPairs,
    lower_bound_db,
    measure,
    measure_dots,
    parse_distribution,
    parse_dot_unit,
    parse_sharing,
    round_trip,
)
from hwmodel.golden.arrays import Array
from hwmodel.spec import BlockFormat, parse_block, parse_scalar_or_block

from .claim import ErrorClaim, Measured
from .verdict import TOLERANCE

SEED = 1
_SHAPE = (256, 1024)

_STUDY = {"INT8": "int8", "E2M5": "e2m5none", "E3M4": "e3m4none", "E4M3": "e4m3none", "E5M2": "e5m2none"}
"""The formats of arXiv 2208.09225, all of whose codes are numbers."""

_BLOCKS = ("mx9", "mx6", "mx4", "msfp12", "msfp14", "msfp16")

SUM_TERMS = 65_536
_SUMS = 2


def decibels(name: str, distribution: str, clip: str = "amax") -> float:
    """Return the signal to quantisation noise of a format; scalar formats have one scale for the tensor."""
    fmt = parse_scalar_or_block(name)
    values = parse_distribution(distribution).draw(_SHAPE, SEED)
    return measure(values, fmt, None if isinstance(fmt, BlockFormat) else parse_sharing("tensor"), clip).sqnr_db


def _distance(better: str, worse: str, published: float) -> Measured:
    """Return by how many decibels one format is better than another on Gaussian data whose rows differ in deviation."""
    found = decibels(better, "gaussian-rows") - decibels(worse, "gaussian-rows")
    return Measured(f"{found:.1f} dB", abs(found / published - 1) <= TOLERANCE, found)


def _above_bound() -> Measured:
    """Return how far the worst of many vectors, some made against the bound, is above it."""
    margins = []
    for name in _BLOCKS:
        fmt = parse_block(name)
        for length in (4, 16, 64):
            vectors = _vectors(fmt, length)
            noise = np.square(round_trip(vectors, fmt, pad=True) - vectors).sum(axis=1)
            signal = np.square(vectors).sum(axis=1)
            with np.errstate(divide="ignore"):
                margins.append(float((10 * np.log10(signal / noise)).min()) - lower_bound_db(fmt, length))
    least = min(margins)
    return Measured(f"{least:+.1f} dB at the least", least >= 0, least)


def _vectors(fmt: BlockFormat, length: int) -> Array:
    """Return vectors of several distributions, and one whose elements lie midway between numbers and are as small as that can be."""
    assert fmt.size is not None
    rng = np.random.default_rng(SEED)
    drawn = [rng.standard_normal((1000, length)), rng.standard_t(1, (1000, length)), np.exp2(rng.uniform(-12, 0, (1000, length)))]
    block = np.full(fmt.size, 2.0 ** -(fmt.point + 1) / 2**fmt.max_shift)
    block[: fmt.sub_size or fmt.size] = 2.0 ** -(fmt.point + 1)
    block[0] = 1
    return np.concatenate([*drawn, [np.resize(block, length)]])


def order(distribution: str) -> list[str]:
    """Return the formats of arXiv 2208.09225 from the best on, with scales that minimise the square error."""
    found = {name: decibels(fmt, distribution, "mse") for name, fmt in _STUDY.items()}
    return sorted(found, key=found.__getitem__, reverse=True)


def _best_and_worst(distribution: str, best: frozenset[str], worst: str) -> Measured:
    found = order(distribution)
    holds = set(found[: len(best)]) == best and (not worst or found[-1] == worst)
    return Measured(" > ".join(found), holds)


def off(accumulator: str) -> float:
    """Return by which share a sum of 65,536 numbers of mean and standard deviation 1 is off, in the (1,6,9) format."""
    values = parse_distribution("offset").draw((_SUMS, SUM_TERMS), SEED)
    source = GivenPairs("sums", values, np.ones_like(values))
    (found,) = measure_dots([parse_dot_unit(f"e6m9-e6m9-{accumulator}")], [source], [SUM_TERMS], [SEED], parse_sharing("none"))
    # All sums are nearly the same, so that errors over sums are what the root mean squares' ratio says.
    return math.pow(10, -found.accumulation.snr_db / 20)


def _swamps(accumulator: str, *, swamps: bool) -> Measured:
    found = off(accumulator)
    return Measured(f"off by {found:.1%}", found > 0.5 if swamps else found <= TOLERANCE, found)


_ROWS = "Gaussian data, the deviation of each row drawn as |N(0, 1)|; one scale in software for scalar formats."

ERROR_CLAIMS = (
    ErrorClaim(
        "mx9-over-e4m3",
        "2302.08007",
        "MX9 has some 16 dB more signal to quantisation noise than FP8 E4M3",
        "16 dB",
        partial(_distance, "mx9", "e4m3fn", 16),
        _ROWS,
    ),
    ErrorClaim(
        "mx9-over-msfp16",
        "2302.08007",
        "MX9 has 3.6 dB more than MSFP16",
        "3.6 dB",
        partial(_distance, "mx9", "msfp16", 3.6),
        _ROWS,
    ),
    ErrorClaim(
        "qsnr-bound",
        "2302.08007",
        "6.02m + 10 log(2^2β / (min(N, k1) + (2^2β - 1) k2)) bounds the ratio from below for any data",
        "never below",
        _above_bound,
        f"Vectors of 4, 16 and 64 in {', '.join(_BLOCKS)}, some of them made against the bound.",
    ),
    ErrorClaim(
        "sum-swamps",
        "1812.08011",
        "A sum of 65,536 numbers of mean 1 and deviation 1 swamps in (1,6,9)",
        "swamps",
        partial(_swamps, "e6m9", swamps=True),
        "From 4,096 on the unit is 8, and no term reaches half of it.",
    ),
    ErrorClaim(
        "sum-chunk8",
        "1812.08011",
        "Added in chunks of 8 it holds",
        "holds",
        partial(_swamps, "chunk8:e6m9:e6m9", swamps=False),
        "Chunks are some 8 each; at 16,384 the outer sum's unit is 32, and hardly a chunk reaches half of it. Rounded to nearest here, and "
        "the outer sum held in (1,6,9) too; what theirs did at so short a chunk is not known.",
    ),
    ErrorClaim(
        "sum-chunk64",
        "1812.08011",
        "Added in chunks of 64 it holds",
        "holds",
        partial(_swamps, "chunk64:e6m9:e6m9", swamps=False),
        "Chunks are some 64 each, no less than the outer sum's unit up to its end.",
    ),
    ErrorClaim(
        "order-uniform",
        "2208.09225",
        "On uniform data INT8 and E2M5 are best, E5M2 is worst",
        "INT8, E2M5 best; E5M2 worst",
        partial(_best_and_worst, "uniform", frozenset({"INT8", "E2M5"}), "E5M2"),
        "Scales that minimise the square error, as theirs.",
    ),
    ErrorClaim(
        "order-gaussian",
        "2208.09225",
        "On Gaussian data INT8 and E2M5 are best, E5M2 is worst",
        "INT8, E2M5 best; E5M2 worst",
        partial(_best_and_worst, "gaussian", frozenset({"INT8", "E2M5"}), "E5M2"),
        "Scales that minimise the square error, as theirs.",
    ),
    ErrorClaim(
        "order-student",
        "2208.09225",
        "On Student-t data, with outliers, E3M4 is best",
        "E3M4 best",
        partial(_best_and_worst, "student:3", frozenset({"E3M4"}), ""),
        "Three degrees of freedom here.",
    ),
)
