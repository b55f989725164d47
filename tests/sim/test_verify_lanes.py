"""Units of several lanes, of tensor-core arithmetic and of blocks equal the golden model, and `verify` catches those that do not."""

import re

import pytest
from handwritten_blocks import BLOCKS, BLOCKS_MUTATIONS, BLOCKS_VERILOG, LANES, LANES_MUTATIONS, LANES_VERILOG, mutated

from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import verify, verify_many

QUICK = 20_000

UNITS = [
    "e3m2fn-e2m3fn-fp16-x3",
    "e3m2-e2m3fn-tc4f7:e5m6.rtz-p1",
    "e3m2-e2m3fn-tc4f7:e5m6.phases0110",
    # Floats that share floats, integers in sub-blocks that share powers of two.
    "e2m1fn:8:e4m3fnu-sm4q2:8/2:e8m0fnu-fp16-x4",
    "int6:all:pow2e3b4-uint5:all:uint3-fx40f16.sat-x2",
]


@pytest.mark.slow
def test_emitted_units_equal_the_golden_model():
    for report in verify_many([(MacSpec.parse(unit), None) for unit in UNITS], vectors=QUICK):
        assert report.ok, str(report)
        assert report.unreached == [], report.spec


def test_right_units_pass_and_everything_is_met():
    right = [(MacSpec.parse(LANES), LANES_VERILOG), (MacSpec.parse(BLOCKS), BLOCKS_VERILOG)]
    for report in verify_many(right, vectors=QUICK):
        assert report.ok, str(report)
        assert report.unreached == []
        assert report.coverage.pairs_met == report.coverage.pairs == 256
        assert report.coverage.events["overflow"] > 8


@pytest.fixture(scope="module")
def caught():
    """The mismatch of a unit of three lanes that judges overflow lane by lane."""
    verilog = mutated(LANES_VERILOG, LANES_MUTATIONS["overflow judged lane by lane"])
    report = verify(MacSpec.parse(LANES), verilog=verilog, vectors=QUICK)
    assert not report.ok
    return report.mismatches[0]


@pytest.mark.slow
def test_a_mismatch_tells_the_lanes_whose_product_is_not_zero(caught):
    text = str(caught)
    pairs = re.findall(r"lane [012] +0x[0-9a-f] \(int4 (-?\d)\) x 0x[0-9a-f] \(int4 (-?\d)\)\n", text)
    before = 0 if caught.controls["clear"] else int(re.search(r"acc was +0x[0-9a-f]{3} \((-?\d+)\)", text)[1])
    after = int(re.search(r"acc +expected 0x[0-9a-f]{3} \((-?\d+)\)", text)[1])
    assert all(int(a) * int(b) for a, b in pairs)
    assert before + sum(int(a) * int(b) for a, b in pairs) == after
    assert caught.expected["overflow"] == "0"


@pytest.mark.slow
def test_broken_lanes_and_blocks_are_caught():
    broken = {}
    for unit, verilog, mutations in ((LANES, LANES_VERILOG, LANES_MUTATIONS), (BLOCKS, BLOCKS_VERILOG, BLOCKS_MUTATIONS)):
        broken |= {f"{unit}: {name}": (MacSpec.parse(unit), mutated(verilog, each)) for name, each in mutations.items()}
    # The same lanes in other phases: operands that sum to something else must come up.
    right, wrong = (MacSpec.parse(f"e3m2-e2m3fn-tc4f7:e5m6.phases{order}") for order in ("0110", "0011"))
    broken["another order of products"] = (right, emit(wrong).verilog.replace(wrong.module_name, right.module_name))
    reports = verify_many(broken.values(), vectors=QUICK)
    assert [name for name, report in zip(broken, reports, strict=True) if report.ok] == []
