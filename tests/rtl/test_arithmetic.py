"""The building blocks, where plain integers can stand in for signals."""

import random

import pytest
from amaranth.hdl import Module

from hwmodel_rtl.adders import add, constant, prefix_network
from hwmodel_rtl.cells import AdderCells
from hwmodel_rtl.compressor import Columns


def as_number(bits):
    return sum(bit << i for i, bit in enumerate(bits))


@pytest.mark.parametrize("carry", [0, 1])
def test_constant_bits_are_added_while_building(carry):
    module = Module()
    for a in range(16):
        for b in range(16):
            total = add(module, AdderCells(module), constant(a, 4), constant(b, 4), carry)
            assert as_number(total) == a + b + carry


@pytest.mark.parametrize("kind", ["brent_kung", "sklansky", "kogge_stone"])
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
    rows = columns.rows(AdderCells(Module()))
    assert (as_number(rows[0]) + as_number(rows[1])) % 256 == (-3 + 36 + 5) % 256
