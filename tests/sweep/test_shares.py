"""Estimates shared out among processes are those of one."""

import os
import signal
from itertools import product

import numpy as np
import pytest
from sweep_cases import no_crew

from hwmodel.cost import CostError, Estimator, estimate
from hwmodel.flow import load_card
from hwmodel.spec import MacSpec, parse_accumulator, parse_format
from hwmodel.sweep import Store, parse_plan, run_sweep
from hwmodel.sweep.shares import Shares

FORMATS = [parse_format(name) for name in ("e4m3fn", "e5m2", "e11m2", "int8", "posit8")]
PAIRS = [(a, b) for a in FORMATS for b in FORMATS]
ACCUMULATORS = [parse_accumulator(name) for name in ("fx", "fx32f12", "fp16", "e4m3none", "quire")]
AT = np.meshgrid(np.arange(len(PAIRS)), np.arange(len(ACCUMULATORS)), [1, 2, 3, 8], [0, 1], indexing="ij")
PLACES = dict(zip(("pair", "acc", "lanes", "pipeline"), (axis.ravel() for axis in AT), strict=True))


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return set(found) == set(expected) and all(np.array_equal(found[name], expected[name], equal_nan=True) for name in expected)


@pytest.fixture(scope="module")
def alone() -> Estimator:
    return Estimator(PAIRS, ACCUMULATORS)


@pytest.fixture(scope="module")
def shares():
    with Shares(3) as found:
        yield found


@pytest.mark.parametrize("card", ["sky130hd", load_card("asap7")], ids=["by name", "at hand"])
def test_shared_as_alone(alone, shares, card):
    shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
    rows, tails = shared.faults("delay", **PLACES)
    assert len(rows)
    assert (rows.tolist(), tails.tolist()) == tuple(each.tolist() for each in alone.faults(**PLACES))
    assert same(shared.columns(**PLACES, card=card, objective="area"), alone.columns(**PLACES, card=card, objective="area"))


def test_modules_that_lie_where_estimates_are_started_are_not_run(alone, others_modules):
    with Shares(2) as shares:
        shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
        assert same(shared.columns(**PLACES, card="sky130hd", objective="area"), alone.columns(**PLACES, card="sky130hd", objective="area"))


def test_glitches_and_delay_are_shared_too_and_found_once_for_all_cards(alone, shares):
    formats = [FORMATS.index(parse_format(name)) for name in ("e4m3fn", "e5m2", "int8")]
    there = np.isin(PLACES["pair"], [x * len(FORMATS) + y for x, y in product(formats, formats)]) & (PLACES["acc"] < 3)
    places = {name: at[there] for name, at in PLACES.items()}
    shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
    found = shared.timed_columns(**places, cards=["sky130hd", load_card("asap7")], objective="delay")
    for card, columns in zip(("sky130hd", "asap7"), found, strict=True):
        assert same(columns, alone.timed_columns(**places, cards=[card], objective="delay")[0])
    units = [MacSpec(*PAIRS[p], ACCUMULATORS[a], n, k) for p, a, k, n in zip(*(places[at].tolist() for at in places), strict=True)]
    rows = [estimate(spec, "asap7", "delay").row for spec in units]
    assert found[1].keys() <= rows[0].keys()
    for name, column in found[1].items():  # one by one, levels and costs are added up in another order
        np.testing.assert_allclose(column, [row[name] for row in rows], rtol=1e-12, err_msg=name)


POWERS, ALL = [1, 2, 4, 8, 16, 32], range(1, 65)


@pytest.mark.parametrize(("accumulators", "lanes"), [(1, POWERS), (1, ALL), (5, POWERS), (5, ALL), (5, [4]), (15, POWERS), (15, [4])])
def test_all_have_a_share_of_many_accumulators_or_lanes(shares, accumulators, lanes):
    shared = shares.of(Estimator(PAIRS[:1], (3 * ACCUMULATORS)[:accumulators]))
    acc, by_lanes = np.meshgrid(np.arange(accumulators), lanes)
    own, *others = np.bincount(shared._share({"pair": 0 * acc.ravel(), "acc": acc.ravel(), "lanes": by_lanes.ravel()}), minlength=3)
    assert 1 <= own <= min(others)  # who writes the rows, too, has less
    assert min(others) >= max(others) / 3


