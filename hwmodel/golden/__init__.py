"""What the bits must be: exact codecs and multiply-accumulate units, codes in and codes out.

Two forms of everything: :mod:`hwmodel.golden.scalar` is the definition, on Python integers and fractions; the functions
and classes here are the same over NumPy arrays, fast enough to check a simulated circuit on millions of vectors.
"""

from typing import TYPE_CHECKING

from hwmodel.lazy import lazily

from . import scalar

if TYPE_CHECKING:
    from .blocks import Blocks, dequantise, quantise
    from .codec import decode, encode
    from .codes import code_to_int, int_to_code
    from .lfsr import lfsr_words
    from .mac import Mac
    from .tensor import dot, matmul

__all__ = [
    "Blocks",
    "Mac",
    "code_to_int",
    "decode",
    "dequantise",
    "dot",
    "encode",
    "int_to_code",
    "lfsr_words",
    "matmul",
    "quantise",
    "scalar",
]

_HOME = {
    "Blocks": "blocks",
    "Mac": "mac",
    "code_to_int": "codes",
    "decode": "codec",
    "dequantise": "blocks",
    "dot": "tensor",
    "encode": "codec",
    "int_to_code": "codes",
    "lfsr_words": "lfsr",
    "matmul": "tensor",
    "quantise": "blocks",
}

# Lazily, since the scalar form needs no NumPy.
__getattr__ = lazily(__name__, _HOME)
