"""Products of codebooks, logarithms and several formats in one unit, against what their definitions and other libraries say."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from hwmodel import golden
from hwmodel.spec import LogFormat, MacSpec, parse_format, parse_operand

NF4 = """
-1.0 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635 -0.18477343022823334 -0.09105003625154495 0.0
0.07958029955625534 0.16093020141124725 0.24611230194568634 0.33791524171829224 0.44070982933044434 0.5626170039176941
0.7229568362236023 1.0
"""
"""As in bitsandbytes."""

AF4 = """
-1.0 -0.69441008 -0.51243739 -0.3736951 -0.25607552 -0.14982478 -0.04934812 0.0
0.04273164 0.12934483 0.21961274 0.31675666 0.42563882 0.55496234 0.72424863 1.0
"""
"""As in arXiv 2306.06965, for blocks of 64."""


def first_step(unit: str, a: np.ndarray, b: np.ndarray, **modes: np.ndarray) -> np.ndarray:
    """Return `acc` after one step from zero, for every pair of the two arrays."""
    mac = golden.Mac(MacSpec.parse(unit))
    mac.reset(len(a))
    mac.step(a, b, **modes)
    return mac.acc


def all_pairs(bits_a: int, bits_b: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.indices((1 << bits_a, 1 << bits_b)).reshape(2, -1)
    return a.astype(np.uint64), b.astype(np.uint64)


# Codebooks


@pytest.mark.parametrize(("book", "values", "held"), [("nf4", NF4, np.float16), ("af4", AF4, np.float16), ("nf4", NF4, ml_dtypes.bfloat16)])
def test_a_codebook_multiplies_its_entries_rounded_once(book, values, held) -> None:
    name = {np.float16: "fp16", ml_dtypes.bfloat16: "bf16"}[held]
    a, b = all_pairs(4, 16)
    # None of the entries, as float32, is midway between two numbers of the narrower format: no double rounding.
    entries = np.array(values.split(), np.float32).astype(held).astype(np.float64)
    with np.errstate(invalid="ignore"):
        operand = b.astype(np.uint16).view(held).astype(np.float64)
        expected = (entries[a.astype(int)] * operand).astype(np.float32)  # exact: 22 bits
    got = first_step(f"{book}@{name}-{name}-fp32", a, b).astype(np.uint32).view(np.float32)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    finite = ~np.isnan(expected) & (expected != 0)
    np.testing.assert_array_equal(got[finite].view(np.uint32), expected[finite].view(np.uint32))
    assert (got[expected == 0] == 0).all()


def test_two_codebooks_meet_exactly() -> None:
    a, b = all_pairs(4, 4)
    entries = [Fraction(float(np.float16(float(value)))) for value in NF4.split()]
    spec = MacSpec.parse("nf4@fp16-nf4@fp16-fx")
    point = spec.fixed_point(spec.acc)
    expected = [entries[i] * entries[j] * 2**point.fraction for i, j in zip(a.tolist(), b.tolist(), strict=True)]
    assert all(each.denominator == 1 for each in expected)
    assert golden.code_to_int(first_step(str(spec), a, b)) == [int(each) % (1 << point.width) for each in expected]


# Logarithms


def table(gamma: int, bits: int) -> list[int]:
    """T of docs/semantics.md, by decimal arithmetic of fifty digits."""
    with localcontext() as context:
        context.prec = 50
        return [int((Decimal(2) ** (Decimal(i) / gamma) * 2**bits).to_integral_value(ROUND_HALF_EVEN)) for i in range(gamma)]


@pytest.mark.parametrize("name", ["lns8", "elma8", "lns8g1t0", "lns10g8", "lns16g64", "lns7g4t16"])
def test_the_table_is_the_rounded_powers(name) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    assert list(fmt.table) == table(fmt.gamma, fmt.table_bits)


def lns8_log(code: int) -> int | None:
    """x of a code that is not 0 or NaR: the seven bits below the sign count from -64."""
    return (code & 0x7F) - 64 if code & 0x7F else None


def elma8_log(code: int) -> int | None:
    """x of a code that is not 0 or NaR, in steps of 1/16: read as posit(8, 1), whose fraction is that of the logarithm."""
    if code & 0x7F == 0:
        return None
    bits = format(code if code < 128 else 256 - code, "08b")[1:]
    run = len(bits) - len(bits.lstrip(bits[0]))
    regime = run - 1 if bits[0] == "1" else -run
    rest = bits[run + 1 :].ljust(5, "0")  # one exponent bit, four of fraction; what is missing is zero
    return 32 * regime + int(rest[:5], 2)


@pytest.mark.parametrize(("name", "log", "gamma", "bits", "unit"), [("lns8", lns8_log, 8, 7, 23), ("elma8", elma8_log, 16, 5, 25)])
def test_every_product_of_logarithms(name, log, gamma, bits, unit) -> None:
    # The finest product of lns8 is 2^-126/8, in octave -16 with 7 fraction bits. That of elma8 is 2^-19.5, in octave -20: its entry, 45
    # of 32, is odd. What is smaller, down to 2^-24, is a power of two.
    spec = MacSpec.parse(f"{name}-{name}-fx")
    point = spec.fixed_point(spec.acc)
    assert point.fraction == unit
    entries = table(gamma, bits)
    a, b = all_pairs(8, 8)
    expected = []
    for code_a, code_b in zip(a.tolist(), b.tolist(), strict=True):
        x, y = log(code_a), log(code_b)
        if x is None or y is None:
            expected.append(0)
            continue
        octave, step = divmod(x + y, gamma)
        magnitude = Fraction(entries[step]) * Fraction(2) ** (octave - bits + unit)
        assert magnitude.denominator == 1
        expected.append(int(-magnitude if (code_a ^ code_b) >> 7 else magnitude) % (1 << point.width))
    mac = golden.Mac(spec)
    mac.reset(len(a))
    mac.step(a, b)
    assert golden.code_to_int(mac.acc) == expected
    np.testing.assert_array_equal(mac.invalid, (a == 0x80) | (b == 0x80))
    # The float accumulator is given the same numbers.
    got = first_step(f"{name}-{name}-fp32", a, b)
    values = golden.decode(got, parse_format("fp32"))
    np.testing.assert_array_equal(np.isnan(values), (a == 0x80) | (b == 0x80))
    signed = [each - (each >> (point.width - 1) << point.width) for each in expected]
    number = ~np.isnan(values)
    np.testing.assert_array_equal(values[number], (np.array(signed, np.float64) / 2.0**unit)[number])


def test_one_times_one_is_one_and_a_zero_has_the_sign_of_the_other() -> None:
    one = 64  # x = 0
    codes = np.array([one, one | 0x80, 0, 0, 0x80], np.uint64), np.array([one, one, one, one | 0x80, 0], np.uint64)
    assert [hex(code) for code in first_step("lns8-lns8-fp32", *codes).tolist()] == ["0x3f800000", "0xbf800000", "0x0", "0x0", "0x7fc00000"]
    mac = golden.scalar.Mac(MacSpec.parse("lns8-lns8-fp32"))
    product = golden.scalar.mac.product(0, parse_format("lns8"), one | 0x80, parse_format("lns8"))
    assert product.is_zero
    assert product.negative, "+0 times a negative number is -0; the accumulator, +0, does not show it"
    mac.step(0, one | 0x80)
    assert mac.acc == 0


# Several formats


@pytest.mark.parametrize(
    ("operand", "other", "acc"),
    [
        ("e4m3fn+e5m2", "e5m2", "fp32"),
        ("e2m1fn+e4m3fn", "int8", "fp32"),
        ("int8+e4m3fn+nf4@fp16", "fp16", "fp16"),
        ("int4+posit8+e5m2", "e4m3fn", "fx90f40"),
        ("uint4+sm8", "int8", "fx24f0"),
        ("int4+uint8+int6", "int8", "fx24f0"),
        ("cfloat8e4m3", "e4m3fn", "fp32"),
        ("cfloat8e5m2", "int4", "fp32"),
        ("cfloat16shp", "fp16", "fp32"),
    ],
)
def test_in_each_mode_it_is_the_unit_of_that_format(operand, other, acc) -> None:
    rng = np.random.default_rng(1)
    choice = parse_operand(operand)
    count = 4000
    b = rng.integers(0, 1 << parse_format(other).width, count, dtype=np.uint64)
    for mode in range(1 << choice.mode_bits):
        fmt = choice.choices[min(mode, len(choice.choices) - 1)]
        noise = rng.integers(0, 1 << choice.width, count, dtype=np.uint64)
        narrow = noise & np.uint64((1 << fmt.width) - 1)
        modes = np.full(count, mode, np.uint64)
        np.testing.assert_array_equal(
            first_step(f"{operand}-{other}-{acc}", noise, b, mode_a=modes), first_step(f"{fmt}-{other}-{acc}", narrow, b), str(fmt)
        )
        # And on the other side.
        np.testing.assert_array_equal(
            first_step(f"{other}-{operand}-{acc}", b, noise, mode_b=modes), first_step(f"{other}-{fmt}-{acc}", b, narrow), str(fmt)
        )


def test_both_operands_choose_for_themselves() -> None:
    one = {"e4m3fn": 0x38, "e5m2": 0x3C}
    two = {"e4m3fn": 0x40, "e5m2": 0x40}
    names = list(one)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            got = first_step(
                "e4m3fn+e5m2-e4m3fn+e5m2-fp32",
                np.array([one[a]], np.uint64),
                np.array([two[b]], np.uint64),
                mode_a=np.array([i]),
                mode_b=np.array([j]),
            )
            assert got.tolist() == [0x40000000]


@pytest.mark.parametrize("mode", [0, 7, 15, 40, 63])
def test_the_mode_of_a_configurable_float_is_its_bias(mode) -> None:
    # Tesla's definition, worked out with fractions: exponent field e, fraction f, bias = mode.
    codes = np.arange(256, dtype=np.uint64)
    ones = np.full(256, 1, np.uint64)
    got = golden.decode(first_step("cfloat8e4m3-int8-fp32", codes, ones, mode_a=np.full(256, mode)), parse_format("fp32"))
    for code in range(256):
        e, f = code >> 3 & 15, code & 7
        value = Fraction(f, 8) * Fraction(2) ** (1 - mode) if e == 0 else (1 + Fraction(f, 8)) * Fraction(2) ** (e - mode)
        assert Fraction(got[code]) == (-value if code >> 7 else value)


def test_halved_subnormals_are_half() -> None:
    codes = np.arange(8, dtype=np.uint64)
    one = np.full(8, 0x3C00, np.uint64)
    halved = golden.decode(first_step("cfloat8e4m3b7half-fp16-fp32", codes, one), parse_format("fp32"))
    np.testing.assert_array_equal(halved, np.arange(8) / 8 * 2.0**-7)


def test_a_scale_without_zero_multiplies() -> None:
    # e8m0: 2^(u - 127), and 0xff NaN.
    a, b = all_pairs(8, 8)
    got = golden.decode(first_step("e8m0fnu-int8-fp32", a, b), parse_format("fp32"))
    integers = b.astype(np.uint8).astype(np.int8).astype(np.float64)
    with np.errstate(over="ignore"):
        expected = np.where(a == 255, np.nan, np.float32(integers * 2.0 ** (a.astype(float) - 127)))
    np.testing.assert_array_equal(got, expected)
