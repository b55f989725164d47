"""Published claims: what is written of them, when they hold, and how ours are worked out."""

import csv
import json
import re

import pytest

from hwmodel.cost import PARTS, calibrated_cards, estimate, paper
from hwmodel.flow import load_card
from hwmodel.report.claims import errors, mapped, published
from hwmodel.report.claims.claim import CostClaim, ErrorClaim, Measured, Side
from hwmodel.report.claims.findings import held, units_of
from hwmodel.report.claims.mapped import mapped_units, missing
from hwmodel.report.claims.page import claims_text, write_claims
from hwmodel.report.claims.parts import PAIRS, splits
from hwmodel.report.claims.published import CLAIMS, SOURCES
from hwmodel.report.claims.verdict import COUNTED, DIFFERS, HOLDS, UNKNOWN, UNLIKE, verdict
from hwmodel.spec import MacSpec

COSTS = [claim for claim in CLAIMS if isinstance(claim, CostClaim)]
ERRORS = {claim.key: claim for claim in CLAIMS if isinstance(claim, ErrorClaim)}

# Typed from the sources' own figures, not from the list.
FIGURES = {
    "fp8-fp16": 1.53, "fp8-fp32": 2.83, "fp8-least": 1.5, "acc12": 1 - 0.63, "hfp8": 1.05, "elma-area": 1.12, "elma-power": 0.96,
    "fp8-dot": 111_272 / 98_811, "mxint8-dot": 109_630 / 98_811, "mxfp4-dot": 35_294 / 27_772,
    "fp8-dot-add": (59_739 + 28_900) / (4_484 + 17_991 + 59_739 + 28_900 + 4_041 + 1_226),
    "int8-dot-mpy": (76_637 + 15_589) / (76_637 + 15_589 + 1_070 + 1_174),
    "mxint8-area": 0.79, "nvfp4-area": 0.54, "nvint4-area": 0.38, "mxint8-energy": 0.63, "nvfp4-energy": 0.55, "nvint4-energy": 0.34,
    "int8-mpy": (7 + 1) ** 2 / (3 + 1) ** 2, "fp8-aligner": 24 * 4.585 / (10 * 3.322), "mx6-memory": 1 / 2, "mx4-memory": 1 / 4,
    "vsq-area": 1 - 0.37, "vsq-energy": 1 - 0.24,
    "mul32": 3.1 / 0.2, "add32": 0.1 / 0.03, "mul8": 0.2 / 0.1, "fp16-mul": 1.1 / 0.2, "fp32-mul": 3.7 / 0.2, "fp16-add": 0.4 / 0.1,
    "fp32-add": 0.9 / 0.1, "tpu-mul8": 0.07 / 0.03, "tpu-bf16-mul": 0.21 / 0.07, "tpu-fp32-mul": 1.31 / 0.07, "tpu-fp32-add": 0.38 / 0.03,
}  # fmt: skip


def test_figures_are_those_of_their_sources():
    assert {claim.key: claim.published for claim in COSTS} == pytest.approx(FIGURES, rel=1e-3)


@pytest.mark.parametrize("claim", COSTS, ids=lambda claim: claim.key)
def test_every_claim_is_of_units_that_there_are(claim):
    for side in (claim.unit, claim.over):
        assert str(MacSpec.parse(side.unit)) == side.unit
        assert set(side.parts) <= {*PARTS, "multiply"}
    (found,) = held([claim], {}, load_card("sky130hd"))
    assert found.estimated.low < found.estimated.value < found.estimated.high
    assert found.mapped is found.mapped_flat is found.mapped_timed is None
    # What is right in kind: none is off by more than three times, in either direction.
    assert 1 / 3 < found.row["ratio"] < 3


