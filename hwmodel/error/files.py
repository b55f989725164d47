"""A user's own data."""

from pathlib import Path

import numpy as np

from hwmodel.golden.arrays import Array
from hwmodel.spec import SpecError

_FAR = 400
"""Binades from 1 in which the largest magnitude lies; squares of data, and sums of products of two, are float64 then."""


def read_array(path: Path) -> Array:
    """Return the numbers in a ``.npy`` file as float64, or as they are if they are float32.

    Raises
    ------
    SpecError
        If the file holds something else, no number at all, a NaN or an infinity, or numbers whose squares float64 does not hold.
    OSError
        If it cannot be read.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise SpecError(f"{path} is not a .npy file of numbers") from error
    if not isinstance(values, np.ndarray):
        values.close()
        raise SpecError(f"{path} holds several arrays; save the one that is meant with numpy.save")
    if values.dtype.kind not in "iuf" or values.dtype.itemsize > 8:
        raise SpecError(f"{path} holds {values.dtype}; data are real numbers of at most 64 bits")
    if not values.size:
        raise SpecError(f"{path} holds an empty array, of shape {values.shape}")
    values = np.atleast_1d(values if values.dtype == np.float32 else values.astype(np.float64))
    if not np.isfinite(values).all():
        raise SpecError(f"{path} holds {np.count_nonzero(~np.isfinite(values))} NaN or infinite entries, and data are numbers")
    largest = float(np.abs(values).max())
    if largest and not 2.0**-_FAR < largest < 2.0**_FAR:
        raise SpecError(f"{path} reaches to {largest:.3g}; scale it to between 2^-{_FAR} and 2^{_FAR}, of which float64 holds squares")
    return values
