"""Values that get a wire of their own, with a name: what the emitted Verilog is read by."""

from amaranth.hdl import Module, Signal, Value


def wire(m: Module, value: Value, name: str, width: int = 1) -> Signal:
    """Return a signal of `width` bits, called `name`, that carries `value`."""
    signal = Signal(width, name=name)
    m.d.comb += signal.eq(value)
    return signal
