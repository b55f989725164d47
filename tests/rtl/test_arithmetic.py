# amaranth: UnusedElaboratable=no
# Numbers are added while building, in modules that nobody elaborates.
"""The building blocks, where plain integers can stand in for signals."""

import itertools
import random

import pytest
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.sim import Simulator

from hwmodel_rtl.adders import add, add_or_subtract, constant, count_up_or_down, prefix_network
from hwmodel_rtl.architecture import ADDERS
from hwmodel_rtl.cells import AdderCells
from hwmodel_rtl.compressor import Columns
from hwmodel_rtl.multiplier import multiply


def as_number(bits):
    return sum(bit << i for i, bit in enumerate(bits))


@pytest.mark.parametrize("carry", [0, 1])
def test_constant_bits_are_added_while_building(carry):
    module = Module()
    for a in range(16):
        for b in range(16):
            total = add(module, AdderCells(module), constant(a, 4), constant(b, 4), carry)
            assert as_number(total) == a + b + carry


@pytest.mark.parametrize("kind", ADDERS[1:])
@pytest.mark.parametrize("width", [*range(2, 20), 33, 64])
def test_every_prefix_network_carries_right(kind, width):
    """Run the network on numbers: generate and propagate of each position, combined as the circuit combines them."""
    rng = random.Random(width)
    for _ in range(50):
        generate = [rng.random() < 0.4 for _ in range(width)]
        propagate = [False, *(rng.random() < 0.6 for _ in range(width - 1))]
        expected, carry = [], False
        for g, p in zip(generate, propagate, strict=True):
            carry = g or (p and carry)
            expected.append(carry)
        got, spans = list(generate), list(propagate)
        for level in prefix_network(width, kind):
            before, before_spans = list(got), list(spans)
            for i, j in level:
                got[i] = before[i] or (before_spans[i] and before[j])
                spans[i] = before_spans[i] and before_spans[j]
        assert got == expected


def test_prefix_networks_are_as_deep_as_their_authors_say():
    assert len(prefix_network(32, "sklansky")) == 5
    assert len(prefix_network(32, "kogge_stone")) == 5
    assert len(prefix_network(32, "brent_kung")) == 2 * 5 - 1
    assert sum(map(len, prefix_network(32, "kogge_stone"))) == 32 * 5 - 31
    assert sum(map(len, prefix_network(32, "sklansky"))) == 16 * 5
    assert sum(map(len, prefix_network(32, "brent_kung"))) == 2 * 32 - 2 - 5


def test_constants_of_a_sum_are_collected():
    columns = Columns(8)
    columns.add_signed(constant(0b1101, 4))  # -3
    columns.add_unsigned(constant(9, 4), 2)  # 36
    columns.constant += 5
    total = columns.total(module := Module(), AdderCells(module), "ripple")
    assert as_number(total) == (-3 + 36 + 5) % 256


class PlainCells(AdderCells):
    """Adders that a simulator knows: the cells are black boxes."""

    def _place(self, kind, name, inputs):
        total = Signal(2)
        self._module.d.comb += total.eq(sum(inputs.values()))
        return total[0], total[1]


def tabulate(m: Module, inputs: list[Signal], output: Value, vectors: list[tuple[int, ...]]) -> list[int]:
    """Return what a combinational circuit makes of each vector."""
    seen = []

    async def bench(context):
        for vector in vectors:
            for signal, value in zip(inputs, vector, strict=True):
                context.set(signal, value)
            seen.append(context.get(output))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


@pytest.mark.parametrize("kind", ADDERS)
@pytest.mark.parametrize("width", [3, 4, 5, 8, 9, 21])
def test_every_adder_adds(kind: str, width: int):
    m, a, b, carry = Module(), Signal(width), Signal(width), Signal()
    total = add(m, PlainCells(m), list(a), list(b), carry, kind)
    rng, ones = random.Random(width), (1 << width) - 1
    # Every bit carries, from every place; and whatever comes.
    vectors = [(ones, 1 << i, 0) for i in range(width)] + [(ones, 0, 1), (ones ^ 1, 1, 1), (0, 0, 1)]
    vectors += [(rng.randrange(ones + 1), rng.randrange(ones + 1), rng.randrange(2)) for _ in range(100)]
    assert tabulate(m, [a, b, carry], Cat(*total), vectors) == [sum(vector) for vector in vectors]


@pytest.mark.parametrize("kind", ADDERS)
def test_one_adder_gives_sums_and_magnitudes_of_differences(kind: str):
    m, a, b, subtract = Module(), Signal(5), Signal(5), Signal()
    magnitude, carry, negative = add_or_subtract(m, PlainCells(m), list(a), list(b), subtract, kind)
    vectors = list(itertools.product(range(32), range(32), range(2)))
    for (x, y, minus), word in zip(vectors, tabulate(m, [a, b, subtract], Cat(*magnitude, carry, negative), vectors), strict=True):
        assert word & 63 == (abs(x - y) if minus else x + y)
        # Of two equal numbers the sign of the difference is nobody's business.
        assert word >> 6 == (minus and x < y) or x == y


@pytest.mark.parametrize("kind", ADDERS)
def test_counting_up_and_down(kind: str):
    m, bits, up, down = Module(), Signal(6), Signal(), Signal()
    counted = count_up_or_down(m, list(bits), up, down, kind)
    vectors = [(value, *way) for value in range(64) for way in ((0, 0), (1, 0), (0, 1))]
    assert tabulate(m, [bits, up, down], Cat(*counted), vectors) == [(value + plus - minus) % 64 for value, plus, minus in vectors]


@pytest.mark.parametrize("kind", ["ripple", "brent_kung"])
@pytest.mark.parametrize(("signed", "width"), [(True, 12), (True, 8), (False, 12)])
def test_a_product_is_added_to_a_wider_register(kind: str, signed: bool, width: int):
    m, a, b, acc = Module(), Signal(4), Signal(3), Signal(width)
    columns, cells = Columns(width), PlainCells(m)
    multiply(m, columns, list(a), list(b), a_signed=signed, b_signed=signed, kind="baugh_wooley")
    columns.add_unsigned(list(acc))
    total = columns.total(m, cells, kind)
    low = {False: lambda value, bits: value, True: lambda value, bits: value - (value >> (bits - 1) << bits)}[signed]
    accs = [0, 1, (1 << width) - 1, 1 << (width - 1), 0b0111 << 4, 0b1000 << 4, *random.Random(7).sample(range(1 << width), 20)]
    vectors = list(itertools.product(range(16), range(8), accs))
    assert tabulate(m, [a, b, acc], Cat(*total), vectors) == [(low(x, 4) * low(y, 3) + c) % (1 << width) for x, y, c in vectors]
