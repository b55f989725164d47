"""The shift of a number in two's complement to a fixed-point grid: multiplexers, then windows that a decoded exponent opens."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value

from hwmodel.spec.window_shift import WindowShift

from .wires import wire


def shift_to_grid(m: Module, number: Any, plan: WindowShift) -> tuple[Value, Value]:
    """Return the bits of a number on a grid at the weights that its plan asks for, and its sign, which stands above; of a zero, zeros."""
    value, sign, exponent = number.significand, number.significand[-1], number.exponent
    for stage in range(plan.fine):
        distance = 1 << stage
        stay, moved = Cat(value, sign.replicate(distance)), Cat(Const(0, distance), value)
        value = wire(m, Mux(exponent[stage], moved, stay), f"moved_{stage}", len(stay))
    chosen = exponent[plan.fine :]
    ways = {window: [bit if (window >> i) & 1 else ~bit for i, bit in enumerate(chosen)] for window in plan.windows}
    windows = {window: wire(m, Cat(~number.zero, *bits).all(), "window") for window, bits in ways.items()}
    above: dict[tuple[int, ...], Value] = {}
    bits = []
    for weight in plan.weights:
        terms = [windows[window] & value[bit] for window, bit in plan.sources(weight)]
        signs = plan.signs(weight)
        if signs:
            if signs not in above:
                above[signs] = wire(m, sign & Cat(*(windows[window] for window in signs)).any(), "sign_above")
            terms.append(above[signs])
        bits.append(wire(m, Cat(*terms).any() if terms else Const(0, 1), "on_grid"))
    return Cat(*bits), wire(m, sign & ~number.zero, "sign_on_grid")
