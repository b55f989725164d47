"""``hwmodel calibrate``: what is calibrated, how wrong it is, and making it anew."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from hwmodel.cost.calibration import COEFFICIENTS, load_calibration, stored
from hwmodel.cost.learning import COLUMNS, UNITS
from hwmodel.flow import load_card


def test_what_is_calibrated(run):
    rows = json.loads(run("calibrate", "--json").stdout)
    assert {(row["card"], row["objective"]) for row in rows} == set(stored()["fits"])
    for row in rows:
        fit = stored()["fits"][row["card"], row["objective"]]
        assert row["units"] == fit["units"]
        assert row["energy_timed_error"] == fit["error"]["energy_timed_fj"]["total"]["mean"]
    (only,) = json.loads(run("calibrate", "--card", "sky130hd", "--objective", "delay", "--json").stdout)
    assert (only["card"], only["objective"]) == ("sky130hd", "delay")
    text = run("calibrate").stdout
    assert "Mean error of the total on mapped units, each left out of its own fit." in text
    assert "sky130hd" in text


def test_errors_are_told_by_part_and_by_family(run):
    chosen = ("calibrate", "--check", "--card", "sky130hd", "--objective", "area")
    rows = json.loads(run(*chosen, "--json").stdout)
    assert {row["family"] for row in rows} == {"all"}
    assert {row["part"] for row in rows} == {"decode", "mpy", "alignadd", "normacc", "total"}
    kept = stored()["fits"]["sky130hd", "area"]["error"]["area_um2"]["total"]
    (total,) = (row for row in rows if (row["quantity"], row["part"]) == ("area_um2", "total"))
    assert (total["mean"], total["p95"], total["mean_family_left_out"]) == pytest.approx(
        (kept["mean"], kept["p95"], kept["family"]), abs=1e-4
    )
    lines = run(*chosen, "--families").stdout
    assert "sky130hd, area: totals by family" in lines
    assert "minifloat-float" in lines
    assert "in the" in lines


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--check", "--make"], "--check and --make exclude each other"),
        (["--families"], "--families goes with --check"),
        (["-j", "2", "--check"], "--jobs goes with --make"),
        (["--card", "tsmc5"], "no estimate is calibrated for the card 'tsmc5'; calibrated cards: "),
        (["--objective", "speed"], "no estimates are made for the objective 'speed'; there are some for area, balanced, delay"),
        (["--make", "--objective", "speed"], "--objective 'speed' is not one of area, balanced, delay"),
        (["--make", "--card", "tsmc5"], "'tsmc5'"),
    ],
    ids=" ".join,
)
def test_bad_input(run, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    result = run("calibrate", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


@pytest.mark.slow
def test_units_are_mapped_once_and_learnt_from(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    units = {"int2-int2-fx": "int", "int3-int3-fx": "int", "e2m1fn-e2m1fn-fx": "minifloat-fixed"}
    monkeypatch.setattr("hwmodel.report.calibration.calibration_units", lambda card, objective: units)
    make = ("calibrate", "--make", "--card", "sky130hd", "--objective", "area", "-o", "new", "-j", "1")
    first = run(*make)
    assert first.stdout == "sky130hd, area: 3 units in new\n"
    table = pd.read_csv(tmp_path / "new" / UNITS)
    assert tuple(table.columns) == COLUMNS
    assert dict(zip(table["spec"], table["family"], strict=True)) == units
    assert (table["energy_timed_alignadd_fj"] >= table["energy_alignadd_fj"]).all()
    (fit,) = json.loads((tmp_path / "new" / COEFFICIENTS).read_text())["fits"]
    assert (fit["card"], fit["objective"], fit["units"]) == ("sky130hd", "area", 3)

    def refused(*arguments, **more):
        raise AssertionError("mapped again")

    monkeypatch.setattr("hwmodel.sweep.LocalPool", refused)
    assert run(*make).stdout == first.stdout
    # Another objective's rows stand beside the first one's.
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "hwmodel.report.calibration.calibration_units", lambda card, objective: {"int2-int2-fx": "int", "int3-int3-fx": "int"}
    )
    assert run(*make[:5], "delay", *make[6:]).stdout == "sky130hd, delay: 2 units in new\n"
    assert pd.read_csv(tmp_path / "new" / UNITS)["objective"].tolist() == ["area"] * 3 + ["delay"] * 2


@pytest.fixture
def forgotten():
    """Forget what was read of coefficients, before and after."""
    for cached in (stored, load_calibration):
        cached.cache_clear()
    yield
    for cached in (stored, load_calibration):
        cached.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("forgotten")
def test_a_card_of_ones_own_gets_estimates(run, tmp_path, monkeypatch, own_calibrations):
    monkeypatch.chdir(tmp_path)
    replace(load_card("sky130hd"), name="mine").save("mine.card.json.gz")
    estimate = ("estimate", "int4-int4-fx", "--card", "mine.card.json.gz", "--objective", "area", "--json")
    missing = run(*estimate)
    assert missing.exit_code == 2
    assert "no estimate is calibrated for the card 'mine'" in missing.stderr
    assert "hwmodel calibrate --make --card FILE" in missing.stderr

    units = {"int2-int2-fx": "int", "int5-int5-fx": "int", "e2m1fn-e2m1fn-fx": "minifloat-fixed"}
    monkeypatch.setattr("hwmodel.report.calibration.calibration_units", lambda card, objective: units)
    made = run("calibrate", "--make", "--card", "mine.card.json.gz", "--objective", "area", "-j", "1")
    assert made.stdout == f"mine, area: 3 units in {own_calibrations / 'mine'}\n"
    (row,) = json.loads(run(*estimate).stdout)
    (known,) = json.loads(run("estimate", "int4-int4-fx", "--objective", "area", "--json").stdout)
    assert row["area_um2"] == pytest.approx(known["area_um2"], rel=0.1)
    assert row["area_um2"] != known["area_um2"]
    listed = json.loads(run("calibrate", "--json").stdout)
    assert ("mine", "area", 3) in [(each["card"], each["objective"], each["units"]) for each in listed]
    checked = json.loads(run("calibrate", "--check", "--card", "mine.card.json.gz", "--json").stdout)
    assert {(each["card"], each["units"]) for each in checked if each["part"] == "total"} == {("mine", 3)}

    # In a sweep too, which keeps estimates by what they were learnt from.
    (tmp_path / "some.toml").write_text('[space]\nunit = "int4-int4-fx"\ncard = "mine.card.json.gz"\nobjective = "area"\n')

    def estimated() -> int:
        return json.loads(run("sweep", "some.toml", "--json").stdout)[0]["estimated"]

    assert (estimated(), estimated()) == (1, 0)
    assert pd.read_parquet("some.parquet")["est_area_um2"].tolist() == [pytest.approx(row["area_um2"])]
    path = own_calibrations / "mine" / COEFFICIENTS
    path.write_text(path.read_text().replace('"mean"', '"mean" '))
    stored.cache_clear()
    assert estimated() == 1


def test_a_card_must_not_be_called_as_a_bundled_one(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    replace(load_card("asap7"), name="sky130hd").save("other.card.json.gz")
    refused = run("calibrate", "--make", "--card", "other.card.json.gz")
    assert refused.exit_code == 2
    assert "the card in other.card.json.gz is called sky130hd, as a bundled one is; give it a name of its own" in refused.stderr
