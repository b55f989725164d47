"""The Verilog around the unit: copies side by side, fed from and captured into wide registers, several cycles at a time.

The simulator crosses into Python once per *block* of `CYCLES` clock cycles, not once per cycle. A block of inputs for all
copies lies on wide input ports; a counter picks the slice that the input registers take next; what the copies show before
each rising edge is captured in wide output registers that the bench reads when the block is over. The input registers cost
one cycle (`INPUT_DELAY`), and save Verilator from a second copy of all logic for the case that an input changes by itself.

Bit ``(t * copies + c) * width + i`` of a wide port is bit `i` of the unit's port, in copy `c`, at cycle `t` of the block.
"""

from dataclasses import dataclass

from hwmodel.spec import MacSpec

TOP = "harness"
INPUT_DELAY = 1
FOLDER_VARIABLE = "HWMODEL_SIM_TAPE"
"""Environment variable that tells the bench where its tape is."""


@dataclass(frozen=True)
class Harness:
    """How many copies, and how many cycles between two visits of the bench.

    Parameters
    ----------
    spec
        The unit.
    copies
        Units side by side.
    cycles
        Clock cycles in a block; a power of two.
    """

    spec: MacSpec
    copies: int = 16
    cycles: int = 16

    def verilog(self) -> str:
        """Return the module `TOP`."""
        block = self.cycles * self.copies
        # Only these ports are looked at from Python; that nothing else is visible is what lets Verilator optimise.
        public = " /* verilator public_flat_rw */"
        ports = [f"input clk{public}", f"input [{self.cycles - 1}:0] rst_block{public}"]
        ports += [f"input [{block * width - 1}:0] {name}_block{public}" for name, width in self.spec.inputs.items()]
        ports += [f"output reg [{block * width - 1}:0] {name}_block{public}" for name, width in self.spec.outputs.items()]
        body, wires, clocked = [], [], []
        for name, width in self.spec.inputs.items():
            step = self.copies * width
            inside = _identifier(name)
            body.append(f"  reg [{step - 1}:0] {inside};")
            clocked.append(f"    {inside} <= {name}_block[cycle * {step} +: {step}];")
            wires.append(f".{inside}({inside})")
        for name, width in self.spec.outputs.items():
            step = self.copies * width
            body.append(f"  wire [{step - 1}:0] {name};")
            wires.append(f".{name}({name})")
            clocked.append(f"    {name}_block[cycle * {step} +: {step}] <= {name};")
        lines = [
            f"module {TOP}(",
            ",\n".join(f"  {port}" for port in ports),
            ");",
            f"  reg [{self.cycles.bit_length() - 2}:0] cycle = 0;",
            "  reg rst;",
            *body,
            f"  {self.spec.module_name} unit [{self.copies - 1}:0] (.clk(clk), .rst(rst), {', '.join(wires)});",
            "  always @(posedge clk) begin",
            "    cycle <= cycle + 1'b1;",
            "    rst <= rst_block[cycle];",
            *clocked,
            "  end",
            "endmodule",
        ]
        return "\n".join(lines) + "\n"


def _identifier(port: str) -> str:
    """Return the name of a port as Verilog takes it: `rand` is a keyword of SystemVerilog, and is escaped."""
    return "\\rand " if port == "rand" else port
