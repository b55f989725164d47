"""The accumulators, one step at a time, on exact numbers."""

from collections.abc import Sequence

from hwmodel import spec
from hwmodel.spec import PositFormat

from .codec import decode, encode
from .value import NAN, Value, dyadic

ZERO = Value()


def sum_of(addends: Sequence[Value]) -> Value:
    """Return the exact sum of one or more values; it is -0 only if all of them are."""
    total, *others = addends
    for other in others:
        total = total + other
    return total


class FixedAcc:
    """A two's complement register that counts units of ``2**-fraction``."""

    def __init__(self, acc: spec.FixedAcc, point: spec.FixedPoint):
        self.acc = acc
        self.point = point
        self.clear()

    def clear(self) -> None:
        """Make the register zero and lower the flags."""
        self.total = 0
        self.overflow = False
        self.invalid = False

    def restart(self) -> None:
        """Count from zero again; the flags stay."""
        self.total = 0

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add all `addends`, each brought to the register's unit; wrap or saturate, and raise `overflow`, where the sum does not fit."""
        self.invalid = self.invalid or not all(addend.is_finite for addend in addends)
        low, high = self.point.min_value, self.point.max_value
        exact = self.total + sum(self._units(addend) for addend in addends if addend.is_finite)
        if low <= exact <= high:
            self.total = exact
            return
        self.overflow = True
        if self.acc.saturate:
            self.total = low if exact < low else high
        else:
            self.total = (exact - low) % (1 << self.point.width) + low

    def _units(self, addend: Value) -> int:
        units = addend.number * dyadic(1, self.point.fraction)
        # Python's round() of a Fraction goes to even, and // goes down.
        return round(units) if self.acc.rounding == "rne" else units.numerator // units.denominator

    @property
    def value(self) -> Value:
        """The number the register stands for."""
        return Value.of(dyadic(self.total, -self.point.fraction))

    @property
    def code(self) -> int:
        """The register's bits."""
        return self.total % (1 << self.point.width)

    def load(self, code: int) -> None:
        """Make the register `code` and lower the flags."""
        self.clear()
        self.total = code - ((code >> (self.point.width - 1)) << self.point.width)


class FloatAcc:
    """A floating-point register: every addition is exact, then encoded once."""

    overflow = False
    invalid = False

    def __init__(self, acc: spec.FloatAcc):
        self.acc = acc
        self.clear()

    def clear(self) -> None:
        """Make the register +0."""
        self.code = 0

    restart = clear

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add the sum of `addends` and round once; unfused: round that sum first as well."""
        addend = sum_of(addends)
        if not self.acc.fused:
            addend = decode(self._round(addend), self.acc.format)
        self.code = self._round(self.value + addend, random)

    def _round(self, value: Value, random: int = 0) -> int:
        return self._flush(encode(value, self.acc.format, self.acc.rounding, random=random))

    def _flush(self, code: int) -> int:
        if not self.acc.ftz:
            return code
        fmt = self.acc.format
        value = decode(code, fmt)
        return encode(Value(negative=value.negative), fmt) if value.is_finite and abs(value.number) < dyadic(1, fmt.emin) else code

    @property
    def value(self) -> Value:
        """The number the register stands for."""
        return decode(self.code, self.acc.format)

    def load(self, code: int) -> None:
        """Make the register `code`, as a sum could have left it: NaNs canonical, subnormals flushed where `.ftz` does."""
        value = decode(code, self.acc.format)
        self.code = self._flush(code if value.is_finite or value.is_infinite else encode(value, self.acc.format))


class PositAcc:
    """A posit register: every addition is exact, then encoded once."""

    overflow = False
    invalid = False

    def __init__(self, acc: spec.PositAcc):
        self.acc = acc
        self.clear()

    def clear(self) -> None:
        """Make the register zero."""
        self.code = 0

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add the sum of `addends` and round once; unfused: round that sum first as well."""
        addend = sum_of(addends)
        if not self.acc.fused:
            addend = decode(encode(addend, self.acc.format), self.acc.format)
        self.code = encode(decode(self.code, self.acc.format) + addend, self.acc.format)

    def load(self, code: int) -> None:
        """Make the register `code`."""
        self.code = code


