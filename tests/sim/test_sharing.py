"""Circuits that share a model are judged as if each were alone."""

import re

import pytest
from handwritten_unit import SPEC, VERILOG, mutated

from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import SimulationError, sharing, verify, verify_many
from hwmodel_sim.simulators import choose
from hwmodel_sim.trial import Trial

UNIT = MacSpec.parse(SPEC)
OTHER = MacSpec.parse("int4-e2m1fn-fp16")
VECTORS = 5000


@pytest.fixture(scope="module")
def trial():
    return Trial.prepare(UNIT, VERILOG, choose(), 1, VECTORS)


def alike(trial: Trial, verilog: str, vectors: int = VECTORS) -> Trial:
    """Return the trial of another circuit, without a run of the golden model."""
    return Trial(trial.spec, verilog, vectors, trial.harness, trial.tape, trial.coverage, trial.missed, 0.0)


def sizes(trials) -> list[int]:
    return [len(group) for group in sharing.groups(trials)]


def test_one_that_differs_hides_no_other_and_is_told_as_by_itself():
    broken = [mutated("operand wire cut"), mutated("flag not sticky")]
    circuits = [(UNIT, VERILOG), (UNIT, broken[0]), (OTHER, None), (UNIT, broken[1]), (UNIT, VERILOG)]
    reports = list(verify_many(circuits, vectors=VECTORS, seed=5))
    assert [report.ok for report in reports] == [True, False, True, False, True]
    assert [report.spec for report in reports] == [spec for spec, _ in circuits]
    assert len({report.build_seconds for report in reports}) == 1
    alone = verify(UNIT, verilog=broken[1], vectors=VECTORS, seed=5)
    assert alone.mismatches == reports[3].mismatches != reports[1].mismatches


def test_a_model_is_filled_with_text_and_steps_and_no_more(trial):
    small = [alike(trial, VERILOG)] * 5
    assert sizes(small) == [5]
    assert sizes([alike(trial, VERILOG, 1 << 20)] * 3) == [1, 1, 1]
    assert sizes([*small, alike(trial, VERILOG + " " * (1 << 20)), *small]) == [6, 5]


def test_what_has_directives_is_alone_unless_they_are_remarks(trial):
    directive = alike(trial, "`define W 8\n" + VERILOG)
    remark = alike(trial, "// the `latency`\n/* `W\n */" + VERILOG)
    assert sizes([remark, remark, directive, remark]) == [2, 1, 1]


def test_circuits_are_taken_when_they_are_needed(trial):
    taken = []

    def circuits():
        for number in range(3):
            taken.append(number)
            yield alike(trial, VERILOG, 1 << 20)

    next(sharing.groups(circuits()))
    assert taken == [0]


def test_modules_of_one_name_are_told_apart(trial):
    unit = emit(OTHER)
    other = Trial.prepare(OTHER, unit.verilog, choose(), 1, 500)
    devices = sharing.devices([other, alike(trial, VERILOG), other])
    modules = [re.findall(r"^module (\w+)", device.verilog, re.MULTILINE) for device in devices]
    assert len(modules[0]) > 5
    assert len({*modules[0], *modules[1], *modules[2]}) == sum(map(len, modules))
    assert [device.name for device in devices] == [unit.name, UNIT.module_name, f"{unit.name}__2"]
    assert [device.verilog for device in devices[:2]] == [unit.verilog, VERILOG]
    assert devices[2].verilog.replace("__2", "") == unit.verilog.replace("__2", "")


def test_a_second_module_of_a_name_is_an_error(monkeypatch):
    # Verilator would warn and leave the second out: a broken circuit would pass as the one before it.
    monkeypatch.setattr(sharing, "_renamed", lambda verilog, new: verilog)
    with pytest.raises(SimulationError, match=r"could not build the model: .*int8_int8_fx20f0_p1"):
        list(verify_many([(UNIT, VERILOG), (UNIT, mutated("operand wire cut"))], vectors=500))


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("module a(input b);", "module a__1(input b);"),
        ("  a first (.a(a_1), .b(x.a));", "  a__1 first (.a(a_1), .b(x.a));"),
        ("module \\a (input b);", "module \\a__1 (input b);"),
        ("wire ab, _a, a$ ;", "wire ab, _a, a$ ;"),
    ],
)
def test_only_whole_identifiers_are_renamed(text, renamed):
    assert sharing._renamed(text, {"a": "a__1"}) == renamed
