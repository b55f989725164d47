"""A unit written by hand, small enough to be plainly right, and ways to break it."""

SPEC = "int8-int8-fx20f0-p1"

VERILOG = """
module int8_int8_fx20f0_p1(
  input clk, input rst, input valid, input clear, input [7:0] a, input [7:0] b,
  output reg [19:0] acc, output reg acc_valid, output reg overflow, output invalid
);
  reg signed [15:0] product;
  reg valid_1, clear_1;
  wire [19:0] base = clear_1 ? 20'd0 : acc;
  wire sticky = clear_1 ? 1'b0 : overflow;
  wire [19:0] term = {{4{product[15]}}, product};
  wire [19:0] sum = base + term;
  wire out = (base[19] == term[19]) & (sum[19] != base[19]);
  assign invalid = 1'b0;
  always @(posedge clk) begin
    product <= $signed(a) * $signed(b);
    clear_1 <= clear;
    valid_1 <= valid & ~rst;
    acc_valid <= valid_1 & ~rst;
    if (rst) begin
      acc <= 20'd0;
      overflow <= 1'b0;
    end else if (valid_1) begin
      acc <= sum;
      overflow <= sticky | out;
    end
  end
endmodule
"""

MUTATIONS = {
    "operand wire cut": ("$signed(a)", "$signed({a[7:6], 1'b0, a[4:0]})"),
    "accumulator wire cut": ("acc <= sum;", "acc <= {1'b0, sum[18:0]};"),
    "add became subtract": ("base + term", "base - term"),
    "add became or": ("base + term", "base | term"),
    "operand taken as unsigned": ("{{4{product[15]}}, product}", "{4'd0, product}"),
    "clear ignored": ("clear_1 <= clear;", "clear_1 <= 1'b0;"),
    "clear taken without valid": ("else if (valid_1)", "else if (valid_1 | clear_1)"),
    "clear leaves the flag": ("clear_1 ? 1'b0 : overflow", "overflow"),
    "flag not sticky": ("sticky | out", "out"),
    "flag forgets that signs must agree": ("(base[19] == term[19]) & ", ""),
    "overflow saturates": ("acc <= sum;", "acc <= out ? {base[19], {19{~base[19]}}} : sum;"),
    "reset leaves the accumulator": ("acc <= 20'd0;", "acc <= acc;"),
    "reset leaves the flag": ("overflow <= 1'b0;", "overflow <= overflow;"),
    "reset leaves a step in flight": ("valid_1 <= valid & ~rst;", "valid_1 <= valid;"),
    "idle cycles are taken": ("valid_1 <= valid & ~rst;", "valid_1 <= ~rst;"),
    "one cycle early": ("output reg acc_valid", "output acc_valid"),
    "invalid stuck": ("invalid = 1'b0", "invalid = 1'b1"),
    "one product wrong": ("$signed(a) * $signed(b)", "$signed(a) * $signed(b) + ((a == 8'h9d & b == 8'h62) ? 16'sd1 : 16'sd0)"),
}
"""What was changed: (text, its replacement)."""


def mutated(name: str) -> str:
    """Return the unit with one of `MUTATIONS`."""
    old, new = MUTATIONS[name]
    assert VERILOG.count(old) == 1, f"mutation {name!r}: {old!r} is there {VERILOG.count(old)} times"
    text = VERILOG.replace(old, new)
    if name == "one cycle early":
        text = text.replace("    acc_valid <= valid_1 & ~rst;\n", "")
        text = text.replace("assign invalid", "assign acc_valid = valid_1;\n  assign invalid")
    return text
