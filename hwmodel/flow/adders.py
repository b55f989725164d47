"""Full and half adders: finding the library's own, and the Yosys techmap that puts them into a netlist.

A generated unit instantiates modules whose names end in ``__fa`` (ports A, B, C -> sum Y, carry X) and ``__ha`` (A, B
-> Y, X), ``WIDTH`` bits side by side. Bit by bit each becomes the library's cell where that is smaller than gates,
after constants have simplified it.
"""

from dataclasses import dataclass

from .card import Cell, TechCard

_XOR3, _MAJORITY3 = 0b10010110, 0b11101000
_XOR2, _AND2 = 0b0110, 0b1000


@dataclass(frozen=True)
class Adder:
    """A cell that adds: which output is the sum, which the carry, and whether each comes out inverted."""

    cell: Cell
    sum_pin: str
    carry_pin: str
    sum_inverted: bool
    carry_inverted: bool


def adder_kind(cell: Cell) -> tuple[str, Adder] | None:
    """Return ``("full", …)`` or ``("half", …)`` where `cell` is an adder by function, else None."""
    if cell.flip_flop is not None or len(cell.outputs) != 2 or len(cell.inputs) not in (2, 3):
        return None
    sum_table, carry_table, kind = (_XOR3, _MAJORITY3, "full") if len(cell.inputs) == 3 else (_XOR2, _AND2, "half")
    ones = (1 << (1 << len(cell.inputs))) - 1
    names = [output.name for output in cell.outputs]
    for total, carry in ((0, 1), (1, 0)):
        if cell.tables[total] in (sum_table, sum_table ^ ones) and cell.tables[carry] in (carry_table, carry_table ^ ones):
            return kind, Adder(cell, names[total], names[carry], cell.tables[total] != sum_table, cell.tables[carry] != carry_table)
    return None


def adder_cell(card: TechCard, kind: str) -> Adder | None:
    """Return the library's smallest adder of `kind` (``"full"`` or ``"half"``), whether or not it beats gates."""
    found = [match[1] for cell in card.cells.values() if (match := adder_kind(cell)) is not None and match[0] == kind]
    return min(found, key=lambda adder: (adder.cell.area_um2, adder.cell.name), default=None)


def adder_in_use(card: TechCard, kind: str) -> Adder | None:
    """Return the adder that mapping should use, or None where gates of the same library are no larger.

    Gates: two XOR2 and three NAND2 for a full adder, one XOR2 and one NAND2 for a half adder, whose inversion a neighbour mostly takes
    in. An inverted output costs an inverter. (On sky130hd half adders as gates, which logic around them can change, save up to 5 % of a
    unit with a float accumulator and cost 0.3 % of one that is mostly a multiplier.)
    """
    adder = adder_cell(card, kind)
    if adder is None:
        return None
    inverters = adder.sum_inverted + adder.carry_inverted
    area_um2 = adder.cell.area_um2 + inverters * card.inverter.area_um2
    return adder if area_um2 < 0.999 * _gates_um2(card, kind) else None


def _gates_um2(card: TechCard, kind: str) -> float:
    nand = card.nand2.area_um2
    xors = [cell.area_um2 for table in (_XOR2, 0b1001) if (cell := card.smallest(table, 2)) is not None]
    xor = min([*xors, 4 * nand])
    return 2 * xor + 3 * nand if kind == "full" else xor + nand


def techmap_bits() -> str:
    """Return the map from ``$__hwmodel_fa`` and ``$__hwmodel_ha`` of any width to one-bit adders, with constant inputs taken out."""
    return _BITS


def techmap_cells(card: TechCard) -> str:
    """Return the map from one-bit adders to the card's cells, or to gates where it has none that pays."""
    full, half = adder_in_use(card, "full"), adder_in_use(card, "half")
    maps = [
        _cell_module("hwmodel_fa1", "A B C", full) if full else _FULL_GATES.format(name="hwmodel_fa1"),
        _cell_module("hwmodel_ha1", "A B", half) if half else _HALF_GATES.format(name="hwmodel_ha1"),
        # An adder of which one output is unused is no longer an adder; what gates the unused output would take is swept away.
        _FULL_GATES.format(name="hwmodel_fa1_gates"),
        _HALF_GATES.format(name="hwmodel_ha1_gates"),
    ]
    return "".join(maps)


