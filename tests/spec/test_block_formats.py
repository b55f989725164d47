"""Block formats as data: names, the grammar, what their sources say of sizes, and refusals."""

from fractions import Fraction

import pytest

from hwmodel.spec import BLOCK_CATALOG, SpecError, parse_block


@pytest.mark.parametrize("name", BLOCK_CATALOG)
def test_names_go_there_and_back(name):
    fmt = BLOCK_CATALOG[name].format
    assert str(fmt) == name
    assert parse_block(f" {name.upper()} ") == fmt
    assert parse_block(fmt.spelled) == fmt


@pytest.mark.parametrize(
    "text",
    [
        "mxfp4.rceil",
        "mx9.ceil",
        "e2m1fn:16:e8m0fnu",
        "e2m1fn:16:e4m3fnu",
        "e3m2fn:64/8s2:e8m0fnu:rne",
        "int4sym:64:uint6:amax:channel",
        "int8q6:all:pow2e6b40",
        "int8qm3:8:e5m3fnu:amax:tensor",
        "nf4:64:e4m3fnu:amax:tensor",
    ],
)
def test_own_formats_go_there_and_back(text):
    assert str(parse_block(text)) == text


def test_bits_an_element_are_those_of_the_sources():
    # arXiv 2302.08007: MX9, MX6 and MX4 are named by them; OCP MX 1.0: 8 bits of scale for 32 elements.
    assert {name: parse_block(name).bits_per_element for name in ("mx9", "mx6", "mx4")} == {"mx9": 9, "mx6": 6, "mx4": 4}
    assert parse_block("mxfp4").bits_per_element == Fraction(17, 4)
    # Sign, m bits and the 8 of the shared exponent: what the name of an MSFP counts.
    for bits in range(12, 17):
        fmt = parse_block(f"msfp{bits}")
        assert fmt.element.width + fmt.scale.width == bits


def test_largest_elements_are_those_of_the_standard():
    # OCP MX 1.0.
    expected = {"mxfp8e4m3": (8, 448), "mxfp8e5m2": (15, 57344), "mxfp6e2m3": (2, 7.5), "mxfp6e3m2": (4, 28), "mxfp4": (2, 6)}
    expected["mxint8"] = (0, Fraction(127, 64))
    for name, (emax, largest) in expected.items():
        assert (parse_block(name).emax, parse_block(name).max_element) == (emax, largest)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mxfp9", "unknown block format 'mxfp9': allowed are mxfp8e4m3, "),
        ("mxpf4", "did you mean mxfp4"),
        ("mxfp4.flor", "scale rule 'flor' is not one of floor, ceil, rne, rceil, amax; did you mean floor?"),
        ("nvfp4.floor", "the rule floor gives powers of two, and e4m3fnu holds other scales; use amax"),
        ("e2m1fn:0:e8m0fnu", "the size 0 is not in 1..65536, nor the word all"),
        ("e2m1fn:16/3:e8m0fnu", "sub-blocks of 3 do not divide a block of 16"),
        ("e2m1fn:16/0:e8m0fnu", "sub-blocks of 0 "),
        ("e2m1fn:16/2:e4m3fnu", "sub-blocks shift a scale that is a power of two, and e4m3fnu is not"),
        ("e2m1fn:16/2s5:e8m0fnu", "5 bits of shift is not in 1..4"),
        ("e2m1fn:16:e4m3fn", "the scale e4m3fn is not an unsigned format of at most 12 bits"),
        ("e2m1fn:16:int8", "the scale int8 is not an unsigned format"),
        ("e2m1fn:16:uint16", "the scale uint16 is not an unsigned format of at most 12 bits"),
        ("e2m1fn:16:nf4", "the scale nf4 is neither a float nor an integer format"),
        ("fp32:16:e8m0fnu", "fp32 cannot be an element; allowed are integers, floats, posits and codebooks of at most 16 bits"),
        ("lns8:16:e8m0fnu", "lns8 cannot be an element"),
        ("e8m0fnu:16:e8m0fnu", "e8m0fnu has no zero and cannot be an element"),
        ("posit8:16:e8m0fnu:rne", "the rule rne rounds to the element's precision, and posit8 has no one precision"),
        ("e2m1fn:16:e8m0fnu:floor:tensor", "an outer scale goes with the rule amax, not with floor"),
        ("e2m1fnsym:16:e8m0fnu", "sym is for two's complement elements, and e2m1fn is none"),
        ("int8q99:16:e8m0fnu", "the binary point 99 is not in -64..64"),
        ("e2m1fn:16:pow2e11b100", "are beyond the 2^-900 to 2^900 that blocks may have"),
        ("e2m1fn:16", "unknown block format 'e2m1fn:16'"),
    ],
)
def test_bad_names_are_told_in_a_sentence(text, sentence):
    with pytest.raises(SpecError) as caught:
        parse_block(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
