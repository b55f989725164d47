"""The options of `encode`, checked: the sentences a person reads when one does not suit."""

import re
from functools import lru_cache

from hwmodel.spec import FloatFormat, Format, IntFormat, LogFormat, PositFormat, SpecError, X87Format
from hwmodel.spec.errors import not_text

MAX_RANDOM_BITS = 32


@lru_cache
def check_options(fmt: Format, rounding: str, overflow: str | None, nan: str) -> tuple[str, int | None]:
    """Return the overflow mode with the default filled in, and k of ``sr<k>`` (or None).

    Raises
    ------
    SpecError
        If an option is unknown or does not suit the format.
    """
    not_text(fmt, "parse_format")
    match = re.fullmatch(r"sr([1-9]\d?)", rounding)
    bits = int(match[1]) if match else None
    if rounding not in ("rne", "rna", "rtz", "rup", "rdn") and (bits is None or bits > MAX_RANDOM_BITS):
        raise SpecError(f"rounding {rounding!r} is not one of rne, rna, rtz, rup, rdn, or sr<k> with k in 1..{MAX_RANDOM_BITS}")
    overflow = fmt.default_overflow if overflow is None else overflow
    if overflow not in ("sat", "ieee"):
        raise SpecError(f"overflow {overflow!r} is not one of sat, ieee")
    if bits is not None and not isinstance(fmt, IntFormat | FloatFormat | X87Format):
        raise SpecError(f"rounding {rounding!r} is defined for integer and float formats, and {fmt} is neither; use rne")
    if overflow == "ieee" and isinstance(fmt, PositFormat | LogFormat):
        raise SpecError(f"overflow 'ieee' does not apply: {fmt} never overflows, its largest number stands for all beyond; use 'sat'")
    if overflow == "ieee" and not (fmt.has_inf or fmt.has_nan):
        raise SpecError(f"overflow 'ieee' needs an infinity or a NaN to overflow to, and {fmt} has neither; use 'sat'")
    if nan not in ("error", "sat", "zero"):
        raise SpecError(f"nan {nan!r} is not one of error, sat, zero")
    return overflow, bits


def nan_error(fmt: Format) -> SpecError:
    """Return what to raise where a NaN meets a format that has none."""
    return SpecError(f"a NaN cannot be encoded: {fmt} has no code for it; choose nan='sat' or nan='zero' (--nan sat, --nan zero)")


def random_error(rounding: str, bits: int) -> SpecError:
    """Return what to raise where stochastic rounding lacks its `bits` random bits, or gets more."""
    return SpecError(f"rounding {rounding!r} needs random integers in 0..2^{bits}-1")
