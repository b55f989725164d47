"""Distributions that the tensors of neural networks are likened to."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwmodel.golden.arrays import Array
from hwmodel.spec import SpecError
from hwmodel.spec.errors import name_of, nearest

Draw = Callable[[np.random.Generator, tuple[int, int], float], Array]


@dataclass(frozen=True)
class _Family:
    """A family of distributions: how to draw, its parameter (what it is, its default and limits), and what it stands for."""

    draw: Draw
    meaning: str
    parameter: str = ""
    default: float = math.nan
    low: float = math.nan
    high: float = math.nan


def _signed_lognormal(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> Array:
    return rng.lognormal(0.0, sigma, shape) * rng.choice([-1.0, 1.0], shape)


def _gaussian_rows(rng: np.random.Generator, shape: tuple[int, int], _: float) -> Array:
    return rng.standard_normal(shape) * np.abs(rng.standard_normal((shape[0], 1)))


def _uniform_about(rng: np.random.Generator, shape: tuple[int, int], mean: float) -> Array:
    return rng.uniform(mean - math.sqrt(3), mean + math.sqrt(3), shape)


DISTRIBUTIONS: dict[str, _Family] = {
    "uniform": _Family(lambda rng, shape, _: rng.uniform(-1, 1, shape), "between -1 and 1"),
    "gaussian": _Family(lambda rng, shape, _: rng.standard_normal(shape), "mean 0, standard deviation 1: weights"),
    "laplace": _Family(lambda rng, shape, _: rng.laplace(size=shape), "mean 0, scale 1: activations"),
    "student": _Family(
        lambda rng, shape, nu: rng.standard_t(nu, shape), "with outliers: activations of transformers", "degrees of freedom", 3, 0.1, 1000
    ),
    "lognormal": _Family(
        _signed_lognormal, "log-normal magnitudes of either sign: gradients (arXiv 2006.08173)", "sigma of the logarithm", 1.5, 0.01, 10
    ),
    "relu": _Family(
        lambda rng, shape, _: np.maximum(rng.standard_normal(shape), 0.0), "a Gaussian of which a ReLU made one half zeros: activations"
    ),
    "gaussian-rows": _Family(_gaussian_rows, "Gaussian, the standard deviation of each row drawn as |N(0, 1)| (arXiv 2302.08007)"),
    "offset": _Family(
        _uniform_about,
        "uniform of standard deviation 1 about a mean: sums that grow with their length (arXiv 1812.08011)",
        "mean",
        1,
        -1e6,
        1e6,
    ),
}
"""By name; the first five are what is shown unless others are asked for."""

SHOWN = ("uniform", "gaussian", "laplace", "student", "lognormal")

_ALIASES = {"normal": "gaussian", "t": "student", "student-t": "student", "log-normal": "lognormal"}
_NAME = re.compile(r"([a-z-]+)(?::(.+))?", re.ASCII)


@dataclass(frozen=True)
class Distribution:
    """A distribution with its parameter, if it has one.

    Parameters
    ----------
    name
        A key of `DISTRIBUTIONS`.
    parameter
        NaN: it has none.
    """

    name: str
    parameter: float = math.nan

    def __str__(self) -> str:
        return self.name if math.isnan(self.parameter) else f"{self.name}:{self.parameter:g}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Distribution) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def draw(self, shape: tuple[int, int], seed: int | tuple[int, ...]) -> Array:
        """Return independent samples, float64, of rows and columns; the same for the same seed, or numbers that make one."""
        return DISTRIBUTIONS[self.name].draw(np.random.default_rng(seed), shape, self.parameter)


def parse_distribution(text: str) -> Distribution:
    """Return the distribution that `text` denotes: a name, and after a colon its parameter, as in ``student:5``.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    key = name_of(text)
    match = _NAME.fullmatch(key)
    name = _ALIASES.get(match[1], match[1]) if match else ""
    family = DISTRIBUTIONS.get(name)
    if match is None or family is None:
        names = [f"{each}{':<' + family.parameter + '>' if family.parameter else ''}" for each, family in DISTRIBUTIONS.items()]
        raise SpecError(f"unknown distribution {text!r}: allowed are {', '.join(names)}{nearest(key, DISTRIBUTIONS)}")
    if match[2] is None:
        return Distribution(name, family.default)
    if not family.parameter:
        raise SpecError(f"distribution {text!r}: {name} has no parameter; leave :{match[2]} out")
    try:
        parameter = float(match[2])
    except ValueError:
        parameter = math.nan
    if not family.low <= parameter <= family.high:
        raise SpecError(f"distribution {text!r}: the {family.parameter} {match[2]} is not a number in {family.low:g}..{family.high:g}")
    return Distribution(name, parameter)
