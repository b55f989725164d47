"""Sweep files: what they say, and what is told of those that say something else."""

import tomllib

import pytest

from hwmodel.flow import TechError
from hwmodel.spec import SpecError
from hwmodel.sweep import SweepError, parse_plan, read_plan
from hwmodel.sweep.plan import ErrorOptions, SynthOptions


def plan(text: str):
    return parse_plan(tomllib.loads(text), "s.toml")


def names(text: str) -> list[str]:
    return [row.name for batch in plan(text).batches(5) for row in batch.rows()]


def test_a_space_is_a_product_in_order():
    assert names('space = { a = ["int{4..5}", "e2m1fn"], acc = ["fx", "fp16"], lanes = [1, 4] }') == [
        f"{a}-{a}-{acc}{lanes}" for a in ("int4", "int5", "e2m1fn") for acc in ("fx", "fp16") for lanes in ("", "-x4")
    ]


def test_operands_can_be_chosen_apart():
    assert names('space = { a = "int{4..5}", b = "int{4..5}", acc = "fx" }') == [
        "int4-int4-fx", "int4-int5-fx", "int5-int4-fx", "int5-int5-fx",
    ]  # fmt: skip


def test_units_can_be_named_whole():
    found = names('space = { unit = ["mxfp8e4m3-mxfp8e4m3-fp32-x{4..8*2}", "fp16-fp16-h100"], card = "sky130hd" }')
    assert found == ["mxfp8e4m3-mxfp8e4m3-fp32-x4", "mxfp8e4m3-mxfp8e4m3-fp32-x8", "fp16-fp16-tc16f25:fp32.rtz"]


def test_sums_are_built_as_estimates_of_the_objective_have_them():
    def adders(text: str) -> list[tuple[str, str]]:
        whole = 'space = { a = "int4", acc = "fx", objective = ["area", "balanced", "delay", "yosys"]' + text + " }"
        return [(row.objective, row.adder) for batch in plan(whole).batches(3) for row in batch.rows()]

    assert adders("") == [("area", "ripple"), ("balanced", "brent_kung"), ("delay", "sklansky"), ("yosys", "brent_kung")]
    assert adders(', filter = [["adder", "!=", "brent_kung"]]') == [("area", "ripple"), ("delay", "sklansky")]
    assert adders(', adder = "sparse"') == [(objective, "sparse") for objective in ("area", "balanced", "delay", "yosys")]
    assert len(adders(', adder = ["ripple", "sparse"]')) == 8


def test_spaces_follow_each_other():
    text = '[[space]]\na = "int8"\nacc = "fx32"\n[[space]]\na = "fp16"\nacc = ["fp32", "h100"]'
    assert names(text) == ["int8-int8-fx32", "fp16-fp16-fp32", "fp16-fp16-tc16f25:fp32.rtz"]


def test_a_name_that_is_there_twice_is_one():
    assert names('space = { a = ["int8", "int{7..8}", "i8"], acc = ["fp32", "float32"] }') == ["int8-int8-fp32", "int7-int7-fp32"]


def test_what_a_template_names_in_vain_is_a_row_with_its_reason():
    (row, other) = [row for batch in plan('space = { a = "e1m{0..1}none", acc = "fp16" }').batches(9) for row in batch.rows()]
    assert row.spec is None
    assert "e1m0none" in row.name
    assert "give it a fraction bit" in row.reason
    assert other.spec is not None


def test_parts_that_make_no_unit_are_rows_with_their_reason():
    (row,) = [row for batch in plan('space = { a = "mxfp4", acc = "fp32", lanes = 5 }').batches(9) for row in batch.rows()]
    assert row.spec is None
    assert row.name == "mxfp4-mxfp4-fp32-x5"
    assert "do not divide a block of 32; x4 does" in row.reason


def test_what_to_compute():
    assert plan('space = { a = "int8", acc = "fx" }').compute.views == ("estimate",)
    compute = plan('space = { a = "int8", acc = "fx" }\n[compute]\nenergy = true\nestimate = false\nerror = { length = 64 }').compute
    assert compute.views == ("synth", "energy", "error")
    assert compute.synth == SynthOptions()
    assert compute.error == ErrorOptions(length=64)


