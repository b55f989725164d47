"""Bilinear look-up in a delay, slew or energy table, continued in a straight line outside it, as ABC and other static timers do."""

import numpy as np
from numpy.typing import ArrayLike


def lookup(slews: np.ndarray, loads: np.ndarray, table: np.ndarray, slew: ArrayLike, load: ArrayLike) -> np.ndarray:
    """Return `table` at `slew` and `load`.

    Parameters
    ----------
    slews, loads
        Axes, rising, of shapes (S,) and (L,); an axis of one point means that the table does not depend on it.
    table
        (…, S, L): leading axes are looked up together.
    slew, load
        Arrays that broadcast together to a shape P.

    Returns
    -------
    numpy.ndarray
        Shape (…, *P).
    """
    slew, load = np.broadcast_arrays(np.asarray(slew, dtype=float), np.asarray(load, dtype=float))
    row, row_part = _locate(slews, slew)
    column, column_part = _locate(loads, load)
    next_row, next_column = np.minimum(row + 1, len(slews) - 1), np.minimum(column + 1, len(loads) - 1)
    low = table[..., row, column] * (1 - column_part) + table[..., row, next_column] * column_part
    high = table[..., next_row, column] * (1 - column_part) + table[..., next_row, next_column] * column_part
    return low * (1 - row_part) + high * row_part


def _locate(axis: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(axis) == 1:
        return np.zeros(value.shape, dtype=int), np.zeros(value.shape)
    index = np.clip(np.searchsorted(axis, value, side="right") - 1, 0, len(axis) - 2)
    return index, (value - axis[index]) / (axis[index + 1] - axis[index])
