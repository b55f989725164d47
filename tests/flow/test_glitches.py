"""Timed simulation: the rule for pulses by hand, every toggle against Icarus Verilog, delays from the card."""

import icarus
import numpy as np
import pytest
from flow_cases import MAC

from hwmodel.flow import energy_of, glitches, simulate, static_timing, switching, synthesize
from hwmodel.flow.delays import Delay, Delays, delays_of
from hwmodel.flow.energy import _half_interval

XOR = "module x (input a, b, output y); assign y = a ^ b; endmodule"
A, B, Y = "a", "b", "y"


def _stimulus(cycles: int, streams: int, seed: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shape = (cycles, streams)
    stimulus = {name: random.integers(0, 256, shape) for name in ("a", "b")}
    return stimulus | {"valid": random.integers(0, 4, shape) > 0, "clear": random.integers(0, 9, shape) == 0, "rst": np.zeros(shape, int)}


@pytest.fixture(scope="module")
def mapped(card, yosys):
    return synthesize(MAC, "t_mac", card, yosys)


@pytest.fixture(scope="module")
def gate(small, yosys):
    """One exclusive or."""
    netlist = synthesize(XOR, "x", small, yosys, objective="area").flat
    assert [instance.cell.name for instance in netlist.instances] == ["XOR2"]
    return netlist


def _toggles(gate, rows: list[tuple[int, int]], late: int, rise: int, fall: int, lag: int = 0) -> int:
    """Return how often the gate's output changes where ``b`` changes `late` steps after ``a``, and waits for a lag of its pin."""
    (a,), (b,), (y,) = gate.inputs[A], gate.inputs[B], gate.outputs[Y]
    lags = tuple(lag if net == b else 0 for net in gate.instances[0].inputs)
    delays = Delays(1.0, {a: Delay(7, 7), b: Delay(7 + late, 7 + late)}, {y: Delay(rise, fall, lags)})
    activity = simulate(gate, {A: [row[0] for row in rows], B: [row[1] for row in rows]})
    return int(glitches.timed_toggles(activity, delays)[0, y])


@pytest.mark.parametrize(
    ("rows", "late", "toggles"),
    [
        ([(0, 0), (1, 1)], 0, 0),  # at once: nothing is seen
        ([(0, 0), (1, 1)], 4, 0),  # a pulse of one, shorter than the rising edge's delay of 5
        ([(0, 0), (1, 1)], 5, 2),  # just as long: it passes
        ([(0, 1), (1, 0)], 2, 0),  # a pulse of zero, shorter than the falling edge's delay of 3
        ([(0, 1), (1, 0)], 3, 2),
        ([(0, 0), (1, 0)], 9, 1),  # one input only
        ([(0, 0), (1, 1), (1, 0), (0, 1)], 3, 0 + 1 + 2),
    ],
)
def test_a_pulse_passes_if_it_is_no_shorter_than_the_delay_of_its_first_edge(gate, rows, late, toggles):
    assert _toggles(gate, rows, late, 5, 3) == toggles
    assert _toggles(gate, rows, 0, 5, 3, lag=late) == toggles
    assert _toggles(gate, rows, 2 * late, 5, 3, lag=0) >= toggles


def test_a_pulse_that_is_dropped_leaves_the_next_one_alone(mapped):
    """Net by net there are no fewer toggles than of settled values, and as many of them odd."""
    activity = simulate(mapped.parted, _stimulus(2, 1))
    timed = glitches.timed_toggles(activity, delays_of(mapped.parted, mapped.card, mapped.parted_timing))[0]
    assert (timed >= activity.toggles).all()
    assert ((timed - activity.toggles) % 2 == 0).all()
    assert timed.sum() > 1.2 * activity.toggles.sum()


def test_zero_delay_toggles_are_those_of_icarus(mapped, small, yosys, tmp_path):
    stimulus = {name: codes[:, 0] for name, codes in _stimulus(60, 1).items()}
    for netlist, card in [(mapped.parted, mapped.card), (synthesize(MAC, "t_mac", small, yosys).flat, small)]:
        expected = icarus.toggles(netlist, card, stimulus, tmp_path)
        expected[netlist.inputs["clk"][0]] = 0
        assert expected.sum() > 3000
        np.testing.assert_array_equal(simulate(netlist, stimulus).toggles, expected)


def test_timed_toggles_are_those_of_icarus(mapped, small, yosys, tmp_path):
    """All of them, on a grid so fine that no two events meet: of those that do, Verilog leaves the order open."""
    stimulus = {name: codes[:, 0] for name, codes in _stimulus(60, 1).items()}
    for netlist, card in [(mapped.parted, mapped.card), (synthesize(MAC, "t_mac", small, yosys).flat, small)]:
        activity, timing = simulate(netlist, stimulus), static_timing(netlist, card)
        for grid_ps, apart in ((0.001, 0), (None, 0.002)):
            delays = delays_of(netlist, card, timing, grid_ps=grid_ps)
            expected = icarus.toggles(netlist, card, stimulus, tmp_path, delays)
            expected[netlist.inputs["clk"][0]] = 0
            timed = glitches.timed_toggles(activity, delays)[0]
            assert np.abs(timed - expected).sum() <= apart * expected.sum()
            assert timed.sum() > 1.2 * activity.toggles.sum()


@pytest.mark.parametrize("name", ["asap7", "sg13g2"])
def test_timed_toggles_on_other_libraries_are_those_of_icarus(library, yosys, tmp_path, name):
    """ASAP7's flip-flops show the inverse of their state."""
    mapped = synthesize(MAC, "t_mac", library(name), yosys)
    stimulus = {port: codes[:, 0] for port, codes in _stimulus(30, 1).items()}
    delays = delays_of(mapped.parted, mapped.card, mapped.parted_timing, grid_ps=0.0005)
    expected = icarus.toggles(mapped.parted, mapped.card, stimulus, tmp_path, delays)
    expected[mapped.parted.inputs["clk"][0]] = 0
    np.testing.assert_array_equal(glitches.timed_toggles(simulate(mapped.parted, stimulus), delays)[0], expected)


def test_delays_by_hand(small, yosys):
    """The library's inverter and NOR2 behind an input; its tables are planes."""
    netlist = synthesize("module g (input a, b, output y); assign y = ~(a | b); endmodule", "g", small, yosys, objective="area").flat
    assert [instance.cell.name for instance in netlist.instances] == ["NOR2"]
    timing = static_timing(netlist, small)
    delays = delays_of(netlist, small, timing, grid_ps=0.01)
    (y,) = netlist.outputs["y"]
    # Rise: 30 ps + 1 ps/fF + slew / 10; fall: 45 ps + 0.8 ps/fF + slew / 10; the load is one inverter, 1 fF.
    slew = timing.slew_ps[netlist.inputs["a"][0]]
    assert delays.cells[y].rise == pytest.approx(100 * (30 + 1 + slew / 10), abs=1)
    assert delays.cells[y].fall == pytest.approx(100 * (45 + 0.8 + slew / 10), abs=1)
    assert delays.cells[y].lags == (0, 0)
    usual = delays_of(netlist, small, timing)
    assert usual.cells[y].rise + usual.cells[y].fall == pytest.approx(32, abs=1), "16 steps of the grid are the mean delay"


def test_pieces_and_batches_change_nothing(mapped, monkeypatch):
    stimulus = _stimulus(30, 13)
    delays = delays_of(mapped.parted, mapped.card, mapped.parted_timing)
    whole = simulate(mapped.parted, stimulus)
    batched = simulate(mapped.parted, stimulus, batches=8)
    assert batched.toggles_by_batch.shape == (8, mapped.parted.nets)
    assert batched.transitions_by_batch.tolist() == [58] * 5 + [29] * 3
    np.testing.assert_array_equal(batched.toggles, whole.toggles)
    np.testing.assert_array_equal(batched.outputs["acc"], whole.outputs["acc"])
    timed = glitches.timed_toggles(batched, delays)
    np.testing.assert_array_equal(timed.sum(axis=0), glitches.timed_toggles(whole, delays)[0])
    for batch, streams in enumerate([slice(0, 2), slice(2, 4)]):
        own = simulate(mapped.parted, {name: codes[:, streams] for name, codes in stimulus.items()})
        np.testing.assert_array_equal(batched.toggles_by_batch[batch], own.toggles)
        np.testing.assert_array_equal(timed[batch], glitches.timed_toggles(own, delays)[0])
    monkeypatch.setattr(glitches, "_TIMED_BITS", 200)
    monkeypatch.setattr("hwmodel.flow.activity._SETTLED_BITS", 300)
    np.testing.assert_array_equal(glitches.timed_toggles(batched, delays), timed)
    np.testing.assert_array_equal(simulate(mapped.parted, stimulus, batches=8).toggles_by_batch, batched.toggles_by_batch)


def test_both_energies_have_an_interval(mapped):
    row = switching(mapped, _stimulus(40, 64), clock_ps=10_000).row
    assert 0 < row["energy_ci_fj"] < 0.1 * row["energy_fj"] < row["energy_timed_fj"]
    assert 0 < row["energy_timed_ci_fj"] < 0.2 * row["energy_timed_fj"]
    assert row["glitch_share"] == pytest.approx(1 - row["energy_fj"] / row["energy_timed_fj"])
    parts = sum(row[f"energy_timed_{part}_fj"] for part in ("mpy", "alignadd", "normacc"))
    assert parts == pytest.approx(row["energy_timed_fj"])
    for kind in ("clock", "leakage"):
        assert row[f"energy_timed_{kind}_fj"] == row[f"energy_{kind}_fj"]


def test_the_interval_is_student_s(mapped):
    # Of 1, 2, 3: standard deviation 1, and t of two degrees of freedom is 4.303 (any table of Student's t).
    assert _half_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.303 / 3**0.5)
    activity = simulate(mapped.parted, _stimulus(5, 1))
    assert np.isnan(energy_of(mapped.parted, activity, mapped.card).settled.ci_fj), "one stream tells nothing of the spread"


def test_most_intervals_hold_the_mean_of_a_long_run(mapped):
    """Of 20 runs 19 should; with a true share of 95 %, fewer than 15 happen three times in ten thousand."""
    long = switching(mapped, _stimulus(30, 2048, seed=0), glitches=False).settled.total_fj
    runs = [switching(mapped, _stimulus(30, 32, seed=seed), glitches=False).settled for seed in range(1, 21)]
    assert sum(abs(run.total_fj - long) <= run.ci_fj for run in runs) >= 15
