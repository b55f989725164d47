"""Quotients of floats that round as the exact ones would."""

import numpy as np

from .arrays import Array

_SPLIT = float((1 << 27) + 1)


def divide(dividend: Array, divisor: Array) -> Array:
    """Return quotients as float64, rounded to odd: any rounding to 51 bits or fewer then gives what the exact quotient would.

    Parameters
    ----------
    dividend, divisor : (...,) float64
        Finite, broadcast to each other; by zero the quotient is zero, with the sign of the dividend.

    Returns
    -------
    (...,) float64
        An inexact quotient has its last bit set, so that it lies on no boundary between numbers of fewer bits.
    """
    top, top_exponent = np.frexp(dividend)
    bottom, bottom_exponent = np.frexp(np.where(divisor == 0, 1.0, divisor))
    quotient = top / bottom
    product = quotient * bottom
    # Dekker: what the product lost. The remainder of a quotient rounded to nearest is itself a float64.
    lost = _low_product(quotient, bottom, product)
    remainder = (top - product) - lost
    bits = quotient.view(np.int64)
    # Toward zero where the rounding went away from it; then odd.
    away = (remainder != 0) & ((remainder < 0) != (top < 0))
    bits = (bits - away) | (remainder != 0)
    quotient = np.ldexp(bits.view(np.float64), top_exponent - bottom_exponent)
    return np.where(divisor == 0, np.copysign(0.0, dividend), quotient)


def _low_product(x: Array, y: Array, product: Array) -> Array:
    """Return ``x * y - product`` exactly."""
    x_high, y_high = _high_half(x), _high_half(y)
    x_low, y_low = x - x_high, y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _high_half(x: Array) -> Array:
    """Return the upper 26 bits of numbers (Veltkamp)."""
    spread = x * _SPLIT
    return spread - (spread - x)
