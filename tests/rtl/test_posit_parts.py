"""Unpacking, rounding and packing of posits, as circuits: on every code, against what shifting codes says."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hwmodel.spec import PositFormat
from hwmodel_rtl.architecture import Architecture
from hwmodel_rtl.cells import AdderCells
from hwmodel_rtl.decode import Decode
from hwmodel_rtl.number import connect
from hwmodel_rtl.posit import pack_posit
from hwmodel_rtl.roundterm import RebaseTerm, RoundTermPosit

pytestmark = pytest.mark.usefixtures("adders_are_logic")


class Narrowed(wiring.Component):
    """A posit rounded to a narrower one; with `top`, by way of a number that counts its exponent from elsewhere."""

    def __init__(self, wide: PositFormat, narrow: PositFormat, top: int = 0) -> None:
        self.wide, self.narrow, self.top = wide, narrow, top
        super().__init__({"code": In(wide.width), "result": Out(narrow.width)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.decode = decode = Decode(self.wide, normalised=True)
        m.submodules.rebase = rebase = RebaseTerm(decode.shape, top=self.top)
        m.submodules.rounder = rounder = RoundTermPosit(self.narrow, rebase.shape, Architecture())
        m.d.comb += [decode.code.eq(self.code), *connect(decode.shape, rebase.term, decode.number)]
        m.d.comb += connect(rebase.shape, rounder.term, rebase.rebased)
        m.d.comb += self.result.eq(pack_posit(m, AdderCells(m), rounder.rounded, self.narrow))
        return m


def results(circuit: Narrowed) -> list[int]:
    """Return the result for every code."""
    found: list[int] = []

    async def bench(ctx) -> None:
        for code in range(1 << circuit.wide.width):
            ctx.set(circuit.code, code)
            await ctx.delay(1e-9)
            found.append(ctx.get(circuit.result))

    simulator = Simulator(circuit)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def narrowed(code: int, wide: int, narrow: int) -> int:
    """Return the code of `narrow` bits nearest to one of `wide` bits and the same es.

    A posit's code is the top of an endless string, so this is what shifting it right leaves, ties to even, never 0 and never NaR.
    """
    nar = 1 << (wide - 1)
    if code in (0, nar):
        return code >> (wide - narrow)
    body, dropped = min(code, (1 << wide) - code), wide - narrow
    low, half = body & ((1 << dropped) - 1), (1 << dropped) >> 1
    short = body >> dropped
    short += low > half or (low == half > 0 and short % 2 == 1)
    short = min(max(short, 1), (1 << (narrow - 1)) - 1)
    return short if code < nar else (1 << narrow) - short


@pytest.mark.parametrize("es", range(4))
@pytest.mark.parametrize("width", [3, 4, 5, 8, 9])
def test_packing_undoes_unpacking(width: int, es: int) -> None:
    fmt = PositFormat(width, es)
    assert results(Narrowed(fmt, fmt)) == list(range(1 << width))


@pytest.mark.parametrize("es", range(4))
@pytest.mark.parametrize(("wide", "narrow"), [(5, 3), (6, 4), (7, 6), (8, 5), (9, 7), (11, 6)])
def test_a_posit_is_rounded_as_its_code(wide: int, narrow: int, es: int) -> None:
    found = results(Narrowed(PositFormat(wide, es), PositFormat(narrow, es)))
    assert found == [narrowed(code, wide, narrow) for code in range(1 << wide)]


@pytest.mark.parametrize("top", [-7, 1, 20])
def test_where_an_exponent_counts_from_changes_nothing(top: int) -> None:
    found = results(Narrowed(PositFormat(9, 1), PositFormat(7, 1), top))
    assert found == [narrowed(code, 9, 7) for code in range(1 << 9)]
