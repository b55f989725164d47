"""The rounder: the one place where a significand loses bits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .adders import add, constant
from .cells import AdderCells, Bit


def increment_of(rounding: str, lsb: Value, guard: Value, sticky: Value) -> Value:
    """Return whether a truncated magnitude goes up by one unit.

    Parameters
    ----------
    rounding
        ``"rne"``, ``"rna"`` or ``"rtz"``.
    lsb, guard, sticky
        The last bit kept, the first bit dropped, and the OR of all bits after it.
    """
    match rounding:
        case "rne":
            return guard & (sticky | lsb)
        case "rna":
            return guard
        case "rtz":
            return Const(0, 1)
    raise ValueError(f"rounding {rounding!r} is not one of rne, rna, rtz")


def round_significand(
    m: Module,
    cells: AdderCells,
    value: Value,
    precision: int,
    rounding: str,
    adder: str,
    odd: Value | None = None,
    *,
    random: Value | None = None,
    lowest: Value | None = None,
) -> tuple[Value, Value]:
    """Round `value` to its top `precision` bits.

    Parameters
    ----------
    odd
        Whether the truncated number's code is odd, for ties; default: its last bit, which is right wherever there is a
        fraction.
    random
        Stochastic rounding: the random bits, as many as dropped bits are looked at. They decide, whatever `rounding` says.
    lowest
        Given for formats without subnormals: whether the top bit's weight is that of the lowest binade. The first number
        there is ``10…01``; what is below becomes that or zero.

    Returns
    -------
    significand, carry
        `precision` bits, and whether rounding carried out of the top: the significand is then ``10…0`` one binade up.
    """
    kept = value[len(value) - precision :] if len(value) >= precision else Cat(Const(0, precision - len(value)), value)
    dropped = value[: max(len(value) - precision, 0)]
    below: Value | None = None
    if lowest is not None:
        below = Signal(name="below_smallest")
        m.d.comb += below.eq(lowest & ~(kept[-1] & kept[:-1].any()) if precision > 1 else lowest)
    if random is not None:
        return _round_stochastically(m, cells, kept, dropped, adder, random, below)
    if len(dropped) == 0 or rounding == "rtz":
        return _beside_zero(kept, Const(0, 1), below, _nearer_to_smallest(rounding, kept, Const(0, 1), Const(0, 1)))
    increment = Signal(name="round_up")
    sticky = dropped[:-1].any() if len(dropped) > 1 else Const(0, 1)
    m.d.comb += increment.eq(increment_of(rounding, kept[0] if odd is None else odd, dropped[-1], sticky))
    total = add(m, cells, list(kept), constant(0, precision), increment, kind=adder)
    rounded = Signal(precision, name="rounded")
    carry = Signal(name="round_carry")
    m.d.comb += [carry.eq(total[-1]), rounded.eq(Cat(*total[:-2], Value.cast(total[-2])[0] | carry))]
    return _beside_zero(rounded, carry, below, _nearer_to_smallest(rounding, kept, dropped[-1], sticky))


def _round_stochastically(
    m: Module, cells: AdderCells, kept: Value, dropped: Value, adder: str, random: Value, below: Value | None
) -> tuple[Value, Value]:
    """Add the random bits to the leading dropped ones; what carries over goes up.

    With X the kept bits and k dropped ones, read as an integer, and S = 2^M + 1 the smallest number of a format without
    subnormals, a number below S goes up if floor(2^k · number / S) + r >= 2^k, that is, if X + r·S >= 2^k·S.
    """
    precision, bits = len(kept), len(random)
    spare = max(bits - len(dropped), 0)
    leading = [*constant(0, spare), *dropped[len(dropped) - bits + spare :]]
    width = precision + bits
    addend: list[Bit] = [*random, *constant(0, precision)]
    if below is not None:
        scaled = [*constant(0, precision - 1), *(random & below.replicate(bits)), 0]
        addend = add(m, cells, addend, scaled, kind="ripple")[:width]
    total = add(m, cells, [*leading, *kept], addend, kind=adder)[bits:]
    rounded = Signal(precision, name="rounded")
    carry = Signal(name="round_carry")
    m.d.comb += [carry.eq(total[-1]), rounded.eq(Cat(*total[:-2], Value.cast(total[-2])[0] | carry))]
    fraction = Cat(*total[:-2]).any() if precision > 1 else Const(0, 1)
    return _beside_zero(rounded, carry, below, total[-1] | (Value.cast(total[-2])[0] & fraction))


def _nearer_to_smallest(rounding: str, kept: Value, guard: Value, sticky: Value) -> Value:
    """Return whether a number below ``10…01`` is to become that, and not zero, by a rounding to nearest (or none at all)."""
    if rounding == "rtz":
        return Const(0, 1)
    beyond = guard if rounding == "rna" else guard & sticky
    if len(kept) == 1:
        # The smallest number is 2, and half of it is 1.
        return kept if rounding == "rna" else kept & (guard | sticky)
    # Half of it is 2^(M-1) and a half.
    rest = kept[:-2].any() if len(kept) > 2 else Const(0, 1)
    return kept[-1] | (kept[-2] & (rest | beyond))


def _beside_zero(rounded: Value, carry: Value, below: Value | None, up: Value) -> tuple[Value, Value]:
    """Return `rounded` and `carry`, or where the number is `below` the smallest one: that if it goes `up`, else zero."""
    if below is None:
        return rounded, carry
    if len(rounded) == 1:
        return Mux(below, up, rounded), Mux(below, up, carry)
    return Mux(below, Cat(up, Const(0, len(rounded) - 2), up), rounded), carry & ~below
