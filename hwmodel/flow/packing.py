"""Streams as bits: which bit of an integer is which stream, codes to bits and back, ones counted batch by batch.

A row holds one bit per stream and is what a net shows in one cycle. Streams are split into batches of neighbours, and each batch
starts at a whole byte, so that counting the ones of a batch is counting the ones of bytes. Bits between batches are never set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Packing:
    """How a number of streams lies in rows of whole bytes.

    Attributes
    ----------
    streams
        Their number.
    batches
        Groups of neighbouring streams that are counted apart; sizes differ by at most one.
    """

    streams: int
    batches: int = 1

    @property
    def batch_bytes(self) -> int:
        """Bytes of a row that one batch has."""
        return -(-self.batch_streams[0] // 8)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.batches * self.batch_bytes

    @cached_property
    def batch_streams(self) -> tuple[int, ...]:
        """Streams of each batch, the largest first."""
        each, more = divmod(self.streams, self.batches)
        return tuple(each + (batch < more) for batch in range(self.batches))

    @cached_property
    def places(self) -> np.ndarray:
        """(streams,) int64: the bit of a row that each stream has."""
        return np.concatenate([8 * self.batch_bytes * batch + np.arange(size) for batch, size in enumerate(self.batch_streams)])

    def ones(self, rows: int) -> int:
        """Return `rows` rows in which every stream is one."""
        bits = np.zeros(8 * self.row_bytes, np.uint8)
        bits[self.places] = 1
        return int.from_bytes(np.packbits(bits, bitorder="little").tobytes() * rows, "little")

    def pack(self, plane: np.ndarray) -> bytes:
        """Return a (rows, streams) array of zeros and ones as rows, one after the other."""
        bits = np.zeros((len(plane), 8 * self.row_bytes), np.uint8)
        bits[:, self.places] = plane
        return np.packbits(bits, axis=1, bitorder="little").tobytes()

    def unpack(self, rows: bytes) -> np.ndarray:
        """Return the (rows, streams) uint8 array of zeros and ones that `pack` made `rows` of."""
        return np.unpackbits(np.frombuffer(rows, np.uint8).reshape(-1, self.row_bytes), axis=1, bitorder="little")[:, self.places]

    def count(self, values: Sequence[int], rows: int) -> np.ndarray:
        """Return how many ones each batch has in all of `values`, integers of `rows` rows: (batches,) int64."""
        size = rows * self.row_bytes
        ones = np.bitwise_count(np.frombuffer(b"".join([value.to_bytes(size, "little") for value in values]), np.uint8))
        by_byte = ones.reshape(len(values), size).sum(axis=0, dtype=np.uint32)  # along the long axis first: ten times as fast
        return by_byte.reshape(rows, self.batches, self.batch_bytes).sum(axis=(0, 2), dtype=np.int64)


def planes_of(name: str, values: np.ndarray, width: int, cycles: int, packing: Packing) -> list[bytes]:
    """Return each bit of a port as rows, one a cycle.

    Parameters
    ----------
    name
        The port's, for messages.
    values
        Codes of shape (cycles or 1, streams or 1), or (…, lanes) of lanes that share the port's bits evenly, lane 0 in the low ones.
    width
        Bits of the port.

    Raises
    ------
    ValueError
        If the values are no codes of that width, or have another shape.
    """
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] and width % values.shape[2] == 0):
        raise ValueError(
            f"the stimulus of {name!r} has shape {values.shape} where (cycles, streams) are needed, "
            f"or (cycles, streams, lanes) with lanes that share its {width} bits evenly"
        )
    if values.ndim == 3:
        share = width // values.shape[2]
        return [plane for lane in np.moveaxis(values, 2, 0) for plane in planes_of(name, lane, share, cycles, packing)]
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.dtype != object and values.dtype.kind not in "iu":
        raise ValueError(f"the stimulus of {name!r} holds {values.dtype} values where codes (integers) are needed")
    if values.size and (int(values.max()) >> width or int(values.min()) < 0):
        raise ValueError(f"the stimulus of {name!r} holds codes outside 0 … 2**{width} - 1")
    shape = (cycles, packing.streams)
    return [packing.pack(np.broadcast_to(((values >> bit) & 1).astype(np.uint8), shape)) for bit in range(width)]


def codes_of(planes: list[bytes], packing: Packing) -> np.ndarray:
    """Return the codes whose bits are `planes`, lowest first: (rows, streams) uint64, or Python integers beyond 64 bits."""
    kind: type = np.uint64 if len(planes) <= 64 else object
    codes: np.ndarray = np.zeros((len(planes[0]) // packing.row_bytes, packing.streams), dtype=kind)
    for bit, plane in enumerate(planes):
        codes |= packing.unpack(plane).astype(kind) << (np.uint64(bit) if kind is np.uint64 else bit)
    return codes
