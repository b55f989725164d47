"""Every code and every boundary of every format of up to 16 bits.

For 8 bits and less the NumPy form is compared with the scalar one at all boundaries. For all widths it is compared with a search in
the sorted list of what the codes decode to: another algorithm, on tables that the oracles have checked.
"""

import numpy as np
import pytest
from golden_cases import ROUNDINGS, codes_of, hard_values, narrow_names, one_bit_wider, overflows

from hwmodel import golden
from hwmodel.golden.scalar import Value
from hwmodel.spec import CodebookFormat, FloatFormat, Format, IntFormat, LogFormat, PositFormat, parse_format

NARROW = narrow_names()
NARROW_SLOWLY = [pytest.param(name, marks=[pytest.mark.slow] if parse_format(name).width == 16 else []) for name in NARROW]
BYTES = [name for name in NARROW if parse_format(name).width <= 8]


@pytest.mark.parametrize("name", NARROW_SLOWLY)
def test_every_code(name: str) -> None:
    fmt = parse_format(name)
    codes = codes_of(fmt)
    decoded = golden.decode(codes, fmt)
    scalar = [golden.scalar.decode(code, fmt) for code in codes.tolist()]
    assert [Value.of(number) for number in decoded.tolist()] == scalar
    assert golden.decode(codes.astype(np.uint16), fmt).tobytes() == decoded.tobytes()
    # Codes go back to themselves, but for the NaNs that are not canonical, and the entries that are there twice.
    encoded = golden.encode(decoded, fmt)
    itself = (encoded == codes) | (np.isnan(decoded) & (encoded == golden.encode(np.nan, fmt, nan="zero")))
    assert itself.all() or (name == "nf4@e2m1fn" and (golden.decode(encoded, fmt) == decoded).all())


@pytest.mark.parametrize("name", BYTES)
def test_every_boundary_in_both_forms(name: str) -> None:
    fmt = parse_format(name)
    values = np.unique(hard_values(fmt, limit=1 << 8))
    rng = np.random.default_rng(0)
    between = rng.standard_normal(64) * 2.0 ** rng.integers(-12, 13, 64)
    values = np.concatenate([values, [0.0, -0.0], between])
    for rounding in ROUNDINGS:
        for overflow in overflows(fmt):
            scalar = [golden.scalar.encode(value, fmt, rounding, overflow) for value in values.tolist()]
            assert golden.encode(values, fmt, rounding, overflow).tolist() == scalar


@pytest.mark.parametrize("name", NARROW)
def test_every_boundary_by_search(name: str) -> None:
    fmt = parse_format(name)
    ladder, codes, between = sorted_numbers(fmt)
    points = np.concatenate([ladder, between])
    points = np.unique(np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)]))
    if not fmt.signed and not isinstance(fmt, IntFormat):
        points = points[points >= 0]  # below zero is not a matter of neighbours: test_codec_rules
    for dtype in (np.float64, np.float32):
        with np.errstate(over="ignore", under="ignore"):
            values = np.unique(points.astype(dtype).astype(np.float64))
        values = values[np.isfinite(values)]
        if isinstance(fmt, LogFormat | CodebookFormat):
            # Boundaries that are not powers of two need not be float64, and which side the nearest one lies on is not known here.
            values = values[~np.isin(values, between) | (np.abs(np.frexp(values)[0]) == 0.5)]
        for rounding in ROUNDINGS:
            expected = search(values, fmt, rounding, ladder, codes, between)
            ours = golden.encode(values.astype(dtype), fmt, rounding, "sat")
            wrong = ours != expected
            assert not wrong.any(), (rounding, values[wrong][:4], ours[wrong][:4], expected[wrong][:4])


@pytest.mark.parametrize("name", NARROW)
def test_encode_is_closed(name: str) -> None:
    fmt = parse_format(name)
    bits = np.random.default_rng(3).integers(0, 1 << 64, 1 << 12, dtype=np.uint64)
    roundings = [*ROUNDINGS, "sr3"] if isinstance(fmt, IntFormat | FloatFormat) else ROUNDINGS
    for rounding in roundings:
        for overflow in overflows(fmt):
            for numbers in (bits.view(np.float64), bits.view(np.float32), bits.view(np.float16), bits.view(np.int64)[:30]):
                random = np.arange(numbers.size) % 8
                codes = golden.encode(numbers, fmt, rounding, overflow, nan="sat", random=random)
                assert codes.max() < 1 << fmt.width
                if overflow == "sat" and numbers.dtype.kind == "i":
                    assert np.isfinite(golden.decode(codes, fmt)).all()


def sorted_numbers(fmt: Format) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numbers of a format, rising, each with its (first) code, and the boundaries between them, all exact in float64."""
    codes = codes_of(fmt)
    numbers = golden.decode(codes, fmt)
    kept = np.isfinite(numbers) & ~((numbers == 0) & np.signbit(numbers))
    ladder, first = np.unique(numbers[kept], return_index=True)
    codes = codes[kept][first]
    between = ladder[:-1] + (ladder[1:] - ladder[:-1]) / 2
    if (finer := one_bit_wider(fmt)) is not None:
        # Between two codes of the same sign lies the odd code of one bit more; nothing is between a code and zero.
        low = np.minimum(codes[:-1], codes[1:])
        between = golden.decode(2 * low + 1, finer)
        beside_zero = (ladder[:-1] == 0) | (ladder[1:] == 0)
        between[beside_zero] = 0
    return ladder, codes, between


def search(values: np.ndarray, fmt: Format, rounding: str, ladder: np.ndarray, codes: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Return the codes of float64 values by the table of roundings in docs/semantics.md, with overflow to the largest."""
    low = np.clip(np.searchsorted(ladder, values, "right") - 1, 0, len(ladder) - 2)
    exact = (values == ladder[low]) | (values < ladder[0])
    middle = between[low]
    match rounding:
        case "rne":
            up = (values > middle) | ((values == middle) & (codes[low] % 2 == 1))
        case "rna":
            up = (values > middle) | ((values == middle) & (values >= 0))
        case "rtz":
            up = values < 0
        case "rup":
            up = np.ones(values.shape, bool)
        case _:
            up = np.zeros(values.shape, bool)
    up = (up & ~exact) | (values >= ladder[-1])
    place = low + up
    if isinstance(fmt, PositFormat | LogFormat):
        # What is not zero never becomes it.
        zero = (ladder[place] == 0) & (values != 0)
        place = place + np.where(zero, np.sign(values), 0).astype(int)
    result = codes[place]
    if fmt.has_negative_zero:
        result = np.where((ladder[place] == 0) & np.signbit(values), np.uint64(1 << (fmt.width - 1)), result)
    return result
