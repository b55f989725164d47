"""What Liberty files of other makers hold: units, supplies, conditions, tables of any shape, cells that must not stop an import."""

import re

import numpy as np
import pytest

from hwmodel.flow import TechCard, TechError, import_liberty

HEAD = """
library (odd) {
  delay_model : table_lookup; time_unit : "1ps"; voltage_unit : "1V"; nom_voltage : 1.0;
  capacitive_load_unit (1, ff); leakage_power_unit : "1nW"; LIBRARY
  wire_load ("small") { capacitance : 0.2; resistance : 1; slope : 8; fanout_length (1, 1.3); fanout_length (2, 3.0); }
  default_wire_load : "small"; define ("own", "cell", "string");
  lu_table_template (one) { variable_1 : input_net_transition; index_1 ("10, 20"); }
  lu_table_template (both) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("10, 20"); index_2 ("1, 2, 4"); }
  lu_table_template (turned) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("1, 2, 4"); index_2 ("10, 20"); }
  lu_table_template (three) { variable_1 : related_out_total_output_net_capacitance; variable_2 : total_output_net_capacitance;
    variable_3 : input_net_transition; index_1 ("1, 9"); index_2 ("1, 2, 4"); index_3 ("10, 20"); }
  power_lut_template (one) { variable_1 : input_transition_time; index_1 ("10, 20"); }
  power_lut_template (both) { variable_1 : input_transition_time; variable_2 : total_output_net_capacitance;
    index_1 ("10, 20"); index_2 ("1, 2, 4"); }
"""
FLAT = """timing () { related_pin : "%s";
  cell_rise (scalar) { values ("5"); } cell_fall (scalar) { values ("6"); }
  rise_transition (scalar) { values ("7"); } fall_transition (scalar) { values ("8"); } }"""
GATES = f"""
  cell (INV) {{ area : 1; pin (A) {{ direction : input; capacitance : 1; }}
    pin (Y) {{ direction : output; function : "!A"; {FLAT % "A"} }} }}
  cell (BUF) {{ area : 1.5; pin (A) {{ direction : input; capacitance : 1; }}
    pin (Y) {{ direction : output; function : "A"; {FLAT % "A"} }} }}
  cell (NAND2) {{ area : 2; pin (A, B) {{ direction : input; capacitance : 1; }}
    pin (Y) {{ direction : output; function : "!(A B)"; {FLAT % "A B"} }} }}
  cell (DFF) {{ area : 5; ff (IQ, IQN) {{ clocked_on : "C"; next_state : "D"; }}
    pin (C, D) {{ direction : input; capacitance : 1; }} pin (Q) {{ direction : output; function : "IQ"; }} }}
"""


def _card(tmp_path, cells: str = "", *, library: str = "", head: str = HEAD, gates: str = GATES) -> TechCard:
    path = tmp_path / "odd.lib"
    path.write_text(head.replace("LIBRARY", library) + gates + cells + "}\n")
    return import_liberty("odd", [path])


def _gate(timing: str, *, pin: str = "", rest: str = "") -> str:
    """A buffer named X with the given timing of its output."""
    return f"""cell (X) {{ area : 3; {rest} pin (A) {{ direction : input; capacitance : 1; {pin} }}
      pin (Y) {{ direction : output; function : "A"; {timing} }} }}"""


def _timing(rise: str, kind: str = "cell_rise", rest: str = "") -> str:
    return f'timing () {{ related_pin : "A"; {rest} {kind} {rise} rise_transition (scalar) {{ values ("7"); }} }}'


