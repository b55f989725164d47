"""The 80-bit extended format of the x87, whose codes hold the bit that other floats hide."""

from dataclasses import dataclass


@dataclass(frozen=True)
class X87Format:
    """Sign, 15 exponent bits, an explicit integer bit and 63 fraction bits; IEEE infinities and NaNs.

    A code whose integer bit is 0 although its exponent field is not (an unnormal, a pseudo-infinity, a pseudo-NaN) is invalid
    and counts as NaN. With exponent field 0 the integer bit may be either: a pseudo-denormal is worth what it says.

    Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, sections 4.2.2 and 8.2.2.
    """

    def __str__(self) -> str:
        return "fp80"

    width = 80
    exponent_bits = 15
    fraction_bits = 63  #: not counting the integer bit
    precision = 64
    bias = 16383
    signed = True
    subnormals = True
    halved = False
    zero = True
    has_inf = True
    has_nan = True
    has_negative_zero = True
    default_overflow = "ieee"
    emin = 1 - bias
    lsb_exponent = emin - fraction_bits
    exponent_mask = (1 << exponent_bits) - 1
    fraction_mask = (1 << fraction_bits) - 1
    significand_mask = (1 << precision) - 1
    sign_mask = 1 << (width - 1)
    max_step = (exponent_mask << fraction_bits) - 1  #: numbers from zero to the largest
    max_magnitude = significand_mask << (exponent_mask - 2)
    inf_code = (exponent_mask << precision) | (1 << fraction_bits)
    nan_code = inf_code | (1 << (fraction_bits - 1))  #: quiet, and positive as in every other format
