"""Refusals name what was given, whole, and what was probably meant."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hwmodel.spec import (
    ChunkAcc,
    FixedAcc,
    FixedPoint,
    FloatAcc,
    MacSpec,
    PositAcc,
    SpecError,
    TensorAcc,
    gpu_name,
    parse_accumulator,
    parse_block,
    parse_format,
    parse_operand,
    parse_scalar_or_block,
)
from hwmodel.spec.errors import LONGEST_NAME

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


FP16, INT8, FX32 = parse_format("fp16"), parse_format("int8"), parse_accumulator("fx32")


def refusal(parse: Callable[..., Any], *given: Any, **named: Any) -> str:
    with pytest.raises(SpecError) as error:
        parse(*given, **named)
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


@pytest.mark.parametrize("name", ["e4m3uu", "e4m3fnnone", "e4m3" + "u" * 900, "nosub", "e4m3halfnosub", "e4m3ufnz"])
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


PARSERS = [MacSpec.parse, parse_format, parse_operand, parse_accumulator, parse_block, parse_scalar_or_block, gpu_name]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__qualname__)
@pytest.mark.parametrize("given", [None, 5, b"int8"])
def test_what_is_no_text_is_no_name(parse, given) -> None:
    assert refusal(parse, given) == f"{given!r} is no name; a name is a text, such as 'int8' or 'e4m3fn-e4m3fn-fp32'"


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__qualname__)
@pytest.mark.parametrize(
    "start", ["a" * 600, "int", "e4m3b", "posit", "lns8g", "fx", "fxf", "fp16.sr", "chunk", "int8:", "int8-int8-fx32-x", "tc4f"]
)
def test_a_name_has_a_longest_length(parse, start: str) -> None:
    """Python makes no integer of more than 4,300 digits."""
    name = start + "9" * (5000 - len(start))
    assert refusal(parse, name) == f"a name of 5,000 characters, {name[:20]!r} and so on, is longer than the 1,000 that are read"


def test_a_name_as_long_as_any_is_read() -> None:
    longest = "int8-int8-fx32".rjust(LONGEST_NAME)
    assert MacSpec.parse(longest) == MacSpec(INT8, INT8, FX32)
    assert refusal(MacSpec.parse, f" {longest}").startswith("a name of 1,001 characters")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"width": 8.5}, "accumulator fx8.5: width 8.5 is not in 1..1024"),
        ({"width": 8.0}, "accumulator fx8.0: width 8.0 is not in 1..1024"),
        ({"width": True}, "accumulator fxTrue: width True is not in 1..1024"),
        ({"width": "8"}, "accumulator fx8: width 8 is not in 1..1024"),
        ({"fraction": 1.5}, "accumulator fxf1.5: fraction 1.5 is not in -4096..4096"),
        ({"headroom": 2.0}, "accumulator fxh2.0: headroom 2.0 is not in 0..64"),
        ({"rounding": "up"}, "accumulator fx.up: rounding 'up' is not one of floor, rne"),
        ({"rounding": None}, "accumulator fx.None: rounding None is not one of floor, rne"),
    ],
)
def test_fields_of_fixed_point(fields: dict[str, Any], sentence: str) -> None:
    assert refusal(FixedAcc, **fields) == sentence


@pytest.mark.parametrize("rounding", ["rup", "rdn", "sr", "sr0", "sr100", "up", "", None])
def test_roundings_of_a_float_accumulator(rounding) -> None:
    assert refusal(FloatAcc, FP16, rounding) == f"accumulator fp16.{rounding}: rounding {rounding!r} is not one of rne, rna, rtz, sr<k>"


@pytest.mark.parametrize(
    ("make", "given", "sentence"),
    [
        (FloatAcc, ("fp16",), "accumulator fp16: 'fp16' is no float format"),
        (FloatAcc, (INT8,), f"accumulator int8: {INT8!r} is no float format"),
        (PositAcc, ("posit8",), "accumulator posit8: 'posit8' is no posit format"),
        (PositAcc, (FP16,), f"accumulator fp16: {FP16!r} is no posit format"),
        (ChunkAcc, (8.0, FX32, FX32), "accumulator chunk8.0:fx32:fx32: chunk length 8.0 is not in 1..65536"),
        (ChunkAcc, (8, FX32, "fp16"), "accumulator chunk8:fx32:fp16: inner and outer are fx… or a float format, and fp16 is neither"),
        (TensorAcc, (4.0, 8, FP16), "accumulator tc4.0f8:fp16: 4.0 products a step is not in 1..64"),
        (TensorAcc, (4, 8.0, FP16), "accumulator tc4f8.0:fp16: 8.0 aligned fraction bits is not in 0..48"),
        (TensorAcc, (4, 8, "fp16"), "accumulator tc4f8:fp16: 'fp16' is no float format"),
        (TensorAcc, (4, 8, FP16, "rne", 3), "the phases of a tensor core are a tuple of integers, one for each product, and not 3"),
        (
            TensorAcc,
            (4, 8, FP16, "rne", (0.0, 1)),
            "the phases of a tensor core are a tuple of integers, one for each product, and not (0.0, 1)",
        ),
    ],
)
def test_fields_of_other_accumulators(make, given, sentence: str) -> None:
    assert refusal(make, *given) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lanes": 2.0}, "unit int8-int8-fx32-x2.0: 2.0 operand pairs a cycle is not in 1..64"),
        ({"lanes": True}, "unit int8-int8-fx32: True operand pairs a cycle is not in 1..64"),
        ({"pipeline": 1.0}, "unit int8-int8-fx32-p1.0: pipeline depth 1.0 is not in 0..2"),
        ({"pipeline": True}, "unit int8-int8-fx32-pTrue: pipeline depth True is not in 0..2"),
        ({"acc": None}, "None is no accumulator of a unit"),
        ({"acc": FP16}, f"{FP16!r} is no accumulator of a unit"),
        ({"acc": "fx"}, "'fx' is no accumulator of a unit; MacSpec.parse makes a unit of a name such as 'int8-int8-fx32'"),
        ({"b": None}, "None is no operand of a unit"),
        (
            {"a": "int8", "b": "int8", "acc": "fx"},
            "'int8' is no operand of a unit; MacSpec.parse makes a unit of a name such as 'int8-int8-fx32'",
        ),
    ],
)
def test_fields_of_a_unit(given: dict[str, Any], sentence: str) -> None:
    assert refusal(MacSpec, **({"a": INT8, "b": INT8, "acc": FX32} | given)) == sentence


def test_integers_of_numpy_will_do() -> None:
    assert FixedAcc(np.int64(32)) == FX32
    assert MacSpec(INT8, INT8, FX32, np.int8(1), np.uint8(4)) == MacSpec.parse("int8-int8-fx32-x4-p1")


@pytest.mark.parametrize(
    ("scale", "what"),
    [
        ("pow2e5b99999999999", "bias 99999999999 is not in -4096..4096"),
        ("pow2e99b1", "exponent width 99 is not in 1..11"),
    ],
)
def test_powers_of_two_that_are_no_scale(scale: str, what: str) -> None:
    assert refusal(parse_block, f"int8:4:{scale}") == f"block format 'int8:4:{scale}': the scale {scale}: {what}"
