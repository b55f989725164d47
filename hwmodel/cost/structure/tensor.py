"""Cells of tensor-core arithmetic: products aligned to the largest exponent, truncated, added and rounded once.

Each function counts the component of the same name in `hwmodel_rtl.alignadd_tensor` and `hwmodel_rtl.normacc_tensor`, and sizes itself
as that does.
"""

from functools import lru_cache

from hwmodel.spec import FloatAcc, TensorAcc
from hwmodel.spec.ranges import FloatState, NumberShape
from hwmodel.spec.tensor_step import Lowered, TensorWindow, largest_exponent_range

from .adders import add
from .cells import FLIP, FULL_ADDER, GATE2, MUX2, SIGN_ADDER, XOR2, Packed, counts_of
from .compressor import add_columns
from .parts import exponent_width, keep_float, normalise_and_round, number_width
from .shifters import shift_right_cut
from .tally import SIGNAL, Bit, Tally, constant, extend, invert, signals, stuck

Width = tuple[int, bool]
"""Bits and signedness of an integer."""


def raise_halved(shape: NumberShape) -> Packed:
    """Count what gives halved subnormals the exponent of the smallest normal number."""
    return (shape.significand_bits - 1) * MUX2 + (2 + shape.has_exponent) * GATE2


@lru_cache(maxsize=1 << 12)
def alignadd_tensor(acc: TensorAcc, product: NumberShape, register: NumberShape | None, scale: NumberShape | None, adder: str) -> Packed:
    """Count the addition of the products of a step, and of the accumulator unless `register` is None."""
    tally, window = Tally(), TensorWindow.of(acc)
    columns: list[list[Bit]] = [[] for _ in range(window.magnitude_bits + 1)]
    exponent = exponent_width(product.exponent_low, product.exponent_high)
    lead = exponent
    if product.has_exponent:
        tally.cells += acc.lanes * exponent[0] * GATE2  # a zero does not count
        _largest(tally, acc.lanes, exponent[0])
    constant_sum = 0
    if register is not None:
        lead, constant_sum = _with_register(tally, columns, acc, product, register, scale)
    elif scale is not None:
        _plus(tally, lead, exponent_width(scale.exponent_low, scale.exponent_high))

    high = largest_exponent_range(product, register, scale)[1] - (0 if scale is None else scale.exponent_low)
    distance = (high - product.exponent_low).bit_length()
    for _ in range(acc.lanes):
        if distance:
            add(tally, _bits(lead, distance), invert(_bits(exponent, distance)), 1)
        constant_sum += _enter(tally, columns, product.significand_bits, distance, window.product_bits, signed=product.signed)
    kept = shift_right_cut(Tally(), product.significand_bits, distance, window.product_bits)
    if register is None and product.signed:
        _add_with_signs(tally, columns, constant_sum, window.product_bits - kept, adder)
    else:
        add_columns(tally, columns, constant_sum, adder)
    tally.cells += window.magnitude_bits * FLIP
    add(tally, signals(window.magnitude_bits), constant(0, window.magnitude_bits), SIGNAL, adder)
    if product.nan:
        tally.any_of(acc.lanes)
    if product.inf:
        tally.cells += (2 * acc.lanes + 3) * GATE2
        tally.any_of(acc.lanes)
        tally.any_of(acc.lanes)
    return tally.cells


def _add_with_signs(tally: Tally, columns: list[list[Bit]], constant_sum: int, signs: int, adder: str) -> None:
    """Count a sum whose lowest columns hold nothing but signs, so many: what is below a product is its sign in every bit, and adds to 0."""
    whole, above = Tally(), Tally()
    add_columns(whole, columns, constant_sum, adder)
    if signs > 0:
        add_columns(above, columns[signs:], constant_sum >> signs, adder)
        alone = max(counts_of(whole.cells).full_adder - counts_of(above.cells).full_adder, 0)
        whole.cells += alone * (SIGN_ADDER - FULL_ADDER)
    tally.cells += whole.cells


def _largest(tally: Tally, count: int, bits: int) -> None:
    """Count the largest of unsigned numbers: see `hwmodel_rtl.largest`."""
    for i in range(bits):
        highest, lowest = i == bits - 1, i == 0
        tally.any_of(count)
        tally.cells += (count * (not highest) + count * (not lowest) * (2 - highest)) * GATE2