def test_every_claim_says_whose_it_is_and_what_explains_it():
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)
    assert {claim.source for claim in CLAIMS} == set(SOURCES)
    assert all(claim.why or getattr(claim, "unlike", "") for claim in CLAIMS)
    assert not any(claim.sentence.endswith(".") for claim in CLAIMS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"mapped": (1.4,)}, HOLDS),
        ({"mapped": (1.36, 1.64)}, HOLDS),  # areas: both are near
        ({"mapped": (1.34, 1.5)}, DIFFERS),
        ({"mapped": (1.2, 1.8)}, DIFFERS),
        ({"mapped": (1.2, 1.8), "between": True}, HOLDS),  # energies: what is published lies between
        ({"mapped": (1.7, 1.64), "between": True}, HOLDS),
        ({"mapped": (1.7, 2.0), "between": True}, DIFFERS),
        ({"mapped": (1.2,), "counted": 1.52}, COUNTED),
        ({"mapped": (1.2,), "counted": 1.3}, DIFFERS),
        ({"mapped": (1.5,), "counted": 9.0}, HOLDS),
        ({"mapped": (1.2,), "estimated": (1.5, 1.4, 1.6)}, DIFFERS),  # cells count for more
        ({"estimated": (1.4, 1.39, 1.41)}, HOLDS),
        ({"estimated": (1.2, 1.1, 1.51)}, HOLDS),  # inside its interval
        ({"estimated": (1.2, 1.1, 1.49)}, DIFFERS),
        ({"mapped": (1.5,), "unlike": True}, UNLIKE),
        ({"counted": 1.5}, UNKNOWN),
    ],
)
def test_verdicts_on_a_ratio_of_one_and_a_half(arguments, expected):
    assert verdict(1.5, **arguments) == expected


def _row(spec: str, area: float, **others: float) -> dict:
    return {"spec": spec, "lanes": MacSpec.parse(spec).lanes, "area_um2": area, "area_flat_um2": area, **others}


def test_ratios_are_per_product_of_what_a_side_counts():
    unit, over = Side("int8-int8-fx32-x4", ("alignadd", "normacc"), weight=6), Side("int8-int8-fp32", ("multiply",), weight=8)
    claim = CostClaim("k", "HFP8", "s", "energy", 1.5, unit, over, "why")
    rows = {
        unit.unit: {"lanes": 4, "energy_alignadd_fj": 100.0, "energy_normacc_fj": 60.0},
        over.unit: {
            "lanes": 1,
            "energy_mpy_fj": 30.0,
            "energy_decode_fj": 10.0,
            "energy_timed_mpy_fj": 50.0,
            "energy_timed_decode_fj": 20.0,
        },
    }
    (found,) = held([claim], rows)
    assert found.mapped == pytest.approx((160 / 4 * 6) / (20 * 8))
    assert (found.estimated, found.mapped_flat, found.mapped_timed, found.verdict) == (None, None, None, HOLDS)
    rows[unit.unit] |= {"energy_timed_alignadd_fj": 400.0, "energy_timed_normacc_fj": 0.0}
    assert held([claim], rows)[0].mapped_timed == pytest.approx((400 / 4 * 6) / (30 * 8))


def test_the_literatures_count_holds_where_cells_do_not():
    (claim,) = [claim for claim in COSTS if claim.key == "fp8-fp32"]
    rows = {claim.unit.unit: _row(claim.unit.unit, 200), claim.over.unit: _row(claim.over.unit, 100)}
    (found,) = held([claim], rows, load_card("sky130hd"))
    assert found.counted == pytest.approx(2202 / 775)
    assert (found.mapped, found.mapped_flat, found.verdict) == (2, 2, COUNTED)
    assert found.row["ratio"] == pytest.approx(2 / 2.83)
    rows[claim.unit.unit]["area_um2"] = rows[claim.unit.unit]["area_flat_um2"] = 270
    assert held([claim], rows)[0].verdict == HOLDS


def test_an_interval_of_a_ratio_holds_both_sides_errors():
    (claim,) = [claim for claim in COSTS if claim.key == "elma-area"]
    (found,) = held([claim], {}, load_card("sky130hd"))
    sides = [estimate(MacSpec.parse(side.unit)).total_area_um2 for side in (claim.unit, claim.over)]
    assert found.estimated.value == pytest.approx(sides[0].value / sides[1].value)
    apart = sides[0].high / sides[0].value, sides[1].value / sides[1].low
    assert max(apart) < found.estimated.high / found.estimated.value < apart[0] * apart[1]


