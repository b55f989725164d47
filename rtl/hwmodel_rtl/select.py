"""Small tables and choices as multiplexers: what does not depend on a select bit is not multiplexed by it."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value


def choose(m: Module, index: Value, values: Sequence[Value], name: str = "chosen") -> Value:
    """Return ``values[index]``; past the last value, the last. Values that are one object share their wire."""
    if all(value is values[0] for value in values):
        return values[0]
    size = 1 << (len(values) - 1).bit_length()
    values, half = [*values, *[values[-1]] * (size - len(values))], size // 2
    low = choose(m, index, values[:half], name)
    high = choose(m, index, values[half:], name)
    chosen = Signal(max(len(low), len(high)), name=f"{name}_{size}")
    m.d.comb += chosen.eq(Mux(index[half.bit_length() - 1], high, low))
    return chosen


def read(index: Value, words: Sequence[int], width: int) -> list[Value]:
    """Return the bits of ``words[index]``, from a table of ``2**len(index)`` words of `width` bits, each as a tree of multiplexers."""
    return [_column(index, tuple((word >> i) & 1 for word in words)) for i in range(width)]


def _column(index: Value, bits: tuple[int, ...]) -> Value:
    """Return one bit of the table: Shannon's expansion, ended where a half is constant, or equal to the other or its complement."""
    half = len(bits) // 2
    if len(set(bits)) == 1:
        return Const(bits[0], 1)
    low, high, select = bits[:half], bits[half:], index[half.bit_length() - 1]
    if low == high:
        return _column(index, low)
    if all(x != y for x, y in zip(low, high, strict=True)):
        return _column(index, low) ^ select if len(set(low)) > 1 else (select if high[0] else ~select)
    if len(set(low)) == 1:
        return select & _column(index, high) if not low[0] else ~select | _column(index, high)
    if len(set(high)) == 1:
        return ~select & _column(index, low) if not high[0] else select | _column(index, low)
    return Mux(select, _column(index, high), _column(index, low))
