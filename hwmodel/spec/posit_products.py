"""Posits multiplied in two's complement, as their codes are, where no sign and magnitude is asked for: on a fixed-point grid.

With the sign bit s, and regime, exponent e and fraction f read from the code as it stands, negative or not, a posit is worth
``(1 - 3 * s + f) * 2**((1 - 2 * s) * (k * 2**es + e + s))``: the significand is 1 + f or -2 + f, and the exponent of a negative one is the
complement of the bits read. Nothing is negated, so nothing carries.

Source: I. Yonemoto's decoding, as in R. Murillo et al., "Energy-efficient MAC units for fused posit arithmetic", ICCD 2021.
"""

from functools import lru_cache
from operator import add

from .posits import PositFormat
from .ranges import NumberShape, operand_shape


@lru_cache(maxsize=256)
def signed_posit_exponents(fmt: PositFormat) -> range:
    """Return the exponents of posits that are read so: a negative power of two is -2 times the next lower one."""
    return range(-fmt.max_exponent - 1, fmt.max_exponent + 1)


@lru_cache(maxsize=256)
def posit_product_shape(a: PositFormat, b: PositFormat) -> NumberShape:
    """Return the shape of the product of two posits in two's complement."""
    x, y = (operand_shape(fmt, normalised=True) for fmt in (a, b))
    exponents = signed_posit_exponents(a), signed_posit_exponents(b)
    # In -4..4: two bits above the point, and the sign.
    bits = a.fraction_bits + b.fraction_bits + 4
    return NumberShape(
        signed=True,
        significand_bits=bits,
        exponent_low=exponents[0][0] + exponents[1][0],
        exponent_high=exponents[0][-1] + exponents[1][-1],
        top=3,
        leading_zeros=bits - 1,
        nan=True,
        inf=False,
        lsb=x.lsb + y.lsb,
        magnitude=x.magnitude * y.magnitude,
        anywhere=bits - 1,
        twos_complement=True,
        lowest=_lowest_of_products(a, b),
    )


def _lowest_of_products(a: PositFormat, b: PositFormat) -> tuple[int, ...]:
    """Return the weight of the lowest bit that a product of each exponent can have."""
    up, down = _lowest(a), _lowest(b)[::-1]
    # Exponents that add up to the same: one rises as the other falls.
    starts = [(max(at + 1 - len(down), 0), max(len(down) - 1 - at, 0), at + 1) for at in range(len(up) + len(down) - 1)]
    return tuple([min(map(add, up[i:end], down[j:])) for i, j, end in starts])


def _lowest(fmt: PositFormat) -> list[int]:
    """Return the weight of the lowest bit that a posit of each exponent can have: the longer its regime, the fewer."""
    # Of the lowest exponent there is -2 times it only.
    return [-fmt.max_exponent, *(_unit(fmt, exponent) for exponent in signed_posit_exponents(fmt)[1:])]


def _unit(fmt: PositFormat, exponent: int) -> int:
    """Return the weight of the last fraction bit of posits with an exponent, or the exponent where they have none."""
    regime = exponent >> fmt.exponent_bits
    run = regime + 1 if regime >= 0 else -regime
    # Behind the sign, the run and the bit that ends it; a run may fill the code.
    return exponent - max(fmt.width - 2 - run - fmt.exponent_bits, 0)