SPACE = '[space]\na = "int8"\nacc = "fx"\n'
BAD = [
    ("[spaces]\n", "s.toml: there is no key 'spaces'; allowed are space, compute; did you mean space?"),
    ("[compute]\nestimate = true", "s.toml: a table [space] says which units there are"),
    ("space = 3", "s.toml: a table [space] says which units there are"),
    (SPACE + "lane = 3", "s.toml, [space]: there is no key 'lane'; allowed are unit, a, b, acc, lanes, pipeline, card, objective, adder, "),
    (SPACE + "lane = 3", "; did you mean lanes?"),
    ('[space]\na = "int8"', "s.toml, [space]: acc is missing; a space names a and acc, or whole units by unit"),
    ('[space]\nunit = "int8-int8-fx"\nacc = "fx"', "unit names whole units, so acc says it twice"),
    ('[space]\na = "int8"\nacc = []', "acc is a text or a list of texts, and not []"),
    ('[space]\na = 8\nacc = "fx"', "a is a text or a list of texts, and not 8"),
    ('[space]\na = "e4m3fm"\nacc = "fx"', "unknown format 'e4m3fm'"),
    ('[space]\na = "e4m3fm"\nacc = "fx"', "did you mean e4m3fn"),
    ('[space]\na = "e4q{3..4}"\nacc = "fx"', "nothing that 'e4q{3..4}' stands for exists: unknown format 'e4q3'"),
    ('[space]\na = "int{8..4}"\nacc = "fx"', "the range {8..4} is empty"),
    (SPACE + "lanes = 99999999999", "lanes 99999999999 has more than 9 digits"),
    (SPACE + 'filter = [["a.kind", "==", "itn"]]', "asks for 'itn', and a.kind is one of int, uint, sm, float, posit, log"),
    (SPACE + "lanes = [1.5]", "lanes is whole numbers from 0 on or templates of them, as in [1, 4] or \"{1..64*2}\", and not 1.5"),
    (SPACE + "lanes = true", "and not True"),
    (SPACE + "lanes = []", "lanes is an empty list"),
    (SPACE + 'card = "sky131"', "there is no tech card 'sky131'; bundled cards: "),
    (SPACE + 'objective = "small"', "objective 'small' is not one of area, balanced, sized, delay, yosys"),
    (SPACE + 'paths = "near"', "paths 'near' is not one of single, near_far"),
    (SPACE + 'adder = "riple"', "adder 'riple' is not one of ripple, brent_kung, sparse, sklansky, kogge_stone; did you mean ripple?"),
    (SPACE + "filter = 3", 'filter is a list of comparisons, as in [["a.width", "<=", 8]]'),
    (SPACE + 'filter = [["a.width", 8]]', "the filter ['a.width', 8] is not of the form [field, op, value]"),
    (SPACE + 'filter = [["a.widht", "<", 8]]', "asks for 'a.widht', which is no field; did you mean a.width"),
    (SPACE + 'filter = [["a.width", "=", 8]]', "compares by '=', which is not one of ==, !=, <, <=, >, >=, in, not in"),
    (SPACE + 'filter = [["a.width", "in", 8]]', "takes a list of numbers or texts after 'in'"),
    (SPACE + 'filter = [["a.width", "<", [8]]]', "takes one number or text after '<'"),
    (SPACE + 'filter = [["a.width", "in", ["int8"]]]', "compares text and numbers, which are never the same; a.width is a number"),
    (SPACE + 'filter = [["a.width", "not in", [8, "int8"]]]', "compares text and numbers, which are never the same; a.width is a number"),
    (SPACE + 'filter = [["a.width", "!=", "int8"]]', "compares text and numbers, which are never the same; a.width is a number"),
    (SPACE + 'filter = [["a.width", "<", "8"]]', "compares text and numbers, which have no order between them; a.width is a number"),
    (SPACE + 'filter = [["a.width", "==", true]]', "asks for True, and a.width is a number"),
    (SPACE + 'filter = [["lanes", "in", [1, false]]]', "asks for False, and lanes is a number"),
    (SPACE + 'filter = [["a.signed", "==", "true"]]', "compares text and numbers, which are never the same; a.signed is true or false"),
    (SPACE + 'filter = [["a.has_nan", "==", 2]]', "asks for 2, and a.has_nan is true or false"),
    (SPACE + 'filter = [["a.name", "in", ["int8", 8]]]', "compares text and numbers, which are never the same; a.name is a text"),
    (SPACE + 'filter = [["a.name", "==", true]]', "compares text and numbers, which are never the same; a.name is a text"),
    (SPACE + 'filter = [["a.name", "==", "a.width"]]', "compares text and numbers, which are never the same; a.name is a text"),
    (SPACE + 'filter = [["a.width", "<", "acc.name"]]', "compares text and numbers, which have no order between them; a.width is a number"),
    (SPACE + 'filter = [["card", "==", 1]]', "compares text and numbers, which are never the same; card is a text"),
    (SPACE + 'filter = [["acc.rounding", "==", "nearest"]]', "asks for 'nearest', and acc.rounding is one of floor, rne, rna, rtz, sr<k>"),
    (SPACE + 'filter = [["acc.rounding", "in", ["rne", "sr"]]]', "asks for 'sr', and acc.rounding is one of floor, rne, rna, rtz, sr<k>"),
    (SPACE + 'filter = [["objective", "in", ["area", "dealy"]]]', "asks for 'dealy', and objective is one of area, balanced"),
    (SPACE + 'filter = [["adder", "==", "rippel"]]', "asks for 'rippel', and adder is one of "),
    (SPACE + "[compute]\nestimte = true", "[compute]: there is no key 'estimte'; allowed are estimate, synth, energy, error; did you mean"),
    (SPACE + "[compute]\nestimate = false", "nothing is to be computed; say one of estimate = true, "),
    (SPACE + "[compute]\nestimate = 3", "estimate is true, false or a table of options, and not 3"),
    (SPACE + "[compute]\nestimate = { a = 1 }", "s.toml, [compute.estimate]: there is no key 'a'; allowed are timed"),
    (SPACE + "[compute]\nestimate = { timed = 1 }", "s.toml, [compute.estimate]: timed is true or false, and not 1"),
    (SPACE + "[compute]\nerror = { lenght = 1 }", "s.toml, [compute.error]: there is no key 'lenght'; allowed are data, length, "),
    (SPACE + "[compute]\nerror = { length = -1 }", "length is a whole number from 0 on, and not -1"),
    (SPACE + "[compute]\nerror = { length = true }", "length is a whole number from 0 on, and not True"),
    (SPACE + '[compute]\nerror = { data = "gausian" }', "unknown distribution 'gausian'"),
    (SPACE + '[compute]\nerror = { scale = "tensr" }', "unknown scale 'tensr'"),
    (SPACE + '[compute]\nerror = { scale = "group:32" }', "scale group:32: a scale that changes within a dot product cannot be"),
    (SPACE + '[compute]\nerror = { scale = "block" }', "scale block:32: a scale that changes within a dot product cannot be"),
    (SPACE + '[compute]\nerror = { clip = "max" }', "the clip 'max' of error is not one of amax, mse"),
    (SPACE + "[compute]\nerror = { length = 0 }", "dot products of length 0"),
    (SPACE + "[compute]\nerror = { seeds = 0 }", "error takes at least one of seeds"),
    (SPACE + "[compute]\nenergy = { streams = 1 }", "energy takes at least 2 streams, for its interval"),
    (SPACE + "[compute]\nsynth = { clock_ps = 900 }", "clock_ps chooses among architectures; write synth = { explore = true,"),
    (SPACE + "[compute]\nsynth = { explore = true, clock_ps = 0 }", "clock_ps is a number above 0, and not 0"),
    (SPACE + 'adder = "ripple"\n[compute]\nsynth = { explore = true }', "explore chooses adder, multiplier and paths; leave out adder"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_what_cannot_be_done_is_told(text, sentence):
    with pytest.raises((SweepError, SpecError, TechError)) as caught:
        plan(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


GOOD = [
    ["a.signed", "==", True],
    ["a.signed", "==", 1],
    ["a.has_nan", "in", [False]],
    ["a.width", "in", [7.0, 8]],
    ["a.width", "<=", "acc.width"],
    ["a.name", "not in", ["int4"]],
    ["a.name", ">", "acc.name"],
    ["a.kind", "==", "b.kind"],
    ["acc.rounding", "in", ["floor", "sr13"]],
    ["adder", "!=", "ripple"],
    ["card", "!=", "mine.card.json.gz"],
]


@pytest.mark.parametrize("condition", GOOD, ids=str)
def test_what_a_field_can_be_is_compared(condition):
    space = {"a": "int8", "acc": ["fx", "fx32"], "filter": [["a.width", "==", 8], condition]}
    assert 1 <= parse_plan({"space": space}).count <= 2


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SweepError, match=r"the sweep file .*none\.toml cannot be read: No such file or directory"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SweepError, match=r"a\.toml is not text in UTF-8"):
        read_plan(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text("[space")
    with pytest.raises(SweepError, match=r"b\.toml is not TOML: Expected ']'"):
        read_plan(tmp_path / "b.toml")
