"""Spaces are counted and walked as their product and filters say."""

import operator

import numpy as np
import pytest

from hwmodel.spec import FixedAcc, FloatFormat, IntFormat
from hwmodel.sweep import SweepError, parse_plan

WIDE = {
    "a": ["int{2..6}", "e{2..4}m{1..3}fn"],
    "b": ["int{2..6}", "e{2..4}m{1..3}fn"],
    "acc": ["fx", "fx{20..21}", "e{4..5}m{3..10}"],
    "lanes": "{1..8*2}",
}


def rows_of(filters, **more):
    (space,) = parse_plan({"space": WIDE | more | {"filter": filters}}).spaces
    return space, [row for batch in space.batches(97) for row in batch.rows()]


OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def field(spec, name):
    """Return a field of a unit as the formats themselves tell it; None where there is none."""
    part, _, attribute = name.partition(".")
    if not attribute:
        return getattr(spec, part)
    value = getattr(spec, part)
    if attribute == "name":
        return str(value)
    if attribute == "kind":
        return "float" if not isinstance(value, IntFormat | FixedAcc) else "int" if isinstance(value, IntFormat) else "fixed"
    if part == "acc" and not isinstance(value, FixedAcc):
        value = value.format
    return getattr(value, attribute, None)


FILTERS = [
    [["a.width", "<=", 5]],
    [["a.width", "==", "b.width"]],
    [["a.width", ">=", "b.width"], ["b.kind", "==", "float"], ["lanes", "<", 8]],
    [["a.exponent_bits", ">", 2]],
    [["a.exponent_bits", "!=", 2]],
    [["a.exponent_bits", "!=", "b.exponent_bits"]],
    [["a.kind", "==", "b.kind"]],
    [["acc.width", ">=", "a.width"]],
    [["acc.kind", "==", "fixed"], ["acc.width", "<", 21]],
    [["a.name", "<", "b.name"], ["lanes", "<", "a.width"]],
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_rows_are_those_that_pass_the_filters(filters):
    every = rows_of([])[1]

    def passes(spec, name, op, value):
        left, right = (
            field(spec, name),
            field(spec, value) if isinstance(value, str) and value[:2] in ("a.", "b.") else value,
        )
        return left is not None and right is not None and OPERATORS[op](left, right)

    expected = [row.name for row in every if all(passes(row.spec, *each) for each in filters)]
    space, found = rows_of(filters)
    assert 0 < len(expected) < len(every)
    assert [row.name for row in found] == expected
    assert space.count == len(expected)


def test_in_and_not_in():
    space, found = rows_of([["a.width", "in", [4, 6]], ["b.kind", "not in", ["float"]], ["lanes", "in", [1]]])
    assert {row.spec.a.width for row in found} == {4, 6}
    assert all(isinstance(row.spec.b, IntFormat) for row in found)
    assert space.count == len(found) > 0


def test_every_minifloat_of_4_to_16_bits():
    formats = {"a": "e{1..11}m{0..14}", "acc": "fp32", "filter": [["a.width", ">=", 4], ["a.width", "<=", 16]]}
    plan = parse_plan({"space": formats})
    expected = {(e, m) for e in range(1, 12) for m in range(1, 15) if 4 <= 1 + e + m <= 16} | {(8, 0)}  # e8m0 is OCP's scale
    found = [row.spec.a for batch in plan.batches(1000) for row in batch.rows()]
    assert {(fmt.exponent_bits, fmt.fraction_bits) for fmt in found if isinstance(fmt, FloatFormat)} == expected
    assert plan.count == len(found) == len(expected)


def test_a_space_is_counted_without_being_walked():
    plan = parse_plan({"space": {"a": "int{2..32}", "b": "int{2..32}", "acc": "fx{1..100}f{0..50}", "lanes": "{1..64}"}})
    assert plan.count == 31 * 31 * 100 * 51 * 64


def test_a_filter_over_two_axes_of_a_large_space_is_counted_by_these_axes():
    space = {
        "a": "int{2..32}",
        "b": "int{2..32}",
        "acc": "fx{1..100}f{0..50}",
        "lanes": "{1..64}",
        "filter": [["a.width", "<", "b.width"]],
    }
    assert parse_plan({"space": space}).count == 31 * 30 // 2 * 100 * 51 * 64


@pytest.mark.parametrize("filters", [[["acc.width", ">", 3]], [["acc.width", ">", "a.width"]], [["a.width", ">", 99], ["b.width", ">", 0]]])
def test_no_row_passes(filters):
    space, found = rows_of(filters, acc="h100")
    assert space.count == len(found) == 0


@pytest.mark.parametrize("op", OPERATORS)
def test_a_text_that_no_row_has(op):
    space, found = rows_of([["acc.rounding", op, "rne"]], a="posit8", b="posit8", acc="quire")
    assert space.count == len(found) == 0


def test_text_and_numbers_have_no_order():
    with pytest.raises(SweepError, match=r"\[space\]: the filter \['a.name', '<', 3.0\] compares text and numbers, which have no order"):
        rows_of([["a.name", "<", 3]])


@pytest.mark.parametrize("condition", [["lanes", ">=", 8], ["lanes", "==", 2], ["lanes", "<", "a.width"]])
def test_lanes_are_those_that_a_tensor_core_says(condition):
    space = {"a": ["fp16", "e4m3fn"], "acc": ["h100", "tc8f24:fp32", "fp32"], "lanes": [1, 2, 16]}
    every = [row for batch in parse_plan({"space": space}).batches(100) for row in batch.rows()]
    _, op, value = condition

    def lanes(row):
        return row.spec.lanes if row.spec is not None else int(row.name.rpartition("-x")[2])

    def width(row):
        return 16 if row.name.startswith("fp16") else 8

    expected = [row.name for row in every if OPERATORS[op](lanes(row), value if isinstance(value, int) else width(row))]
    plan = parse_plan({"space": space | {"filter": [condition]}})
    assert plan.count == len(expected) > 0
    assert [row.name for batch in plan.batches(5) for row in batch.rows()] == expected


def test_names_are_those_of_the_units():
    space = {
        "a": ["fp8e4m3", "e2m1fn", "bfloat16"],
        "b": ["bf16", "E5M2"],
        "acc": ["fx32f-3", "float32.rtz", "tc8f13:fp32.rtz", "tc4f13:fp16", "h100"],
    }
    plan = parse_plan({"space": space | {"lanes": [1, 8], "pipeline": [0, 2]}})
    rows = [row for batch in plan.batches(100) for row in batch.rows()]
    there = [row for row in rows if row.spec is not None]
    assert [row.name for row in there] == [str(row.spec) for row in there]
    assert 0 < len(there) < len(rows) == 3 * 2 * 5 * 2 * 2


def test_batches_cover_the_space_once():
    (space,) = parse_plan({"space": WIDE}).spaces
    names = [row.name for batch in space.batches(13) for row in batch.rows()]
    assert names == [row.name for batch in space.batches(10**6) for row in batch.rows()]
    assert len(set(names)) == len(names) == space.count
    assert all(len(batch) == 13 for batch in list(space.batches(13))[:-1])
    assert np.concatenate([batch.at[0] for batch in space.batches(13)]).dtype == np.int32
