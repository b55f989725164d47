"""Registers between parts, outside the accumulation loop."""

from collections.abc import Mapping

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class PipelineRegister(wiring.Component):
    """One register between two parts, a field at a time. One cycle.

    Attributes
    ----------
    before, after
        The fields, one port each.
    """

    def __init__(self, widths: Mapping[str, ShapeLike]) -> None:
        self._names = list(widths)
        ports = wiring.Signature({name: Out(width) for name, width in widths.items()})
        super().__init__({"before": In(ports), "after": Out(ports)})

    def elaborate(self, platform):
        m = Module()
        for name in self._names:
            after = getattr(self.after, name)
            register = Signal.like(after, name=name, reset_less=True)
            m.d.sync += register.eq(getattr(self.before, name))
            m.d.comb += after.eq(register)
        return m
