"""The 80-bit format, against NumPy's longdouble where that is the same format."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hwmodel import golden
from hwmodel.golden.scalar import Kind, Value
from hwmodel.spec import MacSpec, SpecError, X87Format, parse_format
from hwmodel_rtl import emit
from hwmodel_sim import verify

FP80 = parse_format("fp80")
ROUNDED = np.finfo(np.longdouble)
needs_x87 = pytest.mark.skipif(
    (ROUNDED.nmant, ROUNDED.maxexp) != (63, 16384) or np.dtype(np.longdouble).byteorder == ">", reason="longdouble is not the x87's here"
)


def to_longdouble(code: int) -> np.longdouble:
    return np.frombuffer(code.to_bytes(10, "little").ljust(np.dtype(np.longdouble).itemsize, b"\0"), np.longdouble)[0]


def to_code(number: np.longdouble) -> int:
    return int.from_bytes(np.longdouble(number).tobytes()[:10], "little")


def random_codes(count: int) -> list[int]:
    rng = np.random.default_rng(0)
    fields = [0, 1, 2, 0x3FFE, 0x3FFF, 0x4000, 0x7FFD, 0x7FFE, *map(int, rng.integers(0, 0x7FFF, count))]
    fractions = [0, 1, (1 << 63) - 1, 1 << 62, *map(int, rng.integers(0, 1 << 63, count))]
    signs = rng.integers(0, 2, count)
    picked = [(int(s), fields[int(e)], fractions[int(f)]) for s, e, f in zip(signs, *rng.integers(0, count, (2, count)), strict=True)]
    return [s << 79 | e << 64 | int(e > 0) << 63 | f for s, e, f in picked]


def exact(number: np.longdouble) -> Fraction:
    numerator, denominator = number.as_integer_ratio()
    return Fraction(int(numerator), int(denominator))


@needs_x87
def test_decode_agrees_with_longdouble() -> None:
    for code in random_codes(1000):
        number = to_longdouble(code)
        value = golden.scalar.decode(code, FP80)
        assert value == Value(exact(number), bool(np.signbit(number)))
        assert golden.scalar.encode(value, FP80) == code


@needs_x87
def test_rounding_agrees_with_longdouble() -> None:
    # A product of two 80-bit numbers, rounded by the processor, and its exact value rounded here.
    numbers = [to_longdouble(code) for code in random_codes(500)]
    with np.errstate(all="ignore"):
        for x, y in pairwise(numbers):
            product = Value(exact(x) * exact(y), bool(np.signbit(x) != np.signbit(y)))
            assert golden.scalar.encode(product, FP80) == to_code(x * y)
            total = exact(x) + exact(y)
            assert total == 0 or golden.scalar.encode(total, FP80) == to_code(x + y)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (0x3FFF_8000000000000000, Value.of(1)),
        (0xC000_C000000000000000, Value.of(-3)),
        (0x0000_0000000000000001, Value.of(Fraction(2) ** -16445)),
        (0x7FFF_8000000000000000, Value(kind=Kind.INFINITE)),
        (0xFFFF_8000000000000000, Value(negative=True, kind=Kind.INFINITE)),
        (0x8000_0000000000000000, Value(negative=True)),
        (0x7FFF_C000000000000000, Value(kind=Kind.NAN)),
        # Pseudo-denormal: worth what it says. Unnormal, pseudo-infinity, pseudo-NaN: invalid.
        (0x0000_8000000000000000, Value.of(Fraction(2) ** -16382)),
        (0x3FFF_4000000000000000, Value(kind=Kind.NAN)),
        (0x0001_4000000000000000, Value(kind=Kind.NAN)),
        (0x7FFF_0000000000000000, Value(kind=Kind.NAN)),
        (0x7FFF_0000000000000001, Value(kind=Kind.NAN)),
    ],
)
def test_decode_by_hand(code: int, value: Value) -> None:
    assert golden.scalar.decode(code, FP80) == value
    assert golden.decode([code], FP80).tolist() == [value]


def test_overflow_and_arrays() -> None:
    huge = Fraction(2) ** 16384
    largest = 0x7FFE_FFFFFFFFFFFFFFFF
    assert golden.scalar.decode(largest, FP80).number == FP80.max_magnitude * Fraction(2) ** FP80.lsb_exponent
    assert [golden.scalar.encode(huge, FP80, rounding) for rounding in ("rne", "rtz")] == [0x7FFF_8000000000000000, largest]
    assert golden.scalar.encode(-huge, FP80, "rne", "sat") == largest | 1 << 79
    codes = golden.encode([1.0, -0.0, float("inf"), float("nan")], FP80)
    assert codes.tolist() == [0x3FFF_8000000000000000, 1 << 79, 0x7FFF_8000000000000000, 0x7FFF_C000000000000000]
    assert golden.encode(np.array([[3, -(2**70)]], object), FP80).tolist() == [[0x4000_C000000000000000, 0xC045_8000000000000000]]


@pytest.mark.parametrize("make", [golden.Mac, emit, verify])
def test_its_units_have_no_circuit(make) -> None:
    assert isinstance(FP80, X87Format)
    spec = MacSpec.parse("fp80-int8-fp32")
    message = "unit fp80-int8-fp32: fp80 has a codec and estimates, and no circuit; choose a narrower float, such as fp32"
    with pytest.raises(SpecError, match=message):
        make(spec)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x3FFF_8000_0000_0000_0000, "Value(1)"),
        (0xBFFE_C000_0000_0000_0000, "Value(-3/4)"),
        (0, "Value(0)"),
        (1 << 79, "Value(-0)"),
        (1, "Value(1 * 2**-16445)"),
        (1 << 79 | 3, "Value(-3 * 2**-16445)"),
        (0x7FFE_8000_0000_0000_0001, "Value(9223372036854775809 * 2**16320)"),
        (0x7FFF_8000_0000_0000_0000, "Value(inf)"),
        (0xFFFF_8000_0000_0000_0000, "Value(-inf)"),
        (0x7FFF_C000_0000_0000_0000, "Value(nan)"),
    ],
)
def test_values_can_be_printed(code: int, text: str) -> None:
    """Python writes out no integer of more than 4,300 digits, and 2^-16445 has 4,951 in its denominator."""
    assert repr(golden.scalar.decode(code, FP80)) == text


def test_what_is_printed_is_the_value() -> None:
    for code in random_codes(200):
        value = golden.scalar.decode(code, FP80)
        number, _, power = repr(value).removeprefix("Value(").removesuffix(")").partition(" * 2**")
        assert Fraction(number) * Fraction(2) ** int(power or 0) == value.number