def _with_register(
    tally: Tally, columns: list[list[Bit]], acc: TensorAcc, product: NumberShape, register: NumberShape, scale: NumberShape | None
) -> tuple[Width, int]:
    """Count what puts the accumulator into `columns`; return the largest exponent of all, and the constant that goes with the sum."""
    products = exponent_width(product.exponent_low, product.exponent_high)
    own = exponent_width(register.exponent_low, register.exponent_high)
    low, lowest = register.exponent_low, product.exponent_low
    if scale is not None:
        by = exponent_width(scale.exponent_low, scale.exponent_high)
        largest, kept = _plus(tally, products, by), own
        own = _plus(tally, own, by, negative=True)
        low, lowest = low - scale.exponent_high, lowest + scale.exponent_low
        tally.cells += min(kept[0], largest[0]) * MUX2
    width = max(bits + (not signed) for bits, signed in (products, own)) + 1
    add(tally, _bits(products, width), invert(_bits(own, width)), 1)
    if low < 0:
        tally.any_of(acc.lanes + 1)
    if not (register.leading_zeros and register.exponent_low <= lowest):
        tally.any_of(register.significand_bits + 1 if register.leading_zeros else 2)
    distance = max(0, largest_exponent_range(product, register, scale)[1] - register.exponent_low).bit_length()
    tally.cells += distance * GATE2
    aligned = _enter(tally, columns, register.significand_bits, distance, TensorWindow.of(acc).product_bits - 1, signed=register.signed)
    tally.cells += min(products[0], own[0]) * MUX2 + abs(products[0] - own[0]) * GATE2
    return (max(own[0], products[0] + 1), True) if own[1] else (max(own[0], products[0]), False), aligned


def _plus(tally: Tally, a: Width, b: Width, *, negative: bool = False) -> Width:
    """Count the sum or difference of two integers; return bits and signedness of the result."""
    width = max(bits + (not signed) for bits, signed in (a, b)) + 1
    add(tally, _bits(a, width), invert(_bits(b, width)) if negative else _bits(b, width), int(negative))
    return width, True


def _bits(number: Width, width: int) -> bytes:
    return extend(signals(number[0]), width, signed=number[1])


def _enter(tally: Tally, columns: list[list[Bit]], bits: int, distance: int, width: int, *, signed: bool) -> int:
    """Count the alignment of a significand and put it into `columns`; return the constant that goes with it."""
    kept = shift_right_cut(tally, bits, distance, width)
    aligned = signals(width) if signed else stuck(width - kept) + signals(kept)
    for weight, bit in enumerate([*aligned, SIGNAL] if signed else aligned):
        columns[weight].append(bit)
    if not signed:
        return 0
    tally.cells += kept * FLIP
    columns[0].append(SIGNAL)
    return -(1 << width)


@lru_cache(maxsize=1 << 12)
def normacc_tensor(acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int], adder: str, resettable: bool) -> Packed:
    """Count rounding, register and packing of a step's sum."""
    tally = Tally()
    _round_sum(tally, acc, state, exponent_range, adder)
    reach = TensorWindow.of(acc).magnitude_bits + Lowered.of(acc, state, exponent_range).zeros
    zeros = max(acc.format.precision - reach, 0)
    tally.cells += keep_float(acc.format, state, resettable, zeros) + GATE2
    if acc.fraction < acc.format.fraction_bits:
        tally.cells += (number_width(state.shape) - zeros) * MUX2  # the register has an enable
        tally.cells += GATE2
    return tally.cells


@lru_cache(maxsize=1 << 12)
def round_products(
    acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int], adder: str, before: NumberShape | None = None
) -> Packed:
    """Count the rounding of a sum of products, and of the sum of phases before, to the format that it is added in."""
    tally, shape = Tally(), state.shape
    _round_sum(tally, acc, state, exponent_range, adder)
    tally.any_of(shape.significand_bits if shape.leading_zeros else 1)
    tally.cells += 2 * shape.signed * MUX2 + GATE2
    if before is not None:
        tally.cells += (before.nan + 4 * before.inf) * GATE2  # a NaN or an infinity stays, opposed ones are NaN
        tally.cells += before.inf * XOR2 + before.inf * MUX2
    return tally.cells


def _round_sum(tally: Tally, acc: TensorAcc, state: FloatState, exponent_range: tuple[int, int], adder: str) -> None:
    fmt, window, lowered = acc.format, TensorWindow.of(acc), Lowered.of(acc, state, exponent_range)
    exponent = exponent_width(lowered.exponent_low, lowered.exponent_high)
    if lowered.vanishes:
        width = exponent[0] + 2
        add(tally, _bits(exponent, width), constant(window.headroom + lowered.zeros - state.shape.exponent_low, width))
        tally.cells += window.magnitude_bits * GATE2
        tally.any_of(window.magnitude_bits)
    rounded = normalise_and_round(
        window.magnitude_bits,
        exponent,
        FloatAcc(fmt, acc.rounding),
        state,
        adder,
        headroom=window.headroom + lowered.zeros,
        empty=lowered.zeros,
        saturates=not fmt.has_nan,
    )
    tally.cells += rounded
