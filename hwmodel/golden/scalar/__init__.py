"""The definition, one number at a time: codecs and units on Python integers and `fractions.Fraction`.

Slow on purpose: every line can be held against ``docs/semantics.md``. The NumPy form in :mod:`hwmodel.golden` is held
equal to this one, bit for bit, by the tests.
"""

from . import blocks
from .codec import decode, encode
from .mac import ChunkAcc, FixedAcc, FloatAcc, Mac, PositAcc, QuireAcc
from .tensor import dot
from .value import Kind, Value

__all__ = ["ChunkAcc", "FixedAcc", "FloatAcc", "Kind", "Mac", "PositAcc", "QuireAcc", "Value", "blocks", "decode", "dot", "encode"]
