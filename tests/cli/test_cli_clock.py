"""``hwmodel synth`` with an objective and a clock."""

import json

import pytest

SPEC = "int3-int3-fx14"


def test_the_choice_is_in_the_row_and_in_the_manifest(run, tmp_path) -> None:
    result = run("synth", SPEC, "--objective", "area", "--no-energy", "--json", "-o", tmp_path)
    (row,) = json.loads(result.stdout)
    manifest = json.loads((tmp_path / "int3_int3_fx14.json").read_text())
    assert manifest["architecture"] == {"adder": row["adder"], "multiplier": row["multiplier"]}
    assert row["objective"] == "area"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--clock-ps", "1"], "the clock of 1 ps is not met on sky130hd"),
        (["--clock-ps", "500", "--objective", "yosys"], "--clock-ps chooses among architectures"),
    ],
)
def test_clocks_that_cannot_be_met_are_one_sentence(run, arguments, sentence) -> None:
    result = run("synth", SPEC, "--no-energy", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
