"""The definition, one number at a time: codecs and units on Python integers and `fractions.Fraction`.

Slow on purpose: every line can be held against ``docs/semantics.md``. The NumPy form in :mod:`hwmodel.golden` is held
equal to this one, bit for bit, by the tests.
"""

from . import blocks
from .accumulators import BlockAcc, ChunkAcc, ExactSum, FixedAcc, FloatAcc, PositAcc, QuireAcc
from .codec import decode, encode
from .mac import Mac
from .tensor import TensorAcc, dot
from .value import Kind, Value

__all__ = [
    "BlockAcc",
    "ChunkAcc",
    "ExactSum",
    "FixedAcc",
    "FloatAcc",
    "Kind",
    "Mac",
    "PositAcc",
    "QuireAcc",
    "TensorAcc",
    "Value",
    "blocks",
    "decode",
    "dot",
    "encode",
]
