"""A unit, one step at a time, on exact numbers."""

from fractions import Fraction

from hwmodel import spec
from hwmodel.spec import ChoiceFormat, Format, LogFormat, MacSpec, Operand, PositFormat

from .codec import decode, encode
from .logarithms import Log, log_of
from .value import NAN, Value

ZERO = Value()


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

    def add(self, addend: Value, random: int = 0) -> None:
        """Add `addend`, brought to the register's unit; wrap or saturate, and raise `overflow`, where the sum does not fit."""
        if not addend.is_finite:
            self.invalid = True
            return
        units = addend.number * Fraction(2) ** self.point.fraction
        low, high = self.point.min_value, self.point.max_value
        # Python's round() of a Fraction goes to even, and // goes down.
        exact = self.total + (round(units) if self.acc.rounding == "rne" else units.numerator // units.denominator)
        if low <= exact <= high:
            self.total = exact
            return
        self.overflow = True
        if self.acc.saturate:
            self.total = low if exact < low else high
        else:
            self.total = (exact - low) % (1 << self.point.width) + low

    @property
    def value(self) -> Value:
        """The number the register stands for."""
        return Value.of(self.total * Fraction(2) ** -self.point.fraction)

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

    def add(self, addend: Value, random: int = 0) -> None:
        """Add `addend` and round once; unfused: round it first as well."""
        if not self.acc.fused:
            addend = decode(self._round(addend), self.acc.format)
        self.code = self._round(self.value + addend, random)

    def _round(self, value: Value, random: int = 0) -> int:
        return self._flush(encode(value, self.acc.format, self.acc.rounding, random=random))

    def _flush(self, code: int) -> int:
        fmt = self.acc.format
        value = decode(code, fmt)
        if self.acc.ftz and value.is_finite and abs(value.number) < Fraction(2) ** fmt.emin:
            return encode(Value(negative=value.negative), fmt)
        return code

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

    def add(self, addend: Value, random: int = 0) -> None:
        """Add `addend` and round once; unfused: round it first as well."""
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
        self.total = 0
        self.is_nar = False

    def add(self, addend: Value, random: int = 0) -> None:
        """Add `addend`, exactly; NaR makes the quire NaR, and a sum beyond its carry bits wraps."""
        if not addend.is_finite:
            self.is_nar = True
            return
        units = addend.number * Fraction(2) ** self.point.fraction
        assert units.denominator == 1
        self.total = (self.total + units.numerator - self.point.min_value) % (1 << self.point.width) + self.point.min_value

    @property
    def code(self) -> int:
        """The quire, rounded to the posit it is read as."""
        value = NAN if self.is_nar else Value.of(self.total * Fraction(2) ** -self.point.fraction)
        return encode(value, self.format)

    def load(self, code: int) -> None:
        """Make the quire the posit `code`."""
        self.clear()
        self.add(decode(code, self.format))


class ChunkAcc:
    """An inner accumulator that is folded into an outer one every `length` steps, or when told to."""

    def __init__(self, acc: spec.ChunkAcc, inner: FixedAcc | FloatAcc, outer: FixedAcc | FloatAcc):
        self.length = acc.length
        self.inner = inner
        self.outer = outer
        self.inner_random_bits = inner.acc.random_bits if isinstance(inner, FloatAcc) else 0
        self.count = 0

    def clear(self) -> None:
        """Make both levels zero, lower the flags and begin a chunk."""
        self.inner.clear()
        self.outer.clear()
        self.count = 0

    def add(self, addend: Value, random: int = 0) -> None:
        """Add `addend` to the inner level, and fold where that ends the chunk; the inner level's random bits are the lowest."""
        self.inner.add(addend, random & ((1 << self.inner_random_bits) - 1))
        self.count += 1
        if self.count == self.length:
            self.fold(random)

    def fold(self, random: int = 0) -> None:
        """Add the inner to the outer, unless it has taken no step since the last time."""
        if self.count > 0:
            self.outer.add(self.inner.value, random >> self.inner_random_bits)
            self.inner.restart()
            self.count = 0

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
        """Make the outer level `code`, at the start of a chunk."""
        self.clear()
        self.outer.load(code)


class Mac:
    """The unit that `spec` describes; its pipeline registers change no result and are left out.

    Parameters
    ----------
    spec
        The unit.

    Examples
    --------
    >>> from hwmodel.spec import ChoiceFormat, Format, LogFormat, MacSpec, Operand
    >>> mac = Mac(MacSpec.parse("int8-int8-fx32"))
    >>> mac.step(0xFF, 3)  # -1 · 3
    >>> hex(mac.acc)
    '0xfffffffd'
    """

    def __init__(self, spec: MacSpec):
        self.spec = spec
        self._acc = _accumulator(spec)

    def step(
        self,
        a: int,
        b: int,
        clear: bool = False,
        flush: bool = False,
        valid: bool = True,
        mode_a: int = 0,
        mode_b: int = 0,
        rand: int = 0,
    ) -> None:
        """Take one cycle.

        Parameters
        ----------
        a, b
            Operand codes.
        clear
            With `valid`: the accumulator counts as zero, and the flags as low, before this product is added.
        flush
            Chunked accumulators: fold the inner into the outer at the end of this cycle.
        valid
            Whether the operands are taken.
        mode_a, mode_b
            Operands of several formats: which one.
        rand
            Stochastic rounding: this cycle's random bits.
        """
        if valid:
            if clear:
                self._acc.clear()
            self._acc.add(product(*chosen(a, self.spec.a, mode_a), *chosen(b, self.spec.b, mode_b)), rand)
        if flush and isinstance(self._acc, ChunkAcc):
            self._acc.fold(rand)

    def load(self, code: int) -> None:
        """Preset the accumulator (of a chunk: the outer one) and lower the flags. No circuit can; tests want to."""
        self._acc.load(code)

    @property
    def acc(self) -> int:
        """Code of the accumulator."""
        return self._acc.code

    @property
    def overflow(self) -> bool:
        """Whether a fixed-point sum did not fit since the last `clear`."""
        return self._acc.overflow

    @property
    def invalid(self) -> bool:
        """Whether a fixed-point level left out a NaN or an infinity since the last `clear`."""
        return self._acc.invalid


def chosen(code: int, operand: Operand, mode: int) -> tuple[int, Format]:
    """Return an operand's code and format; a mode past the last one chooses that, and a narrow format's code lies in the low bits."""
    if not isinstance(operand, ChoiceFormat):
        return code, operand
    fmt = operand.choices[min(mode, len(operand.choices) - 1)]
    return code % (1 << fmt.width), fmt


def product(a: int, a_format: Format, b: int, b_format: Format) -> Value:
    """Return the product of two operands: exact, but for that of logarithms, which comes from their table."""
    if isinstance(a_format, LogFormat) and isinstance(b_format, LogFormat):
        return log_product(log_of(a, a_format), log_of(b, b_format), a_format)
    return decode(a, a_format) * decode(b, b_format)


def log_product(x: Log, y: Log, fmt: LogFormat) -> Value:
    """Return the product of two logarithmic numbers, made linear through the table of `fmt`, which both share."""
    if x.is_nan or y.is_nan:
        return NAN
    negative = x.negative != y.negative
    if x.is_zero or y.is_zero:
        return Value(negative=negative)
    octave, step = divmod(x.log + y.log, fmt.gamma)
    magnitude = fmt.table[step] * Fraction(2) ** (octave - fmt.table_bits)
    return Value(-magnitude if negative else magnitude, negative)


def _accumulator(unit: MacSpec) -> "FixedAcc | FloatAcc | PositAcc | QuireAcc | ChunkAcc":
    if isinstance(unit.acc, spec.ChunkAcc):
        inner, outer = (_level(unit, acc) for acc in unit.levels)
        assert isinstance(inner, FixedAcc | FloatAcc)
        assert isinstance(outer, FixedAcc | FloatAcc)
        return ChunkAcc(unit.acc, inner, outer)
    return _level(unit, unit.levels[0])


def _level(unit: MacSpec, acc: spec.Level) -> FixedAcc | FloatAcc | PositAcc | QuireAcc:
    match acc:
        case spec.FixedAcc():
            return FixedAcc(acc, unit.fixed_point(acc))
        case spec.FloatAcc():
            return FloatAcc(acc)
        case spec.PositAcc():
            return PositAcc(acc)
        case spec.QuireAcc():
            assert isinstance(unit.a, PositFormat)
            return QuireAcc(unit.fixed_point(acc), unit.a)
