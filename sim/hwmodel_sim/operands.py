"""ScalarOperand codes worth trying: which are special, which negate each other, how large they are, and directed random ones.

Of an operand of several formats the codes are words, with the mode above the code (:mod:`hwmodel_sim.choices`).

This steers stimulus only. What a code is worth is for :mod:`hwmodel.golden` to say.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from hwmodel.spec import ChoiceFormat, CodebookFormat, FloatFormat, IntCoding, IntFormat, LogFormat, PositFormat, ScalarOperand, Specials

from .choices import by_mode, chosen, layouts, some_modes, split
from .tables import code_table

Array = np.ndarray[Any, np.dtype[Any]]


def fields(codes: Array, fmt: FloatFormat) -> tuple[Array, Array]:
    """Return the exponent and the fraction field of `codes`."""
    codes = np.asarray(codes, np.uint64)
    exponent = (codes >> np.uint64(fmt.fraction_bits)) & np.uint64(fmt.exponent_mask)
    return exponent, codes & np.uint64(fmt.fraction_mask)


def is_nan(codes: Array, fmt: ScalarOperand) -> Array:
    """Return which `codes` are NaN."""
    codes = np.asarray(codes, np.uint64)
    if isinstance(fmt, ChoiceFormat):
        return by_mode(codes, fmt, is_nan)
    if isinstance(fmt, CodebookFormat | LogFormat):
        return code_table(fmt).nan[codes]
    if isinstance(fmt, PositFormat):
        return codes == np.uint64(fmt.nan_code)
    if not isinstance(fmt, FloatFormat) or fmt.specials is Specials.NONE:
        return np.zeros(codes.shape, bool)
    if fmt.specials is Specials.FNUZ:
        return codes == np.uint64(fmt.sign_mask)
    exponent, fraction = fields(codes, fmt)
    top = exponent == np.uint64(fmt.exponent_mask)
    return top & (fraction == np.uint64(fmt.fraction_mask) if fmt.specials is Specials.FN else fraction != 0)


def is_inf(codes: Array, fmt: ScalarOperand) -> Array:
    """Return which `codes` are infinite."""
    codes = np.asarray(codes, np.uint64)
    if isinstance(fmt, ChoiceFormat):
        return by_mode(codes, fmt, is_inf)
    if not isinstance(fmt, FloatFormat) or not fmt.has_inf:
        return np.zeros(codes.shape, bool)
    exponent, fraction = fields(codes, fmt)
    return (exponent == np.uint64(fmt.exponent_mask)) & (fraction == 0)


def is_special(codes: Array, fmt: ScalarOperand) -> Array:
    """Return which `codes` are not finite numbers."""
    if isinstance(fmt, FloatFormat) and fmt.specials is Specials.IEEE:
        return fields(codes, fmt)[0] == np.uint64(fmt.exponent_mask)
    return is_nan(codes, fmt) | is_inf(codes, fmt)


def negate(codes: Array, fmt: ScalarOperand) -> Array:
    """Return the codes of the negated values; a value without a negative (unsigned, the least integer) is left as it is."""
    codes = np.asarray(codes, np.uint64)
    if isinstance(fmt, ChoiceFormat):
        _, modes = split(codes, fmt)
        return by_mode(codes, fmt, negate) | (modes << np.uint64(fmt.width))
    if isinstance(fmt, CodebookFormat | LogFormat):
        return code_table(fmt).negated[codes]
    if isinstance(fmt, PositFormat):
        return (~codes + np.uint64(1)) & np.uint64((1 << fmt.width) - 1)
    if isinstance(fmt, IntFormat):
        if fmt.coding is IntCoding.TWOS_COMPLEMENT:
            return (~codes + np.uint64(1)) & np.uint64((1 << fmt.width) - 1)
        return codes ^ np.uint64(1 << (fmt.width - 1)) if fmt.coding is IntCoding.SIGN_MAGNITUDE else codes
    assert isinstance(fmt, FloatFormat)
    negated = codes ^ np.uint64(fmt.sign_mask)
    return codes if not fmt.signed else np.where(codes == 0, codes, negated) if not fmt.has_negative_zero else negated


def log2_magnitude(codes: Array, fmt: ScalarOperand) -> Array:
    """Return about log2 of the absolute values: -inf for zeros, NaN for specials."""
    codes = np.asarray(codes, np.uint64)
    if isinstance(fmt, ChoiceFormat):
        return by_mode(codes, fmt, log2_magnitude)
    if isinstance(fmt, CodebookFormat | LogFormat):
        return code_table(fmt).log2[codes]
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(fmt, IntFormat):
            magnitude = codes.astype(np.float64)
            if fmt.coding is IntCoding.SIGN_MAGNITUDE:
                magnitude = (codes & np.uint64((1 << (fmt.width - 1)) - 1)).astype(np.float64)
            elif fmt.coding is IntCoding.TWOS_COMPLEMENT:
                magnitude = np.minimum(magnitude, float(1 << fmt.width) - magnitude)
            return np.log2(magnitude)
        if isinstance(fmt, PositFormat):
            return _log2_posit(codes, fmt)
        assert isinstance(fmt, FloatFormat)
        exponent, fraction = fields(codes, fmt)
        significand = fraction.astype(np.float64) / (1 << fmt.fraction_bits)
        lowest = exponent == 0
        zero = lowest & (fraction == 0) & fmt.zero
        hidden = ~lowest if fmt.subnormals else ~zero
        scale = np.maximum(exponent.astype(np.int64) - fmt.bias, fmt.emin) - (lowest & fmt.halved)
        return np.where(is_special(codes, fmt), np.nan, np.log2(significand + hidden) + scale)


def _log2_posit(codes: Array, fmt: PositFormat) -> Array:
    """Return log2 of the absolute values, the fraction taken as linear in it: codes of one regime lie evenly between its ends."""
    body = np.minimum(codes, negate(codes, fmt)).astype(np.float64) / (1 << (fmt.width - 2))
    # As a fraction of the code of 1, a regime k < 0 spans 2**k..2**(k+1); and codes of x and 1/x mirror each other about it.
    below = np.minimum(body, 2 - body)
    regime = np.floor(np.log2(below))
    size = (regime + below / 2**regime - 1) * (1 << fmt.exponent_bits)
    return np.where(codes == np.uint64(fmt.nan_code), np.nan, np.where(codes == 0, -np.inf, np.where(body > 1, -size, size)))


def sign(codes: Array, fmt: ScalarOperand) -> Array:
    """Return whether each code is negative: of integers and floats the sign bit."""
    codes = np.asarray(codes, np.uint64)
    if isinstance(fmt, ChoiceFormat):
        return by_mode(codes, fmt, sign)
    if isinstance(fmt, CodebookFormat | LogFormat):
        return code_table(fmt).negative[codes]
    return (codes >> np.uint64(fmt.width - 1) != 0) & fmt.signed


def landmarks(fmt: ScalarOperand) -> Array:
    """Return the finite codes where implementations break: ends of ranges, powers of two and their neighbours, bit patterns."""
    if isinstance(fmt, ChoiceFormat):
        return _of_modes(fmt, landmarks)
    if isinstance(fmt, CodebookFormat | LogFormat):
        return code_table(fmt).marks
    mask = (1 << fmt.width) - 1
    patterns = {0, 1, mask, mask >> 1, (mask >> 1) + 1, mask // 3, mask - mask // 3}
    if isinstance(fmt, IntFormat):
        patterns |= {1 << i for i in range(fmt.width)}
    elif isinstance(fmt, PositFormat):
        # Every regime, with nothing and with everything behind it.
        patterns |= {1 << i for i in range(fmt.width)} | {(mask >> 1) ^ ((1 << i) - 1) for i in range(fmt.width)}
    else:
        assert isinstance(fmt, FloatFormat)
        one = max(0, min(fmt.bias, fmt.exponent_mask)) << fmt.fraction_bits
        patterns |= {fmt.fraction_mask, fmt.fraction_mask + 1, one, fmt.max_finite_code, fmt.max_finite_code & ~fmt.fraction_mask}
    near = {(code + step) & mask for code in patterns for step in (-1, 0, 1)}
    codes = np.array(sorted(near), np.uint64)
    codes = np.unique(np.concatenate([codes, negate(codes, fmt)]))
    return codes[~is_special(codes, fmt)]


def _of_modes(fmt: ChoiceFormat, function: Callable[[ScalarOperand], Array]) -> Array:
    """Return the words of the codes that `function` gives for the format of each of some modes."""
    return np.concatenate([function(chosen(fmt, mode)) | np.uint64(mode << fmt.width) for mode in some_modes(fmt)])


def specials(fmt: ScalarOperand) -> Array:
    """Return codes that are NaN or infinite: all of them for narrow formats, else the ends of their ranges."""
    if isinstance(fmt, ChoiceFormat):
        return _of_modes(fmt, specials)
    if fmt.width <= 8 or isinstance(fmt, LogFormat):
        codes = np.arange(1 << fmt.width, dtype=np.uint64)
    elif isinstance(fmt, FloatFormat):
        top = fmt.exponent_mask << fmt.fraction_bits
        ends = [top, top + 1, top | (fmt.fraction_mask >> 1), top | fmt.fraction_mask, fmt.nan_code or 0, 0]
        codes = np.unique(np.array([end ^ flip for end in ends for flip in (0, fmt.sign_mask)], np.uint64))
    elif isinstance(fmt, PositFormat):
        codes = np.array([fmt.nan_code], np.uint64)
    else:
        codes = np.zeros(0, np.uint64)
    return codes[is_special(codes, fmt)]


def draw(fmt: ScalarOperand, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return finite directed-random codes.

    A column (one story) keeps to a few neighbouring exponents, so that products, and sums of them, are of a size and cancel.

    Parameters
    ----------
    shape
        (cycles, stories).
    """

    if isinstance(fmt, ChoiceFormat):
        return _draw_words(fmt, rng, shape)

    def random_bits(size: tuple[int, int]) -> Array:
        return rng.integers(0, 1 << 64, size, dtype=np.uint64)

    uniform = random_bits(shape) & np.uint64((1 << fmt.width) - 1)
    if isinstance(fmt, FloatFormat):
        centre = rng.integers(0, fmt.exponent_mask + 1, (1, shape[1]))
        exponent = np.clip(centre + rng.integers(-3, 4, shape), 0, fmt.exponent_mask).astype(np.uint64)
        style = rng.integers(0, 4, shape)
        fraction = random_bits(shape)
        one_hot = np.uint64(1) << rng.integers(0, max(fmt.fraction_bits, 1), shape).astype(np.uint64)
        patterns = [one_hot - (fraction & np.uint64(1)), ~one_hot]
        fraction = np.select([style == 0, style == 1], patterns, fraction) & np.uint64(fmt.fraction_mask)
        signs = np.where(rng.integers(0, 2, shape) == 1, np.uint64(fmt.sign_mask), np.uint64(0))
        directed = signs | (exponent << np.uint64(fmt.fraction_bits)) | fraction
    elif isinstance(fmt, PositFormat):
        directed = _draw_posits(fmt, rng, random_bits(shape))
    else:
        directed = uniform >> rng.integers(0, fmt.width, shape).astype(np.uint64)
        directed = np.where(rng.integers(0, 2, shape) == 1, negate(directed, fmt), directed)
    marks = landmarks(fmt)
    style = rng.integers(0, 8, shape)
    codes = np.select([style < 2, style < 3], [uniform, marks[rng.integers(0, len(marks), shape)]], directed)
    return np.where(is_special(codes, fmt), marks[rng.integers(0, len(marks), shape)], codes)


