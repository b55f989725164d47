"""Refusals name what was given, whole, and what was probably meant."""

import pytest

from hwmodel.spec import FixedAcc, FixedPoint, MacSpec, SpecError, parse_accumulator, parse_format, parse_operand

FORMAT = (
    "a format is a name listed by `hwmodel formats`, int<N>, uint<N> or sm<N> with N in 2..32, posit<N>[es<S>] with N in 3..32 and "
    "S in 0..3, lns<N>g<γ>, or e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub|half]"
)
ACCUMULATOR = (
    "allowed are fx[W][f<F>][h<H>][.sat][.rne], chunk<n>:<inner>:<outer>, "
    "tc<L>f<F>:<out>[.rtz][.late|.phases<order>] or a GPU such as h100, "
    "quire, a posit, "
    "or a float format with .rne .rna .rtz .sr<k> .ftz .unfused"
)


def refusal(parse, name: str) -> str:
    with pytest.raises(SpecError) as error:
        parse(name)
    return str(error.value)


@pytest.mark.parametrize("suffix", ["", "fn", "none", "u", "b7fn"])
def test_the_name_in_a_refusal_is_the_one_given(suffix: str) -> None:
    sentence = refusal(parse_format, f"e1m0{suffix}")
    assert sentence == (
        f"float format e1m0{suffix}: no code would be a number other than 0 and one power of two; give it a fraction bit, as in e1m1none"
    )


@pytest.mark.parametrize("name", ["e1m1none", "e5m0fn", "e5m0none", "e4m3fnu", "e4m3noneu"])
def test_what_refusals_recommend_is_there(name: str) -> None:
    assert parse_format(name).width > 1


@pytest.mark.parametrize("name", ["e1m3half", "e4m3fnuzu", "e4m60b3none"])
def test_every_part_of_the_name_is_told(name: str) -> None:
    assert refusal(parse_format, name).startswith(f"float format {name}: ")


@pytest.mark.parametrize(
    ("name", "meant"), [("fp8", "e4m3fn, e5m2"), ("fp64", "e11m52"), ("double", "e11m52"), ("fp6", "e2m3fn, e3m2fn"), ("fpp32", None)]
)
def test_formats_that_are_meant(name: str, meant: str | None) -> None:
    start, _, guess = refusal(parse_format, name).partition("; did you mean ")
    assert start == f"unknown format '{name}': {FORMAT}"
    assert guess == f"{meant}?" if meant else guess.startswith("fp32")
    for each in guess.removesuffix("?").split(", "):
        parse_format(each)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("e3m2halfu", "e3m2uhalf"),
        ("e4m3ufn", "e4m3fnu"),
        ("e6m9fnb-3", "e6m9b-3fn"),
        ("e4m3nosubub3none", "e4m3b3noneunosub"),
    ],
)
@pytest.mark.parametrize("parse", [parse_format, parse_operand, parse_accumulator], ids=lambda parse: parse.__name__)
def test_parts_of_a_float_in_another_order(parse, name: str, meant: str) -> None:
    assert refusal(parse, name) == (
        f"format '{name}': the parts of a float's name stand in the order e<X>m<Y>[b<bias>][fn|fnuz|none][u][nosub|half]; "
        f"did you mean {meant}?"
    )
    parse_format(meant)


def test_what_is_meant_may_be_refused_itself() -> None:
    assert refusal(parse_format, "e4m3ufnuz") == (
        "float format e4m3fnuzu: an unsigned format has no code 10…0 to spare for NaN; use fn or none"
    )


@pytest.mark.parametrize("name", ["e4m3uu", "e4m3fnnone", "e4m3" + "u" * 900, "nosub", "e4m3halfnosub"])
def test_parts_that_no_order_makes_a_float(name: str) -> None:
    assert refusal(parse_format, name).startswith(f"unknown format '{name}': {FORMAT}")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("xyzzy", ""),
        ("fp33", "fp32"),
        ("fp61.rtz", "fp16"),
        ("fp64", "e11m52"),
        ("quier", "quire"),
        ("psit16", "posit16, posit8, posit32"),
    ],
)
def test_accumulators_that_are_meant(name: str, meant: str) -> None:
    assert refusal(parse_accumulator, name) == f"unknown accumulator '{name}': {ACCUMULATOR}" + (
        f"; did you mean {meant}?" if meant else ""
    )
    for each in filter(None, meant.split(", ")):
        parse_accumulator(each)


@pytest.mark.parametrize("name", ["nf4@", "@fp16", "nf4@@fp16", "nf4@fp16@fp32"])
def test_a_codebook_and_its_entries_stand_around_one_at(name: str) -> None:
    assert refusal(parse_operand, name) == (
        f"operand '{name}': one @ stands between a codebook and the float format of its entries, as in nf4@fp16"
    )


@pytest.mark.parametrize("name", ["e5m2+", "+", "+int8", "int4++int8"])
def test_formats_stand_on_both_sides_of_a_plus(name: str) -> None:
    assert refusal(parse_operand, name) == f"operand '{name}': formats stand on both sides of a +, as in e4m3fn+e5m2"


def test_a_unit_coarser_than_one() -> None:
    """F below zero: with an m, or with a minus as a bias has it."""
    spec = MacSpec.parse("int8-int8-fx20f-3-p1")
    assert spec == MacSpec.parse("int8-int8-fx20fm3-p1")
    assert str(spec) == "int8-int8-fx20fm3-p1"
    assert spec.fixed_point(spec.acc) == FixedPoint(20, -3)
    assert parse_accumulator("fxf-3.sat") == FixedAcc(fraction=-3, saturate=True)
