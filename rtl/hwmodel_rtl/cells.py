"""Full and half adders: the cells that every sum in a unit is made of.

They stay instances of their own, so that a mapper can put a library's adder cells in their place. Constant inputs are
folded while building, so no instance ever has one.
"""

from typing import TypeAlias

from amaranth.hdl import Instance, Module, Signal, Value

Bit: TypeAlias = Value | int
"""One bit: a signal, or the constant 0 or 1."""

FULL_ADDER = "hwmodel__fa"
HALF_ADDER = "hwmodel__ha"

VERILOG = """
(* full_adder *)
module {prefix}__fa (
    input  wire A,
    input  wire B,
    input  wire C,
    output wire X,  // carry
    output wire Y   // sum
);
  assign Y = A ^ B ^ C;
  assign X = (A & B) | (C & (A ^ B));
endmodule

(* half_adder *)
module {prefix}__ha (
    input  wire A,
    input  wire B,
    output wire X,  // carry
    output wire Y   // sum
);
  assign Y = A ^ B;
  assign X = A & B;
endmodule
"""
"""The definitions that go with a unit's Verilog; `prefix` is the unit's module name."""


class AdderCells:
    """Places full and half adders in one Amaranth module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._count = 0

    def full(self, a: Bit, b: Bit, c: Bit) -> tuple[Bit, Bit]:
        """Return sum and carry of three bits."""
        constants = [bit for bit in (a, b, c) if isinstance(bit, int)]
        others: list[Bit] = [bit for bit in (a, b, c) if not isinstance(bit, int)]
        if len(constants) >= 2:
            total, rest = sum(constants), others or [0]
            low, carry = self.half(rest[0], total & 1)
            return low, (1 if total >> 1 else carry)
        if constants == [0]:
            return self.half(*others)
        if constants == [1]:
            x, y = (Value.cast(bit) for bit in others)
            return self._keep(~(x ^ y), "sum"), self._keep(x | y, "carry")
        return self._place(FULL_ADDER, "fa", {"i_A": a, "i_B": b, "i_C": c})

    def half(self, a: Bit, b: Bit) -> tuple[Bit, Bit]:
        """Return sum and carry of two bits."""
        if isinstance(a, int):
            a, b = b, a
        if isinstance(a, int) and isinstance(b, int):
            return a ^ b, a & b
        if isinstance(b, int):
            return (self._keep(~Value.cast(a), "sum"), a) if b else (a, 0)
        return self._place(HALF_ADDER, "ha", {"i_A": a, "i_B": b})

    def _keep(self, value: Value, name: str) -> Signal:
        signal = Signal(name=f"{name}_{self._next()}")
        self._module.d.comb += signal.eq(value)
        return signal

    def _place(self, kind: str, name: str, inputs: dict[str, Bit]) -> tuple[Bit, Bit]:
        number = self._next()
        total, carry = Signal(name=f"sum_{number}"), Signal(name=f"carry_{number}")
        self._module.submodules[f"{name}_{number}"] = Instance(kind, **inputs, o_Y=total, o_X=carry)
        return total, carry

    def _next(self) -> int:
        self._count += 1
        return self._count - 1
