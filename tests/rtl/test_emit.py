"""Verilog and manifest: the same everywhere, complete, and clean."""

import hashlib
import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys, YosysError
from hwmodel_rtl import ADDERS, MULTIPLIERS, PATHS, Architecture, emit, emit_lfsr

UNITS = [
    "int8-int8-fx32",
    "e4m3fn-e4m3fn-fp32-p2",
    "uint8-int8-fx24.sat",
    "e5m2-e5m2-chunk64:e6m9:fp32",
    "int4-int4-chunk8:fx:fx40-p1",
    "fp16-bf16-fp16.rtz.ftz.unfused",
    "nf4@fp16-fp16-fp32",
    "elma8-elma8-fx38-p1",
    "e4m3fn+e5m2-e2m1fn+int8-fp32-p2",
    "cfloat8e4m3-cfloat16shp-fx",
    "e4m3fn-posit8es1-posit8es1.unfused",
    "posit6-posit6-quire-p1",
    "e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr4-p1",
    "hfp8-hfp8-dlfloat16.sr5",
]


@pytest.fixture(scope="module")
def yosys():
    with Yosys() as worker:
        yield worker


@pytest.mark.slow
def test_the_same_bytes_in_another_process(yosys):
    """Hash seeds and what was emitted before must not show."""
    units = ["e4m3fn-e5m2-chunk4:fx:fp16", "int4+e2m1fn+e4m3nosub+nf4@fp16-cfloat8e5m2-fp16", "elma8-elma8-fx"]
    code = (
        "from hwmodel.spec import MacSpec\nfrom hwmodel_rtl import emit\n"
        f"print(*(emit(MacSpec.parse(text)).manifest['sha256'] for text in {units}))\n"
    )
    emit(MacSpec.parse("int8-int8-fx"), yosys=yosys)
    here = " ".join(emit(MacSpec.parse(text), yosys=yosys).manifest["sha256"] for text in units)
    for seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert there.stdout.strip() == here


@pytest.mark.parametrize("text", UNITS)
def test_the_manifest_tells_the_file(text, yosys):
    spec = MacSpec.parse(text)
    unit = emit(spec, yosys=yosys)
    manifest = json.loads(unit.manifest_json)
    assert manifest["spec"] == text
    assert manifest["module"] == unit.name == re.sub("[^a-z0-9]", "_", text.replace("+", "_or_"))
    assert manifest["sha256"] == hashlib.sha256(unit.verilog.encode()).hexdigest()
    top = unit.verilog[unit.verilog.index(f"module {unit.name}(") :]
    top = top[: top.index("endmodule")]
    declared = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?\\?(\w+) ?;", top, flags=re.MULTILINE)
    assert sorted((name, kind[: -len("put")], int(high or 0) + 1) for kind, high, name in declared) == sorted(
        (port["name"], port["direction"], port["width"]) for port in manifest["ports"]
    )
    instances = [instance for part in manifest["parts"].values() for instance in part]
    assert instances
    for instance in instances:
        assert re.search(rf"^  {unit.name}__{instance} {instance} \($", top, flags=re.MULTILINE)
    assert {"mpy", "alignadd", "normacc"} <= set(instances)


def test_ports_are_those_of_the_interface(yosys):
    def ports(text):
        return {port["name"]: (port["direction"], port["width"]) for port in emit(MacSpec.parse(text), yosys=yosys).manifest["ports"]}

    common = {"clk": ("in", 1), "rst": ("in", 1), "valid": ("in", 1), "clear": ("in", 1), "acc_valid": ("out", 1)}
    flags = {"overflow": ("out", 1), "invalid": ("out", 1)}
    assert ports("int4-uint8-fx20") == common | flags | {"a": ("in", 4), "b": ("in", 8), "acc": ("out", 20)}
    assert ports("e5m2-fp16-bf16") == common | {"a": ("in", 8), "b": ("in", 16), "acc": ("out", 16)}
    assert ports("posit8-posit8-quire") == common | {"a": ("in", 8), "b": ("in", 8), "acc": ("out", 8)}
    assert ports("e5m2-fp16-bf16.sr9") == common | {"a": ("in", 8), "b": ("in", 16), "acc": ("out", 16), "rand": ("in", 9)}
    assert ports("e5m2-e5m2-chunk8:fx:tf32") == common | flags | {"flush": ("in", 1), "a": ("in", 8), "b": ("in", 8), "acc": ("out", 19)}
    modes = {"mode_a": ("in", 2), "mode_b": ("in", 6)}
    assert ports("e2m1fn+e4m3fn+int6-cfloat16shp-fp32") == common | modes | {"a": ("in", 8), "b": ("in", 16), "acc": ("out", 32)}
    manifest = emit(MacSpec.parse("e2m1fn+e4m3fn-int8-fp32"), yosys=yosys).manifest
    assert manifest["modes"] == {"mode_a": ["e2m1fn", "e4m3fn"]}
    assert "modes" not in emit(MacSpec.parse("int4-int4-fx"), yosys=yosys).manifest