def _cell_module(name: str, inputs: str, adder: Adder) -> str:
    ports = inputs.split()
    pins = ", ".join(f".\\{pin.name} ({port})" for pin, port in zip(adder.cell.inputs, ports, strict=True))
    return (
        f"module {name}({', '.join(ports)}, X, Y);\ninput {', '.join(ports)};\noutput X, Y;\nwire s, c;\n"
        f"\\{adder.cell.name} _TECHMAP_REPLACE_ ({pins}, .\\{adder.sum_pin} (s), .\\{adder.carry_pin} (c));\n"
        f"assign Y = {'~' * adder.sum_inverted}s;\nassign X = {'~' * adder.carry_inverted}c;\nendmodule\n"
    )


STUBS = """
(* blackbox *) module hwmodel_fa1(input A, B, C, output X, Y); endmodule
(* blackbox *) module hwmodel_ha1(input A, B, output X, Y); endmodule
"""

_BITS = """
(* techmap_celltype = "$__hwmodel_fa" *)
module hwmodel_fa_bits(A, B, C, X, Y);
parameter WIDTH = 1;
input [WIDTH-1:0] A, B, C;
output [WIDTH-1:0] X, Y;
genvar i;
generate for (i = 0; i < WIDTH; i = i + 1) begin : bits
  hwmodel_fa1 adder (.A(A[i]), .B(B[i]), .C(C[i]), .X(X[i]), .Y(Y[i]));
end endgenerate
endmodule

(* techmap_celltype = "$__hwmodel_ha" *)
module hwmodel_ha_bits(A, B, X, Y);
parameter WIDTH = 1;
input [WIDTH-1:0] A, B;
output [WIDTH-1:0] X, Y;
genvar i;
generate for (i = 0; i < WIDTH; i = i + 1) begin : bits
  hwmodel_ha1 adder (.A(A[i]), .B(B[i]), .X(X[i]), .Y(Y[i]));
end endgenerate
endmodule

module hwmodel_fa1(A, B, C, X, Y);
input A, B, C;
output X, Y;
parameter _TECHMAP_CONSTMSK_A_ = 0;
parameter _TECHMAP_CONSTMSK_B_ = 0;
parameter _TECHMAP_CONSTMSK_C_ = 0;
parameter _TECHMAP_CONSTVAL_A_ = 0;
parameter _TECHMAP_CONSTVAL_B_ = 0;
parameter _TECHMAP_CONSTVAL_C_ = 0;
wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_A_ || _TECHMAP_CONSTMSK_B_ || _TECHMAP_CONSTMSK_C_);
wire p = _TECHMAP_CONSTMSK_A_ ? C : A;
wire q = _TECHMAP_CONSTMSK_B_ && !_TECHMAP_CONSTMSK_A_ ? C : B;
localparam fixed = _TECHMAP_CONSTMSK_A_ ? _TECHMAP_CONSTVAL_A_ : _TECHMAP_CONSTMSK_B_ ? _TECHMAP_CONSTVAL_B_ : _TECHMAP_CONSTVAL_C_;
generate if (fixed) begin
  assign X = p | q;
  assign Y = ~(p ^ q);
end else begin
  hwmodel_ha1 adder (.A(p), .B(q), .X(X), .Y(Y));
end endgenerate
endmodule

module hwmodel_ha1(A, B, X, Y);
input A, B;
output X, Y;
parameter _TECHMAP_CONSTMSK_A_ = 0;
parameter _TECHMAP_CONSTMSK_B_ = 0;
wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_A_ || _TECHMAP_CONSTMSK_B_);
assign X = A & B;
assign Y = A ^ B;
endmodule
"""

_FULL_GATES = """
module {name}(A, B, C, X, Y);
input A, B, C;
output X, Y;
wire half = A ^ B;
assign Y = half ^ C;
assign X = (A & B) | (half & C);
endmodule
"""

_HALF_GATES = """
module {name}(A, B, X, Y);
input A, B;
output X, Y;
assign X = A & B;
assign Y = A ^ B;
endmodule
"""
