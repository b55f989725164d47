"""A wire cut or an operator changed in emitted Verilog makes `verify` fail."""

import random
import re
import tempfile
from pathlib import Path

import pytest

from hwmodel.spec import MacSpec
from hwmodel.yosys import Yosys, YosysError
from hwmodel_rtl import emit
from hwmodel_sim import verify_many

SMALL = MacSpec.parse("e2m1fn-e3m2fn-fp16")
UNIT = MacSpec.parse("e3m2fn-e2m3fn-chunk4:fx20:fp16-p1")

REWIRED = {
    "a bit cut": (".a(a)", ".a({a[5:1], 1'b0})"),
    "b top bit cut": (".b(b)", ".b({1'b0, b[4:0]})"),
    "operands swapped": (".a(a), .b(b)", ".a(b), .b(a)"),
    "clear cut": (".clear(clear)", ".clear(1'b0)"),
    "flush cut": (".flush(flush)", ".flush(1'b0)"),
    "flush without valid ignored": (".flush(flush)", ".flush(flush & valid)"),
    "reset cut": (".rst(rst)", ".rst(1'b0)"),
    "accumulator bit stuck": (".acc(acc)", ".acc(acc_inside)"),
}


def rewired(inner: str, name: str) -> str:
    """Return the unit `inner` inside a shell of the same ports, with one connection changed."""
    top = UNIT.module_name
    inner = re.sub(rf"\b{top}\b(?!__)", f"{top}_inside", inner)
    ports = ".clk(clk), .rst(rst), .valid(valid), .clear(clear), .flush(flush), .a(a), .b(b), "
    ports += ".acc(acc), .acc_valid(acc_valid), .overflow(overflow), .invalid(invalid)"
    old, new = REWIRED[name]
    assert ports.count(old) == 1
    wires = ""
    if name == "accumulator bit stuck":
        wires = "wire [15:0] acc_inside;\n  assign acc = {acc_inside[15:1], 1'b0};\n  "
    shell = f"""
module {top}(input clk, input rst, input valid, input clear, input flush, input [5:0] a, input [5:0] b,
  output [15:0] acc, output acc_valid, output overflow, output invalid);
  {wires}{top}_inside core({ports.replace(old, new)});
endmodule
"""
    return inner + shell


def operators(verilog: str) -> list[tuple[int, int, str]]:
    """Return places in `verilog` where an operator or a wire can be changed: (start, stop, replacement)."""
    places = []
    for match in re.finditer(r"(?<== )(?P<left>\\?[\w$.]+ ?(?:\[\d+\])?) (?P<op>[&|^+-]) (?=[\w\\])", verilog):
        places.append((match.start("op"), match.end("op"), {"&": "|", "|": "&", "^": "|", "+": "-", "-": "+"}[match["op"]]))
    for match in re.finditer(r"(?<== )~ ?(?=[\w\\])", verilog):
        places.append((match.start(), match.end(), ""))
    return places


@pytest.mark.slow
def test_every_rewired_unit_is_caught():
    inner = emit(UNIT).verilog
    reports = verify_many([(UNIT, rewired(inner, name)) for name in REWIRED], vectors=60_000)
    assert [name for name, report in zip(REWIRED, reports, strict=True) if report.ok] == []


def proved_equal(verilog: str, changed: str, top: str) -> bool:
    """Return whether Yosys proves both circuits equal in every state, by their registers and outputs alone."""
    commands = []
    for name in ("gold", "gate"):
        commands += [f"read_verilog {name}.v", f"prep -flatten -top {top}", "opt_clean -purge"]
        # Wires in between may differ: that is what was changed.
        commands += ["rename -hide w:* w:*register* %d x:* %d", f"rename {top} {name}", f"design -stash {name}"]
    commands += ["design -copy-from gold gold", "design -copy-from gate gate", "equiv_make gold gate equiv", "hierarchy -top equiv"]
    commands += ["opt -full", "techmap", "opt", "equiv_simple -seq 1", "equiv_status -assert"]
    with tempfile.TemporaryDirectory() as folder, Yosys() as yosys:
        for name, text in (("gold", verilog), ("gate", changed)):
            (Path(folder) / f"{name}.v").write_text(text)
        try:
            yosys.run(commands, folder=folder)
        except YosysError as error:
            if "unproven" not in str(error):
                raise
            return False
    return True


@pytest.mark.slow
def test_changed_operators_are_caught_or_change_nothing():
    # An or for an exclusive or changes nothing where both are never high.
    verilog = emit(SMALL).verilog
    places = operators(verilog)
    assert len(places) > 20
    caught = 0
    chosen = random.Random(1).sample(places, 8)
    mutants = [verilog[:start] + new + verilog[stop:] for start, stop, new in chosen]
    reports = verify_many([(SMALL, changed) for changed in mutants], vectors=60_000)
    for (start, stop, _), changed, report in zip(chosen, mutants, reports, strict=True):
        if report.ok:
            assert proved_equal(verilog, changed, SMALL.module_name), verilog[start - 60 : stop + 30]
        else:
            # The proof, too, must be able to say no.
            assert caught or not proved_equal(verilog, changed, SMALL.module_name)
            caught += 1
    assert caught >= 4
