"""Liberty import: adders by function, units, exclusions, exact error sentences; the bundled card."""

import gzip
import json
import re
from dataclasses import replace

import pytest
from flow_cases import liberty_files

from hwmodel.flow import TechCard, TechError, import_liberty, list_cards, load_card
from hwmodel.flow.adders import adder_cell, adder_in_use
from hwmodel.flow.boolean import expression, truth_table
from hwmodel.flow.card import CARD_FOLDER, CARD_SUFFIX

# Names and areas from the README beside the Liberty files.
ADDERS = [
    ("sky130hd", "sky130_fd_sc_hd__fa_1", "sky130_fd_sc_hd__ha_1", False, 3.7536),
    ("nangate45", "FA_X1", "HA_X1", False, 0.798),
    ("asap7", "FAx1_ASAP7_75t_R", "HAxp5_ASAP7_75t_R", True, 0.05832),
    ("sg13g2", None, None, False, 7.2576),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "full", "half", "inverted", "nand2_um2"), ADDERS)
def test_adders_are_found_by_function(library, name, full, half, inverted, nand2_um2):
    card = library(name)
    for kind, expected in (("full", full), ("half", half)):
        adder = adder_cell(card, kind)
        assert (adder.cell.name if adder else None) == expected
        if adder:
            assert (adder.sum_inverted, adder.carry_inverted) == (inverted, inverted)
    assert card.nand2.area_um2 == nand2_um2


@pytest.mark.slow
def test_an_adder_cell_is_used_only_where_gates_are_larger(library):
    assert adder_in_use(library("sky130hd"), "full") is not None
    assert adder_in_use(library("sky130hd"), "half") is None  # ha_1 12.512 um2 = xor2_1 8.7584 + nand2_1 3.7536
    assert adder_in_use(library("nangate45"), "full") is not None
    assert adder_in_use(library("nangate45"), "half") is None  # HA_X1 2.66 um2; XOR2 1.596 + NAND2 0.798


@pytest.mark.parametrize(
    ("name", "voltage_v", "inverter_ff", "rise_ps"),
    # Read by hand off the Liberty text: mean of rise and fall capacitance of the smallest inverter, first entry of its cell_rise table.
    [("sky130hd", 1.8, 2.302, 20.34), ("nangate45", 1.1, 1.62479, 5.585), ("sg13g2", 1.2, 2.86745, 20.56), ("asap7", 0.7, 0.619787, 6.907)],
)
def test_units_are_normalised(library, name, voltage_v, inverter_ff, rise_ps):
    card = library(name)
    assert card.voltage_v == voltage_v
    assert card.inverter.inputs[0].capacitance_ff == pytest.approx(inverter_ff, rel=1e-4)
    assert card.inverter.outputs[0].arcs[card.inverter.input_names[0]][0, 0, 0] == pytest.approx(rise_ps, rel=1e-3)


def test_cells_not_meant_for_logic_stay_out(library):
    sky, nangate = library("sky130hd"), library("nangate45")
    for name in ("sdfxtp_1", "dlxtp_1", "ebufn_1", "dlygate4sd3_1", "lpflow_inputiso0n_1", "decap_3", "dlclkp_1", "clkbuf_1", "conb_1"):
        assert f"sky130_fd_sc_hd__{name}" in sky.excluded
        assert f"sky130_fd_sc_hd__{name}" not in sky.cells
    assert {"TBUF_X1", "CLKGATE_X1", "SDFF_X1", "DLH_X1"} <= set(nangate.excluded)
    assert sky.cells["sky130_fd_sc_hd__dfxtp_1"].flip_flop.next_state == "D"


BUNDLED = {
    "asap7": ("BSD-3-Clause", "Arizona State University", "predictive"),
    "sg13g2": ("Apache-2.0", "IHP", "130 nm"),
    "sky130hd": ("Apache-2.0", "SkyWater", "130 nm"),
}


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_card_says_where_it_comes_from(name, tmp_path):
    assert list_cards() == sorted(BUNDLED)
    card = load_card(name)
    licence, maker, process = BUNDLED[name]
    assert (card.name, card.licence) == (name, licence)
    assert maker in card.source
    assert process in card.process
    assert (CARD_FOLDER / (name + CARD_SUFFIX)).stat().st_size < 1_000_000
    assert all(card.excluded.values())
    path = tmp_path / "again.card.json.gz"
    card.save(path)
    assert load_card(str(path)).to_json() == card.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_card_is_what_the_import_gives(name):
    fresh = import_liberty(name, liberty_files(name), fast_mapper="nf" if name == "asap7" else "map")
    pattern = r'"(process|source|licence)":"[^"]*",'
    assert re.sub(pattern, "", load_card(name).to_json()) == re.sub(pattern, "", fresh.to_json())


