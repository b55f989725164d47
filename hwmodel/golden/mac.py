"""A unit, over many independent lanes at once."""

from typing import Any, NamedTuple

import numpy as np

from hwmodel import spec
from hwmodel.spec import ChoiceFormat, LogFormat, MacSpec, Operand, PositFormat, SpecError

from .arrays import Array, lanes, select, store
from .choices import unpack_operand
from .chunk import ChunkAcc
from .codes import check_codes
from .fixed import FixedAcc
from .floating import FloatAcc
from .posit import PositAcc, QuireAcc
from .terms import TermRange, Terms, logarithms, multiply, multiply_logs

_TABLE_BITS = 16
"""Operand pairs of up to this many bits are multiplied by table."""

_BLOCK = 8192
"""Lanes worked on at a time, so that intermediate arrays stay in the second-level cache."""


class _Inputs(NamedTuple):
    """What the ports of all lanes show, in one cycle or in several; None: nobody said."""

    a: Array
    b: Array
    mode_a: Array | None
    mode_b: Array | None
    rand: Array | None
    clear: Array | None
    flush: Array | None
    valid: Array | None


def _part(inputs: _Inputs, index: Any) -> _Inputs:
    return _Inputs._make(None if each is None else each[index] for each in inputs)


def _number(name: str, value: Any, width: int, shape: tuple[int, ...]) -> Array | None:
    """Return the integers of an optional port of `width` bits (0: the unit has no such port), uint64."""
    if value is None:
        return None
    value = np.asarray(value)
    if not width:
        raise SpecError(f"the unit has no input {name}")
    if value.dtype.kind not in "iu" or value.shape != shape:
        raise SpecError(f"the input {name} has dtype {value.dtype} and shape {value.shape}; the unit expects integers of shape {shape}")
    if value.size and not 0 <= int(value.min()) <= int(value.max()) < 1 << width:
        raise SpecError(f"the input {name} has a value outside 0..{(1 << width) - 1}")
    return value.astype(np.uint64)


