"""The largest of several numbers."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value


def largest(m: Module, numbers: Sequence[Value], name: str = "largest") -> Value:
    """Return the largest of unsigned numbers of one width.

    From the top bit down: a bit of the result is one if a number that is still in the running has it, and then those
    without it drop out. That is about half the gates of a tree of comparisons.
    """
    running: list[Value] | None = None  # None: all of them
    bits: list[Value] = []
    for i in reversed(range(len(numbers[0]))):
        own = [number[i] if running is None else number[i] & running[k] for k, number in enumerate(numbers)]
        bit = Signal(name=f"{name}_{i}")
        m.d.comb += bit.eq(Cat(*own).any())
        bits.insert(0, bit)
        if i:
            still = Signal(len(numbers), name=f"{name}_running_{i}")
            out = [bit & ~number[i] for number in numbers]
            m.d.comb += still.eq(Cat(*(~each if running is None else ~each & running[k] for k, each in enumerate(out))))
            running = list(still)
    return Cat(*bits)