TINY = """
library (tiny) {
  time_unit : "1ns"; capacitive_load_unit (1, pf); voltage_unit : "1V"; nom_voltage : 1.0;
  cell (INV) { area : 1; pin (A) { direction : input; capacitance : 0.001; }
    pin (Y) { direction : output; function : "!A"; TIMING } }
  cell (BUF) { area : 2; pin (A) { direction : input; capacitance : 0.001; }
    pin (Y) { direction : output; function : "A"; TIMING } }
  cell (NAND2) { area : 2; pin (A) { direction : input; capacitance : 0.001; } pin (B) { direction : input; capacitance : 0.001; }
    pin (Y) { direction : output; function : "!(A B)"; TIMING TIMINGB } }
  cell (DFF) { area : 5; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) { direction : input; capacitance : 0.001; } pin (D) { direction : input; capacitance : 0.001; }
    pin (Q) { direction : output; function : "IQ"; } }
}
"""
_ARC = """timing () { related_pin : "%s"; timing_sense : negative_unate;
 cell_rise (scalar) { values ("0.1"); } cell_fall (scalar) { values ("0.2"); }
 rise_transition (scalar) { values ("0.1"); } fall_transition (scalar) { values ("0.1"); } }"""
TINY = TINY.replace("TIMINGB", _ARC % "B").replace("TIMING", _ARC % "A")


def _import(tmp_path, text: str | bytes, name: str = "tiny.lib") -> TechCard:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_liberty("tiny", [path])


def _damaged(text: str) -> bytes:
    """A .gz of `text` with its middle overwritten."""
    packed = bytearray(gzip.compress(text.encode(), mtime=0))
    packed[60:90] = bytes(range(30))
    return bytes(packed)


def test_a_small_library_imports(tmp_path):
    card = _import(tmp_path, TINY)
    assert sorted(card.cells) == ["BUF", "DFF", "INV", "NAND2"]
    assert card.cells["INV"].outputs[0].arcs["A"][:, 0, 0].tolist() == [100.0, 200.0, 100.0, 100.0]
    assert _import(tmp_path, gzip.compress(TINY.encode()), "tiny.lib.gz").to_json().replace(".gz", "") == card.to_json()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello", "is not a complete Liberty file: line 1 cannot be understood"),
        ("\n// counts\nmodule count (input clk);\nendmodule\n", "is not a complete Liberty file: line 3 cannot be understood"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a complete Liberty file: line 1 cannot be understood"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("/* nothing */", "is not a Liberty file: it holds 0 library groups where one is needed"),
        ("cell (INV) { area : 1; }", "is not a Liberty file: it holds 0 library groups where one is needed"),
        (TINY + TINY, "is not a Liberty file: it holds 2 library groups where one is needed"),
        (
            TINY[: TINY.index('function : "!(A B)"')],
            "it is cut off, in pin (Y), which begins in line 13",
        ),
        (TINY[: TINY.index('"!(A B)"') + 3], "it is cut off, in pin (Y), which begins in line 13"),
        (TINY.rstrip()[:-1], "it is cut off, in library (tiny), which begins in line 2"),
        (TINY + "}", "ends a group that never began"),
        (_damaged(TINY), "cannot be read: its compressed data are cut off or damaged"),
        (gzip.compress(TINY.encode(), mtime=0)[:100], "cannot be read: its compressed data are cut off or damaged"),
        (
            TINY.replace("ff (IQ", "latch (IQ"),
            "the library tiny has no D flip-flop on the rising clock edge, so no accumulator can be mapped to it",
        ),
        (TINY.replace("!(A B)", "A B"), "the library tiny has neither a NAND2 nor a NOR2, so no logic can be mapped to it"),
        (
            TINY.replace(_ARC % "B", ""),
            "neither a NAND2 nor a NOR2, so no logic can be mapped to it; left out are NAND2: it has no complete delay tables from B to Y",
        ),
        (TINY.replace('"!A"', '"A"'), "the library tiny has no inverter, so no logic can be mapped to it"),
        (TINY.replace('function : "A"', 'function : "!A"'), "the library tiny has no buffer, and ABC cannot time gates without one"),
        (TINY.replace("nom_voltage : 1.0;", ""), "states no supply voltage"),
        (TINY.replace("capacitive_load_unit (1, pf);", ""), "states no capacitive_load_unit"),
        (TINY.replace("nom_voltage : 1.0;", "nom_voltage : abc;"), "the supply voltage cannot be read: could not convert"),
        (TINY.replace("nom_voltage : 1.0;", "nom_voltage : nan;"), "the supply voltage cannot be read: nan is not a finite number"),
        (TINY.replace("capacitive_load_unit (1, pf);", 'capacitive_load_unit (x, "pf");'), "gives the unit 'xpf'"),
        (TINY.replace('"1ns"', '"1 fortnight"'), "gives the unit '1 fortnight'"),
        (TINY.replace('"1ns"', '"eps"'), "gives the unit 'eps'"),
        (TINY.replace('"1ns"', '"0ns"'), "gives the unit '0ns'"),
        (TINY.replace("cell (INV)", "cell ()"), "a cell has no name"),
        (TINY.replace("cell (BUF)", "cell (INV)"), "has the cell INV twice"),
        (
            re.sub(r"area : \d;", "", TINY),
            "no D flip-flop on the rising clock edge, so no accumulator can be mapped to it; left out are INV: it states no area",
        ),
        (
            TINY.replace("area : 1", "area : nan"),
            "the cell INV cannot be read: nan is not a finite number",
        ),
        (
            TINY.replace("area : 1", "area : inf"),
            "the cell INV cannot be read: inf is not a finite number",
        ),
        (
            TINY.replace("area : 1", "area : -1"),
            "the cell INV cannot be read: its area -1 is negative",
        ),
        (
            TINY.replace("capacitance : 0.001", "capacitance : -0.001", 1),
            "the cell INV cannot be read: the capacitance -0.001 of its pin A is negative",
        ),
        (
            TINY.replace('values ("0.2")', 'values ("nan")'),
            "the cell INV cannot be read: nan is not a finite number",
        ),
        (
            TINY.replace("!(A B)", "!(A Z)"),
            "left out are NAND2: it cannot be read: the function '!(A Z)' names 'Z', which is not among the inputs A, B",
        ),
    ],
)
def test_a_library_that_cannot_serve_gets_one_sentence(tmp_path, text, sentence):
    with pytest.raises(TechError, match=re.escape(sentence)) as caught:
        _import(tmp_path, text)
    assert "\n" not in str(caught.value)


