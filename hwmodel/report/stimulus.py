"""Operands for an energy figure: what a unit is fed while its toggles are counted."""

import numpy as np

from hwmodel import golden
from hwmodel.spec import FloatFormat, Format


def gaussian_sigma(fmt: Format) -> float:
    """Return the standard deviation that suits a format: a quarter of its largest value, at most 1 for floats.

    An integer tensor is scaled to fill its range; a float with exponent to spare is used around 1.
    """
    quarter = float(fmt.max_value) / 4
    return min(quarter, 1.0) if isinstance(fmt, FloatFormat) else quarter


def gaussian_codes(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return codes of Gaussian numbers rounded to `fmt`, saturating; of their magnitudes if it is unsigned.

    Returns
    -------
    ndarray of uint64, `shape`
    """
    values = rng.normal(0.0, gaussian_sigma(fmt), shape)
    return golden.encode(values if fmt.signed else np.abs(values), fmt, overflow="sat")