class Mac:
    """`n` independent copies of the unit that `spec` describes.

    Equal to :class:`hwmodel.golden.scalar.Mac` in every lane, bit for bit.

    Parameters
    ----------
    spec
        The unit. Its pipeline registers change no result and are left out.

    Examples
    --------
    >>> from hwmodel.spec import MacSpec
    >>> mac = Mac(MacSpec.parse("int8-int8-fx32"))
    >>> mac.reset(2)
    >>> mac.step([0xFF, 2], [3, 5])  # -1 · 3 and 2 · 5
    >>> [hex(code) for code in mac.acc]
    ['0xfffffffd', '0xa']
    """

    def __init__(self, spec: MacSpec):
        spec.require_circuit()
        self.spec = spec
        self._acc = _accumulator(spec)
        self._product_bits = TermRange.of_products(spec).significand_bits
        self._bits = tuple(fmt.width + (fmt.mode_bits if isinstance(fmt, ChoiceFormat) else 0) for fmt in (spec.a, spec.b))
        self._table = self._all_products() if sum(self._bits) <= _TABLE_BITS else None
        self.reset(0)

    def reset(self, n: int) -> None:
        """Make `n` units whose accumulators are +0 and whose flags are low.

        Raises
        ------
        SpecError
            If `n` is negative.
        """
        if n < 0:
            raise SpecError(f"{n} units were asked for; a number of units is 0 or more")
        self._state: Any = self._acc.zeros(n)
        self._n = n

    def load(self, codes: Array) -> None:
        """Preset the accumulators (of chunks: the outer ones) and lower the flags. No circuit can; tests want to.

        Parameters
        ----------
        codes : (n,) or (n, limbs) uint64
            As `acc` gives them. Of a quire, which `acc` shows rounded to a posit, (n, limbs) are its own bits.
        """
        self._state = self._acc.load(np.asarray(codes, np.uint64))
        self._n = len(codes)

    def step(
        self,
        a: Any,
        b: Any,
        clear: Any = None,
        flush: Any = None,
        valid: Any = None,
        mode_a: Any = None,
        mode_b: Any = None,
        rand: Any = None,
    ) -> None:
        """Take one cycle in every lane.

        Parameters
        ----------
        a, b : (n,) integers
            Operand codes.
        clear : (n,) bool, optional
            With `valid`: the accumulator counts as zero, and the flags as low, before this product is added. Default: no.
        flush : (n,) bool, optional
            Chunked accumulators: fold the inner into the outer at the end of this cycle. Default: no.
        valid : (n,) bool, optional
            Whether the operands are taken. Default: yes.
        mode_a, mode_b : (n,) integers, optional
            Operands of several formats: which one. Default: the first.
        rand : (n,) integers, optional
            Stochastic rounding: this cycle's `spec.random_bits` random bits. Default: 0, which always truncates.

        Raises
        ------
        SpecError
            If a code or a shape does not fit.
        """
        inputs = self._inputs((self._n,), a, b, mode_a, mode_b, rand, clear, flush, valid)
        for block in self._blocks():
            store(self._state, block, self._cycle(lanes(self._state, block), _part(inputs, np.s_[block])))

    def run(self, a: Any, b: Any, clear: Any = None, mode_a: Any = None, mode_b: Any = None, rand: Any = None) -> Array:
        """Take K cycles in every lane and return the accumulators' codes after the last.

        Parameters
        ----------
        a, b : (K, n) integers
            Operand codes.
        clear : (K, n) bool, optional
        mode_a, mode_b, rand : (K, n) integers, optional
            As in `step`.

        Returns
        -------
        (n,) or (n, limbs) uint64
            `acc`.
        """
        shape = (np.shape(a)[0], self._n)
        inputs = self._inputs(shape, a, b, mode_a, mode_b, rand, clear)
        for block in self._blocks():
            state = lanes(self._state, block)
            for k in range(shape[0]):
                state = self._cycle(state, _part(inputs, np.s_[k, block]))
            store(self._state, block, state)
        return self.acc

    @property
    def acc(self) -> Array:
        """Codes of the accumulators: (n,) uint64, or (n, limbs) uint64, little-endian, if wider than 64 bits."""
        return self._acc.codes(self._state)

    @property
    def overflow(self) -> Array:
        """(n,) bool, sticky since the last `clear`."""
        return self._acc.flags(self._state)[0].copy()

    @property
    def invalid(self) -> Array:
        """(n,) bool, sticky since the last `clear`."""
        return self._acc.flags(self._state)[1].copy()

    def _cycle(self, state: Any, inputs: "_Inputs") -> Any:
        before = state
        if inputs.clear is not None and inputs.clear.any():
            state = select(inputs.clear, self._acc.zeros(len(inputs.clear)), state)
        state = self._acc.add(state, self._products(inputs), inputs.rand)
        if inputs.valid is not None:
            state = select(inputs.valid, state, before)
        if inputs.flush is not None and isinstance(self._acc, ChunkAcc):
            state = self._acc.fold(state, inputs.flush, inputs.rand)
        return state

    def _products(self, inputs: "_Inputs") -> Any:
        """Return the products as the accumulator takes them."""
        if self._table is None:
            return self._acc.align(self._terms(inputs.a, inputs.mode_a, inputs.b, inputs.mode_b))
        a, b = self._place(inputs.a, inputs.mode_a, self.spec.a), self._place(inputs.b, inputs.mode_b, self.spec.b)
        # Codes were checked, so "wrap" never wraps: it only spares NumPy a second check.
        return type(self._table)(*(field.take((a << self._bits[1]) | b, axis=-1, mode="wrap") for field in self._table))

    def _all_products(self) -> Any:
        """Return the products of all pairs of codes and modes as the accumulator takes them, modes above codes."""
        a, b = (index.ravel().astype(np.uint64) for index in np.indices([1 << bits for bits in self._bits]))
        widths = (np.uint64(fmt.width) for fmt in (self.spec.a, self.spec.b))
        split = [(word & ((np.uint64(1) << width) - np.uint64(1)), word >> width) for word, width in zip((a, b), widths, strict=True)]
        return self._acc.align(self._terms(*split[0], *split[1]))

    def _terms(self, a: Array, mode_a: Array | None, b: Array, mode_b: Array | None) -> Terms:
        """Return the exact products."""
        spec = self.spec
        if isinstance(spec.a, LogFormat) and isinstance(spec.b, LogFormat):
            return multiply_logs(logarithms(a, spec.a), logarithms(b, spec.b), spec.a)
        x, y = (unpack_operand(codes.astype(np.uint64), mode, fmt) for codes, mode, fmt in ((a, mode_a, spec.a), (b, mode_b, spec.b)))
        return multiply(x, y, self._product_bits)

    @staticmethod
    def _place(codes: Array, mode: Array | None, fmt: Operand) -> Array:
        """Return where an operand stands in the table of products."""
        place = codes.astype(np.intp)
        return place if mode is None else place | (mode.astype(np.intp) << fmt.width)

    def _inputs(
        self,
        shape: tuple[int, ...],
        a: Any,
        b: Any,
        mode_a: Any = None,
        mode_b: Any = None,
        rand: Any = None,
        clear: Any = None,
        flush: Any = None,
        valid: Any = None,
    ) -> "_Inputs":
        """Return the inputs of one or several cycles, checked."""
        if not self._n and np.size(a):
            raise SpecError(f"operand codes have shape {np.shape(a)}, and there is no unit to take them: call reset(n) first, n units")
        spec, widths = self.spec, self.spec.inputs
        numbers = {"mode_a": mode_a, "mode_b": mode_b, "rand": rand}
        checked = {name: _number(name, value, widths.get(name, 0), shape) for name, value in numbers.items()}
        masks = {name: self._mask(mask, shape) for name, mask in (("clear", clear), ("flush", flush), ("valid", valid))}
        return _Inputs(self._codes(a, spec.a, shape), self._codes(b, spec.b, shape), **checked, **masks)

    def _blocks(self) -> list[slice]:
        return [slice(start, min(start + _BLOCK, self._n)) for start in range(0, self._n, _BLOCK)]

    @staticmethod
    def _codes(codes: Any, fmt: Operand, shape: tuple[int, ...]) -> Array:
        codes = check_codes(codes, fmt)
        if codes.shape != shape:
            raise SpecError(f"operand codes of {fmt} have shape {codes.shape}; the unit expects {shape}")
        return codes

    @staticmethod
    def _mask(mask: Any, shape: tuple[int, ...]) -> Array | None:
        if mask is None:
            return None
        mask = np.asarray(mask, bool)
        if mask.shape != shape:
            raise SpecError(f"a mask has shape {mask.shape}; the unit expects {shape}")
        return mask


def _accumulator(unit: MacSpec) -> FixedAcc | FloatAcc | PositAcc | QuireAcc | ChunkAcc:
    terms = TermRange.of_products(unit)
    if not isinstance(unit.acc, spec.ChunkAcc):
        return _level(unit, unit.acc, terms)
    inner = _level(unit, unit.acc.inner, terms)
    outer = _level(unit, unit.acc.outer, inner.range)
    assert isinstance(inner, FixedAcc | FloatAcc)
    assert isinstance(outer, FixedAcc | FloatAcc)
    return ChunkAcc(unit.acc.length, inner, outer)


def _level(unit: MacSpec, acc: spec.Level, terms: TermRange) -> FixedAcc | FloatAcc | PositAcc | QuireAcc:
    match acc:
        case spec.FixedAcc():
            return FixedAcc(acc, unit.fixed_point(acc), terms)
        case spec.FloatAcc():
            return FloatAcc(acc, terms)
        case spec.PositAcc():
            return PositAcc(acc, terms)
        case spec.QuireAcc():
            assert isinstance(unit.a, PositFormat)
            return QuireAcc(unit.fixed_point(acc), unit.a, terms)
