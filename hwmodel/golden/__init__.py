"""What the bits must be: exact codecs and multiply-accumulate units, codes in and codes out.

Two forms of everything: :mod:`hwmodel.golden.scalar` is the definition, on Python integers and fractions; the functions
and classes here are the same over NumPy arrays, fast enough to check a simulated circuit on millions of vectors.
"""

from typing import TYPE_CHECKING, Any

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
    "blocks": ("Blocks", "dequantise", "quantise"),
    "codec": ("decode", "encode"),
    "codes": ("code_to_int", "int_to_code"),
    "lfsr": ("lfsr_words",),
    "mac": ("Mac",),
    "tensor": ("dot", "matmul"),
}


def __getattr__(name: str) -> Any:
    """Import a name of the NumPy form where it is first used: the scalar form needs no NumPy."""
    for module, names in _HOME.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
