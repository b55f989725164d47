"""Operands of several formats, and codebooks, as data."""

import pytest

from hwmodel.spec import ChoiceFormat, CodebookFormat, MacSpec, SpecError, add_codebook, parse_operand
from hwmodel.spec.ranges import operand_shape


@pytest.mark.parametrize(
    ("name", "integer"),
    [
        ("int4+int8", "int8"),
        ("uint4+uint8", "uint8"),
        ("uint8+int8", "int9"),  # 255 needs a sign bit above it
        ("uint4+int8", "int8"),
        ("int31+uint31", "int32"),
        ("int8+uint32", "None"),  # 33 bits
        ("int8+sm4", "None"),
        ("int8+e4m3fn", "None"),
        ("e4m3fn+e5m2", "None"),
    ],
)
def test_integers_of_several_widths_are_one_integer(name, integer) -> None:
    operand = parse_operand(name)
    assert isinstance(operand, ChoiceFormat)
    assert str(operand.as_integer) == integer


@pytest.mark.parametrize("name", ["e4m3fn+e5m2", "int8+e4m3fn", "cfloat8e4m3", "int4+nf4@fp16+posit8", "e8m0fnu+e5m2"])
@pytest.mark.parametrize("normalised", [False, True])
def test_the_joint_shape_holds_every_number_of_every_format(name, normalised) -> None:
    operand = parse_operand(name)
    shape = operand_shape(operand, normalised=normalised)
    for each in operand.choices:
        own = operand_shape(each, normalised=normalised)
        offset = own.top - shape.top
        assert shape.exponent_low <= own.exponent_low + offset <= own.exponent_high + offset <= shape.exponent_high
        assert own.significand_bits <= shape.significand_bits
        assert all(getattr(shape, name) or not getattr(own, name) for name in ("signed", "nan", "inf"))
        assert each.max_magnitude << (each.lsb_exponent - shape.lsb) <= shape.magnitude


def test_units_of_several_formats_keep_their_names() -> None:
    for name in ("e4m3fn+e5m2-e4m3fn+e5m2-fp32", "int8+nf4@fp16-cfloat16shp-fx90f40-p1", "lns8-lns8-fx32", "elma8-elma8-fx38"):
        assert str(MacSpec.parse(name)) == name
        assert MacSpec.parse(str(MacSpec.parse(name))) == MacSpec.parse(name)
    assert MacSpec.parse("e2m1fn+e4m3fn+e5m2-cfloat8e4m3-fp32").inputs == {"valid": 1, "clear": 1, "a": 8, "b": 8, "mode_a": 2, "mode_b": 6}


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: parse_operand("e4m3fn+e4m3fn"), "operand e4m3fn+e4m3fn: each format can be there once"),
        (lambda: parse_operand("lns8+e4m3fn"), "cannot be joined with + to others"),
        (lambda: parse_operand("cfloat8e4m3+int8"), "cannot be joined with + to others"),
        (lambda: MacSpec.parse("nf4-fp16-fp32"), "a circuit holds the entries of nf4 as floats; say as which, for example nf4@fp16"),
        (lambda: MacSpec.parse("int8+nf4-fp16-fp32"), "a circuit holds the entries of nf4 as floats; say as which, for example nf4@fp16"),
        (lambda: MacSpec.parse("lns8-int8-fx"), "a logarithmic format multiplies by adding logarithms, so both operands must be one"),
        (lambda: MacSpec.parse("lns8-elma8-fx"), "logarithms add where steps and tables are the same, and those of lns8 and elma8 differ"),
        (lambda: MacSpec.parse("cfloat8e4m3b64-int8-fx"), "the bias 64 of a configurable float is not in 0..63"),
        (lambda: add_codebook("rising", [0, 1, 1, 2]), "codebook rising: the entry 1.0 is there twice"),
        (lambda: add_codebook("two words", [0, 1]), "codebook 'two words': a name is letters, digits and _, a letter first"),
        (lambda: add_codebook("wide", [0, 1e6]).held_as(parse_operand("fp16")), "the entry 1000000.0 is outside the range of fp16"),
        (lambda: add_codebook("fine", [0, 1e-9]).held_as(parse_operand("fp16")), "codebook fine@fp16: every entry rounds to 0 in fp16"),
    ],
)
def test_errors_are_sentences(build, sentence) -> None:
    with pytest.raises(SpecError) as error:
        build()
    assert sentence in str(error.value)


def test_a_codebook_is_known_by_its_name() -> None:
    book = add_codebook("Known", [-1, 0.5, 1, 2])
    assert parse_operand("known") == book
    held = parse_operand("KNOWN@fp16")
    assert isinstance(held, CodebookFormat)
    assert str(held) == "known@fp16"
    assert add_codebook("known", [-1, 0.5, 1, 2]) == book, "the same one again is no second one"
    with pytest.raises(SpecError, match="another format has this name"):
        add_codebook("known", [0, 1])
