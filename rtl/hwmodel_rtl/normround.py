"""Normalise and round: what is done with every sum that a float keeps."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwmodel.spec import FloatAcc
from hwmodel.spec.ranges import FloatState, rounding_exponent_bits

from .adders import add, constant, extend, invert
from .architecture import Architecture
from .cells import AdderCells
from .leading_zeros import leading_zero_count
from .near_path import NearSum
from .rounder import round_significand
from .shifter import normalise
from .wires import wire


class Rounded:
    """A sum brought to an accumulator's precision and range."""

    def __init__(self, significand: Value, exponent: Value, zero: Value, infinite: Value) -> None:
        self.significand = significand
        self.exponent = exponent
        self.zero = zero
        self.infinite = infinite


def normalise_and_round(
    m: Module,
    cells: AdderCells,
    significand: Value,
    exponent: Value,
    acc: FloatAcc,
    state: FloatState,
    architecture: Architecture,
    random: Value | None = None,
    *,
    headroom: int = 1,
    saturates: bool | None = None,
    near: NearSum | None = None,
) -> Rounded:
    """Normalise and round a magnitude whose highest bit has the weight of `exponent` + `headroom`, and judge overflow.

    Where there is a `near` path, the magnitude is that of the far one, which is normalised by a few places only.

    What is too large becomes infinite or, if it `saturates`, the largest number; by default as an ordinary addition has it.

    Subnormals, where they can occur, stop the normalising shift at the floor. So does what a format without subnormals
    has no numbers for, until the rounder has decided between its neighbours. What is late, the sum and its leading zeros, meets
    as little as possible: the exponent's bounds are looked at before rounding.
    """
    fmt, shape = acc.format, state.shape
    saturates = acc.rounding == "rtz" or not fmt.has_nan if saturates is None else saturates
    floor = shape.exponent_low if state.floored else None
    limit = fmt.emax - shape.top if state.overflows else None
    ends = [end for end in (floor, limit) if end is not None]
    sums = _normalise(m, cells, significand, exponent, headroom, ends, floor, None if near is None else near.path.far_zeros)
    if near is not None:
        by_near = _normalise(m, cells, near.significand, near.exponent, 1, ends, floor, None, "_near")
        sums = _choose(m, near.taken, by_near, sums)
    normal, unrounded, zero, width = sums.significand, sums.exponent, sums.zero, len(sums.exponent)
    odd = None
    if fmt.fraction_bits == 0:
        # The code's last bit is the exponent's: of the field, which is 0 for zero.
        odd = normal[-1] & (unrounded[0] ^ ((shape.top + fmt.bias) & 1))
    lowest = _is(unrounded, floor) if floor is not None and not fmt.subnormals else None
    rounded, carry = round_significand(m, cells, normal, fmt.precision, acc.rounding, architecture.adder, odd, random=random, lowest=lowest)
    final = Signal(signed(width), name="exponent_rounded")
    m.d.comb += final.eq(Cat(*add(m, cells, list(unrounded), constant(0, width), carry)[:width]))

    if floor is not None:
        at_floor = Signal.like(final, name="exponent_floored")
        m.d.comb += at_floor.eq(Mux(zero, floor, final))
        final = at_floor
    infinite: Value = Const(0, 1)
    if limit is not None:
        exceeds = Signal(name="exceeds")
        excess = Cat(*add(m, cells, list(unrounded), constant(-limit - 1, width))[:width])  # negative: within the range
        at_limit = carry
        if fmt.max_significand != (1 << fmt.precision) - 1:
            at_limit |= rounded > fmt.max_significand
        past = ~excess[-1] | (excess.all() & at_limit)
        # The exponent of a zero sum means nothing yet.
        m.d.comb += exceeds.eq(past & rounded[-1])
        if saturates:
            rounded = Mux(exceeds, fmt.max_significand, rounded)
            capped = Signal.like(final, name="exponent_capped")
            m.d.comb += capped.eq(Mux(exceeds, limit, final))
            final = capped
        else:
            infinite = exceeds
    if acc.ftz and state.floored and fmt.subnormals:
        rounded = rounded & rounded[-1].replicate(fmt.precision)
    return Rounded(rounded, final, zero, infinite)


