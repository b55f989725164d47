"""Records of arrays that share their last axis: one entry an independent unit."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Record = TypeVar("Record", bound=tuple)


def select(mask: NDArray[np.bool_], chosen: Record, other: Record) -> Record:
    """Return the record that equals `chosen` in the units of `mask` and `other` elsewhere; records may nest."""
    return type(other)(*(select(mask, x, y) if isinstance(y, tuple) else np.where(mask, x, y) for x, y in zip(chosen, other, strict=True)))


def at(record: Record, index: Any) -> Record:
    """Return the units `index` of every array of `record`."""
    return type(record)(*(at(x, index) if isinstance(x, tuple) else x[..., index] for x in record))


def store(record: tuple, index: Any, part: tuple) -> None:
    """Write `part` into the units `index` of `record`, in place."""
    for whole, piece in zip(record, part, strict=True):
        if isinstance(whole, tuple):
            store(whole, index, piece)
        else:
            whole[..., index] = piece
