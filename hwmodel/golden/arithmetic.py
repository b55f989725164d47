"""Encoding by arithmetic, over arrays of float64: integers, stochastic rounding, and formats too wide for thresholds.

Every function takes numbers and infinities, no NaN, and returns codes.
"""

import numpy as np

from hwmodel.spec import FloatFormat, IntCoding, IntFormat, PositFormat

from .arrays import Array


def encode_int(values: Array, fmt: IntFormat, rounding: str, random: Array | None) -> Array:
    """Return the codes, uint64, of numbers rounded to integers and saturated."""
    # One step beyond the ends is far enough, and the clipped number keeps its sign, also where it is -0.
    values = np.clip(values, fmt.min_value - 1, fmt.max_value + 1)
    match rounding:
        case "rne":
            whole = np.rint(values)
        case "rtz":
            whole = np.trunc(values)
        case "rup":
            whole = np.ceil(values)
        case "rdn":
            whole = np.floor(values)
        case _:
            whole = np.trunc(values)
            part = np.abs(values - whole)
            up = part >= 0.5 if random is None else rounds_up_at_random(part, np.ones(part.shape), rounding, random)
            whole += np.copysign(up, values)
    return int_codes(np.clip(whole, fmt.min_value, fmt.max_value).astype(np.int64), fmt, np.signbit(values))


def int_codes(whole: Array, fmt: IntFormat, negative: Array) -> Array:
    """Return the codes, uint64, of integers, int64, in the range of the format; `negative` is the sign, also of zeros."""
    if fmt.coding is IntCoding.SIGN_MAGNITUDE:
        whole = np.abs(whole) | (negative.astype(np.int64) << (fmt.width - 1))
    return (whole & ((1 << fmt.width) - 1)).view(np.uint64)


def rounds_up_at_random(part: Array, gap: Array, rounding: str, random: Array) -> Array:
    """Whether ``floor(part / gap * 2**k) + random >= 2**k``, for ``0 <= part < gap``."""
    bits = int(rounding[2:])
    uneven = gap != 1
    leading = np.ldexp(np.where(uneven, 0, part), bits).astype(np.int64)
    if uneven.any():
        # Long division: a rest is less than the gap, so doubling it and taking the gap away are exact.
        rest, whole, quotient = part[uneven], gap[uneven], np.zeros(int(uneven.sum()), np.int64)
        for _ in range(bits):
            rest = 2 * rest
            digit = rest >= whole
            rest = np.where(digit, rest - whole, rest)
            quotient = 2 * quotient + digit
        leading[uneven] = quotient
    return leading + random >= 1 << bits


def encode_float(values: Array, fmt: FloatFormat, rounding: str, overflow: str, random: Array | None) -> Array:
    """Return the codes, uint64, of numbers of a float format of any width."""
    negative, infinite = np.signbit(values), np.isinf(values)
    magnitude = np.abs(np.where(infinite, 0.0, values))
    below, part, gap = _between(magnitude, fmt)
    steps = below + _rounds_away(part, gap, below, rounding, negative, random)
    beyond = infinite | (steps > fmt.max_finite_code)
    sign = np.where(negative, np.uint64(fmt.sign_mask), np.uint64(0))
    codes = steps | (sign if fmt.has_negative_zero else np.where(steps > 0, sign, np.uint64(0)))
    if beyond.any():
        ends = np.uint64(fmt.max_finite_code) | sign
        if overflow == "ieee":
            assert fmt.nan_code is not None  # `check_options` refuses the rest
            special = np.uint64(fmt.nan_code) if fmt.inf_code is None else np.uint64(fmt.inf_code) | sign
            ends = np.where(_toward_zero(rounding, negative) & ~infinite, ends, special)
        codes = np.where(beyond, ends, codes)
    if not fmt.signed and negative.any():
        vanishes = ~infinite & ((magnitude == 0) | ((steps == 0) & fmt.zero))
        other = 0 if overflow == "sat" else fmt.nan_code
        assert other is not None
        codes = np.where(negative, np.where(vanishes, np.uint64(0), np.uint64(other)), codes)
    return codes


