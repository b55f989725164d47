"""Facts of the catalog against the published tables, and the grammar of format names."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodel.spec import (
    CATALOG,
    ChoiceFormat,
    CodebookFormat,
    FloatFormat,
    Format,
    IntCoding,
    IntFormat,
    LogFormat,
    PositFormat,
    SpecError,
    Specials,
    add_codebook,
    format_name,
    format_note,
    parse_format,
    parse_operand,
)

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
    "e4m3b11fnuz": (1, 4, 3, 11, 30, Fraction(1, 2**13)),
    "fp24": (1, 7, 16, 63, (2 - Fraction(1, 2**16)) * 2**64, Fraction(1, 2**78)),
    "pxr24": (1, 8, 15, 127, (2 - Fraction(1, 2**15)) * 2**127, Fraction(1, 2**141)),
    "ef32": (1, 8, 11, 127, (2 - Fraction(1, 2**11)) * 2**127, Fraction(1, 2**137)),
    "cfloat16uhp": (0, 6, 10, 31, (2 - Fraction(1, 2**10)) * 2**32, Fraction(1, 2**40)),
    # The finest unit is no number here: e = 0 is a binade, of which 0 took the first place. The largest are the articles' own.
    "hfp8": (1, 4, 3, 11, 30, Fraction(1, 2**14)),
    "dlfloat16": (1, 6, 9, 31, 8573157376, Fraction(1, 2**40)),
    "e8m0fnu": (0, 8, 0, 127, 2**127, Fraction(1, 2**127)),
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
    "e4m3b11fnuz": "float8_e4m3b11fnuz",
    "bf16": "bfloat16",
}


@st.composite
def floats(draw: st.DrawFn) -> FloatFormat:
    specials = draw(st.sampled_from(Specials))
    exponent_bits = draw(st.integers(1, 11))
    fraction_bits = draw(st.integers(1 if specials is Specials.IEEE or exponent_bits == 1 else 0, 52))
    bias = draw(st.one_of(st.just((1 << (exponent_bits - 1)) - 1), st.integers(-(1 << 12), 1 << 12)))
    signed = specials is Specials.FNUZ or draw(st.booleans())
    low = draw(st.sampled_from(["", "nosub", "half"] if exponent_bits > 1 else ["", "nosub"]))
    return FloatFormat(exponent_bits, fraction_bits, bias, specials, signed, low != "nosub", halved=low == "half")


@st.composite
def logarithms(draw: st.DrawFn) -> LogFormat:
    width = draw(st.integers(3, 16))
    steps = draw(st.integers(0, min(6, width - 2)))
    return LogFormat(width, steps, draw(st.integers(steps, 16)))


def formats() -> st.SearchStrategy[Format]:
    return st.one_of(
        st.builds(IntFormat, st.integers(2, 32), st.sampled_from(IntCoding)),
        floats(),
        st.builds(PositFormat, st.integers(3, 32), st.integers(0, 3)),
        logarithms(),
    )


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
    assert [parse_operand(alias) for alias in entry.aliases] == [entry.format] * len(entry.aliases)


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
            "posit<N>[es<S>] with N in 3..32 and S in 0..3, lns<N>g<γ>, "
            "or e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub|half]; did you mean e4m3fn, e4m3, e4m3fnuz?",
        ),
        (lambda: parse_format("posit2"), "posit format posit2: width 2 is not in 3..32"),
        (lambda: parse_format("posit8es4"), "posit format posit8es4: es 4 is not in 0..3; the 2022 standard has es 2"),
        (lambda: parse_format("lns8g3"), "format 'lns8g3': γ 3 is not a power of two"),
        (lambda: parse_format("lns8g128"), "logarithmic format lns8g128: γ 128 is not a power of two in 1..64"),
        (lambda: parse_format("cfloat8e4m3b64"), "format 'cfloat8e4m3b64': the bias 64 of a configurable float is not in 0..63"),
        (
            lambda: parse_format("cfloat8e4m3"),
            "format 'cfloat8e4m3': several formats under one name have no codes of their own; choose one, such as cfloat8e4m3b7",
        ),
        (lambda: parse_operand("int8@fp16"), "operand 'int8@fp16': before the @ stands a codebook, such as nf4 or af4, and int8 is none"),
        (lambda: parse_operand("nf4@int8"), "operand 'nf4@int8': after the @ stands a float format, such as fp16, and int8 is none"),
        (
            lambda: parse_operand("e4m3fn+lns8"),
            "operand 'e4m3fn+lns8': logarithmic, configurable and 80-bit formats cannot be joined with + to others",
        ),
        (lambda: parse_operand("int8+int8"), "operand int8+int8: each format can be there once"),
        (
            lambda: parse_format("pal"),
            "format 'pal': PAL is not publicly defined: no encoding under this name has been published",
        ),
        (
            lambda: FloatFormat(4, 3, 7, zero=False),
            "float format e4m3: only an unsigned format without subnormals can lack a zero",
        ),
        (lambda: parse_format("e1m3half"), "float format e1m3half: halved subnormals need subnormals, and two exponent bits"),
        (lambda: parse_format("f9E4M3"), "format 'f9E4M3': 4 exponent and 3 fraction bits make no 9-bit format, with or without a sign"),
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


def test_the_mx_scale_has_no_zero_and_its_namesake_spells_its_bias() -> None:
    scale = parse_format("e8m0fnu")
    assert isinstance(scale, FloatFormat)
    assert not scale.zero
    namesake = FloatFormat(8, 0, 127, Specials.FN, signed=False)
    assert str(namesake) == "e8m0b127fnu"
    assert parse_format(str(namesake)) == namesake != scale


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("f8E4M3FN", "e4m3fn"),
        ("f8E4M3", "e4m3"),
        ("f8E5M2FNUZ", "e5m2fnuz"),
        ("f8E4M3B11FNUZ", "e4m3b11fnuz"),
        ("f6E2M3FN", "e2m3fn"),
        ("f6E3M2FNU", "e3m2fn"),
        ("f5E3M2FNU", "e3m2noneu"),
        ("f8E8M0FNU", "e8m0fnu"),
        ("f16E5M10", "fp16"),
    ],
)
def test_names_in_the_style_of_mlir(name: str, meant: str) -> None:
    assert parse_format(name) == parse_format(meant)


def test_a_name_whose_bits_contradict_its_u_gets_a_note() -> None:
    assert format_note("f6E3M2FNU") == "f6E3M2FNU counts 6 bits, so it has a sign although it ends in U"
    assert format_note("f5E3M2FNU") == ""


@pytest.mark.parametrize("name", ["e4m0nonenosub", "e5m0fnnosub"])
def test_without_a_fraction_nosub_says_nothing(name: str) -> None:
    """The lowest binade holds zero alone either way, so the smallest number is one binade up."""
    fmt = parse_format(name)
    assert isinstance(fmt, FloatFormat)
    assert fmt == parse_format(name.removesuffix("nosub"))
    assert fmt.lsb_exponent == 1 - fmt.bias


@pytest.mark.parametrize(
    ("name", "largest", "smallest"),
    [
        # Posit Standard (2022), table 1, and SoftPosit's for es 0 and 1.
        ("posit8", 2**24, Fraction(1, 2**24)),
        ("posit16", 2**56, Fraction(1, 2**56)),
        ("posit32", 2**120, Fraction(1, 2**120)),
        ("posit8es0", 64, Fraction(1, 64)),
        ("posit16es1", 2**28, Fraction(1, 2**28)),
    ],
)
def test_posit_ranges(name: str, largest: int, smallest: Fraction) -> None:
    fmt = parse_format(name)
    assert Fraction(2) ** fmt.lsb_exponent == smallest
    assert fmt.max_magnitude * smallest == largest


@pytest.mark.parametrize("name", ["lns8", "elma8", "lns8g8t3", "lns12g64", "lns5g1"])
def test_tables_of_logarithms_are_powers_of_two_rounded(name: str) -> None:
    """By raising both sides: T - 1/2 < 2^(i/γ + t) < T + 1/2."""
    fmt = parse_format(name)
    assert isinstance(fmt, LogFormat)
    assert len(fmt.table) == fmt.gamma
    for i, entry in enumerate(fmt.table):
        power = 2 ** (i + fmt.gamma * (fmt.table_bits + 1))
        assert (2 * entry - 1) ** fmt.gamma < power < (2 * entry + 1) ** fmt.gamma


def test_codebooks_have_their_published_entries() -> None:
    nf4, af4 = parse_format("nf4"), parse_format("af4")
    assert isinstance(nf4, CodebookFormat)
    assert isinstance(af4, CodebookFormat)
    assert [float(nf4.values[i]) for i in (0, 1, 7, 8, 15)] == [-1, -0.6961928009986877, 0, 0.07958029955625534, 1]
    assert [float(af4.values[i]) for i in (0, 1, 7, 8, 15)] == [-1, -0.69441008, 0, 0.04273164, 1]
    held = parse_operand("nf4@fp16")
    assert isinstance(held, CodebookFormat)
    assert [float(entry) for entry in held.entries] == [float(np.float16(float(value))) for value in nf4.values]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([0.0, float("nan")], "codebook mine: the entry nan is not a finite number"),
        ([0.0, 1.0, 0.5, 2.0], "codebook mine: entries must rise, and 0.5 comes after 1.0"),
        ([0.0, 1.0, 1.0, 2.0], "codebook mine: the entry 1.0 is there twice; each must be there once"),
        ([0.0, 1.0, 2.0], "codebook mine: 3 entries are not 2^n with n in 1..8"),
    ],
)
def test_a_codebook_that_is_none_gets_a_sentence(values: list[float], sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        add_codebook("mine", values)
    assert str(error.value) == sentence


def test_a_codebook_of_ones_own_is_known_by_its_name() -> None:
    mine = add_codebook("ternary2", [-1, 0, 1, 2])
    assert parse_format("ternary2") == mine
    assert str(parse_operand("TERNARY2@fp16")) == "ternary2@fp16"
    with pytest.raises(SpecError, match="another format has this name"):
        add_codebook("int8", [0, 1])


def test_formats_of_a_choice_are_told_by_mode() -> None:
    both = parse_operand("e4m3fn+e5m2")
    assert isinstance(both, ChoiceFormat)
    assert (str(both), both.width, both.mode_bits) == ("e4m3fn+e5m2", 8, 1)
    cfloat = parse_operand("cfloat8e4m3")
    assert isinstance(cfloat, ChoiceFormat)
    assert (cfloat.mode_bits, len(cfloat.choices)) == (6, 64)
    assert cfloat.choices[7] == parse_format("cfloat8e4m3b7") == parse_format("e4m3b7none")
