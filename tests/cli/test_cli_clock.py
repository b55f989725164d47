"""``hwmodel synth`` with an objective and a clock."""

import json

import pytest

SPEC = "int3-int3-fx14"


def test_the_choice_is_in_the_row_and_in_the_manifest(run, tmp_path) -> None:
    result = run("synth", SPEC, "--objective", "area", "--no-energy", "--json", "-o", tmp_path)
    (row,) = json.loads(result.stdout)
    manifest = json.loads((tmp_path / "int3_int3_fx14.json").read_text())
    assert manifest["architecture"] == {name: row[name] for name in ("adder", "multiplier", "paths")}
    assert row["objective"] == "area"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--clock-ps", "1"], "the clock of 1 ps is not met on sky130hd"),
        (["--clock-ps", "500", "--objective", "yosys"], "--clock-ps chooses among architectures"),
        (["--path", "--csv"], "--path goes with a table or --json; a row of CSV has no room for it"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(run, arguments, sentence) -> None:
    result = run("synth", SPEC, "--no-energy", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_the_path_is_told_cell_by_cell(run) -> None:
    (row,) = json.loads(run("synth", SPEC, "--path", "--no-energy", "--json").stdout)
    path = row["clock_path"]
    assert row["delay_ps"] < row["clock_min_ps"]
    assert path[0]["cell"] == "sky130_fd_sc_hd__dfxtp_1"
    assert path[0]["part"] == "input"
    assert (path[-1]["part"], path[-1]["pins"]) == ("normacc", "D")
    assert {"mpy", "alignadd"} < {step["part"] for step in path}
    assert sum(step["delay_ps"] for step in path) == pytest.approx(path[-1]["arrival_ps"])
    table = run("synth", SPEC, "--path", "--no-energy", "--objective", "area", columns=100).stdout
    assert f"What limits the clock of {SPEC} with its parts kept apart" in table
    assert "CLK→Q" in table


def test_leakage_is_counted_over_the_clock_that_is_asked_for(run) -> None:
    fast, slow = (
        json.loads(run("synth", SPEC, "--clock-ps", str(clock), "--no-glitches", "--steps", "8", "--streams", "2", "--json").stdout)[0]
        for clock in (20_000, 2_000_000)
    )
    assert (fast["clock_ps"], slow["clock_ps"]) == (20_000, 2_000_000)
    assert fast["area_um2"] == slow["area_um2"]
    assert slow["energy_leakage_fj"] == pytest.approx(100 * fast["energy_leakage_fj"])
