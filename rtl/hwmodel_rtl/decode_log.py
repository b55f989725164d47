"""Logarithmic codes, unpacked: sign, what is no number, and the logarithm as an integer of steps."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import LogFormat

from .cells import AdderCells
from .tapered import magnitude_fields


def log_signature(fmt: LogFormat) -> wiring.Signature:
    """Return the ports that carry an unpacked logarithmic operand.

    `log` is x in two's complement (it means nothing of zero and of what is no number), `sign` the sign bit, `zero` and `nan` tell
    the codes 0 and 10…0.
    """
    return wiring.Signature({"log": Out(1 + fmt.max_log.bit_length()), "sign": Out(1), "zero": Out(1), "nan": Out(1)})


class DecodeLog(wiring.Component):
    """Unpack one logarithmic operand. Combinational.

    Parameters
    ----------
    fmt
        The operand's format.

    Attributes
    ----------
    code : In(fmt.width)
        The operand.
    number : Out(log_signature(fmt))
        The unpacked operand.
    """

    def __init__(self, fmt: LogFormat) -> None:
        self.fmt = fmt
        super().__init__({"code": In(fmt.width), "number": Out(log_signature(fmt))})

    def elaborate(self, platform):
        m = Module()
        sign, rest = self.code[-1], self.code[:-1]
        number, special = self.number, Signal()
        m.d.comb += [special.eq(~rest.any()), number.sign.eq(sign), number.zero.eq(special & ~sign), number.nan.eq(special & sign)]
        if self.fmt.regime_exponent_bits is None:
            # The field is x + 2**(width - 2): x with its sign bit flipped.
            m.d.comb += number.log.eq(Cat(rest[:-1], ~rest[-1]))
        else:
            # Regime, exponent and fraction side by side are the logarithm.
            tail_bits = self.fmt.step_bits + self.fmt.regime_exponent_bits
            tapered = magnitude_fields(m, AdderCells(m), self.code, tail_bits)
            m.d.comb += number.log.eq(Cat(tapered.rest[len(tapered.rest) - tail_bits :], tapered.regime)[: len(number.log)])
        return m
