"""What the bits must be: exact codecs and multiply-accumulate units, codes in and codes out.

Two forms of everything: :mod:`hwmodel.golden.scalar` is the definition, on Python integers and fractions; the functions
and classes here are the same over NumPy arrays, fast enough to check a simulated circuit on millions of vectors.
"""

from typing import TYPE_CHECKING, Any

from . import scalar

if TYPE_CHECKING:
    from .codec import decode, encode
    from .codes import code_to_int, int_to_code
    from .mac import Mac

__all__ = ["Mac", "code_to_int", "decode", "encode", "int_to_code", "scalar"]

_HOME = {"Mac": "mac", "code_to_int": "codes", "decode": "codec", "encode": "codec", "int_to_code": "codes"}


def __getattr__(name: str) -> Any:
    """Import a name of the NumPy form where it is first used: the scalar form needs no NumPy."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
