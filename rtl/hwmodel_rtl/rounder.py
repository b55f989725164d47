"""The rounder: the one place where a significand loses bits."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .adders import add, constant
from .cells import AdderCells


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
    m: Module, cells: AdderCells, value: Value, precision: int, rounding: str, adder: str, odd: Value | None = None
) -> tuple[Value, Value]:
    """Round `value` to its top `precision` bits.

    Parameters
    ----------
    odd
        Whether the truncated number's code is odd, for ties; default: its last bit, which is right wherever there is a
        fraction.

    Returns
    -------
    significand, carry
        `precision` bits, and whether rounding carried out of the top: the significand is then ``10…0`` one binade up.
    """
    kept = value[len(value) - precision :] if len(value) >= precision else Cat(Const(0, precision - len(value)), value)
    dropped = value[: max(len(value) - precision, 0)]
    if len(dropped) == 0 or rounding == "rtz":
        return kept, Const(0, 1)
    increment = Signal(name="round_up")
    sticky = dropped[:-1].any() if len(dropped) > 1 else Const(0, 1)
    m.d.comb += increment.eq(increment_of(rounding, kept[0] if odd is None else odd, dropped[-1], sticky))
    total = add(m, cells, list(kept), constant(0, precision), increment, kind=adder)
    rounded = Signal(precision, name="rounded")
    carry = Signal(name="round_carry")
    m.d.comb += [carry.eq(total[-1]), rounded.eq(Cat(*total[:-2], Value.cast(total[-2])[0] | carry))]
    return rounded, carry
