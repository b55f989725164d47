"""A unit, over many independent copies at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from hwmodel.spec import BlockFormat, MacSpec, Operand, SpecError
from hwmodel.spec.errors import is_whole, not_text

from .arrays import Array, at, select, store
from .chunk import BlockAcc, BlockTerm, ChunkAcc
from .inputs import Inputs, check_inputs
from .levels import accumulator, sum_of_products, term_range
from .products import Products
from .sums import scaled
from .tensor_step import TensorAcc
from .terms import Terms, multiply, unpack

_BLOCK = 8192
"""Products worked on at a time, so that intermediate arrays stay in the second-level cache."""

_LEAST_UNITS = 512
"""But not fewer units at a time: the calls themselves take time."""


class Mac:
    """`n` independent copies of the unit that `spec` describes.

    Each is equal to a :class:`hwmodel.golden.scalar.Mac`, bit for bit.

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
    >>> mac = Mac(MacSpec.parse("int8-int8-fx32-x2"))
    >>> mac.reset(1)
    >>> mac.step([[2, 4]], [[3, 5]])  # 2 · 3 + 4 · 5
    >>> int(mac.acc[0])
    26
    """

    def __init__(self, spec: MacSpec):
        not_text(spec, "MacSpec.parse")
        spec.require_circuit()
        self.spec = spec
        self._sum = sum_of_products(spec)
        self._acc: Any = accumulator(spec, self._sum)
        self._term_bits = term_range(spec).significand_bits
        # What the products meet first: it aligns them, and sums those of a step.
        first: Any = self._acc.inner if isinstance(self._acc, ChunkAcc) else self._acc
        self._first = self._sum or first
        self._products = None if isinstance(self._acc, TensorAcc) else Products(spec, self._first.align)
        self._point = sum(fmt.point for fmt in spec.blocks)
        self.reset(0)

    def reset(self, n: int) -> None:
        """Make `n` units whose accumulators are +0 and whose flags are low.

        Raises
        ------
        SpecError
            If `n` is no number of units.
        """
        if not is_whole(n) or n < 0:
            raise SpecError(f"{n!r} units were asked for; a number of units is 0 or more")
        self._state: Any = self._acc.zeros(n)
        self._n = n

    def load(self, codes: Array) -> None:
        """Preset the accumulators (of chunks and blocks: the outer ones) and lower the flags. No circuit can; tests want to.

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
        *,
        flush: Any = None,
        valid: Any = None,
        mode_a: Any = None,
        mode_b: Any = None,
        rand: Any = None,
        a_scale: Any = None,
        b_scale: Any = None,
        a_shift: Any = None,
        b_shift: Any = None,
    ) -> None:
        """Take one cycle in every unit.

        Parameters
        ----------
        a, b : (n,) or (n, L) integers
            Operand codes; L of them where the unit has several lanes.
        clear : (n,) bool, optional
            With `valid`: the accumulator counts as zero, and the flags as low, before these products are added. Default: no.
        flush : (n,) bool, optional
            Chunks and blocks: fold the inner register into the accumulator at the end of this cycle. Default: no.
        valid : (n,) bool, optional
            Whether the operands are taken. Default: yes.
        mode_a, mode_b : (n,) integers, optional
            Operands of several formats: which one, in all lanes. Default: the first.
        rand : (n,) integers, optional
            Stochastic rounding: this cycle's `spec.random_bits` random bits. Default: 0, which always truncates.
        a_scale, b_scale : (n,) integers
            Operands in a block format: code of the block's scale.
        a_shift, b_shift : (n, spec.shifts(format)) integers
            Operands with sub-blocks: shifts of those that the lanes are from, lane 0's first; (n,) too where that is one.

        Raises
        ------
        SpecError
            If a code or a shape does not fit, or the scale or the shift of a block is missing.
        """
        shown = {"mode_a": mode_a, "mode_b": mode_b, "rand": rand, "clear": clear, "flush": flush, "valid": valid}
        shown |= {"a_scale": a_scale, "b_scale": b_scale, "a_shift": a_shift, "b_shift": b_shift}
        inputs = self._inputs((self._n,), a, b, shown)
        for block in self._blocks():
            some = inputs.at(block)
            store(self._state, block, self._cycle(at(self._state, block), some, self._term(some)))

    def run(
        self,
        a: Any,
        b: Any,
        clear: Any = None,
        *,
        flush: Any = None,
        valid: Any = None,
        mode_a: Any = None,
        mode_b: Any = None,
        rand: Any = None,
        a_scale: Any = None,
        b_scale: Any = None,
        a_shift: Any = None,
        b_shift: Any = None,
    ) -> Array:
        """Take K cycles in every unit and return the accumulators' codes after the last.

        Parameters
        ----------
        a, b : (K, n) or (K, n, L) integers
            Operand codes.
        clear, flush, valid, mode_a, mode_b, rand, a_scale, b_scale, a_shift, b_shift : (K, …), optional
            As in `step`.

        Returns
        -------
        (n,) or (n, limbs) uint64
            `acc`.
        """
        shown = {"mode_a": mode_a, "mode_b": mode_b, "rand": rand, "clear": clear, "flush": flush, "valid": valid}
        shown |= {"a_scale": a_scale, "b_scale": b_scale, "a_shift": a_shift, "b_shift": b_shift}
        inputs = self._inputs((np.shape(a)[0], self._n), a, b, shown)
        for block in self._blocks():
            state = at(self._state, block)
            for after in self._cycles(state, inputs.at(np.s_[:, block])):
                state = after
            store(self._state, block, state)
        return self.acc

    def walk(self, a: Any, b: Any, **shown: Any) -> Iterator[None]:
        """Take K cycles in every unit, one whenever the next is asked for: `run` for those who look in between.

        Parameters
        ----------
        a, b, **shown
            As in `run`. Arrays of bool (`clear`, `flush`, `valid`) are read cycle by cycle: they may still be changed for cycles to come.
        """
        others = dict.fromkeys(("mode_a", "mode_b", "rand", "clear", "flush", "valid", "a_scale", "b_scale", "a_shift", "b_shift"))
        inputs = self._inputs((np.shape(a)[0], self._n), a, b, others | shown)
        blocks = self._blocks()
        walks = [self._cycles(at(self._state, block), inputs.at(np.s_[:, block])) for block in blocks]
        for states in zip(*walks, strict=True):
            for block, state in zip(blocks, states, strict=True):
                store(self._state, block, state)
            yield

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

    def _cycles(self, state: Any, inputs: Inputs) -> Iterator[Any]:
        """Yield the state of some units after each cycle."""
        count, units = inputs.a.shape[:2]
        # What is added depends on no state: of few units, that of many cycles is made at once.
        together = max(_BLOCK // (max(units, 1) * self.spec.lanes), 1)
        for start in range(0, count, together):
            some = inputs.at(np.s_[start : start + together])
            terms = self._term(some.joined())
            for k in range(len(some.a)):
                state = self._cycle(state, some.at(k), at(terms, np.s_[k * units : (k + 1) * units]))
                yield state

    def _cycle(self, state: Any, inputs: Inputs, term: Any) -> Any:
        """Return the state after one cycle, in which `term` is added where that counts."""
        if inputs.valid is None or inputs.valid.any():
            before = state
            if inputs.clear is not None and inputs.clear.any():
                state = select(inputs.clear, self._acc.zeros(len(inputs.clear)), state)
            state = self._acc.add(state, term, inputs.rand)
            if inputs.valid is not None and not inputs.valid.all():
                state = select(inputs.valid, state, before)
        if inputs.flush is not None and isinstance(self._acc, ChunkAcc | BlockAcc):
            state = self._acc.fold(state, inputs.flush, inputs.rand)
        return state

    def _term(self, inputs: Inputs) -> Any:
        """Return what a step adds, as the accumulator takes it."""
        a = self._lanes(inputs.a, inputs.mode_a, inputs.a_shift, self.spec.a)
        b = self._lanes(inputs.b, inputs.mode_b, inputs.b_shift, self.spec.b)
        if isinstance(self._acc, TensorAcc):
            x, y = (codes.reshape(self.spec.lanes, -1) for codes, _ in (a, b))
            return self._acc.products(x, y, self._scale(inputs), self._point)
        assert self._products is not None
        term = self._products(*a, *b)
        if self.spec.lanes > 1:
            term = self._first.total(term)
        if self._sum is None:
            return term
        scale = self._scale(inputs)
        if isinstance(self._acc, BlockAcc):
            assert scale is not None
            return BlockTerm(term, scale)
        terms = self._sum.terms(term)
        return self._acc.align(terms if scale is None else scaled(terms, scale, self._term_bits))

    def _lanes(self, codes: Array, mode: Array | None, shift: Array | None, fmt: Operand) -> tuple[Array, Array | None]:
        """Return codes, and what is shown with them and decides what they mean: the lanes, where there are several, in the first axis."""
        if self.spec.lanes == 1:
            return codes, mode if shift is None else shift[:, 0]
        codes = np.ascontiguousarray(codes.T)
        if shift is None:
            return codes, mode
        assert isinstance(fmt, BlockFormat)
        return codes, shift.T[np.arange(self.spec.lanes) // fmt.sub_size]

    def _scale(self, inputs: Inputs) -> Terms | None:
        """Return the products of the scales; None: there are none."""
        shown = ((inputs.a_scale, self.spec.a), (inputs.b_scale, self.spec.b))
        scales = [unpack(codes, fmt.scale) for codes, fmt in shown if codes is not None and isinstance(fmt, BlockFormat)]
        if not scales:
            return None
        return scales[0] if len(scales) == 1 else multiply(scales[0], scales[1], self._term_bits)

    def _inputs(self, shape: tuple[int, ...], a: Any, b: Any, shown: dict[str, Any]) -> Inputs:
        """Return the inputs of one or several cycles, checked."""
        if not self._n and np.size(a):
            raise SpecError(f"operand codes have shape {np.shape(a)}, and there is no unit to take them: call reset(n) first, n units")
        return check_inputs(self.spec, shape, a, b, shown)

    def _blocks(self) -> list[slice]:
        step = max(_BLOCK // self.spec.lanes, _LEAST_UNITS)
        return [slice(start, min(start + step, self._n)) for start in range(0, self._n, step)]