class QuireAcc:
    """A two's complement register that counts units of ``2**-fraction``, or is NaR, and is read as a posit."""

    overflow = False
    invalid = False

    def __init__(self, point: spec.FixedPoint, fmt: PositFormat):
        self.point = point
        self.format = fmt
        self.clear()

    def clear(self) -> None:
        """Make the quire zero."""
        self.total = ZERO

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add `addends`, exactly; NaR makes the quire NaR, and a sum beyond its carry bits wraps."""
        total = self.total + sum_of(addends)
        self.total = wrapped(total, self.point) if total.is_finite else NAN

    @property
    def code(self) -> int:
        """The quire, rounded to the posit it is read as."""
        return encode(self.total, self.format)

    def load(self, code: int) -> None:
        """Make the quire the posit `code`."""
        self.clear()
        self.add([decode(code, self.format)])


class ExactSum:
    """The sum inside a block: exact, and +0 where it is zero. A block of the whole tensor can be too long for the register, which wraps."""

    overflow = False
    invalid = False

    def __init__(self, point: spec.FixedPoint):
        self.point = point
        self.clear()

    def clear(self) -> None:
        """Make the sum +0."""
        self.value = ZERO

    restart = clear

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add `addends`; of infinities and NaNs one is enough to decide."""
        total = sum_of([self.value, *addends])
        self.value = wrapped(total, self.point) if total.is_finite else total


def wrapped(value: Value, point: spec.FixedPoint) -> Value:
    """Return a multiple of the unit of `point` as its two's complement register holds it."""
    units = value.number * dyadic(1, point.fraction)
    assert units.denominator == 1
    low = point.min_value
    return Value.of(dyadic((units.numerator - low) % (1 << point.width) + low, -point.fraction))


class _TwoLevels:
    """An inner register that is folded into an outer accumulator every `length` steps (0: never by itself), or when told to."""

    def __init__(self, length: int, inner: FixedAcc | FloatAcc | ExactSum, outer: FixedAcc | FloatAcc):
        self.length = length
        self.inner = inner
        self.outer = outer
        self.inner_random_bits = inner.acc.random_bits if isinstance(inner, FloatAcc) else 0
        self.count = 0

    def clear(self) -> None:
        """Make both levels zero, lower the flags and begin anew."""
        self.inner.clear()
        self.outer.clear()
        self.count = 0

    def add(self, addends: Sequence[Value], random: int = 0) -> None:
        """Add `addends` to the inner level, and fold where that ends its run; the inner level's random bits are the lowest."""
        self.inner.add(addends, random & ((1 << self.inner_random_bits) - 1))
        self.count += 1
        if self.count == self.length:
            self.fold(random)

    def fold(self, random: int = 0) -> None:
        """Add the inner to the outer, unless it has taken no step since the last time."""
        if self.count > 0:
            self.outer.add([self._folded()], random >> self.inner_random_bits)
            self.inner.restart()
            self.count = 0

    def _folded(self) -> Value:
        """Return what a fold adds to the outer level."""
        return self.inner.value

    @property
    def code(self) -> int:
        """The outer level's code."""
        return self.outer.code

    @property
    def overflow(self) -> bool:
        """Whether a sum of either level did not fit since the last `clear`."""
        return self.inner.overflow or self.outer.overflow

    @property
    def invalid(self) -> bool:
        """Whether either level left out a NaN or an infinity since the last `clear`."""
        return self.inner.invalid or self.outer.invalid

    def load(self, code: int) -> None:
        """Make the outer level `code`, the inner one +0."""
        self.clear()
        self.outer.load(code)


class ChunkAcc(_TwoLevels):
    """An inner accumulator that is folded into an outer one every `length` steps, or when told to."""

    def __init__(self, acc: spec.ChunkAcc, inner: FixedAcc | FloatAcc, outer: FixedAcc | FloatAcc):
        super().__init__(acc.length, inner, outer)


class BlockAcc(_TwoLevels):
    """An accumulator of blocks, each of which is summed exactly, scaled, and then one term.

    Parameters
    ----------
    steps
        Steps a block takes; 0: it ends when told to.
    point
        Register of the sum inside a block.
    outer
        The accumulator.
    """

    def __init__(self, steps: int, point: spec.FixedPoint, outer: FixedAcc | FloatAcc):
        super().__init__(steps, ExactSum(point), outer)
        self.scale = ZERO

    def show_scale(self, scale: Value) -> None:
        """Take the product of the scales shown with a step, which comes next; that of a block's last step counts."""
        self.scale = scale

    def _folded(self) -> Value:
        return self.inner.value * self.scale
