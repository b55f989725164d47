"""The chart of SQNR shows what its table says."""

import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from hwmodel.error import measure, parse_distribution
from hwmodel.report import sqnr
from hwmodel.spec import parse_block

GROUPS = (("wide", ("int8", "e4m3fn")), ("narrow", ("mxfp4", "nf4:64:e4m3fnu:amax:tensor")))


def test_a_table_of_formats_by_distribution():
    table = sqnr.sqnr_table(GROUPS, (8, 128))
    assert list(table.columns) == ["group", "format", "bits_per_element", "uniform", "gaussian", "laplace", "student:3", "lognormal:1.5"]
    assert table["format"].tolist() == ["int8", "e4m3fn", "mxfp4", "nf4:64:e4m3fnu:amax:tensor"]
    assert table["bits_per_element"].tolist()[:3] == [8, 8, 4.25]
    values = parse_distribution("laplace").draw((8, 128), sqnr.SEED)
    assert table["laplace"][2] == pytest.approx(measure(values, parse_block("mxfp4")).sqnr_db)


def test_files_are_whole_and_the_same_every_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sqnr, "sqnr_table", lambda table=sqnr.sqnr_table: table(GROUPS, (8, 128)))
    files = sqnr.report_sqnr(tmp_path / "sqnr")
    assert [file.name for file in files] == ["sqnr.png", "sqnr.svg", "sqnr.csv", "sqnr.md"]
    first = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in sqnr.report_sqnr(tmp_path / "sqnr")] == first
    assert first[0].startswith(b"\x89PNG")
    assert ElementTree.fromstring(first[1]).tag.endswith("svg")
    table = pd.read_csv(files[2])
    page = files[3].read_text()
    for row in table.itertuples():
        assert f"| `{row.format}` | {row.bits_per_element:.4g} | {row.uniform:.1f} | {row.gaussian:.1f} |" in page
    assert not list(tmp_path.glob("*.partial"))


def test_every_format_and_distribution_of_the_default_set_is_known():
    names = [name for _, group in sqnr.FORMATS for name in group]
    assert len(set(names)) == len(names)
    table = sqnr.sqnr_table(shape=(2, 64))
    assert table["format"].tolist() == names
    assert (table.iloc[:, 3:] > 0).all().all()
