"""Logarithmic shifters."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .wires import wire


def shift_left(m: Module, value: Value, amount: Value, width: int, name: str = "shifted", fill: Value | None = None) -> Value:
    """Return ``(value << amount) mod 2**width``. Small shifts come first, while the number is still narrow, and the two largest are one.

    Given a `fill`, that bit comes in from below and stands above `value`: a complement shifted is the complement of a number shifted.
    """
    fill = Const(0, 1) if fill is None else fill
    shifted: Value = value
    for stage in range(len(amount)):
        distance = 1 << stage
        if stage == len(amount) - 2 and len(shifted) <= 2 * distance:
            return _place(m, shifted, amount[stage:], distance, width, name, fill)
        grown = min(len(shifted) + distance, width)
        stay = Cat(shifted, fill.replicate(grown - len(shifted)))
        moved = Cat(fill.replicate(distance), shifted)[:grown]
        shifted = wire(m, Mux(amount[stage], moved, stay), f"{name}_{stage}", grown)
    return shifted[:width]


def _place(m: Module, value: Value, index: Value, distance: int, width: int, name: str, fill: Value) -> Value:
    """Return ``(value << index * distance) mod 2**width``, `fill` around `value`, whose bits each have at most two places to come from."""
    places = range(1 << len(index))
    # Linters do not like how `index == 0` and `index == 1` are written: with operands of other widths.
    first = index[0] & ~index[1:].any()
    there = wire(m, Cat(~index.any(), first, *(index == place for place in places[2:])), f"{name}_places", len(places))
    grown = min(len(value) + distance * (len(places) - 1), width)
    bits: list[Value] = []
    outside: dict[tuple[int, ...], Value] = {}
    for weight in range(grown):
        reached = tuple(place for place in places if 0 <= weight - place * distance < len(value))
        if reached not in outside:
            outside[reached] = wire(m, fill & ~Cat(*(there[place] for place in reached)).any(), f"{name}_outside_{weight}")
        bits.append(Cat(outside[reached], *(there[place] & value[weight - place * distance] for place in reached)).any())
    return wire(m, Cat(*bits), f"{name}_placed", grown)


def normalise(m: Module, value: Value, count: Value, name: str = "normalised") -> Value:
    """Return `value` moved up by its leading zeros, as wide as before. Large shifts come first: a count's high bits are known first."""
    width = len(value)
    for stage in reversed(range(len(count))):
        distance = min(1 << stage, width)
        moved = Cat(Const(0, distance), value)[:width]
        value = wire(m, Mux(count[stage], moved, value), f"{name}_{stage}", width)
    return value


def shift_left_overflow(m: Module, value: Value, amount: Value, width: int, name: str = "shifted") -> tuple[Value, Value]:
    """Return ``(value << amount) mod 2**width``, and whether a bit was lost above."""
    lost: list[Value] = [value[width:].any()] if len(value) > width else []
    shifted: Value = value[:width]
    for stage in range(len(amount)):
        distance = 1 << stage
        grown = min(len(shifted) + distance, width)
        whole = Cat(Const(0, distance), shifted)
        if len(whole) > width:
            lost.append(amount[stage] & whole[max(width, distance) :].any())
        shifted = wire(m, Mux(amount[stage], whole[:grown], shifted), f"{name}_{stage}", grown)
    overflow = Signal(name=f"{name}_overflow")
    m.d.comb += overflow.eq(Cat(*lost).any() if lost else 0)
    return shifted, overflow


def shift_right_sticky(m: Module, value: Value, amount: Value, width: int, name: str = "aligned") -> tuple[Value, Value]:
    """Shift right inside a window and say whether anything was lost.

    Parameters
    ----------
    value
        The number, in the top bits of the window.
    amount
        Unsigned distance, any size.
    width
        Bits of the window, at least those of `value`.

    Returns
    -------
    shifted, sticky
        The window (`width` bits), and the OR of all bits that fell out of it.
    """
    lost: list[Value] = []
    shifted: Value = value  # its top bit is the window's top bit; it grows downwards as it moves
    for stage in range(len(amount)):
        distance = 1 << stage
        select = amount[stage]
        if distance >= width:
            # So far to the right that nothing stays.
            far = Signal(name=f"{name}_far")
            m.d.comb += far.eq(amount[stage:].any())
            lost.append(far & shifted.any())
            shifted = wire(m, Mux(far, Const(0, len(shifted)), shifted), f"{name}_{stage}", len(shifted))
            break
        grown = min(len(shifted) + distance, width)
        below = len(shifted) + distance - grown  # bits of the moved number that leave the window
        stay = Cat(Const(0, grown - len(shifted)), shifted)
        moved = Cat(shifted[below:], Const(0, distance))
        if below:
            lost.append(select & shifted[:below].any())
        shifted = wire(m, Mux(select, moved, stay), f"{name}_{stage}", grown)
    window = Cat(Const(0, width - len(shifted)), shifted)
    sticky = Signal(name=f"{name}_sticky")
    m.d.comb += sticky.eq(Cat(*lost).any() if lost else 0)
    return window, sticky


def shift_right(m: Module, value: Value, amount: Value, fill: Value, name: str = "lowered") -> Value:
    """Return `value` moved down by `amount` places, as wide as before, with `fill` coming in at the top."""
    shifted: Value = value
    for stage in range(len(amount)):
        distance = min(1 << stage, len(value))
        moved = Cat(shifted[distance:], fill.replicate(distance))
        shifted = wire(m, Mux(amount[stage], moved, shifted), f"{name}_{stage}", len(value))
    return shifted


def shift_right_cut(m: Module, value: Value, amount: Value, width: int, name: str = "aligned") -> Value:
    """Shift right inside a window of `width` bits and drop what falls out of it.

    Parameters
    ----------
    value
        The number, in the top bits of the window; if it is longer, its lowest bits are dropped at once.
    amount
        Unsigned distance, any size.
    """
    shifted: Value = value[max(len(value) - width, 0) :]
    for stage in range(len(amount)):
        distance = 1 << stage
        if distance >= width:
            # So far to the right that nothing stays.
            near = Signal(name=f"{name}_near")
            m.d.comb += near.eq(~amount[stage:].any())
            shifted = wire(m, shifted & near.replicate(len(shifted)), f"{name}_{stage}", len(shifted))
            break
        grown = min(len(shifted) + distance, width)
        stay = Cat(Const(0, grown - len(shifted)), shifted)
        moved = Cat(shifted[len(shifted) + distance - grown :], Const(0, distance))
        shifted = wire(m, Mux(amount[stage], moved, stay), f"{name}_{stage}", grown)
    return Cat(Const(0, width - len(shifted)), shifted)