def test_the_unit_with_its_lfsr_has_the_same_ports_but_rand(yosys):
    spec = MacSpec.parse("e4m3fn-e4m3fn-chunk16:fp16.sr8:fp32.sr4-p1")
    unit, wrapper = emit(spec, yosys=yosys), emit_lfsr(spec, 77, yosys=yosys)
    assert wrapper.name == wrapper.manifest["module"] == f"{unit.name}_lfsr"
    assert wrapper.manifest["unit"] == unit.name
    assert [port for port in unit.manifest["ports"] if port["name"] != "rand"] == wrapper.manifest["ports"]
    assert wrapper.manifest["lfsr"] == {"width": 17, "taps": [17, 14], "word": 12, "seed": 77}
    assert wrapper.manifest["sha256"] == hashlib.sha256(wrapper.verilog.encode()).hexdigest()
    assert "17'h0004d" in wrapper.verilog
    assert f"module {unit.name}(" not in wrapper.verilog


@pytest.mark.parametrize(
    "text",
    [
        "e4m3fn-e4m3fn-chunk16:fx:fp32.sr4-p1",
        "e4m3fn+e5m2-int4-fp16.sr8-x2",
        "mxfp4-mxfp4-bf16.sr3-x4",
    ],
)
def test_the_manifest_of_the_lfsr_says_what_the_units_does(text, yosys):
    spec = MacSpec.parse(text)
    unit, wrapper = emit(spec, yosys=yosys).manifest, emit_lfsr(spec, yosys=yosys).manifest
    own = {"module", "unit", "ports", "lfsr", "tools", "sha256"}
    assert {key: wrapper[key] for key in wrapper.keys() - own} == {key: unit[key] for key in unit.keys() - own - {"parts", "architecture"}}
    assert (wrapper["latency"], wrapper["lanes"]) == (spec.latency, spec.lanes)


@pytest.mark.slow
def test_no_multiplication_or_wide_addition_is_left_to_the_tool(yosys):
    for text in UNITS:
        body = emit(MacSpec.parse(text), yosys=yosys).verilog
        code = re.sub(r"//.*", "", body)
        assert not re.search(r"[^(]\*[^)]", code), text
        assert not re.search(r"\w \+ \w", code), text
        assert not re.search(r"\w - \w", code), text


@pytest.mark.slow
def test_the_architecture_changes_the_circuit(yosys):
    for name, every in (
        ("int8-int8-fx32", list(product(ADDERS, MULTIPLIERS, ["single"]))),
        ("e2m1fn-e2m1fn-bf16", list(product(["brent_kung"], ["baugh_wooley"], PATHS))),
    ):
        files = {}
        for choices in every:
            unit = emit(MacSpec.parse(name), Architecture(*choices), yosys=yosys)
            assert unit.manifest["architecture"] == dict(zip(("adder", "multiplier", "paths"), choices, strict=True))
            files[unit.manifest["sha256"]] = unit
        assert len(files) == len(every)


def test_an_unknown_architecture_is_named():
    with pytest.raises(ValueError, match="adder 'carry' is not one of ripple, brent_kung, sparse, sklansky, kogge_stone"):
        Architecture(adder="carry")
    with pytest.raises(ValueError, match="multiplier 'dadda' is not one of baugh_wooley, booth"):
        Architecture(multiplier="dadda")
    with pytest.raises(ValueError, match="paths 'two' is not one of single, near_far"):
        Architecture(paths="two")


def test_phases_are_told(yosys):
    unit = emit(MacSpec.parse("e2m1fn-e2m1fn-tc6f4:fp16.phases011"), yosys=yosys)
    assert unit.manifest["phases"] == [[0, 3], [1, 2, 4, 5]]
    assert unit.manifest["parts"]["normacc"] == ["normacc", "normacc_products_0", "normacc_products_1"]
    assert "// Summed first: products of lanes 0 3.\n// Then: products of lanes 1 2 4 5.\n" in unit.verilog
    assert "phases" not in emit(MacSpec.parse("e2m1fn-e2m1fn-tc2f4:fp16.late"), yosys=yosys).manifest


def test_verilog_that_was_cut_off_is_no_unit(yosys, monkeypatch):
    run = Yosys.run

    def cut_off(self, commands, folder):
        log = run(self, commands, folder)
        file = Path(folder) / "unit.v"
        file.write_text(file.read_text().rpartition("\nmodule ")[0])
        return log

    monkeypatch.setattr(Yosys, "run", cut_off)
    with pytest.raises(YosysError, match="the Verilog of a unit was not written as a whole"):
        emit(MacSpec.parse("int4-int4-fx"), yosys=yosys)
