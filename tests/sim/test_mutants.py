"""A wire cut or an operator changed in emitted Verilog makes `verify` fail."""

import random
import re

import pytest

from hwmodel.spec import MacSpec
from hwmodel_rtl import emit
from hwmodel_sim import verify

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


def rewired(name: str) -> str:
    """Return the emitted unit inside a shell of the same ports, with one connection changed."""
    inner = emit(UNIT).verilog
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
@pytest.mark.parametrize("name", REWIRED)
def test_every_rewired_unit_is_caught(name):
    assert not verify(UNIT, verilog=rewired(name), vectors=60_000).ok


@pytest.mark.slow
def test_changed_operators_are_caught():
    # Not every change changes the function: an or for an exclusive or may be one where both are never high. Most do.
    verilog = emit(SMALL).verilog
    places = operators(verilog)
    assert len(places) > 20
    chosen = random.Random(1).sample(places, 8)
    caught = [not verify(SMALL, verilog=verilog[:start] + new + verilog[stop:], vectors=60_000).ok for start, stop, new in chosen]
    assert sum(caught) >= 5, list(zip(caught, [verilog[start - 60 : stop + 30] for start, stop, _ in chosen], strict=True))
