"""A tensor core's dot product, one exact number at a time."""

from collections.abc import Sequence

from hwmodel import spec
from hwmodel.spec import FloatFormat, Format, TensorPreset, parse_tensor

from .codec import decode, encode
from .value import NAN, Kind, Value, dyadic

ZERO = Value()

Term = tuple[Value, int]
"""A value, and the exponent it is aligned by."""


class TensorAcc:
    """The accumulator of a unit of tensor-core style."""

    overflow = False
    invalid = False

    def __init__(self, acc: spec.TensorAcc):
        self.acc = acc
        self.clear()

    def clear(self) -> None:
        """Make the register +0."""
        self.code = 0

    def add(self, products: Sequence[Term], random: int = 0) -> None:
        """Take one step; nothing here is random."""
        self.code = _step(products, self.code, self.acc.format, self.acc)

    def load(self, code: int) -> None:
        """Make the register `code`, a NaN the canonical one."""
        value = decode(code, self.acc.format)
        self.code = encode(value, self.acc.format) if value.is_nan else code


def dot(
    a: Sequence[int], b: Sequence[int], c: int, core: spec.TensorAcc | TensorPreset | str, a_format: FloatFormat, b_format: FloatFormat
) -> int:
    """Return the code of ``sum(a * b) + c`` as a tensor core computes it.

    Parameters
    ----------
    a, b
        Codes of `a_format` and `b_format`, equally many.
    c
        Code of the addend: of ``core.format``, or of a preset's ``result``.
    core
        The arithmetic; a text is read by `hwmodel.spec.parse_tensor`.

    Returns
    -------
    int
        A code of the format of `c`.

    Examples
    --------
    >>> from hwmodel.spec import parse_format
    >>> fp16 = parse_format("fp16")
    >>> hex(dot([0x3C00, 0x4000], [0x3C00, 0x4200], 0, "a100", fp16, fp16))  # 1 · 1 + 2 · 3
    '0x40e00000'
    """
    core = parse_tensor(core, a_format, b_format) if isinstance(core, str) else core
    products = [product(x, a_format, y, b_format) for x, y in zip(a, b, strict=True)]
    if isinstance(core, spec.TensorAcc):
        return _in_order(products, c, core, core.format)
    return _in_order(products, c, core.acc, core.result)


def _in_order(products: Sequence[Term], c: int, acc: spec.TensorAcc, held: FloatFormat) -> int:
    """Return the code after all products, L of them a step; `c` and the result are codes of `held`."""
    total, fmt = c, held
    for start in range(0, len(products), acc.lanes):
        total = _step(products[start : start + acc.lanes], total, fmt, acc)
        fmt = acc.format
    return encode(decode(total, fmt), held) if fmt != held else total


def _step(products: Sequence[Term], held: int, fmt: FloatFormat, acc: spec.TensorAcc) -> int:
    """Return the code, of ``acc.format``, after one step from an accumulator that holds the code `held` of `fmt`."""
    if not acc.late:
        return rounded_sum([*products, term_of(held, fmt)], acc)
    total = 0
    for lanes, _ in acc.sums:
        chosen = [products[lane] for lane in lanes if lane < len(products)]
        total = rounded_sum([*chosen, term_of(total, acc.format)], acc)
    return encode(decode(held, fmt) + decode(total, acc.format), acc.format)


def term_of(code: int, fmt: FloatFormat) -> Term:
    value = decode(code, fmt)
    return value, _exponent(value, fmt)


def product(x: int, a_format: Format, y: int, b_format: Format) -> Term:
    assert isinstance(a_format, FloatFormat)  # no unit of others has such an accumulator
    assert isinstance(b_format, FloatFormat)
    a, b = decode(x, a_format), decode(y, b_format)
    return a * b, _exponent(a, a_format) + _exponent(b, b_format)


def _exponent(value: Value, fmt: FloatFormat) -> int:
    """Return the exponent of the leading one, or of the smallest normal number if that is larger."""
    number = value.number
    # Of a fraction over a power of two, the difference of the lengths is the exponent.
    return max(number.numerator.bit_length() - number.denominator.bit_length(), fmt.emin) if number else fmt.emin


def rounded_sum(terms: Sequence[Term], acc: spec.TensorAcc) -> int:
    """Return the code, of ``acc.format``, of the truncated and rounded sum of `terms`."""
    special = [value for value, _ in terms if not value.is_finite]
    if special:
        # One infinity, or several of one sign, or NaN.
        total = special[0] if all(value == special[0] for value in special) else NAN
        return encode(total, acc.format)
    counted = [(value.number, exponent) for value, exponent in terms if not value.is_zero]
    if not counted:
        return encode(ZERO, acc.format)
    unit = dyadic(1, max(exponent for _, exponent in counted) - acc.fraction)
    # int() of a Fraction truncates toward zero.
    number = sum(int(number / unit) for number, _ in counted) * unit
    beyond = acc.format.max_value + dyadic(1, acc.format.emax - acc.format.fraction_bits)
    if abs(number) >= beyond:  # `encode` would stop at the largest number with rtz
        return encode(Value(negative=number < 0, kind=Kind.INFINITE), acc.format)
    return encode(number, acc.format, acc.rounding)
