"""Registers between parts, outside the accumulation loop."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Module, Mux, ShapeLike, Signal, Value
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
    holds
        Whether the fields are kept while there are no new ones.

    Attributes
    ----------
    enable : In(1)
        Where it holds: there are new ones.
    before, after
        The fields, one port each.
    """

    def __init__(self, widths: Mapping[str, ShapeLike], reset: Mapping[str, int] | None = None, *, holds: bool = False) -> None:
        self._names = list(widths)
        self._reset = dict(reset or {})
        ports = wiring.Signature({name: Out(width) for name, width in widths.items()})
        super().__init__({"before": In(ports), "after": Out(ports), **({"enable": In(1)} if holds else {})})

    def elaborate(self, platform):
        m = Module()
        for name in self._names:
            after = getattr(self.after, name)
            register = Signal.like(after, name=name, init=self._reset.get(name, 0), reset_less=name not in self._reset)
            before = getattr(self.before, name)
            m.d.sync += register.eq(Mux(self.enable, before, register) if hasattr(self, "enable") else before)
            m.d.comb += after.eq(register)
        return m


def register(
    m: Module, name: str, values: Mapping[str, Value], reset: Mapping[str, int] | None = None, *, enable: Value | None = None
) -> Any:
    """Return `values` one cycle later, as attributes, through an instance called `name`; with `enable`, those of its last cycle."""
    later = PipelineRegister({key: value.shape() for key, value in values.items()}, reset, holds=enable is not None)
    m.submodules[name] = later
    m.d.comb += [getattr(later.before, key).eq(value) for key, value in values.items()]
    if enable is not None:
        m.d.comb += later.enable.eq(enable)
    return later.after
