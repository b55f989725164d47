"""emit, verify, synth, tech: files, machine-readable output, exit codes."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwmodel.flow import load_card
from hwmodel_sim import verify_many
from hwmodel_sim.expected import Coverage
from hwmodel_sim.obligations import Obligation
from hwmodel_sim.report import Report

LIBRARY = Path(__file__).parents[1] / "flow" / "small.lib"


@pytest.fixture
def simulated_once(monkeypatch):
    """Of calls of `verify` that are the same, the first alone simulates; the others are given its reports, to print them another way."""
    reports: dict[str, list[Report]] = {}

    def remembered(circuits, **options):
        circuits = list(circuits)
        call = f"{circuits} {options}"
        if call not in reports:
            reports[call] = list(verify_many(circuits, **options))
        return reports[call]

    monkeypatch.setattr("hwmodel_sim.verify_many", remembered)
    return reports


def test_emit_writes_the_same_bytes_twice(run, tmp_path):
    first = run("emit", "int8-int8-fx32", "e5m2-e4m3fn-fp16-p1", "-o", tmp_path / "a", "--json")
    run("emit", "int8-int8-fx32", "e5m2-e4m3fn-fp16-p1", "-o", tmp_path / "b" / "c")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["e5m2_e4m3fn_fp16_p1.json", "e5m2_e4m3fn_fp16_p1.v", "int8_int8_fx32.json", "int8_int8_fx32.v"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / "c" / name).read_bytes()
    rows = json.loads(first.stdout)
    assert [(row["spec"], row["latency"], row["a_bits"], row["acc_bits"]) for row in rows] == [
        ("int8-int8-fx32", 1, 8, 32),
        ("e5m2-e4m3fn-fp16-p1", 2, 8, 16),
    ]
    for row in rows:
        verilog = (tmp_path / "a" / f"{row['module']}.v").read_bytes()
        assert hashlib.sha256(verilog).hexdigest() == row["sha256"]
        assert json.loads((tmp_path / "a" / f"{row['module']}.json").read_text())["spec"] == row["spec"]


def test_emit_takes_an_architecture(run, tmp_path):
    run("emit", "int8-int8-fx32", "-o", tmp_path, "--adder", "kogge_stone", "--multiplier", "booth")
    manifest = json.loads((tmp_path / "int8_int8_fx32.json").read_text())
    assert manifest["architecture"] == {"adder": "kogge_stone", "multiplier": "booth", "paths": "single"}


def test_commands_build_units_as_the_reports_do(run, tmp_path):
    """What a person emits and maps by default is what estimates were learnt from."""
    from hwmodel.cost.calibration import load_calibration
    from hwmodel_rtl import Architecture

    run("emit", "int4-int4-fx", "-o", tmp_path)
    manifest = json.loads((tmp_path / "int4_int4_fx.json").read_text())
    assert manifest["architecture"] == Architecture(**load_calibration("sky130hd").architecture).as_dict() == Architecture().as_dict()


def test_emit_adds_an_lfsr(run, tmp_path):
    rows = json.loads(run("emit", "e2m1fn-e2m1fn-fp16.sr4", "--lfsr", "--seed", "9", "-o", tmp_path, "--json").stdout)
    assert [row["module"] for row in rows] == ["e2m1fn_e2m1fn_fp16_sr4", "e2m1fn_e2m1fn_fp16_sr4_lfsr"]
    for row in rows:
        assert hashlib.sha256((tmp_path / f"{row['module']}.v").read_bytes()).hexdigest() == row["sha256"]
    assert json.loads((tmp_path / "e2m1fn_e2m1fn_fp16_sr4_lfsr.json").read_text())["lfsr"]["seed"] == 9


def test_a_narrow_table_tells_a_unit_from_its_lfsr(run, tmp_path):
    table = run("emit", "e2m1fn-e2m1fn-fp16.sr4", "--lfsr", "-o", tmp_path, columns=80).stdout
    assert "_lfsr" in table.replace("\n", "").replace(" ", "")
    assert max(map(len, table.splitlines())) <= 80


def test_synth(run):
    rows = json.loads(run("synth", "int4-int4-fx16", "e2m1fn-e2m1fn-fp16.sr4", "--json").stdout)
    assert [row["spec"] for row in rows] == ["int4-int4-fx16", "e2m1fn-e2m1fn-fp16.sr4"]
    for row in rows:
        for quantity, unit in (("area", "um2"), ("energy", "fj"), ("energy_timed", "fj")):
            parts = [row[f"{quantity}_{part}_{unit}"] for part in ("mpy", "alignadd", "normacc")]
            assert row[f"{quantity}_{unit}"] == pytest.approx(sum(parts))
            assert row[f"{quantity}_ratio"] == pytest.approx(row[f"{quantity}_{unit}"] / rows[0][f"{quantity}_{unit}"])


def test_synth_table_says_what_energy_is(run):
    table = run("synth", "int4-int4-fx16", columns=80).stdout
    assert "without glitches" in table
    assert max(map(len, table.splitlines())) <= 80


def test_synth_on_a_file_tells_both_energies(run, tmp_path):
    np.save(tmp_path / "acts.npy", np.random.default_rng(1).integers(-8, 8, (2, 16, 20)))
    table = run("synth", "int4-int4-fx16", "--operands", tmp_path / "acts.npy").stdout
    assert "320 MACs on operands of acts.npy" in table
    assert "with delays and the glitches they make" in table
    assert "95 % interval" in table
    np.save(tmp_path / "wide.npy", np.full((2, 16, 20), 300))
    result = run("synth", "int4-int4-fx16", "--operands", tmp_path / "wide.npy")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("error: wide.npy holds 320 numbers such as 300, and int4 reaches from -8 to 7; scale them first\n")


def test_synth_without_energy(run):
    (row,) = csv.DictReader(io.StringIO(run("synth", "int4-int4-fx16", "--no-energy", "--csv").stdout))
    assert "energy_fj" not in row
    assert "energy_ratio" not in row
    assert "energy_timed_ratio" not in row
    assert float(row["area_um2"]) > 0


@pytest.mark.slow
def test_compare(run, tmp_path):
    result = run("compare", "int4-int4-fx16", "e2m1fn-e2m1fn-fp16", "-o", tmp_path, "--name", "small", "--json", "-j", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.csv", "small.md", "small.png", "small.svg"]
    first, second = json.loads(result.stdout)
    assert (first["area_um2_ratio"], first["est_energy_fj_ratio"]) == (1, 1)
    assert second["area_um2_ratio"] == pytest.approx(second["area_um2"] / first["area_um2"])
    assert second["est_area_low_um2"] <= second["est_area_um2"] <= second["est_area_high_um2"]


def test_tech(run):
    rows = {row["name"]: row for row in json.loads(run("tech", "list", "--json").stdout)}
    assert list(rows) == ["asap7", "sg13g2", "sky130hd"]
    assert (rows["asap7"]["licence"], rows["asap7"]["full_adder"]) == ("BSD-3-Clause", "FAx1_ASAP7_75t_R")
    assert (rows["sg13g2"]["licence"], rows["sg13g2"]["full_adder"]) == ("Apache-2.0", None)
    row = rows["sky130hd"]
    assert row["licence"] == "Apache-2.0"
    assert row["nand2"] == "sky130_fd_sc_hd__nand2_1"
    cells = json.loads(run("tech", "show", "sky130hd", "--cells", "--json").stdout)
    assert len(cells) == row["cells"]
    text = run("tech", "show", "sky130hd").stdout
    assert "Apache-2.0" in text
    assert "sky130_fd_sc_hd__fa_1" in text


def test_an_imported_library_is_mapped_to(run, tmp_path):
    """From a Liberty file to a card and on to gates, and the same without a card in between."""
    (row,) = json.loads(run("tech", "import", "mine", LIBRARY, "-o", tmp_path / "new" / "mine.card.json.gz", "--json").stdout)
    assert (row["name"], row["nand2_um2"], row["flip_flop_um2"], row["full_adder"]) == ("mine", 2, 9, "FA")
    common = ["synth", "int4-int4-fx16", "--json", "--no-energy"]
    (by_card,) = json.loads(run(*common, "--card", row["file"]).stdout)
    (by_file,) = json.loads(run(*common, "--liberty", LIBRARY).stdout)
    assert (by_card.pop("card"), by_file.pop("card")) == ("mine", "small")
    assert by_card == by_file
    assert by_card["area_sequential_um2"] == 9 * by_card["flip_flops"] > 0


@pytest.mark.parametrize("command", ["emit", "synth", pytest.param("verify", marks=pytest.mark.slow)])
def test_a_temporary_folder_with_a_space(run, tmp_path, monkeypatch, command):
    """Make and ABC cannot work in one."""
    spaced = tmp_path / "t m p"
    spaced.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spaced))
    monkeypatch.setenv("TMPDIR", str(spaced))
    options = {"emit": ["-o", tmp_path / "out"], "synth": ["--no-energy"], "verify": ["--vectors", 1000]}[command]
    result = run(command, "int4-int4-fx", *options)
    assert (result.exit_code, result.stderr) == (0, "")


def test_mismatch_of_netlist_and_golden_model_is_exit_code_1(run, monkeypatch):
    from hwmodel.sweep.rows import MismatchError

    def differs(*_: object, **__: object) -> None:
        raise MismatchError("unit int4-int4-fx: mapped netlist and golden model differ")

    monkeypatch.setattr("hwmodel.sweep.rows.mapped_row", differs)
    result = run("synth", "int4-int4-fx")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: unit int4-int4-fx: mapped netlist and golden model differ\n"


def test_estimate(run):
    rows = json.loads(run("estimate", "int8-int8-fx32", "e4m3fn-e4m3fn-fp32", "--json").stdout)
    assert [row["spec"] for row in rows] == ["int8-int8-fx32", "e4m3fn-e4m3fn-fp32"]
    for row in rows:
        for quantity, unit in (("area", "um2"), ("energy", "fj")):
            parts = [row[f"{quantity}_{part}_{unit}"] for part in ("mpy", "alignadd", "normacc")]
            assert row[f"{quantity}_{unit}"] == pytest.approx(sum(parts))
            assert 0 < row[f"{quantity}_low_{unit}"] <= row[f"{quantity}_{unit}"] <= row[f"{quantity}_high_{unit}"]
            assert row[f"{quantity}_ratio"] == pytest.approx(row[f"{quantity}_{unit}"] / rows[0][f"{quantity}_{unit}"])


def test_estimate_says_how_wrong_it_is(run):
    text = run("estimate", "int8-int8-fx32", "e5m2-e5m2-chunk64:e6m9:fp32", columns=80).stdout
    assert text.count("90% intervals: mpy ") == 3  # of area, and of energy without glitches and with them
    assert " ".join(text.split()).count("mapped units, each left out of its own fit") == 4  # of the delay, too
    assert "without glitches" in text
    assert max(map(len, text.splitlines())) <= 80


def test_estimate_explained(run):
    names = ["int8-int8-fx32", "e4m3fn-e4m3fn-fp32"]
    rows = json.loads(run("estimate", *names, "--explain", "--json").stdout)
    wholes = json.loads(run("estimate", *names, "--json").stdout)
    for whole in wholes:
        own = [row for row in rows if row["spec"] == whole["spec"]]
        assert sum(row["count"] * row["each_um2"] for row in own) == pytest.approx(whole["area_um2"])
        assert sum(row["count"] * row["clock_fj"] + row["working"] * row["each_fj"] for row in own) == pytest.approx(whole["energy_fj"])
        for part in ("alignadd", "normacc"):
            area = sum(row["area_um2"] for row in own if row["part"] == part)
            assert area == pytest.approx(whole[f"area_{part}_um2"])
    # Registers are not learnt: their number, times the library's flip-flop.
    (state,) = (row for row in rows if row["spec"] == "int8-int8-fx32" and row["cell"] == "flip_flop")
    assert (state["count"], state["each_um2"]) == (35, pytest.approx(20.0192))
    text = run("estimate", *names, "--explain", columns=80).stdout
    assert all(f"{name} on sky130hd: " in text for name in names)
    assert max(map(len, text.splitlines())) <= 80


def test_paper_mode_gives_the_published_ratios(run):
    rows = json.loads(run("estimate", "int8-int8-fx27", "e4m3-e4m3-fp16", "e4m3-e4m3-fp32", "--paper", "--json").stdout)
    # arXiv 2303.17951: +53 % and +183 %
    assert [row["gates_ratio"] for row in rows] == pytest.approx([1, 1.53, 2.83], abs=0.03)
    assert all(row["gates"] == row["gates_mpy"] + row["gates_alignadd"] + row["gates_normacc"] for row in rows)


def test_no_estimate_without_a_calibration(run, tmp_path):
    source = tmp_path / "other.card.json.gz"
    card = load_card("sky130hd")
    replace(card, name="other").save(source)
    result = run("estimate", "int8-int8-fx32", "--card", source)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no estimate is calibrated for the card 'other'; calibrated cards: ")


def test_no_estimate_for_a_card_that_only_has_the_name(run, tmp_path):
    source = tmp_path / "fake.card.json.gz"
    card = load_card("sky130hd")
    replace(card, wire_ff_per_sink=2 * card.wire_ff_per_sink).save(source)
    result = run("estimate", "int8-int8-fx32", "--card", source)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: the card 'sky130hd' has other figures than the card of that name")
    replace(card, source="a copy").save(source)
    assert run("estimate", "int8-int8-fx32", "--card", source).stdout == run("estimate", "int8-int8-fx32").stdout


@pytest.mark.slow
def test_verify_passes(run):
    result = run("verify", "int4-int4-fx16", "--vectors", 2000, "--json")
    (row,) = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (row["result"], row["pairs_met"], row["mismatches"]) == ("equal", 256, [])
    assert row["vectors"] >= 2000


@pytest.mark.slow
def test_verify_names_what_it_did_not_reach(run, tmp_path, simulated_once):
    run("emit", "int4-int4-fx32", "-o", tmp_path)
    circuit = tmp_path / "int4_int4_fx32.v"
    circuit.write_text(circuit.read_text().replace("register", "keep"))  # nothing can be written there from outside
    call = ("verify", "int4-int4-fx32", "--vectors", 2000, "--verilog", circuit)
    (row,) = json.loads(run(*call, "--json").stdout)
    assert row["result"] == "equal"
    assert row["unreached"][0] == {"what": "upper end of the register", "steps": 1 << 25}
    (line,) = csv.DictReader(io.StringIO(run(*call, "--csv").stdout))
    assert line["unreached"].startswith("upper end of the register (33554432 steps); lower end of the register (")
    assert "not reached:" in run(*call).stdout
    assert len(simulated_once) == 1


def test_compare_names_what_its_proof_did_not_reach(run, tmp_path, monkeypatch):
    def partly(spec):
        return Report(spec, "verilator", 1, 2000, Coverage(), [Obligation(0, "", 1, 1 << 25)], 1.0, 1.0, 1.0)

    monkeypatch.setattr("hwmodel_sim.verify", partly)
    result = run("compare", "int4-int4-fx16", "--prove", "-o", tmp_path, "--name", "one")
    assert result.exit_code == 0
    assert "not reached in the proof of int4-int4-fx16: upper end of the register (2^25 steps)" in " ".join(result.stdout.split())
    assert "Not reached in the proof of `int4-int4-fx16`: upper end of the register" in (tmp_path / "one.md").read_text(encoding="utf-8")
    (row,) = csv.DictReader((tmp_path / "one.csv").read_text(encoding="utf-8").splitlines())
    assert row["verified_missed"] == "upper end of the register (2^25 steps)"


def test_verify_finds_a_changed_operator(run, tmp_path, simulated_once):
    run("emit", "int4-int4-fx", "-o", tmp_path)
    circuit = tmp_path / "int4_int4_fx.v"
    changed = circuit.read_text().replace(" ^ ", " | ")
    assert changed != circuit.read_text()
    circuit.write_text(changed)
    call = ("verify", "int4-int4-fx", "--vectors", 2000, "--seed", 7, "--verilog", circuit)
    result = run(*call)
    assert result.exit_code == 1
    assert "circuit and golden model differ" in result.stdout
    assert "seed 7" in result.stdout
    assert f"--verilog {circuit}" in result.stdout
    assert result.stderr == ""
    (row,) = json.loads(run(*call, "--json").stdout)
    assert len(simulated_once) == 1
    (mismatch,) = row["mismatches"]
    assert (row["result"], mismatch["seed"], mismatch["expected"] != mismatch["got"]) == ("DIFFERS", 7, True)


@pytest.mark.slow
def test_verify_of_what_is_no_verilog(run, tmp_path):
    (tmp_path / "unit.v").write_text("not Verilog")
    result = run("verify", "int4-int4-fx", "--verilog", tmp_path / "unit.v")
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert "the Verilog has no module int4_int4_fx" in result.stderr


def test_ratios_are_per_product(run):
    rows = json.loads(run("estimate", "int8-int8-fx32", "int8-int8-fx32-x8", "--json").stdout)
    assert [row["lanes"] for row in rows] == [1, 8]
    assert rows[1]["area_ratio"] == pytest.approx(rows[1]["area_um2"] / 8 / rows[0]["area_um2"])
    assert rows[1]["energy_ratio"] == pytest.approx(rows[1]["energy_fj"] / 8 / rows[0]["energy_fj"])


def test_tables_of_lanes_tell_what_a_product_costs(run):
    assert "a product" not in run("estimate", "int8-int8-fx32").stdout
    shown = run("estimate", "int8-int8-fx32", "int8-int8-fx32-x8").stdout
    assert "a product" in shown
    assert "Estimated energy per step" in shown
