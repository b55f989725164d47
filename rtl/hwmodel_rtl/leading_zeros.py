"""Leading-zero count.

Source: V. Oklobdzija, "An algorithmic and novel design of a leading zero detector circuit", IEEE TVLSI 2(1), 1994.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def leading_zero_count(m: Module, value: Value, name: str = "lz") -> tuple[Value, Value]:
    """Return how many zeros stand above the highest one, and whether there is no one at all.

    The count is ``ceil(log2(len(value)))`` bits; it means nothing when there is no one.
    """
    if len(value) == 1:
        return Const(0, 0), ~value
    split = 1 << ((len(value) - 1).bit_length() - 1)  # the largest power of two below the length goes on top
    high, low = value[len(value) - split :], value[: len(value) - split]
    high_count, high_zero = leading_zero_count(m, high, name)
    low_count, low_zero = leading_zero_count(m, low, name)
    bits = len(high_count)
    count = Signal(bits + 1, name=f"{name}_{len(value)}")
    zero = Signal(name=f"{name}_{len(value)}_none")
    m.d.comb += [count.eq(Cat(Mux(high_zero, low_count, high_count)[:bits], high_zero)), zero.eq(high_zero & low_zero)]
    return count, zero