def _draw_words(fmt: ChoiceFormat, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return directed-random words. A story keeps to one mode in three of four cycles; the bits above a narrow code are noise."""
    modes = np.where(
        rng.random(shape) < 3 / 4, rng.integers(0, 1 << fmt.mode_bits, (1, shape[1])), rng.integers(0, 1 << fmt.mode_bits, shape)
    )
    codes = rng.integers(0, 1 << fmt.width, shape, dtype=np.uint64)
    for each, of_modes in layouts(fmt):
        own = np.uint64((1 << each.width) - 1)
        codes = np.where(np.isin(modes, of_modes), (codes & ~own) | draw(each, rng, shape), codes)
    return codes | (modes.astype(np.uint64) << np.uint64(fmt.width))


def _draw_posits(fmt: PositFormat, rng: np.random.Generator, noise: Array) -> Array:
    """Return codes of neighbouring regimes in each column, of either sign; `noise` fills what is behind the regime."""
    shape = noise.shape
    regime = np.clip(rng.integers(1 - fmt.width, fmt.width, (1, shape[1])) // 2 + rng.integers(-1, 2, shape), 2 - fmt.width, fmt.width - 2)
    # 0…01 or 1…10 at the top of width - 1 bits.
    length = np.where(regime < 0, -regime, regime + 1)
    room = np.maximum(fmt.width - 2 - length, 0).astype(np.uint64)
    ones = ((np.uint64(1) << np.minimum(length, fmt.width - 1).astype(np.uint64)) - np.uint64(1)) << np.maximum(
        fmt.width - 1 - length, 0
    ).astype(np.uint64)
    head = np.where(regime < 0, np.uint64(1) << room, ones)
    codes = head | (noise & ((np.uint64(1) << room) - np.uint64(1)))
    return np.where(rng.integers(0, 2, shape) == 1, negate(codes, fmt), codes)
