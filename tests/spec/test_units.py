"""Accumulators and units: names, widths of fixed-point registers, and error sentences."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodel.spec import (
    ChunkAcc,
    FixedAcc,
    FixedPoint,
    FloatAcc,
    IntFormat,
    MacSpec,
    PositAcc,
    PositFormat,
    QuireAcc,
    SpecError,
    parse_accumulator,
    parse_format,
    parse_operand,
)
from hwmodel.spec.accumulators import MAX_FRACTION
from hwmodel.spec.mac import MAX_LANES, MAX_PIPELINE

FLOATS = [parse_format(name) for name in ("fp32", "fp16", "bf16", "e6m9", "e4m3fn", "e5m2fnuz", "e3m9b-2", "e2m3none", "e5m10b20fn")]
OPERANDS = [
    parse_operand(name)
    for name in ("int8", "uint4", "sm8", "e4m3fn", "e5m2", "e4m3b-3", "e4m3b11nosub", "e3m4u", "fp16", "fp32", "posit8", "posit6es1")
]
CHOICES = [parse_operand(name) for name in ("e4m3fn+e5m2", "cfloat8e4m3", "nf4@fp16", "af4@e4m3fn", "int8+posit8es0")]


def levels() -> st.SearchStrategy[FixedAcc | FloatAcc]:
    width, fraction, headroom = (st.none() | numbers for numbers in (st.integers(1, 1024), st.integers(-300, 600), st.integers(0, 64)))
    return st.one_of(
        st.builds(FloatAcc, st.sampled_from(FLOATS), st.sampled_from(FloatAcc.ROUNDINGS), st.booleans(), st.booleans()),
        st.builds(FloatAcc, st.sampled_from(FLOATS), st.integers(1, 32).map("sr{}".format), st.booleans()),
        st.tuples(width, fraction, headroom, st.booleans(), st.sampled_from(["floor", "rne"]))
        .filter(lambda given: None in given[:3])
        .map(lambda given: FixedAcc(*given)),
    )


def accumulators() -> st.SearchStrategy[FixedAcc | FloatAcc | ChunkAcc]:
    posits = st.builds(PositAcc, st.builds(PositFormat, st.integers(3, 32), st.integers(0, 3)), st.booleans())
    return levels() | st.builds(ChunkAcc, st.integers(1, 1 << 16), levels(), levels()) | posits | st.just(QuireAcc())


@pytest.mark.parametrize("name", ["fp32", "e5m9.rtz", "fx24f6", "chunk16:fx24:fp32", "tc4f12:fp32.rtz", "posit7es1"])
def test_a_name_stands_for_one_object(name: str) -> None:
    """What an accumulator works out about itself, it does once, however many units have it."""
    assert parse_accumulator(name) is parse_accumulator(name.upper())


def test_a_name_by_the_grammar_stands_for_one_format() -> None:
    assert parse_format("e4m7") is parse_format("e4m7")


@given(accumulators())
def test_accumulator_names_round_trip(acc: FixedAcc | FloatAcc | ChunkAcc) -> None:
    assert parse_accumulator(str(acc)) == acc
    assert parse_accumulator(str(acc).upper()) == acc


@given(st.sampled_from(OPERANDS + CHOICES), st.sampled_from(OPERANDS + CHOICES), accumulators(), st.integers(0, 2))
def test_unit_names_round_trip(a, b, acc, pipeline: int) -> None:
    try:
        spec = MacSpec(a, b, acc, pipeline)
    except SpecError as error:
        refusal = str(error)
        # pytest.raises cannot say "the same refusal as before"
        with pytest.raises(SpecError) as again:
            MacSpec.parse(f"{a}-{b}-{acc}-p{pipeline}")
        assert str(again.value) == refusal
        return
    assert MacSpec.parse(str(spec)) == spec
    assert set(spec.module_name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_units_that_differ_by_which_operand_has_the_choice_are_different_modules():
    names = ["int4+int8-e5m2-fp32", "int4-int8+e5m2-fp32"]
    assert [MacSpec.parse(name).module_name for name in names] == ["int4_or_int8_e5m2_fp32", "int4_int8_or_e5m2_fp32"]


@pytest.mark.parametrize(
    ("name", "width", "fraction"),
    [
        ("int8-int8-fx", 27, 0),
        ("int8-int8-fx32", 32, 0),
        ("e4m3fn-e4m3fn-fx", 49, 18),
        ("e5m2-e5m2-fx", 77, 32),
        ("e4m3fn-e4m3fn-fx32", 32, 1),
        ("e5m2-e5m2-fx32f9", 32, 9),
        ("int8-int8-fxh0", 15, 0),
        ("int8-int8-fx14fm4", 14, -4),
        ("uint8-uint8-fx", 29, 0),
        ("int8-int8-fx8", 8, -19),
        ("elma8-elma8-fx38", 38, 1),
        ("elma8-elma8-fx", 62, 25),
        ("lns8-lns8-fx", 52, 23),
        # ±2^x, |x| <= 63: 2^-126 is the unit whatever t, and 1 + 126 + 126 + 12 the width.
        ("lns8g1-lns8g1-fx", 265, 126),
    ],
)
def test_fixed_point_defaults(name: str, width: int, fraction: int) -> None:
    spec = MacSpec.parse(name)
    assert isinstance(spec.acc, FixedAcc)
    assert spec.fixed_point(spec.acc) == FixedPoint(width, fraction)
    assert spec.acc_width == width


@given(st.sampled_from(OPERANDS), st.sampled_from(OPERANDS), st.integers(0, 20))
def test_headroom_is_what_it_says(a, b, headroom: int) -> None:
    spec = MacSpec(a, b, FixedAcc(headroom=headroom))
    assert isinstance(spec.acc, FixedAcc)
    point = spec.fixed_point(spec.acc)
    largest, smallest = (
        [Fraction(fmt.max_magnitude) * Fraction(2) ** fmt.lsb_exponent for fmt in (a, b)],
        [Fraction(2) ** fmt.lsb_exponent for fmt in (a, b)],
    )
    units = largest[0] * largest[1] * Fraction(2) ** point.fraction
    assert smallest[0] * smallest[1] * Fraction(2) ** point.fraction == 1
    assert ((1 << headroom) - 1) * units <= point.max_value
    assert (1 << (headroom + 1)) * units > point.max_value


@pytest.mark.parametrize(
    ("name", "levels", "flags", "latency"),
    [
        ("int8-int8-fx32", 1, True, 1),
        ("e4m3-e4m3-fp32-p2", 1, False, 3),
        ("e4m3-e4m3-chunk64:e6m9:fp32", 2, False, 2),
        ("e4m3-e4m3-chunk64:fx:fp32-p1", 2, True, 3),
    ],
)
def test_what_a_unit_has(name: str, levels: int, flags: bool, latency: int) -> None:
    spec = MacSpec.parse(name)
    assert (len(spec.levels), spec.has_flags, spec.is_chunked, spec.latency) == (levels, flags, levels == 2, latency)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("fx32f9h2", "accumulator fx32f9h2: width, fraction and headroom together say one thing twice; leave one of them out"),
        ("fx2000", "accumulator fx2000: width 2000 is not in 1..1024"),
        ("fxf99999999999", "accumulator fxf99999999999: fraction 99999999999 is not in -4096..4096"),
        ("fxfm4097", "accumulator fxfm4097: fraction -4097 is not in -4096..4096"),
        ("fxh65", "accumulator fxh65: headroom 65 is not in 0..64"),
        ("fx32.wrap", "accumulator 'fx32.wrap': option .wrap is not one of .sat, .rne, each at most once"),
        ("fp32.rup", "accumulator 'fp32.rup': option .rup is not one of .rne, .rna, .rtz, .sr<k>, .ftz, .unfused, each at most once"),
        ("fp32.rtz.rna", "accumulator 'fp32.rtz.rna': .rtz and .rna exclude each other; give one rounding"),
        ("int32", "accumulator 'int32': an integer format is not an accumulator; for a 32-bit integer one write fx32f0"),
        ("e4m3u", "accumulator e4m3u: an unsigned float format cannot hold a negative sum"),
        (
            "e4m3half",
            "accumulator e4m3half: a format without a zero, or with halved subnormals, can be an operand, not an accumulator",
        ),
        ("fp16.sr33", "accumulator fp16.sr33: stochastic rounding takes 1..32 random bits"),
        ("fp16.sr8.unfused", "accumulator fp16.sr8.unfused: .sr<k> and .unfused exclude each other: the random bits are for one rounding"),
        ("posit8.rtz", "accumulator 'posit8.rtz': the one option of a posit accumulator is .unfused"),
        ("lns8", "accumulator 'lns8': lns8 cannot hold a sum; allowed are fx…, float formats, posits and quire"),
        ("chunk4:posit8:fp32", "accumulator chunk4:posit8:fp32: inner and outer are fx… or a float format, and posit8 is neither"),
        ("chunk4:fx:quire", "accumulator chunk4:fx:quire: inner and outer are fx… or a float format, and quire is neither"),
        (
            "chunk4:chunk4:fp16:fp32",
            "accumulator 'chunk4:chunk4:fp16:fp32': a chunked accumulator is chunk<n>:<inner>:<outer>, for example chunk64:e6m9:fp32",
        ),
        ("fp32.sr8.rtz", "accumulator 'fp32.sr8.rtz': .sr8 and .rtz exclude each other; give one rounding"),
        ("chunk0:fp16:fp32", "accumulator chunk0:fp16:fp32: chunk length 0 is not in 1..65536"),
        ("chunk4:fp16", "accumulator 'chunk4:fp16': a chunked accumulator is chunk<n>:<inner>:<outer>, for example chunk64:e6m9:fp32"),
        (
            "quux",
            "unknown accumulator 'quux': allowed are fx[W][f<F>][h<H>][.sat][.rne], chunk<n>:<inner>:<outer>, "
            "tc<L>f<F>:<out>[.rtz][.late|.phases<order>] or a GPU such as h100, "
            "quire, a posit, or a float format with .rne .rna .rtz .sr<k> .ftz .unfused",
        ),
    ],
)
def test_accumulator_errors_are_sentences(name: str, sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        parse_accumulator(name)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("int8-int8", "unit 'int8-int8': a unit is <a>-<b>-<acc>[-x<L>][-p<N>], for example e4m3fn-e4m3fn-fp32 or int8-int8-fx32-x4-p1"),
        ("int8-int8-fx32-q1", "unit 'int8-int8-fx32-q1': 'q1' is neither a number of lanes, x1 to x64, nor a pipeline depth, p0 to p2"),
        ("int8-int8-fx32-p3", "unit int8-int8-fx32-p3: pipeline depth 3 is not in 0..2"),
        (
            "e4m3fn-int8-e2m3fn",
            "unit e4m3fn-int8-e2m3fn: e4m3fn × int8 can be NaN or infinite and e2m3fn has no code for either; "
            "choose an accumulator with a NaN, or operands without",
        ),
        ("nf4-fp16-fp32", "unit nf4-fp16-fp32: a circuit holds the entries of nf4 as floats; say as which, for example nf4@fp16"),
        (
            "lns8-int8-fx",
            "unit lns8-int8-fx: a logarithmic format multiplies by adding logarithms, so both operands must be one",
        ),
        (
            "lns8-elma8-fx",
            "unit lns8-elma8-fx: logarithms add where steps and tables are the same, and those of lns8 and elma8 differ",
        ),
        (
            "posit8-posit16-quire",
            "unit posit8-posit16-quire: a quire sums products of one posit format, as in posit8-posit8-quire; otherwise name fx…",
        ),
        (
            "int8-int8-chunk4:fp16:e2m3fn",
            "unit int8-int8-chunk4:fp16:e2m3fn: fp16 can be NaN or infinite and e2m3fn has no code for either; "
            "choose an accumulator with a NaN, or operands without",
        ),
    ],
)
def test_unit_errors_are_sentences(name: str, sentence: str) -> None:
    with pytest.raises(SpecError) as error:
        MacSpec.parse(name)
    assert str(error.value) == sentence


def test_a_fixed_inner_level_never_hands_on_a_nan() -> None:
    assert MacSpec.parse("e4m3fn-e4m3fn-chunk4:fx:e5m10none").is_chunked
    assert MacSpec(IntFormat(8), IntFormat(8), parse_accumulator("e5m10none")).has_flags is False


def test_notes_name_the_format_that_was_probably_meant() -> None:
    assert len(MacSpec.notes("e4m3-e4m3-fp32")) == 1
    assert MacSpec.notes("e4m3fn-e5m2-e4m3") == []


def test_a_unit_that_counts_coarser_than_its_products_says_so() -> None:
    assert MacSpec.parse("uint8-int8-fx24.sat").unit_note == (
        "uint8-int8-fx24.sat: fx24.sat keeps its headroom and so counts in units of 2^4, products in 2^0; "
        "write fx24f0.sat to keep every bit"
    )
    for text in ("int8-int8-fx32", "uint8-int8-fx24f0.sat", "e4m3fn-e4m3fn-fx", "int8-int8-fx14fm4"):
        assert MacSpec.parse(text).unit_note == ""


@pytest.mark.parametrize(
    ("name", "width", "fraction"),
    [("posit8-posit8-quire", 128, 48), ("posit16-posit16-quire", 256, 112), ("posit8es0-posit8es0-quire", 56, 12)],
)
def test_a_quire_has_its_standard_size(name: str, width: int, fraction: int) -> None:
    """16n bits and minpos² for es 2 (Posit Standard 2022, 3.4); 1 + 4 log2(maxpos) + 31 bits for the others."""
    spec = MacSpec.parse(name)
    assert isinstance(spec.acc, QuireAcc)
    assert spec.fixed_point(spec.acc) == FixedPoint(width, fraction)
    assert spec.acc_width == spec.a.width


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("int8-int8-fx32", {"valid": 1, "clear": 1, "a": 8, "b": 8}),
        ("e4m3fn+e5m2-int8-chunk4:fp16.sr4:fp32.sr8", {"valid": 1, "clear": 1, "a": 8, "b": 8, "mode_a": 1, "flush": 1, "rand": 12}),
        ("cfloat8e4m3-cfloat8e5m2-fp32", {"valid": 1, "clear": 1, "a": 8, "b": 8, "mode_a": 6, "mode_b": 6}),
    ],
)
def test_inputs(name: str, inputs: dict[str, int]) -> None:
    assert MacSpec.parse(name).inputs == inputs


def test_the_readme_tells_ranges_and_names_of_modules() -> None:
    text = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    assert f"L operand pairs a cycle, 1..{MAX_LANES}; N pipeline registers in front of the accumulation loop, 0..{MAX_PIPELINE}." in text
    assert f"F of `fx` is within ±{MAX_FRACTION};" in text
    found = re.search(r"`([^` ]+)` makes `([^` ]+)\.v`", text)
    assert found is not None
    assert MacSpec.parse(found[1]).module_name == found[2]
