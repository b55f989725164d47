"""Which elements of a tensor share a scale."""

import re
from dataclasses import dataclass

from hwmodel.golden.arrays import Array
from hwmodel.spec import SpecError
from hwmodel.spec.errors import name_of, nearest

KINDS: dict[str, str] = {
    "none": "no scale: the numbers as they are",
    "tensor": "all of them",
    "channel": "a row of the last axis",
    "group": "so many along the last axis",
    "delayed": "a row of the last axis, its scale from the largest magnitudes of so many rows before it",
    "block": "so many along the last axis, and the scale is a power of two, as in OCP MX",
}

_DEFAULT_SIZES = {"block": 32, "delayed": 16}


@dataclass(frozen=True)
class Sharing:
    """Which elements share a scale.

    Parameters
    ----------
    kind
        A key of `KINDS`.
    size
        Of a group or block; of a delay, the rows of its history; else 0.
    """

    kind: str = "tensor"
    size: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.size}" if self.size else self.kind

    def groups(self, values: Array) -> Array:
        """Return the values as (groups, elements), each group with its own scale.

        Raises
        ------
        SpecError
            If a group does not divide the last axis.
        """
        if self.kind in ("none", "tensor"):
            return values.reshape(1, -1)
        length = values.shape[-1]
        if self.kind != "group":
            return values.reshape(-1, length)
        if length % self.size:
            raise SpecError(
                f"scale {self}: groups of {self.size} do not divide the last axis of {length}; pad the data, or choose a divisor"
            )
        return values.reshape(-1, self.size)


def parse_sharing(text: str) -> Sharing:
    """Return the sharing that `text` denotes: ``none``, ``tensor``, ``channel``, ``group:<N>``, ``delayed[:<N>]`` or ``block[:<N>]``.

    Raises
    ------
    SpecError
        If it denotes none.
    """
    match = re.fullmatch(r"([a-z]+)(?::(\d+))?", name_of(text), re.ASCII)
    kind = match[1] if match else ""
    if match is None or kind not in KINDS or (match[2] and kind in ("none", "tensor", "channel")):
        raise SpecError(
            f"unknown scale {text!r}: allowed are none, tensor, channel, group:<N>, delayed[:<N>], block[:<N>]{nearest(kind, KINDS)}"
        )
    if kind == "group" and match[2] is None:
        raise SpecError(f"scale {text!r}: a group has a size, as in group:64")
    size = int(match[2]) if match[2] else _DEFAULT_SIZES.get(kind, 0)
    if kind in ("group", "delayed", "block") and not 1 <= size <= 1 << 16:
        raise SpecError(f"scale {text!r}: the size {size} is not in 1..65536")
    return Sharing(kind, size)
