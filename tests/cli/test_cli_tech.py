"""`hwmodel tech`: a card from files, what was left out of it, and the card against the files."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwmodel.flow import TechCard, import_liberty, load_card

LIBRARY = Path(__file__).parents[1] / "flow" / "small.lib"
UNITS = ("--unit", "int4-int4-fx16", "--unit", "e2m1fn-e2m1fn-fx")


@pytest.fixture
def imported(run, tmp_path) -> Path:
    """The card of the small library."""
    file = tmp_path / "small.card.json.gz"
    assert run("tech", "import", "small", LIBRARY, "-o", file).exit_code == 0
    return file


def _with_delays(card: TechCard, factor: float) -> TechCard:
    """The card with all delays, but not the slews, times `factor`."""
    scale = np.array([factor, factor, 1, 1])[:, None, None]
    cells = {
        name: replace(
            cell,
            outputs=tuple(replace(output, arcs={pin: arc * scale for pin, arc in output.arcs.items()}) for output in cell.outputs),
        )
        for name, cell in card.cells.items()
    }
    return replace(card, cells=cells)


def test_what_was_left_out_and_why(run, imported):
    (row,) = json.loads(run("tech", "show", imported, "--excluded", "--json").stdout)
    assert row == {"cell": "LATCH", "reason": "it is a latch"}
    rows = json.loads(run("tech", "show", "asap7", "--excluded", "--json").stdout)
    assert {"cell": "AO333x1_ASAP7_75t_R", "reason": "it has 9 inputs, and mappers take at most 6"} in rows
    assert "it is a latch" in run("tech", "show", "sg13g2", "--excluded").stdout
    assert "--cells and --excluded exclude each other" in run("tech", "show", "asap7", "--excluded", "--cells").stderr


def test_cells_that_cannot_be_read_are_told_and_left_out(run, tmp_path):
    odd = tmp_path / "odd.lib"
    odd.write_text(LIBRARY.read_text().replace('function : "A ^ B"', 'function : "A ? B"'))
    result = run("tech", "import", "odd", odd, "-o", tmp_path / "odd.card.json.gz", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["excluded"] == 2
    sentence = "XOR2: it cannot be read: the function 'A ? B' has an unknown symbol '?'"
    assert result.stderr == f"note: left out, for the file does not say enough of them: {sentence}\n"


def test_the_mapper_of_fast_circuits_is_kept(run, tmp_path, imported):
    assert load_card(str(imported)).fast_mapper == "map"
    file = tmp_path / "nf.card.json.gz"
    (row,) = json.loads(run("tech", "import", "small", LIBRARY, "-o", file, "--fast-mapper", "nf", "--json").stdout)
    assert row["fast_mapper"] == load_card(str(file)).fast_mapper == "nf"
    assert "nf" in run("tech", "show", file).stdout.splitlines()[-1]
    refused = run("tech", "import", "small", LIBRARY, "-o", tmp_path / "none.gz", "--fast-mapper", "amap")
    assert (refused.exit_code, refused.stderr) == (2, "error: --fast-mapper 'amap' is not one of map, nf\n")
    assert not (tmp_path / "none.gz").exists()


def test_a_card_agrees_with_its_library(run, imported):
    result = run("tech", "check", imported, LIBRARY, *UNITS, "-j", 1, "--json")
    assert result.exit_code == 0
    assert "\nnote: Worst of 2: area +0.00% (" in result.stderr
    assert result.stderr.endswith(": within the bounds.\n")
    for row in json.loads(result.stdout):
        assert row["area_card_um2"] == row["area_full_um2"] > 0
        assert row["delay_ratio"] == pytest.approx(1, abs=0.005)
        assert row["energy_ratio"] == pytest.approx(1, abs=0.005)


def test_a_card_past_a_bound(run, imported):
    _with_delays(load_card(str(imported)), 1.06).save(imported)
    result = run("tech", "check", imported, LIBRARY, *UNITS[:2], "-j", 1)
    assert result.exit_code == 1
    assert "delay +6.00%" in " ".join(result.stdout.split())
    assert "delay past the bound." in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sky130hd", LIBRARY], "the card sky130hd is not of these Liberty files: the cell BUF is in only one of the two"),
        (["asap7", "none.lib"], "none.lib cannot be read: No such file or directory"),
        (["asap8", LIBRARY], "there is no tech card 'asap8'; bundled cards: asap7, sg13g2, sky130hd"),
        (["asap7", LIBRARY, "--objective", "size"], "the objective 'size' is not one of area, balanced"),
        (["asap7", LIBRARY, "--unit", "int8"], "int8"),
    ],
)
def test_what_cannot_be_checked(run, arguments, sentence):
    result = run("tech", "check", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_card_of_another_supply(run, imported):
    replace(import_liberty("small", [LIBRARY]), voltage_v=0.9).save(imported)
    assert "is for 0.9 V, and these Liberty files are for 1 V" in run("tech", "check", imported, LIBRARY).stderr


@pytest.mark.slow
@pytest.mark.parametrize("card", ["asap7", "sg13g2"])
def test_units_on_the_other_bundled_cards(run, tmp_path, card):
    """Mapped, timed and simulated, the accumulator equal to the golden model's; compared with what is estimated for the card."""
    (row,) = json.loads(run("synth", "e4m3fn-e4m3fn-fp16", "--card", card, "--json").stdout)
    assert row["card"] == card
    assert row["flip_flops"] >= 16 + 1  # the accumulator, and that it is valid
    assert (row["full_adders"] > 0) == (card == "asap7")
    assert row["energy_fj"] > 0
    (guess,) = json.loads(run("estimate", "e4m3fn-e4m3fn-fp16", "--card", card, "--json").stdout)
    assert guess["area_um2"] == pytest.approx(row["area_um2"], rel=0.1)
    assert guess["delay_ps"] == pytest.approx(row["delay_ps"], rel=0.25)


@pytest.mark.slow
def test_units_are_compared_on_a_card_without_estimates(run, tmp_path):
    file = tmp_path / "other.card.json.gz"
    replace(load_card("sky130hd"), name="other").save(file)
    result = run("compare", "int4-int4-fx16", "--card", file, "-o", tmp_path, "-j", 1)
    assert result.exit_code == 0
    assert "estimated" not in result.stdout
    assert "note: only mapped figures are compared: no estimates, for none is calibrated for the card other; " in result.stderr
    assert "- Estimates: none, for none is calibrated for the card other" in (tmp_path / "compare.md").read_text()
