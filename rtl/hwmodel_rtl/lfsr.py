"""Random bits for a unit that rounds stochastically: a linear-feedback shift register, and the unit with it."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import Lfsr, MacSpec


class LfsrRegister(wiring.Component):
    """A Fibonacci register that moves on by a whole word each cycle. A new word every cycle.

    Parameters
    ----------
    lfsr
        Its taps, the length of a word, and the state after reset.

    Attributes
    ----------
    advance : In(1)
        The word has been used.
    word : Out(lfsr.word_bits)
        The random bits of this cycle.
    """

    def __init__(self, lfsr: Lfsr) -> None:
        self.lfsr = lfsr
        super().__init__({"advance": In(1), "word": Out(lfsr.word_bits)})

    def elaborate(self, platform):
        m = Module()
        state = Signal(self.lfsr.width, init=self.lfsr.seed)
        ahead: list[Value] = list(state)
        for _ in range(self.lfsr.word_bits):
            ahead = [_parity([ahead[tap - 1] for tap in self.lfsr.taps]), *ahead[:-1]]
        with m.If(self.advance):
            m.d.sync += state.eq(Cat(*ahead))
        m.d.comb += self.word.eq(state[: self.lfsr.word_bits])
        return m


def _parity(bits: list[Value]) -> Value:
    first, *rest = bits
    for bit in rest:
        first = first ^ bit
    return first


class MacWithLfsr(wiring.Component):
    """A unit whose `rand` is driven by an LFSR; its other ports are the unit's own. No cycle is added.

    The register moves on in every cycle whose sum may be rounded: with `valid`, and with `flush`.

    Parameters
    ----------
    spec
        The unit; it rounds stochastically.
    seed
        The register's state after reset.
    """

    def __init__(self, spec: MacSpec, seed: int = 1) -> None:
        self.spec = spec
        self.lfsr = Lfsr.of(spec, seed)
        ports = {name: In(width) for name, width in spec.inputs.items() if name != "rand"}
        super().__init__(ports | {name: Out(width) for name, width in spec.outputs.items()})

    def elaborate(self, platform):
        m = Module()
        m.submodules.lfsr = lfsr = LfsrRegister(self.lfsr)
        m.d.comb += lfsr.advance.eq(self.valid | (self.flush if self.spec.fold_steps is not None else Const(0, 1)))
        inputs = {f"i_{name}": lfsr.word if name == "rand" else getattr(self, name) for name in self.spec.inputs}
        outputs = {f"o_{name}": getattr(self, name) for name in self.spec.outputs}
        m.submodules.unit = Instance(self.spec.module_name, i_clk=ClockSignal(), i_rst=ResetSignal(), **inputs, **outputs)
        return m