MINIFLOATS = [parse_format(f"e{exponent}m{fraction}") for exponent in range(1, 12) for fraction in range(1, 5)]


@pytest.mark.parametrize("pairs", [[*product(MINIFLOATS, repeat=2)], [(each, each) for each in MINIFLOATS]], ids=["any", "same"])
def test_all_have_a_share_of_many_pairs_and_like_ones_are_in_one(shares, pairs):
    shared = shares.of(Estimator(pairs, ACCUMULATORS[:1]))
    whose = shared._share({"pair": np.arange(len(pairs)), "acc": np.zeros(len(pairs), int), "lanes": np.full(len(pairs), 4)})
    own, *others = np.bincount(whose, minlength=3)
    assert 1 <= own <= min(others)
    assert min(others) >= max(others) / 3
    by_exponents = {frozenset((a.exponent_bits, b.exponent_bits)): each for (a, b), each in zip(pairs, whose.tolist(), strict=True)}
    assert whose.tolist() == [by_exponents[frozenset((a.exponent_bits, b.exponent_bits))] for a, b in pairs]


def test_what_was_counted_ahead_is_asked_for_as_before(alone, shares):
    shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
    shared.ahead("balanced", **PLACES)
    assert same(shared.columns(**PLACES, card="sky130hd", objective="balanced"), alone.columns(**PLACES, objective="balanced"))


def test_what_goes_wrong_there_is_told_here(shares):
    shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
    only = {name: at[shared._share(PLACES) == 1] for name, at in PLACES.items()}
    with pytest.raises(CostError, match="no estimates are made for the objective 'yosys'"):
        shared.columns(**only, card="sky130hd", objective="yosys")
    assert len(shared.columns(**only, card="sky130hd", objective="area")["area_um2"]) == len(only["acc"])


def test_the_share_of_a_process_that_died_is_counted_here(alone):
    with Shares(2) as shares:
        shared = shares.of(Estimator(PAIRS, ACCUMULATORS))
        assert same(shared.columns(**PLACES, card="sky130hd", objective="area"), alone.columns(**PLACES, objective="area"))
        process = shares._helpers[0]._process
        os.kill(process.pid, signal.SIGKILL)
        for _ in range(2):
            assert same(shared.columns(**PLACES, card="sky130hd", objective="delay"), alone.columns(**PLACES, objective="delay"))
    assert process.poll() == -signal.SIGKILL


def test_none_is_left_behind():
    with Shares(2) as shares:
        shares.of(Estimator(PAIRS, ACCUMULATORS)).faults("balanced", **PLACES)
        process = shares._helpers[0]._process
        assert process.poll() is None
    assert process.poll() is not None


def test_sweeps_share_out_what_is_worth_it(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    data = {"space": {"a": "e{2..5}m{1..3}", "b": "e{8..11}m2", "acc": ["fx", "fp16", "e5m2none"], "lanes": [1, 4]}}
    asked, early = [], []
    monkeypatch.setattr("hwmodel.sweep.units.WORTH", 100)
    monkeypatch.setattr("hwmodel.sweep.run.WORTH", 100)
    monkeypatch.setattr(Shares, "start", lambda self, start=Shares.start: (early.append(not asked), start(self))[1])
    monkeypatch.setattr(Shares, "of", lambda self, estimator, of=Shares.of: (asked.append(self.jobs), of(self, estimator))[1])
    tables = []
    for jobs in (1, 2):
        with Store(tmp_path / f"{jobs}.store") as store:
            run_sweep(parse_plan(data), store, tmp_path / f"{jobs}.parquet", no_crew, jobs=jobs)
        tables.append(pq.read_table(tmp_path / f"{jobs}.parquet"))
    assert asked == [2]
    assert early[:2] == [True, True]  # before anything is asked of them
    assert tables[0]["reason"].null_count < len(tables[0])
    for name in tables[0].column_names:
        own, other = (table[name].to_pylist() for table in tables)
        assert list(map(str, own)) == list(map(str, other))