def _renamed(text: str, prefix: str, **names: str) -> str:
    return re.sub(r"cell \((\w+)\)", lambda match: f"cell ({prefix}{names.get(match[1], match[1])})", text)


def test_names_that_are_not_for_logic_are_looked_for_behind_the_prefix(tmp_path):
    """``iso_clk_`` may name a vendor, and ``HB1`` in ``iso_clk_HB1`` is a hold buffer."""
    names = [f"iso_clk_{name}" for name in ("BUF", "DFF", "INV", "NAND2")]
    assert sorted(_import(tmp_path, _renamed(TINY, "iso_clk_")).cells) == names
    buffer = TINY[TINY.index("  cell (BUF)") : TINY.index("  cell (NAND2)")]
    for name in ("HB1", "CLKBUF", "ISOBUF"):
        card = _import(tmp_path, _renamed(TINY.replace("  cell (NAND2)", buffer.replace("BUF", name) + "  cell (NAND2)"), "iso_clk_"))
        assert (sorted(card.cells), list(card.excluded)) == (names, [f"iso_clk_{name}"])


def test_a_file_given_twice(tmp_path):
    (tmp_path / "tiny.lib").write_text(TINY)
    with pytest.raises(TechError, match="the card tiny: a Liberty file was given twice"):
        import_liberty("tiny", [tmp_path / "tiny.lib", tmp_path / "." / "tiny.lib"])


