"""The chart of accumulators shows what its table says."""

import math
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from hwmodel.error import DrawnPairs, measure_dots, parse_distribution, parse_dot_unit, parse_sharing
from hwmodel.report import dots

SMALL = {"lengths": (16, 256), "rows": 2, "seeds": (0,)}
# fx16f12 holds up to 8: all sums of 256 wrap, and some of 16.
UNITS = ("e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fx16f12", "e4m3fn-e4m3fn-fp32")


def test_a_table_has_a_row_a_unit_data_and_length():
    table = dots.dots_table(UNITS, **SMALL)
    assert table["spec"].tolist() == [name for name in UNITS for _ in range(4)]
    assert table["data"].tolist() == ["gaussian", "gaussian", "offset:1", "offset:1"] * 3
    assert table["length"].tolist() == [16, 256] * 6
    source = DrawnPairs(parse_distribution("offset"), (2, 256))
    (found,) = measure_dots([parse_dot_unit(UNITS[0])], [source], [256], [0], parse_sharing("none"))
    assert table["mean_error"][3] == pytest.approx(found.accumulation.mean_error, rel=1e-12)
    assert table["lost"][7] == 2


def test_files_are_whole_and_the_same_every_time(tmp_path, monkeypatch):
    monkeypatch.setattr(dots, "dots_table", lambda table=dots.dots_table: table(UNITS, **SMALL))
    files = dots.report_dots(tmp_path / "dot-error")
    assert [file.name for file in files] == ["dot-error.png", "dot-error.svg", "dot-error.csv", "dot-error.md"]
    first = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in dots.report_dots(tmp_path / "dot-error")] == first
    assert first[0].startswith(b"\x89PNG")
    assert ElementTree.fromstring(first[1]).tag.endswith("svg")
    table = pd.read_csv(files[2])
    page = files[3].read_text()
    for spec in UNITS:
        for data in ("gaussian", "offset:1"):
            rows = table[(table["spec"] == spec) & (table["data"] == data)]
            cells = ["–" if math.isnan(row.mean_error) else f"{row.mean_error:.2g}" for row in rows.itertuples()]
            lost = [f" ({count} lost)" if count else "" for count in rows["lost"]]
            assert f"| `{spec}` | {cells[0]}{lost[0]} | {cells[1]}{lost[1]} |" in page
    assert "– (2 lost)" in page
    assert not list(tmp_path.glob("*.partial"))


def test_what_is_drawn_is_what_the_table_says(tmp_path):
    table = dots.dots_table(UNITS, **SMALL)
    dots.draw_dots(table, [tmp_path / "x.svg"])
    text = (tmp_path / "x.svg").read_text()
    for label in ("fp16", "fx16f12", "quantising the operands to e4m3fn", "some, or (above 1) all overflowed: left out"):
        assert f"<!-- {label} -->" in text
    # Units with names of their own do not count for what the others have in common.
    names = {UNITS[0]: "mine", "int8-int8-fx32": "yours"}
    dots.draw_dots(dots.dots_table([*UNITS, "int8-int8-fx32"], **SMALL), [tmp_path / "z.svg"], names=names)
    text = (tmp_path / "z.svg").read_text()
    assert all(f"<!-- {label} -->" in text for label in ("mine", "yours", "fx16f12", "quantising the operands to e4m3fn"))
    # Units of other operands are named in full; nothing overflows; more units than there are markers.
    names = ["int8-int8-fx32", *(f"fp16-fp16-e5m{bits}" for bits in range(2, 10))]
    dots.draw_dots(dots.dots_table(names, ["uniform"], lengths=(4,), rows=2, seeds=(0,)), [tmp_path / "y.svg"])
    text = (tmp_path / "y.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in names)
    assert "overflowed" not in text


def test_errors_above_one_are_on_the_chart(tmp_path, monkeypatch):
    tops = []
    monkeypatch.setattr(dots, "save_figure", lambda figure, file: tops.append(figure.axes[0].get_ylim()[1]))
    table = dots.dots_table(UNITS, **SMALL)
    for factor in (1.0, 1e4):
        dots.draw_dots(table.assign(mean_error=table["mean_error"] * factor / table["mean_error"].max()), [tmp_path / "x.svg"])
    assert tops == [10, 1e5]


def test_every_unit_of_the_default_set_is_known():
    table = dots.dots_table(lengths=(16,), rows=2)
    assert table["spec"].unique().tolist() == list(dots.UNITS)
    assert set(dots.NAMES) < set(dots.UNITS)
    assert set(table["data"]) == set(dots.TITLES)
    assert not table["lost"].any()
