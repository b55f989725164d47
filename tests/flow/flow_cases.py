"""Where the cell libraries are, and a small unit with parts, for the tests of `hwmodel.flow`."""

from pathlib import Path

import pytest

LIBERTY = Path(__file__).parents[3] / "shared" / "data" / "liberty"
FILES = {
    "sky130hd": ["sky130hd_tt.lib.gz"],
    "nangate45": ["nangate45_typ.lib.gz"],
    "sg13g2": ["sg13g2_stdcell_typ_1p20V_25C.lib.gz"],
    "asap7": [
        f"asap7sc7p5t_{part}.lib.gz"
        for part in (
            "AO_RVT_TT_nldm_211120",
            "INVBUF_RVT_TT_nldm_220122",
            "OA_RVT_TT_nldm_211120",
            "SEQ_RVT_TT_nldm_220123",
            "SIMPLE_RVT_TT_nldm_211120",
        )
    ],
}
SMALL = Path(__file__).with_name("small.lib")
"""A library of our own, always there: every table a plane, so that delays can be worked out by hand."""

MAC = """
module t__fa #(parameter WIDTH = 1) (input [WIDTH-1:0] A, B, C, output [WIDTH-1:0] X, Y);
  assign Y = A ^ B ^ C; assign X = (A & B) | (C & (A ^ B));
endmodule
module t__ha (input A, B, output X, Y);
  assign Y = A ^ B; assign X = A & B;
endmodule
module t_decode (input [7:0] code, output [7:0] value);
  assign value = code ^ 8'h80;  // excess-128 in, two's complement out
endmodule
module t_mpy (input signed [7:0] a, b, output signed [15:0] p);
  assign p = a * b;
endmodule
module t_alignadd (input [15:0] p, input [19:0] c, output [19:0] s);
  wire [19:0] q = {{4{p[15]}}, p};
  wire [20:0] k;
  t__ha low (.A(q[0]), .B(c[0]), .X(k[1]), .Y(s[0]));
  t__fa #(.WIDTH(19)) chain (.A(q[19:1]), .B(c[19:1]), .C(k[19:1]), .X(k[20:2]), .Y(s[19:1]));
endmodule
module t_normacc (input clk, rst, valid, clear, input [19:0] s, output [19:0] c, output reg [19:0] acc);
  assign c = clear ? 20'd0 : acc;
  always @(posedge clk) if (rst) acc <= 0; else if (valid) acc <= s;
endmodule
module t_mac (input clk, rst, valid, clear, input [7:0] a, b, output [19:0] acc);
  wire [7:0] x, y; wire [15:0] p; wire [19:0] c, s;
  t_decode decode_a (.code(a), .value(x));
  t_decode decode_b (.code(b), .value(y));
  t_mpy mpy (.a(x), .b(y), .p(p));
  t_alignadd alignadd (.p(p), .c(c), .s(s));
  t_normacc normacc (.clk(clk), .rst(rst), .valid(valid), .clear(clear), .s(s), .c(c), .acc(acc));
endmodule
"""


def liberty_files(name: str) -> list[Path]:
    """Paths of a library's Liberty files; the test is skipped where they are not there."""
    paths = [LIBERTY / file for file in FILES[name]]
    if not all(path.exists() for path in paths):
        pytest.skip(f"the Liberty files of {name} are not in {LIBERTY}")
    return paths