WRONG = [
    ("cells", []),
    ("cells", {"INV": {}}),
    ("cells", None),
    ("voltage_v", "x"),
    ("voltage_v", True),
    ("wire_ff_per_sink", None),
    ("name", 3),
    ("excluded", ["LATCH"]),
    ("excluded", {"LATCH": 1}),
    ("fast_mapper", "amap"),
    ("fast_mapper", 1),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_card_whose_fields_are_of_another_kind(tmp_path, key, value):
    data = json.loads(_import(tmp_path, TINY).to_json()) | {key: value}
    path = tmp_path / "wrong.card.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(TechError, match=r"wrong\.card\.json\.gz is not a tech card"):
        load_card(str(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [("area", "1"), ("area", float("nan")), ("inputs", [["A"]]), ("outputs", [{}]), ("outputs", 1), ("ff", ["C"]), ("leakage", [])],
)
def test_a_card_whose_cells_are_of_another_kind(tmp_path, key, value):
    data = json.loads(_import(tmp_path, TINY).to_json())
    data["cells"]["NAND2"][key] = value
    path = tmp_path / "wrong.card.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(TechError, match=r"is not a tech card"):
        load_card(str(path))


@pytest.mark.parametrize(
    ("key", "value"), [("slews", [1, 2]), ("energy", [[[0]]]), ("energy", [["x"]]), ("arcs", {"A": [[1]]}), ("function", "!(A &")]
)
def test_a_card_whose_tables_do_not_fit(tmp_path, key, value):
    data = json.loads(_import(tmp_path, TINY).to_json())
    data["cells"]["NAND2"]["outputs"][0][key] = value
    path = tmp_path / "wrong.card.json.gz"
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(TechError, match=r"is not a tech card"):
        load_card(str(path))


def test_a_card_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "tiny.card.json.gz"
    card = _import(tmp_path, TINY)
    card.save(path)
    assert load_card(str(path)).sha256 == card.sha256
    replace(card, voltage_v=2.0).save(path)
    assert load_card(str(path)).voltage_v == 2
    plain = tmp_path / "plain.card.json"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    assert load_card(str(plain)).sha256 == load_card(str(path)).sha256


def test_the_hash_of_a_card_is_that_of_its_figures(tmp_path):
    card = _import(tmp_path, TINY)
    assert replace(card, name="other", source="elsewhere", licence="none", process="1 nm").sha256 == card.sha256
    assert replace(card, voltage_v=1.1).sha256 != card.sha256
    assert replace(card, fast_mapper="nf").sha256 != card.sha256
    assert _import(tmp_path, TINY.replace("area : 2", "area : 3")).sha256 != card.sha256


def test_a_missing_file_and_an_unknown_card(tmp_path):
    with pytest.raises(TechError, match=r"none\.lib cannot be read: No such file"):
        import_liberty("none", [tmp_path / "none.lib"])
    with pytest.raises(TechError, match=r"there is no tech card 'sky131'; bundled cards: asap7, sg13g2, sky130hd"):
        load_card("sky131")


@pytest.mark.parametrize(
    ("function", "meant"),
    [
        ("!A", lambda a, b, c, d, s: not a),
        ("A'", lambda a, b, c, d, s: not a),
        ("(A B) + !C", lambda a, b, c, d, s: (a and b) or not c),
        ("A ^ B ^ C", lambda a, b, c, d, s: (a + b + c) % 2),
        ("!((A & B) | (C & D))", lambda a, b, c, d, s: not ((a and b) or (c and d))),
        ("A*(B+C')", lambda a, b, c, d, s: a and (b or not c)),
        ("(A & !S) | (B & S)", lambda a, b, c, d, s: b if s else a),
        ("A | B & C", lambda a, b, c, d, s: a or (b and c)),
        ("!A ^ B", lambda a, b, c, d, s: a == b),
        ("1", lambda a, b, c, d, s: 1),
        ("0", lambda a, b, c, d, s: 0),
    ],
)
def test_expressions_compute_their_function(function, meant):
    names = ("A", "B", "C", "D", "S")
    table = truth_table(function, names)
    text = expression(table, 5).format(*names)
    for row in range(32):
        values = {name: row >> index & 1 for index, name in enumerate(names)}
        assert table >> row & 1 == meant(*values.values())
        assert eval(text, {"M": 1}, values) == table >> row & 1


def test_every_cell_of_the_card_computes_its_function(card):
    for cell in card.cells.values():
        if cell.flip_flop is None:
            for table in cell.tables:
                text = expression(table, len(cell.inputs)).format(*(f"x{pin}" for pin in range(len(cell.inputs))))
                found = sum(
                    eval(text, {"M": 1}, {f"x{pin}": row >> pin & 1 for pin in range(len(cell.inputs))}) << row
                    for row in range(1 << len(cell.inputs))
                )
                assert found == table, cell.name


def test_liberty_files_that_are_not_there_skip_the_test(monkeypatch, tmp_path):
    monkeypatch.setattr("flow_cases.LIBERTY", tmp_path)
    with pytest.raises(pytest.skip.Exception, match="the Liberty files of nangate45 are not in"):
        liberty_files("nangate45")
    (tmp_path / "nangate45_typ.lib.gz").write_bytes(b"")
    assert liberty_files("nangate45") == [tmp_path / "nangate45_typ.lib.gz"]
