"""Units of several lanes and of blocks written by hand, small enough to be plainly right, and ways to break them."""

LANES = "int4-int4-fx12f0-x3"

LANES_VERILOG = """
module int4_int4_fx12f0_x3(
  input clk, input rst, input valid, input clear, input [11:0] a, input [11:0] b,
  output reg [11:0] acc, output reg acc_valid, output reg overflow, output invalid
);
  wire signed [7:0] p0 = $signed(a[3:0]) * $signed(b[3:0]);
  wire signed [7:0] p1 = $signed(a[7:4]) * $signed(b[7:4]);
  wire signed [7:0] p2 = $signed(a[11:8]) * $signed(b[11:8]);
  wire signed [13:0] base = clear ? 14'sd0 : $signed(acc);
  wire signed [13:0] sum = base + p0 + p1 + p2;
  wire out = sum[13:11] != {3{sum[11]}};
  assign invalid = 1'b0;
  always @(posedge clk) begin
    acc_valid <= valid & ~rst;
    if (rst) begin
      acc <= 12'd0;
      overflow <= 1'b0;
    end else if (valid) begin
      acc <= sum[11:0];
      overflow <= out | overflow & ~clear;
    end
  end
endmodule
"""

LANES_MUTATIONS = {
    "a carry where all lanes are one product": (
        "+ p1 + p2",
        "+ p1 + p2 + ((p0 == 8'sd64) & (p1 == 8'sd64) & (p2 == 8'sd64) ? 14'sd1 : 14'sd0)",
    ),
    "overflow judged lane by lane": (
        "wire out = ",
        "wire signed [13:0] most = base + p0 + p1;\n  wire out = (most[13:11] != {3{most[11]}}) | ",
    ),
}
"""What was changed: (text, its replacement)."""

BLOCKS = "int4:8:uint2-int4:8:uint2-fx16f0-x2"

BLOCKS_VERILOG = """
module int4_8_uint2_int4_8_uint2_fx16f0_x2(
  input clk, input rst, input valid, input clear, input flush, input [7:0] a, input [7:0] b, input [1:0] a_scale, input [1:0] b_scale,
  output reg [15:0] acc, output reg acc_valid, output reg overflow, output invalid
);
  wire signed [8:0] products = $signed(a[3:0]) * $signed(b[3:0]) + $signed(a[7:4]) * $signed(b[7:4]);
  reg [2:0] count;
  reg signed [10:0] part;
  reg [1:0] a_last, b_last;
  wire [2:0] taken = (valid & clear) ? 3'd0 : count;
  wire [2:0] steps = taken + valid;
  wire signed [10:0] total = ((taken == 3'd0) ? 11'sd0 : part) + (valid ? products : 9'sd0);
  wire over = (steps == 3'd4) | (flush & (steps != 3'd0));
  wire [1:0] a_now = valid ? a_scale : a_last;
  wire [1:0] b_now = valid ? b_scale : b_last;

  reg folds, clears, valid_1;
  reg signed [15:0] term;
  wire signed [16:0] base = clears ? 17'sd0 : $signed(acc);
  wire signed [16:0] sum = base + (folds ? term : 16'sd0);
  assign invalid = 1'b0;
  always @(posedge clk) begin
    valid_1 <= valid & ~rst;
    acc_valid <= valid_1 & ~rst;
    folds <= over & ~rst;
    clears <= valid & clear;
    term <= total * $signed({1'b0, a_now}) * $signed({1'b0, b_now});
    part <= total;
    count <= over ? 3'd0 : steps;
    if (valid) begin
      a_last <= a_scale;
      b_last <= b_scale;
    end
    if (rst) begin
      count <= 3'd0;
      acc <= 16'd0;
      overflow <= 1'b0;
    end else if (valid_1 | folds) begin
      acc <= sum[15:0];
      overflow <= (sum[16] != sum[15]) | overflow & ~(valid_1 & clears);
    end
  end
endmodule
"""

BLOCKS_MUTATIONS = {
    "blocks a step too long": ("steps == 3'd4", "steps == 3'd5"),
    "a scale taken a step early": ("a_now = valid ? a_scale : a_last", "a_now = a_last"),
    "a scale taken from an idle cycle": ("b_now = valid ? b_scale : b_last", "b_now = b_scale"),
    "clear leaves the count": ("(valid & clear) ? 3'd0 : count", "count"),
}


def mutated(verilog: str, mutation: tuple[str, str]) -> str:
    """Return a unit with one text replaced."""
    old, new = mutation
    assert verilog.count(old) == 1, f"{old!r} is there {verilog.count(old)} times"
    return verilog.replace(old, new)