@dataclass(frozen=True)
class _Normalised:
    """A sum whose highest bit is one, unless it is zero or stopped at the floor, and that bit's exponent."""

    significand: Value
    exponent: Value
    zero: Value


def _normalise(
    m: Module,
    cells: AdderCells,
    significand: Value,
    exponent: Value,
    headroom: int,
    ends: list[int],
    floor: int | None,
    most: int | None,
    suffix: str = "",
) -> _Normalised:
    """Normalise a magnitude by its leading zeros, of which there are `most` (None: any number)."""
    width = rounding_exponent_bits((len(exponent), exponent.shape().signed), headroom, len(significand), ends)
    # Of the sum's highest bit. The sum's exponent is there long before the sum.
    top = Signal(signed(width), name=f"exponent_top{suffix}")
    wide = extend(list(exponent), width, signed=exponent.shape().signed)
    m.d.comb += top.eq(Cat(*add(m, cells, wide, constant(headroom, width))[:width]))

    seen = significand if most is None else significand[-most - 1 :]
    marked = seen if floor is None else _marked(m, cells, seen, top, floor)
    zeros, none = leading_zero_count(m, marked)
    zero = none if floor is None else ~significand.any()
    normal = normalise(m, significand, zeros)
    unrounded = Signal(signed(width), name=f"exponent_unrounded{suffix}")
    minus_zeros = invert(extend(list(zeros), width, signed=False))
    m.d.comb += unrounded.eq(Cat(*add(m, cells, list(top), minus_zeros, 1)[:width]))
    return _Normalised(normal, unrounded, zero)


def _choose(m: Module, near_taken: Value, near: _Normalised, far: _Normalised) -> _Normalised:
    """Return the sum of one of two paths, as wide as the wider."""
    bits = max(len(near.significand), len(far.significand))
    aligned = [Cat(Const(0, bits - len(each.significand)), each.significand) for each in (near, far)]
    significand = wire(m, Mux(near_taken, *aligned), "normalised", bits)
    exponent = Signal(signed(max(len(near.exponent), len(far.exponent))), name="exponent_unrounded")
    m.d.comb += exponent.eq(Mux(near_taken, near.exponent, far.exponent))
    return _Normalised(significand, exponent, Mux(near_taken, near.zero, far.zero))


def _is(value: Value, number: int) -> Value:
    """Return whether `value` is a constant, which it is wide enough for."""
    return Cat(*(bit if (number >> i) & 1 else ~bit for i, bit in enumerate(value))).all()


def _marked(m: Module, cells: AdderCells, significand: Value, top: Value, floor: int) -> Value:
    """Return `significand` with a one where the floor of exponents lies, so that counting leading zeros stops there."""
    bits, width = len(significand), len(top)
    reach = min(bits, 1 << width)
    room = Signal(width, name="room")
    m.d.comb += room.eq(Cat(*add(m, cells, list(top), constant(-floor, width))[:width]))
    marked = Signal(bits, name="marked")
    # What is common to all places, then pairs of halves.
    low, half = (reach - 1).bit_length(), (reach - 1).bit_length() // 2
    near = Signal(name="near_floor")
    m.d.comb += near.eq(~room[low:].any())
    fine = [wire(m, _is(room[:half], number), "fine") for number in range(1 << half)]
    coarse = [wire(m, near & _is(room[half:low], number), "coarse") for number in range(1 << (low - half))]
    here = [fine[shift % (1 << half)] & coarse[shift >> half] for shift in range(reach)] + [Const(0, 1)] * (bits - reach)
    m.d.comb += marked.eq(Cat(*(bit | here[bits - 1 - i] for i, bit in enumerate(significand))))
    return marked
