"""Both ends of every accumulator are reached, or said not to be; what is broken only there is caught."""

import shutil

import numpy as np
import pytest

from hwmodel.golden import Mac
from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import SimulationError, expected, verify, verify_many
from hwmodel_sim.journeys import Hold
from hwmodel_sim.obligations import in_words, obligations
from hwmodel_sim.pairs import largest_products
from hwmodel_sim.planning import Reach, plan
from hwmodel_sim.reached import unreached
from hwmodel_sim.registers import Register, far_states
from hwmodel_sim.trial import LONGEST_HOLD, MAX_VECTORS

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed")

FX32 = MacSpec.parse("int8-int8-fx32")


def changed(spec: MacSpec, old: str, new: str, *, foreign: bool = False) -> str:
    """Return the emitted unit with one text replaced; foreign: with a register of another name, which nothing can write."""
    verilog = emit(spec).verilog
    assert verilog.count(old) == 1, f"{old!r} is there {verilog.count(old)} times"
    verilog = verilog.replace(old, new)
    return strange(verilog) if foreign else verilog


def strange(verilog: str) -> str:
    assert "register" in verilog
    return verilog.replace("register", "keep")


def owed(unit: str) -> list[tuple[str, int]]:
    return [(each.what, each.steps) for each in obligations(MacSpec.parse(unit))]