@pytest.mark.parametrize(
    ("table", "slews", "loads", "values"),
    [
        ('(scalar) { values ("3"); }', [0], [0], [[3]]),
        ('(one) { values ("3, 4"); }', [10, 20], [0], [[3], [4]]),
        ('(both) { values ("1, 2, 3", "4, 5, 6"); }', [10, 20], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
        ('(both) { index_1 ("30, 50"); values ("1, 2, 3", "4, 5, 6"); }', [30, 50], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
        ('(both) { values ("1, 2, 3, \\\n 4, 5, 6"); }', [10, 20], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
        ('(both) { values ("1 2 3 \\\n", \\\n "4 5 6"); }', [10, 20], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
        ('(turned) { values ("1, 4", "2, 5", "3, 6"); }', [10, 20], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
        ('(three) { values ("1, 4", "2, 5", "3, 6", "9, 9", "9, 9", "9, 9"); }', [10, 20], [1, 2, 4], [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_tables_of_any_shape(tmp_path, table, slews, loads, values):
    output = _card(tmp_path, _gate(_timing(table))).cells["X"].outputs[0]
    assert (output.slews_ps.tolist(), output.loads_ff.tolist()) == (slews, loads)
    rise, fall, rise_slew, fall_slew = output.arcs["A"]
    assert rise.tolist() == fall.tolist() == values  # the one edge stands for the other
    assert np.all(rise_slew == 7)
    assert np.all(fall_slew == 7)


def test_the_worst_condition_counts_and_edges_may_stand_apart(tmp_path):
    rise = [
        _timing(f'(scalar) {{ values ("{delay}"); }}', rest=f'when : "{when}"; timing_type : combinational_rise;')
        for delay, when in ((3, "A"), (9, "!A"), (4, "A"))
    ]
    fall = """timing () { related_pin : A; timing_type : combinational_fall;
      cell_fall (scalar) { values ("2"); } fall_transition (scalar) { values ("1"); } }"""
    other = 'timing () { related_pin : "A"; timing_type : three_state_enable; cell_rise (scalar) { values ("99"); } }'
    arc = _card(tmp_path, _gate("".join(rise) + fall + other)).cells["X"].outputs[0].arcs["A"]
    assert arc[:, 0, 0].tolist() == [9, 2, 7, 1]


POWER = """internal_power () { %s rise_power (scalar) { values ("%g"); } fall_power (scalar) { values ("%g"); } }"""


@pytest.mark.parametrize(
    ("groups", "energy"),
    [
        ([('related_pin : "A";', 2, 4)], 3),
        ([('related_pin : "A"; when : "A";', 2, 4), ('related_pin : "A"; when : "!A";', 6, 8)], 5),
        # two supplies add up; the ground's is the same charge where it leaves
        ([('related_pin : "A"; related_pg_pin : VDD;', 2, 4), ('related_pin : "A"; related_pg_pin : VDDL;', 1, 1)], 4),
        ([('related_pin : "A"; related_pg_pin : VDD;', 2, 4), ('related_pin : "A"; related_pg_pin : VSS;', 1, 5)], 3),
        ([('related_pin : "A"; related_pg_pin : VSS;', 1, 5)], 3),
    ],
)
def test_internal_power_of_an_output(tmp_path, groups, energy):
    supplies = (
        "pg_pin (VDD) { pg_type : primary_power; } pg_pin (VDDL) { pg_type : primary_power; } pg_pin (VSS) { pg_type : primary_ground; }"
    )
    powers = "".join(POWER % group for group in groups)
    card = _card(tmp_path, _gate(FLAT % "A" + powers, rest=supplies))
    assert card.cells["X"].outputs[0].energy_fj.tolist() == [[energy]]


def test_internal_power_without_edges_and_on_an_axis_of_its_own(tmp_path):
    power = 'internal_power () { related_pin : "A"; power (both) { values ("1, 2, 3", "4, 5, 6"); } }'
    delay = _timing('(both) { index_2 ("1, 3, 4"); values ("1, 2, 3", "4, 5, 6"); }')
    assert _card(tmp_path, _gate(delay + power)).cells["X"].outputs[0].energy_fj.tolist() == [[1, 2.5, 3], [4, 5.5, 6]]


@pytest.mark.parametrize(
    ("groups", "energy"),
    [
        ([("", 2, 4)], 3),
        ([('when : "B";', 2, 4)], 1.5),  # the other state costs nothing
        ([('when : "B C";', 2, 4), ("", 8, 8)], 3 / 4 + 8 * 3 / 4),  # what has no condition is for the states that no other names
        ([('when : "B";', 2, 4), ('when : "!B";', 4, 6), ("", 99, 99)], 4),
    ],
)
def test_internal_power_of_an_input(tmp_path, groups, energy):
    powers = "".join(POWER % group for group in groups)
    assert _card(tmp_path, _gate(FLAT % "A", pin=powers)).cells["X"].inputs[0].energy_fj == pytest.approx(energy)


@pytest.mark.parametrize(
    ("stated", "leakage"),
    [
        ("cell_leakage_power : 4;", 4),
        ("cell_leakage_power : 0; leakage_power () { value : 3; }", 3),
        ('leakage_power () { value : 2; when : "A"; } leakage_power () { value : 6; when : "!A"; }', 4),
        # an output in a condition stands for its function: these are all states, and the group without a condition is for none
        (
            'leakage_power () { value : 2; when : "A Y"; } leakage_power () { value : 6; when : "!A !Y"; } leakage_power () { value : 9; }',
            4,
        ),
        ('leakage_power () { value : 2; when : "A"; } leakage_power () { value : 10; }', 6),
        ("leakage_power () { value : 3; related_pg_pin : VDD; } leakage_power () { value : 0; related_pg_pin : VSS; }", 3),
        ("", 7),
    ],
)
def test_leakage(tmp_path, stated, leakage):
    card = _card(tmp_path, _gate(FLAT % "A", rest=stated), library="default_cell_leakage_power : 7;")
    assert card.cells["X"].leakage_nw == pytest.approx(leakage)


def test_defaults_of_a_library(tmp_path):
    cell = _gate(FLAT % "A").replace("capacitance : 1;", "")
    defaults = "default_input_pin_cap : 2.5; default_max_capacitance : 40; default_leakage_power_density : 0.5;"
    found = _card(tmp_path, cell, library=defaults).cells["X"]
    assert (found.inputs[0].capacitance_ff, found.outputs[0].max_load_ff, found.leakage_nw) == (2.5, 40, 1.5)


OTHERS = f"""
  cell (BUS) {{ area : 9; bus (D) {{ bus_type : w; direction : input; pin (D[1:0]) {{ capacitance : 1; }} }}
    pin (Y) {{ direction : output; }} }}
  cell (BUNDLE) {{ area : 9; bundle (D) {{ members (D0, D1); direction : input; }} pin (Y) {{ direction : output; function : "A"; }} }}
  cell (BANK) {{ area : 9; ff_bank (IQ, IQN, 4) {{ clocked_on : "C"; next_state : "D"; }} }}
  cell (STATES) {{ area : 9; statetable ("C E", "IQ") {{ table : "L L : - : L , \\
      H - : - : N "; }} pin (Y) {{ direction : output; function : "C IQ"; }} }}
  cell (TOUCH) {{ dont_touch : true; area : 1; pin (Y) {{ direction : output; function : "A"; }} }}
  cell (USE) {{ dont_use : "true"; area : 1; pin (Y) {{ direction : output; function : "A"; }} }}
  cell (GATED) {{ clock_gating_integrated_cell : "latch_posedge"; area : 1; }}
  cell (TRI) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "A"; three_state : "!E"; }} }}
  cell (PAD) {{ area : 1; pin (P) {{ direction : inout; function : "A"; }} pin (Y) {{ direction : output; function : "P"; }} }}
  cell (TIE) {{ area : 1; pin (Y) {{ direction : output; function : "1"; }} }}
  cell (CUT) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; }} }}
  cell (FALL) {{ area : 1; ff (IQ, IQN) {{ clocked_on : "!C"; next_state : "D"; }} pin (C, D) {{ direction : input; }}
    pin (Q) {{ direction : output; function : "IQ"; }} }}
  cell (SCAN) {{ area : 1; ff (IQ, IQN) {{ clocked_on : "C"; next_state : "S ? D : T"; }} pin (C) {{ direction : input; }}
    pin (Q) {{ direction : output; function : "IQ"; }} }}
  cell (TWO) {{ area : 1; ff (P, PN) {{ clocked_on : "C"; next_state : "D"; }} ff (Q, QN) {{ clocked_on : "C"; next_state : "P"; }}
    pin (Q) {{ direction : output; function : "Q"; }} }}
  cell (BOTH) {{ area : 1; ff (IQ, IQN) {{ clocked_on : "C"; next_state : "D"; clear : "R"; preset : "S"; }}
    pin (Q) {{ direction : output; function : "IQ"; }} }}
  cell (PAIR) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "A"; {FLAT % "A"} }}
    pin (Z) {{ direction : output; function : "!A"; {FLAT % "A"} }} }}
  cell (WIDE) {{ area : 1; pin (A, B, C, D, E, F, G) {{ direction : input; }}
    pin (Y) {{ direction : output; function : "A B C D E F G"; }} }}
  cell (ODD) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "A ? B"; }} }}
  cell (BARE) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "A"; }} }}
  cell (RAGGED) {{ area : 1; pin (A) {{ direction : input; }}
    pin (Y) {{ direction : output; function : "A"; {_timing('(both) { values ("1, 2", "3"); }')} }} }}
  cell (NOAREA) {{ pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "A"; {FLAT % "A"} }} }}
  cell (CLKINV) {{ area : 1; pin (A) {{ direction : input; }} pin (Y) {{ direction : output; function : "!A"; {FLAT % "A"} }} }}
"""
REASONS = {
    "BUS": "it has buses",
    "BUNDLE": "it has bundles of pins",
    "BANK": "it is a bank of flip-flops",
    "STATES": "its state is given as a table",
    "TOUCH": "it is marked dont_touch",
    "USE": "it is marked dont_use",
    "GATED": "it gates clocks",
    "TRI": "its output Y is tri-state",
    "PAD": "it has a pin of both directions",
    "TIE": "its output is constant",
    "CUT": "its output Y has no function",
    "FALL": "its flip-flop is not one on the rising edge of one clock",
    "SCAN": "its flip-flop takes more than one data input",
    "TWO": "it holds several flip-flops",
    "BOTH": "its flip-flop has both clear and preset",
    "PAIR": "it has several outputs and is not an adder",
    "WIDE": "it has 7 inputs, and mappers take at most 6",
    "ODD": "it cannot be read: the function 'A ? B' has an unknown symbol '?'",
    "BARE": "it has no complete delay tables from A to Y",
    "RAGGED": "it cannot be read: its table cell_rise has 3 values where its axes ask for 2 × 3",
    "NOAREA": "it states no area",
    "CLKINV": "its name says 'CLK'",
}


def test_cells_that_logic_must_not_use_are_left_out_with_the_reason(tmp_path):
    card = _card(tmp_path, OTHERS)
    assert sorted(card.cells) == ["BUF", "DFF", "INV", "NAND2"]
    assert card.excluded == REASONS


def test_a_flip_flop_of_which_only_the_inverse_comes_out(tmp_path):
    cell = """cell (DFFN) { area : 4; ff ("IQN", "IQ") { clocked_on : "C"; next_state : "!D"; }
      pin (C, D) { direction : input; capacitance : 1; } pin (QN) { direction : output; function : "IQN"; } }"""
    found = _card(tmp_path, cell).cells["DFFN"]
    assert (found.flip_flop.next_state, found.outputs[0].function) == ("!D", "IQ")


OTHER_UNITS = [
    # time, capacitance, leakage and voltage in the file's unit, over ps, fF, nW and V
    ('"1ns"', "(1, pf)", '"1pW"', '"1V"', 1e-3, 1e-3, 1e3, 1.0),
    ('"100ps"', '(10, "ff")', '"1uW"', '"1mV"', 1e-2, 1e-1, 1e-3, 1e3),
    ('"10ps"', "(0.1, PF)", '"10nW"', '"100mV"', 1e-1, 1e-2, 1e-1, 10.0),
]


def _in_units(text: str, time: float, capacitance: float, leakage: float, voltage: float) -> str:
    """The text with every number written in other units."""
    energy = capacitance * voltage**2

    def scaled(pattern: str, factor: float, text: str) -> str:
        return re.sub(pattern, lambda match: match[1] + re.sub(r"[\d.]+", lambda number: repr(float(number[0]) * factor), match[2]), text)

    for pattern, factor in (
        (r"((?:cell_rise|cell_fall|rise_transition|fall_transition) \(\w+\) \{[^}]*?values \()([^)]*)", time),
        (r"(_power \(\w+\) \{ values \()([^)]*)", energy),
        (r"( index_1 \()([^)]*)", time),
        (r"( index_2 \()([^)]*)", capacitance),
        (r"(capacitance : )([\d.]+)", capacitance),
        (r"(cell_leakage_power : )([\d.]+)", leakage),
        (r"(nom_voltage : )([\d.]+)", voltage),
    ):
        text = scaled(pattern, factor, text)
    return text


@pytest.mark.parametrize(
    ("time_unit", "load_unit", "leakage_unit", "voltage_unit", "time", "capacitance", "leakage", "voltage"), OTHER_UNITS
)
def test_the_same_library_in_other_units_gives_the_same_card(
    tmp_path, time_unit, load_unit, leakage_unit, voltage_unit, time, capacitance, leakage, voltage
):
    delay = _timing('(both) { index_1 ("30, 50"); index_2 ("3, 5, 7"); values ("11, 12, 13", "14, 15, 16"); }')
    power = 'internal_power () { related_pin : "A"; rise_power (both) { values ("1, 2, 3", "4, 5, 6"); } }'
    cell = _gate(delay + power, rest="cell_leakage_power : 3;")
    head = HEAD.replace("three", "unused")
    plain = _card(tmp_path, cell, head=head)
    text = _in_units(head + GATES + cell, time, capacitance, leakage, voltage)
    for key, unit in (("time_unit", time_unit), ("voltage_unit", voltage_unit), ("leakage_power_unit", leakage_unit)):
        text = re.sub(f'{key} : "[^"]*"', f"{key} : {unit}", text)
    text = text.replace("capacitive_load_unit (1, ff)", f"capacitive_load_unit {load_unit}")
    other = _card(tmp_path, "", head=text, gates="")
    assert plain.cells["X"].outputs[0].energy_fj[0, 0] == pytest.approx(8.5)  # 2.5 at 10 ps and 3 fF, 5.5 at 20 ps: so much at 30 ps
    assert other.to_json() == plain.to_json()


def _two(tmp_path, first: str, second: str) -> TechCard:
    for name, text in (("a.lib", first), ("b.lib", second)):
        (tmp_path / name).write_text(text.replace("LIBRARY", "") + "}\n")
    return import_liberty("odd", [tmp_path / "a.lib", tmp_path / "b.lib"])


def test_files_of_one_library_may_have_units_of_their_own(tmp_path):
    other = HEAD.replace('time_unit : "1ps"', 'time_unit : "1ns"').replace("(1, ff)", "(1, pf)") + _gate(FLAT % "A")
    card = _two(tmp_path, HEAD + GATES, other)
    assert card.cells["INV"].outputs[0].arcs["A"][0, 0, 0] == 5
    assert card.cells["X"].outputs[0].arcs["A"][0, 0, 0] == 5000
    assert card.cells["X"].inputs[0].capacitance_ff == 1000


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (HEAD + GATES[: GATES.index("cell (BUF)")], r"b\.lib has the cell INV and so does .*a\.lib; a library has each of its cells once"),
        (
            HEAD.replace("nom_voltage : 1.0", "nom_voltage : 0.9") + _gate(FLAT % "A"),
            r"b\.lib is for 0\.9 V and .*a\.lib for 1 V: files of two corners are not one library",
        ),
    ],
)
def test_files_that_are_not_one_library(tmp_path, second, sentence):
    with pytest.raises(TechError, match=sentence):
        _two(tmp_path, HEAD + GATES, second)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(TechError, match=r"cannot be read: Is a directory"):
        import_liberty("odd", [tmp_path])


@pytest.mark.parametrize(
    ("stated", "voltage"),
    [
        ("nom_voltage : 0.8;", 0.8),
        ("operating_conditions (tt) { voltage : 0.7; } nom_voltage : 0.8;", 0.7),
        (
            "operating_conditions (ss) { voltage : 0.6; } operating_conditions (tt) { voltage : 0.7; } default_operating_conditions : tt;",
            0.7,
        ),
        ("voltage_map (VDD, 0.75); voltage_map (VSS, 0.0);", 0.75),
    ],
)
def test_the_supply(tmp_path, stated, voltage):
    assert _card(tmp_path, head=HEAD.replace("nom_voltage : 1.0;", stated)).voltage_v == voltage


def test_a_default_that_is_no_number(tmp_path):
    with pytest.raises(TechError, match=r"odd\.lib: a default of the library cannot be read: could not convert"):
        _card(tmp_path, library="default_input_pin_cap : small;")
