"""Published ratios stand where their sources' units are, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from hwmodel.cost import SOURCE_RATIOS
from hwmodel.report.chart import Mark, draw
from hwmodel.report.claims.marks import DRAWN, marks, published
from hwmodel.report.compare import INT8_VERSUS_FP8, TWO_FP8_FORMATS
from hwmodel.report.dot_units import FORMATS, dot_units
from hwmodel.spec import MacSpec


def _table(specs, label=None) -> pd.DataFrame:
    """A unit's area is 1000 um2 times its place, its energy a tenth of that, per product; a third each part."""
    place = np.arange(1.0, len(specs) + 1)
    lanes = np.array([MacSpec.parse(spec).lanes for spec in specs])
    table = pd.DataFrame({"spec": list(specs), "lanes": lanes, "area_um2": 1000 * place * lanes, "energy_fj": 100 * place * lanes})
    for part in ("mpy", "alignadd", "normacc"):
        table[f"area_{part}_um2"], table[f"energy_{part}_fj"] = table["area_um2"] / 3, table["energy_fj"] / 3
    if label is not None:
        table.insert(0, "label", label)
    return table


def _placed(table: pd.DataFrame) -> dict:
    return {(mark.row, mark.quantity, mark.source.partition("'")[0]): mark.value for mark in marks(table)}


@pytest.mark.parametrize("claim", DRAWN, ids=lambda claim: f"{claim.source} {claim.unit}")
def test_claims_are_about_units_that_have_names(claim) -> None:
    for spec in (claim.unit, claim.over):
        named = spec + "-x8" * claim.lanes
        assert str(MacSpec.parse(named)) == named


def test_the_default_comparison_has_the_ratios_of_2303_17951() -> None:
    """+53 % and +183 % over INT8 with a fixed-point accumulator, which is the first."""
    assert _placed(_table(INT8_VERSUS_FP8)) == {
        (INT8_VERSUS_FP8.index("e4m3fn-e4m3fn-fp16"), "area", "arXiv 2303.17951"): pytest.approx(1530),
        (INT8_VERSUS_FP8.index("e4m3fn-e4m3fn-fp32"), "area", "arXiv 2303.17951"): pytest.approx(2830),
    }
    assert SOURCE_RATIOS == {"e4m3-e4m3-fp16": 1.53, "e4m3-e4m3-fp32": 2.83}


def test_dot_units_have_those_of_their_operands() -> None:
    placed = _placed(_table([str(spec) for spec in dot_units()], list(FORMATS)))
    # FP8 is 1.126 of INT8, the first; MXFP4 1.271 of INT4, the fifth; NVFP4 .54 (area) and .55 (energy) of MXFP8, the fourth.
    assert len(placed) == 9
    assert placed[2, "area", "FormatScope"] == pytest.approx(1126)
    assert placed[5, "area", "FormatScope"] == pytest.approx(1.271 * 5000)
    assert placed[6, "area", "arXiv 2510.25602"] == pytest.approx(0.54 * 4000)
    assert placed[6, "energy", "arXiv 2510.25602"] == pytest.approx(0.55 * 400)
    sources = {mark.source for mark in marks(_table([str(spec) for spec in dot_units()], list(FORMATS)))}
    assert sources == {"FormatScope's ratio, times INT8 or INT4 here", "arXiv 2510.25602's ratio, times MXFP8 E4M3 here"}


def test_both_fp8_formats_have_that_of_hfp8() -> None:
    assert _placed(_table(TWO_FP8_FORMATS)) == {(2, "area", "HFP8 (NeurIPS 2019)"): pytest.approx(1050)}


@pytest.mark.parametrize(
    "specs",
    [
        ("int8-int8-fp16", "e4m3fn-e4m3fn-fp16"),  # over another accumulator
        ("int8-int8-fx32", "e5m2-e5m2-fp16"),
        ("int8-int8-fx32", "e4m3fn-e4m3fn-fp16-p1"),
        ("int8-int8-fp32", "e4m3fn-e4m3fn-fp32"),  # FormatScope's are dot units
        ("int8-int8-fp32-x8", "e4m3fn-e4m3fn-fp32-x32"),  # not the same number of lanes
    ],
)
def test_a_ratio_of_other_units_is_no_ratio_of_these(specs) -> None:
    assert marks(_table(specs)) == []
    assert published(_table(specs)) == []


def test_the_page_sets_published_beside_mapped() -> None:
    table = _table(("int8-int8-fp32-x32", "e4m3fn-e4m3fn-fp32-x32"))
    (line,) = published(table)
    assert line[:6] == ["e4m3fn-e4m3fn-fp32-x32", "int8-int8-fp32-x32", "area", "1.13", "2.00", "–"]
    assert published(table.assign(est_area_um2=[32.0, 48.0]))[0][5] == "1.50"


def test_marks_are_in_the_chart_and_in_its_legend(tmp_path) -> None:
    table = _table(("int8-int8-fx32", "e4m3fn-e4m3fn-fp16", "e4m3fn-e4m3fn-fp32"))
    text, plain = (
        draw(table, tmp_path / name, title="Units", marks=found)[1].read_text() for name, found in (("marked", marks(table)), ("plain", []))
    )
    assert "arXiv 2303.17951's ratio, times int8-int8-fx32 here" in text
    assert "arXiv" not in plain


@pytest.mark.parametrize("units", [2, 12])
def test_no_mark_lies_on_a_ratio(tmp_path, monkeypatch, units) -> None:
    """Wherever a mark falls, within its bar, at the end or far behind it; of two marks too."""
    table = _table(["int8-int8-fx32"] * units)
    figures: list = []
    monkeypatch.setattr("hwmodel.report.chart.save_figure", lambda figure, file: figures.append(figure))
    last = units - 1
    for value in (0.8, 1.0, 1.2, 1.4):
        found = [Mark(last, "area", 1000 * units * value, "one"), Mark(last, "area", 1000 * units * (value + 0.1), "other")]
        draw(table, tmp_path / "chart", title="Units", marks=found)
        figure = figures[-1]
        figure.draw_without_rendering()
        axis = figure.axes[0]
        ratios = [text.get_window_extent() for text in axis.texts]
        centres = [axis.transData.transform((mark.value / 1000, mark.row)) for mark in found]
        half = 2.4 / 72 * figure.dpi
        for x, y in centres:
            assert not any(box.x0 < x + half and x - half < box.x1 and box.y0 < y + half and y - half < box.y1 for box in ratios), value
        assert max(box.x1 for box in ratios) < axis.get_window_extent().x1 + half
