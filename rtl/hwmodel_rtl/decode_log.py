"""Logarithmic codes, unpacked: sign, what is no number, and the logarithm as an integer of steps."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwmodel.spec import LogFormat

from .adders import add, constant
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .shifter import shift_left


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
            log = tapered(m, AdderCells(m), self.code, self.fmt.step_bits + self.fmt.regime_exponent_bits)
            m.d.comb += number.log.eq(log[: len(number.log)])
        return m


def tapered(m: Module, cells: AdderCells, code: Value, tail_bits: int) -> Value:
    """Return regime, exponent and fraction of a code laid out as a posit's, as one two's complement number.

    The regime is a run of equal bits and the bit that ends it: k = length - 1 of a run of ones, -length of zeros. What
    stands behind it moves up, so that missing exponent and fraction bits count as zeros.

    Parameters
    ----------
    tail_bits
        Bits of exponent and longest fraction together, below the regime in the result.
    """
    width = len(code) - 1
    sign = code[-1]
    flipped, body = Signal(width), Signal(width)
    m.d.comb += flipped.eq(code[:-1] ^ sign.replicate(width))
    m.d.comb += body.eq(Cat(*add(m, cells, list(flipped), constant(0, width), sign)[:width]))
    ones = body[-1]
    # How many bits below the first are like it; the one at the end stops a run that fills the code.
    length, _ = leading_zero_count(m, Cat(Const(1, 1), body[:-1] ^ ones.replicate(width - 1)), "run")
    tail = shift_left(m, body[:-2], length, width - 2)
    placed = Cat(Const(0, max(tail_bits - len(tail), 0)), tail)
    regime = Cat(*(bit ^ ~ones for bit in length), ~ones)
    return Cat(placed[len(placed) - tail_bits :], regime)
