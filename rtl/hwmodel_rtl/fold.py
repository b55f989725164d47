"""Two registers that sum, one behind the other: when the first is added to the second and starts again, and what is added."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data

from .adders import add, constant
from .cells import AdderCells
from .number import connect, fields
from .terms import Terms


@dataclass(frozen=True)
class Fold:
    """What becomes of the first register in a step.

    Attributes
    ----------
    fresh
        A step that is taken now is the first since the last fold.
    now
        With this step, if one is taken, the register is added to the second.
    """

    fresh: Value
    now: Value


def fold_control(m: Module, length: int, valid: Value, clear: Value, flush: Value) -> Fold:
    """Count steps: every `length` of them is a fold (0: none), and so is a `flush`; alone, if a step has been taken since the last."""
    # `started`: a step has been taken since the last fold.
    started = Signal()
    count = Signal(range(length)) if length > 1 else Const(0, 0)
    fresh = clear | ~started
    last, fold = Signal(), Signal()
    if length > 1:
        is_last = (count == length - 1) & ~fresh
        bits = len(count)
        counted = Cat(*add(m, AdderCells(m), list(count & (~fresh).replicate(bits)), constant(0, bits), 1)[:bits])
        with m.If(valid):
            m.d.sync += count.eq(counted)
        m.d.comb += last.eq(is_last | flush)
    else:
        m.d.comb += last.eq(1 if length else flush)
    m.d.comb += fold.eq((valid & last) | (flush & ~valid & started))
    with m.If(valid | flush):
        m.d.sync += started.eq(valid & ~last)
    return Fold(fresh, fold)


def only_while(m: Module, folding: Value, terms: Terms) -> Terms:
    """Return a number while `folding`, else -0, which changes no accumulator."""
    number, shape = terms.lone, terms.shape
    addend = Signal(data.StructLayout(fields(shape)))
    m.d.comb += connect(shape, addend, number)
    m.d.comb += addend.significand.eq(number.significand & folding.replicate(shape.significand_bits))
    for name in ("nan", "inf"):
        if name in fields(shape):
            m.d.comb += addend[name].eq(getattr(number, name) & folding)
    if shape.signed:
        m.d.comb += addend.sign.eq(number.sign | ~folding)
    return Terms([addend], shape, None if terms.zero is None else terms.zero | ~folding)