def test_surpluses_add_up_part_by_part():
    rows = {name: _row(name, 0, **dict(zip((f"area_{part}_um2" for part in PARTS), areas, strict=True)))
            for pair in PAIRS.values() for name, areas in zip(pair, ((20.0, 30.0, 40.0), (40.0, 10.0, 10.0)), strict=True)}  # fmt: skip
    found = {(each.pair, each.way): each.surplus for each in splits(rows, load_card("sky130hd"))}
    assert found["into FP32", "mapped"] == pytest.approx({"mpy": -1 / 3, "alignadd": 1 / 3, "normacc": 0.5, "total": 0.5})
    # arXiv 2303.17951: +53 %, +183 %.
    assert found["into FP16", "gates"]["total"] == pytest.approx(0.53, abs=0.02)
    assert found["into FP32", "gates"]["total"] == pytest.approx(1.83, abs=0.02)
    gates, over = (paper(MacSpec.parse(name)) for name in PAIRS["into FP16"])
    assert found["into FP16", "gates"]["mpy"] == pytest.approx((gates.mpy - over.mpy) / over.total)
    # FormatScope's stages, mapped apart: 116,382 over 94,469.
    assert found["32 lanes", "FormatScope"]["total"] == pytest.approx(116_382 / 94_469 - 1, abs=1e-3)
    assert found["32 lanes", "estimated"]["total"] == pytest.approx(held([_claim("fp8-dot")], {}, load_card("sky130hd"))[0].ours - 1)


def _claim(key: str):
    return next(claim for claim in CLAIMS if claim.key == key)


@pytest.mark.parametrize("key", ["mx9-over-e4m3", "mx9-over-msfp16", "qsnr-bound", "order-gaussian", "order-student"])
def test_statements_about_errors_hold(key, monkeypatch):
    monkeypatch.setattr(errors, "_SHAPE", (64, 1024))
    (found,) = held([ERRORS[key]], {})
    assert found.verdict == HOLDS
    assert found.row["measured"] == (found.measured if found.measured_value is None else found.measured_value)


def test_another_order_is_told(monkeypatch):
    monkeypatch.setattr(errors, "order", lambda distribution: ["INT8", "E2M5", "E5M2"])
    assert errors._best_and_worst("uniform", frozenset({"INT8", "E2M5"}), "E5M2") == Measured("INT8 > E2M5 > E5M2", True)
    assert not errors._best_and_worst("uniform", frozenset({"E2M5"}), "").holds
    assert not errors._best_and_worst("uniform", frozenset({"INT8"}), "E2M5").holds
    monkeypatch.setattr(errors, "_SHAPE", (16, 64))
    assert not errors._distance("mx9", "msfp16", 4.2).holds


def test_a_sum_swamps_where_half_a_unit_is_more_than_a_term(monkeypatch):
    """Of 16,384 terms of about 1 the sum stays at 4,096."""
    monkeypatch.setattr(errors, "SUM_TERMS", 16_384)
    assert errors.off("e6m9") == pytest.approx(0.75, abs=0.01)
    monkeypatch.setattr(errors, "off", lambda accumulator: 0.75)
    assert errors._swamps("e6m9", swamps=True) == Measured("off by 75.0%", True, 0.75)
    assert not errors._swamps("e6m9", swamps=False).holds


def test_what_is_mapped_already_is_not_mapped_again():
    units = missing({})
    assert set(units) == {*units_of(CLAIMS), *(name for pair in PAIRS.values() for name in pair)}
    assert units["e5m2-e5m2-fp32"] is False
    assert units["int8-int8-fx32"] is True  # ELMA's power is over it
    known = {"e5m2-e5m2-fp32": {"area_um2": 1.0}, "int8-int8-fx32": {"area_um2": 1.0}}
    assert set(units) - set(missing(known)) == {"e5m2-e5m2-fp32"}
    known["int8-int8-fx32"]["energy_fj"] = 1.0  # glitches are missing
    assert "int8-int8-fx32" in missing(known)
    known["int8-int8-fx32"]["energy_timed_fj"] = 1.0
    assert "int8-int8-fx32" not in missing(known)


