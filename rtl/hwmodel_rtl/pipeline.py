"""Registers between parts, outside the accumulation loop."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, ShapeLike, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class PipelineRegister(wiring.Component):
    """One register between two parts, a field at a time. One cycle.

    Parameters
    ----------
    widths
        The fields.
    reset
        What a reset brings them to; of the fields that it does not name, nothing.

    Attributes
    ----------
    before, after
        The fields, one port each.
    """

    def __init__(self, widths: Mapping[str, ShapeLike], reset: Mapping[str, int] | None = None) -> None:
        self._names = list(widths)
        self._reset = dict(reset or {})
        ports = wiring.Signature({name: Out(width) for name, width in widths.items()})
        super().__init__({"before": In(ports), "after": Out(ports)})

    def elaborate(self, platform):
        m = Module()
        for name in self._names:
            after = getattr(self.after, name)
            register = Signal.like(after, name=name, init=self._reset.get(name, 0), reset_less=name not in self._reset)
            m.d.sync += register.eq(getattr(self.before, name))
            m.d.comb += after.eq(register)
        return m


def register(m: Module, name: str, values: Mapping[str, Value], reset: Mapping[str, int] | None = None) -> Any:
    """Return `values` one cycle later, as attributes, through an instance called `name`."""
    m.submodules[name] = later = PipelineRegister({key: value.shape() for key, value in values.items()}, reset)
    m.d.comb += [getattr(later.before, key).eq(value) for key, value in values.items()]
    return later.after