def _between(magnitude: Array, fmt: FloatFormat) -> tuple[Array, Array, Array]:
    """Return of each magnitude the step (code without sign, without end) below it, uint64, how far it lies above that, and of how much."""
    hidden = 1 << fmt.fraction_bits
    # Its binade, counted from the lowest normal one, and the unit of that.
    binade = np.where(magnitude == 0, 0, np.maximum(np.frexp(magnitude)[1].astype(np.int64) - 1 - fmt.emin, 0))
    scaled = np.ldexp(magnitude, fmt.fraction_bits - fmt.emin - binade)
    lowest = (binade == 0) & (scaled < hidden)
    if fmt.halved:
        scaled = np.where(lowest, 2 * scaled, scaled)
    # What is too small to be scaled is still not zero.
    scaled = np.where(magnitude > 0, np.maximum(scaled, 5e-324), scaled)
    floor = np.floor(scaled)
    if fmt.halved:
        floor = np.where(lowest, np.minimum(floor, hidden - 1), floor)
    part, gap = scaled - floor, np.ones(magnitude.shape)
    step = (np.minimum(binade, fmt.exponent_mask).astype(np.uint64) << np.uint64(fmt.fraction_bits)) + floor.astype(np.uint64)
    if fmt.halved:
        # Half a subnormal binade is missing below the first normal number.
        gap[lowest & (floor == hidden - 1)] = hidden + 1
    if not fmt.subnormals:
        step -= np.uint64(hidden)  # the lowest binade has the field 0
        first = (binade == 0) & (scaled < hidden + int(fmt.zero))
        step[first] = 0
        # Either zero is below, and the first number hidden + 1 units above it, or the first number stands for all below it.
        part = np.where(first, scaled if fmt.zero else 0.0, part)
        gap[first] = hidden + 1
    step[binade > fmt.exponent_mask] = fmt.max_finite_code + 1
    return step, part, gap


def _rounds_away(part: Array, gap: Array, below: Array, rounding: str, negative: Array, random: Array | None) -> Array:
    """Return whether each magnitude becomes the upper of its neighbours."""
    match rounding:
        case "rne":
            return (2 * part > gap) | ((2 * part == gap) & (below & np.uint64(1) == 1))
        case "rna":
            return 2 * part >= gap
        case "rtz" | "rup" | "rdn":
            return (part > 0) & ~_toward_zero(rounding, negative)
    assert random is not None
    return rounds_up_at_random(part, gap, rounding, random)


def _toward_zero(rounding: str, negative: Array) -> Array:
    """Return where a rounding moves toward zero."""
    match rounding:
        case "rup":
            return negative
        case "rdn":
            return ~negative
    return np.full(negative.shape, rounding == "rtz")


def encode_posit(values: Array, fmt: PositFormat, rounding: str) -> Array:
    """Return the codes, uint64, of numbers of a posit format of any width; an infinity is not a real."""
    negative = np.signbit(values) & (values != 0)
    number = np.isfinite(values) & (values != 0)
    magnitude = np.abs(np.where(number, values, 1.0))
    fraction, exponent = np.frexp(magnitude)
    octave = np.clip(exponent.astype(np.int64) - 1, -fmt.max_exponent, fmt.max_exponent - 1)
    # Regime, exponent and fraction in a row, as the posit would read if it had all the bits there are.
    regime = octave >> fmt.exponent_bits
    regime_bits = np.where(regime >= 0, regime + 2, 1 - regime)
    pattern = np.where(regime >= 0, (np.int64(2) << np.maximum(regime + 1, 0)) - 2, 1)
    low = octave & ((1 << fmt.exponent_bits) - 1)
    tail = (low << 52) | (np.ldexp(fraction, 53).astype(np.int64) & ((1 << 52) - 1))
    # Cut to the width; the boundary to the next posit has a 1 and zeros behind the cut.
    kept = fmt.width - 1 - regime_bits
    cut = fmt.exponent_bits + 52 - kept
    below = (pattern << kept) | (tail >> cut)
    rest, half = tail & ((np.int64(1) << cut) - 1), np.int64(1) << (cut - 1)
    match rounding:
        case "rne":
            away = (rest > half) | ((rest == half) & (below & 1 == 1))
        case "rna":
            away = rest >= half
        case _:
            away = (rest > 0) & ~_toward_zero(rounding, negative)
    steps = np.clip(below + away, 1, fmt.nan_code - 1)
    # Beyond the ends the octave was clipped.
    steps = np.where(exponent - 1 >= fmt.max_exponent, fmt.nan_code - 1, np.where(exponent - 1 < -fmt.max_exponent, 1, steps))
    codes = np.where(negative, (1 << fmt.width) - steps, steps)
    return np.where(number, codes, np.where(values == 0, 0, fmt.nan_code)).astype(np.uint64)