def test_units_are_mapped_with_what_claims_ask_for(monkeypatch):
    few = CostClaim("k", "HFP8", "s", "energy", 1.5, Side("int3-int3-fx"), Side("int2-int2-fx-x2"), "why")
    monkeypatch.setattr(mapped, "CLAIMS", (few,))
    monkeypatch.setattr(mapped, "PAIRS", {"p": ("int3-int3-fx", "int2-int2-fx")})
    done: list[str] = []
    rows = mapped_units(load_card("sky130hd"), {"int2-int2-fx": {"spec": "known"}}, jobs=1, done=done.append)
    assert set(done) == {"int3-int3-fx", "int2-int2-fx-x2"}
    assert rows["int2-int2-fx"] == {"spec": "known"}
    assert "energy_timed_fj" in rows["int3-int3-fx"]
    assert "energy_timed_fj" not in rows["int2-int2-fx-x2"]  # of dot units it would take minutes
    (found,) = held([few], rows)
    assert found.mapped == pytest.approx(rows["int3-int3-fx"]["energy_fj"] / rows["int2-int2-fx-x2"]["energy_fj"] * 2)


@pytest.fixture
def few(monkeypatch):
    """Four claims about costs, and one about errors that takes no time."""
    error = ErrorClaim("e", "1812.08011", "It swamps", "swamps", lambda: Measured("off by 94%", True, 0.94), "So it does.")
    claims = (*(_claim(key) for key in ("fp8-fp32", "fp8-dot", "vsq-area", "elma-power")), error)
    monkeypatch.setattr(published, "CLAIMS", claims)
    return claims


def test_a_page_and_a_table(few, tmp_path):
    card = load_card("sky130hd")
    found, parts = held(few, {}, card), splits({}, card)
    table, page = write_claims(tmp_path, found, parts, card)
    rows = list(csv.DictReader(table.open()))
    assert [row["claim"] for row in rows] == ["fp8-fp32", "fp8-dot", "vsq-area", "elma-power", "e"]
    assert [row["verdict"] for row in rows] == [COUNTED, DIFFERS, UNLIKE, DIFFERS, HOLDS]
    assert rows[4]["published"] == "swamps"
    assert float(rows[4]["measured"]) == 0.94
    text = page.read_text()
    assert text == claims_text(found, parts, card)
    assert "1 of 5 hold." in text
    assert "| FP8 E4M3 into FP32 needs 183 % more | 2303.17951 | area | 2.83 | 2.84 |" in text
    assert "| It swamps | 1812.08011 | swamps | off by 94% | holds |" in text
    assert "| 32 lanes | FormatScope's own areas | -74% | +94% | +3% | +23% |" in text
    assert "- **HFP8**" not in text  # of no claim here
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.count("|") in (13, 6, 7) for line in tables)


def test_the_command(few, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from hwmodel.cli import app

    def run(*arguments, columns=80):
        return CliRunner().invoke(app, ["claims", *map(str, arguments)], env={"COLUMNS": str(columns)}, prog_name="hwmodel")

    result = run("--quick", "-o", tmp_path)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "on sky130hd: 1 of all 5 claims hold" in result.stdout
    text = " ".join(result.stdout.split())
    assert re.search(r"fp8-fp32 area 2\.83 2\.84 \d\.\d\d as counted", text)
    assert "elma-power ELMA 8/38 has 0.96 times the power of int8/32. Both circuits are ours" in text
    assert f"written: {tmp_path / 'claims.md'}" in result.stdout.replace("\n", "")
    assert [row["verdict"] for row in json.loads(run("--quick", "--json").stdout)] == [COUNTED, DIFFERS, UNLIKE, DIFFERS, HOLDS]
    assert run("--quick", "--csv").stdout.count("\n") == 6
    (tmp_path / "at").touch()
    for arguments, sentence in (
        (["--quick", "-o", tmp_path / "at"], "is not a folder"),
        (
            ["--quick", "--card", "asap7"],
            "--quick leaves nothing to hold claims against: no estimates, for none is calibrated for the card asap7",
        ),
        (["--card", "none"], "none"),
    ):
        if "asap7" in arguments and "asap7" in calibrated_cards():
            continue
        bad = run(*arguments)
        assert (bad.exit_code, bad.stdout) == (2, "")
        assert sentence in bad.stderr
