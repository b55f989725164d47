"""The Verilog around units: copies side by side, fed from and captured into wide registers, several cycles at a time.

The simulator crosses into Python once per *block* of `CYCLES` clock cycles, not once per cycle. A block of inputs for all
copies lies in wide registers; a counter picks the slice that the input registers take next; what the copies show before
each rising edge is captured in others that the bench reads when the block is over. (None of them are ports: Verilator would
copy those at every edge of the clock.) The unit's own input registers cost
one cycle (`INPUT_DELAY`), and save Verilator from a second copy of all logic for the case that an input changes by itself.

Where the accumulators' register is known, a rising edge of `load` between two blocks writes `load_block` into it. (An edge of
its own: a process that waited for the falling clock would make Verilator evaluate all logic at both edges.)

Bit ``(t * copies + c) * width + i`` of a wide register is bit `i` of the unit's port, in copy `c`, at cycle `t` of the block.

A model holds one harness, or several that share nothing but its process: each has a clock of its own, and only one runs at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hwmodel.spec import MacSpec

from .registers import Register

TOP = "bench"
INPUT_DELAY = 1


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
    register
        What `load` writes; None: there is no such input.
    film
        A file for a waveform from the rising edge of `film` on; empty: there is no such input.
    """

    spec: MacSpec
    copies: int = 16
    cycles: int = 16
    register: Register | None = None
    film: str = ""

    def verilog(self, name: str, unit: str) -> str:
        """Return the module `name` around copies of the module `unit`."""
        block = self.cycles * self.copies
        # Only these are looked at from Python; that nothing else is visible is what lets Verilator optimise.
        public = " /* verilator public_flat_rw */"
        shared = [f"reg clk{public}", f"reg [{self.cycles - 1}:0] rst_block{public}"]
        shared += [f"reg [{block * width - 1}:0] {port}_block{public}" for port, width in self.spec.inputs.items()]
        shared += [f"reg [{block * width - 1}:0] {port}_block{public}" for port, width in self.spec.outputs.items()]
        body, wires, clocked = [], [], []
        events = []
        if self.register is not None:
            shared += [f"reg load{public}", f"reg [{self.copies * self.register.width - 1}:0] load_block{public}"]
            events = ["  always @(posedge load) begin", *self._writes(self.register), "  end"]
        if self.film:
            shared.append(f"reg film{public}")
            events += ["  always @(posedge film) begin", f'    $dumpfile("{self.film}");', f"    $dumpvars(0, {name});", "  end"]
        for port, width in self.spec.inputs.items():
            step = self.copies * width
            inside = _identifier(port)
            body.append(f"  reg [{step - 1}:0] {inside};")
            clocked.append(f"    {inside} <= {port}_block[cycle * {step} +: {step}];")
            wires.append(f".{inside}({inside})")
        for port, width in self.spec.outputs.items():
            step = self.copies * width
            body.append(f"  wire [{step - 1}:0] {port};")
            wires.append(f".{port}({port})")
            clocked.append(f"    {port}_block[cycle * {step} +: {step}] <= {port};")
        lines = [
            f"module {name};",
            # Whole blocks would fill a waveform.
            "/* verilator tracing_off */",
            *(f"  {signal};" for signal in shared),
            "/* verilator tracing_on */",
            f"  reg [{self.cycles.bit_length() - 2}:0] cycle = 0;",
            "  reg rst;",
            *body,
            f"  {unit} unit [{self.copies - 1}:0] (.clk(clk), .rst(rst), {', '.join(wires)});",
            "  always @(posedge clk) begin",
            "    cycle <= cycle + 1'b1;",
            "    rst <= rst_block[cycle];",
            *clocked,
            "  end",
            *events,
            "endmodule",
        ]
        return "\n".join(lines) + "\n"

    def _writes(self, register: Register) -> list[str]:
        width = register.width
        return [f"    unit[{copy}].{register.path} = load_block[{copy * width} +: {width}];" for copy in range(self.copies)]


def top(harnesses: Iterable[tuple[str, str]]) -> str:
    """Return the module `TOP` of harnesses, each by the name of its module and that of its instance."""
    return "\n".join([f"module {TOP};", *(f"  {module} {name} ();" for module, name in harnesses), "endmodule"]) + "\n"


def delay(spec: MacSpec) -> int:
    """Cycles from an input on the tape to the captured output that shows its effect."""
    return spec.latency + INPUT_DELAY


def _identifier(port: str) -> str:
    """Return the name of a port as Verilog takes it: `rand` is a keyword of SystemVerilog, and is escaped."""
    return "\\rand " if port == "rand" else port
