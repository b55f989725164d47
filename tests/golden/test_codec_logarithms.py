"""Logarithmic formats: no other implementation is free to use, so powers of two to 60 digits, and codes read by hand."""

from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.golden.terms import logarithms
from hwmodel.spec import LogFormat, parse_format

DIGITS = Context(prec=60, Emin=-9999, Emax=9999)


def power(log: int, steps: int) -> Decimal:
    """2**(log / steps) by the decimal module's own logarithms and exponentials."""
    return DIGITS.power(Decimal(2), DIGITS.divide(Decimal(log), Decimal(steps)))


def decode_by_hand(code: int, fmt: LogFormat) -> tuple[int, int]:
    """Return sign and logarithm (in steps) of a code of lns or elma with regimes of one exponent bit, read bit by bit."""
    if fmt.regime_exponent_bits is None:
        return code >> (fmt.width - 1), (code & ((1 << (fmt.width - 1)) - 1)) - (1 << (fmt.width - 2))
    sign = code >> (fmt.width - 1)
    bits = f"{(-code if sign else code) % (1 << fmt.width):0{fmt.width}b}"[1:]
    ones = bits.startswith("1")
    rest = bits.lstrip(bits[0])
    run = len(bits) - len(rest)
    regime = run - 1 if ones else -run
    rest = rest[1:].ljust(1 + fmt.step_bits, "0")
    return sign, ((2 * regime + int(rest[0])) << fmt.step_bits) + int(rest[1:].ljust(fmt.step_bits, "0")[: fmt.step_bits], 2)


@pytest.mark.parametrize("name", ["lns8", "elma8", "lns3g1", "lns10g64"])
def test_every_code_is_its_power_of_two(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    codes = np.arange(1 << fmt.width, dtype=np.uint64)
    decoded, logs = golden.decode(codes, fmt), logarithms(codes, fmt)
    assert decoded[0] == 0
    assert np.isnan(decoded[fmt.nan_code])
    assert logs.is_zero.tolist() == (codes == 0).tolist()
    assert logs.is_nan.tolist() == (codes == fmt.nan_code).tolist()
    for code in codes.tolist():
        if code in (0, fmt.nan_code):
            continue
        sign, log = decode_by_hand(code, fmt)
        assert (bool(logs.negative[code]), int(logs.log[code])) == (bool(sign), log)
        exact = power(log, fmt.gamma)
        assert decoded[code] == float(-exact if sign else exact)  # a decimal becomes the nearest float


@pytest.mark.parametrize("name", ["lns8", "elma8", "lns10g64"])
def test_rounds_to_the_nearest_logarithm(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    for low in range(1, fmt.nan_code - 1):
        logs = [decode_by_hand(code, fmt)[1] for code in (low, low + 1)]
        if name == "elma8" and abs(logs[0] + logs[1]) > 2 * 16 * 6:
            continue  # there bits are cut off, and the boundary is not the mean
        exact = power(logs[0] + logs[1], 2 * fmt.gamma)
        boundary = float(exact)
        above = low % 2 if Decimal(boundary) == exact else int(Decimal(boundary) > exact)
        expected = [low, low + above, low + 1]
        points = np.array([np.nextafter(boundary, 0), boundary, np.nextafter(boundary, np.inf)])
        assert golden.encode(points, fmt).tolist() == expected
        assert [golden.scalar.encode(point, fmt) for point in points.tolist()] == expected
        mirrored = [2 * fmt.nan_code - code if name == "elma8" else code + fmt.nan_code for code in expected]
        assert golden.encode(-points, fmt).tolist() == mirrored


@pytest.mark.parametrize(
    ("name", "value", "rounding", "code"),
    [
        # lns8: x + 64; 2^(x/8).
        ("lns8", 1.0, "rne", 0x40),
        ("lns8", 2.0, "rne", 0x48),
        ("lns8", -0.5, "rne", 0xB8),
        ("lns8", 2.0 ** (63 / 8), "rne", 0x7F),
        ("lns8", 1e30, "rne", 0x7F),
        ("lns8", 1e-30, "rtz", 0x01),
        ("lns8", -1e-30, "rne", 0x81),
        ("lns8", -1e30, "rup", 0xFF),
        ("lns8", 1.09, "rne", 0x41),
        ("lns8", 1.09, "rtz", 0x40),
        ("lns8", 1.09, "rup", 0x41),
        ("lns8", -1.09, "rup", 0xC0),
        ("lns8", float("inf"), "rne", 0x80),
        ("lns8", -0.0, "rne", 0x00),
        # elma8: a posit(8, 1) in the logarithm. 0x40 is 1, one step is 2^(1/16), the regime's step is 2^2.
        ("elma8", 1.0, "rne", 0x40),
        ("elma8", 2.0, "rne", 0x50),
        ("elma8", 4.0, "rne", 0x60),
        ("elma8", 2.0 ** (1 / 16), "rne", 0x41),
        ("elma8", -1.0, "rne", 0xC0),
        ("elma8", 2.0**12, "rne", 0x7F),
        ("elma8", 2.0**10, "rne", 0x7E),
        # Between them an elma9 would have 2^11: a tie, and to the even code.
        ("elma8", 2.0**11, "rne", 0x7E),
        ("elma8", np.nextafter(2.0**11, 1e9), "rne", 0x7F),
        ("elma8", 2.0**11, "rna", 0x7F),
        ("elma8", -(2.0**11), "rne", 0x82),
        ("elma8", 2.0**-11, "rne", 0x02),
        ("elma8", 1e-9, "rtz", 0x01),
    ],
)
def test_encode_by_hand(name: str, value: float, rounding: str, code: int) -> None:
    fmt = parse_format(name)
    assert golden.scalar.encode(value, fmt, rounding) == code
    assert golden.encode([value], fmt, rounding).tolist() == [code]


def test_beyond_float64() -> None:
    # 2^16383: the 53 bits of its value are a power of two, though no float64.
    fmt = parse_format("lns16g1")
    assert golden.scalar.decode(0x7FFF, fmt).number == Fraction(2) ** 16383
    assert golden.scalar.encode(Fraction(2) ** 16383, fmt) == 0x7FFF
    assert golden.encode([2**2000, -(2**4000)], fmt).tolist() == [0x4000 + 2000, 0xC000 + 4000]
