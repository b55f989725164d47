"""Texts with holes."""

import pytest

from hwmodel.sweep import SweepError
from hwmodel.sweep.templates import expand


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("int8", ["int8"]),
        ("int{4..6}", ["int4", "int5", "int6"]),
        ("x{4..64*2}", ["x4", "x8", "x16", "x32", "x64"]),
        ("x{3..20*2}", ["x3", "x6", "x12"]),
        ("int{4..16+4}", ["int4", "int8", "int12", "int16"]),
        ("e4m3{fn,fnuz,}", ["e4m3fn", "e4m3fnuz", "e4m3"]),
        ("e{4..5}m{2..3}", ["e4m2", "e4m3", "e5m2", "e5m3"]),
        ("e4m3b{-1..1}", ["e4m3b-1", "e4m3b0", "e4m3b1"]),
        ("{int,uint}{4..5}", ["int4", "int5", "uint4", "uint5"]),
        ("{ 4 .. 6 }", ["4", "5", "6"]),
    ],
)
def test_a_template_stands_for(text, expanded):
    assert expand(text) == expanded


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("int{4..8", "template 'int{4..8': a brace is left open"),
        ("int4}", "a brace is left open"),
        ("int{}", "{} is neither a range, as in {4..8}, nor a list, as in {fn,fnuz}"),
        ("int{8}", "{8} is neither a range"),
        ("int{8..4}", "the range {8..4} is empty; write the smaller end first, {4..8}"),
        ("int{4..8+0}", "{4..8+0} never ends; its step is at least 1"),
        ("int{0..8*2}", "{0..8*2} never ends; a range by a factor starts at 1 or more, its factor at 2"),
        ("int{4..8*1}", "{4..8*1} never ends"),
        ("int{1..99999999999}", "has more than 1,048,576 numbers"),
        ("{1..2000}{1..2000}", "stands for 4,000,000 texts, and at most 1,048,576 are taken"),
    ],
)
def test_what_is_no_template_is_told(text, sentence):
    with pytest.raises(SweepError) as caught:
        expand(text)
    assert sentence in str(caught.value)
