"""A unit, one step at a time, on exact numbers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from hwmodel import spec
from hwmodel.spec import BlockFormat, ChoiceFormat, Format, LogFormat, MacSpec, Operand, PositFormat, SpecError

from .accumulators import BlockAcc, ChunkAcc, FixedAcc, FloatAcc, PositAcc, QuireAcc
from .codec import decode
from .logarithms import Log, log_of
from .tensor import TensorAcc, Term
from .tensor import product as aligned_product
from .value import NAN, Value, dyadic

_UNIT, _ONE = Fraction(1), Value.of(1)


class Mac:
    """The unit that `spec` describes; its pipeline registers change no result and are left out.

    Parameters
    ----------
    spec
        The unit.

    Examples
    --------
    >>> from hwmodel.spec import MacSpec
    >>> mac = Mac(MacSpec.parse("int8-int8-fx32"))
    >>> mac.step(0xFF, 3)  # -1 · 3
    >>> hex(mac.acc)
    '0xfffffffd'
    >>> mac = Mac(MacSpec.parse("int8-int8-fx32-x2"))
    >>> mac.step([2, 4], [3, 5])  # 2 · 3 + 4 · 5
    >>> mac.acc
    26
    """

    def __init__(self, spec: MacSpec):
        self.spec = spec
        self._acc = _accumulator(spec)

    def step(
        self,
        a: int | Sequence[int],
        b: int | Sequence[int],
        clear: bool = False,
        *,
        flush: bool = False,
        valid: bool = True,
        mode_a: int = 0,
        mode_b: int = 0,
        rand: int = 0,
        a_scale: int | None = None,
        b_scale: int | None = None,
        a_shift: int | Sequence[int] | None = None,
        b_shift: int | Sequence[int] | None = None,
    ) -> None:
        """Take one cycle.

        Parameters
        ----------
        a, b
            Operand codes: of a unit of several lanes as many as it has, else one.
        clear
            With `valid`: the accumulator counts as zero, and the flags as low, before these products are added.
        flush
            Chunks and blocks: fold the inner register into the accumulator at the end of this cycle.
        valid
            Whether the operands are taken.
        mode_a, mode_b
            Operands of several formats: which one, in all lanes.
        rand
            Stochastic rounding: this cycle's random bits.
        a_scale, b_scale
            Operands in a block format: code of the block's scale.
        a_shift, b_shift
            Operands with sub-blocks: shifts of those that the lanes are from, lane 0's first; one where there is one.

        Raises
        ------
        SpecError
            If there are not as many codes as lanes, a code or a shift is out of range, or a block's scale or shift is missing.
        """
        if valid:
            one = self._operand("a", a, mode_a, a_scale, a_shift)
            other = self._operand("b", b, mode_b, b_scale, b_shift)
            if clear:
                self._acc.clear()
            self._add(one, other, rand)
        if flush and isinstance(self._acc, ChunkAcc | BlockAcc):
            self._acc.fold(rand)

    def _operand(self, name: str, codes: int | Sequence[int], mode: int, scale: int | None, shift: int | Sequence[int] | None) -> "_Lanes":
        operand = self.spec.a if name == "a" else self.spec.b
        codes = _listed(codes)
        if len(codes) != self.spec.lanes:
            raise SpecError(f"{len(codes)} codes were given for {name}; the unit takes {self.spec.lanes} a step")
        if not isinstance(operand, BlockFormat):
            return _Lanes([chosen(code, operand, mode) for code in codes], [_UNIT] * len(codes), _ONE)
        if scale is None:
            raise SpecError(f"the input {name}_scale is missing; the scale of a block of {operand} is shown in every step")
        units = _units(operand, self.spec.lanes, name, shift)
        return _Lanes([(code, operand.element) for code in codes], units, decode(scale, operand.scale))

    def _add(self, a: "_Lanes", b: "_Lanes", rand: int) -> None:
        """Add the products of one step."""
        pairs = [(*x, *y) for x, y in zip(a.codes, b.codes, strict=True)]
        # Most units have no blocks, and are spared exact multiplications by one.
        units = [x * y for x, y in zip(a.units, b.units, strict=True)] if self.spec.blocks else []
        scale = a.scale * b.scale if units else _ONE
        if isinstance(self._acc, TensorAcc):
            terms = [aligned_product(*pair) for pair in pairs]
            if units:
                terms = [_scaled(term, Value(unit) * scale) for term, unit in zip(terms, units, strict=True)]
            self._acc.add(terms)
            return
        if isinstance(self._acc, BlockAcc):
            self._acc.show_scale(scale)
        products = [product(*pair) for pair in pairs]
        if units:
            products = [each * Value(unit) for each, unit in zip(products, units, strict=True)]
        self._acc.add(products, rand)

    def load(self, code: int) -> None:
        """Preset the accumulator (of chunks and blocks: the outer one) and lower the flags. No circuit can; tests want to."""
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


class _Lanes:
    """An operand of one step: codes and their formats, what the code of 1 is worth in each lane (scale left out), and the scale."""

    def __init__(self, codes: Sequence[tuple[int, Format]], units: Sequence[Fraction], scale: Value):
        self.codes = codes
        self.units = units
        self.scale = scale


def _units(fmt: BlockFormat, lanes: int, name: str, shift: int | Sequence[int] | None) -> list[Fraction]:
    """Return what the code of 1 is worth in each lane, block scale left out."""
    point = Fraction(2) ** -fmt.point
    if not fmt.sub_size:
        return [point] * lanes
    if shift is None:
        raise SpecError(f"the input {name}_shift is missing; the shifts of the sub-blocks of {fmt} are shown in every step")
    shifts, count = _listed(shift), max(lanes // fmt.sub_size, 1)
    if len(shifts) != count:
        raise SpecError(f"{len(shifts)} shifts were given as {name}_shift; a step of {lanes} lanes takes {count}")
    if not all(0 <= each <= fmt.max_shift for each in shifts):
        raise SpecError(f"the input {name}_shift has a value outside 0..{fmt.max_shift}")
    return [point / 2 ** shifts[i // fmt.sub_size] for i in range(lanes)]


def _listed(numbers: int | Sequence[int]) -> list[int]:
    return list(numbers) if isinstance(numbers, Iterable) else [numbers]


def _scaled(term: Term, scale: Value) -> Term:
    """Return a term times a power of two, or NaN."""
    value, exponent = term
    return value * scale, exponent + _log2(scale.number) if scale.is_finite else exponent


def _log2(power: Fraction) -> int:
    return power.numerator.bit_length() - power.denominator.bit_length()


def chosen(code: int, operand: Operand, mode: int) -> tuple[int, Format]:
    """Return an operand's code and format; a mode past the last one chooses that, and a narrow format's code lies in the low bits."""
    if isinstance(operand, BlockFormat):
        return code, operand.element
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
    magnitude = fmt.table[step] * dyadic(1, octave - fmt.table_bits)
    return Value(-magnitude if negative else magnitude, negative)


def _accumulator(unit: MacSpec) -> FixedAcc | FloatAcc | PositAcc | QuireAcc | ChunkAcc | BlockAcc | TensorAcc:
    levels = [_level(unit, acc) for acc in unit.levels]
    last = levels[-1]
    if isinstance(last, PositAcc | QuireAcc | TensorAcc):
        return last
    if isinstance(unit.acc, spec.ChunkAcc):
        assert isinstance(levels[0], FixedAcc | FloatAcc)
        return ChunkAcc(unit.acc, levels[0], last)
    if unit.blocks:
        assert unit.exact_sum is not None
        # A block that is a single step ends by itself with it.
        return BlockAcc(1 if unit.fold_steps is None else unit.fold_steps, unit.exact_sum, last)
    return last


def _level(unit: MacSpec, acc: spec.Level) -> FixedAcc | FloatAcc | PositAcc | QuireAcc | TensorAcc:
    match acc:
        case spec.FixedAcc():
            return FixedAcc(acc, unit.fixed_point(acc))
        case spec.FloatAcc():
            return FloatAcc(acc)
        case spec.PositAcc():
            return PositAcc(acc)
        case spec.TensorAcc():
            return TensorAcc(acc)
        case spec.QuireAcc():
            assert isinstance(unit.a, PositFormat)
            return QuireAcc(unit.fixed_point(acc), unit.a)
