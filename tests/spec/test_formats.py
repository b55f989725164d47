"""Facts of the catalog against the published tables, and the grammar of format names."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodel.spec import CATALOG, FloatFormat, Format, IntCoding, IntFormat, SpecError, Specials, format_name, format_note, parse_format

#: name: sign, exponent and fraction bits, bias, largest, smallest above zero; OCP OFP8 and MX tables, IEEE 754, and the papers
PUBLISHED = {
    "fp32": (1, 8, 23, 127, (2 - Fraction(1, 2**23)) * 2**127, Fraction(1, 2**149)),
    "fp16": (1, 5, 10, 15, 65504, Fraction(1, 2**24)),
    "bf16": (1, 8, 7, 127, (2 - Fraction(1, 2**7)) * 2**127, Fraction(1, 2**133)),
    "tf32": (1, 8, 10, 127, (2 - Fraction(1, 2**10)) * 2**127, Fraction(1, 2**136)),
    "e4m3fn": (1, 4, 3, 7, 448, Fraction(1, 2**9)),
    "e5m2": (1, 5, 2, 15, 57344, Fraction(1, 2**16)),
    "e4m3": (1, 4, 3, 7, 240, Fraction(1, 2**9)),
    "e3m4": (1, 3, 4, 3, Fraction(31, 2), Fraction(1, 2**6)),
    "e2m5": (1, 2, 5, 1, Fraction(63, 16), Fraction(1, 2**5)),
    "e4m3fnuz": (1, 4, 3, 8, 240, Fraction(1, 2**10)),
    "e5m2fnuz": (1, 5, 2, 16, 57344, Fraction(1, 2**17)),
    "e2m3fn": (1, 2, 3, 1, Fraction(15, 2), Fraction(1, 8)),
    "e3m2fn": (1, 3, 2, 3, 28, Fraction(1, 16)),
    "e2m1fn": (1, 2, 1, 1, 6, Fraction(1, 2)),
    "e6m9": (1, 6, 9, 31, (2 - Fraction(1, 2**9)) * 2**31, Fraction(1, 2**39)),
}
ML_DTYPES = {
    "e4m3fn": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "e4m3": "float8_e4m3",
    "e3m4": "float8_e3m4",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e2m3fn": "float6_e2m3fn",
    "e3m2fn": "float6_e3m2fn",
    "e2m1fn": "float4_e2m1fn",
    "bf16": "bfloat16",
}


@st.composite
def formats(draw: st.DrawFn) -> Format:
    if draw(st.booleans()):
        return IntFormat(draw(st.integers(2, 32)), draw(st.sampled_from(IntCoding)))
    specials = draw(st.sampled_from(Specials))
    exponent_bits = draw(st.integers(1, 11))
    fraction_bits = draw(st.integers(1 if specials is Specials.IEEE or exponent_bits == 1 else 0, 52))
    bias = draw(st.one_of(st.just((1 << (exponent_bits - 1)) - 1), st.integers(-(1 << 12), 1 << 12)))
    signed = specials is Specials.FNUZ or draw(st.booleans())
    return FloatFormat(exponent_bits, fraction_bits, bias, specials, signed, draw(st.booleans()))


@given(formats())
def test_names_round_trip(fmt: Format) -> None:
    name = format_name(fmt)
    assert parse_format(name) == fmt
    assert parse_format(name.upper()) == fmt
    assert str(fmt) == name


@pytest.mark.parametrize("name", CATALOG)
def test_catalog_names_are_canonical_and_so_are_their_aliases(name: str) -> None:
    entry = CATALOG[name]
    assert format_name(entry.format) == name
    assert entry.source
    assert [parse_format(alias) for alias in entry.aliases] == [entry.format] * len(entry.aliases)


def test_every_float_of_the_catalog_is_held_against_a_published_table() -> None:
    assert {name for name, entry in CATALOG.items() if isinstance(entry.format, FloatFormat)} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_catalog_float_has_its_published_fields_and_range(name: str) -> None:
    sign, exponent_bits, fraction_bits, bias, largest, smallest = PUBLISHED[name]
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert (int(fmt.signed), fmt.exponent_bits, fmt.fraction_bits, fmt.bias) == (sign, exponent_bits, fraction_bits, bias)
    assert fmt.max_value == largest
    assert Fraction(2) ** fmt.lsb_exponent == smallest
    assert fmt.max_magnitude * smallest == largest
    assert fmt.width == sign + exponent_bits + fraction_bits


@pytest.mark.parametrize("name", ML_DTYPES)
def test_range_agrees_with_ml_dtypes(name: str) -> None:
    info, fmt = ml_dtypes.finfo(getattr(ml_dtypes, ML_DTYPES[name])), parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert (fmt.max_value, 2.0**fmt.lsb_exponent, 2.0**fmt.emin) == (info.max, info.smallest_subnormal, info.smallest_normal)
    assert fmt.width == info.bits


@pytest.mark.parametrize(
    ("name", "low", "high"), [("int8", -128, 127), ("uint8", 0, 255), ("sm8", -127, 127), ("int2", -2, 1), ("uint32", 0, 2**32 - 1)]
)
def test_integer_ranges(name: str, low: int, high: int) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, IntFormat)
    assert (fmt.min_value, fmt.max_value, fmt.max_magnitude) == (low, high, max(high, -low))


@pytest.mark.parametrize(
    ("name", "nan", "inf", "largest"),
    [
        ("fp32", 0x7FC00000, 0x7F800000, 0x7F7FFFFF),
        ("fp16", 0x7E00, 0x7C00, 0x7BFF),
        ("e5m2", 0x7E, 0x7C, 0x7B),
        ("e4m3fn", 0x7F, None, 0x7E),
        ("e4m3fnuz", 0x80, None, 0x7F),
        ("e2m1fn", None, None, 0x7),
    ],
)
def test_special_codes(name: str, nan: int | None, inf: int | None, largest: int) -> None:
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert (fmt.nan_code, fmt.inf_code, fmt.max_finite_code) == (nan, inf, largest)
    assert (fmt.has_nan, fmt.has_inf) == (nan is not None, inf is not None)


def test_the_nan_of_fp16_is_numpys() -> None:
    fmt = parse_format("fp16")
    assert isinstance(fmt, FloatFormat)
    assert fmt.nan_code == np.array(np.nan, np.float16).view(np.uint16)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: parse_format("int1"), "integer format int1: width 1 is not in 2..32"),
        (lambda: parse_format("uint33"), "integer format uint33: width 33 is not in 2..32"),
        (lambda: parse_format("e12m3"), "format 'e12m3': exponent width 12 is not in 1..11"),
        (lambda: parse_format("e4m53"), "float format e4m53: fraction width 53 is not in 0..52"),
        (lambda: parse_format("e4m3b5000"), "float format e4m3b5000: bias 5000 is not in -4096..4096"),
        (
            lambda: parse_format("e5m0"),
            "float format e5m0: IEEE style needs a fraction bit to tell NaN from infinity; use e5m0fn or e5m0none",
        ),
        (lambda: parse_format("e4m3fnuzu"), "float format e4m3fnuzu: an unsigned format has no code 10…0 to spare for NaN; use fn or none"),
        (
            lambda: parse_format("e1m0none"),
            "float format e1m0none: no code would be a number other than 0 and one power of two; give it a fraction bit, as in e1m1none",
        ),
        (
            lambda: parse_format("e4m3nf"),
            "unknown format 'e4m3nf': a format is a name listed by `hwmodel formats`, int<N>, uint<N> or sm<N> with N in 2..32, "
            "or e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub]; did you mean e4m3fn, e4m3, e4m3fnuz?",
        ),
    ],
)
def test_errors_are_sentences(build, sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        build()
    assert str(error.value) == sentence


def test_the_two_e4m3_are_told_apart() -> None:
    assert "largest value 448" in format_note("e4m3")
    assert "e4m3fn" in format_note("E4M3")
    assert format_note("e4m3fn") == ""


def test_the_mx_scale_is_no_operand_and_its_namesake_spells_its_bias() -> None:
    with pytest.raises(SpecError, match="the scale format of OCP MX has no zero"):
        parse_format("e8m0fnu")
    namesake = FloatFormat(8, 0, 127, Specials.FN, signed=False)
    assert str(namesake) == "e8m0b127fnu"
    assert parse_format(str(namesake)) == namesake
