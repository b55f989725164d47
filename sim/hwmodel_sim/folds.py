"""Where chunks and blocks begin and end, and the levels that a step's products go through on their way."""

from dataclasses import dataclass

import numpy as np

from hwmodel.spec import ChunkAcc, FixedAcc, Level, MacSpec

from .operands import Array


def levels_of(spec: MacSpec) -> dict[str, Level]:
    """Return the registers that sum, in the order a product meets them, by what stands before "register" when they are spoken of.

    Of a block that takes several steps the first is its exact sum.
    """
    if isinstance(spec.acc, ChunkAcc):
        return {" inner": spec.acc.inner, " outer": spec.acc.outer}
    if spec.fold_steps is not None and spec.exact_sum is not None:
        return {" block's": FixedAcc(spec.exact_sum.width, spec.exact_sum.fraction), "": spec.acc}
    return {"": spec.acc}


def steps_together(spec: MacSpec) -> int:
    """Return how many steps go into one addition to the last level; where only `flush` ends a block, 1."""
    return spec.fold_steps or 1


@dataclass(frozen=True)
class Folds:
    """What becomes of the steps on a sheet; each array is (cycles, stories) bool.

    Attributes
    ----------
    fresh
        Where a chunk or block begins.
    ends
        Where one ends.
    whole
        Whether two whole ones followed each other, both ended by count.
    """

    fresh: Array
    ends: Array
    whole: bool

    @classmethod
    def of(cls, steps: int | None, valid: Array, clear: Array, flush: Array, rst: Array) -> "Folds":
        """Count the steps of all stories.

        Parameters
        ----------
        steps
            ``spec.fold_steps``.
        """
        valid = valid & ~rst[:, None]
        if steps is None:
            return cls(valid, valid, False)
        fresh, ends = np.zeros_like(valid), np.zeros_like(valid)
        count, whole = np.zeros((2, valid.shape[1]), np.int64)
        two = False
        for t in range(len(rst)):
            over = valid[t] & clear[t] | rst[t]
            count[over] = whole[over] = 0
            fresh[t] = valid[t] & (count == 0)
            count += valid[t]
            full = (count >= steps) & (steps > 0)
            ends[t] = full | (flush[t] & (count > 0) & ~rst[t])
            whole = np.where(full & ~flush[t], whole + 1, np.where(ends[t], 0, whole))
            count[ends[t]] = 0
            two |= bool((whole >= 2).any())
        return cls(fresh, ends, two)
