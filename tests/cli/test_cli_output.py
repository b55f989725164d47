"""Tables, JSON and CSV as such."""

import csv
import io
import json

import numpy as np
import pytest

from hwmodel.cli.output import Column, Form, decibels, decimals, ratio, show, significant, with_ratios

ROWS = [
    {
        "unit": "e5m2-e5m2-chunk64:e6m9:fp32",
        "area_um2": 11094.6,
        "delay_ps": float("nan"),
        "seen": np.int64(3),
        "parts": {"mpy": np.float64(1.5)},
    },
    {"unit": "int8-int8-fx32", "area_um2": 3427.0, "delay_ps": float("inf"), "seen": None, "parts": {}},
]
COLUMNS = (
    Column("unit", "unit", left=True),
    Column("area_um2", "area\num²", decimals(0)),
    Column("delay_ps", "delay\nps", decimals(1)),
    Column("seen", "seen", wide=100),
)


def lines(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    show(ROWS, COLUMNS, Form.TABLE, title="Title", caption="Caption.")
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_json_has_no_nan(capsys):
    show(ROWS, COLUMNS, Form.JSON)
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [row["delay_ps"] for row in shown] == [None, "inf"]
    assert shown[0]["seen"] == 3
    assert shown[0]["parts"] == {"mpy": 1.5}


def test_csv_is_flat(capsys):
    show(ROWS, COLUMNS, Form.CSV)
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert first == {"unit": ROWS[0]["unit"], "area_um2": "11094.6", "delay_ps": "", "seen": "3"}
    assert second["seen"] == ""


def test_wide_columns_need_a_wide_terminal(capsys, monkeypatch):
    assert "seen" not in "".join(lines(capsys, monkeypatch, 80))
    assert "seen" in "".join(lines(capsys, monkeypatch, 120))


def test_numbers_stay_whole_and_names_break_between_their_parts(capsys, monkeypatch):
    shown = lines(capsys, monkeypatch, 36)
    assert shown[0] == "Title"
    assert shown[-1] == "Caption."
    assert " e5m2-e5m2-chunk64:  11,095      –" in shown
    assert " e6m9:fp32" in shown


@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_could_not_be_computed_is_a_dash(value):
    assert [text(value) for text in (decimals(1), significant(3), ratio)] == ["–", "–", "–"]


def test_what_is_exact_is_infinitely_good():
    assert [text(float("inf")) for text in (decimals(1), significant(3))] == ["∞", "∞"]
    assert [text(-float("inf")) for text in (decimals(1), significant(3))] == ["−∞", "−∞"]
    assert ratio(float("inf")) == "–"
    assert [decibels(value) for value in (float("inf"), -float("inf"), 31.25, None)] == ["exact", "−∞", "31.2", "–"]


def test_ratios_are_to_the_first_row():
    rows = with_ratios([{"x": 2.0}, {"x": 3.0}, {"x": None}, {}], {"ratio": "x"})
    assert [row["ratio"] for row in rows] == [1.0, 1.5, None, None]