def test_what_is_owed_follows_from_the_formats():
    # (-128)² = 2^14 up and 128 · 127 down, to 2^31 - 1 and -2^31.
    assert owed("int8-int8-fx32") == [("upper end of the register", 1 << 17), ("lower end of the register", (1 << 31) // (128 * 127) + 1)]
    assert owed("uint8-uint8-fx24f0") == [("upper end of the register", ((1 << 23) - 1) // 255**2 + 1)]
    # 448² = 200704 is more than fp16 holds.
    assert all(steps <= 2 for _, steps in owed("e4m3fn-e4m3fn-fp16"))
    # fp32 grows until half a unit in the last place is more than 448²: to 2^42, in 2^24 to 2^25 steps.
    assert all(1 << 24 < steps <= 1 << 25 for _, steps in owed("e4m3fn-e4m3fn-fp32"))
    # A quire has room for 2^31 of the largest products.
    assert {steps for _, steps in owed("posit8-posit8-quire")} == {1 << 31}


def test_levels_of_chunks_owe_their_own():
    # 1024 products of 27 bits never overflow the inner register: it has room for 4095.
    assert [what for what, _ in owed("int8-int8-chunk1024:fx:fx48")] == [
        "two whole chunks",
        "upper end of the outer register",
        "lower end of the outer register",
    ]
    assert owed("int8-int8-chunk1024:fx:fx48")[1][1] == ((1 << 47) - 1) // (1 << 24) * 1024 + 1024
    assert owed("int8-int8-chunk1024:fx24f0:fx48")[0] == ("upper end of the inner register", 512)


def test_what_is_missed_is_said_in_one_phrase():
    spec = MacSpec.parse("int8-int8-chunk1024:fx:fx48")
    assert in_words(obligations(spec)) == "two whole chunks (2,048 steps), both ends of the outer register (2^33 steps)"
    assert in_words(obligations(MacSpec.parse("uint8-uint8-fx24f0"))) == "upper end of the register (130 steps)"


UNITS = [
    "int4-int4-fx32.sat",
    "int8-int8-fx40f8",
    "fp16-fp16-fx128",
    "e4m3fn-e4m3fn-fp32",
    "e5m2-e5m2-bf16.ftz",
    "fp32-fp32-fp32.rtz",
    "e4m3-e4m3-e8m15.rtz",
    "lns8-lns8-fp32",
    "posit8-posit8-quire",
    "posit8-posit8-posit32",
    "int8-int8-chunk1024:fx:fx48",
    "int8-int8-chunk32:fx:fp32-p2",
    "e5m2-e5m2-chunk64:e6m9:fp32-p1",
    "e2m1fn+e4m3fn-int8-fx40",
    # No product is as small as the accumulator's largest number.
    "int8-int8-chunk4:fx16fm8:e4m3fn.rtz",
    "int8-int8-chunk1:fp16:e3m2b64",
]


def played(spec: MacSpec, reach: Reach) -> list[expected.Played]:
    rng = np.random.default_rng(0)
    return [expected.play(spec, part, rng) for part in plan(spec, 3, 5000, 2, reach)]


@pytest.mark.parametrize("unit", UNITS)
def test_where_registers_can_be_written_every_end_is_reached(unit):
    spec = MacSpec.parse(unit)
    assert Register.find(spec, emit(spec).verilog) is not None
    assert unreached(spec, played(spec, Reach(writes=True))) == []


def test_without_writing_far_ends_are_named():
    spec = MacSpec.parse("int8-int8-chunk1024:fx:fx48")
    assert unreached(spec, played(spec, Reach())) == list(obligations(spec)[1:])
    assert unreached(spec, played(spec, Reach(driven=0))) == list(obligations(spec)[1:]), "short ways are always driven"


def test_a_register_of_another_width_or_name_is_none_of_ours():
    verilog = emit(FX32).verilog
    assert Register.find(FX32, verilog).path == "normacc.register"
    assert Register.find(FX32, strange(verilog)) is None
    assert Register.find(FX32, verilog.replace("reg [31:0] register;", "reg [32:0] register;")) is None
    assert Register.find(MacSpec.parse("int8-int8-fx32-p1"), verilog) is None
    shell = verilog.replace("module int8_int8_fx32(", "module inside(") + "module int8_int8_fx32(input clk); endmodule\n"
    assert Register.find(FX32, shell) is None, "it is there, at another place"


@pytest.mark.parametrize("unit", ["e4m3fn-e4m3fn-fp32", "e5m2-e5m2-bf16.ftz", "int8-int8-fp32", "posit8-posit8-posit16"])
def test_written_states_are_what_the_golden_model_loads(unit):
    spec = MacSpec.parse(unit)
    codes = far_states(spec, np.random.default_rng(0), np.arange(300) % 3 - 1)
    mac = Mac(spec)
    mac.load(codes)
    np.testing.assert_array_equal(mac.acc, codes)
    assert len(np.unique(codes)) > 100


def test_the_register_holds_a_float_unpacked():
    # 1.5 and 0.5: significands 1.1 and 1.0, and one binade between them.
    spec = MacSpec.parse("e4m3fn-e4m3fn-fp32")
    register = Register.find(spec, emit(spec).verilog)
    one, half, negative = register.bits(np.array([0x3FC00000, 0x3F000000, 0xBFC00000], np.uint64)).tolist()
    assert one & 0xFFFFFF == 0xC00000
    assert half & 0xFFFFFF == 0x800000
    assert (one >> 24) - (half >> 24) == 1
    assert negative - one == 1 << (register.width - 1)


@pytest.mark.parametrize("unit", ["int8-int8-fx28", "int8-int8-chunk8:fx:fx30", "e5m2-e5m2-fx68"])
def test_a_hold_knows_the_state_that_stepping_leads_to(unit):
    spec = MacSpec.parse(unit)
    for each in obligations(spec)[-2:]:
        hold = Hold.towards(spec, each, 64)
        mac = Mac(spec)
        mac.reset(1)
        inputs = largest_products(spec)[each.towards]
        steps = hold.block * (hold.repeats + 1)
        for _ in range(steps):
            mac.step(**inputs)
        code = sum(int(limb) << (64 * place) for place, limb in enumerate(mac.acc.ravel().tolist()))
        assert code == hold.code % (1 << spec.acc_width)
        assert not mac.overflow[0]
        assert 0 < each.steps - steps < 1000


NO_OVERFLOW = ("assign overflows = ", "assign overflows = 1'b0 & ")

BROKEN = {
    "saturation": ("int4-int4-fx32.sat", *NO_OVERFLOW),
    "overflow": ("int8-int8-fx32", *NO_OVERFLOW),
    "bit 30 hangs on bit 31": ("int4-int4-fx32", "{ acc[31], acc[31:8] } ^", "{ acc[31], acc[31], acc[31], acc[29:8] } ^"),
    "chunk counter": ("int8-int8-chunk1024:fx:fx48", "== 10'h3ff", "== 10'h2ff"),
}


@pytest.mark.slow
def test_what_is_broken_far_from_zero_is_caught():
    broken = {name: (MacSpec.parse(unit), changed(MacSpec.parse(unit), old, new)) for name, (unit, old, new) in BROKEN.items()}
    # Nothing is written into its outer level: two whole chunks are driven, and what is farther is named.
    unit, old, new = BROKEN["chunk counter"]
    broken["foreign chunk counter"] = (MacSpec.parse(unit), changed(MacSpec.parse(unit), old, new, foreign=True))
    reports = verify_many(broken.values(), vectors=5000)
    assert [name for name, report in zip(broken, reports, strict=True) if report.ok] == []


@pytest.mark.slow
@needs_icarus
def test_icarus_catches_it_too():
    assert not verify(FX32, verilog=changed(FX32, *NO_OVERFLOW), vectors=2000, simulator="icarus").ok


@pytest.mark.slow
def test_a_held_story_catches_what_is_broken_at_the_end_is_replayed_and_filmed(tmp_path):
    """An overflow that never rises, in a circuit whose register nobody can write: 2^17 products are held."""
    verilog = changed(FX32, *NO_OVERFLOW, foreign=True)
    (held,) = verify(FX32, verilog=verilog, vectors=5000, seed=3).mismatches
    before = int(held.before.split("(")[1].rstrip(")"))
    assert (1 << 31) - abs(before) <= 1 << 14
    assert held.expected["overflow"] == "1"
    assert held.got["overflow"] == "0"
    (again,) = verify(FX32, verilog=verilog, vectors=5000, seed=3, waves=tmp_path).mismatches
    film = tmp_path / "int8_int8_fx32.vcd"
    assert again.waves == str(film)
    assert again.cycle == held.cycle
    assert again.before == held.before
    assert film.stat().st_size < 20_000_000, "the cycles before the difference, not the hold"
    text = film.read_text(errors="replace")
    assert "overflows" in text
    moments = [int(line[1:]) for line in text.splitlines() if line.startswith("#")]
    assert moments[0] > 3 << 16, "two nanoseconds a cycle, and some 2^17 of them held"


@pytest.mark.slow
def test_a_written_state_is_filmed(tmp_path):
    (found,) = verify(FX32, verilog=changed(FX32, *NO_OVERFLOW), vectors=5000, waves=tmp_path).mismatches
    assert "overflows" in (tmp_path / "int8_int8_fx32.vcd").read_text(errors="replace")
    assert found.waves


@pytest.mark.slow
def test_what_is_not_reached_is_in_the_verdict():
    spec = MacSpec.parse("int4-int4-fx32")
    report = verify(spec, verilog=strange(emit(spec).verilog), vectors=2000)
    assert report.ok
    assert {each.steps for each in report.unreached} == {1 << 25, (1 << 31) // 56 + 1}
    assert min(each.steps for each in report.unreached) > LONGEST_HOLD["verilator"]
    assert report.verdict == "equal; not reached: both ends of the register (2^25 steps)"
    assert "; not reached: both ends of the register (2^25 steps); " in str(report)


def test_more_vectors_than_memory_holds_are_refused():
    with pytest.raises(SimulationError, match="at most 33,554,432, then another seed"):
        verify(FX32, vectors=MAX_VECTORS + 1)


def test_verilog_of_another_module_is_refused_at_once():
    with pytest.raises(SimulationError, match="the Verilog has no module int8_int8_fx32; the top module must have that name"):
        verify(FX32, verilog="module other(input clk); endmodule", vectors=2000)
