"""Posits against SoftPosit (PyPI `softposit`), which has es 0 at 8 bits, es 1 at 16, and es 2 at 2 to 32 bits."""

from collections.abc import Callable

import numpy as np
import pytest
import softposit
from golden_cases import one_bit_wider

from hwmodel import golden
from hwmodel.spec import PositFormat, parse_format

ENCODERS: dict[str, Callable[[float], int]] = {
    "posit8es0": lambda x: softposit.convertDoubleToP8(x).v,
    "posit16es1": lambda x: softposit.convertDoubleToP16(x).v,
    "posit32": lambda x: softposit.convertDoubleToP32(x).v,
} | {f"posit{n}es2": lambda x, n=n: softposit.convertDoubleToPX2(x, n).v >> (32 - n) for n in range(3, 33)}


def posit_2(code: int, width: int) -> float:
    """The value of a posit of es 2, by SoftPosit."""
    posit = softposit.posit_2_t()
    posit.v = code << (32 - width)
    return softposit.convertPX2ToDouble(posit)


def some_codes(fmt: PositFormat, limit: int = 1200) -> np.ndarray:
    """Codes of `fmt` but NaR: all, or the ends of the regimes and a random choice."""
    if fmt.width <= 10:
        codes = np.arange(1 << fmt.width)
    else:
        near = np.arange(-30, 31)
        ends = [(1 << k) + near for k in range(6, fmt.width)]
        random = np.random.default_rng(fmt.width).integers(0, 1 << fmt.width, limit)
        codes = np.unique(np.concatenate([*ends, random]) % (1 << fmt.width))
    return codes[codes != fmt.nan_code].astype(np.uint64)


@pytest.mark.parametrize("name", ENCODERS)
def test_encode_agrees_with_softposit(name: str) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, PositFormat)
    codes = some_codes(fmt)
    values = golden.decode(codes, fmt)
    finer = one_bit_wider(fmt)
    middles = golden.decode(2 * codes + 1, finer) if finer is not None else (values + np.roll(values, 1)) / 2
    points = np.concatenate([values, middles, np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf), [1e-300, -1e300]])
    assert golden.encode(points, fmt).tolist() == [ENCODERS[name](float(point)) for point in points]


@pytest.mark.parametrize("width", range(3, 33))
def test_decode_agrees_with_softposit(width: int) -> None:
    fmt = PositFormat(width, 2)
    codes = some_codes(fmt)
    assert golden.decode(codes, fmt).tolist() == [posit_2(int(code), width) for code in codes]


def test_all_posit16_agree_with_softposit() -> None:
    # es 1, each once through Python: 65,536 calls.
    fmt = parse_format("posit16es1")
    codes = np.arange(1 << 16)
    values = golden.decode(codes, fmt)
    posit = softposit.posit16_t()
    for code, value in zip(codes.tolist(), values.tolist(), strict=True):
        posit.v = code
        assert code == fmt.nan_code or softposit.convertP16ToDouble(posit) == value
    assert np.isnan(values[fmt.nan_code])


@pytest.mark.parametrize(
    ("name", "code", "value"),
    [
        # Posit Standard (2022), 3.3: sign, regime, two exponent bits, fraction.
        ("posit8", 0b01000000, 1.0),
        ("posit8", 0b01000100, 1.5),
        ("posit8", 0b01001000, 2.0),
        ("posit8", 0b01100000, 16.0),
        ("posit8", 0b01111111, 2.0**24),
        ("posit8", 0b00000001, 2.0**-24),
        ("posit8", 0b01111110, 2.0**20),  # the exponent bits are cut off, and 0
        ("posit8", 0b01111101, 2.0**18),  # one of them is there, and it is the upper one
        ("posit8", 0b11000000, -1.0),
        ("posit8", 0b10111100, -1.5),
        ("posit8es0", 0b01111111, 64.0),
        ("posit8es3", 0b01111111, 2.0**48),
        ("posit3es3", 0b001, 2.0**-8),
    ],
)
def test_decode_by_hand(name: str, code: int, value: float) -> None:
    fmt = parse_format(name)
    assert golden.decode([code], fmt).tolist() == [value]
    assert golden.scalar.encode(value, fmt) == code


@pytest.mark.parametrize(
    ("value", "rounding", "code"),
    [
        # posit8, between 2^20 (0x7E) and 2^24 (0x7F): the posit9 between them is 2^22, and it ties to the even 0x7E.
        (2.0**22, "rne", 0x7E),
        (np.nextafter(2.0**22, np.inf), "rne", 0x7F),
        (2.0**22, "rna", 0x7F),
        (2.0**23.9, "rtz", 0x7E),
        (2.0**20.1, "rup", 0x7F),
        (-(2.0**20.1), "rdn", 0x81),
        (-(2.0**20.1), "rup", 0x82),
        # Never zero, never NaR.
        (1e-300, "rtz", 0x01),
        (-1e-300, "rup", 0xFF),
        (1e300, "rup", 0x7F),
        (-1e300, "rne", 0x81),
        (0.0, "rup", 0x00),
        (-0.0, "rdn", 0x00),
        (float("inf"), "rne", 0x80),
        (float("-inf"), "rtz", 0x80),
        (float("nan"), "rne", 0x80),
    ],
)
def test_encode_by_hand(value: float, rounding: str, code: int) -> None:
    fmt = parse_format("posit8")
    assert golden.scalar.encode(value, fmt, rounding) == code
    assert golden.encode([value], fmt, rounding).tolist() == [code]
